package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
	"pgregory.net/rapid"
)

// get_timeline: a conversation as moderators see it.

// look calls get_timeline for this room; fields are those of the request beside
// the room's.
func (r *room) look(format string, args ...any) apitest.Answer {
	r.t.Helper()
	return r.srv.Call(r.t, "moderation_http_svc", "get_timeline",
		fmt.Sprintf(`{"GroupId":%q,"TopicId":%q`, r.group, r.topicID)+fmt.Sprintf(format, args...)+"}")
}

// timeline is an answer of get_timeline.
type timeline struct {
	t    *testing.T
	raw  string
	Rows []struct {
		row
		State      string `json:"State"`
		CustomData string `json:"CloudCustomData"`
		EditNum    uint32 `json:"EditNum"`
		EditTime   int64  `json:"EditTime"`
		Recalled   *struct {
			ID       string `json:"OperationId"`
			Operator string `json:"Operator_Account"`
			Time     int64  `json:"Time"`
			Reason   string `json:"Reason"`
			Command  string `json:"Command"`
			Type     string `json:"Type"`
		} `json:"Recalled"`
	} `json:"Messages"`
	Next       uint32 `json:"NextFromSeq"`
	NewestSeq  uint32 `json:"NewestSeq"`
	NewestTime int64  `json:"NewestTime"`
	OldestSeq  uint32 `json:"OldestSeq"`
	OldestTime int64  `json:"OldestTime"`
	AtSeq      uint32 `json:"AtSeq"`
}

func (r *room) timeline(format string, args ...any) *timeline {
	r.t.Helper()
	answer := r.look(format, args...).MustOK(r.t)
	l := &timeline{t: r.t, raw: string(answer.Raw)}
	answer.Decode(r.t, l)
	return l
}

// want checks the states of the rows, of numbers from the first one downwards.
func (l *timeline) want(first uint32, states ...string) {
	l.t.Helper()
	if len(l.Rows) != len(states) {
		l.t.Fatalf("timeline is %s, want %d rows", l.raw, len(states))
	}
	for i, row := range l.Rows {
		if row.Seq != first-uint32(i) || row.State != states[i] {
			l.t.Errorf("row %d is number %d and %s, want %d and %s", i, row.Seq, row.State, first-uint32(i), states[i])
		}
	}
}

func TestTimelineAnswer(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.sendWith(`"From_Account":"ann","Random":7,"MsgPriority":"High","CloudCustomData":"c","MsgBody":` + text("one")).MustOK(t)
	r.srv.Clock.Advance(minute)
	r.sendWith(`"From_Account":"bob","Random":8,"MsgBody":` + text("two")).MustOK(t)
	sent := r.now()
	r.srv.Clock.Advance(minute)
	id := r.recallBySender("ann", `"Reason":"spam"`).ID
	r.look("").WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Messages":[
		{"MsgSeq":2,"State":"live","From_Account":"bob","MsgTimeStamp":%d,"MsgRandom":8,"MsgPriority":2,"MsgBody":%s},
		{"MsgSeq":1,"State":"recalled","From_Account":"ann","MsgTimeStamp":%d,"MsgRandom":7,"MsgPriority":1,"MsgBody":%s,"CloudCustomData":"c",
		 "Recalled":{"OperationId":%q,"Operator_Account":"administrator","Time":%d,"Reason":"spam","Command":"recall_by_sender","Type":"sender"}}],
		"NextFromSeq":0,"NewestSeq":2,"NewestTime":%d,"OldestSeq":1,"OldestTime":%d}`,
		sent, text("two"), sent-60, text("one"), id, r.now(), sent, sent-60))
}

func TestTimelineOfAnEmptyStream(t *testing.T) {
	r := newRoom(t, "Public")
	want := `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Messages":[],"NextFromSeq":0,"NewestSeq":0,"NewestTime":0,"OldestSeq":0,"OldestTime":0}`
	r.look("").WantJSON(t, want)
	r.look(`,"AtTime":5`).WantJSON(t, want)
}

