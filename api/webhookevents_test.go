package api_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/recant-chat/recant/api/apitest"
)

// Every event of spec 06 section 7 with its exact body.

func TestWebhooksOfAGroupsLife(t *testing.T) {
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(allGroupCommands...), "Public", "ann")
	b.wait("Group.CallbackAfterCreateGroup", 1) // of the fixture's room
	b.forget()

	r.group = "club"
	r.call("create_group", `{"Type":"Public","Name":"Chess <club>","GroupId":"club","Owner_Account":"ann",
		"MemberList":[{"Member_Account":"bob"},{"Member_Account":"bob","NameCard":"Bo"}],"AppDefinedData":[{"Key":"city","Value":"Turin"}],"MaxMemberCount":3}`).MustOK(t)
	b.wait("", 2)
	b.wait("Group.CallbackBeforeCreateGroup", 1)[0].wantBody(t, `{"CallbackCommand":"Group.CallbackBeforeCreateGroup",
		"Operator_Account":"administrator","Owner_Account":"ann","Type":"Public","Name":"Chess <club>","CreateGroupNum":0,
		"MemberList":[{"Member_Account":"bob"}],"EventTime":`+r.eventTime()+`}`)
	b.wait("Group.CallbackAfterCreateGroup", 1)[0].wantBody(t, `{"CallbackCommand":"Group.CallbackAfterCreateGroup","GroupId":"club",
		"Operator_Account":"administrator","Owner_Account":"ann","Type":"Public","Name":"Chess <club>",
		"MemberList":[{"Member_Account":"bob"}],"UserDefinedDataList":[{"Key":"city","Value":"Turin"}],"EventTime":`+r.eventTime()+`}`)

	// Joining fills the group; the next who would join finds it full.
	r.srv.Call(t, "im_open_login_svc", "multiaccount_import", `{"Accounts":["cyd","dan"]}`).MustOK(t)
	b.forget()
	r.call("add_group_member", `{"GroupId":"club","MemberList":[{"Member_Account":"ann"},{"Member_Account":"cyd"}]}`).MustOK(t)
	wantCommands(t, b.wait("", 3), "BeforeInviteJoinGroup", "AfterNewMemberJoin", "AfterGroupFull")
	b.heard("")[0].wantBody(t, `{"CallbackCommand":"Group.CallbackBeforeInviteJoinGroup","GroupId":"club","Type":"Public",
		"Operator_Account":"administrator","DestinationMembers":[{"Member_Account":"cyd"}],"EventTime":`+r.eventTime()+`}`)
	b.heard("")[1].wantBody(t, `{"CallbackCommand":"Group.CallbackAfterNewMemberJoin","GroupId":"club","Type":"Public","JoinType":"Invited",
		"Operator_Account":"administrator","NewMemberList":[{"Member_Account":"cyd"}],"EventTime":`+r.eventTime()+`}`)
	b.heard("")[2].wantBody(t, `{"CallbackCommand":"Group.CallbackAfterGroupFull","GroupId":"club","EventTime":`+r.eventTime()+`}`)
	b.forget()
	r.call("add_group_member", `{"GroupId":"club","MemberList":[{"Member_Account":"dan"}]}`).WantCode(t, 10014)
	wantCommands(t, b.wait("", 1), "AfterGroupFull")
	b.forget()

	r.call("modify_group_base_info", `{"GroupId":"club","Name":"Chess & tea","Notification":"Fridays","MaxMemberNum":9}`).MustOK(t)
	b.wait("", 1)[0].wantBody(t, `{"CallbackCommand":"Group.CallbackAfterGroupInfoChanged","GroupId":"club","Type":"Public",
		"Operator_Account":"administrator","Name":"Chess & tea","Notification":"Fridays","EventTime":`+r.eventTime()+`}`)
	b.forget()
	r.call("modify_group_member_info", `{"GroupId":"club","Member_Account":"bob","Role":"Admin","NameCard":"Bo"}`).MustOK(t)
	b.wait("", 1)[0].wantBody(t, `{"CallbackCommand":"Group.CallbackAfterMemberFieldChanged","GroupId":"club","Type":"Public",
		"Operator_Account":"administrator","Member_Account":"bob","Modified_Account":"bob","Role":"Admin","NameCard":"Bo","EventTime":`+r.eventTime()+`}`)
	b.forget()
	r.call("change_group_owner", `{"GroupId":"club","NewOwner_Account":"cyd"}`).MustOK(t)
	b.wait("", 1)[0].wantBody(t, `{"CallbackCommand":"Group.CallbackAfterChangeGroupOwner","GroupId":"club","Type":"Public",
		"Operator_Account":"administrator","OldOwner_Account":"ann","NewOwner_Account":"cyd","EventTime":`+r.eventTime()+`}`)
	b.forget()
	r.call("delete_group_member", `{"GroupId":"club","Silence":1,"MemberToDel_Account":["ann","stranger"]}`).MustOK(t)
	b.wait("", 1)[0].wantBody(t, `{"CallbackCommand":"Group.CallbackAfterMemberExit","GroupId":"club","Type":"Public","ExitType":"Kicked",
		"Operator_Account":"administrator","ExitMemberList":[{"Member_Account":"ann"}],"EventTime":`+r.eventTime()+`}`)
	b.forget()
	r.call("destroy_group", `{"GroupId":"club"}`).MustOK(t)
	b.wait("", 1)[0].wantBody(t, `{"CallbackCommand":"Group.CallbackAfterGroupDestroyed","GroupId":"club","Type":"Public","Owner_Account":"cyd",
		"Name":"Chess & tea","MemberList":[{"Member_Account":"bob"},{"Member_Account":"cyd"}],"EventTime":`+r.eventTime()+`}`)
}

