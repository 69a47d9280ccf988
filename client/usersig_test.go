package client_test

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/api/usersig"
	"github.com/recant-chat/recant/client"
)

// sources counts the UserSigs that a program hands out; each lives as long as
// the next of lives says, the last of them for ever.
type sources struct {
	t     testing.TB
	mu    sync.Mutex
	lives []time.Duration
	made  int
}

func (s *sources) sign(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	life := s.lives[min(s.made, len(s.lives)-1)]
	s.made++
	time.Sleep(20 * time.Millisecond) // others come meanwhile
	return usersig.Sign(apitest.SDKAppID, apitest.Key, apitest.Admin, life)
}

func (s *sources) on(srv *apitest.Server) *client.Client {
	c, err := client.New(client.Config{
		BaseURL: srv.URL, SDKAppID: apitest.SDKAppID, UserSig: s.sign, HTTPClient: srv.Client(), Retry: quick,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func TestAUserSigIsMadeOnceForManyCalls(t *testing.T) {
	_, srv := newClient(t)
	s := &sources{t: t, lives: []time.Duration{time.Hour}}
	c := s.on(srv)
	var running sync.WaitGroup
	for range 16 {
		running.Go(func() {
			for range 4 {
				if _, err := c.GetWebhookStatus(t.Context()); err != nil && client.CodeOf(err) == 0 {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	if s.made != 1 {
		t.Errorf("%d UserSigs were made", s.made)
	}
}

func TestAUserSigIsRenewedBeforeItEnds(t *testing.T) {
	_, srv := newClient(t)
	s := &sources{t: t, lives: []time.Duration{2 * time.Second, 2 * time.Second, time.Hour}}
	c := s.on(srv)
	for s.made < 3 { // the server's clock stands still, and would accept the first for ever
		if _, err := c.GetAppIDGroupList(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestAUserSigThatTheServerCallsExpiredIsRenewedOnce(t *testing.T) {
	_, srv := newClient(t)
	s := &sources{t: t, lives: []time.Duration{time.Hour, 100 * time.Hour}}
	c := s.on(srv)
	srv.Clock.Set(time.Now().Add(2 * time.Hour)) // and the client's clock is behind
	for range 2 {
		if _, err := c.GetAppIDGroupList(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if s.made != 2 {
		t.Errorf("%d UserSigs were made, want 2", s.made)
	}
	srv.Clock.Set(time.Now().Add(200 * time.Hour))
	if _, err := c.GetAppIDGroupList(t.Context(), nil); !errors.Is(err, client.CodeSigExpired) {
		t.Errorf("got %v, want that it has expired", err)
	}
	if s.made != 3 {
		t.Errorf("%d UserSigs were made, want one more", s.made)
	}
}

// A kick of the caller voids its UserSigs; the client signs another.
func TestTheCallerSurvivesItsOwnKick(t *testing.T) {
	c, srv := newClient(t)
	if _, err := c.GetAppIDGroupList(t.Context(), nil); err != nil { // signs
		t.Fatal(err)
	}
	time.Sleep(1100 * time.Millisecond) // a UserSig of the same second would live
	srv.Clock.Set(time.Now())
	if err := c.KickAccount(t.Context(), &client.KickAccountRequest{UserID: apitest.Admin}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.WithRetry(client.Retry{Attempts: 1}).GetAppIDGroupList(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
}

// What the source returns is used until the server refuses it, where its end
// cannot be read.
func TestAUserSigThatCannotBeReadIsUsed(t *testing.T) {
	made := 0
	n := &network{answers: []string{success, success, failure(70001), success}}
	c := n.on(t, func(config *client.Config) {
		config.Key, config.UserSig = "", func(context.Context) (string, error) { made++; return "opaque", nil }
	})
	for range 3 {
		if err := repeatable(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if made != 2 {
		t.Errorf("%d UserSigs were asked for, want 2", made)
	}
}

// Renewing a UserSig is none of the attempts.
func TestARenewalCostsNoAttempt(t *testing.T) {
	n := &network{answers: []string{failure(70001), refused, success}}
	two := func(config *client.Config) { config.Retry.Attempts = 2 }
	if err := onceOnly(t.Context(), n.on(t, two)); err != nil {
		t.Error(err)
	}
}

func TestASourceThatFailsEndsTheCall(t *testing.T) {
	broken := errors.New("the vault is shut")
	n := &network{answers: []string{success}}
	c := n.on(t, func(config *client.Config) {
		config.Key, config.UserSig = "", func(context.Context) (string, error) { return "", broken }
	})
	if err := repeatable(t.Context(), c); !errors.Is(err, broken) || len(n.seen) != 0 {
		t.Errorf("got %v", err)
	}
}

func TestAWaitingCallLeavesWhenItsContextEnds(t *testing.T) {
	stuck := make(chan struct{})
	asked := make(chan struct{})
	n := &network{answers: []string{success}}
	c := n.on(t, func(config *client.Config) {
		config.Key, config.UserSig = "", func(context.Context) (string, error) { close(asked); <-stuck; return "opaque", nil }
	})
	first := make(chan error)
	go func() { first <- repeatable(context.WithoutCancel(t.Context()), c) }()
	<-asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := repeatable(ctx, c); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(stuck)
	if err := <-first; err != nil {
		t.Error(err)
	}
}

// The form of a call is the hosted service's (doc 34620).
func TestACallHasTheHostedServicesForm(t *testing.T) {
	n := &network{answers: []string{success}}
	c := n.on(t, func(config *client.Config) {
		config.BaseURL, config.Identifier = "https://console.tim.qq.com/", "noor+1"
		config.Key, config.UserSig = "", func(context.Context) (string, error) { return "eJw*a-b_", nil }
	})
	err := c.DeleteGroupMsgBySender(t.Context(), &client.DeleteGroupMsgBySenderRequest{GroupID: "@TGS#2WQ5RZAEK", SenderAccount: "noor"})
	if err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(n.queries[0])
	if err != nil {
		t.Fatal(err)
	}
	random := address.Query().Get("random")
	want := "https://console.tim.qq.com/v4/group_open_http_svc/delete_group_msg_by_sender?sdkappid=1400000001&identifier=noor%2B1&usersig=eJw%2Aa-b_&random=" +
		random + "&contenttype=json"
	if n.queries[0] != want {
		t.Errorf("called %s\nwant   %s", n.queries[0], want)
	}
	if want := `{"GroupId":"@TGS#2WQ5RZAEK","Sender_Account":"noor"}`; n.seen[0] != want {
		t.Errorf("sent %s, want %s", n.seen[0], want)
	}
}
