package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

// modify_topic and destroy_topic (spec 05 sections 1.8.4, 1.8.5 and 1.9.1).

func TestModifyTopicChangesWhatIsGiven(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	created := town.now()
	town.million("create_topic", `{"GroupId":%q,"TopicId":"@TGS#_town@TOPIC#_harbour","TopicName":"Harbour","FaceUrl":"face","Notification":"Race","Introduction":"Berths","CustomString":"c"}`, town.group).MustOK(t)
	topic := *town
	topic.topicID = "@TGS#_town@TOPIC#_harbour"
	texts := map[string]string{"TopicName": "Harbour", "FaceUrl": "face", "Notification": "Race", "Introduction": "Berths", "CustomString": "c", "MuteAllMember": "Off"}
	for _, change := range []struct{ given, field, stored string }{
		{`"TopicName":"Port"`, "TopicName", "Port"},
		{`"FaceUrl":"other"`, "FaceUrl", "other"},
		{`"Notification":""`, "Notification", ""},
		{`"Introduction":"Berths and tides","MuteAllMember":""`, "Introduction", "Berths and tides"},
		{`"CustomString":"d","TopicName":null`, "CustomString", "d"},
		{`"MuteAllMember":"On"`, "MuteAllMember", "On"},
		{`"ShutUpAllMember":"Off"`, "MuteAllMember", "Off"},
		{`"ShutUpAllMember":"Off","MuteAllMember":"On"`, "MuteAllMember", "On"}, // the newer name counts
		{`"TopicName":"Haven"`, "TopicName", "Haven"},                           // and the mute stays
	} {
		town.srv.Clock.Advance(minute)
		town.million("modify_topic", `{"GroupId":%q,"TopicId":%q,%s}`, town.group, topic.topicID, change.given).WantJSON(t, bareOK)
		texts[change.field] = change.stored
		flag := map[string]int{"On": 1, "Off": 0}[texts["MuteAllMember"]]
		topic.million("get_topic", `{"GroupId":%q,"From_Account":"ann"}`, town.group).WantJSON(t, fmt.Sprintf(`{
			"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"TopicAndSelfInfo":[{"ErrorCode":0,"ErrorInfo":"ok",
			"SelfInfo":{"ShutUpTime":0,"MsgSeq":0,"MsgFlag":"AcceptAndNotify"},
			"TopicInfo":{"GroupID":"@TGS#_town","TopicId":"@TGS#_town@TOPIC#_harbour","TopicName":%q,"FaceUrl":%q,
				"Notification":%q,"Introduction":%q,"CustomString":%q,
				"CreateTime":%d,"LastMsgTime":0,"NextMsgSeq":1,"MuteAllMember":%q,"ShutUpAllFlag":%d}}]}`,
			texts["TopicName"], texts["FaceUrl"], texts["Notification"], texts["Introduction"], texts["CustomString"],
			created, texts["MuteAllMember"], flag))
	}
}

func TestModifyTopicWithNothingToChangeSucceeds(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	one := town.topic("one")
	before := string(town.topics("ann").raw)
	town.million("modify_topic", `{"GroupId":%q,"TopicId":%q}`, town.group, one.topicID).WantJSON(t, bareOK)
	if after := string(town.topics("ann").raw); after != before {
		t.Errorf("the topic was %s and is %s", before, after)
	}
	// The topic must exist all the same.
	town.million("modify_topic", `{"GroupId":%q,"TopicId":%q}`, town.group, one.topicID+"x").WantCode(t, 10010)
}

func TestModifyTopicChecksItsFields(t *testing.T) {
	town := newTownWithNeighbours(t)
	one, gone := town.topic("one"), town.topic("gone")
	town.million("destroy_topic", `{"GroupId":%q,"TopicIdList":[%q]}`, town.group, gone.topicID).MustOK(t)
	id := `"TopicId":"` + one.topicID + `"`
	town.check("million_group_open_http_svc", "modify_topic", append(topicForms(town, id), []refusal{
		{"no TopicId", `{"GroupId":"$","TopicName":"x"}`, 10004},
		{"TopicId null", `{"GroupId":"$","TopicId":null}`, 10004},
		{"TopicId empty", `{"GroupId":"$","TopicId":""}`, 10004},
		{"no TopicId before bad GroupId", `{"GroupId":""}`, 10004},
		{"topic that never was", `{"GroupId":"$","TopicId":"$@TOPIC#_never"}`, 10010},
		{"topic in other letters", `{"GroupId":"$","TopicId":"$@TOPIC#_ONE"}`, 10010},
		{"topic that was destroyed", `{"GroupId":"$","TopicId":"$@TOPIC#_gone"}`, 10010},
		{"topic that was destroyed before stranger", `{"GroupId":"$","TopicId":"$@TOPIC#_gone","From_Account":"zoe"}`, 10010},
		{"MuteAllMember in other letters", `{"GroupId":"$",` + id + `,"MuteAllMember":"on"}`, 10004},
		{"MuteAllMember of another type", `{"GroupId":"$",` + id + `,"MuteAllMember":1}`, 10004},
		{"ShutUpAllMember unknown", `{"GroupId":"$",` + id + `,"ShutUpAllMember":"Maybe"}`, 10004},
		{"DefaultPermission of another type", `{"GroupId":"$",` + id + `,"DefaultPermission":"1"}`, 10004},
	}...))
}

