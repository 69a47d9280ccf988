package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/recant-chat/recant/client"
)

// webhookCommand is `recant webhook`: what a server tells an application's
// backend.
type webhookCommand struct {
	Tail   webhookTail   `cmd:"" help:"Print webhooks as they are sent, or as they would be if they were switched on."`
	Replay webhookReplay `cmd:"" help:"Send webhooks about past events again."`
	Status webhookStatus `cmd:"" help:"Say how the delivery of webhooks stands."`
}

func newWebhookCommand() webhookCommand {
	return webhookCommand{
		Tail:   webhookTail{serverFlags: newServerFlags()},
		Replay: webhookReplay{serverFlags: newServerFlags()},
		Status: webhookStatus{serverFlags: newServerFlags()},
	}
}

// Help is printed by `recant webhook --help` below the summary.
func (*webhookCommand) Help() string {
	return `They call a server over the network, as recant recall does: as an admin of an application whose key they sign with. Without --url the server is the one whose data directory --data is.`
}

// webhookStatus is `recant webhook status`.
type webhookStatus struct{ serverFlags }

// Run says how the delivery stands.
func (c *webhookStatus) Run(ctx context.Context, s streams) error {
	server, err := c.open()
	if err != nil {
		return err
	}
	status, err := server.GetWebhookStatus(ctx)
	if err := c.answer(s, server.answer, err); err != nil {
		return err
	}
	if !c.JSON {
		printStatus(s.out, status)
	}
	return nil
}

func printStatus(to io.Writer, a *client.GetWebhookStatusResponse) {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) { fmt.Fprintf(w, name+"\t"+format+"\n", args...) }
	line("Waiting", "%d, counting groups, topics and accounts", a.LaneNum)
	if a.OldestSeconds > 0 {
		line("Oldest", "%v", time.Duration(a.OldestSeconds)*time.Second)
	}
	line("Delivered", "%d since the server started", a.ToldNum)
	line("Given up", "%d since the server started", a.GivenUpNum)
	w.Flush()
}
