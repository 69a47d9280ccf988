package chat

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// afterRead calls a function after every read, to let something happen between
// two reads of one call.
type afterRead struct {
	store.Store
	then func(p store.Partition, ranges []store.Range)
}

func (s *afterRead) Read(ctx context.Context, p store.Partition, ranges ...store.Range) ([][]store.Row, store.Version, error) {
	rows, version, err := s.Store.Read(ctx, p, ranges...)
	if s.then != nil {
		s.then(p, ranges)
	}
	return rows, version, err
}

// afterCommit calls a function after every commit and lets it change the answer.
type afterCommit struct {
	store.Store
	then func(p store.Partition) error
}

func (s *afterCommit) Commit(ctx context.Context, p store.Partition, base store.Version, m []store.Mutation) (store.Version, error) {
	version, err := s.Store.Commit(ctx, p, base, m)
	if err == nil && s.then != nil {
		if err := s.then(p); err != nil {
			return "", err
		}
	}
	return version, err
}

// ownStream is the stream of a group as one process knows it.
func ownStream(t testing.TB, a *App, group string) *stream {
	t.Helper()
	g, err := a.readGroup(bg, group)
	if err != nil {
		t.Fatal(err)
	}
	return g.stream()
}

func TestAProcessThatLookedBeforeOthersWroteAndAllExpiredGoesOnAtTheEnd(t *testing.T) {
	for name, before := range map[string]int{"empty": 0, "some messages": 3, "a full bucket": record.BucketSize} {
		t.Run(name, func(t *testing.T) {
			st := testengine.Open(t)
			clock := &testClock{now: time.Unix(2_000_000_000, 0)}
			open := func() *App {
				return openTestApp(t, st, func(o *Options) { o.Clock, o.Settings.HistoryRetentionDays = clock.Now, 7 })
			}
			a, b := open(), open()
			makeGroup(t, a, "g", ChatRoom)
			times := make([]int64, 2*record.BucketSize+50)
			for i := range times {
				times[i] = clock.now.Unix()
			}
			appendTimed(t, ownStream(t, a, "g"), times[:before])
			if _, err := ownStream(t, a, "g").current(bg); err != nil {
				t.Fatal(err)
			}
			appendTimed(t, ownStream(t, b, "g"), times[before:])
			clock.now = clock.now.Add(8 * 24 * time.Hour)
			if err := ownStream(t, b, "g").dropExpired(bg); err != nil {
				t.Fatal(err)
			}

			page, err := a.History(bg, HistoryRequest{GroupID: "g", Number: 1})
			if err != nil || len(page.Rows) != 1 || page.Rows[0].Seq != uint32(len(times)) {
				t.Errorf("the newest row is %+v (%v), want number %d", page, err, len(times))
			}
			sent, err := a.Send(bg, testOperator, testMessage("g", "ann", 1))
			if err != nil || sent.Seq != uint32(len(times))+1 {
				t.Fatalf("next message got %+v (%v), want number %d", sent, err, len(times)+1)
			}
			for bucket := range uint32(2) {
				if _, version, err := a.readLogHead(bg, ownStream(t, a, "g").id, bucket); err != nil || version != "" {
					t.Errorf("bucket %d is there again (%v)", bucket, err)
				}
			}
		})
	}
}

func TestARecallReachesWhatAnotherProcessWroteAfterTheFirstBucketsWereDropped(t *testing.T) {
	st := testengine.Open(t)
	clock := &testClock{now: time.Unix(2_000_000_000, 0)}
	open := func() *App {
		return openTestApp(t, st, func(o *Options) { o.Clock, o.Settings.HistoryRetentionDays = clock.Now, 7 })
	}
	a, b := open(), open()
	makeGroup(t, a, "g", ChatRoom)
	sendAs(t, a, "ann", 1)
	times := make([]int64, record.BucketSize)
	for i := range times {
		times[i] = clock.now.Unix()
	}
	appendTimed(t, ownStream(t, b, "g"), times)
	clock.now = clock.now.Add(8 * 24 * time.Hour)
	sendAs(t, b, "ann", 2)
	if err := ownStream(t, b, "g").dropExpired(bg); err != nil {
		t.Fatal(err)
	}
	if err := a.RecallBySender(bg, moderator, "g", "", "ann"); err != nil {
		t.Fatal(err)
	}
	page, err := b.History(bg, HistoryRequest{GroupID: "g", Number: 1})
	if err != nil || len(page.Rows) != 1 || page.Rows[0].Place != RowPlaceholder {
		t.Errorf("after the recall the newest row is %+v (%v), want an expired one", page, err)
	}
}

