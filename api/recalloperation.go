package api

import (
	"context"
	"encoding/hex"

	"github.com/recant-chat/recant/chat"
)

// recallOperation is a recall operation as the audit record tells it.
type recallOperation struct {
	OperationID  string            `json:"OperationId" desc:"id of the operation"`
	Command      string            `json:"Command" desc:"command that recalled"`
	Operator     string            `json:"Operator_Account" desc:"administrator who called"`
	RemoteIP     string            `json:"RemoteIP" desc:"address of the call; empty where it is not known"`
	Random       string            `json:"Random" desc:"random of the call's URL; empty where it had none, or one of more than 48 bytes"`
	Time         int64             `json:"Time" desc:"when it was called, Unix seconds"`
	Reason       string            `json:"Reason" desc:"reason that the call gave"`
	Notify       string            `json:"Notify" desc:"who was told" values:"silent,summary,each"`
	FenceSeconds int64             `json:"FenceSeconds" desc:"seconds of its fence; 0: it has none"`
	Scope        *operationScope   `json:"Scope,omitzero" desc:"how far back; absent where the command has no Scope"`
	PreviewID    string            `json:"PreviewId,omitzero" desc:"EntryId of the preview whose PlanToken it used; absent without one"`
	Hold         int               `json:"Hold" desc:"1: one of its targets is on hold"`
	Targets      []operationTarget `json:"Targets" desc:"targets, in the order of the call"`
}

type operationScope struct {
	LastNum    int64  `json:"LastMsgNum" desc:"numbers to cover, from the newest one or from BeforeSeq downwards"`
	BeforeSeq  uint32 `json:"BeforeSeq" desc:"only numbers below this one; 0: no bound"`
	AfterTime  int64  `json:"AfterTime" desc:"only messages sent at this time or later, Unix seconds; 0: no bound"`
	BeforeTime int64  `json:"BeforeTime" desc:"only messages sent before this time, Unix seconds; 0: no bound"`
}

type operationTarget struct {
	GroupID  string          `json:"GroupId" desc:"id of the group"`
	TopicID  string          `json:"TopicId,omitzero" desc:"id of the topic; absent where it is the group itself"`
	Sender   string          `json:"Sender_Account,omitzero" desc:"account whose messages were recalled; absent for a recall by number"`
	State    string          `json:"State" desc:"pending: not yet recalled; void: given up before that; sealed: being erased; refused: not served; none: nothing is stored there; destroyed: with its group or topic" values:"active,restored,sealed,erased,pending,void,refused,none,destroyed"`
	Code     int             `json:"ErrorCode" desc:"why the target was not served; 0 where it was"`
	Info     string          `json:"ErrorInfo" desc:"why ErrorCode is not 0, else empty"`
	FromSeq  uint32          `json:"FromSeq,omitzero" desc:"lowest number that is covered; absent where none is"`
	ToSeq    uint32          `json:"ToSeq,omitzero" desc:"highest number that is covered; absent where none is"`
	Seqs     []seqNumber     `json:"MsgSeqList,omitempty" desc:"messages of a recall by number; else absent"`
	Recalled *uint32         `json:"RecalledNum,omitzero" desc:"messages that were newly recalled; absent where the command does not count"`
	Already  *uint32         `json:"AlreadyRecalledNum,omitzero" desc:"messages that were recalled before; absent where the command does not count"`
	Fence    *operationFence `json:"Fence,omitzero" desc:"the fence; absent where there is none"`
	Hold     int             `json:"Hold" desc:"1: it is on hold"`
	Restored *restoredBy     `json:"Restored,omitzero" desc:"who restored it; absent where nobody did"`
}

// restoredBy is who restored a target.
type restoredBy struct {
	Operator string `json:"Operator_Account" desc:"administrator who made the call"`
	Time     int64  `json:"Time" desc:"when, Unix seconds"`
	Reason   string `json:"Reason" desc:"why, as it was given; may be empty"`
}

