package cassandra

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestURLs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("from file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	plain := Options{Hosts: []string{"h"}, Port: 9042, Keyspace: "k", Timeout: 2 * time.Second, RetryFor: 10 * time.Second, Connections: 4}
	with := func(change func(*Options)) Options { o := plain; change(&o); return o }
	for url, want := range map[string]Options{
		"cassandra://h/k":                                    plain,
		"cassandra://h:9142/k":                               with(func(o *Options) { o.Port = 9142 }),
		"cassandra://a,b.example,10.0.0.3:1/k":               with(func(o *Options) { o.Hosts, o.Port = []string{"a", "b.example", "10.0.0.3"}, 1 }),
		"cassandra://[::1],[fe80::2]:7/k":                    with(func(o *Options) { o.Hosts, o.Port = []string{"::1", "fe80::2"}, 7 }),
		"cassandra://u:p%40%2F@h/k_2":                        with(func(o *Options) { o.User, o.Password, o.Keyspace = "u", "p@/", "k_2" }),
		"cassandra://u@h/k?password_file=" + file:            with(func(o *Options) { o.User, o.Password = "u", "from file" }),
		"cassandra://h/k?datacenter=eu-1&local_writers=true": with(func(o *Options) { o.Datacenter, o.LocalWriters = "eu-1", true }),
		"cassandra://h/k?timeout=500ms&retry_for=3s&connections=9&purge_command=%2Fbin%2Ftrue": with(func(o *Options) {
			o.Timeout, o.RetryFor, o.Connections, o.PurgeCommand = time.Second/2, 3*time.Second, 9, "/bin/true"
		}),
	} {
		if got, err := ParseURL(url); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v, want %+v", url, got, err, want)
		}
	}
	if o, err := ParseURL("cassandra://h/k?tls=true&tls_servername=nodes"); err != nil || o.TLS == nil || o.TLS.ServerName != "nodes" {
		t.Errorf("TLS: %+v, %v", o.TLS, err)
	}
}

func TestBadURLsSayWhatIsWrong(t *testing.T) {
	for url, want := range map[string]string{
		"pebble://h/k":                               "must begin with cassandra://",
		"cassandra:h/k":                              "must begin with cassandra://",
		"cassandra://h":                              "keyspace is missing",
		"cassandra://h?timeout=1s":                   "keyspace is missing",
		"cassandra:///k":                             `host ""`,
		"cassandra://a,,b/k":                         `host ""`,
		"cassandra://a:1,b:1/k":                      `host "a:1"`,
		"cassandra://h:0/k":                          `"0" must be a number from 1 to 65535`,
		"cassandra://h:x/k":                          `"x" must be a number`,
		"cassandra://h/":                             `keyspace ""`,
		"cassandra://h/K":                            `keyspace "K"`,
		"cassandra://h/a/b":                          `keyspace "a/b"`,
		"cassandra://h/k#x":                          "# must be written",
		"cassandra://h/k?tiemout=1s":                 `unknown parameter "tiemout"`,
		"cassandra://h/k?timeout=1s&timeout=":        `"timeout" is given 2 times`,
		"cassandra://h/k?timeout=1":                  `parameter "timeout"`,
		"cassandra://h/k?timeout=-1s":                "must be more than 0",
		"cassandra://h/k?connections=65":             "a number from 1 to 64",
		"cassandra://h/k?local_writers=true":         "local_writers needs datacenter",
		"cassandra://u@h/k":                          "user and password go together",
		"cassandra://:secret@h/k":                    "user and password go together",
		"cassandra://h/k?tls_ca=x":                   "need tls=true",
		"cassandra://h/k?tls=true&tls_key=x":         "tls_cert and tls_key go together",
		"cassandra://h/k?tls=true&tls_ca=/no":        "/no",
		"cassandra://u:secret@h/k?password_file=/no": "a password and a password_file",
		"cassandra://u:sec%ret@h/k":                  "not encoded",
		"cassandra://h/k?a=%zz":                      "not encoded",
	} {
		_, err := ParseURL(url)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", url, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error tells the password: %v", url, err)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	for _, s := range []string{"cassandra://u:p@a,[::1]:9042/k?timeout=1s&tls=true", "cassandra://h/k", "cassandra://@/?#"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "file") || strings.Contains(s, "tls_") {
			return // would read files
		}
		o, err := ParseURL(s)
		if err != nil {
			return
		}
		if len(o.Hosts) == 0 || o.Port < 1 || o.Port > 65535 || !keyspaceName.MatchString(o.Keyspace) || o.Timeout <= 0 || o.RetryFor <= 0 || o.Connections < 1 {
			t.Errorf("%q was read as %+v", s, o)
		}
	})
}

func TestReplications(t *testing.T) {
	r, err := ParseReplication("dc1=3,eu-2=2")
	if err != nil || r.cql() != "{'class': 'NetworkTopologyStrategy', 'dc1': 3, 'eu-2': 2}" {
		t.Errorf("replication is %s, %v", r.cql(), err)
	}
	for _, bad := range []string{"", "3", "dc1", "dc1=0", "dc1=x", "dc1=3,", "dc1=3,dc1=3", "dc'1=3", "dc1=100"} {
		if _, err := ParseReplication(bad); err == nil {
			t.Errorf("replication %q was accepted", bad)
		}
	}
}
