package chat

import (
	"context"
	"fmt"
	"slices"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// A conversation's log and feed are themselves the outbox: the events are made
// from their rows when they are delivered. A recall is told of after the
// messages that it recalled.

// What the application is to be told of a message, bits of its header.
const (
	tellSent    = 1 << iota // AfterSendMsg
	tellReceipt             // AfterReadReceipt
)

const (
	headersAtOnce = 512
	readsAtOnce   = 16 // of a log in which there is little to tell of
)

// conversationEvents returns the next events of a conversation, and whether
// there may be more: messages, and the recalls of such that came before.
func (a *App) conversationEvents(ctx context.Context, lane string, mark *record.EventMark, cursor *record.EventCursor) ([]undelivered, bool, error) {
	v := &conversationLane{app: a, lane: lane, mark: mark, id: record.LaneConversationID(a.id, lane)}
	c, rows, _, err := a.readConversation(ctx, v.id, store.Range{
		From: record.FeedKey(cursor.Feed + 1), To: store.PrefixEnd(record.FeedPrefix), Limit: maxDeliveredAtOnce,
	})
	if err != nil || c.Sealed {
		return nil, false, err
	}
	// After the feed, so that a recall finds the messages before it.
	told, at, more, err := v.messages(ctx, c, cursor.Seq)
	if err != nil {
		return nil, false, err
	}
	recalls, err := v.recalls(ctx, rows[0], cursor)
	if err != nil {
		return nil, false, err
	}
	var found []undelivered
	for _, m := range told {
		for len(recalls) > 0 && recalls[0].after < m.seq {
			found, recalls = append(found, recalls[0].events...), recalls[1:]
		}
		events, err := v.sent(m, cursor)
		if err != nil {
			return nil, false, err
		}
		found = append(found, events...)
	}
	for len(recalls) > 0 && (recalls[0].after <= at || !more) {
		found, recalls = append(found, recalls[0].events...), recalls[1:]
	}
	if at > cursor.Seq+headersAtOnce || more {
		found = append(found, undelivered{advance: func(c *record.EventCursor) { c.Seq = max(c.Seq, at) }})
	}
	return found, more || len(rows[0]) == maxDeliveredAtOnce, nil
}

// lateSeconds is how long after another one an event may come that is of before it: by
// so much may the clocks of processes differ.
const lateSeconds = 300

// lateLoose is a number behind which a lane may have loose events that came after
// the newest one which was told of.
func lateLoose(cursor *record.EventCursor) uint64 {
	return cursor.Loose - min(cursor.Loose, lateSeconds*1000<<12)
}

// looseEvents returns the next events of a lane that report no commit, after a
// number.
func (a *App) looseEvents(ctx context.Context, lane string, after uint64) ([]undelivered, error) {
	hours, _, err := a.store.Read(ctx, record.EventLanePartition(a.id, lane), store.Range{
		From: record.LooseHourKey(looseHour(after)), To: store.PrefixEnd(record.LooseHoursPrefix),
	})
	if err != nil {
		return nil, fmt.Errorf("read hours of events: %w", err)
	}
	var found []undelivered
	for _, hour := range hours[0] {
		p := record.LooseEventsPartition(a.id, lane, int64(record.OrderOf(hour.Key)))
		r := store.Range{From: record.LooseEventKey(after+1, nil), Limit: maxDeliveredAtOnce}
		for more := true; more; {
			rows, _, err := a.store.Read(ctx, p, r)
			if err != nil {
				return nil, fmt.Errorf("read events: %w", err)
			}
			for _, row := range rows[0] {
				r.From = afterKey(row.Key)
				if len(row.Value) == 0 {
					continue // it was told of
				}
				e, err := waitingEvent(row)
				if err != nil {
					return nil, err
				}
				number := record.LooseEvent(row.Key)
				e.loose, e.advance = row.Key, func(c *record.EventCursor) { c.Loose = max(c.Loose, number) }
				if found = append(found, e); len(found) == maxDeliveredAtOnce {
					return found, nil
				}
			}
			more = len(rows[0]) == r.Limit
		}
	}
	return found, nil
}

// conversationLane makes the events of one conversation.
type conversationLane struct {
	app  *App
	lane string
	mark *record.EventMark
	id   record.ConversationID
}

// toldMessage is a message that the application is to be told of.
type toldMessage struct {
	numberedHeader
	body    *record.Body
	readers int // who are to read it, where it asks for a receipt
}

// messages returns messages to tell of above a number, the number up to which
// the log was looked at, and whether there is more of it.
func (v *conversationLane) messages(ctx context.Context, c *record.Conversation, after uint32) (told []toldMessage, at uint32, more bool, err error) {
	from, err := v.first(ctx, c, after)
	if err != nil || from == 0 {
		return nil, after, false, err
	}
	at = from - 1
	for range readsAtOnce {
		bucket := record.Bucket(from)
		rows, version, err := v.app.store.Read(ctx, record.LogPartition(v.id, bucket), store.Key(record.LogHeadKey), store.Range{
			From: record.HeaderKey(from), To: record.HeaderKey((bucket+1)*record.BucketSize + 1), Limit: headersAtOnce,
		})
		if err != nil {
			return nil, 0, false, fmt.Errorf("read headers: %w", err)
		}
		if version == "" || len(rows[0]) == 0 {
			return told, at, false, nil
		}
		head := &record.LogHead{}
		if err := decode(rows[0][0], head); err != nil {
			return nil, 0, false, err
		}
		var found []numberedHeader
		for _, row := range rows[1] {
			h := numberedHeader{seq: record.Seq(row.Key), header: &record.Header{}}
			if err := decode(row, h.header); err != nil {
				return nil, 0, false, err
			}
			at = h.seq
			if h.header.Tell != 0 {
				found = append(found, h)
			}
			if len(told)+len(found) == maxDeliveredAtOnce {
				break
			}
		}
		withBodies, err := v.bodies(ctx, bucket, found)
		if err != nil {
			return nil, 0, false, err
		}
		if told = append(told, withBodies...); len(told) == maxDeliveredAtOnce {
			return told, at, true, nil
		}
		if len(rows[1]) < headersAtOnce {
			at = max(at, head.LastSeq)
			if head.LastSeq < (bucket+1)*record.BucketSize {
				return told, at, false, nil
			}
		}
		from = at + 1
	}
	return told, at, true, nil
}

// first is the number from which the log is to be looked at, 0 where there is
// nothing in it to tell of.
func (v *conversationLane) first(ctx context.Context, c *record.Conversation, after uint32) (uint32, error) {
	from := after + 1
	if after == 0 {
		s := &stream{app: v.app, id: v.id}
		bucket, err := s.newestBucket(ctx)
		if err != nil {
			return 0, err
		}
		head, _, err := v.app.readLogHead(ctx, v.id, bucket)
		if err != nil || head.FirstTell == 0 {
			return 0, err
		}
		from = head.FirstTell
	}
	return max(from, c.FirstBucket*record.BucketSize+1), nil
}

// bodies reads the bodies of messages of one bucket.
func (v *conversationLane) bodies(ctx context.Context, bucket uint32, headers []numberedHeader) ([]toldMessage, error) {
	if len(headers) == 0 {
		return nil, nil
	}
	ranges := make([]store.Range, 0, 2*len(headers))
	for _, h := range headers {
		ranges = append(ranges, store.Key(record.BodyKey(h.seq)), store.Key(record.ReceiptKey(h.seq)))
	}
	rows, _, err := v.app.store.Read(ctx, record.LogPartition(v.id, bucket), ranges...)
	if err != nil {
		return nil, fmt.Errorf("read bodies: %w", err)
	}
	told := make([]toldMessage, len(headers))
	for i, h := range headers {
		told[i] = toldMessage{numberedHeader: h, body: &record.Body{}}
		if len(rows[2*i]) > 0 { // else it was erased
			if err := decode(rows[2*i][0], told[i].body); err != nil {
				return nil, err
			}
		}
		if len(rows[2*i+1]) > 0 {
			receipt := &record.Receipt{}
			if err := decode(rows[2*i+1][0], receipt); err != nil {
				return nil, err
			}
			told[i].readers = len(receipt.Readers)
		}
	}
	return told, nil
}

// sent makes the events about a message that was sent, of two the second alone
// where the cursor has the first.
func (v *conversationLane) sent(m toldMessage, cursor *record.EventCursor) ([]undelivered, error) {
	cause := m.body.Cause
	if cause == nil { // erased
		cause = &record.Cause{Time: m.header.Time * 1000}
	}
	var events []undelivered
	add := func(command string, body any) {
		e := v.event(command, uint64(m.seq), cause, body, func(c *record.EventCursor) { c.Seq = max(c.Seq, m.seq) })
		e.seq = m.seq
		events = append(events, e)
	}
	if m.header.Tell&tellSent != 0 {
		add(CallbackAfterSendMsg, v.afterSend(m, cause))
	}
	if m.header.Tell&tellReceipt != 0 {
		add(CallbackAfterReadReceipt, &receiptEvent{
			eventSubject: v.subject(CallbackAfterReadReceipt),
			Receipts:     []eventReceipt{{Seq: m.seq, UnreadNum: m.readers, Readers: []eventMember{}}},
			EventTime:    cause.Time,
		})
	}
	if len(events) == 2 {
		events[0].advance = func(c *record.EventCursor) { c.Begun = m.seq }
		if cursor.Begun == m.seq {
			events = events[1:]
		}
	}
	return events, nil
}

func (v *conversationLane) event(command string, number uint64, cause *record.Cause, body any, advance func(*record.EventCursor)) undelivered {
	return undelivered{
		call: callback(command, cause, v.app.eventID(command, v.lane, number), encodeBody(body)),
		time: cause.Time, advance: advance,
	}
}

// subject is what every event of the conversation names.
func (v *conversationLane) subject(command string) eventSubject {
	return eventSubject{Command: command, GroupID: v.id.Group, Type: v.mark.GroupType}
}

// toldRecall is a recall with its events, to be told of after a message.
type toldRecall struct {
	after  uint32
	events []undelivered
}

// recalls makes the events of the rows of the feed behind a cursor. Recalls of
// many messages take many calls, so the cursor counts these as well.
func (v *conversationLane) recalls(ctx context.Context, rows []store.Row, cursor *record.EventCursor) ([]toldRecall, error) {
	var found []toldRecall
	for _, row := range rows {
		e, number := &record.FeedEvent{}, record.OrderOf(row.Key)
		if err := decode(row, e); err != nil {
			return nil, err
		}
		recall := toldRecall{after: e.ToSeq}
		if len(e.Seqs) > 0 {
			recall.after = slices.Max(e.Seqs)
		}
		if e.Cause != nil {
			bodies, err := v.recallBodies(ctx, e)
			if err != nil {
				return nil, err
			}
			for i, body := range bodies {
				if number == cursor.Feed+1 && i < int(cursor.Part) {
					continue
				}
				recall.events = append(recall.events, v.event(CallbackAfterRecallMsg, number<<16|uint64(i), e.Cause, body,
					func(c *record.EventCursor) { c.Part = uint32(i) + 1 }))
			}
		}
		recall.events = append(recall.events, undelivered{advance: func(c *record.EventCursor) { c.Feed, c.Part = number, 0 }})
		found = append(found, recall)
	}
	return found, nil
}

// recallBodies are the bodies of the events about one recall.
func (v *conversationLane) recallBodies(ctx context.Context, e *record.FeedEvent) ([]*recallEvent, error) {
	var seqs []uint32
	switch e.Notify {
	case NotifySummary:
		body := v.recallEvent(e)
		body.Operation, body.Sender = operationText(e.Operation), e.Sender
		body.FromSeq, body.ToSeq = e.FromSeq, e.ToSeq
		return []*recallEvent{body}, nil
	case NotifyEach:
		seqs = e.Told
	case notifyFresh:
		s := &stream{app: v.app, id: v.id, kept: true}
		for i := 0; i+1 < len(e.Fresh); i += 2 {
			messages, err := s.sentBy(ctx, e.Sender, interval{e.Fresh[i], e.Fresh[i+1]})
			if err != nil {
				return nil, err
			}
			for _, m := range messages {
				seqs = append(seqs, m.seq)
			}
		}
	}
	var bodies []*recallEvent
	for batch := range slices.Chunk(seqs, maxRecallSeqs) {
		body := v.recallEvent(e)
		for _, seq := range batch {
			headers, err := v.app.readHeaders(ctx, v.id, seq, seq)
			if err != nil {
				return nil, err
			}
			item := recalledMessage{Seq: seq}
			for _, h := range headers {
				item.ID = messageIDOf(h.header)
			}
			body.Seqs = append(body.Seqs, item)
		}
		bodies = append(bodies, body)
	}
	return bodies, nil
}

func (v *conversationLane) recallEvent(e *record.FeedEvent) *recallEvent {
	return &recallEvent{
		Command: CallbackAfterRecallMsg, Operator: e.Cause.Operator, Type: v.mark.GroupType, GroupID: v.id.Group,
		TopicID: v.mark.TopicId, Seqs: []recalledMessage{}, EventTime: e.Cause.Time,
	}
}

// markOf is the mark of one of the group's conversations.
func (g *groupState) markOf(topicID string) *record.EventMark {
	return &record.EventMark{TopicId: topicID, GroupType: g.head.Type}
}
