package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/chat"
)

// get_members, check_members, and who counts as being in an AVChatRoom (spec 03
// sections 2.14, 3.1, 3.3 and 3.7).

// enter connects an account and lets it into the room, which is the first of
// its id.
func (r *room) enter(account string) *chat.Connection {
	c := r.srv.Presence.Connect(account, "Web")
	r.srv.Presence.EnterRoom(c, r.firstLife())
	return c
}

func (r *room) firstLife() chat.Room { return chat.Room{GroupID: r.group, Incarnation: 1} }

func (r *room) robots(accounts ...string) apitest.Answer {
	r.t.Helper()
	return r.live("add_robots", `{"GroupId":%q,"Member_Account":["%s"]}`, r.group, strings.Join(accounts, `","`))
}

func (r *room) noRobots(accounts ...string) apitest.Answer {
	r.t.Helper()
	return r.live("del_robots", `{"GroupId":%q,"Member_Account":["%s"]}`, r.group, strings.Join(accounts, `","`))
}

// roomPage is one answer of get_members.
type roomPage struct {
	Members []struct {
		Account  string `json:"Member_Account"`
		JoinTime int64
	} `json:"MemberList"`
	Next int64 `json:"NextTimestamp"`
}

func (p *roomPage) accounts() []string {
	accounts := []string{}
	for _, m := range p.Members {
		accounts = append(accounts, m.Account)
	}
	return accounts
}

func (r *room) inside(timestamp int64, mark int) *roomPage {
	r.t.Helper()
	p := &roomPage{}
	r.live("get_members", `{"GroupId":%q,"Timestamp":%d,"Mark":%d}`, r.group, timestamp, mark).MustOK(r.t).Decode(r.t, p)
	return p
}

// wantInside checks what all commands say about who is in the room.
func (r *room) wantInside(want ...string) {
	r.t.Helper()
	p := r.inside(0, 0)
	if got := p.accounts(); !slices.Equal(got, want) || p.Next != 0 {
		r.t.Errorf("in the room are %v and more from %d, want %v", got, p.Next, want)
	}
	r.wantOnline(len(want))
	there := []string{}
	for _, account := range []string{"ann", "bob", "cleo"} {
		if slices.Contains(want, account) {
			there = append(there, fmt.Sprintf("%q", account))
		}
	}
	r.wantAnswer(r.live("check_members", `{"GroupId":%q,"Member_Account":["ann","bob","ghost","cleo","ann","","caf\u00e9"]}`, r.group),
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Member_Account":[`+strings.Join(there, ",")+`]}`)
}

func TestWhoIsInARoomIsWhoHasEntered(t *testing.T) {
	r := newRoom(t, "AVChatRoom", "cleo")
	r.wantInside()
	ann := r.enter("ann")
	r.srv.Clock.Advance(minute)
	cleo := r.enter("cleo")
	r.wantInside("cleo", "ann")
	r.srv.Clock.Advance(minute)
	again := r.enter("ann") // with a second device
	r.wantInside("cleo", "ann")
	r.srv.Presence.Disconnect(ann)
	r.wantInside("cleo", "ann")
	r.srv.Presence.LeaveRoom(again, r.firstLife())
	r.wantInside("cleo")
	r.srv.Presence.EnterRoom(again, r.firstLife())
	r.wantInside("ann", "cleo")
	r.srv.Presence.Disconnect(cleo)
	r.wantInside("ann")
	r.srv.Presence.Connect("bob", "Web") // is not in the room
	r.wantInside("ann")
	r.call("destroy_group", `{"GroupId":%q}`, r.group).MustOK(t)
	r.call("create_group", `{"Type":"AVChatRoom","Name":"n","GroupId":%q}`, r.group).MustOK(t)
	r.wantInside()
}

func TestRoomMembersAreShownWithTheirProfiles(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	r.srv.Call(t, "im_open_login_svc", "account_import", `{"UserID":"ann","Nick":"Ann <3","FaceUrl":"http://a/b.png"}`).MustOK(t)
	r.enter("ann")
	r.enter("bob")
	r.wantAnswer(r.live("get_members", `{"GroupId":%q,"Timestamp":0}`, r.group), fmt.Sprintf(
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MemberList":[{"Member_Account":"ann","JoinTime":%d,"NickName":"Ann <3","Avatar":"http://a/b.png"},`+
			`{"Member_Account":"bob","JoinTime":%[1]d,"NickName":"","Avatar":""}],"NextTimestamp":0}`, r.now()))
}

// fillRoom lets n accounts u0, u1 ... in, so many per second.
func (r *room) fillRoom(n, perSecond int) {
	for i := range n {
		if i%perSecond == 0 {
			r.srv.Clock.Advance(minute / 60)
		}
		r.enter(fmt.Sprintf("u%04d", i))
	}
}

// wantPages checks the lengths of all pages, and that together they show whom
// they should, the newest first and each once.
func (r *room) wantPages(want []string, lengths ...int) {
	r.t.Helper()
	var got []string
	var sizes []int
	last := int64(1 << 62)
	for timestamp := int64(0); ; {
		p := r.inside(timestamp, 0)
		sizes = append(sizes, len(p.Members))
		for _, m := range p.Members {
			if m.JoinTime > last {
				r.t.Errorf("%s is listed after one who entered before", m.Account)
			}
			last = m.JoinTime
			got = append(got, m.Account)
		}
		if timestamp = p.Next; timestamp == 0 {
			break
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		r.t.Errorf("%d accounts are shown, want %d", len(got), len(want))
	}
	if !slices.Equal(sizes, lengths) {
		r.t.Errorf("pages have %v accounts, want %v", sizes, lengths)
	}
}

func numbered(from, to int) []string {
	var list []string
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf("u%04d", i))
	}
	return list
}

