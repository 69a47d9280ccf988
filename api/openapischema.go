package api

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/chat"
)

// object is a JSON object whose members keep their order.
type object []jsonMember

type jsonMember struct {
	name  string
	value any
}

// with is the object with one more member, or as it is where the value is
// empty.
func (o object) with(name string, value any) object {
	if v := reflect.ValueOf(value); !v.IsValid() || v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0 {
		return o
	}
	return append(o, jsonMember{name, value})
}

// MarshalJSONTo writes the object.
func (o object) MarshalJSONTo(e *jsontext.Encoder) error {
	if err := e.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for _, m := range o {
		if err := e.WriteToken(jsontext.String(m.name)); err != nil {
			return err
		}
		if err := json.MarshalEncode(e, m.value); err != nil {
			return err
		}
	}
	return e.WriteToken(jsontext.EndObject)
}

func reference(kind, name string) object {
	return object{{"$ref", "#/components/" + kind + "/" + name}}
}

// schemas makes the schemas of the registry's types. A type that has a name
// gets a component of that name, and is referred to.
type schemas struct {
	components object
	made       map[string]reflect.Type // by the component's name
}

// newSchemas starts with the schemas of what is not declared as a Go type: the
// envelope and the elements of messages.
func newSchemas() *schemas {
	s := &schemas{made: map[string]reflect.Type{}}
	s.add("Success", envelope("OK", object{{"const", 0}}))
	s.add("Failure", envelope("FAIL", object{{"type", "integer"}, {"not", object{{"const", 0}}}}).
		with("description", listCodes("A refusal. Codes of every call:", gatewayMeanings())))
	var anyElement []object
	mapping := object{}
	for _, e := range chat.Elements() {
		s.add(e.Type, elementSchema(e))
		anyElement = append(anyElement, reference("schemas", e.Type))
		mapping = mapping.with(e.Type, "#/components/schemas/"+e.Type)
	}
	s.add("MsgElement", object{
		{"description", "An element of a message; its MsgType says which."}, {"oneOf", anyElement},
		{"discriminator", object{{"propertyName", "MsgType"}, {"mapping", mapping}}},
	})
	s.add("MsgBody", object{
		{"type", "array"}, {"minItems", 1}, {"items", reference("schemas", "MsgElement")},
		{"description", "The elements of a message, of which one may be a TIMCustomElem. With CloudCustomData at most 12288 bytes, without white space."},
	})
	return s
}

func (s *schemas) add(name string, schema object) {
	s.components = append(s.components, jsonMember{name, schema})
	s.made[name] = nil
}

// envelope is the schema of what every answer has.
func envelope(status string, code object) object {
	return object{
		{"type", "object"},
		{"properties", object{
			{"ActionStatus", object{{"const", status}}},
			{"ErrorInfo", object{{"type", "string"}, {"description", "why the call was refused; empty on success"}}},
			{"ErrorCode", code.with("description", "0 on success; x-error-codes explains the others")},
			{"ErrorDisplay", object{{"type", "string"}, {"description", "always empty; in answers of profile and recentcontact alone"}}},
		}},
		{"required", []string{"ActionStatus", "ErrorInfo", "ErrorCode"}},
	}
}

func elementSchema(e chat.Element) object {
	return object{
		{"type", "object"},
		{"description", e.Desc},
		{"properties", object{{"MsgType", object{{"const", e.Type}}}, {"MsgContent", contentSchema(e.Fields)}}},
		{"required", []string{"MsgType", "MsgContent"}},
	}
}

func contentSchema(fields []chat.ContentField) object {
	properties, required := object{}, []string(nil)
	for _, f := range fields {
		var field object
		switch f.Kind {
		case chat.ContentString:
			field = object{{"type", "string"}}
		case chat.ContentNumber:
			field = object{{"type", "number"}}
		case chat.ContentInteger:
			field = object{{"type", "integer"}}
		case chat.ContentElements:
			field = object{{"type", "array"}, {"items", reference("schemas", "MsgElement")}}
		case chat.ContentStrings:
			field = object{{"type", "array"}, {"items", object{{"type", "string"}}}}
		case chat.ContentObjects:
			field = object{{"type", "array"}, {"items", contentSchema(f.Items)}}
		}
		properties = append(properties, jsonMember{f.Name, field.with("description", f.Desc)})
		if f.Required {
			required = append(required, f.Name)
		}
	}
	return object{{"type", "object"}, {"properties", properties}}.with("required", required)
}

