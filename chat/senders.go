package chat

import (
	"context"
	"fmt"
	"math"
	"unique"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
	"google.golang.org/protobuf/encoding/protowire"
)

// Counting what a recall would hit asks who sent what, and never for bodies. The
// senders of the newest messages of streams that are counted in are kept in
// memory, so that the window of a busy stream is counted without reading it.

const (
	// windowNumbers is how many of a stream's newest numbers are remembered.
	windowNumbers = 1000
	// maxWindows bounds the streams whose senders are remembered, at some 20 KB
	// each.
	maxWindows = 2000
)

// sentMessage is an ordinary message of one sender.
type sentMessage struct {
	seq           uint32
	time, arrival int64 // MsgTime and the server's time when it came, Unix seconds
}

// senderWindow holds the senders of a stream's newest messages, as a ring: the
// number n is at n modulo its length.
type senderWindow struct {
	ring [windowNumbers]windowEntry
	held interval // the numbers that are in the ring
}

type windowEntry struct {
	sender        unique.Handle[string] // "" of a tip or a missing message
	time, arrival uint32
}

// add takes in the next number.
func (w *senderWindow) add(seq uint32, h *record.Header) {
	e := windowEntry{sender: noSender}
	if h != nil && !h.Tip {
		e = windowEntry{unique.Make(h.Sender), uint32(h.Time), uint32(receivedAt(h))}
	}
	w.ring[seq%windowNumbers] = e
	w.held.to = seq
	w.held.from = max(w.held.from, seq-min(seq, windowNumbers)+1)
}

var noSender = unique.Make("")

// by returns a sender's messages in an interval that the window holds.
func (w *senderWindow) by(sender string, i interval) []sentMessage {
	name := unique.Make(sender)
	var found []sentMessage
	for seq := i.from; seq <= i.to && seq >= i.from; seq++ {
		if e := &w.ring[seq%windowNumbers]; e.sender == name {
			found = append(found, sentMessage{seq, int64(e.time), int64(e.arrival)})
		}
	}
	return found
}

// sentBy returns a sender's ordinary messages in an interval up to the newest
// number, in ascending order.
func (s *stream) sentBy(ctx context.Context, sender string, i interval) ([]sentMessage, error) {
	var newest []sentMessage
	if !i.isEmpty() {
		held, err := s.newestBy(ctx, sender, i, &newest)
		if err != nil {
			return nil, err
		}
		if !held.isEmpty() {
			i.to = held.from - 1
		}
	}
	var found []sentMessage
	err := s.eachSentBy(ctx, sender, i, func(m sentMessage) error {
		found = append(found, m)
		return nil
	})
	return append(found, newest...), err
}

// newestBy takes what the window knows of an interval, and returns for which
// part of its end that is.
func (s *stream) newestBy(ctx context.Context, sender string, i interval, found *[]sentMessage) (interval, error) {
	s.state.Lock()
	defer s.state.Unlock()
	if _, err := s.refresh(ctx); err != nil { // what is in a window is never changed
		return nothing, err
	}
	last := s.head.LastSeq
	if i.to > last || i.to+windowNumbers <= last {
		return nothing, nil // beyond what this process knows, or long ago
	}
	w, err := s.fillWindow(ctx)
	if err != nil {
		return nothing, err
	}
	held := interval{max(i.from, w.held.from), min(i.to, w.held.to)}
	*found = w.by(sender, held)
	return held, nil
}

// fillWindow returns the stream's window, which holds its newest numbers. The
// caller holds the state lock, and the stream is known.
func (s *stream) fillWindow(ctx context.Context) (*senderWindow, error) {
	s.app.windows.recent.Add(s.id, s)
	if w := s.window.Load(); w != nil {
		return w, nil
	}
	w := &senderWindow{held: interval{from: s.head.LastSeq - min(s.head.LastSeq, windowNumbers) + 1}}
	for low := w.held.from; low <= s.head.LastSeq; {
		high := min(s.head.LastSeq, (record.Bucket(low)+1)*record.BucketSize)
		headers, err := s.app.readHeaders(ctx, s.id, low, high)
		if err != nil {
			return nil, err
		}
		for seq := low; seq <= high; seq++ {
			var h *record.Header
			if len(headers) > 0 && headers[0].seq == seq {
				h, headers = headers[0].header, headers[1:]
			}
			w.add(seq, h)
		}
		low = high + 1
	}
	s.window.Store(w)
	return w, nil
}

// windows bounds how many streams have a window.
type windows struct {
	recent *lru.Cache[record.ConversationID, *stream]
}

func newWindows() *windows {
	recent, err := lru.NewWithEvict(maxWindows, func(_ record.ConversationID, s *stream) { s.window.Store(nil) })
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &windows{recent: recent}
}

// eachSentBy calls visit for a sender's ordinary messages in an interval, in
// ascending order.
func (s *stream) eachSentBy(ctx context.Context, sender string, i interval, visit func(sentMessage) error) error {
	for low := i.from; !i.isEmpty() && low <= i.to; {
		high := min(i.to, (record.Bucket(low)+1)*record.BucketSize)
		rows, _, err := s.app.store.Read(ctx, record.LogPartition(s.id, record.Bucket(low)), store.Range{
			From: record.HeaderKey(low), To: afterKey(record.HeaderKey(high)),
		})
		if err != nil {
			return fmt.Errorf("read senders: %w", err)
		}
		for _, row := range rows[0] {
			if !mayBeBy(row.Value, sender) {
				continue
			}
			h := &record.Header{}
			if err := decode(row, h); err != nil {
				return err
			}
			if h.Sender == sender && !h.Tip {
				if err := visit(sentMessage{record.Seq(row.Key), h.Time, receivedAt(h)}); err != nil {
					return err
				}
			}
		}
		if high == math.MaxUint32 {
			return nil
		}
		low = high + 1
	}
	return nil
}

// mayBeBy reports whether an encoded header may be of a sender, without
// decoding it. The sender is what an encoder writes first.
func mayBeBy(header []byte, sender string) bool {
	field, kind, n := protowire.ConsumeTag(header)
	if n < 0 || field != 1 || kind != protowire.BytesType {
		return true // in no order that can be told from here
	}
	value, n := protowire.ConsumeBytes(header[n:])
	return n < 0 || string(value) == sender
}
