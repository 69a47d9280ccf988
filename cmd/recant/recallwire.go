package main

import (
	"github.com/go-json-experiment/json/jsontext"
)

// What the moderation commands take and answer (spec 08 section 2), as far as
// this program reads it.

type recallTarget struct {
	GroupID string `json:"GroupId"`
	TopicID string `json:"TopicId,omitzero"`
	Sender  string `json:"Sender_Account,omitzero"`
}

type recallScope struct {
	LastNum    int64  `json:"LastMsgNum,omitzero"`
	BeforeSeq  uint32 `json:"BeforeSeq,omitzero"`
	AfterTime  int64  `json:"AfterTime,omitzero"`
	BeforeTime int64  `json:"BeforeTime,omitzero"`
}

type previewRequest struct {
	Targets []recallTarget `json:"Targets"`
	Scope   *recallScope   `json:"Scope,omitzero"`
}

type previewAnswer struct {
	PlanToken string       `json:"PlanToken"`
	Results   []recallPart `json:"Results"`
}

type recallRequest struct {
	Targets     []recallTarget `json:"Targets,omitempty"`
	Scope       *recallScope   `json:"Scope,omitzero"`
	PlanToken   string         `json:"PlanToken,omitzero"`
	Reason      string         `json:"Reason,omitzero"`
	Notify      string         `json:"Notify"`
	Fence       int64          `json:"FenceSeconds,omitzero"`
	Guard       *recallGuard   `json:"Guard,omitzero"`
	AllowGrowth int            `json:"AllowGrowth"`
	Key         string         `json:"IdempotencyKey"`
}

type recallGuard struct {
	MaxNum   *int64 `json:"MaxMsgNum,omitzero"`
	MaxShare *int64 `json:"MaxSharePercent,omitzero"`
}

type recallAnswer struct {
	OperationID string       `json:"OperationId"`
	Results     []recallPart `json:"Results"`
}

// recallPart is the result of a preview, a recall or a restore for one target.
type recallPart struct {
	recallTarget
	Code        int      `json:"ErrorCode"`
	Info        string   `json:"ErrorInfo"`
	FromSeq     uint32   `json:"FromSeq"`
	ToSeq       uint32   `json:"ToSeq"`
	Scanned     uint32   `json:"ScannedNum"`
	Matched     uint32   `json:"MatchedNum"`
	Recalled    uint32   `json:"RecalledNum"`
	Already     uint32   `json:"AlreadyRecalledNum"`
	Oldest      int64    `json:"OldestTime"`
	Newest      int64    `json:"NewestTime"`
	MoreBeyond  int      `json:"MoreBeyond"`
	NextBefore  uint32   `json:"NextBeforeSeq"`
	Samples     []sample `json:"Samples"`
	Restored    uint32   `json:"RestoredNum"`
	StillHidden uint32   `json:"StillHiddenNum"`
}

// sample is a message that a preview shows.
type sample struct {
	From string `json:"From_Account"`
	Seq  uint32 `json:"MsgSeq"`
	Time int64  `json:"MsgTimeStamp"`
	Body []struct {
		Type    string         `json:"MsgType"`
		Content jsontext.Value `json:"MsgContent"`
	} `json:"MsgBody"`
}

type restoreRequest struct {
	OperationID string         `json:"OperationId"`
	Targets     []recallTarget `json:"Targets,omitempty"`
	Reason      string         `json:"Reason,omitzero"`
}

type restoreAnswer struct {
	Results []recallPart `json:"Results"`
}

type listRequest struct {
	GroupID  string   `json:"GroupId,omitzero"`
	TopicID  string   `json:"TopicId,omitzero"`
	Sender   string   `json:"Sender_Account,omitzero"`
	Operator string   `json:"Operator_Account,omitzero"`
	FromTime int64    `json:"FromTime,omitzero"`
	ToTime   int64    `json:"ToTime,omitzero"`
	Types    []string `json:"Types,omitempty"`
	Limit    int      `json:"Limit"`
	Next     string   `json:"Next,omitzero"`
}

type listAnswer struct {
	Operations []jsontext.Value `json:"Operations"`
	Next       string           `json:"Next"`
}

// auditEntry is an entry of the audit record, in a list or in the log of an
// operation.
type auditEntry struct {
	EntryID     string           `json:"EntryId"`
	Type        string           `json:"Type"`
	Operator    string           `json:"Operator_Account"`
	RemoteIP    string           `json:"RemoteIP"`
	Time        int64            `json:"Time"`
	Reason      string           `json:"Reason"`
	NotBefore   int64            `json:"NotBefore"`
	Targets     []recallPart     `json:"Targets"` // of restore
	TotalNum    uint32           `json:"TotalNum"`
	ChainHash   string           `json:"ChainHash"`
	OperationID string           `json:"OperationId"`
	Operation   *recallOperation `json:"Operation"`
	Results     []recallPart     `json:"Results"`
}

type operationRequest struct {
	OperationID string `json:"OperationId"`
}

type operationAnswer struct {
	Operation recallOperation `json:"Operation"`
	Erasure   *erasure        `json:"Erasure"`
	Log       []auditEntry    `json:"Log"`
}

type recallOperation struct {
	OperationID  string            `json:"OperationId"`
	Command      string            `json:"Command"`
	Operator     string            `json:"Operator_Account"`
	RemoteIP     string            `json:"RemoteIP"`
	Time         int64             `json:"Time"`
	Reason       string            `json:"Reason"`
	Notify       string            `json:"Notify"`
	FenceSeconds int64             `json:"FenceSeconds"`
	Hold         int               `json:"Hold"`
	Targets      []operationTarget `json:"Targets"`
}

type operationTarget struct {
	recallTarget
	State    string  `json:"State"`
	Code     int     `json:"ErrorCode"`
	Info     string  `json:"ErrorInfo"`
	FromSeq  uint32  `json:"FromSeq"`
	ToSeq    uint32  `json:"ToSeq"`
	Seqs     []seq   `json:"MsgSeqList"`
	Recalled *uint32 `json:"RecalledNum"` // nil where it was not counted
	Already  *uint32 `json:"AlreadyRecalledNum"`
	Fence    *fence  `json:"Fence"`
	Hold     int     `json:"Hold"`
}

type seq struct {
	Seq uint32 `json:"MsgSeq"`
}

type fence struct {
	FromSeq uint32 `json:"FromSeq"`
	Until   int64  `json:"Until"`
	Open    int    `json:"Open"`
	ToSeq   uint32 `json:"ToSeq"`
}

type eraseRequest struct {
	OperationID string `json:"OperationId"`
	NotBefore   int64  `json:"NotBefore,omitzero"`
}

// erasure is how far an erasure has come.
type erasure struct {
	State     string `json:"State"`
	NotBefore int64  `json:"NotBefore"`
	Total     uint32 `json:"TotalNum"`
	Done      uint32 `json:"DoneNum"`
	Held      uint32 `json:"HeldNum"`
}

type holdRequest struct {
	OperationID string `json:"OperationId"`
	Hold        int    `json:"Hold"`
	Reason      string `json:"Reason,omitzero"`
}

type exportRequest struct {
	OperationID string `json:"OperationId"`
	Next        string `json:"Next,omitzero"`
}