func TestWebhooksOfMessages(t *testing.T) {
	b := newBackend(t)
	r := newRoomWith(t, b.hooked("Group.CallbackBeforeSendMsg", "Group.CallbackAfterSendMsg", "Group.CallbackAfterRecallMsg"), "Public", "ann", "bob")
	r.call("send_group_msg", `{"GroupId":%q,"From_Account":"ann","Random":88012345,"CloudCustomData":"c",
		"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"<b> & \u0000"}}],
		"GroupAtInfo":[{"GroupAtAllFlag":1},{"GroupAtAllFlag":0,"GroupAt_Account":"bob"}]}`, r.group).MustOK(t)
	calls := b.wait("", 2)
	var before struct {
		ID string `json:"MsgId"`
	}
	calls[0].decode(t, &before)
	calls[0].wantBody(t, fmt.Sprintf(`{"CallbackCommand":"Group.CallbackBeforeSendMsg","GroupId":%q,"Type":"Public","From_Account":"ann",
		"Operator_Account":"administrator","Random":88012345,"MsgId":%q,"OnlineOnlyFlag":0,"MsgPriority":"Normal",
		"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"<b> & \u0000"}}],"CloudCustomData":"c","EventTime":%s}`, r.group, before.ID, r.eventTime()))
	calls[1].wantBody(t, fmt.Sprintf(`{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":%q,"Type":"Public","From_Account":"ann",
		"Operator_Account":"administrator","Random":88012345,"MsgSeq":1,"MsgId":%q,"MsgTime":%d,"OnlineOnlyFlag":0,"MsgPriority":"Normal",
		"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"<b> & \u0000"}}],"CloudCustomData":"c",
		"GroupAtInfo":[{"GroupAtAllFlag":1},{"GroupAtAllFlag":0,"GroupAt_Account":"bob"}],"EventTime":%s}`, r.group, before.ID, r.now(), r.eventTime()))
	b.forget()
	r.recallSeqs(`"MsgSeqList":[{"MsgSeq":1},{"MsgSeq":7}],"Reason":"x"`).MustOK(t)
	b.wait("", 1)[0].wantBody(t, fmt.Sprintf(`{"CallbackCommand":"Group.CallbackAfterRecallMsg","Operator_Account":"administrator","Type":"Public",
		"GroupId":%q,"MsgSeqList":[{"MsgSeq":1,"MsgId":%q}],"EventTime":%s}`, r.group, before.ID, r.eventTime()))
	for _, c := range calls {
		if c.query.Get("ClientIP") != "127.0.0.1" || c.query.Get("OptPlatform") != "RESTAPI" || c.query.Get("SdkAppid") != "1400000001" {
			t.Errorf("query of %s is %v", c.command, c.query)
		}
	}
}

