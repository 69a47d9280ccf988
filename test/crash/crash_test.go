package crash

import (
	"math/rand/v2"
	"testing"
	"time"
)

const (
	kills      = 20
	fewerKills = 3 // of a short run

	// A run of the server ends between these times after the load began.
	shortestRun = 20 * time.Millisecond
	longestRun  = 1500 * time.Millisecond
	// Some servers are killed while they start, within this time.
	startingTime = 60 * time.Millisecond
)

func TestKilledServerLosesNothingAcknowledged(t *testing.T) {
	rounds := kills
	if testing.Short() {
		rounds = fewerKills
	}
	data, streams, ledger := t.TempDir(), streams(), &ledger{}
	s := start(t, data)
	setUp(t, s)
	unanswered, storedAllTheSame := 0, 0
	for ledger.round = range rounds {
		load := startLoad(t, s, ledger, streams)
		if ledger.round == 0 {
			time.Sleep(longestRun) // so that there is something of everything
		} else {
			time.Sleep(shortestRun + rand.N(longestRun-shortestRun))
		}
		s.kill()
		load.wait.Wait()
		ledger.settle()
		if ledger.round%3 == 2 {
			killWhileStarting(t, data)
		}
		s = start(t, data)
		found := verify(t, s, ledger, streams)
		unanswered += found.unanswered
		storedAllTheSame += found.stored
		repeat(t, s, ledger)
		if t.Failed() {
			t.Fatalf("after kill %d", ledger.round+1)
		}
	}
	last := verify(t, s, ledger, streams)
	t.Logf("%d kills: %d messages kept, %d of them recalled and %d spared for certain, %d tips; %d sends without an answer, of which %d were stored",
		rounds, last.kept, last.recalled, last.spared, last.tips, unanswered, storedAllTheSame)
	if last.kept == 0 || last.recalled == 0 || last.spared == 0 || last.tips == 0 || unanswered == 0 {
		t.Errorf("the load proves too little: %+v", last)
	}
	if last.unanswered != 0 {
		t.Errorf("%d messages were sent again and are still without an answer", last.unanswered)
	}
}

// killWhileStarting kills a server that recovers from a kill.
func killWhileStarting(t *testing.T, data string) {
	t.Helper()
	s := launch(t, data)
	time.Sleep(rand.N(startingTime))
	s.kill()
}

// repeated is how many acknowledged messages of a round are sent again.
const repeated = 30

// repeat does what clients do that got no answer: it sends again, with the same
// Random. What had been stored is answered with its number, and so is what had
// been acknowledged; the next look at the history finds no message twice.
func repeat(t *testing.T, s *server, ledger *ledger) {
	t.Helper()
	load := &load{t: t, server: s, ledger: ledger}
	again := 0
	for i := len(ledger.messages) - 1; i >= 0; i-- {
		m := ledger.messages[i]
		if m.round != ledger.round {
			break
		}
		if m.acked != 0 {
			if again++; again > repeated || m.refused {
				continue
			}
		}
		before := *m
		if m.found == 0 {
			m.started = ledger.tick() // the attempt before stored nothing
		}
		if m.sendTime != 0 {
			load.importAll([]*message{m})
		} else {
			load.send(m)
		}
		switch {
		case before.found != 0 && (m.refused || m.seq != before.found):
			t.Errorf("%v: number %d was sent again and is answered with %d", m.stream, before.found, m.seq)
		case before.acked != 0 && m.time != before.time:
			t.Errorf("%v: number %d was sent again and is answered with time %d, first %d", m.stream, m.seq, m.time, before.time)
		}
		if before.acked != 0 {
			m.acked = before.acked
		}
	}
}
