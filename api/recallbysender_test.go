package api_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

// recall_by_sender (spec 08 section 2.2).

func TestRecallOfTargetsAnswersEveryField(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	sent := r.now()
	r.send("ann", 2)
	r.send("bob", 1)
	got := r.moderate("recall_by_sender", `{"Targets":[%s,{"GroupId":"nowhere","Sender_Account":"ann"}],"Scope":{"LastMsgNum":2}}`, r.target("ann"))
	got.WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"OperationId":%q,"Results":[
		{"GroupId":%q,"Sender_Account":"ann","ErrorCode":0,"ErrorInfo":"","FromSeq":2,"ToSeq":3,"ScannedNum":2,
		 "RecalledNum":1,"AlreadyRecalledNum":0,"OldestTime":%d,"NewestTime":%[3]d,"MoreBeyond":1,"NextBeforeSeq":2},
		{"GroupId":"nowhere","Sender_Account":"ann","ErrorCode":10010,"ErrorInfo":"group \"nowhere\" does not exist or was dismissed","FromSeq":0,"ToSeq":0,"ScannedNum":0,
		 "RecalledNum":0,"AlreadyRecalledNum":0,"OldestTime":0,"NewestTime":0,"MoreBeyond":0,"NextBeforeSeq":0}]}`,
		decodeRecall(t, got).ID, r.group, sent))
	r.wantPlaces(0, 2, 0)
}

func TestRecallOfTargetsRefusesBadFields(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	_, token := r.preview("ann", "")
	targets := `"Targets":[` + r.target("bob") + `]`
	plan := fmt.Sprintf(`"PlanToken":%q`, token)
	for name, c := range map[string]struct {
		body string
		code int
	}{
		"nothing":                    {`{}`, 10004},
		"empty plan":                 {`{"PlanToken":""}`, 10004},
		"plan of no use":             {`{"PlanToken":"x"}`, 190001},
		"plan and targets":           {`{` + plan + `,` + targets + `}`, 10004},
		"plan and scope":             {`{` + plan + `,"Scope":{"LastMsgNum":5}}`, 10004},
		"bad plan and targets":       {`{"PlanToken":"x",` + targets + `}`, 10004},
		"sender of a wrong type":     {`{"Targets":[{"Sender_Account":{}}],"PlanToken":7}`, 60015},
		"reason of 500 bytes":        {`{` + targets + `,"Reason":"` + strings.Repeat("é", 250) + `"}`, 0},
		"reason of 501 bytes":        {`{` + targets + `,"Reason":"` + strings.Repeat("é", 250) + `x"}`, 10004},
		"notify silent":              {`{` + targets + `,"Notify":"silent"}`, 0},
		"notify empty":               {`{` + targets + `,"Notify":""}`, 0},
		"notify summary":             {`{` + targets + `,"Notify":"summary"}`, 0},
		"notify each":                {`{` + targets + `,"Notify":"each"}`, 0},
		"notify Each":                {`{` + targets + `,"Notify":"Each"}`, 10004},
		"notify all":                 {`{` + targets + `,"Notify":"all"}`, 10004},
		"fence -1":                   {`{` + targets + `,"FenceSeconds":-1}`, 10004},
		"fence 0":                    {`{` + targets + `,"FenceSeconds":0}`, 0},
		"fence 3600":                 {`{` + targets + `,"FenceSeconds":3600}`, 0},
		"fence 3601":                 {`{` + targets + `,"FenceSeconds":3601}`, 10004},
		"guard empty":                {`{` + targets + `,"Guard":{}}`, 0},
		"guard no object":            {`{` + targets + `,"Guard":5}`, 10004},
		"guard MaxMsgNum -1":         {`{` + targets + `,"Guard":{"MaxMsgNum":-1}}`, 10004},
		"guard MaxMsgNum 0":          {`{` + targets + `,"Guard":{"MaxMsgNum":0}}`, 0},
		"guard MaxSharePercent -1":   {`{` + targets + `,"Guard":{"MaxSharePercent":-1}}`, 10004},
		"guard MaxSharePercent 0":    {`{` + targets + `,"Guard":{"MaxSharePercent":0}}`, 0},
		"guard MaxSharePercent 100":  {`{` + targets + `,"Guard":{"MaxSharePercent":100}}`, 0},
		"guard MaxSharePercent 101":  {`{` + targets + `,"Guard":{"MaxSharePercent":101}}`, 10004},
		"growth -1":                  {`{` + plan + `,"AllowGrowth":-1}`, 10004},
		"growth 2":                   {`{` + plan + `,"AllowGrowth":2}`, 10004},
		"growth true":                {`{` + plan + `,"AllowGrowth":true}`, 10004},
		"growth 0 without a plan":    {`{` + targets + `,"AllowGrowth":0}`, 10004},
		"growth 1 without a plan":    {`{` + targets + `,"AllowGrowth":1}`, 0},
		"key of 64 bytes":            {`{` + targets + `,"IdempotencyKey":"` + strings.Repeat("k", 64) + `"}`, 0},
		"key of 65 bytes":            {`{` + targets + `,"IdempotencyKey":"` + strings.Repeat("k", 65) + `"}`, 10004},
		"key of a wrong type":        {`{` + targets + `,"IdempotencyKey":5}`, 10004},
		"scope beyond its bound":     {`{` + targets + `,"Scope":{"LastMsgNum":100001}}`, 10004},
		"bad target and bad scope":   {`{"Targets":[],"Scope":{"LastMsgNum":-1}}`, 10004},
		"scope without limits":       {`{` + targets + `,"Scope":{}}`, 0},
		"nothing but null elsewhere": {`{` + targets + `,"Scope":null,"PlanToken":null,"Guard":null,"Notify":null,"FenceSeconds":null}`, 0},
	} {
		t.Run(name, func(t *testing.T) { r.srv.Call(t, "recall_http_svc", "recall_by_sender", c.body).WantCode(t, c.code) })
	}
	r.wantLive(1)
}

func TestRecallOfTargetsDoesWhatCanBeDone(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 2)
	r.send("bob", 2)
	av := newRoomOn(t, r.srv, "AVChatRoom")
	done := r.recalls("recall_by_sender", `{"Targets":[{"GroupId":"nowhere","Sender_Account":"ann"},`+r.target("ann")+`,
		{"GroupId":"@TGS#_nowhere","TopicId":"@TGS#_nowhere@TOPIC#_x","Sender_Account":"ann"},`+av.target("ann")+`,`+r.target("bob")+`,`+r.target("eve")+`]}`)
	var codes, recalled []int
	for _, result := range done.Results {
		codes, recalled = append(codes, result.Code), append(recalled, int(result.Recalled))
	}
	if fmt.Sprint(codes, recalled) != "[10010 0 10010 0 0 0] [0 2 0 0 2 0]" {
		t.Errorf("codes and numbers are %v %v", codes, recalled)
	}
	r.wantPlaces(2, 2, 2, 2)
	r.wantStates(done.ID, "refused", "active", "refused", "none", "active", "active")
	// One that could not be done at all is in the record too.
	none := r.recalls("recall_by_sender", `{"Targets":[{"GroupId":"nowhere","Sender_Account":"ann"}]}`)
	r.wantStates(none.ID, "refused")
}

func TestRecallOfTargetsInTopics(t *testing.T) {
	town := newCommunity(t, "ann", "bob")
	one, two := town.topic("one"), town.topic("two")
	for _, topic := range []*room{one, two} {
		topic.send("ann", 2)
		topic.send("bob", 1)
	}
	done := town.recalls("recall_by_sender", `{"Targets":[`+one.target("ann")+`,`+town.target("ann")+`,`+two.target("bob")+`]}`)
	for i, want := range []uint32{2, 0, 1} {
		if got := done.Results[i]; got.Code != 0 || got.Recalled != want {
			t.Errorf("target %d is %+v", i, got)
		}
	}
	one.wantPlaces(0, 2, 2)
	two.wantPlaces(2, 0, 0)
	one.wantFeed("recalled ann 1-3")
	two.wantFeed("recalled bob 1-3")
}

func TestRecallOfAnEmptyStream(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	done := r.recallBySender("ann", "")
	if got := done.Results[0]; got.Code != 0 || got.From != 0 || got.To != 0 || got.Recalled != 0 || got.Scanned != 0 {
		t.Errorf("result is %+v", got)
	}
	r.wantFeed()
	r.send("ann", 1)
	r.wantLive(1)
	r.wantStates(done.ID, "active")
}

// Plans.

func TestRecallOfAPlanGrowsToTheNewest(t *testing.T) {
	for _, c := range []struct {
		name, scope             string // BEFORE stands for a time after all
		from, to, recalled      uint32
		wantPlaces              []int
		anns, bobs, later, then int
	}{
		{"whole", `{}`, 1, 8, 5, []int{0, 2, 2, 0, 0, 2, 2, 2}, 3, 2, 2, 1},
		{"from the previewed number", `{"LastMsgNum":3}`, 3, 8, 3, []int{0, 2, 2, 0, 0, 2, 0, 0}, 3, 2, 2, 1},
		{"not above BeforeSeq", `{"BeforeSeq":100}`, 1, 5, 3, []int{0, 0, 0, 0, 0, 2, 2, 2}, 3, 2, 2, 1},
		{"not above BeforeTime", `{"BeforeTime":BEFORE}`, 1, 5, 3, []int{0, 0, 0, 0, 0, 2, 2, 2}, 3, 2, 2, 1},
		{"with AfterTime", `{"AfterTime":1}`, 1, 8, 5, []int{0, 2, 2, 0, 0, 2, 2, 2}, 3, 2, 2, 1},
		{"nothing to begin with", `{}`, 1, 3, 2, []int{0, 2, 2}, 0, 0, 2, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRoom(t, "Public", "ann", "bob")
			r.send("ann", c.anns)
			r.send("bob", c.bobs)
			before := fmt.Sprint(r.now() + 1000)
			_, token := r.preview("ann", strings.ReplaceAll(c.scope, "BEFORE", before))
			r.send("ann", c.later)
			r.send("bob", c.then)
			done := decodeRecall(t, r.recallPlan(token, ""))
			if got := done.Results[0]; got.From != c.from || got.To != c.to || got.Recalled != c.recalled || got.Scanned != c.to-c.from+1 {
				t.Errorf("result is %+v", got)
			}
			r.wantPlaces(c.wantPlaces...)
			if preview := r.operation(done.ID).Operation.Preview; preview == "" {
				t.Error("the operation does not name its preview")
			}
		})
	}
}

// A plan that had found nothing sent after its AfterTime covers nothing that
// was sent before it, though it has a higher number.
func TestRecallOfAPlanGrowsWithinItsTimes(t *testing.T) {
	r, created := newOldRoom(t, "Public", "ann")
	r.importWith(item("ann", created, "")).MustOK(t)
	_, token := r.preview("ann", fmt.Sprintf(`{"AfterTime":%d}`, created+100))
	r.importWith(item("ann", created+99, "") + "," + item("ann", created+100, "")).MustOK(t)
	got := decodeRecall(t, r.recallPlan(token, "")).Results[0]
	if got.From != 3 || got.To != 3 || got.Recalled != 1 {
		t.Errorf("result is %+v", got)
	}
	r.wantPlaces(2, 0, 0)
}

func TestAllowGrowth(t *testing.T) {
	for _, c := range []struct {
		name   string
		meet   func(*room) // what happens between preview and recall
		growth string
		code   int
	}{
		{"default", func(r *room) { r.send("ann", 1) }, ``, 0},
		{"1", func(r *room) { r.send("ann", 1) }, `"AllowGrowth":1`, 0},
		{"0 and one more", func(r *room) { r.send("ann", 1) }, `"AllowGrowth":0`, 190003},
		{"0 and others' messages", func(r *room) { r.send("bob", 5) }, `"AllowGrowth":0`, 0},
		{"0 and nothing", func(*room) {}, `"AllowGrowth":0`, 0},
		{"0 and fewer", func(r *room) { r.recallBySender("ann", `"Scope":{"LastMsgNum":1}`) }, `"AllowGrowth":0`, 0},
		{"0 and a restore", func(r *room) { r.restore(r.list("").ids()[0], "") }, `"AllowGrowth":0`, 190003},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRoom(t, "Public", "ann", "bob")
			r.send("ann", 1)
			r.recallBySender("ann", "")
			r.send("ann", 2)
			_, token := r.preview("ann", "")
			c.meet(r)
			before := len(r.list("").Entries)
			r.recallPlan(token, c.growth).WantCode(t, c.code)
			if after := len(r.list("").Entries); (after == before) != (c.code != 0) {
				t.Errorf("%d operations before, %d after", before, after)
			}
		})
	}
}

func TestRecallOfAPlanKeepsTheRefusalsOfItsPreview(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	token := r.recalls("preview_recall", `{"Targets":[{"GroupId":"later","Sender_Account":"ann"},`+r.target("ann")+`]}`).Token
	r.call("create_group", `{"Type":"Public","Name":"n","GroupId":"later"}`).MustOK(t)
	done := decodeRecall(t, r.recallPlan(token, `"AllowGrowth":0`))
	if done.Results[0].Code != 10010 || done.Results[1].Recalled != 1 {
		t.Errorf("results are %+v", done.Results)
	}
}

// Guards.

func TestGuardJudgesTheWholeCall(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 3)
	r.send("bob", 1)
	other := newRoomOn(t, r.srv, "Public", "ann", "bob")
	other.send("ann", 2)
	other.send("bob", 4)
	// 5 of 10 match.
	targets := `"Targets":[` + r.target("ann") + `,` + other.target("ann") + `,{"GroupId":"nowhere","Sender_Account":"ann"}]`
	for _, c := range []struct {
		guard string
		info  []string // what ErrorInfo tells of a refusal
	}{
		{`{"MaxMsgNum":4}`, []string{"MaxMsgNum", "4", "5"}},
		{`{"MaxMsgNum":0}`, []string{"MaxMsgNum", "0", "5"}},
		{`{"MaxSharePercent":49}`, []string{"MaxSharePercent", "49", "5 of 10"}},
		{`{"MaxMsgNum":5,"MaxSharePercent":0}`, []string{"MaxSharePercent"}},
		{`{"MaxMsgNum":4,"MaxSharePercent":100}`, []string{"MaxMsgNum"}},
		{`{"MaxMsgNum":5,"MaxSharePercent":50}`, nil},
	} {
		before := len(r.list("").Entries)
		answer := r.moderate("recall_by_sender", `{%s,"Guard":%s,"IdempotencyKey":"one"}`, targets, c.guard)
		if c.info == nil {
			if done := decodeRecall(t, answer); done.Results[0].Recalled != 3 || done.Results[1].Recalled != 2 {
				t.Errorf("results are %+v", done.Results)
			}
			continue
		}
		answer.WantCode(t, 190002)
		for _, word := range c.info {
			if !strings.Contains(answer.Info, word) {
				t.Errorf("guard %s: ErrorInfo %q does not say %q", c.guard, answer.Info, word)
			}
		}
		// Nothing was recalled, in no target, and nothing is recorded.
		r.wantLive(1)
		other.wantLive(1)
		if after := len(r.list("").Entries); after != before {
			t.Errorf("guard %s: %d operations before, %d after", c.guard, before, after)
		}
	}
	// What is recalled already does not count.
	r.moderate("recall_by_sender", `{%s,"Guard":{"MaxMsgNum":0,"MaxSharePercent":0}}`, targets).MustOK(t)
}

func TestGuardJudgesAPlan(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 2)
	_, token := r.preview("ann", "")
	r.send("ann", 1)
	r.recallPlan(token, `"Guard":{"MaxMsgNum":2}`).WantCode(t, 190002)
	r.recallPlan(token, `"Guard":{"MaxMsgNum":3}`).MustOK(t)
}

func TestRecallCoversAtMostAMillionNumbers(t *testing.T) {
	if testing.Short() {
		t.Skip("imports 100,000 messages")
	}
	r := newRoomWith(t, withLargeImports, "Public", "ann")
	r.importMany("ann", 100_000)
	call := func(senders, more int) string {
		targets := ""
		for i := range senders {
			targets += `,` + r.target(fmt.Sprint("user", i))
		}
		return fmt.Sprintf(`{"Targets":[%s],"Scope":{"LastMsgNum":%d}}`, targets[1:], 100_000-more)
	}
	r.moderate("recall_by_sender", "%s", call(11, 0)).WantCode(t, 10004)
	r.moderate("preview_recall", "%s", call(11, 0)).WantCode(t, 10004)
	r.moderate("recall_by_sender", "%s", call(10, 0)).MustOK(t)
	plan := decodeRecall(t, r.moderate("preview_recall", "%s", call(10, 0))).Token
	// A plan that has grown beyond is refused as well.
	r.importMany("ann", 1)
	r.recallPlan(plan, "").WantCode(t, 10004)
	r.wantLive(1)
}

// Idempotency.

func TestIdempotencyKeyAnswersTheFirstCallsResult(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 2)
	body := `{"Targets":[` + r.target("ann") + `,{"GroupId":"nowhere","Sender_Account":"ann"}],"FenceSeconds":5,"Reason":"r","IdempotencyKey":"k"}`
	first := r.moderate("recall_by_sender", "%s", body).MustOK(t)
	r.srv.Clock.Advance(minute)
	r.send("ann", 1)
	for range 2 {
		if again := r.moderate("recall_by_sender", "%s", body); string(again.Raw) != string(first.Raw) {
			t.Fatalf("answer is %s, at first it was %s", again.Raw, first.Raw)
		}
		r.wantLive(3)
		r.srv.Restart(t)
	}
	if listed := r.list("").Entries; len(listed) != 1 {
		t.Errorf("%d operations", len(listed))
	}
	// The same request in another form is the same.
	same := `{"IdempotencyKey":"k","FenceSeconds":5,"AllowGrowth":1,"Notify":"silent","Guard":{},"Scope":{"LastMsgNum":1000},"Targets":[` + r.target("ann") + `,{"GroupId":"nowhere","Sender_Account":"ann"}],"Reason":"r"}`
	if again := r.moderate("recall_by_sender", "%s", same); string(again.Raw) != string(first.Raw) {
		t.Errorf("answer is %s, at first it was %s", again.Raw, first.Raw)
	}
	for _, other := range []string{
		`{"Targets":[` + r.target("bob") + `],"FenceSeconds":5,"Reason":"r","IdempotencyKey":"k"}`,
		strings.Replace(body, `"Reason":"r"`, `"Reason":"s"`, 1),
		strings.Replace(body, `"FenceSeconds":5`, `"FenceSeconds":6`, 1),
		strings.Replace(body, `"FenceSeconds":5`, `"FenceSeconds":5,"Notify":"each"`, 1),
		strings.Replace(body, `"FenceSeconds":5`, `"FenceSeconds":5,"Guard":{"MaxMsgNum":0}`, 1),
		strings.Replace(body, `"FenceSeconds":5`, `"FenceSeconds":5,"Scope":{"LastMsgNum":3}`, 1),
	} {
		r.moderate("recall_by_sender", "%s", other).WantCode(t, 190005)
	}
	r.wantLive(3)
	// Another key is another call, also where it differs in case.
	r.moderate("recall_by_sender", "%s", strings.Replace(body, `"k"`, `"K"`, 1)).MustOK(t)
	r.wantRecalled("ann", 3)
}

func TestIdempotencyKeyOfAPlan(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 2)
	_, token := r.preview("ann", "")
	first := r.recallPlan(token, `"IdempotencyKey":"k"`).MustOK(t)
	r.srv.Clock.Advance(11 * minute) // the plan has run out, its call has not
	if again := r.recallPlan(token, `"IdempotencyKey":"k"`); string(again.Raw) != string(first.Raw) {
		t.Errorf("answer is %s, at first it was %s", again.Raw, first.Raw)
	}
	r.recallPlan(token, `"IdempotencyKey":"other"`).WantCode(t, 190001)
}

func TestIdempotencyKeyIsKeptFor24Hours(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	first := r.recallBySender("ann", `"IdempotencyKey":"k"`)
	r.srv.Clock.Advance(day - 1e9)
	r.srv.Restart(t)
	if again := r.recallBySender("ann", `"IdempotencyKey":"k"`); again.ID != first.ID {
		t.Errorf("operation is %s, want %s", again.ID, first.ID)
	}
	r.srv.Clock.Advance(1e9)
	r.send("ann", 1)
	if other := r.recallBySender("ann", `"IdempotencyKey":"k","Reason":"another"`); other.ID == first.ID || other.Results[0].Recalled != 1 {
		t.Errorf("after 24 hours the answer is %+v", other)
	}
	r.wantRecalled("ann", 2)
}

func TestIdempotencyKeyIsNotUsedUpByARefusal(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 2)
	r.moderate("recall_by_sender", `{"Targets":[%s],"Guard":{"MaxMsgNum":1},"IdempotencyKey":"k"}`, r.target("ann")).WantCode(t, 190002)
	r.recallBySender("ann", `"IdempotencyKey":"k"`)
	r.wantRecalled("ann", 1, 2)
}

func TestIdempotencyKeyOfCallsAtOnce(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 3)
	body := `{"Targets":[` + r.target("ann") + `],"IdempotencyKey":"k"}`
	var calls sync.WaitGroup
	answers := make([]apitest.Answer, 12)
	for i := range answers {
		calls.Go(func() {
			answer, err := r.srv.Try(t.Context(), "recall_http_svc", "recall_by_sender", body)
			if err != nil {
				t.Error(err)
			}
			answers[i] = answer
		})
	}
	calls.Wait()
	for _, answer := range answers {
		if string(answer.MustOK(t).Raw) != string(answers[0].Raw) {
			t.Errorf("answers are %s and %s", answers[0].Raw, answer.Raw)
		}
	}
	if done := decodeRecall(t, answers[0]); done.Results[0].Recalled != 3 {
		t.Errorf("result is %+v", done.Results)
	}
	r.wantFeed("recalled ann 1-3")
}

// Also where the calls come to two processes on one store.
func TestIdempotencyKeyOfCallsToTwoServersAtOnce(t *testing.T) {
	one, two := twoServers(t, func(*apitest.Options) {})
	r := newRoomOn(t, one, "Public", "ann")
	r.send("ann", 3)
	body := `{"Targets":[` + r.target("ann") + `],"IdempotencyKey":"k"}`
	var calls sync.WaitGroup
	answers := make([]apitest.Answer, 8)
	for i := range answers {
		calls.Go(func() {
			answer, err := []*apitest.Server{one, two}[i%2].Try(t.Context(), "recall_http_svc", "recall_by_sender", body)
			if err != nil {
				t.Error(err)
			}
			answers[i] = answer
		})
	}
	calls.Wait()
	for _, answer := range answers {
		if string(answer.MustOK(t).Raw) != string(answers[0].Raw) {
			t.Errorf("answers are %s and %s", answers[0].Raw, answer.Raw)
		}
	}
	r.wantFeed("recalled ann 1-3")
	// A call that came second may be in the record, as one that did nothing.
	r.wait(300)
	for _, id := range r.list("").ids() {
		want := "void"
		if id == decodeRecall(t, answers[0]).ID {
			want = "active"
		}
		r.wantStates(id, want)
	}
}

// Notify.

func TestNotifyEachTellsOfEveryMessageOnceInTens(t *testing.T) {
	r := newRoomWith(t, withHousekeeping, "Public", "ann", "bob")
	r.send("ann", 3)
	r.call("group_msg_recall", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":2}]}`, r.group).MustOK(t)
	r.send("bob", 1)
	r.send("ann", 21)
	done := r.recallBySender("ann", `"Notify":"each"`)
	if done.Results[0].Recalled != 23 {
		t.Errorf("result is %+v", done.Results)
	}
	await(t, "the last event", func() bool { return len(r.feed("").Events) == 5 })
	r.wantFeed("recalled 2", "recalled ann 1-25",
		"recalled 1,3,5,6,7,8,9,10,11", "recalled 12,13,14,15,16,17,18,19,20,21", "recalled 22,23,24,25")
	if o := r.operation(done.ID).Operation; o.Notify != "each" {
		t.Errorf("operation is %+v", o)
	}
}

