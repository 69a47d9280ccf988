package chat

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/recant-chat/recant/store"
)

// countedIndex is a blind partition of one row per thing, with the number of
// its rows: counted once when it is first needed and then kept by this
// process's own changes. The number is exact for one process on a store. Beside
// other processes it misses what they do until it is counted again, which may take
// a hundredth of the time.
type countedIndex struct {
	app       *App
	partition store.Partition

	// mu is held for writing while rows are counted or removed, and for reading
	// while one is added, so that no row is counted twice or missed.
	mu sync.RWMutex
	// rows makes those who add one row at once queue, so that it is counted once.
	rows  keyedMutex
	state sync.Mutex // guards what follows
	known bool
	n     int
	again bool // it is being counted again
	took  time.Duration
	due   time.Time // when it is to be, beside other processes
}

const (
	// countShare is the share of the time that an index may be counted in.
	countShare = 100
	// countAtOnce is how long a count may take that a call waits for.
	countAtOnce = 50 * time.Millisecond
)

// insert adds a row unless there are limit rows already; a limit of 0 never
// ends. A row that is there already is no error and not counted again.
func (x *countedIndex) insert(ctx context.Context, row store.Mutation, limit int) (bool, error) {
	if limit > 0 {
		if _, err := x.count(ctx); err != nil {
			return false, err
		}
	}
	defer x.rows.lock(string(row.Key))()
	x.mu.RLock()
	defer x.mu.RUnlock()
	there, err := x.has(ctx, row.Key)
	if err != nil || there {
		return err == nil, err
	}
	x.state.Lock()
	full := limit > 0 && x.n >= limit
	if !full {
		x.n++
	}
	x.state.Unlock()
	if full {
		return false, nil
	}
	if err := x.put(ctx, row); err != nil {
		x.state.Lock()
		x.n--
		x.state.Unlock()
		return false, err
	}
	return true, nil
}

// remove deletes a row if it is there.
func (x *countedIndex) remove(ctx context.Context, key []byte) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	there, err := x.has(ctx, key)
	if err != nil || !there {
		return err
	}
	if err := x.put(ctx, store.Delete(key)); err != nil {
		return err
	}
	x.state.Lock()
	x.n--
	x.state.Unlock()
	return nil
}

// count is the number of rows.
func (x *countedIndex) count(ctx context.Context) (int, error) {
	x.state.Lock()
	n, known, took := x.n, x.known, x.took
	again := known && !x.app.exclusive() && !x.again && time.Now().After(x.due)
	x.again = x.again || again
	x.state.Unlock()
	switch {
	case again && took < countAtOnce:
		return x.recount(ctx)
	case again:
		x.app.background.Go(func() {
			x.app.work(x.app.lifetime, "count of an index", func(ctx context.Context) error {
				_, err := x.recount(ctx)
				return err
			})
		})
	}
	if known {
		return n, nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.counted() {
		return x.recount(ctx)
	}
	x.state.Lock()
	defer x.state.Unlock()
	return x.n, nil
}

// recount counts the rows. What comes and goes meanwhile may be missed, unless mu
// is held.
func (x *countedIndex) recount(ctx context.Context) (int, error) {
	n, began := 0, time.Now()
	err := x.app.scan(ctx, x.partition, store.Range{}, func(store.Row) error {
		n++
		return nil
	})
	x.state.Lock()
	defer x.state.Unlock()
	x.again = false
	if err != nil {
		return 0, err
	}
	x.took = time.Since(began)
	x.n, x.known, x.due = n, true, time.Now().Add(countShare*x.took)
	return n, nil
}

func (x *countedIndex) counted() bool {
	x.state.Lock()
	defer x.state.Unlock()
	return x.known
}

func (x *countedIndex) has(ctx context.Context, key []byte) (bool, error) {
	rows, _, err := x.app.store.Read(ctx, x.partition, store.Key(key))
	if err != nil {
		return false, fmt.Errorf("read index: %w", err)
	}
	return len(rows[0]) > 0, nil
}

func (x *countedIndex) put(ctx context.Context, row store.Mutation) error {
	if err := x.app.store.Put(ctx, x.partition, []store.Mutation{row}); err != nil {
		return fmt.Errorf("write index: %w", err)
	}
	return nil
}

// scanRows is how many rows one read of a long scan takes.
const scanRows = 10_000

// scan calls visit for every row of the range, in key order, until it returns
// an error. Rows that change meanwhile may be met in either state.
func (a *App) scan(ctx context.Context, p store.Partition, r store.Range, visit func(store.Row) error) error {
	r.Limit = scanRows
	for {
		rows, _, err := a.store.Read(ctx, p, r)
		if err != nil {
			return fmt.Errorf("scan rows: %w", err)
		}
		for _, row := range rows[0] {
			if err := visit(row); err != nil {
				return err
			}
		}
		if len(rows[0]) < r.Limit {
			return nil
		}
		r.From = append(rows[0][len(rows[0])-1].Key, 0)
	}
}
