package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/recant-chat/recant/store/record"
)

// Unread numbers (spec 04 section 1.7), as get_joined_group_list shows them.

func (r *room) wantUnread(account string, want int) {
	r.t.Helper()
	got := string(r.call("get_joined_group_list", `{"Member_Account":%q,"WithNoActiveGroups":1,"ResponseFilter":{"SelfInfoFilter":["UnreadMsgNum"]}}`, account).Raw)
	if !strings.Contains(got, fmt.Sprintf(`"SelfInfo":{"UnreadMsgNum":%d}`, want)) {
		r.t.Errorf("groups of %s are %s, want %d unread", account, got, want)
	}
}

func TestUnreadCountsWhatAMemberHasNotRead(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.wantUnread("bob", 0)
	r.send("ann", 3)
	r.wantUnread("bob", 3)
	r.wantUnread("ann", 0)
	r.send("bob", 1)
	r.wantUnread("bob", 0)
	r.writeTip()
	r.wantUnread("bob", 1) // tips count
}

func TestUnreadLeavesOutWhatDoesNotCount(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.sendWith(`"From_Account":"ann","Random":1,"SendMsgControl":["NoUnread"],"MsgBody":` + text("quiet")).MustOK(t)
	r.sendWith(`"From_Account":"ann","Random":2,"To_Account":["bob"],"MsgBody":` + text("psst")).MustOK(t)
	r.sendWith(`"From_Account":"ann","Random":3,"MsgBody":` + text("hello")).MustOK(t)
	r.wantUnread("bob", 1)
}

func TestUnreadOverFullBuckets(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	quiet := func(random int) {
		r.sendWith(fmt.Sprintf(`"From_Account":"ann","Random":%d,"SendMsgControl":["NoUnread"],"MsgBody":%s`, random, text("quiet"))).MustOK(t)
	}
	quiet(900_001)
	r.send("ann", record.BucketSize)
	quiet(900_002)
	r.send("ann", 1)
	r.wantUnread("bob", record.BucketSize+1)
	r.send("bob", 1)
	quiet(900_003)
	r.send("ann", 2)
	r.wantUnread("bob", 2)
}

func TestANotifiedRecallLowersUnreadAndASilentOneDoesNot(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 4)
	r.recall("ann")
	r.wantUnread("bob", 4)
	r.recallSeqs(`"MsgSeqList":[{"MsgSeq":2},{"MsgSeq":3}]`).MustOK(t)
	r.wantUnread("bob", 2)
	// What did not count is not taken off twice.
	r.sendWith(`"From_Account":"ann","Random":77,"SendMsgControl":["NoUnread"],"MsgBody":` + text("quiet")).MustOK(t)
	r.recallSeqs(`"MsgSeqList":[{"MsgSeq":5}]`).MustOK(t)
	r.wantUnread("bob", 2)
}

func TestASilentRecallDoesNotUndoWhatANotifiedOneDid(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 4)
	r.recallSeqs(`"MsgSeqList":[{"MsgSeq":2}]`).MustOK(t)
	r.wantUnread("bob", 3)
	r.recall("ann")
	r.wantUnread("bob", 3)
}
