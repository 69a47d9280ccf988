package api

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/recant-chat/recant/api/usersig"
	"github.com/recant-chat/recant/chat"
)

const (
	// maxVerified bounds the verified signatures kept per application, about
	// 150 bytes each.
	maxVerified = 8192
	// maxSuspects bounds the identifiers whose failures are counted per
	// application; the least recently seen are forgotten first.
	maxSuspects = 8192
	penaltyTime = time.Minute
)

// signatures verifies the UserSigs of one application.
type signatures struct {
	verifier usersig.Verifier
	verified *lru.Cache[[sha256.Size]byte, verifiedSig]
	failures failures
}

// verifiedSig is a signature that needs no second look while keys is the
// application's current list.
type verifiedSig struct {
	keys       *[]string
	identifier string
	signed     int64 // Unix seconds
	end        int64 // last second of validity
}

func newSignatures(failLimit int) *signatures {
	verified, err := lru.New[[sha256.Size]byte, verifiedSig](maxVerified)
	if err != nil {
		panic(err) // only for a size below 1
	}
	suspects, err := lru.New[string, *suspect](maxSuspects)
	if err != nil {
		panic(err)
	}
	return &signatures{verified: verified, failures: failures{limit: failLimit, suspects: suspects}}
}

// verify runs steps 6 and 7 of the order of checks: the penalty, then the
// signature itself (spec 01 sections 4.6 and 4.7). Errors: *chat.Error, and
// what reading the account's kick gives.
func (a *application) verify(ctx context.Context, identifier, sig string, now time.Time) error {
	if a.sigs.failures.penalized(identifier, now) {
		return &chat.Error{Code: codeTooManyBadSigs, Message: "too many failed UserSigs, retry after a minute"}
	}
	signed, err := a.verifySig(identifier, sig, now)
	if err != nil {
		a.sigs.failures.note(identifier, now)
		return sigRefusal(err)
	}
	if a.SignaturesValidSince == nil {
		return nil
	}
	since, err := a.SignaturesValidSince(ctx, identifier)
	if err != nil {
		return fmt.Errorf("verify UserSig: %w", err)
	}
	if signed < since {
		return &chat.Error{Code: codeSigRevoked, Message: "UserSig was invalidated, make a new one"}
	}
	return nil
}

// verifySig returns the time of signing of a valid signature, from the cache
// where it can.
func (a *application) verifySig(identifier, sig string, now time.Time) (int64, error) {
	key := sha256.Sum256([]byte(sig))
	keys := a.keys.Load()
	known, ok := a.sigs.verified.Get(key)
	if ok && known.keys == keys && known.identifier == identifier {
		if now.Unix() <= known.end {
			return known.signed, nil
		}
		a.sigs.verified.Remove(key)
		return 0, usersig.ErrExpired
	}
	doc, err := a.sigs.verifier.Verify(sig, a.SDKAppID, identifier, *keys, now)
	if err != nil {
		return 0, err
	}
	a.sigs.verified.Add(key, verifiedSig{keys: keys, identifier: identifier, signed: doc.Time, end: doc.End()})
	return doc.Time, nil
}

func sigRefusal(err error) *chat.Error {
	code := codeSigMalformed
	switch {
	case errors.Is(err, usersig.ErrOtherApplication):
		code = codeSigOtherApp
	case errors.Is(err, usersig.ErrOtherIdentifier):
		code = codeSigOtherIdentifier
	case errors.Is(err, usersig.ErrExpired):
		code = codeSigExpired
	case errors.Is(err, usersig.ErrWrongKey):
		code = codeSigWrongKey
	}
	return &chat.Error{Code: code, Message: err.Error()}
}

// setKeys replaces the keys; what was verified with the former ones is
// forgotten. An empty key, with which anybody could sign, is refused.
func (a *application) setKeys(keys []string) error {
	if slices.Contains(keys, "") {
		return errors.New("a key is empty")
	}
	a.keys.Store(&keys)
	a.sigs.verified.Purge()
	return nil
}

// failures counts failed verifications per identifier.
type failures struct {
	limit int // within penaltyTime; 0 counts nothing

	mu       sync.Mutex
	suspects *lru.Cache[string, *suspect]
}

// suspect holds the times of the newest failures, oldest first, limit+1 at most.
type suspect struct {
	times []time.Time
}

// penalized reports whether more than limit verifications failed within a
// minute, until a minute after the first of them.
func (f *failures) penalized(identifier string, now time.Time) bool {
	if f.limit == 0 {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s, ok := f.suspects.Peek(identifier)
	return ok && len(s.times) > f.limit && now.Before(s.times[0].Add(penaltyTime))
}

func (f *failures) note(identifier string, now time.Time) {
	if f.limit == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s, ok := f.suspects.Get(identifier)
	if !ok {
		s = &suspect{}
		f.suspects.Add(identifier, s)
	}
	for len(s.times) > 0 && !now.Before(s.times[0].Add(penaltyTime)) {
		s.times = s.times[1:]
	}
	if len(s.times) > f.limit {
		return // refused concurrently with the failure that began the penalty
	}
	s.times = append(s.times, now)
}
