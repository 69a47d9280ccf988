package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

// app is a server with shorthands for calls of one service each.
type app struct {
	*apitest.Server
	t *testing.T
}

func newApp(t *testing.T, set ...func(*apitest.Options)) *app {
	t.Helper()
	o := apitest.DefaultOptions()
	for _, s := range set {
		s(&o)
	}
	return &app{Server: apitest.New(t, o), t: t}
}

func (a *app) login(command, format string, args ...any) apitest.Answer {
	a.t.Helper()
	return a.Call(a.t, "im_open_login_svc", command, fmt.Sprintf(format, args...))
}

func (a *app) group(command, format string, args ...any) apitest.Answer {
	a.t.Helper()
	return a.Call(a.t, "group_open_http_svc", command, fmt.Sprintf(format, args...))
}

// accounts imports accounts.
func (a *app) accounts(ids ...string) {
	a.t.Helper()
	for _, id := range ids {
		a.login("account_import", `{"UserID":%q}`, id).MustOK(a.t)
	}
}

const plainOK = `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`

// status is what account_check says of one account.
func (a *app) status(id string) string {
	a.t.Helper()
	var answer struct {
		Items []struct{ AccountStatus string } `json:"ResultItem"`
	}
	a.login("account_check", `{"CheckItem":[{"UserID":%q}]}`, id).MustOK(a.t).Decode(a.t, &answer)
	return answer.Items[0].AccountStatus
}

func TestAccountImportAnswersTheEnvelopeAlone(t *testing.T) {
	a := newApp(t)
	a.login("account_import", `{"UserID":"mira","Nick":"Mira K.","FaceUrl":"https://img.example.net/mira.png"}`).WantJSON(t, plainOK)
	if got := a.status("mira"); got != "Imported" {
		t.Fatalf("mira is %s after the import", got)
	}
	// Again is a success, and makes no second account.
	a.login("account_import", `{"UserID":"mira","Nick":"","FaceUrl":""}`).WantJSON(t, plainOK)
}

