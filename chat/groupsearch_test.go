package chat

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// A search on a slow store answers what it has found when half of its time is
// over, and its pages have every group all the same.
func TestSearchEndsItsPageAtHalfOfItsTime(t *testing.T) {
	st := &afterRead{Store: testengine.Open(t)}
	a := openTestApp(t, st)
	const groups = 40
	heads := map[store.Partition]bool{}
	for i := range groups {
		id := fmt.Sprint("g", i)
		createGroup(t, a, id, Public)
		heads[record.GroupPartition(a.id, id)] = true
	}
	st.then = func(p store.Partition, _ []store.Range) {
		if heads[p] {
			time.Sleep(20 * time.Millisecond)
		}
	}
	const whole = 600 * time.Millisecond
	scanned, pages, next := 0, 0, ""
	for {
		ctx, cancel := context.WithTimeout(bg, whole)
		page, err := a.SearchGroups(ctx, GroupSearch{Query: "none", Limit: 100, Next: next})
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		scanned, pages, next = scanned+page.ScannedNum, pages+1, page.Next
		if next == "" {
			break
		}
	}
	if scanned != groups || pages < 2 {
		t.Errorf("%d pages have looked at %d groups, want some and %d", pages, scanned, groups)
	}
}
