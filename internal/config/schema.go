package config

import (
	"reflect"
	"strings"
)

// key is one key of the schema.
type key struct {
	path string // "settings.max_topics"
	name string // the last part of path
	desc string
	at   []int // index path of the field
	typ  reflect.Type
}

// section reports whether the key holds keys of its own.
func (k key) section() bool { return k.typ.Kind() == reflect.Struct && k.typ != prefixType }

// list reports whether the key holds a list of sections.
func (k key) list() bool {
	return k.typ.Kind() == reflect.Slice && k.typ.Elem() == reflect.TypeFor[Application]()
}

// flag is the key's name on the command line.
func (k key) flag() string {
	return strings.NewReplacer(".", "-", "_", "-").Replace(k.path)
}

// env is the key's name in the environment.
func (k key) env() string {
	return "RECANT_" + strings.ToUpper(strings.ReplaceAll(k.path, ".", "_"))
}

// keysOf lists the keys of one level of the schema, in the order of the
// fields; inlined structs count as their fields.
func keysOf(t reflect.Type) []key {
	var keys []key
	for i := range t.NumField() {
		field := t.Field(i)
		name, option, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if option == "inline" {
			for _, inner := range keysOf(field.Type) {
				inner.at = append([]int{i}, inner.at...)
				keys = append(keys, inner)
			}
			continue
		}
		keys = append(keys, key{path: name, name: name, desc: field.Tag.Get("desc"), at: []int{i}, typ: field.Type})
	}
	return keys
}

// leavesOf lists the keys of all levels that hold values; lists of sections
// are left out.
func leavesOf(t reflect.Type) []key {
	var leaves []key
	for _, k := range keysOf(t) {
		switch {
		case k.list():
		case k.section():
			for _, inner := range leavesOf(k.typ) {
				inner.path = k.path + "." + inner.path
				inner.at = append(append([]int{}, k.at...), inner.at...)
				leaves = append(leaves, inner)
			}
		default:
			leaves = append(leaves, k)
		}
	}
	return leaves
}
