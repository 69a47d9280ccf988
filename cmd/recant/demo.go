package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"time"

	"github.com/recant-chat/recant/client"
	"github.com/recant-chat/recant/internal/config"
)

// The demo's group and the sender to recall.
const (
	demoGroup   = "demo"
	demoSpammer = "mallory"
)

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
	c, err := client.New(client.Config{
		BaseURL: "http://in-process", SDKAppID: app.SDKAppID, Identifier: app.Admins[0], Key: app.Keys[0].Reveal(),
		HTTPClient: &http.Client{Transport: &inProcess{handler, app}},
		Retry:      client.Retry{Attempts: 100, Pause: 50 * time.Millisecond, MaxPause: 50 * time.Millisecond}, // the call frequency may be low
	})
	if err != nil {
		return err
	}
	known, err := c.GetGroupInfo(ctx, &client.GetGroupInfoRequest{GroupIDList: []string{demoGroup}})
	if err != nil || known.GroupInfo[0].ErrorCode == 0 {
		return err
	}
	people := []string{"alice", "bob", "carol", demoSpammer}
	if _, err := c.MultiAccountImport(ctx, &client.MultiAccountImportRequest{Accounts: people}); err != nil {
		return err
	}
	group := &client.CreateGroupRequest{GroupID: new(demoGroup), Type: "Public", Name: "Recant demo", OwnerAccount: &people[0]}
	for _, name := range people[1:] {
		group.MemberList = append(group.MemberList, client.NewMember{MemberAccount: name})
	}
	if _, err := c.CreateGroup(ctx, group); err != nil {
		return err
	}
	for _, message := range demoMessages() {
		_, err := c.SendGroupMsg(ctx, &client.SendGroupMsgRequest{
			GroupID: demoGroup, FromAccount: &message[0], MsgBody: client.MessageBody{client.Text(message[1])},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// inProcess calls a server without a network.
type inProcess struct {
	handler http.Handler
	app     config.Application
}

// RoundTrip has the server answer a request.
func (p *inProcess) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.RemoteAddr = netip.AddrPortFrom(p.address(), 1).String()
	recorded := &recorder{header: http.Header{}}
	p.handler.ServeHTTP(recorded, request)
	return &http.Response{
		StatusCode: http.StatusOK, Header: recorded.header, Body: io.NopCloser(&recorded.body), Request: request,
	}, nil
}

// address is one that may call.
func (p *inProcess) address() netip.Addr {
	if len(p.app.AllowedIPs) > 0 {
		return p.app.AllowedIPs[0].Addr()
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// recorder keeps an answer in memory; the server answers with status 200 alone.
type recorder struct {
	header http.Header
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
func (r *recorder) WriteHeader(int)             {}
