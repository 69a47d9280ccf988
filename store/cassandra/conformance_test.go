package cassandra

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/cassandratest"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/storetest"
)

var keyspaces atomic.Int64

// keyspace makes a keyspace of its own for the test and returns how to open it.
func keyspace(t testing.TB, c *cassandratest.Cluster) Options {
	t.Helper()
	o, err := ParseURL(c.URL(fmt.Sprintf("test%d", keyspaces.Add(1))))
	if err != nil {
		t.Fatal(err)
	}
	o.Timeout, o.RetryFor = 10*time.Second, time.Minute // a machine that does more fails no test
	if _, _, err := Migrate(t.Context(), o, Replication{"datacenter1": len(c.Nodes)}); err != nil {
		t.Fatal(err)
	}
	return o
}

func open(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	c := cassandratest.Start(t, 1)
	tools := c.Tools(t)
	purge := purgeCommand(t, c, tools)
	storetest.Run(t, func(t *testing.T) storetest.Fixture {
		o := keyspace(t, c)
		network := &lossyDialer{}
		o.dialer, o.PurgeCommand = network, purge
		s := open(t, o)
		closeStore := func(t testing.TB) {
			if err := s.Close(); err != nil && !errors.Is(err, store.ErrClosed) {
				t.Error(err)
			}
		}
		t.Cleanup(func() { closeStore(t) })
		f := storetest.Fixture{Store: s, Slow: true, Reopen: func(t testing.TB) store.Store {
			closeStore(t)
			s = open(t, o)
			return s
		}, Holds: c.Holds}
		f.Flush = func(t testing.TB) {
			for _, tables := range [][]string{{o.Keyspace}, {"system", "paxos"}} {
				// What is compacted is what a purge compacts.
				nodetool(t, tools, c.Nodes[0], append([]string{"disableautocompaction"}, tables...)...)
				nodetool(t, tools, c.Nodes[0], append([]string{"flush"}, tables...)...)
			}
		}
		f.Faults = func(t testing.TB, on bool) {
			network.on.Store(on)
			if !on && network.lost.Load() == 0 {
				t.Error("no answer was lost: the rule shows nothing")
			}
		}
		return f
	})
}
