package chat

import (
	"testing"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// What a target covers may lie far apart: two numbers, or a range and the fence
// above all that came since. What lies between is not walked through.
func TestTargetsWhosePartsLieFarApartAreNoLongWalk(t *testing.T) {
	purges := 0
	st := &afterRead{Store: &afterPurge{Store: testengine.Open(t), then: func(store.Partition) { purges++ }}}
	a := openTestApp(t, st)
	makeGroup(t, a, "g", ChatRoom)
	const messages = 12*record.BucketSize + 7
	appendTimed(t, ownStream(t, a, "g"), make([]int64, messages))
	if _, err := a.RecallMessages(bg, moderator, "g", "", []uint32{1, 3, messages}, ""); err != nil {
		t.Fatal(err)
	}
	numbers := newestOperation(t, a).ID
	fenced, err := a.Recall(bg, moderator, RecallCall{
		Targets: []RecallTarget{{GroupID: "g", Sender: "ann"}}, Scope: RecallScope{LastNum: 5, BeforeSeq: 100}, FenceSeconds: 3600,
	})
	if err != nil {
		t.Fatal(err)
	}
	sendAs(t, a, "ann", 1)
	reads := logReads(st)
	few := func(what string) {
		t.Helper()
		if *reads > 30 {
			t.Errorf("%s read the log %d times", what, *reads)
		}
		*reads = 0
	}
	for id, want := range map[string]int{numbers: 3, fenced.OperationID: 6} {
		*reads = 0
		page, err := a.Evidence(bg, moderator, id, "")
		if err != nil || len(page.Messages) != want {
			t.Errorf("export is %+v (%v), want %d messages", page, err, want)
		}
		few("export")
	}
	r, err := a.Restore(bg, moderator, fenced.OperationID, nil, "")
	if err != nil || r[0].RestoredNum != 6 {
		t.Errorf("restore is %+v (%v), want 6 messages", r, err)
	}
	few("restore")
	if _, err := a.Erase(bg, moderator, numbers, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := a.workOnRecalls(bg); err != nil {
		t.Fatal(err)
	}
	few("erasure")
	if purges != 2 {
		t.Errorf("%d buckets were purged, want 2", purges)
	}
}
