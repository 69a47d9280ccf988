package api_test

import (
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/internal/testengine"
)

// create_topic and import_topic (spec 05 sections 1.7, 1.8.1 and 1.8.2).

const bareOK = `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`

// newTown makes a community with topics on a server of its own; the first
// member is its owner.
func newTown(t *testing.T, set func(*apitest.Options), members ...string) *room {
	t.Helper()
	town := &room{t: t, srv: newRoomWith(t, set, "Public", members...).srv, group: "@TGS#_town", random: &atomic.Uint32{}}
	town.found(members...)
	return town
}

// found creates the town; the first member is its owner.
func (r *room) found(members ...string) {
	r.t.Helper()
	r.call("create_group", `{"Type":"Community","Name":"town","GroupId":%q,"SupportTopic":1,"Owner_Account":%q,"MemberList":[{"Member_Account":"%s"}]}`,
		r.group, members[0], strings.Join(members, `"},{"Member_Account":"`)).MustOK(r.t)
}

func noOptions(*apitest.Options) {}

// million calls a command under the service that its page names.
func (r *room) million(command, format string, args ...any) apitest.Answer {
	r.t.Helper()
	return r.srv.Call(r.t, "million_group_open_http_svc", command, fmt.Sprintf(format, args...))
}

// refusal is one call that must be refused, or with code 0 succeed.
type refusal struct {
	name, body string
	code       int
}

// check runs the calls, in which $ stands for the town's id.
func (r *room) check(service, command string, calls []refusal) {
	r.t.Helper()
	for _, c := range calls {
		answer := r.srv.Call(r.t, service, command, strings.ReplaceAll(c.body, "$", r.group))
		if answer.Code != c.code {
			r.t.Errorf("%s: %s answered %s, want code %d", c.name, command, answer.Raw, c.code)
		}
	}
}

