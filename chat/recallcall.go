package chat

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/store/record"
	"google.golang.org/protobuf/proto"
)

// Who is told of a recall beside the readers of the feed.
const (
	NotifySilent  = ""        // nobody
	NotifySummary = "summary" // one event per target
	NotifyEach    = "each"    // every message, as group_msg_recall does

	// The application alone, of every message that was not recalled before.
	notifyFresh = "fresh"
)

const (
	maxReasonBytes  = 500
	maxFenceSeconds = 3600
)

// RecallCall is a recall by sender of the moderation commands: of targets and a
// scope, or of a plan.
type RecallCall struct {
	Targets []RecallTarget
	Scope   RecallScope
	// PlanToken stands for the targets and the scope of a preview.
	PlanToken string

	Reason       string // up to 500 bytes, never shown to members
	Notify       string // NotifySilent, NotifySummary or NotifyEach
	FenceSeconds int64  // 0 to 3600: so long, what the senders still send is born recalled
	// MaxNum and MaxSharePercent refuse the whole call where more messages,
	// or a greater share of the scanned numbers, would be recalled; nil is no
	// limit.
	MaxNum, MaxSharePercent *int64
	// NoGrowth refuses a plan of which a target has come to match more.
	NoGrowth       bool
	IdempotencyKey string // up to 64 bytes, "" for none
}

// Recalled is the answer to a recall: its operation, and the targets in order.
type Recalled struct {
	OperationID string
	Parts       []RecallPart
}

// Recall recalls what the senders of 1 to 100 targets posted. First all ranges
// are fixed and counted, then the limits of the call are judged, and then
// exactly those ranges are committed, target by target. Every target that is
// done is durable when Recall returns; after a crash in the middle the rest is
// done at the next start.
//
// Errors: CodeInvalid, CodeBadPlan, CodeGuardExceeded, CodePlanGrown,
// CodeIdempotencyConflict; with any of them nothing is recalled. A target that
// cannot be served has its own code.
func (a *App) Recall(ctx context.Context, op Operator, r RecallCall) (*Recalled, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	if r.IdempotencyKey != "" {
		defer a.claimLocks.lock(r.IdempotencyKey)()
		if claim, err := a.claimOf(ctx, r.IdempotencyKey); claim != nil || err != nil {
			if err != nil {
				return nil, err
			}
			return a.answerOf(ctx, claim, &r)
		}
	}
	plan, parts, err := a.fix(ctx, &r)
	if err != nil {
		return nil, err
	}
	if err := r.judge(plan, parts); err != nil {
		return nil, err
	}
	id := a.newOperationID()
	entry := &record.AuditEntry{
		Kind: record.AuditEntry_RECALL, Operation: id[:], Reason: r.Reason, Scope: plan.Scope, Preview: plan.Preview,
		Notify: r.Notify, FenceSeconds: uint32(r.FenceSeconds),
	}
	for _, p := range parts {
		if r.FenceSeconds > 0 && p.stream != nil {
			p.Fence = &record.Fence{FromSeq: p.last + 1, Until: a.now() + r.FenceSeconds}
		}
		entry.Parts = append(entry.Parts, p.RecallPart)
	}
	if err := a.audit(ctx, id, op, entry); err != nil {
		return nil, err
	}
	if r.IdempotencyKey != "" {
		// Listed first: a call that has the key is carried out.
		if err := a.listWork(ctx, id, recallWork(id)); err != nil {
			return nil, err
		}
		own := &record.IdempotencyClaim{Operation: id[:], Request: r.digest()}
		holding, err := a.claim(ctx, r.IdempotencyKey, own)
		if err != nil {
			return nil, err
		}
		if holding != own { // a call in another process came first
			if err := a.unlistWork(ctx, record.RecallWorkKey(record.AuditEntry_RECALL, id)); err != nil {
				return nil, err
			}
			return a.answerOf(ctx, holding, &r)
		}
	}
	return a.carryOutNow(ctx, id, entry)
}

// check checks the form of the call and fills in defaults.
// Errors: CodeInvalid.
func (r *RecallCall) check() error {
	if r.PlanToken != "" {
		if len(r.Targets) > 0 || r.Scope != (RecallScope{}) {
			return Refuse(CodeInvalid, "PlanToken cannot be used with Targets or Scope")
		}
	} else {
		if r.NoGrowth {
			return Refuse(CodeInvalid, "AllowGrowth 0 needs a PlanToken")
		}
		if err := checkTargets(r.Targets); err != nil {
			return err
		}
		if err := r.Scope.check(); err != nil {
			return err
		}
	}
	if err := checkReason(r.Reason); err != nil {
		return err
	}
	if r.Notify != NotifySilent && r.Notify != NotifySummary && r.Notify != NotifyEach {
		return Refuse(CodeInvalid, "Notify %q is not silent, summary or each", r.Notify)
	}
	if r.FenceSeconds < 0 || r.FenceSeconds > maxFenceSeconds {
		return Refuse(CodeInvalid, "FenceSeconds is %d, must be 0 to %d", r.FenceSeconds, maxFenceSeconds)
	}
	if n := r.MaxNum; n != nil && *n < 0 {
		return Refuse(CodeInvalid, "Guard.MaxMsgNum is %d, must be 0 or more", *n)
	}
	if n := r.MaxSharePercent; n != nil && (*n < 0 || *n > 100) {
		return Refuse(CodeInvalid, "Guard.MaxSharePercent is %d, must be 0 to 100", *n)
	}
	if n := len(r.IdempotencyKey); n > maxIdempotencyKeyBytes {
		return Refuse(CodeInvalid, "IdempotencyKey has %d bytes, at most %d", n, maxIdempotencyKeyBytes)
	}
	return nil
}

