package api_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/chat"
)

// groupInfo is one element of get_group_info's answer.
type groupInfo struct {
	GroupID           string `json:"GroupId"`
	ErrorCode         int
	Type, Name        string
	Introduction      string
	Notification      string
	FaceURL           string `json:"FaceUrl"`
	Owner             string `json:"Owner_Account"`
	CreateTime        int64
	InfoSeq           uint64
	LastInfoTime      int64
	LastMsgTime       int64
	NextMsgSeq        uint64
	MemberNum         int
	MaxMemberNum      int
	ApplyJoinOption   string
	InviteJoinOption  string
	MuteAllMember     string
	HistoryMsg        string `json:"HistoryMsgBeforeJoin"`
	SupportTopic      *int
	EnablePermission  *int
	DefaultPermission *int64
	AppDefinedData    []chat.Field
	MemberList        []memberInfo
}

type memberInfo struct {
	Account   string `json:"Member_Account"`
	Role      string
	JoinTime  int64
	MsgSeq    int
	MsgFlag   string
	NameCard  string
	MuteUntil int64
	Custom    []chat.Field `json:"AppMemberDefinedData"`
}

func (a *app) info(id string) groupInfo {
	a.t.Helper()
	var answer struct{ GroupInfo []groupInfo }
	a.group("get_group_info", `{"GroupIdList":[%q]}`, id).MustOK(a.t).Decode(a.t, &answer)
	return answer.GroupInfo[0]
}

// create creates a group and returns its id.
func (a *app) create(format string, args ...any) string {
	a.t.Helper()
	var answer struct {
		GroupID string `json:"GroupId"`
	}
	a.group("create_group", format, args...).MustOK(a.t).Decode(a.t, &answer)
	return answer.GroupID
}

