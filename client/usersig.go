package client

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/recant-chat/recant/api/usersig"
)

const (
	// signedFor is how long a UserSig that the client signs is valid.
	signedFor = 24 * time.Hour
	// renewBefore is how long before its end a UserSig is replaced. Clocks may
	// differ by as much.
	renewBefore = 5 * time.Minute
)

// signatures has the UserSig of a client, and renews it.
type signatures struct {
	source func(context.Context) (string, error)
	now    func() time.Time
	newest atomic.Pointer[signature] // nil where one is to be made
	turn   chan struct{}             // has an element while one is made
}

// signature is a UserSig.
type signature struct {
	text    string
	renewAt int64 // Unix seconds; 0 where its end is not known
}

func newSignatures(c Config, now func() time.Time) *signatures {
	s := &signatures{source: c.UserSig, now: now, turn: make(chan struct{}, 1)}
	if s.source == nil {
		s.source = func(context.Context) (string, error) {
			return usersig.Sign(c.SDKAppID, c.Key, c.Identifier, signedFor)
		}
	}
	return s
}

// get returns a UserSig that is valid, as far as the client can tell.
func (s *signatures) get(ctx context.Context) (*signature, error) {
	if sig := s.valid(); sig != nil {
		return sig, nil
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("UserSig: %w", ctx.Err())
	}
	if sig := s.valid(); sig != nil { // another call has made it meanwhile
		return sig, nil
	}
	text, err := s.source(ctx)
	if err != nil {
		return nil, fmt.Errorf("UserSig: %w", err)
	}
	sig := &signature{text: text}
	var reader usersig.Verifier
	if document, err := reader.Parse(text); err == nil {
		sig.renewAt = max(1, document.End()-min(int64(renewBefore/time.Second), document.Expire/2))
	}
	s.newest.Store(sig)
	return sig, nil
}

// valid is the newest UserSig, nil where another should be made.
func (s *signatures) valid() *signature {
	sig := s.newest.Load()
	if sig == nil || sig.renewAt > 0 && s.now().Unix() >= sig.renewAt {
		return nil
	}
	return sig
}

// refused says that the server does not accept a UserSig any more. The next get makes
// another, unless that was done meanwhile.
func (s *signatures) refused(sig *signature) { s.newest.CompareAndSwap(sig, nil) }
