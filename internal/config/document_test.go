package config

import (
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/recant-chat/recant/internal/secret"
)

var update = flag.Bool("update", false, "write the generated documents")

// The example file and the reference page are what the schema generates.
func TestDocumentsAreCurrent(t *testing.T) {
	for file, want := range map[string]string{
		"../../recant.example.yaml":   Example(),
		"../../docs/configuration.md": Reference(),
	} {
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s is not what the schema generates; run go generate ./internal/config", file)
		}
	}
}

func TestEveryKeyIsDocumented(t *testing.T) {
	for _, k := range append(leavesOf(reflect.TypeFor[Server]()), leavesOf(reflect.TypeFor[Application]())...) {
		if k.desc == "" {
			t.Errorf("%s has no documentation", k.path)
		}
	}
}

// Help says of every key its flag, its variable, what it means and its default.
func TestHelpHasEveryKey(t *testing.T) {
	var cli struct{ kong.Plugins }
	cli.Plugins = NewFlags().Plugins()
	var help strings.Builder
	parser, err := kong.New(&cli, kong.Writers(&help, &help), kong.Exit(func(int) {}))
	if err != nil {
		t.Fatal(err)
	}
	parser.Parse([]string{"--help"})
	words := strings.Join(strings.Fields(help.String()), " ")
	for _, k := range leavesOf(reflect.TypeFor[Server]()) {
		want := k.desc
		if byDefault := flagText(reflect.ValueOf(Default(ProfileOwn)).FieldByIndex(k.at)); byDefault != "" {
			want += " (default " + byDefault + ")"
		}
		want += " ($" + k.env() + ")"
		_, after, found := strings.Cut(words, " --"+k.flag())
		if text, _, _ := strings.Cut(after, " --"); !found || !strings.Contains(text, want) {
			t.Errorf("--%s says %.300q, want %q", k.flag(), text, want)
		}
	}
}

// The example, as it stands, is the defaults and nothing else.
func TestExampleHasEveryKeyAtItsDefault(t *testing.T) {
	server := mustLoad(t, readExample(t))
	if want := Default(ProfileOwn); !equalConfigs(server, want) {
		t.Errorf("got %+v\nwant %+v", server, want)
	}
	assertComplete(t, readExample(t), reflect.TypeFor[Server](), reflect.ValueOf(Default(ProfileOwn)))
}

// The commented application of the example, uncommented, has every key of an
// application at its default and loads.
func TestExampleApplicationHasEveryKeyAtItsDefault(t *testing.T) {
	_, commented, ok := strings.Cut(readExample(t), "\n#applications:")
	if !ok {
		t.Fatal("the example has no #applications:")
	}
	var block strings.Builder
	for line := range strings.Lines("#applications:" + commented) {
		block.WriteString(strings.TrimPrefix(line, "#"))
	}
	base := Default(ProfileOwn)
	want := base.NewApplication()
	want.SDKAppID, want.Keys = 1400000001, []secret.Text{"the-application-s-secret-key"}

	server := mustLoad(t, readExample(t)+"\n"+block.String())
	if len(server.Applications) != 1 || !equalConfigs(server.Applications[0], want) {
		t.Errorf("got %+v\nwant %+v", server.Applications, want)
	}
	_, item, _ := strings.Cut(block.String(), "-\n")
	assertComplete(t, dedent(item), reflect.TypeFor[Application](), reflect.ValueOf(want))
}

// assertComplete checks that a YAML text has a line for every key of a struct
// of the schema, with the documentation in the comment above it, and that the
// line says the value. It reads the text by itself and not through the schema.
func assertComplete(t *testing.T, text string, schema reflect.Type, values reflect.Value) {
	t.Helper()
	lines := strings.Split(text, "\n")
	for _, k := range leavesOf(schema) {
		indent := strings.Repeat("  ", strings.Count(k.path, "."))
		at := -1
		for i, line := range lines {
			if strings.HasPrefix(line, indent+k.name+":") {
				at = i
				break
			}
		}
		if at < 0 {
			t.Errorf("no line for %s", k.path)
			continue
		}
		value := strings.TrimPrefix(lines[at], indent+k.name+": ")
		value, _, _ = strings.Cut(value, " # required")
		want := formatValue(values.FieldByIndex(k.at))
		if k.name == "keys" {
			want = "[the-application-s-secret-key]" // a key is never formatted
		}
		if value != want {
			t.Errorf("%s is %q, want %q", k.path, value, want)
		}
		var comment []string
		for i := at - 1; i >= 0 && strings.HasPrefix(strings.TrimSpace(lines[i]), "# "); i-- {
			comment = append([]string{strings.TrimPrefix(strings.TrimSpace(lines[i]), "# ")}, comment...)
		}
		if got := strings.Join(comment, " "); !strings.HasSuffix(got, k.desc) {
			t.Errorf("%s is documented as %q, want %q", k.path, got, k.desc)
		}
	}
}

// equalConfigs compares, with an empty list equal to none.
func equalConfigs[T any](a, b T) bool {
	for _, k := range leavesOf(reflect.TypeFor[T]()) {
		x, y := reflect.ValueOf(a).FieldByIndex(k.at), reflect.ValueOf(b).FieldByIndex(k.at)
		if (k.typ.Kind() == reflect.Slice || k.typ.Kind() == reflect.Map) && x.Len() == 0 && y.Len() == 0 {
			continue
		}
		if !reflect.DeepEqual(x.Interface(), y.Interface()) {
			return false
		}
	}
	return true
}

func readExample(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile("../../recant.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// dedent takes the indentation of the first line away from all lines.
func dedent(text string) string {
	indent := len(text) - len(strings.TrimLeft(text, " "))
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(line[min(indent, len(line)):])
	}
	return b.String()
}
