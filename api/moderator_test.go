package api_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/recant-chat/recant/api/apitest"
)

// The little language of the tests of recall_http_svc (spec 08), on top of the
// rooms of room_test.go.

// moderate calls a command of recall_http_svc.
func (r *room) moderate(command, format string, args ...any) apitest.Answer {
	r.t.Helper()
	return r.srv.Call(r.t, "recall_http_svc", command, fmt.Sprintf(format, args...))
}

// target is this room and a sender as an element of Targets.
func (r *room) target(sender string) string {
	topic := ""
	if r.topicID != "" {
		topic = fmt.Sprintf(`"TopicId":%q,`, r.topicID)
	}
	return fmt.Sprintf(`{"GroupId":%q,%s"Sender_Account":%q}`, r.group, topic, sender)
}

// recallReply is the answer of a preview or a recall.
type recallReply struct {
	answer  apitest.Answer
	Token   string         `json:"PlanToken"`
	ID      string         `json:"OperationId"`
	Results []recallResult `json:"Results"`
}

type recallResult struct {
	GroupID    string `json:"GroupId"`
	TopicID    string `json:"TopicId"`
	Sender     string `json:"Sender_Account"`
	Code       int    `json:"ErrorCode"`
	Info       string `json:"ErrorInfo"`
	From       uint32 `json:"FromSeq"`
	To         uint32 `json:"ToSeq"`
	Scanned    uint32 `json:"ScannedNum"`
	Matched    uint32 `json:"MatchedNum"`
	Recalled   uint32 `json:"RecalledNum"`
	Already    uint32 `json:"AlreadyRecalledNum"`
	Oldest     int64  `json:"OldestTime"`
	Newest     int64  `json:"NewestTime"`
	MoreBeyond int    `json:"MoreBeyond"`
	NextBefore uint32 `json:"NextBeforeSeq"`
	Samples    []row  `json:"Samples"`
}

func (r *room) recalls(command, body string) *recallReply {
	r.t.Helper()
	a := &recallReply{answer: r.moderate(command, "%s", body).MustOK(r.t)}
	a.answer.Decode(r.t, a)
	return a
}

// preview previews a recall of one sender here; scope is a JSON object or "".
func (r *room) preview(sender, scope string) (result recallResult, token string) {
	r.t.Helper()
	a := r.recalls("preview_recall", `{"Targets":[`+r.target(sender)+`]`+scopeField(scope)+`}`)
	return a.Results[0], a.Token
}

func scopeField(scope string) string {
	if scope == "" {
		return ""
	}
	return `,"Scope":` + scope
}

// recallBySender recalls one sender here; more are other fields of the request.
func (r *room) recallBySender(sender, more string) *recallReply {
	r.t.Helper()
	if more != "" {
		more = "," + more
	}
	return r.recalls("recall_by_sender", `{"Targets":[`+r.target(sender)+`]`+more+`}`)
}

// recallPlan carries out a plan; more are other fields of the request.
func (r *room) recallPlan(token, more string) apitest.Answer {
	r.t.Helper()
	if more != "" {
		more = "," + more
	}
	return r.moderate("recall_by_sender", `{"PlanToken":%q%s}`, token, more)
}

func decodeRecall(t testing.TB, answer apitest.Answer) *recallReply {
	t.Helper()
	a := &recallReply{answer: answer.MustOK(t)}
	answer.Decode(t, a)
	return a
}

// restored is one target of a restore.
type restored struct {
	GroupID     string `json:"GroupId"`
	TopicID     string `json:"TopicId"`
	Sender      string `json:"Sender_Account"`
	Code        int    `json:"ErrorCode"`
	Restored    uint32 `json:"RestoredNum"`
	StillHidden uint32 `json:"StillHiddenNum"`
}

// restore undoes an operation; more are other fields of the request.
func (r *room) restore(operation, more string) []restored {
	r.t.Helper()
	if more != "" {
		more = "," + more
	}
	var answer struct {
		Results []restored `json:"Results"`
	}
	r.moderate("restore_recall", `{"OperationId":%q%s}`, operation, more).MustOK(r.t).Decode(r.t, &answer)
	return answer.Results
}