func TestWebhooksOfAttributes(t *testing.T) {
	b := newBackend(t)
	r := newRoomWith(t, b.hooked("Group.CallbackAfterGroupAttrChanged"), "Public", "ann")
	want := func(command, attributes, told string) {
		t.Helper()
		b.forget()
		fields := ""
		if attributes != "" {
			fields = `,"GroupAttr":` + attributes
		}
		r.call(command+"_group_attr", `{"GroupId":%q%s}`, r.group, fields).MustOK(t)
		b.wait("", 1)[0].wantBody(t, fmt.Sprintf(`{"CallbackCommand":"Group.CallbackAfterGroupAttrChanged","GroupId":%q,"Type":"Public",
			"Operator_Account":"administrator","OptionType":%q,"GroupAttr":%s,"EventTime":%s}`, r.group, command, told, r.eventTime()))
	}
	want("modify", `[{"key":"mood","value":"calm"},{"key":"seat","value":"1"},{"key":"mood","value":"wild"}]`, `[{"key":"mood","value":"wild"},{"key":"seat","value":"1"}]`)
	want("set", `[{"key":"a","value":""},{"key":"b","value":"2"}]`, `[{"key":"a","value":""},{"key":"b","value":"2"}]`)
	want("delete", `[{"key":"b","value":"ignored"}]`, `[{"key":"b","value":""}]`)
	want("clear", "", `[]`)
	want("clear", "", `[]`) // there is nothing to clear
	b.forget()
	r.call("delete_group_attr", `{"GroupId":%q,"GroupAttr":[{"key":"none"}]}`, r.group).WantCode(t, 10050)
	want("clear", "", `[]`)
}

func TestWebhooksOfProfiles(t *testing.T) {
	b := newBackend(t)
	r := newRoomWith(t, b.hooked("Profile.CallbackPortraitSet"), "Public", "ann")
	r.srv.Call(t, "im_open_login_svc", "account_import", `{"UserID":"ann","Nick":"Ann"}`).MustOK(t)
	set := func(items string) {
		t.Helper()
		r.srv.Call(t, "profile", "portrait_set", `{"From_Account":"ann","ProfileItem":`+items+`}`).MustOK(t)
	}
	set(`[{"Tag":"Tag_Profile_IM_Nick","Value":"A"},{"Tag":"Tag_Profile_IM_Level","Value":3},{"Tag":"Tag_Profile_IM_Nick","Value":"Ann"}]`)
	b.wait("", 1)[0].wantBody(t, `{"CallbackCommand":"Profile.CallbackPortraitSet","Operator_Account":"administrator","From_Account":"ann",
		"ProfileItem":[{"Tag":"Tag_Profile_IM_Level","Value":3},{"Tag":"Tag_Profile_IM_Nick","Value":"Ann"}],"EventTime":`+r.eventTime()+`}`)
	// An account that is deleted and imported again goes on telling.
	r.srv.Call(t, "im_open_login_svc", "account_delete", `{"DeleteItem":[{"UserID":"ann"}]}`).MustOK(t)
	r.srv.Call(t, "im_open_login_svc", "account_import", `{"UserID":"ann"}`).MustOK(t)
	set(`[{"Tag":"Tag_Profile_IM_Nick","Value":"new"}]`)
	b.wait("", 2)
}

