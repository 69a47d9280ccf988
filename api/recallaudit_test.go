package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/api/usersig"
)

// get_recall_operation and list_recall_operations (spec 08 section 2.4).

func TestOperationAnswersEveryField(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	at := r.now()
	r.send("ann", 2)
	_, token := r.preview("ann", `{"LastMsgNum":5,"AfterTime":7}`)
	preview := r.list(`"Types":["preview"]`).Entries[0].ID
	done := decodeRecall(t, r.recallPlan(token, `"Reason":"spam","Notify":"summary","FenceSeconds":60`))
	want := fmt.Sprintf(`{"OperationId":%q,"Command":"recall_by_sender","Operator_Account":"administrator","RemoteIP":"127.0.0.1","Random":"1","Time":%d,
		"Reason":"spam","Notify":"summary","FenceSeconds":60,"Scope":{"LastMsgNum":5,"BeforeSeq":0,"AfterTime":7,"BeforeTime":0},"PreviewId":%q,"Hold":0,
		"Targets":[{"GroupId":%q,"Sender_Account":"ann","State":"active","ErrorCode":0,"ErrorInfo":"","FromSeq":1,"ToSeq":2,"RecalledNum":2,
			"AlreadyRecalledNum":0,"Fence":{"FromSeq":3,"Until":%d,"Open":1,"ToSeq":0},"Hold":0}]}`, done.ID, at, preview, r.group, at+60)
	event := fmt.Sprintf(`{"EntryId":%q,"Type":"recall","Operator_Account":"administrator","RemoteIP":"127.0.0.1","Random":"1","Time":%d,"Reason":"spam"`, done.ID, at)
	r.moderate("get_recall_operation", `{"OperationId":%q}`, done.ID).WantJSON(t,
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Operation":`+want+`,"Log":[`+event+`}]}`)
	r.moderate("list_recall_operations", `{}`).WantJSON(t,
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Operations":[`+event+`,"OperationId":"`+done.ID+`","Operation":`+want+`}],"Next":""}`)
}

func TestOperationsOfTheClassicCommands(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	at := r.now()
	r.send("ann", 2)
	r.send("bob", 1)
	// What they answer is what it always was, byte for byte.
	if got := r.call("delete_group_msg_by_sender", `{"GroupId":%q,"Sender_Account":"ann"}`, r.group); string(got.Raw) != `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}` {
		t.Errorf("answer is %s", got.Raw)
	}
	const items = `[{"MsgSeq":3,"RetCode":0},{"MsgSeq":9,"RetCode":10030},{"MsgSeq":1,"RetCode":0}]`
	if got := r.call("group_msg_recall", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":3},{"MsgSeq":9},{"MsgSeq":1}],"Reason":"off topic"}`, r.group); string(got.Raw) !=
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"RecallRetList":`+items+`,"Results":`+items+`}` {
		t.Errorf("answer is %s", got.Raw)
	}
	ids := r.list("").ids()
	if len(ids) != 2 {
		t.Fatalf("operations are %v", ids)
	}
	common := fmt.Sprintf(`"Operator_Account":"administrator","RemoteIP":"127.0.0.1","Random":"1","Time":%d`, at)
	r.moderate("get_recall_operation", `{"OperationId":%q}`, ids[0]).WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,
		"Operation":{"OperationId":%q,"Command":"group_msg_recall",%s,"Reason":"off topic","Notify":"each","FenceSeconds":0,"Hold":0,
			"Targets":[{"GroupId":%q,"State":"active","ErrorCode":0,"ErrorInfo":"","MsgSeqList":[{"MsgSeq":1},{"MsgSeq":3}],"Hold":0}]},
		"Log":[{"EntryId":%[1]q,"Type":"recall",%[2]s,"Reason":"off topic"}]}`, ids[0], common, r.group))
	r.moderate("get_recall_operation", `{"OperationId":%q}`, ids[1]).WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,
		"Operation":{"OperationId":%q,"Command":"delete_group_msg_by_sender",%s,"Reason":"","Notify":"silent","FenceSeconds":0,"Hold":0,
			"Targets":[{"GroupId":%q,"Sender_Account":"ann","State":"active","ErrorCode":0,"ErrorInfo":"","FromSeq":1,"ToSeq":3,"Hold":0}]},
		"Log":[{"EntryId":%[1]q,"Type":"recall",%[2]s,"Reason":""}]}`, ids[1], common, r.group))
	// A recall by number is found by whose messages they were.
	if got := r.list(`"Sender_Account":"bob"`).ids(); !slices.Equal(got, ids[:1]) {
		t.Errorf("operations on bob are %v", got)
	}
}

func TestClassicCallsThatDoNothingAreNotRecorded(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	av := newRoomOn(t, r.srv, "AVChatRoom")
	r.recall("ann") // of an empty stream
	av.send("ann", 1)
	av.recall("ann")
	r.send("ann", 1)
	r.call("group_msg_recall", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":7}]}`, r.group).MustOK(t)
	r.call("delete_group_msg_by_sender", `{"GroupId":"nowhere","Sender_Account":"ann"}`).WantCode(t, 10010)
	if got := r.list(everyType); len(got.Entries) != 0 {
		t.Errorf("entries are %+v", got.Entries)
	}
}

