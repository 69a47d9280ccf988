package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/chat"
)

// get_group_member_info (spec 03 section 2.6).

// newCast makes a group of a type in which owner, admin and second have roles
// and plain0, plain1 ... have none, in this order: plain0, owner, plain1,
// admin, plain2, second, plain3, ...
func newCast(t *testing.T, groupType string, plain int) *room {
	t.Helper()
	r := newRoom(t, groupType)
	r.crowd("plain", plain)
	for _, account := range []string{"owner", "admin", "second"} {
		r.srv.Call(t, "im_open_login_svc", "account_import", fmt.Sprintf(`{"UserID":%q}`, account)).MustOK(t)
	}
	var items []string
	for i := range plain {
		items = append(items, fmt.Sprintf(`{"Member_Account":"plain%d"}`, i))
		switch i {
		case 0:
			items = append(items, `{"Member_Account":"owner"}`)
		case 1:
			items = append(items, `{"Member_Account":"admin","Role":"Admin"}`)
		case 2:
			items = append(items, `{"Member_Account":"second","Role":"Admin"}`)
		}
	}
	for batch := range slices.Chunk(items, 300) {
		r.importMembers(strings.Join(batch, ",")).MustOK(t)
	}
	r.call("change_group_owner", `{"GroupId":%q,"NewOwner_Account":"owner"}`, r.group).MustOK(t)
	return r
}

// plains are plain accounts from, from+1 ... to-1.
func plains(from, to int) []string { return accounts("plain", from, to) }

// accounts are the accounts from to to-1 of a crowd.
func accounts(prefix string, from, to int) []string {
	list := []string{}
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf("%s%d", prefix, i))
	}
	return list
}

func TestListMembersAnswersWholeRecords(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	created := r.now()
	r.srv.Clock.Advance(minute)
	r.call("change_group_owner", `{"GroupId":%q,"NewOwner_Account":"bob"}`, r.group).MustOK(t)
	r.send("ann", 1)
	r.call("modify_group_member_info", `{"GroupId":%q,"Member_Account":"ann","NameCard":"Ann <3","AppMemberDefinedData":[{"Key":"Level","Value":"7"}],"MuteTime":60}`, r.group).MustOK(t)
	r.wantAnswer(r.call("get_group_member_info", `{"GroupId":%q}`, r.group),
		fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MemberNum":2,"MemberList":[`+
			`{"Member_Account":"ann","Role":"Member","JoinTime":%d,"MsgSeq":2,"MsgFlag":"AcceptAndNotify","LastSendMsgTime":%d,`+
			`"MuteUntil":%d,"ShutUpUntil":%d,"NameCard":"Ann <3","AppMemberDefinedData":[{"Key":"Level","Value":"7"}]},`+
			`{"Member_Account":"bob","Role":"Owner","JoinTime":%d,"MsgSeq":0,"MsgFlag":"AcceptAndNotify","LastSendMsgTime":0,`+
			`"MuteUntil":0,"ShutUpUntil":0,"NameCard":"","AppMemberDefinedData":[]}]}`,
			created, created+60, created+120, created+120, created))
}

