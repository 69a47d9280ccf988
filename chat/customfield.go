package chat

import (
	"slices"

	"github.com/recant-chat/recant/store/record"
)

// Field is one custom key with its value, an element of AppDefinedData or
// AppMemberDefinedData (spec 02 section 4).
type Field struct {
	Key   string `json:"Key" desc:"name of the field"`
	Value string `json:"Value" desc:"value of the field; empty for a declared key without one"`
}

// fieldRules are the rules of the custom fields of one level.
type fieldRules struct {
	name      string   // of the request's field
	declared  []string // the only keys, or any where it is empty
	maxKeys   int      // per record
	maxValue  int      // bytes
	showUnset bool     // answers name the declared keys that have no value
}

const maxCustomKeyBytes = 16

// groupFields are the rules of a group's custom fields.
func (a *App) groupFields() fieldRules {
	return fieldRules{name: "AppDefinedData", declared: a.settings.GroupCustomKeys, maxKeys: 10, maxValue: 512}
}

// memberFields are the rules of a member's custom fields.
func (a *App) memberFields() fieldRules {
	return fieldRules{
		name: "AppMemberDefinedData", declared: a.settings.MemberCustomKeys, maxKeys: 5, maxValue: 64, showUnset: true,
	}
}

// check checks the keys and values of a request.
// Errors: CodeInvalid.
func (r fieldRules) check(given []Field) error {
	for i, f := range given {
		switch {
		case !validCustomKey(f.Key):
			return Refuse(CodeInvalid, "%s[%d].Key must be 1 to %d letters, digits and underscores and not begin with a digit", r.name, i, maxCustomKeyBytes)
		case len(r.declared) > 0 && !slices.Contains(r.declared, f.Key):
			return Refuse(CodeInvalid, "%s[%d].Key %q is not declared", r.name, i, f.Key)
		case len(f.Value) > r.maxValue:
			return Refuse(CodeInvalid, "%s[%d].Value has %d bytes, at most %d", r.name, i, len(f.Value), r.maxValue)
		}
	}
	return nil
}

func validCustomKey(key string) bool {
	if key == "" || len(key) > maxCustomKeyBytes || key[0] >= '0' && key[0] <= '9' {
		return false
	}
	for i := range len(key) {
		switch c := key[i]; {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '_':
		default:
			return false
		}
	}
	return true
}

// merge lays checked fields over stored ones and returns the new list; stored
// is not changed. "" removes a key, and of two values of one key the last
// counts.
// Errors: CodeInvalid when the record would hold too many keys.
func (r fieldRules) merge(stored []*record.Field, given []Field) ([]*record.Field, error) {
	merged := slices.Clone(stored)
	at := map[string]int{} // a request may name tens of thousands of keys
	for i, m := range stored {
		at[m.Key] = i
	}
	for _, f := range given {
		i, ok := at[f.Key]
		switch {
		case !ok && f.Value != "":
			at[f.Key] = len(merged)
			merged = append(merged, &record.Field{Key: f.Key, Value: f.Value})
		case ok && f.Value != "":
			merged[i] = &record.Field{Key: f.Key, Value: f.Value}
		case ok:
			merged[i] = nil
			delete(at, f.Key)
		}
	}
	merged = slices.DeleteFunc(merged, func(m *record.Field) bool { return m == nil })
	if len(merged) > r.maxKeys {
		return nil, Refuse(CodeInvalid, "%s would hold %d keys, at most %d", r.name, len(merged), r.maxKeys)
	}
	return merged, nil
}

// list returns the fields for an answer, never nil: where the level shows it
// the declared keys first, and then every other key with a value.
func (r fieldRules) list(stored []*record.Field) []Field {
	fields := []Field{}
	if r.showUnset {
		for _, key := range r.declared {
			fields = append(fields, Field{Key: key})
		}
	}
	for _, s := range stored {
		if i := slices.IndexFunc(fields, func(f Field) bool { return f.Key == s.Key }); i >= 0 {
			fields[i].Value = s.Value
			continue
		}
		fields = append(fields, Field{Key: s.Key, Value: s.Value})
	}
	return fields
}

// sameFields reports whether two lists hold the same keys and values.
func sameFields(a, b []*record.Field) bool {
	if len(a) != len(b) {
		return false
	}
	for _, f := range a {
		if !slices.ContainsFunc(b, func(other *record.Field) bool { return other.Key == f.Key && other.Value == f.Value }) {
			return false
		}
	}
	return true
}
