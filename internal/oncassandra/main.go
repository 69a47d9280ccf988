// Command oncassandra runs a command, go test say, with a Cassandra keyspace for its
// tests: it starts a node, makes the tables, has the command find them by the variable
// of package testengine, and exits as the command does. No process that it started
// outlasts it, even where it is killed.
//
//	go run ./internal/oncassandra go test ./chat ./api
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/recant-chat/recant/internal/cassandratest"
	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store/cassandra"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: oncassandra command [argument...]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	go watchParent(ctx, cancel)
	err := runOnNode(ctx, os.Args[1:])
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended) && ended.Exited():
		os.Exit(ended.ExitCode())
	case err != nil:
		fmt.Fprintln(os.Stderr, "oncassandra:", err)
		os.Exit(1)
	}
}

// watchParent ends the context with the parent process: go run, which passes on an
// interrupt from the terminal and nothing else.
func watchParent(ctx context.Context, end context.CancelCauseFunc) {
	parent := os.Getppid()
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for os.Getppid() == parent {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
	end(errors.New("the process that started this one has ended"))
}

// runOnNode runs a command on a node that lives as long.
func runOnNode(ctx context.Context, command []string) (err error) {
	cluster, err := cassandratest.Run(cassandratest.Options{Nodes: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	// A loaded machine fails no test. What purging does is tested with the engine: here
	// a program that does nothing stands for it.
	url := cluster.URL("tests", "timeout=20s", "retry_for=60s", "purge_command=true")
	o, err := cassandra.ParseURL(url)
	if err != nil {
		return err
	}
	if _, _, err := cassandra.Migrate(ctx, o, cassandra.Replication{"datacenter1": 1}); err != nil {
		return err
	}
	return run(ctx, url, command)
}

// run runs a command to its end or the context's, with all that it starts in its
// process group.
func run(ctx context.Context, url string, command []string) error {
	group, release, err := guard()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), testengine.Variable+"="+url)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: group}
	cmd.Cancel = func() error { return syscall.Kill(-group, syscall.SIGKILL) }
	if err = cmd.Run(); err != nil {
		err = errors.Join(err, context.Cause(ctx))
	}
	return errors.Join(err, release())
}

// guard makes a process group that is killed at release, or when this process ends,
// however it does.
func guard() (group int, release func() error, err error) {
	g := exec.Command("sh", "-c", "cat >/dev/null; kill -9 0")
	g.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	input, err := g.StdinPipe()
	if err != nil {
		return 0, nil, err
	}
	if err := g.Start(); err != nil {
		return 0, nil, err
	}
	return g.Process.Pid, func() error {
		err := input.Close()
		_ = g.Wait() // killed, by itself
		return err
	}, nil
}
