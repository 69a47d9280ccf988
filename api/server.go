// Package api serves the v4 protocol over HTTP: it authenticates a call, finds
// its command, decodes the body, runs the command on the domain and writes the
// answer. Every command is declared once, see Commands.
package api

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/recant-chat/recant/chat"
)

const (
	defaultRequestTimeout = 3 * time.Second
	defaultMaxConcurrent  = 4096
)

// Options of a Server; the zero value is the default of every field.
type Options struct {
	Logger *slog.Logger // nil discards
	Clock  chat.Clock   // nil is time.Now
	// WithoutCORS leaves out the headers that let pages of other origins call.
	WithoutCORS bool
	// RequestTimeout bounds a command until it commits, then 60008; 0 is 3 s.
	RequestTimeout time.Duration
	// MaxConcurrent bounds the authenticated calls under way, beyond it 60018;
	// 0 is 4096.
	MaxConcurrent int
	// TrustedProxies are addresses and CIDR networks of proxies whose
	// X-Forwarded-For is believed; none by default.
	TrustedProxies []string
	// Metrics receives the server's collectors; nil registers none.
	Metrics prometheus.Registerer

	commands []Command // nil is Commands()
}

// Server answers the calls of the protocol. It is an http.Handler for every
// path of its listener.
type Server struct {
	apps           map[uint32]*application
	commands       *registry
	log            *slog.Logger
	clock          chat.Clock
	cors           bool
	timeout        time.Duration
	trustedProxies []netip.Prefix
	slots          chan struct{} // one element per call under way
	metrics        *metrics
}

// NewServer returns a server of the applications. It fails at configurations
// that make no sense and says which.
func NewServer(apps []Application, o Options) (*Server, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.RequestTimeout <= 0 {
		o.RequestTimeout = defaultRequestTimeout
	}
	if o.MaxConcurrent <= 0 {
		o.MaxConcurrent = defaultMaxConcurrent
	}
	if o.commands == nil {
		o.commands = Commands()
	}
	s := &Server{
		apps: map[uint32]*application{}, log: o.Logger, clock: o.Clock, cors: !o.WithoutCORS,
		timeout: o.RequestTimeout, slots: make(chan struct{}, o.MaxConcurrent),
	}
	var err error
	if s.commands, err = newRegistry(o.commands); err != nil {
		return nil, err
	}
	if s.trustedProxies, err = parseNetworks(o.TrustedProxies); err != nil {
		return nil, fmt.Errorf("trusted_proxies: %w", err)
	}
	for _, a := range apps {
		if s.apps[a.SDKAppID] != nil {
			return nil, fmt.Errorf("application %d is configured twice", a.SDKAppID)
		}
		if s.apps[a.SDKAppID], err = newApplication(a, s.commands); err != nil {
			return nil, fmt.Errorf("application %d: %w", a.SDKAppID, err)
		}
	}
	if s.metrics, err = newMetrics(o.Metrics); err != nil {
		return nil, err
	}
	return s, nil
}

// SetKeys replaces the secret keys of an application; signatures verified with
// the former ones are forgotten. It fails, and changes nothing, where there is
// no such application or a key is empty.
func (s *Server) SetKeys(sdkAppID uint32, keys []string) error {
	app := s.apps[sdkAppID]
	if app == nil {
		return fmt.Errorf("application %d is not configured", sdkAppID)
	}
	return app.setKeys(slices.Clone(keys))
}

// ServeHTTP answers one request, always with status 200: clients repeat what
// failed with another (spec 01 section 2.1).
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	if s.cors {
		header.Set("Access-Control-Allow-Origin", "*")
		header.Set("Access-Control-Allow-Headers", "X-Requested-With")
		header.Set("Access-Control-Allow-Methods", "POST")
	}
	if r.Method == http.MethodOptions {
		header.Set("Content-Length", "0")
		return
	}
	e := &exchange{server: s, started: time.Now(), now: s.clock(), w: w, r: r}
	answer := e.answer()
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Content-Length", fmt.Sprint(len(answer)))
	written, _ := w.Write(answer) // a caller who left is no fault of ours
	e.log(written)
}
