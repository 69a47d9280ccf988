package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/recant-chat/recant/store"
)

// Tombstones is an engine on which a deleted row stays for ever as a tombstone, as on
// a cluster it stays for days. It counts how many of them each Read of a range passes
// over, which there costs as much as rows do and fails where they are too many. Of an
// empty range that is up to the row behind it. A row
// that is written again, or a partition that is dropped, has none.
type Tombstones struct {
	mu      sync.Mutex
	inner   store.Store
	deleted map[store.Partition][][]byte // keys in order
	worst   map[byte]Passing             // by the first byte of the partition's name
}

// Passing is a Read that passed over tombstones.
type Passing struct {
	Partition  store.Partition
	Range      store.Range
	Tombstones int
}

func (p Passing) String() string {
	return fmt.Sprintf("%d tombstones in %q from %q to %q (reverse %v, limit %d)",
		p.Tombstones, p.Partition.Name(), p.Range.From, p.Range.To, p.Range.Reverse, p.Range.Limit)
}

// On makes inner the engine that is counted on, and returns it as one that counts.
// What is known of an engine before, on the same data, stays known.
func (t *Tombstones) On(inner store.Store) store.Store {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inner = inner
	if t.deleted == nil {
		t.deleted = map[store.Partition][][]byte{}
		t.worst = map[byte]Passing{}
	}
	counting := counting{inner, t}
	if engine, ok := inner.(store.Exclusive); ok {
		return struct {
			store.Store
			store.Exclusive
		}{counting, engine}
	}
	return counting
}

// Worst returns, for each kind of partition, which is the first byte of a name, the
// Read that passed over the most tombstones since the last call.
func (t *Tombstones) Worst() map[byte]Passing {
	t.mu.Lock()
	defer t.mu.Unlock()
	worst := t.worst
	t.worst = map[byte]Passing{}
	return worst
}

// counting is the engine that counts.
type counting struct {
	store.Store
	t *Tombstones
}

func (c counting) Read(ctx context.Context, p store.Partition, ranges ...store.Range) ([][]store.Row, store.Version, error) {
	rows, version, err := c.Store.Read(ctx, p, ranges...)
	if err != nil {
		return nil, "", err
	}
	read := slices.Clone(ranges)
	for i, r := range ranges {
		if !p.IsBlind() && len(rows[i]) == 0 && !r.IsKey() {
			// A cluster finds the version of an empty range at the row that follows.
			next, _, err := c.Store.Read(ctx, p, store.Range{From: r.From, Limit: 1})
			if err != nil {
				return nil, "", err
			}
			read[i].To, read[i].Limit = nil, 0
			for _, row := range next[0] {
				read[i].To = row.Key
			}
		}
	}
	c.t.passed(p, read, rows)
	return rows, version, nil
}

func (c counting) Commit(ctx context.Context, p store.Partition, base store.Version, mutations []store.Mutation) (store.Version, error) {
	version, err := c.Store.Commit(ctx, p, base, mutations)
	if err == nil || errors.Is(err, store.ErrUnknown) {
		c.t.wrote(p, mutations)
	}
	return version, err
}

func (c counting) Put(ctx context.Context, p store.Partition, mutations []store.Mutation) error {
	err := c.Store.Put(ctx, p, mutations)
	if err == nil {
		c.t.wrote(p, mutations)
	}
	return err
}

func (c counting) Drop(ctx context.Context, p store.Partition) error {
	err := c.Store.Drop(ctx, p)
	if err == nil {
		c.t.mu.Lock()
		defer c.t.mu.Unlock()
		delete(c.t.deleted, p)
	}
	return err
}

func (t *Tombstones) wrote(p store.Partition, mutations []store.Mutation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	keys := t.deleted[p]
	for _, m := range mutations {
		at, there := slices.BinarySearchFunc(keys, m.Key, bytes.Compare)
		switch {
		case m.Delete && !there:
			keys = slices.Insert(keys, at, bytes.Clone(m.Key))
		case !m.Delete && there:
			keys = slices.Delete(keys, at, at+1)
		}
	}
	t.deleted[p] = keys
}

// passed counts the tombstones between where a range begins and its last row, or its
// end where it has no more rows.
func (t *Tombstones) passed(p store.Partition, ranges []store.Range, rows [][]store.Row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	keys := t.deleted[p]
	for i, r := range ranges {
		from, to := r.From, r.To
		if n := len(rows[i]); r.Limit > 0 && n == r.Limit {
			if last := rows[i][n-1].Key; r.Reverse {
				from = last
			} else {
				to = last
			}
		}
		low, _ := slices.BinarySearchFunc(keys, from, bytes.Compare)
		high := len(keys)
		if to != nil {
			high, _ = slices.BinarySearchFunc(keys, to, bytes.Compare)
		}
		if kind := p.Name()[0]; high-low > t.worst[kind].Tombstones {
			t.worst[kind] = Passing{p, r, high - low}
		}
	}
}
