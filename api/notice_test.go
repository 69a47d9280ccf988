package api_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/internal/testengine"
	"pgregory.net/rapid"
)

// send_group_system_notification and send_broadcast_msg (spec 04 sections 7
// and 8).

func (r *room) notify(fields string) apitest.Answer {
	r.t.Helper()
	return r.call("send_group_system_notification", `{"GroupId":%q,%s}`, r.group, fields)
}

func TestNoticeLeavesNothingBehind(t *testing.T) {
	for _, groupType := range []string{"Private", "Public", "ChatRoom", "AVChatRoom", "Community"} {
		r := newRoom(t, groupType, "ann")
		before, random := r.info(), r.random.Load()
		for range 3 { // a repeat is as good as the first
			r.notify(`"Content":"pier 4 closes at noon"`).WantJSON(t, plainOK)
			r.notify(`"Content":"","ToMembers_Account":[]`).WantJSON(t, plainOK)
		}
		if groupType != "AVChatRoom" {
			r.notify(`"Content":"x","ToMembers_Account":["ann","bob","ghost",""]`).WantJSON(t, plainOK)
			r.pull(20).wantSeqs()
		}
		if after := r.info(); after != before || r.random.Load() != random {
			t.Errorf("%s was changed from %s to %s", groupType, before, after)
		}
	}
}

func TestNoticeRefuses(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) {
		o.Settings.RefusedWords, o.Settings.GroupThrottlePerSecond = []string{"spam"}, 1
	}, "Public", "ann")
	live := newRoomOn(t, r.srv, "AVChatRoom")
	to := func(n int) string {
		return `"ToMembers_Account":[` + strings.TrimSuffix(strings.Repeat(`"ann",`, n), ",") + `]`
	}
	long := func(n int) string { return fmt.Sprintf(`"Content":%q`, strings.Repeat("x", n)) }
	for _, c := range []struct {
		name, fields string
		code         int
	}{
		{"no content", `"x":0`, 10004},
		{"content null", `"Content":null`, 10004},
		{"content a number", `"Content":5`, 10004},
		{"12,288 bytes", long(12288), 0},
		{"12,289 bytes", long(12289), 80002},
		{"refused word", `"Content":"spam"`, 80001},
		{"500 receivers", `"Content":"x",` + to(500), 0},
		{"501 receivers", `"Content":"x",` + to(501), 10004},
		{"receivers a string", `"Content":"x","ToMembers_Account":"ann"`, 10004},
		{"receiver a number", `"Content":"x","ToMembers_Account":[1]`, 60015},
		{"topic of a group without", `"Content":"x","TopicId":"x"`, 10004},
	} {
		t.Run(c.name, func(t *testing.T) { r.notify(c.fields).WantCode(t, c.code) })
	}
	live.notify(`"Content":"x",`+to(1)).WantCode(t, 10004)
	live.notify(`"Content":"x",` + to(0)).MustOK(t)
	r.call("send_group_system_notification", `{"Content":"x"}`).WantCode(t, 10004)
	r.call("send_group_system_notification", `{"GroupId":"","Content":"x"}`).WantCode(t, 10015)
	r.call("send_group_system_notification", `{"GroupId":"none","Content":"x"}`).WantCode(t, 10010)
	r.call("send_group_system_notification", `{"GroupId":"",%s}`, long(12289)).WantCode(t, 80002)
}

func TestNoticeInATopic(t *testing.T) {
	town := newTownWithNeighbours(t)
	one := town.topic("one")
	town.check("group_open_http_svc", "send_group_system_notification", []refusal{
		{"TopicId empty", `{"GroupId":"$","TopicId":"","Content":"x"}`, 0},
		{"the topic", `{"GroupId":"$","TopicId":"` + one.topicID + `","Content":"x"}`, 0},
		{"a topic that never was", `{"GroupId":"$","TopicId":"$@TOPIC#_never","Content":"x"}`, 10010},
		{"a topic of another community", `{"GroupId":"$","TopicId":"@TGS#_quiet@TOPIC#_one","Content":"x"}`, 10004},
		{"TopicId without a name", `{"GroupId":"$","TopicId":"$@TOPIC#_","Content":"x"}`, 10004},
		{"a community without topics", `{"GroupId":"@TGS#_quiet","TopicId":"@TGS#_quiet@TOPIC#_one","Content":"x"}`, 10004},
	})
	one.pull(20).wantSeqs()
}

func TestNoticeWhereCommunitiesAreOff(t *testing.T) {
	on, off := twoServers(t, func(o *apitest.Options) { o.Settings.Communities = false })
	r := newRoomOn(t, on, "Community")
	r.srv = off
	r.notify(`"Content":"x"`).WantCode(t, 11000)
}

