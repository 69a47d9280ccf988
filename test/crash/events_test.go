package crash

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/internal/programtest"
)

const (
	eventKills      = 6
	fewerEventKills = 2 // of a short run

	shortestEventRun = 500 * time.Millisecond
	longestEventRun  = 2 * time.Second

	// The backend fails once in so many calls, now and then is slow, and is down
	// for a while when every second server has been started.
	failsOnceIn = 300
	slowOnceIn  = 20
	slowness    = 40 * time.Millisecond
	downFor     = 300 * time.Millisecond
)

// backend is the application's backend: what servers tell of events. It
// outlives them all.
type backend struct {
	*httptest.Server
	ledger *ledger

	mu    sync.Mutex
	up    time.Time // it is down until then
	fails bool
	heard []*heard // in the order in which they came
}

// heard is one call of a server.
type heard struct {
	at    stamp
	run   int // of the server that called
	id    string
	body  string
	told  told
	taken bool // it was answered with success
}

// told is what an event says.
type told struct {
	Command      string `json:"CallbackCommand"`
	GroupID      string `json:"GroupId"`
	TopicID      string `json:"TopicId"`
	Type         string
	Random       uint32
	Seq          uint32         `json:"MsgSeq"`
	Body         jsontext.Value `json:"MsgBody"`
	Notification string
	Recalled     []struct {
		Seq uint32 `json:"MsgSeq"`
	} `json:"MsgSeqList"`
}

const (
	afterSend    = "Group.CallbackAfterSendMsg"
	afterRecall  = "Group.CallbackAfterRecallMsg"
	afterChanged = "Group.CallbackAfterGroupInfoChanged"
)

func newBackend(t *testing.T, l *ledger) *backend {
	b := &backend{ledger: l, fails: true}
	b.Server = httptest.NewServer(http.HandlerFunc(b.serve))
	t.Cleanup(b.Close)
	return b
}

// flags have a server call the backend. Which run it is is in the path.
func (b *backend) flags(run int) []string {
	return []string{
		"--webhook-url", fmt.Sprintf("%s/%d", b.URL, run), "--webhook-timeout", (programtest.Patience / 3).String(),
		"--webhook-commands", strings.Join([]string{afterSend, afterRecall, afterChanged}, ","),
	}
}

