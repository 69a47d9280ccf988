package api_test

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recant-chat/recant/api/apitest"
)

// Conversation lists of accounts (spec 05 section 5).

// contacts calls a command on conversation lists.
func (r *room) contacts(command, format string, args ...any) apitest.Answer {
	r.t.Helper()
	return r.srv.Call(r.t, "recentcontact", command, fmt.Sprintf(format, args...))
}

type contactPage struct {
	Items []struct {
		Type    int
		GroupID string `json:"GroupId"`
		Time    int64  `json:"MsgTime"`
		Top     int    `json:"TopFlag"`
	} `json:"SessionItem"`
	Complete int   `json:"CompleteFlag"`
	Time     int64 `json:"TimeStamp"`
	Index    int64 `json:"StartIndex"`
}

func (p *contactPage) texts() []string {
	texts := []string{}
	for _, item := range p.Items {
		texts = append(texts, fmt.Sprintf("%s@%d", item.GroupID, item.Time))
	}
	return texts
}

// contactList reads an account's whole list, as "group@time" texts.
func (r *room) contactList(account string, flags int) []string {
	r.t.Helper()
	all := []string{}
	for p := (contactPage{}); ; {
		answer := r.contacts("get_list", `{"From_Account":%q,"TimeStamp":%d,"StartIndex":%d,"TopTimeStamp":0,"TopStartIndex":0,"AssistFlags":%d}`,
			account, p.Time, p.Index, flags).MustOK(r.t)
		p = contactPage{}
		answer.Decode(r.t, &p)
		all = append(all, p.texts()...)
		if p.Complete == 1 {
			return all
		}
		if len(p.Items) < 100 {
			r.t.Fatalf("a page of %d is not the last", len(p.Items))
		}
	}
}

// wantContact compares what the account's list says about the group: the time
// of its newest message after the test's start, in seconds, or "" for nothing.
func (r *room) wantContact(account, want string) {
	r.t.Helper()
	got := ""
	for _, text := range r.contactList(account, 0) {
		if at, found := strings.CutPrefix(text, r.group+"@"); found {
			var unix int64
			fmt.Sscan(at, &unix)
			got = fmt.Sprint(unix - apitest.Start.Unix())
		}
	}
	if got != want {
		r.t.Errorf("%s of %s is at %q, want %q", r.group, account, got, want)
	}
}

func (r *room) tick() { r.srv.Clock.Advance(time.Second) }

func (r *room) deleteContact(account string) {
	r.t.Helper()
	r.contacts("delete", `{"From_Account":%q,"Type":2,"ToGroupid":%q}`, account, r.group).
		WantJSON(r.t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"ErrorDisplay":""}`)
}

func TestContactsAreTheGroupsWithMessagesTheNewestFirst(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.contacts("get_list", `{"From_Account":"ann"}`).WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"ErrorDisplay":"",
	  "SessionItem":[],"CompleteFlag":1,"TimeStamp":0,"StartIndex":0,"TopTimeStamp":0,"TopStartIndex":0}`)
	second := newRoomOn(t, r.srv, "ChatRoom", "ann", "bob")
	plain := newRoomOn(t, r.srv, "Community", "ann")
	silent := newRoomOn(t, r.srv, "Private", "ann")
	for _, g := range []*room{r, plain, second} {
		g.tick()
		g.send("bob", 1)
	}
	now := r.now()
	p := contactPage{}
	got := r.contacts("get_list", `{"From_Account":"ann","TimeStamp":0,"StartIndex":0,"TopTimeStamp":0,"TopStartIndex":0,"AssistFlags":7}`).MustOK(t)
	got.Decode(t, &p)
	got.WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"ErrorDisplay":"","SessionItem":[
	  {"Type":2,"GroupId":%q,"MsgTime":%d,"TopFlag":0},{"Type":2,"GroupId":%q,"MsgTime":%d,"TopFlag":0},{"Type":2,"GroupId":%q,"MsgTime":%d,"TopFlag":0}],
	  "CompleteFlag":1,"TimeStamp":%d,"StartIndex":%d,"TopTimeStamp":0,"TopStartIndex":0}`,
		second.group, now, plain.group, now-1, r.group, now-2, now-2, p.Index))
	// Who sends is no member and has no list; who is a member has his own.
	if got := r.contactList("bob", 7); !slices.Equal(got, []string{fmt.Sprintf("%s@%d", second.group, now)}) {
		t.Errorf("bob's list is %v", got)
	}
	// After the last place there is nothing more.
	r.contacts("get_list", `{"From_Account":"ann","TimeStamp":%d,"StartIndex":%d,"TopTimeStamp":5,"TopStartIndex":6}`, p.Time, p.Index).
		WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"ErrorDisplay":"","SessionItem":[],"CompleteFlag":1,
	    "TimeStamp":%d,"StartIndex":%d,"TopTimeStamp":5,"TopStartIndex":6}`, p.Time, p.Index))
	silent.wantContact("ann", "")
}

