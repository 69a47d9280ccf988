package api

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/chat"
)

var (
	rawType             = reflect.TypeFor[jsontext.Value]()
	accountOrNumberType = reflect.TypeFor[AccountOrNumber]()
	textOrNumberType    = reflect.TypeFor[TextOrNumber]()
)

// shapeOf compiles the declarations of a request type. It panics at types that
// decode.go does not list.
func shapeOf(t reflect.Type, service string) *shape {
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("api: request type %v is not a struct", t))
	}
	s := &shape{byName: map[string]fieldName{}}
	s.addFields(t, service, nil)
	return s
}

func (s *shape) addFields(t reflect.Type, service string, prefix []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(prefix[:len(prefix):len(prefix)], i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct {
			s.addFields(f.Type, service, index)
			continue
		}
		if name == "" || !f.IsExported() {
			panic(fmt.Sprintf("api: field %s of %v has no json name", f.Name, t))
		}
		names := []string{name}
		if older := f.Tag.Get("older"); older != "" {
			names = append(names, strings.Split(older, ",")...)
		}
		for spelling, n := range names {
			if _, twice := s.byName[n]; twice {
				panic(fmt.Sprintf("api: %v declares %s twice", t, n))
			}
			s.byName[n] = fieldName{len(s.fields), spelling}
		}
		account := isAccountField(name, service)
		decode := decoderOf(f.Type, service, account, rangeOf(f))
		if f.Tag.Get("single") != "" {
			decode = oneOrMore(decode)
		}
		s.fields = append(s.fields, shapeField{
			index: index, names: names, account: account, code: codeOf(f),
			enum:   len(names) > 1 && !account && isString(f.Type),
			decode: decode,
		})
		if f.Tag.Get("plain") != "" {
			s.plain = new(s.fields[len(s.fields)-1])
		}
	}
}

// foldNames lets every field answer to its name in any letter case as well; the
// exact name wins.
func (s *shape) foldNames() {
	s.folded = map[string]fieldName{}
	for i := range s.fields {
		f := &s.fields[i]
		lower := strings.ToLower(f.names[0])
		s.folded[lower] = fieldName{i, len(f.names)}
		f.names = append(f.names, lower)
	}
}

// codeOf reads the tag code:"90005" of a field, 0 where it has none.
func codeOf(f reflect.StructField) chat.Code {
	tag := f.Tag.Get("code")
	if tag == "" {
		return 0
	}
	code, err := strconv.Atoi(tag)
	if err != nil {
		panic(fmt.Sprintf("api: field %s has the impossible code %q", f.Name, tag))
	}
	return chat.Code(code)
}

// isAccountField reports whether a field holds UserIDs by its name (spec 01
// section 1.4).
func isAccountField(name, service string) bool {
	return name == "UserID" || strings.HasSuffix(name, "_Account") ||
		name == "Identifier" && service == "im_open_login_svc"
}

// isString reports whether a field holds one string.
func isString(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.String
}

// interval is the values that an integer field may have, both ends included.
type interval struct {
	min int64
	max uint64
}

// rangeOf reads the tag range:"1..100" of a field, or takes the whole range of
// its Go type.
func rangeOf(f reflect.StructField) interval {
	t := f.Type
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice && t != rawType {
		t = t.Elem()
	}
	all := interval{0, 0}
	switch k := t.Kind(); {
	case k >= reflect.Int && k <= reflect.Int64:
		all = interval{math.MinInt64 >> (64 - t.Bits()), math.MaxInt64 >> (64 - t.Bits())}
	case k >= reflect.Uint && k <= reflect.Uint64:
		all = interval{0, math.MaxUint64 >> (64 - t.Bits())}
	}
	tag := f.Tag.Get("range")
	if tag == "" {
		return all
	}
	low, high, _ := strings.Cut(tag, "..")
	from, err := strconv.ParseInt(low, 10, 64)
	to, err2 := strconv.ParseUint(high, 10, 64)
	if err != nil || err2 != nil || from < all.min || to > all.max {
		panic(fmt.Sprintf("api: field %s has the impossible range %q", f.Name, tag))
	}
	return interval{from, to}
}

// decoderOf returns the decoder of a declared type.
func decoderOf(t reflect.Type, service string, account bool, allowed interval) decodeFunc {
	switch t {
	case rawType:
		return decodeRaw
	case accountOrNumberType:
		return decodeAccountOrNumber
	case textOrNumberType:
		return decodeTextOrNumber
	}
	switch k := t.Kind(); {
	case k == reflect.Pointer:
		decode := decoderOf(t.Elem(), service, account, allowed)
		return func(d *decoding, raw jsontext.Value, at *position, into reflect.Value) {
			into.Set(reflect.New(t.Elem()))
			decode(d, raw, at, into.Elem())
		}
	case k == reflect.Slice:
		return sliceDecoder(t, service, account, allowed)
	case k == reflect.Struct:
		s := shapeOf(t, service)
		return func(d *decoding, raw jsontext.Value, at *position, into reflect.Value) {
			switch {
			case raw.Kind() == jsontext.KindBeginObject:
				s.decodeObject(d, raw, at, into)
			case raw.Kind() == jsontext.KindString && s.plain != nil:
				s.plain.decode(d, raw, at, into.FieldByIndex(s.plain.index))
			default:
				d.wrong(at, "must be an object, not %s", kindName(raw))
			}
		}
	case k == reflect.String && account:
		return decodeAccount
	case k == reflect.String:
		return decodeString
	case k == reflect.Bool:
		return decodeBool
	case k >= reflect.Int && k <= reflect.Int64, k >= reflect.Uint && k <= reflect.Uint64:
		return integerDecoder(allowed)
	}
	panic(fmt.Sprintf("api: a request cannot have a field of type %v", t))
}

