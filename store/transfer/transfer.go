// Package transfer moves everything from one store to another, of whatever engines,
// and compares two stores.
//
// A copy writes what differs, partition by partition in the order in which the
// source lists them. Until all is there, a row of the destination's own marks it as
// a copy, so that nobody serves it, and says how far it has come, so that the same
// copy goes on where it was cut off: the row is written after the partitions that it
// speaks of, and no engine loses an earlier write and keeps a later one. Versions
// are not copied: they name states of a partition in one store, and no row has one.
package transfer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

var (
	// ErrForeign is returned by Copy where the destination has data that no copy
	// brought; nothing was done.
	ErrForeign = errors.New("the destination has data already")
	// ErrOtherSource is returned by Copy where a copy from another source has begun
	// at the destination; nothing was done.
	ErrOtherSource = errors.New("a copy of another source has begun at the destination")
	// ErrUnfinished is returned where the source is an unfinished copy itself.
	ErrUnfinished = errors.New("the source is an unfinished copy")
	// ErrChanging is returned where somebody writes to a store meanwhile.
	ErrChanging = errors.New("is being written to")
)

// defaultParallel is how many partitions are worked on at once.
const defaultParallel = 8

// Options of a Copy or Verify; the zero value serves.
type Options struct {
	// Parallel is how many partitions are worked on at once; 0 is 8.
	Parallel int
	// Counts counts what is done while it is done; nil is nobody's.
	Counts *Counts

	markEvery time.Duration // stands in for the constant in tests
}

func (o Options) withDefaults() Options {
	if o.Parallel <= 0 {
		o.Parallel = defaultParallel
	}
	if o.Counts == nil {
		o.Counts = &Counts{}
	}
	if o.markEvery == 0 {
		o.markEvery = markEvery
	}
	return o
}

// Counts are what was copied or compared. Those of a copy that goes on include what
// was copied before.
type Counts struct {
	Partitions, Rows, Bytes atomic.Int64 // bytes of keys and values
	Before                  atomic.Int64 // of the bytes
}

func (c *Counts) add(rows, bytes int64) {
	c.Partitions.Add(1)
	c.Rows.Add(rows)
	c.Bytes.Add(bytes)
}

// Unfinished returns the source of a copy that has begun at the store and not ended,
// "" where there is none.
func Unfinished(ctx context.Context, s store.Store) (source string, err error) {
	mark, err := readMark(ctx, s)
	return mark.GetFrom(), err
}

// Finish takes the mark from a store that a copy has brought everything to.
func Finish(ctx context.Context, to store.Store) error {
	err := persist(ctx, func() error { return to.Drop(ctx, record.CopyPartition()) })
	if err != nil {
		return fmt.Errorf("take the mark from the destination: %w", err)
	}
	source, err := Unfinished(ctx, to)
	if err == nil && source != "" {
		// What a clock that was ahead wrote to a cluster outlives its deletion.
		err = errors.New("the destination is still marked as a copy; is this machine's clock right?")
	}
	return err
}

// Restart has the copy that has begun at a store look at everything again when it goes
// on.
func Restart(ctx context.Context, to store.Store) error {
	mark, err := readMark(ctx, to)
	if err != nil || mark == nil {
		return err
	}
	return writeMark(ctx, to, &record.Copy{From: mark.From, Opening: mark.Opening})
}

func readMark(ctx context.Context, s store.Store) (*record.Copy, error) {
	rows, _, err := s.Read(ctx, record.CopyPartition(), store.Key(record.CopyKey))
	if err != nil || len(rows[0]) == 0 {
		return nil, err
	}
	mark := &record.Copy{}
	if err := proto.Unmarshal(rows[0][0].Value, mark); err != nil {
		return nil, fmt.Errorf("the mark of a copy cannot be read: %w", err)
	}
	return mark, nil
}

