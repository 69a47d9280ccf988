package cassandra

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
	"golang.org/x/sync/errgroup"

	"github.com/recant-chat/recant/store"
)

// maxKeys is how many single rows one query asks for.
const maxKeys = 200

// parallelQueries is how many queries of one Read are under way at once.
const parallelQueries = 16

// Read implements store.Store.
//
// One query is atomic: it sees each commit whole or not at all, and the version with
// it. Several are as of one version where they all saw the same, because versions
// never repeat; else they are made again.
//
// A commit that has no answer yet may have reached one replica and not the others.
// A reader who saw it there must not be followed by one who does not. So a version
// that this process does not know to be settled is settled before its rows are
// returned, by a read at serial consistency, which finishes what is under way. That
// is once for each commit of another process, and never for those of this one.
func (s *Store) Read(ctx context.Context, p store.Partition, ranges ...store.Range) ([][]store.Row, store.Version, error) {
	if err := store.CheckName(p); err != nil {
		return nil, "", err
	}
	if err := s.enter(ctx); err != nil {
		return nil, "", err
	}
	defer s.leave()
	r, err := s.waves.share(ctx, readKey(p, ranges), func(ctx context.Context) (result, error) {
		return s.readWhole(ctx, p, ranges)
	})
	if err != nil {
		return nil, "", fmt.Errorf("read: %w", err)
	}
	return r.rows, r.version, nil
}

// readWhole reads until all is as of one version, which is settled.
func (s *Store) readWhole(ctx context.Context, p store.Partition, ranges []store.Range) (result, error) {
	for attempt := 0; ; attempt++ {
		rows, version, whole, err := s.readOnce(ctx, p, ranges)
		if err != nil || p.IsBlind() {
			return result{rows: rows}, err
		}
		if whole {
			settled, err := s.settledVersion(ctx, p, version)
			if err != nil {
				return result{}, err
			}
			// A later one was made of this one, so a majority has this one as well.
			if settled == version || timeOf(settled) > timeOf(version) {
				s.clock.observe(settled)
				return result{rows, version}, nil
			}
		}
		s.metrics.rereads.Inc()
		if attempt > 2 && !pause(ctx, attempt-3) {
			return result{}, ctx.Err()
		}
	}
}

// settle notes that a partition has reached a version.
func (s *Store) settle(p store.Partition, v store.Version) {
	if v != "" {
		s.settled.Add(p.Name(), v)
	}
}

// settledVersion returns version where a majority is known to have it, else the one
// that the partition has by now. None at all needs no majority.
func (s *Store) settledVersion(ctx context.Context, p store.Partition, version store.Version) (store.Version, error) {
	if known, ok := s.settled.Get(p.Name()); version == "" || ok && known == version {
		return version, nil
	}
	r, err := s.waves.share(ctx, "settle "+p.Name(), func(ctx context.Context) (result, error) {
		now, err := s.settleNow(ctx, p)
		return result{version: now}, err
	})
	return r.version, err
}

// settleNow finishes what is under way in a partition and returns its version.
func (s *Store) settleNow(ctx context.Context, p store.Partition) (store.Version, error) {
	s.metrics.settles.Inc()
	var now, key []byte
	err := s.persist(ctx, func(ctx context.Context) error {
		q := s.session.Query(s.statements.version, partitionKey(p), endKey).Consistency(s.options.serial())
		err := q.ScanContext(ctx, &now, &key)
		if errors.Is(err, gocql.ErrNotFound) {
			now, err = nil, nil
		}
		return err
	})
	if err != nil {
		return "", err
	}
	s.settle(p, store.Version(now))
	return store.Version(now), nil
}

// found is what one query found.
type found struct {
	rows    []store.Row
	version store.Version
	whole   bool // all rows are as of that version
}

