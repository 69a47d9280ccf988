package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/chat"
)

// forbid_send_msg, get_group_muted_account and get_group_shutted_uin (spec 03
// sections 2.10 and 2.11, spec 05 sections 1.5 and 1.6).

const forEver = 4294967295

// mute mutes accounts in the group, or in the topic if this is one.
func (r *room) mute(seconds int64, accounts ...string) apitest.Answer {
	r.t.Helper()
	return r.call("forbid_send_msg", `{"GroupId":%q,"TopicId":%q,"Members_Account":["%s"],"MuteTime":%d}`,
		r.group, r.topicID, strings.Join(accounts, `","`), seconds)
}

// wantMuted checks both commands that list mutes: account, end, account, end ...
func (r *room) wantMuted(want ...any) {
	r.t.Helper()
	for command, names := range map[string][2]string{
		"get_group_muted_account": {"MutedAccountList", "MutedUntil"},
		"get_group_shutted_uin":   {"ShuttedUinList", "ShuttedUntil"},
	} {
		var items []string
		for i := 0; i < len(want); i += 2 {
			items = append(items, fmt.Sprintf(`{"Member_Account":%q,%q:%d}`, want[i], names[1], want[i+1]))
		}
		r.wantAnswer(r.call(command, `{"GroupId":%q,"TopicId":%q}`, r.group, r.topicID),
			fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupId":%q,%q:[%s]}`, r.group, names[0], strings.Join(items, ",")))
	}
}

func TestMuteLastsForItsTime(t *testing.T) {
	r := newRoom(t, "Public", "bob", "ann")
	r.wantMuted()
	r.wantAnswer(r.mute(60, "bob", "ann"), bareOK)
	until := r.now() + 60
	r.wantMuted("ann", until, "bob", until) // in the order of the accounts
	if m := r.member("ann"); m.MuteUntil != until || m.ShutUpUntil != until {
		t.Errorf("the member's record is %+v, want muted until %d", m, until)
	}
	r.srv.Clock.Advance(59 * minute / 60)
	r.wantMuted("ann", until, "bob", until)
	r.srv.Clock.Advance(minute / 60)
	r.wantMuted()
	if m := r.member("ann"); m.MuteUntil != 0 || m.ShutUpUntil != 0 {
		t.Errorf("the member's record is %+v after the mute ran out", m)
	}
}

func TestMuteReplacesTheEarlierOne(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	for _, seconds := range []int64{60, 600, 1, forEver, forEver - 1, 5} {
		r.mute(seconds, "ann").MustOK(t)
		r.wantMuted("ann", min(r.now()+seconds, forEver))
		if m := r.member("ann"); m.MuteUntil != min(r.now()+seconds, forEver) {
			t.Errorf("the member's record is %+v after a mute of %d", m, seconds)
		}
	}
	r.mute(0, "ann").MustOK(t)
	r.wantMuted()
	r.mute(forEver, "ann").MustOK(t)
	r.srv.Clock.Advance(50 * 365 * day)
	r.wantMuted("ann", forEver)
	r.srv.Restart(t)
	r.wantMuted("ann", forEver)
}

func TestMuteTakesTheOlderName(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.call("forbid_send_msg", `{"GroupId":%q,"Members_Account":["ann"],"ShutUpTime":60}`, r.group).MustOK(t)
	r.wantMuted("ann", r.now()+60)
	r.call("forbid_send_msg", `{"GroupId":%q,"Members_Account":["ann"],"ShutUpTime":0,"MuteTime":30}`, r.group).MustOK(t)
	r.wantMuted("ann", r.now()+30) // the newer name counts
	r.call("forbid_send_msg", `{"GroupId":%q,"Members_Account":["ann"],"MuteTime":null,"ShutUpTime":0}`, r.group).MustOK(t)
	r.wantMuted()
}

// The mute is the account's: it takes effect on joining.
func TestStrangersCanBeMuted(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.mute(60, "bob", "ghost", strings.Repeat("x", 600), "", "ann").MustOK(t)
	until := r.now() + 60
	r.wantMuted("ann", until)
	r.sendWith(`"From_Account":"bob","Random":1,"MsgBody":`+text("x")).WantCode(t, 10017)
	r.add("bob").MustOK(t)
	r.wantMuted("ann", until, "bob", until)
	r.srv.Call(t, "im_open_login_svc", "account_import", `{"UserID":"ghost"}`).MustOK(t)
	r.add("ghost").MustOK(t)
	r.wantMuted("ann", until, "bob", until, "ghost", until)
}

func TestMuteInRoomsWithoutMembers(t *testing.T) {
	r := newRoom(t, "AVChatRoom", "ann")
	r.mute(60, "bob", "ann").MustOK(t)
	r.wantMuted("ann", r.now()+60, "bob", r.now()+60)
	r.wantNext(1)
	r.sendWith(`"From_Account":"ann","Random":1,"MsgBody":`+text("x")).WantCode(t, 10017)
	r.mute(0, "ann").MustOK(t)
	r.sendWith(`"From_Account":"ann","Random":1,"MsgBody":` + text("x")).MustOK(t)
	r.wantMuted("bob", r.now()+60)
}

func TestMuteTips(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	tip := func(seconds int, accounts ...string) string {
		var members []string
		for _, account := range accounts {
			members = append(members, fmt.Sprintf(`{"User_Account":%q,"ShutupTime":%d}`, account, seconds))
		}
		return `{"OpType":7,"Operator_Account":"administrator","List_Account":["` + strings.Join(accounts, `","`) + `"],"MsgMemberInfo":[` + strings.Join(members, ",") + `]}`
	}
	r.mute(0, "ann", "bob").MustOK(t) // nobody was muted
	r.mute(60, "cleo").MustOK(t)      // no member
	r.wantTips()
	r.mute(60, "bob", "cleo", "ann", "bob").MustOK(t)
	r.wantTips(tip(60, "bob", "ann"))
	r.mute(60, "bob").MustOK(t) // the same again is a change
	r.wantTips(tip(60, "bob"), tip(60, "bob", "ann"))
	r.mute(0, "cleo").MustOK(t)
	r.mute(0, "ann", "cleo").MustOK(t)
	r.mute(0, "ann").MustOK(t)
	r.wantTips(tip(0, "ann"), tip(60, "bob"), tip(60, "bob", "ann"))
	r.srv.Clock.Advance(minute)
	r.mute(0, "bob").MustOK(t) // ran out by itself
	r.wantNext(4)
}

func TestMuteTipsByType(t *testing.T) {
	for groupType, next := range map[string]uint32{"Public": 2, "ChatRoom": 1, "AVChatRoom": 1, "Community": 2} {
		r := newRoom(t, groupType, "ann")
		r.mute(60, "ann").MustOK(t)
		r.wantNext(next)
	}
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.TipsMemberProfile = []chat.GroupType{chat.ChatRoom} }, "ChatRoom", "ann")
	r.mute(60, "ann").MustOK(t)
	r.wantNext(2)
}

