package api

import (
	"context"
	"errors"

	"github.com/recant-chat/recant/chat"
)

// Codes that the gateway raises before a command runs (spec 01 sections 6.1
// and 6.2). Comments give the meaning in the public list (doc 34348).
const (
	codeUnknownGroupCommand  chat.Code = 10003 // wrong command in a group service
	codeGroupCommandDisabled chat.Code = 10026 // command disabled for this SDKAppID
	codeBadHTTP              chat.Code = 60002 // request could not be understood
	codeBadJSON              chat.Code = 60003 // body is not a JSON object
	codeCallFrequency        chat.Code = 60007 // REST call frequency exceeded
	codeTimeout              chat.Code = 60008 // service timeout or incomplete request
	codeUnknownCommand       chat.Code = 60009 // no such service or command
	codeNotAdmin             chat.Code = 60010 // App admin rights required
	codeNoSDKAppID           chat.Code = 60012 // SDKAppID missing
	codeAccountType          chat.Code = 60015 // an account field is not a string
	codeAppDisabled          chat.Code = 60016 // SDKAppID disabled
	codeCommandDisabled      chat.Code = 60017 // command disabled for this SDKAppID
	codeOverload             chat.Code = 60018 // server overloaded, retry later
	codeIPNotAllowed         chat.Code = 60021 // caller's address not on the allow list
	codeBadQuery             chat.Code = 60025 // URL parameter missing or malformed
	codeSigExpired           chat.Code = 70001 // UserSig expired
	codeSigMalformed         chat.Code = 70003 // UserSig cannot be decoded
	codeSigWrongKey          chat.Code = 70009 // UserSig does not verify
	codeSigOtherIdentifier   chat.Code = 70013 // UserSig of another UserID
	codeSigOtherApp          chat.Code = 70014 // UserSig of another SDKAppID
	codeNoKey                chat.Code = 70016 // no key for this SDKAppID
	codeUnknownApp           chat.Code = 70020 // SDKAppID does not exist
	codeTooManyBadSigs       chat.Code = 70050 // UserSig failed too often
	codeBlocked              chat.Code = 70051 // account is on the block list
	codeSigRevoked           chat.Code = 70052 // UserSig was invalidated
	codeOpenIMBadJSON        chat.Code = 90001 // body of an openim command is not JSON
)

// codeOpenIMInternal is the internal error of an openim command; the caller may
// repeat.
const codeOpenIMInternal chat.Code = 20005

// Literal texts of the hosted service, which programs in the wild compare
// (spec 01 section 2.5).
const (
	textBadHTTP       = "HTTP parse Error"
	textTimeout       = "service timeout or request format error,please check and try again"
	textAccountType   = "body account invalid"
	textOpenIMBadJSON = "Fail to Parse json data of body, Please check it"
)

// family is what services of one error family differ in (spec 01 section 1.6).
type family struct {
	group        bool      // commands are served under every group service
	badParameter chat.Code // wrong type or range of a field
	internal     chat.Code // unexpected failure
	badJSON      chat.Code
	badJSONText  string // "" is the parser's own words
	unknown      chat.Code
	disabled     chat.Code
	errorDisplay bool // answers carry ErrorDisplay (spec 01 section 2.2)
}

// families lists the services that differ from the rest.
var families = map[string]family{
	"group_open_http_svc":            groupFamily,
	"group_open_attr_http_svc":       groupFamily,
	"group_open_avchatroom_http_svc": groupFamily,
	"million_group_open_http_svc":    groupFamily,
	"openim_msg_ext_http_svc":        gatewayFamily(family{badParameter: chat.CodeInvalid, internal: chat.CodeInternal}),
	"openim": gatewayFamily(family{
		badParameter: chat.CodeBadElement, internal: codeOpenIMInternal, badJSON: codeOpenIMBadJSON, badJSONText: textOpenIMBadJSON,
	}),
	"im_open_login_svc": gatewayFamily(family{badParameter: chat.CodeAccountInvalid, internal: chat.CodeAccountInternal}),
	"profile":           gatewayFamily(family{badParameter: chat.CodeProfileInvalid, internal: chat.CodeProfileInternal, errorDisplay: true}),
	"openconfigsvr":     gatewayFamily(family{badParameter: chat.CodeMuteInvalid, internal: chat.CodeMuteInternal}),
	"sns":               gatewayFamily(family{badParameter: 30001, internal: 30006, errorDisplay: true}),
	"follow":            gatewayFamily(family{badParameter: 30001, internal: 30006, errorDisplay: true}),
	"recentcontact":     gatewayFamily(family{badParameter: chat.CodeContactInvalid, internal: chat.CodeContactInternal, errorDisplay: true}),
}

var groupFamily = family{
	group: true, badParameter: chat.CodeInvalid, internal: chat.CodeInternal, badJSON: codeBadJSON,
	unknown: codeUnknownGroupCommand, disabled: codeGroupCommandDisabled,
}

// gatewayFamily fills in the gateway's own codes.
func gatewayFamily(f family) family {
	if f.badJSON == 0 {
		f.badJSON = codeBadJSON
	}
	f.unknown, f.disabled = codeUnknownCommand, codeCommandDisabled
	return f
}

// familyOf returns the error family of a service, known or not.
func familyOf(service string) family {
	if f, ok := families[service]; ok {
		return f
	}
	return gatewayFamily(family{badParameter: chat.CodeInvalid, internal: chat.CodeInternal})
}

// refusal turns what a command returned into the answer's code and text. It is
// the one place where errors become codes. The second result reports that the
// error is the server's own fault and belongs in the log.
func (f family) refusal(err error) (*chat.Error, bool) {
	var refused *chat.Error
	switch {
	case errors.As(err, &refused) && refused.Code != chat.CodeInternal:
		return refused, false
	case errors.Is(err, context.Canceled): // the caller has left
		return &chat.Error{Code: codeTimeout, Message: textTimeout}, false
	case errors.Is(err, context.DeadlineExceeded):
		return &chat.Error{Code: codeTimeout, Message: textTimeout}, true
	default:
		return &chat.Error{Code: f.internal, Message: "internal error, please try again"}, true
	}
}
