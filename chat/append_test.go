package chat

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

var bg = context.Background()

func openTestApp(t testing.TB, st store.Store, set ...func(*Options)) *App {
	t.Helper()
	o := Options{Settings: DefaultSettings(), Admins: []string{"administrator"}, Housekeeping: -1}
	for _, f := range set {
		f(&o)
	}
	a, err := OpenApp(bg, st, 1400000001, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

// makeGroup writes the head of a group as creating it would.
func makeGroup(t testing.TB, a *App, id string, groupType GroupType) {
	t.Helper()
	err := a.changeGroupHead(bg, id, func(g *groupChange) error {
		g.head = &record.Group{Incarnation: g.head.Incarnation + 1, Type: string(groupType), Name: id, CreateTime: a.now()}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.importAccount(bg, AccountProfile{UserID: "ann"}); err != nil {
		t.Fatal(err)
	}
}

var textBody = jsontext.Value(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hello"}}]`)

func testMessage(group, from string, random uint32) Message {
	return Message{GroupID: group, From: from, Random: &random, Body: textBody}
}

// wantContiguous reads the whole history and checks that the numbers go from
// last to 1 without a hole and that every row has another MsgRandom.
func wantContiguous(t *testing.T, a *App, group string, last uint32) {
	t.Helper()
	randoms := map[uint32]uint32{}
	next := last
	for next > 0 {
		page, err := a.History(bg, HistoryRequest{GroupID: group, Number: 20, FromSeq: next, WithRecalled: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page.Rows {
			if row.Seq != next || row.Place == RowPlaceholder {
				t.Fatalf("history has number %d (IsPlaceMsg %d), want a message with number %d", row.Seq, row.Place, next)
			}
			if other, twice := randoms[row.Random]; twice {
				t.Fatalf("the message with Random %d is stored twice, under %d and %d", row.Random, other, row.Seq)
			}
			randoms[row.Random] = row.Seq
			next--
		}
	}
	page, err := a.History(bg, HistoryRequest{GroupID: group, Number: 1, WithRecalled: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Rows) == 0 && last > 0 || len(page.Rows) > 0 && page.Rows[0].Seq != last {
		t.Fatalf("newest row is %+v, want number %d", page.Rows, last)
	}
}

func TestNumbersAreContiguousAcrossBuckets(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	makeGroup(t, a, "g", ChatRoom)
	const messages, senders = 2*record.BucketSize + 100, 64
	sendMany(t, []*App{a}, messages, senders)
	wantContiguous(t, a, "g", messages)
}

// sendMany sends messages by several senders at once, spread over the apps,
// and checks that every answer has another number.
func sendMany(t *testing.T, apps []*App, messages, senders int) {
	t.Helper()
	var mu sync.Mutex
	numbers := map[uint32]bool{}
	var running sync.WaitGroup
	for s := range senders {
		running.Go(func() {
			for i := s; i < messages; i += senders {
				sent, err := apps[i%len(apps)].Send(bg, Operator{Account: "administrator"}, testMessage("g", "ann", uint32(i)))
				if err != nil {
					t.Errorf("send %d: %v", i, err)
					return
				}
				mu.Lock()
				if numbers[sent.Seq] {
					t.Errorf("number %d was given twice", sent.Seq)
				}
				numbers[sent.Seq] = true
				mu.Unlock()
			}
		})
	}
	running.Wait()
}

func TestTwoProcessesOnOneStoreNumberWithoutGaps(t *testing.T) {
	st := testengine.Open(t)
	a, b := openTestApp(t, st), openTestApp(t, st)
	makeGroup(t, a, "g", ChatRoom)
	sendMany(t, []*App{a, b}, 400, 8)
	wantContiguous(t, a, "g", 400)
	wantContiguous(t, b, "g", 400)
}

func TestRepeatIsKnownToAnotherProcess(t *testing.T) {
	st := testengine.Open(t)
	a, b := openTestApp(t, st), openTestApp(t, st)
	makeGroup(t, a, "g", ChatRoom)
	op := Operator{Account: "administrator"}
	first, err := a.Send(bg, op, testMessage("g", "ann", 7))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Send(bg, op, testMessage("g", "ann", 8)); err != nil {
		t.Fatal(err)
	}
	for _, app := range []*App{a, b} {
		again, err := app.Send(bg, op, testMessage("g", "ann", 7))
		if err != nil || *again != *first {
			t.Errorf("repeat answered %+v, %v; want %+v", again, err, first)
		}
	}
	wantContiguous(t, a, "g", 2)
}

// A process that another one was faster than reads what is new in the log, not what it
// knows, and recognises repeats of both.
func TestALostRaceCostsWhatIsNew(t *testing.T) {
	const known, since = 2000, 5
	st := &countingStore{Store: testengine.Open(t)}
	a, b := openTestApp(t, st), openTestApp(t, st)
	makeGroup(t, a, "g", Public)
	send := func(app *App, random int) *Sent {
		t.Helper()
		sent, err := app.Send(bg, Operator{Account: "administrator"}, testMessage("g", "administrator", uint32(random)))
		if err != nil {
			t.Fatal(err)
		}
		return sent
	}
	for i := range known {
		send(a, i)
	}
	for i := range since {
		send(b, known+i)
	}
	reads, rows := st.reads.Load(), st.rows.Load()
	if sent := send(a, known+since); sent.Seq != known+since+1 {
		t.Errorf("number is %d after %d messages", sent.Seq, known+since)
	}
	if reads, rows := st.reads.Load()-reads, st.rows.Load()-rows; reads > 8 || rows > 30 {
		t.Errorf("a lost race cost %d reads of %d rows", reads, rows)
	}
	for _, random := range []int{0, known, known + since} {
		if sent := send(a, random); sent.Seq != uint32(random)+1 {
			t.Errorf("the repeat of %d got number %d", random+1, sent.Seq)
		}
	}
	// Across a bucket's border.
	for i := known; i < 2*record.BucketSize+1; i++ {
		send(b, known+since+1+i)
	}
	last := send(b, 1<<20).Seq
	reads = st.reads.Load()
	if sent := send(a, 1<<20+1); sent.Seq != last+1 {
		t.Errorf("number is %d after %d", sent.Seq, last)
	}
	if n := st.reads.Load() - reads; n > 12 {
		t.Errorf("a lost race across buckets cost %d reads", n)
	}
	if sent := send(a, 1<<20); sent.Seq != last {
		t.Errorf("the repeat of %d got number %d", last, sent.Seq)
	}
}

// unsureStore answers some commits with ErrUnknown, after doing them or not,
// and some with a conflict that did not happen.
type unsureStore struct {
	store.Store
	mu     sync.Mutex
	random *rand.Rand
}

func (s *unsureStore) Commit(ctx context.Context, p store.Partition, base store.Version, m []store.Mutation) (store.Version, error) {
	s.mu.Lock()
	fate := s.random.IntN(10)
	s.mu.Unlock()
	switch fate {
	case 0:
		return "", store.ErrUnknown
	case 1:
		return "", store.ErrConflict
	}
	version, err := s.Store.Commit(ctx, p, base, m)
	if fate == 2 && err == nil {
		return "", store.ErrUnknown
	}
	return version, err
}

func TestUnknownOutcomesNeitherLoseNorDoubleMessages(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			st := testengine.Open(t)
			makeGroup(t, openTestApp(t, st), "g", ChatRoom)
			unsure := &unsureStore{Store: st, random: rand.New(rand.NewPCG(seed, 0))}
			a, b := openTestApp(t, unsure), openTestApp(t, unsure)
			sendMany(t, []*App{a, b}, 120, 6)
			wantContiguous(t, openTestApp(t, st), "g", 120)
		})
	}
}

func TestAWithdrawnSendIsNotStored(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	makeGroup(t, a, "g", ChatRoom)
	ctx, cancel := context.WithCancel(bg)
	cancel()
	if _, err := a.Send(ctx, Operator{Account: "administrator"}, testMessage("g", "ann", 1)); err == nil {
		t.Fatal("a send whose context had ended succeeded")
	}
	wantContiguous(t, a, "g", 0)
	if _, err := a.Send(bg, Operator{Account: "administrator"}, testMessage("g", "ann", 2)); err != nil {
		t.Fatal(err)
	}
	wantContiguous(t, a, "g", 1)
}

func TestSendsThatAreCancelledAtAnyMomentLeaveTheQueueWorking(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	makeGroup(t, a, "g", ChatRoom)
	var mu sync.Mutex
	acknowledged := 0
	var running sync.WaitGroup
	for s := range 16 {
		running.Go(func() {
			for i := range 40 {
				ctx, cancel := context.WithTimeout(bg, time.Duration(rand.IntN(300))*time.Microsecond)
				sent, err := a.Send(ctx, Operator{Account: "administrator"}, testMessage("g", "ann", uint32(s*1000+i)))
				cancel()
				if err == nil && sent.Seq > 0 {
					mu.Lock()
					acknowledged++
					mu.Unlock()
				}
			}
		})
	}
	running.Wait()
	last, err := a.Send(bg, Operator{Account: "administrator"}, testMessage("g", "ann", 999_999))
	if err != nil {
		t.Fatal(err)
	}
	if int(last.Seq) < acknowledged+1 {
		t.Errorf("%d messages were acknowledged but the last number is %d", acknowledged, last.Seq)
	}
	wantContiguous(t, a, "g", last.Seq)
}

func TestMsgTimeNeverRunsBackwards(t *testing.T) {
	now := time.Unix(1_760_000_000, 0)
	a := openTestApp(t, testengine.Open(t), func(o *Options) { o.Clock = func() time.Time { return now } })
	makeGroup(t, a, "g", ChatRoom)
	op := Operator{Account: "administrator"}
	first, err := a.Send(bg, op, testMessage("g", "ann", 1))
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(-time.Hour)
	second, err := a.Send(bg, op, testMessage("g", "ann", 2))
	if err != nil {
		t.Fatal(err)
	}
	if second.Time != first.Time {
		t.Errorf("after the clock went back MsgTime is %d, want %d", second.Time, first.Time)
	}
}

func TestTheLargestImportFitsIntoOneCommit(t *testing.T) {
	settings := DefaultSettings()
	settings.ImportMaxBatch = maxBatchMessages + 1
	if settings.Validate() == nil {
		t.Error("an import that fits into no commit is allowed")
	}
	settings.ImportMaxBatch = maxBatchMessages
	a := openTestApp(t, testengine.Open(t), func(o *Options) { o.Settings = settings })
	makeGroup(t, a, "g", Public)
	at := a.now()
	messages := make([]ImportedMessage, maxBatchMessages)
	for i := range messages {
		messages[i] = ImportedMessage{From: "ann", Time: &at, Body: textBody}
	}
	results, err := a.ImportMessages(bg, testOperator, Import{GroupID: "g", Messages: messages})
	if err != nil || results[len(results)-1].Seq != maxBatchMessages {
		t.Errorf("import of %d messages answered %v", len(messages), err)
	}
}

func TestARequestLargerThanACommitIsStoredWhole(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	makeGroup(t, a, "g", ChatRoom)
	g, err := a.readGroup(bg, "g")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ messages, bytes int }{{20, 72 << 10}, {maxBatchMessages + 10, 100}} {
		request := &appendRequest{}
		for i := range c.messages {
			request.messages = append(request.messages, newMessage{
				header: &record.Header{Sender: "ann", Random: uint32(i + c.bytes), Priority: priorityNormal},
				body:   &record.Body{MsgBody: make([]byte, c.bytes)},
			})
		}
		results, err := g.stream().append(bg, request)
		if err != nil || len(results) != c.messages {
			t.Fatalf("%d messages of %d bytes: %d results, %v", c.messages, c.bytes, len(results), err)
		}
		for i, r := range results[1:] {
			if r.seq != results[i].seq+1 {
				t.Errorf("number %d follows %d", r.seq, results[i].seq)
			}
		}
	}
	wantContiguous(t, a, "g", 20+maxBatchMessages+10)
}

// Messages that come while something else is done on the log are stored after it.
func TestWorkOnTheLogTakesNoMessagesAlong(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	makeGroup(t, a, "g", ChatRoom)
	s := ownStream(t, a, "g")
	begun, end := make(chan struct{}), make(chan struct{})
	var running sync.WaitGroup
	work := func(work func()) {
		running.Go(func() {
			if err := s.alone(bg, func(context.Context) error { work(); return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	queued := func(n int) {
		for waiting := -1; waiting != n; time.Sleep(time.Millisecond) {
			s.state.Lock()
			waiting = len(s.queue)
			s.state.Unlock()
		}
	}
	work(func() { close(begun); <-end })
	<-begun
	done := false
	work(func() { done = true })
	queued(1)
	running.Go(func() {
		r := &appendRequest{messages: []newMessage{{header: &record.Header{Sender: "ann"}, body: &record.Body{MsgBody: textBody}}}}
		if results, err := s.append(bg, r); err != nil || len(results) != 1 || !done {
			t.Errorf("append answered %v (%v), work done: %v", results, err, done)
		}
	})
	queued(2)
	close(end)
	running.Wait()
	wantContiguous(t, a, "g", 1)
}
