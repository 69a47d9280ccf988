package chat

import (
	"context"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// receiptTelling is how the application is to be told that a member has read
// messages.
type receiptTelling struct {
	op      Operator
	subject eventSubject
	mark    *record.EventMark
	present map[readerKey]bool // of the readers of the messages
}

// readerKey is one membership among the readers of messages.
type readerKey struct {
	account string
	joinID  uint64
}

// receiptTelling prepares to tell of some numbers that are about to be read.
func (g *groupState) receiptTelling(ctx context.Context, op Operator, seqs []uint32) (*receiptTelling, error) {
	states, present, err := g.readReceipts(ctx, seqs)
	if err != nil {
		return nil, err
	}
	t := &receiptTelling{op: op, subject: g.subject(CallbackAfterReadReceipt), mark: g.markOf(""), present: map[readerKey]bool{}}
	for _, state := range states {
		for _, reader := range state.readers {
			t.present[readerKey{reader.Account, reader.JoinId}] = present[reader]
		}
	}
	return t, nil
}

func (t *receiptTelling) telling() *telling {
	if t == nil {
		return nil
	}
	return &telling{mark: t.mark}
}

// event is the event about messages that somebody has just read.
func (t *receiptTelling) event(a *App, account string, read []uint32, states map[uint32]*receiptState) *record.Event {
	body := &receiptEvent{eventSubject: t.subject, EventTime: a.eventTime()}
	last := uint32(0)
	for _, seq := range read {
		receipt := eventReceipt{Seq: seq, Readers: []eventMember{{account}}}
		for i, reader := range states[seq].readers {
			switch {
			case !t.present[readerKey{reader.Account, reader.JoinId}]:
			case states[seq].hasRead(i):
				receipt.ReadNum++
			default:
				receipt.UnreadNum++
			}
		}
		body.Receipts = append(body.Receipts, receipt)
		last = max(last, seq)
	}
	event := a.newEvent(t.op, CallbackAfterReadReceipt, body)
	event.After = last
	return event
}

// nextEvent stages an event row beside a log, after the newest one, of which the row of
// record.LastEventKey says the number.
func (a *App) nextEvent(last []store.Row, e *record.Event) ([]store.Mutation, error) {
	newest := &record.EventCursor{}
	for _, row := range last {
		if err := decode(row, newest); err != nil {
			return nil, err
		}
	}
	newest.Number = max(newest.Number+1, uint64(a.ids.tick(a.clock())))
	return []store.Mutation{
		store.Set(record.EventKey(newest.Number), encode(e)), store.Set(record.LastEventKey, encode(newest)),
	}, nil
}
