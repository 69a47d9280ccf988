package client

import (
	"cmp"
	"context"
	crand "crypto/rand"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"
)

// Retry says how often and when a call is repeated that failed.
//
// What cannot have been carried out is always repeated: a server that could not
// be connected to, calls that were too frequent (60007, 60018, HTTP status 429). Where that is
// not known (the connection broke, a proxy answered, the server met an internal error or ran
// out of time) only commands are repeated that leave the same when they are made twice; their
// documentation says so. A refusal that would be one again is never repeated.
type Retry struct {
	// Attempts is how often a call is made at most; 0 is 5, 1 repeats nothing.
	Attempts int
	// Pause is that before the first repetition. Each is twice the one before, up to
	// MaxPause, and up to as much again at random; where a proxy asks for a longer one, it is that. 0 is 200 ms.
	Pause time.Duration
	// MaxPause bounds Pause and its doubling. Where a proxy asks for more than twice as
	// long, the call fails. 0 is 10 s.
	MaxPause time.Duration
	// AttemptTimeout bounds one attempt; 0 is a minute. The context bounds the whole.
	AttemptTimeout time.Duration
}

func (r Retry) withDefaults() Retry {
	return Retry{
		Attempts: cmp.Or(max(r.Attempts, 0), 5), Pause: cmp.Or(max(r.Pause, 0), 200*time.Millisecond),
		MaxPause: cmp.Or(max(r.MaxPause, 0), 10*time.Second), AttemptTimeout: cmp.Or(max(r.AttemptTimeout, 0), time.Minute),
	}
}

// repeat makes a call until it has an answer or must not be repeated, and
// returns the answer.
func (c *Client) repeat(ctx context.Context, command Command, body []byte) ([]byte, error) {
	random := newRandom() // the same in all attempts, which the server's log shows
	pause := min(c.config.Retry.Pause, c.config.Retry.MaxPause)
	renewed := false
	for attempt := 1; ; attempt++ {
		sig, err := c.sigs.get(ctx)
		if err != nil {
			return nil, err
		}
		raw, err := c.attempt(ctx, command, sig.text, random, body)
		if err == nil {
			return raw, nil
		}
		if code := CodeOf(err); !renewed && (code == CodeSigExpired || code == CodeSigRevoked) {
			c.sigs.refused(sig)
			renewed = true
			attempt-- // nobody has looked at the call yet
			continue
		}
		wait := max(pause+rand.N(pause), retryAfter(err))
		if attempt >= c.config.Retry.Attempts || !mayRepeat(err, command.Repeatable) || wait > c.longest(ctx) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(wait):
		}
		pause = min(2*pause, c.config.Retry.MaxPause)
	}
}

// longest is how long a pause may be: a call that could not be made again before the context's
// deadline fails at once.
func (c *Client) longest(ctx context.Context) time.Duration {
	longest := 2 * c.config.Retry.MaxPause
	if deadline, ok := ctx.Deadline(); ok {
		longest = min(longest, time.Until(deadline))
	}
	return longest
}

// mayRepeat reports whether a call that failed may be made again.
func mayRepeat(err error, repeatable bool) bool {
	var refused *Error
	if errors.As(err, &refused) {
		switch refused.Code {
		case CodeCallFrequency, CodeOverload:
			return true
		case CodeTooFrequent, CodeTooManyBadSigs, CodeReplayFailed: // a few seconds do not help
			return false
		}
		return repeatable && refused.Code.Temporary()
	}
	var lost *LostError
	if !errors.As(err, &lost) {
		return false
	}
	var status *StatusError
	if errors.As(err, &status) && status.Status < 500 {
		return status.Status == http.StatusTooManyRequests || repeatable && status.Status == http.StatusRequestTimeout
	}
	return !lost.Reached || repeatable
}

// retryAfter is the pause that a proxy asks for.
func retryAfter(err error) time.Duration {
	var status *StatusError
	if errors.As(err, &status) {
		return status.RetryAfter
	}
	return 0
}

// newRandom makes the number by which the server knows a repeated message.
func newRandom() uint32 { return rand.Uint32() }

// newKey makes a key by which the server knows a repeated recall.
func newKey() string { return crand.Text() }
