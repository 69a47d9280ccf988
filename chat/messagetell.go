package chat

import (
	"context"
	"errors"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// Values of ForbidCallbackControl (doc 34959).
const (
	forbidBeforeSend = "ForbidBeforeSendMsgCallback"
	forbidAfterSend  = "ForbidAfterSendMsgCallback"
)

// askBeforeSend asks the application's backend about a message that passes all
// other checks, and lays the backend's replacements over it. An answer that is
// not nil is already the sender's: that of the first where the message is a
// repeat or cut by the frequency control, which the backend is not asked about,
// and where the backend discards it in silence.
// Errors: those of admit, which the backend is not asked about; CodeInvalid for
// a replacement that cannot be sent; and those of ask.
func (a *App) askBeforeSend(ctx context.Context, op Operator, m *Message, c *content, accepted int64) (answered *Sent, err error) {
	if slices.Contains(m.NoCallback, forbidBeforeSend) || !a.wants(CallbackBeforeSendMsg) {
		return nil, nil
	}
	var question *messageEvent
	err = a.view(ctx, m.GroupID, func(g *groupState) error {
		answered = nil
		s, request, err := a.admit(ctx, g, op, m, c)
		if err != nil {
			return err
		}
		// What is decided here stays so: the append comes later and might decide
		// otherwise, and the backend would not have been asked.
		if answered, err = s.repeats(ctx, request.messages[0].digest); err != nil || answered != nil {
			return err
		}
		if request.refuse != nil {
			return request.refuse
		}
		if m.passed = s.passes(&request.messages[0]); !m.passed {
			answered, err = a.cut()
			return err
		}
		question = g.messageEvent(CallbackBeforeSendMsg, op, m, request.messages[0])
		question.ID = messageID(m.From, accepted, *m.Random)
		question.EventTime = a.eventTime()
		return nil
	})
	if err != nil || answered != nil {
		return answered, err
	}
	answer, err := a.ask(ctx, op, CallbackBeforeSendMsg, question)
	if err != nil {
		return nil, err
	}
	if answer.Code == answerDrop {
		return &Sent{Time: accepted}, nil
	}
	return nil, a.replace(m, c, answer)
}

// replace lays what the backend answered over a message.
// Errors: CodeInvalid.
func (a *App) replace(m *Message, c *content, answer *CallbackAnswer) error {
	if answer.MsgBody == nil && answer.CloudCustomData == nil {
		return nil
	}
	if answer.MsgBody != nil {
		m.Body = answer.MsgBody
	}
	if answer.CloudCustomData != nil {
		m.CloudCustomData = *answer.CloudCustomData
	}
	replaced, err := a.checkContent(m.Body, m.CloudCustomData, a.skipsWords(m))
	if err == nil && nesting(m.Body) > maxNesting {
		err = Refuse(CodeInvalid, "MsgBody is nested deeper than %d", maxNesting)
	}
	if err != nil {
		a.log.Warn("the backend's replacement of a message cannot be sent", "error", err)
		return Refuse(CodeInvalid, "the replacement by the app backend cannot be sent: %s", messageOf(err))
	}
	c.raw = replaced.raw // a repeat is told by what was asked for
	return nil
}

// repeats returns the answer to a message with the digest that was sent in the
// last 300 seconds, nil for none.
func (s *stream) repeats(ctx context.Context, d digest) (*Sent, error) {
	s.state.Lock()
	defer s.state.Unlock()
	if _, err := s.refresh(ctx); err != nil { // of a repeat that is missed the backend is asked again
		return nil, err
	}
	first, repeated := s.recent.find(d, s.app.now())
	if !repeated {
		return nil, nil
	}
	return &Sent{Time: int64(first.time), Seq: first.seq}, nil
}

// tellOf is what the application is to be told of a message once it is sent.
func (a *App) tellOf(m *Message, t GroupType) uint32 {
	tell := uint32(0)
	if !slices.Contains(m.NoCallback, forbidAfterSend) && a.wants(CallbackAfterSendMsg) {
		tell |= tellSent
	}
	if m.NeedReceipt && rulesOf[t].besides && a.wants(CallbackAfterReadReceipt) {
		tell |= tellReceipt
	}
	return tell
}

// appendTold appends the message of a request, of which the application may be
// to be told.
func (a *App) appendTold(ctx context.Context, g *groupState, s *stream, topicID string, r *appendRequest) ([]appended, error) {
	var results []appended
	var tell *telling
	if r.messages[0].header.Tell != 0 && !r.ephemeral {
		tell = &telling{mark: g.markOf(topicID)}
	}
	err := s.tellAfter(ctx, record.ConversationLane(s.id), tell, func() (err error) {
		results, err = s.append(ctx, r)
		return err
	})
	return results, err
}

// tellOnlineOnly tells of a message that is for who is online now and was not
// stored.
func (a *App) tellOnlineOnly(ctx context.Context, g *groupState, s *stream, op Operator, m *Message, sent newMessage, accepted int64) {
	if sent.header.Tell&tellSent == 0 {
		return
	}
	e := g.messageEvent(CallbackAfterSendMsg, op, m, sent)
	e.Seq, e.ID, e.Time = new(uint32), messageID(m.From, accepted, *m.Random), accepted
	e.Mentions, e.EventTime = mentionEvents(sent.body.Mentions), a.eventTime()
	a.looseEvent(ctx, record.ConversationLane(s.id), g.markOf(m.TopicID), op, e.Command, e, 0)
}

// tellFailedSend tells of a message that was refused or cut by the frequency
// control.
func (a *App) tellFailedSend(ctx context.Context, op Operator, m *Message, sent *Sent, err error) {
	if !a.wants(CallbackSendMsgException) {
		return
	}
	var refused *Error
	switch {
	case err == nil && sent.Dropped:
		refused = &Error{Code: CodeMessageFrequency, Message: textMessageFrequency}
	case !errors.As(err, &refused) || refused.Code == CodeInternal:
		return
	}
	g := &groupState{app: a, id: m.GroupID, head: &record.Group{Destroyed: true}}
	if CheckGroupID(m.GroupID) == nil {
		found, err := a.readGroupHead(ctx, m.GroupID)
		if err != nil {
			a.log.Error("a refused message is not told of", "error", err)
			return
		}
		g = found
	}
	e := g.messageEvent(CallbackSendMsgException, op, m, newMessage{body: &record.Body{MsgBody: m.Body, CloudCustomData: m.CloudCustomData}})
	if len(e.Body) == 0 {
		e.Body = jsontext.Value("[]")
	}
	e.ErrorCode, e.ErrorInfo, e.EventTime = refused.Code, refused.Message, a.eventTime()
	e.shorten()
	id := g.conversation()
	if g.head.Destroyed {
		id.Incarnation = 0 // the lane of none
	}
	if CheckGroupID(m.GroupID) != nil {
		id.Group = ""
	}
	a.looseEvent(ctx, record.ConversationLane(id), g.markOf(""), op, e.Command, e, 0)
}

// shorten makes the body of an event fit into a row: first without the message's
// content, then without ids that are none.
func (e *messageEvent) shorten() {
	if len(encodeBody(e)) > maxEventBytes {
		e.Body, e.CloudCustomData = jsontext.Value("[]"), ""
	}
	if len(encodeBody(e)) > maxEventBytes {
		e.GroupID, e.TopicID, e.From, e.ErrorInfo = "", "", "", "a field is too long"
	}
}

// textMessageFrequency is the hosted service's text of 10023.
const textMessageFrequency = "msg count exceeds limit,please retry later"

// messageEvent begins the body of an event about a message that is on its way.
func (g *groupState) messageEvent(command string, op Operator, m *Message, sent newMessage) *messageEvent {
	e := &messageEvent{
		eventSubject: g.subject(command), From: m.From, Operator: op.Account,
		Body: sent.body.MsgBody, CloudCustomData: sent.body.CloudCustomData, TopicID: m.TopicID,
	}
	if m.Random != nil {
		e.Random = *m.Random
	}
	if m.OnlineOnly && g.groupType() != AVChatRoom {
		e.OnlineOnly = 1
	}
	if command != CallbackSendMsgException {
		e.Priority = PriorityName(sent.header.Priority)
	}
	return e
}

// telling is how the application is to be told of a commit in a conversation;
// nil where it is not.
type telling struct {
	mark *record.EventMark
	by   *record.Cause
}

func (t *telling) cause() *record.Cause {
	if t == nil {
		return nil
	}
	return t.by
}

// tellAfter runs a commit that gives a lane of the conversation something to tell
// of.
func (s *stream) tellAfter(ctx context.Context, lane string, t *telling, commit func() error) error {
	if t == nil {
		return commit()
	}
	if err := s.app.outbox.mark(ctx, lane, t.mark); err != nil {
		return err
	}
	if err := commit(); err != nil {
		if CodeOf(err) == CodeInternal {
			s.app.deliverer.wake(lane) // it may have come through all the same
		}
		return err
	}
	s.app.outbox.marked(context.WithoutCancel(ctx), lane, t.mark)
	return nil
}

// tellingOf is how the application is to be told of a recall, nil where nobody
// is to be notified or the backend is not called.
func (a *App) tellingOf(notify, operator, clientIP string, mark *record.EventMark) *telling {
	if notify == NotifySilent || !a.wants(CallbackAfterRecallMsg) {
		return nil
	}
	return &telling{mark: mark, by: &record.Cause{Operator: operator, ClientIp: clientIP, Time: a.eventTime()}}
}

// tellingOfPart is tellingOf for a target of an operation.
func (a *App) tellingOfPart(ctx context.Context, notify string, entry *record.AuditEntry, p *record.RecallPart) (*telling, error) {
	if notify == NotifySilent || !a.wants(CallbackAfterRecallMsg) {
		return nil, nil
	}
	g, err := a.readGroupHead(ctx, p.GroupId)
	if err != nil {
		return nil, err
	}
	return a.tellingOf(notify, entry.Operator, entry.RemoteIp, g.markOf(p.TopicId)), nil
}

// tellRoomRecall tells of a recall in a live room, which stores nothing.
func (a *App) tellRoomRecall(ctx context.Context, g *groupState, s *stream, op Operator, results []RecallResult) {
	if !a.wants(CallbackAfterRecallMsg) {
		return
	}
	e := &recallEvent{
		Command: CallbackAfterRecallMsg, Operator: op.Account, Type: g.head.Type, GroupID: g.id, EventTime: a.eventTime(),
	}
	last := uint32(0)
	for _, r := range results {
		if item := (recalledMessage{Seq: r.Seq}); r.Code == 0 && !slices.Contains(e.Seqs, item) {
			e.Seqs = append(e.Seqs, item)
			last = max(last, r.Seq)
		}
	}
	if len(e.Seqs) > 0 {
		a.looseEvent(ctx, record.ConversationLane(s.id), g.markOf(""), op, e.Command, e, last)
	}
}

// freshRanges are the parts of a target's range that nothing covered before, two
// numbers each; rows are what was recalled then.
func freshRanges(t *record.RecallTarget, rows [][]store.Row) ([]uint32, error) {
	before, err := recallsIn(allMarks, []string{t.Sender}, rows)
	if err != nil {
		return nil, err
	}
	covered := before.covers[t.Sender]
	for seq := range before.single {
		covered = append(covered, interval{seq, seq})
	}
	var fresh []uint32
	for _, i := range (interval{t.FromSeq, t.ToSeq}).without(union(covered)) {
		if !i.isEmpty() {
			fresh = append(fresh, i.from, i.to)
		}
	}
	return fresh, nil
}
