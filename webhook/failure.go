package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
)

// outcome is what became of a call, as metrics and the log have it.
type outcome string

const (
	taken      outcome = "ok"         // 200, and before an event an answer that can be read
	refused    outcome = "status"     // any other status
	unreadable outcome = "answer"     // 200 with an answer that cannot be read
	timedOut   outcome = "timeout"    // no whole answer within the timeout
	untrusted  outcome = "tls"        // the certificate was not accepted
	unreached  outcome = "connection" // no answer, for any other reason
	crowded    outcome = "busy"       // not made: its turn did not come
	cut        outcome = "open"       // not made: the circuit breaker is open
	abandoned  outcome = "cancelled"  // the caller did not wait for the end
)

// failure is why a call failed. A timeout is a context.DeadlineExceeded.
type failure struct {
	outcome outcome
	err     error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// outcomeOf is the outcome of a call that ended with err.
func outcomeOf(err error) outcome {
	var f *failure
	switch {
	case err == nil:
		return taken
	case errors.As(err, &f):
		return f.outcome
	}
	return unreached
}

// broken is the failure of an attempt whose exchange ended with err. Nothing in
// it shows the query, which has the signature.
func broken(caller context.Context, err error) error {
	if f := (*failure)(nil); errors.As(err, &f) {
		return err
	}
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	var timeout net.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case caller.Err() != nil:
		return &failure{abandoned, caller.Err()}
	case errors.As(err, &timeout) && timeout.Timeout():
		return &failure{timedOut, fmt.Errorf("no answer in time: %w", context.DeadlineExceeded)}
	case errors.As(err, &certificate):
		return &failure{untrusted, err}
	}
	return &failure{unreached, err}
}
