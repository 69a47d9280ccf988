package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/recant-chat/recant/api/apitest"
	"pgregory.net/rapid"
)

// search_groups: the groups of the application, for moderators.

func (a *app) searching(format string, args ...any) apitest.Answer {
	a.t.Helper()
	return a.Call(a.t, "moderation_http_svc", "search_groups", fmt.Sprintf(format, args...))
}

// searched is an answer of search_groups.
type searched struct {
	Groups []struct {
		ID     string `json:"GroupId"`
		Newest *struct {
			Seq      uint32    `json:"MsgSeq"`
			State    string    `json:"State"`
			Recalled *struct{} `json:"Recalled"`
		} `json:"NewestMsg"`
	} `json:"Groups"`
	Scanned int    `json:"ScannedNum"`
	Next    string `json:"Next"`
}

func (a *app) search(query, groupType string, limit int, next string) *searched {
	a.t.Helper()
	s := &searched{}
	a.searching(`{"Query":%q,"GroupType":%q,"Limit":%d,"Next":%q}`, query, groupType, limit, next).MustOK(a.t).Decode(a.t, s)
	return s
}

func (s *searched) ids() []string {
	ids := []string{}
	for _, g := range s.Groups {
		ids = append(ids, g.ID)
	}
	return ids
}

// searchAll follows Next to the end.
func (a *app) searchAll(query, groupType string, limit int) []string {
	a.t.Helper()
	found, next := []string{}, ""
	for {
		page := a.search(query, groupType, limit, next)
		if len(page.Groups) > limit {
			a.t.Errorf("a page has %d groups, want at most %d", len(page.Groups), limit)
		}
		found = append(found, page.ids()...)
		if next = page.Next; next == "" {
			return found
		}
	}
}

