package chat

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
	"google.golang.org/protobuf/proto"
)

// Restored is what became of one target of a restore.
type Restored struct {
	Target         RecallTarget // Sender is "" for a recall by number
	Code           Code         // 0, or why the target cannot be restored
	Message        string
	RestoredNum    uint32 // messages that are live again
	StillHiddenNum uint32 // messages that another active target covers
}

// Restore undoes a recall, or some targets of it (nil is all): they become
// inactive, and what no other active target covers is live again. Restoring
// what is restored already changes nothing. It is durable when Restore
// returns.
//
// Errors: CodeInvalid (Reason, a target that is not one of the operation's),
// CodeOperationNotFound, CodeErased where every target was erased. A target
// that cannot be restored has its own code.
func (a *App) Restore(ctx context.Context, op Operator, operationID string, targets []RecallTarget, reason string) ([]Restored, error) {
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	o, err := a.operation(ctx, operationID)
	if err != nil {
		return nil, err
	}
	parts, err := o.choose(targets)
	if err != nil {
		return nil, err
	}
	id := a.newOperationID()
	entry := &record.AuditEntry{Kind: record.AuditEntry_RESTORE, Operation: o.id[:], Reason: reason, Parts: parts}
	if err := a.audit(ctx, id, op, entry); err != nil {
		return nil, err
	}
	var restored []Restored
	// From here on it is carried through, whatever becomes of the caller.
	err = a.undertake(context.WithoutCancel(ctx), id, &record.RecallWork{Kind: entry.Kind, Operation: o.id[:]}, false, func(ctx context.Context) error {
		restored, err = a.restoreParts(ctx, id, o, entry)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(restored, func(r Restored) bool { return r.Code != CodeErased }) {
		return nil, Refuse(CodeErased, "operation %s was erased", operationID)
	}
	return restored, nil
}

// restoreParts restores the parts that an entry names, and writes what came of
// them.
func (a *App) restoreParts(ctx context.Context, entryID record.OperationID, o *operation, entry *record.AuditEntry) ([]Restored, error) {
	var restored []Restored
	result := &record.AuditResult{}
	for _, p := range entry.Parts {
		r := Restored{Target: RecallTarget{GroupID: p.GroupId, TopicID: p.TopicId, Sender: p.Sender}}
		err := a.restorePart(ctx, entryID, o, int(p.Index), &r)
		switch code := CodeOf(err); code {
		case 0:
		case CodeInternal:
			return nil, err
		default:
			r.Code, r.Message = code, messageOf(err)
		}
		restored = append(restored, r)
		result.Parts = append(result.Parts, &record.PartResult{
			Index: p.Index, ErrorCode: int32(r.Code), ErrorInfo: r.Message,
			Restored: r.RestoredNum, StillHidden: r.StillHiddenNum,
		})
	}
	if err := a.auditResult(ctx, entryID, result); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(restored, func(r Restored) bool { return r.RestoredNum+r.StillHiddenNum > 0 }) {
		return restored, nil
	}
	return restored, a.barrier(ctx) // perhaps nothing was committed
}

func (a *App) restorePart(ctx context.Context, entryID record.OperationID, o *operation, index int, r *Restored) error {
	p := o.entry.Parts[index]
	if p.ErrorCode != 0 {
		return Refuse(Code(p.ErrorCode), "%s", p.ErrorInfo) // it never was recalled
	}
	if p.Incarnation == 0 {
		return nil
	}
	s, err := a.livingStream(ctx, p)
	if err == nil {
		err = s.restore(ctx, record.TargetID{Operation: o.id, Index: uint16(index)}, entryID, r)
	}
	switch {
	case errors.Is(err, errNoTarget):
		return Refuse(CodeOperationNotFound, "the recall never came to this target")
	case errors.Is(err, errSealed):
		return s.gone(err)
	}
	return err
}

// restore makes a target inactive and then counts what became of its messages.
// It counts them also where the same restore, which its audit entry names, came
// here before and was cut short.
func (s *stream) restore(ctx context.Context, id record.TargetID, entryID record.OperationID, r *Restored) error {
	var undone *record.RecallTarget
	err := s.changeTarget(ctx, id, restoreRanges, func(g *targetChange) (bool, error) {
		undone = nil
		switch g.target.State {
		case record.RecallTarget_RESTORED:
			if bytes.Equal(g.target.RestoredBy, entryID[:]) {
				undone = g.target
			}
			return false, nil
		case record.RecallTarget_SEALED, record.RecallTarget_ERASED:
			return false, Refuse(CodeErased, "the messages were erased")
		case record.RecallTarget_VOID:
			return false, errNoTarget
		}
		undone = proto.CloneOf(g.target)
		g.target.State, g.target.RestoredBy = record.RecallTarget_RESTORED, entryID[:]
		g.conversation.Restores++
		return true, g.restore(s.app.now())
	})
	if err != nil || undone == nil {
		return err
	}
	return s.countRestored(ctx, undone, r)
}

func restoreRanges(t *record.RecallTarget) []store.Range {
	var ranges []store.Range
	for _, seq := range t.Seqs {
		ranges = append(ranges, store.Key(record.SeqRecallKey(seq)))
	}
	return append(ranges, removeRanges(t.Sender, intervals(t))...)
}

// restore stages what follows from the end of a target; rows are those of
// restoreRanges.
func (g *targetChange) restore(now int64) error {
	rows := g.rows
	for i, seq := range g.target.Seqs {
		if len(rows[i]) == 0 {
			continue
		}
		recall := &record.SeqRecall{}
		if err := decode(rows[i][0], recall); err != nil {
			return err
		}
		recall.Active--
		if bytes.Equal(recall.Operation, g.id.Operation[:]) {
			recall.Operation = nil
		}
		// The row stays: members were told of the recall, and nobody tells
		// them that it was undone.
		g.mutations = append(g.mutations, store.Set(record.SeqRecallKey(seq), encode(recall)), store.Delete(oneNumber(seq).key("", g.id)))
	}
	if len(g.target.Seqs) > 0 {
		g.feed(&record.FeedEvent{Type: record.FeedEvent_RESTORED, Seqs: g.target.Seqs, Time: now})
		return nil
	}
	removed, err := removeIntervals(g.target.Sender, g.id, intervals(g.target), rows)
	if err != nil {
		return err
	}
	g.mutations = append(g.mutations, removed...)
	for _, i := range intervals(g.target) {
		g.feed(&record.FeedEvent{Type: record.FeedEvent_RESTORED, FromSeq: i.from, ToSeq: i.to, Time: now})
	}
	if fenceOpen(g.target) {
		g.conversation.Fences--
		g.mutations = append(g.mutations, store.Delete(record.FenceKey(g.target.Sender, g.id)))
	}
	return nil
}

// countRestored counts the messages of a target that has just ended.
func (s *stream) countRestored(ctx context.Context, t *record.RecallTarget, r *Restored) error {
	head, floor, err := s.headAndFloor(ctx)
	if err != nil {
		return err
	}
	for _, i := range reach(t, head.LastSeq) {
		if i.from = max(i.from, floor+1); i.isEmpty() {
			continue
		}
		if err := s.countRestoredIn(ctx, t, i, r); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) countRestoredIn(ctx context.Context, t *record.RecallTarget, i interval, r *Restored) error {
	bySender, err := s.coveredIn(ctx, t, i)
	if err != nil || len(bySender) == 0 {
		return err
	}
	found, err := s.readRecalls(ctx, slices.Collect(maps.Keys(bySender)), i)
	if err != nil {
		return err
	}
	for sender, messages := range bySender {
		for _, m := range messages {
			if found.recalled(m.seq, sender, m.arrival) {
				r.StillHiddenNum++
			} else {
				r.RestoredNum++
			}
		}
	}
	return nil
}
