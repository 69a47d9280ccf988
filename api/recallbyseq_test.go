package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

// group_msg_recall (spec 04 section 6).

func (r *room) recallSeqs(fields string) apitest.Answer {
	r.t.Helper()
	return r.call("group_msg_recall", `{"GroupId":%q,%s}`, r.group, fields)
}

func seqList(n int) string {
	return `"MsgSeqList":[` + strings.TrimSuffix(strings.Repeat(`{"MsgSeq":1},`, n), ",") + `]`
}

func TestRecallByNumberReportsEachNumber(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 3)
	r.writeTip()
	got := r.recallSeqs(`"MsgSeqList":[{"MsgSeq":3},{"MsgSeq":97},{"MsgSeq":4},{"MsgSeq":1},{"MsgSeq":3}],"Reason":"off topic"`)
	list := `[{"MsgSeq":3,"RetCode":0},{"MsgSeq":97,"RetCode":10030},{"MsgSeq":4,"RetCode":10032},{"MsgSeq":1,"RetCode":0},{"MsgSeq":3,"RetCode":0}]`
	want := `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"RecallRetList":` + list + `,"Results":` + list + `}`
	if string(got.Raw) != want {
		t.Errorf("answer is %s, want %s", got.Raw, want)
	}
	r.wantRecalled("ann", 1, 3)
	r.wantLive(2, 4)
	r.wantNext(5)
}

func TestRecallByNumberRefusesBadFields(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	for _, c := range []struct {
		name, fields string
		code         int
	}{
		{"no list", `"Reason":"x"`, 10004},
		{"empty list", seqList(0), 10004},
		{"10 items", seqList(10), 0},
		{"11 items", seqList(11), 10004},
		{"item no object", `"MsgSeqList":[1]`, 10004},
		{"item without number", `"MsgSeqList":[{}]`, 10004},
		{"number 0", `"MsgSeqList":[{"MsgSeq":0}]`, 10004},
		{"number a string", `"MsgSeqList":[{"MsgSeq":"1"}]`, 10004},
		{"number of 32 bits", `"MsgSeqList":[{"MsgSeq":4294967295}]`, 0},
		{"number of 33 bits", `"MsgSeqList":[{"MsgSeq":4294967296}]`, 10004},
		{"reason of 100 bytes", seqList(1) + `,"Reason":"` + strings.Repeat("r", 100) + `"`, 0},
		{"reason of 101 bytes", seqList(1) + `,"Reason":"` + strings.Repeat("r", 101) + `"`, 10004},
		{"topic of a group without", seqList(1) + `,"TopicId":"x"`, 10004},
	} {
		t.Run(c.name, func(t *testing.T) { r.recallSeqs(c.fields).WantCode(t, c.code) })
	}
	r.call("group_msg_recall", `{%s}`, seqList(1)).WantCode(t, 10004)
	r.call("group_msg_recall", `{"GroupId":"",%s}`, seqList(1)).WantCode(t, 10015)
	r.call("group_msg_recall", `{"GroupId":"none",%s}`, seqList(1)).WantCode(t, 10010)
}

func TestRecallByNumberCanBeSwitchedOff(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.GroupRecall = false }, "Public", "ann")
	r.recallSeqs(seqList(1)).WantCode(t, 10041)
}

func TestRecallByNumberInAVChatRoom(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	r.send("ann", 2)
	r.recallSeqs(`"MsgSeqList":[{"MsgSeq":2},{"MsgSeq":3}]`).WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,
		"RecallRetList":[{"MsgSeq":2,"RetCode":0},{"MsgSeq":3,"RetCode":10030}],"Results":[{"MsgSeq":2,"RetCode":0},{"MsgSeq":3,"RetCode":10030}]}`)
	off := newRoomWith(t, func(o *apitest.Options) { o.Settings.AVChatRoomRecall = false }, "AVChatRoom")
	off.recallSeqs(seqList(1)).WantCode(t, 10033)
}

func TestRecallByNumberHasNoAgeLimitButRetention(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.HistoryRetentionDays = 7 }, "Public", "ann")
	r.send("ann", 1)
	r.srv.Clock.Advance(6 * day)
	r.send("ann", 1)
	r.recallSeqs(`"MsgSeqList":[{"MsgSeq":1}]`).WantJSON(t, recallAnswer(1, 0))
	r.srv.Clock.Advance(2 * day)
	r.recallSeqs(`"MsgSeqList":[{"MsgSeq":1}]`).WantJSON(t, recallAnswer(1, 10030))
}

func recallAnswer(seq, code int) string {
	return fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"RecallRetList":[{"MsgSeq":%d,"RetCode":%d}],"Results":[{"MsgSeq":%d,"RetCode":%d}]}`, seq, code, seq, code)
}

func TestRecallByNumberIsOfTheTopic(t *testing.T) {
	c := newCommunity(t, "ann")
	one, two := c.topic("one"), c.topic("two")
	one.send("ann", 1)
	two.send("ann", 1)
	c.recallSeqs(fmt.Sprintf(`"TopicId":%q,"MsgSeqList":[{"MsgSeq":1}]`, one.topicID)).WantJSON(t, recallAnswer(1, 0))
	one.wantRecalled("ann", 1)
	two.wantLive(1)
	c.recallSeqs(`"MsgSeqList":[{"MsgSeq":1}]`).WantJSON(t, recallAnswer(1, 10030))
}

func TestNumbersOfAnAVChatRoomDoNotExpire(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.HistoryRetentionDays = 7 }, "AVChatRoom")
	r.send("ann", 2)
	r.srv.Clock.Advance(8 * day)
	r.recallSeqs(`"MsgSeqList":[{"MsgSeq":1}]`).WantJSON(t, recallAnswer(1, 0))
	r.send("ann", 1)
	r.recallSeqs(`"MsgSeqList":[{"MsgSeq":1}]`).WantJSON(t, recallAnswer(1, 0))
	r.recallSeqs(`"MsgSeqList":[{"MsgSeq":4}]`).WantJSON(t, recallAnswer(4, 10030))
}

func TestRecallByNumberAndBySenderHideTogether(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 2)
	r.send("bob", 2)
	r.recallSeqs(`"MsgSeqList":[{"MsgSeq":1},{"MsgSeq":4}]`).MustOK(t)
	r.recall("ann")
	r.pull(20).wantSeqs(3)
	r.wantRecalled("ann", 1, 2)
	r.wantRecalled("bob", 4)
}

func TestMessageCommandsInACommunityThatIsSwitchedOff(t *testing.T) {
	on, off := twoServers(t, func(o *apitest.Options) { o.Settings.Communities = false })
	r := newRoomOn(t, on, "Community", "ann")
	r.send("ann", 1)
	other := &room{t: t, srv: off, group: r.group, random: r.random}
	other.sendWith(`"Random":1,"MsgBody":`+text("hi")).WantCode(t, 11000)
	other.importWith(item("ann", r.now(), "")).WantCode(t, 11000)
	other.recallSeqs(seqList(1)).WantCode(t, 11000)
	other.call("group_msg_get_simple", `{"GroupId":%q,"ReqMsgNumber":1}`, r.group).WantCode(t, 11000)
	other.call("delete_group_msg_by_sender", `{"GroupId":%q,"Sender_Account":"ann"}`, r.group).WantCode(t, 11000)
}
