package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/programtest"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	programtest.Run(m, func(path string) { binary = path }, buildFlags()...)
}

// startLimit bounds the start and the end of a server on a busy machine.
const startLimit = time.Minute

// process is a running `recant serve`.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	base   string // its base URL
	stdout *output
	stderr *output
	ended  chan struct{} // closed once it has ended
}

type output = programtest.Output

func command(env []string, args ...string) *exec.Cmd {
	return programtest.Command(binary, env, args...)
}

// serve starts a server on a data directory and a free port, and waits until it
// serves. The test's end stops it.
func serve(t *testing.T, data string, args ...string) *process {
	t.Helper()
	return serveWith(t, nil, append([]string{"--data", data, "--listen", "127.0.0.1:0"}, args...)...)
}

func serveWith(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	return start(t, command(env, append([]string{"serve"}, args...)...))
}

// start starts a command that serves, and waits until it does.
func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, stdout: &output{}, stderr: &output{}, ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		p.cmd.Wait()
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.ended
		if t.Failed() {
			t.Logf("stdout:\n%s\nstderr:\n%s", p.stdout, p.stderr)
		}
	})
	for deadline := time.Now().Add(startLimit); ; time.Sleep(10 * time.Millisecond) {
		if match := programtest.Serving.FindStringSubmatch(p.stdout.String()); match != nil && strings.HasSuffix(p.stdout.String(), "\n\n") {
			p.base = match[1]
			return p
		}
		select {
		case <-p.ended:
			t.Fatalf("the server ended instead of serving: %v\n%s", p.cmd.ProcessState, p.stderr)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("the server does not serve")
		}
	}
}

// terminate sends SIGTERM and returns the exit code.
func (p *process) terminate() int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	return p.wait()
}

func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(startLimit):
		p.t.Fatal("the server does not end")
	}
	return p.cmd.ProcessState.ExitCode()
}

// curls are the commands that the server printed.
func (p *process) curls() []string {
	return regexp.MustCompile(`(?m)^  (curl .*)$`).FindAllString(p.stdout.String(), -1)
}

// paste runs a printed command in a shell, as a person would.
func paste(t *testing.T, line string) answer {
	t.Helper()
	out, err := exec.Command("sh", "-c", line).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return decodeAnswer(t, out)
}

// answer is what the tests read of any answer.
type answer struct {
	ActionStatus string
	ErrorCode    int
	ErrorInfo    string
	RspMsgList   []struct {
		From_Account string //nolint:revive // the wire's name
		MsgSeq       int
	}
}

func decodeAnswer(t *testing.T, body []byte) answer {
	t.Helper()
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		t.Fatalf("%v in %q", err, body)
	}
	return a
}

// from counts the listed messages of each sender.
func (a answer) from() map[string]int {
	counts := map[string]int{}
	for _, message := range a.RspMsgList {
		counts[message.From_Account]++
	}
	return counts
}

// call makes one call over the wire, trusting any certificate.
func (p *process) call(sdkAppID uint32, identifier, sig, path, body string) answer {
	p.t.Helper()
	got, err := p.tryCall(sdkAppID, identifier, sig, path, body)
	if err != nil {
		p.t.Fatal(err)
	}
	return got
}

// tryCall is call where the server may be gone.
func (p *process) tryCall(sdkAppID uint32, identifier, sig, path, body string) (answer, error) {
	p.t.Helper()
	content, err := p.rawCall(sdkAppID, identifier, sig, path, body)
	if err != nil {
		return answer{}, err
	}
	return decodeAnswer(p.t, content), nil
}

// rawCall returns the answer as it came.
func (p *process) rawCall(sdkAppID uint32, identifier, sig, path, body string) ([]byte, error) {
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true,
	}}
	target := fmt.Sprintf("%s/v4/%s?sdkappid=%d&identifier=%s&usersig=%s&random=7&contenttype=json", p.base, path, sdkAppID, identifier, sig)
	response, err := client.Post(target, "application/json", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return io.ReadAll(response.Body)
}

// tool runs a command of the program that ends by itself.
func tool(t *testing.T, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, log bytes.Buffer
	cmd := command(env, args...)
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killed := time.AfterFunc(startLimit, func() { cmd.Process.Kill() })
	defer killed.Stop()
	cmd.Wait()
	return out.String(), log.String(), cmd.ProcessState.ExitCode()
}

// sign makes a UserSig with the program.
func sign(t *testing.T, args ...string) string {
	t.Helper()
	out, log, code := tool(t, nil, append([]string{"usersig"}, args...)...)
	if code != 0 {
		t.Fatalf("usersig ended with %d: %s", code, log)
	}
	return strings.TrimSpace(out)
}

// writeConfig writes a configuration file of the test.
func writeConfig(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "recant.yaml")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
