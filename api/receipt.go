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
			doc(49439), summary("Counts how many members have read messages that ask for receipts."), refusals),
		command(groupService, "get_group_msg_receipt_detail", getGroupMsgReceiptDetail,
			doc(49438), summary("Lists the members who have read a message, or who have not."), refusals,
			codes(chat.CodeNoReceipt)),
		command(groupService, "group_msg_receipt", groupMsgReceipt,
			summary("Notes that a member has read messages that ask for receipts."), refusals),
	}
}

type getGroupMsgReceiptRequest struct {
	GroupID *string      `json:"GroupId"`
	Seqs    []messageSeq `json:"MsgSeqList"`
}

type getGroupMsgReceiptResponse struct {
	Receipts []receiptCount `json:"GroupMsgReceiptList"`
}

type receiptCount struct {
	Code   int    `json:"Code"`
	Seq    uint32 `json:"MsgSeq"`
	Read   int    `json:"ReadNum"`
	Unread int    `json:"UnreadNum"`
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
	GroupID *string `json:"GroupId"`
	Seq     *uint32 `json:"MsgSeq" range:"1..4294967295"`
	Filter  *int    `json:"Filter" older:"Flag" range:"0..1"`
	Cursor  *string `json:"Cursor"`
	Count   *int64  `json:"Count" older:"Num"`
}

// getGroupMsgReceiptDetailResponse has one of the two lists. Samples and tables
// of the page differ in the name of the flag.
type getGroupMsgReceiptDetailResponse struct {
	Seq        uint32      `json:"MsgSeq"`
	Cursor     string      `json:"Cursor"`
	IsFinish   int         `json:"IsFinish"`
	IsFinished int         `json:"IsFinished"`
	Read       *[]reader   `json:"ReadList,omitzero"`
	Unread     *[]unreader `json:"UnreadList,omitzero"`
}

type reader struct {
	Account string `json:"Read_Account"`
}

type unreader struct {
	Account string `json:"Unread_Account"`
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
	GroupID *string      `json:"GroupId"`
	From    *string      `json:"From_Account"`
	Seqs    []messageSeq `json:"MsgSeqList"`
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
