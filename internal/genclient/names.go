package main

import (
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

// methodNames are the names of methods that do not follow from the command's:
// words that run into each other, or that say nothing without the service.
var methodNames = map[string]string{
	"multiaccount_import": "MultiAccountImport",
	"kick":                "KickAccount",
	"setnospeaking":       "SetNoSpeaking",
	"getnospeaking":       "GetNoSpeaking",
	"get_members":         "GetRoomMembers",
	"check_members":       "CheckRoomMembers",
	"get_list":            "GetContactList",
	"delete":              "DeleteContact",
}

// typeNames are the names of types that do not follow from the server's.
var typeNames = map[string]string{
	"chat.Field": "CustomFieldValue",
}

// fieldTypes are the types of fields that do not follow from the server's, by
// the server's type and the name on the wire.
var fieldTypes = map[string]string{
	"getAppidGroupListRequest.Next":       "*uint64", // the answer's is a number, and the hosted service takes none but numbers
	"operationTarget.RecalledNum":         "*uint32", // absent where it was not counted
	"operationTarget.AlreadyRecalledNum":  "*uint32",
	"sendGroupMsgRequest.OfflinePushInfo": "any",
	"sendGroupMsgRequest.Random":          "*uint32", // the client makes one
	"sendBroadcastMsgRequest.Random":      "*uint32",
}

// initialisms are the parts of names that Go writes in capitals.
var initialisms = map[string]string{"Id": "ID", "Url": "URL", "Ip": "IP", "Appid": "AppID", "Groupid": "GroupID"}

// methodName is the Go name of a command.
func methodName(command string) string {
	if name := methodNames[command]; name != "" {
		return name
	}
	return goName(command)
}

// goName is a name of the wire, such as Members_Account or GroupId, in Go.
func goName(wire string) string {
	var name strings.Builder
	for part := range strings.SplitSeq(wire, "_") {
		for _, word := range words(upperFirst(part)) {
			if capitals := initialisms[word]; capitals != "" {
				word = capitals
			}
			name.WriteString(word)
		}
	}
	return name.String()
}

// words splits CamelCase; a run of capitals stays with what follows it.
func words(camel string) []string {
	var words []string
	start, last := 0, rune(0)
	for i, r := range camel {
		if unicode.IsUpper(r) && unicode.IsLower(last) {
			words = append(words, camel[start:i])
			start = i
		}
		last = r
	}
	return append(words, camel[start:])
}

func upperFirst(text string) string { return mapFirst(unicode.ToUpper, text) }
func lowerFirst(text string) string { return mapFirst(unicode.ToLower, text) }

func mapFirst(change func(rune) rune, text string) string {
	if text == "" {
		return ""
	}
	r, size := utf8.DecodeRuneInString(text)
	return string(change(r)) + text[size:]
}

// typeName is the client's name of a named type of the server.
func typeName(t reflect.Type) string {
	if name := typeNames[t.String()]; name != "" {
		return name
	}
	return upperFirst(t.Name())
}