func TestAnImportOfUnknownOutcomeIsFoundBehindOthersMessages(t *testing.T) {
	st := testengine.Open(t)
	b := openTestApp(t, st)
	makeGroup(t, b, "g", ChatRoom)
	const others = record.BucketSize + 10
	unsure := &afterCommit{Store: st}
	unsure.then = func(p store.Partition) error {
		if p.Name()[0] != 'L' {
			return nil
		}
		unsure.then = nil
		appendTimed(t, ownStream(t, b, "g"), make([]int64, others))
		return store.ErrUnknown
	}
	a := openTestApp(t, unsure)
	request := &appendRequest{messages: []newMessage{{
		header: &record.Header{Sender: "ann", Received: 1, Priority: priorityNormal},
		body:   &record.Body{MsgBody: textBody}, imported: true, // without Random
	}}}
	results, err := ownStream(t, a, "g").append(bg, request)
	if err != nil || results[0].seq != 1 {
		t.Errorf("import answered %+v (%v), want number 1", results, err)
	}
	head, err := ownStream(t, a, "g").current(bg)
	if err != nil || head.LastSeq != others+1 {
		t.Errorf("log ends at %d (%v), want %d", head.LastSeq, err, others+1)
	}
}

func TestACrashBetweenAnyWritesOfSealingLeavesNoWayIntoTheLog(t *testing.T) {
	errCrash := errors.New("crash")
	for writes := range 4 {
		st := testengine.Open(t)
		stalled := openTestApp(t, st)
		makeGroup(t, stalled, "g", ChatRoom)
		s := ownStream(t, stalled, "g")
		appendTimed(t, s, make([]int64, record.BucketSize)) // exactly a bucket
		n := 0
		crashing := &afterCommit{Store: st, then: func(store.Partition) error {
			if n++; n == writes {
				return errCrash
			}
			return nil
		}}
		if err := openTestApp(t, crashing).removeConversation(bg, s.id, nil); err != nil && !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		if err := openTestApp(t, st).removeConversation(bg, s.id, nil); err != nil {
			t.Fatal(err)
		}
		request := &appendRequest{messages: []newMessage{{header: &record.Header{Sender: "ann"}, body: &record.Body{MsgBody: textBody}}}}
		if _, err := s.append(bg, request); !errors.Is(err, errSealed) {
			t.Errorf("after a crash at write %d a stalled writer's append answered %v", writes, err)
		}
	}
}

func TestAPullDuringTheCleanupOfItsGroupShowsNothingRecalled(t *testing.T) {
	st := &afterRead{Store: testengine.Open(t)}
	a := openTestApp(t, st)
	makeGroup(t, a, "g", ChatRoom)
	sendAs(t, a, "ann", 1)
	if err := a.RecallBySender(bg, moderator, "g", "", "ann"); err != nil {
		t.Fatal(err)
	}
	st.then = func(_ store.Partition, ranges []store.Range) {
		if !slices.ContainsFunc(ranges, func(r store.Range) bool { return r.From[0] == 'b' }) { // messages have been read
			return
		}
		st.then = nil
		if err := a.DestroyGroup(bg, moderator, "g"); err != nil {
			t.Error(err)
		}
		if err := a.cleanUp(bg); err != nil {
			t.Error(err)
		}
	}
	page, err := a.History(bg, HistoryRequest{GroupID: "g", Number: 1})
	if CodeOf(err) != CodeGroupNotFound {
		t.Errorf("pull answered %+v (%v), want that there is no such group", page, err)
	}
	if st.then != nil {
		t.Error("nothing happened between messages and covers")
	}
}

func TestAPullThatComesAfterTheCleanupOfItsGroupFindsNoGroup(t *testing.T) {
	st := &afterRead{Store: testengine.Open(t)}
	a := openTestApp(t, st)
	makeGroup(t, a, "g", ChatRoom)
	st.then = func(p store.Partition, _ []store.Range) {
		if p != a.groupPartition("g") { // the group has been read
			return
		}
		st.then = nil
		if err := a.DestroyGroup(bg, moderator, "g"); err != nil {
			t.Error(err)
		}
		if err := a.cleanUp(bg); err != nil {
			t.Error(err)
		}
	}
	page, err := a.History(bg, HistoryRequest{GroupID: "g", Number: 1})
	if CodeOf(err) != CodeGroupNotFound {
		t.Errorf("pull answered %+v (%v), want that there is no such group", page, err)
	}
}

func TestALongRunOfRecalledMessagesIsNotKeptInMemory(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	makeGroup(t, a, "g", ChatRoom)
	s := ownStream(t, a, "g")
	const messages = 3*record.BucketSize + 7
	appendTimed(t, s, make([]int64, messages))
	recallRange(t, s, "ann", 2, messages)
	p := &pageReader{stream: s, top: messages, next: messages, want: 20}
	if err := p.read(bg); err != nil {
		t.Fatal(err)
	}
	rows, err := p.rows(bg)
	if err != nil || len(rows) != 1 || rows[0].Seq != 1 || string(rows[0].Body) != string(textBody) || p.last != 1 {
		t.Errorf("page is %+v down to %d (%v), want number 1", rows, p.last, err)
	}
	if cap(p.scanned) > 3*maxHistoryScan {
		t.Errorf("%d numbers are kept at once", cap(p.scanned))
	}
}
