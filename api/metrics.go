package api

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/recant-chat/recant/chat"
)

// metrics are the server's own counters. Labels name commands of the registry
// alone, so that callers cannot make series.
type metrics struct {
	calls    *prometheus.CounterVec
	duration *prometheus.HistogramVec
	panics   *prometheus.CounterVec
	underWay prometheus.Gauge
}

func newMetrics(registerer prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "recant_api_calls_total", Help: "Calls answered, by command and error code (0 is success).",
		}, []string{"service", "command", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "recant_api_call_duration_seconds", Help: "Time from the end of a request's header to its answer.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2.5, 13),
		}, []string{"service", "command"}),
		panics: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "recant_api_panics_total", Help: "Calls that ended in a panic, by command; each is a bug and is in the log with its stack.",
		}, []string{"service", "command"}),
		underWay: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "recant_api_calls_under_way", Help: "Calls that passed authentication and are not answered yet.",
		}),
	}
	if registerer == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.calls, m.duration, m.panics, m.underWay} {
		if err := registerer.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) answered(c *Command, code chat.Code, took time.Duration) {
	service, command := labels(c)
	m.calls.WithLabelValues(service, command, strconv.Itoa(int(code))).Inc()
	m.duration.WithLabelValues(service, command).Observe(took.Seconds())
}

func (m *metrics) panicked(c *Command) { m.panics.WithLabelValues(labels(c)).Inc() }

// labels of a call that reached no command are empty.
func labels(c *Command) (service, command string) {
	if c == nil {
		return "", ""
	}
	return c.Service, c.Name
}
