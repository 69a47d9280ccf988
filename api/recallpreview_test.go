package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/chat"
	"github.com/recant-chat/recant/internal/testengine"
)

// preview_recall (spec 08 section 2.1).

func TestPreviewAnswersEveryField(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	sent := r.now()
	r.send("ann", 1)
	r.srv.Clock.Advance(minute)
	r.send("bob", 1)
	r.send("ann", 1)
	got := r.moderate("preview_recall", `{"Targets":[%s,{"GroupId":"nowhere","Sender_Account":"ann"}]}`, r.target("ann"))
	token := decodeRecall(t, got).Token
	got.WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"PlanToken":%q,"Results":[
		{"GroupId":%q,"Sender_Account":"ann","ErrorCode":0,"ErrorInfo":"","FromSeq":1,"ToSeq":3,"ScannedNum":3,
		 "MatchedNum":2,"AlreadyRecalledNum":0,"OldestTime":%d,"NewestTime":%d,"MoreBeyond":0,"NextBeforeSeq":0,"Samples":[
			{"From_Account":"ann","IsPlaceMsg":0,"MsgBody":%s,"MsgPriority":2,"MsgRandom":3,"MsgSeq":3,"MsgTimeStamp":%d},
			{"From_Account":"ann","IsPlaceMsg":0,"MsgBody":%s,"MsgPriority":2,"MsgRandom":1,"MsgSeq":1,"MsgTimeStamp":%d}]},
		{"GroupId":"nowhere","Sender_Account":"ann","ErrorCode":10010,"ErrorInfo":"group \"nowhere\" does not exist or was dismissed","FromSeq":0,"ToSeq":0,"ScannedNum":0,
		 "MatchedNum":0,"AlreadyRecalledNum":0,"OldestTime":0,"NewestTime":0,"MoreBeyond":0,"NextBeforeSeq":0,"Samples":[]}]}`,
		token, r.group, sent, sent+60, text("message 3"), sent+60, text("message 1"), sent))
}

func TestPreviewChangesNothing(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 3)
	info := r.info()
	r.preview("ann", "")
	r.wantLive(1, 2, 3)
	r.wantFeed()
	if after := r.info(); after != info {
		t.Errorf("group changed from %s to %s", info, after)
	}
	if listed := r.list("").Entries; len(listed) != 0 {
		t.Errorf("operations are %+v", listed)
	}
}

func TestPreviewRefusesBadTargetsAndScopes(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	good := r.target("ann")
	hundred, tooMany := "", ""
	for i := range 101 {
		tooMany += "," + r.target(fmt.Sprint("user", i))
		if i == 99 {
			hundred = tooMany
		}
	}
	for name, c := range map[string]struct {
		body string
		code int
	}{
		"no targets":              {`{}`, 10004},
		"null targets":            {`{"Targets":null}`, 10004},
		"empty targets":           {`{"Targets":[]}`, 10004},
		"targets no list":         {`{"Targets":` + good + `}`, 10004},
		"target null":             {`{"Targets":[null]}`, 10004},
		"100 targets":             {`{"Targets":[` + hundred[1:] + `]}`, 0},
		"101 targets":             {`{"Targets":[` + tooMany[1:] + `]}`, 10004},
		"target without group":    {`{"Targets":[{"Sender_Account":"ann"}]}`, 10004},
		"target without sender":   {`{"Targets":[{"GroupId":"g"}]}`, 10004},
		"empty sender":            {`{"Targets":[{"GroupId":"g","Sender_Account":""}]}`, 10004},
		"long sender":             {`{"Targets":[{"GroupId":"g","Sender_Account":"` + strings.Repeat("s", 33) + `"}]}`, 10004},
		"sender of a wrong type":  {`{"Targets":[{"GroupId":7,"Sender_Account":7}]}`, 60015},
		"the same target twice":   {`{"Targets":[` + good + `,` + r.target("bob") + `,` + good + `]}`, 10004},
		"the same with TopicId":   {`{"Targets":[{"GroupId":"g","TopicId":"","Sender_Account":"ann"},{"GroupId":"g","Sender_Account":"ann"}]}`, 10004},
		"scope of a wrong type":   {`{"Targets":[` + good + `],"Scope":[]}`, 10004},
		"scope null":              {`{"Targets":[` + good + `],"Scope":null}`, 0},
		"scope empty":             {`{"Targets":[` + good + `],"Scope":{}}`, 0},
		"LastMsgNum 0":            {`{"Targets":[` + good + `],"Scope":{"LastMsgNum":0}}`, 0}, // not given
		"LastMsgNum -1":           {`{"Targets":[` + good + `],"Scope":{"LastMsgNum":-1}}`, 10004},
		"LastMsgNum 1":            {`{"Targets":[` + good + `],"Scope":{"LastMsgNum":1}}`, 0},
		"LastMsgNum 100,000":      {`{"Targets":[` + good + `],"Scope":{"LastMsgNum":100000}}`, 0},
		"LastMsgNum 100,001":      {`{"Targets":[` + good + `],"Scope":{"LastMsgNum":100001}}`, 10004},
		"LastMsgNum text":         {`{"Targets":[` + good + `],"Scope":{"LastMsgNum":"1"}}`, 10004},
		"BeforeSeq 0":             {`{"Targets":[` + good + `],"Scope":{"BeforeSeq":0}}`, 0},
		"BeforeSeq -1":            {`{"Targets":[` + good + `],"Scope":{"BeforeSeq":-1}}`, 10004},
		"BeforeSeq of 32 bits":    {`{"Targets":[` + good + `],"Scope":{"BeforeSeq":4294967295}}`, 0},
		"BeforeSeq of 33 bits":    {`{"Targets":[` + good + `],"Scope":{"BeforeSeq":4294967296}}`, 10004},
		"AfterTime -1":            {`{"Targets":[` + good + `],"Scope":{"AfterTime":-1}}`, 10004},
		"AfterTime 0":             {`{"Targets":[` + good + `],"Scope":{"AfterTime":0}}`, 0},
		"AfterTime of 63 bits":    {`{"Targets":[` + good + `],"Scope":{"AfterTime":9223372036854775807}}`, 0},
		"BeforeTime -1":           {`{"Targets":[` + good + `],"Scope":{"BeforeTime":-1}}`, 10004},
		"BeforeTime of 63 bits":   {`{"Targets":[` + good + `],"Scope":{"BeforeTime":9223372036854775807}}`, 0},
		"what nobody knows":       {`{"Targets":[` + good + `],"Scope":{"Depth":1},"X":[]}`, 0},
		"group of malformed name": {`{"Targets":[{"GroupId":"","Sender_Account":"ann"}]}`, 0}, // the target's own code
	} {
		t.Run(name, func(t *testing.T) { r.srv.Call(t, "recall_http_svc", "preview_recall", c.body).WantCode(t, c.code) })
	}
}

func TestPreviewGivesEachTargetItsOwnCode(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	a := r.recalls("preview_recall", `{"Targets":[
		{"GroupId":"nowhere","Sender_Account":"ann"},
		{"GroupId":"","Sender_Account":"ann"},
		{"GroupId":"`+r.group+`","TopicId":"`+r.group+`@TOPIC#_x","Sender_Account":"ann"},
		`+r.target("ann")+`,
		{"GroupId":"`+r.group+`","Sender_Account":"nobody-ever"}]}`)
	var codes []int
	for _, result := range a.Results {
		codes = append(codes, result.Code)
		if (result.Code != 0) != (result.Info != "") {
			t.Errorf("code %d comes with %q", result.Code, result.Info)
		}
	}
	if fmt.Sprint(codes) != "[10010 10015 10004 0 0]" {
		t.Errorf("codes are %v", codes)
	}
	if got := a.Results[3]; got.Matched != 1 {
		t.Errorf("the good target is %+v", got)
	}
}

func TestPreviewScopes(t *testing.T) {
	// Given 30 messages, two in a row of each time, ann's the odd ones.
	r := newRoom(t, "Public", "ann", "bob")
	start := r.now()
	for range 15 {
		r.send("ann", 1)
		r.send("bob", 1)
		r.srv.Clock.Advance(10e9)
	}
	at := func(pair int64) int64 { return start + 10*pair } // the time of numbers 2*pair+1 and 2*pair+2
	for _, c := range []struct {
		scope                      string
		from, to, matched          uint32
		more                       int
		next                       uint32
		oldestOf, newestOf, sample int64 // of matched, as number of the pair; and the newest number
	}{
		{`{}`, 1, 30, 15, 0, 0, 0, 14, 29},
		{`{"LastMsgNum":30}`, 1, 30, 15, 0, 0, 0, 14, 29},
		{`{"LastMsgNum":29}`, 2, 30, 14, 1, 2, 1, 14, 29},
		{`{"LastMsgNum":28}`, 3, 30, 14, 1, 3, 1, 14, 29},
		{`{"LastMsgNum":1}`, 30, 30, 0, 1, 30, -1, -1, 0},
		{`{"LastMsgNum":4,"BeforeSeq":11}`, 7, 10, 2, 1, 7, 3, 4, 9},
		{`{"LastMsgNum":10,"BeforeSeq":11}`, 1, 10, 5, 0, 0, 0, 4, 9},
		{`{"BeforeSeq":2}`, 1, 1, 1, 0, 0, 0, 0, 1},
		{`{"BeforeSeq":1}`, 0, 0, 0, 0, 0, -1, -1, 0},
		{`{"BeforeSeq":31}`, 1, 30, 15, 0, 0, 0, 14, 29},
		{`{"BeforeSeq":4000000000,"LastMsgNum":3}`, 28, 30, 1, 1, 28, 14, 14, 29},
		// At or after, and before.
		{fmt.Sprintf(`{"AfterTime":%d}`, at(10)), 21, 30, 5, 1, 0, 10, 14, 29},
		{fmt.Sprintf(`{"AfterTime":%d}`, at(10)+1), 23, 30, 4, 1, 0, 11, 14, 29},
		{fmt.Sprintf(`{"BeforeTime":%d}`, at(10)), 1, 20, 10, 0, 0, 0, 9, 19},
		{fmt.Sprintf(`{"BeforeTime":%d}`, at(10)+1), 1, 22, 11, 0, 0, 0, 10, 21},
		{fmt.Sprintf(`{"AfterTime":%d,"BeforeTime":%d}`, at(5), at(6)), 11, 12, 1, 1, 0, 5, 5, 11},
		{fmt.Sprintf(`{"AfterTime":%d,"BeforeTime":%d}`, at(5), at(5)), 0, 0, 0, 0, 0, -1, -1, 0},
		{fmt.Sprintf(`{"AfterTime":%d}`, at(15)), 0, 0, 0, 0, 0, -1, -1, 0},
		{fmt.Sprintf(`{"BeforeTime":%d}`, at(0)), 0, 0, 0, 0, 0, -1, -1, 0},
		// The numbers are counted first, then times narrow them.
		{fmt.Sprintf(`{"LastMsgNum":12,"BeforeTime":%d}`, at(11)), 19, 22, 2, 1, 19, 9, 10, 21},
		{fmt.Sprintf(`{"LastMsgNum":12,"AfterTime":%d}`, at(2)), 19, 30, 6, 1, 19, 9, 14, 29},
		{fmt.Sprintf(`{"LastMsgNum":4,"BeforeTime":%d}`, at(5)), 0, 0, 0, 1, 27, -1, -1, 0},
		{fmt.Sprintf(`{"LastMsgNum":12,"BeforeSeq":25,"AfterTime":%d,"BeforeTime":%d}`, at(8), at(10)), 17, 20, 2, 1, 0, 8, 9, 19},
	} {
		t.Run(c.scope, func(t *testing.T) {
			got, _ := r.preview("ann", c.scope)
			want := got
			want.From, want.To, want.Matched, want.MoreBeyond, want.NextBefore = c.from, c.to, c.matched, c.more, c.next
			want.Scanned, want.Oldest, want.Newest = 0, 0, 0
			if c.to > 0 {
				want.Scanned = c.to - c.from + 1
			}
			if c.oldestOf >= 0 {
				want.Oldest, want.Newest = at(c.oldestOf), at(c.newestOf)
			}
			if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
				t.Errorf("got  %+v,\nwant %+v", got, want)
			}
			if len(got.Samples) != int(min(c.matched, 5)) {
				t.Errorf("%d samples of %d", len(got.Samples), c.matched)
			}
			for i, s := range got.Samples {
				if int64(s.Seq) != c.sample-2*int64(i) || s.From != "ann" || s.Place != 0 {
					t.Errorf("sample %d is %+v", i, s)
				}
			}
		})
	}
}

func TestPreviewWalksToTheStartOfTheStream(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 3)
	r.send("bob", 4)
	r.send("ann", 4)
	matched, next := uint32(0), uint32(0)
	var ranges []string
	for {
		got, _ := r.preview("ann", fmt.Sprintf(`{"LastMsgNum":4,"BeforeSeq":%d}`, next))
		matched += got.Matched
		ranges = append(ranges, fmt.Sprintf("%d-%d:%d", got.From, got.To, got.MoreBeyond))
		if next = got.NextBefore; next == 0 {
			break
		}
	}
	if want := "[8-11:1 4-7:1 1-3:0]"; matched != 7 || fmt.Sprint(ranges) != want {
		t.Errorf("matched %d in %v, want 7 in %s", matched, ranges, want)
	}
}

func TestPreviewCountsWhatIsRecalledByEveryDoor(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 2)
	r.recall("ann")
	r.send("ann", 3)
	r.call("group_msg_recall", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":4},{"MsgSeq":1}]}`, r.group).MustOK(t)
	r.writeTip()
	r.send("bob", 1)
	got, _ := r.preview("ann", "")
	if got.Scanned != 7 || got.Matched != 2 || got.Already != 3 || len(got.Samples) != 2 || got.Samples[0].Seq != 5 {
		t.Errorf("result is %+v", got)
	}
	// What lies deeper counts as more only where it is live.
	if got, _ := r.preview("ann", `{"LastMsgNum":3}`); got.MoreBeyond != 1 {
		t.Errorf("below 5 there is 3: %+v", got)
	}
	if got, _ := r.preview("ann", `{"LastMsgNum":5}`); got.MoreBeyond != 0 || got.NextBefore != 3 {
		t.Errorf("below 3 all is recalled: %+v", got)
	}
}

