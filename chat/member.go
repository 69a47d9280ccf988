package chat

import (
	"context"
	"math"
	"slices"

	"github.com/recant-chat/recant/store/record"
)

// maxRoleAccounts bounds the accounts of one question for roles.
const maxRoleAccounts = 500

// Roles returns the roles of 1 to 500 accounts in a group, in order, with
// RoleNotMember for everyone else, known or not (doc 34963).
// Errors: CodeInvalid, CodeTooManyAccounts, CodeNotPermitted, CodeBadGroupID,
// CodeGroupNotFound, CodeCommunityOff.
func (a *App) Roles(ctx context.Context, groupID string, accounts []string) ([]string, error) {
	if err := checkAccountList("User_Account", accounts, maxRoleAccounts); err != nil {
		return nil, err
	}
	var roles []string
	err := a.view(ctx, groupID, func(g *groupState) error {
		if err := g.requireMembers(); err != nil {
			return err
		}
		members, err := g.members(ctx, wellFormed(accounts)...)
		if err != nil {
			return err
		}
		roles = make([]string, len(accounts))
		for i, account := range accounts {
			roles[i] = g.role(account, members[account])
		}
		return nil
	})
	return roles, err
}

// MemberChanges are the changes of one member's record (doc 34900). nil and
// the empty names of a role and a receive option are not given.
type MemberChanges struct {
	GroupID     string
	TopicID     string // MsgFlag and MuteSeconds are then those of the topic; nothing else can be given
	Account     string
	Role        string  // Admin or Member
	MsgFlag     string  // one of the receive options
	NameCard    *string // at most 50 bytes
	Custom      []Field // "" removes a key
	MuteSeconds *uint32 // from now on; 0 ends a mute, 4294967295 is for ever
}

// ModifyMember changes any part of a member's record, all or nothing.
// Errors: CodeInvalid, CodeNotPermitted, CodeBadGroupID, CodeGroupNotFound
// (also for the topic), CodeCommunityOff, CodeTextRefused.
func (a *App) ModifyMember(ctx context.Context, op Operator, r MemberChanges) error {
	if err := r.check(a); err != nil {
		return err
	}
	if err := CheckGroupID(r.GroupID); err != nil {
		return err
	}
	return a.changeGroup(ctx, r.GroupID, func(g *groupChange) error {
		if err := g.requireServed(); err != nil {
			return err
		}
		topic, err := g.optionalTopic(ctx, r.TopicID)
		if err != nil {
			return err
		}
		if err := g.requireMembers(); err != nil {
			return err
		}
		m, err := g.requireMember(ctx, r.Account)
		if err != nil {
			return err
		}
		if err := g.permitMemberChange(&r); err != nil {
			return err
		}
		if err := r.checkWords(a); err != nil {
			return err
		}
		if topic != nil {
			return g.modifyInTopic(ctx, op, topic, m, &r)
		}
		g.tellMemberChanged(op, &r)
		return g.modifyMember(ctx, op, m, &r)
	})
}

// check checks the form of the request.
// Errors: CodeInvalid.
func (r *MemberChanges) check(a *App) error {
	switch {
	case !ValidUserID(r.Account):
		return Refuse(CodeInvalid, "Member_Account is missing or not a UserID")
	case r.Role != "" && r.Role != RoleAdmin && r.Role != RoleMember:
		return Refuse(CodeInvalid, "Role %q is not Admin or Member", r.Role)
	case r.MsgFlag != "" && !slices.Contains(receiveOptions, r.MsgFlag):
		return Refuse(CodeInvalid, "MsgFlag %q is not a receive option", r.MsgFlag)
	case r.NameCard != nil && len(*r.NameCard) > maxNameCardBytes:
		return Refuse(CodeInvalid, "NameCard has %d bytes, at most %d", len(*r.NameCard), maxNameCardBytes)
	case r.TopicID != "" && (r.Role != "" || r.NameCard != nil || len(r.Custom) > 0):
		return Refuse(CodeInvalid, "only MsgFlag and MuteTime can be given with TopicId")
	}
	return a.memberFields().check(r.Custom)
}

// checkWords refuses texts with one of the operator's refused words.
// Errors: CodeTextRefused.
func (r *MemberChanges) checkWords(a *App) error {
	if r.NameCard != nil {
		if err := a.checkWords("NameCard", *r.NameCard); err != nil {
			return err
		}
	}
	for _, f := range r.Custom {
		if err := a.checkWords("AppMemberDefinedData", f.Value); err != nil {
			return err
		}
	}
	return nil
}

// permitMemberChange checks what the group's type and the member's role allow.
// Errors: CodeNotPermitted.
func (g *groupState) permitMemberChange(r *MemberChanges) error {
	switch {
	case r.Role != "" && g.head.Owner == r.Account:
		return Refuse(CodeNotPermitted, "the owner's role changes only with the ownership")
	case r.Role == RoleAdmin && !g.rules().admins:
		return Refuse(CodeNotPermitted, "a %s group has no admins", g.groupType())
	case r.MuteSeconds != nil && !g.rules().memberMute:
		return Refuse(CodeNotPermitted, "members of a %s group cannot be muted", g.groupType())
	}
	return nil
}

