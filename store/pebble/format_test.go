package pebble

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	cpebble "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/recant-chat/recant/store"
)

func wantFormat(t *testing.T, f vfs.FS, want int) {
	t.Helper()
	if got, found, err := readFormat(f, "recant"); err != nil || !found || got != want {
		t.Errorf("format %d (found %v, error %v), want %d", got, found, err, want)
	}
}

func TestFreshDirectoryGetsTheCurrentFormat(t *testing.T) {
	f := vfs.NewMem()
	if err := open(t, "recant", Options{FS: f}).Close(); err != nil {
		t.Fatal(err)
	}
	wantFormat(t, f, firstFormat+len(migrations()))
	never := func(*cpebble.DB) error { return errors.New("migrated a fresh directory") }
	f = vfs.NewMem()
	if err := open(t, "recant", Options{FS: f, migrations: []migration{never, never}}).Close(); err != nil {
		t.Fatal(err)
	}
	wantFormat(t, f, 3)
}

func TestDirectoryThatIsNotUnderstoodIsRefused(t *testing.T) {
	cases := []struct {
		name  string
		spoil func(f vfs.FS) error
		want  string
	}{
		{"newer", func(f vfs.FS) error { return writeFormat(f, "recant", 3) }, "3, newest known is 1"},
		{"zero", func(f vfs.FS) error { return writeFormat(f, "recant", 0) }, "no format number"},
		{"empty", func(f vfs.FS) error {
			file, err := f.Create("recant/FORMAT", vfs.WriteCategoryUnspecified)
			return errors.Join(err, file.Close())
		}, "no format number"},
		{"missing", func(f vfs.FS) error { return f.Remove("recant/FORMAT") }, "FORMAT file is missing"},
		{"no database", func(f vfs.FS) error { return f.RemoveAll("recant/db") }, "the database is missing"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := vfs.NewMem()
			s := open(t, "recant", Options{FS: f})
			_, err := s.Commit(t.Context(), store.Versioned("p"), "", nil)
			if err := errors.Join(err, s.Close(), c.spoil(f)); err != nil {
				t.Fatal(err)
			}
			for range 2 { // a refusal leaves no lock and mends nothing
				_, err = Open("recant", Options{FS: f})
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("open: %v, want %q", err, c.want)
				}
				if errors.Is(err, ErrNewerFormat) != (c.name == "newer") {
					t.Errorf("open: %v", err)
				}
			}
		})
	}
}

// addLetter is a migration that may run twice: it puts its letter behind the
// value of the row, unless it is there.
func addLetter(letter, after string) migration {
	return func(db *cpebble.DB) error {
		key := append(appendPrefix(nil, store.Versioned("p")), slotRow, 'k')
		value, closer, err := db.Get(key)
		if err != nil {
			return err
		}
		text := string(value)
		if err := closer.Close(); err != nil {
			return err
		}
		switch text {
		case after + letter:
			return nil
		case after:
			return db.Set(key, []byte(text+letter), cpebble.Sync)
		}
		return fmt.Errorf("found %q, want %q", text, after)
	}
}

func TestOlderDirectoryIsMigratedStepByStepAcrossCrashes(t *testing.T) {
	steps := []migration{addLetter("b", "a"), addLetter("c", "ab"), addLetter("d", "abc")}
	disk := vfs.NewCrashableMem()
	s := open(t, "recant", Options{FS: disk})
	v, err := s.Commit(t.Context(), store.Versioned("p"), "", []store.Mutation{store.Set([]byte("k"), []byte("a"))})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	check := func(f vfs.FS) {
		s := open(t, "recant", Options{FS: f, migrations: steps})
		defer s.Close()
		wantFormat(t, f, 4)
		rows, got, err := s.Read(t.Context(), store.Versioned("p"), store.Range{})
		if err != nil || got != v || len(rows[0]) != 1 || string(rows[0][0].Value) != "abcd" {
			t.Errorf("after the migration: %q at %x, error %v", rows, got, err)
		}
	}
	eachCrash(t, disk, check, func(_ int, left *vfs.MemFS) { check(left) })
}

func TestFailedMigrationKeepsTheStepsBeforeIt(t *testing.T) {
	f := vfs.NewMem()
	s := open(t, "recant", Options{FS: f})
	_, err := s.Commit(t.Context(), store.Versioned("p"), "", []store.Mutation{store.Set([]byte("k"), []byte("a"))})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	cause := errors.New("no")
	steps := []migration{addLetter("b", "a"), func(*cpebble.DB) error { return cause }}
	for range 2 {
		if _, err := Open("recant", Options{FS: f, migrations: steps}); !errors.Is(err, cause) {
			t.Fatalf("open: %v, want %v", err, cause)
		}
		wantFormat(t, f, 2)
	}
}
