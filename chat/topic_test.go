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

var testOperator = Operator{Account: "administrator"}

// makeTown creates a community with topics whose only member is ann.
func makeTown(t testing.TB, a *App) string {
	t.Helper()
	if err := a.ImportAccount(bg, AccountProfile{UserID: "ann"}); err != nil {
		t.Fatal(err)
	}
	town, err := a.CreateGroup(bg, testOperator, NewGroup{ID: "@TGS#_town", Type: "Community", Name: "town", Owner: "ann", SupportTopic: true})
	if err != nil {
		t.Fatal(err)
	}
	return town.ID
}

func makeTopic(t testing.TB, a *App, town, name string) string {
	t.Helper()
	id, err := a.CreateTopic(bg, testOperator, NewTopic{GroupID: town, ID: town + topicMark + name, Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// rowsOfTopic counts what the group's partition holds of one topic beside the
// topic's own row.
func rowsOfTopic(t *testing.T, a *App, town string, topic uint64) int {
	t.Helper()
	rows, _, err := a.store.Read(bg, a.groupPartition(town),
		store.Prefix(record.MuteKey(1, topic, "")), store.Prefix(record.TopicMemberKey(1, topic, "")),
		store.Key(record.StreamStateKey(1, topic)))
	if err != nil {
		t.Fatal(err)
	}
	return len(rows[0]) + len(rows[1]) + len(rows[2])
}

func TestCleanupRemovesWhatMembersHadInADestroyedTopic(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	town := makeTown(t, a)
	one, two := makeTopic(t, a, town, "one"), makeTopic(t, a, town, "two")
	var streams []*stream
	for i, id := range []string{one, two} {
		random := uint32(i)
		if _, err := a.Send(bg, testOperator, Message{GroupID: town, TopicID: id, From: "ann", Random: &random, Body: textBody}); err != nil {
			t.Fatal(err)
		}
		err := a.changeGroup(bg, town, func(g *groupChange) error {
			topic, err := g.topic(bg, id)
			if err == nil {
				g.setMute(topic.Incarnation, "ann", 4294967295)
				streams = append(streams, g.topicStream(topic))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := streams[i].fold(bg); err != nil {
			t.Fatal(err)
		}
		if n := rowsOfTopic(t, a, town, uint64(i+1)); n != 3 {
			t.Fatalf("topic %d has %d rows, want a mute, a position and a state", i+1, n)
		}
	}

	if _, err := a.DestroyTopics(bg, testOperator, town, []string{one}); err != nil {
		t.Fatal(err)
	}
	if err := a.cleanUp(bg); err != nil {
		t.Fatal(err)
	}

	if n := rowsOfTopic(t, a, town, 1); n != 0 {
		t.Errorf("the destroyed topic has %d rows left", n)
	}
	// A fold that was late writes nothing down.
	if err := streams[0].fold(bg); CodeOf(err) != CodeGroupNotFound {
		t.Errorf("a fold of the destroyed topic returned %v", err)
	}
	if n := rowsOfTopic(t, a, town, 1); n != 0 {
		t.Errorf("a late fold left %d rows", n)
	}
	if n := rowsOfTopic(t, a, town, 2); n != 3 {
		t.Errorf("the other topic has %d rows left of 3", n)
	}
	wantNothingListed(t, a)
}

func TestManyTopicsAreDestroyedAtOnce(t *testing.T) {
	a := openTestApp(t, testengine.Open(t), func(o *Options) { o.Settings.MaxTopics = 3000 })
	town := makeTown(t, a)
	const n = 2*destroyBatch + 1
	ids := make([]string, 0, n+1)
	for i := range n {
		ids = append(ids, makeTopic(t, a, town, fmt.Sprint(i)))
	}
	ids = append(ids, ids[0]) // again, in another commit

	results, err := a.DestroyTopics(bg, testOperator, town, ids)
	if err != nil {
		t.Fatal(err)
	}
	for i, result := range results {
		want := TopicDestroyed{ID: ids[i]}
		if i == n {
			want.Code = CodeTopicNotFound
		}
		if result != want {
			t.Errorf("result %d is %+v, want %+v", i, result, want)
		}
	}
	if len(results) != n+1 {
		t.Errorf("%d results for %d ids", len(results), n+1)
	}
	g, err := a.readGroup(bg, town)
	if err != nil || g.head.TopicNum != 0 {
		t.Errorf("the community counts %d topics, %v", g.head.TopicNum, err)
	}
	if left, err := a.GetTopics(bg, town, "ann", nil); err != nil || len(left) != 0 {
		t.Errorf("%d topics are left, %v", len(left), err)
	}
}

func TestTopicsMadeAtOnceStayInsideTheLimit(t *testing.T) {
	a := openTestApp(t, testengine.Open(t), func(o *Options) { o.Settings.MaxTopics = 5 })
	town := makeTown(t, a)
	failed := make(chan error, 20)
	for range cap(failed) {
		go func() {
			_, err := a.CreateTopic(bg, testOperator, NewTopic{GroupID: town, Name: "x"})
			failed <- err
		}()
	}
	made := 0
	for range cap(failed) {
		switch code := CodeOf(<-failed); code {
		case 0:
			made++
		case CodeUserGroupQuota:
		default:
			t.Errorf("creating a topic answered %d", code)
		}
	}
	if made != 5 {
		t.Errorf("%d topics were made, want 5", made)
	}
}

func TestATopicThatCannotBeDestroyedIsReportedByItself(t *testing.T) {
	// Given more topics than one commit ends, and a store that takes only one
	// more commit,
	st := &tiringStore{Store: testengine.Open(t), commits: -1}
	a := openTestApp(t, st, func(o *Options) { o.Settings.MaxTopics = 1000 })
	town := makeTown(t, a)
	var ids []string
	for i := range destroyBatch + 1 {
		ids = append(ids, makeTopic(t, a, town, fmt.Sprint(i)))
	}
	st.commits = 1
	// when they are destroyed, then those of the second commit are reported as
	// not destroyed,
	results, err := a.DestroyTopics(bg, testOperator, town, ids)
	if err != nil {
		t.Fatal(err)
	}
	for i, result := range results {
		want := TopicDestroyed{ID: ids[i]}
		if i == destroyBatch {
			want.Code = CodeTopicDestroyFailed
		}
		if result != want {
			t.Errorf("result %d is %+v, want %+v", i, result, want)
		}
	}
	// and where none could be destroyed the call fails.
	if _, err := a.DestroyTopics(bg, testOperator, town, ids[destroyBatch:]); CodeOf(err) != CodeInternal {
		t.Errorf("the call returned %v", err)
	}
}

// tiringStore takes so many more commits; below 0 any number.
type tiringStore struct {
	store.Store
	commits int
}

func (s *tiringStore) Commit(ctx context.Context, p store.Partition, base store.Version, m []store.Mutation) (store.Version, error) {
	if s.commits == 0 {
		return "", errors.New("no more commits")
	}
	s.commits--
	return s.Store.Commit(ctx, p, base, m)
}
