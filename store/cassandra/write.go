package cassandra

import (
	"context"
	"fmt"

	gocql "github.com/apache/cassandra-gocql-driver/v2"

	"github.com/recant-chat/recant/store"
)

// Commit implements store.Store.
//
// Every attempt at a commit is the same statement with the same version, and can be
// applied once at most, because afterwards the partition is not at the base. So it
// may be tried again whatever became of the one before, and a conflict is looked
// into: the version may be among the partition's newest ones, where an attempt came
// through whose answer was lost.
func (s *Store) Commit(ctx context.Context, p store.Partition, base store.Version, mutations []store.Mutation) (store.Version, error) {
	if err := store.CheckCommit(p, mutations); err != nil {
		return "", err
	}
	if err := s.enter(ctx); err != nil {
		return "", err
	}
	defer s.leave()
	if base != "" && !made(base) {
		return "", store.ErrConflict // no partition was ever at such a version
	}
	// What has begun is carried to its end.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.options.RetryFor)
	defer cancel()

	version := s.clock.after(base)
	batch := s.commitBatch(p, base, version, mutations)
	sent := false
	for attempt := 0; ; attempt++ {
		applied, newest, err := s.compareAndSet(ctx, batch)
		switch {
		case err == nil && (applied || newest.contain(version)):
			s.metrics.commits.Inc()
			if applied {
				s.settle(p, version)
			}
			return version, nil
		case err == nil && newest.ruleOut(version):
			s.metrics.conflicts.Inc()
			s.settle(p, newest.current)
			return "", store.ErrConflict
		case err == nil:
			s.metrics.unknown.Inc()
			return "", fmt.Errorf("%w: %d others came since", store.ErrUnknown, slots)
		}
		sent = sent || !neverSent(err) && !permanent(err)
		if !permanent(err) && pause(ctx, attempt) {
			s.metrics.retries.Inc()
			continue
		}
		if sent {
			s.metrics.unknown.Inc()
			return "", fmt.Errorf("%w: %w", store.ErrUnknown, err)
		}
		return "", fmt.Errorf("commit: %w", err)
	}
}

// conditional begins a batch that has a condition. The driver sends it once: it may
// not be repeated by anybody who does not look what became of it.
func (s *Store) conditional() *gocql.Batch {
	return s.session.Batch(gocql.UnloggedBatch).SpeculativeExecutionPolicy(gocql.NonSpeculativeExecution{}).RetryPolicy(nil)
}

// commitBatch makes the statement that leads from base to version.
func (s *Store) commitBatch(p store.Partition, base, version store.Version, mutations []store.Mutation) *gocql.Batch {
	batch := s.conditional()
	var from []byte // null where the partition has no version yet
	if base != "" {
		from = []byte(base)
	}
	batch.Query(s.statements.compareAndSet[slotOf(version)], []byte(version), []byte(version), partitionKey(p), from)
	s.add(batch, p, mutations)
	if base == "" {
		s.add(batch, p, []store.Mutation{store.Set(beginKey, nil), store.Set(endKey, nil)})
	}
	return batch
}

// add adds mutations to a batch.
func (s *Store) add(batch *gocql.Batch, p store.Partition, mutations []store.Mutation) {
	t, name := s.statements.table[p.IsBlind()], partitionKey(p)
	for _, m := range effective(mutations) {
		if m.Delete {
			batch.Query(t.delete, name, m.Key)
		} else {
			batch.Query(t.set, blob(m.Value), name, m.Key)
		}
	}
}

// commits are the newest versions of a partition, as far as it keeps them.
type commits struct {
	current store.Version
	kept    []store.Version
}

func (c commits) contain(v store.Version) bool {
	for _, k := range c.kept {
		if k == v {
			return true
		}
	}
	return c.current == v
}

// ruleOut reports whether a version that is not among them is none that the
// partition had. Each has a later time than the one before it: had it been there, it
// would stand behind all that are older. Where fewer are kept than could be, they are
// all there ever were.
func (c commits) ruleOut(v store.Version) bool {
	if len(c.kept) < slots {
		return true
	}
	for _, k := range c.kept {
		if timeOf(k) < timeOf(v) {
			return true
		}
	}
	return false
}

// compareAndSet makes one attempt at a conditional batch. Where its condition does
// not hold it returns the newest commits.
func (s *Store) compareAndSet(ctx context.Context, batch *gocql.Batch) (applied bool, newest commits, err error) {
	row := map[string]any{}
	applied, iter, err := batch.MapExecCASContext(ctx, row)
	if iter != nil {
		if e := iter.Close(); err == nil {
			err = e
		}
	}
	if err != nil || applied {
		return applied, commits{}, err
	}
	newest.current = versionIn(row, "version")
	for i := range slots {
		if v := versionIn(row, slotColumn(i)); v != "" {
			newest.kept = append(newest.kept, v)
			s.clock.observe(v)
		}
	}
	return false, newest, nil
}

func versionIn(row map[string]any, column string) store.Version {
	b, _ := row[column].([]byte)
	return store.Version(b)
}

// Put implements store.Store. The rows have a time of this process's clock, in every
// attempt the same.
func (s *Store) Put(ctx context.Context, p store.Partition, mutations []store.Mutation) error {
	if err := store.CheckPut(p, mutations); err != nil {
		return err
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	if len(mutations) == 0 {
		return nil
	}
	batch := s.session.Batch(gocql.UnloggedBatch).WithTimestamp(s.clock.next())
	s.add(batch, p, mutations)
	if err := s.persist(ctx, batch.ExecContext); err != nil {
		return fmt.Errorf("put: %w", err)
	}
	return nil
}

// Drop implements store.Store.
func (s *Store) Drop(ctx context.Context, p store.Partition) error {
	if err := store.CheckName(p); err != nil {
		return err
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	name, all := partitionKey(p), s.statements.table[p.IsBlind()].deletePartition
	if p.IsBlind() {
		q := s.session.Query(all, name).WithTimestamp(s.clock.next())
		if err := s.persist(ctx, q.ExecContext); err != nil {
			return fmt.Errorf("drop: %w", err)
		}
		return nil
	}
	batch := s.conditional()
	batch.Query(s.statements.dropVersioned, name)
	batch.Query(all, name)
	// Whether an attempt was applied, or there was nothing any more, is the same.
	err := s.persist(context.WithoutCancel(ctx), func(ctx context.Context) error {
		_, _, err := s.compareAndSet(ctx, batch)
		return err
	})
	if err != nil {
		s.metrics.unknown.Inc()
		return fmt.Errorf("%w: drop: %w", store.ErrUnknown, err)
	}
	s.settled.Remove(p.Name())
	return nil
}
