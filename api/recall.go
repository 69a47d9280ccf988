package api

import (
	"context"
	"encoding/hex"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/chat"
)

const recallService = "recall_http_svc"

// recallCommands are Recant's own commands around recall (spec 08).
func recallCommands() []Command {
	common := codes(chat.CodeInternal, chat.CodeInvalid)
	return []Command{
		command(recallService, "preview_recall", previewRecall,
			summary("Says what a recall of senders' messages would recall, and changes nothing."), common),
		command(recallService, "recall_by_sender", recallBySender,
			summary("Recalls what senders posted, as far back as asked for, within limits that are judged first."), common,
			codes(chat.CodeBadPlan, chat.CodeGuardExceeded, chat.CodePlanGrown, chat.CodeIdempotencyConflict)),
		command(recallService, "restore_recall", restoreRecall,
			summary("Undoes a recall, or some of its targets."), common,
			codes(chat.CodeOperationNotFound, chat.CodeErased)),
		command(recallService, "get_recall_operation", getRecallOperation,
			summary("Returns a recall operation with the states of its targets and the log of what was done about it."), common,
			codes(chat.CodeOperationNotFound)),
		command(recallService, "list_recall_operations", listRecallOperations,
			summary("Lists the audit record of recalls, newest first."), common),
		command(recallService, "get_recall_feed", getRecallFeed,
			summary("Returns what was recalled, restored and erased in a group or topic, in order."), common,
			codes(chat.CodeGroupNotFound, chat.CodeBadGroupID, chat.CodeCommunityOff)),
		command(recallService, "erase_recalled", eraseRecalled,
			summary("Erases the messages of an operation for good, in the background."), common,
			codes(chat.CodeOperationNotFound, chat.CodeErased, chat.CodeHeld)),
		command(recallService, "set_recall_hold", setRecallHold,
			summary("Keeps what an operation recalled from erasure and retention, or no longer."), common,
			codes(chat.CodeOperationNotFound, chat.CodeErased)),
		command(recallService, "export_recall_evidence", exportRecallEvidence,
			summary("Returns the original messages of an operation in pages, with a chain of hashes."), common,
			codes(chat.CodeOperationNotFound)),
	}
}

// recallTarget is an element of Targets.
type recallTarget struct {
	GroupID *string `json:"GroupId"`
	TopicID *string `json:"TopicId"`
	Sender  *string `json:"Sender_Account"`
}

// recallTargets reads Targets; sender says that every one must name a sender.
func recallTargets(list []recallTarget, sender bool) ([]chat.RecallTarget, error) {
	if list == nil {
		return nil, nil
	}
	targets := make([]chat.RecallTarget, len(list))
	for i, t := range list {
		if t.GroupID == nil {
			return nil, chat.Refuse(chat.CodeInvalid, "Targets[%d].GroupId is missing", i)
		}
		if sender && t.Sender == nil {
			return nil, chat.Refuse(chat.CodeInvalid, "Targets[%d].Sender_Account is missing", i)
		}
		targets[i] = chat.RecallTarget{GroupID: *t.GroupID, TopicID: value(t.TopicID), Sender: value(t.Sender)}
	}
	return targets, nil
}

type recallScope struct {
	LastNum    *int64  `json:"LastMsgNum"`
	BeforeSeq  *uint32 `json:"BeforeSeq"`
	AfterTime  *int64  `json:"AfterTime"`
	BeforeTime *int64  `json:"BeforeTime"`
}

func (s *recallScope) scope() chat.RecallScope {
	if s == nil {
		return chat.RecallScope{}
	}
	return chat.RecallScope{
		LastNum: value(s.LastNum), BeforeSeq: value(s.BeforeSeq), AfterTime: value(s.AfterTime), BeforeTime: value(s.BeforeTime),
	}
}

