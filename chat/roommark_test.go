package chat

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
	"github.com/recant-chat/recant/store/storetest"
	"pgregory.net/rapid"
)

// modelRoom is an AVChatRoom in the plainest form.
type modelRoom struct {
	inside map[string]*Connection
	robots map[string]bool
	marks  map[string]map[uint32]bool
	banned map[string]bool
}

func (m *modelRoom) there(account string) bool { return m.inside[account] != nil || m.robots[account] }

// carries reports whether the room's state says so of an account and a mark.
func (m *modelRoom) carries(account string, mark uint32) bool {
	return mark == robotMark && m.robots[account] || m.marks[account][mark]
}

func (m *modelRoom) settle() {
	maps.DeleteFunc(m.marks, func(account string, _ map[uint32]bool) bool { return !m.there(account) })
}

func (m *modelRoom) mark(account string, mark uint32, remove bool) {
	switch {
	case mark == robotMark:
		m.robots[account] = !remove
	case remove:
		delete(m.marks[account], mark)
	default:
		if m.marks[account] == nil {
			m.marks[account] = map[uint32]bool{}
		}
		m.marks[account][mark] = true
	}
}

// Who is in a room and what marks he carries is what a plain list says, whatever
// was done: entering, leaving, marks, robots, bans.
func TestMarksAreWhatTheyAre(t *testing.T) {
	presence := NewLocalPresence(nil)
	a := openTestApp(t, testengine.Open(t), func(o *Options) { o.Presence = presence })
	accounts := []string{"ann", "bob", "cleo", "dan"}
	mustImport(t, a, accounts...)
	marks := []uint32{robotMark, 1000, 1001, 1<<32 - 1}
	rooms := 0
	rapid.Check(t, func(t *rapid.T) {
		rooms++
		id := "room" + strconv.Itoa(rooms)
		if _, err := a.CreateGroup(bg, testOperator, NewGroup{ID: id, Type: string(AVChatRoom), Name: "n"}); err != nil {
			t.Fatal(err)
		}
		room := Room{id, 1}
		m := &modelRoom{inside: map[string]*Connection{}, robots: map[string]bool{}, marks: map[string]map[uint32]bool{}, banned: map[string]bool{}}
		account := rapid.SampledFrom(accounts)
		leave := func(who string) {
			if c := m.inside[who]; c != nil {
				presence.Disconnect(c)
				delete(m.inside, who)
				m.settle()
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"enter": func(t *rapid.T) {
				if who := account.Draw(t, "account"); m.inside[who] == nil && !m.banned[who] {
					m.inside[who] = presence.Connect(who, "Web")
					presence.EnterRoom(m.inside[who], room)
				}
			},
			"leave": func(t *rapid.T) { leave(account.Draw(t, "account")) },
			"ban": func(t *rapid.T) {
				who, seconds := account.Draw(t, "account"), uint32(1<<32-1)
				if err := a.Ban(bg, testOperator, Banning{GroupID: id, Accounts: []string{who}, Seconds: &seconds}); err != nil {
					t.Fatal(err)
				}
				m.robots[who], m.banned[who] = false, true
				leave(who)
				m.settle()
			},
			"unban": func(t *rapid.T) {
				who := account.Draw(t, "account")
				if err := a.Unban(bg, id, []string{who}); err != nil {
					t.Fatal(err)
				}
				m.banned[who] = false
			},
			"mark": func(t *rapid.T) {
				marking := Marking{GroupID: id, Remove: rapid.Bool().Draw(t, "remove")}
				var want []MarkedAccount
				for _, who := range rapid.SliceOfNDistinct(account, 1, 3, rapid.ID).Draw(t, "marked") {
					some := rapid.SliceOfNDistinct(rapid.SampledFrom(marks), 1, 4, rapid.ID).Draw(t, "marks")
					marking.Accounts = append(marking.Accounts, MarkedAccount{who, some})
					robot := marking.Remove || !m.banned[who]
					there := m.there(who) || !marking.Remove && robot && slices.Contains(some, robotMark)
					var done []uint32
					for _, mark := range some {
						if mark == robotMark && robot || mark != robotMark && there {
							done = append(done, mark)
						}
					}
					if done != nil {
						want = append(want, MarkedAccount{who, done})
					}
				}
				got, err := a.Mark(bg, marking)
				if want == nil && CodeOf(err) != CodeInvalid || want != nil && err != nil {
					t.Fatalf("%+v: %v", marking, err)
				}
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Fatalf("%+v did %v, want %v", marking, got, want)
				}
				for _, item := range want {
					for _, mark := range item.Marks {
						m.mark(item.Account, mark, marking.Remove)
					}
				}
				m.settle()
			},
			"": func(t *rapid.T) {
				for _, mark := range append(marks, 0) {
					page, err := a.RoomMembers(bg, RoomMemberQuery{GroupID: id, Before: new(uint32(0)), Mark: mark})
					if err != nil {
						t.Fatal(err)
					}
					var got, want []string
					for _, member := range page.Members {
						got = append(got, member.UserID)
					}
					for _, who := range accounts {
						if mark == 0 && m.there(who) || m.carries(who, mark) {
							want = append(want, who)
						}
					}
					if slices.Sort(got); !slices.Equal(got, want) {
						t.Fatalf("mark %d is on %v, want %v", mark, got, want)
					}
					if mark != 0 {
						continue
					}
					if n, err := a.OnlineMemberNum(bg, id); err != nil || n != len(want) {
						t.Fatalf("%d are online (%v), want %d", n, err, len(want))
					}
					if there, err := a.InRoom(bg, id, accounts); err != nil || !slices.Equal(there, want) {
						t.Fatalf("%v are there (%v), want %v", there, err, want)
					}
				}
			},
		})
		for who := range m.inside {
			presence.Disconnect(m.inside[who])
		}
	})
}

