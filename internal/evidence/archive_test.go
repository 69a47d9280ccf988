package evidence

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/store/record"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

// said is a message of the tests.
type said struct {
	seq    uint32
	body   string // "" is erased
	custom string
}

const (
	testOperation = "01a21398-6542-7898-bfac-83e74a3e215c"
	testSender    = "mallory"
	testGroup     = "demo"
)

// linesOf are the lines that a server gives for messages, and the last hash.
func linesOf(t testing.TB, messages []said) (lines [][]byte, chain Hash) {
	for _, m := range messages {
		header := &record.Header{Sender: testSender, Time: 1795625082, Random: m.seq * 3, Priority: 2}
		if m.seq%2 == 0 {
			header.Received = 1795625090
		}
		var stored []byte
		shownBody, erased := m.body, ""
		if m.body == "" {
			header.Erased, shownBody, erased = true, "[]", `"Erased":1,`
		} else {
			stored = marshal(t, &record.Body{MsgBody: []byte(m.body), CloudCustomData: m.custom, Operator: "administrator"})
		}
		storedHeader := marshal(t, header)
		chain = Chain(chain, storedHeader, stored)
		arrival := header.Received
		if arrival == 0 {
			arrival = header.Time
		}
		custom := ""
		if m.custom != "" {
			custom = fmt.Sprintf(`"CloudCustomData":%s,`, quote(t, m.custom))
		}
		lines = append(lines, fmt.Appendf(nil,
			`{"GroupId":%q,"From_Account":%q,"MsgSeq":%d,"MsgTimeStamp":%d,"ArrivalTime":%d,"MsgRandom":%d,"MsgPriority":2,"MsgBody":%s,%s%s"StoredHeader":%q,"StoredBody":%q,"Hash":%q}`,
			testGroup, testSender, m.seq, header.Time, arrival, header.Random, oneLine([]byte(shownBody)), custom, erased,
			base64.StdEncoding.EncodeToString(storedHeader), base64.StdEncoding.EncodeToString(stored), chain.String()))
	}
	return lines, chain
}

func marshal(t testing.TB, m proto.Message) []byte {
	t.Helper()
	encoded, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func quote(t testing.TB, text string) []byte {
	t.Helper()
	quoted, err := jsontext.AppendQuote(nil, text)
	if err != nil {
		t.Fatal(err)
	}
	return quoted
}

func manifestOf(lines [][]byte, chain Hash) *Manifest {
	n := len(lines)
	return &Manifest{
		Program: "recant test", Server: "http://127.0.0.1:8080", SDKAppID: 1400000001, ExportedBy: "administrator",
		ExportTime: 1795625084, OperationID: testOperation, MessageNum: uint32(n), ChainHash: chain.String(),
		Operation: jsontext.Value(fmt.Sprintf(`{"OperationId":%q,"Targets":[{"GroupId":"other","Sender_Account":%q,"FromSeq":1,"ToSeq":9},{"GroupId":%q,"Sender_Account":%q,"FromSeq":1,"ToSeq":1000,"Fence":{"FromSeq":1001}}]}`,
			testOperation, testSender, testGroup, testSender)),
		Log: jsontext.Value(fmt.Sprintf(`[{"Type":"recall"},{"Type":"export","TotalNum":%d,"ChainHash":%q}]`, n, chain.String())),
	}
}

func threeMessages() []said {
	return []said{
		{3, `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"buy now"}}]`, ""},
		{5, "[ {\"MsgType\":\"TIMTextElem\",\r\n\"MsgContent\":{\"Text\":\"M\\u00fcll\",\"Text\":\"twice\"}}\n]", `custom "data"`},
		{1008, "", ""},
	}
}

// writeArchive writes an archive of messages.
func writeArchive(t testing.TB, path string, messages []said) {
	t.Helper()
	lines, chain := linesOf(t, messages)
	archive, err := Write(path, manifestOf(lines, chain), each(lines))
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole := newMeasured(io.Discard)
	whole.Write(content)
	if want := whole.file(filepath.Base(path)); archive != want {
		t.Fatalf("Write says %+v, the file is %+v", archive, want)
	}
}

func each(lines [][]byte) func(func([]byte, error) bool) {
	return func(yield func([]byte, error) bool) {
		for _, line := range lines {
			if !yield(line, nil) {
				return
			}
		}
	}
}

// unpack reads the files of an archive.
func unpack(t testing.TB, path string) map[string][]byte {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	files := map[string][]byte{}
	for _, f := range archive.File {
		opened, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(opened); err != nil {
			t.Fatal(err)
		}
		opened.Close()
	}
	return files
}

// pack writes files as an archive, with right checksums of the container.
func pack(t testing.TB, path string, files map[string][]byte) {
	t.Helper()
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(out)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		entry, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		entry.Write(files[name])
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	out.Close()
}

// rehash makes the manifest and SHA256SUMS fit what the files hold, as one who
// forges an archive would.
func rehash(t testing.TB, files map[string][]byte) {
	t.Helper()
	m, err := ParseManifest(files[ManifestFile])
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range m.Files {
		m.Files[i] = measure(f.Name, files[f.Name])
	}
	if files[ManifestFile], err = m.encode(); err != nil {
		t.Fatal(err)
	}
	files[SumsFile] = sums(append(slices.Clone(m.Files), measure(ManifestFile, files[ManifestFile])))
}

func measure(name string, content []byte) File {
	m := newMeasured(io.Discard)
	m.Write(content)
	return m.file(name)
}

func verify(t testing.TB, path string) *Report {
	t.Helper()
	report, err := Verify(path)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestAnArchiveThatWasWrittenVerifies(t *testing.T) {
	for name, messages := range map[string][]said{"three": threeMessages(), "none": nil} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "e.zip")
			writeArchive(t, path, messages)
			report := verify(t, path)
			if len(report.Problems) > 0 || report.Messages != uint32(len(messages)) {
				t.Errorf("%d messages, problems %v", report.Messages, report.Problems)
			}
			if lines, chain := linesOf(t, messages); report.ChainHash != chain || report.Manifest.OperationID != testOperation {
				t.Errorf("the report is %+v of %d lines", report, len(lines))
			}
			if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
				t.Errorf("%v were left", left)
			}
		})
	}
}