// modifyMember stages the changes of a member's record; the tip of the role
// comes before that of the mute.
func (g *groupChange) modifyMember(ctx context.Context, op Operator, m *record.Member, r *MemberChanges) error {
	custom, err := g.app.memberFields().merge(m.Custom, r.Custom)
	if err != nil {
		return err
	}
	changed := !sameFields(custom, m.Custom)
	m.Custom = custom
	if r.MsgFlag != "" && r.MsgFlag != m.MsgFlag {
		m.MsgFlag, changed = r.MsgFlag, true
	}
	if r.NameCard != nil && *r.NameCard != m.NameCard {
		m.NameCard, changed = *r.NameCard, true
	}
	if changed {
		g.setMember(r.Account, m)
	}
	g.appoint(op, r.Account, m, r.Role)
	if r.MuteSeconds == nil {
		return nil
	}
	return g.mute(ctx, op, 0, []string{r.Account}, *r.MuteSeconds)
}

// appoint stages another role of a member who is not the owner, "" for none,
// and its tip.
func (g *groupChange) appoint(op Operator, account string, m *record.Member, role string) {
	before := g.role(account, m)
	if role == "" || role == before {
		return
	}
	opType := tipAdminEnded
	if role == RoleAdmin {
		opType = tipAdminMade
	}
	g.setRole(account, m, map[string]string{RoleAdmin: RoleAdmin}[role])
	g.stageTip(g.app.settings.TipsMemberProfile, tip{OpType: opType, Operator: op.Account, Accounts: []string{account}})
}

// modifyInTopic stages what a member has in one topic. It writes no tip.
func (g *groupChange) modifyInTopic(ctx context.Context, op Operator, topic *record.Topic, m *record.Member, r *MemberChanges) error {
	if r.MsgFlag != "" {
		stored, err := g.topicMembers(ctx, topic.Incarnation, r.Account)
		if err != nil {
			return err
		}
		t := topicMemberOf(m, stored[r.Account])
		t.MsgFlag = r.MsgFlag
		g.set(record.TopicMemberKey(g.head.Incarnation, topic.Incarnation, r.Account), t)
	}
	if r.MuteSeconds == nil {
		return nil
	}
	return g.mute(ctx, op, topic.Incarnation, []string{r.Account}, *r.MuteSeconds)
}

// SetUnread sets how many messages of a group a member has not read; more than
// there are count as all. Types without unread numbers are left as they are
// (doc 34909).
// Errors: CodeInvalid, CodeNotPermitted, CodeBadGroupID, CodeGroupNotFound,
// CodeCommunityOff.
func (a *App) SetUnread(ctx context.Context, groupID, account string, unread uint64) error {
	if !ValidUserID(account) {
		return Refuse(CodeInvalid, "Member_Account is missing or not a UserID")
	}
	if err := CheckGroupID(groupID); err != nil {
		return err
	}
	return a.changeGroup(ctx, groupID, func(g *groupChange) error {
		if err := g.requireServed(); err != nil {
			return err
		}
		if !g.rules().unread {
			return nil
		}
		m, err := g.requireMember(ctx, account)
		if err != nil {
			return err
		}
		if err := g.settleTips(ctx); err != nil {
			return err
		}
		if err := g.bringUpToDate(ctx, map[string]*record.Member{account: m}); err != nil {
			return err
		}
		m.ReadSeq = m.AsOf - uint32(min(unread, uint64(m.AsOf)))
		g.setMember(account, m)
		return nil
	})
}

// requireMembers checks that the group is of a type that keeps members.
// Errors: CodeCommunityOff, CodeNotPermitted.
func (g *groupState) requireMembers() error {
	if err := g.requireServed(); err != nil {
		return err
	}
	if !g.rules().stored {
		return Refuse(CodeNotPermitted, "%s groups keep no members", g.groupType())
	}
	return nil
}

// requireMember returns the record of a member.
// Errors: CodeNotPermitted.
func (g *groupState) requireMember(ctx context.Context, account string) (*record.Member, error) {
	members, err := g.members(ctx, account)
	if err != nil {
		return nil, err
	}
	if members[account] == nil {
		return nil, Refuse(CodeNotPermitted, "Member_Account %q is not a member of the group", account)
	}
	return members[account], nil
}

// optionalTopic returns the topic that a request names, nil for "".
// Errors: as requireTopic.
func (g *groupState) optionalTopic(ctx context.Context, topicID string) (*record.Topic, error) {
	if topicID == "" {
		return nil, nil
	}
	return g.requireTopic(ctx, topicID)
}

// wellFormed returns the accounts that can exist, each once, in the order of
// their first appearance.
func wellFormed(accounts []string) []string {
	var kept []string
	seen := map[string]bool{}
	for _, account := range accounts {
		if !seen[account] && ValidUserID(account) {
			seen[account] = true
			kept = append(kept, account)
		}
	}
	return kept
}

// untilAfter is the time so many seconds from now, at most the greatest, which
// stands for ever.
func untilAfter(now int64, seconds uint32) uint32 {
	return uint32(min(now+int64(seconds), math.MaxUint32))
}
