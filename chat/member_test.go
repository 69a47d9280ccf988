package chat

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
	"pgregory.net/rapid"
)

// mustCreate creates a group that is to be filled with members.
func mustCreate(t testing.TB, a *App, id string, groupType GroupType) {
	t.Helper()
	if _, err := a.CreateGroup(bg, testOperator, NewGroup{ID: id, Type: string(groupType), Name: id}); err != nil {
		t.Fatal(err)
	}
}

func mustAdd(t testing.TB, a *App, group string, accounts ...string) {
	t.Helper()
	if _, err := a.AddMembers(bg, testOperator, Addition{GroupID: group, Accounts: accounts}); err != nil {
		t.Fatal(err)
	}
}

func TestIndexesFollowMemberships(t *testing.T) {
	st := testengine.Open(t)
	a := openTestApp(t, st)
	mustImport(t, a, "ann", "bob")
	mustCreate(t, a, "g", Public)
	index := func(what string, want map[string]bool) {
		t.Helper()
		for account, in := range want {
			var entries []string
			if m := members(t, a, "g")[account]; in {
				entries = []string{string(record.UserGroupKey("g", m.JoinId))}
			}
			wantRows(t, st, what+": index of "+account, record.UserGroupsPartition(a.id, account), entries...)
		}
	}
	mustAdd(t, a, "g", "ann")
	mustAdd(t, a, "g", "ann")
	index("after an addition", map[string]bool{"ann": true, "bob": false})
	if _, err := a.AddMembers(bg, testOperator, Addition{GroupID: "g", Accounts: []string{"bob", "ghost"}}); CodeOf(err) != CodeAccountNotFound {
		t.Fatal(err)
	}
	one := int64(1)
	if err := a.ModifyGroup(bg, testOperator, GroupChanges{ID: "g", MaxMemberNum: &one}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.AddMembers(bg, testOperator, Addition{GroupID: "g", Accounts: []string{"bob"}}); CodeOf(err) != CodeGroupFull {
		t.Fatal(err)
	}
	index("after refusals", map[string]bool{"ann": true, "bob": false})
	if err := a.RemoveMembers(bg, testOperator, Removal{GroupID: "g", Accounts: []string{"ann", "bob"}}); err != nil {
		t.Fatal(err)
	}
	index("after the removal", map[string]bool{"ann": false, "bob": false})
}

// A membership has its index entry and its tip, or neither is there.
func TestAdditionSurvivesACrashAtAnyWrite(t *testing.T) {
	for n := 0; ; n++ {
		st := testengine.Open(t)
		a := openTestApp(t, st)
		mustImport(t, a, "ann", "bob")
		mustCreate(t, a, "g", Public)
		acknowledged := false
		died := dieAfter(t, st, n, func(a *App) {
			_, err := a.AddMembers(bg, testOperator, Addition{GroupID: "g", Accounts: []string{"ann", "bob"}})
			acknowledged = err == nil
		})
		a = later(t, st)
		found := members(t, a, "g")
		if acknowledged && len(found) != 2 || len(found) == 1 {
			t.Errorf("dead after %d writes: members are %v", n, slices.Collect(maps.Keys(found)))
		}
		page, err := a.ListMembers(bg, MemberQuery{GroupID: "g"})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Members {
			if m.MsgSeq != 1 {
				t.Errorf("dead after %d writes: newcomer has read up to %d, want its tip, 1", n, m.MsgSeq)
			}
			joined, err := a.Joined(bg, JoinedRequest{Account: m.Account})
			if err != nil || joined.Total != 1 {
				t.Errorf("dead after %d writes: %s is in %+v (%v)", n, m.Account, joined, err)
			}
		}
		infos, err := a.GroupInfos(bg, []string{"g"}, false)
		if err != nil || infos[0].NextMsgSeq != uint64(1+min(1, len(found))) {
			t.Errorf("dead after %d writes with %d members: group is %+v (%v)", n, len(found), infos, err)
		}
		if !died {
			return
		}
	}
}

func TestAdditionsAtOnceKeepTheGroupsSize(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	mustCreate(t, a, "g", Public)
	most := int64(5)
	if err := a.ModifyGroup(bg, testOperator, GroupChanges{ID: "g", MaxMemberNum: &most}); err != nil {
		t.Fatal(err)
	}
	var added atomic.Int64
	var wg sync.WaitGroup
	for i := range 20 {
		account := fmt.Sprint("u", i%10)
		mustImport(t, a, account)
		wg.Go(func() {
			results, err := a.AddMembers(bg, testOperator, Addition{GroupID: "g", Accounts: []string{account}})
			switch {
			case err == nil && results[0].Result == JoinDone:
				added.Add(1)
			case err != nil && CodeOf(err) != CodeGroupFull:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if found := members(t, a, "g"); len(found) != 5 || added.Load() != 5 {
		t.Errorf("%d members are there and %d were added, want 5", len(found), added.Load())
	}
	infos, err := a.GroupInfos(bg, []string{"g"}, false)
	if err != nil || infos[0].NextMsgSeq != 6 {
		t.Errorf("group is %+v (%v), want one tip for each of 5", infos, err)
	}
}

func TestAccountThatIsDeletedWhileItIsAddedIsNobodysMember(t *testing.T) {
	st := testengine.Open(t)
	a := openTestApp(t, st)
	mustCreate(t, a, "g", Public)
	for i := range 200 {
		user := fmt.Sprint("user-", i)
		mustImport(t, a, user)
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := a.AddMembers(bg, testOperator, Addition{GroupID: "g", Accounts: []string{user}})
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
		if m := members(t, a, "g"); len(m) > 0 {
			t.Fatalf("members are %v after the deletion of %s", m, user)
		}
		wantRows(t, st, "index of "+user, record.UserGroupsPartition(a.id, user))
	}
}

func TestAccountThatAnotherProcessDeletesAtTheLastMomentIsNotAdded(t *testing.T) {
	st := testengine.Open(t)
	other := openTestApp(t, st)
	mustImport(t, other, "ann", "bob")
	mustCreate(t, other, "g", Public)
	late := &lateStore{Store: st, partition: record.GroupPartition(other.id, "g"), happen: func() {
		if deleted, err := other.DeleteAccounts(bg, []string{"bob"}); err != nil || deleted[0].Err != nil {
			t.Error(deleted, err)
		}
	}}
	a := openTestApp(t, late)
	if _, err := a.AddMembers(bg, testOperator, Addition{GroupID: "g", Accounts: []string{"ann", "bob"}}); CodeOf(err) != CodeAccountNotFound {
		t.Errorf("addition of an account that was just deleted: %v", err)
	}
	if m := members(t, a, "g"); len(m) > 0 {
		t.Errorf("members are %v", m)
	}
	for _, user := range []string{"ann", "bob"} {
		wantRows(t, st, "index of "+user, record.UserGroupsPartition(a.id, user))
	}
}

// forgetfulStore writes what is committed in one partition and says once that it
// cannot tell.
type forgetfulStore struct {
	store.Store
	partition store.Partition
	once      sync.Once
}

func (s *forgetfulStore) Commit(ctx context.Context, p store.Partition, base store.Version, m []store.Mutation) (store.Version, error) {
	version, err := s.Store.Commit(ctx, p, base, m)
	if err == nil && p == s.partition {
		s.once.Do(func() { version, err = "", store.ErrUnknown })
	}
	return version, err
}

func TestAdditionOfUnknownOutcomeCanBeRepeated(t *testing.T) {
	st := testengine.Open(t)
	plain := openTestApp(t, st)
	mustImport(t, plain, "ann")
	mustCreate(t, plain, "g", Public)
	a := openTestApp(t, &forgetfulStore{Store: st, partition: record.GroupPartition(plain.id, "g")})
	if _, err := a.AddMembers(bg, testOperator, Addition{GroupID: "g", Accounts: []string{"ann"}}); CodeOf(err) != CodeInternal {
		t.Fatalf("addition of unknown outcome: %v", err)
	}
	results, err := a.AddMembers(bg, testOperator, Addition{GroupID: "g", Accounts: []string{"ann"}})
	if err != nil || results[0].Result != JoinWasMember {
		t.Errorf("repeated addition: %v, %v", results, err)
	}
	if joined, err := a.Joined(bg, JoinedRequest{Account: "ann"}); err != nil || joined.Total != 1 {
		t.Errorf("ann is in %+v (%v), want the group", joined, err)
	}
}

// The greatest batches fit into one commit.
func TestGreatestBatchesOfMembers(t *testing.T) {
	a := openTestApp(t, testengine.Open(t), func(o *Options) { o.Settings.MaxInitialMembers = maxJoinBatch })
	admins := make([]ImportedMember, maxJoinBatch)
	accounts := make([]string, maxMuteAccounts)
	first := make([]NewMember, maxJoinBatch)
	for i := range accounts {
		accounts[i] = fmt.Sprintf("%032d", i)
		mustImport(t, a, accounts[i])
		if i < maxJoinBatch {
			admins[i] = ImportedMember{Account: accounts[i], Role: RoleAdmin}
			first[i] = NewMember{Account: accounts[i], Role: RoleAdmin}
		}
	}
	mustImport(t, a, "owner")
	if _, err := a.CreateGroup(bg, testOperator, NewGroup{ID: "first", Type: "Public", Name: "n", Owner: "owner", Members: first}); err != nil {
		t.Error(err)
	}
	mustCreate(t, a, "g", Public)
	if _, err := a.ImportMembers(bg, "g", admins); err != nil {
		t.Error(err)
	}
	forEver := uint32(1<<32 - 1)
	if err := a.Mute(bg, testOperator, Muting{GroupID: "g", Accounts: accounts, Seconds: &forEver}); err != nil {
		t.Error(err)
	}
	if err := a.RemoveMembers(bg, testOperator, Removal{GroupID: "g", Accounts: accounts[:maxRemoveAccounts]}); err != nil {
		t.Error(err)
	}
	for _, set := range []func(*Settings){
		func(s *Settings) { s.MaxInitialMembers = maxJoinBatch + 1 },
		func(s *Settings) { s.MaxAddMembers = maxJoinBatch + 1 },
	} {
		settings := DefaultSettings()
		if set(&settings); settings.Validate() == nil {
			t.Error("a batch that no commit can hold is accepted")
		}
	}
}

// countingStore counts reads and the rows that they return.
type countingStore struct {
	store.Store
	reads, rows atomic.Int64
}

func (s *countingStore) Read(ctx context.Context, p store.Partition, ranges ...store.Range) ([][]store.Row, store.Version, error) {
	rows, version, err := s.Store.Read(ctx, p, ranges...)
	s.reads.Add(1)
	for _, r := range rows {
		s.rows.Add(int64(len(r)))
	}
	return rows, version, err
}

// A page costs what it shows, not what the community holds.
func TestPageOfALargeCommunityReadsLittle(t *testing.T) {
	st := &countingStore{Store: testengine.Open(t)}
	a := openTestApp(t, st)
	const id, n = "@TGS#_many", 20_000
	makeGroup(t, a, id, Community)
	for start := 0; start < n; start += maxJoinBatch {
		err := a.changeGroup(bg, id, func(g *groupChange) error {
			for i := start; i < min(start+maxJoinBatch, n); i++ {
				m := &record.Member{JoinId: newJoinID()}
				if i == 7 || i == n-1 {
					m.Role = RoleAdmin
				}
				g.addMember(fmt.Sprint("u", i), m)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, q := range map[string]MemberQuery{
		"first page":      {Limit: 100},
		"page in between": {Limit: 100, Next: new("15000")},
		"last page":       {Limit: 100, Next: new(strconv.Itoa(n - 1))},
		"admins":          {Limit: 100, Roles: []string{RoleOwner, RoleAdmin}},
		"admins' last":    {Limit: 100, Roles: []string{RoleOwner, RoleAdmin}, Next: new("8")},
		"plain":           {Limit: 100, Roles: []string{RoleMember}, Next: new("10000")},
	} {
		q.GroupID = id
		st.rows.Store(0)
		page, err := a.ListMembers(bg, q)
		if err != nil {
			t.Fatal(err)
		}
		if read := st.rows.Load(); read > int64(2*len(page.Members)+50) {
			t.Errorf("%s: %d rows were read for %d members", name, read, len(page.Members))
		}
	}
}

// Pages by offset and by cursor, of any roles, are what a plain list of the
// members says, whatever was done to them.
func TestPagesAreWhatTheMembersAre(t *testing.T) {
	st := testengine.Open(t)
	a := openTestApp(t, st)
	accounts := make([]string, 12)
	for i := range accounts {
		accounts[i] = string(rune('a' + i))
	}
	mustImport(t, a, accounts...)
	groups := 0
	rapid.Check(t, func(t *rapid.T) {
		groups++
		kind := rapid.SampledFrom([]GroupType{Public, Community}).Draw(t, "type")
		id := map[GroupType]string{Public: "g", Community: communityPrefix}[kind] + strconv.Itoa(groups)
		if _, err := a.CreateGroup(bg, testOperator, NewGroup{ID: id, Type: string(kind), Name: "n"}); err != nil {
			t.Fatal(err)
		}
		model := modelGroup{roles: map[string]string{}}
		account := rapid.SampledFrom(accounts)
		step := func(err error) {
			if err != nil && CodeOf(err) != CodeNotPermitted && CodeOf(err) != CodeInvalid {
				t.Fatal(err)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				who := rapid.SliceOfN(account, 1, 4).Draw(t, "added")
				_, err := a.AddMembers(bg, testOperator, Addition{GroupID: id, Accounts: who})
				step(err)
				model.add(who...)
			},
			"remove": func(t *rapid.T) {
				who := rapid.SliceOfN(account, 1, 4).Draw(t, "removed")
				step(a.RemoveMembers(bg, testOperator, Removal{GroupID: id, Accounts: who}))
				model.remove(who...)
			},
			"appoint": func(t *rapid.T) {
				who, role := account.Draw(t, "appointed"), rapid.SampledFrom([]string{RoleAdmin, RoleMember}).Draw(t, "role")
				step(a.ModifyMember(bg, testOperator, MemberChanges{GroupID: id, Account: who, Role: role}))
				model.appoint(who, role)
			},
			"own": func(t *rapid.T) {
				who := account.Draw(t, "owner")
				step(a.ChangeOwner(bg, testOperator, id, who, ""))
				model.own(who)
			},
			"": func(t *rapid.T) { model.check(t, a, id, kind) },
		})
	})
}

// modelGroup is the members of a group in the plainest form.
type modelGroup struct {
	order []string
	roles map[string]string
}

func (m *modelGroup) add(accounts ...string) {
	for _, account := range accounts {
		if m.roles[account] == "" {
			m.order = append(m.order, account)
			m.roles[account] = RoleMember
		}
	}
}

func (m *modelGroup) remove(accounts ...string) {
	if slices.ContainsFunc(accounts, func(account string) bool { return m.roles[account] == RoleOwner }) {
		return
	}
	for _, account := range accounts {
		delete(m.roles, account)
		m.order = slices.DeleteFunc(m.order, func(a string) bool { return a == account })
	}
}

func (m *modelGroup) appoint(account, role string) {
	if m.roles[account] == RoleAdmin || m.roles[account] == RoleMember {
		m.roles[account] = role
	}
}

func (m *modelGroup) own(account string) {
	if m.roles[account] == "" {
		return
	}
	for other, role := range m.roles {
		if role == RoleOwner {
			m.roles[other] = RoleMember
		}
	}
	m.roles[account] = RoleOwner
}

// selected are the accounts with one of the roles, or all, with their roles.
func (m *modelGroup) selected(roles []string) []string {
	var selected []string
	for _, account := range m.order {
		if len(roles) == 0 || slices.Contains(roles, m.roles[account]) {
			selected = append(selected, account+" "+m.roles[account])
		}
	}
	return selected
}

func (m *modelGroup) check(t *rapid.T, a *App, id string, kind GroupType) {
	roles := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{RoleOwner, RoleAdmin, RoleMember}), 0, 3, rapid.ID).Draw(t, "roles")
	limit := rapid.Int64Range(1, 5).Draw(t, "limit")
	want := m.selected(roles)
	var byOffset, byNext []string
	for offset := int64(0); ; offset += limit {
		page := m.page(t, a, MemberQuery{GroupID: id, Roles: roles, Limit: limit, Offset: offset}, &byOffset)
		if len(page.Members) == 0 {
			break
		}
	}
	if !slices.Equal(byOffset, want) {
		t.Fatalf("pages by offset are %v, want %v", byOffset, want)
	}
	if kind != Community {
		return
	}
	for next := ""; ; {
		page := m.page(t, a, MemberQuery{GroupID: id, Roles: roles, Limit: limit, Next: &next}, &byNext)
		if next = *page.Next; next == "" {
			break
		}
		if len(page.Members) != int(limit) {
			t.Fatalf("page of %d members says that more follow", len(page.Members))
		}
	}
	if !slices.Equal(byNext, want) {
		t.Fatalf("pages by cursor are %v, want %v", byNext, want)
	}
}

func (m *modelGroup) page(t *rapid.T, a *App, q MemberQuery, all *[]string) *MemberPage {
	page, err := a.ListMembers(bg, q)
	if err != nil {
		t.Fatal(err)
	}
	if int(page.MemberNum) != len(m.order) {
		t.Fatalf("MemberNum is %d, want %d", page.MemberNum, len(m.order))
	}
	for _, member := range page.Members {
		*all = append(*all, member.Account+" "+member.Role)
	}
	return page
}

func TestMutedListHasALimit(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	makeGroup(t, a, "room", AVChatRoom)
	for start := 0; start <= maxMutedAccounts; start += 900 {
		err := a.changeGroup(bg, "room", func(g *groupChange) error {
			for i := start; i < min(start+900, maxMutedAccounts+1); i++ {
				g.setMute(0, fmt.Sprint("u", i), 1<<32-1)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.MutedAccounts(bg, "room", ""); CodeOf(err) != CodeAnswerTooLarge {
		t.Errorf("list of %d mutes: %v", maxMutedAccounts+1, err)
	}
	zero := uint32(0)
	if err := a.Mute(bg, testOperator, Muting{GroupID: "room", Accounts: []string{"u5"}, Seconds: &zero}); err != nil {
		t.Fatal(err)
	}
	if muted, err := a.MutedAccounts(bg, "room", ""); err != nil || len(muted) != maxMutedAccounts {
		t.Errorf("list of %d mutes: %d (%v)", maxMutedAccounts, len(muted), err)
	}
}
