package client_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/client"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// with makes a call by its method, with a request in JSON none of whose fields
// the client may lack.
func with[Q, A any](ctx context.Context, request []byte, method func(context.Context, *Q) (*A, error)) (any, error) {
	q := new(Q)
	if err := json.Unmarshal(request, q, json.RejectUnknownMembers(true)); err != nil {
		return nil, err
	}
	return method(ctx, q)
}

func withoutAnswer[Q any](ctx context.Context, request []byte, method func(context.Context, *Q) error) (any, error) {
	return with(ctx, request, func(ctx context.Context, q *Q) (*struct{}, error) { return &struct{}{}, method(ctx, q) })
}

// quick repeats without making a test wait.
var quick = client.Retry{Pause: time.Millisecond, MaxPause: 4 * time.Millisecond}

// newClient is a client of a server in this process.
func newClient(t testing.TB, change ...func(*apitest.Options)) (*client.Client, *apitest.Server) {
	t.Helper()
	o := apitest.DefaultOptions()
	for _, f := range change {
		f(&o)
	}
	srv := apitest.New(t, o)
	c, err := client.New(client.Config{
		BaseURL: srv.URL, SDKAppID: apitest.SDKAppID, Key: apitest.Key, HTTPClient: srv.Client(), Retry: quick,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, srv
}

// recorder keeps what is sent to a server in this process.
type recorder struct {
	*apitest.Server
	mu     sync.Mutex
	bodies []string
}

// newRecorded is newClient with a record of what the client sends.
func newRecorded(t testing.TB, change ...func(*apitest.Options)) (*client.Client, *recorder) {
	t.Helper()
	_, srv := newClient(t, change...)
	sent := &recorder{Server: srv}
	c, err := client.New(client.Config{
		BaseURL: srv.URL, SDKAppID: apitest.SDKAppID, Key: apitest.Key, HTTPClient: &http.Client{Transport: sent}, Retry: quick,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, sent
}

// RoundTrip passes a request on.
func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := request.GetBody()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.bodies = append(r.bodies, string(text))
	r.mu.Unlock()
	return r.Client().Transport.RoundTrip(request)
}

// newest is the body of the newest call.
func (r *recorder) newest() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bodies[len(r.bodies)-1]
}

// calls is how many calls were made since it was asked last.
func (r *recorder) calls() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.bodies)
	r.bodies = nil
	return n
}

// network answers requests one after the other as a test says.
type network struct {
	mu      sync.Mutex
	answers []string // see RoundTrip
	seen    []string // bodies
	queries []string
}

// Answers that are no text from a server.
const (
	refused = "refused" // nobody listens
	broken  = "broken"  // the connection breaks once the request is written
)

// RoundTrip gives the next answer: one of the constants, "HTTP 502", "HTTP 503
// Retry-After: 7", or a body with status 200. After the last it is that again.
func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.seen, n.queries = append(n.seen, string(body)), append(n.queries, r.URL.String())
	answer := n.answers[0]
	if len(n.answers) > 1 {
		n.answers = n.answers[1:]
	}
	response := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: r}
	switch {
	case answer == refused:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	case answer == broken:
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	case strings.HasPrefix(answer, "HTTP "):
		head, after, _ := strings.Cut(answer, " Retry-After: ")
		fmt.Sscanf(head, "HTTP %d", &response.StatusCode)
		response.Header.Set("Retry-After", after)
		answer = "<html>"
	}
	response.Body = io.NopCloser(strings.NewReader(answer))
	return response, nil
}

// on is a client of the network.
func (n *network) on(t interface{ Fatal(...any) }, change ...func(*client.Config)) *client.Client {
	config := client.Config{
		BaseURL: "https://chat.example.net", SDKAppID: 1400000001, Key: "k", Retry: quick, HTTPClient: &http.Client{Transport: n},
	}
	for _, f := range change {
		f(&config)
	}
	c, err := client.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const success = `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`

func failure(code int) string {
	return fmt.Sprintf(`{"ActionStatus":"FAIL","ErrorInfo":"no","ErrorCode":%d}`, code)
}
