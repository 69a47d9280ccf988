package evidence

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// verifyForged verifies an archive of messages of which the manifest was changed
// with everything that hashes it.
func verifyForged(t *testing.T, messages []said, change func(*Manifest)) *Report {
	t.Helper()
	path := filepath.Join(t.TempDir(), "e.zip")
	writeArchive(t, path, messages)
	files := unpack(t, path)
	m, err := ParseManifest(files[ManifestFile])
	if err != nil {
		t.Fatal(err)
	}
	change(m)
	if files[ManifestFile], err = m.encode(); err != nil {
		t.Fatal(err)
	}
	files[SumsFile] = sums([]File{
		measure(MessagesFile, files[MessagesFile]), measure(ReadmeFile, files[ReadmeFile]), measure(ManifestFile, files[ManifestFile]),
	})
	pack(t, path, files)
	return verify(t, path)
}

func TestTheManifestSaysWhatIsInTheArchive(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Manifest)
		want   string
	}{
		{"another hash", func(m *Manifest) { m.Files[0].SHA256 = strings.Repeat("0", 64) }, "messages.jsonl: has the SHA-256 "},
		{"another size", func(m *Manifest) { m.Files[1].Size++ }, "README.txt: has "},
		{"a file less", func(m *Manifest) { m.Files = m.Files[:1] }, `manifest.json: Files does not have "README.txt"`},
		{"a file more", func(m *Manifest) { m.Files = append(m.Files, File{Name: "more"}) }, `manifest.json: Files has "more", which is not in the archive`},
		{"a file twice", func(m *Manifest) { m.Files = append(m.Files, m.Files[0]) }, `manifest.json: Files has "messages.jsonl" twice`},
		{"another number", func(m *Manifest) { m.MessageNum++ }, "manifest.json: MessageNum is 4"},
		{"another last hash", func(m *Manifest) { m.ChainHash = strings.Repeat("0", 64) }, "manifest.json: ChainHash is"},
		{"no operation", func(m *Manifest) { m.Operation = jsontext.Value("[]") }, "manifest.json: Operation: "},
		{"no log", func(m *Manifest) { m.Log = jsontext.Value("{}") }, "manifest.json: Log: "},
		{"an export of another number", func(m *Manifest) {
			m.Log = jsontext.Value(strings.Replace(string(m.Log), `"TotalNum": 3`, `"TotalNum": 2`, 1))
		}, "manifest.json: Log has no export of 3 messages"},
	} {
		report := verifyForged(t, threeMessages(), c.change)
		if len(report.Problems) == 0 || !slices.ContainsFunc(report.Problems, func(p Problem) bool { return strings.HasPrefix(p.String(), c.want) }) {
			t.Errorf("%s: got %v, want %s", c.name, report.Problems, c.want)
		}
	}
}

// Messages belong to a target's range, its fence, or its list of numbers.
func TestMessagesAreThoseOfTheOperation(t *testing.T) {
	for _, c := range []struct {
		target string
		found  bool
	}{
		{`"Sender_Account":"mallory","FromSeq":3,"ToSeq":1008`, true},
		{`"Sender_Account":"mallory","FromSeq":4,"ToSeq":1008`, false},
		{`"Sender_Account":"mallory","FromSeq":3,"ToSeq":1007`, false},
		{`"Sender_Account":"mallory","FromSeq":3,"ToSeq":5,"Fence":{"FromSeq":1008}`, true},
		{`"Sender_Account":"mallory","FromSeq":3,"ToSeq":5,"Fence":{"FromSeq":1009}`, false},
		{`"Sender_Account":"alice","FromSeq":3,"ToSeq":1008`, false},
		{`"MsgSeqList":[{"MsgSeq":3},{"MsgSeq":5},{"MsgSeq":1008}]`, true},
		{`"MsgSeqList":[{"MsgSeq":3},{"MsgSeq":1008}]`, false},
	} {
		report := verifyForged(t, threeMessages(), func(m *Manifest) {
			m.Operation = jsontext.Value(fmt.Sprintf(`{"OperationId":%q,"Targets":[{"GroupId":"demo",%s}]}`, testOperation, c.target))
		})
		if found := len(report.Problems) == 0; found != c.found {
			t.Errorf("%s: %v", c.target, report.Problems)
		}
	}
}

func TestAReportCountsAndIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e.zip")
	var messages []said
	for i := range uint32(2 * maxProblems) {
		messages = append(messages, said{seq: i + 1, body: `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"a"}}]`})
	}
	messages[7].body = ""
	writeArchive(t, path, messages)
	if report := verify(t, path); report.Erased != 1 || report.Messages != uint32(len(messages)) || report.Omitted != 0 {
		t.Errorf("%+v", report)
	}
	files := unpack(t, path)
	files[MessagesFile] = bytes.ReplaceAll(files[MessagesFile], []byte(`"Text":"a"`), []byte(`"Text":"b"`))
	rehash(t, files)
	pack(t, path, files)
	if report := verify(t, path); len(report.Problems) != maxProblems || report.Omitted != len(messages)-1-maxProblems {
		t.Errorf("%d problems and %d omitted", len(report.Problems), report.Omitted)
	}
}

// One and the same message has one spelling.
func TestAHashIsInLowerCase(t *testing.T) {
	lines, _ := linesOf(t, threeMessages())
	i := bytes.LastIndex(lines[0], []byte(`"Hash":"`)) + len(`"Hash":"`)
	upper := append(bytes.Clone(lines[0][:i]), bytes.ToUpper(lines[0][i:])...)
	if bytes.Equal(upper, lines[0]) {
		t.Fatal("this hash has no letters, choose other messages")
	}
	if _, err := ParseMessage(upper); err == nil {
		t.Error("it was read")
	}
}

func TestAnErasedMessageHasNoContent(t *testing.T) {
	lines, _ := linesOf(t, []said{{seq: 1}})
	m, err := ParseMessage(bytes.Replace(lines[0], []byte(`"Erased":1`), []byte(`"Erased":1,"CloudCustomData":"x"`), 1))
	if err != nil {
		t.Fatal(err)
	}
	if found := m.differences(); len(found) != 1 || !strings.HasPrefix(found[0], "CloudCustomData is") {
		t.Errorf("got %v", found)
	}
}
