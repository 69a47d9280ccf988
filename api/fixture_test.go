package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/recant-chat/recant/chat"
)

// The application, caller and signature of the worked example (spec 01 section
// 4.8), at the clock of the test vectors.
const (
	testApp   = 1400099901
	testAdmin = "admin_root"
	testKey   = "3b8f0c6d2e91a7545fd0c2b6e8a1943770de51bc92f8463ac5e07d19ab346f28"
	testSig   = "eJwtjF0LgjAUhv-LrkOO5hwKXYQo9EEZ82o3IWzGIXRjHSSI-nvmfO-e54Hnw9qzjCbjWcGSCNhm*ajNSNjjgjs94Hj31tJqX-rZOYeaFXEKAHmeQxyMeTv0Zuac82RWgRIOfyYyCFsr*Jjj1dWL7Z7UsZTDlBE-VFKUsuFNp3p1uzT1iTBVbVkndse*P2MUMpw_"
	testNow   = 1760000100

	// sigOfUser17 is the right signature of user_17, who is no admin; the other
	// two have expired and were made with another key.
	sigOfUser17 = "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwqXFqUXxhuZQqeKU7MSCgswUJStDEwMDA0tLSwNDiExqRUFmUSpQ3NTU1AgoBREtycwFiZmbGUAA1JTMdKDJbiHu*ckGkQWulSYufknhXuHeJpYhASF*ec5*xqH6QWYFzs5mZkU*vlXa6bZKtQBiKzCt"
	sigExpired  = "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwokpuZl58UX5*SVQ2eKU7MSCgswUJStDEwMDA0tLSwNDiExqRUFmUaqSlbGZgQFEpCQzF8g3NDeAAqgJmelAgyN9Sor9vfJDUiLTMiLdTIO0wy0zQ9z0Q31ygwwNHMNLs4OdzIrTgqMK88ttlWoByakyrA__"
	sigWrongKey = "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwokpuZl58UX5*SVQ2eKU7MSCgswUJStDEwMDA0tLSwNDiExqRUFmUSpQ3NTU1AgoBREtycwFiZmbGUAA1JTMdKDh5mWuyb5hqRlOEdlhKW5FAUYRQa6ZpoaVGVWhzoYVZYFOBiaJURZ*KUUhFrZKtQB4hDM8"
	sigOtherApp = "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwokpuZl58UX5*SVQ2eKU7MSCgswUJStDEwMDA0tLSwMjiExqRUFmUSpQ3NTU1AgoBREtycwFiZmbGUAA1JTMdKDh-j7Gjq4ZxgUBRsHG2vrlVSbmbn4hlYU5hUGemcVBheFFaVHFpcH5KcbOvrZKtQBoGjN1"
)

type echoRequest struct {
	GroupID string         `json:"GroupId"`
	Seq     *uint32        `json:"MsgSeq"`
	To      []string       `json:"To_Account"`
	Body    jsontext.Value `json:"MsgBody"`
}

type echoAnswer struct {
	Caller   string         `json:"Caller"`
	RemoteIP string         `json:"RemoteIP"`
	Random   string         `json:"Random"`
	Command  string         `json:"Command"`
	Body     jsontext.Value `json:"MsgBody,omitzero"`
}

func echo(_ context.Context, call *Call, r *echoRequest) (*echoAnswer, error) {
	return &echoAnswer{
		Caller: call.Caller, RemoteIP: call.RemoteIP, Random: call.Random,
		Command: call.Service + "/" + call.Command, Body: r.Body,
	}, nil
}

// testCommands are one of everything; the protocol's own commands are tested in
// their own files.
func testCommands() []Command {
	fail := func(err error) func(context.Context, *Call, *echoRequest) (*noResult, error) {
		return func(context.Context, *Call, *echoRequest) (*noResult, error) { return nil, err }
	}
	crash := func(context.Context, *Call, *echoRequest) (*noResult, error) { panic("crashed on purpose") }
	slow := func(ctx context.Context, _ *Call, _ *echoRequest) (*noResult, error) {
		<-ctx.Done()
		return nil, fmt.Errorf("read head: %w", ctx.Err())
	}
	committed := func(ctx context.Context, _ *Call, _ *echoRequest) (*noResult, error) {
		<-ctx.Done()
		return nil, nil
	}
	large := func(context.Context, *Call, *echoRequest) (*page, error) {
		return &page{GroupID: strings.Repeat("x", maxAnswerBytes)}, nil
	}
	invalid := func(_ context.Context, call *Call, _ *echoRequest) (*noResult, error) {
		return nil, call.invalid("%s is too long", "Name")
	}
	const group = "group_open_http_svc"
	all := []Command{
		command(group, "echo", echo, older("old_echo")),
		command(group, "refuse", fail(fmt.Errorf("send: %w", chat.Refuse(chat.CodeMuted, "sender is muted")))),
		command(group, "slow", slow),
		command(group, "committed", committed),
		command(group, "large", large),
		command("im_open_login_svc", "batch", echo, frequency(FrequencyAccountBatch)),
		command("group_open_attr_http_svc", "attr", echo),
	}
	for _, service := range []string{group, "im_open_login_svc", "openim", "profile", "recentcontact"} {
		all = append(all,
			command(service, "crash", crash), command(service, "invalid", invalid),
			command(service, "broken", fail(errors.New("disk on fire"))), command(service, "type", echo))
	}
	return all
}

