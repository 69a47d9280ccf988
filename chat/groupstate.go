package chat

import (
	"context"
	"fmt"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
	"google.golang.org/protobuf/proto"
)

// groupState is a group as it stood at one version of its partition. Further
// rows are read at the same version or not at all.
type groupState struct {
	app     *App
	id      string
	head    *record.Group // never nil; destroyed where there is no such group
	version store.Version
}

// readGroup reads the head of a group that exists.
// Errors: CodeGroupNotFound.
func (a *App) readGroup(ctx context.Context, groupID string) (*groupState, error) {
	g, err := a.readGroupHead(ctx, groupID)
	if err != nil {
		return nil, err
	}
	if g.head.Destroyed {
		return nil, Refuse(CodeGroupNotFound, "group %q does not exist or was dismissed", groupID)
	}
	return g, nil
}

// readGroupHead reads the head of a group whether or not it exists.
func (a *App) readGroupHead(ctx context.Context, groupID string) (*groupState, error) {
	g := &groupState{app: a, id: groupID, head: &record.Group{Destroyed: true}}
	rows, version, err := a.store.Read(ctx, a.groupPartition(groupID), store.Key(record.GroupKey))
	if err != nil {
		return nil, fmt.Errorf("read group %q: %w", groupID, err)
	}
	g.version = version
	if len(rows[0]) > 0 {
		g.head.Reset()
		if err := decode(rows[0][0], g.head); err != nil {
			return nil, err
		}
	}
	return g, nil
}

func (a *App) groupPartition(groupID string) store.Partition {
	return record.GroupPartition(a.id, groupID)
}

// read returns further rows of the group at the state's version.
// Errors: store.ErrConflict when the group has changed since.
func (g *groupState) read(ctx context.Context, ranges ...store.Range) ([][]store.Row, error) {
	rows, version, err := g.app.store.Read(ctx, g.app.groupPartition(g.id), ranges...)
	if err != nil {
		return nil, fmt.Errorf("read group %q: %w", g.id, err)
	}
	if version != g.version {
		return nil, store.ErrConflict
	}
	return rows, nil
}

// readRow reads one further row at the state's version; m stays as it is where
// there is none.
func (g *groupState) readRow(ctx context.Context, key []byte, m proto.Message) error {
	rows, err := g.read(ctx, store.Key(key))
	if err != nil || len(rows[0]) == 0 {
		return err
	}
	return decode(rows[0][0], m)
}

func (g *groupState) groupType() GroupType { return GroupType(g.head.Type) }

func (g *groupState) rules() typeRules { return rulesOf[g.groupType()] }

// conversation names the group's own stream.
func (g *groupState) conversation() record.ConversationID {
	return record.ConversationID{App: g.app.id, Group: g.id, Incarnation: g.head.Incarnation}
}

// topicConversation names the stream of one of its topics.
func (g *groupState) topicConversation(t *record.Topic) record.ConversationID {
	c := g.conversation()
	c.Topic = t.Incarnation
	return c
}

// members returns the member records of the accounts that are members.
func (g *groupState) members(ctx context.Context, accounts ...string) (map[string]*record.Member, error) {
	return readRecords[record.Member](ctx, g, accounts, func(account string) []byte {
		return record.MemberKey(g.head.Incarnation, account)
	})
}

// mutes returns the mutes of the accounts in a topic, or with topic 0 in the
// group, run out or not.
func (g *groupState) mutes(ctx context.Context, topic uint64, accounts ...string) (map[string]*record.Mute, error) {
	return readRecords[record.Mute](ctx, g, accounts, func(account string) []byte {
		return record.MuteKey(g.head.Incarnation, topic, account)
	})
}

// topicMembers returns what the accounts have in a topic.
func (g *groupState) topicMembers(ctx context.Context, topic uint64, accounts ...string) (map[string]*record.TopicMember, error) {
	return readRecords[record.TopicMember](ctx, g, accounts, func(account string) []byte {
		return record.TopicMemberKey(g.head.Incarnation, topic, account)
	})
}

// readRecords reads one row per name, all at the state's version, and leaves
// out the names without one.
func readRecords[R any, M interface {
	*R
	proto.Message
}, N comparable](ctx context.Context, g *groupState, names []N, key func(N) []byte) (map[N]M, error) {
	found := map[N]M{}
	if len(names) == 0 {
		return found, nil
	}
	ranges := make([]store.Range, len(names))
	for i, name := range names {
		ranges[i] = store.Key(key(name))
	}
	rows, err := g.read(ctx, ranges...)
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		if len(rows[i]) == 0 {
			continue
		}
		m := M(new(R))
		if err := decode(rows[i][0], m); err != nil {
			return nil, err
		}
		found[name] = m
	}
	return found, nil
}

