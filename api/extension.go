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
			repeatable(), doc(52169), summary("Reads the extensions of a message."), refusals),
	}
}

type groupSetKeyValuesRequest struct {
	GroupID *string           `json:"GroupId" desc:"id of the group" required:"true"`
	Seq     *uint32           `json:"MsgSeq" range:"1..4294967295" desc:"number of the message, which was sent with SupportMessageExtension" required:"true"`
	Operate *int              `json:"OperateType" range:"1..3" desc:"1: sets pairs; 2: deletes pairs; 3: deletes all pairs" required:"true"`
	Pairs   []extensionChange `json:"ExtensionList" desc:"1 to 20 pairs to set or delete, all or none; of a Key twice the last counts; ignored where all are deleted"`
}

// extensionChange is a pair to set or delete.
type extensionChange struct {
	Key   *string `json:"Key" desc:"1 to 100 bytes" required:"true"`
	Value *string `json:"Value" desc:"at most 1000 bytes, may be empty; needed to set the pair, ignored otherwise"`
	Seq   *uint32 `json:"Seq" desc:"ignored: administrators write whatever it is"`
}

type groupSetKeyValuesResponse struct {
	Results []extensionResult `json:"ExtensionList" desc:"the pairs that were named, in order; empty where all were deleted"`
}

type extensionResult struct {
	Code      int       `json:"ErrorCode" desc:"always 0: a write is done as a whole or refused"`
	Extension extension `json:"Extension" desc:"the pair as it is now"`
}

type extension struct {
	Key   string `json:"Key" desc:"key of the pair"`
	Value string `json:"Value" desc:"value of the pair; empty where it was deleted"`
	Seq   uint32 `json:"Seq" desc:"count of the write that set it, from 1; 0 where it was deleted"`
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
	GroupID *string `json:"GroupId" desc:"id of the group" required:"true"`
	Seq     *uint32 `json:"MsgSeq" range:"1..4294967295" desc:"number of the message, which was sent with SupportMessageExtension" required:"true"`
	From    *uint32 `json:"StartSeq" desc:"only pairs with this Seq or a higher one" default:"0"`
}

type groupGetKeyValuesResponse struct {
	Pairs    []extension `json:"ExtensionList" desc:"at most 200 pairs in ascending order of Seq"`
	Complete int         `json:"CompleteFlag" desc:"1: nothing follows; 0: go on with the last Seq plus 1 as StartSeq"`
	Latest   uint32      `json:"LatestSeq" desc:"count of the writes so far"`
	Cleared  uint32      `json:"ClearSeq" desc:"count of the write that last deleted all pairs; 0: there was none"`
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
