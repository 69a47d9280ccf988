package chat

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
	"pgregory.net/rapid"
)

// moderator is who recalls, from where and in which request.
var moderator = Operator{Account: "administrator", RemoteIP: "192.0.2.7", Random: "77"}

func sendAs(t testing.TB, a *App, from string, random uint32) {
	t.Helper()
	if _, err := a.Send(bg, moderator, testMessage("g", from, random)); err != nil {
		t.Fatal(err)
	}
}

// recordedTarget is a target as its conversation has it.
type recordedTarget struct {
	record.TargetID
	*record.RecallTarget
}

// targets reads the recall targets of a group's own stream, in order of time.
func targets(t testing.TB, a *App, group string) []recordedTarget {
	t.Helper()
	g, err := a.readGroup(bg, group)
	if err != nil {
		t.Fatal(err)
	}
	rows, _, err := a.store.Read(bg, record.ConversationPartition(g.conversation()), store.Prefix([]byte("t")))
	if err != nil {
		t.Fatal(err)
	}
	var found []recordedTarget
	for _, row := range rows[0] {
		target := &record.RecallTarget{}
		if err := decode(row, target); err != nil {
			t.Fatal(err)
		}
		found = append(found, recordedTarget{record.TargetOf(row.Key), target})
	}
	return found
}

// recallRange recalls a range of numbers of one sender, and returns the target.
func recallRange(t interface{ Fatal(...any) }, s *stream, sender string, from, to uint32) record.TargetID {
	id := record.TargetID{Operation: s.app.newOperationID()}
	target := &record.RecallTarget{Kind: record.RecallTarget_BY_SENDER, Sender: sender, FromSeq: from, ToSeq: to}
	if err := s.recall(bg, id, target, "", nil); err != nil {
		t.Fatal(err)
	}
	return id
}

// conversationRows counts the rows of a conversation's partition.
func conversationRows(t testing.TB, a *App, group string) int {
	t.Helper()
	g, err := a.readGroup(bg, group)
	if err != nil {
		t.Fatal(err)
	}
	rows, _, err := a.store.Read(bg, record.ConversationPartition(g.conversation()), store.Range{})
	if err != nil {
		t.Fatal(err)
	}
	return len(rows[0])
}

func TestRecallIsKeptWithWhoAndWhenAndFromWhere(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	makeGroup(t, a, "g", Public)
	for i := range 3 {
		sendAs(t, a, "ann", uint32(i))
	}
	before := a.clock().UnixMilli()
	if err := a.RecallBySender(bg, moderator, "g", "", "ann"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.RecallMessages(bg, moderator, "g", "", []uint32{2, 3, 9}, "off topic"); err != nil {
		t.Fatal(err)
	}
	found := targets(t, a, "g")
	if len(found) != 2 {
		t.Fatalf("%d targets are recorded, want 2", len(found))
	}
	for i, target := range found {
		e, _, err := a.auditEntry(bg, target.Operation)
		if err != nil || e == nil {
			t.Fatalf("operation %d has audit entry %v (%v)", i+1, e, err)
		}
		if id := operationText(target.Operation[:]); len(id) != 36 || id[14] != '7' {
			t.Errorf("operation %d has id %q, want a UUIDv7", i+1, id)
		}
		if e.Operator != "administrator" || e.RemoteIp != "192.0.2.7" || e.RequestRandom != "77" || e.Time < before {
			t.Errorf("operation %d is by %q from %q at %d", i+1, e.Operator, e.RemoteIp, e.Time)
		}
	}
	if o := found[0]; o.Kind != record.RecallTarget_BY_SENDER || o.Sender != "ann" || o.FromSeq != 1 || o.ToSeq != 3 {
		t.Errorf("recall by sender is recorded as %v", o)
	}
	if o := found[1]; o.Kind != record.RecallTarget_BY_SEQ || !slices.Equal(o.Seqs, []uint32{2, 3}) {
		t.Errorf("recall by number is recorded as %v", o)
	}
	if e, _, _ := a.auditEntry(bg, found[1].Operation); e.Reason != "off topic" || !slices.Equal(e.Parts[0].SeqSenders, []string{"ann", "ann"}) {
		t.Errorf("audit entry of the recall by number is %v", e)
	}
}

func TestRecallWritesTheSameWhateverItCovers(t *testing.T) {
	rows := map[int]int{}
	for _, messages := range []int{1, 40} {
		a := openTestApp(t, testengine.Open(t))
		makeGroup(t, a, "g", Public)
		for i := range messages {
			sendAs(t, a, "ann", uint32(i))
		}
		if err := a.RecallBySender(bg, moderator, "g", "", "ann"); err != nil {
			t.Fatal(err)
		}
		rows[messages] = conversationRows(t, a, "g")
	}
	if one, forty := len(interval{1, 1}.blocks()), len(interval{1, 40}.blocks()); rows[1] != 5+one || rows[40] != 5+forty {
		t.Errorf("rows after recalling 1 and 40 messages are %v, want the conversation, target, interval, cover, event and %d and %d blocks", rows, one, forty)
	}
}

func TestRepeatedRecallByNumberKeepsTheFirstOperation(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	makeGroup(t, a, "g", Public)
	sendAs(t, a, "ann", 1)
	for range 3 {
		results, err := a.RecallMessages(bg, moderator, "g", "", []uint32{1}, "first")
		if err != nil || results[0].Code != 0 {
			t.Fatal(results, err)
		}
	}
	found := targets(t, a, "g")
	if len(found) != 3 {
		t.Fatalf("%d operations are recorded, want 3", len(found))
	}
	rows, _, err := a.store.Read(bg, record.ConversationPartition(ownStream(t, a, "g").id), store.Key(record.SeqRecallKey(1)))
	if err != nil {
		t.Fatal(err)
	}
	recall := &record.SeqRecall{}
	if err := decode(rows[0][0], recall); err != nil || recall.Active != 3 || record.OperationID(recall.Operation) != found[0].Operation {
		t.Errorf("number 1 is recalled by %v (%v), want 3 operations of which %x is the first", recall, err, found[0].Operation)
	}
}

func TestRecallOfAnEmptyStreamSucceeds(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	makeGroup(t, a, "g", Public)
	if err := a.RecallBySender(bg, moderator, "g", "", "ann"); err != nil {
		t.Fatal(err)
	}
	sendAs(t, a, "ann", 1)
	page, err := a.History(bg, HistoryRequest{GroupID: "g", Number: 1})
	if err != nil || len(page.Rows) != 1 {
		t.Errorf("a message after the recall of nothing is hidden: %+v, %v", page, err)
	}
}

func TestUnknownOutcomesNeitherForgetNorDoubleRecalls(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			st := testengine.Open(t)
			sure := openTestApp(t, st)
			makeGroup(t, sure, "g", ChatRoom)
			for i := range 5 {
				sendAs(t, sure, "ann", uint32(i))
			}
			a := openTestApp(t, &unsureStore{Store: st, random: rand.New(rand.NewPCG(seed, 1))})
			var running sync.WaitGroup
			for range 4 {
				running.Go(func() {
					for range 5 {
						if err := a.RecallBySender(bg, moderator, "g", "", "ann"); err != nil {
							t.Error(err)
						}
					}
				})
			}
			running.Wait()
			found := targets(t, sure, "g")
			events, _, err := sure.Feed(bg, "g", "", 0, 500)
			if err != nil {
				t.Fatal(err)
			}
			if len(found) != 20 || len(events) != 20 {
				t.Errorf("%d targets and %d events are recorded of 20 recalls", len(found), len(events))
			}
		})
	}
}

