package api

import (
	"context"
	"encoding/hex"

	"github.com/recant-chat/recant/chat"
)

// recallOperation is a recall operation as the audit record tells it.
type recallOperation struct {
	OperationID  string            `json:"OperationId"`
	Command      string            `json:"Command"`
	Operator     string            `json:"Operator_Account"`
	RemoteIP     string            `json:"RemoteIP"`
	Random       string            `json:"Random"`
	Time         int64             `json:"Time"`
	Reason       string            `json:"Reason"`
	Notify       string            `json:"Notify"`
	FenceSeconds int64             `json:"FenceSeconds"`
	Scope        *operationScope   `json:"Scope,omitzero"`
	PreviewID    string            `json:"PreviewId,omitzero"`
	Hold         int               `json:"Hold"`
	Targets      []operationTarget `json:"Targets"`
}

type operationScope struct {
	LastNum    int64  `json:"LastMsgNum"`
	BeforeSeq  uint32 `json:"BeforeSeq"`
	AfterTime  int64  `json:"AfterTime"`
	BeforeTime int64  `json:"BeforeTime"`
}

type operationTarget struct {
	GroupID  string          `json:"GroupId"`
	TopicID  string          `json:"TopicId,omitzero"`
	Sender   string          `json:"Sender_Account,omitzero"`
	State    string          `json:"State"`
	Code     int             `json:"ErrorCode"`
	Info     string          `json:"ErrorInfo"`
	FromSeq  uint32          `json:"FromSeq,omitzero"`
	ToSeq    uint32          `json:"ToSeq,omitzero"`
	Seqs     []seqNumber     `json:"MsgSeqList,omitempty"`
	Recalled *uint32         `json:"RecalledNum,omitzero"` // where it was counted
	Already  *uint32         `json:"AlreadyRecalledNum,omitzero"`
	Fence    *operationFence `json:"Fence,omitzero"`
	Hold     int             `json:"Hold"`
}

// operationFence is the fence of a target.
type operationFence struct {
	FromSeq uint32 `json:"FromSeq"`
	Until   int64  `json:"Until"`
	Open    int    `json:"Open"`
	ToSeq   uint32 `json:"ToSeq"` // once it is closed; below FromSeq where it caught nothing
}

func newRecallOperation(o *chat.Operation) recallOperation {
	result := recallOperation{
		OperationID: o.ID, Command: o.Command, Operator: o.Operator, RemoteIP: o.RemoteIP, Random: o.Random,
		Time: o.Time, Reason: o.Reason, Notify: o.Notify, FenceSeconds: o.FenceSeconds, PreviewID: o.PreviewID,
		Hold: bit(o.Held),
	}
	if o.Notify == chat.NotifySilent {
		result.Notify = notifySilent
	}
	if o.Scope != (chat.RecallScope{}) {
		result.Scope = &operationScope{o.Scope.LastNum, o.Scope.BeforeSeq, o.Scope.AfterTime, o.Scope.BeforeTime}
	}
	for _, t := range o.Targets {
		target := operationTarget{
			GroupID: t.Target.GroupID, TopicID: t.Target.TopicID, Sender: t.Target.Sender,
			State: t.State, Code: int(t.Code), Info: t.Message, FromSeq: t.FromSeq, ToSeq: t.ToSeq,
			Seqs: seqNumbers(t.Seqs), Hold: bit(t.Held),
		}
		if t.Counted {
			target.Recalled, target.Already = &t.RecalledNum, &t.AlreadyNum
		}
		if t.FenceUntil > 0 {
			target.Fence = &operationFence{t.FenceFrom, t.FenceUntil, bit(t.FenceOpen), t.FenceTo}
		}
		result.Targets = append(result.Targets, target)
	}
	return result
}

