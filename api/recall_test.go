package api_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

// The twelve acceptance scenarios of delete_group_msg_by_sender (spec 04
// section 5.7), in order. Each is told as given, when, then; room in
// room_test.go is the little language they are told in.

func TestScenario01RecallLeavesEveryOtherMessage(t *testing.T) {
	// Given 30 messages, the odd ones by ann and the even ones by bob,
	r := newRoom(t, "Public", "ann", "bob")
	for range 15 {
		r.send("ann", 1)
		r.send("bob", 1)
	}
	// when everything by ann is recalled,
	r.recall("ann")
	// then a pull gives bob's 15, newest first, down to number 1,
	page := r.pull(20)
	page.wantSeqs(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2)
	page.wantFinished(1)
	// and a pull with recalled messages shows which they were.
	page = r.pullWithRecalled(20)
	page.wantSeqs(30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11)
	for _, row := range page.Rows {
		want := 0
		if row.Seq%2 == 1 {
			want = 2
		}
		if row.Place != want {
			t.Errorf("number %d has IsPlaceMsg %d, want %d", row.Seq, row.Place, want)
		}
	}
}

func TestScenario02WindowIsTheNewest1000OfTheConversation(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 1)
	r.send("bob", 598)
	r.send("ann", 1)
	r.send("bob", 899)
	r.send("ann", 1)

	r.recall("ann")

	r.wantRecalled("ann", 600, 1500)
	r.wantLive(1)
}

func TestScenario03WindowMovesOnlyWithNewMessages(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("bob", 499)
	r.send("ann", 2)
	r.send("bob", 999)

	r.recall("ann")
	r.wantRecalled("ann", 501)
	r.wantLive(500)

	// Repeating the call cannot reach further back.
	r.recall("ann")
	r.wantLive(500)

	// One more message moves the window away from 501, not towards 500.
	r.send("bob", 1)
	r.recall("ann")
	r.wantLive(500)
	r.wantRecalled("ann", 501)
}

func TestScenario04TipsCountButAreNeverRecalled(t *testing.T) {
	t.Run("999 messages and a tip are all in the window", func(t *testing.T) {
		r := newRoom(t, "Public", "ann")
		r.send("ann", 999)
		r.writeTip()
		r.recall("ann")
		r.wantRecalledRange(1, 999)
		r.wantLive(1000)
	})
	t.Run("1,000 messages and a tip leave number 1", func(t *testing.T) {
		r := newRoom(t, "Public", "ann")
		r.send("ann", 1000)
		r.writeTip()
		r.recall("ann")
		r.wantLive(1, 1001)
		r.wantRecalledRange(2, 1000)
	})
}

func TestScenario05TwoCallsAtOnceBothSucceed(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 50)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { r.recall("ann") })
	}
	both.Wait()
	r.wantRecalledRange(1, 50)
}

func TestScenario06TopicsAreStreamsOfTheirOwn(t *testing.T) {
	community := newCommunity(t, "ann")
	one, two := community.topic("one"), community.topic("two")
	one.send("ann", 3)
	two.send("ann", 3)

	one.recall("ann")
	one.wantRecalledRange(1, 3)
	two.wantLive(1, 2, 3)

	// Without TopicId the call concerns the community's own stream alone.
	community.recall("ann")
	two.wantLive(1, 2, 3)
}

func TestScenario07WhatIsNoGroupAndWhatIsNoSender(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	r.send("ann", 2)
	r.call("delete_group_msg_by_sender", `{"GroupId":%q,"Sender_Account":"ann"}`, r.group).MustOK(t)

	for _, c := range []struct {
		body string
		code int
	}{
		{`{"GroupId":"nowhere","Sender_Account":"ann"}`, 10010},
		{`{"GroupId":"","Sender_Account":"ann"}`, 10015},
		{`{"GroupId":"` + r.group + `"}`, 10004},
		{`{"GroupId":"` + r.group + `","Sender_Account":""}`, 10004},
		{`{"GroupId":"` + r.group + `","Sender_Account":7}`, 60015},
	} {
		r.call("delete_group_msg_by_sender", "%s", c.body).WantCode(t, c.code)
	}
}

func TestScenario08SenderNeedNotBeAMemberNorExist(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 2)
	r.call("delete_group_member", `{"GroupId":%q,"MemberToDel_Account":["ann"],"Silence":1}`, r.group).MustOK(t)
	r.recall("ann")
	r.wantRecalledRange(1, 2)
	r.recall("nobody-ever")
}

