package api_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

// group_msg_get_simple (spec 04 section 4).

func TestHistoryAnswersAsThePageShows(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.sendWith(`"From_Account":"bob","Random":55881,"MsgPriority":"High","MsgBody":` + text("buy")).MustOK(t)
	r.recall("bob")
	r.sendWith(`"From_Account":"ann","Random":90133,"MsgPriority":"Lowest","CloudCustomData":"{\"x\":1}","MsgBody":` + text("all aboard")).MustOK(t)
	got := r.call("group_msg_get_simple", `{"GroupId":%q,"ReqMsgNumber":20,"WithRecalledMsg":1}`, r.group)
	want := fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupId":%q,"IsFinished":1,"RspMsgList":[`+
		`{"From_Account":"ann","IsPlaceMsg":0,"MsgBody":%s,"MsgPriority":4,"MsgRandom":90133,"MsgSeq":2,"MsgTimeStamp":%d,"CloudCustomData":"{\"x\":1}"},`+
		`{"From_Account":"bob","IsPlaceMsg":2,"MsgBody":%s,"MsgPriority":1,"MsgRandom":55881,"MsgSeq":1,"MsgTimeStamp":%d}]}`,
		r.group, text("all aboard"), r.now(), text("buy"), r.now())
	if string(got.Raw) != want {
		t.Errorf("answer is\n%s\nwant\n%s", got.Raw, want)
	}
}

// Bodies are stored as they were sent, in every way in which a message comes
// in, and over a restart: white space, escapes, digits, duplicate names.
func TestBodiesComeBackByteForByte(t *testing.T) {
	r, _ := newOldRoom(t, "Public", "ann")
	const body = "[ {\"MsgType\" :\"TIMCustomElem\",\r\n\"MsgContent\":{\"Data\":\"\\u0000\\u00e9\\/ \\ud83d\\ude00<&>\u2028\"," +
		"\"Desc\":\"first\",\"Desc\":\"last\",\"x\":1.50e+01 ,\t\"y\":12345678901234567890123,\"To_Account\":5} } ]"
	r.importWith(fmt.Sprintf(`{"From_Account":"ann","SendTime":%d,"MsgBody":%s}`, r.now(), body)).MustOK(t)
	r.sendWith(`"MsgBody":[],"Random":1,"MsgBody":` + body).MustOK(t) // the last MsgBody counts
	r.srv.Restart(t)
	got := r.call("group_msg_get_simple", `{"GroupId":%q,"ReqMsgNumber":20}`, r.group).MustOK(t)
	if n := strings.Count(string(got.Raw), `"MsgBody":`+body+`,`); n != 2 {
		t.Errorf("%d of 2 bodies came back as they were:\n%s", n, got.Raw)
	}
}

func TestHistoryRefusesBadFields(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	for _, c := range []struct {
		name, body string
		code       int
	}{
		{"no group", `{"ReqMsgNumber":1}`, 10004},
		{"empty group", `{"GroupId":"","ReqMsgNumber":1}`, 10015},
		{"unknown group", `{"GroupId":"none","ReqMsgNumber":1}`, 10010},
		{"no number", `{"GroupId":"` + r.group + `"}`, 10004},
		{"number 0", `{"GroupId":"` + r.group + `","ReqMsgNumber":0}`, 10004},
		{"number negative", `{"GroupId":"` + r.group + `","ReqMsgNumber":-1}`, 10004},
		{"number a string", `{"GroupId":"` + r.group + `","ReqMsgNumber":"1"}`, 10004},
		{"number 1", `{"GroupId":"` + r.group + `","ReqMsgNumber":1}`, 0},
		{"number above 20", `{"GroupId":"` + r.group + `","ReqMsgNumber":1000}`, 0},
		{"seq negative", `{"GroupId":"` + r.group + `","ReqMsgNumber":1,"ReqMsgSeq":-1}`, 10004},
		{"seq 0", `{"GroupId":"` + r.group + `","ReqMsgNumber":1,"ReqMsgSeq":0}`, 0},
		{"flag 2", `{"GroupId":"` + r.group + `","ReqMsgNumber":1,"WithRecalledMsg":2}`, 10004},
		{"topic of a group without", `{"GroupId":"` + r.group + `","ReqMsgNumber":1,"TopicId":"x"}`, 10004},
	} {
		t.Run(c.name, func(t *testing.T) { r.call("group_msg_get_simple", "%s", c.body).WantCode(t, c.code) })
	}
	room := newRoomOn(t, r.srv, "AVChatRoom")
	room.call("group_msg_get_simple", `{"GroupId":%q,"ReqMsgNumber":1}`, room.group).WantCode(t, 10044)
}

