package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

// modify_admin and get_admin_list (spec 03 sections 3.4 and 3.5).

func (r *room) live(command, format string, args ...any) apitest.Answer {
	r.t.Helper()
	return r.srv.Call(r.t, "group_open_avchatroom_http_svc", command, fmt.Sprintf(format, args...))
}

func (r *room) appoint(accounts ...string) apitest.Answer {
	r.t.Helper()
	return r.live("modify_admin", `{"GroupId":%q,"CommandType":1,"Admin_Account":["%s"]}`, r.group, strings.Join(accounts, `","`))
}

func (r *room) dismiss(accounts ...string) apitest.Answer {
	r.t.Helper()
	return r.live("modify_admin", `{"GroupId":%q,"CommandType":2,"Admin_Account":["%s"]}`, r.group, strings.Join(accounts, `","`))
}

func (r *room) wantAdmins(want ...string) {
	r.t.Helper()
	items := make([]string, len(want))
	for i, account := range want {
		items[i] = fmt.Sprintf(`{"Admin_Account":%q,"NickName":"","Avatar":""}`, account)
	}
	r.wantAnswer(r.live("get_admin_list", `{"GroupId":%q}`, r.group),
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Admin_List":[`+strings.Join(items, ",")+`]}`)
}

func TestRoomAdminsStayUntilTheyAreDismissed(t *testing.T) {
	r := newRoom(t, "AVChatRoom", "cleo")
	r.wantAdmins()
	r.wantAnswer(r.appoint("cleo", "ann", "cleo"), bareOK)
	r.wantAdmins("cleo", "ann")
	r.wantAnswer(r.appoint("ann", "bob"), bareOK)
	r.wantAdmins("cleo", "ann", "bob")
	r.srv.Restart(t)
	r.wantAnswer(r.dismiss("ann", "ann"), bareOK)
	r.wantAnswer(r.dismiss("ann"), bareOK) // again
	r.wantAdmins("cleo", "bob")
	r.appoint("ann").MustOK(t)
	r.wantAdmins("cleo", "bob", "ann") // in the order of their appointment
	r.wantNext(1)                      // no tip
	if infoSeq, last := r.groupTimes(); infoSeq != 1 || last != r.now() {
		t.Errorf("InfoSeq is %d and LastInfoTime %d, want them untouched", infoSeq, last)
	}
}

func TestRoomAdminsAreShownWithTheirProfiles(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	r.srv.Call(t, "im_open_login_svc", "account_import", `{"UserID":"ann","Nick":"Ann <3","FaceUrl":"http://a/b.png"}`).MustOK(t)
	r.appoint("ann", "administrator").MustOK(t)
	r.wantAnswer(r.live("get_admin_list", `{"GroupId":%q}`, r.group),
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Admin_List":[{"Admin_Account":"ann","NickName":"Ann <3","Avatar":"http://a/b.png"},`+
			`{"Admin_Account":"administrator","NickName":"","Avatar":""}]}`)
}

func TestRoomAdminsAreAtMostFive(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	r.crowd("u", 8)
	r.appoint(accounts("u", 0, 4)...).MustOK(t)
	r.appoint("u4", "u5").WantCode(t, 10004)
	r.wantAdmins(accounts("u", 0, 4)...)
	r.appoint("u4", "u3", "u2", "u4").MustOK(t)
	r.wantAdmins(accounts("u", 0, 5)...)
	r.appoint("u5").WantCode(t, 10004)
	r.appoint("u4").MustOK(t)
	r.dismiss(accounts("u", 0, 5)...).MustOK(t)
	r.wantAdmins()
	r.appoint(accounts("u", 0, 6)...).WantCode(t, 10005)
	r.dismiss(accounts("u", 0, 6)...).WantCode(t, 10005)
}

func TestRoomAdminsCheckTheirFields(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	r.check("group_open_avchatroom_http_svc", "modify_admin", []refusal{
		{"no CommandType", `{"GroupId":"$","Admin_Account":["ann"]}`, 10004},
		{"CommandType 0", `{"GroupId":"$","CommandType":0,"Admin_Account":["ann"]}`, 10004},
		{"CommandType 3", `{"GroupId":"$","CommandType":3,"Admin_Account":["ann"]}`, 10004},
		{"CommandType a string", `{"GroupId":"$","CommandType":"1","Admin_Account":["ann"]}`, 10004},
		{"no accounts", `{"GroupId":"$","CommandType":1}`, 10004},
		{"empty list", `{"GroupId":"$","CommandType":2,"Admin_Account":[]}`, 10004},
		{"unknown account", `{"GroupId":"$","CommandType":1,"Admin_Account":["ann","ghost"]}`, 10019},
		{"unknown account to dismiss", `{"GroupId":"$","CommandType":2,"Admin_Account":["ghost"]}`, 10019},
		{"an account that cannot be", `{"GroupId":"$","CommandType":1,"Admin_Account":["caf\u00e9"]}`, 10019},
		{"the group before the account", `{"GroupId":"none","CommandType":1,"Admin_Account":["ghost"]}`, 10010},
	})
	r.wantAdmins()
	public := newRoomOn(t, r.srv, "Public")
	public.appoint("ghost").WantCode(t, 10007) // the type before the account
}

// The owner has more than an admin's rights, and no admin's entry.
func TestTheOwnerIsNoRoomAdmin(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	r.group += "-owned"
	r.call("create_group", `{"Type":"AVChatRoom","Name":"n","GroupId":%q,"Owner_Account":"ann"}`, r.group).MustOK(t)
	r.appoint("ann", "bob").MustOK(t)
	r.wantAdmins("bob")
	r.crowd("u", 4)
	r.appoint("u0", "u1", "u2", "u3", "ann").MustOK(t) // he takes no place
}

func TestRoomAdminsSpeakWhileTheRoomIsMuted(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	r.appoint("ann").MustOK(t)
	r.call("modify_group_base_info", `{"GroupId":%q,"MuteAllMember":"On"}`, r.group).MustOK(t)
	say := func(account string, code int) {
		t.Helper()
		r.sendWith(fmt.Sprintf(`"From_Account":%q,"Random":%d,"MsgBody":%s`, account, r.random.Add(1), text("x"))).WantCode(t, code)
	}
	say("ann", 0)
	say("bob", 10017)
	r.mute(60, "ann").MustOK(t) // a mute of his own stops him
	say("ann", 10017)
	r.mute(0, "ann").MustOK(t)
	r.dismiss("ann").MustOK(t)
	say("ann", 10017)
}

func TestRoomAdminsEndWithTheRoomAndTheAccount(t *testing.T) {
	r := newRoom(t, "AVChatRoom", "cleo")
	r.appoint("ann", "cleo").MustOK(t)
	for range 2 { // also an account that comes back is no admin
		r.srv.Call(t, "im_open_login_svc", "account_delete", `{"DeleteItem":[{"UserID":"cleo"}]}`).MustOK(t)
		r.wantAdmins("ann")
		r.srv.Call(t, "im_open_login_svc", "account_import", `{"UserID":"cleo"}`).MustOK(t)
		r.wantAdmins("ann")
		r.appoint("cleo").MustOK(t)
		r.wantAdmins("ann", "cleo")
		r.dismiss("cleo").MustOK(t)
		r.appoint("cleo").MustOK(t)
	}
	// The rooms of which one is an admin are not those that one is in.
	r.wantAnswer(r.call("get_joined_group_list", `{"Member_Account":"ann","WithHugeGroups":1}`),
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"TotalCount":0,"GroupIdList":[]}`)
	r.call("destroy_group", `{"GroupId":%q}`, r.group).MustOK(t)
	r.call("create_group", `{"Type":"AVChatRoom","Name":"n","GroupId":%q}`, r.group).MustOK(t)
	r.wantAdmins()
}