// recallPart is what is the same in the results of a preview and of a recall.
type recallPart struct {
	GroupID    string `json:"GroupId"`
	TopicID    string `json:"TopicId,omitzero"`
	Sender     string `json:"Sender_Account"`
	Code       int    `json:"ErrorCode"`
	Info       string `json:"ErrorInfo"`
	FromSeq    uint32 `json:"FromSeq"`
	ToSeq      uint32 `json:"ToSeq"`
	Scanned    uint32 `json:"ScannedNum"`
	Already    uint32 `json:"AlreadyRecalledNum"`
	Oldest     int64  `json:"OldestTime"`
	Newest     int64  `json:"NewestTime"`
	MoreBeyond int    `json:"MoreBeyond"`
	NextBefore uint32 `json:"NextBeforeSeq"`
}

func newRecallPart(p *chat.RecallPart) recallPart {
	return recallPart{
		GroupID: p.Target.GroupID, TopicID: p.Target.TopicID, Sender: p.Target.Sender,
		Code: int(p.Code), Info: p.Message, FromSeq: p.FromSeq, ToSeq: p.ToSeq, Scanned: p.ScannedNum,
		Already: p.AlreadyNum, Oldest: p.Oldest, Newest: p.Newest,
		MoreBeyond: p.MoreBeyond, NextBefore: p.NextBeforeSeq,
	}
}

type previewRecallRequest struct {
	Targets []recallTarget `json:"Targets"`
	Scope   *recallScope   `json:"Scope"`
}

type previewRecallResponse struct {
	PlanToken string        `json:"PlanToken"`
	Results   []previewPart `json:"Results"`
}

type previewPart struct {
	recallPart
	Matched uint32       `json:"MatchedNum"`
	Samples []historyRow `json:"Samples"`
}

func previewRecall(ctx context.Context, call *Call, r *previewRecallRequest) (*previewRecallResponse, error) {
	targets, err := recallTargets(r.Targets, true)
	if err != nil {
		return nil, err
	}
	token, parts, err := call.App.Chat.PreviewRecall(ctx, call.Operator(), targets, r.Scope.scope())
	if err != nil {
		return nil, err
	}
	answer := &previewRecallResponse{PlanToken: token}
	for _, p := range parts {
		answer.Results = append(answer.Results, previewPart{newRecallPart(&p), p.MatchedNum, historyRows(p.Samples)})
	}
	return answer, nil
}

type recallBySenderRequest struct {
	Targets     []recallTarget `json:"Targets"`
	Scope       *recallScope   `json:"Scope"`
	PlanToken   *string        `json:"PlanToken"`
	Reason      *string        `json:"Reason"`
	Notify      *string        `json:"Notify"`
	Fence       *int64         `json:"FenceSeconds"`
	Guard       *recallGuard   `json:"Guard"`
	AllowGrowth *int           `json:"AllowGrowth" range:"0..1"`
	Key         *string        `json:"IdempotencyKey"`
}

type recallGuard struct {
	MaxNum   *int64 `json:"MaxMsgNum"`
	MaxShare *int64 `json:"MaxSharePercent"`
}

type recallBySenderResponse struct {
	OperationID string         `json:"OperationId"`
	Results     []recalledPart `json:"Results"`
}

type recalledPart struct {
	recallPart
	Recalled uint32 `json:"RecalledNum"`
}

// notifySilent is how a caller says that nobody is told.
const notifySilent = "silent"

func recallBySender(ctx context.Context, call *Call, r *recallBySenderRequest) (*recallBySenderResponse, error) {
	targets, err := recallTargets(r.Targets, true)
	if err != nil {
		return nil, err
	}
	if r.Guard == nil {
		r.Guard = &recallGuard{}
	}
	notify := value(r.Notify)
	if notify == notifySilent {
		notify = chat.NotifySilent
	}
	recalled, err := call.App.Chat.Recall(ctx, call.Operator(), chat.RecallCall{
		Targets: targets, Scope: r.Scope.scope(), PlanToken: value(r.PlanToken), Reason: value(r.Reason),
		Notify: notify, FenceSeconds: value(r.Fence), MaxNum: r.Guard.MaxNum, MaxSharePercent: r.Guard.MaxShare,
		NoGrowth: r.AllowGrowth != nil && *r.AllowGrowth == 0, IdempotencyKey: value(r.Key),
	})
	if err != nil {
		return nil, err
	}
	answer := &recallBySenderResponse{OperationID: recalled.OperationID}
	for _, p := range recalled.Parts {
		answer.Results = append(answer.Results, recalledPart{newRecallPart(&p), p.MatchedNum})
	}
	return answer, nil
}