func TestHistoryOfAnEmptyStream(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	got := r.call("group_msg_get_simple", `{"GroupId":%q,"ReqMsgNumber":20}`, r.group)
	got.WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupId":%q,"IsFinished":1,"RspMsgList":[]}`, r.group))
}

func TestHistoryPages(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 45)
	for _, c := range []struct {
		number      int
		from        uint32
		first, last uint32
		finished    int
	}{
		{20, 0, 45, 26, 1},
		{20, 25, 25, 6, 1},
		{20, 5, 5, 1, 1},     // number 1 was reached
		{20, 999, 45, 26, 1}, // above the newest is the newest
		{21, 0, 45, 26, 0},   // never more than 20
		{1000, 20, 20, 1, 1},
		{1000, 21, 21, 2, 0},
		{1, 45, 45, 45, 1},
		{1, 1, 1, 1, 1},
	} {
		t.Run(fmt.Sprintf("%d from %d", c.number, c.from), func(t *testing.T) {
			p := r.get(c.number, c.from, 0)
			var want []uint32
			for seq := c.first; seq >= c.last; seq-- {
				want = append(want, seq)
			}
			p.t = t
			p.wantSeqs(want...)
			p.wantFinished(c.finished)
		})
	}
}

func TestHistorySkipsRecalledMessagesWithoutCounting(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("bob", 30)
	r.send("ann", 700)
	r.send("bob", 5)
	r.recall("ann")
	p := r.pull(20)
	p.wantSeqs(735, 734, 733, 732, 731, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16)
	p.wantFinished(1)
	r.get(3, 700, 0).wantSeqs(30, 29, 28)
}

func TestHistoryThatIsAllRecalledIsEmpty(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 200)
	r.recall("ann")
	p := r.pull(20)
	p.wantSeqs()
	p.wantFinished(1)
}

func TestHistoryEndsEarlyAfter2000Numbers(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("bob", 1)
	for range 3 {
		r.send("ann", 1000)
		r.recall("ann")
	}
	r.send("bob", 1)
	// One row was found within 2,000 numbers: the page ends there.
	p := r.pull(2)
	p.wantSeqs(3002)
	p.wantFinished(0)
	// None was found: it goes on until there is one.
	p = r.get(2, 3001, 0)
	p.wantSeqs(1)
	p.wantFinished(1)
}

func TestRecalledAsPlaceholder(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.RecalledAsPlaceholder = true }, "Public", "ann", "bob")
	r.send("ann", 1)
	r.send("bob", 1)
	r.recall("ann")
	p := r.pull(20)
	p.wantSeqs(2, 1)
	if row := p.Rows[1]; row.Place != 1 || string(row.Body) != "[]" || row.From != "" || row.Time != 0 {
		t.Errorf("recalled row is %+v, want a placeholder", row)
	}
	r.wantRecalledRange(1, 1)
}

func TestRecalledBodyCanBeWithheld(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.RecalledBody = "empty" }, "Public", "ann")
	r.send("ann", 1)
	r.recall("ann")
	if row := r.pullWithRecalled(1).Rows[0]; row.Place != 2 || string(row.Body) != "[]" || row.From != "ann" {
		t.Errorf("recalled row is %+v, want it without its body", row)
	}
}

func TestHistoryKeepsCustomDataByCharacter(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.sendWith(`"Random":1,"CloudCustomData":"a\u0000b\u2028\ud83d\ude00<&>","MsgBody":` + text("hi")).MustOK(t)
	r.srv.Restart(t)
	var got struct {
		Rows []struct{ CloudCustomData string } `json:"RspMsgList"`
	}
	r.call("group_msg_get_simple", `{"GroupId":%q,"ReqMsgNumber":1}`, r.group).Decode(t, &got)
	if want := "a\x00b\u2028\U0001f600<&>"; got.Rows[0].CloudCustomData != want {
		t.Errorf("CloudCustomData is %q, want %q", got.Rows[0].CloudCustomData, want)
	}
}

