package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

const (
	maxAuditPage = 100
	// maxAuditScan is how many entries one page looks at; one that finds few
	// matches among them ends early, with a Next.
	maxAuditScan = 1000
)

// AuditQuery asks for entries of the audit record, newest first. What is zero
// does not restrict.
type AuditQuery struct {
	GroupID, TopicID string
	Sender, Operator string
	FromTime, ToTime int64 // Unix seconds, both included
	// Types are the kinds of entries: preview, recall, restore, erase, hold and
	// export. None is recall alone.
	Types []string
	Limit int    // 1 to 100
	Next  string // "" for the first page
}

// AuditPage is one page of the audit record.
type AuditPage struct {
	Entries []AuditItem
	Next    string // "" on the last page
}

// AuditItem is one entry of the audit record.
type AuditItem struct {
	OperationEvent
	// Operation is what a recall did, without its log; of other entries only
	// the operation's id is set.
	Operation Operation
	Parts     []RecallPart // of previews
}

// AuditList returns a page of the audit record. A page costs the same however
// long the record is.
// Errors: CodeInvalid.
func (a *App) AuditList(ctx context.Context, q AuditQuery) (*AuditPage, error) {
	kinds, err := q.check()
	if err != nil {
		return nil, err
	}
	cursor, err := a.auditCursor(ctx, q)
	if err != nil {
		return nil, err
	}
	page := &AuditPage{}
	scan := &auditScan{app: a, query: q, kinds: kinds, cursor: cursor}
	for len(page.Entries) < q.Limit {
		id, entry, err := scan.next(ctx)
		if errors.Is(err, errAuditEnd) {
			return page, nil
		}
		if errors.Is(err, errAuditFar) {
			break
		}
		if err != nil {
			return nil, err
		}
		item, err := a.auditItem(ctx, id, entry)
		if err != nil {
			return nil, err
		}
		page.Entries = append(page.Entries, *item)
	}
	page.Next, err = a.seal(ctx, sealList, scan.cursor[:])
	return page, err
}

func (q *AuditQuery) check() (map[record.AuditEntry_Kind]bool, error) {
	if q.Limit < 1 || q.Limit > maxAuditPage {
		return nil, Refuse(CodeInvalid, "Limit is %d, must be 1 to %d", q.Limit, maxAuditPage)
	}
	if q.FromTime < 0 || q.ToTime < 0 {
		return nil, Refuse(CodeInvalid, "FromTime and ToTime must be 0 or more")
	}
	kinds := map[record.AuditEntry_Kind]bool{}
	for i, name := range q.Types {
		known := false
		for kind, text := range kindNames {
			if text == name {
				kinds[kind], known = true, true
			}
		}
		if !known {
			return nil, Refuse(CodeInvalid, "Types[%d] %q is not preview, recall, restore, erase, hold or export", i, name)
		}
	}
	if len(q.Types) == 0 {
		kinds[record.AuditEntry_RECALL] = true
	}
	return kinds, nil
}

// auditCursor is the id below which the page begins.
func (a *App) auditCursor(ctx context.Context, q AuditQuery) (record.OperationID, error) {
	newest := record.OperationID(slices.Repeat([]byte{0xff}, 16))
	if q.Next != "" {
		content, err := a.open(ctx, sealList, q.Next)
		if errors.Is(err, errBadToken) || err == nil && len(content) != len(newest) {
			return newest, Refuse(CodeInvalid, "Next was not given by list_recall_operations")
		}
		if err != nil {
			return newest, err
		}
		return record.OperationID(content), nil
	}
	if q.ToTime > 0 && q.ToTime < record.MaxIDSeconds {
		return record.FirstID(q.ToTime + 1), nil
	}
	return newest, nil
}

var (
	errAuditEnd = errors.New("chat: end of the audit record")
	errAuditFar = errors.New("chat: page has looked at enough entries")
)

// auditScan walks down the audit record, through the list of the rarest name
// that the query gives.
type auditScan struct {
	app    *App
	query  AuditQuery
	kinds  map[record.AuditEntry_Kind]bool
	cursor record.OperationID // entries from here on were looked at

	places  []store.Partition // that may have entries below the cursor, newest first
	listed  bool
	ids     []record.OperationID // that were found below the cursor, newest first
	scanned int
}

// term is what the list to walk through is of; the one of all has none.
func (s *auditScan) term() (kind byte, term string) {
	switch q := &s.query; {
	case q.GroupID != "":
		return termGroup, q.GroupID
	case q.Sender != "":
		return termSender, q.Sender
	}
	return 0, ""
}

// list is what all keys of the list to walk through begin with.
func (s *auditScan) list(recall bool) []byte {
	if kind, term := s.term(); term != "" {
		return record.AuditIndexPrefix(recall, kind, term)
	}
	return record.AuditEntryPrefix(recall)
}

