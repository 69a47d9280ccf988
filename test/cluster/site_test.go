package cluster

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/recant-chat/recant/client"
	"github.com/recant-chat/recant/internal/cassandratest"
	"github.com/recant-chat/recant/internal/programtest"
	"github.com/recant-chat/recant/store/cassandra"
)

// The application that all servers serve.
const (
	sdkAppID = 1400000001
	key      = "6f1c0a4f0be8d5e3bb2c1f0d7a9e4832c5d6b7a8f90e1d2c3b4a59687f6e5d4c"
)

// requestTime is after what time a server gives up a call: more than the default, for
// machines on which nodes and servers share few processors.
const requestTime = 5 * time.Second

// site is servers on one store.
type site struct {
	t       testing.TB
	servers []*server
	nodes   []*cassandratest.Node // none under the embedded engine
	network *network              // of the nodes, nil for none that can be cut
}

// server is one `recant serve`, run after run, at one address.
type server struct {
	name  string
	flags []string
	mu    sync.Mutex
	run   *programtest.Server
	url   string // of all runs
}

// newSite starts that many servers, with further flags.
func newSite(t testing.TB, servers int, flags ...string) *site {
	t.Helper()
	s := &site{t: t}
	for range servers {
		s.addServer(flags...)
	}
	t.Cleanup(func() {
		if t.Failed() {
			s.showLogs()
		}
	})
	return s
}

// addServer starts another server.
func (s *site) addServer(flags ...string) {
	s.t.Helper()
	one := &server{name: fmt.Sprintf("server %d", len(s.servers)+1), flags: append([]string{
		"--data", s.t.TempDir(), "--sdkappid", fmt.Sprint(sdkAppID), "--key", key,
		"--calls-per-second", "0", "--command-limits", "multiaccount_import=0", "--log-level", "error",
		"--request-timeout", requestTime.String(),
	}, flags...)}
	s.servers = append(s.servers, one)
	s.t.Cleanup(one.kill)
	if err := one.start(); err != nil {
		s.t.Fatal(err)
	}
}

// newKeyspace makes a keyspace of the cluster and returns its URL.
func newKeyspace(t testing.TB, c *cassandratest.Cluster, name string) string {
	t.Helper()
	o, err := cassandra.ParseURL(c.URL(name, "timeout="+programtest.Patience.String()))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := cassandra.Migrate(t.Context(), o, cassandra.Replication{"datacenter1": len(c.Nodes)}); err != nil {
		t.Fatal(err)
	}
	return c.URL(name)
}

func (s *site) showLogs() {
	const enough = 3000
	for _, one := range s.servers {
		one.mu.Lock()
		if one.run != nil {
			log := one.run.Out.String()
			s.t.Logf("%s: ...%s", one.name, log[max(0, len(log)-enough):])
		}
		one.mu.Unlock()
	}
}

// clients are clients of the servers, which make each call once.
func (s *site) clients() []*client.Client {
	s.t.Helper()
	var clients []*client.Client
	for _, one := range s.servers {
		transport := &http.Transport{MaxIdleConnsPerHost: 256}
		s.t.Cleanup(transport.CloseIdleConnections)
		c, err := client.New(client.Config{
			BaseURL: one.url, SDKAppID: sdkAppID, Key: key, HTTPClient: &http.Client{Transport: transport},
			Retry: client.Retry{Attempts: 1, AttemptTimeout: answerTime},
		})
		if err != nil {
			s.t.Fatal(err)
		}
		clients = append(clients, c)
	}
	return clients
}

// start starts the server where it was before. It tries until it serves: its store may not
// answer at first.
func (s *server) start() error {
	listen := "127.0.0.1:0"
	if s.url != "" {
		listen = strings.TrimPrefix(s.url, "http://")
	}
	for end := time.Now().Add(programtest.Patience); ; time.Sleep(200 * time.Millisecond) {
		run, err := programtest.LaunchServer(binary, append(s.flags, "--listen", listen)...)
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.run = run
		s.mu.Unlock()
		if err = run.Await(); err == nil {
			s.url = run.URL
			return nil
		}
		run.Kill()
		if time.Now().After(end) {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
}

func (s *server) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run != nil {
		s.run.Kill()
	}
}

func (s *server) signal(signal os.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.run.Signal(signal)
}

func (s *server) pause() error  { return s.signal(syscall.SIGSTOP) }
func (s *server) resume() error { return s.signal(syscall.SIGCONT) }

// ended says of servers that ended by themselves.
func (s *site) ended() error {
	var err error
	for _, one := range s.servers {
		select {
		case <-one.run.Ended():
			err = errors.Join(err, fmt.Errorf("%s ended by itself:\n%s", one.name, one.run.Out))
		default:
		}
	}
	return err
}
