package webhook

import (
	"context"
	"errors"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recant-chat/recant/chat"
)

// switched is a backend whose behaviour a test changes.
func switched(t *testing.T) (*taker, *atomic.Pointer[http.HandlerFunc]) {
	var now atomic.Pointer[http.HandlerFunc]
	backend := newTaker(t, func(w http.ResponseWriter, r *http.Request) { (*now.Load())(w, r) })
	return backend, &now
}

func set(now *atomic.Pointer[http.HandlerFunc], h http.HandlerFunc) { now.Store(&h) }

// pause is long enough for a hundred calls of a loaded machine.
const pause = time.Second

func TestABackendThatFailsIsSparedAndTriedAgain(t *testing.T) {
	for name, dead := range map[string]http.HandlerFunc{"answers 500": answers(500, ""), "does not answer": hang, "answers nonsense": answers(200, "OK")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backend, now := switched(t)
			set(now, dead)
			s := testSettings(backend.URL)
			s.Timeout = 500 * time.Millisecond
			r := mustNewWith(t, s, Options{}, pause)
			for i := range tripAfter {
				if _, err := ask(r); err == nil || outcomeOf(err) == cut {
					t.Fatalf("call %d: %v", i, err)
				}
			}
			for range 100 {
				if _, err := ask(r); outcomeOf(err) != cut {
					t.Fatalf("the breaker is not open: %v", err)
				}
			}
			if n := len(backend.arrivals()); n != tripAfter {
				t.Errorf("%d calls arrived, want %d", n, tripAfter)
			}

			time.Sleep(pause + pause/10)
			if _, err := ask(r); outcomeOf(err) == cut || err == nil {
				t.Errorf("no probe: %v", err)
			}
			if _, err := ask(r); outcomeOf(err) != cut {
				t.Errorf("a probe that failed did not open it again: %v", err)
			}

			set(now, answers(200, allowed))
			time.Sleep(pause + pause/10)
			for range 2 * tripAfter {
				if _, err := ask(r); err != nil {
					t.Fatalf("the backend is well and not called: %v", err)
				}
			}
		})
	}
}

// While one call probes, the others do not wait for it.
func TestOneCallProbes(t *testing.T) {
	backend, now := switched(t)
	set(now, answers(500, ""))
	r := mustNewWith(t, testSettings(backend.URL), Options{}, pause)
	for range tripAfter {
		ask(r)
	}
	time.Sleep(pause + pause/10)
	set(now, hang)
	var wait sync.WaitGroup
	var probes, spared atomic.Int32
	for range 50 {
		wait.Go(func() {
			switch _, err := ask(r); outcomeOf(err) {
			case timedOut:
				probes.Add(1)
			case cut:
				spared.Add(1)
			}
		})
	}
	wait.Wait()
	if probes.Load() != 1 || spared.Load() != 49 {
		t.Errorf("%d probes, %d spared", probes.Load(), spared.Load())
	}
}

