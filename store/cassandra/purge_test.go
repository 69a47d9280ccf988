package cassandra

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/cassandratest"
	"github.com/recant-chat/recant/store"
)

// purgeCommand makes a program of the script that operators have, for the cluster,
// in the directory of the tools that it uses.
func purgeCommand(t testing.TB, c *cassandratest.Cluster, tools string) string {
	t.Helper()
	script, err := filepath.Abs("../../docs/examples/purge-cassandra.sh")
	if err != nil {
		t.Fatal(err)
	}
	command := filepath.Join(tools, "purge")
	text := fmt.Sprintf("#!/bin/sh\nPATH=%s:$PATH CASSANDRA_SEED=%s CASSANDRA_SSH=ssh CASSANDRA_DIRECTORY=. exec %s \"$@\"\n",
		tools, c.Nodes[0].Address, script)
	if err := os.WriteFile(command, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return command
}

// nodetool runs it on a node, with a cluster's tools.
func nodetool(t testing.TB, tools string, n *cassandratest.Node, args ...string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(tools, "ssh"), append([]string{n.Address, filepath.Join(tools, "nodetool")}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("nodetool %q: %v: %s", args, err, out)
	}
}

// A replica that missed a deletion, and the hints of it, has what was deleted until
// the purge, which fails as long as a node is away.
func TestPurgeReachesReplicasThatMissedTheDeletion(t *testing.T) {
	c := cassandratest.Start(t, 3)
	tools := c.Tools(t)
	o := keyspace(t, c)
	o.PurgeCommand, o.RetryFor = purgeCommand(t, c, tools), 5*time.Second
	s := open(t, o)
	defer s.Close()
	for _, n := range c.Nodes {
		nodetool(t, tools, n, "disablehandoff")
	}
	marker := func() []byte {
		b := make([]byte, 400)
		for i := range b {
			b[i] = byte(rand.Uint32())
		}
		return b
	}
	gone, goneBlind, there := marker(), marker(), marker()
	v, b := store.Versioned("p"), store.Blind("p")
	version, err := s.Commit(t.Context(), v, "", []store.Mutation{store.Set([]byte("a"), gone), store.Set([]byte("b"), there)})
	if err == nil {
		err = s.Put(t.Context(), b, []store.Mutation{store.Set([]byte("a"), goneBlind)})
	}
	if err != nil {
		t.Fatal(err)
	}
	away := c.Nodes[2]
	for end := time.Now().Add(10 * time.Second); !away.Holds(t, gone) || !away.Holds(t, goneBlind); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a node has no copy")
		}
	}
	if err := away.Kill(); err != nil {
		t.Fatal(err)
	}
	if version, err = s.Commit(t.Context(), v, version, []store.Mutation{store.Delete([]byte("a"))}); err != nil {
		t.Fatal(err)
	}
	if err := s.Drop(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	for _, p := range []store.Partition{v, b} {
		if err := s.Purge(t.Context(), p); err == nil {
			t.Errorf("purge of %+v succeeds while a node is away", p)
		}
	}
	if err := away.Start(); err != nil {
		t.Fatal(err)
	}
	if !away.Holds(t, gone) || !away.Holds(t, goneBlind) {
		t.Error("the node that was away has nothing of what was deleted: the test shows nothing")
	}
	for _, p := range []store.Partition{v, b} {
		begun := time.Now()
		for err = s.Purge(t.Context(), p); err != nil && time.Since(begun) < time.Minute; err = s.Purge(t.Context(), p) {
			t.Log(err) // the others do not see it yet
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, n := range c.Nodes {
		if n.Holds(t, gone) || n.Holds(t, goneBlind) {
			t.Errorf("node %d has what was deleted", i)
		}
		if !n.Holds(t, there) {
			t.Errorf("node %d does not have what was not deleted", i)
		}
	}
	rows, now, err := s.Read(t.Context(), v, store.Range{})
	if err != nil || len(rows[0]) != 1 || now != version {
		t.Errorf("%d rows at version %x (%v), want 1 at %x", len(rows[0]), now, err, version)
	}

	// What an incremental repair has marked is not compacted with what comes later.
	nodetool(t, tools, c.Nodes[0], "repair", o.Keyspace)
	if err := s.Purge(t.Context(), v); err == nil || !strings.Contains(err.Error(), "repaired incrementally") {
		t.Errorf("purge after an incremental repair: %v, want that it is refused", err)
	}
	for _, n := range c.Nodes {
		nodetool(t, tools, n, "sstablerepairedset", "--really-set", "--is-unrepaired", o.Keyspace, versionedTable)
	}
	if err := s.Purge(t.Context(), v); err != nil {
		t.Error(err)
	}

	o.PurgeCommand = ""
	plain := open(t, o)
	defer plain.Close()
	if err := plain.Purge(t.Context(), v); !errors.Is(err, store.ErrNoPurge) {
		t.Errorf("purge without a command: %v, want ErrNoPurge", err)
	}
	tokensAgree(t, plain)
}

// tokensAgree compares tokens of keys of any length with Cassandra's.
func tokensAgree(t *testing.T, s *Store) {
	for n := range 40 {
		name := make([]byte, n)
		for i := range name {
			name[i] = byte(rand.Uint32())
		}
		p := store.Blind(string(name))
		if err := s.Put(t.Context(), p, []store.Mutation{store.Set([]byte("k"), nil)}); err != nil {
			t.Fatal(err)
		}
		var want int64
		if err := s.session.Query("SELECT token(partition) FROM "+blindTable+" WHERE partition = ?", partitionKey(p)).ScanContext(t.Context(), &want); err != nil {
			t.Fatal(err)
		}
		if got := token(partitionKey(p)); got != want {
			t.Errorf("token of %x is %d, want %d", partitionKey(p), got, want)
		}
	}
}
