package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

// import_group_msg (spec 04 section 9).

func (r *room) importWith(items string) apitest.Answer {
	r.t.Helper()
	return r.call("import_group_msg", `{"GroupId":%q,"TopicId":%q,"MsgList":[%s]}`, r.group, r.topicID, items)
}

func item(from string, time int64, extra string) string {
	return fmt.Sprintf(`{"From_Account":%q,"SendTime":%d%s,"MsgBody":%s}`, from, time, extra, text("old"))
}

// results is the answer of an import whose items got these numbers, times and
// results.
func results(items ...[3]int64) string {
	var list []string
	for _, i := range items {
		list = append(list, fmt.Sprintf(`{"MsgSeq":%d,"MsgTime":%d,"Result":%d}`, i[0], i[1], i[2]))
	}
	return `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"ImportMsgResult":[` + strings.Join(list, ",") + `]}`
}

// newOldRoom makes a group that was created an hour ago.
func newOldRoom(t *testing.T, groupType string, members ...string) (r *room, created int64) {
	r = newRoom(t, groupType, members...)
	created = r.now()
	r.srv.Clock.Advance(60 * minute)
	return r, created
}

func TestImportKeepsTimesInOrder(t *testing.T) {
	r, created := newOldRoom(t, "Public", "ann", "bob")
	got := r.importWith(item("ann", created, "") + "," + item("bob", created+42, ""))
	got.WantJSON(t, results([3]int64{1, created, 0}, [3]int64{2, created + 42, 0}))
	p := r.pull(20)
	p.wantSeqs(2, 1)
	if p.Rows[1].From != "ann" || p.Rows[1].Time != created {
		t.Errorf("first imported row is %+v", p.Rows[1])
	}
}

func TestImportBoundsOfTime(t *testing.T) {
	r, created := newOldRoom(t, "Public", "ann")
	for _, c := range []struct {
		name string
		time int64
		want [3]int64
	}{
		{"before the group", created - 1, [3]int64{0, created - 1, 10004}},
		{"with the group", created, [3]int64{1, created, 0}},
		{"later", created + 10, [3]int64{2, created + 10, 0}},
		{"before the newest", created + 9, [3]int64{0, created + 9, 10004}},
		{"with the newest", created + 10, [3]int64{3, created + 10, 0}},
		{"now", r.now(), [3]int64{4, r.now(), 0}},
		{"in the future", r.now() + 1, [3]int64{0, r.now() + 1, 10004}},
	} {
		t.Run(c.name, func(t *testing.T) { r.importWith(item("ann", c.time, "")).WantJSON(t, results(c.want)) })
	}
}

func TestImportGoesOnAfterABadItem(t *testing.T) {
	r, created := newOldRoom(t, "Public", "ann")
	long := fmt.Sprintf(`{"From_Account":"ann","SendTime":%d,"MsgBody":%s}`, created+6, text(strings.Repeat("x", 12*1024)))
	got := r.importWith(item("ann", created+5, "") + "," + item("ann", created+4, "") + "," + long + "," + item("ann", created+6, ""))
	got.WantJSON(t, results([3]int64{1, created + 5, 0}, [3]int64{0, created + 4, 10004}, [3]int64{0, created + 6, 80002}, [3]int64{2, created + 6, 0}))
}

func TestImportTipsDoNotBoundTimes(t *testing.T) {
	r, created := newOldRoom(t, "Public", "ann")
	r.writeTip()
	r.importWith(item("ann", created+1, "")).WantJSON(t, results([3]int64{2, created + 1, 0}))
}

func TestImportRefusesBadFields(t *testing.T) {
	r, created := newOldRoom(t, "Public", "ann")
	ok := item("ann", created, "")
	many := func(n int) string { return strings.TrimSuffix(strings.Repeat(ok+",", n), ",") }
	for _, c := range []struct {
		name, items string
		code        int
	}{
		{"empty list", "", 10004},
		{"20 messages", many(20), 0},
		{"21 messages", many(21), 10004},
		{"no sender", `{"SendTime":1,"MsgBody":` + text("x") + `}`, 10004},
		{"sender of another type", `{"From_Account":1,"SendTime":1,"MsgBody":` + text("x") + `}`, 60015},
		{"no time", `{"From_Account":"ann","MsgBody":` + text("x") + `}`, 10004},
		{"time a string", `{"From_Account":"ann","SendTime":"1","MsgBody":` + text("x") + `}`, 10004},
		{"no body", `{"From_Account":"ann","SendTime":1}`, 10004},
		{"bad body", `{"From_Account":"ann","SendTime":1,"MsgBody":[{}]}`, 10004},
		{"sender never imported", item("ghost", created, ""), 10019},
	} {
		t.Run(c.name, func(t *testing.T) { r.importWith(c.items).WantCode(t, c.code) })
	}
	r.call("import_group_msg", `{"GroupId":%q}`, r.group).WantCode(t, 10004)
	r.call("import_group_msg", `{"MsgList":[%s]}`, ok).WantCode(t, 10004)
	r.call("import_group_msg", `{"GroupId":"","MsgList":[%s]}`, ok).WantCode(t, 10015)
	r.call("import_group_msg", `{"GroupId":"none","MsgList":[%s]}`, ok).WantCode(t, 10010)
	r.call("import_group_msg", `{"GroupId":%q,"TopicId":"x","MsgList":[%s]}`, r.group, ok).WantCode(t, 10004)
	room := newRoomOn(t, r.srv, "AVChatRoom")
	room.importWith(ok).WantCode(t, 10007)
	community := newRoomOn(t, r.srv, "Community")
	community.call("import_group_msg", `{"GroupId":%q,"RecentContactFlag":1,"MsgList":[%s]}`, community.group, ok).WantCode(t, 10004)
}

