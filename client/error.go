package client

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Code is the ErrorCode of an answer. It is an error, so that
//
//	errors.Is(err, client.CodeGroupNotFound)
//
// asks what a call was refused for.
type Code int

func (c Code) Error() string { return fmt.Sprintf("code %d: %s", int(c), c.Meaning()) }

// CodeOf is the code that a call was refused with, 0 where err is nil or no refusal.
func CodeOf(err error) Code {
	var refused *Error
	if errors.As(err, &refused) {
		return refused.Code
	}
	return 0
}

// Error says that the server refused a call. Nothing was done, but for what
// Code's meaning says.
type Error struct {
	Command string
	Code    Code
	Info    string // the server's words about this call, may be ""
	Answer  []byte // the whole answer as it came
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s was refused: %d %s", e.Command, int(e.Code), cmp.Or(e.Info, e.Code.Meaning()))
}

// Is reports whether target is the error's Code.
func (e *Error) Is(target error) bool { return target == error(e.Code) }

// LostError says that a call has no answer.
type LostError struct {
	Command string
	Reached bool  // it may have been carried out
	Err     error // why, such as a *StatusError or one of the network's
}

func (e *LostError) Error() string {
	text := fmt.Sprintf("%s: %v", e.Command, e.Err)
	if e.Reached {
		text += "; whether it was carried out is not known"
	}
	return text
}

func (e *LostError) Unwrap() error { return e.Err }

// StatusError says that what answered was not the server, whose answers all
// have status 200: a proxy, as a rule. It is inside a *LostError.
type StatusError struct {
	URL        string        // the base URL that was called
	Status     int           // such as 502
	RetryAfter time.Duration // for which it asks not to be called, 0 for none
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s answers with HTTP status %d %s", e.URL, e.Status, http.StatusText(e.Status))
}
