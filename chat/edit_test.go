package chat

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

func saying(text string) jsontext.Value {
	return jsontext.Value(fmt.Sprintf(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":%q}}]`, text))
}

func editText(ctx context.Context, a *App, seq uint32, text string) error {
	return a.ModifyMessage(ctx, Edit{GroupID: "g", Seq: seq, Body: saying(text)})
}

// shownText is what history says a message says, recalled or not.
func shownText(a *App, seq uint32) (text string, recalled bool, err error) {
	page, err := a.History(bg, HistoryRequest{GroupID: "g", Number: 1, FromSeq: seq, WithRecalled: true})
	if err != nil {
		return "", false, err
	}
	_, text, _ = strings.Cut(string(page.Rows[0].Body), `"Text":"`)
	return strings.TrimSuffix(text, `"}}]`), page.Rows[0].Place == RowRecalled, nil
}

func wantShown(t *testing.T, a *App, seq uint32, want string) {
	t.Helper()
	if got, _, err := shownText(a, seq); got != want || err != nil {
		t.Errorf("number %d says %q (%v), want %q", seq, got, err, want)
	}
}

// wantNoOpenEdit checks that a conversation has no trace of an edit but the count.
func wantNoOpenEdit(t *testing.T, a *App) {
	t.Helper()
	c, rows, _, err := a.readConversation(bg, ownStream(t, a, "g").id, store.Prefix(record.EditPrefix))
	edits, _, wrong := editsIn(rows[0])
	if err != nil || wrong != nil || c.OpenEdits != 0 || len(edits) != 0 {
		t.Errorf("%d edits are open, %d are there (%v, %v)", c.OpenEdits, len(edits), err, wrong)
	}
}

// evidenceText is what an operation's evidence says that its first message said.
func evidenceText(a *App, operation string) (string, error) {
	page, err := a.Evidence(bg, moderator, operation, "")
	if err != nil {
		return "", err
	}
	_, text, _ := strings.Cut(string(page.Messages[0].Body), `"Text":"`)
	return strings.TrimSuffix(text, `"}}]`), nil
}

// An edit that was cut short has been made or has not; once it is seen, or what
// it edited is evidence, it stays, and somebody ends it.
func TestEditSurvivesACrashAtAnyWrite(t *testing.T) {
	for n := 0; ; n++ {
		st := testengine.Open(t)
		first := openTestApp(t, st)
		makeGroup(t, first, "g", Public)
		sendAs(t, first, "ann", 1)
		sendAs(t, first, "ann", 2)
		acknowledged := false
		died := dieAfter(t, st, n, func(a *App) { acknowledged = editText(bg, a, 1, "new") == nil })
		when := fmt.Sprintf("dead after %d writes", n)
		a := openTestApp(t, st)
		seen, _, err := shownText(a, 1)
		if err != nil || acknowledged && seen != "new" || seen != "new" && seen != "hello" {
			t.Errorf("%s: message says %q (%v), acknowledged: %v", when, seen, err, acknowledged)
		}
		if err := editText(bg, a, 2, "other"); err != nil { // is not in the way
			t.Errorf("%s: %v", when, err)
		}
		if n%2 == 0 {
			done, err := a.Recall(bg, moderator, RecallCall{Targets: []RecallTarget{{GroupID: "g", Sender: "ann"}}})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := evidenceText(a, done.OperationID); got != seen || err != nil {
				t.Errorf("%s: evidence says %q (%v), want %q", when, got, err, seen)
			}
		} else {
			a = openTestApp(t, st, func(o *Options) { o.Clock = func() time.Time { return time.Now().Add(time.Hour) } })
		}
		wantShown(t, a, 1, seen)
		wantNoOpenEdit(t, a)
		wantShown(t, a, 1, seen)
		if !died {
			return
		}
	}
}

// A recall comes before an edit or after it, never between its decision and what
// comes of it.
func TestAnEditIsBeforeARecallOrRefused(t *testing.T) {
	for name, after := range map[string]int{"before the edit's decision": 1, "after it": 0} {
		t.Run(name, func(t *testing.T) {
			inner := testengine.Open(t)
			reads := &afterRead{Store: inner}
			commits := &afterCommit{Store: reads}
			a := openTestApp(t, commits)
			makeGroup(t, a, "g", Public)
			sendAs(t, a, "ann", 1)
			id := ownStream(t, a, "g").id
			other := openTestApp(t, inner)
			var operation, evidence string
			recall := func() {
				reads.then, commits.then = nil, nil
				done, err := other.Recall(bg, moderator, RecallCall{Targets: []RecallTarget{{GroupID: "g", Sender: "ann"}}})
				if err == nil {
					operation = done.OperationID
					evidence, err = evidenceText(other, operation)
				}
				if err != nil {
					t.Error(err)
				}
			}
			if after == 1 {
				reads.then = func(p store.Partition, ranges []store.Range) {
					if p == record.ConversationPartition(id) && len(ranges) > 2 { // with the recalls of the message
						recall()
					}
				}
			} else {
				commits.then = func(p store.Partition) error {
					if p == record.ConversationPartition(id) {
						recall()
					}
					return nil
				}
			}
			err := editText(bg, a, 1, "new")
			want, wantCode := "new", Code(0)
			if after == 1 {
				want, wantCode = "hello", CodeEditTargetRecalled
			}
			if CodeOf(err) != wantCode || operation == "" {
				t.Errorf("edit answered %v, want %d", err, wantCode)
			}
			if evidence != want {
				t.Errorf("evidence says %q, want %q", evidence, want)
			}
			wantShown(t, a, 1, want)
			if again, err := evidenceText(a, operation); again != evidence || err != nil {
				t.Errorf("evidence says %q later (%v)", again, err)
			}
		})
	}
}

// A page shows no message as recalled that says what it said before its last edit.
// What it shows as not recalled is of before both.
func TestAPageDuringAnEditAndARecallShowsNoOlderText(t *testing.T) {
	for _, older := range []bool{false, true} { // the body is read along with its header, or later
		st := &afterRead{Store: testengine.Open(t)}
		a := openTestApp(t, st)
		makeGroup(t, a, "g", Public)
		mustImport(t, a, "bob")
		sendAs(t, a, "ann", 1)
		sendAs(t, a, "bob", 2)
		if err := a.RecallBySender(bg, moderator, "g", "", "bob"); err != nil {
			t.Fatal(err)
		}
		if err := editText(bg, a, 1, "first"); err != nil {
			t.Fatal(err)
		}
		id := ownStream(t, a, "g").id
		st.then = func(p store.Partition, ranges []store.Range) {
			bodies := slices.ContainsFunc(ranges, func(r store.Range) bool { return r.From[0] == 'b' && bytes.Compare(r.To, record.BodyKey(2)) <= 0 })
			if p != record.LogPartition(id, 0) || !bodies {
				return
			}
			st.then = nil
			if err := editText(bg, a, 1, "second"); err != nil {
				t.Error(err)
			}
			if err := a.RecallBySender(bg, moderator, "g", "", "ann"); err != nil {
				t.Error(err)
			}
		}
		r := HistoryRequest{GroupID: "g", Number: 1, FromSeq: 1, WithRecalled: true}
		if older {
			r.FromSeq, r.WithRecalled = 3, false
		}
		page, err := a.History(bg, r)
		if err != nil || st.then != nil {
			t.Fatalf("nothing came between (%v)", err)
		}
		place, body := RowRecalled, saying("second")
		if older {
			place, body = RowLive, saying("first")
		}
		if row := page.Rows[0]; row.Place != place || string(row.Body) != string(body) {
			t.Errorf("page has %+v, %s", row, row.Body)
		}
	}
}

// A page is read once, however often messages are edited meanwhile.
func TestPagesEndWhileEditsDoNot(t *testing.T) {
	inner := testengine.Open(t)
	st := &afterRead{Store: inner}
	a, other := openTestApp(t, st), openTestApp(t, inner)
	makeGroup(t, a, "g", Public)
	mustImport(t, a, "bob")
	sendAs(t, a, "ann", 1)
	for i := range uint32(100) { // so that the page is read in several steps
		sendAs(t, a, "bob", i)
	}
	if err := a.RecallBySender(bg, moderator, "g", "", "bob"); err != nil {
		t.Fatal(err)
	}
	id, edits := ownStream(t, a, "g").id, 0
	st.then = func(p store.Partition, _ []store.Range) {
		if p != record.LogPartition(id, 0) && p != record.ConversationPartition(id) {
			return
		}
		if edits++; edits > 100 {
			st.then = nil
			t.Error("the page was read again and again")
			return
		}
		if err := editText(bg, other, 1, fmt.Sprint(edits)); err != nil {
			t.Error(err)
		}
	}
	text := func(page *HistoryPage, err error) (n int) {
		if err != nil || len(page.Rows) != 1 || page.Rows[0].Place != RowLive {
			t.Fatalf("page is %+v (%v)", page, err)
		}
		_, text, _ := strings.Cut(string(page.Rows[0].Body), `"Text":"`)
		if _, err := fmt.Sscan(strings.TrimSuffix(text, `"}}]`), &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	count := func() (reads int) {
		st.then = func(store.Partition, []store.Range) { reads++ }
		if _, _, err := shownText(a, 1); err != nil {
			t.Error(err)
		}
		return reads
	}
	edit := st.then
	count() // the first one learns what the conversation has
	reads := count()
	st.then = edit
	first := text(a.History(bg, HistoryRequest{GroupID: "g", Number: 1}))
	if second := text(a.History(bg, HistoryRequest{GroupID: "g", Number: 1})); second <= first || edits == 0 {
		t.Errorf("pages say %d and then %d", first, second)
	}
	count()
	if again := count(); again != reads {
		t.Errorf("a page takes %d reads after edits and took %d before", again, reads)
	}
}

// What a preview shows of a message is what history shows, also of one whose edit
// was cut short.
func TestPreviewShowsOpenEdits(t *testing.T) {
	st := testengine.Open(t)
	first := openTestApp(t, st)
	makeGroup(t, first, "g", Public)
	for i := range uint32(3) {
		sendAs(t, first, "ann", i)
	}
	leaveEditOpen(t, st, 2, "new")
	a := openTestApp(t, st)
	_, parts, err := a.PreviewRecall(bg, moderator, []RecallTarget{{GroupID: "g", Sender: "ann"}}, RecallScope{LastNum: 10})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"hello", "new", "hello"} {
		if got := parts[0].Samples[i]; string(got.Body) != string(saying(want)) {
			t.Errorf("sample of %d is %s, want %s", got.Seq, got.Body, want)
		}
	}
}

// leaveEditOpen makes an edit in a process that dies before it is in the log.
func leaveEditOpen(t *testing.T, st store.Store, seq uint32, text string) {
	t.Helper()
	if !dieAfter(t, st, 1, func(a *App) {
		if err := editText(bg, a, seq, text); err != nil {
			t.Errorf("an edit that was made answered %v", err)
		}
	}) {
		t.Fatal("it lived")
	}
	c, _, _, err := openTestApp(t, st).readConversation(bg, ownStream(t, openTestApp(t, st), "g").id)
	if err != nil || c.OpenEdits != 1 {
		t.Fatalf("%d edits are open (%v)", c.OpenEdits, err)
	}
}

// Who edits at once with others who edit, recall and read in two processes: no
// text comes back once it was replaced, nothing refused is ever shown, and once a
// recall was answered the text stays what its evidence says.
func TestEditsRecallsAndPagesAtOnce(t *testing.T) {
	for _, unsure := range []bool{false, true} {
		t.Run(fmt.Sprintf("unsure %v", unsure), func(t *testing.T) {
			for seed := range uint64(6) {
				editsAtOnce(t, seed, unsure)
			}
		})
	}
}

func editsAtOnce(t *testing.T, seed uint64, unsure bool) {
	st := testengine.Open(t)
	first := openTestApp(t, st)
	makeGroup(t, first, "g", Public)
	sendAs(t, first, "ann", 1)
	if unsure {
		st = &unsureStore{Store: st, random: rand.New(rand.NewPCG(seed, 1))}
	}
	apps := []*App{openTestApp(t, st), openTestApp(t, st)}
	const writers = 4
	var running, reading sync.WaitGroup
	var over atomic.Bool
	var refused sync.Map
	for w := range writers {
		running.Go(func() {
			for i := 0; ; i++ {
				text := fmt.Sprintf("%d-%d", w, i)
				switch err := editText(bg, apps[w%2], 1, text); CodeOf(err) {
				case 0:
				case CodeEditConflict: // undone or not begun: it may have to be tried again
					refused.Store(text, true)
				case CodeEditTargetRecalled:
					refused.Store(text, true)
					return
				default:
					t.Errorf("edit answered %v", err)
					return
				}
			}
		})
	}
	for range 2 {
		reading.Go(func() {
			newest := [writers]int{}
			for !over.Load() {
				text, _, err := shownText(apps[rand.IntN(2)], 1)
				if err != nil {
					t.Error(err)
					return
				}
				var w, i int
				if _, err := fmt.Sscanf(text, "%d-%d", &w, &i); err != nil {
					continue // the first text
				}
				if _, bad := refused.Load(text); bad || i < newest[w] {
					t.Errorf("message says %s after %v", text, newest)
					return
				}
				newest[w] = i
			}
		})
	}
	time.Sleep(time.Duration(5+rand.IntN(20)) * time.Millisecond)
	done, err := apps[0].Recall(bg, moderator, RecallCall{Targets: []RecallTarget{{GroupID: "g", Sender: "ann"}}})
	if err != nil {
		t.Fatal(err)
	}
	text, recalled, err := shownText(apps[1], 1)
	if err != nil || !recalled {
		t.Errorf("after the recall: recalled %v (%v)", recalled, err)
	}
	evidence, err := evidenceText(apps[1], done.OperationID)
	if evidence != text || err != nil {
		t.Errorf("evidence says %q (%v), the page %q", evidence, err, text)
	}
	running.Wait()
	over.Store(true)
	reading.Wait()
	wantShown(t, first, 1, text)
	if again, err := evidenceText(first, done.OperationID); again != text || err != nil {
		t.Errorf("evidence says %q in the end (%v), and said %q", again, err, text)
	}
	wantNoOpenEdit(t, first)
}

// An edit keeps what this process knows of the log, so that who sends into a busy
// stream does not have to read it back.
func TestAnEditInTheNewestBucketKeepsTheLogKnown(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	makeGroup(t, a, "g", Public)
	for i := range uint32(3) {
		sendAs(t, a, "ann", i)
	}
	s := ownStream(t, a, "g")
	if err := editText(bg, a, 2, "new"); err != nil {
		t.Fatal(err)
	}
	s.state.Lock()
	known, version := s.known, s.version
	s.state.Unlock()
	if _, now, err := a.readLogHead(bg, s.id, 0); err != nil || !known || version != now {
		t.Errorf("known %v at another version (%v)", known, err)
	}
	sendAs(t, a, "ann", 3)
	wantContiguous(t, a, "g", 4)
	// But not what another process has changed.
	sendAs(t, openTestApp(t, a.store), "ann", 4)
	if err := editText(bg, a, 2, "newer"); err != nil {
		t.Fatal(err)
	}
	sendAs(t, a, "ann", 5)
	wantContiguous(t, a, "g", 6)
}

// An edit whose outcome was unknown, and that somebody else has ended meanwhile, is
// not made again.
func TestAnEditOfUnknownOutcomeIsMadeOnce(t *testing.T) {
	inner := testengine.Open(t)
	st := &afterCommit{Store: inner}
	a, other := openTestApp(t, st), openTestApp(t, inner)
	makeGroup(t, a, "g", Public)
	sendAs(t, a, "ann", 1)
	s := ownStream(t, a, "g")
	st.then = func(p store.Partition) error {
		if p != record.ConversationPartition(s.id) {
			return nil
		}
		st.then = nil
		if err := ownStream(t, other, "g").finishEdits(bg); err != nil {
			t.Error(err)
		}
		return store.ErrUnknown
	}
	if err := editText(bg, a, 1, "new"); err != nil {
		t.Fatal(err)
	}
	if _, body, _, err := s.readMessage(bg, 1); err != nil || body.EditVersion != 1 || string(body.MsgBody) != string(saying("new")) {
		t.Errorf("message is %v (%v)", body, err)
	}
	wantNoOpenEdit(t, a)
}

// Nor is it made again over a later one, whether that has ended or not, nor does it
// end that one in its own place.
func TestAnEditThatOthersHaveEndedLeavesALaterOneAlone(t *testing.T) {
	for _, c := range []struct {
		left    bool // the later one is left open
		outcome error
	}{{false, store.ErrUnknown}, {true, store.ErrUnknown}, {false, nil}, {true, nil}} {
		inner := testengine.Open(t)
		st := &afterCommit{Store: inner}
		a := openTestApp(t, st)
		makeGroup(t, a, "g", Public)
		sendAs(t, a, "ann", 1)
		id := ownStream(t, a, "g").id
		st.then = func(p store.Partition) error {
			if p != record.ConversationPartition(id) {
				return nil
			}
			st.then = nil
			other := openTestApp(t, inner)
			if err := ownStream(t, other, "g").finishEdits(bg); err != nil {
				t.Error(err)
			}
			if c.left {
				leaveEditOpen(t, inner, 1, "later")
			} else if err := editText(bg, other, 1, "later"); err != nil {
				t.Error(err)
			}
			return c.outcome
		}
		if err := editText(bg, a, 1, "new"); err != nil {
			t.Fatal(err)
		}
		wantShown(t, a, 1, "later")
		for i := range 2 * maxEditIDs {
			if err := editText(bg, a, 1, fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
		}
		_, body, _, err := ownStream(t, a, "g").readMessage(bg, 1)
		if err != nil || body.EditVersion != 2+2*maxEditIDs || len(body.EditIds) != maxEditIDs {
			t.Errorf("message is %v (%v)", body, err)
		}
	}
}

// contendedStore answers every commit of partitions of one kind with a conflict.
type contendedStore struct {
	store.Store
	kind string
}

func (s contendedStore) Commit(ctx context.Context, p store.Partition, base store.Version, m []store.Mutation) (store.Version, error) {
	if strings.HasPrefix(p.Name(), s.kind) {
		return "", store.ErrConflict
	}
	return s.Store.Commit(ctx, p, base, m)
}

func TestAnEditThatAlwaysMeetsOthersSaysSo(t *testing.T) {
	st := testengine.Open(t)
	first := openTestApp(t, st)
	makeGroup(t, first, "g", Public)
	sendAs(t, first, "ann", 1)
	if err := editText(bg, openTestApp(t, contendedStore{st, "C"}), 1, "new"); CodeOf(err) != CodeEditConflict {
		t.Errorf("edit answered %v", err)
	}
	wantShown(t, first, 1, "hello")
	// One that is made is not refused because it does not get into the log.
	if err := editText(bg, openTestApp(t, contendedStore{st, "L"}), 1, "new"); err != nil {
		t.Errorf("edit answered %v", err)
	}
	wantShown(t, first, 1, "new")
}

// Of an erased message nothing is left beside the log, nor where edits pass.
func TestErasurePurgesAllThatAMessageWas(t *testing.T) {
	purged := map[store.Partition]int{}
	st := &afterPurge{Store: testengine.Open(t), then: nil}
	a := openTestApp(t, st)
	extensibleGroup(t, a, 1)
	id := ownStream(t, a, "g").id
	if err := setExtension(a, 1, "k", "v"); err != nil {
		t.Fatal(err)
	}
	if err := editText(bg, a, 1, "new"); err != nil {
		t.Fatal(err)
	}
	st.then = func(p store.Partition) { purged[p]++ }
	eraseAnn(t, a, RecallScope{})
	for what, p := range map[string]store.Partition{
		"log": record.LogPartition(id, 0), "beside the log": record.BesidePartition(id, 0), "conversation": record.ConversationPartition(id),
	} {
		if purged[p] == 0 {
			t.Errorf("%s was not purged", what)
		}
	}
}

// An erasure ends an edit that was left behind, so that none of its text stays.
func TestErasureEndsEditsThatWereLeftBehind(t *testing.T) {
	st := testengine.Open(t)
	first := openTestApp(t, st)
	makeGroup(t, first, "g", Public)
	sendAs(t, first, "ann", 1)
	leaveEditOpen(t, st, 1, "new")
	a := openTestApp(t, st)
	eraseAnn(t, a, RecallScope{})
	wantNoOpenEdit(t, a)
	page, err := a.History(bg, HistoryRequest{GroupID: "g", Number: 1, WithRecalled: true})
	if err != nil || page.Rows[0].Place != RowPlaceholder {
		t.Errorf("page is %+v (%v)", page, err)
	}
}

// What a message said is not kept by an edit that was left behind longer than the
// message itself.
func TestExpiryEndsEditsThatWereLeftBehind(t *testing.T) {
	st := testengine.Open(t)
	clock := &testClock{now: time.Now()}
	open := func() *App {
		return openTestApp(t, st, func(o *Options) { o.Clock, o.Settings.HistoryRetentionDays = clock.Now, 7 })
	}
	a := open()
	makeGroup(t, a, "g", Public)
	id := ownStream(t, a, "g").id
	fill(t, a, id, record.BucketSize+1)
	leaveEditOpen(t, st, 1, "new")
	clock.now = clock.now.Add(8 * 24 * time.Hour)
	a = open()
	err := a.view(bg, "g", func(g *groupState) error { return g.dropExpired(bg) })
	if err != nil {
		t.Fatal(err)
	}
	wantRows(t, st, "the log", record.LogPartition(id, 0))
	wantNoOpenEdit(t, a)
}