// readAll reads the rows whose keys begin with a prefix, all at the state's
// version, by what follows the prefix.
func readAll[R any, M interface {
	*R
	proto.Message
}](ctx context.Context, g *groupState, prefix []byte) (map[string]M, error) {
	rows, err := g.read(ctx, store.Prefix(prefix))
	if err != nil {
		return nil, err
	}
	found := map[string]M{}
	for _, row := range rows[0] {
		m := M(new(R))
		if err := decode(row, m); err != nil {
			return nil, err
		}
		found[string(row.Key[len(prefix):])] = m
	}
	return found, nil
}

// topic returns one topic of the group, or nil.
func (g *groupState) topic(ctx context.Context, topicID string) (*record.Topic, error) {
	found, err := readRecords[record.Topic](ctx, g, []string{topicID}, func(id string) []byte {
		return record.TopicKey(g.head.Incarnation, id)
	})
	if err != nil {
		return nil, err
	}
	return found[topicID], nil
}

// namedTopic is a topic with its id.
type namedTopic struct {
	id     string
	record *record.Topic
}

// topics returns the group's topics in the order of their ids.
func (g *groupState) topics(ctx context.Context) ([]namedTopic, error) {
	prefix := record.TopicKey(g.head.Incarnation, "")
	rows, err := g.read(ctx, store.Prefix(prefix))
	if err != nil {
		return nil, err
	}
	topics := make([]namedTopic, len(rows[0]))
	for i, row := range rows[0] {
		topics[i] = namedTopic{id: string(row.Key[len(prefix):]), record: &record.Topic{}}
		if err := decode(row, topics[i].record); err != nil {
			return nil, err
		}
	}
	return topics, nil
}

// groupChange is a change of one group, staged and then committed whole.
type groupChange struct {
	*groupState
	before    *record.Group
	mutations []store.Mutation
	tips      bool
	tells     bool // it stages events
	touched   bool
	orders    map[uint64]string // that the index of members is to change, see order
	departed  []*record.Member  // who left permission groups with the group
	condemned bool              // something was listed for the cleanup
}

// changeGroup runs change on a group that exists and commits what it staged,
// from the start again when another writer was first. Tips that it staged are
// in the log when changeGroup returns, or for whoever looks at the stream next.
// Errors: CodeGroupNotFound and those of change.
func (a *App) changeGroup(ctx context.Context, groupID string, change func(*groupChange) error) error {
	return a.changeGroupHead(ctx, groupID, func(g *groupChange) error {
		if g.head.Destroyed {
			return Refuse(CodeGroupNotFound, "group %q does not exist or was dismissed", groupID)
		}
		return change(g)
	})
}

// changeGroupHead is changeGroup for groups that need not exist.
func (a *App) changeGroupHead(ctx context.Context, groupID string, change func(*groupChange) error) error {
	defer a.groupLocks.lock(groupID)()
	var done *groupChange
	err := retry(ctx, func() error {
		state, err := a.readGroupHead(ctx, groupID)
		if err != nil {
			return err
		}
		g := &groupChange{groupState: state, before: proto.CloneOf(state.head)}
		if err := change(g); err != nil {
			return err
		}
		done = g
		return g.commit(ctx)
	})
	if err != nil {
		if done != nil && done.tells && CodeOf(err) == CodeInternal {
			a.deliverer.wake(record.GroupLane(groupID)) // it may have come through all the same
		}
		return err
	}
	if done.condemned {
		a.cleanSoon()
	}
	if done.tells {
		a.outbox.marked(context.WithoutCancel(ctx), record.GroupLane(groupID), &record.EventMark{})
	}
	if done.tips {
		// The change is durable; its tips are appended whatever becomes of the
		// caller, and by the next reader of the stream if this fails. The caller
		// must not hear of that: he would take back or repeat what is done.
		if err := a.flushTips(context.WithoutCancel(ctx), done.groupState); err != nil {
			a.log.Error("tips of a change are delayed", "error", err)
		}
	}
	return nil
}

