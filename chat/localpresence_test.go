package chat

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// modelPresence is connections with what they are in, in the plainest form.
type modelPresence struct {
	connections map[*Connection][]Room
	stays       map[Room][]Stay // the newest last; without ids until they are seen
	now         int64
}

// settle ends the stays of accounts of which no connection is in the room.
func (m *modelPresence) settle() {
	for room, stays := range m.stays {
		m.stays[room] = slices.DeleteFunc(stays, func(s Stay) bool {
			for c, rooms := range m.connections {
				if c.account == s.Account && slices.Contains(rooms, room) {
					return false
				}
			}
			return true
		})
	}
}

func (m *modelPresence) leave(room Room, is func(*Connection) bool) {
	for c, rooms := range m.connections {
		if is(c) {
			m.connections[c] = slices.DeleteFunc(rooms, func(r Room) bool { return r == room })
		}
	}
	m.settle()
}

func (m *modelPresence) enter(c *Connection, room Room) {
	if slices.Contains(m.connections[c], room) {
		return
	}
	m.connections[c] = append(m.connections[c], room)
	if !slices.ContainsFunc(m.stays[room], func(s Stay) bool { return s.Account == c.account }) {
		m.stays[room] = append(m.stays[room], Stay{Account: c.account, Entered: m.now})
	}
}

func (m *modelPresence) check(t *rapid.T, p *LocalPresence, accounts []string, rooms []Room, ids map[uint64]bool) {
	platforms, _ := p.Platforms(bg, accounts...)
	for _, account := range accounts {
		var want []string
		for c := range m.connections {
			if c.account == account && !slices.Contains(want, c.platform) {
				want = append(want, c.platform)
			}
		}
		slices.Sort(want)
		if got := platforms[account]; !slices.Equal(got, want) {
			t.Fatalf("%s is on %v, want %v", account, got, want)
		}
	}
	for _, room := range rooms {
		stays := m.stays[room]
		if n, _ := p.Size(bg, room); n != len(stays) {
			t.Fatalf("%d accounts are in %v, want %d", n, room, len(stays))
		}
		newest, _ := p.Newest(bg, room, 100)
		if len(newest) != len(stays) {
			t.Fatalf("stays are %v, want %v", newest, stays)
		}
		byAccount, _ := p.Stays(bg, room, accounts...)
		if len(byAccount) != len(stays) {
			t.Fatalf("stays by account are %v, want %v", byAccount, stays)
		}
		for i, got := range newest {
			want := &stays[len(stays)-1-i]
			if want.ID == 0 { // a new one
				if got.ID == 0 || ids[got.ID] {
					t.Fatalf("new stay has the id %d", got.ID)
				}
				want.ID, ids[got.ID] = got.ID, true
			}
			if got != *want || byAccount[got.Account] != got {
				t.Fatalf("stay %d is %v and by account %v, want %v", i, got, byAccount[got.Account], *want)
			}
		}
		if two, _ := p.Newest(bg, room, 2); len(two) != min(2, len(newest)) || !slices.Equal(two, newest[:len(two)]) {
			t.Fatalf("the newest two are %v of %v", two, newest)
		}
	}
}

func TestPresenceIsWhatConnectionsDid(t *testing.T) {
	accounts := []string{"ann", "bob", "cleo"}
	rooms := []Room{{"a", 1}, {"a", 2}, {"b", 1}}
	rapid.Check(t, func(t *rapid.T) {
		m := &modelPresence{connections: map[*Connection][]Room{}, stays: map[Room][]Stay{}, now: 1_760_000_000}
		p := NewLocalPresence(func() time.Time { return time.Unix(m.now, 0) })
		var all []*Connection // also those that have ended
		ids := map[uint64]bool{}
		account, room := rapid.SampledFrom(accounts), rapid.SampledFrom(rooms)
		pick := func(t *rapid.T) *Connection {
			if len(all) == 0 {
				t.Skip("no connection yet")
			}
			return rapid.SampledFrom(all).Draw(t, "connection")
		}
		t.Repeat(map[string]func(*rapid.T){
			"connect": func(t *rapid.T) {
				c := p.Connect(account.Draw(t, "account"), rapid.SampledFrom([]string{"Web", "PC"}).Draw(t, "platform"))
				all = append(all, c)
				m.connections[c] = nil
			},
			"disconnect": func(t *rapid.T) {
				c := pick(t)
				p.Disconnect(c)
				delete(m.connections, c)
				m.settle()
			},
			"enter": func(t *rapid.T) {
				c, room := pick(t), room.Draw(t, "room")
				_, open := m.connections[c]
				if got := p.EnterRoom(c, room); got != open {
					t.Fatalf("entering was %v, want %v", got, open)
				}
				if open {
					m.enter(c, room)
				}
			},
			"leave": func(t *rapid.T) {
				c, room := pick(t), room.Draw(t, "room")
				p.LeaveRoom(c, room)
				m.leave(room, func(other *Connection) bool { return other == c })
			},
			"expel": func(t *rapid.T) {
				who, room := account.Draw(t, "account"), room.Draw(t, "room")
				if err := p.Expel(bg, room, who); err != nil {
					t.Fatal(err)
				}
				m.leave(room, func(c *Connection) bool { return c.account == who })
			},
			"wait": func(t *rapid.T) { m.now += rapid.Int64Range(0, 5).Draw(t, "time") },
			"":     func(t *rapid.T) { m.check(t, p, accounts, rooms, ids) },
		})
		for c := range m.connections {
			p.Disconnect(c)
		}
		if len(p.accounts)+len(p.rooms) > 0 {
			t.Fatalf("%v and %v are left without connections", p.accounts, p.rooms)
		}
	})
}

func TestPresenceTakesManyConnectionsAtOnce(t *testing.T) {
	p := NewLocalPresence(nil)
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			account, room := fmt.Sprint("u", i%4), Room{"room", uint64(i % 3)}
			for range 200 {
				c := p.Connect(account, "Web")
				p.EnterRoom(c, room)
				p.Newest(bg, room, 10)
				p.Size(bg, room)
				p.Platforms(bg, account)
				p.Stays(bg, room, account)
				if i%5 == 0 {
					p.Expel(bg, room, account)
				}
				p.LeaveRoom(c, room)
				p.EnterRoom(c, Room{"other", 1})
				p.Disconnect(c)
			}
		})
	}
	wg.Wait()
	if len(p.accounts)+len(p.rooms) > 0 {
		t.Fatalf("%v and %v are left without connections", p.accounts, p.rooms)
	}
}
