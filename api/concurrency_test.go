package api_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/store"
)

// What is promised when sends, recalls and pulls of one conversation run at
// once, as a model that recorded histories are checked against.
//
// A send is one step. A recall has two: its place, where it takes the window as
// it stands, and its effect, from which on it hides what it covers. A pull has
// two: it reads rows, and then covers. Every step lies within its call's
// interval, in that order. So each call becomes one or two operations with the
// call's interval, tied by the state.

// conversationState is the state of the model; values are never changed. What
// a recall in effect covers exists already, so the state holds the messages
// that are hidden, not the recalls that hide them.
type conversationState struct {
	senders []string               // of the messages, number 1 first
	hidden  []bool                 // by number, the first is 1's
	placed  map[int]modelledRecall // by call, not yet in effect
	rows    map[int]int            // pulls that have read rows: how many messages there were
	key     string                 // says all of the above
}

type modelledRecall struct {
	sender   string
	from, to int
}

type step struct {
	kind   string // send, place, effect, rows, covers
	call   int    // ties the steps of one call
	sender string
	window int
	page   int // rows asked for
}

type outcome struct {
	seq  uint32
	seqs []uint32
}

// with returns the state after a change. Maps may be changed in place, slices
// are replaced.
func (s conversationState) with(change func(*conversationState)) conversationState {
	next := conversationState{senders: s.senders, hidden: s.hidden, placed: map[int]modelledRecall{}, rows: map[int]int{}}
	maps.Copy(next.placed, s.placed)
	maps.Copy(next.rows, s.rows)
	change(&next)
	next.key = fmt.Sprint(next.senders, next.hidden, next.placed, next.rows)
	return next
}

// visible is the page that a pull of the first n messages shows.
func (s conversationState) visible(n, want int) []uint32 {
	var seqs []uint32
	for seq := n; seq > 0 && len(seqs) < want; seq-- {
		if !s.hidden[seq-1] {
			seqs = append(seqs, uint32(seq))
		}
	}
	return seqs
}

// take applies one step, or says that it cannot have happened here.
func (s conversationState) take(in step, out outcome) (bool, conversationState) {
	switch in.kind {
	case "send":
		if int(out.seq) != len(s.senders)+1 {
			return false, s
		}
		return true, s.with(func(n *conversationState) {
			n.senders = append(slices.Clone(s.senders), in.sender)
			n.hidden = append(slices.Clone(s.hidden), false)
		})
	case "place":
		return true, s.with(func(n *conversationState) {
			n.placed[in.call] = modelledRecall{in.sender, max(1, len(s.senders)-in.window+1), len(s.senders)}
		})
	case "effect":
		recall, ok := s.placed[in.call]
		if !ok {
			return false, s
		}
		return true, s.with(func(n *conversationState) {
			delete(n.placed, in.call)
			n.hidden = slices.Clone(s.hidden)
			for seq := recall.from; seq <= recall.to; seq++ {
				n.hidden[seq-1] = n.hidden[seq-1] || s.senders[seq-1] == recall.sender
			}
		})
	case "rows":
		if len(out.seqs) > 0 && int(out.seqs[0]) > len(s.senders) {
			return false, s
		}
		return true, s.with(func(n *conversationState) { n.rows[in.call] = len(s.senders) })
	case "covers":
		read, ok := s.rows[in.call]
		if !ok || !slices.Equal(out.seqs, s.visible(read, in.page)) {
			return false, s
		}
		return true, s.with(func(n *conversationState) { delete(n.rows, in.call) })
	}
	panic("unknown step " + in.kind)
}

func conversationModel() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return conversationState{} },
		Step: func(state, input, output any) (bool, any) {
			return state.(conversationState).take(input.(step), output.(outcome))
		},
		Equal: func(a, b any) bool { return a.(conversationState).key == b.(conversationState).key },
		DescribeOperation: func(input, output any) string {
			in, out := input.(step), output.(outcome)
			return fmt.Sprintf("%s %s #%d -> %d %v", in.kind, in.sender, in.call, out.seq, out.seqs)
		},
	}
}

// recorder gathers the operations of one history.
type recorder struct {
	mu         sync.Mutex
	start      time.Time
	calls      int
	operations []porcupine.Operation
}

func (r *recorder) next() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	return r.calls
}

// record runs a call and records its steps with the call's interval.
func (r *recorder) record(client int, call func() outcome, steps ...step) {
	from := time.Since(r.start).Nanoseconds()
	out := call()
	to := time.Since(r.start).Nanoseconds()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range steps {
		r.operations = append(r.operations, porcupine.Operation{
			ClientId: client, Input: s, Call: from, Output: out, Return: to,
		})
	}
}

// unevenStore takes a while before a few of its steps, so that whole calls
// happen between two steps of another, which they seldom do in memory.
type unevenStore struct{ store.Store }

func (unevenStore) pause() {
	if rand.IntN(10) == 0 {
		time.Sleep(time.Duration(rand.Int64N(int64(3 * time.Millisecond))))
	}
}

func (s unevenStore) Read(ctx context.Context, p store.Partition, ranges ...store.Range) ([][]store.Row, store.Version, error) {
	s.pause()
	return s.Store.Read(ctx, p, ranges...)
}

func (s unevenStore) Commit(ctx context.Context, p store.Partition, base store.Version, m []store.Mutation) (store.Version, error) {
	s.pause()
	return s.Store.Commit(ctx, p, base, m)
}

