package chat

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
	"pgregory.net/rapid"
)

// modelBans are a group's bans, those made first first.
type modelBans []BannedAccount

func (m *modelBans) lift(account string) {
	*m = slices.DeleteFunc(*m, func(b BannedAccount) bool { return b.Account == account })
}

func (m modelBans) running(now int64) (running []BannedAccount) {
	for _, b := range m {
		if int64(b.Until) > now {
			running = append(running, b)
		}
	}
	return running
}

// banRows checks that every ban has its entry in the index and the other way
// round, and returns how many there are.
func banRows(t interface{ Fatalf(string, ...any) }, a *App, id string) int {
	bans, entries := map[string]*record.Ban{}, 0
	err := a.view(bg, id, func(g *groupState) error {
		rows, err := g.read(bg, store.Prefix(record.BanKey(g.head.Incarnation, "")), store.Prefix(record.BanOrderPrefix(g.head.Incarnation)))
		if err != nil {
			return err
		}
		for _, row := range rows[0] {
			ban := &record.Ban{}
			if err := decode(row, ban); err != nil {
				return err
			}
			bans[string(row.Key[len(record.BanKey(g.head.Incarnation, "")):])] = ban
		}
		for _, row := range rows[1] {
			entry := &record.BanEntry{}
			if err := decode(row, entry); err != nil {
				return err
			}
			if ban := bans[entry.Account]; ban == nil || ban.Order != record.OrderOf(row.Key) || ban.Until != entry.Until {
				t.Fatalf("entry %v of order %d stands for the ban %v", entry, record.OrderOf(row.Key), ban)
			}
		}
		entries = len(rows[1])
		return nil
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	if len(bans) != entries {
		t.Fatalf("%d bans have %d entries", len(bans), entries)
	}
	return entries
}

// Pages of bans, and who may be added, are what a plain list of bans says.
func TestBansAreWhatTheyAre(t *testing.T) {
	now := int64(1_760_000_000)
	a := openTestApp(t, testengine.Open(t), func(o *Options) {
		o.Clock = func() time.Time { return time.Unix(now, 0) }
	})
	accounts := make([]string, 8)
	for i := range accounts {
		accounts[i] = string(rune('a' + i))
	}
	mustImport(t, a, accounts...)
	groups := 0
	rapid.Check(t, func(t *rapid.T) {
		groups++
		id := "g" + strconv.Itoa(groups)
		if _, err := a.CreateGroup(bg, testOperator, NewGroup{ID: id, Type: string(Public), Name: "n"}); err != nil {
			t.Fatal(err)
		}
		var model modelBans
		members := map[string]bool{}
		some := rapid.SliceOfN(rapid.SampledFrom(accounts), 1, 4)
		t.Repeat(map[string]func(*rapid.T){
			"ban": func(t *rapid.T) {
				who, seconds := some.Draw(t, "banned"), rapid.Uint32Range(1, 20).Draw(t, "seconds")
				if err := a.Ban(bg, testOperator, Banning{GroupID: id, Accounts: who, Seconds: &seconds}); err != nil {
					t.Fatal(err)
				}
				for _, account := range wellFormed(who) {
					model.lift(account)
					model = append(model, BannedAccount{account, uint32(now) + seconds})
					delete(members, account)
				}
			},
			"unban": func(t *rapid.T) {
				who := some.Draw(t, "freed")
				if err := a.Unban(bg, id, who); err != nil {
					t.Fatal(err)
				}
				for _, account := range who {
					model.lift(account)
				}
			},
			"wait": func(t *rapid.T) { now += rapid.Int64Range(1, 10).Draw(t, "time") },
			"add": func(t *rapid.T) {
				who := some.Draw(t, "added")
				results, err := a.AddMembers(bg, testOperator, Addition{GroupID: id, Accounts: who})
				if err != nil {
					t.Fatal(err)
				}
				running := model.running(now)
				for _, r := range results {
					want := JoinDone
					switch {
					case members[r.Account]:
						want = JoinWasMember
					case slices.ContainsFunc(running, func(b BannedAccount) bool { return b.Account == r.Account }):
						want = JoinRefused
					}
					if r.Result != want {
						t.Fatalf("addition of %s is %d, want %d", r.Account, r.Result, want)
					}
					members[r.Account] = want != JoinRefused
				}
			},
			"": func(t *rapid.T) {
				limit := rapid.Int64Range(1, 5).Draw(t, "limit")
				var listed []BannedAccount
				for offset := int64(0); ; {
					page, err := a.Bans(bg, BanQuery{GroupID: id, Limit: limit, Offset: offset})
					if err != nil {
						t.Fatal(err)
					}
					listed = append(listed, page.Banned...)
					if offset = page.Next; offset == 0 {
						break
					}
				}
				if want := model.running(now); !slices.Equal(listed, want) {
					t.Fatalf("bans are %v, want %v", listed, want)
				}
				banRows(t, a, id)
			},
		})
	})
}

// Rows of bans that have run out do not stay for ever.
func TestBansThatHaveRunOutAreSweptAway(t *testing.T) {
	now := int64(1_760_000_000)
	a := openTestApp(t, testengine.Open(t), func(o *Options) {
		o.Clock = func() time.Time { return time.Unix(now, 0) }
	})
	makeGroup(t, a, "room", AVChatRoom)
	second := uint32(1)
	for round := range 200 {
		accounts := make([]string, maxBanAccounts)
		for i := range accounts {
			accounts[i] = fmt.Sprintf("%032d", round*maxBanAccounts+i)
		}
		if err := a.Ban(bg, testOperator, Banning{GroupID: "room", Accounts: accounts, Seconds: &second}); err != nil {
			t.Fatal(err)
		}
		now += 2
	}
	if n := banRows(t, a, "room"); n > 1000 {
		t.Errorf("%d bans of 4000 that have run out are left", n)
	}
}

// busyStore lets something happen before each read.
type busyStore struct {
	store.Store
	happen func()
}

func (s *busyStore) Read(ctx context.Context, p store.Partition, ranges ...store.Range) ([][]store.Row, store.Version, error) {
	s.happen()
	return s.Store.Read(ctx, p, ranges...)
}

// A group that never stands still keeps nobody from its bans.
func TestBansOfABusyGroupAreListed(t *testing.T) {
	busy := &busyStore{Store: testengine.Open(t), happen: func() {}}
	a := openTestApp(t, busy)
	makeGroup(t, a, "room", AVChatRoom)
	for round := range 30 {
		accounts := make([]string, maxBanAccounts)
		for i := range accounts {
			accounts[i] = fmt.Sprintf("u%d", round*maxBanAccounts+i)
		}
		if err := a.Ban(bg, testOperator, Banning{GroupID: "room", Accounts: accounts, Seconds: new(uint32(60))}); err != nil {
			t.Fatal(err)
		}
	}
	other := openTestApp(t, busy.Store)
	busy.happen = func() {
		err := other.changeGroup(bg, "room", func(g *groupChange) error { g.touch(); return nil })
		if err != nil {
			t.Error(err)
		}
	}
	page, err := a.Bans(bg, BanQuery{GroupID: "room", Offset: 550})
	if err != nil || len(page.Banned) != 50 || page.Banned[0].Account != "u550" || page.Next != 0 {
		t.Fatalf("page is %v, %v", page, err)
	}
}
