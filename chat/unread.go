package chat

import (
	"context"
	"fmt"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// unread is the number of messages above a read position that count as unread
// (spec 04 section 1.7): not those sent with NoUnread or to single members,
// nor those recalled by number. A silent recall changes nothing, so that
// nobody notices it without pulling history.
func (s *stream) unread(ctx context.Context, read uint32) (uint32, error) {
	head, err := s.current(ctx)
	if err != nil || head.LastSeq <= read {
		return 0, err
	}
	uncounted, err := s.uncountedAfter(ctx, head, read)
	if err != nil {
		return 0, err
	}
	recalled, err := s.recalledAfter(ctx, head, read)
	if err != nil {
		return 0, err
	}
	return head.LastSeq - read - min(uncounted+recalled, head.LastSeq-read), nil
}

// uncountedAfter counts the messages above a number that never counted. Each
// bucket knows how many there were when it was full, so the headers of one
// bucket are all that is read.
func (s *stream) uncountedAfter(ctx context.Context, head *record.LogHead, read uint32) (uint32, error) {
	if head.UncountedNum == 0 {
		return 0, nil
	}
	bucket := record.Bucket(read + 1)
	full, version, err := s.app.readLogHead(ctx, s.id, bucket)
	if err != nil || version == "" { // an expired bucket's messages count as ever
		return 0, err
	}
	headers, err := s.app.readHeaders(ctx, s.id, read+1, min(head.LastSeq, (bucket+1)*record.BucketSize))
	if err != nil {
		return 0, err
	}
	uncounted := head.UncountedNum - min(full.UncountedNum, head.UncountedNum)
	for _, h := range headers {
		if !counts(h.header) {
			uncounted++
		}
	}
	return uncounted, nil
}

// counts reports whether a message raises unread numbers.
func counts(h *record.Header) bool { return !h.NoUnread && !h.Targeted }

// recalledAfter counts the messages above a number that counted until they
// were recalled by number.
func (s *stream) recalledAfter(ctx context.Context, head *record.LogHead, read uint32) (uint32, error) {
	rows, _, err := s.app.store.Read(ctx, record.ConversationPartition(s.id), store.Range{
		From: record.SeqRecallKey(read + 1), To: afterKey(record.SeqRecallKey(head.LastSeq)),
	})
	if err != nil {
		return 0, fmt.Errorf("read recalls: %w", err)
	}
	recalled := uint32(0)
	for _, row := range rows[0] {
		r := &record.SeqRecall{}
		if err := decode(row, r); err != nil {
			return 0, err
		}
		if !r.Uncounted {
			recalled++
		}
	}
	return recalled, nil
}
