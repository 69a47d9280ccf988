package chat

import (
	linked "container/list"
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// LocalPresence is the Presence of the connections that one process holds.
// Whoever holds them tells it of each.
type LocalPresence struct {
	clock Clock

	mu       sync.Mutex
	accounts map[string]map[*Connection]bool // those that are connected
	rooms    map[Room]*attendance            // those with somebody in them
}

// Connection is one connection of an account, from Connect to Disconnect.
type Connection struct {
	account, platform string
	open              bool
	rooms             map[Room]bool
}

// attendance is who is in one room.
type attendance struct {
	stays map[string]*linked.Element // by account
	order linked.List                // of *attending, that which began last in front
}

// attending is a stay that has not ended.
type attending struct {
	Stay
	connections int // of the account, in the room
}

// NewLocalPresence makes a presence without connections; a nil clock is
// time.Now.
func NewLocalPresence(clock Clock) *LocalPresence {
	if clock == nil {
		clock = time.Now
	}
	return &LocalPresence{clock: clock, accounts: map[string]map[*Connection]bool{}, rooms: map[Room]*attendance{}}
}

// Connect notes a connection of an account that has begun. The platforms of the
// protocol are iPhone, Android, Web, PC, iPad and Mac (doc 35477).
func (p *LocalPresence) Connect(account, platform string) *Connection {
	c := &Connection{account: account, platform: platform, open: true, rooms: map[Room]bool{}}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.accounts[account] == nil {
		p.accounts[account] = map[*Connection]bool{}
	}
	p.accounts[account][c] = true
	return c
}

// Disconnect notes that a connection has ended, also in every room. Doing it
// again has no effect.
func (p *LocalPresence) Disconnect(c *Connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for room := range c.rooms {
		p.leave(c, room)
	}
	c.open = false
	delete(p.accounts[c.account], c)
	if len(p.accounts[c.account]) == 0 {
		delete(p.accounts, c.account)
	}
}

// EnterRoom notes that a connection has entered a room, and reports whether it
// is in it: one that has ended is nowhere. Whether the account is banned is to
// be looked at after EnterRoom: a ban expels whom it finds in the room.
func (p *LocalPresence) EnterRoom(c *Connection, room Room) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !c.open || c.rooms[room] {
		return c.open
	}
	c.rooms[room] = true
	r := p.rooms[room]
	if r == nil {
		r = &attendance{stays: map[string]*linked.Element{}}
		p.rooms[room] = r
	}
	e := r.stays[c.account]
	if e == nil {
		e = r.order.PushFront(&attending{Stay: Stay{
			ID: 1 + rand.Uint64N(1<<64-1), Account: c.account, Entered: p.clock().Unix(),
		}})
		r.stays[c.account] = e
	}
	e.Value.(*attending).connections++
	return true
}

// LeaveRoom notes that a connection has left a room, if it was in it.
func (p *LocalPresence) LeaveRoom(c *Connection, room Room) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leave(c, room)
}

// leave takes one connection out of a room, and with the last its account.
func (p *LocalPresence) leave(c *Connection, room Room) {
	if !c.rooms[room] {
		return
	}
	delete(c.rooms, room)
	r := p.rooms[room]
	e := r.stays[c.account]
	stay := e.Value.(*attending)
	if stay.connections--; stay.connections > 0 {
		return
	}
	r.order.Remove(e)
	delete(r.stays, c.account)
	if len(r.stays) == 0 {
		delete(p.rooms, room)
	}
}

// Platforms implements Presence.
func (p *LocalPresence) Platforms(_ context.Context, accounts ...string) (map[string][]string, error) {
	found := map[string][]string{}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, account := range accounts {
		if len(p.accounts[account]) == 0 {
			continue
		}
		platforms := map[string]bool{}
		for c := range p.accounts[account] {
			platforms[c.platform] = true
		}
		found[account] = slices.Sorted(maps.Keys(platforms))
	}
	return found, nil
}

// Stays implements Presence.
func (p *LocalPresence) Stays(_ context.Context, room Room, accounts ...string) (map[string]Stay, error) {
	found := map[string]Stay{}
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.rooms[room]; r != nil {
		for _, account := range accounts {
			if e := r.stays[account]; e != nil {
				found[account] = e.Value.(*attending).Stay
			}
		}
	}
	return found, nil
}

// Newest implements Presence.
func (p *LocalPresence) Newest(_ context.Context, room Room, n int) ([]Stay, error) {
	var stays []Stay
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.rooms[room]; r != nil {
		for e := r.order.Front(); e != nil && len(stays) < n; e = e.Next() {
			stays = append(stays, e.Value.(*attending).Stay)
		}
	}
	return stays, nil
}

// Size implements Presence.
func (p *LocalPresence) Size(_ context.Context, room Room) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.rooms[room]; r != nil {
		return len(r.stays), nil
	}
	return 0, nil
}

// Expel implements Presence.
func (p *LocalPresence) Expel(_ context.Context, room Room, account string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.accounts[account] {
		p.leave(c, room)
	}
	return nil
}
