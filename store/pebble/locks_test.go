package pebble

import (
	"context"
	"errors"
	"testing"
	"time"

	cpebble "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/recant-chat/recant/store"
)

// heldStore is a store with one committed row, whose partition is locked with a
// write under way that never becomes durable until release.
func heldStore(t *testing.T) (s *Store, p store.Partition, v store.Version, release func()) {
	t.Helper()
	s = open(t, "recant", Options{FS: vfs.NewMem()})
	p = store.Versioned("p")
	v, err := s.Commit(t.Context(), p, "", []store.Mutation{store.Set([]byte("k"), []byte("1"))})
	if err != nil {
		t.Fatal(err)
	}
	lock, err := s.locks.acquire(t.Context(), appendPrefix(nil, p))
	if err != nil {
		t.Fatal(err)
	}
	lock.beginWrite()
	return s, p, v, func() {
		lock.endWrite()
		lock.release()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestVerbsThatWaitForAWriteObeyTheirContext(t *testing.T) {
	s, p, v, release := heldStore(t)
	defer release()
	verbs := map[string]func(ctx context.Context) error{
		"read":   func(ctx context.Context) error { _, _, err := s.Read(ctx, p, store.Range{}); return err },
		"commit": func(ctx context.Context) error { _, err := s.Commit(ctx, p, v, nil); return err },
		"drop":   func(ctx context.Context) error { return s.Drop(ctx, p) },
	}
	for name, verb := range verbs {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if err := verb(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s behind a write that does not end: %v, want DeadlineExceeded", name, err)
		}
		cancel()
	}
}

func TestOtherPartitionsDoNotWait(t *testing.T) {
	s, p, _, release := heldStore(t)
	defer release()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, other := range []store.Partition{store.Versioned("q"), store.Versioned(""), store.Versioned("p\x00")} {
		if _, err := s.Commit(ctx, other, "", nil); err != nil {
			t.Error(err)
		}
		if _, _, err := s.Read(ctx, other, store.Range{}); err != nil {
			t.Error(err)
		}
	}
	if err := s.Put(ctx, store.Blind(p.Name()), []store.Mutation{store.Set([]byte("k"), nil)}); err != nil {
		t.Error(err)
	}
	if err := s.Drop(ctx, store.Blind(p.Name())); err != nil {
		t.Error(err)
	}
}

func TestReadGoesOnWhenTheWriteIsDurable(t *testing.T) {
	s, p, v, release := heldStore(t)
	done := make(chan error)
	go func() {
		_, got, err := s.Read(context.Background(), p, store.Range{})
		if err == nil && got != v {
			err = errors.New("wrong version")
		}
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("read did not wait: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	release()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestLocksAreForgottenWhenNobodyHoldsThem(t *testing.T) {
	s, p, v, release := heldStore(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	if _, err := s.Commit(ctx, p, v, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	release()
	for i := range s.locks.shards {
		if n := len(s.locks.shards[i].entries); n != 0 {
			t.Errorf("shard %d keeps %d entries", i, n)
		}
	}
}

// A Read that asked for writes under way before it took its snapshot could see
// one that began in between, and answer with what is not durable. Here the
// question is held up while such a write becomes visible.
func TestReadTakesItsSnapshotBeforeItAsksForWritesUnderWay(t *testing.T) {
	s := open(t, "recant", Options{FS: vfs.NewMem()})
	defer s.Close()
	p := store.Versioned("p")
	prefix := appendPrefix(nil, p)
	seen := ""
	// A reader may be slow to come to the question; then it is asked again.
	for wait := 5 * time.Millisecond; wait < 10*time.Second; wait *= 4 {
		if err := s.Drop(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Commit(t.Context(), p, "", []store.Mutation{store.Set([]byte("k"), []byte("before"))}); err != nil {
			t.Fatal(err)
		}
		question := &s.locks.shard(prefix).mu
		question.Lock()
		done := make(chan error)
		go func() {
			rows, _, err := s.Read(context.Background(), p, store.Key([]byte("k")))
			if err == nil {
				seen = string(rows[0][0].Value)
			}
			done <- err
		}()
		time.Sleep(wait)
		write := s.newBatch(prefix, []store.Mutation{store.Set([]byte("k"), []byte("after"))})
		_, err := s.apply(write, cpebble.NoSync)
		question.Unlock()
		if err := errors.Join(err, <-done); err != nil {
			t.Fatal(err)
		}
		if seen == "before" {
			return
		}
	}
	t.Errorf("read %q, which became visible after the reader asked", seen)
}
