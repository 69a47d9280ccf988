package chat

import (
	"context"
	"slices"

	"github.com/recant-chat/recant/store/record"
)

// maxRemoveAccounts bounds the accounts of one RemoveMembers.
const maxRemoveAccounts = 100

// Removal is who is to be removed from a group (doc 34949).
type Removal struct {
	GroupID  string
	Accounts []string // at most 100; who is no member is passed over
	Silent   bool     // only the removed are told: no tip
}

// RemoveMembers ends memberships, all or none. What the accounts wrote stays,
// and so do their mutes.
// Errors: CodeInvalid, CodeTooManyAccounts, CodeNotPermitted (an owner who
// cannot leave), CodeBadGroupID, CodeGroupNotFound, CodeCommunityOff.
func (a *App) RemoveMembers(ctx context.Context, op Operator, r Removal) error {
	if err := checkAccountList("MemberToDel_Account", r.Accounts, maxRemoveAccounts); err != nil {
		return err
	}
	if err := CheckGroupID(r.GroupID); err != nil {
		return err
	}
	accounts := wellFormed(r.Accounts)
	return a.expel(ctx, op, r.GroupID, accounts, r.Silent, func(g *groupChange, _ map[string]uint64) error {
		return g.permitRemoval(accounts)
	})
}

// expel ends the memberships of accounts as a part of the change that prepare
// checks and begins. Prepare may add join ids, by account, of what it ends
// itself.
// Errors: CodeGroupNotFound and those of prepare.
func (a *App) expel(ctx context.Context, op Operator, groupID string, accounts []string, silent bool, prepare func(g *groupChange, ended map[string]uint64) error) error {
	var ended map[string]uint64 // join ids
	var dead *record.Group
	err := a.changeGroup(ctx, groupID, func(g *groupChange) error {
		ended, dead = map[string]uint64{}, nil
		if err := prepare(g, ended); err != nil {
			return err
		}
		left, err := g.remove(ctx, accounts, ended)
		if err != nil || len(left) == 0 {
			return err
		}
		g.tellExit(op, left)
		if g.endsWithLastMember() {
			dead = g.before
			return g.destroy(ctx, op)
		}
		if !silent {
			g.stageTip(a.settings.TipsMemberChange, tip{
				OpType: tipRemoved, Operator: op.Account, Accounts: left, MemberNum: new(g.head.MemberNum),
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if err := a.unindexMembers(ctx, groupID, ended); err != nil {
		a.log.Warn("indexes still name memberships that have ended", "error", err)
	}
	if dead != nil {
		a.afterDestroy(ctx, groupID, dead)
	}
	return nil
}

// permitRemoval checks that the group's type lets all of the accounts go.
// Errors: CodeInvalid, CodeNotPermitted, CodeCommunityOff.
func (g *groupState) permitRemoval(accounts []string) error {
	if err := g.requireServed(); err != nil {
		return err
	}
	if !g.rules().stored {
		return Refuse(CodeInvalid, "nobody can be removed from a %s group; mute instead", g.groupType())
	}
	if owner := g.head.Owner; owner != "" && !g.rules().ownerMayLeave && slices.Contains(accounts, owner) {
		return Refuse(CodeNotPermitted, "account %q owns the group and cannot be removed from a %s group", owner, g.groupType())
	}
	return nil
}

// remove stages the end of the memberships that exist and returns their
// accounts.
func (g *groupChange) remove(ctx context.Context, accounts []string, joinIDs map[string]uint64) ([]string, error) {
	members, err := g.members(ctx, accounts...)
	if err != nil {
		return nil, err
	}
	var left []string
	for _, account := range accounts {
		m := members[account]
		if m == nil {
			continue
		}
		g.removeMember(account, m)
		joinIDs[account] = m.JoinId
		left = append(left, account)
	}
	if left != nil {
		g.head.LastInfoTime = g.app.now()
	}
	return left, nil
}

// endsWithLastMember reports whether the group, from which somebody has just
// been removed, is to be dissolved.
func (g *groupState) endsWithLastMember() bool {
	return g.app.settings.DissolveEmptyGroups && g.head.MemberNum == 0 && g.groupType() != Community
}
