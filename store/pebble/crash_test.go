package pebble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/recant-chat/recant/store"
)

// keptLog is how many of its newest log rows a partition of the load keeps.
const keptLog = 20

// load writes to a store from many goroutines and knows what it may find after
// a crash. It lives through many crashes.
//
// A state n of a partition is n in the rows a, b and c, and log rows n-19 to n.
// A writer Puts its own number in a blind partition before it commits that
// number, as row "by <writer>", with the next state.
type load struct {
	parts   []store.Partition
	blind   store.Partition
	payload []byte

	mu        sync.Mutex
	round     int
	attempted map[store.Partition]uint64 // highest state handed to Commit
	known     map[store.Partition]uint64 // highest state acknowledged or read
	versions  map[store.Version]uint64   // every version acknowledged
	writes    map[string]uint64          // by writer, last number used
	dropped   []store.Partition          // whose drop was acknowledged
	acks      int
}

func newLoad(partitions int) *load {
	l := &load{
		blind:     store.Blind("by writer"),
		payload:   make([]byte, 4000),
		attempted: map[store.Partition]uint64{},
		known:     map[store.Partition]uint64{},
		versions:  map[store.Version]uint64{},
		writes:    map[string]uint64{},
	}
	for n := range partitions {
		l.parts = append(l.parts, store.Versioned(fmt.Sprint("p", n)))
	}
	return l
}

// locked runs f with the load's mutex held.
func (l *load) locked(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

func num(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func logKey(n uint64) []byte { return append([]byte("log "), num(n)...) }

// state reads a partition's state and fails if it is no whole one.
func (l *load) state(ctx context.Context, s store.Store, p store.Partition) (n uint64, v store.Version, by []store.Row, err error) {
	rows, v, err := s.Read(ctx, p, store.Range{From: []byte("a"), To: []byte("b\x00")}, store.Key([]byte("c")),
		store.Prefix([]byte("log ")), store.Prefix([]byte("by ")))
	if err != nil || v == "" {
		return 0, v, nil, err
	}
	abc := append(rows[0], rows[1]...)
	if len(abc) != 3 {
		return 0, v, nil, fmt.Errorf("%q has %d of the rows a, b and c", p.Name(), len(abc))
	}
	n = binary.BigEndian.Uint64(abc[0].Value)
	for _, r := range abc {
		if m := binary.BigEndian.Uint64(r.Value); m != n {
			return 0, v, nil, fmt.Errorf("%q is a mixture of states %d and %d", p.Name(), n, m)
		}
	}
	if want := min(n, keptLog); uint64(len(rows[2])) != want {
		return 0, v, nil, fmt.Errorf("%q has %d log rows at state %d", p.Name(), len(rows[2]), n)
	}
	for i, r := range rows[2] {
		if want := n - uint64(len(rows[2])-1-i); string(r.Key) != string(logKey(want)) {
			return 0, v, nil, fmt.Errorf("%q has log row %x at state %d, want %d", p.Name(), r.Key, n, want)
		}
	}
	return n, v, rows[3], nil
}

// advance takes a partition one state on.
func (l *load) advance(ctx context.Context, s store.Store, p store.Partition, writer string, rng *rand.Rand) error {
	n, base, _, err := l.state(ctx, s, p)
	if err != nil {
		return err
	}
	n++
	var number uint64
	l.locked(func() {
		l.writes[writer]++
		number = l.writes[writer]
		l.known[p] = max(l.known[p], n-1)
		l.attempted[p] = max(l.attempted[p], n)
	})
	if err := s.Put(ctx, l.blind, []store.Mutation{store.Set([]byte(writer), num(number))}); err != nil {
		return err
	}
	mutations := []store.Mutation{
		store.Set([]byte("a"), num(n)), store.Set([]byte("b"), num(n)), store.Set([]byte("c"), num(n)),
		store.Set(logKey(n), l.payload[:rng.IntN(len(l.payload))]),
		store.Set([]byte("by "+writer), num(number)),
	}
	if n > keptLog {
		mutations = append(mutations, store.Delete(logKey(n-keptLog)))
	}
	v, err := s.Commit(ctx, p, base, mutations)
	if errors.Is(err, store.ErrConflict) {
		return nil
	}
	if err != nil {
		return err
	}
	l.locked(func() {
		if _, twice := l.versions[v]; twice {
			err = fmt.Errorf("version %x came twice", v)
		}
		l.versions[v] = n
		l.known[p] = max(l.known[p], n)
		l.acks++
	})
	return err
}

// come and go makes a partition and drops it.
func (l *load) comeAndGo(ctx context.Context, s store.Store, name string, rows int) error {
	p := store.Versioned(name)
	mutations := make([]store.Mutation, rows)
	for i := range mutations {
		mutations[i] = store.Set(num(uint64(i)), nil)
	}
	if _, err := s.Commit(ctx, p, "", mutations); err != nil {
		return err
	}
	if err := s.Drop(ctx, p); err != nil {
		return err
	}
	l.locked(func() { l.dropped = append(l.dropped, p) })
	return nil
}

// start runs the load until the context ends or a verb fails. The error of a
// writer that did not end by the context goes to report.
func (l *load) start(ctx context.Context, s store.Store, report func(error)) *sync.WaitGroup {
	l.round++
	var wg sync.WaitGroup
	run := func(seed int, step func(rng *rand.Rand, i int) error) {
		rng := rand.New(rand.NewPCG(uint64(l.round), uint64(seed)))
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if err := step(rng, i); err != nil && !errors.Is(err, context.Canceled) {
					report(err)
					return
				}
			}
		})
	}
	for w := range 8 {
		run(w, func(rng *rand.Rand, _ int) error {
			// Half of the writers share the first partition.
			p := l.parts[0]
			if w%2 == 1 {
				p = l.parts[rng.IntN(len(l.parts))]
			}
			return l.advance(ctx, s, p, fmt.Sprint("writer ", w), rng)
		})
	}
	for r := range 2 {
		run(100+r, func(rng *rand.Rand, _ int) error {
			p := l.parts[rng.IntN(len(l.parts))]
			n, _, _, err := l.state(ctx, s, p)
			if err == nil {
				l.locked(func() { l.known[p] = max(l.known[p], n) })
			}
			return err
		})
	}
	run(200, func(rng *rand.Rand, i int) error {
		return l.comeAndGo(ctx, s, fmt.Sprintf("short life %d %d", l.round, i), 1+rng.IntN(2*dropByKey))
	})
	return &wg
}

