package pebble

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cpebble "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/recant-chat/recant/store"
)

// contents is every file of a directory, with when it was last written.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files[path] = info.ModTime().String()
		if d.IsDir() {
			return nil
		}
		content, err := os.ReadFile(path)
		files[path] += string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// What a killed server has left, its log included, is read as the next one that
// writes would find it, and stays as it is.
func TestReadOnlyOpeningReadsAllAndWritesNothing(t *testing.T) {
	running, dir := t.TempDir(), filepath.Join(t.TempDir(), "killed")
	s := open(t, running, Options{})
	defer s.Close()
	p, blind := store.Versioned("p"), store.Blind("p")
	mutation := []store.Mutation{store.Set([]byte("k"), []byte("v"))}
	version, err := s.Commit(t.Context(), p, "", mutation)
	if err == nil {
		err = s.Put(t.Context(), blind, mutation)
	}
	if err == nil {
		_, err = s.Commit(t.Context(), store.Versioned("later"), "", nil) // has the log on disk
	}
	if err := errors.Join(err, os.CopyFS(dir, os.DirFS(running))); err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	for range 2 {
		r := open(t, dir, Options{ReadOnly: true})
		for _, q := range []store.Partition{p, blind} {
			rows, got, err := r.Read(t.Context(), q, store.Range{})
			if err != nil || len(rows[0]) != 1 || string(rows[0][0].Value) != "v" || !q.IsBlind() && got != version {
				t.Errorf("read of %v: %v at %x, error %v", q, rows, got, err)
			}
		}
		if listed, err := r.Partitions(t.Context(), "", 10); err != nil || len(listed) != 3 {
			t.Errorf("listed %v, error %v", listed, err)
		}
		if r.Opening() != s.Opening() {
			t.Errorf("opening %d, want that of the last one that wrote, %d", r.Opening(), s.Opening())
		}
		_, err := r.Commit(t.Context(), p, version, mutation)
		for verb, err := range map[string]error{
			"commit": err, "put": r.Put(t.Context(), blind, mutation), "drop": r.Drop(t.Context(), p), "purge": r.Purge(t.Context(), p),
		} {
			if !errors.Is(err, store.ErrReadOnly) {
				t.Errorf("%s: %v, want ErrReadOnly", verb, err)
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if !maps.Equal(before, contents(t, dir)) {
		t.Error("the directory was changed")
	}
}

func TestReadOnlyOpeningNeedsADirectoryOfItsFormat(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none")
	for _, dir := range []string{missing, t.TempDir()} {
		if _, err := Open(dir, Options{ReadOnly: true}); !errors.Is(err, ErrNoData) {
			t.Errorf("opened nothing: %v, want ErrNoData", err)
		}
	}
	if _, err := os.Stat(missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory was made: %v", err)
	}
	f := vfs.NewMem()
	if err := open(t, "recant", Options{FS: f}).Close(); err != nil {
		t.Fatal(err)
	}
	never := func(*cpebble.DB) error { return errors.New("migrated") }
	if _, err := Open("recant", Options{FS: f, ReadOnly: true, migrations: []migration{never}}); !errors.Is(err, ErrOlderFormat) {
		t.Errorf("opened an older format: %v, want ErrOlderFormat", err)
	}
	wantFormat(t, f, firstFormat)
	if err := writeFormat(f, "recant", 9); err != nil {
		t.Fatal(err)
	}
	if _, err := Open("recant", Options{FS: f, ReadOnly: true}); !errors.Is(err, ErrNewerFormat) {
		t.Errorf("opened a newer format: %v, want ErrNewerFormat", err)
	}
}

// TestOpensElsewhere opens a store for another process, see openElsewhere.
func TestOpensElsewhere(t *testing.T) {
	dir, how, ok := strings.Cut(os.Getenv(faultChild), "|")
	if !ok {
		t.Skip("not a child")
	}
	s, err := Open(dir, Options{ReadOnly: how == "read"})
	if err == nil {
		err = s.Close()
	}
	fmt.Printf("opened: in use %v, error %v\n", errors.Is(err, ErrInUse), err)
}

// openElsewhere opens the directory in another process, and returns ErrInUse where
// that gets it.
func openElsewhere(t *testing.T, dir string, readOnly bool) error {
	t.Helper()
	how := map[bool]string{true: "read", false: "write"}[readOnly]
	out, err := child(t, "TestOpensElsewhere", dir+"|"+how).CombinedOutput()
	switch {
	case err == nil && strings.Contains(string(out), "opened: in use true"):
		return ErrInUse
	case err == nil && strings.Contains(string(out), "opened: in use false, error <nil>"):
		return nil
	}
	t.Fatalf("%v: %s", err, out)
	return nil
}

func TestReadersShareADirectoryAndWritersDoNot(t *testing.T) {
	dir := t.TempDir()
	here := func(readOnly bool) error {
		s, err := Open(dir, Options{ReadOnly: readOnly})
		if err == nil {
			err = s.Close()
		}
		return err
	}
	for _, held := range []bool{false, true} { // by one who reads
		s := open(t, dir, Options{ReadOnly: held})
		for _, readOnly := range []bool{false, true} {
			for place, err := range map[string]error{"here": here(readOnly), "elsewhere": openElsewhere(t, dir, readOnly)} {
				if shared := held && readOnly; shared != (err == nil) || err != nil && !errors.Is(err, ErrInUse) {
					t.Errorf("held to read %v, opened to read %v %s: %v", held, readOnly, place, err)
				}
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := openElsewhere(t, dir, false); err != nil {
			t.Errorf("a directory that was closed: %v", err)
		}
	}
}
