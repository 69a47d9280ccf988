package chat

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
	"google.golang.org/protobuf/proto"
)

// An append puts messages at the end of a log. Appends to one stream that
// arrive while a commit is under way wait and are committed together, so that
// a busy stream is limited by bandwidth and not by the latency of a sync.

const (
	// A batch stays inside one commit: two rows a message, those of receipts and
	// the head row.
	maxBatchMessages = (store.MaxMutations - 1) / 2
	maxBatchBytes    = store.MaxCommitBytes - 4096
)

// newMessage is a message that has no number yet.
type newMessage struct {
	header  *record.Header
	body    *record.Body
	receipt *record.Receipt // nil where it asks for none
	digest  digest
	passed  bool // by the frequency control
	// accepted is when the request was accepted, Unix seconds; 0 for a tip.
	accepted int64
	// An imported message brings its own time, not before earliest.
	imported bool
	earliest int64
	// stored is set once the message is durable, so that trying the rest of
	// its batch again does not store it twice.
	stored *appended
}

// appended is what became of one message.
type appended struct {
	seq       uint32
	time      int64
	code      Code // of an imported message that was refused
	duplicate bool
	dropped   bool // by the frequency control
}

// appendRequest is one call's messages in the queue of a stream.
type appendRequest struct {
	messages []newMessage
	// refuse is the answer to messages that are not repeats of earlier ones.
	refuse error
	// throttled messages are subject to the stream's frequency limit.
	throttled bool
	// ephemeral messages are for who is online now: neither stored nor numbered.
	ephemeral bool
	// alone is work on the log in the place of messages, see stream.alone.
	alone func(context.Context) error

	taken   bool // by a writer, under the stream's state lock
	results []appended
	err     error
	done    chan struct{} // closed when results or err are final
	lead    chan struct{} // receives the duty to write for the queue
}

// append stores the messages of a request, all in one step, and returns what
// became of each, in order.
// Errors: errSealed when the conversation is gone, the request's refuse, and
// store.ErrUnknown.
func (s *stream) append(ctx context.Context, r *appendRequest) ([]appended, error) {
	for i := range r.messages {
		r.messages[i].header.Id = rand.Uint64()
	}
	return s.enqueue(ctx, r)
}

// alone runs work on the log while this process appends nothing to it, so that
// the two do not meet as conflicts in a busy stream.
func (s *stream) alone(ctx context.Context, work func(context.Context) error) error {
	_, err := s.enqueue(ctx, &appendRequest{alone: work})
	return err
}

// enqueue waits until a request has been carried out.
func (s *stream) enqueue(ctx context.Context, r *appendRequest) ([]appended, error) {
	r.done = make(chan struct{})
	r.lead = make(chan struct{}, 1)
	s.state.Lock()
	s.queue = append(s.queue, r)
	if !s.writing {
		s.writing = true
		r.lead <- struct{}{}
	}
	s.state.Unlock()

	return s.await(ctx, r)
}

// await waits for a request's result, and commits for the queue when the duty
// comes to it. A request that nobody has taken yet is withdrawn when the context
// ends.
func (s *stream) await(ctx context.Context, r *appendRequest) ([]appended, error) {
	for {
		select {
		case <-r.done:
			return r.results, r.err
		case <-r.lead:
			s.write(ctx)
			continue
		default:
		}
		select {
		case <-r.done:
			return r.results, r.err
		case <-r.lead:
			s.write(ctx)
		case <-ctx.Done():
			if s.withdraw(r) {
				return nil, ctx.Err()
			}
			<-r.done
			return r.results, r.err
		}
	}
}

// withdraw takes a request out of the queue unless a writer has it.
func (s *stream) withdraw(r *appendRequest) bool {
	s.state.Lock()
	defer s.state.Unlock()
	if r.taken {
		return false
	}
	for i, queued := range s.queue {
		if queued == r {
			s.queue = append(s.queue[:i:i], s.queue[i+1:]...)
			break
		}
	}
	select {
	case <-r.lead: // the duty was on its way here
		s.handOver()
	default:
	}
	return true
}

// handOver gives the duty to write to the first waiting request, or ends it.
func (s *stream) handOver() {
	if len(s.queue) == 0 {
		s.writing = false
		return
	}
	s.queue[0].lead <- struct{}{}
}

// contendedFor is how long a process leaves room for others after it has met one.
const contendedFor = time.Second

