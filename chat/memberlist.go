package chat

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

const (
	maxMemberPage          = 6000 // greatest Limit
	maxCommunityMemberPage = 200  // what a community serves of it
	communityMemberPage    = 100  // where a community's Limit is not given
)

// MemberQuery asks for a page of a group's members (doc 34948), in the order
// in which their records were created.
type MemberQuery struct {
	GroupID string
	Roles   []string // Owner, Admin, Member; none is all
	Limit   int64    // at most 6000; 0 is all, in a community 100; a community serves at most 200
	Offset  int64    // members of those roles to pass over
	Next    *string  // communities: "" and then what the page before said; nil goes by Offset
}

// MemberPage is a page of a group's members.
type MemberPage struct {
	MemberNum uint32 // of the whole group
	Members   []MemberInfo
	Next      *string // communities: "" when nothing follows; nil elsewhere
}

// ListMembers returns a page of a group's members. A page of a community may
// miss members who join or leave while it is read, and nobody else.
// Errors: CodeInvalid, CodeNotPermitted, CodeBadGroupID, CodeGroupNotFound,
// CodeCommunityOff, CodeAnswerTooLarge.
func (a *App) ListMembers(ctx context.Context, q MemberQuery) (*MemberPage, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	var s *selection
	var from uint64
	err := a.view(ctx, q.GroupID, func(g *groupState) (err error) {
		if err := g.requireMembers(); err != nil {
			return err
		}
		if from, err = g.startOf(&q); err != nil {
			return err
		}
		s, err = g.selectMembers(ctx, q.Roles)
		return err
	})
	if err != nil {
		return nil, err
	}
	chosen, more, err := s.page(ctx, from, q.skip(s.group), q.size(s.group))
	if err != nil {
		return nil, err
	}
	if len(chosen) > maxInfoMembers {
		return nil, Refuse(CodeAnswerTooLarge, "answer is larger than 1 MB, ask for fewer members with Limit")
	}
	page, err := a.memberPage(ctx, s.group, chosen)
	if err != nil {
		return nil, err
	}
	if s.group.groupType() == Community {
		page.Next = new("")
		if more {
			page.Next = new(strconv.FormatUint(chosen[len(chosen)-1].order+1, 10))
		}
	}
	return page, nil
}

// check checks the form of the query.
// Errors: CodeInvalid.
func (q *MemberQuery) check() error {
	if q.Limit < 0 || q.Limit > maxMemberPage {
		return Refuse(CodeInvalid, "Limit is %d, must be 1 to %d", q.Limit, maxMemberPage)
	}
	if q.Offset < 0 {
		return Refuse(CodeInvalid, "Offset is %d, must be 0 or more", q.Offset)
	}
	return checkRoles(q.Roles)
}

func checkRoles(roles []string) error {
	for i, role := range roles {
		if role != RoleOwner && role != RoleAdmin && role != RoleMember {
			return Refuse(CodeInvalid, "MemberRoleFilter[%d] %q is not Owner, Admin or Member", i, role)
		}
	}
	return nil
}

// startOf is the order from which a query's page begins: a community's cursor.
// Errors: CodeInvalid for a cursor that no page has said.
func (g *groupState) startOf(q *MemberQuery) (uint64, error) {
	if g.groupType() != Community || q.Next == nil || *q.Next == "" {
		return 0, nil
	}
	return parseNext(*q.Next, g.head.NextOrder)
}

// skip is how many members a query passes over.
func (q *MemberQuery) skip(g *groupState) int {
	if g.groupType() == Community && q.Next != nil {
		return 0
	}
	return int(min(q.Offset, int64(g.head.MemberNum)))
}

// size is how many members a query's page has at most.
func (q *MemberQuery) size(g *groupState) int {
	switch {
	case g.groupType() != Community && q.Limit == 0:
		return maxInfoMembers + 1
	case g.groupType() != Community:
		return int(q.Limit)
	case q.Limit == 0:
		return communityMemberPage
	}
	return int(min(q.Limit, maxCommunityMemberPage))
}

// orderedMember is a member with the order of its record.
type orderedMember struct {
	order   uint64
	account string
}

// selection is the members of a group that have one of some roles, found
// without reading all members. Rows are read whatever the group's version is
// by then: an order never names another membership.
type selection struct {
	group *groupState
	// without are the orders left out where plain members are selected; few are
	// all that are selected where they are not.
	plain   bool
	without map[uint64]bool
	few     []orderedMember
}

// selectMembers prepares the selection of some roles, or with none of all.
func (g *groupState) selectMembers(ctx context.Context, roles []string) (*selection, error) {
	s := &selection{group: g, plain: len(roles) == 0 || slices.Contains(roles, RoleMember), without: map[uint64]bool{}}
	wanted := func(role string) bool { return len(roles) == 0 || slices.Contains(roles, role) }
	if s.plain && wanted(RoleOwner) && wanted(RoleAdmin) {
		return s, nil
	}
	owner, err := g.ownerOrder(ctx)
	if err != nil {
		return nil, err
	}
	admins, err := g.admins(ctx)
	if err != nil {
		return nil, err
	}
	for role, members := range map[string][]orderedMember{RoleOwner: owner, RoleAdmin: admins} {
		switch {
		case wanted(role) && !s.plain:
			s.few = append(s.few, members...)
		case !wanted(role) && s.plain:
			for _, m := range members {
				s.without[m.order] = true
			}
		}
	}
	slices.SortFunc(s.few, func(x, y orderedMember) int { return cmp.Compare(x.order, y.order) })
	return s, nil
}

