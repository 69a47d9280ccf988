package chat

import (
	"context"
	"maps"
	"slices"

	"github.com/recant-chat/recant/store/record"
)

// Limits of a group's custom attributes (doc 44188), judged by what a write
// would leave.
const (
	maxAttributes          = 16
	maxAttributeKeyBytes   = 32
	maxAttributeValueBytes = 4000
	maxAttributesBytes     = 16_000 // all values together
)

// AttributeOption is what a write does to a group's attributes, in the words of
// the webhook (doc 60394).
type AttributeOption string

// The kinds of writes.
const (
	AttributesModify AttributeOption = "modify" // adds or overwrites what is given
	AttributesSet    AttributeOption = "set"    // replaces all
	AttributesDelete AttributeOption = "delete" // removes what is named
	AttributesClear  AttributeOption = "clear"  // removes all
)

// Attribute is one custom attribute of a group.
type Attribute struct {
	Key   string // 1 to 32 bytes
	Value string // at most 4,000 bytes
	Seq   uint64 // MainSeq of the write that set it
}

// Attributes are custom attributes of a group. MainSeq counts the writes to
// the group's attributes, whatever they changed.
type Attributes struct {
	MainSeq uint64
	List    []Attribute
}

// AttributeWrite is one write of a group's attributes. A key that is given
// twice has its later value.
type AttributeWrite struct {
	GroupID    string
	Option     AttributeOption
	Attributes []Attribute // without Seq; Delete looks at the keys alone, Clear at nothing
	IfMainSeq  *uint64     // nil, or refuse the write if MainSeq is another by now
}

// Attributes returns a group's attributes in the order of their keys (doc 44187).
// Errors: CodeBadGroupID, CodeGroupNotFound, CodeCommunityOff, CodeNotPermitted.
func (a *App) Attributes(ctx context.Context, groupID string) (*Attributes, error) {
	var result *Attributes
	err := a.view(ctx, groupID, func(g *groupState) error {
		stored, err := g.attributes(ctx)
		if err != nil {
			return err
		}
		result = &Attributes{MainSeq: stored.MainSeq}
		for _, attribute := range stored.Attributes {
			result.List = append(result.List, Attribute{attribute.Key, attribute.Value, attribute.Seq})
		}
		return nil
	})
	return result, err
}

// WriteAttributes changes a group's attributes, all that is asked for or
// nothing, and returns what it set (docs 44188, 44190, 59499, 44189).
//
// Errors: CodeInvalid, CodeAttributeKeyLong, CodeAttributeValueLong,
// CodeBadGroupID, CodeGroupNotFound, CodeCommunityOff, CodeNotPermitted,
// CodeAttributeFrequency, CodeAttributeConflict, CodeAttributeNotFound,
// CodeTooManyAttributes, CodeAttributesTooLarge.
func (a *App) WriteAttributes(ctx context.Context, op Operator, w AttributeWrite) (*Attributes, error) {
	given, err := w.check()
	if err != nil {
		return nil, err
	}
	if err := CheckGroupID(w.GroupID); err != nil {
		return nil, err
	}
	var result *Attributes
	err = a.changeGroup(ctx, w.GroupID, func(g *groupChange) error {
		if w.Option == AttributesClear && g.groupType() == Community {
			return Refuse(CodeNotPermitted, "the attributes of a Community cannot be cleared")
		}
		stored, err := g.attributes(ctx)
		if err != nil {
			return err
		}
		if err := a.countAttributeWrite(stored); err != nil {
			return err
		}
		if w.IfMainSeq != nil && *w.IfMainSeq != stored.MainSeq {
			return Refuse(CodeAttributeConflict, "AttrMainSeq is %d, but the attributes were written up to %d", *w.IfMainSeq, stored.MainSeq)
		}
		stored.MainSeq++
		if err := w.apply(stored, given); err != nil {
			return err
		}
		g.set(record.AttributesKey(g.head.Incarnation), stored)
		g.tellAttributes(op, w.Option, given)
		result = &Attributes{MainSeq: stored.MainSeq}
		if w.Option == AttributesModify || w.Option == AttributesSet {
			for _, attribute := range given {
				result.List = append(result.List, Attribute{attribute.Key, attribute.Value, stored.MainSeq})
			}
		}
		return nil
	})
	return result, err
}

