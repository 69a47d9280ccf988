package api_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recant-chat/recant/api/apitest"
)

// Delivery of after-events: order, repetition, restarts, loss (spec 06 section
// 6 and decision 0023).

// toldSeqs are the numbers of the messages in calls, by group.
func toldSeqs(t *testing.T, calls []hookCall) map[string][]int {
	t.Helper()
	seqs := map[string][]int{}
	for _, c := range calls {
		var told struct {
			Group string `json:"GroupId"`
			Seq   int    `json:"MsgSeq"`
		}
		c.decode(t, &told)
		seqs[told.Group] = append(seqs[told.Group], told.Seq)
	}
	return seqs
}

// numbers are 1 to n.
func numbers(n int) []int {
	var list []int
	for i := range n {
		list = append(list, i+1)
	}
	return list
}

func TestAfterEventsComeOnceAndInOrderThroughFailures(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	var taken sync.Map // RequestIDs
	b.answers(func(c hookCall) (int, string) {
		if rand.IntN(10) == 0 {
			return http.StatusServiceUnavailable, "down"
		}
		if _, twice := taken.LoadOrStore(c.query.Get("RequestID"), nil); twice {
			t.Errorf("%s was told of twice", c.body)
		}
		return http.StatusOK, hookOK
	})
	rooms := []*room{newRoomWith(t, b.hooked(afterSend), "Public", "ann", "bob")}
	for range 3 {
		rooms = append(rooms, newRoomOn(t, rooms[0].srv, "Public", "ann", "bob"))
	}
	const each = 40
	var working sync.WaitGroup
	for _, r := range rooms {
		for range 2 {
			working.Go(func() { r.send("ann", each/2) })
		}
	}
	working.Wait()
	count := func() (n int) {
		taken.Range(func(any, any) bool { n++; return true })
		return n
	}
	for deadline := time.Now().Add(60 * time.Second); count() < each*len(rooms); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d messages were told of", count(), each*len(rooms))
		}
	}
	for group, seqs := range toldSeqs(t, b.heard(afterSend)) {
		if seqs = slices.Compact(seqs); !slices.Equal(seqs, numbers(each)) { // what failed comes again at once
			t.Errorf("group %s was told of in the order %v", group, seqs)
		}
	}
}

func TestARepeatedCallIsTheSameButForItsSignature(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	var calls atomic.Int32
	b.answers(func(hookCall) (int, string) {
		if calls.Add(1) == 1 {
			return http.StatusInternalServerError, ""
		}
		return http.StatusOK, hookOK
	})
	s := b.settings(afterSend)
	s.Token = "s3cr3t-token"
	r := newRoomWith(t, func(o *apitest.Options) { o.Webhooks = receive(t, s) }, "Public", "ann")
	r.send("ann", 1)
	told := b.wait(afterSend, 2)
	first, second := told[0], told[1]
	if first.body != second.body || first.query.Get("RequestID") != second.query.Get("RequestID") {
		t.Errorf("the call was %v, and then %v", first, second)
	}
	if first.query.Get("RequestTime") == second.query.Get("RequestTime") || first.query.Get("Sign") == second.query.Get("Sign") {
		t.Errorf("the call was not signed anew: %v, and then %v", first.query, second.query)
	}
}

func TestARestartLosesNoEvent(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	down := func(hookCall) (int, string) { return http.StatusServiceUnavailable, "" }
	r := newRoomWith(t, b.hooked(afterSend, "Group.CallbackAfterGroupInfoChanged", "Group.CallbackAfterRecallMsg", sendException), "Public", "ann")
	r.send("ann", 20)
	b.wait(afterSend, 10)
	b.answers(down)
	r.send("ann", 20)
	r.recallSeqs(`"MsgSeqList":[{"MsgSeq":40}]`).MustOK(t)
	r.call("modify_group_base_info", `{"GroupId":%q,"Name":"new"}`, r.group).MustOK(t)
	r.call("send_group_msg", `{"GroupId":%q,"From_Account":"ghost","Random":1,"MsgBody":%s}`, r.group, text("x")).WantCode(t, 10019)
	r.srv.Restart(t)
	b.forget()
	b.answers(nil)
	b.wait("Group.CallbackAfterRecallMsg", 1)
	b.wait("Group.CallbackAfterGroupInfoChanged", 1)
	b.wait(sendException, 1)
	told := toldSeqs(t, b.heard(afterSend))[r.group]
	// One that was under way may come again.
	if last := numbers(40); len(told) < 20 || len(told) > 31 || !slices.Equal(told, last[40-len(told):]) {
		t.Errorf("after the restart the backend was told of %v", told)
	}
}

