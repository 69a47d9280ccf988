package pebble

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/recant-chat/recant/store"
)

// faults are the ways in which the log can fail.
func faults() map[string]func(errorfs.OpKind) bool {
	return map[string]func(errorfs.OpKind) bool{
		"sync":  isSync,
		"write": func(k errorfs.OpKind) bool { return k == errorfs.OpFileWrite || k == errorfs.OpFileWriteAt },
	}
}

// faultyLog fails the given operations on the log once the returned toggle is
// on.
func faultyLog(f vfs.FS, fails func(errorfs.OpKind) bool) (vfs.FS, *errorfs.Toggle) {
	toggle := &errorfs.Toggle{Injector: errorfs.InjectorFunc(func(op errorfs.Op) error {
		if fails(op.Kind) && isLog(op.Path) {
			return errorfs.ErrInjected
		}
		return nil
	})}
	return errorfs.Wrap(f, toggle), toggle
}

func TestFailedLogIsNeverAcknowledgedAndStopsTheStore(t *testing.T) {
	for name, fails := range faults() {
		t.Run(name, func(t *testing.T) {
			disk := vfs.NewCrashableMem()
			f, broken := faultyLog(disk, fails)
			s := open(t, "recant", Options{FS: f})
			p, other, blind := store.Versioned("p"), store.Versioned("other"), store.Blind("b")
			ctx := t.Context()
			v, err := s.Commit(ctx, p, "", []store.Mutation{store.Set([]byte("k"), []byte("1"))})
			if err != nil {
				t.Fatal(err)
			}

			broken.On()
			_, err = s.Commit(ctx, p, v, []store.Mutation{store.Set([]byte("k"), []byte("2")), store.Set([]byte("l"), []byte("2"))})
			if !errors.Is(err, store.ErrUnknown) || !errors.Is(err, errorfs.ErrInjected) {
				t.Errorf("commit on a failed log: %v, want ErrUnknown and the cause", err)
			}
			select {
			case <-s.Failed():
			default:
				t.Error("the store does not say that it failed")
			}

			broken.Off() // a disk that recovers brings nothing back
			_, err = s.Commit(ctx, other, "", nil)
			wantFailed(t, "commit", err)
			_, _, err = s.Read(ctx, p, store.Range{})
			wantFailed(t, "read", err)
			wantFailed(t, "put", s.Put(ctx, blind, []store.Mutation{store.Set([]byte("k"), nil)}))
			wantFailed(t, "drop", s.Drop(ctx, p))
			wantFailed(t, "purge", s.Purge(ctx, p))
			wantFailed(t, "close", s.Close())
			if err := s.Close(); !errors.Is(err, store.ErrClosed) {
				t.Errorf("second close: %v, want ErrClosed", err)
			}
			wantWholeCommits(t, disk, v)
		})
	}
}

func wantFailed(t *testing.T, verb string, err error) {
	t.Helper()
	if !errors.Is(err, ErrFailed) || !errors.Is(err, errorfs.ErrInjected) || errors.Is(err, store.ErrUnknown) {
		t.Errorf("%s after a failure: %v, want ErrFailed and the cause", verb, err)
	}
}

