package chat

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
	"github.com/recant-chat/recant/store/storetest"
)

// These tests hold decision 0034: nobody reads over rows that were deleted, or over a
// few. On a cluster they stay for days.

// tombstoneApp is an App on an engine that counts them, with a clock that moves when
// told to.
func tombstoneApp(t testing.TB, set ...func(*Options)) (*App, *storetest.Tombstones, *handClock) {
	t.Helper()
	counted, clock := &storetest.Tombstones{}, &handClock{now: time.Unix(1_760_000_000, 0)}
	set = append([]func(*Options){func(o *Options) { o.Clock = clock.Now }}, set...)
	return openTestApp(t, counted.On(testengine.Open(t)), set...), counted, clock
}

// wantPassed fails where a read of a kind of partition has passed over more deleted
// rows than the bound.
func wantPassed(t testing.TB, counted *storetest.Tombstones, bound int) {
	t.Helper()
	for _, p := range counted.Worst() {
		if p.Tombstones > bound {
			t.Errorf("a read passed over %v", p)
		}
	}
}

func TestClaimsThatRanOutAreNotPassed(t *testing.T) {
	a, counted, clock := tombstoneApp(t)
	const days, perDay = 20, 200
	key := ""
	for i, n := 0, 0; n < days*perDay; i++ {
		if key = fmt.Sprint("key ", i); sha256.Sum256([]byte(key))[0] != 0 {
			continue // all in one partition
		}
		own := &record.IdempotencyClaim{Request: []byte(key)}
		if holding, err := a.claim(bg, key, own); err != nil || holding != own {
			t.Fatal(holding, err)
		}
		clock.advance(24 * time.Hour / perDay)
		n++
	}
	wantPassed(t, counted, 2)
	if n := len(rowsOf(t, a.store, a.claims(key))); n != 2*perDay+1 {
		t.Errorf("%d rows are left", n)
	}
}

func TestEditsThatEndedAreNotPassed(t *testing.T) {
	a, counted, clock := tombstoneApp(t)
	makeGroup(t, a, "g", Public)
	for seq := range uint32(300) {
		if _, err := a.Send(bg, Operator{}, testMessage("g", "ann", seq)); err != nil {
			t.Fatal(err)
		}
		if err := editText(bg, a, seq+1, "edited"); err != nil {
			t.Fatal(err)
		}
		clock.advance(time.Second)
	}
	if err := ownStream(t, a, "g").finishEdits(bg); err != nil {
		t.Fatal(err)
	}
	wantNoOpenEdit(t, a)
	wantContiguous(t, a, "g", 300)
	wantPassed(t, counted, 0)
}

func TestRemovedRowsOfADestroyedGroupAreNotPassed(t *testing.T) {
	for writes := 1; writes < 60; writes += 3 {
		counted := &storetest.Tombstones{}
		st := counted.On(testengine.Open(t))
		a := openTestApp(t, st)
		conversations := populate(t, a)
		for range 5 {
			muteMany(t, a, conversations[2].Topic, cleanupRows)
		}
		if err := a.DestroyGroup(bg, Operator{}, town); err != nil {
			t.Fatal(err)
		}
		dieAfter(t, st, writes, func(a *App) { _ = a.cleanUp(bg) })
		if err := openTestApp(t, st).cleanUp(bg); err != nil {
			t.Fatal(err)
		}
		wantPassed(t, counted, cleanupRows)
		wantNothingLeft(t, st, a, conversations)
	}
}

