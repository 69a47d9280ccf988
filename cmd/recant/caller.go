package main

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/client"
)

// caller calls a server, as an admin of an application.
type caller struct {
	signer
	*client.Client
	base string // URL
	// answer is that of the newest call as it came, nil where the call failed.
	answer jsontext.Value
}

// newCaller is a caller of the server at a URL.
func newCaller(app signer, base string) (*caller, error) {
	c := &caller{signer: app, base: base}
	called, err := client.New(client.Config{BaseURL: base, SDKAppID: app.sdkAppID, Identifier: app.admin, Key: app.key})
	if err != nil {
		return nil, err
	}
	c.Client = called.KeepingAnswers(&c.answer)
	return c, nil
}

// explained is an error as it is told to a person: what others have said is
// made safe to print.
func explained(err error, origin string) error {
	var refused *client.Error
	var lost *client.LostError
	switch {
	case errors.As(err, &refused):
		return &told{shown(err.Error()), err}
	case errors.As(err, &lost) && origin != "":
		return fmt.Errorf("%w%s", err, origin)
	}
	return err
}

// told is an error in other words.
type told struct {
	text string
	err  error
}

func (t *told) Error() string { return t.text }
func (t *told) Unwrap() error { return t.err }
