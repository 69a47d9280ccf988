package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/recant-chat/recant/client"
)

// asked is a command that runs at a terminal: its input and what it says to the
// person are one, its output is apart.
type asked struct {
	t      *testing.T
	cmd    *exec.Cmd
	screen *output // what the person sees
	stdout bytes.Buffer
	answer func(string)
	ended  chan struct{}
}

// ask starts a command of `recant recall` at a terminal.
func (m *moderated) ask(args ...string) *asked {
	m.t.Helper()
	terminal, end, err := pty.Open()
	if err != nil {
		m.t.Fatal(err)
	}
	a := &asked{
		t: m.t, screen: &output{}, ended: make(chan struct{}),
		cmd: command([]string{"TZ=UTC", "RECANT_DATA=" + m.data}, append([]string{"recall"}, args...)...),
	}
	a.answer = func(text string) { terminal.WriteString(text) }
	a.cmd.Stdin, a.cmd.Stderr, a.cmd.Stdout = end, end, &a.stdout
	if err := a.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	end.Close()
	read := make(chan struct{})
	go func() {
		defer close(read)
		buffer := make([]byte, 4096)
		for {
			n, err := terminal.Read(buffer)
			a.screen.Write(buffer[:n])
			if err != nil { // EIO once the command has ended
				return
			}
		}
	}()
	go func() {
		defer close(a.ended)
		a.cmd.Wait()
		<-read
		terminal.Close()
	}()
	m.t.Cleanup(func() {
		a.cmd.Process.Kill()
		<-a.ended
	})
	return a
}

// until waits until the person sees a text.
func (a *asked) until(text string) *asked {
	a.t.Helper()
	for deadline := time.Now().Add(startLimit); !strings.Contains(a.screen.String(), text); time.Sleep(5 * time.Millisecond) {
		select {
		case <-a.ended:
			if !strings.Contains(a.screen.String(), text) {
				a.t.Fatalf("it ends without %q: %s", text, a.screen)
			}
			return a
		default:
		}
		if time.Now().After(deadline) {
			a.t.Fatalf("there is no %q: %s", text, a.screen)
		}
	}
	return a
}

// code waits for the end and returns the exit code.
func (a *asked) code() int {
	a.t.Helper()
	select {
	case <-a.ended:
	case <-time.After(startLimit):
		a.t.Fatalf("it does not end: %s", a.screen)
	}
	return a.cmd.ProcessState.ExitCode()
}

func TestRecallAsksBeforeItRecalls(t *testing.T) {
	m := moderate(t)
	run := func(args ...string) *asked {
		return m.ask(append([]string{"run", "--group", "demo", "--sender", "mallory"}, args...)...)
	}
	for name, answer := range map[string]string{"n": "n\n", "nothing": "\n", "something else": "maybe\n", "end of input": "\x04"} {
		a := run().until("[y/N]")
		a.answer(answer)
		if code := a.code(); code != exitNotConfirmed || !strings.Contains(a.screen.String(), "not confirmed, nothing was done") {
			t.Errorf("%s: exit code %d, %s", name, code, a.screen)
		}
	}
	interrupted := run().until("[y/N]")
	interrupted.cmd.Process.Signal(syscall.SIGINT)
	if code := interrupted.code(); code != exitNotConfirmed {
		t.Errorf("interrupted: exit code %d, %s", code, interrupted.screen)
	}
	if seen := m.seen(); seen["mallory"] != 5 {
		t.Fatalf("it recalled all the same: the group shows %v", seen)
	}

	a := run("--fence", "10m").until("5 messages of 10 scanned would be recalled.").
		until("Recall 5 messages, and what is posted until you answer, and all that is posted in the 10m0s after it? [y/N]")
	m.send("demo", "mallory", "until you answer")
	m.send("demo", "bob", "what is this?")
	a.answer("y\n")
	if code := a.code(); code != exitOK || !strings.Contains(a.stdout.String(), "Recalled 6 messages, 1 of them posted since the preview. Operation ") {
		t.Errorf("exit code %d, %s, %s", code, a.screen, a.stdout.String())
	}
	m.send("demo", "mallory", "after it")
	if seen := m.seen(); seen["mallory"] != 0 || seen["bob"] != 3 {
		t.Errorf("the group shows %v", seen)
	}
	var list listed
	m.document(&list, "list")
	var entry struct{ Operation struct{ PreviewId string } } //nolint:revive // the wire's name
	if err := json.Unmarshal(list.Operations[0], &entry); err != nil || entry.Operation.PreviewId == "" {
		t.Errorf("the recall does not carry out the preview: %v %s", err, list.Operations[0])
	}
}

