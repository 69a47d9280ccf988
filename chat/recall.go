package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// A recall does not touch the messages. It commits one operation in the
// conversation's partition, whatever it covers: a range of numbers and a
// sender, or a list of numbers. Beside the operations, which are the truth, it
// keeps what readers ask for: the cover of a sender, that is the disjoint
// intervals of the union of all active operations on that sender, and a row
// per number that was recalled by itself. A message is recalled while any
// operation covers it.

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
	return a.view(ctx, groupID, func(g *groupState) error {
		if !g.rules().stored {
			return nil
		}
		s, _, err := g.streamOf(ctx, topicID)
		if err != nil {
			return err
		}
		head, err := s.current(ctx)
		if err != nil || head.LastSeq == 0 {
			return err
		}
		window := uint32(a.settings.DeleteBySenderWindow)
		from := head.LastSeq - min(window, head.LastSeq) + 1
		return s.recallRange(ctx, a.newOperation(op, &record.RecallOperation{
			Kind: record.RecallOperation_BY_SENDER, Sender: sender, FromSeq: from, ToSeq: head.LastSeq,
		}))
	})
}

// newOperation completes the record of a recall with who, when and from where.
func (a *App) newOperation(op Operator, o *record.RecallOperation) *record.RecallOperation {
	o.Id = uuid.Must(uuid.NewV7()).String()
	o.Operator, o.RemoteIp, o.RequestRandom = op.Account, op.RemoteIP, op.Random
	o.Time = a.clock().UnixMilli()
	return o
}

// recallRange commits an operation on a range and the sender's new cover.
func (s *stream) recallRange(ctx context.Context, o *record.RecallOperation) error {
	// The intervals of a cover are disjoint and in order, so those that meet
	// the range are the ones that begin in it (or right after it) and the one
	// that begins before it.
	ranges := []store.Range{
		{From: record.CoverKey(o.Sender, o.FromSeq), To: afterKey(record.CoverKey(o.Sender, o.ToSeq+1))},
		{From: record.CoverKey(o.Sender, 0), To: record.CoverKey(o.Sender, o.FromSeq), Reverse: true, Limit: 1},
	}
	return s.commitOperation(ctx, o, ranges, func(rows [][]store.Row) ([]store.Mutation, error) {
		cover := interval{from: o.FromSeq, to: o.ToSeq}
		mutations := []store.Mutation{}
		for _, row := range slices.Concat(rows...) {
			other, err := coverInterval(row)
			if err != nil {
				return nil, err
			}
			if other.contains(cover) {
				return []store.Mutation{}, nil
			}
			if cover.absorb(other) {
				mutations = append(mutations, store.Delete(row.Key))
			}
		}
		return append(mutations, store.Set(record.CoverKey(o.Sender, cover.from), encode(&record.Cover{ToSeq: cover.to}))), nil
	})
}

// commitOperation gives the operation its number in the conversation and
// commits it with what derive makes of the ranges read; where derive returns
// nil nothing is recalled and nothing written.
func (s *stream) commitOperation(ctx context.Context, o *record.RecallOperation, ranges []store.Range, derive func([][]store.Row) ([]store.Mutation, error)) error {
	// Where a commit of unknown outcome may have put the operation. It may take
	// effect even after it was looked for, so it is looked for each time.
	var doubtful []store.Range
	err := retry(ctx, func() error {
		err := s.app.changeConversation(ctx, s.id, slices.Concat(ranges, doubtful), func(c *record.Conversation, rows [][]store.Row) ([]store.Mutation, error) {
			if there, err := containsOperation(rows[len(ranges):], o.Id); there || err != nil {
				return nil, err
			}
			mutations, err := derive(rows[:len(ranges)])
			if err != nil || mutations == nil {
				return nil, err
			}
			c.Operations++
			o.Number = c.Operations
			return append(mutations, store.Set(record.OperationKey(o.Number), encode(o))), nil
		})
		if errors.Is(err, store.ErrUnknown) {
			doubtful = append(doubtful, store.Key(record.OperationKey(o.Number)))
			return store.ErrConflict // look for it, and try again if it is not there
		}
		return err
	})
	switch {
	case errors.Is(err, errSealed):
		return Refuse(CodeGroupNotFound, "group or topic of %q was destroyed", s.id.Group)
	case err != nil:
		return fmt.Errorf("recall: %w", err)
	}
	return nil
}

// containsOperation reports whether one of the rows is the operation's.
func containsOperation(rows [][]store.Row, id string) (bool, error) {
	for _, row := range slices.Concat(rows...) {
		stored := &record.RecallOperation{}
		if err := decode(row, stored); err != nil {
			return false, err
		}
		if stored.Id == id {
			return true, nil
		}
	}
	return false, nil
}

// interval is a range of numbers, both ends included.
type interval struct{ from, to uint32 }

func (i interval) contains(other interval) bool {
	return i.from <= other.from && other.to <= i.to
}

// absorb widens the interval by another that overlaps or touches it.
func (i *interval) absorb(other interval) bool {
	if uint64(other.from) > uint64(i.to)+1 || uint64(i.from) > uint64(other.to)+1 {
		return false
	}
	i.from, i.to = min(i.from, other.from), max(i.to, other.to)
	return true
}

func coverInterval(row store.Row) (interval, error) {
	cover := &record.Cover{}
	err := decode(row, cover)
	return interval{from: record.Seq(row.Key), to: cover.ToSeq}, err
}

func afterKey(key []byte) []byte { return append(key, 0) }

// recalls is what is recalled of some senders in some range of a conversation,
// all as of one instant.
type recalls struct {
	covers map[string][]interval
	single map[uint32]bool
}

