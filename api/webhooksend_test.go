package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/api/apitest"
)

// BeforeSendMsg, AfterSendMsg and SendMsgException (spec 06 sections 5 to 7.9).

const beforeSend, afterSend, sendException = "Group.CallbackBeforeSendMsg", "Group.CallbackAfterSendMsg", "Group.CallbackSendMsgException"

// say sends a message with further fields and returns the answer.
func (r *room) say(text, fields string) apitest.Answer {
	r.t.Helper()
	return r.call("send_group_msg", `{"GroupId":%q,"From_Account":"ann","Random":%d,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":%q}}]%s}`,
		r.group, r.random.Add(1), text, fields)
}

func TestBeforeSendMsgDecides(t *testing.T) {
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(beforeSend, afterSend), "Public", "ann")
	for _, c := range []struct {
		answer string
		code   int
		info   string
	}{
		{`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`, 0, ""},
		{`{"ActionStatus":"FAIL","ErrorInfo":"","ErrorCode":0}`, 0, ""},
		{`{"ActionStatus":"OK","ErrorInfo":"no","ErrorCode":1}`, 10016, "refused by app backend"},
		{`{"ActionStatus":"OK","ErrorInfo":"häßlich 100%s","ErrorCode":10100}`, 10100, "häßlich 100%s"},
		{`{"ActionStatus":"OK","ErrorInfo":"x","ErrorCode":10200}`, 10200, "x"},
		{`{"ActionStatus":"OK","ErrorInfo":"x","ErrorCode":10099}`, 10016, "refused by app backend"},
		{`{"ActionStatus":"OK","ErrorInfo":"x","ErrorCode":10201}`, 10016, "refused by app backend"},
		{`{"ActionStatus":"OK","ErrorInfo":"x","ErrorCode":-1}`, 10016, "refused by app backend"},
		{`{"ActionStatus":"OK","ErrorInfo":"x","ErrorCode":3}`, 10016, "refused by app backend"},
	} {
		b.always(c.answer)
		got := r.say("hello", "").WantCode(t, c.code)
		if got.Info != c.info {
			t.Errorf("after %s the text is %q, want %q", c.answer, got.Info, c.info)
		}
	}
	b.wait(afterSend, 2)
	r.wantNext(3)
}

func TestBeforeSendMsgCanDropAMessageInSilence(t *testing.T) {
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(beforeSend, afterSend, sendException), "Public", "ann")
	b.always(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":2}`)
	r.say("hello", "").WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MsgTime":%d,"MsgSeq":0}`, r.now()))
	b.always(hookOK)
	r.say("world", "").WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MsgTime":%d,"MsgSeq":1}`, r.now()))
	b.wait(afterSend, 1)
	wantCommands(t, b.heard(""), "BeforeSendMsg", "BeforeSendMsg", "AfterSendMsg")
	r.wantNext(2)
}

