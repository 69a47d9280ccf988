// Package store is the narrow waist of Recant: everything durable is a row, a
// key and a value in a partition kept in key order, and six verbs reach it.
//
// The contract is what one machine's log-structured engine and a cluster's
// compare-and-set inside one partition can both promise, and no more:
// atomicity and ordering inside one partition, nothing across two. Package
// storetest holds what every engine must pass.
package store

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
)

// Limits that every engine enforces with ErrTooLarge.
const (
	MaxMutations   = 1000    // mutations in one Commit or Put
	MaxCommitBytes = 1 << 20 // sum of key and value lengths in one Commit or Put
	MaxKeyBytes    = 1024    // length of a row key
	MaxNameBytes   = 512     // length of a partition name
)

var (
	// ErrConflict is returned by Commit when the partition is not at the base
	// version; nothing was written.
	ErrConflict = errors.New("store: partition is not at the base version")
	// ErrUnknown is returned by Commit and Drop when the engine cannot tell
	// whether the write took effect. The caller looks for its own rows before
	// it tries again.
	ErrUnknown = errors.New("store: outcome of the write is unknown")
	// ErrTooLarge is returned when a key, a name, a Commit or a Put exceeds
	// the limits above; nothing was written.
	ErrTooLarge = errors.New("store: write exceeds the limits of one commit")
	// ErrWrongKind is returned by Commit on a blind partition and by Put on a
	// versioned one; nothing was written.
	ErrWrongKind = errors.New("store: wrong kind of partition for this verb")
	// ErrNoPurge is returned by Purge where the engine was not given the means to
	// force deletions out of its files; nothing was done.
	ErrNoPurge = errors.New("store: the engine has no means to purge")
	// ErrReadOnly is returned by Commit, Put, Drop and Purge where the engine was
	// opened to be read alone; nothing was done.
	ErrReadOnly = errors.New("store: opened to be read alone")
	// ErrCursor is returned by Partitions for a cursor that is none.
	ErrCursor = errors.New("store: not the cursor of a partition")
	// ErrClosed is returned by every verb after Close.
	ErrClosed = errors.New("store: closed")
)

// Partition names a set of rows. The kind is part of the identity: a versioned
// and a blind partition of one name are two partitions, so the two ways of
// writing can never meet in one.
type Partition struct {
	name  string
	blind bool
}

// Versioned names a partition that is written by Commit alone.
func Versioned(name string) Partition { return Partition{name: name} }

// Blind names a partition that is written by Put alone. It has no version.
func Blind(name string) Partition { return Partition{name: name, blind: true} }

// Name is the partition's name, arbitrary bytes, at most MaxNameBytes.
func (p Partition) Name() string { return p.name }

// IsBlind reports whether the partition is written by Put.
func (p Partition) IsBlind() bool { return p.blind }

// Version identifies one state of a versioned partition. It is opaque and
// never repeats, not even after Drop. The zero value is the version of a
// partition that was never written (or was dropped), and of every blind one.
type Version string

// Row is one key and its value. Both are arbitrary bytes; a key is never empty.
// Rows returned by an engine belong to the caller.
type Row struct {
	Key, Value []byte
}

// Range selects the rows with From <= key < To in key order, or in descending
// order with Reverse. A nil From starts at the first row and a nil To ends
// after the last. Limit bounds the number of rows; 0 is no bound.
type Range struct {
	From, To []byte
	Reverse  bool
	Limit    int
}

// Mutation sets a row or, with Delete, removes it. Deleting a row that is not
// there is no error. Of two mutations of one key in one write the later wins.
type Mutation struct {
	Key, Value []byte
	Delete     bool
}

// Set returns the mutation that writes a row.
func Set(key, value []byte) Mutation { return Mutation{Key: key, Value: value} }

// Delete returns the mutation that removes a row.
func Delete(key []byte) Mutation { return Mutation{Key: key, Delete: true} }

