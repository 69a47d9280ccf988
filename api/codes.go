package api

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/recant-chat/recant/chat"
)

// Codes that the gateway raises before a command runs or in its place (spec 01
// sections 6.1 and 6.2). gatewayMeanings says what each means.
const (
	codeUnknownGroupCommand  chat.Code = 10003
	codeGroupCommandDisabled chat.Code = 10026
	codeOpenIMInternal       chat.Code = 20005
	codeBadHTTP              chat.Code = 60002
	codeBadJSON              chat.Code = 60003
	codeCallFrequency        chat.Code = 60007
	codeTimeout              chat.Code = 60008
	codeUnknownCommand       chat.Code = 60009
	codeNotAdmin             chat.Code = 60010
	codeNoSDKAppID           chat.Code = 60012
	codeAccountType          chat.Code = 60015
	codeAppDisabled          chat.Code = 60016
	codeCommandDisabled      chat.Code = 60017
	codeOverload             chat.Code = 60018
	codeIPNotAllowed         chat.Code = 60021
	codeBadQuery             chat.Code = 60025
	codeSigExpired           chat.Code = 70001
	codeSigMalformed         chat.Code = 70003
	codeSigWrongKey          chat.Code = 70009
	codeSigOtherIdentifier   chat.Code = 70013
	codeSigOtherApp          chat.Code = 70014
	codeNoKey                chat.Code = 70016
	codeUnknownApp           chat.Code = 70020
	codeTooManyBadSigs       chat.Code = 70050
	codeBlocked              chat.Code = 70051
	codeSigRevoked           chat.Code = 70052
	codeOpenIMBadJSON        chat.Code = chat.CodeRecipientsEmpty // one code, two meanings
)

// gatewayMeanings explains the codes above, by the public list (doc 34348).
func gatewayMeanings() []chat.CodeMeaning {
	means := func(code chat.Code, name string, retry bool, meaning string) chat.CodeMeaning {
		return chat.CodeMeaning{Code: code, Name: name, Retry: retry, Meaning: meaning}
	}
	return []chat.CodeMeaning{
		means(codeUnknownGroupCommand, "UnknownGroupCommand", false, "There is no such command in the services of groups."),
		means(codeGroupCommandDisabled, "GroupCommandDisabled", false, "The command is disabled for this application."),
		means(codeOpenIMInternal, "OpenIMInternal", true, "The server failed. Call again; if it stays, its log says why."),
		means(codeBadHTTP, "BadHTTP", false, "The request is not a POST to /v4/service/command, or its query cannot be read."),
		means(codeBadJSON, "BadJSON", false, "The body is not one JSON object."),
		means(codeCallFrequency, "CallFrequency", true, "The command is called too often. Nothing was done; call again in a second."),
		means(codeTimeout, "Timeout", true, "The call took too long, or its body is incomplete or larger than 1 MB. As a rule nothing was done; on a cluster it may have been: look, or repeat the call with the same ids and Random."),
		means(codeUnknownCommand, "UnknownCommand", false, "There is no such service or command."),
		means(codeNotAdmin, "NotAdmin", false, "The identifier is not an admin of the application."),
		means(codeNoSDKAppID, "NoSDKAppID", false, "The URL has no sdkappid."),
		means(codeAccountType, "AccountType", false, "A field of the body that holds an account is not a string."),
		means(codeAppDisabled, "AppDisabled", false, "The application is disabled."),
		means(codeCommandDisabled, "CommandDisabled", false, "The command is disabled for this application."),
		means(codeOverload, "Overload", true, "The server is overloaded, or read-only for a while. Nothing was done; call again later."),
		means(codeIPNotAllowed, "IPNotAllowed", false, "The caller's address is not on the application's list."),
		means(codeBadQuery, "BadQuery", false, "A parameter of the URL is missing or malformed; ErrorInfo names it."),
		means(codeSigExpired, "SigExpired", false, "The UserSig has expired. Make a new one."),
		means(codeSigMalformed, "SigMalformed", false, "The UserSig cannot be read; it may have been cut off."),
		means(codeSigWrongKey, "SigWrongKey", false, "The UserSig was made with another key."),
		means(codeSigOtherIdentifier, "SigOtherIdentifier", false, "The UserSig was made for another identifier."),
		means(codeSigOtherApp, "SigOtherApp", false, "The UserSig was made for another sdkappid."),
		means(codeNoKey, "NoKey", false, "The application has no key."),
		means(codeUnknownApp, "UnknownApp", false, "There is no such sdkappid on this server."),
		means(codeTooManyBadSigs, "TooManyBadSigs", true, "Too many UserSigs of this identifier were bad. Wait a minute."),
		means(codeBlocked, "Blocked", false, "The identifier is on the block list."),
		means(codeSigRevoked, "SigRevoked", false, "The UserSig was made before the account was kicked. Make a new one."),
	}
}

// CodeMeanings explains every code that an answer can have, in the order of the
// codes, but for those that the application's own backend chooses (10100 to
// 10200).
func CodeMeanings() []chat.CodeMeaning {
	byCode := func(a, b chat.CodeMeaning) int { return cmp.Compare(a.Code, b.Code) }
	return slices.SortedFunc(slices.Values(slices.Concat(chat.CodeMeanings(), gatewayMeanings())), byCode)
}

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
	case chat.IsReadOnly(err):
		return &chat.Error{Code: codeOverload, Message: "server is read-only for now, nothing was done, retry later"}, false
	case errors.Is(err, context.Canceled): // the caller has left
		return &chat.Error{Code: codeTimeout, Message: textTimeout}, false
	case errors.Is(err, context.DeadlineExceeded):
		return &chat.Error{Code: codeTimeout, Message: textTimeout}, true
	default:
		return &chat.Error{Code: f.internal, Message: "internal error, please try again"}, true
	}
}
