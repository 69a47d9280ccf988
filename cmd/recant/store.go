package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/recant-chat/recant/internal/config"
	"github.com/recant-chat/recant/internal/secret"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/cassandra"
	"github.com/recant-chat/recant/store/pebble"
)

// openStore opens what the configuration keeps everything in.
func openStore(ctx context.Context, c config.Server, log *slog.Logger, metrics prometheus.Registerer) (store.Store, error) {
	if c.Store.Reveal() != "" {
		return openCluster(ctx, c.Store.Reveal(), c.ReadOnly, log, metrics)
	}
	opened, err := openEmbedded(c.Data, pebble.Options{CacheBytes: int64(c.CacheSize), Logger: log, ReadOnly: c.ReadOnly})
	if err != nil {
		return nil, err
	}
	return opened, nil
}

// openCluster opens the store of a cluster.
func openCluster(ctx context.Context, url string, readOnly bool, log *slog.Logger, metrics prometheus.Registerer) (store.Store, error) {
	o, err := cassandra.ParseURL(url)
	if err != nil {
		return nil, err
	}
	o.Logger, o.Metrics = log, metrics
	opened, err := cassandra.Open(ctx, o)
	switch {
	case err != nil:
		return nil, err
	case readOnly:
		return store.ReadOnly(opened), nil
	}
	return opened, nil
}

// openEmbedded opens the store of a data directory.
func openEmbedded(dir string, o pebble.Options) (*pebble.Store, error) {
	opened, err := pebble.Open(dir, o)
	switch {
	case errors.Is(err, pebble.ErrInUse) && o.ReadOnly:
		return nil, fmt.Errorf("the data directory %s is in use by another server; stop it, or start it again with --read-only", dir)
	case errors.Is(err, pebble.ErrInUse):
		return nil, fmt.Errorf("the data directory %s is in use by another server; stop it, or choose another directory", dir)
	case errors.Is(err, pebble.ErrNewerFormat):
		return nil, fmt.Errorf("the data directory %s was written by a newer release of recant; use that release or a newer one: %w", dir, err)
	case errors.Is(err, pebble.ErrOlderFormat):
		return nil, fmt.Errorf("the data directory %s was written by an older release of recant; let a server without --read-only open it once: %w", dir, err)
	case errors.Is(err, pebble.ErrNoData):
		return nil, fmt.Errorf("there is no data in %s", dir)
	case err != nil:
		return nil, err
	}
	return opened, nil
}

// failing is an engine that can fail for good while it is open.
type failing interface{ Failed() <-chan struct{} }

// failed is closed when the store has failed for good.
func failed(s store.Store) <-chan struct{} {
	if f, ok := s.(failing); ok {
		return f.Failed()
	}
	return nil
}

// storeCommand is `recant store`: what is done to a store beside serving it.
type storeCommand struct {
	Checkpoint storeCheckpoint `cmd:"" help:"Copy a data directory, also while a server serves it."`
	Copy       storeCopy       `cmd:"" help:"Move everything to another store: a directory or a cluster."`
	Migrate    storeMigrate    `cmd:"" help:"Make or bring up to date the tables of a Cassandra cluster."`
	Verify     storeVerify     `cmd:"" help:"Compare two stores, partition by partition."`
}

// storeMigrate is `recant store migrate`.
type storeMigrate struct {
	Store       secret.Text `env:"RECANT_STORE" required:"" placeholder:"url" help:"The cluster: cassandra://host1,host2/keyspace."`
	Replication string      `placeholder:"dc=n,..." help:"Copies in each datacentre, such as dc1=3: where the keyspace does not exist yet."`
	Print       bool        `help:"Print the CQL that makes everything on an empty cluster, and do nothing."`
}

// Help is printed by `recant store migrate --help` below the summary.
func (*storeMigrate) Help() string {
	return `Serving never changes the tables. Run this before the first start and after each upgrade whose notes say so, once, while servers of the release before may go on. It does not change the replication of a keyspace that exists.`
}

// Run migrates.
func (c *storeMigrate) Run(ctx context.Context, s streams) error {
	o, err := cassandra.ParseURL(c.Store.Reveal())
	if err != nil {
		return err
	}
	var replication cassandra.Replication
	if c.Replication != "" {
		if replication, err = cassandra.ParseReplication(c.Replication); err != nil {
			return err
		}
	}
	if c.Print {
		if replication == nil {
			return errors.New("--print needs --replication")
		}
		_, err := fmt.Fprint(s.out, cassandra.Schema(o.Keyspace, replication))
		return err
	}
	o.Logger = slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	before, after, err := cassandra.Migrate(ctx, o, replication)
	if err != nil {
		return err
	}
	if before == after {
		_, err = fmt.Fprintf(s.out, "keyspace %s has version %d, nothing was to be done\n", o.Keyspace, after)
	} else {
		_, err = fmt.Fprintf(s.out, "keyspace %s went from version %d to %d\n", o.Keyspace, before, after)
	}
	return err
}
