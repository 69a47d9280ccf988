package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// maxAnswerBytes bounds an answer; a server's are 1 MB at most.
const maxAnswerBytes = 64 << 20

// envelope is what every answer has.
type envelope struct {
	ErrorCode *Code  `json:"ErrorCode"`
	ErrorInfo string `json:"ErrorInfo"`
}

// attempt makes a call once and returns the answer of one that succeeded.
// Errors: *Error, *LostError.
func (c *Client) attempt(ctx context.Context, command Command, sig string, random uint32, body []byte) ([]byte, error) {
	lost := func(reached bool, format string, args ...any) error {
		return &LostError{Command: command.Name, Reached: reached, Err: fmt.Errorf(format, args...)}
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Retry.AttemptTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address(command, sig, random), bytes.NewReader(body))
	if err != nil {
		return nil, withoutURL(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.config.HTTPClient.Do(request)
	if err != nil {
		err = withoutURL(err)
		return nil, lost(!neverConnected(err), "no answer from %s: %w", c.base, err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	switch {
	case response.StatusCode != http.StatusOK:
		status := &StatusError{c.base, response.StatusCode, retryAfterOf(response.Header, time.Now())}
		return nil, &LostError{command.Name, status.Status != http.StatusTooManyRequests, status}
	case err != nil:
		return nil, lost(true, "the answer from %s broke off: %w", c.base, err)
	}
	head := envelope{}
	switch err := decode(raw, &head); {
	case err != nil:
		return nil, lost(true, "%s does not answer as a chat server: %w", c.base, err)
	case head.ErrorCode == nil:
		return nil, lost(true, "%s does not answer as a chat server: there is no ErrorCode", c.base)
	case *head.ErrorCode != 0:
		return nil, &Error{Command: command.Name, Code: *head.ErrorCode, Info: head.ErrorInfo, Answer: raw}
	}
	return raw, nil
}

// address is the URL of a call, in the order of the vendor's documents (doc 34620).
func (c *Client) address(command Command, sig string, random uint32) string {
	return c.base + "/v4/" + command.Service + "/" + command.Name +
		"?sdkappid=" + strconv.FormatUint(uint64(c.config.SDKAppID), 10) +
		"&identifier=" + url.QueryEscape(c.config.Identifier) +
		"&usersig=" + url.QueryEscape(sig) +
		"&random=" + strconv.FormatUint(uint64(random), 10) +
		"&contenttype=json"
}

// withoutURL is an error of a request without its URL, in which the UserSig is.
func withoutURL(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}

// neverConnected reports whether a request cannot have reached anybody.
func neverConnected(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// retryAfterOf reads the header Retry-After: seconds, or a date.
func retryAfterOf(header http.Header, now time.Time) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(text); err == nil {
		return max(0, date.Sub(now))
	}
	return 0
}
