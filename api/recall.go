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
			repeatable(), summary("Says what a recall of senders' messages would recall, and changes nothing."), common),
		command(recallService, "recall_by_sender", recallBySender,
			repeatableBy("IdempotencyKey"), summary("Recalls what senders posted, as far back as asked for, within limits that are judged first."), common,
			codes(chat.CodeBadPlan, chat.CodeGuardExceeded, chat.CodePlanGrown, chat.CodeIdempotencyConflict)),
		command(recallService, "restore_recall", restoreRecall,
			summary("Undoes a recall, or some of its targets."), common,
			codes(chat.CodeOperationNotFound, chat.CodeErased)),
		command(recallService, "get_recall_operation", getRecallOperation,
			repeatable(), summary("Returns a recall operation with the states of its targets and the log of what was done about it."), common,
			codes(chat.CodeOperationNotFound)),
		command(recallService, "list_recall_operations", listRecallOperations,
			repeatable(), summary("Lists the audit record of recalls, newest first."), common),
		command(recallService, "get_recall_feed", getRecallFeed,
			repeatable(), summary("Returns what was recalled, restored and erased in a group or topic, in order."), common,
			codes(chat.CodeGroupNotFound, chat.CodeBadGroupID, chat.CodeCommunityOff)),
		command(recallService, "erase_recalled", eraseRecalled,
			repeatable(), summary("Erases the messages of an operation for good, in the background."), common,
			codes(chat.CodeOperationNotFound, chat.CodeErased, chat.CodeHeld)),
		command(recallService, "set_recall_hold", setRecallHold,
			repeatable(), summary("Keeps what an operation recalled from erasure and retention, or no longer."), common,
			codes(chat.CodeOperationNotFound, chat.CodeErased)),
		command(recallService, "export_recall_evidence", exportRecallEvidence,
			repeatable(), summary("Returns the original messages of an operation in pages, with a chain of hashes."), common,
			codes(chat.CodeOperationNotFound)),
	}
}

// recallTarget is an element of Targets.
type recallTarget struct {
	GroupID *string `json:"GroupId" desc:"id of the group" required:"true"`
	TopicID *string `json:"TopicId" desc:"id of the topic, in a community that has topics; absent: the group itself"`
	Sender  *string `json:"Sender_Account" desc:"account whose messages are recalled; need not be a member, nor exist any more" required:"true"`
}

// restoreTarget is a recallTarget of an operation, which may have been a recall
// by number.
type restoreTarget struct {
	GroupID *string `json:"GroupId" desc:"id of the group" required:"true"`
	TopicID *string `json:"TopicId" desc:"id of the topic, as in the operation"`
	Sender  *string `json:"Sender_Account" desc:"account, as in the operation; absent for a recall by number"`
}

