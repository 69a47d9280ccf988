package chat

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
	"google.golang.org/protobuf/proto"
)

// What a destroyed group or topic leaves behind is removed in the background.
// It is listed before the commit that destroys it, so that a crash at any
// point leaves an entry from which the work is done again, from its start;
// every step finds what it did before already done.

const (
	// staleAfter is the age in seconds from which an entry of something that
	// still lives means that its destruction never came.
	staleAfter = 60
	// cleanupRows is how many rows one commit of the cleanup removes.
	cleanupRows = store.MaxMutations / 2
)

// condemn lists a group's incarnation with all its streams (rows true), or
// single topics of a group that lives on, as about to be destroyed.
func (a *App) condemn(ctx context.Context, g *groupState, topics []*record.DeadTopic, rows bool) error {
	entry := func(topics []*record.DeadTopic) []byte {
		return encode(&record.Cleanup{
			GroupId: g.id, Incarnation: g.head.Incarnation, Topics: topics, Rows: rows, Time: a.now(), TipsRemoved: g.head.TipsRemoved,
		})
	}
	var mutations []store.Mutation
	if rows {
		mutations = append(mutations, store.Set(record.CleanupKey(g.id, g.head.Incarnation, 0), entry(topics)))
	} else {
		for i, t := range topics {
			mutations = append(mutations, store.Set(record.CleanupKey(g.id, g.head.Incarnation, t.Incarnation), entry(topics[i:i+1])))
		}
	}
	return a.listForCleanup(ctx, g, mutations)
}

// listForCleanup lists entries under keys that no other attempt has: of one that
// is taken off the list another may not be hidden.
func (a *App) listForCleanup(ctx context.Context, g *groupState, entries []store.Mutation) error {
	for i := range entries {
		entries[i].Key = attemptKey(entries[i].Key)
	}
	if err := a.cleanups.put(ctx, entries...); err != nil {
		return fmt.Errorf("list group %q for cleanup: %w", g.id, err)
	}
	return nil
}

func attemptKey(key []byte) []byte { return binary.BigEndian.AppendUint64(key, rand.Uint64()) }

// cleanSoon asks the background work for a cleanup without waiting for its next
// round.
func (a *App) cleanSoon() {
	select {
	case a.cleanNow <- struct{}{}:
	default: // it has been asked already
	}
}

// cleanUp removes what the list names.
func (a *App) cleanUp(ctx context.Context) error { return a.cleanUpListed(ctx, true) }

// cleanUpListed is cleanUp of all, or of what this process knows to be listed.
func (a *App) cleanUpListed(ctx context.Context, all bool) error {
	var failed error
	err := a.cleanups.each(ctx, all, func(row store.Row) error {
		if err := a.cleanEntry(ctx, row); err != nil {
			failed = errors.Join(failed, err) // the others can still be done
		}
		return ctx.Err()
	})
	return errors.Join(failed, err)
}

// cleanEntry does the work of one entry and removes it.
func (a *App) cleanEntry(ctx context.Context, row store.Row) error {
	entry := &record.Cleanup{}
	if err := decode(row, entry); err != nil {
		return err
	}
	dead, err := a.clean(ctx, row.Key, entry)
	if errors.Is(err, errUndelivered) {
		return nil // once they are delivered this is done again
	}
	if err != nil {
		return err
	}
	if !dead {
		return a.forgiveStale(ctx, row, entry)
	}
	return a.endCleanup(ctx, row.Key)
}

func (a *App) endCleanup(ctx context.Context, key []byte) error {
	if err := a.cleanups.remove(ctx, key); err != nil {
		return fmt.Errorf("end cleanup: %w", err)
	}
	return nil
}

// forgiveStale removes an entry of something that still lives when its
// destruction has not come in time. First it moves the version of the group or
// account: whoever is about to destroy it on the strength of that entry fails, and
// lists it anew.
func (a *App) forgiveStale(ctx context.Context, row store.Row, entry *record.Cleanup) error {
	if a.now()-entry.Time < staleAfter {
		return nil
	}
	var lives bool
	var err error
	if account, ok := record.CleanupAccount(row.Key); ok {
		lives, err = a.touchAccount(ctx, account)
	} else {
		err = a.changeGroupHead(ctx, entry.GroupId, func(g *groupChange) error {
			g.touch()
			lives, err = g.holdsCondemned(ctx, entry)
			return err
		})
	}
	if err != nil || !lives {
		return err
	}
	return a.endCleanup(ctx, row.Key)
}

