package main

import (
	"bytes"
	"fmt"
	"go/format"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/api"
)

// generatedNames match the files that generate makes.
var generatedNames = []string{"*_gen.go", "*_gen_test.go"}

const jsonImport = "\n\"github.com/go-json-experiment/json/jsontext\"\n"

var rawType = reflect.TypeFor[jsontext.Value]()

// generate returns the content of the client's files by their names, a file for
// each chapter, and one for the tests that calls every command by its name; and
// the names for the debugging tool.
func generate(commands []api.Command) (map[string][]byte, []byte, error) {
	g := &generator{
		files: map[string]*bytes.Buffer{}, made: map[string]bool{},
		names: map[reflect.Type]string{}, taken: map[string]reflect.Type{}, apart: map[reflect.Type]bool{},
	}
	for _, c := range commands {
		g.findApart(c.Request, true, true)
		g.findApart(c.Response, true, false)
	}
	for _, c := range commands {
		g.command(&c)
	}
	g.dispatcher(commands)
	g.codes(api.CodeMeanings())
	if g.err != nil {
		return nil, nil, g.err
	}
	files := map[string][]byte{}
	for name, content := range g.files {
		source := content.String()
		if strings.Count(source, "jsontext.") == 0 {
			source = strings.Replace(source, jsonImport, "", 1)
		}
		text, err := format.Source([]byte(source))
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w\n%s", name, err, source)
		}
		files[name] = text
	}
	tool, err := g.tool(commands)
	return files, tool, err
}

// generator is a run of generate.
type generator struct {
	files map[string]*bytes.Buffer
	out   *bytes.Buffer           // of the chapter that is written
	made  map[string]bool         // keys of the fields that the client fills in
	names map[reflect.Type]string // of the types that are written or waiting
	taken map[string]reflect.Type // the types by their names
	apart map[reflect.Type]bool   // types that stand inside others, and have a name of their own
	later []func()                // types that are to be written
	err   error                   // the first
}

func (g *generator) fail(format string, args ...any) {
	if g.err == nil {
		g.err = fmt.Errorf(format, args...)
	}
}

func (g *generator) line(format string, args ...any) {
	fmt.Fprintf(g.out, format+"\n", args...)
}