func TestScenario09AMessageBelongsToItsFromAccount(t *testing.T) {
	// Every message of a room is sent by the admin in somebody's name.
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	r.recall(apitest.Admin)
	r.wantLive(1)
	r.recall("ann")
	r.wantRecalled("ann", 1)
}

func TestScenario10RecallLeavesNoTrace(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 5)
	members := `{"GroupId":"` + r.group + `"}`
	before, beforeMembers := r.info(), r.call("get_group_member_info", "%s", members).Raw

	r.recall("ann")

	if after := r.info(); after != before {
		t.Errorf("group changed from\n%s to\n%s", before, after)
	}
	if after := r.call("get_group_member_info", "%s", members).Raw; string(after) != string(beforeMembers) {
		t.Errorf("members changed from\n%s to\n%s", beforeMembers, after)
	}
	if seq := r.send("bob", 1); seq != 6 {
		t.Errorf("next message got number %d, want 6", seq)
	}
}

func TestScenario11RecalledBodiesAreWhatWasSent(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	body := `[{"MsgType":"TIMCustomElem", "MsgContent":{"Data":"abc\u0000\u0001é\/","Extra":{"n":1.000000000000000001}}}]`
	r.call("send_group_msg", `{"GroupId":%q,"From_Account":"ann","Random":1,"MsgBody":%s}`, r.group, body).MustOK(t)
	r.recall("ann")
	if page := r.pullWithRecalled(1); !strings.Contains(string(page.raw), `"MsgBody":`+body+`,`) {
		t.Errorf("body was not returned byte for byte:\n%s", page.raw)
	}
}

