package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/chat"
)

// modify_group_member_info (spec 03 section 2.8) and set_unread_msg_num
// (section 2.13).

// modify changes a member's record by fields as JSON.
func (r *room) modify(account, fields string) apitest.Answer {
	r.t.Helper()
	return r.call("modify_group_member_info", `{"GroupId":%q,"Member_Account":%q%s}`, r.group, account, fields)
}

func TestModifyMemberChangesWhatIsGiven(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	want := *r.member("ann")
	for _, c := range []struct {
		fields string
		change func()
	}{
		{`,"Role":"Admin"`, func() { want.Role = "Admin" }},
		{`,"MsgFlag":"AcceptNotNotifyExceptAt"`, func() { want.MsgFlag = "AcceptNotNotifyExceptAt" }},
		{`,"MsgFlag":"AcceptNotNotify","Role":""`, func() { want.MsgFlag = "AcceptNotNotify" }},
		{`,"MsgFlag":"Discard"`, func() { want.MsgFlag = "Discard" }},
		{`,"MsgFlag":"AcceptAndNotify"`, func() { want.MsgFlag = "AcceptAndNotify" }},
		{`,"MsgFlag":"","NameCard":"Annie"`, func() { want.NameCard = "Annie" }},
		{`,"NameCard":null`, func() {}},
		{`,"NameCard":"` + strings.Repeat("é", 25) + `"`, func() { want.NameCard = strings.Repeat("é", 25) }},
		{`,"NameCard":""`, func() { want.NameCard = "" }},
		{`,"AppMemberDefinedData":[{"Key":"Level","Value":7},{"Key":"Team","Value":"a"},{"Key":"Team","Value":"b"}]`,
			func() { want.Custom = []chat.Field{{Key: "Level", Value: "7"}, {Key: "Team", Value: "b"}} }},
		{`,"AppMemberDefinedData":[{"Key":"Level","Value":""}]`, func() { want.Custom = []chat.Field{{Key: "Team", Value: "b"}} }},
		{`,"AppMemberDefinedData":[]`, func() {}},
		{`,"MuteTime":60`, func() { want.MuteUntil, want.ShutUpUntil = r.now()+60, r.now()+60 }},
		{`,"ShutUpTime":0`, func() { want.MuteUntil, want.ShutUpUntil = 0, 0 }},
		{`,"ShutUpTime":5,"MuteTime":4294967295`, func() { want.MuteUntil, want.ShutUpUntil = forEver, forEver }},
		{`,"Role":"Member","MuteTime":0,"NameCard":"A","MsgFlag":"Discard"`, func() {
			want.Role, want.MuteUntil, want.ShutUpUntil, want.NameCard, want.MsgFlag = "Member", 0, 0, "A", "Discard"
		}},
		{`,"ShutUpUntil":600`, func() {}}, // what one old SDK sends: unknown, so ignored
		{``, func() {}},
	} {
		r.wantAnswer(r.modify("ann", c.fields), bareOK)
		c.change()
		if got := r.member("ann"); fmt.Sprint(*got) != fmt.Sprint(want) {
			t.Errorf("%s: member is %+v, want %+v", c.fields, *got, want)
		}
	}
	if bob := r.member("bob"); bob.Role != "Member" || bob.MuteUntil != 0 || bob.NameCard != "" {
		t.Errorf("another member is %+v", *bob)
	}
}

