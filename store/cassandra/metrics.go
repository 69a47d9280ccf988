package cassandra

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count what the engine does. They are registered once, whatever is open.
type metrics struct {
	registry prometheus.Registerer

	commits, conflicts, unknown, retries, rereads, settles prometheus.Counter
}

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	m := &metrics{registry: registry}
	for name, c := range m.all() {
		*c.counter = prometheus.NewCounter(prometheus.CounterOpts{Name: "recant_cassandra_" + name, Help: c.help})
		if registry == nil {
			continue
		}
		if err := registry.Register(*c.counter); err != nil {
			m.unregister()
			return nil, fmt.Errorf("register metrics of the store: %w", err)
		}
	}
	return m, nil
}

type namedCounter struct {
	counter *prometheus.Counter
	help    string
}

func (m *metrics) all() map[string]namedCounter {
	return map[string]namedCounter{
		"commits_total":   {&m.commits, "Conditional writes that were applied."},
		"conflicts_total": {&m.conflicts, "Conditional writes that another writer came before."},
		"unknown_total":   {&m.unknown, "Conditional writes whose outcome stayed unknown."},
		"retries_total":   {&m.retries, "Statements that were tried again after a node or the cluster failed to answer."},
		"rereads_total":   {&m.rereads, "Reads that were made again because a commit came between their parts."},
		"settles_total":   {&m.settles, "Reads at serial consistency, for a commit of another process or of unknown outcome."},
	}
}

func (m *metrics) unregister() {
	if m.registry == nil {
		return
	}
	for _, c := range m.all() {
		if *c.counter != nil {
			m.registry.Unregister(*c.counter)
		}
	}
}
