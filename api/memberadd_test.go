package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/chat"
)

// add_group_member (spec 03 section 2.1).

// joinAnswer makes the answer of add_group_member and import_group_member.
func joinAnswer(results ...any) string {
	var items []string
	for i := 0; i < len(results); i += 2 {
		items = append(items, fmt.Sprintf(`{"Member_Account":%q,"Result":%d}`, results[i], results[i+1]))
	}
	return `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MemberList":[` + strings.Join(items, ",") + `]}`
}

func (r *room) add(accounts ...string) apitest.Answer {
	r.t.Helper()
	return r.addWith("", accounts...)
}

// addWith adds members with further fields, which end with a comma.
func (r *room) addWith(fields string, accounts ...string) apitest.Answer {
	r.t.Helper()
	list := make([]string, len(accounts))
	for i, account := range accounts {
		list[i] = fmt.Sprintf(asElement, account)
	}
	return r.call("add_group_member", `{"GroupId":%q,%s"MemberList":[%s]}`, r.group, fields, strings.Join(list, ","))
}

func (r *room) wantAnswer(got apitest.Answer, want string) {
	r.t.Helper()
	if string(got.Raw) != want {
		r.t.Errorf("answer is %s, want %s", got.Raw, want)
	}
}

func TestAddAnswersForEachAccountOnce(t *testing.T) {
	r := newRoom(t, "Public", "cleo")
	r.wantAnswer(r.add("bob", "cleo", "ann", "bob"), joinAnswer("bob", 1, "cleo", 2, "ann", 1))
	r.wantMembers("cleo", "bob", "ann")
	r.wantAnswer(r.add("bob", "cleo", "ann", "bob"), joinAnswer("bob", 2, "cleo", 2, "ann", 2))
	r.wantMembers("cleo", "bob", "ann")
}

func TestNewMemberStartsWithTheDefaults(t *testing.T) {
	for groupType, flag := range map[string]string{
		"Private": "AcceptAndNotify", "Public": "AcceptAndNotify", "ChatRoom": "AcceptNotNotify", "Community": "AcceptAndNotify",
	} {
		r := newRoom(t, groupType)
		r.send("ann", 3)
		r.srv.Clock.Advance(minute)
		r.add("bob").MustOK(t)
		seq := uint32(4) // the tip of the join: nothing is unread
		if groupType == "ChatRoom" {
			seq = 3
		}
		want := memberRow{Account: "bob", Role: "Member", JoinTime: r.now(), MsgSeq: seq, MsgFlag: flag, Custom: []chat.Field{}}
		if got := r.member("bob"); fmt.Sprint(*got) != fmt.Sprint(want) {
			t.Errorf("%s: new member is %+v, want %+v", groupType, *got, want)
		}
		r.wantNext(seq + 1)
	}
}

// Joins are open to the administrator whatever the group's options say.
func TestAddPassesTheJoinOptions(t *testing.T) {
	r := newRoom(t, "Public")
	r.call("modify_group_base_info", `{"GroupId":%q,"ApplyJoinOption":"DisableApply","InviteJoinOption":"DisableInvite"}`, r.group).MustOK(t)
	r.wantAnswer(r.add("ann"), joinAnswer("ann", 1))
}

func TestAddLeavesMembersAsTheyAre(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("bob", 2)
	r.call("modify_group_member_info", `{"GroupId":%q,"Member_Account":"ann","Role":"Admin","NameCard":"Annie","MsgFlag":"Discard"}`, r.group).MustOK(t)
	before := r.member("ann")
	r.srv.Clock.Advance(minute)
	r.wantAnswer(r.add("ann"), joinAnswer("ann", 2))
	if after := r.member("ann"); fmt.Sprint(*after) != fmt.Sprint(*before) {
		t.Errorf("member was %+v and is %+v", *before, *after)
	}
}

func TestAddWritesOneTipForAllWhoJoined(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.crowd("u", 2)
	r.add("u1", "ann", "u0", "u1").MustOK(t)
	r.wantTips(`{"OpType":1,"Operator_Account":"administrator","List_Account":["u1","u0"],"MemberNum":3}`)
	r.wantNext(2)
	r.add("u1", "ann").MustOK(t) // nobody joins
	r.wantNext(2)
}

func TestAddTipsByType(t *testing.T) {
	for groupType, tips := range map[string]uint32{"Private": 1, "Public": 1, "ChatRoom": 0, "Community": 1} {
		r := newRoom(t, groupType)
		r.add("ann").MustOK(t)
		r.wantNext(1 + tips)
	}
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.TipsMemberChange = []chat.GroupType{chat.ChatRoom} }, "Public")
	r.add("ann").MustOK(t)
	r.wantNext(1)
}

