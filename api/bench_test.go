package api

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/recant-chat/recant/api/usersig"
	"github.com/recant-chat/recant/chat"
	"github.com/recant-chat/recant/internal/testengine"
)

// The benchmarks run against a whole server over loopback, on the real engine
// on a real disk, with every commit synced. A time depends on the machine and
// its disk; what is worth reporting are the ratios of BenchmarkRatios, which
// are measured in turns in one run.

const (
	benchApp = 1400000001
	benchKey = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
)

// bench is a server with a command that does nothing beside all others.
type bench struct {
	b    *testing.B
	dir  string
	chat *chat.App
	http *httptest.Server
	sig  string
}

func newBench(b *testing.B) *bench {
	b.Helper()
	s := &bench{b: b, dir: b.TempDir()}
	st := testengine.In(filepath.Join(s.dir, "data")).OpenFor(b)
	var err error
	settings := chat.DefaultSettings()
	settings.ImportMaxBatch = 400
	s.chat, err = chat.OpenApp(context.Background(), st, benchApp, chat.Options{
		Settings: settings, Admins: []string{"administrator"}, Housekeeping: -1,
	})
	if err != nil {
		b.Fatal(err)
	}
	nothing := command("group_open_http_svc", "nothing", func(context.Context, *Call, *struct{}) (*noResult, error) {
		return nil, nil
	})
	unlimited := 0
	handler, err := NewServer([]Application{{
		SDKAppID: benchApp, Keys: []string{benchKey}, Admins: []string{"administrator"},
		CallsPerSecond: &unlimited, Chat: s.chat,
	}}, Options{Metrics: prometheus.NewRegistry(), commands: append(Commands(), nothing)})
	if err != nil {
		b.Fatal(err)
	}
	s.http = httptest.NewServer(handler)
	if s.sig, err = usersig.Sign(benchApp, benchKey, "administrator", time.Hour); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		s.http.Close()
		s.chat.Close()
	})
	return s
}

// caller is one keep-alive connection. It does as little as a client can, so
// that what is measured is the server.
type caller struct {
	b    *testing.B
	sig  string
	conn net.Conn
	in   *bufio.Reader
}

func (s *bench) caller() *caller {
	conn, err := net.Dial("tcp", s.http.Listener.Addr().String())
	if err != nil {
		s.b.Fatal(err)
	}
	return &caller{b: s.b, sig: s.sig, conn: conn, in: bufio.NewReader(conn)}
}

func (c *caller) close() { c.conn.Close() }

// call makes one call, which must succeed, and returns the answer.
func (c *caller) call(service, command, body string) []byte {
	request := fmt.Sprintf("POST /v4/%s/%s?sdkappid=%d&identifier=administrator&usersig=%s&random=1&contenttype=json HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s",
		service, command, benchApp, c.sig, len(body), body)
	if _, err := c.conn.Write([]byte(request)); err != nil {
		c.b.Error(err)
		return nil
	}
	response, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.b.Error(err)
		return nil
	}
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		c.b.Error(err)
	} else if !strings.Contains(string(answer), `"ErrorCode":0`) {
		c.b.Errorf("%s answered %s", command, answer)
	}
	return answer
}

func (c *caller) group(command, format string, args ...any) []byte {
	return c.call("group_open_http_svc", command, fmt.Sprintf(format, args...))
}

