package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// expireEvents removes what lanes keep of events that were told of, or given
// up, so long ago that nobody may ask for them again.
func (a *App) expireEvents(ctx context.Context) error {
	cutoff := a.now() - int64(a.keepEvents()/time.Second)
	// A day is over when the last events are old that rely on a mark of it.
	days := store.Range{To: record.EventDayKey(uint32(max(0, (cutoff-markSeconds)/secondsPerDay)))}
	var failed error
	err := a.scan(ctx, record.EventDaysPartition(a.id), days, func(row store.Row) error {
		err := a.expireDay(ctx, record.EventDay(row.Key), cutoff)
		if err == nil {
			err = a.store.Put(ctx, record.EventDaysPartition(a.id), []store.Mutation{store.Delete(row.Key)})
		}
		failed = errors.Join(failed, err) // the others can still be done
		return ctx.Err()
	})
	return errors.Join(failed, err)
}

// expireDay is expireEvents for the lanes that were marked on a day.
func (a *App) expireDay(ctx context.Context, day uint32, cutoff int64) error {
	var failed error
	for shard := range byte(record.EventDayShards) {
		p := record.EventDayPartition(a.id, day, shard)
		var left error
		err := a.scan(ctx, p, store.Range{}, func(row store.Row) error {
			mark := &record.EventMark{}
			err := decode(row, mark)
			if err == nil {
				err = a.expireLane(ctx, string(row.Key), mark, cutoff*1000)
			}
			left = errors.Join(left, err)
			return ctx.Err()
		})
		if left = errors.Join(left, err); left == nil {
			left = a.store.Drop(ctx, p)
		}
		failed = errors.Join(failed, left)
	}
	return failed
}

// expireLane removes the rows of a lane that are older than a time in Unix
// milliseconds. Messages of a group that keeps its history are no such rows.
func (a *App) expireLane(ctx context.Context, lane string, mark *record.EventMark, cutoff int64) error {
	switch lane[0] {
	case record.LaneGroup:
		return a.expireEventRows(ctx, lane, a.groupPartition(record.LaneName(lane)), cutoff)
	case record.LaneUser:
		return a.expireEventRows(ctx, lane, record.UserPartition(a.id, record.LaneName(lane)), cutoff)
	case record.LaneBeside:
		bucket, conversation := record.LaneBucket(lane)
		return a.expireEventRows(ctx, lane, record.BesidePartition(record.LaneConversationID(a.id, conversation), bucket), cutoff)
	}
	if err := a.expireLoose(ctx, lane, cutoff); err != nil {
		return err
	}
	if GroupType(mark.GroupType) != AVChatRoom {
		return nil
	}
	id := record.LaneConversationID(a.id, lane)
	newest, err := (&stream{app: a, id: id}).newestBucket(ctx)
	if err != nil {
		return err
	}
	removed, err := a.eventsRemoved(ctx, lane)
	if err != nil {
		return err
	}
	for bucket := record.Bucket(uint32(removed) + 1); bucket <= newest; bucket++ {
		if err := a.expireRoomMessages(ctx, lane, record.LogPartition(id, bucket), cutoff); err != nil {
			return err
		}
	}
	return nil
}

// expireLoose drops the loose events of a lane of hours that are over since a time in
// Unix milliseconds.
func (a *App) expireLoose(ctx context.Context, lane string, cutoff int64) error {
	p := record.EventLanePartition(a.id, lane)
	rows, _, err := a.store.Read(ctx, p, store.Range{
		From: record.LooseHoursPrefix, To: record.LooseHourKey(cutoff / 1000 / secondsPerHour),
	})
	if err != nil {
		return fmt.Errorf("read hours of events: %w", err)
	}
	for _, row := range rows[0] {
		if err := a.store.Drop(ctx, record.LooseEventsPartition(a.id, lane, int64(record.OrderOf(row.Key)))); err != nil {
			return fmt.Errorf("drop old events: %w", err)
		}
		if err := a.store.Put(ctx, p, []store.Mutation{store.Delete(row.Key)}); err != nil {
			return fmt.Errorf("drop old events: %w", err)
		}
	}
	return nil
}

// expireEventRows removes the event rows of a lane in a partition from before a time.
func (a *App) expireEventRows(ctx context.Context, lane string, p store.Partition, cutoff int64) error {
	removed, err := a.eventsRemoved(ctx, lane)
	if err != nil {
		return err
	}
	r := store.Range{From: record.EventKey(removed + 1), To: store.PrefixEnd(record.EventPrefix)}
	return a.removeRows(ctx, lane, p, r, func(row store.Row) (uint64, [][]byte, error) {
		e := &record.Event{}
		if err := decode(row, e); err != nil || e.Cause.GetTime() >= cutoff {
			return 0, nil, err
		}
		return record.OrderOf(row.Key), [][]byte{row.Key}, nil
	})
}

// expireRoomMessages removes what a live room kept of its messages for the
// application to be told of.
func (a *App) expireRoomMessages(ctx context.Context, lane string, p store.Partition, cutoff int64) error {
	return a.removeRows(ctx, lane, p, store.Prefix(record.HeaderPrefix), func(row store.Row) (uint64, [][]byte, error) {
		h := &record.Header{}
		if err := decode(row, h); err != nil || h.Time*1000 >= cutoff {
			return 0, nil, err
		}
		seq := record.Seq(row.Key)
		return uint64(seq), [][]byte{row.Key, record.BodyKey(seq)}, nil
	})
}

// eventsRemoved is up to which number the rows of a lane are removed.
func (a *App) eventsRemoved(ctx context.Context, lane string) (uint64, error) {
	rows, _, err := a.store.Read(ctx, record.EventLanePartition(a.id, lane), store.Key(record.EventsRemovedKey(lane)))
	if err != nil {
		return 0, fmt.Errorf("read lane of events: %w", err)
	}
	removed := &record.EventCursor{}
	for _, row := range rows[0] {
		err = decode(row, removed)
	}
	return removed.Number, err
}

// removeRows removes rows of a lane from the beginning of a range on, until choose
// names none, which else names with them the number up to which they are removed. That
// is noted: who removes the next ones does not pass over these.
func (a *App) removeRows(ctx context.Context, lane string, p store.Partition, r store.Range, choose func(store.Row) (uint64, [][]byte, error)) error {
	r.Limit = cleanupRows
	for done := false; !done; {
		var removed uint64
		var last []byte
		err := retry(ctx, func() error {
			rows, version, err := a.store.Read(ctx, p, r)
			if err != nil {
				return err
			}
			var mutations []store.Mutation
			done = len(rows[0]) < r.Limit
			for _, row := range rows[0] {
				number, keys, err := choose(row)
				if err != nil {
					return err
				}
				if done = done || keys == nil; keys == nil {
					break
				}
				for _, key := range keys {
					mutations = append(mutations, store.Delete(key))
				}
				removed, last = number, row.Key
			}
			if len(mutations) == 0 {
				return nil
			}
			_, err = a.store.Commit(ctx, p, version, mutations)
			return err
		})
		if err == nil && removed > 0 {
			r.From = afterKey(last)
			row := store.Set(record.EventsRemovedKey(lane), encode(&record.EventCursor{Number: removed}))
			err = a.store.Put(ctx, record.EventLanePartition(a.id, lane), []store.Mutation{row})
		}
		if err != nil {
			return fmt.Errorf("remove old events: %w", err)
		}
	}
	return nil
}