// yield leaves other processes room to commit between two batches of this one: who
// has lost a race reads first, and would lose the next to who won it, again and
// again. What comes meanwhile is committed together.
func (s *stream) yield(ctx context.Context) {
	s.state.Lock()
	took, contended := s.took, time.Since(s.met) < contendedFor
	s.state.Unlock()
	if contended {
		rest(ctx, 2*took)
	}
}

// write commits one batch of what waits and hands the duty over.
func (s *stream) write(ctx context.Context) {
	s.yield(ctx)
	taken := s.take()
	panicking := true
	// A panic goes on to the call whose goroutine this is. The calls that share
	// its batch, and those behind them, must not wait for ever.
	defer func() {
		if panicking {
			s.forget()
		}
		for _, r := range taken {
			if panicking {
				r.results, r.err = nil, errWriterPanicked
			}
			close(r.done)
		}
		s.state.Lock()
		s.handOver()
		s.state.Unlock()
		if !panicking {
			s.foldIfDue()
		}
	}()
	if len(taken) > 0 {
		s.commitAll(ctx, taken)
	}
	panicking = false
}

// errWriterPanicked is what the other calls of a batch get when committing it
// panicked. Whether it was committed is unknown; a repeat finds out.
var errWriterPanicked = errors.New("chat: the writer of the batch panicked")

// take removes from the queue what fits into one commit.
func (s *stream) take() []*appendRequest {
	s.state.Lock()
	defer s.state.Unlock()
	messages, bytes := 0, 0
	var taken []*appendRequest
	for len(s.queue) > 0 {
		r := s.queue[0]
		size := 0
		for _, m := range r.messages {
			size += m.size()
		}
		if len(taken) > 0 && (messages+len(r.messages) > maxBatchMessages || bytes+size > maxBatchBytes ||
			r.alone != nil || taken[0].alone != nil) {
			break
		}
		messages, bytes = messages+len(r.messages), bytes+size
		r.taken = true
		taken = append(taken, r)
		s.queue[0] = nil // or an idle stream would keep its messages in memory
		s.queue = s.queue[1:]
	}
	return taken
}

// commitAll stores the batch, in one commit or, across the border of a bucket
// or where one request is larger than a commit, in more.
func (s *stream) commitAll(ctx context.Context, requests []*appendRequest) {
	// What has been taken is finished whatever becomes of the caller that
	// happens to write it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if r := requests[0]; r.alone != nil {
		r.err = r.alone(ctx)
		return
	}
	unsure := uint32(0) // from here on the log may hold messages of the batch
	err := retry(ctx, func() error {
		began := time.Now()
		first, err := s.nextSeq(ctx)
		if err == nil && unsure > 0 {
			err = s.settle(ctx, requests, unsure, first)
		}
		if err != nil {
			return err
		}
		uncount := s.counting(requests)
		err = s.commitOnce(ctx, requests)
		s.state.Lock()
		s.took = time.Since(began)
		if err != nil {
			s.known, s.met = false, time.Now()
			uncount()
		}
		s.state.Unlock()
		if !errors.Is(err, store.ErrUnknown) {
			return err
		}
		if unsure == 0 {
			unsure = first
		}
		return store.ErrConflict // try again with what is not there
	})
	if err != nil {
		for _, r := range requests {
			if r.err == nil {
				r.results, r.err = nil, err
			}
		}
	}
}

// nextSeq makes the stream known and returns the next number of its log.
func (s *stream) nextSeq(ctx context.Context) (uint32, error) {
	s.state.Lock()
	defer s.state.Unlock() // also where a panic passes
	if err := s.load(ctx); err != nil {
		return 0, err
	}
	return s.head.LastSeq + 1, nil
}

// settle finds by their ids, after a commit of unknown outcome, which of the
// batch's messages are in the log from one number up to the next. A commit
// that takes effect even later makes the next one a conflict, and is found
// when that one is tried again.
func (s *stream) settle(ctx context.Context, requests []*appendRequest, from, next uint32) error {
	missing := map[uint64]*newMessage{}
	for _, r := range requests {
		for i := range r.messages {
			if m := &r.messages[i]; m.stored == nil {
				missing[m.header.Id] = m
			}
		}
	}
	for from < next {
		to := min(next-1, (record.Bucket(from)+1)*record.BucketSize)
		headers, err := s.app.readHeaders(ctx, s.id, from, to)
		if err != nil {
			return fmt.Errorf("settle an unknown outcome: %w", err)
		}
		for _, h := range headers {
			if m := missing[h.header.Id]; m != nil {
				m.stored = &appended{seq: h.seq, time: h.header.Time}
			}
		}
		from = to + 1
	}
	return nil
}