func TestImportChecksInTheOrderOfThePage(t *testing.T) {
	r, created := newOldRoom(t, "Public", "ann")
	live := newRoomOn(t, r.srv, "AVChatRoom")
	ghost := item("ghost", created, "")
	for _, c := range []struct {
		name, fields string
		code         int
	}{
		{"account type before form", `"GroupId":"","MsgList":[{"From_Account":7}]`, 60015},
		{"form before group", `"GroupId":"","MsgList":[{"From_Account":"ann"}]`, 10004},
		{"group before topic and sender", `"GroupId":"none","TopicId":"x","MsgList":[` + ghost + `]`, 10010},
		{"type before sender", fmt.Sprintf(`"GroupId":%q,"MsgList":[%s]`, live.group, ghost), 10007},
		{"topic before sender", fmt.Sprintf(`"GroupId":%q,"TopicId":"x","MsgList":[%s]`, r.group, ghost), 10004},
		{"sender before time", fmt.Sprintf(`"GroupId":%q,"MsgList":[%s]`, r.group, item("ghost", created-1, "")), 10019},
	} {
		t.Run(c.name, func(t *testing.T) { r.call("import_group_msg", `{%s}`, c.fields).WantCode(t, c.code) })
	}
}

func TestImportWithAnUnknownSenderStoresNothing(t *testing.T) {
	r, created := newOldRoom(t, "Public", "ann")
	r.importWith(item("ann", created, "")+","+item("ghost", created, "")).WantCode(t, 10019)
	r.wantNext(1)
}

func TestImportMaxBatch(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.ImportMaxBatch = 1 }, "Public", "ann")
	r.importWith(item("ann", r.now(), "")+","+item("ann", r.now(), "")).WantCode(t, 10004)
}

func TestRetriedImportIsStoredOnce(t *testing.T) {
	r, created := newOldRoom(t, "Public", "ann")
	first := item("ann", created, `,"Random":5`)
	later := item("ann", created+9, `,"Random":6`)
	r.importWith(first).WantJSON(t, results([3]int64{1, created, 0}))
	r.importWith(later).WantJSON(t, results([3]int64{2, created + 9, 0}))
	// The repeat is known although its time is before the newest message.
	r.importWith(first).WantJSON(t, results([3]int64{1, created, 0}))
	r.srv.Restart(t)
	r.importWith(first).WantJSON(t, results([3]int64{1, created, 0}))
	r.wantNext(3)
	// Another time is another message.
	r.importWith(item("ann", created+10, `,"Random":6`)).WantJSON(t, results([3]int64{3, created + 10, 0}))
	// Without Random there is no de-duplication.
	plain := item("ann", created+10, "")
	r.importWith(plain).WantJSON(t, results([3]int64{4, created + 10, 0}))
	r.importWith(plain).WantJSON(t, results([3]int64{5, created + 10, 0}))
}

func TestARepeatWithinOneImportIsStoredOnce(t *testing.T) {
	r, created := newOldRoom(t, "Public", "ann")
	same := item("ann", created, `,"Random":5`)
	r.importWith(same+","+item("ann", created, `,"Random":6`)+","+same).WantJSON(t,
		results([3]int64{1, created, 0}, [3]int64{2, created, 0}, [3]int64{1, created, 0}))
	r.wantNext(3)
}

func TestImportedAndSentMessagesAreNoRepeatsOfEachOther(t *testing.T) {
	r, created := newOldRoom(t, "Public", "ann")
	r.importWith(item("ann", created, `,"Random":5`)).MustOK(t)
	r.sendWith(`"From_Account":"ann","Random":5,"MsgBody":` + text("old")).MustOK(t)
	r.wantNext(3)
}

