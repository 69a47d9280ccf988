package api_test

import (
	"fmt"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

// get_recall_feed (spec 08 section 2.5).

func TestFeedAnswersEveryField(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	at := r.now()
	feed := func() apitest.Answer { return r.moderate("get_recall_feed", `{"GroupId":%q}`, r.group) }
	feed().WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Events":[],"Next":0}`)
	r.send("ann", 2)
	r.send("bob", 1)
	r.call("group_msg_recall", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":3},{"MsgSeq":1}]}`, r.group).MustOK(t)
	bySeq := r.list("").ids()[0]
	r.wait(5)
	id := r.recallBySender("ann", `"Notify":"silent"`).ID
	r.wait(5)
	r.restore(id, "")
	r.restore(bySeq, "")
	feed().WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Events":[
		{"Num":1,"Type":"recalled","OperationId":%[1]q,"MsgSeqList":[{"MsgSeq":1},{"MsgSeq":3}],"EventTime":%[3]d},
		{"Num":2,"Type":"recalled","OperationId":%[2]q,"Sender_Account":"ann","FromSeq":1,"ToSeq":3,"EventTime":%[4]d},
		{"Num":3,"Type":"restored","OperationId":%[2]q,"Sender_Account":"ann","FromSeq":1,"ToSeq":3,"EventTime":%[5]d},
		{"Num":4,"Type":"restored","OperationId":%[1]q,"MsgSeqList":[{"MsgSeq":1},{"MsgSeq":3}],"EventTime":%[5]d}],"Next":4}`,
		bySeq, id, at, at+5, at+10))
}

func TestFeedRefusesBadFields(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	given := fmt.Sprintf(`"GroupId":%q`, r.group)
	for body, code := range map[string]int{
		`{}`: 10004, `{"GroupId":null}`: 10004, `{"GroupId":7}`: 10004, `{"GroupId":""}`: 10015, `{"GroupId":"nowhere"}`: 10010,
		`{` + given + `,"Limit":1}`: 0, `{` + given + `,"Limit":500}`: 0, `{` + given + `,"Limit":501}`: 10004, `{` + given + `,"Limit":-1}`: 10004,
		`{` + given + `,"Since":0}`: 0, `{` + given + `,"Since":-1}`: 10004, `{` + given + `,"Since":18446744073709551615}`: 0,
		`{` + given + `,"Since":18446744073709551616}`: 10004, `{` + given + `,"Since":"0"}`: 10004,
		`{` + given + `,"TopicId":"x"}`: 10004, `{` + given + `,"TopicId":""}`: 0, `{` + given + `,"TopicId":[]}`: 10004,
		`{"GroupId":"nowhere","Limit":501}`: 10004,
	} {
		t.Run(body, func(t *testing.T) { r.srv.Call(t, "recall_http_svc", "get_recall_feed", body).WantCode(t, code) })
	}
}

func TestFeedIsReadInPages(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	for range 501 {
		r.recall("ann")
	}
	if got := r.feed(""); len(got.Events) != 100 || got.Next != 100 {
		t.Errorf("%d events, Next %d", len(got.Events), got.Next)
	}
	if got := r.feed(`,"Limit":500`); len(got.Events) != 500 || got.Next != 500 {
		t.Errorf("%d events, Next %d", len(got.Events), got.Next)
	}
	since, seen := uint64(0), uint64(0)
	for pages := 0; ; pages++ {
		got := r.feed(fmt.Sprintf(`,"Since":%d,"Limit":97`, since))
		for _, e := range got.Events {
			if seen++; e.Num != seen {
				t.Fatalf("event %d follows %d", e.Num, seen-1)
			}
		}
		if len(got.Events) == 0 {
			if got.Next != since {
				t.Errorf("Next is %d after %d", got.Next, since)
			}
			break
		}
		since = got.Next
		if pages == 2 {
			r.recall("ann") // comes at the end
			r.srv.Restart(t)
		}
	}
	if seen != 502 {
		t.Errorf("saw %d events", seen)
	}
	for _, beyond := range []string{"502", "503", "18446744073709551615"} {
		if got := r.feed(`,"Since":` + beyond); len(got.Events) != 0 || fmt.Sprint(got.Next) != beyond {
			t.Errorf("since %s: %+v", beyond, got)
		}
	}
}

func TestFeedIsOfOneStream(t *testing.T) {
	town := newCommunity(t, "ann")
	one, two := town.topic("one"), town.topic("two")
	one.send("ann", 2)
	one.recall("ann")
	one.recall("ann")
	two.send("ann", 1)
	two.recall("ann")
	one.wantFeed("recalled ann 1-2", "recalled ann 1-2")
	two.wantFeed("recalled ann 1-1")
	town.wantFeed()
	if got := two.feed("").Events[0].Num; got != 1 {
		t.Errorf("the first number of the second topic is %d", got)
	}
	town.moderate("get_recall_feed", `{"GroupId":%q,"TopicId":"%s@TOPIC#_none"}`, town.group, town.group).WantCode(t, 10010)
}

func TestRecallsWhereCommunitiesAreOff(t *testing.T) {
	on, off := twoServers(t, func(o *apitest.Options) { o.Settings.Communities = false })
	r := newRoomOn(t, on, "Community", "ann")
	r.send("ann", 1)
	r.srv = off
	r.moderate("get_recall_feed", `{"GroupId":%q}`, r.group).WantCode(t, 11000)
	for _, command := range []string{"preview_recall", "recall_by_sender"} {
		if got := r.recalls(command, `{"Targets":[`+r.target("ann")+`]}`).Results[0]; got.Code != 11000 || got.Matched+got.Recalled != 0 {
			t.Errorf("result is %+v", got)
		}
	}
}

func TestFeedOfAnAVChatRoomIsEmpty(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	r.send("ann", 1)
	r.recallBySender("ann", "")
	r.wantFeed()
}

func TestFeedOfAGroupThatWasMadeAnewBeginsAnew(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	r.recall("ann")
	r.call("destroy_group", `{"GroupId":%q}`, r.group).MustOK(t)
	r.moderate("get_recall_feed", `{"GroupId":%q}`, r.group).WantCode(t, 10010)
	r.call("create_group", `{"Type":"Public","Name":"n","GroupId":%q}`, r.group).MustOK(t)
	r.wantFeed()
}

func TestFeedTellsOfErasures(t *testing.T) {
	r := newRoomWith(t, withHousekeeping, "Public", "ann")
	r.send("ann", 3)
	r.erase(r.recallBySender("ann", "").ID)
	r.wantFeed("recalled ann 1-3", "erased ann 1-3")
}
