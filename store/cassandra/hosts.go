package cassandra

import (
	"context"
	"errors"
	"sync"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
)

// hostPolicy asks the replicas of a partition first, those of the near datacentre
// before others, and puts a node behind the others for a while once it has left a
// statement without an answer: one that hangs is not noticed as down for long.
type hostPolicy struct {
	gocql.HostSelectionPolicy
	patience time.Duration // until a read is asked of another node, too
	mu       sync.Mutex
	until    map[string]time.Time // by host id, when a node is trusted again
}

// distrust is how long a node stays behind the others.
const distrust = 5 * time.Second

func newHostPolicy(datacenter string, patience time.Duration) *hostPolicy {
	near := gocql.RoundRobinHostPolicy()
	if datacenter != "" {
		near = gocql.DCAwareRoundRobinPolicy(datacenter)
	}
	return &hostPolicy{
		HostSelectionPolicy: gocql.TokenAwareHostPolicy(near, gocql.ShuffleReplicas()),
		patience:            patience,
		until:               map[string]time.Time{},
	}
}

// Pick implements gocql.HostSelectionPolicy.
func (p *hostPolicy) Pick(statement gocql.ExecutableStatement) gocql.NextHost {
	next := p.HostSelectionPolicy.Pick(statement)
	var behind []gocql.SelectedHost
	return func() gocql.SelectedHost {
		for h := next(); h != nil; h = next() {
			if h = (watchedHost{h, p}); !p.distrusted(h.Info()) {
				return h
			}
			behind = append(behind, h)
		}
		if len(behind) == 0 {
			return nil
		}
		h := behind[0]
		behind = behind[1:]
		return h
	}
}

func (p *hostPolicy) distrusted(h *gocql.HostInfo) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return h != nil && time.Now().Before(p.until[h.HostID()])
}

// watchedHost tells the policy what became of a statement.
type watchedHost struct {
	gocql.SelectedHost
	policy *hostPolicy
}

// Mark implements gocql.SelectedHost.
func (h watchedHost) Mark(err error) {
	h.SelectedHost.Mark(err)
	// The driver says nil of an attempt that was given up, too: trust comes back
	// with time alone.
	if errors.Is(err, gocql.ErrTimeoutNoResponse) || errors.Is(err, gocql.ErrConnectionClosed) {
		h.policy.distrustNow(h.Info().HostID())
	}
}

func (p *hostPolicy) distrustNow(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until[id] = time.Now().Add(distrust)
}

// ObserveQuery implements gocql.QueryObserver: a node that another one was asked in
// place of, because it took too long, is behind the others from then on.
func (p *hostPolicy) ObserveQuery(_ context.Context, q gocql.ObservedQuery) {
	if q.Host != nil && errors.Is(q.Err, context.Canceled) && q.End.Sub(q.Start) >= p.patience {
		p.distrustNow(q.Host.HostID())
	}
}
