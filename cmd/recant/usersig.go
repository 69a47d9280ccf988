package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/recant-chat/recant/api/usersig"
	"github.com/recant-chat/recant/chat"
	"github.com/recant-chat/recant/internal/config"
)

// userSigCommand is `recant usersig`.
type userSigCommand struct {
	User     string        `required:"" placeholder:"name" help:"Account that the UserSig is for."`
	Expire   time.Duration `default:"24h" placeholder:"duration" help:"How long it is valid, in whole seconds (default 24h)."`
	SDKAppID uint32        `name:"sdkappid" env:"RECANT_SDKAPPID" placeholder:"n" help:"Application, where there are several."`
	Key      string        `env:"RECANT_KEY" placeholder:"text" help:"Secret key to sign with, in place of a configured one; better given in the environment."`
	Config   string        `env:"RECANT_CONFIG" placeholder:"file" help:"Configuration file that has the application."`

	kong.Plugins
	flags *config.Flags
}

func newUserSigCommand() userSigCommand {
	flags := config.NewFlags("data")
	return userSigCommand{Plugins: flags.Plugins(), flags: flags}
}

// Run prints the UserSig alone, so that a script can take it.
func (c *userSigCommand) Run(s streams) error {
	if !chat.ValidUserID(c.User) {
		return fmt.Errorf("--user should be 1 to 32 printable ASCII characters with no space at either end")
	}
	if c.Expire < time.Second {
		return fmt.Errorf("--expire should be a second or more")
	}
	sdkAppID, key, err := c.signer()
	if err != nil {
		return err
	}
	sig, err := usersig.Sign(sdkAppID, key, c.User, c.Expire)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, sig)
	return err
}

// signer finds the application and its newest key: the ones given, else the
// configured ones, else those of the data directory's first run.
func (c *userSigCommand) signer() (sdkAppID uint32, key string, err error) {
	if c.Key != "" {
		if c.SDKAppID == 0 {
			return 0, "", fmt.Errorf("--key is given without --sdkappid")
		}
		first, _, _ := strings.Cut(c.Key, ",")
		return c.SDKAppID, first, nil
	}
	configured, err := config.Load(c.Config, c.flags)
	if err != nil {
		return 0, "", err
	}
	if len(configured.Applications) == 0 {
		made, found, err := readFirstApplication(configured)
		switch {
		case err != nil:
			return 0, "", err
		case !found:
			return 0, "", fmt.Errorf("no application: give --config, --data of a server that has run, or --sdkappid and --key")
		}
		configured.Applications = append(configured.Applications, made)
	}
	app, ok := configured.Application(c.SDKAppID)
	switch {
	case !ok && c.SDKAppID == 0:
		return 0, "", fmt.Errorf("there are %d applications, choose one with --sdkappid", len(configured.Applications))
	case !ok:
		return 0, "", fmt.Errorf("there is no application %d", c.SDKAppID)
	case len(app.Keys) == 0:
		return 0, "", fmt.Errorf("application %d has no key", app.SDKAppID)
	}
	return app.SDKAppID, app.Keys[0].Reveal(), nil
}
