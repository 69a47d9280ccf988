package chat

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// An edit replaces what a message says. Whether it may is decided where recalls
// and holds are: the new body is first committed in the conversation, in a step
// that reads the recalls and holds of the message, so that an edit comes before a
// recall or is refused. Then it takes the old body's place in the log, and then the
// edit has ended. Whoever finds one that has begun can end it, from its row alone;
// readers of history look at those rows too, and whoever needs what the log says to
// stay so ends them first.

// staleEditSeconds is the age from which an edit was left behind by its process.
const staleEditSeconds = 60

// Edit is what modify_group_msg changes of a message (doc 47948).
type Edit struct {
	GroupID, TopicID string
	Seq              uint32
	Body             jsontext.Value // nil keeps it
	CloudCustomData  *string        // nil keeps it
}

// ModifyMessage replaces the body or the custom data of a message, or both. Its
// number, time, sender and all else stay, and so does what a repeat of it is
// recognised by. Two edits of one message come one after the other.
//
// Errors: CodeBadEdit, CodeEditTargetNotFound, CodeEditTargetRecalled,
// CodeEditConflict, CodeBadMsgBody, CodeMsgBodyNoArray, CodeBadElement,
// CodeMessageTooLong, CodeTextRefused, CodeCommunityOff, CodeHeld for a message
// that was recalled, restored and is on hold.
func (a *App) ModifyMessage(ctx context.Context, e Edit) error {
	if err := a.checkEdit(&e); err != nil {
		return err
	}
	err := a.view(ctx, e.GroupID, func(g *groupState) error {
		if !g.rules().stored {
			return Refuse(CodeBadEdit, "groups of type %s keep no messages", g.groupType())
		}
		s, _, err := g.streamOf(ctx, e.TopicID)
		if err != nil {
			return err
		}
		return s.gone(s.edit(ctx, &e))
	})
	switch CodeOf(err) {
	case CodeInvalid, CodeBadGroupID, CodeGroupNotFound: // as the openim service says it
		return Refuse(CodeBadEdit, "%s", messageOf(err))
	}
	if errors.Is(err, errContended) {
		return Refuse(CodeEditConflict, "MsgSeq %d is being modified by others", e.Seq)
	}
	return err
}

// checkEdit checks what can be checked without the message.
func (a *App) checkEdit(e *Edit) error {
	custom := ""
	if e.CloudCustomData != nil {
		custom = *e.CloudCustomData
	}
	switch {
	case e.Body != nil:
		_, err := a.checkContentInDetail(e.Body, custom, false)
		return err
	case e.CloudCustomData == nil:
		return Refuse(CodeBadEdit, "MsgBody and CloudCustomData are missing")
	}
	if err := checkSize(nil, custom); err != nil {
		return err
	}
	return a.checkWords("CloudCustomData", custom)
}

// edit edits a message.
// Errors: errSealed and those of ModifyMessage about the message.
func (s *stream) edit(ctx context.Context, e *Edit) error {
	defer s.app.editLocks.lock(record.ConversationPartition(s.id).Name())()
	id := rand.Uint64()
	var edited *record.Body
	err := retry(ctx, func() (err error) {
		edited, err = s.beginEdit(ctx, e, id)
		if errors.Is(err, errEditOpen) {
			if err = s.finishEdit(context.WithoutCancel(ctx), e.Seq, edited); err == nil {
				err = store.ErrConflict
			}
		}
		return err
	})
	if err != nil || edited == nil {
		return err
	}
	// It is made: readers find it where it is, and can end it too.
	if err := s.finishEdit(context.WithoutCancel(ctx), e.Seq, edited); err != nil {
		s.app.log.Error("an edit is left open", "error", err)
	}
	return nil
}

// errEditOpen says that an edit of the message has not ended.
var errEditOpen = errors.New("chat: an edit of the message is open")

// maxEditIDs is how many edits of one message are recognised.
const maxEditIDs = 8

