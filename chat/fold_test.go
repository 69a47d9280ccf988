package chat

import (
	"bytes"
	"maps"
	"testing"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

func TestAFoldOfATopicBesideAReaderLosesNoSend(t *testing.T) {
	st := &afterRead{Store: testengine.Open(t)}
	a := openTestApp(t, st)
	makeGroup(t, a, "g", Community)
	err := a.changeGroup(bg, "g", func(g *groupChange) error {
		g.head.SupportTopic = true
		g.set(record.TopicKey(g.head.Incarnation, "g@TOPIC#_one"), &record.Topic{Incarnation: 1})
		g.addMember("ann", &record.Member{JoinId: 1})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	g, err := a.readGroup(bg, "g")
	if err != nil {
		t.Fatal(err)
	}
	topic := g.topicStream(&record.Topic{Incarnation: 1})
	request := &appendRequest{messages: []newMessage{{header: &record.Header{Sender: "ann"}, body: &record.Body{MsgBody: textBody}}}}
	sent, err := topic.append(bg, request)
	if err != nil {
		t.Fatal(err)
	}

	// The topic's positions are written down when the reader has the members
	// and the topics, but not yet what the topic's log says.
	prefix := record.TopicKey(g.head.Incarnation, "")
	st.then = func(_ store.Partition, ranges []store.Range) {
		if !bytes.Equal(ranges[0].From, prefix) {
			return
		}
		st.then = nil
		if err := topic.fold(bg); err != nil {
			t.Error(err)
		}
	}
	var members map[string]*record.Member
	err = a.view(bg, "g", func(g *groupState) error {
		var err error
		if members, err = g.members(bg, "ann"); err != nil {
			return err
		}
		return g.bringUpToDate(bg, maps.Clone(members))
	})
	if err != nil {
		t.Fatal(err)
	}
	if st.then != nil {
		t.Error("nothing was folded while the members were read")
	}
	if got := members["ann"].LastSend; got != sent[0].time {
		t.Errorf("LastSendMsgTime is %d, want %d", got, sent[0].time)
	}
}

// What somebody sent into a topic before joining is folded away first. A fold
// that began earlier and ends later must not bring it back.
func TestAFoldThatIsLateGivesANewcomerNothing(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	town := makeTown(t, a)
	id := makeTopic(t, a, town, "one")
	if err := a.ImportAccount(bg, AccountProfile{UserID: "bob"}); err != nil {
		t.Fatal(err)
	}
	random := uint32(1)
	if _, err := a.Send(bg, testOperator, Message{GroupID: town, TopicID: id, From: "bob", Random: &random, Body: textBody}); err != nil {
		t.Fatal(err)
	}
	g, err := a.readGroup(bg, town)
	if err != nil {
		t.Fatal(err)
	}
	one := g.topicStream(&record.Topic{Incarnation: 1})
	late, upTo, err := one.gathered(bg)
	if err != nil || late["bob"].seq != 1 {
		t.Fatalf("gathered %v, %v", late, err)
	}

	if _, err := a.AddMembers(bg, testOperator, Addition{GroupID: town, Accounts: []string{"bob"}}); err != nil {
		t.Fatal(err)
	}
	err = a.changeGroup(bg, town, func(g *groupChange) error {
		return one.foldAccounts(bg, g, []string{"bob"}, late, upTo)
	})
	if err != nil {
		t.Fatal(err)
	}

	topics, err := a.GetTopics(bg, town, "bob", nil)
	if err != nil || topics[0].ReadSeq != 0 {
		t.Errorf("bob has read up to %d (%v), want 0: he has just joined", topics[0].ReadSeq, err)
	}
}

// After so many messages a restart would have to read long.
func TestPositionsAreWrittenDownInTheBackground(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	makeGroup(t, a, "g", ChatRoom)
	folded := func() uint32 {
		t.Helper()
		state, err := a.readStreamState(bg, ownStream(t, a, "g").id)
		if err != nil {
			t.Fatal(err)
		}
		return state.FoldedSeq
	}
	for random := range uint32(foldAfter - 1) {
		sendAs(t, a, "ann", random)
	}
	a.background.Wait()
	if seq := folded(); seq != 0 {
		t.Errorf("positions are written down up to %d after %d messages", seq, foldAfter-1)
	}
	sendAs(t, a, "ann", foldAfter)
	a.background.Wait()
	if seq := folded(); seq != foldAfter {
		t.Errorf("positions are written down up to %d, want %d", seq, foldAfter)
	}
}

func TestAFoldOfAGroupThatWasMadeAnewWritesNothing(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	makeGroup(t, a, "g", ChatRoom)
	sendAs(t, a, "ann", 1)
	old := ownStream(t, a, "g")
	if err := a.DestroyGroup(bg, testOperator, "g"); err != nil {
		t.Fatal(err)
	}
	if err := old.fold(bg); CodeOf(err) != CodeGroupNotFound {
		t.Errorf("a fold of a group that is gone returned %v", err)
	}
	if _, err := a.CreateGroup(bg, testOperator, NewGroup{ID: "g", Type: "Public", Name: "again"}); err != nil {
		t.Fatal(err)
	}
	if err := old.fold(bg); CodeOf(err) != CodeGroupNotFound {
		t.Errorf("a fold of the group before returned %v", err)
	}
	state, err := a.readStreamState(bg, ownStream(t, a, "g").id)
	if err != nil || state.FoldedSeq != 0 {
		t.Errorf("the new group's positions are written down up to %d (%v), want 0", state.FoldedSeq, err)
	}
}

// An import reads everything to every member also where a record was brought
// up to date between the import and the floor that it sets.
func TestReadFloorHoldsForRecordsThatWereFoldedBeforeIt(t *testing.T) {
	m := &record.Member{Order: 1, ReadSeq: 1, AsOf: 3}
	state := &record.StreamState{ReadFloor: 3, ReadFloorOrder: 5, ReadFloorNumber: 1}
	overlay(m, state, position{}, 3)
	if m.ReadSeq != 3 {
		t.Errorf("read position is %d, want 3", m.ReadSeq)
	}
	m.ReadSeq = 1 // set_unread_msg_num
	overlay(m, state, position{}, 3)
	if m.ReadSeq != 1 {
		t.Errorf("read position is %d after it was set to 1", m.ReadSeq)
	}
	later := &record.Member{Order: 5}
	overlay(later, state, position{}, 3)
	if later.ReadSeq != 0 {
		t.Errorf("read position of a later member is %d, want 0", later.ReadSeq)
	}
}
