package main

import (
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/api"
)

// toolNames is what the debugging tool writes programs with.
type toolNames struct {
	Commands map[string]toolCommand          `json:"commands"` // by path
	Types    map[string]map[string][2]string `json:"types"`    // requests and what stands in them: Go name and type by the name on the wire
}

type toolCommand struct {
	Method     string `json:"method"`
	Request    string `json:"request,omitzero"` // type, "" without fields
	Answers    bool   `json:"answers"`          // more than that it was done
	Repeatable bool   `json:"repeatable"`
}

// tool writes the names for the debugging tool, of a generator that has run.
func (g *generator) tool(commands []api.Command) ([]byte, error) {
	names := toolNames{map[string]toolCommand{}, map[string]map[string][2]string{}}
	for _, c := range commands {
		names.Commands["/v4/"+c.Service+"/"+c.Name] = toolCommand{
			methodName(c.Name), g.names[c.Request], c.Response.NumField() > 0, c.Repeatable,
		}
		g.toolTypes(names.Types, c.Request)
	}
	return json.Marshal(names, json.Deterministic(true), jsontext.WithIndent(" "))
}

// toolTypes adds the types of a request.
func (g *generator) toolTypes(types map[string]map[string][2]string, t reflect.Type) {
	name := g.names[t]
	if name == "" || types[name] != nil {
		return
	}
	types[name] = map[string][2]string{}
	for _, f := range fields(t, true) {
		types[name][f.wire] = [2]string{goName(f.wire), g.nestedType(f, name, true)}
		if inner := element(f.Type); inner.Kind() == reflect.Struct && strings.Contains(g.nestedType(f, name, true), g.names[inner]) {
			g.toolTypes(types, inner)
		}
	}
}
