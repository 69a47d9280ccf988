package api_test

import (
	"fmt"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

// What check_send_permission asks of senders (spec 05 section 2.1).

func checkPermissions(o *apitest.Options) {
	o.Settings.CheckSendPermission, o.Settings.CommunityDirectMessage = true, true
}

// trySend sends one message and returns the answer's code.
func (r *room) trySend(sender, rest string) int {
	r.t.Helper()
	random := r.random.Add(1)
	return r.call("send_group_msg", `{"GroupId":%q,"TopicId":%q,"From_Account":%q,"Random":%d,"MsgBody":%s%s}`,
		r.group, r.topicID, sender, random, text("x"), rest).Code
}

// wantSends checks who may send a plain message, and who may mention all.
func (r *room) wantSends(sender string, plain, atAll bool) {
	r.t.Helper()
	for rest, may := range map[string]bool{``: plain, `,"GroupAtInfo":[{"GroupAtAllFlag":1}]`: plain && atAll, `,"GroupAtInfo":[{"GroupAtAllFlag":0,"GroupAt_Account":"ann"}]`: plain} {
		want := 10007
		if may {
			want = 0
		}
		if got := r.trySend(sender, rest); got != want {
			r.t.Errorf("%s sends to %s%s%s: code %d, want %d", sender, r.group, r.topicID, rest, got, want)
		}
	}
}

func (r *room) permit(rest string) {
	r.t.Helper()
	r.call("modify_group_base_info", `{"GroupId":%q,"EnablePermission":1%s}`, r.group, rest).MustOK(r.t)
}

func TestSendPermissionsAreNotCheckedByDefault(t *testing.T) {
	town := newTown(t, noOptions, "ann", "bob")
	one := town.topic("one")
	town.permit(`,"DefaultPermission":0`)
	one.wantSends("bob", true, true)
	checked := newTown(t, checkPermissions, "ann", "bob")
	one = checked.topic("one")
	one.wantSends("bob", true, true) // EnablePermission is 0
	checked.permit(`,"DefaultPermission":0`)
	one.wantSends("bob", false, false)
	checked.call("modify_group_base_info", `{"GroupId":%q,"EnablePermission":0}`, checked.group).MustOK(t)
	one.wantSends("bob", true, true)
	plain := newRoomOn(t, checked.srv, "Public", "ann")
	plain.wantSends("bob", true, true)
}

func TestWhoNeedsPermissionToSend(t *testing.T) {
	town := newTown(t, checkPermissions, "ann", "bob", "eve")
	town.srv.Call(t, "im_open_login_svc", "account_import", `{"UserID":"zoe"}`).MustOK(t)
	one := town.topic("one")
	town.call("modify_group_member_info", `{"GroupId":%q,"Member_Account":"eve","Role":"Admin"}`, town.group).MustOK(t)
	for _, c := range []struct {
		defaults     int64
		plain, atAll bool
	}{{0, false, false}, {64, true, false}, {64 | 128, true, true}, {128, false, false}, {^(64 | 128), false, false}, {320, true, false}, {-1, true, true}} {
		town.permit(fmt.Sprintf(`,"DefaultPermission":%d`, c.defaults))
		for _, stream := range []*room{town, one} {
			stream.wantSends("ann", true, true)         // the owner
			stream.wantSends(apitest.Admin, true, true) // of the application
			stream.wantSends("bob", c.plain, c.atAll)
			stream.wantSends("eve", c.plain, c.atAll) // the role has no powers
			stream.wantSends("zoe", false, false)     // is no member
		}
	}
	town.permit(`,"DefaultPermission":0`)
	town.call("change_group_owner", `{"GroupId":%q,"NewOwner_Account":"bob"}`, town.group).MustOK(t)
	one.wantSends("ann", false, false)
	one.wantSends("bob", true, true)
}

func TestOneSourceOfAPermissionIsEnough(t *testing.T) {
	town := newTown(t, checkPermissions, "ann", "bob", "eve")
	one, two := town.topic("one"), town.topic("two")
	town.permit(`,"DefaultPermission":0`)
	set := func(name string, permission int64) {
		t.Helper()
		town.call("modify_permission_group", `{"GroupId":%q,"PermissionGroupId":"@PMG#_%s","Permission":%d}`, town.group, name, permission).MustOK(t)
	}
	for _, name := range []string{"stewards", "others"} {
		town.permissionGroup(name)
		town.enroll(name, "bob")
	}
	nowhere := func() {
		t.Helper()
		for _, stream := range []*room{town, one, two} {
			stream.wantSends("bob", false, false)
			stream.wantSends("eve", false, false)
		}
	}
	nowhere()

	// The community's bits count everywhere, whichever group grants them.
	set("others", 64)
	for _, stream := range []*room{town, one, two} {
		stream.wantSends("bob", true, false)
		stream.wantSends("eve", false, false)
	}
	set("stewards", 128)
	for _, stream := range []*room{town, one, two} {
		stream.wantSends("bob", true, true)
	}
	set("others", 8) // which is a bit of topics
	set("stewards", 0)
	nowhere()

	// A topic's count there.
	town.call("add_topic_permission_group", `{"GroupId":%q,%s,%s}`, town.group, stewards, town.masked(8, "one")).MustOK(t)
	one.wantSends("bob", true, false)
	one.wantSends("eve", false, false)
	two.wantSends("bob", false, false)
	town.wantSends("bob", false, false)
	town.call("set_topic_permission_group", `{"GroupId":%q,%s,%s}`, town.group, stewards, town.masked(8|64, "one")).MustOK(t)
	one.wantSends("bob", true, true)
	town.call("set_topic_permission_group", `{"GroupId":%q,%s,%s}`, town.group, stewards, town.masked(64, "one")).MustOK(t)
	nowhere() // 64 is to mention all there, but not to send

	// And so does the topic's default, for everybody.
	town.million("modify_topic", `{"GroupId":%q,"TopicId":%q,"DefaultPermission":8}`, town.group, one.topicID).MustOK(t)
	one.wantSends("bob", true, true)
	one.wantSends("eve", true, false)
	two.wantSends("eve", false, false)
	town.million("modify_topic", `{"GroupId":%q,"TopicId":%q,"DefaultPermission":0}`, town.group, one.topicID).MustOK(t)

	// What is taken back counts no more.
	set("others", 64)
	one.wantSends("bob", true, true)
	town.call("delete_permission_group_member", `{"GroupId":%q,%s,"MemberList":["bob"]}`, town.group, stewards).MustOK(t)
	one.wantSends("bob", true, false)
	town.call("destroy_permission_group", `{"GroupId":%q,"PermissionGroupIdList":["@PMG#_others"]}`, town.group).MustOK(t)
	nowhere()
	town.permissionGroup("others")
	set("others", 64)
	nowhere()
}

func TestPermissionIsCheckedAfterRepeatsAndMutes(t *testing.T) {
	town := newTown(t, checkPermissions, "ann", "bob")
	one := town.topic("one")
	town.permit("") // 320 by default
	send := func(want int) {
		t.Helper()
		one.call("send_group_msg", `{"GroupId":%q,"TopicId":%q,"From_Account":"bob","Random":1000000,"MsgBody":%s}`, one.group, one.topicID, text("x")).WantCode(t, want)
	}
	send(0)
	town.permit(`,"DefaultPermission":0`)
	send(0) // answers the first one's
	one.wantSends("bob", false, false)
	town.call("forbid_send_msg", `{"GroupId":%q,"Members_Account":["bob"],"MuteTime":60}`, town.group).MustOK(t)
	if got := one.trySend("bob", ""); got != 10017 {
		t.Errorf("a muted sender without permission: code %d", got)
	}
}