func TestListMembersShowsTheFieldsAskedFor(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.MemberCustomKeys = []string{"Level", "Team"} }, "Public", "ann")
	r.call("modify_group_member_info", `{"GroupId":%q,"Member_Account":"ann","AppMemberDefinedData":[{"Key":"Level","Value":7}]}`, r.group).MustOK(t)
	joined := r.now()
	const custom = `"AppMemberDefinedData":[{"Key":"Level","Value":"7"},{"Key":"Team","Value":""}]`
	all := fmt.Sprintf(`"Role":"Member","JoinTime":%d,"MsgSeq":0,"MsgFlag":"AcceptAndNotify","LastSendMsgTime":0,"MuteUntil":0,"ShutUpUntil":0,"NameCard":""`, joined)
	for _, c := range []struct{ filter, want string }{
		{``, all + `,` + custom},
		// What older clients send for "no filter".
		{`,"MemberInfoFilter":null,"MemberRoleFilter":null,"AppDefinedDataFilter_GroupMember":null,"Limit":0,"Offset":0,"Next":null`, all + `,` + custom},
		{`,"MemberInfoFilter":[],"MemberRoleFilter":[],"AppDefinedDataFilter_GroupMember":[]`, all + `,` + custom},
		{`,"MemberInfoFilter":["Role","NameCard"]`, `"Role":"Member","NameCard":"",` + custom},
		{`,"MemberInfoFilter":["JoinTime","MsgSeq","MsgFlag","LastSendMsgTime"]`,
			fmt.Sprintf(`"JoinTime":%d,"MsgSeq":0,"MsgFlag":"AcceptAndNotify","LastSendMsgTime":0,`, joined) + custom},
		{`,"MemberInfoFilter":["MuteUntil"]`, `"MuteUntil":0,"ShutUpUntil":0,` + custom},
		{`,"MemberInfoFilter":["ShutUpUntil"]`, `"MuteUntil":0,"ShutUpUntil":0,` + custom},
		{`,"MemberInfoFilter":["Member_Account"]`, custom},
		{`,"MemberInfoFilter":["AppMemberDefinedData","Nonsense","role"]`, custom},
		{`,"MemberInfoFilter":["OnlineStatus"]`, custom + `,"OnlineStatus":"Offline"`},
		{`,"MemberInfoFilter":["OnlineStatus","Role"]`, `"Role":"Member",` + custom + `,"OnlineStatus":"Offline"`},
		{`,"AppDefinedDataFilter_GroupMember":["Team"]`, all + `,"AppMemberDefinedData":[{"Key":"Team","Value":""}]`},
		{`,"AppDefinedDataFilter_GroupMember":["Other"]`, all + `,"AppMemberDefinedData":[]`},
		{`,"MemberInfoFilter":["Role"],"AppDefinedDataFilter_GroupMember":["Level","Other"]`, `"Role":"Member","AppMemberDefinedData":[{"Key":"Level","Value":"7"}]`},
	} {
		r.wantAnswer(r.call("get_group_member_info", `{"GroupId":%q%s}`, r.group, c.filter),
			`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MemberNum":1,"MemberList":[{"Member_Account":"ann",`+c.want+`}]}`)
	}
}

func TestListMembersOfAnEmptyGroup(t *testing.T) {
	r := newRoom(t, "Public")
	r.wantAnswer(r.call("get_group_member_info", `{"GroupId":%q}`, r.group), `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MemberNum":0,"MemberList":[]}`)
	c := newRoom(t, "Community")
	c.wantAnswer(c.call("get_group_member_info", `{"GroupId":%q,"Next":""}`, c.group), `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MemberNum":0,"MemberList":[],"Next":""}`)
}

func TestListMembersChecksItsFields(t *testing.T) {
	r := newCast(t, "Public", 4)
	r.check("group_open_http_svc", "get_group_member_info", []refusal{
		{"greatest Limit", `{"GroupId":"$","Limit":6000}`, 0},
		{"Limit too great", `{"GroupId":"$","Limit":6001}`, 10004},
		{"Limit negative", `{"GroupId":"$","Limit":-1}`, 10004},
		{"Limit a string", `{"GroupId":"$","Limit":"5"}`, 10004},
		{"Limit 1.5", `{"GroupId":"$","Limit":1.5}`, 10004},
		{"Offset negative", `{"GroupId":"$","Offset":-1}`, 10004},
		{"Offset of 63 bits", `{"GroupId":"$","Offset":9223372036854775807}`, 0},
		{"Offset and Limit at their greatest", `{"GroupId":"$","Offset":9223372036854775807,"Limit":6000}`, 0},
		{"role unknown", `{"GroupId":"$","MemberRoleFilter":["Owner","NotMember"]}`, 10004},
		{"role in other letters", `{"GroupId":"$","MemberRoleFilter":["owner"]}`, 10004},
		{"role empty", `{"GroupId":"$","MemberRoleFilter":[""]}`, 10004},
		{"roles a string", `{"GroupId":"$","MemberRoleFilter":"Owner"}`, 10004},
		{"fields a string", `{"GroupId":"$","MemberInfoFilter":"Role"}`, 10004},
		{"field a number", `{"GroupId":"$","MemberInfoFilter":[1]}`, 10004},
		{"keys a number", `{"GroupId":"$","AppDefinedDataFilter_GroupMember":1}`, 10004},
		{"Next a number", `{"GroupId":"$","Next":1}`, 10004},
		{"Next is of communities alone", `{"GroupId":"$","Next":"nonsense"}`, 0},
		{"form before the group", `{"GroupId":"none","Limit":6001}`, 10004},
	})
}

