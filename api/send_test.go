package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/chat"
)

// send_group_msg (spec 04 sections 2 and 3).

// sendWith sends a message whose fields beside GroupId are given as JSON.
func (r *room) sendWith(fields string) apitest.Answer {
	r.t.Helper()
	return r.call("send_group_msg", `{"GroupId":%q,%s}`, r.group, fields)
}

func TestSendAnswersTimeAndNumber(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	got := r.sendWith(`"From_Account":"ann","Random":1,"MsgBody":` + text("hi"))
	want := fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MsgTime":%d,"MsgSeq":1}`, r.now())
	if string(got.Raw) != want {
		t.Errorf("answer is %s, want %s", got.Raw, want)
	}
}

func TestSendRefusesBadFields(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	ok := `"Random":1,"MsgBody":` + text("hi")
	mentions := func(n int) string {
		return `"GroupAtInfo":[` + strings.TrimSuffix(strings.Repeat(`{"GroupAtAllFlag":0,"GroupAt_Account":"ann"},`, n), ",") + `]`
	}
	to := func(n int) string {
		return `"To_Account":[` + strings.TrimSuffix(strings.Repeat(`"ann",`, n), ",") + `]`
	}
	for _, c := range []struct {
		name, fields string
		code         int
	}{
		{"random missing", `"MsgBody":` + text("hi"), 10004},
		{"random null", `"Random":null,"MsgBody":` + text("hi"), 10004},
		{"random a string", `"Random":"5","MsgBody":` + text("hi"), 10004},
		{"random negative", `"Random":-1,"MsgBody":` + text("hi"), 10004},
		{"random of 33 bits", `"Random":4294967296,"MsgBody":` + text("hi"), 10004},
		{"random 0", `"Random":0,"MsgBody":` + text("zero"), 0},
		{"random of 32 bits", `"Random":4294967295,"MsgBody":` + text("hi"), 0},
		{"random 1e3", `"Random":1e3,"MsgBody":` + text("hi"), 0},
		{"sender of another type", `"From_Account":7,` + ok, 60015},
		{"sender against the syntax", `"From_Account":"` + strings.Repeat("a", 33) + `",` + ok, 10004},
		{"sender never imported", `"From_Account":"ghost",` + ok, 10019},
		{"priority unknown", `"MsgPriority":"high",` + ok, 10004},
		{"priority Lowest", `"MsgPriority":"Lowest",` + ok, 0},
		{"control unknown", `"SendMsgControl":["Loud"],` + ok, 10004},
		{"control with online only", `"OnlineOnlyFlag":1,"SendMsgControl":["NoLastMsg"],` + ok, 10004},
		{"all controls", `"SendMsgControl":["NoUnread","NoLastMsg","WithMuteNotifications","NoMsgCheck"],` + ok, 0},
		{"callback control unknown", `"ForbidCallbackControl":["x"],` + ok, 10004},
		{"callback controls", `"ForbidCallbackControl":["ForbidBeforeSendMsgCallback","ForbidAfterSendMsgCallback"],` + ok, 0},
		{"push info no object", `"OfflinePushInfo":"x",` + ok, 10004},
		{"push info", `"OfflinePushInfo":{"PushFlag":0,"Desc":5},` + ok, 0},
		{"custom data no string", `"CloudCustomData":{},` + ok, 10004},
		{"online flag negative", `"OnlineOnlyFlag":-1,` + ok, 10004},
		{"receipt flag 2", `"NeedReadReceipt":2,` + ok, 10004},
		{"30 mentions", mentions(30) + "," + ok, 0},
		{"31 mentions", mentions(31) + "," + ok, 10053},
		{"mention of nobody", `"GroupAtInfo":[{"GroupAtAllFlag":0}],` + ok, 10004},
		{"mention of another type", `"GroupAtInfo":[{"GroupAtAllFlag":0,"GroupAt_Account":1}],` + ok, 60015},
		{"mention of all", `"GroupAtInfo":[{"GroupAtAllFlag":1}],` + ok, 0},
		{"no recipients", to(0) + "," + ok, 10004},
		{"50 recipients", to(50) + "," + ok, 0},
		{"51 recipients", to(51) + "," + ok, 10004},
		{"recipient never imported", `"To_Account":["ghost"],` + ok, 10019},
		{"a recipient who is no member is passed over", `"To_Account":["bob","ann"],` + ok, 0},
		{"recipients who are no members", `"To_Account":["bob"],` + ok, 10004},
		{"recipients and mentions", to(1) + "," + mentions(1) + "," + ok, 10004},
		{"a recipient without the list", `"To_Account":"ann",` + ok, 0},
		{"a recipient who is nobody", `"To_Account":"",` + ok, 10019},
		{"recipients an object", `"To_Account":{},` + ok, 60015},
		{"topic of a group without", `"TopicId":"x",` + ok, 10004},
	} {
		t.Run(c.name, func(t *testing.T) { r.sendWith(c.fields).WantCode(t, c.code) })
	}
	r.call("send_group_msg", `{%s}`, ok).WantCode(t, 10004)
	r.call("send_group_msg", `{"GroupId":"",%s}`, ok).WantCode(t, 10015)
	r.call("send_group_msg", `{"GroupId":"none",%s}`, ok).WantCode(t, 10010)
}

