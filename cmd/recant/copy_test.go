package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/recant-chat/recant/internal/cassandratest"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/pebble"
	"github.com/recant-chat/recant/store/transfer"
)

// engine is a kind of store that a copy can come from or go to.
type engine struct {
	name string
	// place makes a store that is empty, and returns what names it.
	place func(t *testing.T) string
}

// engines are all of them; a cluster is left out of a short run.
func engines(t *testing.T) []engine {
	t.Helper()
	directory := engine{"directory", func(t *testing.T) string { return t.TempDir() }}
	if testing.Short() {
		return []engine{directory}
	}
	c := cassandratest.Start(t, 1)
	keyspaces := 0
	return []engine{directory, {"cluster", func(t *testing.T) string {
		keyspaces++
		url := c.URL(fmt.Sprint("chat", keyspaces), "timeout=10s", "retry_for=60s") // a machine that does more fails no test
		if out, stderr, code := tool(t, nil, "store", "migrate", "--store", url, "--replication", "datacenter1=1"); code != 0 {
			t.Fatalf("migrate: ended with %d: %s%s", code, out, stderr)
		}
		return url
	}}}
}

// onEngines tests on every pair of engines.
func onEngines(t *testing.T, test func(t *testing.T, from, to engine)) {
	all := engines(t)
	for _, from := range all {
		for _, to := range all {
			t.Run(from.name+"-"+to.name, func(t *testing.T) { test(t, from, to) })
		}
	}
}

// at are the flags of a server whose store is in that place.
func at(t *testing.T, place string) []string {
	if isCluster(place) {
		return []string{"--data", t.TempDir(), "--store", place}
	}
	return []string{"--data", place}
}

// copied runs recant store copy.
func copied(t *testing.T, from, to string, more ...string) (out, stderr string, code int) {
	t.Helper()
	return tool(t, nil, append([]string{"store", "copy", "--from", from, "--to", to}, more...)...)
}

func TestAServerMovesToAnotherStore(t *testing.T) {
	onEngines(t, func(t *testing.T, from, to engine) {
		source, destination := from.place(t), to.place(t)
		app := []string{"--sdkappid", "7", "--key", "k", "--calls-per-second", "0", "--listen", "127.0.0.1:0"}
		sig := sign(t, "--sdkappid", "7", "--key", "k", "--user", "administrator")
		start := func(place string, more ...string) *process {
			return serveWith(t, nil, append(append(at(t, place), app...), more...)...)
		}
		call := func(p *process, command, body string) string {
			t.Helper()
			answer, err := p.rawCall(7, "administrator", sig, command, body)
			if err != nil {
				t.Fatal(err)
			}
			return string(answer)
		}
		p := start(source)
		for _, c := range [][2]string{
			{"im_open_login_svc/multiaccount_import", `{"Accounts":["ann","bob","eve"]}`},
			{"group_open_http_svc/create_group", `{"Type":"Public","GroupId":"g","Name":"g","Owner_Account":"ann","MemberList":[{"Member_Account":"bob"},{"Member_Account":"eve"}]}`},
			{"group_open_http_svc/modify_group_member_info", `{"GroupId":"g","Member_Account":"bob","NameCard":"Bobby"}`},
		} {
			if a := call(p, c[0], c[1]); !strings.Contains(a, `"ErrorCode":0`) {
				t.Fatalf("%s: %s", c[0], a)
			}
		}
		for i := range 30 {
			from := []string{"ann", "bob", "eve"}[i%3]
			call(p, "group_open_http_svc/send_group_msg", fmt.Sprintf(`{"GroupId":"g","From_Account":%q,"Random":%d,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"message %d"}}]}`, from, i, i))
		}
		call(p, "group_open_http_svc/delete_group_msg_by_sender", `{"GroupId":"g","Sender_Account":"eve"}`)
		p.terminate()

		reads := [][2]string{
			{"group_open_http_svc/group_msg_get_simple", `{"GroupId":"g","ReqMsgNumber":20,"WithRecalledMsg":1}`},
			{"group_open_http_svc/group_msg_get_simple", `{"GroupId":"g","ReqMsgNumber":20,"ReqMsgSeq":12}`},
			{"group_open_http_svc/get_group_member_info", `{"GroupId":"g"}`},
			{"group_open_http_svc/get_group_info", `{"GroupIdList":["g"]}`},
			{"group_open_http_svc/get_joined_group_list", `{"Member_Account":"eve"}`},
			{"recall_http_svc/list_recall_operations", `{}`},
			{"recall_http_svc/get_recall_feed", `{"GroupId":"g"}`},
		}
		send := `{"GroupId":"g","From_Account":"ann","Random":99,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"later"}}]}`
		// Two servers answer from the source while it is copied.
		readers := []*process{start(source, "--read-only"), start(source, "--read-only")}
		want := map[string]string{}
		for _, r := range readers {
			for _, c := range reads {
				a := call(r, c[0], c[1])
				if first, ok := want[c[0]+c[1]]; !strings.Contains(a, `"ErrorCode":0`) || ok && first != a {
					t.Errorf("%s: a server that only reads answers %s", c[0], a)
				}
				want[c[0]+c[1]] = a
			}
			if a := call(r, "group_open_http_svc/send_group_msg", send); !strings.Contains(a, `"ErrorCode":60018`) {
				t.Errorf("a server that only reads was sent a message: %s", a)
			}
		}
		out, stderr, code := copied(t, source, destination)
		if code != 0 || !strings.Contains(out, "has everything of") {
			t.Fatalf("copy: ended with %d: %s%s", code, out, stderr)
		}
		for _, r := range readers {
			if code := r.terminate(); code != 0 {
				t.Errorf("a server that only reads ended with %d", code)
			}
			for line := range strings.Lines(r.stderr.String()) {
				if !strings.Contains(line, "level=INFO") {
					t.Errorf("a server that only reads logs %s", line)
				}
			}
		}

		moved := start(destination)
		for _, c := range reads {
			if a := call(moved, c[0], c[1]); a != want[c[0]+c[1]] {
				t.Errorf("%s\nanswers %s\nbefore  %s", c[0], a, want[c[0]+c[1]])
			}
		}
		if a := call(moved, "group_open_http_svc/send_group_msg", send); !strings.Contains(a, `"ErrorCode":0`) || !strings.Contains(a, `"MsgSeq":31`) {
			t.Errorf("a message after the move: %s", a)
		}
	})
}

