package chat

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
)

// accountChanges are the changes that the protocol makes of an account.
var accountChanges = map[string]func(a *App, userID string) error{
	"profile": func(a *App, userID string) error {
		nick := "Nick"
		return a.SetProfile(bg, Operator{}, userID, []ProfileItem{{Tag: TagNick, Text: &nick}})
	},
	"mute": func(a *App, userID string) error {
		seconds := uint32(60)
		return a.MuteGlobally(bg, userID, GlobalMute{Group: &seconds})
	},
	"kick": (*App).kickNow,
}

func (a *App) kickNow(userID string) error { return a.Kick(bg, userID) }

// A change that meets the deletion of its account neither brings it back nor
// keeps it from being deleted.
func TestChangesOfAnAccountThatIsBeingDeleted(t *testing.T) {
	for name, change := range accountChanges {
		t.Run(name, func(t *testing.T) {
			a := openTestApp(t, &slowReads{testengine.Open(t)})
			for i := range 50 {
				userID := fmt.Sprint("user-", i)
				mustImport(t, a, userID)
				var wg sync.WaitGroup
				for range 3 {
					wg.Go(func() {
						var refused *Error
						if err := change(a, userID); err != nil && !errors.As(err, &refused) {
							t.Error(err)
						}
					})
				}
				wg.Go(func() {
					if results, err := a.DeleteAccounts(bg, []string{userID}); err != nil || results[0].Err != nil {
						t.Error(results, err)
					}
				})
				wg.Wait()
				if account, _, err := a.readAccountRow(bg, userID); err != nil || account != nil {
					t.Fatalf("%s is deleted and still %v (%v)", userID, account, err)
				}
			}
			if n, err := a.accounts.count(bg); err != nil || n != 0 {
				t.Errorf("%d accounts are counted, %v", n, err)
			}
		})
	}
}

// Whatever a change has read when the account is deleted, it finds that out.
func TestChangesThatLookedBeforeTheDeletion(t *testing.T) {
	for name, change := range accountChanges {
		t.Run(name, func(t *testing.T) {
			for n := 1; ; n++ {
				inner := testengine.Open(t)
				other := openTestApp(t, inner)
				mustImport(t, other, "bob")
				reads := 0
				a := openTestApp(t, &afterRead{inner, func(store.Partition, []store.Range) {
					if reads++; reads == n {
						if _, err := other.DeleteAccounts(bg, []string{"bob"}); err != nil {
							t.Error(err)
						}
					}
				}})
				err := change(a, "bob")
				if reads < n {
					break // it was done before
				}
				since, _ := a.SignaturesValidSince(bg, "bob")
				if account, _, _ := a.readAccountRow(bg, "bob"); account != nil || since != 0 || CodeOf(err) == CodeInternal || err == nil {
					t.Fatalf("with a deletion after read %d the change answers %v and leaves %v, kicked at %d", n, err, account, since)
				}
			}
		})
	}
}

// Who becomes an administrator while his account is being deleted has one all
// the same, and a new one.
func TestChangesOfAnAdministratorWhoseDeletionWasCutShort(t *testing.T) {
	for name, change := range accountChanges {
		t.Run(name, func(t *testing.T) {
			st := testengine.Open(t)
			a := openTestApp(t, st)
			mustImport(t, a, "bob")
			nick := "Bob"
			if err := a.SetProfile(bg, Operator{}, "bob", []ProfileItem{{Tag: TagNick, Text: &nick}}); err != nil {
				t.Fatal(err)
			}
			if _, _, err := a.markDeleting(bg, "bob", false); err != nil {
				t.Fatal(err)
			}
			a = openTestApp(t, st, func(o *Options) { o.Admins = append(o.Admins, "bob") })
			if profiles, err := a.Profiles(bg, []string{"bob"}, []string{TagNick}); err != nil || profiles[0].Err != nil || len(profiles[0].Items) != 0 {
				t.Fatalf("the profile is %+v, %v", profiles, err)
			}
			if err := change(a, "bob"); err != nil {
				t.Fatal(err)
			}
			if _, err := a.deleteAccount(bg, "bob", true); err != nil { // as the background work would
				t.Fatal(err)
			}
			since, err := a.SignaturesValidSince(bg, "bob")
			if err != nil || (since > 0) != (name == "kick") {
				t.Errorf("UserSigs count since %d, %v", since, err)
			}
			mute, err := a.GlobalMute(bg, "bob")
			if err != nil || (*mute.Group > 0) != (name == "mute") {
				t.Errorf("bob is muted for %v, %v", mute, err)
			}
			profiles, err := a.Profiles(bg, []string{"bob"}, []string{TagNick})
			if err != nil || (len(profiles[0].Items) > 0) != (name == "profile") {
				t.Errorf("the profile is %+v, %v", profiles, err)
			}
		})
	}
}