func (a *app) broadcast(fields string, args ...any) apitest.Answer {
	a.t.Helper()
	return a.group("send_broadcast_msg", `{`+fields+`}`, args...)
}

// wantNumber checks the number that a broadcast answers.
func wantNumber(t *testing.T, got apitest.Answer, want uint32) {
	t.Helper()
	got.WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MsgSeq":%d}`, want))
}

func TestBroadcastsAreNumberedInTheApplication(t *testing.T) {
	r := newRoom(t, "AVChatRoom")
	a := &app{Server: r.srv, t: t}
	before := r.info()
	for want := uint32(1); want <= 4; want++ {
		if want == 3 {
			a.Restart(t)
		}
		wantNumber(t, a.broadcast(`"From_Account":"ann","Random":%d,"MsgBody":%s,"CloudCustomData":"c"`, want, text("x")), want)
		a.Clock.Advance(time.Second)
	}
	a.Clock.Advance(365 * 24 * time.Hour) // the number outlives what it counted
	wantNumber(t, a.broadcast(`"Random":4,"MsgBody":%s`, text("x")), 5)
	if after := r.info(); after != before {
		t.Errorf("the room was changed from %s to %s", before, after)
	}
}

func TestRepeatedBroadcastAnswersTheFirstNumber(t *testing.T) {
	a := newApp(t)
	a.accounts("ann")
	first := func() apitest.Answer { return a.broadcast(`"From_Account":"ann","Random":1,"MsgBody":%s`, text("x")) }
	wantNumber(t, first(), 1)
	wantNumber(t, first(), 1) // although it is the second in this second
	a.Clock.Advance(time.Second)
	wantNumber(t, a.broadcast(`"From_Account":"ann","Random":2,"MsgBody":%s`, text("x")), 2)
	a.Clock.Advance(time.Second)
	wantNumber(t, a.broadcast(`"From_Account":"ann","Random":1,"MsgBody":%s`, text("y")), 3)
	a.Clock.Advance(time.Second)
	wantNumber(t, a.broadcast(`"Random":1,"MsgBody":%s`, text("x")), 4)
	// White space and custom data make no other message.
	wantNumber(t, a.broadcast(`"From_Account":"ann","Random":1,"CloudCustomData":"c","MsgBody": %s`, strings.ReplaceAll(text("x"), ",", " , ")), 1)
	a.Restart(t)
	a.Clock.Set(apitest.Start.Add(300 * time.Second))
	wantNumber(t, first(), 1)
	a.config("setnospeaking", `{"Set_Account":"ann","GroupmsgNospeakingTime":1}`).MustOK(t)
	wantNumber(t, first(), 1)
	a.Clock.Advance(time.Second) // 300 seconds from the first, whatever came between
	wantNumber(t, first(), 5)
}

func TestBroadcastsPerSecond(t *testing.T) {
	a := newApp(t)
	random := 0
	send := func() apitest.Answer { random++; return a.broadcast(`"Random":%d,"MsgBody":%s`, random, text("x")) }
	wantNumber(t, send(), 1)
	a.Clock.Advance(999 * time.Millisecond)
	if got := send().WantCode(t, 10023); got.Info != "msg count exceeds limit,please retry later" {
		t.Errorf("ErrorInfo is %q", got.Info)
	}
	a.Restart(t)
	send().WantCode(t, 10023)
	a.Clock.Advance(time.Millisecond)
	wantNumber(t, send(), 2)
	a.Clock.Set(apitest.Start.Add(-time.Minute)) // a clock that is set back blocks nothing
	wantNumber(t, send(), 3)

	five := newApp(t, func(o *apitest.Options) { o.Settings.BroadcastsPerSecond = 5 })
	for i := range uint32(5) {
		wantNumber(t, five.broadcast(`"Random":%d,"MsgBody":%s`, i, text("x")), i+1)
	}
	five.broadcast(`"Random":9,"MsgBody":%s`, text("x")).WantCode(t, 10023)
	five.Clock.Advance(time.Second)
	wantNumber(t, five.broadcast(`"Random":9,"MsgBody":%s`, text("x")), 6)
}