type restoreRecallRequest struct {
	OperationID *string        `json:"OperationId"`
	Targets     []recallTarget `json:"Targets"`
	Reason      *string        `json:"Reason"`
}

type restoreRecallResponse struct {
	Results []restoredPart `json:"Results"`
}

type restoredPart struct {
	GroupID     string `json:"GroupId"`
	TopicID     string `json:"TopicId,omitzero"`
	Sender      string `json:"Sender_Account,omitzero"`
	Code        int    `json:"ErrorCode"`
	Info        string `json:"ErrorInfo"`
	Restored    uint32 `json:"RestoredNum"`
	StillHidden uint32 `json:"StillHiddenNum"`
}

func restoreRecall(ctx context.Context, call *Call, r *restoreRecallRequest) (*restoreRecallResponse, error) {
	if value(r.OperationID) == "" {
		return nil, missing("OperationId")
	}
	targets, err := recallTargets(r.Targets, false)
	if err != nil {
		return nil, err
	}
	restored, err := call.App.Chat.Restore(ctx, call.Operator(), *r.OperationID, targets, value(r.Reason))
	if err != nil {
		return nil, err
	}
	return &restoreRecallResponse{Results: restoredParts(restored)}, nil
}

func restoredParts(restored []chat.Restored) []restoredPart {
	var parts []restoredPart
	for _, p := range restored {
		parts = append(parts, restoredPart{
			GroupID: p.Target.GroupID, TopicID: p.Target.TopicID, Sender: p.Target.Sender,
			Code: int(p.Code), Info: p.Message, Restored: p.RestoredNum, StillHidden: p.StillHiddenNum,
		})
	}
	return parts
}

type getRecallFeedRequest struct {
	GroupID *string `json:"GroupId"`
	TopicID *string `json:"TopicId"`
	Since   *uint64 `json:"Since"`
	Limit   *int    `json:"Limit"`
}

type getRecallFeedResponse struct {
	Events []feedEvent `json:"Events"`
	Next   uint64      `json:"Next"`
}

type feedEvent struct {
	Number      uint64      `json:"Num"`
	Type        string      `json:"Type"`
	OperationID string      `json:"OperationId"`
	Sender      string      `json:"Sender_Account,omitzero"`
	FromSeq     uint32      `json:"FromSeq,omitzero"`
	ToSeq       uint32      `json:"ToSeq,omitzero"`
	Seqs        []seqNumber `json:"MsgSeqList,omitempty"`
	Time        int64       `json:"EventTime"`
}

// seqNumber is an element of MsgSeqList in an answer.
type seqNumber struct {
	Seq uint32 `json:"MsgSeq"`
}

func seqNumbers(seqs []uint32) []seqNumber {
	var list []seqNumber
	for _, seq := range seqs {
		list = append(list, seqNumber{seq})
	}
	return list
}

// defaultFeedLimit is how many events come where Limit is not given.
const defaultFeedLimit = 100

func getRecallFeed(ctx context.Context, call *Call, r *getRecallFeedRequest) (*getRecallFeedResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	limit := value(r.Limit)
	if limit == 0 {
		limit = defaultFeedLimit
	}
	events, next, err := call.App.Chat.Feed(ctx, *r.GroupID, value(r.TopicID), value(r.Since), limit)
	if err != nil {
		return nil, err
	}
	answer := &getRecallFeedResponse{Next: next}
	for _, e := range events {
		answer.Events = append(answer.Events, feedEvent{
			Number: e.Number, Type: e.Type, OperationID: e.Operation, Sender: e.Sender,
			FromSeq: e.FromSeq, ToSeq: e.ToSeq, Seqs: seqNumbers(e.Seqs), Time: e.Time,
		})
	}
	return answer, nil
}

type eraseRecalledRequest struct {
	OperationID *string `json:"OperationId"`
	NotBefore   *int64  `json:"NotBefore"`
}

