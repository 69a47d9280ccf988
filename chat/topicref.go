package chat

import (
	"context"
	"fmt"

	"github.com/recant-chat/recant/store/record"
)

// requireTopic returns the topic that a request names beside the group. An
// unexpected TopicId is never ignored: the call would hit the wrong stream
// (spec 05 section 1.5).
// Errors: CodeInvalid when the group has no topics or the id is not one of
// its; CodeGroupNotFound when there is no such topic.
func (g *groupState) requireTopic(ctx context.Context, topicID string) (*record.Topic, error) {
	if g.groupType() != Community || !g.head.SupportTopic {
		return nil, Refuse(CodeInvalid, "TopicId is given but group %q has no topics", g.id)
	}
	if err := checkTopicID(g.id, topicID); err != nil {
		return nil, err
	}
	t, err := g.topic(ctx, topicID)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, Refuse(CodeGroupNotFound, "topic %q does not exist or was destroyed", topicID)
	}
	return t, nil
}

// streamOf returns the stream that GroupId and TopicId ("" for none) name.
// Errors: those of requireServed and requireTopic.
func (g *groupState) streamOf(ctx context.Context, topicID string) (*stream, *record.Topic, error) {
	if err := g.requireServed(); err != nil {
		return nil, nil, err
	}
	if topicID == "" {
		return g.stream(), nil, g.settleTips(ctx)
	}
	t, err := g.requireTopic(ctx, topicID)
	if err != nil {
		return nil, nil, err
	}
	return g.topicStream(t), t, nil
}

// view runs look on a group that exists, from the start again when the group
// changed between two of its reads.
// Errors: CodeBadGroupID, CodeGroupNotFound and those of look.
func (a *App) view(ctx context.Context, groupID string, look func(*groupState) error) error {
	if err := CheckGroupID(groupID); err != nil {
		return err
	}
	err := retry(ctx, func() error {
		g, err := a.readGroup(ctx, groupID)
		if err != nil {
			return err
		}
		return look(g)
	})
	if err != nil && CodeOf(err) == CodeInternal {
		return fmt.Errorf("group %q: %w", groupID, err)
	}
	return err
}
