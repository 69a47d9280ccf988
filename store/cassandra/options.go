package cassandra

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
	"github.com/prometheus/client_golang/prometheus"
)

// Options say which cluster, and how.
type Options struct {
	Hosts    []string // contact points, a name or an address each; at least one
	Port     int      // of the native protocol
	Keyspace string
	User     string // empty is no authentication
	Password string

	// Datacenter is the one whose nodes are asked to coordinate, as long as one
	// of them answers. Empty takes all nodes to be equally near.
	Datacenter string
	// LocalWriters asserts that every process that writes to the keyspace is in
	// Datacenter, and the quorum of that datacentre decides: LOCAL_SERIAL and
	// LOCAL_QUORUM in place of SERIAL and QUORUM.
	LocalWriters bool

	TLS *tls.Config // nil is plain TCP

	Timeout      time.Duration // of one attempt at a statement
	RetryFor     time.Duration // how long a statement without a result is tried again
	Connections  int           // to each node
	PurgeCommand string        // the program that forces deletions out of the nodes' files, see Purge

	Logger  *slog.Logger          // nil logs nothing
	Metrics prometheus.Registerer // nil counts for nobody

	dialer gocql.Dialer // nil dials plainly; tests lose answers with it
}

// Scheme begins the URL of a store that is this engine.
const Scheme = "cassandra"

const (
	defaultPort        = 9042
	defaultTimeout     = 2 * time.Second
	defaultRetryFor    = 10 * time.Second
	defaultConnections = 4
)

