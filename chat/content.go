package chat

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxMessageBytes bounds MsgBody and CloudCustomData together (spec 04
// section 2.2).
const maxMessageBytes = 12 * 1024

// maxRawBytes bounds a MsgBody as it was given and is stored: every character
// may be escaped, but white space does not grow without end.
const maxRawBytes = 6 * maxMessageBytes

// content is a MsgBody that was checked.
type content struct {
	raw     jsontext.Value // as it was given
	compact []byte         // no white space, shortest escapes
}

// checkContent checks a MsgBody and CloudCustomData as the group services do
// (spec 04 sections 2.1, 2.2).
// Errors: CodeInvalid, CodeMessageTooLong, CodeTextRefused.
func (a *App) checkContent(raw jsontext.Value, custom string, skipWords bool) (*content, error) {
	c, err := a.checkContentInDetail(raw, custom, skipWords)
	switch CodeOf(err) {
	case CodeBadMsgBody, CodeMsgBodyNoArray, CodeBadElement:
		err = Refuse(CodeInvalid, "%s", messageOf(err))
	}
	return c, err
}

// checkContentInDetail is checkContent with the codes by which the openim service
// tells what is wrong.
// Errors: CodeBadMsgBody, CodeMsgBodyNoArray, CodeBadElement, CodeMessageTooLong,
// CodeTextRefused.
func (a *App) checkContentInDetail(raw jsontext.Value, custom string, skipWords bool) (*content, error) {
	if len(raw) == 0 || raw.Kind() == 'n' {
		return nil, Refuse(CodeBadMsgBody, "MsgBody is missing")
	}
	if raw.Kind() != '[' {
		return nil, Refuse(CodeMsgBodyNoArray, "MsgBody is not an array")
	}
	if len(raw) > maxRawBytes {
		return nil, Refuse(CodeMessageTooLong, "MsgBody has %d bytes as it was sent, at most %d", len(raw), maxRawBytes)
	}
	compact, err := compactJSON(raw)
	if err != nil {
		return nil, Refuse(CodeBadMsgBody, "MsgBody is not JSON: %v", err)
	}
	if err := checkElements(compact); err != nil {
		return nil, err
	}
	if err := checkSize(compact, custom); err != nil {
		return nil, err
	}
	if !skipWords && len(a.settings.RefusedWords) > 0 {
		for _, text := range append(stringsIn(compact), custom) {
			if err := a.checkWords("MsgBody or CloudCustomData", text); err != nil {
				return nil, err
			}
		}
	}
	return &content{raw: raw, compact: compact}, nil
}

// checkSize checks the size of a MsgBody in compact form and CloudCustomData.
// Errors: CodeMessageTooLong.
func checkSize(compact []byte, custom string) error {
	if size := len(compact) + len(custom); size > maxMessageBytes {
		return Refuse(CodeMessageTooLong, "MsgBody and CloudCustomData have %d bytes, at most %d", size, maxMessageBytes)
	}
	return nil
}

// checkWords refuses a text with one of the operator's refused words.
// Errors: CodeTextRefused.
func (a *App) checkWords(field, text string) error {
	for _, word := range a.settings.RefusedWords {
		if word != "" && strings.Contains(text, word) {
			return Refuse(CodeTextRefused, "%s contains refused content", field)
		}
	}
	return nil
}

// compactJSON returns the value without white space and with the shortest
// escapes; numbers keep their digits.
func compactJSON(raw jsontext.Value) ([]byte, error) {
	return jsontext.AppendFormat(nil, raw,
		jsontext.AllowDuplicateNames(true),
		jsontext.PreserveRawStrings(false),
		jsontext.CanonicalizeRawInts(false),
		jsontext.CanonicalizeRawFloats(false))
}

func checkElements(body []byte) error {
	elements, err := splitArray(body)
	if err != nil {
		return Refuse(CodeBadMsgBody, "MsgBody is not an array: %v", err)
	}
	if len(elements) == 0 {
		return Refuse(CodeBadMsgBody, "MsgBody is empty")
	}
	customs := 0
	for i, element := range elements {
		msgType, err := checkElement(i, element)
		if err != nil {
			return err
		}
		if msgType == "TIMCustomElem" {
			customs++
		}
	}
	if customs > 1 {
		return Refuse(CodeBadMsgBody, "MsgBody holds %d TIMCustomElem, at most 1", customs)
	}
	return nil
}

func checkElement(i int, element jsontext.Value) (msgType string, err error) {
	if element.Kind() != '{' {
		return "", Refuse(CodeBadElement, "MsgBody[%d] is not an object", i)
	}
	fields, err := splitObject(element)
	if err != nil {
		return "", Refuse(CodeBadElement, "MsgBody[%d]: %v", i, err)
	}
	if fields["MsgType"].Kind() != '"' {
		return "", Refuse(CodeBadElement, "MsgBody[%d].MsgType is missing or not a string", i)
	}
	name, err := jsontext.AppendUnquote(nil, fields["MsgType"])
	if err != nil {
		return "", Refuse(CodeBadElement, "MsgBody[%d].MsgType: %v", i, err)
	}
	msgType = string(name)
	known, ok := contentFields[msgType]
	if !ok {
		return "", Refuse(CodeBadElement, "MsgBody[%d].MsgType %q is unknown", i, msgType)
	}
	if fields["MsgContent"].Kind() != '{' {
		return "", Refuse(CodeBadElement, "MsgBody[%d].MsgContent is missing or not an object", i)
	}
	contents, err := splitObject(fields["MsgContent"])
	if err != nil {
		return "", Refuse(CodeBadElement, "MsgBody[%d].MsgContent: %v", i, err)
	}
	if err := checkKinds(known, contents); err != "" {
		return "", Refuse(CodeBadElement, "MsgBody[%d].MsgContent.%s", i, err)
	}
	for _, field := range known {
		if field.Required && contents[field.Name] == nil {
			return "", Refuse(CodeBadElement, "MsgBody[%d].MsgContent.%s is missing", i, field.Name)
		}
	}
	return msgType, checkNested(i, known, contents)
}

// checkNested checks what is inside the lists of a content.
func checkNested(i int, known []ContentField, contents map[string]jsontext.Value) error {
	for _, field := range known {
		name, list := field.Name, contents[field.Name]
		if list == nil || field.Kind != ContentStrings && field.Kind != ContentObjects {
			continue
		}
		elements, err := splitArray(list)
		if err != nil {
			return Refuse(CodeBadElement, "MsgBody[%d].MsgContent.%s: %v", i, name, err)
		}
		for j, element := range elements {
			if field.Kind == ContentStrings {
				if element.Kind() != '"' {
					return Refuse(CodeBadElement, "MsgBody[%d].MsgContent.%s[%d] is not a string", i, name, j)
				}
				continue
			}
			if element.Kind() != '{' {
				return Refuse(CodeBadElement, "MsgBody[%d].MsgContent.%s[%d] is not an object", i, name, j)
			}
			fields, err := splitObject(element)
			if err != nil {
				return Refuse(CodeBadElement, "MsgBody[%d].MsgContent.%s[%d]: %v", i, name, j, err)
			}
			if problem := checkKinds(field.Items, fields); problem != "" {
				return Refuse(CodeBadElement, "MsgBody[%d].MsgContent.%s[%d].%s", i, name, j, problem)
			}
		}
	}
	return nil
}

// checkKinds says which known field has another kind of value.
func checkKinds(known []ContentField, fields map[string]jsontext.Value) (problem string) {
	for _, field := range known {
		value, given := fields[field.Name]
		switch kind := value.Kind(); {
		case !given:
		case field.Kind == ContentString && kind != '"':
			return field.Name + " is not a string"
		case field.Kind == ContentNumber && kind != '0':
			return field.Name + " is not a number"
		case field.Kind == ContentInteger && !isInteger(value):
			return field.Name + " is not an integer"
		case field.Kind >= ContentElements && kind != '[':
			return field.Name + " is not an array"
		}
	}
	return ""
}

// isInteger reports whether a JSON number has an integral value: 1, 1.0, 1e3.
func isInteger(v jsontext.Value) bool {
	if v.Kind() != '0' {
		return false
	}
	mantissa, exponent, _ := bytes.Cut(bytes.ToLower(v), []byte("e"))
	_, fraction, _ := bytes.Cut(mantissa, []byte("."))
	digits := len(bytes.TrimRight(fraction, "0"))
	shift := 0
	negative := bytes.HasPrefix(exponent, []byte("-"))
	for _, c := range bytes.TrimLeft(exponent, "+-") {
		shift = min(shift*10+int(c-'0'), 1<<20)
	}
	if negative {
		whole, _, _ := bytes.Cut(bytes.TrimLeft(mantissa, "-"), []byte("."))
		zeros := len(whole) - len(bytes.TrimRight(whole, "0"))
		return digits == 0 && (zeros >= shift || len(bytes.Trim(mantissa, "-0.")) == 0)
	}
	return digits <= shift
}

// splitArray returns the elements of a JSON array.
func splitArray(array jsontext.Value) ([]jsontext.Value, error) {
	d := jsontext.NewDecoder(bytes.NewReader(array), jsontext.AllowDuplicateNames(true))
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	var elements []jsontext.Value
	for d.PeekKind() != ']' {
		v, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		elements = append(elements, v.Clone())
	}
	return elements, nil
}

// splitObject returns the members of a JSON object that are not null; of two
// with one name the last counts.
func splitObject(object jsontext.Value) (map[string]jsontext.Value, error) {
	d := jsontext.NewDecoder(bytes.NewReader(object), jsontext.AllowDuplicateNames(true))
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	members := map[string]jsontext.Value{}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String()
		v, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		if v.Kind() == 'n' {
			delete(members, key)
			continue
		}
		members[key] = v.Clone()
	}
	return members, nil
}

// maxNesting bounds the nesting of a MsgBody that comes from the application's
// backend. That of a call is bounded with the call.
const maxNesting = 64

// nesting is how deep the objects and arrays of a JSON value go.
func nesting(value jsontext.Value) int {
	d := jsontext.NewDecoder(bytes.NewReader(value), jsontext.AllowDuplicateNames(true))
	deepest := 0
	for {
		if _, err := d.ReadToken(); err != nil {
			return deepest
		}
		deepest = max(deepest, d.StackDepth())
	}
}

// stringsIn returns the strings in a JSON value, but not the names of its
// objects' members.
func stringsIn(value jsontext.Value) []string {
	d := jsontext.NewDecoder(bytes.NewReader(value), jsontext.AllowDuplicateNames(true))
	var found []string
	for {
		token, err := d.ReadToken()
		if err != nil {
			return found // the end, for the value was checked before
		}
		if token.Kind() != '"' {
			continue
		}
		if kind, length := d.StackIndex(d.StackDepth()); kind == '{' && length%2 == 1 {
			continue // a name
		}
		found = append(found, token.String())
	}
}
