package pebble

import (
	"errors"
	"testing"

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
