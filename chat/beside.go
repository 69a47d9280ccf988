package chat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// What changes about messages without being part of them stands beside the log,
// in a partition for each of its buckets. It is there for messages alone that
// members can see: whoever changes it reads its version first, then looks for the
// message and its recall, and commits at that version. An erasure, which comes
// after a recall, moves the version, so that nobody who looked before can bring
// back what it took.

// seenMessage is a message that members can see, with a further row of it from
// the log, nil where there is none.
type seenMessage struct {
	header *record.Header
	row    []byte
}

// seen returns those of some numbers of one bucket whose messages are there,
// neither expired nor erased, and not recalled. key names the further row, nil
// for none.
// Errors: errSealed.
func (s *stream) seen(ctx context.Context, seqs []uint32, key func(uint32) []byte) (map[uint32]seenMessage, error) {
	_, floor, err := s.headAndFloor(ctx)
	if err != nil {
		return nil, err
	}
	var ranges []store.Range
	for _, seq := range seqs {
		ranges = append(ranges, store.Key(record.HeaderKey(seq)))
		if key != nil {
			ranges = append(ranges, store.Key(key(seq)))
		}
	}
	rows, _, err := s.app.store.Read(ctx, record.LogPartition(s.id, record.Bucket(seqs[0])), ranges...)
	if err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	found := map[uint32]seenMessage{}
	var senders []string
	perSeq := len(ranges) / len(seqs)
	for i, seq := range seqs {
		if header := rows[i*perSeq]; len(header) > 0 && seq > floor {
			m := seenMessage{header: &record.Header{}}
			if err := decode(header[0], m.header); err != nil {
				return nil, err
			}
			if further := rows[i*perSeq+perSeq-1]; key != nil && len(further) > 0 {
				m.row = further[0].Value
			}
			if !m.header.Erased {
				found[seq] = m
				senders = append(senders, m.header.Sender)
			}
		}
	}
	slices.Sort(senders)
	recalls, err := s.readRecalls(ctx, slices.Compact(senders), interval{slices.Min(seqs), slices.Max(seqs)})
	if err != nil {
		return nil, err
	}
	for seq, m := range found {
		if !m.header.Tip && recalls.recalled(seq, m.header.Sender, receivedAt(m.header)) {
			delete(found, seq)
		}
	}
	return found, nil
}

// seqsByBucket returns numbers by the bucket that they are in, in ascending
// order and each once.
func seqsByBucket(seqs []uint32) [][]uint32 {
	seqs = slices.Compact(slices.Sorted(slices.Values(seqs)))
	var parts [][]uint32
	for len(seqs) > 0 {
		n, _ := slices.BinarySearchFunc(seqs, record.Bucket(seqs[0])+1, func(seq, bucket uint32) int {
			return cmp.Compare(record.Bucket(seq), bucket)
		})
		parts = append(parts, seqs[:n])
		seqs = seqs[n:]
	}
	return parts
}

// changeBeside reads rows that stand beside a bucket, lets change stage mutations
// and commits; where change returns none nothing is written. Where the outcome of
// a commit is unknown change runs again: it must find out what is done already.
// Errors: those of change.
func (s *stream) changeBeside(ctx context.Context, bucket uint32, ranges []store.Range, change func([][]store.Row) ([]store.Mutation, error)) error {
	p := record.BesidePartition(s.id, bucket)
	return retry(ctx, func() error {
		rows, version, err := s.app.store.Read(ctx, p, ranges...)
		if err != nil {
			return fmt.Errorf("read beside the log: %w", err)
		}
		mutations, err := change(rows)
		if err != nil || len(mutations) == 0 {
			return err
		}
		err = s.commitBeside(ctx, bucket, version, mutations)
		if errors.Is(err, errBucketGone) {
			return store.ErrConflict // change sees that there is no message any more
		}
		return err
	})
}

// commitBeside commits what is to stand beside a bucket.
// Errors: store.ErrConflict, also where the outcome is unknown; errBucketGone.
func (s *stream) commitBeside(ctx context.Context, bucket uint32, base store.Version, mutations []store.Mutation) error {
	_, err := s.app.store.Commit(ctx, record.BesidePartition(s.id, bucket), base, mutations)
	unknown := errors.Is(err, store.ErrUnknown)
	if err != nil && !unknown {
		return fmt.Errorf("change beside the log: %w", err)
	}
	if base == "" {
		if err := s.checkBeside(context.WithoutCancel(ctx), bucket); err != nil {
			return err
		}
	}
	if unknown {
		return store.ErrConflict // whoever tries again looks whether it has come through
	}
	return nil
}

// errBucketGone says that a bucket has expired, or was destroyed with its log.
var errBucketGone = errors.New("chat: log bucket is gone")

// checkBeside makes sure, before anything is acknowledged, that the bucket beside
// which a partition was just begun has not gone meanwhile: what stands beside a
// bucket is dropped after it, and would stay for ever if it came later.
// Errors: errBucketGone.
func (s *stream) checkBeside(ctx context.Context, bucket uint32) error {
	head, version, err := s.app.readLogHead(ctx, s.id, bucket)
	if err != nil || version != "" && !head.Sealed {
		return err
	}
	if err := s.app.dropBeside(ctx, s.id, bucket); err != nil {
		return err
	}
	return errBucketGone
}

// dropBeside drops what stands beside a bucket that is gone.
func (a *App) dropBeside(ctx context.Context, id record.ConversationID, bucket uint32) error {
	if err := a.store.Drop(ctx, record.BesidePartition(id, bucket)); err != nil {
		return fmt.Errorf("drop what stands beside the log: %w", err)
	}
	lane := record.BesideLane(id, bucket)
	rows := []store.Mutation{
		store.Delete(record.EventCursorKey(lane)), store.Delete(record.LaneMarkKey(lane)), store.Delete(record.EventsRemovedKey(lane)),
	}
	if err := a.store.Put(ctx, record.EventLanePartition(a.id, lane), rows); err != nil {
		return fmt.Errorf("remove lane of events: %w", err)
	}
	return nil
}

// eraseBeside erases what stands beside some messages of one bucket, which are
// recalled, and moves the version also where there is nothing.
func (s *stream) eraseBeside(ctx context.Context, bucket uint32, seqs []uint32) error {
	const batch = 16 // so that what is read at once is not much
	p := record.BesidePartition(s.id, bucket)
	for part := range slices.Chunk(seqs, batch) {
		var ranges []store.Range
		for _, seq := range part {
			for _, prefix := range record.BesidePrefixes(seq) {
				ranges = append(ranges, store.Prefix(prefix))
			}
		}
		for done := false; !done; {
			err := retry(ctx, func() error {
				rows, version, err := s.app.store.Read(ctx, p, ranges...)
				if err != nil {
					return err
				}
				var mutations []store.Mutation
				for _, row := range slices.Concat(rows...) {
					mutations = append(mutations, store.Delete(row.Key))
				}
				done = len(mutations) <= store.MaxMutations
				err = s.commitBeside(ctx, bucket, version, mutations[:min(len(mutations), store.MaxMutations)])
				return ignore(err, errBucketGone) // and all of this with it
			})
			if err != nil {
				return fmt.Errorf("erase beside the log: %w", err)
			}
		}
	}
	return nil
}
