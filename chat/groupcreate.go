package chat

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// NewGroup is a group that is to be created (doc 34895) or imported (doc
// 34967). Empty strings and nil are not given.
type NewGroup struct {
	ID                                string // "" has the id generated
	Type                              string // a canonical or product name
	Name                              string
	Introduction, Notification        string
	FaceURL                           string
	Owner                             string
	MaxMemberNum                      *int64 // 0 is not given
	ApplyJoinOption, InviteJoinOption string
	SupportTopic                      bool
	EnablePermission                  bool
	DefaultPermission                 *int64
	Custom                            []Field
	Members                           []NewMember // not in an import
	CreateTime                        int64       // of an import, Unix seconds; 0 is now
}

// NewMember is a first member of a new group.
type NewMember struct {
	Account  string
	Role     string // "", "Admin" or "Member"
	NameCard string
	Custom   []Field
}

// CreatedGroup is the answer to CreateGroup.
type CreatedGroup struct {
	ID   string
	Type GroupType
}

const maxNameCardBytes = 50

// creation is a checked request on its way to the store.
type creation struct {
	app      *App
	request  NewGroup
	kind     GroupType
	operator Operator
	imported bool
	id       string
	number   uint64 // in the directory
	now      int64
	joinIDs  map[string]uint64
	members  []NewMember // without the owner and each account once
	custom   []*record.Field
}

// CreateGroup makes a group with its owner and first members, all or nothing,
// and writes no tip.
// Errors: CodeInvalid, CodeTooManyAccounts, CodeTooFrequent, CodeNotPermitted,
// CodeAccountNotFound, CodeGroupIDInUse, CodeGroupIDInUseByOwner,
// CodeLiveRoomQuota, CodeUserGroupQuota, CodeMemberQuota, CodeGroupQuota,
// CodeCommunityOff, CodeTextRefused, CodeRefusedByBackend and the backend's own.
func (a *App) CreateGroup(ctx context.Context, op Operator, r NewGroup) (*CreatedGroup, error) {
	return a.makeGroup(ctx, &creation{app: a, request: r, operator: op})
}

// ImportGroup makes a group of another system's past: without members but its
// owner, and with its own time of creation.
// Errors: as CreateGroup, but CodeGroupIDInUse whoever owns the id, and never
// CodeTooManyAccounts and CodeTooFrequent.
func (a *App) ImportGroup(ctx context.Context, op Operator, r NewGroup) (*CreatedGroup, error) {
	return a.makeGroup(ctx, &creation{app: a, request: r, operator: op, imported: true})
}

func (a *App) makeGroup(ctx context.Context, c *creation) (*CreatedGroup, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if err := c.ask(ctx); err != nil {
		return nil, err
	}
	for {
		c.id = c.request.ID
		if c.id == "" {
			c.id = generateGroupID(c.kind)
		}
		c.number = 0
		err := a.changeGroupHead(ctx, c.id, func(g *groupChange) error { return c.stage(ctx, g) })
		if errors.Is(err, store.ErrUnknown) && c.exists(ctx) {
			err = nil
		}
		switch {
		case err == nil:
			return &CreatedGroup{ID: c.id, Type: c.kind}, nil
		case c.request.ID == "" && CodeOf(err) == CodeGroupIDInUse:
			continue // 55 random bits met an id that somebody has
		case !errors.Is(err, store.ErrUnknown):
			c.withdraw(context.WithoutCancel(ctx))
		}
		return nil, err
	}
}

// check checks the form of the request.
// Errors: CodeInvalid, CodeTooManyAccounts.
func (c *creation) check() error {
	a, r := c.app, &c.request
	kind, ok := ParseGroupType(r.Type)
	if !ok {
		return Refuse(CodeInvalid, "Type %q is not a group type", r.Type)
	}
	c.kind = kind
	if err := a.checkProfile(c.profile()); err != nil {
		return err
	}
	if r.Owner != "" && !ValidUserID(r.Owner) {
		return Refuse(CodeInvalid, "Owner_Account is not a UserID")
	}
	for i, m := range r.Members {
		if err := a.checkNewMember(i, m); err != nil {
			return err
		}
	}
	if now := a.now(); r.CreateTime < 0 || r.CreateTime > now {
		return Refuse(CodeInvalid, "CreateTime %d is not between 1 and now, %d", r.CreateTime, now)
	}
	if r.ID != "" {
		if err := checkNewGroupID(r.ID, kind); err != nil {
			return err
		}
	}
	var err error
	if c.custom, err = a.groupFields().merge(nil, r.Custom); err != nil {
		return err
	}
	if len(r.Members) > a.settings.MaxInitialMembers {
		return Refuse(CodeTooManyAccounts, "MemberList has %d entries, at most %d", len(r.Members), a.settings.MaxInitialMembers)
	}
	return c.mergeMembers()
}

