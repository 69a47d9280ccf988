package chat

import (
	"context"
	"slices"

	"github.com/recant-chat/recant/store/record"
)

// maxRoomAdmins bounds the admins of an AVChatRoom, and the accounts of one
// AppointRoomAdmins or DismissRoomAdmins.
const maxRoomAdmins = 5

// AppointRoomAdmins makes 1 to 5 accounts admins of an AVChatRoom, all or none,
// until they are dismissed, whether they are in the room or not. They may speak
// while the room is muted. The owner is above that and stays as he is (doc
// 60525).
// Errors: CodeInvalid (also for more admins than 5), CodeTooManyAccounts,
// CodeNotPermitted, CodeBadGroupID, CodeGroupNotFound, CodeAccountNotFound,
// CodeCommunityOff.
func (a *App) AppointRoomAdmins(ctx context.Context, groupID string, accounts []string) error {
	if err := checkRoomAdmins(groupID, accounts); err != nil {
		return err
	}
	entries := indexEntries{app: a, groupID: groupID}
	err := a.changeGroup(ctx, groupID, func(g *groupChange) error {
		entries.withdraw(ctx)
		if err := g.requireRoom(); err != nil {
			return err
		}
		if err := a.requireAccounts(ctx, accounts...); err != nil {
			return err
		}
		fresh := slices.DeleteFunc(wellFormed(accounts), func(account string) bool {
			return account == g.head.Owner || g.isRoomAdmin(account)
		})
		if n := len(g.head.RoomAdmins) + len(fresh); n > maxRoomAdmins {
			return Refuse(CodeInvalid, "Admin_Account: the room would have %d admins, at most %d", n, maxRoomAdmins)
		}
		if err := entries.index(ctx, fresh...); err != nil {
			return err
		}
		for _, account := range fresh {
			g.head.RoomAdmins = append(g.head.RoomAdmins, &record.RoomAdmin{Account: account, JoinId: entries.joinIDs[account]})
		}
		return nil
	})
	entries.settle(ctx, err)
	return err
}

// DismissRoomAdmins ends what AppointRoomAdmins did for 1 to 5 accounts, all or
// none.
// Errors: as AppointRoomAdmins.
func (a *App) DismissRoomAdmins(ctx context.Context, groupID string, accounts []string) error {
	if err := checkRoomAdmins(groupID, accounts); err != nil {
		return err
	}
	var dismissed []*record.RoomAdmin
	err := a.changeGroup(ctx, groupID, func(g *groupChange) error {
		if err := g.requireRoom(); err != nil {
			return err
		}
		if err := a.requireAccounts(ctx, accounts...); err != nil {
			return err
		}
		dismissed = g.dismiss(func(admin *record.RoomAdmin) bool { return slices.Contains(accounts, admin.Account) })
		return nil
	})
	if err == nil {
		a.unindexAdmins(context.WithoutCancel(ctx), groupID, dismissed)
	}
	return err
}

// checkRoomAdmins checks the form of a request.
// Errors: CodeInvalid, CodeTooManyAccounts, CodeBadGroupID.
func checkRoomAdmins(groupID string, accounts []string) error {
	if err := checkAccountList("Admin_Account", accounts, maxRoomAdmins); err != nil {
		return err
	}
	return CheckGroupID(groupID)
}

// dismiss takes the admins for which out is true from the head and returns them.
func (g *groupChange) dismiss(out func(*record.RoomAdmin) bool) (dismissed []*record.RoomAdmin) {
	var kept []*record.RoomAdmin
	for _, admin := range g.head.RoomAdmins {
		if out(admin) {
			dismissed = append(dismissed, admin)
		} else {
			kept = append(kept, admin)
		}
	}
	g.head.RoomAdmins = kept
	return dismissed
}

// unindexAdmins takes former admins of a room out of their indexes. What fails
// here is ignored by every reader.
func (a *App) unindexAdmins(ctx context.Context, groupID string, admins []*record.RoomAdmin) {
	joinIDs := map[string]uint64{}
	for _, admin := range admins {
		joinIDs[admin.Account] = admin.JoinId
	}
	if err := a.unindexMembers(ctx, groupID, joinIDs); err != nil {
		a.log.Warn("indexes still name rooms whose admins they no longer are", "error", err)
	}
}

func (g *groupState) isRoomAdmin(account string) bool {
	return slices.ContainsFunc(g.head.RoomAdmins, func(admin *record.RoomAdmin) bool { return admin.Account == account })
}

// RoomAdmins returns the profiles of an AVChatRoom's admins, without the owner,
// in the order of their appointment (doc 60524).
// Errors: CodeNotPermitted, CodeBadGroupID, CodeGroupNotFound, CodeCommunityOff.
func (a *App) RoomAdmins(ctx context.Context, groupID string) ([]AccountProfile, error) {
	var admins []AccountProfile
	err := a.view(ctx, groupID, func(g *groupState) error {
		if err := g.requireRoom(); err != nil {
			return err
		}
		admins = make([]AccountProfile, len(g.head.RoomAdmins))
		for i, admin := range g.head.RoomAdmins {
			profile, err := a.profileOf(ctx, admin.Account)
			if err != nil {
				return err
			}
			admins[i] = profile
		}
		return nil
	})
	return admins, err
}
