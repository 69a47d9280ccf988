package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/recant-chat/recant/client"
)

// webhookReplay is `recant webhook replay`.
type webhookReplay struct {
	Group     string   `placeholder:"id" help:"Group whose events are sent again, with all its topics."`
	AllGroups bool     `help:"Those of all groups; with --group from that one on, in the order of their ids."`
	User      string   `placeholder:"id" help:"Account whose profile's events are sent again, instead of a group's."`
	Since     instant  `required:"" aliases:"from" placeholder:"time" help:"What happened since a time: RFC 3339 or so long ago (2h, 3d). Also --from."`
	To        instant  `placeholder:"time" help:"What happened up to a time (default now)."`
	Command   []string `sep:"none" placeholder:"name" help:"Only a webhook, such as Group.CallbackAfterSendMsg; may be given several times."`
	Next      string   `placeholder:"token" help:"Go on where a replay of --group was interrupted, as that said."`
	serverFlags
}

// Validate checks what flags mean together.
func (c *webhookReplay) Validate() error {
	switch {
	case c.User != "" && (c.Group != "" || c.AllGroups):
		return errors.New("give --user, or --group, or --all-groups")
	case c.User == "" && c.Group == "" && !c.AllGroups:
		return errors.New("give --group, --all-groups or --user")
	case c.User == "" && c.Group == "" && c.Next != "":
		return errors.New("--next needs the --group or --user that it is of")
	}
	return nil
}

// Help is printed below the summary.
func (*webhookReplay) Help() string {
	return `Each is sent as it was, with its RequestID, by which a backend knows that it is no other. Only what is switched on is sent. Messages can be sent again as long as the history has them, all else as long as webhook.keep says. Of a group that was destroyed its messages are gone, and what happened to it can be sent again. A replay that is interrupted prints how to go on.

With --json the result is one JSON document: SentNum, and where it was interrupted GroupId and Next.`
}

// Run sends again.
func (c *webhookReplay) Run(ctx context.Context, s streams) error {
	server, err := c.open()
	if err != nil {
		return err
	}
	if c.To.unix == 0 {
		c.To.unix = time.Now().Unix()
	}
	groups := []string{c.Group}
	if c.AllGroups {
		if groups, err = c.groups(ctx, server); err != nil {
			return err
		}
	}
	done := replayed{}
	bar := s.newProgress(0, "webhooks")
	defer bar.leave()
	for _, group := range groups {
		next := c.Next
		if group != c.Group {
			next = ""
		}
		if err := c.one(ctx, server, group, next, &done, bar); err != nil {
			bar.leave()
			return c.interrupted(s, &done, explained(err, c.origin))
		}
	}
	bar.finish(int64(done.Sent))
	if c.JSON {
		return c.print(s, &done)
	}
	fmt.Fprintf(s.out, "Sent %s again.\n", many(done.Sent, "webhook"))
	return nil
}

// replayed is how far a replay has come.
type replayed struct {
	Sent  int    `json:"SentNum"`
	Group string `json:"GroupId,omitzero"` // that was under way when it was interrupted
	Next  string `json:"Next,omitzero"`
}

// groups lists the groups to replay, in the order of their ids, so that one that
// is made or destroyed meanwhile does not move the others.
func (c *webhookReplay) groups(ctx context.Context, server *caller) ([]string, error) {
	var groups []string
	for id, err := range server.Groups(ctx, nil) {
		if err != nil {
			return nil, err
		}
		if id >= c.Group {
			groups = append(groups, id)
		}
	}
	slices.Sort(groups)
	return groups, nil
}

// one replays a group. One that has gone meanwhile has nothing to replay where
// all groups are meant.
func (c *webhookReplay) one(ctx context.Context, server *caller, group, next string, done *replayed, bar progress) error {
	done.Group, done.Next = group, next
	for part, err := range server.Replays(ctx, &client.ReplayWebhookRequest{
		GroupID: given(group), UserID: given(c.User), FromTime: c.Since.unix, ToTime: c.To.unix, Commands: c.Command, Next: given(next),
	}) {
		if c.AllGroups && errors.Is(err, client.CodeGroupNotFound) {
			break
		}
		if err != nil {
			return err
		}
		done.Sent, done.Next = done.Sent+part.SentNum, part.Next
		bar.set(int64(done.Sent), 0)
	}
	done.Group, done.Next = "", ""
	return nil
}

// interrupted says how far a replay came and how to go on.
func (c *webhookReplay) interrupted(s streams, done *replayed, err error) error {
	if c.JSON {
		if failed := c.print(s, done); failed != nil {
			return failed
		}
	}
	switch client.CodeOf(err) {
	case client.CodeInvalid, client.CodeGroupNotFound, client.CodeBadGroupID, client.CodeNoReceiver:
		if done.Sent == 0 && done.Next == "" {
			return err // asked again, it would be refused again
		}
	}
	subject := []string{"--group", quote(done.Group)}
	if c.User != "" {
		subject = []string{"--user", quote(c.User)}
	}
	again := append([]string{"recant webhook replay"}, subject...)
	again = append(again, "--since", clock(c.Since.unix), "--to", clock(c.To.unix))
	if c.AllGroups {
		again = append(again, "--all-groups")
	}
	for _, command := range c.Command {
		again = append(again, "--command", quote(command))
	}
	if done.Next != "" {
		again = append(again, "--next", quote(done.Next))
	}
	return fmt.Errorf("%w\n%s were sent again before that, and perhaps some more. To go on:\n  %s", err, many(done.Sent, "webhook"), strings.Join(again, " "))
}

// print prints the result for programs.
func (*webhookReplay) print(s streams, done *replayed) error {
	text, err := json.Marshal(done)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s\n", text)
	return err
}