// touchAccount moves the version of an account unless it is being deleted, and
// reports whether it is not.
func (a *App) touchAccount(ctx context.Context, userID string) (lives bool, err error) {
	err = retry(ctx, func() error {
		account, version, err := a.readAccountRow(ctx, userID)
		if lives = !account.GetDeleting(); err != nil || account == nil || !lives {
			return err
		}
		return a.commitAccount(ctx, userID, version)
	})
	return lives, err
}

// clean removes what an entry names and reports whether it was dead.
func (a *App) clean(ctx context.Context, key []byte, entry *record.Cleanup) (dead bool, err error) {
	if account, ok := record.CleanupAccount(key); ok {
		return a.deleteAccount(ctx, account, true)
	}
	live, err := a.condemnedLives(ctx, entry)
	if err != nil || live {
		return false, err
	}
	removal := &removal{a, key, entry, 0}
	for _, t := range entry.Topics {
		if !removal.next() {
			continue
		}
		id := record.ConversationID{App: a.id, Group: entry.GroupId, Incarnation: entry.Incarnation, Topic: t.Incarnation}
		// Sealed first: a send that is under way is told of or fails.
		if _, err := a.sealLog(ctx, id); err != nil {
			return false, fmt.Errorf("seal log of %q: %w", entry.GroupId, err)
		}
		if err := a.requireDelivered(ctx, id, entry); err != nil {
			return false, err
		}
		if err := a.removeConversation(ctx, id, removal); err != nil {
			return false, fmt.Errorf("remove conversation of %q: %w", entry.GroupId, err)
		}
	}
	if err := a.removeGroupRows(ctx, removal); err != nil {
		return false, fmt.Errorf("remove rows of group %q: %w", entry.GroupId, err)
	}
	return true, nil
}

// condemnedLives reports whether an entry's destruction has not come.
func (a *App) condemnedLives(ctx context.Context, entry *record.Cleanup) (lives bool, err error) {
	err = retry(ctx, func() error {
		g, err := a.readGroupHead(ctx, entry.GroupId)
		if err != nil {
			return err
		}
		lives, err = g.holdsCondemned(ctx, entry)
		return err
	})
	return lives, err
}

func (g *groupState) holdsCondemned(ctx context.Context, entry *record.Cleanup) (bool, error) {
	if g.head.Destroyed || g.head.Incarnation != entry.Incarnation {
		return false, nil
	}
	if entry.Rows {
		return true, nil
	}
	if entry.Left != nil {
		return g.hasOrder(ctx, *entry.Left)
	}
	if slices.ContainsFunc(entry.PermissionGroups, g.hasPermissionGroup) {
		return true, nil
	}
	for _, dead := range entry.Topics {
		t, err := g.topic(ctx, dead.TopicId)
		if err != nil {
			return false, err
		}
		if t != nil && t.Incarnation == dead.Incarnation {
			return true, nil
		}
	}
	return false, nil
}

// removeConversation removes a conversation for good. Of its log and of the
// conversation's own partition one sealed row each is left, at which a writer fails that
// was stalled since before the destruction.
func (a *App) removeConversation(ctx context.Context, id record.ConversationID, removal *removal) error {
	newest, err := a.sealLog(ctx, id)
	if err != nil {
		return err
	}
	c, err := a.sealConversation(ctx, id, newest)
	if err != nil {
		return err
	}
	for bucket := c.FirstBucket; bucket < newest; bucket++ {
		if err := a.store.Drop(ctx, record.LogPartition(id, bucket)); err != nil {
			return fmt.Errorf("drop log bucket: %w", err)
		}
	}
	if err := a.clear(ctx, record.LogPartition(id, newest), record.LogHeadKey, nil); err != nil {
		return err
	}
	for bucket := c.FirstBucket; bucket <= newest; bucket++ {
		if err := a.dropBeside(ctx, id, bucket); err != nil {
			return err
		}
	}
	if err := a.clear(ctx, record.ConversationPartition(id), record.ConversationKey, removal); err != nil {
		return err
	}
	a.streams.forget(id)
	lane := record.ConversationLane(id)
	if err := a.expireLoose(ctx, lane, math.MaxInt64); err != nil {
		return err
	}
	if err := a.store.Drop(ctx, record.EventLanePartition(a.id, lane)); err != nil {
		return fmt.Errorf("drop lane of events: %w", err)
	}
	return nil
}

