package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sort"
	"testing"

	"pgregory.net/rapid"

	"github.com/recant-chat/recant/store"
)

// world is what a store should hold, kept the simplest way.
type world struct {
	t       *testing.T
	s       store.Store
	f       Fixture
	run     int // makes the names of one run of the property its own
	fence   store.Version
	content map[store.Partition]*content
}

type content struct {
	rows    map[string]string
	version store.Version
	past    []store.Version // every version it ever had
	dropped bool            // for good: it is versioned
}

// model draws verbs at random and compares after each what the store returns
// with what the world says.
func model(t *testing.T, f Fixture) {
	w := &world{t: t, s: f.Store, f: f}
	rapid.Check(t, func(r *rapid.T) {
		w.run++
		w.content = map[store.Partition]*content{}
		r.Repeat(map[string]func(*rapid.T){
			"commit":  w.commit,
			"put":     w.put,
			"drop":    w.drop,
			"purge":   w.purge,
			"read":    w.read,
			"restart": w.restart,
		})
		for p := range w.content {
			w.compare(r, p, []store.Range{{}, {Reverse: true}})
		}
	})
}

// partition draws one of a few, with names that are close to each other.
func (w *world) partition(r *rapid.T, kinds ...func(string) store.Partition) (store.Partition, *content) {
	name := rapid.SampledFrom([]string{"", "\x00", "\x00\x01", "a", "\xff"}).Draw(r, "name")
	p := rapid.SampledFrom(kinds).Draw(r, "kind")(fmt.Sprintf("run %d %s", w.run, name))
	c := w.content[p]
	if c == nil {
		c = &content{rows: map[string]string{}}
		w.content[p] = c
	}
	return p, c
}

// drawKey draws from few short keys, so that they meet, and seldom a long one.
func drawKey(r *rapid.T, label string) string {
	return rapid.OneOf(
		rapid.StringOfN(rapid.SampledFrom([]rune{0, 1, 'a'}), 1, 3, -1),
		rapid.SampledFrom([]string{"\xff", "\xff\x00", "\xff\xff", "a\xff", string(bytes.Repeat([]byte{'a'}, store.MaxKeyBytes))}),
	).Draw(r, label)
}

func drawMutations(r *rapid.T) []store.Mutation {
	n := rapid.IntRange(0, 8).Draw(r, "mutations")
	mutations := make([]store.Mutation, n)
	for i := range mutations {
		mutations[i] = del(drawKey(r, "key"))
		if rapid.IntRange(0, 3).Draw(r, "deletes at 0") > 0 {
			mutations[i] = store.Set(mutations[i].Key, rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(r, "value"))
		}
	}
	return mutations
}

func (c *content) apply(mutations []store.Mutation) {
	for _, m := range mutations {
		if m.Delete {
			delete(c.rows, string(m.Key))
		} else {
			c.rows[string(m.Key)] = string(m.Value)
		}
	}
}

func (w *world) commit(r *rapid.T) {
	p, c := w.partition(r, store.Versioned)
	base := c.version
	if len(c.past) > 0 && rapid.IntRange(0, 3).Draw(r, "stale at 0") == 0 {
		base = rapid.SampledFrom(c.past).Draw(r, "past version")
	}
	if c.dropped && base == "" {
		return // its name can never be used again
	}
	mutations := drawMutations(r)
	v, err := w.s.Commit(w.t.Context(), p, base, mutations)
	if base != c.version {
		if !errors.Is(err, store.ErrConflict) {
			r.Fatalf("commit to %q at a stale version: %v, want ErrConflict", p.Name(), err)
		}
		return
	}
	if err != nil {
		r.Fatalf("commit to %q: %v", p.Name(), err)
	}
	if slices.Contains(c.past, v) || v == "" {
		r.Fatalf("version %x of %q came twice", v, p.Name())
	}
	c.version, c.past = v, append(c.past, v)
	c.apply(mutations)
}