func TestTimelineRefusesBadFields(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 3)
	for _, c := range []struct {
		fields string
		code   int
		field  string
	}{
		{`,"Limit":0`, 0, ""},
		{`,"Limit":1`, 0, ""},
		{`,"Limit":200`, 0, ""},
		{`,"Limit":201`, 10004, "Limit"},
		{`,"Limit":-1`, 10004, "Limit"},
		{`,"FromSeq":4294967295`, 0, ""},
		{`,"FromSeq":4294967296`, 10004, "FromSeq"},
		{`,"FromSeq":-1`, 10004, "FromSeq"},
		{`,"AtTime":-1`, 10004, "AtTime"},
		{`,"AtTime":9223372036854775807`, 0, ""},
		{`,"AtTime":1,"FromSeq":1`, 10004, "FromSeq"},
		{`,"AtTime":0,"FromSeq":1`, 0, ""},
		{`,"TopicId":"@TGS#_a@TOPIC#_b"`, 10004, "TopicId"},
	} {
		answer := r.look("%s", c.fields).WantCode(t, c.code)
		if !strings.Contains(answer.Info, c.field) {
			t.Errorf("%s: %q does not name %s", c.fields, answer.Info, c.field)
		}
	}
	for body, code := range map[string]int{`{}`: 10004, `{"GroupId":""}`: 10015, `{"GroupId":"none"}`: 10010} {
		r.srv.Call(t, "moderation_http_svc", "get_timeline", body).WantCode(t, code)
	}
	newRoomOn(t, r.srv, "AVChatRoom").look("").WantCode(t, 10044)
	r.call("destroy_group", `{"GroupId":%q}`, r.group).MustOK(t)
	r.look("").WantCode(t, 10010)
}

func TestTimelineWhereCommunitiesAreOff(t *testing.T) {
	on, off := twoServers(t, func(o *apitest.Options) { o.Settings.Communities = false })
	town := newRoomOn(t, on, "Community", "ann")
	town.look("").MustOK(t)
	town.srv = off
	town.look("").WantCode(t, 11000)
}

func TestTimelineHasEveryNumberInPages(t *testing.T) {
	r := newRoomWith(t, withLargeImports, "Public", "ann")
	r.importMany("ann", 4100) // over the end of a bucket
	r.recallBySender("ann", `"Scope":{"LastMsgNum":3000}`)
	if first := r.timeline(""); len(first.Rows) != 50 || first.Next != 4050 {
		t.Errorf("a page without a Limit has %d rows and goes on at %d", len(first.Rows), first.Next)
	}
	next := uint32(4100)
	for want := next; want > 0; {
		page := r.timeline(`,"FromSeq":%d,"Limit":200`, next)
		for _, row := range page.Rows {
			state := "recalled"
			if want <= 1100 {
				state = "live"
			}
			if row.Seq != want || row.State != state {
				t.Fatalf("row is number %d and %s, want %d and %s", row.Seq, row.State, want, state)
			}
			want--
		}
		if next = page.Next; next != want {
			t.Fatalf("a page ends above %d and goes on at %d", want, next)
		}
	}
}

func TestTimelineStaysBelow1MB(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	for i := range 120 {
		r.sendWith(fmt.Sprintf(`"From_Account":"ann","Random":%d,"MsgBody":%s`, i, text(strings.Repeat("x", 11_900)))).MustOK(t)
	}
	page := r.timeline(`,"Limit":200`)
	if len(page.raw) > 1<<20 || len(page.Rows) < 80 || page.Next != page.Rows[len(page.Rows)-1].Seq-1 {
		t.Errorf("page has %d rows in %d bytes and goes on at %d", len(page.Rows), len(page.raw), page.Next)
	}
	if rest := r.timeline(`,"Limit":200,"FromSeq":%d`, page.Next); len(page.Rows)+len(rest.Rows) != 120 {
		t.Errorf("pages have %d and %d rows of 120", len(page.Rows), len(rest.Rows))
	}
}