func TestModifyTopicThatIsRefusedChangesNothing(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	one := town.topic("one")
	before := string(town.topics("ann").raw)
	for given, code := range map[string]int{
		`"TopicName":"new","Notification":"` + strings.Repeat("x", 401) + `"`: 10004,
		`"TopicName":"new","MuteAllMember":"x"`:                               10004,
		`"TopicName":"new","From_Account":"nobody"`:                           10007,
	} {
		town.million("modify_topic", `{"GroupId":%q,"TopicId":%q,%s}`, town.group, one.topicID, given).WantCode(t, code)
	}
	if after := string(town.topics("ann").raw); after != before {
		t.Errorf("the topic was %s and is %s", before, after)
	}
}

func TestDestroyTopicAnswersForEachIDByItself(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	one, two := town.topic("one"), town.topic("two")
	never := town.group + "@TOPIC#_never"
	town.million("destroy_topic", `{"GroupId":%q,"TopicIdList":[%q,%q,%q,"@TGS#_other@TOPIC#_one",%q,"bad",""]}`,
		town.group, one.topicID, never, one.topicID, town.group).
		WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"DestroyResultItem":[
			{"ErrorCode":0,"ErrorInfo":"ok","TopicId":"@TGS#_town@TOPIC#_one"},
			{"ErrorCode":110003,"ErrorInfo":"topic has been destroyed","TopicId":"@TGS#_town@TOPIC#_never"},
			{"ErrorCode":110003,"ErrorInfo":"topic has been destroyed","TopicId":"@TGS#_town@TOPIC#_one"},
			{"ErrorCode":110003,"ErrorInfo":"topic has been destroyed","TopicId":"@TGS#_other@TOPIC#_one"},
			{"ErrorCode":110003,"ErrorInfo":"topic has been destroyed","TopicId":"@TGS#_town"},
			{"ErrorCode":110003,"ErrorInfo":"topic has been destroyed","TopicId":"bad"},
			{"ErrorCode":110003,"ErrorInfo":"topic has been destroyed","TopicId":""}]}`)
	if ids := town.topics("ann").ids(); !slices.Equal(ids, []string{two.topicID}) {
		t.Errorf("topics that are left: %v", ids)
	}
	town.million("destroy_topic", `{"GroupId":%q,"TopicIdList":[%q]}`, town.group, one.topicID).
		WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"DestroyResultItem":[
			{"ErrorCode":110003,"ErrorInfo":"topic has been destroyed","TopicId":"@TGS#_town@TOPIC#_one"}]}`)
}