func TestAccountImportTakesTheOldNameOfUserID(t *testing.T) {
	a := newApp(t)
	a.login("account_import", `{"Identifier":"old","Type":0}`).MustOK(t)
	a.login("account_import", `{"Identifier":"loser","UserID":"winner"}`).MustOK(t)
	for id, want := range map[string]string{"old": "Imported", "winner": "Imported", "loser": "NotImported"} {
		if got := a.status(id); got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
}

func TestAccountImportRefusesWhatIsNotAnAccount(t *testing.T) {
	a := newApp(t)
	long := strings.Repeat("x", 501)
	for _, c := range []struct {
		name, body string
		code       int
	}{
		{"no UserID", `{}`, 70402},
		{"empty UserID", `{"UserID":""}`, 70402},
		{"UserID null", `{"UserID":null}`, 70402},
		{"33 bytes", fmt.Sprintf(`{"UserID":"%s"}`, strings.Repeat("u", 33)), 70402},
		{"leading blank", `{"UserID":" mira"}`, 70402},
		{"trailing blank", `{"UserID":"mira "}`, 70402},
		{"not ASCII", `{"UserID":"mirä"}`, 70402},
		{"control character", `{"UserID":"mi\u0007ra"}`, 70402},
		{"placeholder prefix", `{"UserID":"@TLS#x"}`, 70402},
		{"chatbot prefix", `{"UserID":"@RBT#x"}`, 70402},
		{"official account prefix", `{"UserID":"@TOA#_x"}`, 70402},
		{"sender of tips", `{"UserID":"@TIM#SYSTEM"}`, 70402},
		{"Nick of 501 bytes", fmt.Sprintf(`{"UserID":"m","Nick":%q}`, long), 70402},
		{"FaceUrl of 501 bytes", fmt.Sprintf(`{"UserID":"m","FaceUrl":%q}`, long), 70402},
		{"Nick of 251 characters and 502 bytes", fmt.Sprintf(`{"UserID":"m","Nick":%q}`, strings.Repeat("ä", 251)), 70402},
		{"Nick is a number", `{"UserID":"m","Nick":5}`, 70402},
		{"UserID is a number", `{"UserID":5}`, 60015},
		{"Identifier is a number", `{"Identifier":5}`, 60015},
		{"not JSON", `{"UserID":`, 60003},
	} {
		t.Run(c.name, func(t *testing.T) {
			a.login("account_import", "%s", c.body).WantCode(t, c.code)
		})
	}
	if got := a.status("m"); got != "NotImported" {
		t.Error("a refused import left an account behind")
	}
	a.login("account_import", `{"UserID":"%s"}`, strings.Repeat("u", 32)).MustOK(t)
	a.login("account_import", `{"UserID":"m","Nick":%q,"FaceUrl":%q}`, long[:500], long[:500]).MustOK(t)
}

func TestAccountImportStopsAtMaxAccounts(t *testing.T) {
	a := newApp(t, func(o *apitest.Options) {
		o.Settings.MaxAccounts = 2
		o.OneProcess("numbers of accounts and groups")
	})
	a.accounts("one", "two")
	a.login("account_import", `{"UserID":"three"}`).WantCode(t, 70398)
	a.login("multiaccount_import", `{"Accounts":["three"]}`).WantCode(t, 70398)
	a.accounts("one") // an existing one needs no room
	a.login("account_delete", `{"DeleteItem":[{"UserID":"one"}]}`).MustOK(t)
	a.accounts("three")
	a.login("account_import", `{"UserID":"four"}`).WantCode(t, 70398)
	a.Restart(t) // counted anew
	a.login("account_import", `{"UserID":"four"}`).WantCode(t, 70398)
}

func TestMultiaccountImportListsWhatDoesNotFit(t *testing.T) {
	a := newApp(t, func(o *apitest.Options) { o.Settings.MaxAccounts = 2 })
	a.login("multiaccount_import", `{"Accounts":["one","two","three","one","four"]}`).
		WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"FailAccounts":["three","four"]}`)
	for id, want := range map[string]string{"one": "Imported", "two": "Imported", "three": "NotImported"} {
		if got := a.status(id); got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
}

func TestMultiaccountImportTakesBothForms(t *testing.T) {
	a := newApp(t)
	a.login("multiaccount_import", `{"Accounts":["mira","otto","mira"]}`).
		WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"FailAccounts":[]}`)
	a.login("multiaccount_import", `{"AccountList":[{"UserID":"nina","Nick":"N"},{"UserID":"nina","Nick":"N2"}],"Accounts":["ignored"]}`).MustOK(t)
	for id, want := range map[string]string{"mira": "Imported", "otto": "Imported", "nina": "Imported", "ignored": "NotImported"} {
		if got := a.status(id); got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
}

func TestMultiaccountImportListsWhatFailed(t *testing.T) {
	a := newApp(t)
	a.login("multiaccount_import", `{"Accounts":["thirty-three-bytes-long-user-id-xx","good"]}`).
		WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"FailAccounts":["thirty-three-bytes-long-user-id-xx"]}`)
	a.login("multiaccount_import", `{"AccountList":[{"UserID":"nick","Nick":%q}]}`, strings.Repeat("n", 501)).
		WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"FailAccounts":["nick"]}`)
	if a.status("good") != "Imported" || a.status("nick") != "NotImported" {
		t.Error("the good account must be imported and the bad one not")
	}
}

// batch returns n quoted account objects.
func batch(n int) string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf(`{"UserID":"user-%d"}`, i)
	}
	return "[" + strings.Join(items, ",") + "]"
}

