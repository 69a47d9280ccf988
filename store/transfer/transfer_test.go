package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/pebble"
	"github.com/recant-chat/recant/store/record"
)

// opener opens one store, empty at first, whenever it is closed.
type opener func(t testing.TB, readOnly bool) store.Store

// engines are the engines that copies are made between.
func engines() map[string]func() opener {
	return map[string]func() opener{
		"pebble": func() opener {
			f := vfs.NewMem()
			return func(t testing.TB, readOnly bool) store.Store {
				s, err := pebble.Open("data", pebble.Options{FS: f, ReadOnly: readOnly})
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
		},
	}
}

// onEngines tests on every pair of engines.
func onEngines(t *testing.T, test func(t *testing.T, from, to func() opener)) {
	for name, from := range engines() {
		for other, to := range engines() {
			t.Run(name+"To"+other, func(t *testing.T) { test(t, from, to) })
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// content is what a store holds: rows by partition.
type content map[store.Partition]map[string]string

// write makes a partition hold the rows, and no other.
func write(t testing.TB, s store.Store, p store.Partition, rows map[string]string) {
	t.Helper()
	w := &writer{rows: pagesOf(s, p)}
	for {
		old, err := w.next(t.Context())
		must(t, err)
		if old == nil {
			break
		}
		if _, ok := rows[string(old.Key)]; !ok {
			must(t, w.write(t.Context(), store.Delete(old.Key)))
		}
	}
	for key, value := range rows {
		must(t, w.write(t.Context(), store.Set([]byte(key), []byte(value))))
	}
	must(t, w.flush(t.Context()))
}

func pagesOf(s store.Store, p store.Partition) rows {
	return rows{store: s, p: p, moved: store.ErrConflict}
}

// read is all that a store holds but the mark of a copy.
func read(t testing.TB, s store.Store) content {
	t.Helper()
	c := content{}
	for cursor := ""; ; {
		page, err := s.Partitions(t.Context(), cursor, 3)
		must(t, err)
		if len(page) == 0 {
			return c
		}
		for _, p := range page {
			cursor = p.Cursor()
			found, _, err := s.Read(t.Context(), p, store.Range{})
			must(t, err)
			if len(found[0]) == 0 || p == record.CopyPartition() {
				continue
			}
			c[p] = map[string]string{}
			for _, r := range found[0] {
				c[p][string(r.Key)] = string(r.Value)
			}
		}
	}
}

func wantSame(t testing.TB, what string, got, want content) {
	t.Helper()
	for p, rows := range want {
		if len(rows) > 0 && !maps.Equal(got[p], rows) {
			t.Errorf("%s: partition %v has %d rows, want %d", what, p, len(got[p]), len(rows))
		}
	}
	for p := range got {
		if len(want[p]) == 0 {
			t.Errorf("%s: partition %v should not be there", what, p)
		}
	}
}

// verify compares two stores and wants so many differences.
func verify(t testing.TB, from, to store.Store, want int) Report {
	t.Helper()
	report, err := Verify(t.Context(), from, to, Options{})
	must(t, err)
	if report.Different != want || len(report.Differences) != want {
		t.Errorf("%d partitions differ, want %d: %v", report.Different, want, report.Differences)
	}
	return report
}

// drawContent draws what a store may hold: no rows, few, more than a page, large
// ones, names with any bytes.
func drawContent(t *rapid.T, label string) content {
	kind := map[bool]func(string) store.Partition{false: store.Versioned, true: store.Blind}
	c := content{}
	for range rapid.IntRange(0, 4).Draw(t, label+" partitions") {
		p := kind[rapid.Bool().Draw(t, "blind")](rapid.SampledFrom([]string{"a", "b", "a\x00", "\x00", "\xff\x00\x01", "", strings.Repeat("n", store.MaxNameBytes)}).Draw(t, "name"))
		rows := map[string]string{}
		seed := rapid.Uint64().Draw(t, "seed")
		rng := rand.New(rand.NewPCG(seed, 1))
		n := rapid.SampledFrom([]int{0, 1, 7, 7, 7, pageRows - 1, pageRows, store.MaxMutations + 1}).Draw(t, "rows")
		for range n {
			key := binaryText(rng, 1+rng.IntN(4))
			rows[key] = binaryText(rng, rng.IntN(40))
		}
		if rapid.IntRange(0, 9).Draw(t, "large") == 0 {
			for i := range 2 {
				rows[fmt.Sprint("large", i)] = strings.Repeat(binaryText(rng, 1), store.MaxCommitBytes-6)
			}
		}
		c[p] = rows
	}
	return c
}

func binaryText(rng *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.UintN(256)) >> rng.UintN(8)
	}
	return string(b)
}

// Whatever is in the source, the destination has it after a copy and nothing else,
// also where a copy was begun when the source held something else.
func TestACopyHasEveryRowAndNoOther(t *testing.T) {
	onEngines(t, func(t *testing.T, from, to func() opener) {
		rapid.Check(t, func(r *rapid.T) {
			openFrom, openTo := from(), to()
			earlier, now := drawContent(r, "earlier"), drawContent(r, "now")
			destination := openTo(t, false)
			for _, c := range []content{earlier, now} {
				s := openFrom(t, false)
				for p := range read(t, s) {
					if c[p] == nil {
						must(t, s.Drop(t.Context(), p))
					}
				}
				for p, rows := range c {
					write(t, s, p, rows)
				}
				must(t, s.Close())
				source := openFrom(t, true)
				must(t, Copy(t.Context(), source, destination, "source", Options{Parallel: 3, markEvery: 1}))
				wantSame(t, "source", read(t, source), c)
				wantSame(t, "destination", read(t, destination), c)
				verify(t, source, destination, 0)
				must(t, source.Close())
			}
			if source, err := Unfinished(t.Context(), destination); err != nil || source != "source" {
				t.Errorf("the copy is of %q before its end: %v", source, err)
			}
			must(t, Finish(t.Context(), destination))
			if source, err := Unfinished(t.Context(), destination); err != nil || source != "" {
				t.Errorf("the copy is of %q after its end: %v", source, err)
			}
			must(t, destination.Close())
			if t.Failed() {
				r.FailNow()
			}
		})
	})
}

// fill writes partitions of both kinds and returns them.
func fill(t testing.TB, s store.Store, n int) content {
	t.Helper()
	c := content{}
	for i := range n {
		p := store.Versioned(fmt.Sprint("p", i))
		if i%3 == 0 {
			p = store.Blind(fmt.Sprint("p", i))
		}
		c[p] = map[string]string{}
		for k := range 5 {
			c[p][fmt.Sprint(k)] = fmt.Sprint(i, "/", k)
		}
		write(t, s, p, c[p])
	}
	return c
}

// source is a filled store, opened to be read.
func source(t testing.TB, open opener, partitions int) (store.Store, content) {
	t.Helper()
	s := open(t, false)
	c := fill(t, s, partitions)
	must(t, s.Close())
	return reopen(t, open, true), c
}

func reopen(t testing.TB, open opener, readOnly bool) store.Store {
	s := open(t, readOnly)
	t.Cleanup(func() { s.Close() })
	return s
}

// faulty does badly what its function says at each write.
type faulty struct {
	store.Store
	fault func() (before, after error)
	reads *atomic.Int32
}

func (f faulty) Read(ctx context.Context, p store.Partition, ranges ...store.Range) ([][]store.Row, store.Version, error) {
	if f.reads != nil && p != record.CopyPartition() {
		f.reads.Add(1)
	}
	return f.Store.Read(ctx, p, ranges...)
}

func (f faulty) Commit(ctx context.Context, p store.Partition, base store.Version, m []store.Mutation) (v store.Version, err error) {
	before, after := f.fault()
	if before != nil {
		return "", before
	}
	if v, err = f.Store.Commit(ctx, p, base, m); err == nil && after != nil {
		return "", after
	}
	return v, err
}

func (f faulty) Put(ctx context.Context, p store.Partition, m []store.Mutation) error {
	if before, _ := f.fault(); before != nil && !errors.Is(before, store.ErrUnknown) {
		return before
	}
	return f.Store.Put(ctx, p, m)
}

// A copy that is cut off at any write goes on, and reads nothing again that it knows
// to be there.
func TestACopyGoesOnWhereItWasCutOff(t *testing.T) {
	errCut := errors.New("cut off")
	onEngines(t, func(t *testing.T, from, to func() opener) {
		const partitions = 60
		s, want := source(t, from(), partitions)
		var reads atomic.Int32
		s = faulty{Store: s, reads: &reads}
		openTo := to()
		for cuts := 0; ; cuts++ {
			d := openTo(t, false)
			var left atomic.Int32
			left.Store(20)
			var counts Counts
			err := Copy(t.Context(), s, faulty{Store: d, fault: func() (error, error) {
				if left.Add(-1) < 0 {
					return errCut, nil
				}
				return nil, nil
			}}, "source", Options{Parallel: 1, Counts: &counts, markEvery: 1})
			if err == nil {
				if cuts < 3 {
					t.Errorf("the copy was cut off %d times", cuts)
				}
				// Of each partition one read to copy it and one to look for extra ones; one
				// whose copy was not noted before a cut is read again.
				if n := int(reads.Load()); n > 2*partitions+cuts {
					t.Errorf("%d reads of %d partitions with %d cuts", n, partitions, cuts)
				}
				if counts.Partitions.Load() != partitions || counts.Rows.Load() != 5*partitions {
					t.Errorf("counted %d partitions and %d rows", counts.Partitions.Load(), counts.Rows.Load())
				}
				wantSame(t, "destination", read(t, d), want)
				must(t, d.Close())
				return
			}
			if !errors.Is(err, errCut) || cuts > 20 {
				t.Fatalf("copy: %v after %d cuts", err, cuts)
			}
			must(t, d.Close())
		}
	})
}

// Writes that met another or whose outcome is unknown, applied or not, are settled.
func TestACopySettlesConflictsAndUnknownOutcomes(t *testing.T) {
	onEngines(t, func(t *testing.T, from, to func() opener) {
		s, want := source(t, from(), 40)
		d := reopen(t, to(), false)
		var n atomic.Int32
		fault := func() (error, error) {
			switch n.Add(1) % 5 {
			case 0:
				return store.ErrConflict, nil
			case 1:
				return store.ErrUnknown, nil
			case 2:
				return nil, store.ErrUnknown
			}
			return nil, nil
		}
		must(t, Copy(t.Context(), s, faulty{Store: d, fault: func() (error, error) {
			before, after := fault()
			if errors.Is(before, store.ErrConflict) { // a Put knows none
				return fmt.Errorf("%w", store.ErrUnknown), nil
			}
			return before, after
		}}, "source", Options{Parallel: 1}))
		wantSame(t, "destination", read(t, d), want)
	})
}

func TestACopyRefusesWhatItWouldSpoil(t *testing.T) {
	onEngines(t, func(t *testing.T, from, to func() opener) {
		s, want := source(t, from(), 3)
		p := store.Versioned("own")
		d := reopen(t, to(), false)
		if _, err := d.Commit(t.Context(), p, "", nil); err != nil { // a version is data too
			t.Fatal(err)
		}
		if err := Copy(t.Context(), s, d, "source", Options{}); !errors.Is(err, ErrForeign) {
			t.Errorf("copy over data: %v, want ErrForeign", err)
		}
		if got := read(t, d); len(got) > 0 {
			t.Errorf("it has %v", got)
		}
		must(t, d.Drop(t.Context(), p))
		must(t, Copy(t.Context(), s, d, "source", Options{}))
		if err := Copy(t.Context(), s, d, "another", Options{}); !errors.Is(err, ErrOtherSource) || !strings.Contains(err.Error(), "source") {
			t.Errorf("copy from another source: %v, want ErrOtherSource", err)
		}
		if err := Copy(t.Context(), d, reopen(t, to(), false), "copy", Options{}); !errors.Is(err, ErrUnfinished) {
			t.Errorf("copy of an unfinished copy: %v, want ErrUnfinished", err)
		}
		must(t, Finish(t.Context(), d))
		if err := Copy(t.Context(), s, d, "source", Options{}); !errors.Is(err, ErrForeign) {
			t.Errorf("copy over a copy that has ended: %v, want ErrForeign", err)
		}
		wantSame(t, "destination", read(t, d), want)
	})
}

// changing commits to a partition before every read of it.
type changing struct {
	store.Store
	p store.Partition
}

func (c changing) Read(ctx context.Context, p store.Partition, ranges ...store.Range) ([][]store.Row, store.Version, error) {
	if p == c.p {
		_, version, err := c.Store.Read(ctx, p)
		if err != nil {
			return nil, "", err
		}
		if _, err := c.Commit(ctx, p, version, nil); err != nil {
			return nil, "", err
		}
	}
	return c.Store.Read(ctx, p, ranges...)
}

func TestAStoreThatIsWrittenToIsNoticed(t *testing.T) {
	onEngines(t, func(t *testing.T, from, to func() opener) {
		s, d := reopen(t, from(), false), reopen(t, to(), false)
		p, rows := store.Versioned("p"), map[string]string{}
		for i := range pageRows + 1 {
			rows[fmt.Sprint(i)] = ""
		}
		write(t, s, p, rows)
		if err := Copy(t.Context(), changing{s, p}, d, "source", Options{}); !errors.Is(err, ErrChanging) || !strings.Contains(err.Error(), "the source is being written to") {
			t.Errorf("copy: %v, want ErrChanging", err)
		}
		must(t, Copy(t.Context(), s, d, "source", Options{}))
		for which, pair := range map[string][2]store.Store{"source": {changing{s, p}, d}, "destination": {s, changing{d, p}}} {
			if _, err := Verify(t.Context(), pair[0], pair[1], Options{}); !errors.Is(err, ErrChanging) || !strings.Contains(err.Error(), "the "+which) {
				t.Errorf("verify while the %s is written to: %v, want ErrChanging", which, err)
			}
		}
	})
}

func TestVerifyFindsEveryDifference(t *testing.T) {
	row := func(key, value string) map[string]string { return map[string]string{key: value} }
	two := map[string]string{"a": "1", "b": "2"}
	cases := map[string]struct {
		from, to map[string]string
		blind    bool
	}{
		"value":            {from: row("a", "1"), to: row("a", "2")},
		"blind value":      {from: row("a", "1"), to: row("a", "2"), blind: true},
		"key":              {from: row("a", "1"), to: row("b", "1")},
		"missing row":      {from: two, to: row("a", "1")},
		"extra row":        {from: row("a", "1"), to: two},
		"missing all":      {from: two},
		"extra all":        {to: two},
		"extra all, blind": {to: two, blind: true},
		"swapped values":   {from: two, to: map[string]string{"a": "2", "b": "1"}},
		"shifted bytes":    {from: row("ab", "c"), to: row("a", "bc")},
		"shifted rows":     {from: map[string]string{"a": "", "b": "c"}, to: map[string]string{"a": "b", "c": ""}},
	}
	onEngines(t, func(t *testing.T, from, to func() opener) {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				s, d := reopen(t, from(), false), reopen(t, to(), false)
				p := store.Versioned("p")
				if c.blind {
					p = store.Blind("p")
				}
				fill(t, s, 10)
				fill(t, d, 10)
				write(t, s, p, c.from)
				write(t, d, p, c.to)
				report := verify(t, s, d, 1)
				if len(report.Differences) == 1 {
					got := report.Differences[0]
					if got.Partition != p || got.From.Rows != int64(len(c.from)) || got.To.Rows != int64(len(c.to)) {
						t.Errorf("found %+v", got)
					}
				}
			})
		}
	})
}

