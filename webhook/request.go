package webhook

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/recant-chat/recant/chat"
)

// backend is whom to call and how calls to it are marked.
type backend struct {
	url      *url.URL
	token    string // "" leaves calls unsigned
	sdkAppID uint32
}

// shown is the backend's URL without what may be secret in it.
func (b backend) shown() string {
	return (&url.URL{Scheme: b.url.Scheme, Host: b.url.Host, Path: b.url.Path, RawPath: b.url.RawPath}).String()
}

// request is one attempt of a call, signed for the time at which it is made.
func (b backend) request(ctx context.Context, c chat.Callback, now time.Time) (*http.Request, error) {
	u := *b.url
	u.RawQuery = b.query(c, now)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(c.Body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "recant")
	return request, nil
}

// query is the parameters of a call in their documented order (doc 34354),
// behind those that the backend's URL has itself.
func (b backend) query(c chat.Callback, now time.Time) string {
	query := Parameters(b.sdkAppID, c)
	if own := strings.TrimRight(b.url.RawQuery, "&"); own != "" {
		query = own + "&" + query
	}
	if b.token != "" {
		query += "&Sign=" + Sign(b.token, now.Unix()) + "&RequestTime=" + strconv.FormatInt(now.Unix(), 10)
	}
	return query
}

// Parameters are the query parameters that a call has by itself, in their
// documented order (doc 34354): without those of the backend's URL and of the
// signature.
func Parameters(sdkAppID uint32, c chat.Callback) string {
	query := "SdkAppid=" + strconv.FormatUint(uint64(sdkAppID), 10)
	add := func(name, value string) { query += "&" + name + "=" + percentEncode(value) }
	add("CallbackCommand", c.Command)
	add("contenttype", "json")
	if c.ClientIP != "" {
		add("ClientIP", c.ClientIP)
	}
	if c.Platform != "" {
		add("OptPlatform", c.Platform)
	}
	add("RequestID", c.RequestID)
	return query
}

// percentEncode escapes all but letters, digits and -._~ with percent signs, a
// blank among them.
func percentEncode(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}