// erasure is how far an erasure has come.
type erasure struct {
	State     string `json:"State"`
	NotBefore int64  `json:"NotBefore"`
	Total     uint32 `json:"TotalNum"`
	Done      uint32 `json:"DoneNum"`
	Held      uint32 `json:"HeldNum"`
}

func newErasure(e *chat.Erasure) *erasure {
	if e == nil {
		return nil
	}
	return &erasure{State: e.State, NotBefore: e.NotBefore, Total: e.TotalNum, Done: e.DoneNum, Held: e.HeldNum}
}

func eraseRecalled(ctx context.Context, call *Call, r *eraseRecalledRequest) (*erasure, error) {
	if value(r.OperationID) == "" {
		return nil, missing("OperationId")
	}
	e, err := call.App.Chat.Erase(ctx, call.Operator(), *r.OperationID, value(r.NotBefore))
	return newErasure(e), err
}

type setRecallHoldRequest struct {
	OperationID *string `json:"OperationId"`
	Hold        *int    `json:"Hold" range:"0..1"`
	Reason      *string `json:"Reason"`
}

func setRecallHold(ctx context.Context, call *Call, r *setRecallHoldRequest) (*noResult, error) {
	if value(r.OperationID) == "" {
		return nil, missing("OperationId")
	}
	if r.Hold == nil {
		return nil, missing("Hold")
	}
	return nil, call.App.Chat.Hold(ctx, call.Operator(), *r.OperationID, *r.Hold == 1, value(r.Reason))
}

type exportRecallEvidenceRequest struct {
	OperationID *string `json:"OperationId"`
	Next        *string `json:"Next"`
}

type exportRecallEvidenceResponse struct {
	Messages []evidence `json:"Messages"`
	Next     string     `json:"Next"`
	Total    uint32     `json:"TotalNum"`
	// ChainHash is on the last page alone, where Next is "".
	ChainHash string `json:"ChainHash,omitzero"`
}

// evidence is a message as it is stored. The stored rows are in base64, hashes
// in hexadecimal digits.
type evidence struct {
	GroupID      string         `json:"GroupId"`
	TopicID      string         `json:"TopicId,omitzero"`
	From         string         `json:"From_Account"`
	Seq          uint32         `json:"MsgSeq"`
	Time         int64          `json:"MsgTimeStamp"`
	Arrival      int64          `json:"ArrivalTime"`
	Random       uint32         `json:"MsgRandom"`
	Priority     uint32         `json:"MsgPriority"`
	Body         jsontext.Value `json:"MsgBody"`
	CustomData   string         `json:"CloudCustomData,omitzero"`
	Erased       int            `json:"Erased,omitzero"`
	StoredHeader []byte         `json:"StoredHeader"`
	StoredBody   []byte         `json:"StoredBody"`
	Hash         string         `json:"Hash"`
}

func exportRecallEvidence(ctx context.Context, call *Call, r *exportRecallEvidenceRequest) (*exportRecallEvidenceResponse, error) {
	if value(r.OperationID) == "" {
		return nil, missing("OperationId")
	}
	page, err := call.App.Chat.Evidence(ctx, call.Operator(), *r.OperationID, value(r.Next))
	if err != nil {
		return nil, err
	}
	answer := &exportRecallEvidenceResponse{Next: page.Next, Total: page.TotalNum}
	for _, m := range page.Messages {
		body := m.Body
		if m.Erased {
			body = jsontext.Value("[]")
		}
		answer.Messages = append(answer.Messages, evidence{
			GroupID: m.Target.GroupID, TopicID: m.Target.TopicID, From: m.Sender, Seq: m.Seq, Time: m.Time,
			Arrival: m.Arrival, Random: m.Random, Priority: m.Priority, Body: body, CustomData: m.CustomData,
			Erased: bit(m.Erased), StoredHeader: m.StoredHeader, StoredBody: m.StoredBody, Hash: hex.EncodeToString(m.Hash),
		})
	}
	if page.Next == "" {
		answer.ChainHash = hex.EncodeToString(page.ChainHash)
	}
	return answer, nil
}