var keyspaceName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,47}$`)

// parameters are what may follow the question mark of a URL.
var parameters = map[string]func(*urlOptions, string) error{
	"datacenter":     func(o *urlOptions, v string) error { o.Datacenter = v; return nil },
	"local_writers":  func(o *urlOptions, v string) (err error) { o.LocalWriters, err = strconv.ParseBool(v); return err },
	"timeout":        func(o *urlOptions, v string) error { return positive(&o.Timeout, v) },
	"retry_for":      func(o *urlOptions, v string) error { return positive(&o.RetryFor, v) },
	"connections":    func(o *urlOptions, v string) error { return between(&o.Connections, v, 1, 64) },
	"password_file":  func(o *urlOptions, v string) error { o.passwordFile = v; return nil },
	"purge_command":  func(o *urlOptions, v string) error { o.PurgeCommand = v; return nil },
	"tls":            func(o *urlOptions, v string) (err error) { o.tls, err = strconv.ParseBool(v); return err },
	"tls_ca":         func(o *urlOptions, v string) error { o.ca = v; return nil },
	"tls_cert":       func(o *urlOptions, v string) error { o.cert = v; return nil },
	"tls_key":        func(o *urlOptions, v string) error { o.key = v; return nil },
	"tls_servername": func(o *urlOptions, v string) error { o.serverName = v; return nil },
}

type urlOptions struct {
	Options
	passwordFile              string
	tls                       bool
	ca, cert, key, serverName string
}

// ParseURL reads
//
//	cassandra://[user[:password]@]host[,host...][:port]/keyspace[?name=value&...]
//
// whose parameters are datacenter (text), local_writers (true or false), timeout
// and retry_for (durations, "2s" and "10s"), connections (1 to 64 to each node, 4),
// password_file, purge_command, and tls (true or false) with the PEM files tls_ca,
// tls_cert and tls_key and tls_servername, the name in the nodes' certificates where
// it is not each node's address. The errors never hold the password.
func ParseURL(text string) (Options, error) {
	none := func(format string, args ...any) (Options, error) {
		return Options{}, fmt.Errorf("store URL: "+format, args...)
	}
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || scheme != Scheme {
		return none("must begin with %s://", Scheme)
	}
	// net/url has one host; the list and its port are cut out before.
	end := strings.IndexAny(rest, "/?#")
	if end < 0 || rest[end] != '/' {
		return none("the keyspace is missing: %s://host/keyspace", Scheme)
	}
	authority, user := rest[:end], ""
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		user, authority = authority[:at+1], authority[at+1:]
	}
	u, err := url.Parse(scheme + "://" + user + "host" + rest[end:])
	if err != nil {
		return none("cannot be read: user, keyspace or parameters are not encoded as in a URL")
	}
	o := urlOptions{Options: Options{
		Port: defaultPort, Timeout: defaultTimeout, RetryFor: defaultRetryFor, Connections: defaultConnections,
		User: u.User.Username(), Keyspace: strings.TrimPrefix(u.Path, "/"),
	}}
	o.Password, _ = u.User.Password()
	if err := o.setHosts(authority); err != nil {
		return none("%w", err)
	}
	if !keyspaceName.MatchString(o.Keyspace) {
		return none("keyspace %q must be 1 to 48 lower-case letters, digits and underscores and begin with a letter", o.Keyspace)
	}
	if u.Fragment != "" {
		return none("# must be written as %%23")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return none("parameters are not encoded as in a URL")
	}
	for name, values := range query {
		set := parameters[name]
		if set == nil {
			return none("unknown parameter %q", name)
		}
		if len(values) > 1 {
			return none("parameter %q is given %d times", name, len(values))
		}
		if err := set(&o, values[0]); err != nil {
			return none("parameter %q: %w", name, err)
		}
	}
	if err := o.finish(); err != nil {
		return none("%w", err)
	}
	return o.Options, nil
}

// setHosts reads host[,host...][:port]; IPv6 addresses are in brackets.
func (o *Options) setHosts(list string) error {
	hosts := strings.Split(list, ",")
	last := hosts[len(hosts)-1]
	if colon := strings.LastIndexByte(last, ':'); colon > strings.LastIndexByte(last, ']') {
		if err := between(&o.Port, last[colon+1:], 1, 65535); err != nil {
			return fmt.Errorf("port: %w", err)
		}
		hosts[len(hosts)-1] = last[:colon]
	}
	for _, h := range hosts {
		bare := strings.TrimSuffix(strings.TrimPrefix(h, "["), "]")
		if h == "" || strings.ContainsAny(bare, "[]@ ") || strings.Contains(bare, ":") && net.ParseIP(bare) == nil {
			return fmt.Errorf("host %q is neither a name nor an address; the port stands once, at the end", h)
		}
		o.Hosts = append(o.Hosts, bare)
	}
	return nil
}

// finish reads the files that are named and checks what belongs together.
func (o *urlOptions) finish() error {
	if o.LocalWriters && o.Datacenter == "" {
		return errors.New("local_writers needs datacenter")
	}
	if o.passwordFile != "" {
		if o.Password != "" {
			return errors.New("there is a password and a password_file")
		}
		b, err := os.ReadFile(o.passwordFile)
		if err != nil {
			return err
		}
		o.Password = strings.TrimRight(string(b), "\r\n")
	}
	if (o.User == "") != (o.Password == "") {
		return errors.New("user and password go together")
	}
	if !o.tls {
		if o.ca != "" || o.cert != "" || o.key != "" || o.serverName != "" {
			return errors.New("tls_ca, tls_cert, tls_key and tls_servername need tls=true")
		}
		return nil
	}
	o.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: o.serverName}
	if o.ca != "" {
		pem, err := os.ReadFile(o.ca)
		if err != nil {
			return err
		}
		o.TLS.RootCAs = x509.NewCertPool()
		if !o.TLS.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("tls_ca: %s holds no certificate", o.ca)
		}
	}
	if (o.cert == "") != (o.key == "") {
		return errors.New("tls_cert and tls_key go together")
	}
	if o.cert != "" {
		pair, err := tls.LoadX509KeyPair(o.cert, o.key)
		if err != nil {
			return fmt.Errorf("tls_cert and tls_key: %w", err)
		}
		o.TLS.Certificates = []tls.Certificate{pair}
	}
	return nil
}

func positive(d *time.Duration, text string) (err error) {
	if *d, err = time.ParseDuration(text); err == nil && *d <= 0 {
		err = fmt.Errorf("%q must be more than 0", text)
	}
	return err
}

func between(n *int, text string, low, high int) (err error) {
	if *n, err = strconv.Atoi(text); err != nil || *n < low || *n > high {
		return fmt.Errorf("%q must be a number from %d to %d", text, low, high)
	}
	return nil
}
