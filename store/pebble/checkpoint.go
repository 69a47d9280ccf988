package pebble

import (
	"context"
	"fmt"
	"io/fs"
)

// Checkpoint makes a copy of the whole store as of one moment during the call, in a
// directory that must not exist: a data directory like any other. Everything
// acknowledged before is in it, each commit whole or not at all. Where both are on one
// file system the tables are hard links, so that it takes little time and, until the
// store has rewritten them, little room.
//
// It runs beside all other verbs but Purge, which waits. What is purged later stays in
// the copy. A version that the store makes later may be made by whoever opens the
// copy, too, for another state.
//
// A copy that was cut short cannot be opened. Errors: fs.ErrExist, ErrFailed,
// store.ErrClosed, or what the file system says.
func (s *Store) Checkpoint(ctx context.Context, dir string) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	select {
	case s.purging <- struct{}{}:
		defer func() { <-s.purging }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := s.checkpoint(dir); err != nil {
		return fmt.Errorf("checkpoint to %s: %w", dir, err)
	}
	return s.failure()
}

func (s *Store) checkpoint(dir string) error {
	if _, err := s.fs.Stat(dir); err == nil {
		return fs.ErrExist
	}
	format, _, err := readFormat(s.fs, s.fs.PathDir(s.dbDir))
	if err != nil {
		return err
	}
	// What was committed is in the log's file, so the tree need not sync it again.
	if err := s.db.Checkpoint(s.fs.PathJoin(dir, dbDirectory)); err != nil {
		return err
	}
	// Without its format a database with rows is refused.
	return writeFormat(s.fs, dir, format)
}
