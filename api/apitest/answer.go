package apitest

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Answer is a call's answer.
type Answer struct {
	Status string // ActionStatus
	Code   int    // ErrorCode
	Info   string // ErrorInfo
	Raw    []byte // the whole body

	command, request string
}

// parse reads the envelope. It fails unless the answer keeps to what every
// answer must: status 200, all three fields, OK exactly with code 0.
func parse(command, request string, status int, raw []byte) (Answer, error) {
	var envelope struct {
		Status *string `json:"ActionStatus"`
		Code   *int    `json:"ErrorCode"`
		Info   *string `json:"ErrorInfo"`
	}
	if status != http.StatusOK {
		return Answer{}, fmt.Errorf("%s: status %d: %s", command, status, raw)
	}
	if err := json.Unmarshal(raw, &envelope, jsontext.AllowDuplicateNames(true)); err != nil {
		return Answer{}, fmt.Errorf("%s: answer %s: %w", command, raw, err)
	}
	if envelope.Status == nil || envelope.Code == nil || envelope.Info == nil {
		return Answer{}, fmt.Errorf("%s: envelope of %s is not complete", command, raw)
	}
	a := Answer{Status: *envelope.Status, Code: *envelope.Code, Info: *envelope.Info, Raw: raw, command: command, request: request}
	if want := map[bool]string{true: "OK", false: "FAIL"}[a.Code == 0]; a.Status != want {
		return Answer{}, fmt.Errorf("%s: ActionStatus and ErrorCode disagree in %s", command, raw)
	}
	return a, nil
}

// MustOK ends the test unless the call succeeded, and returns the answer.
func (a Answer) MustOK(t testing.TB) Answer {
	t.Helper()
	return a.WantCode(t, 0)
}

// WantCode ends the test unless the call answered with the code, and returns
// the answer.
func (a Answer) WantCode(t testing.TB, code int) Answer {
	t.Helper()
	if a.Code != code {
		t.Fatalf("%s %s: answered %s, want code %d", a.command, shorten(a.request), shorten(string(a.Raw)), code)
	}
	return a
}

// WantJSON ends the test unless the answer is the given JSON, in which only
// the order of members and white space are free.
func (a Answer) WantJSON(t testing.TB, want string) Answer {
	t.Helper()
	got, expected := jsontext.Value(a.Raw).Clone(), jsontext.Value(want)
	if err := expected.Canonicalize(); err != nil {
		t.Fatalf("wanted JSON %s: %v", want, err)
	}
	if err := got.Canonicalize(); err != nil || string(got) != string(expected) {
		t.Fatalf("%s %s: answered %s, want %s", a.command, shorten(a.request), a.Raw, want)
	}
	return a
}

// Decode decodes the answer's fields into v. A raw value keeps its bytes.
func (a Answer) Decode(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(a.Raw, v, jsontext.AllowDuplicateNames(true)); err != nil {
		t.Fatalf("%s: decode %s: %v", a.command, shorten(string(a.Raw)), err)
	}
}

func shorten(text string) string {
	const enough = 600
	if len(text) > enough {
		return text[:enough] + "..."
	}
	return text
}
