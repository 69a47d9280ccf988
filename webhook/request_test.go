package webhook

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/recant-chat/recant/chat"
)

// The example of spec 06 section 3.2, byte for byte.
func TestACallIsTheDocumentedRequest(t *testing.T) {
	backend := newTaker(t, nil)
	s := testSettings(backend.URL + "/imhook")
	s.Token = "s3cr3t-token"
	r := mustNew(t, s, Options{SDKAppID: 1400123456, Clock: func() time.Time { return time.Unix(1760000000, 0) }})
	if err := r.Tell(context.Background(), callback("Group.CallbackAfterNewMemberJoin")); err != nil {
		t.Fatal(err)
	}
	got := backend.arrivals()[0]
	if got.Method != http.MethodPost || got.Proto != "HTTP/1.1" {
		t.Errorf("got %s %s", got.Method, got.Proto)
	}
	want := "/imhook?SdkAppid=1400123456&CallbackCommand=Group.CallbackAfterNewMemberJoin&contenttype=json&ClientIP=203.0.113.7&OptPlatform=RESTAPI&RequestID=0d0f6c1e-2f0b-4b57-9a55-1c9f0c3f8f10&Sign=a981750083c4a801a9c72f546680578f6b8d2352315563de97f8296a52fcc003&RequestTime=1760000000"
	if got.RequestURI != want {
		t.Errorf("got  %s\nwant %s", got.RequestURI, want)
	}
	if want := string(callback("Group.CallbackAfterNewMemberJoin").Body); got.body != want || got.ContentLength != int64(len(want)) {
		t.Errorf("got %d bytes, %s\nwant %s", got.ContentLength, got.body, want)
	}
	for name, want := range map[string]string{"Content-Type": "application/json", "Expect": "", "Accept-Encoding": "", "Authorization": "", "Transfer-Encoding": ""} {
		if got.Header.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Header.Get(name), want)
		}
	}
}

func TestParametersFollowTheQueryOfTheURL(t *testing.T) {
	const own = "SdkAppid=7&CallbackCommand=Group.CallbackAfterSendMsg&contenttype=json&RequestID=id"
	backend := newTaker(t, nil)
	for url, want := range map[string]string{
		"":                 "/?" + own,
		"/":                "/?" + own,
		"?":                "/?" + own,
		"/hook?":           "/hook?" + own,
		"/hook?a=b":        "/hook?a=b&" + own,
		"/hook?a=b&":       "/hook?a=b&" + own,
		"/hook?a=%20&b;c=": "/hook?a=%20&b;c=&" + own,
		"/a%2Fb/c%20d":     "/a%2Fb/c%20d?" + own,
	} {
		r := mustNew(t, testSettings(backend.URL+url), Options{SDKAppID: 7})
		if err := r.Tell(context.Background(), chat.Callback{Command: afterSend, RequestID: "id", Body: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
		came := backend.arrivals()
		if got := came[len(came)-1].RequestURI; got != want {
			t.Errorf("%s: got %s, want %s", url, got, want)
		}
	}
}

func TestAnEventThatNobodyCausedHasNoClientIPAndNoPlatform(t *testing.T) {
	backend := newTaker(t, nil)
	r := mustNew(t, testSettings(backend.URL), Options{})
	c := callback(afterSend)
	c.ClientIP, c.Platform = "", ""
	if err := r.Tell(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	query := backend.arrivals()[0].URL.Query()
	if query.Has("ClientIP") || query.Has("OptPlatform") || query.Has("Sign") || query.Has("RequestTime") {
		t.Errorf("got %v", query)
	}
}

func TestTheUserOfTheURLIsSentAsBasicAuthentication(t *testing.T) {
	backend := newTaker(t, nil)
	r := mustNew(t, testSettings(strings.Replace(backend.URL, "http://", "http://mira:p%40ss@", 1)), Options{})
	if err := tell(r); err != nil {
		t.Fatal(err)
	}
	if user, password, _ := backend.arrivals()[0].BasicAuth(); user != "mira" || password != "p@ss" {
		t.Errorf("got %q, %q", user, password)
	}
}

// Whatever a parameter holds, the backend reads the same, and nothing but
// unreserved characters and percent signs is on the wire.
func TestParametersArePercentEncoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := chat.Callback{
			Command:   rapid.String().Draw(t, "command"),
			ClientIP:  rapid.StringN(1, -1, -1).Draw(t, "ip"),
			Platform:  rapid.StringN(1, -1, -1).Draw(t, "platform"),
			RequestID: rapid.String().Draw(t, "id"),
			Body:      []byte("{}"),
		}
		target, err := parseURL("https://backend.example.net/hook?own=1")
		if err != nil {
			t.Fatal(err)
		}
		request, err := backend{url: target, token: "t", sdkAppID: 1}.request(context.Background(), c, time.Unix(5, 0))
		if err != nil {
			t.Fatal(err)
		}
		query := request.URL.Query()
		for name, want := range map[string]string{
			"CallbackCommand": c.Command, "ClientIP": c.ClientIP, "OptPlatform": c.Platform, "RequestID": c.RequestID,
			"own": "1", "RequestTime": "5", "SdkAppid": "1",
		} {
			if len(query[name]) != 1 || query.Get(name) != want {
				t.Errorf("%s is %q, want %q", name, query[name], want)
			}
		}
		if left := strings.Trim(request.URL.RawQuery, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%=&"); left != "" {
			t.Errorf("%q is not encoded in %s", left, request.URL.RawQuery)
		}
	})
	if got := percentEncode("2001:db8::1 +ü"); got != "2001%3Adb8%3A%3A1%20%2B%C3%BC" {
		t.Errorf("got %s", got)
	}
}

// Also those of a burst.
func TestConnectionsAreKept(t *testing.T) {
	const burst = 8
	together := make(chan struct{})
	backend := newTaker(t, func(w http.ResponseWriter, _ *http.Request) {
		together <- struct{}{} // waits for all of the burst
		io.WriteString(w, allowed)
	})
	r := mustNew(t, testSettings(backend.URL), Options{})
	for round := 1; round <= 5; round++ {
		var wait sync.WaitGroup
		for range burst {
			wait.Go(func() {
				if _, err := ask(r); err != nil {
					t.Error(err)
				}
			})
		}
		for len(backend.arrivals()) < round*burst {
			time.Sleep(time.Millisecond)
		}
		for range burst {
			<-together
		}
		wait.Wait()
	}
	ports := map[string]bool{}
	for _, a := range backend.arrivals() {
		ports[a.RemoteAddr] = true
	}
	if len(backend.arrivals()) != 5*burst || len(ports) != burst {
		t.Errorf("%d calls, %d at once, took %d connections", len(backend.arrivals()), burst, len(ports))
	}
}

// Common servers close a connection after 5 s without use. A call that meets the
// closing would fail, so we close first.
func TestQuietConnectionsAreClosedBeforeTheBackendDoes(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for seconds")
	}
	closed := make(chan time.Time, 1)
	backend := startTaker(t, nil, func(s *httptest.Server) {
		s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateClosed {
				closed <- time.Now()
			}
		}
		s.Start()
	})
	if err := tell(mustNew(t, testSettings(backend.URL), Options{})); err != nil {
		t.Fatal(err)
	}
	quiet := time.Now()
	select {
	case at := <-closed:
		if at.Sub(quiet) < 3*time.Second {
			t.Errorf("closed after %v", at.Sub(quiet))
		}
	case <-time.After(4900 * time.Millisecond):
		t.Error("still open after 4.9 s")
	}
}
