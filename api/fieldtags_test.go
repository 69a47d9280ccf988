package api_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/api"
	"github.com/recant-chat/recant/api/apitest"
)

// What the tags of fields say is read by people and by programs, which write
// clients and forms of it. So it is true.

// wireStructs calls visit for a type and the structs in it, each once.
func wireStructs(t reflect.Type, seen map[reflect.Type]bool, visit func(owner reflect.Type, f reflect.StructField)) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice && t != reflect.TypeFor[jsontext.Value]() {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return
	}
	seen[t] = true
	for _, f := range reflect.VisibleFields(t) {
		if f.Tag.Get("json") != "" {
			visit(t, f)
			wireStructs(f.Type, seen, visit)
		}
	}
}

func TestEveryFieldIsDescribed(t *testing.T) {
	seen := map[reflect.Type]bool{}
	for _, c := range api.Commands() {
		for _, message := range []reflect.Type{c.Request, c.Response} {
			wireStructs(message, seen, func(owner reflect.Type, f reflect.StructField) {
				name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				desc := f.Tag.Get("desc")
				if desc == "" || strings.HasSuffix(desc, ".") {
					t.Errorf("%s: %s of %v is described as %q", c.Name, name, owner, desc)
				}
			})
		}
	}
}

// exampleField is a field that an example's request has.
type exampleField struct {
	name   string // as the request spells it
	at     string // the way to it, as refusals write it
	tags   reflect.StructTag
	parent map[string]any
}

// exampleFields are the declared fields that a request has, at every depth.
func exampleFields(t reflect.Type, value any, at string) []exampleField {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var fields []exampleField
	switch value := value.(type) {
	case []any:
		for i, element := range value {
			if t.Kind() == reflect.Slice && t != reflect.TypeFor[jsontext.Value]() {
				fields = append(fields, exampleFields(t.Elem(), element, fmt.Sprintf("%s[%d]", at, i))...)
			}
		}
	case map[string]any:
		if t.Kind() != reflect.Struct {
			break
		}
		for _, f := range reflect.VisibleFields(t) {
			for _, name := range append(strings.Split(f.Tag.Get("older"), ","), f.Tag.Get("json")) {
				if inner, given := value[name]; given && name != "" {
					here := strings.TrimPrefix(at+"."+name, ".")
					fields = append(fields, exampleField{name, here, f.Tag, value})
					fields = append(fields, exampleFields(f.Type, inner, here)...)
				}
			}
		}
	}
	return fields
}

// without is the request without a field.
func (f *exampleField) without(t *testing.T, request any) string {
	t.Helper()
	value := f.parent[f.name]
	delete(f.parent, f.name)
	text, err := json.Marshal(request)
	f.parent[f.name] = value
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A text that is not among the values is refused, in words that name the field.
func TestOtherValuesAreRefused(t *testing.T) {
	a := newStoryApp(t)
	commands, teller := byName(), apitest.NewTeller(a.Server)
	for _, e := range api.Story() {
		c, body := commands[e.Command], teller.Here(e.Request)
		for _, f := range reflect.VisibleFields(c.Request) {
			if f.Tag.Get("values") == "" {
				continue
			}
			var request map[string]any
			if err := json.Unmarshal([]byte(body), &request); err != nil {
				t.Fatal(err)
			}
			name := f.Tag.Get("json")
			request[name] = "Nonsense"
			if f.Type.Kind() == reflect.Slice {
				request[name] = []string{"Nonsense"}
			}
			answer := a.Call(t, c.Service, c.Name, request)
			if answer.Code == 0 || !strings.Contains(answer.Info, name) {
				t.Errorf("%s with another %s answers %s", c.Name, name, answer.Raw)
			}
		}
		teller.Tell(t, e, body)
	}
}

// Without a required field the call is refused, in words that name it.
func TestRequiredFieldsAreRequired(t *testing.T) {
	a := newStoryApp(t)
	commands, teller := byName(), apitest.NewTeller(a.Server)
	for _, e := range api.Story() {
		c, body := commands[e.Command], teller.Here(e.Request)
		var request any
		if err := json.Unmarshal([]byte(body), &request); err != nil {
			t.Fatal(err)
		}
		for _, f := range exampleFields(c.Request, request, "") {
			if f.tags.Get("required") == "" {
				continue
			}
			answer := a.Call(t, c.Service, c.Name, f.without(t, request))
			if answer.Code == 0 || !strings.Contains(answer.Info, f.name) {
				t.Errorf("%s without %s answers %s", c.Name, f.at, answer.Raw)
			}
		}
		teller.Tell(t, e, body)
	}
}

// A field that is not tagged may be left out, unless its description says when
// it is needed.
func TestOtherFieldsAreNot(t *testing.T) {
	a := newStoryApp(t)
	commands, teller := byName(), apitest.NewTeller(a.Server)
	for _, e := range api.Story() {
		c, body := commands[e.Command], teller.Here(e.Request)
		var request any
		if err := json.Unmarshal([]byte(body), &request); err != nil {
			t.Fatal(err)
		}
		// Calls that leave something out may change what later ones find, which is
		// no matter here.
		a.Clock.Advance(time.Second)
		if answer := a.Call(t, c.Service, c.Name, body); answer.Code == 0 {
			teller.Heard(t, e, answer)
		}
		for _, f := range exampleFields(c.Request, request, "") {
			if f.tags.Get("required") != "" || strings.Contains(f.tags.Get("desc"), "needed") {
				continue
			}
			answer := a.Call(t, c.Service, c.Name, f.without(t, request))
			if slices.Contains(strings.Fields(answer.Info), "missing") && strings.Contains(answer.Info, f.name) {
				t.Errorf("%s without %s answers %s", c.Name, f.at, answer.Raw)
			}
		}
	}
}