func TestConcurrentSendsRecallsAndPullsFitTheModel(t *testing.T) {
	for _, window := range []int{6, 1000} {
		t.Run(fmt.Sprintf("window %d", window), func(t *testing.T) {
			st := newMemoryStore(t)
			first := newRoomWith(t, func(o *apitest.Options) {
				o.Settings.DeleteBySenderWindow = window
				o.Store = unevenStore{st}
			}, "ChatRoom")
			rounds, decided := 150, 0
			if testing.Short() {
				rounds = 5
			}
			for round := range rounds {
				r := newRoomOn(t, first.srv, "ChatRoom")
				if checkHistory(t, recordHistory(r, window, uint64(round))) {
					decided++
				}
				if t.Failed() {
					return
				}
			}
			if decided < rounds*9/10 {
				t.Errorf("only %d of %d histories were decided", decided, rounds)
			}
		})
	}
}

func recordHistory(r *room, window int, seed uint64) []porcupine.Operation {
	const clients, callsEach = 5, 9
	rec := &recorder{start: time.Now()}
	var running sync.WaitGroup
	for client := range clients {
		running.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(client)))
			senders := []string{"ann", "bob"}
			for range callsEach {
				sender := senders[random.IntN(2)]
				id := rec.next()
				switch n := random.IntN(10); {
				case n < 5:
					rec.record(client, func() outcome { return outcome{seq: r.send(sender, 1)} },
						step{kind: "send", sender: sender})
				case n < 7:
					rec.record(client, func() outcome { r.recall(sender); return outcome{} },
						step{kind: "place", call: id, sender: sender, window: window},
						step{kind: "effect", call: id, sender: sender})
				default:
					rec.record(client, func() outcome { return outcome{seqs: r.pull(5).seqs()} },
						step{kind: "rows", call: id}, step{kind: "covers", call: id, page: 5})
				}
			}
		})
	}
	running.Wait()
	return rec.operations
}

// checkHistory reports whether the history could be decided in time.
func checkHistory(t *testing.T, history []porcupine.Operation) bool {
	t.Helper()
	result, info := porcupine.CheckOperationsVerbose(conversationModel(), history, 20*time.Second)
	if result == porcupine.Illegal {
		t.Errorf("a recorded history does not fit the model; the longest parts that do:\n%v", info.PartialLinearizationsOperations())
	}
	return result != porcupine.Unknown
}

// The model itself must refuse what is forbidden.
func TestModelOfConversationsRefusesWhatIsForbidden(t *testing.T) {
	at := func(from, to int64, s step, out outcome) porcupine.Operation {
		return porcupine.Operation{Input: s, Call: from, Return: to, Output: out}
	}
	send := func(from, to int64, sender string, seq uint32) porcupine.Operation {
		return at(from, to, step{kind: "send", sender: sender}, outcome{seq: seq})
	}
	recall := func(from, to int64, call int, sender string) []porcupine.Operation {
		return []porcupine.Operation{
			at(from, to, step{kind: "place", call: call, sender: sender, window: 1000}, outcome{}),
			at(from, to, step{kind: "effect", call: call, sender: sender}, outcome{}),
		}
	}
	pull := func(from, to int64, call int, seqs ...uint32) []porcupine.Operation {
		return []porcupine.Operation{
			at(from, to, step{kind: "rows", call: call}, outcome{seqs: seqs}),
			at(from, to, step{kind: "covers", call: call, page: 5}, outcome{seqs: seqs}),
		}
	}
	for _, c := range []struct {
		name    string
		history [][]porcupine.Operation
		fits    bool
	}{
		{"a recalled message is hidden", [][]porcupine.Operation{{send(0, 1, "ann", 1)}, recall(2, 3, 1, "ann"), pull(4, 5, 2)}, true},
		{"a recalled message is shown", [][]porcupine.Operation{{send(0, 1, "ann", 1)}, recall(2, 3, 1, "ann"), pull(4, 5, 2, 1)}, false},
		{"a later message is hidden", [][]porcupine.Operation{recall(0, 1, 1, "ann"), {send(2, 3, "ann", 1)}, pull(4, 5, 2)}, false},
		{"another sender is hidden", [][]porcupine.Operation{{send(0, 1, "bob", 1)}, recall(2, 3, 1, "ann"), pull(4, 5, 2)}, false},
		{"a number is given twice", [][]porcupine.Operation{{send(0, 1, "ann", 1)}, {send(2, 3, "ann", 1)}}, false},
		{"a pull beside a recall may miss it", [][]porcupine.Operation{{send(0, 1, "ann", 1)}, recall(2, 9, 1, "ann"), pull(3, 4, 2, 1)}, true},
		{"a message sent beside a recall may be covered", [][]porcupine.Operation{recall(0, 9, 1, "ann"), {send(1, 2, "ann", 1)}, pull(10, 11, 2)}, true},
		{"a message sent beside a recall may be spared", [][]porcupine.Operation{recall(0, 9, 1, "ann"), {send(1, 2, "ann", 1)}, pull(10, 11, 2, 1)}, true},
		{"a recall is missed and a later one is seen", [][]porcupine.Operation{{send(0, 1, "ann", 1)}, {send(2, 3, "bob", 2)},
			recall(5, 6, 1, "ann"), recall(7, 8, 2, "bob"), pull(4, 9, 3, 1)}, false},
		{"a recall is undone", [][]porcupine.Operation{{send(0, 1, "ann", 1)}, recall(2, 9, 1, "ann"), pull(3, 4, 2), pull(5, 6, 3, 1)}, false},
		{"a part of a recall is seen", [][]porcupine.Operation{{send(0, 1, "ann", 1)}, {send(2, 3, "ann", 2)}, recall(4, 9, 1, "ann"), pull(5, 6, 2, 1)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			fits := porcupine.CheckOperations(conversationModel(), slices.Concat(c.history...))
			if fits != c.fits {
				t.Errorf("fits is %v, want %v", fits, c.fits)
			}
		})
	}
}
