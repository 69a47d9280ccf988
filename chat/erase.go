package chat

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
	"google.golang.org/protobuf/proto"
)

// An erasure makes what an operation recalled unrecoverable: the bodies go, the
// headers stay as placeholders, so that numbers and order remain. It seals the
// operation's targets, so that nothing can restore them any more, and then goes
// through their messages part by part. It first claims each part in the
// conversation, where holds are, so that a hold and an erasure know of each
// other, and a claim whose process died can be finished by anybody.

// eraseBatch is how many messages one commit erases.
const eraseBatch = store.MaxMutations / maxMessageRows

// States of an erasure.
const (
	ErasureWaiting = "waiting" // for its time, or for a hold to be lifted
	ErasureRunning = "running"
	ErasureDone    = "done"
)

// Erasure is how far an erasure has come.
type Erasure struct {
	State     string
	NotBefore int64  // Unix seconds
	TotalNum  uint32 // messages to erase; known once it runs
	DoneNum   uint32 // messages that were erased
	HeldNum   uint32 // messages that were spared because they are on hold
}

// Erase erases what an operation recalled and what is still recalled, not before
// a time in Unix seconds (0 is now), in the background. Asking again sets another
// time, or once it runs tells how far it has come.
//
// Errors: CodeInvalid, CodeOperationNotFound, CodeErased when all of it is done,
// CodeHeld.
func (a *App) Erase(ctx context.Context, op Operator, operationID string, notBefore int64) (*Erasure, error) {
	if notBefore < 0 || notBefore > math.MaxUint32 {
		return nil, Refuse(CodeInvalid, "NotBefore is %d, must be 0 to %d", notBefore, uint32(math.MaxUint32))
	}
	o, err := a.operation(ctx, operationID)
	if err != nil {
		return nil, err
	}
	defer a.operationLocks.lock(operationID)()
	known, err := a.erasure(ctx, o)
	if err != nil {
		return nil, err
	}
	switch {
	case known != nil && known.State == ErasureDone:
		return nil, Refuse(CodeErased, "operation %s was erased", operationID)
	case known != nil && known.State == ErasureRunning:
		return known, nil
	}
	described, err := a.describe(ctx, o)
	if err != nil {
		return nil, err
	}
	if described.Held {
		return nil, Refuse(CodeHeld, "operation %s is on hold", operationID)
	}
	if notBefore == 0 {
		notBefore = a.now()
	}
	if known != nil && known.NotBefore == notBefore {
		return known, nil
	}
	entry := &record.AuditEntry{
		Kind: record.AuditEntry_ERASE, Operation: o.id[:], NotBefore: notBefore, Parts: o.subjects(),
	}
	if err := a.audit(ctx, a.newOperationID(), op, entry); err != nil {
		return nil, err
	}
	// Listed first: an erasure that waits is carried out.
	if err := a.listWork(ctx, o.id, eraseWork(o)); err != nil {
		return nil, err
	}
	p, err := a.changeErasure(ctx, o, func(p *record.EraseProgress) bool {
		if p.State > record.EraseProgress_WAITING {
			return false // another process has begun it
		}
		p.State, p.NotBefore = record.EraseProgress_WAITING, notBefore
		return true
	})
	if err != nil {
		return nil, err
	}
	if p.State == record.EraseProgress_DONE {
		return nil, Refuse(CodeErased, "operation %s was erased", operationID)
	}
	a.workSoon()
	return erasureOf(p), nil
}

func eraseWork(o *operation) *record.RecallWork {
	return &record.RecallWork{Kind: record.AuditEntry_ERASE, Operation: o.id[:]}
}

// erasure tells how far the erasure of an operation has come, nil for none.
func (a *App) erasure(ctx context.Context, o *operation) (*Erasure, error) {
	p, err := a.changeErasure(ctx, o, func(*record.EraseProgress) bool { return false })
	if err != nil || p.State == record.EraseProgress_NONE {
		return nil, err
	}
	return erasureOf(p), nil
}

func erasureOf(p *record.EraseProgress) *Erasure {
	e := &Erasure{State: ErasureRunning, NotBefore: p.NotBefore, TotalNum: p.Total, DoneNum: p.Done, HeldNum: p.Held}
	switch p.State {
	case record.EraseProgress_WAITING:
		e.State = ErasureWaiting
	case record.EraseProgress_DONE:
		e.State = ErasureDone
	}
	return e
}