func TestCreateGroupStoresWhatItIsGiven(t *testing.T) {
	a := newApp(t)
	a.accounts("capt_ines", "bosun", "cook")
	a.group("create_group", `{
	  "Type": "Public", "Name": "Harbour crew", "Owner_Account": "capt_ines", "GroupId": "harbour-crew",
	  "Introduction": "Shift planning", "MaxMemberCount": 300, "ApplyJoinOption": "NeedPermission",
	  "InviteJoinOption": "DisableInvite", "AppDefinedData": [ { "Key": "Port", "Value": "RTM" } ],
	  "MemberList": [
	    { "Member_Account": "bosun", "Role": "Admin" },
	    { "Member_Account": "cook", "NameCard":"Chef", "JoinTime":7, "ShutUpUntil":0, "AppMemberDefinedData": [ { "Key": "Deck", "Value": 2 } ] } ]
	}`).WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupId":"harbour-crew","Type":"Public","HugeGroupFlag":0}`)

	now := a.Clock.Now().Unix()
	a.group("get_group_info", `{"GroupIdList":["harbour-crew"]}`).WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,
	 "GroupInfo":[{"GroupId":"harbour-crew","ErrorCode":0,"ErrorInfo":"","Type":"Public","Appid":1400000001,
	  "Name":"Harbour crew","Introduction":"Shift planning","Notification":"","FaceUrl":"","Owner_Account":"capt_ines",
	  "CreateTime":%[1]d,"InfoSeq":1,"LastInfoTime":%[1]d,"LastMsgTime":0,"NextMsgSeq":1,"MemberNum":3,"MaxMemberNum":300,
	  "ApplyJoinOption":"NeedPermission","InviteJoinOption":"DisableInvite","MuteAllMember":"Off","ShutUpAllMember":"Off",
	  "HistoryMsgBeforeJoin":"Off","AppDefinedData":[{"Key":"Port","Value":"RTM"}],"MemberList":[
	  {"Member_Account":"capt_ines","Role":"Owner","JoinTime":%[1]d,"MsgSeq":0,"MsgFlag":"AcceptAndNotify","LastSendMsgTime":0,"MuteUntil":0,"ShutUpUntil":0,"NameCard":"","AppMemberDefinedData":[]},
	  {"Member_Account":"bosun","Role":"Admin","JoinTime":%[1]d,"MsgSeq":0,"MsgFlag":"AcceptAndNotify","LastSendMsgTime":0,"MuteUntil":0,"ShutUpUntil":0,"NameCard":"","AppMemberDefinedData":[]},
	  {"Member_Account":"cook","Role":"Member","JoinTime":%[1]d,"MsgSeq":0,"MsgFlag":"AcceptAndNotify","LastSendMsgTime":0,"MuteUntil":0,"ShutUpUntil":0,"NameCard":"Chef","AppMemberDefinedData":[{"Key":"Deck","Value":"2"}]}]}]}`, now))
}

func TestCreateGroupDefaultsByType(t *testing.T) {
	a := newApp(t)
	for _, c := range []struct {
		kind, canonical, id     string
		apply, invite, history  string
		maxMembers, hugeFlag    int
		explicit, afterExplicit string // ApplyJoinOption given at creation
	}{
		{"Private", "Private", `^@TGS#1[A-Z2-7]+$`, "DisableApply", "FreeAccess", "Off", 6000, 0, "FreeAccess", "DisableApply"},
		{"Work", "Private", `^@TGS#1[A-Z2-7]+$`, "DisableApply", "FreeAccess", "Off", 6000, 0, "FreeAccess", "DisableApply"},
		{"Public", "Public", `^@TGS#2[A-Z2-7]+$`, "NeedPermission", "DisableInvite", "Off", 6000, 0, "DisableApply", "DisableApply"},
		{"ChatRoom", "ChatRoom", `^@TGS#3[A-Z2-7]+$`, "NeedPermission", "DisableInvite", "On", 6000, 0, "FreeAccess", "FreeAccess"},
		{"Meeting", "ChatRoom", `^@TGS#3[A-Z2-7]+$`, "NeedPermission", "DisableInvite", "On", 6000, 0, "FreeAccess", "FreeAccess"},
		{"AVChatRoom", "AVChatRoom", `^@TGS#a[A-Z2-7]+$`, "FreeAccess", "", "", 0, 1, "NeedPermission", "NeedPermission"},
		{"Community", "Community", `^@TGS#_@TGS#c[A-Z2-7]+$`, "FreeAccess", "DisableInvite", "", 1_000_000, 0, "DisableApply", "FreeAccess"},
	} {
		t.Run(c.kind, func(t *testing.T) {
			var made struct {
				GroupID       string `json:"GroupId"`
				Type          string
				HugeGroupFlag int
			}
			a.group("create_group", `{"Type":%q,"Name":"n","GroupId":""}`, c.kind).MustOK(t).Decode(t, &made)
			if made.Type != c.canonical || made.HugeGroupFlag != c.hugeFlag || !regexp.MustCompile(c.id).MatchString(made.GroupID) {
				t.Errorf("created %+v", made)
			}
			got := a.info(made.GroupID)
			if got.Type != c.canonical || got.ApplyJoinOption != c.apply || got.InviteJoinOption != c.invite ||
				got.HistoryMsg != c.history || got.MaxMemberNum != c.maxMembers || got.Owner != "" || got.MemberNum != 0 || got.MuteAllMember != "Off" {
				t.Errorf("defaults are %+v", got)
			}
			id := a.create(`{"Type":%q,"Name":"n","ApplyJoinOption":%q,"InviteJoinOption":"NeedPermission"}`, c.kind, c.explicit)
			got = a.info(id)
			if got.ApplyJoinOption != c.afterExplicit {
				t.Errorf("ApplyJoinOption %s given at creation became %s, want %s", c.explicit, got.ApplyJoinOption, c.afterExplicit)
			}
			invite := "NeedPermission"
			if c.invite == "" { // nobody is invited into an AVChatRoom
				invite = ""
			}
			if got.InviteJoinOption != invite {
				t.Errorf("InviteJoinOption NeedPermission given at creation became %q, want %q", got.InviteJoinOption, invite)
			}
		})
	}
}