func TestPreviewLooks4000NumbersBeyondItsRange(t *testing.T) {
	r := newRoomWith(t, withLargeImports, "Public", "ann", "bob")
	r.importMany("ann", 1)
	r.importMany("bob", 4001)
	if got, _ := r.preview("ann", `{"LastMsgNum":2}`); got.MoreBeyond != 1 || got.From != 4001 {
		t.Errorf("1 is among the 4,000 numbers below %d: %+v", got.From, got)
	}
	if got, _ := r.preview("ann", `{"LastMsgNum":1}`); got.MoreBeyond != -1 || got.From != 4002 {
		t.Errorf("1 is below the 4,000 numbers below %d: %+v", got.From, got)
	}
	r.recallBySender("ann", `"Scope":{"BeforeSeq":2}`)
	if got, _ := r.preview("ann", `{"LastMsgNum":2}`); got.MoreBeyond != 0 {
		t.Errorf("1 is recalled: %+v", got)
	}
}

func TestPreviewIsExactUpTo100000Numbers(t *testing.T) {
	n := 100_050
	if testing.Short() {
		n = 9_050 // the scope is limited by its own bound in the long test alone
	}
	r := newRoomWith(t, withLargeImports, "Public", "ann", "bob")
	r.importMany("ann", 100)
	anns := uint32(100)
	for left := n - 100; left > 0; left -= 2050 {
		r.importMany("bob", min(left, 2000))
		if left > 2000 {
			r.importMany("ann", min(left-2000, 50))
			anns += uint32(min(left-2000, 50))
		}
	}
	got, _ := r.preview("ann", `{"LastMsgNum":100000}`)
	if testing.Short() {
		if got.Scanned != uint32(n) || got.Matched != anns {
			t.Errorf("result is %+v, want %d of %d", got, anns, n)
		}
		return
	}
	// 50 of ann's first 100 are beyond.
	if got.From != 51 || got.Scanned != 100_000 || got.Matched != anns-50 || got.MoreBeyond != 1 || got.NextBefore != 51 {
		t.Errorf("result is %+v, want %d matched", got, anns-50)
	}
	done := r.recallBySender("ann", `"Scope":{"LastMsgNum":100000}`).Results[0]
	if done.Recalled != anns-50 || done.From != 51 {
		t.Errorf("recall is %+v", done)
	}
	if got, _ := r.preview("ann", `{"LastMsgNum":100000}`); got.Matched != 0 || got.Already != anns-50 {
		t.Errorf("afterwards the result is %+v", got)
	}
	r.wantLive(1, 50)
}

