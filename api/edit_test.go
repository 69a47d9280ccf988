package api_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
	"pgregory.net/rapid"
)

// modify_group_msg (spec 04 section 10).

// edit calls it for this room; fields are those of the request beside the
// room's.
func (r *room) edit(fields string, args ...any) apitest.Answer {
	r.t.Helper()
	return r.srv.Call(r.t, "openim", "modify_group_msg",
		fmt.Sprintf(`{"GroupId":%q,"TopicId":%q,`, r.group, r.topicID)+fmt.Sprintf(fields, args...)+"}")
}

// said is what a message says now, as history has it: its body and custom data.
func (r *room) said(seq uint32) string {
	r.t.Helper()
	var page struct {
		Rows []struct {
			Seq    uint32 `json:"MsgSeq"`
			Custom string `json:"CloudCustomData"`
			row
		} `json:"RspMsgList"`
	}
	r.call("group_msg_get_simple", `{"GroupId":%q,"TopicId":%q,"ReqMsgNumber":1,"ReqMsgSeq":%d,"WithRecalledMsg":1}`,
		r.group, r.topicID, seq).MustOK(r.t).Decode(r.t, &page)
	if len(page.Rows) != 1 || page.Rows[0].Seq != seq {
		r.t.Fatalf("number %d is not there", seq)
	}
	return string(page.Rows[0].Body) + page.Rows[0].Custom
}

func (r *room) wantSaid(seq uint32, want string) {
	r.t.Helper()
	if got := r.said(seq); got != want {
		r.t.Errorf("number %d says %s, want %s", seq, got, want)
	}
}