// topicForms are the checks of form and of the community that create_topic,
// import_topic and modify_topic share; need holds the fields that the command
// requires beside GroupId.
func topicForms(town *room, need string) []refusal {
	long := func(field string, n int) string { return fmt.Sprintf(`%q:%q`, field, strings.Repeat("é", n/2)) }
	texts := []refusal{}
	for field, most := range map[string]int{"TopicName": 150, "FaceUrl": 500, "Notification": 400, "Introduction": 400, "CustomString": 3000} {
		// A name may stand in need already; the last one counts.
		texts = append(texts,
			refusal{field + " of the greatest length", `{"GroupId":"$",` + need + `,` + long(field, most) + `}`, 0},
			refusal{field + " too long", `{"GroupId":"$",` + need + `,` + long(field, most+2) + `}`, 10004},
			refusal{field + " of another type", `{"GroupId":"$",` + need + `,"` + field + `":5}`, 10004})
	}
	return append(texts, []refusal{
		{"no GroupId", `{` + need + `}`, 10004},
		{"GroupId null", `{"GroupId":null,` + need + `}`, 10004},
		{"GroupId of another type", `{"GroupId":5,` + need + `}`, 10004},
		{"GroupId empty", `{"GroupId":"",` + need + `}`, 10015},
		{"GroupId too long", `{"GroupId":"` + strings.Repeat("x", 49) + `",` + need + `}`, 10015},
		{"GroupId not printable", `{"GroupId":"caf\u00e9",` + need + `}`, 10015},
		{"GroupId a topic's id", `{"GroupId":"$@TOPIC#_one",` + need + `}`, 10010},
		{"unknown community", `{"GroupId":"@TGS#_none",` + need + `}`, 10010},
		{"a group of another type", `{"GroupId":"plain",` + need + `}`, 11000},
		{"a community without topics", `{"GroupId":"@TGS#_quiet",` + need + `}`, 11000},
		{"bad form before bad GroupId", `{"GroupId":"",` + need + `,"TopicName":5}`, 10004},
		{"bad GroupId before unknown community", `{"GroupId":"\u00e9",` + need + `}`, 10015},
		{"no topics before bad TopicId", `{"GroupId":"@TGS#_quiet",` + need + `,"TopicId":"x"}`, 11000},
		{"TopicName empty", `{"GroupId":"$",` + need + `,"TopicName":""}`, 10004},
		{"TopicId of another type", `{"GroupId":"$",` + need + `,"TopicId":5}`, 10004},
		{"TopicId without the community", `{"GroupId":"$",` + need + `,"TopicId":"@TGS#_other@TOPIC#_x"}`, 10004},
		{"TopicId without a name", `{"GroupId":"$",` + need + `,"TopicId":"$@TOPIC#_"}`, 10004},
		{"TopicId not printable", `{"GroupId":"$",` + need + `,"TopicId":"$@TOPIC#_\u00e9"}`, 10004},
		{"TopicId of 97 bytes", `{"GroupId":"$",` + need + `,"TopicId":"$@TOPIC#_` + strings.Repeat("x", 97-len(town.group)-8) + `"}`, 10004},
		{"stranger", `{"GroupId":"$",` + need + `,"From_Account":"zoe"}`, 10007},
		{"account that does not exist", `{"GroupId":"$",` + need + `,"From_Account":"nobody"}`, 10007},
		{"number that is no member", `{"GroupId":"$",` + need + `,"From_Account":144115}`, 10007},
		{"From_Account too long", `{"GroupId":"$",` + need + `,"From_Account":"` + strings.Repeat("x", 33) + `"}`, 10004},
		{"From_Account of another type", `{"GroupId":"$",` + need + `,"From_Account":true}`, 60015},
		{"account of another type before bad form", `{"GroupId":5,` + need + `,"From_Account":[]}`, 60015},
		{"refused word in the name", `{"GroupId":"$",` + need + `,"TopicName":"damn it"}`, 80001},
		{"refused word in the notice", `{"GroupId":"$",` + need + `,"Notification":"damn it"}`, 80001},
		{"refused word in the introduction", `{"GroupId":"$",` + need + `,"Introduction":"damn it"}`, 80001},
		{"in a member's name", `{"GroupId":"$",` + need + `,"From_Account":"bob"}`, 0},
		{"in an admin's name", `{"GroupId":"$",` + need + `,"From_Account":"administrator"}`, 0},
		{"From_Account empty", `{"GroupId":"$",` + need + `,"From_Account":""}`, 0},
		{"member whose name is a number", `{"GroupId":"$",` + need + `,"From_Account":1441}`, 0},
		{"TopicType of newer clients is ignored", `{"GroupId":"$",` + need + `,"TopicType":"Private"}`, 0},
	}...)
}

// newTownWithNeighbours makes the town that topicForms speaks of.
func newTownWithNeighbours(t *testing.T) *room {
	t.Helper()
	town := newTown(t, func(o *apitest.Options) { o.Settings.RefusedWords = []string{"damn"} }, "ann", "bob", "1441")
	town.srv.Call(t, "im_open_login_svc", "account_import", `{"UserID":"zoe"}`).MustOK(t)
	town.call("create_group", `{"Type":"Public","Name":"plain","GroupId":"plain"}`).MustOK(t)
	town.call("create_group", `{"Type":"Community","Name":"quiet","GroupId":"@TGS#_quiet"}`).MustOK(t)
	return town
}

