package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

// Before-events come after all other checks, hold nobody up, and what they were
// asked about is checked again (spec 06 section 6.1).

const beforeCreate, beforeInvite = "Group.CallbackBeforeCreateGroup", "Group.CallbackBeforeInviteJoinGroup"

// refusing has the backend refuse all that it is asked from now on.
func (b *backend) refusing() {
	b.always(`{"ActionStatus":"OK","ErrorInfo":"asked","ErrorCode":10150}`)
}

func TestTheBackendIsNotAskedAboutWhatIsRefusedAnyway(t *testing.T) {
	b := newBackend(t)
	set := b.hooked(beforeCreate, beforeInvite)
	town := newTown(t, func(o *apitest.Options) {
		set(o)
		o.Settings.MaxTopics, o.Settings.RefusedWords = 1, []string{"damn"}
	}, "ann", "bob")
	one := town.topic("one")
	town.call("create_group", `{"Type":"Public","Name":"n","GroupId":"full","MaxMemberCount":1,"MemberList":[{"Member_Account":"ann"}]}`).MustOK(t)
	town.call("create_group", `{"Type":"AVChatRoom","Name":"n","GroupId":"live"}`).MustOK(t)
	b.refusing()
	b.forget()
	for _, c := range []struct {
		command, body string
		code          int
	}{
		{"create_group", `{"Type":"None","Name":"n"}`, 10004},
		{"create_group", `{"Type":"Public","Name":"n","Owner_Account":"ghost"}`, 10019},
		{"create_group", `{"Type":"Public","Name":"n","MemberList":[{"Member_Account":"ghost"}]}`, 10019},
		{"create_group", `{"Type":"Public","Name":"n","GroupId":"full","Owner_Account":"ann"}`, 10021},
		{"create_group", `{"Type":"AVChatRoom","Name":"n","MemberList":[{"Member_Account":"ann"}]}`, 10007},
		{"create_group", `{"Type":"Public","Name":"n","MaxMemberCount":1,"MemberList":[{"Member_Account":"ann"},{"Member_Account":"bob"}]}`, 10038},
		{"create_group", `{"Type":"Public","Name":"damn"}`, 80001},
		{"add_group_member", `{"GroupId":"none","MemberList":[{"Member_Account":"ann"}]}`, 10010},
		{"add_group_member", `{"GroupId":"live","MemberList":[{"Member_Account":"ann"}]}`, 10007},
		{"add_group_member", `{"GroupId":"full","MemberList":[{"Member_Account":"ghost"}]}`, 10019},
		{"add_group_member", `{"GroupId":"full","MemberList":[{"Member_Account":"bob"}]}`, 10014},
		{"create_topic", `{"GroupId":"full","TopicName":"n"}`, 11000},
		{"create_topic", `{"GroupId":"@TGS#_none","TopicName":"n"}`, 10010},
		{"create_topic", `{"GroupId":"@TGS#_town","TopicName":"n","TopicId":"` + one.topicID + `"}`, 10025},
		{"create_topic", `{"GroupId":"@TGS#_town","TopicName":"n"}`, 10037},
	} {
		town.call(c.command, `%s`, c.body).WantCode(t, c.code)
	}
	town.call("destroy_topic", `{"GroupId":"@TGS#_town","TopicIdList":[%q]}`, one.topicID).MustOK(t)
	town.call("create_topic", `{"GroupId":"@TGS#_town","TopicName":"damn"}`).WantCode(t, 80001)
	town.srv.Call(t, "im_open_login_svc", "account_import", `{"UserID":"zoe"}`).MustOK(t)
	town.call("create_topic", `{"GroupId":"@TGS#_town","TopicName":"n","From_Account":"zoe"}`).WantCode(t, 10007)
	wantCommands(t, b.heard(""))
	town.call("create_topic", `{"GroupId":"@TGS#_town","TopicName":"n"}`).WantCode(t, 10150)
}

