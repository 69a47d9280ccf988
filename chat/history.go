package chat

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

const (
	// maxHistoryRows is how many rows one page holds at most (doc 34971).
	maxHistoryRows = 20
	// maxHistoryScan is how many numbers a page looks at before it ends early,
	// unless it would be empty (spec 04 section 4.3).
	maxHistoryScan = 2000
	// maxPageBytes ends a page of very long rows early, so that its answer
	// stays below 1 MiB; rowFrameBytes is what a row takes beside its texts.
	maxPageBytes  = 1<<20 - 1<<12
	rowFrameBytes = 512
)

// Kinds of history rows (IsPlaceMsg).
const (
	RowLive        = 0
	RowPlaceholder = 1 // expired or missing: only the number remains
	RowRecalled    = 2
)

// HistoryRequest asks for one page of a stream's history, newest first.
type HistoryRequest struct {
	GroupID      string
	TopicID      string // "" for the group's own stream
	Number       int64  // rows wanted, 1 or more; at most 20 are returned
	FromSeq      uint32 // highest number wanted; 0 is the newest
	WithRecalled bool   // return recalled messages too
}

// HistoryRow is one message of a history page.
type HistoryRow struct {
	Seq             uint32
	Place           int // RowLive, RowPlaceholder or RowRecalled
	Sender          string
	Time            int64 // Unix seconds
	Random          uint32
	Priority        uint32 // 1 High to 4 Lowest
	Tip             bool
	Body            jsontext.Value // byte for byte as it was sent or last modified; an object for tips
	CloudCustomData string
}

// bytes bounds what the row takes of an answer. As JSON a byte of
// CloudCustomData takes up to six.
func (r *HistoryRow) bytes() int { return len(r.Body) + 6*len(r.CloudCustomData) + rowFrameBytes }

// HistoryPage is one page. Finished is as doc 34971 defines it: 1 when the
// requested range is complete, 2 when all of it is expired, else 0.
type HistoryPage struct {
	Rows     []HistoryRow
	Finished int
}

// History reads a page of history for the administrator, who also sees
// messages that members cannot. Recalled messages are left out and the page is
// filled from older ones, unless WithRecalled. It changes nothing.
//
// Errors: CodeInvalid, CodeBadGroupID, CodeGroupNotFound, CodeNoHistory.
func (a *App) History(ctx context.Context, r HistoryRequest) (*HistoryPage, error) {
	if r.Number < 1 {
		return nil, Refuse(CodeInvalid, "ReqMsgNumber is %d, must be 1 or more", r.Number)
	}
	var result *HistoryPage
	err := a.viewHistory(ctx, r.GroupID, r.TopicID, func(s *stream) (err error) {
		result, err = s.history(ctx, r)
		return err
	})
	return result, err
}

// viewHistory is view for what reads the history of a group or topic.
func (a *App) viewHistory(ctx context.Context, groupID, topicID string, read func(*stream) error) error {
	return a.view(ctx, groupID, func(g *groupState) error {
		if !g.rules().stored {
			return Refuse(CodeNoHistory, "groups of type %s have no history", g.groupType())
		}
		s, _, err := g.streamOf(ctx, topicID)
		if err != nil {
			return err
		}
		return s.gone(read(s))
	})
}