func TestCreateGroupCodes(t *testing.T) {
	a := newApp(t, func(o *apitest.Options) { o.Settings.RefusedWords = []string{"swine"} })
	a.accounts("ann", "bob")
	members := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(`{"Member_Account":"m%d"}`, i)
		}
		return strings.Join(list, ",")
	}
	keys := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(`{"Key":"K%d","Value":"v"}`, i)
		}
		return strings.Join(list, ",")
	}
	base := `"Type":"Public","Name":"n"`
	for _, c := range []struct {
		name, body string
		code       int
	}{
		{"no Type", `{"Name":"n"}`, 10004},
		{"empty Type", `{"Type":"","Name":"n"}`, 10004},
		{"unknown Type", `{"Type":"public","Name":"n"}`, 10004},
		{"retired Type", `{"Type":"BChatRoom","Name":"n"}`, 10004},
		{"no Name", `{"Type":"Public"}`, 10004},
		{"empty Name", `{"Type":"Public","Name":""}`, 10004},
		{"Name is a number", `{"Type":"Public","Name":5}`, 10004},
		{"Name of 101 bytes", fmt.Sprintf(`{"Type":"Public","Name":%q}`, strings.Repeat("n", 101)), 10004},
		{"Name of 51 characters and 102 bytes", fmt.Sprintf(`{"Type":"Public","Name":%q}`, strings.Repeat("ä", 51)), 10004},
		{"Introduction of 401 bytes", fmt.Sprintf(`{%s,"Introduction":%q}`, base, strings.Repeat("n", 401)), 10004},
		{"Notification of 401 bytes", fmt.Sprintf(`{%s,"Notification":%q}`, base, strings.Repeat("n", 401)), 10004},
		{"FaceUrl of 501 bytes", fmt.Sprintf(`{%s,"FaceUrl":%q}`, base, strings.Repeat("n", 501)), 10004},
		{"bad ApplyJoinOption", `{` + base + `,"ApplyJoinOption":"Free"}`, 10004},
		{"bad InviteJoinOption", `{` + base + `,"InviteJoinOption":"DisableApply"}`, 10004},
		{"negative MaxMemberCount", `{` + base + `,"MaxMemberCount":-1}`, 10004},
		{"SupportTopic 2", `{"Type":"Community","Name":"n","SupportTopic":2}`, 10004},
		{"reserved GroupId", `{` + base + `,"GroupId":"@TGS#mine"}`, 10004},
		{"GroupId of 49 bytes", fmt.Sprintf(`{%s,"GroupId":%q}`, base, strings.Repeat("g", 49)), 10004},
		{"GroupId not ASCII", `{` + base + `,"GroupId":"grüppe"}`, 10004},
		{"Community without prefix", `{"Type":"Community","Name":"n","GroupId":"town"}`, 10004},
		{"Community with generated prefix", `{"Type":"Community","Name":"n","GroupId":"@TGS#_@TGS#town"}`, 10004},
		{"Community whose name is empty", `{"Type":"Community","Name":"n","GroupId":"@TGS#_"}`, 10004},
		{"Community of a topic's form", `{"Type":"Community","Name":"n","GroupId":"@TGS#_town@TOPIC#_a"}`, 10004},
		{"EnablePermission 2", `{"Type":"Community","Name":"n","SupportTopic":1,"EnablePermission":2}`, 10004},
		{"custom key with blank", `{` + base + `,"AppDefinedData":[{"Key":" Port","Value":"x"}]}`, 10004},
		{"custom value of 513 bytes", fmt.Sprintf(`{%s,"AppDefinedData":[{"Key":"Port","Value":%q}]}`, base, strings.Repeat("v", 513)), 10004},
		{"custom value is an object", `{` + base + `,"AppDefinedData":[{"Key":"Port","Value":{}}]}`, 10004},
		{"custom value is true", `{` + base + `,"AppDefinedData":[{"Key":"Port","Value":true}]}`, 10004},
		{"11 custom keys", `{` + base + `,"AppDefinedData":[` + keys(11) + `]}`, 10004},
		{"6 custom keys of a member", `{` + base + `,"MemberList":[{"Member_Account":"ann","AppMemberDefinedData":[` + keys(6) + `]}]}`, 10004},
		{"custom value missing", `{` + base + `,"AppDefinedData":[{"Key":"Port"}]}`, 10004},
		{"member without account", `{` + base + `,"MemberList":[{"Role":"Admin"}]}`, 10004},
		{"member of a bad role", `{` + base + `,"MemberList":[{"Member_Account":"ann","Role":"Owner"}]}`, 10004},
		{"NameCard of 51 bytes", fmt.Sprintf(`{%s,"MemberList":[{"Member_Account":"ann","NameCard":%q}]}`, base, strings.Repeat("n", 51)), 10004},
		{"Owner_Account not a UserID", `{` + base + `,"Owner_Account":" ann"}`, 10004},
		{"Owner_Account is a number", `{` + base + `,"Owner_Account":5}`, 60015},
		{"Member_Account is a number", `{` + base + `,"MemberList":[{"Member_Account":5}]}`, 60015},
		{"101 members", `{` + base + `,"MemberList":[` + members(101) + `]}`, 10005},
		{"AVChatRoom with members", `{"Type":"AVChatRoom","Name":"n","MemberList":[{"Member_Account":"ann"}]}`, 10007},
		{"Private with an admin", `{"Type":"Private","Name":"n","MemberList":[{"Member_Account":"ann","Role":"Admin"}]}`, 10007},
		{"unknown owner", `{` + base + `,"Owner_Account":"ghost"}`, 10019},
		{"unknown member", `{` + base + `,"MemberList":[{"Member_Account":"ann"},{"Member_Account":"ghost"}]}`, 10019},
		{"member of bad syntax", `{` + base + `,"MemberList":[{"Member_Account":" ann"}]}`, 10019},
		{"more members than MaxMemberCount", `{` + base + `,"MaxMemberCount":1,"Owner_Account":"ann","MemberList":[{"Member_Account":"bob"}]}`, 10038},
		{"MaxMemberCount above the ceiling", `{` + base + `,"MaxMemberCount":6001}`, 10038},
		{"MaxMemberCount above a Community's ceiling", `{"Type":"Community","Name":"n","MaxMemberCount":1000001}`, 10038},
		{"refused word in Name", `{"Type":"Public","Name":"you swine"}`, 80001},
		{"refused word in Introduction", `{` + base + `,"Introduction":"you swine"}`, 80001},
		{"refused word in Notification", `{` + base + `,"Notification":"you swine"}`, 80001},
	} {
		t.Run(c.name, func(t *testing.T) {
			a.group("create_group", "%s", c.body).WantCode(t, c.code)
		})
	}
	a.group("get_appid_group_list", `{}`).WantJSON(t,
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"TotalCount":0,"GroupIdList":[],"Next":0}`)
}

func TestCreateGroupAcceptsTheLimitsThemselves(t *testing.T) {
	a := newApp(t)
	var ids, list []string
	for i := range 100 {
		ids = append(ids, fmt.Sprintf("m%d", i))
		list = append(list, fmt.Sprintf(`{"Member_Account":"m%d"}`, i))
	}
	a.accounts(ids...)
	n := func(count int) string { return strings.Repeat("n", count) }
	id := a.create(`{"Type":"Public","Name":%q,"Introduction":%q,"Notification":%q,"FaceUrl":%q,"GroupId":%q,"MaxMemberCount":6000,
	  "AppDefinedData":[{"Key":"A123456789_12345","Value":%q}],"MemberList":[%s]}`,
		n(100), n(400), n(400), n(500), n(48), n(512), strings.Join(list, ","))
	got := a.info(id)
	if got.MemberNum != 100 || len(got.Name) != 100 || len(got.AppDefinedData) != 1 || got.MaxMemberNum != 6000 {
		t.Errorf("group is %+v", got)
	}
	if id := a.create(`{"Type":"Public","Name":"n","MaxMemberNum":7,"MemberList":[{"Member_Account":"m1"}]}`); a.info(id).MaxMemberNum != 7 {
		t.Error("MaxMemberNum is not taken where MaxMemberCount is absent")
	}
	if id := a.create(`{"Type":"Public","Name":"n","MaxMemberCount":0,"MaxMemberNum":7}`); a.info(id).MaxMemberNum != 7 {
		t.Error("MaxMemberCount 0 hides MaxMemberNum")
	}
	if id := a.create(`{"Type":"Public","Name":"n","MaxMemberCount":0}`); a.info(id).MaxMemberNum != 6000 {
		t.Error("MaxMemberCount 0 is not \"not given\"")
	}
}

func TestTextsOfTooLongProfilesAreTheKnownOnes(t *testing.T) {
	a := newApp(t)
	id := a.create(`{"Type":"Public","Name":"n"}`)
	for field, want := range map[string]string{"Name": "group name is too long", "Introduction": "introduction is too long"} {
		long := strings.Repeat("n", 401)
		if got := a.group("modify_group_base_info", `{"GroupId":%q,%q:%q}`, id, field, long).WantCode(t, 10004).Info; got != want {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
}

func TestGroupIDInUseTellsOnesOwnGroup(t *testing.T) {
	a := newApp(t)
	a.accounts("ann", "bob")
	a.create(`{"Type":"Public","Name":"n","GroupId":"taken","Owner_Account":"ann"}`)
	a.create(`{"Type":"Public","Name":"n","GroupId":"ownerless"}`)
	a.create(`{"Type":"Public","Name":"n","GroupId":"mine","Owner_Account":"administrator"}`)
	for _, c := range []struct {
		command, id, owner string
		code               int
		info               string
	}{
		{"create_group", "taken", "bob", 10021, "group id has be used!"},
		{"create_group", "taken", "", 10021, "group id has be used!"},
		{"create_group", "taken", "ghost", 10021, "group id has be used!"}, // before accounts are looked at
		{"create_group", "taken", "ann", 10025, "group id has be used by youself!"},
		{"create_group", "ownerless", "", 10021, "group id has be used!"},
		{"create_group", "mine", "", 10025, "group id has be used by youself!"},
		{"create_group", "mine", "ann", 10021, "group id has be used!"},
		{"import_group", "taken", "ann", 10021, "group id has be used!"},
	} {
		answer := a.group(c.command, `{"Type":"Public","Name":"n","GroupId":%q,"Owner_Account":%q}`, c.id, c.owner).WantCode(t, c.code)
		if answer.Info != c.info {
			t.Errorf("%s of %s for %q: %q, want %q", c.command, c.id, c.owner, answer.Info, c.info)
		}
	}
	if got := a.info("taken"); got.MemberNum != 1 || got.InfoSeq != 1 {
		t.Errorf("refused creations changed the group to %+v", got)
	}
}

func TestOwnerInMemberListIsOneRecord(t *testing.T) {
	a := newApp(t)
	a.accounts("ann", "bob")
	id := a.create(`{"Type":"Public","Name":"n","Owner_Account":"ann","MemberList":[
	  {"Member_Account":"bob","AppMemberDefinedData":[{"Key":"K","Value":"1"}]},
	  {"Member_Account":"ann","Role":"Admin","AppMemberDefinedData":[{"Key":"K","Value":"o"}]},
	  {"Member_Account":"bob","Role":"Admin","AppMemberDefinedData":[{"Key":"K","Value":"2"}]}]}`)
	got := a.info(id)
	want := []memberInfo{{Account: "ann", Role: "Owner"}, {Account: "bob", Role: "Admin"}}
	if got.MemberNum != 2 || len(got.MemberList) != 2 {
		t.Fatalf("members are %+v", got.MemberList)
	}
	for i, m := range got.MemberList {
		if m.Account != want[i].Account || m.Role != want[i].Role {
			t.Errorf("member %d is %+v, want %+v", i, m, want[i])
		}
	}
	if got.MemberList[0].Custom[0].Value != "o" || got.MemberList[1].Custom[0].Value != "2" {
		t.Errorf("custom fields are %+v, the last given of each must count", got.MemberList)
	}
	// When the ownership goes on, the admin's role in the request is not left over.
	a.group("change_group_owner", `{"GroupId":%q,"NewOwner_Account":"bob"}`, id).MustOK(t)
	if role := a.info(id).MemberList[0].Role; role != "Member" {
		t.Errorf("the former owner is %s, want Member", role)
	}
}

func TestAVChatRoomKeepsNoMemberEvenForItsOwner(t *testing.T) {
	a := newApp(t)
	a.accounts("ann")
	id := a.create(`{"Type":"AVChatRoom","Name":"live","Owner_Account":"ann","MaxMemberCount":5,"InviteJoinOption":"FreeAccess"}`)
	got := a.info(id)
	if got.Owner != "ann" || got.MemberNum != 0 || got.MaxMemberNum != 0 || got.InviteJoinOption != "" || got.MemberList == nil || len(got.MemberList) != 0 {
		t.Errorf("room is %+v", got)
	}
	// It has no limit of members, so none is too great.
	a.group("modify_group_base_info", `{"GroupId":%q,"MaxMemberNum":6001}`, id).MustOK(t)
	if room := a.info(a.create(`{"Type":"AVChatRoom","Name":"live","MaxMemberCount":6001}`)); room.MaxMemberNum != 0 {
		t.Errorf("MaxMemberNum is %d", room.MaxMemberNum)
	}
}

func TestCommunityOptionsAreForCommunities(t *testing.T) {
	a := newApp(t)
	plain := a.info(a.create(`{"Type":"Public","Name":"n","SupportTopic":1,"EnablePermission":1,"DefaultPermission":5}`))
	if plain.SupportTopic != nil || plain.EnablePermission != nil {
		t.Errorf("a Public group shows %+v", plain)
	}
	without := a.info(a.create(`{"Type":"Community","Name":"n","GroupId":"@TGS#_plain","EnablePermission":1}`))
	if without.SupportTopic == nil || *without.SupportTopic != 0 || without.EnablePermission != nil {
		t.Errorf("a Community without topics shows %+v", without)
	}
	with := a.info(a.create(`{"Type":"Community","Name":"n","GroupId":"@TGS#_topics","SupportTopic":1,"EnablePermission":1}`))
	if *with.SupportTopic != 1 || *with.EnablePermission != 1 || *with.DefaultPermission != 320 {
		t.Errorf("a Community with topics shows %+v", with)
	}
	mask := a.info(a.create(`{"Type":"Community","Name":"n","SupportTopic":1,"EnablePermission":1,"DefaultPermission":4611686018427387905}`))
	if *mask.DefaultPermission != 4611686018427387905 {
		t.Errorf("the mask became %d", *mask.DefaultPermission)
	}
	off := a.info(a.create(`{"Type":"Community","Name":"n","SupportTopic":1,"DefaultPermission":5}`))
	if *off.EnablePermission != 0 || *off.DefaultPermission != 0 {
		t.Errorf("without EnablePermission the mask is %d", *off.DefaultPermission)
	}
}

func TestCommunitiesCanBeSwitchedOff(t *testing.T) {
	a := newApp(t, func(o *apitest.Options) { o.Settings.Communities = false })
	a.group("create_group", `{"Type":"Community","Name":"n"}`).WantCode(t, 11000)
	a.group("import_group", `{"Type":"Community","Name":"n"}`).WantCode(t, 11000)
}

func TestGroupQuotas(t *testing.T) {
	t.Run("all groups", func(t *testing.T) {
		a := newApp(t, func(o *apitest.Options) {
			o.Settings.MaxGroups = 2
			o.OneProcess("numbers of accounts and groups")
		})
		a.create(`{"Type":"Public","Name":"n","GroupId":"one"}`)
		a.create(`{"Type":"Community","Name":"n"}`)
		a.group("create_group", `{"Type":"Public","Name":"n"}`).WantCode(t, 10058)
		a.group("import_group", `{"Type":"Private","Name":"n"}`).WantCode(t, 10058)
		a.group("destroy_group", `{"GroupId":"one"}`).MustOK(t)
		a.create(`{"Type":"Public","Name":"n"}`)
		a.Restart(t)
		a.group("create_group", `{"Type":"Public","Name":"n"}`).WantCode(t, 10058)
	})
	t.Run("live rooms", func(t *testing.T) {
		a := newApp(t, func(o *apitest.Options) {
			o.Settings.MaxAVChatRooms = 1
			o.OneProcess("numbers of accounts and groups")
		})
		a.create(`{"Type":"AVChatRoom","Name":"n","GroupId":"room"}`)
		a.group("create_group", `{"Type":"AVChatRoom","Name":"n"}`).WantCode(t, 10036)
		a.create(`{"Type":"Public","Name":"n"}`)
		a.group("destroy_group", `{"GroupId":"room"}`).MustOK(t)
		a.create(`{"Type":"AVChatRoom","Name":"n"}`)
	})
	t.Run("groups of one account", func(t *testing.T) {
		a := newApp(t, func(o *apitest.Options) { o.Settings.MaxGroupsPerUser = 2 })
		a.accounts("ann", "bob")
		a.create(`{"Type":"Public","Name":"n","GroupId":"one","Owner_Account":"ann"}`)
		a.create(`{"Type":"AVChatRoom","Name":"n","GroupId":"two","Owner_Account":"ann"}`)
		a.group("create_group", `{"Type":"Public","Name":"n","Owner_Account":"ann"}`).WantCode(t, 10037)
		a.group("create_group", `{"Type":"Public","Name":"n","Owner_Account":"bob","MemberList":[{"Member_Account":"ann"}]}`).WantCode(t, 10037)
		a.group("import_group", `{"Type":"Public","Name":"n","Owner_Account":"ann"}`).WantCode(t, 10037)
		a.group("destroy_group", `{"GroupId":"two"}`).MustOK(t)
		a.create(`{"Type":"Public","Name":"n","Owner_Account":"ann"}`)
	})
	t.Run("new groups of a day", func(t *testing.T) {
		a := newApp(t, func(o *apitest.Options) {
			o.Settings.MaxGroupsPerDay = 2
			o.OneProcess("numbers of accounts and groups")
		})
		a.create(`{"Type":"Public","Name":"n","GroupId":"one"}`)
		a.create(`{"Type":"Private","Name":"n"}`)
		a.group("create_group", `{"Type":"Public","Name":"n"}`).WantCode(t, 10006)
		a.create(`{"Type":"Community","Name":"n"}`) // does not count
		a.Restart(t)
		a.group("create_group", `{"Type":"Public","Name":"n"}`).WantCode(t, 10006)
		a.group("import_group", `{"Type":"Public","Name":"n","GroupId":"moved"}`).MustOK(t)
		a.group("destroy_group", `{"GroupId":"one"}`).MustOK(t)
		a.group("create_group", `{"Type":"Public","Name":"n"}`).WantCode(t, 10006)
		a.group("destroy_group", `{"GroupId":"moved"}`).MustOK(t)
		a.create(`{"Type":"Public","Name":"n"}`)
		a.Clock.Advance(day)
		a.create(`{"Type":"Public","Name":"n"}`)
	})
}

func TestHistoryBeforeJoinStartsAsItIsSet(t *testing.T) {
	a := newApp(t, func(o *apitest.Options) {
		o.Settings.HistoryBeforeJoin = []chat.GroupType{chat.Private, chat.Community}
	})
	for kind, want := range map[string]string{
		"Private": `,"HistoryMsgBeforeJoin":"On"`, "ChatRoom": `,"HistoryMsgBeforeJoin":"Off"`,
		"Community": "", // which has no choice
	} {
		id := a.create(`{"Type":%q,"Name":"n"}`, kind)
		a.group("get_group_info", `{"GroupIdList":[%q],"ResponseFilter":{"GroupBaseInfoFilter":["HistoryMsgBeforeJoin"]}}`, id).WantJSON(t,
			fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupInfo":[{"GroupId":%q,"ErrorCode":0,"ErrorInfo":""%s}]}`, id, want))
	}
}

