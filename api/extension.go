package api

import (
	"context"

	"github.com/recant-chat/recant/chat"
)

const extensionService = "openim_msg_ext_http_svc"

// extensionCommands are the commands on message extensions (spec 04 section 13).
func extensionCommands() []Command {
	refusals := codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeExtensionsOff, chat.CodeGroupNotFound,
		chat.CodeBadGroupID, chat.CodeCommunityOff, chat.CodeNotExtensible, chat.CodeNoExtensionTarget)
	return []Command{
		command(extensionService, "group_set_key_values", groupSetKeyValues,
			doc(52170), summary("Sets, deletes or clears the extensions of a message."), refusals,
			codes(chat.CodeExtensionFrequency)),
		command(extensionService, "group_get_key_values", groupGetKeyValues,
			doc(52169), summary("Reads the extensions of a message."), refusals),
	}
}

type groupSetKeyValuesRequest struct {
	GroupID *string           `json:"GroupId"`
	Seq     *uint32           `json:"MsgSeq" range:"1..4294967295"`
	Operate *int              `json:"OperateType" range:"1..3"`
	Pairs   []extensionChange `json:"ExtensionList"`
}

// extensionChange is a pair to set or delete. Its Seq is what other callers than
// administrators would have to know, and is not looked at.
type extensionChange struct {
	Key   *string `json:"Key"`
	Value *string `json:"Value"`
	Seq   *uint32 `json:"Seq"`
}

type groupSetKeyValuesResponse struct {
	Results []extensionResult `json:"ExtensionList"`
}

type extensionResult struct {
	Code      int       `json:"ErrorCode"`
	Extension extension `json:"Extension"`
}

type extension struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
	Seq   uint32 `json:"Seq"`
}

func groupSetKeyValues(ctx context.Context, call *Call, r *groupSetKeyValuesRequest) (*groupSetKeyValuesResponse, error) {
	switch {
	case r.GroupID == nil:
		return nil, missing("GroupId")
	case r.Seq == nil:
		return nil, missing("MsgSeq")
	case r.Operate == nil:
		return nil, missing("OperateType")
	}
	change := chat.ExtensionChange{GroupID: *r.GroupID, Seq: *r.Seq, Operation: chat.ExtensionOperation(*r.Operate)}
	for i, pair := range r.Pairs {
		if pair.Value == nil && change.Operation == chat.ExtensionSet {
			return nil, chat.Refuse(chat.CodeInvalid, "ExtensionList[%d].Value is missing", i)
		}
		change.Pairs = append(change.Pairs, chat.Extension{Key: value(pair.Key), Value: value(pair.Value)})
	}
	pairs, err := call.App.Chat.ChangeExtensions(ctx, change)
	if err != nil {
		return nil, err
	}
	answer := &groupSetKeyValuesResponse{Results: make([]extensionResult, len(pairs))}
	for i, pair := range pairs {
		answer.Results[i].Extension = extension(pair)
	}
	return answer, nil
}

type groupGetKeyValuesRequest struct {
	GroupID *string `json:"GroupId"`
	Seq     *uint32 `json:"MsgSeq" range:"1..4294967295"`
	From    *uint32 `json:"StartSeq"`
}

type groupGetKeyValuesResponse struct {
	Pairs    []extension `json:"ExtensionList"`
	Complete int         `json:"CompleteFlag"`
	Latest   uint32      `json:"LatestSeq"`
	Cleared  uint32      `json:"ClearSeq"`
}

func groupGetKeyValues(ctx context.Context, call *Call, r *groupGetKeyValuesRequest) (*groupGetKeyValuesResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	if r.Seq == nil {
		return nil, missing("MsgSeq")
	}
	page, err := call.App.Chat.Extensions(ctx, *r.GroupID, *r.Seq, value(r.From))
	if err != nil {
		return nil, err
	}
	answer := &groupGetKeyValuesResponse{
		Pairs: make([]extension, len(page.Pairs)), Latest: page.Latest, Cleared: page.Cleared,
	}
	for i, pair := range page.Pairs {
		answer.Pairs[i] = extension(pair)
	}
	if page.Complete {
		answer.Complete = 1
	}
	return answer, nil
}
