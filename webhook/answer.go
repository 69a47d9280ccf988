package webhook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/recant-chat/recant/chat"
)

// maxAnswerBytes bounds what is read of an answer (spec 06 section 5).
const maxAnswerBytes = 1 << 20

// readAnswer reads an answer's body.
func readAnswer(body io.Reader) ([]byte, error) {
	answer, err := io.ReadAll(io.LimitReader(body, maxAnswerBytes+1))
	if err != nil {
		return nil, err
	}
	if len(answer) > maxAnswerBytes {
		return nil, unclear("the answer is larger than %d bytes", maxAnswerBytes)
	}
	return bytes.TrimPrefix(answer, []byte("\ufeff")), nil
}

// unclear is the failure of a call whose answer cannot be read.
func unclear(format string, args ...any) error {
	return &failure{unreadable, fmt.Errorf(format, args...)}
}

// answerFields are those that some command reads. ActionStatus says nothing
// that ErrorCode does not (spec 06 section 5).
type answerFields struct {
	ErrorCode       jsontext.Value
	ErrorInfo       jsontext.Value
	MsgBody         jsontext.Value
	CloudCustomData jsontext.Value
	Refused         jsontext.Value `json:"RefusedMembers_Account"`
}

// checkObject reports why an answer is not one JSON object.
func checkObject(body []byte) (fields answerFields, err error) {
	if jsontext.Value(body).Kind() != jsontext.KindBeginObject {
		return fields, unclear("the answer is not a JSON object")
	}
	if err := json.Unmarshal(body, &fields); err != nil {
		return fields, unclear("the answer is not valid JSON: %w", err)
	}
	return fields, nil
}

// parseAnswer reads the answer to a call before an event. An error means that
// the backend's opinion cannot be read. A change that the backend asks for and
// that cannot be read refuses the event, which is never let through as it was.
func parseAnswer(command string, body []byte) (*chat.CallbackAnswer, error) {
	fields, err := checkObject(body)
	if err != nil {
		return nil, err
	}
	answer := &chat.CallbackAnswer{Info: text(fields.ErrorInfo)}
	if answer.Code, err = parseCode(fields.ErrorCode); err != nil {
		return nil, err
	}
	if answer.Code != 0 { // nothing else is honoured
		return answer, nil
	}
	switch command {
	case chat.CallbackBeforeSendMsg:
		if !empty(fields.MsgBody) {
			answer.MsgBody = fields.MsgBody
		}
		if !empty(fields.CloudCustomData) && json.Unmarshal(fields.CloudCustomData, &answer.CloudCustomData) != nil {
			return unusable("CloudCustomData should be a string"), nil
		}
	case chat.CallbackBeforeInvite:
		if !empty(fields.Refused) && json.Unmarshal(fields.Refused, &answer.RefusedMembers) != nil {
			return unusable("RefusedMembers_Account should be an array of strings"), nil
		}
	}
	return answer, nil
}

// unusable is the answer of a backend that wanted something else than the event
// as it is and did not say what.
func unusable(why string) *chat.CallbackAnswer { return &chat.CallbackAnswer{Unusable: why} }

// parseCode reads ErrorCode: an integer, also as a string.
func parseCode(value jsontext.Value) (int64, error) {
	digits := string(value)
	switch value.Kind() {
	case jsontext.KindString:
		digits = text(value)
	case jsontext.KindNumber:
		if f, err := strconv.ParseFloat(digits, 64); err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return int64(f), nil // 0.0 and 1e0 too
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) { // out of range is as undefined as its nearest int64
		return 0, unclear("the answer has no ErrorCode that is an integer")
	}
	return n, nil
}

// text is a JSON string's content, "" of anything else.
func text(value jsontext.Value) string {
	var s string
	if value.Kind() != jsontext.KindString || json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

// empty reports whether a field changes nothing: it is absent, null or an array
// without items.
func empty(value jsontext.Value) bool {
	switch value.Kind() {
	case jsontext.KindInvalid, jsontext.KindNull:
		return true
	case jsontext.KindBeginArray:
		return len(bytes.TrimSpace(value[1:len(value)-1])) == 0
	}
	return false
}
