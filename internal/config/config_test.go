package config

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/recant-chat/recant/chat"
)

// loadFile loads a configuration that is written in the test, with flags and
// no environment.
func loadFile(t *testing.T, yaml string, args ...string) (Server, error) {
	t.Helper()
	file := ""
	if yaml != "" {
		file = filepath.Join(t.TempDir(), "recant.yaml")
		if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	flags := NewFlags()
	var cli struct{ kong.Plugins }
	cli.Plugins = flags.Plugins()
	parser, err := kong.New(&cli)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(args); err != nil {
		t.Fatal(err)
	}
	return Load(file, flags)
}

func mustLoad(t *testing.T, yaml string, args ...string) Server {
	t.Helper()
	server, err := loadFile(t, yaml, args...)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func TestNothingGivenIsTheDefault(t *testing.T) {
	if got, want := mustLoad(t, ""), Default(ProfileOwn); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if got, want := mustLoad(t, "# nothing but a comment\n"), Default(ProfileOwn); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestCommandLineWinsOverEnvironmentOverFileOverDefault(t *testing.T) {
	yaml := "calls_per_second: 10\nlog_level: warn\nlisten: 127.0.0.1:1\nsettings:\n  max_topics: 11\n  max_groups: 12\n"
	t.Setenv("RECANT_CALLS_PER_SECOND", "20")
	t.Setenv("RECANT_LOG_LEVEL", "error")
	t.Setenv("RECANT_SETTINGS_MAX_TOPICS", "21")
	server := mustLoad(t, yaml, "--calls-per-second", "30")
	if server.CallsPerSecond != 30 {
		t.Errorf("calls_per_second is %d, want the flag's 30", server.CallsPerSecond)
	}
	if server.LogLevel != "error" || server.Settings.MaxTopics != 21 {
		t.Errorf("log_level %s and max_topics %d, want the environment's", server.LogLevel, server.Settings.MaxTopics)
	}
	if server.Listen != "127.0.0.1:1" || server.Settings.MaxGroups != 12 {
		t.Errorf("listen %s and max_groups %d, want the file's", server.Listen, server.Settings.MaxGroups)
	}
	if server.Settings.MaxMembers != 6000 {
		t.Errorf("max_members is %d, want the default", server.Settings.MaxMembers)
	}
}

// An application has its own backend, and takes from the top level the rest of
// what it does not say.
func TestWebhooksOfApplications(t *testing.T) {
	t.Setenv("RECANT_WEBHOOK_TOKEN", "common")
	server := mustLoad(t, `
profile: hosted
webhook: {commands: [Group.CallbackAfterSendMsg], after_retries: -1, keep: 1h}
applications:
  - {sdkappid: 1, keys: [k], webhook: {url: "http://one"}}
  - {sdkappid: 2, keys: [k], webhook: {url: "http://two", token: own, commands: [], after_retries: 3}}
`)
	first, second := server.Applications[0].Webhook, server.Applications[1].Webhook
	if first.URL != "http://one" || first.Token.Reveal() != "common" || len(first.Commands) != 1 || first.AfterRetries != -1 || first.Keep != time.Hour {
		t.Errorf("first: %+v", first)
	}
	if second.URL != "http://two" || second.Token.Reveal() != "own" || len(second.Commands) != 0 || second.AfterRetries != 3 || second.Keep != time.Hour {
		t.Errorf("second: %+v", second)
	}
	if hosted := mustLoad(t, "profile: hosted").Webhook; hosted.AfterRetries != 0 || hosted.Timeout != 2*time.Second {
		t.Errorf("hosted: %+v", hosted)
	}
}

// Every key that is a single value or a list can be set by its flag and by its
// variable, to something that is not its default.
func TestEveryKeyHasAFlagAndAVariable(t *testing.T) {
	for _, k := range leavesOf(reflect.TypeFor[Server]()) {
		for _, way := range []string{"flag", "environment"} {
			t.Run(k.path+" by "+way, func(t *testing.T) {
				sample := sampleOf(t, k)
				flags := NewFlags()
				var cli struct{ kong.Plugins }
				cli.Plugins = flags.Plugins()
				var args []string
				if way == "flag" {
					args = []string{"--" + k.flag() + "=" + sample}
				} else {
					t.Setenv(k.env(), sample)
				}
				parser, err := kong.New(&cli)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := parser.Parse(args); err != nil {
					t.Fatal(err)
				}
				server := Default(ProfileOwn)
				if err := flags.apply(&server); err != nil {
					t.Fatal(err)
				}
				changed := 0
				for _, other := range leavesOf(reflect.TypeFor[Server]()) {
					got := reflect.ValueOf(server).FieldByIndex(other.at)
					if !reflect.DeepEqual(got.Interface(), reflect.ValueOf(Default(ProfileOwn)).FieldByIndex(other.at).Interface()) {
						changed++
						if other.path != k.path {
							t.Errorf("%s changed", other.path)
						}
					}
				}
				if changed != 1 {
					t.Errorf("%d keys changed, want 1", changed)
				}
			})
		}
	}
}

// sampleOf is a text that is not the key's default.
func sampleOf(t *testing.T, k key) string {
	t.Helper()
	byDefault := reflect.ValueOf(Default(ProfileOwn)).FieldByIndex(k.at)
	switch {
	case k.typ == durationType:
		return "77s"
	case k.typ == reflect.TypeFor[Size]():
		return "7MiB"
	case k.typ.Kind() == reflect.Bool:
		return fmt.Sprint(!byDefault.Bool())
	case k.typ.Kind() == reflect.Int, k.typ.Kind() == reflect.Uint32:
		return "77"
	case k.typ.Kind() == reflect.Map:
		return "send_group_msg=7"
	case k.typ.Kind() == reflect.Slice && k.typ.Elem() == prefixType:
		return "192.0.2.7,2001:db8::/32"
	case k.typ.Kind() == reflect.Slice, k.typ.Kind() == reflect.String:
		return "one,two"
	}
	t.Fatalf("no sample for %s of type %v", k.path, k.typ)
	return ""
}

func TestABareSwitchIsOn(t *testing.T) {
	server := mustLoad(t, "", "--lenient-numbers", "--settings-group-recall=false")
	if !server.LenientNumbers || server.Settings.GroupRecall {
		t.Errorf("lenient_numbers %v, group_recall %v", server.LenientNumbers, server.Settings.GroupRecall)
	}
}

func TestListsComeWithCommasOrRepeatedOrEmpty(t *testing.T) {
	server := mustLoad(t, "", "--admin", "a,b", "--admin", "c", "--settings-read-receipts=")
	if got := fmt.Sprint(server.Admins); got != "[a b c]" {
		t.Errorf("admins are %s", got)
	}
	if len(server.Settings.ReadReceipts) != 0 {
		t.Errorf("read_receipts are %v, want none", server.Settings.ReadReceipts)
	}
}

func TestApplicationsTakeFromTheTopLevelWhatTheyDoNotSay(t *testing.T) {
	server := mustLoad(t, `
calls_per_second: 7
command_limits: {send_group_msg: 5}
settings: {max_topics: 9, refused_words: [spam]}
applications:
  - sdkappid: 1400000001
    keys: [k1, k2]
  - sdkappid: 1400000002
    keys: k3
    admins: [root]
    calls_per_second: 0
    allowed_ips: [192.0.2.7, 2001:db8::/32]
    command_limits: {create_group: 6}
    settings: {max_topics: 10}
`, "--settings-max-groups", "3")
	if len(server.Applications) != 2 {
		t.Fatalf("%d applications", len(server.Applications))
	}
	first, second := server.Applications[0], server.Applications[1]
	if first.CallsPerSecond != 7 || first.Settings.MaxTopics != 9 || first.Settings.MaxGroups != 3 {
		t.Errorf("first: %d calls, %d topics, %d groups", first.CallsPerSecond, first.Settings.MaxTopics, first.Settings.MaxGroups)
	}
	if fmt.Sprint(first.Admins) != "[administrator]" || len(first.Keys) != 2 || first.Keys[0].Reveal() != "k1" {
		t.Errorf("first: admins %v, %d keys", first.Admins, len(first.Keys))
	}
	if second.CallsPerSecond != 0 || second.Settings.MaxTopics != 10 || second.Settings.MaxGroups != 3 {
		t.Errorf("second: %d calls, %d topics, %d groups", second.CallsPerSecond, second.Settings.MaxTopics, second.Settings.MaxGroups)
	}
	if fmt.Sprint(second.AllowedIPs) != "[192.0.2.7/32 2001:db8::/32]" {
		t.Errorf("second: allowed_ips %v", second.AllowedIPs)
	}
	if fmt.Sprint(first.CommandLimits) != "map[send_group_msg:5]" || fmt.Sprint(second.CommandLimits) != "map[create_group:6 send_group_msg:5]" {
		t.Errorf("command_limits are %v and %v", first.CommandLimits, second.CommandLimits)
	}
	if fmt.Sprint(second.Settings.RefusedWords) != "[spam]" {
		t.Errorf("second: refused_words %v", second.Settings.RefusedWords)
	}
}

func TestOneApplicationOnTheCommandLine(t *testing.T) {
	server := mustLoad(t, "", "--sdkappid", "1400000001", "--key", "k1,k2", "--admin", "root", "--calls-per-second", "0")
	app, ok := server.Application(0)
	if !ok || app.SDKAppID != 1400000001 || len(app.Keys) != 2 || app.Admins[0] != "root" || app.CallsPerSecond != 0 {
		t.Errorf("got %+v", app)
	}
}

func TestHostedProfileChoosesTheDefaultsAndTheFileWins(t *testing.T) {
	server := mustLoad(t, "profile: hosted\nsettings: {group_throttle_per_second: 5}\n")
	want := chat.HostedSettings()
	want.GroupThrottlePerSecond = 5
	if !reflect.DeepEqual(server.Settings, want) {
		t.Errorf("got %+v", server.Settings)
	}
	server = mustLoad(t, "profile: hosted\n", "--profile", "own")
	if !reflect.DeepEqual(server.Settings, chat.DefaultSettings()) {
		t.Errorf("got %+v", server.Settings)
	}
}

func TestMistakesNameTheKey(t *testing.T) {
	app := "applications: [{sdkappid: 1, keys: [k]"
	for _, c := range []struct {
		name, yaml string
		args       []string
		want       string
	}{
		{"unknown key", "listn: x", nil, "line 1: listn is not a key"},
		{"unknown setting", "listen: 127.0.0.1:0\nsettings:\n  max_topcs: 1", nil, "line 3: settings.max_topcs is not a key"},
		{"unknown key of an application", app + ", key: x}]", nil, "applications[0].key is not a key"},
		{"letter case", "Listen: 127.0.0.1:0", nil, "Listen is not a key"},
		{"key twice", "data: a\ndata: b", nil, "line 2: data is given twice"},
		{"entry twice", "command_limits:\n  create_group: 1\n  create_group: 2", nil, "line 3: command_limits.create_group is given twice"},
		{"null in a list", "admin: [a, ~]", nil, "admin[1] should be a single value"},
		{"null for a secret key", "applications: [{sdkappid: 1, keys: [null]}]", nil, "applications[0].keys[0] should be a single value"},
		{"second document", "data: a\n---\nlisten: 127.0.0.1:0", nil, "line 2: the file should be one YAML document"},
		{"no YAML in a second document", "data: a\n---\na: [", nil, "line"},
		{"text for a number", "calls_per_second: fast", nil, "calls_per_second should be a whole number"},
		{"negative number", "calls_per_second: -1", nil, "calls_per_second should be a whole number"},
		{"fraction", "settings: {max_topics: 1.5}", nil, "settings.max_topics should be a whole number"},
		{"text for a switch", "settings: {communities: maybe}", nil, "settings.communities should be true or false"},
		{"list for a value", "listen: [a, b]", nil, "listen should be a single value"},
		{"value for a section", "settings: 5", nil, "settings should be a list of keys"},
		{"list of lists", "admin: [[a]]", nil, "admin[0] should be a single value"},
		{"duration", "request_timeout: 3", nil, "request_timeout should be a duration such as"},
		{"no timeout", "request_timeout: 0s", nil, "request_timeout, idle_timeout and shutdown_timeout"},
		{"size", "cache_size: 5 parsecs", nil, "cache_size should be a size"},
		{"address", "listen: localhost", nil, "listen should be an address and a port"},
		{"metrics address", "metrics_listen: localhost", nil, "metrics_listen should be an address"},
		{"no calls at once", "max_concurrent_calls: 0", nil, "max_concurrent_calls should be above 0"},
		{"network", "allowed_ips: [somewhere]", nil, "allowed_ips[0] should be an address"},
		{"tip style", "settings: {history_tip_style: bold}", nil, "settings.history_tip_style: "},
		{"group type", "settings: {read_receipts: [Works]}", nil, "settings.read_receipts: "},
		{"group type of attributes", "settings: {group_attributes: [Works]}", nil, "settings.group_attributes: "},
		{"too many custom keys", "settings: {member_custom_keys: [a, b, c, d, e, f]}", nil, "settings.member_custom_keys: 6 keys"},
		{"custom profile field", "settings: {custom_profile_fields: [age, hobby2]}", nil, "settings.custom_profile_fields: "},
		{"too many custom profile fields", "settings: {custom_profile_fields: [" + strings.Repeat("a, ", 20) + "a]}", nil, "settings.custom_profile_fields: 21 keywords"},
		{"too many broadcasts", "settings: {broadcasts_per_second: 6}", nil, "settings.broadcasts_per_second: 6, at most 5"},
		{"setting out of bounds", "settings: {delete_by_sender_window: 0}", nil, "settings.delete_by_sender_window: "},
		{"setting of an application", app + ", settings: {delete_by_sender_window: 0}}]", nil, "applications[0].settings.delete_by_sender_window: "},
		{"debug tool", "debug_tool: maybe", nil, "debug_tool should be one of on, off, loopback"},
		{"profile", "profile: theirs", nil, "profile should be one of own, hosted"},
		{"log level", "log_level: loud", nil, "log_level should be one of"},
		{"log format", "log_format: xml", nil, "log_format should be one of text, json"},
		{"half of TLS", "tls_cert: a.pem", nil, "tls_cert and tls_key"},
		{"base URL without a scheme", "public_url: chat.example.net", nil, "public_url should be http:// or https:// and a host"},
		{"base URL without a host", "public_url: https://", nil, "public_url should be http:// or https:// and a host"},
		{"base URL with a query", "public_url: https://chat.example.net?a=b", nil, "public_url should be http:// or https:// and a host"},
		{"no data directory", `data: ""`, nil, "data should name a directory"},
		{"application without id", "applications: [{keys: [k]}]", nil, "applications[0].sdkappid should be"},
		{"id beyond 32 bits", "applications: [{sdkappid: 4294967296, keys: [k]}]", nil, "applications[0].sdkappid should be a whole number"},
		{"application twice", "applications: [{sdkappid: 1, keys: [k]}, {sdkappid: 1, keys: [k]}]", nil, "applications[1].sdkappid 1 is given twice"},
		{"eleven admins", app + ", admins: [a, b, c, d, e, f, g, h, i, j, k]}]", nil, "applications[0].admins should name 1 to 10"},
		{"no admin", app + ", admins: []}]", nil, "applications[0].admins should name 1 to 10"},
		{"admin of 33 bytes", app + ", admins: [" + strings.Repeat("a", 33) + "]}]", nil, "applications[0].admins[0] should be 1 to 32"},
		{"key with white space", "applications: [{sdkappid: 1, keys: [\"a b\"]}]", nil, "applications[0].keys[0] should be a key"},
		{"applications as a map", "applications: {a: b}", nil, "applications should be a list"},
		{"both ways of applications", app + "}]", []string{"--sdkappid", "2", "--key", "k"}, "either sdkappid and key or the list"},
		{"key without id", "", []string{"--key", "k"}, "key is given without sdkappid"},
		{"id without key", "", []string{"--sdkappid", "1"}, "sdkappid is given without key"},
		{"flag", "", []string{"--calls-per-second", "fast"}, "--calls-per-second (or RECANT_CALLS_PER_SECOND) should be a whole number"},
		{"map flag", "", []string{"--command-limits", "send_group_msg"}, "--command-limits (or RECANT_COMMAND_LIMITS) should be entries"},
		{"limit", "command_limits: {sendmsg: x}", nil, "command_limits.sendmsg should be a whole number"},
		{"webhook's URL", "webhook: {url: backend.example.net}", nil, "webhook.url: does not begin"},
		{"webhook of an application", app + ", webhook: {commands: [Group.CallbackLunch]}}]", nil, `applications[0].webhook.commands: "Group.CallbackLunch" is not a webhook`},
		{"webhook's retries", "webhook: {after_retries: -2}", nil, "webhook.after_retries should be a whole number from -1"},
		{"webhook's policy", "webhook: {before_failure_policy: perhaps}", nil, "webhook.before_failure_policy: "},
		{"a webhook that outlives the call", "request_timeout: 2500ms\nwebhook: {url: \"http://backend\"}", nil, "webhook.timeout and a quarter of it"},
		{"an application's webhook that outlives the call", app + ", webhook: {url: \"http://backend\", timeout: 2400ms}}]", nil, "applications[0].webhook.timeout and a quarter of it"},
		{"no mapping", "- a\n- b", nil, "line 1: the file should be a list of keys"},
		{"no YAML", "a: [", nil, "line"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := loadFile(t, c.yaml, c.args...)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestAMistakeInAKeyDoesNotShowTheKey(t *testing.T) {
	for _, yaml := range []string{
		"sdkappid: 1\nkey: \"hush hush\"",
		"applications: [{sdkappid: 1, keys: [\"hush hush\"]}]",
		"applications: [{sdkappid: 1, keys: [[\"hush\"]]}]",
		"webhook: {token: \"hush \"}",
		"webhook: {url: \"http://backend/hush!\"}",
	} {
		_, err := loadFile(t, yaml)
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: got error %v", yaml, err)
		}
	}
}

func TestAMissingFileIsAnError(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "absent.yaml"), NewFlags()); err == nil {
		t.Error("a missing file was taken for an empty one")
	}
}

func TestSecretsHideThemselves(t *testing.T) {
	server := mustLoad(t, "", "--sdkappid", "1", "--key", "hush", "--webhook-token", "hush")
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "server", server, "key", server.Keys[0])
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "server", server, "key", server.Keys[0])
	fmt.Fprintf(&log, "%v %+v %#v %s %q", server, server, server, server.Keys, server.Keys)
	if strings.Contains(log.String(), "hush") {
		t.Errorf("the key is in %s", log.String())
	}
	if server.Keys[0].Reveal() != "hush" || server.Webhook.Token.Reveal() != "hush" {
		t.Error("Reveal does not reveal")
	}
}

func TestSizesReadAndWriteTheSame(t *testing.T) {
	for text, want := range map[string]Size{"0": 0, "5": 5, "64KiB": 64 << 10, "256MiB": 256 << 20, "3 GiB": 3 << 30, "1536KiB": 1536 << 10} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%s is %d (%v), want %d", text, s, err, want)
		}
		var again Size
		if err := again.UnmarshalText([]byte(s.String())); err != nil || again != s {
			t.Errorf("%s is written as %s, which is %d (%v)", text, s, again, err)
		}
	}
}

