package chat

import (
	"context"
	"errors"
	"fmt"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// newestBucket looks forward from the conversation's hint.
func (s *stream) newestBucket(ctx context.Context) (uint32, error) {
	conversation, _, _, err := s.app.readConversation(ctx, s.id)
	if err != nil {
		return 0, err
	}
	for bucket := conversation.BucketHint; ; bucket++ {
		_, version, err := s.app.readLogHead(ctx, s.id, bucket+1)
		if err != nil {
			return 0, err
		}
		if version == "" {
			return bucket, nil
		}
	}
}

// newestHead returns the head of a log as current does, without taking the
// stream into memory: for looks at many streams, which would evict those that
// are in use.
// Errors: store.ErrConflict when the bucket was dropped meanwhile.
func (a *App) newestHead(ctx context.Context, id record.ConversationID) (*record.LogHead, error) {
	bucket, err := (&stream{app: a, id: id}).newestBucket(ctx)
	if err != nil {
		return nil, err
	}
	head, version, err := a.readLogHead(ctx, id, bucket)
	if err == nil && version == "" && bucket > 0 {
		return nil, store.ErrConflict
	}
	return head, err
}

// checkOpened makes sure, before anything is acknowledged, that a bucket which
// this process has just opened is the end of the log, and not one that another
// process filled and, when all of it had expired, dropped: a bucket is dropped
// only after the conversation says that the log goes on beyond it.
func (s *stream) checkOpened(ctx context.Context, bucket uint32) error {
	c, _, _, err := s.app.readConversation(ctx, s.id)
	if err != nil || c.BucketHint <= bucket {
		return err
	}
	head, _, err := s.app.readLogHead(ctx, s.id, bucket)
	if err != nil || head.LastSeq == (bucket+1)*record.BucketSize {
		return err // it has been filled meanwhile
	}
	if err := s.app.store.Drop(ctx, record.LogPartition(s.id, bucket)); err != nil {
		return fmt.Errorf("drop a bucket that was opened again: %w", err)
	}
	return store.ErrConflict
}

// hintAt notes in the conversation that a bucket exists. It is only a hint:
// without it the newest bucket is found by a longer look.
func (s *stream) hintAt(ctx context.Context, bucket uint32) {
	err := s.app.changeConversation(ctx, s.id, nil, func(c *record.Conversation, _ [][]store.Row) ([]store.Mutation, error) {
		if c.BucketHint >= bucket {
			return nil, nil
		}
		c.BucketHint = bucket
		return []store.Mutation{}, nil
	})
	if err != nil && !errors.Is(err, errSealed) {
		s.app.log.Warn("hint of the newest log bucket was not written", "error", err)
	}
}
