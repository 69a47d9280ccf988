package api

import (
	"context"
	"slices"

	"github.com/recant-chat/recant/chat"
)

const attributeService = "group_open_attr_http_svc"

// attributeCommands are the commands on groups' custom attributes (spec 05
// section 3).
func attributeCommands() []Command {
	common := codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound, chat.CodeBadGroupID,
		chat.CodeCommunityOff)
	written := codes(chat.CodeAttributeKeyLong, chat.CodeAttributeValueLong, chat.CodeTooManyAttributes,
		chat.CodeAttributesTooLarge, chat.CodeAttributeFrequency, chat.CodeAttributeConflict)
	return []Command{
		command(attributeService, "get_group_attr", getGroupAttr,
			repeatable(), doc(44187), summary("Reads the custom attributes of a group."), common),
		command(groupService, "modify_group_attr", setGroupAttr(chat.AttributesModify),
			doc(44188), summary("Adds or overwrites custom attributes of a group."), common, written),
		command(groupService, "clear_group_attr", clearGroupAttr,
			doc(44189), summary("Removes all custom attributes of a group."), common,
			codes(chat.CodeAttributeFrequency, chat.CodeAttributeConflict)),
		command(groupService, "set_group_attr", setGroupAttr(chat.AttributesSet),
			doc(44190), summary("Replaces all custom attributes of a group."), common, written),
		command(groupService, "delete_group_attr", deleteGroupAttr,
			doc(59499), summary("Removes single custom attributes of a group."), common,
			codes(chat.CodeAttributeKeyLong, chat.CodeAttributeFrequency, chat.CodeAttributeNotFound, chat.CodeAttributeConflict)),
	}
}

type getGroupAttrRequest struct {
	GroupID *string `json:"GroupId" desc:"id of the group" required:"true"`
	MainSeq *uint64 `json:"AttrMainSeq" desc:"any number: the answer has AttrMainSeq and seq; absent: it does not"`
}

type getGroupAttrResponse struct {
	Attributes []attributeAnswer `json:"GroupAttrAry" desc:"attributes, in the order of their keys"`
	MainSeq    *uint64           `json:"AttrMainSeq,omitzero" desc:"number of writes of the attributes so far; if asked for"`
}

type attributeAnswer struct {
	Key   string  `json:"key" desc:"name of the attribute"`
	Value *string `json:"value,omitzero" desc:"value of the attribute; absent from answers to writes"`
	Seq   *uint64 `json:"seq,omitzero" desc:"AttrMainSeq of the write that set it; if asked for"`
}

func getGroupAttr(ctx context.Context, call *Call, r *getGroupAttrRequest) (*getGroupAttrResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	found, err := call.App.Chat.Attributes(ctx, *r.GroupID)
	if err != nil {
		return nil, err
	}
	answer := &getGroupAttrResponse{}
	for _, a := range found.List {
		item := attributeAnswer{Key: a.Key, Value: &a.Value}
		if r.MainSeq != nil {
			item.Seq = &a.Seq
		}
		answer.Attributes = append(answer.Attributes, item)
	}
	if r.MainSeq != nil {
		answer.MainSeq = &found.MainSeq
	}
	return answer, nil
}

// attributeWrite is what all writes of attributes share. With RaceConflict in
// AttrControl a write is refused if AttrMainSeq is not the newest.
type attributeWrite struct {
	GroupID *string  `json:"GroupId" desc:"id of the group" required:"true"`
	MainSeq *uint64  `json:"AttrMainSeq" desc:"newest known number of writes, needed with AttrControl; if given, the answer has AttrMainSeq and GroupAttr"`
	Control []string `json:"AttrControl" desc:"RaceConflict: refuse with 10056 if the attributes were written since AttrMainSeq" values:"RaceConflict"`
}

const controlRaceConflict = "RaceConflict"

// attributeWritten answers a write: nothing beside the envelope, unless the
// request had AttrMainSeq.
type attributeWritten struct {
	MainSeq    *uint64           `json:"AttrMainSeq,omitzero" desc:"number of writes of the attributes so far; if the request has AttrMainSeq"`
	Attributes []attributeAnswer `json:"GroupAttr,omitzero" desc:"attributes that were set, without values; if the request has AttrMainSeq"`
}

func (r *attributeWrite) write(ctx context.Context, call *Call, option chat.AttributeOption, attributes []chat.Attribute) (*attributeWritten, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	w := chat.AttributeWrite{GroupID: *r.GroupID, Option: option, Attributes: attributes}
	if i := slices.IndexFunc(r.Control, func(c string) bool { return c != controlRaceConflict }); i >= 0 {
		return nil, chat.Refuse(chat.CodeInvalid, "AttrControl: %q is unknown", r.Control[i])
	}
	if len(r.Control) > 0 {
		if r.MainSeq == nil {
			return nil, chat.Refuse(chat.CodeInvalid, "AttrMainSeq is missing, which AttrControl %s needs", controlRaceConflict)
		}
		w.IfMainSeq = r.MainSeq
	}
	written, err := call.App.Chat.WriteAttributes(ctx, call.Operator(), w)
	if err != nil || r.MainSeq == nil {
		return nil, err
	}
	answer := &attributeWritten{MainSeq: &written.MainSeq, Attributes: []attributeAnswer{}}
	for _, a := range written.List {
		answer.Attributes = append(answer.Attributes, attributeAnswer{Key: a.Key, Seq: &a.Seq})
	}
	return answer, nil
}

type setGroupAttrRequest struct {
	attributeWrite
	Attributes []attribute `json:"GroupAttr" desc:"1 to 16 attributes; a group has at most 16, with 16000 bytes of values" required:"true"`
}

// attribute is an item of GroupAttr; both spellings are in use.
type attribute struct {
	attributeKey
	Value      *string `json:"value" desc:"at most 4000 bytes, may be empty" required:"true"`
	OlderValue *string `json:"Value" desc:"older spelling of value"` // a field of its own, because "" is a value
}

type attributeKey struct {
	Key *string `json:"key" older:"Key" desc:"name of the attribute, 1 to 32 bytes" required:"true"`
}

func setGroupAttr(option chat.AttributeOption) func(context.Context, *Call, *setGroupAttrRequest) (*attributeWritten, error) {
	return func(ctx context.Context, call *Call, r *setGroupAttrRequest) (*attributeWritten, error) {
		attributes := make([]chat.Attribute, len(r.Attributes))
		for i, item := range r.Attributes {
			if item.Value == nil {
				item.Value = item.OlderValue
			}
			if item.Value == nil {
				return nil, chat.Refuse(chat.CodeInvalid, "GroupAttr[%d].value is missing", i)
			}
			attributes[i] = chat.Attribute{Key: value(item.Key), Value: *item.Value}
		}
		return r.write(ctx, call, option, attributes)
	}
}

type clearGroupAttrRequest struct {
	attributeWrite
}

func clearGroupAttr(ctx context.Context, call *Call, r *clearGroupAttrRequest) (*attributeWritten, error) {
	return r.write(ctx, call, chat.AttributesClear, nil)
}

type deleteGroupAttrRequest struct {
	attributeWrite
	Attributes []attributeKey `json:"GroupAttr" desc:"attributes to remove, 1 or more; all must exist" required:"true"`
}

func deleteGroupAttr(ctx context.Context, call *Call, r *deleteGroupAttrRequest) (*attributeWritten, error) {
	attributes := make([]chat.Attribute, len(r.Attributes))
	for i, item := range r.Attributes {
		attributes[i].Key = value(item.Key)
	}
	return r.write(ctx, call, chat.AttributesDelete, attributes)
}
