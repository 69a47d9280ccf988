package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/recant-chat/recant/api/apitest"
)

// FenceSeconds of recall_by_sender (spec 08 section 2.2): what a sender still
// sends is stored, numbered, and born recalled.

func (r *room) fence(sender string, seconds int) *recallReply {
	r.t.Helper()
	return r.recallBySender(sender, fmt.Sprintf(`"FenceSeconds":%d`, seconds))
}

func (r *room) wait(seconds time.Duration) { r.srv.Clock.Advance(seconds * time.Second) }

func TestFenceHidesUpToItsLastSecond(t *testing.T) {
	for name, restart := range map[string]bool{"one run": false, "across a restart": true} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, "Public", "ann", "bob")
			r.send("ann", 1)
			done := r.fence("ann", 60)
			if got := done.Results[0]; got.Recalled != 1 || got.To != 1 {
				t.Errorf("result is %+v", got)
			}
			r.send("ann", 1)
			r.send("bob", 1)
			if restart {
				r.srv.Restart(t)
			}
			r.wait(60)
			r.send("ann", 1)
			r.wait(1)
			r.send("ann", 1)
			r.wantPlaces(0, 2, 0, 2, 2)
			r.pull(20).wantSeqs(5, 3)
			r.wantNext(6)
			// It has ended, and nothing has changed.
			r.wait(3600)
			if restart {
				r.srv.Restart(t)
			}
			r.send("ann", 1)
			r.wantPlaces(0, 0, 2, 0, 2, 2)
			// What it caught counts as recalled before.
			if got, _ := r.preview("ann", ""); got.Matched != 2 || got.Already != 3 {
				t.Errorf("preview is %+v", got)
			}
		})
	}
}

func TestFencedMessageGetsTheOrdinaryAnswer(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	send := func(sender string, random int) apitest.Answer {
		return r.call("send_group_msg", `{"GroupId":%q,"From_Account":%q,"Random":%d,"MsgBody":%s}`, r.group, sender, random, text("x"))
	}
	send("ann", 1).WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MsgTime":%d,"MsgSeq":1}`, r.now()))
	r.fence("ann", 60)
	for range 2 { // a repeat is recognised
		send("ann", 2).WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MsgTime":%d,"MsgSeq":2}`, r.now()))
	}
	send("bob", 3).WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MsgTime":%d,"MsgSeq":3}`, r.now()))
	r.wantRecalled("ann", 1, 2)
}

func TestFenceIsOfItsStreamAlone(t *testing.T) {
	town := newCommunity(t, "ann")
	one, two := town.topic("one"), town.topic("two")
	one.fence("ann", 60)
	one.send("ann", 1)
	two.send("ann", 1)
	one.wantRecalled("ann", 1)
	two.wantLive(1)
}

func TestFenceBeginsAtTheNewestWhateverTheScope(t *testing.T) {
	for _, scope := range []string{`{"LastMsgNum":1}`, `{"BeforeSeq":2}`, `{"BeforeTime":1}`, `{"AfterTime":4000000000}`} {
		t.Run(scope, func(t *testing.T) {
			r := newRoom(t, "Public", "ann")
			r.send("ann", 3)
			done := r.recallBySender("ann", `"FenceSeconds":60,"Scope":`+scope)
			r.send("ann", 1)
			r.wantRecalled("ann", 4)
			o := r.operation(done.ID)
			if f := o.Operation.Targets[0].Fence; f == nil || f.From != 4 || f.Until != r.now()+60 || f.Open != 1 {
				t.Errorf("operation is %s", o.raw)
			}
			if got, _ := r.preview("ann", ""); got.Already != done.Results[0].Recalled+1 {
				t.Errorf("recall was %+v, preview is %+v", done.Results, got)
			}
		})
	}
}

func TestFenceOfAPlanBeginsWithTheCall(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	_, token := r.preview("ann", `{"BeforeSeq":2}`)
	r.send("ann", 1)
	r.wait(100)
	decodeRecall(t, r.recallPlan(token, `"FenceSeconds":60`))
	r.wait(60)
	r.send("ann", 1)
	r.wait(1)
	r.send("ann", 1)
	r.wantPlaces(0, 2, 0, 2)
}

