package webhook

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/recant-chat/recant/chat"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	beforeSend  = "Group.CallbackBeforeSendMsg"
	afterSend   = "Group.CallbackAfterSendMsg"
	allowed     = `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`
	testTimeout = 800 * time.Millisecond
)

// taker is a backend of the application. It answers with what the test says and
// keeps what came.
type taker struct {
	*httptest.Server
	mutex sync.Mutex
	came  []arrival
}

type arrival struct {
	*http.Request
	body string
}

func (b *taker) arrivals() []arrival {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.came
}

// newTaker starts a backend over plain HTTP; a nil handler allows everything.
func newTaker(t *testing.T, handle http.HandlerFunc) *taker {
	return startTaker(t, handle, (*httptest.Server).Start)
}

func startTaker(t *testing.T, handle http.HandlerFunc, start func(*httptest.Server)) *taker {
	t.Helper()
	if handle == nil {
		handle = answers(http.StatusOK, allowed)
	}
	b := &taker{}
	b.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		b.mutex.Lock()
		b.came = append(b.came, arrival{r, string(body)})
		b.mutex.Unlock()
		handle(w, r)
	}))
	b.Server.Config.ErrorLog = log.New(io.Discard, "", 0)
	start(b.Server)
	t.Cleanup(b.Close)
	return b
}

// answers is a handler that answers every call alike.
func answers(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// hang does not answer until the caller has gone.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func testSettings(url string) Settings {
	s := DefaultSettings()
	s.URL, s.Timeout = url, testTimeout
	s.Commands = []string{beforeSend, afterSend}
	return s
}

func mustNew(t *testing.T, s Settings, o Options) *Receiver {
	t.Helper()
	return mustNewWith(t, s, o, openFor)
}

func mustNewWith(t *testing.T, s Settings, o Options, openFor time.Duration) *Receiver {
	t.Helper()
	r, err := newReceiver(s, o, openFor)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func callback(command string) chat.Callback {
	return chat.Callback{
		Command: command, ClientIP: "203.0.113.7", Platform: "RESTAPI",
		RequestID: "0d0f6c1e-2f0b-4b57-9a55-1c9f0c3f8f10",
		Body:      []byte(`{"CallbackCommand":"` + command + `","GroupId":"@TGS#1DEMOAAAA","Name":"<tea> & \"chess\" 茶"}`),
	}
}

func ask(r *Receiver) (*chat.CallbackAnswer, error) {
	return r.Ask(context.Background(), callback(beforeSend))
}

func tell(r *Receiver) error { return r.Tell(context.Background(), callback(afterSend)) }
