package api

import "github.com/recant-chat/recant/chat"

// customField is an element of AppDefinedData or AppMemberDefinedData. A number
// is stored as its decimal text (spec 02 section 4).
type customField struct {
	Key   *string       `json:"Key" desc:"1 to 16 letters, digits and underscores, no digit first; where keys are declared, one of these" required:"true"`
	Value *TextOrNumber `json:"Value" desc:"at most 512 bytes for a group, 64 for a member; empty removes the key, a number is stored as its text" required:"true"`
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