func TestTheBackendIsNotAskedAboutGroupsBeyondTheQuotas(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*apitest.Options)
		kind string
		code int
	}{
		{"rooms", func(o *apitest.Options) { o.Settings.MaxAVChatRooms = 1 }, "AVChatRoom", 10036},
		{"groups", func(o *apitest.Options) { o.Settings.MaxGroups = 1 }, "Public", 10058},
		{"groups of a day", func(o *apitest.Options) { o.Settings.MaxGroupsPerDay = 1 }, "Public", 10006},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBackend(t)
			hook := b.hooked(beforeCreate)
			r := newRoomWith(t, func(o *apitest.Options) { hook(o); c.set(o) }, c.kind)
			b.refusing()
			b.forget()
			r.call("create_group", `{"Type":%q,"Name":"n"}`, c.kind).WantCode(t, c.code)
			wantCommands(t, b.heard(""))
		})
	}
}

func TestBeforeCreateGroupCountsTheOwnersGroupsOfItsType(t *testing.T) {
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(beforeCreate, "Group.CallbackAfterCreateGroup"), "Public", "ann")
	r.call("create_group", `{"Type":"Work","Name":"n","Owner_Account":"ann"}`).MustOK(t)
	r.call("create_group", `{"Type":"Public","Name":"n","Owner_Account":"bob","MemberList":[{"Member_Account":"ann"}]}`).MustOK(t)
	for _, id := range []string{"one", "two", "gone"} {
		r.call("create_group", `{"Type":"Public","Name":"n","GroupId":%q,"Owner_Account":"ann"}`, id).MustOK(t)
	}
	r.call("destroy_group", `{"GroupId":"gone"}`).MustOK(t)
	b.wait("Group.CallbackAfterCreateGroup", 6)
	for kind, want := range map[string]string{"Public": `"Public" 2`, "Work": `"Private" 1`, "Meeting": `"ChatRoom" 0`, "Community": `"Community" 0`} {
		b.forget()
		r.call("create_group", `{"Type":%q,"Name":"n","Owner_Account":"ann"}`, kind).MustOK(t)
		for i, c := range b.wait("", 2) {
			var told struct {
				Type string
				Num  int `json:"CreateGroupNum"`
			}
			c.decode(t, &told)
			if got := fmt.Sprintf("%q %d", told.Type, told.Num); i == 0 && got != want || told.Type != strings.Split(want, `"`)[1] {
				t.Errorf("of a new %s %s tells %s, want %s", kind, c.command, got, want)
			}
		}
	}
	b.forget()
	r.call("create_group", `{"Type":"Public","Name":"n","GroupId":"free"}`).MustOK(t)
	calls := b.wait("", 2)
	calls[0].wantBody(t, `{"CallbackCommand":"Group.CallbackBeforeCreateGroup","Operator_Account":"administrator","Type":"Public","Name":"n",
		"CreateGroupNum":0,"MemberList":[],"EventTime":`+r.eventTime()+`}`)
	calls[1].wantBody(t, `{"CallbackCommand":"Group.CallbackAfterCreateGroup","GroupId":"free","Operator_Account":"administrator","Type":"Public",
		"Name":"n","MemberList":[],"EventTime":`+r.eventTime()+`}`)
}

