package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

// modify_user_info (spec 03 section 3.2).

// marks sets (1) or removes (2) marks: account, marks, account, marks ...
func (r *room) marks(commandType int, items ...string) apitest.Answer {
	r.t.Helper()
	list := make([]string, len(items)/2)
	for i := range list {
		list[i] = fmt.Sprintf(`{"Member_Account":%q,"Marks":[%s]}`, items[2*i], items[2*i+1])
	}
	return r.live("modify_user_info", `{"GroupId":%q,"CommandType":%d,"MemberList":[%s]}`, r.group, commandType, strings.Join(list, ","))
}

// wantMarks runs a call of marks and checks for what it answers that it worked,
// in the same form.
func (r *room) wantMarks(got apitest.Answer, commandType int, items ...string) {
	r.t.Helper()
	list := make([]string, len(items)/2)
	for i := range list {
		list[i] = fmt.Sprintf(`{"Member_Account":%q,"Marks":[%s]}`, items[2*i], items[2*i+1])
	}
	r.wantAnswer(got, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"CommandType":%d,"MemberList":[%s]}`, commandType, strings.Join(list, ",")))
}

// wantMarked checks who carries a mark.
func (r *room) wantMarked(mark int, want ...string) {
	r.t.Helper()
	got := r.inside(0, mark).accounts()
	slices.Sort(got)
	if !slices.Equal(got, want) {
		r.t.Errorf("mark %d is on %v, want %v", mark, got, want)
	}
}

func TestMarksAreSetAndRemoved(t *testing.T) {
	r := newRoom(t, "AVChatRoom", "cleo")
	r.enter("ann")
	r.enter("cleo")
	r.wantMarks(r.marks(1, "cleo", "1001,1000,1001", "bob", "1000", "ann", "1000", "ghost", "1000", "cleo", "1002,1000"), 1,
		"cleo", "1001,1000,1002", "ann", "1000") // bob is not there
	r.wantMarked(1000, "ann", "cleo")
	r.wantMarked(1001, "cleo")
	r.wantMarked(1003)
	r.wantMarks(r.marks(1, "ann", "1000"), 1, "ann", "1000")             // again
	r.wantMarks(r.marks(2, "cleo", "1001,1009"), 2, "cleo", "1001,1009") // one that is not carried
	r.wantMarked(1001)
	r.wantMarked(1002, "cleo")
	r.wantMarks(r.marks(2, "cleo", "1000,1002", "ann", "1005"), 2, "cleo", "1000,1002", "ann", "1005")
	r.wantMarked(1000, "ann")
	r.wantMarked(1002)
	r.marks(1, "bob", "1000", "ghost", "500", "", "1000").WantCode(t, 10004)
	r.marks(1, "bob", "1000", "ghost", "500").WantCode(t, 10004) // nobody of them is there
	r.marks(2, "bob", "1000").WantCode(t, 10004)
	r.wantInside("ann", "cleo")
}

// Marks are of one stay in the room.
func TestMarksVanishWithTheStay(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	elsewhere := newRoomOn(t, r.srv, "AVChatRoom")
	for name, leave := range map[string]func(){
		"leaves": func() {
			c := r.enter("ann")
			r.marks(1, "ann", "1000").MustOK(t)
			r.srv.Presence.LeaveRoom(c, r.firstLife())
		},
		"disconnects": func() {
			c := r.enter("ann")
			r.marks(1, "ann", "1000").MustOK(t)
			r.srv.Presence.Disconnect(c)
		},
		"is banned": func() {
			r.enter("ann")
			r.marks(1, "ann", "1000").MustOK(t)
			r.ban(60, "ann").MustOK(t)
		},
		"is away when the server stops": func() {
			r.enter("ann")
			r.marks(1, "ann", "1000").MustOK(t)
			r.srv.Restart(t)
			elsewhere.srv = r.srv
		},
	} {
		t.Run(name, func(t *testing.T) {
			leave()
			r.wantMarked(1000)
			c := r.enter("ann")
			r.wantMarked(1000)
			r.marks(1, "ann", "1001").MustOK(t) // the old ones do not come back with new ones
			r.wantMarked(1000)
			r.wantMarked(1001, "ann")
			r.srv.Presence.EnterRoom(c, elsewhere.firstLife())
			elsewhere.wantMarked(1001)
			r.srv.Presence.Disconnect(c)
		})
	}
	// While one device stays, the marks do.
	one, two := r.enter("ann"), r.enter("ann")
	r.marks(1, "ann", "1000").MustOK(t)
	r.srv.Presence.Disconnect(one)
	r.wantMarked(1000, "ann")
	r.srv.Presence.Disconnect(two)
	r.wantMarked(1000)
}

// The mark 500 needs no presence and makes one that lasts.
func TestTheMarkOfRobots(t *testing.T) {
	r := newRoom(t, "AVChatRoom", "cleo")
	r.wantMarks(r.marks(1, "ann", "1000,500", "bob", "1000", "ghost", "500,1000", "caf\u00e9", "500"), 1, "ann", "1000,500")
	r.wantMarked(500, "ann")
	r.wantMarked(1000, "ann")
	r.srv.Restart(t)
	r.wantMarked(1000, "ann") // a robot does not leave
	c := r.enter("ann")
	r.marks(1, "ann", "1001").MustOK(t)
	r.srv.Presence.Disconnect(c)
	r.wantMarked(1001, "ann")
	r.wantMarks(r.marks(2, "ann", "500,1000"), 2, "ann", "500,1000")
	r.wantMarked(1001) // it is gone, and with it its marks
	r.wantInside()
	r.wantMarks(r.marks(2, "ann", "500,1000"), 2, "ann", "500") // again
	r.marks(1, "ann", "500").MustOK(t)
	r.wantMarked(1001) // they do not come back

	// A robot that is there in person stays, with its marks, when it is none any more.
	r.enter("ann")
	r.marks(1, "ann", "1002").MustOK(t)
	r.marks(2, "ann", "500").MustOK(t)
	r.wantMarked(1002, "ann")
	r.wantInside("ann")
	// Marks that somebody lost do not come back because he is made a robot.
	dave := r.enter("cleo")
	r.marks(1, "cleo", "1003").MustOK(t)
	r.srv.Presence.Disconnect(dave)
	r.robots("cleo").MustOK(t)
	r.wantMarked(1003)
}

func TestARoomHasAtMostTenMarks(t *testing.T) {
	r := newRoom(t, "AVChatRoom", "cleo")
	ann := r.enter("ann")
	r.enter("cleo")
	r.marks(1, "ann", "1000,1001,1002,1003,1004,1005,1006,1007,1008", "cleo", "4294967295,500").MustOK(t)
	r.marks(1, "cleo", "1009,1000").WantCode(t, 10004)
	r.wantMarked(1000, "ann") // nothing was done
	r.marks(1, "cleo", "1000").MustOK(t)
	r.marks(2, "ann", "1001").MustOK(t)
	r.marks(1, "cleo", "1009").MustOK(t)
	r.marks(1, "cleo", "1001").WantCode(t, 10004)
	r.srv.Presence.Disconnect(ann) // and her marks are free
	r.marks(1, "cleo", "1001,1010").MustOK(t)
}

func TestAMarkIsOnAtMostAThousandAccounts(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	r.fillRoom(1002, 1002)
	set := func(from, to, mark int) apitest.Answer {
		var items []string
		for _, account := range numbered(from, to) {
			items = append(items, account, fmt.Sprint(mark))
		}
		return r.marks(1, items...)
	}
	set(0, 500, 1000).MustOK(t)
	set(500, 999, 1000).MustOK(t)
	set(999, 1001, 1000).WantCode(t, 10004)
	set(1, 3, 1000).MustOK(t)
	set(999, 1000, 1000).MustOK(t)
	set(1000, 1001, 1000).WantCode(t, 10004)
	set(1000, 1001, 1001).MustOK(t)
	if got := len(r.inside(0, 1000).Members); got != 1000 {
		t.Errorf("%d accounts carry the mark, want 1000", got)
	}
}

func TestMarksCheckTheirFields(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	r.enter("ann")
	many := func(n int) string {
		return strings.ReplaceAll(quoted(`{"Member_Account":%q,"Marks":[1000]}`, "u", n-1), `[{`, `[{"Member_Account":"ann","Marks":[1000]},{`)
	}
	r.check("group_open_avchatroom_http_svc", "modify_user_info", []refusal{
		{"no CommandType", `{"GroupId":"$","MemberList":[{"Member_Account":"ann","Marks":[1000]}]}`, 10004},
		{"CommandType 0", `{"GroupId":"$","CommandType":0,"MemberList":[{"Member_Account":"ann","Marks":[1000]}]}`, 10004},
		{"CommandType 3", `{"GroupId":"$","CommandType":3,"MemberList":[{"Member_Account":"ann","Marks":[1000]}]}`, 10004},
		{"no MemberList", `{"GroupId":"$","CommandType":1}`, 10004},
		{"empty MemberList", `{"GroupId":"$","CommandType":1,"MemberList":[]}`, 10004},
		{"no account", `{"GroupId":"$","CommandType":1,"MemberList":[{"Marks":[1000]}]}`, 10004},
		{"no Marks", `{"GroupId":"$","CommandType":1,"MemberList":[{"Member_Account":"ann"}]}`, 10004},
		{"empty Marks", `{"GroupId":"$","CommandType":1,"MemberList":[{"Member_Account":"ann","Marks":[]}]}`, 10004},
		{"mark 999", `{"GroupId":"$","CommandType":1,"MemberList":[{"Member_Account":"ann","Marks":[1000,999]}]}`, 10004},
		{"mark 501", `{"GroupId":"$","CommandType":2,"MemberList":[{"Member_Account":"ann","Marks":[501]}]}`, 10004},
		{"mark 0", `{"GroupId":"$","CommandType":1,"MemberList":[{"Member_Account":"ann","Marks":[0]}]}`, 10004},
		{"mark negative", `{"GroupId":"$","CommandType":1,"MemberList":[{"Member_Account":"ann","Marks":[-1]}]}`, 10004},
		{"mark too great", `{"GroupId":"$","CommandType":1,"MemberList":[{"Member_Account":"ann","Marks":[4294967296]}]}`, 10004},
		{"mark a string", `{"GroupId":"$","CommandType":1,"MemberList":[{"Member_Account":"ann","Marks":["1000"]}]}`, 10004},
		{"500 entries", `{"GroupId":"$","CommandType":1,"MemberList":` + many(500) + `}`, 0},
		{"501 entries", `{"GroupId":"$","CommandType":1,"MemberList":` + many(501) + `}`, 10005},
		{"form before the number", `{"GroupId":"$","CommandType":1,"MemberList":` + strings.Replace(many(501), "1000", "1", 1) + `}`, 10004},
		{"number before the group", `{"GroupId":"none","CommandType":1,"MemberList":` + many(501) + `}`, 10005},
	})
}

// What could not be answered is not done.
func TestMarksThatDoNotFitAnAnswerAreNotRemoved(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	r.enter("ann")
	r.marks(1, "ann", "1000").MustOK(t)
	body := fmt.Sprintf(`{"GroupId":%q,"CommandType":2,"MemberList":[{"Member_Account":"ann","Marks":[1000`, r.group)
	marks := strings.Builder{}
	for mark := 1_000_000_000; len(body)+marks.Len()+len(`,1000000000]}]}`) <= 1<<20; mark++ {
		fmt.Fprintf(&marks, ",%d", mark)
	}
	r.live("modify_user_info", "%s%s]}]}", body, marks.String()).WantCode(t, 10018)
	r.wantMarked(1000, "ann")
}