func TestListMembersPagesByOffset(t *testing.T) {
	for _, groupType := range []string{"Private", "Public", "ChatRoom"} {
		r := newRoom(t, groupType)
		r.crowd("plain", 10)
		r.call("add_group_member", `{"GroupId":%q,"MemberList":%s}`, r.group, quoted(asElement, "plain", 10)).MustOK(t)
		for _, c := range []struct {
			fields   string
			from, to int
		}{
			{``, 0, 10}, {`,"Limit":10`, 0, 10}, {`,"Limit":4`, 0, 4}, {`,"Limit":4,"Offset":4`, 4, 8}, {`,"Limit":4,"Offset":8`, 8, 10},
			{`,"Offset":9`, 9, 10}, {`,"Offset":10`, 0, 0}, {`,"Limit":4,"Offset":1000`, 0, 0}, {`,"Limit":1,"Offset":9`, 9, 10},
			{`,"Limit":4,"Offset":4,"Next":""`, 4, 8}, {`,"Limit":4,"Offset":4,"Next":"5"`, 4, 8}, // Next is of communities alone
		} {
			p := r.listMembers(c.fields)
			if got := p.accounts(); !slices.Equal(got, plains(c.from, c.to)) || p.MemberNum != 10 || p.Next != nil {
				t.Errorf("%s %s: members %v, MemberNum %d, Next %v; want %v of 10", groupType, c.fields, got, p.MemberNum, p.Next, plains(c.from, c.to))
			}
		}
	}
}

// Not in the order of their JoinTime: imported members carry past times.
func TestListMembersKeepsTheOrderOfTheRecords(t *testing.T) {
	r := newRoom(t, "Public", "zoe", "ann")
	created := r.now()
	r.srv.Clock.Advance(day)
	r.importMembers(fmt.Sprintf(`{"Member_Account":"bob","JoinTime":%d}`, created)).MustOK(t)
	r.wantMembers("zoe", "ann", "bob")
	r.remove("zoe").MustOK(t)
	r.add("zoe").MustOK(t)
	r.wantMembers("ann", "bob", "zoe")
	r.call("change_group_owner", `{"GroupId":%q,"NewOwner_Account":"zoe"}`, r.group).MustOK(t)
	r.call("modify_group_member_info", `{"GroupId":%q,"Member_Account":"bob","Role":"Admin"}`, r.group).MustOK(t)
	r.wantMembers("ann", "bob", "zoe")
}

func TestListMembersByRole(t *testing.T) {
	for _, groupType := range []string{"Public", "Community"} {
		r := newCast(t, groupType, 5)
		for _, c := range []struct {
			roles string
			want  []string
		}{
			{`"Owner"`, []string{"owner"}},
			{`"Admin"`, []string{"admin", "second"}},
			{`"Admin","Owner"`, []string{"owner", "admin", "second"}},
			{`"Member"`, []string{"plain0", "plain1", "plain2", "plain3", "plain4"}},
			{`"Member","Owner"`, []string{"plain0", "owner", "plain1", "plain2", "plain3", "plain4"}},
			{`"Member","Admin"`, []string{"plain0", "plain1", "admin", "plain2", "second", "plain3", "plain4"}},
			{`"Member","Admin","Owner","Owner"`, []string{"plain0", "owner", "plain1", "admin", "plain2", "second", "plain3", "plain4"}},
		} {
			p := r.listMembers(`,"MemberRoleFilter":[` + c.roles + `]`)
			if got := p.accounts(); !slices.Equal(got, c.want) || p.MemberNum != 8 {
				t.Errorf("%s, roles %s: members %v of %d, want %v of 8", groupType, c.roles, got, p.MemberNum, c.want)
			}
			// Offset and Limit count within the roles.
			for offset := range len(c.want) + 1 {
				p := r.listMembers(fmt.Sprintf(`,"MemberRoleFilter":[%s],"Offset":%d,"Limit":1`, c.roles, offset))
				if want := c.want[offset:min(offset+1, len(c.want))]; !slices.Equal(p.accounts(), want) || p.MemberNum != 8 {
					t.Errorf("%s, roles %s, offset %d: members %v, want %v", groupType, c.roles, offset, p.accounts(), want)
				}
			}
		}
	}
}

