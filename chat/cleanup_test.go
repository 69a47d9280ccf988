package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

var errDied = errors.New("the process died")

// mortalStore lets a number of writes through and then dies: no write after
// that reaches the store.
type mortalStore struct {
	store.Store
	left atomic.Int64
}

func (s *mortalStore) Commit(ctx context.Context, p store.Partition, base store.Version, m []store.Mutation) (store.Version, error) {
	if s.left.Add(-1) < 0 {
		return "", errDied
	}
	return s.Store.Commit(ctx, p, base, m)
}

func (s *mortalStore) Put(ctx context.Context, p store.Partition, m []store.Mutation) error {
	if s.left.Add(-1) < 0 {
		return errDied
	}
	return s.Store.Put(ctx, p, m)
}

func (s *mortalStore) Drop(ctx context.Context, p store.Partition) error {
	if s.left.Add(-1) < 0 {
		return errDied
	}
	return s.Store.Drop(ctx, p)
}

// dieAfter runs life on an App whose store dies after n writes, and reports
// whether it did.
func dieAfter(t *testing.T, st store.Store, n int, life func(*App), set ...func(*Options)) bool {
	t.Helper()
	mortal := &mortalStore{Store: st}
	mortal.left.Store(int64(n))
	a := openTestApp(t, mortal, set...)
	life(a)
	a.background.Wait()
	return mortal.left.Load() < 0
}

// later opens an App that finds everything before it older than a minute.
func later(t *testing.T, st store.Store) *App {
	t.Helper()
	return openTestApp(t, st, minutesLater)
}

func minutesLater(o *Options) {
	o.Clock = func() time.Time { return time.Now().Add(2 * staleAfter * time.Second) }
}

func mustImport(t *testing.T, a *App, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := a.ImportAccount(bg, AccountProfile{UserID: id}); err != nil {
			t.Fatal(err)
		}
	}
}

const town = "@TGS#_town"