func TestMuteInATopicIsOfThatTopicAlone(t *testing.T) {
	town := newTown(t, noOptions, "ann", "bob")
	one, two := town.topic("one"), town.topic("two")
	one.mute(60, "ann", "cleo").MustOK(t)
	until := town.now() + 60
	one.wantMuted("ann", until)
	two.wantMuted()
	town.wantMuted()
	if m := town.member("ann"); m.MuteUntil != 0 {
		t.Errorf("the member's record is %+v, want it without the topic's mute", m)
	}
	if got := one.self("ann"); got.ShutUpTime != until {
		t.Errorf("ann has %+v in the topic, want muted until %d", got, until)
	}
	town.wantNext(1) // no tip anywhere
	one.pull(20).wantSeqs()

	town.mute(120, "ann", "bob").MustOK(t)
	one.wantMuted("ann", until) // the community's are not repeated
	town.wantMuted("ann", town.now()+120, "bob", town.now()+120)
	one.mute(0, "ann").MustOK(t)
	one.wantMuted()
	town.wantMuted("ann", town.now()+120, "bob", town.now()+120)

	// Leaving lifts no mute.
	two.mute(60, "bob").MustOK(t)
	town.remove("bob").MustOK(t)
	two.wantMuted()
	town.add("bob").MustOK(t)
	two.wantMuted("bob", until)

	// A topic's mutes end with it.
	town.million("destroy_topic", `{"GroupId":%q,"TopicIdList":[%q]}`, town.group, two.topicID).MustOK(t)
	two.mute(60, "bob").WantCode(t, 10010)
	town.topic("two").wantMuted()
}

