package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// A recall does not touch the messages. It commits one target in the
// conversation's partition, whatever it covers: a range of numbers and a
// sender, or a list of numbers. Beside the targets, which are the truth, it
// keeps what readers ask for: the cover of a sender (cover.go) and a row per
// number that was recalled by itself. A message is recalled while any active
// target covers it.

const (
	maxRecallSeqs        = 10  // numbers in one group_msg_recall (doc 34965)
	maxRecallReasonBytes = 100 // bytes of its Reason
)

// RecallBySender silently recalls everything that the sender posted among the
// newest 1,000 messages of a group, or of one topic of a community (doc
// 34970). The recall takes its place in the conversation's sequence between
// call and answer: it covers what was acknowledged before the call and nothing
// whose sending began after the answer. It is durable when RecallBySender
// returns, and costs the same whatever it covers.
//
// The sender need not be a member nor exist. An AVChatRoom stores nothing, and
// the call succeeds without effect.
//
// Errors: CodeInvalid (sender, TopicId), CodeBadGroupID, CodeGroupNotFound.
func (a *App) RecallBySender(ctx context.Context, op Operator, groupID, topicID, sender string) error {
	if !ValidUserID(sender) {
		return Refuse(CodeInvalid, "Sender_Account %q is not a valid UserID", sender)
	}
	id := a.newOperationID()
	return a.view(ctx, groupID, func(g *groupState) error {
		if !g.rules().stored {
			return nil
		}
		s, topic, err := g.streamOf(ctx, topicID)
		if err != nil {
			return err
		}
		head, err := s.current(ctx)
		if err != nil || head.LastSeq == 0 {
			return err
		}
		window := uint32(a.settings.DeleteBySenderWindow)
		part := g.part(topicID, topic)
		part.Sender, part.FromSeq, part.ToSeq = sender, head.LastSeq-min(window, head.LastSeq)+1, head.LastSeq
		if err := a.audit(ctx, id, op, &record.AuditEntry{
			Kind: record.AuditEntry_RECALL, Operation: id[:], Parts: []*record.RecallPart{part},
		}); err != nil {
			return err
		}
		notify, t := NotifySilent, (*telling)(nil)
		if a.settings.DeleteBySenderFiresRecall {
			notify = notifyFresh
			t = a.tellingOf(notify, op.Account, op.RemoteIP, g.markOf(topicID))
		}
		return s.recall(ctx, record.TargetID{Operation: id}, targetOf(part), notify, t)
	})
}

// part is a target of an operation in the group or one of its topics.
func (g *groupState) part(topicID string, topic *record.Topic) *record.RecallPart {
	p := &record.RecallPart{GroupId: g.id, Incarnation: g.head.Incarnation}
	if topic != nil {
		p.TopicId, p.Topic = topicID, topic.Incarnation
	}
	return p
}

// targetOf is what a part of an operation covers in its conversation.
func targetOf(p *record.RecallPart) *record.RecallTarget {
	if len(p.Seqs) > 0 {
		return &record.RecallTarget{Kind: record.RecallTarget_BY_SEQ, Seqs: p.Seqs}
	}
	return &record.RecallTarget{
		Kind: record.RecallTarget_BY_SENDER, Sender: p.Sender, FromSeq: p.FromSeq, ToSeq: p.ToSeq, Fence: p.Fence,
	}
}

// intervals are the ranges of numbers that a target on a sender covers beside
// an open fence.
func intervals(t *record.RecallTarget) []interval {
	var found []interval
	if t.FromSeq > 0 {
		found = append(found, interval{t.FromSeq, t.ToSeq})
	}
	if t.FenceClosed && t.FenceToSeq >= t.Fence.FromSeq {
		found = append(found, interval{t.Fence.FromSeq, t.FenceToSeq})
	}
	return found
}

// errVoid says that an operation was given up before its commit came.
var errVoid = errors.New("chat: recall was given up")

