// Package cassandra is the engine on an Apache Cassandra cluster, which any number
// of processes share.
//
// A versioned partition is a partition of one table whose version is a static
// column; a Commit is one conditional batch (a lightweight transaction) on it. A
// blind partition is one of another table that plain writes reach, so that the two
// kinds never meet.
package cassandra

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/recant-chat/recant/store"
)

// Store is an open keyspace.
type Store struct {
	options    Options
	session    *gocql.Session
	statements statements
	clock      clock
	metrics    *metrics
	waves      waves
	// settled has versions of partitions that a majority of their replicas has, so
	// that no later read shows an earlier state.
	settled *lru.Cache[string, store.Version]

	gate   sync.RWMutex // held for reading by every verb
	closed bool
}

// settledVersions bounds the versions that are remembered, about 200 bytes each.
const settledVersions = 100_000

// Open connects to the cluster. It changes nothing there.
// Errors: ErrNotMigrated.
func Open(ctx context.Context, o Options) (*Store, error) {
	session, err := connect(o, o.Keyspace)
	if err != nil {
		// Where the keyspace is missing no session can be made in it.
		plain, e := connect(o, "")
		if e != nil {
			return nil, err
		}
		defer plain.Close()
		return nil, errors.Join(checkSchema(ctx, plain, o.Keyspace), err)
	}
	if err := errors.Join(checkDatacenter(ctx, session, o.Datacenter), checkSchema(ctx, session, o.Keyspace)); err != nil {
		session.Close()
		return nil, err
	}
	settled, err := lru.New[string, store.Version](settledVersions)
	if err != nil {
		session.Close()
		return nil, err
	}
	s := &Store{options: o, session: session, settled: settled, statements: newStatements(), waves: waves{limit: o.RetryFor, waiting: map[string]*wave{}}}
	if s.metrics, err = newMetrics(o.Metrics); err != nil {
		session.Close()
		return nil, err
	}
	return s, nil
}

func (o *Options) quorum() gocql.Consistency {
	if o.LocalWriters {
		return gocql.LocalQuorum
	}
	return gocql.Quorum
}

func (o *Options) serial() gocql.Consistency {
	if o.LocalWriters {
		return gocql.LocalSerial
	}
	return gocql.Serial
}

// patience is how long a node may take for a read before another one is asked, too.
func (o *Options) patience() time.Duration { return o.Timeout / 4 }

// connect makes a session in a keyspace, or with "" in none.
func connect(o Options, keyspace string) (*gocql.Session, error) {
	c := gocql.NewCluster(o.Hosts...)
	c.Port, c.Keyspace = o.Port, keyspace
	c.Timeout, c.WriteTimeout, c.ConnectTimeout = o.Timeout, o.Timeout, o.Timeout
	c.NumConns = o.Connections
	c.Consistency, c.SerialConsistency = o.quorum(), o.serial()
	c.MaxWaitSchemaAgreement = time.Minute
	// The engine tries again itself, where it knows that it may.
	c.RetryPolicy = nil
	c.DefaultIdempotence = false
	c.DefaultTimestamp = false // a lightweight transaction has the time of its ballot; a Put names its own
	c.ReconnectInterval = 5 * time.Second
	c.ReconnectionPolicy = &gocql.ConstantReconnectionPolicy{MaxRetries: 3, Interval: time.Second}
	c.Logger = driverLog{o.Logger}
	c.Dialer = o.dialer
	hosts := newHostPolicy(o.Datacenter, o.patience())
	c.PoolConfig.HostSelectionPolicy, c.QueryObserver = hosts, hosts
	if o.LocalWriters {
		// A node elsewhere would ask the majority of its own datacentre.
		c.HostFilter = gocql.DataCenterHostFilter(o.Datacenter)
	}
	if o.User != "" {
		c.Authenticator = gocql.PasswordAuthenticator{Username: o.User, Password: o.Password}
	}
	if o.TLS != nil {
		c.SslOpts = &gocql.SslOptions{Config: o.TLS.Clone(), EnableHostVerification: true}
	}
	session, err := c.CreateSession()
	if err != nil {
		return nil, fmt.Errorf("connect to Cassandra: %w", err)
	}
	return session, nil
}

