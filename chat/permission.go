package chat

import (
	"context"
	"maps"
	"slices"

	"github.com/recant-chat/recant/store/record"
)

// Bits of permissions that the server itself looks at (doc 33529). The others,
// known or not, are kept for who asks. All calls are made by app administrators
// and need none.
const (
	permitSend  = 1 << 6 // SendGroupMessage, in the community and all its topics
	permitAtAll = 1 << 7 // GroupAtAll, likewise

	permitTopicSend  = 1 << 3 // SendTopicMessage, in one topic
	permitTopicAtAll = 1 << 6 // TopicAtAll, likewise
)

// permissions returns what an account may do in the community, and in a topic
// (nil for none) beside that: what everybody may and what one of its permission
// groups grants (spec 05 section 2.1). Who is no member may nothing.
func (g *groupState) permissions(ctx context.Context, account string, topic *record.Topic) (community, inTopic int64, err error) {
	members, err := g.members(ctx, account)
	if err != nil || members[account] == nil {
		return 0, 0, err
	}
	numbers := slices.Collect(maps.Keys(members[account].PermissionGroups))
	groups, err := g.permissionGroupsNumbered(ctx, numbers)
	if err != nil {
		return 0, 0, err
	}
	community, inTopic = g.head.DefaultPermission, topic.GetDefaultPermission()
	for _, p := range groups {
		community |= p.Permission
		inTopic |= p.Topics[topic.GetIncarnation()] // no topic is numbered 0
	}
	return community, inTopic, nil
}

// refuseUnpermitted returns the refusal of a message whose sender lacks a
// permission that it takes, where the settings ask for it: app administrators
// and the owner have every permission.
func (g *groupState) refuseUnpermitted(ctx context.Context, m *Message, topic *record.Topic) (refuse, err error) {
	if !g.app.settings.CheckSendPermission || !g.head.EnablePermission || g.app.admins[m.From] || g.head.Owner == m.From {
		return nil, nil
	}
	community, inTopic, err := g.permissions(ctx, m.From, topic)
	switch {
	case err != nil:
		return nil, err
	case community&permitSend == 0 && inTopic&permitTopicSend == 0:
		return Refuse(CodeNotPermitted, "sender %q has no permission to send", m.From), nil
	case community&permitAtAll == 0 && inTopic&permitTopicAtAll == 0 &&
		slices.ContainsFunc(m.Mentions, func(m Mention) bool { return m.All }):
		return Refuse(CodeNotPermitted, "GroupAtInfo: sender %q has no permission to mention all", m.From), nil
	}
	return nil, nil
}