// promise is what must hold after a crash at the time it was made.
type promise struct {
	known   map[store.Partition]uint64
	dropped []store.Partition
}

func (l *load) promise() promise {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := promise{known: map[store.Partition]uint64{}, dropped: append([]store.Partition(nil), l.dropped...)}
	for k, v := range l.known {
		p.known[k] = v
	}
	return p
}

// verify checks that the store kept the promise, and takes what it holds as the
// state from which the load goes on.
func (l *load) verify(t *testing.T, s store.Store, made promise) {
	t.Helper()
	ctx := t.Context()
	for _, p := range l.parts {
		n, v, by, err := l.state(ctx, s, p)
		if err != nil {
			t.Error(err)
		}
		if n < made.known[p] || n > l.attempted[p] {
			t.Errorf("%q is at state %d, acknowledged or read was %d, begun was %d", p.Name(), n, made.known[p], l.attempted[p])
		}
		if at, ok := l.versions[v]; ok && at != n {
			t.Errorf("%q is at state %d with the version of %d", p.Name(), n, at)
		}
		for _, r := range by {
			writer := r.Key[len("by "):]
			rows, _, err := s.Read(ctx, l.blind, store.Key(writer))
			if err != nil || len(rows[0]) != 1 || string(rows[0][0].Value) < string(r.Value) {
				t.Errorf("commit %x of %s is there, its put before is not: %v, %v", r.Value, writer, rows, err)
			}
		}
		l.known[p], l.attempted[p] = n, n
	}
	for _, p := range made.dropped {
		if rows, v, err := s.Read(ctx, p, store.Range{}); err != nil || v != "" || len(rows[0]) != 0 {
			t.Errorf("%q was dropped and has %d rows and version %x, error %v", p.Name(), len(rows[0]), v, err)
		}
	}
	l.dropped = nil
}

func isLog(path string) bool { return filepath.Ext(path) == ".log" }

func isSync(k errorfs.OpKind) bool {
	return k == errorfs.OpFileSync || k == errorfs.OpFileSyncData || k == errorfs.OpFileSyncTo
}

// slowSync makes the sync of the log slow, so that a crash finds commits that
// are visible but not durable.
func slowSync(f vfs.FS) vfs.FS {
	return errorfs.Wrap(f, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if isSync(op.Kind) && isLog(op.Path) {
			time.Sleep(time.Duration(rand.IntN(800)) * time.Microsecond)
		}
		return nil
	}))
}