// of is the schema of a type, a reference where the type has a name. Requests
// and answers differ in what makes a field required.
func (s *schemas) of(t reflect.Type, request bool) object {
	if t.Name() == "" {
		return s.structure(t, request)
	}
	name := strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
	if other, taken := s.made[name]; !taken {
		s.made[name] = t
		at := len(s.components)
		s.components = append(s.components, jsonMember{name, nil})
		s.components[at].value = s.structure(t, request)
	} else if other != t {
		panic(fmt.Sprintf("api: %v and %v are both called %s", t, other, name))
	}
	return reference("schemas", name)
}

// structure is the schema of a struct.
func (s *schemas) structure(t reflect.Type, request bool) object {
	properties, required, plain := object{}, []string(nil), false
	for f := range wireFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		properties = append(properties, jsonMember{name, s.field(f, name, request)})
		if request && f.Tag.Get("required") != "" || !request && options == "" {
			required = append(required, name)
		}
		plain = plain || f.Tag.Get("plain") != ""
	}
	var kind any = "object"
	if plain {
		kind = []string{"object", "string"}
	}
	return object{{"type", kind}}.with("properties", properties).with("required", required)
}

// wireFields are the fields of a struct and of those without a name in it.
func wireFields(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for _, f := range reflect.VisibleFields(t) {
			if f.Tag.Get("json") != "" && !yield(f) {
				return
			}
		}
	}
}

// field is the schema of a field with what its tags say.
func (s *schemas) field(f reflect.StructField, name string, request bool) object {
	t, lists := f.Type, 0
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice && t != rawType && t.Elem().Kind() != reflect.Uint8 {
		if t.Kind() == reflect.Slice {
			lists++
		}
		t = t.Elem()
	}
	schema := s.value(t, f, name, request)
	for ; lists > 0; lists-- {
		var kind any = "array"
		if f.Tag.Get("single") != "" {
			kind = []any{"array", schema[0].value}
		}
		schema = object{{"type", kind}, {"items", schema}}
	}
	if text := f.Tag.Get("default"); text != "" {
		schema = append(schema, jsonMember{"default", typed(text, t)})
	}
	var olderNames []string
	if older := f.Tag.Get("older"); older != "" {
		olderNames = strings.Split(older, ",")
	}
	return schema.with("description", f.Tag.Get("desc")).with("x-older-names", olderNames)
}

// value is the schema of a field's value, or of the elements of its list.
func (s *schemas) value(t reflect.Type, f reflect.StructField, name string, request bool) object {
	switch {
	case t == rawType || t.Kind() == reflect.Interface:
		return rawSchema(name, request)
	case t == accountOrNumberType || t == textOrNumberType:
		return object{{"type", []string{"string", "number"}}}
	case t.Kind() == reflect.Slice:
		return object{{"type", "string"}, {"contentEncoding", "base64"}}
	case t.Kind() == reflect.Struct:
		return s.of(t, request)
	case t.Kind() == reflect.Bool:
		return object{{"type", "boolean"}}
	case t.Kind() == reflect.String:
		return object{{"type", "string"}}.with("enum", enum(f, t))
	}
	allowed := rangeOf(f)
	schema := object{{"type", "integer"}}.with("enum", enum(f, t))
	if t.Bits() < 64 || f.Tag.Get("range") != "" {
		return append(schema, jsonMember{"minimum", allowed.min}, jsonMember{"maximum", allowed.max})
	}
	if schema = append(schema, jsonMember{"format", "int64"}); allowed.min == 0 {
		schema = append(schema, jsonMember{"minimum", 0})
	}
	return schema
}

// rawSchema is the schema of a value whose form the Go type leaves open.
func rawSchema(name string, request bool) object {
	switch {
	case name == "MsgBody" && request:
		return reference("schemas", "MsgBody")
	case name == "MsgBody": // a notice of the system is an object
		return object{{"type", []string{"array", "object"}}, {"items", reference("schemas", "MsgElement")}}
	case name == "Value": // of a field of a profile
		return object{{"type", []string{"string", "integer"}}}
	}
	return object{{"type", "object"}}
}

// enum reads the tag values:"A,B" of a field of type t, or of a list of them.
func enum(f reflect.StructField, t reflect.Type) []any {
	var list []any
	if values := f.Tag.Get("values"); values != "" {
		for text := range strings.SplitSeq(values, ",") {
			list = append(list, typed(text, t))
		}
	}
	return list
}

// typed is what a tag says of a value of type t: a number of an integer.
func typed(text string, t reflect.Type) any {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && t.Kind() != reflect.String {
		return n
	}
	return text
}
