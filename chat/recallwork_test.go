package chat

import (
	"slices"
	"testing"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// Work that waits for the end of a fence is not looked into before.
func TestAnOpenFenceIsNotLookedIntoBeforeItsEnd(t *testing.T) {
	st := &afterRead{Store: testengine.Open(t)}
	a := openTestApp(t, st)
	call := RecallCall{Targets: crashGroups(t, a, 1), Notify: NotifyEach, FenceSeconds: 600}
	if _, err := a.Recall(bg, moderator, call); err != nil {
		t.Fatal(err)
	}
	first, err := a.workOnRecalls(bg)
	if err != nil || first.IsZero() {
		t.Fatal(first, err)
	}
	reads := logReads(st)
	next, err := a.workOnRecalls(bg)
	if err != nil || !next.Equal(first) || *reads > 0 {
		t.Errorf("the log was read %d times, and the work is due at %v (%v), before that at %v", *reads, next, err, first)
	}
}

// A recall that is restored while members are told of its messages is not told
// of after that.
func TestNobodyIsToldOfARecallAfterItsRestore(t *testing.T) {
	st := &afterRead{Store: testengine.Open(t)}
	a := openTestApp(t, st)
	done, err := a.Recall(bg, moderator, RecallCall{Targets: crashGroups(t, a, 1), Notify: NotifyEach})
	if err != nil {
		t.Fatal(err)
	}
	st.then = func(_ store.Partition, ranges []store.Range) {
		if !slices.ContainsFunc(ranges, func(r store.Range) bool { return r.From != nil && r.From[0] == record.HeaderKey(1)[0] }) {
			return // the messages to tell of have not been read yet
		}
		st.then = nil
		if _, err := a.Restore(bg, moderator, done.OperationID, nil, ""); err != nil {
			t.Error(err)
		}
	}
	if _, err := a.workOnRecalls(bg); err != nil || st.then != nil {
		t.Fatal(err)
	}
	events, _, err := a.Feed(bg, "g0", "", 0, 10)
	if err != nil || len(events) != 2 || events[1].Type != "restored" {
		t.Errorf("feed is %+v (%v), want that it ends with the restore", events, err)
	}
}
