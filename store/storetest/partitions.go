package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/recant-chat/recant/store"
)

// list lists all partitions in pages, and fails the test when one comes twice.
func list(t testing.TB, s store.Store, page int) map[store.Partition]bool {
	t.Helper()
	all := map[store.Partition]bool{}
	for cursor := ""; ; {
		partitions, err := s.Partitions(t.Context(), cursor, page)
		if err != nil {
			t.Fatalf("list partitions: %v", err)
		}
		if len(partitions) > page {
			t.Fatalf("%d partitions in a page of %d", len(partitions), page)
		}
		for _, p := range partitions {
			if all[p] {
				t.Fatalf("partition %q is listed twice", p.Name())
			}
			all[p], cursor = true, p.Cursor()
		}
		if len(partitions) < page {
			return all
		}
	}
}

func listing(t *testing.T, f Fixture) {
	s := f.Store
	if got := list(t, s, 1); len(got) != 0 {
		t.Errorf("a new store lists %v", got)
	}
	want := map[store.Partition]bool{}
	for _, name := range []string{"", "\x00", "\x00\x01", "\x00\xff", "a", "a\x00", "a\x00b", "\xff", strings.Repeat("n", store.MaxNameBytes), strings.Repeat("\x00", store.MaxNameBytes)} {
		v, b := store.Versioned(name), store.Blind(name)
		commit(t, s, v, "", many(20, 5)...)
		put(t, s, b, many(20, 5)...)
		want[v], want[b] = true, true
	}
	empty := store.Versioned("of no rows, with a version")
	commit(t, s, empty, "")
	want[empty] = true
	dropped, droppedBlind := store.Versioned("dropped"), store.Blind("dropped")
	commit(t, s, dropped, "", set("k", "1"))
	put(t, s, droppedBlind, set("k", "1"))
	remove(t, s, dropped)
	remove(t, s, droppedBlind)

	check := func(page int) {
		t.Helper()
		got := list(t, s, page)
		for p := range want {
			if !got[p] {
				t.Errorf("pages of %d: partition %q is not listed", page, p.Name())
			}
		}
		for p := range got {
			if rows, v := read(t, s, p, store.Range{Limit: 1}); !want[p] && (v != "" || len(rows[0]) > 0) {
				t.Errorf("pages of %d: partition %q is listed", page, p.Name())
			}
		}
	}
	for _, page := range []int{1, 2, 7, 100} {
		check(page)
	}
	// A cursor is good on another opening, and where its partition is gone.
	first, err := s.Partitions(t.Context(), "", 5)
	if err != nil || len(first) != 5 {
		t.Fatalf("%d partitions, %v", len(first), err)
	}
	remove(t, s, first[4])
	delete(want, first[4])
	s = f.Reopen(t)
	rest, err := s.Partitions(t.Context(), first[4].Cursor(), 100)
	if err != nil {
		t.Fatal(err)
	}
	for p := range want {
		if slices.Contains(first, p) == slices.Contains(rest, p) {
			t.Errorf("partition %q is listed twice or never across two openings", p.Name())
		}
	}
	for _, bad := range []string{"x", "v0", "vzz", "00"} {
		_, err := s.Partitions(t.Context(), bad, 1)
		wantError(t, "cursor "+bad, err, store.ErrCursor)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	_, err = s.Partitions(stopped, "", 1)
	wantError(t, "list when cancelled", err, context.Canceled)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	_, err = s.Partitions(t.Context(), "", 1)
	wantError(t, "list when closed", err, store.ErrClosed)
}

// listBesideWriters lists while partitions come and go: those that stay are there.
func listBesideWriters(t *testing.T, f Fixture) {
	const stay, writers, lists = 30, 3, 5
	for i := range stay {
		commit(t, f.Store, store.Versioned(fmt.Sprint("stays", i)), "", set("k", "1"))
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				p := store.Versioned(fmt.Sprintf("stays%d\x00%d", w, i))
				if _, err := f.Store.Commit(t.Context(), p, "", []store.Mutation{set("k", "1")}); err != nil {
					t.Error(err)
				}
				if err := f.Store.Drop(t.Context(), p); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range lists {
		all := list(t, f.Store, 4)
		for i := range stay {
			if p := store.Versioned(fmt.Sprint("stays", i)); !all[p] {
				t.Errorf("partition %q is not listed", p.Name())
			}
		}
	}
	close(done)
	wg.Wait()
}
