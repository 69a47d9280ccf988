package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

func TestGetGroupInfoAnswersOneElementPerID(t *testing.T) {
	a := newApp(t)
	a.create(`{"Type":"Public","Name":"n","GroupId":"g"}`)
	long := strings.Repeat("x", 49)
	var answer struct{ GroupInfo []groupInfo }
	a.group("get_group_info", `{"GroupIdList":["@TGS#2NOSUCH1","g","","g",%q],"ResponseFilter":{"GroupBaseInfoFilter":["Name"]}}`, long).
		MustOK(t).Decode(t, &answer)
	var got []string
	for _, g := range answer.GroupInfo {
		got = append(got, fmt.Sprint(g.GroupID, " ", g.ErrorCode, " ", g.Name))
	}
	want := []string{"@TGS#2NOSUCH1 10010 ", "g 0 n", " 10015 ", "g 0 n", long + " 10015 "}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("elements are %q, want %q", got, want)
	}
}

func TestGetGroupInfoIsOKWhenEveryGroupFails(t *testing.T) {
	a := newApp(t)
	a.group("get_group_info", `{"GroupIdList":["ghost"]}`).WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,
	  "GroupInfo":[{"GroupId":"ghost","ErrorCode":10010,"ErrorInfo":"group \"ghost\" does not exist or was dismissed"}]}`)
}

func TestGetGroupInfoTakesOneToFiftyIDs(t *testing.T) {
	a := newApp(t)
	ids := func(n int) string {
		return `"` + strings.Join(strings.Split(strings.Repeat("ghost ", n-1)+"ghost", " "), `","`) + `"`
	}
	for _, c := range []struct {
		body string
		code int
	}{
		{`{}`, 10004},
		{`{"GroupIdList":[]}`, 10004},
		{`{"GroupIdList":"g"}`, 10004},
		{`{"GroupIdList":[5]}`, 10004},
		{`{"GroupIdList":[` + ids(51) + `]}`, 10004},
		{`{"GroupIdList":[` + ids(50) + `]}`, 0},
		{`{"GroupIdList":["g"],"ResponseFilter":[]}`, 10004},
		{`{"GroupIdList":["g"],"ResponseFilter":{"MemberInfoFilter":"Role"}}`, 10004},
	} {
		a.group("get_group_info", "%s", c.body).WantCode(t, c.code)
	}
}

func TestGetGroupInfoFilters(t *testing.T) {
	a := newApp(t)
	a.accounts("ann", "bob")
	a.create(`{"Type":"Public","Name":"n","GroupId":"g","Owner_Account":"ann",
	  "AppDefinedData":[{"Key":"Port","Value":"RTM"},{"Key":"Flag","Value":"NL"}],
	  "MemberList":[{"Member_Account":"bob","AppMemberDefinedData":[{"Key":"Deck","Value":"2"}]}]}`)
	for _, c := range []struct{ name, filter, want string }{
		{"names that are asked for", `{"GroupBaseInfoFilter":["Type","Name","NoSuch"]}`, `"Type":"Public","Name":"n"`},
		{"either name of the mute shows both", `{"GroupBaseInfoFilter":["ShutUpAllMember"]}`, `"MuteAllMember":"Off","ShutUpAllMember":"Off"`},
		{"the other name of the mute", `{"GroupBaseInfoFilter":["MuteAllMember"]}`, `"MuteAllMember":"Off","ShutUpAllMember":"Off"`},
		{"our own names", `{"GroupBaseInfoFilter":["HistoryMsgBeforeJoin","SupportTopic","EnablePermission"]}`, `"HistoryMsgBeforeJoin":"Off"`},
		{"members by Account", `{"MemberInfoFilter":["Account","Role"]}`, `"MemberList":[{"Member_Account":"ann","Role":"Owner"},{"Member_Account":"bob","Role":"Member"}]`},
		{"members by Member_Account", `{"MemberInfoFilter":["Member_Account"]}`, `"MemberList":[{"Member_Account":"ann"},{"Member_Account":"bob"}]`},
		{"either name of a member's mute shows both", `{"MemberInfoFilter":["ShutUpUntil"]}`, `"MemberList":[{"Member_Account":"ann","MuteUntil":0,"ShutUpUntil":0},{"Member_Account":"bob","MuteUntil":0,"ShutUpUntil":0}]`},
		{"keys of the group", `{"AppDefinedDataFilter_Group":["Port","NoSuch"]}`, `"AppDefinedData":[{"Key":"Port","Value":"RTM"}]`},
		{"keys of members alone", `{"AppDefinedDataFilter_GroupMember":["Deck"]}`, `"MemberList":[{"Member_Account":"ann","AppMemberDefinedData":[]},{"Member_Account":"bob","AppMemberDefinedData":[{"Key":"Deck","Value":"2"}]}]`},
		{"empty beside another is absent", `{"GroupBaseInfoFilter":["Name"],"MemberInfoFilter":[],"AppDefinedDataFilter_Group":null}`, `"Name":"n"`},
		{"unknown names alone", `{"GroupBaseInfoFilter":["NoSuch"]}`, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			comma := ","
			if c.want == "" {
				comma = ""
			}
			a.group("get_group_info", `{"GroupIdList":["g"],"ResponseFilter":%s}`, c.filter).WantJSON(t,
				`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupInfo":[{"GroupId":"g","ErrorCode":0,"ErrorInfo":""`+comma+c.want+`}]}`)
		})
	}
	full := string(a.group("get_group_info", `{"GroupIdList":["g"]}`).MustOK(t).Raw)
	for _, filter := range []string{`null`, `{}`, `{"MemberInfoFilter":[]}`} {
		if got := string(a.group("get_group_info", `{"GroupIdList":["g"],"ResponseFilter":%s}`, filter).MustOK(t).Raw); got != full {
			t.Errorf("filter %s: %s, want everything", filter, got)
		}
	}
}