func TestEventsOfWhatWasDestroyedAreDelivered(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	set := b.hooked(afterSend, "Group.CallbackAfterGroupDestroyed")
	r := newRoomWith(t, func(o *apitest.Options) { set(o); o.Housekeeping = 50 * time.Millisecond }, "Public", "ann")
	b.answers(func(hookCall) (int, string) { return http.StatusServiceUnavailable, "" })
	r.send("ann", 5)
	r.call("destroy_group", `{"GroupId":%q}`, r.group).MustOK(t)
	r.call("create_group", `{"Type":"Public","Name":"again","GroupId":%q}`, r.group).MustOK(t)
	time.Sleep(300 * time.Millisecond) // the housekeeper has looked at what was destroyed
	b.answers(nil)
	b.forget()
	b.wait("Group.CallbackAfterGroupDestroyed", 1)
	if seqs := toldSeqs(t, b.wait(afterSend, 5))[r.group]; !slices.Equal(slices.Compact(seqs), numbers(5)) {
		t.Errorf("told of %v", seqs)
	}
}

func TestEventsThatAreNotRepeatedAreGivenUp(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	s := b.settings(afterSend)
	s.AfterRetries = 0 // as the hosted service does
	r := newRoomWith(t, func(o *apitest.Options) { o.Webhooks = receive(t, s) }, "Public", "ann")
	b.answers(func(c hookCall) (int, string) {
		if strings.Contains(c.body, `"MsgSeq":2,`) {
			return http.StatusServiceUnavailable, ""
		}
		return http.StatusOK, hookOK
	})
	r.send("ann", 3)
	if seqs := toldSeqs(t, b.wait(afterSend, 3))[r.group]; !slices.Equal(seqs, numbers(3)) {
		t.Errorf("the backend was called about %v", seqs)
	}
	r.wantDeliveries(func(d deliveries) bool { return d.Told == 2 && d.GivenUp == 1 && d.Lanes == 0 && d.Oldest == 0 })
}

// deliveries is the answer of get_webhook_status.
type deliveries struct {
	Lanes   int   `json:"LaneNum"`
	Oldest  int64 `json:"OldestSeconds"`
	Told    int   `json:"ToldNum"`
	GivenUp int   `json:"GivenUpNum"`
}

// wantDeliveries waits until the delivery stands as it should.
func (r *room) wantDeliveries(right func(deliveries) bool) {
	r.t.Helper()
	var d deliveries
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		r.srv.Call(r.t, "webhook_http_svc", "get_webhook_status", `{}`).MustOK(r.t).Decode(r.t, &d)
		if right(d) {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("the delivery stands at %+v", d)
		}
	}
}

func TestTheAgeOfTheOldestEventIsSeen(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(afterSend), "Public", "ann")
	b.answers(func(hookCall) (int, string) { return http.StatusServiceUnavailable, "" })
	r.send("ann", 2)
	b.wait(afterSend, 1)
	r.wait(100)
	r.wantDeliveries(func(d deliveries) bool { return d.Lanes == 1 && d.Oldest == 100 && d.Told == 0 })
}

func TestEventsAreKeptForABoundedTime(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(afterSend), "Public", "ann")
	b.answers(func(hookCall) (int, string) { return http.StatusServiceUnavailable, "" })
	r.send("ann", 2)
	b.wait(afterSend, 1)
	r.wait(73 * 3600)
	r.send("ann", 1)
	b.answers(nil)
	b.forget()
	if seqs := toldSeqs(t, b.wait(afterSend, 1))[r.group]; !slices.Equal(seqs, []int{3}) {
		t.Errorf("told of %v, want 3 alone", seqs)
	}
	r.wantDeliveries(func(d deliveries) bool { return d.Told == 1 && d.GivenUp == 2 })
}

func TestAfterEventsNeverDelayACall(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	release := make(chan struct{})
	t.Cleanup(sync.OnceFunc(func() { close(release) }))
	r := newRoomWith(t, b.hooked(afterSend, "Group.CallbackAfterGroupInfoChanged"), "Public", "ann")
	b.answers(func(hookCall) (int, string) { <-release; return http.StatusOK, hookOK })
	began := time.Now()
	r.send("ann", 50)
	r.writeTip()
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("51 calls took %v while the backend hung", took)
	}
}

