package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// maxBroadcastsPerSecond bounds broadcasts_per_second (doc 49440).
const maxBroadcastsPerSecond = 5

// Broadcast is a message to everybody in the AVChatRooms of the application
// (doc 49440).
type Broadcast struct {
	From            string  // "" for the operator
	Random          *uint32 // required
	Body            jsontext.Value
	CloudCustomData string
}

// Broadcast sends a broadcast and returns its number, which counts from 1 in
// the application. A repeat within 300 seconds answers the number of the first.
// The number is durable when Broadcast returns; what was said is kept nowhere.
// As long as nobody can be online it reaches nobody.
//
// Errors: CodeInvalid, CodeMessageTooLong, CodeTextRefused, CodeNotPermitted,
// CodeAccountNotFound, CodeMuted, CodeMessageFrequency.
func (a *App) Broadcast(ctx context.Context, op Operator, b Broadcast) (seq uint32, err error) {
	if b.From == "" {
		b.From = op.Account
	}
	if b.Random == nil {
		return 0, Refuse(CodeInvalid, "Random is missing")
	}
	if !ValidUserID(b.From) {
		return 0, Refuse(CodeInvalid, "From_Account %q is not a valid UserID", b.From)
	}
	c, err := a.checkContent(b.Body, b.CloudCustomData, false)
	if err != nil {
		return 0, err
	}
	if a.settings.BroadcastsPerSecond == 0 {
		return 0, Refuse(CodeNotPermitted, "broadcasts are switched off")
	}
	sender, err := a.requireAccount(ctx, b.From)
	if err != nil {
		return 0, err
	}
	refuse := a.refuseGloballyMuted(b.From, sender)
	id := sendDigest(b.From, *b.Random, c)
	a.broadcasts.Lock() // or those of one process would meet as conflicts
	defer a.broadcasts.Unlock()
	err = retry(ctx, func() error {
		recent, err := a.recentBroadcasts(ctx, id)
		switch {
		case err != nil:
			return err
		case recent.first != 0:
			seq = recent.first
			return nil
		case refuse != nil:
			return refuse
		case recent.perSecond >= a.settings.BroadcastsPerSecond:
			return Refuse(CodeMessageFrequency, "msg count exceeds limit,please retry later")
		}
		seq = recent.Newest + 1
		recent.Newest = seq
		recent.Recent = append(recent.Recent, &record.Broadcast{Digest: id[:], Time: recent.now, Number: seq})
		_, err = a.store.Commit(ctx, record.BroadcastsPartition(a.id), recent.version,
			[]store.Mutation{store.Set(record.BroadcastsKey, encode(recent.Broadcasts))})
		if errors.Is(err, store.ErrUnknown) {
			return store.ErrConflict // see whether it is there
		}
		return err
	})
	if err != nil && CodeOf(err) == CodeInternal {
		return 0, fmt.Errorf("broadcast: %w", err)
	}
	return seq, err
}

// recentBroadcasts is what the store holds of the broadcasts of the last 300
// seconds.
type recentBroadcasts struct {
	*record.Broadcasts
	version   store.Version
	now       int64  // Unix milliseconds
	first     uint32 // the number of the one with the digest that is looked for, 0 for none
	perSecond int    // in the second before now
}

func (a *App) recentBroadcasts(ctx context.Context, id digest) (*recentBroadcasts, error) {
	rows, version, err := a.store.Read(ctx, record.BroadcastsPartition(a.id), store.Key(record.BroadcastsKey))
	if err != nil {
		return nil, err
	}
	recent := &recentBroadcasts{Broadcasts: &record.Broadcasts{}, version: version, now: a.clock().UnixMilli()}
	for _, row := range rows[0] {
		if err := decode(row, recent.Broadcasts); err != nil {
			return nil, err
		}
	}
	age := func(b *record.Broadcast) time.Duration { return time.Duration(recent.now-b.Time) * time.Millisecond }
	recent.Recent = slices.DeleteFunc(recent.Recent, func(b *record.Broadcast) bool {
		return age(b).Abs() > duplicateSeconds*time.Second // or far ahead of a clock that was set back
	})
	for _, b := range slices.Backward(recent.Recent) {
		if storedDigest(b.Digest) == id {
			recent.first = b.Number
		}
		if age := age(b); age >= 0 && age < time.Second {
			recent.perSecond++
		}
	}
	return recent, nil
}
