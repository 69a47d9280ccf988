package chat

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

const (
	maxBanAccounts         = 20
	maxBanDescriptionBytes = 1000
	maxBanPage             = 100 // also where no Limit is given
	banBatch               = 500 // bans that are looked through at a time
	banSweep               = 100 // bans among which each Ban removes those that have run out
)

// Banning is who is to be kept out of a group, and for how long (doc 50296).
type Banning struct {
	GroupID     string
	Accounts    []string // at most 20, members or not
	Seconds     *uint32  // from now on, 1 or more; 4294967295 is for ever; nil is missing
	Description string   // at most 1000 bytes; kept
}

// Ban keeps accounts out of a group until a time, and ends the memberships of
// those that are members, or their stay in an AVChatRoom, all or none. It replaces
// their earlier bans. A ban is the account's: it ends by time, by Unban, or with
// the group.
// Errors: CodeInvalid, CodeTooManyAccounts, CodeNotPermitted (the owner),
// CodeBadGroupID, CodeGroupNotFound, CodeCommunityOff.
func (a *App) Ban(ctx context.Context, op Operator, r Banning) error {
	if r.Seconds == nil {
		return Refuse(CodeInvalid, "Duration is missing")
	}
	if n := len(r.Description); n > maxBanDescriptionBytes {
		return Refuse(CodeInvalid, "Description has %d bytes, at most %d", n, maxBanDescriptionBytes)
	}
	if err := checkBanned(r.GroupID, r.Accounts); err != nil {
		return err
	}
	accounts := wellFormed(r.Accounts)
	var room *Room // to put them out of
	err := a.expel(ctx, op, r.GroupID, accounts, false, func(g *groupChange, ended map[string]uint64) error {
		room = nil
		if err := g.requireServed(); err != nil {
			return err
		}
		if owner := g.head.Owner; owner != "" && slices.Contains(accounts, owner) {
			return Refuse(CodeNotPermitted, "account %q owns the group and cannot be banned from it", owner)
		}
		if !g.rules().stored {
			room = new(g.room())
			if err := g.endRobots(ctx, accounts, ended); err != nil {
				return err
			}
		}
		return g.ban(ctx, accounts, untilAfter(a.now(), *r.Seconds), r.Description)
	})
	if err != nil || room == nil {
		return err
	}
	for _, account := range accounts {
		if err := a.presence.Expel(context.WithoutCancel(ctx), *room, account); err != nil {
			a.log.Error("a banned account may still be in a room", "error", err)
		}
	}
	return nil
}

// Unban ends the bans of 1 to 20 accounts early and passes over those without
// one. Nobody becomes a member again (doc 50297).
// Errors: CodeInvalid, CodeTooManyAccounts, CodeBadGroupID, CodeGroupNotFound,
// CodeCommunityOff.
func (a *App) Unban(ctx context.Context, groupID string, accounts []string) error {
	if err := checkBanned(groupID, accounts); err != nil {
		return err
	}
	return a.changeGroup(ctx, groupID, func(g *groupChange) error {
		if err := g.requireServed(); err != nil {
			return err
		}
		bans, err := g.bans(ctx, wellFormed(accounts)...)
		if err != nil {
			return err
		}
		for account, ban := range bans {
			g.delete(record.BanKey(g.head.Incarnation, account))
			g.delete(record.BanOrderKey(g.head.Incarnation, ban.Order))
		}
		return nil
	})
}

func checkBanned(groupID string, accounts []string) error {
	if err := checkAccountList("Members_Account", accounts, maxBanAccounts); err != nil {
		return err
	}
	return CheckGroupID(groupID)
}

// bans returns the bans of the accounts, run out or not.
func (g *groupState) bans(ctx context.Context, accounts ...string) (map[string]*record.Ban, error) {
	if g.head.BansIssued == 0 {
		return nil, nil
	}
	return readRecords[record.Ban](ctx, g, accounts, func(account string) []byte {
		return record.BanKey(g.head.Incarnation, account)
	})
}

// banned returns those of the accounts whose bans run.
func (g *groupState) banned(ctx context.Context, accounts ...string) (map[string]bool, error) {
	bans, err := g.bans(ctx, accounts...)
	banned := map[string]bool{}
	for account, ban := range bans {
		banned[account] = int64(ban.Until) > g.app.now()
	}
	return banned, err
}