// operationAnswer is the answer of get_recall_operation.
type operationAnswer struct {
	raw       string
	Operation operation     `json:"Operation"`
	Erasure   *erasure      `json:"Erasure"`
	Log       []auditRecord `json:"Log"`
}

type operation struct {
	ID       string `json:"OperationId"`
	Command  string `json:"Command"`
	Operator string `json:"Operator_Account"`
	Reason   string `json:"Reason"`
	Notify   string `json:"Notify"`
	Preview  string `json:"PreviewId"`
	Hold     int    `json:"Hold"`
	Time     int64  `json:"Time"`
	Targets  []struct {
		GroupID  string  `json:"GroupId"`
		TopicID  string  `json:"TopicId"`
		Sender   string  `json:"Sender_Account"`
		State    string  `json:"State"`
		Code     int     `json:"ErrorCode"`
		From     uint32  `json:"FromSeq"`
		To       uint32  `json:"ToSeq"`
		Recalled *uint32 `json:"RecalledNum"`
		Fence    *struct {
			From  uint32 `json:"FromSeq"`
			Until int64  `json:"Until"`
			Open  int    `json:"Open"`
			To    uint32 `json:"ToSeq"`
		} `json:"Fence"`
		Restored *struct {
			Operator string `json:"Operator_Account"`
			Time     int64  `json:"Time"`
			Reason   string `json:"Reason"`
		} `json:"Restored"`
	} `json:"Targets"`
}

type erasure struct {
	State     string `json:"State"`
	NotBefore int64  `json:"NotBefore"`
	Total     uint32 `json:"TotalNum"`
	Done      uint32 `json:"DoneNum"`
	Held      uint32 `json:"HeldNum"`
}

// auditRecord is an entry of the audit record.
type auditRecord struct {
	ID        string `json:"EntryId"`
	Type      string `json:"Type"`
	Operator  string `json:"Operator_Account"`
	RemoteIP  string `json:"RemoteIP"`
	Random    string `json:"Random"`
	Time      int64  `json:"Time"`
	Reason    string `json:"Reason"`
	NotBefore int64  `json:"NotBefore"`
	Total     uint32 `json:"TotalNum"`
	ChainHash string `json:"ChainHash"`

	OperationID string         `json:"OperationId"`
	Operation   *operation     `json:"Operation"`
	Results     []recallResult `json:"Results"`
}

func (r *room) operation(id string) *operationAnswer {
	r.t.Helper()
	answer := r.moderate("get_recall_operation", `{"OperationId":%q}`, id).MustOK(r.t)
	o := &operationAnswer{raw: string(answer.Raw)}
	answer.Decode(r.t, o)
	return o
}

// states are the states of an operation's targets.
func (r *room) states(id string) []string {
	r.t.Helper()
	var states []string
	for _, t := range r.operation(id).Operation.Targets {
		states = append(states, t.State)
	}
	return states
}

func (r *room) wantStates(id string, want ...string) {
	r.t.Helper()
	if got := r.states(id); !slices.Equal(got, want) {
		r.t.Errorf("targets are %v, want %v", got, want)
	}
}

// auditPage is one answer of list_recall_operations.
type auditPage struct {
	Entries []auditRecord `json:"Operations"`
	Next    string        `json:"Next"`
}

// list asks for a page of the audit record; fields are those of the request.
func (r *room) list(fields string) *auditPage {
	r.t.Helper()
	p := &auditPage{}
	r.moderate("list_recall_operations", "{%s}", fields).MustOK(r.t).Decode(r.t, p)
	return p
}

// ids are the operations of a page.
func (p *auditPage) ids() []string {
	ids := []string{}
	for _, e := range p.Entries {
		ids = append(ids, e.OperationID)
	}
	return ids
}

// everyType asks the audit record for all kinds of entries.
const everyType = `"Types":["preview","recall","restore","erase","hold","export"]`

// feedAnswer is the answer of get_recall_feed.
type feedAnswer struct {
	Events []feedEvent `json:"Events"`
	Next   uint64      `json:"Next"`
}