func TestCreateTopicAnswersTheCustomID(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	town.million("create_topic", `{"GroupId":%q,"TopicId":"@TGS#_town@TOPIC#_harbour","TopicName":"Harbour","From_Account":"ann","Notification":"Race on Sunday"}`, town.group).
		WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"TopicId":"@TGS#_town@TOPIC#_harbour"}`)
}

func TestCreateTopicAssignsAnID(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	seen := map[string]bool{}
	for _, body := range []string{`{"GroupId":%q,"TopicName":"Harbour"}`, `{"GroupId":%q,"TopicName":"Harbour","TopicId":""}`} {
		var created struct {
			TopicID string `json:"TopicId"`
		}
		town.million("create_topic", body, town.group).MustOK(t).Decode(t, &created)
		if !regexp.MustCompile(`^@TGS#_town@TOPIC#_@TOPIC#c[A-Z2-7]{11}$`).MatchString(created.TopicID) || seen[created.TopicID] {
			t.Errorf("assigned id is %q after %v", created.TopicID, seen)
		}
		seen[created.TopicID] = true
	}
}

func TestCreateTopicChecksItsFields(t *testing.T) {
	town := newTownWithNeighbours(t)
	town.check("million_group_open_http_svc", "create_topic", append(topicForms(town, `"TopicName":"Harbour"`), []refusal{
		{"no TopicName", `{"GroupId":"$"}`, 10004},
		{"TopicName null", `{"GroupId":"$","TopicName":null}`, 10004},
		{"custom id with the mark of assigned ones", `{"GroupId":"$","TopicName":"x","TopicId":"$@TOPIC#_@TOPIC#x"}`, 10004},
		{"custom id with a community inside", `{"GroupId":"$","TopicName":"x","TopicId":"$@TOPIC#_x@TGS#_y"}`, 10004},
		{"custom id of 96 bytes", `{"GroupId":"$","TopicName":"x","TopicId":"$@TOPIC#_` + strings.Repeat("x", 96-len(town.group)-8) + `"}`, 0},
		{"custom id with every kind of character", `{"GroupId":"$","TopicName":"x","TopicId":"$@TOPIC#_ a~'\"\\/@TOPIC#_"}`, 0},
		{"DefaultPermission of another type", `{"GroupId":"$","TopicName":"x","DefaultPermission":"1"}`, 10004},
		{"bad TopicId before stranger", `{"GroupId":"$","TopicName":"x","TopicId":"x","From_Account":"zoe"}`, 10004},
	}...))
}

func TestCreateTopicWithATakenID(t *testing.T) {
	town := newTown(t, func(o *apitest.Options) { o.Settings.MaxTopics = 1 }, "ann")
	one := town.topic("one")
	// The id is checked before the account and the number of topics.
	town.million("create_topic", `{"GroupId":%q,"TopicId":%q,"TopicName":"again","From_Account":"nobody"}`, town.group, one.topicID).
		WantJSON(t, `{"ActionStatus":"FAIL","ErrorInfo":"group id has be used by youself!","ErrorCode":10025}`)
	// Letters' case counts.
	town.million("create_topic", `{"GroupId":%q,"TopicId":%q,"TopicName":"again"}`, town.group, town.group+"@TOPIC#_ONE").WantCode(t, 10037)
}

func TestTopicsOfACommunityAreLimited(t *testing.T) {
	town := newTown(t, func(o *apitest.Options) { o.Settings.MaxTopics = 3 }, "ann")
	one := town.topic("one")
	town.call("import_topic", `{"GroupId":%q,"TopicName":"two"}`, town.group).MustOK(t)
	town.topic("three")
	town.million("create_topic", `{"GroupId":%q,"TopicName":"four"}`, town.group).WantCode(t, 10037)
	town.call("import_topic", `{"GroupId":%q,"TopicName":"four"}`, town.group).WantCode(t, 10037)
	town.million("destroy_topic", `{"GroupId":%q,"TopicIdList":[%q]}`, town.group, one.topicID).MustOK(t)
	town.topic("four")
	town.million("create_topic", `{"GroupId":%q,"TopicName":"five"}`, town.group).WantCode(t, 10037)
}

func TestACommunityHas200TopicsByDefault(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	for i := range 200 {
		town.topic(fmt.Sprint(i))
	}
	town.million("create_topic", `{"GroupId":%q,"TopicName":"one too many"}`, town.group).WantCode(t, 10037)
	if n := len(town.topics("ann").Items); n != 200 {
		t.Errorf("get_topic lists %d topics", n)
	}
}

