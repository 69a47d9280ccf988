package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/recant-chat/recant/webhook"
)

// Every setting of the protocol reaches the protocol's server: what each does is
// tested in package api.
func TestTheConfigurationReachesTheProtocol(t *testing.T) {
	file := writeConfig(t, `
trusted_proxies: [127.0.0.1]
cors: false
applications:
  - {sdkappid: 1, keys: [k]}
  - {sdkappid: 2, keys: [k], lenient_numbers: true}
  - {sdkappid: 3, keys: [k], blocked_accounts: [administrator]}
  - {sdkappid: 4, keys: [k], allowed_ips: [192.0.2.0/24]}
  - {sdkappid: 5, keys: [k], auth_fail_limit_per_minute: 1}
  - {sdkappid: 6, keys: []}
  - {sdkappid: 7, keys: [k], command_limits: {get_appid_group_list: 1}}
`)
	p := serve(t, t.TempDir(), "--config", file)
	const list = "group_open_http_svc/get_appid_group_list"
	for _, c := range []struct {
		name    string
		id      uint32
		key     string
		body    string
		forward string
		want    string
	}{
		{"numbers as texts by default", 1, "k", `{"Limit":"5"}`, "", "10004"},
		{"lenient_numbers", 2, "k", `{"Limit":"5"}`, "", "0"},
		{"blocked_accounts", 3, "k", `{}`, "", "70051"},
		{"allowed_ips", 4, "k", `{}`, "", "60021"},
		{"trusted_proxies", 4, "k", `{}`, "192.0.2.7", "0"},
		{"a first bad UserSig", 5, "other", `{}`, "", "70009"},
		{"a second one", 5, "other", `{}`, "", "70009"},
		{"auth_fail_limit_per_minute", 5, "k", `{}`, "", "70050"},
		{"no key", 6, "k", `{}`, "", "70016"},
	} {
		status, header, body := post(t, p, c.id, sign(t, "--sdkappid", text(c.id), "--key", c.key, "--user", "administrator"), list, c.body, c.forward)
		if status != http.StatusOK || !strings.Contains(body, `"ErrorCode":`+c.want) || header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: got %d %v %s, want %s", c.name, status, header, body, c.want)
		}
	}
	sig, limited := sign(t, "--config", file, "--sdkappid", "7", "--user", "administrator"), 0
	for range 5 {
		if p.call(7, "administrator", sig, list, "{}").ErrorCode == 60007 {
			limited++
		}
	}
	if limited == 0 {
		t.Error("command_limits: five calls at 1 per second were all served")
	}
}

// post makes a call that a proxy forwards for an address.
func post(t *testing.T, p *process, id uint32, sig, path, body, forwarded string) (status int, header http.Header, answer string) {
	t.Helper()
	target := p.base + "/v4/" + path + "?sdkappid=" + text(id) + "&identifier=administrator&usersig=" + sig
	request, err := http.NewRequest(http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if forwarded != "" {
		request.Header.Set("X-Forwarded-For", forwarded)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(content)
}

func TestBoundsOfCallsReachTheProtocol(t *testing.T) {
	data := t.TempDir()
	p := serve(t, data, "--max-concurrent-calls", "1")
	id, _ := kept(t, data)
	sig := sign(t, "--user", "administrator", "--data", data)
	finish := halfCall(t, p, data)
	if got := p.call(id, "administrator", sig, check, checkBody); got.ErrorCode != 60018 {
		t.Errorf("a second call at once is answered with %d %s, want 60018", got.ErrorCode, got.ErrorInfo)
	}
	if response, err := finish(); err != nil {
		t.Error(err)
	} else {
		response.Body.Close()
	}
	p.terminate()

	p = serve(t, data, "--request-timeout", "1ns")
	if got := p.call(id, "administrator", sig, check, checkBody); got.ErrorCode != 60008 {
		t.Errorf("a call that may take 1 ns is answered with %d %s, want 60008", got.ErrorCode, got.ErrorInfo)
	}
}

// The settings of webhooks reach the backend: a refusal before an event, and,
// without it, a signed call after.
func TestTheConfigurationReachesTheBackend(t *testing.T) {
	came := make(chan url.Values, 10)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		came <- r.URL.Query()
		code := 0
		if r.URL.Query().Get("CallbackCommand") == "Group.CallbackBeforeCreateGroup" {
			code = 10123
		}
		fmt.Fprintf(w, `{"ActionStatus":"OK","ErrorInfo":"not today","ErrorCode":%d}`, code)
	}))
	defer backend.Close()
	file := writeConfig(t, `
webhook: {url: "`+backend.URL+`/hook?from=recant", commands: [Group.CallbackAfterCreateGroup], token: hush}
applications:
  - {sdkappid: 1, keys: [k]}
  - {sdkappid: 2, keys: [k], webhook: {commands: [Group.CallbackBeforeCreateGroup]}}
  - {sdkappid: 3, keys: [k], webhook: {url: ""}}
`)
	p := serve(t, t.TempDir(), "--config", file)
	for id, want := range map[uint32]int{1: 0, 2: 10123, 3: 0} {
		sig := sign(t, "--config", file, "--sdkappid", text(id), "--user", "administrator")
		if got := p.call(id, "administrator", sig, "group_open_http_svc/create_group", `{"Type":"Public","Name":"tea"}`); got.ErrorCode != want {
			t.Errorf("application %d: got %d %s, want %d", id, got.ErrorCode, got.ErrorInfo, want)
		}
	}
	for range 2 {
		select {
		case query := <-came:
			command := map[string]string{"1": "Group.CallbackAfterCreateGroup", "2": "Group.CallbackBeforeCreateGroup"}[query.Get("SdkAppid")]
			seconds, err := strconv.ParseInt(query.Get("RequestTime"), 10, 64)
			if query.Get("CallbackCommand") != command || err != nil || query.Get("Sign") != webhook.Sign("hush", seconds) || query.Get("from") != "recant" {
				t.Errorf("got %v", query)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("the backend was not called")
		}
	}
}

func TestThePagesAreServedAsConfigured(t *testing.T) {
	for _, c := range []struct {
		arguments []string
		want      map[string]bool // path: is a page
	}{
		{nil, map[string]bool{"/console/": true, "/debug/": true}},
		{[]string{"--console=false", "--debug-tool", "off"}, map[string]bool{"/console/": false, "/debug/": false, "/shared/base.css": false}},
		{[]string{"--listen", "0.0.0.0:0"}, map[string]bool{"/console/": true, "/debug/": false}},
	} {
		p := serve(t, t.TempDir(), c.arguments...)
		c.want["/openapi.json"] = true
		for path, want := range c.want {
			response, err := http.Get(p.base + path)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if got := response.Header.Get("Content-Security-Policy") != ""; got != want {
				t.Errorf("%v: %s is served: %v", c.arguments, path, got)
			}
		}
		if printed := strings.Contains(p.stdout.String(), "/debug/#sign="); printed != c.want["/debug/"] {
			t.Errorf("%v: the link to the tool is printed: %v", c.arguments, printed)
		}
	}
}