// changeErasure changes how far the erasure of an operation has come where change
// says so, and returns it. Whoever asks for another time comes before the erasure
// begins, in whichever process, or finds that it has begun.
func (a *App) changeErasure(ctx context.Context, o *operation, change func(*record.EraseProgress) bool) (*record.EraseProgress, error) {
	partition := record.ErasurePartition(a.id, o.id)
	var p *record.EraseProgress
	err := retry(ctx, func() error {
		rows, version, err := a.store.Read(ctx, partition, store.Key(record.ErasureKey))
		if err != nil {
			return err
		}
		p = &record.EraseProgress{}
		if len(rows[0]) > 0 {
			if err := decode(rows[0][0], p); err != nil {
				return err
			}
		}
		if !change(p) {
			return nil
		}
		_, err = a.store.Commit(ctx, partition, version, []store.Mutation{store.Set(record.ErasureKey, encode(p))})
		if errors.Is(err, store.ErrUnknown) {
			return store.ErrConflict // see what is there
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("progress of an erasure: %w", err)
	}
	return p, nil
}

const (
	// eraseAgainSeconds is how long an erasure waits that had to leave something.
	eraseAgainSeconds = 60
	// purgeAgainSeconds is how long one waits that the store has no means to end.
	purgeAgainSeconds = 3600
)

// errNotAsked says that who lists an erasure has not said when it is to be, yet.
var errNotAsked = errors.New("chat: nobody has asked for the erasure")

// erase does the work of an erasure, and returns when it is to be tried again
// where targets are on hold, their fences have not ended, or the store has no
// means to purge; 0 once it is done.
// Errors: errNotAsked.
func (a *App) erase(ctx context.Context, o *operation) (again int64, err error) {
	if due, ok := a.unpurged.Load(o.id); ok && due.(int64) > a.now() {
		return due.(int64), nil
	}
	p, sealed, again, err := a.beginErasure(ctx, o)
	if p == nil || err != nil {
		return again, err
	}
	unpurged := false
	for _, t := range sealed {
		err := a.partStream(t.part).eraseTarget(ctx, t.id, func(erased uint32) error {
			_, err := a.changeErasure(ctx, o, func(p *record.EraseProgress) bool {
				p.Done = min(p.Done+erased, p.Total)
				return p.State == record.EraseProgress_RUNNING
			})
			if err != nil {
				return err
			}
			return a.listWork(ctx, o.id, eraseWork(o)) // still at it
		})
		switch {
		case errors.Is(err, store.ErrNoPurge):
			unpurged = true
		case err != nil && !errors.Is(err, errSealed):
			return 0, err
		}
	}
	// What was put on hold meanwhile was spared.
	state := record.EraseProgress_DONE
	if unpurged || again > 0 {
		state = record.EraseProgress_RUNNING
	}
	if err := a.measureErasure(ctx, o, state); err != nil {
		return 0, err
	}
	if unpurged {
		return a.putOffPurge(o, again), nil
	}
	a.unpurged.Delete(o.id)
	return again, nil
}

// putOffPurge notes when an erasure is tried again that the store has no means to
// end, the time that is given or else a later one, and tells of it the first time.
func (a *App) putOffPurge(o *operation, again int64) int64 {
	if again == 0 {
		again = a.now() + purgeAgainSeconds
	}
	if _, told := a.unpurged.Swap(o.id, again); !told {
		a.log.Error("an erasure cannot end: the texts are deleted, but the store has no means to purge its files of them",
			"operation", operationText(o.id[:]))
	}
	return again
}

// beginErasure seals the targets that can be, and returns them with the progress
// from here on, none where there is nothing to do (yet).
func (a *App) beginErasure(ctx context.Context, o *operation) (p *record.EraseProgress, sealed []operationTarget, again int64, err error) {
	p, err = a.changeErasure(ctx, o, func(p *record.EraseProgress) bool {
		if p.State != record.EraseProgress_WAITING || p.NotBefore > a.now() {
			return false
		}
		p.State = record.EraseProgress_BEGUN
		return true
	})
	switch {
	case err != nil:
		return nil, nil, 0, err
	case p.State == record.EraseProgress_WAITING: // it was put off
		return nil, nil, p.NotBefore, nil
	case p.State == record.EraseProgress_NONE:
		return nil, nil, 0, errNotAsked
	case p.State == record.EraseProgress_DONE:
		return nil, nil, 0, nil
	}
	for _, t := range o.committed() {
		wait, err := a.sealPart(ctx, o, t)
		switch {
		case errors.Is(err, errNoTarget), errors.Is(err, errSealed), errors.Is(err, errRestored):
		case err != nil:
			return nil, nil, 0, err
		case wait:
			again = a.now() + eraseAgainSeconds
		default:
			sealed = append(sealed, t)
		}
	}
	if len(sealed) == 0 && again > 0 {
		_, err := a.changeErasure(ctx, o, func(p *record.EraseProgress) bool {
			if p.State != record.EraseProgress_BEGUN {
				return false
			}
			p.State = record.EraseProgress_WAITING
			return true
		})
		return nil, nil, again, err
	}
	return p, sealed, again, a.measureErasure(ctx, o, record.EraseProgress_RUNNING)
}

// sealPart is sealTarget, and waits as well while the recall may still come to
// the target.
func (a *App) sealPart(ctx context.Context, o *operation, t operationTarget) (wait bool, err error) {
	wait, err = a.partStream(t.part).sealTarget(ctx, t.id)
	if !errors.Is(err, errNoTarget) || o.result != nil {
		return wait, err
	}
	there, err := a.resolveTarget(ctx, o, t)
	if err == nil && there.GetState() == record.RecallTarget_VOID {
		err = errNoTarget
	}
	return true, err
}

// measureErasure counts what has become of the messages of an erasure and notes
// that: when it begins or is taken up again, and at its end.
func (a *App) measureErasure(ctx context.Context, o *operation, state record.EraseProgress_State) error {
	var erased, left, spared uint32
	for _, t := range o.committed() {
		err := a.partStream(t.part).eachErasable(ctx, t.id, func(m numberedHeader, onHold bool) error {
			switch {
			case m.header.Erased:
				erased++
			case onHold:
				spared++
			default:
				left++
			}
			return nil
		})
		if err != nil && !errors.Is(err, errSealed) {
			return err
		}
	}
	_, err := a.changeErasure(ctx, o, func(p *record.EraseProgress) bool {
		if p.State == record.EraseProgress_DONE { // in another process
			return false
		}
		if p.State == record.EraseProgress_BEGUN {
			p.Before = erased
		}
		p.State = state
		p.Done = erased - min(erased, p.Before) // fewer where retention has taken some
		p.Total, p.Held = p.Done+left, spared
		return true
	})
	return err
}

// errRestored says that there is nothing to erase of a target.
var errRestored = errors.New("chat: recall target was restored")

// sealTarget makes sure that a target can no longer be restored. It has to wait
// while the target is on hold or its fence is open.
// Errors: errNoTarget, errSealed, errRestored.
func (s *stream) sealTarget(ctx context.Context, id record.TargetID) (wait bool, err error) {
	if closed, err := s.closeFence(ctx, id); err != nil || !closed {
		return true, err
	}
	err = s.changeTarget(ctx, id, nil, func(g *targetChange) (bool, error) {
		wait = false
		switch {
		case g.target.State == record.RecallTarget_RESTORED:
			return false, errRestored
		case g.target.State == record.RecallTarget_VOID:
			return false, errNoTarget
		case g.target.State != record.RecallTarget_ACTIVE:
			return false, nil
		case g.target.Held || fenceOpen(g.target) && s.app.now() <= g.target.Fence.Until+fenceGraceSeconds:
			wait = true
			return false, nil
		}
		g.target.State = record.RecallTarget_SEALED
		return true, nil
	})
	return wait, err
}

// eachErasable calls visit for the messages that a target covers, in ascending
// order: of one that is not sealed for those alone that are erased. onHold says
// that a hold spares one that is not erased, or spared it when the others were.
func (s *stream) eachErasable(ctx context.Context, id record.TargetID, visit func(m numberedHeader, onHold bool) error) error {
	t, err := s.readTarget(ctx, id)
	if err != nil || t == nil {
		return err
	}
	if t.State == record.RecallTarget_RESTORED || t.State == record.RecallTarget_VOID {
		return nil
	}
	held, err := s.held(ctx)
	if err != nil {
		return err
	}
	return s.eachCovered(ctx, t, 0, func(m numberedHeader) error {
		if t.State == record.RecallTarget_ACTIVE && !m.header.Erased {
			return nil
		}
		return visit(m, t.State == record.RecallTarget_ERASED || held.cover(m.seq, m.header))
	})
}

// eraseTarget erases the messages of a sealed target and tells progress about
// each part; then it makes the bytes unrecoverable, and only then says so. Where the
// store has no means for that, all messages are erased and the target stays sealed.
// Errors: store.ErrNoPurge.
func (s *stream) eraseTarget(ctx context.Context, id record.TargetID, progress func(erased uint32) error) error {
	t, err := s.readTarget(ctx, id)
	if err != nil || t == nil || t.State == record.RecallTarget_ERASED {
		return err
	}
	if err := s.finishEdits(ctx); err != nil { // none of what is recalled can begin
		return err
	}
	head, err := s.current(ctx)
	if err != nil {
		return err
	}
	var unpurged error
	for _, part := range byBucket(reach(t, head.LastSeq)) {
		claim := &record.Erasure{Operation: id.Operation[:], Target: uint32(id.Index), FromSeq: part.from, ToSeq: part.to, Id: rand.Uint64()}
		if err := s.claimErasure(ctx, claim); err != nil {
			return err
		}
		erased, err := s.eraseClaimed(ctx, claim)
		if err != nil {
			return err
		}
		if err := progress(erased); err != nil {
			return err
		}
		// Also what an earlier try erased, which was cut short before this.
		err = s.purge(ctx, record.Bucket(part.to))
		switch {
		case errors.Is(err, store.ErrNoPurge):
			unpurged = err
		case err != nil:
			return fmt.Errorf("purge erased messages: %w", err)
		}
	}
	if unpurged != nil {
		return unpurged
	}
	if err := s.purgeEdits(ctx); err != nil {
		return fmt.Errorf("purge erased messages: %w", err)
	}
	return s.changeTarget(ctx, id, nil, func(g *targetChange) (bool, error) {
		if g.target.State == record.RecallTarget_ERASED {
			return false, nil
		}
		g.target.State = record.RecallTarget_ERASED
		if len(g.target.Seqs) > 0 {
			g.feed(&record.FeedEvent{Type: record.FeedEvent_ERASED, Seqs: g.target.Seqs, Time: s.app.now()})
		}
		for _, i := range intervals(g.target) {
			g.feed(&record.FeedEvent{Type: record.FeedEvent_ERASED, FromSeq: i.from, ToSeq: i.to, Time: s.app.now()})
		}
		return true, nil
	})
}

// purge makes what was deleted of a bucket, and beside it, unrecoverable.
func (s *stream) purge(ctx context.Context, bucket uint32) error {
	if err := s.app.store.Purge(ctx, record.LogPartition(s.id, bucket)); err != nil {
		return err
	}
	beside := record.BesidePartition(s.id, bucket)
	_, version, err := s.app.store.Read(ctx, beside)
	if err == nil && version == "" { // nothing ever, as almost always, or it was dropped with its bucket
		var head store.Version
		if _, head, err = s.app.readLogHead(ctx, s.id, bucket); head != "" {
			return nil
		}
	}
	if err != nil {
		return err
	}
	return s.app.store.Purge(ctx, beside)
}

// purgeEdits makes the bodies unrecoverable that passed through the conversation.
func (s *stream) purgeEdits(ctx context.Context) error {
	c, _, _, err := s.app.readConversation(ctx, s.id)
	if err != nil || c.EndedEdits == 0 { // as in most
		return err
	}
	return s.app.store.Purge(ctx, record.ConversationPartition(s.id))
}

// byBucket returns for each bucket that intervals, a union, reach into from where
// to where in it they do.
func byBucket(intervals []interval) []interval {
	var parts []interval
	for _, i := range intervals {
		for {
			end := min(i.to, (record.Bucket(i.from)+1)*record.BucketSize)
			if n := len(parts); n > 0 && record.Bucket(parts[n-1].to) == record.Bucket(end) {
				parts[n-1].to = end
			} else {
				parts = append(parts, interval{i.from, end})
			}
			if end == i.to {
				break
			}
			i.from = end + 1
		}
	}
	return parts
}

// claimErasure claims a part of the log, once whoever claimed before is done.
func (s *stream) claimErasure(ctx context.Context, claim *record.Erasure) error {
	return retry(ctx, func() error {
		var earlier *record.Erasure
		err := s.app.changeConversation(ctx, s.id, nil, func(c *record.Conversation, _ [][]store.Row) ([]store.Mutation, error) {
			if earlier = c.Erasing; earlier != nil {
				return nil, nil
			}
			c.Erasing = claim
			return []store.Mutation{}, nil
		})
		if err != nil || earlier == nil || proto.Equal(earlier, claim) {
			return err
		}
		if _, err := s.eraseClaimed(ctx, earlier); err != nil {
			return err
		}
		return store.ErrConflict
	})
}

// eraseClaimed erases what a claim names and gives the claim up. Several may do
// it at once; where one has done it the others have nothing left to do. It returns
// how many messages this call erased.
func (s *stream) eraseClaimed(ctx context.Context, claim *record.Erasure) (erased uint32, err error) {
	id := record.TargetID{Operation: record.OperationID(claim.Operation), Index: uint16(claim.Target)}
	c, rows, _, err := s.app.readConversation(ctx, s.id, store.Key(record.TargetKey(id)), heldRange())
	switch {
	case err != nil:
		return 0, err
	case c.Sealed:
		return 0, errSealed
	case !proto.Equal(c.Erasing, claim):
		return 0, nil
	}
	t, err := targetIn(rows[0])
	if err != nil {
		return 0, err
	}
	// No hold is set or lifted while the claim stands, so that all who finish it
	// spare the same.
	held, err := heldIn(rows[1])
	if err != nil {
		return 0, err
	}
	for from := claim.FromSeq; from <= claim.ToSeq && from >= claim.FromSeq; from += eraseBatch {
		to := min(claim.ToSeq, from+eraseBatch-1)
		n, err := s.eraseNumbers(ctx, interval{from, to}, func(m numberedHeader) bool {
			return coversHeader(t, m) && !held.cover(m.seq, m.header)
		})
		if err != nil {
			return erased, err
		}
		erased += n
	}
	return erased, s.app.changeConversation(ctx, s.id, nil, func(c *record.Conversation, _ [][]store.Row) ([]store.Mutation, error) {
		if !proto.Equal(c.Erasing, claim) {
			return nil, nil
		}
		c.Erasing = nil
		return []store.Mutation{}, nil
	})
}

// eraseNumbers erases, in one commit, the messages of an interval inside one
// bucket that chosen names. Senders who append there meanwhile try again.
func (s *stream) eraseNumbers(ctx context.Context, i interval, chosen func(numberedHeader) bool) (erased uint32, err error) {
	p := record.LogPartition(s.id, record.Bucket(i.to))
	err = retry(ctx, func() error {
		erased = 0
		rows, version, err := s.app.store.Read(ctx, p, store.Range{
			From: record.HeaderKey(i.from), To: afterKey(record.HeaderKey(i.to)),
		})
		if err != nil {
			return err
		}
		var mutations []store.Mutation
		var beside []uint32
		for _, row := range rows[0] {
			h := &record.Header{}
			if err := decode(row, h); err != nil {
				return err
			}
			m := numberedHeader{record.Seq(row.Key), h}
			if h.Erased || !chosen(m) {
				continue
			}
			erased++
			// The digest could tell a text from others.
			h.Erased, h.Digest = true, nil
			mutations = append(mutations, store.Set(row.Key, encode(h)), store.Delete(record.BodyKey(m.seq)))
			if h.NeedsReceipt {
				mutations = append(mutations, store.Delete(record.ReceiptKey(m.seq)))
			}
			if h.NeedsReceipt || h.Extensible {
				beside = append(beside, m.seq)
			}
		}
		if len(mutations) == 0 {
			return nil
		}
		// First, for nobody looks again at what the log says is erased.
		if err := s.eraseBeside(ctx, record.Bucket(i.to), beside); err != nil {
			return err
		}
		_, err = s.app.store.Commit(ctx, p, version, mutations)
		if errors.Is(err, store.ErrUnknown) {
			return store.ErrConflict // see what is left
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("erase messages: %w", err)
	}
	return erased, nil
}