func TestWebhooksOfReceipts(t *testing.T) {
	b := newBackend(t)
	r := newRoomWith(t, b.hooked("Group.CallbackAfterSendMsg", "Group.CallbackAfterReadReceipt"), "Public", "ann", "bob", "cyd")
	r.say("plain", "").MustOK(t)
	r.say("asks", `,"NeedReadReceipt":1`).MustOK(t)
	r.say("asks too", `,"NeedReadReceipt":1,"ForbidCallbackControl":["ForbidAfterSendMsgCallback"]`).MustOK(t)
	calls := b.wait("", 4)
	wantCommands(t, calls, "AfterSendMsg", "AfterSendMsg", "AfterReadReceipt", "AfterReadReceipt")
	calls[2].wantBody(t, fmt.Sprintf(`{"CallbackCommand":"Group.CallbackAfterReadReceipt","GroupId":%q,"Type":"Public",
		"GroupMsgReceiptList":[{"MsgSeq":2,"ReadNum":0,"UnreadNum":2,"ReadReceiptMembers":[]}],"EventTime":%s}`, r.group, r.eventTime()))
	b.forget()
	read := func(account string) {
		t.Helper()
		r.call("group_msg_receipt", `{"GroupId":%q,"From_Account":%q,"MsgSeqList":[{"MsgSeq":1},{"MsgSeq":2},{"MsgSeq":3}]}`, r.group, account).MustOK(t)
	}
	read("bob")
	read("bob") // tells nothing new
	read("ann") // is no reader of her own
	r.call("delete_group_member", `{"GroupId":%q,"MemberToDel_Account":["bob"]}`, r.group).MustOK(t)
	read("cyd")
	calls = b.wait("", 2)
	calls[0].wantBody(t, fmt.Sprintf(`{"CallbackCommand":"Group.CallbackAfterReadReceipt","GroupId":%q,"Type":"Public","GroupMsgReceiptList":[
		{"MsgSeq":2,"ReadNum":1,"UnreadNum":1,"ReadReceiptMembers":[{"Member_Account":"bob"}]},
		{"MsgSeq":3,"ReadNum":1,"UnreadNum":1,"ReadReceiptMembers":[{"Member_Account":"bob"}]}],"EventTime":%s}`, r.group, r.eventTime()))
	var told struct {
		Receipts []struct{ ReadNum, UnreadNum int } `json:"GroupMsgReceiptList"`
	}
	calls[1].decode(t, &told)
	if len(told.Receipts) != 2 || told.Receipts[0].ReadNum != 1 || told.Receipts[0].UnreadNum != 0 {
		t.Errorf("told of %+v after bob has left", told.Receipts)
	}
	b.forget()
	live := newRoomOn(t, r.srv, "AVChatRoom") // where nobody can be asked for a receipt
	live.say("asks", `,"NeedReadReceipt":1`).MustOK(t)
	live.say("plain", "").MustOK(t)
	wantCommands(t, b.wait("", 2), "AfterSendMsg", "AfterSendMsg")
}

func TestReceiptsAreToldOfAfterTheirMessages(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	r := newRoomWith(t, b.hooked("Group.CallbackAfterSendMsg", "Group.CallbackAfterReadReceipt"), "Public", "ann", "bob")
	b.answers(func(c hookCall) (int, string) {
		if c.command == "Group.CallbackAfterSendMsg" {
			return http.StatusServiceUnavailable, ""
		}
		return http.StatusOK, hookOK
	})
	r.say("asks", `,"NeedReadReceipt":1`).MustOK(t)
	r.call("group_msg_receipt", `{"GroupId":%q,"From_Account":"bob","MsgSeqList":[{"MsgSeq":1}]}`, r.group).MustOK(t)
	b.wait("Group.CallbackAfterSendMsg", 2)
	if n := len(b.heard("Group.CallbackAfterReadReceipt")); n > 0 {
		t.Errorf("%d receipts were told of before their message", n)
	}
	b.answers(nil)
	b.forget()
	wantCommands(t, b.wait("", 3), "AfterSendMsg", "AfterReadReceipt", "AfterReadReceipt")
}

