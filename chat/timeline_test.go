package chat

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
	"pgregory.net/rapid"
)

// stateOf is the state that a timeline has for a number.
func (m *recallModel) stateOf(seq, floor uint32) string {
	switch msg := &m.messages[seq-1]; {
	case seq <= floor && !m.heldBy(seq) || msg.dropped:
		return RowStateExpired
	case msg.erased:
		return RowStateErased
	case m.recalled(seq):
		return RowStateRecalled
	}
	return RowStateLive
}

// newestOver is the newest active operation that covers a number, and how.
func (m *recallModel) newestOver(seq uint32) string {
	id, how := "", ""
	for _, o := range m.operations {
		target := o.targets[0]
		if target.restored || o.id < id || !target.covers(seq, &m.messages[seq-1]) {
			continue
		}
		switch id, how = o.id, RecalledBySender; {
		case target.sender == "":
			how = RecalledByNumber
		case target.fenceFrom > 0 && seq >= target.fenceFrom:
			how = RecalledByFence
		}
	}
	return id + " " + how
}

// compareTimeline reads a part of the timeline and holds it to the model.
func (m *recallModel) compareTimeline() {
	r := TimelineRequest{GroupID: m.group, FromSeq: rapid.Uint32Range(0, m.last()+1).Draw(m.t, "FromSeq"), Limit: rapid.IntRange(1, 200).Draw(m.t, "Limit")}
	if m.last() > 0 && rapid.IntRange(0, 3).Draw(m.t, "timed") == 0 {
		r.FromSeq, r.AtTime = 0, m.messages[rapid.IntRange(0, len(m.messages)-1).Draw(m.t, "AtTime")].time+rapid.Int64Range(0, 1).Draw(m.t, "later")
	}
	page, err := m.app.Timeline(bg, r)
	m.check(err)
	floor, top := m.floor(), m.last()
	if r.FromSeq > 0 {
		top = min(top, r.FromSeq)
	}
	if r.AtTime > 0 {
		at := m.firstAt(r.AtTime, floor)
		if page.AtSeq != at {
			m.t.Fatalf("first message at %d is number %d, want %d", r.AtTime, page.AtSeq, at)
		}
		top = min(m.last(), at+uint32(r.Limit/2))
	}
	if want := min(top, uint32(r.Limit)); len(page.Rows) != int(want) {
		m.t.Fatalf("%+v of %d messages has %d rows, want %d", r, m.last(), len(page.Rows), want)
	}
	for i, row := range page.Rows {
		seq := top - uint32(i)
		want := m.stateOf(seq, floor)
		if row.Seq != seq || row.State != want {
			m.t.Fatalf("row %d is %d and %s, want %d and %s (floor %d)", i, row.Seq, row.State, seq, want, floor)
		}
		sender, body := m.messages[seq-1].sender, string(textBody)
		switch {
		case want == RowStateExpired:
			sender, body = "", "[]"
		case want == RowStateErased:
			body = "[]"
		case sender == "":
			sender = tipSender
		}
		if row.Sender != sender || string(row.Body) != body {
			m.t.Fatalf("number %d (%s) is of %q: %s, want %q: %s", seq, want, row.Sender, row.Body, sender, body)
		}
		switch hidden := want == RowStateRecalled || want == RowStateErased; {
		case hidden != (row.Recall != nil):
			m.t.Fatalf("number %d is %s by %v", seq, want, row.Recall)
		case hidden:
			if got, want := row.Recall.Operation+" "+row.Recall.Type, m.newestOver(seq); got != want {
				m.t.Fatalf("number %d is recalled by %s, want %s", seq, got, want)
			}
		}
	}
}

// firstAt is the first message that has not expired of a time or later.
func (m *recallModel) firstAt(time int64, floor uint32) uint32 {
	for i, msg := range m.messages {
		if uint32(i) >= floor && msg.sender != "" && msg.time >= time {
			return uint32(i + 1)
		}
	}
	return m.last()
}

