package api_test

import (
	"context"
	"fmt"
	"net/http"
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

// Lanes of events: their marks, their lease, their pauses (decision 0023).

// watchedStore calls back before a Put and before each Read.
type watchedStore struct {
	store.Store
	put     func(store.Partition, []store.Mutation)
	read    func()
	opening uint64
}

func (s *watchedStore) Opening() uint64 { return s.opening }

func (s *watchedStore) Put(ctx context.Context, p store.Partition, m []store.Mutation) error {
	if s.put != nil {
		s.put(p, m)
	}
	return s.Store.Put(ctx, p, m)
}

func (s *watchedStore) Read(ctx context.Context, p store.Partition, r ...store.Range) ([][]store.Row, store.Version, error) {
	if s.read != nil {
		s.read()
	}
	return s.Store.Read(ctx, p, r...)
}

// A message that is sent at the very moment at which its lane's old mark is
// removed has a mark of its own: a kill would not lose it.
func TestRemovingAMarkSparesALaterOne(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	st := &watchedStore{Store: testengine.Open(t)}
	set := b.hooked(afterSend)
	r := newRoomWith(t, func(o *apitest.Options) { set(o); o.Store = st }, "Public", "ann")
	var marked atomic.Int32
	marked.Store(-1)
	var racing atomic.Bool
	st.put = func(p store.Partition, m []store.Mutation) {
		if m[0].Delete && p.Name()[0] == 'F' && racing.CompareAndSwap(false, true) {
			b.answers(func(hookCall) (int, string) { return http.StatusServiceUnavailable, "" })
			r.send("ann", 1)
			marked.Store(int32(r.laneMarks()))
		}
	}
	r.send("ann", 1)
	b.wait(afterSend, 1)
	r.wait(200)
	for deadline := time.Now().Add(30 * time.Second); marked.Load() < 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the mark is not removed")
		}
	}
	b.wait(afterSend, 2) // the deliverer has gone on
	if n, now := marked.Load(), r.laneMarks(); n != 2 || now != 1 {
		t.Errorf("there were %d marks while one was removed, and then %d, want 2 and 1", n, now)
	}
}

// What a killed process held on an engine that is its own is not waited for.
func TestALeaseEndsWithTheProcessThatHadTheEngine(t *testing.T) {
	testengine.Embedded(t)
	t.Parallel()
	for _, c := range []struct {
		name      string
		other     uint64 // is added to this opening
		delivered bool
	}{{"an earlier opening", 1, true}, {"this opening", 0, false}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, st := newBackend(t), testengine.Open(t)
			lease := &record.EventLease{Holder: 1, Until: time.Now().Add(time.Hour).UnixMilli(), Opening: st.(store.Exclusive).Opening() + c.other}
			row, err := proto.Marshal(lease)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := st.Commit(t.Context(), record.EventLeasePartition(apitest.SDKAppID), "", []store.Mutation{store.Set(record.EventLeaseKey, row)}); err != nil {
				t.Fatal(err)
			}
			set := b.hooked(afterSend)
			r := newRoomWith(t, func(o *apitest.Options) { set(o); o.Store = st }, "Public", "ann")
			r.send("ann", 1)
			if c.delivered {
				b.wait(afterSend, 1)
				return
			}
			time.Sleep(500 * time.Millisecond)
			if told := b.heard(""); len(told) > 0 {
				t.Errorf("%v was told by one who has no lease", told)
			}
		})
	}
}

// An event that the backend never takes is tried less and less often, however
// many others it takes meanwhile.
func TestTheSuccessOfOthersDoesNotHammerTheBackend(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(afterSend), "Public", "ann")
	other := newRoomOn(t, r.srv, "Public", "ann")
	var refused atomic.Int32
	b.answers(func(c hookCall) (int, string) {
		if strings.Contains(c.body, fmt.Sprintf(`"GroupId":%q`, r.group)) {
			refused.Add(1)
			return http.StatusBadRequest, ""
		}
		return http.StatusOK, hookOK
	})
	r.send("ann", 1)
	for began := time.Now(); time.Since(began) < 5*time.Second; {
		other.send("ann", 5)
	}
	if n := refused.Load(); n < 2 || n > 5 { // after 0, 1, 3 and 7 s, and when the pauses are ended
		t.Errorf("in 5 s the event was tried %d times", n)
	}
}

