package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/recant-chat/recant/store/record"
)

// A plan fixes what a recall by sender would cover, target by target, and
// counts what that would hide. Making it changes nothing.

const (
	maxRecallTargets   = 100       // targets of one call
	maxScopeNumbers    = 100_000   // LastMsgNum
	defaultScope       = 1000      // where LastMsgNum is not given
	maxRecallNumbers   = 1_000_000 // numbers that all targets of one call cover
	maxRecallSamples   = 5         // messages that a preview shows of a target
	maxSampleBytes     = 800_000   // of all samples of a preview, whose answer stays below 1 MB
	maxBeyondNumbers   = 4000      // numbers that are looked at beyond one target's range
	beyondNotLookedFar = -1        // MoreBeyond: not determined
)

// RecallTarget names whose messages are to be recalled, and where.
type RecallTarget struct {
	GroupID string
	TopicID string // "" for the group's own stream
	Sender  string
}

// RecallScope says how far a recall by sender reaches.
type RecallScope struct {
	// LastNum is how many numbers of the stream are covered, 1 to 100,000,
	// counted from the newest or from BeforeSeq; 0 is 1,000.
	LastNum int64
	// BeforeSeq covers numbers below this one alone; 0 is none.
	BeforeSeq uint32
	// AfterTime and BeforeTime cover messages sent at or after, or before, a
	// time in Unix seconds alone; 0 is none.
	AfterTime, BeforeTime int64
}

// check checks the scope and fills in the default.
// Errors: CodeInvalid.
func (r *RecallScope) check() error {
	if r.LastNum == 0 {
		r.LastNum = defaultScope
	}
	if r.LastNum < 1 || r.LastNum > maxScopeNumbers {
		return Refuse(CodeInvalid, "Scope.LastMsgNum is %d, must be 1 to %d", r.LastNum, maxScopeNumbers)
	}
	if r.AfterTime < 0 || r.BeforeTime < 0 {
		return Refuse(CodeInvalid, "Scope: times must be 0 or more")
	}
	return nil
}

func (r RecallScope) record() *record.RecallScope {
	return &record.RecallScope{
		LastNum: uint32(r.LastNum), BeforeSeq: r.BeforeSeq, AfterTime: r.AfterTime, BeforeTime: r.BeforeTime,
	}
}

// open reports whether a range in this scope ends at the newest number,
// whichever that is.
func scopeOpen(r *record.RecallScope) bool { return r.BeforeSeq == 0 && r.BeforeTime == 0 }

// checkTargets checks the form of the targets of one call.
// Errors: CodeInvalid.
func checkTargets(targets []RecallTarget) error {
	if err := checkListLength("Targets", len(targets), maxRecallTargets); err != nil {
		return err
	}
	seen := map[RecallTarget]int{}
	for i, t := range targets {
		if !ValidUserID(t.Sender) {
			return Refuse(CodeInvalid, "Targets[%d].Sender_Account %q is not a valid UserID", i, t.Sender)
		}
		if first, twice := seen[t]; twice {
			return Refuse(CodeInvalid, "Targets[%d] repeats Targets[%d]", i, first)
		}
		seen[t] = i
	}
	return nil
}

// plannedPart is one target of a plan with the stream that it is in, nil where
// there is nothing to recall.
type plannedPart struct {
	*record.RecallPart
	stream  *stream
	last    uint32 // the stream's newest number when the range was fixed
	below   uint32 // MoreBeyond is about numbers below this one
	samples []uint32
}

