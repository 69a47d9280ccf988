package cluster

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/recant-chat/recant/client"
)

// look is what one server shows of a whole conversation.
type look struct {
	server string
	rows   []client.HistoryRow // from the first number up, recalled ones too
	shown  []uint32            // the others, from the newest down
}

// whole reports whether what is shown are all rows but the recalled ones.
func (l look) whole() bool {
	var shown []uint32
	for _, r := range slices.Backward(l.rows) {
		if r.IsPlaceMsg == 0 {
			shown = append(shown, r.MsgSeq)
		}
	}
	return slices.Equal(shown, l.shown)
}

// same reports whether two looks show the same.
func (l look) same(other look) bool {
	return slices.Equal(l.shown, other.shown) && slices.EqualFunc(l.rows, other.rows, func(a, b client.HistoryRow) bool {
		return a.MsgSeq == b.MsgSeq && a.IsPlaceMsg == b.IsPlaceMsg && a.MsgTimeStamp == b.MsgTimeStamp && wordsOf(a) == wordsOf(b)
	})
}

const (
	lookPause = time.Second   // before a conversation is looked at again
	lookers   = 1_000_000_000 // numbers of the callers that look begin here
)

// look reads a whole conversation from every server, when nothing is in the way of calls, and
// again until all show the same: what is still under way somewhere may come between them.
func (l *load) look(ctx context.Context, v *conversation) ([]look, error) {
	for attempt := 1; ; attempt++ {
		looks := make([]look, len(l.servers))
		for i, server := range l.servers {
			one := &load{t: l.t, servers: []*client.Client{server.WithRetry(client.Retry{Attempts: 20, AttemptTimeout: 10 * time.Second})}}
			looks[i] = look{server: fmt.Sprintf("server %d", i+1)}
			c := one.newCaller(lookers + i)
			if err := c.readAll(ctx, v, &looks[i]); err != nil {
				return nil, fmt.Errorf("server %d: %w", i+1, err)
			}
		}
		if attempt == l.looks || !slices.ContainsFunc(looks, func(l look) bool { return !l.whole() || !l.same(looks[0]) }) {
			return looks, nil
		}
		sleep(ctx, lookPause)
	}
}

// readAll reads all rows, and then all that are shown, as calls of the history.
func (c *caller) readAll(ctx context.Context, v *conversation, l *look) error {
	err := walk(func(from uint32) ([]uint32, error) {
		rows, err := c.rows(ctx, v, from, pageRows, 1)
		l.rows = append(l.rows, rows...)
		return numbersOf(rows), err
	})
	slices.Reverse(l.rows)
	if err != nil {
		return err
	}
	return walk(func(from uint32) ([]uint32, error) {
		seqs, err := c.pull(ctx, v, from, pageRows)
		l.shown = append(l.shown, seqs...)
		return seqs, err
	})
}

// walk pulls page after page, each from a number down, to the first number.
func walk(pull func(from uint32) (seqs []uint32, err error)) error {
	for from := uint32(0); ; {
		seqs, err := pull(from)
		if err != nil || len(seqs) == 0 {
			return err
		}
		if from = seqs[len(seqs)-1] - 1; from == 0 {
			return nil
		}
	}
}