func TestWebhooksOfTopics(t *testing.T) {
	b := newBackend(t)
	town := newTown(t, b.hooked("Group.CallbackBeforeCreateGroup", "Group.CallbackAfterCreateGroup", "Group.CallbackAfterGroupInfoChanged", "Group.CallbackAfterGroupDestroyed"), "ann")
	b.wait("Group.CallbackAfterCreateGroup", 2)
	b.forget()
	id := town.group + "@TOPIC#_one"
	town.million("create_topic", `{"GroupId":%q,"TopicId":%q,"TopicName":"openings","From_Account":"ann"}`, town.group, id).MustOK(t)
	calls := b.wait("", 2)
	calls[0].wantBody(t, fmt.Sprintf(`{"CallbackCommand":"Group.CallbackBeforeCreateTopic","Operator_Account":"ann","Type":"Community",
		"Name":"openings","GroupId":%q,"EventTime":%s}`, town.group, town.eventTime()))
	calls[1].wantBody(t, fmt.Sprintf(`{"CallbackCommand":"Group.CallbackAfterCreateTopic","GroupId":%q,"TopicId":%q,"Operator_Account":"ann",
		"Owner_Account":"ann","Type":"Community","Name":"openings","EventTime":%s}`, town.group, id, town.eventTime()))
	b.forget()
	town.million("modify_topic", `{"GroupId":%q,"TopicId":%q,"CustomString":"x","MuteAllMember":"On"}`, town.group, id).MustOK(t)
	town.million("modify_topic", `{"GroupId":%q,"TopicId":%q,"Notification":"Sicilian week","MuteAllMember":"Off"}`, town.group, id).MustOK(t)
	b.wait("", 1)[0].wantBody(t, fmt.Sprintf(`{"CallbackCommand":"Group.CallbackAfterTopicInfoChanged","GroupId":%q,"TopicId":%q,"Type":"Community",
		"Operator_Account":"administrator","Notification":"Sicilian week","EventTime":%s}`, town.group, id, town.eventTime()))
	b.forget()
	town.call("import_topic", `{"GroupId":%q,"TopicName":"silent"}`, town.group).MustOK(t)
	town.million("destroy_topic", `{"GroupId":%q,"TopicIdList":[%q,"none",%q]}`, town.group, id, id).MustOK(t)
	town.million("destroy_topic", `{"GroupId":%q,"TopicIdList":["none"]}`, town.group).MustOK(t)
	b.wait("", 1)[0].wantBody(t, fmt.Sprintf(`{"CallbackCommand":"Group.CallbackAfterTopicDestroyed","GroupId":%q,"Type":"Community",
		"TopicIdList":[%q],"EventTime":%s}`, town.group, id, town.eventTime()))
	b.forget()
	town.call("destroy_group", `{"GroupId":%q}`, town.group).MustOK(t)
	b.wait("", 1)[0].wantBody(t, fmt.Sprintf(`{"CallbackCommand":"Group.CallbackAfterGroupDestroyed","GroupId":%q,"Type":"Community",
		"Owner_Account":"ann","Name":"town","EventTime":%s}`, town.group, town.eventTime()))
	b.always(`{"ActionStatus":"OK","ErrorInfo":"no topics","ErrorCode":10111}`)
	town.call("create_group", `{"Type":"Public","Name":"n","GroupId":"kept-free"}`).WantCode(t, 10111)
	b.always(hookOK)
	town.call("create_group", `{"Type":"Public","Name":"n","GroupId":"kept-free"}`).MustOK(t)
}

func TestWebhooksOfBans(t *testing.T) {
	b := newBackend(t)
	r := newRoomWith(t, b.hooked("Group.CallbackAfterMemberExit", "Group.CallbackBeforeInviteJoinGroup"), "Public", "ann", "bob")
	r.call("ban_group_member", `{"GroupId":%q,"Members_Account":["bob","stranger"],"Duration":60}`, r.group).MustOK(t)
	b.wait("", 1)[0].wantBody(t, fmt.Sprintf(`{"CallbackCommand":"Group.CallbackAfterMemberExit","GroupId":%q,"Type":"Public","ExitType":"Kicked",
		"Operator_Account":"administrator","ExitMemberList":[{"Member_Account":"bob"}],"EventTime":%s}`, r.group, r.eventTime()))
	b.forget()
	r.add("bob").MustOK(t) // nobody is left to ask about
	r.add("ann").MustOK(t)
	r.call("unban_group_member", `{"GroupId":%q,"Members_Account":["bob"]}`, r.group).MustOK(t)
	r.add("bob").MustOK(t)
	wantCommands(t, b.heard(""), "BeforeInviteJoinGroup")
}

func TestTheBackendMayRefuseSomeWhoAreInvited(t *testing.T) {
	b := newBackend(t)
	r := newRoomWith(t, b.hooked("Group.CallbackAfterNewMemberJoin", "Group.CallbackBeforeInviteJoinGroup"), "Public", "ann")
	r.srv.Call(t, "im_open_login_svc", "multiaccount_import", `{"Accounts":["u1","u2","u3"]}`).MustOK(t)
	for _, c := range []struct {
		answer string
		code   int
		list   string
	}{
		{`"ErrorCode":1`, 10016, ""},
		{`"ErrorCode":10100,"ErrorInfo":"x"`, 10100, ""},
		{`"ErrorCode":2`, 10016, ""},
		{`"ErrorCode":0,"RefusedMembers_Account":["u2","stranger","ann"]`, 0, `[{"Member_Account":"u1","Result":1},{"Member_Account":"u2","Result":0},{"Member_Account":"ann","Result":2}]`},
		{`"ErrorCode":0,"RefusedMembers_Account":["u2"]`, 0, `[{"Member_Account":"u1","Result":2},{"Member_Account":"u2","Result":0},{"Member_Account":"ann","Result":2}]`},
	} {
		b.always(`{"ActionStatus":"OK",` + c.answer + `}`)
		got := r.add("u1", "u2", "ann").WantCode(t, c.code)
		if c.code == 0 {
			got.WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MemberList":`+c.list+`}`)
		}
	}
	if n := len(b.wait("Group.CallbackAfterNewMemberJoin", 1)); n != 1 {
		t.Errorf("%d joins were told of, want 1", n)
	}
}

