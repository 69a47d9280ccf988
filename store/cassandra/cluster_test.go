package cassandra

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/cassandratest"
	"github.com/recant-chat/recant/store"
)

// TestProcessesThatShareACluster needs no more than one cluster for all of it.
func TestProcessesThatShareACluster(t *testing.T) {
	c := cassandratest.StartWith(t, cassandratest.Options{Nodes: 3, Forbidding: []int{1, 2}})
	one, other := keyspace(t, c), keyspace(t, c)
	if !t.Run("WhatOneReplicaHasIsNotForgotten", func(t *testing.T) { whatOneReplicaHasIsNotForgotten(t, c, one) }) {
		return // nodes may be down
	}
	t.Run("ReadersAgree", func(t *testing.T) { readersAgree(t, c, other) })
}

// whatOneReplicaHasIsNotForgotten has a commit of which nobody was told the outcome
// reach the first of three replicas and not the others. A process that sees it there
// returns it; then that replica is gone, and another process sees it all the same.
func whatOneReplicaHasIsNotForgotten(t *testing.T, c *cassandratest.Cluster, o Options) {
	p, key := store.Versioned("p"), []byte("k")
	writing := o
	writing.RetryFor = 5 * time.Second
	writer := open(t, writing)
	base, err := writer.Commit(t.Context(), p, "", []store.Mutation{store.Set(key, []byte("old"))})
	if err != nil {
		t.Fatal(err)
	}
	forbid := func(is bool) {
		t.Helper()
		if err := writer.session.Query(fmt.Sprintf("ALTER TABLE %s WITH cdc = %t", versionedTable, is)).ExecContext(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	forbid(true)
	if _, err := writer.Commit(t.Context(), p, base, []store.Mutation{store.Set(key, []byte("new"))}); !errors.Is(err, store.ErrUnknown) {
		t.Fatalf("a commit that two of three replicas refuse to apply: %v", err)
	}
	forbid(false)
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		gone, back *cassandratest.Node
	}{{gone: c.Nodes[2]}, {gone: c.Nodes[0], back: c.Nodes[2]}} {
		if err := step.gone.Kill(); err != nil {
			t.Fatal(err)
		}
		if step.back != nil {
			if err := step.back.Start(); err != nil {
				t.Fatal(err)
			}
		}
		s := open(t, o)
		rows, _, err := s.Read(t.Context(), p, store.Key(key))
		if err != nil || len(rows[0]) != 1 || string(rows[0][0].Value) != "new" {
			t.Errorf("without node %s: %q, %v", step.gone.Address, rows, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := c.Nodes[0].Start(); err != nil {
		t.Fatal(err)
	}
}

// readersAgree has processes write one value into many rows of a partition, and others
// read them, while nodes hang and are killed. No reader sees parts of a commit, nor a
// state from before one that a reader who is done has seen, acknowledged or not.
func readersAgree(t *testing.T, c *cassandratest.Cluster, o Options) {
	const processes, width, rounds = 3, 40, 3
	o.Timeout, o.RetryFor = time.Second, 10*time.Second // nodes hang
	p := store.Versioned("p")
	var newest atomic.Uint64 // that anybody saw or was told to be written
	see := func(n uint64) {
		for old := newest.Load(); n > old && !newest.CompareAndSwap(old, n); old = newest.Load() {
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var reads, writes, failures atomic.Int64
	for range processes {
		s := open(t, o)
		defer s.Close()
		wg.Go(func() {
			for ctx.Err() == nil {
				floor := newest.Load()
				n, _, err := uniform(ctx, s, p, width)
				switch {
				case errors.Is(err, errParts):
					t.Error(err)
					return
				case err != nil:
					failures.Add(1)
				case n < floor:
					t.Errorf("read %d after somebody had read %d", n, floor)
					return
				default:
					reads.Add(1)
					see(n)
				}
			}
		})
		wg.Go(func() {
			for ctx.Err() == nil {
				n, base, err := uniform(ctx, s, p, width)
				if err != nil {
					continue
				}
				mutations := make([]store.Mutation, width)
				for i := range mutations {
					mutations[i] = store.Set([]byte{byte(i)}, binary.BigEndian.AppendUint64(nil, n+1))
				}
				if _, err := s.Commit(ctx, p, base, mutations); err == nil {
					writes.Add(1)
					see(n + 1)
				}
			}
		})
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	for i := range rounds {
		n := c.Nodes[i%len(c.Nodes)]
		time.Sleep(2 * time.Second)
		must(n.Pause())
		time.Sleep(3 * time.Second)
		must(n.Resume())
		time.Sleep(2 * time.Second)
		must(n.Kill())
		time.Sleep(time.Second)
		must(n.Start())
	}
	cancel()
	wg.Wait()
	t.Logf("%d writes, %d reads, %d reads failed", writes.Load(), reads.Load(), failures.Load())
	if writes.Load() < 50 || reads.Load() < 50 {
		t.Error("too little was done to show anything")
	}
}

var errParts = errors.New("parts of commits")

// uniform reads the rows in pieces and returns the value that they share.
func uniform(ctx context.Context, s *Store, p store.Partition, width int) (uint64, store.Version, error) {
	half := []byte{byte(width / 2)}
	rows, v, err := s.Read(ctx, p, store.Range{To: half}, store.Range{From: half}, store.Key(half),
		store.Range{From: []byte{byte(width)}}) // the last has none
	if err != nil || v == "" {
		return 0, v, err
	}
	all := append(append(append(rows[0], rows[1]...), rows[2]...), rows[3]...)
	for _, r := range all {
		if !bytes.Equal(r.Value, all[0].Value) {
			return 0, v, errParts
		}
	}
	if len(all) != width+1 {
		return 0, v, errParts
	}
	return binary.BigEndian.Uint64(all[0].Value), v, nil
}