func writeMark(ctx context.Context, s store.Store, mark *record.Copy) error {
	value, err := proto.Marshal(mark)
	if err != nil {
		return err
	}
	return s.Put(ctx, record.CopyPartition(), []store.Mutation{store.Set(record.CopyKey, value)})
}

// maxAttempts bounds how often a write is tried that met another or whose outcome is
// unknown.
const maxAttempts = 8

// persist runs what does no harm when it is run again until it has an outcome.
func persist(ctx context.Context, write func() error) error {
	for attempt := 1; ; attempt++ {
		err := write()
		if !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrUnknown) || attempt == maxAttempts {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(rand.N(10 * time.Millisecond << attempt)):
		}
	}
}

// listPage is how many partitions are listed at once.
const listPage = 1000

// forEach works on the partitions of a store from behind a cursor on, so many at
// once, each with its place in the listing. The mark of a copy is none of them.
func forEach(ctx context.Context, s store.Store, cursor string, parallel int, do func(ctx context.Context, n int, p store.Partition) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	list := func() error {
		for n := 0; ; {
			page, err := s.Partitions(ctx, cursor, listPage)
			if err != nil || len(page) == 0 {
				return err
			}
			for _, p := range page {
				if err := ctx.Err(); err != nil {
					return err
				}
				cursor = p.Cursor()
				if p == record.CopyPartition() {
					continue
				}
				place := n
				n++
				group.Go(func() error {
					if err := do(ctx, place, p); err != nil {
						return fmt.Errorf("partition %q: %w", p.Name(), err)
					}
					return nil
				})
			}
		}
	}
	listed := list()
	if err := group.Wait(); err != nil {
		return err
	}
	return listed
}

// pageRows is how many rows are read at once.
const pageRows = 256

// rows reads the rows of a partition one after the other. With the version that it
// found first it sees to it that all are as of one version.
type rows struct {
	store   store.Store
	p       store.Partition
	version store.Version
	page    []store.Row
	from    []byte // where the next page begins
	begun   bool
	ended   bool
	moved   error // what it means that the version has moved
}

// next returns the next row, nil after the last.
func (r *rows) next(ctx context.Context) (*store.Row, error) {
	if len(r.page) == 0 && !r.ended {
		read, version, err := r.store.Read(ctx, r.p, store.Range{From: r.from, Limit: pageRows})
		switch {
		case err != nil:
			return nil, err
		case r.begun && version != r.version:
			return nil, r.moved
		}
		r.page, r.version, r.begun, r.ended = read[0], version, true, len(read[0]) < pageRows
	}
	if len(r.page) == 0 {
		return nil, nil
	}
	row := &r.page[0]
	if r.page = r.page[1:]; len(r.page) == 0 {
		r.from = append(append([]byte{}, row.Key...), 0)
	}
	return row, nil
}

// isEmpty reports whether the store has nothing of the partition, not even a version.
func isEmpty(ctx context.Context, s store.Store, p store.Partition) (bool, error) {
	rows, version, err := s.Read(ctx, p, store.Range{Limit: 1})
	return err == nil && len(rows[0]) == 0 && version == "", err
}

// done is what was copied, up to a cursor.
type done struct {
	cursor                  string
	partitions, rows, bytes int64
}

// places tells how far work has come that is done in another order than it was given
// out.
type places struct {
	mu     sync.Mutex
	behind map[int]done // what is done while something before it is not, by place
	front  int          // the first place that is not done
}

// finished notes that the work of a place is done. It returns what is done since the
// last time without a gap, with the cursor "" where that is nothing; mu is held.
func (p *places) finished(n int, work done) (since done) {
	if p.behind == nil {
		p.behind = map[int]done{}
	}
	p.behind[n] = work
	for next, ok := p.behind[p.front]; ok; next, ok = p.behind[p.front] {
		delete(p.behind, p.front)
		p.front++
		since = done{next.cursor, since.partitions + next.partitions, since.rows + next.rows, since.bytes + next.bytes}
	}
	return since
}
