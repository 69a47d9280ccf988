package chat

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

func extensibleGroup(t *testing.T, a *App, messages int) {
	t.Helper()
	makeGroup(t, a, "g", Public)
	for i := range messages {
		m := testMessage("g", "ann", uint32(i))
		m.Extensible = true
		if _, err := a.Send(bg, moderator, m); err != nil {
			t.Fatal(err)
		}
	}
}

func setExtension(a *App, seq uint32, key, value string) error {
	_, err := a.ChangeExtensions(bg, ExtensionChange{
		GroupID: "g", Seq: seq, Operation: ExtensionSet, Pairs: []Extension{{Key: key, Value: value}},
	})
	return err
}

// A write whose outcome the engine does not know is neither lost nor done twice,
// and never over a later one.
func TestUnknownOutcomesNeitherLoseNorDoubleExtensions(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			st := testengine.Open(t)
			extensibleGroup(t, openTestApp(t, st), 1)
			unsure := &unsureStore{Store: st, random: rand.New(rand.NewPCG(seed, 0))}
			apps := []*App{openTestApp(t, unsure), openTestApp(t, unsure)}
			const writers, writes = 4, 12
			var running sync.WaitGroup
			for w := range writers {
				running.Go(func() {
					for i := range writes {
						if err := setExtension(apps[w%2], 1, fmt.Sprintf("%d-%d", w, i), "v"); err != nil {
							t.Error(err)
						}
					}
				})
			}
			running.Wait()
			page, err := apps[0].Extensions(bg, "g", 1, 0)
			if err != nil || page.Latest != writers*writes || len(page.Pairs) != writers*writes {
				t.Errorf("extensions are %+v (%v)", page, err)
			}
		})
	}
}

// Who looked for a recall before it came cannot write an extension after the
// message was erased.
func TestNoExtensionComesAfterTheErasureOfItsMessage(t *testing.T) {
	st := &afterRead{Store: testengine.Open(t)}
	a := openTestApp(t, st)
	extensibleGroup(t, a, 2)
	id := ownStream(t, a, "g").id
	if err := setExtension(a, 2, "k", "v"); err != nil {
		t.Fatal(err)
	}
	looked := false
	st.then = func(p store.Partition, _ []store.Range) {
		looked = looked || p == record.BesidePartition(id, 0)
		if !looked || p != record.ConversationPartition(id) {
			return
		}
		st.then = nil
		eraseAnn(t, a, RecallScope{LastNum: 10})
	}
	if err := setExtension(a, 1, "k", "v"); CodeOf(err) != CodeNoExtensionTarget || st.then != nil {
		t.Errorf("writing answered %v", err)
	}
	wantRows(t, st, "beside the log", record.BesidePartition(id, 0))
}

// An erasure that dies at any write is finished later and leaves no extension.
func TestErasureOfExtensionsSurvivesACrashAtAnyWrite(t *testing.T) {
	value := strings.Repeat("v", 500)
	for n := 0; ; n++ {
		st := testengine.Open(t)
		first := openTestApp(t, st)
		extensibleGroup(t, first, 20)
		for seq := range uint32(20) {
			for i := range 4 {
				var pairs []Extension
				for j := range 20 {
					pairs = append(pairs, Extension{Key: fmt.Sprint(i, j), Value: value})
				}
				if _, err := first.ChangeExtensions(bg, ExtensionChange{GroupID: "g", Seq: seq + 1, Operation: ExtensionSet, Pairs: pairs}); err != nil {
					t.Fatal(err)
				}
			}
		}
		done, err := first.Recall(bg, moderator, RecallCall{Targets: []RecallTarget{{GroupID: "g", Sender: "ann"}}, Scope: RecallScope{LastNum: 18}})
		if err != nil {
			t.Fatal(err)
		}
		died := dieAfter(t, st, n, func(a *App) {
			if _, err := a.Erase(bg, moderator, done.OperationID, 0); err == nil {
				_, err := a.workOnRecalls(bg)
				if err != nil && !errors.Is(err, errDied) {
					t.Error(err)
				}
			}
		})
		a := hourLater(t, st)
		if _, err := a.Erase(bg, moderator, done.OperationID, 0); err == nil {
			if _, err := a.workOnRecalls(bg); err != nil {
				t.Fatal(err)
			}
		}
		if rows := rowsOf(t, st, record.BesidePartition(ownStream(t, a, "g").id, 0)); len(rows) != 2*81 {
			t.Errorf("dead after %d writes: %d rows are left, want those of two messages", n, len(rows))
		}
		if !died {
			return
		}
	}
}

