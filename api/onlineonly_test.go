package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

// send_group_msg with OnlineOnlyFlag (spec 04 section 3.5).

func TestOnlineOnlyMessagesAreNotStored(t *testing.T) {
	r := newRoom(t, "Private", "ann")
	for _, flag := range []string{`"OnlineOnlyFlag":1`, `"OnlineOnlyFlag":7`, `"MsgOnlineOnlyFlag":1`} {
		got := r.sendWith(flag + fmt.Sprintf(`,"From_Account":"ann","Random":%d,"MsgBody":%s`, r.random.Add(1), text("psst")))
		got.WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MsgTime":%d,"MsgSeq":0}`, r.now()))
	}
	// The newer name wins.
	r.sendWith(`"MsgOnlineOnlyFlag":1,"OnlineOnlyFlag":0,"Random":99,"MsgBody":` + text("kept")).MustOK(t)
	r.pull(20).wantSeqs(1)
	r.wantNext(2)
}

func TestOnlineOnlyMessagesMoveNothing(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 1)
	members := func() string {
		return string(r.call("get_group_member_info", `{"GroupId":%q}`, r.group).Raw)
	}
	before, beforeMembers := r.info(), members()
	r.srv.Clock.Advance(minute)
	r.sendWith(`"OnlineOnlyFlag":1,"From_Account":"bob","Random":900,"MsgBody":` + text("psst")).MustOK(t)
	if after := r.info(); after != before {
		t.Errorf("group changed from\n%s to\n%s", before, after)
	}
	if after := members(); after != beforeMembers {
		t.Errorf("members changed from\n%s to\n%s", beforeMembers, after)
	}
	r.wantUnread("bob", 1)
}

func TestARepeatedOnlineOnlyMessageAnswersTheFirst(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	fields := `"OnlineOnlyFlag":1,"From_Account":"ann","Random":7,"MsgBody":` + text("psst")
	first := r.sendWith(fields)
	r.srv.Clock.Advance(minute)
	if again := r.sendWith(fields); string(again.Raw) != string(first.Raw) {
		t.Errorf("repeat answered %s, want %s", again.Raw, first.Raw)
	}
}

func TestOnlineOnlyMessagesDoNotActivateAPrivateGroup(t *testing.T) {
	r := newRoom(t, "Private", "ann")
	r.sendWith(`"OnlineOnlyFlag":1,"Random":1,"MsgBody":` + text("psst")).MustOK(t)
	joined := func() string {
		return string(r.call("get_joined_group_list", `{"Member_Account":"ann"}`).Raw)
	}
	if got := joined(); strings.Contains(got, r.group) {
		t.Errorf("group is active after an online-only message: %s", got)
	}
	r.sendWith(`"Random":2,"MsgBody":` + text("hello")).MustOK(t)
	if got := joined(); !strings.Contains(got, r.group) {
		t.Errorf("group is not active after a message: %s", got)
	}
}

func TestOnlineOnlyMessagesPassMuteAndThrottle(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) {
		o.Settings.GroupThrottlePerSecond = 2
		o.OneProcess("online-only messages")
	}, "Public", "ann", "bob")
	send := func(from string, random int) apitest.Answer {
		return r.sendWith(fmt.Sprintf(`"OnlineOnlyFlag":1,"From_Account":%q,"Random":%d,"MsgBody":%s`, from, random, text("psst")))
	}
	send("ann", 1).MustOK(t)
	send("ann", 2).MustOK(t)
	if got := string(send("ann", 3).Raw); !strings.Contains(got, `"MsgDropReason":"MsgFreqCtrl"`) {
		t.Errorf("third message of a second answered %s", got)
	}
	// A repeat is answered before the throttle looks at it.
	if got := string(send("ann", 2).Raw); strings.Contains(got, "MsgDropReason") {
		t.Errorf("repeat answered %s", got)
	}
	r.call("forbid_send_msg", `{"GroupId":%q,"Members_Account":["bob"],"MuteTime":60}`, r.group).MustOK(t)
	send("bob", 4).WantCode(t, 10017)
}
