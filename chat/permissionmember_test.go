package chat

import (
	"fmt"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// makeStewards makes a community with members m000, m001 and so on, who are all
// in each of some permission groups, @PMG#_0 and so on.
func makeStewards(t *testing.T, a *App, members, groups int) []string {
	t.Helper()
	accounts := []string{}
	for i := range members {
		accounts = append(accounts, fmt.Sprintf("m%03d", i))
	}
	mustImport(t, a, append(accounts, "ann")...)
	if _, err := a.CreateGroup(bg, testOperator, NewGroup{ID: town, Type: "Community", Name: "town", Owner: "ann", SupportTopic: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.AddMembers(bg, testOperator, Addition{GroupID: town, Accounts: accounts}); err != nil {
		t.Fatal(err)
	}
	for i := range groups {
		r := NewPermissionGroup{GroupID: town, ID: fmt.Sprintf("@PMG#_%d", i), Name: "n"}
		if _, err := a.CreatePermissionGroup(bg, r); err != nil {
			t.Fatal(err)
		}
		for _, batch := range [][]string{accounts[:members/2], accounts[members/2:]} {
			if _, err := a.AddPermissionMembers(bg, town, r.ID, batch); err != nil {
				t.Fatal(err)
			}
		}
	}
	return accounts
}

// wantStewards checks who is in a permission group by its pages, its count and
// the rows of its index.
func wantStewards(t *testing.T, a *App, id string, rows int, want ...string) {
	t.Helper()
	var got []string
	for next := ""; ; {
		page, after, err := a.ListPermissionMembers(bg, town, id, 7, next)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page {
			got = append(got, m.Account)
		}
		if next = after; next == "" {
			break
		}
		if len(page) != 7 {
			t.Errorf("a page of %s that another follows has %d members, want 7", id, len(page))
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s has %v, want %v", id, got, want)
	}
	infos, err := a.PermissionGroups(bg, town, []string{id})
	if err != nil || int(infos[0].MemberNum) != len(want) {
		t.Errorf("%s counts %d members, want %d, %v", id, infos[0].MemberNum, len(want), err)
	}
	err = a.view(bg, town, func(g *groupState) error {
		groups, err := g.permissionGroups(bg, []string{id})
		if err != nil {
			return err
		}
		index, err := g.read(bg, store.Prefix(record.PermissionMemberPrefix(g.head.Incarnation, groups[id].number)))
		if err == nil && len(index[0]) != rows {
			t.Errorf("the index of %s has %d rows, want %d", id, len(index[0]), rows)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// rowsOfKind counts the town's rows of one kind.
func rowsOfKind(t *testing.T, a *App, kind byte) int {
	t.Helper()
	rows, _, err := a.store.Read(bg, a.groupPartition(town), store.Prefix([]byte{kind}))
	if err != nil {
		t.Fatal(err)
	}
	return len(rows[0])
}

// indexRows counts the rows of all indexes of the members of permission groups.
func indexRows(t *testing.T, a *App) int {
	t.Helper()
	return rowsOfKind(t, a, 'Q')
}

func wantNothingListed(t *testing.T, a *App) {
	t.Helper()
	if listed := rowsOfAll(t, a.store, record.CleanupPartitions(a.id)); len(listed) != 0 {
		t.Errorf("%d entries are still listed", len(listed))
	}
}

func TestWhoLeavesIsOutOfTheIndexAtOnceWhereThatFitsIntoTheCommit(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	accounts := makeStewards(t, a, 110, 5)
	if err := a.RemoveMembers(bg, testOperator, Removal{GroupID: town, Accounts: accounts[5:105]}); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		wantStewards(t, a, fmt.Sprintf("@PMG#_%d", i), 10, append(accounts[:5:5], accounts[105:]...)...)
	}
	wantNothingListed(t, a)
}

// A commit takes store.MaxMutations: 100 who leave nine permission groups are ten rows
// each, and the two blocks of the index of members and the head are three too many.
func TestThoseWhoLeaveFillTheCommitToItsLastRow(t *testing.T) {
	for fewer, rows := range map[int]int{2: 100, 3: 0} { // that wait for the background
		a := openTestApp(t, testengine.Open(t))
		accounts := makeStewards(t, a, 100, 9)
		for _, account := range accounts[:fewer] {
			if err := a.RemovePermissionMembers(bg, town, "@PMG#_8", []string{account}); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.RemoveMembers(bg, testOperator, Removal{GroupID: town, Accounts: accounts, Silent: true}); err != nil {
			t.Fatal(err)
		}
		wantStewards(t, a, "@PMG#_0", rows)
		if err := a.cleanUp(bg); err != nil {
			t.Fatal(err)
		}
		if n := indexRows(t, a); n != 0 {
			t.Errorf("%d rows are left", n)
		}
	}
}

func TestManyWhoLeaveManyPermissionGroups(t *testing.T) {
	// Given more memberships than one commit has room for,
	a := openTestApp(t, testengine.Open(t))
	const groups = 12
	accounts := makeStewards(t, a, 110, groups)
	rest := append(accounts[:5:5], accounts[105:]...)
	// when they end with one call, then their rows are void at once
	if err := a.RemoveMembers(bg, testOperator, Removal{GroupID: town, Accounts: accounts[5:105]}); err != nil {
		t.Fatal(err)
	}
	wantStewards(t, a, "@PMG#_0", 110, rest...)
	// and remain so for who comes back,
	if _, err := a.AddMembers(bg, testOperator, Addition{GroupID: town, Accounts: accounts[50:51]}); err != nil {
		t.Fatal(err)
	}
	wantStewards(t, a, "@PMG#_0", 110, rest...)
	if _, err := a.AddPermissionMembers(bg, town, "@PMG#_0", accounts[50:51]); err != nil {
		t.Fatal(err)
	}
	wantStewards(t, a, "@PMG#_0", 111, append(rest, accounts[50])...)
	// and the background removes them and nothing else.
	if err := a.cleanUp(bg); err != nil {
		t.Fatal(err)
	}
	wantStewards(t, a, "@PMG#_0", 11, append(rest, accounts[50])...)
	for i := 1; i < groups; i++ {
		wantStewards(t, a, fmt.Sprintf("@PMG#_%d", i), 10, rest...)
	}
	wantNothingListed(t, a)
}

func TestMembersWhoDidNotLeaveStayInTheIndex(t *testing.T) {
	st := testengine.Open(t)
	a := openTestApp(t, st)
	const groups = 12
	accounts := makeStewards(t, a, 100, groups)
	// Given a removal that dies after it has listed what it is about to void,
	if !dieAfter(t, st, 100, func(a *App) {
		if err := a.RemoveMembers(bg, testOperator, Removal{GroupID: town, Accounts: accounts}); err == nil {
			t.Error("the removal succeeded")
		}
	}) {
		t.Fatal("the store survived")
	}
	// then the background leaves the members alone, and forgets the entries later.
	for _, a := range []*App{a, later(t, st)} {
		if err := a.cleanUp(bg); err != nil {
			t.Fatal(err)
		}
		wantStewards(t, a, "@PMG#_0", 100, accounts...)
	}
	wantNothingListed(t, a)
}

func TestIndexOfADestroyedPermissionGroupIsRemoved(t *testing.T) {
	st := testengine.Open(t)
	a := openTestApp(t, st)
	accounts := makeStewards(t, a, 20, 3)
	// One that was listed and not destroyed is left alone,
	if !dieAfter(t, st, 1, func(a *App) {
		if _, err := a.DestroyPermissionGroups(bg, town, []string{"@PMG#_0"}); err == nil {
			t.Error("the permission group was destroyed")
		}
	}) {
		t.Fatal("the store survived")
	}
	if err := a.cleanUp(bg); err != nil {
		t.Fatal(err)
	}
	wantStewards(t, a, "@PMG#_0", 20, accounts...)
	// and of what is destroyed nothing is left.
	if _, err := a.DestroyPermissionGroups(bg, town, []string{"@PMG#_0", "@PMG#_2"}); err != nil {
		t.Fatal(err)
	}
	if n := indexRows(t, a); n != 60 {
		t.Errorf("%d rows before the cleanup", n)
	}
	// Who leaves meanwhile makes no difference.
	if err := a.RemoveMembers(bg, testOperator, Removal{GroupID: town, Accounts: accounts[:1]}); err != nil {
		t.Fatal(err)
	}
	if err := a.cleanUp(bg); err != nil {
		t.Fatal(err)
	}
	wantStewards(t, a, "@PMG#_1", 19, accounts[1:]...)
	if n := indexRows(t, a); n != 19 {
		t.Errorf("%d rows after the cleanup, want 19", n)
	}
	// Who is taken out of a permission group has left its index at once.
	if err := a.RemovePermissionMembers(bg, town, "@PMG#_1", accounts[1:3]); err != nil {
		t.Fatal(err)
	}
	wantStewards(t, a, "@PMG#_1", 17, accounts[3:]...)
	if ids := rowsOfKind(t, a, 'R'); ids != 1 {
		t.Errorf("%d ids are left, want 1", ids)
	}
	if err := later(t, st).cleanUp(bg); err != nil {
		t.Fatal(err)
	}
	wantNothingListed(t, a)
	// With the community goes the rest.
	if err := a.DestroyGroup(bg, testOperator, town); err != nil {
		t.Fatal(err)
	}
	if err := a.cleanUp(bg); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []byte("PQR") {
		if n := rowsOfKind(t, a, kind); n != 0 {
			t.Errorf("%d rows of kind %c are left", n, kind)
		}
	}
}

// The background does not wait for its next round.
func TestDestroyingAPermissionGroupStartsTheCleanup(t *testing.T) {
	a := openTestApp(t, testengine.Open(t), func(o *Options) { o.Housekeeping = time.Hour })
	makeStewards(t, a, 4, 1)
	if _, err := a.DestroyPermissionGroups(bg, town, []string{"@PMG#_0"}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); indexRows(t, a) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the index is still there")
		}
	}
}

// A member's record does not gather what is gone.
func TestARecordForgetsDestroyedPermissionGroups(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	makeStewards(t, a, 2, 0)
	for i := range 5 {
		id, err := a.CreatePermissionGroup(bg, NewPermissionGroup{GroupID: town, Name: "n"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.AddPermissionMembers(bg, town, id, []string{"m000"}); err != nil {
			t.Fatal(err)
		}
		g, err := a.readGroup(bg, town)
		if err != nil {
			t.Fatal(err)
		}
		members, err := g.members(bg, "m000")
		if err != nil {
			t.Fatal(err)
		}
		if n := len(members["m000"].PermissionGroups); n != 1 || len(g.head.PermissionGroups) != 1 {
			t.Errorf("round %d: the record names %d permission groups, the head %d", i, n, len(g.head.PermissionGroups))
		}
		if _, err := a.DestroyPermissionGroups(bg, town, []string{id}); err != nil {
			t.Fatal(err)
		}
	}
}

// The masks of destroyed topics go when a mask is next written.
func TestMasksOfDestroyedTopicsAreForgotten(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	makeStewards(t, a, 2, 1)
	for range 3 {
		topic, err := a.CreateTopic(bg, testOperator, NewTopic{GroupID: town, Name: "n"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.AttachTopics(bg, town, "@PMG#_0", []TopicPermission{{TopicID: topic, Permission: 8}}); err != nil {
			t.Fatal(err)
		}
		g, err := a.readGroup(bg, town)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := g.requirePermissionGroup(bg, "@PMG#_0"); err != nil || len(p.Topics) != 1 {
			t.Errorf("it has masks %v, %v", p.Topics, err)
		}
		if _, err := a.DestroyTopics(bg, testOperator, town, []string{topic}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPermissionGroupsThatAreTooMany(t *testing.T) {
	s := DefaultSettings()
	for n, good := range map[int]bool{0: true, 300: true, 301: false, -1: false} {
		if s.MaxPermissionGroups = n; (s.Validate() == nil) != good {
			t.Errorf("max_permission_groups %d: %v", n, s.Validate())
		}
	}
}