// recallTargets reads Targets; sender says that every one must name a sender.
func recallTargets[T recallTarget | restoreTarget](list []T, sender bool) ([]chat.RecallTarget, error) {
	if list == nil {
		return nil, nil
	}
	targets := make([]chat.RecallTarget, len(list))
	for i, item := range list {
		t := recallTarget(item)
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
	LastNum    *int64  `json:"LastMsgNum" desc:"numbers to cover, from the newest one or from BeforeSeq downwards, 1 to 100000; 0 is 1000" default:"1000"`
	BeforeSeq  *uint32 `json:"BeforeSeq" desc:"only numbers below this one; 0: no bound" default:"0"`
	AfterTime  *int64  `json:"AfterTime" desc:"only messages sent at this time or later, Unix seconds; 0: no bound" default:"0"`
	BeforeTime *int64  `json:"BeforeTime" desc:"only messages sent before this time, Unix seconds; 0: no bound" default:"0"`
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
	GroupID    string `json:"GroupId" desc:"id of the group"`
	TopicID    string `json:"TopicId,omitzero" desc:"id of the topic; absent where it is the group itself"`
	Sender     string `json:"Sender_Account" desc:"account whose messages are recalled"`
	Code       int    `json:"ErrorCode" desc:"why the target was not served; 0 where it was"`
	Info       string `json:"ErrorInfo" desc:"why ErrorCode is not 0, else empty"`
	FromSeq    uint32 `json:"FromSeq" desc:"lowest number that is covered; 0: none is"`
	ToSeq      uint32 `json:"ToSeq" desc:"highest number that is covered; 0: none is"`
	Scanned    uint32 `json:"ScannedNum" desc:"numbers that are covered, also those of other senders and of tips"`
	Already    uint32 `json:"AlreadyRecalledNum" desc:"messages of the sender that were recalled before"`
	Oldest     int64  `json:"OldestTime" desc:"when the oldest matched message was sent, Unix seconds; 0: none matched"`
	Newest     int64  `json:"NewestTime" desc:"when the newest matched message was sent, Unix seconds; 0: none matched"`
	MoreBeyond int    `json:"MoreBeyond" desc:"1: the sender has messages below FromSeq that are not recalled; 0: has none; -1: none among 4000 numbers, and there are more"`
	NextBefore uint32 `json:"NextBeforeSeq" desc:"Scope.BeforeSeq to go deeper with; 0: nothing deeper can match"`
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
	Targets []recallTarget `json:"Targets" desc:"1 to 100 targets, none twice, that cover at most 1000000 numbers together" required:"true"`
	Scope   *recallScope   `json:"Scope" desc:"how far back; absent: the newest 1000 numbers"`
}

type previewRecallResponse struct {
	PlanToken string        `json:"PlanToken" desc:"binds recall_by_sender to this preview; valid for 10 minutes"`
	Results   []previewPart `json:"Results" desc:"one result per target, in order"`
}

type previewPart struct {
	recallPart
	Matched uint32       `json:"MatchedNum" desc:"messages that would be recalled"`
	Samples []historyRow `json:"Samples" desc:"at most 5 of the messages that would be recalled, the newest first"`
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
	Targets     []recallTarget `json:"Targets" desc:"1 to 100 targets, none twice, that cover at most 1000000 numbers together; needed without PlanToken"`
	Scope       *recallScope   `json:"Scope" desc:"how far back; absent: the newest 1000 numbers; not with PlanToken"`
	PlanToken   *string        `json:"PlanToken" desc:"of preview_recall: stands for its Targets and Scope, and covers what came since where Scope has no upper bound"`
	Reason      *string        `json:"Reason" desc:"at most 500 bytes, kept in the audit record and never shown to members"`
	Notify      *string        `json:"Notify" desc:"silent: nobody is told; summary: the webhook is called once per target; each: as group_msg_recall tells of every message" values:"silent,summary,each" default:"silent"`
	Fence       *int64         `json:"FenceSeconds" desc:"0 to 3600: for so long, what the senders still send is stored and born recalled" default:"0"`
	Guard       *recallGuard   `json:"Guard" desc:"refuses the call where it would recall more"`
	AllowGrowth *int           `json:"AllowGrowth" range:"0..1" desc:"0: refuses a PlanToken of which a target has come to match more" default:"1"`
	Key         *string        `json:"IdempotencyKey" desc:"at most 64 bytes: for 24 hours the same key answers the same result and recalls nothing more; absent or empty: none"`
}

type recallGuard struct {
	MaxNum   *int64 `json:"MaxMsgNum" desc:"messages that all targets may match, 0 or more; absent: any number"`
	MaxShare *int64 `json:"MaxSharePercent" desc:"share of the scanned numbers that may match, 0 to 100; absent: any share"`
}

type recallBySenderResponse struct {
	OperationID string         `json:"OperationId" desc:"id of the operation"`
	Results     []recalledPart `json:"Results" desc:"one result per target, in order"`
}

type recalledPart struct {
	recallPart
	Recalled uint32 `json:"RecalledNum" desc:"messages that were newly recalled"`
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
	OperationID *string         `json:"OperationId" desc:"id of the operation" required:"true"`
	Targets     []restoreTarget `json:"Targets" desc:"1 to 100 of the operation's targets; absent: all"`
	Reason      *string         `json:"Reason" desc:"at most 500 bytes, kept in the audit record and never shown to members"`
}

type restoreRecallResponse struct {
	Results []restoredPart `json:"Results" desc:"one result per target, in order"`
}

type restoredPart struct {
	GroupID     string `json:"GroupId" desc:"id of the group"`
	TopicID     string `json:"TopicId,omitzero" desc:"id of the topic; absent where it is the group itself"`
	Sender      string `json:"Sender_Account,omitzero" desc:"account whose messages were recalled; absent for a recall by number"`
	Code        int    `json:"ErrorCode" desc:"why the target was not served; 0 where it was"`
	Info        string `json:"ErrorInfo" desc:"why ErrorCode is not 0, else empty"`
	Restored    uint32 `json:"RestoredNum" desc:"messages that are back"`
	StillHidden uint32 `json:"StillHiddenNum" desc:"messages that another operation still hides"`
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
	GroupID *string `json:"GroupId" desc:"id of the group" required:"true"`
	TopicID *string `json:"TopicId" desc:"id of the topic, in a community that has topics; absent: the group itself"`
	Since   *uint64 `json:"Since" desc:"Num of the last event that is known; 0: from the start" default:"0"`
	Limit   *int    `json:"Limit" desc:"events wanted, 1 to 500; 0 is 100" default:"100"`
}

type getRecallFeedResponse struct {
	Events []feedEvent `json:"Events" desc:"events, the oldest first"`
	Next   uint64      `json:"Next" desc:"Since of the next call"`
}

type feedEvent struct {
	Number      uint64      `json:"Num" desc:"number of the event, counted from 1 in the group or topic"`
	Type        string      `json:"Type" desc:"what became of the messages" values:"recalled,restored,erased"`
	OperationID string      `json:"OperationId" desc:"id of the operation"`
	Sender      string      `json:"Sender_Account,omitzero" desc:"account whose messages are meant; absent for a recall by number"`
	FromSeq     uint32      `json:"FromSeq,omitzero" desc:"lowest number that is meant; absent for a recall by number"`
	ToSeq       uint32      `json:"ToSeq,omitzero" desc:"highest number that is meant; absent for a recall by number"`
	Seqs        []seqNumber `json:"MsgSeqList,omitempty" desc:"messages that are meant, of a recall by number; else absent"`
	Time        int64       `json:"EventTime" desc:"when it happened, Unix seconds"`
}

// seqNumber is an element of MsgSeqList in an answer.
type seqNumber struct {
	Seq uint32 `json:"MsgSeq" desc:"number of the message"`
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
	events, next, err := call.App.Chat.Feed(ctx, *r.GroupID, value(r.TopicID), value(r.Since), limitOr(r.Limit, defaultFeedLimit))
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
	OperationID *string `json:"OperationId" desc:"id of the operation" required:"true"`
	NotBefore   *int64  `json:"NotBefore" desc:"Unix seconds before which nothing is erased, at most 4294967295; 0: now" default:"0"`
}

// erasure is how far an erasure has come.
type erasure struct {
	State     string `json:"State" desc:"waiting: for its time, or for a hold or a fence to end" values:"waiting,running,done"`
	NotBefore int64  `json:"NotBefore" desc:"Unix seconds before which nothing is erased"`
	Total     uint32 `json:"TotalNum" desc:"messages to erase; 0 until it runs"`
	Done      uint32 `json:"DoneNum" desc:"messages that were erased"`
	Held      uint32 `json:"HeldNum" desc:"messages that were spared because they are on hold"`
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
	OperationID *string `json:"OperationId" desc:"id of the operation" required:"true"`
	Hold        *int    `json:"Hold" range:"0..1" desc:"1: puts on hold; 0: lifts the hold" required:"true"`
	Reason      *string `json:"Reason" desc:"at most 500 bytes, kept in the audit record and never shown to members"`
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
	OperationID *string `json:"OperationId" desc:"id of the operation" required:"true"`
	Next        *string `json:"Next" desc:"empty for the first page, then Next of the page before"`
}

type exportRecallEvidenceResponse struct {
	Messages  []evidence `json:"Messages" desc:"messages, by target and number"`
	Next      string     `json:"Next" desc:"Next of the following call; empty on the last page"`
	Total     uint32     `json:"TotalNum" desc:"messages in this page and all before it"`
	ChainHash string     `json:"ChainHash,omitzero" desc:"hash of the last message in hexadecimal digits; on the last page alone"`
}

// evidence is a message as it is stored.
type evidence struct {
	GroupID      string         `json:"GroupId" desc:"id of the group"`
	TopicID      string         `json:"TopicId,omitzero" desc:"id of the topic; absent where it is the group itself"`
	From         string         `json:"From_Account" desc:"sender"`
	Seq          uint32         `json:"MsgSeq" desc:"number of the message"`
	Time         int64          `json:"MsgTimeStamp" desc:"when the message was sent, Unix seconds"`
	Arrival      int64          `json:"ArrivalTime" desc:"when the server took it, Unix seconds: later, for an imported message"`
	Random       uint32         `json:"MsgRandom" desc:"Random of the message"`
	Priority     uint32         `json:"MsgPriority" desc:"1 High, 2 Normal, 3 Low, 4 Lowest"`
	Body         jsontext.Value `json:"MsgBody" desc:"elements {MsgType, MsgContent} byte for byte as they were sent or last modified; [] where they were erased"`
	CustomData   string         `json:"CloudCustomData,omitzero" desc:"custom data of the message; absent where it has none"`
	Erased       int            `json:"Erased,omitzero" desc:"1 where the body was erased, else absent"`
	StoredHeader []byte         `json:"StoredHeader" desc:"the stored header, in base64"`
	StoredBody   []byte         `json:"StoredBody" desc:"the stored body, in base64; empty where it was erased"`
	Hash         string         `json:"Hash" desc:"SHA-256 over the hash before (32 zero bytes at first), the stored header and the stored body, in hexadecimal digits"`
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