func TestAfterGroupFullComesOnlyOfAFullGroup(t *testing.T) {
	b := newBackend(t)
	r := newRoomWith(t, b.hooked("Group.CallbackAfterNewMemberJoin", "Group.CallbackAfterGroupFull"), "Public", "ann")
	r.srv.Call(t, "im_open_login_svc", "multiaccount_import", `{"Accounts":["u1","u2"]}`).MustOK(t)
	r.addWith(`"Silence":1,`, "u1").MustOK(t) // there is room for more
	r.call("modify_group_base_info", `{"GroupId":%q,"MaxMemberNum":2}`, r.group).MustOK(t)
	r.call("import_group_member", `{"GroupId":%q,"MemberList":[{"Member_Account":"u2"}]}`, r.group).WantCode(t, 10014)
	r.call("modify_group_base_info", `{"GroupId":%q,"MaxMemberNum":3}`, r.group).MustOK(t)
	r.add("u2").MustOK(t)
	wantCommands(t, b.wait("", 3), "AfterNewMemberJoin", "AfterNewMemberJoin", "AfterGroupFull")
}

func TestTheDailyQuotaRaisesAnAlarm(t *testing.T) {
	b := newBackend(t)
	set := b.hooked("Group.CallbackOnDailyGroupQuotaAlarm")
	r := newRoomWith(t, func(o *apitest.Options) {
		set(o)
		o.Settings.MaxGroupsPerDay = 10
		o.OneProcess("numbers of accounts and groups")
	}, "Public", "ann")
	for range 7 { // the seventh is 70 %, which is not yet more
		r.call("create_group", `{"Type":"Public","Name":"n"}`).MustOK(t)
	}
	r.call("create_group", `{"Type":"Community","Name":"is not counted"}`).MustOK(t)
	b.wait("", 1)
	time.Sleep(50 * time.Millisecond) // another would be here
	if n := len(b.heard("")); n != 1 {
		t.Errorf("%d alarms, want 1", n)
	}
	b.heard("")[0].wantBody(t, `{"CallbackCommand":"Group.CallbackOnDailyGroupQuotaAlarm","QuotaUsed":8,"Quota":10,"EventTime":`+r.eventTime()+`}`)
}