// The largest marking fits one commit, and rows of marks that are void do not
// become ever more.
func TestVoidMarksAreRemoved(t *testing.T) {
	presence, counted := NewLocalPresence(nil), &storetest.Tombstones{}
	st := counted.On(testengine.Open(t))
	a := openTestApp(t, st, func(o *Options) { o.Presence = presence })
	makeGroup(t, a, "room", AVChatRoom)
	room := Room{"room", 1}
	for round := range 6 {
		var connections []*Connection
		marking := Marking{GroupID: "room"}
		for i := range maxMarkedAccounts {
			account := fmt.Sprintf("u%d-%d", round, i)
			if round == 0 {
				mustImport(t, a, account)
			}
			connections = append(connections, presence.Connect(account, "Web"))
			presence.EnterRoom(connections[i], room)
			marks := []uint32{1000}
			if round == 0 {
				marks = []uint32{500, 1000}
			}
			marking.Accounts = append(marking.Accounts, MarkedAccount{account, marks})
		}
		if done, err := a.Mark(bg, marking); err != nil || len(done) != maxMarkedAccounts {
			t.Fatalf("round %d: %d, %v", round, len(done), err)
		}
		for _, c := range connections {
			presence.Disconnect(c)
		}
		if round == 0 {
			for i := range marking.Accounts {
				marking.Accounts[i].Marks = []uint32{500}
			}
			marking.Remove = true
			if _, err := a.Mark(bg, marking); err != nil {
				t.Fatal(err)
			}
		}
	}
	rows, _, err := st.Read(bg, a.groupPartition("room"), store.Prefix(record.RoomMarksPrefix(1)))
	if err != nil {
		t.Fatal(err)
	}
	left := 0
	for _, row := range rows[0] {
		block := &record.RoomMarksBlock{}
		if err := decode(row, block); err != nil {
			t.Fatal(err)
		}
		left += len(block.Marks)
	}
	wantPassed(t, counted, maxMarkedAccounts) // robots of the first round
	if len(rows[0]) > 64 || left != maxMarkedAccounts {
		t.Errorf("%d marks are left in %d rows", left, len(rows[0]))
	}
}

