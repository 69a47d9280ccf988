package chat

import (
	"context"
	"errors"

	"github.com/recant-chat/recant/store/record"
)

// GroupInfo is a group's record as answers show it (spec 02 section 3.1).
type GroupInfo struct {
	ID                                string
	Type                              GroupType
	Name, Introduction, Notification  string
	FaceURL                           string
	Owner                             string // "" where there is none
	CreateTime                        int64  // Unix seconds, like all times
	InfoSeq                           uint64
	LastInfoTime                      int64
	LastMsgTime                       int64 // of the newest ordinary message, 0 is none yet
	NextMsgSeq                        uint64
	MemberNum, MaxMemberNum           uint32
	ApplyJoinOption, InviteJoinOption string // no invitations: ""
	MuteAll                           bool
	HistoryBeforeJoin                 *bool // nil where the type has no choice
	SupportTopic                      *bool // nil for all but communities
	EnablePermission                  *bool // nil without topics
	DefaultPermission                 *int64
	Custom                            []Field      // keys with a value
	Members                           []MemberInfo // nil where they were not asked for

	// Err is why nothing else than ID is known: CodeBadGroupID,
	// CodeGroupNotFound, CodeCommunityOff.
	Err error
}

const (
	maxInfoGroups = 50
	// maxInfoMembers is more members than an answer of 1 MB can name.
	maxInfoMembers = 46_000
)

// GroupInfos returns the records of 1 to 50 groups, in order, with their
// members if asked (doc 34961). What is wrong with one group is in its Err.
// Errors: CodeInvalid, CodeAnswerTooLarge.
func (a *App) GroupInfos(ctx context.Context, ids []string, members bool) ([]GroupInfo, error) {
	if len(ids) == 0 {
		return nil, Refuse(CodeInvalid, "GroupIdList is missing or empty")
	}
	if len(ids) > maxInfoGroups {
		return nil, Refuse(CodeInvalid, "GroupIdList has %d entries, at most %d", len(ids), maxInfoGroups)
	}
	infos := make([]GroupInfo, len(ids))
	room := maxInfoMembers
	look := func(ctx context.Context, i int) error {
		err := a.view(ctx, ids[i], func(g *groupState) error {
			if err := g.requireServed(); err != nil {
				return err
			}
			info, err := g.info(ctx)
			if err != nil {
				return err
			}
			if members {
				if info.Members, err = g.infoMembers(ctx, room); err != nil {
					return err
				}
			}
			infos[i] = *info
			return nil
		})
		var refused *Error
		if errors.As(err, &refused) && refused.Code != CodeAnswerTooLarge {
			infos[i], err = GroupInfo{ID: ids[i], Err: refused}, nil
		}
		return err
	}
	if !members {
		return infos, parallel(ctx, len(ids), look)
	}
	for i := range ids { // one after the other, because they share the room
		if err := look(ctx, i); err != nil {
			return nil, err
		}
		room -= len(infos[i].Members)
	}
	return infos, nil
}

// infoMembers returns the group's members, never nil.
// Errors: CodeAnswerTooLarge where there are more than room.
func (g *groupState) infoMembers(ctx context.Context, room int) ([]MemberInfo, error) {
	if !g.rules().stored {
		return []MemberInfo{}, nil
	}
	members, fits, err := g.allMembers(ctx, room)
	if err != nil {
		return nil, err
	}
	if !fits {
		return nil, Refuse(CodeAnswerTooLarge, "answer is larger than 1 MB, ask for fewer groups or without members")
	}
	return g.memberInfos(ctx, members)
}

// info makes the group's own record ready for an answer.
func (g *groupState) info(ctx context.Context) (*GroupInfo, error) {
	if err := g.settleTips(ctx); err != nil {
		return nil, err
	}
	log, err := g.stream().current(ctx)
	if err != nil {
		return nil, err
	}
	head := g.head
	info := &GroupInfo{
		ID: g.id, Type: g.groupType(), Name: head.Name, Introduction: head.Introduction, Notification: head.Notification,
		FaceURL: head.FaceUrl, Owner: head.Owner, CreateTime: head.CreateTime, InfoSeq: head.InfoSeq,
		LastInfoTime: head.LastInfoTime, LastMsgTime: log.LastOrdinaryTime, NextMsgSeq: nextSeq(log),
		MemberNum: head.MemberNum, MaxMemberNum: head.MaxMemberNum, ApplyJoinOption: head.ApplyJoinOption,
		InviteJoinOption: head.InviteJoinOption, MuteAll: head.MuteAll,
		Custom: g.app.groupFields().list(head.Custom),
	}
	if g.rules().historyOption {
		info.HistoryBeforeJoin = &head.HistoryBeforeJoin
	}
	if g.groupType() == Community {
		info.SupportTopic = &head.SupportTopic
	}
	if head.SupportTopic {
		info.EnablePermission, info.DefaultPermission = &head.EnablePermission, &head.DefaultPermission
	}
	return info, nil
}

// nextSeq is the number that the next message of a stream will get.
func nextSeq(log *record.LogHead) uint64 { return uint64(log.LastSeq) + 1 }
