package api

import (
	"bytes"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/chat"
)

// Request types are plain structs. A field is declared as in
//
//	type muteRequest struct {
//		GroupID string   `json:"GroupId"`
//		Members []string `json:"Members_Account"`
//		Seconds *uint32  `json:"MuteTime" older:"ShutUpTime"`
//		Silence *int     `json:"Silence" range:"0..1"`
//		Body    jsontext.Value `json:"MsgBody"`
//	}
//
// and means:
//
//   - Field names match exactly, unless the command is declared with anyCase. Names in the tag older are earlier spellings;
//     the newer wins where both are given (spec 01 section 2.4). A string with
//     earlier names is an enum, in which "" is not given (spec 00).
//   - An absent field and null leave the zero value: a pointer tells "absent"
//     from "" and 0, a nil slice tells "absent" from [].
//   - string, bool, the integers (any number with an integral value that fits
//     the Go type and the tag range), slices, structs and pointers to them;
//     structs without a name are part of the struct around them.
//   - jsontext.Value takes any value and keeps its bytes, which are never
//     changed afterwards and may be kept.
//   - AccountOrNumber and TextOrNumber are strings that may be sent as numbers.
//   - Fields that hold UserIDs by name (UserID, *_Account and, in
//     im_open_login_svc, Identifier) are checked before all others and fail
//     with 60015; nothing inside a jsontext.Value is checked.
//   - An object with a field that is tagged plain:"true" may be that field's
//     string alone.
//   - A list that is tagged single:"true" may be one element alone.
//   - Everything else that does not fit fails with the service's code for a bad
//     parameter or, with the tag code:"90005", with that one.
//   - The tags desc, required, values and default describe the field in the
//     OpenAPI document and in the client: what it is, that no call succeeds
//     without it, its only values, and what is taken where it is absent. They
//     decide nothing.

// AccountOrNumber is a UserID that some clients send as a number, which is
// taken as its decimal text (From_Account of the topic commands, spec 00).
type AccountOrNumber string

// TextOrNumber is a text that may be sent as a number, which is taken as its
// decimal text (values of custom fields, spec 00).
type TextOrNumber string

const (
	maxBodyBytes = 1 << 20
	maxNesting   = 64
)

// checkObject reports in words why a body is not one JSON object of the
// protocol (spec 01 section 1.4), "" if it is, and returns it without a
// leading byte order mark.
func checkObject(body []byte) (jsontext.Value, string) {
	object := jsontext.Value(bytes.TrimPrefix(body, []byte("\ufeff")))
	switch {
	case len(object) == 0:
		return nil, "body is empty"
	case tooDeep(object):
		return nil, fmt.Sprintf("body is nested deeper than %d", maxNesting)
	case !object.IsValid(jsontext.AllowDuplicateNames(true)):
		return nil, "body is not valid JSON: " + syntaxFault(object)
	case object.Kind() != jsontext.KindBeginObject:
		return nil, "body is not a JSON object"
	}
	return object, ""
}

// syntaxFault says where text stops being one JSON value.
func syntaxFault(text []byte) string {
	d := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true))
	if _, err := d.ReadValue(); err != nil {
		return strings.TrimPrefix(err.Error(), "jsontext: ")
	}
	return fmt.Sprintf("text after offset %d", d.InputOffset())
}