// planTargets fixes and counts the ranges of targets. A target that cannot be
// served carries its own code; its others are planned.
func (a *App) planTargets(ctx context.Context, targets []RecallTarget, scope RecallScope) ([]plannedPart, error) {
	parts := make([]plannedPart, len(targets))
	numbers := int64(0)
	for i, t := range targets {
		err := a.planPart(ctx, t.GroupID, t.TopicID, &parts[i], func(g *groupState, s *stream, p *plannedPart) error {
			p.Sender = t.Sender
			return s.planRange(ctx, p, scope)
		})
		if err != nil {
			return nil, err
		}
		p := parts[i].RecallPart
		p.GroupId, p.TopicId, p.Sender, p.Index = t.GroupID, t.TopicID, t.Sender, uint32(i)
		numbers += int64(rangeOf(p).numbers())
		if err := checkNumbers(numbers); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// checkNumbers bounds what one call covers.
// Errors: CodeInvalid.
func checkNumbers(numbers int64) error {
	if numbers > maxRecallNumbers {
		return Refuse(CodeInvalid, "Targets cover %d numbers in all, at most %d", numbers, maxRecallNumbers)
	}
	return nil
}

// planPart runs plan on the stream of a target and turns a refusal into the
// target's own code. Where nothing is stored there is nothing to plan.
func (a *App) planPart(ctx context.Context, groupID, topicID string, p *plannedPart, plan func(*groupState, *stream, *plannedPart) error) error {
	err := a.view(ctx, groupID, func(g *groupState) error {
		*p = plannedPart{RecallPart: &record.RecallPart{}}
		if !g.rules().stored {
			p.Counted = true
			return nil
		}
		s, topic, err := g.streamOf(ctx, topicID)
		if err != nil {
			return err
		}
		*p = plannedPart{RecallPart: g.part(topicID, topic), stream: s}
		return plan(g, s, p)
	})
	if code := CodeOf(err); code != 0 && code != CodeInternal {
		*p = plannedPart{RecallPart: &record.RecallPart{ErrorCode: int32(code), ErrorInfo: messageOf(err)}}
		return nil
	}
	return err
}

// rangeOf is what a part on a sender covers beside its fence.
func rangeOf(p *record.RecallPart) interval {
	if p.FromSeq == 0 {
		return nothing
	}
	return interval{p.FromSeq, p.ToSeq}
}

// planRange fixes the range of a part whose sender is set, and counts it.
func (s *stream) planRange(ctx context.Context, p *plannedPart, scope RecallScope) error {
	head, floor, err := s.headAndFloor(ctx)
	if err != nil {
		return err
	}
	p.last = head.LastSeq
	window, within := nothing, nothing
	hi := head.LastSeq
	if scope.BeforeSeq > 0 {
		hi = min(hi, scope.BeforeSeq-1)
	}
	if hi > 0 {
		window = interval{hi - uint32(min(scope.LastNum, int64(hi))) + 1, hi}
		if within, err = s.between(ctx, head, window, scope.AfterTime, scope.BeforeTime); err != nil {
			return err
		}
	}
	p.below, p.GrowFrom = window.from, head.LastSeq+1
	if !within.isEmpty() {
		p.FromSeq, p.ToSeq, p.below, p.GrowFrom = within.from, within.to, within.from, within.from
	}
	// Deeper there is only what is neither expired nor too old for the scope.
	if window.from > floor+1 && (scope.AfterTime == 0 || within.from == window.from) {
		p.NextBefore = window.from
	}
	return s.countPart(ctx, p, floor)
}

// headAndFloor returns the log's head and the highest expired number.
func (s *stream) headAndFloor(ctx context.Context) (*record.LogHead, uint32, error) {
	head, err := s.current(ctx)
	if err != nil {
		return nil, 0, err
	}
	floor, err := s.expiredUpTo(ctx, head)
	return head, floor, err
}

// between narrows an interval to the ordinary messages sent at or after one
// time and before another, 0 for no bound. Times ascend with numbers.
func (s *stream) between(ctx context.Context, head *record.LogHead, i interval, after, before int64) (interval, error) {
	low := i.from - 1
	if after > 0 {
		older, err := s.olderThan(ctx, head, low, after, (*record.Header).GetTime)
		if err != nil {
			return nothing, err
		}
		i.from = max(i.from, older+1)
	}
	if before > 0 {
		older, err := s.olderThan(ctx, head, low, before, (*record.Header).GetTime)
		if err != nil {
			return nothing, err
		}
		i.to = min(i.to, older)
	}
	return i, nil
}

// countPart counts a part and looks for more of its sender's messages beyond.
func (s *stream) countPart(ctx context.Context, p *plannedPart, floor uint32) error {
	err := s.count(ctx, p, floor)
	if err == nil {
		p.MoreBeyond, err = s.moreBeyond(ctx, p.Sender, p.below, floor)
	}
	return err
}

// count counts what a part would newly hide, and what is hidden already, of the
// messages above the floor.
func (s *stream) count(ctx context.Context, p *plannedPart, floor uint32) error {
	p.Counted = true
	p.Matched, p.Already, p.Oldest, p.Newest, p.samples = 0, 0, 0, 0, nil
	live := rangeOf(p.RecallPart)
	live.from = max(live.from, floor+1)
	messages, err := s.sentBy(ctx, p.Sender, live)
	if err != nil || len(messages) == 0 {
		return err
	}
	found, err := s.readRecalls(ctx, []string{p.Sender}, live)
	if err != nil {
		return s.gone(err)
	}
	for _, m := range messages {
		if found.recalled(m.seq, p.Sender, m.arrival) {
			p.Already++
			continue
		}
		if p.Matched == 0 {
			p.Oldest = m.time
		}
		p.Matched, p.Newest = p.Matched+1, m.time
		p.samples = append(p.samples, m.seq)
	}
	p.samples = p.samples[max(0, len(p.samples)-maxRecallSamples):]
	return nil
}

// gone turns errSealed into the refusal that a caller sees.
func (s *stream) gone(err error) error {
	if errors.Is(err, errSealed) {
		return Refuse(CodeGroupNotFound, "group or topic of %q was destroyed", s.id.Group)
	}
	return err
}

// moreBeyond reports whether a sender has messages that are not recalled below
// a number: 1 or 0, or beyondNotLookedFar.
func (s *stream) moreBeyond(ctx context.Context, sender string, below, floor uint32) (int32, error) {
	const step = 1000
	for looked := 0; looked < maxBeyondNumbers; looked += step {
		if below <= floor+1 {
			return 0, nil
		}
		i := interval{max(floor+1, below-min(below-1, step)), below - 1}
		messages, err := s.sentBy(ctx, sender, i)
		if err != nil {
			return 0, err
		}
		if len(messages) > 0 {
			found, err := s.readRecalls(ctx, []string{sender}, i)
			if err != nil {
				return 0, s.gone(err)
			}
			for _, m := range messages {
				if !found.recalled(m.seq, sender, m.arrival) {
					return 1, nil
				}
			}
		}
		below = i.from
	}
	if below <= floor+1 {
		return 0, nil
	}
	return beyondNotLookedFar, nil
}

// RecallPart is one target of a preview or of a recall.
type RecallPart struct {
	Target         RecallTarget
	Code           Code // 0, or why the target cannot be served
	Message        string
	FromSeq, ToSeq uint32 // both included; 0 covers nothing
	ScannedNum     uint32
	MatchedNum     uint32 // messages that are newly recalled
	AlreadyNum     uint32 // messages that were recalled before
	Oldest, Newest int64  // MsgTime of the matched, Unix seconds; 0 for none
	MoreBeyond     int    // the sender has live messages below: 1, 0, or -1 where that was not determined
	NextBeforeSeq  uint32 // the BeforeSeq to go deeper with; 0 where there is nothing deeper
	Samples        []HistoryRow
}

func resultOf(p *record.RecallPart) RecallPart {
	return RecallPart{
		Target: RecallTarget{GroupID: p.GroupId, TopicID: p.TopicId, Sender: p.Sender},
		Code:   Code(p.ErrorCode), Message: p.ErrorInfo, FromSeq: p.FromSeq, ToSeq: p.ToSeq,
		ScannedNum: rangeOf(p).numbers(), MatchedNum: p.Matched, AlreadyNum: p.Already,
		Oldest: p.Oldest, Newest: p.Newest, MoreBeyond: int(p.MoreBeyond), NextBeforeSeq: p.NextBefore,
	}
}

// PlanValidSeconds is how long a PlanToken can be used.
const PlanValidSeconds = 600

// PreviewRecall says what a recall by sender of 1 to 100 targets would recall,
// and returns a token that binds a recall to it. It changes nothing but for
// its entry in the audit record.
//
// Errors: CodeInvalid. A target that cannot be served has its own code.
func (a *App) PreviewRecall(ctx context.Context, op Operator, targets []RecallTarget, scope RecallScope) (token string, results []RecallPart, err error) {
	if err := checkTargets(targets); err != nil {
		return "", nil, err
	}
	if err := scope.check(); err != nil {
		return "", nil, err
	}
	parts, err := a.planTargets(ctx, targets, scope)
	if err != nil {
		return "", nil, err
	}
	id := a.newOperationID()
	plan := &record.RecallPlan{App: a.id, Expires: a.now() + PlanValidSeconds, Preview: id[:], Scope: scope.record()}
	room := maxSampleBytes
	for _, p := range parts {
		result := resultOf(p.RecallPart)
		if result.Samples, err = p.stream.samples(ctx, p.samples, &room); err != nil {
			return "", nil, err
		}
		results = append(results, result)
		plan.Parts = append(plan.Parts, p.RecallPart)
	}
	ctx = context.WithoutCancel(ctx) // what the audit record says was done is answered
	err = a.audit(ctx, id, op, &record.AuditEntry{Kind: record.AuditEntry_PREVIEW, Parts: plan.Parts, Scope: plan.Scope})
	if err != nil {
		return "", nil, err
	}
	if err := a.barrier(ctx); err != nil {
		return "", nil, err
	}
	token, err = a.seal(ctx, sealPlan, encode(plan))
	return token, results, err
}

// samples are messages as history shows them, newest first, as far as there is
// room for their bytes.
func (s *stream) samples(ctx context.Context, seqs []uint32, room *int) ([]HistoryRow, error) {
	rows := []HistoryRow{}
	if len(seqs) == 0 {
		return rows, nil
	}
	_, edits, _, err := s.app.readConversation(ctx, s.id, recallRanges(markEdits, nil, interval{seqs[0], seqs[len(seqs)-1]})...)
	if err != nil {
		return nil, err
	}
	open, err := recallsIn(markEdits, nil, edits)
	if err != nil {
		return nil, err
	}
	for _, seq := range slices.Backward(seqs) {
		row, err := s.historyRow(ctx, seq, open)
		if err != nil {
			return nil, fmt.Errorf("read a sample: %w", err)
		}
		if row == nil {
			continue
		}
		if *room -= row.bytes(); *room < 0 {
			break
		}
		rows = append(rows, *row)
	}
	return rows, nil
}
