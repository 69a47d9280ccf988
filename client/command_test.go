package client_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/api"
	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/chat"
	"github.com/recant-chat/recant/client"
	"github.com/recant-chat/recant/webhook"
)

// Every command of the server has a method, which sends all that a request can
// have and reads all that an answer has.
func TestEveryCommandHasAMethodThatLosesNothing(t *testing.T) {
	c, sent := newRecorded(t, hooked(t))
	teller, called := apitest.NewTeller(sent.Server), map[string]bool{}
	for _, e := range api.Story() {
		name, request := e.Service+"/"+e.Command, teller.Here(e.Request)
		sent.Clock.Advance(time.Second)
		var raw jsontext.Value
		answer, err := call(t.Context(), c.KeepingAnswers(&raw), name, []byte(request))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if want, got := canonical(t, request), canonical(t, withoutMade(t, sent.newest(), request)); got != want {
			t.Errorf("%s: sent %s\nwant %s", name, got, want)
		}
		wantAllRead(t, name, raw, answer)
		teller.Heard(t, e, apitest.Answer{Raw: raw})
		called[name] = true
	}
	for _, c := range api.Commands() {
		if name := c.Service + "/" + c.Name; !called[name] {
			t.Errorf("%s was not called", name)
		}
	}
}

// withoutMade is what was sent, without the field that the client makes where
// a request does not have it.
func withoutMade(t *testing.T, sent, request string) string {
	t.Helper()
	var fields map[string]jsontext.Value
	if err := json.Unmarshal([]byte(sent), &fields); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(request, "IdempotencyKey") {
		delete(fields, "IdempotencyKey")
	}
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// wantAllRead fails where the answer has a field that the client's type of it
// does not have, or another value than was read.
func wantAllRead(t *testing.T, name string, raw jsontext.Value, answer any) {
	t.Helper()
	var fields map[string]jsontext.Value
	if err := json.Unmarshal(raw, &fields); err != nil {
		t.Fatal(err)
	}
	for _, envelope := range []string{"ActionStatus", "ErrorCode", "ErrorInfo", "ErrorDisplay"} {
		delete(fields, envelope)
	}
	rest, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	again := reflect.New(reflect.TypeOf(answer).Elem()).Interface()
	if err := json.Unmarshal(rest, again, json.RejectUnknownMembers(true)); err != nil {
		t.Errorf("%s: %v in %s", name, err, raw)
	}
	if !reflect.DeepEqual(again, answer) {
		t.Errorf("%s: read %+v, want %+v", name, answer, again)
	}
}

func canonical(t *testing.T, text string) string {
	t.Helper()
	value := jsontext.Value(text)
	if err := value.Canonicalize(); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return string(value)
}

// The client is for programs that have nothing else of the server.
func TestTheClientIsLight(t *testing.T) {
	output, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	allowed := []string{
		"github.com/recant-chat/recant/client", "github.com/recant-chat/recant/api/usersig",
		"github.com/go-json-experiment/json", "github.com/tencentyun/tls-sig-api-v2-golang/tencentyun",
	}
	for dependency := range strings.FieldsSeq(string(output)) {
		ok := !strings.Contains(strings.Split(dependency, "/")[0], ".")
		for _, prefix := range allowed {
			ok = ok || dependency == prefix || strings.HasPrefix(dependency, prefix+"/")
		}
		if !ok {
			t.Errorf("the client needs %s", dependency)
		}
	}
}

// Commands of which the client does not know can be called by their names.
func TestAnyCommandCanBeCalledByItsName(t *testing.T) {
	c, _ := newClient(t)
	var raw jsontext.Value
	err := c.Call(t.Context(), client.Command{Service: "im_open_login_svc", Name: "account_import"}, map[string]string{"UserID": "noor"}, &raw)
	if err != nil || !strings.Contains(string(raw), `"ActionStatus":"OK"`) {
		t.Errorf("answered %s, %v", raw, err)
	}
	if err := c.Call(t.Context(), client.Command{Service: "openim", Name: "sendmsg"}, nil, nil); client.CodeOf(err) != 60009 {
		t.Errorf("got %v, want that there is no such command", err)
	}
}

func TestAnAnswerIsKeptAsItCame(t *testing.T) {
	n := &network{answers: []string{strings.Replace(success, "}", `,"Own": [ 1 ]}`, 1), failure(10010)}}
	var raw jsontext.Value
	c := n.on(t).KeepingAnswers(&raw)
	if err := onceOnly(t.Context(), c); err != nil || !strings.HasSuffix(string(raw), `,"Own": [ 1 ]}`) {
		t.Errorf("kept %s, %v", raw, err)
	}
	if err := onceOnly(t.Context(), c); err == nil || raw != nil {
		t.Errorf("of a call that failed it kept %s, %v", raw, err)
	}
}

func TestAConfigurationThatMakesNoSenseIsRefused(t *testing.T) {
	good := client.Config{BaseURL: "https://chat.example.net/base/", SDKAppID: 1, Key: "k"}
	if _, err := client.New(good); err != nil {
		t.Fatal(err)
	}
	for field, spoil := range map[string]func(*client.Config){
		"BaseURL":  func(c *client.Config) { c.BaseURL = "chat.example.net" },
		"SDKAppID": func(c *client.Config) { c.SDKAppID = 0 },
		"Key":      func(c *client.Config) { c.Key = "" },
	} {
		config := good
		spoil(&config)
		if _, err := client.New(config); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// hooked gives the server a backend to call, so that webhooks can be sent to it again.
func hooked(t testing.TB) func(*apitest.Options) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, success)
	}))
	t.Cleanup(backend.Close)
	settings := webhook.DefaultSettings()
	settings.URL = backend.URL
	receiver, err := webhook.New(settings, webhook.Options{SDKAppID: apitest.SDKAppID})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(receiver.Close)
	return func(o *apitest.Options) {
		o.Webhooks = chat.Webhooks{Receiver: receiver, Retries: int(settings.AfterRetries), Keep: settings.Keep}
	}
}
