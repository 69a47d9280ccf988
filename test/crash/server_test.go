package crash

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/recant-chat/recant/api/usersig"
	"github.com/recant-chat/recant/internal/programtest"
)

// The application that the server serves.
const (
	sdkAppID = 1400000001
	key      = "6f1c0a4f0be8d5e3bb2c1f0d7a9e4832c5d6b7a8f90e1d2c3b4a59687f6e5d4c"
	admin    = "administrator"
)

// server is one run of `recant serve` and how it is called.
type server struct {
	*programtest.Server
	killed atomic.Bool // from just before the kill on
	http   *http.Client
	sig    string
}

// launch starts a server, with further flags, without waiting for it to serve.
func launch(t *testing.T, data string, flags ...string) *server {
	t.Helper()
	run, err := programtest.LaunchServer(binary, append([]string{"--data", data, "--listen", "127.0.0.1:0",
		"--sdkappid", fmt.Sprint(sdkAppID), "--key", key, "--admin", admin,
		"--calls-per-second", "0", "--command-limits", "multiaccount_import=0,account_check=0",
		"--request-timeout", programtest.Patience.String(), "--log-level", "warn"}, flags...)...)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{Server: run}
	t.Cleanup(s.kill)
	return s
}

// start starts a server and waits until it serves.
func start(t *testing.T, data string, flags ...string) *server {
	t.Helper()
	s := launch(t, data, flags...)
	if err := s.Await(); err != nil {
		t.Fatal(err)
	}
	sig, err := usersig.Sign(sdkAppID, key, admin, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	s.sig = sig
	s.http = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: programtest.Patience}
	return s
}

// kill ends the server with SIGKILL and returns once it is gone.
func (s *server) kill() {
	s.killed.Store(true)
	s.Kill()
	if s.http != nil {
		s.http.CloseIdleConnections()
	}
}

// call makes one call, decodes the fields of its answer into fields, unless
// nil, and returns the answer's code. An error means that no whole answer came.
func (s *server) call(command string, body, fields any) (code int, err error) {
	request, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	target := fmt.Sprintf("%s/v4/%s?sdkappid=%d&identifier=%s&usersig=%s&random=1&contenttype=json",
		s.URL, command, sdkAppID, admin, s.sig)
	response, err := s.http.Post(target, "application/json", bytes.NewReader(request))
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	var envelope struct{ ErrorCode *int }
	if err := json.Unmarshal(answer, &envelope); err != nil || envelope.ErrorCode == nil {
		return 0, fmt.Errorf("%s: answer %q: %v", command, answer, err)
	}
	if *envelope.ErrorCode == 0 && fields != nil {
		err = json.Unmarshal(answer, fields)
	}
	return *envelope.ErrorCode, err
}

// must makes a call that succeeds.
func (s *server) must(t *testing.T, command string, body, fields any) {
	t.Helper()
	code, err := s.call(command, body, fields)
	if err != nil || code != 0 {
		t.Fatalf("%s: code %d, error %v\n%s", command, code, err, s.Out)
	}
}
