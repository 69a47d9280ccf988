package chat

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/recant-chat/recant/store/record"
	"google.golang.org/protobuf/proto"
)

// replaySeconds bounds how long one part of a replay takes, beside the call
// that is under way at its end.
const replaySeconds = 1

// Replay is which after-events are to be sent again.
type Replay struct {
	GroupID  string   // with all its topics; of a destroyed one its own events alone
	Account  string   // instead of a group: events of an account's profile
	From, To int64    // Unix seconds, both included
	Commands []string // empty is all
	Next     string   // of the answer before, "" at first
}

// Replayed is what a part of a replay has done.
type Replayed struct {
	Sent int
	Next string // to go on with, "" once all was sent
}

// Replay sends after-events of a group again, each with the RequestID and body
// that it had, in order within the group's head and each conversation. Events
// that report a commit can be sent again as long as they are kept, messages as
// long as the history has them. One call takes about a second and may have to be
// followed by more.
//
// Errors: CodeInvalid (times, Next), CodeBadGroupID, CodeGroupNotFound,
// CodeNoReceiver, CodeReplayFailed when the backend does not take an event:
// what came before it was sent.
func (a *App) Replay(ctx context.Context, r Replay) (*Replayed, error) {
	if r.From < 0 || r.To < r.From {
		return nil, Refuse(CodeInvalid, "FromTime %d and ToTime %d are no span of time", r.From, r.To)
	}
	if a.webhooks.Receiver == nil {
		return nil, Refuse(CodeNoReceiver, "no webhook is configured for this application")
	}
	place := &record.ReplayPlace{}
	if r.Next != "" {
		content, err := a.open(ctx, sealReplay, r.Next)
		if errors.Is(err, errBadToken) || err == nil && proto.Unmarshal(content, place) != nil {
			return nil, Refuse(CodeInvalid, "Next was not answered by this command")
		}
		if err != nil {
			return nil, err
		}
	}
	lanes, err := a.lanesOf(ctx, &r)
	if err != nil {
		return nil, err
	}
	if place.Lane != "" && !slices.ContainsFunc(lanes, func(l groupLane) bool { return l.lane == place.Lane }) {
		return nil, Refuse(CodeInvalid, "Next is of a topic that was destroyed meanwhile")
	}
	done, until := &Replayed{}, time.Now().Add(replaySeconds*time.Second)
	for i, l := range lanes {
		if place.Lane != "" && place.Lane != l.lane {
			continue
		}
		cursor := place.Cursor
		if place.Lane = ""; cursor == nil {
			if cursor, err = l.from(ctx, r.From); err != nil {
				return nil, err
			}
		}
		place.Cursor = nil
		finished, err := a.replayLane(ctx, &r, l, cursor, done, until)
		if err != nil {
			return nil, err
		}
		next := &record.ReplayPlace{Lane: l.lane, Cursor: cursor}
		if finished {
			if i == len(lanes)-1 {
				break
			}
			next = &record.ReplayPlace{Lane: lanes[i+1].lane}
		}
		if !finished || time.Now().After(until) {
			done.Next, err = a.seal(ctx, sealReplay, encode(next))
			return done, err
		}
	}
	return done, nil
}

// replayLane sends what a lane has after a cursor, and reports whether that was
// all of it.
func (a *App) replayLane(ctx context.Context, r *Replay, l groupLane, cursor *record.EventCursor, done *Replayed, until time.Time) (bool, error) {
	for {
		events, more, err := a.eventsAfter(ctx, l.lane, l.mark, cursor)
		if err != nil {
			return false, err
		}
		for _, e := range events {
			asked := e.time >= r.From*1000 && e.time < (r.To+1)*1000 &&
				(len(r.Commands) == 0 || slices.Contains(r.Commands, e.call.Command))
			if asked && a.receives(e.call.Command) {
				if time.Now().After(until) {
					return false, nil
				}
				if err := a.webhooks.Receiver.Tell(ctx, e.call); err != nil {
					return false, Refuse(CodeReplayFailed, "the webhook did not take %s (RequestID %s) after %d others: %v",
						e.call.Command, e.call.RequestID, done.Sent, err)
				}
				done.Sent++
			}
			e.advance(cursor)
		}
		switch {
		case !more:
			return true, nil
		case time.Now().After(until):
			return false, nil
		}
	}
}

// groupLane is one lane of a group's events.
type groupLane struct {
	lane   string
	mark   *record.EventMark
	stream *stream // nil for the group's own events
}

// lanesOf returns the lanes of what is to be replayed, a group's own events first.
func (a *App) lanesOf(ctx context.Context, r *Replay) ([]groupLane, error) {
	if r.Account != "" {
		if !ValidUserID(r.Account) {
			return nil, Refuse(CodeInvalid, "UserID %q is not a valid UserID", r.Account)
		}
		return []groupLane{{lane: record.UserLane(r.Account), mark: &record.EventMark{}}}, nil
	}
	var lanes []groupLane
	err := a.view(ctx, r.GroupID, func(g *groupState) error {
		own := g.stream()
		lanes = []groupLane{
			{lane: record.GroupLane(g.id), mark: &record.EventMark{}},
			{lane: record.ConversationLane(own.id), mark: g.markOf(""), stream: own},
		}
		beside, err := g.besideLanes(ctx, own)
		if err != nil {
			return err
		}
		lanes = append(lanes, beside...)
		topics, err := g.topics(ctx)
		for _, t := range topics {
			s := g.topicStream(t.record)
			lanes = append(lanes, groupLane{lane: record.ConversationLane(s.id), mark: g.markOf(t.id), stream: s})
		}
		return err
	})
	if CodeOf(err) == CodeGroupNotFound {
		return a.lanesOfDestroyed(ctx, r.GroupID, err)
	}
	return lanes, err
}

// lanesOfDestroyed returns the lane of what a group that is gone had to tell, the
// end of it last, or unknown where there never was such a group.
func (a *App) lanesOfDestroyed(ctx context.Context, groupID string, unknown error) ([]groupLane, error) {
	g, err := a.readGroupHead(ctx, groupID)
	switch {
	case err != nil:
		return nil, err
	case g.head.Events == 0:
		return nil, unknown
	}
	return []groupLane{{lane: record.GroupLane(groupID), mark: &record.EventMark{}}}, nil
}

// besideLanes returns the lanes of what happened beside the group's log.
func (g *groupState) besideLanes(ctx context.Context, s *stream) ([]groupLane, error) {
	if !g.rules().besides {
		return nil, nil
	}
	newest, err := s.newestBucket(ctx)
	if err != nil {
		return nil, err
	}
	c, _, _, err := g.app.readConversation(ctx, s.id)
	if err != nil {
		return nil, err
	}
	var lanes []groupLane
	for bucket := c.FirstBucket; bucket <= newest; bucket++ {
		lanes = append(lanes, groupLane{lane: record.BesideLane(s.id, bucket), mark: g.markOf("")})
	}
	return lanes, nil
}

// from is the cursor from which a lane has all events since a time.
func (l *groupLane) from(ctx context.Context, since int64) (*record.EventCursor, error) {
	cursor := &record.EventCursor{}
	if l.stream == nil || !l.stream.kept {
		return cursor, nil
	}
	head, err := l.stream.current(ctx)
	if err != nil || head.LastOrdinarySeq == 0 {
		return cursor, err
	}
	// Messages that were sent at one time may be told of with a time before.
	cursor.Seq, err = l.stream.olderThan(ctx, head, 0, since-1, (*record.Header).GetTime)
	return cursor, err
}