// The order of spec 00: form, length, group, type and topic, accounts, repeat,
// mute, features, frequency.
func TestSendChecksInTheOrderOfThePage(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) {
		o.Settings.GroupThrottlePerSecond, o.Settings.GroupThrottleError = 1, true
	}, "Public", "ann", "bob")
	live := newRoomOn(t, r.srv, "AVChatRoom")
	r.call("forbid_send_msg", `{"GroupId":%q,"Members_Account":["bob"],"MuteTime":60}`, r.group).MustOK(t)
	sent := `"From_Account":"ann","Random":1,"MsgBody":` + text("hi")
	r.sendWith(sent).MustOK(t) // the one message of this second
	long := `"Random":2,"MsgBody":` + text(strings.Repeat("x", 12*1024))
	next := `"Random":2,"MsgBody":` + text("hi")
	group := fmt.Sprintf(`"GroupId":%q,`, r.group)
	mentions := `"GroupAtInfo":[` + strings.TrimSuffix(strings.Repeat(`{"GroupAtAllFlag":1},`, 31), ",") + `],`
	for _, c := range []struct {
		name, fields string
		code         int
	}{
		{"account type before form", `"GroupId":"","From_Account":7`, 60015},
		{"form before length", group + `"MsgPriority":"x",` + long, 10004},
		{"form before group", `"GroupId":"","Random":2,"MsgBody":[]`, 10004},
		{"mentions before length", group + mentions + long, 10053},
		{"length before group", `"GroupId":"",` + long, 80002},
		{"group before topic and sender", `"GroupId":"none","TopicId":"x","From_Account":"ghost",` + next, 10010},
		{"topic before sender", group + `"TopicId":"x","From_Account":"ghost",` + next, 10004},
		{"type before sender", fmt.Sprintf(`"GroupId":%q,"SendMsgControl":["NoLastMsg"],"From_Account":"ghost",`, live.group) + next, 10004},
		{"recipient before mute", group + `"To_Account":["ghost"],"From_Account":"bob",` + next, 10019},
		{"repeat before frequency", group + sent, 0},
		{"mute before feature", group + `"NeedReadReceipt":1,"OnlineOnlyFlag":1,"From_Account":"bob",` + next, 10017},
		{"feature before frequency", group + `"NeedReadReceipt":1,"OnlineOnlyFlag":1,"From_Account":"ann",` + next, 10061},
		{"frequency", group + `"From_Account":"ann",` + next, 10023},
	} {
		t.Run(c.name, func(t *testing.T) { r.call("send_group_msg", `{%s}`, c.fields).WantCode(t, c.code) })
	}
	r.wantNext(3) // the tip of the mute and the one message
}

