package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/recant-chat/recant/client"
)

var update = flag.Bool("update", false, "write the golden files")

// moderated is a server with the demo group, and who moderates it.
type moderated struct {
	*process
	data string
	sent int // Randoms that were used
}

func moderate(t *testing.T, args ...string) *moderated {
	t.Helper()
	data := t.TempDir()
	return &moderated{process: serve(t, data, append([]string{"--demo", "--settings-group-throttle-per-second=0"}, args...)...), data: data}
}

// recall runs a command of `recant recall`, without a terminal.
func (m *moderated) recall(args ...string) (stdout, stderr string, code int) {
	m.t.Helper()
	return tool(m.t, []string{"TZ=UTC", "RECANT_DATA=" + m.data}, append([]string{"recall"}, args...)...)
}

// done is recall that must end with 0, and returns what it printed.
func (m *moderated) done(args ...string) string {
	m.t.Helper()
	out, log, code := m.recall(args...)
	if code != exitOK {
		m.t.Fatalf("recall %q ends with %d: %s%s", args, code, out, log)
	}
	return out
}

// document is done whose output is one JSON document.
func (m *moderated) document(into any, args ...string) {
	m.t.Helper()
	out := m.done(append(args, "--json")...)
	decodeDocument(m.t, out, into)
}

func decodeDocument(t *testing.T, out string, into any) {
	t.Helper()
	if strings.Count(out, "\n") != 1 || !strings.HasSuffix(out, "\n") {
		t.Errorf("not one line: %q", out)
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
}

// send sends a message to a group and returns nothing but success.
func (m *moderated) send(group, sender, text string) {
	m.t.Helper()
	m.sent++
	quoted, err := json.Marshal(text)
	if err != nil {
		m.t.Fatal(err)
	}
	m.must("group_open_http_svc/send_group_msg", fmt.Sprintf(
		`{"GroupId":%q,"From_Account":%q,"Random":%d,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":%s}}]}`,
		group, sender, 1000+m.sent, quoted))
}

func (m *moderated) must(path, body string) answer {
	m.t.Helper()
	id, key := kept(m.t, m.data)
	sig := sign(m.t, "--sdkappid", text(id), "--key", key, "--user", "administrator")
	got := m.call(id, "administrator", sig, path, body)
	if got.ErrorCode != 0 {
		m.t.Fatalf("%s %s: %d %s", path, body, got.ErrorCode, got.ErrorInfo)
	}
	return got
}

// seen are how many messages of each sender a member finds in the demo group.
func (m *moderated) seen() map[string]int {
	m.t.Helper()
	return m.must("group_open_http_svc/group_msg_get_simple", `{"GroupId":"demo","ReqMsgNumber":20}`).from()
}

// run recalls mallory's messages in the demo group and returns the operation.
func (m *moderated) run(args ...string) string {
	m.t.Helper()
	var answer client.RecallBySenderResponse
	m.document(&answer, append([]string{"run", "--group", "demo", "--sender", "mallory", "--yes"}, args...)...)
	if answer.OperationID == "" {
		m.t.Fatal("no OperationId")
	}
	return answer.OperationID
}

// volatile is what differs from run to run. What takes its place has its width,
// so that columns stay.
var volatile = []struct {
	found *regexp.Regexp
	place string
}{
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`), "YYYY-MM-DDThh:mm:ssZ"},
	{regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b`), "OPERATION-----------------------------"[:36]},
	{regexp.MustCompile(`\b[0-9a-f]{64}\b`), strings.Repeat("#", 64)},
	{regexp.MustCompile(`http://127\.0\.0\.1:\d+`), "http://127.0.0.1:PORT"},
}

