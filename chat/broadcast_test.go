package chat

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// An outcome that the engine cannot tell makes no second broadcast.
func TestBroadcastsOfUnknownOutcomeAreFoundAgain(t *testing.T) {
	clock := &handClock{now: time.Unix(1_760_000_000, 0)}
	unsure := &unsureStore{Store: testengine.Open(t), random: rand.New(rand.NewPCG(1, 0))}
	a := openTestApp(t, unsure, func(o *Options) { o.Clock = clock.Now })
	for random := range uint32(100) {
		for range 2 {
			seq, err := a.Broadcast(bg, Operator{Account: "administrator"}, Broadcast{Random: &random, Body: textBody})
			if err != nil || seq != random+1 {
				t.Fatalf("broadcast %d has number %d, %v", random, seq, err)
			}
		}
		clock.advance(time.Second)
	}
}

// What is older than 300 seconds is forgotten, and no row is ever removed: whoever
// looks for the others would pass over it.
func TestOldBroadcastsAreForgotten(t *testing.T) {
	clock := &handClock{now: time.Unix(1_760_000_000, 0)}
	a := openTestApp(t, testengine.Open(t), func(o *Options) { o.Clock = clock.Now })
	send := func(random uint32, kept int) {
		t.Helper()
		if _, err := a.Broadcast(bg, Operator{Account: "administrator"}, Broadcast{Random: &random, Body: textBody}); err != nil {
			t.Fatal(err)
		}
		rows, _, err := a.store.Read(bg, record.BroadcastsPartition(a.id), store.Range{})
		all := &record.Broadcasts{}
		if err != nil || len(rows[0]) != 1 || decode(rows[0][0], all) != nil || len(all.Recent) != kept {
			t.Fatalf("%d broadcasts are kept in %d rows, %v, want %d", len(all.Recent), len(rows[0]), err, kept)
		}
	}
	for i := range uint32(400) {
		send(i, int(min(i+1, 301)))
		clock.advance(time.Second)
	}
	clock.advance(time.Hour)
	send(1000, 1)
	clock.advance(-time.Hour) // the clock was wrong
	send(1001, 1)
}