func TestTimelineSaysWhoRecalledWhenWhyAndHow(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 3)
	r.call("group_msg_recall", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":2}],"Reason":"rude"}`, r.group).MustOK(t)
	number := r.timeline("")
	number.want(3, "live", "recalled", "live")
	if got := number.Rows[1].Recalled; got.Command != "group_msg_recall" || got.Type != "number" || got.Reason != "rude" || got.Time != r.now() {
		t.Errorf("recall by number is %+v", got)
	}
	// The newest active operation is shown, and after its end the one before.
	r.srv.Clock.Advance(minute)
	r.recall("ann")
	for i, row := range r.timeline("").Rows {
		if got := row.Recalled; got.Command != "delete_group_msg_by_sender" || got.Type != "sender" || got.Reason != "" || got.Time != r.now() {
			t.Errorf("recall of row %d is %+v", i, got)
		}
	}
	r.restore(r.timeline("").Rows[0].Recalled.ID, "")
	again := r.timeline("")
	again.want(3, "live", "recalled", "live")
	if got := again.Rows[1].Recalled; *got != *number.Rows[1].Recalled {
		t.Errorf("after an undo it is recalled by %+v, want %+v", got, number.Rows[1].Recalled)
	}
	r.restore(again.Rows[1].Recalled.ID, "")
	r.timeline("").want(3, "live", "live", "live")
}

func TestTimelineTellsWhatAFenceCaught(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 1)
	id := r.fence("ann", 60).ID
	r.send("ann", 1)
	r.send("bob", 1)
	check := func(when string) {
		t.Helper()
		page := r.timeline("")
		page.want(3, "live", "recalled", "recalled")
		if caught, before := page.Rows[1].Recalled, page.Rows[2].Recalled; caught.Type != "fence" || before.Type != "sender" || caught.ID != id || before.ID != id {
			t.Errorf("%s: recalled by %+v and %+v", when, caught, before)
		}
	}
	check("open")
	r.wait(61)
	check("ended")
	r.wait(60)
	r.srv.Restart(t) // which closes it
	check("closed")
	r.restore(id, "")
	r.timeline("").want(3, "live", "live", "live")
}

func TestTimelineShowsBodiesWhateverHistoryHides(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) {
		o.Settings.RecalledBody, o.Settings.RecalledAsPlaceholder = "empty", true
		o.Settings.HistoryCloudCustomData, o.Settings.HistoryTipStyle = false, "placeholder"
	}, "Public", "ann")
	r.sendWith(`"From_Account":"ann","Random":1,"CloudCustomData":"c","MsgBody":` + text("one")).MustOK(t)
	r.recall("ann")
	r.writeTip()
	page := r.timeline("")
	page.want(2, "live", "recalled")
	if tip := page.Rows[0]; tip.System != 1 || tip.Body[0] != '{' {
		t.Errorf("tip is %+v", tip)
	}
	if got := page.Rows[1]; string(got.Body) != text("one") || got.CustomData != "c" || got.System != 0 {
		t.Errorf("recalled message is %+v", got)
	}
}

func TestTimelineTellsOfModifications(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	r.srv.Clock.Advance(minute)
	for _, words := range []string{"better", "best"} {
		r.edit(`"MsgSeq":1,"MsgBody":%s`, text(words)).MustOK(t)
	}
	r.recall("ann")
	if got := r.timeline("").Rows[0]; got.EditNum != 2 || got.EditTime != r.now() || string(got.Body) != text("best") || got.State != "recalled" {
		t.Errorf("modified message is %+v", got)
	}
}

