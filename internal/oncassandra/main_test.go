package main

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store/cassandra"
)

func TestTheCommandsResultIsPassedOn(t *testing.T) {
	const url = "cassandra://127.0.0.1/tests"
	if err := run(t.Context(), url, []string{"sh", "-c", `test "$` + testengine.Variable + `" = ` + url}); err != nil {
		t.Error(err)
	}
	var ended *exec.ExitError
	if err := run(t.Context(), url, []string{"sh", "-c", "exit 3"}); !errors.As(err, &ended) || ended.ExitCode() != 3 {
		t.Errorf("after exit 3: %v", err)
	}
}

// What the command leaves behind ends with it.
func TestNothingOutlastsTheCommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	if err := run(t.Context(), "", []string{"sh", "-c", `sleep 1000 >/dev/null 2>&1 & echo $! >"$0"`, file}); err != nil {
		t.Fatal(err)
	}
	wantGone(t, file)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := run(ctx, "", []string{"sh", "-c", `sleep 1000 & echo $! >"$0"; wait`, file}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after the context's end: %v", err)
	}
	wantGone(t, file)
}

// wantGone waits for the end of the process whose id is in a file.
func wantGone(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	wait(t, func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) })
}

func wait(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("still there after half a minute")
		}
	}
}

// Killed in the middle it leaves neither the command nor the node.
func TestNothingOutlastsAKill(t *testing.T) {
	if testing.Short() {
		t.Skip("a Cassandra takes half a minute to start")
	}
	program := filepath.Join(t.TempDir(), "oncassandra")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	file := filepath.Join(t.TempDir(), "pid")
	cmd := exec.Command(program, "sh", "-c", `echo $$ >"$0"; echo "$`+testengine.Variable+`"; sleep 1000`, file)
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir()) // the data stay behind
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	o, err := cassandra.ParseURL(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	wantGone(t, file)
	wait(t, func() bool {
		c, err := net.DialTimeout("tcp", net.JoinHostPort(o.Hosts[0], strconv.Itoa(o.Port)), time.Second)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	_ = cmd.Wait()
}
