package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/client"
	"github.com/recant-chat/recant/internal/evidence"
)

// recallExport is `recant recall export`.
type recallExport struct {
	Operation string `arg:"" help:"OperationId of the recall."`
	Out       string `short:"o" required:"" placeholder:"file.zip" help:"Archive to write."`
	serverFlags
}

// Help is printed below the summary.
func (*recallExport) Help() string {
	return `What has come so far is kept in FILE.zip.partial. After an interruption of either side the same command goes on from there. The archive appears whole or not at all, and is verified once it is written.

Exit codes: 0 done; 1 failed, or the archive does not verify; 2 wrong usage.`
}

// exported is what export prints for programs.
type exported struct {
	File        string   `json:"File"`
	Size        int64    `json:"Size"`
	SHA256      string   `json:"SHA256"` // of the archive itself
	OperationID string   `json:"OperationId"`
	MessageNum  uint32   `json:"MessageNum"`
	ChainHash   string   `json:"ChainHash"`
	Problems    []string `json:"Problems"` // of the archive, as recall verify finds them
}

// Run exports.
func (c *recallExport) Run(ctx context.Context, s streams) error {
	server, err := c.open()
	if err != nil {
		return err
	}
	partial, err := c.resume(server)
	if err != nil {
		return err
	}
	defer partial.Close()
	if partial.Messages > 0 && !c.JSON {
		fmt.Fprintf(s.log, "Going on after %s of %s.\n", many(int(partial.Messages), "message"), c.partialFile())
	}
	if err := c.fetch(ctx, s, server, partial); err != nil {
		return c.answer(s, nil, err)
	}
	manifest, err := c.manifest(ctx, server, partial)
	if err != nil {
		return c.answer(s, nil, err)
	}
	if err := sayWhatIsMissing(s, manifest); err != nil {
		return err
	}
	archive, err := evidence.Write(c.Out, manifest, partial.Lines())
	if err != nil {
		return err
	}
	report, err := evidence.Verify(c.Out)
	if err != nil {
		return err
	}
	if err := partial.Remove(); err != nil {
		return err
	}
	if c.JSON {
		whole, err := json.Marshal(exported{
			c.Out, archive.Size, archive.SHA256, c.Operation, partial.Messages, partial.ChainHash, problemTexts(report),
		}, jsontext.AllowInvalidUTF8(true))
		if err := c.answer(s, whole, err); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(s.out, "%s has %s.\nChainHash  %s\nSHA-256    %s (of the archive itself)\n",
			c.Out, many(int(partial.Messages), "message"), partial.ChainHash, archive.SHA256)
	}
	return reportError(s, c.Out, report)
}

func (c *recallExport) partialFile() string { return c.Out + ".partial" }

// resume opens what an earlier run has left, or begins. An archive that is
// there is never replaced, unless by the run that is finished now.
func (c *recallExport) resume(server *caller) (*evidence.Partial, error) {
	_, err := os.Stat(c.partialFile())
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(c.Out); err == nil {
			return nil, fmt.Errorf("%s exists already", c.Out)
		}
	}
	partial, err := evidence.OpenPartial(c.partialFile(), evidence.Source{SDKAppID: server.sdkAppID, OperationID: c.Operation})
	if err != nil {
		return nil, fmt.Errorf("%w; remove %s to begin anew", err, c.partialFile())
	}
	return partial, nil
}

// fetch takes the pages that are missing.
func (c *recallExport) fetch(ctx context.Context, s streams, server *caller, partial *evidence.Partial) error {
	if partial.Complete {
		return nil
	}
	total := uint32(0) // not known where it was not counted
	found, err := server.operation(ctx, c.Operation)
	if err != nil {
		return c.unbegun(partial, err)
	}
	if n, counted := covered(&found.Operation); counted {
		total = n
	}
	bar := s.newProgress(int64(total), "exporting")
	defer bar.leave()
	for !partial.Complete {
		bar.set(int64(partial.Messages), 0)
		_, err := server.ExportRecallEvidence(ctx, &client.ExportRecallEvidenceRequest{OperationID: c.Operation, Next: given(partial.Next)})
		if err != nil {
			return c.unbegun(partial, err)
		}
		if err := partial.Append(server.answer); err != nil {
			return fmt.Errorf("export_recall_evidence: %w", err)
		}
	}
	bar.finish(int64(partial.Messages))
	return nil
}

