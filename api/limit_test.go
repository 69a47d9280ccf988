package api

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/recant-chat/recant/chat"
)

// budget calls until the first 60007 and returns how many were answered.
func budget(t *testing.T, f *fixture, path string) int {
	t.Helper()
	for n := range 1000 {
		switch a := f.do(t, request{path: path}); *a.ErrorCode {
		case 0:
		case int(codeCallFrequency):
			return n
		default:
			t.Fatalf("%s: %s", path, a.raw)
		}
	}
	return -1
}

func TestCallFrequency(t *testing.T) {
	f := serve(t)
	for path, want := range map[string]int{
		"/v4/group_open_http_svc/echo": 200, "/v4/im_open_login_svc/batch": 100, "/v4/im_open_login_svc/type": 200,
	} {
		if got := budget(t, f, path); got != want {
			t.Errorf("%s: %d calls, want %d", path, got, want)
		}
	}
	// One budget for every name and service of a command.
	f.wantCode(t, 60007, request{path: "/v4/million_group_open_http_svc/old_echo"})
	// It is refilled continuously.
	f.advance(50 * time.Millisecond)
	if got := budget(t, f, "/v4/group_open_http_svc/echo"); got != 10 {
		t.Errorf("%d calls after 50 ms, want 10", got)
	}
	f.advance(time.Hour)
	if got := budget(t, f, "/v4/group_open_http_svc/echo"); got != 200 {
		t.Errorf("%d calls after an hour, want 200", got)
	}
}

func TestCallFrequencyOfTheConfiguration(t *testing.T) {
	five := 5
	f := serve(t, func(a *Application, _ *Options) {
		a.CallsPerSecond = &five
		a.CommandLimits = map[string]int{"old_echo": 7, "im_open_login_svc/type": 3, "group_open_http_svc/type": 0}
	})
	for path, want := range map[string]int{
		"/v4/group_open_http_svc/echo": 7, "/v4/im_open_login_svc/type": 3, "/v4/group_open_http_svc/type": -1,
		"/v4/openim/type": 5, "/v4/im_open_login_svc/batch": 100,
	} {
		if got := budget(t, f, path); got != want {
			t.Errorf("%s: %d calls, want %d", path, got, want)
		}
	}
}

func TestNoCallLimit(t *testing.T) {
	none := 0
	f := serve(t, func(a *Application, _ *Options) { a.CallsPerSecond = &none })
	if got := budget(t, f, "/v4/group_open_http_svc/echo"); got != -1 {
		t.Errorf("refused after %d calls", got)
	}
}

func TestRefusedCallsDoNotCountAgainstTheLimit(t *testing.T) {
	f := serve(t, func(a *Application, _ *Options) { a.CommandLimits = map[string]int{"echo": 2} })
	for range 10 {
		f.wantCode(t, 60010, request{set: map[string]string{"identifier": "user_17", "usersig": sigOfUser17}})
		f.wantCode(t, 70009, request{set: map[string]string{"usersig": sigWrongKey}})
		f.wantCode(t, 60025, request{set: map[string]string{"contenttype": "x"}})
	}
	if got := budget(t, f, "/v4/group_open_http_svc/echo"); got != 2 {
		t.Errorf("%d calls, want 2", got)
	}
}

func TestBadBodiesCountAgainstTheLimit(t *testing.T) {
	f := serve(t, func(a *Application, _ *Options) { a.CommandLimits = map[string]int{"echo": 2} })
	f.wantCode(t, 60003, request{body: "x"})
	f.wantCode(t, 10004, request{body: `{"GroupId":1}`})
	f.wantCode(t, 60007, request{})
}

func TestApplicationsDoNotShareALimit(t *testing.T) {
	registry, err := newRegistry(testCommands())
	if err != nil {
		t.Fatal(err)
	}
	one, two := Application{SDKAppID: 1}, Application{SDKAppID: 2}
	first, err := limitsOf(&one, registry)
	if err != nil {
		t.Fatal(err)
	}
	second, err := limitsOf(&two, registry)
	if err != nil {
		t.Fatal(err)
	}
	for c, limiter := range first {
		if limiter == second[c] {
			t.Errorf("%s/%s has one bucket for two applications", c.Service, c.Name)
		}
	}
}