func TestTipsInHistory(t *testing.T) {
	tip := `{"OpType":6,"Operator_Account":"administrator","MsgGroupNewInfo":{"GroupNotification":"notice 1"}}`
	for style, want := range map[string]string{
		"object":      `{"From_Account":"@TIM#SYSTEM","IsPlaceMsg":0,"MsgBody":` + tip + `,"MsgPriority":2,`,
		"array":       `{"From_Account":"@TIM#SYSTEM","IsPlaceMsg":0,"MsgBody":[{"MsgType":"TIMGroupTipElem","MsgContent":` + tip + `}],"MsgPriority":2,`,
		"custom":      `{"From_Account":"@TIM#SYSTEM","IsPlaceMsg":0,"MsgBody":[{"MsgType":"TIMCustomElem","MsgContent":{"Data":` + strconv.Quote(tip) + `,"Desc":"","Ext":"","Sound":""}}],"MsgPriority":2,`,
		"placeholder": `{"From_Account":"","IsPlaceMsg":1,"MsgBody":[],"MsgPriority":2,"MsgRandom":0,"MsgSeq":1,"MsgTimeStamp":0}`,
	} {
		t.Run(style, func(t *testing.T) {
			r := newRoomWith(t, func(o *apitest.Options) { o.Settings.HistoryTipStyle = style }, "Public", "ann")
			r.writeTip()
			raw := string(r.pull(1).raw)
			if !strings.Contains(raw, want) {
				t.Errorf("page is %s, want %s in it", raw, want)
			}
			if style != "placeholder" && !strings.Contains(raw, `"IsSystemMsg":1`) {
				t.Errorf("page is %s, want IsSystemMsg 1", raw)
			}
		})
	}
}

func TestTipsDoNotMoveLastMsgTime(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.writeTip()
	if info := r.info(); !strings.Contains(info, `"LastMsgTime":0,"NextMsgSeq":2,`) {
		t.Errorf("group is %s, want LastMsgTime 0 and NextMsgSeq 2", info)
	}
}

// One SDK spells the field with a small letter.
func TestCloudCustomDataUnderItsOtherName(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.sendWith(`"Random":1,"cloudCustomData":"x","MsgBody":` + text("hi")).MustOK(t)
	if p := r.pull(1); !strings.Contains(string(p.raw), `"CloudCustomData":"x"`) {
		t.Errorf("page is %s", p.raw)
	}
}

func TestCloudCustomDataCanBeLeftOutOfHistory(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.HistoryCloudCustomData = false }, "Public", "ann")
	r.sendWith(`"Random":1,"CloudCustomData":"x","MsgBody":` + text("hi")).MustOK(t)
	if p := r.pull(1); strings.Contains(string(p.raw), "CloudCustomData") {
		t.Errorf("page is %s", p.raw)
	}
}

func TestExpiredMessagesArePlaceholders(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.HistoryRetentionDays = 7 }, "Public", "ann")
	r.send("ann", 5)
	r.writeTip() // 6: expires when 7 does
	r.srv.Clock.Advance(7 * day)
	r.send("ann", 1) // 7
	r.wantLive(1, 5, 7)
	r.srv.Clock.Advance(minute / 60)
	r.send("ann", 2)
	p := r.pull(20)
	p.wantSeqs(9, 8, 7, 6, 5, 4, 3, 2, 1)
	p.wantFinished(1)
	for i, want := range []int{0, 0, 0, 0, 1, 1, 1, 1, 1} {
		if p.Rows[i].Place != want {
			t.Errorf("number %d has IsPlaceMsg %d, want %d", p.Rows[i].Seq, p.Rows[i].Place, want)
		}
	}
	if want := `{"From_Account":"","IsPlaceMsg":1,"MsgBody":[],"MsgPriority":2,"MsgRandom":0,"MsgSeq":5,"MsgTimeStamp":0}`; !strings.Contains(string(p.raw), want) {
		t.Errorf("page is %s, want %s in it", p.raw, want)
	}
}

func TestPageThatIsAllExpiredSaysSo(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.HistoryRetentionDays = 7 }, "Public", "ann")
	r.send("ann", 50)
	r.srv.Clock.Advance(8 * day)
	p := r.get(30, 40, 0)
	p.wantFinished(2)
	if len(p.Rows) != 20 || p.Rows[0].Place != 1 {
		t.Errorf("page has %d rows, want 20 placeholders", len(p.Rows))
	}
	r.get(20, 40, 0).wantFinished(1)
}

func TestPageOverTheBorderOfExpiryIsNotAllExpired(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.HistoryRetentionDays = 7 }, "Public", "ann")
	r.send("ann", 50)
	r.srv.Clock.Advance(8 * day)
	r.send("ann", 5)
	r.get(30, 0, 0).wantFinished(0)
	r.get(30, 50, 0).wantFinished(2)
}

func TestHistoryOfATopicIsItsOwn(t *testing.T) {
	c := newCommunity(t, "ann")
	one, two := c.topic("one"), c.topic("two")
	one.send("ann", 2)
	two.send("ann", 1)
	one.pull(20).wantSeqs(2, 1)
	two.pull(20).wantSeqs(1)
	c.pull(20).wantSeqs()
	if raw := string(one.pull(1).raw); strings.Contains(raw, "TopicId") || !strings.Contains(raw, `"GroupId":"`+c.group+`"`) {
		t.Errorf("page is %s, want the GroupId alone", raw)
	}
}