// golden compares what was printed with a file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	for _, v := range volatile {
		got = v.found.ReplaceAllString(got, v.place)
	}
	file := filepath.Join("testdata", "recall", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

// From the report to the answered appeal, as a person sees it.
func TestRecallShowsPeopleTables(t *testing.T) {
	m := moderate(t)
	dir := t.TempDir()
	golden(t, "preview", m.done("preview", "--group", "demo", "--sender", "mallory", "--sender", "bob"))
	golden(t, "preview-deeper", m.done("preview", "--group", "demo", "--sender", "mallory", "--last", "3"))
	golden(t, "run", m.done("run", "--group", "demo", "--sender", "mallory", "--reason", "spam in five groups", "--fence", "10m", "--yes"))
	var list listed
	m.document(&list, "list")
	var listed client.AuditItem
	if err := json.Unmarshal(list.Operations[0], &listed); err != nil {
		t.Fatal(err)
	}
	operation := listed.OperationID
	m.send("demo", "mallory", "caught by the fence")
	golden(t, "hold", m.done("hold", operation, "--reason", "an appeal is under way"))
	golden(t, "show", m.done("show", operation))
	golden(t, "release", m.done("hold", operation, "--release"))
	archive := filepath.Join(dir, "evidence.zip")
	golden(t, "export", strings.ReplaceAll(m.done("export", operation, "-o", archive), archive, "evidence.zip"))
	golden(t, "verify", m.done("verify", archive))
	golden(t, "restore", m.done("restore", operation, "--reason", "the appeal was granted"))
	golden(t, "restored", m.done("show", operation))
	if seen := m.seen(); seen["mallory"] != 6 {
		t.Errorf("after the restore the group shows %v", seen)
	}
	second := m.run("--reason", "spam after all")
	golden(t, "erase", m.done("erase", second, "--yes", "--wait"))
	golden(t, "erased", m.done("show", second))
	golden(t, "list", m.done("list", "--type", "all"))
	golden(t, "list-recalls", m.done("list"))
}

// Every command prints what the server answered, or one document of its own.
func TestRecallPrintsJSONForPrograms(t *testing.T) {
	m := moderate(t)
	var preview client.PreviewRecallResponse
	m.document(&preview, "preview", "--group", "demo", "--sender", "mallory")
	if preview.PlanToken == "" || len(preview.Results) != 1 || preview.Results[0].MatchedNum != 5 || len(preview.Results[0].Samples) != 5 {
		t.Errorf("preview: %+v", preview)
	}
	var recalled client.RecallBySenderResponse
	m.document(&recalled, "run", "--plan", preview.PlanToken, "--no-growth", "--yes", "--reason", "spam")
	if recalled.OperationID == "" || recalled.Results[0].RecalledNum != 5 {
		t.Errorf("run: %+v", recalled)
	}
	if seen := m.seen(); seen["mallory"] != 0 || seen["alice"] != 2 {
		t.Errorf("the group shows %v", seen)
	}
	var operation client.GetRecallOperationResponse
	m.document(&operation, "show", recalled.OperationID)
	if o := operation.Operation; o.Reason != "spam" || o.OperatorAccount != "administrator" || o.Targets[0].State != "active" {
		t.Errorf("show: %+v", o)
	}
	var held envelope
	m.document(&held, "hold", recalled.OperationID)
	m.document(&held, "hold", recalled.OperationID, "--release")
	archive := filepath.Join(t.TempDir(), "e.zip")
	var written exported
	m.document(&written, "export", recalled.OperationID, "-o", archive)
	if written.MessageNum != 5 || written.File != archive || len(written.ChainHash) != 64 || len(written.SHA256) != 64 || len(written.Problems) != 0 {
		t.Errorf("export: %+v", written)
	}
	var checked verified
	m.document(&checked, "verify", archive)
	if !checked.OK || checked.MessageNum != 5 || checked.ChainHash != written.ChainHash || checked.OperationID != recalled.OperationID {
		t.Errorf("verify: %+v", checked)
	}
	var restored client.RestoreRecallResponse
	m.document(&restored, "restore", recalled.OperationID)
	if restored.Results[0].RestoredNum != 5 {
		t.Errorf("restore: %+v", restored)
	}
	var erased client.Erasure
	m.document(&erased, "erase", m.run(), "--yes", "--wait")
	if erased.State != erasureDone || erased.DoneNum != 5 || erased.TotalNum != 5 {
		t.Errorf("erase: %+v", erased)
	}
	var started client.Erasure
	m.document(&started, "erase", m.run(), "--yes", "--not-before", "1h")
	if started.State != "waiting" || started.NotBefore == 0 {
		t.Errorf("erase in an hour: %+v", started)
	}
	var refused envelope
	out, _, code := m.recall("show", "01a21398-6542-7898-bfac-83e74a3e215c", "--json")
	if decodeDocument(t, out, &refused); code != exitError || refused.ErrorCode != 190004 {
		t.Errorf("a refusal ends with %d and prints %+v", code, refused)
	}
}

func TestRecallExitCodes(t *testing.T) {
	m := moderate(t)
	one, two := m.run("--idempotency-key", "k"), m.run()
	m.done("hold", one)
	m.done("erase", m.run(), "--yes", "--wait")
	var erased listed
	m.document(&erased, "list", "--limit", "1")
	var last client.AuditItem
	if err := json.Unmarshal(erased.Operations[0], &last); err != nil {
		t.Fatal(err)
	}
	mallory := []string{"--group", "demo", "--sender", "mallory"}
	m.send("demo", "mallory", "again")
	for _, c := range []struct {
		name string
		args []string
		want int
		text string
	}{
		{"no command", []string{}, exitUsage, "expected one of"},
		{"unknown flag", []string{"list", "--colour"}, exitUsage, "--colour"},
		{"no target", []string{"preview"}, exitUsage, "give --group and --sender"},
		{"no sender", []string{"run", "--group", "demo", "--yes"}, exitUsage, "give --group and --sender"},
		{"sender without group", []string{"restore", one, "--sender", "mallory"}, exitUsage, "--sender needs a --group"},
		{"topic of two groups", []string{"preview", "--group", "a", "--group", "b", "--topic", "t", "--sender", "c"}, exitUsage, "--topic needs"},
		{"targets twice", append([]string{"preview", "--targets", "f"}, mallory...), exitUsage, "in place of"},
		{"no file of targets", []string{"preview", "--targets", "/does/not/exist"}, exitUsage, "no such file"},
		{"no time", append([]string{"preview", "--after", "yesterday"}, mallory...), exitUsage, "neither a time"},
		{"a fence too long", append([]string{"run", "--yes", "--fence", "2h"}, mallory...), exitUsage, "at most 1h"},
		{"unknown notify", append([]string{"run", "--yes", "--notify", "loud"}, mallory...), exitUsage, "--notify"},
		{"growth since no preview", append([]string{"run", "--yes", "--no-growth"}, mallory...), exitUsage, "--no-growth needs"},
		{"a plan unseen", []string{"run", "--plan", "x"}, exitUsage, "--plan needs --yes"},
		{"a plan and targets", append([]string{"run", "--plan", "x", "--yes"}, mallory...), exitUsage, "in place of"},
		{"unknown kind", []string{"list", "--type", "weather"}, exitUsage, "--type"},
		{"a bad admin", []string{"list", "--admin", " x"}, exitUsage, "--admin should"},
		{"nobody who may call", []string{"list", "--admin", "mallory"}, exitError, "60010"},
		{"a bad plan", []string{"run", "--plan", "x", "--yes"}, exitError, "190001"},
		{"no such operation", []string{"restore", "x"}, exitError, "190004"},
		{"no server", []string{"list", "--data", t.TempDir(), "--sdkappid", "1", "--key", "k"}, exitError, "no server serves"},
		{"no URL to call", []string{"list", "--url", "ftp://127.0.0.1"}, exitUsage, "--url should be"},
		{"nobody there", []string{"list", "--url", "http://127.0.0.1:1"}, exitError, "no answer from http://127.0.0.1:1"},
		{"no archive", []string{"verify", "/does/not/exist"}, exitError, "no such file"},
		{"some targets", []string{"preview", "--group", "demo", "--group", "nope", "--sender", "mallory"}, exitPart, "1 of 2 targets could not be served"},
		{"all targets", []string{"run", "--group", "nope", "--sender", "mallory", "--yes"}, exitPart, "1 of 1 target could not be served"},
		{"guard of messages", append([]string{"run", "--yes", "--max-messages", "0"}, mallory...), exitRefused, "190002"},
		{"guard of the share", append([]string{"run", "--yes", "--max-share", "1"}, mallory...), exitRefused, "190002"},
		{"a key of something else", []string{"run", "--group", "demo", "--sender", "bob", "--yes", "--idempotency-key", "k"}, exitRefused, "190005"},
		{"erase what is held", []string{"erase", one, "--yes"}, exitRefused, "190007"},
		{"restore what is erased", []string{"restore", last.OperationID}, exitRefused, "190006"},
		{"run unasked", append([]string{"run"}, mallory...), exitNotConfirmed, "give --yes"},
		{"erase unasked", []string{"erase", two}, exitNotConfirmed, "give --yes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, log, code := m.recall(c.args...)
			if code != c.want || !strings.Contains(log, c.text) {
				t.Errorf("exit code %d, want %d; stderr %q, want one with %q; stdout %q", code, c.want, log, c.text, out)
			}
		})
	}
	var previews listed
	if m.document(&previews, "list", "--type", "preview"); len(previews.Operations) != 1 {
		t.Errorf("%d previews are in the audit record, want that of the two groups alone", len(previews.Operations))
	}
	if seen := m.seen(); seen["mallory"] != 1 || seen["bob"] != 2 {
		t.Errorf("refused calls recalled something: the group shows %v", seen)
	}
	help, _, _ := m.recall("run", "--help")
	for code := range 6 {
		if !strings.Contains(strings.Join(strings.Fields(help), " "), fmt.Sprintf("%d ", code)) {
			t.Errorf("the help does not explain exit code %d: %s", code, help)
		}
	}
}

