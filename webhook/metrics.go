package webhook

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sony/gobreaker/v2"
)

// metrics are one backend's. Labels name known commands and outcomes alone.
type metrics struct {
	calls    *prometheus.CounterVec
	duration *prometheus.HistogramVec
	breaker  *prometheus.GaugeVec
	close    func() // takes them out of the registry
}

func newMetrics(registerer prometheus.Registerer, b backend) (*metrics, error) {
	m := &metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "recant_webhook_calls_total", Help: "Calls to the application's backend, by command and outcome: ok, status, answer, timeout, tls, connection, busy, open, cancelled.",
		}, []string{"command", "outcome"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "recant_webhook_call_duration_seconds", Help: "Time of an attempt from looking up the name to the end of the answer or the failure.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2.5, 11),
		}, []string{"command"}),
		breaker: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "recant_webhook_breaker_state", Help: "Circuit breaker of the calls before an event, as of the newest call: 0 closed, 1 probing, 2 open.",
		}, []string{"command"}),
		close: func() {},
	}
	if registerer == nil {
		return m, nil
	}
	registerer = prometheus.WrapRegistererWith(prometheus.Labels{
		"sdkappid": strconv.FormatUint(uint64(b.sdkAppID), 10), "url": b.shown(),
	}, registerer)
	collectors := []prometheus.Collector{m.calls, m.duration, m.breaker}
	m.close = func() {
		for _, c := range collectors {
			registerer.Unregister(c)
		}
	}
	for _, c := range collectors {
		if err := registerer.Register(c); err != nil {
			m.close()
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) ended(command string, err error) {
	m.calls.WithLabelValues(command, string(outcomeOf(err))).Inc()
}

func (m *metrics) attempted(command string, took time.Duration) {
	m.duration.WithLabelValues(command).Observe(took.Seconds())
}

func (m *metrics) breakerIs(command string, state gobreaker.State) {
	m.breaker.WithLabelValues(command).Set(float64(state)) // the library's numbers are those of Help
}
