package api

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
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
	Random   uint32         `json:"Random"`
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
	Random       uint32 `json:"Random"`

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

func TestGoodCall(t *testing.T) {
	f := serve(t)
	a := f.wantCode(t, 0, request{body: `{"MsgBody":[ 1.0 ]}`})
	if a.Caller != testAdmin || a.Random != 3141592653 || a.RemoteIP != "127.0.0.1" || a.Command != "group_open_http_svc/echo" {
		t.Errorf("call was %s", a.raw)
	}
	if !bytes.HasPrefix(a.raw, []byte(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,`)) || !bytes.Contains(a.raw, []byte(`"MsgBody":[ 1.0 ]}`)) {
		t.Errorf("answer is %s", a.raw)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json; charset=utf-8", "Access-Control-Allow-Origin": "*",
		"Access-Control-Allow-Headers": "X-Requested-With", "Access-Control-Allow-Methods": "POST",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestURLParameters(t *testing.T) {
	f := serve(t)
	for _, c := range []struct {
		name string
		r    request
		code chat.Code
	}{
		{"sdkappid absent", request{set: map[string]string{"sdkappid": "-"}}, 60012},
		{"sdkappid empty", request{set: map[string]string{"sdkappid": ""}}, 60012},
		{"sdkappid of another case", request{set: map[string]string{"sdkappid": "-", "SdkAppid": "1400099901"}}, 60012},
		{"sdkappid 0", request{set: map[string]string{"sdkappid": "0"}}, 60025},
		{"sdkappid too big", request{set: map[string]string{"sdkappid": "4294967296"}}, 60025},
		{"sdkappid negative", request{set: map[string]string{"sdkappid": "-1"}}, 60025},
		{"sdkappid with a sign", request{set: map[string]string{"sdkappid": "+1400099901"}}, 60025},
		{"sdkappid no integer", request{set: map[string]string{"sdkappid": "1400099901.0"}}, 60025},
		{"sdkappid hexadecimal", request{set: map[string]string{"sdkappid": "0x1"}}, 60025},
		{"sdkappid unknown", request{set: map[string]string{"sdkappid": "4294967295"}}, 70020},
		{"sdkappid disabled", request{set: map[string]string{"sdkappid": "2"}}, 60016},
		{"sdkappid without a key", request{set: map[string]string{"sdkappid": "3"}}, 70016},
		{"sdkappid disabled and without a key", request{set: map[string]string{"sdkappid": "4"}}, 60016},
		{"identifier absent", request{set: map[string]string{"identifier": "-"}}, 60025},
		{"identifier empty", request{set: map[string]string{"identifier": ""}}, 60025},
		{"identifier of 33 bytes", request{set: map[string]string{"identifier": strings.Repeat("a", 33)}}, 60025},
		{"identifier of 32 bytes", request{set: map[string]string{"identifier": strings.Repeat("a", 32)}}, 70013},
		{"identifier not ASCII", request{set: map[string]string{"identifier": "é"}}, 60025},
		{"identifier with a control character", request{set: map[string]string{"identifier": "a\x01"}}, 60025},
		{"identifier with a space before", request{set: map[string]string{"identifier": " a"}}, 60025},
		{"identifier with a space behind", request{set: map[string]string{"identifier": "a "}}, 60025},
		{"identifier with a space within", request{set: map[string]string{"identifier": "a b"}}, 70013},
		{"usersig absent", request{set: map[string]string{"usersig": "-"}}, 60025},
		{"usersig empty", request{set: map[string]string{"usersig": ""}}, 60025},
		{"usersig garbage", request{set: map[string]string{"usersig": "xxx"}}, 70003},
		{"usersig of another application", request{set: map[string]string{"usersig": sigOtherApp}}, 70014},
		{"usersig of another identifier", request{set: map[string]string{"usersig": sigOfUser17}}, 70013},
		{"usersig expired", request{set: map[string]string{"usersig": sigExpired}}, 70001},
		{"usersig of another key", request{set: map[string]string{"usersig": sigWrongKey}}, 70009},
		{"not an admin", request{set: map[string]string{"identifier": "user_17", "usersig": sigOfUser17}}, 60010},
		{"random absent", request{set: map[string]string{"random": "-"}}, 0},
		{"random of 21 digits", request{set: map[string]string{"random": "123456789012345678901"}}, 0},
		{"random negative", request{set: map[string]string{"random": "-5"}}, 0},
		{"contenttype absent", request{set: map[string]string{"contenttype": "-"}}, 0},
		{"contenttype empty", request{set: map[string]string{"contenttype": ""}}, 0},
		{"contenttype of another case", request{set: map[string]string{"contenttype": "JSON"}}, 60025},
		{"contenttype xml", request{set: map[string]string{"contenttype": "xml"}}, 60025},
		{"legacy parameters", request{set: map[string]string{"apn": "1", "accounttype": "x", "ver": "", "websdkappid": "537048168"}}, 0},
		{"first occurrence counts", request{rawQuery: "sdkappid=2"}, 60016},
		{"semicolons are nothing special", request{rawQuery: "ver=1;2"}, 0},
		{"name without a value", request{rawQuery: "ver"}, 0},
		{"empty pairs", request{rawQuery: "&&"}, 0},
		{"undecodable value", request{rawQuery: "ver=%zz"}, 60002},
		{"undecodable name", request{rawQuery: "%=1"}, 60002},
	} {
		t.Run(c.name, func(t *testing.T) { f.wantCode(t, c.code, c.r) })
	}
}

func TestUserSigEscapedAndUnescaped(t *testing.T) {
	f := serve(t)
	for _, sig := range []string{testSig, strings.ReplaceAll(testSig, "*", "%2A"), strings.ReplaceAll(testSig, "_", "%5f")} {
		f.wantCode(t, 0, request{set: map[string]string{"usersig": "-"}, rawQuery: "usersig=" + sig})
	}
}

func TestPaths(t *testing.T) {
	f := serve(t)
	for path, code := range map[string]chat.Code{
		"/v4/group_open_http_svc/echo":                   0,
		"/v4/group_open_http_svc/echo/":                  0,
		"/v4/group_open_http_svc/echo//":                 60002,
		"/v4/group_open_http_svc/old_echo":               0,
		"/v4/group_open_attr_http_svc/echo":              0,
		"/v4/group_open_avchatroom_http_svc/echo":        0,
		"/v4/million_group_open_http_svc/echo":           0,
		"/v4/group_open_http_svc/attr":                   0,
		"/v4/im_open_login_svc/batch":                    0,
		"/v4/openim/type":                                0,
		"/v3/group_open_http_svc/echo":                   60002,
		"/V4/group_open_http_svc/echo":                   60002,
		"/v4/group_open_http_svc":                        60002,
		"/v4/group_open_http_svc/":                       60002,
		"/v4//echo":                                      60002,
		"/v4/group_open_http_svc/echo/x":                 60002,
		"//v4/group_open_http_svc/echo":                  60002,
		"/x/v4/group_open_http_svc/echo":                 60002,
		"/v4/group_open_http_svc%2Fx/echo":               60002,
		"/":                                              60002,
		"/v4/group_open_http_svc/Echo":                   10003,
		"/v4/group_open_http_svc/batch":                  10003,
		"/v4/million_group_open_http_svc/nothing":        10003,
		"/v4/group_open_attr_http_svc/nothing":           10003,
		"/v4/group_open_avchatroom_http_svc/nothing":     10003,
		"/v4/Group_open_http_svc/echo":                   60009,
		"/v4/im_open_login_svc/echo":                     60009,
		"/v4/im_open_login_svc/nothing":                  60009,
		"/v4/openim/nothing":                             60009,
		"/v4/profile/nothing":                            60009,
		"/v4/all_member_push/im_push":                    60009,
		"/v4/openim_msg_ext_http_svc/get_key_values":     60009,
		"/v4/nothing/echo":                               60009,
		"/v4/official_account_open_http_svc/whatever.do": 60009,
	} {
		t.Run(path, func(t *testing.T) {
			f.wantCode(t, code, request{path: path})
		})
	}
}

func TestOtherMethods(t *testing.T) {
	f := serve(t)
	for _, method := range []string{"GET", "PUT", "DELETE", "PATCH", "TRACE", "get", "X"} {
		for _, path := range []string{"/", "/v4/group_open_http_svc/echo", "/favicon.ico"} {
			a := f.wantCode(t, 60002, request{method: method, path: path})
			if a.ErrorInfo != "HTTP parse Error" {
				t.Errorf("%s %s: %s", method, path, a.raw)
			}
		}
	}
	for _, path := range []string{"/", "/v4/group_open_http_svc/echo"} {
		for _, method := range []string{"HEAD", "OPTIONS"} {
			res := f.roundTrip(t, request{method: method, path: path})
			body, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil || res.StatusCode != 200 || len(body) != 0 || res.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s %s: status %d, %q, %v", method, path, res.StatusCode, body, err)
			}
		}
	}
}

func TestCORSCanBeSwitchedOff(t *testing.T) {
	f := serve(t, func(_ *Application, o *Options) { o.WithoutCORS = true })
	for _, method := range []string{"POST", "OPTIONS"} {
		res := f.roundTrip(t, request{method: method})
		res.Body.Close()
		for name := range res.Header {
			if strings.HasPrefix(name, "Access-Control") {
				t.Errorf("%s has the header %s", method, name)
			}
		}
	}
}

func TestBodies(t *testing.T) {
	f := serve(t)
	space := strings.Repeat(" ", maxBodyBytes)
	for _, c := range []struct {
		name, body string
		code       chat.Code
	}{
		{"no JSON", `x`, 60003},
		{"byte order mark", "\ufeff{}", 0},
		{"1 MiB", "{" + space[:maxBodyBytes-2] + "}", 0},
		{"1 MiB and a byte", "{" + space[:maxBodyBytes-1] + "}", 60008},
		{"65 levels", nested(65), 60003},
		{"wrong type", `{"MsgSeq":"5"}`, 10004},
		{"wrong account type", `{"To_Account":5}`, 60015},
		{"account inside a raw body", `{"MsgBody":[{"To_Account":5,"UserID":{}}]}`, 0},
	} {
		t.Run(c.name, func(t *testing.T) { f.wantCode(t, c.code, request{body: c.body}) })
	}
	a := f.wantCode(t, 60008, request{body: space + space})
	if a.ErrorInfo != textTimeout {
		t.Errorf("text is %q", a.ErrorInfo)
	}
}

func TestAnyContentType(t *testing.T) {
	f := serve(t)
	for _, contentType := range []string{"application/json", "application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""} {
		a := f.wantCode(t, 0, request{body: `{"MsgBody":["kept"]}`, header: http.Header{"Content-Type": {contentType}}})
		if !bytes.Contains(a.raw, []byte("kept")) {
			t.Errorf("%q: the body was lost: %s", contentType, a.raw)
		}
	}
}

// Each row has two faults, of which the earlier decides (spec 01 section 1.5).
func TestOrderOfChecks(t *testing.T) {
	for _, c := range []struct {
		name      string
		configure func(*Application, *Options)
		r         request
		code      chat.Code
	}{
		{"1 path before 2 sdkappid", nil, request{path: "/x", set: map[string]string{"sdkappid": "-"}}, 60002},
		{"1 method before 2 sdkappid", nil, request{method: "GET", set: map[string]string{"sdkappid": "-"}}, 60002},
		{"1 query before 2 sdkappid", nil, request{rawQuery: "%zz", set: map[string]string{"sdkappid": "-"}}, 60002},
		{"2 sdkappid before 3 contenttype", nil, request{set: map[string]string{"sdkappid": "-", "contenttype": "x"}}, 60012},
		{"2 sdkappid before 3 identifier", nil, request{set: map[string]string{"sdkappid": "-", "identifier": "-"}}, 60012},
		{"3 contenttype before 4 unknown", nil, request{set: map[string]string{"sdkappid": "9", "contenttype": "x"}}, 60025},
		{"3 identifier before 4 unknown", nil, request{set: map[string]string{"sdkappid": "9", "identifier": "-"}}, 60025},
		{"3 usersig before 4 unknown", nil, request{set: map[string]string{"sdkappid": "9", "usersig": "-"}}, 60025},
		{"4 disabled before 5 address", forbidAddresses, request{set: map[string]string{"sdkappid": "2"}}, 60016},
		{"4 no key before 7 signature", nil, request{set: map[string]string{"sdkappid": "3", "usersig": "x"}}, 70016},
		{"5 address before 7 signature", forbidAddresses, request{set: map[string]string{"usersig": "x"}}, 60021},
		{"5 address before 9 route", forbidAddresses, request{path: "/v4/x/y"}, 60021},
		{"7 signature before 8 admin", nil, request{set: map[string]string{"identifier": "user_17"}}, 70013},
		{"7 signature before 9 route", nil, request{path: "/v4/x/y", set: map[string]string{"usersig": "x"}}, 70003},
		{"7 signature before 7 revocation", revokeAll, request{set: map[string]string{"usersig": sigWrongKey}}, 70009},
		{"7 revocation before 8 admin", revokeAll, request{set: map[string]string{"identifier": "user_17", "usersig": sigOfUser17}}, 70052},
		{"7 signature before block list", blockAll, request{set: map[string]string{"usersig": "x"}}, 70003},
		{"block list before 8 admin", blockAll, request{set: map[string]string{"identifier": "user_17", "usersig": sigOfUser17}}, 70051},
		{"block list for an admin", blockAll, request{}, 70051},
		{"8 admin before 9 group route", nil, request{path: "/v4/group_open_http_svc/nothing", set: map[string]string{"identifier": "user_17", "usersig": sigOfUser17}}, 60010},
		{"8 admin before 9 route", nil, request{path: "/v4/x/y", set: map[string]string{"identifier": "user_17", "usersig": sigOfUser17}}, 60010},
		{"9 group route before 12 JSON", nil, request{path: "/v4/group_open_http_svc/nothing", body: "x"}, 10003},
		{"9 route before 11 size", nil, request{path: "/v4/openim/nothing", body: strings.Repeat(" ", maxBodyBytes+1)}, 60009},
		{"9 disabled before 10 frequency", disableEcho, request{}, 10026},
		{"10 frequency before 11 size", exhaustEcho, request{body: strings.Repeat(" ", maxBodyBytes+1)}, 60007},
		{"10 frequency before 12 JSON", exhaustEcho, request{body: "x"}, 60007},
		{"11 size before 12 JSON", nil, request{body: strings.Repeat("x", maxBodyBytes+1)}, 60008},
		{"12 JSON before 13 accounts", nil, request{body: `{"To_Account":5}x`}, 60003},
		{"13 accounts before 14 types", nil, request{body: `{"MsgSeq":"x","To_Account":5}`}, 60015},
		{"14 types before the command", nil, request{path: "/v4/group_open_http_svc/refuse", body: `{"MsgSeq":"x"}`}, 10004},
		{"14 the command", nil, request{path: "/v4/group_open_http_svc/refuse"}, 10017},
	} {
		t.Run(c.name, func(t *testing.T) {
			var configure []func(*Application, *Options)
			if c.configure != nil {
				configure = append(configure, c.configure)
			}
			f := serve(t, configure...)
			if strings.HasPrefix(c.name, "10 ") {
				f.wantCode(t, 0, request{})
			}
			f.wantCode(t, c.code, c.r)
		})
	}
}

func forbidAddresses(a *Application, _ *Options) { a.AllowedIPs = []string{"192.0.2.0/24"} }
func revokeAll(a *Application, _ *Options) {
	a.SignaturesValidSince = func(string) int64 { return testNow }
}
func blockAll(a *Application, _ *Options) { a.BlockedAccounts = []string{testAdmin, "user_17"} }
func disableEcho(a *Application, _ *Options) {
	a.DisabledCommands = []string{"echo"}
	exhaustEcho(a, nil)
}
func exhaustEcho(a *Application, _ *Options) { a.CommandLimits = map[string]int{"echo": 1} }

func TestDisabledCommands(t *testing.T) {
	f := serve(t, func(a *Application, _ *Options) {
		a.DisabledCommands = []string{"group_open_attr_http_svc/old_echo", "im_open_login_svc/batch"}
	})
	for path, code := range map[string]chat.Code{
		"group_open_http_svc/echo": 10026, "group_open_attr_http_svc/old_echo": 10026, "million_group_open_http_svc/echo": 10026,
		"group_open_http_svc/attr": 0, "im_open_login_svc/batch": 60017, "im_open_login_svc/type": 0,
	} {
		f.wantCode(t, code, request{path: "/v4/" + path})
	}
}

func TestOpenIMSaysBadJSONInItsOwnWay(t *testing.T) {
	f := serve(t)
	a := f.wantCode(t, 90001, request{path: "/v4/openim/type", body: "x"})
	if a.ErrorInfo != "Fail to Parse json data of body, Please check it" {
		t.Errorf("text is %q", a.ErrorInfo)
	}
}

func TestFamiliesHaveTheirOwnCodes(t *testing.T) {
	f := serve(t)
	for service, codes := range map[string]struct{ invalid, internal chat.Code }{
		"group_open_http_svc": {10004, 10002},
		"im_open_login_svc":   {70402, 70500},
		"openim":              {90010, 20005},
		"profile":             {40001, 40006},
		"recentcontact":       {50002, 50004},
	} {
		path := "/v4/" + service
		f.wantCode(t, codes.invalid, request{path: path + "/type", body: `{"MsgSeq":true}`})
		f.wantCode(t, codes.invalid, request{path: path + "/invalid"})
		f.wantCode(t, codes.internal, request{path: path + "/broken"})
		a := f.wantCode(t, codes.internal, request{path: path + "/crash"})
		if bytes.Contains(a.raw, []byte("purpose")) {
			t.Errorf("the answer tells of the panic: %s", a.raw)
		}
		if hasDisplay := bytes.Contains(a.raw, []byte(`"ErrorDisplay":""`)); hasDisplay != (service == "profile" || service == "recentcontact") {
			t.Errorf("%s: ErrorDisplay in %s", service, a.raw)
		}
	}
	log := f.log.String()
	if n := strings.Count(log, "crashed on purpose"); n < 5 || !strings.Contains(log, "server_test.go") {
		t.Errorf("%d panics with their stacks in the log", n)
	}
	if !strings.Contains(log, "disk on fire") {
		t.Error("the internal error is not in the log")
	}
	f.wantCode(t, 0, request{}) // the server goes on
}

func TestPanicsAndCallsAreCounted(t *testing.T) {
	f := serve(t)
	f.wantCode(t, 10002, request{path: "/v4/million_group_open_http_svc/crash"})
	f.wantCode(t, 0, request{path: "/v4/group_open_http_svc/old_echo"})
	f.wantCode(t, 60009, request{path: "/v4/made/up"})
	families, err := f.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		for _, m := range family.Metric {
			name := family.GetName()
			for _, label := range m.Label {
				name += " " + label.GetValue()
			}
			got[name] = m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	for name, want := range map[string]float64{
		"recant_api_panics_total crash group_open_http_svc":         1,
		"recant_api_calls_total 10002 crash group_open_http_svc":    1,
		"recant_api_calls_total 0 echo group_open_http_svc":         1,
		"recant_api_calls_total 60009  ":                            1,
		"recant_api_call_duration_seconds echo group_open_http_svc": 1,
		"recant_api_calls_under_way":                                0,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v; all: %v", name, got[name], want, got)
		}
	}
}

func TestCommandPastItsTimeAnswers60008(t *testing.T) {
	f := serve(t, func(_ *Application, o *Options) { o.RequestTimeout = 20 * time.Millisecond })
	a := f.wantCode(t, 60008, request{path: "/v4/group_open_http_svc/slow"})
	if a.ErrorInfo != textTimeout {
		t.Errorf("text is %q", a.ErrorInfo)
	}
}

func TestCommandThatCommittedLateAnswersSuccess(t *testing.T) {
	f := serve(t, func(_ *Application, o *Options) { o.RequestTimeout = 20 * time.Millisecond })
	f.wantCode(t, 0, request{path: "/v4/group_open_http_svc/committed"})
}

func TestAnswerOver1MBAnswers10018(t *testing.T) {
	f := serve(t)
	a := f.wantCode(t, 10018, request{path: "/v4/group_open_http_svc/large"})
	if bytes.Contains(a.raw, []byte("xxx")) {
		t.Error("partial data in the answer")
	}
}

// rawExchange sends text over a connection of its own and returns the connection.
func rawExchange(t *testing.T, f *fixture, text string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return conn, bufio.NewReader(conn)
}

const rawTarget = "/v4/group_open_http_svc/echo?sdkappid=1400099901&identifier=admin_root&usersig=" + testSig + "&random=1&contenttype=json"

func readAnswer(t *testing.T, r *bufio.Reader) (*http.Response, string) {
	t.Helper()
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestExpectContinue(t *testing.T) {
	f := serve(t)
	conn, r := rawExchange(t, f, "POST "+rawTarget+" HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
	line, err := r.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 100") {
		t.Fatalf("got %q, %v", line, err)
	}
	if _, err := r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "{}"); err != nil {
		t.Fatal(err)
	}
	if res, body := readAnswer(t, r); res.StatusCode != 200 || !strings.Contains(body, `"ErrorCode":0`) {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
}

func TestHTTP10KeepAlive(t *testing.T) {
	f := serve(t)
	text := "POST " + rawTarget + " HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}"
	conn, r := rawExchange(t, f, text)
	for range 2 {
		if res, body := readAnswer(t, r); res.Header.Get("Connection") != "keep-alive" || !strings.Contains(body, `"ErrorCode":0`) {
			t.Fatalf("%v %s", res.Header, body)
		}
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
	}
}

func TestChunkedBodies(t *testing.T) {
	f := serve(t)
	head := "POST " + rawTarget + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	_, r := rawExchange(t, f, head+"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n")
	if _, body := readAnswer(t, r); !strings.Contains(body, `"ErrorCode":0`) {
		t.Fatalf("good: %s", body)
	}
	chunk := fmt.Sprintf("%x\r\n%s\r\n", maxBodyBytes, strings.Repeat(" ", maxBodyBytes))
	_, r = rawExchange(t, f, head+chunk+"1\r\n \r\n")
	if res, body := readAnswer(t, r); !res.Close || !strings.Contains(body, `"ErrorCode":60008`) {
		t.Fatalf("too large: %v %s", res.Close, body)
	}
}

func TestBodyThatEndsEarlyAnswers60008(t *testing.T) {
	f := serve(t)
	conn, r := rawExchange(t, f, "POST "+rawTarget+" HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{}")
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if res, body := readAnswer(t, r); !res.Close || !strings.Contains(body, `"ErrorCode":60008`) {
		t.Fatalf("%v %s", res.Close, body)
	}
}

func TestTooLargeBodyIsRefusedUnread(t *testing.T) {
	f := serve(t)
	_, r := rawExchange(t, f, "POST "+rawTarget+" HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\nExpect: 100-continue\r\n\r\n")
	if res, body := readAnswer(t, r); res.StatusCode != 200 || !res.Close || !strings.Contains(body, `"ErrorCode":60008`) {
		t.Fatalf("%d %v %s", res.StatusCode, res.Close, body)
	}
}