func (s *stream) history(ctx context.Context, r HistoryRequest) (*HistoryPage, error) {
	p := &pageReader{
		stream: s, withRecalled: r.WithRecalled,
		want: int(min(r.Number, maxHistoryRows)), ended: s.endedEdits.Load(),
	}
	// The first rows come along with the head, unless they are in an older bucket.
	head, ahead, err := s.currentWith(ctx, func(bucket uint32) []store.Range {
		top := (bucket + 1) * record.BucketSize
		if r.FromSeq > 0 {
			top = min(top, r.FromSeq)
		}
		return headersAndBodies(bucket*record.BucketSize+1, top, p.want)
	})
	if err != nil {
		return nil, err
	}
	floor, err := s.expiredUpTo(ctx, head)
	if err != nil {
		return nil, err
	}
	p.floor, p.top = floor, head.LastSeq
	if r.FromSeq > 0 {
		p.top = min(p.top, r.FromSeq)
	}
	if record.Bucket(p.top) == record.Bucket(head.LastSeq) {
		p.ahead = ahead
	}
	if floor > 0 {
		if p.held, err = s.held(ctx); err != nil {
			return nil, err
		}
	}
	if err := p.read(ctx); err != nil {
		return nil, err
	}
	rows, err := p.rows(ctx)
	if err != nil {
		return nil, err
	}
	s.finishStaleEdits(ctx, p.recalls)
	page := &HistoryPage{Rows: rows}
	switch {
	case int64(len(rows)) == r.Number || p.last <= 1:
		page.Finished = 1
	case p.top <= floor && len(p.held) == 0:
		page.Finished = 2
	}
	return page, nil
}

// pageReader walks down a log and collects what a page shows.
type pageReader struct {
	stream       *stream
	withRecalled bool
	floor        uint32      // numbers up to here are expired
	held         heldTargets // but for what these cover
	top          uint32
	want         int
	whole        bool // bodies are read along with all headers

	// ahead has headers and bodies from top down, which were read with the head; nil
	// once they are used.
	ahead [][]store.Row

	next     uint32 // the next number to look at
	examined int    // how many numbers were looked at
	scanned  []scannedRow
	recalls  *recalls
	ended    uint64 // recalls.endedEdits at some time before the first body was read
	last     uint32 // the lowest number that was walked to
	chosen   []scannedRow
}

// scannedRow is one number that was looked at; a nil header is a placeholder,
// which may have been erased.
type scannedRow struct {
	seq    uint32
	header *record.Header
	body   []byte // nil where it was not read along
	erased *record.Header
}

// read looks at numbers until the page is full. Each round reads rows first
// and then, in one step, the recalls of everything seen so far: so the page
// shows each recall whole or not at all, and none that was answered before the
// call can slip past.
func (p *pageReader) read(ctx context.Context) error {
	p.next = p.top
	chunk, passed := uint32(p.want), false
	var restores uint64
	for {
		if err := p.scan(ctx, chunk); err != nil {
			return err
		}
		if err := p.readRecalls(ctx); err != nil {
			return err
		}
		if passed && p.recalls.restores != restores {
			// Something that was passed as recalled may be so no more.
			p.next, p.examined, p.scanned = p.top, 0, p.scanned[:0]
			chunk, passed = uint32(p.want), false
			continue
		}
		restores = p.recalls.restores
		p.choose()
		if len(p.chosen) == p.want || p.next == 0 || p.examined >= maxHistoryScan && len(p.chosen) > 0 {
			return nil
		}
		chunk = min(chunk*4, 512)
		if p.examined < maxHistoryScan {
			chunk = min(chunk, uint32(maxHistoryScan-p.examined))
		} else {
			// All of it is recalled: a long run of recalled messages is not
			// kept, nor looked at again unless something is restored.
			p.scanned, passed = p.scanned[:0], true
		}
	}
}

