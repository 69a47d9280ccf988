package record

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"time"

	"github.com/recant-chat/recant/store"
)

// SeqRecallKey is the recall of one number in a conversation partition.
func SeqRecallKey(seq uint32) []byte { return seqKey('r', seq) }

// OperationID is the id of a recall operation or of another audit entry: the 16
// bytes of a UUIDv7, which sort by time.
type OperationID [16]byte

// TargetID names one target of an operation.
type TargetID struct {
	Operation OperationID
	Index     uint16
}

func (t TargetID) appendTo(b []byte) []byte {
	return binary.BigEndian.AppendUint16(append(b, t.Operation[:]...), t.Index)
}

// targetIDBytes is the length of a TargetID in a key.
const targetIDBytes = 18

// TargetKey is a recall target in a conversation partition.
func TargetKey(t TargetID) []byte { return t.appendTo([]byte{'t'}) }

// HeldKey lists a target that is held; the value is the target's.
func HeldKey(t TargetID) []byte { return t.appendTo([]byte{'k'}) }

// HeldPrefix is the prefix of all held targets.
var HeldPrefix = []byte{'k'}

// TargetOf reads the target at the end of a key of TargetKey, HeldKey,
// ActiveKey, BlockKey or FenceKey.
func TargetOf(key []byte) TargetID {
	tail := key[len(key)-targetIDBytes:]
	return TargetID{Operation: OperationID(tail[:16]), Index: binary.BigEndian.Uint16(tail[16:])}
}

// senderKey is a key by sender and number; accounts hold no zero byte, so the
// keys of a sender are contiguous.
func senderKey(kind, class byte, sender string, from uint32) []byte {
	b := make([]byte, 0, 2+len(sender)+1+4+targetIDBytes) // a target may follow
	b = append(append(append(b, kind, class), sender...), 0)
	return binary.BigEndian.AppendUint32(b, from)
}

// CoverKey is one interval of the cover of a sender in a length class.
func CoverKey(class byte, sender string, from uint32) []byte {
	return senderKey('v', class, sender, from)
}

// ActiveKey lists an interval of an active target under its sender and length
// class. The key with a zero target is before all that begin at that number.
func ActiveKey(class byte, sender string, from uint32, t TargetID) []byte {
	return t.appendTo(senderKey('a', class, sender, from))
}

// ActiveFrom reads the first number of a key of ActiveKey.
func ActiveFrom(key []byte) uint32 { return Seq(key[:len(key)-targetIDBytes]) }

// BlockKey lists an active target under a block of 2^level numbers, the index-th,
// that it covers, of one sender or with "" of anybody. The key with a zero target
// and the one with LastTarget enclose all of a block.
func BlockKey(level byte, sender string, index uint32, t TargetID) []byte {
	return t.appendTo(senderKey('b', level, sender, index))
}

// LastTarget is behind all targets.
var LastTarget = TargetID{Operation: OperationID(bytes.Repeat([]byte{0xff}, 16)), Index: 0xffff}

// FenceKey is an open fence of a target.
func FenceKey(sender string, t TargetID) []byte {
	return t.appendTo(append(append([]byte{'n'}, sender...), 0))
}

// FencePrefix is the prefix of the open fences on a sender.
func FencePrefix(sender string) []byte { return append(append([]byte{'n'}, sender...), 0) }

// FeedPrefix is the prefix of all events of a conversation's feed.
var FeedPrefix = []byte{'f'}

// FeedKey is one event of a conversation's feed.
func FeedKey(number uint64) []byte { return key('f', number) }

// AuditDay is the day, counted from 1970, in whose partition the audit entry of an id
// is kept.
func (id OperationID) AuditDay() uint32 { return uint32(id.Time().Unix() / (24 * 60 * 60)) }

// AuditMonth is the month, counted from January of year 0, of such a day.
func AuditMonth(day uint32) uint32 {
	t := time.Unix(int64(day)*24*60*60, 0).UTC()
	return uint32(t.Year()*12 + int(t.Month()) - 1)
}

// Time is when the id was made, to the millisecond.
func (id OperationID) Time() time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(append([]byte{0, 0}, id[:6]...))))
}

// AuditPartition holds the audit entries of one day.
func AuditPartition(app, day uint32) store.Partition {
	return store.Blind(name('R', app, string(binary.BigEndian.AppendUint32(nil, day))))
}

// AuditDaysPartition lists the days that have audit entries.
func AuditDaysPartition(app uint32) store.Partition { return store.Blind(name('M', app)) }

// AuditDayKey is one of those days.
func AuditDayKey(day uint32) []byte { return binary.BigEndian.AppendUint32(nil, day) }

// AuditIndexPartition is the one that lists the entries of one month under a term of
// several.
func AuditIndexPartition(app, month uint32, term string) store.Partition {
	shard := byte(crc32.ChecksumIEEE([]byte(term)) % lists)
	return store.Blind(name('Q', app, string(binary.BigEndian.AppendUint32(nil, month)), string([]byte{shard})))
}

