package api_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pb33f/jsonschema/v6"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/recant-chat/recant/api"
)

var update = flag.Bool("update", false, "write docs/openapi.json and api/story.json anew")

// openAPIFile is the document as it stands beside the others, for those who have
// no server yet.
const openAPIFile = "../docs/openapi.json"

func openAPI(t testing.TB) []byte {
	t.Helper()
	document, err := api.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func TestTheDocumentInDocsIsWhatTheServerSays(t *testing.T) {
	document := append(openAPI(t), '\n')
	if *update {
		if err := os.WriteFile(openAPIFile, document, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	written, err := os.ReadFile(openAPIFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written, document) {
		t.Errorf("%s is out of date: go test ./api -run TheDocument -update", openAPIFile)
	}
}

// checkOpenAPI says what is wrong with a document by the specification's own
// schema; schemas in it by theirs.
func checkOpenAPI(document []byte) (faults []string) {
	parsed, err := libopenapi.NewDocument(document)
	if err != nil {
		return []string{err.Error()}
	}
	v, errs := validator.NewValidator(parsed)
	for _, err := range errs {
		faults = append(faults, err.Error())
	}
	if len(errs) > 0 {
		return faults
	}
	_, wrong := v.ValidateDocument()
	for _, w := range wrong {
		faults = append(faults, w.Error())
	}
	compile, root, err := schemaCompiler(document)
	if err != nil {
		return append(faults, err.Error())
	}
	for at := range schemasIn(root, "") {
		if _, err := compile(at); err != nil {
			faults = append(faults, err.Error())
		}
	}
	return faults
}

// schemaCompiler compiles the schema at a JSON pointer of a document.
func schemaCompiler(document []byte) (compile func(pointer string) (*jsonschema.Schema, error), root any, err error) {
	const name = "openapi.json"
	root, err = jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return nil, nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(name, root); err != nil {
		return nil, nil, err
	}
	return func(pointer string) (*jsonschema.Schema, error) { return c.Compile(name + "#" + pointer) }, root, nil
}

// schemasIn yields the pointers of the schemas in a document: what is called
// schema, and what stands in schemas.
func schemasIn(value any, at string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		object, _ := value.(map[string]any)
		for name, inner := range object {
			here := at + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
			if name == "schema" || strings.HasSuffix(at, "/components/schemas") {
				if !yield(here) {
					return
				}
				continue
			}
			for deeper := range schemasIn(inner, here) {
				if !yield(deeper) {
					return
				}
			}
		}
	}
}

func TestTheDocumentIsValidOpenAPI(t *testing.T) {
	for _, fault := range checkOpenAPI(openAPI(t)) {
		t.Error(fault)
	}
}

// The check sees what is wrong: else it would say nothing of value.
func TestTheCheckOfTheDocumentFindsFaults(t *testing.T) {
	for _, change := range [][2]string{
		{`"in": "query"`, `"in": "nowhere"`},
		{`"operationId"`, `"operationID"`},
		{`"responses"`, `"response"`},
		{`"type": "integer"`, `"type": "whole"`},
		{`"minimum": 0`, `"minimum": "0"`},
		{`"required": [`, `"required": 5, "x-was": [`},
		{`"enum": [`, `"enum": 3, "x-was": [`},
		{`#/components/schemas/Success"`, `#/components/schemas/Nothing"`},
	} {
		broken := bytes.ReplaceAll(openAPI(t), []byte(change[0]), []byte(change[1]))
		if len(checkOpenAPI(broken)) == 0 {
			t.Errorf("%s instead of %s is taken", change[1], change[0])
		}
	}
}

// Every example is what its schema says.
func TestTheDocumentsExamplesKeepToTheirSchemas(t *testing.T) {
	compile, root, err := schemaCompiler(openAPI(t))
	if err != nil {
		t.Fatal(err)
	}
	paths := root.(map[string]any)["paths"].(map[string]any)
	examples := 0
	for path := range paths {
		post := "/paths/" + strings.ReplaceAll(path, "/", "~1") + "/post"
		for _, side := range []string{"/requestBody", "/responses/200"} {
			content := post + side + "/content/application~1json"
			schema, err := compile(content + "/schema")
			if err != nil {
				t.Fatal(err)
			}
			for name, example := range at(root, content+"/examples").(map[string]any) {
				examples++
				if err := schema.Validate(example.(map[string]any)["value"]); err != nil {
					t.Errorf("%s%s, example %s: %v", path, side, name, err)
				}
			}
		}
	}
	if want := 2 * len(api.Story()); examples != want {
		t.Errorf("the document has %d examples, the story has %d", examples, want)
	}
}

// at is what stands at a JSON pointer.
func at(value any, pointer string) any {
	for name := range strings.SplitSeq(pointer[1:], "/") {
		value = value.(map[string]any)[strings.ReplaceAll(name, "~1", "/")]
	}
	return value
}

// What checks the document is no part of the server.
func TestTheServerIsBuiltWithoutTheValidator(t *testing.T) {
	list, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "../cmd/recant").Output()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(list, []byte("pb33f")) {
		t.Errorf("the server imports %s", list)
	}
}
