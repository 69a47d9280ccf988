package main

import (
	"fmt"
	"time"

	"github.com/recant-chat/recant/api/usersig"
	"github.com/recant-chat/recant/chat"
)

// userSigCommand is `recant usersig`.
type userSigCommand struct {
	User   string        `required:"" placeholder:"name" help:"Account that the UserSig is for."`
	Expire time.Duration `default:"24h" placeholder:"duration" help:"How long it is valid, in whole seconds (default 24h)."`

	applicationFlags
}

func newUserSigCommand() userSigCommand {
	return userSigCommand{applicationFlags: newApplicationFlags()}
}

// Run prints the UserSig alone, so that a script can take it.
func (c *userSigCommand) Run(s streams) error {
	if !chat.ValidUserID(c.User) {
		return fmt.Errorf("--user should be 1 to 32 printable ASCII characters with no space at either end")
	}
	if c.Expire < time.Second {
		return fmt.Errorf("--expire should be a second or more")
	}
	app, err := c.signer()
	if err != nil {
		return err
	}
	sig, err := usersig.Sign(app.sdkAppID, app.key, c.User, c.Expire)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, sig)
	return err
}