// batch is what one commit adds to the log.
type batch struct {
	head      *record.LogHead
	bucket    uint32
	base      store.Version
	mutations []store.Mutation
	messages  []placedMessage
	bytes     int
}

// takes reports whether the commit has room for another message: it goes into
// one bucket and has its limits.
func (b *batch) takes(m *newMessage) bool {
	return len(b.messages) == 0 || record.Bucket(b.head.LastSeq+1) == b.bucket &&
		len(b.messages) < maxBatchMessages && len(b.mutations)+maxMessageRows < store.MaxMutations &&
		b.bytes+m.size() <= maxBatchBytes
}

// maxMessageRows is how many rows a message has in the log at most.
const maxMessageRows = 3

// size bounds the bytes of a message's rows.
func (m *newMessage) size() int {
	size := proto.Size(m.body) + proto.Size(m.header) + 64
	if m.receipt != nil {
		size += proto.Size(m.receipt) + 16
	}
	return size
}

type placedMessage struct {
	*newMessage
	result appended
}

// commitOnce decides what becomes of every message, commits, and only then
// makes the new state known.
func (s *stream) commitOnce(ctx context.Context, requests []*appendRequest) error {
	s.state.Lock()
	if s.head.Sealed {
		s.state.Unlock()
		return errSealed
	}
	now := s.app.now()
	s.recent.expire(now)
	b := &batch{head: proto.CloneOf(s.head), bucket: s.bucket, base: s.version}
	fresh := map[digest]appended{} // sends that this very batch holds
	s.state.Unlock()

	refused := false
	for _, r := range requests {
		r.results, r.err = make([]appended, 0, len(r.messages)), nil
		for i := range r.messages {
			result, err := s.place(ctx, b, r, &r.messages[i], now, fresh)
			if err != nil && r.refuse == nil {
				return err // of the store, for the whole batch
			}
			if err != nil {
				r.results, r.err, refused = nil, err, true
				break
			}
			refused = refused || result.dropped
			r.results = append(r.results, result)
		}
	}
	if refused && len(b.messages) == 0 {
		// No commit proves that they are no repeats of what another process took.
		if same, err := s.unchanged(ctx, b.bucket, b.base, b.head.LastSeq); err != nil || same {
			return err
		}
		return store.ErrConflict
	}
	return s.flush(ctx, b)
}

// passes reports whether the frequency control lets a message pass. One that it
// let pass once is not counted again.
func (s *stream) passes(m *newMessage) bool {
	s.state.Lock()
	defer s.state.Unlock()
	m.passed = m.passed || s.throttle.allow(s.app.clock(), s.app.settings.GroupThrottlePerSecond, m.header.Priority)
	return m.passed
}

// counting returns how to take back what the frequency control is about to count of
// a batch: it is counted anew, beside what others have sent meanwhile. The state lock
// is held then.
func (s *stream) counting(requests []*appendRequest) (takeBack func()) {
	s.state.Lock()
	defer s.state.Unlock()
	before := s.throttle
	var fresh []*newMessage
	for _, r := range requests {
		for i := range r.messages {
			if m := &r.messages[i]; !m.passed {
				fresh = append(fresh, m)
			}
		}
	}
	return func() {
		s.throttle = before
		for _, m := range fresh {
			m.passed = m.stored != nil
		}
	}
}

