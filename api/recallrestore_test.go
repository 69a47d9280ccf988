package api_test

import (
	"fmt"
	"strings"
	"testing"
)

// restore_recall (spec 08 section 2.3).

func TestRestoreAnswersEveryField(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 3)
	r.recallBySender("ann", `"Scope":{"LastMsgNum":1}`)
	done := r.recalls("recall_by_sender", `{"Targets":[`+r.target("ann")+`,{"GroupId":"nowhere","Sender_Account":"ann"}]}`)
	r.moderate("restore_recall", `{"OperationId":%q,"Reason":"appeal"}`, done.ID).WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Results":[
		{"GroupId":%q,"Sender_Account":"ann","ErrorCode":0,"ErrorInfo":"","RestoredNum":2,"StillHiddenNum":1},
		{"GroupId":"nowhere","Sender_Account":"ann","ErrorCode":10010,"ErrorInfo":"group \"nowhere\" does not exist or was dismissed","RestoredNum":0,"StillHiddenNum":0}]}`, r.group))
	r.wantPlaces(2, 0, 0)
	r.wantStates(done.ID, "restored", "refused")
}

func TestRestoreRefusesBadFields(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	r.preview("ann", "")
	preview := r.list(everyType).Entries[0].ID
	id := r.recallBySender("ann", "").ID
	given := fmt.Sprintf(`"OperationId":%q`, id)
	for name, c := range map[string]struct {
		body string
		code int
	}{
		"no operation":              {`{}`, 10004},
		"operation null":            {`{"OperationId":null}`, 10004},
		"operation of a wrong type": {`{"OperationId":7}`, 10004},
		"empty operation":           {`{"OperationId":""}`, 10004},
		"no id":                     {`{"OperationId":"x"}`, 190004},
		"unknown operation":         {`{"OperationId":"0199c82e-46a0-7000-b111-905aac38cbc9"}`, 190004},
		"id in capitals":            {`{"OperationId":"` + strings.ToUpper(id) + `"}`, 190004},
		"id in braces":              {`{"OperationId":"{` + id + `}"}`, 190004},
		"a preview":                 {`{"OperationId":"` + preview + `"}`, 190004},
		"empty targets":             {`{` + given + `,"Targets":[]}`, 10004},
		"target without group":      {`{` + given + `,"Targets":[{"Sender_Account":"ann"}]}`, 10004},
		"target of another group":   {`{` + given + `,"Targets":[{"GroupId":"other","Sender_Account":"ann"}]}`, 10004},
		"target of another sender":  {`{` + given + `,"Targets":[` + r.target("bob") + `]}`, 10004},
		"target without sender":     {`{` + given + `,"Targets":[{"GroupId":"` + r.group + `"}]}`, 10004},
		"one good and one bad":      {`{` + given + `,"Targets":[` + r.target("ann") + `,` + r.target("bob") + `]}`, 10004},
		"sender of a wrong type":    {`{"OperationId":7,"Targets":[{"Sender_Account":[]}]}`, 60015},
		"reason of 501 bytes":       {`{` + given + `,"Reason":"` + strings.Repeat("r", 501) + `"}`, 10004},
		"bad reason, no operation":  {`{"OperationId":"x","Reason":"` + strings.Repeat("r", 501) + `"}`, 10004},
	} {
		t.Run(name, func(t *testing.T) { r.srv.Call(t, "recall_http_svc", "restore_recall", c.body).WantCode(t, c.code) })
	}
	// Nothing of this was done, or is in the record.
	r.wantRecalled("ann", 1)
	if log := r.operation(id).Log; len(log) != 1 || log[0].Type != "recall" {
		t.Errorf("log is %+v", log)
	}
	r.moderate("restore_recall", `{%s,"Reason":%q}`, given, strings.Repeat("r", 500)).MustOK(t)
	r.wantLive(1)
}

func TestRestoreOfSomeTargets(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob", "eve")
	for _, sender := range []string{"ann", "bob", "eve"} {
		r.send(sender, 1)
	}
	done := r.recalls("recall_by_sender", `{"Targets":[`+r.target("ann")+`,`+r.target("bob")+`,`+r.target("eve")+`]}`)
	// In the order asked for, each once.
	got := r.restore(done.ID, `"Targets":[`+r.target("eve")+`,`+r.target("ann")+`,`+r.target("eve")+`]`)
	if len(got) != 2 || got[0].Sender != "eve" || got[1].Sender != "ann" || got[0].Restored != 1 || got[1].Restored != 1 {
		t.Errorf("restore is %+v", got)
	}
	r.wantPlaces(0, 2, 0)
	r.wantStates(done.ID, "restored", "active", "restored")
	r.restore(done.ID, `"Targets":null`)
	r.wantPlaces(0, 0, 0)
}

func TestRestoreIsIdempotent(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 2)
	done := r.recallBySender("ann", "")
	r.restore(done.ID, "")
	r.srv.Restart(t)
	again := r.recallBySender("ann", `"Scope":{"LastMsgNum":1}`)
	// Restoring what is restored brings back nothing that another one hides.
	if got := r.restore(done.ID, ""); got[0].Code != 0 || got[0].Restored != 0 {
		t.Errorf("second restore is %+v", got)
	}
	r.wantPlaces(2, 0)
	r.wantStates(done.ID, "restored")
	r.wantStates(again.ID, "active")
	r.wantFeed("recalled ann 1-2", "restored ann 1-2", "recalled ann 2-2")
}

func TestRestoreShowsNothingThatAnotherOperationHides(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 3)
	r.send("bob", 1)
	r.send("ann", 3)
	low := r.recallBySender("ann", `"Scope":{"BeforeSeq":6}`)    // 1-5: 1 2 3 5
	high := r.recallBySender("ann", `"Scope":{"LastMsgNum":5}`)  // 3-7: 3 5 6 7
	inner := r.recallBySender("ann", `"Scope":{"LastMsgNum":1}`) // 7
	for i, want := range []uint32{4, 2, 0} {
		if got := []*recallReply{low, high, inner}[i].Results[0]; got.Recalled != want {
			t.Errorf("operation %d newly recalled %d, want %d", i, got.Recalled, want)
		}
	}
	for _, step := range []struct {
		op               *recallReply
		restored, hidden uint32
		places           []int
	}{
		{low, 2, 2, []int{2, 2, 2, 0, 2, 0, 0}},
		{high, 3, 1, []int{2, 0, 0, 0, 0, 0, 0}},
		{inner, 1, 0, []int{0, 0, 0, 0, 0, 0, 0}},
	} {
		if got := r.restore(step.op.ID, "")[0]; got.Restored != step.restored || got.StillHidden != step.hidden {
			t.Errorf("restore is %+v, want %d and %d", got, step.restored, step.hidden)
		}
		r.wantPlaces(step.places...)
		r.srv.Restart(t)
		r.wantPlaces(step.places...)
	}
}

// classicIDs are the operations of the compatible commands, oldest first.
func (r *room) classicIDs(command string) []string {
	r.t.Helper()
	ids := []string{}
	for _, e := range r.list("").Entries {
		if e.Operation.Command == command {
			ids = append([]string{e.OperationID}, ids...)
		}
	}
	return ids
}

func TestRestoreUndoesTheClassicCommandsToo(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 3)
	r.send("bob", 1)
	r.recall("ann")
	r.call("group_msg_recall", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":4},{"MsgSeq":2}]}`, r.group).MustOK(t)
	r.call("group_msg_recall", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":4}]}`, r.group).MustOK(t)
	r.wantPlaces(2, 2, 2, 2)
	bySender, bySeq := r.classicIDs("delete_group_msg_by_sender")[0], r.classicIDs("group_msg_recall")
	if got := r.restore(bySender, `"Targets":[`+r.target("ann")+`]`)[0]; got.Restored != 2 || got.StillHidden != 1 || got.Sender != "ann" {
		t.Errorf("restore is %+v", got)
	}
	r.wantPlaces(2, 0, 2, 0)
	// A recall by number has a target without sender.
	if got := r.restore(bySeq[0], fmt.Sprintf(`"Targets":[{"GroupId":%q}]`, r.group))[0]; got.Restored != 1 || got.StillHidden != 1 || got.Sender != "" {
		t.Errorf("restore is %+v", got)
	}
	r.wantPlaces(2, 0, 0, 0)
	if got := r.restore(bySeq[1], "")[0]; got.Restored != 1 {
		t.Errorf("restore is %+v", got)
	}
	r.wantPlaces(0, 0, 0, 0)
}

