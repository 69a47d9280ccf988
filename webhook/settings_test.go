package webhook

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/recant-chat/recant/internal/secret"
)

func TestURLsThatAreAccepted(t *testing.T) {
	for _, url := range []string{
		"http://198.51.100.9/imhook", "https://backend.example.net", "https://backend.example.net/", "http://198.51.100.9:8080",
		"http://[2001:db8::1]:8080/a", "http://localhost:1/", "http://a-b.c-d.e/x", "https://BACKEND.example.net/A_b~c.d",
		"https://backend.example.net/hook?app=1&key=%20", "http://user:p%40ss@backend/hook", "http://1password.example",
		"http://" + strings.Repeat("a", 63) + ".example",
	} {
		if err := testSettings(url).Validate(); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestURLsThatAreRefused(t *testing.T) {
	for url, want := range map[string]string{
		"backend.example.net/secret":          "http:// or https://",
		"ftp://backend/secret":                "http:// or https://",
		"HTTP://backend/secret":               "http:// or https://",
		"http:/backend/secret":                "http:// or https://",
		"http://":                             "host",
		"http:///secret":                      "host",
		"http://:80/secret":                   "host",
		"http://backend/se cret":              "percent-encoded",
		" http://backend/secret":              "percent-encoded",
		"http://backend/secret\n":             "percent-encoded",
		"http://backend/secret!":              "percent-encoded",
		"http://backend/secret$1":             "percent-encoded",
		"http://backend/secrét":               "percent-encoded",
		"http://backend/secret#a":             "fragment",
		"http://backend/secret%zz":            "not a URL",
		"http://back_end/secret":              "labels",
		"http://-backend/secret":              "labels",
		"http://backend-/secret":              "labels",
		"http://back--end/secret":             "labels",
		"http://backend..net/secret":          "labels",
		"http://backend.net./secret":          "labels",
		"http://backend:0/secret":             "port",
		"http://backend:65536/secret":         "port",
		"http://backend:port/secret":          "not a URL",
		"http://[2001:db8::1/secret":          "not a URL",
		"http://" + strings.Repeat("a", 64):   "labels",
		"http://" + strings.Repeat("a.", 127): "labels",
	} {
		err := testSettings(url).Validate()
		if err == nil || !strings.HasPrefix(err.Error(), "url: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want one about %s", url, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%v shows the URL", err)
		}
	}
}

func TestSettingsThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		want   string
		change func(*Settings)
	}{
		{`commands: "Group.CallbackAfterMsgWithDraw" is not a webhook`, func(s *Settings) { s.Commands = []string{afterSend, "Group.CallbackAfterMsgWithDraw"} }},
		{`commands: "group.CallbackAfterSendMsg"`, func(s *Settings) { s.Commands = []string{"group.CallbackAfterSendMsg"} }},
		{`commands: ""`, func(s *Settings) { s.Commands = []string{""} }},
		{`commands: "C2C"`, func(s *Settings) { s.Commands = []string{"C2C"} }},
		{`commands: "C2C."`, func(s *Settings) { s.Commands = []string{"C2C."} }},
		{`commands: "Sns.Callback Add"`, func(s *Settings) { s.Commands = []string{"Sns.Callback Add"} }},
		{`commands: "State.Other"`, func(s *Settings) { s.Commands = []string{"State.Other"} }},
		{"token: has more than 128", func(s *Settings) { s.Token = secret.Text(strings.Repeat("é", 129)) }},
		{"token: begins or ends with white space", func(s *Settings) { s.Token = "hush\n" }},
		{"token: begins or ends with white space, or has control", func(s *Settings) { s.Token = "hu\x00sh" }},
		{"token: is not UTF-8", func(s *Settings) { s.Token = "hush\xff" }},
		{`before_failure_policy: "maybe" is not allow or deny`, func(s *Settings) { s.BeforeFailurePolicy = "maybe" }},
		{`before_failure_policy: ""`, func(s *Settings) { s.BeforeFailurePolicy = "" }},
		{`before_failure_exceptions: "Group.CallbackAfterSendMsg" is not a webhook that is called before`, func(s *Settings) { s.BeforeFailureExceptions = []string{afterSend} }},
		{`before_failure_exceptions: "Group.CallbackBeforeLunch"`, func(s *Settings) { s.BeforeFailureExceptions = []string{"Group.CallbackBeforeLunch"} }},
		{"timeout: ", func(s *Settings) { s.Timeout = 0 }},
		{"after_retries: ", func(s *Settings) { s.AfterRetries = -2 }},
		{"keep: ", func(s *Settings) { s.Keep = 0 }},
		{"max_concurrent_before: ", func(s *Settings) { s.MaxConcurrentBefore = 0 }},
		{"max_concurrent_after: ", func(s *Settings) { s.MaxConcurrentAfter = 0 }},
	} {
		s := testSettings("http://backend")
		c.change(&s)
		if err := s.Validate(); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		} else if _, again := New(s, Options{}); again == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("New says %v, Validate %v", again, err)
		}
	}
	if _, err := New(DefaultSettings(), Options{}); err == nil {
		t.Error("a receiver without a URL")
	}
}

