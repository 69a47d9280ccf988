package chat

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// directory lists the groups of the application by type, in the order of their
// creation numbers. It is an index: an entry is written before the group is
// created and removed after the group is destroyed, and one whose group does
// not have its number points to nothing.
type directory struct {
	app    *App
	byType map[GroupType]*countedIndex

	mu   sync.Mutex
	last uint64 // newest creation number given out
	// quotas is held from the check of a quota until the entry that uses it.
	quotas sync.Mutex
}

func newDirectory(a *App) *directory {
	d := &directory{app: a, byType: map[GroupType]*countedIndex{}}
	for _, t := range GroupTypes {
		d.byType[t] = &countedIndex{app: a, partition: record.DirectoryPartition(a.id, string(t))}
	}
	return d
}

// nextNumber gives out a creation number: microseconds since 1970, never the
// same twice in one process and below 2^53 for centuries, so that every client
// can read it as a page's cursor.
func (d *directory) nextNumber() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last = max(uint64(d.app.clock().UnixMicro()), d.last+1)
	return d.last
}

// enter writes the entry of a group that is about to be created, inside the
// application's quotas; daily adds the one of new groups in a day.
// Errors: CodeLiveRoomQuota, CodeGroupQuota, CodeTooFrequent.
func (d *directory) enter(ctx context.Context, t GroupType, number uint64, groupID string, daily bool) error {
	s := &d.app.settings
	if s.MaxGroups > 0 || s.MaxAVChatRooms > 0 || s.MaxGroupsPerDay > 0 {
		d.quotas.Lock()
		defer d.quotas.Unlock()
	}
	if err := d.checkQuotas(ctx, t, daily); err != nil {
		return err
	}
	if _, err := d.byType[t].insert(ctx, store.Set(record.DirectoryKey(number, groupID), nil), 0); err != nil {
		return fmt.Errorf("enter group %q: %w", groupID, err)
	}
	return nil
}

func (d *directory) checkQuotas(ctx context.Context, t GroupType, daily bool) error {
	s := &d.app.settings
	if s.MaxAVChatRooms > 0 && t == AVChatRoom {
		n, err := d.count(ctx, AVChatRoom)
		if err != nil {
			return err
		}
		if n >= s.MaxAVChatRooms {
			return Refuse(CodeLiveRoomQuota, "the application has its %d AVChatRooms already", n)
		}
	}
	if s.MaxGroups > 0 {
		n, err := d.count(ctx, GroupTypes[:]...)
		if err != nil {
			return err
		}
		if n >= s.MaxGroups {
			return Refuse(CodeGroupQuota, "the application has its %d groups already", n)
		}
	}
	if s.MaxGroupsPerDay == 0 || t == Community {
		return nil
	}
	grown, err := d.grownToday(ctx)
	if err != nil {
		return err
	}
	if daily && grown >= s.MaxGroupsPerDay {
		return Refuse(CodeTooFrequent, "the application has its %d new groups of today already", grown)
	}
	return nil
}

// count is the number of groups of the types.
func (d *directory) count(ctx context.Context, types ...GroupType) (int, error) {
	sum := 0
	for _, t := range types {
		n, err := d.byType[t].count(ctx)
		if err != nil {
			return 0, fmt.Errorf("count groups: %w", err)
		}
		sum += n
	}
	return sum, nil
}

// ordinaryTypes are the types that count for the daily growth.
var ordinaryTypes = []GroupType{Private, Public, ChatRoom, AVChatRoom}

// grownToday is by how many there are more groups without communities than at
// the beginning of the day (UTC), or, on the day on which the quota was
// switched on, than at that time. The number of the beginning is kept in the
// store.
func (d *directory) grownToday(ctx context.Context) (int, error) {
	now, err := d.count(ctx, ordinaryTypes...)
	if err != nil {
		return 0, err
	}
	partition, key := record.DirectoryPartition(d.app.id, "day"), []byte("begin")
	today := uint64(d.app.now() / secondsPerDay)
	rows, _, err := d.app.store.Read(ctx, partition, store.Key(key))
	if err != nil {
		return 0, fmt.Errorf("read the day's groups: %w", err)
	}
	if len(rows[0]) > 0 && binary.BigEndian.Uint64(rows[0][0].Value) == today {
		return now - int(binary.BigEndian.Uint64(rows[0][0].Value[8:])), nil
	}
	value := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, today), uint64(now))
	if err := d.app.store.Put(ctx, partition, []store.Mutation{store.Set(key, value)}); err != nil {
		return 0, fmt.Errorf("write the day's groups: %w", err)
	}
	return 0, nil
}

// leave removes the entry of a group that is gone.
func (d *directory) leave(ctx context.Context, t GroupType, number uint64, groupID string) error {
	if d.app.settings.MaxGroupsPerDay > 0 {
		d.quotas.Lock()
		defer d.quotas.Unlock()
		if _, err := d.grownToday(ctx); err != nil { // the day begins with the group
			return err
		}
	}
	if err := d.byType[t].remove(ctx, record.DirectoryKey(number, groupID)); err != nil {
		return fmt.Errorf("remove group %q from the directory: %w", groupID, err)
	}
	return nil
}

// directoryEntry is one group of the directory.
type directoryEntry struct {
	kind   GroupType
	number uint64
	group  string
}

func (e directoryEntry) before(other directoryEntry) bool {
	if e.number != other.number {
		return e.number < other.number
	}
	return e.group < other.group
}