func TestContactsLeaveOutWhatIsNoConversation(t *testing.T) {
	town := newCommunity(t, "ann")
	topic := town.topic("t")
	town.writeTip()
	topic.send("bob", 1)
	live := newRoomOn(t, town.srv, "AVChatRoom")
	live.call("create_group", `{"Type":"AVChatRoom","Name":"n","GroupId":"live","Owner_Account":"ann"}`).MustOK(t)
	live.group = "live"
	live.send("bob", 1)
	gone := newRoomOn(t, town.srv, "Public", "ann")
	gone.send("bob", 1)
	gone.call("destroy_group", `{"GroupId":%q}`, gone.group).MustOK(t)
	left := newRoomOn(t, town.srv, "Public", "ann")
	left.send("bob", 1)
	left.remove("ann").MustOK(t)
	private := newRoomOn(t, town.srv, "Private", "ann")
	private.writeTip() // does not activate it
	if got := town.contactList("ann", 7); len(got) > 0 {
		t.Errorf("listed %v", got)
	}
	private.send("bob", 1)
	private.wantContact("ann", "0")
	left.tick()
	left.add("ann").MustOK(t)
	left.wantContact("ann", "1") // the tip of the joining
	gone.call("create_group", `{"Type":"Public","Name":"n","GroupId":%q,"MemberList":[{"Member_Account":"ann"}]}`, gone.group).MustOK(t)
	gone.wantContact("ann", "")
}

