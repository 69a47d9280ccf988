// Package pebble is the embedded engine: every partition of the server in one
// log-structured tree on this machine's disk.
//
// # Layout
//
// The data directory holds a file FORMAT, the decimal number of the layout
// described here, and the directory db, which is the tree's own. In the tree a
// key is
//
//	kind  name, escaped and closed  slot  row key
//
// The kind is 'v' for versioned partitions and 'b' for blind ones. The name is
// escaped so that no partition's keys lie among another's. Slot 0 of a
// versioned partition is its version, slot 1 its rows. The key "eepoch" counts
// how often the directory was opened.
//
// # Versions
//
// A version is the epoch (the count of opens, durable before Open returns)
// followed by a counter that starts at 0 in each epoch. No two commits share
// one, whatever crashes or is dropped between them.
//
// # Writing
//
// A Commit locks its partition, compares the version and applies one batch,
// which carries the new version. It holds the partition's lock until the batch
// is on disk, and nothing else: commits to other partitions join the same sync.
// A Put applies its batch without a sync; the log is in order, so the next sync
// makes it durable too.
//
// # Reading
//
// The tree shows a batch before it is on disk. A Read therefore takes its
// snapshot first, asks then whether a commit to the partition is under way, and
// answers only when that commit is durable.
//
// # Purging
//
// A delete writes a mark; what it deletes stays in the tables until compactions
// happen to meet both, and in the log until it is written over. Purge makes it
// so at once: it writes what is in memory to tables and begins a new log, merges
// the partition's tables down until no key has more than one entry, changes the
// log until every log from before has had its turn to be removed rather than
// written over, and waits until the files that are replaced are off the disk. A
// read that began before keeps such files until it ends, and Purge waits for it.
//
// Nothing may take a snapshot of the tree: see compactAll.
//
// What a purge covers are the values, in the tables and in the log. The key of a
// deleted row may stay, as the mark of its deletion or, until the tree begins
// another manifest, as the bound of a table. Not covered are the blocks of the
// disk that the removed files leave to the file system.
//
// # Failure
//
// After a failed write or sync of the log nobody knows what the disk holds, and
// trying again may report success for data that is lost. The store stops: the
// commits under way return store.ErrUnknown, everything after ErrFailed, and
// Failed is closed so that the program can end. What the disk holds is found out
// by opening the directory again in a new process. A failure while the tree
// changes to its next log, or in its background work where it cannot go on, ends
// the process at once.
package pebble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	cpebble "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/recant-chat/recant/store"
)

var (
	// ErrInUse is returned by Open when another process, or another store of
	// this one, has the data directory open.
	ErrInUse = errors.New("store: data directory is in use by another server")
	// ErrFailed is returned by every verb once the store has stopped because
	// the disk failed it; nothing was written. Its chain holds the cause.
	ErrFailed = errors.New("store: stopped after a disk failure")
)

// dbDirectory is the tree's place in the data directory.
const dbDirectory = "db"

// Store is the embedded engine. It implements store.Store.
type Store struct {
	db        *cpebble.DB
	directory *cpebble.Lock
	fs        vfs.FS // the tree's
	dbDir     string
	log       *slog.Logger
	epoch     uint64
	readOnly  bool
	counter   atomic.Uint64
	locks     *partitionLocks
	buffers   sync.Pool // of *readBuffer

	// syncing is the number of commits that wait for the disk.
	syncing atomic.Int32

	// open is held for reading by every verb and for writing by Close, which
	// so waits for them.
	open   sync.RWMutex
	closed bool

	// pipeline serializes the way into the tree's commit pipeline, up to but
	// without the wait for the sync. The tree panics with a mutex of its own
	// held when the log has failed; whoever came behind would wait for ever.
	pipeline sync.Mutex
	// broken is set when that has happened: the tree cannot be closed any
	// more. Guarded by pipeline.
	broken bool

	// purging holds one token while a purge is under way.
	purging  chan struct{}
	removals *removals

	failOnce sync.Once
	failed   chan struct{}
	cause    error // set before failed is closed
}

var _ store.Store = (*Store)(nil)

// Open opens the data directory, creates it if it is missing, and brings an
// older format up to date, unless it may only read. Errors: ErrInUse,
// ErrNewerFormat, with Options.ReadOnly ErrOlderFormat and ErrNoData, or what the
// file system says.
func Open(dir string, opts Options) (*Store, error) {
	opts = opts.withDefaults()
	if opts.FS == vfs.Default {
		// The lock is kept by name: one directory must have one name.
		absolute, err := filepath.Abs(dir)
		if err != nil {
			return nil, fmt.Errorf("open store: %w", err)
		}
		dir = absolute
		opts.FS = lockingFS{FS: opts.FS, shared: opts.ReadOnly}
	}
	s, err := openLocked(dir, opts)
	if err != nil {
		return nil, fmt.Errorf("open store in %s: %w", dir, err)
	}
	return s, nil
}

