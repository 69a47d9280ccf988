package cluster

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/cassandratest"
)

const (
	// shortTime is how long the load lasts where nothing else is asked for.
	shortTime = 75 * time.Second
	// spell is how long faults strike before everything is mended and looked at.
	spell = 100 * time.Second
	// timeVariable has the duration of a long run, such as 10m.
	timeVariable = "RECANT_CLUSTER_TIME"
	// seedVariable has the seed of a run, for the same faults in the same order.
	seedVariable = "RECANT_CLUSTER_SEED"
)

func TestServersOnAClusterKeepWhatTheyAcknowledge(t *testing.T) {
	last, long := shortTime, os.Getenv(timeVariable) != ""
	if long {
		var err error
		if last, err = time.ParseDuration(os.Getenv(timeVariable)); err != nil {
			t.Fatalf("%s: %v", timeVariable, err)
		}
	}
	const nodes, servers = 3, 3
	o := cassandratest.Options{Nodes: nodes}
	var links *network
	if long {
		var err error
		if links, err = newNetwork(t, nodes); err != nil {
			t.Logf("the network is not cut, because it cannot be made of namespaces here: %v", err)
			links = nil
		} else {
			o.Addresses, o.Namespaces = links.addresses, links.namespaces
		}
	}
	c := cassandratest.StartWith(t, o)
	s := newSite(t, servers, "--store", newKeyspace(t, c, "recant"))
	s.nodes, s.network = c.Nodes, links
	s.prove(last, long, 4*time.Minute)
}

// The same clients and faults on the embedded engine, with its one server.
func TestServerOnTheEmbeddedEngineKeepsWhatItAcknowledges(t *testing.T) {
	last := 20 * time.Second
	if testing.Short() {
		last = 5 * time.Second
	}
	newSite(t, 1).prove(last, false, time.Minute)
}

// prove puts load on the site while faults strike, spell after spell, and judges what is
// there after each.
func (s *site) prove(last time.Duration, long bool, toLook time.Duration) {
	t := s.t
	seed := rand.Uint64()
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("%s: %v", seedVariable, err)
		}
	}
	t.Logf("%s=%d", seedVariable, seed)
	random := rand.New(rand.NewPCG(seed, 1))
	l := &load{t: t, servers: s.clients(), seed: seed, looks: 30}
	if err := l.setUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	struck := map[string]int{}
	var total verdict
	for begun := time.Now(); time.Since(begun) < last; {
		var all []*conversation
		err := haunted(t.Context(), min(spell, last), random, struck, [][]fault{s.serverFaults(), s.nodeFaults(long)}, t.Logf, func(ctx context.Context) {
			for ctx.Err() == nil {
				all = append(all, l.round(ctx)...)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.ended(); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), toLook)
		v := l.judge(ctx, all)
		cancel()
		v.report(t)
		total.add(v)
		t.Logf("after %v: %v; %v", time.Since(begun).Round(time.Second), &l.counts, &total)
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("faults:%s", told(struck))
	if l.counts.sends.Load() == 0 || l.counts.recalls.Load() == 0 || l.counts.pulls.Load() == 0 || len(s.servers) > 1 && l.counts.open.Load() == 0 {
		t.Error("the load proves too little")
	}
}