// moderatorNamed makes a second administrator, and returns the parameters of its calls.
func moderatorNamed(t *testing.T, name, random string) map[string]string {
	t.Helper()
	sig, err := usersig.Sign(apitest.SDKAppID, apitest.Key, name, 100*365*24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"identifier": name, "usersig": sig, "random": random}
}

func withModerator(o *apitest.Options) {
	o.Application.Admins = append(o.Application.Admins, "mod")
	o.Housekeeping = 10 * time.Millisecond
}

func TestEveryKindOfEntrySaysWhoAndWhyAndFromWhere(t *testing.T) {
	r := newRoomWith(t, withModerator, "Public", "ann", "bob")
	r.send("ann", 2)
	id := r.recallBySender("ann", `"Reason":"first"`).ID
	other := r.recallBySender("ann", "").ID
	mod := moderatorNamed(t, "mod", "314159265358979323846")
	var wanted []string // as "type reason operation", oldest first
	for _, c := range []struct{ command, body, want string }{
		{"preview_recall", `{"Targets":[` + r.target("ann") + `]}`, "preview  "},
		{"recall_by_sender", `{"Targets":[` + r.target("bob") + `],"Reason":"third"}`, "recall third NEWEST"},
		{"set_recall_hold", `{"OperationId":"FIRST","Hold":1,"Reason":"court"}`, "hold court FIRST"},
		{"export_recall_evidence", `{"OperationId":"FIRST"}`, "export  FIRST"},
		{"set_recall_hold", `{"OperationId":"FIRST","Hold":0,"Reason":"over"}`, "release over FIRST"},
		{"restore_recall", `{"OperationId":"FIRST","Reason":"appeal"}`, "restore appeal FIRST"},
		{"erase_recalled", `{"OperationId":"OTHER","NotBefore":1760000000}`, "erase  OTHER"},
	} {
		r.wait(60)
		named := strings.NewReplacer("FIRST", id, "OTHER", other)
		if raw := r.callAs("recall_http_svc", c.command, named.Replace(c.body), mod, nil); codeIn(t, raw) != 0 {
			t.Fatalf("%s answered %s", c.command, raw)
		}
		want := named.Replace(c.want)
		if strings.HasSuffix(want, "NEWEST") {
			want = strings.ReplaceAll(want, "NEWEST", r.list("").ids()[0])
		}
		wanted = append(wanted, want)
	}
	entries := r.list(everyType + `,"Operator_Account":"mod"`).Entries
	slices.Reverse(entries)
	var got []string
	for i, e := range entries {
		got = append(got, e.Type+" "+e.Reason+" "+e.OperationID)
		if e.Operator != "mod" || e.RemoteIP != "127.0.0.1" || e.Random != "314159265358979323846" || e.Time != apitest.Start.Unix()+60*int64(i+1) || e.ID == "" {
			t.Errorf("entry is %+v", e)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(wanted) {
		t.Errorf("entries are\n%q, want\n%q", got, wanted)
	}
	// The operations' own logs have the same entries, with the recall at first.
	var log []string
	for _, e := range r.operation(id).Log {
		log = append(log, e.Type+":"+e.Operator)
	}
	if fmt.Sprint(log) != "[recall:administrator hold:mod export:mod release:mod restore:mod]" {
		t.Errorf("log is %v", log)
	}
	last := r.operation(other).Log
	if len(last) != 2 || last[1].Type != "erase" || last[1].NotBefore != 1760000000 {
		t.Errorf("log is %+v", last)
	}
}

func TestEntriesHaveTheCallersAddressBehindAProxy(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.API.TrustedProxies = []string{"127.0.0.1"} }, "Public", "ann")
	r.send("ann", 1)
	r.callAs("recall_http_svc", "recall_by_sender", `{"Targets":[`+r.target("ann")+`]}`, nil, http.Header{"X-Forwarded-For": {"203.0.113.9"}})
	if e := r.list("").Entries[0]; e.RemoteIP != "203.0.113.9" {
		t.Errorf("entry is %+v", e)
	}
}

