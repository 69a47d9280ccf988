package pebble

import (
	"context"
	"errors"
	"fmt"

	cpebble "github.com/cockroachdb/pebble/v2"

	"github.com/recant-chat/recant/store"
)

// dropByKey is how many rows Drop removes one by one. Beyond it a single range
// deletion is cheaper; below, range deletions would pile up and slow every read
// that passes them.
const dropByKey = 128

// Commit implements store.Store.
func (s *Store) Commit(ctx context.Context, p store.Partition, base store.Version, mutations []store.Mutation) (store.Version, error) {
	if err := store.CheckCommit(p, mutations); err != nil {
		return "", err
	}
	if err := s.enterToWrite(ctx); err != nil {
		return "", err
	}
	defer s.leave()

	prefix := appendPrefix(make([]byte, 0, prefixBytes(p)), p)
	lock, err := s.locks.acquire(ctx, prefix)
	if err != nil {
		return "", err
	}
	defer lock.release()

	current, err := s.version(prefix)
	if err != nil {
		return "", fmt.Errorf("commit: %w", err)
	}
	if current != base {
		return "", store.ErrConflict
	}
	next := s.nextVersion()
	batch := s.newBatch(prefix, mutations)
	key := append(prefix, slotMeta)
	setDeferred(batch, key, nil, []byte(next))
	if err := s.applySynced(lock, batch); err != nil {
		return "", err
	}
	return next, nil
}

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, p store.Partition, mutations []store.Mutation) error {
	if err := store.CheckPut(p, mutations); err != nil {
		return err
	}
	if err := s.enterToWrite(ctx); err != nil {
		return err
	}
	defer s.leave()
	if len(mutations) == 0 {
		return nil
	}
	batch := s.newBatch(appendPrefix(make([]byte, 0, prefixBytes(p)), p), mutations)
	if _, err := s.apply(batch, cpebble.NoSync); err != nil {
		return s.failure() // an error of apply has stopped the store
	}
	return closeBatch(batch)
}

// Drop implements store.Store.
func (s *Store) Drop(ctx context.Context, p store.Partition) error {
	if err := store.CheckName(p); err != nil {
		return err
	}
	if err := s.enterToWrite(ctx); err != nil {
		return err
	}
	defer s.leave()

	prefix := appendPrefix(make([]byte, 0, prefixBytes(p)), p)
	lock, err := s.locks.acquire(ctx, prefix)
	if err != nil {
		return err
	}
	defer lock.release()

	batch := s.db.NewBatch()
	// Puts take no lock, so only a range deletion is sure to cover a blind
	// partition as it is when the batch is applied.
	if p.IsBlind() {
		err = deletePartition(batch, prefix)
	} else {
		err = s.deleteRows(batch, prefix)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("drop: %w", err), batch.Close())
	}
	if batch.Empty() {
		return batch.Close()
	}
	return s.applySynced(lock, batch)
}

// deleteRows adds to the batch what removes every row of a partition that is
// locked.
func (s *Store) deleteRows(batch *cpebble.Batch, prefix []byte) (err error) {
	lower, upper := partitionBounds(prefix)
	it, err := s.db.NewIter(&cpebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for it.First(); it.Valid(); it.Next() {
		if batch.Count() == dropByKey {
			batch.Reset()
			return deletePartition(batch, prefix)
		}
		if err := batch.Delete(it.Key(), nil); err != nil {
			return err
		}
	}
	return it.Error()
}

func deletePartition(batch *cpebble.Batch, prefix []byte) error {
	lower, upper := partitionBounds(prefix)
	return batch.DeleteRange(lower, upper, nil)
}

func partitionBounds(prefix []byte) (lower, upper []byte) {
	n := len(prefix)
	return append(prefix[:n:n], slotMeta), append(prefix[:n:n], slotEnd)
}

// version returns the version of a partition that is locked, so that what it
// reads is durable.
func (s *Store) version(prefix []byte) (store.Version, error) {
	n := len(prefix)
	value, closer, err := s.db.Get(append(prefix[:n:n], slotMeta))
	if errors.Is(err, cpebble.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	// The value is the tree's memory until Close, and Go may call Close before
	// it converts in one return statement.
	version := store.Version(value)
	return version, closer.Close()
}

// newBatch returns the mutations as one batch, in order, so that the later of
// two of one key wins. It leaves the capacity of prefix untouched.
func (s *Store) newBatch(prefix []byte, mutations []store.Mutation) *cpebble.Batch {
	size := 64
	for i := range mutations {
		size += len(prefix) + len(mutations[i].Key) + len(mutations[i].Value) + 16
	}
	batch := s.db.NewBatchWithSize(size)
	n := len(prefix)
	rows := append(prefix[:n:n], slotRow)
	for i := range mutations {
		m := &mutations[i]
		if m.Delete {
			op := batch.DeleteDeferred(len(rows) + len(m.Key))
			copy(op.Key[copy(op.Key, rows):], m.Key)
			finishDeferred(op)
			continue
		}
		setDeferred(batch, rows, m.Key, m.Value)
	}
	return batch
}

// setDeferred writes a row whose key has two parts straight into the batch.
func setDeferred(batch *cpebble.Batch, key, rest, value []byte) {
	op := batch.SetDeferred(len(key)+len(rest), len(value))
	copy(op.Key[copy(op.Key, key):], rest)
	copy(op.Value, value)
	finishDeferred(op)
}

// finishDeferred cannot fail: the batch has no index.
func finishDeferred(op *cpebble.DeferredBatchOp) {
	if err := op.Finish(); err != nil {
		panic(err)
	}
}

// applySynced applies the batch and waits for the disk, with readers of the
// partition warned meanwhile. Errors: ErrFailed when nothing was written,
// store.ErrUnknown when something may have been.
func (s *Store) applySynced(lock *lockEntry, batch *cpebble.Batch) error {
	lock.beginWrite()
	// A failure is on record before readers go on.
	defer lock.endWrite()
	s.syncing.Add(1)
	defer s.syncing.Add(-1)
	begun, err := s.apply(batch, cpebble.Sync)
	if err == nil {
		if err = batch.SyncWait(); err != nil {
			s.fail(err)
		}
	}
	switch {
	case err == nil:
		return closeBatch(batch)
	case begun:
		return fmt.Errorf("%w: %w", store.ErrUnknown, err)
	}
	return err
}

// apply hands the batch to the tree, without the wait for a sync, and reports
// whether it began to. An error means that the store has stopped; the batch is
// then the tree's for ever.
func (s *Store) apply(batch *cpebble.Batch, opts *cpebble.WriteOptions) (begun bool, err error) {
	s.pipeline.Lock()
	defer s.pipeline.Unlock()
	if err := s.failure(); err != nil {
		return false, err
	}
	begun = true
	defer func() {
		if r := recover(); r != nil {
			s.broken = true
			err = panicError(r)
			s.fail(err)
		}
	}()
	if opts.Sync {
		err = s.db.ApplyNoSyncWait(batch, opts)
	} else {
		err = s.db.Apply(batch, opts)
	}
	if err != nil {
		s.fail(err)
	}
	return begun, err
}

// closeBatch returns a durable batch's memory. What it held is written, so its
// failure is not the write's.
func closeBatch(batch *cpebble.Batch) error {
	if err := batch.Close(); err != nil {
		return fmt.Errorf("release a written batch: %w", err)
	}
	return nil
}

// prefixBytes is room for a partition's prefix, the slot and a short row key.
func prefixBytes(p store.Partition) int { return len(p.Name()) + 32 }