func TestWhichMessagesUpdateContacts(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	send := func(fields string) {
		t.Helper()
		r.tick()
		r.sendWith(fmt.Sprintf(`"From_Account":"bob","Random":%d,"MsgBody":%s,%s`, r.random.Add(1), text("x"), fields)).MustOK(t)
	}
	send(`"SendMsgControl":["NoLastMsg"]`)
	r.wantContact("ann", "")
	send(`"SendMsgControl":["NoUnread"]`)
	r.wantContact("ann", "2")
	send(`"SendMsgControl":["NoLastMsg"]`)
	send(`"OnlineOnlyFlag":1`)
	r.wantContact("ann", "2")
	if got := r.call("get_group_info", `{"GroupIdList":[%q],"ResponseFilter":{"GroupBaseInfoFilter":["LastMsgTime"]}}`, r.group); !strings.Contains(string(got.Raw), fmt.Sprintf(`"LastMsgTime":%d`, apitest.Start.Unix()+3)) {
		t.Errorf("NoLastMsg also held up LastMsgTime: %s", got.Raw)
	}
	send(`"To_Account":["ann"]`)
	r.wantContact("ann", "5")
	r.wantContact("bob", "2")
	send(`"To_Account":["ann"],"SendMsgControl":["NoLastMsg"]`)
	send(`"To_Account":["bob"]`)
	r.wantContact("ann", "5")
	r.wantContact("bob", "7")
	r.tick()
	r.writeTip()
	r.wantContact("ann", "8")
	// What is recalled leaves no trace in the list.
	send(`"MsgPriority":"High"`)
	r.recall("bob")
	r.call("group_msg_recall", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":9}]}`, r.group).MustOK(t)
	r.wantContact("ann", "9")
	r.srv.Restart(t)
	r.wantContact("ann", "9")
	r.wantContact("bob", "9")
}

// A message to one member is found also where many to others came since.
func TestContactsFindAMessageToOneAmongManyToOthers(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	target := func(account string, n int) {
		t.Helper()
		for range n {
			r.sendWith(fmt.Sprintf(`"From_Account":"bob","Random":%d,"To_Account":[%q],"MsgBody":%s`, r.random.Add(1), account, text("x"))).MustOK(t)
		}
	}
	r.send("bob", 1)
	r.tick()
	target("ann", 1)
	r.tick()
	target("bob", 200)
	r.wantContact("ann", "1")
	r.wantContact("bob", "2")
	r.deleteContact("ann")
	target("bob", 1)
	r.wantContact("ann", "")
	for _, want := range []string{"3", "4"} {
		r.tick()
		target("ann", 1)
		r.wantContact("ann", want)
	}
}

func TestImportsUpdateContactsIfAskedTo(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.srv.Clock.Advance(minute)
	bring := func(flag string, at int) {
		t.Helper()
		r.call("import_group_msg", `{"GroupId":%q%s,"MsgList":[{"From_Account":"bob","SendTime":%d,"MsgBody":%s}]}`,
			r.group, flag, apitest.Start.Unix()+int64(at), text("old")).MustOK(t)
	}
	bring("", 10)
	bring(`,"RecentContactFlag":0`, 11)
	r.wantContact("ann", "")
	bring(`,"RecentContactFlag":1`, 12)
	r.wantContact("ann", "12")
	bring("", 13)
	r.wantContact("ann", "12")
	// What was imported after a member came is for that member, however old.
	late := newRoomOn(t, r.srv, "Public")
	r.srv.Clock.Advance(minute)
	late.add("bob").MustOK(t)
	late.deleteContact("bob") // with its tip
	late.call("import_group_msg", `{"GroupId":%q,"RecentContactFlag":1,"MsgList":[{"From_Account":"ann","SendTime":%d,"MsgBody":%s}]}`,
		late.group, apitest.Start.Unix()+70, text("old")).MustOK(t)
	late.wantContact("bob", "70")
}

func TestNewcomersHaveAConversationOnceSomethingIsForThem(t *testing.T) {
	for kind, before := range map[string]string{"Public": "", "ChatRoom": "0", "Community": ""} {
		r := newRoom(t, kind, "ann")
		r.send("ann", 1)
		r.srv.Clock.Advance(minute)
		r.addWith(`"Silence":1,`, "bob").MustOK(t)
		r.wantContact("bob", before)
		r.send("ann", 1)
		r.wantContact("bob", "60")
		r.wantContact("ann", "60")
	}
	r := newRoom(t, "Public", "ann")
	r.send("ann", 1)
	r.srv.Clock.Advance(minute)
	r.addWith(`"Silence":1,`, "bob").MustOK(t)
	r.call("modify_group_base_info", `{"GroupId":%q,"HistoryMsgBeforeJoin":"On"}`, r.group).MustOK(t)
	r.wantContact("bob", "0")

}

func TestDeletedContactsComeBackWithTheNextMessage(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.send("bob", 2)
	r.deleteContact("ann")
	r.wantContact("ann", "")
	r.wantContact("bob", "0")
	r.deleteContact("ann") // twice is no error
	r.tick()
	r.sendWith(fmt.Sprintf(`"Random":77,"SendMsgControl":["NoLastMsg"],"MsgBody":%s`, text("x"))).MustOK(t)
	r.srv.Restart(t)
	r.wantContact("ann", "")
	r.tick()
	r.send("bob", 1)
	r.wantContact("ann", "2")
	// Nothing else has changed: history, membership, positions, others' lists.
	history := r.call("group_msg_get_simple", `{"GroupId":%q,"ReqMsgNumber":20}`, r.group).Raw
	member := *r.member("ann")
	r.contacts("delete", `{"From_Account":"ann","Type":2,"ToGroupid":%q,"ClearRamble":1}`, r.group).MustOK(t)
	r.wantContact("ann", "")
	r.wantContact("bob", "2")
	if got := r.call("group_msg_get_simple", `{"GroupId":%q,"ReqMsgNumber":20}`, r.group).Raw; string(got) != string(history) {
		t.Errorf("history is %s, was %s", got, history)
	}
	if got := *r.member("ann"); !reflect.DeepEqual(got, member) {
		t.Errorf("member is %+v, was %+v", got, member)
	}
}

// What changes in a group while its conversation is looked at fails no look.
func TestContactsAreReadBesideChangesOfTheGroups(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("bob", 1)
	stop := make(chan struct{})
	var writers sync.WaitGroup
	defer writers.Wait()
	defer close(stop)
	for range 2 {
		writers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				_, err := r.srv.Try(t.Context(), "group_open_http_svc", "modify_group_attr", fmt.Sprintf(`{"GroupId":%q,%s}`, r.group, items("a=1")))
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 200 {
		if got := r.contactList("ann", 0); len(got) != 1 {
			t.Errorf("listed %v", got)
		}
	}
}

func TestDeletingWhatIsNotThereSucceeds(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	live := newRoomOn(t, r.srv, "AVChatRoom")
	town := newRoomOn(t, r.srv, "Community")
	for _, body := range []string{
		`{"From_Account":"bob","Type":2,"ToGroupid":"$"}`, // no member
		`{"From_Account":"ann","Type":2,"ToGroupid":"nobody"}`,
		`{"From_Account":"ann","Type":2,"ToGroupid":"` + live.group + `"}`,
		`{"From_Account":"ann","Type":2,"ToGroupid":"` + town.group + `"}`,
		`{"From_Account":"administrator","Type":2,"ToGroupid":"$"}`,
		`{"From_Account":"ann","Type":1,"To_Account":"bob"}`,
		`{"From_Account":"ann","Type":1,"To_Account":"ghost","ClearRamble":1}`,
	} {
		r.check("recentcontact", "delete", []refusal{{body, body, 0}})
	}
}

// One SDK writes type and puts the group's id into To_Account.
func TestDeleteContactTakesTheFieldsOfOtherSDKs(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	for _, body := range []string{
		`{"From_Account":"ann","type":2,"To_Account":"$","ClearRamble":1}`,
		`{"From_Account":"ann","Type":2,"To_Account":"$","ToGroupid":""}`,
		`{"from_account":"ann","TYPE":2,"ToGroupId":"$"}`,
		`{"From_Account":"ann","FROM_ACCOUNT":"bob","Type":2,"type":1,"ToGroupid":"$","togroupid":"other","To_Account":"third"}`,
	} {
		r.tick()
		r.send("bob", 1)
		if len(r.contactList("ann", 0)) != 1 {
			t.Fatal("the conversation is not there")
		}
		r.contacts("delete", "%s", strings.ReplaceAll(body, "$", r.group)).MustOK(t)
		r.wantContact("ann", "")
	}
	r.contacts("delete", `{"from_account":5,"Type":2,"ToGroupid":%q}`, r.group).WantCode(t, 60015)
	// Everywhere else names match exactly.
	r.contacts("get_list", `{"from_account":"ann"}`).WantCode(t, 50002)
}

func TestContactsRefuseBadRequests(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	for command, need := range map[string]string{"get_list": `"AssistFlags":7`, "delete": `"Type":2,"ToGroupid":"$"`} {
		r.check("recentcontact", command, []refusal{
			{"no From_Account", `{` + need + `}`, 50002},
			{"From_Account empty", `{"From_Account":"",` + need + `}`, 50002},
			{"From_Account too long", `{"From_Account":"` + strings.Repeat("a", 33) + `",` + need + `}`, 50002},
			{"From_Account never imported", `{"From_Account":"ghost",` + need + `}`, 50001},
			{"From_Account a number", `{"From_Account":5,` + need + `}`, 60015},
			{"good", `{"From_Account":"ann",` + need + `}`, 0},
		})
	}
	for _, field := range []string{"TimeStamp", "StartIndex", "TopTimeStamp", "TopStartIndex", "AssistFlags"} {
		for value, code := range map[string]int{`-1`: 50002, `"0"`: 50002, `4294967296`: 50002, `4294967295`: 0, `null`: 0} {
			r.check("recentcontact", "get_list", []refusal{{field + " " + value, fmt.Sprintf(`{"From_Account":"ann",%q:%s}`, field, value), code}})
		}
	}
	r.check("recentcontact", "delete", []refusal{
		{"no Type", `{"From_Account":"ann","ToGroupid":"$"}`, 50002},
		{"Type 0", `{"From_Account":"ann","Type":0,"ToGroupid":"$"}`, 50002},
		{"Type 3", `{"From_Account":"ann","Type":3,"ToGroupid":"$"}`, 50002},
		{"Type a string", `{"From_Account":"ann","Type":"2","ToGroupid":"$"}`, 50002},
		{"no group", `{"From_Account":"ann","Type":2}`, 50002},
		{"group too long", `{"From_Account":"ann","Type":2,"ToGroupid":"` + strings.Repeat("g", 49) + `"}`, 50002},
		{"no account", `{"From_Account":"ann","Type":1,"ToGroupid":"$"}`, 50002},
		{"account too long", `{"From_Account":"ann","Type":1,"To_Account":"` + strings.Repeat("a", 33) + `"}`, 50002},
		{"unknown From_Account of a one-to-one conversation", `{"From_Account":"ghost","Type":1,"To_Account":"ann"}`, 50001},
		{"ClearRamble 2", `{"From_Account":"ann","Type":2,"ToGroupid":"$","ClearRamble":2}`, 50002},
	})
	got := r.contacts("delete", `{"From_Account":"ann","Type":2,"ToGroupid":"é"}`).WantCode(t, 50002)
	got.WantJSON(t, fmt.Sprintf(`{"ActionStatus":"FAIL","ErrorInfo":%q,"ErrorCode":50002,"ErrorDisplay":""}`, got.Info))
	if !strings.HasPrefix(got.Info, "ToGroupid") {
		t.Errorf("%q does not name the field", got.Info)
	}
	r.srv.Call(t, "im_open_login_svc", "account_delete", `{"DeleteItem":[{"UserID":"ann"}]}`).MustOK(t)
	r.contacts("get_list", `{"From_Account":"ann"}`).WantCode(t, 50001)
}

func TestExpiredConversationsAreEmpty(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.HistoryRetentionDays = 1 }, "Public", "ann")
	r.send("bob", 1)
	want := fmt.Sprintf("%s@%d", r.group, r.now())
	for _, c := range []struct {
		after time.Duration
		flags int
		want  []string
	}{
		{day, 0, []string{want}}, {time.Second, 5, []string{}}, {0, 2, []string{want}}, {0, 7, []string{want}},
	} {
		r.srv.Clock.Advance(c.after)
		if got := r.contactList("ann", c.flags); !slices.Equal(got, c.want) {
			t.Errorf("flags %d: %v, want %v", c.flags, got, c.want)
		}
	}
}

