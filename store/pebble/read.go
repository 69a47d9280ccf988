package pebble

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	cpebble "github.com/cockroachdb/pebble/v2"

	"github.com/recant-chat/recant/store"
)

const (
	// checkEvery is how many rows a scan takes between two looks at its
	// context.
	checkEvery = 1024
	// Rows of one range share allocations of growing size. The bound limits
	// what a caller holds on to who keeps one row of many.
	firstRows  = 32
	firstChunk = 512
	maxChunk   = 8 << 10
)

// readBuffer is the memory that one Read builds its keys in.
type readBuffer struct {
	prefix, lower, upper []byte
}

// Read implements store.Store.
func (s *Store) Read(ctx context.Context, p store.Partition, ranges ...store.Range) ([][]store.Row, store.Version, error) {
	if err := store.CheckName(p); err != nil {
		return nil, "", err
	}
	if err := s.enter(ctx); err != nil {
		return nil, "", err
	}
	defer s.leave()

	b := s.buffers.Get().(*readBuffer)
	defer s.buffers.Put(b)
	b.prefix = appendPrefix(b.prefix[:0], p)
	b.lower = append(append(b.lower[:0], b.prefix...), slotMeta)
	b.upper = append(append(b.upper[:0], b.prefix...), slotEnd)

	// An iterator sees the tree as it was when it was made; only then is it
	// the time to ask what is not durable yet.
	it, err := s.db.NewIter(&cpebble.IterOptions{LowerBound: b.lower, UpperBound: b.upper})
	if err != nil {
		return nil, "", fmt.Errorf("read: %w", err)
	}
	underWay := s.locks.underWay(b.prefix)
	rows, version, err := readAll(ctx, it, b, p, ranges)
	if err = errors.Join(err, it.Close()); err != nil {
		return nil, "", fmt.Errorf("read: %w", err)
	}
	if underWay != nil {
		select {
		case <-underWay:
		case <-ctx.Done():
			return nil, "", ctx.Err()
		}
	}
	// What was seen may be a write whose sync has failed since.
	if err := s.failure(); err != nil {
		return nil, "", err
	}
	return rows, version, nil
}

// readAll reads the version and the ranges from one iterator: first single
// rows, by their Bloom filters and within the partition's bounds, then
// the ranges that need bounds of their own.
func readAll(ctx context.Context, it *cpebble.Iterator, b *readBuffer, p store.Partition, ranges []store.Range) ([][]store.Row, store.Version, error) {
	rows := make([][]store.Row, len(ranges))
	var version store.Version
	if !p.IsBlind() {
		if !it.SeekPrefixGE(b.lower) {
			// Every commit writes a version, so without one there are no rows.
			return rows, "", it.Error()
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return nil, "", err
		}
		version = store.Version(value)
	}
	spans := 0
	for i := range ranges {
		if !ranges[i].IsKey() {
			spans++
			continue
		}
		b.lower = append(append(append(b.lower[:0], b.prefix...), slotRow), ranges[i].From...)
		if !it.SeekPrefixGE(b.lower) {
			if err := it.Error(); err != nil {
				return nil, "", err
			}
			continue
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return nil, "", err
		}
		rows[i] = []store.Row{copyRow(ranges[i].From, value)}
	}
	if spans == 0 {
		return rows, version, nil
	}
	for i := range ranges {
		if ranges[i].IsKey() {
			continue
		}
		var err error
		if rows[i], err = readRange(ctx, it, b, &ranges[i]); err != nil {
			return nil, "", err
		}
	}
	return rows, version, nil
}

func readRange(ctx context.Context, it *cpebble.Iterator, b *readBuffer, r *store.Range) ([]store.Row, error) {
	if r.To != nil && bytes.Compare(r.From, r.To) >= 0 {
		return nil, nil
	}
	b.lower = append(append(append(b.lower[:0], b.prefix...), slotRow), r.From...)
	if r.To != nil {
		b.upper = append(append(append(b.upper[:0], b.prefix...), slotRow), r.To...)
	} else {
		b.upper = append(append(b.upper[:0], b.prefix...), slotEnd)
	}
	it.SetBounds(b.lower, b.upper)

	var rows []store.Row
	var memory chunk
	skip := len(b.prefix) + 1
	for valid := start(it, r.Reverse); valid; valid = advance(it, r.Reverse) {
		value, err := it.ValueAndErr()
		if err != nil {
			return nil, err
		}
		if rows == nil {
			rows = make([]store.Row, 0, min(max(r.Limit, 1), firstRows))
		}
		rows = append(rows, memory.row(it.Key()[skip:], value))
		if len(rows) == r.Limit {
			break
		}
		if len(rows)%checkEvery == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
	}
	return rows, it.Error()
}

func start(it *cpebble.Iterator, reverse bool) bool {
	if reverse {
		return it.Last()
	}
	return it.First()
}

func advance(it *cpebble.Iterator, reverse bool) bool {
	if reverse {
		return it.Prev()
	}
	return it.Next()
}

// chunk is memory that rows are cut from.
type chunk struct {
	free []byte
	size int
}

func (c *chunk) row(key, value []byte) store.Row {
	n := len(key) + len(value)
	if n > len(c.free) {
		c.size = min(max(2*c.size, firstChunk), maxChunk)
		if n >= c.size/2 {
			return copyRow(key, value)
		}
		c.free = make([]byte, c.size)
	}
	row := cut(c.free, key, value)
	c.free = c.free[n:]
	return row
}

func copyRow(key, value []byte) store.Row {
	return cut(make([]byte, len(key)+len(value)), key, value)
}

// cut copies key and value to the start of memory. Their capacities end where
// they end, so a caller who appends to one harms no neighbour.
func cut(memory, key, value []byte) store.Row {
	k := copy(memory, key)
	n := k + copy(memory[k:], value)
	return store.Row{Key: memory[:k:k], Value: memory[k:n:n]}
}
