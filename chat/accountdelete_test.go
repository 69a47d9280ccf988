package chat

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// members are the accounts of a group's member records.
func members(t *testing.T, a *App, id string) map[string]*record.Member {
	t.Helper()
	g, err := a.readGroupHead(bg, id)
	if err != nil {
		t.Fatal(err)
	}
	if g.head.Destroyed {
		return nil
	}
	all, _, err := g.allMembers(bg, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if int(g.head.MemberNum) != len(all) {
		t.Errorf("group %s counts %d members and has %d", id, g.head.MemberNum, len(all))
	}
	return all
}

func TestAccountDeletionSurvivesACrashAtAnyWrite(t *testing.T) {
	finish := map[string]func(*testing.T, *App){
		"by the background work": func(t *testing.T, a *App) {
			if err := a.cleanUp(bg); err != nil {
				t.Fatal(err)
			}
		},
		"by a repeated call": func(t *testing.T, a *App) {
			if _, err := a.DeleteAccounts(bg, []string{"bob"}); err != nil {
				t.Fatal(err)
			}
		},
		"by an import": func(t *testing.T, a *App) { mustImport(t, a, "bob") },
	}
	for name, finish := range finish {
		t.Run(name, func(t *testing.T) {
			for n := 0; ; n++ {
				st := testengine.Open(t)
				populate(t, openTestApp(t, st))
				died := dieAfter(t, st, n, func(a *App) { a.DeleteAccounts(bg, []string{"bob"}) })
				a := later(t, st)
				begun, err := a.readAccountDeleting("bob")
				if err != nil {
					t.Fatal(err)
				}
				finish(t, a)
				gone := members(t, a, town)["bob"] == nil
				if begun && !gone {
					t.Fatalf("after %d writes bob is deleted but a member", n)
				}
				if gone {
					wantRows(t, st, "bob's index", record.UserGroupsPartition(a.id, "bob"))
					g, _ := a.readGroup(bg, town)
					if rows, err := g.accountRows(bg, "bob"); err != nil || len(rows) > 0 {
						t.Fatalf("after %d writes rows of bob's are left: %q (%v)", n, rows, err)
					}
				}
				if err := a.cleanUp(bg); err != nil {
					t.Fatal(err)
				}
				wantNothingListed(t, a)
				if t.Failed() || !died {
					break
				}
			}
		})
	}
}

// readAccountDeleting reports whether an account's deletion has begun.
func (a *App) readAccountDeleting(userID string) (bool, error) {
	account, _, err := a.readAccountRow(bg, userID)
	return account == nil || account.Deleting, err
}

func TestAccountThatIsDeletedWhileItJoinsIsNobodysMember(t *testing.T) {
	st := testengine.Open(t)
	a := openTestApp(t, st)
	for i := range 200 {
		user, group := fmt.Sprint("user-", i), fmt.Sprint("group-", i)
		mustImport(t, a, user)
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := a.CreateGroup(bg, Operator{}, NewGroup{ID: group, Type: "Public", Name: "n", Owner: user})
			if err != nil && CodeOf(err) != CodeAccountNotFound {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if _, err := a.DeleteAccounts(bg, []string{user}); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		if m := members(t, a, group); m[user] != nil {
			t.Fatalf("%s is deleted and a member of %s", user, group)
		}
		wantRows(t, st, "index of "+user, record.UserGroupsPartition(a.id, user))
	}
}

// slowReads makes those who look at the same row at once see the same.
type slowReads struct{ store.Store }

func (s *slowReads) Read(ctx context.Context, p store.Partition, r ...store.Range) ([][]store.Row, store.Version, error) {
	rows, version, err := s.Store.Read(ctx, p, r...)
	time.Sleep(time.Millisecond)
	return rows, version, err
}

func TestAccountsAtOnceAreCountedOnce(t *testing.T) {
	a := openTestApp(t, &slowReads{testengine.Open(t)}, func(o *Options) { o.Settings.MaxAccounts = 20 })
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			err := a.ImportAccount(bg, AccountProfile{UserID: fmt.Sprint("user-", i/2)})
			if err != nil && CodeOf(err) != CodeAccountQuota {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	n := 0
	for i := range 30 {
		if account, _, err := a.readAccount(bg, fmt.Sprint("user-", i)); err != nil {
			t.Fatal(err)
		} else if account != nil {
			n++
		}
	}
	if count, err := a.accounts.count(bg); n != 20 || count != 20 || err != nil {
		t.Errorf("%d accounts exist and %d are counted (%v), want 20", n, count, err)
	}
}

// lateStore lets something happen once, just before the first commit in one
// partition.
type lateStore struct {
	store.Store
	partition store.Partition
	first     sync.Once
	happen    func()
}

func (s *lateStore) Commit(ctx context.Context, p store.Partition, base store.Version, m []store.Mutation) (store.Version, error) {
	if p == s.partition {
		s.first.Do(s.happen)
	}
	return s.Store.Commit(ctx, p, base, m)
}

func TestAccountThatAnotherProcessDeletesAtTheLastMomentDoesNotJoin(t *testing.T) {
	st := testengine.Open(t)
	other := openTestApp(t, st)
	mustImport(t, other, "ann", "bob")
	late := &lateStore{Store: st, partition: record.GroupPartition(other.id, "g"), happen: func() {
		if deleted, err := other.DeleteAccounts(bg, []string{"bob"}); err != nil || deleted[0].Err != nil {
			t.Error(deleted, err)
		}
	}}
	a := openTestApp(t, late)
	_, err := a.CreateGroup(bg, Operator{}, NewGroup{ID: "g", Type: "Public", Name: "n", Owner: "ann", Members: []NewMember{{Account: "bob"}}})
	if CodeOf(err) != CodeAccountNotFound {
		t.Errorf("creation with a member who was just deleted: %v", err)
	}
	if m := members(t, a, "g"); len(m) > 0 {
		t.Errorf("members are %v", m)
	}
	for _, user := range []string{"ann", "bob"} {
		wantRows(t, st, "index of "+user, record.UserGroupsPartition(a.id, user))
	}
	if l := list(t, openTestApp(t, st), 0, 0); l.Total != 0 {
		t.Errorf("directory is %+v", l)
	}
}

func TestAccountWithMoreRowsThanOneCommitTakesLeavesNothing(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	populate(t, a)
	topics := maxLeaveRows + 10
	for range 2 {
		err := a.changeGroup(bg, town, func(g *groupChange) error {
			for range topics / 2 {
				g.head.TopicsCreated++
				g.set(record.TopicKey(g.head.Incarnation, town+topicMark+randomName(10)), &record.Topic{Incarnation: g.head.TopicsCreated})
				g.setMute(g.head.TopicsCreated, "bob", 4294967295)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if deleted, err := a.DeleteAccounts(bg, []string{"bob"}); err != nil || deleted[0].Err != nil {
		t.Fatal(deleted, err)
	}
	g, err := a.readGroup(bg, town)
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := g.accountRows(bg, "bob"); err != nil || len(rows) > 0 {
		t.Errorf("%d rows of bob's are left (%v)", len(rows), err)
	}
	if m := members(t, a, town); m["bob"] != nil || m["ann"] == nil {
		t.Errorf("members are %v", m)
	}
}

func TestMembersThatNoAnswerCanHoldAreNotRead(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	populate(t, a)
	g, err := a.readGroup(bg, town)
	if err != nil {
		t.Fatal(err)
	}
	if infos, err := g.infoMembers(bg, 2); err != nil || len(infos) != 2 {
		t.Errorf("two members where two fit: %v (%v)", infos, err)
	}
	if _, err := g.infoMembers(bg, 1); CodeOf(err) != CodeAnswerTooLarge {
		t.Errorf("two members where one fits: %v", err)
	}
}
