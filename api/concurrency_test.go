package api_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/internal/history"
	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
)

// unevenStore takes a while before a few of its steps, so that whole calls
// happen between two steps of another, which they seldom do in memory.
type unevenStore struct{ store.Store }

func (unevenStore) pause() {
	if rand.IntN(10) == 0 {
		time.Sleep(time.Duration(rand.Int64N(int64(3 * time.Millisecond))))
	}
}

func (s unevenStore) Read(ctx context.Context, p store.Partition, ranges ...store.Range) ([][]store.Row, store.Version, error) {
	s.pause()
	return s.Store.Read(ctx, p, ranges...)
}

func (s unevenStore) Commit(ctx context.Context, p store.Partition, base store.Version, m []store.Mutation) (store.Version, error) {
	s.pause()
	return s.Store.Commit(ctx, p, base, m)
}

// What is promised then is in package history.
func TestConcurrentSendsRecallsAndPullsFitTheModel(t *testing.T) {
	for _, window := range []int{6, 1000} {
		t.Run(fmt.Sprintf("window %d", window), func(t *testing.T) {
			st := testengine.Open(t)
			first := newRoomWith(t, func(o *apitest.Options) {
				o.Settings.DeleteBySenderWindow = window
				o.Store = unevenStore{st}
			}, "ChatRoom")
			rounds, decided := 150, 0
			if testing.Short() {
				rounds = 5
			}
			for round := range rounds {
				r := newRoomOn(t, first.srv, "ChatRoom")
				if checkHistory(t, recordHistory(r, window, uint64(round))) {
					decided++
				}
				if t.Failed() {
					return
				}
			}
			if decided < rounds*9/10 {
				t.Errorf("only %d of %d histories were decided", decided, rounds)
			}
		})
	}
}

func recordHistory(r *room, window int, seed uint64) *history.Recorder {
	const clients, callsEach = 5, 9
	rec := history.NewRecorder()
	var running sync.WaitGroup
	for client := range clients {
		running.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(client)))
			senders := []string{"ann", "bob"}
			for range callsEach {
				sender := senders[random.IntN(2)]
				switch n := random.IntN(10); {
				case n < 5:
					rec.Send(client, sender, func() (uint32, bool) { return r.send(sender, 1), true })
				case n < 7:
					rec.Recall(client, sender, window, func() bool { r.recall(sender); return true })
				default:
					rec.Pull(client, 0, 5, func() ([]uint32, bool) { return r.pull(5).seqs(), true })
				}
			}
		})
	}
	running.Wait()
	return rec
}

// checkHistory reports whether the history could be decided in time.
func checkHistory(t *testing.T, recorded *history.Recorder) bool {
	t.Helper()
	result := recorded.Check(20 * time.Second)
	if result.Decided && !result.Fits {
		t.Errorf("a recorded history does not fit the model; %s", result.Why)
	}
	return result.Decided
}
