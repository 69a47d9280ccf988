package chat

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
)

// listingStore lists the calls that reach it, by verb and kind of partition.
type listingStore struct {
	store.Store
	mu    sync.Mutex
	calls []string
}

func (s *listingStore) list(verb string, p store.Partition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, verb+" "+p.Name()[:1])
}

// take returns the calls since it was called last, sorted.
func (s *listingStore) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	slices.Sort(calls)
	return calls
}

func (s *listingStore) Read(ctx context.Context, p store.Partition, ranges ...store.Range) ([][]store.Row, store.Version, error) {
	s.list("read", p)
	return s.Store.Read(ctx, p, ranges...)
}

func (s *listingStore) Commit(ctx context.Context, p store.Partition, base store.Version, m []store.Mutation) (store.Version, error) {
	s.list("commit", p)
	return s.Store.Commit(ctx, p, base, m)
}

func (s *listingStore) Put(ctx context.Context, p store.Partition, m []store.Mutation) error {
	s.list("put", p)
	return s.Store.Put(ctx, p, m)
}

// Each call of the store is a journey to a cluster.
func TestWhatCallsCost(t *testing.T) {
	st := &listingStore{Store: testengine.Open(t)}
	a := openTestApp(t, st)
	mustImport(t, a, "ann", "bob")
	mustCreate(t, a, "g", Public)
	mustAdd(t, a, "g", "ann", "bob") // which stores tips
	random := uint32(0)
	send := func() error {
		random++
		_, err := a.Send(bg, moderator, testMessage("g", "ann", random))
		return err
	}
	recall := func() error { return a.RecallBySender(bg, moderator, "g", "", "ann") }
	for range 25 {
		if err := send(); err != nil {
			t.Fatal(err)
		}
	}
	if err := recall(); err != nil { // which lists the day of the audit
		t.Fatal(err)
	}
	for range 25 {
		if err := send(); err != nil {
			t.Fatal(err)
		}
	}
	page := func(r HistoryRequest) func() error {
		return func() error {
			p, err := a.History(bg, r)
			if err == nil && len(p.Rows) != 20 {
				err = fmt.Errorf("page has %d rows", len(p.Rows))
			}
			return err
		}
	}
	if err := page(HistoryRequest{GroupID: "g", Number: 20})(); err != nil { // which learns what recalls there are
		t.Fatal(err)
	}
	// G is the group, U an account, L the log, C the conversation, R the audit, Q its
	// lists, which are written at once.
	for _, c := range []struct {
		name string
		call func() error
		want []string
	}{
		{"send", send, []string{"commit L", "read G", "read G", "read U"}},
		{"newest page", page(HistoryRequest{GroupID: "g", Number: 20}), []string{"read C", "read G", "read L"}},
		{"page in between", page(HistoryRequest{GroupID: "g", Number: 20, FromSeq: 50}), []string{"read C", "read G", "read L"}},
		{"recall by sender", recall, []string{"commit C", "put Q", "put Q", "put R", "read C", "read G", "read L"}},
		{"page of what is recalled", page(HistoryRequest{GroupID: "g", Number: 20, WithRecalled: true}), []string{"read C", "read G", "read L"}},
	} {
		st.take()
		if err := c.call(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if calls := st.take(); !slices.Equal(calls, c.want) {
			t.Errorf("%s makes the calls %v, want %v", c.name, calls, c.want)
		}
	}
}
