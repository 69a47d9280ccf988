package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/recant-chat/recant/api/apitest"
)

func TestDestroyGroupCodes(t *testing.T) {
	a := newApp(t)
	for _, c := range []struct {
		body string
		code int
	}{
		{`{}`, 10004},
		{`{"GroupId":5}`, 10004},
		{`{"GroupId":""}`, 10015},
		{fmt.Sprintf(`{"GroupId":%q}`, strings.Repeat("g", 49)), 10015},
		{`{"GroupId":"ghost"}`, 10010},
		{`{"GroupId":"@TGS#_town@TOPIC#_a"}`, 10010},
	} {
		a.group("destroy_group", "%s", c.body).WantCode(t, c.code)
	}
}

func TestDestroyedGroupIsGoneForEveryCommand(t *testing.T) {
	a := newApp(t)
	a.accounts("ann")
	for _, kind := range []string{"Private", "Public", "ChatRoom", "AVChatRoom", "Community"} {
		id := a.create(`{"Type":%q,"Name":"n","Owner_Account":"ann"}`, kind)
		a.group("destroy_group", `{"GroupId":%q}`, id).WantJSON(t, plainOK)
		for command, body := range map[string]string{
			"destroy_group":              `{"GroupId":%q}`,
			"modify_group_base_info":     `{"GroupId":%q,"Name":"x"}`,
			"change_group_owner":         `{"GroupId":%q,"NewOwner_Account":"ann"}`,
			"send_group_msg":             `{"GroupId":%q,"From_Account":"ann","Random":1,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]}`,
			"group_msg_get_simple":       `{"GroupId":%q,"ReqMsgNumber":1}`,
			"delete_group_msg_by_sender": `{"GroupId":%q,"Sender_Account":"ann"}`,
		} {
			if got := a.group(command, body, id).Code; got != 10010 {
				t.Errorf("%s: %s answers %d", kind, command, got)
			}
		}
		if got := a.info(id).ErrorCode; got != 10010 {
			t.Errorf("%s: get_group_info's element has %d", kind, got)
		}
	}
	a.group("get_appid_group_list", `{}`).WantJSON(t,
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"TotalCount":0,"GroupIdList":[],"Next":0}`)
	a.group("get_joined_group_list", `{"Member_Account":"ann","WithHugeGroups":1,"WithNoActiveGroups":1}`).WantJSON(t,
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"TotalCount":0,"GroupIdList":[]}`)
}

func TestNewGroupOfAnOldIDStartsFromScratch(t *testing.T) {
	for name, housekeeping := range map[string]time.Duration{"before the cleanup": -1, "during the cleanup": time.Hour} {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, func(o *apitest.Options) { o.Housekeeping = housekeeping })
			a.accounts("ann", "bob")
			a.create(`{"Type":"Community","Name":"old","GroupId":"@TGS#_town","SupportTopic":1,"Owner_Account":"ann","MemberList":[{"Member_Account":"bob"}],"AppDefinedData":[{"Key":"K","Value":"v"}]}`)
			a.group("modify_group_base_info", `{"GroupId":"@TGS#_town","Name":"older","MuteAllMember":"On"}`).MustOK(t)
			a.group("create_topic", `{"GroupId":"@TGS#_town","TopicId":"@TGS#_town@TOPIC#_a","TopicName":"a"}`).MustOK(t)
			a.group("send_group_msg", `{"GroupId":"@TGS#_town","TopicId":"@TGS#_town@TOPIC#_a","From_Account":"ann","Random":1,"MsgBody":%s}`, text("x")).MustOK(t)

			a.group("destroy_group", `{"GroupId":"@TGS#_town"}`).MustOK(t)
			a.create(`{"Type":"Community","Name":"new","GroupId":"@TGS#_town","SupportTopic":1,"MemberList":[{"Member_Account":"bob"}]}`)

			got := a.info("@TGS#_town")
			if got.Name != "new" || got.InfoSeq != 1 || got.NextMsgSeq != 1 || got.Owner != "" || got.MemberNum != 1 ||
				got.MuteAllMember != "Off" || len(got.AppDefinedData) != 0 || len(got.MemberList) != 1 || got.MemberList[0].Account != "bob" {
				t.Errorf("new group is %+v", got)
			}
			if tips := a.tips("@TGS#_town"); len(tips) != 0 {
				t.Errorf("the old group's history shines through: %v", tips)
			}
			a.group("group_msg_get_simple", `{"GroupId":"@TGS#_town","TopicId":"@TGS#_town@TOPIC#_a","ReqMsgNumber":1}`).WantCode(t, 10010)
			a.group("create_topic", `{"GroupId":"@TGS#_town","TopicId":"@TGS#_town@TOPIC#_a","TopicName":"a"}`).MustOK(t)
			var sent struct{ MsgSeq int }
			a.group("send_group_msg", `{"GroupId":"@TGS#_town","TopicId":"@TGS#_town@TOPIC#_a","From_Account":"ann","Random":1,"MsgBody":%s}`, text("x")).
				MustOK(t).Decode(t, &sent)
			if sent.MsgSeq != 1 {
				t.Errorf("first message of the new topic has number %d", sent.MsgSeq)
			}
			a.group("get_joined_group_list", `{"Member_Account":"ann","SupportTopic":1}`).WantJSON(t,
				`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"TotalCount":0,"GroupIdList":[]}`)
		})
	}
}

func TestANewGroupOfAnOldIDMayBeOfAnotherType(t *testing.T) {
	a := newApp(t)
	a.create(`{"Type":"Public","Name":"n","GroupId":"g"}`)
	a.group("destroy_group", `{"GroupId":"g"}`).MustOK(t)
	a.create(`{"Type":"ChatRoom","Name":"n","GroupId":"g"}`)
	a.group("get_appid_group_list", `{"GroupType":"Public"}`).WantJSON(t,
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"TotalCount":0,"GroupIdList":[],"Next":0}`)
	a.group("get_appid_group_list", `{"GroupType":"ChatRoom"}`).WantJSON(t,
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"TotalCount":1,"GroupIdList":[{"GroupId":"g"}],"Next":0}`)
}
