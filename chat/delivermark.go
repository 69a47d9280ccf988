package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// What a look at the marks of all lanes does with those that have ended.
const (
	markRemovedAfter = 30               // seconds after a mark ceased to be valid
	markRenewedAfter = 10 * time.Second // from when that was seen, where it was not removed
)

// lookAtMarks wakes the lanes of all marks, or of those that another process
// wrote, and that have ceased to be valid and whose lanes may be done.
//
// Marks are read from the first on that is still needed, and one that has ended is not
// needed for long: it is removed with its lane's last event, or for a newer one, or else
// a new one is written for it.
func (d *deliverer) lookAtMarks(ctx context.Context, all bool) error {
	now := d.app.now()
	// Older events are not delivered any more.
	from := min(max(d.marksFrom, now-int64(d.app.keepEvents()/time.Second)-secondsPerHour), now)
	var marks []foundMark
	newest := map[string]int{} // among the marks, by lane
	for hour := from / secondsPerHour; hour <= (now+markSeconds)/secondsPerHour+1; hour++ {
		err := d.app.scan(ctx, record.EventMarksPartition(d.app.id, hour), store.Range{From: record.EventMarksFrom(from)}, func(row store.Row) error {
			m := foundMark{key: row.Key, EventMark: &record.EventMark{}}
			m.lane, _ = record.MarkedLane(row.Key)
			newest[m.lane] = len(marks)
			marks = append(marks, m)
			return errors.Join(decode(row, m.EventMark), ctx.Err())
		})
		if err != nil {
			return err
		}
	}
	needed, ended := now, map[string]time.Time{}
	var void [][]byte
	for i, m := range marks {
		mayGetMore := m.Writer != d.holder && !d.outlived(m.Opening)
		switch {
		case m.Until+markRemovedAfter >= now:
			if all || mayGetMore {
				d.wake(m.lane)
			}
		case newest[m.lane] != i:
			void = append(void, m.key)
			continue
		default:
			since, seen := d.endedMarks[string(m.key)]
			if !seen {
				since = time.Now()
			}
			ended[string(m.key)] = since
			d.wakeToEnd(m.lane, m.key)
			if time.Since(since) > markRenewedAfter {
				m.EventMark.Until, m.EventMark.Writer, m.EventMark.Opening = now, d.holder, d.opening
				if err := d.app.putMark(ctx, m.lane, m.EventMark); err != nil {
					return err
				}
				void = append(void, m.key)
				continue
			}
		}
		needed = min(needed, m.Until)
	}
	if err := d.app.removeMarks(ctx, void); err != nil {
		return err
	}
	for hour := from / secondsPerHour; hour < needed/secondsPerHour; hour++ {
		if err := d.app.store.Drop(ctx, record.EventMarksPartition(d.app.id, hour)); err != nil {
			return fmt.Errorf("drop marks of events: %w", err)
		}
	}
	d.marksFrom, d.endedMarks = needed, ended
	return nil
}

// foundMark is a mark in the index of all.
type foundMark struct {
	*record.EventMark
	lane string
	key  []byte
}

// removeMarks removes marks from the index.
func (a *App) removeMarks(ctx context.Context, keys [][]byte) error {
	byHour := map[int64][]store.Mutation{}
	for _, key := range keys {
		_, until := record.MarkedLane(key)
		byHour[until/secondsPerHour] = append(byHour[until/secondsPerHour], store.Delete(key))
	}
	for hour, mutations := range byHour {
		for part := range slices.Chunk(mutations, store.MaxMutations) {
			if err := a.store.Put(ctx, record.EventMarksPartition(a.id, hour), part); err != nil {
				return fmt.Errorf("unmark events: %w", err)
			}
		}
	}
	return nil
}