func TestVerifyListsTheFirstDifferencesInOrder(t *testing.T) {
	s, d := reopen(t, engines()["pebble"](), false), reopen(t, engines()["pebble"](), false)
	fill(t, s, maxDifferences+5)
	report, err := Verify(t.Context(), s, d, Options{})
	must(t, err)
	if report.Different != maxDifferences+5 || len(report.Differences) != maxDifferences {
		t.Errorf("%d listed of %d", len(report.Differences), report.Different)
	}
	if !slices.IsSortedFunc(report.Differences, func(a, b Difference) int {
		return bytes.Compare([]byte(a.Partition.Cursor()), []byte(b.Partition.Cursor()))
	}) {
		t.Error("they are not in order")
	}
}

// Places that are done in any order tell how far all before are done.
func TestPlacesTellWhereTheFrontIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const n = 20
		p := places{}
		finished := map[int]bool{}
		for _, place := range rapid.Permutation(slices.Collect(func(yield func(int) bool) {
			for i := range n {
				if !yield(i) {
					return
				}
			}
		})).Draw(t, "order") {
			before := len(finished)
			front := 0
			for finished[front] {
				front++
			}
			finished[place] = true
			after := front
			for finished[after] {
				after++
			}
			want := ""
			if after > front {
				want = fmt.Sprint(after - 1)
			}
			got := p.finished(place, done{fmt.Sprint(place), 1, int64(place), 2})
			rows := int64((after-front)*(after+front-1)) / 2
			if got.cursor != want || got.partitions != int64(after-front) || got.rows != rows || got.bytes != 2*got.partitions {
				t.Fatalf("after %d done: %+v, want the front at %q", before+1, got, want)
			}
		}
		if len(p.behind) > 0 {
			t.Errorf("it remembers %v", p.behind)
		}
	})
}