func TestAnArchiveOfAFailedWriteDoesNotAppear(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e.zip")
	_, err := Write(path, manifestOf(nil, Hash{}), func(yield func([]byte, error) bool) { yield(nil, io.ErrClosedPipe) })
	if err == nil {
		t.Error("the write did not fail")
	}
	if left, _ := filepath.Glob(filepath.Dir(path) + "/*"); len(left) > 0 {
		t.Errorf("%v are there", left)
	}
}

// Whichever byte of whichever file is another, Verify finds it.
func TestAnyByteThatWasChangedIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e.zip")
	rapid.Check(t, func(r *rapid.T) {
		var messages []said
		seq := uint32(0)
		for range rapid.IntRange(0, 4).Draw(r, "messages") {
			seq += uint32(rapid.IntRange(1, 100).Draw(r, "gap"))
			m := said{seq: seq}
			if !rapid.Bool().Draw(r, "erased") {
				text := rapid.String().Draw(r, "text")
				m.body = fmt.Sprintf(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":%s}}]`, quote(t, text))
				m.custom = rapid.StringN(0, 10, 40).Draw(r, "custom")
			}
			messages = append(messages, m)
		}
		writeArchive(t, path, messages)
		if report := verify(t, path); len(report.Problems) > 0 {
			r.Fatalf("unchanged: %v", report.Problems)
		}
		files := unpack(t, path)
		name := rapid.SampledFrom([]string{MessagesFile, ReadmeFile, ManifestFile, SumsFile}).Draw(r, "file")
		if len(files[name]) == 0 {
			return
		}
		at := rapid.IntRange(0, len(files[name])-1).Draw(r, "at")
		files[name][at] ^= byte(rapid.IntRange(1, 255).Draw(r, "flip"))
		pack(t, path, files)
		report := verify(t, path)
		if len(report.Problems) == 0 {
			r.Fatalf("byte %d of %s was changed and not found", at, name)
		}
		if !slices.ContainsFunc(report.Problems, func(p Problem) bool { return p.File == name || p.File == SumsFile }) {
			r.Fatalf("byte %d of %s was changed, the problems are %v", at, name, report.Problems)
		}
	})
}

// A change of the container itself is found, or changes nothing that is in it.
func TestAnyByteOfTheContainerThatWasChangedIsFoundOrWithoutEffect(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e.zip")
	writeArchive(t, path, threeMessages())
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before := unpack(t, path)
	for at := range whole {
		changed := bytes.Clone(whole)
		changed[at] ^= 0x41
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		report, err := Verify(path)
		if err != nil || len(report.Problems) > 0 {
			continue
		}
		if !maps.EqualFunc(before, unpack(t, path), bytes.Equal) {
			t.Fatalf("byte %d was changed, and another content verifies", at)
		}
	}
}

