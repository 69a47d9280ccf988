package chat

import (
	"context"
	"slices"
)

// groupProfile is what create, import and modify may set of a group. nil is
// not given; "" of a name that must be one of a list is not given either.
type groupProfile struct {
	Name, Introduction, Notification, FaceURL *string
	MaxMemberNum                              *int64 // 0 is not given
	ApplyJoinOption, InviteJoinOption         string
	EnablePermission                          *bool
	DefaultPermission                         *int64 // bits, spec 05 section 2.1
	Custom                                    []Field
}

// defaultPermission is what members of a community with permission groups may
// do where nothing else is said: send and read old messages (spec 02 section 8).
const defaultPermission = 1<<6 | 1<<8

var (
	applyJoinOptions  = []string{"FreeAccess", "NeedPermission", "DisableApply"}
	inviteJoinOptions = []string{"FreeAccess", "NeedPermission", "DisableInvite"}
)

// checkProfile checks the form of what is given.
// Errors: CodeInvalid.
func (a *App) checkProfile(p *groupProfile) error {
	if p.Name != nil && *p.Name == "" {
		return Refuse(CodeInvalid, "Name is empty")
	}
	for _, text := range []struct {
		given *string
		most  int
		// Programs in the wild compare the texts of the first two.
		refusal string
	}{
		{p.Name, a.settings.MaxNameBytes, "group name is too long"},
		{p.Introduction, a.settings.MaxIntroductionBytes, "introduction is too long"},
		{p.Notification, a.settings.MaxNotificationBytes, "notification is too long"},
		{p.FaceURL, a.settings.MaxFaceURLBytes, "face url is too long"},
	} {
		if text.given != nil && len(*text.given) > text.most {
			return Refuse(CodeInvalid, "%s", text.refusal)
		}
	}
	if n := p.MaxMemberNum; n != nil && *n < 0 {
		return Refuse(CodeInvalid, "the greatest number of members is %d, must be 1 or more", *n)
	}
	if p.ApplyJoinOption != "" && !slices.Contains(applyJoinOptions, p.ApplyJoinOption) {
		return Refuse(CodeInvalid, "ApplyJoinOption %q is not FreeAccess, NeedPermission or DisableApply", p.ApplyJoinOption)
	}
	if p.InviteJoinOption != "" && !slices.Contains(inviteJoinOptions, p.InviteJoinOption) {
		return Refuse(CodeInvalid, "InviteJoinOption %q is not FreeAccess, NeedPermission or DisableInvite", p.InviteJoinOption)
	}
	return a.groupFields().check(p.Custom)
}

// checkProfileWords refuses texts with one of the operator's refused words.
// Errors: CodeTextRefused.
func (a *App) checkProfileWords(p *groupProfile) error {
	for _, text := range []struct {
		field string
		given *string
	}{{"Name", p.Name}, {"Introduction", p.Introduction}, {"Notification", p.Notification}} {
		if text.given == nil {
			continue
		}
		if err := a.checkWords(text.field, *text.given); err != nil {
			return err
		}
	}
	return nil
}

// memberCeiling is the greatest MaxMemberNum of a type; 0 for AVChatRoom, which
// has no limit.
func (a *App) memberCeiling(t GroupType) uint32 {
	switch t {
	case AVChatRoom:
		return 0
	case Community:
		return uint32(a.settings.MaxCommunityMembers)
	}
	return uint32(a.settings.MaxMembers)
}

// checkCeiling checks a greatest number of members against its type's ceiling.
// Errors: CodeMemberQuota.
func (a *App) checkCeiling(t GroupType, n *int64) error {
	if ceiling := int64(a.memberCeiling(t)); n != nil && t != AVChatRoom && *n > ceiling {
		return Refuse(CodeMemberQuota, "%d members are more than the %d that a %s may have", *n, ceiling, t)
	}
	return nil
}

// checkOperator checks the form of From_Account, which stands for the caller in
// tips where it is given.
// Errors: CodeInvalid.
func checkOperator(from string) error {
	if from != "" && !ValidUserID(from) {
		return Refuse(CodeInvalid, "From_Account is not a UserID")
	}
	return nil
}

// requireOperator returns the account in whose name a change is made.
// Errors: CodeAccountNotFound.
func (a *App) requireOperator(ctx context.Context, op Operator, from string) (string, error) {
	if from == "" {
		return op.Account, nil
	}
	return from, a.requireAccounts(ctx, from)
}

// requireServed refuses what is done to communities where they are off.
// Errors: CodeCommunityOff.
func (g *groupState) requireServed() error { return g.app.requireType(g.groupType()) }

func (a *App) requireType(t GroupType) error {
	if t == Community && !a.settings.Communities {
		return Refuse(CodeCommunityOff, "communities are switched off")
	}
	return nil
}

// profileTip stages the tip of a changed profile where the type stores it.
func (g *groupChange) profileTip(operator string, changed *tipGroupInfo) {
	g.stageTip(g.app.settings.TipsProfile, tip{OpType: tipGroupChanged, Operator: operator, NewInfo: changed})
}
