package chat

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

const (
	// maxStreams bounds the streams kept in memory; an idle one is read back
	// when it is next used.
	maxStreams = 20_000
	// duplicateSeconds is how long a repeated send is recognised (doc 34959).
	duplicateSeconds = 300
	// foldAfter is how many messages may be newer than the positions written
	// down for their senders.
	foldAfter = 1024
)

// streams holds the conversations that are in use.
type streams struct {
	app  *App
	mu   sync.Mutex
	byID *lru.Cache[record.ConversationID, *stream]
}

func newStreams(a *App) *streams {
	byID, err := lru.New[record.ConversationID, *stream](maxStreams)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &streams{app: a, byID: byID}
}

// get returns the stream of a conversation. Two streams of one conversation
// may exist for a moment, when one was evicted in use; the log's versions keep
// them apart like two processes.
func (s *streams) get(id record.ConversationID, groupType GroupType) *stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st, ok := s.byID.Get(id); ok {
		return st
	}
	st := &stream{app: s.app, id: id, kept: groupType != AVChatRoom}
	s.byID.Add(id, st)
	return st
}

func (s *streams) forget(id record.ConversationID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byID.Remove(id)
}

// stream is one conversation's log as this process knows it. What it knows is
// valid at version and proved by the next commit, never trusted beyond that.
type stream struct {
	app  *App
	id   record.ConversationID
	kept bool // messages are stored; an AVChatRoom only counts them

	state sync.Mutex // guards what follows, never held while writing
	known bool       // the fields below hold what the store held
	// bucket is the newest bucket; version is its partition's.
	bucket    uint32
	version   store.Version
	head      *record.LogHead // replaced whole, never changed
	recent    duplicates
	positions map[string]position // of senders, newer than folded
	folded    uint32
	throttle  throttle
	floor     uint32 // numbers up to here were seen to be expired

	// tipsFlushed is how many of the group's tips were seen in the log, which they
	// never leave.
	tipsFlushed atomic.Uint64
	marks       atomic.Uint32                // marksOf the conversation when it was last read
	endedEdits  atomic.Uint64                // of the conversation when it was last read
	window      atomic.Pointer[senderWindow] // nil unless somebody counted; changed with state locked

	queue   []*appendRequest
	writing bool          // somebody commits for the queue
	took    time.Duration // by the newest commit, with what was read for it
	met     time.Time     // when a commit last met another process's
}

// position is what an account's own newest messages say about it.
type position struct {
	seq      uint32 // newest number it has surely read
	sendSeq  uint32 // its newest own message, 0 for none
	lastSend int64  // and that message's MsgTime
}

// current returns the log's head as it stood in the store at an instant within
// the call: everything acknowledged before is counted.
func (s *stream) current(ctx context.Context) (*record.LogHead, error) {
	head, _, err := s.currentWith(ctx, func(uint32) []store.Range { return nil })
	return head, err
}

// currentWith is current that reads further ranges, by the newest bucket, along with
// the head.
func (s *stream) currentWith(ctx context.Context, ranges func(bucket uint32) []store.Range) (*record.LogHead, [][]store.Row, error) {
	if err := s.ensureLoaded(ctx); err != nil {
		return nil, nil, err
	}
	s.state.Lock()
	bucket := s.bucket
	s.state.Unlock()
	head, rows, version, err := s.app.readLogWith(ctx, s.id, bucket, ranges(bucket)...)
	if err == nil && version == "" {
		// Nothing was ever written, or it has expired and gone since this
		// process last looked.
		if bucket, err = s.newestBucket(ctx); err == nil {
			head, rows, _, err = s.app.readLogWith(ctx, s.id, bucket, ranges(bucket)...)
		}
	}
	for err == nil && head.LastSeq == (bucket+1)*record.BucketSize {
		bucket++
		next, more, version, err := s.app.readLogWith(ctx, s.id, bucket, ranges(bucket)...)
		if err != nil {
			return nil, nil, err
		}
		if version == "" {
			break
		}
		head, rows = next, more
	}
	return head, rows, err
}