func TestDestroyTopicChecksItsFields(t *testing.T) {
	town := newTownWithNeighbours(t)
	town.topic("one")
	town.check("million_group_open_http_svc", "destroy_topic", []refusal{
		{"no GroupId", `{"TopicIdList":["$@TOPIC#_one"]}`, 10004},
		{"GroupId empty", `{"GroupId":"","TopicIdList":["$@TOPIC#_one"]}`, 10015},
		{"GroupId too long", `{"GroupId":"` + strings.Repeat("x", 49) + `","TopicIdList":["$@TOPIC#_one"]}`, 10015},
		{"unknown community", `{"GroupId":"@TGS#_none","TopicIdList":["$@TOPIC#_one"]}`, 10010},
		{"a topic's id", `{"GroupId":"$@TOPIC#_one","TopicIdList":["$@TOPIC#_one"]}`, 10010},
		{"a group of another type", `{"GroupId":"plain","TopicIdList":["$@TOPIC#_one"]}`, 11000},
		{"a community without topics", `{"GroupId":"@TGS#_quiet","TopicIdList":["$@TOPIC#_one"]}`, 11000},
		{"no TopicIdList", `{"GroupId":"$"}`, 10004},
		{"TopicIdList null", `{"GroupId":"$","TopicIdList":null}`, 10004},
		{"TopicIdList empty", `{"GroupId":"$","TopicIdList":[]}`, 10004},
		{"TopicIdList a string", `{"GroupId":"$","TopicIdList":"$@TOPIC#_one"}`, 10004},
		{"TopicIdList with null", `{"GroupId":"$","TopicIdList":["$@TOPIC#_one",null]}`, 10004},
		{"TopicIdList with a number", `{"GroupId":"$","TopicIdList":["$@TOPIC#_one",1]}`, 10004},
		{"no TopicIdList before bad GroupId", `{"GroupId":""}`, 10004},
		{"From_Account of another type", `{"GroupId":"$","TopicIdList":["$@TOPIC#_one"],"From_Account":[]}`, 60015},
	})
	if n := len(town.topics("ann").Items); n != 1 {
		t.Errorf("%d topics are left, want 1", n)
	}
	town.check("million_group_open_http_svc", "destroy_topic", []refusal{
		{"From_Account a number", `{"GroupId":"$","TopicIdList":["$@TOPIC#_one"],"From_Account":5}`, 0},
	})
}

// An answer that would be too large fails the call, and a call that fails
// destroys nothing.
func TestDestroyTopicWithMoreIDsThanItCanAnswer(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	one := town.topic("one")
	town.million("destroy_topic", `{"GroupId":%q,"TopicIdList":[%q%s]}`, town.group, one.topicID, strings.Repeat(`,"x"`, 20_000)).WantCode(t, 10018)
	if ids := town.topics("ann").ids(); !slices.Equal(ids, []string{one.topicID}) {
		t.Errorf("topics that are left: %v", ids)
	}
	town.million("destroy_topic", `{"GroupId":%q,"TopicIdList":[%q%s]}`, town.group, one.topicID, strings.Repeat(`,"x"`, 5_000)).MustOK(t)
	if ids := town.topics("ann").ids(); len(ids) != 0 {
		t.Errorf("topics that are left: %v", ids)
	}
}

func TestNothingOfADestroyedTopicIsServed(t *testing.T) {
	town := newTown(t, noOptions, "ann", "bob")
	one, two := town.topic("one"), town.topic("two")
	one.send("bob", 3)
	two.send("bob", 3)
	two.recall("bob")
	town.million("destroy_topic", `{"GroupId":%q,"TopicIdList":[%q]}`, town.group, one.topicID).MustOK(t)
	for range 2 {
		for command, rest := range map[string]string{
			"send_group_msg":             `"Random":1,"MsgBody":` + text("late"),
			"import_group_msg":           `"MsgList":[` + item("bob", town.now(), "") + `]`,
			"group_msg_get_simple":       `"ReqMsgNumber":1`,
			"group_msg_recall":           `"MsgSeqList":[{"MsgSeq":1}]`,
			"delete_group_msg_by_sender": `"Sender_Account":"bob"`,
			"forbid_send_msg":            `"Members_Account":["bob"],"MuteTime":60`,
			"get_group_muted_account":    `"Limit":1`,
			"modify_topic":               `"TopicName":"x"`,
		} {
			if got := one.call(command, `{"GroupId":%q,"TopicId":%q,%s}`, one.group, one.topicID, rest); got.Code != 10010 {
				t.Errorf("%s answered %s, want code 10010", command, got.Raw)
			}
		}
		if got := one.topics("ann").Items[0].Code; got != 110003 {
			t.Errorf("get_topic answers %d for it", got)
		}
		// The other topic is as it was.
		two.wantRecalled("bob", 1, 2, 3)
		if got := two.topics("bob").Items[0]; got.Topic.NextMsgSeq != 4 || got.Self.ReadSeq != 3 {
			t.Errorf("the other topic is %+v", got)
		}
		town.srv.Restart(t)
	}
}

