// Package apitest runs a whole server for tests: the protocol on a real
// listener, the domain, and the engine that package testengine opens.
package apitest

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/recant-chat/recant/api"
	"github.com/recant-chat/recant/api/usersig"
	"github.com/recant-chat/recant/chat"
	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
	"github.com/recant-chat/recant/store/storetest"
)

// The application that a Server serves.
const (
	SDKAppID = 1400000001
	Key      = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
	Admin    = "administrator"
)

// Start is the time at which a Server's clock stands at first.
var Start = time.Unix(1_760_000_100, 0)

// lifeSpan of the tests' UserSigs outlasts every test clock. They are signed at
// the machine's time, which the test's clock need not have reached.
const lifeSpan = 100 * 365 * 24 * time.Hour

// Options are what a Server is started with. Take DefaultOptions and change it.
type Options struct {
	Settings chat.Settings
	// Application is served under SDKAppID, Key and Admin; calls per second
	// are unlimited by default, because the clock stands still.
	Application api.Application
	API         api.Options
	TLS         bool
	// Around, if given, wraps the handler of the protocol.
	Around   func(http.Handler) http.Handler
	Webhooks chat.Webhooks
	// Store replaces the engine; the caller closes it. Nil is a new
	// one of package testengine, which the Server closes.
	Store store.Store
	// SystemClock makes the server tell the machine's time instead of Clock's.
	SystemClock bool
	// Housekeeping is chat.Options.Housekeeping; by default there is none.
	Housekeeping time.Duration
	// Tombstones, if given, counts what reads pass over of deleted rows. Without it a
	// test fails whose reads pass over too many, see maxTombstones.
	Tombstones *storetest.Tombstones
	// ReadOnly is chat.Options.ReadOnly, for a Store that refuses writes.
	ReadOnly bool
	// Processes is how many servers share the store, as processes behind a load
	// balancer would: each call goes to one of them, at random. They share the
	// clock, the Presence and the log, too. DefaultOptions takes it from
	// RECANT_TEST_PROCESSES; 0 and 1 are a server alone, and so is what runs on a
	// Store that only one process can have open.
	Processes int
}

// OneProcess has a test run on a server alone whatever RECANT_TEST_PROCESSES
// says, because what it tests holds in each process for itself: reason says
// what that is. See "Several processes" in docs/operating.md.
func (o *Options) OneProcess(reason string) {
	if reason == "" {
		panic("apitest: a test on one process needs a reason")
	}
	o.Processes = 1
}

// DefaultOptions are those of a server as it comes, without call limits.
func DefaultOptions() Options {
	unlimited := 0
	return Options{
		Settings: chat.DefaultSettings(),
		Application: api.Application{
			SDKAppID: SDKAppID, Keys: []string{Key}, Admins: []string{Admin}, CallsPerSecond: &unlimited,
		},
		Housekeeping: -1,
		Processes:    processes(),
	}
}

// processes is what RECANT_TEST_PROCESSES says.
func processes() int {
	n, _ := strconv.Atoi(os.Getenv("RECANT_TEST_PROCESSES"))
	return max(n, 1)
}

// Server is a running server. Its methods may be called concurrently, but for
// Restart.
type Server struct {
	URL   string // without a slash at the end
	Clock *Clock
	Log   *Log
	Chat  *chat.App // of the first process
	// Presence is whom the server takes to be connected: nobody at first, and
	// after a Restart.
	Presence *chat.LocalPresence

	options Options
	engine  *testengine.Engine
	store   store.Store
	chats   []*chat.App
	http    *httptest.Server
	client  *http.Client
	sig     string
}

// New starts a server, which ends with the test.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	sig, err := usersig.Sign(SDKAppID, Key, Admin, lifeSpan)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := o.Store.(store.Exclusive); ok {
		o.Processes = 1
	}
	clock := &Clock{now: Start}
	if o.Processes > 1 {
		clock.tick = time.Microsecond
		o.Webhooks.Look = time.Millisecond // most are caused by another process
	}
	s := &Server{Clock: clock, Log: &Log{}, options: o, engine: testengine.New(), sig: sig}
	boundTombstones(t, &s.options)
	s.start(t)
	t.Cleanup(func() { s.stop(t) })
	return s
}

