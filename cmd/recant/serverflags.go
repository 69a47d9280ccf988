package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/recant-chat/recant/chat"
	"github.com/recant-chat/recant/internal/config"
)

// serverFlags says which server is called, by whom, and how the answer is
// printed.
type serverFlags struct {
	URL   string `name:"url" env:"RECANT_URL" placeholder:"url" help:"Base URL of the server; without it, that of the server that serves the data directory."`
	Admin string `env:"RECANT_ADMIN" placeholder:"name" help:"Admin account that calls; without it, the application's first."`
	JSON  bool   `name:"json" help:"Print the server's answer, also a refusal, as one JSON document."`

	applicationFlags
}

func newServerFlags() serverFlags { return serverFlags{applicationFlags: newApplicationFlags()} }

// open finds the server and the application, for calls of a service.
func (c *serverFlags) open(service string) (*caller, error) {
	app, err := c.signer()
	if err != nil {
		return nil, err
	}
	if c.Admin != "" {
		if !chat.ValidUserID(c.Admin) {
			return nil, exitWith(exitUsage, "--admin should be 1 to 32 printable ASCII characters with no space at either end")
		}
		app.admin = c.Admin
	}
	found := &caller{signer: app, service: service, base: strings.TrimSuffix(c.URL, "/")}
	if c.URL != "" {
		if !config.IsBaseURL(c.URL) {
			return nil, exitWith(exitUsage, "--url should be http:// or https:// and a host, such as https://chat.example.net")
		}
		return found, nil
	}
	configured, err := c.configured()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(configured.Data, addressFileName)
	content, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("no server serves the data directory %s: start one, or give --url or --data", configured.Data)
	case err != nil:
		return nil, err
	}
	found.base, found.origin = strings.TrimSpace(string(content)), " (the address in "+file+")"
	return found, nil
}

// answer prints what a program asked for: the server's answer as it came, also
// that of a refusal; and returns the error.
func (c *serverFlags) answer(s streams, raw []byte, err error) error {
	if !c.JSON {
		return err
	}
	var refused *refusal
	if errors.As(err, &refused) {
		raw = refused.answer
	}
	if raw != nil {
		fmt.Fprintf(s.out, "%s\n", raw)
	}
	return err
}
