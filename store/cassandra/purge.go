package cassandra

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"os/exec"
	"strings"

	"github.com/recant-chat/recant/store"
)

// Purge implements store.Store by the purge command of the options: CQL has no way
// to force deletions out of the nodes' files. The command is run as
//
//	command KEYSPACE TABLE KEY
//
// with the key of the partition in hexadecimal, and ends with 0 when no node's files
// hold what was deleted before it began; what it prints is part of the error. Without
// a command Purge returns store.ErrNoPurge.
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
	}
	command := exec.CommandContext(ctx, s.options.PurgeCommand, s.options.Keyspace, table, hex.EncodeToString(partitionKey(p)))
	out, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("purge: %s: %w: %s", s.options.PurgeCommand, err, strings.TrimSpace(string(bytes.TrimSpace(out))))
	}
	return nil
}