// refresh makes the fields known and forgets them first if somebody else has
// written to the log since. While this process writes itself it cannot tell whose
// write it is, and reports false where there was one: a commit of its own that is
// under way has not been acknowledged and may be missed, another's not.
func (s *stream) refresh(ctx context.Context) (upToDate bool, err error) {
	if err := s.load(ctx); err != nil {
		return false, err
	}
	if same, err := s.unchanged(ctx, s.bucket, s.version, s.head.LastSeq); err != nil || same {
		return true, err
	}
	if s.writing {
		return s.app.exclusive(), nil
	}
	s.known = false
	return true, s.load(ctx)
}

// unchanged reports whether a log still ends with a number, in a bucket at a
// version.
func (s *stream) unchanged(ctx context.Context, bucket uint32, version store.Version, last uint32) (bool, error) {
	_, now, err := s.app.readLogHead(ctx, s.id, bucket)
	if err != nil || now != version || last < (bucket+1)*record.BucketSize {
		return now == version, err
	}
	// Where the log goes on, a full bucket does not change.
	_, next, err := s.app.readLogHead(ctx, s.id, bucket+1)
	return next == "", err
}

// readLogHead returns the head row of a bucket, empty where there is none.
func (a *App) readLogHead(ctx context.Context, id record.ConversationID, bucket uint32) (*record.LogHead, store.Version, error) {
	head, _, version, err := a.readLogWith(ctx, id, bucket)
	return head, version, err
}

// readLogWith is readLogHead that reads further ranges of the bucket at the same
// version.
func (a *App) readLogWith(ctx context.Context, id record.ConversationID, bucket uint32, ranges ...store.Range) (*record.LogHead, [][]store.Row, store.Version, error) {
	ranges = append([]store.Range{store.Key(record.LogHeadKey)}, ranges...)
	rows, version, err := a.store.Read(ctx, record.LogPartition(id, bucket), ranges...)
	if err != nil {
		return nil, nil, "", fmt.Errorf("read log head: %w", err)
	}
	head := &record.LogHead{}
	if len(rows[0]) > 0 {
		err = decode(rows[0][0], head)
	}
	return head, rows[1:], version, err
}

// ensureLoaded is load for callers who do not hold the lock.
func (s *stream) ensureLoaded(ctx context.Context) error {
	s.state.Lock()
	defer s.state.Unlock() // also where a panic passes
	return s.load(ctx)
}

// load makes the fields known. What is known stays true where this process has
// the store for itself; beside others a commit that meets another writer forgets
// it, and whoever commits nothing on its strength refreshes it.
func (s *stream) load(ctx context.Context) error {
	if s.known {
		return nil
	}
	s.window.Store(nil)
	defer func() {
		if s.known {
			s.throttle.join(s.head, s.app.settings.GroupThrottlePerSecond)
		}
	}()
	if s.version != "" {
		if caughtUp, err := s.catchUp(ctx); caughtUp || err != nil {
			return err
		}
	}
	bucket, err := s.newestBucket(ctx)
	if err != nil {
		return err
	}
	s.bucket = bucket
	s.head, s.version, err = s.app.readLogHead(ctx, s.id, bucket)
	if err != nil {
		return err
	}
	s.recent = duplicates{}
	s.positions = map[string]position{}
	s.folded = s.head.LastSeq
	if s.kept && s.head.LastSeq > 0 && !s.head.Sealed {
		if err := s.loadNewest(ctx); err != nil {
			return err
		}
	}
	s.known = true
	return nil
}

