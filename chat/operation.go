package chat

import (
	"context"
	"errors"
	"fmt"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// operation is a recall operation: its audit entry, and what came of it.
type operation struct {
	id     record.OperationID
	entry  *record.AuditEntry
	result *record.AuditResult // nil until all targets were tried, and of single-target commands
}

// operation reads an operation.
// Errors: CodeOperationNotFound.
func (a *App) operation(ctx context.Context, operationID string) (*operation, error) {
	notFound := Refuse(CodeOperationNotFound, "there is no operation %q", operationID)
	id, ok := parseOperationID(operationID)
	if !ok {
		return nil, notFound
	}
	entry, result, err := a.auditEntry(ctx, id)
	if err != nil {
		return nil, err
	}
	if entry == nil || entry.Kind != record.AuditEntry_RECALL {
		return nil, notFound
	}
	return &operation{id: id, entry: entry, result: result}, nil
}

// operationTarget is a target of an operation that has a conversation.
type operationTarget struct {
	id   record.TargetID
	part *record.RecallPart
}

// committed are the targets that the operation did or would commit.
func (o *operation) committed() []operationTarget {
	var targets []operationTarget
	for i, p := range o.entry.Parts {
		if p.ErrorCode == 0 && p.Incarnation != 0 {
			targets = append(targets, operationTarget{record.TargetID{Operation: o.id, Index: uint16(i)}, p})
		}
	}
	return targets
}

// subject is what a later entry about a part says of it.
func subject(p *record.RecallPart, index int) *record.RecallPart {
	return &record.RecallPart{
		GroupId: p.GroupId, TopicId: p.TopicId, Sender: p.Sender, SeqSenders: p.SeqSenders, Index: uint32(index),
	}
}

// subjects are the subjects of all parts.
func (o *operation) subjects() []*record.RecallPart {
	subjects := make([]*record.RecallPart, len(o.entry.Parts))
	for i, p := range o.entry.Parts {
		subjects[i] = subject(p, i)
	}
	return subjects
}

// choose returns the subjects of the targets that are named, all for nil.
// Errors: CodeInvalid for one that is not the operation's.
func (o *operation) choose(targets []RecallTarget) ([]*record.RecallPart, error) {
	if targets == nil {
		return o.subjects(), nil
	}
	if err := checkListLength("Targets", len(targets), maxRecallTargets); err != nil {
		return nil, err
	}
	index := map[RecallTarget]int{}
	for i, p := range o.entry.Parts {
		index[RecallTarget{p.GroupId, p.TopicId, p.Sender}] = i
	}
	var chosen []*record.RecallPart
	seen := map[int]bool{}
	for n, t := range targets {
		i, ok := index[t]
		if !ok {
			return nil, Refuse(CodeInvalid, "Targets[%d] is not a target of the operation", n)
		}
		if !seen[i] {
			chosen = append(chosen, subject(o.entry.Parts[i], i))
		}
		seen[i] = true
	}
	return chosen, nil
}

// States of a target as callers see them.
const (
	StateActive    = "active"
	StateRestored  = "restored"
	StateSealed    = "sealed" // is being erased
	StateErased    = "erased"
	StatePending   = "pending"   // not yet carried out
	StateVoid      = "void"      // given up before it was carried out
	StateRefused   = "refused"   // the target could not be served
	StateNone      = "none"      // there is nothing stored to recall
	StateDestroyed = "destroyed" // the group or topic is gone, and its messages
)

var stateNames = map[record.RecallTarget_State]string{
	record.RecallTarget_ACTIVE:   StateActive,
	record.RecallTarget_RESTORED: StateRestored,
	record.RecallTarget_SEALED:   StateSealed,
	record.RecallTarget_ERASED:   StateErased,
	record.RecallTarget_VOID:     StateVoid,
}

// Operation is a recall operation as the audit record tells it.
type Operation struct {
	ID           string
	Command      string
	Operator     string
	RemoteIP     string
	Random       string
	Time         int64 // Unix seconds
	Reason       string
	Scope        RecallScope // zero where the command has none
	Notify       string
	FenceSeconds int64
	PreviewID    string // the preview that it carried out, "" for none
	Held         bool   // one of its targets is on hold
	Targets      []OperationTarget
	Erasure      *Erasure         // the newest, nil for none
	Log          []OperationEvent // oldest first
}

// OperationTarget is one target of an operation.
type OperationTarget struct {
	Target             RecallTarget // Sender is "" for a recall by number
	State              string       // one of the State constants
	Code               Code         // of a target that was refused
	Message            string
	FromSeq, ToSeq     uint32   // both included; 0 covers nothing
	Seqs               []uint32 // of a recall by number
	Counted            bool     // the next two are known
	RecalledNum        uint32   // messages that it newly recalled
	AlreadyNum         uint32   // and that were recalled before
	FenceFrom, FenceTo uint32   // the fence's first number, and its last once it is closed
	FenceUntil         int64    // Unix seconds; 0 for no fence
	FenceOpen          bool
	Held               bool
	Restored           *RestoredBy // where it was restored
}

// RestoredBy says who restored a target.
type RestoredBy struct {
	Operator string
	Time     int64 // Unix seconds
	Reason   string
}

// OperationEvent is an entry of the audit record about an operation.
type OperationEvent struct {
	ID        string
	Type      string // recall, restore, erase, hold, release or export
	Operator  string
	RemoteIP  string
	Random    string
	Time      int64 // Unix seconds
	Reason    string
	NotBefore int64      // of erase, Unix seconds
	Restored  []Restored // of restore; only the targets are known until it is done
	Messages  uint32     // of export
	ChainHash []byte     // of export, once its last page was read
}

// Operation returns an operation with the states of its targets and the log of
// what was done about it.
// Errors: CodeOperationNotFound.
func (a *App) Operation(ctx context.Context, operationID string) (*Operation, error) {
	o, err := a.operation(ctx, operationID)
	if err != nil {
		return nil, err
	}
	result, err := a.describe(ctx, o)
	if err != nil {
		return nil, err
	}
	if result.Log, err = a.operationLog(ctx, o); err != nil {
		return nil, err
	}
	result.Erasure, err = a.erasure(ctx, o)
	return result, err
}

// describe tells an operation and the states of its targets.
func (a *App) describe(ctx context.Context, o *operation) (*Operation, error) {
	e := o.entry
	result := &Operation{
		ID: operationText(o.id[:]), Command: e.Command, Operator: e.Operator, RemoteIP: e.RemoteIp,
		Random: e.RequestRandom, Time: e.Time / 1000, Reason: e.Reason, Notify: e.Notify,
		FenceSeconds: int64(e.FenceSeconds), PreviewID: operationText(e.Preview),
	}
	if s := e.Scope; s != nil {
		result.Scope = RecallScope{int64(s.LastNum), s.BeforeSeq, s.AfterTime, s.BeforeTime}
	}
	for i := range e.Parts {
		t, err := a.describeTarget(ctx, o, i)
		if err != nil {
			return nil, err
		}
		result.Held = result.Held || t.Held
		result.Targets = append(result.Targets, *t)
	}
	return result, nil
}

func (a *App) describeTarget(ctx context.Context, o *operation, index int) (*OperationTarget, error) {
	p := o.entry.Parts[index]
	result := &OperationTarget{
		Target:  RecallTarget{GroupID: p.GroupId, TopicID: p.TopicId, Sender: p.Sender},
		FromSeq: p.FromSeq, ToSeq: p.ToSeq, Seqs: p.Seqs,
		Counted: p.Counted, RecalledNum: p.Matched, AlreadyNum: p.Already,
	}
	switch {
	case p.ErrorCode != 0:
		result.State, result.Code, result.Message = StateRefused, Code(p.ErrorCode), p.ErrorInfo
		return result, nil
	case p.Incarnation == 0:
		result.State = StateNone
		return result, nil
	}
	if o.result != nil {
		for _, failed := range o.result.Parts {
			if failed.Index == uint32(index) {
				result.State, result.Code, result.Message = StateRefused, Code(failed.ErrorCode), failed.ErrorInfo
				return result, nil
			}
		}
	}
	t, err := a.resolveTarget(ctx, o, operationTarget{record.TargetID{Operation: o.id, Index: uint16(index)}, p})
	switch {
	case errors.Is(err, errSealed):
		result.State = StateDestroyed
		return result, nil
	case err != nil:
		return nil, err
	case t == nil:
		result.State = StatePending
		return result, nil
	}
	result.State, result.Held = stateNames[t.State], t.Held
	if t.Fence != nil {
		result.FenceFrom, result.FenceUntil, result.FenceTo = t.Fence.FromSeq, t.Fence.Until, t.FenceToSeq
		result.FenceOpen = fenceOpen(t) && t.State == record.RecallTarget_ACTIVE
	}
	if t.State == record.RecallTarget_RESTORED {
		entry, _, err := a.auditEntry(ctx, record.OperationID(t.RestoredBy))
		if err != nil {
			return nil, err
		}
		if entry != nil {
			result.Restored = &RestoredBy{entry.Operator, entry.Time / 1000, entry.Reason}
		}
	}
	return result, nil
}

// voidAfterSeconds is the age from which an operation that never came to its
// target is given up. No call lasts so long.
const voidAfterSeconds = 300

// resolveTarget reads a target. One that an operation never came to is nil
// while it still may, and then made void, so that a stalled commit cannot bring
// it about after it was reported.
// Errors: errSealed.
func (a *App) resolveTarget(ctx context.Context, o *operation, t operationTarget) (*record.RecallTarget, error) {
	s, err := a.livingStream(ctx, t.part)
	if err != nil {
		return nil, err
	}
	found, err := s.readTarget(ctx, t.id)
	if found != nil || err != nil {
		return found, err
	}
	if a.now()-o.entry.Time/1000 < voidAfterSeconds {
		return nil, nil
	}
	if w, err := a.workOn(ctx, record.AuditEntry_RECALL, o.id); w != nil || err != nil {
		return nil, err
	}
	key := record.TargetKey(t.id)
	err = a.changeConversation(ctx, s.id, []store.Range{store.Key(key)}, func(_ *record.Conversation, rows [][]store.Row) ([]store.Mutation, error) {
		if found, err = targetIn(rows[0]); found != nil || err != nil {
			return nil, err // it came after all
		}
		found = targetOf(t.part)
		found.State = record.RecallTarget_VOID
		return []store.Mutation{store.Set(key, encode(found))}, nil
	})
	if err != nil {
		return nil, fmt.Errorf("give up recall: %w", err)
	}
	return found, nil
}

// operationLog reads the entries about an operation, oldest first.
func (a *App) operationLog(ctx context.Context, o *operation) ([]OperationEvent, error) {
	rows, _, err := a.store.Read(ctx, a.auditPartition(o.id), store.Prefix(record.AuditLogPrefix(o.id)))
	if err != nil {
		return nil, fmt.Errorf("read audit record: %w", err)
	}
	log := []OperationEvent{eventOf(o.id, o.entry, o.result)}
	for _, row := range rows[0] {
		id := record.AuditID(row.Key)
		entry, result, err := a.auditEntry(ctx, id)
		if err != nil {
			return nil, err
		}
		if entry != nil {
			log = append(log, eventOf(id, entry, result))
		}
	}
	return log, nil
}

// restoredOf tells what became of a part of a restore, of which the result may
// not be there yet.
func restoredOf(p *record.RecallPart, result *record.AuditResult) Restored {
	r := Restored{Target: RecallTarget{GroupID: p.GroupId, TopicID: p.TopicId, Sender: p.Sender}}
	for _, done := range result.GetParts() {
		if done.Index == p.Index {
			r.Code, r.Message = Code(done.ErrorCode), done.ErrorInfo
			r.RestoredNum, r.StillHiddenNum = done.Restored, done.StillHidden
		}
	}
	return r
}

// kindNames are the kinds of entries as callers see them.
var kindNames = map[record.AuditEntry_Kind]string{
	record.AuditEntry_PREVIEW: "preview",
	record.AuditEntry_RECALL:  "recall",
	record.AuditEntry_RESTORE: "restore",
	record.AuditEntry_ERASE:   "erase",
	record.AuditEntry_HOLD:    "hold",
	record.AuditEntry_EXPORT:  "export",
}

func eventOf(id record.OperationID, e *record.AuditEntry, result *record.AuditResult) OperationEvent {
	event := OperationEvent{
		ID: operationText(id[:]), Type: kindNames[e.Kind], Operator: e.Operator, RemoteIP: e.RemoteIp,
		Random: e.RequestRandom, Time: e.Time / 1000, Reason: e.Reason, NotBefore: e.NotBefore,
	}
	if e.Kind == record.AuditEntry_HOLD && !e.Hold {
		event.Type = "release"
	}
	if e.Kind == record.AuditEntry_RESTORE {
		for _, p := range e.Parts {
			event.Restored = append(event.Restored, restoredOf(p, result))
		}
	}
	if result != nil {
		event.Messages, event.ChainHash = result.Total, result.ChainHash
	}
	return event
}