// Roles change hands: whoever loses one is plain again.
func TestListMembersByRoleFollowsChanges(t *testing.T) {
	r := newCast(t, "Public", 3)
	want := func(role string, accounts ...string) {
		t.Helper()
		if got := r.listMembers(`,"MemberRoleFilter":["` + role + `"]`).accounts(); !slices.Equal(got, append([]string{}, accounts...)) {
			t.Errorf("members with role %s are %v, want %v", role, got, accounts)
		}
	}
	r.call("modify_group_member_info", `{"GroupId":%q,"Member_Account":"admin","Role":"Member"}`, r.group).MustOK(t)
	r.call("modify_group_member_info", `{"GroupId":%q,"Member_Account":"plain0","Role":"Admin"}`, r.group).MustOK(t)
	want("Admin", "plain0", "second")
	r.call("change_group_owner", `{"GroupId":%q,"NewOwner_Account":"second"}`, r.group).MustOK(t)
	want("Admin", "plain0")
	want("Owner", "second")
	r.remove("plain0", "admin").MustOK(t)
	want("Admin")
	want("Member", "owner", "plain1", "plain2")
	r.add("plain0").MustOK(t)
	want("Admin")
	r.call("create_group", `{"Type":"Public","Name":"x","GroupId":"created","MemberList":[{"Member_Account":"ann","Role":"Admin"},{"Member_Account":"bob"}]}`).MustOK(t)
	r.group = "created"
	want("Admin", "ann")
	r.srv.Call(t, "im_open_login_svc", "account_delete", `{"DeleteItem":[{"UserID":"ann"}]}`).MustOK(t)
	want("Admin")
	want("Owner")
}

// next walks a community by its cursor and returns each page's accounts.
func (r *room) walkMembers(fields string, most int) (pages [][]string) {
	r.t.Helper()
	for next := ""; ; {
		p := r.listMembers(fmt.Sprintf(`%s,"Next":%q`, fields, next))
		pages = append(pages, p.accounts())
		if p.Next == nil || len(pages) > most {
			r.t.Fatalf("page %d has Next %v", len(pages), p.Next)
		}
		if next = *p.Next; next == "" {
			return pages
		}
	}
}

func TestCommunityMembersPageByNext(t *testing.T) {
	c := newCast(t, "Community", 500)
	everybody := append([]string{"plain0", "owner", "plain1", "admin", "plain2", "second"}, plains(3, 500)...)
	for _, w := range []struct {
		fields string
		size   int
		want   []string
	}{
		{``, 100, everybody}, {`,"Limit":0`, 100, everybody}, {`,"Limit":null`, 100, everybody}, {`,"Limit":7`, 7, everybody},
		{`,"Limit":200`, 200, everybody}, {`,"Limit":201`, 200, everybody}, {`,"Limit":6000`, 200, everybody},
		{`,"Limit":100,"Offset":3`, 100, everybody}, // Offset counts only where Next is absent
		{`,"Limit":1,"MemberRoleFilter":["Owner","Admin"]`, 1, []string{"owner", "admin", "second"}},
		{`,"Limit":3,"MemberRoleFilter":["Owner","Admin"]`, 3, []string{"owner", "admin", "second"}},
		{`,"Limit":200,"MemberRoleFilter":["Member"]`, 200, plains(0, 500)},
		{`,"Limit":100,"MemberRoleFilter":["Member"]`, 100, plains(0, 500)}, // the last page is full
		{`,"Limit":100,"MemberRoleFilter":["Member","Owner"]`, 100, slices.DeleteFunc(slices.Clone(everybody), func(a string) bool { return a == "admin" || a == "second" })},
	} {
		pages := c.walkMembers(w.fields, len(w.want)/w.size+1)
		if want := slices.Collect(slices.Chunk(w.want, w.size)); fmt.Sprint(pages) != fmt.Sprint(want) {
			t.Errorf("%s: pages %v, want %v", w.fields, pages, want)
		}
	}
	c.call("get_group_member_info", `{"GroupId":%q,"Limit":6001}`, c.group).WantCode(t, 10004)
}

