package api

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/recant-chat/recant/chat"
)

// query is what a request's URL says (spec 01 sections 1.1 and 1.2).
type query struct {
	service, command string
	values           map[string]string // first occurrence of each parameter
	sdkAppID         uint32            // 0 until checked
}

// parseURL runs step 1 of the order of checks. The query is cut by hand: it
// must neither read the body, as ParseForm does, nor treat semicolons apart.
func (q *query) parseURL(r *http.Request) *chat.Error {
	refused := &chat.Error{Code: codeBadHTTP, Message: textBadHTTP}
	path, rooted := strings.CutPrefix(r.URL.Path, "/")
	parts := strings.Split(strings.TrimSuffix(path, "/"), "/")
	if len(parts) == 3 && rooted && parts[0] == "v4" {
		q.service, q.command = parts[1], parts[2]
	}
	if r.Method != http.MethodPost || q.service == "" || q.command == "" {
		return refused
	}
	q.values = map[string]string{}
	for rest := r.URL.RawQuery; rest != ""; {
		var pair string
		pair, rest, _ = strings.Cut(rest, "&")
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return refused
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return refused
		}
		if _, twice := q.values[name]; !twice {
			q.values[name] = value
		}
	}
	return nil
}

// checkParameters runs steps 2 and 3 of the order of checks.
func (q *query) checkParameters() *chat.Error {
	if q.values["sdkappid"] == "" {
		return &chat.Error{Code: codeNoSDKAppID, Message: "sdkappid is missing"}
	}
	id, err := strconv.ParseUint(q.values["sdkappid"], 10, 32)
	if err != nil || id == 0 {
		return &chat.Error{Code: codeBadQuery, Message: "sdkappid is not a number from 1 to 4294967295"}
	}
	q.sdkAppID = uint32(id)
	switch format := q.values["contenttype"]; {
	case format != "" && format != "json":
		return &chat.Error{Code: codeBadQuery, Message: "contenttype is not json"}
	case !chat.ValidUserID(q.values["identifier"]):
		return &chat.Error{Code: codeBadQuery, Message: "identifier is missing or not a UserID"}
	case q.values["usersig"] == "":
		return &chat.Error{Code: codeBadQuery, Message: "usersig is missing"}
	}
	return nil
}
