package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/recant-chat/recant/store"
)

func cancelled(t *testing.T, f Fixture) {
	v, b := store.Versioned("p"), store.Blind("p")
	base := commit(t, f.Store, v, "", set("k", "1"))
	put(t, f.Store, b, set("k", "1"))

	stopped, stop := context.WithCancel(t.Context())
	stop()
	late, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	for want, ctx := range map[error]context.Context{context.Canceled: stopped, context.DeadlineExceeded: late} {
		_, _, err := f.Store.Read(ctx, v, store.Range{})
		wantError(t, "read", err, want)
		_, err = f.Store.Commit(ctx, v, base, []store.Mutation{set("k", "2")})
		wantError(t, "commit", err, want)
		wantError(t, "put", f.Store.Put(ctx, b, []store.Mutation{set("k", "2")}), want)
		wantError(t, "drop versioned", f.Store.Drop(ctx, v), want)
		wantError(t, "drop blind", f.Store.Drop(ctx, b), want)
		wantError(t, "purge", f.Store.Purge(ctx, v), want)
	}
	wantAll(t, f.Store, v, base, "k", "1")
	wantAll(t, f.Store, b, "", "k", "1")
}

func closed(t *testing.T, f Fixture) {
	v, b := store.Versioned("p"), store.Blind("p")
	base := commit(t, f.Store, v, "", set("k", "1"))
	s := f.Store
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, _, err := s.Read(t.Context(), v, store.Range{})
	wantError(t, "read", err, store.ErrClosed)
	_, err = s.Commit(t.Context(), v, base, []store.Mutation{set("k", "2")})
	wantError(t, "commit", err, store.ErrClosed)
	wantError(t, "put", s.Put(t.Context(), b, []store.Mutation{set("k", "2")}), store.ErrClosed)
	wantError(t, "drop", s.Drop(t.Context(), v), store.ErrClosed)
	wantError(t, "purge", s.Purge(t.Context(), v), store.ErrClosed)
	wantError(t, "close", s.Close(), store.ErrClosed)
	s = f.Reopen(t)
	wantAll(t, s, v, base, "k", "1")
	wantAll(t, s, b, "")
}

// closeUnderLoad closes the store among its writers: each commit either
// happened or was refused, and nothing that was acknowledged is missing.
func closeUnderLoad(t *testing.T, f Fixture) {
	const writers = 8
	var wg sync.WaitGroup
	acked := make([]uint64, writers)
	started := make(chan struct{}, writers)
	for w := range writers {
		wg.Go(func() {
			p := store.Versioned(fmt.Sprint("p", w))
			var base store.Version
			for n := uint64(1); ; n++ {
				v, err := f.Store.Commit(t.Context(), p, base, []store.Mutation{store.Set([]byte("n"), number(n))})
				if errors.Is(err, store.ErrClosed) {
					return
				}
				if err != nil {
					t.Errorf("commit while the store closes: %v", err)
					started <- struct{}{}
					return
				}
				base, acked[w] = v, n
				if n == 3 {
					started <- struct{}{}
				}
			}
		})
	}
	for range writers {
		<-started
	}
	if err := f.Store.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	s := f.Reopen(t)
	for w := range writers {
		p := store.Versioned(fmt.Sprint("p", w))
		rows, _ := read(t, s, p, store.Range{})
		wantRows(t, p.Name(), rows[0], "n", string(number(acked[w])))
	}
}

// survival restarts the engine in every way that the fixture offers.
func survival(t *testing.T, f Fixture) {
	s := f.Store
	restarts := []func(testing.TB) store.Store{f.Reopen}
	if f.Crash != nil {
		restarts = append(restarts, f.Crash, f.Reopen, f.Crash)
	}
	gone, goneBlind := store.Versioned("gone"), store.Blind("gone")
	v, b := store.Versioned("kept"), store.Blind("kept")
	var version store.Version
	want := []string{}
	for round, restart := range restarts {
		key := fmt.Sprint("k", round)
		want = append(want, key, "1")
		remove(t, s, goneBlind)
		put(t, s, b, set(key, "1"), del("absent"))
		put(t, s, goneBlind, set("k", "1"))
		put(t, s, b, set("absent", "1"))
		put(t, s, b, del("absent"))
		commit(t, s, gone, "", many(10, 10)...)
		remove(t, s, gone)
		remove(t, s, goneBlind)
		version = commit(t, s, v, version, set(key, "1"))

		s = restart(t)
		wantAll(t, s, v, version, want...)
		wantAll(t, s, b, "", want...)
		wantAll(t, s, gone, "")
		wantAll(t, s, goneBlind, "")
	}
}

func versionsAcrossRuns(t *testing.T, f Fixture) {
	p, dropped := store.Versioned("p"), store.Versioned("dropped")
	seen := map[store.Version]bool{}
	s := f.Store
	var base store.Version
	for range 4 {
		for range 3 {
			base = commit(t, s, p, base)
			if seen[base] {
				t.Fatalf("version %x came twice", base)
			}
			seen[base] = true
		}
		d := commit(t, s, dropped, "")
		remove(t, s, dropped)
		s = f.Reopen(t)
		_, err := s.Commit(t.Context(), dropped, d, nil)
		wantError(t, "commit at a version from before the drop", err, store.ErrConflict)
		for old := range seen {
			if old == base {
				continue
			}
			_, err := s.Commit(t.Context(), p, old, nil)
			wantError(t, "commit at a version of an earlier run", err, store.ErrConflict)
		}
	}
}