func TestSendChecksTheBody(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	element := func(msgType, content string) string {
		return fmt.Sprintf(`{"MsgType":%q,"MsgContent":%s}`, msgType, content)
	}
	custom := element("TIMCustomElem", `{"Data":"x"}`)
	for i, c := range []struct {
		name, body string
		code       int
	}{
		{"null", `null`, 10004},
		{"object", `{}`, 10004},
		{"empty", `[]`, 10004},
		{"element no object", `["x"]`, 10004},
		{"no type", `[{"MsgContent":{"Text":"x"}}]`, 10004},
		{"type no string", `[{"MsgType":1,"MsgContent":{"Text":"x"}}]`, 10004},
		{"type unknown", `[` + element("TIMTipsElem", `{}`) + `]`, 10004},
		{"no content", `[{"MsgType":"TIMTextElem"}]`, 10004},
		{"content no object", `[` + element("TIMTextElem", `"x"`) + `]`, 10004},
		{"text without Text", `[` + element("TIMTextElem", `{}`) + `]`, 10004},
		{"Text null", `[` + element("TIMTextElem", `{"Text":null}`) + `]`, 10004},
		{"Text no string", `[` + element("TIMTextElem", `{"Text":5}`) + `]`, 10004},
		{"two customs", `[` + custom + `,` + custom + `]`, 10004},
		{"custom and text", `[` + custom + `,` + element("TIMTextElem", `{"Text":"x"}`) + `]`, 0},
		{"custom without fields", `[` + element("TIMCustomElem", `{}`) + `]`, 0},
		{"location", `[` + element("TIMLocationElem", `{"Desc":"d","Latitude":29.340656774469956,"Longitude":1}`) + `]`, 0},
		{"latitude a string", `[` + element("TIMLocationElem", `{"Desc":"d","Latitude":"29"}`) + `]`, 10004},
		{"face", `[` + element("TIMFaceElem", `{"Index":1,"Data":"x"}`) + `]`, 0},
		{"index 1.0", `[` + element("TIMFaceElem", `{"Index":1.0}`) + `]`, 0},
		{"index 1.5", `[` + element("TIMFaceElem", `{"Index":1.5}`) + `]`, 10004},
		{"index a string", `[` + element("TIMFaceElem", `{"Index":"1"}`) + `]`, 10004},
		{"sound", `[` + element("TIMSoundElem", `{"Url":"u","UUID":"i","Size":1,"Second":1,"Download_Flag":2}`) + `]`, 0},
		{"sound size a string", `[` + element("TIMSoundElem", `{"Size":"1"}`) + `]`, 10004},
		{"image", `[` + element("TIMImageElem", `{"UUID":"i","ImageFormat":1,"ImageInfoArray":[{"Type":1,"Size":1,"Width":0,"Height":0,"URL":"u"}]}`) + `]`, 0},
		{"image list no array", `[` + element("TIMImageElem", `{"ImageInfoArray":{}}`) + `]`, 10004},
		{"image no object", `[` + element("TIMImageElem", `{"ImageInfoArray":[1]}`) + `]`, 10004},
		{"image width a string", `[` + element("TIMImageElem", `{"ImageInfoArray":[{"Width":"1"}]}`) + `]`, 10004},
		{"file", `[` + element("TIMFileElem", `{"Url":"u","UUID":"i","FileSize":1,"FileName":"f","Download_Flag":2}`) + `]`, 0},
		{"file name a number", `[` + element("TIMFileElem", `{"FileName":1}`) + `]`, 10004},
		{"video", `[` + element("TIMVideoFileElem", `{"VideoUrl":"u","VideoUUID":"i","ThumbWidth":1}`) + `]`, 0},
		{"video width null", `[` + element("TIMVideoFileElem", `{"ThumbWidth":null}`) + `]`, 0},
		{"relay", `[` + element("TIMRelayElem", `{"Title":"t","MsgNum":2,"CompatibleText":"c","AbstractList":["a"],"MsgList":[]}`) + `]`, 0},
		{"relay list a string", `[` + element("TIMRelayElem", `{"MsgList":"x"}`) + `]`, 10004},
		{"relay list of strings", `[` + element("TIMRelayElem", `{"MsgList":["x"]}`) + `]`, 10004},
		{"relayed number a string", `[` + element("TIMRelayElem", `{"MsgList":[{"MsgSeq":"1"}]}`) + `]`, 10004},
		{"relayed message", `[` + element("TIMRelayElem", `{"MsgList":[{"From_Account":"a","MsgSeq":1,"MsgBody":[],"x":1}]}`) + `]`, 0},
		{"abstract of numbers", `[` + element("TIMRelayElem", `{"AbstractList":[1]}`) + `]`, 10004},
		{"last Text counts", `[` + element("TIMTextElem", `{"Text":5,"Text":"x"}`) + `]`, 0},
		{"last Text a number", `[` + element("TIMTextElem", `{"Text":"x","Text":5}`) + `]`, 10004},
		{"last type counts", `[{"MsgType":5,"MsgContent":{},"MsgType":"TIMFaceElem"}]`, 0},
		{"unknown fields are kept", `[` + element("TIMTextElem", `{"Text":"x","Mine":{"a":[1,2]}}`) + `]`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.sendWith(fmt.Sprintf(`"Random":%d,"MsgBody":%s`, i, c.body)).WantCode(t, c.code)
			if c.code != 0 {
				return
			}
			if p := r.pull(1); !strings.Contains(string(p.raw), `"MsgBody":`+c.body+`,`) {
				t.Errorf("body came back changed: %s", p.raw)
			}
		})
	}
	r.sendWith(`"Random":1`).WantCode(t, 10004)
}

