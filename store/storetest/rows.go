package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/recant-chat/recant/store"
)

// both runs a rule of reading on a partition of each kind that holds the rows.
func both(t *testing.T, f Fixture, mutations []store.Mutation, test func(t *testing.T, p store.Partition)) {
	t.Helper()
	v, b := store.Versioned("rows"), store.Blind("rows")
	commit(t, f.Store, v, "", mutations...)
	put(t, f.Store, b, mutations...)
	t.Run("versioned", func(t *testing.T) { test(t, v) })
	t.Run("blind", func(t *testing.T) { test(t, b) })
}

func keyOrder(t *testing.T, f Fixture) {
	keys := []string{"b", "a\x00", "a", "\xff\xff", "\x00", "\xff", "a\x00\x00", "aa", "\x00\x01", "a\x01", "\x80", "Z"}
	var mutations []store.Mutation
	for _, k := range keys {
		mutations = append(mutations, set(k, "v"+k))
	}
	sort.Strings(keys)
	var up, down []string
	for i, k := range keys {
		last := keys[len(keys)-1-i]
		up, down = append(up, k, "v"+k), append(down, last, "v"+last)
	}
	both(t, f, mutations, func(t *testing.T, p store.Partition) {
		rows, _ := read(t, f.Store, p, store.Range{}, store.Range{Reverse: true})
		wantRows(t, "ascending", rows[0], up...)
		wantRows(t, "descending", rows[1], down...)
	})
}

func ranges(t *testing.T, f Fixture) {
	var mutations []store.Mutation
	for _, k := range strings.Fields("a b c d e") {
		mutations = append(mutations, set(k, ""))
	}
	from := func(s string) []byte { return []byte(s) }
	cases := []struct {
		name string
		r    store.Range
		want string
	}{
		{"all", store.Range{}, "a b c d e"},
		{"from is inside", store.Range{From: from("c")}, "c d e"},
		{"to is outside", store.Range{To: from("c")}, "a b"},
		{"half open", store.Range{From: from("b"), To: from("d")}, "b c"},
		{"half open, down", store.Range{From: from("b"), To: from("d"), Reverse: true}, "c b"},
		{"ends between keys", store.Range{From: from("aa"), To: from("dd")}, "b c d"},
		{"ends between keys, down", store.Range{From: from("aa"), To: from("dd"), Reverse: true}, "d c b"},
		{"limit below", store.Range{Limit: 2}, "a b"},
		{"limit below, down", store.Range{Limit: 2, Reverse: true}, "e d"},
		{"limit at", store.Range{Limit: 5}, "a b c d e"},
		{"limit above", store.Range{Limit: 6, Reverse: true}, "e d c b a"},
		{"limit within ends", store.Range{From: from("b"), To: from("e"), Limit: 1, Reverse: true}, "d"},
		{"empty from is the first row", store.Range{From: []byte{}, Limit: 1}, "a"},
		{"empty to is before the first row", store.Range{To: []byte{}}, ""},
		{"from equals to", store.Range{From: from("c"), To: from("c")}, ""},
		{"from after to", store.Range{From: from("d"), To: from("b")}, ""},
		{"from after to, down", store.Range{From: from("d"), To: from("b"), Reverse: true}, ""},
		{"beyond the last row", store.Range{From: from("f")}, ""},
		{"before the first row", store.Range{To: from("a"), Reverse: true}, ""},
		{"one key", store.Key(from("c")), "c"},
		{"one absent key", store.Key(from("cc")), ""},
		{"one key without a limit", store.Range{From: from("c"), To: from("c\x00")}, "c"},
		{"prefix", store.Prefix(from("d")), "d"},
	}
	both(t, f, mutations, func(t *testing.T, p store.Partition) {
		for _, c := range cases {
			rows, _ := read(t, f.Store, p, c.r)
			var want []string
			for _, k := range strings.Fields(c.want) {
				want = append(want, k, "")
			}
			wantRows(t, c.name, rows[0], want...)
		}
	})
}

func manyRanges(t *testing.T, f Fixture) {
	mutations := []store.Mutation{set("a", "1"), set("b", "2"), set("c", "3"), set("d", "4")}
	both(t, f, mutations, func(t *testing.T, p store.Partition) {
		rows, v := read(t, f.Store, p,
			store.Range{From: []byte("c"), Reverse: true},
			store.Key([]byte("a")),
			store.Range{To: []byte("c")},
			store.Key([]byte("none")),
			store.Range{From: []byte("b"), To: []byte("d"), Limit: 1},
			store.Key([]byte("a")),
		)
		wantRows(t, "range 0", rows[0], "d", "4", "c", "3")
		wantRows(t, "range 1", rows[1], "a", "1")
		wantRows(t, "range 2", rows[2], "a", "1", "b", "2")
		wantRows(t, "range 3", rows[3])
		wantRows(t, "range 4", rows[4], "b", "2")
		wantRows(t, "range 5", rows[5], "a", "1")
		if _, none := read(t, f.Store, p); none != v {
			t.Errorf("a read of no ranges returns version %x, with ranges %x", none, v)
		}
	})
}

