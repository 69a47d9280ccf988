package chat

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// impatientStore ends the caller's context with the first commit to the
// partition of account a.
type impatientStore struct {
	store.Store
	end context.CancelFunc
}

func (s *impatientStore) Commit(ctx context.Context, p store.Partition, base store.Version, m []store.Mutation) (store.Version, error) {
	version, err := s.Store.Commit(ctx, p, base, m)
	if p == record.UserPartition(1400000001, "a") {
		s.end()
	}
	return version, err
}

// A call that has done something must not be answered as timed out (spec 01
// section 1.3), although its caller may have left.
func TestAccountBatchesAreCarriedThrough(t *testing.T) {
	st := testengine.Open(t)
	ctx, end := context.WithCancel(bg)
	a := openTestApp(t, &impatientStore{Store: st, end: end})
	failed, err := a.ImportAccounts(ctx, []AccountProfile{{UserID: "a"}, {UserID: "b"}, {UserID: "c"}})
	if err != nil || len(failed) > 0 || ctx.Err() == nil {
		t.Fatalf("import: %v failed, %v; the context's end: %v", failed, err, ctx.Err())
	}

	// That is the mark of the deletion, from which on the account is absent.
	ctx, end = context.WithCancel(bg)
	a = openTestApp(t, &impatientStore{Store: st, end: end})
	results, err := a.DeleteAccounts(ctx, []string{"a", "nobody", "b"})
	if err != nil || len(results) != 3 || ctx.Err() == nil {
		t.Fatalf("deletion: %+v, %v; the context's end: %v", results, err, ctx.Err())
	}
	statuses, err := a.CheckAccounts(bg, []string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{false, false, true} {
		if statuses[i].Imported != want {
			t.Errorf("%s: imported %v, want %v", statuses[i].UserID, statuses[i].Imported, want)
		}
	}
}

// Accounts of one call are imported at once, but what one call says of an account
// twice comes in its order, and the last ones are those that there is no room for.
func TestAccountBatchesKeepTheirOrder(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	var profiles []AccountProfile
	for i := range maxAccountBatch {
		profiles = append(profiles, AccountProfile{UserID: fmt.Sprint("u", i%4), Nick: fmt.Sprint(i)})
	}
	profiles[1].UserID = "\u00e9"
	profiles[50].UserID = "caf\u00e9"
	failed, err := a.ImportAccounts(bg, profiles)
	if err != nil || !slices.Equal(failed, []string{"\u00e9", "caf\u00e9"}) {
		t.Fatalf("import: %q failed, %v", failed, err)
	}
	for i := range 4 {
		account, err := a.account(bg, fmt.Sprint("u", i))
		if err != nil {
			t.Fatal(err)
		}
		if nick := profileItems(account, []string{TagNick}); *nick[0].Text != fmt.Sprint(96+i) {
			t.Errorf("u%d is %q", i, *nick[0].Text)
		}
	}
	full := openTestApp(t, testengine.Open(t), func(o *Options) { o.Settings.MaxAccounts = 60 })
	profiles = nil
	var want []string
	for i := range maxAccountBatch {
		profiles = append(profiles, AccountProfile{UserID: fmt.Sprint("v", i)})
		if i >= 60 {
			want = append(want, fmt.Sprint("v", i))
		}
	}
	if failed, err := full.ImportAccounts(bg, profiles); err != nil || !slices.Equal(failed, want) {
		t.Errorf("with room for 60: %q failed, %v", failed, err)
	}
}