func TestTheNameOfAClusterHasNoPassword(t *testing.T) {
	for url, want := range map[string]string{
		"cassandra://h/k":                              "cassandra://h/k",
		"cassandra://u:S3CRET@a,b:9042/k":              "cassandra://a,b:9042/k",
		"cassandra://u:S3C@RET@a/k?password_file=/x@y": "cassandra://a/k",
	} {
		if got := clusterName(url); got != want {
			t.Errorf("%s is %s, want %s", url, got, want)
		}
	}
}

func TestADirectoryThatIsOnlyReadStaysAsItIs(t *testing.T) {
	data := t.TempDir()
	if _, stderr, code := tool(t, nil, "serve", "--read-only", "--data", data, "--listen", "127.0.0.1:0"); code == 0 || !strings.Contains(stderr, "no data in "+data) {
		t.Errorf("served an empty directory: %d: %s", code, stderr)
	}
	p := serve(t, data)
	if _, stderr, code := tool(t, nil, "serve", "--read-only", "--data", data, "--listen", "127.0.0.1:0"); code == 0 || !strings.Contains(stderr, "start it again with --read-only") {
		t.Errorf("shared a directory with a writer: %d: %s", code, stderr)
	}
	p.terminate()
	before := fileTimes(t, data)
	reader := serve(t, data, "--read-only")
	if _, stderr, code := tool(t, nil, "serve", "--data", data, "--listen", "127.0.0.1:0"); code == 0 || !strings.Contains(stderr, "in use by another server") {
		t.Errorf("shared a directory with a reader: %d: %s", code, stderr)
	}
	reader.terminate()
	if after := fileTimes(t, data); !maps.Equal(before, after) {
		t.Errorf("before %v, after %v", before, after)
	}
	if _, stderr, code := tool(t, nil, "serve", "--read-only", "--demo", "--data", data); code != exitUsage || !strings.Contains(stderr, "--demo") {
		t.Errorf("demo: %d: %s", code, stderr)
	}
}