func TestPreviewOfTopicsAndCommunities(t *testing.T) {
	town := newCommunity(t, "ann")
	one, two := town.topic("one"), town.topic("two")
	one.send("ann", 3)
	two.send("ann", 2)
	a := town.recalls("preview_recall", `{"Targets":[`+one.target("ann")+`,`+two.target("ann")+`,`+town.target("ann")+`]}`)
	for i, want := range []uint32{3, 2, 0} {
		if got := a.Results[i]; got.Code != 0 || got.Matched != want {
			t.Errorf("target %d is %+v, want %d matched", i, got, want)
		}
	}
	if a.Results[0].TopicID != one.topicID || a.Results[2].TopicID != "" {
		t.Errorf("topics are %q and %q", a.Results[0].TopicID, a.Results[2].TopicID)
	}
}

func TestPreviewOfAnAVChatRoomIsZeros(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	r.send("ann", 3)
	got, token := r.preview("ann", "")
	if want := (recallResult{GroupID: r.group, Sender: "ann", Samples: []row{}}); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("result is %+v", got)
	}
	done := decodeRecall(t, r.recallPlan(token, `"FenceSeconds":60`))
	if got := done.Results[0]; got.Code != 0 || got.Recalled != 0 || got.To != 0 {
		t.Errorf("recall is %+v", got)
	}
	r.wantStates(done.ID, "none")
	if o := r.operation(done.ID); !strings.Contains(o.raw, `"RecalledNum":0,`) {
		t.Errorf("operation is %s", o.raw)
	}
}