func TestTopicOfADestroyedOnesIDStartsAnew(t *testing.T) {
	for _, cleaned := range []bool{false, true} {
		t.Run(fmt.Sprintf("cleaned up meanwhile %v", cleaned), func(t *testing.T) {
			town := newTown(t, func(o *apitest.Options) {
				if cleaned {
					o.Housekeeping = day // a destruction starts it at once
				}
			}, "ann", "bob")
			one := town.topic("one")
			for round := range 3 {
				one.send("bob", 3)
				one.recall("bob")
				town.call("forbid_send_msg", `{"GroupId":%q,"TopicId":%q,"Members_Account":["bob"],"MuteTime":4294967295}`, town.group, one.topicID).MustOK(t)
				town.million("modify_topic", `{"GroupId":%q,"TopicId":%q,"MuteAllMember":"On","DefaultPermission":5}`, town.group, one.topicID).MustOK(t)
				town.srv.Clock.Advance(minute)
				town.million("destroy_topic", `{"GroupId":%q,"TopicIdList":[%q]}`, town.group, one.topicID).MustOK(t)
				if round > 0 {
					town.srv.Restart(t)
				}
				town.topic("one")
				one.million("get_topic", `{"GroupId":%q,"From_Account":"bob"}`, town.group).WantJSON(t, fmt.Sprintf(`{
					"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"TopicAndSelfInfo":[{"ErrorCode":0,"ErrorInfo":"ok",
					"SelfInfo":{"ShutUpTime":0,"MsgSeq":0,"MsgFlag":"AcceptAndNotify"},
					"TopicInfo":{"GroupID":"@TGS#_town","TopicId":"@TGS#_town@TOPIC#_one","TopicName":"one","FaceUrl":"",
						"Notification":"","Introduction":"","CustomString":"",
						"CreateTime":%d,"LastMsgTime":0,"NextMsgSeq":1,"MuteAllMember":"Off","ShutUpAllFlag":0}}]}`, town.now()))
				one.pull(20).wantSeqs()
				if got := one.send("ann", 1); got != 1 {
					t.Errorf("the first message has number %d", got)
				}
				one.wantLive(1)
				town.million("destroy_topic", `{"GroupId":%q,"TopicIdList":[%q]}`, town.group, one.topicID).MustOK(t)
				town.topic("one")
			}
		})
	}
}

func TestTopicsEndWithTheirCommunity(t *testing.T) {
	town := newTown(t, noOptions, "ann", "bob")
	one := town.topic("one")
	one.send("bob", 3)
	town.call("destroy_group", `{"GroupId":%q}`, town.group).MustOK(t)
	for range 2 {
		town.million("get_topic", `{"GroupId":%q,"From_Account":"ann"}`, town.group).WantCode(t, 10010)
		town.million("create_topic", `{"GroupId":%q,"TopicName":"x"}`, town.group).WantCode(t, 10010)
		town.call("import_topic", `{"GroupId":%q,"TopicName":"x"}`, town.group).WantCode(t, 10010)
		town.million("modify_topic", `{"GroupId":%q,"TopicId":%q}`, town.group, one.topicID).WantCode(t, 10010)
		town.million("destroy_topic", `{"GroupId":%q,"TopicIdList":[%q]}`, town.group, one.topicID).WantCode(t, 10010)
		one.call("group_msg_get_simple", `{"GroupId":%q,"TopicId":%q,"ReqMsgNumber":1}`, one.group, one.topicID).WantCode(t, 10010)
		town.srv.Restart(t)
	}
	// A community of the same id starts without topics and may use their ids.
	town.found("ann")
	town.million("get_topic", `{"GroupId":%q,"From_Account":"ann"}`, town.group).
		WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"TopicAndSelfInfo":[]}`)
	town.topic("one")
	if got := one.topics("ann").Items[0]; got.Topic.NextMsgSeq != 1 || got.Self.ReadSeq != 0 {
		t.Errorf("the topic is %+v", got)
	}
}

func TestTopicsOfDeletedAccountsMessagesStay(t *testing.T) {
	town := newTown(t, noOptions, "ann", "bob")
	one := town.topic("one")
	one.send("bob", 2)
	town.call("forbid_send_msg", `{"GroupId":%q,"TopicId":%q,"Members_Account":["bob"],"MuteTime":4294967295}`, town.group, one.topicID).MustOK(t)
	town.srv.Call(t, "im_open_login_svc", "account_delete", `{"DeleteItem":[{"UserID":"bob"}]}`).MustOK(t)
	one.wantLive(1, 2)
	town.million("get_topic", `{"GroupId":%q,"From_Account":"bob"}`, town.group).WantCode(t, 10007)
	// An account of the same name starts without mutes and positions.
	town.srv.Call(t, "im_open_login_svc", "account_import", `{"UserID":"bob"}`).MustOK(t)
	town.call("add_group_member", `{"GroupId":%q,"MemberList":[{"Member_Account":"bob"}]}`, town.group).MustOK(t)
	if self := one.topics("bob").Items[0].Self; self.ShutUpTime != 0 {
		t.Errorf("the new bob has %+v", *self)
	}
	one.recall("bob")
	one.wantRecalled("bob", 1, 2)
}