func TestTopicCommandsLeaveTheCommunityAlone(t *testing.T) {
	town := newTown(t, noOptions, "ann", "bob")
	before, pulled := town.info(), string(town.pull(20).raw)
	town.srv.Clock.Advance(minute)
	one := town.topic("one")
	town.call("import_topic", `{"GroupId":%q,"TopicName":"two"}`, town.group).MustOK(t)
	town.million("modify_topic", `{"GroupId":%q,"TopicId":%q,"TopicName":"new","MuteAllMember":"On"}`, town.group, one.topicID).MustOK(t)
	one.pull(20).wantSeqs()
	town.million("destroy_topic", `{"GroupId":%q,"TopicIdList":[%q]}`, town.group, one.topicID).MustOK(t)
	if after := town.info(); after != before {
		t.Errorf("the community was %s and is %s", before, after)
	}
	if after := string(town.pull(20).raw); after != pulled {
		t.Errorf("the community's own stream was %s and is %s", pulled, after)
	}
}

func TestTopicsWhereCommunitiesAreOff(t *testing.T) {
	engine := testengine.Open(t)
	town := newTown(t, func(o *apitest.Options) { o.Store = engine }, "ann")
	one := town.topic("one")
	o := apitest.DefaultOptions()
	o.Store, o.Settings.Communities = engine, false
	town.srv = apitest.New(t, o)
	town.million("create_topic", `{"GroupId":%q,"TopicName":"two"}`, town.group).WantCode(t, 11000)
	town.call("import_topic", `{"GroupId":%q,"TopicName":"two"}`, town.group).WantCode(t, 11000)
	town.million("get_topic", `{"GroupId":%q,"From_Account":"ann"}`, town.group).WantCode(t, 11000)
	town.million("modify_topic", `{"GroupId":%q,"TopicId":%q}`, town.group, one.topicID).WantCode(t, 11000)
	town.million("destroy_topic", `{"GroupId":%q,"TopicIdList":[%q]}`, town.group, one.topicID).WantCode(t, 11000)
	town.million("get_topic", `{"GroupId":"none","From_Account":"ann"}`).WantCode(t, 10010)
	town.call("create_permission_group", `{"GroupId":%q,"PermissionGroupName":"n"}`, town.group).WantCode(t, 11000)
	town.call("get_permission_group", `{"GroupId":%q}`, town.group).WantCode(t, 11000)
}