func TestWhatIsNotWatchedTellsNobody(t *testing.T) {
	b := newBackend(t)
	town := newTown(t, b.hooked(allGroupCommands...), "ann", "bob")
	one := town.topic("one")
	r := newRoomOn(t, town.srv, "Public", "ann", "bob")
	r.send("ann", 1)
	r.call("change_group_owner", `{"GroupId":%q,"NewOwner_Account":"ann"}`, r.group).MustOK(t)
	b.wait("Group.CallbackAfterChangeGroupOwner", 1)
	b.wait(afterSend, 1)
	b.wait("Group.CallbackAfterCreateTopic", 1)
	b.wait("Group.CallbackAfterCreateGroup", 3)
	b.forget()
	for _, c := range []struct{ command, body string }{
		{"modify_group_base_info", `"MaxMemberNum":50,"ApplyJoinOption":"FreeAccess","MuteAllMember":"On","AppDefinedData":[{"Key":"k","Value":"v"}]`},
		{"modify_group_member_info", `"Member_Account":"bob","MsgFlag":"Discard","MuteTime":60,"AppMemberDefinedData":[{"Key":"k","Value":"v"}]`},
		{"change_group_owner", `"NewOwner_Account":"ann"`},
		{"delete_group_member", `"MemberToDel_Account":["stranger"]`},
		{"add_group_member", `"MemberList":[{"Member_Account":"bob"}]`},
		{"import_group_member", `"MemberList":[{"Member_Account":"bob"}]`},
		{"forbid_send_msg", `"Members_Account":["bob"],"MuteTime":60`},
		{"ban_group_member", `"Members_Account":["stranger"],"Duration":60`},
		{"unban_group_member", `"Members_Account":["stranger"]`},
		{"modify_group_msg", `"MsgSeq":1,"CloudCustomData":"c"`},
		{"send_group_system_notification", `"Content":"x"`},
		{"update_group_counter", `"GroupCounter":[{"Key":"a","Value":1}]`},
		{"set_unread_msg_num", `"Member_Account":"bob","UnreadMsgNum":1`},
		{"delete_group_msg_by_sender", `"Sender_Account":"ann"`},
		{"get_group_info", `"GroupIdList":["` + r.group + `"]`},
		{"group_msg_get_simple", `"ReqMsgNumber":1`},
	} {
		r.call(c.command, `{"GroupId":%q,%s}`, r.group, c.body)
	}
	town.million("modify_topic", `{"GroupId":%q,"TopicId":%q,"CustomString":"x"}`, town.group, one.topicID).MustOK(t)
	town.call("import_topic", `{"GroupId":%q,"TopicName":"silent"}`, town.group).MustOK(t)
	r.srv.Call(t, "im_open_login_svc", "account_delete", `{"DeleteItem":[{"UserID":"bob"}]}`).MustOK(t)
	r.call("modify_group_member_info", `{"GroupId":%q,"Member_Account":"ann","NameCard":"last"}`, r.group).MustOK(t)
	town.call("destroy_group", `{"GroupId":%q}`, town.group).MustOK(t)
	b.wait("Group.CallbackAfterMemberFieldChanged", 1)
	b.wait("Group.CallbackAfterGroupDestroyed", 1)
	if all := b.heard(""); len(all) != 2 {
		t.Errorf("told of %v, want the last two alone", commandsOf(all))
	}
}

func TestAChangeToTheSameValueIsToldOf(t *testing.T) {
	b := newBackend(t)
	r := newRoomWith(t, b.hooked("Group.CallbackAfterGroupInfoChanged", "Group.CallbackAfterMemberFieldChanged"), "Public", "ann")
	for range 2 {
		r.call("modify_group_base_info", `{"GroupId":%q,"Introduction":"","FaceUrl":"http://a/b"}`, r.group).MustOK(t)
	}
	for range 2 {
		r.call("modify_group_member_info", `{"GroupId":%q,"Member_Account":"ann","Role":"Member"}`, r.group).MustOK(t)
	}
	calls := b.wait("", 4)
	wantCommands(t, calls, "AfterGroupInfoChanged", "AfterGroupInfoChanged", "AfterMemberFieldChanged", "AfterMemberFieldChanged")
	calls[1].wantBody(t, fmt.Sprintf(`{"CallbackCommand":"Group.CallbackAfterGroupInfoChanged","GroupId":%q,"Type":"Public",
		"Operator_Account":"administrator","Introduction":"","FaceUrl":"http://a/b","EventTime":%s}`, r.group, r.eventTime()))
	calls[3].wantBody(t, fmt.Sprintf(`{"CallbackCommand":"Group.CallbackAfterMemberFieldChanged","GroupId":%q,"Type":"Public",
		"Operator_Account":"administrator","Member_Account":"ann","Modified_Account":"ann","Role":"Member","EventTime":%s}`, r.group, r.eventTime()))
}

