package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

// query_online_status (spec 07 section 2) and get_online_member_num (03 section
// 2.14).

func (a *app) openim(command, format string, args ...any) apitest.Answer {
	a.t.Helper()
	return a.Call(a.t, "openim", command, fmt.Sprintf(format, args...))
}

func TestOnlineStatusFollowsTheConnections(t *testing.T) {
	a := newApp(t)
	a.accounts("mira", "otto")
	want := func(mira string) {
		t.Helper()
		a.openim("query_online_status", `{"To_Account":["mira","ghost","otto"],"IsNeedDetail":1,"IsReturnInstid":1,"IsReturnCustomStatus":1}`).WantJSON(t,
			`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"QueryResult":[{"To_Account":"mira",`+mira+`},
			 {"To_Account":"otto","Status":"Offline"}],"ErrorList":[{"To_Account":"ghost","ErrorCode":70107}]}`)
	}
	want(`"Status":"Offline"`)
	web := a.Presence.Connect("mira", "Web")
	a.Presence.Connect("ghost", "Web")
	want(`"Status":"Online","Detail":[{"Platform":"Web","Status":"Online"}]`)
	phone, pad := a.Presence.Connect("mira", "Android"), a.Presence.Connect("mira", "Android")
	want(`"Status":"Online","Detail":[{"Platform":"Android","Status":"Online"},{"Platform":"Web","Status":"Online"}]`)
	a.Presence.Disconnect(web)
	a.Presence.Disconnect(phone)
	want(`"Status":"Online","Detail":[{"Platform":"Android","Status":"Online"}]`)
	for _, detail := range []string{``, `,"IsNeedDetail":0`, `,"IsNeedDetail":null`} {
		a.openim("query_online_status", `{"To_Account":["mira"]%s}`, detail).WantJSON(t,
			`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"QueryResult":[{"To_Account":"mira","Status":"Online"}],"ErrorList":[]}`)
	}
	a.Presence.Disconnect(pad)
	want(`"Status":"Offline"`)
	a.Presence.Connect("mira", "PC")
	a.Restart(t)
	want(`"Status":"Offline"`)
}

func TestOnlineStatusInTheOlderForm(t *testing.T) {
	a := newApp(t)
	a.accounts("mira", "otto")
	a.Presence.Connect("mira", "iPad")
	a.openim("querystate", `{"To_Account":["mira","otto"]}`).WantJSON(t,
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"QueryResult":[{"To_Account":"mira","Status":"Online","State":"Online"},
		 {"To_Account":"otto","Status":"Offline","State":"Offline"}],"ErrorList":[]}`)
}

func TestOnlineStatusChecksItsFields(t *testing.T) {
	a := newApp(t)
	a.accounts("mira")
	for _, c := range []refusal{
		{"not JSON", `{`, 90001},
		{"no accounts", `{}`, 90003},
		{"null", `{"To_Account":null}`, 90003},
		{"empty list", `{"To_Account":[]}`, 90001},
		{"a plain string", `{"To_Account":"mira"}`, 90003},
		{"an element null", `{"To_Account":[null]}`, 90003},
		{"an element of another type", `{"To_Account":[5]}`, 60015},
		{"500 accounts", `{"To_Account":` + quoted(asText, "u", 500) + `}`, 0},
		{"501 accounts", `{"To_Account":` + quoted(asText, "u", 501) + `}`, 90011},
		{"IsNeedDetail 2", `{"To_Account":["mira"],"IsNeedDetail":2}`, 90010},
	} {
		for _, command := range []string{"query_online_status", "querystate"} {
			if answer := a.openim(command, "%s", c.body); answer.Code != c.code {
				t.Errorf("%s: %s answered %s, want %d", c.name, command, answer.Raw, c.code)
			}
		}
	}
	// Each once, an administrator without being imported, and what no account
	// can be called like one that nobody is.
	long := strings.Repeat("x", 33)
	a.openim("query_online_status", `{"To_Account":["mira","administrator","","mira",%q,""]}`, long).WantJSON(t,
		fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"QueryResult":[{"To_Account":"mira","Status":"Offline"},
		 {"To_Account":"administrator","Status":"Offline"}],"ErrorList":[{"To_Account":"","ErrorCode":70107},{"To_Account":%q,"ErrorCode":70107}]}`, long))
	a.login("account_delete", `{"DeleteItem":[{"UserID":"mira"}]}`).MustOK(t)
	a.openim("query_online_status", `{"To_Account":["mira"]}`).WantJSON(t,
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"QueryResult":[],"ErrorList":[{"To_Account":"mira","ErrorCode":70107}]}`)
}

func (r *room) wantOnline(want int) {
	r.t.Helper()
	r.wantAnswer(r.call("get_online_member_num", `{"GroupId":%q}`, r.group),
		fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"OnlineMemberNum":%d}`, want))
}

// The members of other groups than AVChatRooms are counted every ten seconds.
func TestOnlineMembersAreCounted(t *testing.T) {
	for _, groupType := range []string{"Private", "Public", "ChatRoom", "Community"} {
		r := newRoomWith(t, func(o *apitest.Options) { o.OneProcess("counts of who is online") }, groupType, "ann", "cleo")
		r.srv.Presence.Connect("bob", "Web") // no member
		r.srv.Presence.Connect("ann", "Web")
		r.srv.Presence.Connect("ann", "PC")
		r.wantOnline(1)
		cleo := r.srv.Presence.Connect("cleo", "Web")
		r.wantOnline(1)
		r.srv.Clock.Advance(9 * minute / 60)
		r.wantOnline(1)
		r.srv.Clock.Advance(minute / 60)
		r.wantOnline(2)
		r.srv.Presence.Disconnect(cleo)
		r.srv.Clock.Advance(-minute) // the clock was put back
		r.wantOnline(1)
		// Another group of that id has a number of its own.
		r.call("destroy_group", `{"GroupId":%q}`, r.group).MustOK(t)
		r.call("create_group", `{"Type":%q,"Name":"n","GroupId":%q}`, groupType, r.group).MustOK(t)
		r.wantOnline(0)
	}
}

func TestOnlineMembersOfALargeGroupAreCounted(t *testing.T) {
	r := newRoom(t, "Community")
	r.crowd("u", 2100)
	for start := 0; start < 2100; start += 300 {
		r.add(accounts("u", start, start+300)...).MustOK(t)
	}
	for i := 0; i < 2100; i += 3 {
		r.srv.Presence.Connect(fmt.Sprint("u", i), "Web")
	}
	r.wantOnline(700)
}

func TestOnlineStatusOfMembers(t *testing.T) {
	r := newRoom(t, "Public", "ann", "cleo")
	r.srv.Presence.Connect("cleo", "Mac")
	const list = `[{"Member_Account":"ann","AppMemberDefinedData":[],"OnlineStatus":"Offline"},` +
		`{"Member_Account":"cleo","AppMemberDefinedData":[],"OnlineStatus":"Online"}]`
	r.wantAnswer(r.call("get_group_member_info", `{"GroupId":%q,"MemberInfoFilter":["OnlineStatus"]}`, r.group),
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MemberNum":2,"MemberList":`+list+`}`)
	r.wantAnswer(r.call("get_specified_group_member_info", `{"GroupId":%q,"Member_List_Account":["ann","cleo"],"MemberInfoFilter":["OnlineStatus"]}`, r.group),
		fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupId":%q,"MemberList":`+list+`}`, r.group))
}
