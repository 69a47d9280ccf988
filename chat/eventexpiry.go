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
	days := store.Range{From: record.EventDayKey(0, ""), To: record.EventDayKey(uint32(max(0, (cutoff-markSeconds)/secondsPerDay)), "")}
	var failed error
	err := a.scan(ctx, record.EventsPartition(a.id), days, func(row store.Row) error {
		mark := &record.EventMark{}
		err := decode(row, mark)
		if err == nil {
			err = a.expireLane(ctx, record.EventDayLane(row.Key), mark, cutoff*1000)
		}
		if err == nil {
			err = a.store.Put(ctx, record.EventsPartition(a.id), []store.Mutation{store.Delete(row.Key)})
		}
		failed = errors.Join(failed, err) // the others can still be done
		return ctx.Err()
	})
	return errors.Join(failed, err)
}

// expireLane removes the rows of a lane that are older than a time in Unix
// milliseconds. Messages of a group that keeps its history are no such rows.
func (a *App) expireLane(ctx context.Context, lane string, mark *record.EventMark, cutoff int64) error {
	switch lane[0] {
	case record.LaneGroup:
		return a.expireEventRows(ctx, a.groupPartition(record.LaneName(lane)), cutoff)
	case record.LaneUser:
		return a.expireEventRows(ctx, record.UserPartition(a.id, record.LaneName(lane)), cutoff)
	}
	if lane[0] == record.LaneBeside {
		bucket, conversation := record.LaneBucket(lane)
		return a.expireEventRows(ctx, record.BesidePartition(record.LaneConversationID(a.id, conversation), bucket), cutoff)
	}
	if GroupType(mark.GroupType) != AVChatRoom {
		return nil
	}
	id := record.LaneConversationID(a.id, lane)
	newest, err := (&stream{app: a, id: id}).newestBucket(ctx)
	if err != nil {
		return err
	}
	for bucket := range newest + 1 {
		if err := a.expireRoomMessages(ctx, record.LogPartition(id, bucket), cutoff); err != nil {
			return err
		}
	}
	return nil
}

// expireEventRows removes the event rows of a partition from before a time.
func (a *App) expireEventRows(ctx context.Context, p store.Partition, cutoff int64) error {
	return a.removeRows(ctx, p, store.Prefix(record.EventPrefix), func(row store.Row) ([][]byte, error) {
		e := &record.Event{}
		if err := decode(row, e); err != nil || e.Cause.GetTime() >= cutoff {
			return nil, err
		}
		return [][]byte{row.Key}, nil
	})
}

// expireRoomMessages removes what a live room kept of its messages for the
// application to be told of.
func (a *App) expireRoomMessages(ctx context.Context, p store.Partition, cutoff int64) error {
	return a.removeRows(ctx, p, store.Prefix([]byte{record.HeaderKey(0)[0]}), func(row store.Row) ([][]byte, error) {
		h := &record.Header{}
		if err := decode(row, h); err != nil || h.Time*1000 >= cutoff {
			return nil, err
		}
		return [][]byte{row.Key, record.BodyKey(record.Seq(row.Key))}, nil
	})
}

// removeRows removes rows from the beginning of a range on, until choose names
// none.
func (a *App) removeRows(ctx context.Context, p store.Partition, r store.Range, choose func(store.Row) ([][]byte, error)) error {
	r.Limit = cleanupRows
	for done := false; !done; {
		err := retry(ctx, func() error {
			rows, version, err := a.store.Read(ctx, p, r)
			if err != nil {
				return err
			}
			var mutations []store.Mutation
			done = len(rows[0]) < r.Limit
			for _, row := range rows[0] {
				keys, err := choose(row)
				if err != nil {
					return err
				}
				if done = done || keys == nil; keys == nil {
					break
				}
				for _, key := range keys {
					mutations = append(mutations, store.Delete(key))
				}
			}
			if len(mutations) == 0 {
				return nil
			}
			_, err = a.store.Commit(ctx, p, version, mutations)
			return err
		})
		if err != nil {
			return fmt.Errorf("remove old events: %w", err)
		}
	}
	return nil
}
