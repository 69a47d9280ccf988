package chat

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// An IdempotencyKey belongs to the call that first came with it, for 24 hours:
// the claim is committed before the call's first target.

const (
	maxIdempotencyKeyBytes  = 64
	idempotencyValidSeconds = 24 * 60 * 60
	// maxClaimsRemoved is how many claims that have run out one claim removes.
	maxClaimsRemoved = 16
)

// claimOf returns the claim of a key that holds, nil for none.
func (a *App) claimOf(ctx context.Context, key string) (*record.IdempotencyClaim, error) {
	rows, _, err := a.store.Read(ctx, a.claims(key), store.Key(record.ClaimKey(key)))
	if err != nil {
		return nil, fmt.Errorf("read IdempotencyKey: %w", err)
	}
	claim, ranOut, err := a.claimIn(rows[0])
	if ranOut {
		return nil, err
	}
	return claim, err
}

// claimIn reads a claim, nil for none, and whether it has run out.
func (a *App) claimIn(rows []store.Row) (claim *record.IdempotencyClaim, ranOut bool, err error) {
	if len(rows) == 0 {
		return nil, false, nil
	}
	claim = &record.IdempotencyClaim{}
	err = decode(rows[0], claim)
	return claim, a.now()-claim.Time >= idempotencyValidSeconds, err
}

// claims is the partition that a key is claimed in.
func (a *App) claims(key string) store.Partition {
	return record.IdempotencyPartition(a.id, sha256.Sum256([]byte(key))[0])
}

// claim claims a key for an operation, and returns the claim that holds: its
// own, or that of whoever was first.
func (a *App) claim(ctx context.Context, key string, own *record.IdempotencyClaim) (*record.IdempotencyClaim, error) {
	holding := own
	err := retry(ctx, func() error {
		now := a.now()
		rows, version, err := a.store.Read(ctx, a.claims(key), store.Key(record.ClaimKey(key)), store.Key(record.ClaimsKey))
		if err != nil {
			return err
		}
		there, ranOut, err := a.claimIn(rows[0])
		if err != nil {
			return err
		}
		var mutations []store.Mutation
		switch {
		case ranOut:
			mutations = append(mutations, store.Delete(record.ClaimAgeKey(there.Time, key)))
		case there != nil:
			holding = there
			return nil
		}
		own.Time = now
		removed, err := a.oldClaims(ctx, key, version, rows[1], now)
		if err != nil {
			return err
		}
		mutations = append(mutations, removed...)
		mutations = append(mutations, store.Set(record.ClaimKey(key), encode(own)), store.Set(record.ClaimAgeKey(now, key), nil))
		_, err = a.store.Commit(ctx, a.claims(key), version, mutations)
		if errors.Is(err, store.ErrUnknown) {
			return store.ErrConflict // see who has it
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim IdempotencyKey: %w", err)
	}
	return holding, nil
}

// oldClaims returns the mutations that remove the oldest claims of a key's partition,
// where they have run out, beside a claim that is made now. The partition's head, which
// is in the rows, says from where on to look for them: what was removed before need
// not be passed.
func (a *App) oldClaims(ctx context.Context, key string, version store.Version, rows []store.Row, now int64) ([]store.Mutation, error) {
	head := &record.Claims{}
	if len(rows) > 0 {
		if err := decode(rows[0], head); err != nil {
			return nil, err
		}
	}
	oldest, before := now, head.Oldest
	var mutations []store.Mutation
	if before <= now-idempotencyValidSeconds {
		ages, at, err := a.store.Read(ctx, a.claims(key), store.Range{
			From: record.ClaimAgeKey(before, ""), To: store.PrefixEnd(record.ClaimAgePrefix), Limit: maxClaimsRemoved + 1,
		})
		switch {
		case err != nil:
			return nil, err
		case at != version:
			return nil, store.ErrConflict
		}
		for i, row := range ages[0] {
			time, claimed := record.ClaimOfAge(row.Key)
			if i == maxClaimsRemoved || time > now-idempotencyValidSeconds {
				oldest = min(oldest, time)
				break
			}
			mutations = append(mutations, store.Delete(row.Key), store.Delete(record.ClaimKey(claimed)))
		}
	} else {
		oldest = min(oldest, before)
	}
	if oldest != before {
		mutations = append(mutations, store.Set(record.ClaimsKey, encode(&record.Claims{Oldest: oldest})))
	}
	return mutations, nil
}
