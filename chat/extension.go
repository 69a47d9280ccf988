package chat

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// Extensions are pairs of a key and a value that stand beside a message: votes,
// sign-up lists (spec 04 section 13). A counter of the message is raised by every
// write; a pair has the count of its last write. Callers are administrators of the
// application, who write whatever that count is.

const (
	maxExtensionKeyBytes   = 100
	maxExtensionValueBytes = 1000
	maxExtensionBatch      = 20  // pairs of one write
	maxExtensions          = 300 // pairs of one message
	maxExtensionPage       = 200 // pairs of one answer
	maxExtensionWrites     = 200 // of one message in extensionSeconds
	extensionSeconds       = 60

	// maxExtensionPageBytes ends a page of long pairs early, so that its answer
	// stays below 1 MB.
	maxExtensionPageBytes = 900_000
)

// Extension is one pair of a message's extensions.
type Extension struct {
	Key, Value string
	Seq        uint32 // its last write; 0 where there is no such pair
}

// bytes bounds what the pair takes of an answer, where a byte of a text takes up
// to six.
func (e *Extension) bytes() int { return 6*(len(e.Key)+len(e.Value)) + 64 }

// ExtensionOperation is what a write does.
type ExtensionOperation int

// The operations by their wire numbers (OperateType).
const (
	ExtensionSet    ExtensionOperation = 1
	ExtensionDelete ExtensionOperation = 2
	ExtensionClear  ExtensionOperation = 3 // all
)

// ExtensionChange is a write of one message's extensions (doc 52170).
type ExtensionChange struct {
	GroupID   string
	Seq       uint32
	Operation ExtensionOperation
	Pairs     []Extension // 1 to 20 to set or delete; of a key named twice the last counts
}

// ChangeExtensions writes extensions, all or nothing, and returns the pairs that
// were named as they are now, in order.
//
// Errors: CodeInvalid, CodeExtensionsOff, CodeBadGroupID, CodeGroupNotFound,
// CodeNotExtensible, CodeExtensionFrequency, CodeNoExtensionTarget.
func (a *App) ChangeExtensions(ctx context.Context, c ExtensionChange) ([]Extension, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	var pairs []Extension
	err := a.viewExtensions(ctx, c.GroupID, func(s *stream) (err error) {
		pairs, err = s.changeExtensions(ctx, &c)
		return err
	})
	return pairs, err
}

// viewExtensions runs look on the stream of a group whose extensions are served.
// Errors: CodeExtensionsOff, CodeBadGroupID, CodeGroupNotFound and those of look.
func (a *App) viewExtensions(ctx context.Context, groupID string, look func(*stream) error) error {
	return a.view(ctx, groupID, func(g *groupState) error {
		s, _, err := g.streamOf(ctx, "")
		if err != nil {
			return err
		}
		if !a.settings.MessageExtensions {
			return Refuse(CodeExtensionsOff, "message extensions are switched off")
		}
		return s.gone(look(s))
	})
}

// check checks the form of a write.
// Errors: CodeInvalid.
func (c *ExtensionChange) check() error {
	switch c.Operation {
	case ExtensionClear:
		c.Pairs = nil
		return nil
	case ExtensionSet, ExtensionDelete:
	default:
		return Refuse(CodeInvalid, "OperateType is %d, must be 1 to 3", c.Operation)
	}
	if err := checkListLength("ExtensionList", len(c.Pairs), maxExtensionBatch); err != nil {
		return err
	}
	for i, pair := range c.Pairs {
		if n := len(pair.Key); n == 0 || n > maxExtensionKeyBytes {
			return Refuse(CodeInvalid, "ExtensionList[%d].Key has %d bytes, must be 1 to %d", i, n, maxExtensionKeyBytes)
		}
		if n := len(pair.Value); n > maxExtensionValueBytes && c.Operation == ExtensionSet {
			return Refuse(CodeInvalid, "ExtensionList[%d].Value has %d bytes, at most %d", i, n, maxExtensionValueBytes)
		}
	}
	return nil
}

