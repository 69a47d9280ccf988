package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/recant-chat/recant/client"
)

// gate stands between the program and a server, and lets a test act when a call
// of one command comes, by its number from 1.
type gate struct {
	*httptest.Server
	mu      sync.Mutex
	to      string // base URL
	calls   []string
	arrives func(number int, body string)
}

func newGate(t *testing.T, to, command string) *gate {
	g := &gate{to: to, arrives: func(int, string) {}}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		if strings.HasSuffix(r.URL.Path, "/"+command) {
			g.mu.Lock()
			g.calls = append(g.calls, string(body))
			number, arrives := len(g.calls), g.arrives
			g.mu.Unlock()
			arrives(number, string(body))
		}
		g.mu.Lock()
		target := g.to + r.URL.String()
		g.mu.Unlock()
		answer, err := client.Post(target, "application/json", bytes.NewReader(body))
		if err != nil {
			panic(http.ErrAbortHandler) // what a caller sees of a server that is gone
		}
		defer answer.Body.Close()
		w.WriteHeader(answer.StatusCode)
		io.Copy(w, answer.Body)
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gate) set(to string, arrives func(int, string)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.to, g.arrives, g.calls = to, arrives, nil
}

func (g *gate) bodies() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.calls)
}

// spam makes an operation whose export has several pages, and returns it and
// how many messages it has.
func (m *moderated) spam() (operation string, messages int) {
	m.t.Helper()
	id, key := kept(m.t, m.data)
	sig := sign(m.t, "--sdkappid", text(id), "--key", key, "--user", "administrator")
	const each = 120
	for i := range each {
		body := fmt.Sprintf(`{"GroupId":"demo","From_Account":"mallory","Random":%d,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"%d %s"}}]}`,
			5000+i, i, strings.Repeat("spam ", 2200))
		if got := m.call(id, "administrator", sig, "group_open_http_svc/send_group_msg", body); got.ErrorCode != 0 {
			m.t.Fatalf("%d %s", got.ErrorCode, got.ErrorInfo)
		}
	}
	return m.run(), each + 5
}