func TestGetGroupInfoOfAnAVChatRoomHasNoMembers(t *testing.T) {
	a := newApp(t)
	a.accounts("ann")
	a.create(`{"Type":"AVChatRoom","Name":"n","GroupId":"live","Owner_Account":"ann"}`)
	a.group("send_group_msg", `{"GroupId":"live","From_Account":"ann","Random":1,"MsgBody":%s}`, text("x")).MustOK(t)
	now := a.Clock.Now().Unix()
	a.group("get_group_info", `{"GroupIdList":["live"]}`).WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,
	 "GroupInfo":[{"GroupId":"live","ErrorCode":0,"ErrorInfo":"","Type":"AVChatRoom","Appid":1400000001,"Name":"n","Introduction":"","Notification":"","FaceUrl":"",
	 "Owner_Account":"ann","CreateTime":%[1]d,"InfoSeq":1,"LastInfoTime":%[1]d,"LastMsgTime":%[1]d,"NextMsgSeq":2,"MemberNum":0,"MaxMemberNum":0,
	 "ApplyJoinOption":"FreeAccess","MuteAllMember":"Off","ShutUpAllMember":"Off","AppDefinedData":[],"MemberList":[]}]}`, now))
	a.group("get_group_info", `{"GroupIdList":["live"],"ResponseFilter":{"MemberInfoFilter":["Role"]}}`).WantJSON(t,
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupInfo":[{"GroupId":"live","ErrorCode":0,"ErrorInfo":"","MemberList":[]}]}`)
	a.group("get_group_info", `{"GroupIdList":["live"],"ResponseFilter":{"GroupBaseInfoFilter":["InviteJoinOption","Name"]}}`).WantJSON(t,
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupInfo":[{"GroupId":"live","ErrorCode":0,"ErrorInfo":"","Name":"n"}]}`)
}

func TestAnswerOver1MBIsRefusedWhole(t *testing.T) {
	a := newApp(t, func(o *apitest.Options) {
		o.Settings.MaxNotificationBytes, o.Settings.MaxIntroductionBytes = 100_000, 100_000
	})
	a.create(`{"Type":"Public","Name":"n","GroupId":"g","Notification":%q,"Introduction":%q}`, strings.Repeat("n", 100_000), strings.Repeat("n", 100_000))
	a.group("get_group_info", `{"GroupIdList":["g","g","g","g","g"]}`).MustOK(t)
	a.group("get_group_info", `{"GroupIdList":["g","g","g","g","g","g"]}`).WantCode(t, 10018)
}

// listed is an answer of get_appid_group_list.
type listed struct {
	TotalCount  int
	GroupIdList []struct{ GroupId string }
	Next        uint64
}

func (l listed) ids() string {
	var ids []string
	for _, g := range l.GroupIdList {
		ids = append(ids, g.GroupId)
	}
	return strings.Join(ids, " ")
}

func (a *app) list(format string, args ...any) listed {
	a.t.Helper()
	var l listed
	a.group("get_appid_group_list", format, args...).MustOK(a.t).Decode(a.t, &l)
	return l
}

// Clients whose request has both names send "" under the one they leave out.
func TestTypeCountsWhereGroupTypeIsEmpty(t *testing.T) {
	a := newApp(t)
	a.accounts("cook")
	a.create(`{"Type":"Public","GroupId":"pub","Name":"n","Owner_Account":"cook"}`)
	a.create(`{"Type":"ChatRoom","GroupId":"meet","Name":"n","Owner_Account":"cook"}`)
	for filter, want := range map[string]string{
		`"GroupType":"","Type":"Public"`:         "pub",
		`"GroupType":"ChatRoom","Type":""`:       "meet",
		`"GroupType":"ChatRoom","Type":"Public"`: "meet",
		`"GroupType":"","Type":""`:               "pub meet",
	} {
		if got := a.list(`{%s}`, filter); got.ids() != want {
			t.Errorf("%s lists %s, want %s", filter, got.ids(), want)
		}
	}
	if got := a.joined(`{"Member_Account":"cook","GroupType":"","Type":"Public"}`); got != "1: pub" {
		t.Errorf("joined are %s, want pub alone", got)
	}
}

