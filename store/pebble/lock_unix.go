//go:build unix && !solaris && !illumos && !aix

package pebble

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// lockingFS locks the data directory for one who writes or for all who read. Its
// locks belong to an open file and not to a process, so that they also tell apart
// the openings of one process.
type lockingFS struct {
	vfs.FS
	shared bool
}

// Unwrap lets the tree find the file system below.
func (l lockingFS) Unwrap() vfs.FS { return l.FS }

// Lock holds the file until the returned closer is closed or the process ends.
// Errors: EWOULDBLOCK where somebody else holds it.
func (l lockingFS) Lock(name string) (io.Closer, error) {
	how, flags := syscall.LOCK_EX, os.O_RDWR|os.O_CREATE
	if l.shared {
		how, flags = syscall.LOCK_SH, os.O_RDONLY
	}
	file, err := os.OpenFile(name, flags, 0o600)
	if l.shared && errors.Is(err, fs.ErrNotExist) { // a copy of a directory may come without it
		file, err = os.OpenFile(name, flags|os.O_CREATE, 0o600)
	}
	if l.shared && errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoData
	}
	if err != nil {
		return nil, err
	}
	if err := flock(file, how|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return lockedFile{file}, nil
}

type lockedFile struct{ *os.File }

// Close unlocks the file at once: a process that is being started may have the file
// open still.
func (l lockedFile) Close() error {
	return errors.Join(flock(l.File, syscall.LOCK_UN), l.File.Close())
}

func flock(file *os.File, how int) error {
	for {
		if err := syscall.Flock(int(file.Fd()), how); err != syscall.EINTR {
			return err
		}
	}
}