// A part of a timeline has a recall, and its undoing, whole or not at all, and
// every one that was answered before.
func TestTimelineHasEachRecallWholeOrNotAtAll(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	makeGroup(t, a, "g", Public)
	const messages, rounds = 60, 40
	for i := range messages {
		sendAs(t, a, "ann", uint32(i))
	}
	var begun, answered, certain atomic.Int64 // changes; after an odd number all is recalled
	var running sync.WaitGroup
	stop := make(chan struct{})
	look := func() {
		before := answered.Load()
		page, err := a.Timeline(bg, TimelineRequest{GroupID: "g", Limit: messages})
		if err != nil || len(page.Rows) != messages {
			t.Errorf("%d rows: %v", len(page.Rows), err)
			return
		}
		states := map[string]bool{}
		for _, row := range page.Rows {
			state := row.State
			if row.Recall != nil {
				state += " by " + row.Recall.Operation
			}
			states[state] = true
		}
		if len(states) != 1 {
			t.Errorf("states are %v, want one", states)
		}
		if begun.Load() == before { // nothing was under way
			certain.Add(1)
			if states[RowStateLive] != (before%2 == 0) {
				t.Errorf("states are %v after %d changes", states, before)
			}
		}
	}
	for range 3 {
		running.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					look()
				}
			}
		})
	}
	change := func(do func() error) {
		begun.Add(1)
		if err := do(); err != nil {
			t.Error(err)
		}
		answered.Add(1)
		time.Sleep(time.Millisecond)
		// Now and then a look falls between two changes, however long it takes.
		for n := certain.Load(); answered.Load()%8 == 1 && certain.Load() == n && !t.Failed(); {
			time.Sleep(time.Millisecond)
		}
	}
	for range rounds {
		var id string
		change(func() error {
			done, err := a.Recall(bg, moderator, RecallCall{Targets: []RecallTarget{{GroupID: "g", Sender: "ann"}}})
			if err == nil {
				id = done.OperationID
			}
			return err
		})
		change(func() error {
			_, err := a.Restore(bg, moderator, id, nil, "")
			return err
		})
	}
	close(stop)
	running.Wait()
}

// Where an edit came into the log bodies are read again, and one that an erasure
// took meanwhile is not taken for one that has expired.
func TestTimelineTellsAnErasureFromExpiryWhileItReads(t *testing.T) {
	st := &afterRead{Store: testengine.Open(t)}
	a := openTestApp(t, st)
	makeGroup(t, a, "g", Public)
	mustImport(t, a, "bob")
	sendAs(t, a, "ann", 1)
	sendAs(t, a, "bob", 2)
	done, err := a.Recall(bg, moderator, RecallCall{Targets: []RecallTarget{{GroupID: "g", Sender: "ann"}}})
	if err != nil {
		t.Fatal(err)
	}
	log := record.LogPartition(ownStream(t, a, "g").id, 0)
	st.then = func(p store.Partition, ranges []store.Range) {
		if p != log || len(ranges) != 2 || string(ranges[1].From) != string(record.BodyKey(1)) {
			return
		}
		st.then = nil
		custom := "c"
		if err := a.ModifyMessage(bg, Edit{GroupID: "g", Seq: 2, CloudCustomData: &custom}); err != nil {
			t.Error(err)
		}
		if _, err := a.Erase(bg, moderator, done.OperationID, 0); err != nil {
			t.Error(err)
		}
		if _, err := a.workOnRecalls(bg); err != nil {
			t.Error(err)
		}
	}
	page, err := a.Timeline(bg, TimelineRequest{GroupID: "g", Limit: 2})
	if err != nil || st.then != nil {
		t.Fatalf("%v, interrupted: %v", err, st.then == nil)
	}
	if bob, ann := page.Rows[0], page.Rows[1]; bob.CloudCustomData != "c" || bob.State != RowStateLive || ann.State != RowStateErased || ann.Sender != "ann" {
		t.Errorf("rows are %+v", page.Rows)
	}
}
