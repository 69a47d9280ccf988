package chat

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/recant-chat/recant/store/record"
)

const (
	maxRoomMembers     = 1000 // that a list shows, beside robots
	roomMemberPage     = 250
	maxCheckedAccounts = 500
)

// requireRoom checks that the group is an AVChatRoom.
// Errors: CodeCommunityOff, CodeNotPermitted.
func (g *groupState) requireRoom() error {
	if err := g.requireServed(); err != nil {
		return err
	}
	if g.groupType() != AVChatRoom {
		return Refuse(CodeNotPermitted, "group %q is of type %s, not an AVChatRoom", g.id, g.groupType())
	}
	return nil
}

// RoomMemberQuery asks for a page of who is in an AVChatRoom (doc 50293).
type RoomMemberQuery struct {
	GroupID string
	Before  *uint32 // Unix seconds: who entered then or earlier; 0 for the first page, nil is missing
	Mark    uint32  // only those who carry it; 0 for everybody
}

// RoomMember is an account in an AVChatRoom.
type RoomMember struct {
	AccountProfile
	Entered int64 // Unix seconds
}

// RoomMemberPage is a page of who is in an AVChatRoom.
type RoomMemberPage struct {
	Members []RoomMember
	Next    int64 // Before of the page that follows, 0 where none does
}

// RoomMembers returns a page of the 1,000 accounts in an AVChatRoom that entered
// last and of its robots, or of all that carry a mark: those who entered last
// first. Those who entered in one second are never parted by the end of a page,
// which has about 250.
// Errors: CodeInvalid, CodeNotPermitted, CodeBadGroupID, CodeGroupNotFound,
// CodeCommunityOff.
func (a *App) RoomMembers(ctx context.Context, q RoomMemberQuery) (*RoomMemberPage, error) {
	if q.Before == nil {
		return nil, Refuse(CodeInvalid, "Timestamp is missing")
	}
	if q.Mark != 0 && !validMark(q.Mark) {
		return nil, Refuse(CodeInvalid, "Mark %d is not %d, nor %d or more", q.Mark, robotMark, minMark)
	}
	page := &RoomMemberPage{}
	err := a.view(ctx, q.GroupID, func(g *groupState) error {
		if err := g.requireRoom(); err != nil {
			return err
		}
		entered, err := g.entered(ctx, q.Mark)
		if err != nil {
			return err
		}
		var members []RoomMember
		members, page.Next = pageOfRoom(entered, int64(*q.Before))
		for i := range members {
			if members[i].AccountProfile, err = a.profileOf(ctx, members[i].UserID); err != nil {
				return err
			}
		}
		page.Members = members
		return nil
	})
	return page, err
}

// entered returns when those entered that a list shows, by account.
func (g *groupState) entered(ctx context.Context, mark uint32) (map[string]int64, error) {
	robots, err := g.robots(ctx)
	if err != nil {
		return nil, err
	}
	entered := map[string]int64{}
	accounts := slices.Collect(maps.Keys(robots))
	switch mark {
	case 0:
		newest, err := g.app.presence.Newest(ctx, g.room(), maxRoomMembers)
		if err != nil {
			return nil, err
		}
		for _, stay := range newest {
			entered[stay.Account] = stay.Entered
		}
	case robotMark:
	default:
		held, _, err := g.heldMarks(ctx, robots)
		if err != nil {
			return nil, err
		}
		maps.DeleteFunc(held, func(_ string, m *record.RoomMarks) bool { return !slices.Contains(m.Marks, mark) })
		accounts = slices.Collect(maps.Keys(held))
	}
	stays, err := g.app.presence.Stays(ctx, g.room(), accounts...)
	if err != nil {
		return nil, err
	}
	for _, account := range accounts {
		stay, present := stays[account]
		switch robot := robots[account]; {
		case present:
			entered[account] = stay.Entered
		case robot != nil:
			entered[account] = robot.Since
		}
	}
	return entered, nil
}

// pageOfRoom returns those who entered at a time or earlier, up to the end of
// the page, and the time of the page that follows.
func pageOfRoom(entered map[string]int64, before int64) (page []RoomMember, next int64) {
	for account, time := range entered {
		if before == 0 || time <= before {
			page = append(page, RoomMember{AccountProfile{UserID: account}, time})
		}
	}
	slices.SortFunc(page, func(x, y RoomMember) int {
		return cmp.Or(cmp.Compare(y.Entered, x.Entered), cmp.Compare(x.UserID, y.UserID))
	})
	if len(page) <= roomMemberPage {
		return page, 0
	}
	end := roomMemberPage
	for end > 0 && page[end-1].Entered == page[end].Entered {
		end--
	}
	for end == 0 || end < len(page) && page[end].Entered == page[end-1].Entered {
		end++ // more than a page entered in one second
	}
	if end == len(page) {
		return page, 0
	}
	return page[:end], page[end].Entered
}

// InRoom returns those of 1 to 500 accounts that are in an AVChatRoom, robots
// included, each once in the order of first appearance (doc 95618).
// Errors: CodeInvalid, CodeTooManyAccounts, CodeNotPermitted, CodeBadGroupID,
// CodeGroupNotFound, CodeCommunityOff.
func (a *App) InRoom(ctx context.Context, groupID string, accounts []string) ([]string, error) {
	if err := checkAccountList("Member_Account", accounts, maxCheckedAccounts); err != nil {
		return nil, err
	}
	accounts = wellFormed(accounts)
	var there []string
	err := a.view(ctx, groupID, func(g *groupState) error {
		if err := g.requireRoom(); err != nil {
			return err
		}
		robots, err := readRecords[record.Robot](ctx, g, accounts, g.robotKey)
		if err != nil {
			return err
		}
		stays, err := a.presence.Stays(ctx, g.room(), accounts...)
		if err != nil {
			return err
		}
		there = nil
		for _, account := range accounts {
			if _, present := stays[account]; present || robots[account] != nil {
				there = append(there, account)
			}
		}
		return nil
	})
	return there, err
}

// roomNum counts who is in an AVChatRoom, robots included.
func (g *groupState) roomNum(ctx context.Context) (int, error) {
	n, err := g.app.presence.Size(ctx, g.room())
	if err != nil {
		return 0, err
	}
	robots, err := g.robots(ctx)
	if err != nil {
		return 0, err
	}
	stays, err := g.app.presence.Stays(ctx, g.room(), slices.Collect(maps.Keys(robots))...)
	return n + len(robots) - len(stays), err
}
