package main

import (
	"testing"

	"github.com/recant-chat/recant/chat"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheServerHoldsWhatWasAskedFor(t *testing.T) {
	o := options{groups: 7, messages: 180, calls: 0, callers: 4, data: t.TempDir()}
	peak, err := measure(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if peak < 1 {
		t.Errorf("the peak of resident memory is %d MiB", peak)
	}
	w, err := openWorld(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.close(); err != nil {
			t.Error(err)
		}
	})
	list, err := w.chat.ListGroups(t.Context(), "", 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if list.Total != o.groups {
		t.Errorf("there are %d groups, want %d", list.Total, o.groups)
	}
	stored := 0
	for i := range o.groups {
		stored += storedIn(t, w, i)
	}
	if stored != o.messages {
		t.Errorf("there are %d messages, want %d", stored, o.messages)
	}
}

// storedIn is the newest number of a group whose messages are all ordinary.
func storedIn(t *testing.T, w *world, group int) int {
	t.Helper()
	page, err := w.chat.History(t.Context(), chat.HistoryRequest{GroupID: groupID(group), Number: 1, WithRecalled: true})
	if err != nil || len(page.Rows) != 1 {
		t.Fatalf("history of group %d: %v, error %v", group, page, err)
	}
	return int(page.Rows[0].Seq)
}

func TestEverydayCallsSucceed(t *testing.T) {
	if _, err := measure(t.Context(), options{groups: 5, messages: 50, calls: 200, callers: 8}); err != nil {
		t.Fatal(err)
	}
}