func TestDeclaredKeysAreTheOnlyOnes(t *testing.T) {
	a := newApp(t, func(o *apitest.Options) {
		o.Settings.GroupCustomKeys = []string{"Port"}
		o.Settings.MemberCustomKeys = []string{"Deck", "Team"}
	})
	a.accounts("ann")
	a.group("create_group", `{"Type":"Public","Name":"n","AppDefinedData":[{"Key":"Other","Value":"x"}]}`).WantCode(t, 10004)
	a.group("create_group", `{"Type":"Public","Name":"n","MemberList":[{"Member_Account":"ann","AppMemberDefinedData":[{"Key":"Port","Value":"x"}]}]}`).WantCode(t, 10004)
	got := a.info(a.create(`{"Type":"Public","Name":"n","MemberList":[{"Member_Account":"ann","AppMemberDefinedData":[{"Key":"Team","Value":"x"}]}]}`))
	if fmt.Sprint(got.AppDefinedData, got.MemberList[0].Custom) != "[] [{Deck } {Team x}]" {
		t.Errorf("custom fields are %v and %v", got.AppDefinedData, got.MemberList[0].Custom)
	}
}

func TestImportGroupBringsItsOwnTime(t *testing.T) {
	a := newApp(t)
	a.accounts("capt_ines")
	a.group("import_group", `{"Type":"Public","Name":"Old crew","GroupId":"old-crew","Owner_Account":"capt_ines","CreateTime":1577836800,"MemberList":[{"Member_Account":"ghost"}]}`).
		WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupId":"old-crew"}`)
	got := a.info("old-crew")
	if got.CreateTime != 1577836800 || got.LastInfoTime != 1577836800 || got.NextMsgSeq != 1 || got.LastMsgTime != 0 ||
		got.MemberNum != 1 || got.MemberList[0].JoinTime != 1577836800 || got.MaxMemberNum != 6000 {
		t.Errorf("imported group is %+v", got)
	}
	now := a.Clock.Now().Unix()
	for _, c := range []struct {
		body string
		code int
	}{
		{fmt.Sprintf(`{"Type":"Public","Name":"n","CreateTime":%d}`, now+1), 10004},
		{fmt.Sprintf(`{"Type":"Public","Name":"n","CreateTime":%d}`, now), 0},
		{`{"Type":"Public","Name":"n","CreateTime":-1}`, 10004},
		{`{"Type":"Public","Name":"n","CreateTime":0}`, 0},
		{`{"Type":"Public","Name":"n","CreateTime":"1"}`, 10004},
		{`{"Type":"AVChatRoom","Name":"n"}`, 10007},
		{`{"Type":"Public","Name":"n","Owner_Account":"ghost"}`, 10019},
		{`{"Type":"Public","Name":"n","MaxMemberCount":6001}`, 10038},
		{`{"Type":"Public"}`, 10004},
		{`{"Name":"n"}`, 10004},
		{`{"Type":"BChatRoom","Name":"n"}`, 10004},
		{`{"Type":"Public","Name":"n","GroupId":"@TGS#mine"}`, 10004},
	} {
		a.group("import_group", "%s", c.body).WantCode(t, c.code)
	}
}

