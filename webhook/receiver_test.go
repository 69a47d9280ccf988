package webhook

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recant-chat/recant/chat"
)

func TestAnAnswerIsReturnedAsItWasGiven(t *testing.T) {
	backend := newTaker(t, answers(http.StatusOK, "\ufeff"+`{"ActionStatus":"FAIL","ErrorCode":10100,"ErrorInfo":"not <here>"}`))
	answer, err := ask(mustNew(t, testSettings(backend.URL), Options{}))
	if err != nil || answer.Code != 10100 || answer.Info != "not <here>" {
		t.Errorf("got %+v, %v", answer, err)
	}
}

// Every way in which a call fails (spec 06 section 6), what it is counted as,
// and whether it is one for an event that follows.
func TestFailedCalls(t *testing.T) {
	hijacked := func(send string, reset bool) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			if reset {
				conn.(*net.TCPConn).SetLinger(0)
			}
			io.WriteString(conn, send)
		}
	}
	flushed := func(body string, then http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, body)
			http.NewResponseController(w).Flush()
			then(w, r)
		}
	}
	nothing := func(http.ResponseWriter, *http.Request) {}
	for _, c := range []struct {
		name   string
		handle http.HandlerFunc
		asked  outcome
		told   outcome
	}{
		{"500", answers(500, allowed), refused, refused},
		{"404", answers(404, allowed), refused, refused},
		{"201", answers(201, allowed), refused, refused},
		{"204", answers(204, ""), refused, refused},
		{"302", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, refused, refused},
		{"307", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, refused, refused},
		{"no answer", hang, timedOut, timedOut},
		{"500 whose body never ends", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			flushed("no", hang)(w, r)
		}, refused, refused},
		{"an answer that stops in the middle", flushed(`{"ErrorCode":`, hang), timedOut, taken},
		{"an answer a byte at a time", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				flushed(" ", nothing)(w, r)
				time.Sleep(testTimeout / 20)
			}
		}, timedOut, taken},
		{"no JSON", answers(200, "OK"), unreadable, taken},
		{"nothing", nothing, unreadable, taken},
		{"no ErrorCode", answers(200, `{"ActionStatus":"OK"}`), unreadable, taken},
		{"a refusal", answers(200, `{"ErrorCode":1}`), taken, taken},
		{"1 MiB", answers(200, `{"ErrorCode":0`+strings.Repeat(" ", maxAnswerBytes-15)+`}`), taken, taken},
		{"more than 1 MiB", answers(200, `{"ErrorCode":0}`+strings.Repeat(" ", maxAnswerBytes-14)), unreadable, taken},
		{"an answer without end", func(w http.ResponseWriter, r *http.Request) {
			for block := strings.Repeat(" ", 64<<10); r.Context().Err() == nil; {
				io.WriteString(w, block)
			}
		}, unreadable, taken},
		{"a header without end", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 2*maxAnswerHeader))
		}, unreached, unreached},
		{"a closed connection", hijacked("", false), unreached, unreached},
		{"a connection that is reset", hijacked("", true), unreached, unreached},
		{"no HTTP", hijacked("220 mail.example.net ESMTP\r\n", false), unreached, unreached},
		{"half a header", hijacked("HTTP/1.1 200 OK\r\nContent-", false), unreached, unreached},
		{"half an answer", hijacked("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", false), unreached, taken},
	} {
		t.Run(c.name, func(t *testing.T) {
			backend := newTaker(t, c.handle)
			r := mustNew(t, testSettings(backend.URL), Options{})
			began := time.Now()
			answer, err := ask(r)
			if got := outcomeOf(err); got != c.asked || (answer == nil) != (err != nil) {
				t.Errorf("asked: got %s: %+v, %v, want %s", got, answer, err, c.asked)
			}
			if errors.Is(err, context.DeadlineExceeded) != (c.asked == timedOut) {
				t.Errorf("asked: %v is not told apart from a timeout", err)
			}
			err = tell(r)
			if got := outcomeOf(err); got != c.told {
				t.Errorf("told: got %s: %v, want %s", got, err, c.told)
			}
			if errors.Is(err, chat.ErrReceiverAnswered) != (c.told == refused) {
				t.Errorf("told: %v", err)
			}
			if took := time.Since(began); took > 2*testTimeout+5*time.Second {
				t.Errorf("two calls took %v", took)
			}
			if n := len(backend.arrivals()); n != 2 {
				t.Errorf("two calls arrived %d times", n)
			}
		})
	}
}

