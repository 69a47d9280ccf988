package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
	"google.golang.org/protobuf/proto"
)

// Work about recalls that does not end in one commit is listed before it
// begins and taken off the list when it is done. What a crash interrupts is
// taken up again at the next start, from its audit entry; every step finds what
// it did before already done.

// undertake lists work, does it, and takes it off the list, or with more leaves
// the rest of it to the background work, as it does with what failed.
func (a *App) undertake(ctx context.Context, id record.OperationID, w *record.RecallWork, more bool, do func(context.Context) error) error {
	key := record.RecallWorkKey(w.Kind, id)
	defer a.workLocks.lock(string(key))()
	if err := a.listWork(ctx, id, w); err != nil {
		return err
	}
	err := do(ctx)
	if more || err != nil && CodeOf(err) == CodeInternal {
		a.workSoon()
		return err
	}
	return errors.Join(err, a.unlistWork(ctx, key))
}

func (a *App) listWork(ctx context.Context, id record.OperationID, w *record.RecallWork) error {
	w.Writer, w.Listed = a.deliverer.holder, a.now()
	if err := a.recallWork.put(ctx, store.Set(record.RecallWorkKey(w.Kind, id), encode(w))); err != nil {
		return fmt.Errorf("list work on a recall: %w", err)
	}
	return nil
}

func (a *App) unlistWork(ctx context.Context, key []byte) error {
	if err := a.recallWork.remove(ctx, key); err != nil {
		return fmt.Errorf("end work on a recall: %w", err)
	}
	return nil
}

// workOn reads the work of one kind that is listed, nil for none.
func (a *App) workOn(ctx context.Context, kind record.AuditEntry_Kind, id record.OperationID) (*record.RecallWork, error) {
	return a.workAt(ctx, record.RecallWorkKey(kind, id))
}

func (a *App) workAt(ctx context.Context, key []byte) (*record.RecallWork, error) {
	row, err := a.recallWork.row(ctx, key)
	if err != nil || row == nil {
		return nil, err
	}
	w := &record.RecallWork{}
	return w, decode(*row, w)
}

// workSoon asks the background work not to wait for its next round.
func (a *App) workSoon() {
	select {
	case a.workNow <- struct{}{}:
	default: // it has been asked already
	}
}

// workAgain is when work that failed is tried again.
const workAgain = time.Minute

// workOnRecalls does what is listed and due, and returns when the next work is
// due that is not yet; zero for none.
func (a *App) workOnRecalls(ctx context.Context) (next time.Time, err error) {
	return a.workOnListed(ctx, true)
}

// workOnListed is workOnRecalls for all that is listed, or for what this process
// knows to be.
func (a *App) workOnListed(ctx context.Context, all bool) (next time.Time, err error) {
	var failed error
	err = a.recallWork.each(ctx, all, func(row store.Row) error {
		due, err := a.workOnRow(ctx, row.Key)
		if err != nil {
			failed = errors.Join(failed, err) // the others can still be done
			due = a.clock().Add(workAgain)
		}
		if !due.IsZero() && (next.IsZero() || due.Before(next)) {
			next = due
		}
		return ctx.Err()
	})
	return next, errors.Join(failed, err)
}

// workOnRow does the work of one row of the list, and returns when it is due
// again where it is not over.
func (a *App) workOnRow(ctx context.Context, key []byte) (due time.Time, err error) {
	defer a.workLocks.lock(string(key))()
	w, err := a.workAt(ctx, key)
	if err != nil || w == nil {
		return time.Time{}, err
	}
	if due := a.dueWork(w); due > a.now() {
		return time.Unix(due, 0), nil
	}
	if w.Writer != a.deliverer.holder { // taken over
		if err := a.listWork(ctx, record.OperationID(key[1:]), proto.CloneOf(w)); err != nil {
			return time.Time{}, err
		}
	}
	again, err := a.workOnOperation(ctx, record.OperationID(key[1:]), w)
	switch {
	case err != nil && CodeOf(err) == CodeInternal:
		return time.Time{}, fmt.Errorf("work on operation %s: %w", operationText(w.Operation), err)
	case again > 0 && w.Kind == record.AuditEntry_RECALL:
		w.NotBefore = again // of an erasure that is what was asked for
		return time.Unix(again, 0), a.listWork(ctx, record.OperationID(key[1:]), w)
	case again > 0:
		return time.Unix(again, 0), nil
	}
	return time.Time{}, a.unlistWork(ctx, key)
}

// takeOverAfter is for how many seconds work is left to the process that has listed
// it, so that two do not do the same beside each other.
const takeOverAfter = 60

// dueWork is when work is to be done by this process, Unix seconds.
func (a *App) dueWork(w *record.RecallWork) int64 {
	if a.exclusive() || w.Writer == a.deliverer.holder {
		return w.NotBefore
	}
	return max(w.NotBefore, w.Listed) + takeOverAfter
}

// workOnOperation does what is listed under an id.
func (a *App) workOnOperation(ctx context.Context, id record.OperationID, w *record.RecallWork) (again int64, err error) {
	o, err := a.operation(ctx, operationText(w.Operation))
	if err != nil { // CodeOperationNotFound where the entry was lost in a crash, and with it the call
		return 0, err
	}
	switch w.Kind {
	case record.AuditEntry_RECALL:
		return a.finishRecall(ctx, o)
	case record.AuditEntry_ERASE:
		again, err := a.erase(ctx, o)
		if errors.Is(err, errNotAsked) {
			if again, err = w.Listed+voidAfterSeconds, nil; again <= a.now() {
				again = 0 // no call lasts so long
			}
		}
		return again, err
	}
	entry, result, err := a.auditEntry(ctx, id)
	if err != nil || entry == nil || result != nil { // what is done is not told anew
		return 0, err
	}
	if w.Kind == record.AuditEntry_RESTORE {
		_, err = a.restoreParts(ctx, id, o, entry)
		return 0, err
	}
	return 0, a.holdAgain(ctx, id, o, entry)
}