func binaryRows(t *testing.T, f Fixture) {
	long := strings.Repeat("\xff", store.MaxKeyBytes)
	values := []string{"", "\x00", "\x00\x00", "\xff", "x\x00y", "\x00\xff", "\x00\x01", strings.Repeat("\x00", 70_000)}
	keys := []string{"\x00", "\x00\x00", "\x00\xff", "\x00\x01", "\x01", "k\x00", "\xff", long}
	sort.Strings(keys)
	var mutations []store.Mutation
	var want []string
	for i, k := range keys {
		mutations = append(mutations, set(k, values[i]))
		want = append(want, k, values[i])
	}
	both(t, f, mutations, func(t *testing.T, p store.Partition) {
		rows, _ := read(t, f.Store, p, store.Range{})
		wantRows(t, "all", rows[0], want...)
		for i, k := range keys {
			rows, _ := read(t, f.Store, p, store.Key([]byte(k)))
			wantRows(t, fmt.Sprintf("key %d", i), rows[0], k, values[i])
		}
		rows, _ = read(t, f.Store, p, store.Prefix([]byte("\x00")), store.Prefix([]byte("\x00\xff")))
		wantRows(t, "prefix 00", rows[0], want[:8]...)
		wantRows(t, "prefix 00 ff", rows[1], "\x00\xff", values[3])
	})
}

// binaryNames writes to partitions whose names are prefixes of each other or
// look like an engine's separators, and whose keys would fill the gaps.
func binaryNames(t *testing.T, f Fixture) {
	names := []string{
		"", "\x00", "\x00\x00", "\x00\x01", "\x00\xff", "\x01", "\xff", "a", "a\x00", "a\x00\x01", "a\x00\x01\x01",
		"a\x00\xff", "a\x01", "aa", "a/b", "a:b", "é", strings.Repeat("n", store.MaxNameBytes),
	}
	keys := []string{"\x00", "\x00\x01k", "\x01", "\x01k", "k", "\xff"}
	versions := map[string]store.Version{}
	for _, name := range names {
		var mutations []store.Mutation
		for _, k := range keys {
			mutations = append(mutations, set(k, "value of "+name))
		}
		versions[name] = commit(t, f.Store, store.Versioned(name), "", mutations...)
		put(t, f.Store, store.Blind(name), mutations[1:]...)
	}
	check := func(name string) {
		var want []string
		for _, k := range keys {
			want = append(want, k, "value of "+name)
		}
		wantAll(t, f.Store, store.Versioned(name), versions[name], want...)
		wantAll(t, f.Store, store.Blind(name), "", want[2:]...)
	}
	for _, name := range names {
		check(name)
	}
	for i, name := range names {
		remove(t, f.Store, store.Versioned(name))
		remove(t, f.Store, store.Blind(name))
		wantAll(t, f.Store, store.Versioned(name), "")
		wantAll(t, f.Store, store.Blind(name), "")
		for _, other := range names[i+1:] {
			check(other)
		}
	}
}

// ownedRows spoils everything that went in and came out and reads again.
func ownedRows(t *testing.T, f Fixture) {
	key, value := []byte("key"), []byte("value")
	mutations := []store.Mutation{store.Set(key, value), set("other", "row")}
	both(t, f, mutations, func(t *testing.T, p store.Partition) {
		copy(key, "XXX")
		copy(value, "XXXXX")
		spoiled, _ := read(t, f.Store, p, store.Range{}, store.Key([]byte("key")))
		kept, _ := read(t, f.Store, p, store.Range{})
		for _, r := range slices.Concat(spoiled...) {
			_ = append(r.Key, "overwrites what lies behind"...)
			_ = append(r.Value, "overwrites what lies behind"...)
		}
		wantRows(t, "read and appended to", spoiled[0], "key", "value", "other", "row")
		for _, r := range slices.Concat(spoiled...) {
			copy(r.Key, bytes.Repeat([]byte("X"), len(r.Key)))
			copy(r.Value, bytes.Repeat([]byte("X"), len(r.Value)))
		}
		wantRows(t, "read before", kept[0], "key", "value", "other", "row")
		again, _ := read(t, f.Store, p, store.Range{})
		wantRows(t, "read after", again[0], "key", "value", "other", "row")
		copy(key, "key")
		copy(value, "value")
	})
}