func TestOperationsThatDoNotExist(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	for _, command := range []string{"get_recall_operation", "restore_recall", "erase_recalled", "set_recall_hold", "export_recall_evidence"} {
		for body, code := range map[string]int{
			`{"Hold":1}`:                    10004,
			`{"OperationId":null,"Hold":1}`: 10004,
			`{"OperationId":[],"Hold":1}`:   10004,
			`{"OperationId":"","Hold":1}`:   10004, // as every required id
			`{"OperationId":"g","Hold":1}`:  190004,
			`{"OperationId":"0199c82e-46a0-7000-b111-905aac38cbc9","Hold":1}`: 190004,
		} {
			r.srv.Call(t, "recall_http_svc", command, body).WantCode(t, code)
		}
	}
	if got := r.list(everyType); len(got.Entries) != 0 {
		t.Errorf("entries are %+v", got.Entries)
	}
}

func TestListRefusesBadFields(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	for body, code := range map[string]int{
		`{}`: 0, `{"Limit":1}`: 0, `{"Limit":100}`: 0, `{"Limit":101}`: 10004, `{"Limit":-1}`: 10004, `{"Limit":"1"}`: 10004,
		`{"FromTime":-1}`: 10004, `{"ToTime":-1}`: 10004, `{"FromTime":9223372036854775807}`: 0, `{"ToTime":9223372036854775807}`: 0,
		`{"Types":[]}`: 0, `{"Types":["recall","export"]}`: 0, `{"Types":["release"]}`: 10004, `{"Types":["Recall"]}`: 10004, `{"Types":[""]}`: 10004,
		`{"Next":""}`: 0, `{"Next":"x"}`: 10004, `{"Next":7}`: 10004,
		`{"Sender_Account":7,"Limit":0.5}`: 60015, `{"Operator_Account":{}}`: 60015, `{"GroupId":5}`: 10004,
		// Filters that match nothing are no errors.
		`{"GroupId":""}`: 0, `{"GroupId":"nowhere","TopicId":"x"}`: 0, `{"Sender_Account":"` + strings.Repeat("s", 99) + `"}`: 0,
	} {
		t.Run(body, func(t *testing.T) { r.srv.Call(t, "recall_http_svc", "list_recall_operations", body).WantCode(t, code) })
	}
}