// populate makes a community with an owner, a member, a mute and messages in
// its own stream and in two topics, and returns its conversations.
func populate(t *testing.T, a *App) []record.ConversationID {
	t.Helper()
	mustImport(t, a, "ann", "bob")
	_, err := a.CreateGroup(bg, Operator{}, NewGroup{
		ID: town, Type: "Community", Name: "town", Owner: "ann", SupportTopic: true, Members: []NewMember{{Account: "bob"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	conversations := []record.ConversationID{}
	err = a.changeGroup(bg, town, func(g *groupChange) error {
		conversations = []record.ConversationID{g.conversation()}
		for i := range 2 {
			g.head.TopicsCreated++
			g.head.TopicNum++
			topic := &record.Topic{Incarnation: g.head.TopicsCreated, Name: "topic"}
			g.set(record.TopicKey(g.head.Incarnation, fmt.Sprintf("%s%s%d", town, topicMark, i)), topic)
			g.setMute(topic.Incarnation, "bob", 4294967295)
			conversations = append(conversations, g.topicConversation(topic))
		}
		g.setMute(0, "bob", 4294967295)
		g.set(record.AttributesKey(g.head.Incarnation), &record.Attributes{MainSeq: 1})
		g.set(record.CountersKey(g.head.Incarnation), &record.Counters{})
		g.profileTip("ann", &tipGroupInfo{})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range conversations {
		fill(t, a, id, 3)
		markBeside(t, a, id, 0)
	}
	return conversations
}

// fill appends n messages of bob's to a conversation.
func fill(t *testing.T, a *App, id record.ConversationID, n int) {
	t.Helper()
	s := a.streams.get(id, Community)
	for n > 0 {
		r := &appendRequest{}
		for range min(n, maxBatchMessages) {
			r.messages = append(r.messages, newMessage{
				header: &record.Header{Sender: "bob", Priority: priorityNormal}, body: &record.Body{MsgBody: textBody},
			})
		}
		if _, err := s.append(bg, r); err != nil {
			t.Fatal(err)
		}
		n -= len(r.messages)
	}
}

// markBeside writes a row beside a bucket.
func markBeside(t *testing.T, a *App, id record.ConversationID, bucket uint32) {
	t.Helper()
	err := a.streams.get(id, Community).changeBeside(bg, bucket, nil, func([][]store.Row) ([]store.Mutation, error) {
		return []store.Mutation{store.Set(record.ReadingKey(1), []byte{})}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// muteMany mutes n more accounts in one of the town's topics.
func muteMany(t *testing.T, a *App, topic uint64, n int) {
	t.Helper()
	err := a.changeGroup(bg, town, func(g *groupChange) error {
		for range n {
			g.setMute(topic, "muted-"+randomName(10), 4294967295)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// rowsOf are the keys of all rows of a partition.
func rowsOf(t *testing.T, st store.Store, p store.Partition) []string {
	t.Helper()
	rows, _, err := st.Read(bg, p, store.Range{})
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{}
	for _, row := range rows[0] {
		keys = append(keys, string(row.Key))
	}
	return keys
}

// rowsOfAll are the keys of all rows of some partitions.
func rowsOfAll(t *testing.T, st store.Store, partitions []store.Partition) (keys []string) {
	t.Helper()
	for _, p := range partitions {
		keys = append(keys, rowsOf(t, st, p)...)
	}
	return keys
}

func wantRows(t *testing.T, st store.Store, what string, p store.Partition, want ...string) {
	t.Helper()
	if got := rowsOf(t, st, p); !slices.Equal(got, want) {
		t.Errorf("%s holds the rows %q, want %q", what, got, want)
	}
}

// wantNothingLeft checks that of a destroyed group only what stops stalled
// writers is left.
func wantNothingLeft(t *testing.T, st store.Store, a *App, conversations []record.ConversationID) {
	t.Helper()
	wantRows(t, st, "group", record.GroupPartition(a.id, town), string(record.GroupKey))
	wantNothingListed(t, a)
	for _, user := range []string{"ann", "bob"} {
		wantRows(t, st, "index of "+user, record.UserGroupsPartition(a.id, user))
	}
	for _, id := range conversations {
		wantRows(t, st, "conversation", record.ConversationPartition(id), string(record.ConversationKey))
		newest := sealedBucket(t, a, id)
		for bucket := range newest {
			wantRows(t, st, fmt.Sprintf("log bucket %d", bucket), record.LogPartition(id, bucket))
		}
		for bucket := range newest + 1 {
			wantRows(t, st, fmt.Sprintf("beside bucket %d", bucket), record.BesidePartition(id, bucket))
		}
	}
}

// sealedBucket is the newest bucket of a log that is sealed and empty.
func sealedBucket(t *testing.T, a *App, id record.ConversationID) uint32 {
	t.Helper()
	newest, err := (&stream{app: a, id: id}).newestBucket(bg)
	if err != nil {
		t.Fatal(err)
	}
	head, _, err := a.readLogHead(bg, id, newest)
	if err != nil || !head.Sealed {
		t.Errorf("newest bucket %d is not sealed (%v)", newest, err)
	}
	wantRows(t, a.store, "newest bucket", record.LogPartition(id, newest), string(record.LogHeadKey))
	return newest
}

func TestDestroyedGroupLeavesOnlyWhatStopsStalledWriters(t *testing.T) {
	st := testengine.Open(t)
	a := openTestApp(t, st)
	conversations := populate(t, a)
	fill(t, a, conversations[1], 2*record.BucketSize) // into its third bucket
	markBeside(t, a, conversations[1], 1)
	markBeside(t, a, conversations[1], 2)
	for range 2 { // more rows than one commit removes
		muteMany(t, a, conversations[2].Topic, cleanupRows)
	}
	if err := a.DestroyGroup(bg, Operator{}, town); err != nil {
		t.Fatal(err)
	}
	if err := a.cleanUp(bg); err != nil {
		t.Fatal(err)
	}
	wantNothingLeft(t, st, a, conversations)
}

func TestCleanupSurvivesACrashAtAnyWrite(t *testing.T) {
	destroyed, kept := 0, 0
	for n := 0; ; n++ {
		st := testengine.Open(t)
		conversations := populate(t, openTestApp(t, st))
		died := dieAfter(t, st, n, func(a *App) {
			if a.DestroyGroup(bg, Operator{}, town) == nil {
				a.cleanUp(bg)
			}
		})
		a := later(t, st)
		if err := a.cleanUp(bg); err != nil {
			t.Fatal(err)
		}
		g, err := a.readGroupHead(bg, town)
		if err != nil {
			t.Fatal(err)
		}
		if g.head.Destroyed {
			destroyed++
			wantNothingLeft(t, st, a, conversations)
		} else {
			kept++
			wantNothingListed(t, a)
			infos, err := a.GroupInfos(bg, []string{town}, true)
			if err != nil || infos[0].Err != nil || infos[0].MemberNum != 2 || len(infos[0].Members) != 2 {
				t.Errorf("after %d writes the living group is %+v (%v)", n, infos, err)
			}
			fill(t, a, conversations[2], 1)
		}
		list, err := a.ListGroups(bg, "", 0, 0)
		if err != nil || list.Total != len(list.IDs) || (list.Total == 0) != g.head.Destroyed {
			t.Errorf("after %d writes the directory is %+v (%v)", n, list, err)
		}
		if t.Failed() || !died {
			break
		}
	}
	if destroyed < 10 || kept < 1 {
		t.Errorf("%d crashes after the commit and %d before it; the test must meet both", destroyed, kept)
	}
}

func TestStalledWriterOfADestroyedGroupFails(t *testing.T) {
	for _, c := range []struct {
		name     string
		messages int // in the log when the writer stalls; 3 are there
	}{{"in the middle of a bucket", 3}, {"at the end of a bucket", record.BucketSize}} {
		t.Run(c.name, func(t *testing.T) {
			st := testengine.Open(t)
			a := openTestApp(t, st)
			id := populate(t, a)[1]
			fill(t, a, id, c.messages-3)
			stalled := openTestApp(t, st) // as another process
			s := stalled.streams.get(id, Community)
			if head, err := s.current(bg); err != nil || int(head.LastSeq) != c.messages {
				t.Fatalf("stalled writer knows %v (%v)", head, err)
			}
			if err := a.DestroyGroup(bg, Operator{}, town); err != nil {
				t.Fatal(err)
			}
			if err := a.cleanUp(bg); err != nil {
				t.Fatal(err)
			}
			_, err := s.append(bg, &appendRequest{messages: []newMessage{{header: &record.Header{Sender: "bob"}, body: &record.Body{MsgBody: textBody}}}})
			if !errors.Is(err, errSealed) {
				t.Errorf("stalled append: %v, want %v", err, errSealed)
			}
			err = stalled.changeConversation(bg, id, nil, func(*record.Conversation, [][]store.Row) ([]store.Mutation, error) {
				return []store.Mutation{}, nil
			})
			if !errors.Is(err, errSealed) {
				t.Errorf("stalled recall: %v, want %v", err, errSealed)
			}
			// Beside a bucket that nothing stood beside before, a writer may be
			// stalled who knows of no version.
			for bucket := range uint32(2) {
				var looked error
				err = s.changeBeside(bg, bucket, nil, func([][]store.Row) ([]store.Mutation, error) {
					if looked != nil {
						return nil, looked
					}
					_, looked = s.seen(bg, []uint32{bucket*record.BucketSize + 1}, nil)
					return []store.Mutation{store.Set(record.ReadingKey(1), []byte{})}, nil
				})
				if !errors.Is(err, errSealed) {
					t.Errorf("stalled change beside bucket %d: %v, want %v", bucket, err, errSealed)
				}
				wantRows(t, st, "beside the log", record.BesidePartition(id, bucket))
			}
		})
	}
}

func TestCleanupSparesTheNextGroupOfTheID(t *testing.T) {
	st := testengine.Open(t)
	a := openTestApp(t, st)
	populate(t, a)
	if err := a.DestroyGroup(bg, Operator{}, town); err != nil {
		t.Fatal(err)
	}
	next := populate(t, a)
	if err := a.cleanUp(bg); err != nil {
		t.Fatal(err)
	}
	wantNothingListed(t, a)
	infos, err := a.GroupInfos(bg, []string{town}, true)
	if err != nil || infos[0].Err != nil || len(infos[0].Members) != 2 || infos[0].Members[1].MuteUntil == 0 || infos[0].NextMsgSeq != 5 {
		t.Fatalf("next group is %+v (%v)", infos, err)
	}
	joined, err := a.Joined(bg, JoinedRequest{Account: "bob", SupportTopic: new(true)})
	if err != nil || joined.Total != 1 || joined.Groups[0].GrossTopicNextSeq != 7 {
		t.Errorf("bob's groups are %+v (%v)", joined, err)
	}
	for _, id := range next {
		fill(t, a, id, 1)
	}
}

func TestBackgroundWorkCleansUpSoonAfterADestruction(t *testing.T) {
	st := testengine.Open(t)
	a := openTestApp(t, st, func(o *Options) { o.Housekeeping = time.Hour })
	conversations := populate(t, a)
	if err := a.DestroyGroup(bg, Operator{}, town); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for len(rowsOfAll(t, st, record.CleanupPartitions(a.id))) > 0 {
		if time.Now().After(deadline) {
			t.Fatal("the group was not cleaned up")
		}
		time.Sleep(time.Millisecond)
	}
	wantNothingLeft(t, st, a, conversations)
}
