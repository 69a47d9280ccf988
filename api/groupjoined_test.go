package api_test

import (
	"fmt"
	"strings"
	"testing"
)

// joined is an answer of get_joined_group_list, cut down to ids.
func (a *app) joined(format string, args ...any) string {
	a.t.Helper()
	l := struct {
		TotalCount  int
		GroupIdList []struct{ GroupId string }
	}{TotalCount: -1}
	a.group("get_joined_group_list", format, args...).MustOK(a.t).Decode(a.t, &l)
	ids := []string{fmt.Sprint(l.TotalCount, ":")}
	for _, g := range l.GroupIdList {
		ids = append(ids, g.GroupId)
	}
	return strings.Join(ids, " ")
}

func TestJoinedGroupsByTypeAndState(t *testing.T) {
	a := newApp(t)
	a.accounts("cook", "ann")
	for _, g := range []string{
		`{"Type":"Public","GroupId":"pub","Name":"n","MemberList":[{"Member_Account":"cook"}]}`,
		`{"Type":"ChatRoom","GroupId":"meet","Name":"n","Owner_Account":"cook"}`,
		`{"Type":"Private","GroupId":"quiet","Name":"n","Owner_Account":"cook"}`,
		`{"Type":"Private","GroupId":"busy","Name":"n","Owner_Account":"cook"}`,
		`{"Type":"AVChatRoom","GroupId":"live","Name":"n","Owner_Account":"cook"}`,
		`{"Type":"Community","GroupId":"@TGS#_plain","Name":"n","Owner_Account":"cook"}`,
		`{"Type":"Community","GroupId":"@TGS#_topics","Name":"n","Owner_Account":"cook","SupportTopic":1}`,
		`{"Type":"Public","GroupId":"other","Name":"n","Owner_Account":"ann"}`,
	} {
		a.create("%s", g)
		a.Clock.Advance(minute)
	}
	a.group("send_group_msg", `{"GroupId":"busy","From_Account":"ann","Random":1,"MsgBody":%s}`, text("x")).MustOK(t)
	a.group("modify_group_base_info", `{"GroupId":"quiet","Name":"a tip does not activate"}`).MustOK(t)

	for _, c := range []struct{ extra, want string }{
		{``, "4: @TGS#_plain busy meet pub"},
		{`,"WithNoActiveGroups":1`, "5: @TGS#_plain busy quiet meet pub"},
		{`,"WithHugeGroups":1`, "5: @TGS#_plain live busy meet pub"},
		{`,"GroupType":"AVChatRoom"`, "1: live"},
		{`,"GroupType":"Private"`, "1: busy"},
		{`,"Type":"Work","WithNoActiveGroups":1`, "2: busy quiet"},
		{`,"GroupType":"Community"`, "1: @TGS#_plain"},
		{`,"GroupType":"Community","SupportTopic":0`, "1: @TGS#_plain"},
		{`,"GroupType":"Community","SupportTopic":1`, "1: @TGS#_topics"},
		{`,"SupportTopic":1`, "1: @TGS#_topics"},
		{`,"SupportTopic":0`, "4: @TGS#_plain busy meet pub"},
		{`,"GroupType":"BChatRoom"`, "0:"},
		{`,"Limit":2`, "4: @TGS#_plain busy"},
		{`,"Limit":2,"Offset":2`, "4: meet pub"},
		{`,"Limit":2,"Offset":3`, "4: pub"},
		{`,"Offset":4`, "4:"},
		{`,"Offset":400`, "4:"},
		{`,"Limit":0,"Offset":1`, "4: busy meet pub"},
	} {
		if got := a.joined(`{"Member_Account":"cook"%s}`, c.extra); got != c.want {
			t.Errorf("%s: %s, want %s", c.extra, got, c.want)
		}
	}
}

func TestJoinedGroupsOfOneSecondAreOrderedByID(t *testing.T) {
	a := newApp(t)
	a.accounts("cook")
	for _, id := range []string{"b", "c", "a"} {
		a.create(`{"Type":"Public","GroupId":%q,"Name":"n","Owner_Account":"cook"}`, id)
	}
	if got := a.joined(`{"Member_Account":"cook"}`); got != "3: a b c" {
		t.Error(got)
	}
}

