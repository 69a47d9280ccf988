package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/recant-chat/recant/api/apitest"
	"pgregory.net/rapid"
)

// setnospeaking and getnospeaking (spec 07 section 4).

func (a *app) config(command, format string, args ...any) apitest.Answer {
	a.t.Helper()
	return a.Call(a.t, "openconfigsvr", command, fmt.Sprintf(format, args...))
}

// muteEverywhere mutes an account in all groups.
func (r *room) muteEverywhere(account string, seconds int64) {
	r.t.Helper()
	r.srv.Call(r.t, "openconfigsvr", "setnospeaking", fmt.Sprintf(`{"Set_Account":%q,"GroupmsgNospeakingTime":%d}`, account, seconds)).
		WantJSON(r.t, plainOK)
}

// says tries to send a message.
func (r *room) says(account string, more ...string) apitest.Answer {
	r.t.Helper()
	return r.call("send_group_msg", `{"GroupId":%q,"TopicId":%q,"From_Account":%q,"Random":%d,"MsgBody":%s%s}`,
		r.group, r.topicID, account, r.random.Add(1), text("x"), strings.Join(more, ""))
}

func (a *app) wantMutedFor(account string, c2c, group int64) {
	a.t.Helper()
	a.config("getnospeaking", `{"Get_Account":%q}`, account).WantJSON(a.t,
		fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"C2CmsgNospeakingTime":%d,"GroupmsgNospeakingTime":%d}`, c2c, group))
}

func TestGlobalMuteCountsDown(t *testing.T) {
	a := newApp(t)
	a.accounts("ann", "bob")
	a.wantMutedFor("ann", 0, 0)
	a.config("setnospeaking", `{"Set_Account":"ann","GroupmsgNospeakingTime":7200}`).WantJSON(t, plainOK)
	a.Clock.Advance(4 * time.Second)
	a.wantMutedFor("ann", 0, 7196)
	a.config("setnospeaking", `{"Set_Account":"ann","C2CmsgNospeakingTime":4294967295}`).WantJSON(t, plainOK)
	a.wantMutedFor("ann", forEver, 7196) // the other is left as it was
	a.Restart(t)
	a.Clock.Advance(7195 * time.Second)
	a.wantMutedFor("ann", forEver, 1)
	a.config("setnospeaking", `{"Set_Account":"ann","GroupmsgNospeakingTime":60}`).MustOK(t) // anew, not on top
	a.wantMutedFor("ann", forEver, 60)
	a.Clock.Advance(60 * time.Second)
	a.wantMutedFor("ann", forEver, 0)
	a.Clock.Advance(50 * 365 * 24 * time.Hour)
	a.wantMutedFor("ann", forEver, 0)
	a.config("setnospeaking", `{"Set_Account":"ann","C2CmsgNospeakingTime":0,"GroupmsgNospeakingTime":5}`).MustOK(t)
	a.wantMutedFor("ann", 0, 5)
	a.wantMutedFor("bob", 0, 0)
}

func TestGlobalMuteRefuses(t *testing.T) {
	a := newApp(t)
	a.accounts("ann", "gone")
	a.login("account_delete", `{"DeleteItem":[{"UserID":"gone"}]}`).MustOK(t)
	long := strings.Repeat("a", 33)
	for _, c := range []struct {
		body string
		code int
	}{
		{`{}`, 130004},
		{`{"Set_Account":null,"GroupmsgNospeakingTime":1}`, 130004},
		{`{"Set_Account":"","GroupmsgNospeakingTime":1}`, 130005},
		{`{"Set_Account":"` + long + `","GroupmsgNospeakingTime":1}`, 130005},
		{`{"Set_Account":"` + long + `"}`, 130005},
		{`{"Set_Account":"ghost","GroupmsgNospeakingTime":1}`, 130005},
		{`{"Set_Account":"gone","GroupmsgNospeakingTime":1}`, 130005},
		{`{"Set_Account":5,"GroupmsgNospeakingTime":1}`, 60015},
		{`{"Set_Account":"ann"}`, 130008},
		{`{"Set_Account":"ghost"}`, 130008},
		{`{"Set_Account":"ann","GroupmsgNospeakingTime":null,"C2CmsgNospeakingTime":null}`, 130008},
		{`{"Set_Account":"ann","GroupmsgNospeakingTime":-1}`, 130001},
		{`{"Set_Account":"ann","GroupmsgNospeakingTime":1.5}`, 130001},
		{`{"Set_Account":"ann","GroupmsgNospeakingTime":4294967296}`, 130001},
		{`{"Set_Account":"ann","GroupmsgNospeakingTime":"5"}`, 130001},
		{`{"Set_Account":"ann","GroupmsgNospeakingTime":1,"C2CmsgNospeakingTime":-1}`, 130001},
		{`{"Set_Account":`, 60003},
	} {
		a.config("setnospeaking", `%s`, c.body).WantCode(t, c.code)
	}
	a.wantMutedFor("ann", 0, 0)
	for body, code := range map[string]int{
		`{}`: 130006, `{"Get_Account":null}`: 130006, `{"Get_Account":""}`: 130007, `{"Get_Account":"` + long + `"}`: 130007,
		`{"Get_Account":"ghost"}`: 130007, `{"Get_Account":"gone"}`: 130007, `{"Get_Account":[]}`: 60015, `{`: 60003,
	} {
		a.config("getnospeaking", `%s`, body).WantCode(t, code)
	}
	a.config("getspeaking", `{}`).WantCode(t, 60009)
}

func TestGlobalMuteHoldsInEveryGroupAndTopic(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	owned := newRoomOn(t, r.srv, "ChatRoom")
	owned.call("add_group_member", `{"GroupId":%q,"MemberList":[{"Member_Account":"ann"}]}`, owned.group).MustOK(t)
	owned.call("change_group_owner", `{"GroupId":%q,"NewOwner_Account":"ann"}`, owned.group).MustOK(t)
	live := newRoomOn(t, r.srv, "AVChatRoom")
	town := &room{t: t, srv: r.srv, group: "@TGS#_town", random: r.random}
	town.call("create_group", `{"Type":"Community","Name":"town","GroupId":%q,"SupportTopic":1}`, town.group).MustOK(t)
	topic := town.topic("one")
	strange := newRoomOn(t, r.srv, "Private") // ann is no member
	everywhere := []*room{r, owned, live, topic, strange}
	const online = `,"OnlineOnlyFlag":1`

	r.muteEverywhere("ann", 60)
	for _, where := range everywhere {
		before := where.info()
		where.says("ann").WantCode(t, 10017)
		where.says("ann", online).WantCode(t, 10017)
		if after := where.info(); after != before {
			t.Errorf("%s was changed from %s to %s", where.group, before, after)
		}
		where.says("bob").MustOK(t)
	}
	// What is known about mutes in groups does not show it, and it stops no import.
	r.wantMuted()
	if m := r.member("ann"); m.MuteUntil != 0 {
		t.Errorf("the member is %+v", m)
	}
	strange.call("import_group_msg", `{"GroupId":%q,"MsgList":[{"From_Account":"ann","SendTime":%d,"MsgBody":%s}]}`,
		strange.group, r.now(), text("old")).WantJSON(t,
		fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"ImportMsgResult":[{"MsgSeq":2,"MsgTime":%d,"Result":0}]}`, r.now()))
	// Leaving and joining lift nothing, nor does the end of a mute in the group.
	r.remove("ann").MustOK(t)
	r.add("ann").MustOK(t)
	r.mute(60, "ann").MustOK(t)
	r.mute(0, "ann").MustOK(t)
	r.says("ann").WantCode(t, 10017)

	r.mute(600, "ann").MustOK(t)
	r.srv.Clock.Advance(59 * time.Second)
	owned.says("ann").WantCode(t, 10017)
	r.srv.Clock.Advance(time.Second)
	for _, where := range everywhere[1:] {
		where.says("ann").MustOK(t)
	}
	r.says("ann").WantCode(t, 10017) // in this group she still is
	r.muteEverywhere("ann", 0)
	r.says("ann").WantCode(t, 10017)
	r.mute(0, "ann").MustOK(t)
	r.says("ann").MustOK(t)
}