func TestBroadcastRefuses(t *testing.T) {
	a := newApp(t, func(o *apitest.Options) { o.Settings.RefusedWords = []string{"spam"} })
	a.accounts("ann", "mute")
	a.config("setnospeaking", `{"Set_Account":"mute","GroupmsgNospeakingTime":60}`).MustOK(t)
	ok := `"MsgBody":` + text("x")
	for _, c := range []struct {
		name, fields string
		code         int
	}{
		{"no random", ok, 10004},
		{"random negative", `"Random":-1,` + ok, 10004},
		{"random of 33 bits", `"Random":4294967296,` + ok, 10004},
		{"no body", `"Random":1`, 10004},
		{"empty body", `"Random":1,"MsgBody":[]`, 10004},
		{"unknown element", `"Random":1,"MsgBody":[{"MsgType":"x","MsgContent":{}}]`, 10004},
		{"custom data no string", `"Random":1,"CloudCustomData":{},` + ok, 10004},
		{"sender of another type", `"Random":1,"From_Account":7,` + ok, 60015},
		{"sender against the syntax", `"Random":1,"From_Account":" ann",` + ok, 10004},
		{"sender never imported", `"Random":1,"From_Account":"ghost",` + ok, 10019},
		{"sender muted in all groups", `"Random":1,"From_Account":"mute",` + ok, 10017},
		{"over 12 KB", `"Random":1,"MsgBody":` + text(strings.Repeat("x", 12*1024)), 80002},
		{"over 12 KB before sender", `"Random":1,"From_Account":"ghost","MsgBody":` + text(strings.Repeat("x", 12*1024)), 80002},
		{"refused word", `"Random":1,"MsgBody":` + text("spam"), 80001},
	} {
		t.Run(c.name, func(t *testing.T) { a.broadcast("%s", c.fields).WantCode(t, c.code) })
	}
	wantNumber(t, a.broadcast(`"Random":1,"From_Account":"ann",%s`, ok), 1)
	a.broadcast(`"Random":2,"From_Account":"mute",%s`, ok).WantCode(t, 10017) // before frequency

	off := newApp(t, func(o *apitest.Options) { o.Settings.BroadcastsPerSecond = 0 })
	off.broadcast(`"Random":1,%s`, ok).WantCode(t, 10007)
	off.broadcast(`"Random":1,"From_Account":"ghost",%s`, ok).WantCode(t, 10007)
	off.broadcast(`%s`, ok).WantCode(t, 10004)
}

// Of many at once, in two processes, each has a number of its own and one of a
// kind is sent.
func TestConcurrentBroadcastsInTwoProcesses(t *testing.T) {
	st := testengine.Open(t)
	set := func(o *apitest.Options) { o.Store, o.Settings.BroadcastsPerSecond = st, 5 }
	servers := []*app{newApp(t, set), newApp(t, set)}
	var mu sync.Mutex
	numbers := map[string]int{} // answers
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			body := fmt.Sprintf(`{"Random":%d,"MsgBody":%s}`, i%3, text("x"))
			answer, err := servers[i%2].Try(context.Background(), "group_open_http_svc", "send_broadcast_msg", body)
			if err != nil || answer.Code != 0 {
				t.Errorf("%s, %v", answer.Raw, err)
			}
			mu.Lock()
			defer mu.Unlock()
			numbers[string(answer.Raw)]++
		})
	}
	wg.Wait()
	for number := range uint32(3) {
		want := fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MsgSeq":%d}`, number+1)
		if numbers[want] != 4 {
			t.Errorf("number %d was answered %d times in %v, want 4", number+1, numbers[want], numbers)
		}
	}
}

// Whatever is sent and however time passes: repeats within 300 seconds answer
// the first number, five a second pass, and numbers have no gaps.
func TestBroadcastsKeepToTheirModel(t *testing.T) {
	a := newApp(t, func(o *apitest.Options) {
		o.OneProcess("the model's clock stands still")
		o.Settings.BroadcastsPerSecond = 2
	})
	type sent struct {
		random int
		at     time.Time
		number uint32
	}
	var all []sent
	rapid.Check(t, func(rt *rapid.T) {
		rt.Repeat(map[string]func(*rapid.T){
			"send": func(rt *rapid.T) {
				random, now := rapid.IntRange(1, 6).Draw(rt, "random"), a.Clock.Now()
				want, recent := uint32(len(all)+1), 0
				repeat := false
				for _, s := range all {
					age := now.Sub(s.at)
					if s.random == random && age <= 300*time.Second {
						want, repeat = s.number, true
					}
					if age < time.Second {
						recent++
					}
				}
				got := a.broadcast(`"Random":%d,"MsgBody":%s`, random, text("x"))
				if !repeat && recent >= 2 {
					got.WantCode(t, 10023)
					return
				}
				wantNumber(t, got, want)
				if !repeat {
					all = append(all, sent{random, now, want})
				}
			},
			"wait": func(rt *rapid.T) {
				a.Clock.Advance(time.Duration(rapid.SampledFrom([]int{1, 400, 999, 1000, 60_000, 299_000, 301_000}).Draw(rt, "ms")) * time.Millisecond)
			},
		})
	})
}
