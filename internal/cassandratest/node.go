package cassandratest

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"text/template"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
)

// Node is one Cassandra.
type Node struct {
	Address string

	namespace   string
	seed, token string
	dir, jars   string
	secure      Secure
	forbidding  bool
	noHints     bool

	pid   int // 0 while it does not run
	jmx   int // port on 127.0.0.1 for nodetool, 0 in a namespace
	stdin io.Closer
	done  chan struct{}
}

//go:embed cassandra.yaml
var configuration string

//go:embed logback.xml
var logging []byte

//go:embed jvm17.options
var moduleOptions string

// keeper runs a node, tells its process id, and kills it when its own input ends:
// with the test, however that ends.
const keeper = `"$@" </dev/null >"$LOG" 2>&1 & echo $!; exec >&-; cat >/dev/null; kill -9 $!; wait $! 2>/dev/null`

// Start starts a node that does not run, on what data it has, and returns when it
// takes calls.
func (n *Node) Start() error {
	if n.pid != 0 {
		return fmt.Errorf("node %s runs", n.Address)
	}
	if err := n.configure(); err != nil {
		return err
	}
	if n.jmx == 0 && n.namespace == "" {
		var err error
		if n.jmx, err = freePort(); err != nil {
			return err
		}
	}
	args := []string{"-c", keeper, "keeper"}
	if n.namespace != "" {
		args = append(args, "ip", "netns", "exec", n.namespace)
	}
	args = append(args, "java", "-Xms384m", "-Xmx640m", "-Xss512k", "-XX:+UseSerialGC", "-XX:-UsePerfData")
	args = append(args, strings.Fields(moduleOptions)...)
	if n.jmx != 0 {
		args = append(args, "-Dcassandra.jmx.local.port="+strconv.Itoa(n.jmx))
	}
	args = append(args, "-Djdk.attach.allowAttachSelf=true", "-Djava.net.preferIPv4Stack=true",
		"-Dcassandra.config=file://"+n.file("cassandra.yaml"), "-Dcassandra.storagedir="+n.dir,
		"-Dlogback.configurationFile="+n.file("logback.xml"), "-Dcassandra-foreground=yes",
		// There are no peers to wait for that are not configured.
		"-Dcassandra.ring_delay_ms=10000", "-Dcassandra.skip_wait_for_gossip_to_settle=0",
		"-Dcassandra.superuser_setup_delay_ms=0", "-Dcassandra.consistent.rangemovement=false",
		"-cp", n.jars+"/*", "org.apache.cassandra.service.CassandraDaemon")
	cmd := exec.Command("sh", args...)
	cmd.Env = append(os.Environ(), "LOG="+n.file("log"))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err == nil {
		n.pid, err = strconv.Atoi(strings.TrimSpace(line))
	}
	if err != nil {
		stdin.Close()
		return errors.Join(err, cmd.Wait())
	}
	n.stdin, n.done = stdin, make(chan struct{})
	go func() {
		cmd.Wait()
		close(n.done)
	}()
	return n.await()
}

// await waits until the node takes calls.
func (n *Node) await() error {
	address := net.JoinHostPort(n.Address, strconv.Itoa(Port))
	for end := time.Now().Add(startTime); time.Now().Before(end); time.Sleep(lookEvery) {
		if syscall.Kill(n.pid, 0) != nil {
			return fmt.Errorf("node %s ended: %s", n.Address, n.LogEnd())
		}
		if c, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			c.Close()
			return nil
		}
	}
	return fmt.Errorf("node %s takes no calls after %v: %s", n.Address, startTime, n.LogEnd())
}

// distributedCopies is how many replicas the keyspace system_distributed has.
const distributedCopies = 3

// awaitOthers waits until the node takes that many nodes to be up.
func (n *Node) awaitOthers(up int) error {
	level := []gocql.Consistency{1: gocql.One, 2: gocql.Two, 3: gocql.Three}[up]
	cluster := gocql.NewCluster(n.Address)
	cluster.Port, cluster.DisableInitialHostLookup, cluster.ProtoVersion = Port, true, 4
	cluster.Timeout, cluster.ConnectTimeout = 10*time.Second, 10*time.Second
	cluster.Logger = gocql.NewLogger(gocql.LogLevelNone)
	session, err := cluster.CreateSession()
	if err != nil {
		return fmt.Errorf("node %s: %w", n.Address, err)
	}
	defer session.Close()
	for end := time.Now().Add(startTime); ; time.Sleep(lookEvery) {
		err := session.Query("SELECT view_name FROM system_distributed.view_build_status WHERE keyspace_name = 'none' AND view_name = 'none'").Consistency(level).Exec()
		if err == nil {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("node %s does not see %d nodes: %w", n.Address, up, err)
		}
	}
}

// Kill kills the node with SIGKILL; it may be paused, or not run.
func (n *Node) Kill() error {
	if n.pid == 0 {
		return nil
	}
	n.pid = 0
	n.stdin.Close()
	<-n.done
	return nil
}

// Pause stops the node with SIGSTOP: its connections stay, and nothing answers.
func (n *Node) Pause() error { return n.signal(syscall.SIGSTOP) }

// Resume has a paused node go on.
func (n *Node) Resume() error { return n.signal(syscall.SIGCONT) }

func (n *Node) signal(s syscall.Signal) error {
	if n.pid == 0 {
		return fmt.Errorf("node %s does not run", n.Address)
	}
	return syscall.Kill(n.pid, s)
}

// Data is the directory of the node's tables.
func (n *Node) Data() string { return n.file("data") }

// Dir is the directory of everything that the node has on disk.
func (n *Node) Dir() string { return n.dir }

// PID is the node's process id, 0 while it does not run.
func (n *Node) PID() int { return n.pid }

func (n *Node) file(name string) string { return filepath.Join(n.dir, name) }

// LogEnd is the end of the node's log.
func (n *Node) LogEnd() string {
	const enough = 4000
	b, err := os.ReadFile(n.file("log"))
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-enough):])
}

// configure writes the node's files.
func (n *Node) configure() error {
	if err := os.MkdirAll(n.dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(n.file("logback.xml"), logging, 0o644); err != nil {
		return err
	}
	f, err := os.Create(n.file("cassandra.yaml"))
	if err != nil {
		return err
	}
	t, err := template.New("cassandra.yaml").Parse(configuration)
	if err == nil {
		err = t.Execute(f, map[string]any{"Address": n.Address, "Seed": n.seed, "Token": n.token, "Dir": n.dir, "Port": Port,
			"Secure": n.secure, "Forbidding": n.forbidding, "NoHints": n.noHints})
	}
	return errors.Join(err, f.Close())
}
