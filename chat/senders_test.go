package chat

import (
	"fmt"
	"testing"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// logReads counts what is read of logs beside their head rows.
func logReads(st *afterRead) *int {
	n := new(int)
	st.then = func(p store.Partition, ranges []store.Range) {
		for _, r := range ranges {
			if p.Name()[0] == 'L' && r.From[0] != record.LogHeadKey[0] {
				*n++
			}
		}
	}
	return n
}

func countWindow(t testing.TB, a *App, sender string) (matched, already uint32) {
	t.Helper()
	parts, err := a.planTargets(bg, []RecallTarget{{GroupID: "g", Sender: sender}}, RecallScope{LastNum: defaultScope})
	if err != nil || parts[0].ErrorCode != 0 {
		t.Fatal(parts, err)
	}
	return parts[0].Matched, parts[0].Already
}

func TestCountingTheWindowOfABusyStreamReadsNoMessages(t *testing.T) {
	st := &afterRead{Store: testengine.Open(t)}
	a := openTestApp(t, st)
	makeGroup(t, a, "g", ChatRoom)
	s := ownStream(t, a, "g")
	appendTimed(t, s, make([]int64, windowNumbers+200)) // of ann, and more are beyond the window
	if matched, _ := countWindow(t, a, "ann"); matched != windowNumbers {
		t.Fatalf("%d messages match, want the window", matched)
	}
	reads := logReads(st)
	for i := range uint32(50) {
		sendAs(t, a, "ann", i)
	}
	*reads = 0
	part := &plannedPart{RecallPart: &record.RecallPart{Sender: "ann", FromSeq: 251, ToSeq: 1250}, stream: s}
	if err := s.count(bg, part, 0); err != nil || part.Matched != windowNumbers {
		t.Errorf("%d messages match (%v), want the window", part.Matched, err)
	}
	if *reads > 0 {
		t.Errorf("counting read the log %d times", *reads)
	}
}

func TestSendersOfTheWindowAreThoseOfTheLog(t *testing.T) {
	st := testengine.Open(t)
	a := openTestApp(t, st)
	makeGroup(t, a, "g", ChatRoom)
	mustImport(t, a, "bob")
	s := ownStream(t, a, "g")
	if m, err := s.sentBy(bg, "ann", nothing); err != nil || len(m) > 0 {
		t.Fatal(m, err)
	}
	countWindow(t, a, "ann") // the window is made while the stream is empty
	for i := range uint32(windowNumbers + 300) {
		sendAs(t, a, []string{"ann", "bob", "bob"}[i%3], i)
	}
	other := openTestApp(t, st) // which knows nothing
	for _, i := range []interval{{1, windowNumbers + 300}, {300, 301}, {301, 400}, {250, 350}, {1300, 1300}, {1, 20}} {
		for _, sender := range []string{"ann", "bob", "cyd"} {
			got, err := s.sentBy(bg, sender, i)
			if err != nil {
				t.Fatal(err)
			}
			var want []sentMessage
			err = ownStream(t, other, "g").eachSentBy(bg, sender, i, func(m sentMessage) error {
				want = append(want, m)
				return nil
			})
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s sent %v in %v, the log has %v (%v)", sender, got, i, want, err)
			}
		}
	}
}

// Another process's messages are counted too.
func TestCountingSeesWhatAnotherProcessSent(t *testing.T) {
	st := testengine.Open(t)
	a, other := openTestApp(t, st), openTestApp(t, st)
	makeGroup(t, a, "g", ChatRoom)
	sendAs(t, a, "ann", 1)
	countWindow(t, a, "ann")
	sendAs(t, other, "ann", 2)
	if matched, _ := countWindow(t, a, "ann"); matched != 2 {
		t.Errorf("%d messages match, want 2", matched)
	}
}

func TestWindowsAreBounded(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	var first *stream
	for n := range uint64(maxWindows + 1) {
		s := a.streams.get(record.ConversationID{App: a.id, Group: "g", Incarnation: n + 1}, Public)
		appendTimed(t, s, []int64{1})
		if m, err := s.sentBy(bg, "ann", interval{1, 1}); err != nil || len(m) != 1 {
			t.Fatal(m, err)
		}
		if first == nil {
			first = s
		}
	}
	if first.window.Load() != nil || a.windows.recent.Len() != maxWindows {
		t.Errorf("%d streams have a window, the first one: %v", a.windows.recent.Len(), first.window.Load() != nil)
	}
	if m, err := first.sentBy(bg, "ann", interval{1, 1}); err != nil || len(m) != 1 {
		t.Errorf("after its window was dropped the stream has %v (%v)", m, err)
	}
}