func TestOverloadAnswers60018(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	f := serve(t, func(_ *Application, o *Options) {
		o.MaxConcurrent = 1
		o.commands = append(o.commands, command("group_open_http_svc", "hold", func(context.Context, *Call, *struct{}) (*noResult, error) {
			close(entered)
			<-leave
			return nil, nil
		}))
	})
	_, held := rawExchange(t, f, "POST "+strings.Replace(rawTarget, "echo", "hold", 1)+" HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
	<-entered
	f.wantCode(t, 60018, request{})
	f.wantCode(t, 60009, request{path: "/v4/made/up"}) // refused in steps 1 to 9
	close(leave)
	if _, body := readAnswer(t, held); !strings.Contains(body, `"ErrorCode":0`) {
		t.Errorf("the call under way answered %s", body)
	}
	f.wantCode(t, 0, request{})
}

func TestOverloadDoesNotCountAgainstTheLimit(t *testing.T) {
	f := serve(t, func(a *Application, o *Options) { o.MaxConcurrent = 1; a.CommandLimits = map[string]int{"echo": 1} })
	f.slots <- struct{}{}
	for range 3 {
		f.wantCode(t, 60018, request{})
	}
	<-f.slots
	f.wantCode(t, 0, request{})
	f.wantCode(t, 60007, request{})
}

func TestCallsOverTheLimitAreNotUnderWay(t *testing.T) {
	f := serve(t, func(a *Application, o *Options) { o.MaxConcurrent = 1; a.CommandLimits = map[string]int{"echo": 1} })
	f.wantCode(t, 0, request{})
	f.wantCode(t, 60007, request{})
	f.advance(time.Second)
	f.wantCode(t, 0, request{})
}

func TestGroupListLimitOfTheHostedProfile(t *testing.T) {
	hosted, err := chat.OpenApp(context.Background(), nil, testApp, chat.Options{Settings: chat.HostedSettings(), Housekeeping: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(hosted.Close)
	own, err := chat.OpenApp(context.Background(), nil, testApp, chat.Options{Settings: chat.DefaultSettings(), Housekeeping: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(own.Close)
	for app, want := range map[*chat.App]int{hosted: 1, own: 200} {
		f := serve(t, func(a *Application, o *Options) {
			a.Chat = app // without a store, which nothing else needs
			a.SignaturesValidSince = func(context.Context, string) (int64, error) { return 0, nil }
			o.commands = append(o.commands, command("group_open_http_svc", "list", echo, frequency(FrequencyGroupList)))
		})
		if got := budget(t, f, "/v4/group_open_http_svc/list"); got != want {
			t.Errorf("%d calls, want %d", got, want)
		}
	}
}

func TestImpossibleApplications(t *testing.T) {
	negative := -1
	for name, a := range map[string]Application{
		"sdkappid":                        {},
		"a key is empty":                  {SDKAppID: 1, Keys: []string{"a", ""}},
		"11 admins":                       {SDKAppID: 1, Admins: strings.Split("a,b,c,d,e,f,g,h,i,j,k", ",")},
		"is not a UserID":                 {SDKAppID: 1, Admins: []string{"é"}},
		"allowed_ips":                     {SDKAppID: 1, AllowedIPs: []string{"localhost"}},
		"disabled_commands":               {SDKAppID: 1, DisabledCommands: []string{"made_up"}},
		"command_limits":                  {SDKAppID: 1, CommandLimits: map[string]int{"made_up": 1}},
		"calls per second":                {SDKAppID: 1, CallsPerSecond: &negative},
		"auth_fail_limit_per_minute":      {SDKAppID: 1, AuthFailLimitPerMinute: &negative},
		"several services have a command": {SDKAppID: 1, DisabledCommands: []string{"type"}},
	} {
		_, err := NewServer([]Application{a}, Options{commands: testCommands()})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := NewServer([]Application{{SDKAppID: 1}, {SDKAppID: 1}}, Options{}); err == nil {
		t.Error("one application may be configured twice")
	}
	if _, err := NewServer(nil, Options{TrustedProxies: []string{"x"}}); err == nil {
		t.Error("a proxy may be anything")
	}
	if _, err := NewServer(nil, Options{commands: append(testCommands(), testCommands()[0])}); err == nil {
		t.Error("a command may be declared twice")
	}
}

func TestDefaultAdmin(t *testing.T) {
	registry, err := newRegistry(nil)
	if err != nil {
		t.Fatal(err)
	}
	app, err := newApplication(Application{SDKAppID: 1}, registry)
	if err != nil || !app.admins["administrator"] || len(app.admins) != 1 {
		t.Errorf("admins are %v, %v", app.admins, err)
	}
}

func TestDeclaredCommands(t *testing.T) {
	registry, err := newRegistry(Commands())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range registry.all {
		id := c.Service + "/" + c.Name
		if c.Summary == "" || !strings.HasSuffix(c.Summary, ".") {
			t.Errorf("%s has no sentence that says what it does", id)
		}
		if len(c.Codes) == 0 {
			t.Errorf("%s lists no codes", id)
		}
		seen := map[chat.Code]bool{}
		for _, code := range c.Codes {
			if seen[code] {
				t.Errorf("%s lists %d twice", id, code)
			}
			seen[code] = true
		}
		if found, err := registry.named(id); found != c {
			t.Errorf("%s is not found by that name: %v", id, err)
		}
	}
}
