package api_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/chat"
	"github.com/recant-chat/recant/webhook"
)

// backend is an application's own backend: it takes webhooks.
type backend struct {
	t   testing.TB
	url string

	mu     sync.Mutex
	calls  []hookCall
	answer func(hookCall) (status int, body string) // nil is plain success
}

// hookCall is one webhook as it came.
type hookCall struct {
	command string
	query   url.Values
	body    string
}

const hookOK = `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`

func newBackend(t testing.TB) *backend {
	b := &backend{t: t}
	srv := httptest.NewServer(http.HandlerFunc(b.serve))
	t.Cleanup(srv.Close)
	b.url = srv.URL + "/imhook"
	return b
}

func (b *backend) serve(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return // the caller has given up
	}
	c := hookCall{command: r.URL.Query().Get("CallbackCommand"), query: r.URL.Query(), body: string(raw)}
	b.mu.Lock()
	b.calls = append(b.calls, c)
	answer := b.answer
	b.mu.Unlock()
	status, body := http.StatusOK, hookOK
	if answer != nil {
		status, body = answer(c)
	}
	w.WriteHeader(status)
	io.WriteString(w, body)
}

// answers sets what the backend answers from now on.
func (b *backend) answers(answer func(hookCall) (int, string)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = answer
}

// always answers every call alike.
func (b *backend) always(body string) {
	b.answers(func(hookCall) (int, string) { return http.StatusOK, body })
}

// heard returns the calls so far, of a command or with "" of all.
func (b *backend) heard(command string) []hookCall {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []hookCall
	for _, c := range b.calls {
		if command == "" || c.command == command {
			found = append(found, c)
		}
	}
	return found
}

// forget drops the calls so far.
func (b *backend) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = nil
}

// wait waits until there were so many calls of a command, and returns them.
func (b *backend) wait(command string, n int) []hookCall {
	b.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		found := b.heard(command)
		if len(found) >= n {
			return found
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("after 30 s there are %d calls of %q, want %d; all: %v", len(found), command, n, commandsOf(b.heard("")))
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// wantBody ends the test unless a call's body is the JSON, but for the order of
// members and white space.
func (c hookCall) wantBody(t testing.TB, want string) {
	t.Helper()
	got, expected := jsontext.Value(c.body).Clone(), jsontext.Value(want)
	if err := expected.Canonicalize(); err != nil {
		t.Fatalf("wanted JSON %s: %v", want, err)
	}
	if err := got.Canonicalize(); err != nil || string(got) != string(expected) {
		t.Fatalf("%s: body is %s, want %s", c.command, c.body, want)
	}
}

func (c hookCall) decode(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(c.body), v); err != nil {
		t.Fatalf("%s: body %s: %v", c.command, c.body, err)
	}
}

// hookSettings are those of webhooks to the backend.
func (b *backend) settings(commands ...string) webhook.Settings {
	s := webhook.DefaultSettings()
	s.URL, s.Commands = b.url, commands
	return s
}

// hooked has a server call the backend with the commands.
func (b *backend) hooked(commands ...string) func(*apitest.Options) {
	return func(o *apitest.Options) { o.Webhooks = receive(b.t, b.settings(commands...)) }
}

// receive makes a domain's receiver of settings.
func receive(t testing.TB, s webhook.Settings) chat.Webhooks {
	t.Helper()
	r, err := webhook.New(s, webhook.Options{SDKAppID: apitest.SDKAppID})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return chat.Webhooks{Receiver: r, Retries: int(s.AfterRetries), Keep: s.Keep}
}

// allGroupCommands are all commands that have a switch of their own.
var allGroupCommands = []string{
	"Group.CallbackBeforeCreateGroup", "Group.CallbackAfterCreateGroup", "Group.CallbackBeforeApplyJoinGroup",
	"Group.CallbackBeforeInviteJoinGroup", "Group.CallbackAfterNewMemberJoin", "Group.CallbackAfterMemberExit",
	"Group.CallbackBeforeSendMsg", "Group.CallbackAfterSendMsg", "Group.CallbackSendMsgException",
	"Group.CallbackAfterGroupFull", "Group.CallbackAfterGroupDestroyed", "Group.CallbackAfterGroupInfoChanged",
	"Group.CallbackAfterRecallMsg", "Group.CallbackOnMemberStateChange", "Group.CallbackAfterMemberFieldChanged",
	"Group.CallbackAfterGroupAttrChanged", "Group.CallbackAfterReadReceipt", "Group.CallbackAfterChangeGroupOwner",
	"Group.CallbackOnDailyGroupQuotaAlarm", "Profile.CallbackPortraitSet",
}

// commandsOf lists the commands of calls, in order.
func commandsOf(calls []hookCall) []string {
	commands := make([]string, len(calls))
	for i, c := range calls {
		commands[i] = strings.TrimPrefix(c.command, "Group.Callback")
	}
	return commands
}

func wantCommands(t testing.TB, calls []hookCall, want ...string) {
	t.Helper()
	if got := commandsOf(calls); !slices.Equal(got, want) {
		t.Fatalf("calls are %v, want %v", got, want)
	}
}

// eventTime is the EventTime of an event at the clock's time.
func (r *room) eventTime() string { return fmt.Sprint(r.srv.Clock.Now().UnixMilli()) }
