package chat

import (
	"context"
	"maps"
	"sync"
)

const (
	// onlineNumAge is for how many seconds a count of members is answered again
	// (doc 38521): counting reads who all the members are.
	onlineNumAge = 10
	// maxOnlineNums is how many counts are kept at most.
	maxOnlineNums = 10_000
	// onlineBatch is how many members are looked for at a time.
	onlineBatch = 1000
)

// onlineNums remembers counts that were made a moment ago.
type onlineNums struct {
	mu       sync.Mutex
	counts   map[Room]onlineNum // by the group, whatever its type
	counting keyedMutex         // by GroupId: who comes meanwhile waits for the count
}

type onlineNum struct {
	n    int
	time int64
}

func (o *onlineNums) get(group Room, now int64) (n int, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	c, ok := o.counts[group]
	return c.n, ok && c.fresh(now)
}

func (o *onlineNums) put(group Room, n int, now int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.counts) >= maxOnlineNums {
		maps.DeleteFunc(o.counts, func(_ Room, c onlineNum) bool { return !c.fresh(now) })
	}
	if len(o.counts) < maxOnlineNums {
		o.counts[group] = onlineNum{n, now}
	}
}

// fresh reports whether the count can still be answered; a clock that was put
// back makes it too old.
func (c onlineNum) fresh(now int64) bool { return c.time <= now && now < c.time+onlineNumAge }

// OnlineMemberNum counts the members of a group that are connected, in an
// AVChatRoom those who are in it, robots included. The number of another type may
// be some seconds old (doc 38521).
// Errors: CodeBadGroupID, CodeGroupNotFound, CodeCommunityOff.
func (a *App) OnlineMemberNum(ctx context.Context, groupID string) (n int, err error) {
	err = a.view(ctx, groupID, func(g *groupState) (err error) {
		if err := g.requireServed(); err != nil {
			return err
		}
		if !g.rules().stored {
			n, err = g.roomNum(ctx)
			return err
		}
		n, err = g.onlineNum(ctx)
		return err
	})
	return n, err
}

func (g *groupState) onlineNum(ctx context.Context) (int, error) {
	defer g.app.onlineNums.counting.lock(g.id)()
	if n, ok := g.app.onlineNums.get(g.room(), g.app.now()); ok {
		return n, nil
	}
	n := 0
	var batch []string
	count := func() error {
		online, err := g.app.Online(ctx, batch...)
		n, batch = n+len(online), batch[:0]
		return err
	}
	err := g.eachMember(ctx, func(m orderedMember) error {
		if batch = append(batch, m.account); len(batch) < onlineBatch {
			return nil
		}
		return count()
	})
	if err == nil {
		err = count()
	}
	if err != nil {
		return 0, err
	}
	g.app.onlineNums.put(g.room(), n, g.app.now())
	return n, nil
}

// room names the group's present life to the Presence.
func (g *groupState) room() Room { return Room{g.id, g.head.Incarnation} }
