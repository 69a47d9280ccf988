package chat

import (
	"context"
	"errors"
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
			if err := r.run(ctx); err != nil && !errors.Is(err, context.Canceled) {
				a.log.Error("background work failed", "work", r.name, "error", err)
			}
		}
	}
}
