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
			doc(44187), summary("Reads the custom attributes of a group."), common),
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
	GroupID *string `json:"GroupId"`
	MainSeq *uint64 `json:"AttrMainSeq"` // asks for the sequences, whatever its value
}

type getGroupAttrResponse struct {
	Attributes []attributeAnswer `json:"GroupAttrAry"`
	MainSeq    *uint64           `json:"AttrMainSeq,omitzero"`
}

type attributeAnswer struct {
	Key   string  `json:"key"`
	Value *string `json:"value,omitzero"`
	Seq   *uint64 `json:"seq,omitzero"`
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
	GroupID *string  `json:"GroupId"`
	MainSeq *uint64  `json:"AttrMainSeq"`
	Control []string `json:"AttrControl"`
}

const controlRaceConflict = "RaceConflict"

// attributeWritten answers a write: nothing beside the envelope, unless the
// request had AttrMainSeq.
type attributeWritten struct {
	MainSeq    *uint64           `json:"AttrMainSeq,omitzero"`
	Attributes []attributeAnswer `json:"GroupAttr,omitzero"`
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
	Attributes []attribute `json:"GroupAttr"`
}

// attribute is an item of GroupAttr; both spellings are in use.
type attribute struct {
	attributeKey
	Value      *string `json:"value"`
	OlderValue *string `json:"Value"` // a field of its own, because "" is a value
}

type attributeKey struct {
	Key *string `json:"key" older:"Key"`
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
	Attributes []attributeKey `json:"GroupAttr"`
}

func deleteGroupAttr(ctx context.Context, call *Call, r *deleteGroupAttrRequest) (*attributeWritten, error) {
	attributes := make([]chat.Attribute, len(r.Attributes))
	for i, item := range r.Attributes {
		attributes[i].Key = value(item.Key)
	}
	return r.write(ctx, call, chat.AttributesDelete, attributes)
}