func TestDurationsAreReadWithUnits(t *testing.T) {
	if server := mustLoad(t, "request_timeout: 1500ms"); server.RequestTimeout != 1500*time.Millisecond {
		t.Errorf("request_timeout is %v", server.RequestTimeout)
	}
}

// Whatever a file holds, it is refused with a message or makes a configuration
// that can be.
func FuzzFile(f *testing.F) {
	f.Add("listen: 127.0.0.1:0\nrequest_timeout: 3s\ncache_size: 1MiB\nallowed_ips: 192.0.2.1")
	f.Add("applications: [{sdkappid: 1, keys: k, settings: {max_topics: 1}}]")
	f.Add("a: &x {b: *x}\nsettings: *x\n")
	f.Add("command_limits: {? [a] : 1}\nadmin: [*y]")
	f.Fuzz(func(t *testing.T, content string) {
		doc, err := parseDocument("recant.yaml", []byte(content))
		if err != nil {
			return
		}
		server, err := load(doc, NoFlags())
		if err != nil {
			if err.Error() == "" {
				t.Error("refused without a message")
			}
			return
		}
		if err := server.validate(); err != nil {
			t.Error(err)
		}
	})
}

func TestIPv4NetworksWrittenAsIPv6AreIPv4(t *testing.T) {
	server := mustLoad(t, `
trusted_proxies: ["::ffff:192.0.2.7", "::ffff:10.1.2.3/104", "::ffff:0:0/95", "2001:db8::/32"]
`)
	if got, want := fmt.Sprint(server.TrustedProxies), "[192.0.2.7/32 10.0.0.0/8 ::fffe:0:0/95 2001:db8::/32]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A tool with which calls are tried out is no invitation to the whole world.
func TestTheDebuggingToolIsServedOnLoopbackAlone(t *testing.T) {
	for _, c := range []struct {
		file string
		want bool
	}{
		{"", true},
		{"listen: localhost:80", true},
		{"listen: '[::1]:80'", true},
		{"listen: '[::ffff:127.0.0.1]:80'", true},
		{"listen: 0.0.0.0:80", false},
		{"listen: ':80'", false},
		{"listen: 192.0.2.1:80", false},
		{"listen: chat.example.net:80", false},
		{"public_url: https://chat.example.net", false}, // a proxy passes on what comes from elsewhere
		{"public_url: http://localhost:90", true},
		{"trusted_proxies: [127.0.0.1]", false},
		{"listen: 0.0.0.0:80\npublic_url: http://localhost:90", false},
		{"debug_tool: off", false},
		{"listen: 0.0.0.0:80\ndebug_tool: on", true},
	} {
		server := mustLoad(t, c.file)
		if got := server.ServesDebugTool(); got != c.want {
			t.Errorf("with %q the tool is served: %v", c.file, got)
		}
	}
}