// auditEvent is an entry of the audit record.
type auditEvent struct {
	EntryID   string         `json:"EntryId"`
	Type      string         `json:"Type"`
	Operator  string         `json:"Operator_Account"`
	RemoteIP  string         `json:"RemoteIP"`
	Random    string         `json:"Random"`
	Time      int64          `json:"Time"`
	Reason    string         `json:"Reason"`
	NotBefore int64          `json:"NotBefore,omitzero"`
	Targets   []restoredPart `json:"Targets,omitempty"` // of restore
	TotalNum  uint32         `json:"TotalNum,omitzero"`
	ChainHash string         `json:"ChainHash,omitzero"`
}

func newAuditEvent(e *chat.OperationEvent) auditEvent {
	event := auditEvent{
		EntryID: e.ID, Type: e.Type, Operator: e.Operator, RemoteIP: e.RemoteIP, Random: e.Random,
		Time: e.Time, Reason: e.Reason, NotBefore: e.NotBefore, TotalNum: e.Messages,
		ChainHash: hex.EncodeToString(e.ChainHash),
	}
	event.Targets = restoredParts(e.Restored)
	return event
}

type getRecallOperationRequest struct {
	OperationID *string `json:"OperationId"`
}

type getRecallOperationResponse struct {
	Operation recallOperation `json:"Operation"`
	Erasure   *erasure        `json:"Erasure,omitzero"`
	Log       []auditEvent    `json:"Log"`
}

func getRecallOperation(ctx context.Context, call *Call, r *getRecallOperationRequest) (*getRecallOperationResponse, error) {
	if value(r.OperationID) == "" {
		return nil, missing("OperationId")
	}
	o, err := call.App.Chat.Operation(ctx, *r.OperationID)
	if err != nil {
		return nil, err
	}
	answer := &getRecallOperationResponse{Operation: newRecallOperation(o), Erasure: newErasure(o.Erasure)}
	for _, e := range o.Log {
		answer.Log = append(answer.Log, newAuditEvent(&e))
	}
	return answer, nil
}

type listRecallOperationsRequest struct {
	GroupID  *string  `json:"GroupId"`
	TopicID  *string  `json:"TopicId"`
	Sender   *string  `json:"Sender_Account"`
	Operator *string  `json:"Operator_Account"`
	FromTime *int64   `json:"FromTime"`
	ToTime   *int64   `json:"ToTime"`
	Types    []string `json:"Types"`
	Limit    *int     `json:"Limit"`
	Next     *string  `json:"Next"`
}

type listRecallOperationsResponse struct {
	Operations []auditItem `json:"Operations"`
	Next       string      `json:"Next"`
}

// auditItem is an entry of the audit record, of a recall with the operation, of
// a preview with its results.
type auditItem struct {
	auditEvent
	OperationID string           `json:"OperationId,omitzero"`
	Operation   *recallOperation `json:"Operation,omitzero"`
	Results     []previewed      `json:"Results,omitempty"`
}

type previewed struct {
	recallPart
	Matched uint32 `json:"MatchedNum"`
}

// defaultAuditLimit is how many entries come where Limit is not given.
const defaultAuditLimit = 20

func listRecallOperations(ctx context.Context, call *Call, r *listRecallOperationsRequest) (*listRecallOperationsResponse, error) {
	limit := value(r.Limit)
	if limit == 0 {
		limit = defaultAuditLimit
	}
	page, err := call.App.Chat.AuditList(ctx, chat.AuditQuery{
		GroupID: value(r.GroupID), TopicID: value(r.TopicID), Sender: value(r.Sender), Operator: value(r.Operator),
		FromTime: value(r.FromTime), ToTime: value(r.ToTime), Types: r.Types, Limit: limit, Next: value(r.Next),
	})
	if err != nil {
		return nil, err
	}
	answer := &listRecallOperationsResponse{Next: page.Next}
	for _, e := range page.Entries {
		item := auditItem{auditEvent: newAuditEvent(&e.OperationEvent), OperationID: e.Operation.ID}
		if e.Type == "recall" {
			o := newRecallOperation(&e.Operation)
			item.Operation = &o
		}
		for _, p := range e.Parts {
			item.Results = append(item.Results, previewed{newRecallPart(&p), p.MatchedNum})
		}
		answer.Operations = append(answer.Operations, item)
	}
	return answer, nil
}
