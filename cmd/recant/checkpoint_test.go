package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// A copy that a running server makes of itself has what was acknowledged before, is
// served, and is made by nobody but its owner.
func TestCheckpointOfARunningServer(t *testing.T) {
	data, copies := t.TempDir(), t.TempDir()
	app := []string{"--sdkappid", "7", "--key", "k", "--calls-per-second", "0"}
	p := serve(t, data, app...)
	info, err := os.Stat(filepath.Join(data, controlSocket))
	if err != nil || info.Mode()&(fs.ModePerm|fs.ModeSocket) != 0o600|fs.ModeSocket {
		t.Fatalf("the socket has mode %v: %v", info, err)
	}
	sig := sign(t, "--sdkappid", "7", "--key", "k", "--user", "administrator")
	if a := p.call(7, "administrator", sig, "group_open_http_svc/create_group", `{"Type":"ChatRoom","GroupId":"g","Name":"g"}`); a.ErrorCode != 0 {
		t.Fatalf("create group: %+v", a)
	}
	send := func(p *process, random int64) int {
		a, err := p.tryCall(7, "administrator", sig, "group_open_http_svc/send_group_msg",
			`{"GroupId":"g","Random":`+text(uint32(random))+`,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}]}`)
		if err != nil {
			return -1
		}
		return a.ErrorCode
	}
	var acked, next atomic.Int64
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if code := send(p, next.Add(1)); code != 0 {
					t.Errorf("send beside a checkpoint: %d", code)
					return
				}
				acked.Add(1)
			}
		})
	}
	run := func(to string) (string, int) {
		t.Helper()
		out, stderr, code := tool(t, nil, "store", "checkpoint", "--data", data, "--to", to)
		return out + stderr, code
	}
	first := filepath.Join(copies, "first")
	before := acked.Load()
	if out, code := run(first); code != 0 || !strings.Contains(out, "first holds a copy") {
		t.Fatalf("checkpoint: ended with %d: %s", code, out)
	}
	after := next.Load()
	if out, code := run(first); code == 0 || !strings.Contains(out, "is there already") {
		t.Errorf("a second checkpoint to one place: ended with %d: %s", code, out)
	}
	if out, code := run(filepath.Join(copies, "no", "such")); code == 0 || !strings.Contains(out, "no such file") {
		t.Errorf("a checkpoint to nowhere: ended with %d: %s", code, out)
	}
	close(done)
	wg.Wait()
	p.terminate()
	if _, err := os.Stat(filepath.Join(data, controlSocket)); err == nil {
		t.Error("the socket is there after the end")
	}
	entries, err := os.ReadDir(copies)
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the copy there is something else: %v, %v", entries, err)
	}

	c := serve(t, first, app...)
	a := c.call(7, "administrator", sig, "group_open_http_svc/group_msg_get_simple", `{"GroupId":"g","ReqMsgNumber":1}`)
	newest := int64(a.RspMsgList[0].MsgSeq)
	t.Logf("%d were acknowledged before, the copy's newest number is %d, %d were begun after", before, newest, after)
	if newest < before || newest > after {
		t.Errorf("the copy's newest number is %d, with %d acknowledged before and %d begun after", newest, before, after)
	}
	c.terminate()

	// Without a server the command makes the copy itself.
	if out, code := run(filepath.Join(copies, "second")); code != 0 {
		t.Errorf("checkpoint without a server: ended with %d: %s", code, out)
	}
	if out, stderr, code := tool(t, nil, "store", "checkpoint", "--data", copies, "--to", filepath.Join(copies, "x")); code == 0 || !strings.Contains(stderr, "no data directory") {
		t.Errorf("a checkpoint of nothing: ended with %d: %s%s", code, out, stderr)
	}
}

// A server that was killed leaves its socket, which the next one replaces, and the
// command does without.
func TestCheckpointAfterAKill(t *testing.T) {
	data := t.TempDir()
	p := serve(t, data)
	p.cmd.Process.Kill()
	p.wait()
	for _, name := range []string{"alone", "served"} {
		if name == "served" {
			serve(t, data)
		}
		to := filepath.Join(t.TempDir(), name)
		if out, stderr, code := tool(t, nil, "store", "checkpoint", "--data", data, "--to", to); code != 0 {
			t.Errorf("%s: ended with %d: %s%s", name, code, out, stderr)
		}
		if _, err := os.Stat(filepath.Join(to, firstApplicationFile)); err != nil {
			t.Errorf("%s: the application is not in the copy: %v", name, err)
		}
	}
}
