package chat

import (
	"context"
	"slices"

	"github.com/recant-chat/recant/store/record"
)

// JoinResult is what became of one account that was added or imported.
type JoinResult int

// The results (doc 34921). A fifth, 3, waits for the account's consent; an
// administrator's call never does.
const (
	JoinRefused   JoinResult = 0 // for a reason of the account's own: it is banned, for one
	JoinDone      JoinResult = 1
	JoinWasMember JoinResult = 2 // and is left as it was
	JoinOverQuota JoinResult = 4 // the account is in too many groups
)

// JoinedAccount is one account's result.
type JoinedAccount struct {
	Account string
	Result  JoinResult
}

// Addition is who is to be added to a group (doc 34921).
type Addition struct {
	GroupID  string
	Accounts []string // at most Settings.MaxAddMembers
	Silent   bool     // nobody is told: no tip
}

// ImportedMember is a member of another system's past (doc 34969).
type ImportedMember struct {
	Account  string
	Role     string // "", "Admin" or "Member"
	JoinTime int64  // Unix seconds between the group's creation and now; 0 is now
	Unread   uint64 // more messages than there are count as all
}

// joining is a checked request to put accounts into a group.
type joining struct {
	indexEntries
	operator Operator
	imported bool // and silent
	silent   bool
	members  []ImportedMember // each account once

	refused []string // by the application's backend
	results map[string]JoinResult
}

// AddMembers puts accounts into a group at once, past its join options, and
// returns a result for each account, in the order of first appearance.
// Errors: CodeInvalid, CodeTooManyAccounts, CodeNotPermitted, CodeBadGroupID,
// CodeGroupNotFound, CodeAccountNotFound, CodeGroupFull, CodeUserGroupQuota
// (nobody could be added), CodeCommunityOff.
func (a *App) AddMembers(ctx context.Context, op Operator, r Addition) ([]JoinedAccount, error) {
	members := make([]ImportedMember, len(r.Accounts))
	for i, account := range r.Accounts {
		members[i].Account = account
	}
	return a.join(ctx, &joining{indexEntries: indexEntries{app: a, groupID: r.GroupID}, operator: op, silent: r.Silent}, members)
}

// ImportMembers is AddMembers without a trace: no tip, and the group's times
// stay. Of several entries of one account the first counts. An account with a
// JoinTime or Role that the group does not allow, or in too many groups, is
// refused by itself.
// Errors: as AddMembers, but never CodeUserGroupQuota.
func (a *App) ImportMembers(ctx context.Context, groupID string, members []ImportedMember) ([]JoinedAccount, error) {
	return a.join(ctx, &joining{indexEntries: indexEntries{app: a, groupID: groupID}, imported: true, silent: true}, members)
}

func (a *App) join(ctx context.Context, j *joining, members []ImportedMember) ([]JoinedAccount, error) {
	if err := j.check(members); err != nil {
		return nil, err
	}
	if err := CheckGroupID(j.groupID); err != nil {
		return nil, err
	}
	if err := a.settleTopicSends(ctx, j.groupID, j.accounts()); err != nil {
		return nil, err
	}
	err := j.ask(ctx)
	if err == nil {
		err = a.changeGroup(ctx, j.groupID, func(g *groupChange) error { return j.stage(ctx, g) })
	}
	if CodeOf(err) == CodeGroupFull {
		j.tellFull(context.WithoutCancel(ctx))
	}
	if err != nil {
		j.settle(ctx, err)
		return nil, err
	}
	results := make([]JoinedAccount, len(j.members))
	for i, m := range j.members {
		results[i] = JoinedAccount{Account: m.Account, Result: j.results[m.Account]}
	}
	return results, nil
}

// check checks the form of the request and takes each account once.
// Errors: CodeInvalid, CodeTooManyAccounts.
func (j *joining) check(members []ImportedMember) error {
	seen := map[string]bool{}
	for i, m := range members {
		switch {
		case m.Account == "":
			return Refuse(CodeInvalid, "MemberList[%d].Member_Account is missing", i)
		case m.Role != "" && m.Role != RoleAdmin && m.Role != RoleMember:
			return Refuse(CodeInvalid, "MemberList[%d].Role %q is not Admin or Member", i, m.Role)
		case m.JoinTime < 0:
			return Refuse(CodeInvalid, "MemberList[%d].JoinTime is %d, must be 1 or more", i, m.JoinTime)
		}
		if !seen[m.Account] {
			seen[m.Account] = true
			j.members = append(j.members, m)
		}
	}
	if len(members) == 0 {
		return Refuse(CodeInvalid, "MemberList is missing or empty")
	}
	if most := j.app.settings.MaxAddMembers; len(members) > most {
		return Refuse(CodeTooManyAccounts, "MemberList has %d entries, at most %d", len(members), most)
	}
	return nil
}

func (j *joining) accounts() []string { return accountsOf(j.members) }

func accountsOf(members []ImportedMember) []string {
	accounts := make([]string, len(members))
	for i, m := range members {
		accounts[i] = m.Account
	}
	return accounts
}

