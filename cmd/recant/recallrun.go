package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/recant-chat/recant/client"
)

// maxFence is the longest fence (spec 08 section 2.2).
const maxFence = time.Hour

// recallRun is `recant recall run`.
type recallRun struct {
	targetFlags
	scopeFlags
	Reason         string        `placeholder:"text" help:"Why; kept in the audit record and never shown to members."`
	Notify         string        `enum:"silent,summary,each" default:"silent" help:"Who is told: silent (nobody), summary (one event per target) or each (every message, as group_msg_recall does)."`
	Fence          time.Duration `placeholder:"duration" help:"So long, what the senders still send is born recalled; at most 1h."`
	MaxMessages    *int64        `placeholder:"n" help:"Refuse to recall anything where more messages than this match."`
	MaxShare       *int64        `placeholder:"percent" help:"Refuse to recall anything where more than this share of the scanned numbers match."`
	NoGrowth       bool          `help:"Refuse where a target matches more than the preview showed."`
	Plan           string        `placeholder:"token" help:"Carry out a preview's PlanToken, in place of targets and scope; with --yes alone, because its counts were shown by the preview."`
	IdempotencyKey string        `placeholder:"text" help:"With --yes: the same call with the same key again answers the first one's result and does nothing, for 24 hours. Made up where it is not given, so that the call may be repeated while it gets no answer."`
	Yes            bool          `help:"Do it at once, without preview and question."`
	serverFlags
}

// Validate checks what flags mean together.
func (c *recallRun) Validate() error {
	switch {
	case c.Fence < 0 || c.Fence > maxFence || c.Fence%time.Second != 0:
		return errors.New("--fence should be whole seconds, at most 1h")
	case c.NoGrowth && c.Yes && c.Plan == "":
		return errors.New("--no-growth needs a preview to compare with: leave out --yes, or give --plan")
	case c.Plan == "":
		return c.targetFlags.validate(true)
	case !c.Yes:
		return errors.New("--plan needs --yes: what it would recall was shown by the preview")
	case c.given() || c.scope() != nil:
		return errors.New("--plan stands in place of targets and scope")
	}
	return nil
}

// Help is printed below the summary.
func (*recallRun) Help() string {
	return `First it makes a preview, shows the counts and asks; then it recalls exactly that plan, and what the senders have posted since (--no-growth refuses then). With --yes it does not ask.

` + exitCodesHelp
}

// Run recalls.
func (c *recallRun) Run(ctx context.Context, s streams) error {
	targets, err := c.targets(s)
	if err != nil {
		return err
	}
	if !c.Yes && !isTerminal(s.in) {
		return errNoTerminal // before a preview is in the audit record
	}
	server, err := c.open()
	if err != nil {
		return err
	}
	request := c.request()
	shown := uint32(0)
	switch {
	case c.Plan != "":
		request.PlanToken = &c.Plan
	case c.Yes:
		request.Targets, request.Scope = targets, c.scope()
	default:
		var token string
		if token, shown, err = c.ask(ctx, s, server, targets); err != nil || token == "" {
			return err
		}
		request.PlanToken = &token
	}
	recalled, err := server.RecallBySender(ctx, request)
	if err := c.answer(s, server.answer, err); err != nil {
		var lost *client.LostError
		if errors.As(err, &lost) && lost.Reached {
			return fmt.Errorf("%w. recant recall list tells. The same call does nothing twice with %s", err, again(request))
		}
		return err
	}
	if !c.JSON {
		printRecalled(s.out, recalled, shown, c.Yes)
	}
	return partFailed(recalled.Results, recalledCode)
}

// request is the call without what it is to recall.
func (c *recallRun) request() *client.RecallBySenderRequest {
	request := &client.RecallBySenderRequest{
		Reason: given(c.Reason), Notify: &c.Notify, FenceSeconds: given(int64(c.Fence / time.Second)), AllowGrowth: new(1),
		IdempotencyKey: new(cmp.Or(c.IdempotencyKey, uuid.NewString())),
	}
	if c.NoGrowth {
		request.AllowGrowth = new(0)
	}
	if c.MaxMessages != nil || c.MaxShare != nil {
		request.Guard = &client.RecallGuard{MaxMsgNum: c.MaxMessages, MaxSharePercent: c.MaxShare}
	}
	return request
}

// again are the flags that make a call the same as this one.
func again(r *client.RecallBySenderRequest) string {
	flags := "--yes --idempotency-key " + quote(*r.IdempotencyKey)
	if r.PlanToken != nil {
		flags += " --plan " + quote(*r.PlanToken)
	}
	return flags
}

// ask makes a preview and asks. It returns the plan that was confirmed and how
// many messages it showed; "" where there is nothing to recall.
func (c *recallRun) ask(ctx context.Context, s streams, server *caller, targets []client.RecallTarget) (token string, matched uint32, err error) {
	preview, err := server.PreviewRecall(ctx, &client.PreviewRecallRequest{Targets: targets, Scope: c.scope()})
	if err != nil {
		return "", 0, c.answer(s, nil, err)
	}
	printPreview(s.log, preview.Results)
	served := 0
	for _, r := range preview.Results {
		matched += r.MatchedNum
		if r.ErrorCode == 0 {
			served++
		}
	}
	if served == 0 || matched == 0 && c.Fence == 0 {
		return "", 0, c.answer(s, server.answer, partFailed(preview.Results, previewCode))
	}
	question := fmt.Sprintf("Recall %s", many(int(matched), "message"))
	if !c.NoGrowth && c.BeforeSeq == 0 && c.Before.unix == 0 {
		question += ", and what is posted until you answer"
	}
	if c.Fence > 0 {
		question += fmt.Sprintf(", and all that is posted in the %v after it", c.Fence)
	}
	return preview.PlanToken, matched, s.confirm(ctx, question+"?")
}

// recallRestore is `recant recall restore`.
type recallRestore struct {
	Operation string `arg:"" help:"OperationId of the recall."`
	targetFlags
	Reason string `placeholder:"text" help:"Why; kept in the audit record."`
	serverFlags
}

// Validate checks what flags mean together.
func (c *recallRestore) Validate() error { return c.targetFlags.validate(false) }

// Help is printed below the summary.
func (*recallRestore) Help() string {
	return `With --group, --topic and --sender, or --targets, only those of its targets; otherwise all of them. A message that another recall covers too stays hidden.

` + exitCodesHelp
}

// Run restores.
func (c *recallRestore) Run(ctx context.Context, s streams) error {
	targets, err := c.targets(s)
	if err != nil {
		return err
	}
	server, err := c.open()
	if err != nil {
		return err
	}
	request := &client.RestoreRecallRequest{OperationID: c.Operation, Reason: given(c.Reason)}
	for _, t := range targets {
		request.Targets = append(request.Targets, client.RestoreTarget{GroupID: t.GroupID, TopicID: t.TopicID, SenderAccount: given(t.SenderAccount)})
	}
	restored, err := server.RestoreRecall(ctx, request)
	if err := c.answer(s, server.answer, err); err != nil {
		return err
	}
	if !c.JSON {
		printRestored(s.out, restored.Results)
	}
	return partFailed(restored.Results, restoredCode)
}