// A write of unknown outcome is found again although another process, whose clock
// is behind, has written since.
func TestAnExtensionOfUnknownOutcomeIsWrittenOnceWhateverTheClocks(t *testing.T) {
	inner := testengine.Open(t)
	st := &afterCommit{Store: inner}
	a := openTestApp(t, st)
	behind := openTestApp(t, inner, func(o *Options) { o.Clock = func() time.Time { return time.Now().Add(-10 * time.Second) } })
	extensibleGroup(t, a, 1)
	id := ownStream(t, a, "g").id
	st.then = func(p store.Partition) error {
		if p != record.BesidePartition(id, 0) {
			return nil
		}
		st.then = nil
		if err := setExtension(behind, 1, "k", "later"); err != nil {
			t.Error(err)
		}
		return store.ErrUnknown
	}
	if err := setExtension(a, 1, "k", "v"); err != nil {
		t.Fatal(err)
	}
	page, err := a.Extensions(bg, "g", 1, 0)
	if err != nil || page.Latest != 2 || page.Pairs[0].Value != "later" {
		t.Errorf("extensions are %+v (%v)", page, err)
	}
}

// Who is the first to write beside a bucket that expires meanwhile, or erases there,
// leaves nothing beside it.
func TestNothingComesBesideABucketThatHasExpired(t *testing.T) {
	for _, c := range []string{"a write", "a write of unknown outcome", "an erasure"} {
		t.Run(c, func(t *testing.T) {
			inner := testengine.Open(t)
			clock := &testClock{now: time.Now()}
			withRetention := func(o *Options) { o.Clock, o.Settings.HistoryRetentionDays = clock.Now, 7 }
			reads := &afterRead{Store: inner}
			st := &afterCommit{Store: reads}
			a, other := openTestApp(t, st, withRetention), openTestApp(t, inner, withRetention)
			extensibleGroup(t, a, 1)
			id := ownStream(t, a, "g").id
			fill(t, a, id, record.BucketSize)
			a.background.Wait() // for the fold
			expire := func() {
				reads.then = nil
				clock.now = clock.now.Add(8 * 24 * time.Hour)
				if err := other.view(bg, "g", func(g *groupState) error { return g.dropExpired(bg) }); err != nil {
					t.Error(err)
				}
				wantRows(t, inner, "the log", record.LogPartition(id, 0))
			}
			if c == "a write of unknown outcome" {
				st.then = func(p store.Partition) error {
					if p != record.BesidePartition(id, 0) {
						return nil
					}
					st.then = nil
					return store.ErrUnknown
				}
			}
			if c == "an erasure" {
				done, err := a.Recall(bg, moderator, RecallCall{Targets: []RecallTarget{{GroupID: "g", Sender: "ann"}}, Scope: RecallScope{LastNum: 10, BeforeSeq: 2}})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := a.Erase(bg, moderator, done.OperationID, 0); err != nil {
					t.Fatal(err)
				}
			}
			looked := false
			reads.then = func(p store.Partition, _ []store.Range) {
				switch {
				case p == record.BesidePartition(id, 0):
					looked = true
					if c == "an erasure" {
						expire()
					}
				case looked && p == record.ConversationPartition(id):
					expire()
				}
			}
			if c == "an erasure" {
				if _, err := a.workOnRecalls(bg); err != nil {
					t.Fatal(err)
				}
			} else if err := setExtension(a, 1, "k", "v"); CodeOf(err) != CodeNoExtensionTarget {
				t.Errorf("writing answered %v", err)
			}
			if reads.then != nil {
				t.Fatal("nothing came between")
			}
			rows, version, err := inner.Read(bg, record.BesidePartition(id, 0), store.Range{})
			if err != nil || version != "" || len(rows[0]) > 0 {
				t.Errorf("beside the bucket there are %d rows, version %q (%v)", len(rows[0]), version, err)
			}
		})
	}
}