// catchUp brings the fields, which were known, to where other writers have brought the
// log: it reads the headers above those that are known, because a number stays who
// sent it. It cannot where the bucket was dropped meanwhile.
func (s *stream) catchUp(ctx context.Context) (caughtUp bool, err error) {
	bucket, version, head := s.bucket, s.version, s.head
	var headers []numberedHeader
	for at := bucket; ; at++ {
		rows, v, err := s.app.store.Read(ctx, record.LogPartition(s.id, at), store.Key(record.LogHeadKey),
			store.Range{From: record.HeaderKey(head.LastSeq + 1), To: record.HeaderKey((at+1)*record.BucketSize + 1)})
		if err != nil {
			return false, fmt.Errorf("catch up with the log: %w", err)
		}
		if v == "" && at == s.bucket {
			return false, nil
		}
		if v == "" {
			break
		}
		bucket, version, head = at, v, &record.LogHead{}
		if err := decode(rows[0][0], head); err != nil {
			return false, err
		}
		more, err := headersIn(rows[1])
		if err != nil {
			return false, err
		}
		headers = append(headers, more...)
		if head.LastSeq < (at+1)*record.BucketSize {
			break
		}
	}
	s.bucket, s.version, s.head, s.known = bucket, version, head, true
	for _, h := range headers {
		s.recent.add(storedDigest(h.header.Digest), h.seq, h.header.Time, receivedAt(h.header))
		if s.kept {
			s.advance(h.seq, h.header)
		}
	}
	return true, nil
}

// loadNewest reads back, from the newest header down, the sends that may be
// repeated and the positions that were not folded.
func (s *stream) loadNewest(ctx context.Context) error {
	state, err := s.app.readStreamState(ctx, s.id)
	if err != nil {
		return err
	}
	s.folded = state.FoldedSeq
	since := s.app.now() - duplicateSeconds
	for seq := s.head.LastSeq; seq > 0; {
		low := max(seq-min(seq-1, 511), record.Bucket(seq)*record.BucketSize+1)
		headers, err := s.app.readHeaders(ctx, s.id, low, seq)
		if err != nil {
			return err
		}
		fresh := seq > s.folded
		for _, h := range slices.Backward(headers) {
			if receivedAt(h.header) >= since {
				s.recent.add(storedDigest(h.header.Digest), h.seq, h.header.Time, receivedAt(h.header))
				fresh = true
			}
			if h.seq > s.folded {
				s.advance(h.seq, h.header)
			}
		}
		if !fresh || len(headers) == 0 && seq <= s.folded {
			break
		}
		seq = low - 1
	}
	s.recent.sort()
	return nil
}

func receivedAt(h *record.Header) int64 {
	if h.Received != 0 {
		return h.Received
	}
	return h.Time
}

// advance takes a message into the positions of the accounts it moves.
func (s *stream) advance(seq uint32, h *record.Header) {
	for _, account := range h.Joined {
		p := s.positions[account]
		p.seq = max(p.seq, seq)
		s.positions[account] = p
	}
	if h.Tip || h.Received != 0 { // imports move the floor, not the sender
		return
	}
	p := s.positions[h.Sender]
	p.seq = max(p.seq, seq)
	if seq > p.sendSeq {
		p.sendSeq, p.lastSend = seq, h.Time
	}
	s.positions[h.Sender] = p
}

// forget drops what is known; the next use reads it back.
func (s *stream) forget() {
	s.state.Lock()
	s.known = false
	s.state.Unlock()
}

// unfolded returns what the log says about the accounts beyond what was
// written down, and the number up to which that is known.
func (s *stream) unfolded(ctx context.Context, accounts iter.Seq[string]) (map[string]position, uint32, error) {
	s.state.Lock()
	defer s.state.Unlock()
	upToDate, err := s.refresh(ctx)
	if err != nil {
		return nil, 0, err
	}
	if !upToDate {
		return (&stream{app: s.app, id: s.id, kept: s.kept}).unfolded(ctx, accounts)
	}
	found := map[string]position{}
	for account := range accounts {
		if p, ok := s.positions[account]; ok {
			found[account] = p
		}
	}
	return found, s.head.LastSeq, nil
}

