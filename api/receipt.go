package api

import (
	"context"

	"github.com/recant-chat/recant/chat"
)

// receiptCommands are the commands on read receipts (spec 04 section 12).
func receiptCommands() []Command {
	refusals := codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound,
		chat.CodeBadGroupID, chat.CodeFeatureOff, chat.CodeCommunityOff)
	return []Command{
		command(groupService, "get_group_msg_receipt", getGroupMsgReceipt,
			repeatable(), doc(49439), summary("Counts how many members have read messages that ask for receipts."), refusals),
		command(groupService, "get_group_msg_receipt_detail", getGroupMsgReceiptDetail,
			repeatable(), doc(49438), summary("Lists the members who have read a message, or who have not."), refusals,
			codes(chat.CodeNoReceipt)),
		command(groupService, "group_msg_receipt", groupMsgReceipt,
			repeatable(), summary("Notes that a member has read messages that ask for receipts."), refusals),
	}
}

type getGroupMsgReceiptRequest struct {
	GroupID *string      `json:"GroupId" desc:"id of the group" required:"true"`
	Seqs    []messageSeq `json:"MsgSeqList" desc:"1 to 50 messages" required:"true"`
}

type getGroupMsgReceiptResponse struct {
	Receipts []receiptCount `json:"GroupMsgReceiptList" desc:"one count per message, in order"`
}

type receiptCount struct {
	Code   int    `json:"Code" desc:"0, or 10062 for a message that has no receipts, or was recalled, erased or has expired"`
	Seq    uint32 `json:"MsgSeq" desc:"number of the message"`
	Read   int    `json:"ReadNum" desc:"members who have read it"`
	Unread int    `json:"UnreadNum" desc:"members who have not read it"`
}

func getGroupMsgReceipt(ctx context.Context, call *Call, r *getGroupMsgReceiptRequest) (*getGroupMsgReceiptResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	seqs, err := messageSeqs(r.Seqs)
	if err != nil {
		return nil, err
	}
	counts, err := call.App.Chat.ReceiptCounts(ctx, *r.GroupID, seqs)
	if err != nil {
		return nil, err
	}
	answer := &getGroupMsgReceiptResponse{Receipts: make([]receiptCount, len(counts))}
	for i, c := range counts {
		answer.Receipts[i] = receiptCount{Code: int(c.Code), Seq: c.Seq, Read: c.Read, Unread: c.Unread}
	}
	return answer, nil
}

type getGroupMsgReceiptDetailRequest struct {
	GroupID *string `json:"GroupId" desc:"id of the group" required:"true"`
	Seq     *uint32 `json:"MsgSeq" range:"1..4294967295" desc:"number of the message" required:"true"`
	Filter  *int    `json:"Filter" older:"Flag" range:"0..1" desc:"0: who has read the message; 1: who has not" required:"true"`
	Cursor  *string `json:"Cursor" desc:"empty for the first page, then Cursor of the page before" required:"true"`
	Count   *int64  `json:"Count" older:"Num" desc:"accounts wanted, 1 or more; at most 200 are returned" required:"true"`
}

// getGroupMsgReceiptDetailResponse has both names of the flag: samples and tables
// of the page differ.
type getGroupMsgReceiptDetailResponse struct {
	Seq        uint32      `json:"MsgSeq" desc:"number of the message"`
	Cursor     string      `json:"Cursor" desc:"Cursor of the next call; 0 on the last page"`
	IsFinish   int         `json:"IsFinish" desc:"1: this is the last page"`
	IsFinished int         `json:"IsFinished" desc:"the same as IsFinish"`
	Read       *[]reader   `json:"ReadList,omitzero" desc:"who has read the message; absent with Filter 1"`
	Unread     *[]unreader `json:"UnreadList,omitzero" desc:"who has not read the message; absent with Filter 0"`
}

type reader struct {
	Account string `json:"Read_Account" desc:"member who has read it"`
}

type unreader struct {
	Account string `json:"Unread_Account" desc:"member who has not read it"`
}

func getGroupMsgReceiptDetail(ctx context.Context, call *Call, r *getGroupMsgReceiptDetailRequest) (*getGroupMsgReceiptDetailResponse, error) {
	switch {
	case r.GroupID == nil:
		return nil, missing("GroupId")
	case r.Seq == nil:
		return nil, missing("MsgSeq")
	case r.Filter == nil:
		return nil, missing("Filter")
	case r.Cursor == nil:
		return nil, missing("Cursor")
	case r.Count == nil:
		return nil, missing("Count")
	}
	page, err := call.App.Chat.Readers(ctx, chat.ReceiptQuery{
		GroupID: *r.GroupID, Seq: *r.Seq, Unread: *r.Filter == 1, Cursor: *r.Cursor, Count: *r.Count,
	})
	if err != nil {
		return nil, err
	}
	answer := &getGroupMsgReceiptDetailResponse{Seq: *r.Seq, Cursor: page.Cursor}
	if page.Finished() {
		answer.IsFinish, answer.IsFinished = 1, 1
	}
	if *r.Filter == 1 {
		list := make([]unreader, len(page.Accounts))
		for i, account := range page.Accounts {
			list[i].Account = account
		}
		answer.Unread = &list
		return answer, nil
	}
	list := make([]reader, len(page.Accounts))
	for i, account := range page.Accounts {
		list[i].Account = account
	}
	answer.Read = &list
	return answer, nil
}

type groupMsgReceiptRequest struct {
	GroupID *string      `json:"GroupId" desc:"id of the group" required:"true"`
	From    *string      `json:"From_Account" desc:"member who has read the messages" required:"true"`
	Seqs    []messageSeq `json:"MsgSeqList" desc:"1 to 50 messages; those that ask this member for no receipt are passed over" required:"true"`
}

func groupMsgReceipt(ctx context.Context, call *Call, r *groupMsgReceiptRequest) (*noResult, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	if r.From == nil {
		return nil, missing("From_Account")
	}
	seqs, err := messageSeqs(r.Seqs)
	if err != nil {
		return nil, err
	}
	return nil, call.App.Chat.AcknowledgeReceipts(ctx, call.Operator(), *r.GroupID, *r.From, seqs)
}
