package chat

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/recant-chat/recant/store"
)

const (
	defaultKeep        = 72 * time.Hour
	defaultDeliverers  = 16
	deliverTick        = 100 * time.Millisecond // lanes that wait are looked at so often
	defaultLook        = 2 * time.Second        // and all marks so often
	maxDeliverPause    = time.Minute
	behindPause        = 200 * time.Millisecond
	maxBehindPause     = 5 * time.Second
	resumedEvery       = 10 * time.Second // pauses are ended so often, at most
	maxDeliveredAtOnce = 64               // events of one lane that are read together
)

// deliverer tells the application's backend of events, lane by lane. One
// process delivers for an application at a time, by a lease.
type deliverer struct {
	app     *App
	holder  uint64        // names this process
	opening uint64        // of an engine that is this process's own, else 0
	asked   chan struct{} // a worker is to look for a lane

	// What is known of marks: the ones that are still needed end at this time or later,
	// Unix seconds; and when which were seen that have ended.
	marksFrom  int64
	endedMarks map[string]time.Time

	mu      sync.Mutex
	lanes   map[string]*lane // that have something to deliver, or may have
	ready   []*lane
	lease   time.Time       // held until then
	calls   context.Context // of the calls under way; ends when the lease is lost
	hangUp  context.CancelFunc
	failed  bool      // a lane began to pause since the pauses were ended
	resumed time.Time // when that was
	givenUp uint64    // events that were given up, ever
	told    uint64    // events that were delivered, ever
}

// lane is the delivery of one lane by this process.
type lane struct {
	key      string
	queued   bool // ready to be worked on
	running  bool
	again    bool      // something came while it was worked on
	due      time.Time // when it is tried again after a failure; zero for none
	attempts int       // failures of the event at its front
	waits    int       // for another lane, in a row
	since    time.Time // of the event at its front, zero while unknown
	ended    [][]byte  // keys of marks that have ended
}

func newDeliverer(a *App) *deliverer {
	d := &deliverer{app: a, holder: rand.Uint64(), lanes: map[string]*lane{}, asked: make(chan struct{}, 1)}
	if engine, ok := a.store.(store.Exclusive); ok {
		d.opening = engine.Opening()
	}
	return d
}

// wake has a lane looked at. A process without the lease has nothing to look at:
// all that is marked is looked at when it gets one.
func (d *deliverer) wake(key string) { d.wakeToEnd(key, nil) }

// wakeToEnd is wake for a lane of which a mark has ended, that can be removed where
// there is nothing to deliver.
func (d *deliverer) wakeToEnd(key string, mark []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.calls == nil {
		return
	}
	l := d.lanes[key]
	if l == nil {
		l = &lane{key: key}
		d.lanes[key] = l
	}
	if mark != nil && !slices.ContainsFunc(l.ended, func(other []byte) bool { return bytes.Equal(other, mark) }) {
		l.ended = append(l.ended, mark)
	}
	switch {
	case l.running:
		l.again = true
	case !l.queued && l.due.IsZero():
		d.queue(l)
	}
}

// queue makes a lane ready; d.mu is held.
func (d *deliverer) queue(l *lane) {
	l.queued, l.due = true, time.Time{}
	d.ready = append(d.ready, l)
	d.ask()
}

// ask has a worker look for a lane.
func (d *deliverer) ask() {
	select {
	case d.asked <- struct{}{}:
	default: // one is asked already
	}
}

