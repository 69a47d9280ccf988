package cassandra

import (
	"bytes"
	"context"
	"encoding/binary"
	"sync"
	"time"

	"github.com/recant-chat/recant/store"
)

// waves lets readers who want the same rows at once share reads: while one is under
// way, those who come wait for the next one, which begins after all of them came and
// so shows each what was there when he asked. However many ask for the head of a busy
// group, one read of it is under way.
type waves struct {
	limit   time.Duration  // of a read that is for several
	running sync.WaitGroup // reads that are for several
	mu      sync.Mutex
	waiting map[string]*wave // by what is read, while a read is under way; nil where nobody waits
}

// wave is one read of many readers.
type wave struct {
	done chan struct{}
	result
	err error
}

// result is what a read returned.
type result struct {
	rows    [][]store.Row
	version store.Version
}

// clone is a copy that is a caller's own.
func (r result) clone() result {
	rows := make([][]store.Row, len(r.rows))
	for i, of := range r.rows {
		if of == nil {
			continue
		}
		rows[i] = make([]store.Row, len(of))
		for j, row := range of {
			rows[i][j] = store.Row{Key: bytes.Clone(row.Key), Value: bytes.Clone(row.Value)}
		}
	}
	return result{rows, r.version}
}

// share returns what read returns, which begins after the call and may be run for
// others too.
func (w *waves) share(ctx context.Context, key string, read func(context.Context) (result, error)) (result, error) {
	w.mu.Lock()
	next, busy := w.waiting[key]
	switch {
	case !busy:
		w.waiting[key] = nil
		w.mu.Unlock()
		defer w.end(key, read)
		return read(ctx)
	case next == nil:
		next = &wave{done: make(chan struct{})}
		w.waiting[key] = next
	}
	w.mu.Unlock()
	select {
	case <-next.done:
	case <-ctx.Done():
		return result{}, ctx.Err()
	}
	if next.err != nil {
		return result{}, next.err
	}
	return next.clone(), nil
}

// end is called when a read ends: those who came meanwhile get theirs, by no
// caller's context, because it is for all of them.
func (w *waves) end(key string, read func(context.Context) (result, error)) {
	w.mu.Lock()
	next := w.waiting[key]
	if next == nil {
		delete(w.waiting, key)
	} else {
		w.waiting[key] = nil
	}
	w.mu.Unlock()
	if next == nil {
		return
	}
	w.running.Go(func() {
		defer w.end(key, read)
		defer close(next.done)
		ctx, cancel := context.WithTimeout(context.Background(), w.limit)
		defer cancel()
		next.result, next.err = read(ctx)
	})
}

// readKey says what a Read reads.
func readKey(p store.Partition, ranges []store.Range) string {
	b := []byte(p.Cursor())
	text := func(t []byte) {
		b = binary.AppendUvarint(b, uint64(len(t)))
		b = append(b, t...)
	}
	for _, r := range ranges {
		flags := byte(0)
		if r.Reverse {
			flags |= 1
		}
		if r.To != nil {
			flags |= 2
		}
		b = append(b, flags)
		text(r.From)
		text(r.To)
		b = binary.AppendVarint(b, int64(r.Limit))
	}
	return string(b)
}