func TestNotifySilentAndSummaryTellOfTheRangeAlone(t *testing.T) {
	for _, notify := range []string{"silent", "summary"} {
		r := newRoomWith(t, withHousekeeping, "Public", "ann")
		r.send("ann", 3)
		done := r.recallBySender("ann", fmt.Sprintf(`"Notify":%q`, notify))
		r.wantFeed("recalled ann 1-3")
		if o := r.operation(done.ID).Operation; o.Notify != notify {
			t.Errorf("operation is %+v", o)
		}
	}
}

// Unread numbers fall with a recall that members are told of message by
// message, and not with any other (spec 04 section 5.5).
func TestNotifyAndUnreadNumbers(t *testing.T) {
	for notify, want := range map[string]string{"silent": "3", "summary": "3", "each": "0"} {
		t.Run(notify, func(t *testing.T) {
			r := newRoomWith(t, withHousekeeping, "Public", "ann", "bob")
			r.send("ann", 3)
			unread := func() string {
				got := r.call("get_joined_group_list", `{"Member_Account":"bob","ResponseFilter":{"SelfInfoFilter":["UnreadMsgNum"]}}`).MustOK(t)
				_, after, _ := strings.Cut(string(got.Raw), `"UnreadMsgNum":`)
				return after[:1]
			}
			if got := unread(); got != "3" {
				t.Fatalf("bob has %s unread messages", got)
			}
			r.recallBySender("ann", fmt.Sprintf(`"Notify":%q`, notify))
			await(t, "unread number "+want, func() bool { return unread() == want })
		})
	}
}
