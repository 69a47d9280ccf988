package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

// erase_recalled and set_recall_hold (spec 08 section 2.6).

func (r *room) hold(id string, hold int) apitest.Answer {
	r.t.Helper()
	return r.moderate("set_recall_hold", `{"OperationId":%q,"Hold":%d}`, id, hold)
}

func (r *room) erasure(id string) erasure {
	r.t.Helper()
	if e := r.operation(id).Erasure; e != nil {
		return *e
	}
	return erasure{}
}

func TestErasedMessagesLeavePlaceholders(t *testing.T) {
	r := newRoomWith(t, withHousekeeping, "Public", "ann", "bob")
	r.send("ann", 1)
	r.send("bob", 1)
	r.call("send_group_msg", `{"GroupId":%q,"From_Account":"ann","Random":99,"CloudCustomData":"custom","MsgPriority":"High","MsgBody":%s}`, r.group, text("x")).MustOK(t)
	info := r.info()
	id := r.recallBySender("ann", "").ID
	if got := r.erase(id); got != (erasure{State: "done", NotBefore: r.now(), Total: 2, Done: 2}) {
		t.Errorf("erasure is %+v", got)
	}
	placeholder := func(seq int) string {
		return fmt.Sprintf(`{"From_Account":"","IsPlaceMsg":1,"MsgBody":[],"MsgPriority":2,"MsgRandom":0,"MsgSeq":%d,"MsgTimeStamp":0}`, seq)
	}
	for _, withRecalled := range []int{0, 1} {
		r.call("group_msg_get_simple", `{"GroupId":%q,"ReqMsgNumber":20,"WithRecalledMsg":%d}`, r.group, withRecalled).WantJSON(t, fmt.Sprintf(
			`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupId":%q,"IsFinished":1,"RspMsgList":[%s,
			{"From_Account":"bob","IsPlaceMsg":0,"MsgBody":%s,"MsgPriority":2,"MsgRandom":2,"MsgSeq":2,"MsgTimeStamp":%d},%s]}`,
			r.group, placeholder(3), text("message 2"), r.now(), placeholder(1)))
	}
	// Numbers go on, and the group is as it was.
	if after := r.info(); after != info {
		t.Errorf("group was %s and is %s", info, after)
	}
	r.call("group_msg_recall", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":1},{"MsgSeq":2}]}`, r.group).WantJSON(t,
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"RecallRetList":[{"MsgSeq":1,"RetCode":10030},{"MsgSeq":2,"RetCode":0}],"Results":[{"MsgSeq":1,"RetCode":10030},{"MsgSeq":2,"RetCode":0}]}`)
	r.wantStates(id, "erased")
	// All of it outlives a restart.
	r.srv.Restart(t)
	r.wantPlaces(1, 2, 1)
	if got := r.send("ann", 1); got != 4 {
		t.Errorf("the next number is %d", got)
	}
}

func TestEraseAnswersHowFarItHasCome(t *testing.T) {
	r := newRoom(t, "Public", "ann") // where no background work is done
	r.send("ann", 2)
	id := r.recallBySender("ann", "").ID
	r.moderate("erase_recalled", `{"OperationId":%q}`, id).WantJSON(t, fmt.Sprintf(
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"State":"waiting","NotBefore":%d,"TotalNum":0,"DoneNum":0,"HeldNum":0}`, r.now()))
	if o := r.operation(id); !strings.Contains(o.raw, fmt.Sprintf(`"Erasure":{"State":"waiting","NotBefore":%d,"TotalNum":0,"DoneNum":0,"HeldNum":0}`, r.now())) {
		t.Errorf("operation is %s", o.raw)
	}
	r.wantStates(id, "active")
	// Until it begins it can still be undone.
	r.restore(id, "")
	r.wantLive(1, 2)
}

