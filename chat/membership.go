package chat

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// membership is one entry of a user's index. It says that the account may be a
// member of the group; the group's own record says whether it is.
type membership struct {
	group  string
	joinID uint64
}

// memberships returns the entries of a user's index, in the order of GroupId.
func (a *App) memberships(ctx context.Context, userID string) ([]membership, error) {
	var entries []membership
	err := a.scan(ctx, record.UserGroupsPartition(a.id, userID), store.Range{}, func(row store.Row) error {
		entries = append(entries, membership{
			group:  string(row.Key[:len(row.Key)-9]), // a zero byte and the join id follow
			joinID: binary.BigEndian.Uint64(row.Key[len(row.Key)-8:]),
		})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("memberships of %q: %w", userID, err)
	}
	return entries, nil
}

// indexMembers enters memberships that are about to be committed, by account.
func (a *App) indexMembers(ctx context.Context, groupID string, joinIDs map[string]uint64) error {
	return a.eachMembership(ctx, joinIDs, func(ctx context.Context, userID string) error {
		key := record.UserGroupKey(groupID, joinIDs[userID])
		err := a.store.Put(ctx, record.UserGroupsPartition(a.id, userID), []store.Mutation{store.Set(key, nil)})
		if err != nil {
			return fmt.Errorf("index member %q of group %q: %w", userID, groupID, err)
		}
		return nil
	})
}

// eachMembership runs do for every account, some at once.
func (a *App) eachMembership(ctx context.Context, joinIDs map[string]uint64, do func(ctx context.Context, userID string) error) error {
	userIDs := slices.Sorted(maps.Keys(joinIDs))
	return parallel(ctx, len(userIDs), func(ctx context.Context, i int) error { return do(ctx, userIDs[i]) })
}

// unindexMembers removes the entries of memberships that have ended.
func (a *App) unindexMembers(ctx context.Context, groupID string, joinIDs map[string]uint64) error {
	return a.eachMembership(ctx, joinIDs, func(ctx context.Context, userID string) error {
		key := record.UserGroupKey(groupID, joinIDs[userID])
		err := a.store.Put(ctx, record.UserGroupsPartition(a.id, userID), []store.Mutation{store.Delete(key)})
		if err != nil {
			return fmt.Errorf("remove member %q of group %q from the index: %w", userID, groupID, err)
		}
		return nil
	})
}

// newJoinID names a membership among those of one account in one group, or the
// ownership of an AVChatRoom, which has no member records. Hardly any other ever has
// it: so an entry that was removed does not come back, and it does not matter which
// of two processes' writes a store takes for the later one. It takes 32 bits, because
// every member's record has it.
func newJoinID() uint64 {
	for {
		if id := uint64(rand.Uint32()); id != 0 {
			return id
		}
	}
}

// indexEntries are the entries of accounts' indexes that the newest attempt of
// one change has made, so that the deletion of an account finds what it ends.
type indexEntries struct {
	app     *App
	groupID string
	joinIDs map[string]uint64 // by account
}

// index enters what an attempt is about to add for the accounts, under new join
// ids.
// Errors: CodeAccountNotFound.
func (x *indexEntries) index(ctx context.Context, accounts ...string) error {
	joinIDs := map[string]uint64{}
	for _, account := range accounts {
		joinIDs[account] = newJoinID()
	}
	x.joinIDs = joinIDs
	if err := x.app.indexMembers(ctx, x.groupID, joinIDs); err != nil {
		return err
	}
	// An account that was deleted before the index named this group was not
	// told to leave it; one that is deleted from now on is.
	return x.app.requireAccounts(ctx, accounts...)
}

// withdraw takes back what was entered for an attempt that did not succeed,
// which the deletion of an account may just have dealt with. Each attempt
// begins with it. What is left of it if this fails is ignored by every reader.
func (x *indexEntries) withdraw(ctx context.Context) {
	if x.joinIDs == nil {
		return
	}
	if err := x.app.unindexMembers(ctx, x.groupID, x.joinIDs); err != nil && !IsReadOnly(err) {
		x.app.log.Warn("index entries of what was not added are left over", "error", err)
	}
	x.joinIDs = nil
}

// settle withdraws the entries of a change that failed, unless what they are of
// may be there.
func (x *indexEntries) settle(ctx context.Context, err error) {
	if err != nil && !errors.Is(err, store.ErrUnknown) {
		x.withdraw(context.WithoutCancel(ctx))
	}
}

// requireGroupQuota checks that each account may be in one more group.
// Errors: CodeUserGroupQuota.
func (a *App) requireGroupQuota(ctx context.Context, userIDs ...string) error {
	limit := a.settings.MaxGroupsPerUser
	if limit == 0 {
		return nil
	}
	return parallel(ctx, len(userIDs), func(ctx context.Context, i int) error {
		userID := userIDs[i]
		entries, err := a.memberships(ctx, userID)
		if err != nil || len(entries) < limit { // even if every entry holds
			return err
		}
		in := 0
		for _, entry := range entries {
			holds, err := a.holds(ctx, userID, entry)
			if err != nil {
				return err
			}
			if holds {
				in++
			}
			if in >= limit {
				return Refuse(CodeUserGroupQuota, "account %q is in %d groups already", userID, in)
			}
		}
		return nil
	})
}

// holds reports whether an index entry leads to a membership that exists.
func (a *App) holds(ctx context.Context, userID string, entry membership) (bool, error) {
	holds := false
	err := retry(ctx, func() error {
		g, err := a.readGroupHead(ctx, entry.group)
		if err != nil {
			return err
		}
		if holds = false; g.head.Destroyed {
			return nil
		}
		m, err := g.ownRecord(ctx, userID, entry)
		holds = m != nil
		return err
	})
	return holds, err
}
