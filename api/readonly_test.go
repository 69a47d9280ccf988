package api_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recant-chat/recant/api"
	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
)

// writesStore counts what calls write.
type writesStore struct {
	store.Store
	writes *atomic.Int32
}

func (s writesStore) count(ctx context.Context) {
	if ctx.Value(http.ServerContextKey) != nil { // else it is work in the background
		s.writes.Add(1)
	}
}

func (s writesStore) Commit(ctx context.Context, p store.Partition, base store.Version, m []store.Mutation) (store.Version, error) {
	s.count(ctx)
	return s.Store.Commit(ctx, p, base, m)
}

func (s writesStore) Put(ctx context.Context, p store.Partition, m []store.Mutation) error {
	s.count(ctx)
	return s.Store.Put(ctx, p, m)
}

// A server that only reads answers every call that writes nothing as another one
// does, and every other with a code that says to come back. Neither is worth a line
// of its log.
func TestAServerThatOnlyReadsRefusesWhatWrites(t *testing.T) {
	st := testengine.Open(t)
	counted := writesStore{st, &atomic.Int32{}}
	a := newStoryApp(t, func(o *apitest.Options) { o.Store = counted })
	reader := newApp(t, func(o *apitest.Options) { o.Store, o.ReadOnly = store.ReadOnly(st), true })
	teller := apitest.NewTeller(a.Server)
	refused := 0
	for _, e := range api.Story() {
		reader.Clock.Set(a.Clock.Now().Add(time.Second)) // when the other is called
		body := teller.Here(e.Request)
		got := reader.Call(t, e.Service, e.Command, body)
		counted.writes.Store(0)
		answer := teller.Tell(t, e, body)
		switch {
		case slices.Contains(loose, e.Command) || e.Command == "replay_webhook": // is about the backend, which the reader has none of
		case counted.writes.Load() == 0:
			if string(got.Raw) != string(answer.Raw) {
				t.Errorf("%s %s\nanswers %s\nwhere the other answers %s", e.Command, body, got.Raw, answer.Raw)
			}
		default:
			refused++
			if got.Code != 60018 || !strings.Contains(got.Info, "read-only") {
				t.Errorf("%s %s: answered %s, want 60018", e.Command, body, got.Raw)
			}
		}
	}
	if refused < 30 {
		t.Errorf("%d calls were refused", refused)
	}
	for line := range strings.Lines(reader.Log.String()) {
		if !strings.Contains(line, `"level":"INFO"`) {
			t.Errorf("logged %s", line)
		}
	}
}