// scan reads the headers of the next numbers, and the bodies with them while
// nothing was found recalled.
func (p *pageReader) scan(ctx context.Context, n uint32) error {
	if p.next == 0 {
		return nil
	}
	bucket, whole := record.Bucket(p.next), p.whole || p.next == p.top
	low := max(p.next-min(p.next-1, n-1), bucket*record.BucketSize+1)
	if len(p.held) == 0 {
		low = max(low, min(p.floor+1, p.next))
	}
	if p.next <= p.floor && len(p.held) == 0 { // placeholders need no reading
		low = max(p.next-min(p.next-1, n-1), 1)
		for seq := p.next; seq >= low; seq-- {
			p.scanned = append(p.scanned, scannedRow{seq: seq})
		}
		p.examined += int(p.next - low + 1)
		p.next = low - 1
		return nil
	}
	rows := p.ahead
	if p.ahead = nil; rows == nil {
		ranges := headersAndBodies(low, p.next, 0)
		if !whole {
			ranges = ranges[:1]
		}
		var err error
		if rows, _, err = p.stream.app.store.Read(ctx, record.LogPartition(p.stream.id, bucket), ranges...); err != nil {
			return fmt.Errorf("read history: %w", err)
		}
	}
	headers, bodies := rows[0], []store.Row{}
	if len(rows) > 1 {
		bodies = rows[1]
	}
	for seq := p.next; seq >= low; seq-- {
		row := scannedRow{seq: seq}
		if len(headers) > 0 && record.Seq(headers[0].Key) == seq {
			row.header = &record.Header{}
			if err := decode(headers[0], row.header); err != nil {
				return err
			}
			headers = headers[1:]
			switch {
			case seq <= p.floor && !p.held.cover(seq, row.header):
				row.header = nil
			case row.header.Erased:
				row.header, row.erased = nil, row.header
			}
		}
		if len(bodies) > 0 && record.Seq(bodies[0].Key) == seq {
			row.body = bodies[0].Value
			bodies = bodies[1:]
		}
		p.scanned = append(p.scanned, row)
	}
	p.examined += int(p.next - low + 1)
	p.next = low - 1
	return nil
}

// headersAndBodies are the ranges of messages of one bucket, from the newest down, at
// most limit; 0 is no limit.
func headersAndBodies(low, high uint32, limit int) []store.Range {
	return []store.Range{
		{From: record.HeaderKey(low), To: record.HeaderKey(high + 1), Reverse: true, Limit: limit},
		{From: record.BodyKey(low), To: record.BodyKey(high + 1), Reverse: true, Limit: limit},
	}
}

func (p *pageReader) readRecalls(ctx context.Context) error {
	senders, within := sendersIn(p.ordinary(false))
	// Also where there are none: the group may have been destroyed since it was read.
	var err error
	p.recalls, err = p.stream.readRecalls(ctx, senders, within)
	return err
}

// ordinary are the messages that were looked at, without tips and what has
// expired, and with erased also what was erased.
func (p *pageReader) ordinary(erased bool) []numberedHeader {
	var messages []numberedHeader
	for _, row := range p.scanned {
		h := row.header
		if erased && h == nil {
			h = row.erased
		}
		if h != nil && !h.Tip {
			messages = append(messages, numberedHeader{row.seq, h})
		}
	}
	return messages
}

// choose takes from what was looked at the rows that the page shows.
func (p *pageReader) choose() {
	p.chosen, p.last = p.chosen[:0], p.next+1
	for _, row := range p.scanned {
		if p.hides(row) {
			continue
		}
		p.chosen = append(p.chosen, row)
		if len(p.chosen) == p.want {
			p.last = row.seq
			return
		}
	}
}

func (p *pageReader) recalled(row scannedRow) bool {
	return row.header != nil && !row.header.Tip && p.recalls.recalled(row.seq, row.header.Sender, receivedAt(row.header))
}

// hides reports whether the page leaves the number out.
func (p *pageReader) hides(row scannedRow) bool {
	return !p.withRecalled && !p.stream.app.settings.RecalledAsPlaceholder && p.recalled(row)
}