// run delivers until the context ends.
func (d *deliverer) run(ctx context.Context) {
	workers := d.app.webhooks.Deliverers
	if workers == 0 {
		workers = defaultDeliverers
	}
	look := d.app.webhooks.Look
	if look == 0 {
		look = defaultLook
	}
	var working sync.WaitGroup
	for range workers {
		working.Go(func() { d.work(ctx) })
	}
	defer func() {
		working.Wait()
		d.release(context.WithoutCancel(ctx))
	}()
	tick := time.NewTicker(deliverTick)
	defer tick.Stop()
	var renewed, looked time.Time
	all := false // lanes are to be looked at
	for {
		now := time.Now()
		if idle := d.app.webhooks.Receiver == nil && !d.app.watch.attached(); idle {
			renewed = now.Add(-leaseRenewed)
		} else if now.Sub(renewed) >= leaseRenewed {
			renewed = now
			if d.renew(ctx, now) {
				looked, all = time.Time{}, true // what the holder before has left
			}
		}
		if !d.holds(now) {
			d.lose()
		} else if now.Sub(looked) >= look {
			d.app.work(ctx, "marks of events", func(ctx context.Context) error {
				err := d.lookAtMarks(ctx, all)
				all = all && err != nil
				return err
			})
			looked = now
		}
		d.wakeDue(now)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// wakeDue makes the lanes ready whose pause is over.
func (d *deliverer) wakeDue(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.ready) > 0 {
		d.ask() // they may have waited for the lease
	}
	for _, l := range d.lanes {
		if !l.due.IsZero() && !l.due.After(now) {
			d.queue(l)
		}
	}
}

// work delivers ready lanes, one after the other, until the context ends.
func (d *deliverer) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.asked:
		}
		for l, calls := d.take(); l != nil; l, calls = d.take() {
			d.done(l, d.deliverSafely(calls, l))
		}
	}
}

// take returns a lane that is ready and the context of the calls about its
// events, nil for none.
func (d *deliverer) take() (*lane, context.Context) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.ready) == 0 || d.calls == nil {
		return nil, nil
	}
	l := d.ready[0]
	d.ready[0] = nil
	d.ready = d.ready[1:]
	l.queued, l.running, l.again = false, true, false
	if len(d.ready) > 0 {
		d.ask()
	}
	return l, d.calls
}

// done notes how the work on a lane ended; pause is when it is to go on, 0 for
// at once where something came meanwhile, and else never.
func (d *deliverer) done(l *lane, pause time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l.running = false
	switch {
	case d.calls == nil:
		delete(d.lanes, l.key)
	case pause > 0:
		l.due = time.Now().Add(pause)
	case l.again:
		d.queue(l)
	default:
		delete(d.lanes, l.key)
	}
}

// deliverSafely is deliver for lanes whose events make it panic.
func (d *deliverer) deliverSafely(ctx context.Context, l *lane) (pause time.Duration) {
	defer func() {
		if p := recover(); p != nil {
			d.app.log.Error("panic while events were delivered", "value", p, "stack", string(debug.Stack()))
			pause = maxDeliverPause
		}
	}()
	pause, err := d.deliver(ctx, l)
	switch {
	case ctx.Err() != nil:
		return leaseRenewed // the lease is lost, or the App closes
	case err != nil:
		d.app.log.Error("events could not be read", "error", err)
		return maxDeliverPause
	}
	return pause
}

// deliver tells the backend of the next events of a lane, in order, until one
// cannot be told of now: then it returns for how long to pause. A lane that has
// more has its next turn after the others.
func (d *deliverer) deliver(ctx context.Context, l *lane) (pause time.Duration, err error) {
	a := d.app
	d.mu.Lock()
	ended := l.ended
	l.ended = nil
	d.mu.Unlock()
	cursor, mark, err := a.readLane(ctx, l.key)
	if err != nil {
		return 0, err
	}
	loose := cursor.Loose
	if len(ended) > 0 { // the last look
		loose = lateLoose(cursor)
	}
	events, more, err := a.undelivered(ctx, l.key, mark, cursor, loose)
	if errors.Is(err, errBehind) {
		return d.behind(l), nil
	}
	if err != nil {
		return 0, err
	}
	d.mu.Lock()
	l.waits = 0
	d.mu.Unlock()
	for _, e := range events {
		pause, err := d.tell(ctx, l, e)
		if pause > 0 || err != nil {
			return pause, err
		}
		e.advance(cursor)
		if err := a.writeCursor(ctx, l.key, cursor, e.loose); err != nil {
			return 0, err
		}
	}
	d.mu.Lock()
	l.since = time.Time{}
	l.again = l.again || more
	d.mu.Unlock()
	if more {
		return 0, nil
	}
	return 0, a.unmark(ctx, l.key, ended)
}

