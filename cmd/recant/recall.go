package main

import (
	"context"

	"github.com/recant-chat/recant/client"
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
		Preview: recallPreview{serverFlags: newServerFlags()},
		Run:     recallRun{serverFlags: newServerFlags()},
		Restore: recallRestore{serverFlags: newServerFlags()},
		List:    recallList{serverFlags: newServerFlags()},
		Show:    recallShow{serverFlags: newServerFlags()},
		Export:  recallExport{serverFlags: newServerFlags()},
		Erase:   recallErase{serverFlags: newServerFlags()},
		Hold:    recallHold{serverFlags: newServerFlags()},
	}
}

// Help is printed by `recant recall --help` below the summary.
func (*recallCommand) Help() string {
	return `They call a server over the network, as an admin of an application whose key they sign with. Without --url the server is the one whose data directory --data is.

` + exitCodesHelp
}

// partFailed is the error of a call some of whose targets could not be served,
// nil for none.
func partFailed[R any](results []R, code func(R) int) error {
	failed := 0
	for _, r := range results {
		if code(r) != 0 {
			failed++
		}
	}
	if failed == 0 {
		return nil
	}
	return exitWith(exitPart, "%d of %s could not be served", failed, many(len(results), "target"))
}

func previewCode(r client.PreviewPart) int   { return r.ErrorCode }
func recalledCode(r client.RecalledPart) int { return r.ErrorCode }
func restoredCode(r client.RestoredPart) int { return r.ErrorCode }

// recallPreview is `recant recall preview`.
type recallPreview struct {
	targetFlags
	scopeFlags
	serverFlags
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
	preview, err := server.PreviewRecall(ctx, &client.PreviewRecallRequest{Targets: targets, Scope: c.scope()})
	if err := c.answer(s, server.answer, err); err != nil {
		return err
	}
	if !c.JSON {
		printPreview(s.out, preview.Results)
	}
	return partFailed(preview.Results, previewCode)
}
