package main

import (
	"errors"
	"fmt"

	"github.com/recant-chat/recant/client"
)

// Exit codes. docs/operating.md explains them to those who write scripts.
const (
	exitOK           = 0
	exitError        = 1
	exitUsage        = 2
	exitPart         = 3 // a target could not be served
	exitRefused      = 4 // a safeguard of the server said no
	exitNotConfirmed = 5
)

// exitCodesHelp explains them in the help of the commands that use them all.
const exitCodesHelp = `Exit codes: 0 done; 1 failed, or not known to be done; 2 wrong usage; 3 a target could not be served, the others are done; 4 the server refused because of a guard, of growth since the preview, of a hold, because it is erased, or because the idempotency key was used for something else; 5 not confirmed.`

// exit is an error with an exit code of its own.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string { return e.err.Error() }
func (e *exit) Unwrap() error { return e.err }

func exitWith(code int, format string, args ...any) error {
	return &exit{code, fmt.Errorf(format, args...)}
}

// exitCode is what the program ends with after an error.
func exitCode(err error) int {
	var own *exit
	if errors.As(err, &own) {
		return own.code
	}
	switch client.CodeOf(err) {
	case client.CodeGuardExceeded, client.CodePlanGrown, client.CodeIdempotencyConflict, client.CodeErased, client.CodeHeld:
		return exitRefused
	}
	return exitError
}
