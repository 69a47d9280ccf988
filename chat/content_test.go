package chat

import (
	"math/big"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

func TestIsIntegerAgreesWithExactArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.StringMatching(`-?(0|[1-9][0-9]{0,4})(\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "number")
		exact, ok := new(big.Rat).SetString(number)
		if !ok {
			t.Fatalf("%s is no number", number)
		}
		if got := isInteger(jsontext.Value(number)); got != exact.IsInt() {
			t.Fatalf("isInteger(%s) is %v, want %v", number, got, exact.IsInt())
		}
	})
}

func TestCompactJSONKeepsValuesAndDropsNotation(t *testing.T) {
	for in, want := range map[string]string{
		`[ { "a" : 1.50 } ]`:               `[{"a":1.50}]`,
		`["\u0041\/\u00e9"]`:               `["A/é"]`,
		`["\u0000\u0001\n"]`:               `["\u0000\u0001\n"]`,
		`{"a":1,"a":2}`:                    `{"a":1,"a":2}`,
		`[29.340656774469956000,1E400]`:    `[29.340656774469956000,1E400]`,
		`["<&>` + "\u2028" + `"]`:          `["<&>` + "\u2028" + `"]`,
		`[123456789012345678901234567890]`: `[123456789012345678901234567890]`,
	} {
		got, err := compactJSON(jsontext.Value(in))
		if err != nil || string(got) != want {
			t.Errorf("compactJSON(%s) is %s, %v; want %s", in, got, err, want)
		}
	}
}

// FuzzContent checks that no MsgBody makes the check panic and that what is
// accepted is within the limits.
func FuzzContent(f *testing.F) {
	for _, seed := range []string{
		`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]`,
		`[{"MsgType":"TIMImageElem","MsgContent":{"ImageInfoArray":[{"Width":1e2}]}}]`,
		`[{"MsgType":"TIMFaceElem","MsgContent":{"Index":10e-1}}]`,
		`{}`, `[`, `null`, `[null]`, `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"\ud800"}}]`,
	} {
		f.Add(seed)
	}
	a := &App{settings: DefaultSettings()}
	f.Fuzz(func(t *testing.T, body string) {
		raw := jsontext.Value(body)
		if !raw.IsValid(jsontext.AllowDuplicateNames(true)) {
			return // the protocol's decoder refused it before
		}
		raw = jsontext.Value(strings.TrimSpace(body))
		c, err := a.checkContent(raw, "", false)
		if err != nil {
			if CodeOf(err) == CodeInternal {
				t.Fatalf("refused with an internal error: %v", err)
			}
			return
		}
		if len(c.compact) > maxMessageBytes || !jsontext.Value(c.compact).IsValid(jsontext.AllowDuplicateNames(true)) {
			t.Fatalf("accepted %d bytes: %s", len(c.compact), c.compact)
		}
	})
}
