package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/recant-chat/recant/store"
)

// purgeKeeps purges partitions with rows of every history, and their
// neighbours, and reads what was there before.
func purgeKeeps(t *testing.T, f Fixture) {
	s := f.Store
	versions := map[store.Partition]store.Version{}
	parts := []store.Partition{store.Blind("p"), store.Blind("p\x00"), store.Blind("q")}
	for _, name := range []string{"", "o", "p", "p\x00", "p\x00\x01", "q", strings.Repeat("n", store.MaxNameBytes)} {
		parts = append(parts, store.Versioned(name))
	}
	for _, p := range parts {
		steps := [][]store.Mutation{
			{set("deleted", "1"), set("kept", "1"), set("overwritten", "1"), set("\xff\xff", "1")},
			{del("deleted"), set("overwritten", "2")},
			{set("again", "1")}, {del("again")}, {set("again", "2")},
		}
		for _, mutations := range steps {
			if p.IsBlind() {
				put(t, s, p, mutations...)
			} else {
				versions[p] = commit(t, s, p, versions[p], mutations...)
			}
		}
	}
	dropped, droppedBlind := store.Versioned("dropped"), store.Blind("dropped")
	commit(t, s, dropped, "", many(300, 10)...)
	put(t, s, droppedBlind, many(300, 10)...)
	remove(t, s, dropped)
	remove(t, s, droppedBlind)

	all := func() {
		t.Helper()
		for _, p := range parts {
			wantAll(t, s, p, versions[p], "again", "2", "kept", "1", "overwritten", "2", "\xff\xff", "1")
		}
		wantAll(t, s, dropped, "")
		wantAll(t, s, droppedBlind, "")
	}
	for _, p := range append([]store.Partition{dropped, droppedBlind, store.Versioned("never"), store.Blind("never")}, parts...) {
		purge(t, s, p)
		purge(t, s, p)
		all()
	}
	s = f.Reopen(t)
	all()
	if f.Crash != nil {
		for _, p := range parts {
			purge(t, s, p)
		}
		s = f.Crash(t)
		all()
	}
	for _, p := range parts {
		if !p.IsBlind() { // the version is still good for a commit
			versions[p] = commit(t, s, p, versions[p])
		}
	}
	all()
}

// purgeErases looks for values in the data files: those that were deleted,
// overwritten or dropped may be there before Purge and are not after, in whatever
// state the engine was, and those that exist are there.
func purgeErases(t *testing.T, f Fixture) {
	if f.Holds == nil {
		t.Skip("the fixture cannot look into the data files")
	}
	s := f.Store
	rng := rand.NewChaCha8([32]byte{1})
	marker := func() []byte {
		b := make([]byte, 400)
		rng.Read(b)
		return b
	}
	// Between two steps comes enough to move what was written before.
	filler, base := store.Versioned("filler"), store.Version("")
	fill := func() {
		for range 3 {
			m := many(100, 400)
			for i := range m {
				m[i].Value = marker()
			}
			base = commit(t, s, filler, base, m...)
		}
		if f.Flush != nil {
			f.Flush(t)
		}
	}
	held := 0 // of what was deleted, before Purge
	for round, filled := range []bool{false, true, false} {
		if round == 2 {
			s = f.Reopen(t)
		}
		step := func() {
			if filled {
				fill()
			}
		}
		v, b := store.Versioned(fmt.Sprint("p", round)), store.Blind(fmt.Sprint("p", round))
		dropped, droppedBlind := store.Versioned(fmt.Sprint("d", round)), store.Blind(fmt.Sprint("d", round))
		neighbour := store.Versioned(v.Name() + "\x00")
		var gone, there [][]byte
		was := func(list *[][]byte) []byte { *list = append(*list, marker()); return (*list)[len(*list)-1] }

		here := was(&there)
		at := commit(t, s, neighbour, "", store.Set([]byte("k"), here))
		version := commit(t, s, v, "", store.Set([]byte("a"), was(&gone)), store.Set([]byte("b"), was(&gone)), store.Set([]byte("c"), was(&there)))
		put(t, s, b, store.Set([]byte("a"), was(&gone)), store.Set([]byte("b"), was(&gone)), store.Set([]byte("c"), was(&there)))
		commit(t, s, dropped, "", store.Set([]byte("a"), was(&gone)))
		put(t, s, droppedBlind, store.Set([]byte("a"), was(&gone)))
		step()
		version = commit(t, s, v, version, store.Set([]byte("b"), was(&gone)))
		put(t, s, b, store.Set([]byte("b"), was(&gone)))
		step()
		version = commit(t, s, v, version, del("a"), store.Set([]byte("b"), was(&there)))
		put(t, s, b, del("a"), store.Set([]byte("b"), was(&there)))
		remove(t, s, dropped)
		remove(t, s, droppedBlind)
		step()
		// What was put is on the disk no later than a commit.
		commit(t, s, store.Versioned(fmt.Sprint("fence", round)), "")
		for _, m := range gone {
			if f.Holds(t, m) {
				held++
			}
		}
		for _, p := range []store.Partition{v, b, dropped, droppedBlind} {
			purge(t, s, p)
		}
		for i, m := range gone {
			if f.Holds(t, m) {
				t.Errorf("round %d: value %d is in the data files after Purge", round, i)
			}
		}
		for i, m := range there {
			if !f.Holds(t, m) {
				t.Errorf("round %d: value %d, which was not deleted, is not in the data files", round, i)
			}
		}
		wantAll(t, s, neighbour, at, "k", string(here))
		rows, at := read(t, s, v, store.Range{})
		if len(rows[0]) != 2 || at != version {
			t.Errorf("round %d: %d rows at version %x after Purge, want 2 at %x", round, len(rows[0]), at, version)
		}
	}
	if held == 0 {
		t.Error("nothing of what was deleted was there before Purge: the rule shows nothing")
	}
}

