package browser

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// What `make screenshots` takes, what is committed and what the documents show
// are the same.
func TestEveryPictureIsRemadeAndShown(t *testing.T) {
	if screenshots != "" {
		t.Skip("they are being made")
	}
	const docs = "../../docs"
	taken := found(t, "*_test.go", `\.picture\("(.+)"\)`)
	shown := found(t, docs+"/*.md", `\]\(pictures/(.+)\.png\)`)
	var kept []string
	for _, name := range glob(t, docs+"/pictures/*") {
		kept = append(kept, name[len(docs+"/pictures/"):len(name)-len(".png")])
	}
	slices.Sort(kept)
	if !slices.Equal(taken, kept) || !slices.Equal(shown, kept) {
		t.Errorf("taken: %q\nkept:  %q\nshown: %q", taken, kept, shown)
	}
	if makefile := found(t, "../../Makefile", `RECANT_SCREENSHOTS="\$\(CURDIR\)/(.+?)"`); !slices.Equal(makefile, []string{"docs/pictures"}) {
		t.Errorf("make screenshots keeps them in %q", makefile)
	}
}

// found lists what an expression's group matches in files, each once.
func found(t *testing.T, pattern, expression string) []string {
	t.Helper()
	matches := map[string]bool{}
	for _, name := range glob(t, pattern) {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(expression).FindAllSubmatch(content, -1) {
			matches[string(m[1])] = true
		}
	}
	return slices.Sorted(maps.Keys(matches))
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return names
}