func TestRestoreOfWhatMembersWereToldOf(t *testing.T) {
	r := newRoomWith(t, withHousekeeping, "Public", "ann")
	r.send("ann", 2)
	done := r.recallBySender("ann", `"Notify":"each"`)
	await(t, "the event of each message", func() bool { return len(r.feed("").Events) == 2 })
	if got := r.restore(done.ID, "")[0]; got.Restored != 2 || got.StillHidden != 0 {
		t.Errorf("restore is %+v", got)
	}
	r.wantPlaces(0, 0)
}

func TestRestoredMessagesAreAsTheyWere(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 2)
	r.send("bob", 1)
	before, info := string(r.pull(20).raw), r.info()
	done := r.recallBySender("ann", "")
	r.restore(done.ID, "")
	if after := string(r.pull(20).raw); after != before {
		t.Errorf("history was %s and is %s", before, after)
	}
	if after := r.info(); after != info {
		t.Errorf("group was %s and is %s", info, after)
	}
	// They can be recalled again, and recalled by number.
	if got := r.recallBySender("ann", "").Results[0]; got.Recalled != 2 {
		t.Errorf("recall is %+v", got)
	}
}

func TestRestoreOfWhatWasErased(t *testing.T) {
	r := newRoomWith(t, withHousekeeping, "Public", "ann", "bob")
	r.send("ann", 1)
	r.send("bob", 1)
	done := r.recalls("recall_by_sender", `{"Targets":[`+r.target("ann")+`,`+r.target("bob")+`]}`)
	r.restore(done.ID, `"Targets":[`+r.target("bob")+`]`)
	r.erase(done.ID)
	r.wantStates(done.ID, "erased", "restored")
	r.moderate("restore_recall", `{"OperationId":%q,"Targets":[%s]}`, done.ID, r.target("ann")).WantCode(t, 190006)
	// Beside one that can be restored the erased one has its own code.
	if got := r.restore(done.ID, ""); got[0].Code != 190006 || got[1].Code != 0 {
		t.Errorf("restore is %+v", got)
	}
	r.wantPlaces(0, 1)
}

func TestRestoreOfWhatHasNoMessages(t *testing.T) {
	r := newRoom(t, "Public", "ann") // whose background work never removes what was destroyed
	av := newRoomOn(t, r.srv, "AVChatRoom")
	r.send("ann", 1)
	done := r.recalls("recall_by_sender", `{"Targets":[`+av.target("ann")+`,`+r.target("ann")+`]}`)
	r.call("destroy_group", `{"GroupId":%q}`, r.group).MustOK(t)
	r.wantStates(done.ID, "none", "destroyed")
	got := r.restore(done.ID, "")
	if got[0].Code != 0 || got[0].Restored != 0 || got[1].Code != 10010 || got[1].Restored != 0 {
		t.Errorf("restore is %+v", got)
	}
	// A group of the same name has nothing to do with it.
	r.call("create_group", `{"Type":"Public","Name":"n","GroupId":%q}`, r.group).MustOK(t)
	r.send("ann", 1)
	if got := r.restore(done.ID, ""); got[1].Code != 10010 {
		t.Errorf("restore is %+v", got)
	}
	r.wantLive(1)
}
