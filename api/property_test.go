package api_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/chat"
	"pgregory.net/rapid"
)

// TestServerKeepsToTheModel drives random commands against a server and
// against the model of model_test.go and compares every answer, and the
// histories page by page, in both modes.
func TestServerKeepsToTheModel(t *testing.T) {
	if raceDetector { // under which a run takes eight times as long
		checkLess(t, 20)
	}
	for name, set := range map[string]func(*apitest.Options){
		"window of 1,000": func(*apitest.Options) {},
		"window of 7, retention, background work": func(o *apitest.Options) {
			o.Settings.DeleteBySenderWindow = 7
			o.Settings.HistoryRetentionDays = 1
			o.Settings.CommunityDirectMessage = true
			o.Settings.HistoryTipStyle = "array"
			o.Housekeeping = 200 * time.Millisecond
		},
		"window of 40, placeholders": func(o *apitest.Options) {
			o.Settings.DeleteBySenderWindow = 40
			o.Settings.RecalledAsPlaceholder = true
			o.Settings.RecalledBody = "empty"
			o.Settings.TipsMemberChange = []chat.GroupType{chat.ChatRoom, chat.Community}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := apitest.DefaultOptions()
			o.Settings.ImportMaxBatch = 450
			set(&o)
			srv := apitest.New(t, o)
			for _, account := range modelAccounts {
				srv.Call(t, "im_open_login_svc", "account_import", fmt.Sprintf(`{"UserID":%q}`, account)).MustOK(t)
			}
			runs := 0
			rapid.Check(t, func(rt *rapid.T) {
				runs++
				newDrive(t, rt, srv, o.Settings, runs).run()
			})
		})
	}
}

// checkLess lowers the number of runs unless it was asked for.
func checkLess(t *testing.T, runs int) {
	checks := flag.Lookup("rapid.checks")
	if checks.Value.String() != checks.DefValue {
		return
	}
	if err := checks.Value.Set(strconv.Itoa(runs)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := checks.Value.Set(checks.DefValue); err != nil {
			t.Error(err)
		}
	})
}

var modelAccounts = []string{"ann", "bob", "eve"}

// drive is one run: groups of its own on a server that outlives it.
type drive struct {
	*model
	outer   *testing.T
	rt      *rapid.T
	srv     *apitest.Server
	ids     []string // of the groups that it makes; of each kind of id two
	random  uint32
	earlier []earlierSend // to be repeated
}

func newDrive(outer *testing.T, rt *rapid.T, srv *apitest.Server, settings chat.Settings, run int) *drive {
	d := &drive{
		model: &model{settings: settings, accounts: append([]string{apitest.Admin}, modelAccounts...), groups: map[string]*modelGroup{}},
		outer: outer, rt: rt, srv: srv,
	}
	for i := range 2 {
		d.ids = append(d.ids, fmt.Sprintf("run%d-%d", run, i), fmt.Sprintf("@TGS#_run%d-%d", run, i))
	}
	return d
}