func TestSettingsThatCanBe(t *testing.T) {
	for _, token := range []string{"", "x", strings.Repeat("é", 128), "two words"} {
		s := testSettings("http://backend")
		s.Token = secret.Text(token)
		if err := s.Validate(); err != nil {
			t.Errorf("token %q: %v", token, err)
		}
	}
	for _, s := range []Settings{DefaultSettings(), HostedSettings()} {
		s.Commands = append([]string{"C2C.CallbackBeforeSendMsg", "Sns.CallbackFriendAdd", "Follow.CallbackFollowAdd", "OfficialAccount.CallbackAfterSendMsg", "Push.AllMemberPush"}, commands...)
		s.Commands = append(s.Commands, otherCommands...)
		if err := s.Validate(); err != nil {
			t.Error(err)
		}
	}
	if len(commands) != 23 {
		t.Errorf("%d commands about groups, want 23", len(commands))
	}
	if DefaultSettings().AfterRetries != -1 || HostedSettings().AfterRetries != 0 {
		t.Error("the hosted service tries once, we as long as the event is kept")
	}
}

func TestRetriesAreReadFromMinusOne(t *testing.T) {
	for text, want := range map[string]Retries{"-1": UntilDropped, "0": 0, "7": 7, "2147483647": 2147483647} {
		var r Retries
		if err := r.UnmarshalText([]byte(text)); err != nil || r != want {
			t.Errorf("%s is %d, %v", text, r, err)
		}
	}
	for _, text := range []string{"-2", "2147483648", "", "x", "1.5"} {
		if err := new(Retries).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

// Commands about topics have no switch of their own, but may be listed alone
// (spec 06 section 2).
func TestTopicCommandsAreEnabledByTheirTwins(t *testing.T) {
	for group, topic := range map[string]string{
		"Group.CallbackBeforeCreateGroup":     "Group.CallbackBeforeCreateTopic",
		"Group.CallbackAfterCreateGroup":      "Group.CallbackAfterCreateTopic",
		"Group.CallbackAfterGroupDestroyed":   "Group.CallbackAfterTopicDestroyed",
		"Group.CallbackAfterGroupInfoChanged": "Group.CallbackAfterTopicInfoChanged",
	} {
		for _, c := range []struct {
			listed string
			want   []string
		}{{group, []string{group, topic}}, {topic, []string{topic}}} {
			s := testSettings("http://backend")
			s.Commands = []string{c.listed}
			r := mustNew(t, s, Options{})
			var got []string
			for _, command := range commands {
				if r.Enabled(command) {
					got = append(got, command)
				}
			}
			if len(got) != len(c.want) || !r.Enabled(c.want[0]) || !r.Enabled(c.want[len(c.want)-1]) {
				t.Errorf("%s enables %v, want %v", c.listed, got, c.want)
			}
		}
	}
	s := testSettings("http://backend")
	s.Commands = nil
	r := mustNew(t, s, Options{})
	for _, command := range commands {
		if r.Enabled(command) {
			t.Errorf("%s is enabled by nothing", command)
		}
	}
}

func TestTheOtherPolicyHoldsForExceptions(t *testing.T) {
	for _, policy := range []string{PolicyAllow, PolicyDeny} {
		s := testSettings("http://backend")
		s.BeforeFailurePolicy = policy
		s.BeforeFailureExceptions = []string{beforeSend}
		r := mustNew(t, s, Options{})
		if deny := policy == PolicyDeny; r.DenyOnFailure(beforeSend) == deny || r.DenyOnFailure("Group.CallbackBeforeCreateGroup") != deny {
			t.Errorf("%s: exception %v, other %v", policy, r.DenyOnFailure(beforeSend), r.DenyOnFailure("Group.CallbackBeforeCreateGroup"))
		}
	}
}

func TestACAFileThatCannotBeReadIsAnError(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{empty, filepath.Join(t.TempDir(), "absent.pem")} {
		s := testSettings("https://backend")
		s.CAFile = file
		if _, err := New(s, Options{}); err == nil || !strings.HasPrefix(err.Error(), "ca_file: ") {
			t.Errorf("%s: got %v", file, err)
		}
	}
}

func TestTheTokenHidesItself(t *testing.T) {
	s := testSettings("http://backend")
	s.Token = "hush"
	if text := fmt.Sprintf("%v %+v %#v", s, s, s); strings.Contains(text, "hush") {
		t.Error(text)
	}
}