func TestABackendThatIsNotThere(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	for name, url := range map[string]string{"refused": gone.URL, "no such name": "http://backend.invalid/hook"} {
		r := mustNew(t, testSettings(url), Options{})
		_, asked := ask(r)
		told := tell(r)
		for _, err := range []error{asked, told} {
			if o := outcomeOf(err); o != unreached && o != timedOut || errors.Is(err, chat.ErrReceiverAnswered) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// The whole call has one deadline: name, connection, TLS, request and answer.
// What it leaves is cleared away soon after.
func TestAServerThatAcceptsAndSaysNothing(t *testing.T) {
	for _, scheme := range []string{"http://", "https://"} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		r := mustNew(t, testSettings(scheme+listener.Addr().String()), Options{})
		began := time.Now()
		_, err = ask(r) // the kernel accepts
		if outcomeOf(err) != timedOut || time.Since(began) > testTimeout+5*time.Second {
			t.Errorf("%s: %v after %v", scheme, err, time.Since(began))
		}
		conn, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		conn.SetReadDeadline(time.Now().Add(testTimeout + time.Second))
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: the connection is still open", scheme)
		}
		conn.Close()
	}
}

func TestCertificates(t *testing.T) {
	backend := startTaker(t, nil, (*httptest.Server).StartTLS)
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: backend.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	s := testSettings(backend.URL)
	s.CAFile = file
	if err := tell(mustNew(t, s, Options{})); err != nil {
		t.Errorf("with its certificate: %v", err)
	}
	for name, url := range map[string]string{"of nobody we know": backend.URL, "of another name": strings.Replace(backend.URL, "127.0.0.1", "localhost", 1)} {
		s := testSettings(url)
		if name == "of another name" {
			s.CAFile = file
		}
		if err := tell(mustNew(t, s, Options{})); outcomeOf(err) != untrusted {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(backend.arrivals()); n != 1 {
		t.Errorf("%d calls arrived, want the one that trusts", n)
	}
	old := startTaker(t, nil, func(s *httptest.Server) {
		s.TLS = &tls.Config{MaxVersion: tls.VersionTLS11}
		s.StartTLS()
	})
	s.URL = old.URL
	if err := tell(mustNew(t, s, Options{})); err == nil {
		t.Error("TLS 1.1 was spoken")
	}
}

// In the middle of a call and while waiting for a place.
func TestACallerWhoLeavesIsToldSo(t *testing.T) {
	backend := newTaker(t, hang)
	s := testSettings(backend.URL)
	s.Timeout, s.MaxConcurrentBefore, s.MaxConcurrentAfter = 10*time.Second, 1, 1
	r := mustNew(t, s, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	for range 2 {
		wait.Go(func() {
			if _, err := r.Ask(ctx, callback(beforeSend)); outcomeOf(err) != abandoned || !errors.Is(err, context.Canceled) {
				t.Errorf("asked: %v", err)
			}
		})
		wait.Go(func() {
			if err := r.Tell(ctx, callback(afterSend)); outcomeOf(err) != abandoned || !errors.Is(err, context.Canceled) {
				t.Errorf("told: %v", err)
			}
		})
	}
	for len(backend.arrivals()) < 2 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	wait.Wait()
}

func TestAskIsForEventsThatHaveNotHappened(t *testing.T) {
	r := mustNew(t, testSettings("http://127.0.0.1:1"), Options{})
	if _, err := r.Ask(context.Background(), callback(afterSend)); err == nil {
		t.Error("asked about what has happened")
	}
}
