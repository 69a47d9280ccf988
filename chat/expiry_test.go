package chat

import (
	"slices"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
	"pgregory.net/rapid"
)

// testClock is a clock that a test sets.
type testClock struct{ now time.Time }

func (c *testClock) Now() time.Time { return c.now }

// appendTimed stores messages with given times straight in the log; a negative
// time is a tip of that time.
func appendTimed(t testing.TB, s *stream, times []int64) {
	t.Helper()
	for part := range slices.Chunk(times, maxBatchMessages) {
		request := &appendRequest{}
		for _, at := range part {
			m := newMessage{
				header: &record.Header{Sender: "ann", Time: max(at, -at), Received: max(at, -at), Tip: at < 0, Priority: priorityNormal},
				body:   &record.Body{MsgBody: textBody}, imported: true, earliest: -1 << 62,
			}
			request.messages = append(request.messages, m)
		}
		results, err := s.append(bg, request)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range results {
			if r.code != 0 {
				t.Fatalf("message %d of time %d was refused: %d", i, part[i], r.code)
			}
		}
	}
}

func TestExpiryBorderIsWhereTheSlowSearchFindsIt(t *testing.T) {
	st := testengine.Open(t)
	clock := &testClock{now: time.Unix(2_000_000_000, 0)}
	a := openTestApp(t, st, func(o *Options) {
		o.Clock = clock.Now
		o.Settings.HistoryRetentionDays = 1
	})
	run := uint64(0)
	rapid.Check(t, func(rt *rapid.T) {
		run++
		clock.now = time.Unix(2_000_000_000, 0)
		s := a.streams.get(record.ConversationID{App: a.id, Group: "g", Incarnation: run}, Public)
		at := clock.now.Unix() - 3*secondsPerDay
		var times []int64
		for range rapid.IntRange(1, 60).Draw(rt, "messages") {
			at = min(at+rapid.Int64Range(0, secondsPerDay/8).Draw(rt, "pause"), clock.now.Unix())
			if rapid.IntRange(0, 3).Draw(rt, "tip") == 0 {
				times = append(times, -at)
			} else {
				times = append(times, at)
			}
		}
		appendTimed(t, s, times)
		for range 4 {
			cutoff, _ := a.expiryCutoff()
			want := uint32(0)
			for i, at := range times {
				if at > 0 && at < cutoff {
					want = uint32(i + 1)
				}
			}
			head, err := s.current(bg)
			if err != nil {
				rt.Fatal(err)
			}
			got, err := s.expiredUpTo(bg, head)
			if err != nil || got != want {
				rt.Fatalf("expired up to %d (%v), want %d of %v before %d", got, err, want, times, cutoff)
			}
			clock.now = clock.now.Add(time.Duration(rapid.Int64Range(0, secondsPerDay).Draw(rt, "later")) * time.Second)
		}
	})
}

