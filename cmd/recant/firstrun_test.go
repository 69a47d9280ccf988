package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/recant-chat/recant/chat"
)

// kept reads the application of a data directory.
func kept(t *testing.T, data string) (sdkAppID uint32, key string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(data, firstApplicationFile))
	if err != nil {
		t.Fatal(err)
	}
	id := regexp.MustCompile(`(?m)^sdkappid: (\d+)$`).FindSubmatch(content)
	k := regexp.MustCompile(`(?m)^key: ([0-9a-f]{64})$`).FindSubmatch(content)
	if id == nil || k == nil || !strings.Contains(string(content), "\nadmin: administrator\n") {
		t.Fatalf("%s is %q", firstApplicationFile, content)
	}
	number, err := strconv.ParseUint(string(id[1]), 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(number), string(k[1])
}

func assertMode(t *testing.T, name string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != want {
		t.Errorf("%s has mode %v, want %v", name, info.Mode().Perm(), want)
	}
}

func TestFirstRunMakesAnApplicationAndPrintsWhatToCall(t *testing.T) {
	data := filepath.Join(t.TempDir(), "new", "data")
	p := serve(t, data)

	sdkAppID, key := kept(t, data)
	if sdkAppID < 1_400_000_000 || sdkAppID > 1_400_999_999 {
		t.Errorf("the SDKAppID is %d", sdkAppID)
	}
	assertMode(t, filepath.Join(data, firstApplicationFile), 0o600)
	assertMode(t, data, 0o700)
	if strings.Contains(p.stdout.String()+p.stderr.String(), key) {
		t.Error("the key was printed")
	}
	for _, page := range []string{"console", "debug"} {
		link := regexp.MustCompile(p.base + "/" + page + `/#sign=(\d+):administrator:(\S+)\n`).FindStringSubmatch(p.stdout.String())
		if link == nil || link[1] != text(sdkAppID) {
			t.Fatalf("no link to the %s in %s", page, p.stdout.String())
		}
		if got := p.call(sdkAppID, "administrator", link[2], check, checkBody); got.ErrorCode != 0 {
			t.Errorf("the UserSig of %s answers %d %s", link[0], got.ErrorCode, got.ErrorInfo)
		}
	}
	address, err := os.ReadFile(filepath.Join(data, "address"))
	if err != nil || string(address) != p.base+"\n" {
		t.Errorf("the address file has %q (%v), want %s", address, err, p.base)
	}

	curls := p.curls()
	if len(curls) != 1 || !strings.Contains(curls[0], "/delete_group_msg_by_sender?") {
		t.Fatalf("printed %q", curls)
	}
	// The UserSig is accepted and the admin may call: what is missing is a group.
	if got := paste(t, curls[0]); got.ErrorCode != int(chat.CodeGroupNotFound) {
		t.Errorf("the printed call is answered with %d %s, want %d", got.ErrorCode, got.ErrorInfo, chat.CodeGroupNotFound)
	}
	if code := p.terminate(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Stat(filepath.Join(data, "address")); !os.IsNotExist(err) {
		t.Errorf("the address outlives the server: %v", err)
	}
}

func TestDemoShowsARecall(t *testing.T) {
	data := t.TempDir()
	p := serve(t, data, "--demo")
	curls := p.curls()
	if len(curls) != 2 {
		t.Fatalf("printed %q", curls)
	}
	history, recall := curls[0], curls[1]
	people := map[string]int{}
	for _, message := range demoMessages() {
		people[message[0]]++
	}

	before := paste(t, history).from()
	for name, want := range people {
		if before[name] != want {
			t.Errorf("before the recall %s has %d messages, want %d", name, before[name], want)
		}
	}
	if got := paste(t, recall); got.ActionStatus != "OK" {
		t.Fatalf("the recall is answered with %d %s", got.ErrorCode, got.ErrorInfo)
	}
	assertRecalled := func(history string) {
		t.Helper()
		after := paste(t, history).from()
		for name, want := range people {
			if name == demoSpammer {
				want = 0
			}
			if after[name] != want {
				t.Errorf("after the recall %s has %d messages, want %d", name, after[name], want)
			}
		}
	}
	assertRecalled(history)
	p.terminate()

	// The group is filled once: what was recalled stays so, and nothing is doubled.
	p = serve(t, data, "--demo")
	assertRecalled(p.curls()[0])
}

// The demo is filled however few calls are allowed, and from wherever.
func TestDemoKeepsToTheLimits(t *testing.T) {
	p := serve(t, t.TempDir(), "--demo", "--calls-per-second", "5", "--allowed-ips", "192.0.2.0/24")
	if got := paste(t, p.curls()[0]); got.ErrorCode != 60021 {
		t.Errorf("a caller who is not allowed is answered with %d %s", got.ErrorCode, got.ErrorInfo)
	}
}

func TestRestartKeepsTheApplication(t *testing.T) {
	data := t.TempDir()
	serve(t, data).terminate()
	id, key := kept(t, data)

	p := serve(t, data)
	if againID, againKey := kept(t, data); againID != id || againKey != key {
		t.Errorf("the application was %d and is %d", id, againID)
	}
	if got := paste(t, p.curls()[0]); got.ErrorCode != int(chat.CodeGroupNotFound) {
		t.Errorf("the printed call is answered with %d %s", got.ErrorCode, got.ErrorInfo)
	}
}

func TestConfiguredApplicationsTakeThePlaceOfTheDataDirectorys(t *testing.T) {
	data := t.TempDir()
	serve(t, data).terminate()
	id, _ := kept(t, data)
	p := serveWith(t, []string{"RECANT_KEY=configured", "RECANT_DATA=" + data, "RECANT_SDKAPPID=1400000001", "RECANT_LISTEN=127.0.0.1:0"})
	if strings.Contains(p.stdout.String(), "curl") || strings.Contains(p.stdout.String(), "usersig") {
		t.Errorf("a configured server prints credentials:\n%s", p.stdout)
	}
	sig := sign(t, "--user", "administrator", "--sdkappid", "1400000001", "--key", "configured")
	if got := p.call(1400000001, "administrator", sig, "im_open_login_svc/account_check", `{"CheckItem":[{"UserID":"a"}]}`); got.ErrorCode != 0 {
		t.Errorf("the configured application answers %d %s", got.ErrorCode, got.ErrorInfo)
	}
	sig = sign(t, "--user", "administrator", "--data", data)
	if got := p.call(id, "administrator", sig, "im_open_login_svc/account_check", `{"CheckItem":[{"UserID":"a"}]}`); got.ErrorCode != 70020 {
		t.Errorf("the first run's application answers %d %s, want 70020", got.ErrorCode, got.ErrorInfo)
	}
}

// The application that a server made for itself has the admins that the
// configuration names, in every run.
func TestConfiguredAdminsOfTheFirstApplicationMayCall(t *testing.T) {
	data := t.TempDir()
	for _, env := range [][]string{nil, {"RECANT_ADMIN=alice,bob"}} {
		args := []string{"--data", data, "--listen", "127.0.0.1:0"}
		if env == nil {
			args = append(args, "--admin", "alice")
		}
		p := serveWith(t, env, args...)
		id, _ := kept(t, data)
		for account, want := range map[string]int{"alice": 0, "administrator": 60010} {
			sig := sign(t, "--user", account, "--data", data)
			if got := p.call(id, account, sig, check, checkBody); got.ErrorCode != want {
				t.Errorf("%v: %s is answered with %d %s, want %d", env, account, got.ErrorCode, got.ErrorInfo, want)
			}
		}
		if curls := p.curls(); len(curls) != 1 || !strings.Contains(curls[0], "identifier=alice&") {
			t.Errorf("printed %q", curls)
		}
		p.terminate()
	}
}