// checkDatacenter finds out whether a cluster has the datacentre that is given.
func checkDatacenter(ctx context.Context, session *gocql.Session, name string) error {
	if name == "" {
		return nil
	}
	var names []string
	for _, table := range []string{"system.local", "system.peers_v2"} {
		iter := session.Query("SELECT data_center FROM " + table).Consistency(gocql.One).IterContext(ctx)
		for datacenter := ""; iter.Scan(&datacenter); {
			names = append(names, datacenter)
		}
		if err := iter.Close(); err != nil {
			return fmt.Errorf("ask for the datacentres: %w", err)
		}
	}
	if !slices.Contains(names, name) {
		return fmt.Errorf("cassandra: the cluster has no datacentre %q, only %q", name, slices.Compact(slices.Sorted(slices.Values(names))))
	}
	return nil
}

// enter begins a verb, which ends with leave.
func (s *Store) enter(ctx context.Context) error {
	s.gate.RLock()
	if s.closed {
		s.gate.RUnlock()
		return store.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		s.gate.RUnlock()
		return err
	}
	return nil
}

func (s *Store) leave() { s.gate.RUnlock() }

// Close implements store.Store.
func (s *Store) Close() error {
	s.gate.Lock()
	defer s.gate.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	s.closed = true
	s.waves.running.Wait()
	s.session.Close()
	s.metrics.unregister()
	return nil
}

// Bounds of the pause before another attempt.
const (
	firstPause = 5 * time.Millisecond
	maxPause   = 500 * time.Millisecond
)

// pause waits before another attempt, the longer the more there were and never the
// same time, and reports whether there may be one.
func pause(ctx context.Context, attempt int) bool {
	limit := min(firstPause<<min(attempt, 10), maxPause)
	timer := time.NewTimer(limit/2 + rand.N(limit/2))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

// persist runs a statement that does no harm when it is run again, until it has a
// result, the context ends or it was tried for long enough.
func (s *Store) persist(ctx context.Context, statement func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.options.RetryFor)
	defer cancel()
	for attempt := 0; ; attempt++ {
		err := statement(ctx)
		if err == nil || permanent(err) {
			return err
		}
		if !pause(ctx, attempt) {
			return errors.Join(ctx.Err(), err)
		}
		s.metrics.retries.Inc()
	}
}

// permanent reports whether the cluster refused the statement as such.
func permanent(err error) bool {
	var refused gocql.RequestError
	return errors.As(err, &refused) && (refused.Code() >= gocql.ErrCodeSyntax && refused.Code() != gocql.ErrCodeUnprepared)
}

// neverSent reports whether the statement did not leave this process.
func neverSent(err error) bool {
	return errors.Is(err, gocql.ErrNoConnections) || errors.Is(err, gocql.ErrNoStreams)
}

// driverLog passes on what the driver has to say.
type driverLog struct{ log *slog.Logger }

func (l driverLog) at(level slog.Level, text string, fields []gocql.LogField) {
	if l.log == nil {
		return
	}
	args := make([]any, 0, 2*len(fields))
	for _, f := range fields {
		args = append(args, f.Name, f.Value.String())
	}
	l.log.Log(context.Background(), level, "cassandra: "+text, args...)
}

func (l driverLog) Error(text string, f ...gocql.LogField)   { l.at(slog.LevelWarn, text, f) }
func (l driverLog) Warning(text string, f ...gocql.LogField) { l.at(slog.LevelWarn, text, f) }
func (l driverLog) Info(text string, f ...gocql.LogField)    { l.at(slog.LevelDebug, text, f) }
func (l driverLog) Debug(text string, f ...gocql.LogField)   {}