func TestListFilters(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Application.Admins = append(o.Application.Admins, "mod") }, "Public", "ann", "bob")
	town := newRoomOn(t, r.srv, "Public", "ann", "bob")
	r.send("ann", 1)
	town.send("bob", 1)
	name := map[string]string{} // of operations
	start := r.now()
	note := func(n, id string) {
		name[id] = n
		r.wait(10)
	}
	note("A", r.recallBySender("ann", "").ID)
	note("B", r.recallBySender("bob", "").ID)
	note("C", town.recallBySender("bob", "").ID)
	note("D", r.recalls("recall_by_sender", `{"Targets":[`+r.target("ann")+`,`+town.target("ann")+`,{"GroupId":"nowhere","Sender_Account":"eve"}]}`).ID)
	raw := r.callAs("recall_http_svc", "recall_by_sender", `{"Targets":[`+town.target("ann")+`]}`, moderatorNamed(t, "mod", "5"), nil)
	_, id, _ := strings.Cut(raw, `"OperationId":"`)
	note("E", id[:36])
	at := func(n int64) int64 { return start + 10*n }
	for _, c := range []struct{ query, want string }{
		{``, "EDCBA"},
		{`"GroupId":"` + r.group + `"`, "DBA"},
		{`"GroupId":"` + town.group + `"`, "EDC"},
		{`"GroupId":"nowhere"`, "D"},
		{`"GroupId":"none"`, ""},
		{`"Sender_Account":"ann"`, "EDA"},
		{`"Sender_Account":"bob"`, "CB"},
		{`"Sender_Account":"eve"`, "D"},
		{`"Sender_Account":"an"`, ""},
		{`"GroupId":"` + r.group + `","Sender_Account":"ann"`, "DA"},
		{`"GroupId":"` + r.group + `","Sender_Account":"eve"`, ""}, // of one and the same target
		{`"Operator_Account":"administrator"`, "DCBA"},
		{`"Operator_Account":"mod"`, "E"},
		{`"Operator_Account":"mod","GroupId":"` + town.group + `","Sender_Account":"ann"`, "E"},
		{`"Operator_Account":"mod","GroupId":"` + r.group + `"`, ""},
		{`"TopicId":"x"`, ""},
		{fmt.Sprintf(`"FromTime":%d`, at(2)), "EDC"},
		{fmt.Sprintf(`"FromTime":%d`, at(2)+1), "ED"},
		{fmt.Sprintf(`"ToTime":%d`, at(2)), "CBA"},
		{fmt.Sprintf(`"ToTime":%d`, at(2)-1), "BA"},
		{fmt.Sprintf(`"FromTime":%d,"ToTime":%d`, at(1), at(3)), "DCB"},
		{fmt.Sprintf(`"FromTime":%d,"ToTime":%d,"Sender_Account":"bob"`, at(2), at(3)), "C"},
		{fmt.Sprintf(`"FromTime":%d,"ToTime":%d`, at(3), at(1)), ""},
		{`"FromTime":1,"ToTime":281474976710`, "EDCBA"},
		{`"ToTime":281474976711`, "EDCBA"},
		{`"ToTime":9223372036854775807`, "EDCBA"},
		{`"FromTime":9223372036854775807`, ""},
	} {
		got := ""
		for _, id := range r.list(c.query).ids() {
			got += name[id]
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.query, got, c.want)
		}
		// The same, one by one.
		got = ""
		for next := ""; ; {
			p := r.list(strings.TrimSuffix(c.query+`,`, `,`) + strings.Repeat(",", min(1, len(c.query))) + fmt.Sprintf(`"Limit":1,"Next":%q`, next))
			for _, id := range p.ids() {
				got += name[id]
			}
			if next = p.Next; next == "" {
				break
			}
		}
		if got != c.want {
			t.Errorf("%s: one by one %q, want %q", c.query, got, c.want)
		}
	}
}

func TestListOfTopics(t *testing.T) {
	town := newCommunity(t, "ann")
	one, two := town.topic("one"), town.topic("two")
	first, second, own := one.recallBySender("ann", "").ID, two.recallBySender("ann", "").ID, town.recallBySender("ann", "").ID
	if got := town.list(fmt.Sprintf(`"GroupId":%q`, town.group)).ids(); !slices.Equal(got, []string{own, second, first}) {
		t.Errorf("operations of the community are %v", got)
	}
	for _, query := range []string{fmt.Sprintf(`"GroupId":%q,"TopicId":%q`, town.group, two.topicID), fmt.Sprintf(`"TopicId":%q`, two.topicID)} {
		if got := town.list(query).ids(); !slices.Equal(got, []string{second}) {
			t.Errorf("operations of the topic are %v", got)
		}
	}
}

func TestListPagesAcrossMonthsAndRestarts(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	var ids []string // newest first
	for range 5 {
		for range 3 {
			ids = append([]string{r.recallBySender("ann", "").ID}, ids...)
		}
		r.srv.Clock.Advance(31 * day)
	}
	for _, query := range []string{``, `"GroupId":"` + r.group + `",`, `"Sender_Account":"ann",`, `"Operator_Account":"administrator",`} {
		var got []string
		pages := 0
		for next := ""; ; pages++ {
			p := r.list(query + fmt.Sprintf(`"Limit":4,"Next":%q`, next))
			got = append(got, p.ids()...)
			if next = p.Next; next == "" {
				break
			}
			if pages == 1 { // what is new does not disturb the walk
				r.recallBySender("ann", "")
				r.srv.Restart(t)
			}
		}
		// Those that were made while a page was read are not in it.
		got = got[len(got)-len(ids):]
		if !slices.Equal(got, ids) {
			t.Errorf("%s: operations are %v, want %v", query, got, ids)
		}
	}
	// Of a month in the middle.
	from := apitest.Start.Add(2 * 31 * day).Unix()
	if got := r.list(fmt.Sprintf(`"FromTime":%d,"ToTime":%[1]d`, from)).ids(); !slices.Equal(got, ids[6:9]) {
		t.Errorf("operations of a day in the middle are %v, want %v", got, ids[6:9])
	}
	// What is said later about an old operation is in its log.
	r.restore(ids[len(ids)-1], `"Reason":"late"`)
	if log := r.operation(ids[len(ids)-1]).Log; len(log) != 2 || log[1].Reason != "late" || log[1].Time != r.now() {
		t.Errorf("log is %+v", log)
	}
}

