package chat

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// A message that asks for read receipts is stored with who is to read it: the
// members at that time without the sender. Who has read it stands beside the log.
// Who leaves the group, also for a time, is in neither list any more.

const (
	maxReceiptMembers  = 200 // members of a group with read receipts
	maxReceiptMessages = 50  // messages of one call
	maxReceiptPage     = 200 // accounts of one answer
)

// receipt lists who is to read a message: of a targeted one its recipients, else
// all members, in the order of their records, and never the sender.
func (g *groupState) receipt(ctx context.Context, sender string, recipients []string) (*record.Receipt, error) {
	prefix := record.MemberKey(g.head.Incarnation, "")
	rows, err := g.read(ctx, store.Prefix(prefix))
	if err != nil {
		return nil, err
	}
	receipt := &record.Receipt{}
	order := map[string]uint64{}
	for _, row := range rows[0] {
		account := string(row.Key[len(prefix):])
		if account == sender || recipients != nil && !slices.Contains(recipients, account) {
			continue
		}
		m := &record.Member{}
		if err := decode(row, m); err != nil {
			return nil, err
		}
		order[account] = m.Order
		receipt.Readers = append(receipt.Readers, &record.Reader{Account: account, JoinId: m.JoinId})
	}
	slices.SortFunc(receipt.Readers, func(a, b *record.Reader) int { return cmp.Compare(order[a.Account], order[b.Account]) })
	return receipt, nil
}

// receiptStream returns the stream of a group in which receipts are served.
// Errors: CodeCommunityOff, CodeNotPermitted, CodeFeatureOff.
func (g *groupState) receiptStream(ctx context.Context) (*stream, error) {
	s, _, err := g.streamOf(ctx, "")
	switch {
	case err != nil:
		return nil, err
	case !g.rules().besides:
		return nil, Refuse(CodeNotPermitted, "messages in groups of type %s have no read receipts", g.groupType())
	case !slices.Contains(g.app.settings.ReadReceipts, g.groupType()):
		return nil, Refuse(CodeFeatureOff, "read receipts are switched off for groups of type %s", g.groupType())
	}
	return s, nil
}

// receiptState is who is to read a message and who has read it.
type receiptState struct {
	readers []*record.Reader
	read    []byte // see record.Reading
}

func (r *receiptState) hasRead(i int) bool { return i/8 < len(r.read) && r.read[i/8]>>(i%8)&1 == 1 }

// receiptStates returns the receipts of those of some numbers of one bucket that
// have one.
func (s *stream) receiptStates(ctx context.Context, seqs []uint32, readings [][]store.Row) (map[uint32]*receiptState, error) {
	messages, err := s.seen(ctx, seqs, record.ReceiptKey)
	if err != nil {
		return nil, s.gone(err)
	}
	states := map[uint32]*receiptState{}
	for i, seq := range seqs {
		m, ok := messages[seq]
		if !ok || !m.header.NeedsReceipt {
			continue
		}
		receipt, reading := &record.Receipt{}, &record.Reading{}
		if err := decode(store.Row{Key: record.ReceiptKey(seq), Value: m.row}, receipt); err != nil {
			return nil, err
		}
		if len(readings[i]) > 0 {
			if err := decode(readings[i][0], reading); err != nil {
				return nil, err
			}
		}
		states[seq] = &receiptState{receipt.Readers, reading.Read}
	}
	return states, nil
}

// readReceipts returns the receipts of those of some numbers that have one, and
// which of their readers are the members that they were.
func (g *groupState) readReceipts(ctx context.Context, seqs []uint32) (map[uint32]*receiptState, map[*record.Reader]bool, error) {
	s, err := g.receiptStream(ctx)
	if err != nil {
		return nil, nil, err
	}
	states := map[uint32]*receiptState{}
	var accounts []string
	for _, part := range seqsByBucket(seqs) {
		readings, _, err := g.app.store.Read(ctx, record.BesidePartition(s.id, record.Bucket(part[0])), readingRanges(part)...)
		if err != nil {
			return nil, nil, fmt.Errorf("read receipts: %w", err)
		}
		found, err := s.receiptStates(ctx, part, readings)
		if err != nil {
			return nil, nil, err
		}
		for seq, state := range found {
			states[seq] = state
			for _, reader := range state.readers {
				accounts = append(accounts, reader.Account)
			}
		}
	}
	slices.Sort(accounts)
	members, err := g.members(ctx, slices.Compact(accounts)...)
	if err != nil {
		return nil, nil, err
	}
	present := map[*record.Reader]bool{}
	for _, state := range states {
		for _, reader := range state.readers {
			m := members[reader.Account]
			present[reader] = m != nil && m.JoinId == reader.JoinId
		}
	}
	return states, present, nil
}

