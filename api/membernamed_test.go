package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

// get_specified_group_member_info (spec 03 section 2.7).

func (r *room) named(fields string, accounts ...string) apitest.Answer {
	r.t.Helper()
	return r.call("get_specified_group_member_info", `{"GroupId":%q,"Member_List_Account":["%s"]%s}`, r.group, strings.Join(accounts, `","`), fields)
}

func TestNamedMembersAreWholeRecords(t *testing.T) {
	r := newRoom(t, "Public", "ann", "cleo")
	r.send("ann", 1)
	r.call("modify_group_member_info", `{"GroupId":%q,"Member_Account":"ann","NameCard":"Annie","MuteTime":60}`, r.group).MustOK(t)
	row := func(account, role, seq, sent, until, card string) string {
		return fmt.Sprintf(`{"Member_Account":%q,"Role":%q,"JoinTime":%d,"MsgSeq":%s,"MsgFlag":"AcceptAndNotify","LastSendMsgTime":%s,`+
			`"MuteUntil":%s,"ShutUpUntil":%[7]s,"NameCard":%[8]q,"AppMemberDefinedData":[]}`, account, role, r.now(), seq, sent, until, until, card)
	}
	r.wantAnswer(r.named("", "cleo", "ghost", "bob", "ann", "cleo", strings.Repeat("x", 40), ""),
		fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupId":%q,"MemberList":[%s,%s]}`, r.group,
			row("cleo", "Member", "0", "0", "0", ""), row("ann", "Member", "1", fmt.Sprint(r.now()), fmt.Sprint(r.now()+60), "Annie")))
	r.wantAnswer(r.named("", "ghost"),
		fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupId":%q,"MemberList":[]}`, r.group))
}

func TestNamedMembersAreThoseOfTheRolesAskedFor(t *testing.T) {
	r := newCast(t, "Public", 4)
	for _, c := range []struct{ roles, want string }{
		{`null`, "plain1 owner second admin"},
		{`[]`, "plain1 owner second admin"},
		{`["Owner"]`, "owner"},
		{`["Admin"]`, "second admin"},
		{`["Member","Owner"]`, "plain1 owner"},
	} {
		page := &memberPage{}
		r.named(`,"MemberRoleFilter":`+c.roles+`,"MemberInfoFilter":["Role"]`, "plain1", "owner", "ghost", "second", "admin").MustOK(t).Decode(t, page)
		if got := strings.Join(page.accounts(), " "); got != c.want {
			t.Errorf("of the roles %s are %s, want %s", c.roles, got, c.want)
		}
	}
}

func TestNamedMembersHaveTheFieldsAskedFor(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.MemberCustomKeys = []string{"Level", "Team"} }, "Public", "ann")
	for filter, want := range map[string]string{
		`,"MemberInfoFilter":["Role"]`:                                             `"Role":"Member","AppMemberDefinedData":[{"Key":"Level","Value":""},{"Key":"Team","Value":""}]`,
		`,"MemberInfoFilter":["Role"],"AppDefinedDataFilter_GroupMember":["Team"]`: `"Role":"Member","AppMemberDefinedData":[{"Key":"Team","Value":""}]`,
	} {
		r.wantAnswer(r.named(filter, "ann"),
			fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupId":%q,"MemberList":[{"Member_Account":"ann",%s}]}`, r.group, want))
	}
}

func TestNamedMembersCheckTheirFields(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.check("group_open_http_svc", "get_specified_group_member_info", []refusal{
		{"no accounts", `{"GroupId":"$"}`, 10004},
		{"empty list", `{"GroupId":"$","Member_List_Account":[]}`, 10004},
		{"a plain string", `{"GroupId":"$","Member_List_Account":"ann"}`, 10004},
		{"50 accounts", `{"GroupId":"$","Member_List_Account":` + quoted(asText, "u", 50) + `}`, 0},
		{"51 accounts", `{"GroupId":"$","Member_List_Account":` + quoted(asText, "u", 51) + `}`, 10005},
		{"role unknown", `{"GroupId":"$","Member_List_Account":["ann"],"MemberRoleFilter":["NotMember"]}`, 10004},
		{"form before the number", `{"GroupId":"$","Member_List_Account":` + quoted(asText, "u", 51) + `,"MemberRoleFilter":["x"]}`, 10004},
		{"number before the group", `{"GroupId":"none","Member_List_Account":` + quoted(asText, "u", 51) + `}`, 10005},
	})
}

func TestNamedMembersKnowWhatTheyHaveRead(t *testing.T) {
	r := newRoom(t, "Public")
	r.add("ann").MustOK(t)
	page := &memberPage{}
	r.named("", "ann").MustOK(t).Decode(t, page)
	if got := page.Members[0].MsgSeq; got != 1 {
		t.Errorf("ann has read up to %d, want 1", got)
	}
}
