package apitest

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestServerAnswersOverHTTPAndTLS(t *testing.T) {
	for _, secure := range []bool{false, true} {
		o := DefaultOptions()
		o.TLS = secure
		srv := New(t, o)
		if https := strings.HasPrefix(srv.URL, "https://"); https != secure {
			t.Errorf("URL is %s", srv.URL)
		}
		srv.Call(t, "group_open_http_svc", "delete_group_msg_by_sender", `{}`).WantCode(t, 10004)
		srv.Call(t, "group_open_http_svc", "made_up", map[string]int{"x": 1}).WantCode(t, 10003).
			WantJSON(t, `{"ErrorCode":10003, "ErrorInfo":"no such command: group_open_http_svc/made_up", "ActionStatus":"FAIL"}`)
		if !strings.Contains(srv.Log.String(), `"command":"made_up"`) {
			t.Errorf("log is %s", srv.Log)
		}
	}
}

func TestServerOutlivesARestart(t *testing.T) {
	srv := New(t, DefaultOptions())
	srv.Clock.Advance(time.Hour)
	for range 2 {
		srv.Restart(t)
		srv.Call(t, "group_open_http_svc", "delete_group_msg_by_sender", []byte(`{}`)).WantCode(t, 10004)
	}
	if got := srv.Clock.Now(); !got.Equal(Start.Add(time.Hour)) {
		t.Errorf("the clock shows %v", got)
	}
	srv.Clock.Set(Start)
	if !srv.Clock.Now().Equal(Start) {
		t.Error("the clock was not set")
	}
}

func TestAnswersThatBreakTheEnvelopeAreErrors(t *testing.T) {
	for raw, status := range map[string]int{
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`:   500,
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":1}`:   200,
		`{"ActionStatus":"FAIL","ErrorInfo":"","ErrorCode":0}`: 200,
		`{"ActionStatus":"OK","ErrorCode":0}`:                  200,
		`{"ErrorInfo":"","ErrorCode":0}`:                       200,
		`{"ActionStatus":"OK","ErrorInfo":""}`:                 200,
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}{}`: 200,
	} {
		if a, err := parse("c", "{}", status, []byte(raw)); err == nil {
			t.Errorf("%d %s was accepted as %+v", status, raw, a)
		}
	}
}
