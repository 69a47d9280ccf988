package record

import (
	"encoding/binary"

	"github.com/recant-chat/recant/store"
)

// Events for the application come in lanes, in each of which they are delivered
// in order. Kinds of lanes:
const (
	LaneGroup        = 'G' // rows in a group's partition
	LaneUser         = 'U' // rows in a user's partition
	LaneConversation = 'C' // messages in a log, recalls in a feed
	LaneBeside       = 'B' // rows beside a bucket of a log
)

// EventsPartition holds, for every lane, its mark, its cursor and the events
// that report no commit.
func EventsPartition(app uint32) store.Partition { return store.Blind(name('E', app)) }

// EventLeasePartition holds who delivers the events.
func EventLeasePartition(app uint32) store.Partition { return store.Versioned(name('T', app)) }

// EventLeaseKey is its one row.
var EventLeaseKey = []byte("lease")

// GroupLane is the lane of a group's own events, of any incarnation.
func GroupLane(group string) string { return string(rune(LaneGroup)) + group }

// UserLane is the lane of an account's events.
func UserLane(user string) string { return string(rune(LaneUser)) + user }

// ConversationLane is the lane of what happens in a conversation.
func ConversationLane(c ConversationID) string {
	return string(rune(LaneConversation)) + number(c.Incarnation) + number(c.Topic) + c.Group
}

// LaneName is the group or user that a lane of LaneGroup or LaneUser is of.
func LaneName(lane string) string { return lane[1:] }

// LaneConversationID reads a lane of ConversationLane.
func LaneConversationID(app uint32, lane string) ConversationID {
	return ConversationID{
		App: app, Group: lane[17:],
		Incarnation: binary.BigEndian.Uint64([]byte(lane[1:9])), Topic: binary.BigEndian.Uint64([]byte(lane[9:17])),
	}
}

// BesideLane is the lane of what happens beside a bucket of a conversation's log.
func BesideLane(c ConversationID, bucket uint32) string {
	return string(rune(LaneBeside)) + ConversationLane(c)[1:] + number(uint64(bucket))
}

// BesideMarksPrefix is the prefix of the marks of a conversation's lanes of
// BesideLane.
func BesideMarksPrefix(c ConversationID) []byte {
	prefix := EventMarkPrefix(BesideLane(c, 0))
	return prefix[:len(prefix)-8]
}

// LaneBucket reads a lane of BesideLane: the bucket, and the lane of its
// conversation.
func LaneBucket(lane string) (bucket uint32, conversation string) {
	end := len(lane) - 8
	return uint32(binary.BigEndian.Uint64([]byte(lane[end:]))), string(rune(LaneConversation)) + lane[1:end]
}

// EventMarkKey is a mark of a lane. Each that is written has a row of its own, by
// its end in Unix seconds and its writer: who removes one removes no later one.
func EventMarkKey(lane string, until int64, writer uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(EventMarkPrefix(lane), uint64(until)), writer)
}

// EventMarkPrefix is the prefix of all marks of a lane, the oldest first.
func EventMarkPrefix(lane string) []byte { return append([]byte{'m'}, laneKey(lane)...) }

// EventMarksPrefix is the prefix of all marks.
var EventMarksPrefix = []byte{'m'}

// MarkedLane reads the lane of a key of EventMarkKey.
func MarkedLane(key []byte) string { return string(key[2 : len(key)-16]) }

// laneKey is a lane as a part of a key, with its length in front: one that
// begins with another is kept apart from it.
func laneKey(lane string) []byte { return append([]byte{byte(len(lane))}, lane...) }

// EventCursorKey is the cursor of a lane.
func EventCursorKey(lane string) []byte { return append([]byte{'c'}, lane...) }

// EventDayKey lists a lane under a day, counted from 1970, on which it was marked:
// its rows of that day are to be removed in time.
func EventDayKey(day uint32, lane string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{'d'}, day), lane...)
}

// EventDayLane reads a key of EventDayKey.
func EventDayLane(key []byte) (lane string) { return string(key[5:]) }

// LooseEventKey is an event of a lane that reports no commit, in order of time.
// Its id tells it from one of another process at the same time.
func LooseEventKey(lane string, number uint64, id []byte) []byte {
	return append(binary.BigEndian.AppendUint64(LooseEventPrefix(lane), number), id...)
}

// LooseEventPrefix is the prefix of all of them in one lane.
func LooseEventPrefix(lane string) []byte { return append([]byte{'x'}, laneKey(lane)...) }

// EventKey is an event row in a group's or user's partition or in one beside a
// log; OrderOf reads its number.
func EventKey(number uint64) []byte { return key('w', number) }

// EventPrefix is the prefix of all event rows of a partition.
var EventPrefix = []byte{'w'}
