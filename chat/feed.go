package chat

import (
	"context"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// The feed of a conversation tells the operator's own systems, which keep
// copies of messages, what has been recalled, restored and erased. Each event is
// a row of the commit that it reports.

// maxFeedEvents is how many events one page of the feed has at most.
const maxFeedEvents = 500

// feed stages the next event.
func feed(c *record.Conversation, e *record.FeedEvent) store.Mutation {
	c.Events++
	return store.Set(record.FeedKey(c.Events), encode(e))
}

// FeedEvent is one change of what is recalled in a conversation.
type FeedEvent struct {
	Number         uint64 // contiguous from 1 in the conversation
	Type           string // recalled, restored or erased
	Operation      string
	Sender         string   // "" of a recall by number
	FromSeq, ToSeq uint32   // both included, of a recall by sender
	Seqs           []uint32 // of a recall by number
	Time           int64    // Unix seconds
}

// Feed returns the events after a number, oldest first, up to limit of them,
// and the number to go on after. A conversation that stores nothing has none.
//
// Errors: CodeInvalid (limit, TopicId), CodeBadGroupID, CodeGroupNotFound.
func (a *App) Feed(ctx context.Context, groupID, topicID string, since uint64, limit int) (events []FeedEvent, next uint64, err error) {
	if limit < 1 || limit > maxFeedEvents {
		return nil, 0, Refuse(CodeInvalid, "Limit is %d, must be 1 to %d", limit, maxFeedEvents)
	}
	err = a.view(ctx, groupID, func(g *groupState) error {
		events, next = nil, since
		if !g.rules().stored {
			return nil
		}
		s, _, err := g.streamOf(ctx, topicID)
		if err != nil || since == ^uint64(0) {
			return err
		}
		c, rows, _, err := a.readConversation(ctx, s.id, store.Range{
			From: record.FeedKey(since + 1), To: store.PrefixEnd(record.FeedPrefix), Limit: limit,
		})
		if err != nil {
			return err
		}
		if c.Sealed {
			return Refuse(CodeGroupNotFound, "group or topic of %q was destroyed", groupID)
		}
		for _, row := range rows[0] {
			e := &record.FeedEvent{}
			if err := decode(row, e); err != nil {
				return err
			}
			next = record.OrderOf(row.Key)
			events = append(events, FeedEvent{
				Number: next, Type: feedTypes[e.Type], Operation: operationText(e.Operation), Sender: e.Sender,
				FromSeq: e.FromSeq, ToSeq: e.ToSeq, Seqs: e.Seqs, Time: e.Time,
			})
		}
		return nil
	})
	return events, next, err
}

// feedTypes are the names of the kinds of events.
var feedTypes = map[record.FeedEvent_Type]string{
	record.FeedEvent_RECALLED: "recalled",
	record.FeedEvent_RESTORED: "restored",
	record.FeedEvent_ERASED:   "erased",
}