func TestListsOfWorkAreNotReadOverWhatIsDone(t *testing.T) {
	a, counted, _ := tombstoneApp(t)
	mustImport(t, a, "ann")
	targets := crashGroups(t, a, 1)
	for i := range 300 {
		id := fmt.Sprint("group ", i)
		createGroup(t, a, id, Public)
		if err := a.DestroyGroup(bg, Operator{}, id); err != nil {
			t.Fatal(err)
		}
		if err := a.cleanUpListed(bg, false); err != nil {
			t.Fatal(err)
		}
		done, err := a.Recall(bg, moderator, RecallCall{Targets: targets, Notify: NotifyEach})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Restore(bg, moderator, done.OperationID, nil, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := a.workOnListed(bg, false); err != nil {
			t.Fatal(err)
		}
	}
	worst := counted.Worst()
	if n := worst['X'].Tombstones + worst['W'].Tombstones; n > 0 {
		t.Errorf("reads of single rows passed over %d tombstones", n)
	}
	if err := a.cleanUp(bg); err != nil {
		t.Fatal(err)
	}
	if _, err := a.workOnRecalls(bg); err != nil {
		t.Fatal(err)
	}
	worst = counted.Worst()
	for _, kind := range "XW" { // 300 and 600 in 64 partitions
		if n := worst[byte(kind)].Tombstones; n == 0 || n > 30 {
			t.Errorf("a list of kind %c is read over %d tombstones", kind, n)
		}
	}
}

// countingReceiver takes every after-event.
type countingReceiver struct {
	silentReceiver
	told atomic.Int64
}

func (*countingReceiver) Enabled(string) bool { return true }

func (r *countingReceiver) Tell(context.Context, Callback) error {
	r.told.Add(1)
	return nil
}

// laneMarks is how many marks of lanes there are, read behind the count.
func laneMarks(t *testing.T, a *App, st store.Store) (n int) {
	t.Helper()
	for hour := a.now()/secondsPerHour - 1; hour <= a.now()/secondsPerHour+1; hour++ {
		n += len(rowsOf(t, st, record.EventMarksPartition(a.id, hour)))
	}
	return n
}

func TestEventsThatWereToldOfAreNotPassed(t *testing.T) {
	t.Parallel()
	const days, groups, changes, refused = 6, 30, 10, 100
	receiver := &countingReceiver{}
	counted, clock, inner := &storetest.Tombstones{}, &handClock{now: time.Unix(1_760_000_000, 0)}, testengine.Open(t)
	a := openTestApp(t, counted.On(inner), func(o *Options) {
		o.Clock = clock.Now
		o.Webhooks = Webhooks{Receiver: receiver, Keep: 24 * time.Hour}
	})
	waitFor := func(what string, done func() bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s is not done", what)
			}
		}
	}
	mustImport(t, a, "ann")
	for i := range groups {
		createGroup(t, a, fmt.Sprint("g", i), Public)
	}
	told := int64(0)
	for range days {
		for i := range groups {
			for n := range changes {
				if err := a.ModifyGroup(bg, Operator{}, GroupChanges{ID: fmt.Sprint("g", i), Name: new(fmt.Sprint(n))}); err != nil {
					t.Fatal(err)
				}
			}
		}
		for n := range uint32(refused) {
			if _, err := a.Send(bg, Operator{}, testMessage("g0", "ghost", n)); err == nil {
				t.Fatal("a message of nobody was taken")
			}
		}
		told += groups*changes + refused
		waitFor("delivery", func() bool { return receiver.told.Load() >= told })
		clock.advance(200 * time.Second)
		waitFor("the end of all marks", func() bool { return laneMarks(t, a, inner) == 0 })
		if err := a.expireEvents(bg); err != nil {
			t.Fatal(err)
		}
		clock.advance(24 * time.Hour)
	}
	if n := len(rowsOf(t, inner, a.groupPartition("g1"))); n > 4*changes {
		t.Errorf("%d rows of a group are left", n)
	}
	lane := record.ConversationLane(ownStream(t, a, "g0").id)
	loose := func() int {
		hour := a.now()/secondsPerHour - 24 // it is a day later
		return len(rowsOf(t, inner, record.LooseEventsPartition(a.id, lane, hour)))
	}
	if n := loose(); n != refused {
		t.Fatalf("%d loose events are kept", n)
	}
	if err := a.DestroyGroup(bg, Operator{}, "g0"); err != nil {
		t.Fatal(err)
	}
	if err := a.cleanUp(bg); err != nil {
		t.Fatal(err)
	}
	if n := loose() + len(rowsOf(t, inner, record.EventLanePartition(a.id, lane))); n != 0 {
		t.Errorf("%d rows of a destroyed group's lane are left", n)
	}
	for kind, p := range counted.Worst() {
		most := days
		if kind == 'F' { // the marks that were removed last
			most = groups + 1
		}
		if p.Tombstones > most {
			t.Errorf("a read passed over %v", p)
		}
	}
}

func TestMembersWhoLeftAreNotPassed(t *testing.T) {
	a, counted, _ := tombstoneApp(t)
	createGroup(t, a, "g", ChatRoom)
	var stay, visitors []string
	for i := range 110 {
		mustImport(t, a, fmt.Sprint("v", i))
		if i < 10 {
			stay = append(stay, fmt.Sprint("v", i))
		} else {
			visitors = append(visitors, fmt.Sprint("v", i))
		}
	}
	mustAdd(t, a, "g", stay...)
	const visits = 30
	for i := range visits {
		if i == visits/2 {
			mustAdd(t, a, "g", "v10")
		}
		mustAdd(t, a, "g", visitors...)
		if err := a.RemoveMembers(bg, testOperator, Removal{GroupID: "g", Accounts: visitors}); err != nil {
			t.Fatal(err)
		}
	}
	page, err := a.ListMembers(bg, MemberQuery{GroupID: "g"})
	if err != nil || len(page.Members) != len(stay) {
		t.Fatalf("%d members, %v", len(page.Members), err)
	}
	if _, err := a.OnlineMemberNum(bg, "g"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.GroupInfos(bg, []string{"g"}, true); err != nil {
		t.Fatal(err)
	}
	if err := a.DestroyGroup(bg, testOperator, "g"); err != nil {
		t.Fatal(err)
	}
	if err := a.cleanUp(bg); err != nil {
		t.Fatal(err)
	}
	worst := counted.Worst()
	if p := worst['G']; p.Tombstones > visits*len(visitors)/record.MemberBlockSize+1 {
		t.Errorf("a read passed over %v", p)
	}
	// Each account has its own index, and what it left stays there for hours.
	if p := worst['J']; p.Tombstones > 2*visits+2 {
		t.Errorf("a read passed over %v", p)
	}
}
