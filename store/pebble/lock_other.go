//go:build !unix || solaris || illumos || aix

package pebble

import "github.com/cockroachdb/pebble/v2/vfs"

// lockingFS locks the data directory as the tree does, for one opening alone: here
// also those that read do not share it.
type lockingFS struct {
	vfs.FS
	shared bool
}

// Unwrap lets the tree find the file system below.
func (l lockingFS) Unwrap() vfs.FS { return l.FS }