func TestModifyMemberRefusesBadFields(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.RefusedWords = []string{"damn"} }, "Public", "ann", "owner")
	r.call("change_group_owner", `{"GroupId":%q,"NewOwner_Account":"owner"}`, r.group).MustOK(t)
	before := fmt.Sprint(r.listMembers("").Members)
	for _, c := range []struct {
		name, account, fields string
		code                  int
	}{
		{"role Owner", "ann", `,"Role":"Owner"`, 10004},
		{"role unknown", "ann", `,"Role":"admin"`, 10004},
		{"role a number", "ann", `,"Role":1`, 10004},
		{"flag unknown", "ann", `,"MsgFlag":"acceptandnotify"`, 10004},
		{"flag a number", "ann", `,"MsgFlag":0`, 10004},
		{"name card too long", "ann", `,"NameCard":"` + strings.Repeat("é", 25) + `x"`, 10004},
		{"name card a number", "ann", `,"NameCard":5`, 10004},
		{"mute negative", "ann", `,"MuteTime":-1`, 10004},
		{"mute of 33 bits", "ann", `,"MuteTime":4294967296`, 10004},
		{"mute a string", "ann", `,"MuteTime":"60"`, 10004},
		{"old mute of 33 bits", "ann", `,"ShutUpTime":4294967296`, 10004},
		{"key of 17 bytes", "ann", `,"AppMemberDefinedData":[{"Key":"k2345678901234567","Value":""}]`, 10004},
		{"key with a blank", "ann", `,"AppMemberDefinedData":[{"Key":" k","Value":""}]`, 10004},
		{"key empty", "ann", `,"AppMemberDefinedData":[{"Key":"","Value":"x"}]`, 10004},
		{"no key", "ann", `,"AppMemberDefinedData":[{"Value":"x"}]`, 10004},
		{"no value", "ann", `,"AppMemberDefinedData":[{"Key":"k"}]`, 10004},
		{"value of 65 bytes", "ann", `,"AppMemberDefinedData":[{"Key":"k","Value":"` + strings.Repeat("x", 65) + `"}]`, 10004},
		{"value a boolean", "ann", `,"AppMemberDefinedData":[{"Key":"k","Value":true}]`, 10004},
		{"six keys", "ann", `,"AppMemberDefinedData":[{"Key":"a","Value":"1"},{"Key":"b","Value":"1"},{"Key":"c","Value":"1"},{"Key":"d","Value":"1"},{"Key":"e","Value":"1"},{"Key":"f","Value":"1"}]`, 10004},
		{"custom data an object", "ann", `,"AppMemberDefinedData":{"Key":"k","Value":"x"}`, 10004},
		{"no member", "bob", `,"NameCard":"x"`, 10007},
		{"no member and nothing to change", "bob", ``, 10007},
		{"never imported", "ghost", ``, 10007},
		{"role of the owner", "owner", `,"Role":"Admin"`, 10007},
		{"plain role of the owner", "owner", `,"Role":"Member"`, 10007},
		{"bad field before no member", "bob", `,"Role":"x"`, 10004},
		{"refused word in the name card", "ann", `,"NameCard":"damn"`, 80001},
		{"refused word in a value", "ann", `,"NameCard":"x","AppMemberDefinedData":[{"Key":"k","Value":"oh damn"}]`, 80001},
		{"no member before a refused word", "bob", `,"NameCard":"damn"`, 10007},
		{"all or nothing", "owner", `,"NameCard":"x","MsgFlag":"Discard","MuteTime":60,"Role":"Admin"`, 10007},
	} {
		t.Run(c.name, func(t *testing.T) { r.modify(c.account, c.fields).WantCode(t, c.code) })
	}
	if after := fmt.Sprint(r.listMembers("").Members); after != before {
		t.Errorf("members were %s and are %s", before, after)
	}
	r.wantMuted()
	r.modify("owner", `,"NameCard":"x","MsgFlag":"Discard","MuteTime":60`).MustOK(t)
}

func TestModifyMemberInAPrivateGroup(t *testing.T) {
	r := newRoom(t, "Private", "ann")
	r.modify("ann", `,"Role":"Admin"`).WantCode(t, 10007)
	r.modify("ann", `,"MuteTime":60`).WantCode(t, 10007)
	r.modify("ann", `,"MuteTime":0`).WantCode(t, 10007)
	r.modify("ann", `,"Role":"Member","NameCard":"Annie"`).MustOK(t)
	r.wantNext(1)
}

func TestModifyMemberKeepsToDeclaredKeys(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.MemberCustomKeys = []string{"Level"} }, "Public", "ann")
	r.modify("ann", `,"AppMemberDefinedData":[{"Key":"Team","Value":"x"}]`).WantCode(t, 10004)
	r.modify("ann", `,"AppMemberDefinedData":[{"Key":"Level","Value":"`+strings.Repeat("x", 64)+`"}]`).MustOK(t)
}

func TestMemberKeepsFiveKeysAtMost(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	for i := range 5 {
		r.modify("ann", fmt.Sprintf(`,"AppMemberDefinedData":[{"Key":"k%d","Value":"x"}]`, i)).MustOK(t)
	}
	r.modify("ann", `,"AppMemberDefinedData":[{"Key":"k5","Value":"x"}]`).WantCode(t, 10004)
	r.modify("ann", `,"AppMemberDefinedData":[{"Key":"k0","Value":""},{"Key":"k5","Value":"x"}]`).MustOK(t)
}

