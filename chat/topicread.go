package chat

import (
	"cmp"
	"context"
	"slices"

	"github.com/recant-chat/recant/store/record"
)

// TopicState is a topic with one account's state in it, or Code
// CodeTopicNotFound and the id alone.
type TopicState struct {
	Code Code
	ID   string

	Name, FaceURL, Notification, Introduction string
	Custom                                    string
	CreateTime                                int64
	LastMsgTime                               int64  // Unix seconds of the newest ordinary message, 0 for none
	NextMsgSeq                                uint32 // 1 or more
	MuteAll                                   bool
	DefaultPermission                         *int64 // nil where it was never set

	ShutUpUntil uint32 // end of the account's mute in the topic, Unix seconds; 0 for none
	ReadSeq     uint32 // the account's read position
	MsgFlag     string
}

// GetTopics reads topics with the state of one account, a member or an app
// administrator, in each (doc 49469): those asked for, each once and in order,
// or all in the order of their creation. It changes nothing.
// Errors: CodeInvalid, CodeBadGroupID, CodeGroupNotFound, CodeCommunityOff,
// CodeNotPermitted.
func (a *App) GetTopics(ctx context.Context, groupID, account string, ids []string) ([]TopicState, error) {
	if !ValidUserID(account) {
		return nil, Refuse(CodeInvalid, "From_Account is missing or not a UserID")
	}
	var states []TopicState
	err := a.view(ctx, groupID, func(g *groupState) error {
		if err := g.requireTopics(); err != nil {
			return err
		}
		if err := g.requireInsider(ctx, account); err != nil {
			return err
		}
		topics, err := g.requestedTopics(ctx, ids)
		if err != nil {
			return err
		}
		states = make([]TopicState, len(topics))
		for i, t := range topics {
			if states[i], err = g.topicState(ctx, t, account); err != nil {
				return err
			}
		}
		return nil
	})
	return states, err
}

// requestedTopics returns the topics asked for, with a nil record where there
// is none, or all of them.
func (g *groupState) requestedTopics(ctx context.Context, ids []string) ([]namedTopic, error) {
	if len(ids) == 0 {
		topics, err := g.topics(ctx)
		slices.SortStableFunc(topics, func(t, u namedTopic) int { return cmp.Compare(t.record.CreateTime, u.record.CreateTime) })
		return topics, err
	}
	found, err := g.topicsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	var topics []namedTopic
	seen := map[string]bool{}
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			topics = append(topics, namedTopic{id: id, record: found[id]})
		}
	}
	return topics, nil
}

// topicState reads what a topic's answer says.
func (g *groupState) topicState(ctx context.Context, named namedTopic, account string) (TopicState, error) {
	t := named.record
	if t == nil {
		return TopicState{ID: named.id, Code: CodeTopicNotFound}, nil
	}
	s := TopicState{
		ID: named.id, Name: t.Name, FaceURL: t.FaceUrl, Notification: t.Notification, Introduction: t.Introduction,
		Custom: t.Custom, CreateTime: t.CreateTime, MuteAll: t.MuteAll, DefaultPermission: t.DefaultPermission,
		MsgFlag: AcceptAndNotify,
	}
	// The read position first, so that it is never beyond the newest number.
	if err := g.addOwnState(ctx, &s, t, account); err != nil {
		return s, err
	}
	head, err := g.topicStream(t).current(ctx)
	if err != nil {
		return s, err
	}
	s.LastMsgTime, s.NextMsgSeq = head.LastOrdinaryTime, head.LastSeq+1
	return s, nil
}

// addOwnState adds what a member has in the topic; an administrator who is not
// one has nothing there.
func (g *groupState) addOwnState(ctx context.Context, s *TopicState, t *record.Topic, account string) error {
	members, err := g.members(ctx, account)
	if err != nil || members[account] == nil {
		return err
	}
	positions, _, err := g.topicPositions(ctx, t, members)
	if err != nil {
		return err
	}
	s.ReadSeq = positions[account].ReadSeq
	if flag := positions[account].MsgFlag; flag != "" {
		s.MsgFlag = flag
	}
	mutes, err := g.mutes(ctx, t.Incarnation, account)
	if err != nil {
		return err
	}
	if mute := mutes[account]; mute != nil && int64(mute.Until) > g.app.now() {
		s.ShutUpUntil = mute.Until
	}
	return nil
}