func TestPreviewLeavesOutWhatHasExpired(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.HistoryRetentionDays = 7 }, "Public", "ann")
	r.send("ann", 3)
	r.srv.Clock.Advance(7 * day)
	r.send("ann", 2)
	if got, _ := r.preview("ann", ""); got.Matched != 5 {
		t.Errorf("after exactly 7 days the result is %+v", got)
	}
	r.srv.Clock.Advance(1e9)
	got, _ := r.preview("ann", "")
	if got.Matched != 2 || got.MoreBeyond != 0 || got.NextBefore != 0 || got.Oldest != r.now()-1 {
		t.Errorf("result is %+v", got)
	}
	// Deeper there is nothing, though there are numbers.
	if got, _ := r.preview("ann", `{"LastMsgNum":2}`); got.MoreBeyond != 0 || got.NextBefore != 0 {
		t.Errorf("result is %+v", got)
	}
}

// The token (PlanToken).

func TestPlanTokenIsValidForTenMinutesExactly(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	_, token := r.preview("ann", "")
	r.srv.Clock.Advance(10*minute - 1e9)
	decodeRecall(t, r.recallPlan(token, ""))
	r.srv.Clock.Advance(1e9)
	r.recallPlan(token, "").WantCode(t, 190001)
}

func TestPlanTokenCannotBeForged(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	_, token := r.preview("ann", "")
	for i := range len(token) {
		for _, c := range []byte{'A', 'B', '.'} {
			if token[i] == c {
				continue
			}
			forged := token[:i] + string(c) + token[i+1:]
			if answer := r.recallPlan(forged, ""); answer.Code != 190001 {
				t.Fatalf("byte %d as %q: %s", i, c, answer.Raw)
			}
		}
	}
	for _, other := range []string{"x", token[:len(token)-1], token + "A", token + "=", token[1:], strings.Repeat("A", 43), strings.Repeat("A", 200), " " + token, token + "\\n"} {
		r.moderate("recall_by_sender", `{"PlanToken":"%s"}`, other).WantCode(t, 190001)
	}
	r.wantLive(1)
	decodeRecall(t, r.recallPlan(token, ""))
	r.wantRecalled("ann", 1)
}

