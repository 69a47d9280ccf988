package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var testSource = Source{SDKAppID: 1400000001, OperationID: testOperation}

func pageOf(lines [][]byte, total int, next, chain string) []byte {
	return fmt.Appendf(nil, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Messages":[%s],"Next":%q,"TotalNum":%d,"ChainHash":%q}`,
		bytes.Join(lines, []byte(",\n")), next, total, chain)
}

func openPartial(t *testing.T, path string) *Partial {
	t.Helper()
	p, err := OpenPartial(path, testSource)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func collected(t *testing.T, p *Partial) []string {
	t.Helper()
	var all []string
	for line, err := range p.Lines() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(line))
	}
	return all
}

func TestAPartialExportGoesOnWhereItStopped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e.zip.partial")
	lines, chain := linesOf(t, threeMessages())
	p := openPartial(t, path)
	if p.Next != "" || p.Complete || p.Messages != 0 {
		t.Errorf("it begins with %+v", p)
	}
	if err := p.Append(pageOf(lines[:2], 2, "on", "")); err != nil {
		t.Fatal(err)
	}
	p.Close()

	p = openPartial(t, path)
	if p.Next != "on" || p.Complete || p.Messages != 2 {
		t.Errorf("it goes on with %+v", p)
	}
	if err := p.Append(pageOf(lines[2:], 3, "", chain.String())); err != nil {
		t.Fatal(err)
	}
	p.Close()

	p = openPartial(t, path)
	if !p.Complete || p.Messages != 3 || p.ChainHash != chain.String() {
		t.Errorf("it ends with %+v", p)
	}
	var want []string
	for _, line := range lines {
		want = append(want, string(line))
	}
	if got := collected(t, p); !slices.Equal(got, want) {
		t.Errorf("the lines are %q, want %q", got, want)
	}
	if err := p.Append(pageOf(nil, 3, "", "")); err == nil {
		t.Error("a page after the last was taken")
	}
	if err := p.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Error("it is still there")
	}
}

// Wherever the writer is killed, what is whole stays and the rest is fetched
// again.
func TestAPartialExportThatWasCutAnywhereGoesOn(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "whole")
	lines, chain := linesOf(t, threeMessages())
	p := openPartial(t, path)
	ends := []int64{size(t, path)}
	for i := range lines {
		next, hash := fmt.Sprint("after ", i+1), ""
		if i == len(lines)-1 {
			next, hash = "", chain.String()
		}
		if err := p.Append(pageOf(lines[i:i+1], i+1, next, hash)); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, size(t, path))
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) + 1 {
		path := filepath.Join(dir, "cut")
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		pages := max(0, len(slices.DeleteFunc(slices.Clone(ends), func(end int64) bool { return end > int64(cut) }))-1)
		p := openPartial(t, path)
		if int(p.Messages) != pages || p.Complete != (pages == len(lines)) || len(collected(t, p)) != pages {
			t.Fatalf("cut at %d: %+v, want %d pages", cut, p, pages)
		}
		if got := size(t, path); got != ends[pages] {
			t.Fatalf("cut at %d: %d bytes are left, want %d", cut, got, ends[pages])
		}
		p.Close()
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestAPartialExportIsOfOneOperation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p")
	openPartial(t, path)
	for _, other := range []Source{
		{SDKAppID: 2, OperationID: testOperation}, {SDKAppID: testSource.SDKAppID, OperationID: "another"},
	} {
		if _, err := OpenPartial(path, other); !errors.Is(err, ErrOtherExport) {
			t.Errorf("%+v: got %v", other, err)
		}
	}
}

// Two programs that write one export, or a file that is none, are found before
// anything is made of it.
func TestAPartialExportThatIsDamagedIsRefused(t *testing.T) {
	lines, _ := linesOf(t, threeMessages())
	first := string(pageOf(lines[:1], 1, "on", ""))
	head := fmt.Sprintf(`{"Format":%q,"SDKAppID":%d,"OperationId":%q}`, partialFormat, testSource.SDKAppID, testOperation)
	for _, c := range []struct{ name, content, want string }{
		{"a page twice", head + "\n" + strings.ReplaceAll(first+"\n"+first, ",\n", ", ") + "\n", "line 3: page ends with message 1"},
		{"no JSON", head + "\nhello\n", "line 2"},
		{"no page", head + "\n{}\n", "line 2: page has no Next"},
		{"another file", "hello\n", "line 1"},
	} {
		path := filepath.Join(t.TempDir(), "p")
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenPartial(path, testSource); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
		if after, _ := os.ReadFile(path); string(after) != c.content {
			t.Errorf("%s: the file was changed", c.name)
		}
	}
}

func TestALineIsBounded(t *testing.T) {
	long := bytes.Repeat([]byte("x"), maxLine+1<<20)
	for _, err := range lines(bytes.NewReader(long)) {
		if !errors.Is(err, errTooLong) {
			t.Errorf("got %v", err)
		}
	}
}
