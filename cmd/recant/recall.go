package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/recant-chat/recant/chat"
	"github.com/recant-chat/recant/internal/config"
)

// recallCommand is `recant recall`: the moderation commands of a server.
type recallCommand struct {
	Preview recallPreview `cmd:"" help:"Say what a recall would recall, and change nothing."`
	Run     recallRun     `cmd:"" help:"Recall what senders posted, after a preview and a question."`
	Restore recallRestore `cmd:"" help:"Undo a recall, or some of its targets."`
	List    recallList    `cmd:"" help:"List the audit record of recalls, newest first."`
	Show    recallShow    `cmd:"" help:"Show a recall with its targets and what was done about it."`
	Export  recallExport  `cmd:"" help:"Write the original messages of a recall to an archive that can be verified."`
	Erase   recallErase   `cmd:"" help:"Erase what a recall recalled for good, in the background."`
	Hold    recallHold    `cmd:"" help:"Keep what a recall recalled from erasure and retention."`
	Verify  recallVerify  `cmd:"" help:"Check an exported archive, without any server."`
}

func newRecallCommand() recallCommand {
	return recallCommand{
		Preview: recallPreview{recallClient: newRecallClient()},
		Run:     recallRun{recallClient: newRecallClient()},
		Restore: recallRestore{recallClient: newRecallClient()},
		List:    recallList{recallClient: newRecallClient()},
		Show:    recallShow{recallClient: newRecallClient()},
		Export:  recallExport{recallClient: newRecallClient()},
		Erase:   recallErase{recallClient: newRecallClient()},
		Hold:    recallHold{recallClient: newRecallClient()},
	}
}

// Help is printed by `recant recall --help` below the summary.
func (*recallCommand) Help() string {
	return `They call a server over the network, as an admin of an application whose key they sign with. Without --url the server is the one whose data directory --data is.

` + exitCodesHelp
}

// recallClient says which server is called, by whom, and how the answer is
// printed.
type recallClient struct {
	URL   string `name:"url" env:"RECANT_URL" placeholder:"url" help:"Base URL of the server; without it, that of the server that serves the data directory."`
	Admin string `env:"RECANT_ADMIN" placeholder:"name" help:"Admin account that calls; without it, the application's first."`
	JSON  bool   `name:"json" help:"Print the server's answer, also a refusal, as one JSON document."`

	applicationFlags
}

func newRecallClient() recallClient { return recallClient{applicationFlags: newApplicationFlags()} }

// open finds the server and the application.
func (c *recallClient) open() (*caller, error) {
	app, err := c.signer()
	if err != nil {
		return nil, err
	}
	if c.Admin != "" {
		if !chat.ValidUserID(c.Admin) {
			return nil, exitWith(exitUsage, "--admin should be 1 to 32 printable ASCII characters with no space at either end")
		}
		app.admin = c.Admin
	}
	found := &caller{signer: app, base: strings.TrimSuffix(c.URL, "/")}
	if c.URL != "" {
		if !config.IsBaseURL(c.URL) {
			return nil, exitWith(exitUsage, "--url should be http:// or https:// and a host, such as https://chat.example.net")
		}
		return found, nil
	}
	configured, err := c.configured()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(configured.Data, addressFileName)
	content, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("no server serves the data directory %s: start one, or give --url or --data", configured.Data)
	case err != nil:
		return nil, err
	}
	found.base, found.origin = strings.TrimSpace(string(content)), " (the address in "+file+")"
	return found, nil
}

// answer prints what a program asked for: the server's answer as it came, also
// that of a refusal; and returns the error.
func (c *recallClient) answer(s streams, raw []byte, err error) error {
	if !c.JSON {
		return err
	}
	var refused *refusal
	if errors.As(err, &refused) {
		raw = refused.answer
	}
	if raw != nil {
		fmt.Fprintf(s.out, "%s\n", raw)
	}
	return err
}

// partFailed is the error of a call some of whose targets could not be served,
// nil for none.
func partFailed(results []recallPart) error {
	failed := 0
	for _, r := range results {
		if r.Code != 0 {
			failed++
		}
	}
	if failed == 0 {
		return nil
	}
	return exitWith(exitPart, "%d of %s could not be served", failed, many(len(results), "target"))
}

// recallPreview is `recant recall preview`.
type recallPreview struct {
	targetFlags
	scopeFlags
	recallClient
}

// Validate checks what flags mean together.
func (c *recallPreview) Validate() error { return c.targetFlags.validate(true) }

// Help is printed below the summary.
func (*recallPreview) Help() string { return exitCodesHelp }

// Run previews a recall.
func (c *recallPreview) Run(ctx context.Context, s streams) error {
	targets, err := c.targets(s)
	if err != nil {
		return err
	}
	server, err := c.open()
	if err != nil {
		return err
	}
	preview := previewAnswer{}
	raw, err := server.call(ctx, "preview_recall", repeatable, previewRequest{targets, c.scope()}, &preview)
	if err := c.answer(s, raw, err); err != nil {
		return err
	}
	if !c.JSON {
		printPreview(s.out, preview.Results)
	}
	return partFailed(preview.Results)
}