// AuditEntryKey is an entry, in the partition of its day. Recalls are kept
// apart from other entries.
func AuditEntryKey(recall bool, id OperationID) []byte {
	return append(AuditEntryPrefix(recall), id[:]...)
}

// AuditEntryPrefix is the prefix of all entries.
func AuditEntryPrefix(recall bool) []byte {
	if recall {
		return []byte("er")
	}
	return []byte("eo")
}

// AuditResultKey is what came of an entry, beside it.
func AuditResultKey(id OperationID) []byte { return append([]byte{'r'}, id[:]...) }

// AuditLogKey lists an entry under the operation that it is about, in the
// partition of the operation's day.
func AuditLogKey(operation, id OperationID) []byte {
	return append(AuditLogPrefix(operation), id[:]...)
}

// AuditLogPrefix is the prefix of all entries about an operation.
func AuditLogPrefix(operation OperationID) []byte { return append([]byte{'l'}, operation[:]...) }

// AuditIndexKey lists an entry under a term, a kind of name and the name. Names
// hold no zero byte, so the keys of a term are contiguous.
func AuditIndexKey(recall bool, kind byte, term string, id OperationID) []byte {
	return append(AuditIndexPrefix(recall, kind, term), id[:]...)
}

// AuditIndexPrefix is the prefix of all entries under a term.
func AuditIndexPrefix(recall bool, kind byte, term string) []byte {
	b := []byte{'i', 'o', kind}
	if recall {
		b[1] = 'r'
	}
	return append(append(b, term...), 0)
}

// AuditID reads the id at the end of a key of an audit partition.
func AuditID(key []byte) OperationID { return OperationID(key[len(key)-16:]) }

// BarrierPartition is one of several that hold nothing; a commit there makes
// durable what was Put before.
func BarrierPartition(app uint32, shard byte) store.Partition {
	return store.Versioned(name('B', app, string([]byte{shard})))
}

// RecallWorkPartition is the one that has a key of RecallWorkKey of several that list
// work about recalls that is under way.
func RecallWorkPartition(app uint32, key []byte) store.Partition { return listPartition('W', app, key) }

// RecallWorkPartitions are all of them.
func RecallWorkPartitions(app uint32) []store.Partition { return listPartitions('W', app) }

// RecallWorkKey is work of one kind on a recall: of a RECALL or ERASE by the
// operation, of others by the audit entry.
func RecallWorkKey(kind AuditEntry_Kind, id OperationID) []byte {
	return append([]byte{byte(kind)}, id[:]...)
}

// ErasurePartition holds how far the erasure of one operation has come.
func ErasurePartition(app uint32, operation OperationID) store.Partition {
	return store.Versioned(name('Q', app, string(operation[:])))
}

// ErasureKey is its one row.
var ErasureKey = []byte("e")

// SecretPartition holds the application's secret, with which it seals tokens.
func SecretPartition(app uint32) store.Partition { return store.Versioned(name('S', app)) }

// SecretKey is its one row, 32 random bytes.
var SecretKey = []byte("secret")

// IdempotencyPartition holds the claims of the IdempotencyKeys of one shard.
func IdempotencyPartition(app uint32, shard byte) store.Partition {
	return store.Versioned(name('I', app, string([]byte{shard})))
}

// ClaimKey is the claim of an IdempotencyKey.
func ClaimKey(key string) []byte { return append([]byte{'k'}, key...) }

// ClaimsKey is the head row of a partition of claims.
var ClaimsKey = []byte{'h'}

// ClaimAgeKey lists a claim by its time, in Unix seconds.
func ClaimAgeKey(time int64, key string) []byte {
	return append(binary.BigEndian.AppendUint64([]byte{'t'}, uint64(time)), key...)
}

// ClaimAgePrefix is the prefix of all rows of that list.
var ClaimAgePrefix = []byte{'t'}

// ClaimOfAge reads a key of ClaimAgeKey.
func ClaimOfAge(key []byte) (time int64, idempotencyKey string) {
	return int64(binary.BigEndian.Uint64(key[1:])), string(key[9:])
}

// MaxIDSeconds is the last time that an id has room for, in Unix seconds: its
// milliseconds have 48 bits.
const MaxIDSeconds = (1<<48 - 1) / 1000

// FirstID is before all ids that are made at a time, in Unix seconds up to
// MaxIDSeconds, or later.
func FirstID(seconds int64) OperationID {
	var id OperationID
	binary.BigEndian.PutUint64(id[:], uint64(seconds*1000)<<16)
	return id
}

// Compare orders ids by time.
func (id OperationID) Compare(other OperationID) int { return bytes.Compare(id[:], other[:]) }

// DayOf reads the day of a key of AuditDayKey.
func DayOf(key []byte) uint32 { return binary.BigEndian.Uint32(key) }
