package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/api/usersig"
)

const (
	// signedFor is how long the UserSig of one call is valid; it may be repeated
	// as long.
	signedFor = 10 * time.Minute
	// attemptTimeout bounds one attempt of a call. A server answers within its
	// request_timeout, 3 s by default.
	attemptTimeout = time.Minute
	maxAttempts    = 5
	firstPause     = 200 * time.Millisecond // before a repetition; each is twice the one before
	maxAnswerBytes = 64 << 20
)

// caller calls the commands of a service of a server over the network.
type caller struct {
	signer
	service string
	base    string // URL
	origin  string // where the URL was found, for those who wonder
	client  http.Client
}

// of is a caller of another service of the server.
func (c *caller) of(service string) *caller {
	other := *c
	other.service = service
	return &other
}

// Codes of answers that a caller reacts to (spec 01 section 6, spec 08
// section 3).
const (
	codeInternal      = 10002
	codeTimeout       = 60008
	codeOverload      = 60018
	codeGuardExceeded = 190002
	codePlanGrown     = 190003
	codeKeyConflict   = 190005
	codeErased        = 190006
	codeHeld          = 190007
)

// refusal is the answer of a server that refused a call.
type refusal struct {
	command string
	envelope
	answer []byte
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%s was refused: %d %s", r.command, r.ErrorCode, shown(r.ErrorInfo))
}

// lost says that a call has no answer.
type lost struct {
	command string
	reached bool // it may have been carried out
	err     error
}

func (l *lost) Error() string {
	text := fmt.Sprintf("%s: %v", l.command, l.err)
	if l.reached {
		text += "; whether it was carried out is not known"
	}
	return text
}

func (l *lost) Unwrap() error { return l.err }

// repeats say when a call may be made again after it failed.
type repeats bool

const (
	repeatable repeats = true  // twice does no more than once
	onceOnly   repeats = false // only what cannot have been carried out is repeated
)

// call makes a call and decodes its answer, which it returns as it came. Calls
// that failed are repeated for some seconds, as far as that is harmless.
// Errors: *refusal, *lost.
func (c *caller) call(ctx context.Context, command string, repeat repeats, request, answer any) ([]byte, error) {
	return c.tryCall(ctx, command, repeat, maxAttempts, request, answer)
}

// tryCall is call with a bound of attempts.
func (c *caller) tryCall(ctx context.Context, command string, repeat repeats, attempts int, request, answer any) ([]byte, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	random := rand.Uint32() // the same in all attempts, which the audit record shows
	pause := firstPause
	for attempt := 1; ; attempt++ {
		raw, err := c.attempt(ctx, command, random, body)
		if err == nil {
			return raw, json.Unmarshal(raw, answer, jsontext.AllowDuplicateNames(true))
		}
		if attempt == attempts || ctx.Err() != nil || !mayRepeat(err, repeat) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pause + rand.N(pause)):
			pause *= 2
		}
	}
}

func mayRepeat(err error, repeat repeats) bool {
	var gone *lost
	if errors.As(err, &gone) {
		return !gone.reached || repeat == repeatable
	}
	var refused *refusal
	if !errors.As(err, &refused) {
		return false
	}
	switch refused.ErrorCode {
	case codeCallFrequency, codeOverload:
		return true
	case codeTimeout, codeInternal:
		return repeat == repeatable
	}
	return false
}

// attempt makes a call once.
// Errors: *refusal, *lost.
func (c *caller) attempt(ctx context.Context, command string, random uint32, body []byte) ([]byte, error) {
	sig, err := usersig.Sign(c.sdkAppID, c.key, c.admin, signedFor)
	if err != nil {
		return nil, err
	}
	query := url.Values{
		"sdkappid": {strconv.FormatUint(uint64(c.sdkAppID), 10)}, "identifier": {c.admin}, "usersig": {sig},
		"random": {strconv.FormatUint(uint64(random), 10)}, "contenttype": {"json"},
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	address := c.base + "/v4/" + c.service + "/" + command
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"?"+query.Encode(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("the server's URL %q: %w", c.base, err)
	}
	response, err := c.client.Do(request)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err // its text has the UserSig in it
		}
		return nil, &lost{command, !neverConnected(err), fmt.Errorf("no answer from %s%s: %w", c.base, c.origin, err)}
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	switch {
	case err != nil:
		return nil, &lost{command, true, fmt.Errorf("the answer from %s broke off: %w", c.base, err)}
	case response.StatusCode != http.StatusOK:
		return nil, &lost{command, true, fmt.Errorf("%s answers with HTTP status %s", c.base, response.Status)}
	}
	head := envelope{}
	if err := json.Unmarshal(raw, &head, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, &lost{command, true, fmt.Errorf("%s does not answer as a Recant server: %w", c.base, err)}
	}
	if head.ErrorCode != 0 {
		return nil, &refusal{command, head, raw}
	}
	return raw, nil
}

// neverConnected reports whether a request cannot have reached anybody.
func neverConnected(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}