// group returns the group of an entry, nil where there is none. An entry older
// than a minute without a group is removed: a creation or destruction was cut
// short.
func (d *directory) group(ctx context.Context, e directoryEntry) (*groupState, error) {
	g, err := d.groupNow(ctx, e)
	if err != nil || g != nil || d.age(e.number) < staleAfter {
		return g, err
	}
	err = d.app.changeGroupHead(ctx, e.group, func(now *groupChange) error {
		if g = nil; now.isOf(e) {
			g = now.groupState
		} else {
			now.touch() // who is about to create it must enter it anew
		}
		return nil
	})
	if err != nil || g != nil {
		return g, err
	}
	return nil, d.byType[e.kind].remove(ctx, record.DirectoryKey(e.number, e.group))
}

// age is for how many seconds a creation number has been given out.
func (d *directory) age(number uint64) int64 {
	return (d.app.clock().UnixMicro() - int64(number)) / 1_000_000
}

func (d *directory) groupNow(ctx context.Context, e directoryEntry) (*groupState, error) {
	g, err := d.app.readGroupHead(ctx, e.group)
	if err != nil || !g.isOf(e) {
		return nil, err
	}
	return g, nil
}

// isOf reports whether the group is the one of an entry.
func (g *groupState) isOf(e directoryEntry) bool {
	return !g.head.Destroyed && g.head.Number == e.number && g.groupType() == e.kind
}

// directoryWalk merges the entries of some types in the order of creation
// numbers, or against it.
type directoryWalk struct {
	reverse bool
	cursors []*directoryCursor
}

// walk begins at a key of the directory or, in reverse, below it; nil is where
// the walk's direction begins. It reads page entries of a type at once.
func (d *directory) walk(types []GroupType, from []byte, reverse bool, page int) *directoryWalk {
	w := &directoryWalk{reverse: reverse}
	for _, t := range types {
		w.cursors = append(w.cursors, &directoryCursor{directory: d, kind: t, from: from, reverse: reverse, page: page})
	}
	return w
}

// next returns the next entry; false at the end.
func (w *directoryWalk) next(ctx context.Context) (directoryEntry, bool, error) {
	var first *directoryCursor
	for _, c := range w.cursors {
		if err := c.read(ctx); err != nil {
			return directoryEntry{}, false, err
		}
		if len(c.entries) > 0 && (first == nil || c.entries[0].before(first.entries[0]) != w.reverse) {
			first = c
		}
	}
	if first == nil {
		return directoryEntry{}, false, nil
	}
	e := first.entries[0]
	first.entries = first.entries[1:]
	return e, true, nil
}

// directoryCursor is how far a walk has come with one type.
type directoryCursor struct {
	directory *directory
	kind      GroupType
	from      []byte
	reverse   bool
	page      int
	entries   []directoryEntry
	ended     bool
}

// read reads the next entries where none are left.
func (c *directoryCursor) read(ctx context.Context) error {
	if len(c.entries) > 0 || c.ended {
		return nil
	}
	some := store.Range{From: c.from, Limit: c.page}
	if c.reverse {
		some = store.Range{To: c.from, Reverse: true, Limit: c.page}
	}
	rows, _, err := c.directory.app.store.Read(ctx, c.directory.byType[c.kind].partition, some)
	if err != nil {
		return fmt.Errorf("read directory: %w", err)
	}
	for _, row := range rows[0] {
		number, group := record.DirectoryEntry(row.Key)
		c.entries = append(c.entries, directoryEntry{c.kind, number, group})
		if c.from = row.Key; !c.reverse {
			c.from = afterKey(row.Key)
		}
	}
	c.ended = len(rows[0]) < c.page
	return nil
}

const maxListedGroups = 10_000

// GroupList is a page of ListGroups.
type GroupList struct {
	Total int // groups of the type, or all
	IDs   []string
	Next  uint64 // 0 at the end
}

// retiredType is a group type that some programs still filter by; no group has
// it (spec 02 section 1.1).
const retiredType = "BChatRoom"

// typesNamed are the types that a filter names, all for "".
// Errors: CodeInvalid.
func typesNamed(groupType string) ([]GroupType, error) {
	if groupType == "" {
		return GroupTypes[:], nil
	}
	if groupType == retiredType {
		return nil, nil
	}
	t, ok := ParseGroupType(groupType)
	if !ok {
		return nil, Refuse(CodeInvalid, "GroupType %q is not a group type", groupType)
	}
	return []GroupType{t}, nil
}

// ListGroups lists the groups of a type ("" for all) in the order of creation,
// after the creation number next, at most limit of them; 0 is 10,000. A page
// takes in all groups of its last number (doc 34960).
// Errors: CodeInvalid.
func (a *App) ListGroups(ctx context.Context, groupType string, limit int64, next uint64) (*GroupList, error) {
	size, err := pageSize(limit, maxListedGroups)
	if err != nil {
		return nil, err
	}
	types, err := typesNamed(groupType)
	if err != nil || len(types) == 0 {
		return &GroupList{}, err
	}
	list, err := a.directory.list(ctx, types, size, next)
	if err != nil {
		return nil, err
	}
	list.Total, err = a.directory.count(ctx, types...)
	return list, err
}

// list merges the types' entries by number.
func (d *directory) list(ctx context.Context, types []GroupType, limit int, after uint64) (*GroupList, error) {
	var from []byte
	if after > 0 {
		from = record.DirectoryKey(after+1, "")
	}
	if after+1 == 0 {
		return &GroupList{}, nil
	}
	walk := d.walk(types, from, false, min(limit+1, 1000))
	list := &GroupList{}
	last := after
	for {
		e, more, err := walk.next(ctx)
		if err != nil || !more {
			return list, err
		}
		g, err := d.group(ctx, e)
		if err != nil {
			return nil, err
		}
		switch {
		case g == nil:
		case len(list.IDs) >= limit && e.number != last:
			list.Next = last
			return list, nil
		default:
			list.IDs = append(list.IDs, e.group)
			last = e.number
		}
	}
}