// maxTombstones is how many deleted rows a read may pass over, by the kind of the
// partition. Decision 0034 says why it may be more in these.
func maxTombstones(kind byte) int {
	if n, err := strconv.Atoi(os.Getenv("RECANT_TEST_TOMBSTONES")); err == nil {
		return n
	}
	switch kind {
	case 'L': // what was erased of a bucket, or is removed of a destroyed log
		return 2 * record.BucketSize
	case 'D': // groups that were destroyed within hours
		return 1000
	case 'G', 'N': // robots of a room, extensions of a message
		return 500
	}
	return 150
}

// boundTombstones has a test fail whose reads pass over too many deleted rows.
func boundTombstones(t testing.TB, o *Options) {
	if o.Tombstones != nil {
		return
	}
	o.Tombstones = &storetest.Tombstones{}
	t.Cleanup(func() {
		for kind, p := range o.Tombstones.Worst() {
			if p.Tombstones > maxTombstones(kind) {
				t.Errorf("a read passed over %v", p)
			}
		}
	})
}

// Restart ends the server in good order and starts it anew on the same data
// and at a new URL.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.stop(t)
	s.start(t)
}

func (s *Server) start(t testing.TB) {
	t.Helper()
	clock := chat.Clock(s.Clock.Now)
	if s.options.SystemClock {
		clock = time.Now
	}
	logger := slog.New(slog.NewJSONHandler(s.Log, nil))
	s.Presence = chat.NewLocalPresence(clock)
	s.openStore(t, logger)
	st := s.store
	if s.options.Tombstones != nil {
		st = s.options.Tombstones.On(st)
	}
	s.chats = nil
	var all balancer
	for range max(s.options.Processes, 1) {
		all.handlers = append(all.handlers, s.process(t, st, clock, logger))
	}
	s.Chat = s.chats[0]
	handler := all.handlers[0]
	if len(all.handlers) > 1 {
		handler = &all
	}
	if s.options.Around != nil {
		handler = s.options.Around(handler)
	}
	s.listen(handler)
}

func (s *Server) openStore(t testing.TB, logger *slog.Logger) {
	t.Helper()
	if s.store = s.options.Store; s.store != nil {
		return
	}
	engine, err := s.engine.Open(logger)
	if err != nil {
		t.Fatal(err)
	}
	if s.store = engine; s.options.Processes > 1 {
		s.store = sharedStore{engine}
	}
}

// sharedStore is an engine without store.Exclusive.
type sharedStore struct{ store.Store }