func (d *drive) run() {
	d.createGroup()
	// Mostly few, sometimes as many as a window or as a bucket of the log.
	window := d.settings.DeleteBySenderWindow
	d.bulk(rapid.SampledFrom([]int{0, 0, 0, 0, 0, 5, 30, window - 5, 0, 0, 0, 4080}).Draw(d.rt, "messages to begin with"))
	d.rt.Repeat(map[string]func(*rapid.T){
		"":                 d.compareSome,
		"create group":     func(*rapid.T) { d.createGroup() },
		"destroy group":    func(*rapid.T) { d.destroyGroup() },
		"create topic":     func(*rapid.T) { d.createTopic("create_topic", refusedTopicInUse) },
		"import topic":     func(*rapid.T) { d.createTopic("import_topic", refusedInUse) },
		"destroy topics":   func(*rapid.T) { d.destroyTopics() },
		"send":             func(*rapid.T) { d.send() },
		"send more":        func(*rapid.T) { d.send() },
		"repeat":           func(*rapid.T) { d.repeat() },
		"import":           func(*rapid.T) { d.importSome() },
		"import many":      func(*rapid.T) { d.bulk(rapid.IntRange(1, window+window/4).Draw(d.rt, "messages")) },
		"add members":      func(*rapid.T) { d.addMembers() },
		"remove members":   func(*rapid.T) { d.removeMembers() },
		"notify":           func(*rapid.T) { d.notify() },
		"recall by sender": func(*rapid.T) { d.recallBySender() },
		"recall by number": func(*rapid.T) { d.recallByNumber() },
		"time passes":      func(*rapid.T) { d.passTime() },
		"restart":          func(*rapid.T) { d.srv.Restart(d.outer); d.restart() },
	})
	d.compareAll()
	for _, id := range slices.Sorted(maps.Keys(d.groups)) {
		d.want("destroy_group", fmt.Sprintf(`{"GroupId":%q}`, id), 0)
	}
}

// call calls a command; only the protocol below its answer may fail.
func (d *drive) call(command, body string) apitest.Answer {
	d.rt.Helper()
	answer, err := d.srv.Try(context.Background(), "group_open_http_svc", command, body)
	if err != nil {
		d.rt.Fatal(err)
	}
	return answer
}

func (d *drive) want(command, body string, code int) apitest.Answer {
	d.rt.Helper()
	answer := d.call(command, body)
	if answer.Code != code {
		d.rt.Fatalf("%s %.2000s answered %s, want code %d", command, body, answer.Raw, code)
	}
	return answer
}

func (d *drive) decode(answer apitest.Answer, v any) {
	d.rt.Helper()
	if err := json.Unmarshal(answer.Raw, v, jsontext.AllowDuplicateNames(true)); err != nil {
		d.rt.Fatalf("decode %s: %v", answer.Raw, err)
	}
}

func (d *drive) now() int64 { return d.srv.Clock.Now().Unix() }

func (d *drive) account(label string) string {
	return rapid.SampledFrom([]string{"ann", "ann", "bob", "bob", "eve", apitest.Admin}).Draw(d.rt, label)
}

// target draws a stream, mostly one that exists.
func (d *drive) target() target {
	var live []target
	for _, id := range slices.Sorted(maps.Keys(d.groups)) {
		live = append(live, target{group: id})
		for _, topic := range slices.Sorted(maps.Keys(d.groups[id].topics)) {
			live = append(live, target{id, topic}, target{id, topic})
		}
	}
	if len(live) > 0 && rapid.IntRange(0, 9).Draw(d.rt, "stream exists") > 0 {
		return rapid.SampledFrom(live).Draw(d.rt, "stream")
	}
	t := target{group: d.groupID()}
	if strings.HasPrefix(t.group, "@TGS#_") && rapid.Bool().Draw(d.rt, "topic") {
		t.topic = d.topicID(t.group)
	}
	return t
}

func (d *drive) groupID() string { return rapid.SampledFrom(d.ids).Draw(d.rt, "group") }

func (d *drive) topicID(group string) string {
	return group + "@TOPIC#_" + rapid.SampledFrom([]string{"one", "two"}).Draw(d.rt, "topic")
}

// in begins a request on a stream.
func (t target) in() string { return fmt.Sprintf(`{"GroupId":%q,"TopicId":%q,`, t.group, t.topic) }

