package chat

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// watchedCallbacks is how many callbacks are kept for those who watch.
	watchedCallbacks = 1000
	// watchSeconds is how long somebody who asked counts as watching.
	watchSeconds = 60
)

// Watched is one callback that was made, or would have been made if its
// command were switched on.
type Watched struct {
	Number   uint64 // ascending from 1 since the server started
	Time     time.Time
	Callback Callback
	// Outcome is ok, timeout, answered (with anything but 200), failed, off (the
	// command is not switched on) or dropped (it was given up).
	Outcome string
}

// watch keeps the newest callbacks for people who develop a backend. It lives in
// this process alone and keeps nothing while nobody watches.
type watch struct {
	until atomic.Int64 // somebody watches until then, Unix nanoseconds

	mu     sync.Mutex
	next   uint64
	seen   []Watched // ring, by number
	arrive chan struct{}
}

// attached reports whether somebody watches.
func (w *watch) attached() bool { return time.Now().UnixNano() < w.until.Load() }

// saw keeps a callback.
func (w *watch) saw(c Callback, now time.Time, outcome string) {
	if !w.attached() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next++
	w.seen = append(w.seen, Watched{Number: w.next, Time: now, Callback: c, Outcome: outcome})
	if len(w.seen) > watchedCallbacks {
		w.seen = w.seen[1:]
	}
	if w.arrive != nil {
		close(w.arrive)
		w.arrive = nil
	}
}

// WatchCallbacks returns the callbacks after a number, oldest first, and the
// number to go on after; it waits until there is one or the time is over. A
// number above all that were given is of a server before this one and counts as
// 0. While somebody asks again within a minute, all events are watched, also
// those whose command is switched off. Callbacks that nobody asked for in time
// are passed over: the numbers show it.
func (a *App) WatchCallbacks(done <-chan struct{}, after uint64, wait time.Duration) (found []Watched, next uint64) {
	w := &a.watch
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	for {
		w.mu.Lock()
		if !w.attached() {
			w.seen = nil
		}
		if after > w.next {
			after = 0
		}
		w.until.Store(time.Now().Add(watchSeconds * time.Second).UnixNano())
		for _, c := range w.seen {
			if c.Number > after {
				found, next = append(found, c), c.Number
			}
		}
		if w.arrive == nil {
			w.arrive = make(chan struct{})
		}
		arrive := w.arrive
		w.mu.Unlock()
		if len(found) > 0 {
			return found, next
		}
		select {
		case <-arrive:
		case <-timeout.C:
			return nil, after
		case <-done:
			return nil, after
		}
	}
}
