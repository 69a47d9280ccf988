package evidence

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ErrOtherExport says that a file holds the pages of another export.
var ErrOtherExport = errors.New("evidence: the file belongs to another export")

// partialFormat is what the first line of a partial export says it is.
const partialFormat = "recant-recall-evidence-partial"

// Source is what an export is of. Two with the same source can be continued
// one by the other.
type Source struct {
	Format      string `json:"Format"`
	SDKAppID    uint32 `json:"SDKAppID"`
	OperationID string `json:"OperationId"`
}

// Partial is an export that is under way: the server's pages so far, in a file
// that outlives whoever writes it. Its first line is the Source, every other
// line a page as the server gave it. A page is durable once Append has
// returned; a line that was cut short is not there.
type Partial struct {
	file *os.File
	path string

	Next      string // of the last page; "" before the first and after the last
	Complete  bool   // the last page is there
	Messages  uint32
	ChainHash string // once complete
}

// OpenPartial opens an export or begins one.
// Errors: ErrOtherExport.
func OpenPartial(path string, of Source) (*Partial, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	p := &Partial{file: file, path: path}
	of.Format = partialFormat
	if err := p.resume(of); err != nil {
		file.Close()
		return nil, err
	}
	return p, nil
}

// Close leaves the export as it is.
func (p *Partial) Close() error { return p.file.Close() }

// Remove ends the export.
func (p *Partial) Remove() error { return errors.Join(p.file.Close(), os.Remove(p.path)) }

// resume reads what is there, cuts off a line that was not finished, and stands
// at the end.
func (p *Partial) resume(of Source) error {
	end := int64(0) // of what is whole
	number := 0
	for line, err := range lines(p.file) {
		if errors.Is(err, errCut) {
			break
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.path, err)
		}
		number++
		if number == 1 {
			there := Source{}
			if err := json.Unmarshal(line, &there); err != nil {
				return fmt.Errorf("%s, line 1: %w", p.path, err)
			}
			if there != of {
				return fmt.Errorf("%w: %s is of operation %s of application %d", ErrOtherExport, p.path, there.OperationID, there.SDKAppID)
			}
		} else if err := p.take(line); err != nil {
			return fmt.Errorf("%s, line %d: %w", p.path, number, err)
		}
		end += int64(len(line)) + 1
	}
	if err := p.file.Truncate(end); err != nil {
		return err
	}
	if _, err := p.file.Seek(end, io.SeekStart); err != nil {
		return err
	}
	if number > 0 {
		return nil
	}
	head, err := json.Marshal(of)
	if err != nil {
		return err
	}
	if err := p.write(head); err != nil {
		return err
	}
	return syncDir(p.path)
}

// page is what is read of a page.
type page struct {
	Messages  []jsontext.Value `json:"Messages"`
	Next      *string          `json:"Next"`
	TotalNum  uint32           `json:"TotalNum"`
	ChainHash string           `json:"ChainHash"`
}

// take takes a page into account.
func (p *Partial) take(text []byte) error {
	read := page{}
	if err := json.Unmarshal(text, &read, lenient); err != nil {
		return fmt.Errorf("page: %w", err)
	}
	switch {
	case p.Complete:
		return errors.New("a page follows the last one")
	case read.Next == nil:
		return errors.New("page has no Next")
	case read.TotalNum != p.Messages+uint32(len(read.Messages)):
		return fmt.Errorf("page ends with message %d, and has %d after the first %d", read.TotalNum, len(read.Messages), p.Messages)
	}
	p.Next, p.Messages = *read.Next, read.TotalNum
	p.Complete, p.ChainHash = p.Next == "", read.ChainHash
	return nil
}

// Append adds an answer of export_recall_evidence.
func (p *Partial) Append(answer []byte) error {
	line := oneLine(answer)
	if err := p.take(line); err != nil {
		return err
	}
	return p.write(line)
}

// write writes one line, durably.
func (p *Partial) write(line []byte) error {
	if _, err := p.file.Write(append(bytes.Clone(line), '\n')); err != nil {
		return err
	}
	return p.file.Sync()
}

// Lines are the messages so far, one at a time, exactly as the server gave them.
func (p *Partial) Lines() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		number := 0
		for line, err := range lines(io.NewSectionReader(p.file, 0, 1<<62)) {
			number++
			if number == 1 && err == nil {
				continue
			}
			read := page{}
			if err == nil {
				err = json.Unmarshal(line, &read, lenient)
			}
			if err != nil {
				yield(nil, fmt.Errorf("%s, line %d: %w", p.path, number, err))
				return
			}
			for _, message := range read.Messages {
				if !yield(message, nil) {
					return
				}
			}
		}
	}
}

// maxLine bounds a line in bytes, so that a damaged file cannot take all memory:
// far above a page, which has 1 MB.
const maxLine = 16 << 20

var (
	errCut     = errors.New("the last line is cut short")
	errTooLong = fmt.Errorf("a line has more than %d bytes", maxLine)
)

// lines splits a file into lines. A line is valid until the next one.
// Errors: errCut, errTooLong, those of the reader; nothing follows one.
func lines(from io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		buffered := bufio.NewReaderSize(from, 64<<10)
		var line []byte
		for {
			part, err := buffered.ReadSlice('\n')
			line = append(line, part...)
			switch {
			case err == nil:
				if !yield(line[:len(line)-1], nil) {
					return
				}
				line = line[:0]
			case len(line) > maxLine:
				yield(nil, errTooLong)
				return
			case errors.Is(err, bufio.ErrBufferFull):
			case err == io.EOF && len(line) == 0:
				return
			case err == io.EOF:
				yield(nil, errCut)
				return
			default:
				yield(nil, err)
				return
			}
		}
	}
}