func TestCommunityMembersAreServedByOffsetWithoutNext(t *testing.T) {
	c := newCast(t, "Community", 300)
	p := c.listMembers(`,"Offset":103,"Limit":250`)
	if got := p.accounts(); !slices.Equal(got, plains(100, 300)) || *p.Next != "" || p.MemberNum != 303 {
		t.Errorf("page is %v with Next %q and MemberNum %d", got, *p.Next, p.MemberNum)
	}
	p = c.listMembers(`,"Offset":3`)
	if got := c.listMembers(fmt.Sprintf(`,"Next":%q,"Limit":5`, *p.Next)).accounts(); !slices.Equal(got, plains(100, 105)) {
		t.Errorf("page after %v is %v", p.accounts(), got)
	}
	if p = c.listMembers(`,"Offset":303`); len(p.Members) != 0 || *p.Next != "" {
		t.Errorf("page beyond the end is %v with Next %q", p.accounts(), *p.Next)
	}
}

func TestCommunityCursorsAreTheServersOwn(t *testing.T) {
	c := newCast(t, "Community", 5)
	next := *c.listMembers(`,"Limit":2`).Next
	for _, cursor := range []string{"0", "-1", "+1", "0" + next, next + "0000", "x", " ", next + " ", "18446744073709551616", "1.0"} {
		c.call("get_group_member_info", `{"GroupId":%q,"Next":%q}`, c.group, cursor).WantCode(t, 10004)
	}
	c.srv.Restart(t)
	if got := c.listMembers(fmt.Sprintf(`,"Next":%q,"Limit":2`, next)).accounts(); !slices.Equal(got, []string{"plain1", "admin"}) {
		t.Errorf("page after a restart is %v", got)
	}
}

// Whoever stays is neither missed nor met twice.
func TestCommunityPagesWhileMembersComeAndGo(t *testing.T) {
	c := newCast(t, "Community", 20)
	seen := map[string]int{}
	for next, round := "", 0; ; round++ {
		p := c.listMembers(fmt.Sprintf(`,"Limit":3,"Next":%q`, next))
		for _, account := range p.accounts() {
			seen[account]++
		}
		if next = *p.Next; next == "" {
			break
		}
		switch round {
		case 0:
			c.remove("plain0", "plain2", "plain3").MustOK(t) // already met, the next ones
		case 1:
			c.add("plain3").MustOK(t)
		case 2:
			c.remove("plain19", "admin").MustOK(t)
		}
	}
	for _, account := range append(plains(4, 19), "owner", "second", "plain1", "plain3") {
		if seen[account] != 1 {
			t.Errorf("%s was met %d times", account, seen[account])
		}
	}
}

func TestListMembersOfMoreThanAMegabyte(t *testing.T) {
	r := newRoom(t, "Public")
	r.crowd("u", 5700)
	for start := 0; start < 5700; start += 300 {
		items := make([]string, 300)
		for i := range items {
			items[i] = fmt.Sprintf(`{"Member_Account":"u%d"}`, start+i)
		}
		r.importMembers(strings.Join(items, ",")).MustOK(t)
	}
	r.call("get_group_member_info", `{"GroupId":%q}`, r.group).WantCode(t, 10018)
	r.call("get_group_member_info", `{"GroupId":%q,"Limit":5700}`, r.group).WantCode(t, 10018)
	p := r.listMembers(`,"MemberInfoFilter":["Role"]`)
	if len(p.Members) != 5700 || p.MemberNum != 5700 {
		t.Errorf("%d members of %d, want all 5700", len(p.Members), p.MemberNum)
	}
	if p := r.listMembers(`,"Limit":2000,"Offset":5200`); len(p.Members) != 500 {
		t.Errorf("last page has %d members, want 500", len(p.Members))
	}
}