// stalledCommit loses the first commit to a conversation and lets it take
// effect right before the second.
type stalledCommit struct {
	store.Store
	stalled func()
}

func (s *stalledCommit) Commit(ctx context.Context, p store.Partition, base store.Version, m []store.Mutation) (store.Version, error) {
	if p.Name()[0] == 'C' && s.stalled == nil {
		s.stalled = sync.OnceFunc(func() { _, _ = s.Store.Commit(ctx, p, base, m) })
		return "", store.ErrUnknown
	}
	if s.stalled != nil {
		s.stalled()
	}
	return s.Store.Commit(ctx, p, base, m)
}

func TestARecallThatTakesEffectAfterItWasLookedForIsRecordedOnce(t *testing.T) {
	a := openTestApp(t, &stalledCommit{Store: testengine.Open(t)})
	makeGroup(t, a, "g", Public)
	sendAs(t, a, "ann", 1)
	if err := a.RecallBySender(bg, moderator, "g", "", "ann"); err != nil {
		t.Fatal(err)
	}
	if found := targets(t, a, "g"); len(found) != 1 {
		t.Errorf("recorded are %v, want one target", found)
	}
}

// The cover of a sender is, whatever the order of its recalls, the union of
// their ranges as disjoint intervals that do not touch.
func TestCoverIsTheUnionOfRanges(t *testing.T) {
	st := testengine.Open(t)
	a := openTestApp(t, st)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		s := a.streams.get(record.ConversationID{App: a.id, Group: "g", Incarnation: uint64(run)}, Public)
		covered := map[uint32]bool{}
		for range rapid.IntRange(1, 12).Draw(rt, "recalls") {
			from := rapid.Uint32Range(1, 40).Draw(rt, "from")
			to := from + rapid.Uint32Range(0, 12).Draw(rt, "length")
			recallRange(rt, s, "ann", from, to)
			for seq := from; seq <= to; seq++ {
				covered[seq] = true
			}
		}
		low := rapid.Uint32Range(1, 60).Draw(rt, "low")
		high := low + rapid.Uint32Range(0, 20).Draw(rt, "span")
		found, err := s.readRecalls(bg, []string{"an", "ann", "anna"}, interval{low, high})
		if err != nil {
			rt.Fatal(err)
		}
		for seq := low; seq <= high; seq++ {
			if found.recalled(seq, "ann", 0) != covered[seq] || found.recalled(seq, "anna", 0) || found.recalled(seq, "an", 0) {
				rt.Fatalf("number %d is recalled %v, want %v", seq, found.recalled(seq, "ann", 0), covered[seq])
			}
		}
		intervals := slices.SortedFunc(slices.Values(found.covers["ann"]), func(x, y interval) int { return int(x.from) - int(y.from) })
		for i, v := range intervals[min(1, len(intervals)):] {
			if v.from <= intervals[i].to+1 {
				rt.Fatalf("intervals %v overlap or touch", intervals)
			}
		}
	})
}

func TestSendersWithAnyCharacterAreKeptApart(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	s := a.streams.get(record.ConversationID{App: a.id, Group: "g", Incarnation: 1}, Public)
	long := strings.Repeat("~", 32)
	for _, sender := range []string{"a b", "a", long} {
		recallRange(t, s, sender, 5, 6)
	}
	found, err := s.readRecalls(bg, []string{"a b", "a", long, "a c", long[1:]}, interval{1, 10})
	if err != nil {
		t.Fatal(err)
	}
	for sender, want := range map[string]bool{"a b": true, "a": true, long: true, "a c": false, long[1:]: false} {
		if found.recalled(5, sender, 0) != want {
			t.Errorf("number 5 of %q is recalled %v, want %v", sender, !want, want)
		}
	}
}
