package chat

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// The audit record says who did what about recalls: one entry for every
// preview, recall, restore, erasure, hold and export. It is append-only: an
// entry is written before what it reports, never changed, and what came of it
// is a row of its own. What became of a recall's targets is not said here but
// in their conversations.

// operationIDs makes ids. The zero value is ready to use.
type operationIDs struct {
	mu   sync.Mutex
	last int64 // 4096ths of a millisecond since 1970
}

// tick is the time in 4096ths of a millisecond, after all ticks before: 48 bits
// of milliseconds and 12 of their fraction (RFC 9562, section 6.2, method 3),
// counted on where two fall on one.
func (o *operationIDs) tick(now time.Time) int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = max(now.UnixMilli()<<12+int64(now.Nanosecond())%1e6<<12/1e6, o.last+1)
	return o.last
}

// newOperationID makes the id of an audit entry or operation: a UUIDv7 of the
// application's clock, after all that this process made before.
func (a *App) newOperationID() record.OperationID {
	var id record.OperationID
	rand.Read(id[:]) // never fails
	tick := a.ids.tick(a.clock())
	binary.BigEndian.PutUint64(id[:8], uint64(tick)>>12<<16|0x7000|uint64(tick)&0xfff)
	id[8] = 0x80 | id[8]&0x3f
	return id
}

// operationText is an id as callers see it.
func operationText(id []byte) string {
	if len(id) == 0 {
		return ""
	}
	return uuid.UUID(id).String()
}

// parseOperationID reads an id in the form of operationText.
func parseOperationID(text string) (record.OperationID, bool) {
	id, err := uuid.Parse(text)
	if err != nil || id.String() != text {
		return record.OperationID{}, false
	}
	return record.OperationID(id), true
}

// audit writes an entry, completed with who, when and from where, durable with
// the next commit. Writing it again under its id replaces it: until that
// commit it may still be decided anew.
func (a *App) audit(ctx context.Context, id record.OperationID, op Operator, e *record.AuditEntry) error {
	e.Command, e.Operator, e.RemoteIp, e.RequestRandom = op.Command, op.Account, op.RemoteIP, op.Random
	e.Time = id.Time().UnixMilli()
	writes := auditIndex(a.id, id, e)
	add := func(p store.Partition, row store.Mutation) { writes[p] = append(writes[p], row) }
	add(a.auditPartition(id), store.Set(record.AuditEntryKey(isRecall(e), id), encode(e)))
	// A recall's entry is its operation's first; others are listed under it.
	if len(e.Operation) > 0 && record.OperationID(e.Operation) != id {
		operation := record.OperationID(e.Operation)
		add(a.auditPartition(operation), store.Set(record.AuditLogKey(operation, id), nil))
	}
	day := id.AuditDay()
	if _, listed := a.auditDays.Load(day); !listed {
		add(record.AuditDaysPartition(a.id), store.Set(record.AuditDayKey(day), nil))
	}
	partitions := slices.Collect(maps.Keys(writes))
	err := parallel(ctx, len(partitions), func(ctx context.Context, i int) error {
		return a.putAudit(ctx, partitions[i], writes[partitions[i]]...)
	})
	if err == nil {
		a.auditDays.Store(day, nil)
	}
	return err
}

// auditPartition is where the entry of an id is.
func (a *App) auditPartition(id record.OperationID) store.Partition {
	return record.AuditPartition(a.id, id.AuditDay())
}

func (a *App) putAudit(ctx context.Context, p store.Partition, mutations ...store.Mutation) error {
	if err := a.store.Put(ctx, p, mutations); err != nil {
		return fmt.Errorf("write audit record: %w", err)
	}
	return nil
}

// Kinds of terms that entries are listed under, beside the list of all.
const (
	termGroup  = 'g'
	termSender = 's'
)

func isRecall(e *record.AuditEntry) bool { return e.Kind == record.AuditEntry_RECALL }

// auditIndex lists an entry under its groups and senders, in the partitions of those
// lists. There is no list for each operator: an application has at most 10.
func auditIndex(app uint32, id record.OperationID, e *record.AuditEntry) map[store.Partition][]store.Mutation {
	seen := map[string]bool{}
	mutations := map[store.Partition][]store.Mutation{}
	add := func(kind byte, term string) {
		key := record.AuditIndexKey(isRecall(e), kind, term, id)
		if !seen[string(key)] {
			seen[string(key)] = true
			list := record.AuditIndexPartition(app, record.AuditMonth(id.AuditDay()), term)
			mutations[list] = append(mutations[list], store.Set(key, nil))
		}
	}
	for _, p := range e.Parts {
		add(termGroup, p.GroupId)
		for _, sender := range partSenders(p) {
			add(termSender, sender)
		}
	}
	return mutations
}

// partSenders are the accounts whose messages a part is about.
func partSenders(p *record.RecallPart) []string {
	if p.Sender != "" {
		return []string{p.Sender}
	}
	return p.SeqSenders
}

// auditResult writes what came of an entry.
func (a *App) auditResult(ctx context.Context, id record.OperationID, r *record.AuditResult) error {
	r.Time = a.clock().UnixMilli()
	return a.putAudit(ctx, a.auditPartition(id), store.Set(record.AuditResultKey(id), encode(r)))
}

// auditEntry reads an entry and what came of it, nil where there is none (yet).
func (a *App) auditEntry(ctx context.Context, id record.OperationID) (*record.AuditEntry, *record.AuditResult, error) {
	rows, _, err := a.store.Read(ctx, a.auditPartition(id),
		store.Key(record.AuditEntryKey(true, id)), store.Key(record.AuditEntryKey(false, id)), store.Key(record.AuditResultKey(id)))
	if err != nil {
		return nil, nil, fmt.Errorf("read audit record: %w", err)
	}
	var entry *record.AuditEntry
	var result *record.AuditResult
	for _, row := range slices.Concat(rows[0], rows[1]) {
		entry = &record.AuditEntry{}
		if err := decode(row, entry); err != nil {
			return nil, nil, err
		}
	}
	for _, row := range rows[2] {
		result = &record.AuditResult{}
		if err := decode(row, result); err != nil {
			return nil, nil, err
		}
	}
	return entry, result, nil
}

// barriers is over how many partitions the commits of barrier are spread.
const barriers = 64

// barrier makes durable everything that was Put before, where no commit follows
// that would.
func (a *App) barrier(ctx context.Context) error {
	p := record.BarrierPartition(a.id, byte(mathrand.IntN(barriers)))
	err := retry(ctx, func() error {
		_, version, err := a.store.Read(ctx, p)
		if err != nil {
			return err
		}
		_, err = a.store.Commit(ctx, p, version, nil)
		if errors.Is(err, store.ErrUnknown) {
			return store.ErrConflict // once more does no harm
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("make the audit record durable: %w", err)
	}
	return nil
}
