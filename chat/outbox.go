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
	trusted map[string]trustedMark // by lane
}

// trustedMark is what this process has written of a lane.
type trustedMark struct {
	until     int64  // the mark is relied on until then
	day       uint32 // the lane is listed under
	looseHour int64  // is listed
}

// maxTrusted bounds the lanes remembered; one that is forgotten is marked anew.
const maxTrusted = 100_000

// mark marks a lane before a commit that may give it an event. mark holds what
// the lane's events need to be made.
func (o *outbox) mark(ctx context.Context, lane string, m *record.EventMark) error {
	now := o.app.now()
	trusted := o.of(lane)
	if trusted.until > now {
		return nil
	}
	m.Until, m.Writer, m.Opening = now+markSeconds, o.app.deliverer.holder, o.app.deliverer.opening
	day := uint32(now / secondsPerDay)
	put := func(p store.Partition, key, value []byte) error {
		if err := o.app.store.Put(ctx, p, []store.Mutation{store.Set(key, value)}); err != nil {
			return fmt.Errorf("mark events to deliver: %w", err)
		}
		return nil
	}
	if trusted.day != day {
		if err := o.app.listEventDay(ctx, day); err != nil {
			return err
		}
		if err := put(record.EventDayPartition(o.app.id, day, record.EventDayShard(lane)), []byte(lane), encode(m)); err != nil {
			return err
		}
	}
	if err := put(record.EventLanePartition(o.app.id, lane), record.LaneMarkKey(lane), encode(m)); err != nil {
		return err
	}
	if err := o.app.putMark(ctx, lane, m); err != nil {
		return err
	}
	o.trust(lane, func(t *trustedMark) { t.until, t.day = now+markTrusted, day })
	return nil
}

func (o *outbox) of(lane string) trustedMark {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.trusted[lane]
}

func (o *outbox) trust(lane string, change func(*trustedMark)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.trusted == nil || len(o.trusted) >= maxTrusted {
		o.trusted = map[string]trustedMark{}
	}
	t := o.trusted[lane]
	change(&t)
	o.trusted[lane] = t
}

// putMark enters a mark in the index of all.
func (a *App) putMark(ctx context.Context, lane string, m *record.EventMark) error {
	row := store.Set(record.EventMarkKey(lane, m.Until, m.Writer), encode(m))
	if err := a.store.Put(ctx, record.EventMarksPartition(a.id, m.Until/secondsPerHour), []store.Mutation{row}); err != nil {
		return fmt.Errorf("mark events to deliver: %w", err)
	}
	return nil
}

// listEventDay enters a day in the list of those on which lanes were marked.
func (a *App) listEventDay(ctx context.Context, day uint32) error {
	if _, listed := a.eventDays.Load(day); listed {
		return nil
	}
	row := []store.Mutation{store.Set(record.EventDayKey(day), nil)}
	if err := a.store.Put(ctx, record.EventDaysPartition(a.id), row); err != nil {
		return fmt.Errorf("list a day of events: %w", err)
	}
	a.eventDays.Store(day, nil)
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

// looseHour is the hour, counted from 1970, of a tick.
func looseHour(number uint64) int64 { return int64(number >> 12 / (1000 * secondsPerHour)) }

// listLoose lists an hour of which a lane is about to have loose events.
func (o *outbox) listLoose(ctx context.Context, lane string, hour int64) error {
	if o.of(lane).looseHour == hour {
		return nil
	}
	row := store.Set(record.LooseHourKey(hour), nil)
	if err := o.app.store.Put(ctx, record.EventLanePartition(o.app.id, lane), []store.Mutation{row}); err != nil {
		return fmt.Errorf("list loose events: %w", err)
	}
	o.trust(lane, func(t *trustedMark) { t.looseHour = hour })
	return nil
}

// looseEvent tells of something that no commit reports: that a message was
// refused, or handed to those who are online without being stored. after is the
// message that is to be told of before, 0 for none.
func (a *App) looseEvent(ctx context.Context, lane string, m *record.EventMark, op Operator, command string, body any, after uint32) {
	event := a.newEvent(op, command, body)
	event.After = after
	number := uint64(a.ids.tick(a.clock()))
	err := a.outbox.mark(ctx, lane, m)
	if err == nil {
		err = a.outbox.listLoose(ctx, lane, looseHour(number))
	}
	if err == nil {
		row := store.Set(record.LooseEventKey(number, event.Id), encode(event))
		err = a.store.Put(ctx, record.LooseEventsPartition(a.id, lane, looseHour(number)), []store.Mutation{row})
	}
	if err != nil {
		a.log.Error("an event was lost", "command", command, "error", err)
		return
	}
	a.deliverer.wake(lane)
}
