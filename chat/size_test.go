package chat

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// A partition is to stay below this on a cluster, see decision 0034.
const maxPartitionBytes = 100e6

// rowBytes is about what an engine needs for a row beside its key and value.
const rowBytes = 25

// partitionBytes is how large partitions are together.
func partitionBytes(t *testing.T, st store.Store, partitions ...store.Partition) (n int) {
	t.Helper()
	for _, p := range partitions {
		rows, _, err := st.Read(bg, p, store.Range{})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows[0] {
			n += len(row.Key) + len(row.Value) + rowBytes
		}
	}
	return n
}

// wantSize checks what a partition of a sample would be with more of the same.
func wantSize(t *testing.T, what string, sample, of, all int) {
	t.Helper()
	bytes := float64(sample) / float64(of) * float64(all)
	t.Logf("%-65s %6.1f MB", what, bytes/1e6)
	if bytes > maxPartitionBytes {
		t.Errorf("%s would be %.0f MB", what, bytes/1e6)
	}
}

// longIDs are accounts of so many bytes, which exist.
func longIDs(t *testing.T, a *App, n, bytes int) []string {
	t.Helper()
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("user-%0*d", bytes-5, i)
	}
	mustImport(t, a, ids...)
	return ids
}

// startLogAt makes a stream's next number be as if it had had so many messages.
func startLogAt(t *testing.T, a *App, id record.ConversationID, last uint32) {
	t.Helper()
	head := &record.LogHead{LastSeq: last, LastOrdinarySeq: last, LastTime: a.now(), LastOrdinaryTime: a.now()}
	for p, row := range map[store.Partition]store.Mutation{
		record.LogPartition(id, record.Bucket(last)): store.Set(record.LogHeadKey, encode(head)),
		record.ConversationPartition(id):             store.Set(record.ConversationKey, encode(&record.Conversation{BucketHint: record.Bucket(last)})),
	} {
		if _, err := a.store.Commit(bg, p, "", []store.Mutation{row}); err != nil {
			t.Fatal(err)
		}
	}
	a.streams.forget(id)
}