func TestJoinedGroupsShowWhatIsAskedFor(t *testing.T) {
	a := newApp(t)
	a.accounts("cook", "ann")
	a.create(`{"Type":"Public","GroupId":"g","Name":"crew","Owner_Account":"ann","MemberList":[{"Member_Account":"cook"}],"AppDefinedData":[{"Key":"Port","Value":"RTM"}]}`)
	for i := range 3 {
		a.group("send_group_msg", `{"GroupId":"g","From_Account":"ann","Random":%d,"MsgBody":%s}`, i+1, text("x")).MustOK(t)
	}
	a.create(`{"Type":"AVChatRoom","GroupId":"live","Name":"n","Owner_Account":"cook"}`)
	now := a.Clock.Now().Unix()
	ok := `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,`
	a.group("get_joined_group_list", `{"Member_Account":"cook"}`).WantJSON(t, ok+`"TotalCount":1,"GroupIdList":[{"GroupId":"g"}]}`)
	a.group("get_joined_group_list", `{"Member_Account":"cook","ResponseFilter":{}}`).WantJSON(t, ok+`"TotalCount":1,"GroupIdList":[{"GroupId":"g"}]}`)
	a.group("get_joined_group_list", `{"Member_Account":"cook","ResponseFilter":{"GroupBaseInfoFilter":["Type","Name","MuteAllMember","NextMsgSeq","Appid"],
	  "SelfInfoFilter":["Role","JoinTime","MsgSeq","UnreadMsgNum"],"AppDefinedDataFilter_Group":["Port"]}}`).WantJSON(t, fmt.Sprintf(ok+`"TotalCount":1,
	  "GroupIdList":[{"GroupId":"g","Type":"Public","Name":"crew","MuteAllMember":"Off","ShutUpAllMember":"Off","NextMsgSeq":4,
	  "AppDefinedData":[{"Key":"Port","Value":"RTM"}],"SelfInfo":{"Role":"Member","JoinTime":%d,"MsgSeq":0,"UnreadMsgNum":3}}]}`, now))
	a.group("get_joined_group_list", `{"Member_Account":"ann","ResponseFilter":{"SelfInfoFilter":["MsgSeq","MsgFlag","LastSendMsgTime","MuteUntil","NameCard"]}}`).WantJSON(t, fmt.Sprintf(ok+`"TotalCount":1,
	  "GroupIdList":[{"GroupId":"g","SelfInfo":{"MsgSeq":3,"MsgFlag":"AcceptAndNotify","LastSendMsgTime":%d,"MuteUntil":0,"ShutUpUntil":0,"NameCard":""}}]}`, now))
	a.create(`{"Type":"ChatRoom","GroupId":"meet","Name":"n","MemberList":[{"Member_Account":"cook","Role":"Admin"}]}`)
	a.group("send_group_msg", `{"GroupId":"meet","From_Account":"ann","Random":1,"MsgBody":%s}`, text("x")).MustOK(t)
	a.group("get_joined_group_list", `{"Member_Account":"cook","GroupType":"Meeting","ResponseFilter":{"SelfInfoFilter":["Role","UnreadMsgNum","MsgFlag"]}}`).WantJSON(t,
		ok+`"TotalCount":1,"GroupIdList":[{"GroupId":"meet","SelfInfo":{"Role":"Admin","MsgFlag":"AcceptNotNotify","UnreadMsgNum":0}}]}`) // no unread number
	a.group("get_joined_group_list", `{"Member_Account":"cook","GroupType":"AVChatRoom","ResponseFilter":{"SelfInfoFilter":["Role","JoinTime","MsgSeq"]}}`).WantJSON(t,
		ok+`"TotalCount":1,"GroupIdList":[{"GroupId":"live","SelfInfo":{"Role":"Owner"}}]}`)
}

func TestJoinedCommunitiesCountOverTheirTopics(t *testing.T) {
	a := newApp(t)
	a.accounts("cook", "ann")
	a.create(`{"Type":"Community","GroupId":"@TGS#_t","Name":"n","MemberList":[{"Member_Account":"ann"},{"Member_Account":"cook"}],"SupportTopic":1}`)
	want := func(who string, next, read int) {
		t.Helper()
		a.group("get_joined_group_list", `{"Member_Account":%q,"SupportTopic":1}`, who).WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"TotalCount":1,
		  "GroupIdList":[{"GroupId":"@TGS#_t","Type":"Community","SupportTopic":1,"GrossTopicNextMsgSeq":%d,"SelfInfo":{"GrossTopicReadSeq":%d}}]}`, next, read))
	}
	want("ann", 1, 0)
	for _, topic := range []string{"a", "b"} {
		a.group("create_topic", `{"GroupId":"@TGS#_t","TopicId":"@TGS#_t@TOPIC#_%s","TopicName":"t"}`, topic).MustOK(t)
	}
	send := func(topic string, n int) {
		for i := range n {
			a.group("send_group_msg", `{"GroupId":"@TGS#_t","TopicId":"@TGS#_t@TOPIC#_%s","From_Account":"ann","Random":%d,"MsgBody":%s}`, topic, i+1, text("x")).MustOK(t)
		}
	}
	send("a", 3)
	send("b", 2)
	want("ann", 6, 5) // she has read what she wrote
	want("cook", 6, 0)
	a.group("destroy_topic", `{"GroupId":"@TGS#_t","TopicIdList":["@TGS#_t@TOPIC#_a"]}`).MustOK(t)
	want("ann", 3, 2)
}

func TestJoinedGroupsCodes(t *testing.T) {
	a := newApp(t)
	a.accounts("cook")
	for _, c := range []struct {
		body string
		code int
	}{
		{`{}`, 10004},
		{`{"Member_Account":""}`, 10004},
		{`{"Member_Account":" cook"}`, 10004},
		{`{"Member_Account":5}`, 60015},
		{`{"Member_Account":"ghost"}`, 10019},
		{`{"Member_Account":"cook","Limit":5000}`, 0},
		{`{"Member_Account":"cook","Limit":5001}`, 10004},
		{`{"Member_Account":"cook","Limit":-1}`, 10004},
		{`{"Member_Account":"cook","Offset":-1}`, 10004},
		{`{"Member_Account":"cook","GroupType":"work"}`, 10004},
		{`{"Member_Account":"cook","GroupType":"Public","SupportTopic":1}`, 10004},
		{`{"Member_Account":"cook","GroupType":"Public","SupportTopic":0}`, 10004},
		{`{"Member_Account":"cook","SupportTopic":2}`, 10004},
		{`{"Member_Account":"cook","WithHugeGroups":2}`, 10004},
		{`{"Member_Account":"administrator"}`, 0},
	} {
		a.group("get_joined_group_list", "%s", c.body).WantCode(t, c.code)
	}
}
