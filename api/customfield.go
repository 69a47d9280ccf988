package api

import "github.com/recant-chat/recant/chat"

// customField is an element of AppDefinedData or AppMemberDefinedData. A number
// is stored as its decimal text (spec 02 section 4).
type customField struct {
	Key   *string       `json:"Key"`
	Value *TextOrNumber `json:"Value"`
}

// customFields reads the custom fields of a request; name is theirs in it.
func customFields(name string, list []customField) ([]chat.Field, error) {
	fields := make([]chat.Field, len(list))
	for i, f := range list {
		if f.Key == nil || f.Value == nil {
			return nil, chat.Refuse(chat.CodeInvalid, "%s[%d] must have Key and Value", name, i)
		}
		fields[i] = chat.Field{Key: *f.Key, Value: string(*f.Value)}
	}
	return fields, nil
}
