package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// fault is something that happens to servers or nodes, from its beginning to its end: what
// it breaks works again when it returns.
type fault struct {
	name   string
	strike func(ctx context.Context, random *rand.Rand) error
}

const (
	shortestPause, longestPause = time.Second, 10 * time.Second // of what is stopped
	betweenFaults               = 4 * time.Second               // at least, and up to twice that
)

// between waits for a time between two, or to the end of the context.
func between(ctx context.Context, random *rand.Rand, least, most time.Duration) {
	sleep(ctx, least+time.Duration(random.Int64N(int64(most-least))))
}

// serverFaults are those of servers. Any may be away, and all but one.
func (s *site) serverFaults() []fault {
	kill := func(ctx context.Context, random *rand.Rand, struck []*server) error {
		for _, one := range struck {
			one.kill()
		}
		between(ctx, random, 100*time.Millisecond, 2*time.Second)
		var err error
		for _, one := range struck {
			err = errors.Join(err, one.start())
		}
		return err
	}
	pause := func(ctx context.Context, random *rand.Rand, struck []*server) error {
		var err error
		for _, one := range struck {
			err = errors.Join(err, one.pause())
		}
		between(ctx, random, shortestPause, longestPause)
		for _, one := range struck {
			err = errors.Join(err, one.resume())
		}
		return err
	}
	one := func(random *rand.Rand) []*server { return shuffled(random, s.servers)[:1] }
	faults := []fault{
		{"server killed", func(ctx context.Context, r *rand.Rand) error { return kill(ctx, r, one(r)) }},
		{"server paused", func(ctx context.Context, r *rand.Rand) error { return pause(ctx, r, one(r)) }},
	}
	if len(s.servers) > 2 {
		most := func(random *rand.Rand) []*server { return shuffled(random, s.servers)[1:] }
		faults = append(faults,
			fault{"all servers but one killed", func(ctx context.Context, r *rand.Rand) error { return kill(ctx, r, most(r)) }},
			fault{"all servers but one paused", func(ctx context.Context, r *rand.Rand) error { return pause(ctx, r, most(r)) }})
	}
	return faults
}

// nodeFaults are those of nodes that leave a majority, and where there is all the time for it
// also one that does not, and cuts of the network.
func (s *site) nodeFaults(all bool) []fault {
	if len(s.nodes) < 3 {
		return nil
	}
	pause := func(ctx context.Context, random *rand.Rand, n int) error {
		struck := shuffled(random, s.nodes)[:n]
		var err error
		for _, node := range struck {
			err = errors.Join(err, node.Pause())
		}
		between(ctx, random, shortestPause, longestPause)
		for _, node := range struck {
			err = errors.Join(err, node.Resume())
		}
		return err
	}
	faults := []fault{
		{"node killed", func(ctx context.Context, random *rand.Rand) error {
			node := s.nodes[random.IntN(len(s.nodes))]
			if err := node.Kill(); err != nil {
				return err
			}
			between(ctx, random, time.Second, 3*time.Second)
			return node.Start()
		}},
		{"node paused", func(ctx context.Context, r *rand.Rand) error { return pause(ctx, r, 1) }},
	}
	if all {
		faults = append(faults, fault{"most nodes paused", func(ctx context.Context, r *rand.Rand) error { return pause(ctx, r, len(s.nodes)-1) }})
	}
	if all && s.network != nil {
		faults = append(faults,
			fault{"node cut off from the others", func(ctx context.Context, r *rand.Rand) error { return s.cutFor(ctx, r, s.lone(r)) }},
			fault{"link cut in one direction", func(ctx context.Context, r *rand.Rand) error { return s.cutFor(ctx, r, s.lone(r)[:1]) }},
			fault{"link cut in both directions", func(ctx context.Context, r *rand.Rand) error { return s.cutFor(ctx, r, s.lone(r)[:2]) }})
	}
	return faults
}

// lone are the links between a node and all others, there and back.
func (s *site) lone(random *rand.Rand) [][2]int {
	var links [][2]int
	node := random.IntN(len(s.nodes))
	for other := range s.nodes {
		if other != node {
			links = append(links, [2]int{node, other}, [2]int{other, node})
		}
	}
	return links
}

// cutFor cuts links for a while.
func (s *site) cutFor(ctx context.Context, random *rand.Rand, links [][2]int) error {
	var err error
	for _, l := range links {
		err = errors.Join(err, s.network.cut(l[0], l[1]))
	}
	between(ctx, random, shortestPause, longestPause)
	for _, l := range links {
		err = errors.Join(err, s.network.mend(l[0], l[1]))
	}
	return err
}

func shuffled[T any](random *rand.Rand, list []T) []T {
	list = slices.Clone(list)
	random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// nemesis has faults strike one after the other.
type nemesis struct {
	faults []fault
	random *rand.Rand
	struck map[string]int
	logf   func(format string, args ...any)
}

// haunt has every fault strike once, in any order, and again until the context ends. What
// has been broken works again when it returns.
func (n *nemesis) haunt(ctx context.Context) error {
	for round := 0; ; round++ {
		for _, f := range shuffled(n.random, n.faults) {
			if round > 0 && ctx.Err() != nil {
				return nil
			}
			within := ctx
			if round == 0 {
				within = context.WithoutCancel(ctx)
			}
			begun := time.Now()
			if err := f.strike(within, n.random); err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
			n.struck[f.name]++
			n.logf("from %v for %v: %s", begun.Format(time.TimeOnly), time.Since(begun).Round(100*time.Millisecond), f.name)
			between(within, n.random, betweenFaults, 2*betweenFaults)
		}
		if len(n.faults) == 0 || ctx.Err() != nil {
			return nil
		}
	}
}

// haunted runs work while nemeses are at it, for a time at least and until each fault has
// struck once. What they did is added to struck. Work ends with its context.
func haunted(ctx context.Context, atLeast time.Duration, random *rand.Rand, struck map[string]int, kinds [][]fault, logf func(string, ...any), work func(context.Context)) error {
	timed, cancel := context.WithTimeout(ctx, atLeast)
	defer cancel()
	working, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		work(working)
	}()
	var nemeses sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for _, faults := range kinds {
		n := &nemesis{faults: faults, random: rand.New(rand.NewPCG(random.Uint64(), 0)), struck: map[string]int{}, logf: logf}
		nemeses.Go(func() {
			err := n.haunt(timed)
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
			for name, times := range n.struck {
				struck[name] += times
			}
		})
	}
	nemeses.Wait()
	<-timed.Done()
	stop()
	<-done
	return failed
}

// told lists how often each fault struck.
func told(struck map[string]int) string {
	text := ""
	for _, name := range slices.Sorted(maps.Keys(struck)) {
		text += fmt.Sprintf("\n%4d %s", struck[name], name)
	}
	return text
}
