package storetest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/recant-chat/recant/store"
)

// contenders lets many commits race for one version. Each writes rows of its
// own and one that all share.
func contenders(t *testing.T, f Fixture) {
	const rounds, rivals = 20, 8
	p := store.Versioned("p")
	var base store.Version
	for range rounds {
		versions := make([]store.Version, rivals)
		var wg sync.WaitGroup
		for r := range rivals {
			wg.Go(func() {
				v, err := f.Store.Commit(t.Context(), p, base, []store.Mutation{
					store.Delete(number(uint64(r+1) % rivals)), store.Set(number(uint64(r)), nil), set("winner", fmt.Sprint(r)),
				})
				if err != nil && !errors.Is(err, store.ErrConflict) {
					t.Errorf("rival %d: %v", r, err)
				}
				versions[r] = v
			})
		}
		wg.Wait()
		winners := 0
		for r, v := range versions {
			if v == "" {
				continue
			}
			winners++
			rows, at := read(t, f.Store, p, store.Range{})
			wantRows(t, "rows after the race", rows[0], string(number(uint64(r))), "", "winner", fmt.Sprint(r))
			if at != v {
				t.Errorf("version %x after the race, the winner's is %x", at, v)
			}
			base = commit(t, f.Store, p, v, store.Delete(number(uint64(r))))
		}
		if winners != 1 {
			t.Fatalf("%d commits at one version succeeded", winners)
		}
	}
}

// increment adds one to the counter and notes who did, and tries again when
// another writer was first or the outcome is unknown and the note is not there.
func increment(ctx context.Context, s store.Store, p store.Partition, note string) error {
	for {
		rows, base, err := s.Read(ctx, p, store.Key([]byte("count")), store.Key([]byte(note)))
		if err != nil {
			return err
		}
		if len(rows[1]) == 1 {
			return nil
		}
		count := uint64(0)
		if len(rows[0]) == 1 {
			count = binary.BigEndian.Uint64(rows[0][0].Value)
		}
		_, err = s.Commit(ctx, p, base, []store.Mutation{
			store.Set([]byte("count"), number(count+1)), store.Set([]byte(note), nil),
		})
		if !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrUnknown) {
			return err
		}
	}
}

func wantCount(t *testing.T, s store.Store, p store.Partition, want int) {
	t.Helper()
	rows, _ := read(t, s, p, store.Key([]byte("count")), store.Prefix([]byte("note")))
	if len(rows[0]) != 1 || binary.BigEndian.Uint64(rows[0][0].Value) != uint64(want) {
		t.Errorf("count is %s, want %d", describe(rows[0]), want)
	}
	if len(rows[1]) != want {
		t.Errorf("%d notes, want %d", len(rows[1]), want)
	}
}