func TestMessageOf12KB(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	const most = 12 * 1024
	frame := len(text(""))
	fill := func(n int) string { return text(strings.Repeat("x", n-frame)) }
	r.sendWith(`"Random":1,"MsgBody":`+fill(most)).WantCode(t, 0)
	r.sendWith(`"Random":2,"MsgBody":`+fill(most+1)).WantCode(t, 80002)
	// CloudCustomData counts, white space and needless escapes do not.
	r.sendWith(`"Random":3,"MsgBody":`+fill(most-2)+`,"CloudCustomData":"ab"`).WantCode(t, 0)
	r.sendWith(`"Random":4,"MsgBody":`+fill(most-2)+`,"CloudCustomData":"abc"`).WantCode(t, 80002)
	r.sendWith(`"Random":5,"MsgBody":  `+strings.Replace(fill(most), "{", "{ \n ", 1)).WantCode(t, 0)
	r.sendWith(`"Random":6,"MsgBody":`+strings.Replace(fill(most), "x", `\u0078`, 1)).WantCode(t, 0)
	// It is bytes that count, not characters.
	r.sendWith(`"Random":7,"MsgBody":`+strings.Replace(fill(most), "xx", "界", 1)).WantCode(t, 80002)
	r.sendWith(`"Random":8,"MsgBody":`+strings.Replace(fill(most), "xxx", "界", 1)).WantCode(t, 0)
}

func TestRefusedWords(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) {
		o.Settings.RefusedWords = []string{"lottery"}
		o.Settings.NoMsgCheck = true
	}, "Public", "ann")
	r.sendWith(`"Random":1,"MsgBody":`+text("join the lottery now")).WantCode(t, 80001)
	r.sendWith(`"Random":2,"SendMsgControl":["NoMsgCheck"],"MsgBody":`+text("lottery")).WantCode(t, 0)
	r.sendWith(`"Random":3,"MsgBody":`+text("fine")).WantCode(t, 0)
	r.sendWith(`"Random":4,"MsgBody":`+text("fine")+`,"CloudCustomData":"a lottery"`).WantCode(t, 80001)
	r.sendWith(`"Random":5,"MsgBody":`+strings.Replace(text("a lottery"), "l", `\u006c`, 1)).WantCode(t, 80001)
	// Names of fields are no texts.
	r.sendWith(`"Random":6,"MsgBody":[{"MsgType":"TIMCustomElem","MsgContent":{"lottery":1}}]`).WantCode(t, 0)
}

