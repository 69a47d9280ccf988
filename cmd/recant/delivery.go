package main

import (
	"fmt"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/recant-chat/recant/chat"
)

// delivery is the metrics of how an application's events are delivered.
type delivery struct {
	chat                           *chat.App
	waiting, oldest, told, givenUp *prometheus.Desc
}

// registerDelivery registers them.
func registerDelivery(registerer prometheus.Registerer, sdkAppID uint32, app *chat.App) error {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("recant_webhook_"+name, help, nil, prometheus.Labels{"sdkappid": strconv.FormatUint(uint64(sdkAppID), 10)})
	}
	err := registerer.Register(&delivery{
		chat:    app,
		waiting: desc("waiting_lanes", "Groups, topics and accounts with events that this server has to deliver, or to look for."),
		oldest:  desc("oldest_undelivered_seconds", "Age of the oldest event that could not be delivered, 0 for none."),
		told:    desc("events_delivered_total", "Events that the backend has taken."),
		givenUp: desc("events_given_up_total", "Events that were given up: too old, or refused where after_retries has an end."),
	})
	if err != nil {
		return fmt.Errorf("metrics of the delivery: %w", err)
	}
	return nil
}

// Describe sends what is collected.
func (d *delivery) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{d.waiting, d.oldest, d.told, d.givenUp} {
		to <- desc
	}
}

// Collect sends how the delivery stands.
func (d *delivery) Collect(to chan<- prometheus.Metric) {
	now := d.chat.Deliveries()
	to <- prometheus.MustNewConstMetric(d.waiting, prometheus.GaugeValue, float64(now.Lanes))
	to <- prometheus.MustNewConstMetric(d.oldest, prometheus.GaugeValue, now.Oldest.Seconds())
	to <- prometheus.MustNewConstMetric(d.told, prometheus.CounterValue, float64(now.Told))
	to <- prometheus.MustNewConstMetric(d.givenUp, prometheus.CounterValue, float64(now.GivenUp))
}
