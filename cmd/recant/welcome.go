package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/recant-chat/recant/api/usersig"
	"github.com/recant-chat/recant/internal/config"
)

// welcomeLife is how long the printed UserSig is valid.
const welcomeLife = 24 * time.Hour

// welcomeText is what a person needs after the start. A server with configured
// applications belongs to someone who knows what to call, and prints no UserSig.
var welcomeText = template.Must(template.New("welcome").Parse(`
Recant is serving {{.Base}}
{{if .Recall}}
Application {{.SDKAppID}}, admin {{.Admin}}{{if .KeyFile}}, key in {{.KeyFile}}{{end}}
{{if .Demo}}
The group "{{.Group}}" has messages of alice, bob, carol and of a spammer, mallory.
Look at its history:

  {{.History}}

Take back everything that mallory said among the last 1,000 messages, then look again:

  {{.Recall}}
{{else}}
Take back everything that one sender said among a group's last 1,000 messages (put your
group and your sender; with --demo there is one of each to try):

  {{.Recall}}
{{end}}{{if .Console}}
The same in a browser, signed in:

  {{.Console}}
{{end}}{{if .Debug}}
Every call can be tried out there:

  {{.Debug}}
{{end}}
The UserSig in them is valid for 24 hours. Another:

  {{.Another}}
{{end}}
`))

// welcome prints what a person needs next. The commands can be pasted into a
// shell as they are.
func (s *server) welcome(base string) error {
	text := struct {
		Base, Admin, KeyFile, Group, History, Recall, Console, Debug, Another string
		SDKAppID                                                              uint32
		Demo                                                                  bool
	}{Base: base}
	if app := s.apps[0]; (s.made || s.demo) && len(app.Keys) > 0 {
		sig, err := usersig.Sign(app.SDKAppID, app.Keys[0].Reveal(), app.Admins[0], welcomeLife)
		if err != nil {
			return err
		}
		group, sender := "my-group", "some-sender"
		if s.demo {
			group, sender = demoGroup, demoSpammer
		}
		curl := curlOf(s.cert.selfSigned(), base, app, sig)
		text.SDKAppID, text.Admin, text.Demo, text.Group = app.SDKAppID, app.Admins[0], s.demo, group
		text.History = curl("group_msg_get_simple", fmt.Sprintf(`{"GroupId":%q,"ReqMsgNumber":20}`, group))
		text.Recall = curl("delete_group_msg_by_sender", fmt.Sprintf(`{"GroupId":%q,"Sender_Account":%q}`, group, sender))
		if s.config.Console {
			text.Console = base + "/console/" + signedIn(app, sig)
		}
		if s.config.ServesDebugTool() {
			text.Debug = base + "/debug/" + signedIn(app, sig)
		}
		text.Another = "recant usersig --user " + quote(app.Admins[0]) + " --data " + quote(s.config.Data)
		if s.made {
			text.KeyFile = s.config.Data + "/" + firstApplicationFile
		}
	}
	return welcomeText.Execute(s.out, text)
}

// signedIn is the fragment with which a link to a page signs its reader in as
// the application's first admin. Browsers send fragments to nobody.
func signedIn(app config.Application, sig string) string {
	admin := strings.ReplaceAll(url.QueryEscape(app.Admins[0]), "+", "%20") // as a fragment has spaces
	return fmt.Sprintf("#sign=%d:%s:%s", app.SDKAppID, admin, sig)
}

// curlOf writes calls of group commands as shell commands.
func curlOf(insecure bool, base string, app config.Application, sig string) func(command, body string) string {
	option := ""
	if insecure {
		option = "-k " // nothing vouches for a certificate that signed itself
	}
	return func(command, body string) string {
		return fmt.Sprintf("curl -s %s%s -d %s", option, quote(callURL(base, "group_open_http_svc", command, app, sig)), quote(body))
	}
}

// callURL is the URL of a call by the application's first admin.
func callURL(base, service, command string, app config.Application, sig string) string {
	query := "sdkappid=" + strconv.FormatUint(uint64(app.SDKAppID), 10) +
		"&identifier=" + url.QueryEscape(app.Admins[0]) +
		"&usersig=" + sig +
		"&random=" + strconv.FormatUint(uint64(rand.Uint32()), 10) +
		"&contenttype=json"
	return base + "/v4/" + service + "/" + command + "?" + query
}

// quote makes one word of a shell's command line.
func quote(text string) string {
	if text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+,-") == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// baseURL is where this machine, or with public_url everyone, reaches the
// server.
func (s *server) baseURL() string {
	if s.config.PublicURL != "" {
		return strings.TrimSuffix(s.config.PublicURL, "/")
	}
	scheme := "http"
	if s.cert != nil {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(s.listener.Addr().String())
	if err != nil {
		return scheme + "://" + s.listener.Addr().String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// selfSigned reports whether clients that trust the usual authorities will not
// trust the certificate. None is fine.
func (c *certificate) selfSigned() bool {
	if c == nil {
		return false
	}
	leaf := c.get(time.Now()).Leaf
	return leaf != nil && bytes.Equal(leaf.RawIssuer, leaf.RawSubject)
}
