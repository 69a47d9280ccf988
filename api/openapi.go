package api

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/chat"
)

// openAPIVersion is the version of the specification that the document follows.
const openAPIVersion = "3.1.1"

const openAPIDescription = `Recant is a server for group chat. It speaks the REST protocol (v4) of Tencent Chat.

- Every call is a POST with a JSON object, by an admin of the application, whose UserSig stands in the query. A UserSig is
  signed with the application's key; ` + "`recant usersig`" + ` makes one.
- Every answer has the status 200. ` + "`ActionStatus`" + ` and ` + "`ErrorCode`" + ` say whether the call was done; ` + "`x-error-codes`" + `
  at the top of this document explains every code.
- Unknown fields are ignored, and null is the same as an absent field. Where a field has ` + "`x-older-names`" + `, these are taken too.
- Where a call has ` + "`x-repeatable`" + `, the same call may be made again when its answer was lost: it does once what it does twice. With
  ` + "`x-repeatable-by`" + ` that holds for calls that have this field.
- Times are in Unix seconds and lengths in bytes of UTF-8, unless a field says otherwise. Integers may have 64 bits.`

// OpenAPI is the description of all commands as an OpenAPI document in JSON,
// made of what they declare. It is the same in every server of a version.
func OpenAPI() ([]byte, error) {
	registered, err := newRegistry(Commands())
	if err != nil {
		return nil, err
	}
	d := &document{registry: registered, schemas: newSchemas(), examples: map[*Command][]Exchange{}}
	for _, exchange := range Story() {
		c := registered.find(exchange.Service, exchange.Command)
		if c == nil {
			return nil, fmt.Errorf("example %q is of no command", exchange.Title)
		}
		d.examples[c] = append(d.examples[c], exchange)
	}
	var tags []object
	for _, chapter := range chapters() {
		tags = append(tags, object{{"name", chapter.name}, {"description", chapter.about}})
	}
	paths := object{}
	for _, c := range registered.all {
		paths = append(paths, jsonMember{"/v4/" + c.Service + "/" + c.Name, object{{"post", d.operation(c)}}})
	}
	return json.Marshal(object{
		{"openapi", openAPIVersion},
		{"info", object{
			{"title", "Recant"}, {"description", openAPIDescription}, {"version", "v4"},
			{"license", object{{"name", "Apache License 2.0"}, {"identifier", "Apache-2.0"}}},
		}},
		{"servers", []object{{{"url", "/"}}}},
		{"security", []object{{{"usersig", []string{}}}}},
		{"tags", tags},
		{"paths", paths},
		{"components", object{
			{"schemas", d.schemas.components},
			{"parameters", commonParameters()},
			{"securitySchemes", object{{"usersig", object{
				{"type", "apiKey"}, {"in", "query"}, {"name", "usersig"},
				{"description", "UserSig of the identifier, signed with the application's key"},
			}}}},
		}},
		{"x-error-codes", explained(CodeMeanings())},
	}, jsontext.WithIndent("  "))
}

// document is what is being written.
type document struct {
	registry *registry
	schemas  *schemas
	examples map[*Command][]Exchange
}

// commonParameters are those of every call, but for the usersig (spec 01
// section 1.2).
func commonParameters() object {
	parameter := func(name, description string, required bool, schema object) jsonMember {
		return jsonMember{name, object{{"name", name}, {"in", "query"}}.with("required", required).
			with("description", description).with("schema", schema)}
	}
	return object{
		parameter("sdkappid", "id of the application", true, object{{"type", "integer"}, {"minimum", 1}, {"maximum", 1<<32 - 1}}),
		parameter("identifier", "who calls: an admin of the application", true,
			object{{"type", "string"}, {"minLength", 1}, {"maxLength", 32}, {"default", "administrator"}}),
		parameter("random", "a number that finds the call in the server's log", false,
			object{{"type", "integer"}, {"minimum", 0}, {"maximum", 1<<32 - 1}}),
		parameter("contenttype", "format of the body", false, object{{"const", "json"}}),
	}
}