func TestImportGroupTakesWhatCreateTakes(t *testing.T) {
	a := newApp(t)
	a.group("import_group", `{"Type":"Meeting","Name":"n","GroupId":"meet","Introduction":"i","Notification":"a","FaceUrl":"f","MaxMemberCount":7,
	  "ApplyJoinOption":"DisableApply","InviteJoinOption":"FreeAccess","SupportTopic":1,"AppDefinedData":[{"Key":"Port","Value":"RTM"}]}`).MustOK(t)
	got := a.info("meet")
	if got.Type != "ChatRoom" || got.Introduction != "i" || got.Notification != "a" || got.FaceURL != "f" || got.MaxMemberNum != 7 ||
		got.ApplyJoinOption != "DisableApply" || got.InviteJoinOption != "FreeAccess" || got.SupportTopic != nil ||
		fmt.Sprint(got.AppDefinedData) != "[{Port RTM}]" || got.CreateTime != a.Clock.Now().Unix() {
		t.Errorf("imported group is %+v", got)
	}
	a.group("import_group", `{"Type":"Community","Name":"n","GroupId":"@TGS#_town","SupportTopic":1}`).MustOK(t)
	if town := a.info("@TGS#_town"); *town.SupportTopic != 1 || town.MaxMemberNum != 1_000_000 {
		t.Errorf("imported community is %+v", town)
	}
}

func TestImportGroupHasTheHostedDefaultOfMembersInItsProfile(t *testing.T) {
	a := newApp(t, func(o *apitest.Options) { o.Settings = chat.HostedSettings() })
	a.group("import_group", `{"Type":"Public","Name":"n","GroupId":"g"}`).MustOK(t)
	a.group("import_group", `{"Type":"Community","Name":"n","GroupId":"@TGS#_c"}`).MustOK(t)
	if g, c := a.info("g").MaxMemberNum, a.info("@TGS#_c").MaxMemberNum; g != 2000 || c != 1_000_000 {
		t.Errorf("MaxMemberNum of imported groups is %d and %d", g, c)
	}
}