// checkReason checks what a moderator gives as a reason.
// Errors: CodeInvalid.
func checkReason(reason string) error {
	if n := len(reason); n > maxReasonBytes {
		return Refuse(CodeInvalid, "Reason has %d bytes, at most %d", n, maxReasonBytes)
	}
	return nil
}

// digest tells calls of one IdempotencyKey apart.
func (r *RecallCall) digest() []byte {
	text, err := json.Marshal(r, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic("chat: recall cannot be encoded: " + err.Error())
	}
	digest := sha256.Sum256(text)
	return digest[:]
}

// fix fixes and counts the ranges of the call: anew, or as its plan binds them.
func (a *App) fix(ctx context.Context, r *RecallCall) (*record.RecallPlan, []plannedPart, error) {
	if r.PlanToken == "" {
		parts, err := a.planTargets(ctx, r.Targets, r.Scope)
		return &record.RecallPlan{Scope: r.Scope.record()}, parts, err
	}
	content, err := a.open(ctx, sealPlan, r.PlanToken)
	plan := &record.RecallPlan{}
	switch {
	case errors.Is(err, errBadToken):
		return nil, nil, Refuse(CodeBadPlan, "PlanToken was not made by this application's preview_recall")
	case err != nil:
		return nil, nil, err
	}
	if err := proto.Unmarshal(content, plan); err != nil || plan.App != a.id {
		return nil, nil, Refuse(CodeBadPlan, "PlanToken is of another application")
	}
	if a.now() >= plan.Expires {
		return nil, nil, Refuse(CodeBadPlan, "PlanToken has expired, it was valid for %d seconds", PlanValidSeconds)
	}
	parts, err := a.fixPlan(ctx, plan)
	return plan, parts, err
}

