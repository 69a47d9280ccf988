package chat

import (
	"context"
	"errors"
	"fmt"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// What is left of a recall once it was answered: members are told of single
// messages, and fences that have ended are closed.

// finishRecall does what is left of an operation, and returns when it is to be
// looked at again while a fence is open; 0 once all is done.
func (a *App) finishRecall(ctx context.Context, o *operation) (again int64, err error) {
	if o.result == nil {
		if _, err := a.carryOut(ctx, o.id, o.entry); err != nil {
			return 0, err
		}
	}
	for _, t := range o.committed() {
		s := a.partStream(t.part)
		if o.entry.Notify == NotifyEach {
			tell, err := a.tellingOfPart(ctx, NotifyEach, o.entry, t.part)
			if err != nil {
				return 0, err
			}
			if err := s.tellEach(ctx, t.id, tell); err != nil && !errors.Is(err, errSealed) {
				return 0, err
			}
		}
		closed, err := s.closeFence(ctx, t.id)
		if err != nil {
			return 0, err
		}
		if !closed {
			again = t.part.Fence.Until + fenceGraceSeconds + 1
		}
	}
	return again, nil
}

// tellEach tells members of every message that a target recalled and that they
// were not told of, ten at a time as group_msg_recall does.
func (s *stream) tellEach(ctx context.Context, id record.TargetID, telling *telling) error {
	t, err := s.readTarget(ctx, id)
	if err != nil || t == nil || t.State != record.RecallTarget_ACTIVE {
		return err
	}
	var batch []numberedHeader
	tell := func() error {
		defer func() { batch = batch[:0] }()
		return s.tell(ctx, id, batch, telling)
	}
	err = s.eachCovered(ctx, t, 0, func(m numberedHeader) error {
		if m.header.Erased {
			return nil
		}
		if batch = append(batch, m); len(batch) < maxRecallSeqs {
			return nil
		}
		return tell()
	})
	if err != nil || len(batch) == 0 {
		return err
	}
	return tell()
}

// tell commits one event about those of some messages that members were not
// told of, and marks them as told, unless the target has been restored or sealed
// meanwhile: who follows the feed would take it for a new recall.
func (s *stream) tell(ctx context.Context, id record.TargetID, messages []numberedHeader, telling *telling) error {
	ranges := make([]store.Range, len(messages))
	for i, m := range messages {
		ranges[i] = store.Key(record.SeqRecallKey(m.seq))
	}
	ranges = append(ranges, store.Key(record.TargetKey(id)))
	err := s.tellAfter(ctx, record.ConversationLane(s.id), telling, func() error {
		return s.app.changeConversation(ctx, s.id, ranges, func(c *record.Conversation, rows [][]store.Row) ([]store.Mutation, error) {
			t, err := targetIn(rows[len(messages)])
			if err != nil || t.GetState() != record.RecallTarget_ACTIVE {
				return nil, err
			}
			event := &record.FeedEvent{
				Type: record.FeedEvent_RECALLED, Operation: id.Operation[:], Time: s.app.now(), Notify: NotifyEach,
				Cause: telling.cause(),
			}
			var mutations []store.Mutation
			for i, m := range messages {
				if len(rows[i]) > 0 {
					continue
				}
				event.Seqs = append(event.Seqs, m.seq)
				mutations = append(mutations, store.Set(record.SeqRecallKey(m.seq), encode(&record.SeqRecall{Uncounted: !counts(m.header)})))
			}
			if len(mutations) == 0 {
				return nil, nil
			}
			event.Told = event.Seqs
			c.RecallMarks |= markSeqs
			return append(mutations, feed(c, event)), nil
		})
	})
	if err != nil {
		return fmt.Errorf("tell of recalled messages: %w", err)
	}
	return nil
}