func TestAccountBatchesHoldOneToHundredItems(t *testing.T) {
	a := newApp(t)
	for command, field := range map[string]string{
		"multiaccount_import": "AccountList", "account_check": "CheckItem", "account_delete": "DeleteItem",
	} {
		t.Run(command, func(t *testing.T) {
			a.login(command, `{}`).WantCode(t, 70402)
			a.login(command, `{%q:[]}`, field).WantCode(t, 70402)
			a.login(command, `{%q:%s}`, field, batch(101)).WantCode(t, 70402)
			a.login(command, `{%q:[{}]}`, field).WantCode(t, 70402)
			a.login(command, `{%q:[{"UserID":""}]}`, field).WantCode(t, 70402)
			a.login(command, `{%q:{}}`, field).WantCode(t, 70402)
			a.login(command, `{%q:[{"UserID":7}]}`, field).WantCode(t, 60015)
			a.login(command, `{%q:%s}`, field, batch(100)).MustOK(t)
			a.login(command, `{%q:%s}`, field, batch(1)).MustOK(t)
		})
	}
	a.login("multiaccount_import", `{"Accounts":[]}`).WantCode(t, 70402)
	a.login("multiaccount_import", `{"Accounts":["ok",""]}`).WantCode(t, 70402)
	a.login("multiaccount_import", `{"Accounts":["ok",5]}`).WantCode(t, 70402)
	a.login("multiaccount_import", `{"AccountList":[],"Accounts":["ok"]}`).WantCode(t, 70402)
	a.login("multiaccount_import", `{"Accounts":["%s"]}`, strings.Repeat(`u","`, 100)+"u").WantCode(t, 70402)
	if got := a.status("ok"); got != "NotImported" {
		t.Error("a refused batch left an account behind")
	}
}

func TestAccountCheckAnswersItemByItem(t *testing.T) {
	a := newApp(t)
	a.accounts("mira")
	a.login("account_check", `{"CheckItem":[{"UserID":"mira"},{"UserID":"ghost"},{"UserID":"administrator"},{"UserID":"mira"}]}`).WantJSON(t,
		`{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","ResultItem":[
		 {"UserID":"mira","ResultCode":0,"ResultInfo":"","AccountStatus":"Imported"},
		 {"UserID":"ghost","ResultCode":0,"ResultInfo":"","AccountStatus":"NotImported"},
		 {"UserID":"administrator","ResultCode":0,"ResultInfo":"","AccountStatus":"Imported"},
		 {"UserID":"mira","ResultCode":0,"ResultInfo":"","AccountStatus":"Imported"}]}`)
	var bad struct {
		Items []struct {
			ResultCode    int
			AccountStatus string
		} `json:"ResultItem"`
	}
	a.login("account_check", `{"CheckItem":[{"UserID":"thirty-three-bytes-long-user-id-xx"}]}`).MustOK(t).Decode(t, &bad)
	if bad.Items[0].ResultCode != 70402 || bad.Items[0].AccountStatus != "NotImported" {
		t.Errorf("ill-formed item is %+v", bad.Items[0])
	}
}

func TestAccountsAreCaseSensitive(t *testing.T) {
	a := newApp(t)
	a.accounts("Mira")
	if got := a.status("mira"); got != "NotImported" {
		t.Errorf("mira is %s after importing Mira", got)
	}
}

func TestAccountDeleteAnswersItemByItem(t *testing.T) {
	a := newApp(t)
	a.accounts("otto")
	a.login("account_delete", `{"DeleteItem":[{"UserID":"otto"},{"UserID":"ghost"},{"UserID":"otto"}]}`).WantJSON(t,
		`{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","ResultItem":[
		 {"ResultCode":0,"ResultInfo":"","UserID":"otto"},
		 {"ResultCode":70107,"ResultInfo":"Err_TLS_PT_Open_Login_Account_Not_Exist","UserID":"ghost"},
		 {"ResultCode":70107,"ResultInfo":"Err_TLS_PT_Open_Login_Account_Not_Exist","UserID":"otto"}]}`)
	if got := a.status("otto"); got != "NotImported" {
		t.Errorf("otto is %s after his deletion", got)
	}
	var items struct {
		Items []struct{ ResultCode int } `json:"ResultItem"`
	}
	a.login("account_delete", `{"DeleteItem":[{"UserID":"administrator"},{"UserID":" x"}]}`).MustOK(t).Decode(t, &items)
	for i, item := range items.Items {
		if item.ResultCode != 70402 {
			t.Errorf("item %d has code %d, want 70402", i, item.ResultCode)
		}
	}
	if got := a.status("administrator"); got != "Imported" {
		t.Error("an administrator was deleted")
	}
}

