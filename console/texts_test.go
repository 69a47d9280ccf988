package console

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

var (
	textLine = regexp.MustCompile(`(?m)^  "([^"]+)": "(.*)",$`)
	literal  = regexp.MustCompile("[\"`]([a-z]+\\.[A-Za-z0-9.]*)(\\$\\{)?")
	holes    = regexp.MustCompile(`\{\w+\}`)
)

// pages are those with texts of their own.
var pages = []string{"console", "debug"}

// textsOf reads the texts of a language from a page's sources.
func textsOf(t *testing.T, page, language string) map[string]string {
	t.Helper()
	source, err := embedded.ReadFile("assets/" + page + "/texts." + language + ".js")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, match := range textLine.FindAllStringSubmatch(string(source), -1) {
		name, text := match[1], match[2]
		if _, twice := texts[name]; twice {
			t.Errorf("%s: %s has %q twice", page, language, name)
		}
		texts[name] = text
	}
	if lines := strings.Count(string(source), `": "`); lines != len(texts) {
		t.Fatalf("%s: %s: %d lines of text, %d were read", page, language, lines, len(texts))
	}
	return texts
}

// Every text is there in both languages, with the same places for values.
func TestTheLanguagesHaveTheSameTexts(t *testing.T) {
	for _, page := range pages {
		t.Run(page, func(t *testing.T) { testSameTexts(t, textsOf(t, page, "en"), textsOf(t, page, "zh")) })
	}
}

func testSameTexts(t *testing.T, en, zh map[string]string) {
	places := func(text string) map[string]bool {
		set := map[string]bool{}
		for _, hole := range holes.FindAllString(text, -1) {
			set[hole] = true
		}
		return set
	}
	for name, text := range en {
		if plural, one := strings.CutSuffix(name, "#one"); one {
			name, text = plural, en[plural]
		}
		chinese, ok := zh[name]
		if !ok {
			t.Errorf("%q is missing in Chinese", name)
			continue
		}
		want, got := places(text), places(chinese)
		for hole := range want {
			if !got[hole] {
				t.Errorf("%q lacks %s in Chinese", name, hole)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%q has places %v, %v in Chinese", name, want, got)
		}
	}
	for name := range zh {
		if _, ok := en[name]; !ok {
			t.Errorf("%q is missing in English", name)
		}
	}
}

// Every text that the page names exists, and none is left over.
func TestEveryTextIsUsedAndEveryUsedTextExists(t *testing.T) {
	for _, page := range pages {
		t.Run(page, func(t *testing.T) { testUsedTexts(t, page, textsOf(t, page, "en")) })
	}
}

func testUsedTexts(t *testing.T, page string, en map[string]string) {
	families := map[string]bool{}
	for name := range en {
		family, _, _ := strings.Cut(name, ".")
		families[family] = true
	}
	used := map[string]bool{}
	err := fs.WalkDir(embedded, "assets/"+page, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".js") || strings.Contains(path, "texts.") {
			return err
		}
		source, err := embedded.ReadFile(path)
		if err != nil {
			return err
		}
		for name := range en {
			if !strings.Contains(name, ".") && strings.Contains(string(source), `"`+name+`"`) {
				used[name] = true
			}
		}
		for _, match := range literal.FindAllStringSubmatch(string(source), -1) {
			name, prefix := match[1], match[2] != ""
			if family, _, _ := strings.Cut(name, "."); !families[family] || strings.HasSuffix(name, ".js") {
				continue
			}
			found := false
			for text := range en {
				if text == name || prefix && strings.HasPrefix(text, name) {
					used[text], found = true, true
				}
			}
			if !found {
				t.Errorf("%s names the text %q, which does not exist", path, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range en {
		if name, _, _ = strings.Cut(name, "#"); !used[name] {
			t.Errorf("the text %q is not used", name)
		}
	}
}
