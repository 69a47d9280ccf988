package transfer

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"github.com/recant-chat/recant/store"
)

// Sum is what Verify knows of a partition in one store.
type Sum struct {
	Rows int64
	Hash [sha256.Size]byte // of all keys and values in order; zero without rows
}

// Difference is a partition that is not the same in both stores.
type Difference struct {
	Partition store.Partition
	From, To  Sum
}

// maxDifferences bounds what a Report lists.
const maxDifferences = 1000

// Report is what Verify found.
type Report struct {
	Differences []Difference // in the order of their names, 1,000 at most
	Different   int          // how many there are
}

// Verify compares all partitions of two stores by number and checksum of their rows,
// and counts those of the first. A partition without rows is as good as none. Nobody
// may write to either meanwhile. Errors: ErrChanging, and those of the stores.
func Verify(ctx context.Context, from, to store.Store, o Options) (Report, error) {
	o = o.withDefaults()
	v := &verifying{}
	err := forEach(ctx, from, "", o.Parallel, func(ctx context.Context, _ int, p store.Partition) error {
		here, size, err := sum(ctx, from, p, "the source")
		if err != nil {
			return err
		}
		there, _, err := sum(ctx, to, p, "the destination")
		if err != nil {
			return err
		}
		o.Counts.add(here.Rows, size)
		v.compare(p, here, there)
		return nil
	})
	if err != nil {
		return Report{}, err
	}
	err = forEach(ctx, to, "", o.Parallel, func(ctx context.Context, _ int, p store.Partition) error {
		rows, _, err := from.Read(ctx, p, store.Range{Limit: 1})
		if err != nil || len(rows[0]) > 0 { // it was compared
			return err
		}
		there, _, err := sum(ctx, to, p, "the destination")
		if err == nil {
			v.compare(p, Sum{}, there)
		}
		return err
	})
	slices.SortFunc(v.report.Differences, func(a, b Difference) int {
		return cmp.Compare(a.Partition.Cursor(), b.Partition.Cursor())
	})
	return v.report, err
}

// verifying is a comparison under way.
type verifying struct {
	mu     sync.Mutex
	seen   map[store.Partition]bool // of the differences
	report Report
}

func (v *verifying) compare(p store.Partition, from, to Sum) {
	if from == to {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.seen[p] {
		return
	}
	v.report.Different++
	if len(v.report.Differences) == maxDifferences {
		return
	}
	if v.seen == nil {
		v.seen = map[store.Partition]bool{}
	}
	v.seen[p] = true
	v.report.Differences = append(v.report.Differences, Difference{p, from, to})
}

// sum reads a whole partition.
func sum(ctx context.Context, s store.Store, p store.Partition, which string) (sum Sum, size int64, err error) {
	r := &rows{store: s, p: p, moved: fmt.Errorf("%s %w", which, ErrChanging)}
	hash := sha256.New()
	var frame bytes.Buffer
	for {
		row, err := r.next(ctx)
		if err != nil {
			return Sum{}, 0, err
		}
		if row == nil {
			break
		}
		sum.Rows++
		size += int64(len(row.Key) + len(row.Value))
		frame.Reset()
		for _, part := range [][]byte{row.Key, row.Value} {
			frame.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
			frame.Write(part)
		}
		hash.Write(frame.Bytes())
	}
	if sum.Rows > 0 {
		hash.Sum(sum.Hash[:0])
	}
	return sum, size, nil
}
