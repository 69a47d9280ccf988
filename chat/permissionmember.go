package chat

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

const (
	maxPermissionMembers    = 100 // accounts of one call
	maxPermissionMemberPage = 50
)

// The record of a member names its permission groups, so that they end with the
// membership, whatever ends that. An index lists the members of each permission
// group; a row of it that the member's record does not bear out is void.

// AddPermissionMembers puts up to 100 members of a community into a permission
// group and returns per account, in order, 0, CodeInPermissionGroup or
// CodeNotPermitted for who is no member of the community (doc 61240).
// Errors: CodeInvalid, CodeBadGroupID, CodeGroupNotFound, CodeNotPermitted,
// CodeCommunityOff, CodeNoPermissionGroup.
func (a *App) AddPermissionMembers(ctx context.Context, groupID, id string, accounts []string) ([]Code, error) {
	results := make([]Code, len(accounts))
	err := a.changePermissionMembers(ctx, groupID, id, accounts, func(g *groupChange, p permissionGroup, i int, m *record.Member) {
		switch _, in := m.GetPermissionGroups()[p.number]; {
		case m == nil:
			results[i] = CodeNotPermitted
		case in:
			results[i] = CodeInPermissionGroup
		default:
			results[i] = 0
			g.enterPermissionGroup(p.number, accounts[i], m)
		}
	})
	return results, err
}

// RemovePermissionMembers takes up to 100 accounts out of a permission group;
// who is not in it is passed over (doc 61241).
// Errors: as AddPermissionMembers.
func (a *App) RemovePermissionMembers(ctx context.Context, groupID, id string, accounts []string) error {
	return a.changePermissionMembers(ctx, groupID, id, accounts, func(g *groupChange, p permissionGroup, i int, m *record.Member) {
		if _, in := m.GetPermissionGroups()[p.number]; in {
			g.exitPermissionGroup(p.number, accounts[i], m)
		}
	})
}

// changePermissionMembers runs change for each account, with its record where
// it is a member of the community.
func (a *App) changePermissionMembers(ctx context.Context, groupID, id string, accounts []string, change func(g *groupChange, p permissionGroup, i int, m *record.Member)) error {
	if err := checkListLength("MemberList", len(accounts), maxPermissionMembers); err != nil {
		return err
	}
	if i := slices.Index(accounts, ""); i >= 0 {
		return Refuse(CodeInvalid, "MemberList[%d].Member_Account is missing", i)
	}
	return a.changePermissionGroup(ctx, groupID, id, func(g *groupChange, p permissionGroup) error {
		members, err := g.members(ctx, wellFormed(accounts)...)
		if err != nil {
			return err
		}
		for i, account := range accounts {
			change(g, p, i, members[account])
		}
		return nil
	})
}

// enterPermissionGroup stages a membership in a permission group.
func (g *groupChange) enterPermissionGroup(number uint64, account string, m *record.Member) {
	maps.DeleteFunc(m.PermissionGroups, func(earlier uint64, _ int64) bool { return !g.hasPermissionGroup(earlier) })
	if m.PermissionGroups == nil {
		m.PermissionGroups = map[uint64]int64{}
	}
	m.PermissionGroups[number] = g.app.now()
	g.head.PermissionGroups[number]++
	g.setMember(account, m)
	g.mutations = append(g.mutations, store.Set(record.PermissionMemberKey(g.head.Incarnation, number, m.Order), []byte(account)))
}

// exitPermissionGroup stages the end of a membership in a permission group.
func (g *groupChange) exitPermissionGroup(number uint64, account string, m *record.Member) {
	delete(m.PermissionGroups, number)
	g.head.PermissionGroups[number]--
	g.setMember(account, m)
	g.delete(record.PermissionMemberKey(g.head.Incarnation, number, m.Order))
}

// leavePermissionGroups counts a member who leaves the community out of its
// permission groups.
func (g *groupChange) leavePermissionGroups(m *record.Member) {
	for number := range m.PermissionGroups {
		if g.hasPermissionGroup(number) {
			g.head.PermissionGroups[number]--
		}
	}
	if len(m.PermissionGroups) > 0 {
		g.departed = append(g.departed, m)
	}
}