func readingRanges(seqs []uint32) []store.Range {
	ranges := make([]store.Range, len(seqs))
	for i, seq := range seqs {
		ranges[i] = store.Key(record.ReadingKey(seq))
	}
	return ranges
}

// ReceiptCount is how many members have read a message and how many have not.
// Code is CodeNoReceipt where the message has no receipt, or is not to be seen.
type ReceiptCount struct {
	Seq          uint32
	Code         Code
	Read, Unread int
}

// ReceiptCounts counts the readers of 1 to 50 messages of a group, in order (doc
// 49439).
//
// Errors: CodeInvalid, CodeNotPermitted, CodeBadGroupID, CodeGroupNotFound,
// CodeFeatureOff, CodeCommunityOff.
func (a *App) ReceiptCounts(ctx context.Context, groupID string, seqs []uint32) ([]ReceiptCount, error) {
	if err := checkListLength("MsgSeqList", len(seqs), maxReceiptMessages); err != nil {
		return nil, err
	}
	counts := make([]ReceiptCount, len(seqs))
	err := a.view(ctx, groupID, func(g *groupState) error {
		states, present, err := g.readReceipts(ctx, seqs)
		if err != nil {
			return err
		}
		for i, seq := range seqs {
			counts[i] = ReceiptCount{Seq: seq}
			state := states[seq]
			if state == nil {
				counts[i].Code = CodeNoReceipt
				continue
			}
			for n, reader := range state.readers {
				switch {
				case !present[reader]:
				case state.hasRead(n):
					counts[i].Read++
				default:
					counts[i].Unread++
				}
			}
		}
		return nil
	})
	return counts, err
}

// ReceiptQuery asks who has read a message.
type ReceiptQuery struct {
	GroupID string
	Seq     uint32
	Unread  bool   // who has not
	Cursor  string // "" and then what the page before said
	Count   int64  // 1 or more; at most 200 are returned
}

// endCursor is the cursor of the last page.
const endCursor = "0"

// ReceiptPage is a page of accounts.
type ReceiptPage struct {
	Accounts []string
	Cursor   string // for the next page, endCursor on the last
}

// Finished reports whether nothing follows.
func (p *ReceiptPage) Finished() bool { return p.Cursor == endCursor }

// Readers returns a page of who has read a message or of who has not (doc 49438),
// in the order of their membership when it was sent. Who reads the message between
// two pages may be in both lists or in none.
//
// Errors: CodeInvalid, CodeNotPermitted, CodeBadGroupID, CodeGroupNotFound,
// CodeFeatureOff, CodeNoReceipt, CodeCommunityOff.
func (a *App) Readers(ctx context.Context, q ReceiptQuery) (*ReceiptPage, error) {
	if q.Count < 1 {
		return nil, Refuse(CodeInvalid, "Count is %d, must be 1 or more", q.Count)
	}
	count := int(min(q.Count, maxReceiptPage))
	var page *ReceiptPage
	err := a.view(ctx, q.GroupID, func(g *groupState) error {
		states, present, err := g.readReceipts(ctx, []uint32{q.Seq})
		if err != nil {
			return err
		}
		state := states[q.Seq]
		if state == nil {
			return Refuse(CodeNoReceipt, "MsgSeq %d has no receipt information", q.Seq)
		}
		from, err := state.start(q.Cursor)
		if err != nil {
			return err
		}
		page = &ReceiptPage{Cursor: endCursor}
		for i, reader := range state.readers[from:] {
			if !present[reader] || state.hasRead(from+i) == q.Unread {
				continue
			}
			if len(page.Accounts) == count {
				page.Cursor = strconv.Itoa(from + i)
				break
			}
			page.Accounts = append(page.Accounts, reader.Account)
		}
		return nil
	})
	return page, err
}