func TestTimelineOfWhatWasErased(t *testing.T) {
	r := newRoomWith(t, withHousekeeping, "Public", "ann", "bob")
	r.send("bob", 1)
	r.send("ann", 1)
	sent := r.now()
	first := r.recallBySender("ann", `"Reason":"spam"`).ID
	r.erase(first)
	r.look("").WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Messages":[
		{"MsgSeq":2,"State":"erased","From_Account":"ann","MsgTimeStamp":%d,"MsgRandom":2,"MsgPriority":2,"MsgBody":[],
		 "Recalled":{"OperationId":%q,"Operator_Account":"administrator","Time":%d,"Reason":"spam","Command":"recall_by_sender","Type":"sender"}},
		{"MsgSeq":1,"State":"live","From_Account":"bob","MsgTimeStamp":%d,"MsgRandom":1,"MsgPriority":2,"MsgBody":%s}],
		"NextFromSeq":0,"NewestSeq":2,"NewestTime":%d,"OldestSeq":1,"OldestTime":%d}`, sent, first, sent, sent, text("message 1"), sent, sent))
}

func TestTimelineOfWhatHasExpired(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.HistoryRetentionDays = 7 }, "Public", "ann", "bob")
	r.send("ann", 1)
	r.send("bob", 2)
	id := r.recallBySender("ann", "").ID
	r.srv.Clock.Advance(7 * day)
	r.timeline("").want(3, "live", "live", "recalled")
	r.srv.Clock.Advance(day)
	all := r.timeline("")
	all.want(3, "expired", "expired", "expired")
	if all.OldestSeq != 0 || all.OldestTime != 0 || all.NewestSeq != 3 || all.Next != 0 {
		t.Errorf("all is expired: %s", all.raw)
	}
	r.send("bob", 2)
	page := r.timeline(`,"Limit":2`)
	if page.OldestSeq != 4 || page.OldestTime != r.now() || page.Next != 0 {
		t.Errorf("border is %s", page.raw)
	}
	if want := `{"MsgSeq":1,"State":"expired","From_Account":"","MsgTimeStamp":0,"MsgRandom":0,"MsgPriority":2,"MsgBody":[]}`; !strings.Contains(r.timeline("").raw, want) {
		t.Errorf("timeline is %s, want %s in it", r.timeline("").raw, want)
	}
	// What is on hold is kept, and said to be.
	r.hold(id, 1).MustOK(t)
	r.timeline("").want(5, "live", "live", "expired", "expired", "recalled")
	if page := r.timeline(`,"Limit":2`); page.Next != 3 {
		t.Errorf("with something on hold below the timeline goes on at %d", page.Next)
	}
}

func TestTimelineAtATime(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	var times []int64
	for range 40 {
		times = append(times, r.now())
		r.send("ann", 1)
		r.writeTip()
		r.srv.Clock.Advance(minute)
	}
	for _, c := range []struct {
		at         int64
		seq, first uint32
	}{
		{1, 1, 6},
		{times[0], 1, 6},
		{times[0] + 1, 3, 8},
		{times[20], 41, 46},
		{times[39], 79, 80},
		{times[39] + 1, 80, 80},
	} {
		page := r.timeline(`,"AtTime":%d,"Limit":10`, c.at)
		if page.AtSeq != c.seq || page.Rows[0].Seq != c.first {
			t.Errorf("at %d: number %d, and rows from %d down, want %d and %d", c.at, page.AtSeq, page.Rows[0].Seq, c.seq, c.first)
		}
	}
	if page := r.timeline(`,"AtTime":%d,"Limit":1`, times[20]); page.Rows[0].Seq != 41 {
		t.Errorf("the one row at a time is number %d, want 41", page.Rows[0].Seq)
	}
}

func TestTimelineOfATopicAndOfAGroupThatIsMadeAgain(t *testing.T) {
	c := newCommunity(t, "ann")
	one, two := c.topic("one"), c.topic("two")
	one.send("ann", 2)
	two.send("ann", 1)
	one.recall("ann")
	one.timeline("").want(2, "recalled", "recalled")
	two.timeline("").want(1, "live")
	c.call("destroy_topic", `{"GroupId":%q,"TopicIdList":[%q]}`, c.group, one.topicID).MustOK(t)
	one.look("").WantCode(t, 10010)
	one = c.topic("one")
	one.timeline("").want(0)
	one.send("ann", 1)
	one.timeline("").want(1, "live")

	r := newRoomOn(t, c.srv, "Public", "ann")
	r.send("ann", 2)
	r.recall("ann")
	r.call("destroy_group", `{"GroupId":%q}`, r.group).MustOK(t)
	r.call("create_group", `{"Type":"Public","Name":"room","GroupId":%q}`, r.group).MustOK(t)
	r.send("ann", 1)
	r.timeline("").want(1, "live")
}

// Over the wire, with groups that end and begin again: a row is recalled by the
// newest operation that covers it and is not undone. Fences, erasures, holds and
// retention are in the model of package chat.
func TestTimelineIsWhatAModelSays(t *testing.T) {
	srv := apitest.New(t, apitest.DefaultOptions())
	rapid.Check(t, func(rt *rapid.T) {
		r := newRoomOn(t, srv, "Public", "ann", "bob")
		type operation struct {
			id, sender string // no sender: a number alone
			from, to   uint32
		}
		var senders []string // of numbers from 1
		var active []operation
		last := func() uint32 { return uint32(len(senders)) }
		recalled := func(o operation) {
			o.id = r.list(fmt.Sprintf(`"GroupId":%q,"Limit":1`, r.group)).Entries[0].OperationID
			active = append(active, o)
		}
		sender := func() string { return rapid.SampledFrom([]string{"ann", "bob"}).Draw(rt, "sender") }
		rt.Repeat(map[string]func(*rapid.T){
			"send": func(*rapid.T) {
				from, n := sender(), rapid.IntRange(1, 4).Draw(rt, "messages")
				if len(senders) < 190 {
					r.send(from, n)
					senders = append(senders, slices.Repeat([]string{from}, n)...)
				}
			},
			"recall": func(*rapid.T) {
				if o := (operation{sender: sender(), from: 1, to: last()}); o.to > 0 {
					r.recall(o.sender)
					recalled(o)
				}
			},
			"some": func(*rapid.T) {
				if o := (operation{sender: sender(), to: last()}); o.to > 0 {
					n := rapid.Uint32Range(1, o.to).Draw(rt, "LastMsgNum")
					o.from = o.to - n + 1
					r.recallBySender(o.sender, fmt.Sprintf(`"Scope":{"LastMsgNum":%d}`, n))
					recalled(o)
				}
			},
			"number": func(*rapid.T) {
				if last() > 0 {
					seq := rapid.Uint32Range(1, last()).Draw(rt, "MsgSeq")
					r.call("group_msg_recall", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":%d}]}`, r.group, seq).MustOK(t)
					recalled(operation{from: seq, to: seq})
				}
			},
			"restore": func(*rapid.T) {
				if len(active) > 0 {
					i := rapid.IntRange(0, len(active)-1).Draw(rt, "operation")
					r.restore(active[i].id, "")
					active = slices.Delete(active, i, i+1)
				}
			},
			"anew": func(*rapid.T) {
				if rapid.IntRange(0, 5).Draw(rt, "destroy") == 0 {
					r.call("destroy_group", `{"GroupId":%q}`, r.group).MustOK(t)
					r.call("create_group", `{"Type":"Public","Name":"room","GroupId":%q}`, r.group).MustOK(t)
					senders, active = nil, nil
				}
			},
			"": func(rt *rapid.T) {
				rows := r.timeline(`,"Limit":200`).Rows
				if len(rows) != len(senders) {
					rt.Fatalf("%d rows, want %d", len(rows), len(senders))
				}
				for i, row := range rows {
					seq, want := last()-uint32(i), "live"
					for _, o := range active { // in order of their ids
						if o.from <= seq && seq <= o.to && (o.sender == "" || o.sender == senders[seq-1]) {
							want = "recalled by " + o.id
						}
					}
					got := row.State
					if row.Recalled != nil {
						got += " by " + row.Recalled.ID
					}
					if row.Seq != seq || row.From != senders[seq-1] || got != want {
						rt.Fatalf("row %d is number %d of %s: %s, want number %d: %s", i, row.Seq, row.From, got, seq, want)
					}
				}
			},
		})
	})
}
