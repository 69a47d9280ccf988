package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// What is kept for events is removed in time.

func (r *room) rowsIn(p store.Partition, prefix byte) int {
	r.t.Helper()
	rows, _, err := r.srv.Store().Read(r.t.Context(), p, store.Prefix([]byte{prefix}))
	if err != nil {
		r.t.Fatal(err)
	}
	return len(rows[0])
}

// laneMarks is how many marks of lanes there are, of the last day.
func (r *room) laneMarks() (n int) {
	r.t.Helper()
	now := r.srv.Clock.Now().Unix() / 3600
	for hour := now - 24; hour <= now+1; hour++ {
		rows, _, err := r.srv.Store().Read(r.t.Context(), record.EventMarksPartition(apitest.SDKAppID, hour), store.Range{})
		if err != nil {
			r.t.Fatal(err)
		}
		n += len(rows[0])
	}
	return n
}

func TestRowsOfEventsAreRemovedInTime(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	set := b.hooked(afterSend, "Group.CallbackAfterGroupInfoChanged")
	r := newRoomWith(t, func(o *apitest.Options) { set(o); o.Housekeeping = 50 * time.Millisecond }, "Public", "ann")
	live := newRoomOn(t, r.srv, "AVChatRoom")
	group := record.GroupPartition(apitest.SDKAppID, r.group)
	log := record.LogPartition(record.ConversationID{App: apitest.SDKAppID, Group: live.group, Incarnation: 1}, 0)
	messages := record.LogPartition(record.ConversationID{App: apitest.SDKAppID, Group: r.group, Incarnation: 1}, 0)
	r.writeTip()
	r.send("ann", 1)
	live.send("ann", 3)
	b.wait("", 5)
	if n, m := r.rowsIn(group, record.EventPrefix[0]), r.rowsIn(log, 'b'); n != 1 || m != 3 {
		t.Fatalf("there are %d event rows and %d messages of the live room", n, m)
	}
	r.wait(72 * 3600)
	r.writeTip() // of another day
	b.wait("", 6)
	r.wait(24 * 3600)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		n, m, h, kept := r.rowsIn(group, record.EventPrefix[0]), r.rowsIn(log, 'b'), r.rowsIn(log, 'h'), r.rowsIn(messages, 'b')
		if n == 1 && m == 0 && h == 0 && kept == 3 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d event rows, %d bodies and %d headers of the live room, %d messages of the group are left", n, m, h, kept)
		}
	}
	live.send("ann", 1) // goes on counting
	live.recallSeqs(`"MsgSeqList":[{"MsgSeq":4}]`).MustOK(t)
	if seqs := toldSeqs(t, b.wait(afterSend, 5))[live.group]; len(seqs) != 4 || seqs[3] != 4 {
		t.Errorf("the live room told of %v", seqs)
	}
}

func TestMarksOfLanesAreRemoved(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(afterSend, "Group.CallbackAfterGroupInfoChanged"), "Public", "ann")
	r.send("ann", 1)
	r.writeTip()
	b.wait("", 2)
	if n := r.laneMarks(); n != 2 {
		t.Fatalf("%d lanes are marked, want 2", n)
	}
	r.wait(200)
	for deadline := time.Now().Add(30 * time.Second); r.laneMarks() > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d lanes are marked still", r.laneMarks())
		}
	}
	// A lane without a mark is marked again.
	b.answers(func(hookCall) (int, string) { return http.StatusServiceUnavailable, "" })
	r.send("ann", 1)
	if n := r.laneMarks(); n != 1 {
		t.Errorf("%d lanes are marked after another message, want 1", n)
	}
	b.answers(nil)
	b.forget()
	b.wait(afterSend, 1)
}
