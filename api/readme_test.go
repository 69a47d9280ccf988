package api

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The documents for people stand beside this package's directory.
const documents = ".."

func readDocument(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(documents, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// tableRows returns the cells of the table rows with the given number of cells,
// without the rows that separate a table's head.
func tableRows(document string, cells int) [][]string {
	var rows [][]string
	for line := range strings.Lines(document) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "| ---") {
			continue
		}
		row := strings.Split(strings.Trim(line, "|"), "|")
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
		if len(row) == cells {
			rows = append(rows, row)
		}
	}
	return rows
}

// codeSpans returns what stands between backticks.
func codeSpans(text string) []string {
	var spans []string
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(text, -1) {
		spans = append(spans, m[1])
	}
	return spans
}

// README's first table has a row of service, command, page and state for every
// command that is served, under all of its names; the second names what is not.
func TestReadmeListsExactlyTheCommandsThatAreServed(t *testing.T) {
	readme := readDocument(t, "README.md")
	commands, err := newRegistry(Commands())
	if err != nil {
		t.Fatal(err)
	}
	listed := map[*Command]bool{}
	for _, row := range tableRows(readme, 4) {
		services, names := codeSpans(row[0]), codeSpans(row[1])
		if len(services) != 1 || len(names) == 0 || row[3] != "served" {
			continue
		}
		c := commands.find(services[0], names[0])
		if c == nil {
			t.Errorf("README says that %s/%s is served, but it is not", services[0], names[0])
			continue
		}
		listed[c] = true
		if c.Service != services[0] || c.Name != names[0] || !slices.Equal(c.Older, names[1:]) {
			t.Errorf("README names %s/%s %v, it is declared as %s/%s %v", services[0], names[0], names[1:], c.Service, c.Name, c.Older)
		}
		if page := fmt.Sprintf("[%d](https://trtc.io/document/%[1]d)", c.Doc); c.Doc > 0 && row[2] != page {
			t.Errorf("README gives the page of %s as %s, want %s", c.Name, row[2], page)
		}
	}
	for _, c := range commands.all {
		if !listed[c] {
			t.Errorf("%s/%s is served but README does not list it", c.Service, c.Name)
		}
	}
}

func TestReadmeListsNothingServedAsMissing(t *testing.T) {
	commands, err := newRegistry(Commands())
	if err != nil {
		t.Fatal(err)
	}
	_, missing, found := strings.Cut(readDocument(t, "README.md"), "## What is not done yet")
	if !found {
		t.Fatal("README has no section on what is not done yet")
	}
	rows := 0
	for _, row := range tableRows(missing, 2) {
		services := codeSpans(row[0])
		if len(services) != 1 {
			continue
		}
		rows++
		for _, name := range codeSpans(row[1]) {
			if commands.find(services[0], name) != nil {
				t.Errorf("README says that %s/%s is missing, but it is served", services[0], name)
			}
		}
	}
	if rows == 0 {
		t.Error("README's table of missing commands was not found")
	}
}

// documentFiles are the files that people read, by their paths from the root.
func documentFiles(t *testing.T) []string {
	t.Helper()
	files := []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md"}
	err := fs.WalkDir(os.DirFS(documents), "docs", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && path.Ext(name) == ".md" {
			files = append(files, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// anchors are the places of a document that a link can lead to, as the usual
// renderers name its headings.
func anchors(document string) []string {
	var found []string
	for line := range strings.Lines(document) {
		level, heading, _ := strings.Cut(strings.TrimSpace(line), " ")
		if level == "" || strings.Trim(level, "#") != "" {
			continue
		}
		name := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(heading), "")
		found = append(found, strings.ReplaceAll(name, " ", "-"))
	}
	return found
}

func TestLinksBetweenDocumentsLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, name := range documentFiles(t) {
		for _, m := range link.FindAllStringSubmatch(readDocument(t, name), -1) {
			target, anchor, anchored := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			file := name
			if target != "" {
				file = path.Join(path.Dir(name), target)
			}
			if _, err := os.Stat(filepath.Join(documents, filepath.FromSlash(file))); err != nil {
				t.Errorf("%s links to %s: %v", name, m[1], err)
			} else if anchored && !slices.Contains(anchors(readDocument(t, file)), anchor) {
				t.Errorf("%s links to %s, which has no such heading", name, m[1])
			}
		}
	}
}

func TestEveryDecisionIsListed(t *testing.T) {
	const index = "docs/decisions/README.md"
	list := readDocument(t, index)
	for _, name := range documentFiles(t) {
		if path.Dir(name) != path.Dir(index) || name == index {
			continue
		}
		page := path.Base(name)
		if !strings.Contains(list, "["+page[:4]+"]("+page+")") {
			t.Errorf("%s does not list %s", index, page)
		}
	}
}
