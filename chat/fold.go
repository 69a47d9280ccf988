package chat

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/recant-chat/recant/store/record"
)

// A send does not write down what it changes elsewhere: its sender's read
// position and last sending time. Readers lay the log's newest headers over
// the member's record; a fold writes them down and moves a watermark, so that
// only the headers above it have to be read back.

// maxFoldAccounts keeps one fold inside one commit.
const maxFoldAccounts = 400

// foldIfDue starts a fold in the background when enough has gathered.
func (s *stream) foldIfDue() {
	s.state.Lock()
	due := s.known && s.kept && s.head.LastSeq-s.folded >= foldAfter
	if due {
		s.folded = s.head.LastSeq // so that the next one waits its turn
	}
	s.state.Unlock()
	if !due {
		return
	}
	s.app.background.Go(func() { s.app.work(s.app.lifetime, "fold of senders' positions", s.fold) })
}

// fold writes the positions that have gathered into the members' records.
func (s *stream) fold(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	positions, upTo, err := s.gathered(ctx)
	if err != nil {
		return err
	}
	accounts := slices.Collect(maps.Keys(positions))
	for start := 0; ; start += maxFoldAccounts {
		end := min(start+maxFoldAccounts, len(accounts))
		last := end == len(accounts)
		err := s.app.changeGroup(ctx, s.id.Group, func(g *groupChange) error {
			if g.head.Incarnation != s.id.Incarnation {
				return Refuse(CodeGroupNotFound, "group %q was dismissed", s.id.Group)
			}
			// A destroyed topic's rows may be gone already and must stay so.
			if err := g.requireLiving(ctx, s.id.Topic); err != nil {
				return err
			}
			if err := s.foldAccounts(ctx, g, accounts[start:end], positions, upTo); err != nil {
				return err
			}
			if last {
				return s.foldState(ctx, g, upTo)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if last {
			break
		}
	}
	s.state.Lock()
	for account, p := range positions {
		if s.positions[account] == p {
			delete(s.positions, account)
		}
	}
	s.state.Unlock()
	return nil
}

// gathered returns the positions that were not written down yet, and the number
// up to which they are known.
func (s *stream) gathered(ctx context.Context) (map[string]position, uint32, error) {
	s.state.Lock()
	defer s.state.Unlock()
	if err := s.load(ctx); err != nil {
		return nil, 0, err
	}
	return maps.Clone(s.positions), s.head.LastSeq, nil
}

func (s *stream) foldAccounts(ctx context.Context, g *groupChange, accounts []string, positions map[string]position, upTo uint32) error {
	members, err := g.members(ctx, accounts...)
	if err != nil {
		return err
	}
	state, err := g.streamState(ctx, s.id.Topic)
	if err != nil {
		return err
	}
	inTopic, err := g.topicMembers(ctx, s.id.Topic, accounts...)
	if err != nil {
		return err
	}
	for account, m := range members {
		p := positions[account]
		if p.seq <= state.FoldedSeq {
			// Another fold has written it down meanwhile, or found nobody to
			// write it to: a member who has come since must not inherit it.
			continue
		}
		if s.id.Topic != 0 {
			t := topicMemberOf(m, inTopic[account])
			overlayTopic(t, m, state, p, upTo)
			g.set(record.TopicMemberKey(g.head.Incarnation, s.id.Topic, account), t)
			overlayTopicSend(m, p)
		} else {
			overlay(m, state, p, upTo)
		}
		g.setMember(account, m)
	}
	return nil
}

func (s *stream) foldState(ctx context.Context, g *groupChange, upTo uint32) error {
	state, err := g.streamState(ctx, s.id.Topic)
	if err != nil {
		return err
	}
	state.FoldedSeq = max(state.FoldedSeq, upTo)
	g.set(record.StreamStateKey(g.head.Incarnation, s.id.Topic), state)
	return nil
}

// streamState is what the group's partition holds for one of its streams.
func (g *groupState) streamState(ctx context.Context, topic uint64) (*record.StreamState, error) {
	state := &record.StreamState{}
	return state, g.readRow(ctx, record.StreamStateKey(g.head.Incarnation, topic), state)
}

// bringUpToDate lays over the records of members what the log says about them.
func (g *groupState) bringUpToDate(ctx context.Context, members map[string]*record.Member) error {
	if len(members) == 0 || !g.rules().stored {
		return nil
	}
	if g.head.SupportTopic {
		if err := g.overlayTopics(ctx, members); err != nil {
			return err
		}
	}
	positions, last, err := g.stream().unfolded(ctx, maps.Keys(members))
	if err != nil {
		return err
	}
	// Read last: had any of the logs been folded since the records were read,
	// its positions would be in neither, and the group's version is another.
	state, err := g.streamState(ctx, 0)
	if err != nil {
		return err
	}
	for account, m := range members {
		overlay(m, state, positions[account], last)
	}
	return nil
}

// overlayTopics takes the sends into the community's topics into the records.
func (g *groupState) overlayTopics(ctx context.Context, members map[string]*record.Member) error {
	topics, err := g.topics(ctx)
	if err != nil {
		return err
	}
	for _, t := range topics {
		positions, _, err := g.topicStream(t.record).unfolded(ctx, maps.Keys(members))
		if err != nil {
			return err
		}
		if len(positions) == 0 {
			continue
		}
		state, err := g.streamState(ctx, t.record.Incarnation)
		if err != nil {
			return err
		}
		for account, p := range positions {
			if p.sendSeq > state.FoldedSeq {
				overlayTopicSend(members[account], p)
			}
		}
	}
	return nil
}

// topicPositions returns what accounts, members with the given records, have
// in one topic, up to date with its log, and the topic's newest number.
func (g *groupState) topicPositions(ctx context.Context, t *record.Topic, members map[string]*record.Member) (map[string]*record.TopicMember, uint32, error) {
	positions, last, err := g.topicStream(t).unfolded(ctx, maps.Keys(members))
	if err != nil {
		return nil, 0, err
	}
	state, err := g.streamState(ctx, t.Incarnation)
	if err != nil {
		return nil, 0, err
	}
	found, err := g.topicMembers(ctx, t.Incarnation, slices.Collect(maps.Keys(members))...)
	if err != nil {
		return nil, 0, err
	}
	for account, m := range members {
		found[account] = topicMemberOf(m, found[account])
		overlayTopic(found[account], m, state, positions[account], last)
	}
	return found, last, nil
}

// topicMemberOf is what a member has in a topic: the stored record, or an
// empty one where there is none or only an earlier membership's.
func topicMemberOf(m *record.Member, stored *record.TopicMember) *record.TopicMember {
	if stored != nil && stored.JoinId == m.JoinId {
		return stored
	}
	return &record.TopicMember{JoinId: m.JoinId}
}

// overlay brings a member's record up to the number upTo with what the stream
// says about the account. What another process has folded since this one last
// read the log is in the record already, or nobody's who is a member now.
func overlay(m *record.Member, state *record.StreamState, p position, upTo uint32) {
	if m.FloorSeen < state.ReadFloorNumber {
		m.ReadSeq = max(m.ReadSeq, floorFor(m, state))
	}
	known := max(m.AsOf, state.FoldedSeq)
	if p.seq > known {
		m.ReadSeq = max(m.ReadSeq, p.seq)
	}
	if p.sendSeq > known {
		m.LastSend = max(m.LastSend, p.lastSend)
	}
	m.AsOf, m.FloorSeen = max(m.AsOf, upTo), state.ReadFloorNumber
}

func overlayTopic(t *record.TopicMember, m *record.Member, state *record.StreamState, p position, upTo uint32) {
	if t.FloorSeen < state.ReadFloorNumber {
		t.ReadSeq = max(t.ReadSeq, floorFor(m, state))
	}
	if p.seq > max(t.AsOf, state.FoldedSeq) {
		t.ReadSeq = max(t.ReadSeq, p.seq)
	}
	t.AsOf, t.FloorSeen = max(t.AsOf, upTo), state.ReadFloorNumber
}

// floorFor is the number up to which the newest import read everything to a
// member, 0 for one who joined since.
func floorFor(m *record.Member, state *record.StreamState) uint32 {
	if m.Order < state.ReadFloorOrder {
		return state.ReadFloor
	}
	return 0
}

// overlayTopicSend takes a send into a topic into the community's record.
func overlayTopicSend(m *record.Member, p position) {
	if p.lastSend >= m.JoinTime {
		m.LastSend = max(m.LastSend, p.lastSend)
	}
}
