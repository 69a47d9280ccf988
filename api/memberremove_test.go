package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/chat"
)

// delete_group_member (spec 03 section 2.2).

func (r *room) remove(accounts ...string) apitest.Answer {
	r.t.Helper()
	return r.removeWith("", accounts...)
}

// removeWith removes members with further fields, which end with a comma.
func (r *room) removeWith(fields string, accounts ...string) apitest.Answer {
	r.t.Helper()
	return r.call("delete_group_member", `{"GroupId":%q,%s"MemberToDel_Account":["%s"]}`, r.group, fields, strings.Join(accounts, `","`))
}

func TestRemoveAnswersTheEnvelopeAlone(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob", "cleo")
	r.wantAnswer(r.removeWith(`"Reason":"spam","Silence":0,`, "ann", "cleo"), bareOK)
	r.wantMembers("bob")
	r.wantTips(`{"OpType":3,"Operator_Account":"administrator","List_Account":["ann","cleo"],"MemberNum":1}`)
}

// Who is no member is passed over, whether or not there is such an account.
func TestRemovePassesOverStrangers(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	created := r.now()
	r.srv.Clock.Advance(minute)
	r.wantAnswer(r.remove("bob", "ghost", strings.Repeat("x", 600), "", "caf\u00e9"), bareOK)
	r.wantNext(1)
	if seq, last := r.groupTimes(); seq != 1 || last != created {
		t.Errorf("InfoSeq is %d and LastInfoTime %d although nobody left", seq, last)
	}
	r.remove("ghost", "ann", "ann", "bob").MustOK(t)
	r.wantTips(`{"OpType":3,"Operator_Account":"administrator","List_Account":["ann"],"MemberNum":0}`)
	if seq, last := r.groupTimes(); seq != 1 || last != created+60 {
		t.Errorf("after an exit InfoSeq is %d and LastInfoTime %d, want 1 and %d", seq, last, created+60)
	}
	r.remove("ann").MustOK(t)
	r.wantNext(2)
	r.wantMembers()
}

func TestSilentRemovalWritesNoTip(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.removeWith(`"Silence":1,`, "ann").MustOK(t)
	r.wantNext(1)
	r.wantMembers("bob")
}

func TestRemovalTipsByType(t *testing.T) {
	for groupType, next := range map[string]uint32{"Private": 2, "Public": 2, "ChatRoom": 1, "Community": 2} {
		r := newRoom(t, groupType, "ann", "bob")
		r.remove("ann").MustOK(t)
		r.wantNext(next)
	}
}

func TestOwnersAreNotRemovedButFromPrivateGroups(t *testing.T) {
	for _, groupType := range []string{"Public", "ChatRoom", "Community"} {
		r := newRoom(t, groupType, "ann", "bob", "cleo")
		r.call("change_group_owner", `{"GroupId":%q,"NewOwner_Account":"bob"}`, r.group).MustOK(t)
		r.remove("ann", "bob").WantCode(t, 10007) // and nobody is
		r.wantMembers("ann", "bob", "cleo")
		r.remove("ann", "cleo").MustOK(t)
		r.wantMembers("bob")
	}
	r := newRoom(t, "Private", "ann", "bob")
	r.call("change_group_owner", `{"GroupId":%q,"NewOwner_Account":"bob"}`, r.group).MustOK(t)
	r.remove("bob").MustOK(t)
	r.wantMembers("ann")
	if !strings.Contains(r.info(), `"Owner_Account":""`) {
		t.Errorf("the group is %s, want no owner", r.info())
	}
	// The role does not come back with the account.
	r.add("bob").MustOK(t)
	if role := r.member("bob").Role; role != "Member" {
		t.Errorf("the former owner is %s again", role)
	}
}

// A mute outlives the membership; messages stay and can be recalled.
func TestRemovalLeavesMutesAndMessages(t *testing.T) {
	r := newRoom(t, "ChatRoom", "ann", "bob")
	r.send("ann", 2)
	r.mute(600, "ann").MustOK(t)
	r.remove("ann").MustOK(t)
	r.wantMuted()
	r.wantLive(1, 2)
	r.sendWith(`"From_Account":"ann","Random":9,"MsgBody":`+text("x")).WantCode(t, 10017)
	r.recall("ann")
	r.wantRecalled("ann", 1, 2)
	r.add("ann").MustOK(t)
	r.wantMuted("ann", r.now()+600)
}

func TestGroupWithoutMembersStays(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	r.remove("ann").MustOK(t)
	r.wantLive(1)
	r.wantMembers()
}

func TestEmptyGroupsAreDissolvedWhereThatIsSet(t *testing.T) {
	for groupType, code := range map[string]int{"Private": 10010, "Public": 10010, "ChatRoom": 10010, "Community": 0} {
		t.Run(groupType, func(t *testing.T) {
			r := newRoomWith(t, func(o *apitest.Options) { o.Settings.DissolveEmptyGroups = true }, groupType, "ann", "bob")
			r.send("ann", 1)
			r.remove("cleo").MustOK(t)
			r.remove("ann").MustOK(t)
			r.wantMembers("bob")
			r.removeWith(`"Silence":1,`, "bob").MustOK(t)
			r.call("get_group_member_info", `{"GroupId":%q}`, r.group).WantCode(t, code)
			list := string(r.call("get_appid_group_list", `{}`).MustOK(t).Raw)
			if listed := strings.Contains(list, `"`+r.group+`"`); listed != (code == 0) {
				t.Errorf("groups are %s", list)
			}
			joined := string(r.call("get_joined_group_list", `{"Member_Account":"bob"}`).MustOK(t).Raw)
			if strings.Contains(joined, r.group) {
				t.Errorf("bob's groups are %s", joined)
			}
			if code == 0 {
				return
			}
			// The id is free, and nothing of the old group shines through.
			r.call("create_group", `{"Type":"Public","Name":"again","GroupId":%q}`, r.group).MustOK(t)
			r.wantMembers()
			r.wantNext(1)
			// A group that never had a member stays.
			r.remove("ann").MustOK(t)
			r.wantMembers()
		})
	}
}

