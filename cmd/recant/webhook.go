package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// webhookService has Recant's own commands around webhooks.
const webhookService = "webhook_http_svc"

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

// What the commands take and answer, as far as this program reads it.

type watchRequest struct {
	After uint64 `json:"After"`
	Wait  int    `json:"WaitSeconds"`
}

type watchAnswer struct {
	Webhooks []jsontext.Value `json:"Webhooks"`
	Next     uint64           `json:"Next"`
}

type watchedWebhook struct {
	Number    uint64         `json:"Num"`
	Time      int64          `json:"Time"` // Unix milliseconds
	Command   string         `json:"CallbackCommand"`
	Outcome   string         `json:"Outcome"`
	RequestID string         `json:"RequestID"`
	ClientIP  string         `json:"ClientIP"`
	Platform  string         `json:"OptPlatform"`
	Body      jsontext.Value `json:"Body"`
}

type replayRequest struct {
	GroupID  string   `json:"GroupId,omitzero"`
	UserID   string   `json:"UserID,omitzero"`
	FromTime int64    `json:"FromTime"`
	ToTime   int64    `json:"ToTime"`
	Commands []string `json:"Commands,omitempty"`
	Next     string   `json:"Next,omitzero"`
}

type replayAnswer struct {
	Sent int    `json:"SentNum"`
	Next string `json:"Next"`
}

type groupListRequest struct {
	Limit int    `json:"Limit"`
	Next  uint64 `json:"Next"`
}

type groupListAnswer struct {
	Groups []struct {
		GroupID string `json:"GroupId"`
	} `json:"GroupIdList"`
	Next uint64 `json:"Next"`
}

type statusAnswer struct {
	Lanes   int    `json:"LaneNum"`
	Oldest  int64  `json:"OldestSeconds"`
	Told    uint64 `json:"ToldNum"`
	GivenUp uint64 `json:"GivenUpNum"`
}

// webhookStatus is `recant webhook status`.
type webhookStatus struct{ serverFlags }

// Run says how the delivery stands.
func (c *webhookStatus) Run(ctx context.Context, s streams) error {
	server, err := c.open(webhookService)
	if err != nil {
		return err
	}
	status := statusAnswer{}
	raw, err := server.call(ctx, "get_webhook_status", repeatable, struct{}{}, &status)
	if err := c.answer(s, raw, err); err != nil {
		return err
	}
	if !c.JSON {
		printStatus(s.out, &status)
	}
	return nil
}

func printStatus(to io.Writer, a *statusAnswer) {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) { fmt.Fprintf(w, name+"\t"+format+"\n", args...) }
	line("Waiting", "%d, counting groups, topics and accounts", a.Lanes)
	if a.Oldest > 0 {
		line("Oldest", "%v", time.Duration(a.Oldest)*time.Second)
	}
	line("Delivered", "%d since the server started", a.Told)
	line("Given up", "%d since the server started", a.GivenUp)
	w.Flush()
}