func TestRoleTips(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	made := `{"OpType":4,"Operator_Account":"administrator","List_Account":["ann"]}`
	ended := `{"OpType":5,"Operator_Account":"administrator","List_Account":["ann"]}`
	muted := `{"OpType":7,"Operator_Account":"administrator","List_Account":["ann"],"MsgMemberInfo":[{"User_Account":"ann","ShutupTime":60}]}`
	r.modify("ann", `,"Role":"Member"`).MustOK(t)
	r.modify("ann", `,"NameCard":"x","MsgFlag":"Discard","AppMemberDefinedData":[{"Key":"k","Value":"x"}],"MuteTime":0`).MustOK(t)
	r.wantTips() // nothing that is told of has changed
	r.modify("ann", `,"Role":"Admin"`).MustOK(t)
	r.modify("ann", `,"Role":"Admin"`).MustOK(t)
	r.wantTips(made)
	r.modify("ann", `,"MuteTime":60,"Role":"Member"`).MustOK(t)
	r.wantTips(muted, ended, made) // the role first
	r.wantNext(4)
}

func TestRoleTipsByType(t *testing.T) {
	for groupType, next := range map[string]uint32{"Public": 3, "ChatRoom": 1, "Community": 3} {
		r := newRoom(t, groupType, "ann")
		r.modify("ann", `,"Role":"Admin","MuteTime":60`).MustOK(t)
		r.wantNext(next)
	}
}

// Promotion and demotion leave a running mute as it is.
func TestMuteOutlastsAChangeOfRole(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.mute(60, "ann").MustOK(t)
	r.modify("ann", `,"Role":"Admin"`).MustOK(t)
	r.wantMuted("ann", r.now()+60)
	r.call("change_group_owner", `{"GroupId":%q,"NewOwner_Account":"ann"}`, r.group).MustOK(t)
	r.wantMuted("ann", r.now()+60)
	r.modify("ann", `,"MuteTime":0`).MustOK(t)
	r.wantMuted()
}

// Changes of members move neither time nor number of the group's profile.
func TestModifyMemberLeavesTheGroupAsItIs(t *testing.T) {
	r := newRoom(t, "ChatRoom", "ann")
	r.srv.Clock.Advance(minute)
	before := r.info()
	r.modify("ann", `,"MsgFlag":"AcceptNotNotify"`).MustOK(t) // the default by name
	r.mute(60, "ann").MustOK(t)
	r.mute(0, "ann").MustOK(t)
	if after := r.info(); after != before {
		t.Errorf("the group was %s and is %s", before, after)
	}
	seq, last := r.groupTimes()
	r.modify("ann", `,"Role":"Admin","NameCard":"x","MuteTime":60`).MustOK(t)
	if s, l := r.groupTimes(); s != seq || l != last {
		t.Errorf("InfoSeq and LastInfoTime are %d and %d, were %d and %d", s, l, seq, last)
	}
}

func TestModifyMemberInATopic(t *testing.T) {
	town := newTown(t, noOptions, "ann", "bob")
	one, two := town.topic("one"), town.topic("two")
	one.send("bob", 2)
	inOne := `,"TopicId":"` + one.topicID + `"`
	want := topicSelf{ReadSeq: 2, Flag: "AcceptAndNotify"}
	for _, c := range []struct {
		fields string
		change func()
	}{
		{`,"MsgFlag":"Discard"`, func() { want.Flag = "Discard" }},
		{`,"MuteTime":60`, func() { want.ShutUpTime = town.now() + 60 }},
		{`,"ShutUpTime":0,"MsgFlag":"AcceptNotNotify"`, func() { want.ShutUpTime, want.Flag = 0, "AcceptNotNotify" }},
		{``, func() {}},
		{`,"Role":"","NameCard":null,"AppMemberDefinedData":[],"MuteTime":4294967295`, func() { want.ShutUpTime = forEver }},
	} {
		town.wantAnswer(town.modify("bob", inOne+c.fields), bareOK)
		c.change()
		if got := one.self("bob"); got != want {
			t.Errorf("%s: bob has %+v in the topic, want %+v", c.fields, got, want)
		}
	}
	one.wantMuted("bob", forEver)
	if got := two.self("bob"); got != (topicSelf{Flag: "AcceptAndNotify"}) {
		t.Errorf("bob has %+v in another topic", got)
	}
	if m := town.member("bob"); m.MsgFlag != "AcceptAndNotify" || m.MuteUntil != 0 {
		t.Errorf("bob's record in the community is %+v", *m)
	}
	town.wantNext(1) // a topic's mute writes no tip
	if last := one.pull(1).Rows[0].Seq; last != 2 {
		t.Errorf("the topic's newest number is %d, want 2", last)
	}
	for _, other := range []string{`"Role":"Admin"`, `"NameCard":""`, `"AppMemberDefinedData":[{"Key":"k","Value":"v"}]`} {
		town.modify("bob", inOne+`,"MsgFlag":"Discard",`+other).WantCode(t, 10004)
	}
	town.modify("cleo", inOne+`,"MsgFlag":"Discard"`).WantCode(t, 10007)
	if got := one.self("bob"); got != want {
		t.Errorf("bob has %+v in the topic after refusals, want %+v", got, want)
	}
	// The position moves on under a flag that was set before the first message.
	town.modify("ann", inOne+`,"MsgFlag":"Discard"`).MustOK(t)
	one.send("ann", 1)
	if got := one.self("ann"); got != (topicSelf{ReadSeq: 3, Flag: "Discard"}) {
		t.Errorf("ann has %+v in the topic", got)
	}
}