// import_group_member (spec 03 section 2.12).

func (r *room) importMembers(items string) apitest.Answer {
	r.t.Helper()
	return r.call("import_group_member", `{"GroupId":%q,"MemberList":[%s]}`, r.group, items)
}

func TestImportMembersTakesWhatItIsGiven(t *testing.T) {
	r := newRoom(t, "Public", "cleo")
	created := r.now()
	r.send("cleo", 10)
	r.srv.Clock.Advance(day)
	infoSeq, lastInfo := r.groupTimes()
	got := r.importMembers(fmt.Sprintf(`{"Member_Account":"ann","Role":"Admin","JoinTime":%d,"UnreadMsgNum":4},
		{"Member_Account":"cleo","Role":"Admin","JoinTime":1},{"Member_Account":"bob","Role":"Member","UnreadMsgNum":4000000000000},{"Member_Account":"ann","Role":"Member"}`, created+60))
	r.wantAnswer(got, joinAnswer("ann", 1, "cleo", 2, "bob", 1))
	want := []memberRow{
		{Account: "cleo", Role: "Member", JoinTime: created, MsgSeq: 10, LastSendTime: created},
		{Account: "ann", Role: "Admin", JoinTime: created + 60, MsgSeq: 6},
		{Account: "bob", Role: "Member", JoinTime: r.now()},
	}
	for i := range want {
		want[i].MsgFlag, want[i].Custom = "AcceptAndNotify", []chat.Field{}
	}
	if got := r.listMembers("").Members; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("members are %+v, want %+v", got, want)
	}
	// Nobody is told: no tip, no time, no number.
	r.wantNext(11)
	if seq, last := r.groupTimes(); seq != infoSeq || last != lastInfo {
		t.Errorf("InfoSeq and LastInfoTime are %d and %d, were %d and %d", seq, last, infoSeq, lastInfo)
	}
	r.wantAnswer(r.importMembers(`{"Member_Account":"ann"}`), joinAnswer("ann", 2))
}

func TestImportedJoinTimesLieWithinTheGroupsLife(t *testing.T) {
	r := newRoom(t, "Public")
	created := r.now()
	r.srv.Clock.Advance(day)
	for _, c := range []struct {
		time, stored int64
		result       int
	}{
		{created - 1, 0, 0}, {created, created, 1}, {r.now(), r.now(), 1}, {r.now() + 1, 0, 0}, {1, 0, 0}, {0, r.now(), 1},
	} {
		r.wantAnswer(r.importMembers(fmt.Sprintf(`{"Member_Account":"ann","JoinTime":%d},{"Member_Account":"bob"}`, c.time)),
			joinAnswer("ann", c.result, "bob", 1))
		if m := r.member("ann"); c.result == 1 && m.JoinTime != c.stored || c.result == 0 && m != nil {
			t.Errorf("JoinTime %d makes the member %+v", c.time, m)
		}
		r.remove("ann", "bob").MustOK(t)
	}
}

func TestImportedUnreadNumbers(t *testing.T) {
	for groupType, unread := range map[string]uint32{"Private": 3, "Public": 3, "ChatRoom": 0, "Community": 3} {
		r := newRoom(t, groupType)
		r.send("ann", 5)
		r.importMembers(`{"Member_Account":"bob","UnreadMsgNum":3}`).MustOK(t)
		if seq := r.member("bob").MsgSeq; seq != 5-unread {
			t.Errorf("%s: the imported member has read up to %d, want %d unread of 5", groupType, seq, unread)
		}
	}
}

func TestPrivateGroupsImportNoAdmins(t *testing.T) {
	r := newRoom(t, "Private")
	r.wantAnswer(r.importMembers(`{"Member_Account":"ann","Role":"Admin"},{"Member_Account":"bob"}`), joinAnswer("ann", 0, "bob", 1))
	r.wantMembers("bob")
	r.wantAnswer(r.importMembers(`{"Member_Account":"ann","Role":""}`), joinAnswer("ann", 1))
}

// Migration goes group, messages, members; importing messages reads everything
// to everybody who is there.
func TestMembersImportedAfterMessagesKeepTheirUnreadNumber(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	created := r.now()
	r.srv.Clock.Advance(day)
	r.importWith(item("ann", created, "") + "," + item("ann", created+1, "")).MustOK(t)
	r.importMembers(`{"Member_Account":"bob","UnreadMsgNum":2}`).MustOK(t)
	if ann, bob := r.member("ann").MsgSeq, r.member("bob").MsgSeq; ann != 2 || bob != 0 {
		t.Errorf("ann has read up to %d and bob up to %d, want 2 and 0", ann, bob)
	}
}