func TestRoomMembersComeByThePage(t *testing.T) {
	for _, c := range []struct {
		n, perSecond int
		pages        []int
	}{
		{0, 1, []int{0}},
		{250, 1, []int{250}},
		{251, 1, []int{250, 1}},
		{250, 250, []int{250}},
		{600, 400, []int{200, 400}},
		{600, 600, []int{600}},
	} {
		r := newRoom(t, "AVChatRoom")
		r.fillRoom(c.n, c.perSecond)
		r.wantPages(numbered(0, c.n), c.pages...)
	}
}

// A page ends between two seconds.
func TestNoPageOfARoomPartsThoseWhoEnteredInOneSecond(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	r.fillRoom(500, 20) // the page would end in the 13th second
	r.wantPages(numbered(0, 500), 240, 240, 20)
}

func TestOfARoomTheNewestThousandAreShown(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	r.fillRoom(1100, 1)
	r.wantPages(numbered(100, 1100), 250, 250, 250, 250)
	r.wantOnline(1100)
	r.wantAnswer(r.live("check_members", `{"GroupId":%q,"Member_Account":["u0000","u1099"]}`, r.group),
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Member_Account":["u0000","u1099"]}`)
	// Robots are shown beside them.
	r.crowd("robot", 2)
	r.robots("robot0", "robot1").MustOK(t)
	r.wantPages(append(numbered(100, 1100), "robot0", "robot1"), 250, 250, 250, 250, 2)
	r.wantOnline(1102)
}

// Who enters while pages are read takes nothing from them.
func TestPagesOfARoomStandStillWhileOthersEnter(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	r.fillRoom(300, 1)
	first := r.inside(0, 0)
	r.srv.Clock.Advance(minute)
	r.enter("late")
	rest := r.inside(first.Next, 0)
	if got := append(first.accounts(), rest.accounts()...); len(got) != 300 || rest.Next != 0 || slices.Contains(got, "late") {
		t.Errorf("%d accounts were shown, and more from %d, want 300", len(got), rest.Next)
	}
}

func TestRobotsAreInTheRoomWithoutBeingThere(t *testing.T) {
	r := newRoom(t, "AVChatRoom", "cleo")
	cleo := r.enter("cleo")
	r.srv.Clock.Advance(minute)
	r.wantAnswer(r.robots("ann", "cleo", "ann"), bareOK)
	r.wantInside("ann", "cleo")
	since := r.now()
	r.srv.Clock.Advance(minute)
	r.robots("ann", "cleo").MustOK(t)                                                           // again
	if got := r.inside(0, 0).Members; got[0].JoinTime != since || got[1].JoinTime != since-60 { // cleo from when she entered
		t.Errorf("in the room are %+v, want them since %d and %d", got, since, since-60)
	}
	if got := r.inside(0, 500).accounts(); !slices.Equal(got, []string{"ann", "cleo"}) {
		t.Errorf("robots are %v", got)
	}
	r.srv.Presence.Disconnect(cleo)
	r.wantInside("ann", "cleo") // both since then
	r.srv.Restart(t)
	r.wantInside("ann", "cleo")
	r.wantAnswer(r.noRobots("ann", "bob", "ghost", ""), bareOK)
	r.wantInside("cleo")
	r.enter("cleo")
	r.noRobots("cleo").MustOK(t)
	r.wantInside("cleo") // she is there
	if got := r.inside(0, 500).accounts(); len(got) != 0 {
		t.Errorf("robots are %v, want none", got)
	}
}

func TestRobotsCheckTheirFields(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	r.crowd("u", 501)
	for _, command := range []string{"add_robots", "del_robots", "check_members"} {
		r.check("group_open_avchatroom_http_svc", command, []refusal{
			{"no accounts", `{"GroupId":"$"}`, 10004},
			{"empty list", `{"GroupId":"$","Member_Account":[]}`, 10004},
			{"a plain string", `{"GroupId":"$","Member_Account":"ann"}`, 10004},
			{"500 accounts", `{"GroupId":"$","Member_Account":` + quoted(asText, "u", 500) + `}`, 0},
			{"501 accounts", `{"GroupId":"$","Member_Account":` + quoted(asText, "u", 501) + `}`, 10005},
		})
	}
	r.wantOnline(0)
	for _, account := range []string{"ghost", "", "caf\u00e9"} {
		r.robots("ann", account).WantCode(t, 10019) // and nobody is
		r.wantOnline(0)
	}
	r.check("group_open_avchatroom_http_svc", "get_members", []refusal{
		{"no Timestamp", `{"GroupId":"$"}`, 10004},
		{"Timestamp null", `{"GroupId":"$","Timestamp":null}`, 10004},
		{"Timestamp negative", `{"GroupId":"$","Timestamp":-1}`, 10004},
		{"Timestamp at its greatest", `{"GroupId":"$","Timestamp":4294967295}`, 0},
		{"Timestamp too great", `{"GroupId":"$","Timestamp":4294967296}`, 10004},
		{"Mark 0 is none", `{"GroupId":"$","Timestamp":0,"Mark":0}`, 0},
		{"Mark 499", `{"GroupId":"$","Timestamp":0,"Mark":499}`, 10004},
		{"Mark 500", `{"GroupId":"$","Timestamp":0,"Mark":500}`, 0},
		{"Mark 999", `{"GroupId":"$","Timestamp":0,"Mark":999}`, 10004},
		{"Mark 1000", `{"GroupId":"$","Timestamp":0,"Mark":1000}`, 0},
		{"Mark at its greatest", `{"GroupId":"$","Timestamp":0,"Mark":4294967295}`, 0},
		{"Mark negative", `{"GroupId":"$","Timestamp":0,"Mark":-1}`, 10004},
	})
}

func TestRobotsAreAtMostAThousand(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	r.crowd("u", 1001)
	r.robots(accounts("u", 0, 500)...).MustOK(t)
	r.robots(accounts("u", 500, 999)...).MustOK(t)
	r.robots("u999", "u1000").WantCode(t, 10004)
	r.wantOnline(999)
	r.robots("u999", "u0").MustOK(t)
	r.robots("u1000").WantCode(t, 10004)
	r.noRobots("u3").MustOK(t)
	r.robots("u1000").MustOK(t)
	r.wantOnline(1000)
}

func TestRobotsEndWithTheRoomAndTheAccount(t *testing.T) {
	r := newRoom(t, "AVChatRoom", "cleo")
	r.robots("cleo", "ann").MustOK(t)
	r.appoint("cleo").MustOK(t)
	r.srv.Call(t, "im_open_login_svc", "account_delete", `{"DeleteItem":[{"UserID":"cleo"}]}`).MustOK(t)
	r.wantInside("ann")
	r.wantAdmins()
	r.srv.Call(t, "im_open_login_svc", "account_import", `{"UserID":"cleo"}`).MustOK(t)
	r.wantInside("ann")
	r.call("destroy_group", `{"GroupId":%q}`, r.group).MustOK(t)
	r.call("create_group", `{"Type":"AVChatRoom","Name":"n","GroupId":%q}`, r.group).MustOK(t)
	r.wantInside()
}

// Who is banned is not in the room as a robot either.
func TestTheBannedAreNoRobots(t *testing.T) {
	r := newRoom(t, "AVChatRoom", "cleo")
	r.ban(60, "ann").MustOK(t)
	r.robots("cleo", "ann").WantCode(t, 10007)
	r.robots("ann", "ghost").WantCode(t, 10019) // accounts before what is known of them
	r.wantInside()
	r.wantMarks(r.marks(1, "ann", "500,1000", "cleo", "500"), 1, "cleo", "500")
	r.wantInside("cleo")
	r.wantAnswer(r.noRobots("ann"), bareOK)
	r.wantMarks(r.marks(2, "ann", "500"), 2, "ann", "500") // there is nothing to remove
	r.srv.Clock.Advance(minute)
	r.robots("ann").MustOK(t)
	r.wantMarked(500, "ann", "cleo")
}

func TestABanPutsAnAccountOutOfTheRoom(t *testing.T) {
	r := newRoom(t, "AVChatRoom", "cleo")
	ann := r.enter("ann")
	r.enter("ann")
	r.enter("bob")
	r.robots("cleo").MustOK(t)
	elsewhere := newRoomOn(t, r.srv, "AVChatRoom")
	r.srv.Presence.EnterRoom(ann, elsewhere.firstLife())
	r.ban(60, "ann", "cleo").MustOK(t)
	r.wantInside("bob")
	elsewhere.wantInside("ann")
	r.wantNext(1)                                                                                  // no tip is stored
	r.srv.Call(t, "openim", "query_online_status", `{"To_Account":["ann"]}`).MustOK(t).WantJSON(t, // but still connected
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"QueryResult":[{"To_Account":"ann","Status":"Online"}],"ErrorList":[]}`)
	// A ban from a group of another type is of no room.
	public := newRoomOn(t, r.srv, "Public")
	public.ban(60, "ann").MustOK(t)
	elsewhere.wantInside("ann")
}