// A community of a million members, of which one in ten has written, after ten million
// messages.
func TestACommunityOfAMillionFitsInOnePartition(t *testing.T) {
	for _, c := range []struct {
		idBytes, most int // megabytes of a million
	}{{16, 100}, {32, 130}} {
		const sample, writers, million = 6000, 600, 1e6
		a := openTestApp(t, testengine.Open(t), func(o *Options) { o.Settings.TipsMemberChange = nil })
		members := longIDs(t, a, sample, c.idBytes)
		const group = "@TGS#_town"
		createGroup(t, a, group, Community)
		var id record.ConversationID
		err := a.changeGroup(bg, group, func(g *groupChange) error {
			g.head.NextOrder, id = 900_000, g.conversation()
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		startLogAt(t, a, id, 9_900_000)
		for some := range slices.Chunk(members, 300) {
			imported := make([]ImportedMember, len(some))
			for i, account := range some {
				imported[i] = ImportedMember{Account: account, Unread: 20}
			}
			if _, err := a.ImportMembers(bg, group, imported); err != nil {
				t.Fatal(err)
			}
		}
		for i, from := range members[:writers] {
			if _, err := a.Send(bg, testOperator, testMessage(group, from, uint32(i))); err != nil {
				t.Fatal(err)
			}
		}
		if err := ownStream(t, a, group).fold(bg); err != nil {
			t.Fatal(err)
		}
		each := float64(partitionBytes(t, a.store, a.groupPartition(group))) / sample
		t.Logf("a million members with ids of %d bytes have %.1f MB (%.0f bytes each)", c.idBytes, each, each)
		if each*million > float64(c.most)*1e6 {
			t.Errorf("a million members with ids of %d bytes have %.0f MB, want %d at most", c.idBytes, each, c.most)
		}
	}
}

func TestPartitionsOfAConversationStaySmall(t *testing.T) {
	const senders, recalls = 50, 400
	a := openTestApp(t, testengine.Open(t))
	members := longIDs(t, a, 200, 16)
	createGroup(t, a, "conversation-01", Public)
	mustAdd(t, a, "conversation-01", members...)
	startLogAt(t, a, ownStream(t, a, "conversation-01").id, 9_998_336-record.BucketSize) // ten million, to the end of a bucket
	var seqs []uint32                                                                    // of messages that ask for receipts
	body := []byte(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"` + strings.Repeat("x", 200) + `"}}]`)
	for i := range uint32(record.BucketSize) {
		m := testMessage("conversation-01", members[i%senders], i)
		m.Body, m.NeedReceipt = body, i%20 == 0
		sent, err := a.Send(bg, testOperator, m)
		if err != nil {
			t.Fatal(err)
		}
		if m.NeedReceipt {
			seqs = append(seqs, sent.Seq)
		}
	}
	s := ownStream(t, a, "conversation-01")
	head, err := s.current(bg)
	if err != nil {
		t.Fatal(err)
	}
	bucket := record.Bucket(head.LastSeq - 1000)
	log := partitionBytes(t, a.store, record.LogPartition(s.id, bucket))
	wantSize(t, "a bucket of a log, one message in 20 with receipts of 200", log, 1, 1)

	for _, reader := range members {
		if err := a.AcknowledgeReceipts(bg, testOperator, "conversation-01", reader, seqs[100:150]); err != nil {
			t.Fatal(err)
		}
	}
	beside := partitionBytes(t, a.store, record.BesidePartition(s.id, bucket))
	wantSize(t, "what stands beside a bucket, all messages read by 200", beside, 50, record.BucketSize)

	before := partitionBytes(t, a.store, record.ConversationPartition(s.id))
	for i := range recalls {
		if i%2 == 0 {
			err = a.RecallBySender(bg, moderator, "conversation-01", "", members[i/2%senders])
		} else {
			_, err = a.RecallMessages(bg, moderator, "conversation-01", "", []uint32{head.LastSeq - uint32(i), head.LastSeq - uint32(i) - 7}, "spam")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	after := partitionBytes(t, a.store, record.ConversationPartition(s.id))
	wantSize(t, "a conversation with 10,000 recalls, and their feed", after-before, recalls, 10_000)
}

func TestIndexesOfAnApplicationStaySmall(t *testing.T) {
	const sample = 1000
	a := openTestApp(t, testengine.Open(t))
	members := longIDs(t, a, sample, 32)
	wantSize(t, "a million accounts with the longest ids", partitionBytes(t, a.store, record.AccountsPartition(a.id)), sample, 1e6)
	for i := range sample {
		if _, err := a.CreateGroup(bg, testOperator, NewGroup{Type: string(Public), Name: fmt.Sprint(i), Owner: members[0]}); err != nil {
			t.Fatal(err)
		}
	}
	wantSize(t, "a million groups of one type", partitionBytes(t, a.store, record.DirectoryPartition(a.id, string(Public))), sample, 1e6)
	wantSize(t, "an account in 10,000 groups", partitionBytes(t, a.store, record.UserGroupsPartition(a.id, members[0])), sample, 10_000)
}

func TestPartitionsOfTheAuditRecordStaySmall(t *testing.T) {
	const sample = 500
	clock := &testClock{now: time.Unix(1_760_000_000, 0)}
	a := openTestApp(t, testengine.Open(t), func(o *Options) { o.Clock = clock.Now })
	members := longIDs(t, a, 50, 16)
	createGroup(t, a, "conversation-01", Public)
	for i, from := range members {
		if _, err := a.Send(bg, testOperator, testMessage("conversation-01", from, uint32(i))); err != nil {
			t.Fatal(err)
		}
	}
	for i := range sample {
		_, err := a.Recall(bg, moderator, RecallCall{
			Targets: []RecallTarget{{GroupID: "conversation-01", Sender: members[i%len(members)]}}, Notify: NotifyEach,
			Reason: "reported by three members of the group",
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	day := uint32(clock.now.Unix() / secondsPerDay)
	wantSize(t, "a day of the audit record, of a million in a month", partitionBytes(t, a.store, record.AuditPartition(a.id, day)), sample, 33_334)
	wantSize(t, "a day of the audit record with 200,000", partitionBytes(t, a.store, record.AuditPartition(a.id, day)), sample, 200_000)
	list := record.AuditIndexPartition(a.id, record.AuditMonth(day), "conversation-01")
	wantSize(t, "a list of the audit record, a million of one group in a month", partitionBytes(t, a.store, list), sample, 1e6)
}
