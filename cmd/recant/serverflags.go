package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/recant-chat/recant/chat"
	"github.com/recant-chat/recant/client"
	"github.com/recant-chat/recant/internal/config"
)

// serverFlags says which server is called, by whom, and how the answer is
// printed.
type serverFlags struct {
	URL   string `name:"url" env:"RECANT_URL" placeholder:"url" help:"Base URL of the server; without it, that of the server that serves the data directory."`
	Admin string `env:"RECANT_ADMIN" placeholder:"name" help:"Admin account that calls; without it, the application's first."`
	JSON  bool   `name:"json" help:"Print the server's answer, also a refusal, as one JSON document."`

	applicationFlags
	origin string // where the URL was found, for those who wonder
}

func newServerFlags() serverFlags { return serverFlags{applicationFlags: newApplicationFlags()} }

// open finds the server and the application.
func (c *serverFlags) open() (*caller, error) {
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
	if c.URL != "" {
		if !config.IsBaseURL(c.URL) {
			return nil, exitWith(exitUsage, "--url should be http:// or https:// and a host, such as https://chat.example.net")
		}
		return newCaller(app, strings.TrimSuffix(c.URL, "/"))
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
	c.origin = " (the address in " + file + ")"
	return newCaller(app, strings.TrimSpace(string(content)))
}

// answer prints what a program asked for: the server's answer as it came, also
// that of a refusal; and returns the error.
func (c *serverFlags) answer(s streams, raw []byte, err error) error {
	var refused *client.Error
	if errors.As(err, &refused) {
		raw = refused.Answer
	}
	if c.JSON && raw != nil {
		fmt.Fprintf(s.out, "%s\n", raw)
	}
	return explained(err, c.origin)
}
