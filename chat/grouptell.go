package chat

import (
	"context"
	"slices"

	"github.com/recant-chat/recant/store/record"
)

// ask asks the application's backend about a new group that passes all other
// checks.
// Errors: those of CreateGroup.
func (c *creation) ask(ctx context.Context) error {
	a, r := c.app, &c.request
	if c.imported || !a.wants(CallbackBeforeCreateGroup) {
		return nil
	}
	if r.ID != "" {
		g, err := a.readGroupHead(ctx, r.ID)
		if err != nil {
			return err
		}
		if !g.head.Destroyed {
			return c.inUse(g.head.Owner)
		}
	}
	if err := c.permit(ctx); err != nil {
		return err
	}
	if err := a.directory.checkQuotas(ctx, c.kind, true); err != nil {
		return err
	}
	owned, err := a.ownedNum(ctx, r.Owner, c.kind)
	if err != nil {
		return err
	}
	_, err = a.ask(ctx, c.operator, CallbackBeforeCreateGroup, &beforeCreateGroupEvent{
		Command: CallbackBeforeCreateGroup, Operator: c.operator.Account, Owner: r.Owner, Type: string(c.kind), Name: r.Name,
		OwnedNum: owned, Members: eventMembers(c.initial()), EventTime: a.eventTime(),
	})
	return err
}

// initial are the accounts of the request's MemberList, each once.
func (c *creation) initial() []string {
	var accounts []string
	for _, m := range c.request.Members {
		if !slices.Contains(accounts, m.Account) {
			accounts = append(accounts, m.Account)
		}
	}
	return accounts
}

// ownedNum is how many groups of a type an account owns; "" owns none.
func (a *App) ownedNum(ctx context.Context, owner string, t GroupType) (int, error) {
	if owner == "" {
		return 0, nil
	}
	entries, err := a.memberships(ctx, owner)
	if err != nil {
		return 0, err
	}
	owned, seen := 0, map[string]bool{}
	for _, entry := range entries {
		if seen[entry.group] {
			continue
		}
		seen[entry.group] = true
		g, err := a.readGroupHead(ctx, entry.group)
		if err != nil {
			return 0, err
		}
		if g.groupType() == t && g.head.Owner == owner { // neither is left of a group that was destroyed
			owned++
		}
	}
	return owned, nil
}

// tell stages the events of a new group.
func (c *creation) tell(ctx context.Context, g *groupChange) error {
	if c.imported {
		return nil
	}
	e := &afterCreateGroupEvent{
		Command: CallbackAfterCreateGroup, GroupID: g.id, Operator: c.operator.Account, Owner: c.request.Owner,
		Type: string(c.kind), Name: c.request.Name, Members: eventMembers(c.initial()), EventTime: c.app.eventTime(),
	}
	for _, f := range c.custom {
		e.Custom = append(e.Custom, eventField{f.Key, f.Value})
	}
	g.event(c.operator, e.Command, e)
	quota := c.app.settings.MaxGroupsPerDay
	if quota == 0 || c.kind == Community || !c.app.wants(CallbackGroupQuotaAlarm) {
		return nil
	}
	used, err := c.app.directory.grownToday(ctx) // with this one
	if err == nil && used*10 > quota*7 {
		g.event(c.operator, CallbackGroupQuotaAlarm, &groupQuotaEvent{
			Command: CallbackGroupQuotaAlarm, Used: used, Quota: quota, EventTime: c.app.eventTime(),
		})
	}
	return err
}

// ask asks the application's backend who of the accounts may be added.
// Errors: those of AddMembers.
func (j *joining) ask(ctx context.Context) error {
	a := j.app
	if j.imported || !a.wants(CallbackBeforeInvite) {
		return nil
	}
	var question *beforeInviteEvent
	err := a.view(ctx, j.groupID, func(g *groupState) error {
		question = nil
		fresh, err := j.admit(ctx, g)
		if err != nil || len(fresh) == 0 {
			return err
		}
		question = &beforeInviteEvent{
			eventSubject: g.subject(CallbackBeforeInvite), Operator: j.operator.Account,
			Members: eventMembers(accountsOf(fresh)), EventTime: a.eventTime(),
		}
		return nil
	})
	if err != nil || question == nil {
		return err
	}
	answer, err := a.ask(ctx, j.operator, CallbackBeforeInvite, question)
	if err != nil {
		return err
	}
	j.refused = answer.RefusedMembers
	return nil
}

// tellJoined stages the events of accounts that join.
func (j *joining) tellJoined(g *groupChange, accounts []string) {
	g.event(j.operator, CallbackAfterJoin, &joinEvent{
		eventSubject: g.subject(CallbackAfterJoin), JoinType: "Invited", Operator: j.operator.Account,
		Members: eventMembers(accounts), EventTime: j.app.eventTime(),
	})
	if g.head.MemberNum >= g.head.MaxMemberNum {
		g.tellFull(j.operator)
	}
}

func (g *groupChange) tellFull(op Operator) {
	g.event(op, CallbackAfterGroupFull, &groupFullEvent{
		Command: CallbackAfterGroupFull, GroupID: g.id, EventTime: g.app.eventTime(),
	})
}

// tellFull tells that nobody could join because the group is full.
func (j *joining) tellFull(ctx context.Context) {
	if j.imported || !j.app.wants(CallbackAfterGroupFull) {
		return
	}
	err := j.app.changeGroup(ctx, j.groupID, func(g *groupChange) error {
		g.tellFull(j.operator)
		return nil
	})
	if err != nil && CodeOf(err) != CodeGroupNotFound {
		j.app.log.Error("an event was lost", "command", CallbackAfterGroupFull, "error", err)
	}
}