// makeGroup makes a group with a history: hits messages by ann among the newest
// ones, all others by bob.
func (s *bench) makeGroup(id string, messages, hits int) {
	s.b.Helper()
	c := s.caller()
	defer c.close()
	for _, account := range []string{"ann", "bob"} {
		c.call("im_open_login_svc", "account_import", fmt.Sprintf(`{"UserID":%q}`, account))
	}
	c.group("create_group", `{"Type":"ChatRoom","Name":"bench","GroupId":%q}`, id)
	body := jsontext.Value(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"a message of ordinary length, as people send them"}}]`)
	now := time.Now().Unix()
	for first := 0; first < messages; first += 400 {
		batch := chat.Import{GroupID: id}
		for i := first; i < min(first+400, messages); i++ {
			from := "bob"
			if i >= messages-hits {
				from = "ann"
			}
			batch.Messages = append(batch.Messages, chat.ImportedMessage{From: from, Time: &now, Body: body})
		}
		results, err := s.chat.ImportMessages(context.Background(), chat.Operator{Account: "administrator"}, batch)
		if err != nil || results[0].Code != 0 {
			s.b.Fatal(results, err)
		}
	}
}

const benchText = `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"a message of ordinary length, as people send them"}}]`

// parallel runs calls by a number of callers for b.N calls in all.
func (s *bench) parallel(callers int, call func(c *caller, i int64)) {
	var next atomic.Int64
	s.b.ResetTimer()
	var running sync.WaitGroup
	for range callers {
		running.Go(func() {
			c := s.caller()
			defer c.close()
			for {
				i := next.Add(1)
				if i > int64(s.b.N) {
					return
				}
				call(c, i)
			}
		})
	}
	running.Wait()
	s.b.StopTimer()
}

func sendOne(c *caller, group string, i int64) {
	c.group("send_group_msg", `{"GroupId":%q,"From_Account":"bob","Random":%d,"MsgBody":%s}`, group, i%4294967296, benchText)
}

func BenchmarkSend(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d/conversations=1", callers), func(b *testing.B) {
			s := newBench(b)
			s.makeGroup("g", 1, 0)
			s.parallel(callers, func(c *caller, i int64) { sendOne(c, "g", i) })
		})
	}
	b.Run("callers=256/conversations=1000", func(b *testing.B) {
		s := newBench(b)
		s.makeGroups(1000)
		s.parallel(256, func(c *caller, i int64) { sendOne(c, fmt.Sprintf("g%d", i%1000), i) })
	})
}

func (s *bench) makeGroups(n int) {
	s.b.Helper()
	var running sync.WaitGroup
	for part := range 32 {
		running.Go(func() {
			for i := part; i < n; i += 32 {
				s.makeGroup(fmt.Sprintf("g%d", i), 10, 5)
			}
		})
	}
	running.Wait()
}

func recallOne(c *caller, group string) {
	c.group("delete_group_msg_by_sender", `{"GroupId":%q,"Sender_Account":"ann"}`, group)
}

func BenchmarkRecall(b *testing.B) {
	for _, hits := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("hits=%d/history=2000", hits), func(b *testing.B) {
			s := newBench(b)
			s.makeGroup("g", 2000, hits)
			s.parallel(1, func(c *caller, _ int64) { recallOne(c, "g") })
		})
	}
	for _, messages := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("hits=100/history=%d", messages), func(b *testing.B) {
			s := newBench(b)
			s.makeGroup("g", messages, 100)
			s.parallel(1, func(c *caller, _ int64) { recallOne(c, "g") })
		})
	}
}

func pullOne(c *caller, group string) {
	c.group("group_msg_get_simple", `{"GroupId":%q,"ReqMsgNumber":20}`, group)
}

func BenchmarkPage(b *testing.B) {
	b.Run("no recalls", func(b *testing.B) {
		s := newBench(b)
		s.makeGroup("g", 2000, 0)
		s.parallel(1, func(c *caller, _ int64) { pullOne(c, "g") })
	})
	b.Run("1,000 recalls in the stream", func(b *testing.B) {
		s := newBench(b)
		s.makeRecalledGroup("g")
		s.parallel(1, func(c *caller, _ int64) { pullOne(c, "g") })
	})
	b.Run("all of the window but 20 recalled", func(b *testing.B) {
		s := newBench(b)
		s.makeGroup("g", 2000, 980)
		c := s.caller()
		defer c.close()
		recallOne(c, "g")
		s.parallel(1, func(c *caller, _ int64) { pullOne(c, "g") })
	})
}

// makeRecalledGroup makes a history of 2,000 messages with 1,000 recalls, by
// as many senders, whose newest page is what it is without them.
func (s *bench) makeRecalledGroup(id string) {
	s.makeGroup(id, 2000, 0)
	var running sync.WaitGroup
	for part := range 32 {
		running.Go(func() {
			c := s.caller()
			defer c.close()
			for i := part; i < 1000; i += 32 {
				c.group("delete_group_msg_by_sender", `{"GroupId":%q,"Sender_Account":"spammer-%d"}`, id, i)
			}
		})
	}
	running.Wait()
}

// BenchmarkRatios reports what the hot paths cost in terms of each other, the
// two sides of each ratio measured in turns. Run it with -benchtime=1x; the
// metrics are named after the sides.
func BenchmarkRatios(b *testing.B) {
	s := newBench(b)
	s.makeGroup("hits-1", 2000, 1)
	s.makeGroup("hits-1000", 2000, 1000)
	s.makeGroup("history-1k", 1000, 100)
	s.makeGroup("history-1M", 1_000_000, 100)
	s.makeGroup("plain", 2000, 0)
	s.makeRecalledGroup("recalled")
	s.makeGroups(1000)
	group := func(i int64) string { return fmt.Sprintf("g%d", i%1000) }
	recall := func(id string) func(*caller, int64) { return func(c *caller, _ int64) { recallOne(c, id) } }
	pull := func(id string) func(*caller, int64) { return func(c *caller, _ int64) { pullOne(c, id) } }
	recallMany := func(c *caller, i int64) { recallOne(c, group(i)) }

	b.ResetTimer()
	for range b.N {
		b.ReportMetric(s.ratio(1, recall("hits-1000"), recall("hits-1")), "recall-1000-hits/1-hit")
		b.ReportMetric(s.ratio(1, recall("history-1M"), recall("history-1k")), "recall-1M-history/1k-history")
		b.ReportMetric(s.ratio(1, pull("recalled"), pull("plain")), "page-1000-recalls/none")
		b.ReportMetric(1/s.ratio(256, recallMany, func(c *caller, i int64) {
			c.group("modify_group_base_info", `{"GroupId":%q,"MaxMemberNum":%d}`, group(i), 1+i%6000)
		}), "recalls-per-s/one-row-writes-per-s")
		b.ReportMetric(1/s.ratio(256, recallMany, func(c *caller, _ int64) {
			c.group("nothing", "{}")
		}), "recalls-per-s/empty-calls-per-s")
	}
	b.ReportMetric(syncLatency(b, s.dir).Seconds()*1e6, "disk-sync-us")
	b.ReportMetric(0, "ns/op")
}

// ratio is the time of a call of one kind to that of another, at a number of
// callers: the median over rounds in which both run after each other.
func (s *bench) ratio(callers int, numerator, denominator func(*caller, int64)) float64 {
	const rounds = 9
	var ratios []float64
	for range rounds {
		ratios = append(ratios, s.rate(callers, denominator)/s.rate(callers, numerator))
	}
	return median(ratios)
}

// rate is the calls per second of a number of callers over a second.
func (s *bench) rate(callers int, call func(*caller, int64)) float64 {
	var calls atomic.Int64
	start := time.Now()
	deadline := start.Add(time.Second)
	var running sync.WaitGroup
	for range callers {
		running.Go(func() {
			c := s.caller()
			defer c.close()
			for time.Now().Before(deadline) {
				call(c, calls.Add(1))
			}
		})
	}
	running.Wait()
	return float64(calls.Load()) / time.Since(start).Seconds()
}

// syncLatency is the median time of one small write and sync on the disk.
func syncLatency(b *testing.B, dir string) time.Duration {
	f, err := os.Create(filepath.Join(dir, "sync"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	var times []float64
	for range 101 {
		start := time.Now()
		if _, err := f.Write(make([]byte, 256)); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(start).Seconds())
	}
	return time.Duration(median(times) * float64(time.Second))
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