func TestListGroupsPagesInOrderOfCreation(t *testing.T) {
	a := newApp(t, func(o *apitest.Options) { o.OneProcess("numbers of accounts and groups") })
	for i, kind := range []string{"Public", "Private", "Public", "AVChatRoom", "ChatRoom", "Public", "Community"} {
		id := fmt.Sprint("g", i)
		if kind == "Community" {
			id = "@TGS#_g6"
		}
		a.create(`{"Type":%q,"Name":"n","GroupId":%q}`, kind, id)
		a.Clock.Advance(minute)
	}
	if got := a.list(`{}`); got.ids() != "g0 g1 g2 g3 g4 g5 @TGS#_g6" || got.TotalCount != 7 || got.Next != 0 {
		t.Errorf("all at once: %+v", got)
	}
	first := a.list(`{"Limit":3,"Next":0}`)
	if first.ids() != "g0 g1 g2" || first.TotalCount != 7 || first.Next == 0 || first.Next >= 1<<53 {
		t.Errorf("first page: %+v", first)
	}
	// What comes and goes between pages hides nothing and shows nothing twice.
	a.group("destroy_group", `{"GroupId":"g2"}`).MustOK(t)
	a.create(`{"Type":"Public","Name":"n","GroupId":"g7"}`)
	second := a.list(`{"Limit":3,"Next":"%d"}`, first.Next) // as text, as one client sends it
	if second.ids() != "g3 g4 g5" || second.TotalCount != 7 {
		t.Errorf("second page: %+v", second)
	}
	third := a.list(`{"Limit":2,"Next":%d}`, second.Next)
	if third.ids() != "@TGS#_g6 g7" || third.Next != 0 {
		t.Errorf("third page: %+v", third)
	}
	if got := a.list(`{"GroupType":"Public","Limit":2}`); got.ids() != "g0 g5" || got.TotalCount != 3 || got.Next == 0 {
		t.Errorf("Public: %+v", got)
	}
	if got := a.list(`{"Type":"Meeting","Limit":0}`); got.ids() != "g4" || got.TotalCount != 1 {
		t.Errorf("Type Meeting: %+v", got)
	}
	if got := a.list(`{"Type":"Public","GroupType":"Work"}`); got.ids() != "g1" {
		t.Errorf("GroupType must win over Type: %+v", got)
	}
	if got := a.list(`{"Type":"Public","GroupType":""}`); got.ids() != "g0 g5 g7" {
		t.Errorf("Type must be taken where GroupType is empty: %+v", got)
	}
	if got := a.list(`{"GroupType":"BChatRoom"}`); got.ids() != "" || got.TotalCount != 0 {
		t.Errorf("BChatRoom: %+v", got)
	}
	if got := a.list(`{"GroupType":""}`); got.TotalCount != 7 {
		t.Errorf("empty GroupType: %+v", got)
	}
	if got := a.list(`{"Next":18446744073709551615}`); got.ids() != "" || got.Next != 0 || got.TotalCount != 7 {
		t.Errorf("after the last number there can be: %+v", got)
	}
	a.Restart(t)
	if got := a.list(`{"Next":%d}`, second.Next); got.ids() != "@TGS#_g6 g7" || got.TotalCount != 7 {
		t.Errorf("after a restart: %+v", got)
	}
}

func TestListGroupsCodes(t *testing.T) {
	a := newApp(t)
	for _, c := range []struct {
		body string
		code int
	}{
		{`{"Limit":10000}`, 0},
		{`{"Limit":10001}`, 10004},
		{`{"Limit":-1}`, 10004},
		{`{"Limit":"1"}`, 10004},
		{`{"Next":5.0}`, 0},
		{`{"Next":1e3}`, 0},
		{`{"Next":"5"}`, 0},
		{`{"Next":18446744073709551615}`, 0},
		{`{"Next":-1}`, 10004},
		{`{"Next":true}`, 10004},
		{`{"Next":"x"}`, 10004},
		{`{"Next":1.5}`, 10004},
		{`{"Next":18446744073709551616}`, 10004},
		{`{"GroupType":"work"}`, 10004},
		{`{"GroupType":5}`, 10004},
	} {
		a.group("get_appid_group_list", "%s", c.body).WantCode(t, c.code)
	}
}