func TestScenario12NotifiedRecallOfASilentlyRecalledMessage(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	r.recall("ann")
	got := r.call("group_msg_recall", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":1}]}`, r.group)
	got.WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"RecallRetList":[{"MsgSeq":1,"RetCode":0}],"Results":[{"MsgSeq":1,"RetCode":0}]}`)
	r.wantRecalled("ann", 1)
}

// The other sentences of spec 04 sections 5.1 to 5.6.

func TestRecallBySenderWorksInEveryStoringType(t *testing.T) {
	for _, groupType := range []string{"Private", "Public", "ChatRoom", "Community"} {
		t.Run(groupType, func(t *testing.T) {
			r := newRoom(t, groupType, "ann", "bob")
			r.send("ann", 2)
			r.send("bob", 1)
			r.recall("ann")
			r.pull(20).wantSeqs(3)
		})
	}
}

func TestRecallBySenderAnswersTheBareEnvelope(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 3)
	got := r.call("delete_group_msg_by_sender", `{"GroupId":%q,"Sender_Account":"ann"}`, r.group)
	if want := `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`; string(got.Raw) != want {
		t.Errorf("answer is %s, want %s", got.Raw, want)
	}
}

func TestRecallBySenderSparesLaterMessages(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 2)
	r.recall("ann")
	r.send("ann", 1)
	r.wantLive(3)
	r.wantRecalledRange(1, 2)
}

func TestRecallBySenderComparesSendersByteForByte(t *testing.T) {
	r := newRoom(t, "Public", "ann", "Ann", "an", "ann2")
	for _, sender := range []string{"ann", "Ann", "an", "ann2"} {
		r.send(sender, 1)
	}
	r.recall("ann")
	r.pull(20).wantSeqs(4, 3, 2)
}

func TestRecallBySenderNeverMarksTips(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.writeTip()
	r.recall("@TIM#SYSTEM")
	r.wantLive(1)
}

func TestRecallBySenderOfTheAdminReachesWhatNobodyIsNamedFor(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.sendWith(`"Random":900,"MsgBody":` + text("from the office")).MustOK(t)
	r.send("ann", 1)
	r.recall(apitest.Admin)
	r.wantRecalled(apitest.Admin, 1)
	r.wantLive(2)
}

func TestRecallBySenderIsLimitedByNeitherAgeNorMuteNorRole(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.call("modify_group_member_info", `{"GroupId":%q,"Member_Account":"ann","Role":"Admin"}`, r.group).MustOK(t)
	seq := r.send("ann", 1)
	r.call("forbid_send_msg", `{"GroupId":%q,"Members_Account":["ann"],"MuteTime":4294967295}`, r.group).MustOK(t)
	r.srv.Clock.Advance(400 * day)
	r.recall("ann")
	r.wantRecalled("ann", seq)
}

func TestRecallBySenderForgetsNoRepeats(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	fields := `"From_Account":"ann","Random":900,"MsgBody":` + text("spam")
	first := r.sendWith(fields)
	r.recall("ann")
	if again := r.sendWith(fields); string(again.Raw) != string(first.Raw) {
		t.Errorf("repeat of a recalled message answered %s, want %s", again.Raw, first.Raw)
	}
	r.wantNext(2)
	r.wantRecalled("ann", 1)
}

func TestRecallBySenderLeavesTheTopicsRecord(t *testing.T) {
	c := newCommunity(t, "ann")
	one := c.topic("one")
	one.send("ann", 2)
	topic := func() string {
		return string(c.call("get_topic", `{"GroupId":%q,"From_Account":"ann"}`, c.group).Raw)
	}
	before, beforeGroup := topic(), c.info()
	one.recall("ann")
	if after := topic(); after != before {
		t.Errorf("topic changed from\n%s to\n%s", before, after)
	}
	if after := c.info(); after != beforeGroup {
		t.Errorf("community changed from\n%s to\n%s", beforeGroup, after)
	}
	if seq := one.send("ann", 1); seq != 3 {
		t.Errorf("next message got number %d, want 3", seq)
	}
}

func TestWhoGoesKeepsTheMessages(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 1)
	r.send("bob", 1)
	r.call("delete_group_member", `{"GroupId":%q,"MemberToDel_Account":["ann"],"Silence":1}`, r.group).MustOK(t)
	r.srv.Call(t, "im_open_login_svc", "account_delete", `{"DeleteItem":[{"UserID":"bob"}]}`).MustOK(t)
	r.wantLive(1, 2)
}

func TestRecallBySenderProtectsNoRole(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.call("change_group_owner", `{"GroupId":%q,"NewOwner_Account":"ann"}`, r.group).MustOK(t)
	seq := r.send("ann", 1)
	r.recall("ann")
	r.wantRecalled("ann", seq)
}

func TestRecallBySenderReachesImportedAndTargetedMessages(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.call("import_group_msg", `{"GroupId":%q,"MsgList":[{"From_Account":"ann","SendTime":%d,"MsgBody":%s}]}`, r.group, r.now(), text("old")).MustOK(t)
	r.call("send_group_msg", `{"GroupId":%q,"From_Account":"ann","Random":9,"To_Account":["bob"],"MsgBody":%s}`, r.group, text("psst")).MustOK(t)
	r.recall("ann")
	r.wantRecalledRange(1, 2)
}

func TestRecallBySenderIgnoresTheSwitchOfGroupRecall(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.GroupRecall = false }, "Public", "ann")
	r.send("ann", 1)
	r.call("group_msg_recall", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":1}]}`, r.group).WantCode(t, 10041)
	r.recall("ann")
	r.wantRecalled("ann", 1)
}

func TestRecallBySenderChecksTheTopic(t *testing.T) {
	community := newCommunity(t, "ann")
	plain := newRoomOn(t, community.srv, "Public", "ann")
	gone := community.topic("gone")
	gone.call("destroy_topic", `{"GroupId":%q,"TopicIdList":[%q]}`, community.group, gone.topicID).MustOK(t)
	for _, c := range []struct {
		name, group, topic string
		code               int
	}{
		{"empty is absent", community.group, "", 0},
		{"group without topics", plain.group, community.group + "@TOPIC#_one", 10004},
		{"topic of another group", community.group, plain.group + "@TOPIC#_one", 10004},
		{"never created", community.group, community.group + "@TOPIC#_none", 10010},
		{"destroyed", community.group, gone.topicID, 10010},
		{"over 96 bytes", community.group, community.group + "@TOPIC#_" + strings.Repeat("x", 97), 10004},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := community.call("delete_group_msg_by_sender", `{"GroupId":%q,"TopicId":%q,"Sender_Account":"ann"}`, c.group, c.topic)
			got.WantCode(t, c.code)
		})
	}
	community.call("delete_group_msg_by_sender", `{"GroupId":%q,"TopicId":5,"Sender_Account":"ann"}`, community.group).WantCode(t, 10004)
}

func TestRecallBySenderInAVChatRoomIgnoresTheTopic(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	r.call("delete_group_msg_by_sender", `{"GroupId":%q,"TopicId":"anything","Sender_Account":"ann"}`, r.group).MustOK(t)
}

