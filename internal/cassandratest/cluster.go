// Package cassandratest runs real Cassandra nodes for tests: of the release that
// pom.xml names, fetched once, each in a process of its own on a loopback address of
// its own.
package cassandratest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Port is where the nodes speak the native protocol.
const Port = 9042

// Options are how a cluster is run.
type Options struct {
	Nodes int // 1 to 9
	// Addresses of the nodes; nil takes free loopback addresses.
	Addresses []string
	// Namespaces are the network namespaces that the nodes run in; nil runs them in
	// the test's own.
	Namespaces []string
	Secure     Secure
	// Forbidding are the nodes, by number from 0, that refuse all writes to tables with
	// cdc = true: they have no room for the log of such changes. No node of such a
	// cluster keeps hints, so that what one has missed stays missed.
	Forbidding []int
}

// Secure is what a cluster demands of clients.
type Secure struct {
	// Password has clients log in; there is the role cassandra with the password
	// cassandra, a moment after the start.
	Password bool
	// Identity is a PEM file with each node's private key (PKCS #8) and certificate:
	// clients speak TLS, and have a certificate that one of the PEM file Authority
	// has signed. Empty is plain TCP.
	Identity, Authority string
}

// Cluster is a running cluster.
type Cluster struct {
	Nodes []*Node
	dir   string
}

// Start runs a cluster of that many nodes until the test ends. It skips a short run.
func Start(t testing.TB, nodes int) *Cluster {
	t.Helper()
	return StartWith(t, Options{Nodes: nodes})
}

// StartWith is Start with more to say.
func StartWith(t testing.TB, o Options) *Cluster {
	t.Helper()
	if testing.Short() {
		t.Skip("a Cassandra takes half a minute to start")
	}
	c, err := Run(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// Run is Start for a TestMain. The caller closes the cluster.
func Run(o Options) (*Cluster, error) {
	jars, err := fetch()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "cassandra-")
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir}
	if o.Addresses == nil {
		o.Addresses = freeAddresses(o.Nodes)
	}
	for i := range o.Nodes {
		n := &Node{
			Address: o.Addresses[i], dir: filepath.Join(dir, strconv.Itoa(i+1)), jars: jars,
			seed: o.Addresses[0], token: tokenOf(i, o.Nodes), secure: o.Secure,
			forbidding: slices.Contains(o.Forbidding, i), noHints: len(o.Forbidding) > 0,
		}
		if o.Namespaces != nil {
			n.namespace = o.Namespaces[i]
		}
		c.Nodes = append(c.Nodes, n)
	}
	// The first knows the others, who then come at once.
	if err = c.Nodes[0].Start(); err == nil {
		err = c.each(c.Nodes[1:], (*Node).Start)
	}
	if err == nil && o.Nodes > 1 && o.Secure == (Secure{}) {
		err = c.each(c.Nodes, func(n *Node) error { return n.awaitOthers(min(o.Nodes, distributedCopies)) })
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Cluster) each(nodes []*Node, do func(*Node) error) error {
	errs := make([]error, len(nodes))
	var all sync.WaitGroup
	for i, n := range nodes {
		all.Go(func() { errs[i] = do(n) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// Close kills all nodes and removes their data.
func (c *Cluster) Close() error {
	err := c.each(c.Nodes, (*Node).Kill)
	return errors.Join(err, os.RemoveAll(c.dir))
}

// URL is a keyspace's store URL with all nodes as contact points. Parameters are
// name=value.
func (c *Cluster) URL(keyspace string, parameters ...string) string {
	hosts := make([]string, len(c.Nodes))
	for i, n := range c.Nodes {
		hosts[i] = n.Address
	}
	u := fmt.Sprintf("cassandra://%s:%d/%s", strings.Join(hosts, ","), Port, keyspace)
	if len(parameters) > 0 {
		u += "?" + strings.Join(parameters, "&")
	}
	return u
}

// tokenOf divides the ring, so that nodes can join at once.
func tokenOf(i, nodes int) string {
	step := ^uint64(0)/uint64(nodes) + 1
	return strconv.FormatInt(int64(uint64(i)*step)-1<<62, 10)
}

// freeAddresses returns loopback addresses that nobody listens on, of a network of
// their own, because the ports of all nodes of a cluster are the same.
func freeAddresses(n int) []string {
	for {
		network := fmt.Sprintf("127.%d.%d.", 1+rand.IntN(250), rand.IntN(250))
		addresses := make([]string, n)
		free := true
		for i := range addresses {
			addresses[i] = network + strconv.Itoa(i+1)
			l, err := net.Listen("tcp", net.JoinHostPort(addresses[i], strconv.Itoa(Port)))
			if free = free && err == nil; err == nil {
				l.Close()
			}
		}
		if free {
			return addresses
		}
	}
}

const (
	startTime = 3 * time.Minute // a node may take, on a machine that does more
	lookEvery = 100 * time.Millisecond
)
