package chat

import (
	"context"
	"fmt"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// What the application is to be told of follows from the commit that it
// reports: it is a row of that commit, or the message or recall itself, marked
// as one to tell of. A lane is what is delivered in order: the events of one
// group, of one account or of one conversation. Which lanes may have something
// to deliver is in an index: a lane's mark is written before the commit that
// gives it an event, and stays valid for a while, so that a busy lane is marked
// once a minute and not with every event. Whoever delivers removes a mark only
// when it has long ceased to be valid (decision 0023).

const (
	// markSeconds is how long a mark is valid.
	markSeconds = 120
	// markTrusted is how long a process relies on a mark that it has written: a
	// commit that begins then is over before the mark is removed.
	markTrusted = 60
)

// outbox marks lanes.
type outbox struct {
	app *App

	mu      sync.Mutex
	trusted map[string]int64 // until when this process relies on the mark, by lane
}

// maxTrusted bounds the lanes remembered; one that is forgotten is marked anew.
const maxTrusted = 100_000

// mark marks a lane before a commit that may give it an event. mark holds what
// the lane's events need to be made.
func (o *outbox) mark(ctx context.Context, lane string, m *record.EventMark) error {
	now := o.app.now()
	o.mu.Lock()
	trusted := o.trusted[lane] > now
	o.mu.Unlock()
	if trusted {
		return nil
	}
	m.Until, m.Writer, m.Opening = now+markSeconds, o.app.deliverer.holder, o.app.deliverer.opening
	rows := []store.Mutation{
		store.Set(record.EventMarkKey(lane, m.Until, m.Writer), encode(m)),
		store.Set(record.EventDayKey(uint32(now/secondsPerDay), lane), encode(m)),
	}
	if err := o.app.store.Put(ctx, record.EventsPartition(o.app.id), rows); err != nil {
		return fmt.Errorf("mark events to deliver: %w", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.trusted == nil || len(o.trusted) >= maxTrusted {
		o.trusted = map[string]int64{}
	}
	o.trusted[lane] = now + markTrusted
	return nil
}

// marked is called after a commit that gave a lane an event: it is to be
// delivered soon. A commit that took longer than its mark is relied on marks the
// lane again.
func (o *outbox) marked(ctx context.Context, lane string, m *record.EventMark) {
	if err := o.mark(ctx, lane, m); err != nil {
		o.app.log.Error("an event may be delivered late", "error", err)
	}
	o.app.deliverer.wake(lane)
}

// encodeBody is the JSON of a callback's body.
func encodeBody(body any) []byte {
	text, err := json.Marshal(body, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true), jsontext.PreserveRawStrings(true))
	if err != nil {
		panic("chat: callback cannot be encoded: " + err.Error())
	}
	return text
}

// causeOf is who causes an event with a call, now.
func (a *App) causeOf(op Operator) *record.Cause {
	return &record.Cause{ClientIp: op.RemoteIP, Time: a.eventTime()}
}

// eventTime is the EventTime of an event that happens now, Unix milliseconds.
func (a *App) eventTime() int64 { return a.clock().UnixMilli() }

// maxEventBytes bounds the body of an event row; it must fit into a commit
// beside the change.
const maxEventBytes = 768 << 10

// newEvent makes the row of an event.
func (a *App) newEvent(op Operator, command string, body any) *record.Event {
	id := uuid.New()
	return &record.Event{Command: command, Body: encodeBody(body), Cause: a.causeOf(op), Id: id[:]}
}

// event stages an event of the group, to be told of once the change is
// committed.
func (g *groupChange) event(op Operator, command string, body any) {
	if !g.app.wants(command) {
		return
	}
	g.head.Events++
	g.set(record.EventKey(g.head.Events), g.app.newEvent(op, command, body))
	g.tells = true
}

// looseEvent tells of something that no commit reports: that a message was
// refused, or handed to those who are online without being stored. after is the
// message that is to be told of before, 0 for none.
func (a *App) looseEvent(ctx context.Context, lane string, m *record.EventMark, op Operator, command string, body any, after uint32) {
	event := a.newEvent(op, command, body)
	event.After = after
	number := uint64(a.ids.tick(a.clock()))
	row := []store.Mutation{store.Set(record.LooseEventKey(lane, number, event.Id), encode(event))}
	err := a.outbox.mark(ctx, lane, m)
	if err == nil {
		err = a.store.Put(ctx, record.EventsPartition(a.id), row)
	}
	if err != nil {
		a.log.Error("an event was lost", "command", command, "error", err)
		return
	}
	a.deliverer.wake(lane)
}
