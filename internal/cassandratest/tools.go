package cassandratest

import (
	"bufio"
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

//go:embed Tools.java
var tools string

// Tools makes a directory with the programs that an operator has: ssh to the nodes by
// their addresses, which arrives in the node's directory, and there nodetool and cqlsh. They are for what runs with the
// directory first in its PATH, and stay until the test ends. Nodes in network
// namespaces cannot be reached by them.
func (c *Cluster) Tools(t testing.TB) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range map[string]string{"Tools.java": tools, "logback.xml": "<configuration/>"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	args := append(strings.Fields(moduleOptions), "-Xmx128m", "-XX:+UseSerialGC", "-Duser.home="+dir,
		"-Dlogback.configurationFile="+filepath.Join(dir, "logback.xml"),
		"-cp", c.Nodes[0].jars+"/*", filepath.Join(dir, "Tools.java"))
	cmd := exec.Command("java", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("tools: %v: %s", err, stderr.String())
	}
	go io.Copy(io.Discard, stdout)

	curl := "curl -sS --fail-with-body --data-binary @- http://127.0.0.1:" + strings.TrimSpace(port)
	ssh := "case $1 in\n"
	for _, n := range c.Nodes {
		ssh += fmt.Sprintf("%s) JMX=%d DIR=%s ;;\n", n.Address, n.jmx, n.dir)
	}
	for name, script := range map[string]string{
		"ssh":      ssh + "esac\nexport JMX\ncd $DIR\nshift\nexec \"$@\"\n",
		"nodetool": "printf '%s\\n' -p \"$JMX\" \"$@\" | " + curl + "/nodetool\n",
		// cqlsh NODE --request-timeout SECONDS -e STATEMENTS
		"cqlsh": "printf '%s\\n' \"$1\" \"$(echo \"$5\" | tr -d '\\n')\" | " + curl + "/cqlsh\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Holds reports whether the bytes are in a file of any node.
func (c *Cluster) Holds(t testing.TB, value []byte) bool {
	t.Helper()
	return slices.ContainsFunc(c.Nodes, func(n *Node) bool { return n.Holds(t, value) })
}

// Holds reports whether the bytes are in a file of the node, whatever kind of. Some
// may be compressed, in pieces: of bytes that cannot be, a part of some length, which
// is in one piece, is found.
func (n *Node) Holds(t testing.TB, value []byte) bool {
	t.Helper()
	const piece = 100
	found := false
	err := filepath.WalkDir(n.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || found || entry.IsDir() {
			return ignoreGone(err)
		}
		content, err := os.ReadFile(path)
		for i := 0; i == 0 || i+piece <= len(value); i += piece {
			found = found || bytes.Contains(content, value[i:min(i+piece, len(value))])
		}
		return ignoreGone(err)
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// ignoreGone is the error unless a file has been removed meanwhile.
func ignoreGone(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// freePort returns a port of the loopback address that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
