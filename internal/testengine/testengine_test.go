package testengine

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/recant-chat/recant/store"
)

// Two tests on one store write the same names and see their own rows alone.
func TestNamespacesAreApart(t *testing.T) {
	shared := Open(t)
	a, b := &namespaced{store: shared, namespace: "aaaaaaaa"}, &namespaced{store: shared, namespace: "bbbbbbbb"}
	for _, s := range []*namespaced{a, b} {
		row := store.Set([]byte("of"), []byte(s.namespace))
		for _, name := range []string{"one", "two"} {
			if _, err := s.Commit(t.Context(), store.Versioned(name), "", []store.Mutation{row}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Put(t.Context(), store.Blind("one"), []store.Mutation{row}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Drop(t.Context(), store.Blind("one")); err != nil {
		t.Fatal(err)
	}
	for s, want := range map[*namespaced][]store.Partition{
		a: {store.Blind("one"), store.Versioned("one"), store.Versioned("two")},
		b: {store.Versioned("one"), store.Versioned("two")},
	} {
		var listed []store.Partition
		for cursor := ""; ; cursor = listed[len(listed)-1].Cursor() {
			page, err := s.Partitions(t.Context(), cursor, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			listed = append(listed, page...)
		}
		slices.SortFunc(listed, func(p, q store.Partition) int { return strings.Compare(p.Cursor(), q.Cursor()) })
		if !slices.Equal(listed, want) {
			t.Errorf("%s has %v, want %v", s.namespace, listed, want)
		}
		for _, p := range want {
			if rows, _, err := s.Read(t.Context(), p, store.Range{}); err != nil || len(rows[0]) != 1 || string(rows[0][0].Value) != s.namespace {
				t.Errorf("%s reads %v, %v", s.namespace, rows, err)
			}
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.Read(t.Context(), store.Versioned("one")); !errors.Is(err, store.ErrClosed) {
		t.Errorf("after Close a read answered %v", err)
	}
	if _, _, err := b.Read(t.Context(), store.Versioned("one")); err != nil {
		t.Error(err)
	}
}