func TestEraseRefusesBadFields(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	id := r.recallBySender("ann", "").ID
	for body, code := range map[string]int{
		`{}`: 10004, `{"OperationId":"x"}`: 190004, `{"OperationId":"ID","NotBefore":-1}`: 10004, `{"OperationId":"ID","NotBefore":"1"}`: 10004,
		`{"OperationId":"x","NotBefore":-1}`: 10004, `{"OperationId":"ID","NotBefore":0}`: 0, `{"OperationId":"ID","NotBefore":1}`: 0,
		`{"OperationId":"ID","NotBefore":4294967295}`: 0, `{"OperationId":"ID","NotBefore":4294967296}`: 10004,
	} {
		r.moderate("erase_recalled", "%s", strings.ReplaceAll(body, `"ID"`, `"`+id+`"`)).WantCode(t, code)
	}
}

func TestEraseTwice(t *testing.T) {
	r := newRoomWith(t, withHousekeeping, "Public", "ann")
	r.send("ann", 1)
	id := r.recallBySender("ann", "").ID
	r.erase(id)
	r.moderate("erase_recalled", `{"OperationId":%q}`, id).WantCode(t, 190006)
	r.moderate("restore_recall", `{"OperationId":%q}`, id).WantCode(t, 190006)
	r.hold(id, 1).WantCode(t, 190006)
	if log := r.operation(id).Log; log[1].Type != "erase" {
		t.Errorf("log is %+v", log)
	}
	// Another operation that covers the same has nothing left to erase.
	other := r.recallBySender("ann", "")
	if other.Results[0].Recalled != 0 || other.Results[0].Already != 1 {
		t.Errorf("recall is %+v", other.Results)
	}
	if got := r.erase(other.ID); got.Total != 0 || got.Done != 0 {
		t.Errorf("erasure is %+v", got)
	}
	r.wantPlaces(1)
}

func TestEraseWaitsForItsTime(t *testing.T) {
	r := newRoomWith(t, withHousekeeping, "Public", "ann")
	r.send("ann", 1)
	id := r.recallBySender("ann", "").ID
	later := r.now() + 3600
	ask := func(notBefore int64) {
		t.Helper()
		answer := r.moderate("erase_recalled", `{"OperationId":%q,"NotBefore":%d}`, id, notBefore).MustOK(t)
		if !strings.Contains(string(answer.Raw), fmt.Sprintf(`"State":"waiting","NotBefore":%d`, notBefore)) {
			t.Errorf("answer is %s", answer.Raw)
		}
	}
	ask(later)
	ask(later) // is in the record once
	r.srv.Restart(t)
	r.wait(1)
	ask(later + 3600) // another time
	r.wait(3599)
	marker := r.recallBySender("ann", "").ID // whose erasure says that work was done
	r.erase(marker)
	if got := r.erasure(id); got.State != "waiting" || got.NotBefore != later+3600 {
		t.Errorf("erasure is %+v", got)
	}
	r.wait(3600)
	if got := r.awaitErasure(id); got.NotBefore != later+3600 {
		t.Errorf("erasure is %+v", got)
	}
	if log := r.operation(id).Log; len(log) != 3 || log[1].NotBefore != later || log[2].NotBefore != later+3600 {
		t.Errorf("log is %+v", log)
	}
}

