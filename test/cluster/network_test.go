package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// network is one of network namespaces on this machine, one for each node, at a bridge that
// the test itself is at too.
type network struct {
	namespaces, addresses []string
	bridge                string
}

// newNetwork makes a network, which goes with the test. The error says what prevents it.
func newNetwork(t testing.TB, nodes int) (*network, error) {
	id := os.Getpid()
	n := &network{bridge: fmt.Sprintf("rcbr%d", id)}
	subnet := fmt.Sprintf("10.%d.%d.", 64+id/250%128, id%250)
	for i := range nodes {
		n.namespaces = append(n.namespaces, fmt.Sprintf("recant-%d-%d", id, i+1))
		n.addresses = append(n.addresses, fmt.Sprintf("%s%d", subnet, i+1))
	}
	t.Cleanup(n.remove)
	err := ip("link", "add", n.bridge, "type", "bridge")
	if err == nil {
		err = errors.Join(ip("addr", "add", subnet+"254/24", "dev", n.bridge), ip("link", "set", n.bridge, "up"))
	}
	for i, namespace := range n.namespaces {
		if err != nil {
			return nil, err
		}
		outside := fmt.Sprintf("rcve%d-%d", id, i+1)
		err = errors.Join(
			ip("netns", "add", namespace),
			ip("link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", namespace),
			ip("link", "set", outside, "master", n.bridge, "up"),
			ip("-n", namespace, "addr", "add", n.addresses[i]+"/24", "dev", "eth0"),
			ip("-n", namespace, "link", "set", "eth0", "up"),
			ip("-n", namespace, "link", "set", "lo", "up"),
		)
	}
	return n, err
}

// remove removes what there is of the network.
func (n *network) remove() {
	for _, namespace := range n.namespaces {
		ip("netns", "del", namespace)
	}
	ip("link", "del", n.bridge)
}

// nowhere is a hardware address that nobody has: what is sent there is lost, and nobody is
// told.
const nowhere = "02:00:00:00:00:01"

// cut has everything be lost that one node sends to another, in this direction alone.
func (n *network) cut(from, to int) error {
	return ip("-n", n.namespaces[from], "neigh", "replace", n.addresses[to], "lladdr", nowhere, "dev", "eth0", "nud", "permanent")
}

// mend undoes cut.
func (n *network) mend(from, to int) error {
	return ip("-n", n.namespaces[from], "neigh", "del", n.addresses[to], "dev", "eth0")
}

func ip(args ...string) error {
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}