// numberedHeader is a header with its number.
type numberedHeader struct {
	seq    uint32
	header *record.Header
}

// readHeaders returns the headers that exist with from <= MsgSeq <= to, all of
// one bucket, in ascending order.
func (a *App) readHeaders(ctx context.Context, id record.ConversationID, from, to uint32) ([]numberedHeader, error) {
	rows, _, err := a.store.Read(ctx, record.LogPartition(id, record.Bucket(to)), store.Range{
		From: record.HeaderKey(from), To: record.HeaderKey(to + 1),
	})
	if err != nil {
		return nil, fmt.Errorf("read headers: %w", err)
	}
	return headersIn(rows[0])
}

func headersIn(rows []store.Row) ([]numberedHeader, error) {
	headers := make([]numberedHeader, len(rows))
	for i, row := range rows {
		headers[i] = numberedHeader{seq: record.Seq(row.Key), header: &record.Header{}}
		if err := decode(row, headers[i].header); err != nil {
			return nil, err
		}
	}
	return headers, nil
}

// readConversation returns the conversation's row, empty where none was
// written yet, the rows of further ranges, and the version of them all.
func (a *App) readConversation(ctx context.Context, id record.ConversationID, ranges ...store.Range) (*record.Conversation, [][]store.Row, store.Version, error) {
	ranges = append([]store.Range{store.Key(record.ConversationKey)}, ranges...)
	rows, version, err := a.store.Read(ctx, record.ConversationPartition(id), ranges...)
	if err != nil {
		return nil, nil, "", fmt.Errorf("read conversation: %w", err)
	}
	c := &record.Conversation{}
	if len(rows[0]) > 0 {
		if err := decode(rows[0][0], c); err != nil {
			return nil, nil, "", err
		}
	}
	return c, rows[1:], version, nil
}

// changeConversation reads a conversation's row and further ranges, lets
// change alter the row and stage mutations, and commits; where change returns
// no mutations nothing is written. Where the outcome of a commit is unknown
// change runs again, as after a conflict: it must find out what is done already.
// Errors: errSealed and those of change.
func (a *App) changeConversation(ctx context.Context, id record.ConversationID, ranges []store.Range, change func(*record.Conversation, [][]store.Row) ([]store.Mutation, error)) error {
	return retry(ctx, func() error {
		c, rows, version, err := a.readConversation(ctx, id, ranges...)
		if err != nil {
			return err
		}
		if c.Sealed {
			return errSealed
		}
		mutations, err := change(c, rows)
		if err != nil || mutations == nil {
			return err
		}
		mutations = append(mutations, store.Set(record.ConversationKey, encode(c)))
		_, err = a.store.Commit(ctx, record.ConversationPartition(id), version, mutations)
		switch {
		case errors.Is(err, store.ErrUnknown):
			return store.ErrConflict // change looks whether it has come through
		case err != nil:
			return fmt.Errorf("change conversation: %w", err)
		}
		return nil
	})
}

// errSealed says that the conversation has been destroyed.
var errSealed = errors.New("chat: conversation is gone")

// readStreamState returns what the group's partition holds for a stream.
func (a *App) readStreamState(ctx context.Context, id record.ConversationID) (*record.StreamState, error) {
	rows, _, err := a.store.Read(ctx, a.groupPartition(id.Group), store.Key(record.StreamStateKey(id.Incarnation, id.Topic)))
	if err != nil {
		return nil, fmt.Errorf("read stream state: %w", err)
	}
	state := &record.StreamState{}
	if len(rows[0]) > 0 {
		err = decode(rows[0][0], state)
	}
	return state, err
}

// stream returns the group's own stream.
func (g *groupState) stream() *stream {
	return g.app.streams.get(g.conversation(), g.groupType())
}

// topicStream returns the stream of one of the group's topics.
func (g *groupState) topicStream(t *record.Topic) *stream {
	return g.app.streams.get(g.topicConversation(t), g.groupType())
}