// behind returns for how long to pause a lane that waits for another one: longer
// and longer, because that one may wait for the backend.
func (d *deliverer) behind(l *lane) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	l.waits++
	return min(behindPause<<min(l.waits-1, 10), maxBehindPause)
}

// tell tells the backend of one event. It returns for how long to pause where
// that is to be tried again.
func (d *deliverer) tell(ctx context.Context, l *lane, e undelivered) (time.Duration, error) {
	a := d.app
	if e.call.Command == "" {
		return 0, nil // numbers that tell of nothing
	}
	d.mu.Lock()
	l.since = time.UnixMilli(e.time)
	held := d.leased(time.Now())
	d.mu.Unlock()
	if !held {
		return leaseRenewed, nil // another process may tell of it
	}
	if !a.receives(e.call.Command) {
		a.watch.saw(e.call, a.clock(), "off")
		return 0, nil
	}
	if a.clock().Sub(time.UnixMilli(e.time)) > a.keepEvents() {
		d.giveUp(e, "it is older than events are kept")
		return 0, nil
	}
	err := a.webhooks.Receiver.Tell(ctx, e.call)
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	a.watch.saw(e.call, a.clock(), outcomeOf(err))
	retries := a.webhooks.Retries
	d.mu.Lock()
	switch {
	case err == nil:
		d.told++
		l.attempts = 0
		d.resume(time.Now())
	case retries < 0 || l.attempts < retries && !errors.Is(err, ErrReceiverAnswered):
		l.attempts++
		d.failed = true
		pause := deliverPause(l.attempts)
		d.mu.Unlock()
		return pause, nil
	default:
		l.attempts = 0
	}
	d.mu.Unlock()
	if err != nil {
		d.giveUp(e, "the call failed and is not repeated")
	}
	return 0, nil
}

// giveUp counts and logs an event that is not delivered.
func (d *deliverer) giveUp(e undelivered, why string) {
	d.app.watch.saw(e.call, d.app.clock(), "dropped")
	d.mu.Lock()
	d.givenUp++
	n := d.givenUp
	d.mu.Unlock()
	if n&(n-1) == 0 { // not a line for each
		d.app.log.Warn("events were not delivered", "reason", why, "command", e.call.Command, "all", n)
	}
}

// resume makes all lanes ready that pause after failures, because the backend
// is back; d.mu is held. It does so once in a while, or else the successes of
// others would have an event that is never taken tried again and again.
func (d *deliverer) resume(now time.Time) {
	if !d.failed || now.Sub(d.resumed) < resumedEvery {
		return
	}
	d.failed, d.resumed = false, now
	for _, l := range d.lanes {
		if !l.due.IsZero() && l.attempts > 1 {
			d.queue(l)
		}
	}
}

// deliverPause is the pause after so many failures: about a second, doubled
// each time, at most a minute.
func deliverPause(attempts int) time.Duration {
	pause := min(time.Second<<min(attempts-1, 10), maxDeliverPause)
	return pause - time.Duration(rand.Int64N(int64(pause)/8))
}

func (a *App) keepEvents() time.Duration {
	if a.webhooks.Keep > 0 {
		return a.webhooks.Keep
	}
	return defaultKeep
}

// Deliveries says how the delivery of after-events stands in this process.
type Deliveries struct {
	Lanes   int           // groups, accounts and conversations with something to deliver
	Oldest  time.Duration // age of the oldest event that could not be delivered, 0 for none
	Told    uint64        // events delivered since the start
	GivenUp uint64        // events given up since the start
}

// Deliveries says how the delivery of after-events stands.
func (a *App) Deliveries() Deliveries {
	d, now := a.deliverer, a.clock()
	d.mu.Lock()
	defer d.mu.Unlock()
	s := Deliveries{Lanes: len(d.lanes), Told: d.told, GivenUp: d.givenUp}
	for _, l := range d.lanes {
		if !l.since.IsZero() {
			s.Oldest = max(s.Oldest, now.Sub(l.since))
		}
	}
	return s
}