// next returns the next entry that matches.
// Errors: errAuditEnd, errAuditFar.
func (s *auditScan) next(ctx context.Context) (record.OperationID, *record.AuditEntry, error) {
	for {
		if len(s.ids) == 0 {
			if err := s.fill(ctx); err != nil {
				return record.OperationID{}, nil, err
			}
		}
		if s.scanned == maxAuditScan {
			return record.OperationID{}, nil, errAuditFar
		}
		id := s.ids[0]
		s.ids, s.cursor, s.scanned = s.ids[1:], id, s.scanned+1
		if id.Time().Unix() < s.query.FromTime {
			return id, nil, errAuditEnd
		}
		entry, _, err := s.app.auditEntry(ctx, id)
		if err != nil {
			return id, nil, err
		}
		if entry != nil && s.matches(entry) {
			return id, entry, nil
		}
	}
}

func (s *auditScan) matches(e *record.AuditEntry) bool {
	q := &s.query
	if !s.kinds[e.Kind] || q.Operator != "" && e.Operator != q.Operator {
		return false
	}
	if q.GroupID == "" && q.TopicID == "" && q.Sender == "" {
		return true
	}
	return slices.ContainsFunc(e.Parts, func(p *record.RecallPart) bool {
		return (q.GroupID == "" || p.GroupId == q.GroupID) && (q.TopicID == "" || p.TopicId == q.TopicID) &&
			(q.Sender == "" || slices.Contains(partSenders(p), q.Sender))
	})
}

// fill finds the next ids below the cursor.
// Errors: errAuditEnd.
func (s *auditScan) fill(ctx context.Context) error {
	if !s.listed {
		if err := s.listPlaces(ctx); err != nil {
			return err
		}
	}
	const step = maxAuditPage + 1
	for ; len(s.places) > 0; s.places = s.places[1:] {
		var ranges []store.Range
		for _, recall := range []bool{true, false} {
			if recall && !s.kinds[record.AuditEntry_RECALL] || !recall && !s.otherKinds() {
				continue
			}
			list := s.list(recall)
			ranges = append(ranges, store.Range{
				From: list, To: append(slices.Clone(list), s.cursor[:]...), Reverse: true, Limit: step,
			})
		}
		rows, _, err := s.app.store.Read(ctx, s.places[0], ranges...)
		if err != nil {
			return fmt.Errorf("read audit record: %w", err)
		}
		for _, row := range slices.Concat(rows...) {
			s.ids = append(s.ids, record.AuditID(row.Key))
		}
		if len(s.ids) > 0 {
			slices.SortFunc(s.ids, func(a, b record.OperationID) int { return b.Compare(a) })
			// Below the end of a list that was cut, the other one may lack some.
			s.ids = s.ids[:min(len(s.ids), step)]
			return nil
		}
	}
	return errAuditEnd
}

func (s *auditScan) otherKinds() bool {
	return len(s.kinds) > 1 || !s.kinds[record.AuditEntry_RECALL]
}

// listPlaces finds the partitions of the list that are of days, or of months, at or
// below the cursor's.
func (s *auditScan) listPlaces(ctx context.Context) error {
	s.listed = true
	to := record.AuditDayKey(s.cursor.AuditDay() + 1)
	if s.cursor[0] == 0xff {
		to = nil
	}
	rows, _, err := s.app.store.Read(ctx, record.AuditDaysPartition(s.app.id), store.Range{To: to, Reverse: true})
	if err != nil {
		return fmt.Errorf("read days of the audit record: %w", err)
	}
	_, term := s.term()
	for _, row := range rows[0] {
		day := record.DayOf(row.Key)
		place := record.AuditPartition(s.app.id, day)
		if term != "" {
			place = record.AuditIndexPartition(s.app.id, record.AuditMonth(day), term)
		}
		if n := len(s.places); n == 0 || s.places[n-1] != place {
			s.places = append(s.places, place)
		}
	}
	return nil
}

// auditItem tells an entry.
func (a *App) auditItem(ctx context.Context, id record.OperationID, entry *record.AuditEntry) (*AuditItem, error) {
	_, result, err := a.auditEntry(ctx, id)
	if err != nil {
		return nil, err
	}
	item := &AuditItem{OperationEvent: eventOf(id, entry, result)}
	switch entry.Kind {
	case record.AuditEntry_RECALL:
		described, err := a.describe(ctx, &operation{id: id, entry: entry, result: result})
		if err != nil {
			return nil, err
		}
		item.Operation = *described
	case record.AuditEntry_PREVIEW:
		for _, p := range entry.Parts {
			item.Parts = append(item.Parts, resultOf(p))
		}
	}
	item.Operation.ID = operationText(entry.Operation)
	return item, nil
}