// oneOrMore lets an element stand in the place of its list.
func oneOrMore(decode decodeFunc) decodeFunc {
	return func(d *decoding, raw jsontext.Value, at *position, into reflect.Value) {
		if raw.Kind() != jsontext.KindBeginArray {
			raw = slices.Concat(jsontext.Value("["), raw, jsontext.Value("]"))
		}
		decode(d, raw, at, into)
	}
}

func sliceDecoder(t reflect.Type, service string, account bool, allowed interval) decodeFunc {
	decode := decoderOf(t.Elem(), service, account, allowed)
	return func(d *decoding, raw jsontext.Value, at *position, into reflect.Value) {
		if raw.Kind() != jsontext.KindBeginArray {
			// A plain string for a list of accounts is a bad parameter only.
			d.accountFault = d.accountFault || account && raw.Kind() != jsontext.KindString
			d.wrong(at, "must be an array, not %s", kindName(raw))
			return
		}
		list := reflect.MakeSlice(t, 0, 4)
		eachElement(raw, func(i int, element jsontext.Value) {
			here := &position{parent: at, index: i}
			v := reflect.New(t.Elem()).Elem()
			if element.Kind() == jsontext.KindNull && t.Elem() != rawType {
				d.wrong(here, "must not be null")
				return
			}
			decode(d, element, here, v)
			list = reflect.Append(list, v)
		})
		into.Set(list)
	}
}

func decodeRaw(_ *decoding, raw jsontext.Value, _ *position, into reflect.Value) {
	into.SetBytes(raw)
}

func decodeString(d *decoding, raw jsontext.Value, at *position, into reflect.Value) {
	if raw.Kind() != jsontext.KindString {
		d.wrong(at, "must be a string, not %s", kindName(raw))
		return
	}
	into.SetString(unquote(raw))
}

func decodeAccount(d *decoding, raw jsontext.Value, _ *position, into reflect.Value) {
	if raw.Kind() != jsontext.KindString {
		d.accountFault = true
		return
	}
	into.SetString(unquote(raw))
}

func decodeAccountOrNumber(d *decoding, raw jsontext.Value, at *position, into reflect.Value) {
	if raw.Kind() == jsontext.KindNumber {
		into.SetString(decimalText(raw))
		return
	}
	decodeAccount(d, raw, at, into)
}

func decodeTextOrNumber(d *decoding, raw jsontext.Value, at *position, into reflect.Value) {
	if raw.Kind() == jsontext.KindNumber {
		into.SetString(decimalText(raw))
		return
	}
	decodeString(d, raw, at, into)
}

func decodeBool(d *decoding, raw jsontext.Value, at *position, into reflect.Value) {
	switch raw.Kind() {
	case jsontext.KindTrue:
		into.SetBool(true)
	case jsontext.KindFalse:
		into.SetBool(false)
	default:
		d.wrong(at, "must be true or false, not %s", kindName(raw))
	}
}

// integerDecoder accepts the numbers of the interval and, with lenient_numbers,
// strings that hold one.
func integerDecoder(allowed interval) decodeFunc {
	return func(d *decoding, raw jsontext.Value, at *position, into reflect.Value) {
		text := string(raw)
		switch {
		case raw.Kind() == jsontext.KindString && d.lenientNumbers:
			text = unquote(raw)
		case raw.Kind() != jsontext.KindNumber:
			d.wrong(at, "must be an integer, not %s", kindName(raw))
			return
		}
		n, err := parseInteger(text)
		switch {
		case err == errNotIntegral:
			d.wrong(at, "must be an integer")
		case err != nil || !allowed.holds(n):
			d.wrong(at, "must be an integer from %d to %d", allowed.min, allowed.max)
		case into.CanUint():
			into.SetUint(n.magnitude)
		default:
			into.SetInt(n.int64())
		}
	}
}

// kindName names the JSON type of a value for people.
func kindName(raw jsontext.Value) string {
	switch raw.Kind() {
	case jsontext.KindString:
		return "a string"
	case jsontext.KindNumber:
		return "a number"
	case jsontext.KindBeginObject:
		return "an object"
	case jsontext.KindBeginArray:
		return "an array"
	case jsontext.KindNull:
		return "null"
	}
	return "a boolean"
}