func TestAForgedArchiveIsFoundWithTheLine(t *testing.T) {
	const first, second, third = 1, 2, 3
	replaceIn := func(line int, old, new string) func(map[string][]byte) {
		return func(files map[string][]byte) {
			all := strings.SplitAfter(string(files[MessagesFile]), "\n")
			if !strings.Contains(all[line-1], old) {
				t.Fatalf("line %d has no %s: %s", line, old, all[line-1])
			}
			all[line-1] = strings.Replace(all[line-1], old, new, 1)
			files[MessagesFile] = []byte(strings.Join(all, ""))
		}
	}
	manifest := func(old, new string) func(map[string][]byte) {
		return func(files map[string][]byte) {
			if !bytes.Contains(files[ManifestFile], []byte(old)) {
				t.Fatalf("the manifest has no %s: %s", old, files[ManifestFile])
			}
			files[ManifestFile] = bytes.Replace(files[ManifestFile], []byte(old), []byte(new), 1)
		}
	}
	for _, c := range []struct {
		name  string
		forge func(map[string][]byte)
		file  string
		line  int
		text  string
	}{
		{"text", replaceIn(first, "buy now", "hello"), MessagesFile, first, `MsgBody is "[{`},
		{"sender", replaceIn(second, `"From_Account":"mallory"`, `"From_Account":"alice"`), MessagesFile, second, `From_Account is "alice", the stored record says "mallory"`},
		{"time", replaceIn(first, `"MsgTimeStamp":1795625082`, `"MsgTimeStamp":1`), MessagesFile, first, "MsgTimeStamp is 1,"},
		{"arrival", replaceIn(third, `"ArrivalTime":1795625090`, `"ArrivalTime":1795625082`), MessagesFile, third, "ArrivalTime is"},
		{"random", replaceIn(first, `"MsgRandom":9`, `"MsgRandom":8`), MessagesFile, first, "MsgRandom is 8"},
		{"priority", replaceIn(first, `"MsgPriority":2`, `"MsgPriority":1`), MessagesFile, first, "MsgPriority is 1"},
		{"custom data", replaceIn(second, `custom \"data\"`, `nothing`), MessagesFile, second, "CloudCustomData is"},
		{"custom data left out", replaceIn(second, `"CloudCustomData":"custom \"data\"",`, ``), MessagesFile, second, "CloudCustomData is"},
		{"erased", replaceIn(first, `"MsgBody":[{`, `"Erased":1,"MsgBody":[{`), MessagesFile, first, "Erased is 1"},
		{"erased left out", replaceIn(third, `"Erased":1,`, ``), MessagesFile, third, "Erased is 0"},
		{"text of an erased message", replaceIn(third, `"MsgBody":[]`, `"MsgBody":[1]`), MessagesFile, third, "MsgBody is"},
		{"number", replaceIn(first, `"MsgSeq":3`, `"MsgSeq":2000`), MessagesFile, second, "not in its order"},
		{"group", replaceIn(second, `"GroupId":"demo"`, `"GroupId":"other"`), MessagesFile, second, "not among what"},
		{"topic", replaceIn(second, `"GroupId":"demo"`, `"GroupId":"demo","TopicId":"t"`), MessagesFile, second, "not among what"},
		{"stored record", replaceIn(first, `"StoredHeader":"`, `"StoredHeader":"AAAA`), MessagesFile, first, "the chain gives"},
		{"no stored record", replaceIn(first, `"StoredHeader"`, `"storedHeader"`), MessagesFile, first, "StoredHeader is missing"},
		{"hash", replaceIn(first, `"Hash":"`, `"Hash":"00`), MessagesFile, first, "not 64 hexadecimal digits"},
		{"a field twice", replaceIn(first, `{"GroupId":"demo"`, `{"GroupId":"demo","GroupId":"demo"`), MessagesFile, first, "GroupId is there twice"},
		{"null", replaceIn(first, `"MsgSeq":3`, `"MsgSeq":null`), MessagesFile, first, "MsgSeq is null"},
		{"no JSON", replaceIn(second, `{`, ``), MessagesFile, second, "not a JSON object"},
		{"an empty line", replaceIn(first, "}\n", "}\n\n"), MessagesFile, second, "not a JSON object"},
		{"no end", func(f map[string][]byte) { f[MessagesFile] = bytes.TrimSpace(f[MessagesFile]) }, MessagesFile, third, "cut short"},
		{"a message left out", replaceIn(second, "\n", " "), MessagesFile, second, "something follows"},
		{"the last left out", func(f map[string][]byte) {
			f[MessagesFile] = f[MessagesFile][:bytes.LastIndexByte(bytes.TrimSpace(f[MessagesFile]), '\n')+1]
		}, ManifestFile, 0, "MessageNum is 3, there are 2"},
		{"the first left out", func(f map[string][]byte) {
			f[MessagesFile] = f[MessagesFile][bytes.IndexByte(f[MessagesFile], '\n')+1:]
		}, MessagesFile, 1, "the chain gives"},
		{"MessageNum", manifest(`"MessageNum": 3`, `"MessageNum": 4`), ManifestFile, 0, "MessageNum is 4"},
		{"ChainHash", manifest(`"ChainHash": "`, `"ChainHash": "0`), ManifestFile, 0, "ChainHash is"},
		{"Log", manifest(`"Type": "export"`, `"Type": "import"`), ManifestFile, 0, "Log has no export"},
		{"OperationId", manifest(testOperation, "another"), ManifestFile, 0, `OperationId "another"`},
		{"Format", manifest(format, "tarball"), ManifestFile, 0, "Format is"},
		{"Version", manifest(`"Version": 1`, `"Version": 2`), ManifestFile, 0, "Version is 2"},
		{"README", func(f map[string][]byte) { f[ReadmeFile] = nil }, ReadmeFile, 0, "has 0 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "e.zip")
			writeArchive(t, path, threeMessages())
			files := unpack(t, path)
			c.forge(files)
			if c.file == MessagesFile {
				rehash(t, files)
			}
			pack(t, path, files)
			report := verify(t, path)
			if !slices.ContainsFunc(report.Problems, func(p Problem) bool {
				return p.File == c.file && p.Line == c.line && strings.Contains(p.Text, c.text)
			}) {
				t.Errorf("problems %q, want one of %s, line %d, with %q", report.Problems, c.file, c.line, c.text)
			}
			if c.file == MessagesFile && c.line == 1 && c.name == "text" && len(report.Problems) != 1 {
				t.Errorf("one forged line gives %d problems: %v", len(report.Problems), report.Problems)
			}
		})
	}
}

