package api_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/recant-chat/recant/api/apitest"
)

// AfterRecallMsg (spec 04 sections 5.6 and 6.1, spec 08 section 2.2).

func TestARecallIsToldOfOnce(t *testing.T) {
	b := newBackend(t)
	set := b.hooked("Group.CallbackAfterRecallMsg")
	r := newRoomWith(t, func(o *apitest.Options) { set(o); o.Housekeeping = 20 * time.Millisecond }, "Public", "ann", "bob")
	r.send("ann", 4)
	r.send("bob", 1)
	recall := func(notify string) {
		t.Helper()
		r.srv.Call(t, "recall_http_svc", "recall_by_sender", `{"Targets":[`+r.target("ann")+`],"Notify":"`+notify+`"}`).MustOK(t)
	}
	r.recallSeqs(`"MsgSeqList":[{"MsgSeq":2}]`).MustOK(t)
	r.recallSeqs(`"MsgSeqList":[{"MsgSeq":2}]`).MustOK(t) // again
	recall("silent")
	r.recallSeqs(`"MsgSeqList":[{"MsgSeq":2},{"MsgSeq":1}]`).MustOK(t) // 1 was recalled in silence
	recall("each")
	b.wait("", 3)
	recall("each") // nothing is new
	recall("summary")
	calls := b.wait("", 4)
	var got []string
	for _, c := range calls {
		var told struct {
			Seqs []struct {
				Seq int `json:"MsgSeq"`
			} `json:"MsgSeqList"`
			Operator, Sender string
			From             int `json:"FromSeq"`
			To               int `json:"ToSeq"`
		}
		c.decode(t, &told)
		got = append(got, fmt.Sprint(told.Seqs, told.From, told.To))
	}
	if want := "[[{2}] 0 0 [{1}] 0 0 [{3} {4}] 0 0 [] 1 5]"; fmt.Sprint(got) != want {
		t.Errorf("told of %v, want %s", got, want)
	}
}
