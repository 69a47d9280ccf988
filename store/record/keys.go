// Package record holds what Recant's rows look like: the names of the
// partitions, the keys inside them, and the protobuf messages that are their
// values. Engines know nothing of it.
package record

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/bits"

	"github.com/recant-chat/recant/store"
)

// BucketSize is the number of messages in one log bucket.
const BucketSize = 4096

// Bucket is the bucket that holds a MsgSeq (1 or more).
func Bucket(seq uint32) uint32 { return (seq - 1) / BucketSize }

func name(kind byte, app uint32, parts ...string) string {
	b := binary.BigEndian.AppendUint32([]byte{kind}, app)
	for _, p := range parts {
		b = append(b, byte(len(p)))
		b = append(b, p...)
	}
	return string(b)
}

func number(n uint64) string { return string(binary.BigEndian.AppendUint64(nil, n)) }

// ConversationID names one conversation: a group's own stream (Topic 0) or one
// topic, of one incarnation of the group.
type ConversationID struct {
	App         uint32
	Group       string
	Incarnation uint64
	Topic       uint64 // the topic's incarnation, 0 for the group's own stream
}

// UserPartition holds the account of one user and its kick.
func UserPartition(app uint32, user string) store.Partition {
	return store.Versioned(name('U', app, user))
}

// AccountsPartition is the index of all accounts of an application; the truth
// is in each user's partition.
func AccountsPartition(app uint32) store.Partition { return store.Blind(name('A', app)) }

// UserGroupsPartition is the index of one user's memberships; the truth is in
// each group's partition.
func UserGroupsPartition(app uint32, user string) store.Partition {
	return store.Blind(name('J', app, user))
}

// DirectoryPartition is the index of the groups of one type; the truth is in
// each group's partition.
func DirectoryPartition(app uint32, groupType string) store.Partition {
	return store.Blind(name('D', app, groupType))
}

// CleanupPartition is the one that has a key of CleanupKey, or another like it, of
// several that list dead incarnations whose rows may still be there.
func CleanupPartition(app uint32, key []byte) store.Partition {
	if account, ok := CleanupAccount(key); ok {
		return listPartition('X', app, []byte(account))
	}
	return listPartition('X', app, key[:bytes.IndexByte(key, 0)])
}

// CleanupPartitions are all of them.
func CleanupPartitions(app uint32) []store.Partition { return listPartitions('X', app) }

// lists is over how many partitions a list of work is spread.
const lists = 64

func listPartition(kind byte, app uint32, of []byte) store.Partition {
	return store.Blind(name(kind, app, string([]byte{byte(crc32.ChecksumIEEE(of) % lists)})))
}

func listPartitions(kind byte, app uint32) []store.Partition {
	all := make([]store.Partition, lists)
	for i := range all {
		all[i] = store.Blind(name(kind, app, string([]byte{byte(i)})))
	}
	return all
}

// BroadcastsPartition holds the newest broadcasts of an application.
func BroadcastsPartition(app uint32) store.Partition { return store.Versioned(name('V', app)) }

// GroupPartition holds a group: its head, members, mutes and topics. It is
// never dropped.
func GroupPartition(app uint32, group string) store.Partition {
	return store.Versioned(name('G', app, group))
}

// ConversationPartition holds what is known about a conversation's messages
// beside the log: the expiry floor, recalls and their feed.
func ConversationPartition(c ConversationID) store.Partition {
	return store.Versioned(name('C', c.App, c.Group, number(c.Incarnation), number(c.Topic)))
}

// LogPartition holds one bucket of a conversation's messages.
func LogPartition(c ConversationID, bucket uint32) store.Partition {
	return store.Versioned(name('L', c.App, c.Group, number(c.Incarnation), number(c.Topic), number(uint64(bucket))))
}

// BesidePartition holds what changes about the messages of one bucket of a log
// without being part of them: who has read them, and their extensions.
func BesidePartition(c ConversationID, bucket uint32) store.Partition {
	return store.Versioned(name('N', c.App, c.Group, number(c.Incarnation), number(c.Topic), number(uint64(bucket))))
}

// CopyPartition marks a store that another one is being copied to. No application's
// partition begins like it, and it is never copied itself.
func CopyPartition() store.Partition { return store.Blind("\x00copy") }

// CopyKey is its one row.
var CopyKey = []byte("copy")