func TestImportReadsEverythingToEverybody(t *testing.T) {
	r, created := newOldRoom(t, "Public", "ann", "bob")
	position := func(account string, want int) {
		t.Helper()
		got := string(r.call("get_group_member_info", `{"GroupId":%q,"MemberInfoFilter":["MsgSeq"]}`, r.group).Raw)
		if !strings.Contains(got, fmt.Sprintf(`"Member_Account":%q,"MsgSeq":%d`, account, want)) {
			t.Errorf("members are %s, want %s at %d", got, account, want)
		}
	}
	r.importWith(item("ann", created, "") + "," + item("ann", created, "") + "," + item("bob", created, "")).MustOK(t)
	position("ann", 3)
	position("bob", 3)
	// An unread number that is set afterwards stays, also over the next fold.
	r.call("set_unread_msg_num", `{"GroupId":%q,"Member_Account":"bob","UnreadMsgNum":2}`, r.group).MustOK(t)
	position("bob", 1)
	r.importWith(item("ann", created, "")).MustOK(t)
	position("bob", 4)
	r.srv.Restart(t)
	position("ann", 4)
	position("bob", 4)
}

func TestImportActivatesAPrivateGroupAndMovesLastMsgTimeAlone(t *testing.T) {
	r, created := newOldRoom(t, "Private", "ann")
	r.importWith(item("ann", created+3, "")).MustOK(t)
	if got := string(r.call("get_joined_group_list", `{"Member_Account":"ann"}`).Raw); !strings.Contains(got, r.group) {
		t.Errorf("imported group is not active: %s", got)
	}
	if info := r.info(); !strings.Contains(info, fmt.Sprintf(`"LastMsgTime":%d,`, created+3)) || !strings.Contains(info, `"LastSendMsgTime":0`) {
		t.Errorf("group is %s, want LastMsgTime %d and LastSendMsgTime 0", info, created+3)
	}
}

func TestImportIntoATopic(t *testing.T) {
	c := newCommunity(t, "ann")
	one := c.topic("one")
	one.importWith(item("ann", c.now(), "")).WantJSON(t, results([3]int64{1, c.now(), 0}))
	one.pull(20).wantSeqs(1)
}

func TestImportIntoATopicReachesBackToTheCommunitysCreation(t *testing.T) {
	c := newCommunity(t, "ann")
	created := c.now()
	c.srv.Clock.Advance(minute)
	one := c.topic("one")
	one.importWith(item("ann", created-1, "")+","+item("ann", created, "")).WantJSON(t,
		results([3]int64{0, created - 1, 10004}, [3]int64{1, created, 0}))
}

func TestImportOlderThanRetentionIsExpiredAtOnce(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.HistoryRetentionDays = 7 }, "Public", "ann")
	created := r.now()
	r.srv.Clock.Advance(30 * day)
	r.importWith(item("ann", created, "")).WantJSON(t, results([3]int64{1, created, 0}))
	if row := r.pull(1).Rows[0]; row.Seq != 1 || row.Place != 1 {
		t.Errorf("row is %+v, want a placeholder", row)
	}
}

func TestImportedTextIsRefusedByItem(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.RefusedWords = []string{"old"} }, "Public", "ann")
	r.importWith(item("ann", r.now(), "")).WantJSON(t, results([3]int64{0, r.now(), 80001}))
}

func TestImportIntoATopicReadsItToEverybody(t *testing.T) {
	c := newCommunity(t, "ann")
	one := c.topic("one")
	position := func(account string, want int) {
		t.Helper()
		got := string(c.call("get_topic", `{"GroupId":%q,"From_Account":%q,"TopicIdList":[%q]}`, c.group, account, one.topicID).Raw)
		if !strings.Contains(got, fmt.Sprintf(`"SelfInfo":{"ShutUpTime":0,"MsgSeq":%d,`, want)) {
			t.Errorf("topic of %s is %s, want position %d", account, got, want)
		}
	}
	one.importWith(item("ann", c.now(), "") + "," + item("bob", c.now(), "")).MustOK(t)
	position("ann", 2)
	// Who joins later has not read what was imported before.
	c.call("add_group_member", `{"GroupId":%q,"MemberList":[{"Member_Account":"bob"}]}`, c.group).MustOK(t)
	position("bob", 0)
	one.importWith(item("ann", c.now(), "")).MustOK(t)
	position("ann", 3)
	position("bob", 3)
}

func TestARepeatedImportReadsEverythingToEverybodyAgain(t *testing.T) {
	r, created := newOldRoom(t, "Public", "ann", "bob")
	one := item("ann", created, `,"Random":1`)
	r.importWith(one).MustOK(t)
	r.call("set_unread_msg_num", `{"GroupId":%q,"Member_Account":"bob","UnreadMsgNum":1}`, r.group).MustOK(t)
	r.wantUnread("bob", 1)
	r.importWith(one).MustOK(t)
	r.wantUnread("bob", 0)
}