// A recall that takes many calls goes on with the one that failed.
func TestARecallThatTakesManyCallsGoesOnWhereItFailed(t *testing.T) {
	t.Parallel()
	const afterRecall = "Group.CallbackAfterRecallMsg"
	b := newBackend(t)
	set := b.hooked(afterRecall)
	r := newRoomWith(t, func(o *apitest.Options) { set(o); o.Settings.DeleteBySenderFiresRecall = true }, "Public", "ann")
	var calls atomic.Int32
	b.answers(func(hookCall) (int, string) {
		if calls.Add(1) == 3 {
			return http.StatusServiceUnavailable, ""
		}
		return http.StatusOK, hookOK
	})
	r.send("ann", 45)
	r.call("delete_group_msg_by_sender", `{"GroupId":%q,"Sender_Account":"ann"}`, r.group).MustOK(t)
	told := b.wait(afterRecall, 6)
	for i, want := range []int{1, 11, 21, 21, 31, 41} {
		var body struct {
			Seqs []struct {
				Seq int `json:"MsgSeq"`
			} `json:"MsgSeqList"`
		}
		if told[i].decode(t, &body); body.Seqs[0].Seq != want {
			t.Errorf("call %d begins with message %d, want %d", i+1, body.Seqs[0].Seq, want)
		}
	}
	if told[2].query.Get("RequestID") != told[3].query.Get("RequestID") || told[1].query.Get("RequestID") == told[3].query.Get("RequestID") {
		t.Error("RequestIDs do not tell the calls apart")
	}
	r.wantDeliveries(func(d deliveries) bool { return d.Lanes == 0 && d.Told == 5 })
	if n := calls.Load(); n != 6 {
		t.Errorf("%d calls, want 6", n)
	}
}

// A send into a group that is gone leaves the events of the messages that it
// had as they were.
func TestAFailedSendIntoADestroyedGroupChangesNoOtherEvent(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	r := newRoomWith(t, b.hooked(afterSend, sendException), "Public", "ann")
	b.answers(func(hookCall) (int, string) { return http.StatusServiceUnavailable, "" })
	r.send("ann", 2)
	b.wait(afterSend, 1)
	r.call("destroy_group", `{"GroupId":%q}`, r.group).MustOK(t)
	r.wait(100)
	r.say("too late", "").WantCode(t, 10010)
	b.answers(nil)
	b.wait(sendException, 1)
	for _, c := range b.wait(afterSend, 3) {
		if !strings.Contains(c.body, `"Type":"Public"`) {
			t.Errorf("told of %s", c.body)
		}
	}
}

// A replay that finds nothing to send for long comes to its end all the same,
// call by call.
func TestAReplayThatPassesMuchOverIsCutIntoCalls(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	st := &watchedStore{Store: testengine.Open(t)}
	set := b.hooked(afterSend, "Group.CallbackAfterGroupInfoChanged")
	r := newRoomWith(t, func(o *apitest.Options) { set(o); o.Store = st }, "Public", "ann")
	r.send("ann", 700)
	b.wait(afterSend, 700)
	var slow atomic.Bool
	r.srv.Chat.Close() // the deliverer's reads are no matter here
	st.read = func() {
		if slow.Load() {
			time.Sleep(30 * time.Millisecond)
		}
	}
	slow.Store(true)
	calls, next := 0, ""
	for more := true; more; more = next != "" {
		var answer struct{ Next string }
		began := time.Now()
		r.srv.Call(t, "webhook_http_svc", "replay_webhook", fmt.Sprintf(
			`{"GroupId":%q,"FromTime":0,"ToTime":%d,"Commands":["Group.CallbackAfterGroupInfoChanged"],"Next":%q}`, r.group, r.now(), next)).MustOK(t).Decode(t, &answer)
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("a call took %v", took)
		}
		next = answer.Next
		calls++
	}
	if calls < 2 || calls > 10 {
		t.Errorf("the replay took %d calls", calls)
	}
}

// After a restart, lanes in which only the process before could have told
// something are looked at once.
func TestLanesOfAProcessThatIsGoneAreLookedAtOnce(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	var reads atomic.Int32
	st := &watchedStore{Store: testengine.Open(t), opening: 7}
	set := b.hooked(afterSend)
	first := newRoomWith(t, func(o *apitest.Options) { set(o); o.Store = st }, "Public", "ann")
	const rooms = 20
	for range rooms - 1 {
		newRoomOn(t, first.srv, "Public", "ann").send("ann", 1)
	}
	first.send("ann", 1)
	b.wait(afterSend, rooms)
	first.srv.Chat.Close()

	o := apitest.DefaultOptions()
	o.Webhooks = receive(t, b.settings(afterSend))
	o.Store = &watchedStore{Store: st.Store, opening: 8, read: func() { reads.Add(1) }}
	again := *first
	again.srv = apitest.New(t, o)
	again.send("ann", 1)
	b.wait(afterSend, rooms+1)
	time.Sleep(300 * time.Millisecond)
	if n := reads.Load(); n < rooms {
		t.Errorf("at first there were %d reads of %d lanes", n, rooms)
	}
	reads.Store(0)
	time.Sleep(5 * time.Second)
	if n := reads.Load(); n >= rooms { // the lease, and the list of marks
		t.Errorf("in 5 s there were %d reads while nothing happened", n)
	}
}