func (b *backend) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the server was killed in the middle
	}
	h := &heard{id: r.URL.Query().Get("RequestID"), body: string(body)}
	h.run, _ = strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
	if json.Unmarshal(body, &h.told) != nil || h.id == "" {
		h.told.Command = "unreadable"
	}
	b.mu.Lock()
	h.at = b.ledger.tick()
	b.heard = append(b.heard, h)
	failed := b.fails && (time.Now().Before(b.up) || rand.IntN(failsOnceIn) == 0)
	h.taken = !failed
	slow := b.fails && rand.IntN(slowOnceIn) == 0
	b.mu.Unlock()
	if slow {
		time.Sleep(rand.N(slowness))
	}
	switch {
	case failed && rand.IntN(2) == 0:
		panic(http.ErrAbortHandler)
	case failed:
		w.WriteHeader(http.StatusServiceUnavailable)
	default:
		io.WriteString(w, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`)
	}
}

// goesDown lets all calls fail for a while.
func (b *backend) goesDown() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.up = time.Now().Add(downFor)
}

// recovers lets no call fail any more.
func (b *backend) recovers() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fails = false
}

// calls are those so far. They are read once the servers are gone, but for
// taken.
func (b *backend) calls() []*heard {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.heard)
}

// lane is what an event is delivered in order with.
func (h *heard) lane() string {
	if h.told.Command == afterChanged {
		return "group " + h.told.GroupID
	}
	return h.told.GroupID + h.told.TopicID
}

// subjects name what the event tells of.
func (h *heard) subjects() []string {
	switch h.told.Command {
	case afterSend:
		return []string{messageSubject(h.lane(), h.told.Seq)}
	case afterChanged:
		return []string{h.lane() + " " + h.told.Notification}
	}
	var subjects []string
	for _, m := range h.told.Recalled {
		subjects = append(subjects, recallSubject(h.lane(), m.Seq))
	}
	return subjects
}

func messageSubject(stream string, seq uint32) string { return fmt.Sprint(stream, " message ", seq) }
func recallSubject(stream string, seq uint32) string  { return fmt.Sprint(stream, " recall ", seq) }

// change is a change of a group that a client tried.
type change struct {
	stream *stream
	number int
	acked  bool
}

func (c *change) text() string { return strconv.Itoa(c.number) }

// changes are all of them, in the order in which they were tried.
type changes struct {
	mu  sync.Mutex
	all []*change
}

func (c *changes) next(s *stream) *change {
	c.mu.Lock()
	defer c.mu.Unlock()
	next := &change{stream: s, number: len(c.all) + 1}
	c.all = append(c.all, next)
	return next
}

// startEvents starts clients that make events, each until a call has no answer.
func startEvents(t *testing.T, s *server, l *ledger, c *changes, streams []*stream) *load {
	load := &load{t: t, server: s, ledger: l}
	for _, st := range streams {
		load.wait.Go(func() {
			for load.send(l.newMessage(st, bystander, 0)) {
				time.Sleep(rand.N(20 * time.Millisecond))
			}
		})
		load.wait.Go(func() {
			for m := l.newMessage(st, waverer, 0); load.send(m); m = l.newMessage(st, waverer, 0) {
				if rand.IntN(2) == 0 && !load.recallSeqs(l.newRecall(&recall{stream: st, seqs: []uint32{m.seq}})) {
					return
				}
				time.Sleep(rand.N(20 * time.Millisecond))
			}
		})
		if st.topic != "" {
			continue
		}
		load.wait.Go(func() {
			for done := true; done; time.Sleep(rand.N(20 * time.Millisecond)) {
				next := c.next(st)
				done = load.call("group_open_http_svc/modify_group_base_info", map[string]any{"GroupId": st.group, "Notification": next.text()}, nil)
				next.acked = done
			}
		})
	}
	return load
}

// However often the server is killed, and whether or not the backend takes
// every call, it is told of everything that was acknowledged, in order, always
// alike, and twice only of what a killed server told at its end.
func TestKilledServerLosesNoEvent(t *testing.T) {
	kills := eventKills
	if testing.Short() {
		kills = fewerEventKills
	}
	data, ledger, made := t.TempDir(), &ledger{}, &changes{}
	b := newBackend(t, ledger)
	streams := slices.DeleteFunc(streams(), func(s *stream) bool { return s.quiet })
	s := start(t, data, b.flags(0)...)
	setUp(t, s)
	for ledger.round = range kills {
		load := startEvents(t, s, ledger, made, streams)
		time.Sleep(shortestEventRun + rand.N(longestEventRun-shortestEventRun))
		s.kill()
		load.wait.Wait()
		if ledger.round%2 == 1 {
			b.goesDown()
		}
		s = start(t, data, b.flags(ledger.round+1)...)
		if t.Failed() {
			t.Fatalf("after kill %d", ledger.round+1)
		}
	}
	b.recovers()
	acked := acknowledged(ledger, made)
	missing := acked
	for deadline := time.Now().Add(programtest.Patience); len(missing) > 0; time.Sleep(20 * time.Millisecond) {
		taken := map[string]bool{}
		for _, h := range b.calls() {
			for _, subject := range h.subjects() {
				taken[subject] = taken[subject] || h.taken
			}
		}
		missing = slices.DeleteFunc(missing, func(subject string) bool { return taken[subject] })
		if time.Now().After(deadline) {
			t.Fatalf("the backend was never told of %d of %d, such as %s", len(missing), len(acked), missing[0])
		}
	}
	s.kill()
	calls := b.calls()
	checkEventContents(t, calls, ledger)
	checkEventOrder(t, calls)
	repeated, excused := checkRepeats(t, calls, ledger)
	t.Logf("%d kills: %d events acknowledged, %d calls, of which %d were repeated after a kill; %d could not be repeated",
		kills, len(acked), len(calls), repeated, excused)
	if excused == 0 {
		t.Error("no event is known to have been told for certain before a kill")
	}
}

// acknowledged are the subjects of all events of which the backend has to be
// told.
func acknowledged(l *ledger, made *changes) []string {
	var subjects []string
	for _, m := range l.messages {
		if m.acked != 0 {
			subjects = append(subjects, messageSubject(m.stream.String(), m.seq))
		}
	}
	for _, r := range l.recalls {
		if r.acked {
			subjects = append(subjects, recallSubject(r.stream.String(), r.seqs[0]))
		}
	}
	for _, c := range made.all {
		if c.acked {
			subjects = append(subjects, "group "+c.stream.group+" "+c.text())
		}
	}
	return subjects
}

// checkEventContents looks whether calls are alike that have one RequestID, are
// the only ones about what they tell, and tell what was said.
func checkEventContents(t *testing.T, calls []*heard, l *ledger) {
	t.Helper()
	said := map[uint32]*message{}
	for _, m := range l.messages {
		said[m.random] = m
	}
	bodies, ids := map[string]string{}, map[string]string{}
	for _, h := range calls {
		if before, again := bodies[h.id]; again && before != h.body {
			t.Errorf("%s was told with %s, and again with %s", h.id, before, h.body)
		}
		bodies[h.id] = h.body
		for _, subject := range h.subjects() {
			if before, again := ids[subject]; again && before != h.id {
				t.Errorf("%s was told with the RequestIDs %s and %s", subject, before, h.id)
			}
			ids[subject] = h.id
		}
		if len(h.subjects()) == 0 || h.told.Type == "" {
			t.Errorf("told of %s", h.body)
		}
		if h.told.Command != afterSend {
			continue
		}
		m := said[h.told.Random]
		if m == nil || m.stream.String() != h.lane() || m.acked != 0 && m.seq != h.told.Seq || !sameJSON(m.body, h.told.Body) {
			t.Errorf("told of %s, but %+v was said", h.body, m)
		}
	}
}

func sameJSON(a, b jsontext.Value) bool {
	a, b = a.Clone(), b.Clone()
	return a.Canonicalize() == nil && b.Canonicalize() == nil && string(a) == string(b)
}

// checkEventOrder looks at when the backend heard of each event for the first
// time.
func checkEventOrder(t *testing.T, calls []*heard) {
	t.Helper()
	newest := map[string]int{} // number of the message or change, by lane
	taken := map[string]bool{}
	for _, h := range calls {
		switch h.told.Command {
		case afterRecall:
			for _, m := range h.told.Recalled {
				if !taken[messageSubject(h.lane(), m.Seq)] {
					t.Errorf("%s: the recall of %d was told before the message", h.lane(), m.Seq)
				}
			}
		case afterSend:
			if h.taken {
				taken[h.subjects()[0]] = true
			}
			fallthrough
		default:
			number := int(h.told.Seq)
			if h.told.Command == afterChanged {
				number, _ = strconv.Atoi(h.told.Notification)
			}
			if number > newest[h.lane()] && !taken[h.id] {
				newest[h.lane()] = number
			} else if !taken[h.id] {
				t.Errorf("%s: %d was told of first after %d", h.lane(), number, newest[h.lane()])
			}
			taken[h.id] = true // heard of, from now on
		}
	}
}

// checkRepeats looks whether an event that the backend has taken was told again
// though that was on disk. How far a lane is is written before its next event
// is told, and is durable with the next commit: so an event is done for good
// where a message was sent after the next event was heard of, and acknowledged.
func checkRepeats(t *testing.T, calls []*heard, l *ledger) (repeated, excused int) {
	t.Helper()
	lastCommit := map[int]stamp{} // when the last call that was acknowledged began, by run
	for _, m := range l.messages {
		if m.acked != 0 {
			lastCommit[m.round] = max(lastCommit[m.round], m.started)
		}
	}
	done, told := map[string]int{}, map[string]int{} // by RequestID, in which run
	newest := map[string]*heard{}                    // of a lane in its run, taken
	for _, h := range calls {
		if before := newest[h.lane()]; before != nil && before.run == h.run && h.at < lastCommit[h.run] {
			if _, known := done[before.id]; !known {
				done[before.id] = h.run
			}
		}
		if run, over := done[h.id]; over {
			t.Errorf("%s was told in run %d and was on disk, and again in run %d: %s", h.id, run, h.run, h.body)
		}
		if run, again := told[h.id]; again && run == h.run {
			t.Errorf("%s was taken in run %d and told again in it: %s", h.id, run, h.body)
		} else if again {
			repeated++
		}
		if newest[h.lane()] = nil; h.taken {
			told[h.id], newest[h.lane()] = h.run, h
		}
	}
	return repeated, len(done)
}
