package chat

import (
	"context"
	"fmt"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// maxMuteAccounts bounds the accounts of one Mute.
const maxMuteAccounts = 500

// Muting is who is to be muted, where and for how long (doc 34951).
type Muting struct {
	GroupID  string
	TopicID  string // "" is the whole group, with all its topics
	Accounts []string
	Seconds  *uint32 // from now on; 0 ends a mute, 4294967295 is for ever; nil is missing
}

// Mute mutes 1 to 500 accounts, or ends their mutes, all or none. A mute
// belongs to the account: whoever is no member, or leaves, is muted on joining.
// Errors: CodeInvalid, CodeTooManyAccounts, CodeNotPermitted, CodeBadGroupID,
// CodeGroupNotFound (also for the topic), CodeCommunityOff.
func (a *App) Mute(ctx context.Context, op Operator, r Muting) error {
	if r.Seconds == nil {
		return Refuse(CodeInvalid, "MuteTime is missing")
	}
	if err := checkAccountList("Members_Account", r.Accounts, maxMuteAccounts); err != nil {
		return err
	}
	if err := CheckGroupID(r.GroupID); err != nil {
		return err
	}
	return a.changeGroup(ctx, r.GroupID, func(g *groupChange) error {
		if err := g.requireServed(); err != nil {
			return err
		}
		topic, err := g.optionalTopic(ctx, r.TopicID)
		if err != nil {
			return err
		}
		if !g.rules().memberMute {
			return Refuse(CodeNotPermitted, "members of a %s group cannot be muted", g.groupType())
		}
		// A name that no account can have is like one that none has yet, but
		// for the mute, which would never bind anybody.
		return g.mute(ctx, op, topic.GetIncarnation(), wellFormed(r.Accounts), *r.Seconds)
	})
}

// mute stages mutes in a topic, or with topic 0 in the group and with their tip.
func (g *groupChange) mute(ctx context.Context, op Operator, topic uint64, accounts []string, seconds uint32) error {
	mutes, err := g.mutes(ctx, topic, accounts...)
	if err != nil {
		return err
	}
	now := g.app.now()
	var until uint32
	if seconds > 0 {
		until = untilAfter(now, seconds)
	}
	var changed []string
	for _, account := range accounts {
		before := mutes[account].GetUntil()
		if until != before {
			g.setMute(topic, account, until)
		}
		if until > 0 || int64(before) > now {
			changed = append(changed, account)
		}
	}
	if topic != 0 {
		return nil
	}
	return g.muteTip(ctx, op, changed, seconds)
}

// muteTip stages the tip of a mute, which lists the members among the accounts.
func (g *groupChange) muteTip(ctx context.Context, op Operator, accounts []string, seconds uint32) error {
	if !g.rules().stored {
		return nil
	}
	members, err := g.members(ctx, accounts...)
	if err != nil || len(members) == 0 {
		return err
	}
	t := tip{OpType: tipMuted, Operator: op.Account}
	for _, account := range accounts {
		if members[account] != nil {
			t.Accounts = append(t.Accounts, account)
			t.Members = append(t.Members, tipMemberMuted{Account: account, ShutupTime: seconds})
		}
	}
	g.stageTip(g.app.settings.TipsMemberProfile, t)
	return nil
}

// MutedAccount is one account that is muted.
type MutedAccount struct {
	Account string
	Until   uint32 // Unix seconds, 4294967295 is for ever
}

const (
	// muteBatch is how many mutes are looked through at a time.
	muteBatch = 1000
	// maxMutedAccounts is more than an answer of 1 MB can name.
	maxMutedAccounts = 30_000
)

// MutedAccounts lists the mutes that run in a group, or in one topic alone, in
// the order of the accounts. Groups that keep members list only these (doc
// 34964).
// Errors: CodeInvalid, CodeBadGroupID, CodeGroupNotFound (also for the topic),
// CodeCommunityOff, CodeAnswerTooLarge.
func (a *App) MutedAccounts(ctx context.Context, groupID, topicID string) ([]MutedAccount, error) {
	var muted []MutedAccount
	err := a.view(ctx, groupID, func(g *groupState) error {
		if err := g.requireServed(); err != nil {
			return err
		}
		topic, err := g.optionalTopic(ctx, topicID)
		if err != nil {
			return err
		}
		muted, err = g.mutedAccounts(ctx, topic.GetIncarnation())
		return err
	})
	return muted, err
}

func (g *groupState) mutedAccounts(ctx context.Context, topic uint64) ([]MutedAccount, error) {
	muted := []MutedAccount{}
	prefix := record.MuteKey(g.head.Incarnation, topic, "")
	window := store.Prefix(prefix)
	window.Limit = muteBatch
	for {
		rows, err := g.read(ctx, window)
		if err != nil {
			return nil, err
		}
		running, err := g.runningMutes(ctx, rows[0], len(prefix))
		if err != nil {
			return nil, err
		}
		muted = append(muted, running...)
		if len(muted) > maxMutedAccounts {
			return nil, Refuse(CodeAnswerTooLarge, "answer is larger than 1 MB: over %d accounts are muted", maxMutedAccounts)
		}
		if len(rows[0]) < muteBatch {
			return muted, nil
		}
		window.From = append(rows[0][muteBatch-1].Key, 0)
	}
}

// runningMutes returns those of the mute rows that run and are to be listed.
func (g *groupState) runningMutes(ctx context.Context, rows []store.Row, prefix int) ([]MutedAccount, error) {
	var running []MutedAccount
	var accounts []string
	for _, row := range rows {
		mute := &record.Mute{}
		if err := decode(row, mute); err != nil {
			return nil, fmt.Errorf("mutes: %w", err)
		}
		if int64(mute.Until) > g.app.now() {
			account := string(row.Key[prefix:])
			accounts = append(accounts, account)
			running = append(running, MutedAccount{Account: account, Until: mute.Until})
		}
	}
	if !g.rules().stored {
		return running, nil
	}
	members, err := g.members(ctx, accounts...)
	if err != nil {
		return nil, err
	}
	listed := running[:0]
	for _, m := range running {
		if members[m.Account] != nil {
			listed = append(listed, m)
		}
	}
	return listed, nil
}
