package pebble

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	cpebble "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/recant-chat/recant/store"
)

const (
	// How long to wait before looking again whether files are removed, and before
	// the next change of the log.
	minRemovalPoll = time.Millisecond
	maxRemovalPoll = 100 * time.Millisecond

	tableSuffix = ".sst"
)

// Purge implements store.Store. Purges take turns.
func (s *Store) Purge(ctx context.Context, p store.Partition) error {
	if err := store.CheckName(p); err != nil {
		return err
	}
	if err := s.enterToWrite(ctx); err != nil {
		return err
	}
	defer s.leave()

	select {
	case s.purging <- struct{}{}:
		defer func() { <-s.purging }()
	case <-ctx.Done():
		return ctx.Err()
	case <-s.failed:
		return s.failure()
	}
	lower, upper := partitionBounds(appendPrefix(make([]byte, 0, prefixBytes(p)), p))
	if err := s.purge(ctx, lower, upper); err != nil {
		return fmt.Errorf("purge: %w", err)
	}
	return nil
}

// purge takes what was deleted between the bounds first out of the log, then
// out of the tables that stay, and then waits for the files that held it to go.
func (s *Store) purge(ctx context.Context, lower, upper []byte) error {
	s.removals.begin()
	defer s.removals.end()

	if err := s.flush(ctx); err != nil {
		return err
	}
	logs, err := s.closedLogs()
	if err != nil {
		return err
	}
	if err := s.compactAll(ctx, lower, upper); err != nil {
		return err
	}
	tables, err := s.files(isTableFile)
	if err != nil {
		return err
	}
	return s.awaitRemoval(ctx, append(tables, logs...))
}

// flush puts what is in memory into tables and starts a new log.
func (s *Store) flush(ctx context.Context) error {
	flushed, err := s.beginFlush()
	if err != nil {
		return err
	}
	select {
	case <-flushed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.failed:
		return s.failure()
	}
}

// beginFlush goes the way of a write, see apply: it may find that the log has
// failed.
func (s *Store) beginFlush() (flushed <-chan struct{}, err error) {
	s.pipeline.Lock()
	defer s.pipeline.Unlock()
	if err := s.failure(); err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil {
			s.broken = true
			s.fail(panicError(r))
			err = s.failure()
		}
	}()
	return s.db.AsyncFlush()
}

// compactAll leaves, of each key between the bounds, at most the newest of the
// entries that were in tables when it began.
//
// Within one level below the first a key has one entry, since nothing ever takes
// a snapshot of the tree, so entries that were replaced are gone once all are in
// one level. A compaction moves every entry down until below the deepest level
// that had one when it began. It does not touch the bottom level alone, where
// there is nothing to do. Compactions of the tree's own, which run beside it, may
// have moved the deepest entries further meanwhile; then it takes another pass,
// and after one for each level everything is at the bottom.
func (s *Store) compactAll(ctx context.Context, lower, upper []byte) error {
	for pass := 0; ; pass++ {
		_, deepest, bottom, err := s.levels(lower, upper)
		if err != nil || deepest < 0 {
			return err
		}
		if err := s.compact(ctx, lower, upper); err != nil {
			return err
		}
		occupied, _, _, err := s.levels(lower, upper)
		if err != nil || occupied <= 1 || deepest == bottom || pass == bottom {
			return err
		}
	}
}

// levels returns in how many levels of the tree tables overlap the bounds, the
// deepest of them, -1 if there is none, and the tree's bottom level.
func (s *Store) levels(lower, upper []byte) (occupied, deepest, bottom int, err error) {
	tables, err := s.db.SSTables(cpebble.WithKeyRangeFilter(lower, upper))
	if err != nil {
		return 0, 0, 0, err
	}
	deepest = -1
	for level := range tables {
		if len(tables[level]) > 0 {
			occupied++
			deepest = level
		}
	}
	return occupied, deepest, len(tables) - 1, nil
}

// compact runs in a goroutine of its own because it may start a new log itself,
// and then waits, deaf to its context, behind a write that a failing log has
// broken. Such a goroutine ends with the process.
func (s *Store) compact(ctx context.Context, lower, upper []byte) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				s.fail(panicError(r))
				s.pipeline.Lock()
				defer s.pipeline.Unlock()
				s.broken = true
				done <- s.failure()
			}
		}()
		done <- s.db.Compact(ctx, lower, upper, false)
	}()
	select {
	case err := <-done:
		return err
	case <-s.failed:
	}
	cancel()
	s.pipeline.Lock()
	broken := s.broken
	s.pipeline.Unlock()
	if !broken {
		<-done
	}
	return s.failure()
}