func TestSilentAddWritesNoTip(t *testing.T) {
	r := newRoom(t, "Public")
	r.send("ann", 2)
	r.addWith(`"Silence":1,`, "bob").MustOK(t)
	r.wantNext(3)
	if seq := r.member("bob").MsgSeq; seq != 2 {
		t.Errorf("newcomer has read up to %d, want 2: nothing is unread", seq)
	}
	r.addWith(`"Silence":0,`, "ann").MustOK(t)
	r.wantNext(4)
}

// Joins and exits move LastInfoTime, not InfoSeq; a call that changes nothing
// moves neither.
func TestJoinsMoveLastInfoTime(t *testing.T) {
	r := newRoom(t, "Public")
	created := r.now()
	r.srv.Clock.Advance(minute)
	r.addWith(`"Silence":1,`, "ann").MustOK(t)
	if seq, last := r.groupTimes(); seq != 1 || last != created+60 {
		t.Errorf("after a join InfoSeq is %d and LastInfoTime %d, want 1 and %d", seq, last, created+60)
	}
	r.srv.Clock.Advance(minute)
	r.add("ann").MustOK(t)
	if seq, last := r.groupTimes(); seq != 1 || last != created+60 {
		t.Errorf("after no join InfoSeq is %d and LastInfoTime %d, want 1 and %d", seq, last, created+60)
	}
}

func TestAddIsRefusedForUnknownAccounts(t *testing.T) {
	r := newRoom(t, "Public", "cleo")
	for _, account := range []string{"ghost", strings.Repeat("x", 33), " ann", "caf\u00e9", "@TIM#SYSTEM"} {
		for _, command := range []string{"add_group_member", "import_group_member"} {
			r.call(command, `{"GroupId":%q,"MemberList":[{"Member_Account":"ann"},{"Member_Account":%q}]}`, r.group, account).WantCode(t, 10019)
		}
	}
	r.wantMembers("cleo")
	r.wantNext(1)
	r.wantAnswer(r.add("administrator"), joinAnswer("administrator", 1)) // needs no import
}

func TestAddImportsAccountsOnSightWhereThatIsSet(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.AutoImportAccounts = true }, "Public")
	r.wantAnswer(r.add("ghost"), joinAnswer("ghost", 1))
	r.add("@TIM#SYSTEM").WantCode(t, 10019)
}

func TestAddKeepsTheGroupsSize(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.crowd("u", 3)
	r.call("modify_group_base_info", `{"GroupId":%q,"MaxMemberNum":4}`, r.group).MustOK(t)
	r.add("u0", "u1", "u2").WantCode(t, 10014) // the whole call
	r.wantMembers("ann", "bob")
	r.wantAnswer(r.add("ann", "u0", "bob", "u1"), joinAnswer("ann", 2, "u0", 1, "bob", 2, "u1", 1)) // members do not count twice
	r.add("u2").WantCode(t, 10014)
	r.wantAnswer(r.add("u0", "u1"), joinAnswer("u0", 2, "u1", 2))
	r.call("import_group_member", `{"GroupId":%q,"MemberList":[{"Member_Account":"u2"}]}`, r.group).WantCode(t, 10014)
	r.call("modify_group_base_info", `{"GroupId":%q,"MaxMemberNum":2}`, r.group).MustOK(t)
	r.wantAnswer(r.add("u0", "u1"), joinAnswer("u0", 2, "u1", 2)) // nobody new, so nothing is too many
	r.call("delete_group_member", `{"GroupId":%q,"MemberToDel_Account":["u0","u1"]}`, r.group).MustOK(t)
	r.add("u2").WantCode(t, 10014)
}

// spec 03 section 2.1 rule 8.
func TestAddBeyondAnAccountsGroups(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.MaxGroupsPerUser = 2 }, "Public")
	second, third := newRoomOn(t, r.srv, "Public"), newRoomOn(t, r.srv, "Public")
	r.add("ann").MustOK(t)
	second.add("ann").MustOK(t)
	third.wantAnswer(third.add("ann", "bob"), joinAnswer("ann", 4, "bob", 1))
	third.add("ann").WantCode(t, 10037)
	third.add("bob", "ann").WantCode(t, 10037) // bob is in already, so nobody can be added
	third.wantMembers("bob")
	third.call("import_group_member", `{"GroupId":%q,"MemberList":[{"Member_Account":"ann"}]}`, third.group).
		WantJSON(t, joinAnswer("ann", 0))
	r.wantAnswer(r.add("ann"), joinAnswer("ann", 2))
	r.call("delete_group_member", `{"GroupId":%q,"MemberToDel_Account":["ann"]}`, r.group).MustOK(t)
	third.wantAnswer(third.add("ann"), joinAnswer("ann", 1))
	third.wantMembers("bob", "ann")
}

// Groups that are gone do not count, whether or not anything has tidied up.
func TestGroupsThatAreGoneAreNotAnAccountsGroups(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.MaxGroupsPerUser = 1 }, "Public")
	second, third := newRoomOn(t, r.srv, "Public"), newRoomOn(t, r.srv, "Public")
	r.add("ann").MustOK(t)
	second.add("ann").WantCode(t, 10037)
	r.call("destroy_group", `{"GroupId":%q}`, r.group).MustOK(t)
	second.wantAnswer(second.add("ann"), joinAnswer("ann", 1))
	third.add("ann").WantCode(t, 10037)
}

