package api

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/chat"
)

// Frequency is the class of a command's call-frequency limit (spec 01 section
// 5). The operator may override it per application and command.
type Frequency int

const (
	// FrequencyDefault is the application's calls per second.
	FrequencyDefault Frequency = iota
	// FrequencyAccountBatch is 100 calls per second.
	FrequencyAccountBatch
	// FrequencyGroupList is the setting group_list_per_second or, where that
	// is 0, the application's calls per second.
	FrequencyGroupList
)

// Command is one command of the protocol, declared once: the router, the
// limits, the documents and the tests read it from Commands.
type Command struct {
	Service   string
	Chapter   string // of the documents
	Name      string
	Older     []string // earlier names, served alike
	Doc       int      // page of the public documents, 0 if it has none
	Summary   string   // one sentence, ends with a full stop
	Codes     []chat.Code
	Frequency Frequency
	Request   reflect.Type // a struct
	Response  reflect.Type // a struct; its fields stand beside the envelope
	AnyCase   bool         // field names match in any letter case

	// Repeatable says that the same call, made twice in a row, does and answers
	// what it does and answers once, but for times, versions and the audit
	// record: a caller may make it again where the first got no answer.
	Repeatable bool
	// RepeatableBy is the request's field that a call must have to be repeatable,
	// "" where it needs none.
	RepeatableBy string

	run func(ctx context.Context, call *Call, body jsontext.Value) (any, error)
}

// noResult is the response of a command that answers with the envelope alone.
type noResult struct{}

// commandOption sets what not every command has.
type commandOption func(*Command)

// doc names the command's page in the public documents.
func doc(page int) commandOption { return func(c *Command) { c.Doc = page } }

// summary says in one sentence what the command does.
func summary(text string) commandOption { return func(c *Command) { c.Summary = text } }

// older adds earlier names under which the command is served too.
func older(names ...string) commandOption {
	return func(c *Command) { c.Older = append(c.Older, names...) }
}

// codes lists the error codes of the command's page.
func codes(list ...chat.Code) commandOption {
	return func(c *Command) { c.Codes = append(c.Codes, list...) }
}

// frequency sets the class of the call-frequency limit.
func frequency(class Frequency) commandOption { return func(c *Command) { c.Frequency = class } }

// repeatable says that the command may be called again where its outcome is not known.
func repeatable() commandOption { return func(c *Command) { c.Repeatable = true } }

// repeatableBy is repeatable for calls that have the field.
func repeatableBy(field string) commandOption {
	return func(c *Command) { c.Repeatable, c.RepeatableBy = true, field }
}

// anyCase matches the names of the request's fields in any letter case.
func anyCase() commandOption { return func(c *Command) { c.AnyCase = true } }

// command declares a command. The request is decoded by the rules of decode.go
// before handle runs; handle returns nil for an answer without result fields.
// Errors that are not *chat.Error become the family's internal code. A type of
// request that cannot be decoded is a programming error and panics.
func command[Req, Resp any](service, name string, handle func(context.Context, *Call, *Req) (*Resp, error), opts ...commandOption) Command {
	c := Command{
		Service: service, Name: name,
		Request: reflect.TypeFor[Req](), Response: reflect.TypeFor[Resp](),
	}
	for _, set := range opts {
		set(&c)
	}
	shape := shapeOf(c.Request, service)
	if c.AnyCase {
		shape.foldNames()
	}
	c.run = func(ctx context.Context, call *Call, body jsontext.Value) (any, error) {
		req := new(Req)
		if err := shape.decode(body, req, call.App.LenientNumbers, call.family.badParameter); err != nil {
			return nil, err
		}
		resp, err := handle(ctx, call, req)
		if err != nil || resp == nil {
			return nil, err
		}
		return resp, nil
	}
	return c
}

// registry finds commands by their names in a URL.
type registry struct {
	group  map[string]*Command            // by command, for every group service
	others map[string]map[string]*Command // by service and command
	all    []*Command
}

func newRegistry(commands []Command) (*registry, error) {
	r := &registry{group: map[string]*Command{}, others: map[string]map[string]*Command{}}
	for i := range commands {
		c := &commands[i]
		byName := r.group
		if !familyOf(c.Service).group {
			if r.others[c.Service] == nil {
				r.others[c.Service] = map[string]*Command{}
			}
			byName = r.others[c.Service]
		}
		for _, name := range append([]string{c.Name}, c.Older...) {
			if byName[name] != nil {
				return nil, fmt.Errorf("command %s/%s is declared twice", c.Service, name)
			}
			byName[name] = c
		}
		r.all = append(r.all, c)
	}
	return r, nil
}

// find returns the command, or nil. A group command is found under each of the
// group services: sources disagree on which holds what (spec 01 section 1.6).
func (r *registry) find(service, name string) *Command {
	if familyOf(service).group {
		return r.group[name]
	}
	return r.others[service][name]
}

// named finds a command by its name, or by service/name where several services
// have one of that name.
func (r *registry) named(name string) (*Command, error) {
	var found []*Command
	if service, command, both := strings.Cut(name, "/"); both {
		found = append(found, r.find(service, command))
	} else {
		found = append(found, r.group[name])
		for _, byName := range r.others {
			found = append(found, byName[name])
		}
	}
	found = slices.DeleteFunc(found, func(c *Command) bool { return c == nil })
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("no command is called %q", name)
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("several services have a command %q, write service/%s", name, name)
}