func TestRecallTakesTargetsFromFlagsAndFiles(t *testing.T) {
	m := moderate(t)
	const odd = "a:b/c@d#e,f" // every character that could divide a target
	m.must("im_open_login_svc/multiaccount_import", fmt.Sprintf(`{"Accounts":[%q]}`, odd))
	m.must("group_open_http_svc/create_group", fmt.Sprintf(`{"GroupId":%q,"Type":"Public","Name":"odd","Owner_Account":%q}`, odd, odd))
	m.send(odd, odd, "one")
	m.send("demo", odd, "two")
	matched := func(args ...string) string {
		var preview client.PreviewRecallResponse
		m.document(&preview, append([]string{"preview"}, args...)...)
		var parts []string
		for _, r := range preview.Results {
			parts = append(parts, fmt.Sprintf("%s|%s %d", r.GroupID, r.SenderAccount, r.MatchedNum))
		}
		return strings.Join(parts, "; ")
	}
	file := filepath.Join(t.TempDir(), "targets")
	lines := fmt.Sprintf("{\"GroupId\":%q,\"Sender_Account\":%q}\n\n{\"GroupId\":\"demo\",\"Sender_Account\":\"bob\"}\n", odd, odd)
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"one", []string{"--group", odd, "--sender", odd}, odd + "|" + odd + " 1"},
		{"every sender in every group", []string{"--group", odd, "--group", "demo", "--sender", odd, "--sender", "bob"},
			fmt.Sprintf("%s|%s 1; %s|bob 0; demo|%s 1; demo|bob 2", odd, odd, odd, odd)},
		{"a file", []string{"--targets", file}, fmt.Sprintf("%s|%s 1; demo|bob 2", odd, odd)},
	} {
		if got := matched(c.args...); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
	for content, want := range map[string]string{
		"{\"GroupId\":\"demo\"}\n{\"Group\":\"x\"}": "line 2", "{}": "GroupId is missing", "\n": "has no target", "demo mallory": "line 1",
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, log, code := m.recall("preview", "--targets", file); code != exitUsage || !strings.Contains(log, want) {
			t.Errorf("%q: exit code %d, stderr %q, want %q", content, code, log, want)
		}
	}
	cmd := command([]string{"RECANT_DATA=" + m.data}, "recall", "preview", "--targets", "-", "--json")
	cmd.Stdin = strings.NewReader(lines)
	out, err := cmd.Output()
	var preview client.PreviewRecallResponse
	if decodeDocument(t, string(out), &preview); err != nil || len(preview.Results) != 2 {
		t.Errorf("targets of stdin: %v %+v", err, preview)
	}
}