func TestFenceEndsWithARestore(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	done := r.fence("ann", 60)
	r.send("ann", 2)
	if got := r.restore(done.ID, ""); got[0].Restored != 3 || got[0].StillHidden != 0 {
		t.Errorf("restore is %+v", got)
	}
	r.wantLive(1, 2, 3)
	r.send("ann", 1)
	r.wantLive(4)
	r.srv.Restart(t)
	r.send("ann", 1)
	r.wantLive(4, 5)
}

func TestFencesOnOneSenderStack(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	short, long := r.fence("ann", 30), r.fence("ann", 90)
	r.send("ann", 1)
	r.wait(30)
	r.send("ann", 1)
	r.wait(60)
	r.send("ann", 1)
	r.wait(1)
	r.send("ann", 1)
	r.wantPlaces(0, 2, 2, 2)
	if got := r.restore(long.ID, ""); got[0].Restored != 1 || got[0].StillHidden != 2 {
		t.Errorf("restore of the longer is %+v", got)
	}
	r.wantPlaces(0, 0, 2, 2)
	if got := r.restore(short.ID, ""); got[0].Restored != 2 {
		t.Errorf("restore of the shorter is %+v", got)
	}
	r.wantPlaces(0, 0, 0, 0)
}

func TestFenceCatchesImportsByTheTimeTheyCome(t *testing.T) {
	r, created := newOldRoom(t, "Public", "ann", "bob")
	r.importWith(item("ann", created, "")).MustOK(t)
	r.fence("ann", 60)
	r.importWith(item("ann", created+1, "") + "," + item("bob", created+1, "")).MustOK(t)
	r.wait(61)
	// Sent within the fence by its own word, but it comes after.
	r.importWith(item("ann", r.now()-61, "")).MustOK(t)
	r.wantPlaces(0, 0, 2, 2)
}

func TestFenceIsClosedAndStaysExact(t *testing.T) {
	r := newRoomWith(t, withHousekeeping, "Public", "ann", "bob")
	r.send("ann", 1)
	done := r.fence("ann", 60)
	other := r.fence("bob", 60) // who sends nothing in that time
	r.wait(60)
	r.send("ann", 2)
	r.wait(1)
	r.send("ann", 1)
	r.wantFeed("recalled ann 1-1", "recalled bob 1-1")
	r.srv.Restart(t)
	r.wait(3600)
	fence := func(id string) string {
		f := r.operation(id).Operation.Targets[0].Fence
		return fmt.Sprint(f.From, f.To, f.Open)
	}
	await(t, "the end of the fences", func() bool { return fence(done.ID) == "2 3 0" && fence(other.ID) == "2 3 0" })
	r.wantPlaces(0, 2, 2, 2)
	if told := r.feed("").tell(); len(told) != 4 || !slices.Contains(told[2:], "recalled ann 2-3") || !slices.Contains(told[2:], "recalled bob 2-3") {
		t.Errorf("feed is %q", told)
	}
	// Now it can be undone as any other range.
	if got := r.restore(done.ID, ""); got[0].Restored != 3 {
		t.Errorf("restore is %+v", got)
	}
	r.wantPlaces(0, 0, 0, 0)
	if told := r.feed("").tell(); len(told) != 6 || told[4] != "restored ann 1-1" || told[5] != "restored ann 2-3" {
		t.Errorf("feed is %q", told)
	}
	// One in which nobody sent anything is closed below its first number.
	silence := r.fence("ann", 10)
	r.wait(72)
	await(t, "the end of the fence", func() bool { return fence(silence.ID) == "5 4 0" })
	r.send("ann", 1)
	r.wantLive(5)
}

func TestFencesOnManySendersAtOnce(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob", "an")
	targets := []string{r.target("ann"), r.target("bob")}
	r.recalls("recall_by_sender", `{"Targets":[`+strings.Join(targets, ",")+`],"FenceSeconds":10}`)
	r.send("ann", 1)
	r.send("bob", 1)
	r.send("an", 1)
	r.wantPlaces(0, 2, 2)
}