func TestAnExportThatWasKilledGoesOn(t *testing.T) {
	m := moderate(t)
	operation, messages := m.spam()
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.zip")
	m.done("export", operation, "-o", whole)

	g := newGate(t, m.base, "export_recall_evidence")
	archive := filepath.Join(dir, "e.zip")
	reached, release := make(chan struct{}), make(chan struct{})
	g.set(m.base, func(number int, _ string) {
		if number == 3 {
			close(reached)
			<-release
		}
	})
	export := []string{"recall", "export", operation, "-o", archive, "--data", m.data, "--url", g.URL}
	cmd := command(nil, export...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-reached
	cmd.Process.Kill()
	cmd.Wait()
	close(release)
	if _, err := os.Stat(archive); !os.IsNotExist(err) {
		t.Fatal("the archive is there already")
	}
	third := g.bodies()[2]

	g.set(m.base, func(int, string) {})
	out, log, code := tool(t, nil, export...)
	if code != exitOK || !strings.Contains(log, "Going on after") || !strings.Contains(out, fmt.Sprintf("has %d messages.", messages)) {
		t.Fatalf("exit code %d, %s, %s", code, out, log)
	}
	if calls := g.bodies(); calls[0] != third || len(calls) < 2 {
		t.Errorf("it went on with %d calls, the first is %.100s, want %.100s", len(calls), calls[0], third)
	}
	assertSameMessages(t, archive, whole)
	m.done("verify", archive)
	if left, _ := filepath.Glob(archive + ".*"); len(left) > 0 {
		t.Errorf("%v were left", left)
	}
	var found client.GetRecallOperationResponse
	m.document(&found, "show", operation)
	exports := slices.DeleteFunc(found.Log, func(e client.AuditEvent) bool { return e.Type != "export" })
	if len(exports) != 2 || exports[1].ChainHash != exports[0].ChainHash || exports[1].TotalNum != uint32(messages) {
		t.Errorf("the audit record has the exports %+v, want two of the same", exports)
	}
}

func TestAnExportGoesOnAfterTheServerWasKilled(t *testing.T) {
	m := moderate(t)
	operation, messages := m.spam()
	g := newGate(t, m.base, "export_recall_evidence")
	archive := filepath.Join(t.TempDir(), "e.zip")
	g.set(m.base, func(number int, _ string) {
		if number == 3 {
			m.cmd.Process.Kill()
			<-m.ended
		}
	})
	export := []string{"recall", "export", operation, "-o", archive, "--data", m.data, "--url", g.URL}
	_, log, code := tool(t, nil, export...)
	if code != exitError || !strings.Contains(log, "the same command goes on from "+archive+".partial") {
		t.Fatalf("exit code %d, %s", code, log)
	}
	third := g.bodies()[2]

	m.process = serve(t, m.data, "--demo")
	g.set(m.base, func(int, string) {})
	out, log, code := tool(t, nil, export...)
	if code != exitOK || !strings.Contains(out, fmt.Sprintf("has %d messages.", messages)) {
		t.Fatalf("exit code %d, %s, %s", code, out, log)
	}
	if first := g.bodies()[0]; first != third {
		t.Errorf("it went on with %.100s, want %.100s", first, third)
	}
	m.done("verify", archive)
}

func assertSameMessages(t *testing.T, one, other string) {
	t.Helper()
	if a, b := fileOf(t, one, "messages.jsonl"), fileOf(t, other, "messages.jsonl"); !bytes.Equal(a, b) {
		t.Errorf("%s has %d bytes of messages, %s %d, and they differ", one, len(a), other, len(b))
	}
}

func fileOf(t *testing.T, archive, name string) []byte {
	t.Helper()
	z, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestAnExportReplacesNothing(t *testing.T) {
	m := moderate(t)
	one, other := m.run(), m.run()
	archive := filepath.Join(t.TempDir(), "e.zip")
	m.done("export", one, "-o", archive)
	before, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	if _, log, code := m.recall("export", other, "-o", archive); code != exitError || !strings.Contains(log, "exists already") {
		t.Errorf("exit code %d, %s", code, log)
	}
	if after, _ := os.ReadFile(archive); !bytes.Equal(before, after) {
		t.Error("the archive was replaced")
	}
	// Nor does it take the pages of another operation for its own.
	started := filepath.Join(t.TempDir(), "f.zip")
	partial := fmt.Sprintf(`{"Format":"recant-recall-evidence-partial","SDKAppID":1,"OperationId":%q}`, one) + "\n"
	if err := os.WriteFile(started+".partial", []byte(partial), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, log, code := m.recall("export", other, "-o", started); code != exitError || !strings.Contains(log, "another export") {
		t.Errorf("exit code %d, %s", code, log)
	}
	// One that never began leaves nothing.
	m.recall("export", "x", "-o", filepath.Join(filepath.Dir(archive), "x.zip"))
	if left, _ := filepath.Glob(filepath.Dir(archive) + "/x*"); len(left) > 0 {
		t.Errorf("%v were left", left)
	}
}

func TestVerifyFindsATamperedArchive(t *testing.T) {
	m := moderate(t)
	archive := filepath.Join(t.TempDir(), "e.zip")
	m.done("export", m.run(), "-o", archive)
	tampered := filepath.Join(t.TempDir(), "tampered.zip")
	out, err := os.Create(tampered)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(out)
	for _, name := range []string{"messages.jsonl", "README.txt", "manifest.json", "SHA256SUMS"} {
		content := fileOf(t, archive, name)
		if name == "messages.jsonl" {
			content = bytes.Replace(content, []byte(`"Text":"You have WON`), []byte(`"Text":"You have won`), 1)
		}
		entry, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		entry.Write(content)
	}
	z.Close()
	out.Close()

	_, log, code := m.recall("verify", tampered)
	if code != exitError || !strings.Contains(log, `messages.jsonl, line 2: MsgBody is`) || !strings.Contains(log, "messages.jsonl: has the SHA-256") {
		t.Errorf("exit code %d, %s", code, log)
	}
	stdout, _, code := m.recall("verify", tampered, "--json")
	var result verified
	if decodeDocument(t, stdout, &result); code != exitError || result.OK || len(result.Problems) < 2 {
		t.Errorf("exit code %d, %+v", code, result)
	}
}

func TestAnExportOfWhatWasErasedSaysSo(t *testing.T) {
	m := moderate(t)
	operation := m.run()
	m.done("erase", operation, "--yes", "--wait")
	archive := filepath.Join(t.TempDir(), "e.zip")
	m.done("export", operation, "-o", archive)
	if out := m.done("verify", archive); !strings.Contains(out, "5 messages, 5 of them erased before the export") {
		t.Errorf("got %s", out)
	}
	if content := fileOf(t, archive, "messages.jsonl"); bytes.Contains(content, []byte("WATCHES")) {
		t.Error("an erased text is in the archive")
	}
}

func TestAnExportSaysWhatIsGone(t *testing.T) {
	m := moderate(t)
	operation, archive := m.run(), filepath.Join(t.TempDir(), "e.zip")
	m.must("group_open_http_svc/destroy_group", `{"GroupId":"demo"}`)
	out, log, code := m.recall("export", operation, "-o", archive)
	if code != exitOK || !strings.Contains(log, "The recall counted 5 messages, of which 5 are gone") || !strings.Contains(out, "has 0 messages") {
		t.Errorf("exit code %d, %s, %s", code, out, log)
	}
	m.done("verify", archive)
}

// A message that was sent with line breaks between its tokens is one line.
func TestAnExportKeepsALineAMessage(t *testing.T) {
	m := moderate(t)
	m.must("group_open_http_svc/send_group_msg", "{\"GroupId\":\"demo\",\"From_Account\":\"mallory\",\"Random\":77,\"CloudCustomData\":\"a\\nb\",\"MsgBody\":[\n {\"MsgType\": \"TIMTextElem\",\r\n\"MsgContent\":{\"Text\":\"M\\u00fcll\\n\"}} ]}")
	archive := filepath.Join(t.TempDir(), "e.zip")
	m.done("export", m.run(), "-o", archive)
	m.done("verify", archive)
	if lines := bytes.Count(fileOf(t, archive, "messages.jsonl"), []byte("\n")); lines != 6 {
		t.Errorf("6 messages have %d lines", lines)
	}
}
