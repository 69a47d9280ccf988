package chat

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
	"pgregory.net/rapid"
)

// handClock is a clock that a test moves.
type handClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func createGroup(t testing.TB, a *App, id string, groupType GroupType) {
	t.Helper()
	if _, err := a.CreateGroup(bg, Operator{}, NewGroup{ID: id, Type: string(groupType), Name: "n"}); err != nil {
		t.Fatal(err)
	}
}

func list(t testing.TB, a *App, limit int64, next uint64) *GroupList {
	t.Helper()
	l, err := a.ListGroups(bg, "", limit, next)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestEntryWithoutAGroupIsIgnoredAndRemovedAfterAMinute(t *testing.T) {
	clock := &handClock{now: time.Unix(1_760_000_000, 0)}
	st := testengine.Open(t)
	a := openTestApp(t, st, func(o *Options) { o.Clock = clock.Now })
	createGroup(t, a, "real", Public)
	partition := record.DirectoryPartition(a.id, "Public")
	ghost := record.DirectoryKey(a.directory.nextNumber(), "ghost")
	// The group exists, but is not the one that this entry was written for.
	stale := record.DirectoryKey(a.directory.nextNumber(), "real")
	for _, key := range [][]byte{ghost, stale} {
		if err := st.Put(bg, partition, []store.Mutation{store.Set(key, nil)}); err != nil {
			t.Fatal(err)
		}
	}
	if l := list(t, a, 0, 0); !slices.Equal(l.IDs, []string{"real"}) || len(rowsOf(t, st, partition)) != 3 {
		t.Errorf("young: list is %+v of rows %q", l, rowsOf(t, st, partition))
	}
	clock.advance(time.Minute + time.Second)
	if l := list(t, a, 0, 0); !slices.Equal(l.IDs, []string{"real"}) || l.Total != 1 || len(rowsOf(t, st, partition)) != 1 {
		t.Errorf("old: list is %+v of rows %q", l, rowsOf(t, st, partition))
	}
}

func TestGroupsOfOneNumberShareAPage(t *testing.T) {
	clock := &handClock{now: time.Unix(1_760_000_000, 0)}
	st := testengine.Open(t)
	for i := range 3 { // as processes that create at the same microsecond
		createGroup(t, openTestApp(t, st, func(o *Options) { o.Clock = clock.Now }), fmt.Sprint("g", i), GroupTypes[i])
	}
	clock.advance(time.Second)
	a := openTestApp(t, st, func(o *Options) { o.Clock = clock.Now })
	createGroup(t, a, "later", Public)
	first := list(t, a, 1, 0)
	if !slices.Equal(first.IDs, []string{"g0", "g1", "g2"}) || first.Next == 0 {
		t.Fatalf("first page is %+v", first)
	}
	if second := list(t, a, 1, first.Next); !slices.Equal(second.IDs, []string{"later"}) || second.Next != 0 {
		t.Errorf("second page is %+v", second)
	}
}

func TestCreationNumbersNeverRepeatInAProcess(t *testing.T) {
	clock := &handClock{now: time.Unix(1_760_000_000, 0)}
	a := openTestApp(t, testengine.Open(t), func(o *Options) { o.Clock = clock.Now })
	last := uint64(0)
	for i := range 1000 {
		if i == 500 {
			clock.advance(-time.Hour)
		}
		n := a.directory.nextNumber()
		if n <= last || n >= 1<<53 {
			t.Fatalf("number %d follows %d", n, last)
		}
		last = n
	}
}

func TestOneIDIsOneGroupHoweverManyCreateItAtOnce(t *testing.T) {
	st := testengine.Open(t)
	apps := []*App{openTestApp(t, st), openTestApp(t, st)}
	mustImport(t, apps[0], "ann")
	for i := range 50 {
		id := fmt.Sprint("g", i)
		var wg sync.WaitGroup
		var made [6]bool
		for j := range made {
			wg.Go(func() {
				_, err := apps[j%2].CreateGroup(bg, Operator{}, NewGroup{ID: id, Type: "Public", Name: fmt.Sprint(j), Owner: "ann"})
				if made[j] = err == nil; err != nil && CodeOf(err) != CodeGroupIDInUseByOwner {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		winner := slices.Index(made[:], true)
		if winner < 0 || slices.Contains(made[winner+1:], true) {
			t.Fatalf("creations that succeeded: %v", made)
		}
		infos, err := apps[0].GroupInfos(bg, []string{id}, true)
		if err != nil || infos[0].Name != fmt.Sprint(winner) || len(infos[0].Members) != 1 {
			t.Fatalf("%d won, but the group is %+v (%v)", winner, infos, err)
		}
	}
	a := openTestApp(t, st)
	if l := list(t, a, 0, 0); l.Total != 50 || len(l.IDs) != 50 {
		t.Errorf("directory has %d groups and counts %d", len(l.IDs), l.Total)
	}
	if rows := rowsOf(t, st, record.UserGroupsPartition(a.id, "ann")); len(rows) != 50 {
		t.Errorf("ann's index has %d entries", len(rows))
	}
}

// Creations of one id at the same microsecond by two processes enter the same
// rows; those of the one that succeeds stay.
func TestGroupStaysListedWhenItsIDIsRefusedToAnotherProcess(t *testing.T) {
	for _, kind := range []GroupType{Public, AVChatRoom} {
		t.Run(string(kind), func(t *testing.T) {
			st := testengine.Open(t)
			clock := &handClock{now: time.Unix(1_760_000_000, 0)}
			open := func() *App { return openTestApp(t, st, func(o *Options) { o.Clock = clock.Now }) }
			a, b := open(), open()
			mustImport(t, a, "ann")
			request := NewGroup{ID: "g", Type: string(kind), Name: "n", Owner: "ann"}
			late := &creation{app: b, request: request, kind: kind, id: "g", number: b.directory.nextNumber()}
			if err := late.check(); err != nil {
				t.Fatal(err)
			}
			if err := late.index(bg); err != nil {
				t.Fatal(err)
			}
			if _, err := a.CreateGroup(bg, testOperator, request); err != nil {
				t.Fatal(err)
			}
			late.withdraw(bg)
			if l := list(t, open(), 0, 0); !slices.Equal(l.IDs, []string{"g"}) || l.Total != 1 {
				t.Errorf("directory is %+v, want the group", l)
			}
			joined, err := a.Joined(bg, JoinedRequest{Account: "ann", WithRooms: true, IDsOnly: true})
			if err != nil || joined.Total != 1 {
				t.Errorf("ann has %+v (%v), want the group", joined, err)
			}
			if rows := rowsOf(t, st, record.UserGroupsPartition(a.id, "ann")); len(rows) != 1 {
				t.Errorf("ann's index has the rows %q, want one", rows)
			}
		})
	}
}

// Whatever groups come and go, every page together is what there is, in order
// of creation, and the count agrees.
func TestPagesTogetherAreTheDirectory(t *testing.T) {
	st := testengine.Open(t)
	app := uint32(0)
	rapid.Check(t, func(rt *rapid.T) {
		app++
		clock := &handClock{now: time.Unix(1_760_000_000, 0)}
		a, err := OpenApp(bg, st, app, Options{Settings: DefaultSettings(), Clock: clock.Now, Housekeeping: -1})
		if err != nil {
			rt.Fatal(err)
		}
		defer a.Close()
		var want []string
		created := 0
		rt.Repeat(map[string]func(*rapid.T){
			"create": func(rt *rapid.T) {
				id := fmt.Sprint("g", created)
				kind := rapid.SampledFrom(GroupTypes[:4]).Draw(rt, "type")
				if _, err := a.CreateGroup(bg, Operator{}, NewGroup{ID: id, Type: string(kind), Name: "n"}); err != nil {
					rt.Fatal(err)
				}
				created++
				want = append(want, id)
			},
			"destroy": func(rt *rapid.T) {
				if len(want) == 0 {
					rt.Skip("there is no group")
				}
				i := rapid.IntRange(0, len(want)-1).Draw(rt, "group")
				if err := a.DestroyGroup(bg, Operator{}, want[i]); err != nil {
					rt.Fatal(err)
				}
				want = slices.Delete(want, i, i+1)
			},
			"list": func(rt *rapid.T) {
				clock.advance(time.Minute)
				limit := rapid.Int64Range(1, 5).Draw(rt, "limit")
				var got []string
				for next := uint64(0); ; {
					page, err := a.ListGroups(bg, "", limit, next)
					if err != nil || page.Total != len(want) || len(page.IDs) > int(limit) {
						rt.Fatalf("page is %+v (%v), want %d in all", page, err, len(want))
					}
					got = append(got, page.IDs...)
					if next = page.Next; next == 0 {
						break
					}
				}
				if !slices.Equal(got, want) {
					rt.Fatalf("pages hold %v, want %v", got, want)
				}
			},
		})
	})
}

// The end of a room is brought to its indexes after the id is free again.
func TestRoomMadeAnewMeanwhileStaysInItsOwnersIndex(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	mustImport(t, a, "ann")
	room := NewGroup{ID: "room", Type: string(AVChatRoom), Name: "n", Owner: "ann"}
	wantJoined := func(when string, want int) {
		t.Helper()
		joined, err := a.Joined(bg, JoinedRequest{Account: "ann", WithRooms: true, IDsOnly: true})
		if err != nil || joined.Total != want {
			t.Errorf("%s: ann has %+v (%v), want %d rooms", when, joined, err, want)
		}
	}
	if _, err := a.CreateGroup(bg, testOperator, room); err != nil {
		t.Fatal(err)
	}
	g, err := a.readGroup(bg, "room")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.DestroyGroup(bg, testOperator, "room"); err != nil {
		t.Fatal(err)
	}
	entries, err := a.memberships(bg, "ann")
	if err != nil || len(entries) != 0 {
		t.Errorf("index after the end is %v (%v)", entries, err)
	}
	wantJoined("after the end", 0)
	if _, err := a.CreateGroup(bg, testOperator, room); err != nil {
		t.Fatal(err)
	}
	a.afterDestroy(bg, "room", g.head) // of the first room, late
	wantJoined("made anew", 1)
	if _, err := a.DeleteAccounts(bg, []string{"ann"}); err != nil {
		t.Fatal(err)
	}
	if g, err = a.readGroup(bg, "room"); err != nil || g.head.Owner != "" {
		t.Errorf("room of a deleted account: %v (%v)", g, err)
	}
}
