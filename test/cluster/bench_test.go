package cluster

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recant-chat/recant/client"
	"github.com/recant-chat/recant/internal/cassandratest"
)

const (
	benchClients = 64 // in all, evenly spread over the servers
	benchGroups  = 1000
	benchWarmUp  = 3 * time.Second
	benchTime    = 10 * time.Second
)

// BenchmarkServersOnOneCluster reports the messages per second that servers send together
// through one Cassandra node, and how many that is for each of a single server in the same
// run. Run it with -benchtime=1x.
func BenchmarkServersOnOneCluster(b *testing.B) {
	c := cassandratest.Start(b, 1)
	url := newKeyspace(b, c, "bench")
	makeBenchGroups(b, url)
	for _, conversations := range []int{1, benchGroups} {
		alone := 0.0
		for _, servers := range []int{1, 2, 4} {
			b.Run(fmt.Sprintf("conversations=%d/servers=%d", conversations, servers), func(b *testing.B) {
				for range b.N {
					rate, combined := benchSends(b, url, servers, conversations)
					if servers == 1 {
						alone = rate
					}
					b.ReportMetric(rate, "msgs/s")
					b.ReportMetric(rate/alone, "x-one-server")
					b.ReportMetric(combined, "msgs/commit")
				}
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

func benchGroup(i int) string { return fmt.Sprintf("bench-%d", i) }

// makeBenchGroups makes the groups, from as many clients as then send.
func makeBenchGroups(b *testing.B, url string) {
	b.Helper()
	s := newSite(b, 1, "--store", url)
	c := s.clients()[0].WithRetry(client.Retry{})
	if _, err := c.MultiAccountImport(b.Context(), &client.MultiAccountImportRequest{Accounts: senders}); err != nil {
		b.Fatal(err)
	}
	var next atomic.Int64
	var running sync.WaitGroup
	for range benchClients {
		running.Go(func() {
			for i := int(next.Add(1)); i <= benchGroups; i = int(next.Add(1)) {
				id := benchGroup(i)
				_, err := c.CreateGroup(b.Context(), &client.CreateGroupRequest{GroupID: &id, Type: "Public", Name: "bench"})
				if code := client.CodeOf(err); err != nil && code != client.CodeGroupIDInUse && code != client.CodeGroupIDInUseByOwner {
					b.Error(err)
				}
			}
		})
	}
	running.Wait()
	s.servers[0].kill()
	if b.Failed() {
		b.FailNow()
	}
}

// benchSends sends for a while and returns the messages per second, and per commit of all
// that the servers commit.
func benchSends(b *testing.B, url string, servers, conversations int) (rate, combined float64) {
	b.Helper()
	s := newSite(b, 0)
	var metrics []string
	for range servers {
		metrics = append(metrics, freeAddress(b))
		s.addServer("--store", url, "--metrics-listen", metrics[len(metrics)-1])
	}
	clients := s.clients()
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	var sent atomic.Int64
	var failed sync.Map // how often each error came
	var running sync.WaitGroup
	for i := range benchClients {
		c := clients[i%servers].WithRetry(client.Retry{Attempts: 1, AttemptTimeout: time.Minute})
		running.Go(func() {
			// Each walks through conversations of its own, as far as there are enough.
			for n := i; ctx.Err() == nil; n += benchClients {
				_, err := c.SendGroupMsg(context.WithoutCancel(ctx), &client.SendGroupMsgRequest{
					GroupID: benchGroup(1 + n%conversations), FromAccount: &senders[0],
					MsgBody: client.MessageBody{client.Text("one of many messages of a usual length, such as people write")},
				})
				if err == nil {
					sent.Add(1)
					continue
				}
				n, _ := failed.LoadOrStore(err.Error(), new(atomic.Int64))
				n.(*atomic.Int64).Add(1)
			}
		})
	}
	time.Sleep(benchWarmUp)
	messages, commits, begun := sent.Load(), commitsOf(b, metrics), time.Now()
	time.Sleep(benchTime)
	messages, commits = sent.Load()-messages, commitsOf(b, metrics)-commits
	rate = float64(messages) / time.Since(begun).Seconds()
	stop()
	running.Wait()
	for _, one := range s.servers {
		one.kill()
	}
	failed.Range(func(err, n any) bool {
		b.Logf("%d sends failed: %v", n.(*atomic.Int64).Load(), err)
		return true
	})
	return rate, float64(messages) / max(1, commits)
}

func freeAddress(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

var commitsLine = regexp.MustCompile(`(?m)^recant_cassandra_commits_total (\S+)$`)

// commitsOf is how often the servers have committed, by their metrics.
func commitsOf(b *testing.B, addresses []string) float64 {
	b.Helper()
	total := 0.0
	for _, address := range addresses {
		answer, err := http.Get("http://" + address + "/metrics")
		if err != nil {
			b.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			b.Fatal(err)
		}
		match := commitsLine.FindStringSubmatch(string(text))
		if match == nil {
			b.Fatalf("no commits are counted: %s", strings.TrimSpace(string(text)))
		}
		n, err := strconv.ParseFloat(match[1], 64)
		if err != nil {
			b.Fatal(err)
		}
		total += n
	}
	http.DefaultClient.CloseIdleConnections()
	return total
}
