package api_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/api"
	"github.com/recant-chat/recant/api/apitest"
)

// loose are the commands whose answers depend on what the delivery of webhooks
// happens to have done.
var loose = []string{"watch_webhook", "get_webhook_status"}

// newStoryApp starts a server that the story can be told to.
func newStoryApp(t *testing.T, set ...func(*apitest.Options)) *app {
	t.Helper()
	return newApp(t, append(set, newBackend(t).hooked(allGroupCommands...))...)
}

// Every example of the document is what a server does.
func TestTheStoryIsWhatTheServerAnswers(t *testing.T) {
	a := newStoryApp(t)
	teller := apitest.NewTeller(a.Server)
	story := api.Story()
	for i, e := range story {
		body := teller.Here(e.Request)
		answer := teller.Tell(t, e, body)
		got, want := jsontext.Value(answer.Raw), jsontext.Value(teller.Here(e.Response))
		if slices.Contains(loose, e.Command) {
			got, want = outline(t, got), outline(t, want)
		}
		switch {
		case bytes.Equal(canonical(t, got), canonical(t, want)):
		case *update:
			story[i].Response = teller.There(answer.Raw)
		default:
			t.Errorf("%s (%s) %s\nanswers  %s\nrecorded %s", e.Title, e.Command, body, got, want)
		}
	}
	if *update {
		writeStory(t, story)
	}
}

func canonical(t testing.TB, value jsontext.Value) jsontext.Value {
	t.Helper()
	value = value.Clone()
	if err := value.Canonicalize(); err != nil {
		t.Fatalf("%s: %v", value, err)
	}
	return value
}

// outline is JSON with each value's kind in its place, and of a list the first
// element alone. The bodies of webhooks are the events'.
func outline(t testing.TB, value jsontext.Value) jsontext.Value {
	t.Helper()
	var v any
	if err := json.Unmarshal(value, &v); err != nil {
		t.Fatal(err)
	}
	var kinds func(v any) any
	kinds = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for name, field := range v {
				if v[name] = kinds(field); name == "Body" {
					v[name] = "object"
				}
			}
			return v
		case []any:
			if len(v) > 0 {
				return []any{kinds(v[0])}
			}
			return v
		}
		return fmt.Sprintf("%T", v)
	}
	text, err := json.Marshal(kinds(v))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// writeStory writes the story with a line for the request and one for the
// answer of each exchange.
func writeStory(t *testing.T, story []api.Exchange) {
	t.Helper()
	text := &strings.Builder{}
	for i, e := range story {
		fmt.Fprintf(text, "%c\n{\"title\": %q, \"service\": %q, \"command\": %q,\n \"request\": %s,\n \"response\": %s}",
			"[,"[min(i, 1)], e.Title, e.Service, e.Command, e.Request, e.Response)
	}
	text.WriteString("\n]\n")
	if err := os.WriteFile("story.json", []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestTheStoryHasEveryCommandAndTitlesThatDiffer(t *testing.T) {
	commands, titles := byName(), map[string]bool{}
	for _, e := range api.Story() {
		if titles[e.Command+e.Title] {
			t.Errorf("%s has two examples %q", e.Command, e.Title)
		}
		titles[e.Command+e.Title] = true
		delete(commands, e.Command)
	}
	for name := range commands {
		t.Errorf("the story has no example of %s: add one to api/story.json, then go test ./api -run TheStory -update", name)
	}
}
