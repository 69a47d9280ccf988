package chat

import (
	"context"
	"maps"
	"sync"
	"testing"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// puttingStore knows what was only Put: it becomes durable with the next commit.
type puttingStore struct {
	store.Store
	mu  sync.Mutex
	put map[string]bool // keys that no commit has followed yet
}

func (s *puttingStore) Put(ctx context.Context, p store.Partition, m []store.Mutation) error {
	err := s.Store.Put(ctx, p, m)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, mutation := range m {
		s.put[string(mutation.Key)] = true
	}
	return err
}

func (s *puttingStore) Commit(ctx context.Context, p store.Partition, base store.Version, m []store.Mutation) (store.Version, error) {
	s.mu.Lock()
	before := maps.Clone(s.put) // what is Put while the commit runs may come too late for it
	s.mu.Unlock()
	version, err := s.Store.Commit(ctx, p, base, m)
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		for key := range before {
			delete(s.put, key)
		}
	}
	return version, err
}

// Whatever was answered is in the audit record for good, also where the call
// changed nothing else.
func TestTheEntryOfAnAnsweredCallIsDurable(t *testing.T) {
	st := &puttingStore{Store: testengine.Open(t), put: map[string]bool{}}
	a := openTestApp(t, st)
	target := crashGroups(t, a, 1)[0]
	nowhere := RecallTarget{GroupID: "nowhere", Sender: "ann"}
	recall := func(call RecallCall) string {
		t.Helper()
		done, err := a.Recall(bg, moderator, call)
		if err != nil {
			t.Fatal(err)
		}
		return done.OperationID
	}
	every := []string{"preview", "recall", "restore", "erase", "hold", "export"}
	entries := 0
	check := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		page, err := a.AuditList(bg, AuditQuery{Types: every, Limit: 100})
		if err != nil || len(page.Entries) != entries+1 {
			t.Fatalf("%s: the record has %d entries (%v), had %d", what, len(page.Entries), err, entries)
		}
		entries++
		newest := page.Entries[0]
		id, ok := parseOperationID(newest.ID)
		if !ok {
			t.Fatal(newest.ID)
		}
		st.mu.Lock()
		defer st.mu.Unlock()
		if st.put[string(record.AuditEntryKey(newest.Type == "recall", id))] {
			t.Errorf("%s: its entry is not durable", what)
		}
		if newest.Type == "export" && st.put[string(record.AuditResultKey(id))] {
			t.Errorf("%s: its ChainHash is not durable", what)
		}
	}
	_, _, err := a.PreviewRecall(bg, moderator, []RecallTarget{target}, RecallScope{})
	check("preview", err)
	_, _, err = a.PreviewRecall(bg, moderator, []RecallTarget{nowhere}, RecallScope{})
	check("preview of nothing", err)
	one := recall(RecallCall{Targets: []RecallTarget{target}})
	check("recall", nil)
	nothing := recall(RecallCall{Targets: []RecallTarget{nowhere}})
	check("recall of nothing", nil)
	check("classic recall", a.RecallBySender(bg, moderator, target.GroupID, "", "ann"))
	_, err = a.RecallMessages(bg, moderator, target.GroupID, "", []uint32{2}, "")
	check("recall by number", err)
	for _, id := range []string{one, nothing} {
		check("hold", a.Hold(bg, moderator, id, true, ""))
		check("hold again", a.Hold(bg, moderator, id, true, ""))
		check("release", a.Hold(bg, moderator, id, false, ""))
		page, err := a.Evidence(bg, moderator, id, "")
		check("export", err)
		if page.Next != "" {
			t.Fatal("the export has pages")
		}
		_, err = a.Erase(bg, moderator, id, a.now()+3600)
		check("erasure", err)
		_, err = a.Restore(bg, moderator, id, nil, "")
		check("restore", err)
		_, err = a.Restore(bg, moderator, id, nil, "")
		check("restore again", err)
	}
}
