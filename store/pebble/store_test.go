package pebble

import (
	"context"
	"errors"
	"fmt"
	"testing"

	cpebble "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/recant-chat/recant/store"
)

func open(t testing.TB, dir string, opts Options) *Store {
	t.Helper()
	s, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSecondOpenOfADirectoryIsRefused(t *testing.T) {
	for name, f := range map[string]vfs.FS{"memory": vfs.NewMem(), "disk": vfs.Default} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, Options{FS: f})
			if _, err := Open(dir, Options{FS: f}); !errors.Is(err, ErrInUse) {
				t.Errorf("second open: %v, want ErrInUse", err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			again := open(t, dir, Options{FS: f})
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestCommittedRowsAreReadInOrder(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	defer s.Close()
	p := store.Versioned("group\x00head")
	v, err := s.Commit(t.Context(), p, "", []store.Mutation{
		store.Set([]byte("b"), []byte("2")), store.Set([]byte("a"), []byte("1")), store.Set([]byte("c"), nil),
	})
	if err != nil {
		t.Fatal(err)
	}
	rows, got, err := s.Read(t.Context(), p, store.Range{Reverse: true, Limit: 2}, store.Key([]byte("a")), store.Range{})
	if err != nil || got != v {
		t.Fatalf("read: version %x, error %v; want version %x", got, err, v)
	}
	want := []string{"c= b=2 ", "a=1 ", "a=1 b=2 c= "}
	for i, w := range want {
		text := ""
		for _, r := range rows[i] {
			text += string(r.Key) + "=" + string(r.Value) + " "
		}
		if text != w {
			t.Errorf("range %d: %q, want %q", i, text, w)
		}
	}
	if _, err := s.Commit(t.Context(), p, "", nil); !errors.Is(err, store.ErrConflict) {
		t.Errorf("commit at a stale version: %v, want ErrConflict", err)
	}
}

// expiring is a context that ends after its error was asked for so many times.
type expiring struct {
	context.Context
	left int
}

func (e *expiring) Err() error {
	if e.left--; e.left < 0 {
		return context.DeadlineExceeded
	}
	return nil
}

func TestALongReadEndsWithItsContext(t *testing.T) {
	s := open(t, "recant", Options{FS: vfs.NewMem()})
	defer s.Close()
	p := store.Blind("p")
	for n := range 2 * checkEvery {
		if err := s.Put(t.Context(), p, []store.Mutation{store.Set(num(uint64(n)), nil)}); err != nil {
			t.Fatal(err)
		}
	}
	rows, _, err := s.Read(&expiring{Context: t.Context(), left: 1}, p, store.Range{})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("read %d ranges, error %v, want DeadlineExceeded", len(rows), err)
	}
}

// Rows without a version are not read, so only the tree shows whether Drop left
// some.
func TestDropLeavesNoKeyInTheTree(t *testing.T) {
	s := open(t, "recant", Options{FS: vfs.NewMem()})
	defer s.Close()
	for _, rows := range []int{0, 1, dropByKey - 2, dropByKey - 1, dropByKey, 1000} {
		mutations := make([]store.Mutation, rows)
		for i := range mutations {
			mutations[i] = store.Set(num(uint64(i)), nil)
		}
		v, b := store.Versioned(fmt.Sprint(rows)), store.Blind(fmt.Sprint(rows))
		if _, err := s.Commit(t.Context(), v, "", mutations); err != nil {
			t.Fatal(err)
		}
		if err := s.Put(t.Context(), b, mutations); err != nil {
			t.Fatal(err)
		}
		for _, p := range []store.Partition{v, b} {
			if err := s.Drop(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			if left := keysInTree(t, s, p); left != 0 {
				t.Errorf("%d of %d rows are in the tree after Drop (blind: %v)", left, rows, p.IsBlind())
			}
		}
	}
}

// keysInTree counts the keys of a partition, its version included.
func keysInTree(t *testing.T, s *Store, p store.Partition) (keys int) {
	t.Helper()
	lower, upper := partitionBounds(appendPrefix(nil, p))
	it, err := s.db.NewIter(&cpebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		t.Fatal(err)
	}
	for it.First(); it.Valid(); it.Next() {
		keys++
	}
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
	return keys
}
