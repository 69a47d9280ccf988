package chat

import (
	"context"
	"fmt"
	"testing"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// joinedPublic makes a group of which ann is a member.
func joinedPublic(t testing.TB, a *App, id string) record.ConversationID {
	t.Helper()
	if err := a.ImportAccount(bg, AccountProfile{UserID: "ann"}); err != nil {
		t.Fatal(err)
	}
	_, err := a.CreateGroup(bg, Operator{}, NewGroup{ID: id, Type: "Public", Name: "n", Members: []NewMember{{Account: "ann"}}})
	if err != nil {
		t.Fatal(err)
	}
	return record.ConversationID{App: a.id, Group: id, Incarnation: 1}
}

func contactsOf(t testing.TB, a *App) []Contact {
	t.Helper()
	page, err := a.Contacts(bg, ContactsRequest{Account: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	return page.List
}

// The mark of a cleared history is for the clients of the account; no call
// shows it.
func TestClearingAContactMarksTheHistoryOfTheMember(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	id := joinedPublic(t, a, "g")
	marks := func() [2]uint32 {
		g, err := a.readGroup(bg, "g")
		if err != nil {
			t.Fatal(err)
		}
		members, err := g.members(bg, "ann")
		if err != nil {
			t.Fatal(err)
		}
		return [2]uint32{members["ann"].HiddenSeq, members["ann"].ClearedSeq}
	}
	for _, step := range []struct {
		messages int
		clear    bool
		want     [2]uint32
	}{{2, false, [2]uint32{2, 0}}, {0, true, [2]uint32{2, 2}}, {3, false, [2]uint32{5, 2}}, {0, true, [2]uint32{5, 5}}} {
		fill(t, a, id, step.messages)
		if err := a.DeleteContact(bg, Operator{}, "ann", "g", step.clear); err != nil {
			t.Fatal(err)
		}
		if got := marks(); got != step.want {
			t.Errorf("hidden and cleared are %v, want %v", got, step.want)
		}
	}
}

func TestContactsCountTipsThatADeadProcessLeftBehind(t *testing.T) {
	st := &failingLog{Store: testengine.Open(t)}
	a := openTestApp(t, st)
	joinedPublic(t, a, "g")
	for n, look := range []func(*App) int{
		func(a *App) int { return len(contactsOf(t, a)) },
		func(a *App) int { // a deletion hides the tip too
			if err := a.DeleteContact(bg, Operator{}, "ann", "g", false); err != nil {
				t.Fatal(err)
			}
			return 1 - len(contactsOf(t, a))
		},
		func(a *App) int { // and so does clearing
			if err := a.ClearMessages(bg, Operator{}, "g", 0); err != nil {
				t.Fatal(err)
			}
			return 1 - len(contactsOf(t, a))
		},
	} {
		st.broken = true
		if err := stageNotice(a, "g", n); err != nil {
			t.Fatal(err)
		}
		st.broken = false
		if got := look(openTestApp(t, st)); got != 1 {
			t.Errorf("look %d saw %d, want 1", n, got)
		}
	}
}

// One widely used client reads every integer as one of 32 bits with a sign.
func TestPlacesOfContactsFitIntoClients(t *testing.T) {
	for i := range 100 {
		if p := (Contact{GroupID: fmt.Sprint(i)}).place(); p.Tie >= 1<<31 {
			t.Errorf("group %d has the place %d", i, p.Tie)
		}
	}
}

func TestContactsFindTheEndOfLongLogs(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	id := joinedPublic(t, a, "g")
	for _, n := range []int{record.BucketSize, 1, record.BucketSize} {
		if err := a.DeleteContact(bg, Operator{}, "ann", "g", false); err != nil {
			t.Fatal(err)
		}
		if got := contactsOf(t, a); len(got) != 0 {
			t.Errorf("listed %v", got)
		}
		fill(t, a, id, n)
		if got := contactsOf(t, a); len(got) != 1 {
			t.Errorf("after %d more messages %d conversations, want 1", n, len(got))
		}
	}
}

// However many messages to others came since, a look reads 2,048 numbers at most.
func TestContactsSearchTheNewestNumbersForAMessageToOne(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	id := joinedPublic(t, a, "g")
	target := func(account string, n int) {
		t.Helper()
		for n > 0 {
			r := &appendRequest{}
			for range min(n, maxBatchMessages) {
				r.messages = append(r.messages, newMessage{
					header: &record.Header{Sender: "bob", Priority: priorityNormal, Targeted: true},
					body:   &record.Body{MsgBody: textBody, To: []string{account}},
				})
			}
			if _, err := a.streams.get(id, Public).append(bg, r); err != nil {
				t.Fatal(err)
			}
			n -= len(r.messages)
		}
	}
	target("ann", 1)
	for _, step := range []struct{ more, want int }{{maxTargetedScan - 1, 1}, {1, 0}} {
		target("bob", step.more)
		if got := contactsOf(t, a); len(got) != step.want {
			t.Errorf("after %d more messages %d conversations, want %d", step.more, len(got), step.want)
		}
	}
}

// panickingLog panics where logs are read.
type panickingLog struct{ store.Store }

func (p panickingLog) Read(ctx context.Context, partition store.Partition, ranges ...store.Range) ([][]store.Row, store.Version, error) {
	if partition.Name()[0] == 'L' {
		panic("on purpose")
	}
	return p.Store.Read(ctx, partition, ranges...)
}

func TestAPanicAtOneContactEndsTheCallAlone(t *testing.T) {
	st := testengine.Open(t)
	joinedPublic(t, openTestApp(t, st), "g")
	_, err := openTestApp(t, panickingLog{st}).Contacts(bg, ContactsRequest{Account: "ann"})
	if CodeOf(err) != CodeInternal {
		t.Errorf("got %v", err)
	}
}

// A page looks at all groups of the account.
func BenchmarkContactsOf1000Groups(b *testing.B) {
	a := openBench(b)
	for i := range 1000 {
		id := joinedPublic(b, a, fmt.Sprintf("g%d", i))
		request := &appendRequest{messages: []newMessage{{
			header: &record.Header{Sender: "bob", Priority: priorityNormal}, body: &record.Body{MsgBody: textBody},
		}}}
		if _, err := a.streams.get(id, Public).append(bg, request); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if got := contactsOf(b, a); len(got) != 100 {
			b.Fatal(len(got))
		}
	}
}
