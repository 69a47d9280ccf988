package chat

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
)

// slowPresence takes its time and counts how often it is asked for platforms.
type slowPresence struct {
	Presence
	asked atomic.Int32
}

func (p *slowPresence) Platforms(ctx context.Context, accounts ...string) (map[string][]string, error) {
	p.asked.Add(1)
	time.Sleep(50 * time.Millisecond)
	return p.Presence.Platforms(ctx, accounts...)
}

// Many who ask at once are answered by one count of the members.
func TestMembersAreCountedOnceForAllWhoAsk(t *testing.T) {
	local := NewLocalPresence(nil)
	slow := &slowPresence{Presence: local}
	a := openTestApp(t, testengine.Open(t), func(o *Options) {
		o.Presence, o.Clock = slow, func() time.Time { return time.Unix(1_760_000_000, 0) }
	})
	mustImport(t, a, "ann")
	if _, err := a.CreateGroup(bg, testOperator, NewGroup{ID: "room", Type: string(Public), Name: "n"}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.AddMembers(bg, testOperator, Addition{GroupID: "room", Accounts: []string{"ann"}}); err != nil {
		t.Fatal(err)
	}
	local.Connect("ann", "Web")
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if n, err := a.OnlineMemberNum(bg, "room"); err != nil || n != 1 {
				t.Errorf("%d members are online, %v, want 1", n, err)
			}
		})
	}
	wg.Wait()
	if n := slow.asked.Load(); n != 1 {
		t.Errorf("members were counted %d times, want 1", n)
	}
}
