package api

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestParseInteger(t *testing.T) {
	for _, c := range []struct {
		text string
		want string // decimal, or the error
	}{
		{"0", "0"}, {"-0", "0"}, {"0.0", "0"}, {"0e999999999999999999999", "0"}, {"-0.0e-5", "0"},
		{"1", "1"}, {"1.0", "1"}, {"1e3", "1000"}, {"1E+3", "1000"}, {"1000e-3", "1"}, {"1.50e1", "15"}, {"-7", "-7"},
		{"9223372036854775807", "9223372036854775807"}, {"-9223372036854775808", "-9223372036854775808"},
		{"18446744073709551615", "18446744073709551615"}, {"9007199254740993", "9007199254740993"},
		{"9007199254740993.0", "9007199254740993"}, {"1844674407370955161.5e1", "18446744073709551615"},
		{"0.000000000000000000000000000001e30", "1"},
		{"18446744073709551616", errOutOfRange.Error()}, {"1e20", errOutOfRange.Error()},
		{"1e999999999999999999999", errOutOfRange.Error()}, {"1e2147483647", errOutOfRange.Error()},
		{"1.5", errNotIntegral.Error()}, {"1e-1", errNotIntegral.Error()}, {"10.01e1", errNotIntegral.Error()},
		{"1e-999999999999999999999", errNotIntegral.Error()},
		{"", errNotIntegral.Error()}, {"-", errNotIntegral.Error()}, {"+1", errNotIntegral.Error()}, {" 1", errNotIntegral.Error()},
		{"0x10", errNotIntegral.Error()}, {"1_000", errNotIntegral.Error()}, {"1.", errNotIntegral.Error()},
		{".5", errNotIntegral.Error()}, {"1e", errNotIntegral.Error()}, {"1e+-3", errNotIntegral.Error()},
		{"--1", errNotIntegral.Error()}, {"NaN", errNotIntegral.Error()}, {"Infinity", errNotIntegral.Error()}, {"٣", errNotIntegral.Error()},
	} {
		n, err := parseInteger(c.text)
		got := fmt.Sprint(n.magnitude)
		if n.negative {
			got = "-" + got
		}
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("parseInteger(%q) = %s, want %s", c.text, got, c.want)
		}
	}
}

// parseInteger agrees with arbitrary precision wherever the value is written as
// JSON would.
func TestParseIntegerIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,21})(\.[0-9]{1,6})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "number")
		exact, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("no number: %q", text)
		}
		n, err := parseInteger(text)
		fits := exact.Num().CmpAbs(new(big.Int).SetUint64(math.MaxUint64)) <= 0
		switch {
		case !exact.IsInt():
			if err != errNotIntegral {
				t.Fatalf("%s: %v", text, err)
			}
		case !fits:
			if err != errOutOfRange {
				t.Fatalf("%s: %v", text, err)
			}
		default:
			got := new(big.Int).SetUint64(n.magnitude)
			if n.negative {
				got.Neg(got)
			}
			if err != nil || got.Cmp(exact.Num()) != 0 {
				t.Fatalf("%s: got %s, %v", text, got, err)
			}
		}
	})
}

func TestDecimalText(t *testing.T) {
	for number, want := range map[string]string{
		"5": "5", "-5": "-5", "1.50": "1.50", "1e3": "1000", "-1E2": "-100", "1.5e1": "15",
		"1e30": "1e30", "1e-1": "1e-1", "123456789012345678901234567890": "123456789012345678901234567890",
	} {
		if got := decimalText([]byte(number)); got != want {
			t.Errorf("decimalText(%s) = %s, want %s", number, got, want)
		}
	}
}