func (g *groupChange) commit(ctx context.Context) error {
	if g.tells {
		if err := g.app.outbox.mark(ctx, record.GroupLane(g.id), &record.EventMark{}); err != nil {
			return err
		}
	}
	if g.tips {
		if err := g.removeTips(ctx); err != nil {
			return err
		}
	}
	if err := g.stageOrders(ctx); err != nil {
		return err
	}
	if err := g.unindexDeparted(ctx); err != nil {
		return err
	}
	if !proto.Equal(g.before, g.head) {
		g.set(record.GroupKey, g.head)
	}
	if len(g.mutations) == 0 && !g.touched {
		return nil
	}
	if _, err := g.app.store.Commit(ctx, g.app.groupPartition(g.id), g.version, g.mutations); err != nil {
		return fmt.Errorf("change group %q: %w", g.id, err)
	}
	return nil
}

// touch moves the group's version even where nothing else was staged, so that
// a change that was decided on the state before cannot commit after.
func (g *groupChange) touch() { g.touched = true }

func (g *groupChange) set(key []byte, m proto.Message) {
	g.mutations = append(g.mutations, store.Set(key, encode(m)))
}

func (g *groupChange) delete(key []byte) {
	g.mutations = append(g.mutations, store.Delete(key))
}

// renew empties the head but for the events that the application is to be told
// of, which outlive the group.
func (g *groupChange) renew() {
	events := g.head.Events
	g.head.Reset()
	g.head.Events = events
}

// setMember stages a member record.
func (g *groupChange) setMember(account string, m *record.Member) {
	g.set(record.MemberKey(g.head.Incarnation, account), m)
}

// addMember stages the record of a new member and counts it. The record's
// Order is set here.
func (g *groupChange) addMember(account string, m *record.Member) {
	m.Order = g.head.NextOrder
	g.head.NextOrder++
	g.head.MemberNum++
	g.setMember(account, m)
	g.order(m.Order, account)
	if m.Role == RoleAdmin {
		g.indexAdmin(account, m)
	}
}

// setRole stages another role of a member: RoleAdmin, or "" for a plain one.
func (g *groupChange) setRole(account string, m *record.Member, role string) {
	if m.Role == role {
		return
	}
	m.Role = role
	g.setMember(account, m)
	if role == RoleAdmin {
		g.indexAdmin(account, m)
	} else {
		g.delete(record.AdminKey(g.head.Incarnation, m.Order))
	}
}

func (g *groupChange) indexAdmin(account string, m *record.Member) {
	g.mutations = append(g.mutations, store.Set(record.AdminKey(g.head.Incarnation, m.Order), []byte(account)))
}

// removeMember stages the end of a membership.
func (g *groupChange) removeMember(account string, m *record.Member) {
	g.head.MemberNum--
	g.delete(record.MemberKey(g.head.Incarnation, account))
	g.order(m.Order, "")
	if m.Role == RoleAdmin {
		g.delete(record.AdminKey(g.head.Incarnation, m.Order))
	}
	g.leavePermissionGroups(m)
	if g.head.Owner == account {
		g.head.Owner = ""
	}
}

// setMute stages the end of a mute, in a topic or with topic 0 in the group;
// 0 lifts it.
func (g *groupChange) setMute(topic uint64, account string, until uint32) {
	key := record.MuteKey(g.head.Incarnation, topic, account)
	if until == 0 {
		g.delete(key)
		return
	}
	g.set(key, &record.Mute{Until: until})
}

// tip stages a stored tip (spec 04 section 1.5) with its JSON body. The read
// position of the accounts that joined moves to the tip.
func (g *groupChange) tip(body []byte, joined ...string) {
	g.head.TipsIssued++
	g.set(record.TipIntentKey(g.head.Incarnation, g.head.TipsIssued), &record.TipIntent{
		Body: body, Time: g.app.now(), Random: newRandom(), Joined: joined,
	})
	g.tips = true
}

// role is the role of a member record.
func (g *groupState) role(account string, m *record.Member) string {
	switch {
	case m == nil:
		return RoleNotMember
	case g.head.Owner == account:
		return RoleOwner
	case m.Role == RoleAdmin:
		return RoleAdmin
	}
	return RoleMember
}

// Roles of a member; NotMember is only ever an answer.
const (
	RoleOwner     = "Owner"
	RoleAdmin     = "Admin"
	RoleMember    = "Member"
	RoleNotMember = "NotMember"
)