func TestModifyReplacesWhatIsGiven(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	send := `{"GroupId":%q,"From_Account":"ann","Random":7,"MsgPriority":"High","CloudCustomData":"old data","MsgBody":` + text("old") + `}`
	r.call("send_group_msg", send, r.group).MustOK(t)
	r.send("ann", 1)
	sent := r.now()
	r.srv.Clock.Advance(minute)
	info := r.info()
	r.edit(`"MsgSeq":1,"MsgBody":%s`, text("new")).WantJSON(t, plainOK)
	r.wantSaid(1, text("new")+"old data")
	r.edit(`"MsgSeq":1,"CloudCustomData":"new data"`).WantJSON(t, plainOK)
	r.wantSaid(1, text("new")+"new data")
	raw := `[ {"MsgContent": {"Data":"abc\u0000","More":1.50}, "MsgType":"TIMCustomElem"} ]`
	r.edit(`"MsgSeq":1,"MsgBody":%s,"CloudCustomData":""`, raw).WantJSON(t, plainOK)
	r.srv.Restart(t)
	// Number, time, sender, random and priority are as they were, and so is the group.
	r.call("group_msg_get_simple", `{"GroupId":%q,"ReqMsgNumber":1,"ReqMsgSeq":1}`, r.group).WantJSON(t, fmt.Sprintf(
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupId":%q,"IsFinished":1,"RspMsgList":[
		{"From_Account":"ann","IsPlaceMsg":0,"MsgBody":%s,"MsgPriority":1,"MsgRandom":7,"MsgSeq":1,"MsgTimeStamp":%d}]}`, r.group, raw, sent))
	if !strings.Contains(string(r.get(1, 1, 0).raw), raw) {
		t.Error("the new body did not come back byte for byte")
	}
	if after := r.info(); after != info {
		t.Errorf("group was %s and is %s", info, after)
	}
	r.wantSaid(2, text("message 1"))
	// A repeat of the first send is still one.
	if answer := r.call("send_group_msg", send, r.group).MustOK(t); !strings.Contains(string(answer.Raw), `"MsgSeq":1}`) {
		t.Errorf("repeat answered %s", answer.Raw)
	}
	if seq := r.send("ann", 1); seq != 3 {
		t.Errorf("the next number is %d", seq)
	}
}

func TestModifyRefusesBadFields(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.RefusedWords = []string{"spam"} }, "Public", "ann")
	r.send("ann", 1)
	r.writeTip()
	live := newRoomOn(t, r.srv, "AVChatRoom")
	live.send("ann", 1)
	ok := `"MsgBody":` + text("x")
	custom := `{"MsgType":"TIMCustomElem","MsgContent":{"Data":"x"}}`
	for _, c := range []struct {
		fields string
		code   int
		info   string
	}{
		{`"MsgSeq":1,` + ok, 20001, "GroupId"},
		{`"GroupId":"","MsgSeq":1,` + ok, 20001, ""},
		{`"GroupId":5,"MsgSeq":1,` + ok, 20001, "GroupId"},
		{`"GroupId":"nowhere","MsgSeq":1,` + ok, 20001, ""},
		{`"GroupId":"` + strings.Repeat("g", 49) + `","MsgSeq":1,` + ok, 20001, ""},
		{`"GroupId":"LIVE","MsgSeq":1,` + ok, 20001, ""},
		{`"GroupId":"GROUP","TopicId":"GROUP@TOPIC#_x","MsgSeq":1,` + ok, 20001, "TopicId"},
		{`"GroupId":"GROUP",` + ok, 20001, "MsgSeq"},
		{`"GroupId":"GROUP","MsgSeq":"1",` + ok, 20001, "MsgSeq"},
		{`"GroupId":"GROUP","MsgSeq":0,` + ok, 20001, "MsgSeq"},
		{`"GroupId":"GROUP","MsgSeq":1`, 20001, "MsgBody"},
		{`"GroupId":"GROUP","MsgSeq":1,"MsgBody":null`, 20001, "MsgBody"},
		{`"GroupId":"GROUP","MsgSeq":1,"CloudCustomData":5`, 20001, "CloudCustomData"},
		{`"GroupId":"GROUP","MsgSeq":2,` + ok, 20001, "MsgSeq"}, // a tip
		{`"GroupId":"GROUP","MsgSeq":3,` + ok, 20022, "MsgSeq"},
		{`"GroupId":"GROUP","MsgSeq":1,"MsgBody":{}`, 90007, "MsgBody"},
		{`"GroupId":"GROUP","MsgSeq":1,"MsgBody":"x"`, 90007, "MsgBody"},
		{`"GroupId":"GROUP","MsgSeq":1,"MsgBody":[]`, 90002, "MsgBody"},
		{`"GroupId":"GROUP","MsgSeq":1,"MsgBody":[` + custom + `,` + custom + `]`, 90002, "MsgBody"},
		{`"GroupId":"GROUP","MsgSeq":1,"MsgBody":[5]`, 90010, "MsgBody[0]"},
		{`"GroupId":"GROUP","MsgSeq":1,"MsgBody":[{"MsgContent":{}}]`, 90010, "MsgBody[0].MsgType"},
		{`"GroupId":"GROUP","MsgSeq":1,"MsgBody":[{"MsgType":"TIMOddElem","MsgContent":{}}]`, 90010, "MsgBody[0].MsgType"},
		{`"GroupId":"GROUP","MsgSeq":1,"MsgBody":[{"MsgType":"TIMTextElem"}]`, 90010, "MsgBody[0].MsgContent"},
		{`"GroupId":"GROUP","MsgSeq":1,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{}}]`, 90010, "MsgBody[0].MsgContent.Text"},
		{`"GroupId":"GROUP","MsgSeq":1,"MsgBody":[{"MsgType":"TIMFaceElem","MsgContent":{"Index":"1"}}]`, 90010, "MsgBody[0].MsgContent.Index"},
		{`"GroupId":"GROUP","MsgSeq":1,"MsgBody":[{"MsgType":"TIMRelayElem","MsgContent":{"AbstractList":[5]}}]`, 90010, "MsgBody[0].MsgContent.AbstractList[0]"},
		{`"GroupId":"GROUP","MsgSeq":1,"MsgBody":` + text("no spam"), 80001, ""},
		{`"GroupId":"GROUP","MsgSeq":1,"CloudCustomData":"spam"`, 80001, "CloudCustomData"},
		{`"GroupId":"GROUP","MsgSeq":1,"CloudCustomData":"` + strings.Repeat("c", 12289) + `"`, 80002, ""},
	} {
		body := strings.NewReplacer("GROUP", r.group, "LIVE", live.group).Replace(c.fields)
		if answer := r.srv.Call(t, "openim", "modify_group_msg", "{"+body+"}").WantCode(t, c.code); !strings.HasPrefix(answer.Info, c.info) {
			t.Errorf("%.200s: ErrorInfo is %q, want it to begin with %s", c.fields, answer.Info, c.info)
		}
	}
	r.wantSaid(1, text("message 1"))
	r.srv.Call(t, "openim", "modify_group_msg", "[").WantCode(t, 90001)
	r.srv.Call(t, "group_open_http_svc", "modify_group_msg", "{}").WantCode(t, 10003)
}

func TestCommandsBesideMessagesWhereCommunitiesAreOff(t *testing.T) {
	on, off := twoServers(t, func(o *apitest.Options) { o.Settings.Communities = false })
	town := newRoomOn(t, on, "Community", "ann")
	for _, c := range []struct{ service, command, fields string }{
		{"openim", "modify_group_msg", `"MsgSeq":1,"CloudCustomData":"x"`},
		{"group_open_http_svc", "get_group_msg_receipt", `"MsgSeqList":[{"MsgSeq":1}]`},
		{"group_open_http_svc", "get_group_msg_receipt_detail", `"MsgSeq":1,"Filter":0,"Cursor":"","Count":1`},
		{"group_open_http_svc", "group_msg_receipt", `"From_Account":"ann","MsgSeqList":[{"MsgSeq":1}]`},
		{"openim_msg_ext_http_svc", "group_set_key_values", `"MsgSeq":1,"OperateType":3`},
		{"openim_msg_ext_http_svc", "group_get_key_values", `"MsgSeq":1`},
	} {
		off.Call(t, c.service, c.command, fmt.Sprintf(`{"GroupId":%q,%s}`, town.group, c.fields)).WantCode(t, 11000)
	}
}

// The limit is on what the message says afterwards, whichever part is given.
func TestModifiedMessageHas12KB(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	full := 12288 - len(text(""))
	r.edit(`"MsgSeq":1,"MsgBody":%s`, text(strings.Repeat("b", full))).MustOK(t)
	r.edit(`"MsgSeq":1,"CloudCustomData":"c"`).WantCode(t, 80002)
	r.edit(`"MsgSeq":1,"MsgBody":%s,"CloudCustomData":"c"`, text(strings.Repeat("b", full-1))).MustOK(t)
	r.edit(`"MsgSeq":1,"MsgBody":%s`, text(strings.Repeat("b", full))).WantCode(t, 80002)
	r.edit(`"MsgSeq":1,"MsgBody":%s,"CloudCustomData":""`, text(strings.Repeat("b", full))).MustOK(t)
	r.edit(`"MsgSeq":1,"MsgBody":%s`, text(strings.Repeat("b", full+1))).WantCode(t, 80002)
}

// What was there before words were refused does not keep the rest from changing.
func TestModifyJudgesTheNewWordsAlone(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.RefusedWords, o.Settings.NoMsgCheck = []string{"spam"}, true }, "Public", "ann")
	r.call("send_group_msg", `{"GroupId":%q,"From_Account":"ann","Random":1,"SendMsgControl":["NoMsgCheck"],"MsgBody":%s}`, r.group, text("spam")).MustOK(t)
	r.edit(`"MsgSeq":1,"CloudCustomData":"x"`).MustOK(t)
	r.wantSaid(1, text("spam")+"x")
}

func TestModifyInEveryTypeAndTopic(t *testing.T) {
	for _, groupType := range []string{"Private", "Public", "ChatRoom"} {
		r := newRoom(t, groupType, "ann")
		r.send("ann", 1)
		r.edit(`"MsgSeq":1,"MsgBody":%s`, text("new")).MustOK(t)
		r.wantSaid(1, text("new"))
	}
	town := newCommunity(t, "ann")
	one, two := town.topic("one"), town.topic("two")
	one.send("ann", 1)
	two.send("ann", 1)
	one.edit(`"MsgSeq":1,"MsgBody":%s`, text("new")).MustOK(t)
	one.wantSaid(1, text("new"))
	two.wantSaid(1, text("message 2"))
	town.edit(`"MsgSeq":1,"MsgBody":%s`, text("new")).WantCode(t, 20022)
	town.call("destroy_topic", `{"GroupId":%q,"TopicIdList":[%q]}`, town.group, one.topicID).MustOK(t)
	one.edit(`"MsgSeq":1,"MsgBody":%s`, text("new")).WantCode(t, 20001)
}

func TestModifyImportedTargetedAndOldMessages(t *testing.T) {
	r := newRoomWith(t, withLargeImports, "Public", "ann", "bob")
	r.importMany("ann", 4100) // number 1 is not in the newest bucket
	r.call("send_group_msg", `{"GroupId":%q,"From_Account":"ann","Random":1,"To_Account":["bob"],"MsgBody":%s}`, r.group, text("x")).MustOK(t)
	for _, seq := range []uint32{1, 4096, 4097, 4101} {
		r.edit(`"MsgSeq":%d,"MsgBody":%s`, seq, text(fmt.Sprint("new ", seq))).MustOK(t)
		r.wantSaid(seq, text(fmt.Sprint("new ", seq)))
	}
	r.wantSaid(2, text("x"))
}

func TestModifyRecalledExpiredErasedAndHeldMessages(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) {
		o.Settings.HistoryRetentionDays = 7
		withHousekeeping(o)
	}, "Public", "ann", "bob")
	r.send("ann", 1)
	r.srv.Clock.Advance(8 * day)
	r.send("ann", 1)
	r.send("bob", 1)
	modify := func(seq uint32, code int) {
		t.Helper()
		r.edit(`"MsgSeq":%d,"MsgBody":%s`, seq, text("new")).WantCode(t, code)
	}
	modify(1, 20022) // expired
	modify(3, 0)
	id := r.recallBySender("ann", "").ID
	modify(2, 20023)
	r.call("group_msg_recall", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":3}]}`, r.group).MustOK(t)
	modify(3, 20023)
	r.wantSaid(2, text("message 2"))
	r.restore(id, "")
	// Restored, but on hold: what may be evidence is not overwritten.
	r.hold(id, 1).MustOK(t)
	modify(2, 190007)
	r.hold(id, 0).MustOK(t)
	modify(2, 0)
	r.wantSaid(2, text("new"))
	r.fence("bob", 60)
	r.send("bob", 1)
	modify(4, 20023) // born recalled
	r.erase(r.recallBySender("ann", "").ID)
	modify(2, 20022)
	r.wantPlaces(2, 2, 1, 1)
}