func TestRecallThatMayNotGrowIsRefusedWhenItHas(t *testing.T) {
	m := moderate(t)
	a := m.ask("run", "--group", "demo", "--sender", "mallory", "--no-growth", "--json").until("Recall 5 messages? [y/N]")
	m.send("demo", "mallory", "one more")
	a.answer("yes\n")
	var refused envelope
	if code := a.code(); code != exitRefused {
		t.Errorf("exit code %d, %s", code, a.screen)
	}
	if decodeDocument(t, a.stdout.String(), &refused); refused.ErrorCode != int(client.CodePlanGrown) {
		t.Errorf("stdout has %s", a.stdout.String())
	}
	if seen := m.seen(); seen["mallory"] != 6 {
		t.Errorf("the group shows %v", seen)
	}
}

// Where there is nothing to confirm nobody is asked, and the answer that says so
// is the preview's.
func TestRecallOfNothingIsNotAskedAbout(t *testing.T) {
	m := moderate(t)
	a := m.ask("run", "--group", "demo", "--sender", "dave", "--json")
	var preview client.PreviewRecallResponse
	if code := a.code(); code != exitOK || strings.Contains(a.screen.String(), "y/N") {
		t.Errorf("exit code %d, %s", code, a.screen)
	}
	if decodeDocument(t, a.stdout.String(), &preview); preview.PlanToken == "" {
		t.Errorf("stdout has %s", a.stdout.String())
	}
	b := m.ask("run", "--group", "nope", "--sender", "mallory", "--fence", "1m")
	if code := b.code(); code != exitPart || strings.Contains(b.screen.String(), "y/N") {
		t.Errorf("no target can be served: exit code %d, %s", code, b.screen)
	}
	c := m.ask("run", "--group", "demo", "--sender", "dave", "--fence", "1m").until("Recall 0 messages, and what")
	c.answer("y\n")
	if code := c.code(); code != exitOK {
		t.Errorf("a fence alone: exit code %d, %s", code, c.screen)
	}
}

func TestRecallAsksBeforeItErases(t *testing.T) {
	m := moderate(t)
	operation := m.run()
	a := m.ask("erase", operation).until("Erase 5 messages for good, as far as they are still recalled? [y/N]")
	a.answer("n\n")
	if code := a.code(); code != exitNotConfirmed {
		t.Errorf("exit code %d, %s", code, a.screen)
	}
	m.done("hold", operation)
	held := m.ask("erase", operation)
	if code := held.code(); code != exitRefused || !strings.Contains(held.screen.String(), "is on hold") {
		t.Errorf("on hold: exit code %d, %s", code, held.screen)
	}
	m.done("hold", operation, "--release")
	b := m.ask("erase", operation, "--wait").until("[y/N]")
	b.answer("y\n")
	if code := b.code(); code != exitOK || !strings.Contains(b.stdout.String(), "Erasure: done, 5 of 5 messages") || !strings.Contains(b.screen.String(), "5/5") {
		t.Errorf("exit code %d, %s, %s", code, b.screen, b.stdout.String())
	}
	again := m.ask("erase", operation)
	if code := again.code(); code != exitRefused || !strings.Contains(again.screen.String(), "was erased") {
		t.Errorf("erased: exit code %d, %s", code, again.screen)
	}
}

// Progress is for whoever watches, on the screen alone.
func TestRecallShowsProgressAtATerminalAlone(t *testing.T) {
	m := moderate(t)
	operation, dir := m.run("--fence", "10m"), t.TempDir()
	m.send("demo", "mallory", "more than was counted")
	a := m.ask("export", operation, "-o", filepath.Join(dir, "a.zip"), "--json")
	var written exported
	if code := a.code(); code != exitOK || !strings.Contains(a.screen.String(), "exporting") || !strings.Contains(a.screen.String(), "100%") || !strings.Contains(a.screen.String(), "6/6") {
		t.Errorf("exit code %d, %s", code, a.screen)
	}
	decodeDocument(t, a.stdout.String(), &written)
	if out, log, _ := m.recall("export", operation, "-o", filepath.Join(dir, "b.zip")); log != "" || strings.Contains(out, "exporting") {
		t.Errorf("without a terminal: %q, %q", out, log)
	}
}