// Keys of single rows.
var (
	AccountKey      = []byte("account") // user partition
	KickKey         = []byte("kick")    // user partition
	GroupKey        = []byte("h")       // group partition
	ConversationKey = []byte("c")       // conversation partition
	LogHeadKey      = []byte("0")       // log partition
	BroadcastsKey   = []byte("b")       // partition of broadcasts
)

func key(kind byte, numbers ...uint64) []byte {
	b := make([]byte, 1, 64)
	b[0] = kind
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return b
}

// groupKey is the key of a row of a group's partition. Nearly all groups have few
// incarnations, so that theirs takes no more bytes than it needs, their number first.
func groupKey(kind byte, incarnation uint64, numbers ...uint64) []byte {
	n := (bits.Len64(incarnation) + 7) / 8
	b := append(make([]byte, 0, 64), kind, byte(n))
	b = append(b, binary.BigEndian.AppendUint64(nil, incarnation)[8-n:]...)
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return b
}

// MemberKey is a member row; the key of "" is the prefix of all.
func MemberKey(incarnation uint64, account string) []byte {
	return append(groupKey('m', incarnation), account...)
}

// MemberBlockSize is how many orders of members a row of their index has.
const MemberBlockSize = 64

// MemberBlockKey indexes members by the order of their records, in blocks.
func MemberBlockKey(incarnation, block uint64) []byte { return groupKey('o', incarnation, block) }

// MemberBlockPrefix is the prefix of all rows of that index.
func MemberBlockPrefix(incarnation uint64) []byte { return groupKey('o', incarnation) }

// AdminKey indexes the members with the role Admin by the order of their
// records; the value is the account.
func AdminKey(incarnation, order uint64) []byte { return groupKey('a', incarnation, order) }

// AdminPrefix is the prefix of all rows of the index of admins.
func AdminPrefix(incarnation uint64) []byte { return groupKey('a', incarnation) }

// OrderOf reads the number at the end of a key of MemberBlockKey, AdminKey,
// PermissionGroupKey, PermissionMemberKey, TipIntentKey or FeedKey.
func OrderOf(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-8:]) }

// TopicKey is a topic row; the key of "" is the prefix of all.
func TopicKey(incarnation uint64, topicID string) []byte {
	return append(groupKey('t', incarnation), topicID...)
}

// MuteKey is a mute in a topic, or with topic 0 in the group; the key of "" is
// the prefix of all mutes there.
func MuteKey(incarnation, topic uint64, account string) []byte {
	return append(groupKey('u', incarnation, topic), account...)
}

// TopicMemberKey is what a member has in a topic; the key of "" is the prefix
// of all in that topic.
func TopicMemberKey(incarnation, topic uint64, account string) []byte {
	return append(groupKey('p', incarnation, topic), account...)
}

// StreamStateKey is the state of one stream in the group's partition.
func StreamStateKey(incarnation, topic uint64) []byte { return groupKey('s', incarnation, topic) }

// TipIntentKey is a tip that waits for the log.
func TipIntentKey(incarnation, number uint64) []byte { return groupKey('i', incarnation, number) }

// PermissionGroupKey is a permission group, in order of creation.
func PermissionGroupKey(incarnation, number uint64) []byte { return groupKey('P', incarnation, number) }

// PermissionGroupPrefix is the prefix of all permission groups.
func PermissionGroupPrefix(incarnation uint64) []byte { return groupKey('P', incarnation) }

// PermissionMemberKey indexes the members of a permission group by the order of
// their records; the value is the account.
func PermissionMemberKey(incarnation, number, order uint64) []byte {
	return groupKey('Q', incarnation, number, order)
}

// PermissionMemberPrefix is the prefix of all members of a permission group.
func PermissionMemberPrefix(incarnation, number uint64) []byte {
	return groupKey('Q', incarnation, number)
}

// PermissionGroupIDKey leads from the id of a permission group to the key of
// its row, which is the value.
func PermissionGroupIDKey(incarnation uint64, id string) []byte {
	return append(groupKey('R', incarnation), id...)
}

// AttributesKey is a group's custom attributes.
func AttributesKey(incarnation uint64) []byte { return groupKey('A', incarnation) }

// CountersKey is a group's counters.
func CountersKey(incarnation uint64) []byte { return groupKey('C', incarnation) }

// BanKey is the ban of an account.
func BanKey(incarnation uint64, account string) []byte {
	return append(groupKey('b', incarnation), account...)
}

// BanOrderKey indexes bans by the order in which they were made.
func BanOrderKey(incarnation, order uint64) []byte { return groupKey('B', incarnation, order) }