func (g *groupState) ownerOrder(ctx context.Context) ([]orderedMember, error) {
	members, err := g.members(ctx, wellFormed([]string{g.head.Owner})...)
	if err != nil || len(members) == 0 {
		return nil, err
	}
	return []orderedMember{{members[g.head.Owner].Order, g.head.Owner}}, nil
}

func (g *groupState) admins(ctx context.Context) ([]orderedMember, error) {
	var admins []orderedMember
	err := g.app.scan(ctx, g.app.groupPartition(g.id), store.Prefix(record.AdminPrefix(g.head.Incarnation)), func(row store.Row) error {
		admins = append(admins, orderedMember{record.OrderOf(row.Key), string(row.Value)})
		return nil
	})
	return admins, err
}

// page returns up to size members of the selection from an order on, after the
// first skip of them, and whether more follow.
func (s *selection) page(ctx context.Context, from uint64, skip, size int) (page []orderedMember, more bool, err error) {
	for {
		members, next, err := s.chunk(ctx, from, min(skip+size-len(page)+1, scanRows))
		if err != nil {
			return nil, false, err
		}
		for _, m := range members {
			switch {
			case skip > 0:
				skip--
			case len(page) == size:
				return page, true, nil
			default:
				page = append(page, m)
			}
		}
		if next == 0 {
			return page, false, nil
		}
		from = next
	}
}

// chunk returns the selected among n members or some more from an order on, and the
// order to go on from, 0 at the end.
func (s *selection) chunk(ctx context.Context, from uint64, n int) (members []orderedMember, next uint64, err error) {
	if !s.plain {
		i, _ := slices.BinarySearchFunc(s.few, from, func(m orderedMember, order uint64) int { return cmp.Compare(m.order, order) })
		return s.few[i:], 0, nil
	}
	g := s.group
	window := memberRange(g.head.Incarnation, from)
	window.Limit = n/record.MemberBlockSize + 2 // the first and the last may be of others too
	rows, _, err := g.app.store.Read(ctx, g.app.groupPartition(g.id), window)
	if err != nil {
		return nil, 0, fmt.Errorf("read members of group %q: %w", g.id, err)
	}
	for _, row := range rows[0] {
		block, err := orderedMembers(row)
		if err != nil {
			return nil, 0, err
		}
		next = (record.OrderOf(row.Key) + 1) * record.MemberBlockSize
		for _, m := range block {
			if m.order >= from && !s.without[m.order] {
				members = append(members, m)
			}
		}
	}
	if len(rows[0]) < window.Limit {
		next = 0
	}
	return members, next, nil
}

// memberPage reads the records of members that were chosen a moment before;
// who has left since is left out.
func (a *App) memberPage(ctx context.Context, before *groupState, chosen []orderedMember) (*MemberPage, error) {
	accounts := accountsInOrder(chosen)
	page := &MemberPage{}
	err := a.view(ctx, before.id, func(g *groupState) error {
		if g.head.Incarnation != before.head.Incarnation {
			return Refuse(CodeGroupNotFound, "group %q was dismissed", g.id)
		}
		if err := g.settleTips(ctx); err != nil {
			return err
		}
		members, err := g.members(ctx, accounts...)
		if err != nil {
			return err
		}
		for _, m := range chosen {
			if found := members[m.account]; found != nil && found.Order != m.order {
				delete(members, m.account)
			}
		}
		page.MemberNum = g.head.MemberNum
		page.Members, err = g.memberInfos(ctx, members)
		return err
	})
	return page, err
}

// maxNamedMembers bounds the accounts of one NamedMembers.
const maxNamedMembers = 50

// NamedMembers returns the records of those of 1 to 50 accounts that are
// members with one of some roles, or with none given of any, each once in the
// order of first appearance (doc 64897).
// Errors: CodeInvalid, CodeTooManyAccounts, CodeNotPermitted, CodeBadGroupID,
// CodeGroupNotFound, CodeCommunityOff.
func (a *App) NamedMembers(ctx context.Context, groupID string, accounts, roles []string) ([]MemberInfo, error) {
	if err := checkRoles(roles); err != nil {
		return nil, err
	}
	if err := checkAccountList("Member_List_Account", accounts, maxNamedMembers); err != nil {
		return nil, err
	}
	accounts = wellFormed(accounts)
	var infos []MemberInfo
	err := a.view(ctx, groupID, func(g *groupState) error {
		if err := g.requireMembers(); err != nil {
			return err
		}
		if err := g.settleTips(ctx); err != nil {
			return err
		}
		members, err := g.members(ctx, accounts...)
		if err != nil {
			return err
		}
		if len(roles) > 0 {
			maps.DeleteFunc(members, func(account string, m *record.Member) bool { return !slices.Contains(roles, g.role(account, m)) })
		}
		infos, err = g.memberInfos(ctx, members)
		return err
	})
	slices.SortFunc(infos, func(x, y MemberInfo) int {
		return cmp.Compare(slices.Index(accounts, x.Account), slices.Index(accounts, y.Account))
	})
	return infos, err
}