// ban stages bans in the place of the accounts' earlier ones.
func (g *groupChange) ban(ctx context.Context, accounts []string, until uint32, description string) error {
	earlier, err := g.bans(ctx, accounts...)
	if err != nil || len(accounts) == 0 {
		return err
	}
	for _, account := range accounts {
		if ban := earlier[account]; ban != nil {
			g.delete(record.BanOrderKey(g.head.Incarnation, ban.Order))
		}
		g.head.BansIssued++
		ban := &record.Ban{Until: until, Description: description, Order: g.head.BansIssued}
		g.set(record.BanKey(g.head.Incarnation, account), ban)
		g.set(record.BanOrderKey(g.head.Incarnation, ban.Order), &record.BanEntry{Account: account, Until: until})
	}
	return g.sweepBans(ctx, earlier)
}

// sweepBans stages the removal of bans that have run out, among a few from
// anywhere, so that their rows do not become ever more. The bans in replaced
// are dealt with already.
func (g *groupChange) sweepBans(ctx context.Context, replaced map[string]*record.Ban) error {
	window := store.Prefix(record.BanOrderPrefix(g.head.Incarnation))
	window.From, window.Limit = record.BanOrderKey(g.head.Incarnation, rand.Uint64N(g.head.BansIssued)), banSweep
	rows, err := g.read(ctx, window)
	if err != nil {
		return err
	}
	for _, row := range rows[0] {
		entry := &record.BanEntry{}
		if err := decode(row, entry); err != nil {
			return err
		}
		if int64(entry.Until) <= g.app.now() && replaced[entry.Account] == nil {
			g.delete(row.Key)
			g.delete(record.BanKey(g.head.Incarnation, entry.Account))
		}
	}
	return nil
}

// BanQuery asks for a page of a group's bans (doc 50295).
type BanQuery struct {
	GroupID string
	Limit   int64 // at most 100; 0 is 100
	Offset  int64 // running bans to pass over
}

// BannedAccount is one account that is banned.
type BannedAccount struct {
	Account string
	Until   uint32 // Unix seconds, 4294967295 is for ever
}

// BanPage is a page of a group's bans.
type BanPage struct {
	Banned []BannedAccount
	Next   int64 // Offset of the page that follows, 0 where none does
}

// Bans returns a page of the bans that run, those made first first. What changes
// while a long list is passed over may be met in either state.
// Errors: CodeInvalid, CodeBadGroupID, CodeGroupNotFound, CodeCommunityOff.
func (a *App) Bans(ctx context.Context, q BanQuery) (*BanPage, error) {
	size, err := pageSize(q.Limit, maxBanPage)
	if err != nil {
		return nil, err
	}
	if q.Offset < 0 {
		return nil, Refuse(CodeInvalid, "Offset is %d, must be 0 or more", q.Offset)
	}
	var page *BanPage
	err = a.view(ctx, q.GroupID, func(g *groupState) (err error) {
		if err := g.requireServed(); err != nil {
			return err
		}
		page, err = g.banPage(ctx, q.Offset, size)
		return err
	})
	return page, err
}

// banPage reads its rows in parts and at no one version: in a busy group a long
// list would never be read to its end.
func (g *groupState) banPage(ctx context.Context, offset int64, size int) (*BanPage, error) {
	page, now, skip := &BanPage{}, g.app.now(), offset
	window := store.Prefix(record.BanOrderPrefix(g.head.Incarnation))
	window.Limit = banBatch
	for {
		rows, _, err := g.app.store.Read(ctx, g.app.groupPartition(g.id), window)
		if err != nil {
			return nil, fmt.Errorf("read bans of group %q: %w", g.id, err)
		}
		for _, row := range rows[0] {
			entry := &record.BanEntry{}
			if err := decode(row, entry); err != nil {
				return nil, err
			}
			switch {
			case int64(entry.Until) <= now:
			case skip > 0:
				skip--
			case len(page.Banned) == size:
				page.Next = offset + int64(size)
				return page, nil
			default:
				page.Banned = append(page.Banned, BannedAccount{Account: entry.Account, Until: entry.Until})
			}
		}
		if len(rows[0]) < banBatch {
			return page, nil
		}
		window.From = append(rows[0][banBatch-1].Key, 0)
	}
}
