package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

// clear_group_msg (spec 04 section 11).

func (r *room) clear(fields string) apitest.Answer {
	r.t.Helper()
	return r.call("clear_group_msg", `{"GroupId":%q%s}`, r.group, fields)
}

// wantCleared checks whether members see anything in the group any more: if
// not, its conversation is empty.
func (r *room) wantCleared(cleared bool) {
	r.t.Helper()
	listed := func(flags int) bool {
		return slices.ContainsFunc(r.contactList("ann", flags), func(text string) bool { return strings.HasPrefix(text, r.group+"@") })
	}
	if listed(0) == cleared {
		r.t.Errorf("%s is listed: %v, want it cleared: %v", r.group, !cleared, cleared)
	}
	if !listed(2) {
		r.t.Errorf("%s is not even listed as empty", r.group)
	}
}

func TestClearingHidesUpToANumber(t *testing.T) {
	for _, kind := range []string{"Private", "Public", "ChatRoom"} {
		r := newRoom(t, kind, "ann")
		r.send("ann", 3)
		for _, step := range []struct {
			fields  string
			cleared bool
		}{
			{`,"MsgSeq":2`, false}, {`,"MsgSeq":3`, true}, {`,"MsgSeq":1`, true}, // the mark never falls
		} {
			r.clear(step.fields).WantJSON(t, okOnly)
			r.wantCleared(step.cleared)
		}
		r.send("ann", 1)
		r.wantCleared(false)
		r.clear(`,"MsgSeq":4294967295`).MustOK(t) // is cut to 4
		r.wantCleared(true)
		r.srv.Restart(t)
		r.wantCleared(true)
		for _, fields := range []string{``, `,"MsgSeq":0`, `,"MsgSeq":null`} {
			r.send("ann", 1)
			r.writeTip()
			r.wantCleared(false)
			r.clear(fields).MustOK(t)
			r.wantCleared(true)
		}
		r.call("destroy_group", `{"GroupId":%q}`, r.group).MustOK(t)
		r.call("create_group", `{"Type":%q,"Name":"n","GroupId":%q,"MemberList":[{"Member_Account":"ann"}]}`, kind, r.group).MustOK(t)
		r.send("ann", 1)
		r.wantCleared(false)
	}
}

func TestClearingChangesNothingForAdministrators(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("bob", 4)
	r.call("group_msg_recall", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":2}]}`, r.group).MustOK(t)
	look := func() string {
		return fmt.Sprintf("%s %s %s",
			r.call("group_msg_get_simple", `{"GroupId":%q,"ReqMsgNumber":20,"WithRecalledMsg":1}`, r.group).Raw,
			r.call("get_group_info", `{"GroupIdList":[%q]}`, r.group).Raw,
			r.call("get_joined_group_list", `{"Member_Account":"ann","ResponseFilter":{"SelfInfoFilter":["MsgSeq","UnreadMsgNum"]}}`).Raw)
	}
	before := look()
	r.srv.Clock.Advance(minute)
	r.clear("").MustOK(t)
	if after := look(); after != before {
		t.Errorf("now %s\nwas %s", after, before)
	}
	// What is cleared is recalled like everything else, and counts in the window.
	r.recall("bob")
	if got := r.call("group_msg_get_simple", `{"GroupId":%q,"ReqMsgNumber":20}`, r.group); !strings.Contains(string(got.Raw), `"RspMsgList":[]`) {
		t.Errorf("after a recall history shows %s", got.Raw)
	}
	r.wantCleared(true)
}

func TestClearRefusesBadRequests(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	town := newCommunity(t, "ann")
	town.clear("").WantCode(t, 10007)
	newRoomOn(t, r.srv, "Community").clear(`,"MsgSeq":1`).WantCode(t, 10007)
	live := newRoomOn(t, r.srv, "AVChatRoom")
	live.send("ann", 2)
	live.clear("").MustOK(t)
	live.clear(`,"MsgSeq":1`).MustOK(t)
	r.clear("").MustOK(t) // nothing is there yet
	r.check("group_open_http_svc", "clear_group_msg", []refusal{
		{"no GroupId", `{}`, 10004},
		{"GroupId empty", `{"GroupId":""}`, 10015},
		{"GroupId too long", `{"GroupId":"` + strings.Repeat("g", 49) + `"}`, 10015},
		{"unknown group", `{"GroupId":"nobody"}`, 10010},
		{"MsgSeq negative", `{"GroupId":"$","MsgSeq":-1}`, 10004},
		{"MsgSeq of 33 bits", `{"GroupId":"$","MsgSeq":4294967296}`, 10004},
		{"MsgSeq a string", `{"GroupId":"$","MsgSeq":"1"}`, 10004},
	})
	r.send("ann", 1)
	r.wantCleared(false)
}