// A tip expires with the ordinary messages behind it, and is not expired by its
// own age, in conversation lists as in history.
func TestTipsExpireInContactsAsInHistory(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.HistoryRetentionDays = 1 }, "Public", "ann")
	want := func(empty bool) {
		t.Helper()
		for flags, want := range map[int]bool{0: !empty, 2: true} {
			if got := len(r.contactList("ann", flags)) == 1; got != want {
				t.Errorf("with flags %d it is listed: %v, want %v", flags, got, want)
			}
		}
		history := r.call("group_msg_get_simple", `{"GroupId":%q,"ReqMsgNumber":20,"ReqMsgSeq":1}`, r.group).MustOK(t)
		if got := strings.Contains(string(history.Raw), `"IsPlaceMsg":1`); got != empty {
			t.Errorf("history has %s, want it expired: %v", history.Raw, empty)
		}
	}
	bring := func(at int64) {
		t.Helper()
		r.call("import_group_msg", `{"GroupId":%q,"MsgList":[{"From_Account":"bob","SendTime":%d,"MsgBody":%s}]}`, r.group, at, text("old")).MustOK(t)
	}
	r.writeTip()
	want(false)
	r.srv.Clock.Advance(3 * day)
	want(false)
	bring(apitest.Start.Unix())
	want(true)
	bring(r.now()) // which updates no list
	want(true)
	r.send("bob", 1)
	r.wantContact("ann", fmt.Sprint(int(3*day/time.Second)))
}