func TestBodyIsBoundedAsItWasSentToo(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	const most = 6 * 12 * 1024
	padded := func(n int) string { return "[" + strings.Repeat(" ", n-len(text("x"))) + text("x")[1:] }
	r.sendWith(`"Random":1,"MsgBody":`+padded(most)).WantCode(t, 0)
	r.sendWith(`"Random":2,"MsgBody":`+padded(most+1)).WantCode(t, 80002)
	// A page of such rows ends before it would be too long, and says so.
	for random := range 19 {
		r.sendWith(fmt.Sprintf(`"Random":%d,"MsgBody":%s`, 3+random, padded(most))).MustOK(t)
	}
	p := r.pull(20)
	p.wantFinished(0)
	if n := len(p.Rows); n < 10 || n >= 20 || len(p.raw) > 1<<20 {
		t.Errorf("page has %d rows in %d bytes", n, len(p.raw))
	}
	next := r.get(20, p.Rows[len(p.Rows)-1].Seq-1, 0)
	next.wantFinished(1)
	if len(next.Rows)+len(p.Rows) != 20 {
		t.Errorf("two pages have %d and %d rows, want 20 together", len(p.Rows), len(next.Rows))
	}
}

func TestWhoAMuteStops(t *testing.T) {
	r := newRoom(t, "Public", "ann", "owner", "admin", "outsider")
	r.call("delete_group_member", `{"GroupId":%q,"MemberToDel_Account":["outsider"],"Silence":1}`, r.group).MustOK(t)
	r.call("change_group_owner", `{"GroupId":%q,"NewOwner_Account":"owner"}`, r.group).MustOK(t)
	r.call("modify_group_member_info", `{"GroupId":%q,"Member_Account":"admin","Role":"Admin"}`, r.group).MustOK(t)
	random := 100
	want := func(sender string, code int) {
		t.Helper()
		random++
		r.sendWith(fmt.Sprintf(`"From_Account":%q,"Random":%d,"MsgBody":%s`, sender, random, text("hi"))).WantCode(t, code)
	}

	// A member's own mute binds the very next send, whoever the member is.
	r.call("forbid_send_msg", `{"GroupId":%q,"Members_Account":["ann","owner","admin","outsider","administrator"],"MuteTime":60}`, r.group).MustOK(t)
	for _, sender := range []string{"ann", "owner", "admin", "outsider"} {
		want(sender, 10017)
	}
	want("administrator", 0)
	want("bob", 0)
	r.srv.Clock.Advance(minute)
	want("ann", 0)

	// Mute-all spares the owner, the admins and app administrators.
	r.call("modify_group_base_info", `{"GroupId":%q,"MuteAllMember":"On"}`, r.group).MustOK(t)
	want("ann", 10017)
	want("outsider", 10017)
	want("owner", 0)
	want("admin", 0)
	want("administrator", 0)
	r.call("modify_group_base_info", `{"GroupId":%q,"MuteAllMember":"Off"}`, r.group).MustOK(t)
	want("ann", 0)
}

func TestMutesInTopics(t *testing.T) {
	c := newCommunity(t, "ann")
	one, two := c.topic("one"), c.topic("two")
	want := func(r *room, code int) {
		t.Helper()
		random := r.random.Add(1)
		r.sendWith(fmt.Sprintf(`"TopicId":%q,"From_Account":"ann","Random":%d,"MsgBody":%s`, r.topicID, random, text("hi"))).WantCode(t, code)
	}
	one.call("forbid_send_msg", `{"GroupId":%q,"TopicId":%q,"Members_Account":["ann"],"MuteTime":60}`, c.group, one.topicID).MustOK(t)
	want(one, 10017)
	want(two, 0)
	one.call("forbid_send_msg", `{"GroupId":%q,"TopicId":%q,"Members_Account":["ann"],"MuteTime":0}`, c.group, one.topicID).MustOK(t)
	want(one, 0)
	c.call("forbid_send_msg", `{"GroupId":%q,"Members_Account":["ann"],"MuteTime":60}`, c.group).MustOK(t)
	want(one, 10017)
	want(two, 10017)
	c.call("forbid_send_msg", `{"GroupId":%q,"Members_Account":["ann"],"MuteTime":0}`, c.group).MustOK(t)
	c.call("modify_topic", `{"GroupId":%q,"TopicId":%q,"MuteAllMember":"On"}`, c.group, two.topicID).MustOK(t)
	want(one, 0)
	want(two, 10017)
	c.call("modify_topic", `{"GroupId":%q,"TopicId":%q,"MuteAllMember":"Off"}`, c.group, two.topicID).MustOK(t)
	c.call("modify_group_base_info", `{"GroupId":%q,"MuteAllMember":"On"}`, c.group).MustOK(t)
	want(one, 10017)
}

