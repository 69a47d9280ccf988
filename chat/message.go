package chat

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

const (
	maxMentions        = 30 // doc 34959
	maxRecipients      = 50 // To_Account
	controlNoUnread    = "NoUnread"
	controlNoLastMsg   = "NoLastMsg"
	controlNoMsgCheck  = "NoMsgCheck"
	controlMutedNotify = "WithMuteNotifications"
)

// Mention is one @-mention of a message.
type Mention struct {
	All     bool
	Account string // where All is false
}

// Message is what send_group_msg sends (doc 34959).
type Message struct {
	GroupID         string
	TopicID         string  // "" for the group's own stream
	From            string  // "" for the operator
	Random          *uint32 // required
	Body            jsontext.Value
	Priority        string // High, Normal (also ""), Low, Lowest
	CloudCustomData string
	OnlineOnly      bool
	Control         []string  // SendMsgControl
	NoCallback      []string  // ForbidCallbackControl
	To              *[]string // targeted recipients; nil for everybody
	Mentions        []Mention
	NeedReceipt     bool
	Extensible      bool

	passed bool // by the frequency control
}

// Sent is the answer to a message.
type Sent struct {
	Time    int64  // MsgTime, Unix seconds
	Seq     uint32 // 0 where the message was not stored
	Dropped bool   // by the frequency control
}

// Send sends an ordinary message to a group or topic, in anybody's name. A
// repeat within 300 seconds answers what the first one did. The message is
// durable when Send returns (spec 04 section 3).
//
// Errors: CodeInvalid, CodeTooManyMentions, CodeMessageTooLong,
// CodeTextRefused, CodeBadGroupID, CodeGroupNotFound, CodeNotPermitted,
// CodeAccountNotFound, CodeMuted, CodeFeatureOff, CodeTooLargeForReceipts,
// CodeReceiptOnlineOnly, CodeMessageFrequency, CodeRefusedByBackend,
// CodeBeforeSendFailed and the backend's own.
func (a *App) Send(ctx context.Context, op Operator, m Message) (*Sent, error) {
	if m.From == "" {
		m.From = op.Account
	}
	sent, err := a.send(ctx, op, m)
	a.tellFailedSend(context.WithoutCancel(ctx), op, &m, sent, err)
	return sent, err
}

func (a *App) send(ctx context.Context, op Operator, m Message) (*Sent, error) {
	c, err := a.checkMessage(&m)
	if err != nil {
		return nil, err
	}
	accepted := a.now()
	answered, err := a.askBeforeSend(ctx, op, &m, c, accepted)
	if err != nil || answered != nil {
		return answered, err
	}
	var result *Sent
	err = a.view(ctx, m.GroupID, func(g *groupState) error {
		s, request, err := a.admit(ctx, g, op, &m, c)
		if err != nil {
			return err
		}
		request.messages[0].accepted = accepted
		if request.ephemeral && a.readOnly { // nothing would be stored, but nobody be told either
			return store.ErrReadOnly
		}
		results, err := a.appendTold(ctx, g, s, m.TopicID, request)
		switch {
		case errors.Is(err, errSealed):
			return Refuse(CodeGroupNotFound, "group %q does not exist or was dismissed", m.GroupID)
		case err != nil:
			return err
		case results[0].dropped:
			result, err = a.cut()
			return err
		}
		result = &Sent{Time: results[0].time, Seq: results[0].seq}
		if request.ephemeral && !results[0].duplicate {
			a.tellOnlineOnly(ctx, g, s, op, &m, request.messages[0], accepted)
		}
		return nil
	})
	return result, err
}

// cut is the answer to a message that the frequency control stops.
// Errors: CodeMessageFrequency where the operator wants one.
func (a *App) cut() (*Sent, error) {
	if a.settings.GroupThrottleError {
		return nil, Refuse(CodeMessageFrequency, textMessageFrequency)
	}
	return &Sent{Time: a.now(), Dropped: true}, nil
}

