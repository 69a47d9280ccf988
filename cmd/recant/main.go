// Command recant is the server and its tools.
//
//	recant serve      serve the protocol
//	recant usersig    sign a UserSig
//	recant recall     preview, recall, restore, audit, export, erase
//	recant store      copy a store, move to another one, prepare a cluster
//	recant webhook    see what the backend is told, and tell it again
//	recant version    print the version
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// stop is what ends the program in order: the service manager's signal and the
// keyboard's. A second one ends it at once.
func stopSignals() []os.Signal { return []os.Signal{syscall.SIGTERM, os.Interrupt} }

func main() {
	ctx, stop := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, stopSignals()...)
	go func() {
		<-signals
		signal.Reset(stopSignals()...) // before anything says that the program stops
		stop()
	}()
	os.Exit(run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

// cli is the command line.
type cli struct {
	Serve   serveCommand   `cmd:"" help:"Serve the protocol until told to stop."`
	UserSig userSigCommand `cmd:"" name:"usersig" help:"Print a UserSig, signed with an application's first key."`
	Recall  recallCommand  `cmd:"" help:"Clean up after spammers: preview, recall, undo, audit, evidence, erase."`
	Store   storeCommand   `cmd:"" help:"Copy a store, move to another one, prepare a cluster."`
	Webhook webhookCommand `cmd:"" help:"See what is told to an application's backend, and tell it again."`
	Version versionCommand `cmd:"" help:"Print the version of this program."`
}

// run is the program. What a person asked for goes to stdout, logs and
// complaints to stderr.
func run(ctx context.Context, args []string, s streams) int {
	commands := cli{Serve: newServeCommand(), UserSig: newUserSigCommand(), Recall: newRecallCommand(), Webhook: newWebhookCommand()}
	helped := errors.New("help was printed")
	parser, err := kong.New(&commands,
		kong.Name("recant"),
		kong.Description("A group-chat server that you can take words back from."),
		kong.Writers(s.out, s.log),
		kong.Exit(func(int) { panic(helped) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(s),
	)
	if err != nil {
		return fail(s.log, err, exitError)
	}
	parsed, err := parse(parser, args, helped)
	switch {
	case errors.Is(err, helped):
		return exitOK
	case err != nil:
		return fail(s.log, err, exitUsage)
	}
	if err := parsed.Run(); err != nil {
		return fail(s.log, err, exitCode(err))
	}
	return exitOK
}

// streams are what a command reads and where it writes.
type streams struct {
	in  io.Reader
	out io.Writer // what a person asked for
	log io.Writer
}

// parse reads the command line. kong ends the program once it has printed help;
// here it panics with helped instead, which parse returns.
func parse(parser *kong.Kong, args []string, helped error) (parsed *kong.Context, err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case helped:
			err = helped
		default:
			panic(p)
		}
	}()
	if len(args) == 0 {
		args = []string{"--help"}
	}
	return parser.Parse(args)
}

func fail(stderr io.Writer, err error, code int) int {
	fmt.Fprintln(stderr, "recant:", err)
	return code
}