// stage does one attempt: everything is checked on the state that the commit
// will find, or the commit fails.
func (j *joining) stage(ctx context.Context, g *groupChange) error {
	j.withdraw(ctx)
	fresh, err := j.admit(ctx, g.groupState)
	if err != nil || len(fresh) == 0 {
		return err
	}
	if err := j.index(ctx, accountsOf(fresh)...); err != nil {
		return err
	}
	return j.enter(ctx, g, fresh)
}

// admit checks the request against the group and returns the members that are to
// be added.
// Errors: those of AddMembers.
func (j *joining) admit(ctx context.Context, g *groupState) ([]ImportedMember, error) {
	if err := g.requireMembers(); err != nil {
		return nil, err
	}
	if err := j.app.requireAccounts(ctx, j.accounts()...); err != nil {
		return nil, err
	}
	fresh, err := j.fresh(ctx, g)
	if err != nil {
		return nil, err
	}
	if int64(g.head.MemberNum)+int64(len(fresh)) > int64(g.head.MaxMemberNum) && len(fresh) > 0 {
		return nil, Refuse(CodeGroupFull, "%d members and %d new ones are more than the group may have, %d",
			g.head.MemberNum, len(fresh), g.head.MaxMemberNum)
	}
	return fresh, nil
}

// fresh returns the members that are to be added and sets everybody's result.
// Errors: CodeUserGroupQuota.
func (j *joining) fresh(ctx context.Context, g *groupState) ([]ImportedMember, error) {
	members, err := g.members(ctx, j.accounts()...)
	if err != nil {
		return nil, err
	}
	banned, err := g.banned(ctx, j.accounts()...)
	if err != nil {
		return nil, err
	}
	j.results = map[string]JoinResult{}
	var fresh []ImportedMember
	var overQuota error
	for _, m := range j.members {
		if members[m.Account] != nil {
			j.results[m.Account] = JoinWasMember
			continue
		}
		if !j.mayEnter(g, m) || banned[m.Account] {
			j.results[m.Account] = JoinRefused
			continue
		}
		err := j.app.requireGroupQuota(ctx, m.Account)
		switch {
		case CodeOf(err) == CodeUserGroupQuota && j.imported:
			j.results[m.Account] = JoinRefused
		case CodeOf(err) == CodeUserGroupQuota:
			j.results[m.Account], overQuota = JoinOverQuota, err
		case err != nil:
			return nil, err
		default:
			j.results[m.Account] = JoinDone
			fresh = append(fresh, m)
		}
	}
	if len(fresh) == 0 {
		return nil, overQuota
	}
	return fresh, nil
}

// mayEnter reports whether what an import says of a member can be, and the
// application's backend has nothing against it.
func (j *joining) mayEnter(g *groupState, m ImportedMember) bool {
	if m.Role == RoleAdmin && !g.rules().admins || slices.Contains(j.refused, m.Account) {
		return false
	}
	return m.JoinTime == 0 || m.JoinTime >= g.head.CreateTime && m.JoinTime <= j.app.now()
}

// enter stages the new records and their tip.
func (j *joining) enter(ctx context.Context, g *groupChange, fresh []ImportedMember) error {
	if err := g.settleTips(ctx); err != nil {
		return err
	}
	log, err := g.stream().current(ctx)
	if err != nil {
		return err
	}
	now := j.app.now()
	for _, m := range fresh {
		joined := &record.Member{JoinTime: now, ReadSeq: log.LastSeq, AsOf: log.LastSeq, JoinId: j.joinIDs[m.Account]}
		if m.JoinTime > 0 {
			joined.JoinTime = m.JoinTime
		}
		if m.Role == RoleAdmin {
			joined.Role = RoleAdmin
		}
		if g.rules().unread {
			joined.ReadSeq -= uint32(min(m.Unread, uint64(log.LastSeq)))
		}
		g.addMember(m.Account, joined)
	}
	if j.imported {
		return nil
	}
	g.head.LastInfoTime = now
	accounts := accountsOf(fresh)
	j.tellJoined(g, accounts)
	if !j.silent {
		g.stageTip(j.app.settings.TipsMemberChange, tip{
			OpType: tipJoined, Operator: j.operator.Account, Accounts: accounts, MemberNum: new(g.head.MemberNum),
		}, accounts...)
	}
	return nil
}

// settleTopicSends writes down who of the accounts sent what into the topics of
// a community before they become members, which is nowhere: a member's
// positions in topics start at nothing and know of no message before.
func (a *App) settleTopicSends(ctx context.Context, groupID string, accounts []string) error {
	var due []*stream
	err := a.view(ctx, groupID, func(g *groupState) error {
		due = nil
		if !g.head.SupportTopic {
			return nil
		}
		topics, err := g.topics(ctx)
		if err != nil {
			return err
		}
		for _, t := range topics {
			s := g.topicStream(t.record)
			positions, _, err := s.unfolded(ctx, slices.Values(accounts))
			if err != nil {
				return err
			}
			if len(positions) > 0 {
				due = append(due, s)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, s := range due {
		if err := s.fold(ctx); err != nil && CodeOf(err) != CodeGroupNotFound { // destroyed meanwhile
			return err
		}
	}
	return nil
}
