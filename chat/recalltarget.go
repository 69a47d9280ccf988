package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// covers reports whether a target on a sender covers one of its messages.
func covers(t *record.RecallTarget, m sentMessage) bool {
	for _, i := range intervals(t) {
		if i.from <= m.seq && m.seq <= i.to {
			return true
		}
	}
	return fenceOpen(t) && m.seq >= t.Fence.FromSeq && m.arrival <= t.Fence.Until
}

// reach is, as a union, which numbers a target may cover in a stream of which
// last is the newest.
func reach(t *record.RecallTarget, last uint32) []interval {
	var found []interval
	for _, seq := range t.Seqs {
		found = append(found, interval{seq, seq})
	}
	found = append(found, intervals(t)...)
	if fenceOpen(t) && t.Fence.FromSeq <= last {
		found = append(found, interval{t.Fence.FromSeq, last})
	}
	return union(found)
}

// coveredIn returns, by sender, the messages of a part of a target's reach that
// it covers.
func (s *stream) coveredIn(ctx context.Context, t *record.RecallTarget, i interval) (map[string][]sentMessage, error) {
	found := map[string][]sentMessage{}
	if t.Kind == record.RecallTarget_BY_SENDER {
		messages, err := s.sentBy(ctx, t.Sender, i)
		messages = slices.DeleteFunc(messages, func(m sentMessage) bool { return !covers(t, m) })
		if len(messages) > 0 {
			found[t.Sender] = messages
		}
		return found, err
	}
	for seq := i.from; seq <= i.to && seq >= i.from; seq++ {
		headers, err := s.app.readHeaders(ctx, s.id, seq, seq)
		if err != nil {
			return nil, err
		}
		for _, h := range headers {
			found[h.header.Sender] = append(found[h.header.Sender], sentMessage{seq, h.header.Time, receivedAt(h.header)})
		}
	}
	return found, nil
}

// coversHeader reports whether a target covers a message.
func coversHeader(t *record.RecallTarget, m numberedHeader) bool {
	switch {
	case m.header.Tip:
		return false
	case t.Kind == record.RecallTarget_BY_SEQ:
		return slices.Contains(t.Seqs, m.seq)
	}
	return t.Sender == m.header.Sender && covers(t, sentMessage{m.seq, m.header.Time, receivedAt(m.header)})
}

