package evidence

import (
	"bytes"
	"testing"
)

func FuzzParseMessage(f *testing.F) {
	lines, _ := linesOf(f, threeMessages())
	for _, line := range lines {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		m, err := ParseMessage(line)
		if err != nil {
			return
		}
		m.differences()
		if bytes.ContainsAny(oneLine(line), "\r\n") {
			t.Error("a line break was left")
		}
		if again, err := ParseMessage(oneLine(line)); err != nil || again.Hash != m.Hash || again.Seq != m.Seq || again.CustomData != m.CustomData {
			t.Errorf("as one line: %+v %v, want %+v", again, err, m)
		}
	})
}

func FuzzParseManifest(f *testing.F) {
	lines, chain := linesOf(f, threeMessages())
	m := manifestOf(lines, chain)
	m.Format, m.Version = format, version
	text, err := m.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ParseManifest(text)
		if err != nil {
			return
		}
		if m.Operation == nil || m.Log == nil {
			return // cannot be written again
		}
		again, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseManifest(again); err != nil {
			t.Errorf("%v in %s", err, again)
		}
	})
}