func TestAccountDeleteCanBeSwitchedOff(t *testing.T) {
	a := newApp(t, func(o *apitest.Options) { o.Settings.AccountDeletion = false })
	a.accounts("otto")
	a.login("account_delete", `{"DeleteItem":[{"UserID":"otto"}]}`).WantCode(t, 71000)
	if got := a.status("otto"); got != "Imported" {
		t.Errorf("otto is %s", got)
	}
}

func TestDeletedAccountLeavesEveryGroupAndItsMessagesStay(t *testing.T) {
	a := newApp(t)
	a.accounts("ann", "otto")
	a.group("create_group", `{"Type":"Public","Name":"g","GroupId":"g","Owner_Account":"otto","MemberList":[{"Member_Account":"ann"}]}`).MustOK(t)
	a.group("create_group", `{"Type":"AVChatRoom","Name":"live","GroupId":"live","Owner_Account":"otto"}`).MustOK(t)
	a.group("send_group_msg", `{"GroupId":"g","From_Account":"otto","Random":1,"MsgBody":%s}`, text("keep me")).MustOK(t)
	a.group("forbid_send_msg", `{"GroupId":"g","Members_Account":["otto"],"MuteTime":600}`).MustOK(t)
	before := a.info("g")

	a.login("account_delete", `{"DeleteItem":[{"UserID":"otto"}]}`).MustOK(t)

	after := a.info("g")
	if after.Owner != "" || after.MemberNum != 1 || after.NextMsgSeq != before.NextMsgSeq {
		t.Errorf("after the deletion the group is %+v; want no owner, one member and no number used", after)
	}
	if live := a.info("live"); live.Owner != "" {
		t.Errorf("the room is still owned by %q", live.Owner)
	}
	var history struct {
		Rows []struct{ From_Account string } `json:"RspMsgList"`
	}
	a.group("group_msg_get_simple", `{"GroupId":"g","ReqMsgNumber":20}`).MustOK(t).Decode(t, &history)
	if n := len(history.Rows); n == 0 || history.Rows[n-1].From_Account != "otto" {
		t.Errorf("history is %+v, want otto's message in it", history.Rows)
	}
	a.group("delete_group_msg_by_sender", `{"GroupId":"g","Sender_Account":"otto"}`).MustOK(t)
	a.group("get_joined_group_list", `{"Member_Account":"otto"}`).WantCode(t, 10019)

	// Imported again he is nobody's member, and not muted.
	a.accounts("otto")
	a.group("get_joined_group_list", `{"Member_Account":"otto","WithHugeGroups":1}`).WantJSON(t,
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"TotalCount":0,"GroupIdList":[]}`)
	a.group("send_group_msg", `{"GroupId":"g","From_Account":"otto","Random":2,"MsgBody":%s}`, text("again")).MustOK(t)
}

func TestDeletionOfItsLastMemberDissolvesNoGroup(t *testing.T) {
	a := newApp(t, func(o *apitest.Options) { o.Settings.DissolveEmptyGroups = true })
	a.accounts("otto")
	a.create(`{"Type":"Public","Name":"n","GroupId":"g","MemberList":[{"Member_Account":"otto"}]}`)
	a.group("send_group_msg", `{"GroupId":"g","From_Account":"otto","Random":1,"MsgBody":%s}`, text("x")).MustOK(t)
	a.login("account_delete", `{"DeleteItem":[{"UserID":"otto"}]}`).MustOK(t)
	if got := a.info("g"); got.ErrorCode != 0 || got.MemberNum != 0 || got.NextMsgSeq != 2 {
		t.Errorf("group is %+v, want it without members and with its history", got)
	}
}

func TestDeletionEndsTheMutesInTheAccountsGroupsAlone(t *testing.T) {
	a := newApp(t)
	a.accounts("ann", "otto")
	const otto = `"MemberList":[{"Member_Account":"otto"}]`
	a.create(`{"Type":"Public","Name":"n","GroupId":"in",%s}`, otto)
	a.create(`{"Type":"Public","Name":"n","GroupId":"left",%s}`, otto)
	a.create(`{"Type":"Community","Name":"n","GroupId":"@TGS#_town","SupportTopic":1,%s}`, otto)
	const topic = "@TGS#_town@TOPIC#_one"
	a.Call(t, "million_group_open_http_svc", "create_topic", fmt.Sprintf(`{"GroupId":"@TGS#_town","TopicId":%q,"TopicName":"n"}`, topic)).MustOK(t)
	for _, where := range []string{`"GroupId":"in"`, `"GroupId":"left"`, `"GroupId":"@TGS#_town"`, `"GroupId":"@TGS#_town","TopicId":"` + topic + `"`} {
		a.group("forbid_send_msg", `{%s,"Members_Account":["otto"],"MuteTime":600}`, where).MustOK(t)
	}
	a.group("delete_group_member", `{"GroupId":"left","MemberToDel_Account":["otto"]}`).MustOK(t)
	before := a.info("in")
	a.Clock.Advance(minute)

	a.login("account_delete", `{"DeleteItem":[{"UserID":"otto"}]}`).MustOK(t)

	if after := a.info("in"); after.LastInfoTime != a.Clock.Now().Unix() || after.InfoSeq != before.InfoSeq {
		t.Errorf("deletion made %+v of %+v, want another LastInfoTime and the same InfoSeq", after, before)
	}
	a.accounts("otto")
	for _, group := range []string{"in", "left", "@TGS#_town"} {
		a.group("add_group_member", `{"GroupId":%q,%s}`, group, otto).MustOK(t)
	}
	for where, want := range map[string]bool{
		`"GroupId":"in"`: false, `"GroupId":"left"`: true, `"GroupId":"@TGS#_town"`: false,
		`"GroupId":"@TGS#_town","TopicId":"` + topic + `"`: false,
	} {
		var muted struct{ MutedAccountList []any }
		a.group("get_group_muted_account", `{%s}`, where).MustOK(t).Decode(t, &muted)
		if got := len(muted.MutedAccountList) == 1; got != want {
			t.Errorf("%s: muted after coming back %v, want %v", where, got, want)
		}
	}
}

func TestAccountBatchesAreCalledUpTo100TimesASecond(t *testing.T) {
	a := newApp(t, func(o *apitest.Options) {
		o.Application.CallsPerSecond = nil
		o.OneProcess("call limits")
	})
	for command, want := range map[string]int{
		"account_import": 200, "multiaccount_import": 100, "account_check": 100, "account_delete": 100,
	} {
		for range want { // refused for what they lack, but they count
			a.login(command, `{}`).WantCode(t, 70402)
		}
		a.login(command, `{}`).WantCode(t, 60007)
	}
}

func TestAutoImportMakesEveryGoodNameAnAccount(t *testing.T) {
	a := newApp(t, func(o *apitest.Options) { o.Settings.AutoImportAccounts = true })
	a.group("create_group", `{"Type":"Public","Name":"g","GroupId":"g","Owner_Account":"fresh"}`).MustOK(t)
	if got := a.status("fresh"); got != "Imported" {
		t.Errorf("fresh is %s", got)
	}
	a.group("create_group", `{"Type":"Public","Name":"g","MemberList":[{"Member_Account":"@RBT#bot"}]}`).WantCode(t, 10019)
}
