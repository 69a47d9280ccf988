package record

import (
	"encoding/binary"
	"hash/crc32"

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

// Rows about events come and go, so that there is no partition that has all of them:
// who looks for those that are there would pass over all that are gone.

// EventLanePartition holds how far a lane was delivered. That of a lane of BesideLane
// is its conversation's.
func EventLanePartition(app uint32, lane string) store.Partition {
	conversation, _ := splitLane(lane)
	return store.Blind(name('E', app, conversation))
}

// EventMarksPartition holds the marks of all lanes that end in one hour, counted from
// 1970.
func EventMarksPartition(app uint32, hour int64) store.Partition {
	return store.Blind(name('F', app, number(uint64(hour))))
}

// LooseEventsPartition holds the events of a lane that report no commit, of one hour.
func LooseEventsPartition(app uint32, lane string, hour int64) store.Partition {
	return store.Blind(name('H', app, lane, number(uint64(hour))))
}

// EventDaysPartition lists the days on which lanes were marked.
func EventDaysPartition(app uint32) store.Partition { return store.Blind(name('O', app)) }

// EventDayPartition is one of EventDayShards that list the lanes that were marked on a
// day, counted from 1970. Its keys are the lanes: their rows of that day are to be
// removed in time.
func EventDayPartition(app, day uint32, shard byte) store.Partition {
	return store.Blind(name('Y', app, string(binary.BigEndian.AppendUint32(nil, day)), string([]byte{shard})))
}

// EventDayShards is over how many partitions the lanes of a day are spread.
const EventDayShards = 16

// EventDayShard is the one that a lane is listed in.
func EventDayShard(lane string) byte { return byte(crc32.ChecksumIEEE([]byte(lane)) % EventDayShards) }

// EventDayKey is one day in the list of days.
func EventDayKey(day uint32) []byte { return binary.BigEndian.AppendUint32(nil, day) }

// EventDay reads it.
func EventDay(key []byte) uint32 { return binary.BigEndian.Uint32(key) }

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

// LaneBucket reads a lane of BesideLane: the bucket, and the lane of its
// conversation.
func LaneBucket(lane string) (bucket uint32, conversation string) {
	end := len(lane) - 8
	return uint32(binary.BigEndian.Uint64([]byte(lane[end:]))), string(rune(LaneConversation)) + lane[1:end]
}

// splitLane divides a lane into the one that its rows are beside, and what tells its
// keys from that one's.
func splitLane(lane string) (conversation, bucket string) {
	if lane[0] != LaneBeside {
		return lane, ""
	}
	_, conversation = LaneBucket(lane)
	return conversation, lane[len(lane)-8:]
}

func laneKey(kind byte, lane string) []byte {
	_, bucket := splitLane(lane)
	return append([]byte{kind}, bucket...)
}

// EventMarkKey is a mark of a lane, in the order of the marks' ends in Unix seconds.
// Each that is written has a row of its own, by its writer too: who removes one removes
// no later one.
func EventMarkKey(lane string, until int64, writer uint64) []byte {
	return append(binary.BigEndian.AppendUint64(EventMarksFrom(until), writer), lane...)
}

// EventMarksFrom is before all keys of marks that end at a time or later.
func EventMarksFrom(until int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(until)) }

// MarkedLane reads a key of EventMarkKey.
func MarkedLane(key []byte) (lane string, until int64) {
	return string(key[16:]), int64(binary.BigEndian.Uint64(key))
}

// EventCursorKey is the cursor of a lane.
func EventCursorKey(lane string) []byte { return laneKey('c', lane) }

// LaneMarkKey is the newest mark of a lane, which says what it is and stays when the
// mark has ended.
func LaneMarkKey(lane string) []byte { return laneKey('l', lane) }

// LaneMarksPrefix is the prefix of those of a conversation's lane and of all lanes
// beside it.
var LaneMarksPrefix = []byte{'l'}

// MarkedLaneOf reads a key of LaneMarkKey in the partition of a conversation's lane.
func MarkedLaneOf(c ConversationID, key []byte) (lane string) {
	if len(key) == len(LaneMarksPrefix) {
		return ConversationLane(c)
	}
	return BesideLane(c, uint32(binary.BigEndian.Uint64(key[1:])))
}

// EventsRemovedKey says up to which number the old event rows of a lane were removed.
func EventsRemovedKey(lane string) []byte { return laneKey('r', lane) }

// LooseHourKey lists an hour of which a lane may have loose events.
func LooseHourKey(hour int64) []byte { return key('h', uint64(hour)) }

// LooseHoursPrefix is the prefix of all of them.
var LooseHoursPrefix = []byte{'h'}

// LooseEventKey is an event of a lane that reports no commit, in order of time. Its
// row is empty once the event was told of. Its id tells it from one of another process
// at the same time.
func LooseEventKey(number uint64, id []byte) []byte {
	return append(binary.BigEndian.AppendUint64(nil, number), id...)
}

// LooseEvent reads the number of a key of LooseEventKey.
func LooseEvent(key []byte) (number uint64) { return binary.BigEndian.Uint64(key) }

// EventKey is an event row in a group's or user's partition or in one beside a
// log; OrderOf reads its number. They are before all other rows: they are removed in
// time, and who looks behind another range for the next row must not pass over them.
func EventKey(number uint64) []byte { return key('0', number) }

// LastEventKey is the number of the newest event row in a partition beside a log.
var LastEventKey = []byte{'n'}

// EventPrefix is the prefix of all event rows of a partition.
var EventPrefix = []byte{'0'}