func oneCounter(t *testing.T, f Fixture) {
	const writers, each = 8, 25
	p := store.Versioned("p")
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if err := increment(t.Context(), f.Store, p, fmt.Sprintf("note %d %d", w, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	wantCount(t, f.Store, p, writers*each)
}

func manyCounters(t *testing.T, f Fixture) {
	const partitions, each = 32, 20
	var wg sync.WaitGroup
	for n := range partitions {
		wg.Go(func() {
			p := store.Versioned(fmt.Sprint("p", n))
			var base store.Version
			for i := range each {
				v, err := f.Store.Commit(t.Context(), p, base, []store.Mutation{
					store.Set([]byte("count"), number(uint64(i+1))), store.Set(fmt.Appendf(nil, "note %d", i), nil),
				})
				if err != nil {
					t.Errorf("the only writer of %q: %v", p.Name(), err)
					return
				}
				base = v
			}
		})
	}
	wg.Wait()
	for n := range partitions {
		wantCount(t, f.Store, store.Versioned(fmt.Sprint("p", n)), each)
	}
}

// readersAndWriter has one writer give many rows one value in each commit, and
// readers who must never see two values, an old state after a newer one was
// acknowledged, or a value at a version that is not its own.
func readersAndWriter(t *testing.T, f Fixture) {
	const commits, readers, width = 150, 4, 40
	p := store.Versioned("p")
	var acked atomic.Uint64
	var wrote sync.Map // of store.Version to uint64
	saw := make([]map[store.Version]uint64, readers)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for r := range readers {
		saw[r] = map[store.Version]uint64{}
		wg.Go(func() {
			for {
				floor := acked.Load()
				n, v, err := readUniform(t.Context(), f.Store, p, width)
				if err != nil {
					t.Error(err)
					return
				}
				if n < floor {
					t.Errorf("read %d after %d was acknowledged", n, floor)
				}
				saw[r][v] = n
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	wrote.Store(store.Version(""), uint64(0))
	var base store.Version
	for n := uint64(1); n <= commits; n++ {
		mutations := make([]store.Mutation, width)
		for i := range mutations {
			mutations[i] = store.Set(number(uint64(i)), number(n))
		}
		base = commit(t, f.Store, p, base, mutations...)
		wrote.Store(base, n)
		acked.Store(n)
	}
	close(done)
	wg.Wait()
	for _, m := range saw {
		for v, n := range m {
			if want, _ := wrote.Load(v); want != n {
				t.Errorf("read %d at the version of %v", n, want)
			}
		}
	}
}

// readUniform reads rows that share one value, in pieces, and returns it.
func readUniform(ctx context.Context, s store.Store, p store.Partition, width int) (uint64, store.Version, error) {
	rows, v, err := s.Read(ctx, p,
		store.Key(number(3)), store.Range{Reverse: true, Limit: width / 2},
		store.Range{To: number(uint64(width / 2))}, store.Key(number(uint64(width-1))))
	if err != nil || v == "" {
		return 0, v, err
	}
	values := map[uint64]int{}
	for _, r := range rows {
		for _, row := range r {
			values[binary.BigEndian.Uint64(row.Value)]++
		}
	}
	for n, rows := range values {
		if len(values) == 1 && rows == width+2 {
			return n, v, nil
		}
	}
	return 0, v, fmt.Errorf("one read saw parts of commits: value and number of rows %v", values)
}

func dropBesideWriters(t *testing.T, f Fixture) {
	const writers, each = 4, 20
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if err := increment(t.Context(), f.Store, store.Versioned(fmt.Sprint("kept", w)), fmt.Sprint("note ", i)); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for i := range each {
				p, b := store.Versioned(fmt.Sprintf("kept%d\x00%d", w, i)), store.Blind(fmt.Sprint("kept", w))
				if _, err := f.Store.Commit(t.Context(), p, "", many(200, 5)); err != nil {
					t.Error(err)
				}
				if err := errors.Join(f.Store.Drop(t.Context(), p), f.Store.Drop(t.Context(), b)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for w := range writers {
		wantCount(t, f.Store, store.Versioned(fmt.Sprint("kept", w)), each)
		for i := range each {
			wantAll(t, f.Store, store.Versioned(fmt.Sprintf("kept%d\x00%d", w, i)), "")
		}
	}
}

// dropBesideCommits drops a partition while somebody commits to it: what comes
// after the drop is at a version that is gone.
func dropBesideCommits(t *testing.T, f Fixture) {
	const rounds, rows = 50, 100
	for n := range rounds {
		p := store.Versioned(fmt.Sprint("p", n))
		base := commit(t, f.Store, p, "", many(rows, 5)...)
		var wg sync.WaitGroup
		wg.Go(func() {
			var err error
			for err == nil {
				base, err = f.Store.Commit(t.Context(), p, base, many(rows, 5))
			}
			wantError(t, "commit after the drop", err, store.ErrConflict)
		})
		remove(t, f.Store, p)
		wg.Wait()
		wantAll(t, f.Store, p, "")
	}
}

// dropBesidePuts drops a partition while somebody puts pairs of rows into it,
// one of each pair over a row that was there. A put comes before the drop, and
// is gone, or after it, and is there as a whole.
func dropBesidePuts(t *testing.T, f Fixture) {
	const rounds, pairs = 50, 60
	for n := range rounds {
		p := store.Blind(fmt.Sprint("p", n))
		put(t, f.Store, p, many(pairs, 5)...)
		var wg sync.WaitGroup
		begun := make(chan struct{})
		wg.Go(func() {
			for i := range uint64(pairs) {
				if i == pairs/4 {
					close(begun)
				}
				err := f.Store.Put(t.Context(), p, []store.Mutation{store.Set(number(i), nil), store.Set(number(pairs+i), nil)})
				if err != nil {
					t.Error(err)
				}
			}
		})
		<-begun
		remove(t, f.Store, p)
		wg.Wait()
		rows, _ := read(t, f.Store, p, store.Range{To: number(pairs)}, store.Range{From: number(pairs)})
		if len(rows[0]) != len(rows[1]) {
			t.Fatalf("round %d: of the pairs there are %d first rows and %d second ones", n, len(rows[0]), len(rows[1]))
		}
	}
}
