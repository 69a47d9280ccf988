package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/chat"
	"github.com/recant-chat/recant/internal/config"
	"github.com/recant-chat/recant/store/pebble"
)

const (
	sdkAppID = 1400000001
	admin    = "administrator"
	people   = 10_000 // accounts that own groups and send
)

// world is a server without its wire.
type world struct {
	options
	store *pebble.Store
	chat  *chat.App
	by    chat.Operator
	now   int64 // SendTime of the imported messages
}

func openWorld(ctx context.Context, o options) (*world, error) {
	settings := config.Default(config.ProfileOwn)
	st, err := pebble.Open(o.data, pebble.Options{CacheBytes: int64(settings.CacheSize)})
	if err != nil {
		return nil, err
	}
	app, err := chat.OpenApp(ctx, st, sdkAppID, chat.Options{Settings: settings.Settings, Admins: []string{admin}})
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return &world{options: o, store: st, chat: app, by: chat.Operator{Account: admin}}, nil
}

func (w *world) close() error {
	w.chat.Close()
	return w.store.Close()
}

func person(i int) string  { return fmt.Sprintf("person-%d", i%people) }
func groupID(i int) string { return fmt.Sprintf("group-%d", i) }

// all runs do for 0 to n-1 by the concurrent callers and returns the first
// error.
func (w *world) all(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var callers sync.WaitGroup
	for range min(w.callers, n) {
		callers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := do(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	callers.Wait()
	return context.Cause(ctx)
}

func (w *world) importAccounts(ctx context.Context) error {
	const batch = 100
	return w.all(ctx, people/batch, func(ctx context.Context, i int) error {
		accounts := make([]chat.AccountProfile, batch)
		for j := range accounts {
			accounts[j].UserID = person(i*batch + j)
		}
		failed, err := w.chat.ImportAccounts(ctx, accounts)
		if err == nil && len(failed) > 0 {
			err = fmt.Errorf("accounts %v were refused", failed)
		}
		return err
	})
}

// types are those of the groups, in turn.
var types = [...]chat.GroupType{chat.Private, chat.Public, chat.ChatRoom}

// makeGroups makes groups of three people each.
func (w *world) makeGroups(ctx context.Context) error {
	return w.all(ctx, w.groups, func(ctx context.Context, i int) error {
		_, err := w.chat.CreateGroup(ctx, w.by, chat.NewGroup{
			ID: groupID(i), Type: string(types[i%len(types)]), Name: fmt.Sprintf("The group of number %d", i), Owner: person(i),
			Members: []chat.NewMember{{Account: person(i + 1)}, {Account: person(i + 2)}},
		})
		return err
	})
}

// storeMessages imports each group's share, as many messages at a time as one
// call takes.
func (w *world) storeMessages(ctx context.Context) error {
	w.now = time.Now().Unix()
	batch := w.chat.Settings().ImportMaxBatch
	return w.all(ctx, w.groups, func(ctx context.Context, i int) error {
		for left := w.share(i); left > 0; left -= batch {
			messages := make([]chat.ImportedMessage, min(left, batch))
			for j := range messages {
				messages[j] = w.message(i, left-j)
			}
			results, err := w.chat.ImportMessages(ctx, w.by, chat.Import{GroupID: groupID(i), Messages: messages})
			if err != nil {
				return err
			}
			for _, r := range results {
				if r.Code != 0 {
					return fmt.Errorf("a message was refused with %d", r.Code)
				}
			}
		}
		return nil
	})
}

// share is how many messages a group gets.
func (w *world) share(group int) int {
	share := w.messages / w.groups
	if group < w.messages%w.groups {
		share++
	}
	return share
}

func (w *world) message(group, n int) chat.ImportedMessage {
	random := rand.Uint32()
	return chat.ImportedMessage{From: person(group + n%3), Time: &w.now, Random: &random, Body: body(random)}
}

// body is a message of usual length.
func body(random uint32) jsontext.Value {
	return fmt.Appendf(nil, `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"The ferry leaves at noon from pier %d, do not be late again"}}]`, random)
}

// everyday is what a server does all day, in more groups than it keeps in
// memory: of ten calls seven send, two read a page of history and one recalls.
func (w *world) everyday(ctx context.Context) error {
	return w.all(ctx, w.calls, func(ctx context.Context, i int) error {
		group := rand.IntN(w.groups)
		switch {
		case i%10 < 7:
			random := rand.Uint32()
			_, err := w.chat.Send(ctx, w.by, chat.Message{
				GroupID: groupID(group), From: person(group), Random: &random, Body: body(random),
			})
			return err
		case i%10 < 9:
			_, err := w.chat.History(ctx, chat.HistoryRequest{GroupID: groupID(group), Number: 20, WithRecalled: true})
			return err
		}
		return w.chat.RecallBySender(ctx, w.by, groupID(group), "", person(group))
	})
}
