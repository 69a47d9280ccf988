package chat

import (
	"context"
	"runtime/debug"
	"time"
)

// keepHouse runs the background work in rounds until the App closes. Each
// piece of work is idempotent: a round that is cut short is made up by the next.
func (a *App) keepHouse(ctx context.Context, every time.Duration) {
	round := time.NewTimer(0)
	defer round.Stop()
	recalls := time.NewTimer(every) // when the next work on recalls is due
	defer recalls.Stop()
	onRecalls := func(all bool) {
		a.work(ctx, "recalls", func(ctx context.Context) error {
			next, err := a.workOnListed(ctx, all)
			if !next.IsZero() {
				recalls.Reset(max(time.Second, min(every, next.Sub(a.clock()))))
			}
			return err
		})
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.cleanNow:
			a.work(ctx, "cleanup", func(ctx context.Context) error { return a.cleanUpListed(ctx, false) })
		case <-a.workNow:
			onRecalls(false)
		case <-recalls.C:
			onRecalls(false)
		case <-round.C:
			round.Reset(every)
			onRecalls(true)
			a.work(ctx, "cleanup", a.cleanUp)
			a.work(ctx, "expiry", a.expire)
			a.work(ctx, "events", a.expireEvents)
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