// rows completes the chosen rows with their bodies.
func (p *pageReader) rows(ctx context.Context) ([]HistoryRow, error) {
	if err := p.readBodies(ctx); err != nil {
		return nil, err
	}
	rows := make([]HistoryRow, 0, len(p.chosen))
	size := 0
	for _, row := range p.chosen {
		r, err := p.row(row)
		if err != nil {
			return nil, err
		}
		size += r.bytes()
		if len(rows) > 0 && size > maxPageBytes {
			p.last = rows[len(rows)-1].Seq
			break
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// readBodies reads the bodies that were not read along with their headers, or all
// where something was edited since those were read: a message that is recalled says
// what it said when it was recalled, for nobody can edit it from then on.
func (p *pageReader) readBodies(ctx context.Context) error {
	edited := p.recalls.endedEdits != p.ended
	byBucket := map[uint32][]int{}
	for i, row := range p.chosen {
		if row.header != nil && (row.body == nil || edited) {
			byBucket[record.Bucket(row.seq)] = append(byBucket[record.Bucket(row.seq)], i)
		}
	}
	for bucket, missing := range byBucket {
		ranges := make([]store.Range, len(missing))
		for j, i := range missing {
			ranges[j] = store.Key(record.BodyKey(p.chosen[i].seq))
		}
		rows, _, err := p.stream.app.store.Read(ctx, record.LogPartition(p.stream.id, bucket), ranges...)
		if err != nil {
			return fmt.Errorf("read history: %w", err)
		}
		for j, i := range missing {
			if len(rows[j]) > 0 {
				p.chosen[i].body = rows[j][0].Value
			} else {
				p.chosen[i].header = nil // expired since its header was read
			}
		}
	}
	return nil
}

func (p *pageReader) row(row scannedRow) (HistoryRow, error) {
	settings := &p.stream.app.settings
	placeholder := HistoryRow{Seq: row.seq, Place: RowPlaceholder, Priority: priorityNormal, Body: jsontext.Value("[]")}
	if row.header == nil {
		return placeholder, nil
	}
	recalled := p.recalled(row)
	if recalled && !p.withRecalled && settings.RecalledAsPlaceholder {
		return placeholder, nil
	}
	if row.header.Tip && settings.HistoryTipStyle == "placeholder" {
		return placeholder, nil
	}
	result, _, err := p.shown(row)
	if err != nil {
		return HistoryRow{}, err
	}
	if !settings.HistoryCloudCustomData {
		result.CloudCustomData = ""
	}
	if row.header.Tip {
		result.Body = tipBody(result.Body, settings.HistoryTipStyle)
	}
	if recalled && settings.RecalledBody == "empty" {
		result.Body, result.CloudCustomData = jsontext.Value("[]"), ""
	}
	return result, nil
}

// shown is a row that is no placeholder with all that its message says.
func (p *pageReader) shown(row scannedRow) (HistoryRow, *record.Body, error) {
	body := &record.Body{}
	if err := decode(store.Row{Key: record.BodyKey(row.seq), Value: row.body}, body); err != nil {
		return HistoryRow{}, nil, err
	}
	if edited := p.recalls.edits[row.seq]; edited.GetEditVersion() > body.EditVersion {
		body = edited
	}
	h := row.header
	result := HistoryRow{
		Seq: row.seq, Sender: h.Sender, Time: h.Time, Random: h.Random, Priority: h.Priority, Tip: h.Tip,
		Body: jsontext.Value(body.MsgBody), CloudCustomData: body.CloudCustomData,
	}
	if p.recalled(row) {
		result.Place = RowRecalled
	}
	return result, body, nil
}

// tipBody shows a tip in the way that history_tip_style names.
func tipBody(tip []byte, style string) jsontext.Value {
	switch style {
	case "array":
		return slices.Concat([]byte(`[{"MsgType":"TIMGroupTipElem","MsgContent":`), tip, []byte(`}]`))
	case "custom":
		data, _ := jsontext.AppendQuote(nil, tip) // its only error is text that is not UTF-8, which no tip has
		return slices.Concat([]byte(`[{"MsgType":"TIMCustomElem","MsgContent":{"Data":`), data, []byte(`,"Desc":"","Ext":"","Sound":""}}]`))
	}
	return tip
}

// historyRow is one message as history shows it to the administrator, nil where
// it is gone. What was open of edits is read before it.
func (s *stream) historyRow(ctx context.Context, seq uint32, open *recalls) (*HistoryRow, error) {
	p := &pageReader{stream: s, top: seq, next: seq, recalls: open}
	if err := p.scan(ctx, 1); err != nil {
		return nil, err
	}
	if p.scanned[0].header == nil {
		return nil, nil
	}
	row, err := p.row(p.scanned[0])
	return &row, err
}
