package chat

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/recant-chat/recant/store/record"
)

// MemberInfo is a member's record as answers show it (spec 03 section 1.1).
type MemberInfo struct {
	Account      string
	Role         string // Owner, Admin or Member
	JoinTime     int64  // Unix seconds
	MsgSeq       uint32 // newest number that the member has read
	MsgFlag      string
	LastSendTime int64  // Unix seconds, 0 is never
	MuteUntil    uint32 // Unix seconds, 0 is not muted, 4294967295 is for ever
	NameCard     string
	Custom       []Field // declared keys without a value included
}

// memberInfos makes the records of members ready for an answer, in the order in
// which they were created.
func (g *groupState) memberInfos(ctx context.Context, members map[string]*record.Member) ([]MemberInfo, error) {
	if err := g.bringUpToDate(ctx, members); err != nil {
		return nil, err
	}
	accounts := slices.SortedFunc(maps.Keys(members), func(x, y string) int {
		return cmp.Compare(members[x].Order, members[y].Order)
	})
	mutes, err := g.mutesAmong(ctx, accounts)
	if err != nil {
		return nil, err
	}
	now := g.app.now()
	infos := make([]MemberInfo, len(accounts))
	for i, account := range accounts {
		m := members[account]
		infos[i] = MemberInfo{
			Account: account, Role: g.role(account, m), JoinTime: m.JoinTime, MsgSeq: m.ReadSeq,
			MsgFlag: cmp.Or(m.MsgFlag, g.rules().msgFlag), LastSendTime: m.LastSend,
			NameCard: m.NameCard, Custom: g.app.memberFields().list(m.Custom),
		}
		if mute := mutes[account]; mute != nil && int64(mute.Until) > now {
			infos[i].MuteUntil = mute.Until
		}
	}
	return infos, nil
}

// maxSingleMutes is from how many accounts on all mutes of a group are read at
// once instead of one by one.
const maxSingleMutes = 200

// mutesAmong returns at least the group's mutes of the accounts.
func (g *groupState) mutesAmong(ctx context.Context, accounts []string) (map[string]*record.Mute, error) {
	if len(accounts) <= maxSingleMutes {
		return g.mutes(ctx, 0, accounts...)
	}
	return readAll[record.Mute](ctx, g, record.MuteKey(g.head.Incarnation, 0, ""))
}

// allMembers returns the records of all members, or nil and false where there
// are more than most.
func (g *groupState) allMembers(ctx context.Context, most int) (map[string]*record.Member, bool, error) {
	if int64(g.head.MemberNum) > int64(most) {
		return nil, false, nil
	}
	all, err := g.membersInOrder(ctx)
	if err != nil {
		return nil, false, err
	}
	// One by one, because between their rows those may be deleted of many who left.
	members, err := g.members(ctx, accountsInOrder(all)...)
	return members, err == nil, err
}
