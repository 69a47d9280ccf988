package chat

import (
	"context"

	"github.com/recant-chat/recant/store/record"
	"google.golang.org/protobuf/proto"
)

// GroupChanges are the changes of a group's profile (doc 34962). nil and the
// empty names of options are not given; the group's type decides which of the
// rest apply, and the others are ignored.
type GroupChanges struct {
	ID                                string
	Name, Introduction, Notification  *string
	FaceURL                           *string
	MaxMemberNum                      *int64 // 0 is not given
	ApplyJoinOption, InviteJoinOption string
	MuteAll, HistoryBeforeJoin        *bool
	EnablePermission                  *bool
	DefaultPermission                 *int64
	Custom                            []Field // "" removes a key
	From                              string  // operator instead of the caller
}

func (r *GroupChanges) profile() *groupProfile {
	return &groupProfile{
		Name: r.Name, Introduction: r.Introduction, Notification: r.Notification, FaceURL: r.FaceURL,
		MaxMemberNum: r.MaxMemberNum, ApplyJoinOption: r.ApplyJoinOption, InviteJoinOption: r.InviteJoinOption,
		EnablePermission: r.EnablePermission, DefaultPermission: r.DefaultPermission, Custom: r.Custom,
	}
}

// ModifyGroup changes any part of a group's profile, all or nothing. A call
// that changes nothing leaves no trace.
// Errors: CodeInvalid, CodeBadGroupID, CodeGroupNotFound, CodeAccountNotFound,
// CodeMemberQuota, CodeCommunityOff, CodeTextRefused.
func (a *App) ModifyGroup(ctx context.Context, op Operator, r GroupChanges) error {
	profile := r.profile()
	if err := a.checkProfile(profile); err != nil {
		return err
	}
	if err := checkOperator(r.From); err != nil {
		return err
	}
	if err := CheckGroupID(r.ID); err != nil {
		return err
	}
	return a.changeGroup(ctx, r.ID, func(g *groupChange) error {
		if err := g.requireServed(); err != nil {
			return err
		}
		operator, err := a.requireOperator(ctx, op, r.From)
		if err != nil {
			return err
		}
		if err := a.checkCeiling(g.groupType(), r.MaxMemberNum); err != nil {
			return err
		}
		if err := a.checkProfileWords(profile); err != nil {
			return err
		}
		if err := g.modify(&r); err != nil {
			return err
		}
		changed := !proto.Equal(g.before, g.head)
		g.tellInfoChanged(op, operator, &r)
		if !changed {
			return nil
		}
		g.profileChanged()
		if changed := g.changedTexts(); changed != nil {
			g.profileTip(operator, changed)
		}
		return nil
	})
}

// profileChanged counts a change of the profile.
func (g *groupChange) profileChanged() {
	g.head.InfoSeq++
	g.head.LastInfoTime = g.app.now()
}

// modify lays the changes over the head.
func (g *groupChange) modify(r *GroupChanges) error {
	head, rules := g.head, g.rules()
	for _, text := range []struct {
		given  *string
		stored *string
	}{
		{r.Name, &head.Name}, {r.Introduction, &head.Introduction},
		{r.Notification, &head.Notification}, {r.FaceURL, &head.FaceUrl},
	} {
		if text.given != nil {
			*text.stored = *text.given
		}
	}
	if n := r.MaxMemberNum; n != nil && *n > 0 && g.groupType() != AVChatRoom {
		head.MaxMemberNum = uint32(*n) // inside the ceiling
	}
	if r.ApplyJoinOption != "" && g.groupType() != Community {
		head.ApplyJoinOption = r.ApplyJoinOption
	}
	if r.InviteJoinOption != "" && rules.inviteDefault != "" {
		head.InviteJoinOption = r.InviteJoinOption
	}
	if r.MuteAll != nil {
		head.MuteAll = *r.MuteAll
	}
	if r.HistoryBeforeJoin != nil && rules.historyOption {
		head.HistoryBeforeJoin = *r.HistoryBeforeJoin
	}
	if head.SupportTopic {
		g.modifyPermissions(r)
	}
	custom, err := g.app.groupFields().merge(head.Custom, r.Custom)
	if err != nil {
		return err
	}
	if !sameFields(custom, head.Custom) {
		head.Custom = custom
	}
	return nil
}

func (g *groupChange) modifyPermissions(r *GroupChanges) {
	head := g.head
	if r.EnablePermission != nil {
		if *r.EnablePermission && !head.EnablePermission && head.DefaultPermission == 0 {
			head.DefaultPermission = defaultPermission
		}
		head.EnablePermission = *r.EnablePermission
	}
	if r.DefaultPermission != nil && head.EnablePermission {
		head.DefaultPermission = *r.DefaultPermission
	}
}

