package chat

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/store/record"
)

// ImportedMessage is one message of a migration.
type ImportedMessage struct {
	From            string
	Time            *int64 // SendTime, Unix seconds; required
	Random          *uint32
	Body            jsontext.Value
	CloudCustomData string
}

// Import is what import_group_msg brings (doc 34968).
type Import struct {
	GroupID, TopicID string
	RecentContact    bool              // the messages update conversation lists
	Messages         []ImportedMessage // oldest first
}

// Imported is what became of one message: Code 0, CodeInvalid for a time out
// of bounds, CodeMessageTooLong or CodeTextRefused.
type Imported struct {
	Seq  uint32
	Time int64 // MsgTime, Unix seconds
	Code Code
}

// ImportMessages appends old messages under their own times, silently, and
// leaves every member with nothing unread. Times may not lie before the
// group's creation, before the newest ordinary message, or after now.
//
// Errors: CodeInvalid, CodeBadGroupID, CodeGroupNotFound, CodeNotPermitted,
// CodeAccountNotFound; with any of them nothing was stored.
func (a *App) ImportMessages(ctx context.Context, op Operator, r Import) ([]Imported, error) {
	contents, results, err := a.checkImport(&r)
	if err != nil {
		return nil, err
	}
	err = a.view(ctx, r.GroupID, func(g *groupState) error {
		s, err := a.admitImport(ctx, g, &r)
		if err != nil {
			return err
		}
		var request appendRequest
		var items []int
		for i, c := range contents {
			if c != nil {
				items = append(items, i)
				request.messages = append(request.messages, r.record(op, g, &r.Messages[i], c))
			}
		}
		if len(items) == 0 {
			return nil
		}
		stored, err := s.append(ctx, &request)
		if errors.Is(err, errSealed) {
			return Refuse(CodeGroupNotFound, "group %q does not exist or was dismissed", r.GroupID)
		}
		if err != nil {
			return err
		}
		for i, item := range items {
			results[item] = Imported{Seq: stored[i].seq, Time: stored[i].time, Code: stored[i].code}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return results, a.readEverything(context.WithoutCancel(ctx), r.GroupID, r.TopicID)
}

// checkImport checks the structure of the whole call, and each content; items
// whose content is refused have no content and their result already.
func (a *App) checkImport(r *Import) ([]*content, []Imported, error) {
	if n := len(r.Messages); n == 0 || n > a.settings.ImportMaxBatch {
		return nil, nil, Refuse(CodeInvalid, "MsgList has %d messages, must be 1 to %d", n, a.settings.ImportMaxBatch)
	}
	contents := make([]*content, len(r.Messages))
	results := make([]Imported, len(r.Messages))
	for i, m := range r.Messages {
		if !ValidUserID(m.From) {
			return nil, nil, Refuse(CodeInvalid, "MsgList[%d].From_Account %q is not a valid UserID", i, m.From)
		}
		if m.Time == nil {
			return nil, nil, Refuse(CodeInvalid, "MsgList[%d].SendTime is missing", i)
		}
		c, err := a.checkContent(m.Body, m.CloudCustomData, false)
		switch code := CodeOf(err); code {
		case 0:
			contents[i] = c
		case CodeMessageTooLong, CodeTextRefused:
			results[i] = Imported{Time: *m.Time, Code: code}
		default:
			return nil, nil, fmt.Errorf("MsgList[%d]: %w", i, err)
		}
	}
	return contents, results, nil
}

func (a *App) admitImport(ctx context.Context, g *groupState, r *Import) (*stream, error) {
	if !g.rules().stored {
		return nil, Refuse(CodeNotPermitted, "messages cannot be imported into groups of type %s", g.groupType())
	}
	if r.RecentContact && g.groupType() == Community {
		return nil, Refuse(CodeInvalid, "RecentContactFlag cannot be used in a Community")
	}
	s, topic, err := g.streamOf(ctx, r.TopicID)
	if err != nil {
		return nil, err
	}
	if topic == nil && g.head.SupportTopic && !a.settings.CommunityDirectMessage {
		return nil, Refuse(CodeNotPermitted, "group %q has topics and takes messages with TopicId only", g.id)
	}
	senders := make([]string, len(r.Messages))
	for i, m := range r.Messages {
		senders[i] = m.From
	}
	return s, a.requireAccounts(ctx, senders...)
}

func (r *Import) record(op Operator, g *groupState, m *ImportedMessage, c *content) newMessage {
	message := newMessage{
		imported: true,
		earliest: g.head.CreateTime,
		header: &record.Header{
			Sender: m.From, Time: *m.Time, Priority: priorityNormal, NoLastMsg: !r.RecentContact,
		},
		body: &record.Body{MsgBody: c.raw, CloudCustomData: m.CloudCustomData},
	}
	if op.Account != m.From {
		message.body.Operator = op.Account
	}
	if m.Random == nil {
		message.header.Random = newRandom()
		return message
	}
	message.header.Random = *m.Random
	message.digest = digestOf([]byte("import"), []byte(m.From), strconv.AppendUint(nil, uint64(*m.Random), 10),
		strconv.AppendInt(nil, *m.Time, 10), c.compact)
	return message
}

// readEverything moves the read position of every member of the group to the
// stream's newest number.
func (a *App) readEverything(ctx context.Context, groupID, topicID string) error {
	return a.changeGroup(ctx, groupID, func(g *groupChange) error {
		s, topic, err := g.streamOf(ctx, topicID)
		if err != nil {
			return err
		}
		head, err := s.current(ctx)
		if err != nil {
			return err
		}
		number := uint64(0)
		if topic != nil {
			number = topic.Incarnation
		}
		state, err := g.streamState(ctx, number)
		if err != nil {
			return err
		}
		state.ReadFloor, state.ReadFloorOrder = head.LastSeq, g.head.NextOrder
		state.ReadFloorNumber++
		g.set(record.StreamStateKey(g.head.Incarnation, number), state)
		return nil
	})
}
