package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/recant-chat/recant/internal/secret"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/cassandra"
	"github.com/recant-chat/recant/store/pebble"
	"github.com/recant-chat/recant/store/transfer"
)

// twoStores are the flags of the commands that work on two stores.
type twoStores struct {
	From     secret.Text `required:"" placeholder:"store" help:"The one: a data directory, or cassandra://host1,host2/keyspace."`
	To       secret.Text `required:"" placeholder:"store" help:"The other one, likewise."`
	Parallel int         `default:"8" placeholder:"n" help:"Partitions that are worked on at once (8)."`
	JSON     bool        `name:"json" help:"Print the result as one JSON document."`
}

// compared is the result for programs.
type compared struct {
	From        string       `json:"From"`
	To          string       `json:"To"`
	Partitions  int64        `json:"Partitions"`
	Rows        int64        `json:"Rows"`
	Bytes       int64        `json:"Bytes"` // of keys and values
	Verified    bool         `json:"Verified"`
	Different   int          `json:"Different"`   // partitions
	Differences []difference `json:"Differences"` // the first thousand of them
}

// difference is a partition that is not the same in both stores.
type difference struct {
	Partition string `json:"Partition"` // its name
	Hex       string `json:"Hex"`       // the bytes of its name
	Blind     bool   `json:"Blind"`
	FromRows  int64  `json:"FromRows"`
	ToRows    int64  `json:"ToRows"`
}

// location is a store that a command was given.
type location struct {
	name string // without a password
	dir  string // "" for a cluster
	store.Store
}

func isCluster(text string) bool { return strings.Contains(text, "://") }

// open opens a store that a command was given.
func (t twoStores) open(ctx context.Context, s streams, where secret.Text, readOnly bool) (*location, error) {
	text := where.Reveal()
	log := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if isCluster(text) {
		opened, err := openCluster(ctx, text, readOnly, log, nil)
		if err != nil {
			return nil, err
		}
		return &location{clusterName(text), "", opened}, nil
	}
	dir, err := filepath.Abs(text)
	if err != nil {
		return nil, err
	}
	opened, err := openEmbedded(dir, pebble.Options{Logger: log, ReadOnly: readOnly})
	if err != nil {
		return nil, err
	}
	return &location{dir, dir, opened}, nil
}

// clusterName is the URL of a cluster without user, password and parameters.
func clusterName(url string) string {
	url, _, _ = strings.Cut(url, "?")
	if at := strings.LastIndexByte(url, '@'); at >= 0 {
		url = cassandra.Scheme + "://" + url[at+1:]
	}
	return url
}

// run opens both stores, the second one to write where it may, and has work done on
// them.
func (t twoStores) run(ctx context.Context, s streams, write bool, work func(from, to *location) error) (err error) {
	if t.Parallel < 1 {
		return exitWith(exitUsage, "--parallel should be 1 or more")
	}
	from, err := t.open(ctx, s, t.From, true)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := t.open(ctx, s, t.To, !write)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if from.name == to.name {
		return exitWith(exitUsage, "--from and --to are the same store")
	}
	return work(from, to)
}

func (t twoStores) options(counts *transfer.Counts) transfer.Options {
	return transfer.Options{Parallel: t.Parallel, Counts: counts}
}

// verify compares the stores, adds what it finds to the result and tells it.
func (t twoStores) verify(ctx context.Context, s streams, from, to *location, result *compared) error {
	var counts transfer.Counts
	report, err := watched(s, "compared", &counts, func() (transfer.Report, error) {
		return transfer.Verify(ctx, from, to, t.options(&counts))
	})
	if err != nil {
		return err
	}
	result.count(&counts)
	result.Verified, result.Different = report.Different == 0, report.Different
	for _, d := range report.Differences {
		found := difference{
			Partition: strconv.QuoteToASCII(d.Partition.Name()), Hex: hex.EncodeToString([]byte(d.Partition.Name())),
			Blind: d.Partition.IsBlind(), FromRows: d.From.Rows, ToRows: d.To.Rows,
		}
		result.Differences = append(result.Differences, found)
		if !t.JSON {
			fmt.Fprintln(s.out, found)
		}
	}
	return nil
}

// String is the difference as a line for people.
func (d difference) String() string {
	kind := map[bool]string{false: "versioned", true: "blind"}[d.Blind]
	if d.FromRows == d.ToRows {
		return fmt.Sprintf("%s partition %s: %s in both, and they differ", kind, d.Partition, many(int(d.FromRows), "row"))
	}
	return fmt.Sprintf("%s partition %s: %s, and %d in the destination", kind, d.Partition, many(int(d.FromRows), "row"), d.ToRows)
}

func (r *compared) count(c *transfer.Counts) {
	r.Partitions, r.Rows, r.Bytes = c.Partitions.Load(), c.Rows.Load(), c.Bytes.Load()
}

