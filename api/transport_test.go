package api

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// rawExchange sends text over a connection of its own and returns the connection.
func rawExchange(t *testing.T, f *fixture, text string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return conn, bufio.NewReader(conn)
}

const rawTarget = "/v4/group_open_http_svc/echo?sdkappid=1400099901&identifier=admin_root&usersig=" + testSig + "&random=1&contenttype=json"

func readAnswer(t *testing.T, r *bufio.Reader) (*http.Response, string) {
	t.Helper()
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestExpectContinue(t *testing.T) {
	f := serve(t)
	conn, r := rawExchange(t, f, "POST "+rawTarget+" HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
	line, err := r.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 100") {
		t.Fatalf("got %q, %v", line, err)
	}
	if _, err := r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "{}"); err != nil {
		t.Fatal(err)
	}
	if res, body := readAnswer(t, r); res.StatusCode != 200 || !strings.Contains(body, `"ErrorCode":0`) {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
}

func TestHTTP10KeepAlive(t *testing.T) {
	f := serve(t)
	text := "POST " + rawTarget + " HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}"
	conn, r := rawExchange(t, f, text)
	for range 2 {
		if res, body := readAnswer(t, r); res.Header.Get("Connection") != "keep-alive" || !strings.Contains(body, `"ErrorCode":0`) {
			t.Fatalf("%v %s", res.Header, body)
		}
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
	}
}

func TestChunkedBodies(t *testing.T) {
	f := serve(t)
	head := "POST " + rawTarget + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	_, r := rawExchange(t, f, head+"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n")
	if _, body := readAnswer(t, r); !strings.Contains(body, `"ErrorCode":0`) {
		t.Fatalf("good: %s", body)
	}
	chunk := fmt.Sprintf("%x\r\n%s\r\n", maxBodyBytes, strings.Repeat(" ", maxBodyBytes))
	_, r = rawExchange(t, f, head+chunk+"1\r\n \r\n")
	if res, body := readAnswer(t, r); !res.Close || !strings.Contains(body, `"ErrorCode":60008`) {
		t.Fatalf("too large: %v %s", res.Close, body)
	}
}

func TestBodyThatEndsEarlyAnswers60008(t *testing.T) {
	f := serve(t)
	conn, r := rawExchange(t, f, "POST "+rawTarget+" HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{}")
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if res, body := readAnswer(t, r); !res.Close || !strings.Contains(body, `"ErrorCode":60008`) {
		t.Fatalf("%v %s", res.Close, body)
	}
}

func TestTooLargeBodyIsRefusedUnread(t *testing.T) {
	f := serve(t)
	_, r := rawExchange(t, f, "POST "+rawTarget+" HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\nExpect: 100-continue\r\n\r\n")
	if res, body := readAnswer(t, r); res.StatusCode != 200 || !res.Close || !strings.Contains(body, `"ErrorCode":60008`) {
		t.Fatalf("%d %v %s", res.StatusCode, res.Close, body)
	}
}

// The complete call of spec 01 section 4.9, byte for byte.
func TestWorkedExample(t *testing.T) {
	f := serve(t, func(_ *Application, o *Options) {
		o.commands = append(o.commands, command("group_open_http_svc", "delete_group_msg_by_sender",
			func(_ context.Context, _ *Call, r *echoRequest) (*noResult, error) {
				if r.GroupID != "@TGS#2WQ5RZAEK" {
					t.Errorf("GroupId is %q", r.GroupID)
				}
				return nil, nil
			}))
	})
	_, r := rawExchange(t, f, "POST /v4/group_open_http_svc/delete_group_msg_by_sender?sdkappid=1400099901&identifier=admin_root&usersig="+testSig+
		"&random=3141592653&contenttype=json HTTP/1.1\r\nHost: chat.example.net\r\nContent-Type: application/json\r\nContent-Length: 52\r\n\r\n"+
		`{"GroupId":"@TGS#2WQ5RZAEK","Sender_Account":"noor"}`)
	res, body := readAnswer(t, r)
	if body != `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}` || res.ContentLength != 50 || res.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("%d bytes, %v: %s", res.ContentLength, res.Header, body)
	}
}
