package main

import (
	"strings"
	"testing"
)

const check = "im_open_login_svc/account_check"

const checkBody = `{"CheckItem":[{"UserID":"somebody"}]}`

func TestUserSigOfTheFirstRunIsAccepted(t *testing.T) {
	data := t.TempDir()
	p := serve(t, data)
	id, key := kept(t, data)

	for _, c := range []struct {
		name string
		user string
		args []string
		want int
	}{
		{"from the data directory", "administrator", []string{"--data", data}, 0},
		{"with the application named", "administrator", []string{"--data", data, "--sdkappid", text(id)}, 0},
		{"with the key given", "administrator", []string{"--sdkappid", text(id), "--key", key}, 0},
		{"for nobody who may call", "mallory", []string{"--data", data}, 60010},
		{"with another key", "administrator", []string{"--sdkappid", text(id), "--key", "another"}, 70009},
	} {
		t.Run(c.name, func(t *testing.T) {
			sig := sign(t, append([]string{"--user", c.user, "--expire", "1h"}, c.args...)...)
			if got := p.call(id, c.user, sig, check, checkBody); got.ErrorCode != c.want {
				t.Errorf("got %d %s, want %d", got.ErrorCode, got.ErrorInfo, c.want)
			}
		})
	}
}

func TestUserSigComplainsClearly(t *testing.T) {
	two := writeConfig(t, "applications: [{sdkappid: 1, keys: [k]}, {sdkappid: 2, keys: []}]")
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"no user", []string{"--sdkappid", "1", "--key", "k"}, "--user"},
		{"no UserID", []string{"--user", strings.Repeat("x", 33), "--sdkappid", "1", "--key", "k"}, "--user should be"},
		{"no time", []string{"--user", "a", "--expire", "0s", "--sdkappid", "1", "--key", "k"}, "--expire should be"},
		{"key without application", []string{"--user", "a", "--key", "k"}, "without --sdkappid"},
		{"no server has run", []string{"--user", "a", "--data", t.TempDir()}, "no application"},
		{"several applications", []string{"--user", "a", "--config", two}, "choose one with --sdkappid"},
		{"unknown application", []string{"--user", "a", "--config", two, "--sdkappid", "3"}, "no application 3"},
		{"application without key", []string{"--user", "a", "--config", two, "--sdkappid", "2"}, "application 2 has no key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, log, code := tool(t, nil, append([]string{"usersig"}, c.args...)...)
			if code == 0 || out != "" || !strings.Contains(log, c.want) {
				t.Errorf("exit code %d, stdout %q, stderr %q, want one with %q", code, out, log, c.want)
			}
		})
	}
}