// The names of a filter and the members it is laid on do not multiply.
func TestListMembersWithALongFilter(t *testing.T) {
	full, empty := newRoom(t, "Public"), newRoom(t, "Public")
	full.crowd("u", 3000)
	for start := 0; start < 3000; start += 300 {
		items := make([]string, 300)
		for i := range items {
			items[i] = fmt.Sprintf(asElement, fmt.Sprintf("u%d", start+i))
		}
		full.importMembers(strings.Join(items, ",")).MustOK(t)
	}
	took := func(r *room, fields string) time.Duration {
		t.Helper()
		return leastTime(func() { r.listMembers(fields) })
	}
	long := `,"MemberInfoFilter":["Role"` + strings.Repeat(`,"Nonsense"`, 90_000) + `]`
	base := took(empty, long) + took(full, `,"MemberInfoFilter":["Role"]`)
	if d := took(full, long); d > 20*base {
		t.Errorf("a filter of 90,000 names on 3,000 members took %v, reading each alone %v", d, base)
	}
}

// What members sent and read counts up to the very last message.
func TestListMembersIsUpToDate(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 2)
	r.srv.Clock.Advance(minute)
	r.send("bob", 1)
	want := func() {
		t.Helper()
		ann, bob := r.member("ann"), r.member("bob")
		if ann.MsgSeq != 2 || bob.MsgSeq != 3 || ann.LastSendTime != r.now()-60 || bob.LastSendTime != r.now() {
			t.Errorf("members are %+v and %+v", *ann, *bob)
		}
	}
	want()
	r.srv.Restart(t)
	want()
	r.sendWith(`"From_Account":"ann","Random":99,"OnlineOnlyFlag":1,"MsgBody":` + text("x")).MustOK(t)
	want() // what is not stored moves nothing
	r.recall("ann")
	want()
}

// So many senders that their positions are written down, in more than one commit.
func TestPositionsOfManySendersAreWrittenDown(t *testing.T) {
	r := newRoom(t, "ChatRoom", "ann")
	const senders = 450
	r.crowd("u", senders)
	for start := 0; start < senders; start += 150 {
		r.add(accounts("u", start, start+150)...).MustOK(t)
	}
	sent := r.now()
	for i := range senders {
		r.send(fmt.Sprintf("u%d", i), 1)
	}
	r.srv.Clock.Advance(minute)
	r.send("ann", 1100)
	for range 2 {
		for i, m := range r.listMembers("").Members[1:] {
			if m.MsgSeq != uint32(i+1) || m.LastSendTime != sent {
				t.Fatalf("%s is %+v, want number %d of %d", m.Account, m, i+1, sent)
			}
		}
		if ann := r.member("ann"); ann.MsgSeq != senders+1100 || ann.LastSendTime != r.now() {
			t.Errorf("ann is %+v", *ann)
		}
		r.srv.Restart(t) // which waits until they are written
	}
}

func TestTopicSendsShowInTheCommunityRecord(t *testing.T) {
	town := newTown(t, noOptions, "ann", "bob")
	one := town.topic("one")
	town.srv.Clock.Advance(minute)
	one.send("bob", 2)
	if bob := town.member("bob"); bob.LastSendTime != town.now() || bob.MsgSeq != 0 {
		t.Errorf("bob's record is %+v, want the time of his message and the community's position as it was", *bob)
	}
}

func TestDefaultsOfCustomFieldsAreShown(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	if m := r.member("ann"); m.Custom == nil || len(m.Custom) != 0 {
		t.Errorf("custom fields are %v, want none", m.Custom)
	}
	r.call("modify_group_member_info", `{"GroupId":%q,"Member_Account":"ann","AppMemberDefinedData":[{"Key":"b","Value":"2"},{"Key":"a","Value":"1"}]}`, r.group).MustOK(t)
	if m := r.member("ann"); !slices.Equal(m.Custom, []chat.Field{{Key: "b", Value: "2"}, {Key: "a", Value: "1"}}) {
		t.Errorf("custom fields are %v", m.Custom)
	}
}
