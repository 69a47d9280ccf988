package api

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/recant-chat/recant/chat"
)

// sourceOf is the source of a directory's package, without its tests.
func sourceOf(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	return source.String()
}

// A code that is declared is explained under its constant's name, and it is in
// use: whoever reads the table learns nothing about codes that never come.
func TestEveryCodeIsExplainedAndInUse(t *testing.T) {
	domain, gateway := sourceOf(t, "../chat"), sourceOf(t, ".")
	explained := map[string]chat.CodeMeaning{}
	for _, m := range CodeMeanings() {
		if _, twice := explained[m.Name]; twice {
			t.Errorf("%s is explained twice", m.Name)
		}
		explained[m.Name] = m
		if !strings.HasSuffix(m.Meaning, ".") {
			t.Errorf("%s: %q is no sentence", m.Name, m.Meaning)
		}
	}
	constant := regexp.MustCompile(`\b[cC]ode\w+`)
	uses := map[string]int{} // comments left out
	for line := range strings.Lines(domain + gateway) {
		code, _, _ := strings.Cut(line, "/")
		for _, name := range constant.FindAllString(code, -1) {
			uses[name[len("code"):]]++
		}
	}
	for _, declared := range regexp.MustCompile(`(?m)^\t[cC]ode(\w+) +(?:chat\.)?Code = \d`).FindAllStringSubmatch(domain+gateway, -1) {
		name := declared[1]
		if _, ok := explained[name]; !ok {
			t.Errorf("%s is not explained", name)
		}
		delete(explained, name)
		// The constant stands where it is declared and where it is explained.
		if uses[name] < 3 {
			t.Errorf("%s is explained and never raised", name)
		}
	}
	for name := range explained {
		t.Errorf("%s is explained but is no constant", name)
	}
}

func TestCodeMeaningsHaveEachCodeOnceInOrder(t *testing.T) {
	meanings := CodeMeanings()
	codes := make([]chat.Code, len(meanings))
	for i, m := range meanings {
		codes[i] = m.Code
	}
	if !slices.IsSorted(codes) || len(slices.Compact(slices.Clone(codes))) != len(codes) {
		t.Errorf("codes are %v", codes)
	}
	for _, c := range Commands() {
		for _, code := range c.Codes {
			if !slices.Contains(codes, code) {
				t.Errorf("%s declares %d, which is not explained", c.Name, code)
			}
		}
	}
	for service, f := range families {
		if service == "sns" || service == "follow" { // none of their commands is served
			continue
		}
		for _, code := range []chat.Code{f.badParameter, f.internal, f.badJSON, f.unknown, f.disabled} {
			if !slices.Contains(codes, code) {
				t.Errorf("%s raises %d, which is not explained", service, code)
			}
		}
	}
}
