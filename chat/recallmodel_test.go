package chat

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"pgregory.net/rapid"
)

// What is recalled is, after any sequence of sends, recalls of every kind,
// restores, fences, holds, erasures, retention and restarts, what a plain model
// says: a message is recalled while any active target covers it.

var recallSenders = []string{"ann", "bob", "cyd"}

type modelMessage struct {
	sender        string // "" of a tip
	time, arrival int64
	erased        bool
	dropped       bool // by retention, with its whole bucket
}

type modelTarget struct {
	sender     string
	from, to   uint32
	seqs       []uint32
	fenceFrom  uint32 // 0 for none
	fenceUntil int64
	restored   bool
	sealed     bool
	held       bool
}

func (m *modelTarget) covers(seq uint32, msg *modelMessage) bool {
	if m.sender == "" {
		return slices.Contains(m.seqs, seq)
	}
	return m.sender == msg.sender &&
		(m.from <= seq && seq <= m.to && m.from > 0 || m.fenceFrom > 0 && seq >= m.fenceFrom && msg.arrival <= m.fenceUntil)
}

type modelOperation struct {
	id      string
	targets []*modelTarget // one, in the stream under test
	erasing bool
}

// recallModel is one stream, beside the server that is held to it.
type recallModel struct {
	t          *rapid.T
	st         store.Store
	app        *App
	open       func() *App
	clock      *testClock
	group      string
	messages   []modelMessage // number 1 first
	operations []*modelOperation
	random     uint32
}

func (m *recallModel) check(err error) {
	if err != nil {
		m.t.Fatalf("%+v", err)
	}
}

func (m *recallModel) stream() *stream {
	g, err := m.app.readGroup(bg, m.group)
	m.check(err)
	return g.stream()
}

func (m *recallModel) last() uint32 { return uint32(len(m.messages)) }

func (m *recallModel) recalled(seq uint32) bool {
	msg := &m.messages[seq-1]
	for _, o := range m.operations {
		for _, target := range o.targets {
			if !target.restored && msg.sender != "" && target.covers(seq, msg) {
				return true
			}
		}
	}
	return false
}

func (m *recallModel) heldBy(seq uint32) bool {
	msg := &m.messages[seq-1]
	for _, o := range m.operations {
		for _, target := range o.targets {
			if target.held && msg.sender != "" && target.covers(seq, msg) {
				return true
			}
		}
	}
	return false
}

// floor is the highest number that retention has taken.
func (m *recallModel) floor() uint32 {
	cutoff, _ := m.app.expiryCutoff()
	floor := uint32(0)
	for i, msg := range m.messages {
		if msg.sender != "" && msg.time < cutoff {
			floor = uint32(i + 1)
		}
	}
	return floor
}

// unpurged leaves to the engine's own tests what purging does, and saves its time.
type unpurged struct{ store.Store }

func (unpurged) Purge(context.Context, store.Partition) error { return nil }

func TestRecallsAreWhatTheModelSays(t *testing.T) {
	st := unpurged{testengine.Open(t)}
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		clock := &testClock{now: time.Unix(2_000_000_000, 0)}
		open := func() *App {
			a, err := OpenApp(bg, st, 1400000001, Options{
				Settings: func() Settings {
					s := DefaultSettings()
					s.HistoryRetentionDays = 1
					s.DeleteBySenderWindow = 200
					return s
				}(), Clock: clock.Now, Housekeeping: -1, Admins: []string{"administrator"},
			})
			if err != nil {
				rt.Fatal(err)
			}
			return a
		}
		m := &recallModel{t: rt, st: st, open: open, app: open(), clock: clock, group: fmt.Sprint("g", run)}
		defer func() { m.app.Close() }()
		makeGroup(t, m.app, m.group, Public)
		m.send(rapid.SampledFrom([]int{0, 5, 150, 150, 300}).Draw(rt, "at first"))
		if rapid.IntRange(0, 7).Draw(rt, "much") == 0 {
			m.sendMuch(9000)
		}
		rt.Repeat(map[string]func(*rapid.T){
			"send":     func(*rapid.T) { m.send(rapid.IntRange(1, 30).Draw(rt, "messages")) },
			"import":   func(*rapid.T) { m.bringIn() },
			"classic":  func(*rapid.T) { m.recallClassic() },
			"by seq":   func(*rapid.T) { m.recallSeqs() },
			"scoped":   func(*rapid.T) { m.recallScoped() },
			"restore":  func(*rapid.T) { m.restore() },
			"hold":     func(*rapid.T) { m.hold() },
			"erase":    func(*rapid.T) { m.erase() },
			"work":     func(*rapid.T) { m.workOn() },
			"expire":   func(*rapid.T) { m.expire() },
			"restart":  func(*rapid.T) { m.restart() },
			"pass":     func(*rapid.T) { m.pass() },
			"compare":  func(*rapid.T) { m.compare() },
			"compare2": func(*rapid.T) { m.compareAll() },
			"timeline": func(*rapid.T) { m.compareTimeline() },
		})
		m.compareAll()
		m.compare()
		m.compareTimeline()
	})
}
