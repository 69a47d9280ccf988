package chat

import "testing"

// Work that waits for the end of a fence is not looked into before.
func TestAnOpenFenceIsNotLookedIntoBeforeItsEnd(t *testing.T) {
	st := &afterRead{Store: openTestStore(t)}
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
