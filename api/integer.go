package api

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

var (
	errNotIntegral = errors.New("not an integer")
	errOutOfRange  = errors.New("integer beyond 64 bits")
)

// integer is a whole number of up to 64 bits and a sign, exact where a float64
// would not be.
type integer struct {
	negative  bool // never with magnitude 0
	magnitude uint64
}

// int64 is n as an int64, into which it must fit.
func (n integer) int64() int64 {
	if n.negative {
		return -int64(n.magnitude-1) - 1
	}
	return int64(n.magnitude)
}

func (i interval) holds(n integer) bool {
	if n.negative {
		return n.magnitude <= 1<<63 && n.int64() >= i.min
	}
	return n.magnitude <= i.max && (i.min <= 0 || n.magnitude >= uint64(i.min))
}

// parseInteger reads a JSON number with an integral value: 1, but also 1.0 and
// 1e3. Errors: errNotIntegral, errOutOfRange.
func parseInteger(text string) (integer, error) {
	rest, negative := strings.CutPrefix(text, "-")
	mantissa, exponent, hasExponent := cutExponent(rest)
	whole, fraction, hasFraction := strings.Cut(mantissa, ".")
	if !allDigits(whole) || hasFraction && !allDigits(fraction) || hasExponent && !allDigits(withoutSign(exponent)) {
		return integer{}, errNotIntegral
	}
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return integer{}, nil
	}
	// The number is digits times ten to the power of shift.
	shift := -len(fraction)
	if hasExponent {
		e, err := strconv.Atoi(exponent)
		if err != nil || e > math.MaxInt32 || e < math.MinInt32 {
			if strings.HasPrefix(exponent, "-") {
				return integer{}, errNotIntegral
			}
			return integer{}, errOutOfRange
		}
		shift += e
	}
	for shift < 0 && strings.HasSuffix(digits, "0") {
		digits, shift = digits[:len(digits)-1], shift+1
	}
	switch {
	case shift < 0:
		return integer{}, errNotIntegral
	case len(digits)+shift > 20: // 2^64 has 20 digits
		return integer{}, errOutOfRange
	}
	magnitude, err := strconv.ParseUint(digits+strings.Repeat("0", shift), 10, 64)
	if err != nil {
		return integer{}, errOutOfRange
	}
	return integer{negative, magnitude}, nil
}

func cutExponent(text string) (mantissa, exponent string, found bool) {
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		return text[:i], text[i+1:], true
	}
	return text, "", false
}

func withoutSign(exponent string) string {
	if strings.HasPrefix(exponent, "+") || strings.HasPrefix(exponent, "-") {
		return exponent[1:]
	}
	return exponent
}

func allDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// decimalText is the text of a JSON number without an exponent where its value
// is an integer of 64 bits, else the text as it was sent.
func decimalText(number []byte) string {
	text := string(number)
	if !strings.ContainsAny(text, "eE") {
		return text
	}
	n, err := parseInteger(text)
	if err != nil {
		return text
	}
	decimal := strconv.FormatUint(n.magnitude, 10)
	if n.negative {
		return "-" + decimal
	}
	return decimal
}