// readOnce asks for all ranges at once. whole says that all of what it returns is as
// of the version.
func (s *Store) readOnce(ctx context.Context, p store.Partition, ranges []store.Range) (rows [][]store.Row, version store.Version, whole bool, err error) {
	rows = make([][]store.Row, len(ranges))
	var spans []int            // ranges that are no single key
	keys := map[string][]int{} // the others, by key
	for i, r := range ranges {
		switch {
		case r.To != nil && bytes.Compare(r.From, r.To) >= 0: // has no rows
		case r.IsKey():
			keys[string(r.From)] = append(keys[string(r.From)], i)
		default:
			spans = append(spans, i)
		}
	}
	chunks := chunk(keys)
	if len(spans)+len(chunks) == 0 {
		chunks = [][][]byte{nil} // for the version
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelQueries)
	results := make([]found, len(spans)+len(chunks))
	for n, i := range spans {
		group.Go(func() (err error) {
			results[n], err = s.readSpan(ctx, p, ranges[i])
			rows[i] = results[n].rows
			return err
		})
	}
	for n, chunk := range chunks {
		group.Go(func() (err error) {
			results[len(spans)+n], err = s.readKeys(ctx, p, chunk)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, "", false, err
	}
	for n := range chunks {
		for _, row := range results[len(spans)+n].rows {
			for at, i := range keys[string(row.Key)] {
				if at > 0 { // each caller has rows of its own
					row = store.Row{Key: bytes.Clone(row.Key), Value: bytes.Clone(row.Value)}
				}
				rows[i] = []store.Row{row}
			}
		}
	}
	for _, f := range results {
		if !f.whole || f.version != results[0].version {
			return nil, "", false, nil
		}
	}
	return rows, results[0].version, true, nil
}

// chunk divides keys into queries.
func chunk(keys map[string][]int) [][][]byte {
	var chunks [][][]byte
	for key := range keys {
		if n := len(chunks); n == 0 || len(chunks[n-1]) == maxKeys {
			chunks = append(chunks, nil)
		}
		n := len(chunks) - 1
		chunks[n] = append(chunks[n], []byte(key))
	}
	return chunks
}

// readKeys reads single rows, in one query that is never empty where the partition
// exists.
func (s *Store) readKeys(ctx context.Context, p store.Partition, keys [][]byte) (found, error) {
	if !p.IsBlind() {
		keys = append(keys[:len(keys):len(keys)], endKey)
	} else if len(keys) == 0 {
		return found{whole: true}, nil
	}
	return s.query(ctx, p, s.statements.table[p.IsBlind()].keys, partitionKey(p), keys)
}

// readSpan reads the rows of a range. Where there are none it asks for the version
// by the row behind the range.
func (s *Store) readSpan(ctx context.Context, p store.Partition, r store.Range) (found, error) {
	from, to := r.From, r.To
	if len(from) == 0 {
		from = firstKey
	}
	if to == nil || bytes.Compare(to, endKey) > 0 {
		to = endKey
	}
	order, t := 0, s.statements.table[p.IsBlind()]
	if r.Reverse {
		order = 1
	}
	args := []any{partitionKey(p), from, to}
	text := t.rows[order]
	if r.Limit > 0 {
		text, args = t.limited[order], append(args, r.Limit)
	}
	f, err := s.query(ctx, p, text, args...)
	if err != nil || p.IsBlind() || 0 < len(f.rows) && len(f.rows) < pageRows {
		return f, err
	}
	if len(f.rows) > 0 {
		return s.confirm(ctx, p, f)
	}
	next, err := s.query(ctx, p, t.next, partitionKey(p), from)
	if err != nil {
		return found{}, err
	}
	// A row that is in the range came since.
	inside := len(next.rows) > 0 && bytes.Compare(next.rows[0].Key, to) < 0
	return found{version: next.version, whole: next.whole && !inside}, nil
}

// confirm makes sure that what was read in several pages is as of one version also
// behind its last row: an empty page has no version.
func (s *Store) confirm(ctx context.Context, p store.Partition, f found) (found, error) {
	end, err := s.readKeys(ctx, p, nil)
	f.whole = f.whole && end.whole && end.version == f.version
	return f, err
}

// query runs a query of rows to its end.
func (s *Store) query(ctx context.Context, p store.Partition, text string, args ...any) (f found, err error) {
	err = s.persist(ctx, func(ctx context.Context) error {
		f = found{whole: true}
		q := s.session.Query(text, args...).PageSize(pageRows).Idempotent(true).
			SetSpeculativeExecutionPolicy(&gocql.SimpleSpeculativeExecution{NumAttempts: 1, TimeoutDelay: s.options.patience()})
		iter := q.IterContext(ctx)
		var version []byte
		for {
			var row store.Row
			columns := []any{&row.Key, &row.Value, &version}
			if p.IsBlind() {
				columns = columns[:2]
			}
			if !iter.Scan(columns...) {
				break
			}
			// Another page may be as of another version.
			f.whole = f.whole && (len(f.rows) == 0 || string(version) == string(f.version))
			if f.version != store.Version(version) {
				f.version = store.Version(version)
			}
			f.rows = append(f.rows, row)
		}
		return iter.Close()
	})
	return f, err
}
