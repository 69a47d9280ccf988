package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/recant-chat/recant/chat"
)

func TestGoodCall(t *testing.T) {
	f := serve(t)
	a := f.wantCode(t, 0, request{body: `{"MsgBody":[ 1.0 ]}`})
	if a.Caller != testAdmin || a.Random != "3141592653" || a.RemoteIP != "127.0.0.1" || a.Command != "group_open_http_svc/echo" {
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
	a.SignaturesValidSince = func(context.Context, string) (int64, error) { return testNow, nil }
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
	if n := strings.Count(log, "crashed on purpose"); n < 5 || !strings.Contains(log, "fixture_test.go") {
		t.Errorf("%d panics with their stacks in the log", n)
	}
	if !strings.Contains(log, "disk on fire") {
		t.Error("the internal error is not in the log")
	}
	f.wantCode(t, 0, request{}) // the server goes on
}

func TestInternalErrorsOfTheDomainTakeTheFamilysCode(t *testing.T) {
	for service, want := range map[string]chat.Code{"group_open_http_svc": 10002, "im_open_login_svc": 70500, "openim": 20005} {
		refused, ours := familyOf(service).refusal(fmt.Errorf("send: %w", chat.Refuse(chat.CodeInternal, "row 7 is damaged")))
		if refused.Code != want || !ours || strings.Contains(refused.Message, "row") {
			t.Errorf("%s: %v, ours %v", service, refused, ours)
		}
	}
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
			got[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
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