// operation describes a command.
func (d *document) operation(c *Command) object {
	var parameters []object
	for _, p := range commonParameters() {
		parameters = append(parameters, reference("parameters", p.name))
	}
	requests, responses := examplesOf(d.examples[c])
	request, success := d.schemas.of(c.Request, true), reference("schemas", "Success")
	if c.Response.NumField() > 0 {
		success = object{{"allOf", []object{success, d.schemas.of(c.Response, false)}}}
	}
	answer := object{{"oneOf", []object{success, reference("schemas", "Failure")}}}
	return object{
		{"tags", []string{c.Chapter}},
		{"summary", c.Summary},
		{"description", d.describe(c)},
		{"operationId", d.operationID(c)},
		{"parameters", parameters},
		{"requestBody", object{{"required", true}, {"content", jsonContent(request, requests)}}},
		{"responses", object{{"200", object{
			{"description", listCodes("The answer. Codes that this command refuses with, besides those of every call:", meaningsOf(c.Codes))},
			{"content", jsonContent(answer, responses)},
		}}}},
	}.with("x-doc", c.Doc).with("x-older-names", c.Older).with("x-any-case", c.AnyCase).
		with("x-repeatable", c.Repeatable).with("x-repeatable-by", c.RepeatableBy).
		with("x-calls-per-second", callsPerSecond(c)).with("x-error-codes", slices.Sorted(slices.Values(c.Codes)))
}

func jsonContent(schema, examples object) object {
	return object{{"application/json", object{{"schema", schema}}.with("examples", examples)}}
}

// notInNames is what the names of examples are written without.
var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// examplesOf are the requests and the answers of exchanges, by their titles.
func examplesOf(exchanges []Exchange) (requests, responses object) {
	for _, e := range exchanges {
		name := notInNames.ReplaceAllString(strings.ToLower(e.Title), "-")
		requests = append(requests, jsonMember{name, object{{"summary", e.Title}, {"value", e.Request}}})
		responses = append(responses, jsonMember{name, object{{"summary", e.Title}, {"value", e.Response}}})
	}
	return requests, responses
}

// operationID is the command's name, with its service where several have one of
// that name.
func (d *document) operationID(c *Command) string {
	if _, err := d.registry.named(c.Name); err != nil {
		return c.Service + "/" + c.Name
	}
	return c.Name
}

// callsPerSecond is the limit that a new server has.
func callsPerSecond(c *Command) int {
	if c.Frequency == FrequencyAccountBatch {
		return accountBatchPerSecond
	}
	return defaultCallsPerSecond
}

// describe says what the schemas do not.
func (d *document) describe(c *Command) string {
	var text []string
	if c.Doc != 0 {
		text = append(text, fmt.Sprintf("Page [%d](https://trtc.io/document/%[1]d) of the public documents.", c.Doc))
	} else {
		text = append(text, "On no page of the public documents.")
	}
	if len(c.Older) > 0 {
		text = append(text, "Served under the name `"+strings.Join(c.Older, "`, `")+"` too.")
	}
	if familyOf(c.Service).group {
		text = append(text, "Served under every service of groups.")
	}
	if c.AnyCase {
		text = append(text, "Names of fields are taken in any letter case.")
	}
	text = append(text, fmt.Sprintf("Up to %d calls per second, unless the server is configured otherwise.", callsPerSecond(c)))
	return strings.Join(text, " ")
}

// listCodes lists codes in words, after a sentence.
func listCodes(text string, meanings []chat.CodeMeaning) string {
	for i, m := range meanings {
		if i == 0 {
			text += "\n"
		}
		text += fmt.Sprintf("\n- `%d` %s", m.Code, m.Meaning)
	}
	return text
}

// meaningsOf are the meanings of codes, in the order of the codes.
func meaningsOf(codes []chat.Code) []chat.CodeMeaning {
	return slices.DeleteFunc(CodeMeanings(), func(m chat.CodeMeaning) bool { return !slices.Contains(codes, m.Code) })
}

// explained is the table of codes.
func explained(meanings []chat.CodeMeaning) []object {
	var table []object
	for _, m := range meanings {
		table = append(table, object{{"code", m.Code}, {"name", m.Name}, {"meaning", m.Meaning}, {"retry", m.Retry}})
	}
	return table
}