func TestEraseAfterARestartInTheMiddle(t *testing.T) {
	const n = 6000
	r := newRoomWith(t, func(o *apitest.Options) { withLargeImports(o); withHousekeeping(o) }, "Public", "ann", "bob")
	r.importMany("bob", 10)
	r.importMany("ann", n)
	r.importMany("bob", 1)
	id := r.recallBySender("ann", `"Scope":{"LastMsgNum":100000}`).ID
	r.moderate("erase_recalled", `{"OperationId":%q}`, id).MustOK(t)
	var last erasure
	for i := 0; last.State != "done"; i++ {
		r.srv.Restart(t)
		r.srv.Clock.Advance(minute) // beside others the work of one that is gone is taken over after that
		await(t, "progress", func() bool {
			now := r.erasure(id)
			if now.State == "" || now.Done < last.Done || now.Done > now.Total {
				t.Fatalf("erasure is %+v after %+v", now, last)
			}
			defer func() { last = now }()
			return now.State == "done" || now.Done > last.Done || i > 20
		})
	}
	if last.Total != n || last.Done != n {
		t.Errorf("erasure is %+v", last)
	}
	r.wantPlaces(0, 1, 1, 1)
	r.wantFeed(fmt.Sprintf("recalled ann 1-%d", n+11), fmt.Sprintf("erased ann 1-%d", n+11))
	p := r.get(20, 12, 0)
	p.wantSeqs(12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1)
	if p.Rows[1].Place != 1 || p.Rows[2].Place != 0 {
		t.Errorf("rows are %+v", p.Rows[:3])
	}
}

func TestEraseTakesOnlyWhatTheOperationCovers(t *testing.T) {
	r := newRoomWith(t, withHousekeeping, "Public", "ann", "bob", "eve")
	r.send("ann", 2)
	r.send("bob", 1)
	r.send("eve", 1)
	r.send("ann", 1)
	done := r.recalls("recall_by_sender", `{"Targets":[`+r.target("ann")+`,`+r.target("bob")+`,`+r.target("eve")+`],"Scope":{"BeforeSeq":5}}`)
	r.restore(done.ID, `"Targets":[`+r.target("eve")+`]`)
	r.recall("ann")
	if got := r.erase(done.ID); got.Total != 3 || got.Done != 3 {
		t.Errorf("erasure is %+v", got)
	}
	r.wantPlaces(2, 0, 1, 1, 1)
	r.wantStates(done.ID, "erased", "erased", "restored")
}

