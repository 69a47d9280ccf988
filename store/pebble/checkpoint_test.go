package pebble

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/recant-chat/recant/store"
)

// Checkpoints are made while commits and purges go on: each has what was acknowledged
// before, and of each commit all or nothing.
func TestCheckpointIsOneMoment(t *testing.T) {
	const writers, checkpoints = 4, 5
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "live"), Options{MemTableBytes: minMemTableBytes})
	defer s.Close()
	done := make(chan struct{})
	acked := make([]uint64, writers)
	var mu sync.Mutex // guards acked
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			p, base := store.Versioned(fmt.Sprint("p", w)), store.Version("")
			for n := uint64(1); ; n++ {
				select {
				case <-done:
					return
				default:
				}
				count := binary.BigEndian.AppendUint64(nil, n)
				v, err := s.Commit(t.Context(), p, base, []store.Mutation{
					store.Set([]byte("a"), count), store.Set([]byte("b"), count), store.Set(count, make([]byte, 500)),
				})
				if err != nil {
					t.Error(err)
					return
				}
				base = v
				mu.Lock()
				acked[w] = n
				mu.Unlock()
				if n%50 == 0 {
					if err := s.Purge(t.Context(), p); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	for i := range checkpoints {
		mu.Lock()
		before := append([]uint64{}, acked...)
		mu.Unlock()
		to := filepath.Join(dir, fmt.Sprint("copy", i))
		if err := s.Checkpoint(t.Context(), to); err != nil {
			t.Fatal(err)
		}
		if err := s.Checkpoint(t.Context(), to); !errors.Is(err, fs.ErrExist) {
			t.Errorf("a second checkpoint to one directory: %v", err)
		}
		c := open(t, to, Options{})
		for w := range writers {
			p := store.Versioned(fmt.Sprint("p", w))
			rows, v, err := c.Read(t.Context(), p, store.Key([]byte("a")), store.Key([]byte("b")), store.Range{To: []byte("a")})
			if err != nil {
				t.Fatal(err)
			}
			n := uint64(0)
			if len(rows[0]) > 0 {
				n = binary.BigEndian.Uint64(rows[0][0].Value)
			}
			if n < before[w] || n > 0 && string(rows[1][0].Value) != string(rows[0][0].Value) || uint64(len(rows[2])) != n {
				t.Errorf("checkpoint %d has %d and %d rows of writer %d, who had %d before", i, n, len(rows[2]), w, before[w])
			}
			if _, err := c.Commit(t.Context(), p, v, nil); err != nil {
				t.Errorf("commit to the copy: %v", err)
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	close(done)
	wg.Wait()
}

// A checkpoint that the power ended is not taken for a store.
func TestACheckpointCutShortIsRefused(t *testing.T) {
	fs := vfs.NewMem()
	s := open(t, "live", Options{FS: fs})
	defer s.Close()
	if _, err := s.Commit(t.Context(), store.Versioned("p"), "", []store.Mutation{store.Set([]byte("k"), nil)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Checkpoint(t.Context(), "copy"); err != nil {
		t.Fatal(err)
	}
	if err := fs.Remove("copy/" + FormatFile); err != nil {
		t.Fatal(err)
	}
	if c, err := Open("copy", Options{FS: fs}); err == nil {
		c.Close()
		t.Error("a checkpoint without its format was opened")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Checkpoint(t.Context(), "other"); !errors.Is(err, store.ErrClosed) {
		t.Errorf("checkpoint of a closed store: %v", err)
	}
}