// Evidence is what was said when it was recalled, and its hashes hold.
func TestEvidenceOfAModifiedMessage(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 2)
	r.edit(`"MsgSeq":1,"MsgBody":%s`, text("new")).MustOK(t)
	id := r.recallBySender("ann", "").ID
	messages, chain, _ := r.export(id, nil)
	if len(messages) != 2 || string(messages[0].Body) != text("new") || string(messages[1].Body) != text("message 2") {
		t.Errorf("evidence is %+v", messages)
	}
	r.edit(`"MsgSeq":1,"MsgBody":%s`, text("newer")).WantCode(t, 20023)
	if _, again, _ := r.export(id, nil); again != chain {
		t.Errorf("chain is %s and was %s", again, chain)
	}
}

// While messages stream in nobody who modifies one has to give up, and no number
// is lost.
func TestModifyInABusyStream(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	ctx, cancel := context.WithCancel(t.Context())
	var senders sync.WaitGroup
	sent := make([]int, 4)
	for i := range sent {
		senders.Go(func() {
			for ctx.Err() == nil {
				body := fmt.Sprintf(`{"GroupId":%q,"From_Account":"ann","Random":%d,"MsgBody":%s}`, r.group, r.random.Add(1), text("x"))
				if answer, err := r.srv.Try(t.Context(), "group_open_http_svc", "send_group_msg", body); err != nil || answer.Code != 0 {
					t.Errorf("send answered %+v, %v", answer, err)
				}
				sent[i]++
			}
		})
	}
	for i := range 100 {
		r.edit(`"MsgSeq":1,"MsgBody":%s`, text(fmt.Sprint("edit ", i))).MustOK(t)
		r.wantSaid(1, text(fmt.Sprint("edit ", i)))
	}
	cancel()
	senders.Wait()
	total := uint32(2)
	for _, n := range sent {
		total += uint32(n)
	}
	r.wantNext(total)
}

