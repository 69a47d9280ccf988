package store

import "context"

// ReadOnly returns the engine with every verb that writes refused with ErrReadOnly.
func ReadOnly(s Store) Store { return readOnly{s} }

type readOnly struct{ Store }

func (readOnly) Commit(context.Context, Partition, Version, []Mutation) (Version, error) {
	return "", ErrReadOnly
}
func (readOnly) Put(context.Context, Partition, []Mutation) error { return ErrReadOnly }
func (readOnly) Drop(context.Context, Partition) error            { return ErrReadOnly }
func (readOnly) Purge(context.Context, Partition) error           { return ErrReadOnly }