func TestExpiredBucketsAreDroppedAndTheLogGoesOn(t *testing.T) {
	st := testengine.Open(t)
	clock := &testClock{now: time.Unix(2_000_000_000, 0)}
	open := func() *App {
		return openTestApp(t, st, func(o *Options) {
			o.Clock = clock.Now
			o.Settings.HistoryRetentionDays = 7
		})
	}
	a := open()
	makeGroup(t, a, "g", ChatRoom)
	if err := a.store.Put(bg, record.DirectoryPartition(a.id, string(ChatRoom)), []store.Mutation{
		store.Set(record.DirectoryKey(1, "g"), nil), store.Set(record.DirectoryKey(2, "gone"), nil),
	}); err != nil {
		t.Fatal(err)
	}
	g, err := a.readGroup(bg, "g")
	if err != nil {
		t.Fatal(err)
	}
	old := make([]int64, 2*record.BucketSize+50)
	for i := range old {
		old[i] = clock.now.Unix()
	}
	appendTimed(t, g.stream(), old)
	for bucket := range uint32(3) {
		markBeside(t, a, g.conversation(), bucket)
	}
	clock.now = clock.now.Add(8 * 24 * time.Hour)
	if err := a.expire(bg); err != nil {
		t.Fatal(err)
	}
	for bucket, want := range []bool{false, false, true} {
		if beside := rowsOf(t, st, record.BesidePartition(g.conversation(), uint32(bucket))); (len(beside) > 0) != want {
			t.Errorf("beside bucket %d there are %d rows", bucket, len(beside))
		}
		_, version, err := a.readLogHead(bg, g.conversation(), uint32(bucket))
		if err != nil || (version != "") != want {
			t.Errorf("bucket %d is there: %v (%v), want %v", bucket, version != "", err, want)
		}
	}
	// A process that starts now finds the end of the log beyond what is gone.
	for _, app := range []*App{a, open()} {
		sent, err := app.Send(bg, testOperator, testMessage("g", "ann", uint32(len(app.admins)+int(clock.now.Unix())%1000)))
		if err != nil || sent.Seq <= uint32(len(old)) {
			t.Errorf("next message got number %d (%v), want one above %d", sent.Seq, err, len(old))
		}
		clock.now = clock.now.Add(time.Second)
	}
	page, err := a.History(bg, HistoryRequest{GroupID: "g", Number: 20, FromSeq: record.BucketSize + 5})
	if err != nil || len(page.Rows) != 20 || page.Finished != 1 {
		t.Fatalf("page of dropped messages is %+v, %v", page, err)
	}
	for _, row := range page.Rows {
		if row.Place != RowPlaceholder {
			t.Errorf("dropped number %d is %+v, want a placeholder", row.Seq, row)
		}
	}
	// Without retention the dropped numbers still read as placeholders.
	forever := openTestApp(t, st, func(o *Options) { o.Clock = clock.Now })
	page, err = forever.History(bg, HistoryRequest{GroupID: "g", Number: 3, FromSeq: 2*record.BucketSize + 1})
	if err != nil || len(page.Rows) != 3 || page.Rows[0].Place != RowLive || page.Rows[1].Place != RowPlaceholder {
		t.Errorf("page over the border of dropped messages is %+v, %v", page, err)
	}
}

func TestExpiryGoesOnBehindAGroupThatCannotBeRead(t *testing.T) {
	st := testengine.Open(t)
	clock := &testClock{now: time.Unix(2_000_000_000, 0)}
	a := openTestApp(t, st, func(o *Options) { o.Clock, o.Settings.HistoryRetentionDays = clock.Now, 7 })
	for n, id := range []string{"broken", "g"} {
		makeGroup(t, a, id, ChatRoom)
		if err := st.Put(bg, record.DirectoryPartition(a.id, string(ChatRoom)), []store.Mutation{store.Set(record.DirectoryKey(uint64(n+1), id), nil)}); err != nil {
			t.Fatal(err)
		}
		old := make([]int64, record.BucketSize+1)
		for i := range old {
			old[i] = clock.now.Unix()
		}
		appendTimed(t, ownStream(t, a, id), old)
	}
	broken, healthy := ownStream(t, a, "broken").id, ownStream(t, a, "g").id
	if _, err := st.Commit(bg, record.ConversationPartition(broken), mustVersion(t, a, broken), []store.Mutation{
		store.Set(record.ConversationKey, []byte{0xff}),
	}); err != nil {
		t.Fatal(err)
	}
	clock.now = clock.now.Add(8 * 24 * time.Hour)
	if err := a.expire(bg); err == nil {
		t.Error("a record that cannot be read was not reported")
	}
	if _, version, err := a.readLogHead(bg, healthy, 0); err != nil || version != "" {
		t.Errorf("the expired bucket of another group is still there (%v)", err)
	}
}

// mustVersion is the version of a conversation's partition.
func mustVersion(t testing.TB, a *App, id record.ConversationID) store.Version {
	t.Helper()
	_, _, version, err := a.readConversation(bg, id)
	if err != nil {
		t.Fatal(err)
	}
	return version
}
