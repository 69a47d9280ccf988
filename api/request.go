package api

import "github.com/recant-chat/recant/chat"

// value is what an optional field holds, the zero value where it is absent.
func value[T any](field *T) T {
	if field == nil {
		var zero T
		return zero
	}
	return *field
}

// limitOr is a Limit, or the default where it is absent or 0.
func limitOr(limit *int, absent int) int {
	if value(limit) == 0 {
		return absent
	}
	return *limit
}

// missing refuses a group command without one of its required fields.
func missing(field string) error {
	return chat.Refuse(chat.CodeInvalid, "%s is missing", field)
}