func TestSearchGroupsAnswer(t *testing.T) {
	a := newApp(t)
	a.accounts("ann")
	a.create(`{"Type":"Public","Name":"Fish & chips","GroupId":"shop","FaceUrl":"https://x/y.png","Owner_Account":"ann"}`)
	a.create(`{"Type":"Community","Name":"town","GroupId":"@TGS#_shopping","SupportTopic":1}`)
	made := a.Clock.Now().Unix()
	a.Clock.Advance(time.Minute)
	a.group("send_group_msg", `{"GroupId":"shop","From_Account":"ann","Random":5,"MsgBody":%s}`, text("x")).MustOK(t)
	sent := a.Clock.Now().Unix()
	a.searching(`{"Query":"sHOP"}`).WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Groups":[
		{"GroupId":"@TGS#_shopping","Type":"Community","Name":"town","FaceUrl":"","Owner_Account":"","MemberNum":0,
		 "CreateTime":%d,"SupportTopic":1,"LastMsgTime":0,"NextMsgSeq":1},
		{"GroupId":"shop","Type":"Public","Name":"Fish & chips","FaceUrl":"https://x/y.png","Owner_Account":"ann","MemberNum":1,
		 "CreateTime":%d,"SupportTopic":0,"LastMsgTime":%d,"NextMsgSeq":2,"NewestMsg":
		 {"MsgSeq":1,"State":"live","From_Account":"ann","MsgTimeStamp":%d,"MsgRandom":5,"MsgPriority":2,"MsgBody":%s}}],
		"ScannedNum":2,"Next":""}`, made, made, sent, sent, text("x")))
}

func TestSearchGroupsRefusesBadFields(t *testing.T) {
	a := newApp(t)
	for _, c := range []struct {
		body  string
		code  int
		field string
	}{
		{`{}`, 0, ""},
		{`{"Query":"` + strings.Repeat("x", 100) + `"}`, 0, ""},
		{`{"Query":"` + strings.Repeat("x", 101) + `"}`, 10004, "Query"},
		{`{"Limit":0}`, 0, ""},
		{`{"Limit":100}`, 0, ""},
		{`{"Limit":101}`, 10004, "Limit"},
		{`{"Limit":-1}`, 10004, "Limit"},
		{`{"GroupType":"Work"}`, 0, ""},
		{`{"GroupType":"BChatRoom"}`, 0, ""},
		{`{"GroupType":"public"}`, 10004, "GroupType"},
		{`{"Next":"x"}`, 10004, "Next"},
	} {
		answer := a.searching("%s", c.body).WantCode(t, c.code)
		if !strings.Contains(answer.Info, c.field) {
			t.Errorf("%s: %q does not name %s", c.body, answer.Info, c.field)
		}
	}
	// A token of another list is none of this one.
	a.create(`{"Type":"Public","Name":"n","GroupId":"g"}`)
	a.create(`{"Type":"Public","Name":"n","GroupId":"h"}`)
	a.searching(`{"Next":%q}`, a.search("", "", 1, "").Next).MustOK(t)
	a.Call(t, "recall_http_svc", "list_recall_operations", fmt.Sprintf(`{"Next":%q}`, a.search("", "", 1, "").Next)).WantCode(t, 10004)
}

func TestSearchGroupsShowsTheNewestMessageAsItIs(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) {
		o.Settings.HistoryRetentionDays = 7
		withHousekeeping(o)
	}, "Public", "ann", "bob")
	a := &app{Server: r.srv, t: t}
	newest := func() string {
		t.Helper()
		g := a.search(r.group, "", 1, "").Groups[0]
		if g.Newest == nil {
			return "none"
		}
		return fmt.Sprint(g.Newest.Seq, " ", g.Newest.State)
	}
	want := func(want string) {
		t.Helper()
		if got := newest(); got != want {
			t.Errorf("newest message is %q, want %q", got, want)
		}
	}
	want("none")
	r.writeTip()
	want("none")
	r.send("ann", 1)
	r.writeTip()
	want("2 live")
	id := r.recallBySender("ann", "").ID
	want("2 recalled")
	r.erase(id)
	want("2 erased")
	r.srv.Clock.Advance(8 * day)
	want("none")
	r.send("bob", 1)
	want("4 live")
	live := newRoomOn(t, r.srv, "AVChatRoom")
	live.send("ann", 1)
	if g := a.search(live.group, "", 1, "").Groups[0]; g.ID != live.group || g.Newest != nil {
		t.Errorf("a room without history is %+v", g)
	}
}

func TestSearchGroupsPutsTheExactIDFirstAndOnce(t *testing.T) {
	a := newApp(t)
	for _, id := range []string{"spam", "spam-2", "x", "ham", "nospam", "SPAM"} {
		a.create(`{"Type":"Public","Name":"n","GroupId":%q}`, id)
	}
	for limit := 1; limit < 5; limit++ {
		if got := a.searchAll("spam", "", limit); !slices.Equal(got, []string{"spam", "SPAM", "nospam", "spam-2"}) {
			t.Errorf("pages of %d have %v", limit, got)
		}
	}
	if got := a.searchAll("spam", "AVChatRoom", 9); len(got) != 0 {
		t.Errorf("the exact id of a group of another type finds %v", got)
	}
	// Ids as no group can have them find by name, or nothing.
	for _, query := range []string{"é", strings.Repeat("y", 60), "@TGS#_none"} {
		if got := a.searchAll(query, "", 9); len(got) != 0 {
			t.Errorf("%q finds %v", query, got)
		}
	}
}

func TestSearchGroupsLooksAt1000GroupsAtOnce(t *testing.T) {
	a := newApp(t)
	for i := range 1002 {
		a.create(`{"Type":%q,"Name":"n","GroupId":"g%d"}`, []string{"Public", "AVChatRoom", "Private"}[i%3], i)
	}
	first := a.search("G0", "", 10, "")
	if len(first.Groups) != 0 || first.Scanned != 1000 || first.Next == "" {
		t.Errorf("first page is %+v", first)
	}
	second := a.search("G0", "", 10, first.Next)
	if !slices.Equal(second.ids(), []string{"g0"}) || second.Scanned != 2 || second.Next != "" {
		t.Errorf("second page is %+v", second)
	}
	// A page that is full says that there may be more.
	if full := a.search("", "", 100, ""); len(full.Groups) != 100 || full.Scanned != 100 || full.Next == "" {
		t.Errorf("full page has %d groups of %d: %q", len(full.Groups), full.Scanned, full.Next)
	}
}

func TestSearchGroupsStaysBelow1MB(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	a := &app{Server: r.srv, t: t}
	for i := range 100 {
		id := fmt.Sprint("big", i)
		a.create(`{"Type":"Public","Name":"n","GroupId":%q}`, id)
		a.group("send_group_msg", `{"GroupId":%q,"From_Account":"ann","Random":5,"MsgBody":%s}`, id, text(strings.Repeat("x", 11_900))).MustOK(t)
	}
	answer := a.searching(`{"Query":"big","Limit":100}`).MustOK(t)
	page := &searched{}
	answer.Decode(t, page)
	if len(answer.Raw) > 1<<20 || len(page.Groups) < 80 || len(page.Groups) == 100 {
		t.Errorf("a page has %d groups in %d bytes", len(page.Groups), len(answer.Raw))
	}
	if got := a.searchAll("big", "", 100); len(got) != 100 {
		t.Errorf("pages have %d groups of 100", len(got))
	}
}

func TestSearchGroupsWhereCommunitiesAreOff(t *testing.T) {
	on, off := twoServers(t, func(o *apitest.Options) { o.Settings.Communities = false })
	a, b := &app{Server: on, t: t}, &app{Server: off, t: t}
	a.create(`{"Type":"Community","Name":"n","GroupId":"@TGS#_c"}`)
	a.create(`{"Type":"Public","Name":"n","GroupId":"g"}`)
	if got := a.searchAll("", "", 9); !slices.Equal(got, []string{"g", "@TGS#_c"}) {
		t.Errorf("groups are %v", got)
	}
	for _, query := range []string{"", "@TGS#_c"} {
		if got := b.searchAll(query, "", 9); slices.Contains(got, "@TGS#_c") {
			t.Errorf("%q finds %v where communities are switched off", query, got)
		}
	}
}

// Whatever was created, renamed and destroyed, in whichever pages: a search finds
// what a look at all groups would.
func TestSearchGroupsFindsWhatMatches(t *testing.T) {
	a := newApp(t)
	type group struct{ id, name, kind string }
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		var groups []group // oldest first
		word := rapid.StringMatching(`[aBñÑ1]{0,3}`)
		created := 0
		create := func(id string) {
			g := group{id, "n" + word.Draw(rt, "name"), rapid.SampledFrom([]string{"Public", "Private", "ChatRoom", "AVChatRoom"}).Draw(rt, "type")}
			a.create(`{"Type":%q,"Name":%q,"GroupId":%q}`, g.kind, g.name, g.id)
			groups = append(groups, g)
		}
		defer func() {
			for _, g := range groups {
				a.group("destroy_group", `{"GroupId":%q}`, g.id).MustOK(t)
			}
		}()
		rt.Repeat(map[string]func(*rapid.T){
			"create": func(*rapid.T) {
				created++
				create(fmt.Sprintf("r%d-%d%s", run, created, rapid.SampledFrom([]string{"", "a", "B", "Ab"}).Draw(rt, "suffix")))
			},
			"rename": func(*rapid.T) {
				if len(groups) > 0 {
					g := &groups[rapid.IntRange(0, len(groups)-1).Draw(rt, "which")]
					g.name = "m" + word.Draw(rt, "name")
					a.group("modify_group_base_info", `{"GroupId":%q,"Name":%q}`, g.id, g.name).MustOK(t)
				}
			},
			"destroy": func(*rapid.T) {
				if len(groups) > 0 {
					i := rapid.IntRange(0, len(groups)-1).Draw(rt, "which")
					id := groups[i].id
					groups = slices.Delete(groups, i, i+1)
					a.group("destroy_group", `{"GroupId":%q}`, id).MustOK(t)
					if rapid.Bool().Draw(rt, "again") {
						create(id)
					}
				}
			},
			"search": func(*rapid.T) {
				query := word.Draw(rt, "query")
				if len(groups) > 0 && rapid.IntRange(0, 3).Draw(rt, "exact") == 0 {
					query = groups[rapid.IntRange(0, len(groups)-1).Draw(rt, "which")].id
				}
				kind := rapid.SampledFrom([]string{"", "Public", "Work"}).Draw(rt, "GroupType")
				want := []string{}
				for _, g := range slices.Backward(groups) {
					typed := kind == "" || g.kind == kind || kind == "Work" && g.kind == "Private"
					text := strings.ToLower(g.id + "\x00" + g.name)
					switch {
					case !typed || !strings.Contains(text, strings.ToLower(query)):
					case g.id == query:
						want = slices.Insert(want, 0, g.id)
					default:
						want = append(want, g.id)
					}
				}
				if got := a.searchAll(query, kind, rapid.IntRange(1, 5).Draw(rt, "Limit")); !slices.Equal(got, want) {
					rt.Fatalf("%q of type %q finds %v, want %v", query, kind, got, want)
				}
			},
		})
	})
}