// unbegun leaves no file behind where nothing has come yet, and says how to go
// on where something has.
func (c *recallExport) unbegun(partial *evidence.Partial, err error) error {
	if partial.Messages == 0 {
		return errors.Join(err, partial.Remove())
	}
	var refused *client.Error
	if errors.As(err, &refused) {
		return fmt.Errorf("%w; if it does not know the operation or where it was, remove %s to begin anew", err, c.partialFile())
	}
	return fmt.Errorf("%w; the same command goes on from %s", err, c.partialFile())
}

// manifest describes the export, with the operation as it is now.
func (c *recallExport) manifest(ctx context.Context, server *caller, partial *evidence.Partial) (*evidence.Manifest, error) {
	found := struct {
		Operation jsontext.Value `json:"Operation"`
		Erasure   jsontext.Value `json:"Erasure"`
		Log       jsontext.Value `json:"Log"`
	}{}
	if _, err := server.operation(ctx, c.Operation); err != nil {
		return nil, c.unbegun(partial, err)
	}
	if err := json.Unmarshal(server.answer, &found, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, fmt.Errorf("get_recall_operation: %w", err)
	}
	return &evidence.Manifest{
		Program: "recant " + versionText(), Server: server.base, SDKAppID: server.sdkAppID, ExportedBy: server.admin,
		ExportTime: time.Now().Unix(), OperationID: c.Operation, MessageNum: partial.Messages, ChainHash: partial.ChainHash,
		Operation: found.Operation, Erasure: found.Erasure, Log: found.Log,
	}, nil
}

// sayWhatIsMissing tells a person of messages that the recall counted and that
// are not there any more.
func sayWhatIsMissing(s streams, manifest *evidence.Manifest) error {
	operation := client.RecallOperation{}
	if err := json.Unmarshal(manifest.Operation, &operation); err != nil {
		return fmt.Errorf("get_recall_operation: %w", err)
	}
	if n, counted := covered(&operation); counted && n > manifest.MessageNum {
		fmt.Fprintf(s.log, "The recall counted %s, of which %d are gone: they have expired, or their group or topic was destroyed.\n",
			many(int(n), "message"), n-manifest.MessageNum)
	}
	return nil
}

// recallVerify is `recant recall verify`.
type recallVerify struct {
	File string `arg:"" help:"Archive that recant recall export wrote."`
	JSON bool   `name:"json" help:"Print one JSON document."`
}

// Help is printed below the summary.
func (*recallVerify) Help() string {
	return `It checks the hash of every file, the chain of hashes over the stored records, that what can be read in each message is what its stored records say, and that number and last hash are those that the server told. Whether the whole is what the server gave, its audit record tells: compare the ChainHash with that of the export in recant recall show.

Exit codes: 0 all is as it was written; 1 something differs, or the file cannot be read; 2 wrong usage.`
}

// verified is what verify prints for programs.
type verified struct {
	File        string   `json:"File"`
	OK          bool     `json:"OK"`
	OperationID string   `json:"OperationId"`
	MessageNum  uint32   `json:"MessageNum"`
	ErasedNum   uint32   `json:"ErasedNum"`
	ChainHash   string   `json:"ChainHash"`
	Problems    []string `json:"Problems"`
}

// Run verifies.
func (c *recallVerify) Run(s streams) error {
	report, err := evidence.Verify(c.File)
	if err != nil {
		return err
	}
	result := verified{
		File: c.File, OK: len(report.Problems) == 0, MessageNum: report.Messages, ErasedNum: report.Erased,
		ChainHash: report.ChainHash.String(), Problems: problemTexts(report),
	}
	if report.Manifest != nil {
		result.OperationID = report.Manifest.OperationID
	}
	switch {
	case c.JSON:
		text, err := json.Marshal(result, jsontext.AllowInvalidUTF8(true))
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%s\n", text)
	case result.OK:
		printVerified(s.out, report)
	}
	return reportError(s, c.File, report)
}

// reportError prints what was found wrong with an archive, and is an error where
// something was.
func reportError(s streams, file string, report *evidence.Report) error {
	if len(report.Problems) == 0 {
		return nil
	}
	for _, text := range problemTexts(report) {
		fmt.Fprintln(s.log, text)
	}
	return fmt.Errorf("%s is not as it was written", filepath.Base(file))
}

func problemTexts(report *evidence.Report) []string {
	texts := []string{}
	for _, p := range report.Problems {
		texts = append(texts, p.String())
	}
	if report.Omitted > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", report.Omitted))
	}
	return texts
}
