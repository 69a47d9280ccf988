package chat

import (
	"context"
	"errors"
	"fmt"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

const (
	secondsPerHour = 60 * 60
	secondsPerDay  = 24 * secondsPerHour
)

// expiryCutoff is the time before which messages are expired; false where
// they are kept for ever.
func (a *App) expiryCutoff() (int64, bool) {
	days := int64(a.settings.HistoryRetentionDays)
	return a.now() - days*secondsPerDay, days > 0
}

// expiredUpTo returns the highest expired number of the stream, 0 for none: an
// ordinary message expires by its time, and with it every number below (spec
// 04 section 1.6). Since times ascend with numbers the border is searched, from
// where it was last seen.
func (s *stream) expiredUpTo(ctx context.Context, head *record.LogHead) (uint32, error) {
	cutoff, expires := s.app.expiryCutoff()
	if !expires || !s.kept || head.LastOrdinarySeq == 0 {
		return 0, nil
	}
	if head.LastOrdinaryTime < cutoff {
		return head.LastOrdinarySeq, nil
	}
	s.state.Lock()
	low := s.floor
	s.state.Unlock()
	floor, err := s.olderThan(ctx, head, low, cutoff, (*record.Header).GetTime)
	if err != nil {
		return 0, err
	}
	s.state.Lock()
	s.floor = max(s.floor, floor)
	s.state.Unlock()
	return floor, nil
}

// expired reports whether a number is expired, with one look at the log at most.
func (s *stream) expired(ctx context.Context, head *record.LogHead, seq uint32) (bool, error) {
	cutoff, expires := s.app.expiryCutoff()
	switch {
	case !expires || seq > head.LastOrdinarySeq:
		return false, nil
	case head.LastOrdinaryTime < cutoff:
		return true, nil
	case seq == head.LastOrdinarySeq:
		return false, nil
	}
	_, h, err := s.ordinaryFrom(ctx, seq, head.LastOrdinarySeq)
	return err == nil && (h == nil || h.Time < cutoff), err
}

// olderThan returns the highest number above low of an ordinary message that
// came before a time, or low where there is none; when tells the time of a
// message, which ascends with the numbers.
func (s *stream) olderThan(ctx context.Context, head *record.LogHead, low uint32, time int64, when func(*record.Header) int64) (uint32, error) {
	high := head.LastOrdinarySeq + 1 // not older, or beyond all
	for probe := low + 1; low+1 < high; probe = low + (high-low)/2 {
		seq, h, err := s.ordinaryFrom(ctx, probe, head.LastOrdinarySeq)
		switch {
		case err != nil:
			return 0, err
		case h == nil || when(h) < time:
			low = seq
		default:
			high = probe
		}
	}
	return low, nil
}

// ordinaryFrom finds the first ordinary message at or above a number. For a
// number whose bucket was dropped there is no header.
func (s *stream) ordinaryFrom(ctx context.Context, from, to uint32) (uint32, *record.Header, error) {
	for low := from; low <= to; {
		high := min(to, low+15, (record.Bucket(low)+1)*record.BucketSize)
		headers, err := s.app.readHeaders(ctx, s.id, low, high)
		if err != nil {
			return 0, nil, err
		}
		if len(headers) == 0 {
			return high, nil, nil
		}
		for _, h := range headers {
			if !h.header.Tip {
				return h.seq, h.header, nil
			}
		}
		low = high + 1
	}
	return 0, nil, fmt.Errorf("log of %q: no ordinary message between %d and %d", s.id.Group, from, to)
}

// expire drops the buckets of the log whose newest message is expired, in every
// stream of the application. What fails in one group keeps no other waiting.
func (a *App) expire(ctx context.Context) error {
	if _, expires := a.expiryCutoff(); !expires {
		return nil
	}
	var failed error
	err := a.eachGroup(ctx, func(groupID string) error {
		err := a.view(ctx, groupID, func(g *groupState) error { return g.dropExpired(ctx) })
		if err != nil && CodeOf(err) != CodeGroupNotFound {
			failed = errors.Join(failed, err)
		}
		return ctx.Err()
	})
	return errors.Join(failed, err)
}

// dropExpired drops what is expired of the group's streams. They are looked at
// beside those in memory, which would all be evicted by a round over all groups.
func (g *groupState) dropExpired(ctx context.Context) error {
	if !g.rules().stored {
		return nil
	}
	topics, err := g.topics(ctx)
	if err != nil {
		return err
	}
	ids := []record.ConversationID{g.conversation()}
	for _, t := range topics {
		ids = append(ids, g.topicConversation(t.record))
	}
	for _, id := range ids {
		if err := (&stream{app: g.app, id: id, kept: true}).dropExpired(ctx); err != nil {
			return err
		}
	}
	return nil
}

// dropExpired drops whole buckets, never the newest, and none that holds what
// is on hold. The conversation's row says first that they are gone, so that
// nobody looks for the log's end there; a hold that comes after that is too late.
func (s *stream) dropExpired(ctx context.Context) error {
	cutoff, expires := s.app.expiryCutoff()
	if !expires {
		return nil
	}
	head, err := s.current(ctx)
	if err != nil || head.LastSeq == 0 {
		return err
	}
	floor, err := s.expiredUpTo(ctx, head)
	if err != nil {
		return err
	}
	c, _, _, err := s.app.readConversation(ctx, s.id)
	if err != nil {
		return err
	}
	keep := c.FirstBucket
	for keep < record.Bucket(head.LastSeq) && (keep+1)*record.BucketSize <= floor {
		last, _, err := s.app.readLogHead(ctx, s.id, keep)
		if err != nil {
			return err
		}
		if last.LastTime >= cutoff {
			break
		}
		keep++
	}
	if keep == c.FirstBucket {
		return nil
	}
	var doomed []uint32
	first := keep
	err = s.app.changeConversation(ctx, s.id, []store.Range{heldRange()}, func(c *record.Conversation, rows [][]store.Row) ([]store.Mutation, error) {
		held, err := heldIn(rows[0])
		if err != nil {
			return nil, err
		}
		doomed, first = nil, keep
		for bucket := c.FirstBucket; bucket < keep; bucket++ {
			if held.overlap(interval{bucket*record.BucketSize + 1, (bucket + 1) * record.BucketSize}) {
				first = min(first, bucket)
			} else {
				doomed = append(doomed, bucket)
			}
		}
		c.BucketHint = max(c.BucketHint, keep)
		return []store.Mutation{}, nil
	})
	if errors.Is(err, errSealed) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, bucket := range doomed {
		if err := s.app.store.Drop(ctx, record.LogPartition(s.id, bucket)); err != nil {
			return fmt.Errorf("drop expired messages: %w", err)
		}
		if err := s.app.dropBeside(ctx, s.id, bucket); err != nil {
			return err
		}
	}
	// One that was left behind would keep what a message said that is gone.
	if err := s.finishEdits(ctx); err != nil {
		return err
	}
	return s.app.changeConversation(ctx, s.id, nil, func(c *record.Conversation, _ [][]store.Row) ([]store.Mutation, error) {
		if c.FirstBucket >= first {
			return nil, nil
		}
		c.FirstBucket = first
		return []store.Mutation{}, nil
	})
}

// eachGroup visits every group of the directory; entries that point to nothing
// are visited too.
func (a *App) eachGroup(ctx context.Context, visit func(groupID string) error) error {
	for _, t := range GroupTypes {
		var from []byte
		for {
			rows, _, err := a.store.Read(ctx, record.DirectoryPartition(a.id, string(t)), store.Range{From: from, Limit: 1000})
			if err != nil {
				return fmt.Errorf("read directory: %w", err)
			}
			for _, row := range rows[0] {
				_, groupID := record.DirectoryEntry(row.Key)
				if err := visit(groupID); err != nil {
					return err
				}
				from = afterKey(row.Key)
			}
			if len(rows[0]) < 1000 {
				break
			}
		}
	}
	return nil
}
