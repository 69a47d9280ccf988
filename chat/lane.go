package chat

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// undelivered is one event of a lane that waits to be told of. An event without
// a command only moves the cursor.
type undelivered struct {
	call    Callback
	time    int64 // Unix milliseconds
	advance func(*record.EventCursor)
	loose   []byte // key of its row, where it reports no commit
	seq     uint32 // of the message that it is about, where that is in the log; 0 for others
	after   uint32 // number of the message that is to be told of before; 0 for none
}

// readLane returns how far a lane was delivered, and the newest mark that it had;
// both are empty where there is none.
func (a *App) readLane(ctx context.Context, lane string) (*record.EventCursor, *record.EventMark, error) {
	rows, _, err := a.store.Read(ctx, record.EventLanePartition(a.id, lane),
		store.Key(record.EventCursorKey(lane)), store.Key(record.LaneMarkKey(lane)))
	if err != nil {
		return nil, nil, fmt.Errorf("read lane of events: %w", err)
	}
	cursor, mark := &record.EventCursor{}, &record.EventMark{}
	for _, row := range rows[0] {
		err = decode(row, cursor)
	}
	for _, row := range rows[1] {
		err = errors.Join(err, decode(row, mark))
	}
	return cursor, mark, err
}

// writeCursor notes how far a lane was delivered. It is durable with the next
// commit: after a crash the events since are told of again. The row of a loose event
// stays, empty, until all of its hour are removed.
func (a *App) writeCursor(ctx context.Context, lane string, cursor *record.EventCursor, loose []byte) error {
	var err error
	if loose != nil {
		p := record.LooseEventsPartition(a.id, lane, looseHour(record.LooseEvent(loose)))
		err = a.store.Put(ctx, p, []store.Mutation{store.Set(loose, nil)})
	}
	if err == nil {
		row := store.Set(record.EventCursorKey(lane), encode(cursor))
		err = a.store.Put(ctx, record.EventLanePartition(a.id, lane), []store.Mutation{row})
	}
	if err != nil {
		return fmt.Errorf("note delivered events: %w", err)
	}
	return nil
}

// unmark removes marks of a lane that has nothing to deliver, on which nobody can
// rely any more: whatever commits from then on marks the lane anew.
func (a *App) unmark(ctx context.Context, lane string, ended [][]byte) error {
	if len(ended) == 0 {
		return nil
	}
	cursor, mark, err := a.readLane(ctx, lane)
	if err != nil {
		return err
	}
	events, _, err := a.undelivered(ctx, lane, mark, cursor, lateLoose(cursor))
	switch {
	case errors.Is(err, errBehind):
		return nil
	case err != nil || len(events) > 0:
		a.deliverer.wake(lane) // it came while the marks were valid
		return err
	}
	if err := a.removeMarks(ctx, ended); err != nil {
		return err
	}
	if a.cleanupWaits.Swap(false) {
		a.cleanSoon()
	}
	return nil
}

// undelivered returns the next events of a lane after its cursor, those that report
// no commit after the number loose, and whether there may be more behind them.
// Errors: errBehind.
func (a *App) undelivered(ctx context.Context, lane string, mark *record.EventMark, cursor *record.EventCursor, loose uint64) ([]undelivered, bool, error) {
	switch lane[0] {
	case record.LaneBeside:
		bucket, conversation := record.LaneBucket(lane)
		return a.besideEvents(ctx, record.LaneConversationID(a.id, conversation), bucket, cursor)
	case record.LaneGroup, record.LaneUser: // have no loose ones
		return a.eventsAfter(ctx, lane, mark, cursor)
	}
	waiting, err := a.looseEvents(ctx, lane, loose)
	if err != nil {
		return nil, false, err
	}
	events, more, err := a.eventsAfter(ctx, lane, mark, cursor)
	if err != nil || len(waiting) == 0 {
		return events, more, err
	}
	var found []undelivered
	for _, l := range waiting {
		n := 0
		for i, e := range events {
			if e.call.Command == "" || e.time <= l.time || e.seq > 0 && e.seq <= l.after {
				n = i + 1
			}
		}
		found, events = append(found, events[:n]...), events[n:]
		if len(events) == 0 && more {
			return found, true, nil // what comes next may be earlier
		}
		found = append(found, l)
	}
	return append(found, events...), more || len(waiting) == maxDeliveredAtOnce, nil
}

// eventsAfter is undelivered for events that report a commit: they are still
// there once they were told of.
func (a *App) eventsAfter(ctx context.Context, lane string, mark *record.EventMark, cursor *record.EventCursor) ([]undelivered, bool, error) {
	switch lane[0] {
	case record.LaneGroup:
		return a.eventRows(ctx, a.groupPartition(record.LaneName(lane)), cursor)
	case record.LaneUser:
		return a.eventRows(ctx, record.UserPartition(a.id, record.LaneName(lane)), cursor)
	case record.LaneConversation:
		return a.conversationEvents(ctx, lane, mark, cursor)
	case record.LaneBeside:
		bucket, conversation := record.LaneBucket(lane)
		return a.eventRows(ctx, record.BesidePartition(record.LaneConversationID(a.id, conversation), bucket), cursor)
	}
	return nil, false, fmt.Errorf("lane of an unknown kind %q", lane[:1])
}