// beginEdit commits an edit in the conversation and returns the new body, nil
// where it has ended already. With errEditOpen it returns the open edit's.
func (s *stream) beginEdit(ctx context.Context, e *Edit, id uint64) (edited *record.Body, err error) {
	header, _, err := s.editable(ctx, e.Seq)
	if err != nil {
		return nil, err
	}
	senders := []string{header.Sender}
	ranges := append(recallRanges(allMarks, senders, interval{e.Seq, e.Seq}), heldRange())
	err = s.app.changeConversation(ctx, s.id, ranges, func(c *record.Conversation, rows [][]store.Row) ([]store.Mutation, error) {
		edited = nil
		found, err := recallsIn(allMarks, senders, rows)
		if err != nil {
			return nil, err
		}
		held, err := heldIn(rows[len(rows)-1])
		if err != nil {
			return nil, err
		}
		if open := found.edits[e.Seq]; open != nil {
			edited = open // it may be this one
			return nil, errEditOpen
		}
		// Read after the conversation: it has all edits that have ended, and no
		// other can end before this commit.
		header, body, err := s.editable(ctx, e.Seq)
		switch {
		case err != nil:
			return nil, err
		case slices.Contains(body.EditIds, id):
			return nil, nil
		case found.recalled(e.Seq, header.Sender, receivedAt(header)):
			return nil, Refuse(CodeEditTargetRecalled, "MsgSeq %d was recalled", e.Seq)
		case held.cover(e.Seq, header):
			return nil, Refuse(CodeHeld, "MsgSeq %d is on hold", e.Seq)
		}
		if err := e.apply(body); err != nil {
			return nil, err
		}
		body.EditVersion, body.EditTime, body.EditIds = body.EditVersion+1, s.app.now(), append(body.EditIds, id)
		body.EditIds = body.EditIds[max(0, len(body.EditIds)-maxEditIDs):]
		edited = body
		c.OpenEdits++
		place := record.EditKey(found.freePlace)
		return []store.Mutation{store.Set(place, encode(&record.Edit{Seq: e.Seq, Body: body}))}, nil
	})
	return edited, err
}

// editable reads a message that could be edited if it is not recalled.
// Errors: CodeEditTargetNotFound, CodeBadEdit for a tip.
func (s *stream) editable(ctx context.Context, seq uint32) (*record.Header, *record.Body, error) {
	_, floor, err := s.headAndFloor(ctx)
	if err != nil {
		return nil, nil, err
	}
	header, body, _, err := s.readMessage(ctx, seq)
	switch {
	case err != nil:
		return nil, nil, err
	case body == nil || seq <= floor:
		return nil, nil, Refuse(CodeEditTargetNotFound, "MsgSeq %d is not there", seq)
	case header.Tip:
		return nil, nil, Refuse(CodeBadEdit, "MsgSeq %d is a system tip and cannot be modified", seq)
	}
	return header, body, nil
}

// readMessage reads a message from the log, with the version of its bucket; no
// body where it is not there or was erased.
func (s *stream) readMessage(ctx context.Context, seq uint32) (*record.Header, *record.Body, store.Version, error) {
	rows, version, err := s.app.store.Read(ctx, record.LogPartition(s.id, record.Bucket(seq)),
		store.Key(record.HeaderKey(seq)), store.Key(record.BodyKey(seq)))
	if err != nil {
		return nil, nil, "", fmt.Errorf("read message: %w", err)
	}
	if len(rows[0]) == 0 || len(rows[1]) == 0 {
		return nil, nil, version, nil
	}
	header, body := &record.Header{}, &record.Body{}
	if err := decode(rows[0][0], header); err != nil {
		return nil, nil, "", err
	}
	return header, body, version, decode(rows[1][0], body)
}