func TestAnArchiveHasItsFilesAndNoOthers(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "e.zip")
	for _, c := range []struct {
		name   string
		change func(map[string][]byte)
		want   string
	}{
		{"one more", func(f map[string][]byte) { f["more.txt"] = nil }, `"more.txt" does not belong`},
		{"no messages", func(f map[string][]byte) { delete(f, MessagesFile) }, "messages.jsonl: is missing"},
		{"no sums", func(f map[string][]byte) { delete(f, SumsFile) }, "SHA256SUMS: is missing"},
	} {
		writeArchive(t, path, threeMessages())
		files := unpack(t, path)
		c.change(files)
		pack(t, path, files)
		if problems := fmt.Sprint(verify(t, path).Problems); !strings.Contains(problems, c.want) {
			t.Errorf("%s: got %s, want %s", c.name, problems, c.want)
		}
	}
	if err := os.WriteFile(path, []byte("no zip"), 0o600); err != nil {
		t.Fatal(err)
	}
	if problems := fmt.Sprint(verify(t, path).Problems); !strings.Contains(problems, "not a zip archive") {
		t.Errorf("got %s", problems)
	}
	if _, err := Verify(filepath.Join(dir, "none")); !os.IsNotExist(err) {
		t.Errorf("got %v of no file", err)
	}
}

// What README.txt tells people to do by hand works, and finds a change.
func TestTheArchiveCanBeCheckedByHand(t *testing.T) {
	for _, tool := range []string{"sh", "sha256sum", "python3"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "e.zip")
	writeArchive(t, path, threeMessages())
	files := unpack(t, path)
	var steps []string // the indented parts that are for the unpacked archive
	for _, part := range strings.Split(string(files[ReadmeFile]), "\n\n") {
		if code, ok := strings.CutPrefix(part, "    "); ok && !strings.HasPrefix(code, "recant") {
			steps = append(steps, strings.ReplaceAll(code, "\n    ", "\n"))
		}
	}
	if len(steps) != 2 {
		t.Fatalf("README.txt has the steps %q", steps)
	}
	run := func(step string) error {
		for name, content := range files {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command("sh", "-c", step)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		t.Logf("%s", out)
		return err
	}
	for _, step := range steps {
		if err := run(step); err != nil {
			t.Errorf("%s: %v", step, err)
		}
	}
	files[MessagesFile] = bytes.Replace(files[MessagesFile], []byte(`"StoredBody":"`), []byte(`"StoredBody":"AAAA`), 1)
	for _, step := range steps {
		if err := run(step); err == nil {
			t.Errorf("%s does not find a change", step)
		}
	}
}
