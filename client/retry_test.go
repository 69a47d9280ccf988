package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/recant-chat/recant/client"
)

// Commands of both kinds.
func repeatable(ctx context.Context, c *client.Client) error {
	_, err := c.GetGroupInfo(ctx, &client.GetGroupInfoRequest{GroupIDList: []string{"g"}})
	return err
}

func onceOnly(ctx context.Context, c *client.Client) error {
	_, err := c.CreateGroup(ctx, &client.CreateGroupRequest{})
	return err
}

// A call is made again where that does no more than the first could have done.
func TestCallsAreRepeatedWhereThatIsHarmless(t *testing.T) {
	const ever = 5 // default Attempts
	for _, c := range []struct {
		name    string
		call    func(context.Context, *client.Client) error
		answers []string
		calls   int
		fails   bool
	}{
		{"at once", onceOnly, []string{success}, 1, false},
		{"nobody listened", onceOnly, []string{refused, success}, 2, false},
		{"too frequent", onceOnly, []string{failure(60007), failure(60018), success}, 3, false},
		{"a proxy's limit", onceOnly, []string{"HTTP 429", success}, 2, false},
		{"an answer that was lost", repeatable, []string{broken, success}, 2, false},
		{"an answer that was lost, once only", onceOnly, []string{broken, success}, 1, true},
		{"a timeout", repeatable, []string{failure(60008), success}, 2, false},
		{"a timeout, once only", onceOnly, []string{failure(60008), success}, 1, true},
		{"an internal error", repeatable, []string{failure(10002), success}, 2, false},
		{"an internal error, once only", onceOnly, []string{failure(10002), success}, 1, true},
		{"a proxy's error", repeatable, []string{"HTTP 502", success}, 2, false},
		{"a proxy's error, once only", onceOnly, []string{"HTTP 503", success}, 1, true},
		{"not there", repeatable, []string{"HTTP 404", success}, 1, true},
		{"something else", repeatable, []string{"<html>", success}, 2, false},
		{"an answer without a code", repeatable, []string{"{}", success}, 2, false},
		{"a refusal", repeatable, []string{failure(10010), success}, 1, true},
		{"a failed replay", repeatable, []string{failure(190009), success}, 1, true},
		{"too many bad UserSigs", repeatable, []string{failure(70050), success}, 1, true},
		{"a code that is not known", repeatable, []string{failure(123456), success}, 1, true},
		{"again and again", repeatable, []string{broken}, ever, true},
		{"never listening", onceOnly, []string{refused}, ever, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := &network{answers: c.answers}
			if err := c.call(t.Context(), n.on(t)); (err != nil) != c.fails {
				t.Errorf("got %v", err)
			}
			if len(n.seen) != c.calls {
				t.Errorf("%d calls, want %d", len(n.seen), c.calls)
			}
			for i := range n.seen {
				if n.seen[i] != n.seen[0] || n.queries[i] != n.queries[0] {
					t.Errorf("call %d is another: %s %s", i, n.queries[i], n.seen[i])
				}
			}
		})
	}
}

func TestOneAttemptRepeatsNothing(t *testing.T) {
	n := &network{answers: []string{refused, success}}
	if err := repeatable(t.Context(), n.on(t).WithRetry(client.Retry{Attempts: 1})); err == nil || len(n.seen) != 1 {
		t.Errorf("%d calls, %v", len(n.seen), err)
	}
}

// The server knows a message by its Random and a recall by its key; the client
// makes one for all attempts of a call, and another for the next call.
func TestAMessageIsRepeatedUnderOneRandom(t *testing.T) {
	for name, send := range map[string]func(*client.Client) error{
		"Random": func(c *client.Client) error {
			_, err := c.SendGroupMsg(t.Context(), &client.SendGroupMsgRequest{})
			return err
		},
		"IdempotencyKey": func(c *client.Client) error {
			_, err := c.RecallBySender(t.Context(), &client.RecallBySenderRequest{})
			return err
		},
	} {
		n := &network{answers: []string{broken, success}}
		c := n.on(t)
		for range 2 {
			if err := send(c); err != nil {
				t.Fatal(err)
			}
		}
		if len(n.seen) != 3 || n.seen[0] != n.seen[1] || n.seen[1] == n.seen[2] || !strings.Contains(n.seen[0], `"`+name+`":`) {
			t.Errorf("%s: sent %s", name, n.seen)
		}
	}
	given := &client.SendGroupMsgRequest{Random: new(uint32(0))}
	n := &network{answers: []string{success}}
	if _, err := n.on(t).SendGroupMsg(t.Context(), given); err != nil || !strings.Contains(n.seen[0], `"Random":0`) {
		t.Errorf("a Random that is given was replaced: %s, %v", n.seen[0], err)
	}
}

