package chat

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/recant-chat/recant/store"
)

// workList is a list of work that is under way. Rows of it come and go, and a read of
// all of it passes over those that are gone: so it is spread over many partitions,
// and only now and then looked through as a whole, for what other processes have left.
// In between a process looks at the rows that it knows of.
type workList struct {
	app        *App
	partition  func(app uint32, key []byte) store.Partition
	partitions func(app uint32) []store.Partition

	mu    sync.Mutex
	known map[string]bool // keys of rows that were there
}

// put lists work; rows of several keys are of one partition.
func (l *workList) put(ctx context.Context, rows ...store.Mutation) error {
	if len(rows) == 0 {
		return nil
	}
	l.note(true, rows...)
	return l.write(ctx, rows...)
}

// remove takes work off the list.
func (l *workList) remove(ctx context.Context, key []byte) error {
	row := store.Delete(key)
	if err := l.write(ctx, row); err != nil {
		return err
	}
	l.note(false, row)
	return nil
}

func (l *workList) write(ctx context.Context, rows ...store.Mutation) error {
	return l.app.store.Put(ctx, l.partition(l.app.id, rows[0].Key), rows)
}

func (l *workList) note(there bool, rows ...store.Mutation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil {
		l.known = map[string]bool{}
	}
	for _, row := range rows {
		if there {
			l.known[string(row.Key)] = true
		} else {
			delete(l.known, string(row.Key))
		}
	}
}

// row reads one row of the list, nil where it is not there.
func (l *workList) row(ctx context.Context, key []byte) (*store.Row, error) {
	rows, _, err := l.app.store.Read(ctx, l.partition(l.app.id, key), store.Key(key))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read list of work: %w", err)
	case len(rows[0]) == 0:
		l.note(false, store.Delete(key))
		return nil, nil
	}
	return &rows[0][0], nil
}

// each calls visit for the rows that this process knows of, or with all for every
// row of the list, until it returns an error.
func (l *workList) each(ctx context.Context, all bool, visit func(store.Row) error) error {
	if all {
		for _, p := range l.partitions(l.app.id) {
			err := l.app.scan(ctx, p, store.Range{}, func(row store.Row) error {
				l.note(true, store.Set(row.Key, nil))
				return visit(row)
			})
			if err != nil {
				return err
			}
		}
		return nil
	}
	l.mu.Lock()
	keys := slices.Sorted(maps.Keys(l.known))
	l.mu.Unlock()
	for _, key := range keys {
		row, err := l.row(ctx, []byte(key))
		if err == nil && row != nil {
			err = visit(*row)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