// A mute for one-to-one messages stops no message to a group.
func TestGlobalMuteForOneToOneMessagesSparesGroups(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.srv.Call(t, "openconfigsvr", "setnospeaking", `{"Set_Account":"ann","C2CmsgNospeakingTime":4294967295}`).MustOK(t)
	r.says("ann").MustOK(t)
}

// An administrator of the application is never muted, whether he calls himself
// or another speaks in his name.
func TestGlobalMuteSparesAdministrators(t *testing.T) {
	r := newRoomWith(t, withModerator, "Public", "ann")
	for _, admin := range []string{apitest.Admin, "mod"} {
		r.muteEverywhere(admin, forEver)
		r.says(admin).MustOK(t)
	}
	r.sendWith(`"Random":1,"MsgBody":` + text("x")).MustOK(t)
	a := &app{Server: r.srv, t: t}
	a.wantMutedFor("mod", 0, forEver)
}

// A repeat answers what the first one did; accounts come before mutes, mutes
// before features and frequency.
func TestGlobalMuteComesAfterRepeatsAndBeforeTheRest(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) {
		o.Settings.GroupThrottlePerSecond, o.Settings.GroupThrottleError = 1, true
	}, "Public", "ann")
	first := `"From_Account":"ann","Random":1,"MsgBody":` + text("first")
	want := string(r.sendWith(first).MustOK(t).Raw)
	r.muteEverywhere("ann", 60)
	if got := r.sendWith(first).MustOK(t); string(got.Raw) != want {
		t.Errorf("the repeat answers %s, the first %s", got.Raw, want)
	}
	r.says("ann", `,"To_Account":["ghost"]`).WantCode(t, 10019)
	r.says("ann", `,"NeedReadReceipt":1,"OnlineOnlyFlag":1`).WantCode(t, 10017)
	r.says("ann").WantCode(t, 10017)
	r.says("bob").WantCode(t, 10023)
	r.wantNext(2)
}