type feedEvent struct {
	Num    uint64 `json:"Num"`
	Type   string `json:"Type"`
	ID     string `json:"OperationId"`
	Sender string `json:"Sender_Account"`
	From   uint32 `json:"FromSeq"`
	To     uint32 `json:"ToSeq"`
	Seqs   []struct {
		Seq uint32 `json:"MsgSeq"`
	} `json:"MsgSeqList"`
	Time int64 `json:"EventTime"`
}

func (r *room) feed(fields string) *feedAnswer {
	r.t.Helper()
	f := &feedAnswer{}
	topic := ""
	if r.topicID != "" {
		topic = fmt.Sprintf(`,"TopicId":%q`, r.topicID)
	}
	r.moderate("get_recall_feed", `{"GroupId":%q%s%s}`, r.group, topic, fields).MustOK(r.t).Decode(r.t, f)
	return f
}

// tell is the feed's events in short, as "recalled ann 1-3" or "erased 4,5".
func (f *feedAnswer) tell() []string {
	told := []string{}
	for _, e := range f.Events {
		where := fmt.Sprintf("%s %d-%d", e.Sender, e.From, e.To)
		if len(e.Seqs) > 0 {
			var seqs []string
			for _, s := range e.Seqs {
				seqs = append(seqs, fmt.Sprint(s.Seq))
			}
			where = strings.TrimPrefix(e.Sender+" "+strings.Join(seqs, ","), " ")
		}
		told = append(told, e.Type+" "+where)
	}
	return told
}

func (r *room) wantFeed(want ...string) {
	r.t.Helper()
	if got := r.feed("").tell(); !slices.Equal(got, want) {
		r.t.Errorf("feed is %q, want %q", got, want)
	}
}

// wantPlaces checks IsPlaceMsg of the newest messages, newest first, pulled
// with recalled messages.
func (r *room) wantPlaces(want ...int) {
	r.t.Helper()
	var got []int
	for _, row := range r.pullWithRecalled(len(want)).Rows {
		got = append(got, row.Place)
	}
	if !slices.Equal(got, want) {
		r.t.Errorf("IsPlaceMsg, newest first, is %v, want %v", got, want)
	}
}

// withHousekeeping lets the background work run, in rounds so short that a test
// can wait for it.
func withHousekeeping(o *apitest.Options) { o.Housekeeping = 10 * time.Millisecond }

// await waits until background work has come about.
func await(t *testing.T, what string, came func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !came(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not come about", what)
		}
	}
}

// importMany imports n messages of a sender, in batches of what the server takes.
func (r *room) importMany(sender string, n int) {
	r.t.Helper()
	one := fmt.Sprintf(`{"From_Account":%q,"SendTime":%d,"MsgBody":%s}`, sender, r.now(), text("x"))
	for n > 0 {
		batch := min(n, manyMessages)
		n -= batch
		answer := r.importWith(strings.Repeat(one+",", batch-1) + one).MustOK(r.t)
		if strings.Contains(string(answer.Raw), `"Result":1`) {
			r.t.Fatalf("import failed: %.300s", answer.Raw)
		}
	}
}

const manyMessages = 400

func withLargeImports(o *apitest.Options) { o.Settings.ImportMaxBatch = manyMessages }

// callAs calls a command with other parameters in its URL than usual, and with
// headers.
func (r *room) callAs(service, command, body string, parameters map[string]string, header http.Header) string {
	r.t.Helper()
	target := r.srv.Target(service, command)
	for name, value := range parameters {
		target = regexp.MustCompile(name+`=[^&]*`).ReplaceAllLiteralString(target, name+"="+value)
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	res, err := r.srv.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(raw)
}

func codeIn(t *testing.T, raw string) int {
	t.Helper()
	var envelope struct {
		Code int `json:"ErrorCode"`
	}
	if err := json.Unmarshal([]byte(raw), &envelope); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return envelope.Code
}

// erase erases an operation and waits until that is done.
func (r *room) erase(id string) erasure {
	r.t.Helper()
	r.moderate("erase_recalled", `{"OperationId":%q}`, id).MustOK(r.t)
	return r.awaitErasure(id)
}

func (r *room) awaitErasure(id string) erasure {
	r.t.Helper()
	var last *erasure
	await(r.t, "the erasure", func() bool {
		last = r.operation(id).Erasure
		return last != nil && last.State == "done"
	})
	return *last
}