// comment writes text as a comment, in lines of readable length.
func (g *generator) comment(text string) {
	const width = 90
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+len(word) >= width {
			g.line("// %s", line)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	g.line("// %s", line)
}

// findApart notes the types that stand inside others.
func (g *generator) findApart(t reflect.Type, top, request bool) {
	t = element(t)
	if t.Kind() != reflect.Struct || g.apart[t] {
		return
	}
	if !top {
		g.apart[t] = true
	}
	for i := range t.NumField() {
		g.findApart(t.Field(i).Type, request && t.Field(i).Anonymous, request)
	}
}

// element is a type without the pointers and lists around it.
func element(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice && t != rawType {
		t = t.Elem()
	}
	return t
}

// command writes a command's method and types.
func (g *generator) command(c *api.Command) {
	g.chapter(c.Chapter)
	method := methodName(c.Name)
	g.comment(method + " " + lowerFirst(c.Summary))
	g.line("//\n// It is the command %s/%s%s.", c.Service, c.Name, page(c.Doc))
	take, give := "", "nil"
	if c.Request.NumField() > 0 {
		take, give = ", r *"+method+"Request", "r"
	}
	call := fmt.Sprintf("Command{%q, %q, %v}", c.Service, c.Name, c.Repeatable)
	fill := ""
	if c.RepeatableBy != "" {
		fill, give = g.fill(c), "&filled"
	}
	if c.Response.NumField() == 0 {
		g.line("func (c *Client) %s(ctx context.Context%s) error {\n%sreturn c.Call(ctx, %s, %s, nil)\n}\n", method, take, fill, call, give)
	} else {
		g.line("func (c *Client) %s(ctx context.Context%s) (*%sResponse, error) {\n%sreturn answered[%sResponse](ctx, c, %s, %s)\n}\n",
			method, take, method, fill, method, call, give)
	}
	g.message(c.Request, method+"Request", "is what "+method+" takes", true)
	g.message(c.Response, method+"Response", "is what "+method+" answers", false)
	for len(g.later) > 0 {
		write := g.later[0]
		g.later = g.later[1:]
		write()
	}
}

func page(doc int) string {
	if doc == 0 {
		return ""
	}
	return fmt.Sprintf(" (doc %d)", doc)
}

// fill is the code that gives the field that makes a call repeatable a value
// of its own, where the caller gives none.
func (g *generator) fill(c *api.Command) string {
	field := goName(c.RepeatableBy)
	made := map[string]string{"*uint32": "newRandom()", "*string": "newKey()"}
	for _, f := range fields(c.Request, true) {
		if f.wire == c.RepeatableBy {
			g.made[f.key()] = true
			return fmt.Sprintf("filled := valueOf(r)\nif filled.%s == nil {\nfilled.%s = new(%s)\n}\n", field, field, made[g.fieldType(f, true)])
		}
	}
	g.fail("%s has no field %s", c.Name, c.RepeatableBy)
	return ""
}

// chapter makes the file of a chapter the one that is written.
func (g *generator) chapter(name string) {
	file := strings.ReplaceAll(strings.ToLower(name), " ", "") + "_gen.go"
	g.out = g.files[file]
	if g.out != nil {
		return
	}
	g.out = &bytes.Buffer{}
	g.files[file] = g.out
	g.line("// Code generated by genclient. DO NOT EDIT.\n\npackage client\n\nimport (\n%q", "context")
	g.line("%s)\n", jsonImport)
}

// message writes the type of a request or a response, unless it has no fields.
func (g *generator) message(t reflect.Type, name, what string, request bool) {
	if t.NumField() == 0 {
		return
	}
	if g.apart[t] {
		g.named(t, typeName(t), what, request)
	}
	if first := g.names[t]; first != "" {
		g.comment(name + " " + what + ".")
		g.line("type %s = %s\n", name, first)
		return
	}
	g.names[t], g.taken[name] = name, t
	g.structure(t, name, what, request)
}

// named has a type written under a name of its own, once.
func (g *generator) named(t reflect.Type, name, what string, request bool) string {
	if g.names[t] == "" {
		if g.taken[name] != nil {
			g.fail("%v and %v would both be called %s", t, g.taken[name], name)
		}
		g.names[t], g.taken[name] = name, t
		g.later = append(g.later, func() { g.structure(t, name, what, request) })
	}
	return g.names[t]
}

// field is a field of a client's type.
type field struct {
	reflect.StructField
	owner reflect.Type // that declares it
	wire  string       // "" of an embedded struct
}

// fields lists the fields of a type. Structs without a name are embedded in
// what is answered; in requests their fields stand in their place, where they
// are easier to write.
func fields(t reflect.Type, request bool) []field {
	var list []field
	taken := map[string]bool{}
	for i := range t.NumField() {
		f := field{StructField: t.Field(i), owner: t}
		f.wire, _, _ = strings.Cut(f.Tag.Get("json"), ",")
		switch name := goName(f.wire); {
		case f.Anonymous && request:
			list = append(list, fields(f.Type, request)...)
		case taken[name] && !f.Anonymous: // an earlier spelling
		default:
			taken[name] = true
			list = append(list, f)
		}
	}
	return list
}

// structure writes a struct.
func (g *generator) structure(t reflect.Type, name, what string, request bool) {
	g.comment(name + " " + what + ".")
	g.line("type %s struct {", name)
	for _, f := range fields(t, request) {
		if f.Anonymous {
			g.line("%s", g.named(f.Type, typeName(f.Type), "is part of "+name, request))
			continue
		}
		if text := f.text(g.made[f.key()]); text != "" {
			g.comment(text)
		}
		kind := g.nestedType(f, name, request)
		omit := ""
		if request && !(f.required() && isPlain(kind)) || !request && strings.Contains(f.Tag.Get("json"), ",") {
			omit = ",omitzero"
		}
		g.line("%s %s `json:\"%s%s\"`", goName(f.wire), kind, f.wire, omit)
	}
	g.line("}\n")
}

func (f *field) required() bool { return f.Tag.Get("required") == "true" }

// isPlain reports whether a type is one whose zero value could be meant.
func isPlain(kind string) bool {
	return !strings.HasPrefix(kind, "*") && !strings.HasPrefix(kind, "[]") && kind != "any" && kind != "MessageBody"
}

// text describes a field, which the client fills in where it is nil, if it is made.
func (f *field) text(made bool) string {
	text := f.Tag.Get("desc")
	if first, _, _ := strings.Cut(text, " "); !strings.HasSuffix(first, ";") && !strings.HasSuffix(first, ":") { // else it is a value
		text = upperFirst(text)
	}
	add := func(format string, args ...any) {
		text = strings.TrimSuffix(text+". "+fmt.Sprintf(format, args...), ".")
	}
	if text == "" {
		return ""
	}
	if values := f.Tag.Get("values"); values != "" {
		add("One of %s", strings.ReplaceAll(values, ",", ", "))
	}
	if value := f.Tag.Get("default"); value != "" {
		add("Default %s", value)
	}
	switch {
	case made:
		add("Where it is nil the client makes one")
	case f.required():
		add("Required")
	}
	return text + "."
}

// nestedType is the Go type of a field, whose struct is written later if it is
// new.
func (g *generator) nestedType(f field, parent string, request bool) string {
	inner := element(f.Type)
	if inner.Kind() != reflect.Struct || fieldTypes[f.key()] != "" {
		return g.fieldType(f, request)
	}
	name, place := typeName(inner), "is the "+f.wire+" of "+parent
	if inner.Name() == "" {
		name = strings.TrimSuffix(strings.TrimSuffix(parent, "Request"), "Response") + "Item"
	}
	if f.Type.Kind() == reflect.Slice || f.Type.Kind() == reflect.Pointer && f.Type.Elem().Kind() == reflect.Slice {
		return "[]" + g.named(inner, name, "is an element of the "+f.wire+" of "+parent, request)
	}
	name = g.named(inner, name, place, request)
	if request || f.Type.Kind() == reflect.Pointer {
		return "*" + name
	}
	return name
}

// key is the name of the field in the table of exceptions.
func (f *field) key() string { return f.owner.Name() + "." + f.wire }

// fieldType is the Go type of a field that holds no struct.
func (g *generator) fieldType(f field, request bool) string {
	if kind := fieldTypes[f.key()]; kind != "" {
		return kind
	}
	t := f.Type
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case f.wire == "MsgBody":
		return "MessageBody"
	case t.Kind() == reflect.Interface, t == rawType && request:
		return "any"
	case t == rawType:
		return "jsontext.Value"
	case t.Kind() == reflect.Slice:
		return "[]" + strings.Replace(t.Elem().Kind().String(), "uint8", "byte", 1)
	case request && !f.required():
		return "*" + t.Kind().String()
	}
	return t.Kind().String()
}

// dispatcher writes the test's function that makes a call by its name.
func (g *generator) dispatcher(commands []api.Command) {
	g.out = &bytes.Buffer{}
	g.files["call_gen_test.go"] = g.out
	g.line("// Code generated by genclient. DO NOT EDIT.\n\npackage client_test\n")
	g.line("import (\n%q\n%q\n\n%q\n)\n", "context", "fmt", "github.com/recant-chat/recant/client")
	g.line("// call makes the call of a command, service/name, with a request in JSON, by its method.")
	g.line("func call(ctx context.Context, c *client.Client, command string, request []byte) (any, error) {\nswitch command {")
	for _, c := range commands {
		with := map[[2]bool]string{
			{true, true}: "with(ctx, request, c.%s)", {true, false}: "withoutAnswer(ctx, request, c.%s)",
			{false, true}: "c.%s(ctx)", {false, false}: "nil, c.%s(ctx)",
		}[[2]bool{c.Request.NumField() > 0, c.Response.NumField() > 0}]
		g.line("case %q:\nreturn "+with, c.Service+"/"+c.Name, methodName(c.Name))
	}
	g.line("}\nreturn nil, fmt.Errorf(\"the client has no method for %%s\", command)\n}")
}
