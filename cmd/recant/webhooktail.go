package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/chat"
	"github.com/recant-chat/recant/client"
	"github.com/recant-chat/recant/webhook"
)

const (
	// watchWait is how many seconds one call of watch_webhook waits; 2 are allowed.
	watchWait = 2
	// lostPause is the pause before a server that does not answer is asked again.
	lostPause = 500 * time.Millisecond
)

// webhookTail is `recant webhook tail`.
type webhookTail struct {
	Command []string `sep:"none" placeholder:"name" help:"Only a webhook, such as Group.CallbackAfterSendMsg; may be given several times."`
	serverFlags
}

// Help is printed below the summary.
func (*webhookTail) Help() string {
	return `Each is printed with its time, what became of it, its query parameters but for the signature, and its body; with --json as one JSON object a line. Outcomes: ok; timeout; failed, no connection or none that is accepted; answered, with anything but 200; dropped, given up; off, not switched on and not sent.

Nothing needs to be configured to see what would be sent. It ends at Ctrl-C and goes on after a restart of the server.`
}

// Run prints until the context ends.
func (c *webhookTail) Run(ctx context.Context, s streams) error {
	t := tail{command: c, streams: s}
	for first := true; ctx.Err() == nil; first = false {
		err := t.next(ctx, first)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
		case first || !t.waits(err):
			return c.answer(s, nil, err)
		default:
			select {
			case <-ctx.Done():
			case <-time.After(lostPause):
			}
		}
	}
	return nil
}

// tail is a run of webhookTail.
type tail struct {
	command *webhookTail
	streams
	server *caller // nil while it is to be looked for
	after  uint64  // number of the newest webhook that was seen
	lost   bool    // and the person was told so
}

// waits reports whether what failed may come right again, and says so once.
func (t *tail) waits(err error) bool {
	var lost *client.LostError
	if t.server != nil && !errors.As(err, &lost) && !client.CodeOf(err).Temporary() {
		return false
	}
	if !t.lost {
		fmt.Fprintf(t.log, "%v; waiting for the server\n", explained(err, t.command.origin))
	}
	t.server, t.lost = nil, true // it may be at another address
	return true
}

// next prints what has come since.
func (t *tail) next(ctx context.Context, first bool) (err error) {
	if t.server == nil {
		if t.server, err = t.command.open(); err != nil {
			return err
		}
	}
	retry := client.Retry{} // a server that was never reached is likely another's
	if !first {
		retry.Attempts = 1
	}
	page, err := t.server.WithRetry(retry).WatchWebhook(ctx, &client.WatchWebhookRequest{After: &t.after, WaitSeconds: new(watchWait)})
	if err != nil {
		return err
	}
	as := struct{ Webhooks []jsontext.Value }{} // as they came
	if err := json.Unmarshal(t.server.answer, &as, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
		return err
	}
	if t.lost {
		fmt.Fprintf(t.log, "the server is back; what it sent before this is not shown\n")
		t.lost = false
	}
	for i, w := range page.Webhooks {
		if t.after > 0 && w.Num > t.after+1 {
			fmt.Fprintf(t.log, "%s came too fast to be shown\n", many(int(w.Num-t.after-1), "webhook"))
		}
		t.after = w.Num
		if only := t.command.Command; len(only) > 0 && !slices.Contains(only, w.CallbackCommand) {
			continue
		}
		if err := t.print(as.Webhooks[i], &w); err != nil {
			return err
		}
	}
	t.after = page.Next
	return nil
}

func (t *tail) print(raw jsontext.Value, w *client.WatchedWebhook) error {
	if !t.command.JSON {
		return printWebhook(t.out, w, t.server.sdkAppID)
	}
	_, err := fmt.Fprintf(t.out, "%s\n", raw)
	return err
}

// printWebhook writes a webhook for people.
func printWebhook(to io.Writer, w *client.WatchedWebhook, sdkAppID uint32) error {
	query := webhook.Parameters(sdkAppID, chat.Callback{
		Command: w.CallbackCommand, ClientIP: w.ClientIP, Platform: w.OptPlatform, RequestID: w.RequestID,
	})
	body := w.Body.Clone()
	err := body.Indent(jsontext.WithIndent("  "), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return err
	}
	var lines strings.Builder
	fmt.Fprintf(&lines, "%s  %s  %s\n?%s\n", time.UnixMilli(w.Time).Format("2006-01-02T15:04:05.000Z07:00"), shown(w.Outcome), shown(w.CallbackCommand), query)
	for line := range strings.SplitSeq(string(body), "\n") {
		lines.WriteString(shown(line) + "\n")
	}
	_, err = io.WriteString(to, lines.String()+"\n")
	return err
}
