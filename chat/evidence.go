package chat

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
	"google.golang.org/protobuf/proto"
)

// Evidence is what an operation recalled, as it is stored, in pages. Each
// message's hash is over its stored bytes and the hash before it, so that the
// last one stands for all of them in their order. A page's Next carries how far
// it came, so that a reader can go on after a restart of either side.

const (
	// maxEvidenceBytes ends a page, so that its answer stays below 1 MB.
	maxEvidenceBytes = 900_000
	// evidenceFrameBytes is what a message takes beside its texts.
	evidenceFrameBytes = 600
)

// EvidencePage is one page of the messages that an operation recalled.
type EvidencePage struct {
	Messages  []EvidenceMessage
	Next      string // for the next page, "" on the last
	ChainHash []byte // of the last message so far; 32 zero bytes before the first
	TotalNum  uint32 // messages so far
}

// EvidenceMessage is one message as it is stored. The hash is SHA-256 over the
// hash before it (32 zero bytes for the first), the stored header and the stored
// body.
type EvidenceMessage struct {
	Target       RecallTarget
	Sender       string
	Seq          uint32
	Time         int64 // MsgTime, Unix seconds
	Arrival      int64 // when the server took it, Unix seconds
	Random       uint32
	Priority     uint32
	Body         jsontext.Value // byte for byte as it was sent or last modified; nil where it is erased
	CustomData   string
	Erased       bool
	StoredHeader []byte
	StoredBody   []byte // empty where it is erased
	Hash         []byte
}

// evidenceHash continues the chain of hashes.
func evidenceHash(previous, header, body []byte) []byte {
	h := sha256.New()
	h.Write(previous)
	h.Write(header)
	h.Write(body)
	return h.Sum(nil)
}

// Evidence returns a page of the original messages of an operation; next is ""
// for the first and then what the page before gave. The first page of an export
// is an entry of the audit record, to which the last adds the final hash.
//
// Errors: CodeInvalid (next), CodeOperationNotFound.
func (a *App) Evidence(ctx context.Context, op Operator, operationID, next string) (*EvidencePage, error) {
	o, err := a.operation(ctx, operationID)
	if err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx) // what the audit record says was done is answered
	place, err := a.evidencePlace(ctx, op, o, next)
	if err != nil {
		return nil, err
	}
	page := &EvidencePage{}
	size := 0
	for ; int(place.Target) < len(o.entry.Parts); place.Target, place.After = place.Target+1, 0 {
		full, err := a.evidenceOf(ctx, o, place, page, &size)
		if err != nil {
			return nil, err
		}
		if full {
			if page.Next, err = a.seal(ctx, sealExport, encode(place)); err != nil {
				return nil, err
			}
			break
		}
	}
	page.ChainHash, page.TotalNum = place.ChainHash, place.Messages
	if page.Next != "" {
		return page, nil
	}
	entry := record.OperationID(place.Entry)
	if err := a.auditResult(ctx, entry, &record.AuditResult{Total: place.Messages, ChainHash: place.ChainHash}); err != nil {
		return nil, err
	}
	return page, a.barrier(ctx)
}

// evidencePlace is where an export goes on; one that begins is audited.
func (a *App) evidencePlace(ctx context.Context, op Operator, o *operation, next string) (*record.ExportPlace, error) {
	if next == "" {
		id := a.newOperationID()
		entry := &record.AuditEntry{Kind: record.AuditEntry_EXPORT, Operation: o.id[:], Parts: o.subjects()}
		if err := a.audit(ctx, id, op, entry); err != nil {
			return nil, err
		}
		return &record.ExportPlace{
			App: a.id, Operation: o.id[:], Entry: id[:], ChainHash: make([]byte, sha256.Size),
		}, a.barrier(ctx)
	}
	content, err := a.open(ctx, sealExport, next)
	if errors.Is(err, errBadToken) {
		return nil, Refuse(CodeInvalid, "Next was not given by export_recall_evidence")
	}
	if err != nil {
		return nil, err
	}
	place := &record.ExportPlace{}
	if err := proto.Unmarshal(content, place); err != nil || place.App != a.id || record.OperationID(place.Operation) != o.id {
		return nil, Refuse(CodeInvalid, "Next is of another operation")
	}
	return place, nil
}

// errPageFull ends a walk over messages.
var errPageFull = errors.New("chat: page is full")

// evidenceOf adds the messages of the target at place to a page, and reports
// whether the page is full before all of them are in it.
func (a *App) evidenceOf(ctx context.Context, o *operation, place *record.ExportPlace, page *EvidencePage, size *int) (full bool, err error) {
	p := o.entry.Parts[place.Target]
	if p.ErrorCode != 0 || p.Incarnation == 0 {
		return false, nil
	}
	s, err := a.livingStream(ctx, p)
	var t *record.RecallTarget
	if err == nil {
		t, err = s.readTarget(ctx, record.TargetID{Operation: o.id, Index: uint16(place.Target)})
	}
	if errors.Is(err, errSealed) || err == nil && (t == nil || t.State == record.RecallTarget_VOID) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	// What was edited before it was recalled stays as it is from here on.
	if err := s.finishEdits(ctx); err != nil {
		return false, err
	}
	err = s.eachCovered(ctx, t, place.After, func(m numberedHeader) error {
		message, err := s.evidence(ctx, m)
		if err != nil || message == nil { // expired since its header was met
			return err
		}
		// What a message takes of the answer: its texts, and its bytes in base64.
		bytes := evidenceFrameBytes + len(message.Body) + 6*len(message.CustomData) +
			2*(len(message.StoredHeader)+len(message.StoredBody))
		if len(page.Messages) > 0 && *size+bytes > maxEvidenceBytes {
			return errPageFull
		}
		*size += bytes
		place.ChainHash = evidenceHash(place.ChainHash, message.StoredHeader, message.StoredBody)
		place.After, place.Messages = m.seq, place.Messages+1
		message.Target, message.Hash = RecallTarget{p.GroupId, p.TopicId, p.Sender}, place.ChainHash
		page.Messages = append(page.Messages, *message)
		return nil
	})
	if errors.Is(err, errPageFull) {
		return true, nil
	}
	return false, err
}

// evidence reads a message as it is stored, nil where it is gone.
func (s *stream) evidence(ctx context.Context, m numberedHeader) (*EvidenceMessage, error) {
	rows, _, err := s.app.store.Read(ctx, record.LogPartition(s.id, record.Bucket(m.seq)),
		store.Key(record.HeaderKey(m.seq)), store.Key(record.BodyKey(m.seq)))
	if err != nil {
		return nil, fmt.Errorf("read evidence: %w", err)
	}
	if len(rows[0]) == 0 {
		return nil, nil
	}
	h := m.header
	message := &EvidenceMessage{
		Sender: h.Sender, Seq: m.seq, Time: h.Time, Arrival: receivedAt(h), Random: h.Random, Priority: h.Priority,
		Erased: len(rows[1]) == 0, StoredHeader: rows[0][0].Value,
	}
	if len(rows[1]) > 0 {
		body := &record.Body{}
		if err := decode(rows[1][0], body); err != nil {
			return nil, err
		}
		message.Body, message.CustomData, message.StoredBody = body.MsgBody, body.CloudCustomData, rows[1][0].Value
	}
	return message, nil
}