// fixPlan fixes the ranges of a plan: where its scope has no upper bound they
// have grown up to the newest number.
func (a *App) fixPlan(ctx context.Context, plan *record.RecallPlan) ([]plannedPart, error) {
	parts := make([]plannedPart, len(plan.Parts))
	numbers := int64(0)
	for i, planned := range plan.Parts {
		if planned.ErrorCode != 0 || planned.Incarnation == 0 {
			parts[i] = plannedPart{RecallPart: planned}
			continue
		}
		err := a.planPart(ctx, planned.GroupId, planned.TopicId, &parts[i], func(_ *groupState, s *stream, p *plannedPart) error {
			if p.Incarnation != planned.Incarnation || p.Topic != planned.Topic {
				return Refuse(CodeGroupNotFound, "group or topic of %q was destroyed since the preview", planned.GroupId)
			}
			p.RecallPart = proto.CloneOf(planned)
			head, floor, err := s.headAndFloor(ctx)
			if err != nil {
				return err
			}
			p.last, p.below = head.LastSeq, planned.GrowFrom
			if scopeOpen(plan.Scope) && planned.GrowFrom <= head.LastSeq {
				grown := interval{planned.GrowFrom, head.LastSeq}
				if planned.FromSeq == 0 { // what has come since may be imported, and older than the scope reaches
					if grown, err = s.between(ctx, head, grown, plan.Scope.AfterTime, 0); err != nil {
						return err
					}
				}
				if !grown.isEmpty() {
					p.FromSeq, p.ToSeq, p.below = grown.from, grown.to, grown.from
				}
			}
			return s.countPart(ctx, p, floor)
		})
		if err != nil {
			return nil, err
		}
		p := parts[i].RecallPart
		p.GroupId, p.TopicId, p.Sender, p.Index = planned.GroupId, planned.TopicId, planned.Sender, uint32(i)
		numbers += int64(rangeOf(p).numbers())
		if err := checkNumbers(numbers); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// judge refuses what would recall more than the caller allows.
// Errors: CodeGuardExceeded, CodePlanGrown.
func (r *RecallCall) judge(plan *record.RecallPlan, parts []plannedPart) error {
	matched, scanned := int64(0), int64(0)
	for i, p := range parts {
		matched, scanned = matched+int64(p.Matched), scanned+int64(rangeOf(p.RecallPart).numbers())
		if r.NoGrowth && p.Matched > plan.Parts[i].Matched {
			return Refuse(CodePlanGrown, "Targets[%d] matches %d messages, %d in the preview", i, p.Matched, plan.Parts[i].Matched)
		}
	}
	if most := r.MaxNum; most != nil && matched > *most {
		return Refuse(CodeGuardExceeded, "Guard.MaxMsgNum is %d, %d messages match", *most, matched)
	}
	if most := r.MaxSharePercent; most != nil && matched*100 > *most*scanned {
		return Refuse(CodeGuardExceeded, "Guard.MaxSharePercent is %d, %d of %d scanned match", *most, matched, scanned)
	}
	return nil
}

// answerOf answers what the call with an IdempotencyKey answered that claimed
// it, and carries that one out where it was cut short.
// Errors: CodeIdempotencyConflict.
func (a *App) answerOf(ctx context.Context, claim *record.IdempotencyClaim, r *RecallCall) (*Recalled, error) {
	if !bytes.Equal(claim.Request, r.digest()) {
		return nil, Refuse(CodeIdempotencyConflict, "IdempotencyKey %q was used with a different request", r.IdempotencyKey)
	}
	id := record.OperationID(claim.Operation)
	entry, result, err := a.auditEntry(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case entry == nil:
		return nil, fmt.Errorf("operation %s has no audit entry", operationText(id[:]))
	case result == nil:
		return a.carryOutNow(ctx, id, entry)
	}
	return recalled(id, entry, result), nil
}

// recalled is the answer to a recall of which the entry tells the ranges and
// counts, and the result which targets failed.
func recalled(id record.OperationID, entry *record.AuditEntry, result *record.AuditResult) *Recalled {
	answer := &Recalled{OperationID: operationText(id[:])}
	for i, p := range entry.Parts {
		part := resultOf(p)
		for _, failed := range result.Parts {
			if failed.Index == uint32(i) {
				part.Code, part.Message = Code(failed.ErrorCode), failed.ErrorInfo
				part.MatchedNum = 0
			}
		}
		answer.Parts = append(answer.Parts, part)
	}
	return answer
}

// carryOutNow carries out an operation whose entry is written, from here on
// whatever becomes of the caller: what this process cannot do any more is done
// after the next start.
func (a *App) carryOutNow(ctx context.Context, id record.OperationID, entry *record.AuditEntry) (*Recalled, error) {
	var answer *Recalled
	more := entry.FenceSeconds > 0 || entry.Notify == NotifyEach
	err := a.undertake(context.WithoutCancel(ctx), id, recallWork(id), more, func(ctx context.Context) error {
		result, err := a.carryOut(ctx, id, entry)
		if err == nil {
			answer = recalled(id, entry, result)
		}
		return err
	})
	return answer, err
}

func recallWork(id record.OperationID) *record.RecallWork {
	return &record.RecallWork{Kind: record.AuditEntry_RECALL, Operation: id[:]}
}

// carryOut commits the targets of an operation, those that are there already
// excepted, and writes what came of them.
func (a *App) carryOut(ctx context.Context, id record.OperationID, entry *record.AuditEntry) (*record.AuditResult, error) {
	notify := entry.Notify
	if notify == NotifyEach {
		notify = NotifySilent // the single messages are told of after this
	}
	errs := make([]error, len(entry.Parts))
	var live []int
	for i, p := range entry.Parts {
		if p.ErrorCode == 0 && p.Incarnation != 0 {
			live = append(live, i)
		}
	}
	if err := parallel(ctx, len(live), func(ctx context.Context, n int) error {
		i := live[n]
		p := entry.Parts[i]
		tell, err := a.tellingOfPart(ctx, notify, entry, p)
		if err == nil {
			err = a.partStream(p).recall(ctx, record.TargetID{Operation: id, Index: uint16(i)}, targetOf(p), notify, tell)
		}
		errs[i] = err
		return nil
	}); err != nil {
		return nil, err
	}
	result := &record.AuditResult{}
	for i, err := range errs {
		if err == nil {
			continue
		}
		if CodeOf(err) == CodeInternal && !errors.Is(err, errVoid) {
			return nil, err
		}
		result.Parts = append(result.Parts, &record.PartResult{Index: uint32(i), ErrorCode: int32(CodeOf(err)), ErrorInfo: messageOf(err)})
	}
	if err := a.auditResult(ctx, id, result); err != nil {
		return nil, err
	}
	if len(live) > 0 {
		return result, nil
	}
	return result, a.barrier(ctx)
}

// livingStream is the conversation of a part whose group and topic exist.
// Errors: errSealed where they do not.
func (a *App) livingStream(ctx context.Context, p *record.RecallPart) (*stream, error) {
	lives := false
	err := retry(ctx, func() error {
		g, err := a.readGroupHead(ctx, p.GroupId)
		if err != nil {
			return err
		}
		lives = !g.head.Destroyed && g.head.Incarnation == p.Incarnation
		if !lives || p.Topic == 0 {
			return nil
		}
		t, err := g.topic(ctx, p.TopicId)
		lives = t != nil && t.Incarnation == p.Topic
		return err
	})
	if err == nil && !lives {
		err = errSealed // its rows may still be there, until they are removed
	}
	return a.partStream(p), err
}

// partStream is the conversation of a part.
func (a *App) partStream(p *record.RecallPart) *stream {
	return a.streams.get(record.ConversationID{App: a.id, Group: p.GroupId, Incarnation: p.Incarnation, Topic: p.Topic}, Public)
}