// The table of spec 05 section 1.5.
func TestMutesCheckTheTopic(t *testing.T) {
	town := newTownWithNeighbours(t)
	one, gone := town.topic("one"), town.topic("gone")
	town.million("destroy_topic", `{"GroupId":%q,"TopicIdList":[%q]}`, town.group, gone.topicID).MustOK(t)
	for command, need := range map[string]string{
		"forbid_send_msg":          `"Members_Account":["ann"],"MuteTime":60`,
		"get_group_muted_account":  `"x":0`,
		"get_group_shutted_uin":    `"x":0`,
		"modify_group_member_info": `"Member_Account":"ann","MuteTime":60`,
	} {
		town.check("group_open_http_svc", command, []refusal{
			{"TopicId empty", `{"GroupId":"$","TopicId":"",` + need + `}`, 0},
			{"TopicId null", `{"GroupId":"$","TopicId":null,` + need + `}`, 0},
			{"the topic", `{"GroupId":"$","TopicId":"` + one.topicID + `",` + need + `}`, 0},
			{"TopicId a number", `{"GroupId":"$","TopicId":5,` + need + `}`, 10004},
			{"bad GroupId before bad TopicId", `{"GroupId":"","TopicId":"x",` + need + `}`, 10015},
			{"unknown community before bad TopicId", `{"GroupId":"@TGS#_none","TopicId":"x",` + need + `}`, 10010},
			{"a group of another type", `{"GroupId":"plain","TopicId":"` + one.topicID + `",` + need + `}`, 10004},
			{"a community without topics", `{"GroupId":"@TGS#_quiet","TopicId":"@TGS#_quiet@TOPIC#_one",` + need + `}`, 10004},
			{"a topic of another community", `{"GroupId":"$","TopicId":"@TGS#_quiet@TOPIC#_one",` + need + `}`, 10004},
			{"TopicId without a name", `{"GroupId":"$","TopicId":"$@TOPIC#_",` + need + `}`, 10004},
			{"a topic that never was", `{"GroupId":"$","TopicId":"$@TOPIC#_never",` + need + `}`, 10010},
			{"a topic that was destroyed", `{"GroupId":"$","TopicId":"` + gone.topicID + `",` + need + `}`, 10010},
		})
	}
}

func TestMutedListIsPagedThroughWhole(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	const n = 2500
	for start := 0; start < n; start += 500 {
		list := make([]string, 500)
		for i := range list {
			list[i] = fmt.Sprintf(`"u%05d"`, start+i)
		}
		r.call("forbid_send_msg", `{"GroupId":%q,"Members_Account":[%s],"MuteTime":%d}`, r.group, strings.Join(list, ","), 60+start).MustOK(t)
	}
	muted := func() (accounts []string) {
		t.Helper()
		var answer struct {
			Muted []struct {
				Account string `json:"Member_Account"`
			} `json:"MutedAccountList"`
		}
		r.call("get_group_muted_account", `{"GroupId":%q}`, r.group).MustOK(t).Decode(t, &answer)
		for _, m := range answer.Muted {
			accounts = append(accounts, m.Account)
		}
		return accounts
	}
	want := func(first int) {
		t.Helper()
		got := muted()
		if len(got) != n-first {
			t.Fatalf("%d accounts are muted, want %d", len(got), n-first)
		}
		for i, account := range got {
			if account != fmt.Sprintf("u%05d", first+i) {
				t.Fatalf("muted account %d is %s", i, account)
			}
		}
	}
	want(0)
	r.srv.Clock.Advance(560 * minute / 60)
	want(1000)
}

func TestMutedListOfMoreThanAMegabyte(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	long := strings.Repeat("x", 27) // and five digits
	for start := range 26 {
		list := make([]string, 500)
		for i := range list {
			list[i] = fmt.Sprintf(`"%s%05d"`, long, start*500+i)
		}
		r.call("forbid_send_msg", `{"GroupId":%q,"Members_Account":[%s],"MuteTime":60}`, r.group, strings.Join(list, ",")).MustOK(t)
	}
	r.call("get_group_muted_account", `{"GroupId":%q}`, r.group).MustOK(t)
	for start := range 3 {
		list := make([]string, 500)
		for i := range list {
			list[i] = fmt.Sprintf(`"%s%05d"`, long, 13_000+start*500+i)
		}
		r.call("forbid_send_msg", `{"GroupId":%q,"Members_Account":[%s],"MuteTime":60}`, r.group, strings.Join(list, ",")).MustOK(t)
	}
	r.call("get_group_muted_account", `{"GroupId":%q}`, r.group).WantCode(t, 10018)
	r.srv.Clock.Advance(minute)
	r.wantMuted()
}
