package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/recant-chat/recant/store"
)

// wantError fails the test unless the error is the wanted one.
func wantError(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

func unwritten(t *testing.T, f Fixture) {
	for _, p := range []store.Partition{store.Versioned("never"), store.Blind("never")} {
		wantAll(t, f.Store, p, "")
		rows, _ := read(t, f.Store, p, store.Key([]byte("k")), store.Range{Reverse: true, Limit: 1})
		wantRows(t, "key", rows[0])
		wantRows(t, "range", rows[1])
	}
}

func conflicts(t *testing.T, f Fixture) {
	p, other := store.Versioned("p"), store.Versioned("other")
	ctx := t.Context()
	_, err := f.Store.Commit(ctx, p, "no such version", []store.Mutation{set("k", "0")})
	wantError(t, "first commit at a made-up version", err, store.ErrConflict)
	v1 := commit(t, f.Store, p, "", set("k", "1"))
	o1 := commit(t, f.Store, other, "", set("k", "1"))
	v2 := commit(t, f.Store, p, v1, set("k", "2"))
	for name, base := range map[string]store.Version{
		"zero": "", "old": v1, "another partition's": o1, "longer": v2 + "\x00", "shorter": v2[:len(v2)-1],
	} {
		_, err := f.Store.Commit(ctx, p, base, []store.Mutation{set("k", "3")})
		wantError(t, "commit at the "+name+" version", err, store.ErrConflict)
	}
	wantAll(t, f.Store, p, v2, "k", "2")
	v3 := commit(t, f.Store, p, v2, set("k", "3"))
	wantAll(t, f.Store, p, v3, "k", "3")
}

func emptyCommit(t *testing.T, f Fixture) {
	p := store.Versioned("p")
	v1 := commit(t, f.Store, p, "")
	wantAll(t, f.Store, p, v1)
	v2 := commit(t, f.Store, p, v1)
	if v1 == v2 {
		t.Error("an empty commit did not move the version")
	}
	wantAll(t, f.Store, p, v2)
	_, err := f.Store.Commit(t.Context(), p, v1, nil)
	wantError(t, "empty commit at the old version", err, store.ErrConflict)
}

func versionsNeverRepeat(t *testing.T, f Fixture) {
	p := store.Versioned("p")
	seen := map[store.Version]bool{"": true}
	var last store.Version
	for round := range 5 {
		for range 20 {
			v := commit(t, f.Store, p, last, set("k", "same"))
			if seen[v] {
				t.Fatalf("version %x came twice", v)
			}
			seen[v], last = true, v
		}
		remove(t, f.Store, p)
		wantAll(t, f.Store, p, "")
		_, err := f.Store.Commit(t.Context(), p, last, []store.Mutation{set("k", "stale")})
		wantError(t, fmt.Sprintf("commit at the last version before drop %d", round), err, store.ErrConflict)
		last = ""
	}
}

func conflictLeavesNothing(t *testing.T, f Fixture) {
	p := store.Versioned("p")
	v1 := commit(t, f.Store, p, "", set("a", "1"), set("b", "1"))
	v2 := commit(t, f.Store, p, v1, set("a", "2"))
	_, err := f.Store.Commit(t.Context(), p, v1, []store.Mutation{set("a", "3"), del("b"), set("c", "3")})
	wantError(t, "stale commit", err, store.ErrConflict)
	wantAll(t, f.Store, p, v2, "a", "2", "b", "1")
}

func many(n, valueBytes int) []store.Mutation {
	mutations := make([]store.Mutation, n)
	for i := range mutations {
		mutations[i] = store.Set(number(uint64(i)), []byte(strings.Repeat("v", valueBytes)))
	}
	return mutations
}

func oversized(t *testing.T, f Fixture) {
	longKey := strings.Repeat("k", store.MaxKeyBytes+1)
	cases := []struct {
		name      string
		mutations []store.Mutation
		want      error
	}{
		{"too many mutations", many(store.MaxMutations+1, 1), store.ErrTooLarge},
		{"too many bytes in one value", []store.Mutation{set("a", "1"), set("k", strings.Repeat("v", store.MaxCommitBytes-2))}, store.ErrTooLarge},
		{"too many bytes in all", many(store.MaxMutations, store.MaxCommitBytes/store.MaxMutations), store.ErrTooLarge},
		{"too long a key", []store.Mutation{set("a", "1"), set(longKey, "v")}, store.ErrTooLarge},
		{"too long a key to delete", []store.Mutation{set("a", "1"), del(longKey)}, store.ErrTooLarge},
		{"empty key", []store.Mutation{set("a", "1"), set("", "v")}, store.ErrEmptyKey},
	}
	v, b := store.Versioned("p"), store.Blind("p")
	base := commit(t, f.Store, v, "", set("kept", "1"))
	put(t, f.Store, b, set("kept", "1"))
	for _, c := range cases {
		_, err := f.Store.Commit(t.Context(), v, base, c.mutations)
		wantError(t, c.name+" in a commit", err, c.want)
		wantError(t, c.name+" in a put", f.Store.Put(t.Context(), b, c.mutations), c.want)
		wantAll(t, f.Store, v, base, "kept", "1")
		wantAll(t, f.Store, b, "", "kept", "1")
	}
	name := strings.Repeat("n", store.MaxNameBytes+1)
	_, err := f.Store.Commit(t.Context(), store.Versioned(name), "", []store.Mutation{set("a", "1")})
	wantError(t, "too long a name in a commit", err, store.ErrTooLarge)
	wantError(t, "too long a name in a put", f.Store.Put(t.Context(), store.Blind(name), []store.Mutation{set("a", "1")}), store.ErrTooLarge)
	_, _, err = f.Store.Read(t.Context(), store.Versioned(name), store.Range{})
	wantError(t, "too long a name in a read", err, store.ErrTooLarge)
	wantError(t, "too long a name in a drop", f.Store.Drop(t.Context(), store.Blind(name)), store.ErrTooLarge)
	wantError(t, "too long a name in a purge", f.Store.Purge(t.Context(), store.Versioned(name)), store.ErrTooLarge)
}

func atTheLimits(t *testing.T, f Fixture) {
	name := strings.Repeat("n", store.MaxNameBytes)
	longest := set(strings.Repeat("k", store.MaxKeyBytes), strings.Repeat("v", store.MaxCommitBytes-store.MaxKeyBytes))
	v, b := store.Versioned(name), store.Blind(name)
	base := commit(t, f.Store, v, "", longest)
	wantAll(t, f.Store, v, base, string(longest.Key), string(longest.Value))
	base = commit(t, f.Store, v, base, many(store.MaxMutations, 100)...)
	put(t, f.Store, b, longest)
	put(t, f.Store, b, many(store.MaxMutations, 100)...)
	for p, version := range map[store.Partition]store.Version{v: base, b: ""} {
		rows, at := read(t, f.Store, p, store.Range{})
		if len(rows[0]) != store.MaxMutations+1 {
			t.Errorf("%d rows, want %d", len(rows[0]), store.MaxMutations+1)
		}
		if at != version {
			t.Errorf("version %x, want %x", at, version)
		}
	}
}

func laterWins(t *testing.T, f Fixture) {
	mutations := []store.Mutation{
		set("set, set", "1"), set("set, delete", "1"), del("delete, set"), set("set, delete, set", "1"),
		set("set, set", "2"), del("set, delete"), set("delete, set", "2"), del("set, delete, set"),
		set("set, delete, set", "3"),
	}
	both(t, f, mutations, func(t *testing.T, p store.Partition) {
		rows, _ := read(t, f.Store, p, store.Range{})
		wantRows(t, "all", rows[0], "delete, set", "2", "set, delete, set", "3", "set, set", "2")
	})
}

func deleteAbsent(t *testing.T, f Fixture) {
	v, b := store.Versioned("p"), store.Blind("p")
	v1 := commit(t, f.Store, v, "", del("none"))
	v2 := commit(t, f.Store, v, v1, del("none"), set("k", "1"))
	wantAll(t, f.Store, v, v2, "k", "1")
	v3 := commit(t, f.Store, v, v2, del("k"), del("k"))
	wantAll(t, f.Store, v, v3)
	put(t, f.Store, b, del("none"))
	put(t, f.Store, b, set("k", "1"), del("none"))
	wantAll(t, f.Store, b, "", "k", "1")
}

func kinds(t *testing.T, f Fixture) {
	v, b := store.Versioned("p"), store.Blind("p")
	_, err := f.Store.Commit(t.Context(), b, "", []store.Mutation{set("k", "x")})
	wantError(t, "commit to a blind partition", err, store.ErrWrongKind)
	wantError(t, "put to a versioned partition", f.Store.Put(t.Context(), v, []store.Mutation{set("k", "x")}), store.ErrWrongKind)
	wantAll(t, f.Store, v, "")
	wantAll(t, f.Store, b, "")
	base := commit(t, f.Store, v, "", set("k", "versioned"))
	put(t, f.Store, b, set("k", "blind"), set("l", "blind"))
	wantAll(t, f.Store, v, base, "k", "versioned")
	wantAll(t, f.Store, b, "", "k", "blind", "l", "blind")
	remove(t, f.Store, b)
	wantAll(t, f.Store, v, base, "k", "versioned")
	put(t, f.Store, b, set("k", "again"))
	remove(t, f.Store, v)
	wantAll(t, f.Store, b, "", "k", "again")
}

func puts(t *testing.T, f Fixture) {
	p := store.Blind("p")
	put(t, f.Store, p)
	for range 3 {
		put(t, f.Store, p, set("a", "1"), set("b", "1"), del("c"))
		wantAll(t, f.Store, p, "", "a", "1", "b", "1")
	}
	put(t, f.Store, p, set("a", "2"), del("b"), set("c", "2"))
	wantAll(t, f.Store, p, "", "a", "2", "c", "2")
}

func drop(t *testing.T, f Fixture) {
	before, p, after := store.Versioned("o"), store.Versioned("p"), store.Versioned("q")
	blind := store.Blind("p")
	v0 := commit(t, f.Store, before, "", set("k", "o"))
	commit(t, f.Store, p, "", set("k", "p"), set("\x00", ""), set("\xff\xff", ""))
	v2 := commit(t, f.Store, after, "", set("k", "q"))
	put(t, f.Store, blind, set("k", "b"))
	for range 2 { // the second time it is absent
		remove(t, f.Store, p)
		wantAll(t, f.Store, p, "")
		wantAll(t, f.Store, before, v0, "k", "o")
		wantAll(t, f.Store, after, v2, "k", "q")
		wantAll(t, f.Store, blind, "", "k", "b")
	}
	remove(t, f.Store, blind)
	wantAll(t, f.Store, blind, "")
	put(t, f.Store, blind, set("l", "new"))
	wantAll(t, f.Store, blind, "", "l", "new")
	remove(t, f.Store, store.Versioned("never written"))
	remove(t, f.Store, store.Blind("never written"))
}

func dropMany(t *testing.T, f Fixture) {
	v, b := store.Versioned("p"), store.Blind("p")
	v2, b2 := store.Versioned("p2"), store.Blind("p2")
	rows := many(1000, 20)
	base := commit(t, f.Store, v, "", rows...)
	put(t, f.Store, b, rows...)
	for i := range rows {
		rows[i].Key = number(uint64(1000 + i))
	}
	commit(t, f.Store, v, base, rows...)
	put(t, f.Store, b, rows...)
	kept := commit(t, f.Store, v2, "", set("k", "1"))
	put(t, f.Store, b2, set("k", "1"))
	remove(t, f.Store, v)
	remove(t, f.Store, b)
	wantAll(t, f.Store, v, "")
	wantAll(t, f.Store, b, "")
	wantAll(t, f.Store, v2, kept, "k", "1")
	wantAll(t, f.Store, b2, "", "k", "1")
}
