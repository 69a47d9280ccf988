package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// scripted is a server that answers call after call what the test says.
type scripted struct {
	*httptest.Server
	mu      sync.Mutex
	answers []string // "" breaks the connection off
	seen    []string // bodies
	queries []url.Values
}

func script(t *testing.T, answers ...string) *scripted {
	s := &scripted{answers: answers}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.seen, s.queries = append(s.seen, string(body)), append(s.queries, r.URL.Query())
		answer := ""
		if len(s.answers) > 0 {
			answer, s.answers = s.answers[0], s.answers[1:]
		}
		s.mu.Unlock()
		if answer == "" {
			panic(http.ErrAbortHandler)
		}
		if status, ok := strings.CutPrefix(answer, "HTTP "); ok {
			code := 0
			fmt.Sscan(status, &code)
			w.WriteHeader(code)
			return
		}
		io.WriteString(w, answer)
	}))
	s.Config.ErrorLog = nil
	t.Cleanup(s.Close)
	return s
}

// calls are the bodies and queries that came.
func (s *scripted) calls() ([]string, []url.Values) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen), slices.Clone(s.queries)
}

func failing(code int) string {
	return fmt.Sprintf(`{"ActionStatus":"FAIL","ErrorInfo":"no","ErrorCode":%d}`, code)
}

// A call is made again where that does no more than the first could have done.
func TestCallsAreRepeatedWhereThatIsHarmless(t *testing.T) {
	const ok = `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Next":"x"}`
	for _, c := range []struct {
		name    string
		repeat  repeats
		answers []string
		calls   int
		fails   bool
	}{
		{"at once", onceOnly, []string{ok}, 1, false},
		{"too frequent", onceOnly, []string{failing(60007), failing(60018), ok}, 3, false},
		{"an answer that was lost", repeatable, []string{"", ok}, 2, false},
		{"an answer that was lost, once only", onceOnly, []string{"", ok}, 1, true},
		{"a timeout", repeatable, []string{failing(60008), ok}, 2, false},
		{"a timeout, once only", onceOnly, []string{failing(60008), ok}, 1, true},
		{"an internal error", repeatable, []string{failing(10002), ok}, 2, false},
		{"a proxy's error", repeatable, []string{"HTTP 502", ok}, 2, false},
		{"something else", repeatable, []string{"<html>", ok}, 2, false},
		{"a refusal", repeatable, []string{failing(10004), ok}, 1, true},
		{"a guard", repeatable, []string{failing(190002), ok}, 1, true},
		{"again and again", repeatable, []string{"", "", "", "", "", ok}, maxAttempts, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := script(t, c.answers...)
			server := &caller{signer: signer{1, "k", "administrator"}, base: s.URL, service: recallService}
			defer server.client.CloseIdleConnections()
			answer := listAnswer{}
			raw, err := server.call(t.Context(), "list_recall_operations", c.repeat, listRequest{Limit: 1}, &answer)
			if (err != nil) != c.fails || !c.fails && (answer.Next != "x" || string(raw) != ok) {
				t.Errorf("got %s, %v", raw, err)
			}
			seen, queries := s.calls()
			if len(seen) != c.calls {
				t.Errorf("%d calls, want %d", len(seen), c.calls)
			}
			for i, query := range queries {
				if seen[i] != seen[0] || query.Get("random") != queries[0].Get("random") || query.Get("identifier") != "administrator" {
					t.Errorf("call %d is another: %s %v", i, seen[i], query)
				}
			}
		})
	}
}

func TestACallThatReachedNobodyIsNotInDoubt(t *testing.T) {
	s := script(t)
	s.Close()
	server := &caller{signer: signer{1, "k", "administrator"}, base: s.URL, service: recallService}
	_, err := server.attempt(t.Context(), "restore_recall", 1, nil)
	var gone *lost
	if !errors.As(err, &gone) || gone.reached || !mayRepeat(err, onceOnly) || strings.Contains(err.Error(), "usersig") {
		t.Errorf("got %v", err)
	}
}

// A recall without an answer says how to ask again without doing it twice.
func TestARecallInDoubtSaysHowToAskAgain(t *testing.T) {
	t.Parallel()
	s := script(t)
	_, log, code := tool(t, nil, "recall", "run", "--group", "g", "--sender", "s", "--yes",
		"--url", s.URL, "--sdkappid", "1", "--key", "k", "--idempotency-key", "case 17")
	if code != exitError || !strings.Contains(log, "whether it was carried out is not known") || !strings.Contains(log, "--yes --idempotency-key 'case 17'") {
		t.Errorf("exit code %d, %s", code, log)
	}
	seen, _ := s.calls()
	for _, body := range seen {
		if body != seen[0] || !strings.Contains(body, `"IdempotencyKey":"case 17"`) {
			t.Errorf("it called with %s, at first with %s", body, seen[0])
		}
	}
}
