package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/api/apitest"
)

// tips returns the bodies of the stored tips of a group, oldest first.
func (a *app) tips(id string) []string {
	a.t.Helper()
	var history struct {
		Rows []struct {
			System int            `json:"IsSystemMsg"`
			Body   jsontext.Value `json:"MsgBody"`
		} `json:"RspMsgList"`
	}
	a.group("group_msg_get_simple", `{"GroupId":%q,"ReqMsgNumber":20}`, id).MustOK(a.t).Decode(a.t, &history)
	bodies := []string{}
	for _, row := range history.Rows {
		if row.System == 1 {
			bodies = append([]string{string(row.Body)}, bodies...)
		}
	}
	return bodies
}

func (a *app) wantTips(id string, want ...string) {
	a.t.Helper()
	got := a.tips(id)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		a.t.Errorf("tips of %s are\n%s\nwant\n%s", id, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestModifyGroupChangesWhatIsGiven(t *testing.T) {
	a := newApp(t)
	a.accounts("capt_ines", "bosun")
	a.create(`{"Type":"Public","Name":"Harbour crew","GroupId":"harbour-crew","Introduction":"Shift planning","Owner_Account":"capt_ines",
	  "AppDefinedData":[{"Key":"Port","Value":"RTM"},{"Key":"Flag","Value":"NL"}]}`)
	before := a.info("harbour-crew")
	a.Clock.Advance(minute)

	a.group("modify_group_base_info", `{"GroupId":"harbour-crew","Notification":"Gate B from Monday","MuteAllMember":"On",
	  "MaxMemberNum":500,"From_Account":"bosun","ApplyJoinOption":"FreeAccess","InviteJoinOption":"FreeAccess","HistoryMsgBeforeJoin":"On",
	  "AppDefinedData":[{"Key":"Port","Value":""},{"Key":"Berth","Value":7}]}`).WantJSON(t, plainOK)

	got := a.info("harbour-crew")
	if got.Notification != "Gate B from Monday" || got.MuteAllMember != "On" || got.MaxMemberNum != 500 || got.ApplyJoinOption != "FreeAccess" ||
		got.InviteJoinOption != "FreeAccess" || got.HistoryMsg != "On" || got.Name != "Harbour crew" || got.Introduction != "Shift planning" {
		t.Errorf("group is %+v", got)
	}
	if fmt.Sprint(got.AppDefinedData) != "[{Flag NL} {Berth 7}]" {
		t.Errorf("custom fields are %v", got.AppDefinedData)
	}
	if got.InfoSeq != before.InfoSeq+1 || got.LastInfoTime != before.LastInfoTime+60 || got.LastMsgTime != 0 {
		t.Errorf("InfoSeq, LastInfoTime, LastMsgTime are %d, %d, %d", got.InfoSeq, got.LastInfoTime, got.LastMsgTime)
	}
	a.wantTips("harbour-crew", `{"OpType":6,"Operator_Account":"bosun","MsgGroupNewInfo":{"GroupNotification":"Gate B from Monday"}}`)
}

func TestModifyGroupWithoutEffectLeavesNoTrace(t *testing.T) {
	a := newApp(t)
	a.create(`{"Type":"Public","Name":"n","GroupId":"g","Introduction":"i","AppDefinedData":[{"Key":"A","Value":"1"},{"Key":"B","Value":"2"}]}`)
	before := a.info("g")
	a.Clock.Advance(minute)
	for _, body := range []string{
		`{"GroupId":"g"}`,
		`{"GroupId":"g","Name":"n","Introduction":"i","MuteAllMember":"Off","MaxMemberNum":6000}`,
		`{"GroupId":"g","AppDefinedData":[{"Key":"B","Value":"2"},{"Key":"A","Value":"1"},{"Key":"C","Value":""}]}`,
		`{"GroupId":"g","MaxMemberNum":0,"ApplyJoinOption":"","MuteAllMember":"","From_Account":"","Name":null}`,
		`{"GroupId":"g","EnablePermission":1,"DefaultPermission":7}`,
	} {
		a.group("modify_group_base_info", "%s", body).WantJSON(t, plainOK)
	}
	if after := a.info("g"); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("group was %+v, is %+v", before, after)
	}
}

func TestModifyGroupCodes(t *testing.T) {
	a := newApp(t, func(o *apitest.Options) { o.Settings.RefusedWords = []string{"swine"} })
	a.create(`{"Type":"Public","Name":"n","GroupId":"g"}`)
	long := func(n int) string { return strings.Repeat("n", n) }
	for _, c := range []struct {
		name, body string
		code       int
	}{
		{"no GroupId", `{"Name":"x"}`, 10004},
		{"GroupId null", `{"GroupId":null,"Name":"x"}`, 10004},
		{"GroupId a number", `{"GroupId":5}`, 10004},
		{"empty GroupId", `{"GroupId":""}`, 10015},
		{"GroupId of 49 bytes", fmt.Sprintf(`{"GroupId":%q}`, long(49)), 10015},
		{"GroupId not ASCII", `{"GroupId":"grüppe"}`, 10015},
		{"unknown group", `{"GroupId":"ghost"}`, 10010},
		{"empty Name", `{"GroupId":"g","Name":""}`, 10004},
		{"form before the group", `{"GroupId":"ghost","Name":""}`, 10004},
		{"Name of 101 bytes", fmt.Sprintf(`{"GroupId":"g","Name":%q}`, long(101)), 10004},
		{"Notification of 401 bytes", fmt.Sprintf(`{"GroupId":"g","Notification":%q}`, long(401)), 10004},
		{"MuteAllMember on", `{"GroupId":"g","MuteAllMember":"on"}`, 10004},
		{"ShutUpAllMember on", `{"GroupId":"g","ShutUpAllMember":"on"}`, 10004},
		{"HistoryMsgBeforeJoin yes", `{"GroupId":"g","HistoryMsgBeforeJoin":"yes"}`, 10004},
		{"ApplyJoinOption", `{"GroupId":"g","ApplyJoinOption":"x"}`, 10004},
		{"InviteJoinOption", `{"GroupId":"g","InviteJoinOption":"x"}`, 10004},
		{"MaxMemberNum negative", `{"GroupId":"g","MaxMemberNum":-1}`, 10004},
		{"EnablePermission 2", `{"GroupId":"g","EnablePermission":2}`, 10004},
		{"bad custom key", `{"GroupId":"g","AppDefinedData":[{"Key":"1st","Value":"x"}]}`, 10004},
		{"custom value true", `{"GroupId":"g","AppDefinedData":[{"Key":"K","Value":true}]}`, 10004},
		{"From_Account ill-formed", `{"GroupId":"g","From_Account":" x"}`, 10004},
		{"From_Account a number", `{"GroupId":"g","From_Account":5}`, 60015},
		{"From_Account unknown", `{"GroupId":"g","From_Account":"ghost"}`, 10019},
		{"group before account", `{"GroupId":"ghost","From_Account":"ghost"}`, 10010},
		{"MaxMemberNum above the ceiling", `{"GroupId":"g","MaxMemberNum":6001}`, 10038},
		{"refused word", `{"GroupId":"g","Notification":"you swine"}`, 80001},
		{"Introduction of 401 bytes", fmt.Sprintf(`{"GroupId":"g","Introduction":%q}`, long(401)), 10004},
		{"FaceUrl of 501 bytes", fmt.Sprintf(`{"GroupId":"g","FaceUrl":%q}`, long(501)), 10004},
		{"a topic's id", `{"GroupId":"@TGS#_town@TOPIC#_a","Name":"x"}`, 10010},
	} {
		t.Run(c.name, func(t *testing.T) {
			a.group("modify_group_base_info", "%s", c.body).WantCode(t, c.code)
		})
	}
	if got := a.info("g"); got.InfoSeq != 1 || got.Name != "n" {
		t.Errorf("refused changes made the group %+v", got)
	}
	a.group("modify_group_base_info", `{"GroupId":"g","MaxMemberNum":6000,"Name":%q,"Notification":%q,"Introduction":"","FaceUrl":%q}`,
		long(100), long(400), long(500)).MustOK(t)
}

func TestGroupHoldsTenCustomKeys(t *testing.T) {
	a := newApp(t)
	a.create(`{"Type":"Public","Name":"n","GroupId":"g"}`)
	for i := range 10 {
		a.group("modify_group_base_info", `{"GroupId":"g","AppDefinedData":[{"Key":"K%d","Value":"v"}]}`, i).MustOK(t)
	}
	a.group("modify_group_base_info", `{"GroupId":"g","AppDefinedData":[{"Key":"K10","Value":"v"}]}`).WantCode(t, 10004)
	a.group("modify_group_base_info", `{"GroupId":"g","AppDefinedData":[{"Key":"K10","Value":"v"},{"Key":"K0","Value":""}]}`).MustOK(t)
}

func TestOldNameOfMuteAllMember(t *testing.T) {
	a := newApp(t)
	a.create(`{"Type":"Public","Name":"n","GroupId":"g"}`)
	a.group("modify_group_base_info", `{"GroupId":"g","ShutUpAllMember":"On"}`).MustOK(t)
	if got := a.info("g").MuteAllMember; got != "On" {
		t.Errorf("MuteAllMember is %s", got)
	}
	a.group("modify_group_base_info", `{"GroupId":"g","ShutUpAllMember":"On","MuteAllMember":"Off"}`).MustOK(t)
	if got := a.info("g").MuteAllMember; got != "Off" {
		t.Errorf("MuteAllMember is %s, the newer name must win", got)
	}
	a.group("modify_group_base_info", `{"GroupId":"g","ShutUpAllMember":"On","MuteAllMember":""}`).MustOK(t)
	if got := a.info("g").MuteAllMember; got != "On" {
		t.Errorf("MuteAllMember is %s, an empty newer name is not given", got)
	}
}

func TestFieldsOfOtherTypesAreIgnored(t *testing.T) {
	a := newApp(t)
	a.create(`{"Type":"AVChatRoom","Name":"n","GroupId":"live"}`)
	a.create(`{"Type":"Community","Name":"n","GroupId":"@TGS#_town"}`)
	a.create(`{"Type":"Private","Name":"n","GroupId":"team"}`)
	body := `"ApplyJoinOption":"NeedPermission","InviteJoinOption":"NeedPermission","HistoryMsgBeforeJoin":"On","MaxMemberNum":50`
	for id, want := range map[string]string{
		"live":       "NeedPermission||0|",
		"@TGS#_town": "FreeAccess|NeedPermission|50|",
		"team":       "NeedPermission|NeedPermission|50|On",
	} {
		a.group("modify_group_base_info", `{"GroupId":%q,%s}`, id, body).MustOK(t)
		g := a.info(id)
		if got := fmt.Sprintf("%s|%s|%d|%s", g.ApplyJoinOption, g.InviteJoinOption, g.MaxMemberNum, g.HistoryMsg); got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
	// What is ignored is no change of the profile either.
	for id, body := range map[string]string{
		"live":       `"InviteJoinOption":"FreeAccess","MaxMemberNum":51`,
		"@TGS#_town": `"ApplyJoinOption":"DisableApply"`,
	} {
		before := a.info(id).InfoSeq
		for _, history := range []string{"On", "Off"} {
			a.group("modify_group_base_info", `{"GroupId":%q,%s,"HistoryMsgBeforeJoin":%q}`, id, body, history).MustOK(t)
		}
		if after := a.info(id).InfoSeq; after != before {
			t.Errorf("%s: InfoSeq was %d, is %d", id, before, after)
		}
	}
}

func TestGroupCommandsWhereCommunitiesAreOff(t *testing.T) {
	on, off := twoServers(t, func(o *apitest.Options) { o.Settings.Communities = false })
	r := newRoomOn(t, on, "Community", "ann")
	a := &app{Server: off, t: t}
	for command, body := range map[string]string{
		"modify_group_base_info": `{"GroupId":%q,"Name":"x"}`,
		"change_group_owner":     `{"GroupId":%q,"NewOwner_Account":"ann"}`,
		"destroy_group":          `{"GroupId":%q}`,
	} {
		a.group(command, body, r.group).WantCode(t, 11000)
	}
	if got := a.info(r.group).ErrorCode; got != 11000 {
		t.Errorf("get_group_info's element has %d, want 11000", got)
	}
	if got := (&app{Server: on, t: t}).info(r.group); got.Name != "room" || got.Owner != "" {
		t.Errorf("refused changes made the group %+v", got)
	}
}

func TestPermissionsOfACommunityAreKeptAndShown(t *testing.T) {
	a := newApp(t)
	a.create(`{"Type":"Community","Name":"n","GroupId":"@TGS#_town","SupportTopic":1}`)
	for _, c := range []struct{ body, want string }{
		{`"DefaultPermission":9`, "0 0"}, // only with EnablePermission 1
		{`"EnablePermission":1`, "1 320"},
		{`"DefaultPermission":9`, "1 9"},
		{`"EnablePermission":0`, "0 9"},
		{`"EnablePermission":1`, "1 9"},
		{`"EnablePermission":1,"DefaultPermission":0`, "1 0"},
	} {
		a.group("modify_group_base_info", `{"GroupId":"@TGS#_town",%s}`, c.body).MustOK(t)
		g := a.info("@TGS#_town")
		if got := fmt.Sprint(*g.EnablePermission, *g.DefaultPermission); got != c.want {
			t.Errorf("after %s: %s, want %s", c.body, got, c.want)
		}
	}
}

func TestProfileTipsByType(t *testing.T) {
	a := newApp(t)
	for kind, want := range map[string]int{"Private": 1, "Public": 1, "ChatRoom": 1, "Community": 1} {
		id := a.create(`{"Type":%q,"Name":"n"}`, kind)
		a.group("modify_group_base_info", `{"GroupId":%q,"Name":"a<b>&c","FaceUrl":"f","MuteAllMember":"On"}`, id).MustOK(t)
		a.group("modify_group_base_info", `{"GroupId":%q,"MuteAllMember":"Off","ApplyJoinOption":"FreeAccess","MaxMemberNum":9}`, id).MustOK(t)
		if got := a.tips(id); len(got) != want || got[0] != `{"OpType":6,"Operator_Account":"administrator","MsgGroupNewInfo":{"GroupName":"a<b>&c","GroupFaceUrl":"f"}}` {
			t.Errorf("%s: tips are %v", kind, got)
		}
		if next := a.info(id).NextMsgSeq; next != 2 {
			t.Errorf("%s: NextMsgSeq is %d after one tip", kind, next)
		}
	}
	id := a.create(`{"Type":"AVChatRoom","Name":"n"}`)
	a.group("modify_group_base_info", `{"GroupId":%q,"Name":"m"}`, id).MustOK(t)
	if next := a.info(id).NextMsgSeq; next != 1 {
		t.Errorf("AVChatRoom: NextMsgSeq is %d, a tip must not be stored", next)
	}
}

func TestProfileTipNamesEachOfTheFourTexts(t *testing.T) {
	a := newApp(t)
	a.create(`{"Type":"Public","Name":"n","GroupId":"g"}`)
	a.group("modify_group_base_info", `{"GroupId":"g","Name":"m","Introduction":"i","Notification":"a","FaceUrl":"f"}`).MustOK(t)
	a.group("modify_group_base_info", `{"GroupId":"g","Name":"m","Introduction":"","Notification":"b"}`).MustOK(t)
	a.wantTips("g",
		`{"OpType":6,"Operator_Account":"administrator","MsgGroupNewInfo":{"GroupName":"m","GroupIntroduction":"i","GroupNotification":"a","GroupFaceUrl":"f"}}`,
		`{"OpType":6,"Operator_Account":"administrator","MsgGroupNewInfo":{"GroupIntroduction":"","GroupNotification":"b"}}`)
}

func TestProfileTipsCanBeSwitchedOff(t *testing.T) {
	a := newApp(t, func(o *apitest.Options) { o.Settings.TipsProfile = nil })
	a.accounts("ann", "bob")
	id := a.create(`{"Type":"Public","Name":"n","Owner_Account":"ann","MemberList":[{"Member_Account":"bob"}]}`)
	a.group("modify_group_base_info", `{"GroupId":%q,"Name":"m"}`, id).MustOK(t)
	a.group("change_group_owner", `{"GroupId":%q,"NewOwner_Account":"bob"}`, id).MustOK(t)
	if next := a.info(id).NextMsgSeq; next != 1 {
		t.Errorf("NextMsgSeq is %d", next)
	}
}

func TestChangeOwner(t *testing.T) {
	a := newApp(t)
	a.accounts("ann", "bob", "eve")
	a.create(`{"Type":"Public","Name":"n","GroupId":"g","Owner_Account":"ann","MemberList":[{"Member_Account":"bob","Role":"Admin"}]}`)
	a.Clock.Advance(minute)
	a.group("change_group_owner", `{"GroupId":"g","NewOwner_Account":"bob","From_Account":"eve"}`).WantJSON(t, plainOK)
	got := a.info("g")
	if got.Owner != "bob" || got.MemberList[0].Role != "Member" || got.MemberList[1].Role != "Owner" || got.InfoSeq != 2 || got.LastInfoTime != got.CreateTime+60 {
		t.Errorf("group is %+v", got)
	}
	a.wantTips("g", `{"OpType":6,"Operator_Account":"eve","MsgGroupNewInfo":{"Owner_Account":"bob"}}`)

	// The same owner again changes nothing.
	a.group("change_group_owner", `{"GroupId":"g","NewOwner_Account":"bob"}`).WantJSON(t, plainOK)
	if again := a.info("g"); again.InfoSeq != 2 || again.NextMsgSeq != 2 {
		t.Errorf("group is %+v", again)
	}
	// The admin that bob was does not come back when the ownership goes on.
	a.group("change_group_owner", `{"GroupId":"g","NewOwner_Account":"ann"}`).MustOK(t)
	if got := a.info("g"); got.MemberList[0].Role != "Owner" || got.MemberList[1].Role != "Member" {
		t.Errorf("members are %+v", got.MemberList)
	}
}

func TestChangeOwnerAppointsOneInAnOwnerlessGroup(t *testing.T) {
	a := newApp(t)
	a.accounts("ann")
	for _, kind := range []string{"Private", "Public", "ChatRoom", "Community"} {
		id := a.create(`{"Type":%q,"Name":"n","MemberList":[{"Member_Account":"ann"}]}`, kind)
		a.group("change_group_owner", `{"GroupId":%q,"NewOwner_Account":"ann"}`, id).MustOK(t)
		if got := a.info(id); got.Owner != "ann" || got.MemberNum != 1 {
			t.Errorf("%s is %+v", kind, got)
		}
	}
}

func TestChangeOwnerLeavesTheNewOwnersMute(t *testing.T) {
	a := newApp(t)
	a.accounts("ann", "bob")
	id := a.create(`{"Type":"Public","Name":"n","Owner_Account":"ann","MemberList":[{"Member_Account":"bob"}]}`)
	a.group("forbid_send_msg", `{"GroupId":%q,"Members_Account":["bob"],"MuteTime":600}`, id).MustOK(t)
	a.group("change_group_owner", `{"GroupId":%q,"NewOwner_Account":"bob"}`, id).MustOK(t)
	if got := a.info(id).MemberList[1].MuteUntil; got != a.Clock.Now().Unix()+600 {
		t.Errorf("MuteUntil is %d", got)
	}
}

func TestChangeOwnerCodes(t *testing.T) {
	a := newApp(t)
	a.accounts("ann", "eve")
	a.create(`{"Type":"Public","Name":"n","GroupId":"g","Owner_Account":"ann"}`)
	a.create(`{"Type":"AVChatRoom","Name":"n","GroupId":"live","Owner_Account":"ann"}`)
	for _, c := range []struct {
		name, body string
		code       int
	}{
		{"no GroupId", `{"NewOwner_Account":"ann"}`, 10004},
		{"no NewOwner_Account", `{"GroupId":"g"}`, 10004},
		{"empty NewOwner_Account", `{"GroupId":"g","NewOwner_Account":""}`, 10004},
		{"ill-formed NewOwner_Account", `{"GroupId":"g","NewOwner_Account":" ann"}`, 10004},
		{"NewOwner_Account a number", `{"GroupId":"g","NewOwner_Account":5}`, 60015},
		{"ill-formed From_Account", `{"GroupId":"g","NewOwner_Account":"ann","From_Account":" x"}`, 10004},
		{"malformed GroupId", `{"GroupId":"grüppe","NewOwner_Account":"ann"}`, 10015},
		{"empty GroupId", `{"GroupId":"","NewOwner_Account":"ann"}`, 10015},
		{"unknown group", `{"GroupId":"ghost","NewOwner_Account":"ann"}`, 10010},
		{"AVChatRoom", `{"GroupId":"live","NewOwner_Account":"ann"}`, 10007},
		{"type before accounts", `{"GroupId":"live","NewOwner_Account":"ghost"}`, 10007},
		{"never imported", `{"GroupId":"g","NewOwner_Account":"ghost"}`, 10019},
		{"From_Account unknown", `{"GroupId":"g","NewOwner_Account":"ann","From_Account":"ghost"}`, 10019},
		{"not a member", `{"GroupId":"g","NewOwner_Account":"eve"}`, 10004},
	} {
		t.Run(c.name, func(t *testing.T) {
			a.group("change_group_owner", "%s", c.body).WantCode(t, c.code)
		})
	}
	if got := a.info("g"); got.Owner != "ann" || got.InfoSeq != 1 {
		t.Errorf("group is %+v", got)
	}
}
