package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/chat"
)

// ban_group_member, unban_group_member and get_group_ban_member (spec 03
// sections 2.3 to 2.5).

func (r *room) ban(seconds int64, accounts ...string) apitest.Answer {
	r.t.Helper()
	return r.call("ban_group_member", `{"GroupId":%q,"Members_Account":["%s"],"Duration":%d}`, r.group, strings.Join(accounts, `","`), seconds)
}

func (r *room) unban(accounts ...string) apitest.Answer {
	r.t.Helper()
	return r.call("unban_group_member", `{"GroupId":%q,"Members_Account":["%s"]}`, r.group, strings.Join(accounts, `","`))
}

// wantBanned checks the list of bans: account, end, account, end ...
func (r *room) wantBanned(want ...any) {
	r.t.Helper()
	r.wantBanPage(`"Offset":0`, 0, want...)
}

func (r *room) wantBanPage(fields string, next int, want ...any) {
	r.t.Helper()
	var items []string
	for i := 0; i < len(want); i += 2 {
		items = append(items, fmt.Sprintf(`{"Member_Account":%q,"BannedUntil":%d}`, want[i], want[i+1]))
	}
	r.wantAnswer(r.call("get_group_ban_member", `{"GroupId":%q,%s}`, r.group, fields),
		fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"BannedAccountList":[%s],"NextOffset":%d}`, strings.Join(items, ","), next))
}

func TestBanPutsAMemberOut(t *testing.T) {
	for _, groupType := range []string{"Private", "Public", "ChatRoom", "Community"} {
		r := newRoom(t, groupType, "cleo", "dan")
		r.call("modify_group_member_info", `{"GroupId":%q,"Member_Account":"dan","NameCard":"Danny"}`, r.group).MustOK(t)
		r.send("dan", 2)
		r.srv.Clock.Advance(minute)
		r.wantAnswer(r.ban(600, "dan", "ann", "dan"), bareOK)
		r.wantMembers("cleo")
		r.wantBanned("dan", r.now()+600, "ann", r.now()+600)
		if infoSeq, last := r.groupTimes(); infoSeq != 1 || last != r.now() {
			t.Errorf("%s: InfoSeq is %d and LastInfoTime %d, want 1 and %d", groupType, infoSeq, last, r.now())
		}
		r.wantLive(1, 2) // nothing is recalled
		tips := []string{`{"OpType":3,"Operator_Account":"administrator","List_Account":["dan"],"MemberNum":1}`}
		if groupType == "ChatRoom" {
			tips = nil
		}
		r.wantTips(tips...)
		next := uint32(3 + len(tips))
		r.ban(60, "dan", "ann").MustOK(t) // nobody leaves
		r.wantNext(next)
	}
}

func TestBansOfAMissingMemberLeaveNoTrace(t *testing.T) {
	r := newRoom(t, "Public", "cleo")
	r.wantAnswer(r.ban(600, strings.Repeat("x", 33)), bareOK) // nobody to ban
	r.wantBanned()
	r.srv.Clock.Advance(minute)
	created := r.now() - 60
	r.wantAnswer(r.ban(600, "ghost", strings.Repeat("x", 33), "", "caf\u00e9"), bareOK)
	if _, last := r.groupTimes(); last != created {
		t.Errorf("LastInfoTime is %d although nobody left, want %d", last, created)
	}
	r.wantNext(1)
	r.wantBanned("ghost", r.now()+600)
}

// The ban is the account's: it holds whether or not it was a member, and no
// account comes back by itself when it ends.
func TestBannedAccountsCannotBeAddedUntilTheBanEnds(t *testing.T) {
	r := newRoom(t, "Public", "cleo")
	r.ban(600, "cleo", "ann").MustOK(t)
	tips := uint32(2)
	for range 2 {
		r.wantAnswer(r.add("cleo", "bob", "ann"), joinAnswer("cleo", 0, "bob", 1, "ann", 0))
		r.wantAnswer(r.call("import_group_member", `{"GroupId":%q,"MemberList":[{"Member_Account":"cleo"},{"Member_Account":"bob"}]}`, r.group),
			joinAnswer("cleo", 0, "bob", 2))
		r.wantMembers("bob")
		r.remove("bob").MustOK(t)
		tips += 2
		r.wantNext(tips)
		r.srv.Restart(t)
	}
	r.wantAnswer(r.add("cleo"), joinAnswer("cleo", 0))
	r.srv.Clock.Advance(599 * minute / 60)
	r.wantAnswer(r.add("cleo"), joinAnswer("cleo", 0))
	r.wantBanned("cleo", r.now()+1, "ann", r.now()+1)
	r.srv.Clock.Advance(minute / 60)
	r.wantBanned()
	r.wantMembers()
	r.wantAnswer(r.add("cleo"), joinAnswer("cleo", 1))
	r.wantAnswer(r.call("import_group_member", `{"GroupId":%q,"MemberList":[{"Member_Account":"ann"}]}`, r.group), joinAnswer("ann", 1))
}

// The banned do not count where the group is nearly full, and are refused
// before too many groups are.
func TestBannedAccountsTakeNoPlace(t *testing.T) {
	r := newRoom(t, "Public", "cleo")
	r.call("modify_group_base_info", `{"GroupId":%q,"MaxMemberNum":2}`, r.group).MustOK(t)
	r.ban(600, "ann").MustOK(t)
	r.wantAnswer(r.add("ann", "bob"), joinAnswer("ann", 0, "bob", 1))
}

func TestBanReplacesTheEarlierOne(t *testing.T) {
	r := newRoom(t, "Public")
	for _, seconds := range []int64{60, 600, 1, forEver, forEver - 1, 5} {
		r.ban(seconds, "ann").MustOK(t)
		r.wantBanned("ann", min(r.now()+seconds, forEver))
	}
	r.ban(60, "bob").MustOK(t)
	r.ban(forEver, "ann").MustOK(t)
	r.wantBanned("bob", r.now()+60, "ann", forEver) // it is the later one now
	r.srv.Clock.Advance(50 * 365 * day)
	r.wantBanned("ann", forEver)
}

func TestUnbanEndsBansAndNothingElse(t *testing.T) {
	r := newRoom(t, "Public", "cleo")
	r.ban(600, "cleo", "ann", "bob").MustOK(t)
	r.wantAnswer(r.unban("cleo", "ghost", "bob", "cleo", strings.Repeat("x", 40), ""), bareOK)
	r.wantBanned("ann", r.now()+600)
	r.wantMembers()
	r.wantNext(2) // the tip of the ban
	r.unban("cleo").MustOK(t)
	r.wantAnswer(r.add("cleo", "ann"), joinAnswer("cleo", 1, "ann", 0))
	quiet := newRoomOn(t, r.srv, "AVChatRoom")
	quiet.wantAnswer(quiet.unban("ann"), bareOK) // nobody was ever banned
}

func TestTheOwnerCannotBeBanned(t *testing.T) {
	for _, groupType := range []string{"Private", "Public", "AVChatRoom"} {
		r := newRoom(t, groupType)
		group := r.group + "-owned"
		r.call("create_group", `{"Type":%q,"Name":"n","GroupId":%q,"Owner_Account":"ann"}`, groupType, group).MustOK(t)
		r.group = group
		r.ban(60, "bob", "ann").WantCode(t, 10007)
		r.wantBanned()
		r.ban(60, "bob").MustOK(t)
		r.wantBanned("bob", r.now()+60)
	}
}

func TestMutesOutliveABan(t *testing.T) {
	r := newRoom(t, "Public", "cleo")
	r.mute(600, "cleo").MustOK(t)
	r.ban(60, "cleo").MustOK(t)
	r.srv.Clock.Advance(minute)
	r.add("cleo").MustOK(t)
	r.wantMuted("cleo", r.now()+540)
}

func TestBansEndWithTheGroup(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	r.ban(forEver, "ann").MustOK(t)
	r.call("destroy_group", `{"GroupId":%q}`, r.group).MustOK(t)
	r.call("create_group", `{"Type":"Public","Name":"n","GroupId":%q}`, r.group).MustOK(t)
	r.wantBanned()
	r.wantAnswer(r.add("ann"), joinAnswer("ann", 1))
}

// A ban is not of the groups that an account is in, which alone its deletion
// takes it out of.
func TestBansOutliveTheAccount(t *testing.T) {
	r := newRoom(t, "Public", "cleo")
	r.ban(600, "cleo").MustOK(t)
	r.srv.Call(t, "im_open_login_svc", "account_delete", `{"DeleteItem":[{"UserID":"cleo"}]}`).MustOK(t)
	r.wantBanned("cleo", r.now()+600)
	r.add("cleo").WantCode(t, 10019)
	r.srv.Call(t, "im_open_login_svc", "account_import", `{"UserID":"cleo"}`).MustOK(t)
	r.wantAnswer(r.add("cleo"), joinAnswer("cleo", 0))
}

func TestABanOfTheLastMemberDissolvesWhereThatIsSet(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.DissolveEmptyGroups = true }, "Public", "cleo")
	r.ban(600, "ann").MustOK(t)
	r.wantMembers("cleo")
	r.ban(600, "cleo").MustOK(t)
	r.call("get_group_ban_member", `{"GroupId":%q,"Offset":0}`, r.group).WantCode(t, 10010)
}

func TestBanTipsAreThoseOfRemovals(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.TipsMemberChange = []chat.GroupType{chat.ChatRoom} }, "ChatRoom", "ann")
	r.ban(60, "ann").MustOK(t)
	r.wantNext(2)
}

func TestBansAreListedByPage(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	until := func(seconds int64) int64 { return r.now() + seconds }
	names := accounts("u", 0, 250)
	for i, batch := range slices.Collect(slices.Chunk(names, 20)) {
		r.ban(int64(60+60*(i%2)), batch...).MustOK(t)
	}
	list := func(fields string) (got []string, next int) {
		t.Helper()
		var page struct {
			List []struct{ Member_Account string } `json:"BannedAccountList"`
			Next int                               `json:"NextOffset"`
		}
		r.call("get_group_ban_member", `{"GroupId":%q%s}`, r.group, fields).MustOK(t).Decode(t, &page)
		for _, b := range page.List {
			got = append(got, b.Member_Account)
		}
		return got, page.Next
	}
	for _, c := range []struct {
		fields         string
		from, to, next int
	}{
		{``, 0, 100, 100},
		{`,"Limit":0,"Offset":0`, 0, 100, 100},
		{`,"Limit":null,"Offset":null`, 0, 100, 100},
		{`,"Limit":100,"Offset":100`, 100, 200, 200},
		{`,"Offset":200`, 200, 250, 0},
		{`,"Limit":50,"Offset":200`, 200, 250, 0}, // exactly full
		{`,"Limit":49,"Offset":200`, 200, 249, 249},
		{`,"Limit":1,"Offset":249`, 249, 250, 0},
		{`,"Limit":7,"Offset":250`, 250, 250, 0},
		{`,"Offset":9223372036854775807`, 250, 250, 0},
	} {
		if got, next := list(c.fields); !slices.Equal(got, names[c.from:c.to]) || next != c.next {
			t.Errorf("page %s is %v and %d, want the bans from %d to %d and %d", c.fields, got, next, c.from, c.to, c.next)
		}
	}
	// New bans come at the end, so that offsets stay.
	r.ban(60, "late").MustOK(t)
	r.wantBanPage(`"Limit":2,"Offset":249`, 0, "u249", until(60), "late", until(60))
	r.srv.Clock.Advance(minute) // every second batch has run out
	var kept []string
	for i, batch := range slices.Collect(slices.Chunk(names, 20)) {
		if i%2 == 1 {
			kept = append(kept, batch...)
		}
	}
	first, next := list(`,"Limit":100`)
	if rest, end := list(fmt.Sprintf(`,"Offset":%d`, next)); !slices.Equal(append(first, rest...), kept) || end != 0 {
		t.Errorf("bans are %v and %v, want %v", first, rest, kept)
	}
}

func TestBansCheckTheirFields(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	many := quoted(asText, "u", 21)
	r.check("group_open_http_svc", "ban_group_member", []refusal{
		{"no accounts", `{"GroupId":"$","Duration":60}`, 10004},
		{"empty list", `{"GroupId":"$","Members_Account":[],"Duration":60}`, 10004},
		{"20 accounts", `{"GroupId":"$","Members_Account":` + quoted(asText, "u", 20) + `,"Duration":60}`, 0},
		{"21 accounts", `{"GroupId":"$","Members_Account":` + many + `,"Duration":60}`, 10005},
		{"21 accounts of no group", `{"GroupId":"none","Members_Account":` + many + `,"Duration":60}`, 10005},
		{"a plain string", `{"GroupId":"$","Members_Account":"ann","Duration":60}`, 10004},
		{"no Duration", `{"GroupId":"$","Members_Account":["ann"]}`, 10004},
		{"Duration null", `{"GroupId":"$","Members_Account":["ann"],"Duration":null}`, 10004},
		{"Duration 0", `{"GroupId":"$","Members_Account":["ann"],"Duration":0}`, 10004},
		{"Duration negative", `{"GroupId":"$","Members_Account":["ann"],"Duration":-1}`, 10004},
		{"Duration too great", `{"GroupId":"$","Members_Account":["ann"],"Duration":4294967296}`, 10004},
		{"Duration a string", `{"GroupId":"$","Members_Account":["ann"],"Duration":"60"}`, 10004},
		{"Description of 1000 bytes", `{"GroupId":"$","Members_Account":["u0"],"Duration":60,"Description":"` + strings.Repeat("é", 500) + `"}`, 0},
		{"Description of 1001 bytes", `{"GroupId":"$","Members_Account":["u0"],"Duration":60,"Description":"x` + strings.Repeat("é", 500) + `"}`, 10004},
		{"Description too long before too many accounts", `{"GroupId":"$","Members_Account":` + many + `,"Duration":60,"Description":"` + strings.Repeat("x", 1001) + `"}`, 10004},
		{"Description a number", `{"GroupId":"$","Members_Account":["u0"],"Duration":60,"Description":1}`, 10004},
	})
	r.wantMembers("ann")
	r.check("group_open_http_svc", "unban_group_member", []refusal{
		{"no accounts", `{"GroupId":"$"}`, 10004},
		{"empty list", `{"GroupId":"$","Members_Account":[]}`, 10004},
		{"20 accounts", `{"GroupId":"$","Members_Account":` + quoted(asText, "u", 20) + `}`, 0},
		{"21 accounts", `{"GroupId":"$","Members_Account":` + many + `}`, 10005},
	})
	r.wantBanned()
	r.check("group_open_http_svc", "get_group_ban_member", []refusal{
		{"Limit 100", `{"GroupId":"$","Limit":100,"Offset":0}`, 0},
		{"Limit 101", `{"GroupId":"$","Limit":101,"Offset":0}`, 10004},
		{"Limit negative", `{"GroupId":"$","Limit":-1,"Offset":0}`, 10004},
		{"Offset negative", `{"GroupId":"$","Offset":-1}`, 10004},
		{"Offset a string", `{"GroupId":"$","Offset":"0"}`, 10004},
	})
}
