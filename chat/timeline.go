package chat

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/store/record"
)

// maxTimelineRows is how many rows one part of a timeline has at most.
const maxTimelineRows = 200

// States of a timeline's rows.
const (
	RowStateLive     = "live"
	RowStateRecalled = "recalled"
	RowStateErased   = "erased"  // recalled, and its content is gone
	RowStateExpired  = "expired" // only the number is left
)

// How a message came to be recalled.
const (
	RecalledBySender = "sender" // with all of its sender in a range
	RecalledByNumber = "number"
	RecalledByFence  = "fence" // while the fence of a recall of its sender stood
)

// TimelineRequest asks for a part of a conversation as moderators see it.
type TimelineRequest struct {
	GroupID string
	TopicID string // "" for the group's own stream
	FromSeq uint32 // highest number wanted; 0 is the newest
	// AtTime asks, instead of FromSeq, for what is around the first message of
	// that time or later, in Unix seconds; 0 is not given.
	AtTime int64
	Limit  int // rows wanted, 1 to 200
}

// Timeline is a part of a conversation as moderators see it.
type Timeline struct {
	// Rows are those of contiguous numbers, newest first: as many as were wanted
	// or, so that the answer stays below 1 MiB, fewer.
	Rows       []TimelineRow
	NextSeq    uint32 // the FromSeq to go on with; 0 where nothing older is kept
	NewestSeq  uint32 // 0 for none, like all that follows
	NewestTime int64  // Unix seconds
	// OldestSeq is the oldest number that has not expired. Below it there is
	// only what is on hold.
	OldestSeq  uint32
	OldestTime int64
	AtSeq      uint32 // with AtTime, the first message of that time or later, or the newest number
}

// TimelineRow is one number of a conversation as moderators see it. The body is
// what was sent or last modified also where it is recalled; of a tip it is an
// object, of what was erased or has expired an empty list.
type TimelineRow struct {
	HistoryRow
	State    string
	EditNum  uint32 // how often it was modified
	EditTime int64  // when last, Unix seconds
	// Recall is, of what is recalled or erased, the newest active operation that
	// covers it.
	Recall *RowRecall
}

// RowRecall is the operation that hides a message.
type RowRecall struct {
	Operation string
	Operator  string
	Time      int64 // Unix seconds
	Reason    string
	Command   string
	Type      string // RecalledBySender, RecalledByNumber or RecalledByFence
}

// bytes bounds what the row takes of an answer.
func (r *TimelineRow) bytes() int {
	n := r.HistoryRow.bytes()
	if r.Recall != nil {
		n += 6*len(r.Recall.Reason) + rowFrameBytes
	}
	return n
}

// Timeline reads a part of a conversation for moderators: every number has a
// row, also what members do not see, and what is recalled says by whom, when and
// why. It is read like history, messages first and then, in one step, all that
// is recalled of them. A part costs the same however long the conversation is and
// however much was recalled in it.
//
// Errors: CodeInvalid, CodeBadGroupID, CodeGroupNotFound, CodeNoHistory,
// CodeCommunityOff.
func (a *App) Timeline(ctx context.Context, r TimelineRequest) (*Timeline, error) {
	switch {
	case r.Limit < 1 || r.Limit > maxTimelineRows:
		return nil, Refuse(CodeInvalid, "Limit is %d, must be 1 to %d", r.Limit, maxTimelineRows)
	case r.AtTime < 0:
		return nil, Refuse(CodeInvalid, "AtTime is %d, must be 0 or more", r.AtTime)
	case r.AtTime > 0 && r.FromSeq > 0:
		return nil, Refuse(CodeInvalid, "FromSeq and AtTime exclude each other")
	}
	var result *Timeline
	err := a.viewHistory(ctx, r.GroupID, r.TopicID, func(s *stream) (err error) {
		result, err = s.timeline(ctx, r)
		return err
	})
	return result, err
}

func (s *stream) timeline(ctx context.Context, r TimelineRequest) (*Timeline, error) {
	p, head, err := s.timelineReader(ctx)
	if err != nil || head.LastSeq == 0 {
		return &Timeline{}, err
	}
	result := &Timeline{NewestSeq: head.LastSeq, NewestTime: head.LastTime}
	if p.floor < head.LastSeq {
		result.OldestSeq = p.floor + 1
		oldest, err := s.app.readHeaders(ctx, s.id, result.OldestSeq, result.OldestSeq)
		if err != nil {
			return nil, err
		}
		if len(oldest) > 0 {
			result.OldestTime = oldest[0].header.Time
		}
	}
	p.top = head.LastSeq
	switch {
	case r.FromSeq > 0:
		p.top = min(p.top, r.FromSeq)
	case r.AtTime > 0:
		if result.AtSeq, err = s.firstAt(ctx, head, p.floor, r.AtTime); err != nil {
			return nil, err
		}
		p.top = result.AtSeq + min(head.LastSeq-result.AtSeq, uint32(r.Limit/2))
	}
	if result.Rows, err = p.part(ctx, r.Limit); err != nil {
		return nil, err
	}
	result.NextSeq = result.Rows[len(result.Rows)-1].Seq - 1
	if result.NextSeq <= p.floor && len(p.held) == 0 {
		result.NextSeq = 0
	}
	return result, nil
}