// requireExtensible refuses messages that are not there or take no extensions.
// Errors: CodeNoExtensionTarget, CodeNotExtensible, errSealed.
func (s *stream) requireExtensible(ctx context.Context, seq uint32) error {
	messages, err := s.seen(ctx, []uint32{seq}, nil)
	if err != nil {
		return err
	}
	switch m, ok := messages[seq]; {
	case !ok:
		return Refuse(CodeNoExtensionTarget, "MsgSeq %d is not there", seq)
	case !m.header.Extensible:
		return Refuse(CodeNotExtensible, "MsgSeq %d was sent without SupportMessageExtension", seq)
	}
	return nil
}

func (s *stream) changeExtensions(ctx context.Context, c *ExtensionChange) (pairs []Extension, err error) {
	id := rand.Uint64()
	ranges := []store.Range{store.Key(record.ExtensionsKey(c.Seq))}
	if c.Operation == ExtensionClear {
		ranges = append(ranges, store.Prefix(record.ExtensionKey(c.Seq, "")))
	}
	for _, pair := range c.Pairs {
		ranges = append(ranges, store.Key(record.ExtensionKey(c.Seq, pair.Key)))
	}
	err = s.changeBeside(ctx, record.Bucket(c.Seq), ranges, func(rows [][]store.Row) ([]store.Mutation, error) {
		if err := s.requireExtensible(ctx, c.Seq); err != nil {
			return nil, err
		}
		w, err := readExtensionWrite(c, rows)
		if err != nil {
			return nil, err
		}
		if w.holds(id) {
			pairs = w.pairs()
			return nil, nil
		}
		if err := w.begin(id, s.app.now()); err != nil {
			return nil, err
		}
		mutations, err := w.stage()
		pairs = w.pairs()
		return mutations, err
	})
	return pairs, err
}

// extensionWrite is one write of one message's extensions as it is staged.
type extensionWrite struct {
	*ExtensionChange
	head *record.Extensions
	now  map[string]*record.Extension // pairs that are named and exist, or all that is cleared
}

func readExtensionWrite(c *ExtensionChange, rows [][]store.Row) (*extensionWrite, error) {
	w := &extensionWrite{c, &record.Extensions{}, map[string]*record.Extension{}}
	if len(rows[0]) > 0 {
		if err := decode(rows[0][0], w.head); err != nil {
			return nil, err
		}
	}
	prefix := len(record.ExtensionKey(c.Seq, ""))
	for _, row := range slices.Concat(rows[1:]...) {
		pair := &record.Extension{}
		if err := decode(row, pair); err != nil {
			return nil, err
		}
		w.now[string(row.Key[prefix:])] = pair
	}
	return w, nil
}

// holds reports whether a write is among the recent ones.
func (w *extensionWrite) holds(id uint64) bool {
	return slices.ContainsFunc(w.head.Recent, func(r *record.ExtensionWrite) bool { return r.Id == id })
}

// begin counts the write.
// Errors: CodeExtensionFrequency.
func (w *extensionWrite) begin(id uint64, now int64) error {
	w.head.Recent = slices.DeleteFunc(w.head.Recent, func(r *record.ExtensionWrite) bool {
		// The clock may have gone back; by little, another process has another one.
		return r.Time <= now-extensionSeconds || r.Time > now+extensionSeconds
	})
	if len(w.head.Recent) >= maxExtensionWrites {
		return Refuse(CodeExtensionFrequency, "MsgSeq %d: more than %d writes in a minute", w.Seq, maxExtensionWrites)
	}
	w.head.Recent = append(w.head.Recent, &record.ExtensionWrite{Time: now, Id: id})
	w.head.Latest++
	return nil
}

