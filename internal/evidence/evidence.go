// Package evidence is the archive of what a recall operation recalled: a zip
// that can be checked without any server.
//
//	messages.jsonl  the original messages, one JSON object a line, as the server gave them
//	README.txt      how to check the archive by hand
//	manifest.json   where it comes from, the operation, and every file's size and hash
//	SHA256SUMS      the hashes of the three, as sha256sum reads them
//
// Every message carries its stored header and body, byte for byte, and a hash
// over the hash before it and those two. So the last hash, which the server's
// audit record has as well, stands for all messages in their order.
package evidence

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Names of the files in an archive.
const (
	MessagesFile = "messages.jsonl"
	ReadmeFile   = "README.txt"
	ManifestFile = "manifest.json"
	SumsFile     = "SHA256SUMS"
)

// What the manifest says an archive is.
const (
	format  = "recant-recall-evidence"
	version = 1
)

// readme says how to check an archive by hand.
//
//go:embed README.txt
var readme []byte

// Hash is SHA-256.
type Hash [sha256.Size]byte

// String is the hash in hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Chain continues the chain of hashes by a message. The first message follows
// 32 zero bytes.
func Chain(previous Hash, storedHeader, storedBody []byte) Hash {
	sum := sha256.New()
	sum.Write(previous[:])
	sum.Write(storedHeader)
	sum.Write(storedBody)
	return Hash(sum.Sum(nil))
}

// Manifest says what an archive holds and where it comes from. Its names are
// those of the server's answers.
type Manifest struct {
	Format      string         `json:"Format"`
	Version     int            `json:"Version"`
	Program     string         `json:"Program"` // that wrote the archive
	Server      string         `json:"Server"`  // base URL
	SDKAppID    uint32         `json:"SDKAppID"`
	ExportedBy  string         `json:"ExportedBy"`
	ExportTime  int64          `json:"ExportTime"` // Unix seconds
	OperationID string         `json:"OperationId"`
	MessageNum  uint32         `json:"MessageNum"`
	ChainHash   string         `json:"ChainHash"` // of the last message
	Operation   jsontext.Value `json:"Operation"` // the three as get_recall_operation gave them
	Erasure     jsontext.Value `json:"Erasure,omitzero"`
	Log         jsontext.Value `json:"Log"`
	Files       []File         `json:"Files"` // all but the manifest itself and SHA256SUMS
}

// File is one file of an archive.
type File struct {
	Name   string `json:"Name"`
	Size   int64  `json:"Size"`
	SHA256 string `json:"SHA256"`
}

// lenient decodes what a server answers: a message's body may have a name
// twice.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true))

// ParseManifest reads a manifest.
func ParseManifest(text []byte) (*Manifest, error) {
	m := &Manifest{}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, err
	}
	switch {
	case m.Format != format:
		return nil, fmt.Errorf("the Format is %q, not %q", m.Format, format)
	case m.Version != version:
		return nil, fmt.Errorf("the Version is %d, this program knows %d", m.Version, version)
	case m.OperationID == "":
		return nil, fmt.Errorf("OperationId is missing")
	}
	return m, nil
}

// encode writes a manifest for people to read.
func (m *Manifest) encode() ([]byte, error) {
	text, err := json.Marshal(m, lenient, jsontext.WithIndent("  "), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, fmt.Errorf("encode manifest: %w", err)
	}
	return append(text, '\n'), nil
}

// sums is the content of SHA256SUMS.
func sums(files []File) []byte {
	var text []byte
	for _, f := range files {
		text = fmt.Appendf(text, "%s  %s\n", f.SHA256, f.Name)
	}
	return text
}

// operation is what the checks read of the manifest's Operation and Log.
type operation struct {
	OperationID string   `json:"OperationId"`
	Targets     []target `json:"Targets"`
}

type target struct {
	GroupID string   `json:"GroupId"`
	TopicID string   `json:"TopicId"`
	Sender  string   `json:"Sender_Account"` // "" of a recall by number
	FromSeq uint32   `json:"FromSeq"`
	ToSeq   uint32   `json:"ToSeq"`
	Seqs    []number `json:"MsgSeqList"`
	Fence   *struct {
		FromSeq uint32 `json:"FromSeq"`
	} `json:"Fence"`
}

// number is an element of MsgSeqList.
type number struct {
	Seq uint32 `json:"MsgSeq"`
}

// has reports whether a message may be one of the target's.
func (t *target) has(m *Message) bool {
	if m.GroupID != t.GroupID || m.TopicID != t.TopicID {
		return false
	}
	if t.Sender == "" {
		return slices.Contains(t.Seqs, number{m.Seq})
	}
	return m.From == t.Sender &&
		(t.FromSeq <= m.Seq && m.Seq <= t.ToSeq || t.Fence != nil && m.Seq >= t.Fence.FromSeq)
}

// event is an entry of Log.
type event struct {
	Type      string `json:"Type"`
	TotalNum  uint32 `json:"TotalNum"`
	ChainHash string `json:"ChainHash"`
}
