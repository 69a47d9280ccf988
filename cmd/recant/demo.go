package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/recant-chat/recant/api/usersig"
	"github.com/recant-chat/recant/internal/config"
)

// The demo's group and the sender to recall.
const (
	demoGroup   = "demo"
	demoSpammer = "mallory"
)

// demoLife is how long the UserSig that fills the demo group is valid.
const demoLife = time.Minute

// demoMessages are what was said in the group, in this order.
func demoMessages() [][2]string {
	return [][2]string{
		{"alice", "Welcome, everyone! The release party is on Friday."},
		{"bob", "Great, I bring the cake."},
		{demoSpammer, "CHEAP WATCHES!!! buy now http://spam.example/1"},
		{"carol", "Count me in. Which room?"},
		{demoSpammer, "You have WON a prize, click http://spam.example/2"},
		{demoSpammer, "CHEAP WATCHES!!! last chance http://spam.example/3"},
		{"alice", "Room 204, from six."},
		{demoSpammer, "Work from home, $9,000 a week http://spam.example/4"},
		{"bob", "Who invited mallory?"},
		{demoSpammer, "CHEAP WATCHES!!! really the last chance http://spam.example/5"},
	}
}

// seedDemo fills the demo group, unless the application has a group of its name
// already. It calls the server in process, as any client would over the wire.
func seedDemo(ctx context.Context, handler http.Handler, app config.Application) error {
	if len(app.Keys) == 0 {
		return fmt.Errorf("application %d has no key", app.SDKAppID)
	}
	sig, err := usersig.Sign(app.SDKAppID, app.Keys[0].Reveal(), app.Admins[0], demoLife)
	if err != nil {
		return err
	}
	caller := &inProcess{ctx: ctx, handler: handler, app: app, sig: sig}
	known, err := caller.hasGroup(demoGroup)
	if err != nil || known {
		return err
	}
	people := []string{"alice", "bob", "carol", demoSpammer}
	var members []map[string]string
	for _, name := range people[1:] {
		members = append(members, map[string]string{"Member_Account": name})
	}
	err = caller.call("im_open_login_svc", "multiaccount_import", map[string]any{"Accounts": people}, nil)
	if err != nil {
		return err
	}
	err = caller.call("group_open_http_svc", "create_group", map[string]any{
		"GroupId": demoGroup, "Type": "Public", "Name": "Recant demo",
		"Owner_Account": people[0], "MemberList": members,
	}, nil)
	if err != nil {
		return err
	}
	for i, message := range demoMessages() {
		err := caller.call("group_open_http_svc", "send_group_msg", map[string]any{
			"GroupId": demoGroup, "From_Account": message[0], "Random": i + 1,
			"MsgBody": []any{map[string]any{"MsgType": "TIMTextElem", "MsgContent": map[string]any{"Text": message[1]}}},
		}, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

// inProcess calls a server without a network.
type inProcess struct {
	ctx     context.Context
	handler http.Handler
	app     config.Application
	sig     string
}

// codeCallFrequency refuses a call that came too soon after others of its
// command (spec 01 section 5).
const codeCallFrequency = 60007

// envelope is what every answer has (spec 01 section 2.2).
type envelope struct {
	ErrorCode int
	ErrorInfo string
}

// hasGroup reports whether the application has a group of this id.
func (c *inProcess) hasGroup(id string) (bool, error) {
	var answer struct{ GroupInfo []envelope }
	err := c.call("group_open_http_svc", "get_group_info", map[string]any{"GroupIdList": []string{id}}, &answer)
	if err != nil {
		return false, err
	}
	return len(answer.GroupInfo) == 1 && answer.GroupInfo[0].ErrorCode == 0, nil
}

// call makes one call and decodes its answer. A refusal is an error.
func (c *inProcess) call(service, command string, body, answer any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	target := callURL("http://in-process", service, command, c.app, c.sig)
	request, err := http.NewRequestWithContext(c.ctx, http.MethodPost, target, bytes.NewReader(encoded))
	if err != nil {
		return err
	}
	request.RemoteAddr = netip.AddrPortFrom(c.address(), 1).String()
	recorded := &recorder{header: http.Header{}}
	c.handler.ServeHTTP(recorded, request)

	var result envelope
	if err := json.Unmarshal(recorded.body.Bytes(), &result); err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	if result.ErrorCode == codeCallFrequency {
		select {
		case <-c.ctx.Done():
			return c.ctx.Err()
		case <-time.After(100 * time.Millisecond):
			return c.call(service, command, body, answer)
		}
	}
	if result.ErrorCode != 0 {
		return fmt.Errorf("%s: %d %s", command, result.ErrorCode, result.ErrorInfo)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(recorded.body.Bytes(), answer)
}

// address is one that may call.
func (c *inProcess) address() netip.Addr {
	if len(c.app.AllowedIPs) > 0 {
		return c.app.AllowedIPs[0].Addr()
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// recorder keeps an answer in memory.
type recorder struct {
	header http.Header
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
func (r *recorder) WriteHeader(int)             {}
