package pebble

import (
	"context"
	"hash/maphash"
	"sync"
)

const lockShards = 64 // a power of two

// partitionLocks gives each partition that is being written a lock, and tells
// readers which partitions have a write that may be visible but not durable.
// An entry lives as long as somebody holds or awaits it, so memory follows the
// number of writers and not the number of partitions.
type partitionLocks struct {
	seed   maphash.Seed
	shards [lockShards]lockShard
}

type lockShard struct {
	mu      sync.Mutex
	entries map[string]*lockEntry
}

type lockEntry struct {
	shard *lockShard
	key   string
	// turn holds one token while the partition is locked.
	turn chan struct{}
	// refs counts holders and waiters; guarded by shard.mu.
	refs int
	// writing is not nil from before a write can become visible until its
	// outcome is known, and is closed then; guarded by shard.mu.
	writing chan struct{}
}

func newPartitionLocks() *partitionLocks {
	l := &partitionLocks{seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].entries = make(map[string]*lockEntry)
	}
	return l
}

func (l *partitionLocks) shard(prefix []byte) *lockShard {
	return &l.shards[maphash.Bytes(l.seed, prefix)&(lockShards-1)]
}

// acquire locks the partition, or returns the context's error.
func (l *partitionLocks) acquire(ctx context.Context, prefix []byte) (*lockEntry, error) {
	s := l.shard(prefix)
	s.mu.Lock()
	e := s.entries[string(prefix)]
	if e == nil {
		e = &lockEntry{shard: s, key: string(prefix), turn: make(chan struct{}, 1)}
		s.entries[e.key] = e
	}
	e.refs++
	s.mu.Unlock()

	select {
	case e.turn <- struct{}{}:
		return e, nil
	default:
	}
	select {
	case e.turn <- struct{}{}:
		return e, nil
	case <-ctx.Done():
		e.unref()
		return nil, ctx.Err()
	}
}

// release unlocks the partition.
func (e *lockEntry) release() {
	<-e.turn
	e.unref()
}

func (e *lockEntry) unref() {
	e.shard.mu.Lock()
	defer e.shard.mu.Unlock()
	if e.refs--; e.refs == 0 {
		delete(e.shard.entries, e.key)
	}
}

// beginWrite announces a write to readers. The caller holds the lock, has not
// yet handed the write to the engine, and calls endWrite when the write is
// durable or the store has failed.
func (e *lockEntry) beginWrite() {
	e.shard.mu.Lock()
	defer e.shard.mu.Unlock()
	e.writing = make(chan struct{})
}

func (e *lockEntry) endWrite() {
	e.shard.mu.Lock()
	defer e.shard.mu.Unlock()
	close(e.writing)
	e.writing = nil
}

// underWay returns a channel that is closed once the write that is under way
// in the partition has ended, or nil when there is none. A reader that took
// its snapshot before it asks can have seen nothing that is not durable,
// except of that write.
func (l *partitionLocks) underWay(prefix []byte) <-chan struct{} {
	s := l.shard(prefix)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[string(prefix)]; e != nil && e.writing != nil {
		return e.writing
	}
	return nil
}
