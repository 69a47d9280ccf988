package chat

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// withoutPurge is a store that has no means to purge, as long as it is said so.
type withoutPurge struct {
	store.Store
	without bool
	tries   int
}

func (s *withoutPurge) Purge(ctx context.Context, p store.Partition) error {
	s.tries++
	if s.without {
		return store.ErrNoPurge
	}
	return s.Store.Purge(ctx, p)
}

// Where the store cannot purge, an erasure deletes what it is to erase, of all its
// targets, and is not told as done. It is tried again seldom, and ends once the store
// can.
func TestAnErasureThatCannotPurgeKeepsRunning(t *testing.T) {
	st := &withoutPurge{Store: testengine.Open(t), without: true}
	clock := &testClock{now: time.Now()}
	var log bytes.Buffer
	open := func() *App {
		return openTestApp(t, st, func(o *Options) {
			o.Clock, o.Logger = clock.Now, slog.New(slog.NewTextHandler(&log, nil))
		})
	}
	a := open()
	done, err := a.Recall(bg, moderator, RecallCall{Targets: crashGroups(t, a, 2)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Erase(bg, moderator, done.OperationID, 0); err != nil {
		t.Fatal(err)
	}
	work := func(a *App, wantTries bool, wantState string) {
		t.Helper()
		st.tries = 0
		next, err := a.workOnRecalls(bg)
		if err != nil {
			t.Fatal(err)
		}
		if (st.tries > 0) != wantTries {
			t.Errorf("purge was tried %d times, want that it is: %v", st.tries, wantTries)
		}
		o, err := a.Operation(bg, done.OperationID)
		if err != nil {
			t.Fatal(err)
		}
		if e := o.Erasure; e.State != wantState || e.TotalNum != 6 || e.DoneNum != 6 {
			t.Errorf("erasure is %+v, want %s with 6 of 6", e, wantState)
		}
		wantTarget := StateSealed
		if wantState == ErasureDone {
			wantTarget = StateErased
		} else if until := next.Unix() - clock.now.Unix(); until < 1 || until > 3600 {
			t.Errorf("it is tried again in %d s, want an hour at most", until)
		}
		for _, target := range o.Targets {
			if target.State != wantTarget {
				t.Errorf("target is %s, want %s", target.State, wantTarget)
			}
		}
		for _, group := range []string{"g0", "g1"} {
			s := ownStream(t, a, group)
			rows, _, err := st.Read(bg, record.LogPartition(s.id, 0), store.Range{})
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows[0] {
				if bytes.Equal(row.Key, record.BodyKey(1)) || bytes.Equal(row.Key, record.BodyKey(3)) {
					t.Errorf("%s still has a body that was erased", group)
				}
			}
		}
		if said := strings.Count(log.String(), "no means to purge"); said != 1 || !strings.Contains(log.String(), done.OperationID) {
			t.Errorf("the log tells of it %d times, want once:\n%s", said, log.String())
		}
	}
	work(a, true, ErasureRunning)
	work(a, false, ErasureRunning)
	clock.now = clock.now.Add(59 * time.Minute)
	work(a, false, ErasureRunning)
	clock.now = clock.now.Add(2 * time.Minute)
	work(a, true, ErasureRunning)
	if e, err := a.Erase(bg, moderator, done.OperationID, 0); err != nil || e.State != ErasureRunning {
		t.Errorf("asked for again it answers %+v, %v", e, err)
	}

	log.Reset() // another run says it anew, and tries as soon as it takes over
	a = open()
	clock.now = clock.now.Add(takeOverAfter * time.Second)
	work(a, true, ErasureRunning)
	st.without = false
	work(a, false, ErasureRunning)
	clock.now = clock.now.Add(time.Hour)
	work(a, true, ErasureDone)
}
