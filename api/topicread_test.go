package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

// get_topic (spec 05 section 1.8.3).

// topicList is an answer of get_topic.
type topicList struct {
	raw   []byte
	Items []struct {
		Code int    `json:"ErrorCode"`
		Info string `json:"ErrorInfo"`
		Self *struct {
			ShutUpTime uint32 `json:"ShutUpTime"`
			ReadSeq    uint32 `json:"MsgSeq"`
			Flag       string `json:"MsgFlag"`
		} `json:"SelfInfo"`
		Topic struct {
			ID          string `json:"TopicId"`
			Name        string `json:"TopicName"`
			NextMsgSeq  uint32 `json:"NextMsgSeq"`
			CreateTime  int64  `json:"CreateTime"`
			LastMsgTime int64  `json:"LastMsgTime"`
			MuteAll     string `json:"MuteAllMember"`
		} `json:"TopicInfo"`
	} `json:"TopicAndSelfInfo"`
}

// topics reads all topics of the community, or the one that the room is, for
// an account.
func (r *room) topics(account string) *topicList {
	r.t.Helper()
	list := ""
	if r.topicID != "" {
		list = fmt.Sprintf(`,"TopicIdList":[%q]`, r.topicID)
	}
	answer := r.million("get_topic", `{"GroupId":%q,"From_Account":%q%s}`, r.group, account, list).MustOK(r.t)
	l := &topicList{raw: answer.Raw}
	answer.Decode(r.t, l)
	return l
}

func (l *topicList) ids() []string {
	var ids []string
	for _, item := range l.Items {
		ids = append(ids, item.Topic.ID)
	}
	return ids
}

func TestGetTopicAnswersEverything(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	created := town.now()
	town.million("create_topic", `{"GroupId":%q,"TopicId":"@TGS#_town@TOPIC#_harbour","TopicName":"Harbour","FaceUrl":"http://x/y.png",
		"Notification":"Race on Sunday","Introduction":"Berths","CustomString":"{\"a\":1}"}`, town.group).MustOK(t)
	town.million("get_topic", `{"GroupId":%q,"From_Account":"ann"}`, town.group).WantJSON(t, fmt.Sprintf(`{
		"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"TopicAndSelfInfo":[{"ErrorCode":0,"ErrorInfo":"ok",
		"SelfInfo":{"ShutUpTime":0,"MsgSeq":0,"MsgFlag":"AcceptAndNotify"},
		"TopicInfo":{"GroupID":"@TGS#_town","TopicId":"@TGS#_town@TOPIC#_harbour","TopicName":"Harbour","FaceUrl":"http://x/y.png",
			"Notification":"Race on Sunday","Introduction":"Berths","CustomString":"{\"a\":1}",
			"CreateTime":%d,"LastMsgTime":0,"NextMsgSeq":1,"MuteAllMember":"Off","ShutUpAllFlag":0}}]}`, created))
}

func TestGetTopicAnswersTheFieldsAskedFor(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	town.million("create_topic", `{"GroupId":%q,"TopicId":"@TGS#_town@TOPIC#_harbour","TopicName":"Harbour","Notification":"Race on Sunday"}`, town.group).MustOK(t)
	for filter, want := range map[string]string{
		`["TopicName","Notification"]`:      `,"TopicName":"Harbour","Notification":"Race on Sunday"`,
		`["MuteAllMember","no such field"]`: `,"MuteAllMember":"Off","ShutUpAllFlag":0`,
		`["NextMsgSeq","FaceUrl"]`:          `,"NextMsgSeq":1,"FaceUrl":""`,
		`["DefaultPermission"]`:             ``, // it was never set
		`["no such field"]`:                 ``,
	} {
		town.million("get_topic", `{"GroupId":%q,"From_Account":"ann","TopicIdList":["@TGS#_town@TOPIC#_harbour"],"ResponseFilter":%s}`, town.group, filter).
			WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"TopicAndSelfInfo":[{"ErrorCode":0,"ErrorInfo":"ok",
				"SelfInfo":{"ShutUpTime":0,"MsgSeq":0,"MsgFlag":"AcceptAndNotify"},
				"TopicInfo":{"GroupID":"@TGS#_town","TopicId":"@TGS#_town@TOPIC#_harbour"`+want+`}}]}`)
	}
	all := string(town.topics("ann").raw)
	for _, none := range []string{`[]`, `null`} {
		got := town.million("get_topic", `{"GroupId":%q,"From_Account":"ann","TopicIdList":[],"ResponseFilter":%s}`, town.group, none)
		if string(got.Raw) != all {
			t.Errorf("ResponseFilter %s answers %s, want %s", none, got.Raw, all)
		}
	}
}

func TestGetTopicAnswersForEachIDByItself(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	one, gone := town.topic("one"), town.topic("gone")
	town.million("destroy_topic", `{"GroupId":%q,"TopicIdList":[%q]}`, town.group, gone.topicID).MustOK(t)
	bad := []string{gone.topicID, town.group + "@TOPIC#_never", "@TGS#_other@TOPIC#_one", town.group, "", "é", strings.Repeat("x", 200)}
	ids := slices.Concat(bad[:3], []string{one.topicID, one.topicID}, bad[2:])
	answer := town.million("get_topic", `{"GroupId":%q,"From_Account":"ann","TopicIdList":["%s"],"ResponseFilter":["TopicName"]}`, town.group, strings.Join(ids, `","`))
	item := func(id string) string {
		return fmt.Sprintf(`{"ErrorCode":110003,"ErrorInfo":"topic not exist or has been destroyed","TopicInfo":{"GroupID":"@TGS#_town","TopicId":%q}}`, id)
	}
	var want []string
	for _, id := range bad[:3] {
		want = append(want, item(id))
	}
	want = append(want, `{"ErrorCode":0,"ErrorInfo":"ok","SelfInfo":{"ShutUpTime":0,"MsgSeq":0,"MsgFlag":"AcceptAndNotify"},
		"TopicInfo":{"GroupID":"@TGS#_town","TopicId":"@TGS#_town@TOPIC#_one","TopicName":"one"}}`)
	for _, id := range bad[3:] {
		want = append(want, item(id))
	}
	answer.WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"TopicAndSelfInfo":[`+strings.Join(want, ",")+`]}`)
}

