package chat

import (
	"fmt"
	"slices"
	"testing"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// receiptGroup makes a group of ann, bob and cyd.
func receiptGroup(t *testing.T, a *App) {
	t.Helper()
	mustImport(t, a, "ann", "bob", "cyd")
	_, err := a.CreateGroup(bg, moderator, NewGroup{
		ID: "g", Type: "Public", Name: "g", Owner: "ann", Members: []NewMember{{Account: "bob"}, {Account: "cyd"}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func receiptMessage(random uint32) Message {
	m := testMessage("g", "ann", random)
	m.NeedReceipt = true
	return m
}

// counted tells the counts of messages, as "1/2", or their code.
func countedReceipts(t *testing.T, a *App, seqs ...uint32) []string {
	t.Helper()
	counts, err := a.ReceiptCounts(bg, "g", seqs)
	if err != nil {
		t.Fatal(err)
	}
	told := []string{}
	for _, c := range counts {
		if c.Code != 0 {
			told = append(told, fmt.Sprint(c.Code))
		} else {
			told = append(told, fmt.Sprintf("%d/%d", c.Read, c.Unread))
		}
	}
	return told
}

// A message that is stored has its receipt, and what was acknowledged stays so,
// wherever the process dies.
func TestReceiptsSurviveACrashAtAnyWrite(t *testing.T) {
	for n := 0; ; n++ {
		st := testengine.Open(t)
		receiptGroup(t, openTestApp(t, st))
		sent, acknowledged := 0, 0
		died := dieAfter(t, st, n, func(a *App) {
			for i := range uint32(3) {
				if _, err := a.Send(bg, moderator, receiptMessage(i)); err != nil {
					continue
				}
				sent++
				if err := a.AcknowledgeReceipts(bg, Operator{}, "g", "bob", []uint32{i + 1}); err == nil {
					acknowledged++
				}
			}
		})
		a := openTestApp(t, st)
		page, err := a.History(bg, HistoryRequest{GroupID: "g", Number: 20})
		if err != nil || len(page.Rows) < sent {
			t.Fatalf("dead after %d writes: %d messages (%v), want %d", n, len(page.Rows), err, sent)
		}
		read := 0
		for _, row := range page.Rows {
			switch got := countedReceipts(t, a, row.Seq)[0]; got {
			case "1/1":
				read++
			case "0/2":
			default:
				t.Errorf("dead after %d writes: receipt of %d is %s", n, row.Seq, got)
			}
		}
		if read < acknowledged {
			t.Errorf("dead after %d writes: %d are read, %d acknowledged", n, read, acknowledged)
		}
		if !died {
			return
		}
	}
}

// More receipts than one commit has room for go into several.
func TestReceiptsOfAFullBatch(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	makeGroup(t, a, "g", Public)
	s := ownStream(t, a, "g")
	for _, readers := range []int{1, 200} {
		r := &appendRequest{}
		for range maxBatchMessages {
			receipt := &record.Receipt{}
			for i := range readers {
				receipt.Readers = append(receipt.Readers, &record.Reader{Account: fmt.Sprintf("account-with-a-long-name-%07d", i), JoinId: 1 << 63})
			}
			r.messages = append(r.messages, newMessage{
				header: &record.Header{Sender: "ann", NeedsReceipt: true}, body: &record.Body{MsgBody: textBody}, receipt: receipt,
			})
		}
		results, err := s.append(bg, r)
		if err != nil || len(results) != maxBatchMessages {
			t.Fatalf("with %d readers each: %d results (%v)", readers, len(results), err)
		}
	}
	rows := rowsOf(t, a.store, record.LogPartition(s.id, 0))
	if want := 3*2*maxBatchMessages + 1; len(rows) != want {
		t.Errorf("the log has %d rows, want %d", len(rows), want)
	}
}

// An erasure takes the receipt along, and who looked before it cannot bring back
// what stood beside the log.
func TestErasureTakesReceipts(t *testing.T) {
	st := &afterRead{Store: testengine.Open(t)}
	a := openTestApp(t, st)
	receiptGroup(t, a)
	for i := range uint32(2) {
		if _, err := a.Send(bg, moderator, receiptMessage(i)); err != nil {
			t.Fatal(err)
		}
	}
	id := ownStream(t, a, "g").id
	erase := func() { eraseAnn(t, a, RecallScope{LastNum: 1, BeforeSeq: 2}) }
	// All of it happens between bob's look for a recall and his commit.
	looked := false
	st.then = func(p store.Partition, _ []store.Range) {
		looked = looked || p == record.BesidePartition(id, 0)
		if !looked || p != record.ConversationPartition(id) {
			return
		}
		st.then = nil
		erase()
	}
	if err := a.AcknowledgeReceipts(bg, Operator{}, "g", "bob", []uint32{1, 2}); err != nil {
		t.Fatal(err)
	}
	if st.then != nil {
		t.Fatal("nothing came between")
	}
	if got := countedReceipts(t, a, 1, 2); !slices.Equal(got, []string{"10062", "1/1"}) {
		t.Errorf("receipts are %v", got)
	}
	wantRows(t, st, "beside the log", record.BesidePartition(id, 0), string(record.ReadingKey(2)))
	if rows := rowsOf(t, st, record.LogPartition(id, 0)); slices.Contains(rows, string(record.ReceiptKey(1))) {
		t.Error("the receipt of the erased message is in the log")
	}
}

// Acknowledgements that change nothing are not written.
func TestAcknowledgementsThatChangeNothingWriteNothing(t *testing.T) {
	st := testengine.Open(t)
	a := openTestApp(t, st)
	receiptGroup(t, a)
	if _, err := a.Send(bg, moderator, receiptMessage(1)); err != nil {
		t.Fatal(err)
	}
	acknowledge := func(account string) store.Version {
		if err := a.AcknowledgeReceipts(bg, moderator, "g", account, []uint32{1}); err != nil {
			t.Fatal(err)
		}
		_, version, err := st.Read(bg, record.BesidePartition(ownStream(t, a, "g").id, 0))
		if err != nil {
			t.Fatal(err)
		}
		return version
	}
	if acknowledge("ann") != "" {
		t.Error("the sender's was written")
	}
	first := acknowledge("bob")
	if acknowledge("bob") != first {
		t.Error("a second one was written")
	}
	if err := a.RemoveMembers(bg, moderator, Removal{GroupID: "g", Accounts: []string{"cyd"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.AddMembers(bg, moderator, Addition{GroupID: "g", Accounts: []string{"cyd"}}); err != nil {
		t.Fatal(err)
	}
	if acknowledge("cyd") != first {
		t.Error("one of a member who has left and come back was written")
	}
}
