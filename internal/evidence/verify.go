package evidence

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
)

// Report is what a check of an archive found.
type Report struct {
	Manifest  *Manifest // nil where it cannot be read
	Messages  uint32    // lines of messages.jsonl
	Erased    uint32    // of them, those whose content was erased before the export
	ChainHash Hash      // that the stored records give
	Problems  []Problem // none where the archive is as it was written
	Omitted   int       // problems beyond maxProblems
}

// Problem is one thing about an archive that is not as it should be.
type Problem struct {
	File string // "" for the archive itself
	Line int    // of messages.jsonl, from 1; 0 for the whole file
	Text string
}

func (p Problem) String() string {
	switch {
	case p.File == "":
		return p.Text
	case p.Line == 0:
		return p.File + ": " + p.Text
	}
	return fmt.Sprintf("%s, line %d: %s", p.File, p.Line, p.Text)
}

const (
	maxProblems = 100
	// maxTextBytes bounds every file but messages.jsonl, which alone is not
	// read into memory.
	maxTextBytes = 64 << 20
)

// Verify checks an archive against itself: that its files are those that the
// manifest and SHA256SUMS name, that the messages' hashes are a chain over their
// stored records, that what can be read in a message is what its stored records
// say, and that number, order and last hash are those that the server told. It
// cannot know of an archive that was forged as a whole; for that compare
// ChainHash with the server's audit record.
//
// Errors: those of reading the file. Whatever is wrong in it is in the report.
func Verify(path string) (*Report, error) {
	r := &Report{}
	archive, err := zip.OpenReader(path)
	if errors.Is(err, zip.ErrFormat) || errors.Is(err, zip.ErrAlgorithm) || errors.Is(err, zip.ErrChecksum) || errors.Is(err, io.ErrUnexpectedEOF) {
		r.add("", 0, "not a zip archive: %v", err)
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	files := r.index(archive.File)
	if len(r.Problems) > 0 {
		return r, nil
	}
	manifest := r.text(files[ManifestFile])
	given := r.text(files[SumsFile])
	r.text(files[ReadmeFile])
	operation := r.manifest(manifest.content)
	messages := r.messages(files[MessagesFile], operation)
	r.files([]File{messages, files[ReadmeFile].found, manifest.found}, given.content)
	r.claims()
	return r, nil
}

func (r *Report) add(file string, line int, form string, args ...any) {
	if len(r.Problems) == maxProblems {
		r.Omitted++
		return
	}
	r.Problems = append(r.Problems, Problem{file, line, fmt.Sprintf(form, args...)})
}

// entry is a file of the archive and what was found in it.
type entry struct {
	zip     *zip.File
	content []byte
	found   File
}

// index finds the files of an archive, each of which must be there once and no
// other.
func (r *Report) index(list []*zip.File) map[string]*entry {
	files := map[string]*entry{MessagesFile: nil, ReadmeFile: nil, ManifestFile: nil, SumsFile: nil}
	for _, f := range list {
		known, expected := files[f.Name]
		switch {
		case !expected:
			r.add("", 0, "%q does not belong in the archive", f.Name)
		case known != nil:
			r.add(f.Name, 0, "is in the archive twice")
		default:
			files[f.Name] = &entry{zip: f}
		}
	}
	for _, name := range []string{MessagesFile, ReadmeFile, ManifestFile, SumsFile} {
		if files[name] == nil {
			r.add(name, 0, "is missing")
		}
	}
	return files
}

// text reads a file as a whole.
func (r *Report) text(e *entry) *entry {
	buffer := &bytes.Buffer{}
	content := newMeasured(buffer)
	opened, err := e.zip.Open()
	if err == nil {
		_, err = io.Copy(content, io.LimitReader(opened, maxTextBytes))
		err = errors.Join(err, opened.Close())
	}
	if err != nil {
		r.add(e.zip.Name, 0, "cannot be read: %v", err)
	}
	e.content, e.found = buffer.Bytes(), content.file(e.zip.Name)
	return e
}

// manifest reads the manifest and the operation in it.
func (r *Report) manifest(text []byte) *operation {
	m, err := ParseManifest(text)
	if err != nil {
		r.add(ManifestFile, 0, "%v", err)
		return nil
	}
	r.Manifest = m
	o := &operation{}
	if err := json.Unmarshal(m.Operation, o, lenient); err != nil {
		r.add(ManifestFile, 0, "Operation: %v", err)
		return nil
	}
	if o.OperationID != m.OperationID {
		r.add(ManifestFile, 0, "Operation is %q, OperationId %q", o.OperationID, m.OperationID)
	}
	return o
}

// messages checks every line; operation is nil where it is not known.
func (r *Report) messages(e *entry, of *operation) File {
	opened, err := e.zip.Open()
	if err != nil {
		r.add(MessagesFile, 0, "cannot be read: %v", err)
		return File{Name: MessagesFile}
	}
	defer opened.Close()
	content := newMeasured(io.Discard)
	check := &lineCheck{report: r, operation: of}
	for line, err := range lines(io.TeeReader(opened, content)) {
		if err != nil {
			r.add(MessagesFile, int(r.Messages)+1, "%v", err)
			break
		}
		r.Messages++
		check.line(line)
	}
	r.ChainHash = check.chain
	return content.file(MessagesFile)
}

// lineCheck goes through the lines in order.
type lineCheck struct {
	report    *Report
	operation *operation
	chain     Hash
	target    int    // of the operation, that the last message was of
	last      uint32 // its number
}

func (c *lineCheck) line(text []byte) {
	number := int(c.report.Messages)
	m, err := ParseMessage(text)
	if err != nil {
		c.report.add(MessagesFile, number, "%v", err)
		return
	}
	if want := Chain(c.chain, m.StoredHeader, m.StoredBody); m.Hash != want {
		c.report.add(MessagesFile, number, "Hash is %s, the chain gives %s", m.Hash, want)
	}
	c.chain = m.Hash // so that one wrong line is not reported as all that follow
	for _, difference := range m.differences() {
		c.report.add(MessagesFile, number, "%s", difference)
	}
	if m.Erased == 1 {
		c.report.Erased++
	}
	c.place(m, number)
}

// place checks that a message is one of the operation's, in its order.
func (c *lineCheck) place(m *Message, number int) {
	if c.operation == nil {
		return
	}
	for i := c.target; i < len(c.operation.Targets); i++ {
		if !c.operation.Targets[i].has(m) {
			continue
		}
		if i == c.target && m.Seq <= c.last {
			break
		}
		c.target, c.last = i, m.Seq
		return
	}
	c.report.add(MessagesFile, number, "message %d of %q in %q is not among what the operation recalled, or not in its order", m.Seq, m.From, m.GroupID)
}

// files compares what was found with the manifest and SHA256SUMS.
func (r *Report) files(found []File, given []byte) {
	if !bytes.Equal(given, sums(found)) {
		r.add(SumsFile, 0, "does not have the hashes of the files, which are\n%s", bytes.TrimSpace(sums(found)))
	}
	if r.Manifest == nil {
		return
	}
	listed := map[string]File{}
	for _, f := range r.Manifest.Files {
		if _, twice := listed[f.Name]; twice {
			r.add(ManifestFile, 0, "Files has %q twice", f.Name)
		}
		listed[f.Name] = f
	}
	for _, f := range found {
		if f.Name == ManifestFile {
			continue
		}
		switch known, ok := listed[f.Name]; {
		case !ok:
			r.add(ManifestFile, 0, "Files does not have %q", f.Name)
		case known.Size != f.Size:
			r.add(f.Name, 0, "has %d bytes, the manifest says %d", f.Size, known.Size)
		case known.SHA256 != f.SHA256:
			r.add(f.Name, 0, "has the SHA-256 %s, the manifest says %s", f.SHA256, known.SHA256)
		}
		delete(listed, f.Name)
	}
	for name := range listed {
		r.add(ManifestFile, 0, "Files has %q, which is not in the archive", name)
	}
}

// claims compares number and last hash with what the server told, in its answers
// and in its audit record.
func (r *Report) claims() {
	m := r.Manifest
	if m == nil {
		return
	}
	if m.MessageNum != r.Messages {
		r.add(ManifestFile, 0, "MessageNum is %d, there are %d messages", m.MessageNum, r.Messages)
	}
	if m.ChainHash != r.ChainHash.String() {
		r.add(ManifestFile, 0, "ChainHash is %q, the messages give %s", m.ChainHash, r.ChainHash)
	}
	var log []event
	if err := json.Unmarshal(m.Log, &log, lenient); err != nil {
		r.add(ManifestFile, 0, "Log: %v", err)
		return
	}
	for _, e := range log {
		if e.Type == "export" && e.TotalNum == m.MessageNum && e.ChainHash == m.ChainHash {
			return
		}
	}
	r.add(ManifestFile, 0, "Log has no export of %d messages with the ChainHash %s", m.MessageNum, m.ChainHash)
}
