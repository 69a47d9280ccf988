// Package testengine opens the store of a test: the embedded engine on a file system
// in memory, or where RECANT_TEST_STORE has the URL of a Cassandra keyspace
// (cassandra://host:port/keyspace) a part of it that no other test sees. The keyspace
// is one for tests: what they write stays there.
package testengine

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/cassandra"
	"github.com/recant-chat/recant/store/pebble"
)

// Variable is the environment variable that names another store than the embedded.
const Variable = "RECANT_TEST_STORE"

// Embedded skips a test that is about the embedded engine itself where the tests run
// on another one.
func Embedded(t testing.TB) {
	t.Helper()
	if os.Getenv(Variable) != "" {
		t.Skipf("is about the embedded engine: left out with %s", Variable)
	}
}

// Engine holds the data of one test, which outlasts that a store is closed.
type Engine struct {
	files     vfs.FS
	dir       string
	namespace string
}

// New returns an engine without data.
func New() *Engine {
	return &Engine{files: vfs.NewMem(), dir: "data", namespace: rand.Text()[:namespaceBytes]}
}

// In is New for a benchmark: the embedded engine is on disk, in a directory.
func In(dir string) *Engine {
	e := New()
	e.files, e.dir = vfs.Default, dir
	return e
}

// Open opens the engine, which one store at a time has open. A nil logger logs
// nothing.
func (e *Engine) Open(logger *slog.Logger) (store.Store, error) {
	if os.Getenv(Variable) == "" {
		return pebble.Open(e.dir, pebble.Options{FS: e.files, Logger: logger})
	}
	keyspace, err := connection()
	if err != nil {
		return nil, err
	}
	return &namespaced{store: keyspace, namespace: e.namespace}, nil
}

// Open opens a store without data, which is closed when the test ends.
func Open(t testing.TB) store.Store {
	t.Helper()
	return New().OpenFor(t)
}

// OpenFor opens the engine until the test ends.
func (e *Engine) OpenFor(t testing.TB) store.Store {
	t.Helper()
	st, err := e.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

// shared is the one connection of the process: many tests end sooner than one more
// would be made.
var shared struct {
	sync.Mutex
	*cassandra.Store
}

func connection() (store.Store, error) {
	shared.Lock()
	defer shared.Unlock()
	if shared.Store != nil {
		return shared.Store, nil
	}
	o, err := cassandra.ParseURL(os.Getenv(Variable))
	if err == nil {
		shared.Store, err = cassandra.Open(context.Background(), o)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Variable, err)
	}
	return shared.Store, nil
}

// Main is a package's tests. After them it closes what they shared.
type Main struct{ *testing.M }

// Run runs the tests.
func (m Main) Run() int {
	code := m.M.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.Store == nil {
		return code
	}
	if err := shared.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "close the store of the tests:", err)
		code = max(code, 1)
	}
	return code
}
