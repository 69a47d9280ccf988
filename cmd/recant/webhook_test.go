package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/recant-chat/recant/client"
)

// hooked is an application's backend.
type hooked struct {
	*httptest.Server
	mu     sync.Mutex
	heard  []hookedCall
	status int // of all answers; 0 is 200
}

type hookedCall struct {
	query url.Values
	raw   string
	body  string
}

func newHooked(t *testing.T) *hooked {
	h := &hooked{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.heard = append(h.heard, hookedCall{r.URL.Query(), r.URL.RawQuery, string(body)})
		if h.status != 0 {
			w.WriteHeader(h.status)
		}
		io.WriteString(w, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`)
	}))
	t.Cleanup(h.Close)
	return h
}

// answers sets the status of all answers from now on.
func (h *hooked) answers(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = status
}

// calls are those of a command so far, "" is all.
func (h *hooked) calls(command string) []hookedCall {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(h.heard), func(c hookedCall) bool {
		return command != "" && c.query.Get("CallbackCommand") != command
	})
}

// flags configure a server to call the backend.
func (h *hooked) flags(commands string) []string {
	return []string{"--webhook-url", h.URL + "/imhook", "--webhook-commands", commands, "--webhook-token", "s3cr3t-token"}
}

const (
	afterSend = "Group.CallbackAfterSendMsg"
	afterName = "Group.CallbackAfterGroupInfoChanged"
	before    = "Group.CallbackBeforeSendMsg"
)

// webhook runs a command of `recant webhook`.
func (m *moderated) webhook(args ...string) (stdout, stderr string, code int) {
	m.t.Helper()
	return tool(m.t, []string{"TZ=UTC", "RECANT_DATA=" + m.data}, append([]string{"webhook"}, args...)...)
}

// tailing is a `recant webhook tail` that runs.
type tailing struct {
	t        *testing.T
	cmd      *exec.Cmd
	out, log *output
}

func (m *moderated) tail(args ...string) *tailing {
	m.t.Helper()
	p := &tailing{t: m.t, out: &output{}, log: &output{}}
	p.cmd = command([]string{"TZ=UTC", "RECANT_DATA=" + m.data}, append([]string{"webhook", "tail"}, args...)...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.log
	if err := p.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() {
		p.cmd.Process.Kill()
		p.cmd.Wait()
	})
	return p
}

// shows waits until an output has a text.
func (p *tailing) shows(in *output, text string) {
	p.t.Helper()
	eventually(p.t, func() bool { return strings.Contains(in.String(), text) }, func() string {
		return fmt.Sprintf("%q is not shown in\n%s%s", text, p.out, p.log)
	})
}

// interrupt is Ctrl-C.
func (p *tailing) interrupt() {
	p.t.Helper()
	p.cmd.Process.Signal(syscall.SIGINT)
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("after Ctrl-C it ended with %v: %s", err, p.log)
	}
}

func eventually(t *testing.T, right func() bool, complaint func() string) {
	t.Helper()
	for deadline := time.Now().Add(startLimit); !right(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(complaint())
		}
	}
}

// A person who writes a backend sees what it would get, before there is one.
func TestWebhookTailShowsWhatWouldBeSent(t *testing.T) {
	m := moderate(t)
	p, only := m.tail(), m.tail("--json", "--command", afterSend)
	eventually(t, func() bool { // until it watches
		m.send("demo", "alice", "over\u202e here")
		return strings.Contains(p.out.String(), "AfterSendMsg") && strings.Contains(only.out.String(), "AfterSendMsg")
	}, func() string { return p.out.String() + p.log.String() })
	shown := regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z  off  Group\.CallbackAfterSendMsg\n` +
		`\?SdkAppid=\d+&CallbackCommand=Group\.CallbackAfterSendMsg&contenttype=json&ClientIP=127\.0\.0\.1&OptPlatform=RESTAPI&RequestID=[0-9a-f-]{36}\n` +
		`\{\n  "CallbackCommand": "Group\.CallbackAfterSendMsg",\n  "GroupId": "demo",\n`)
	if out := p.out.String(); !shown.MatchString(out) || !strings.Contains(out, `"Text": "over· here"`) {
		t.Errorf("shown is\n%s", out)
	}
	if !strings.Contains(p.out.String(), "  off  "+before+"\n") {
		t.Errorf("the question before it is not shown:\n%s", p.out)
	}
	for line := range strings.Lines(only.out.String()) {
		var w client.WatchedWebhook
		if err := json.Unmarshal([]byte(line), &w); err != nil || w.CallbackCommand != afterSend || w.Outcome != "off" || !json.Valid(w.Body) {
			t.Errorf("%v in %s", err, line)
		}
	}
	p.interrupt()
	only.interrupt()
}

func TestWebhookTailSurvivesARestartOfTheServer(t *testing.T) {
	h := newHooked(t)
	m := moderate(t, h.flags(afterSend)...)
	p := m.tail()
	eventually(t, func() bool {
		m.send("demo", "alice", "before")
		return strings.Contains(p.out.String(), "  ok  "+afterSend)
	}, p.out.String)
	m.process.cmd.Process.Kill()
	<-m.ended
	p.shows(p.log, "waiting for the server")
	m.process = serve(t, m.data, h.flags(afterSend)...) // at another port
	p.shows(p.log, "the server is back")
	m.send("demo", "alice", "after the restart")
	p.shows(p.out, "after the restart")
	p.interrupt()
	if n := strings.Count(p.log.String(), "waiting for the server"); n != 1 {
		t.Errorf("it complained %d times:\n%s", n, p.log)
	}
}

func TestWebhookTailNeedsAServer(t *testing.T) {
	out, log, code := tool(t, nil, "webhook", "tail", "--data", t.TempDir(), "--sdkappid", "1", "--key", "k")
	if code != exitError || out != "" || !strings.Contains(log, "no server serves the data directory") {
		t.Errorf("exit code %d, %s%s", code, out, log)
	}
}

func TestWebhookReplaySendsAgain(t *testing.T) {
	h := newHooked(t)
	m := moderate(t, h.flags(afterSend+","+afterName)...)
	m.must("group_open_http_svc/create_group", `{"GroupId":"zoo","Type":"Public","Name":"n"}`)
	m.must("group_open_http_svc/modify_group_base_info", `{"GroupId":"zoo","Name":"m"}`)
	m.send("zoo", "alice", "one")
	m.send("zoo", "bob", "two")
	const first = 10 + 2 + 1 // the demo's messages, and these
	eventually(t, func() bool { return len(h.calls("")) == first }, func() string { return fmt.Sprint(h.calls("")) })
	replay := func(args ...string) (out, log string, code int) {
		return m.webhook(append([]string{"replay", "--since", "1h"}, args...)...)
	}
	if out, log, code := replay("--group", "zoo"); code != exitOK || out != "Sent 3 webhooks again.\n" || len(h.calls("")) != first+3 {
		t.Fatalf("exit code %d, %s%s, %v", code, out, log, h.calls(""))
	}
	if out, log, code := replay("--all-groups", "--command", afterSend, "--json"); code != exitOK || out != `{"SentNum":12}`+"\n" {
		t.Fatalf("exit code %d, %s%s", code, out, log)
	}
	if out, log, code := replay("--all-groups", "--group", "zoo", "--from", "2h"); code != exitOK || out != "Sent 3 webhooks again.\n" {
		t.Fatalf("from zoo on: exit code %d, %s%s", code, out, log)
	}
	seen := map[string]string{}
	for _, c := range h.calls("") {
		id := c.query.Get("RequestID")
		if before, again := seen[id]; again && before != c.body {
			t.Errorf("%s was told with %s, and again with %s", id, before, c.body)
		}
		seen[id] = c.body
	}
	if len(seen) != first {
		t.Errorf("there were %d RequestIDs, want %d", len(seen), first)
	}

	// The backend is down for the second group.
	h.answers(http.StatusServiceUnavailable)
	out, log, code := replay("--all-groups", "--group", "zoo", "--command", afterSend, "--json")
	again := regexp.MustCompile(`(?m)^  recant webhook replay (--group zoo .*--all-groups --command ` + regexp.QuoteMeta(afterSend) + `)$`).FindStringSubmatch(log)
	if code != exitError || out != `{"SentNum":0,"GroupId":"zoo"}`+"\n" || again == nil || !strings.Contains(log, "0 webhooks were sent again before") {
		t.Fatalf("exit code %d, %s%s", code, out, log)
	}
	h.answers(0)
	if out, log, code := m.webhook(append([]string{"replay"}, strings.Fields(again[1])...)...); code != exitOK || out != "Sent 2 webhooks again.\n" {
		t.Errorf("going on: exit code %d, %s%s", code, out, log)
	}
}

func TestWebhookReplayGoesOnWhereItWasInterrupted(t *testing.T) {
	t.Parallel()
	s := script(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"SentNum":70,"Next":"there"}`,
		`{"ActionStatus":"FAIL","ErrorInfo":"the webhook did not take it","ErrorCode":190009}`)
	_, log, code := tool(t, []string{"TZ=UTC"}, "webhook", "replay", "--group", "a b", "--since", "2026-01-02T03:04:05Z", "--to", "2026-01-02T03:04:06Z",
		"--url", s.URL, "--sdkappid", "1", "--key", "k")
	const again = "  recant webhook replay --group 'a b' --since 2026-01-02T03:04:05Z --to 2026-01-02T03:04:06Z --next there\n"
	if code != exitError || !strings.Contains(log, again) || !strings.Contains(log, "70 webhooks") || !strings.Contains(log, "190009") {
		t.Errorf("exit code %d, %s", code, log)
	}
	seen, _ := s.calls()
	if want := `{"GroupId":"a b","FromTime":1767323045,"ToTime":1767323046,"Next":"there"}`; len(seen) != 2 || seen[1] != want {
		t.Errorf("it called with %q", seen)
	}
}

// What the server refuses whenever it is asked is no interruption.
func TestWebhookReplayThatCannotBeIsNotToGoOn(t *testing.T) {
	t.Parallel()
	s := script(t, `{"ActionStatus":"FAIL","ErrorInfo":"no webhook is configured","ErrorCode":190008}`)
	out, log, code := tool(t, nil, "webhook", "replay", "--group", "g", "--since", "1h", "--url", s.URL, "--sdkappid", "1", "--key", "k")
	if code != exitError || out != "" || log != "recant: replay_webhook was refused: 190008 no webhook is configured\n" {
		t.Errorf("exit code %d, %s%s", code, out, log)
	}
}

func TestWebhookReplayChecksItsFlags(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, complaint string }{
		{"--since 1h", "--group, --all-groups or --user"},
		{"--group g", "--since"},
		{"--all-groups --since 1h --next x", "--next needs the --group"},
		{"--user ann --group g --since 1h", "give --user, or --group"},
		{"--group g --since yesterday", "neither a time"},
	} {
		_, log, code := tool(t, nil, append([]string{"webhook", "replay"}, strings.Fields(c.args)...)...)
		if code != exitUsage || !strings.Contains(log, c.complaint) {
			t.Errorf("%s: exit code %d, %s", c.args, code, log)
		}
	}
}

func TestWebhookStatusSaysWhatWaits(t *testing.T) {
	h := newHooked(t)
	h.answers(http.StatusServiceUnavailable)
	m := moderate(t, append(h.flags(afterSend), "--metrics-listen", "127.0.0.1:0")...)
	eventually(t, func() bool {
		var status client.GetWebhookStatusResponse
		out, _, _ := m.webhook("status", "--json")
		decodeDocument(t, out, &status)
		return status.LaneNum == 1 && status.OldestSeconds > 0
	}, func() string { return fmt.Sprint(h.calls("")) })
	out, log, code := m.webhook("status")
	if code != exitOK || !regexp.MustCompile(`^Waiting    1, .*\nOldest     \d+s\nDelivered  0 since .*\nGiven up   0 since .*\n$`).MatchString(out) {
		t.Errorf("exit code %d, %s%s", code, out, log)
	}
	metrics := m.scrape()
	if !regexp.MustCompile(`(?m)^recant_webhook_waiting_lanes\{sdkappid="\d+"\} 1$`).MatchString(metrics) ||
		!regexp.MustCompile(`(?m)^recant_webhook_oldest_undelivered_seconds\{sdkappid="\d+"\} [1-9]`).MatchString(metrics) {
		t.Errorf("metrics are\n%s", metrics)
	}
	h.answers(0)
	eventually(t, func() bool {
		out, _, _ = m.webhook("status")
		return strings.Contains(out, "Delivered  10 ") && strings.Contains(out, "Waiting    0,")
	}, func() string { return out })
	metrics = m.scrape()
	if !regexp.MustCompile(`(?m)^recant_webhook_events_delivered_total\{sdkappid="\d+"\} 10$`).MatchString(metrics) ||
		!regexp.MustCompile(`(?m)^recant_webhook_events_given_up_total\{sdkappid="\d+"\} 0$`).MatchString(metrics) {
		t.Errorf("metrics are\n%s", metrics)
	}
}
