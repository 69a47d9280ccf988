package chat

import (
	"context"
	"testing"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// interruptedStore runs something before one of its reads.
type interruptedStore struct {
	store.Store
	left int // reads before it
	run  func()
}

func (s *interruptedStore) Read(ctx context.Context, p store.Partition, ranges ...store.Range) ([][]store.Row, store.Version, error) {
	if s.left--; s.left == 0 {
		s.run()
	}
	return s.Store.Read(ctx, p, ranges...)
}

// A page over a long run of recalled messages, which are restored meanwhile, is
// one of before or of after the restore: it never passes over what is live.
func TestAPageDuringARestoreIsOfBeforeOrAfter(t *testing.T) {
	const messages = record.BucketSize + 7
	for n := 1; ; n++ {
		st := testengine.Open(t)
		other := openTestApp(t, st)
		makeGroup(t, other, "g", ChatRoom)
		appendTimed(t, ownStream(t, other, "g"), make([]int64, messages))
		done, err := other.Recall(bg, moderator, RecallCall{
			Targets: []RecallTarget{{GroupID: "g", Sender: "ann"}}, Scope: RecallScope{LastNum: messages - 1},
		})
		if err != nil {
			t.Fatal(err)
		}
		interrupted := &interruptedStore{Store: st, left: n, run: func() {
			if _, err := other.Restore(bg, moderator, done.OperationID, nil, ""); err != nil {
				t.Error(err)
			}
		}}
		page, err := openTestApp(t, interrupted).History(bg, HistoryRequest{GroupID: "g", Number: 5})
		if err != nil {
			t.Fatal(err)
		}
		before := len(page.Rows) == 1 && page.Rows[0].Seq == 1
		after := len(page.Rows) == 5 && page.Rows[0].Seq == messages
		if !before && !after {
			t.Errorf("restored before read %d: page has %d rows from %d on", n, len(page.Rows), page.Rows[0].Seq)
		}
		if interrupted.left > 0 {
			return
		}
	}
}
