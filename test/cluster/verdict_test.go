package cluster

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/recant-chat/recant/client"
	"github.com/recant-chat/recant/internal/history"
)

// checkTime bounds the check of one history against the model.
const checkTime = 30 * time.Second

// judge compares all that was tried with what the servers show in the end, when nothing is
// in their way, and lists what is wrong. The looks' pulls are in the history.
func (c *conversation) judge(looks []look) ([]string, history.Result) {
	for _, l := range looks {
		if !l.whole() {
			c.problem("%s shows %v, which are not all messages that are not recalled", l.server, l.shown)
		}
		if !l.same(looks[0]) {
			c.problem("%s shows something else than %s", l.server, looks[0].server)
		}
	}
	found := c.match(looks[0].rows)
	lost := map[int]uint32{} // sends without an answer
	for _, m := range c.messages {
		switch seq := found[m]; {
		case m.acked != 0 && seq != m.acked:
			c.problem("%v was acknowledged as number %d and is at %d (0 is nowhere)", m.words, m.acked, seq)
		case m.acked == 0 && seq != 0:
			lost[m.call] = seq
			if !m.lost {
				c.late++
			}
		}
	}
	c.history.Settle(lost)
	result := c.history.Check(checkTime)
	if result.Decided && !result.Fits {
		c.problem("the history does not fit the model; %s", result.Why)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.problems, result
}

// match finds the message behind every row: one row for each number and message, and no row
// without one.
func (c *conversation) match(rows []client.HistoryRow) map[*message]uint32 {
	tried := map[words]*message{}
	for _, m := range c.messages {
		tried[m.words] = m
	}
	found := map[*message]uint32{}
	for i, r := range rows {
		if r.MsgSeq != uint32(i+1) {
			c.problem("number %d stands at place %d", r.MsgSeq, i+1)
		}
		m := tried[wordsOf(r)]
		switch {
		case r.IsPlaceMsg != 0 && r.IsPlaceMsg != 2:
			c.problem("number %d has IsPlaceMsg %d", r.MsgSeq, r.IsPlaceMsg)
		case m == nil:
			c.problem("nobody sent number %d, %v", r.MsgSeq, wordsOf(r))
		case found[m] != 0:
			c.problem("%v is there twice, as %d and %d", m.words, found[m], r.MsgSeq)
		default:
			found[m] = r.MsgSeq
		}
		if before, known := c.shown[r.MsgSeq]; known && before != wordsOf(r) {
			c.problem("number %d showed %v and in the end is %v", r.MsgSeq, before, wordsOf(r))
		}
	}
	for seq := range c.shown {
		if int(seq) > len(rows) {
			c.problem("number %d was shown and is gone", seq)
		}
	}
	return found
}

// verdict is what became of many conversations.
type verdict struct {
	conversations, calls, open int
	late                       int // messages that are there though all answers were 60008
	undecided                  int
	problems                   []string
}

func (v *verdict) String() string {
	return fmt.Sprintf("%d conversations with %d calls, %d of them open to the end; %d undecided; %d messages there that were answered with 60008", v.conversations, v.calls, v.open, v.undecided, v.late)
}

func (v *verdict) add(other *verdict) {
	v.conversations += other.conversations
	v.calls += other.calls
	v.open += other.open
	v.late += other.late
	v.undecided += other.undecided
	v.problems = append(v.problems, other.problems...)
}

// judge looks at all conversations and checks their histories.
func (l *load) judge(ctx context.Context, all []*conversation) *verdict {
	total := &verdict{}
	var mu sync.Mutex
	var judges errgroup.Group
	judges.SetLimit(judgesAtOnce)
	for _, v := range all {
		judges.Go(func() error {
			one := l.judgeOne(ctx, v)
			mu.Lock()
			defer mu.Unlock()
			total.add(one)
			return nil
		})
	}
	judges.Wait()
	return total
}

const judgesAtOnce = 4

func (l *load) judgeOne(ctx context.Context, v *conversation) *verdict {
	one := &verdict{conversations: 1}
	looks, err := l.look(ctx, v)
	if err != nil {
		one.problems = []string{fmt.Sprintf("%v: look: %v", v, err)}
		return one
	}
	problems, result := v.judge(looks)
	for _, p := range problems {
		one.problems = append(one.problems, fmt.Sprintf("%v: %s", v, p))
	}
	one.calls, one.open, one.late = result.Calls, result.Open, v.late
	if !result.Decided {
		one.undecided = 1
	}
	return one
}

// report fails the test for what is wrong. Few histories may stay undecided: checking them
// takes time that grows without bounds with what is open at once.
func (v *verdict) report(t testing.TB) {
	t.Helper()
	for _, p := range v.problems {
		t.Error(shorten(p))
	}
	if v.undecided > 1+v.conversations/20 {
		t.Errorf("%d of %d histories could not be decided", v.undecided, v.conversations)
	}
}

func shorten(text string) string {
	const enough = 6000
	if len(text) <= enough {
		return text
	}
	return strings.ToValidUTF8(text[:enough], "") + "..."
}