// firstAt is the number of the first ordinary message above a number of a time or
// later, or the newest of all numbers.
func (s *stream) firstAt(ctx context.Context, head *record.LogHead, above uint32, time int64) (uint32, error) {
	older, err := s.olderThan(ctx, head, above, time, (*record.Header).GetTime)
	if err != nil || older >= head.LastOrdinarySeq {
		return head.LastSeq, err
	}
	first, _, err := s.ordinaryFrom(ctx, older+1, head.LastOrdinarySeq)
	return first, err
}

// newestRow is the newest ordinary message, nil where there is none any more.
func (s *stream) newestRow(ctx context.Context) (*TimelineRow, error) {
	p, head, err := s.timelineReader(ctx)
	if err != nil || head.LastOrdinarySeq == 0 {
		return nil, err
	}
	p.top = head.LastOrdinarySeq
	rows, err := p.part(ctx, 1)
	if err != nil || rows[0].State == RowStateExpired {
		return nil, err
	}
	return &rows[0], nil
}

// timelineReader reads rows for moderators.
type timelineReader struct{ pageReader }

func (s *stream) timelineReader(ctx context.Context) (*timelineReader, *record.LogHead, error) {
	head, floor, err := s.headAndFloor(ctx)
	if err != nil {
		return nil, nil, err
	}
	p := &timelineReader{pageReader{stream: s, floor: floor, whole: true}}
	if floor > 0 {
		p.held, err = s.held(ctx)
	}
	return p, head, err
}

// part reads the rows of n numbers from the top downwards, as far as there are.
func (p *timelineReader) part(ctx context.Context, n int) ([]TimelineRow, error) {
	low := p.top - min(p.top-1, uint32(n)-1)
	for try := 1; ; try++ {
		p.next, p.scanned, p.ended = p.top, nil, p.stream.endedEdits.Load()
		for p.next >= low {
			if err := p.scan(ctx, p.next-low+1); err != nil {
				return nil, err
			}
		}
		var covering map[uint32]record.TargetID
		var err error
		if p.recalls, covering, err = p.stream.readCovering(ctx, p.ordinary(true)); err != nil {
			return nil, err
		}
		p.chosen = slices.Clone(p.scanned)
		if err := p.readBodies(ctx); err != nil {
			return nil, err
		}
		if try > 1 || !p.lost() {
			p.stream.finishStaleEdits(ctx, p.recalls)
			return p.complete(ctx, covering)
		}
	}
}

// lost reports whether a body was gone that had been there with its header, by an
// erasure or by expiry: only another look at the header tells.
func (p *timelineReader) lost() bool {
	for i, row := range p.chosen {
		if row.header != p.scanned[i].header {
			return true
		}
	}
	return false
}

// complete makes rows of what was chosen, as far as an answer has room.
func (p *timelineReader) complete(ctx context.Context, covering map[uint32]record.TargetID) ([]TimelineRow, error) {
	rows := make([]TimelineRow, 0, len(p.chosen))
	operations := map[record.OperationID]*record.AuditEntry{}
	size := 0
	for _, scanned := range p.chosen {
		row, err := p.row(scanned)
		if err != nil {
			return nil, err
		}
		if target, recalled := covering[row.Seq]; recalled {
			if row.Recall, err = p.stream.app.rowRecall(ctx, operations, target, row.Seq); err != nil {
				return nil, err
			}
		}
		if size += row.bytes(); len(rows) > 0 && size > maxPageBytes {
			break
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (p *timelineReader) row(row scannedRow) (TimelineRow, error) {
	if row.header != nil {
		shown, body, err := p.shown(row)
		result := TimelineRow{HistoryRow: shown, State: RowStateLive, EditNum: body.GetEditVersion(), EditTime: body.GetEditTime()}
		if shown.Place == RowRecalled {
			result.State = RowStateRecalled
		}
		return result, err
	}
	result := TimelineRow{
		HistoryRow: HistoryRow{Seq: row.seq, Place: RowPlaceholder, Priority: priorityNormal, Body: jsontext.Value("[]")},
		State:      RowStateExpired,
	}
	if h := row.erased; h != nil {
		result.State = RowStateErased
		result.Sender, result.Time, result.Random, result.Priority = h.Sender, h.Time, h.Random, h.Priority
	}
	return result, nil
}

// rowRecall tells of the operation that hides a message; known has those that
// were read before.
func (a *App) rowRecall(ctx context.Context, known map[record.OperationID]*record.AuditEntry, target record.TargetID, seq uint32) (*RowRecall, error) {
	entry := known[target.Operation]
	if entry == nil {
		var err error
		if entry, _, err = a.auditEntry(ctx, target.Operation); err != nil {
			return nil, err
		}
		if entry == nil || int(target.Index) >= len(entry.Parts) {
			return nil, fmt.Errorf("recall %s is not in the audit record", operationText(target.Operation[:]))
		}
		known[target.Operation] = entry
	}
	found := &RowRecall{
		Operation: operationText(target.Operation[:]), Operator: entry.Operator, Time: entry.Time / 1000,
		Reason: entry.Reason, Command: entry.Command, Type: RecalledBySender,
	}
	switch part := entry.Parts[target.Index]; {
	case len(part.Seqs) > 0:
		found.Type = RecalledByNumber
	case part.Fence != nil && seq >= part.Fence.FromSeq: // it begins above the range
		found.Type = RecalledByFence
	}
	return found, nil
}