// fileTimes are the files of a directory, with when they were last written.
func fileTimes(t *testing.T, dir string) map[string]time.Time {
	t.Helper()
	times := map[string]time.Time{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			times[path] = info.ModTime()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return times
}

// inStore has work done on the store of a place.
func inStore(t *testing.T, place string, work func(ctx context.Context, s store.Store) error) {
	t.Helper()
	var s store.Store
	var err error
	if isCluster(place) {
		s, err = openCluster(t.Context(), place, false, nil, nil)
	} else {
		s, err = pebble.Open(place, pebble.Options{})
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(work(t.Context(), s), s.Close()); err != nil {
		t.Fatal(err)
	}
}

// A copy that goes on passes over what it has copied. Where that is not what it should
// be, the comparison finds out, and another run repairs it.
func TestAnotherRunRepairsACopyThatDiffers(t *testing.T) {
	source, destination := filepath.Join(t.TempDir(), "source"), filepath.Join(t.TempDir(), "destination")
	p, key := store.Blind("b"), []byte("k")
	put := func(value string) func(context.Context, store.Store) error {
		return func(ctx context.Context, s store.Store) error {
			return s.Put(ctx, p, []store.Mutation{store.Set(key, []byte(value))})
		}
	}
	inStore(t, source, put("right"))
	inStore(t, destination, func(ctx context.Context, to store.Store) error {
		from, err := pebble.Open(source, pebble.Options{ReadOnly: true})
		if err != nil {
			return err
		}
		return errors.Join(transfer.Copy(ctx, from, to, source, transfer.Options{}), from.Close())
	})
	inStore(t, destination, put("wrong"))
	for _, want := range []int{exitError, exitOK} {
		if stdout, stderr, code := tool(t, nil, "store", "copy", "--from", source, "--to", destination); code != want {
			t.Errorf("exit code %d, want %d: %s%s", code, want, stdout, stderr)
		}
	}
	inStore(t, destination, func(ctx context.Context, s store.Store) error {
		rows, _, err := s.Read(ctx, p, store.Key(key))
		if err == nil && (len(rows[0]) != 1 || string(rows[0][0].Value) != "right") {
			t.Errorf("the destination has %q", rows)
		}
		return err
	})
}

// A copy that is killed is not served, and goes on to its end; what is damaged
// afterwards is found.
func TestAKilledCopyGoesOn(t *testing.T) {
	onEngines(t, func(t *testing.T, from, to engine) {
		source, destination := from.place(t), to.place(t)
		partitions := 3000
		if isCluster(source) || isCluster(destination) {
			partitions = 600
		}
		inStore(t, source, func(ctx context.Context, s store.Store) error {
			for i := range partitions {
				rows := []store.Mutation{store.Set([]byte("k"), make([]byte, 10_000)), store.Set([]byte("l"), []byte(fmt.Sprint(i)))}
				p := store.Blind(fmt.Sprint("b", i))
				err := s.Put(ctx, p, rows)
				if i%30 == 0 {
					_, err = s.Commit(ctx, store.Versioned(fmt.Sprint("v", i)), "", rows)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		state := func() (copyOf string, holds bool) {
			inStore(t, destination, func(ctx context.Context, s store.Store) error {
				listed, err := s.Partitions(ctx, "", 1)
				if err == nil {
					holds = len(listed) > 0
					copyOf, err = transfer.Unfinished(ctx, s)
				}
				return err
			})
			return copyOf, holds
		}
		killed := 0
		for wait, ended := 20*time.Millisecond, false; !ended; wait += wait / 2 {
			copying := command(nil, "store", "copy", "--from", source, "--to", destination, "--parallel", "2", "--no-verify")
			if err := copying.Start(); err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(wait, func() { copying.Process.Kill() })
			err := copying.Wait()
			switch copyOf, holds := state(); {
			case copyOf != "":
				if killed++; killed > 1 {
					continue
				}
				_, stderr, code := tool(t, nil, append([]string{"serve", "--listen", "127.0.0.1:0", "--sdkappid", "7", "--key", "k"}, at(t, destination)...)...)
				if code == 0 || !strings.Contains(stderr, "an unfinished copy of "+clusterName(source)) {
					t.Errorf("an unfinished copy was served: %d: %s", code, stderr)
				}
			case holds && killed > 0:
				ended = true
			case holds: // none was killed on its way
				destination, wait = to.place(t), 20*time.Millisecond
			case err == nil:
				t.Fatal("the copy has ended and nothing is there")
			}
		}
		verify := func(more ...string) (string, string, int) {
			return tool(t, nil, append([]string{"store", "verify", "--from", source, "--to", destination}, more...)...)
		}
		if out, stderr, code := verify(); code != 0 || !strings.Contains(out, fmt.Sprintf("the same: %d rows in %d partitions", 2*(partitions+partitions/30), partitions+partitions/30)) {
			t.Errorf("verify: ended with %d: %s%s", code, out, stderr)
		}
		inStore(t, destination, func(ctx context.Context, s store.Store) error {
			if err := s.Put(ctx, store.Blind("b17"), []store.Mutation{store.Set([]byte("k"), make([]byte, 9_999))}); err != nil {
				return err
			}
			return s.Drop(ctx, store.Versioned("v30"))
		})
		out, stderr, code := verify()
		if code != exitError || !strings.Contains(stderr, "2 partitions of") ||
			!strings.Contains(out, `blind partition "b17": 2 rows in both, and they differ`) || !strings.Contains(out, `versioned partition "v30": 2 rows, and 0 in the destination`) {
			t.Errorf("verify of what is damaged: ended with %d: %s%s", code, out, stderr)
		}
		out, _, code = verify("--json")
		result := compared{}
		if err := json.Unmarshal([]byte(out), &result); err != nil || code != exitError || result.Verified || result.Different != 2 || len(result.Differences) != 2 || result.Differences[0].Hex != "623137" {
			t.Errorf("verify --json: ended with %d: %s (%v)", code, out, err)
		}
	})
}

func TestACopyRefusesStoresThatCannotBe(t *testing.T) {
	source, full := t.TempDir(), t.TempDir()
	for _, dir := range []string{source, full} {
		serve(t, dir).terminate()
		inStore(t, dir, func(ctx context.Context, s store.Store) error {
			return s.Put(ctx, store.Blind("p"), []store.Mutation{store.Set([]byte("k"), []byte(dir))})
		})
	}
	for _, c := range []struct {
		from, to, want string
		more           []string
	}{
		{source, full, "the destination has data already", nil},
		{source, source, "in use", nil},
		{filepath.Join(source, "none"), t.TempDir(), "there is no data in", nil},
		{source, "cassandra://u:S3CRET@h", "keyspace is missing", nil},
		{"cassandra://u:S3CRET@127.0.0.1:1/k", t.TempDir(), "connect to Cassandra", nil},
		{source, t.TempDir(), "--parallel should be 1 or more", []string{"--parallel", "0"}},
	} {
		out, stderr, code := copied(t, c.from, c.to, c.more...)
		if code == 0 || !strings.Contains(stderr, c.want) || strings.Contains(stderr+out, "S3CRET") {
			t.Errorf("from %s to %s: ended with %d: %s%s, want %q", c.from, c.to, code, out, stderr, c.want)
		}
	}
	p := serve(t, full)
	if _, stderr, code := copied(t, full, t.TempDir()); code == 0 || !strings.Contains(stderr, "start it again with --read-only") {
		t.Errorf("copy of what a server writes to: ended with %d: %s", code, stderr)
	}
	p.terminate()

	// The application that the first run of a server has made goes along, over no other.
	to := t.TempDir()
	own := filepath.Join(to, firstApplicationFile)
	if err := os.WriteFile(own, []byte("key: own"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := copied(t, source, to); code == 0 || !strings.Contains(stderr, own+" has another application") {
		t.Errorf("copy over another application: ended with %d: %s", code, stderr)
	}
	if err := os.Remove(own); err != nil {
		t.Fatal(err)
	}
	out, stderr, code := copied(t, source, to, "--json")
	result := compared{}
	if err := json.Unmarshal([]byte(out), &result); err != nil || code != 0 || !result.Verified || result.Partitions == 0 || result.From != source || result.To != to {
		t.Errorf("copy --json: ended with %d: %s%s (%v)", code, out, stderr, err)
	}
	was, err := os.ReadFile(filepath.Join(source, firstApplicationFile))
	is, err2 := os.ReadFile(own)
	if errors.Join(err, err2) != nil || string(was) != string(is) {
		t.Errorf("the application is %s, was %s (%v, %v)", is, was, err, err2)
	}
}

// A person sees one line that changes, and it is gone before the result is printed.
func TestProgressOnATerminalIsOneLine(t *testing.T) {
	master, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	var counts transfer.Counts
	counts.Before.Store(1 << 20)
	counts.Bytes.Store(3 << 20)
	counts.Partitions.Store(1)
	counts.Rows.Store(2)
	n, err := watched(streams{log: terminal}, "copied", &counts, func() (int, error) {
		time.Sleep(5 * tellPersonEvery / 2)
		return 7, nil
	})
	if n != 7 || err != nil {
		t.Errorf("the work returned %d, %v", n, err)
	}
	terminal.Close()
	told, _ := io.ReadAll(master) // ends with an error where the other end is closed
	if text := string(told); !strings.HasPrefix(text, "\r\x1b[Kcopied 1 partition, 2 rows, 3.0 MiB, ") ||
		!strings.HasSuffix(text, "\r\x1b[K") || strings.Contains(text, "\n") {
		t.Errorf("told %q", text)
	}
}
