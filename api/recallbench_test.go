package api

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/recant-chat/recant/chat"
)

// BenchmarkRecallRatios reports what the moderation commands cost in terms of
// each other and of the hot paths, the two sides of each ratio measured in
// turns. Run it with -benchtime=1x; the metrics are named after the sides.
func BenchmarkRecallRatios(b *testing.B) {
	s := newBench(b)
	const operations, history = 10_000, 25_000
	s.makeGroup("none", history, 0)
	s.makeGroup("one-sender", history, 0)
	s.makeGroup("many-senders", history, 0)
	s.recallDisjoint("one-sender", operations, func(int) string { return "bob" })
	s.recallDisjoint("many-senders", operations, func(i int) string { return fmt.Sprint("spammer-", i) })
	s.makeGroup("once", history, 0)
	s.makeGroup("buried", history, 0)
	s.recallOver("once", 1)
	s.recallOver("buried", operations)
	s.makeGroups(100)
	s.makeGroup("window", 2000, 500)
	pull := func(id string) func(*caller, int64) { return func(c *caller, _ int64) { pullOne(c, id) } }
	look := func(id string, rows int) func(*caller, int64) {
		return func(c *caller, _ int64) {
			c.call(moderationService, "get_timeline", fmt.Sprintf(`{"GroupId":%q,"Limit":%d}`, id, rows))
		}
	}

	b.ResetTimer()
	for range b.N {
		b.ReportMetric(s.ratio(1, pull("one-sender"), pull("none")), "page-10k-operations-of-one-sender/none")
		b.ReportMetric(s.ratio(1, pull("many-senders"), pull("none")), "page-10k-operations-of-10k-senders/none")
		b.ReportMetric(s.ratio(1, look("none", 20), pull("none")), "timeline/page")
		b.ReportMetric(s.ratio(1, look("none", 200), look("none", 20)), "timeline-200/timeline-20")
		b.ReportMetric(s.ratio(1, look("once", 200), look("none", 200)), "timeline-200-all-recalled/none")
		b.ReportMetric(s.ratio(1, look("buried", 200), look("once", 200)), "timeline-200-under-10k-operations/under-1")
		b.ReportMetric(s.ratio(1, func(c *caller, _ int64) { recallMany(c, 100) }, func(c *caller, _ int64) { recallMany(c, 1) })/100,
			"target-of-100/single-target")
		b.ReportMetric(s.restoreRatio(), "restore/recall")
		b.ReportMetric(s.ratio(1, func(c *caller, _ int64) {
			c.call(recallService, "preview_recall", `{"Targets":[{"GroupId":"window","Sender_Account":"ann"}]}`)
		}, func(c *caller, _ int64) { recallOne(c, "window") }), "preview/classic-recall")
	}
	b.ReportMetric(syncLatency(b, s.dir).Seconds()*1e6, "disk-sync-us")
	b.ReportMetric(0, "ns/op")
}

// recallDisjoint makes operations on single numbers that do not touch, none of
// them on the newest page.
func (s *bench) recallDisjoint(group string, operations int, sender func(i int) string) {
	s.b.Helper()
	for i := range operations {
		_, err := s.chat.Recall(context.Background(), chat.Operator{Account: "administrator"}, chat.RecallCall{
			Targets: []chat.RecallTarget{{GroupID: group, Sender: sender(i)}},
			Scope:   chat.RecallScope{LastNum: 1, BeforeSeq: uint32(2*i + 2)},
		})
		if err != nil {
			s.b.Fatal(err)
		}
	}
}

// recallOver makes operations of different lengths that all cover the newest 200
// numbers.
func (s *bench) recallOver(group string, operations int) {
	s.b.Helper()
	for i := range operations {
		_, err := s.chat.Recall(context.Background(), chat.Operator{Account: "administrator"}, chat.RecallCall{
			Targets: []chat.RecallTarget{{GroupID: group, Sender: "bob"}}, Scope: chat.RecallScope{LastNum: int64(200 + i)},
		})
		if err != nil {
			s.b.Fatal(err)
		}
	}
}

// recallMany recalls one sender in a number of groups, in one call.
func recallMany(c *caller, n int) {
	body := []byte(`{"Targets":[`)
	for i := range n {
		if i > 0 {
			body = append(body, ',')
		}
		body = fmt.Appendf(body, `{"GroupId":"g%d","Sender_Account":"ann"}`, i)
	}
	c.call(recallService, "recall_by_sender", string(append(body, "]}"...)))
}

// restoreRatio is the time of a restore to that of the recall that it undoes:
// the median over rounds in which both run after each other.
func (s *bench) restoreRatio() float64 {
	const rounds, calls = 9, 200
	c := s.caller()
	defer c.close()
	var ratios []float64
	for range rounds {
		var ids []string
		start := time.Now()
		for range calls {
			var answer struct{ OperationId string }
			if err := json.Unmarshal(c.call(recallService, "recall_by_sender", `{"Targets":[{"GroupId":"window","Sender_Account":"ann"}]}`), &answer); err != nil {
				s.b.Fatal(err)
			}
			ids = append(ids, answer.OperationId)
		}
		recalls := time.Since(start)
		start = time.Now()
		for _, id := range ids {
			c.call(recallService, "restore_recall", fmt.Sprintf(`{"OperationId":%q}`, id))
		}
		ratios = append(ratios, float64(time.Since(start))/float64(recalls))
	}
	return median(ratios)
}