// wantWholeCommits looks at the disk after a crash: the first commit is there,
// the second, unknown one is there wholly or not at all.
func wantWholeCommits(t *testing.T, disk *vfs.MemFS, first store.Version) {
	t.Helper()
	for _, percent := range []int{0, 100} {
		left := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(1, 1))})
		s := open(t, "recant", Options{FS: left})
		rows, v, err := s.Read(t.Context(), store.Versioned("p"), store.Range{})
		text := ""
		for _, r := range rows[0] {
			text += string(r.Key) + string(r.Value)
		}
		if err != nil || (v != first || text != "k1") && (v == first || text != "k2l2") {
			t.Errorf("after a crash: %q at version %x, error %v", text, v, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A log that fails among many writers can leave the tree beyond closing, with
// goroutines that only the end of the process ends; so each case is a process.
func TestFailedLogUnderLoadKeepsEveryPromise(t *testing.T) {
	for name := range faults() {
		t.Run(name, func(t *testing.T) {
			out, err := child(t, "TestFaultChild", name).CombinedOutput()
			if err != nil || !strings.Contains(string(out), "--- PASS: TestFaultChild") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func child(t *testing.T, test, argument string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+test+"$", "-test.v", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), faultChild+"="+argument)
	return cmd
}

// TestFaultChild is the other process of
// TestFailedLogUnderLoadKeepsEveryPromise.
func TestFaultChild(t *testing.T) {
	fails := faults()[os.Getenv(faultChild)] // none where it is not the child
	if fails == nil {
		return
	}
	rounds := 25
	if testing.Short() {
		rounds = 5
	}
	rng := rand.New(rand.NewPCG(13, 17))
	disk := vfs.NewCrashableMem()
	l := newLoad(6)
	for round := range rounds {
		f, broken := faultyLog(disk, fails)
		s := open(t, "recant", Options{FS: slowSync(f)})
		unknown := make(chan error, 100)
		ctx, stop := context.WithCancel(t.Context())
		wg := l.start(ctx, s, func(err error) { unknown <- err })
		time.Sleep(time.Duration(rng.IntN(20_000)) * time.Microsecond)
		broken.On()

		select {
		case <-s.Failed():
		case <-time.After(30 * time.Second):
			t.Fatal("the store did not notice that its log failed")
		}
		wg.Wait() // every caller gets an answer
		stop()
		close(unknown)
		for err := range unknown {
			if !errors.Is(err, store.ErrUnknown) && !errors.Is(err, ErrFailed) {
				t.Errorf("a verb on a failed store: %v", err)
			}
		}
		made := l.promise()
		if err := s.Close(); !errors.Is(err, ErrFailed) {
			t.Errorf("close: %v, want ErrFailed", err)
		}
		disk = disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: []int{0, 100}[round%2], RNG: rng})
		s = open(t, "recant", Options{FS: disk})
		l.verify(t, s, made)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Fatalf("after failure %d", round)
		}
	}
	if l.acks < rounds {
		t.Errorf("only %d commits were acknowledged in %d rounds", l.acks, rounds)
	}
}

// A log that fails while the tree changes to the next one ends the process.
// Whatever way it ends, what it acknowledged is on the disk.
func TestProcessThatALogFailureEndsHasLostNothing(t *testing.T) {
	rounds := 6
	if testing.Short() {
		rounds = 2
	}
	dir := filepath.Join(t.TempDir(), "recant")
	l := newLoad(6)
	for round := range rounds {
		l.round = round
		out, _ := child(t, "TestDyingChild", dir).Output()
		acks := 0
		for line := range strings.Lines(string(out)) {
			var n int
			var state uint64
			if _, err := fmt.Sscanf(line, "acknowledged %d %d\n", &n, &state); err == nil {
				acks++
				l.known[l.parts[n]] = max(l.known[l.parts[n]], state)
			}
		}
		if acks == 0 || strings.Contains(string(out), "survived") {
			t.Fatalf("%d commits acknowledged\n%s", acks, out)
		}
		for _, p := range l.parts {
			l.attempted[p] = math.MaxUint64
		}
		s := open(t, dir, Options{})
		l.verify(t, s, l.promise())
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestDyingChild is the other process of
// TestProcessThatALogFailureEndsHasLostNothing. It tells what was acknowledged
// and goes on until the log fails it.
func TestDyingChild(t *testing.T) {
	dir := os.Getenv(faultChild)
	if !filepath.IsAbs(dir) {
		return
	}
	f, broken := faultyLog(vfs.Default, isSync)
	s := open(t, dir, Options{FS: slowSync(f), MemTableBytes: minMemTableBytes})
	l := newLoad(6)
	rng := rand.New(rand.NewPCG(uint64(os.Getpid()), 0))
	breakSoon := sync.OnceFunc(func() {
		time.AfterFunc(time.Duration(20+rng.IntN(40))*time.Millisecond, broken.On)
	})
	acknowledged := map[store.Partition]uint64{}
	for s.failure() == nil {
		var wg sync.WaitGroup
		for i, p := range l.parts {
			wg.Go(func() {
				writer := fmt.Sprint("writer ", os.Getpid(), i)
				if err := l.advance(t.Context(), s, p, writer, rand.New(rand.NewPCG(uint64(i), 0))); err != nil {
					return
				}
				l.locked(func() {
					if n := l.known[p]; n > acknowledged[p] {
						acknowledged[p] = n
						fmt.Printf("acknowledged %d %d\n", i, n)
						breakSoon() // not before: a slow machine acknowledges late
					}
				})
			})
		}
		wg.Wait()
	}
	time.Sleep(5 * time.Millisecond)
	if _, err := s.Commit(t.Context(), l.parts[0], "", nil); !errors.Is(err, ErrFailed) {
		fmt.Println("survived", err)
	}
}