// start is the reader with which a page begins.
// Errors: CodeInvalid for a cursor that no page has said.
func (r *receiptState) start(cursor string) (int, error) {
	switch cursor {
	case "":
		return 0, nil
	case endCursor:
		return len(r.readers), nil
	}
	from, err := strconv.Atoi(cursor)
	if err != nil || from < 1 || from >= len(r.readers) || strconv.Itoa(from) != cursor {
		return 0, Refuse(CodeInvalid, "Cursor must be \"\" or what an earlier answer said")
	}
	return from, nil
}

// AcknowledgeReceipts notes that a member has read 1 to 50 messages. Messages
// that ask the member for no receipt are passed over. The read position stays.
//
// Errors: CodeInvalid, CodeNotPermitted (also for who is no member),
// CodeBadGroupID, CodeGroupNotFound, CodeFeatureOff, CodeCommunityOff.
func (a *App) AcknowledgeReceipts(ctx context.Context, op Operator, groupID, account string, seqs []uint32) error {
	if !ValidUserID(account) {
		return Refuse(CodeInvalid, "From_Account %q is not a valid UserID", account)
	}
	if err := checkListLength("MsgSeqList", len(seqs), maxReceiptMessages); err != nil {
		return err
	}
	return a.view(ctx, groupID, func(g *groupState) error {
		s, err := g.receiptStream(ctx)
		if err != nil {
			return err
		}
		members, err := g.members(ctx, account)
		if err != nil {
			return err
		}
		m := members[account]
		if m == nil {
			return Refuse(CodeNotPermitted, "From_Account %q is not a member of the group", account)
		}
		who := &acknowledger{Reader: &record.Reader{Account: account, JoinId: m.JoinId}}
		if a.wants(CallbackAfterReadReceipt) {
			if who.tell, err = g.receiptTelling(ctx, op, seqs); err != nil {
				return err
			}
		}
		ctx := context.WithoutCancel(ctx) // what is in one bucket is noted with what is in another
		for _, part := range seqsByBucket(seqs) {
			if err := s.acknowledge(ctx, part, who); err != nil {
				return err
			}
		}
		return nil
	})
}

// acknowledger is who has read messages.
type acknowledger struct {
	*record.Reader
	tell *receiptTelling // nil where the application is not to be told
}

// acknowledge notes that a reader has read messages of one bucket.
func (s *stream) acknowledge(ctx context.Context, seqs []uint32, who *acknowledger) error {
	ranges := readingRanges(seqs)
	if who.tell != nil {
		ranges = append(ranges, store.Key(record.LastEventKey))
	}
	lane := record.BesideLane(s.id, record.Bucket(seqs[0]))
	err := s.tellAfter(ctx, lane, who.tell.telling(), func() error {
		return s.changeBeside(ctx, record.Bucket(seqs[0]), ranges, func(rows [][]store.Row) ([]store.Mutation, error) {
			states, err := s.receiptStates(ctx, seqs, rows[:len(seqs)])
			if err != nil {
				return nil, err
			}
			var mutations []store.Mutation
			var read []uint32
			for _, seq := range seqs {
				if state := states[seq]; state != nil && state.acknowledge(who.Reader) {
					mutations = append(mutations, store.Set(record.ReadingKey(seq), encode(&record.Reading{Read: state.read})))
					read = append(read, seq)
				}
			}
			if len(read) > 0 && who.tell != nil {
				event, err := s.app.nextEvent(rows[len(seqs)], who.tell.event(s.app, who.Account, read, states))
				if err != nil {
					return nil, err
				}
				mutations = append(mutations, event...)
			}
			return mutations, nil
		})
	})
	return s.gone(err)
}

// acknowledge reports whether somebody has now read it who had not.
func (r *receiptState) acknowledge(who *record.Reader) bool {
	i := slices.IndexFunc(r.readers, func(reader *record.Reader) bool {
		return reader.Account == who.Account && reader.JoinId == who.JoinId
	})
	if i < 0 || r.hasRead(i) {
		return false
	}
	for len(r.read) <= i/8 {
		r.read = append(r.read, 0)
	}
	r.read[i/8] |= 1 << (i % 8)
	return true
}