func TestMuteAllBindsAdminsWhilePermissionGroupsAreOn(t *testing.T) {
	c := newCommunity(t, "ann")
	one := c.topic("one")
	c.call("modify_group_member_info", `{"GroupId":%q,"Member_Account":"ann","Role":"Admin"}`, c.group).MustOK(t)
	c.call("modify_group_base_info", `{"GroupId":%q,"MuteAllMember":"On"}`, c.group).MustOK(t)
	for i, want := range []int{0, 10017, 0} {
		c.call("modify_group_base_info", `{"GroupId":%q,"EnablePermission":%d}`, c.group, i%2).MustOK(t)
		one.sendWith(fmt.Sprintf(`"TopicId":%q,"From_Account":"ann","Random":%d,"MsgBody":%s`, one.topicID, i, text("hi"))).WantCode(t, want)
	}
}

func TestSendIntoACommunityWithTopicsNeedsATopic(t *testing.T) {
	c := newCommunity(t, "ann")
	c.sendWith(`"Random":1,"MsgBody":`+text("hi")).WantCode(t, 10007)
	c.call("import_group_msg", `{"GroupId":%q,"MsgList":[{"From_Account":"ann","SendTime":%d,"MsgBody":%s}]}`, c.group, c.now(), text("x")).WantCode(t, 10007)
	c.pull(1).wantSeqs() // reading works on the empty stream

	allowed := newRoomWith(t, func(o *apitest.Options) { o.Settings.CommunityDirectMessage = true }, "Public")
	allowed.group = "@TGS#_open"
	allowed.call("create_group", `{"Type":"Community","Name":"c","GroupId":"@TGS#_open","SupportTopic":1}`).MustOK(t)
	allowed.sendWith(`"Random":1,"MsgBody":`+text("hi")).WantCode(t, 0)
}

func TestSendByTypeOfGroup(t *testing.T) {
	ok := `"Random":1,"MsgBody":` + text("hi")
	for _, c := range []struct {
		name, groupType, fields string
		code                    int
	}{
		{"NoUnread in a ChatRoom", "ChatRoom", `"SendMsgControl":["NoUnread"],` + ok, 10004},
		{"NoLastMsg in a ChatRoom", "ChatRoom", `"SendMsgControl":["NoLastMsg"],` + ok, 0},
		{"control in an AVChatRoom", "AVChatRoom", `"SendMsgControl":["NoLastMsg"],` + ok, 10004},
		{"recipients in an AVChatRoom", "AVChatRoom", `"To_Account":["ann"],` + ok, 10004},
		{"recipients in a Community", "Community", `"To_Account":["ann"],` + ok, 10004},
		{"@all in an AVChatRoom", "AVChatRoom", `"GroupAtInfo":[{"GroupAtAllFlag":1}],` + ok, 10004},
		{"mention in an AVChatRoom", "AVChatRoom", `"GroupAtInfo":[{"GroupAtAllFlag":0,"GroupAt_Account":"ann"}],` + ok, 0},
		{"receipt in an AVChatRoom is ignored", "AVChatRoom", `"NeedReadReceipt":1,` + ok, 0},
		{"receipt in a Community is ignored", "Community", `"NeedReadReceipt":1,` + ok, 0},
		{"online only in an AVChatRoom is ignored", "AVChatRoom", `"OnlineOnlyFlag":1,` + ok, 0},
		{"receipt", "Private", `"NeedReadReceipt":1,` + ok, 0},
		{"receipt by its client's name", "Private", `"IsNeedReadReceipt":1,` + ok, 0},
		{"receipt of an online-only message", "Public", `"NeedReadReceipt":1,"OnlineOnlyFlag":1,` + ok, 10061},
	} {
		t.Run(c.name, func(t *testing.T) {
			newRoom(t, c.groupType, "ann").sendWith(c.fields).WantCode(t, c.code)
		})
	}
}