func TestOneOfTwoServersDelivers(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	one := newRoomWith(t, b.hooked(afterSend), "Public", "ann")
	o := apitest.DefaultOptions()
	o.Webhooks, o.Store = receive(t, b.settings(afterSend)), one.srv.Store()
	two := *one
	two.srv = apitest.New(t, o)
	for range 20 {
		one.send("ann", 1)
		two.send("ann", 1)
	}
	told := toldSeqs(t, b.wait(afterSend, 40))[one.group]
	if !slices.Equal(told, numbers(40)) {
		t.Errorf("told of %v", told)
	}
}

func TestWebhooksThatWereOffAreNotSentLater(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	set := b.hooked("Group.CallbackAfterGroupInfoChanged")
	r := newRoomWith(t, func(o *apitest.Options) { set(o); o.OneProcess("the test has two processes of its own") }, "Public", "ann")
	r.send("ann", 3)
	r.recallSeqs(`"MsgSeqList":[{"MsgSeq":1}]`).MustOK(t)
	o := apitest.DefaultOptions()
	o.Webhooks, o.Store = receive(t, b.settings(afterSend, "Group.CallbackAfterRecallMsg")), r.srv.Store()
	later := *r
	later.srv = apitest.New(t, o)
	later.send("ann", 1)
	later.recallSeqs(`"MsgSeqList":[{"MsgSeq":4}]`).MustOK(t)
	// The first server has the lease, and nothing to tell that is switched on
	// there.
	r.srv.Chat.Close()
	b.wait("Group.CallbackAfterRecallMsg", 1)
	if seqs := toldSeqs(t, b.heard(afterSend))[r.group]; len(seqs) > 1 || len(b.heard("")) > 2 {
		t.Errorf("told of %v", commandsOf(b.heard("")))
	}
}

func TestDeliveryOfAMillionNumbersBeginsWhereThereIsSomethingToTell(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	set := b.hooked(afterSend)
	r := newRoomWith(t, func(o *apitest.Options) { set(o); o.Settings.ImportMaxBatch = 400 }, "Public", "ann")
	const forbid = `,"ForbidCallbackControl":["ForbidAfterSendMsgCallback"]`
	for range 3 {
		r.say("untold", forbid).MustOK(t)
	}
	r.importMany("ann", 9000)
	r.say("told", "").MustOK(t)
	r.importMany("ann", 5000)
	r.say("told too", "").MustOK(t)
	if seqs := toldSeqs(t, b.wait(afterSend, 2))[r.group]; !slices.Equal(seqs, []int{9004, 14005}) {
		t.Errorf("told of %v", seqs)
	}
}

func TestWatchingShowsWhatWouldBeSent(t *testing.T) {
	t.Parallel()
	r := newRoomWith(t, func(o *apitest.Options) { o.OneProcess("watched webhooks") }, "Public", "ann") // without any backend
	watch := func(after uint64) (list []string, next uint64) {
		var answer struct {
			Webhooks []struct {
				Command string `json:"CallbackCommand"`
				Outcome string
				Body    map[string]any
			}
			Next uint64
		}
		r.srv.Call(t, "webhook_http_svc", "watch_webhook", fmt.Sprintf(`{"After":%d}`, after)).MustOK(t).Decode(t, &answer)
		for _, w := range answer.Webhooks {
			if w.Body["CallbackCommand"] != w.Command {
				t.Errorf("body of %s is %v", w.Command, w.Body)
			}
			list = append(list, strings.TrimPrefix(w.Command, "Group.Callback")+" "+w.Outcome)
		}
		return list, answer.Next
	}
	watch(0)
	r.say("hello", "").MustOK(t)
	r.writeTip()
	var seen []string
	for next, deadline := uint64(0), time.Now().Add(30*time.Second); len(seen) < 3; {
		var more []string
		more, next = watch(next)
		if seen = append(seen, more...); time.Now().After(deadline) {
			t.Fatalf("saw %v", seen)
		}
	}
	slices.Sort(seen)
	if want := "[AfterGroupInfoChanged off AfterSendMsg off BeforeSendMsg off]"; fmt.Sprint(seen) != want {
		t.Errorf("saw %v, want %s", seen, want)
	}
	if again, next := watch(1 << 40); len(again) != 3 || next != 3 { // a number of a server before
		t.Errorf("then saw %v and the number %d", again, next)
	}
}