func TestGetTopicOrder(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	late := town.topic("m")
	later := town.topic("b")
	latest := town.topic("z")
	var early struct {
		TopicID string `json:"TopicId"`
	}
	town.call("import_topic", `{"GroupId":%q,"TopicId":%q,"TopicName":"x","CreateTime":1600000000}`, town.group, town.group+"@TOPIC#_y").MustOK(t).Decode(t, &early)
	// All are in the order of creation, then of ids.
	want := []string{early.TopicID, later.topicID, late.topicID, latest.topicID}
	if got := town.topics("ann").ids(); !slices.Equal(got, want) {
		t.Errorf("topics are %v, want %v", got, want)
	}
	// Those asked for come as asked.
	var l topicList
	town.million("get_topic", `{"GroupId":%q,"From_Account":"ann","TopicIdList":[%q,%q]}`, town.group, latest.topicID, early.TopicID).MustOK(t).Decode(t, &l)
	if got := l.ids(); !slices.Equal(got, []string{latest.topicID, early.TopicID}) {
		t.Errorf("topics are %v", got)
	}
}

func TestGetTopicOfACommunityWithoutAnyIsEmpty(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	town.million("get_topic", `{"GroupId":%q,"From_Account":"ann"}`, town.group).
		WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"TopicAndSelfInfo":[]}`)
}

func TestGetTopicChecksItsFields(t *testing.T) {
	town := newTownWithNeighbours(t)
	town.check("million_group_open_http_svc", "get_topic", []refusal{
		{"no GroupId", `{"From_Account":"ann"}`, 10004},
		{"GroupId empty", `{"GroupId":"","From_Account":"ann"}`, 10015},
		{"GroupId too long", `{"GroupId":"` + strings.Repeat("x", 49) + `","From_Account":"ann"}`, 10015},
		{"a topic's id", `{"GroupId":"$@TOPIC#_x","From_Account":"ann"}`, 10010},
		{"a topic's id over 48 bytes", `{"GroupId":"$@TOPIC#_` + strings.Repeat("x", 40) + `","From_Account":"ann"}`, 10015},
		{"unknown community", `{"GroupId":"@TGS#_none","From_Account":"ann"}`, 10010},
		{"a group of another type", `{"GroupId":"plain","From_Account":"ann"}`, 11000},
		{"a community without topics", `{"GroupId":"@TGS#_quiet","From_Account":"ann"}`, 11000},
		{"no From_Account", `{"GroupId":"$"}`, 10004},
		{"From_Account null", `{"GroupId":"$","From_Account":null}`, 10004},
		{"From_Account empty", `{"GroupId":"$","From_Account":""}`, 10004},
		{"From_Account too long", `{"GroupId":"$","From_Account":"` + strings.Repeat("x", 33) + `"}`, 10004},
		{"From_Account of another type", `{"GroupId":"$","From_Account":{}}`, 60015},
		{"no From_Account before bad GroupId", `{"GroupId":""}`, 10004},
		{"stranger", `{"GroupId":"$","From_Account":"zoe"}`, 10007},
		{"account that does not exist", `{"GroupId":"$","From_Account":"nobody"}`, 10007},
		{"stranger of a group without topics", `{"GroupId":"plain","From_Account":"zoe"}`, 11000},
		{"TopicIdList of another type", `{"GroupId":"$","From_Account":"ann","TopicIdList":"x"}`, 10004},
		{"TopicIdList with a number", `{"GroupId":"$","From_Account":"ann","TopicIdList":[5]}`, 10004},
		{"TopicIdList with null", `{"GroupId":"$","From_Account":"ann","TopicIdList":[null]}`, 10004},
		{"ResponseFilter of another type", `{"GroupId":"$","From_Account":"ann","ResponseFilter":"TopicName"}`, 10004},
		{"number that is a member", `{"GroupId":"$","From_Account":1441}`, 0},
		{"number that is not", `{"GroupId":"$","From_Account":1442}`, 10007},
	})
}

func TestGetTopicShowsAnAdminWhoIsNoMemberNothingOfHisOwn(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	one := town.topic("one")
	one.send("administrator", 2)
	self := town.topics("administrator").Items[0].Self
	if self.ReadSeq != 0 || self.ShutUpTime != 0 || self.Flag != "AcceptAndNotify" {
		t.Errorf("SelfInfo is %+v", *self)
	}
}

func TestGetTopicShowsTheNewestMessage(t *testing.T) {
	town := newTown(t, noOptions, "ann", "bob")
	one := town.topic("one")
	two := town.topic("two")
	one.send("ann", 2)
	town.srv.Clock.Advance(minute)
	one.send("bob", 1)
	sent := town.now()
	town.srv.Clock.Advance(minute)
	one.recall("bob") // which moves neither

	got := one.topics("ann").Items[0].Topic
	if got.NextMsgSeq != 4 || got.LastMsgTime != sent {
		t.Errorf("NextMsgSeq is %d and LastMsgTime %d, want 4 and %d", got.NextMsgSeq, got.LastMsgTime, sent)
	}
	if got := two.topics("ann").Items[0].Topic; got.NextMsgSeq != 1 || got.LastMsgTime != 0 {
		t.Errorf("the other topic has NextMsgSeq %d and LastMsgTime %d", got.NextMsgSeq, got.LastMsgTime)
	}
}

func TestReadPositionInATopicIsOfTheOwnMessages(t *testing.T) {
	town := newTown(t, noOptions, "ann", "bob")
	one, two := town.topic("one"), town.topic("two")
	one.send("ann", 1)
	one.send("bob", 1)
	one.send("ann", 1)
	two.send("bob", 1)
	want := func(r *room, account string, read uint32) {
		t.Helper()
		if got := r.topics(account).Items[0].Self.ReadSeq; got != read {
			t.Errorf("%s has read up to %d in %s, want %d", account, got, r.topicID, read)
		}
	}
	for range 2 {
		want(one, "ann", 3)
		want(one, "bob", 2)
		want(two, "ann", 0)
		want(two, "bob", 1)
		town.srv.Restart(t) // and once more from the store
	}
	// Reading and pulling move nothing.
	one.pull(20)
	want(one, "bob", 2)
	// Who joins later has everything unread.
	town.srv.Call(t, "im_open_login_svc", "account_import", `{"UserID":"eve"}`).MustOK(t)
	town.call("add_group_member", `{"GroupId":%q,"MemberList":[{"Member_Account":"eve"}]}`, town.group).MustOK(t)
	want(one, "eve", 0)
}

func TestGetTopicShowsMutesOfTheTopicAlone(t *testing.T) {
	town := newTown(t, noOptions, "ann", "bob")
	one, two := town.topic("one"), town.topic("two")
	now := town.now()
	mute := func(topicID string, seconds uint32) {
		t.Helper()
		town.call("forbid_send_msg", `{"GroupId":%q,"TopicId":%q,"Members_Account":["bob"],"MuteTime":%d}`, town.group, topicID, seconds).MustOK(t)
	}
	want := func(r *room, until uint32) {
		t.Helper()
		if got := r.topics("bob").Items[0].Self.ShutUpTime; got != until {
			t.Errorf("bob is muted until %d in %s, want %d", got, r.topicID, until)
		}
	}
	mute(one.topicID, 60)
	mute("", 4294967295) // the whole community
	want(one, uint32(now+60))
	want(two, 0)
	mute(two.topicID, 4294967295)
	want(two, 4294967295)
	if got := one.topics("ann").Items[0].Self.ShutUpTime; got != 0 {
		t.Errorf("ann is muted until %d", got)
	}
	town.srv.Clock.Advance(minute) // it has run out
	want(one, 0)
	mute(two.topicID, 0)
	want(two, 0)
}

func TestGetTopicShowsTheFlagOfTheTopic(t *testing.T) {
	town := newTown(t, noOptions, "ann", "bob")
	one, two := town.topic("one"), town.topic("two")
	town.call("modify_group_member_info", `{"GroupId":%q,"TopicId":%q,"Member_Account":"bob","MsgFlag":"Discard"}`, town.group, one.topicID).MustOK(t)
	one.send("bob", 1) // which is written over the same record
	if got := one.topics("bob").Items[0].Self.Flag; got != "Discard" {
		t.Errorf("MsgFlag is %q", got)
	}
	if got := two.topics("bob").Items[0].Self.Flag; got != "AcceptAndNotify" {
		t.Errorf("MsgFlag in the other topic is %q", got)
	}
}

func TestDefaultPermissionIsShownWhereItWasSet(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	town.million("create_topic", `{"GroupId":%q,"TopicId":"@TGS#_town@TOPIC#_a","TopicName":"a","DefaultPermission":9007199254740993}`, town.group).MustOK(t)
	town.topic("b")
	shown := func(name string) string {
		t.Helper()
		return string(town.million("get_topic", `{"GroupId":%q,"From_Account":"ann","TopicIdList":[%q]}`, town.group, town.group+"@TOPIC#_"+name).MustOK(t).Raw)
	}
	if got := shown("a"); !strings.Contains(got, `"DefaultPermission":9007199254740993`) {
		t.Errorf("the topic is %s", got)
	}
	if got := shown("b"); strings.Contains(got, "DefaultPermission") {
		t.Errorf("the topic is %s", got)
	}
	town.million("modify_topic", `{"GroupId":%q,"TopicId":"@TGS#_town@TOPIC#_b","DefaultPermission":0}`, town.group).MustOK(t)
	if got := shown("b"); !strings.Contains(got, `"DefaultPermission":0`) {
		t.Errorf("the topic is %s", got)
	}
	town.million("modify_topic", `{"GroupId":%q,"TopicId":"@TGS#_town@TOPIC#_a","TopicName":"new"}`, town.group).MustOK(t)
	if got := shown("a"); !strings.Contains(got, `"DefaultPermission":9007199254740993`) {
		t.Errorf("the topic is %s after a change of its name", got)
	}
	// An import cannot set it.
	town.call("import_topic", `{"GroupId":%q,"TopicId":"@TGS#_town@TOPIC#_c","TopicName":"c","DefaultPermission":1}`, town.group).MustOK(t)
	if got := shown("c"); strings.Contains(got, "DefaultPermission") {
		t.Errorf("the topic is %s", got)
	}
}

func TestTopicsSurviveARestart(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	one := town.topic("one")
	one.send("ann", 3)
	before := string(town.topics("ann").raw)
	town.srv.Restart(t)
	if after := string(town.topics("ann").raw); after != before {
		t.Errorf("topics were %s and are %s", before, after)
	}
	if got := one.send("ann", 1); got != 4 {
		t.Errorf("the next message has number %d", got)
	}
}

func TestSomebodyWhoLeavesHasNoTopicsAndKeepsHisMutes(t *testing.T) {
	town := newTown(t, noOptions, "ann", "bob")
	one := town.topic("one")
	one.send("bob", 2)
	town.call("forbid_send_msg", `{"GroupId":%q,"TopicId":%q,"Members_Account":["bob"],"MuteTime":4294967295}`, town.group, one.topicID).MustOK(t)
	town.call("delete_group_member", `{"GroupId":%q,"MemberToDel_Account":["bob"]}`, town.group).MustOK(t)
	town.million("get_topic", `{"GroupId":%q,"From_Account":"bob"}`, town.group).WantCode(t, 10007)
	one.wantLive(1, 2)
	town.call("add_group_member", `{"GroupId":%q,"MemberList":[{"Member_Account":"bob"}]}`, town.group).MustOK(t)
	if self := one.topics("bob").Items[0].Self; self.ShutUpTime != 4294967295 {
		t.Errorf("bob came back with %+v", *self)
	}
}

func TestPositionsOfManySendersInATopicAreWrittenDown(t *testing.T) {
	town := newTown(t, func(o *apitest.Options) { o.Settings.MaxMembers = 10 }, "ann", "bob")
	one := town.topic("one")
	one.send("bob", 1)
	one.send("ann", 1100) // more than are kept in memory alone
	if got := one.topics("bob").Items[0].Self.ReadSeq; got != 1 {
		t.Errorf("bob has read up to %d, want 1", got)
	}
	town.srv.Restart(t)
	if got := one.topics("bob").Items[0].Self.ReadSeq; got != 1 {
		t.Errorf("bob has read up to %d after a restart, want 1", got)
	}
	if got := one.topics("ann").Items[0].Self.ReadSeq; got != 1101 {
		t.Errorf("ann has read up to %d after a restart, want 1101", got)
	}
}