func TestPlanTokenOfAnotherUse(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	_, plan := r.preview("ann", "")
	r.recallBySender("ann", "")
	id := r.recallBySender("ann", "").ID
	list := r.list(`"Limit":1`).Next
	if list == "" {
		t.Fatal("there is no second page")
	}
	r.recallPlan(list, "").WantCode(t, 190001)
	r.moderate("list_recall_operations", `{"Next":%q}`, plan).WantCode(t, 10004)
	r.moderate("export_recall_evidence", `{"OperationId":%q,"Next":%q}`, id, plan).WantCode(t, 10004)
	r.moderate("export_recall_evidence", `{"OperationId":%q,"Next":%q}`, id, list).WantCode(t, 10004)
}

func TestPlanTokenOutlivesARestart(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 2)
	_, token := r.preview("ann", "")
	r.srv.Restart(t)
	done := decodeRecall(t, r.recallPlan(token, ""))
	if done.Results[0].Recalled != 2 {
		t.Errorf("recall is %+v", done.Results)
	}
}

func TestPlanTokenOfAnotherApplication(t *testing.T) {
	st := testengine.Open(t)
	r := newRoomWith(t, func(o *apitest.Options) { o.Store = st }, "Public", "ann")
	r.send("ann", 1)
	// Another application in the same store, with a group of the same name.
	other, err := chat.OpenApp(t.Context(), st, apitest.SDKAppID+1, chat.Options{
		Settings: chat.DefaultSettings(), Clock: r.srv.Clock.Now, Housekeeping: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	token, _, err := other.PreviewRecall(t.Context(), chat.Operator{}, []chat.RecallTarget{{GroupID: r.group, Sender: "ann"}}, chat.RecallScope{})
	if err != nil {
		t.Fatal(err)
	}
	r.recallPlan(token, "").WantCode(t, 190001)
	r.wantLive(1)
}

func TestPlanOfAGroupThatWasMadeAnewRecallsNothing(t *testing.T) {
	for name, again := range map[string]bool{"destroyed": false, "made anew": true} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, "Public", "ann")
			r.send("ann", 2)
			_, token := r.preview("ann", "")
			r.call("destroy_group", `{"GroupId":%q}`, r.group).MustOK(t)
			if again {
				r.call("create_group", `{"Type":"Public","Name":"new","GroupId":%q}`, r.group).MustOK(t)
				r.send("ann", 2)
			}
			done := decodeRecall(t, r.recallPlan(token, `"FenceSeconds":60`))
			if got := done.Results[0]; got.Code != 10010 || got.Recalled != 0 || got.To != 0 || got.GroupID != r.group || got.Sender != "ann" {
				t.Errorf("recall is %+v", got)
			}
			r.wantStates(done.ID, "refused")
			if again {
				r.send("ann", 1)
				r.wantLive(1, 2, 3)
			}
		})
	}
}

func TestPlanOfATopicThatWasMadeAnewRecallsNothing(t *testing.T) {
	town := newCommunity(t, "ann")
	topic := town.topic("one")
	topic.send("ann", 2)
	_, token := topic.preview("ann", "")
	town.call("destroy_topic", `{"GroupId":%q,"TopicIdList":[%q]}`, town.group, topic.topicID).MustOK(t)
	town.topic("one")
	topic.send("ann", 2)
	if got := decodeRecall(t, topic.recallPlan(token, "")).Results[0]; got.Code != 10010 || got.TopicID != topic.topicID {
		t.Errorf("recall is %+v", got)
	}
	topic.wantLive(1, 2)
}