func TestAnAttemptThatHangsIsGivenUp(t *testing.T) {
	n := &network{answers: []string{success}}
	slow := func(config *client.Config) {
		config.Retry.AttemptTimeout = time.Millisecond
		config.HTTPClient.Transport = hanging{}
	}
	started := time.Now()
	var lost *client.LostError
	if err := repeatable(t.Context(), n.on(t, slow)); !errors.As(err, &lost) || !lost.Reached || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestTheContextEndsACall(t *testing.T) {
	n := &network{answers: []string{refused}}
	patient := func(config *client.Config) {
		config.Retry = client.Retry{Attempts: 1000, Pause: time.Hour, MaxPause: time.Hour}
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if err := repeatable(ctx, n.on(t, patient)); err == nil {
		t.Error("no error")
	}
	// One that could not be made again in time fails at once.
	ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	started := time.Now()
	if err := repeatable(ctx, n.on(t, patient)); err == nil || time.Since(started) > 10*time.Second {
		t.Errorf("%v after %v", err, time.Since(started))
	}
	if len(n.seen) != 2 {
		t.Errorf("%d calls, want 2", len(n.seen))
	}
}

func TestAProxysRetryAfterIsHonoured(t *testing.T) {
	n := &network{answers: []string{"HTTP 503 Retry-After: 1", success}}
	long := func(config *client.Config) { config.Retry.MaxPause = 2 * time.Second }
	started := time.Now()
	if err := repeatable(t.Context(), n.on(t, long)); err != nil || time.Since(started) < time.Second {
		t.Errorf("%v after %v", err, time.Since(started))
	}
	// One that is longer than the longest pause ends the call.
	n = &network{answers: []string{"HTTP 503 Retry-After: 3600", success}}
	var status *client.StatusError
	if err := repeatable(t.Context(), n.on(t)); !errors.As(err, &status) || status.Status != 503 || status.RetryAfter != time.Hour || len(n.seen) != 1 {
		t.Errorf("%d calls, %v", len(n.seen), err)
	}
	n = &network{answers: []string{"HTTP 503 Retry-After: " + time.Now().Add(time.Hour).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")}}
	if err := repeatable(t.Context(), n.on(t)); !errors.As(err, &status) || status.RetryAfter < 59*time.Minute {
		t.Errorf("a date is read as %v", err)
	}
}

func TestErrorsSayWhatIsKnown(t *testing.T) {
	n := &network{answers: []string{refused}}
	err := onceOnly(t.Context(), n.on(t))
	var lost *client.LostError
	if !errors.As(err, &lost) || lost.Reached || lost.Command != "create_group" || strings.Contains(err.Error(), "not known") {
		t.Errorf("nobody listens: %v", err)
	}
	n.answers = []string{broken}
	if err = onceOnly(t.Context(), n.on(t)); !errors.As(err, &lost) || !lost.Reached || !strings.Contains(err.Error(), "whether it was carried out is not known") {
		t.Errorf("the connection broke: %v", err)
	}
	if strings.Contains(err.Error(), "usersig") || strings.Contains(err.Error(), url.QueryEscape("eJ")) {
		t.Errorf("the UserSig is in the text: %v", err)
	}
	for status, reached := range map[string]bool{"HTTP 429": false, "HTTP 502": true} {
		n.answers = []string{status}
		if err = onceOnly(t.Context(), n.on(t)); !errors.As(err, &lost) || lost.Reached != reached {
			t.Errorf("%s: %v", status, err)
		}
	}
	n.answers = []string{failure(10010)}
	err = onceOnly(t.Context(), n.on(t))
	var refusal *client.Error
	if !errors.As(err, &refusal) || refusal.Code != client.CodeGroupNotFound || refusal.Info != "no" || string(refusal.Answer) != failure(10010) ||
		!errors.Is(err, client.CodeGroupNotFound) || errors.Is(err, client.CodeInternal) || client.CodeOf(err) != 10010 {
		t.Errorf("a refusal: %#v", err)
	}
	if refusal.Code.Meaning() == "" || client.Code(123456).Meaning() != "" || client.CodeOf(nil) != 0 {
		t.Errorf("%d means %q", refusal.Code, refusal.Code.Meaning())
	}
}

// hanging never answers.
type hanging struct{}

func (hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestAPauseAboveTheLongestIsTheLongest(t *testing.T) {
	n := &network{answers: []string{refused, success}}
	if err := repeatable(t.Context(), n.on(t, func(config *client.Config) { config.Retry.Pause = time.Hour })); err != nil {
		t.Error(err)
	}
}

// A redirection would take the UserSig, and with some the body, to another host.
func TestACallIsNotLedElsewhere(t *testing.T) {
	elsewhere := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect} {
		s := httptest.NewServer(http.RedirectHandler(other.URL, status))
		defer s.Close()
		for _, own := range []*http.Client{nil, s.Client()} {
			c, err := client.New(client.Config{BaseURL: s.URL, SDKAppID: 1, Key: "k", HTTPClient: own, Retry: quick})
			if err != nil {
				t.Fatal(err)
			}
			var led *client.StatusError
			if err := repeatable(t.Context(), c); !errors.As(err, &led) || led.Status != status {
				t.Errorf("status %d: %v", status, err)
			}
			c.CloseIdleConnections()
		}
	}
	if elsewhere > 0 {
		t.Errorf("%d calls went elsewhere", elsewhere)
	}
}
