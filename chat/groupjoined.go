package chat

import (
	"cmp"
	"context"
	"slices"

	"github.com/recant-chat/recant/store/record"
)

// JoinedRequest asks for the groups of one account (doc 34925).
type JoinedRequest struct {
	Account       string
	Type          string // "" is all
	WithRooms     bool   // AVChatRooms, of which only the owner's are known
	WithInactive  bool   // Private groups in which nobody has written yet
	SupportTopic  *bool  // true: only communities with topics; nil and false: none of them
	IDsOnly       bool   // nothing of a group but its id is wanted
	Limit, Offset int64  // Limit 0 is all
}

// JoinedGroup is one of an account's groups.
type JoinedGroup struct {
	GroupInfo
	// Self is the account's own record; of an AVChatRoom only Role is known.
	Self MemberInfo
	// Unread is how many messages count as unread, 0 for types without it.
	Unread uint32
	// GrossTopicNextSeq and GrossTopicReadSeq count over all topics of a
	// community (spec 05 section 1.4); 0 without topics.
	GrossTopicNextSeq, GrossTopicReadSeq uint64
}

// JoinedGroups is a page of an account's groups.
type JoinedGroups struct {
	Total  int // whatever the page
	Groups []JoinedGroup
}

const maxJoinedLimit = 5000

// Joined lists the groups of an account, the newest membership first.
// Errors: CodeInvalid, CodeAccountNotFound.
func (a *App) Joined(ctx context.Context, r JoinedRequest) (*JoinedGroups, error) {
	kind, err := r.check()
	if err != nil {
		return nil, err
	}
	if err := a.requireAccounts(ctx, r.Account); err != nil {
		return nil, err
	}
	if r.Type == retiredType {
		return &JoinedGroups{}, nil
	}
	entries, err := a.memberships(ctx, r.Account)
	if err != nil {
		return nil, err
	}
	joined := make([]joinedEntry, len(entries))
	err = parallel(ctx, len(entries), func(ctx context.Context, i int) error {
		found, ok, err := a.joinedEntry(ctx, &r, kind, entries[i])
		if ok {
			joined[i] = found
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	joined = slices.DeleteFunc(joined, func(e joinedEntry) bool { return e == joinedEntry{} })
	slices.SortFunc(joined, func(x, y joinedEntry) int {
		return cmp.Or(cmp.Compare(y.joinTime, x.joinTime), cmp.Compare(x.group, y.group))
	})
	page := &JoinedGroups{Total: len(joined)}
	joined = joined[min(r.Offset, int64(len(joined))):]
	if r.Limit > 0 {
		joined = joined[:min(r.Limit, int64(len(joined)))]
	}
	groups := make([]*JoinedGroup, len(joined))
	err = parallel(ctx, len(joined), func(ctx context.Context, i int) (err error) {
		if r.IDsOnly {
			groups[i] = &JoinedGroup{GroupInfo: GroupInfo{ID: joined[i].group}}
			return nil
		}
		group, ok, err := a.joinedGroup(ctx, r.Account, joined[i].membership)
		if ok { // else it ended while the page was made
			groups[i] = group
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, group := range groups {
		if group != nil {
			page.Groups = append(page.Groups, *group)
		}
	}
	return page, nil
}

func (r *JoinedRequest) check() (GroupType, error) {
	if !ValidUserID(r.Account) {
		return "", Refuse(CodeInvalid, "Member_Account is missing or not a UserID")
	}
	if r.Limit < 0 || r.Limit > maxJoinedLimit {
		return "", Refuse(CodeInvalid, "Limit is %d, must be 1 to %d", r.Limit, maxJoinedLimit)
	}
	if r.Offset < 0 {
		return "", Refuse(CodeInvalid, "Offset is %d, must be 0 or more", r.Offset)
	}
	kind, ok := ParseGroupType(r.Type)
	if !ok && r.Type != "" && r.Type != retiredType {
		return "", Refuse(CodeInvalid, "GroupType %q is not a group type", r.Type)
	}
	if r.SupportTopic != nil && r.Type != "" && kind != Community {
		return "", Refuse(CodeInvalid, "SupportTopic is for GroupType Community only")
	}
	return kind, nil
}

// joinedEntry is a membership that exists and was asked for.
type joinedEntry struct {
	membership
	joinTime int64
}

func (a *App) joinedEntry(ctx context.Context, r *JoinedRequest, kind GroupType, entry membership) (found joinedEntry, ok bool, err error) {
	err = retry(ctx, func() error {
		ok = false
		g, err := a.readGroupHead(ctx, entry.group)
		if err != nil || g.head.Destroyed || kind != "" && g.groupType() != kind {
			return err
		}
		if g.head.SupportTopic != (r.SupportTopic != nil && *r.SupportTopic) {
			return nil
		}
		if g.groupType() == AVChatRoom && !r.WithRooms && kind != AVChatRoom {
			return nil
		}
		m, err := g.ownRecord(ctx, r.Account, entry)
		if err != nil || m == nil {
			return err
		}
		if g.groupType() == Private && !r.WithInactive {
			log, err := g.stream().current(ctx)
			if err != nil || log.OrdinaryNum == 0 {
				return err
			}
		}
		found, ok = joinedEntry{entry, m.JoinTime}, true
		return nil
	})
	return found, ok, err
}

// ownRecord returns the record of an index entry's membership, or nil where
// there is none. The owner of an AVChatRoom has one that is not stored.
func (g *groupState) ownRecord(ctx context.Context, account string, entry membership) (*record.Member, error) {
	if g.groupType() == AVChatRoom {
		if g.head.Owner == account && g.head.OwnerJoinId == entry.joinID {
			return &record.Member{JoinTime: g.head.CreateTime}, nil
		}
		return nil, nil
	}
	members, err := g.members(ctx, account)
	if err != nil {
		return nil, err
	}
	if m := members[account]; m != nil && m.JoinId == entry.joinID {
		return m, nil
	}
	return nil, nil
}

// joinedGroup makes one group ready for an answer.
func (a *App) joinedGroup(ctx context.Context, account string, entry membership) (group *JoinedGroup, ok bool, err error) {
	err = retry(ctx, func() error {
		ok = false
		g, err := a.readGroupHead(ctx, entry.group)
		if err != nil || g.head.Destroyed {
			return err
		}
		m, err := g.ownRecord(ctx, account, entry)
		if err != nil || m == nil {
			return err
		}
		info, err := g.info(ctx)
		if err != nil {
			return err
		}
		group, ok = &JoinedGroup{GroupInfo: *info, Self: MemberInfo{Account: account, Role: g.role(account, m)}}, true
		if g.groupType() == AVChatRoom {
			return nil
		}
		return g.fillSelf(ctx, group, account, m)
	})
	return group, ok, err
}

func (g *groupState) fillSelf(ctx context.Context, group *JoinedGroup, account string, m *record.Member) error {
	self := map[string]*record.Member{account: m}
	infos, err := g.memberInfos(ctx, self)
	if err != nil {
		return err
	}
	group.Self = infos[0]
	if g.rules().unread {
		if group.Unread, err = g.stream().unread(ctx, m.ReadSeq); err != nil {
			return err
		}
	}
	if !g.head.SupportTopic {
		return nil
	}
	topics, err := g.topics(ctx)
	if err != nil {
		return err
	}
	group.GrossTopicNextSeq = 1
	for _, t := range topics {
		positions, last, err := g.topicPositions(ctx, t.record, self)
		if err != nil {
			return err
		}
		group.GrossTopicNextSeq += uint64(last)
		group.GrossTopicReadSeq += uint64(positions[account].ReadSeq)
	}
	return nil
}
