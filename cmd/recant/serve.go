package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/alecthomas/kong"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/recant-chat/recant/api"
	"github.com/recant-chat/recant/chat"
	"github.com/recant-chat/recant/console"
	"github.com/recant-chat/recant/internal/config"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/transfer"
	"github.com/recant-chat/recant/webhook"
)

// Bounds of a connection that are no business of the operator's.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 30 * time.Second // the whole request, body and all
	answerTimeout     = 30 * time.Second // the answer, once it is made
	maxHeaderBytes    = 64 << 10         // of which a UserSig may be 4 KiB
)

// serveCommand is `recant serve`.
type serveCommand struct {
	Config string `env:"RECANT_CONFIG" placeholder:"file" help:"Configuration file; recant.example.yaml has every key."`
	Demo   bool   `env:"RECANT_DEMO" help:"Fill a group with three people and a spammer, once, to try recall on."`

	kong.Plugins
	flags *config.Flags
}

func newServeCommand() serveCommand {
	flags := config.NewFlags()
	return serveCommand{Plugins: flags.Plugins(), flags: flags}
}

// Help is printed by `recant serve --help` below the summary.
func (*serveCommand) Help() string {
	return `Without any configuration it makes an application with a random key, keeps it in the data directory and prints what to call.

Every flag below is also a variable of the environment and a key of the file that --config names. The command line wins over the environment, the environment over the file. A switch that is on by default is turned off with =false. Several applications in one server can be given in the file alone.`
}

// Run serves until the context ends, then stops in order.
func (c *serveCommand) Run(ctx context.Context, s streams) error {
	settings, err := config.Load(c.Config, c.flags)
	if err != nil {
		return err
	}
	if c.Demo && settings.ReadOnly {
		return exitWith(exitUsage, "--demo fills a group, which a server with --read-only cannot")
	}
	srv := &server{config: settings, demo: c.Demo, log: newLogger(settings, s.log), out: s.out}
	err = srv.open(ctx)
	if err == nil {
		err = srv.serve(ctx)
	}
	return errors.Join(err, srv.close())
}

func newLogger(settings config.Server, to io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: settings.Level()}
	if settings.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(to, options))
	}
	return slog.New(slog.NewTextHandler(to, options))
}

// server is everything that serve has open, in the order of opening.
type server struct {
	config config.Server
	demo   bool
	log    *slog.Logger
	out    io.Writer

	store     store.Store
	control   *control // nil without
	made      bool     // the application is the data directory's own
	apps      []config.Application
	metrics   *prometheus.Registry // nil without
	receivers []*webhook.Receiver  // of the applications that are called
	chats     []*chat.App
	handler   http.Handler
	calls     calls
	listener  net.Listener
	scraped   net.Listener // of the metrics, nil without
	cert      *certificate // nil without TLS
}

// open opens the store, the applications and the listener, and writes what the
// person who started the server needs next. What it opened, close closes, also
// where it failed.
func (s *server) open(ctx context.Context) error {
	if err := s.openStore(ctx); err != nil {
		return err
	}
	if err := s.openApplications(ctx); err != nil {
		return err
	}
	if s.config.TLSCert != "" {
		cert, err := openCertificate(s.config.TLSCert, s.config.TLSKey, s.log)
		if err != nil {
			return err
		}
		s.cert = cert
	}
	if s.demo {
		if err := seedDemo(ctx, s.handler, s.apps[0]); err != nil {
			return fmt.Errorf("fill the demo group: %w", err)
		}
	}
	listener, err := net.Listen("tcp", s.config.Listen)
	if err != nil {
		return err
	}
	s.listener = listener
	if s.metrics != nil {
		if s.scraped, err = net.Listen("tcp", s.config.MetricsListen); err != nil {
			return fmt.Errorf("serve metrics: %w", err)
		}
	}
	base := s.baseURL()
	if !s.config.ReadOnly {
		if err := writeFile(s.addressFile(), []byte(base+"\n"), 0o644); err != nil {
			return fmt.Errorf("keep the address: %w", err)
		}
	}
	s.log.Info("serving", "url", base, "applications", len(s.apps), "version", versionText(), "read_only", s.config.ReadOnly)
	return s.welcome(base)
}

// addressFileName is the file of the data directory that holds the base URL of
// the server that has it, as long as it serves. One that only reads writes none.
const addressFileName = "address"

func (s *server) addressFile() string { return filepath.Join(s.config.Data, addressFileName) }

