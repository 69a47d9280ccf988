package pebble

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	cpebble "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// FormatFile is the file of every data directory that holds the number of its format.
const FormatFile = "FORMAT"

const (
	firstFormat = 1
	formatTemp  = FormatFile + ".tmp"
)

// ErrNewerFormat is returned by Open when the data directory was written by a
// newer program. The message names both formats.
var ErrNewerFormat = errors.New("store: data directory has a newer format than this program knows")

// Errors of an opening that may not write.
var (
	// ErrOlderFormat is returned by Open with ReadOnly when the data directory has
	// to be brought up to date first, by opening it to write.
	ErrOlderFormat = errors.New("store: data directory has an older format, which a server that writes brings up to date")
	// ErrNoData is returned by Open with ReadOnly when nothing was ever opened there
	// to write.
	ErrNoData = errors.New("store: no data directory")
)

// A migration takes the database from one format to the next. A crash before
// the new number is on disk runs it again, so it must bear that, and what it
// wrote must be synced when it returns.
type migration func(db *cpebble.DB) error

// migrations returns the steps in order: the first leads from format 1 to
// format 2. The current format is one more than their number.
func migrations() []migration { return nil }

func readFormat(f vfs.FS, dir string) (format int, found bool, err error) {
	file, err := f.Open(f.PathJoin(dir, FormatFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 64))
	if err != nil {
		return 0, false, err
	}
	format, err = strconv.Atoi(string(bytes.TrimSpace(text)))
	if err != nil || format < firstFormat {
		return 0, false, fmt.Errorf("%s holds %q, which is no format number", FormatFile, text)
	}
	return format, true, nil
}

// writeFormat replaces the number so that a crash leaves the old or the new
// one, whole.
func writeFormat(f vfs.FS, dir string, format int) error {
	temp := f.PathJoin(dir, formatTemp)
	file, err := f.Create(temp, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = file.Write([]byte(strconv.Itoa(format) + "\n"))
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := f.Rename(temp, f.PathJoin(dir, FormatFile)); err != nil {
		return err
	}
	return syncDir(f, dir)
}

func syncDir(f vfs.FS, dir string) error {
	d, err := f.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// checkFormat returns the directory's format, and whether the directory is
// fresh: it has no format yet and, unless the first open was cut short, no
// database.
func checkFormat(f vfs.FS, dir, dbDir string, current int) (format int, fresh bool, err error) {
	format, found, err := readFormat(f, dir)
	if err != nil {
		return 0, false, err
	}
	if !found {
		return current, true, nil
	}
	if format > current {
		return 0, false, fmt.Errorf("%w: %d, newest known is %d", ErrNewerFormat, format, current)
	}
	desc, err := cpebble.Peek(dbDir, f)
	if err != nil {
		return 0, false, err
	}
	if !desc.Exists {
		// An empty database in its place would look like a healthy server
		// that has lost everything.
		return 0, false, fmt.Errorf("%s is there but the database is missing", FormatFile)
	}
	return format, false, nil
}

// markFresh gives a fresh directory its format, once its database is there.
func markFresh(f vfs.FS, dir string, db *cpebble.DB, format int) (err error) {
	it, err := db.NewIter(&cpebble.IterOptions{LowerBound: []byte{kindBlind}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for it.First(); it.Valid(); it.Next() {
		if it.Key()[0] != kindEngine {
			return fmt.Errorf("the database has rows but its %s file is missing", FormatFile)
		}
	}
	if err := it.Error(); err != nil {
		return err
	}
	return writeFormat(f, dir, format)
}

// orderedFS makes what a marker file points at durable before the marker is.
// The tree creates both and then syncs their directory once, which is enough
// only where a file system keeps the order of directory entries.
type orderedFS struct{ vfs.FS }

// Unwrap lets the tree find the file system below.
func (o orderedFS) Unwrap() vfs.FS { return o.FS }

func (o orderedFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.HasPrefix(o.PathBase(name), "marker.") {
		if err := syncDir(o.FS, o.PathDir(name)); err != nil {
			return nil, err
		}
	}
	return o.FS.Create(name, category)
}

// migrate runs what is missing between the directory's format and the current
// one, and notes each step as soon as it is done.
func migrate(f vfs.FS, dir string, db *cpebble.DB, format int, steps []migration) error {
	for ; format < firstFormat+len(steps); format++ {
		if err := steps[format-firstFormat](db); err != nil {
			return fmt.Errorf("migrate format %d to %d: %w", format, format+1, err)
		}
		if err := writeFormat(f, dir, format+1); err != nil {
			return fmt.Errorf("note format %d: %w", format+1, err)
		}
	}
	return nil
}