// apply changes a body.
// Errors: CodeMessageTooLong.
func (e *Edit) apply(body *record.Body) error {
	if e.Body != nil {
		body.MsgBody = e.Body
	}
	if e.CloudCustomData != nil {
		body.CloudCustomData = *e.CloudCustomData
	}
	compact, err := compactJSON(body.MsgBody)
	if err != nil {
		return fmt.Errorf("compact a stored MsgBody: %w", err)
	}
	return checkSize(compact, body.CloudCustomData)
}

// finishEdit puts an edited body into the log, unless that has a newer one or the
// message is gone, and ends the edit. Several may do it at once.
func (s *stream) finishEdit(ctx context.Context, seq uint32, edited *record.Body) error {
	err := s.alone(ctx, func(ctx context.Context) error {
		return retry(ctx, func() error { return s.rewrite(ctx, seq, edited) })
	})
	if err != nil {
		return fmt.Errorf("put an edit into the log: %w", err)
	}
	err = s.app.changeConversation(ctx, s.id, []store.Range{store.Prefix(record.EditPrefix)}, func(c *record.Conversation, rows [][]store.Row) ([]store.Mutation, error) {
		for _, row := range rows[0] {
			open := &record.Edit{}
			if err := decode(row, open); err != nil {
				return nil, err
			}
			if open.Seq == seq && open.Body.GetEditVersion() == edited.EditVersion {
				c.OpenEdits--
				c.EndedEdits++
				return []store.Mutation{store.Set(row.Key, nil)}, nil // its place is free
			}
		}
		return nil, nil
	})
	return ignore(err, errSealed)
}

// rewrite replaces the body of a message by a newer one. The log's head stays, and
// what this process knows of the log stays known.
func (s *stream) rewrite(ctx context.Context, seq uint32, edited *record.Body) error {
	_, body, version, err := s.readMessage(ctx, seq)
	if err != nil || body == nil || body.EditVersion >= edited.EditVersion {
		return err
	}
	bucket := record.Bucket(seq)
	next, err := s.app.store.Commit(ctx, record.LogPartition(s.id, bucket), version,
		[]store.Mutation{store.Set(record.BodyKey(seq), encode(edited))})
	s.state.Lock()
	if err == nil && s.known && s.bucket == bucket && s.version == version {
		s.version = next
	} else if s.bucket == bucket {
		s.known = false
	}
	s.state.Unlock()
	if errors.Is(err, store.ErrUnknown) {
		return store.ErrConflict // see what is there
	}
	return err
}

// finishEdits ends all edits that are open.
func (s *stream) finishEdits(ctx context.Context) error {
	_, rows, _, err := s.app.readConversation(ctx, s.id, store.Prefix(record.EditPrefix))
	if err != nil {
		return err
	}
	edits, _, err := editsIn(rows[0])
	if err != nil {
		return err
	}
	for _, seq := range slices.Sorted(maps.Keys(edits)) {
		if err := s.finishEdit(ctx, seq, edits[seq]); err != nil {
			return err
		}
	}
	return nil
}

// editsIn reads the places for edits: the bodies of those that are not in the log, by
// their numbers, and the first place that is free. A place is never removed, because
// every reader would pass over what was there.
func editsIn(rows []store.Row) (edits map[uint32]*record.Body, free uint32, err error) {
	edits, free = map[uint32]*record.Body{}, uint32(len(rows))
	for _, row := range slices.Backward(rows) {
		edit := &record.Edit{}
		if err := decode(row, edit); err != nil {
			return nil, 0, err
		}
		if edit.Body == nil {
			free = record.Seq(row.Key)
		} else {
			edits[edit.Seq] = edit.Body
		}
	}
	return edits, free, nil
}

// finishStaleEdits ends those of the edits that a page has met that were left
// behind. The page has shown them already.
func (s *stream) finishStaleEdits(ctx context.Context, r *recalls) {
	for seq, edited := range r.edits {
		if edited.EditTime > s.app.now()-staleEditSeconds {
			continue
		}
		if err := s.finishEdit(context.WithoutCancel(ctx), seq, edited); err != nil {
			s.app.log.Error("an edit is left open", "error", err)
		}
	}
}