// check checks the form of what is given and returns every key once.
// Errors: CodeInvalid, CodeAttributeKeyLong, CodeAttributeValueLong.
func (w *AttributeWrite) check() ([]Attribute, error) {
	if w.Option == AttributesClear {
		return nil, nil
	}
	if len(w.Attributes) == 0 {
		return nil, Refuse(CodeInvalid, "GroupAttr is missing or empty")
	}
	var given []Attribute
	at := map[string]int{}
	for i, attribute := range w.Attributes {
		switch key, value := len(attribute.Key), len(attribute.Value); {
		case key == 0:
			return nil, Refuse(CodeInvalid, "GroupAttr[%d].key is missing or empty", i)
		case key > maxAttributeKeyBytes:
			return nil, Refuse(CodeAttributeKeyLong, "GroupAttr[%d].key has %d bytes, at most %d", i, key, maxAttributeKeyBytes)
		case value > maxAttributeValueBytes && w.Option != AttributesDelete:
			return nil, Refuse(CodeAttributeValueLong, "GroupAttr[%d].value has %d bytes, at most %d", i, value, maxAttributeValueBytes)
		}
		if earlier, twice := at[attribute.Key]; twice {
			given[earlier] = attribute
			continue
		}
		at[attribute.Key] = len(given)
		given = append(given, attribute)
	}
	// More keys than a group may have are 10047, whatever it has.
	if n := len(w.Attributes); n > maxAttributes && len(given) <= maxAttributes && w.Option != AttributesDelete {
		return nil, Refuse(CodeInvalid, "GroupAttr has %d items, at most %d", n, maxAttributes)
	}
	return given, nil
}

// apply makes of what is stored what the write leaves.
// Errors: CodeAttributeNotFound, CodeTooManyAttributes, CodeAttributesTooLarge.
func (w *AttributeWrite) apply(stored *record.Attributes, given []Attribute) error {
	byKey := map[string]*record.Attribute{}
	if w.Option == AttributesModify || w.Option == AttributesDelete {
		for _, attribute := range stored.Attributes {
			byKey[attribute.Key] = attribute
		}
	}
	for _, attribute := range given {
		if w.Option != AttributesDelete {
			byKey[attribute.Key] = &record.Attribute{Key: attribute.Key, Value: attribute.Value, Seq: stored.MainSeq}
			continue
		}
		if byKey[attribute.Key] == nil {
			return Refuse(CodeAttributeNotFound, "GroupAttr: there is no attribute %q", attribute.Key)
		}
		delete(byKey, attribute.Key)
	}
	if len(byKey) > maxAttributes {
		return Refuse(CodeTooManyAttributes, "GroupAttr: the group would have %d attributes, at most %d", len(byKey), maxAttributes)
	}
	stored.Attributes = nil
	size := 0
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		size += len(byKey[key].Value)
		stored.Attributes = append(stored.Attributes, byKey[key])
	}
	if size > maxAttributesBytes {
		return Refuse(CodeAttributesTooLarge, "GroupAttr: the group's values would have %d bytes, at most %d", size, maxAttributesBytes)
	}
	return nil
}

// countAttributeWrite takes a write into those of the last second, which the
// row itself keeps, unless they are as many as there may be. Where the clock
// was set back, writes that it has not reached do not count.
// Errors: CodeAttributeFrequency.
func (a *App) countAttributeWrite(stored *record.Attributes) error {
	limit, now := a.settings.AttributeWritesPerSecond, a.clock().UnixMilli()
	stored.Written = slices.DeleteFunc(stored.Written, func(at int64) bool { return limit == 0 || at > now || now-at >= 1000 })
	switch {
	case limit == 0:
		return nil
	case len(stored.Written) >= limit:
		return Refuse(CodeAttributeFrequency, "the group's attributes were written %d times within a second, please retry later", limit)
	}
	stored.Written = append(stored.Written, now)
	return nil
}

// attributes returns the group's attributes, empty where there are none.
// Errors: CodeCommunityOff, CodeNotPermitted.
func (g *groupState) attributes(ctx context.Context) (*record.Attributes, error) {
	if err := g.requireServed(); err != nil {
		return nil, err
	}
	if !slices.Contains(g.app.settings.GroupAttributes, g.groupType()) {
		return nil, Refuse(CodeNotPermitted, "groups of type %s have no attributes", g.groupType())
	}
	stored := &record.Attributes{}
	return stored, g.readRow(ctx, record.AttributesKey(g.head.Incarnation), stored)
}
