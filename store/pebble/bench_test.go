package pebble

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/recant-chat/recant/store"
)

// BenchmarkCommitOneRow commits one row per operation from many callers, each
// with a partition of its own, on the disk of the temporary directory.
func BenchmarkCommitOneRow(b *testing.B) {
	for _, callers := range []int{1, 32, 128} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s := open(b, b.TempDir(), Options{})
			defer s.Close()
			var next atomic.Int64
			b.SetParallelism(callers)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				p := store.Versioned(fmt.Sprint("partition ", next.Add(1)))
				value := make([]byte, 100)
				var base store.Version
				for n := uint64(0); pb.Next(); n++ {
					v, err := s.Commit(b.Context(), p, base, []store.Mutation{store.Set(num(n), value)})
					if err != nil {
						b.Error(err)
						return
					}
					base = v
				}
			})
		})
	}
}

// benchPartitions fills partitions of 100 rows each; most of them end up in
// tables.
func benchPartitions(b *testing.B, count int) (*Store, []store.Partition) {
	s := open(b, b.TempDir(), Options{MemTableBytes: 1 << 20})
	b.Cleanup(func() { s.Close() })
	partitions := make([]store.Partition, count)
	for i := range partitions {
		partitions[i] = store.Versioned(fmt.Sprint("partition ", i))
		mutations := make([]store.Mutation, 100)
		for n := range mutations {
			mutations[n] = store.Set(num(uint64(2*n)), make([]byte, 200))
		}
		if _, err := s.Commit(b.Context(), partitions[i], "", mutations); err != nil {
			b.Fatal(err)
		}
	}
	return s, partitions
}

// BenchmarkReadPoint reads by key and by range from 1,000 partitions.
func BenchmarkReadPoint(b *testing.B) {
	s, partitions := benchPartitions(b, 1000)
	cases := []struct {
		name   string
		ranges func(n uint64) []store.Range
	}{
		{"present", func(n uint64) []store.Range { return []store.Range{store.Key(num(2 * (n % 100)))} }},
		{"absent", func(n uint64) []store.Range { return []store.Range{store.Key(num(2*(n%100) + 1))} }},
		{"version", func(uint64) []store.Range { return nil }},
		{"newest20", func(uint64) []store.Range { return []store.Range{{Reverse: true, Limit: 20}} }},
	}
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			var n uint64
			for b.Loop() {
				n++
				if _, _, err := s.Read(b.Context(), partitions[n*7919%1000], c.ranges(n)...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("unwritten partition", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := s.Read(b.Context(), store.Versioned("none"), store.Range{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
