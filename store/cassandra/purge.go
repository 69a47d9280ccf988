package cassandra

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"

	"github.com/recant-chat/recant/store"
)

// Purge implements store.Store by the purge command of the options: CQL has no way
// to force deletions out of the nodes' files. The command is run as
//
//	command KEYSPACE TABLE KEY TOKEN
//
// with the key of the partition in hexadecimal and its token, and ends with 0 when no
// node's files hold what was deleted before it began; what it prints is part of the
// error. Where the context ends it gets a SIGTERM. Without a command Purge returns
// store.ErrNoPurge.
func (s *Store) Purge(ctx context.Context, p store.Partition) error {
	if err := store.CheckName(p); err != nil {
		return err
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	if s.options.PurgeCommand == "" {
		return store.ErrNoPurge
	}
	table := versionedTable
	if p.IsBlind() {
		table = blindTable
	} else if err := s.touch(ctx, p); err != nil {
		return fmt.Errorf("purge: not all replicas can be reached: %w", err)
	}
	key := partitionKey(p)
	command := exec.CommandContext(ctx, s.options.PurgeCommand,
		s.options.Keyspace, table, hex.EncodeToString(key), strconv.FormatInt(token(key), 10))
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = purgeEnds
	out, err := command.CombinedOutput()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("purge: %s: %w: %s", s.options.PurgeCommand, err, bytes.TrimSpace(out))
	}
	return nil
}

// purgeEnds is how long a command has to end where its context did.
const purgeEnds = 5 * time.Second

// touch commits to every replica something that changes nothing. Each keeps what it
// has last seen proposed and committed, with the values, until something newer comes.
func (s *Store) touch(ctx context.Context, p store.Partition) error {
	batch := s.conditional().Consistency(gocql.All)
	batch.Query(s.statements.touch, partitionKey(p), touchKey)
	return s.persist(ctx, func(ctx context.Context) error {
		_, _, err := s.compareAndSet(ctx, batch)
		return err
	})
}
