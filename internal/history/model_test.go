package history

import (
	"testing"
	"time"
)

// The model itself must refuse what is forbidden.
func TestModelOfConversationsRefusesWhatIsForbidden(t *testing.T) {
	type called func(r *Recorder)
	at := func(from, to int64, call func(r *Recorder)) called {
		return func(r *Recorder) {
			r.clock = func() int64 { defer func() { from = to }(); return from }
			call(r)
		}
	}
	send := func(from, to int64, sender string, seq uint32) called {
		return at(from, to, func(r *Recorder) {
			r.Send(0, sender, func() (uint32, bool) { return seq, true })
		})
	}
	recall := func(from, to int64, sender string) called {
		return at(from, to, func(r *Recorder) { r.Recall(0, sender, 1000, func() bool { return true }) })
	}
	pull := func(from, to int64, seqs ...uint32) called {
		return at(from, to, func(r *Recorder) { r.Pull(0, 0, 5, func() ([]uint32, bool) { return seqs, true }) })
	}
	older := func(from, to int64, seq uint32, seqs ...uint32) called {
		return at(from, to, func(r *Recorder) { r.Pull(0, seq, 2, func() ([]uint32, bool) { return seqs, true }) })
	}
	lostSend := func(from int64, sender string) called {
		return at(from, from, func(r *Recorder) { r.Send(0, sender, func() (uint32, bool) { return 0, false }) })
	}
	lostRecall := func(from int64, sender string) called {
		return at(from, from, func(r *Recorder) { r.Recall(0, sender, 1000, func() bool { return false }) })
	}
	lostPull := func(from int64) called {
		return at(from, from, func(r *Recorder) { r.Pull(0, 0, 5, func() ([]uint32, bool) { return nil, false }) })
	}
	settle := func(call int, seq uint32) called {
		return func(r *Recorder) { r.Settle(map[int]uint32{call: seq}) }
	}
	type calls = []called
	for _, c := range []struct {
		name  string
		calls calls
		fits  bool
	}{
		{"a recalled message is hidden", calls{send(0, 1, "ann", 1), recall(2, 3, "ann"), pull(4, 5)}, true},
		{"a recalled message is shown", calls{send(0, 1, "ann", 1), recall(2, 3, "ann"), pull(4, 5, 1)}, false},
		{"a later message is hidden", calls{recall(0, 1, "ann"), send(2, 3, "ann", 1), pull(4, 5)}, false},
		{"another sender is hidden", calls{send(0, 1, "bob", 1), recall(2, 3, "ann"), pull(4, 5)}, false},
		{"a number is given twice", calls{send(0, 1, "ann", 1), send(2, 3, "ann", 1)}, false},
		{"a number is left out", calls{send(0, 1, "ann", 1), send(2, 3, "ann", 3)}, false},
		{"an acknowledged message is lost", calls{send(0, 1, "ann", 1), pull(2, 3)}, false},
		{"a message that nobody sent is shown", calls{send(0, 1, "ann", 1), pull(2, 3, 2, 1)}, false},
		{"a pull beside a recall may miss it", calls{send(0, 1, "ann", 1), recall(2, 9, "ann"), pull(3, 4, 1)}, true},
		{"a message sent beside a recall may be covered", calls{recall(0, 9, "ann"), send(1, 2, "ann", 1), pull(10, 11)}, true},
		{"a message sent beside a recall may be spared", calls{recall(0, 9, "ann"), send(1, 2, "ann", 1), pull(10, 11, 1)}, true},
		{"a recall is missed and a later one is seen", calls{send(0, 1, "ann", 1), send(2, 3, "bob", 2),
			recall(5, 6, "ann"), recall(7, 8, "bob"), pull(4, 9, 1)}, false},
		{"a recall is undone", calls{send(0, 1, "ann", 1), recall(2, 9, "ann"), pull(3, 4), pull(5, 6, 1)}, false},
		{"a part of a recall is seen", calls{send(0, 1, "ann", 1), send(2, 3, "ann", 2), recall(4, 9, "ann"), pull(5, 6, 1)}, false},

		{"a page from a number down", calls{send(0, 1, "ann", 1), send(2, 3, "bob", 2), send(4, 5, "ann", 3), older(6, 7, 2, 2, 1)}, true},
		{"a page with rows above its number", calls{send(0, 1, "ann", 1), send(2, 3, "bob", 2), older(4, 5, 1, 2, 1)}, false},
		{"a page from a number that is not there yet", calls{send(0, 1, "ann", 1), older(2, 3, 7, 1)}, true},

		{"a send without an answer may be stored", calls{lostSend(0, "ann"), send(1, 2, "bob", 2), pull(3, 4, 2, 1)}, true},
		{"a send without an answer may be lost", calls{lostSend(0, "ann"), send(1, 2, "bob", 1), pull(3, 4, 1)}, true},
		{"a send without an answer may come late", calls{lostSend(0, "ann"), pull(1, 2), pull(3, 4, 1)}, true},
		{"a send without an answer comes early", calls{pull(0, 1, 1), lostSend(2, "ann")}, false},
		{"a send without an answer goes again", calls{lostSend(0, "ann"), pull(1, 2, 1), pull(3, 4)}, false},
		{"a send without an answer is there twice", calls{lostSend(0, "ann"), pull(1, 2, 2, 1)}, false},
		{"a recall without an answer may take effect", calls{send(0, 1, "ann", 1), lostRecall(2, "ann"), pull(3, 4, 1), pull(5, 6)}, true},
		{"a recall without an answer is undone", calls{send(0, 1, "ann", 1), lostRecall(2, "ann"), pull(3, 4), pull(5, 6, 1)}, false},
		{"a part of a recall without an answer is seen", calls{send(0, 1, "ann", 1), send(2, 3, "ann", 2), lostRecall(4, "ann"), pull(5, 6, 1)}, false},
		{"a pull without an answer says nothing", calls{send(0, 1, "ann", 1), lostPull(2)}, true},
		{"a send that was found has its number", calls{lostSend(0, "ann"), send(1, 2, "bob", 1), pull(3, 4, 2, 1), settle(1, 2)}, true},
		{"a send that was found has another number", calls{lostSend(0, "ann"), send(1, 2, "bob", 1), pull(3, 4, 2, 1), settle(1, 1)}, false},
		{"a send that was not found was seen", calls{lostSend(0, "ann"), pull(1, 2, 1), settle(1, 0)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := NewRecorder()
			for _, call := range c.calls {
				call(r)
			}
			result := r.Check(time.Minute)
			if !result.Decided || result.Fits != c.fits {
				t.Errorf("fits is %v, want %v: %s", result.Fits, c.fits, result.Why)
			}
		})
	}
}
