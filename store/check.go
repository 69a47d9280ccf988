package store

import (
	"errors"
	"fmt"
)

// ErrEmptyKey is returned by Commit and Put when a mutation has no key;
// nothing was written.
var ErrEmptyKey = errors.New("store: row key is empty")

// CheckCommit returns the error that Commit owes its caller before it looks at
// the partition: ErrWrongKind, ErrTooLarge or ErrEmptyKey. Engines share it, so
// that their limits cannot drift apart.
func CheckCommit(p Partition, mutations []Mutation) error {
	if p.blind {
		return ErrWrongKind
	}
	return checkWrite(p, mutations)
}

// CheckPut is CheckCommit for Put.
func CheckPut(p Partition, mutations []Mutation) error {
	if !p.blind {
		return ErrWrongKind
	}
	return checkWrite(p, mutations)
}

// CheckName returns ErrTooLarge when the partition's name is longer than
// MaxNameBytes.
func CheckName(p Partition) error {
	if n := len(p.name); n > MaxNameBytes {
		return fmt.Errorf("%w: name of %d bytes", ErrTooLarge, n)
	}
	return nil
}

func checkWrite(p Partition, mutations []Mutation) error {
	if err := CheckName(p); err != nil {
		return err
	}
	if n := len(mutations); n > MaxMutations {
		return fmt.Errorf("%w: %d mutations", ErrTooLarge, n)
	}
	total := 0
	for i := range mutations {
		m := &mutations[i]
		if len(m.Key) == 0 {
			return ErrEmptyKey
		}
		if n := len(m.Key); n > MaxKeyBytes {
			return fmt.Errorf("%w: key of %d bytes", ErrTooLarge, n)
		}
		total += len(m.Key) + len(m.Value)
	}
	if total > MaxCommitBytes {
		return fmt.Errorf("%w: %d bytes", ErrTooLarge, total)
	}
	return nil
}
