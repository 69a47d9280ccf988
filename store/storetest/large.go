package storetest

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/recant-chat/recant/store"
)

// pageTime is what a page of a huge partition may take, half the time, on the
// slowest machine and with the race detector: far less than a scan of it takes
// on the fastest.
const pageTime = 50 * time.Millisecond

func largePartition(t *testing.T, f Fixture) {
	total := uint64(1_000_000)
	if testing.Short() {
		total = 50_000
	}
	if f.LargeRows > 0 {
		total = f.LargeRows
	}
	p, next := store.Versioned("large"), store.Versioned("large2")
	var base store.Version
	for from := uint64(0); from < total; from += store.MaxMutations {
		mutations := make([]store.Mutation, store.MaxMutations)
		for i := range mutations {
			n := from + uint64(i)
			mutations[i] = store.Set(number(n), number(n^0x5555))
		}
		base = commit(t, f.Store, p, base, mutations...)
	}
	kept := commit(t, f.Store, next, "", set("k", "1"))

	pages := []struct {
		name  string
		r     store.Range
		first uint64
		step  int
		rows  int
	}{
		{"oldest", store.Range{Limit: 20}, 0, 1, 20},
		{"newest", store.Range{Limit: 20, Reverse: true}, total - 1, -1, 20},
		{"middle, up", store.Range{From: number(total / 2), Limit: 20}, total / 2, 1, 20},
		{"middle, down", store.Range{To: number(total / 2), Limit: 20, Reverse: true}, total/2 - 1, -1, 20},
		{"window", store.Range{From: number(total - 1000), To: number(total)}, total - 1000, 1, 1000},
		{"one row", store.Key(number(total / 3)), total / 3, 1, 1},
	}
	for _, page := range pages {
		var took []time.Duration
		for range 21 {
			start := time.Now()
			rows, v := read(t, f.Store, p, page.r)
			took = append(took, time.Since(start))
			if v != base {
				t.Fatalf("%s: version %x, want %x", page.name, v, base)
			}
			wantNumbers(t, page.name, rows[0], page.first, page.step, page.rows)
		}
		slices.Sort(took)
		if median := took[len(took)/2]; median > pageTime {
			t.Errorf("%s of %d rows took %v", page.name, total, median)
		}
	}
	scan(t, f.Store, p, total)

	remove(t, f.Store, p)
	wantAll(t, f.Store, p, "")
	wantAll(t, f.Store, next, kept, "k", "1")
}

// scan reads the partition from end to end in pages.
func scan(t *testing.T, s store.Store, p store.Partition, total uint64) {
	t.Helper()
	const page = 10_000
	for from := uint64(0); from < total; from += page {
		rows, _ := read(t, s, p, store.Range{From: number(from), Limit: page})
		wantNumbers(t, "page", rows[0], from, 1, page)
	}
	rows, _ := read(t, s, p, store.Range{From: number(total)})
	wantRows(t, "behind the last row", rows[0])
}

func wantNumbers(t *testing.T, what string, rows []store.Row, first uint64, step, count int) {
	t.Helper()
	if len(rows) != count {
		t.Fatalf("%s: %d rows, want %d", what, len(rows), count)
	}
	for i, r := range rows {
		n := first + uint64(i*step)
		if binary.BigEndian.Uint64(r.Key) != n || binary.BigEndian.Uint64(r.Value) != n^0x5555 {
			t.Fatalf("%s: row %d is %x=%x, want %x", what, i, r.Key, r.Value, n)
		}
	}
}