func TestModificationsAtOnceOfOneMessage(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	var running sync.WaitGroup
	for i := range 16 {
		part := fmt.Sprintf(`"MsgBody":%s`, text(fmt.Sprint(i)))
		if i%2 == 1 {
			part = fmt.Sprintf(`"CloudCustomData":"%d"`, i)
		}
		running.Go(func() {
			body := fmt.Sprintf(`{"GroupId":%q,"MsgSeq":1,%s}`, r.group, part)
			if answer, err := r.srv.Try(t.Context(), "openim", "modify_group_msg", body); err != nil || answer.Code != 0 {
				t.Errorf("modifying answered %+v, %v", answer, err)
			}
		})
	}
	running.Wait()
	// What one leaves as it is it does not take back from another.
	if said := r.said(1); strings.HasPrefix(said, text("message 1")) || strings.HasSuffix(said, "]") {
		t.Errorf("message says %s", said)
	}
}

// Whatever is modified, recalled, restored and sent, a message says what was last
// said of each part.
func TestModificationsKeepToAPlainModel(t *testing.T) {
	srv := apitest.New(t, apitest.DefaultOptions())
	rapid.Check(t, func(rt *rapid.T) {
		r := newRoomOn(t, srv, "Public", "ann", "bob")
		type message struct {
			sender, body, custom string
			recalled             bool
		}
		var messages []*message // number 1 first
		n := 0
		rt.Repeat(map[string]func(*rapid.T){
			"send": func(rt *rapid.T) {
				m := &message{sender: rapid.SampledFrom([]string{"ann", "bob"}).Draw(rt, "sender")}
				m.body = text(fmt.Sprintf("message %d", r.random.Load()+1))
				r.send(m.sender, 1)
				messages = append(messages, m)
			},
			"modify": func(rt *rapid.T) {
				seq := rapid.IntRange(1, len(messages)+1).Draw(rt, "seq")
				n++
				m := &message{}
				if seq <= len(messages) {
					m = messages[seq-1]
				}
				var fields []string
				if rapid.Bool().Draw(rt, "body") {
					body := text(fmt.Sprint("edit ", n))
					fields = append(fields, `"MsgBody":`+body)
					if !m.recalled {
						m.body = body
					}
				}
				if rapid.Bool().Draw(rt, "custom") {
					custom := rapid.SampledFrom([]string{"", fmt.Sprint("data ", n)}).Draw(rt, "data")
					fields = append(fields, fmt.Sprintf(`"CloudCustomData":%q`, custom))
					if !m.recalled {
						m.custom = custom
					}
				}
				code := 0
				switch {
				case len(fields) == 0:
					code = 20001
				case seq > len(messages):
					code = 20022
				case m.recalled:
					code = 20023
				}
				r.edit("%s", strings.Join(append([]string{fmt.Sprintf(`"MsgSeq":%d`, seq)}, fields...), ",")).WantCode(t, code)
			},
			"recall and perhaps restore": func(rt *rapid.T) {
				if len(messages) == 0 {
					return
				}
				sender := rapid.SampledFrom([]string{"ann", "bob"}).Draw(rt, "sender")
				id := r.recallBySender(sender, "").ID
				if rapid.Bool().Draw(rt, "restore") {
					r.restore(id, "")
					return
				}
				for _, m := range messages {
					m.recalled = m.recalled || m.sender == sender
				}
			},
			"": func(rt *rapid.T) {
				for i, m := range messages {
					if got := r.said(uint32(i + 1)); got != m.body+m.custom {
						rt.Fatalf("number %d says %s, want %s", i+1, got, m.body+m.custom)
					}
				}
			},
		})
	})
}