// tellExit stages the event of members who were removed.
func (g *groupChange) tellExit(op Operator, accounts []string) {
	g.event(op, CallbackAfterExit, &exitEvent{
		eventSubject: g.subject(CallbackAfterExit), ExitType: "Kicked", Operator: op.Account,
		Members: eventMembers(accounts), EventTime: g.app.eventTime(),
	})
}

// tellDestroyed stages the event of a group that is about to be destroyed.
func (g *groupChange) tellDestroyed(ctx context.Context, op Operator) error {
	if !g.app.wants(CallbackAfterDestroyed) {
		return nil
	}
	e := &destroyedEvent{
		eventSubject: g.subject(CallbackAfterDestroyed), Owner: g.head.Owner, Name: g.head.Name, EventTime: g.app.eventTime(),
	}
	if t := g.groupType(); t != Community && t != AVChatRoom {
		e.Members = []eventMember{}
		var members []orderedMember
		if g.head.MemberNum > 0 { // else this change has removed the last ones
			var err error
			if members, err = g.membersInOrder(ctx); err != nil {
				return err
			}
		}
		bytes := 0
		for _, m := range members {
			if bytes += len(m.account) + len(`{"Member_Account":""},`); bytes > maxEventBytes {
				break // more than any group of these types has by default
			}
			e.Members = append(e.Members, eventMember{m.account})
		}
	}
	g.event(op, e.Command, e)
	return nil
}

// tellInfoChanged stages the event of a change that was asked for of one of the
// four texts, whatever it was before.
func (g *groupChange) tellInfoChanged(op Operator, operator string, r *GroupChanges) {
	e := &infoChangedEvent{
		Command: CallbackAfterInfoChanged, GroupID: g.id, Type: g.head.Type, Operator: operator,
		Name: r.Name, Introduction: r.Introduction, Notification: r.Notification, FaceURL: r.FaceURL,
		EventTime: g.app.eventTime(),
	}
	if !e.changesNothing() {
		g.event(op, e.Command, e)
	}
}

// tellMemberChanged stages the event of a member's role or name card, as it was
// asked for.
func (g *groupChange) tellMemberChanged(op Operator, r *MemberChanges) {
	if r.Role == "" && r.NameCard == nil {
		return
	}
	g.event(op, CallbackAfterMemberChanged, &memberChangedEvent{
		eventSubject: g.subject(CallbackAfterMemberChanged), Operator: op.Account, Member: r.Account, Modified: r.Account,
		Role: r.Role, NameCard: r.NameCard, EventTime: g.app.eventTime(),
	})
}

// tellAttributes stages the event of a write of the group's attributes.
func (g *groupChange) tellAttributes(op Operator, option AttributeOption, given []Attribute) {
	e := &attributesEvent{
		eventSubject: g.subject(CallbackAfterAttrChanged), Operator: op.Account, Option: option,
		Attributes: make([]eventAttribute, len(given)), EventTime: g.app.eventTime(),
	}
	for i, attribute := range given {
		e.Attributes[i] = eventAttribute{attribute.Key, attribute.Value}
	}
	g.event(op, e.Command, e)
}

// askBeforeTopic asks the application's backend about a topic that passes all
// other checks.
// Errors: those of CreateTopic.
func (a *App) askBeforeTopic(ctx context.Context, op Operator, r *NewTopic) error {
	if !a.wants(CallbackBeforeCreateTopic) {
		return nil
	}
	err := a.view(ctx, r.GroupID, func(g *groupState) error {
		return (&groupChange{groupState: g, before: g.head}).stageTopic(ctx, r, r.ID, &op) // and never committed
	})
	if err != nil {
		return err
	}
	_, err = a.ask(ctx, op, CallbackBeforeCreateTopic, &beforeCreateTopicEvent{
		Command: CallbackBeforeCreateTopic, Operator: r.operator(op), Type: string(Community), Name: r.Name,
		GroupID: r.GroupID, EventTime: a.eventTime(),
	})
	return err
}

// operator is in whose name a topic is made.
func (r *NewTopic) operator(op Operator) string {
	if r.From != "" {
		return r.From
	}
	return op.Account
}

// tellTopicCreated stages the event of a new topic.
func (g *groupChange) tellTopicCreated(op Operator, r *NewTopic, id string) {
	g.event(op, CallbackAfterCreateTopic, &afterCreateTopicEvent{
		Command: CallbackAfterCreateTopic, GroupID: g.id, TopicID: id, Operator: r.operator(op), Owner: g.head.Owner,
		Type: g.head.Type, Name: r.Name, EventTime: g.app.eventTime(),
	})
}

// tellTopicChanged stages the event of a change that was asked for of one of a
// topic's four texts.
func (g *groupChange) tellTopicChanged(op Operator, r *TopicChanges) {
	e := &infoChangedEvent{
		Command: CallbackAfterTopicChanged, GroupID: g.id, TopicID: r.ID, Type: g.head.Type, Operator: r.From,
		Name: r.Name, Introduction: r.Introduction, Notification: r.Notification, FaceURL: r.FaceURL,
		EventTime: g.app.eventTime(),
	}
	if e.Operator == "" {
		e.Operator = op.Account
	}
	if !e.changesNothing() {
		g.event(op, e.Command, e)
	}
}

// tellTopicsDestroyed stages the event of topics that are destroyed.
func (g *groupChange) tellTopicsDestroyed(op Operator, dead []*record.DeadTopic) {
	e := &topicsDestroyedEvent{eventSubject: g.subject(CallbackAfterTopicsGone), EventTime: g.app.eventTime()}
	for _, t := range dead {
		e.TopicIDs = append(e.TopicIDs, t.TopicId)
	}
	g.event(op, e.Command, e)
}
