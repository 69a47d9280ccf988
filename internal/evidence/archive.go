package evidence

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"os"
	"path/filepath"
	"time"
)

// Write writes an archive of the messages' lines, which have no line breaks in
// them, and completes the manifest's Format, Version and Files. The file
// appears whole and durable or not at all; until then it is path with ".new".
// It returns the size and hash of the archive itself.
func Write(path string, m *Manifest, lines iter.Seq2[[]byte, error]) (archive File, err error) {
	unfinished := path + ".new"
	out, err := os.OpenFile(unfinished, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return File{}, err
	}
	defer os.Remove(unfinished) // gone already once renamed
	whole := newMeasured(out)
	err = write(whole, m, lines)
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return File{}, fmt.Errorf("write %s: %w", unfinished, err)
	}
	if err := os.Rename(unfinished, path); err != nil {
		return File{}, err
	}
	return whole.file(filepath.Base(path)), syncDir(path)
}

// syncDir makes durable which files the directory of a file has.
func syncDir(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func write(to io.Writer, m *Manifest, lines iter.Seq2[[]byte, error]) error {
	m.Format, m.Version, m.Files = format, version, nil
	w := &writer{zip: zip.NewWriter(to), time: time.Unix(m.ExportTime, 0).UTC()}
	w.add(MessagesFile, func(to io.Writer) error {
		for line, err := range lines {
			if err != nil {
				return err
			}
			if _, err := to.Write(line); err != nil {
				return err
			}
			if _, err := to.Write([]byte{'\n'}); err != nil {
				return err
			}
		}
		return nil
	})
	w.addText(ReadmeFile, readme)
	m.Files = w.files
	manifest, err := m.encode()
	if err != nil {
		return err
	}
	w.addText(ManifestFile, manifest)
	w.addText(SumsFile, sums(w.files))
	return errors.Join(w.err, w.zip.Close())
}

// writer adds files to an archive until one fails.
type writer struct {
	zip   *zip.Writer
	time  time.Time
	files []File // that were added
	err   error
}

func (w *writer) add(name string, fill func(io.Writer) error) {
	if w.err != nil {
		return
	}
	entry, err := w.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: w.time})
	if err != nil {
		w.err = err
		return
	}
	content := newMeasured(entry)
	w.err = fill(content)
	w.files = append(w.files, content.file(name))
}

func (w *writer) addText(name string, text []byte) {
	w.add(name, func(to io.Writer) error {
		_, err := to.Write(text)
		return err
	})
}

// measured passes bytes on, and counts and hashes them.
type measured struct {
	to   io.Writer
	size int64
	hash hash.Hash
}

func newMeasured(to io.Writer) *measured { return &measured{to: to, hash: sha256.New()} }

func (m *measured) Write(b []byte) (int, error) {
	n, err := m.to.Write(b)
	m.size += int64(n)
	m.hash.Write(b[:n])
	return n, err
}

func (m *measured) file(name string) File {
	return File{Name: name, Size: m.size, SHA256: hex.EncodeToString(m.hash.Sum(nil))}
}