// Pages of 100 take in every conversation once, also where more of them are of
// one second than a page holds, and a cursor is the same after a restart.
func TestContactsArePagedThroughTies(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.send("bob", 1)
	const n = 230
	want := map[string]bool{fmt.Sprintf("%s@%d", r.group, r.now()): true}
	for i := range n {
		if i == 30 || i == 200 {
			r.tick()
		}
		g := *r
		g.group = fmt.Sprintf("many-%03d", i)
		g.call("create_group", `{"Type":"Public","Name":"n","GroupId":%q,"MemberList":[{"Member_Account":"ann"}]}`, g.group).MustOK(t)
		g.send("bob", 1)
		want[fmt.Sprintf("%s@%d", g.group, g.now())] = true
	}
	got := r.contactList("ann", 7)
	if len(got) != len(want) {
		t.Errorf("%d conversations, want %d", len(got), len(want))
	}
	for _, text := range got {
		if !want[text] {
			t.Errorf("%s is listed twice or wrongly", text)
		}
		delete(want, text)
	}
	if !slices.IsSortedFunc(got, func(x, y string) int {
		return cmp.Compare(y[strings.Index(y, "@"):], x[strings.Index(x, "@"):])
	}) {
		t.Errorf("not the newest first: %v", got)
	}
	first := contactPage{}
	r.contacts("get_list", `{"From_Account":"ann"}`).MustOK(t).Decode(t, &first)
	if len(first.Items) != 100 || first.Complete != 0 || first.Index >= 1<<31 {
		t.Fatalf("first page has %d, %+v", len(first.Items), first)
	}
	r.srv.Restart(t)
	// What is removed meanwhile makes nothing slip.
	gone := *r
	gone.group = first.Items[99].GroupID
	gone.deleteContact("ann")
	second := contactPage{}
	r.contacts("get_list", `{"From_Account":"ann","TimeStamp":%d,"StartIndex":%d}`, first.Time, first.Index).MustOK(t).Decode(t, &second)
	if !slices.Equal(second.texts(), got[100:200]) {
		t.Errorf("second page is %v, want %v", second.texts(), got[100:200])
	}
}

// Conversations whose cursors are the same stay on one page.
func TestContactsOfOnePlaceAreNotTornApart(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	for _, id := range []string{"plumless", "buckeroo"} { // of one checksum
		g := *r
		g.group = id
		g.call("create_group", `{"Type":"Public","Name":"n","GroupId":%q,"MemberList":[{"Member_Account":"ann"}]}`, id).MustOK(t)
		g.send("bob", 1)
	}
	r.tick()
	for i := range 99 {
		g := *r
		g.group = fmt.Sprintf("many-%02d", i)
		g.call("create_group", `{"Type":"Public","Name":"n","GroupId":%q,"MemberList":[{"Member_Account":"ann"}]}`, g.group).MustOK(t)
		g.send("bob", 1)
	}
	p := contactPage{}
	r.contacts("get_list", `{"From_Account":"ann"}`).MustOK(t).Decode(t, &p)
	if len(p.Items) != 101 || p.Complete != 1 || p.Items[99].GroupID != "buckeroo" || p.Items[100].GroupID != "plumless" {
		t.Errorf("the page has %d, and ends with %v", len(p.Items), p.texts()[98:])
	}
}
