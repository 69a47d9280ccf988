package chat

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
)

// panickyStore panics at one read or commit of a log and then never again.
type panickyStore struct {
	store.Store
	mu   sync.Mutex
	verb string // "read" or "commit", "" once it is done
	// held, where it is not nil, is closed when a commit of a log begins, which
	// then waits for release and succeeds; the one after it panics.
	held, release chan struct{}
}

func (s *panickyStore) meet(verb string, p store.Partition) {
	if !strings.HasPrefix(p.Name(), "L") { // the kind of logs
		return
	}
	s.mu.Lock()
	held, release, met := s.held, s.release, s.verb == verb
	if met && held != nil {
		s.held = nil
	} else if met {
		s.verb = ""
	}
	s.mu.Unlock()
	switch {
	case met && held != nil:
		close(held)
		<-release
	case met:
		panic("on purpose")
	}
}

func (s *panickyStore) Commit(ctx context.Context, p store.Partition, base store.Version, m []store.Mutation) (store.Version, error) {
	s.meet("commit", p)
	return s.Store.Commit(ctx, p, base, m)
}

func (s *panickyStore) Read(ctx context.Context, p store.Partition, ranges ...store.Range) ([][]store.Row, store.Version, error) {
	s.meet("read", p)
	return s.Store.Read(ctx, p, ranges...)
}

// sendRecovering sends and reports whether that panicked.
func sendRecovering(a *App, random uint32) (panicked bool, err error) {
	defer func() { panicked = recover() != nil }()
	ctx, cancel := context.WithTimeout(bg, 10*time.Second)
	defer cancel()
	_, err = a.Send(ctx, Operator{Account: "administrator"}, testMessage("g", "ann", random))
	return false, err
}

func TestConversationOutlivesAPanicWhileItIsRead(t *testing.T) {
	st := testengine.Open(t)
	makeGroup(t, openTestApp(t, st), "g", ChatRoom)
	a := openTestApp(t, &panickyStore{Store: st, verb: "read"})
	if panicked, err := sendRecovering(a, 1); !panicked {
		t.Fatalf("the first send did not panic but answered %v", err)
	}
	if panicked, err := sendRecovering(a, 2); panicked || err != nil {
		t.Fatalf("the next send: panicked %v, %v", panicked, err)
	}
	wantContiguous(t, a, "g", 1)
}

// One send is held in its commit while three more gather behind it. They are
// committed together, and that panics.
func TestPanicOfABatchIsAnErrorToItsOtherSends(t *testing.T) {
	st := testengine.Open(t)
	makeGroup(t, openTestApp(t, st), "g", ChatRoom)
	held, release := make(chan struct{}), make(chan struct{})
	a := openTestApp(t, &panickyStore{Store: st, verb: "commit", held: held, release: release})
	var running sync.WaitGroup
	running.Go(func() {
		if panicked, err := sendRecovering(a, 1); panicked || err != nil {
			t.Errorf("the send before: panicked %v, %v", panicked, err)
		}
	})
	<-held
	var mu sync.Mutex
	panics, failures := 0, 0
	for i := range uint32(3) {
		running.Go(func() {
			panicked, err := sendRecovering(a, 2+i)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case panicked:
				panics++
			case errors.Is(err, errWriterPanicked):
				failures++
			default:
				t.Errorf("a send of the batch answered %v", err)
			}
		})
	}
	waitForQueue(t, a, 3)
	close(release)
	running.Wait()
	if panics != 1 || failures != 2 {
		t.Errorf("%d sends panicked and %d failed, want 1 and 2", panics, failures)
	}
	if panicked, err := sendRecovering(a, 9); panicked || err != nil {
		t.Fatalf("the next send: panicked %v, %v", panicked, err)
	}
	wantContiguous(t, a, "g", 2)
}

// waitForQueue returns when so many sends wait in group g.
func waitForQueue(t *testing.T, a *App, n int) {
	t.Helper()
	g, err := a.readGroupHead(bg, "g")
	if err != nil {
		t.Fatal(err)
	}
	s := g.stream()
	for range 1000 {
		s.state.Lock()
		waiting := len(s.queue)
		s.state.Unlock()
		if waiting == n {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("fewer than %d sends wait", n)
}