// stage stages the write.
// Errors: CodeInvalid where the message would have too many pairs.
func (w *extensionWrite) stage() ([]store.Mutation, error) {
	var mutations []store.Mutation
	remove := func(key string) {
		mutations = append(mutations, store.Delete(record.ExtensionKey(w.Seq, key)))
		if w.now[key] != nil {
			w.head.Num--
			delete(w.now, key)
		}
	}
	switch w.Operation {
	case ExtensionSet:
		for _, pair := range w.Pairs {
			if w.now[pair.Key] == nil {
				w.head.Num++
			}
			w.now[pair.Key] = &record.Extension{Value: pair.Value, Seq: w.head.Latest}
			mutations = append(mutations, store.Set(record.ExtensionKey(w.Seq, pair.Key), encode(w.now[pair.Key])))
		}
		if w.head.Num > maxExtensions {
			return nil, Refuse(CodeInvalid, "ExtensionList: MsgSeq %d would have %d pairs, at most %d", w.Seq, w.head.Num, maxExtensions)
		}
	case ExtensionDelete:
		for _, pair := range w.Pairs {
			remove(pair.Key)
		}
	case ExtensionClear:
		w.head.Cleared = w.head.Latest
		for key := range w.now {
			remove(key)
		}
	}
	return append(mutations, store.Set(record.ExtensionsKey(w.Seq), encode(w.head))), nil
}

// pairs are the pairs that the write names, as they are.
func (w *extensionWrite) pairs() []Extension {
	pairs := make([]Extension, len(w.Pairs))
	for i, named := range w.Pairs {
		pairs[i].Key = named.Key
		if pair := w.now[named.Key]; pair != nil {
			pairs[i].Value, pairs[i].Seq = pair.Value, pair.Seq
		}
	}
	return pairs
}

// ExtensionPage is a page of a message's extensions, in ascending order of Seq.
type ExtensionPage struct {
	Pairs    []Extension
	Complete bool   // nothing follows
	Latest   uint32 // writes so far
	Cleared  uint32 // the write that last cleared all; what has no greater Seq is gone
}

// Extensions returns the extensions of a message that were written at or after a
// count, at most 200 (doc 52169). Pairs of one write are never parted.
//
// Errors: CodeInvalid, CodeExtensionsOff, CodeBadGroupID, CodeGroupNotFound,
// CodeNotExtensible, CodeNoExtensionTarget.
func (a *App) Extensions(ctx context.Context, groupID string, seq, from uint32) (*ExtensionPage, error) {
	var page *ExtensionPage
	err := a.viewExtensions(ctx, groupID, func(s *stream) error {
		rows, _, err := a.store.Read(ctx, record.BesidePartition(s.id, record.Bucket(seq)),
			store.Key(record.ExtensionsKey(seq)), store.Prefix(record.ExtensionKey(seq, "")))
		if err != nil {
			return fmt.Errorf("read extensions: %w", err)
		}
		if err := s.requireExtensible(ctx, seq); err != nil {
			return err
		}
		w, err := readExtensionWrite(&ExtensionChange{Seq: seq}, rows)
		if err != nil {
			return err
		}
		page = &ExtensionPage{Latest: w.head.Latest, Cleared: w.head.Cleared}
		for key, pair := range w.now {
			if pair.Seq >= from {
				page.Pairs = append(page.Pairs, Extension{key, pair.Value, pair.Seq})
			}
		}
		page.cut()
		return nil
	})
	return page, err
}

// cut orders the pairs and leaves what an answer has room for.
func (p *ExtensionPage) cut() {
	slices.SortFunc(p.Pairs, func(a, b Extension) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Key, b.Key))
	})
	whole, size := 0, 0 // pairs of the writes that fit
	for i := range p.Pairs {
		if i > 0 && p.Pairs[i].Seq != p.Pairs[i-1].Seq {
			whole = i
		}
		if size += p.Pairs[i].bytes(); i == maxExtensionPage || size > maxExtensionPageBytes {
			p.Pairs = p.Pairs[:whole]
			return
		}
	}
	p.Complete = true
}
