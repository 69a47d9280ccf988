package chat

import (
	"context"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// sharedStore is a store that several processes have open.
type sharedStore struct{ store.Store }

// twins are two processes on one store.
func twins(t *testing.T, set ...func(*Options)) (a, b *App) {
	t.Helper()
	st := sharedStore{testengine.Open(t)}
	return openTestApp(t, st, set...), openTestApp(t, st, set...)
}

func mustSend(t *testing.T, a *App, m Message) *Sent {
	t.Helper()
	sent, err := a.Send(bg, moderator, m)
	if err != nil {
		t.Fatal(err)
	}
	return sent
}

// What another process took is repeated, also where it would be refused.
func TestARepeatOfWhatAnotherProcessTookIsNotRefused(t *testing.T) {
	a, b := twins(t)
	makeGroup(t, a, "g", Public)
	mustSend(t, b, testMessage("g", "ann", 1)) // b knows the log
	first := mustSend(t, a, testMessage("g", "ann", 2))
	if err := a.MuteGlobally(bg, "ann", GlobalMute{Group: new(uint32(60))}); err != nil {
		t.Fatal(err)
	}
	if again := mustSend(t, b, testMessage("g", "ann", 2)); *again != *first {
		t.Errorf("the repeat answers %+v, the first %+v", again, first)
	}
	if _, err := b.Send(bg, moderator, testMessage("g", "ann", 3)); CodeOf(err) != CodeMuted {
		t.Errorf("another message: %v, want %d", err, CodeMuted)
	}
}

// Of one second's messages each process counts those of the others.
func TestTheFrequencyControlCountsTheMessagesOfAllProcesses(t *testing.T) {
	now := time.Unix(2_000_000_000, 0)
	a, b := twins(t, func(o *Options) {
		o.Clock, o.Settings.GroupThrottlePerSecond = func() time.Time { return now }, 10
	})
	makeGroup(t, a, "g", Public)
	sent := 0
	for n := range uint32(20) {
		if !mustSend(t, []*App{a, b}[n%2], testMessage("g", "ann", n)).Dropped {
			sent++
		}
	}
	if sent != 10 {
		t.Errorf("%d messages passed, want 10", sent)
	}
}

// A process whose newest bucket is full sees where another has gone on.
func TestWhatAnotherProcessSentIntoTheNextBucketIsSeen(t *testing.T) {
	a, b := twins(t)
	makeGroup(t, a, "g", Public)
	appendTimed(t, ownStream(t, a, "g"), make([]int64, record.BucketSize))
	look := func() uint32 {
		t.Helper()
		_, last, err := ownStream(t, b, "g").unfolded(bg, func(func(string) bool) {})
		if err != nil {
			t.Fatal(err)
		}
		return last
	}
	if last := look(); last != record.BucketSize {
		t.Fatalf("the newest number is %d", last)
	}
	appendTimed(t, ownStream(t, a, "g"), make([]int64, 3))
	if last := look(); last != record.BucketSize+3 {
		t.Errorf("the newest number is %d, want %d", last, record.BucketSize+3)
	}
}

// What is not deleted when another process takes it for left behind is listed anew.
func TestADestructionThatStallsIsListedAgain(t *testing.T) {
	st := &afterPut{Store: sharedStore{testengine.Open(t)}}
	a := openTestApp(t, st)
	b := openTestApp(t, st.Store, minutesLater)
	listed := func() (n int) {
		for _, p := range record.CleanupPartitions(a.id) {
			n += len(rowsOf(t, st.Store, p))
		}
		return n
	}
	if _, err := a.CreateGroup(bg, Operator{}, NewGroup{ID: "g", Type: "Public", Name: "n"}); err != nil {
		t.Fatal(err)
	}
	mustImport(t, a, "bob")
	for name, destroy := range map[string]func() error{
		"group":   func() error { return a.DestroyGroup(bg, Operator{}, "g") },
		"account": func() error { _, _, err := a.markDeleting(bg, "bob", false); return err },
	} {
		if err := b.cleanUp(bg); err != nil { // of the one before
			t.Fatal(err)
		}
		before, met := listed(), false
		st.then = func(store.Partition) {
			if listed() == before { // not yet
				return
			}
			st.then, met = nil, true
			if err := b.cleanUp(bg); err != nil { // two minutes later, it seems
				t.Error(err)
			}
			if n := listed(); n != before {
				t.Errorf("%s: %d entries are listed, want the stale one to be gone", name, n-before)
			}
		}
		st.saw = map[string]bool{}
		if err := destroy(); err != nil || !met {
			t.Fatal(name, met, err)
		}
		if n := listed(); n != before+1 {
			t.Errorf("%s: %d entries are listed after the destruction, want 1", name, n-before)
		}
		// Or the removal of the stale one might come after it, or seem to.
		if len(st.saw) != 2 {
			t.Errorf("%s: %d keys were listed, want one of each attempt", name, len(st.saw))
		}
	}
}

// A group whose creation stalls is in the directory all the same.
func TestAGroupWhoseCreationStallsIsListed(t *testing.T) {
	st := &afterPut{Store: sharedStore{testengine.Open(t)}}
	clock := &testClock{now: time.Unix(2_000_000_000, 0)}
	same := func(o *Options) { o.Clock = clock.Now }
	a, b := openTestApp(t, st, same), openTestApp(t, st.Store, same)
	list := func() []string {
		t.Helper()
		found, err := b.ListGroups(bg, "", 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		return found.IDs
	}
	st.then = func(p store.Partition) {
		if p != record.DirectoryPartition(a.id, string(Public)) {
			return
		}
		st.then = nil
		clock.now = clock.now.Add(2 * staleAfter * time.Second)
		if found := list(); len(found) > 0 {
			t.Errorf("%v is listed before it is there", found)
		}
	}
	if _, err := a.CreateGroup(bg, Operator{}, NewGroup{ID: "g", Type: "Public", Name: "n"}); err != nil || st.then != nil {
		t.Fatal(st.then != nil, err)
	}
	if found := list(); len(found) != 1 {
		t.Errorf("listed are %v, want g", found)
	}
}

// Both who delete an account at once are told that it is gone.
func TestTwoProcessesDeleteOneAccount(t *testing.T) {
	st := &afterCommit{Store: sharedStore{testengine.Open(t)}}
	on := func(o *Options) { o.Settings.AccountDeletion = true }
	a, b := openTestApp(t, st, on), openTestApp(t, st.Store, on)
	mustImport(t, a, "bob")
	st.then = func(store.Partition) error {
		st.then = nil // it is marked
		found, err := b.deleteAccount(bg, "bob", false)
		if !found {
			t.Error("the second finds no account")
		}
		return err
	}
	if found, err := a.deleteAccount(bg, "bob", false); err != nil || !found {
		t.Errorf("the first finds an account: %v (%v)", found, err)
	}
	if account, _, err := a.readAccountRow(bg, "bob"); account != nil || err != nil {
		t.Errorf("account is %v (%v)", account, err)
	}
	for _, p := range record.CleanupPartitions(a.id) {
		wantRows(t, st.Store, "cleanup list", p)
	}
}

// An erasure is put off in one process, or has begun in another, never both.
func TestAnErasureThatAnotherProcessPutsOffWaits(t *testing.T) {
	st := &afterRead{Store: sharedStore{testengine.Open(t)}}
	a, b := openTestApp(t, st), openTestApp(t, st.Store)
	done, err := a.Recall(bg, moderator, RecallCall{Targets: crashGroups(t, a, 1)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Erase(bg, moderator, done.OperationID, 0); err != nil {
		t.Fatal(err)
	}
	o, err := a.operation(bg, done.OperationID)
	if err != nil {
		t.Fatal(err)
	}
	later := a.now() + 7*secondsPerDay
	st.then = func(p store.Partition, _ []store.Range) {
		if p != record.ErasurePartition(a.id, o.id) {
			return
		}
		st.then = nil // a has read that it may begin
		if e, err := b.Erase(bg, moderator, done.OperationID, later); err != nil || e.State != ErasureWaiting {
			t.Errorf("put off, it is %+v (%v)", e, err)
		}
	}
	if _, err := a.workOnRecalls(bg); err != nil || st.then != nil {
		t.Fatal(st.then != nil, err)
	}
	shown, err := a.Operation(bg, done.OperationID)
	if err != nil || shown.Erasure.State != ErasureWaiting || shown.Erasure.NotBefore != later || shown.Targets[0].State != StateActive {
		t.Errorf("erasure is %+v, the target %+v (%v)", shown.Erasure, shown.Targets, err)
	}
}

// Work is left for a minute to the process that has listed it.
func TestWorkOfAnotherProcessIsTakenOverAfterAMinute(t *testing.T) {
	clock := &testClock{now: time.Unix(2_000_000_000, 0)}
	a, b := twins(t, func(o *Options) { o.Clock = clock.Now })
	done, err := a.Recall(bg, moderator, RecallCall{Targets: crashGroups(t, a, 1)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Erase(bg, moderator, done.OperationID, 0); err != nil {
		t.Fatal(err)
	}
	for pass, want := range []string{ErasureWaiting, ErasureDone} {
		next, err := b.workOnRecalls(bg)
		if err != nil {
			t.Fatal(err)
		}
		o, err := b.Operation(bg, done.OperationID)
		if err != nil || o.Erasure.State != want {
			t.Errorf("pass %d: erasure is %+v (%v), want %s", pass, o.Erasure, err, want)
		}
		if due := clock.now.Add(takeOverAfter * time.Second); pass == 0 && !next.Equal(due) {
			t.Errorf("the next work is due at %v, want %v", next, due)
		}
		clock.now = clock.now.Add(takeOverAfter * time.Second)
	}
}

// What others make is counted, though not at once.
func TestGroupsOfOtherProcessesAreCounted(t *testing.T) {
	a, b := twins(t)
	total := func() int {
		t.Helper()
		found, err := b.ListGroups(bg, "", 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		return found.Total
	}
	if n := total(); n != 0 {
		t.Fatalf("%d groups", n)
	}
	if _, err := a.CreateGroup(bg, Operator{}, NewGroup{ID: "g", Type: "Public", Name: "n"}); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); total() != 1; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("another process's group is not counted")
		}
	}
}

// afterPut calls a function after every Put.
type afterPut struct {
	store.Store
	then func(store.Partition)
	saw  map[string]bool // keys of the cleanup list, where it is given
}

func (s *afterPut) Put(ctx context.Context, p store.Partition, m []store.Mutation) error {
	err := s.Store.Put(ctx, p, m)
	for _, row := range m {
		if s.saw != nil && !row.Delete && p == record.CleanupPartition(1400000001, row.Key) {
			s.saw[string(row.Key)] = true
		}
	}
	if err == nil && s.then != nil {
		s.then(p)
	}
	return err
}

// What is listed just before it is asked for stays listed, and what never is does not.
func TestAnErasureThatIsListedBeforeItIsAskedForIsDone(t *testing.T) {
	for _, asked := range []bool{true, false} {
		clock := &testClock{now: time.Unix(2_000_000_000, 0)}
		st := &afterPut{Store: sharedStore{testengine.Open(t)}}
		a := openTestApp(t, st, func(o *Options) { o.Clock = clock.Now })
		done, err := a.Recall(bg, moderator, RecallCall{Targets: crashGroups(t, a, 1)})
		if err != nil {
			t.Fatal(err)
		}
		o, err := a.operation(bg, done.OperationID)
		if err != nil {
			t.Fatal(err)
		}
		key := record.RecallWorkKey(record.AuditEntry_ERASE, o.id)
		ctx, cancel := context.WithCancel(bg)
		st.then = func(p store.Partition) {
			if w, err := a.workAt(bg, key); w == nil || err != nil {
				return
			}
			st.then = nil
			if _, err := a.workOnRecalls(bg); err != nil {
				t.Error(err)
			}
			if !asked {
				cancel()
			}
		}
		if _, err := a.Erase(ctx, moderator, done.OperationID, 0); (err == nil) != asked || st.then != nil {
			t.Fatal(st.then != nil, err)
		}
		cancel()
		clock.now = clock.now.Add(voidAfterSeconds * time.Second)
		if _, err := a.workOnRecalls(bg); err != nil {
			t.Fatal(err)
		}
		described, err := a.Operation(bg, done.OperationID)
		if err != nil || (described.Erasure != nil) != asked || asked && described.Erasure.State != ErasureDone {
			t.Errorf("asked for: %v, erasure is %+v (%v)", asked, described.Erasure, err)
		}
		if w, err := a.workAt(bg, key); w != nil || err != nil {
			t.Errorf("asked for: %v, still listed is %v (%v)", asked, w, err)
		}
	}
}
