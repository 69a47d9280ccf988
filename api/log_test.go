package api

import (
	"bufio"
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// accessLines are the lines of the access log.
func accessLines(t *testing.T, log string) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for scanner := bufio.NewScanner(strings.NewReader(log)); scanner.Scan(); {
		var line map[string]any
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if line["msg"] == "call" {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestAccessLog(t *testing.T) {
	f := serve(t)
	a := f.wantCode(t, 0, request{path: "/v4/group_open_attr_http_svc/old_echo", body: `{"MsgBody":["secret words"]}`})
	f.wantCode(t, 10017, request{path: "/v4/group_open_http_svc/refuse", set: map[string]string{"random": "-7"}})
	lines := accessLines(t, f.log.String())
	if len(lines) != 2 {
		t.Fatalf("%d lines for 2 calls", len(lines))
	}
	for key, want := range map[string]any{
		"level": "INFO", "service": "group_open_attr_http_svc", "command": "old_echo", "sdkappid": float64(testApp),
		"caller": testAdmin, "code": 0.0, "random": "3141592653", "remote_ip": "127.0.0.1", "bytes": float64(len(a.raw)),
	} {
		if got := lines[0][key]; got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	if d, ok := lines[0]["duration"].(float64); !ok || d <= 0 {
		t.Errorf("duration is %v", lines[0]["duration"])
	}
	if lines[1]["code"] != 10017.0 || lines[1]["random"] != "-7" {
		t.Errorf("second line is %v", lines[1])
	}
}

func TestLogHoldsNoSecretsAndNoBodies(t *testing.T) {
	f := serve(t)
	body := `{"MsgBody":["secret words"],"GroupId":"secret group"}`
	for _, r := range []request{
		{},
		{path: "/v4/group_open_http_svc/crash"},
		{path: "/v4/group_open_http_svc/broken"},
		{path: "/v4/made/up"},
		{path: "/v4/group_open_http_svc/" + testKey},
		{path: "/v4/" + testSig + "/x"},
		{method: http.MethodGet},
		{set: map[string]string{"usersig": sigWrongKey}},
		{set: map[string]string{"identifier": testSig, "random": testSig, "sdkappid": testSig}},
		{set: map[string]string{"identifier": testKey, "random": testKey, "usersig": testKey}},
		{header: http.Header{"X-Forwarded-For": {testKey}}},
	} {
		r.body = body
		f.do(t, r)
	}
	f.do(t, request{body: `{"secret words":`})
	f.do(t, request{body: `{"GroupId":["secret words"]}`})
	log := f.log.String()
	if len(accessLines(t, log)) != 13 {
		t.Errorf("%d lines for 13 calls", len(accessLines(t, log)))
	}
	for _, secret := range []string{testKey, testSig, sigWrongKey, testSig[:40], testKey[:32], "secret words", "secret group"} {
		if strings.Contains(log, secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
}