// fixture is a server of one application behind a real listener.
type fixture struct {
	*Server
	url     string
	log     *syncBuffer
	metrics *prometheus.Registry

	mu  sync.Mutex
	now time.Time
}

type syncBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

func (f *fixture) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fixture) advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

// serve starts a server; configure may change its application and options.
func serve(t *testing.T, configure ...func(*Application, *Options)) *fixture {
	t.Helper()
	f := &fixture{log: &syncBuffer{}, metrics: prometheus.NewRegistry(), now: time.Unix(testNow, 0)}
	app := Application{SDKAppID: testApp, Keys: []string{testKey}, Admins: []string{testAdmin}}
	o := Options{
		Logger: slog.New(slog.NewJSONHandler(f.log, nil)), Clock: f.clock,
		RequestTimeout: time.Minute, Metrics: f.metrics, commands: testCommands(),
	}
	for _, c := range configure {
		c(&app, &o)
	}
	apps := []Application{
		app,
		{SDKAppID: 2, Keys: []string{testKey}, Disabled: true},
		{SDKAppID: 3},
		{SDKAppID: 4, Keys: []string{testKey}, Disabled: true},
	}
	var err error
	if f.Server, err = NewServer(apps, o); err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewServer(f.Server)
	t.Cleanup(func() {
		listener.CloseClientConnections()
		listener.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	f.url = listener.URL
	return f
}

// request is a POST of {} to the echo command with good parameters; the fields
// that a test sets replace that.
type request struct {
	method, path, body string
	set                map[string]string // parameters; "-" leaves one out
	rawQuery           string
	header             http.Header
}

type answer struct {
	ErrorCode    *int   `json:"ErrorCode"`
	ErrorInfo    string `json:"ErrorInfo"`
	ActionStatus string `json:"ActionStatus"`
	Caller       string `json:"Caller"`
	RemoteIP     string `json:"RemoteIP"`
	Command      string `json:"Command"`
	Random       string `json:"Random"`

	raw    []byte
	header http.Header
}

func (f *fixture) do(t *testing.T, r request) answer {
	t.Helper()
	res := f.roundTrip(t, r)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", res.StatusCode, raw)
	}
	a := answer{raw: raw, header: res.Header}
	if err := json.Unmarshal(raw, &a); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	if a.ErrorCode == nil || (*a.ErrorCode == 0) != (a.ActionStatus == "OK") || (*a.ErrorCode != 0) != (a.ActionStatus == "FAIL") {
		t.Fatalf("envelope %s", raw)
	}
	if res.ContentLength != int64(len(raw)) {
		t.Fatalf("Content-Length %d for %d bytes", res.ContentLength, len(raw))
	}
	return a
}

func (f *fixture) roundTrip(t *testing.T, r request) *http.Response {
	t.Helper()
	if r.method == "" {
		r.method = http.MethodPost
	}
	if r.path == "" {
		r.path = "/v4/group_open_http_svc/echo"
	}
	if r.body == "" {
		r.body = "{}"
	}
	q := url.Values{
		"sdkappid": {fmt.Sprint(testApp)}, "identifier": {testAdmin}, "usersig": {testSig},
		"random": {"3141592653"}, "contenttype": {"json"},
	}
	for name, value := range r.set {
		q.Set(name, value)
		if value == "-" {
			q.Del(name)
		}
	}
	raw := q.Encode()
	if r.rawQuery != "" {
		raw = r.rawQuery + "&" + raw
	}
	req, err := http.NewRequest(r.method, f.url+r.path+"?"+raw, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func (f *fixture) wantCode(t *testing.T, code chat.Code, r request) answer {
	t.Helper()
	a := f.do(t, r)
	if *a.ErrorCode != int(code) {
		t.Fatalf("got %s, want %d", a.raw, code)
	}
	return a
}
