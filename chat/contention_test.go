package chat

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
)

// distantStore is a store as several processes have it: a read takes a while, a
// commit longer, and one that meets another no less.
type distantStore struct {
	store.Store
	commits, conflicts *atomic.Int64
}

func (s distantStore) Read(ctx context.Context, p store.Partition, r ...store.Range) ([][]store.Row, store.Version, error) {
	time.Sleep(time.Millisecond + time.Duration(rand.Int64N(int64(time.Millisecond))))
	return s.Store.Read(ctx, p, r...)
}

func (s distantStore) Commit(ctx context.Context, p store.Partition, base store.Version, m []store.Mutation) (store.Version, error) {
	half := (5*time.Millisecond + time.Duration(rand.Int64N(int64(15*time.Millisecond)))) / 2
	time.Sleep(half)
	v, err := s.Store.Commit(ctx, p, base, m)
	time.Sleep(half)
	s.commits.Add(1)
	if err != nil {
		s.conflicts.Add(1)
	}
	return v, err
}

// Several processes that append to one conversation all get their turn, none gives
// up, and what waits for a turn is committed together.
func TestProcessesThatAppendToOneConversationAllProgress(t *testing.T) {
	testengine.Embedded(t)
	const processes, senders = 4, 8
	var commits, conflicts atomic.Int64
	st := distantStore{testengine.Open(t), &commits, &conflicts}
	apps := make([]*App, processes)
	for i := range apps {
		apps[i] = openTestApp(t, st, func(o *Options) { o.Settings.GroupThrottlePerSecond = 0 })
	}
	makeGroup(t, apps[0], "hot", Public)
	commits.Store(0)
	ctx, cancel := context.WithTimeout(bg, 3*time.Second)
	defer cancel()
	var sending sync.WaitGroup
	var sent [processes]atomic.Int64
	var longest atomic.Int64 // commits of all while one message waited
	won := func() int64 { return commits.Load() - conflicts.Load() }
	for i, a := range apps {
		for j := range senders {
			sending.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					began := won()
					if _, err := a.Send(bg, moderator, testMessage("hot", "ann", uint32(i<<24|j<<16|n))); err != nil {
						t.Error(err)
						return
					}
					sent[i].Add(1)
					for waited := won() - began; ; {
						if l := longest.Load(); waited <= l || longest.CompareAndSwap(l, waited) {
							break
						}
					}
				}
			})
		}
	}
	sending.Wait()
	all, least := int64(0), sent[0].Load()
	for i := range sent {
		all, least = all+sent[i].Load(), min(least, sent[i].Load())
	}
	if least < all/processes/4 {
		t.Errorf("of %d messages one process has sent %d", all, least)
	}
	if conflicts.Load() == 0 || all < 2*won() {
		t.Errorf("%d messages took %d commits beside %d in vain, want several in each", all, won(), conflicts.Load())
	}
	t.Logf("%d messages, at least %d of a process, in %d commits beside %d in vain; one waited for %d", all, least, won(), conflicts.Load(), longest.Load())
	if n := longest.Load(); n > 25 {
		t.Errorf("a message waited for %d commits of others", n)
	}
	page, err := apps[0].History(bg, HistoryRequest{GroupID: "hot", Number: 1})
	if err != nil || int64(page.Rows[0].Seq) != all {
		t.Errorf("the newest of %d messages is %+v (%v)", all, page, err)
	}
}