// tooDeep counts brackets outside strings. It runs before the text is known to
// be JSON, so that the parser's recursion is bounded.
func tooDeep(text []byte) bool {
	depth, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxNesting {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// shape is what a request type declares, compiled once per command.
type shape struct {
	fields []shapeField
	byName map[string]fieldName
	plain  *shapeField          // that a string in the object's place is
	folded map[string]fieldName // by name in lower case, of a command with anyCase
}

type shapeField struct {
	index   []int
	names   []string  // newest first
	account bool      // holds UserIDs
	enum    bool      // "" under one name leaves room for another
	code    chat.Code // for a bad value; 0 is the family's
	decode  decodeFunc
}

// fieldName is a field and which of its spellings a name is.
type fieldName struct{ field, spelling int }

// decodeFunc stores a value, which is valid JSON and not null, or notes a fault.
type decodeFunc func(d *decoding, raw jsontext.Value, at *position, into reflect.Value)

// decoding is the state of decoding one body: the first fault of each rank.
type decoding struct {
	lenientNumbers bool
	accountFault   bool
	code           chat.Code // of faults in the field that is being decoded
	fault          *chat.Error
}

func (d *decoding) wrong(at *position, format string, args ...any) {
	if d.fault == nil {
		d.fault = &chat.Error{Code: d.code, Message: at.String() + " " + fmt.Sprintf(format, args...)}
	}
}

// position is where in the body a value stands.
type position struct {
	parent *position
	name   string
	index  int // used where name is ""
}

func (p *position) String() string {
	switch {
	case p == nil:
		return ""
	case p.name == "":
		return p.parent.String() + "[" + strconv.Itoa(p.index) + "]"
	case p.parent == nil:
		return p.name
	}
	return p.parent.String() + "." + p.name
}

// decode stores a body, which checkObject has accepted, in a new request. It
// returns a *chat.Error: 60015 for an account field anywhere in the body, else
// badParameter or the field's own code.
func (s *shape) decode(object jsontext.Value, request any, lenientNumbers bool, badParameter chat.Code) error {
	d := &decoding{lenientNumbers: lenientNumbers, code: badParameter}
	s.decodeObject(d, object, nil, reflect.ValueOf(request).Elem())
	switch {
	case d.accountFault:
		return &chat.Error{Code: codeAccountType, Message: textAccountType}
	case d.fault != nil:
		return d.fault
	}
	return nil
}

// decodeObject finds the last value of each declared name before it decodes
// any, so that an earlier duplicate leaves nothing behind.
func (s *shape) decodeObject(d *decoding, object jsontext.Value, at *position, into reflect.Value) {
	values := make([][]jsontext.Value, len(s.fields))
	eachMember(object, func(name string, raw jsontext.Value) {
		n, declared := s.byName[name]
		if !declared {
			n, declared = s.folded[strings.ToLower(name)]
		}
		if !declared {
			return
		}
		if values[n.field] == nil {
			values[n.field] = make([]jsontext.Value, len(s.fields[n.field].names))
		}
		values[n.field][n.spelling] = raw
	})
	inherited := d.code
	for i, spellings := range values {
		field, taken := &s.fields[i], false
		if d.code = inherited; field.code != 0 {
			d.code = field.code
		}
		for j, raw := range spellings {
			if raw == nil || raw.Kind() == jsontext.KindNull || field.enum && string(raw) == `""` {
				continue
			}
			target := into.FieldByIndex(field.index)
			if taken && !field.account {
				break
			} else if taken { // an older spelling does not count, but its type does
				target = reflect.New(target.Type()).Elem()
			}
			field.decode(d, raw, &position{parent: at, name: field.names[j]}, target)
			taken = true
		}
	}
	d.code = inherited
}

// eachMember calls visit for the members of a valid object.
func eachMember(object jsontext.Value, visit func(name string, raw jsontext.Value)) {
	i := skipSpace(object, 0) + 1
	for {
		i = skipSpace(object, i)
		switch object[i] {
		case '}':
			return
		case ',':
			i++
			continue
		}
		end := skipValue(object, i)
		name := unquote(object[i:end])
		i = skipSpace(object, end) + 1 // the colon
		i = skipSpace(object, i)
		end = skipValue(object, i)
		visit(name, object[i:end:end])
		i = end
	}
}

// eachElement calls visit for the elements of a valid array.
func eachElement(array jsontext.Value, visit func(i int, raw jsontext.Value)) {
	i := skipSpace(array, 0) + 1
	for n := 0; ; {
		i = skipSpace(array, i)
		switch array[i] {
		case ']':
			return
		case ',':
			i++
			continue
		}
		end := skipValue(array, i)
		visit(n, array[i:end:end])
		n++
		i = end
	}
}

func skipSpace(text []byte, i int) int {
	for text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r' {
		i++
	}
	return i
}

// skipValue returns the end of the value that starts at i in valid JSON.
func skipValue(text []byte, i int) int {
	switch text[i] {
	case '"':
		for i++; text[i] != '"'; i++ {
			if text[i] == '\\' {
				i++
			}
		}
		return i + 1
	case '{', '[':
		for depth := 0; ; {
			switch text[i] {
			case '"':
				i = skipValue(text, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
	default:
		for i < len(text) && !strings.ContainsRune(" \t\n\r,]}", rune(text[i])) {
			i++
		}
		return i
	}
}

// unquote returns the text of a valid JSON string.
func unquote(raw jsontext.Value) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		panic(fmt.Sprintf("api: a checked string does not decode: %v", err))
	}
	return string(text)
}
