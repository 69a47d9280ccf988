package chat

import (
	"context"
	"runtime/debug"
	"time"
)

// keepHouse runs the background work in rounds until the App closes. Each
// piece of work is idempotent: a round that is cut short is made up by the next.
func (a *App) keepHouse(ctx context.Context, every time.Duration) {
	rounds := []struct {
		name string
		run  func(context.Context) error
	}{
		{"cleanup", a.cleanUp},
		{"expiry", a.expire},
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		due := rounds
		select {
		case <-ctx.Done():
			return
		case <-a.cleanNow:
			due = rounds[:1] // the cleanup alone
		case <-timer.C:
			timer.Reset(every)
		}
		for _, r := range due {
			a.work(ctx, r.name, r.run)
		}
	}
}

// work runs a piece of background work. Its failure, even a panic, is logged
// and ends that piece alone: what it left undone is done the next time.
func (a *App) work(ctx context.Context, name string, run func(context.Context) error) {
	defer func() {
		if p := recover(); p != nil {
			a.log.Error("panic in background work", "work", name, "value", p, "stack", string(debug.Stack()))
		}
	}()
	err := run(ctx)
	if err != nil && ctx.Err() == nil && CodeOf(err) != CodeGroupNotFound {
		a.log.Error("background work failed", "work", name, "error", err)
	}
}