func TestAnyAnswerThatCanBeReadIsASuccess(t *testing.T) {
	for _, body := range []string{allowed, `{"ErrorCode":1}`, `{"ErrorCode":2}`, `{"ErrorCode":10100}`, `{"ErrorCode":-5}`} {
		backend := newTaker(t, answers(200, body))
		r := mustNew(t, testSettings(backend.URL), Options{})
		for range 3 * tripAfter {
			if _, err := ask(r); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestFailuresBetweenSuccessesDoNotOpen(t *testing.T) {
	backend, now := switched(t)
	r := mustNew(t, testSettings(backend.URL), Options{})
	for i := range 5 * tripAfter {
		set(now, answers(500, ""))
		if i%tripAfter == 0 {
			set(now, answers(200, allowed))
		}
		if _, err := ask(r); outcomeOf(err) == cut {
			t.Fatalf("open after call %d", i)
		}
	}
}

// A caller's own end says nothing about the backend: neither in the calls that
// open the breaker nor in the probe.
func TestCallersWhoLeaveAreNoFailures(t *testing.T) {
	backend, now := switched(t)
	set(now, hang)
	s := testSettings(backend.URL)
	s.Timeout = 10 * time.Second
	r := mustNewWith(t, s, Options{}, pause)
	leave := func() outcome {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer cancel()
		_, err := r.Ask(ctx, callback(beforeSend))
		return outcomeOf(err)
	}
	for range 3 * tripAfter {
		if o := leave(); o != abandoned {
			t.Fatalf("got %s", o)
		}
	}
	set(now, answers(500, ""))
	for range tripAfter {
		ask(r)
	}
	time.Sleep(pause + pause/10)
	set(now, hang)
	for range 3 {
		if o := leave(); o != abandoned {
			t.Errorf("the probe: got %s", o)
		}
	}
	set(now, answers(200, allowed))
	if _, err := ask(r); err != nil {
		t.Errorf("a probe that was left opened or stopped the breaker: %v", err)
	}
}

// A handler that is broken for one command does not turn off the others.
func TestEachCommandHasItsBreaker(t *testing.T) {
	backend := newTaker(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("CallbackCommand") == "Group.CallbackBeforeCreateGroup" {
			w.WriteHeader(500)
			return
		}
		answers(200, allowed)(w, r)
	})
	r := mustNew(t, testSettings(backend.URL), Options{})
	for range 2 * tripAfter {
		r.Ask(context.Background(), callback("Group.CallbackBeforeCreateGroup"))
	}
	if _, err := r.Ask(context.Background(), callback("Group.CallbackBeforeCreateGroup")); outcomeOf(err) != cut {
		t.Errorf("its own breaker: %v", err)
	}
	if _, err := ask(r); err != nil {
		t.Errorf("another command: %v", err)
	}
}

// An event that has happened is told whatever the breakers say, and opens none:
// nobody waits for it, and whether it is told again is for its keeper.
func TestEventsThatHappenedAreAlwaysTried(t *testing.T) {
	backend := newTaker(t, answers(500, ""))
	r := mustNew(t, testSettings(backend.URL), Options{})
	for range 2 * tripAfter {
		if err := tell(r); !errors.Is(err, chat.ErrReceiverAnswered) {
			t.Fatal(err)
		}
	}
	if _, err := ask(r); outcomeOf(err) != refused {
		t.Errorf("asked: %v", err)
	}
	for range tripAfter {
		ask(r)
	}
	if err := tell(r); !errors.Is(err, chat.ErrReceiverAnswered) {
		t.Errorf("with an open breaker: %v", err)
	}
}

func TestNeitherClassOfCallsStarvesTheOther(t *testing.T) {
	for stuck, other := range map[string]func(*Receiver) error{
		beforeSend: tell,
		afterSend:  func(r *Receiver) error { _, err := ask(r); return err },
	} {
		backend := newTaker(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("CallbackCommand") == stuck {
				hang(w, r)
				return
			}
			answers(200, allowed)(w, r)
		})
		s := testSettings(backend.URL)
		s.Timeout, s.MaxConcurrentBefore, s.MaxConcurrentAfter = 10*time.Second, 2, 2
		r := mustNew(t, s, Options{})
		ctx, cancel := context.WithCancel(context.Background())
		var wait sync.WaitGroup
		for range 10 {
			wait.Go(func() {
				if stuck == beforeSend {
					r.Ask(ctx, callback(stuck))
				} else {
					r.Tell(ctx, callback(stuck))
				}
			})
		}
		for len(backend.arrivals()) < 2 {
			time.Sleep(time.Millisecond)
		}
		began := time.Now()
		if err := other(r); err != nil || time.Since(began) > testTimeout {
			t.Errorf("%s is stuck: %v after %v", stuck, err, time.Since(began))
		}
		cancel()
		wait.Wait()
	}
}

// Nobody waits for a place to be told that the backend is dead.
func TestAnOpenBreakerIsLookedAtBeforeThePlaces(t *testing.T) {
	const other = "Group.CallbackBeforeCreateGroup"
	backend := newTaker(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("CallbackCommand") == other {
			hang(w, r)
			return
		}
		w.WriteHeader(500)
	})
	s := testSettings(backend.URL)
	s.Timeout, s.MaxConcurrentBefore = 10*time.Second, 1
	r := mustNew(t, s, Options{})
	for range tripAfter { // one place serves them all
		if _, err := ask(r); outcomeOf(err) != refused {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	wait.Go(func() { r.Ask(ctx, callback(other)) })
	for len(backend.arrivals()) <= tripAfter {
		time.Sleep(time.Millisecond)
	}
	began := time.Now()
	if _, err := ask(r); outcomeOf(err) != cut || time.Since(began) > 4*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	cancel()
	wait.Wait()
}

// Events that have happened wait for their turn and are all told, at most as
// many at once as the setting says.
func TestEventsThatHappenedWaitForTheirTurn(t *testing.T) {
	var at, most atomic.Int32
	backend := newTaker(t, func(w http.ResponseWriter, r *http.Request) {
		n := at.Add(1)
		defer at.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		time.Sleep(testTimeout / 10)
		answers(200, allowed)(w, r)
	})
	s := testSettings(backend.URL)
	s.MaxConcurrentAfter = 3
	r := mustNew(t, s, Options{})
	var wait sync.WaitGroup
	for range 60 { // twice the timeout in all
		wait.Go(func() {
			if err := tell(r); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if most.Load() != 3 {
		t.Errorf("%d at once, want 3", most.Load())
	}
}

// A thousand callers at once before a backend that accepts connections and does
// not answer, over HTTP and in the handshake of TLS: time, connections and
// goroutines are bounded, and whoever comes later does not wait.
func TestAHangingBackendCostsLittle(t *testing.T) {
	for _, scheme := range []string{"http://", "https://"} {
		t.Run(scheme, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var mutex sync.Mutex
			var accepted []net.Conn
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					mutex.Lock()
					accepted = append(accepted, conn)
					mutex.Unlock()
				}
			}()
			s := testSettings(scheme + listener.Addr().String())
			s.MaxConcurrentBefore = 16
			r := mustNew(t, s, Options{})
			const callers = 1000
			goroutines := runtime.NumGoroutine()

			began := time.Now()
			var wait sync.WaitGroup
			var took [callers]time.Duration
			var waited atomic.Int32
			for i := range callers {
				wait.Go(func() {
					switch _, err := ask(r); outcomeOf(err) {
					case timedOut:
						waited.Add(1)
					case crowded, cut:
					default:
						t.Errorf("got %v", err)
					}
					took[i] = time.Since(began)
				})
			}
			time.Sleep(testTimeout / 2)
			// Beyond the callers: three for each connection, and what accepts.
			if n := runtime.NumGoroutine() - goroutines - callers; n > 4*16 {
				t.Errorf("%d goroutines beside the callers", n)
			}
			wait.Wait()
			bound := s.Patience() + s.Timeout + 5*time.Second
			for _, d := range took {
				if d > bound {
					t.Fatalf("a caller waited %v, want at most %v", d, bound)
				}
			}
			if waited.Load() != 16 {
				t.Errorf("%d calls were made, want 16", waited.Load())
			}
			began = time.Now()
			for range callers {
				if _, err := ask(r); outcomeOf(err) != cut {
					t.Fatalf("the breaker is not open: %v", err)
				}
			}
			if d := time.Since(began); d > 4*time.Second {
				t.Errorf("%d later callers took %v", callers, d)
			}
			listener.Close()
			<-ended
			if len(accepted) > 2*16 { // those that gave up and, in their place, those that came next
				t.Errorf("%d connections", len(accepted))
			}
			for _, conn := range accepted {
				conn.Close()
			}
		})
	}
}
