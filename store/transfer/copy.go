package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// markEvery is the least time from one note of how far a copy has come to the next.
const markEvery = time.Second

// Copy makes the destination's partitions have the rows that the source's have, and
// removes those that the source does not have. Nobody may write to either meanwhile;
// the source may be read. source names the source, always the same. The destination
// stays marked: Finish ends the copy.
//
// A copy that was cut off goes on where it was, unless the source is known to have
// been opened to write since. It then looks at everything again.
//
// Errors: ErrForeign, ErrOtherSource, ErrUnfinished, ErrChanging for the source, and
// those of the stores.
func Copy(ctx context.Context, from, to store.Store, source string, o Options) error {
	o = o.withDefaults()
	mark, err := begin(ctx, from, to, source, o.Parallel)
	if err != nil {
		return err
	}
	o.Counts.Partitions.Store(mark.Partitions)
	o.Counts.Rows.Store(mark.Rows)
	o.Counts.Bytes.Store(mark.Bytes)
	o.Counts.Before.Store(mark.Bytes)
	c := &copying{from: from, to: to, mark: mark, counts: o.Counts, markEvery: o.markEvery}
	if err := forEach(ctx, from, mark.Cursor, o.Parallel, c.copy); err != nil {
		return err
	}
	return forEach(ctx, to, "", o.Parallel, func(ctx context.Context, _ int, p store.Partition) error {
		return c.removeExtra(ctx, p)
	})
}

// begin marks the destination, or finds it marked by the same copy.
func begin(ctx context.Context, from, to store.Store, source string, parallel int) (*record.Copy, error) {
	switch other, err := Unfinished(ctx, from); {
	case err != nil:
		return nil, err
	case other != "":
		return nil, fmt.Errorf("%w of %s", ErrUnfinished, other)
	}
	fresh := &record.Copy{From: source}
	if engine, ok := from.(store.Exclusive); ok {
		fresh.Opening = engine.Opening()
	}
	mark, err := readMark(ctx, to)
	switch {
	case err != nil:
		return nil, err
	case mark == nil:
		if err := checkEmpty(ctx, to, parallel); err != nil {
			return nil, err
		}
	case mark.From != source:
		return nil, fmt.Errorf("%w: %s", ErrOtherSource, mark.From)
	case mark.Opening == fresh.Opening:
		return mark, nil
	}
	return fresh, writeMark(ctx, to, fresh)
}

// checkEmpty returns ErrForeign unless the store is empty. A cluster may list
// partitions that are gone.
func checkEmpty(ctx context.Context, s store.Store, parallel int) error {
	return forEach(ctx, s, "", parallel, func(ctx context.Context, _ int, p store.Partition) error {
		empty, err := isEmpty(ctx, s, p)
		if err == nil && !empty {
			err = ErrForeign
		}
		return err
	})
}

// copying is a copy under way.
type copying struct {
	from, to store.Store
	counts   *Counts

	places    // whose mu guards the rest too
	mark      *record.Copy
	markEvery time.Duration
	marked    time.Time // when the mark was written
}

// copy copies one partition, the n-th that this run has come to.
func (c *copying) copy(ctx context.Context, n int, p store.Partition) error {
	var rows, bytes int64
	err := persist(ctx, func() (err error) {
		rows, bytes, err = copyPartition(ctx, c.from, c.to, p)
		return err
	})
	if err != nil {
		return err
	}
	c.counts.add(rows, bytes)
	c.mu.Lock()
	defer c.mu.Unlock()
	since := c.finished(n, done{p.Cursor(), 1, rows, bytes})
	if since.cursor == "" {
		return nil
	}
	c.mark.Cursor = since.cursor
	c.mark.Partitions += since.partitions
	c.mark.Rows += since.rows
	c.mark.Bytes += since.bytes
	if time.Since(c.marked) < c.markEvery {
		return nil
	}
	c.marked = time.Now()
	return writeMark(ctx, c.to, proto.CloneOf(c.mark))
}

// removeExtra removes a partition of the destination that the source does not have:
// a run before found it there. Its name is used no more, since the source dropped it.
func (c *copying) removeExtra(ctx context.Context, p store.Partition) error {
	gone, err := isEmpty(ctx, c.from, p)
	if err != nil || !gone {
		return err
	}
	if empty, err := isEmpty(ctx, c.to, p); err != nil || empty {
		return err
	}
	return persist(ctx, func() error { return c.to.Drop(ctx, p) })
}

// copyPartition writes what differs between a partition here and there, and returns
// how many rows it has and their bytes.
func copyPartition(ctx context.Context, from, to store.Store, p store.Partition) (n, size int64, err error) {
	source := &rows{store: from, p: p, moved: fmt.Errorf("the source %w", ErrChanging)}
	w := &writer{rows: rows{store: to, p: p, moved: store.ErrConflict}}
	there, err := w.next(ctx)
	if err != nil {
		return 0, 0, err
	}
	for {
		here, err := source.next(ctx)
		if err != nil {
			return 0, 0, err
		}
		for there != nil && (here == nil || bytes.Compare(there.Key, here.Key) < 0) {
			if err := w.write(ctx, store.Delete(there.Key)); err != nil {
				return 0, 0, err
			}
			if there, err = w.next(ctx); err != nil {
				return 0, 0, err
			}
		}
		if here == nil {
			return n, size, w.flush(ctx)
		}
		n++
		size += int64(len(here.Key) + len(here.Value))
		same := there != nil && bytes.Equal(there.Key, here.Key)
		if !same || !bytes.Equal(there.Value, here.Value) {
			if err := w.write(ctx, store.Set(here.Key, here.Value)); err != nil {
				return 0, 0, err
			}
		}
		if same {
			if there, err = w.next(ctx); err != nil {
				return 0, 0, err
			}
		}
	}
}

// writer writes to a partition while its rows are read. What it writes lies before
// the row that was read last.
type writer struct {
	rows
	mutations []store.Mutation
	size      int
}

// write adds a mutation, and writes those before it where one commit takes no more.
func (w *writer) write(ctx context.Context, m store.Mutation) error {
	size := len(m.Key) + len(m.Value)
	if len(w.mutations) == store.MaxMutations || w.size+size > store.MaxCommitBytes {
		if err := w.flush(ctx); err != nil {
			return err
		}
	}
	w.mutations = append(w.mutations, m)
	w.size += size
	return nil
}

func (w *writer) flush(ctx context.Context) (err error) {
	if len(w.mutations) == 0 {
		return nil
	}
	if w.p.IsBlind() {
		err = w.store.Put(ctx, w.p, w.mutations)
	} else {
		w.version, err = w.store.Commit(ctx, w.p, w.version, w.mutations)
	}
	w.mutations, w.size = w.mutations[:0], 0
	return err
}

// IsRefusal reports whether an error of Copy says that the two stores cannot be what
// the operator meant, so that trying again does not help.
func IsRefusal(err error) bool {
	return errors.Is(err, ErrForeign) || errors.Is(err, ErrOtherSource) || errors.Is(err, ErrUnfinished)
}