// Store is an engine.
//
// All methods may be called concurrently. Each returns the context's error
// when it was cancelled before the verb took effect; a Commit that has begun
// to write runs to its end whatever the context says, so that its outcome is
// known.
type Store interface {
	// Read returns the rows of each range, all as of one version, and that
	// version. Rows of versioned partitions that Read returns are durable; rows
	// of blind ones are durable with the next Commit. A partition that was
	// never written has no rows and the zero version. Errors: ErrTooLarge for
	// the name alone, ErrClosed.
	Read(ctx context.Context, p Partition, ranges ...Range) ([][]Row, Version, error)

	// Commit applies all mutations or none, durable when it returns, only if
	// the partition still has version base, and returns the new version.
	// Errors: ErrConflict, ErrUnknown, ErrTooLarge, ErrEmptyKey, ErrWrongKind,
	// ErrClosed.
	// A Commit of no mutations still moves the version.
	Commit(ctx context.Context, p Partition, base Version, mutations []Mutation) (Version, error)

	// Put applies all mutations, unconditionally and idempotently, durable no
	// later than any Commit that the caller issues after Put returned.
	// Errors: ErrTooLarge, ErrEmptyKey, ErrWrongKind, ErrClosed.
	Put(ctx context.Context, p Partition, mutations []Mutation) error

	// Drop removes every row of the partition and its version, durably. Drop
	// of an absent partition is no error. A versioned partition is dropped
	// only when its name can never be used again. Errors: ErrUnknown, ErrTooLarge
	// for the name alone, ErrClosed.
	Drop(ctx context.Context, p Partition) error

	// Partitions lists at most limit (1 or more) partitions, in an order of the
	// engine's own: from the first on with the cursor "", else from behind the
	// partition whose Cursor is given, which need not be there any more. A partition
	// that is there all along is in a whole listing once; one that has neither rows
	// nor a version may be in it. Errors: ErrCursor, ErrClosed.
	Partitions(ctx context.Context, cursor string, limit int) ([]Partition, error)

	// Purge makes what was deleted or overwritten in the partition before the
	// call unrecoverable from the engine's live data files, its log included:
	// none of them holds the old values when it returns nil. Rows that exist
	// stay as they are and the version does not move; a dropped partition is
	// purged of what it had, and Purge of an absent one is no error. It is for
	// the erasure of messages for good, may take seconds and runs beside all
	// other verbs; a write that races with it may be covered or not. After an
	// error some old values may be gone and others not, and the caller tries
	// again. It covers no backup, no snapshot of the file system and no block
	// that the file system has freed, and of the deleted rows the values alone:
	// an engine may keep their keys. Errors: ErrTooLarge for the name alone,
	// ErrNoPurge, ErrClosed.
	Purge(ctx context.Context, p Partition) error

	// Close waits for what is under way, makes durable what was Put, and
	// releases the engine.
	Close() error
}

// Exclusive is an engine that only one process can have open at a time.
type Exclusive interface {
	// Opening names this opening of the engine, with a number that no other
	// opening has and that is not 0. What was claimed in the name of another one,
	// a lease say, nobody holds any more.
	Opening() uint64
}

// Cursor is where a listing goes on behind the partition, as text.
func (p Partition) Cursor() string {
	kind := "v"
	if p.blind {
		kind = "b"
	}
	return kind + hex.EncodeToString([]byte(p.name))
}

// ParseCursor returns the partition whose Cursor it is.
// Errors: ErrCursor.
func ParseCursor(cursor string) (Partition, error) {
	if cursor == "" || cursor[0] != 'v' && cursor[0] != 'b' {
		return Partition{}, ErrCursor
	}
	name, err := hex.DecodeString(cursor[1:])
	if err != nil {
		return Partition{}, ErrCursor
	}
	return Partition{name: string(name), blind: cursor[0] == 'b'}, nil
}

// Key returns the range of exactly one row.
func Key(key []byte) Range {
	return Range{From: key, To: append(append([]byte{}, key...), 0), Limit: 1}
}

// IsKey reports whether the range is that of exactly one possible row, whose key is
// From.
func (r *Range) IsKey() bool {
	n := len(r.From)
	return n > 0 && len(r.To) == n+1 && r.To[n] == 0 && bytes.Equal(r.From, r.To[:n])
}

// Prefix returns the range of the rows whose key begins with prefix, which is
// not empty and not all 0xff.
func Prefix(prefix []byte) Range {
	return Range{From: prefix, To: PrefixEnd(prefix)}
}

// PrefixEnd returns the first key after all keys that begin with prefix, or
// nil when there is none.
func PrefixEnd(prefix []byte) []byte {
	end := append([]byte{}, prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] != 0xff {
			end[i]++
			return end[:i+1]
		}
	}
	return nil
}
