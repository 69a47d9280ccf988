package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
)

// Flags are the schema's keys on the command line and in the environment, as
// a struct for kong. It is made from the schema, so that no key can be missing
// or documented differently.
type Flags struct {
	keys   []key
	target reflect.Value // pointer to the struct that kong fills
}

// text is a flag that was given, perhaps more than once, or its variable.
type text struct {
	given  bool
	values []string
}

// Decode reads one occurrence of the flag.
func (t *text) Decode(ctx *kong.DecodeContext) error {
	var value string
	if err := ctx.Scan.PopValueInto("value", &value); err != nil {
		return err
	}
	t.given = true
	t.values = append(t.values, value)
	return nil
}

// toggle is a flag that may be given without a value.
type toggle struct{ text }

// IsBool tells kong that the flag alone means true.
func (*toggle) IsBool() bool { return true }

// Decode reads one occurrence of the flag, with or without a value.
func (t *toggle) Decode(ctx *kong.DecodeContext) error {
	if ctx.Scan.Peek().Type == kong.FlagValueToken {
		return t.text.Decode(ctx)
	}
	t.given = true
	t.values = append(t.values, "true")
	return nil
}

// NewFlags makes flags of the named keys of Server, or of all of them where
// none is named.
func NewFlags(names ...string) *Flags {
	wanted := map[string]bool{}
	for _, name := range names {
		wanted[name] = true
	}
	defaults := reflect.ValueOf(Default(ProfileOwn))
	f := &Flags{}
	var fields []reflect.StructField
	for _, k := range leavesOf(defaults.Type()) {
		if len(names) > 0 && !wanted[k.path] {
			continue
		}
		field := reflect.StructField{
			Name: "F" + strconv.Itoa(len(fields)),
			Type: reflect.TypeFor[text](),
			Tag:  flagTag(k, defaults.FieldByIndex(k.at)),
		}
		if k.typ.Kind() == reflect.Bool {
			field.Type = reflect.TypeFor[toggle]()
		}
		f.keys = append(f.keys, k)
		fields = append(fields, field)
	}
	f.target = reflect.New(reflect.StructOf(fields))
	return f
}

// NoFlags are flags of which none was given.
func NoFlags() *Flags { return &Flags{} }

// flagTag is what kong's help says about a key.
func flagTag(k key, byDefault reflect.Value) reflect.StructTag {
	help := k.desc
	if text := flagText(byDefault); text != "" {
		help += " (default " + text + ")"
	}
	placeholder := k.typ.Kind().String()
	switch {
	case k.typ == durationType:
		placeholder = "duration"
	case k.typ == reflect.TypeFor[Size]():
		placeholder = "size"
	case k.typ.Kind() == reflect.Slice:
		placeholder = "a,b"
	case k.typ.Kind() == reflect.Map:
		placeholder = "name=n"
	case k.typ.Kind() == reflect.String:
		placeholder = "text"
	case k.typ.Kind() == reflect.Int, k.typ.Kind() == reflect.Uint32:
		placeholder = "n"
	}
	tag := fmt.Sprintf("name:%q env:%q placeholder:%q help:%q", k.flag(), k.env(), placeholder, strings.ReplaceAll(help, "$", "$$"))
	switch section, _, _ := strings.Cut(k.path, "."); section {
	case "settings":
		tag += ` group:"Settings of every application:"`
	case "webhook":
		tag += ` group:"Webhooks of every application:"`
	}
	return reflect.StructTag(tag)
}

// flagText writes a value as a flag has it.
func flagText(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Slice, reflect.Map:
		return strings.NewReplacer("[", "", "]", "", "{", "", "}", "", ", ", ",", ": ", "=").Replace(formatValue(v))
	}
	return formatValue(v)
}

// Plugins is the struct for kong to embed in a command.
func (f *Flags) Plugins() kong.Plugins { return kong.Plugins{f.target.Interface()} }

// lookup returns what was given for a key.
func (f *Flags) lookup(i int) (text, bool) {
	switch v := f.target.Elem().Field(i).Interface().(type) {
	case text:
		return v, v.given
	case toggle:
		return v.text, v.given
	}
	return text{}, false
}

// apply sets the keys that were given.
func (f *Flags) apply(server *Server) error {
	target := reflect.ValueOf(server).Elem()
	for i, k := range f.keys {
		given, ok := f.lookup(i)
		if !ok {
			continue
		}
		joined := given.values[len(given.values)-1]
		if k.typ.Kind() == reflect.Slice || k.typ.Kind() == reflect.Map {
			joined = strings.Join(given.values, ",")
		}
		if err := setTexts(target.FieldByIndex(k.at), joined); err != nil {
			return fmt.Errorf("--%s (or %s) %w", k.flag(), k.env(), err)
		}
	}
	return nil
}
