package pebble

import (
	"fmt"
	"log/slog"
	"time"

	cpebble "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	defaultCacheBytes    = 64 << 20
	defaultMemTableBytes = 16 << 20
	minMemTableBytes     = 64 << 10

	bloomBitsPerKey = 10       // about 1 % false positives
	blockBytes      = 16 << 10 // a page of history lies in one or two blocks
	openFiles       = 512
	levelBytes      = 64 << 20 // of the first level below the newest tables

	// dropFlushDelay bounds how long the space of a dropped partition waits
	// for other writes to flush it out.
	dropFlushDelay = 10 * time.Second
)

// Options configure Open. The zero value serves.
type Options struct {
	// FS is the file system; nil is the operating system's.
	FS vfs.FS
	// CacheBytes is the memory for blocks read from disk; 0 is 64 MiB.
	CacheBytes int64
	// MemTableBytes is the memory for rows that are only in the log so far, of
	// which up to four times as much may be in use; 0 is 16 MiB, the least is
	// 64 KiB.
	MemTableBytes int64
	// ReadOnly opens what is there and writes nothing: Commit, Put, Drop and Purge
	// return store.ErrReadOnly. On the operating system's files any number of such
	// openings may share a directory, and none shares it with one that writes. What
	// is in the log alone is kept in memory.
	ReadOnly bool
	// Logger receives failures and stalls; nil discards them.
	Logger *slog.Logger

	// migrations stands in for the package's own in tests.
	migrations []migration
	// still keeps the tree from compactions of its own in tests.
	still bool
	// levelBytes stands in for the constant in tests.
	levelBytes int64
}

func (o Options) withDefaults() Options {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.CacheBytes <= 0 {
		o.CacheBytes = defaultCacheBytes
	}
	if o.MemTableBytes <= 0 {
		o.MemTableBytes = defaultMemTableBytes
	}
	o.MemTableBytes = max(o.MemTableBytes, minMemTableBytes)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.levelBytes == 0 {
		o.levelBytes = levelBytes
	}
	if o.migrations == nil {
		o.migrations = migrations()
	}
	return o
}

// openTree opens the tree with settings for a server that shares a small
// machine with other programs.
func openTree(dir string, o Options, lock *cpebble.Lock, s *Store) (*cpebble.DB, error) {
	tree := &cpebble.Options{
		FS:                          s.fs,
		Lock:                        lock,
		ReadOnly:                    o.ReadOnly,
		CacheSize:                   o.CacheBytes,
		MemTableSize:                uint64(o.MemTableBytes),
		MemTableStopWritesThreshold: 4,
		FormatMajorVersion:          cpebble.FormatNewest,
		L0CompactionThreshold:       2,
		L0StopWritesThreshold:       20,
		LBaseMaxBytes:               o.levelBytes,
		MaxOpenFiles:                openFiles,
		WALMinSyncInterval:          s.syncInterval,
		FlushDelayDeleteRange:       dropFlushDelay,
		DisableAutomaticCompactions: o.still,
		CompactionConcurrencyRange:  func() (lower, upper int) { return 1, 2 },
		Logger:                      treeLogger{log: o.Logger, fail: s.fail},
		EventListener: &cpebble.EventListener{
			BackgroundError: func(err error) {
				o.Logger.Error("store: background work failed and is tried again", "error", err)
			},
			DataCorruption: func(i cpebble.DataCorruptionInfo) {
				o.Logger.Error("store: damaged file", "path", i.Path, "error", i.Details)
			},
			WriteStallBegin: func(i cpebble.WriteStallBeginInfo) {
				o.Logger.Warn("store: writes wait for the disk", "reason", i.Reason)
			},
		},
	}
	tree.Levels[0].BlockSize = blockBytes
	for i := range tree.Levels {
		tree.Levels[i].FilterPolicy = bloom.FilterPolicy(bloomBitsPerKey)
	}
	return cpebble.Open(dir, tree)
}

const (
	// manyCommits is from how many commits at once it pays to let more of them
	// share a sync.
	manyCommits = 16
	// sharedSyncInterval is then the time from one sync to the next.
	sharedSyncInterval = 400 * time.Microsecond
)

// syncInterval is the time that the tree leaves between two syncs of its log. A
// few commits are synced at once; under load each sync takes more of them, which
// is worth more than the wait.
func (s *Store) syncInterval() time.Duration {
	if s.syncing.Load() < manyCommits {
		return 0
	}
	return sharedSyncInterval
}

// treeLogger passes on what the tree has to say. Its chatter about flushes and
// compactions goes nowhere.
type treeLogger struct {
	log  *slog.Logger
	fail func(cause error)
}

func (treeLogger) Infof(string, ...any) {}

func (l treeLogger) Errorf(format string, args ...any) {
	l.log.Error("store: " + fmt.Sprintf(format, args...))
}

// Fatalf must not return: the tree's state is undefined after it. On the way of
// a write the panic is caught; elsewhere it ends the process, which is what is
// left to do.
func (l treeLogger) Fatalf(format string, args ...any) {
	err := fatalError(fmt.Sprintf(format, args...))
	l.fail(err)
	panic(err)
}

// fatalError is what the tree said before it could not go on.
type fatalError string

func (e fatalError) Error() string { return string(e) }

func panicError(r any) error {
	if err, ok := r.(error); ok {
		return err
	}
	return fmt.Errorf("panic: %v", r)
}