func TestAddShowsInTheMembersGroups(t *testing.T) {
	r := newRoom(t, "Public")
	joined := func() string {
		t.Helper()
		return string(r.call("get_joined_group_list", `{"Member_Account":"ann"}`).MustOK(t).Raw)
	}
	none := joined()
	r.add("ann").MustOK(t)
	if in := joined(); !strings.Contains(in, `"`+r.group+`"`) {
		t.Errorf("ann's groups after the join are %s", in)
	}
	r.call("delete_group_member", `{"GroupId":%q,"MemberToDel_Account":["ann"]}`, r.group).MustOK(t)
	if out := joined(); out != none {
		t.Errorf("ann's groups after the exit are %s", out)
	}
	r.add("ann").MustOK(t)
	r.srv.Restart(t)
	if in := joined(); !strings.Contains(in, `"`+r.group+`"`) {
		t.Errorf("ann's groups after a restart are %s", in)
	}
}

// Who comes back is a newcomer, but for a mute that still runs.
func TestRejoiningStartsAnew(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 2)
	r.call("modify_group_member_info", `{"GroupId":%q,"Member_Account":"ann","Role":"Admin","NameCard":"Annie","MsgFlag":"Discard","AppMemberDefinedData":[{"Key":"a","Value":"1"}],"MuteTime":600}`, r.group).MustOK(t)
	mutedUntil := r.now() + 600
	r.call("delete_group_member", `{"GroupId":%q,"MemberToDel_Account":["ann"],"Silence":1}`, r.group).MustOK(t)
	if r.member("ann") != nil {
		t.Fatal("ann is still a member")
	}
	r.srv.Clock.Advance(minute)
	r.add("ann").MustOK(t)
	want := memberRow{
		Account: "ann", Role: "Member", JoinTime: r.now(), MsgSeq: 5, MsgFlag: "AcceptAndNotify",
		MuteUntil: mutedUntil, ShutUpUntil: mutedUntil, Custom: []chat.Field{},
	}
	if got := r.member("ann"); fmt.Sprint(*got) != fmt.Sprint(want) {
		t.Errorf("rejoined member is %+v, want %+v", *got, want)
	}
	r.wantMembers("bob", "ann") // in the order of the records
}

// A newcomer has read nothing in a topic, whatever the account did there
// before, as a member or not.
func TestNewcomersHaveReadNothingInTopics(t *testing.T) {
	town := newTown(t, noOptions, "ann", "bob")
	one := town.topic("one")
	self := func(account string) topicSelf { return one.self(account) }
	one.send("bob", 3)
	town.call("modify_group_member_info", `{"GroupId":%q,"TopicId":%q,"Member_Account":"bob","MsgFlag":"Discard"}`, town.group, one.topicID).MustOK(t)
	if got := self("bob"); got != (topicSelf{ReadSeq: 3, Flag: "Discard"}) {
		t.Fatalf("bob has %+v in the topic", got)
	}
	for _, pause := range []time.Duration{0, minute} {
		town.call("delete_group_member", `{"GroupId":%q,"MemberToDel_Account":["bob"]}`, town.group).MustOK(t)
		one.send("bob", 1) // in a stranger's name
		town.srv.Clock.Advance(pause)
		town.add("bob").MustOK(t)
		if got := self("bob"); got != (topicSelf{Flag: "AcceptAndNotify"}) {
			t.Errorf("bob has %+v in the topic on joining", got)
		}
		if m := town.member("bob"); m.LastSendTime != 0 {
			t.Errorf("bob sent last at %d, want never", m.LastSendTime)
		}
		town.srv.Restart(t)
		if got := self("bob"); got != (topicSelf{Flag: "AcceptAndNotify"}) {
			t.Errorf("bob has %+v in the topic after a restart", got)
		}
	}
	last := one.send("bob", 1)
	if got := self("bob"); got.ReadSeq != last {
		t.Errorf("bob has %+v in the topic after sending number %d", got, last)
	}
}

// topicSelf is SelfInfo of get_topic.
type topicSelf struct {
	ShutUpTime int64
	ReadSeq    uint32 `json:"MsgSeq"`
	Flag       string `json:"MsgFlag"`
}

// self is what an account has in this topic.
func (r *room) self(account string) topicSelf {
	r.t.Helper()
	var answer struct {
		Items []struct{ SelfInfo topicSelf } `json:"TopicAndSelfInfo"`
	}
	r.million("get_topic", `{"GroupId":%q,"From_Account":%q,"TopicIdList":[%q]}`, r.group, account, r.topicID).MustOK(r.t).Decode(r.t, &answer)
	return answer.Items[0].SelfInfo
}