// Who is deleted while he is made an admin or a robot is none.
func TestAccountThatIsDeletedWhileItIsAppointedIsNobody(t *testing.T) {
	st := testengine.Open(t)
	a := openTestApp(t, st)
	makeGroup(t, a, "room", AVChatRoom)
	for i := range 200 {
		user := fmt.Sprint("user-", i)
		mustImport(t, a, user)
		var wg sync.WaitGroup
		wg.Go(func() {
			err := a.AppointRoomAdmins(bg, "room", []string{user})
			if err != nil && CodeOf(err) != CodeAccountNotFound {
				t.Error(err)
			}
		})
		wg.Go(func() {
			_, err := a.Mark(bg, RobotMarking("room", []string{user}, false))
			if err != nil && CodeOf(err) != CodeAccountNotFound {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if _, err := a.DeleteAccounts(bg, []string{user}); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		admins, err := a.RoomAdmins(bg, "room")
		if err != nil || len(admins) > 0 {
			t.Fatalf("admins are %v (%v)", admins, err)
		}
		if robots, err := a.InRoom(bg, "room", []string{user}); err != nil || len(robots) > 0 {
			t.Fatalf("%v is deleted and a robot (%v)", robots, err)
		}
		wantRows(t, st, "index of "+user, record.UserGroupsPartition(a.id, user))
	}
}

// No index goes on to name a room in which its account is nobody any more.
func TestFormerAdminsAndRobotsAreNotIndexed(t *testing.T) {
	st := testengine.Open(t)
	a := openTestApp(t, st)
	mustImport(t, a, "ann")
	makeGroup(t, a, "room", AVChatRoom)
	for _, remove := range []bool{false, false, true, true} {
		change := map[bool]func(context.Context, string, []string) error{false: a.AppointRoomAdmins, true: a.DismissRoomAdmins}[remove]
		if err := change(bg, "room", []string{"ann"}); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Mark(bg, RobotMarking("room", []string{"ann"}, remove)); err != nil {
			t.Fatal(err)
		}
		want := 2
		if remove {
			want = 0
		}
		if rows := rowsOf(t, st, record.UserGroupsPartition(a.id, "ann")); len(rows) != want {
			t.Errorf("ann's index has the rows %q, want %d", rows, want)
		}
	}
	// A ban ends that an account is a robot.
	if _, err := a.Mark(bg, RobotMarking("room", []string{"ann"}, false)); err != nil {
		t.Fatal(err)
	}
	if err := a.Ban(bg, testOperator, Banning{GroupID: "room", Accounts: []string{"ann"}, Seconds: new(uint32(60))}); err != nil {
		t.Fatal(err)
	}
	wantRows(t, st, "ann's index", record.UserGroupsPartition(a.id, "ann"))
	if err := a.Unban(bg, "room", []string{"ann"}); err != nil {
		t.Fatal(err)
	}
	// What was not done leaves no entry either.
	for _, err := range []error{
		a.AppointRoomAdmins(bg, "room", []string{"ann", "ghost"}),
		func() error { _, err := a.Mark(bg, RobotMarking("room", []string{"ann", "ghost"}, false)); return err }(),
	} {
		if CodeOf(err) != CodeAccountNotFound {
			t.Error(err)
		}
	}
	wantRows(t, st, "ann's index", record.UserGroupsPartition(a.id, "ann"))
}

func TestDestroyedRoomLeavesNothing(t *testing.T) {
	st := testengine.Open(t)
	a := openTestApp(t, st)
	mustImport(t, a, "ann", "bob")
	if _, err := a.CreateGroup(bg, testOperator, NewGroup{ID: "room", Type: string(AVChatRoom), Name: "n", Owner: "bob"}); err != nil {
		t.Fatal(err)
	}
	forEver := uint32(1<<32 - 1)
	for _, err := range []error{
		a.AppointRoomAdmins(bg, "room", []string{"ann"}),
		a.Ban(bg, testOperator, Banning{GroupID: "room", Accounts: []string{"ghost"}, Seconds: &forEver}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := a.Mark(bg, Marking{GroupID: "room", Accounts: []MarkedAccount{{"ann", []uint32{500, 1000}}, {"bob", []uint32{500}}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.DestroyGroup(bg, testOperator, "room"); err != nil {
		t.Fatal(err)
	}
	if err := a.cleanUp(bg); err != nil {
		t.Fatal(err)
	}
	wantRows(t, st, "room", a.groupPartition("room"), string(record.GroupKey))
	for _, user := range []string{"ann", "bob"} {
		wantRows(t, st, "index of "+user, record.UserGroupsPartition(a.id, user))
	}
}

// deafPresence cannot tell anything.
type deafPresence struct{}

var errDeaf = errors.New("presence is out of reach")

func (deafPresence) Platforms(context.Context, ...string) (map[string][]string, error) {
	return nil, errDeaf
}
func (deafPresence) Stays(context.Context, Room, ...string) (map[string]Stay, error) {
	return nil, errDeaf
}
func (deafPresence) Newest(context.Context, Room, int) ([]Stay, error) { return nil, errDeaf }
func (deafPresence) Size(context.Context, Room) (int, error)           { return 0, errDeaf }
func (deafPresence) Expel(context.Context, Room, string) error         { return errDeaf }

// Nothing is made up where it is not known who is connected.
func TestWithoutPresenceNothingIsSaidOfIt(t *testing.T) {
	a := openTestApp(t, testengine.Open(t), func(o *Options) { o.Presence = deafPresence{} })
	mustImport(t, a, "ann")
	makeGroup(t, a, "room", AVChatRoom)
	makeGroup(t, a, "public", Public)
	accounts := []string{"ann"}
	for name, ask := range map[string]func() error{
		"statuses": func() error { _, err := a.OnlineStatuses(bg, accounts); return err },
		"online":   func() error { _, err := a.Online(bg, accounts...); return err },
		"number":   func() error { _, err := a.OnlineMemberNum(bg, "public"); return err },
		"room's":   func() error { _, err := a.OnlineMemberNum(bg, "room"); return err },
		"newest": func() error {
			_, err := a.RoomMembers(bg, RoomMemberQuery{GroupID: "room", Before: new(uint32(0))})
			return err
		},
		"marked": func() error {
			_, err := a.RoomMembers(bg, RoomMemberQuery{GroupID: "room", Before: new(uint32(0)), Mark: 1000})
			return err
		},
		"in room": func() error { _, err := a.InRoom(bg, "room", accounts); return err },
		"robots":  func() error { _, err := a.Mark(bg, RobotMarking("room", accounts, false)); return err },
		"set a mark": func() error {
			_, err := a.Mark(bg, Marking{GroupID: "room", Accounts: []MarkedAccount{{"ann", []uint32{1000}}}})
			return err
		},
	} {
		if err := ask(); !errors.Is(err, errDeaf) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A ban is done all the same: it is durable.
	if err := a.Ban(bg, testOperator, Banning{GroupID: "room", Accounts: accounts, Seconds: new(uint32(60))}); err != nil {
		t.Error(err)
	}
	if page, err := a.Bans(bg, BanQuery{GroupID: "room"}); err != nil || len(page.Banned) != 1 {
		t.Errorf("bans are %v (%v)", page, err)
	}
}
