package api_test

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
	"google.golang.org/protobuf/proto"
)

// What a backend that is slow, picky or gone for long does to the delivery.

const readReceipt = "Group.CallbackAfterReadReceipt"

// down is a backend that takes nothing.
func down(hookCall) (int, string) { return http.StatusServiceUnavailable, "" }

// A backend that is gone for a day leaves few marks of a busy group, and those
// are removed once it is back.
func TestMarksOfABackendThatIsGoneForLongAreFew(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(afterSend), "Public", "ann")
	b.answers(down)
	const minutes = 1100 // more than one commit can remove
	for range minutes {
		r.wait(61)
		r.send("ann", 1)
	}
	wantMarks := func(most int) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); r.laneMarks() > most; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d marks are left", r.laneMarks())
			}
		}
	}
	wantMarks(5)
	b.answers(nil)
	b.forget()
	b.wait(afterSend, minutes)
	r.wait(200)
	wantMarks(0)
}

// Groups in which there is always more to tell leave the others their turn.
func TestLongLanesLeaveTheOthersTheirTurn(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	set := b.hooked(afterSend)
	r := newRoomWith(t, func(o *apitest.Options) { set(o); o.Webhooks.Deliverers = 1 }, "Public", "ann")
	other := newRoomOn(t, r.srv, "Public", "ann")
	b.answers(down)
	r.send("ann", 400)
	b.wait(afterSend, 1)
	b.forget()
	hold := make(chan struct{})
	b.answers(func(hookCall) (int, string) { <-hold; return http.StatusOK, hookOK })
	b.wait(afterSend, 1) // it has begun again
	other.send("ann", 1)
	close(hold)
	for i, c := range b.wait(afterSend, 401) {
		if strings.Contains(c.body, other.group) {
			if i > 200 {
				t.Errorf("the other group had its turn after %d calls", i)
			}
			return
		}
	}
	t.Error("the other group had no turn")
}

// A message of which two things are told is not told of again and again because
// the backend refuses the second.
func TestOneEventOfAMessageIsNotRepeatedForTheOther(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(afterSend, readReceipt), "Public", "ann", "bob")
	b.answers(func(c hookCall) (int, string) {
		if c.command == readReceipt {
			return http.StatusBadRequest, ""
		}
		return http.StatusOK, hookOK
	})
	r.say("asks", `,"NeedReadReceipt":1`).MustOK(t)
	b.wait(readReceipt, 3)
	if n := len(b.heard(afterSend)); n != 1 {
		t.Errorf("the message was told of %d times", n)
	}
	b.answers(nil)
	r.say("more", "").MustOK(t)
	b.wait(afterSend, 2)
}

// Receipts that wait for their message do not keep the server busy.
func TestReceiptsThatWaitAreLookedAtLessAndLess(t *testing.T) {
	t.Parallel()
	b, reads := newBackend(t), atomic.Int32{}
	st := &watchedStore{Store: testengine.Open(t), read: func() { reads.Add(1) }}
	set := b.hooked(afterSend, readReceipt)
	r := newRoomWith(t, func(o *apitest.Options) { set(o); o.Store = st }, "Public", "ann", "bob")
	b.answers(down)
	r.say("asks", `,"NeedReadReceipt":1`).MustOK(t)
	r.call("group_msg_receipt", `{"GroupId":%q,"From_Account":"bob","MsgSeqList":[{"MsgSeq":1}]}`, r.group).MustOK(t)
	b.wait(afterSend, 2)
	reads.Store(0)
	time.Sleep(3 * time.Second)
	if n := reads.Load(); n > 50 {
		t.Errorf("%d reads in 3 s", n)
	}
	b.answers(nil)
	b.wait(readReceipt, 2)
}

// A replay beside a delivery that hangs sends what was told before.
func TestAReplayDoesNotFailWhereReceiptsWait(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(afterSend, readReceipt), "Public", "ann", "bob")
	var once atomic.Int32
	b.answers(func(c hookCall) (int, string) {
		if c.command == afterSend && once.Add(1) <= 2 {
			return http.StatusServiceUnavailable, ""
		}
		return http.StatusOK, hookOK
	})
	r.say("asks", `,"NeedReadReceipt":1`).MustOK(t)
	r.call("group_msg_receipt", `{"GroupId":%q,"From_Account":"bob","MsgSeqList":[{"MsgSeq":1}]}`, r.group).MustOK(t)
	b.wait(afterSend, 2)
	b.forget()
	r.srv.Call(t, "webhook_http_svc", "replay_webhook", `{"GroupId":"`+r.group+`","FromTime":0,"ToTime":4000000000}`).MustOK(t)
	wantCommands(t, b.heard("")[:3], "AfterSendMsg", "AfterReadReceipt", "AfterReadReceipt")
}

// In a live room a recall is told of after the message that it recalled, however
// long that takes.
func TestARecallInALiveRoomIsToldOfAfterItsMessage(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(afterSend, "Group.CallbackAfterRecallMsg"), "AVChatRoom")
	b.answers(down)
	r.send("ann", 3)
	r.recallSeqs(`"MsgSeqList":[{"MsgSeq":2}]`).MustOK(t)
	r.send("ann", 1)
	b.wait("", 2)
	b.answers(nil)
	b.forget()
	b.wait("", 5)
	order := commandsOf(b.heard(""))
	for i, command := range order {
		if command == "AfterRecallMsg" {
			if i < 2 {
				t.Errorf("told in the order %v", order)
			}
			return
		}
	}
	t.Errorf("the recall was not told of: %v", order)
}

