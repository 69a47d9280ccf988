package api

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/chat"
)

// maxAnswerBytes bounds the answers of group commands (spec 01 section 2.1).
const maxAnswerBytes = 1 << 20

// failure is the answer of a refused call: the envelope alone.
func (f family) failure(refused *chat.Error) []byte {
	text, err := jsontext.AppendQuote(nil, refused.Message)
	if err != nil { // the text holds invalid UTF-8, which became U+FFFD
		text, _ = jsontext.AppendQuote(nil, string(bytes.ToValidUTF8([]byte(refused.Message), []byte("\ufffd"))))
	}
	answer := append([]byte(`{"ActionStatus":"FAIL","ErrorInfo":`), text...)
	answer = append(answer, `,"ErrorCode":`...)
	answer = strconv.AppendInt(answer, int64(refused.Code), 10)
	return f.closeEnvelope(answer, nil)
}

// success is the answer of a call that was done: the envelope and beside it the
// fields of result, a pointer to a struct or nil. Errors: *chat.Error with
// 10018 for a group command whose answer is too large, and whatever a result
// that cannot be encoded gives.
func (f family) success(result any) ([]byte, error) {
	var fields []byte
	if result != nil {
		var err error
		if fields, err = encode(result); err != nil {
			return nil, fmt.Errorf("encode answer: %w", err)
		}
	}
	answer := make([]byte, 0, len(fields)+96)
	answer = append(answer, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0`...)
	answer = f.closeEnvelope(answer, fields)
	if f.group && len(answer) > maxAnswerBytes {
		return nil, &chat.Error{Code: chat.CodeAnswerTooLarge, Message: "answer is larger than 1 MB, ask for less"}
	}
	return answer, nil
}

// closeEnvelope adds the fields of an encoded object and the closing brace.
func (f family) closeEnvelope(answer, fields []byte) []byte {
	if f.errorDisplay {
		answer = append(answer, `,"ErrorDisplay":""`...)
	}
	if len(fields) > len("{}") {
		answer = append(answer, ',')
		return append(answer, fields[1:]...)
	}
	return append(answer, '}')
}

// encode writes an answer as compact JSON: nil lists as [], no HTML escapes,
// and every jsontext.Value with exactly its bytes, which an encoder would
// reformat. For that the encoder writes one digit in its place, and the bytes
// are put in afterwards. A nil jsontext.Value without omitzero is null. Text
// that is not UTF-8 gets U+FFFD, rather than making its record unreadable.
func encode(result any) ([]byte, error) {
	type splice struct {
		at  int64 // of the digit in the encoder's output
		raw jsontext.Value
	}
	var splices []splice
	rawSize := 0
	takeRaw := json.MarshalToFunc(func(e *jsontext.Encoder, raw jsontext.Value) error {
		if raw == nil {
			return e.WriteToken(jsontext.Null)
		}
		if err := e.WriteToken(jsontext.Uint(0)); err != nil {
			return err
		}
		splices = append(splices, splice{e.OutputOffset() - 1, raw})
		rawSize += len(raw)
		return nil
	})
	encoded, err := json.Marshal(result, json.WithMarshalers(takeRaw), jsontext.AllowInvalidUTF8(true))
	if err != nil || len(splices) == 0 {
		return encoded, err
	}
	whole := make([]byte, 0, len(encoded)+rawSize)
	done := int64(0)
	for _, s := range splices {
		whole = append(append(whole, encoded[done:s.at]...), s.raw...)
		done = s.at + 1
	}
	return append(whole, encoded[done:]...), nil
}
