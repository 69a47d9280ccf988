package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// DefaultIdentifier is the admin account that an application has at first.
const DefaultIdentifier = "administrator"

// Config says which server is called, for which application, and as whom.
type Config struct {
	// BaseURL is the address of the server, such as https://chat.example.net or
	// https://console.tim.qq.com.
	BaseURL string
	// SDKAppID is the application.
	SDKAppID uint32
	// Identifier is the admin account that calls; "" is DefaultIdentifier.
	Identifier string
	// Key is the application's secret key, with which the client signs UserSigs.
	Key string
	// UserSig returns a UserSig of Identifier, for programs that do not have the
	// Key. It is called before the first call, before the UserSig that it returned
	// ends, and where the server says that it has. Either it or Key is given.
	UserSig func(context.Context) (string, error)
	// HTTPClient makes the requests; nil is one of the client's own, with a pool
	// of connections. Redirections are not followed unless its CheckRedirect is set.
	HTTPClient *http.Client
	// Retry says how often and when calls are repeated; the zero value is the default of
	// every field.
	Retry Retry
}

// Client calls the commands of one application. Its methods may be called
// concurrently.
type Client struct {
	config  Config
	base    string // without a slash at the end
	sigs    *signatures
	answers *jsontext.Value // nil where answers are not kept
}

// New returns a client. It makes no call; the error says what in c makes no sense.
func New(c Config) (*Client, error) {
	c.Identifier = cmp.Or(c.Identifier, DefaultIdentifier)
	c.Retry = c.Retry.withDefaults()
	if c.HTTPClient == nil {
		c.HTTPClient = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
	}
	if c.HTTPClient.CheckRedirect == nil {
		// The way to another place would carry the UserSig there.
		own := *c.HTTPClient
		own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		c.HTTPClient = &own
	}
	base, err := url.Parse(c.BaseURL)
	switch {
	case err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "":
		return nil, errors.New("BaseURL should be http:// or https:// and a host, such as https://chat.example.net, without a user")
	case c.SDKAppID == 0:
		return nil, errors.New("SDKAppID is missing")
	case (c.Key == "") == (c.UserSig == nil):
		return nil, errors.New("either Key or UserSig should be given")
	}
	return &Client{config: c, base: strings.TrimSuffix(c.BaseURL, "/"), sigs: newSignatures(c, time.Now)}, nil
}

// CloseIdleConnections closes the connections that no call is using.
func (c *Client) CloseIdleConnections() { c.config.HTTPClient.CloseIdleConnections() }

// WithRetry is the client with another rule for repeating calls.
func (c *Client) WithRetry(r Retry) *Client {
	other := *c
	other.config.Retry = r.withDefaults()
	return &other
}

// KeepingAnswers is the client, which also stores each call's answer as it
// came, with all its fields, in to; nil where the call failed. Only one call may
// be under way at a time.
func (c *Client) KeepingAnswers(to *jsontext.Value) *Client {
	other := *c
	other.answers = to
	return &other
}

// Command names a command of the protocol.
type Command struct {
	Service string
	Name    string
	// Repeatable says that the command may be called again where it is not known
	// whether the first call was carried out.
	Repeatable bool
}

// Call calls a command, for those that have no method of their own: what the
// hosted service has beyond Recant, and fields of which this package does not
// know. The request is encoded as JSON; nil is {}. The answer is decoded into response; nil does
// without, and a *jsontext.Value receives it as it came.
//
// Errors: *Error, *LostError, or one that says why the request could not be made.
func (c *Client) Call(ctx context.Context, command Command, request, response any) error {
	if c.answers != nil {
		*c.answers = nil
	}
	body, err := encode(request)
	if err != nil {
		return fmt.Errorf("%s: %w", command.Name, err)
	}
	raw, err := c.repeat(ctx, command, body)
	if err != nil {
		return err
	}
	if c.answers != nil {
		*c.answers = raw
	}
	if response == nil {
		return nil
	}
	if err := decode(raw, response); err != nil {
		return &LostError{Command: command.Name, Reached: true, Err: fmt.Errorf("the answer does not have the form of this command's: %w", err)}
	}
	return nil
}

// answered is Call with a response of its own.
func answered[Response any](ctx context.Context, c *Client, command Command, request any) (*Response, error) {
	response := new(Response)
	if err := c.Call(ctx, command, request, response); err != nil {
		return nil, err
	}
	return response, nil
}

func encode(request any) ([]byte, error) {
	body, err := json.Marshal(request, jsontext.AllowDuplicateNames(true))
	if err == nil && string(body) == "null" { // nil of whatever type
		return []byte("{}"), nil
	}
	return body, err
}

// valueOf is what p points at, the zero value for nil.
func valueOf[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