// sealLog ends the log and returns its newest bucket. Where that one is full
// the next is opened sealed instead, so that nobody can open it otherwise.
func (a *App) sealLog(ctx context.Context, id record.ConversationID) (newest uint32, err error) {
	err = retry(ctx, func() error {
		s := &stream{app: a, id: id}
		newest, err = s.newestBucket(ctx)
		if err != nil {
			return err
		}
		head, version, err := a.readLogHead(ctx, id, newest)
		if err != nil {
			return err
		}
		if head.Sealed {
			return nil
		}
		if head.LastSeq == (newest+1)*record.BucketSize {
			newest, version = newest+1, ""
		}
		head.Sealed = true
		_, err = a.store.Commit(ctx, record.LogPartition(id, newest), version,
			[]store.Mutation{store.Set(record.LogHeadKey, encode(head))})
		if err != nil {
			return fmt.Errorf("seal log: %w", err)
		}
		return nil
	})
	return newest, err
}

// sealConversation ends what stands beside the log and returns its row.
func (a *App) sealConversation(ctx context.Context, id record.ConversationID, newest uint32) (*record.Conversation, error) {
	var sealed *record.Conversation
	err := retry(ctx, func() error {
		c, _, version, err := a.readConversation(ctx, id)
		if err != nil {
			return err
		}
		sealed = c
		if c.Sealed {
			return nil
		}
		c.Sealed, c.BucketHint = true, max(c.BucketHint, newest)
		_, err = a.store.Commit(ctx, record.ConversationPartition(id), version,
			[]store.Mutation{store.Set(record.ConversationKey, encode(c))})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("seal conversation: %w", err)
	}
	return sealed, nil
}

// clear removes every row of a partition but one. How far it came is noted in the
// removal, if any.
func (a *App) clear(ctx context.Context, p store.Partition, keep []byte, removal *removal) error {
	from := removal.from()
	for done := false; !done; {
		var last []byte
		err := retry(ctx, func() error {
			rows, version, err := a.store.Read(ctx, p, store.Range{From: from, Limit: cleanupRows})
			if err != nil {
				return err
			}
			var mutations []store.Mutation
			for _, row := range rows[0] {
				last = row.Key
				if !bytes.Equal(row.Key, keep) {
					mutations = append(mutations, store.Delete(row.Key))
				}
			}
			if done = len(rows[0]) < cleanupRows; len(mutations) == 0 {
				return nil
			}
			_, err = a.store.Commit(ctx, p, version, mutations)
			return err
		})
		if err == nil && !done {
			from = afterKey(last)
			err = removal.note(ctx, from)
		}
		if err != nil {
			return fmt.Errorf("clear partition: %w", err)
		}
	}
	return nil
}

// removal is the work on an entry, in steps that are the same each time. How far it
// came is kept in the entry: who goes on with it must not pass over all that is
// removed.
type removal struct {
	app   *App
	key   []byte
	entry *record.Cleanup
	steps uint32 // that were begun or passed over
}

// next begins the next step, and reports whether there is something left of it.
func (r *removal) next() bool {
	r.steps++
	return r.steps > r.entry.Step
}

// from is where the present step goes on.
func (r *removal) from() []byte {
	if r == nil || r.steps != r.entry.Step+1 {
		return nil
	}
	return r.entry.From
}

// note notes that of the present step all before a key is removed.
func (r *removal) note(ctx context.Context, from []byte) error {
	if r == nil {
		return nil
	}
	r.entry.Step, r.entry.From = r.steps-1, from
	if err := r.app.cleanups.put(ctx, store.Set(r.key, encode(r.entry))); err != nil {
		return fmt.Errorf("note what was removed: %w", err)
	}
	return nil
}

// condemnedRows are the ranges of a group's partition that hold what an entry
// names: all rows of the incarnation, or those of its topics and permission
// groups. Those of one batch are of one kind, and fit into a commit together
// where they are several. They are in the order of keys, members the last, so that
// who looks for the row behind a range finds one before what is removed already.
func condemnedRows(entry *record.Cleanup) (batches [][]store.Range) {
	one := func(r store.Range) {
		r.Limit = cleanupRows
		batches = append(batches, []store.Range{r})
	}
	if entry.Rows {
		for _, prefix := range record.IncarnationPrefixes(entry.Incarnation) {
			r := store.Prefix(prefix)
			if tips := record.TipIntentKey(entry.Incarnation, entry.TipsRemoved+1); bytes.HasPrefix(tips, prefix) {
				r.From = tips
			}
			one(r)
		}
		members := memberRange(entry.Incarnation, 0)
		members.Limit = cleanupRows/record.MemberBlockSize - 1 // with a row for each
		return append(batches, []store.Range{members})
	}
	for _, t := range entry.Topics {
		one(store.Prefix(record.MuteKey(entry.Incarnation, t.Incarnation, "")))
		one(store.Prefix(record.TopicMemberKey(entry.Incarnation, t.Incarnation, "")))
		one(store.Key(record.StreamStateKey(entry.Incarnation, t.Incarnation)))
	}
	var left []store.Range
	for _, number := range entry.PermissionGroups {
		if entry.Left != nil {
			left = append(left, store.Key(record.PermissionMemberKey(entry.Incarnation, number, *entry.Left)))
		} else {
			one(store.Prefix(record.PermissionMemberPrefix(entry.Incarnation, number)))
		}
	}
	if left != nil {
		batches = append(batches, left)
	}
	return batches
}

// removeGroupRows removes what the group's partition holds of an entry.
func (a *App) removeGroupRows(ctx context.Context, removal *removal) error {
	entry := removal.entry
	for _, batch := range condemnedRows(entry) {
		if !removal.next() {
			continue
		}
		if from := removal.from(); from != nil {
			batch[0].From = from
		}
		for done := false; !done; {
			var last []byte
			err := a.changeGroupHead(ctx, entry.GroupId, func(g *groupChange) error {
				lives, err := g.holdsCondemned(ctx, entry)
				if done = lives; err != nil || lives {
					return err
				}
				found, err := g.read(ctx, batch...)
				if err != nil {
					return err
				}
				rows := slices.Concat(found...)
				if done = len(batch) > 1 || len(rows) < batch[0].Limit; !done {
					last = rows[len(rows)-1].Key
				}
				members, err := g.rowsOfMembers(ctx, entry, rows)
				if err != nil {
					return err
				}
				rows = append(members, rows...)
				if err := a.unindexRows(ctx, entry, rows); err != nil {
					return err
				}
				for _, row := range rows {
					g.delete(row.Key)
				}
				return nil
			})
			if err == nil && !done {
				batch[0].From = afterKey(last)
				err = removal.note(ctx, batch[0].From)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// rowsOfMembers reads the rows of the members whose blocks of the index are among
// rows.
func (g *groupState) rowsOfMembers(ctx context.Context, entry *record.Cleanup, rows []store.Row) ([]store.Row, error) {
	var ranges []store.Range
	for _, row := range rows {
		if !bytes.HasPrefix(row.Key, record.MemberBlockPrefix(entry.Incarnation)) {
			break // rows of one batch are of one kind
		}
		members, err := orderedMembers(row)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			ranges = append(ranges, store.Key(record.MemberKey(entry.Incarnation, m.account)))
		}
	}
	if ranges == nil {
		return nil, nil
	}
	found, err := g.read(ctx, ranges...)
	return slices.Concat(found...), err
}

// unindexRows takes the members or robots among rows out of their users'
// indexes.
func (a *App) unindexRows(ctx context.Context, entry *record.Cleanup, rows []store.Row) error {
	joinIDs := map[string]uint64{}
	for _, row := range rows {
		var joined interface {
			proto.Message
			GetJoinId() uint64
		} = &record.Member{}
		account, ok := bytes.CutPrefix(row.Key, record.MemberKey(entry.Incarnation, ""))
		if !ok {
			joined = &record.Robot{}
			account, ok = bytes.CutPrefix(row.Key, record.RobotKey(entry.Incarnation, ""))
		}
		if !ok {
			break // members and robots come first
		}
		if err := decode(row, joined); err != nil {
			return err
		}
		joinIDs[string(account)] = joined.GetJoinId()
	}
	return a.unindexMembers(ctx, entry.GroupId, joinIDs)
}