// purgeBesideVerbs purges without end while others write, read and drop.
func purgeBesideVerbs(t *testing.T, f Fixture) {
	const writers, each = 4, 20
	parts := []store.Partition{store.Blind("b")}
	for w := range writers {
		parts = append(parts, store.Versioned(fmt.Sprint("p", w/2)))
	}
	done := make(chan struct{})
	var purges, verbs sync.WaitGroup
	for n := range 2 {
		purges.Go(func() {
			for i := n; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				if err := f.Store.Purge(t.Context(), parts[i%len(parts)]); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for w := range writers {
		verbs.Go(func() {
			for i := range each {
				note := fmt.Sprintf("note %d %d", w, i)
				if err := increment(t.Context(), f.Store, parts[1+w], note); err != nil {
					t.Error(err)
				}
				if err := f.Store.Put(t.Context(), parts[0], []store.Mutation{store.Set([]byte(note), nil)}); err != nil {
					t.Error(err)
				}
				short := store.Versioned(fmt.Sprintf("p%d\x00%d", w, i))
				_, err := f.Store.Commit(t.Context(), short, "", many(20, 5))
				if err = errors.Join(err, f.Store.Drop(t.Context(), short)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	verbs.Wait()
	close(done)
	purges.Wait()
	for n := range writers / 2 {
		wantCount(t, f.Store, store.Versioned(fmt.Sprint("p", n)), 2*each)
	}
	rows, _ := read(t, f.Store, parts[0], store.Range{})
	if len(rows[0]) != writers*each {
		t.Errorf("%d rows were put, %d are there", writers*each, len(rows[0]))
	}
}

// closeBesidePurges closes the store among purges: each happened or was
// refused.
func closeBesidePurges(t *testing.T, f Fixture) {
	p := store.Versioned("p")
	v := commit(t, f.Store, p, "", set("k", "1"), set("l", "1"))
	v = commit(t, f.Store, p, v, del("k"))
	var wg sync.WaitGroup
	started := make(chan struct{}, 2)
	for range 2 {
		wg.Go(func() {
			for n := 0; ; n++ {
				err := f.Store.Purge(t.Context(), p)
				if n == 1 || err != nil {
					started <- struct{}{}
				}
				if errors.Is(err, store.ErrClosed) {
					return
				}
				if err != nil {
					t.Errorf("purge while the store closes: %v", err)
					return
				}
			}
		})
	}
	<-started
	<-started
	if err := f.Store.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	wantAll(t, f.Reopen(t), p, v, "l", "1")
}