// checkMessage checks what can be checked without the group.
func (a *App) checkMessage(m *Message) (*content, error) {
	if m.Random == nil {
		return nil, Refuse(CodeInvalid, "Random is missing")
	}
	if !ValidUserID(m.From) {
		return nil, Refuse(CodeInvalid, "From_Account %q is not a valid UserID", m.From)
	}
	if _, ok := ParsePriority(m.Priority); !ok {
		return nil, Refuse(CodeInvalid, "MsgPriority %q is not High, Normal, Low or Lowest", m.Priority)
	}
	if err := oneOf("SendMsgControl", m.Control, controlNoUnread, controlNoLastMsg, controlMutedNotify, controlNoMsgCheck); err != nil {
		return nil, err
	}
	if err := oneOf("ForbidCallbackControl", m.NoCallback, forbidBeforeSend, forbidAfterSend); err != nil {
		return nil, err
	}
	if m.OnlineOnly && len(m.Control) > 0 {
		return nil, Refuse(CodeInvalid, "SendMsgControl cannot be used with OnlineOnlyFlag")
	}
	if m.To != nil {
		if n := len(*m.To); n == 0 || n > maxRecipients {
			return nil, Refuse(CodeInvalid, "To_Account has %d accounts, must be 1 to %d", n, maxRecipients)
		}
		if len(m.Mentions) > 0 {
			return nil, Refuse(CodeInvalid, "GroupAtInfo cannot be used with To_Account")
		}
	}
	for i, mention := range m.Mentions {
		if !mention.All && mention.Account == "" {
			return nil, Refuse(CodeInvalid, "GroupAtInfo[%d] has neither GroupAtAllFlag 1 nor GroupAt_Account", i)
		}
	}
	if len(m.Mentions) > maxMentions {
		return nil, Refuse(CodeTooManyMentions, "GroupAtInfo has %d items, at most %d", len(m.Mentions), maxMentions)
	}
	return a.checkContent(m.Body, m.CloudCustomData, a.skipsWords(m))
}

// skipsWords reports whether the message may hold refused words.
func (a *App) skipsWords(m *Message) bool {
	return a.settings.NoMsgCheck && slices.Contains(m.Control, controlNoMsgCheck)
}

// oneOf checks the values of a list field.
func oneOf(field string, values []string, allowed ...string) error {
	for _, v := range values {
		if !slices.Contains(allowed, v) {
			return Refuse(CodeInvalid, "%s: %q is unknown", field, v)
		}
	}
	return nil
}