func TestRecallOfATopicAndRestoreOfSomeTargets(t *testing.T) {
	m := moderate(t)
	m.must("group_open_http_svc/create_group", `{"GroupId":"@TGS#_town","Type":"Community","Name":"town","Owner_Account":"alice","SupportTopic":1,"MemberList":[{"Member_Account":"mallory"}]}`)
	m.must("million_group_open_http_svc/create_topic", `{"GroupId":"@TGS#_town","TopicId":"@TGS#_town@TOPIC#_news","TopicName":"news"}`)
	m.must("group_open_http_svc/send_group_msg", `{"GroupId":"@TGS#_town","TopicId":"@TGS#_town@TOPIC#_news","From_Account":"mallory","Random":5,"MsgBody":[{"MsgType":"TIMFaceElem","MsgContent":{"Index":1}}]}`)
	topic := []string{"--group", "@TGS#_town", "--topic", "@TGS#_town@TOPIC#_news"}
	golden(t, "preview-topic", m.done(append([]string{"preview", "--sender", "mallory"}, topic...)...))

	file := filepath.Join(t.TempDir(), "targets")
	if err := os.WriteFile(file, []byte(`{"GroupId":"@TGS#_town","TopicId":"@TGS#_town@TOPIC#_news","Sender_Account":"mallory"}
{"GroupId":"demo","Sender_Account":"mallory"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var recalled client.RecallBySenderResponse
	m.document(&recalled, "run", "--targets", file, "--yes")
	var restored client.RestoreRecallResponse
	m.document(&restored, append([]string{"restore", recalled.OperationID, "--sender", "mallory"}, topic...)...)
	if len(restored.Results) != 1 || restored.Results[0].TopicID != "@TGS#_town@TOPIC#_news" || restored.Results[0].RestoredNum != 1 {
		t.Errorf("restored %+v", restored)
	}
	if seen := m.seen(); seen["mallory"] != 0 {
		t.Errorf("the other target was restored as well: the group shows %v", seen)
	}
	golden(t, "list-mixed", m.done("list"))
}

func TestRecallScopes(t *testing.T) {
	m := moderate(t)
	for _, c := range []struct {
		args []string
		want uint32
	}{
		{nil, 5},
		{[]string{"--last", "3"}, 2},
		{[]string{"--before-seq", "6"}, 2},
		{[]string{"--before-seq", "6", "--last", "1"}, 1},
		{[]string{"--after", "1h"}, 5},
		{[]string{"--before", "1h"}, 0},
		{[]string{"--before", "2100-01-01T00:00:00Z"}, 5},
		{[]string{"--after", "1d", "--before", "2000-01-01T00:00:00+02:00"}, 0},
	} {
		var preview client.PreviewRecallResponse
		m.document(&preview, append([]string{"preview", "--group", "demo", "--sender", "mallory"}, c.args...)...)
		if got := preview.Results[0].MatchedNum; got != c.want {
			t.Errorf("%v: %d match, want %d", c.args, got, c.want)
		}
	}
}

func TestRecallWithAKeyIsDoneOnce(t *testing.T) {
	m := moderate(t)
	first := m.run("--idempotency-key", "case 17")
	if again := m.run("--idempotency-key", "case 17"); again != first {
		t.Errorf("the second call made operation %s, the first %s", again, first)
	}
	if other := m.run(); other == first {
		t.Error("a call without the key is taken for the one with it")
	}
}

func TestRecallFindsServerApplicationAndAdmin(t *testing.T) {
	m := moderate(t)
	id, key := kept(t, m.data)
	for name, c := range map[string]struct{ env, args []string }{
		"data directory": {nil, []string{"--data", m.data}},
		"all given":      {nil, []string{"--url", m.base + "/", "--sdkappid", text(id), "--key", key, "--admin", "administrator"}},
		"environment": {[]string{"RECANT_URL=" + m.base, "RECANT_SDKAPPID=" + text(id), "RECANT_KEY=" + key, "RECANT_ADMIN=administrator"},
			nil},
	} {
		out, log, code := tool(t, c.env, append([]string{"recall", "list", "--json"}, c.args...)...)
		if code != exitOK || !strings.Contains(out, `"Operations":[]`) {
			t.Errorf("%s: exit code %d, %q, %q", name, code, out, log)
		}
	}
	if _, log, code := tool(t, nil, "recall", "list", "--data", m.data, "--url", m.base, "--admin", "mallory"); code != exitError || strings.Contains(log, "usersig=") {
		t.Errorf("exit code %d, %q", code, log)
	}
	m.terminate()
	if _, log, code := m.recall("list"); code != exitError || !strings.Contains(log, "no server serves the data directory "+m.data) {
		t.Errorf("of a server that has stopped: exit code %d, %q", code, log)
	}
}

func TestRecallListPages(t *testing.T) {
	m := moderate(t)
	var made []string
	for range 5 {
		made = append(made, m.run())
	}
	slices.Reverse(made)
	ids := func(list listed) []string {
		var ids []string
		for _, text := range list.Operations {
			var entry client.AuditItem
			if err := json.Unmarshal(text, &entry); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, entry.OperationID)
		}
		return ids
	}
	var first, rest, all, none listed
	m.document(&first, "list", "--limit", "2")
	m.document(&rest, "list", "--limit", "0", "--next", first.Next)
	m.document(&all, "list", "--limit", "0", "--group", "demo", "--sender", "mallory", "--operator", "administrator", "--from", "1h")
	m.document(&none, "list", "--to", "1h")
	if got := append(ids(first), ids(rest)...); !slices.Equal(got, made) || len(ids(first)) != 2 || rest.Next != "" {
		t.Errorf("two pages have %v, want %v", got, made)
	}
	if !slices.Equal(ids(all), made) || len(none.Operations) != 0 {
		t.Errorf("all are %v, want %v; before them %v", ids(all), made, ids(none))
	}
	if out := m.done("list", "--limit", "2"); !strings.Contains(out, "There are more: --limit 0 lists all, --next "+first.Next) {
		t.Errorf("got %s", out)
	}
}

// What members write cannot move the cursor of a moderator's terminal.
func TestRecallPrintsNothingThatATerminalObeys(t *testing.T) {
	m := moderate(t)
	m.send("demo", "mallory", "\x1b[2J\u202egone\nnew\trow\x07 日本")
	operation := m.run("--reason", "\x1b]0;title\x07")
	out := m.done("preview", "--group", "demo", "--sender", "mallory") + m.done("list") + m.done("show", operation)
	m.done("restore", operation)
	out += m.done("preview", "--group", "demo", "--sender", "mallory")
	if i := bytes.IndexAny([]byte(out), "\x1b\x07\t\r\u202e"); i >= 0 {
		t.Errorf("printed %q", out)
	}
	if !strings.Contains(out, "gone·new·row· 日本") {
		t.Errorf("printed %s", out)
	}
}