func TestBeforeSendMsgReplacesContent(t *testing.T) {
	b := newBackend(t)
	set := b.hooked(beforeSend, afterSend)
	r := newRoomWith(t, func(o *apitest.Options) {
		set(o)
		o.Settings.RefusedWords, o.Settings.NoMsgCheck = []string{"refused"}, true
	}, "Public", "ann")
	const given, other = `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"given"}}]`, `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"other"}}]`
	for _, c := range []struct{ answer, body, custom string }{
		{`"ErrorCode":0`, given, "mine"},
		{`"ErrorCode":0,"MsgBody":` + other, other, "mine"},
		{`"ErrorCode":0,"MsgBody":[]`, given, "mine"},
		{`"ErrorCode":0,"CloudCustomData":"theirs"`, given, "theirs"},
		{`"ErrorCode":0,"CloudCustomData":""`, given, ""},
		{`"ErrorCode":0,"CloudCustomData":"theirs","MsgBody":` + other, other, "theirs"},
	} {
		b.always(`{"ActionStatus":"OK","ErrorInfo":"",` + c.answer + `}`)
		b.forget()
		r.say("given", `,"CloudCustomData":"mine"`).MustOK(t)
		var told struct {
			Body   any    `json:"MsgBody"`
			Custom string `json:"CloudCustomData"`
		}
		b.wait(afterSend, 1)[0].decode(t, &told)
		if body := fmt.Sprint(told.Body); body != fmt.Sprint(decoded(t, c.body)) || told.Custom != c.custom {
			t.Errorf("after %s the message has %s and %q", c.answer, body, told.Custom)
		}
		row := r.newest()
		if string(row.Body) != c.body || row.Custom != c.custom {
			t.Errorf("after %s history has %s and %q", c.answer, row.Body, row.Custom)
		}
	}
	r.random.Add(^uint32(0)) // a repeat is told by what was asked for, not by what came of it
	b.forget()
	r.say("given", `,"CloudCustomData":"mine"`).MustOK(t)
	wantCommands(t, b.heard(""))
	const before = 7
	for _, answer := range []string{
		`"MsgBody":[{"MsgType":"Unknown","MsgContent":{}}]`, `"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{}}]`,
		`"CloudCustomData":"` + strings.Repeat("x", 13000) + `"`,
		`"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x","Deep":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}}]`,
		`"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"a refused word"}}]`,
	} {
		b.always(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,` + answer + `}`)
		r.say("given", "").WantCode(t, 10004)
	}
	r.wantNext(before)
	r.say("given", `,"SendMsgControl":["NoMsgCheck"]`).MustOK(t) // whose words are not looked at
	r.wantNext(before + 1)
}

func TestBeforeSendMsgIsNotAskedAboutWhatCannotBeSent(t *testing.T) {
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(beforeSend), "Public", "ann", "bob")
	r.say("once", "").MustOK(t)
	b.wait(beforeSend, 1)
	r.call("forbid_send_msg", `{"GroupId":%q,"Members_Account":["ann"],"MuteTime":60}`, r.group).MustOK(t)
	r.say("muted", "").WantCode(t, 10017)
	r.call("forbid_send_msg", `{"GroupId":%q,"Members_Account":["ann"],"MuteTime":0}`, r.group).MustOK(t)
	r.say("bad", `,"MsgPriority":"Highest"`).WantCode(t, 10004)
	r.call("send_group_msg", `{"GroupId":%q,"From_Account":"ghost","Random":1,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]}`, r.group).WantCode(t, 10019)
	r.random.Store(0)
	r.say("once", "").MustOK(t) // a repeat
	r.call("import_group_msg", `{"GroupId":%q,"MsgList":[{"From_Account":"ann","SendTime":%d,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]}]}`, r.group, r.now()).MustOK(t)
	r.random.Store(100)
	r.say("skipped", `,"ForbidCallbackControl":["ForbidBeforeSendMsgCallback"]`).MustOK(t)
	if n := len(b.heard(beforeSend)); n != 1 {
		t.Errorf("the backend was asked %d times, want once", n)
	}
}

func TestForbidCallbackControlSuppressesEach(t *testing.T) {
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(beforeSend, afterSend), "Public", "ann")
	const before, after = "ForbidBeforeSendMsgCallback", "ForbidAfterSendMsgCallback"
	for control, want := range map[string]string{
		``: "asked told", `"` + before + `"`: "told", `"` + after + `"`: "asked", `"` + before + `","` + after + `"`: "",
	} {
		b.forget()
		r.say("first", `,"ForbidCallbackControl":[`+control+`]`).MustOK(t)
		r.say("last", "").MustOK(t)
		var got []string
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			got = nil
			for _, c := range b.heard("") {
				if strings.Contains(c.body, "first") {
					got = append(got, map[string]string{beforeSend: "asked", afterSend: "told"}[c.command])
				} else if c.command == afterSend {
					deadline = time.Time{} // the last is told of after the first
				}
			}
			if time.Now().After(deadline) {
				break
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("with %s the backend was %v, want %s", control, got, want)
		}
	}
}

func TestSendMsgExceptionTellsOfFailures(t *testing.T) {
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(beforeSend, afterSend, sendException), "Public", "ann")
	r.call("forbid_send_msg", `{"GroupId":%q,"Members_Account":["ann"],"MuteTime":60}`, r.group).MustOK(t)
	r.say("hello", "").WantCode(t, 10017)
	b.wait(sendException, 1)[0].wantBody(t, fmt.Sprintf(`{"CallbackCommand":"Group.CallbackSendMsgException","GroupId":%q,"Type":"Public",
		"From_Account":"ann","Operator_Account":"administrator","Random":%d,"OnlineOnlyFlag":0,
		"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hello"}}],"CloudCustomData":"","ErrorCode":10017,
		"ErrorInfo":"sender \"ann\" is muted","EventTime":%s}`, r.group, r.random.Load(), r.eventTime()))
	b.forget()
	r.call("send_group_msg", `{"GroupId":"nowhere","Random":5,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]}`).WantCode(t, 10010)
	var told struct {
		Group string `json:"GroupId"`
		Type  *string
		Code  int `json:"ErrorCode"`
	}
	b.wait(sendException, 1)[0].decode(t, &told)
	if told.Group != "nowhere" || told.Type == nil || *told.Type != "" || told.Code != 10010 {
		t.Errorf("told of %+v", told)
	}
	b.forget()
	r.call("forbid_send_msg", `{"GroupId":%q,"Members_Account":["ann"],"MuteTime":0}`, r.group).MustOK(t)
	b.always(`{"ActionStatus":"OK","ErrorInfo":"own","ErrorCode":10150}`)
	r.say("refused", "").WantCode(t, 10150)
	b.wait(sendException, 1)[0].decode(t, &told)
	if told.Code != 10150 {
		t.Errorf("told of code %d, want 10150", told.Code)
	}
	if n := len(b.heard(afterSend)); n != 0 {
		t.Errorf("%d messages were told of as sent", n)
	}
	b.forget()
	r.say("nobody", `,"GroupAtInfo":[{"GroupAtAllFlag":0}]`).WantCode(t, 10004)
	b.wait(sendException, 1)
	b.forget()
	r.srv.Call(t, "group_open_http_svc", "send_group_msg", `{"GroupId":5}`).WantCode(t, 10004)
	r.say("last", "").WantCode(t, 10150)
	b.wait(sendException, 1)
}

func TestSendMsgExceptionTellsOfWhatIsFarTooLarge(t *testing.T) {
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(sendException), "Public", "ann")
	const most = 1<<20 - 200 // with the rest of the request nearly 1 MiB
	for name, c := range map[string]struct {
		group, from, body, custom string
		code                      int
	}{
		"body":        {r.group, "", text(strings.Repeat("x", most)), "", 80002},
		"custom data": {r.group, "", text("x"), strings.Repeat("x", most), 80002},
		"group":       {strings.Repeat("x", most), "", text("x"), "", 10015},
		"sender":      {r.group, strings.Repeat("x", most), text("x"), "", 10004},
	} {
		b.forget()
		r.call("send_group_msg", `{"GroupId":%q,"From_Account":%q,"Random":1,"CloudCustomData":%q,"MsgBody":%s}`,
			c.group, c.from, c.custom, c.body).WantCode(t, c.code)
		var told struct {
			Code int `json:"ErrorCode"`
		}
		if b.wait(sendException, 1)[0].decode(t, &told); told.Code != c.code {
			t.Errorf("%s: told of %+v", name, told)
		}
	}
}

func TestSendMsgExceptionTellsOfTheFrequencyControl(t *testing.T) {
	b := newBackend(t)
	set := b.hooked(beforeSend, afterSend, sendException)
	r := newRoomWith(t, func(o *apitest.Options) { set(o); o.Settings.GroupThrottlePerSecond = 1 }, "Public", "ann")
	r.say("one", "").MustOK(t)
	if answer := string(r.say("two", "").MustOK(t).Raw); !strings.Contains(answer, "MsgFreqCtrl") {
		t.Fatalf("the second message was answered %s", answer)
	}
	var told struct {
		Code int    `json:"ErrorCode"`
		Info string `json:"ErrorInfo"`
	}
	b.wait(sendException, 1)[0].decode(t, &told)
	if told.Code != 10023 || told.Info != "msg count exceeds limit,please retry later" {
		t.Errorf("told of %+v", told)
	}
	b.wait(afterSend, 1)
	if asked, told := len(b.heard(beforeSend)), len(b.heard(afterSend)); asked != 1 || told != 1 {
		t.Errorf("the backend was asked about %d messages and told of %d, want 1", asked, told)
	}
	r.wait(1)
	r.say("three", "").MustOK(t) // each is counted once
	r.wantNext(3)
}

func TestWebhooksOfWhatIsNotStored(t *testing.T) {
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(beforeSend, afterSend, "Group.CallbackAfterRecallMsg"), "Public", "ann")
	r.say("now", `,"OnlineOnlyFlag":1`).MustOK(t)
	var told struct {
		Flag int    `json:"OnlineOnlyFlag"`
		Seq  *int   `json:"MsgSeq"`
		Type string `json:"Type"`
	}
	b.wait(afterSend, 1)[0].decode(t, &told)
	if told.Flag != 1 || told.Seq == nil || *told.Seq != 0 {
		t.Errorf("told of %+v", told)
	}
	b.forget()
	live := newRoomOn(t, r.srv, "AVChatRoom")
	live.say("one", `,"OnlineOnlyFlag":1`).MustOK(t)
	live.say("two", "").MustOK(t)
	for i, c := range b.wait(afterSend, 2) {
		c.decode(t, &told)
		if told.Flag != 0 || *told.Seq != i+1 || told.Type != "AVChatRoom" {
			t.Errorf("message %d of a live room: told of %+v", i+1, told)
		}
	}
	for _, c := range b.heard(beforeSend) {
		if c.decode(t, &told); told.Flag != 0 {
			t.Errorf("before a message to a live room: told of %+v", told)
		}
	}
	live.recallSeqs(`"MsgSeqList":[{"MsgSeq":2},{"MsgSeq":3},{"MsgSeq":2}]`).MustOK(t)
	b.wait("Group.CallbackAfterRecallMsg", 1)[0].wantBody(t, fmt.Sprintf(`{"CallbackCommand":"Group.CallbackAfterRecallMsg",
		"Operator_Account":"administrator","Type":"AVChatRoom","GroupId":%q,"MsgSeqList":[{"MsgSeq":2}],"EventTime":%s}`, live.group, live.eventTime()))
}

func TestOnlineOnlyMessagesAreToldOfAsOthersAre(t *testing.T) {
	b := newBackend(t)
	set := b.hooked(afterSend)
	r := newRoomWith(t, func(o *apitest.Options) {
		set(o)
		o.Settings.GroupThrottlePerSecond = 3
		o.OneProcess("online-only messages")
	}, "Public", "ann")
	const online = `,"OnlineOnlyFlag":1`
	r.say("one", online).MustOK(t)
	r.random.Add(^uint32(0))
	r.say("one", online).MustOK(t) // a repeat
	r.say("two", online+`,"ForbidCallbackControl":["ForbidAfterSendMsgCallback"]`).MustOK(t)
	r.say("three", online).MustOK(t)
	if answer := string(r.say("cut", online).MustOK(t).Raw); !strings.Contains(answer, "MsgFreqCtrl") {
		t.Fatalf("the message beyond the limit was answered %s", answer)
	}
	r.wait(10)
	r.say("last", online).MustOK(t)
	var got []string
	for _, c := range b.wait(afterSend, 3) {
		for _, word := range []string{"one", "two", "three", "cut", "last"} {
			if strings.Contains(c.body, `"`+word+`"`) {
				got = append(got, word)
			}
		}
	}
	if fmt.Sprint(got) != "[one three last]" {
		t.Errorf("told of %v", got)
	}
}

// Whatever time passes while the backend is asked, and whoever speaks.
func TestAMessageKeepsItsIdAndItsOperator(t *testing.T) {
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(beforeSend, afterSend, "Group.CallbackAfterRecallMsg"), "Public", "ann")
	b.answers(func(c hookCall) (int, string) {
		if c.command == beforeSend {
			r.wait(2)
		}
		return http.StatusOK, hookOK
	})
	r.call("send_group_msg", `{"GroupId":%q,"Random":7,"MsgBody":%s}`, r.group, text("x")).MustOK(t)
	r.recallSeqs(`"MsgSeqList":[{"MsgSeq":1}]`).MustOK(t)
	ids := map[string]bool{}
	for _, c := range b.wait("", 3) {
		var told struct {
			ID       string `json:"MsgId"`
			From     string `json:"From_Account"`
			Operator string `json:"Operator_Account"`
			Seqs     []struct {
				ID string `json:"MsgId"`
			} `json:"MsgSeqList"`
		}
		c.decode(t, &told)
		if told.Seqs != nil {
			told.ID, told.From = told.Seqs[0].ID, apitest.Admin
		}
		if ids[told.ID] = true; told.Operator != apitest.Admin || told.From != apitest.Admin {
			t.Errorf("%s tells of %+v", c.command, told)
		}
	}
	if len(ids) != 1 {
		t.Errorf("the message has the ids %v", ids)
	}
}

func TestWebhooksOfTopicMessagesNameTheTopic(t *testing.T) {
	b := newBackend(t)
	town := newTown(t, b.hooked(beforeSend, afterSend, "Group.CallbackAfterRecallMsg"), "ann")
	one := town.topic("one")
	one.send("ann", 1)
	one.recallSeqs(`"TopicId":"` + one.topicID + `","MsgSeqList":[{"MsgSeq":1}]`).MustOK(t)
	for _, c := range b.wait("", 3) {
		var told struct {
			Topic string `json:"TopicId"`
			Group string `json:"GroupId"`
			Type  string
		}
		c.decode(t, &told)
		if told.Topic != one.topicID || told.Group != town.group || told.Type != "Community" {
			t.Errorf("%s tells of %+v", c.command, told)
		}
	}
}

func TestImportsAndSilentRecallsTellNobody(t *testing.T) {
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(allGroupCommands...), "Public", "ann")
	b.wait("Group.CallbackAfterCreateGroup", 1)
	r.call("import_group", `{"Type":"Public","Name":"old","GroupId":"old","Owner_Account":"ann"}`).MustOK(t)
	r.call("import_group_member", `{"GroupId":"old","MemberList":[{"Member_Account":"bob"}]}`).MustOK(t)
	r.call("import_group_msg", `{"GroupId":"old","MsgList":[{"From_Account":"bob","SendTime":%d,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]}]}`, r.now()).MustOK(t)
	r.call("set_unread_msg_num", `{"GroupId":"old","Member_Account":"bob","UnreadMsgNum":1}`).MustOK(t)
	r.call("delete_group_msg_by_sender", `{"GroupId":"old","Sender_Account":"bob"}`).MustOK(t)
	r.call("forbid_send_msg", `{"GroupId":"old","Members_Account":["bob"],"MuteTime":5}`).MustOK(t)
	r.say("last", "").MustOK(t)
	b.wait(afterSend, 1)
	wantCommands(t, b.heard(""), "BeforeCreateGroup", "AfterCreateGroup", "BeforeSendMsg", "AfterSendMsg")
}

func TestDeleteBySenderFiresRecallWhereItIsAsked(t *testing.T) {
	b := newBackend(t)
	set := b.hooked("Group.CallbackAfterRecallMsg")
	r := newRoomWith(t, func(o *apitest.Options) { set(o); o.Settings.DeleteBySenderFiresRecall = true }, "Public", "ann", "bob")
	r.send("ann", 5)
	r.recallSeqs(`"MsgSeqList":[{"MsgSeq":2}]`).MustOK(t)
	r.send("bob", 1)
	r.send("ann", 9)
	b.wait("", 1)
	b.forget()
	r.call("delete_group_msg_by_sender", `{"GroupId":%q,"Sender_Account":"ann"}`, r.group).MustOK(t)
	r.call("delete_group_msg_by_sender", `{"GroupId":%q,"Sender_Account":"ann"}`, r.group).MustOK(t) // nothing new
	r.send("ann", 1)
	r.call("delete_group_msg_by_sender", `{"GroupId":%q,"Sender_Account":"ann"}`, r.group).MustOK(t)
	var got [][]int
	for _, c := range b.wait("", 3) {
		var told struct {
			Seqs []struct {
				Seq int `json:"MsgSeq"`
			} `json:"MsgSeqList"`
		}
		c.decode(t, &told)
		var seqs []int
		for _, s := range told.Seqs {
			seqs = append(seqs, s.Seq)
		}
		got = append(got, seqs)
	}
	if want := "[[1 3 4 5 7 8 9 10 11 12] [13 14 15] [16]]"; fmt.Sprint(got) != want {
		t.Errorf("told of %v, want %s", got, want)
	}
}

func TestAFailingBackendIsTreatedAsThePolicySays(t *testing.T) {
	failures := map[string]func(hookCall) (int, string){
		"status 500":    func(hookCall) (int, string) { return 500, hookOK },
		"status 302":    func(hookCall) (int, string) { return 302, hookOK },
		"no JSON":       func(hookCall) (int, string) { return 200, "fine" },
		"no error code": func(hookCall) (int, string) { return 200, `{"ActionStatus":"OK"}` },
		"too slow":      func(hookCall) (int, string) { time.Sleep(300 * time.Millisecond); return 200, hookOK },
	}
	for name, fail := range failures {
		for _, policy := range []string{"allow", "deny"} {
			t.Run(name+", "+policy, func(t *testing.T) {
				t.Parallel()
				b := newBackend(t)
				s := b.settings(beforeSend, "Group.CallbackBeforeCreateGroup")
				if s.BeforeFailurePolicy = policy; name == "too slow" {
					s.Timeout = 150 * time.Millisecond
				}
				r := newRoomWith(t, func(o *apitest.Options) { o.Webhooks = receive(t, s) }, "Public", "ann")
				b.answers(fail)
				code, group := 0, 0
				if policy == "deny" {
					code, group = 80003, 10016
				}
				r.say("hello", "").WantCode(t, code)
				info := r.call("create_group", `{"Type":"Public","Name":"n"}`).WantCode(t, group).Info
				want := map[bool]string{true: "callback timeout", false: "callback failed"}[name == "too slow"]
				if policy == "deny" && info != want {
					t.Errorf("text is %q, want %q", info, want)
				}
			})
		}
	}
}

func TestABackendThatIsDeadCostsNobodyTheirCalls(t *testing.T) {
	b := newBackend(t)
	s := b.settings(beforeSend, afterSend)
	s.Timeout = 200 * time.Millisecond
	release := make(chan struct{})
	t.Cleanup(sync.OnceFunc(func() { close(release) }))
	r := newRoomWith(t, func(o *apitest.Options) { o.Webhooks = receive(t, s) }, "Public", "ann")
	b.answers(func(hookCall) (int, string) { <-release; return http.StatusOK, hookOK })
	var working sync.WaitGroup
	began := time.Now()
	for i := range 200 {
		working.Go(func() {
			body := fmt.Sprintf(`{"GroupId":%q,"From_Account":"ann","Random":%d,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]}`, r.group, 1000+i)
			answer, err := r.srv.Try(t.Context(), "group_open_http_svc", "send_group_msg", body)
			if err != nil || answer.Code != 0 {
				t.Errorf("send %d: %v %v", i, answer, err)
			}
		})
	}
	working.Wait()
	if took := time.Since(began); took > 60*time.Second {
		t.Errorf("200 sends took %v", took)
	}
	r.wantNext(201)
}

// newest is the newest row of the history.
func (r *room) newest() (row struct {
	Body   jsontext.Value `json:"MsgBody"`
	Custom string         `json:"CloudCustomData"`
}) {
	r.t.Helper()
	answer := struct{ RspMsgList []jsontext.Value }{}
	r.call("group_msg_get_simple", `{"GroupId":%q,"ReqMsgNumber":1}`, r.group).MustOK(r.t).Decode(r.t, &answer)
	if err := json.Unmarshal(answer.RspMsgList[0], &row); err != nil {
		r.t.Fatal(err)
	}
	return row
}

// decoded is a JSON text's value.
func decoded(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}