// process starts one process on the store.
func (s *Server) process(t testing.TB, st store.Store, clock chat.Clock, logger *slog.Logger) http.Handler {
	t.Helper()
	domain, err := chat.OpenApp(context.Background(), st, SDKAppID, chat.Options{
		Settings: s.options.Settings, Clock: clock, Admins: s.options.Application.Admins,
		Logger: logger, Housekeeping: s.options.Housekeeping, Presence: s.Presence, Webhooks: s.options.Webhooks,
		ReadOnly: s.options.ReadOnly,
	})
	if err != nil {
		t.Fatal(err)
	}
	app, o := s.options.Application, s.options.API
	app.Chat = domain
	if o.Clock == nil {
		o.Clock = clock
	}
	if o.Logger == nil {
		o.Logger = logger
	}
	if o.Metrics == nil || len(s.chats) > 0 {
		o.Metrics = prometheus.NewRegistry()
	}
	if o.RequestTimeout == 0 {
		o.RequestTimeout = time.Minute // a loaded machine fails no test
	}
	s.chats = append(s.chats, domain)
	handler, err := api.NewServer([]api.Application{app}, o)
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

// balancer gives each call to one of the processes, at random but alike in each
// run of a test.
type balancer struct {
	handlers []http.Handler
	calls    atomic.Uint64
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := b.calls.Add(1)
	b.handlers[rand.New(rand.NewPCG(call, uint64(len(b.handlers)))).IntN(len(b.handlers))].ServeHTTP(w, r)
}

// maxIdle is how many connections stay open between the calls of concurrent
// callers.
const maxIdle = 512

func (s *Server) listen(handler http.Handler) {
	transport := &http.Transport{MaxIdleConns: maxIdle, MaxIdleConnsPerHost: maxIdle}
	if s.options.TLS {
		s.http = httptest.NewTLSServer(handler)
		transport.TLSClientConfig = &tls.Config{RootCAs: s.http.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	} else {
		s.http = httptest.NewServer(handler)
	}
	s.client = &http.Client{Transport: transport}
	s.URL = s.http.URL
}

func (s *Server) stop(t testing.TB) {
	t.Helper()
	s.client.CloseIdleConnections()
	s.http.Close()
	for _, domain := range s.chats {
		domain.Close()
	}
	if s.options.Store != nil {
		return
	}
	if err := s.store.Close(); err != nil {
		t.Errorf("close store: %v", err)
	}
}

// Store is the engine that the server runs on, for another one beside it.
func (s *Server) Store() store.Store { return s.store }

// Processes is how many servers share the store.
func (s *Server) Processes() int { return len(s.chats) }

// Client is an HTTP client that trusts the server.
func (s *Server) Client() *http.Client { return s.client }

// Target is the URL of a command, called by Admin.
func (s *Server) Target(service, command string) string {
	q := url.Values{
		"sdkappid": {strconv.Itoa(SDKAppID)}, "identifier": {Admin}, "usersig": {s.sig},
		"random": {"1"}, "contenttype": {"json"},
	}
	return s.URL + "/v4/" + service + "/" + command + "?" + q.Encode()
}

// Call calls a command as Admin. The body is JSON text as a string or []byte,
// or any other value, which is encoded.
func (s *Server) Call(t testing.TB, service, command string, body any) Answer {
	t.Helper()
	var text string
	switch b := body.(type) {
	case string:
		text = b
	case []byte:
		text = string(b)
	default:
		encoded, err := json.Marshal(body)
		if err != nil {
			t.Fatalf("encode body of %s: %v", command, err)
		}
		text = string(encoded)
	}
	answer, err := s.Try(context.Background(), service, command, text)
	if err != nil {
		t.Fatal(err)
	}
	if !declared(command, chat.Code(answer.Code)) {
		t.Errorf("%s %s: answered %s, a code that is not declared", command, shorten(text), shorten(string(answer.Raw)))
	}
	return answer
}

// declared reports whether a command may answer with a code: with 0, those that
// it declares, the gateway's, and those that the backend of the application
// chooses.
func declared(command string, code chat.Code) bool {
	if code == 0 || code >= 10100 && code <= 10200 {
		return true
	}
	domains := slices.ContainsFunc(chat.CodeMeanings(), func(m chat.CodeMeaning) bool { return m.Code == code })
	return !domains || !slices.ContainsFunc(commands(), func(c api.Command) bool {
		return (c.Name == command || slices.Contains(c.Older, command)) && !slices.Contains(c.Codes, code)
	})
}

var commands = sync.OnceValue(api.Commands)

// Try is Call for goroutines that must not end the test: it returns what went
// wrong below the protocol.
func (s *Server) Try(ctx context.Context, service, command, body string) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Target(service, command), strings.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := s.client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return Answer{}, err
	}
	return parse(command, body, res.StatusCode, raw)
}

// Clock is a clock that moves only when told to, and by a microsecond with each
// look at it where several processes share it: in real time too what is numbered
// by the time stands in the order of the calls.
type Clock struct {
	mu   sync.Mutex
	now  time.Time
	tick time.Duration
}

// Now is the time it shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(c.tick)
	return c.now
}

// Set moves the clock to a time, also backwards.
func (c *Clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// Advance moves the clock on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Log keeps what the server logs, as JSON lines.
type Log struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write appends to the log.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is everything logged so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