func (c *creation) profile() *groupProfile {
	r := &c.request
	return &groupProfile{
		Name: &r.Name, Introduction: &r.Introduction, Notification: &r.Notification, FaceURL: &r.FaceURL,
		MaxMemberNum: r.MaxMemberNum, ApplyJoinOption: r.ApplyJoinOption, InviteJoinOption: r.InviteJoinOption,
		Custom: r.Custom,
	}
}

func (a *App) checkNewMember(i int, m NewMember) error {
	switch {
	case m.Account == "":
		return Refuse(CodeInvalid, "MemberList[%d].Member_Account is missing", i)
	case m.Role != "" && m.Role != RoleAdmin && m.Role != RoleMember:
		return Refuse(CodeInvalid, "MemberList[%d].Role %q is not Admin or Member", i, m.Role)
	case len(m.NameCard) > maxNameCardBytes:
		return Refuse(CodeInvalid, "MemberList[%d].NameCard has %d bytes, at most %d", i, len(m.NameCard), maxNameCardBytes)
	}
	return a.memberFields().check(m.Custom)
}

// mergeMembers makes one entry of several of one account, of which the later
// counts, and puts the owner first.
// Errors: CodeInvalid.
func (c *creation) mergeMembers() error {
	var merged []NewMember
	if c.request.Owner != "" {
		merged = append(merged, NewMember{Account: c.request.Owner})
	}
	for _, m := range c.request.Members {
		i := slices.IndexFunc(merged, func(earlier NewMember) bool { return earlier.Account == m.Account })
		if i < 0 {
			merged = append(merged, m)
			continue
		}
		if m.Role != "" {
			merged[i].Role = m.Role
		}
		if m.NameCard != "" {
			merged[i].NameCard = m.NameCard
		}
		merged[i].Custom = append(slices.Clone(merged[i].Custom), m.Custom...)
	}
	for _, m := range merged {
		if _, err := c.app.memberFields().merge(nil, m.Custom); err != nil {
			return err
		}
	}
	c.members = merged
	return nil
}

// stage does one attempt: everything is checked on the state that the commit
// will find, or the commit fails.
func (c *creation) stage(ctx context.Context, g *groupChange) error {
	if !g.head.Destroyed {
		return c.inUse(g.head.Owner)
	}
	if err := c.permit(ctx); err != nil {
		return err
	}
	c.now = c.app.now()
	if err := c.index(ctx); err != nil {
		return err
	}
	// An account that was deleted before the index named this group was not
	// told to leave it; one that is deleted from now on is.
	if err := c.app.requireAccounts(ctx, c.accounts()...); err != nil {
		return err
	}
	g.renew()
	c.fill(g.head, g.before.Incarnation+1)
	if err := c.tell(ctx, g); err != nil {
		return err
	}
	if c.kind == AVChatRoom {
		g.head.OwnerJoinId = c.joinIDs[c.request.Owner]
		return nil
	}
	for _, m := range c.members {
		custom, err := c.app.memberFields().merge(nil, m.Custom)
		if err != nil {
			return err
		}
		member := &record.Member{
			JoinTime: g.head.CreateTime, NameCard: m.NameCard, Custom: custom, JoinId: c.joinIDs[m.Account],
		}
		if m.Role == RoleAdmin && m.Account != c.request.Owner {
			member.Role = RoleAdmin
		}
		g.addMember(m.Account, member)
	}
	return nil
}

// inUse refuses an id that is taken. Programs in the wild compare the texts.
func (c *creation) inUse(owner string) error {
	claimant := c.request.Owner
	if claimant == "" {
		claimant = c.operator.Account
	}
	if !c.imported && owner == claimant && c.request.ID != "" {
		return Refuse(CodeGroupIDInUseByOwner, "group id has be used by youself!")
	}
	return Refuse(CodeGroupIDInUse, "group id has be used!")
}

// permit checks what is not a matter of form, in the order of spec 02 section 6.
func (c *creation) permit(ctx context.Context) error {
	a, r := c.app, &c.request
	if c.kind == AVChatRoom && (c.imported || len(r.Members) > 0) {
		return Refuse(CodeNotPermitted, "an AVChatRoom has no stored members and cannot be imported")
	}
	if !rulesOf[c.kind].admins && slices.ContainsFunc(r.Members, func(m NewMember) bool { return m.Role == RoleAdmin }) {
		return Refuse(CodeNotPermitted, "a %s group has no admins", c.kind)
	}
	if err := a.requireAccounts(ctx, c.accounts()...); err != nil {
		return err
	}
	if err := a.requireType(c.kind); err != nil {
		return err
	}
	if err := a.checkCeiling(c.kind, r.MaxMemberNum); err != nil {
		return err
	}
	if most := c.maxMemberNum(); c.kind != AVChatRoom && len(c.members) > int(most) {
		return Refuse(CodeMemberQuota, "%d first members are more than the group may have, %d", len(c.members), most)
	}
	if err := a.requireGroupQuota(ctx, c.accounts()...); err != nil {
		return err
	}
	return a.checkProfileWords(c.profile())
}