// openStore opens the store and the data directory, which also a server has whose
// store is elsewhere.
func (s *server) openStore(ctx context.Context) (err error) {
	if !s.config.ReadOnly {
		if err := os.MkdirAll(s.config.Data, 0o700); err != nil {
			return fmt.Errorf("make the data directory: %w", err)
		}
	}
	if s.config.MetricsListen != "" {
		s.metrics = prometheus.NewRegistry()
		s.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	var metrics prometheus.Registerer
	if s.metrics != nil {
		metrics = s.metrics
	}
	if s.store, err = openStore(ctx, s.config, s.log, metrics); err != nil {
		return err
	}
	switch source, err := transfer.Unfinished(ctx, s.store); {
	case err != nil:
		return err
	case source != "":
		return fmt.Errorf("the store is an unfinished copy of %s: run recant store copy again until it has ended", source)
	}
	if c, ok := s.store.(checkpointer); ok && !s.config.ReadOnly {
		if s.control, err = openControl(s.config.Data, c); err != nil {
			s.log.Warn("recant store checkpoint cannot reach this server", "error", err)
		}
	}
	return nil
}

func (s *server) openApplications(ctx context.Context) error {
	s.apps = s.config.Applications
	if len(s.apps) == 0 {
		if s.config.Store.Reveal() != "" {
			return errors.New("servers that share a store need to be told the same application: give sdkappid and key, or applications")
		}
		app, err := firstApplication(s.config)
		if err != nil {
			return err
		}
		s.made, s.apps = true, []config.Application{app}
	}
	var served []api.Application
	for _, app := range s.apps {
		webhooks, err := s.openWebhooks(app)
		if err != nil {
			return err
		}
		opened, err := chat.OpenApp(ctx, s.store, app.SDKAppID, chat.Options{
			Settings: app.Settings, Admins: app.Admins, Logger: s.log.With("sdkappid", app.SDKAppID),
			Webhooks: webhooks, ReadOnly: s.config.ReadOnly,
		})
		if err != nil {
			return fmt.Errorf("open application %d: %w", app.SDKAppID, err)
		}
		s.chats = append(s.chats, opened)
		if s.metrics != nil && webhooks.Receiver != nil {
			if err := registerDelivery(s.metrics, app.SDKAppID, opened); err != nil {
				return err
			}
		}
		served = append(served, wireApplication(app, opened))
		if len(app.Keys) == 0 {
			s.log.Warn("application has no key, every call to it is refused", "sdkappid", app.SDKAppID)
		}
	}
	options := api.Options{
		Logger: s.log, WithoutCORS: !s.config.CORS, RequestTimeout: s.config.RequestTimeout,
		MaxConcurrent: s.config.MaxConcurrentCalls, TrustedProxies: prefixTexts(s.config.TrustedProxies),
	}
	if s.metrics != nil {
		options.Metrics = s.metrics
	}
	handler, err := api.NewServer(served, options)
	if err != nil {
		return err
	}
	document, err := api.OpenAPI()
	if err != nil {
		return fmt.Errorf("describe the commands: %w", err)
	}
	s.handler = console.Handler(handler, console.Options{
		Document: document, Debug: s.config.ServesDebugTool(), Console: s.config.Console,
	})
	return nil
}

// wireApplication is a configured application as the protocol's server has it.
func wireApplication(app config.Application, opened *chat.App) api.Application {
	keys := make([]string, len(app.Keys))
	for i, key := range app.Keys {
		keys[i] = key.Reveal()
	}
	return api.Application{
		SDKAppID: app.SDKAppID, Keys: keys, Admins: app.Admins, Disabled: app.Disabled,
		AllowedIPs: prefixTexts(app.AllowedIPs), DisabledCommands: app.DisabledCommands,
		CallsPerSecond: &app.CallsPerSecond, CommandLimits: app.CommandLimits,
		AuthFailLimitPerMinute: &app.AuthFailLimitPerMinute, LenientNumbers: app.LenientNumbers,
		BlockedAccounts: app.BlockedAccounts, Chat: opened,
	}
}

func prefixTexts(prefixes []netip.Prefix) []string {
	texts := make([]string, len(prefixes))
	for i, p := range prefixes {
		texts[i] = p.String()
	}
	return texts
}

// serve answers until the context ends or something fails, then lets the calls
// under way finish within the bound.
func (s *server) serve(ctx context.Context) error {
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel() // ends what outlived the bound
	public := &http.Server{
		Handler:           s.calls.count(s.handler),
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      readTimeout + s.config.RequestTimeout + answerTimeout, // counts from the headers' end
		IdleTimeout:       s.config.IdleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return base },

		DisableGeneralOptionsHandler: true, // OPTIONS * is answered like any other
	}
	defer s.serveMetrics()()

	ended := make(chan error, 1)
	go func() {
		if s.cert == nil {
			ended <- public.Serve(s.listener)
			return
		}
		public.TLSConfig = s.cert.config()
		ended <- public.ServeTLS(s.listener, "", "")
	}()
	var err error
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-failed(s.store):
		err = errors.New("the server stops because its store failed") // closing it names the cause
	case <-ctx.Done():
		s.log.Info("stopping", "timeout", s.config.ShutdownTimeout)
	}
	stopping, done := context.WithTimeout(base, s.config.ShutdownTimeout)
	defer done()
	if public.Shutdown(stopping) != nil {
		// It waits for connections on which nothing was ever asked as well.
		if n := s.calls.number.Load(); n > 0 {
			err = errors.Join(err, fmt.Errorf("%d calls were still under way after %v and were broken off", n, s.config.ShutdownTimeout))
		}
		public.Close()
		cancel()
	}
	<-ended
	return err
}

// serveMetrics serves the metrics on their own address, if they have one, until
// the returned function is called.
func (s *server) serveMetrics() (stop func()) {
	if s.scraped == nil {
		return func() {}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics, promhttp.HandlerOpts{}))
	metrics := &http.Server{Handler: mux, ReadHeaderTimeout: readHeaderTimeout, WriteTimeout: answerTimeout}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		metrics.Serve(s.scraped)
	}()
	s.log.Info("serving metrics", "url", "http://"+s.scraped.Addr().String()+"/metrics")
	return func() {
		metrics.Close()
		<-ended
	}
}

// close closes what open opened, the last first. The applications and the store
// stay open where calls did not end, because closing under them is not allowed;
// what was acknowledged is durable all the same.
func (s *server) close() error {
	if s.listener != nil {
		s.listener.Close()
		if !s.config.ReadOnly {
			os.Remove(s.addressFile())
		}
	}
	if s.scraped != nil {
		s.scraped.Close()
	}
	s.control.close()
	if !s.calls.wait(s.config.RequestTimeout) {
		return errors.New("calls did not end, the store was not closed in order")
	}
	for _, app := range s.chats {
		app.Close()
	}
	for _, receiver := range s.receivers {
		receiver.Close()
	}
	if s.store == nil {
		return nil
	}
	if err := s.store.Close(); err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	s.log.Info("stopped")
	return nil
}