func TestReplaySendsAgain(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(afterSend, "Group.CallbackAfterGroupInfoChanged", "Group.CallbackAfterRecallMsg"), "Public", "ann")
	r.send("ann", 2)
	r.writeTip()
	r.wait(1000)
	begin := r.now()
	r.send("ann", 100)
	r.recallSeqs(`"MsgSeqList":[{"MsgSeq":103}]`).MustOK(t)
	r.writeTip()
	first := b.wait("", 2+1+100+1+1)
	b.forget()
	sent, next := 0, ""
	for range 100 {
		var answer struct {
			Sent int `json:"SentNum"`
			Next string
		}
		r.srv.Call(t, "webhook_http_svc", "replay_webhook", fmt.Sprintf(`{"GroupId":%q,"FromTime":%d,"ToTime":%d,"Next":%q}`,
			r.group, begin, begin, next)).MustOK(t).Decode(t, &answer)
		sent += answer.Sent
		if next = answer.Next; next == "" {
			break
		}
	}
	if again := b.heard(""); sent != 102 || len(again) != 102 {
		t.Fatalf("%d events were sent again, and %d came, want 102", sent, len(again))
	}
	was := map[string]hookCall{}
	for _, c := range first {
		was[c.query.Get("RequestID")] = c
	}
	for _, c := range b.heard("") {
		if before := was[c.query.Get("RequestID")]; before.body != c.body {
			t.Errorf("again came %s, before %s", c.body, before.body)
		}
	}
	if seqs := toldSeqs(t, b.heard(afterSend))[r.group]; !slices.Equal(seqs, numbers(103)[3:]) && len(seqs) != 100 {
		t.Errorf("again came %v", seqs)
	}
	replay := func(fields string, code int) {
		t.Helper()
		r.srv.Call(t, "webhook_http_svc", "replay_webhook", `{`+fields+`}`).WantCode(t, code)
	}
	b.forget()
	replay(fmt.Sprintf(`"GroupId":%q,"FromTime":0,"ToTime":%d,"Commands":["Group.CallbackAfterRecallMsg"]`, r.group, begin), 0)
	wantCommands(t, b.heard(""), "AfterRecallMsg")
	b.answers(func(hookCall) (int, string) { return http.StatusServiceUnavailable, "" })
	replay(fmt.Sprintf(`"GroupId":%q,"FromTime":0,"ToTime":%d`, r.group, begin), 190009)
	replay(fmt.Sprintf(`"GroupId":%q,"FromTime":5,"ToTime":4`, r.group), 10004)
	replay(fmt.Sprintf(`"GroupId":%q,"FromTime":5,"ToTime":6,"Next":"x"`, r.group), 10004)
	replay(`"GroupId":"none","FromTime":5,"ToTime":6`, 10010)
	replay(fmt.Sprintf(`"GroupId":%q,"UserID":"ann","FromTime":5,"ToTime":6`, r.group), 10004)
	replay(`"FromTime":5,"ToTime":6`, 10004)
	off := newRoom(t, "Public")
	off.srv.Call(t, "webhook_http_svc", "replay_webhook", fmt.Sprintf(`{"GroupId":%q,"FromTime":5,"ToTime":6}`, off.group)).WantCode(t, 190008)
}

func TestReplayReachesDestroyedGroupsAndAccounts(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	r := newRoomWith(t, b.hooked("Group.CallbackAfterGroupInfoChanged", "Group.CallbackAfterGroupDestroyed", "Profile.CallbackPortraitSet"), "Public", "ann")
	r.writeTip()
	r.call("destroy_group", `{"GroupId":%q}`, r.group).MustOK(t)
	r.srv.Call(t, "profile", "portrait_set", `{"From_Account":"ann","ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":"Ann"}]}`).MustOK(t)
	b.wait("", 3)
	b.forget()
	replay := func(subject string) {
		t.Helper()
		r.srv.Call(t, "webhook_http_svc", "replay_webhook", fmt.Sprintf(`{%s,"FromTime":0,"ToTime":%d}`, subject, r.now())).MustOK(t)
	}
	replay(fmt.Sprintf(`"GroupId":%q`, r.group))
	wantCommands(t, b.heard(""), "AfterGroupInfoChanged", "AfterGroupDestroyed")
	b.forget()
	replay(`"UserID":"ann"`)
	if heard := b.heard(""); len(heard) != 1 || heard[0].command != "Profile.CallbackPortraitSet" {
		t.Errorf("of the account came %v", commandsOf(heard))
	}
}