func TestGlobalMuteEndsWithTheAccount(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	a := &app{Server: r.srv, t: t}
	a.config("setnospeaking", `{"Set_Account":"bob","GroupmsgNospeakingTime":4294967295,"C2CmsgNospeakingTime":60}`).MustOK(t)
	a.login("account_import", `{"UserID":"bob","Nick":"Bob"}`).MustOK(t) // again, which lifts nothing
	r.says("bob").WantCode(t, 10017)
	a.login("account_delete", `{"DeleteItem":[{"UserID":"bob"}]}`).MustOK(t)
	a.config("getnospeaking", `{"Get_Account":"bob"}`).WantCode(t, 130007)
	a.accounts("bob")
	a.wantMutedFor("bob", 0, 0)
	r.says("bob").MustOK(t)
}

func TestGlobalMuteImportsWhereAccountsAreImportedOnSight(t *testing.T) {
	a := newApp(t, func(o *apitest.Options) { o.Settings.AutoImportAccounts = true })
	a.config("setnospeaking", `{"Set_Account":"new","GroupmsgNospeakingTime":60}`).MustOK(t)
	a.wantMutedFor("new", 0, 60)
	a.wantMutedFor("other", 0, 0)
	a.config("setnospeaking", `{"Set_Account":"@TIM#SYSTEM","GroupmsgNospeakingTime":60}`).WantCode(t, 130005)
}

// Whatever is set and however time passes, what is answered is what the rules
// say, and a send is stopped exactly while the answer is not 0.
func TestGlobalMuteKeepsToItsModel(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	a := &app{Server: r.srv, t: t}
	const never = int64(1) << 40
	until := map[string]int64{}
	remaining := func(field string) int64 {
		switch end := until[field]; {
		case end == never:
			return forEver
		default:
			return max(0, end-r.now())
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		rt.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) {
				c2c, group := remaining("C2CmsgNospeakingTime"), remaining("GroupmsgNospeakingTime")
				a.wantMutedFor("ann", c2c, group)
				if got := r.says("ann").Code; (got == 10017) != (group > 0) || got != 0 && got != 10017 {
					rt.Fatalf("muted for %d seconds, and a send answers %d", group, got)
				}
			},
			"set": func(rt *rapid.T) {
				field := rapid.SampledFrom([]string{"C2CmsgNospeakingTime", "GroupmsgNospeakingTime"}).Draw(rt, "field")
				seconds := rapid.SampledFrom([]int64{0, 1, 60, 3600, forEver}).Draw(rt, "seconds")
				a.config("setnospeaking", `{"Set_Account":"ann",%q:%d}`, field, seconds).MustOK(t)
				if until[field] = r.now() + seconds; seconds == forEver {
					until[field] = never
				}
			},
			"wait": func(rt *rapid.T) {
				a.Clock.Advance(time.Duration(rapid.IntRange(1, 120).Draw(rt, "seconds")) * time.Second)
			},
		})
	})
}