func TestEraseOfARecallByNumber(t *testing.T) {
	r := newRoomWith(t, withHousekeeping, "Public", "ann", "bob")
	r.send("ann", 2)
	r.send("bob", 1)
	r.call("group_msg_recall", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":3},{"MsgSeq":1}]}`, r.group).MustOK(t)
	if got := r.erase(r.list("").ids()[0]); got.Total != 2 || got.Done != 2 {
		t.Errorf("erasure is %+v", got)
	}
	r.wantPlaces(1, 0, 1)
	r.wantFeed("recalled 1,3", "erased 1,3")
}

func TestEraseOfWhatWasRestoredErasesNothing(t *testing.T) {
	r := newRoomWith(t, withHousekeeping, "Public", "ann")
	r.send("ann", 1)
	id := r.recallBySender("ann", "").ID
	r.restore(id, "")
	if got := r.erase(id); got.Total != 0 {
		t.Errorf("erasure is %+v", got)
	}
	r.wantLive(1)
}

func TestEraseWaitsForTheEndOfAFence(t *testing.T) {
	r := newRoomWith(t, withHousekeeping, "Public", "ann")
	r.send("ann", 1)
	id := r.fence("ann", 60).ID
	r.moderate("erase_recalled", `{"OperationId":%q}`, id).MustOK(t)
	r.send("ann", 1)
	r.wantPlaces(2, 2)
	r.wait(61)
	r.send("ann", 1)
	r.wait(3600)
	if got := r.awaitErasure(id); got.Done != 2 {
		t.Errorf("erasure is %+v", got)
	}
	r.wantPlaces(0, 1, 1)
}

func TestEraseInTopicsAndOfAGroupThatIsGone(t *testing.T) {
	r := newRoomWith(t, withHousekeeping, "Public", "ann")
	town := &room{t: t, srv: r.srv, group: "@TGS#_town", random: r.random}
	town.call("create_group", `{"Type":"Community","Name":"town","GroupId":%q,"SupportTopic":1}`, town.group).MustOK(t)
	topic := town.topic("one")
	topic.send("ann", 2)
	r.send("ann", 1)
	id := r.recalls("recall_by_sender", `{"Targets":[`+topic.target("ann")+`,`+r.target("ann")+`,{"GroupId":"nowhere","Sender_Account":"ann"}]}`).ID
	r.call("destroy_group", `{"GroupId":%q}`, r.group).MustOK(t)
	r.wantStates(id, "active", "destroyed", "refused")
	if got := r.erase(id); got.Done != 2 {
		t.Errorf("erasure is %+v", got)
	}
	topic.wantPlaces(1, 1)
	r.wantStates(id, "erased", "destroyed", "refused")
}

// A digest of the text, by which repeats are recognised, would tell it from
// others; it goes with the text.
func TestErasedMessagesAreNoLongerRecognisedAsSentBefore(t *testing.T) {
	r := newRoomWith(t, withHousekeeping, "Public", "ann")
	send := `{"GroupId":%q,"From_Account":"ann","Random":5,"MsgBody":` + text("x") + `}`
	r.call("send_group_msg", send, r.group).MustOK(t)
	r.srv.Restart(t)
	r.erase(r.recallBySender("ann", "").ID)
	r.srv.Restart(t)
	if got := r.call("send_group_msg", send, r.group); !strings.Contains(string(got.Raw), `"MsgSeq":2`) {
		t.Errorf("answer is %s", got.Raw)
	}
}

// Holds.

func TestHoldRefusesBadFields(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	id := r.recallBySender("ann", "").ID
	for body, code := range map[string]int{
		`{"Hold":1}`: 10004, `{"OperationId":"ID"}`: 10004, `{"OperationId":"ID","Hold":null}`: 10004, `{"OperationId":"ID","Hold":-1}`: 10004,
		`{"OperationId":"ID","Hold":2}`: 10004, `{"OperationId":"ID","Hold":true}`: 10004, `{"OperationId":"x","Hold":1}`: 190004,
		`{"OperationId":"ID","Hold":1,"Reason":"` + strings.Repeat("r", 501) + `"}`: 10004,
	} {
		r.moderate("set_recall_hold", "%s", strings.ReplaceAll(body, `"ID"`, `"`+id+`"`)).WantCode(t, code)
	}
	if o := r.operation(id); o.Operation.Hold != 0 || len(o.Log) != 1 {
		t.Errorf("operation is %s", o.raw)
	}
}

func TestHoldForbidsErasure(t *testing.T) {
	r := newRoomWith(t, withHousekeeping, "Public", "ann")
	r.send("ann", 1)
	id := r.recallBySender("ann", "").ID
	for range 2 { // idempotent
		r.moderate("set_recall_hold", `{"OperationId":%q,"Hold":1,"Reason":%q}`, id, strings.Repeat("r", 500)).WantJSON(t, plainOK)
	}
	if o := r.operation(id); o.Operation.Hold != 1 || !strings.Contains(o.raw, `"Hold":1}]`) {
		t.Errorf("operation is %s", o.raw)
	}
	r.moderate("erase_recalled", `{"OperationId":%q}`, id).WantCode(t, 190007)
	r.moderate("erase_recalled", `{"OperationId":%q,"NotBefore":4000000000}`, id).WantCode(t, 190007)
	r.srv.Restart(t)
	r.moderate("erase_recalled", `{"OperationId":%q}`, id).WantCode(t, 190007)
	for range 2 {
		r.hold(id, 0).WantJSON(t, plainOK)
	}
	r.erase(id)
	r.wantPlaces(1)
}

func TestHoldStopsAnErasureThatWaits(t *testing.T) {
	r := newRoomWith(t, withHousekeeping, "Public", "ann")
	r.send("ann", 1)
	id, marker := r.recallBySender("ann", "").ID, ""
	r.moderate("erase_recalled", `{"OperationId":%q,"NotBefore":%d}`, id, r.now()+60).MustOK(t)
	r.hold(id, 1).MustOK(t)
	r.wait(100)
	r.call("group_msg_recall", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":1}]}`, r.group).MustOK(t)
	marker = r.list("").ids()[0]
	if got := r.erase(marker); got.Done != 0 || got.Held != 1 {
		t.Errorf("erasure is %+v", got)
	}
	if got := r.erasure(id); got.State != "waiting" {
		t.Errorf("erasure is %+v", got)
	}
	r.wantPlaces(2)
	r.hold(id, 0).MustOK(t)
	r.wait(61)
	if got := r.awaitErasure(id); got.Done != 1 || got.Held != 0 {
		t.Errorf("erasure is %+v", got)
	}
	r.wantPlaces(1)
}

func TestHoldSparesItsMessagesFromEveryErasure(t *testing.T) {
	r := newRoomWith(t, withHousekeeping, "Public", "ann", "bob")
	r.send("ann", 4)
	r.send("bob", 1)
	held := r.recallBySender("ann", `"Scope":{"BeforeSeq":3}`).ID // 1 and 2
	r.hold(held, 1).MustOK(t)
	r.call("group_msg_recall", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":4}]}`, r.group).MustOK(t)
	bySeq := r.list("").ids()[0]
	r.hold(bySeq, 1).MustOK(t)
	all := r.recallBySender("ann", "").ID
	if got := r.erase(all); got.Total != 1 || got.Done != 1 || got.Held != 3 {
		t.Errorf("erasure is %+v", got)
	}
	r.wantPlaces(0, 2, 1, 2, 2)
	r.wantRecalled("ann", 1, 2, 4)
	// They are still evidence, and once the hold is lifted can be erased.
	r.hold(held, 0).MustOK(t)
	if got := r.erase(held); got.Done != 2 {
		t.Errorf("erasure is %+v", got)
	}
	r.wantPlaces(0, 2, 1, 1, 1)
}

func TestHoldOutlastsRetention(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.HistoryRetentionDays = 7 }, "Public", "ann", "bob")
	r.send("ann", 2)
	r.send("bob", 1)
	id := r.recallBySender("ann", `"Scope":{"BeforeSeq":2}`).ID
	r.hold(id, 1).MustOK(t)
	r.srv.Clock.Advance(8 * day)
	r.send("bob", 1)
	r.wantPlaces(0, 1, 1, 2)
	r.wantRecalled("ann", 1)
	r.hold(id, 0).MustOK(t)
	r.wantPlaces(0, 1, 1, 1)
}

func TestHoldOutlastsTheEndOfBuckets(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) {
		o.Settings.HistoryRetentionDays = 7
		withLargeImports(o)
		withHousekeeping(o)
	}, "Public", "ann", "bob")
	other := newRoomOn(t, r.srv, "Public", "ann", "bob")
	exported := func(r *room, id string) int {
		var page evidencePage
		r.moderate("export_recall_evidence", `{"OperationId":%q}`, id).MustOK(t).Decode(t, &page)
		return len(page.Messages)
	}
	ids := map[*room]string{}
	for _, room := range []*room{r, other} {
		room.importMany("ann", 3)
		room.importMany("bob", 9000)
		ids[room] = room.recallBySender("ann", `"Scope":{"LastMsgNum":100000}`).ID
	}
	r.hold(ids[r], 1).MustOK(t)
	r.srv.Clock.Advance(8 * day)
	r.send("bob", 1)
	other.send("bob", 1)
	// Where nothing is on hold the oldest bucket goes,
	await(t, "expiry", func() bool { return exported(other, ids[other]) == 0 })
	r.srv.Restart(t)
	// and where something is it stays.
	if got := exported(r, ids[r]); got != 3 {
		t.Errorf("%d messages are left of what is on hold, want 3", got)
	}
	r.wantRecalled("ann", 1, 3)
	r.hold(ids[r], 0).MustOK(t)
	await(t, "expiry after the hold", func() bool { return exported(r, ids[r]) == 0 })
}
