// Package history checks recorded histories of one conversation against a model of what is
// promised when sends, recalls by sender and pulls run at once, whoever answers them.
//
// A send is one step. A recall has two: its place, where it takes the window as
// it stands, and its effect, from which on it hides what it covers. A pull has
// two: it reads rows, and then covers. Every step lies within its call's
// interval, in that order. So each call becomes one or two operations with the
// call's interval, tied by the state. The interval of a call that has no answer
// does not end: its steps may come late, or never.
package history

import (
	"fmt"
	"maps"
	"slices"

	"github.com/anishathalye/porcupine"
)

// conversationState is the state of the model; values are never changed. What
// a recall in effect covers exists already, so the state holds the messages
// that are hidden, not the recalls that hide them.
type conversationState struct {
	senders []string               // of the messages, number 1 first
	hidden  []bool                 // by number, the first is 1's
	placed  map[int]modelledRecall // by call, not yet in effect
	rows    map[int]int            // pulls that have read rows: the greatest number they saw
}

type modelledRecall struct {
	sender   string
	from, to int
}

type step struct {
	kind   string // send, place, effect, rows, covers
	call   int    // ties the steps of one call
	sender string
	window int
	page   int    // rows asked for
	from   uint32 // highest number asked for, 0 for the newest
}

type outcome struct {
	seq  uint32 // 0 where it is not known
	seqs []uint32
}

// with returns the state after a change. Maps may be changed in place, slices
// are replaced.
func (s conversationState) with(change func(*conversationState)) conversationState {
	next := conversationState{senders: s.senders, hidden: s.hidden, placed: map[int]modelledRecall{}, rows: map[int]int{}}
	maps.Copy(next.placed, s.placed)
	maps.Copy(next.rows, s.rows)
	change(&next)
	return next
}

func (s conversationState) equal(other conversationState) bool {
	return slices.Equal(s.senders, other.senders) && slices.Equal(s.hidden, other.hidden) &&
		maps.Equal(s.placed, other.placed) && maps.Equal(s.rows, other.rows)
}

// visible is the page that a pull of the first n messages shows.
func (s conversationState) visible(n, want int) []uint32 {
	var seqs []uint32
	for seq := n; seq > 0 && len(seqs) < want; seq-- {
		if !s.hidden[seq-1] {
			seqs = append(seqs, uint32(seq))
		}
	}
	return seqs
}

// take applies one step, or says that it cannot have happened here.
func (s conversationState) take(in step, out outcome) (bool, conversationState) {
	switch in.kind {
	case "send":
		if out.seq != 0 && int(out.seq) != len(s.senders)+1 {
			return false, s
		}
		return true, s.with(func(n *conversationState) {
			n.senders = append(slices.Clone(s.senders), in.sender)
			n.hidden = append(slices.Clone(s.hidden), false)
		})
	case "place":
		return true, s.with(func(n *conversationState) {
			n.placed[in.call] = modelledRecall{in.sender, max(1, len(s.senders)-in.window+1), len(s.senders)}
		})
	case "effect":
		recall, ok := s.placed[in.call]
		if !ok {
			return false, s
		}
		return true, s.with(func(n *conversationState) {
			delete(n.placed, in.call)
			n.hidden = slices.Clone(s.hidden)
			for seq := recall.from; seq <= recall.to; seq++ {
				n.hidden[seq-1] = n.hidden[seq-1] || s.senders[seq-1] == recall.sender
			}
		})
	case "rows":
		top := len(s.senders)
		if in.from > 0 {
			top = min(top, int(in.from))
		}
		if len(out.seqs) > 0 && int(out.seqs[0]) > top {
			return false, s
		}
		return true, s.with(func(n *conversationState) { n.rows[in.call] = top })
	case "covers":
		top, ok := s.rows[in.call]
		if !ok || !slices.Equal(out.seqs, s.visible(top, in.page)) {
			return false, s
		}
		return true, s.with(func(n *conversationState) { delete(n.rows, in.call) })
	}
	panic("unknown step " + in.kind)
}

func model() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return conversationState{} },
		Step: func(state, input, output any) (bool, any) {
			return state.(conversationState).take(input.(step), output.(outcome))
		},
		Equal: func(a, b any) bool { return a.(conversationState).equal(b.(conversationState)) },
		DescribeOperation: func(input, output any) string {
			in, out := input.(step), output.(outcome)
			return fmt.Sprintf("%s %s #%d -> %d %v", in.kind, in.sender, in.call, out.seq, out.seqs)
		},
	}
}