func TestImportTopicAnswersTheID(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	answer := town.call("import_topic", `{"Type":"Community","GroupId":%q,"TopicName":"Old harbour","CreateTime":1600000000}`, town.group)
	var imported struct {
		TopicID string `json:"TopicId"`
	}
	answer.MustOK(t).Decode(t, &imported)
	answer.WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"TopicId":%q}`, imported.TopicID))
	if created := town.topics("ann").Items[0].Topic.CreateTime; created != 1_600_000_000 {
		t.Errorf("CreateTime is %d", created)
	}
}

func TestImportTopicChecksItsFields(t *testing.T) {
	town := newTownWithNeighbours(t)
	now := town.now()
	town.check("group_open_http_svc", "import_topic", append(topicForms(town, `"TopicName":"Old"`), []refusal{
		{"no TopicName", `{"GroupId":"$"}`, 10004},
		{"another Type", `{"GroupId":"$","TopicName":"x","Type":"Public"}`, 10004},
		{"Type of another type", `{"GroupId":"$","TopicName":"x","Type":5}`, 10004},
		{"Type empty", `{"GroupId":"$","TopicName":"x","Type":""}`, 0},
		{"created in the future", fmt.Sprintf(`{"GroupId":"$","TopicName":"x","CreateTime":%d}`, now+1), 10004},
		{"created before time began", `{"GroupId":"$","TopicName":"x","CreateTime":-1}`, 10004},
		{"created at a broken time", `{"GroupId":"$","TopicName":"x","CreateTime":1.5}`, 10004},
		{"created now", fmt.Sprintf(`{"GroupId":"$","TopicName":"x","CreateTime":%d}`, now), 0},
		{"custom id", `{"GroupId":"$","TopicName":"x","TopicId":"$@TOPIC#_old"}`, 0},
		{"taken id", `{"GroupId":"$","TopicName":"x","TopicId":"$@TOPIC#_old"}`, 10021},
		{"taken id before stranger", `{"GroupId":"$","TopicName":"x","TopicId":"$@TOPIC#_old","From_Account":"zoe"}`, 10021},
	}...))
}

func TestImportTopicWithATakenIDSaysSo(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	town.call("import_topic", `{"GroupId":%q,"TopicName":"x","TopicId":%q}`, town.group, town.topic("one").topicID).
		WantJSON(t, `{"ActionStatus":"FAIL","ErrorInfo":"group id has be used!","ErrorCode":10021}`)
}

func TestImportTopicWithoutATimeIsOfNow(t *testing.T) {
	for _, given := range []string{``, `,"CreateTime":0`, `,"CreateTime":null`} {
		town := newTown(t, noOptions, "ann")
		town.srv.Clock.Advance(minute)
		town.call("import_topic", `{"GroupId":%q,"TopicName":"x"%s}`, town.group, given).MustOK(t)
		if created := town.topics("ann").Items[0].Topic.CreateTime; created != town.now() {
			t.Errorf("CreateTime is %d, want now, %d", created, town.now())
		}
	}
}

func TestTopicCommandsAreServedUnderEveryGroupService(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	one := town.topic("one")
	for _, service := range []string{"group_open_http_svc", "million_group_open_http_svc", "group_open_attr_http_svc", "group_open_avchatroom_http_svc"} {
		for command, rest := range map[string]string{
			"create_topic": `"TopicName":"x"`, "import_topic": `"TopicName":"x"`, "get_topic": `"From_Account":"ann"`,
			"modify_topic": `"TopicId":"` + one.topicID + `"`, "destroy_topic": `"TopicIdList":["x"]`,
		} {
			town.srv.Call(t, service, command, fmt.Sprintf(`{"GroupId":%q,%s}`, town.group, rest)).MustOK(t)
		}
	}
}

// A migration goes group, members, topic, messages.
func TestMigrationOfACommunityWithTopics(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	town.group = "@TGS#_old"
	created := town.now() - 1000
	town.call("import_group", `{"Type":"Community","Name":"old","GroupId":%q,"SupportTopic":1,"CreateTime":%d,"Owner_Account":"ann"}`, town.group, created).MustOK(t)
	town.call("import_group_member", `{"GroupId":%q,"MemberList":[{"Member_Account":"bob","JoinTime":%d}]}`, town.group, created).MustOK(t)
	one := *town
	one.topicID = town.group + "@TOPIC#_one"
	town.call("import_topic", `{"GroupId":%q,"TopicId":%q,"TopicName":"one","CreateTime":%d}`, town.group, one.topicID, created+10).MustOK(t)
	// A message may be older than its topic but not than the community.
	one.importWith(item("bob", created, "")+","+item("ann", created+20, "")).
		WantJSON(t, results([3]int64{1, created, 0}, [3]int64{2, created + 20, 0}))
	got := town.topics("bob").Items[0]
	if got.Topic.NextMsgSeq != 3 || got.Topic.LastMsgTime != created+20 || got.Topic.CreateTime != created+10 {
		t.Errorf("the topic is %+v", got.Topic)
	}
	if got.Self.ReadSeq != 2 { // an import leaves nobody anything unread
		t.Errorf("bob has read up to %d, want 2", got.Self.ReadSeq)
	}
}
