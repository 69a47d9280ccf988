package chat

import (
	"context"
	"slices"

	"github.com/recant-chat/recant/store/record"
)

// destroyBatch keeps the end of many topics inside one commit.
const destroyBatch = 400

// TopicDestroyed is what became of one id of DestroyTopics: 0,
// CodeTopicNotFound or CodeTopicDestroyFailed.
type TopicDestroyed struct {
	ID   string
	Code Code
}

// DestroyTopics ends topics for good, with their messages and mutes, and
// returns one result per id, in order (doc 49470). Nothing of them can be read
// when it returns; their rows are removed in the background, and their ids are
// free. An id that is given twice is destroyed once and then not found.
// Errors: CodeInvalid, CodeBadGroupID, CodeGroupNotFound, CodeCommunityOff.
func (a *App) DestroyTopics(ctx context.Context, op Operator, groupID string, ids []string) ([]TopicDestroyed, error) {
	// An empty list asks nothing: on the client side it would ask for all, and
	// what cannot be undone must not follow from a missing field.
	if len(ids) == 0 {
		return nil, Refuse(CodeInvalid, "TopicIdList is missing or empty")
	}
	if err := CheckGroupID(groupID); err != nil {
		return nil, err
	}
	results := make([]TopicDestroyed, 0, len(ids))
	for batch := range slices.Chunk(ids, destroyBatch) {
		items, err := a.destroyTopics(ctx, op, groupID, batch)
		if err != nil && len(results) == 0 {
			return nil, err
		}
		if err != nil { // what came before is done, and its results are owed
			a.log.Error("topics were not destroyed", "error", err)
			for _, id := range batch {
				items = append(items, TopicDestroyed{ID: id, Code: CodeTopicDestroyFailed})
			}
		}
		results = append(results, items...)
	}
	a.cleanSoon()
	return results, nil
}

// destroyTopics ends topics in one commit.
func (a *App) destroyTopics(ctx context.Context, op Operator, groupID string, ids []string) ([]TopicDestroyed, error) {
	var results []TopicDestroyed
	err := a.changeGroup(ctx, groupID, func(g *groupChange) error {
		results = nil
		if err := g.requireTopics(); err != nil {
			return err
		}
		topics, err := g.topicsOf(ctx, ids)
		if err != nil {
			return err
		}
		var dead []*record.DeadTopic
		for _, id := range ids {
			t := topics[id]
			if t == nil {
				results = append(results, TopicDestroyed{ID: id, Code: CodeTopicNotFound})
				continue
			}
			delete(topics, id)
			dead = append(dead, &record.DeadTopic{TopicId: id, Incarnation: t.Incarnation})
			g.delete(record.TopicKey(g.head.Incarnation, id))
			g.head.TopicNum--
			results = append(results, TopicDestroyed{ID: id})
		}
		if dead == nil {
			return nil
		}
		g.tellTopicsDestroyed(op, dead)
		return a.condemn(ctx, g.groupState, dead, false)
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// topicsOf returns those of the topics that live; ids of any form may be asked
// for.
func (g *groupState) topicsOf(ctx context.Context, ids []string) (map[string]*record.Topic, error) {
	wellFormed := make([]string, 0, len(ids))
	for _, id := range ids {
		if checkTopicID(g.id, id) == nil {
			wellFormed = append(wellFormed, id)
		}
	}
	return readRecords[record.Topic](ctx, g, wellFormed, func(id string) []byte {
		return record.TopicKey(g.head.Incarnation, id)
	})
}

// requireLiving checks that a stream of the group is not that of a topic that
// was destroyed.
// Errors: CodeGroupNotFound.
func (g *groupState) requireLiving(ctx context.Context, topic uint64) error {
	if topic == 0 {
		return nil
	}
	topics, err := g.topics(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(topics, func(t namedTopic) bool { return t.record.Incarnation == topic }) {
		return Refuse(CodeGroupNotFound, "topic of group %q was destroyed", g.id)
	}
	return nil
}
