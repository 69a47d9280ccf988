package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/recant-chat/recant/store"
)

// lostAnswers appends to a log while answers get lost. Each entry whose append was
// acknowledged is there once, at the number that was told, and the numbers have no
// gap.
func lostAnswers(t *testing.T, f Fixture) {
	if f.Faults == nil {
		t.Skip("no answer of this engine can get lost")
	}
	const writers, faultTime = 6, 10 * time.Second
	p := store.Versioned("log")
	commit(t, f.Store, p, "", store.Set([]byte("last"), number(0)))
	f.Faults(t, true)
	ctx, cancel := context.WithTimeout(t.Context(), faultTime)
	defer cancel()
	acked := make([]map[string]uint64, writers)
	var wg sync.WaitGroup
	for w := range writers {
		acked[w] = map[string]uint64{}
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				entry := fmt.Sprintf("entry %d %d", w, i)
				n, err := appendEntry(ctx, f.Store, p, entry)
				switch {
				case err == nil:
					acked[w][entry] = n
				case ctx.Err() == nil:
					t.Errorf("append %s: %v", entry, err)
					return
				}
			}
		})
	}
	wg.Wait()
	f.Faults(t, false)

	rows, _ := read(t, f.Store, p, store.Range{From: []byte("n"), To: []byte("o")})
	at := map[string]uint64{}
	for i, r := range rows[0] {
		n, entry := uint64(i+1), string(r.Value)
		if string(r.Key) != string(entryKey(n)) {
			t.Fatalf("entry %d of the log has the key %x", n, r.Key)
		}
		if first, ok := at[entry]; ok {
			t.Errorf("%s is there as %d and as %d", entry, first, n)
		}
		at[entry] = n
	}
	total := 0
	for _, m := range acked {
		total += len(m)
		for entry, n := range m {
			if at[entry] != n {
				t.Errorf("%s was acknowledged as %d and is there as %d", entry, n, at[entry])
			}
		}
	}
	if total < writers {
		t.Errorf("%d appends were acknowledged: the rule shows nothing", total)
	}
	t.Logf("%d appends were acknowledged, the log has %d", total, len(rows[0]))
}

func entryKey(n uint64) []byte { return append([]byte("n"), number(n)...) }

// appendEntry gives an entry the next number of a log. Where the outcome is unknown
// it looks for the entry before it tries again, as users of ErrUnknown have to.
func appendEntry(ctx context.Context, s store.Store, p store.Partition, entry string) (uint64, error) {
	from := uint64(0) // the entry may be there from this number on
	for {
		rows, base, err := s.Read(ctx, p, store.Key([]byte("last")))
		if err != nil {
			return 0, err
		}
		last := order(rows[0][0].Value)
		if from > 0 {
			found, _, err := s.Read(ctx, p, store.Range{From: entryKey(from), To: entryKey(last + 1)})
			if err != nil {
				return 0, err
			}
			for _, r := range found[0] {
				if string(r.Value) == entry {
					return order(r.Key[1:]), nil
				}
			}
		}
		_, err = s.Commit(ctx, p, base, []store.Mutation{
			store.Set([]byte("last"), number(last+1)), store.Set(entryKey(last+1), []byte(entry)),
		})
		switch {
		case err == nil:
			return last + 1, nil
		case errors.Is(err, store.ErrUnknown) && from == 0:
			from = last + 1
		case !errors.Is(err, store.ErrUnknown) && !errors.Is(err, store.ErrConflict):
			return 0, err
		}
	}
}
