package chat

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

func stageNotice(a *App, group string, n int) error {
	return a.changeGroup(bg, group, func(g *groupChange) error {
		g.head.Notification = fmt.Sprint(n)
		g.tip([]byte(fmt.Sprintf(`{"OpType":6,"n":%d}`, n)))
		return nil
	})
}

// wantTips checks that the log holds the notices 1 to n once and in order.
func wantTips(t *testing.T, a *App, group string, n int) {
	t.Helper()
	page, err := a.History(bg, HistoryRequest{GroupID: group, Number: 20})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Rows) != n {
		t.Fatalf("%d rows, want %d", len(page.Rows), n)
	}
	for i, row := range page.Rows {
		if want := fmt.Sprintf(`{"OpType":6,"n":%d}`, n-i); !row.Tip || row.Sender != tipSender || string(row.Body) != want {
			t.Errorf("row %d is %s by %q, want %s", row.Seq, row.Body, row.Sender, want)
		}
	}
}

// failingLog fails commits to log partitions while it is broken, as a process
// that dies between a change and its tip.
type failingLog struct {
	store.Store
	broken bool
}

var errLogBroken = errors.New("the log is broken")

func (f *failingLog) Commit(ctx context.Context, p store.Partition, base store.Version, m []store.Mutation) (store.Version, error) {
	if f.broken && p.Name()[0] == 'L' {
		return "", errLogBroken
	}
	return f.Store.Commit(ctx, p, base, m)
}

func TestATipThatADeadProcessLeftBehindIsStoredByTheNextReader(t *testing.T) {
	st := &failingLog{Store: testengine.Open(t)}
	a := openTestApp(t, st)
	makeGroup(t, a, "g", Public)
	if err := stageNotice(a, "g", 1); err != nil {
		t.Fatal(err)
	}
	st.broken = true
	for n := 2; n <= 3; n++ {
		if err := stageNotice(a, "g", n); err != nil {
			t.Fatal(err)
		}
	}
	st.broken = false
	wantTips(t, openTestApp(t, st), "g", 3)
	wantTips(t, a, "g", 3)
	if err := stageNotice(a, "g", 4); err != nil {
		t.Fatal(err)
	}
	wantTips(t, a, "g", 4)
}

// The change is what was asked for, its tip follows when the log can be written.
func TestAdditionWhoseTipIsDelayedIsWhole(t *testing.T) {
	st := &failingLog{Store: testengine.Open(t)}
	a := openTestApp(t, st)
	mustImport(t, a, "ann")
	mustCreate(t, a, "g", Public)
	st.broken = true
	results, err := a.AddMembers(bg, testOperator, Addition{GroupID: "g", Accounts: []string{"ann"}})
	if err != nil || results[0].Result != JoinDone {
		t.Fatalf("addition answered %v, %v", results, err)
	}
	st.broken = false
	if joined, err := a.Joined(bg, JoinedRequest{Account: "ann"}); err != nil || joined.Total != 1 {
		t.Errorf("ann is in %+v (%v), want the group", joined, err)
	}
	page, err := a.ListMembers(bg, MemberQuery{GroupID: "g"})
	if err != nil || len(page.Members) != 1 || page.Members[0].MsgSeq != 1 {
		t.Errorf("members are %+v (%v), want ann who has read her tip", page, err)
	}
	if _, err := a.DeleteAccounts(bg, []string{"ann"}); err != nil {
		t.Fatal(err)
	}
	if found := members(t, a, "g"); len(found) != 0 {
		t.Errorf("deleted account is among the members %v", found)
	}
}

func TestNamedMembersHaveReadTheirDelayedTips(t *testing.T) {
	st := &failingLog{Store: testengine.Open(t)}
	a := openTestApp(t, st)
	mustImport(t, a, "ann")
	mustCreate(t, a, "g", Public)
	st.broken = true
	if _, err := a.AddMembers(bg, testOperator, Addition{GroupID: "g", Accounts: []string{"ann"}}); err != nil {
		t.Fatal(err)
	}
	st.broken = false
	if named, err := a.NamedMembers(bg, "g", []string{"ann"}, nil); err != nil || len(named) != 1 || named[0].MsgSeq != 1 {
		t.Errorf("members are %+v (%v), want ann who has read her tip", named, err)
	}
}

func TestMembersOfPermissionGroupsHaveReadTheirDelayedTips(t *testing.T) {
	st := &failingLog{Store: testengine.Open(t)}
	a := openTestApp(t, st)
	makeStewards(t, a, 2, 1)
	mustImport(t, a, "bob")
	st.broken = true
	if _, err := a.AddMembers(bg, testOperator, Addition{GroupID: town, Accounts: []string{"bob"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.AddPermissionMembers(bg, town, "@PMG#_0", []string{"bob"}); err != nil {
		t.Fatal(err)
	}
	st.broken = false
	page, _, err := a.ListPermissionMembers(bg, town, "@PMG#_0", 0, "")
	if err != nil || len(page) != 3 || page[2].MsgSeq != 2 {
		t.Errorf("members are %+v (%v), want bob who has read his tip", page, err)
	}
}

func TestTipsAreStoredOnceByProcessesAtOnce(t *testing.T) {
	st := &failingLog{Store: testengine.Open(t)}
	a := openTestApp(t, st)
	makeGroup(t, a, "g", Public)
	st.broken = true
	for n := 1; n <= 5; n++ {
		if err := stageNotice(a, "g", n); err != nil {
			t.Fatal(err)
		}
	}
	st.broken = false
	done := make(chan error)
	for range 4 {
		app := openTestApp(t, st)
		go func() {
			_, err := app.History(bg, HistoryRequest{GroupID: "g", Number: 1})
			done <- err
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	wantTips(t, a, "g", 5)
}

func TestIntentsOfStoredTipsDoNotGather(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	makeGroup(t, a, "g", Public)
	for n := range 50 {
		if err := stageNotice(a, "g", n+1); err != nil {
			t.Fatal(err)
		}
	}
	g, err := a.readGroup(bg, "g")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := g.read(bg, store.Range{
		From: record.TipIntentKey(g.head.Incarnation, 0), To: record.TipIntentKey(g.head.Incarnation, 1<<62),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(rows[0]) > 2 {
		t.Errorf("%d intents are kept after 50 tips", len(rows[0]))
	}
}

func TestATipThatIsInTheLogIsNotAppendedAgain(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	makeGroup(t, a, "g", Public)
	for _, numbers := range [][]uint64{{1, 2}, {1, 2, 3}} { // two processes found tips missing at once
		request := &appendRequest{}
		for _, n := range numbers {
			request.messages = append(request.messages, newMessage{
				header: &record.Header{Sender: tipSender, Tip: true, TipNumber: n},
				body:   &record.Body{MsgBody: []byte(fmt.Sprintf(`{"OpType":6,"n":%d}`, n))},
			})
		}
		if _, err := ownStream(t, a, "g").append(bg, request); err != nil {
			t.Fatal(err)
		}
	}
	wantTips(t, a, "g", 3)
}
