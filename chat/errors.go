package chat

import (
	"errors"
	"fmt"

	"github.com/recant-chat/recant/store"
)

// Error is a refusal of the domain: the protocol's code and a sentence that
// says what was wrong with which field.
type Error struct {
	Code    Code
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("%d: %s", int(e.Code), e.Message) }

// IsReadOnly reports whether the call failed because it would have written where the
// server only reads.
func IsReadOnly(err error) bool { return errors.Is(err, store.ErrReadOnly) }

// Refuse returns an *Error with a formatted message.
func Refuse(code Code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// messageOf returns the message of the *Error in err's chain.
func messageOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

// CodeOf returns the code of the *Error in err's chain, 0 for nil, and
// CodeInternal for every other error.
func CodeOf(err error) Code {
	if err == nil {
		return 0
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}
