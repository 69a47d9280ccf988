package chat

import (
	"context"
	"maps"

	"github.com/recant-chat/recant/store/record"
)

// maxPermissionTopics bounds the topics that one call names.
const maxPermissionTopics = 50

// TopicPermission is what a permission group grants in one topic; in an answer
// Err alone where there is nothing to say of it: CodeTopicNotFound,
// CodeBadTopicID, CodeTopicAttached or CodeTopicNotAttached.
type TopicPermission struct {
	Err        error
	TopicID    string
	Permission int64 // bits in the topic, any
}

// AttachTopics attaches up to 50 topics to a permission group and returns one
// result each, in order; the permission in one that is attached already stays
// (doc 61236).
// Errors: CodeInvalid, CodeBadGroupID, CodeGroupNotFound, CodeNotPermitted,
// CodeCommunityOff, CodeNoPermissionGroup.
func (a *App) AttachTopics(ctx context.Context, groupID, id string, given []TopicPermission) ([]TopicPermission, error) {
	return a.changeTopicPermissions(ctx, groupID, id, "TopicPermissionList", given, func(p permissionGroup, topic uint64, permission int64) error {
		if _, attached := p.Topics[topic]; attached {
			return Refuse(CodeTopicAttached, "topic is in the permission group already")
		}
		if p.Topics == nil {
			p.Topics = map[uint64]int64{}
		}
		p.Topics[topic] = permission
		return nil
	})
}

// SetTopicPermissions changes what a permission group grants in topics that are
// attached to it (doc 61237).
// Errors: as AttachTopics.
func (a *App) SetTopicPermissions(ctx context.Context, groupID, id string, given []TopicPermission) ([]TopicPermission, error) {
	return a.changeTopicPermissions(ctx, groupID, id, "TopicPermissionList", given, func(p permissionGroup, topic uint64, permission int64) error {
		if _, attached := p.Topics[topic]; !attached {
			return errTopicNotAttached()
		}
		p.Topics[topic] = permission
		return nil
	})
}

// DetachTopics detaches topics from a permission group (doc 61238).
// Errors: as AttachTopics.
func (a *App) DetachTopics(ctx context.Context, groupID, id string, given []TopicPermission) ([]TopicPermission, error) {
	return a.changeTopicPermissions(ctx, groupID, id, "TopicIdList", given, func(p permissionGroup, topic uint64, _ int64) error {
		if _, attached := p.Topics[topic]; !attached {
			return errTopicNotAttached()
		}
		delete(p.Topics, topic)
		return nil
	})
}

func errTopicNotAttached() error {
	return Refuse(CodeTopicNotAttached, "topic is not in the permission group")
}

// changeTopicPermissions runs change for each of the given topics that exists.
func (a *App) changeTopicPermissions(ctx context.Context, groupID, id, field string, given []TopicPermission, change func(p permissionGroup, topic uint64, permission int64) error) ([]TopicPermission, error) {
	if err := checkListLength(field, len(given), maxPermissionTopics); err != nil {
		return nil, err
	}
	var results []TopicPermission
	err := a.changePermissionGroup(ctx, groupID, id, func(g *groupChange, p permissionGroup) error {
		topics, err := g.topics(ctx)
		if err != nil {
			return err
		}
		byID, lives := map[string]*record.Topic{}, map[uint64]bool{}
		for _, t := range topics {
			byID[t.id], lives[t.record.Incarnation] = t.record, true
		}
		maps.DeleteFunc(p.Topics, func(topic uint64, _ int64) bool { return !lives[topic] })
		results = make([]TopicPermission, len(given))
		for i, item := range given {
			topic := byID[item.TopicID]
			err := g.checkListedTopic(item.TopicID, topic)
			if err == nil {
				err = change(p, topic.Incarnation, item.Permission)
			}
			results[i] = TopicPermission{err, item.TopicID, item.Permission}
		}
		g.setPermissionGroup(p)
		return nil
	})
	return results, err
}

// checkListedTopic says why an entry of a list is none of the community's
// topics.
// Errors: CodeBadTopicID, CodeTopicNotFound.
func (g *groupState) checkListedTopic(topicID string, topic *record.Topic) error {
	switch {
	case checkTopicID(g.id, topicID) != nil:
		return Refuse(CodeBadTopicID, "topic id is not one of the community")
	case topic == nil:
		return Refuse(CodeTopicNotFound, "topic does not exist or was destroyed")
	}
	return nil
}

// TopicPermissions reads what a permission group grants in up to 50 topics,
// each once and in order, or with none named in all that are attached to it, in
// the order of their creation (doc 61239).
// Errors: as AttachTopics.
func (a *App) TopicPermissions(ctx context.Context, groupID, id string, topicIDs []string) ([]TopicPermission, error) {
	if len(topicIDs) > 0 {
		if err := checkListLength("TopicIdList", len(topicIDs), maxPermissionTopics); err != nil {
			return nil, err
		}
	}
	if err := checkPermissionGroupID(id); err != nil {
		return nil, err
	}
	var results []TopicPermission
	err := a.viewPermissions(ctx, groupID, func(g *groupState) error {
		results = nil
		p, err := g.requirePermissionGroup(ctx, id)
		if err != nil {
			return err
		}
		topics, err := g.requestedTopics(ctx, topicIDs)
		if err != nil {
			return err
		}
		for _, t := range topics {
			err := g.checkListedTopic(t.id, t.record)
			permission, attached := p.Topics[t.record.GetIncarnation()]
			if err == nil && !attached {
				if len(topicIDs) == 0 {
					continue
				}
				err = errTopicNotAttached()
			}
			results = append(results, TopicPermission{err, t.id, permission})
		}
		return nil
	})
	return results, err
}
