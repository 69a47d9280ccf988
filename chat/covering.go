package chat

import (
	"cmp"
	"context"
	"math/bits"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// A cover says that a message is recalled but not by which of the targets that
// were merged into it. So every active target is listed under the few blocks of
// numbers that its interval is made of. A number lies in one block of each
// size, so that the newest of all targets that cover it is one of as many rows
// as there are sizes, however many targets there are. See decision 0028.

// block is the index-th of the blocks of 2^level numbers.
type block struct {
	level byte
	index uint32
}

func (b block) key(sender string, id record.TargetID) []byte {
	return record.BlockKey(b.level, sender, b.index, id)
}

// newest selects the newest target that is listed under the block.
func (b block) newest(sender string) store.Range {
	return store.Range{
		From: b.key(sender, record.TargetID{}), To: afterKey(b.key(sender, record.LastTarget)), Reverse: true, Limit: 1,
	}
}

// oneNumber is the block of a number alone. Recalls by number are listed there
// for the sender "".
func oneNumber(seq uint32) block { return block{0, seq} }

// blocks are the largest blocks that together are the interval, two of each size
// at most.
func (i interval) blocks() []block {
	var found []block
	for from, end := uint64(i.from), uint64(i.to)+1; from < end; {
		level := min(bits.TrailingZeros64(from), bits.Len64(end-from)-1)
		found = append(found, block{byte(level), uint32(from >> level)})
		from += 1 << level
	}
	return found
}

// listedBlock is a block as it is listed for a sender, or for "".
type listedBlock struct {
	block
	sender string
}

// blocksOver are the blocks in which targets may be listed that cover a message
// of a sender, as far as the marks say that they may exist.
func blocksOver(marks uint32, sender string, seq uint32) []listedBlock {
	var found []listedBlock
	if marks&markSeqs != 0 {
		found = append(found, listedBlock{oneNumber(seq), ""})
	}
	levels := 0
	for class, most := range classLengths {
		if marks&(1<<class) != 0 {
			levels = bits.Len32(most)
		}
	}
	for level := range levels {
		found = append(found, listedBlock{block{byte(level), seq >> level}, sender})
	}
	return found
}

// readCovering is readRecalls of the messages that also finds, for each of them
// that is recalled, the newest active target that covers it.
// Errors: errSealed.
func (s *stream) readCovering(ctx context.Context, messages []numberedHeader) (*recalls, map[uint32]record.TargetID, error) {
	senders, within := sendersIn(messages)
	// What is recalled is known with the first reading, and asked for in the next,
	// together with all that was read before. Rarely more is recalled by then.
	asked := map[uint32]bool{}
	for {
		place := map[listedBlock]int{}
		found, rows, err := s.readRecallsAnd(ctx, senders, within, func(marks uint32) []store.Range {
			var ranges []store.Range
			clear(place)
			for _, m := range messages {
				if !asked[m.seq] {
					continue
				}
				for _, b := range blocksOver(marks, m.header.Sender, m.seq) {
					if _, there := place[b]; !there {
						place[b] = len(ranges)
						ranges = append(ranges, b.newest(b.sender))
					}
				}
			}
			return ranges
		})
		if err != nil {
			return nil, nil, err
		}
		covering, more := map[uint32]record.TargetID{}, false
		for _, m := range messages {
			if !found.recalled(m.seq, m.header.Sender, receivedAt(m.header)) {
				continue
			}
			more = more || !asked[m.seq]
			asked[m.seq] = true
			covering[m.seq] = found.newestFence(m)
			for _, b := range blocksOver(allMarks, m.header.Sender, m.seq) {
				if at, there := place[b]; there && len(rows[at]) > 0 {
					covering[m.seq] = newerTarget(covering[m.seq], record.TargetOf(rows[at][0].Key))
				}
			}
		}
		if !more {
			return found, covering, nil
		}
	}
}

// newestFence is the newest target whose open fence covers a message.
func (r *recalls) newestFence(m numberedHeader) (newest record.TargetID) {
	for _, f := range r.fences[m.header.Sender] {
		if f.covers(m.seq, receivedAt(m.header)) {
			newest = newerTarget(newest, f.target)
		}
	}
	return newest
}

func newerTarget(a, b record.TargetID) record.TargetID {
	if cmp.Or(a.Operation.Compare(b.Operation), cmp.Compare(a.Index, b.Index)) < 0 {
		return b
	}
	return a
}

// sendersIn are the distinct senders of messages, which are in descending order,
// and from where to where their numbers reach.
func sendersIn(messages []numberedHeader) ([]string, interval) {
	if len(messages) == 0 {
		return nil, nothing
	}
	var senders []string
	seen := map[string]bool{}
	for _, m := range messages {
		if !seen[m.header.Sender] {
			seen[m.header.Sender] = true
			senders = append(senders, m.header.Sender)
		}
	}
	return senders, interval{messages[len(messages)-1].seq, messages[0].seq}
}
