package pebble

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/storetest"
)

func TestConformanceOnDisk(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Fixture {
		return fixture(t, t.TempDir(), Options{})
	})
}

// Small memory tables make the tree flush, rotate its log and compact all the
// time, and a file system in memory can lose power.
func TestConformanceInMemory(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Fixture {
		f := fixture(t, "recant", Options{FS: vfs.NewCrashableMem(), MemTableBytes: minMemTableBytes, CacheBytes: 1 << 20})
		f.LargeRows = 50_000 // the disk has the million
		return f
	})
}

func fixture(t *testing.T, dir string, opts Options) storetest.Fixture {
	if opts.FS == nil {
		opts.FS = vfs.Default
	}
	s := open(t, dir, opts)
	closeStore := func(t testing.TB) {
		if err := s.Close(); err != nil && !errors.Is(err, store.ErrClosed) {
			t.Error(err)
		}
	}
	t.Cleanup(func() { closeStore(t) })
	f := storetest.Fixture{Store: s, Reopen: func(t testing.TB) store.Store {
		closeStore(t)
		s = open(t, dir, opts)
		return s
	}}
	f.Holds = func(t testing.TB, b []byte) bool { return len(holding(t, opts.FS, s.dbDir, b)) > 0 }
	if mem, ok := opts.FS.(*vfs.MemFS); ok {
		rng := rand.New(rand.NewPCG(1, 2))
		f.Crash = func(t testing.TB) store.Store {
			mem = mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
			closeStore(t)
			opts.FS = mem
			s = open(t, dir, opts)
			return s
		}
	}
	return f
}