// What the backend was asked about may have changed when it answers. It may
// change: nothing is locked while the backend is asked.
func TestWhatChangesWhileTheBackendIsAskedIsCheckedAgain(t *testing.T) {
	b := newBackend(t)
	town := newTown(t, b.hooked(beforeCreate, beforeInvite, beforeSend), "ann", "bob")
	town.srv.Call(t, "im_open_login_svc", "multiaccount_import", `{"Accounts":["cyd","dan"]}`).MustOK(t)
	const hello = `,"From_Account":"ann","Random":%d,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]}`
	for i, c := range []struct {
		name, meanwhile, meanwhileBody, command, body string
		code                                          int
		raw                                           string
	}{
		{"the sender is muted", "forbid_send_msg", `{"GroupId":"%s","Members_Account":["ann"],"MuteTime":60}`,
			"send_group_msg", `{"GroupId":"%s"` + fmt.Sprintf(hello, 1), 10017, ""},
		{"the group is destroyed", "destroy_group", `{"GroupId":"%s"}`,
			"send_group_msg", `{"GroupId":"%s"` + fmt.Sprintf(hello, 2), 10010, ""},
		{"the account joins", "add_group_member", `{"GroupId":"%s","MemberList":[{"Member_Account":"cyd"}]}`,
			"add_group_member", `{"GroupId":"%s","MemberList":[{"Member_Account":"cyd"}]}`, 0, `[{"Member_Account":"cyd","Result":2}]`},
		{"the account is banned", "ban_group_member", `{"GroupId":"%s","Members_Account":["cyd"],"Duration":60}`,
			"add_group_member", `{"GroupId":"%s","MemberList":[{"Member_Account":"cyd"}]}`, 0, `[{"Member_Account":"cyd","Result":0}]`},
		{"the group gets full", "modify_group_base_info", `{"GroupId":"%s","MaxMemberNum":1}`,
			"add_group_member", `{"GroupId":"%s","MemberList":[{"Member_Account":"cyd"}]}`, 10014, ""},
		{"the id is taken", "create_group", `{"Type":"Public","Name":"n","GroupId":"%s-new","Owner_Account":"bob"}`,
			"create_group", `{"Type":"Public","Name":"n","GroupId":"%s-new","Owner_Account":"ann"}`, 10021, ""},
		{"the owner is deleted", "account_delete", `{"DeleteItem":[{"UserID":"dan"}],"x":"%s"}`,
			"create_group", `{"Type":"Public","Name":"n","GroupId":"%s-own","Owner_Account":"dan"}`, 10019, ""},
		{"the topic is taken", "create_topic", `{"GroupId":"@TGS#_town","TopicName":"n","TopicId":"@TGS#_town@TOPIC#_%s"}`,
			"create_topic", `{"GroupId":"@TGS#_town","TopicName":"n","TopicId":"@TGS#_town@TOPIC#_%s"}`, 10025, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			group := fmt.Sprintf("again-%d", i)
			town.call("create_group", `{"Type":"Public","Name":"n","GroupId":%q,"Owner_Account":"bob"}`, group).MustOK(t)
			var asked atomic.Bool
			b.answers(func(hookCall) (int, string) {
				if asked.Swap(true) {
					return http.StatusOK, hookOK // what happens meanwhile is asked about too
				}
				service := "group_open_http_svc"
				if c.meanwhile == "account_delete" {
					service = "im_open_login_svc"
				}
				answer, err := town.srv.Try(context.Background(), service, c.meanwhile, fmt.Sprintf(c.meanwhileBody, group))
				if err != nil || answer.Code != 0 {
					t.Errorf("%s meanwhile: %s, %v", c.meanwhile, answer.Raw, err)
				}
				return http.StatusOK, hookOK
			})
			answer := town.call(c.command, c.body, group).WantCode(t, c.code)
			if !strings.Contains(string(answer.Raw), c.raw) {
				t.Errorf("answer is %s, want %s in it", answer.Raw, c.raw)
			}
			if !asked.Load() {
				t.Error("the backend was not asked")
			}
			b.answers(nil)
		})
	}
}

func TestAnAnswerWhoseChangeCannotBeReadRefuses(t *testing.T) {
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(beforeSend, beforeInvite), "Public", "ann")
	b.always(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"CloudCustomData":{}}`)
	r.say("hello", "").WantCode(t, 10004)
	r.wantNext(1)
	b.always(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"RefusedMembers_Account":[{"Member_Account":"bob"}]}`)
	r.add("bob").WantCode(t, 10004)
	if log := r.srv.Log.String(); !strings.Contains(log, "CloudCustomData should be a string") || !strings.Contains(log, "RefusedMembers_Account should be") {
		t.Errorf("the log does not say what is wrong: %s", log)
	}
	b.always(hookOK)
	r.add("bob").WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MemberList":[{"Member_Account":"bob","Result":1}]}`)
}
