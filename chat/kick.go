package chat

import (
	"context"
	"fmt"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// Kick voids the UserSigs of an account that were signed before this second,
// for good: also an account of the same name that is made later does not bring
// them back (doc 34957).
// Errors: CodeAccountInvalid, CodeAccountNotImported.
func (a *App) Kick(ctx context.Context, userID string) error {
	if !ValidUserID(userID) {
		return Refuse(CodeAccountInvalid, "UserID must be 1 to %d bytes of printable ASCII", maxUserIDBytes)
	}
	if _, err := a.account(ctx, userID); err != nil { // which may import it
		return err
	}
	return retry(ctx, func() error {
		account, version, err := a.readAccount(ctx, userID)
		if err != nil {
			return err
		}
		if account == nil && !a.admins[userID] {
			return Refuse(CodeAccountNotImported, textAccountNotImported)
		}
		since, err := a.SignaturesValidSince(ctx, userID)
		now := a.now()
		if err != nil || since >= now { // also where the clock was set back
			return err
		}
		return a.commitAccount(ctx, userID, version, store.Set(record.KickKey, encode(&record.Kick{Time: now})))
	})
}

// SignaturesValidSince returns the Unix second before which an account's
// UserSigs are void, 0 for none. It is asked at every call and reads the store
// each time: so an answered kick binds the next call, wherever that comes in.
func (a *App) SignaturesValidSince(ctx context.Context, userID string) (int64, error) {
	rows, _, err := a.store.Read(ctx, record.UserPartition(a.id, userID), store.Key(record.KickKey))
	if err != nil {
		return 0, fmt.Errorf("read kick of account %q: %w", userID, err)
	}
	if len(rows[0]) == 0 {
		return 0, nil
	}
	kicked := &record.Kick{}
	err = decode(rows[0][0], kicked)
	return kicked.Time, err
}
