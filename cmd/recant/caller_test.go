package main

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

// envelope is what every answer has.
type envelope struct {
	ErrorCode int
	ErrorInfo string
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
