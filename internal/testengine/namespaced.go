package testengine

import (
	"context"
	"strings"
	"sync"

	"github.com/recant-chat/recant/store"
)

// namespaceBytes is the length of a namespace: 40 random bits. Names are shorter by
// it than on the store itself.
const namespaceBytes = 8

// pageSize is how many partitions a listing looks at at once.
const pageSize = 1000

// namespaced is the part of a store whose partitions' names begin with the namespace.
// Closing it leaves the store open.
type namespaced struct {
	store     store.Store
	namespace string

	gate   sync.RWMutex // held for reading by every verb
	closed bool
}

// within runs a verb on the store's name of a partition.
func (s *namespaced) within(p store.Partition, verb func(store.Partition) error) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if s.closed {
		return store.ErrClosed
	}
	return verb(named(p, s.namespace+p.Name()))
}

// named is a partition of the same kind with another name.
func named(p store.Partition, name string) store.Partition {
	if p.IsBlind() {
		return store.Blind(name)
	}
	return store.Versioned(name)
}

func (s *namespaced) Read(ctx context.Context, p store.Partition, ranges ...store.Range) (rows [][]store.Row, v store.Version, err error) {
	err = s.within(p, func(p store.Partition) (err error) {
		rows, v, err = s.store.Read(ctx, p, ranges...)
		return err
	})
	return rows, v, err
}

func (s *namespaced) Commit(ctx context.Context, p store.Partition, base store.Version, m []store.Mutation) (v store.Version, err error) {
	err = s.within(p, func(p store.Partition) (err error) {
		v, err = s.store.Commit(ctx, p, base, m)
		return err
	})
	return v, err
}

func (s *namespaced) Put(ctx context.Context, p store.Partition, m []store.Mutation) error {
	return s.within(p, func(p store.Partition) error { return s.store.Put(ctx, p, m) })
}

func (s *namespaced) Drop(ctx context.Context, p store.Partition) error {
	return s.within(p, func(p store.Partition) error { return s.store.Drop(ctx, p) })
}

// Partitions passes over those of all other tests.
func (s *namespaced) Partitions(ctx context.Context, cursor string, limit int) (own []store.Partition, err error) {
	var last store.Partition
	if cursor != "" {
		if last, err = store.ParseCursor(cursor); err != nil {
			return nil, err
		}
	}
	err = s.within(last, func(last store.Partition) error {
		if cursor != "" {
			cursor = last.Cursor()
		}
		for len(own) < limit {
			page, err := s.store.Partitions(ctx, cursor, pageSize)
			if err != nil || len(page) == 0 {
				return err
			}
			for _, p := range page {
				if name, ok := strings.CutPrefix(p.Name(), s.namespace); ok && len(own) < limit {
					own = append(own, named(p, name))
				}
			}
			cursor = page[len(page)-1].Cursor()
		}
		return nil
	})
	return own, err
}

func (s *namespaced) Purge(ctx context.Context, p store.Partition) error {
	return s.within(p, func(p store.Partition) error { return s.store.Purge(ctx, p) })
}

func (s *namespaced) Close() error {
	s.gate.Lock()
	defer s.gate.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	s.closed = true
	return nil
}