// recalled reports whether an ordinary message is recalled.
func (r *recalls) recalled(seq uint32, sender string) bool {
	if r.single[seq] {
		return true
	}
	for _, i := range r.covers[sender] {
		if i.from <= seq && seq <= i.to {
			return true
		}
	}
	return false
}

// readRecalls reads, in one step, what is recalled of the senders between two
// numbers. Read after the messages it can miss no recall that was answered
// before they were read.
// Errors: errSealed.
func (a *App) readRecalls(ctx context.Context, id record.ConversationID, senders []string, from, to uint32) (*recalls, error) {
	ranges := make([]store.Range, 0, 2*len(senders)+1)
	ranges = append(ranges, store.Range{From: record.SeqRecallKey(from), To: afterKey(record.SeqRecallKey(to))})
	for _, sender := range senders {
		ranges = append(ranges,
			store.Range{From: record.CoverKey(sender, from), To: afterKey(record.CoverKey(sender, to))},
			store.Range{From: record.CoverKey(sender, 0), To: record.CoverKey(sender, from), Reverse: true, Limit: 1})
	}
	c, rows, _, err := a.readConversation(ctx, id, ranges...)
	if err != nil {
		return nil, err
	}
	if c.Sealed { // the covers may be gone while the messages were still there
		return nil, errSealed
	}
	found := &recalls{covers: map[string][]interval{}, single: map[uint32]bool{}}
	for _, row := range rows[0] {
		found.single[record.Seq(row.Key)] = true
	}
	for i, sender := range senders {
		for _, row := range slices.Concat(rows[1+2*i], rows[2+2*i]) {
			cover, err := coverInterval(row)
			if err != nil {
				return nil, err
			}
			found.covers[sender] = append(found.covers[sender], cover)
		}
	}
	return found, nil
}

// RecallResult is what became of one number of RecallMessages: 0,
// CodeMessageNotFound or CodeNotRecallable.
type RecallResult struct {
	Seq  uint32
	Code Code
}

// RecallMessages recalls 1 to 10 messages by their numbers, with a Reason of up
// to 100 bytes (doc 34965). Repeating it changes nothing; the first operator
// and reason are kept. It returns one result per number, in order.
//
// Errors: CodeInvalid, CodeBadGroupID, CodeGroupNotFound,
// CodeTypeWithoutRecall, CodeRecallDisabled.
func (a *App) RecallMessages(ctx context.Context, op Operator, groupID, topicID string, seqs []uint32, reason string) ([]RecallResult, error) {
	if len(seqs) == 0 || len(seqs) > maxRecallSeqs {
		return nil, Refuse(CodeInvalid, "MsgSeqList has %d items, must be 1 to %d", len(seqs), maxRecallSeqs)
	}
	if slices.Contains(seqs, 0) {
		return nil, Refuse(CodeInvalid, "MsgSeqList: MsgSeq must be 1 or more")
	}
	if len(reason) > maxRecallReasonBytes {
		return nil, Refuse(CodeInvalid, "Reason has %d bytes, at most %d", len(reason), maxRecallReasonBytes)
	}
	var results []RecallResult
	err := a.view(ctx, groupID, func(g *groupState) error {
		if !a.settings.GroupRecall {
			return Refuse(CodeRecallDisabled, "recall of group messages is switched off")
		}
		if !g.rules().stored && !a.settings.AVChatRoomRecall {
			return Refuse(CodeTypeWithoutRecall, "groups of type %s do not support recall", g.groupType())
		}
		s, _, err := g.streamOf(ctx, topicID)
		if err != nil {
			return err
		}
		results, err = s.recallSeqs(ctx, a.newOperation(op, &record.RecallOperation{
			Kind: record.RecallOperation_BY_SEQ, Reason: reason,
		}), seqs)
		return err
	})
	return results, err
}

// recallSeqs decides about each number and commits an operation on those that
// were not yet recalled by number.
func (s *stream) recallSeqs(ctx context.Context, o *record.RecallOperation, seqs []uint32) ([]RecallResult, error) {
	head, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	floor, err := s.expiredUpTo(ctx, head)
	if err != nil {
		return nil, err
	}
	results := make([]RecallResult, len(seqs))
	var ranges []store.Range
	var candidates []numberedHeader
	for i, seq := range seqs {
		code, header, err := s.recallable(ctx, head, floor, seq)
		if err != nil {
			return nil, err
		}
		results[i] = RecallResult{Seq: seq, Code: code}
		if header != nil && !slices.Contains(seqs[:i], seq) {
			candidates = append(candidates, numberedHeader{seq, header})
			ranges = append(ranges, store.Key(record.SeqRecallKey(seq)))
		}
	}
	if len(candidates) == 0 {
		return results, nil
	}
	return results, s.commitOperation(ctx, o, ranges, func(rows [][]store.Row) ([]store.Mutation, error) {
		var mutations []store.Mutation
		o.Seqs = nil
		for i, c := range candidates {
			if len(rows[i]) == 0 {
				o.Seqs = append(o.Seqs, c.seq)
				recall := &record.SeqRecall{Operation: o.Id, Uncounted: !counts(c.header)}
				mutations = append(mutations, store.Set(record.SeqRecallKey(c.seq), encode(recall)))
			}
		}
		return mutations, nil
	})
}

// recallable is the code of one number in group_msg_recall and, where there is
// something to mark, the message's header.
func (s *stream) recallable(ctx context.Context, head *record.LogHead, floor, seq uint32) (Code, *record.Header, error) {
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
	case len(headers) == 0:
		return CodeMessageNotFound, nil, nil
	case headers[0].header.Tip:
		return CodeNotRecallable, nil, nil
	}
	return 0, headers[0].header, nil
}