func TestAcknowledgedCommitsSurviveCrashesUnderLoad(t *testing.T) {
	rounds := 100
	if testing.Short() {
		rounds = 20
	}
	rng := rand.New(rand.NewPCG(7, 11))
	disk := vfs.NewCrashableMem()
	l := newLoad(6)
	for round := range rounds {
		opts := Options{FS: slowSync(disk), MemTableBytes: minMemTableBytes << rng.IntN(3)}
		s := open(t, "recant", opts)
		ctx, stop := context.WithCancel(t.Context())
		wg := l.start(ctx, s, func(err error) { t.Errorf("round %d: %v", round, err) })
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if err := s.Purge(ctx, l.parts[i%len(l.parts)]); err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("round %d: %v", round, err)
				}
			}
		})
		time.Sleep(time.Duration(rng.IntN(30_000)) * time.Microsecond)

		made := l.promise()
		disk = disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: []int{0, rng.IntN(100), 100}[rng.IntN(3)], RNG: rng})
		stop()
		wg.Wait()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}

		s = open(t, "recant", Options{FS: disk})
		l.verify(t, s, made)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if t.Failed() {
			t.Fatalf("after crash %d", round)
		}
	}
	if l.acks < rounds {
		t.Errorf("only %d commits were acknowledged in %d rounds", l.acks, rounds)
	}
}

// crashAt returns a file system that keeps what a crash right before the n-th
// operation that writes would leave, counted from 1.
func crashAt(disk *vfs.MemFS, n int, cfg vfs.CrashCloneCfg) (f vfs.FS, crashed func() *vfs.MemFS) {
	var mu sync.Mutex
	var clone *vfs.MemFS
	count := 0
	f = errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			if count++; count == n {
				clone = disk.CrashClone(cfg)
			}
		}
		return nil
	}))
	return f, func() *vfs.MemFS {
		mu.Lock()
		defer mu.Unlock()
		return clone
	}
}

// eachCrash runs act on a copy of the disk and hands test the disk as a crash
// at each of its operations leaves it, with none, half or all of what was not
// synced.
func eachCrash(t *testing.T, disk *vfs.MemFS, act func(f vfs.FS), test func(n int, left *vfs.MemFS)) {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, 5))
	for _, unsynced := range []int{0, 50, 100} {
		n := 1
		for ; ; n++ {
			copied := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rng})
			f, crashed := crashAt(copied, n, vfs.CrashCloneCfg{UnsyncedDataPercent: unsynced, RNG: rng})
			act(f)
			left := crashed()
			if left == nil {
				break
			}
			test(n, left)
			if t.Failed() {
				t.Fatalf("after a crash at operation %d with %d %% of what was not synced", n, unsynced)
			}
		}
		if n < 10 {
			t.Fatalf("only %d operations write", n-1)
		}
	}
}

func TestCrashAtAnyPointOfTheFirstOpenIsHarmless(t *testing.T) {
	p := store.Versioned("p")
	eachCrash(t, vfs.NewCrashableMem(), func(f vfs.FS) {
		if err := open(t, "recant", Options{FS: f}).Close(); err != nil {
			t.Fatal(err)
		}
	}, func(n int, left *vfs.MemFS) {
		s := open(t, "recant", Options{FS: left})
		defer s.Close()
		if _, err := s.Commit(t.Context(), p, "", nil); err != nil {
			t.Error(err)
		}
	})
}

func TestCrashAtAnyPointOfALaterOpenRepeatsNoVersion(t *testing.T) {
	p := store.Versioned("p")
	disk := vfs.NewCrashableMem()
	s := open(t, "recant", Options{FS: disk})
	v, err := s.Commit(t.Context(), p, "", []store.Mutation{store.Set([]byte("k"), nil)})
	if err = errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	var given store.Version
	eachCrash(t, disk, func(f vfs.FS) {
		s := open(t, "recant", Options{FS: f})
		given = s.nextVersion()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}, func(n int, left *vfs.MemFS) {
		s := open(t, "recant", Options{FS: left})
		defer s.Close()
		rows, got, err := s.Read(t.Context(), p, store.Range{})
		if err != nil || got != v || len(rows[0]) != 1 {
			t.Errorf("read %v at %x, error %v; want one row at %x", rows, got, err, v)
		}
		// Whether the crash came before or after the epoch was durable: a
		// version given out after it was is not given again.
		if next := s.nextVersion(); next == v || s.epoch > 2 && next == given {
			t.Errorf("version %x came twice", next)
		}
	})
}