func openLocked(dir string, opts Options) (_ *Store, err error) {
	dbDir := opts.FS.PathJoin(dir, dbDirectory)
	if !opts.ReadOnly {
		if err := makeDirectories(opts.FS, dir, dbDir); err != nil {
			return nil, err
		}
	}
	lock, err := cpebble.LockDirectory(dbDir, opts.FS)
	if err != nil {
		return nil, lockError(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, lock.Close())
		}
	}()
	format, fresh, err := checkFormat(opts.FS, dir, dbDir, firstFormat+len(opts.migrations))
	if err != nil {
		return nil, err
	}
	switch {
	case opts.ReadOnly && fresh:
		return nil, ErrNoData
	case opts.ReadOnly && format < firstFormat+len(opts.migrations):
		return nil, fmt.Errorf("%w: it has format %d", ErrOlderFormat, format)
	}
	s := &Store{
		readOnly:  opts.ReadOnly,
		directory: lock,
		dbDir:     dbDir,
		log:       opts.Logger,
		locks:     newPartitionLocks(),
		purging:   make(chan struct{}, 1),
		removals:  &removals{},
		failed:    make(chan struct{}),
	}
	s.fs = purgingFS{FS: orderedFS{opts.FS}, removals: s.removals}
	s.buffers.New = func() any { return new(readBuffer) }
	s.db, err = openTree(dbDir, opts, lock, s)
	if err != nil {
		return nil, err
	}
	if err = s.readEpoch(); err == nil && !s.readOnly {
		err = s.prepare(opts, dir, format, fresh)
	}
	if err != nil && !s.broken {
		err = errors.Join(err, s.db.Close())
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

func makeDirectories(f vfs.FS, dir, dbDir string) error {
	if err := f.MkdirAll(dbDir, 0o700); err != nil {
		return err
	}
	for _, d := range []string{f.PathDir(dir), dir} {
		if err := syncDir(f, d); err != nil {
			return err
		}
	}
	return nil
}

// prepare writes what a directory needs before anything else is written to it.
func (s *Store) prepare(opts Options, dir string, format int, fresh bool) (err error) {
	if fresh {
		err = markFresh(opts.FS, dir, s.db, format)
	} else {
		err = migrate(opts.FS, dir, s.db, format, opts.migrations)
	}
	if err != nil {
		return err
	}
	return s.beginEpoch()
}

// lockError tells "somebody else holds it" from any other failure. The file
// systems report the former by a bare errno or by a sentence.
func lockError(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return err
	}
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) ||
		strings.Contains(err.Error(), "lock held by current process") {
		return ErrInUse
	}
	return err
}

// readEpoch reads how often the directory was opened to write.
func (s *Store) readEpoch() error {
	value, closer, err := s.db.Get(epochKey())
	if errors.Is(err, cpebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(value) == 8 {
		s.epoch = binary.BigEndian.Uint64(value)
	}
	if err := closer.Close(); err != nil {
		return err
	}
	if s.epoch == 0 {
		return errors.New("the epoch is damaged")
	}
	return nil
}

// beginEpoch makes every version of this run differ from all before it.
func (s *Store) beginEpoch() (err error) {
	// Nothing is under way yet, so a panic of the tree about its log is still
	// an ordinary failure to open.
	defer func() {
		if r := recover(); r != nil {
			s.broken = true
			err = panicError(r)
		}
	}()
	s.epoch++
	return s.db.Set(epochKey(), binary.BigEndian.AppendUint64(nil, s.epoch), cpebble.Sync)
}

// nextVersion returns a version that nothing ever had.
func (s *Store) nextVersion() store.Version {
	return encodeVersion(s.epoch, s.counter.Add(1))
}

// enter admits a verb; the caller calls leave when it returned nil.
func (s *Store) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.open.RLock()
	err := s.failure()
	if s.closed {
		err = store.ErrClosed
	}
	if err != nil {
		s.open.RUnlock()
	}
	return err
}

// enterToWrite is enter for a verb that writes.
func (s *Store) enterToWrite(ctx context.Context) error {
	if err := s.enter(ctx); err != nil || !s.readOnly {
		return err
	}
	s.leave()
	return store.ErrReadOnly
}

func (s *Store) leave() { s.open.RUnlock() }

// Failed is closed when the store has stopped because the disk failed it. The
// program should then end: no verb succeeds any more.
func (s *Store) Failed() <-chan struct{} { return s.failed }

// fail stops the store for the given cause; the first one counts.
func (s *Store) fail(cause error) {
	s.failOnce.Do(func() {
		s.cause = cause
		close(s.failed)
		s.log.Error("store stopped: the disk failed", "error", cause)
	})
}

// failure returns ErrFailed with its cause once the store has stopped.
func (s *Store) failure() error {
	select {
	case <-s.failed:
		return fmt.Errorf("%w: %w", ErrFailed, s.cause)
	default:
		return nil
	}
}

// Opening counts how often the directory was opened to write, which only one
// process can have done at a time. An opening that only reads has the number of the
// last one that wrote.
func (s *Store) Opening() uint64 { return s.epoch }

// Close waits for the verbs under way, closes the tree and releases the
// directory. It waits for purges too, which can take long; whoever wants it to
// be quick cancels them first. A second Close returns store.ErrClosed. After a failure it returns
// ErrFailed; when the failure left the tree beyond closing, the directory stays
// locked until the process ends.
func (s *Store) Close() error {
	s.open.Lock()
	defer s.open.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	s.closed = true
	err := errors.Join(s.failure(), s.closeTree())
	if err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

func (s *Store) closeTree() error {
	s.pipeline.Lock()
	defer s.pipeline.Unlock()
	if s.broken {
		return nil
	}
	return errors.Join(s.db.Close(), s.directory.Close())
}
