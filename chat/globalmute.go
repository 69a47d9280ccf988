package chat

import (
	"context"
	"math"

	"github.com/recant-chat/recant/store/record"
)

// A global mute belongs to an account and holds in every group and topic,
// whatever is said there about who is muted (spec 07 section 4).

// GlobalMute is how long an account is to be muted, or is: in seconds from now
// on, 0 not at all, 4294967295 for ever.
type GlobalMute struct {
	C2C   *uint32 // for one-to-one messages; nil leaves it as it is
	Group *uint32 // in all groups; nil leaves it as it is
}

// MuteGlobally mutes an account everywhere or ends that. A new time replaces the
// one that runs (doc 34923).
// Errors: CodeMuteAccount, CodeMuteTimeMissing.
func (a *App) MuteGlobally(ctx context.Context, userID string, m GlobalMute) error {
	if !ValidUserID(userID) {
		return Refuse(CodeMuteAccount, "Set_Account must be 1 to %d bytes of printable ASCII", maxUserIDBytes)
	}
	if m.C2C == nil && m.Group == nil {
		return Refuse(CodeMuteTimeMissing, "C2CmsgNospeakingTime and GroupmsgNospeakingTime are missing, one must be there")
	}
	found, err := a.changeExisting(ctx, userID, func(account *accountChange) error {
		now := a.now()
		setMutedUntil(&account.C2CMutedUntil, m.C2C, now)
		setMutedUntil(&account.GroupMutedUntil, m.Group, now)
		return nil
	})
	if err == nil && !found {
		return Refuse(CodeMuteAccount, "Set_Account %q was never imported", userID)
	}
	return err
}

// setMutedUntil sets the end of a mute of so many seconds, if any are given.
func setMutedUntil(until, seconds *uint32, now int64) {
	switch {
	case seconds == nil:
	case *seconds == 0:
		*until = 0
	default:
		*until = untilAfter(now, *seconds)
	}
}

// GlobalMute returns how long an account is muted everywhere from now on (doc
// 34924).
// Errors: CodeMutedAccount.
func (a *App) GlobalMute(ctx context.Context, userID string) (*GlobalMute, error) {
	account, err := a.account(ctx, userID)
	if err != nil {
		return nil, err
	}
	if account == nil {
		return nil, Refuse(CodeMutedAccount, "Get_Account %q was never imported", userID)
	}
	now := a.now()
	c2c, group := secondsUntil(account.C2CMutedUntil, now), secondsUntil(account.GroupMutedUntil, now)
	return &GlobalMute{C2C: &c2c, Group: &group}, nil
}

// secondsUntil is how long it takes to the end of a mute: the opposite of
// untilAfter.
func secondsUntil(until uint32, now int64) uint32 {
	if until == math.MaxUint32 {
		return until
	}
	return uint32(max(int64(until)-now, 0))
}

// refuseGloballyMuted returns the refusal of a message by a sender who is muted
// in all groups; an app administrator never is.
func (a *App) refuseGloballyMuted(sender string, account *record.Account) error {
	if a.admins[sender] || int64(account.GroupMutedUntil) <= a.now() {
		return nil
	}
	return Refuse(CodeMuted, "sender %q is muted in all groups", sender)
}
