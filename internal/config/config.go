// Package config is Recant's one configuration schema. The exported structs
// are the schema: each field is a key, named by its yaml tag and explained by
// its desc tag, and the same field is a flag of the command line, an
// environment variable and a line of the generated documents.
//
// A key is looked for in four places, and the first that has it wins: the
// command line, the environment, the file, the default.
package config

import (
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/recant-chat/recant/chat"
	"github.com/recant-chat/recant/internal/secret"
	"github.com/recant-chat/recant/webhook"
)

// Server is the whole configuration, as the top level of the file has it.
type Server struct {
	Listen        string      `yaml:"listen" desc:"address and port to serve on; port 0 takes a free one"`
	TLSCert       string      `yaml:"tls_cert" desc:"file of the TLS certificate chain (PEM), read again when it changes; empty serves plain HTTP"`
	TLSKey        string      `yaml:"tls_key" desc:"file of the certificate's private key (PEM), read again when it changes"`
	PublicURL     string      `yaml:"public_url" desc:"base URL under which callers reach the server; empty derives it from listen"`
	Data          string      `yaml:"data" desc:"data directory; one server at a time"`
	Store         secret.Text `yaml:"store" desc:"cluster that keeps everything in place of the data directory: cassandra://host1,host2/keyspace"`
	ReadOnly      bool        `yaml:"read_only" desc:"answer calls that only read, and refuse the others with 60018; nothing is written, so several such servers may share a data directory, and recant store copy with them"`
	CacheSize     Size        `yaml:"cache_size" desc:"memory for cached blocks of the data in the data directory, as bytes or with KiB, MiB or GiB"`
	LogLevel      string      `yaml:"log_level" desc:"least severe line that is logged: debug, info, warn or error"`
	LogFormat     string      `yaml:"log_format" desc:"form of log lines: text or json"`
	MetricsListen string      `yaml:"metrics_listen" desc:"address and port that serve Prometheus metrics under /metrics; empty serves none"`
	CORS          bool        `yaml:"cors" desc:"send the Access-Control headers that let web pages of any origin read answers"`
	Console       bool        `yaml:"console" desc:"serve the moderation page under /console/"`
	DebugTool     string      `yaml:"debug_tool" desc:"serve the debugging tool under /debug/: on, off, or loopback: only where listen and public_url are loopback addresses and no proxy is trusted"`

	TrustedProxies     []netip.Prefix `yaml:"trusted_proxies" desc:"addresses and networks of proxies whose X-Forwarded-For is believed"`
	MaxConcurrentCalls int            `yaml:"max_concurrent_calls" desc:"calls under way at once, beyond it 60018"`

	RequestTimeout  time.Duration `yaml:"request_timeout" desc:"how long a call may take before it is answered with 60008"`
	IdleTimeout     time.Duration `yaml:"idle_timeout" desc:"how long a connection is kept open between calls"`
	ShutdownTimeout time.Duration `yaml:"shutdown_timeout" desc:"how long calls under way may take to finish when the server is told to stop"`

	Profile string `yaml:"profile" desc:"own: Recant's defaults; hosted: the settings that the hosted service has by default"`

	SDKAppID uint32        `yaml:"sdkappid" desc:"the one application's id; 0 takes the list applications"`
	Keys     []secret.Text `yaml:"key" desc:"the one application's secret key, or several while keys are rotated; new UserSigs are signed with the first"`
	Admins   []string      `yaml:"admin" desc:"the one application's admin accounts, at most 10"`

	Policy `yaml:",inline"`

	Applications []Application `yaml:"applications" desc:"several applications in one server, each with its own keys, admins and settings; what one leaves out it takes from the top level"`
}

// Policy is what every application has and may have different. The top level
// of the file gives it for all of them.
type Policy struct {
	CallsPerSecond         int            `yaml:"calls_per_second" desc:"calls of one command per second and application, beyond it 60007; 0 is no limit"`
	CommandLimits          map[string]int `yaml:"command_limits" desc:"calls per second of single commands in place of their limit, by name or service/name; 0 is no limit"`
	DisabledCommands       []string       `yaml:"disabled_commands" desc:"commands that are not served, as name or service/name: 10026 or 60017"`
	AllowedIPs             []netip.Prefix `yaml:"allowed_ips" desc:"addresses and networks that may call, others get 60021; empty allows all"`
	AuthFailLimitPerMinute int            `yaml:"auth_fail_limit_per_minute" desc:"wrong UserSigs of one account per minute, beyond it 70050; 0 is no limit"`
	LenientNumbers         bool           `yaml:"lenient_numbers" desc:"accept numbers that are sent as strings"`
	Settings               chat.Settings  `yaml:"settings" desc:"rules of groups, messages and accounts"`

	Webhook webhook.Settings `yaml:"webhook" desc:"calls to the application's own backend about what happens in groups"`
}