func (w *world) put(r *rapid.T) {
	p, c := w.partition(r, store.Blind)
	mutations := drawMutations(r)
	if err := w.s.Put(w.t.Context(), p, mutations); err != nil {
		r.Fatalf("put to %q: %v", p.Name(), err)
	}
	c.apply(mutations)
}

func (w *world) drop(r *rapid.T) {
	p, c := w.partition(r, store.Versioned, store.Blind)
	if err := w.s.Drop(w.t.Context(), p); err != nil {
		r.Fatalf("drop %q: %v", p.Name(), err)
	}
	c.rows, c.version, c.dropped = map[string]string{}, "", !p.IsBlind()
}

// happens draws whether something happens that takes long.
func (w *world) happens(r *rapid.T) bool {
	seldom := 9
	if w.f.Slow {
		seldom = 49
	}
	return rapid.IntRange(0, seldom).Draw(r, "happens at 0") == 0
}

// purge changes nothing that a read can see.
func (w *world) purge(r *rapid.T) {
	if !w.happens(r) {
		return
	}
	p, _ := w.partition(r, store.Versioned, store.Blind)
	if err := w.s.Purge(w.t.Context(), p); err != nil {
		r.Fatalf("purge %q: %v", p.Name(), err)
	}
	w.compare(r, p, []store.Range{{}})
}

func (w *world) read(r *rapid.T) {
	p, _ := w.partition(r, store.Versioned, store.Blind)
	ranges := make([]store.Range, rapid.IntRange(0, 4).Draw(r, "ranges"))
	for i := range ranges {
		if rapid.Bool().Draw(r, "one key") {
			ranges[i] = store.Key([]byte(drawKey(r, "key")))
			continue
		}
		if rapid.Bool().Draw(r, "from") {
			ranges[i].From = []byte(drawKey(r, "from key"))
		}
		if rapid.Bool().Draw(r, "to") {
			ranges[i].To = []byte(drawKey(r, "to key"))
		}
		ranges[i].Reverse = rapid.Bool().Draw(r, "reverse")
		ranges[i].Limit = rapid.IntRange(0, 4).Draw(r, "limit")
	}
	w.compare(r, p, ranges)
}

func (w *world) compare(r *rapid.T, p store.Partition, ranges []store.Range) {
	rows, v, err := w.s.Read(w.t.Context(), p, ranges...)
	if err != nil || len(rows) != len(ranges) {
		r.Fatalf("read %q: %d results for %d ranges, error %v", p.Name(), len(rows), len(ranges), err)
	}
	c := w.content[p]
	if v != c.version {
		r.Fatalf("version of %q is %x, want %x", p.Name(), v, c.version)
	}
	for i := range ranges {
		want := c.in(ranges[i])
		if !slices.EqualFunc(rows[i], want, func(a, b store.Row) bool {
			return bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Value, b.Value)
		}) {
			r.Fatalf("range %+v of %q: %s, want %s", ranges[i], p.Name(), describe(rows[i]), describe(want))
		}
	}
}

// in is the model's own reading of what a range means.
func (c *content) in(r store.Range) []store.Row {
	var rows []store.Row
	for k, v := range c.rows {
		if k >= string(r.From) && (r.To == nil || k < string(r.To)) {
			rows = append(rows, store.Row{Key: []byte(k), Value: []byte(v)})
		}
	}
	sort.Slice(rows, func(i, j int) bool { return bytes.Compare(rows[i].Key, rows[j].Key) < 0 != r.Reverse })
	if r.Limit > 0 && len(rows) > r.Limit {
		rows = rows[:r.Limit]
	}
	return rows
}

// restart closes the engine or cuts its power. A commit before the latter makes
// durable what was only put.
func (w *world) restart(r *rapid.T) {
	if !w.happens(r) {
		return
	}
	if w.f.Crash == nil || rapid.Bool().Draw(r, "orderly") {
		w.s = w.f.Reopen(w.t)
		return
	}
	w.fence = commit(w.t, w.s, store.Versioned("fence"), w.fence)
	w.s = w.f.Crash(w.t)
}
