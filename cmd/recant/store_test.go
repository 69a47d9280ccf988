package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/recant-chat/recant/internal/cassandratest"
)

// Two servers on one cluster are one: what one acknowledged the other one has, and
// one that was killed loses nothing.
func TestServersShareACluster(t *testing.T) {
	c := cassandratest.Start(t, 1)
	url := c.URL("chat")
	refused := func(want string, env []string, args ...string) {
		t.Helper()
		if _, stderr, code := tool(t, env, args...); code == 0 || !strings.Contains(stderr, want) {
			t.Errorf("%v: ended with %d, stderr %s, want %q", args, code, stderr, want)
		}
	}
	app := []string{"--store", url, "--sdkappid", "1400000001", "--key", "secret"}
	refused("run `recant store migrate`", nil, append([]string{"serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0"}, app...)...)
	refused("needs the replication", nil, "store", "migrate", "--store", url)
	for _, want := range []string{"went from version 0 to 1", "nothing was to be done"} {
		out, stderr, code := tool(t, []string{"RECANT_STORE=" + url}, "store", "migrate", "--replication", "datacenter1=1")
		if code != 0 || !strings.Contains(out, want) {
			t.Fatalf("migrate: ended with %d, %s%s, want %q", code, out, stderr, want)
		}
	}
	refused("need to be told the same application", nil, "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--store", url)

	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("not looked at"), 0o600); err != nil {
		t.Fatal(err)
	}
	first := serve(t, t.TempDir(), append(app, "--metrics-listen", "127.0.0.1:0")...)
	second := serve(t, t.TempDir(), append(app, "--store", "cassandra://any@"+strings.TrimPrefix(url, "cassandra://")+"?datacenter=datacenter1&local_writers=true&password_file="+password)...)
	sig := sign(t, "--sdkappid", "1400000001", "--key", "secret", "--user", "administrator")
	call := func(p *process, command, body string) answer {
		t.Helper()
		a := p.call(1400000001, "administrator", sig, command, body)
		if a.ErrorCode != 0 {
			t.Fatalf("%s: %+v", command, a)
		}
		return a
	}
	call(first, "im_open_login_svc/multiaccount_import", `{"Accounts":["ann","bob"]}`)
	call(second, "group_open_http_svc/create_group", `{"Type":"Public","GroupId":"g","Name":"g","Owner_Account":"ann","MemberList":[{"Member_Account":"bob"}]}`)
	for i, p := range []*process{first, second, first} {
		call(p, "group_open_http_svc/send_group_msg", `{"GroupId":"g","From_Account":"bob","Random":`+text(uint32(i+1))+`,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}]}`)
	}
	if !strings.Contains(first.scrape(), "recant_cassandra_commits_total") {
		t.Error("the store's counters are not among the metrics")
	}
	call(second, "group_open_http_svc/delete_group_msg_by_sender", `{"GroupId":"g","Sender_Account":"bob"}`)
	second.cmd.Process.Kill()
	a := call(first, "group_open_http_svc/group_msg_get_simple", `{"GroupId":"g","ReqMsgNumber":20}`)
	if n := len(a.from()); n != 0 {
		t.Errorf("%d senders are shown after the recall: %+v", n, a)
	}
}

func TestStoresThatCannotBeAreRefused(t *testing.T) {
	for url, want := range map[string]string{
		"cassandra://h":                      "keyspace is missing",
		"cassandra://u:S3CRET@h/k?x=1":       `unknown parameter "x"`,
		"postgres://u:S3CRET@h/k":            "must begin with cassandra://",
		"cassandra://127.0.0.1:1/k":          "connect to Cassandra",
		"cassandra://u:S3CRET@127.0.0.1:1/k": "connect to Cassandra",
	} {
		for _, args := range [][]string{{"store", "migrate"}, {"serve", "--data", t.TempDir(), "--sdkappid", "1", "--key", "k"}} {
			_, stderr, code := tool(t, nil, append(args, "--store", url)...)
			if code == 0 || !strings.Contains(stderr, want) || strings.Contains(stderr, "S3CRET") {
				t.Errorf("%s --store %s: ended with %d: %s", args[0], url, code, stderr)
			}
		}
	}
	if out, stderr, code := tool(t, nil, "store", "migrate", "--store", "cassandra://h/chat", "--replication", "a=3,b=2", "--print"); code != 0 ||
		!strings.Contains(out, "CREATE KEYSPACE IF NOT EXISTS chat") || !strings.Contains(out, "'a': 3, 'b': 2") || !strings.Contains(out, "CREATE TABLE IF NOT EXISTS chat.versioned") {
		t.Errorf("print: ended with %d: %s%s", code, out, stderr)
	}
}