// recall commits a target on a sender, once: where it is there already nothing
// is written.
func (s *stream) recall(ctx context.Context, id record.TargetID, t *record.RecallTarget, notify string, tell *telling) error {
	var ranges []store.Range
	for _, i := range intervals(t) {
		ranges = append(ranges, addRanges(t.Sender, i)...)
	}
	added := len(ranges)
	if notify == notifyFresh {
		ranges = append(ranges, recallRanges(allMarks, []string{t.Sender}, interval{t.FromSeq, t.ToSeq})...)
	}
	return s.commitTarget(ctx, id, tell, ranges, func(c *record.Conversation, rows [][]store.Row) ([]store.Mutation, error) {
		before := rows[added:]
		var mutations []store.Mutation
		for _, i := range intervals(t) {
			added, err := addInterval(c, t.Sender, id, i, rows[:2])
			if err != nil {
				return nil, err
			}
			mutations, rows = append(mutations, added...), rows[2:]
		}
		if t.Fence != nil {
			c.Fences++
			mutations = append(mutations, store.Set(record.FenceKey(t.Sender, id), encode(t.Fence)))
		}
		if t.FromSeq > 0 {
			event := &record.FeedEvent{
				Type: record.FeedEvent_RECALLED, Operation: id.Operation[:], Sender: t.Sender,
				FromSeq: t.FromSeq, ToSeq: t.ToSeq, Time: s.app.now(), Notify: notify, Cause: tell.cause(),
			}
			if notify == notifyFresh {
				var err error
				if event.Fresh, err = freshRanges(t, before); err != nil {
					return nil, err
				}
			}
			mutations = append(mutations, feed(c, event))
		}
		return append(mutations, store.Set(record.TargetKey(id), encode(t))), nil
	})
}

// commitTarget commits a target with what derive makes of the rows of the ranges,
// unless it is there already: then an earlier try of unknown outcome came through,
// or another process has taken the operation up.
func (s *stream) commitTarget(ctx context.Context, id record.TargetID, tell *telling, ranges []store.Range, derive func(*record.Conversation, [][]store.Row) ([]store.Mutation, error)) error {
	ranges = append(ranges, store.Key(record.TargetKey(id)))
	err := s.tellAfter(ctx, record.ConversationLane(s.id), tell, func() error {
		return s.app.changeConversation(ctx, s.id, ranges, func(c *record.Conversation, rows [][]store.Row) ([]store.Mutation, error) {
			there, err := targetIn(rows[len(ranges)-1])
			switch {
			case err != nil:
				return nil, err
			case there == nil:
				return derive(c, rows)
			case there.State == record.RecallTarget_VOID:
				return nil, errVoid
			}
			return nil, nil // an earlier try came through
		})
	})
	switch {
	case errors.Is(err, errSealed):
		return Refuse(CodeGroupNotFound, "group or topic of %q was destroyed", s.id.Group)
	case err != nil:
		return fmt.Errorf("recall: %w", err)
	}
	return nil
}

// RecallResult is what became of one number of RecallMessages: 0,
// CodeMessageNotFound or CodeNotRecallable.
type RecallResult struct {
	Seq  uint32
	Code Code
}

// RecallMessages recalls 1 to 10 messages by their numbers, with a Reason of up
// to 100 bytes (doc 34965). A number that was recalled by number before keeps
// its first operator and reason. It returns one result per number, in order.
//
// Errors: CodeInvalid, CodeBadGroupID, CodeGroupNotFound,
// CodeTypeWithoutRecall, CodeRecallDisabled.
func (a *App) RecallMessages(ctx context.Context, op Operator, groupID, topicID string, seqs []uint32, reason string) ([]RecallResult, error) {
	if err := checkListLength("MsgSeqList", len(seqs), maxRecallSeqs); err != nil {
		return nil, err
	}
	if slices.Contains(seqs, 0) {
		return nil, Refuse(CodeInvalid, "MsgSeqList: MsgSeq must be 1 or more")
	}
	if len(reason) > maxRecallReasonBytes {
		return nil, Refuse(CodeInvalid, "Reason has %d bytes, at most %d", len(reason), maxRecallReasonBytes)
	}
	id := a.newOperationID()
	var results []RecallResult
	err := a.view(ctx, groupID, func(g *groupState) error {
		if !a.settings.GroupRecall {
			return Refuse(CodeRecallDisabled, "recall of group messages is switched off")
		}
		if !g.rules().stored && !a.settings.AVChatRoomRecall {
			return Refuse(CodeTypeWithoutRecall, "groups of type %s do not support recall", g.groupType())
		}
		s, topic, err := g.streamOf(ctx, topicID)
		if err != nil {
			return err
		}
		var found []numberedHeader
		if results, found, err = s.recallable(ctx, seqs); err != nil || len(found) == 0 {
			if err == nil && !s.kept {
				a.tellRoomRecall(ctx, g, s, op, results)
			}
			return err
		}
		part := g.part(topicID, topic)
		for _, h := range found {
			part.Seqs, part.SeqSenders = append(part.Seqs, h.seq), append(part.SeqSenders, h.header.Sender)
		}
		if err := a.audit(ctx, id, op, &record.AuditEntry{
			Kind: record.AuditEntry_RECALL, Operation: id[:], Reason: reason, Notify: NotifyEach,
			Parts: []*record.RecallPart{part},
		}); err != nil {
			return err
		}
		tell := a.tellingOf(NotifyEach, op.Account, op.RemoteIP, g.markOf(topicID))
		return s.recallSeqs(ctx, record.TargetID{Operation: id}, targetOf(part), found, tell)
	})
	return results, err
}