func TestListDefaultsTo20Recalls(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	for range 101 {
		r.recallBySender("ann", "")
	}
	r.preview("ann", "")
	if got := r.list(""); len(got.Entries) != 20 || got.Next == "" || got.Entries[0].Type != "recall" {
		t.Errorf("%d entries, Next %q", len(got.Entries), got.Next)
	}
	if got := r.list(`"Limit":100`); len(got.Entries) != 100 || got.Next == "" {
		t.Errorf("%d entries, Next %q", len(got.Entries), got.Next)
	}
	if got := r.list(everyType + `,"Limit":2`); got.Entries[0].Type != "preview" || got.Entries[1].Type != "recall" {
		t.Errorf("entries are %+v", got.Entries)
	}
}

func TestListTellsOfPreviews(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	at := r.now()
	r.send("ann", 1)
	r.preview("ann", "")
	got := r.moderate("list_recall_operations", `{"Types":["preview"]}`)
	var page auditPage
	got.Decode(t, &page)
	got.WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Next":"","Operations":[{"EntryId":%q,"Type":"preview",
		"Operator_Account":"administrator","RemoteIP":"127.0.0.1","Random":"1","Time":%d,"Reason":"","Results":[{"GroupId":%q,"Sender_Account":"ann",
		"ErrorCode":0,"ErrorInfo":"","FromSeq":1,"ToSeq":1,"ScannedNum":1,"AlreadyRecalledNum":0,"OldestTime":%[2]d,"NewestTime":%[2]d,
		"MoreBeyond":0,"NextBeforeSeq":0,"MatchedNum":1}]}]}`, page.Entries[0].ID, at, r.group))
}

func TestListTellsOfRestores(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	id := r.recallBySender("ann", "").ID
	r.restore(id, `"Reason":"sorry"`)
	got := r.moderate("list_recall_operations", `{"Types":["restore"]}`)
	var page auditPage
	got.Decode(t, &page)
	got.WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Next":"","Operations":[{"EntryId":%q,"Type":"restore","OperationId":%q,
		"Operator_Account":"administrator","RemoteIP":"127.0.0.1","Random":"1","Time":%d,"Reason":"sorry","Targets":[{"GroupId":%q,"Sender_Account":"ann","ErrorCode":0,"ErrorInfo":"","RestoredNum":1,"StillHiddenNum":0}]}]}`,
		page.Entries[0].ID, id, r.now(), r.group))
}

// The list of recalls says of what was restored by whom, so that nobody has to ask
// for each.
func TestRestoredTargetsSayWhoRestoredThem(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 1)
	both := fmt.Sprintf(`{"Targets":[%s,%s]}`, r.target("ann"), r.target("bob"))
	id := r.recalls("recall_by_sender", both).ID
	r.srv.Clock.Advance(minute)
	r.restore(id, `"Reason":"sorry","Targets":[`+r.target("ann")+`]`)
	restored := r.now()
	r.srv.Clock.Advance(minute)
	r.restore(id, `"Reason":"again","Targets":[`+r.target("ann")+`]`) // changes nothing
	targets := r.list("").Entries[0].Operation.Targets
	if got := targets[0].Restored; got == nil || got.Operator != "administrator" || got.Time != restored || got.Reason != "sorry" {
		t.Errorf("the restored target says %+v", got)
	}
	if got := targets[1].Restored; got != nil {
		t.Errorf("the other target says %+v", got)
	}
}