// place gives one message its number in the batch, or finds that it gets none.
func (s *stream) place(ctx context.Context, b *batch, r *appendRequest, m *newMessage, now int64, fresh map[digest]appended) (appended, error) {
	if m.stored != nil {
		return *m.stored, nil
	}
	s.state.Lock()
	earlier, repeated := s.recent.find(m.digest, now)
	s.state.Unlock()
	if repeated {
		return appended{seq: earlier.seq, time: int64(earlier.time), duplicate: true}, nil
	}
	if first, ok := fresh[m.digest]; ok && m.digest != (digest{}) {
		first.duplicate = true
		return first, nil
	}
	if r.refuse != nil {
		return appended{}, r.refuse
	}
	if m.header.TipNumber > 0 && m.header.TipNumber <= b.head.TipsFlushed {
		return appended{duplicate: true}, nil
	}
	if r.throttled && !s.passes(m) {
		return appended{time: now, dropped: true}, nil
	}
	if r.ephemeral {
		s.state.Lock()
		s.recent.add(m.digest, 0, now, now)
		s.state.Unlock()
		return appended{time: now}, nil
	}
	// The server's time when messages come ascends, whatever the clocks do.
	arrival := max(now, b.head.LastTime, b.head.LastImport)
	if m.imported {
		if m.header.Time < max(m.earliest, b.head.LastOrdinaryTime) || m.header.Time > now {
			return appended{time: m.header.Time, code: CodeInvalid}, nil
		}
		m.header.Received = arrival
	} else {
		m.header.Time = arrival
		if m.accepted != 0 && m.accepted != arrival {
			m.header.Accepted = m.accepted
		}
	}
	if !b.takes(m) {
		if err := s.flush(ctx, b); err != nil {
			return appended{}, err
		}
	}
	result := s.add(b, m)
	if m.digest != (digest{}) {
		fresh[m.digest] = result
	}
	return result, nil
}

// add puts a message at the end of the batch.
func (s *stream) add(b *batch, m *newMessage) appended {
	h := b.head
	if next := record.Bucket(h.LastSeq + 1); next != b.bucket {
		b.bucket, b.base = next, ""
	}
	h.LastSeq++
	h.LastTime, h.LastImport = max(h.LastTime, m.header.Time), max(h.LastImport, m.header.Received)
	if m.header.Tip {
		h.TipsFlushed = max(h.TipsFlushed, m.header.TipNumber)
	} else {
		h.LastOrdinaryTime, h.LastOrdinarySeq = m.header.Time, h.LastSeq
		h.OrdinaryNum++
	}
	if !counts(m.header) {
		h.UncountedNum++
	}
	switch {
	case m.header.NoLastMsg:
	case m.header.Targeted:
		h.TargetedSeq = h.LastSeq
	default:
		h.ListedSeq, h.ListedTime, h.ListedReceived = h.LastSeq, m.header.Time, receivedAt(m.header)
	}
	if m.header.Tell != 0 && h.FirstTell == 0 {
		h.FirstTell = h.LastSeq
	}
	m.header.Digest = nil
	if m.digest != (digest{}) {
		m.header.Digest = m.digest[:]
	}
	result := appended{seq: h.LastSeq, time: m.header.Time}
	b.messages = append(b.messages, placedMessage{m, result})
	b.bytes += m.size()
	if s.kept || m.header.Tell != 0 { // a live room keeps what is to be told of
		b.mutations = append(b.mutations,
			store.Set(record.HeaderKey(h.LastSeq), encode(m.header)),
			store.Set(record.BodyKey(h.LastSeq), encode(m.body)))
		if m.receipt != nil {
			b.mutations = append(b.mutations, store.Set(record.ReceiptKey(h.LastSeq), encode(m.receipt)))
		}
	}
	return result
}

// flush commits the batch and makes it known.
func (s *stream) flush(ctx context.Context, b *batch) error {
	if len(b.messages) == 0 {
		return nil
	}
	s.state.Lock()
	s.throttle.note(b.head)
	s.state.Unlock()
	mutations := append(b.mutations, store.Set(record.LogHeadKey, encode(b.head)))
	version, err := s.app.store.Commit(ctx, record.LogPartition(s.id, b.bucket), b.base, mutations)
	if err != nil {
		return fmt.Errorf("append to log: %w", err)
	}
	if b.base == "" {
		if err := s.checkOpened(ctx, b.bucket); err != nil {
			return err
		}
	}
	s.state.Lock()
	opened := b.bucket != s.bucket
	s.bucket, s.version, s.head = b.bucket, version, proto.CloneOf(b.head)
	for _, m := range b.messages {
		m.stored = &m.result
		s.recent.add(m.digest, m.result.seq, m.header.Time, receivedAt(m.header))
		if s.kept {
			s.advance(m.result.seq, m.header)
		}
		if w := s.window.Load(); w != nil {
			w.add(m.result.seq, m.header)
		}
	}
	s.state.Unlock()
	*b = batch{head: b.head, bucket: b.bucket, base: version}
	if opened {
		s.hintAt(ctx, b.bucket)
	}
	return nil
}
