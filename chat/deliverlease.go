package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// The lease by which one process at a time delivers the events of an application.
const (
	leaseValid   = 10 * time.Second
	leaseRenewed = 2 * time.Second
	leaseMargin  = 3 * time.Second // before its end a lease is not relied on any more
)

// outlived reports whether the process that had opened the engine is gone.
func (d *deliverer) outlived(opening uint64) bool {
	return d.opening != 0 && opening != 0 && opening != d.opening
}

// renew takes or prolongs the lease, and reports whether this process did not
// have it before.
func (d *deliverer) renew(ctx context.Context, now time.Time) (taken bool) {
	until := now.Add(leaseValid)
	err := d.app.changeLease(ctx, func(l *record.EventLease) bool {
		if l.Holder != d.holder && l.Until > now.UnixMilli() && !d.outlived(l.Opening) {
			return false
		}
		if l.Holder != d.holder {
			d.marksFrom = l.MarksFrom
		}
		l.Holder, l.Until, l.Opening, l.MarksFrom = d.holder, until.UnixMilli(), d.opening, d.marksFrom
		return true
	})
	if errors.Is(err, errLeased) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.lease = time.Time{} // whatever this process's clock says
		return false
	}
	if err != nil {
		if ctx.Err() == nil {
			d.app.log.Error("events are not delivered", "error", err)
		}
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lease = until
	if taken = d.calls == nil; taken {
		d.calls, d.hangUp = context.WithCancel(ctx)
	}
	return taken
}

// lose ends the calls under way: another process may make them from now on.
func (d *deliverer) lose() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.calls == nil {
		return
	}
	d.hangUp()
	d.calls, d.ready = nil, nil
	for key, l := range d.lanes {
		if !l.running {
			delete(d.lanes, key)
		}
	}
}

// release gives the lease back, so that another process need not wait for it.
func (d *deliverer) release(ctx context.Context) {
	d.lose()
	d.mu.Lock()
	held := !d.lease.IsZero()
	d.lease = time.Time{}
	d.mu.Unlock()
	if !held {
		return
	}
	err := d.app.changeLease(ctx, func(l *record.EventLease) bool {
		l.Until = 0
		return l.Holder == d.holder
	})
	if err != nil && !errors.Is(err, errLeased) {
		d.app.log.Warn("lease of the events was not given back", "error", err)
	}
}

// holds reports whether this process may deliver.
func (d *deliverer) holds(now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.leased(now)
}

// leased is holds; d.mu is held.
func (d *deliverer) leased(now time.Time) bool { return now.Add(leaseMargin).Before(d.lease) }

// errLeased says that another process has the lease.
var errLeased = errors.New("chat: another process delivers the events")

// changeLease changes the lease row where change says so.
// Errors: errLeased where it does not, or where another process was first.
func (a *App) changeLease(ctx context.Context, change func(*record.EventLease) bool) error {
	p := record.EventLeasePartition(a.id)
	rows, version, err := a.store.Read(ctx, p, store.Key(record.EventLeaseKey))
	if err != nil {
		return fmt.Errorf("read lease of events: %w", err)
	}
	lease := &record.EventLease{}
	if len(rows[0]) > 0 {
		if err := decode(rows[0][0], lease); err != nil {
			return err
		}
	}
	if !change(lease) {
		return errLeased
	}
	_, err = a.store.Commit(ctx, p, version, []store.Mutation{store.Set(record.EventLeaseKey, encode(lease))})
	switch {
	case errors.Is(err, store.ErrConflict):
		return errLeased
	case err != nil:
		return fmt.Errorf("lease events: %w", err)
	}
	return nil
}
