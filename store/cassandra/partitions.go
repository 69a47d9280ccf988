package cassandra

import (
	"context"
	"fmt"

	"github.com/recant-chat/recant/store"
)

// Partitions implements store.Store, in the order of the ring: first all versioned
// partitions, then all blind ones.
func (s *Store) Partitions(ctx context.Context, cursor string, limit int) ([]store.Partition, error) {
	last := store.Versioned("") // that the listing goes on behind, unless it begins
	if cursor != "" {
		var err error
		if last, err = store.ParseCursor(cursor); err != nil {
			return nil, err
		}
	}
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	var partitions []store.Partition
	for _, blind := range []bool{false, true} {
		if cursor != "" && last.IsBlind() && !blind {
			continue
		}
		more, err := s.partitionsOf(ctx, blind, cursor != "", last, limit-len(partitions))
		if err != nil {
			return nil, fmt.Errorf("list partitions: %w", err)
		}
		if partitions = append(partitions, more...); len(partitions) == limit {
			break
		}
		cursor = ""
	}
	return partitions, nil
}

// partitionsOf lists partitions of one table, all or those behind the last one.
func (s *Store) partitionsOf(ctx context.Context, blind, behind bool, last store.Partition, limit int) (partitions []store.Partition, err error) {
	err = s.persist(ctx, func(ctx context.Context) error {
		partitions = nil
		query := s.session.Query(s.statements.table[blind].first, limit)
		if behind {
			query = s.session.Query(s.statements.table[blind].after, partitionKey(last), limit)
		}
		iter := query.PageSize(pageRows).IterContext(ctx)
		var key []byte
		for iter.Scan(&key) {
			if blind {
				partitions = append(partitions, store.Blind(string(key[1:])))
			} else {
				partitions = append(partitions, store.Versioned(string(key[1:])))
			}
		}
		return iter.Close()
	})
	return partitions, err
}