func TestFeaturesThatAreSwitchedOff(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) {
		o.Settings.TargetedMessages, o.Settings.MessageExtensions, o.Settings.ReadReceipts = false, false, []chat.GroupType{chat.Private}
	}, "Public", "ann")
	ok := `"Random":1,"MsgBody":` + text("hi")
	r.sendWith(`"To_Account":["ann"],`+ok).WantCode(t, 10059)
	r.sendWith(`"SupportMessageExtension":1,`+ok).WantCode(t, 10059)
	r.sendWith(`"NeedReadReceipt":1,`+ok).WantCode(t, 10059)
}

func TestReceiptsNeedAGroupOfAtMost200(t *testing.T) {
	var members []string
	for i := range 201 {
		members = append(members, fmt.Sprintf("m%d", i))
	}
	r := newRoom(t, "Public", members[:100]...)
	add := func(accounts []string) {
		for _, account := range accounts {
			r.srv.Call(t, "im_open_login_svc", "account_import", fmt.Sprintf(`{"UserID":%q}`, account)).MustOK(t)
		}
		r.call("add_group_member", `{"GroupId":%q,"Silence":1,"MemberList":[{"Member_Account":"%s"}]}`,
			r.group, strings.Join(accounts, `"},{"Member_Account":"`)).MustOK(t)
	}
	add(members[100:200])
	r.sendWith(`"NeedReadReceipt":1,"Random":1,"MsgBody":`+text("hi")).WantCode(t, 0)
	add(members[200:])
	r.sendWith(`"NeedReadReceipt":1,"Random":2,"MsgBody":`+text("hi")).WantCode(t, 10060)
}

func TestGroupThrottle(t *testing.T) {
	for _, asError := range []bool{false, true} {
		t.Run(fmt.Sprintf("as error %v", asError), func(t *testing.T) {
			r := newRoomWith(t, func(o *apitest.Options) {
				o.Settings.GroupThrottlePerSecond, o.Settings.GroupThrottleError = 40, asError
			}, "ChatRoom", "ann")
			other := newRoomOn(t, r.srv, "ChatRoom", "ann")
			r.send("ann", 40)
			got := r.sendWith(`"From_Account":"ann","Random":4000,"MsgBody":` + text("one more"))
			if asError {
				got.WantCode(t, 10023)
			} else {
				got.WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MsgTime":%d,"MsgSeq":0,"MsgDropReason":"MsgFreqCtrl"}`, r.now()))
			}
			r.wantNext(41)
			other.send("ann", 1) // each stream for itself
			r.srv.Clock.Advance(time.Second)
			if seq := r.send("ann", 1); seq != 41 {
				t.Errorf("a second later the number is %d, want 41", seq)
			}
		})
	}
}

func TestAVChatRoomNumbersAndKeepsNothing(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	if seq := r.send("ann", 3); seq != 3 {
		t.Errorf("third message got number %d", seq)
	}
	r.srv.Restart(t)
	if seq := r.send("ann", 1); seq != 4 {
		t.Errorf("after a restart the next number is %d, want 4", seq)
	}
	r.wantNext(5)
	r.call("group_msg_get_simple", `{"GroupId":%q,"ReqMsgNumber":1}`, r.group).WantCode(t, 10044)
}

func TestSendWithoutFromAccountIsTheAdmins(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.sendWith(`"Random":1,"MsgBody":` + text("hi")).MustOK(t)
	r.sendWith(`"From_Account":"","Random":2,"MsgBody":` + text("hi")).MustOK(t)
	for _, row := range r.pull(2).Rows {
		if row.From != apitest.Admin {
			t.Errorf("number %d is from %q, want the admin", row.Seq, row.From)
		}
	}
}

func TestSendMovesTheSendersStateAlone(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("ann", 2)
	members := string(r.call("get_group_member_info", `{"GroupId":%q,"MemberInfoFilter":["MsgSeq","LastSendMsgTime"],"AppDefinedDataFilter_GroupMember":["none"]}`, r.group).Raw)
	for _, want := range []string{
		fmt.Sprintf(`"Member_Account":"ann","MsgSeq":2,"LastSendMsgTime":%d`, r.now()),
		`"Member_Account":"bob","MsgSeq":0,"LastSendMsgTime":0`,
	} {
		if !strings.Contains(members, want) {
			t.Errorf("members are %s, want %s in it", members, want)
		}
	}
}
