package api_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// export_recall_evidence (spec 08 section 2.7).

type evidencePage struct {
	raw       []byte
	Messages  []evidence `json:"Messages"`
	Next      string     `json:"Next"`
	Total     uint32     `json:"TotalNum"`
	ChainHash string     `json:"ChainHash"`
}

type evidence struct {
	Group        string         `json:"GroupId"`
	Topic        string         `json:"TopicId"`
	From         string         `json:"From_Account"`
	Seq          uint32         `json:"MsgSeq"`
	Body         jsontext.Value `json:"MsgBody"`
	Erased       int            `json:"Erased"`
	StoredHeader string         `json:"StoredHeader"`
	StoredBody   string         `json:"StoredBody"`
	Hash         string         `json:"Hash"`
}

func (r *room) exportPage(id, next string) *evidencePage {
	r.t.Helper()
	answer := r.moderate("export_recall_evidence", `{"OperationId":%q,"Next":%q}`, id, next).MustOK(r.t)
	p := &evidencePage{raw: answer.Raw}
	answer.Decode(r.t, p)
	return p
}

// export reads all pages, recomputes the chain and returns the messages.
// between runs after each page but the last.
func (r *room) export(id string, between func()) (messages []evidence, chain string, pages int) {
	r.t.Helper()
	sum := make([]byte, sha256.Size)
	for next := ""; ; {
		p := r.exportPage(id, next)
		pages++
		if len(p.raw) > 1_000_000 {
			r.t.Errorf("page %d has %d bytes", pages, len(p.raw))
		}
		for _, m := range p.Messages {
			header, err := base64.StdEncoding.DecodeString(m.StoredHeader)
			if err != nil {
				r.t.Fatal(err)
			}
			body, err := base64.StdEncoding.DecodeString(m.StoredBody)
			if err != nil {
				r.t.Fatal(err)
			}
			h := sha256.New()
			h.Write(sum)
			h.Write(header)
			h.Write(body)
			if sum = h.Sum(nil); m.Hash != hex.EncodeToString(sum) {
				r.t.Errorf("hash of %d is %s, want %x", m.Seq, m.Hash, sum)
			}
			if m.Erased == 0 && !strings.Contains(string(body), string(m.Body)) {
				r.t.Errorf("stored bytes of %d do not hold its body %s", m.Seq, m.Body)
			}
		}
		messages = append(messages, p.Messages...)
		if int(p.Total) != len(messages) {
			r.t.Errorf("TotalNum is %d after %d messages", p.Total, len(messages))
		}
		if next = p.Next; next == "" {
			if p.ChainHash != hex.EncodeToString(sum) {
				r.t.Errorf("ChainHash is %s, want %x", p.ChainHash, sum)
			}
			return messages, p.ChainHash, pages
		}
		if p.ChainHash != "" {
			r.t.Errorf("page %d has ChainHash %s", pages, p.ChainHash)
		}
		if between != nil {
			between()
		}
	}
}

func seqsOf(messages []evidence) []uint32 {
	seqs := []uint32{}
	for _, m := range messages {
		seqs = append(seqs, m.Seq)
	}
	return seqs
}

func TestEvidenceAnswersEveryField(t *testing.T) {
	r, created := newOldRoom(t, "Public", "ann", "bob")
	body := `[{"MsgType":"TIMCustomElem", "MsgContent":{"Data":"\u0001é\/","N":1.000000000000000001}}]`
	r.importWith(fmt.Sprintf(`{"From_Account":"ann","SendTime":%d,"Random":7,"MsgBody":%s}`, created, body)).MustOK(t)
	r.call("send_group_msg", `{"GroupId":%q,"From_Account":"ann","Random":8,"MsgPriority":"High","CloudCustomData":"custom","MsgBody":%s}`, r.group, text("x")).MustOK(t)
	id := r.recallBySender("ann", "").ID
	p := r.exportPage(id, "")
	if !strings.Contains(string(p.raw), `"MsgBody":`+body+`,`) {
		t.Errorf("body is not byte for byte what was sent: %s", p.raw)
	}
	message := func(m evidence, more string) string {
		return fmt.Sprintf(`{"GroupId":%q,"From_Account":"ann","MsgSeq":%d,"StoredHeader":%q,"StoredBody":%q,"Hash":%q,%s}`,
			r.group, m.Seq, m.StoredHeader, m.StoredBody, m.Hash, more)
	}
	r.moderate("export_recall_evidence", `{"OperationId":%q}`, id).WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Messages":[%s,%s],"Next":"","TotalNum":2,"ChainHash":%q}`,
		message(p.Messages[0], fmt.Sprintf(`"MsgTimeStamp":%d,"ArrivalTime":%d,"MsgRandom":7,"MsgPriority":2,"MsgBody":%s`, created, r.now(), body)),
		message(p.Messages[1], fmt.Sprintf(`"MsgTimeStamp":%d,"ArrivalTime":%[1]d,"MsgRandom":8,"MsgPriority":1,"MsgBody":%s,"CloudCustomData":"custom"`, r.now(), text("x"))),
		p.Messages[1].Hash))
}

