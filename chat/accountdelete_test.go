package chat

import (
	"fmt"
	"sync"
	"testing"

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
				st := openTestStore(t)
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
				wantRows(t, st, "cleanup list", record.CleanupPartition(a.id))
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
	st := openTestStore(t)
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

func TestAccountsAtOnceAreCountedOnce(t *testing.T) {
	a := openTestApp(t, openTestStore(t), func(o *Options) { o.Settings.MaxAccounts = 20 })
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			err := a.ImportAccount(bg, AccountProfile{UserID: fmt.Sprint("user-", i%30)})
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