// unindexDeparted removes who leaves the community from the indexes of
// permission groups: in the same commit, or where those are too many rows for it
// in the background.
func (g *groupChange) unindexDeparted(ctx context.Context) error {
	var keys [][]byte
	for _, m := range g.departed {
		for number := range m.PermissionGroups {
			keys = append(keys, record.PermissionMemberKey(g.head.Incarnation, number, m.Order))
		}
	}
	if len(g.mutations)+len(keys) < store.MaxMutations { // the head is one more
		for _, key := range keys {
			g.delete(key)
		}
		return nil
	}
	for _, m := range g.departed {
		err := g.condemnPermissionMembers(ctx, record.CleanupLeftKey(g.id, g.head.Incarnation, m.Order),
			&record.Cleanup{PermissionGroups: slices.Collect(maps.Keys(m.PermissionGroups)), Left: &m.Order})
		if err != nil {
			return err
		}
	}
	return nil
}

// condemnPermissionMembers lists rows of the indexes of permission groups'
// members, which are about to be void.
func (g *groupChange) condemnPermissionMembers(ctx context.Context, key []byte, entry *record.Cleanup) error {
	entry.GroupId, entry.Incarnation, entry.Time = g.id, g.head.Incarnation, g.app.now()
	g.condemned = true
	return g.app.listForCleanup(ctx, g.groupState, []store.Mutation{store.Set(key, encode(entry))})
}

// PermissionMember is a member of a permission group.
type PermissionMember struct {
	MemberInfo
	Since int64 // when the account came into the permission group, Unix seconds
}

// ListPermissionMembers returns a page of 1 to 50 members of a permission group
// (limit 0 is 50) in the order in which they joined the community, and the next
// for the page after it, "" at the end (doc 61242). The first page's next is "".
// Pages may miss who comes or goes while they are read, and nobody else.
// Errors: CodeInvalid, CodeBadGroupID, CodeGroupNotFound, CodeNotPermitted,
// CodeCommunityOff, CodeNoPermissionGroup.
func (a *App) ListPermissionMembers(ctx context.Context, groupID, id string, limit int64, next string) (page []PermissionMember, after string, err error) {
	size, err := pageSize(limit, maxPermissionMemberPage)
	if err != nil {
		return nil, "", err
	}
	if err := checkPermissionGroupID(id); err != nil {
		return nil, "", err
	}
	err = a.viewPermissions(ctx, groupID, func(g *groupState) error {
		p, err := g.requirePermissionGroup(ctx, id)
		if err != nil {
			return err
		}
		from := uint64(0)
		if next != "" {
			if from, err = parseNext(next, g.head.NextOrder); err != nil {
				return err
			}
		}
		if err := g.settleTips(ctx); err != nil {
			return err
		}
		members, then, err := g.permissionMembers(ctx, p.number, from, size)
		if err != nil {
			return err
		}
		infos, err := g.memberInfos(ctx, members)
		if err != nil {
			return err
		}
		page, after = make([]PermissionMember, len(infos)), ""
		for i, info := range infos {
			page[i] = PermissionMember{info, members[info.Account].PermissionGroups[p.number]}
		}
		if then > 0 {
			after = strconv.FormatUint(then, 10)
		}
		return nil
	})
	return page, after, err
}

// permissionMembers returns up to size members of a permission group from an
// order on, and the order to go on from, 0 at the end.
func (g *groupState) permissionMembers(ctx context.Context, number, from uint64, size int) (map[string]*record.Member, uint64, error) {
	chosen := map[string]*record.Member{}
	for {
		window := store.Prefix(record.PermissionMemberPrefix(g.head.Incarnation, number))
		window.From, window.Limit = record.PermissionMemberKey(g.head.Incarnation, number, from), size-len(chosen)+1
		found, err := g.read(ctx, window)
		if err != nil {
			return nil, 0, err
		}
		rows, more := found[0], len(found[0]) == window.Limit
		if more {
			from = record.OrderOf(rows[len(rows)-1].Key)
			rows = rows[:len(rows)-1]
		}
		accounts := make([]string, len(rows))
		for i, row := range rows {
			accounts[i] = string(row.Value)
		}
		members, err := g.members(ctx, accounts...)
		if err != nil {
			return nil, 0, err
		}
		for i, account := range accounts {
			m := members[account]
			if _, in := m.GetPermissionGroups()[number]; in && m.Order == record.OrderOf(rows[i].Key) {
				chosen[account] = m
			}
		}
		switch {
		case !more:
			return chosen, 0, nil
		case len(chosen) == size:
			return chosen, from, nil
		}
	}
}