func TestEvidenceIsWhatTheOperationRecalled(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	other := newRoomOn(t, r.srv, "Public", "ann")
	r.send("ann", 2)
	r.send("bob", 1)
	r.writeTip()
	r.send("ann", 1)
	other.send("ann", 2)
	done := r.recalls("recall_by_sender", `{"Targets":[`+other.target("ann")+`,{"GroupId":"nowhere","Sender_Account":"ann"},`+r.target("ann")+`],"Scope":{"BeforeSeq":6}}`)
	r.send("ann", 1)
	messages, chain, _ := r.export(done.ID, nil)
	if got := seqsOf(messages); !slices.Equal(got, []uint32{1, 2, 1, 2, 5}) || messages[0].Group != other.group || messages[2].Group != r.group {
		t.Errorf("messages are %+v", messages)
	}
	// It stays the same, also once the recall is undone.
	r.restore(done.ID, "")
	r.srv.Restart(t)
	if _, again, _ := r.export(done.ID, nil); again != chain {
		t.Errorf("chain is %s and was %s", again, chain)
	}
}

func TestEvidenceOfNothing(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	id := r.recallBySender("ann", "").ID
	zeros := strings.Repeat("0", 64)
	r.moderate("export_recall_evidence", `{"OperationId":%q}`, id).WantJSON(t,
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Messages":[],"Next":"","TotalNum":0,"ChainHash":"`+zeros+`"}`)
}

func TestEvidenceOfClassicRecallsAndFences(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 2)
	r.send("bob", 1)
	r.recall("ann")
	r.call("group_msg_recall", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":3},{"MsgSeq":1}]}`, r.group).MustOK(t)
	ids := r.list("").ids()
	for i, want := range [][]uint32{{1, 3}, {1, 2}} {
		if messages, _, _ := r.export(ids[i], nil); !slices.Equal(seqsOf(messages), want) {
			t.Errorf("messages are %+v, want %v", messages, want)
		}
	}
	fence := r.recallBySender("ann", `"FenceSeconds":60,"Scope":{"LastMsgNum":1}`).ID
	r.send("ann", 1)
	r.wait(61)
	r.send("ann", 1)
	if messages, _, _ := r.export(fence, nil); !slices.Equal(seqsOf(messages), []uint32{4}) {
		t.Errorf("messages are %+v, want number 4", messages)
	}
}

// Texts that take the most room as JSON: control characters, and the longest
// messages there are.
func TestEvidenceComesInPagesBelow1MB(t *testing.T) {
	town := newCommunity(t, "ann")
	topic := town.topic("one")
	const n = 90
	for i := range n {
		body, custom := text(strings.Repeat("x", 12_000)), ""
		if i%2 == 1 {
			body, custom = text("x"), strings.Repeat(`\u0001`, 12_200)
		}
		topic.call("send_group_msg", `{"GroupId":%q,"TopicId":%q,"From_Account":"ann","Random":%d,"CloudCustomData":"%s","MsgBody":%s}`,
			topic.group, topic.topicID, i, custom, body).MustOK(t)
	}
	id := topic.recallBySender("ann", "").ID
	messages, chain, pages := topic.export(id, func() { topic.srv.Restart(t) }) // its Next outlives a restart
	if pages < 3 || len(messages) != n || messages[n-1].Seq != n || messages[0].Topic != topic.topicID {
		t.Errorf("%d messages in %d pages", len(messages), pages)
	}
	// All pages are one entry of the record, which the last one completes.
	log := topic.operation(id).Log
	if len(log) != 2 || log[1].Type != "export" || log[1].Total != n || log[1].ChainHash != chain {
		t.Errorf("log is %+v", log)
	}
	topic.wait(1)
	first := topic.exportPage(id, "")
	if log = topic.operation(id).Log; len(log) != 3 || log[2].Total != 0 || log[2].ChainHash != "" {
		t.Errorf("log of an export that is not over is %+v", log)
	}
	// A page can be asked for again.
	if a, b := topic.exportPage(id, first.Next), topic.exportPage(id, first.Next); a.Messages[0].Hash != b.Messages[0].Hash || len(a.Messages) != len(b.Messages) {
		t.Error("the same page differs")
	}
	// Next is of its operation.
	other := topic.recallBySender("ann", "").ID
	for _, c := range []struct{ id, next string }{{other, first.Next}, {id, first.Next + "A"}, {id, "x"}, {id, first.Next[1:]}} {
		topic.moderate("export_recall_evidence", `{"OperationId":%q,"Next":%q}`, c.id, c.next).WantCode(t, 10004)
	}
	topic.moderate("export_recall_evidence", `{"OperationId":%q,"Next":7}`, id).WantCode(t, 10004)
}

func TestEvidenceOfWhatWasErased(t *testing.T) {
	r := newRoomWith(t, withHousekeeping, "Public", "ann")
	r.send("ann", 2)
	id := r.recallBySender("ann", "").ID
	before, chain, _ := r.export(id, nil)
	r.erase(id)
	after, other, _ := r.export(id, nil)
	if len(after) != 2 || after[0].Erased != 1 || after[0].StoredBody != "" || string(after[0].Body) != "[]" || after[0].StoredHeader == before[0].StoredHeader {
		t.Errorf("messages are %+v", after)
	}
	if other == chain {
		t.Error("the chain is that of the originals")
	}
	// That it was exported, and what the chain was, is in the record.
	if log := r.operation(id).Log; log[1].ChainHash != chain {
		t.Errorf("log is %+v", log)
	}
}