// Two events that report no commit are two, also when a restart falls between
// them and the clock stands still.
func TestLooseEventsOfOneMomentAreKeptApart(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(sendException), "Public", "ann")
	b.answers(down)
	for i := range 3 {
		if i > 0 {
			r.srv.Restart(t)
		}
		r.call("send_group_msg", `{"GroupId":%q,"From_Account":"ghost","Random":1,"MsgBody":%s}`, r.group, text("x")).WantCode(t, 10019)
	}
	b.answers(nil)
	b.forget()
	ids := map[string]bool{}
	for _, c := range b.wait(sendException, 3) {
		ids[c.query.Get("RequestID")] = true
	}
	if len(ids) != 3 {
		t.Errorf("%d events were told of", len(ids))
	}
}

// The events of an account that was deleted and made again while the clock was
// set back come all the same.
func TestEventsOfAnAccountThatIsMadeAgainBeforeItsTime(t *testing.T) {
	t.Parallel()
	const portraitSet = "Profile.CallbackPortraitSet"
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(portraitSet), "Public", "ann")
	set := func(nick string) {
		t.Helper()
		r.srv.Call(t, "profile", "portrait_set", `{"From_Account":"ann","ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":"`+nick+`"}]}`).MustOK(t)
	}
	set("one")
	b.wait(portraitSet, 1)
	r.srv.Call(t, "im_open_login_svc", "account_delete", `{"DeleteItem":[{"UserID":"ann"}]}`).MustOK(t)
	r.wait(-3600)
	r.srv.Restart(t)
	r.srv.Call(t, "im_open_login_svc", "account_import", `{"UserID":"ann"}`).MustOK(t)
	set("two")
	set("three")
	var told []hookCall
	await(t, "three events", func() bool {
		told = slices.CompactFunc(b.heard(portraitSet), func(c, next hookCall) bool { // the restart may repeat the first
			return c.query.Get("RequestID") == next.query.Get("RequestID")
		})
		return len(told) >= 3
	})
	if !strings.Contains(told[1].body, "two") || !strings.Contains(told[2].body, "three") {
		t.Errorf("told of %v", told)
	}
}

// A process that does not deliver keeps nothing for each lane in which it writes.
func TestWhoDoesNotDeliverRemembersNoLanes(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(afterSend), "Public", "ann")
	r.send("ann", 1)
	b.wait(afterSend, 1)
	o := apitest.DefaultOptions()
	o.Webhooks, o.Store = receive(t, b.settings(afterSend)), r.srv.Store()
	two := *r
	two.srv = apitest.New(t, o)
	for range 5 {
		newRoomOn(t, two.srv, "Public", "ann").send("ann", 1)
	}
	b.wait(afterSend, 6)
	if d := two.srv.Chat.Deliveries(); d.Lanes > 0 || d.Told > 0 {
		t.Errorf("the other process has %+v", d)
	}
}

// A lease that another process has taken is not relied on, however long this
// process's clock says that it lasts.
func TestALeaseThatAnotherHasTakenIsLost(t *testing.T) {
	t.Parallel()
	b, st := newBackend(t), testengine.Open(t)
	set := b.hooked(afterSend)
	r := newRoomWith(t, func(o *apitest.Options) { set(o); o.Store = st }, "Public", "ann")
	r.send("ann", 1)
	b.wait(afterSend, 1)
	lease := &record.EventLease{Holder: 1, Until: time.Now().Add(time.Hour).UnixMilli()}
	if engine, ok := st.(store.Exclusive); ok {
		lease.Opening = engine.Opening()
	}
	row, err := proto.Marshal(lease)
	if err != nil {
		t.Fatal(err)
	}
	p := record.EventLeasePartition(apitest.SDKAppID)
	for taken := false; !taken; { // another renewal may come between
		_, version, err := st.Read(t.Context(), p)
		if err == nil {
			_, err = st.Commit(t.Context(), p, version, []store.Mutation{store.Set(record.EventLeaseKey, row)})
		}
		taken = err == nil
	}
	time.Sleep(3 * time.Second) // it tries to renew it every 2 s
	r.send("ann", 1)
	time.Sleep(time.Second)
	if n := len(b.heard(afterSend)); n > 1 {
		t.Error("one who has no lease tells of events")
	}
}

// An event shortly after midnight that relies on a mark from before is removed
// in time too.
func TestRowsOfEventsAfterMidnightAreRemoved(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	set := b.hooked("Group.CallbackAfterGroupInfoChanged")
	r := newRoomWith(t, func(o *apitest.Options) { set(o); o.Housekeeping = 20 * time.Millisecond }, "Public", "ann")
	const day = 24 * 3600
	r.wait(time.Duration(day - r.now()%day - 20))
	r.writeTip()
	r.wait(30)
	r.writeTip()
	b.wait("", 2)
	r.wait(3*day - 5) // what is from before midnight is old, and the first seconds after it
	time.Sleep(300 * time.Millisecond)
	r.wait(2 * day)
	group := record.GroupPartition(apitest.SDKAppID, r.group)
	for deadline := time.Now().Add(30 * time.Second); r.rowsIn(group, record.EventPrefix[0]) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d event rows are left", r.rowsIn(group, record.EventPrefix[0]))
		}
	}
}