// recallable decides about each number and returns, in ascending order, the
// headers of those that there is something to mark of.
func (s *stream) recallable(ctx context.Context, seqs []uint32) ([]RecallResult, []numberedHeader, error) {
	head, floor, err := s.headAndFloor(ctx)
	if err != nil {
		return nil, nil, err
	}
	results, headers := make([]RecallResult, len(seqs)), make([]*record.Header, len(seqs))
	err = parallel(ctx, len(seqs), func(ctx context.Context, i int) (err error) {
		results[i].Seq = seqs[i]
		results[i].Code, headers[i], err = s.recallableSeq(ctx, head, floor, seqs[i])
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	var found []numberedHeader
	for i, seq := range seqs {
		if headers[i] != nil && !slices.Contains(seqs[:i], seq) {
			found = append(found, numberedHeader{seq, headers[i]})
		}
	}
	slices.SortFunc(found, func(a, b numberedHeader) int { return int(int64(a.seq) - int64(b.seq)) })
	return results, found, nil
}

// recallableSeq is the code of one number in group_msg_recall and, where there
// is something to mark, the message's header.
func (s *stream) recallableSeq(ctx context.Context, head *record.LogHead, floor, seq uint32) (Code, *record.Header, error) {
	if seq > head.LastSeq || seq <= floor {
		return CodeMessageNotFound, nil, nil
	}
	if !s.kept {
		return 0, nil, nil
	}
	headers, err := s.app.readHeaders(ctx, s.id, seq, seq)
	switch {
	case err != nil:
		return 0, nil, err
	case len(headers) == 0 || headers[0].header.Erased:
		return CodeMessageNotFound, nil, nil
	case headers[0].header.Tip:
		return CodeNotRecallable, nil, nil
	}
	return 0, headers[0].header, nil
}

// recallSeqs commits a target of numbers; found has their headers.
func (s *stream) recallSeqs(ctx context.Context, id record.TargetID, t *record.RecallTarget, found []numberedHeader, tell *telling) error {
	var ranges []store.Range
	for _, h := range found {
		ranges = append(ranges, store.Key(record.SeqRecallKey(h.seq)))
	}
	return s.commitTarget(ctx, id, tell, ranges, func(c *record.Conversation, rows [][]store.Row) ([]store.Mutation, error) {
		c.RecallMarks |= markSeqs
		event := &record.FeedEvent{
			Type: record.FeedEvent_RECALLED, Operation: id.Operation[:], Seqs: t.Seqs,
			Time: s.app.now(), Notify: NotifyEach, Cause: tell.cause(),
		}
		mutations := []store.Mutation{store.Set(record.TargetKey(id), encode(t))}
		for i, h := range found {
			recall := &record.SeqRecall{Uncounted: !counts(h.header), Operation: id.Operation[:]}
			if len(rows[i]) > 0 {
				if err := decode(rows[i][0], recall); err != nil {
					return nil, err
				}
			} else {
				event.Told = append(event.Told, h.seq)
			}
			recall.Active++
			mutations = append(mutations, store.Set(record.SeqRecallKey(h.seq), encode(recall)), store.Set(oneNumber(h.seq).key("", id), nil))
		}
		return append(mutations, feed(c, event)), nil
	})
}