func TestTheOperatorOfAnEventIsTheOneNamed(t *testing.T) {
	b := newBackend(t)
	town := newTown(t, b.hooked("Group.CallbackAfterGroupInfoChanged", "Group.CallbackAfterChangeGroupOwner"), "ann", "bob")
	one := town.topic("one")
	r := newRoomOn(t, town.srv, "Public", "ann", "bob")
	r.call("modify_group_base_info", `{"GroupId":%q,"Name":"n","From_Account":"bob"}`, r.group).MustOK(t)
	r.call("change_group_owner", `{"GroupId":%q,"NewOwner_Account":"ann","From_Account":"bob"}`, r.group).MustOK(t)
	b.wait("", 2)[1].wantBody(t, fmt.Sprintf(`{"CallbackCommand":"Group.CallbackAfterChangeGroupOwner","GroupId":%q,"Type":"Public",
		"Operator_Account":"bob","NewOwner_Account":"ann","EventTime":%s}`, r.group, r.eventTime()))
	town.million("modify_topic", `{"GroupId":%q,"TopicId":%q,"TopicName":"n","From_Account":"bob"}`, town.group, one.topicID).MustOK(t)
	for _, c := range b.wait("", 3) {
		var told struct {
			Operator string `json:"Operator_Account"`
		}
		if c.decode(t, &told); told.Operator != "bob" {
			t.Errorf("%s names %q", c.command, told.Operator)
		}
	}
}

func TestAGroupThatEndsWithItsLastMemberIsToldOfWithoutMembers(t *testing.T) {
	b := newBackend(t)
	set := b.hooked("Group.CallbackAfterMemberExit", "Group.CallbackAfterGroupDestroyed")
	r := newRoomWith(t, func(o *apitest.Options) { set(o); o.Settings.DissolveEmptyGroups = true }, "Public", "ann")
	r.call("delete_group_member", `{"GroupId":%q,"MemberToDel_Account":["ann"]}`, r.group).MustOK(t)
	calls := b.wait("", 2)
	wantCommands(t, calls, "AfterMemberExit", "AfterGroupDestroyed")
	calls[1].wantBody(t, fmt.Sprintf(`{"CallbackCommand":"Group.CallbackAfterGroupDestroyed","GroupId":%q,"Type":"Public","Name":"room",
		"MemberList":[],"EventTime":%s}`, r.group, r.eventTime()))
	live := newRoomOn(t, r.srv, "AVChatRoom")
	b.forget()
	live.call("destroy_group", `{"GroupId":%q}`, live.group).MustOK(t)
	b.wait("", 1)[0].wantBody(t, fmt.Sprintf(`{"CallbackCommand":"Group.CallbackAfterGroupDestroyed","GroupId":%q,"Type":"AVChatRoom","Name":"room",
		"EventTime":%s}`, live.group, live.eventTime()))
}

// Whoever stands behind a trusted proxy causes the event.
func TestWebhooksNameTheAddressOfTheCaller(t *testing.T) {
	b := newBackend(t)
	set := b.hooked(allGroupCommands...)
	r := newRoomWith(t, func(o *apitest.Options) {
		set(o)
		o.API.TrustedProxies = []string{"127.0.0.1"}
		o.Settings.DeleteBySenderFiresRecall = true
	}, "Public", "ann", "bob")
	b.wait("", 2)
	b.forget()
	for i, c := range []struct{ service, command, body string }{
		{"group_open_http_svc", "send_group_msg", `"From_Account":"ann","Random":1,"NeedReadReceipt":1,"MsgBody":` + text("x")},
		{"group_open_http_svc", "send_group_msg", `"From_Account":"ghost","Random":1,"MsgBody":` + text("x")},
		{"group_open_http_svc", "group_msg_receipt", `"From_Account":"bob","MsgSeqList":[{"MsgSeq":1}]`},
		{"group_open_http_svc", "send_group_msg", `"From_Account":"ann","Random":2,"OnlineOnlyFlag":1,"MsgBody":` + text("x")},
		{"group_open_http_svc", "delete_group_msg_by_sender", `"Sender_Account":"ann"`},
		{"group_open_http_svc", "group_msg_recall", `"MsgSeqList":[{"MsgSeq":1}]`},
		{"group_open_http_svc", "modify_group_base_info", `"Name":"n"`},
	} {
		r.callAs(c.service, c.command, fmt.Sprintf(`{"GroupId":%q,%s}`, r.group, c.body), nil, http.Header{"X-Forwarded-For": {"2001:db8::9"}})
		b.wait("", []int{3, 4, 5, 7, 8, 9, 10}[i])
	}
	r.callAs("profile", "portrait_set", `{"From_Account":"ann","ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":"A"}]}`, nil, http.Header{"X-Forwarded-For": {"2001:db8::9"}})
	for _, c := range b.wait("", 11) {
		if ip := c.query.Get("ClientIP"); ip != "2001:db8::9" {
			t.Errorf("%s names %q", c.command, ip)
		}
	}
}
