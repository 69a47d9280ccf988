// Package programtest runs the built program in tests, as a person would.
package programtest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// Serving matches the line that says at which URL a server serves.
var Serving = regexp.MustCompile(`(?m)^Recant is serving (\S+)$`)

// Run builds the program once, tells its path, runs the package's tests, checks
// that they left no goroutine, and exits. It is called by TestMain.
func Run(m *testing.M, built func(path string), buildFlags ...string) {
	dir, err := os.MkdirTemp("", "recant-test-")
	if err != nil {
		panic(err)
	}
	path := filepath.Join(dir, "recant")
	args := append([]string{"build", "-o", path}, buildFlags...)
	build := exec.Command("go", append(args, "github.com/recant-chat/recant/cmd/recant")...)
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, output)
		os.RemoveAll(dir)
		os.Exit(1)
	}
	built(path)
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(dir)
		os.Exit(code)
	}))
}

// Command prepares the program with no RECANT_ variable but the given ones.
func Command(path string, env []string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "RECANT_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	// A program with the race detector sleeps a second before it ends.
	cmd.Env = append(cmd.Env, "GORACE=atexit_sleep_ms=0")
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

// Output collects what a process writes.
type Output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *Output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
