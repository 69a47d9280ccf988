package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/recant-chat/recant/internal/config"
)

// applicationFlags say for which application a command signs, and with what.
type applicationFlags struct {
	SDKAppID uint32 `name:"sdkappid" env:"RECANT_SDKAPPID" placeholder:"n" help:"Application, where there are several."`
	Key      string `env:"RECANT_KEY" placeholder:"text" help:"Secret key to sign with, in place of a configured one; better given in the environment."`
	Config   string `env:"RECANT_CONFIG" placeholder:"file" help:"Configuration file that has the application."`

	kong.Plugins
	flags *config.Flags
}

func newApplicationFlags() applicationFlags {
	flags := config.NewFlags("data")
	return applicationFlags{Plugins: flags.Plugins(), flags: flags}
}

// signer is an application as one who calls it knows it.
type signer struct {
	sdkAppID uint32
	key      string
	admin    string // one of those who may call
}

// signer finds the application and its newest key: the ones given, else the
// configured ones, else those of the data directory's first run.
func (f *applicationFlags) signer() (signer, error) {
	if f.Key != "" {
		if f.SDKAppID == 0 {
			return signer{}, fmt.Errorf("--key is given without --sdkappid")
		}
		first, _, _ := strings.Cut(f.Key, ",")
		return signer{f.SDKAppID, first, config.DefaultAdmin}, nil
	}
	configured, err := f.configured()
	if err != nil {
		return signer{}, err
	}
	if len(configured.Applications) == 0 {
		made, found, err := readFirstApplication(configured)
		switch {
		case err != nil:
			return signer{}, err
		case !found:
			return signer{}, fmt.Errorf("no application: give --config, --data of a server that has run, or --sdkappid and --key")
		}
		configured.Applications = append(configured.Applications, made)
	}
	app, ok := configured.Application(f.SDKAppID)
	switch {
	case !ok && f.SDKAppID == 0:
		return signer{}, fmt.Errorf("there are %d applications, choose one with --sdkappid", len(configured.Applications))
	case !ok:
		return signer{}, fmt.Errorf("there is no application %d", f.SDKAppID)
	case len(app.Keys) == 0:
		return signer{}, fmt.Errorf("application %d has no key", app.SDKAppID)
	}
	return signer{app.SDKAppID, app.Keys[0].Reveal(), app.Admins[0]}, nil
}

// configured is the configuration of the server that is meant.
func (f *applicationFlags) configured() (config.Server, error) { return config.Load(f.Config, f.flags) }
