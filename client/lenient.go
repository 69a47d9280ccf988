package client

import (
	"errors"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// decode reads an answer as clients of the hosted service have to: fields that
// are not known are skipped, numbers may be strings, a field may come twice.
func decode(raw []byte, into any) error {
	return json.Unmarshal(raw, into,
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true), json.WithUnmarshalers(lenientNumbers()))
}

func lenientNumbers() *json.Unmarshalers {
	return json.JoinUnmarshalers(
		number(signed[int]), number(signed[Code]), number(signed[int32]), number(signed[int64]),
		number(unsigned[uint32]), number(unsigned[uint64]),
	)
}

// number reads a number that stands in a string; what is none is left to the
// ordinary way.
func number[T any](parse func(text string) (T, error)) *json.Unmarshalers {
	return json.UnmarshalFromFunc(func(d *jsontext.Decoder, into *T) error {
		if d.PeekKind() != jsontext.KindString {
			return errors.ErrUnsupported
		}
		token, err := d.ReadToken()
		if err != nil {
			return err
		}
		text := token.String()
		if text == "" { // what is not given
			return nil
		}
		*into, err = parse(text)
		return err
	})
}

func signed[T ~int | int32 | int64](text string) (T, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil && int64(T(n)) != n {
		err = strconv.ErrRange
	}
	return T(n), err
}

func unsigned[T uint32 | uint64](text string) (T, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err == nil && uint64(T(n)) != n {
		err = strconv.ErrRange
	}
	return T(n), err
}