// changedTexts are those of the four texts that a tip reports, or nil.
func (g *groupChange) changedTexts() *tipGroupInfo {
	changed, any := &tipGroupInfo{}, false
	for _, text := range []struct {
		before, after string
		report        **string
	}{
		{g.before.Name, g.head.Name, &changed.Name},
		{g.before.Introduction, g.head.Introduction, &changed.Introduction},
		{g.before.Notification, g.head.Notification, &changed.Notification},
		{g.before.FaceUrl, g.head.FaceUrl, &changed.FaceURL},
	} {
		if text.before != text.after {
			after := text.after
			*text.report, any = &after, true
		}
	}
	if !any {
		return nil
	}
	return changed
}

// ChangeOwner makes a member the owner; the owner before becomes a plain member
// (doc 34966).
// Errors: CodeInvalid, CodeNotPermitted, CodeBadGroupID, CodeGroupNotFound,
// CodeAccountNotFound, CodeCommunityOff.
func (a *App) ChangeOwner(ctx context.Context, op Operator, groupID, newOwner, from string) error {
	if !ValidUserID(newOwner) {
		return Refuse(CodeInvalid, "NewOwner_Account is missing or not a UserID")
	}
	if err := checkOperator(from); err != nil {
		return err
	}
	if err := CheckGroupID(groupID); err != nil {
		return err
	}
	return a.changeGroup(ctx, groupID, func(g *groupChange) error {
		if err := g.requireServed(); err != nil {
			return err
		}
		if g.groupType() == AVChatRoom {
			return Refuse(CodeNotPermitted, "the owner of an AVChatRoom cannot change")
		}
		operator, err := a.requireOperator(ctx, op, from)
		if err != nil {
			return err
		}
		if err := a.requireAccounts(ctx, newOwner); err != nil {
			return err
		}
		members, err := g.members(ctx, newOwner)
		if err != nil {
			return err
		}
		if members[newOwner] == nil {
			return Refuse(CodeInvalid, "NewOwner_Account %q is not a member of the group", newOwner)
		}
		if g.head.Owner == newOwner {
			return nil
		}
		g.event(op, CallbackAfterChangeOwner, &ownerChangedEvent{
			eventSubject: g.subject(CallbackAfterChangeOwner), Operator: operator,
			OldOwner: g.head.Owner, NewOwner: newOwner, EventTime: a.eventTime(),
		})
		g.setOwner(newOwner, members[newOwner])
		g.profileChanged()
		g.profileTip(operator, &tipGroupInfo{Owner: &newOwner})
		return nil
	})
}

// setOwner stages another owner. An admin's role ends with it, so that it does
// not come back when the ownership goes on.
func (g *groupChange) setOwner(account string, m *record.Member) {
	g.head.Owner = account
	g.setRole(account, m, "")
}

// DestroyGroup ends a group for good. Nothing of it can be read when
// DestroyGroup returns; its rows are removed in the background, and its id is
// free (doc 34896).
// Errors: CodeBadGroupID, CodeGroupNotFound, CodeCommunityOff.
func (a *App) DestroyGroup(ctx context.Context, op Operator, groupID string) error {
	if err := CheckGroupID(groupID); err != nil {
		return err
	}
	var dead *record.Group
	err := a.changeGroup(ctx, groupID, func(g *groupChange) error {
		if err := g.requireServed(); err != nil {
			return err
		}
		dead = g.before
		return g.destroy(ctx, op)
	})
	if err != nil {
		return err
	}
	a.afterDestroy(context.WithoutCancel(ctx), groupID, dead)
	return nil
}

// destroy stages the end of the group and lists what it leaves behind.
func (g *groupChange) destroy(ctx context.Context, op Operator) error {
	if err := g.tellDestroyed(ctx, op); err != nil {
		return err
	}
	streams := []*record.DeadTopic{{}} // the group's own
	topics, err := g.topics(ctx)
	if err != nil {
		return err
	}
	for _, t := range topics {
		streams = append(streams, &record.DeadTopic{TopicId: t.id, Incarnation: t.record.Incarnation})
	}
	if err := g.app.condemn(ctx, g.groupState, streams, true); err != nil {
		return err
	}
	incarnation := g.head.Incarnation
	g.renew()
	g.head.Incarnation, g.head.Destroyed = incarnation, true
	return nil
}

// afterDestroy takes a destroyed group out of the indexes. What fails here is
// ignored by every reader, and made up when a reader meets it.
func (a *App) afterDestroy(ctx context.Context, groupID string, dead *record.Group) {
	kind := GroupType(dead.Type)
	if err := a.directory.leave(ctx, kind, dead.Number, groupID); err != nil {
		a.log.Warn("directory still lists a group that is gone", "error", err)
	}
	a.unindexAdmins(ctx, groupID, dead.RoomAdmins)
	if kind == AVChatRoom && dead.Owner != "" {
		if err := a.unindexMembers(ctx, groupID, map[string]uint64{dead.Owner: dead.OwnerJoinId}); err != nil {
			a.log.Warn("index of an owner still names a room that is gone", "error", err)
		}
	}
	a.cleanSoon()
}
