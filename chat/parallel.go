package chat

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"

	"golang.org/x/sync/errgroup"
)

// maxParallel is how many reads or writes of one call are under way at once: they
// share a disk's syncs, and wait for a cluster's answers together.
const maxParallel = 16

// parallel runs do for 0 to n-1, some at once, and returns the error that came first,
// which ends the context of the others. A panic is an error: in a goroutine of its own
// it would end the process, not the call.
func parallel(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	one := func(ctx context.Context, i int) (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		if err := ctx.Err(); err != nil {
			return err
		}
		return do(ctx, i)
	}
	if n == 1 {
		return one(ctx, 0)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxParallel)
	for i := range n {
		group.Go(func() error { return one(ctx, i) })
	}
	return group.Wait()
}

// both runs two steps of a call at once. The first one's error goes before the other's.
func both(ctx context.Context, first, second func(context.Context) error) error {
	errs := [2]error{}
	steps := [2]func(context.Context) error{first, second}
	if err := parallel(ctx, 2, func(ctx context.Context, i int) error {
		errs[i] = steps[i](ctx)
		return nil
	}); err != nil {
		return err
	}
	return cmp.Or(errs[0], errs[1])
}