// print prints the result, and is an error where the stores differ.
func (t twoStores) print(s streams, result compared, said string) error {
	if t.JSON {
		text, err := json.Marshal(result)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%s\n", text)
	} else if result.Different == 0 {
		fmt.Fprintf(s.out, "%s\n", said)
	}
	if n := result.Different; n > 0 {
		return fmt.Errorf("%s of %s and %s differ", many(n, "partition"), result.From, result.To)
	}
	return nil
}

// storeCopy is `recant store copy`.
type storeCopy struct {
	twoStores
	Verify bool `default:"true" negatable:"" help:"Compare both stores at the end (on)."`
}

// Help is printed by `recant store copy --help` below the summary.
func (*storeCopy) Help() string {
	return `The source is only read, and a server with --read-only may serve it meanwhile. The destination must be empty, or a copy from the same source that was cut off: the same command goes on with it. No server serves it before the copy has ended. A cluster needs recant store migrate before.

Exit codes: 0 done; 1 failed, or the stores differ; 2 wrong usage.`
}

// Run copies.
func (c *storeCopy) Run(ctx context.Context, s streams) error {
	return c.run(ctx, s, true, func(from, to *location) error {
		var counts transfer.Counts
		_, err := watched(s, "copied", &counts, func() (struct{}, error) {
			return struct{}{}, transfer.Copy(ctx, from.Store, to.Store, from.name, c.options(&counts))
		})
		switch {
		case transfer.IsRefusal(err):
			return err
		case err != nil && ctx.Err() != nil:
			return errors.New("interrupted; the same command goes on where it was")
		case err != nil:
			return fmt.Errorf("%w; the same command goes on where it was", err)
		}
		result := compared{From: from.name, To: to.name, Differences: []difference{}}
		result.count(&counts)
		if c.Verify {
			if err := c.verify(ctx, s, from, to, &result); err != nil {
				return err
			}
		}
		if result.Different > 0 {
			if err := transfer.Restart(ctx, to); err != nil {
				return err
			}
		} else {
			if from.dir != "" && to.dir != "" {
				if err := copyFirstApplication(from.dir, to.dir); err != nil {
					return err
				}
			}
			if err := transfer.Finish(ctx, to); err != nil {
				return err
			}
		}
		return c.print(s, result, fmt.Sprintf("%s has everything of %s: %s", to.name, from.name, sizeOf(&counts)))
	})
}

// storeVerify is `recant store verify`.
type storeVerify struct{ twoStores }

// Help is printed by `recant store verify --help` below the summary.
func (*storeVerify) Help() string {
	return `It compares the number of rows and a checksum of each partition, and lists those that differ. Both stores are only read; servers with --read-only may serve them.

Exit codes: 0 the stores are the same; 1 failed, or they differ; 2 wrong usage.`
}

// Run compares.
func (c *storeVerify) Run(ctx context.Context, s streams) error {
	return c.run(ctx, s, false, func(from, to *location) error {
		result := compared{From: from.name, To: to.name, Differences: []difference{}}
		if err := c.verify(ctx, s, from, to, &result); err != nil {
			return err
		}
		said := fmt.Sprintf("%s and %s are the same: %s in %s", from.name, to.name, many(int(result.Rows), "row"), many(int(result.Partitions), "partition"))
		return c.print(s, result, said)
	})
}

// How often a person and a log are told how far the work has come.
const (
	tellPersonEvery = 200 * time.Millisecond
	tellLogEvery    = 10 * time.Second
)

// watched does work, and tells how far it has come while it does: a person in one
// line, a log in one each time.
func watched[T any](s streams, what string, counts *transfer.Counts, work func() (T, error)) (T, error) {
	every, before, after := tellLogEvery, "", "\n"
	if isTerminal(s.log) {
		every, before, after = tellPersonEvery, "\r\x1b[K", ""
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(every)
		defer tick.Stop()
		begun := time.Now()
		for n := 0; ; n++ {
			select {
			case <-stop:
				if n > 0 && after == "" {
					io.WriteString(s.log, before)
				}
				return
			case <-tick.C:
			}
			rate := float64(counts.Bytes.Load()-counts.Before.Load()) / time.Since(begun).Seconds()
			fmt.Fprintf(s.log, "%s%s %s, %s/s%s", before, what, sizeOf(counts), byteText(rate), after)
		}
	}()
	defer func() {
		close(stop)
		<-stopped
	}()
	return work()
}

func sizeOf(c *transfer.Counts) string {
	return fmt.Sprintf("%s, %s, %s", many(int(c.Partitions.Load()), "partition"), many(int(c.Rows.Load()), "row"), byteText(float64(c.Bytes.Load())))
}

func byteText(n float64) string {
	for _, unit := range []string{"B", "KiB", "MiB", "GiB"} {
		if n < 1000 {
			return strconv.FormatFloat(n, 'f', map[bool]int{true: 0, false: 1}[unit == "B"], 64) + " " + unit
		}
		n /= 1024
	}
	return fmt.Sprintf("%.1f TiB", n)
}