// admit decides whether the group takes the message and makes the append.
// What refuses it only if it is no repeat is left to the append to decide.
func (a *App) admit(ctx context.Context, g *groupState, op Operator, m *Message, c *content) (*stream, *appendRequest, error) {
	if err := g.checkMessageType(m); err != nil {
		return nil, nil, err
	}
	s, topic, err := g.streamOf(ctx, m.TopicID)
	if err != nil {
		return nil, nil, err
	}
	if topic == nil && g.head.SupportTopic && !a.settings.CommunityDirectMessage {
		return nil, nil, Refuse(CodeNotPermitted, "group %q has topics and takes messages with TopicId only", g.id)
	}
	var sender *record.Account
	var refuseMuted error
	err = both(ctx, func(ctx context.Context) (err error) {
		sender, err = a.requireAccount(ctx, m.From)
		return err
	}, func(ctx context.Context) (err error) {
		refuseMuted, err = g.refuseMuted(ctx, m.From, topic)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	recipients, err := g.recipients(ctx, m)
	if err != nil {
		return nil, nil, err
	}
	refuse := cmp.Or(a.refuseGloballyMuted(m.From, sender), refuseMuted)
	if refuse == nil {
		if refuse, err = g.refuseUnpermitted(ctx, m, topic); err != nil {
			return nil, nil, err
		}
	}
	if refuse == nil {
		refuse = g.refuseFeatures(m)
	}
	message := m.record(op, c, recipients)
	if g.rules().besides {
		message.header.Extensible = m.Extensible
		if m.NeedReceipt && refuse == nil {
			if message.receipt, err = g.receipt(ctx, m.From, recipients); err != nil {
				return nil, nil, err
			}
			message.header.NeedsReceipt = true
		}
	}
	if message.header.Tell = a.tellOf(m, g.groupType()); message.header.Tell != 0 {
		message.body.Cause = a.causeOf(op)
	}
	return s, &appendRequest{
		messages: []newMessage{message}, refuse: refuse, throttled: true,
		ephemeral: m.OnlineOnly && g.rules().stored,
	}, nil
}

// checkMessageType checks the fields that depend on the group's type.
func (g *groupState) checkMessageType(m *Message) error {
	t := g.groupType()
	if t == AVChatRoom && len(m.Control) > 0 {
		return Refuse(CodeInvalid, "SendMsgControl cannot be used in an AVChatRoom")
	}
	if t == ChatRoom && slices.Contains(m.Control, controlNoUnread) && !g.app.settings.ChatRoomNoUnread {
		return Refuse(CodeInvalid, "SendMsgControl NoUnread cannot be used in a ChatRoom")
	}
	if m.To != nil && (t == AVChatRoom || t == Community) {
		return Refuse(CodeInvalid, "To_Account cannot be used in groups of type %s", t)
	}
	if t == AVChatRoom && slices.ContainsFunc(m.Mentions, func(m Mention) bool { return m.All }) {
		return Refuse(CodeInvalid, "GroupAtInfo: @all cannot be used in an AVChatRoom")
	}
	return nil
}

// recipients returns the targeted accounts that are members.
// Errors: CodeAccountNotFound, CodeInvalid when none is a member.
func (g *groupState) recipients(ctx context.Context, m *Message) ([]string, error) {
	if m.To == nil {
		return nil, nil
	}
	if err := g.app.requireAccounts(ctx, *m.To...); err != nil {
		return nil, err
	}
	members, err := g.members(ctx, *m.To...)
	if err != nil {
		return nil, err
	}
	var recipients []string
	for _, account := range *m.To {
		if members[account] != nil && !slices.Contains(recipients, account) {
			recipients = append(recipients, account)
		}
	}
	if len(recipients) == 0 {
		return nil, Refuse(CodeInvalid, "To_Account names no member of group %q", g.id)
	}
	return recipients, nil
}

// refuseMuted returns the refusal of a message by a sender who is muted in the
// group or topic: an app administrator never is; individual mutes stop everyone
// else; mute-all spares the owner and admins.
func (g *groupState) refuseMuted(ctx context.Context, sender string, topic *record.Topic) (refuse, err error) {
	if g.app.admins[sender] {
		return nil, nil
	}
	scopes := []uint64{0}
	muteAll := g.head.MuteAll
	if topic != nil {
		scopes = append(scopes, topic.Incarnation)
		muteAll = muteAll || topic.MuteAll
	}
	for _, scope := range scopes {
		mutes, err := g.mutes(ctx, scope, sender)
		if err != nil {
			return nil, err
		}
		if mute := mutes[sender]; mute != nil && int64(mute.Until) > g.app.now() {
			return Refuse(CodeMuted, "sender %q is muted", sender), nil
		}
	}
	if !muteAll {
		return nil, nil
	}
	members, err := g.members(ctx, sender)
	if err != nil {
		return nil, err
	}
	role := g.role(sender, members[sender])
	// While permission groups are on, the Admin role has no powers (spec 02
	// section 8). An AVChatRoom has no member records but may have an owner and
	// admins.
	if role == RoleOwner || role == RoleAdmin && !g.head.EnablePermission || g.head.Owner == sender || g.isRoomAdmin(sender) {
		return nil, nil
	}
	return Refuse(CodeMuted, "all members of the group or topic are muted"), nil
}

// refuseFeatures returns the refusal of a message that asks for what is
// switched off or does not go together.
func (g *groupState) refuseFeatures(m *Message) error {
	settings, t := &g.app.settings, g.groupType()
	if m.To != nil && !settings.TargetedMessages {
		return Refuse(CodeFeatureOff, "To_Account: targeted messages are switched off")
	}
	if !g.rules().besides {
		return nil // the flags are ignored there
	}
	if m.Extensible && !settings.MessageExtensions {
		return Refuse(CodeFeatureOff, "SupportMessageExtension: message extensions are switched off")
	}
	if !m.NeedReceipt {
		return nil
	}
	switch {
	case !slices.Contains(settings.ReadReceipts, t):
		return Refuse(CodeFeatureOff, "NeedReadReceipt: read receipts are switched off for groups of type %s", t)
	case g.head.MemberNum > maxReceiptMembers:
		return Refuse(CodeTooLargeForReceipts, "NeedReadReceipt: the group has %d members, at most %d", g.head.MemberNum, maxReceiptMembers)
	case m.OnlineOnly:
		return Refuse(CodeReceiptOnlineOnly, "NeedReadReceipt cannot be used with OnlineOnlyFlag")
	}
	return nil
}

// record makes the rows of the message.
func (m *Message) record(op Operator, c *content, recipients []string) newMessage {
	priority, _ := ParsePriority(m.Priority)
	message := newMessage{
		digest: sendDigest(m.From, *m.Random, c), passed: m.passed,
		header: &record.Header{
			Sender: m.From, Random: *m.Random, Priority: priority,
			NoUnread:  slices.Contains(m.Control, controlNoUnread),
			NoLastMsg: slices.Contains(m.Control, controlNoLastMsg),
			Targeted:  recipients != nil,
		},
		body: &record.Body{
			MsgBody: c.raw, CloudCustomData: m.CloudCustomData, To: recipients,
		},
	}
	for _, mention := range m.Mentions {
		message.body.Mentions = append(message.body.Mentions, &record.Mention{All: mention.All, Account: mention.Account})
	}
	if op.Account != m.From {
		message.body.Operator = op.Account
	}
	return message
}