// BanOrderPrefix is the prefix of all rows of the index of bans.
func BanOrderPrefix(incarnation uint64) []byte { return groupKey('B', incarnation) }

// RobotKey is a robot of an AVChatRoom; the key of "" is the prefix of all.
func RobotKey(incarnation uint64, account string) []byte {
	return append(groupKey('d', incarnation), account...)
}

// RoomMarksKey is the block of marks in an AVChatRoom that has those of an account.
func RoomMarksKey(incarnation uint64, account string) []byte {
	return append(RoomMarksPrefix(incarnation), byte(crc32.ChecksumIEEE([]byte(account))%lists))
}

// RoomMarksPrefix is the prefix of all of them.
func RoomMarksPrefix(incarnation uint64) []byte { return groupKey('k', incarnation) }

// IncarnationPrefixes are the prefixes of all rows of one incarnation in a
// group's partition, but for those of members and their index, in the order of keys.
func IncarnationPrefixes(incarnation uint64) [][]byte {
	var prefixes [][]byte
	for _, kind := range []byte("ABCPQRabdikpstu") {
		prefixes = append(prefixes, groupKey(kind, incarnation))
	}
	return prefixes
}

// EditKey is a place for an edit in a conversation partition until it is in the log.
func EditKey(place uint32) []byte { return seqKey('m', place) }

// EditPrefix is the prefix of all of them.
var EditPrefix = []byte{'m'}

func seqKey(kind byte, seq uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{kind}, seq)
}

// HeaderKey is the header of one message in a log partition.
func HeaderKey(seq uint32) []byte { return seqKey('h', seq) }

// HeaderPrefix is the prefix of all headers.
var HeaderPrefix = []byte{'h'}

// BodyKey is the body of one message in a log partition.
func BodyKey(seq uint32) []byte { return seqKey('b', seq) }

// ReceiptKey is who is to read one message, in a log partition.
func ReceiptKey(seq uint32) []byte { return seqKey('r', seq) }

// ReadingKey is who has read one message, in a partition beside the log.
func ReadingKey(seq uint32) []byte { return seqKey('r', seq) }

// ExtensionsKey is what is known of one message's extensions, in a partition
// beside the log.
func ExtensionsKey(seq uint32) []byte { return seqKey('e', seq) }

// ExtensionKey is one of a message's extensions, in a partition beside the log;
// that of "" is the prefix of all.
func ExtensionKey(seq uint32, key string) []byte { return append(seqKey('x', seq), key...) }

// BesidePrefixes are the prefixes of all that stands beside one message.
func BesidePrefixes(seq uint32) [][]byte {
	return [][]byte{ReadingKey(seq), ExtensionsKey(seq), ExtensionKey(seq, "")}
}

// Seq reads the number at the end of a header, body, recall or cover
// key.
func Seq(key []byte) uint32 { return binary.BigEndian.Uint32(key[len(key)-4:]) }

// UserGroupKey is one membership in a user's index.
func UserGroupKey(group string, joinID uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(group), 0), joinID)
}

// DirectoryKey is one group in the directory, in order of creation.
func DirectoryKey(number uint64, group string) []byte {
	return append(binary.BigEndian.AppendUint64(nil, number), group...)
}

// DirectoryEntry reads a directory key.
func DirectoryEntry(key []byte) (number uint64, group string) {
	return binary.BigEndian.Uint64(key), string(key[8:])
}

// CleanupKey is one dead incarnation (topic 0) or one dead topic.
func CleanupKey(group string, incarnation, topic uint64) []byte {
	b := append([]byte(group), 0)
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, incarnation), topic)
}

// CleanupPermissionGroupKey is the index of members of one dead permission
// group.
func CleanupPermissionGroupKey(group string, incarnation, number uint64) []byte {
	return append(CleanupKey(group, incarnation, 0), key('P', number)...)
}

// CleanupLeftKey is the rows that a member who left had in the indexes of
// permission groups.
func CleanupLeftKey(group string, incarnation, order uint64) []byte {
	return append(CleanupKey(group, incarnation, 0), key('o', order)...)
}

// CleanupAccountKey is one account whose deletion has begun, without the number of
// the attempt; no group id begins with a zero byte.
func CleanupAccountKey(user string) []byte { return append([]byte{0}, user...) }

// CleanupAccount reads a key of CleanupAccountKey with the number, of eight bytes.
func CleanupAccount(key []byte) (user string, ok bool) {
	if len(key) < 9 || key[0] != 0 {
		return "", false
	}
	return string(key[1 : len(key)-8]), true
}