// closedLogs returns the logs but the one that is being written. Called after a
// flush of a purge, it returns all that can hold what was written before.
func (s *Store) closedLogs() ([]string, error) {
	logs, err := s.files(isLogFile)
	if err != nil || len(logs) == 0 {
		return nil, err
	}
	// Their names are numbers, of one width for a long time and then longer.
	newest := slices.MaxFunc(logs, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	return slices.DeleteFunc(logs, func(name string) bool { return name == newest }), nil
}

func isLogFile(name string) bool { return strings.HasSuffix(name, ".log") }

func isTableFile(name string) bool { return strings.HasSuffix(name, tableSuffix) }

// files returns the names of the tree's files of one kind.
func (s *Store) files(kind func(name string) bool) ([]string, error) {
	names, err := s.fs.List(s.dbDir)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(names, func(name string) bool { return !kind(name) }), nil
}

// stillThere returns those of the files that were not removed yet.
func (s *Store) stillThere(names []string) ([]string, error) {
	return s.files(func(name string) bool { return slices.Contains(names, name) })
}

// awaitRemoval waits until each of the files is removed or, a table, in use.
//
// A log is removed when the tree would take it for its next one, so the wait for
// it changes logs. A table that the tree has no use for is kept as long as a read
// that began before still looks at it. A table that is being written is not in
// use yet; it holds nothing that was purged, and the wait for it ends with its
// compaction.
func (s *Store) awaitRemoval(ctx context.Context, files []string) error {
	for poll := minRemovalPoll; ; poll = min(2*poll, maxRemovalPoll) {
		idle, err := s.notInUse(files)
		if err != nil {
			return err
		}
		if files, err = s.stillThere(idle); err != nil {
			return err
		}
		if err := s.removeOrphans(files); err != nil {
			return err
		}
		if slices.ContainsFunc(files, isLogFile) {
			if err := s.flush(ctx); err != nil {
				return err
			}
		}
		if err := s.removals.failure(); err != nil {
			return err
		}
		if len(files) == 0 {
			// The names of removed files must not come back with a power cut.
			return syncDir(s.fs, s.dbDir)
		}
		select {
		case <-time.After(poll):
		case <-ctx.Done():
			return ctx.Err()
		case <-s.failed:
			return s.failure()
		}
	}
}

// notInUse returns those of the files that are no tables of the tree.
func (s *Store) notInUse(names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	levels, err := s.db.SSTables()
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for _, tables := range levels {
		for i := range tables {
			used[tables[i].BackingSSTNum.String()+tableSuffix] = true
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return used[name] }), nil
}

// removeOrphans tries again to remove those of the files that the tree has given
// up.
func (s *Store) removeOrphans(names []string) error {
	for _, name := range names {
		if !s.removals.isOrphan(name) {
			continue
		}
		if err := s.fs.Remove(s.fs.PathJoin(s.dbDir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// removals is what the tree's file system knows about files that go, and whether
// it has to let logs go rather than have them written over.
type removals struct {
	mu     sync.Mutex
	active bool
	failed error // why a log was written over all the same while active

	// orphans are the files whose removal failed. The tree does not try again
	// before it is opened the next time.
	orphans map[string]bool
}

func (r *removals) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.active, r.failed = true, nil
}

func (r *removals) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.active = false
}

func (r *removals) isActive() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.active
}

func (r *removals) isOrphan(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.orphans[name]
}

func (r *removals) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

// removed notes what became of an attempt to remove a file.
func (r *removals) removed(name string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		delete(r.orphans, name)
		return
	}
	if r.orphans == nil {
		r.orphans = map[string]bool{}
	}
	r.orphans[name] = true
}

// reused notes that a log that could not be removed was written over.
func (r *removals) reused(name string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.orphans, name)
	r.failed = err
}

// purgingFS gives the tree new logs while a purge is under way. Otherwise the
// tree writes over an old one, which is faster to sync but leaves what stood
// beyond the end of the new log, maybe for ever.
type purgingFS struct {
	vfs.FS
	removals *removals
}

// Unwrap lets the tree find the file system below.
func (p purgingFS) Unwrap() vfs.FS { return p.FS }

func (p purgingFS) Remove(name string) error {
	err := p.FS.Remove(name)
	p.removals.removed(p.PathBase(name), err)
	return err
}

func (p purgingFS) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if !p.removals.isActive() {
		return p.FS.ReuseForWrite(oldname, newname, category)
	}
	if err := p.Remove(oldname); err != nil {
		// The purge fails, the writer who needs a log does not.
		p.removals.reused(p.PathBase(oldname), err)
		return p.FS.ReuseForWrite(oldname, newname, category)
	}
	return p.FS.Create(newname, category)
}
