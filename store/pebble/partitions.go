package pebble

import (
	"bytes"
	"context"
	"fmt"

	cpebble "github.com/cockroachdb/pebble/v2"

	"github.com/recant-chat/recant/store"
)

// Partitions implements store.Store: first all blind partitions by name, then all
// versioned ones. It does not pass over rows.
func (s *Store) Partitions(ctx context.Context, cursor string, limit int) ([]store.Partition, error) {
	from := []byte{kindBlind}
	if cursor != "" {
		last, err := store.ParseCursor(cursor)
		if err != nil {
			return nil, err
		}
		from = append(appendPrefix(nil, last), slotEnd)
	}
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	it, err := s.db.NewIter(&cpebble.IterOptions{LowerBound: from, UpperBound: []byte{kindVersioned + 1}})
	if err != nil {
		return nil, fmt.Errorf("list partitions: %w", err)
	}
	defer it.Close()
	var partitions []store.Partition
	for valid := it.First(); valid && len(partitions) < limit; valid = it.SeekGE(from) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if kind := it.Key()[0]; kind != kindBlind && kind != kindVersioned {
			from = []byte{kind + 1}
			continue
		}
		p, err := partitionOf(it.Key())
		if err != nil {
			return nil, err
		}
		partitions = append(partitions, p)
		from = append(appendPrefix(from[:0], p), slotEnd)
	}
	if err := it.Error(); err != nil {
		return nil, fmt.Errorf("list partitions: %w", err)
	}
	return partitions, s.failure()
}

// partitionOf returns the partition that a key of the tree belongs to.
func partitionOf(key []byte) (store.Partition, error) {
	var name []byte
	for rest := key[1:]; ; {
		n := bytes.IndexByte(rest, nameEscape)
		if n < 0 || n+1 == len(rest) {
			return store.Partition{}, fmt.Errorf("list partitions: key %x belongs to none", key)
		}
		name = append(name, rest[:n]...)
		if rest[n+1] == nameClose {
			break
		}
		name = append(name, nameEscape)
		rest = rest[n+2:]
	}
	if key[0] == kindBlind {
		return store.Blind(string(name)), nil
	}
	return store.Versioned(string(name)), nil
}
