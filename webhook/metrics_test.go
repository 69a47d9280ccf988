package webhook

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
)

func TestMetricsHaveCommandsOutcomesAndApplications(t *testing.T) {
	registry := prometheus.NewRegistry()
	good := newTaker(t, nil)
	bad := newTaker(t, answers(500, ""))
	first := mustNew(t, testSettings(good.URL+"/hook?key=hush"), Options{SDKAppID: 1, Metrics: registry})
	second := mustNew(t, testSettings(strings.Replace(bad.URL, "//", "//mira:hush@", 1)), Options{SDKAppID: 2, Metrics: registry})
	for range 3 {
		ask(first)
	}
	tell(first)
	for range tripAfter + 2 {
		ask(second)
	}
	got := values(t, registry)
	for series, want := range map[string]float64{
		"calls_total{command=Group.CallbackAfterSendMsg,outcome=ok,sdkappid=1,url=" + good.URL + "/hook}":  1,
		"calls_total{command=Group.CallbackBeforeSendMsg,outcome=ok,sdkappid=1,url=" + good.URL + "/hook}": 3,
		"calls_total{command=Group.CallbackBeforeSendMsg,outcome=status,sdkappid=2,url=" + bad.URL + "}":   tripAfter,
		"calls_total{command=Group.CallbackBeforeSendMsg,outcome=open,sdkappid=2,url=" + bad.URL + "}":     2,
		"breaker_state{command=Group.CallbackBeforeSendMsg,sdkappid=2,url=" + bad.URL + "}":                2,
		"call_duration_seconds{command=Group.CallbackAfterSendMsg,sdkappid=1,url=" + good.URL + "/hook}":   1,
		"call_duration_seconds{command=Group.CallbackBeforeSendMsg,sdkappid=1,url=" + good.URL + "/hook}":  3,
		"call_duration_seconds{command=Group.CallbackBeforeSendMsg,sdkappid=2,url=" + bad.URL + "}":        tripAfter,
	} {
		if value, ok := got["recant_webhook_"+series]; !ok || value != want {
			t.Errorf("%s is %v, want %v", series, value, want)
		}
		delete(got, "recant_webhook_"+series)
	}
	if len(got) != 0 {
		t.Errorf("there is also %v", got)
	}
	first.Close()
	if _, err := New(testSettings(good.URL+"/hook"), Options{SDKAppID: 1, Metrics: registry}); err != nil {
		t.Errorf("after closing: %v", err)
	}
	if _, err := New(testSettings(good.URL+"/hook"), Options{SDKAppID: 1, Metrics: registry}); err == nil {
		t.Error("two receivers of one application")
	}
}

// values are all series of a registry, of histograms their counts.
func values(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			var labels []string
			for _, label := range m.GetLabel() {
				labels = append(labels, label.GetName()+"="+label.GetValue())
			}
			name := family.GetName() + "{" + strings.Join(labels, ",") + "}"
			values[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return values
}

// A dead backend is complained of once a minute and outcome, with what was left
// out, and never with the token, the signature or what is secret in the URL.
func TestComplaintsDoNotFloodAndHideSecrets(t *testing.T) {
	now := time.Unix(1760000000, 0)
	var log bytes.Buffer
	o := Options{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), Clock: func() time.Time { return now }}
	lines := func() int {
		defer log.Reset()
		if text := log.String(); strings.Contains(text, "hush") || strings.Contains(text, "Sign") || strings.Contains(text, Sign("hushhush", now.Unix())) {
			t.Errorf("a secret is in %s", text)
		}
		return strings.Count(log.String(), "\n")
	}
	backend := newTaker(t, answers(500, ""))
	s := testSettings(strings.Replace(backend.URL, "//", "//mira:hush@", 1) + "/hook?key=hush")
	s.Token = "hushhush"
	r := mustNew(t, s, o)
	for range 1000 {
		tell(r)
	}
	if !strings.Contains(log.String(), `error="status 500`) || !strings.Contains(log.String(), "url="+backend.URL+"/hook ") {
		t.Errorf("got %s", log.String())
	}
	if n := lines(); n != 1 {
		t.Errorf("1,000 failures of one kind made %d lines, want 1", n)
	}
	for range 100 {
		ask(r)
	}
	if n := lines(); n != 2 {
		t.Errorf("failures of another command and its breaker made %d lines, want 2", n)
	}
	now = now.Add(complaintEvery)
	tell(r)
	if !strings.Contains(log.String(), "unlogged=999") {
		t.Errorf("got %s", log.String())
	}
	lines()

	s.URL = "http://hush:hush@127.0.0.1:1/hook?key=hush"
	unreachable := mustNew(t, s, o)
	tell(unreachable)
	ask(unreachable)
	if n := lines(); n != 2 {
		t.Errorf("a dead backend made %d lines", n)
	}

	odd := newTaker(t, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("OK")) })
	talker := mustNew(t, testSettings(odd.URL), o)
	tell(talker)
	tell(talker)
	if n := lines(); n != 1 {
		t.Errorf("answers that are not JSON made %d lines", n)
	}
}

func TestLongReasonsAreShortened(t *testing.T) {
	for _, text := range []string{"", "short", strings.Repeat("x", 301), strings.Repeat("茶", 500), "x" + strings.Repeat("茶", 500)} {
		got := shorten(text)
		if len(got) > maxErrorText+3 || !utf8.ValidString(got) || len(text) <= maxErrorText && got != text {
			t.Errorf("%d bytes became %q", len(text), got)
		}
	}
}
