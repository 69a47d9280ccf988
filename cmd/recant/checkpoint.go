package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/recant-chat/recant/store/pebble"
)

// checkpointer is a store that makes copies of itself while it is open.
type checkpointer interface {
	Checkpoint(ctx context.Context, dir string) error
}

// checkpoint makes a copy of a data directory, whose store is open, in a directory
// that does not exist: complete or not at all.
func checkpoint(ctx context.Context, s checkpointer, data, to string) error {
	if _, err := os.Stat(to); err == nil {
		return fmt.Errorf("%s is there already; name a directory that is not", to)
	}
	if _, err := os.Stat(filepath.Dir(to)); err != nil {
		return err
	}
	unfinished, err := os.MkdirTemp(filepath.Dir(to), filepath.Base(to)+".unfinished-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(unfinished)
	made := filepath.Join(unfinished, "data")
	if err := s.Checkpoint(ctx, made); err != nil {
		return err
	}
	if err := os.Chmod(made, 0o700); err != nil {
		return err
	}
	if err := copyFirstApplication(data, made); err != nil {
		return err
	}
	// Of two that are made at once to one place the second one fails here.
	if err := os.Rename(made, to); err != nil {
		return err
	}
	parent, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(parent.Sync(), parent.Close())
}

// storeCheckpoint is `recant store checkpoint`.
type storeCheckpoint struct {
	Data string `env:"RECANT_DATA" default:"./recant-data" placeholder:"dir" help:"The data directory, of a server that runs or not (./recant-data)."`
	To   string `required:"" placeholder:"dir" help:"The directory that is to be made."`
}

// Help is printed by `recant store checkpoint --help` below the summary.
func (*storeCheckpoint) Help() string {
	return `The copy is a data directory as of one moment, with everything that was acknowledged before: serve it, or keep it as a backup. A server that runs goes on meanwhile and makes the copy itself. On the same file system it is made of hard links, in no time; copy it elsewhere then.`
}

// Run has the server of the data directory make the copy, or makes it where none runs.
func (c *storeCheckpoint) Run(ctx context.Context, s streams) error {
	to, err := filepath.Abs(c.To)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(c.Data, pebble.FormatFile)); err != nil {
		return fmt.Errorf("%s is no data directory: %w", c.Data, err)
	}
	served, err := askServer(ctx, c.Data, checkpointRequest{To: to})
	if err != nil {
		return err
	}
	if !served {
		if err := c.alone(ctx, to); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(s.out, "%s holds a copy of %s\n", to, c.Data)
	return err
}

// alone makes the copy of a directory that no server has.
func (c *storeCheckpoint) alone(ctx context.Context, to string) error {
	opened, err := openEmbedded(c.Data, pebble.Options{})
	if err != nil {
		return err
	}
	return errors.Join(checkpoint(ctx, opened, c.Data, to), opened.Close())
}
