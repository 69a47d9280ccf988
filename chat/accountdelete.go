package chat

import (
	"context"
	"fmt"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// An account is deleted in steps that each may be the last before a crash: it
// is named in the cleanup list, marked, taken out of its groups, and removed.
// From the mark on it reads as absent, and whoever comes next, a repeated
// call, an import of the same id or the background work, brings it to its end.

// textAccountNotImported is the text of the hosted service (spec 07 section 1.4).
const textAccountNotImported = "Err_TLS_PT_Open_Login_Account_Not_Exist"

// AccountDeletion is one account's answer to DeleteAccounts.
type AccountDeletion struct {
	UserID string
	Err    error // CodeAccountInvalid, CodeAccountNotImported
}

// DeleteAccounts deletes 1 to 100 accounts for good and takes them out of
// their groups; what they wrote stays and can still be recalled (doc 34955).
// Errors: CodeAccountInvalid and CodeAccountDeletionOff for the call.
func (a *App) DeleteAccounts(ctx context.Context, userIDs []string) ([]AccountDeletion, error) {
	if err := checkUserIDs("DeleteItem", userIDs); err != nil {
		return nil, err
	}
	if !a.settings.AccountDeletion {
		return nil, Refuse(CodeAccountDeletionOff, "deletion of accounts is switched off")
	}
	results := make([]AccountDeletion, len(userIDs))
	for i, userID := range userIDs {
		results[i].UserID = userID
		switch {
		case !ValidUserID(userID):
			results[i].Err = Refuse(CodeAccountInvalid, "UserID must be 1 to %d bytes of printable ASCII", maxUserIDBytes)
			continue
		case a.admins[userID]:
			results[i].Err = Refuse(CodeAccountInvalid, "app administrators cannot be deleted")
			continue
		}
		found, err := a.deleteAccount(ctx, userID, false)
		if err != nil {
			return nil, err
		}
		if !found {
			results[i].Err = Refuse(CodeAccountNotImported, textAccountNotImported)
			continue
		}
		ctx = context.WithoutCancel(ctx) // with one deleted, the call is carried through
	}
	return results, nil
}

// deleteAccount deletes an account, or with onlyMarked ends a deletion that was
// begun, and reports whether there was anything to delete.
func (a *App) deleteAccount(ctx context.Context, userID string, onlyMarked bool) (found bool, err error) {
	defer a.accountLocks.lock(userID)()
	found, listed, err := a.markDeleting(ctx, userID, onlyMarked)
	if err != nil || !found {
		return false, err
	}
	if !onlyMarked {
		ctx = context.WithoutCancel(ctx) // the account is absent from now on
	}
	err = retry(ctx, func() error {
		account, version, err := a.readAccountRow(ctx, userID)
		if err != nil || !account.GetDeleting() {
			return err // another process has brought it to its end
		}
		if err := a.leaveAllGroups(ctx, userID); err != nil {
			return err
		}
		if err := a.commitAccount(ctx, userID, version, store.Delete(record.AccountKey)); err != nil {
			return err
		}
		return a.accounts.remove(ctx, []byte(userID))
	})
	if err != nil {
		return false, err
	}
	for _, key := range listed {
		if err := a.endCleanup(ctx, key); err != nil {
			return false, err
		}
	}
	return true, nil
}

// markDeleting makes an account absent, unless onlyMarked, and reports whether it
// is and under which keys that was listed.
func (a *App) markDeleting(ctx context.Context, userID string, onlyMarked bool) (found bool, listed [][]byte, err error) {
	err = retry(ctx, func() error {
		account, base, err := a.readAccountRow(ctx, userID)
		if err != nil {
			return err
		}
		found = account != nil && (account.Deleting || !onlyMarked)
		if !found || account.Deleting {
			return nil
		}
		key := attemptKey(record.CleanupAccountKey(userID))
		entry := store.Set(key, encode(&record.Cleanup{Time: a.now()}))
		if err := a.cleanups.put(ctx, entry); err != nil {
			return fmt.Errorf("list account %q for deletion: %w", userID, err)
		}
		listed = append(listed, key)
		account.Deleting = true
		return a.commitAccount(ctx, userID, base, store.Set(record.AccountKey, encode(account)))
	})
	if err != nil {
		return false, nil, fmt.Errorf("mark account %q as deleted: %w", userID, err)
	}
	return found, listed, nil
}

// leaveAllGroups ends every membership of an account that is marked, and every
// one that is about to be committed: an addition that saw the account before
// the mark has its index entry already, and meets the group's moved version.
func (a *App) leaveAllGroups(ctx context.Context, userID string) error {
	entries, err := a.memberships(ctx, userID)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := a.leaveGroup(ctx, userID, entry); err != nil {
			return err
		}
		if err := a.unindexMembers(ctx, entry.group, map[string]uint64{userID: entry.joinID}); err != nil {
			return err
		}
	}
	return nil
}

// maxLeaveRows keeps the rows of one account that one commit removes inside
// its limits.
const maxLeaveRows = store.MaxMutations / 2

// leaveGroup removes one membership with the account's mutes and topic states.
func (a *App) leaveGroup(ctx context.Context, userID string, entry membership) error {
	for left := false; !left; {
		err := a.changeGroupHead(ctx, entry.group, func(g *groupChange) error {
			left = true
			g.touch()
			if g.head.Destroyed {
				return nil
			}
			if !g.rules().stored {
				return g.leaveRoom(ctx, userID, entry.joinID)
			}
			members, err := g.members(ctx, userID)
			if err != nil {
				return err
			}
			m := members[userID]
			if m == nil || m.JoinId != entry.joinID {
				return nil
			}
			rows, err := g.accountRows(ctx, userID)
			if err != nil {
				return err
			}
			for _, key := range rows[:min(len(rows), maxLeaveRows)] {
				g.delete(key)
			}
			if left = len(rows) <= maxLeaveRows; left {
				g.removeMember(userID, m)
				g.head.LastInfoTime = a.now()
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// leaveRoom stages the end of what an index entry leads to in an AVChatRoom: the
// account owns it, is one of its admins, or a robot.
func (g *groupChange) leaveRoom(ctx context.Context, userID string, joinID uint64) error {
	if g.head.Owner == userID && joinID == g.head.OwnerJoinId {
		g.head.Owner = ""
		return nil
	}
	g.dismiss(func(admin *record.RoomAdmin) bool { return admin.Account == userID && admin.JoinId == joinID })
	robots, err := readRecords[record.Robot](ctx, g.groupState, []string{userID}, g.robotKey)
	if err == nil && robots[userID].GetJoinId() == joinID {
		g.delete(g.robotKey(userID))
	}
	return err
}

// accountRows are the keys of the account's mutes and topic states in the group.
func (g *groupState) accountRows(ctx context.Context, userID string) ([][]byte, error) {
	streams := []uint64{0}
	if g.head.SupportTopic {
		topics, err := g.topics(ctx)
		if err != nil {
			return nil, err
		}
		for _, t := range topics {
			streams = append(streams, t.record.Incarnation)
		}
	}
	var ranges []store.Range
	for _, s := range streams {
		ranges = append(ranges, store.Key(record.MuteKey(g.head.Incarnation, s, userID)))
		if s != 0 {
			ranges = append(ranges, store.Key(record.TopicMemberKey(g.head.Incarnation, s, userID)))
		}
	}
	found, err := g.read(ctx, ranges...)
	if err != nil {
		return nil, err
	}
	var keys [][]byte
	for _, rows := range found {
		for _, row := range rows {
			keys = append(keys, row.Key)
		}
	}
	return keys, nil
}