// eachCovered calls visit for the messages above a number that a target covers
// and that are in the log, in ascending order.
func (s *stream) eachCovered(ctx context.Context, t *record.RecallTarget, after uint32, visit func(numberedHeader) error) error {
	head, err := s.current(ctx)
	if err != nil {
		return err
	}
	for _, i := range reach(t, head.LastSeq) {
		if after >= i.from {
			if after >= i.to {
				continue
			}
			i.from = after + 1
		}
		if err := s.eachCoveredIn(ctx, t, i, visit); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) eachCoveredIn(ctx context.Context, t *record.RecallTarget, i interval, visit func(numberedHeader) error) error {
	const step = 512
	for {
		end := min(i.to, i.from+step-1, (record.Bucket(i.from)+1)*record.BucketSize)
		headers, err := s.app.readHeaders(ctx, s.id, i.from, end)
		if err != nil {
			return err
		}
		for _, h := range headers {
			if !coversHeader(t, h) {
				continue
			}
			if err := visit(h); err != nil {
				return err
			}
		}
		if end == i.to {
			return nil
		}
		i.from = end + 1
	}
}

func fenceOpen(t *record.RecallTarget) bool { return t.Fence != nil && !t.FenceClosed }

// readTarget reads a target, nil where there is none.
// Errors: errSealed.
func (s *stream) readTarget(ctx context.Context, id record.TargetID) (*record.RecallTarget, error) {
	c, rows, _, err := s.app.readConversation(ctx, s.id, store.Key(record.TargetKey(id)))
	if err != nil {
		return nil, err
	}
	if c.Sealed {
		return nil, errSealed
	}
	return targetIn(rows[0])
}

func targetIn(rows []store.Row) (*record.RecallTarget, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	t := &record.RecallTarget{}
	return t, decode(rows[0], t)
}

// errNoTarget says that a target was never committed.
var errNoTarget = errors.New("chat: recall target does not exist")

// errTargetChanged says that a target is not what it was when the ranges that
// its change reads were chosen.
var errTargetChanged = errors.New("chat: recall target has changed")

// targetChange is a change of one target and what follows from it, staged and
// then committed whole.
type targetChange struct {
	conversation *record.Conversation
	id           record.TargetID
	target       *record.RecallTarget // as it was; what change makes of it is written
	rows         [][]store.Row        // of the ranges that were asked for
	mutations    []store.Mutation
}

// changeTarget changes a target that exists. The ranges that select reads may
// depend on the target; where it has changed since, all begins anew. A change
// that stages nothing and leaves the target as it was writes nothing.
// Errors: errSealed, errNoTarget and those of change.
func (s *stream) changeTarget(ctx context.Context, id record.TargetID, ranges func(*record.RecallTarget) []store.Range, change func(*targetChange) (changed bool, err error)) error {
	return retry(ctx, func() (err error) {
		defer func() {
			if errors.Is(err, errTargetChanged) {
				err = store.ErrConflict
			}
		}()
		seen, err := s.readTarget(ctx, id)
		if err != nil {
			return err
		}
		if seen == nil {
			return errNoTarget
		}
		before := encode(seen)
		asked := []store.Range{store.Key(record.TargetKey(id))}
		if ranges != nil {
			asked = append(asked, ranges(seen)...)
		}
		return s.app.changeConversation(ctx, s.id, asked, func(c *record.Conversation, rows [][]store.Row) ([]store.Mutation, error) {
			if len(rows[0]) == 0 || string(rows[0][0].Value) != string(before) {
				return nil, errTargetChanged
			}
			t, err := targetIn(rows[0])
			if err != nil {
				return nil, err
			}
			g := &targetChange{conversation: c, id: id, target: t, rows: rows[1:]}
			changed, err := change(g)
			if err != nil || !changed {
				return nil, err
			}
			mutations := append(g.mutations, store.Set(record.TargetKey(id), encode(t)))
			if t.Held {
				mutations = append(mutations, store.Set(record.HeldKey(id), encode(t)))
			}
			return mutations, nil
		})
	})
}

// feed stages an event about the target.
func (g *targetChange) feed(e *record.FeedEvent) {
	e.Operation, e.Sender = g.id.Operation[:], g.target.Sender
	g.mutations = append(g.mutations, feed(g.conversation, e))
}

// fenceGraceSeconds is how long after its end a fence is closed: what was under
// way at its end is in the log by then.
const fenceGraceSeconds = 60

// closeFence turns the fence of an active target that has ended into an ordinary
// interval, up to the last message of anybody that came in its time, and reports
// whether none is open any more that will be.
func (s *stream) closeFence(ctx context.Context, id record.TargetID) (bool, error) {
	t, err := s.readTarget(ctx, id)
	if err != nil || t == nil || !fenceOpen(t) || t.State != record.RecallTarget_ACTIVE {
		return err == nil || errors.Is(err, errSealed), ignore(err, errSealed)
	}
	if s.app.now() <= t.Fence.Until+fenceGraceSeconds {
		return false, nil
	}
	head, err := s.current(ctx)
	if err != nil {
		return false, err
	}
	last, err := s.olderThan(ctx, head, t.Fence.FromSeq-1, t.Fence.Until+1, receivedAt)
	if err != nil {
		return false, err
	}
	caught := interval{t.Fence.FromSeq, last}
	if caught.numbers() > maxRecallNumbers {
		return true, nil // as it is it is exact too, and never too large
	}
	err = s.changeTarget(ctx, id, func(*record.RecallTarget) []store.Range {
		if caught.isEmpty() {
			return nil
		}
		return addRanges(t.Sender, caught)
	}, func(g *targetChange) (bool, error) {
		if !fenceOpen(g.target) || g.target.State != record.RecallTarget_ACTIVE {
			return false, nil
		}
		g.target.FenceClosed, g.target.FenceToSeq = true, last
		g.conversation.Fences--
		g.mutations = append(g.mutations, store.Delete(record.FenceKey(t.Sender, id)))
		if caught.isEmpty() {
			return true, nil
		}
		added, err := addInterval(g.conversation, t.Sender, id, caught, g.rows)
		g.mutations = append(g.mutations, added...)
		g.feed(&record.FeedEvent{Type: record.FeedEvent_RECALLED, FromSeq: caught.from, ToSeq: caught.to, Time: s.app.now()})
		return true, err
	})
	if err != nil && !errors.Is(err, errSealed) {
		return false, fmt.Errorf("close fence: %w", err)
	}
	return true, nil
}

// ignore returns err unless it is one that does not matter.
func ignore(err, harmless error) error {
	if errors.Is(err, harmless) {
		return nil
	}
	return err
}