// eventRows returns the next event rows of a partition.
func (a *App) eventRows(ctx context.Context, p store.Partition, cursor *record.EventCursor) ([]undelivered, bool, error) {
	rows, _, err := a.store.Read(ctx, p, store.Range{
		From: record.EventKey(cursor.Number + 1), To: store.PrefixEnd(record.EventPrefix), Limit: maxDeliveredAtOnce,
	})
	if err != nil {
		return nil, false, fmt.Errorf("read events: %w", err)
	}
	var found []undelivered
	for _, row := range rows[0] {
		e, err := waitingEvent(row)
		if err != nil {
			return nil, false, err
		}
		number := record.OrderOf(row.Key)
		e.advance = func(c *record.EventCursor) { c.Number = number }
		found = append(found, e)
	}
	return found, len(found) == maxDeliveredAtOnce, nil
}

// besideEvents returns the next events beside a bucket of a log, up to one that
// comes after a message which was not told of yet.
func (a *App) besideEvents(ctx context.Context, id record.ConversationID, bucket uint32, cursor *record.EventCursor) ([]undelivered, bool, error) {
	events, more, err := a.eventRows(ctx, record.BesidePartition(id, bucket), cursor)
	if err != nil || len(events) == 0 {
		return nil, false, err
	}
	lane := record.ConversationLane(id)
	behind, mark, err := a.readLane(ctx, lane)
	if err != nil || mark.Until == 0 {
		return events, more, err
	}
	v := &conversationLane{app: a, lane: lane, mark: mark, id: id}
	c, _, _, err := a.readConversation(ctx, id)
	if err != nil || c.Sealed {
		return events, more, err
	}
	told, _, _, err := v.messages(ctx, c, behind.Seq)
	if err != nil || len(told) == 0 {
		return events, more, err
	}
	for i, e := range events {
		if e.after < told[0].seq {
			continue
		}
		if i == 0 {
			return nil, false, errBehind
		}
		return events[:i], true, nil
	}
	return events, more, nil
}

// errBehind says that another lane is to be delivered first.
var errBehind = errors.New("chat: the message that the event is about was not told of yet")

// waitingEvent reads an event row.
func waitingEvent(row store.Row) (undelivered, error) {
	e := &record.Event{}
	if err := decode(row, e); err != nil {
		return undelivered{}, err
	}
	return undelivered{
		after: e.After, time: e.Cause.GetTime(), advance: func(*record.EventCursor) {},
		call: callback(e.Command, e.Cause, uuid.UUID(e.Id).String(), e.Body),
	}, nil
}

func callback(command string, cause *record.Cause, id string, body []byte) Callback {
	return Callback{Command: command, ClientIP: cause.GetClientIp(), Platform: platformREST, RequestID: id, Body: body}
}

// eventID is the RequestID of an event that is made from what it reports: the
// same each time it is made.
func (a *App) eventID(command, lane string, number uint64) string {
	text := fmt.Appendf(nil, "%d %s %d ", a.id, command, number)
	digest := sha256.Sum256(append(text, lane...))
	id := uuid.UUID(digest[:16])
	id[6], id[8] = 0x80|id[6]&0x0f, 0x80|id[8]&0x3f // a UUIDv8
	return id.String()
}

// messageID is the MsgId of a message (doc 34375). Accounts have no numbers of
// their own here: they get one of 56 bits from their name.
func messageID(sender string, time int64, random uint32) string {
	digest := sha256.Sum256([]byte(sender))
	account := uint64(1)<<57 + binary.BigEndian.Uint64(digest[:8])>>8
	return fmt.Sprintf("%d-%d-%d", account, time, random)
}

// messageIDOf is the MsgId of a message that is in the log.
func messageIDOf(h *record.Header) string {
	accepted := h.Time
	if h.Accepted != 0 {
		accepted = h.Accepted
	}
	return messageID(h.Sender, accepted, h.Random)
}

// errUndelivered says that a conversation cannot be removed yet: its messages
// are the events that the application is to be told of.
var errUndelivered = errors.New("chat: events are not delivered yet")

// requireDelivered checks that a conversation that was destroyed has nothing to
// tell of any more, or that this has been waited for as long as events are
// kept.
// Errors: errUndelivered.
func (a *App) requireDelivered(ctx context.Context, id record.ConversationID, entry *record.Cleanup) error {
	if a.now()-entry.Time > int64(a.keepEvents()/time.Second) {
		return nil
	}
	p := record.EventLanePartition(a.id, record.ConversationLane(id))
	return a.scan(ctx, p, store.Prefix(record.LaneMarksPrefix), func(row store.Row) error {
		return a.requireLaneDelivered(ctx, record.MarkedLaneOf(id, row.Key))
	})
}

func (a *App) requireLaneDelivered(ctx context.Context, lane string) error {
	cursor, mark, err := a.readLane(ctx, lane)
	if err != nil || mark.Until == 0 {
		return err
	}
	events, more, err := a.undelivered(ctx, lane, mark, cursor, lateLoose(cursor))
	if errors.Is(err, errBehind) || err == nil && (len(events) > 0 || more) {
		a.cleanupWaits.Store(true)
		return errUndelivered
	}
	return err
}