// Application is one application (SDKAppID) of the list.
type Application struct {
	SDKAppID        uint32        `yaml:"sdkappid" desc:"the application's id, 1 to 4294967295"`
	Keys            []secret.Text `yaml:"keys" desc:"secret keys; a UserSig of any is accepted, new ones are signed with the first; none answers 70016"`
	Admins          []string      `yaml:"admins" desc:"admin accounts, 1 to 10: only they may call"`
	Disabled        bool          `yaml:"disabled" desc:"answer 60016 to every call"`
	BlockedAccounts []string      `yaml:"blocked_accounts" desc:"admin accounts whose calls get 70051"`

	Policy `yaml:",inline"`
}

// Where the debugging tool is served.
const (
	DebugToolOn       = "on"
	DebugToolOff      = "off"
	DebugToolLoopback = "loopback"
)

// ServesDebugTool reports whether the debugging tool is served.
func (s *Server) ServesDebugTool() bool {
	return s.DebugTool == DebugToolOn || s.DebugTool == DebugToolLoopback && s.onLoopback()
}

// onLoopback reports whether nobody beyond this machine is meant to reach the
// server: with a public_url, or a proxy to trust, one passes on what comes from
// elsewhere.
func (s *Server) onLoopback() bool {
	host, _, err := net.SplitHostPort(s.Listen)
	if err != nil || !isLoopback(host) || len(s.TrustedProxies) > 0 {
		return false
	}
	if s.PublicURL == "" {
		return true
	}
	public, err := url.Parse(s.PublicURL)
	return err == nil && isLoopback(public.Hostname())
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// Profiles of the settings.
const (
	ProfileOwn    = "own"
	ProfileHosted = "hosted"
)

// DefaultAdmin is the admin account of an application that names none
// (spec 01 section 3).
const DefaultAdmin = "administrator"

// maxAdmins is how many admin accounts an application may have (spec 01
// section 3).
const maxAdmins = 10

// Default is the configuration in which nothing was given. The profile must
// be one of the two.
func Default(profile string) Server {
	settings, webhooks := chat.DefaultSettings(), webhook.DefaultSettings()
	if profile == ProfileHosted {
		settings, webhooks = chat.HostedSettings(), webhook.HostedSettings()
	}
	return Server{
		Listen:    "127.0.0.1:8080",
		Data:      "./recant-data",
		CacheSize: 64 << 20,
		LogLevel:  "info",
		LogFormat: "text",
		CORS:      true,
		Console:   true,
		DebugTool: DebugToolLoopback,

		MaxConcurrentCalls: 4096,

		RequestTimeout:  3 * time.Second,
		IdleTimeout:     2 * time.Minute,
		ShutdownTimeout: 10 * time.Second,
		Profile:         profile,
		Admins:          []string{DefaultAdmin},
		Policy: Policy{
			CallsPerSecond:         200,
			AuthFailLimitPerMinute: 60,
			Settings:               settings,
			Webhook:                webhooks,
		},
	}
}

// NewApplication is an application of the list in which nothing was given.
func (s *Server) NewApplication() Application {
	return Application{Admins: []string{DefaultAdmin}, Policy: s.Policy.clone()}
}

// clone copies the policy so far that decoding into the copy leaves the
// original alone: lists are replaced as a whole, maps are added to.
func (p Policy) clone() Policy {
	p.CommandLimits = maps.Clone(p.CommandLimits)
	return p
}

// Application returns the application with the given id; 0 is the only one.
func (s *Server) Application(sdkAppID uint32) (Application, bool) {
	if sdkAppID == 0 && len(s.Applications) == 1 {
		return s.Applications[0], true
	}
	i := slices.IndexFunc(s.Applications, func(a Application) bool { return a.SDKAppID == sdkAppID })
	if i < 0 {
		return Application{}, false
	}
	return s.Applications[i], true
}