func jsonText(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func jsonList(list []string) string {
	b, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (d *drive) createGroup() {
	id := d.groupID()
	kind := chat.Community
	if !strings.HasPrefix(id, "@") {
		kind = rapid.SampledFrom([]chat.GroupType{chat.Private, chat.Public, chat.ChatRoom, chat.AVChatRoom}).Draw(d.rt, "type")
	}
	g := &modelGroup{
		kind: kind, created: d.now(), own: newModelStream(kind != chat.AVChatRoom), topics: map[string]*modelStream{},
		hasTopics: kind == chat.Community && rapid.IntRange(0, 3).Draw(d.rt, "with topics") > 0,
	}
	support := 0
	if g.hasTopics {
		support = 1
	}
	body := fmt.Sprintf(`{"Type":%q,"Name":"model","GroupId":%q,"SupportTopic":%d}`, kind, id, support)
	if d.groups[id] != nil {
		d.want("create_group", body, refusedInUse)
		return
	}
	d.want("create_group", body, 0)
	d.groups[id] = g
}

func (d *drive) destroyGroup() {
	id, code := d.groupID(), 0
	if d.groups[id] == nil {
		code = refusedGone
	}
	d.want("destroy_group", fmt.Sprintf(`{"GroupId":%q}`, id), code)
	delete(d.groups, id)
}

func (d *drive) community() string {
	return rapid.SampledFrom([]string{d.ids[1], d.ids[3]}).Draw(d.rt, "community")
}

func (d *drive) createTopic(command string, inUse int) {
	id := d.community()
	topic := d.topicID(id)
	g, code := d.groups[id], 0
	switch {
	case g == nil:
		code = refusedGone
	case !g.hasTopics:
		code = 11000
	case g.topics[topic] != nil:
		code = inUse
	}
	d.want(command, fmt.Sprintf(`{"GroupId":%q,"TopicId":%q,"TopicName":"model"}`, id, topic), code)
	if code == 0 {
		g.topics[topic] = newModelStream(true)
	}
}

func (d *drive) destroyTopics() {
	id := d.community()
	topics := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
		return id + "@TOPIC#_" + rapid.SampledFrom([]string{"one", "two", "none"}).Draw(t, "topic")
	}), 1, 3).Draw(d.rt, "topics")
	g, code := d.groups[id], 0
	switch {
	case g == nil:
		code = refusedGone
	case !g.hasTopics:
		code = 11000
	}
	answer := d.want("destroy_topic", fmt.Sprintf(`{"GroupId":%q,"TopicIdList":%s}`, id, jsonList(topics)), code)
	if code != 0 {
		return
	}
	type item struct {
		Topic string `json:"TopicId"`
		Code  int    `json:"ErrorCode"`
	}
	var got struct {
		Items []item `json:"DestroyResultItem"`
	}
	d.decode(answer, &got)
	var want []item
	for _, topic := range topics {
		code := 0
		if g.topics[topic] == nil {
			code = 110003
		}
		delete(g.topics, topic)
		want = append(want, item{topic, code})
	}
	if !slices.Equal(got.Items, want) {
		d.rt.Fatalf("destroy_topic answered %+v, want %+v", got.Items, want)
	}
}

// someAccounts draws accounts for a change of members, perhaps one twice.
func (d *drive) someAccounts() []string {
	return rapid.SliceOfN(rapid.SampledFrom(modelAccounts), 1, 4).Draw(d.rt, "accounts")
}

func (d *drive) addMembers() {
	id, accounts := d.groupID(), d.someAccounts()
	g, code := d.groups[id], 0
	switch {
	case g == nil:
		code = refusedGone
	case g.kind == chat.AVChatRoom:
		code = refusedType
	}
	silence := rapid.IntRange(0, 1).Draw(d.rt, "silence")
	d.want("add_group_member", fmt.Sprintf(`{"GroupId":%q,"Silence":%d,"MemberList":[{"Member_Account":"%s"}]}`,
		id, silence, strings.Join(accounts, `"},{"Member_Account":"`)), code)
	if code != 0 {
		return
	}
	var added []string
	for _, account := range accounts {
		if !slices.Contains(g.members, account) {
			g.members, added = append(g.members, account), append(added, account)
		}
	}
	if len(added) > 0 && silence == 0 {
		g.memberTip(&d.settings, 1, added, d.now())
	}
}

