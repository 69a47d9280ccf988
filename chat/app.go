// Package chat is the domain: accounts, groups, members, topics, messages and
// their recall, for one application at a time. It knows no HTTP and no
// database; everything durable goes through package store.
package chat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
	"google.golang.org/protobuf/proto"
)

// Options are what an App is opened with.
type Options struct {
	Settings Settings
	Clock    Clock        // nil is time.Now
	Admins   []string     // accounts that exist without being imported
	Logger   *slog.Logger // nil discards
	Webhooks Webhooks
	// Housekeeping is the time between two rounds of the background work
	// (expiry, removal of what was destroyed); 0 is an hour, negative is never.
	Housekeeping time.Duration
	// ReadOnly says that the store refuses every write: no background work is done
	// and no event delivered.
	ReadOnly bool
	// Presence knows who is connected; nil is one that knows of nobody.
	Presence Presence
}

// App is the chat of one application. Its methods may be called concurrently;
// every context's end is honoured until the first write of the call.
type App struct {
	id       uint32
	store    store.Store
	settings Settings
	clock    Clock
	admins   map[string]bool
	log      *slog.Logger
	readOnly bool

	presence   Presence
	onlineNums onlineNums

	streams    *streams
	groupLocks keyedMutex
	editLocks  keyedMutex // by the conversation's partition

	broadcasts sync.Mutex // held by whoever sends a broadcast

	directory    *directory
	accounts     *countedIndex
	accountLocks keyedMutex
	cleanNow     chan struct{} // asks the background work for a cleanup

	ids            operationIDs
	auditDays      sync.Map // days that are known to be listed
	eventDays      sync.Map // the same, of those on which lanes were marked
	secret         secret
	windows        *windows
	claimLocks     keyedMutex    // by IdempotencyKey
	operationLocks keyedMutex    // by operation, for its erasures and holds
	workLocks      keyedMutex    // by the audit entry that the work is for
	workNow        chan struct{} // asks the background work for the work on recalls
	cleanups       workList
	recallWork     workList
	unpurged       sync.Map // erasures that the store had no means to end, to when they are tried again

	webhooks     Webhooks
	watch        watch
	outbox       outbox
	deliverer    *deliverer
	cleanupWaits atomic.Bool // for events of what was destroyed to be delivered

	lifetime   context.Context // of background work; Close ends it
	stop       context.CancelFunc
	background sync.WaitGroup
	delivery   sync.WaitGroup // of events; it goes on until then
}

// OpenApp opens the chat of one application on a store, which the caller keeps
// and closes after the App. Errors: a setting that cannot be.
func OpenApp(ctx context.Context, st store.Store, sdkAppID uint32, o Options) (*App, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Presence == nil {
		o.Presence = NewLocalPresence(o.Clock)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if err := o.Settings.Validate(); err != nil {
		return nil, err
	}
	a := &App{
		id: sdkAppID, store: st, settings: o.Settings, clock: o.Clock,
		admins: map[string]bool{}, log: o.Logger, readOnly: o.ReadOnly,
		presence: o.Presence, onlineNums: onlineNums{counts: map[Room]onlineNum{}},
		cleanNow: make(chan struct{}, 1), workNow: make(chan struct{}, 1),
		windows: newWindows(),
	}
	for _, admin := range o.Admins {
		a.admins[admin] = true
	}
	a.webhooks = o.Webhooks
	a.outbox = outbox{app: a}
	a.deliverer = newDeliverer(a)
	a.streams = newStreams(a)
	a.directory = newDirectory(a)
	a.cleanups = workList{app: a, partition: record.CleanupPartition, partitions: record.CleanupPartitions}
	a.recallWork = workList{app: a, partition: record.RecallWorkPartition, partitions: record.RecallWorkPartitions}
	a.accounts = &countedIndex{app: a, partition: record.AccountsPartition(a.id)}
	a.lifetime, a.stop = context.WithCancel(context.WithoutCancel(ctx))
	if o.ReadOnly {
		return a, nil
	}
	a.delivery.Go(func() { a.deliverer.run(a.lifetime) })
	if o.Housekeeping >= 0 {
		every := o.Housekeeping
		if every == 0 {
			every = time.Hour
		}
		a.background.Go(func() { a.keepHouse(a.lifetime, every) })
	}
	return a, nil
}

// Close ends the background work. Calls must have ended before.
func (a *App) Close() {
	a.stop()
	a.background.Wait()
	a.delivery.Wait()
}

// exclusive reports whether no other process can have the store open.
func (a *App) exclusive() bool { return a.deliverer.opening != 0 }

// Settings are the settings the App was opened with.
func (a *App) Settings() Settings { return a.settings }

// IsAdmin reports whether the account is an app administrator.
func (a *App) IsAdmin(account string) bool { return a.admins[account] }

func (a *App) now() int64 { return a.clock().Unix() }

// Operator is who makes a call, kept with what the call does.
type Operator struct {
	Account  string // the calling administrator
	RemoteIP string
	Random   string // the request's random as it was given
	Command  string // the command that is called
}

// maxConflicts bounds how often one change is tried against other writers.
const maxConflicts = 64

// errContended says that a change met other writers too often.
var errContended = errors.New("chat: gave up after conflicts with other writers")

// retry runs change until it no longer meets another writer. The change reads
// anew each time and returns store.ErrConflict to be run again: soon, for whoever
// has lost a race has waited, and later the longer a try takes and the more of
// them were in vain.
// Errors: errContended and those of change.
func retry(ctx context.Context, change func() error) error {
	for attempt := 0; ; attempt++ {
		began := time.Now()
		err := change()
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
		if attempt == maxConflicts {
			return errContended
		}
		if !rest(ctx, max(time.Millisecond, time.Since(began)/2)<<min(attempt/4, 2)) {
			return ctx.Err()
		}
	}
}

// maxPause bounds a rest.
const maxPause = 100 * time.Millisecond

// rest pauses for a random time up to one, and reports whether the context has
// not ended meanwhile.
func rest(ctx context.Context, most time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(rand.N(min(most, maxPause))):
		return true
	}
}

// encode marshals a record; records of the domain are always valid.
func encode(m proto.Message) []byte {
	b, err := proto.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("chat: record cannot be encoded: %v", err))
	}
	return b
}

// decode unmarshals the record of a row.
func decode(row store.Row, m proto.Message) error {
	if err := proto.Unmarshal(row.Value, m); err != nil {
		return fmt.Errorf("decode record at key %q: %w", row.Key, err)
	}
	return nil
}

// keyedMutex holds one lock per key that is in use. Group changes of one
// process queue here instead of meeting as conflicts.
type keyedMutex struct {
	mu    sync.Mutex
	locks map[string]*keyedLock
}

type keyedLock struct {
	sync.Mutex
	users int
}

func (k *keyedMutex) lock(key string) (unlock func()) {
	k.mu.Lock()
	if k.locks == nil {
		k.locks = map[string]*keyedLock{}
	}
	l := k.locks[key]
	if l == nil {
		l = &keyedLock{}
		k.locks[key] = l
	}
	l.users++
	k.mu.Unlock()
	l.Lock()
	return func() {
		l.Unlock()
		k.mu.Lock()
		if l.users--; l.users == 0 {
			delete(k.locks, key)
		}
		k.mu.Unlock()
	}
}
