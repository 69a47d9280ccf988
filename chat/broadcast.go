package chat

import (
	"context"
	"errors"
	"fmt"
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
		seq = recent.newest + 1
		entry := &record.Broadcast{Digest: id[:], Time: recent.now}
		_, err = a.store.Commit(ctx, record.BroadcastsPartition(a.id), recent.version,
			append(recent.expired, store.Set(record.BroadcastKey(seq), encode(entry))))
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
// seconds, and always of the newest.
type recentBroadcasts struct {
	version   store.Version
	now       int64  // Unix milliseconds
	newest    uint32 // number, 0 for none
	first     uint32 // the number of the one with the digest that is looked for, 0 for none
	perSecond int    // in the second before now
	expired   []store.Mutation
}

func (a *App) recentBroadcasts(ctx context.Context, id digest) (*recentBroadcasts, error) {
	rows, version, err := a.store.Read(ctx, record.BroadcastsPartition(a.id), store.Range{Reverse: true})
	if err != nil {
		return nil, err
	}
	recent := &recentBroadcasts{version: version, now: a.clock().UnixMilli()}
	for i, row := range rows[0] {
		entry := &record.Broadcast{}
		if err := decode(row, entry); err != nil {
			return nil, err
		}
		number := record.Seq(row.Key)
		if i == 0 {
			recent.newest = number
		}
		age := time.Duration(recent.now-entry.Time) * time.Millisecond
		if age.Abs() > duplicateSeconds*time.Second { // or far ahead of a clock that was set back
			if len(recent.expired) < store.MaxMutations-1 {
				recent.expired = append(recent.expired, store.Delete(row.Key))
			}
			continue
		}
		if storedDigest(entry.Digest) == id {
			recent.first = number
		}
		if age >= 0 && age < time.Second {
			recent.perSecond++
		}
	}
	return recent, nil
}