// A page looks at 1,000 entries and no more; one that finds little among them
// says where to go on.
func TestListOfWhatIsRareEndsItsPageEarly(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	first := r.recallBySender("bob", "").ID
	for range 1000 {
		r.recallBySender("ann", "")
	}
	query := fmt.Sprintf(`"GroupId":%q,"Sender_Account":"bob"`, r.group)
	p := r.list(query)
	if len(p.Entries) != 0 || p.Next == "" {
		t.Fatalf("page is %+v", p)
	}
	if p = r.list(query + fmt.Sprintf(`,"Next":%q`, p.Next)); !slices.Equal(p.ids(), []string{first}) || p.Next != "" {
		t.Errorf("page is %+v", p)
	}
}

func TestRecallCommandsAreForAdministratorsAlone(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	id := r.recallBySender("ann", "").ID
	ann := moderatorNamed(t, "ann", "1")
	for command, body := range map[string]string{
		"preview_recall": `{"Targets":[` + r.target("ann") + `]}`, "recall_by_sender": `{"Targets":[` + r.target("ann") + `]}`,
		"restore_recall": `{"OperationId":"` + id + `"}`, "get_recall_operation": `{"OperationId":"` + id + `"}`,
		"list_recall_operations": `{}`, "get_recall_feed": `{"GroupId":"` + r.group + `"}`, "erase_recalled": `{"OperationId":"` + id + `"}`,
		"set_recall_hold": `{"OperationId":"` + id + `","Hold":1}`, "export_recall_evidence": `{"OperationId":"` + id + `"}`,
	} {
		if raw := r.callAs("recall_http_svc", command, body, ann, nil); codeIn(t, raw) != 60010 {
			t.Errorf("%s answered %s", command, raw)
		}
	}
	r.wantRecalled("ann", 1)
	r.srv.Call(t, "recall_http_svc", "recall_all", `{}`).WantCode(t, 60009)
	// They are served under their own service alone, and it serves no others.
	r.srv.Call(t, "group_open_http_svc", "preview_recall", `{}`).WantCode(t, 10003)
	r.srv.Call(t, "recall_http_svc", "delete_group_msg_by_sender", `{}`).WantCode(t, 60009)
}

// auditedRestore is what the log of an operation says of a restore.
type auditedRestore struct {
	Type    string
	Targets []struct {
		GroupId     string
		ErrorCode   int
		RestoredNum int
	}
}

// Who reads the log can tell a restore from one that was refused.
func TestTheLogOfARecallSaysWhatCameOfARestore(t *testing.T) {
	r := newRoomWith(t, withHousekeeping, "Public", "ann")
	r.send("ann", 3)
	recall := func(command, format string, args ...any) (operation string) {
		t.Helper()
		var answer struct{ OperationId string }
		got := r.srv.Call(t, "recall_http_svc", command, fmt.Sprintf(format, args...))
		got.Decode(t, &answer)
		return answer.OperationId
	}
	log := func(operation string) []auditedRestore {
		t.Helper()
		var answer struct{ Log []auditedRestore }
		r.srv.Call(t, "recall_http_svc", "get_recall_operation", fmt.Sprintf(`{"OperationId":%q}`, operation)).MustOK(t).Decode(t, &answer)
		return answer.Log
	}
	one := recall("recall_by_sender", `{"Targets":[{"GroupId":%q,"Sender_Account":"ann"}]}`, r.group)
	recall("restore_recall", `{"OperationId":%q}`, one)
	entries := log(one)
	if last := entries[len(entries)-1]; last.Type != "restore" || len(last.Targets) != 1 || last.Targets[0].GroupId != r.group ||
		last.Targets[0].ErrorCode != 0 || last.Targets[0].RestoredNum != 3 {
		t.Errorf("the log ends with %+v", last)
	}

	two := recall("recall_by_sender", `{"Targets":[{"GroupId":%q,"Sender_Account":"ann"}]}`, r.group)
	recall("erase_recalled", `{"OperationId":%q}`, two)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		var answer struct{ Erasure struct{ State string } }
		r.srv.Call(t, "recall_http_svc", "get_recall_operation", fmt.Sprintf(`{"OperationId":%q}`, two)).Decode(t, &answer)
		if answer.Erasure.State == "done" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the erasure does not end")
		}
	}
	r.srv.Call(t, "recall_http_svc", "restore_recall", fmt.Sprintf(`{"OperationId":%q}`, two)).WantCode(t, 190006)
	entries = log(two)
	if last := entries[len(entries)-1]; last.Type != "restore" || last.Targets[0].ErrorCode != 190006 || last.Targets[0].RestoredNum != 0 {
		t.Errorf("the log ends with %+v", last)
	}
}
