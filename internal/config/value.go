package config

import (
	"encoding"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes. Its text is a number, alone or with KiB, MiB or
// GiB.
type Size int64

var sizeUnits = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// UnmarshalText reads "256MiB" and the like.
func (s *Size) UnmarshalText(text []byte) error {
	number, unit := strings.TrimSpace(string(text)), int64(1)
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > (1<<62)/unit {
		return errors.New("a size such as 256MiB")
	}
	*s = Size(n * unit)
	return nil
}

// String is the size in the largest unit that divides it.
func (s Size) String() string {
	for _, u := range sizeUnits {
		if int64(s) >= u.bytes && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	prefixType   = reflect.TypeFor[netip.Prefix]()
)

// expectation is an error that says what a value should have been.
type expectation string

func (e expectation) Error() string { return "should be " + string(e) }

// setScalar parses text into a value of the schema's scalar types. The error
// never repeats the text, which may be a secret.
func setScalar(v reflect.Value, text string) error {
	switch {
	case v.Type() == durationType:
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return expectation("a duration such as 3s or 2m")
		}
		v.SetInt(int64(d))
		return nil
	case v.Type() == prefixType:
		prefix, err := parsePrefix(text)
		if err != nil {
			return err
		}
		v.Set(reflect.ValueOf(prefix))
		return nil
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			return expectation(err.Error())
		}
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, err := parseSwitch(text)
		if err != nil {
			return err
		}
		v.SetBool(b)
	case reflect.Int:
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 0 {
			return expectation("a whole number from 0 to 2147483647")
		}
		v.SetInt(n)
	case reflect.Uint32:
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return expectation("a whole number from 0 to 4294967295")
		}
		v.SetUint(n)
	default:
		return fmt.Errorf("the schema has a field of type %v, which nothing reads", v.Type())
	}
	return nil
}

// parseSwitch reads the words that YAML readers take for booleans.
func parseSwitch(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "on", "yes", "1":
		return true, nil
	case "false", "off", "no", "0":
		return false, nil
	}
	return false, expectation("true or false")
}

// parsePrefix reads a network or, as one of a single address, an address. An
// IPv4 network written as IPv6 becomes what it stands for, as peers' addresses
// do: it would match none of them otherwise.
func parsePrefix(text string) (netip.Prefix, error) {
	const mapped = 96 // bits of ::ffff:0:0/96
	if prefix, err := netip.ParsePrefix(text); err == nil {
		if prefix.Addr().Is4In6() && prefix.Bits() >= mapped {
			prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mapped)
		}
		return prefix.Masked(), nil
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, expectation("an address such as 192.0.2.7 or a network such as 192.0.2.0/24")
	}
	addr = addr.Unmap()
	return netip.PrefixFrom(addr, addr.BitLen()), nil
}

// setTexts gives a value what flags or an environment variable said: lists
// are separated by commas, a map's entries are name=value, and an empty text
// is an empty list.
func setTexts(v reflect.Value, text string) error {
	switch v.Kind() {
	case reflect.Slice:
		list := reflect.MakeSlice(v.Type(), 0, 0)
		for item := range strings.SplitSeq(text, ",") {
			if item = strings.TrimSpace(item); item == "" {
				continue
			}
			element := reflect.New(v.Type().Elem()).Elem()
			if err := setScalar(element, item); err != nil {
				return err
			}
			list = reflect.Append(list, element)
		}
		v.Set(list)
		return nil
	case reflect.Map:
		m := reflect.MakeMap(v.Type())
		for item := range strings.SplitSeq(text, ",") {
			if item = strings.TrimSpace(item); item == "" {
				continue
			}
			name, value, ok := strings.Cut(item, "=")
			if !ok {
				return expectation("entries such as name=10, separated by commas")
			}
			element := reflect.New(v.Type().Elem()).Elem()
			if err := setScalar(element, strings.TrimSpace(value)); err != nil {
				return err
			}
			m.SetMapIndex(reflect.ValueOf(strings.TrimSpace(name)), element)
		}
		v.Set(m)
		return nil
	}
	return setScalar(v, text)
}

// formatValue writes a value as the file has it, on one line.
func formatValue(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		if v.Len() == 0 {
			return formatText("") // also of a secret
		}
	case reflect.Slice:
		items := make([]string, v.Len())
		for i := range items {
			items[i] = formatValue(v.Index(i))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case reflect.Map:
		var items []string
		for _, key := range v.MapKeys() {
			items = append(items, key.String()+": "+formatValue(v.MapIndex(key)))
		}
		sort.Strings(items)
		return "{" + strings.Join(items, ", ") + "}"
	}
	if d, ok := v.Interface().(time.Duration); ok {
		return formatDuration(d)
	}
	if s, ok := v.Interface().(fmt.Stringer); ok {
		return s.String()
	}
	if v.Kind() == reflect.String {
		return formatText(v.String())
	}
	return fmt.Sprint(v.Interface())
}

// formatDuration leaves out the zero seconds and minutes of whole minutes and
// hours.
func formatDuration(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = strings.TrimSuffix(text, zero[1:])
		}
	}
	return text
}

// formatText quotes a text only where YAML would read something else.
func formatText(s string) string {
	plain := s != "" && !strings.ContainsAny(s, " :#,[]{}\"'&*!|>%@`")
	if plain {
		return s
	}
	return strconv.Quote(s)
}