func (d *drive) removeMembers() {
	id, accounts := d.groupID(), d.someAccounts()
	g, code := d.groups[id], 0
	switch {
	case g == nil:
		code = refusedGone
	case g.kind == chat.AVChatRoom:
		code = refusedInvalid
	}
	silence := rapid.IntRange(0, 1).Draw(d.rt, "silence")
	d.want("delete_group_member", fmt.Sprintf(`{"GroupId":%q,"Silence":%d,"MemberToDel_Account":%s}`, id, silence, jsonList(accounts)), code)
	if code != 0 {
		return
	}
	var removed []string
	for _, account := range accounts {
		if i := slices.Index(g.members, account); i >= 0 {
			g.members, removed = slices.Delete(g.members, i, i+1), append(removed, account)
		}
	}
	if len(removed) > 0 && silence == 0 {
		g.memberTip(&d.settings, 3, removed, d.now())
	}
}

// notify changes a group's notice, or sets the one it has.
func (d *drive) notify() {
	id, notice := d.groupID(), rapid.SampledFrom([]string{"", "race", "<tides> & berths"}).Draw(d.rt, "notice")
	g, code := d.groups[id], 0
	if g == nil {
		code = refusedGone
	}
	d.want("modify_group_base_info", fmt.Sprintf(`{"GroupId":%q,"Notification":%s}`, id, jsonText(notice)), code)
	if code == 0 && g.notification != notice {
		g.notification = notice
		g.tip(d.settings.TipsProfile, fmt.Sprintf(`{"OpType":6,"Operator_Account":"administrator","MsgGroupNewInfo":{"GroupNotification":%s}}`, jsonText(notice)), d.now())
	}
}

func (d *drive) recallBySender() {
	t := d.target()
	sender := rapid.SampledFrom([]string{"ann", "ann", "bob", "eve", apitest.Admin, "nobody", "Ann", "@TIM#SYSTEM"}).Draw(d.rt, "sender")
	_, s, code := d.resolve(t)
	d.want("delete_group_msg_by_sender", t.in()+fmt.Sprintf(`"Sender_Account":%q}`, sender), code)
	if code == 0 {
		s.recallBySender(sender, d.settings.DeleteBySenderWindow)
	}
}

func (d *drive) recallByNumber() {
	t := d.target()
	_, s, code := d.resolve(t)
	last := uint32(5)
	if code == 0 {
		last = s.last()
	}
	seqs := rapid.SliceOfN(rapid.Uint32Range(1, last+2), 1, 10).Draw(d.rt, "numbers")
	type result struct {
		Seq  uint32 `json:"MsgSeq"`
		Code int    `json:"RetCode"`
	}
	var want []result
	list := make([]string, len(seqs))
	for i, seq := range seqs {
		list[i] = fmt.Sprintf(`{"MsgSeq":%d}`, seq)
		if code == 0 {
			want = append(want, result{seq, s.recallOne(seq, d.floor(s, d.now()))})
		}
	}
	answer := d.want("group_msg_recall", t.in()+`"MsgSeqList":[`+strings.Join(list, ",")+`]}`, code)
	if code != 0 {
		return
	}
	var got struct {
		Results []result `json:"RecallRetList"`
	}
	d.decode(answer, &got)
	if !slices.Equal(got.Results, want) {
		d.rt.Fatalf("group_msg_recall answered %+v, want %+v", got.Results, want)
	}
}

func (d *drive) passTime() {
	steps := []int{1, 7, 299, 300, 301, 3600, 12 * 3600, 24 * 3600}
	if d.settings.HistoryRetentionDays == 0 { // what has expired does not come back
		steps = append(steps, -5)
	}
	seconds := rapid.SampledFrom(steps).Draw(d.rt, "seconds")
	d.srv.Clock.Advance(time.Duration(seconds) * time.Second)
}
