package main

import (
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/recant-chat/recant/client"
)

// Intervals between two looks at work in the background.
const (
	firstLook = 100 * time.Millisecond
	lastLook  = 2 * time.Second
)

// recallErase is `recant recall erase`.
type recallErase struct {
	Operation string   `arg:"" help:"OperationId of the recall."`
	NotBefore deadline `placeholder:"time" help:"Begin then: RFC 3339, or in so long (12h, 30d)."`
	Wait      bool     `help:"Wait until it is done."`
	Yes       bool     `help:"Do it without a question."`
	serverFlags
}

// Help is printed below the summary.
func (*recallErase) Help() string {
	return `What is erased cannot be restored. Numbers, order and the audit record stay. Copies of the data directory and exported archives keep the messages.

` + exitCodesHelp
}

// erasureDone is the State of an erasure that is over.
const erasureDone = "done"

// Run erases.
func (c *recallErase) Run(ctx context.Context, s streams) error {
	if !c.Yes && !isTerminal(s.in) {
		return errNoTerminal
	}
	server, err := c.open()
	if err != nil {
		return err
	}
	if !c.Yes {
		if err := c.ask(ctx, s, server); err != nil {
			return err
		}
	}
	work, err := server.EraseRecalled(ctx, &client.EraseRecalledRequest{OperationID: c.Operation, NotBefore: given(c.NotBefore.unix)})
	if err != nil {
		return c.answer(s, nil, err)
	}
	raw := server.answer
	if c.Wait {
		if work, err = c.wait(ctx, s, server); err != nil {
			return err
		}
		if raw, err = json.Marshal(work); err != nil {
			return err
		}
	}
	if !c.JSON {
		printErasure(s.out, work)
	}
	return c.answer(s, raw, nil)
}

// ask shows what would be erased, and asks.
func (c *recallErase) ask(ctx context.Context, s streams, server *caller) error {
	found, err := server.operation(ctx, c.Operation)
	if err != nil {
		return c.answer(s, nil, err)
	}
	if found.Operation.Hold == 1 {
		return exitWith(exitRefused, "operation %s is on hold; recant recall hold --release lifts that", found.Operation.OperationID)
	}
	if e := found.Erasure; e != nil && e.State == erasureDone {
		return exitWith(exitRefused, "operation %s was erased", found.Operation.OperationID)
	}
	printTargets(s.log, found.Operation.Targets)
	what := "the messages of this operation"
	if n, counted := covered(&found.Operation); counted {
		what = many(int(n), "message")
	}
	return s.confirm(ctx, fmt.Sprintf("Erase %s for good, as far as they are still recalled?", what))
}

// covered is how many messages the operation covered when it was made, where
// that was counted.
func covered(o *client.RecallOperation) (n uint32, counted bool) {
	for _, t := range o.Targets {
		switch {
		case t.RecalledNum != nil && t.AlreadyRecalledNum != nil:
			n += *t.RecalledNum + *t.AlreadyRecalledNum
		case t.MsgSeqList != nil:
			n += uint32(len(t.MsgSeqList))
		case t.FromSeq > 0:
			return 0, false
		}
	}
	return n, true
}

// wait waits until the erasure is done.
func (c *recallErase) wait(ctx context.Context, s streams, server *caller) (*client.Erasure, error) {
	bar := s.newProgress(0, "erasing")
	defer bar.leave()
	for pause := firstLook; ; pause = min(2*pause, lastLook) {
		found, err := server.operation(ctx, c.Operation)
		if err != nil {
			return nil, c.answer(s, nil, err)
		}
		e := found.Erasure
		if e == nil {
			return nil, fmt.Errorf("the server does not know of the erasure of %s any more", c.Operation)
		}
		bar.set(int64(e.DoneNum), int64(e.TotalNum))
		if e.State == erasureDone {
			bar.finish(int64(e.DoneNum))
			return e, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("interrupted; the server goes on erasing")
		case <-time.After(pause):
		}
	}
}

// recallHold is `recant recall hold`.
type recallHold struct {
	Operation string `arg:"" help:"OperationId of the recall."`
	Release   bool   `help:"Lift the hold."`
	Reason    string `placeholder:"text" help:"Why; kept in the audit record."`
	serverFlags
}

// Help is printed below the summary.
func (*recallHold) Help() string { return exitCodesHelp }

// Run sets or lifts a hold.
func (c *recallHold) Run(ctx context.Context, s streams) error {
	server, err := c.open()
	if err != nil {
		return err
	}
	request := &client.SetRecallHoldRequest{OperationID: c.Operation, Hold: 1, Reason: given(c.Reason)}
	text := "Operation %s is on hold: what it covers is neither erased nor expires.\n"
	if c.Release {
		request.Hold, text = 0, "Operation %s is not on hold any more.\n"
	}
	err = server.SetRecallHold(ctx, request)
	if err := c.answer(s, server.answer, err); err != nil {
		return err
	}
	if !c.JSON {
		fmt.Fprintf(s.out, text, c.Operation)
	}
	return nil
}
