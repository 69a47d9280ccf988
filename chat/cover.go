package chat

import (
	"context"
	"math"
	"slices"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// The cover of a sender is what readers ask for: the union of the intervals of
// all active targets on that sender. It is derived; the targets are the truth.
//
// It is kept apart for intervals of three classes of length, in each class as
// disjoint intervals that do not touch. Without the classes one long interval
// could swallow, and its end set free again, any number of short ones, more
// than one commit may hold. Inside a class an interval meets few others.

// classLengths are the most numbers that an interval of each class has.
var classLengths = [...]uint32{128, 8192, math.MaxUint32}

// Marks say which kinds of rows a conversation may have, so that readers look
// for no others: bit c for intervals of class c, and these.
const (
	markSeqs   = 1 << len(classLengths) // numbers recalled by themselves
	markFences = markSeqs << 1          // open fences
	markEdits  = markFences << 1        // edits that are not in the log yet
	allMarks   = markEdits<<1 - 1
)

// interval is a range of numbers, both ends included.
type interval struct{ from, to uint32 }

// nothing is an empty interval.
var nothing = interval{from: 1}

func (i interval) isEmpty() bool { return i.from > i.to }

// numbers is how many numbers the interval has.
func (i interval) numbers() uint32 {
	if i.isEmpty() {
		return 0
	}
	return i.to - i.from + 1
}

func (i interval) contains(other interval) bool {
	return i.from <= other.from && other.to <= i.to
}

func (i interval) overlaps(other interval) bool { return i.from <= other.to && other.from <= i.to }

// absorb widens the interval by another that overlaps or touches it.
func (i *interval) absorb(other interval) bool {
	if uint64(other.from) > uint64(i.to)+1 || uint64(i.from) > uint64(other.to)+1 {
		return false
	}
	i.from, i.to = min(i.from, other.from), max(i.to, other.to)
	return true
}

// class is the length class of an interval that is not empty.
func (i interval) class() byte {
	for c, most := range classLengths {
		if i.to-i.from < most {
			return byte(c)
		}
	}
	panic("chat: no class for an interval") // the last one takes all
}

// union sorts intervals and merges those that overlap or touch.
func union(intervals []interval) []interval {
	slices.SortFunc(intervals, func(a, b interval) int {
		if a.from != b.from {
			return int(int64(a.from) - int64(b.from))
		}
		return int(int64(a.to) - int64(b.to))
	})
	merged := intervals[:0]
	for _, i := range intervals {
		if n := len(merged); n == 0 || !merged[n-1].absorb(i) {
			merged = append(merged, i)
		}
	}
	return merged
}

// inUnion reports whether a number is in one of the intervals of a union.
func inUnion(intervals []interval, seq uint32) bool {
	after, found := slices.BinarySearchFunc(intervals, seq, func(i interval, seq uint32) int {
		return int(int64(i.from) - int64(seq))
	})
	return found || after > 0 && seq <= intervals[after-1].to
}

func coverInterval(row store.Row) (interval, error) {
	cover := &record.Cover{}
	err := decode(row, cover)
	return interval{from: record.Seq(row.Key), to: cover.ToSeq}, err
}

func coverRow(sender string, class byte, i interval) store.Mutation {
	return store.Set(record.CoverKey(class, sender, i.from), encode(&record.Cover{ToSeq: i.to}))
}

func afterKey(key []byte) []byte { return append(key, 0) }

// coverRanges select the intervals of a sender's cover in one class that meet
// an interval: those that begin in it and the one that begins before it.
func coverRanges(class byte, sender string, i interval) []store.Range {
	return []store.Range{
		{From: record.CoverKey(class, sender, i.from), To: afterKey(record.CoverKey(class, sender, i.to))},
		{From: record.CoverKey(class, sender, 0), To: record.CoverKey(class, sender, i.from), Reverse: true, Limit: 1},
	}
}

// addRanges are what addInterval reads.
func addRanges(sender string, i interval) []store.Range {
	touching := i
	touching.to += min(1, math.MaxUint32-i.to)
	return coverRanges(i.class(), sender, touching)
}

// addInterval stages an interval of a target that has become active.
func addInterval(c *record.Conversation, sender string, id record.TargetID, i interval, rows [][]store.Row) ([]store.Mutation, error) {
	class := i.class()
	c.RecallMarks |= 1 << class
	mutations := []store.Mutation{
		store.Set(record.ActiveKey(class, sender, i.from, id), encode(&record.Cover{ToSeq: i.to})),
	}
	for _, b := range i.blocks() {
		mutations = append(mutations, store.Set(b.key(sender, id), nil))
	}
	cover := i
	for _, row := range slices.Concat(rows...) {
		other, err := coverInterval(row)
		if err != nil {
			return nil, err
		}
		if other.contains(cover) {
			return mutations, nil
		}
		if cover.absorb(other) {
			mutations = append(mutations, store.Delete(row.Key))
		}
	}
	return append(mutations, coverRow(sender, class, cover)), nil
}

// without returns what is left of the interval beside others, which are a union.
func (i interval) without(others []interval) []interval {
	var left []interval
	for _, o := range others {
		if !o.overlaps(i) {
			continue
		}
		if o.from > i.from {
			left = append(left, interval{i.from, o.from - 1})
		}
		if o.to >= i.to {
			return left
		}
		i.from = o.to + 1
	}
	return append(left, i)
}

// removeRanges are what removeIntervals reads of each interval: the one of the
// cover that contains it, and the active intervals that may meet it.
func removeRanges(sender string, intervals []interval) []store.Range {
	var ranges []store.Range
	for _, i := range intervals {
		class := i.class()
		low := i.from - min(i.from, classLengths[class])
		ranges = append(ranges,
			store.Range{From: record.CoverKey(class, sender, 0), To: afterKey(record.CoverKey(class, sender, i.from)), Reverse: true, Limit: 1},
			store.Range{From: record.ActiveKey(class, sender, low, record.TargetID{}), To: afterKey(record.ActiveKey(class, sender, i.to, record.LastTarget))})
	}
	return ranges
}

// removeIntervals stages the end of the intervals of an active target, which
// are in order. What other targets cover of them stays covered.
func removeIntervals(sender string, id record.TargetID, own []interval, rows [][]store.Row) ([]store.Mutation, error) {
	var mutations []store.Mutation
	for class := range byte(len(classLengths)) {
		var ended, whole, left []interval
		for n, i := range own {
			if i.class() != class {
				continue
			}
			ended = append(ended, i)
			mutations = append(mutations, store.Delete(record.ActiveKey(class, sender, i.from, id)))
			for _, b := range i.blocks() {
				mutations = append(mutations, store.Delete(b.key(sender, id)))
			}
			for _, row := range rows[2*n] {
				w, err := coverInterval(row)
				if err != nil {
					return nil, err
				}
				if !slices.Contains(whole, w) { // two that touch lie in one
					whole = append(whole, w)
					mutations = append(mutations, store.Delete(row.Key))
				}
			}
			for _, row := range rows[2*n+1] {
				other := &record.Cover{}
				if err := decode(row, other); err != nil {
					return nil, err
				}
				o := interval{record.ActiveFrom(row.Key), other.ToSeq}
				if record.TargetOf(row.Key) != id && o.overlaps(i) {
					left = append(left, interval{max(o.from, i.from), min(o.to, i.to)})
				}
			}
		}
		// What lies beside the ended ones is covered by others as before.
		for _, w := range whole {
			left = append(left, w.without(ended)...)
		}
		for _, l := range union(left) {
			mutations = append(mutations, coverRow(sender, class, l))
		}
	}
	return mutations, nil
}

// recalls is what is recalled of some senders in some range of a conversation,
// all as of one instant.
type recalls struct {
	covers map[string][]interval // each a union
	fences map[string][]openFence
	single map[uint32]bool
	// restores counts what was restored in the conversation so far: where it is
	// another number than before, what was recalled may be so no more.
	restores uint64
	// edits are bodies that are not in the log yet. endedEdits counts those that came
	// into it so far: where it is another number than before, a body that was read
	// in between may be of before one.
	edits      map[uint32]*record.Body
	endedEdits uint64
	freePlace  uint32 // for an edit
}

// openFence is the fence of a target that has not been closed.
type openFence struct {
	*record.Fence
	target record.TargetID
}

func (f openFence) covers(seq uint32, arrival int64) bool {
	return f.FromSeq <= seq && arrival <= f.Until
}

// recalled reports whether an ordinary message is recalled that came at a time.
func (r *recalls) recalled(seq uint32, sender string, arrival int64) bool {
	if r.single[seq] || inUnion(r.covers[sender], seq) {
		return true
	}
	return slices.ContainsFunc(r.fences[sender], func(f openFence) bool { return f.covers(seq, arrival) })
}

// marksOf are the kinds of rows that a conversation may have now.
func marksOf(c *record.Conversation) uint32 {
	marks := c.RecallMarks
	if c.Fences > 0 {
		marks |= markFences
	}
	if c.OpenEdits > 0 {
		marks |= markEdits
	}
	return marks
}

// recallRanges select what is recalled of the senders in an interval, as far as
// the marks say that it may exist; readRows makes sense of it.
func recallRanges(marks uint32, senders []string, i interval) []store.Range {
	var ranges []store.Range
	if marks&markEdits != 0 {
		ranges = append(ranges, store.Prefix(record.EditPrefix)) // few, wherever they are
	}
	if marks&markSeqs != 0 {
		ranges = append(ranges, store.Range{From: record.SeqRecallKey(i.from), To: afterKey(record.SeqRecallKey(i.to))})
	}
	for _, sender := range senders {
		for class := range classLengths {
			if marks&(1<<class) != 0 {
				ranges = append(ranges, coverRanges(byte(class), sender, i)...)
			}
		}
		if marks&markFences != 0 {
			ranges = append(ranges, store.Prefix(record.FencePrefix(sender)))
		}
	}
	return ranges
}

// recallsIn makes sense of the rows of recallRanges.
func recallsIn(marks uint32, senders []string, rows [][]store.Row) (*recalls, error) {
	found := &recalls{covers: map[string][]interval{}, fences: map[string][]openFence{}, single: map[uint32]bool{}}
	next := func() []store.Row {
		first := rows[0]
		rows = rows[1:]
		return first
	}
	if marks&markEdits != 0 {
		var err error
		if found.edits, found.freePlace, err = editsIn(next()); err != nil {
			return nil, err
		}
	}
	if marks&markSeqs != 0 {
		for _, row := range next() {
			recall := &record.SeqRecall{}
			if err := decode(row, recall); err != nil {
				return nil, err
			}
			if recall.Active > 0 {
				found.single[record.Seq(row.Key)] = true
			}
		}
	}
	for _, sender := range senders {
		var intervals []interval
		for class := range classLengths {
			if marks&(1<<class) == 0 {
				continue
			}
			for _, row := range slices.Concat(next(), next()) {
				i, err := coverInterval(row)
				if err != nil {
					return nil, err
				}
				intervals = append(intervals, i)
			}
		}
		if len(intervals) > 0 {
			found.covers[sender] = union(intervals)
		}
		if marks&markFences == 0 {
			continue
		}
		for _, row := range next() {
			fence := openFence{&record.Fence{}, record.TargetOf(row.Key)}
			if err := decode(row, fence.Fence); err != nil {
				return nil, err
			}
			found.fences[sender] = append(found.fences[sender], fence)
		}
	}
	return found, nil
}

// readRecalls reads, in one step, what is recalled of the senders in an
// interval. Read after the messages it can miss no recall that was answered
// before they were read.
// Errors: errSealed.
func (s *stream) readRecalls(ctx context.Context, senders []string, i interval) (*recalls, error) {
	found, _, err := s.readRecallsAnd(ctx, senders, i, func(uint32) []store.Range { return nil })
	return found, err
}

// readRecallsAnd is readRecalls that reads further ranges in the same step, which
// may depend on the conversation's marks.
func (s *stream) readRecallsAnd(ctx context.Context, senders []string, i interval, further func(marks uint32) []store.Range) (*recalls, [][]store.Row, error) {
	for {
		// What the conversation had when it was last read is most often what
		// it has now; where it is more the rows are read again.
		marks := s.marks.Load()
		ranges := recallRanges(marks, senders, i)
		n := len(ranges)
		c, rows, _, err := s.app.readConversation(ctx, s.id, append(ranges, further(marks)...)...)
		if err != nil {
			return nil, nil, err
		}
		if c.Sealed { // the covers may be gone while the messages were still there
			return nil, nil, errSealed
		}
		now := marksOf(c)
		s.marks.Store(now)
		if now&^marks == 0 {
			found, err := recallsIn(marks, senders, rows)
			if err != nil {
				return nil, nil, err
			}
			found.restores, found.endedEdits = c.Restores, c.EndedEdits
			s.endedEdits.Store(c.EndedEdits)
			return found, rows[n:], nil
		}
	}
}