// operationFence is the fence of a target.
type operationFence struct {
	FromSeq uint32 `json:"FromSeq" desc:"lowest number that it may cover"`
	Until   int64  `json:"Until" desc:"its end, Unix seconds: what came later is not covered"`
	Open    int    `json:"Open" desc:"1: it is not closed yet"`
	ToSeq   uint32 `json:"ToSeq" desc:"highest number that it covers, once it is closed; below FromSeq where it caught nothing"`
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
		if r := t.Restored; r != nil {
			target.Restored = &restoredBy{r.Operator, r.Time, r.Reason}
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
	EntryID   string         `json:"EntryId" desc:"id of the entry; of a recall the same as OperationId"`
	Type      string         `json:"Type" desc:"what was done; release: the end of a hold" values:"preview,recall,restore,erase,hold,release,export"`
	Operator  string         `json:"Operator_Account" desc:"administrator who called"`
	RemoteIP  string         `json:"RemoteIP" desc:"address of the call; empty where it is not known"`
	Random    string         `json:"Random" desc:"random of the call's URL; empty where it had none, or one of more than 48 bytes"`
	Time      int64          `json:"Time" desc:"when it was called, Unix seconds"`
	Reason    string         `json:"Reason" desc:"reason that the call gave"`
	NotBefore int64          `json:"NotBefore,omitzero" desc:"of erase: Unix seconds before which nothing is erased; else absent"`
	Targets   []restoredPart `json:"Targets,omitempty" desc:"of restore: one result per target; else absent"`
	TotalNum  uint32         `json:"TotalNum,omitzero" desc:"of export: messages, once the last page was read; else absent"`
	ChainHash string         `json:"ChainHash,omitzero" desc:"of export: hash of the last message in hexadecimal digits, once the last page was read; else absent"`
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
	OperationID *string `json:"OperationId" desc:"id of the operation" required:"true"`
}

type getRecallOperationResponse struct {
	Operation recallOperation `json:"Operation" desc:"the operation"`
	Erasure   *erasure        `json:"Erasure,omitzero" desc:"the newest erasure of it; absent where there is none"`
	Log       []auditEvent    `json:"Log" desc:"what was done about it, the recall itself first"`
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
	GroupID  *string  `json:"GroupId" desc:"only entries about this group"`
	TopicID  *string  `json:"TopicId" desc:"only entries about this topic"`
	Sender   *string  `json:"Sender_Account" desc:"only entries about messages of this account"`
	Operator *string  `json:"Operator_Account" desc:"only entries of calls by this administrator"`
	FromTime *int64   `json:"FromTime" desc:"only entries of this time or later, Unix seconds; 0: no bound" default:"0"`
	ToTime   *int64   `json:"ToTime" desc:"only entries of this time or earlier, Unix seconds; 0: no bound" default:"0"`
	Types    []string `json:"Types" desc:"entries wanted; absent or empty: recall alone" values:"preview,recall,restore,erase,hold,export"`
	Limit    *int     `json:"Limit" desc:"entries wanted, 1 to 100; 0 is 20" default:"20"`
	Next     *string  `json:"Next" desc:"empty for the first page, then Next of the page before"`
}

type listRecallOperationsResponse struct {
	Operations []auditItem `json:"Operations" desc:"entries, the newest first; may be few or none although more follow"`
	Next       string      `json:"Next" desc:"Next of the following call; empty on the last page"`
}

// auditItem is an entry of the audit record, of a recall with the operation, of
// a preview with its results.
type auditItem struct {
	auditEvent
	OperationID string           `json:"OperationId,omitzero" desc:"id of the operation that the entry is about; absent for a preview"`
	Operation   *recallOperation `json:"Operation,omitzero" desc:"of recall: the operation; else absent"`
	Results     []previewed      `json:"Results,omitempty" desc:"of preview: one result per target; else absent"`
}

type previewed struct {
	recallPart
	Matched uint32 `json:"MatchedNum" desc:"messages that would have been recalled"`
}

// defaultAuditLimit is how many entries come where Limit is not given.
const defaultAuditLimit = 20

func listRecallOperations(ctx context.Context, call *Call, r *listRecallOperationsRequest) (*listRecallOperationsResponse, error) {
	page, err := call.App.Chat.AuditList(ctx, chat.AuditQuery{
		GroupID: value(r.GroupID), TopicID: value(r.TopicID), Sender: value(r.Sender), Operator: value(r.Operator),
		FromTime: value(r.FromTime), ToTime: value(r.ToTime), Types: r.Types, Limit: limitOr(r.Limit, defaultAuditLimit), Next: value(r.Next),
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