func TestRecallBySenderChecksInTheOrderOfThePage(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	for _, c := range []struct {
		name, body string
		code       int
	}{
		{"missing group before missing sender", `{}`, 10004},
		{"bad sender before bad group", `{"GroupId":"","Sender_Account":""}`, 10004},
		{"account type before everything", `{"Sender_Account":[]}`, 60015},
		{"bad group before unknown topic", `{"GroupId":"\u00e9","Sender_Account":"ann","TopicId":"x"}`, 10015},
		{"unknown group before bad topic", `{"GroupId":"none","Sender_Account":"ann","TopicId":"x"}`, 10010},
		{"sender of 33 bytes", fmt.Sprintf(`{"GroupId":%q,"Sender_Account":%q}`, r.group, strings.Repeat("a", 33)), 10004},
		{"sender of 32 bytes", fmt.Sprintf(`{"GroupId":%q,"Sender_Account":%q}`, r.group, strings.Repeat("a", 32)), 0},
		{"sender outside ASCII", fmt.Sprintf(`{"GroupId":%q,"Sender_Account":"\u00e9"}`, r.group), 10004},
		{"group of 49 bytes", fmt.Sprintf(`{"GroupId":%q,"Sender_Account":"ann"}`, strings.Repeat("g", 49)), 10015},
		{"group of 48 bytes", fmt.Sprintf(`{"GroupId":%q,"Sender_Account":"ann"}`, strings.Repeat("g", 48)), 10010},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.call("delete_group_msg_by_sender", "%s", c.body).WantCode(t, c.code)
		})
	}
}

func TestRecallBySenderAfterDestroyIsRefused(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	r.call("destroy_group", `{"GroupId":%q}`, r.group).MustOK(t)
	r.call("delete_group_msg_by_sender", `{"GroupId":%q,"Sender_Account":"ann"}`, r.group).WantCode(t, 10010)
}

func TestRecallBySenderStillFindsADeletedAccountsMessages(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 2)
	r.srv.Call(t, "im_open_login_svc", "account_delete", `{"DeleteItem":[{"UserID":"ann"}]}`).MustOK(t)
	r.recall("ann")
	r.wantRecalledRange(1, 2)
}

func TestRecalledMessagesExpireLikeOthers(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.HistoryRetentionDays = 7 }, "Public", "ann", "bob")
	r.send("ann", 2)
	r.recall("ann")
	r.srv.Clock.Advance(8 * day)
	r.send("bob", 1)
	page := r.pullWithRecalled(20)
	page.wantSeqs(3, 2, 1)
	for _, row := range page.Rows[1:] {
		if row.Place != 1 || string(row.Body) != "[]" {
			t.Errorf("expired number %d is %+v, want a placeholder", row.Seq, row)
		}
	}
	// Their numbers still count, and marking them again harms nothing.
	r.recall("ann")
	r.pull(20).wantSeqs(3, 2, 1)
}

func TestRecalledMessagesCountAsNewestForImports(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	sent := r.now()
	r.recall("ann")
	r.srv.Clock.Advance(minute)
	got := r.call("import_group_msg", `{"GroupId":%q,"MsgList":[{"From_Account":"ann","SendTime":%d,"MsgBody":%s}]}`, r.group, sent-1, text("x"))
	if !strings.Contains(string(got.Raw), `"Result":10004`) {
		t.Errorf("import before a recalled message answered %s", got.Raw)
	}
}

func TestRecallSurvivesARestart(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 3)
	r.send("bob", 1)
	r.recall("ann")
	r.srv.Restart(t)
	r.pull(20).wantSeqs(4)
	r.wantRecalledRange(1, 3)
}

func TestRecallOfOneIsHiddenAsWholeOrNotAtAll(t *testing.T) {
	r := newRoom(t, "ChatRoom", "ann", "bob")
	for range 60 {
		r.send("ann", 4)
		r.send("bob", 1)
	}
	var pulls sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		pulls.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				seqs := r.pull(20).seqs()
				ann := slices.ContainsFunc(seqs, func(seq uint32) bool { return seq%5 != 0 })
				bob := 0
				for _, seq := range seqs {
					if seq%5 == 0 {
						bob++
					}
				}
				if ann && bob != 4 || !ann && bob != 20 {
					t.Errorf("a pull during the recall saw a part of it: %v", seqs)
				}
			}
		})
	}
	r.recall("ann")
	close(stop)
	pulls.Wait()
}
