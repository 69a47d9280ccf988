package pebble

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	cpebble "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/recant-chat/recant/store"
)

// holding returns which of the files in the directory hold the bytes.
func holding(t testing.TB, f vfs.FS, dir string, b []byte) (names []string) {
	t.Helper()
	all, err := f.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all {
		file, err := f.Open(f.PathJoin(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed since
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(file)
		if err = errors.Join(err, file.Close()); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, b) {
			names = append(names, name)
		}
	}
	return names
}

func marker() []byte {
	b := make([]byte, 500)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return b
}

// purged is a partition of a store that a test writes markers to.
type purged struct {
	*testing.T
	s       *Store
	f       vfs.FS
	p       store.Partition
	version store.Version
}

func newPurged(t *testing.T, dir string, opts Options) *purged {
	s := open(t, dir, opts)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &purged{T: t, s: s, f: opts.FS, p: store.Versioned("p")}
}

func (x *purged) commit(mutations ...store.Mutation) {
	x.Helper()
	var err error
	if x.version, err = x.s.Commit(x.Context(), x.p, x.version, mutations); err != nil {
		x.Fatal(err)
	}
}

func (x *purged) set(key string, value []byte) {
	x.Helper()
	x.commit(store.Set([]byte(key), value))
}

func (x *purged) flush() {
	x.Helper()
	if err := x.s.flush(x.Context()); err != nil {
		x.Fatal(err)
	}
}

// compact moves everything down as Purge would.
func (x *purged) compact() {
	x.Helper()
	if err := x.s.db.Compact(x.Context(), []byte{0}, []byte{0xff}, false); err != nil {
		x.Fatal(err)
	}
}

func (x *purged) purge() {
	x.Helper()
	if err := x.s.Purge(x.Context(), x.p); err != nil {
		x.Fatal(err)
	}
}

func (x *purged) holding(b []byte) []string {
	x.Helper()
	return holding(x, x.f, x.s.dbDir, b)
}

// wantTables fails the test unless the bytes are in a table.
func (x *purged) wantTables(when string, b []byte) {
	x.Helper()
	if names := x.holding(b); !slices.ContainsFunc(names, isTableFile) {
		x.Errorf("%s the value is in %v, want a table among them", when, names)
	}
}

func (x *purged) wantNowhere(when string, b []byte) {
	x.Helper()
	if names := x.holding(b); len(names) > 0 {
		x.Errorf("%s the value is in %v", when, names)
	}
}

// onEachDisk runs a test on the disk and with small memory tables. The tree
// compacts nothing of its own accord, so that what is to be purged is there.
func onEachDisk(t *testing.T, test func(t *testing.T, x *purged)) {
	t.Run("disk", func(t *testing.T) { test(t, newPurged(t, t.TempDir(), Options{FS: vfs.Default, still: true})) })
	t.Run("small memory tables", func(t *testing.T) {
		test(t, newPurged(t, "recant", Options{FS: vfs.NewCrashableMem(), MemTableBytes: minMemTableBytes, still: true}))
	})
}

func TestPurgeTakesDeletedValuesOutOfTheTables(t *testing.T) {
	onEachDisk(t, func(t *testing.T, x *purged) {
		deleted, overwritten, there := marker(), marker(), marker()
		x.set("deleted", deleted)
		x.set("overwritten", overwritten)
		x.set("there", there)
		x.flush()
		x.compact() // to the bottom, below what deletes it
		x.commit(store.Delete([]byte("deleted")), store.Set([]byte("overwritten"), []byte("new")))
		x.flush()
		x.wantTables("deleted and flushed,", deleted)
		x.wantTables("overwritten and flushed,", overwritten)

		x.purge()
		x.wantNowhere("deleted and purged,", deleted)
		x.wantNowhere("overwritten and purged,", overwritten)
		x.wantTables("still there,", there)
		rows, v, err := x.s.Read(t.Context(), x.p, store.Range{})
		if err != nil || v != x.version || len(rows[0]) != 2 || !bytes.Equal(rows[0][1].Value, there) {
			t.Errorf("%d rows at version %x, error %v; want two at %x", len(rows[0]), v, err, x.version)
		}
	})
}

// Values of one partition lie in different levels, and what deletes them above
// them all; once the bottom level is among theirs and once it is not.
func TestPurgeReachesEveryLevel(t *testing.T) {
	// A compaction by hand leaves out level 4.
	for name, levels := range map[string][]int{"to the bottom": {6, 5, 3}, "above the bottom": {5, 3}} {
		t.Run(name, func(t *testing.T) {
			x := newPurged(t, "recant", Options{FS: vfs.NewMem(), still: true, levelBytes: 2 << 10})
			x.p = store.Blind("p") // without a version, which every level would have
			lower, upper := partitionBounds(appendPrefix(nil, x.p))
			kept := x.fillBottom()
			values := map[string][]byte{}
			for _, level := range levels {
				key := string(rune('a' + level))
				values[key] = marker()
				put(t, x.s, x.p, store.Set([]byte(key), values[key]))
				from := append(slices.Clone(lower[:len(lower)-1]), slotRow, key[0])
				for range 8 {
					if x.deepest(from, append(from, 0xff)) == level {
						break
					}
					if err := x.s.db.Compact(t.Context(), from, append(from, 0xff), false); err != nil {
						t.Fatal(err)
					}
				}
			}
			for key := range values {
				put(t, x.s, x.p, store.Delete([]byte(key)))
			}
			x.flush()
			occupied, at, _, err := x.s.levels(lower, upper)
			if err != nil || occupied != 1+len(levels) || at != levels[0] {
				t.Fatalf("the partition lies in %d levels down to %d, error %v; want it in 0 and %v", occupied, at, err, levels)
			}
			for _, value := range values {
				x.wantTables("deleted and flushed,", value)
			}
			x.purge()
			for key, value := range values {
				x.wantNowhere("deleted and purged, of key "+key+",", value)
			}
			x.wantTables("in another partition,", kept)
		})
	}
}

// fillBottom gives the tree, which is small, so much in other partitions that
// it has more than two levels, and returns a value of theirs.
func (x *purged) fillBottom() []byte {
	x.Helper()
	kept := marker()
	for _, name := range []string{"a", "z"} {
		var mutations []store.Mutation
		for n := range 600 {
			mutations = append(mutations, store.Set(num(uint64(n)), marker()))
		}
		mutations[7].Value = kept
		if _, err := x.s.Commit(x.Context(), store.Versioned(name), "", mutations); err != nil {
			x.Fatal(err)
		}
		lower, upper := partitionBounds(appendPrefix(nil, store.Versioned(name)))
		for range 7 {
			if err := x.s.db.Compact(x.Context(), lower, upper, false); err != nil {
				x.Fatal(err)
			}
		}
	}
	return kept
}

func (x *purged) deepest(lower, upper []byte) int {
	x.Helper()
	_, deepest, _, err := x.s.levels(lower, upper)
	if err != nil {
		x.Fatal(err)
	}
	return deepest
}

// Where many writers beside it keep the tree busy, what was deleted before the
// purge is gone all the same.
func TestPurgeBesideABusyTree(t *testing.T) {
	x := newPurged(t, t.TempDir(), Options{FS: vfs.Default, MemTableBytes: minMemTableBytes, levelBytes: 64 << 10})
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	for _, name := range []string{"o", "p\x00", "q"} {
		wg.Go(func() {
			p := store.Blind(name)
			for n := uint64(0); ctx.Err() == nil; n++ {
				if err := x.s.Put(t.Context(), p, []store.Mutation{store.Set(num(n%500), marker())}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	rounds := 20
	if testing.Short() {
		rounds = 5
	}
	x.p = store.Blind("p")
	for range rounds {
		values := make([][]byte, 20)
		for n := range values {
			values[n] = marker()
			put(t, x.s, x.p, store.Set(num(uint64(n)), values[n]))
			time.Sleep(time.Millisecond)
		}
		for n := range values {
			m := store.Set(num(uint64(n)), nil)
			m.Delete = n%2 == 0
			put(t, x.s, x.p, m)
			time.Sleep(time.Millisecond)
		}
		x.purge()
		for _, value := range values {
			x.wantNowhere("purged,", value)
		}
	}
}

func put(t *testing.T, s *Store, p store.Partition, mutations ...store.Mutation) {
	t.Helper()
	if err := s.Put(t.Context(), p, mutations); err != nil {
		t.Fatal(err)
	}
}

// A range deletion lies over tables that hold many partitions.
func TestPurgeReachesWhatARangeDeletionCovers(t *testing.T) {
	onEachDisk(t, func(t *testing.T, x *purged) {
		var values [][]byte
		for n := range 2 * dropByKey {
			values = append(values, marker())
			x.commit(store.Set(num(uint64(n)), values[n]))
		}
		x.flush()
		x.compact()
		if err := x.s.Drop(t.Context(), x.p); err != nil {
			t.Fatal(err)
		}
		x.purge()
		for _, value := range values {
			x.wantNowhere("dropped and purged,", value)
		}
		if n := keysInTree(t, x.s, x.p); n != 0 {
			t.Errorf("%d keys are in the tree", n)
		}
	})
}

// A log that is written over keeps what stands beyond the end of the new one,
// until the store is opened again.
func TestPurgeTakesDeletedValuesOutOfTheLogs(t *testing.T) {
	onEachDisk(t, func(t *testing.T, x *purged) {
		x.set("filler", bytes.Repeat([]byte("x"), 20_000))
		value := marker()
		x.set("k", value)
		x.commit(store.Delete([]byte("k")))
		for range 8 {
			x.flush()
			x.set("short", nil)
		}
		if names := x.holding(value); len(names) == 0 || slices.ContainsFunc(names, isTableFile) {
			t.Errorf("after eight logs the value is in %v, want a log", names)
		}
		x.purge()
		x.wantNowhere("purged,", value)

		// The tree writes over logs again when the purge is over.
		x.set("filler", bytes.Repeat([]byte("x"), 20_000))
		x.set("k", value)
		x.commit(store.Delete([]byte("k")))
		for range 8 {
			x.flush()
			x.set("short", nil)
		}
		if names := x.holding(value); len(names) == 0 {
			t.Error("logs are not written over after a purge")
		}
	})
}

func TestPurgeWaitsForReadsThatHoldTheTables(t *testing.T) {
	onEachDisk(t, func(t *testing.T, x *purged) {
		value := marker()
		x.set("k", value)
		x.flush()
		x.commit(store.Delete([]byte("k")))
		read, err := x.s.db.NewIter(&cpebble.IterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		if err := x.s.Purge(ctx, x.p); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("purge beside a read of what is purged: %v, want DeadlineExceeded", err)
		}
		x.wantTables("as long as it is read,", value)

		done := make(chan error, 1)
		go func() { done <- x.s.Purge(t.Context(), x.p) }()
		select {
		case err := <-done:
			t.Errorf("purge beside a read of what is purged: %v, want it to wait", err)
			return
		case <-time.After(50 * time.Millisecond):
		}
		if err := read.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		x.wantNowhere("read and purged,", value)
	})
}

// failing is a disk on which the given operations on files with the extension
// fail once the toggle is on.
func failing(kind errorfs.OpKind, extension string) (vfs.FS, *errorfs.Toggle) {
	toggle := &errorfs.Toggle{Injector: errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == kind && filepath.Ext(op.Path) == extension {
			return errorfs.ErrInjected
		}
		return nil
	})}
	return errorfs.Wrap(vfs.NewMem(), toggle), toggle
}

// What cannot be written or removed makes the purge fail and nothing else, and
// another purge may succeed.
func TestPurgeThatTheDiskRefusesCanBeRepeated(t *testing.T) {
	for name, c := range map[string]struct {
		kind      errorfs.OpKind
		extension string
	}{
		"remove a table":       {errorfs.OpRemove, ".sst"},
		"remove a log":         {errorfs.OpRemove, ".log"},
		"read a table":         {errorfs.OpFileReadAt, ".sst"},
		"list the directory":   {errorfs.OpList, ""},
		"remember the removal": {errorfs.OpOpenDir, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f, broken := failing(c.kind, c.extension)
			x := newPurged(t, "recant", Options{FS: f})
			value := marker()
			x.set("k", value)
			x.flush()
			x.compact()
			x.commit(store.Delete([]byte("k")))

			broken.On()
			if err := x.s.Purge(t.Context(), x.p); !errors.Is(err, errorfs.ErrInjected) {
				t.Errorf("purge: %v, want the disk's error", err)
			}
			broken.Off()
			x.set("l", nil)
			x.purge()
			x.wantNowhere("purged again,", value)
		})
	}
}

func TestPurgeGivesUpWhenTheStoreHasFailed(t *testing.T) {
	for name, act := range map[string]func(x *purged){
		"waiting for a read": func(x *purged) {},
		"waiting for another purge": func(x *purged) {
			x.s.purging <- struct{}{}
			x.Cleanup(func() { <-x.s.purging })
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, "recant", Options{FS: vfs.NewMem()})
			x := &purged{T: t, s: s, p: store.Versioned("p")}
			x.set("k", nil)
			x.flush()
			x.commit(store.Delete([]byte("k")))
			read, err := s.db.NewIter(&cpebble.IterOptions{})
			if err != nil {
				t.Fatal(err)
			}
			act(x)
			done := make(chan error, 1)
			go func() { done <- s.Purge(t.Context(), x.p) }()
			time.Sleep(50 * time.Millisecond)
			s.fail(errorfs.ErrInjected)
			wantFailed(t, "purge", <-done)
			wantFailed(t, "purge", s.Purge(t.Context(), x.p))
			if err := read.Close(); err != nil {
				t.Error(err)
			}
			wantFailed(t, "close", s.Close())
		})
	}
}
