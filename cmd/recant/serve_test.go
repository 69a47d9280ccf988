package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func text(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

func TestASecondServerOnTheDataDirectoryIsRefused(t *testing.T) {
	data := t.TempDir()
	first := serve(t, data)
	_, log, code := tool(t, nil, "serve", "--data", data, "--listen", "127.0.0.1:0")
	if code == 0 || !strings.Contains(log, data+" is in use by another server") {
		t.Errorf("exit code %d, stderr %q", code, log)
	}
	id, _ := kept(t, data)
	if got := first.call(id, "administrator", sign(t, "--user", "administrator", "--data", data), check, checkBody); got.ErrorCode != 0 {
		t.Errorf("the first server answers %d %s", got.ErrorCode, got.ErrorInfo)
	}
	if _, err := os.Stat(filepath.Join(data, "address")); err != nil {
		t.Errorf("the first server's address: %v", err)
	}
}

func TestATakenPortIsRefused(t *testing.T) {
	first := serve(t, t.TempDir())
	_, log, code := tool(t, nil, "serve", "--data", t.TempDir(), "--listen", strings.TrimPrefix(first.base, "http://"))
	if code == 0 || !strings.Contains(log, "address already in use") {
		t.Errorf("exit code %d, stderr %q", code, log)
	}
}

func TestNewerDataIsRefused(t *testing.T) {
	data := t.TempDir()
	serve(t, data).terminate()
	if err := os.WriteFile(filepath.Join(data, "FORMAT"), []byte("1000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, log, code := tool(t, nil, "serve", "--data", data, "--listen", "127.0.0.1:0")
	if code == 0 || !strings.Contains(log, data+" was written by a newer release of recant") {
		t.Errorf("exit code %d, stderr %q", code, log)
	}
}

// A file may not grow beyond 64 KiB here, so the store's log fails as it does
// on a full disk. The server ends by itself; with room again, it serves.
func TestADiskFailureEndsTheServer(t *testing.T) {
	data := t.TempDir()
	cmd := command(nil, "serve", "--data", data, "--listen", "127.0.0.1:0", "--calls-per-second", "0", "--command-limits", "multiaccount_import=0")
	cmd.Args = append([]string{"sh", "-c", `ulimit -f 128; exec "$0" "$@"`}, cmd.Args...)
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Path = shell
	p := start(t, cmd)
	id, _ := kept(t, data)
	sig := sign(t, "--user", "administrator", "--data", data)
	failed := false
	for i := 0; i < 1000 && !failed; i++ {
		var accounts []string
		for j := range 100 {
			accounts = append(accounts, fmt.Sprintf(`"account-%d-%d"`, i, j))
		}
		got, err := p.tryCall(id, "administrator", sig, "im_open_login_svc/multiaccount_import", `{"Accounts":[`+strings.Join(accounts, ",")+`]}`)
		failed = err != nil || got.ErrorCode != 0
	}
	if !failed {
		t.Fatal("the server acknowledges what its disk did not take")
	}
	if code := p.wait(); code == 0 {
		t.Error("a server whose store failed ends with exit code 0")
	}
	if !strings.Contains(p.stderr.String(), "store failed") {
		t.Errorf("the log does not say why the server ended:\n%s", p.stderr)
	}
	again := serve(t, data)
	if got := again.call(id, "administrator", sig, check, `{"CheckItem":[{"UserID":"account-0-0"}]}`); got.ErrorCode != 0 {
		t.Errorf("after the repair the server answers %d %s", got.ErrorCode, got.ErrorInfo)
	}
}

// halfCall sends a call but for the last byte of its body. The returned
// function sends that and returns the answer.
func halfCall(t *testing.T, p *process, data string) (finish func() (*http.Response, error)) {
	t.Helper()
	id, _ := kept(t, data)
	connection, err := net.Dial("tcp", strings.TrimPrefix(p.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	fmt.Fprintf(connection, "POST /v4/%s?sdkappid=%d&identifier=administrator&usersig=%s&random=1&contenttype=json HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n",
		check, id, sign(t, "--user", "administrator", "--data", data), len(checkBody))
	// The server asks for the body once the call is under way.
	reader := bufio.NewReader(connection)
	connection.SetReadDeadline(time.Now().Add(startLimit))
	for _, want := range []string{"HTTP/1.1 100 Continue\r\n", "\r\n"} {
		if line, err := reader.ReadString('\n'); err != nil || line != want {
			t.Fatalf("got %q (%v), want %q", line, err, want)
		}
	}
	io.WriteString(connection, checkBody[:len(checkBody)-1])
	return func() (*http.Response, error) {
		io.WriteString(connection, checkBody[len(checkBody)-1:])
		return http.ReadResponse(reader, nil)
	}
}

func waitForLog(t *testing.T, p *process, want string) {
	t.Helper()
	for deadline := time.Now().Add(startLimit); !strings.Contains(p.stderr.String(), want); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %q in the log", want)
		}
	}
}

func TestStoppingFinishesCallsUnderWay(t *testing.T) {
	data := t.TempDir()
	p := serve(t, data, "--request-timeout", "1m", "--shutdown-timeout", "1m")
	finish := halfCall(t, p, data)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitForLog(t, p, "msg=stopping")

	// No new connection is accepted meanwhile.
	for deadline := time.Now().Add(startLimit); ; time.Sleep(5 * time.Millisecond) {
		connection, err := net.Dial("tcp", strings.TrimPrefix(p.base, "http://"))
		if err != nil {
			break
		}
		connection.Close()
		if time.Now().After(deadline) {
			t.Fatal("the stopping server accepts connections")
		}
	}
	response, err := finish()
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got := decodeAnswer(t, body); got.ErrorCode != 0 {
		t.Errorf("the call under way is answered with %d %s", got.ErrorCode, got.ErrorInfo)
	}
	if code := p.wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestStoppingIsBounded(t *testing.T) {
	data := t.TempDir()
	p := serve(t, data, "--shutdown-timeout", "100ms")
	finish := halfCall(t, p, data)
	began := time.Now()
	if code := p.terminate(); code == 0 {
		t.Error("a server that broke calls off ends with exit code 0")
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("the server took %v to stop", took)
	}
	if !strings.Contains(p.stderr.String(), "calls were still under way") {
		t.Errorf("the log does not say that calls were broken off:\n%s", p.stderr)
	}
	if response, err := finish(); err == nil {
		response.Body.Close()
		t.Errorf("the call that was broken off is answered with %s", response.Status)
	}
	serve(t, data) // the data directory is free and sound
}

// A load balancer's probe opens a connection and asks nothing.
func TestConnectionsOnWhichNothingWasAskedAreNoCallsUnderWay(t *testing.T) {
	p := serve(t, t.TempDir(), "--shutdown-timeout", "100ms")
	connection, err := net.Dial("tcp", strings.TrimPrefix(p.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	p.call(1400000001, "administrator", "none", check, checkBody) // by then the first one was accepted
	if code := p.terminate(); code != 0 || strings.Contains(p.stderr.String(), "still under way") {
		t.Errorf("exit code %d:\n%s", code, p.stderr)
	}
}

func TestASecondSignalEndsAtOnce(t *testing.T) {
	data := t.TempDir()
	p := serve(t, data, "--request-timeout", "1m", "--shutdown-timeout", "1m")
	halfCall(t, p, data)
	p.cmd.Process.Signal(syscall.SIGTERM)
	waitForLog(t, p, "msg=stopping")
	p.cmd.Process.Signal(syscall.SIGTERM)
	p.wait()
	if status := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() {
		t.Errorf("the server ended with %v", p.cmd.ProcessState)
	}
}

func TestTwoApplicationsShareNothing(t *testing.T) {
	file := writeConfig(t, `
applications:
  - sdkappid: 1400000001
    keys: [new-key-of-one, old-key-of-one]
    admins: [root-of-one]
  - sdkappid: 1400000002
    keys: [key-of-two]
    disabled_commands: [destroy_group]
  - sdkappid: 1400000003
    keys: [key-of-three]
    disabled: true
`)
	p := serve(t, t.TempDir(), "--config", file)
	one := sign(t, "--config", file, "--sdkappid", "1400000001", "--user", "root-of-one")
	two := sign(t, "--config", file, "--sdkappid", "1400000002", "--user", "administrator")
	three := sign(t, "--config", file, "--sdkappid", "1400000003", "--user", "administrator")
	old := sign(t, "--sdkappid", "1400000001", "--key", "old-key-of-one", "--user", "root-of-one")
	stolen := sign(t, "--sdkappid", "1400000002", "--key", "new-key-of-one", "--user", "administrator")

	create := `{"Type":"Public","GroupId":"theirs","Name":"theirs"}`
	info := `{"GroupIdList":["theirs"]}`
	const groups = "group_open_http_svc/"
	for _, c := range []struct {
		name      string
		id        uint32
		user, sig string
		path      string
		body      string
		want      int
	}{
		{"own key", 1400000001, "root-of-one", one, groups + "create_group", create, 0},
		{"the key before", 1400000001, "root-of-one", old, groups + "get_group_info", info, 0},
		{"another application's UserSig", 1400000002, "root-of-one", one, check, checkBody, 70014},
		{"another application's key", 1400000002, "administrator", stolen, check, checkBody, 70009},
		{"no admin of this one", 1400000001, "administrator", sign(t, "--config", file, "--sdkappid", "1400000001", "--user", "administrator"), check, checkBody, 60010},
		{"the group is not there", 1400000002, "administrator", two, groups + "send_group_msg", `{"GroupId":"theirs","Random":1,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]}`, 10010},
		{"its id is free", 1400000002, "administrator", two, groups + "create_group", create, 0},
		{"disabled command", 1400000002, "administrator", two, groups + "destroy_group", `{"GroupId":"theirs"}`, 10026},
		{"enabled elsewhere", 1400000001, "root-of-one", one, groups + "destroy_group", `{"GroupId":"theirs"}`, 0},
		{"disabled application", 1400000003, "administrator", three, check, checkBody, 60016},
		{"no application", 1400000004, "administrator", two, check, checkBody, 70020},
	} {
		if got := p.call(c.id, c.user, c.sig, c.path, c.body); got.ErrorCode != c.want {
			t.Errorf("%s: got %d %s, want %d", c.name, got.ErrorCode, got.ErrorInfo, c.want)
		}
	}
}

func TestEnvironmentConfiguresTheServer(t *testing.T) {
	data := filepath.Join(t.TempDir(), "elsewhere")
	p := serveWith(t, []string{
		"RECANT_DATA=" + data, "RECANT_LISTEN=127.0.0.1:0", "RECANT_CALLS_PER_SECOND=1",
		"RECANT_SETTINGS_MAX_GROUPS=1", "RECANT_LOG_FORMAT=json", "RECANT_COMMAND_LIMITS=account_check=0,create_group=9",
	})
	id, _ := kept(t, data)
	sig := sign(t, "--user", "administrator", "--data", data)
	call := func(path, body string, want int) {
		t.Helper()
		if got := p.call(id, "administrator", sig, path, body); got.ErrorCode != want {
			t.Errorf("%s is answered with %d %s, want %d", path, got.ErrorCode, got.ErrorInfo, want)
		}
	}
	for range 3 {
		call(check, checkBody, 0)
	}
	call("group_open_http_svc/create_group", `{"Type":"Public","Name":"a"}`, 0)
	call("group_open_http_svc/create_group", `{"Type":"Public","Name":"b"}`, 10058)
	refused := 0
	for range 5 {
		if p.call(id, "administrator", sig, "group_open_http_svc/get_appid_group_list", "{}").ErrorCode == 60007 {
			refused++
		}
	}
	if refused == 0 {
		t.Error("five calls at 1 per second were all served")
	}
	if !strings.HasPrefix(p.stderr.String(), "{") {
		t.Errorf("the log is no JSON:\n%s", p.stderr)
	}
}

func TestBadConfigurationEndsTheStart(t *testing.T) {
	for _, c := range []struct {
		name string
		yaml string
		args []string
		want string
	}{
		{"unknown key", "listne: x", nil, "listne is not a key of Recant's configuration"},
		{"bad value", "settings:\n  max_topics: many", nil, "line 2: settings.max_topics should be a whole number"},
		{"bad flag", "", []string{"--log-level", "loud"}, "log_level should be one of"},
		{"unknown flag", "", []string{"--lisetn", "x"}, "unknown flag --lisetn"},
		{"unknown command to disable", "disabled_commands: [nonsense]", nil, `"nonsense"`},
		{"no certificate", "", []string{"--tls-cert", "absent.pem", "--tls-key", "absent.pem"}, "read the TLS certificate"},
		{"no such file", "", []string{"--config", "absent.yaml"}, "absent.yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0"}, c.args...)
			if c.yaml != "" {
				args = append(args, "--config", writeConfig(t, c.yaml))
			}
			wantCode := exitError
			if c.name == "unknown flag" {
				wantCode = exitUsage
			}
			out, log, code := tool(t, nil, args...)
			if code != wantCode || out != "" || !strings.Contains(log, c.want) {
				t.Errorf("exit code %d, want %d, stdout %q, stderr %q, want one with %q", code, wantCode, out, log, c.want)
			}
		})
	}
}

func TestLogsHoldNoSecretAndNoMessage(t *testing.T) {
	data := t.TempDir()
	p := serve(t, data, "--demo", "--log-level", "debug", "--metrics-listen", "127.0.0.1:0")
	id, key := kept(t, data)
	good := sign(t, "--user", "administrator", "--data", data)
	wrong := sign(t, "--user", "administrator", "--sdkappid", text(id), "--key", "another-key")
	const send = "group_open_http_svc/send_group_msg"
	body := `{"GroupId":"demo","Random":99,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"between you and me"}}]}`
	p.call(id, "administrator", good, send, body)
	p.call(id, "administrator", wrong, send, body)
	p.call(id, "administrator", good[:50], send, body)
	p.call(id, "administrator", good, send, body[:len(body)-1])
	p.call(id, "administrator", good, "group_open_http_svc/no_such_command", body)
	p.call(id+1, "administrator", good, send, body)
	p.terminate()
	log := p.stderr.String()
	for name, secret := range map[string]string{
		"the key": key, "a UserSig": good, "a wrong UserSig": wrong, "half a UserSig": good[:50],
		"a message": "between you and me", "a message of the demo": "CHEAP WATCHES",
	} {
		if strings.Contains(log, secret) {
			t.Errorf("%s is in the log:\n%s", name, log)
		}
	}
	if !strings.Contains(log, "send_group_msg") {
		t.Errorf("the calls are not in the log:\n%s", log)
	}
}

func TestMetricsHaveTheirOwnAddress(t *testing.T) {
	data := t.TempDir()
	p := serve(t, data, "--metrics-listen", "127.0.0.1:0")
	if body := p.scrape(); !strings.Contains(body, "go_goroutines") || strings.Contains(body, "recant_webhook") {
		t.Errorf("metrics are %.200q", body)
	}
	if code := p.terminate(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// scrape reads the metrics.
func (p *process) scrape() string {
	p.t.Helper()
	waitForLog(p.t, p, "serving metrics")
	_, rest, _ := strings.Cut(p.stderr.String(), `msg="serving metrics" url=`)
	address, _, _ := strings.Cut(rest, "\n")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(address)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(body)
}

func TestATakenMetricsPortIsRefused(t *testing.T) {
	first := serve(t, t.TempDir())
	out, log, code := tool(t, nil, "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--metrics-listen", strings.TrimPrefix(first.base, "http://"))
	if code == 0 || out != "" || !strings.Contains(log, "serve metrics: ") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, out, log)
	}
}

func TestOptionsOfTheWholeServerHaveTheCORSHeaders(t *testing.T) {
	p := serve(t, t.TempDir())
	connection, err := net.Dial("tcp", strings.TrimPrefix(p.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(startLimit))
	fmt.Fprint(connection, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Access-Control-Allow-Origin") != "*" || answer.ContentLength != 0 {
		t.Errorf("answered %s with %v", answer.Status, answer.Header)
	}
}

func TestPublicURLIsWhatIsPrinted(t *testing.T) {
	p := serve(t, t.TempDir(), "--public-url", "https://chat.example.net/")
	if p.base != "https://chat.example.net" || !strings.Contains(p.curls()[0], "'https://chat.example.net/v4/") {
		t.Errorf("printed %s", p.stdout)
	}
}

func TestHelpNamesEveryFlagAndVariable(t *testing.T) {
	out, _, code := tool(t, nil, "serve", "--help")
	if code != 0 {
		t.Fatalf("exit code %d", code)
	}
	for _, want := range []string{
		"--config=", "$RECANT_CONFIG", "--demo", "--listen=", "(default 127.0.0.1:8080)", "$RECANT_LISTEN",
		"--tls-cert=", "--tls-key=", "--data=", "--sdkappid=", "--key=", "--admin=", "--calls-per-second=",
		"--profile=", "--log-level=", "--log-format=", "--settings-history-retention-days=", "$RECANT_SETTINGS_MAX_TOPICS",
	} {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
			t.Errorf("%q is not in the help:\n%s", want, out)
		}
	}
}

func TestVersionSaysWhatWasBuilt(t *testing.T) {
	out, _, code := tool(t, nil, "version")
	if code != 0 || !strings.HasPrefix(out, "recant ") || !strings.Contains(out, "commit ") || !strings.Contains(out, "go1.") {
		t.Errorf("exit code %d, stdout %q", code, out)
	}
}

func TestNoCommandPrintsHelp(t *testing.T) {
	out, _, code := tool(t, nil)
	if code != 0 || !strings.Contains(out, "serve") || !strings.Contains(out, "usersig") {
		t.Errorf("exit code %d, stdout %q", code, out)
	}
}