func (r *room) setUnread(account string, n any) apitest.Answer {
	r.t.Helper()
	return r.call("set_unread_msg_num", `{"GroupId":%q,"Member_Account":%q,"UnreadMsgNum":%v}`, r.group, account, n)
}

func TestSetUnreadMovesTheReadPosition(t *testing.T) {
	for _, groupType := range []string{"Private", "Public", "Community"} {
		r := newRoom(t, groupType, "ann", "bob")
		r.setUnread("ann", 5).MustOK(t)
		if seq := r.member("ann").MsgSeq; seq != 0 {
			t.Errorf("%s: position in an empty group is %d", groupType, seq)
		}
		r.send("bob", 10)
		for _, c := range []struct {
			unread any
			seq    uint32
		}{{5, 5}, {0, 10}, {10, 0}, {11, 0}, {3, 7}, {"18446744073709551615", 0}, {1, 9}} {
			r.wantAnswer(r.setUnread("ann", c.unread), bareOK)
			if seq := r.member("ann").MsgSeq; seq != c.seq {
				t.Errorf("%s: position with %v of 10 unread is %d, want %d", groupType, c.unread, seq, c.seq)
			}
		}
		// Later messages add to the number; one's own are read.
		r.send("bob", 2)
		if seq := r.member("ann").MsgSeq; seq != 9 {
			t.Errorf("%s: position after more messages is %d, want 9", groupType, seq)
		}
		// It may move back what one's own messages moved, and back again.
		r.setUnread("bob", 4).MustOK(t)
		r.srv.Restart(t)
		if seq := r.member("bob").MsgSeq; seq != 8 {
			t.Errorf("%s: position of the sender is %d, want 8", groupType, seq)
		}
		if last := r.member("bob").LastSendTime; last != r.now() {
			t.Errorf("%s: time of the sender's last message is %d, want %d", groupType, last, r.now())
		}
		r.send("bob", 1)
		if seq := r.member("bob").MsgSeq; seq != 13 {
			t.Errorf("%s: position after one's own message is %d, want 13", groupType, seq)
		}
		r.wantNext(14) // no tip
	}
}

func TestSetUnreadCountsTips(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("bob", 1)
	r.writeTip()
	r.setUnread("ann", 1).MustOK(t)
	if seq := r.member("ann").MsgSeq; seq != 1 {
		t.Errorf("position is %d, want 1: the tip is the unread one", seq)
	}
}

func TestSetUnreadNeedsAMember(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.setUnread("bob", 1).WantCode(t, 10007)
	r.setUnread("ghost", 1).WantCode(t, 10007)
}

// Types without unread numbers say OK and do nothing, whoever is named.
func TestSetUnreadWithoutUnreadNumbers(t *testing.T) {
	for _, groupType := range []string{"ChatRoom", "AVChatRoom"} {
		r := newRoom(t, groupType, "ann")
		r.send("bob", 3)
		r.wantAnswer(r.setUnread("ann", 1), bareOK)
		r.wantAnswer(r.setUnread("ghost", 1), bareOK)
		if groupType == "ChatRoom" {
			if seq := r.member("ann").MsgSeq; seq != 0 {
				t.Errorf("position is %d, want it left at 0", seq)
			}
		}
		r.call("set_unread_msg_num", `{"GroupId":%q,"Member_Account":"ann","UnreadMsgNum":-1}`, r.group).WantCode(t, 10004)
	}
}

// In a community with topics it is the community's own position.
func TestSetUnreadLeavesTopicsAlone(t *testing.T) {
	town := newTown(t, noOptions, "ann", "bob")
	one := town.topic("one")
	one.send("bob", 3)
	town.writeTip()
	town.call("set_unread_msg_num", `{"GroupId":%q,"TopicId":"ignored","Member_Account":"bob","UnreadMsgNum":1}`, town.group).MustOK(t)
	if seq := town.member("bob").MsgSeq; seq != 0 {
		t.Errorf("bob's position in the community is %d, want 0 of 1", seq)
	}
	if got := one.self("bob"); got.ReadSeq != 3 {
		t.Errorf("bob has %+v in the topic", got)
	}
}
