package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// A hold keeps what an operation covers: neither an erasure, of whichever
// operation, nor retention takes it. It is said in each target's conversation,
// in the same partition in which an erasure claims what it is about to erase
// and expiry what it is about to drop, so that whichever commits first wins.

// heldTargets are the targets of a conversation that are on hold.
type heldTargets []*record.RecallTarget

// cover reports whether one of them covers a message.
func (h heldTargets) cover(seq uint32, header *record.Header) bool {
	return slices.ContainsFunc(h, func(t *record.RecallTarget) bool { return coversHeader(t, numberedHeader{seq, header}) })
}

// overlap reports whether one of them may cover something in an interval.
func (h heldTargets) overlap(i interval) bool {
	return slices.ContainsFunc(h, func(t *record.RecallTarget) bool {
		return slices.ContainsFunc(reach(t, i.to), i.overlaps)
	})
}

// heldRange selects the targets on hold.
func heldRange() store.Range { return store.Prefix(record.HeldPrefix) }

func heldIn(rows []store.Row) (heldTargets, error) {
	var held heldTargets
	for _, row := range rows {
		t := &record.RecallTarget{}
		if err := decode(row, t); err != nil {
			return nil, err
		}
		held = append(held, t)
	}
	return held, nil
}

// held reads the targets of the conversation that are on hold.
func (s *stream) held(ctx context.Context) (heldTargets, error) {
	c, _, _, err := s.app.readConversation(ctx, s.id)
	if err != nil || c.Holds == 0 { // as almost everywhere
		return nil, err
	}
	_, rows, _, err := s.app.readConversation(ctx, s.id, heldRange())
	if err != nil {
		return nil, err
	}
	return heldIn(rows[0])
}

// Hold puts an operation on hold, or with hold false lifts that: what it covers
// is neither erased nor expired meanwhile. It is durable when Hold returns.
// Doing it again changes nothing.
//
// Errors: CodeInvalid (Reason), CodeOperationNotFound, CodeErased where there is
// nothing left to hold.
func (a *App) Hold(ctx context.Context, op Operator, operationID string, hold bool, reason string) error {
	if err := checkReason(reason); err != nil {
		return err
	}
	o, err := a.operation(ctx, operationID)
	if err != nil {
		return err
	}
	defer a.operationLocks.lock(operationID)()
	id := a.newOperationID()
	entry := &record.AuditEntry{
		Kind: record.AuditEntry_HOLD, Operation: o.id[:], Reason: reason, Hold: hold, Parts: o.subjects(),
	}
	if err := a.audit(ctx, id, op, entry); err != nil {
		return err
	}
	return a.undertake(context.WithoutCancel(ctx), id, &record.RecallWork{Kind: entry.Kind, Operation: o.id[:]}, false, func(ctx context.Context) error {
		return a.holdParts(ctx, id, o, entry)
	})
}

// holdAgain takes up a hold, or its end, that was cut short, unless a later one
// has been answered or will be taken up itself.
func (a *App) holdAgain(ctx context.Context, entryID record.OperationID, o *operation, entry *record.AuditEntry) error {
	defer a.operationLocks.lock(operationText(o.id[:]))()
	rows, _, err := a.store.Read(ctx, a.auditPartition(o.id), store.Range{
		From: afterKey(record.AuditLogKey(o.id, entryID)), To: store.PrefixEnd(record.AuditLogPrefix(o.id)),
	})
	if err != nil {
		return fmt.Errorf("read audit record: %w", err)
	}
	for _, row := range rows[0] {
		id := record.AuditID(row.Key)
		later, result, err := a.auditEntry(ctx, id)
		if err != nil {
			return err
		}
		if later == nil || later.Kind != record.AuditEntry_HOLD {
			continue
		}
		w, err := a.workOn(ctx, record.AuditEntry_HOLD, id)
		if err != nil || w != nil || result != nil {
			return err
		}
	}
	return a.holdParts(ctx, entryID, o, entry)
}

// holdParts holds the targets of an operation, those that were erased excepted.
func (a *App) holdParts(ctx context.Context, entryID record.OperationID, o *operation, entry *record.AuditEntry) error {
	result := &record.AuditResult{}
	done := 0
	for _, t := range o.committed() {
		err := a.partStream(t.part).hold(ctx, t.id, entry.Hold)
		switch {
		case err == nil:
			done++
		case errors.Is(err, errNoTarget), errors.Is(err, errSealed):
		case CodeOf(err) == CodeErased:
			result.Parts = append(result.Parts, &record.PartResult{
				Index: uint32(t.id.Index), ErrorCode: int32(CodeErased), ErrorInfo: messageOf(err),
			})
		default:
			return err
		}
	}
	if err := a.auditResult(ctx, entryID, result); err != nil {
		return err
	}
	if done == 0 && len(result.Parts) > 0 {
		return Refuse(CodeErased, "operation %s was erased", operationText(o.id[:]))
	}
	return a.barrier(ctx)
}

// hold sets or lifts the hold of a target. An erasure that has claimed a part of
// the log is finished first: it came before.
// Errors: errNoTarget, errSealed, CodeErased.
func (s *stream) hold(ctx context.Context, id record.TargetID, hold bool) error {
	err := retry(ctx, func() error {
		var claimed *record.Erasure
		err := s.changeTarget(ctx, id, nil, func(g *targetChange) (bool, error) {
			t := g.target
			switch {
			case t.State == record.RecallTarget_VOID:
				return false, errNoTarget
			case t.Held == hold:
				return false, nil
			case hold && (t.State == record.RecallTarget_SEALED || t.State == record.RecallTarget_ERASED):
				return false, Refuse(CodeErased, "the messages were erased")
			}
			if claimed = g.conversation.Erasing; claimed != nil {
				return false, nil
			}
			t.Held = hold
			if hold {
				g.conversation.Holds++
			} else {
				g.conversation.Holds--
				g.mutations = append(g.mutations, store.Delete(record.HeldKey(id)))
			}
			return true, nil
		})
		if err != nil || claimed == nil {
			return err
		}
		if _, err := s.eraseClaimed(ctx, claimed); err != nil {
			return err
		}
		return store.ErrConflict
	})
	if err != nil {
		return fmt.Errorf("hold: %w", err)
	}
	return nil
}