// accounts are the owner and the first members.
func (c *creation) accounts() []string {
	accounts := make([]string, len(c.members))
	for i, m := range c.members {
		accounts[i] = m.Account
	}
	return accounts
}

func (c *creation) maxMemberNum() uint32 {
	ceiling := c.app.memberCeiling(c.kind)
	if n := c.request.MaxMemberNum; n != nil && *n > 0 && c.kind != AVChatRoom {
		return uint32(min(*n, math.MaxUint32))
	}
	if preset := c.app.settings.ImportMaxMemberDefault; c.imported && preset > 0 && c.kind != Community {
		return min(uint32(preset), ceiling)
	}
	return ceiling
}

// index enters the group in the directory, once unless that takes so long that
// another process may take the entry for one that was left behind, and in its
// members' indexes, at each attempt anew: an entry of an earlier attempt may be one
// that the deletion of an account has just dealt with.
func (c *creation) index(ctx context.Context) error {
	d := c.app.directory
	if c.number != 0 && d.age(c.number) > staleAfter/2 {
		if err := d.leave(ctx, c.kind, c.number, c.id); err != nil {
			return err
		}
		c.number = 0
	}
	if c.number == 0 {
		c.number = d.nextNumber()
		if err := d.enter(ctx, c.kind, c.number, c.id, !c.imported); err != nil {
			return err
		}
	}
	if err := c.app.unindexMembers(ctx, c.id, c.joinIDs); err != nil {
		return err
	}
	c.joinIDs = map[string]uint64{}
	for _, account := range c.accounts() {
		c.joinIDs[account] = newJoinID()
	}
	return c.app.indexMembers(ctx, c.id, c.joinIDs)
}

// fill makes the head of the new group.
func (c *creation) fill(head *record.Group, incarnation uint64) {
	r, rules := &c.request, rulesOf[c.kind]
	head.Incarnation = incarnation
	head.Type = string(c.kind)
	head.Name, head.Introduction, head.Notification, head.FaceUrl = r.Name, r.Introduction, r.Notification, r.FaceURL
	head.Owner = r.Owner
	head.CreateTime = c.now
	if r.CreateTime > 0 {
		head.CreateTime = r.CreateTime
	}
	head.InfoSeq, head.LastInfoTime = 1, head.CreateTime
	head.MaxMemberNum = c.maxMemberNum()
	head.ApplyJoinOption = rules.applyDefault
	if rules.applySettable && r.ApplyJoinOption != "" {
		head.ApplyJoinOption = r.ApplyJoinOption
	}
	head.InviteJoinOption = rules.inviteDefault
	if rules.inviteDefault != "" && r.InviteJoinOption != "" {
		head.InviteJoinOption = r.InviteJoinOption
	}
	head.HistoryBeforeJoin = rules.historyOption && slices.Contains(c.app.settings.HistoryBeforeJoin, c.kind)
	head.SupportTopic = c.kind == Community && r.SupportTopic
	if head.SupportTopic && r.EnablePermission {
		head.EnablePermission, head.DefaultPermission = true, defaultPermission
		if r.DefaultPermission != nil {
			head.DefaultPermission = *r.DefaultPermission
		}
	}
	head.Custom = c.custom
	head.Number = c.number
}

// exists reports whether the group is there although its commit did not say so.
func (c *creation) exists(ctx context.Context) bool {
	g, err := c.app.readGroupHead(context.WithoutCancel(ctx), c.id)
	return err == nil && !g.head.Destroyed && g.head.Number == c.number
}

// withdraw takes back what was entered for a group that did not come to be.
// What is left of it if this fails is ignored by every reader.
func (c *creation) withdraw(ctx context.Context) {
	if c.joinIDs == nil {
		return
	}
	// Another process that made the group of this id at the same microsecond has
	// entered the very same.
	var err error
	if !c.exists(ctx) {
		err = c.app.directory.leave(ctx, c.kind, c.number, c.id)
	}
	if err = errors.Join(err, c.app.unindexMembers(ctx, c.id, c.joinIDs)); err != nil {
		c.app.log.Warn("index entries of a group that was not created are left over", "error", err)
	}
}
