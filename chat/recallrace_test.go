package chat

import (
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// Everything about recalls at once, in two processes on one store: what was
// answered holds afterwards, and what is derived is what the targets say. Also
// where the outcome of commits is unknown.
func TestSendsRecallsRestoresErasuresAndHoldsAtOnce(t *testing.T) {
	t.Run("sure", func(t *testing.T) { newRecallRace(t, testengine.Open(t), nil).run() })
	t.Run("unsure", func(t *testing.T) {
		st := testengine.Open(t)
		newRecallRace(t, st, &unsureStore{Store: st, random: rand.New(rand.NewPCG(1, 1))}).run()
	})
}

func (r *recallRace) run() {
	rounds := 40
	if testing.Short() {
		rounds = 15
	}
	var running sync.WaitGroup
	start := func(n int, step func(*App, *rand.Rand)) {
		for i := range n {
			a, random := r.apps[i%2], rand.New(rand.NewPCG(uint64(i), r.seed.Add(1)))
			running.Go(func() {
				for range rounds {
					step(a, random)
					time.Sleep(time.Duration(random.IntN(int(8 * time.Millisecond)))) // or what costs least ends first
				}
			})
		}
	}
	random := rand.New(rand.NewPCG(0, 0))
	for range 30 {
		r.send(r.apps[0], random)
	}
	for range 6 {
		r.recallScoped(r.apps[0], random)
	}
	start(6, r.send)
	start(2, r.recallClassic)
	start(2, r.recallScoped)
	start(2, r.recallSeqs)
	start(2, r.restore)
	start(2, r.hold)
	start(2, r.erase)
	start(4, r.pull)
	running.Wait()
	r.restoreMost()
	r.settle()
	r.check()
}

type recallRace struct {
	t    *testing.T
	apps [2]*App
	seed atomic.Uint64

	mu         sync.Mutex
	sent       map[uint32]Message // that was acknowledged
	operations []string           // that were answered
	restored   map[string]bool    // operations whose restore was answered
	held       map[string]bool    // operations that were ever on hold
	kept       map[uint32]bool    // numbers whose bodies a hold for good has found
}

// newRecallRace makes a group in one store, and two processes that reach it
// through another where that is given.
func newRecallRace(t *testing.T, own, through store.Store) *recallRace {
	a := openTestApp(t, own)
	makeGroup(t, a, "g", Public)
	mustImport(t, a, recallSenders...)
	if through == nil {
		through = own
	}
	st := &afterRead{Store: through, then: func(_ store.Partition, ranges []store.Range) {
		if len(ranges) > 1 && string(ranges[len(ranges)-1].From) == string(record.HeldPrefix) {
			time.Sleep(8 * time.Millisecond) // between a look at the holds and what follows from it
		}
	}}
	r := &recallRace{
		t: t, apps: [2]*App{openTestApp(t, st), openTestApp(t, st)},
		sent: map[uint32]Message{}, restored: map[string]bool{}, held: map[string]bool{}, kept: map[uint32]bool{},
	}
	return r
}

// must reports an answer that is neither success nor one of the refusals that
// are in order here.
func (r *recallRace) must(what string, err error, allowed ...Code) bool {
	if err != nil && !slices.Contains(allowed, CodeOf(err)) {
		r.t.Errorf("%s: %v", what, err)
	}
	return err == nil
}

func anySender(random *rand.Rand) string { return recallSenders[random.IntN(len(recallSenders))] }

func (r *recallRace) send(a *App, random *rand.Rand) {
	m := testMessage("g", anySender(random), random.Uint32())
	sent, err := a.Send(bg, moderator, m)
	if !r.must("send", err) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, twice := r.sent[sent.Seq]; twice {
		r.t.Errorf("number %d was given twice", sent.Seq)
	}
	r.sent[sent.Seq] = m
}

// newest is the newest number that was acknowledged.
func (r *recallRace) newest() uint32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return uint32(len(r.sent)) // or less
}

func (r *recallRace) added(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.operations = append(r.operations, id)
}

func (r *recallRace) pick(random *rand.Rand) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.operations) == 0 {
		return ""
	}
	return r.operations[random.IntN(len(r.operations))]
}

func (r *recallRace) recallClassic(a *App, random *rand.Rand) {
	r.must("classic recall", a.RecallBySender(bg, moderator, "g", "", anySender(random)))
}

// recallScoped recalls, and checks that the range has all that was acknowledged
// before.
func (r *recallRace) recallScoped(a *App, random *rand.Rand) {
	call := RecallCall{
		Targets: []RecallTarget{{GroupID: "g", Sender: anySender(random)}}, Scope: RecallScope{LastNum: 1 + random.Int64N(40)},
	}
	if random.IntN(4) == 0 {
		call.FenceSeconds = 1 + random.Int64N(3600)
	}
	before := r.newest()
	done, err := a.Recall(bg, moderator, call)
	if !r.must("recall", err) {
		return
	}
	if p := done.Parts[0]; p.Code != 0 || p.ToSeq < before {
		r.t.Errorf("recall is %+v, %d messages were acknowledged before", p, before)
	}
	r.added(done.OperationID)
}

func (r *recallRace) recallSeqs(a *App, random *rand.Rand) {
	if newest := r.newest(); newest > 0 {
		seqs := []uint32{1 + random.Uint32N(newest), 1 + random.Uint32N(newest)}
		_, err := a.RecallMessages(bg, moderator, "g", "", seqs, "")
		r.must("recall by number", err)
	}
}

func (r *recallRace) restore(a *App, random *rand.Rand) {
	id := r.pick(random)
	if id == "" || random.IntN(4) > 0 {
		return
	}
	r.restoreOne(a, id)
}

func (r *recallRace) restoreOne(a *App, id string) {
	_, err := a.Restore(bg, moderator, id, nil, "")
	if r.must("restore", err, CodeErased) {
		r.mu.Lock()
		r.restored[id] = true
		r.mu.Unlock()
	}
}

// hold puts half of the operations on hold for good, and notes what there is of
// their messages; the others it holds and lets go.
func (r *recallRace) hold(a *App, random *rand.Rand) {
	id := r.pick(random)
	if id == "" || random.IntN(2) > 0 {
		return
	}
	r.mu.Lock()
	r.held[id] = true
	r.mu.Unlock()
	if !r.must("hold", a.Hold(bg, moderator, id, true, ""), CodeErased) {
		return
	}
	if id[len(id)-1]%4 == 0 {
		r.must("release", a.Hold(bg, moderator, id, false, ""))
		return
	}
	page, err := a.Evidence(bg, moderator, id, "")
	if !r.must("export", err) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range page.Messages {
		if !m.Erased {
			r.kept[m.Seq] = true
		}
	}
}

func (r *recallRace) erase(a *App, random *rand.Rand) {
	if id := r.pick(random); id != "" && random.IntN(4) == 0 {
		_, err := a.Erase(bg, moderator, id, 0)
		r.must("erase", err, CodeErased, CodeHeld)
	}
	_, err := a.workOnRecalls(bg)
	r.must("work", err)
}

// pull checks that a page has no gap but for what is recalled, and shows every
// acknowledged message as it was sent.
func (r *recallRace) pull(a *App, random *rand.Rand) {
	with := random.IntN(2) == 0
	page, err := a.History(bg, HistoryRequest{GroupID: "g", Number: 20, WithRecalled: with})
	if !r.must("pull", err) {
		return
	}
	r.look(a)
	for i, row := range page.Rows {
		if i > 0 && (row.Seq >= page.Rows[i-1].Seq || with && row.Seq != page.Rows[i-1].Seq-1) {
			r.t.Errorf("number %d follows %d", row.Seq, page.Rows[i-1].Seq)
		}
		if !with && row.Place == RowRecalled {
			r.t.Errorf("recalled number %d is shown", row.Seq)
		}
	}
}

// look checks that a part of the timeline has no gap, and says of what is recalled
// by whom.
func (r *recallRace) look(a *App) {
	page, err := a.Timeline(bg, TimelineRequest{GroupID: "g", Limit: 40})
	if !r.must("timeline", err) {
		return
	}
	for i, row := range page.Rows {
		if row.Seq != page.NewestSeq-uint32(i) {
			r.t.Errorf("row %d below number %d is number %d", i, page.NewestSeq, row.Seq)
		}
		if hidden := row.State == RowStateRecalled || row.State == RowStateErased; hidden != (row.Recall != nil) {
			r.t.Errorf("number %d is %s by %+v", row.Seq, row.State, row.Recall)
		}
		if gone := row.State == RowStateErased; gone != (string(row.Body) == "[]") || row.State == RowStateExpired {
			r.t.Errorf("number %d is %s and says %s", row.Seq, row.State, row.Body)
		}
	}
}

// restoreMost restores, in both processes at once, three in four of all
// operations, so that not everything is hidden in the end.
func (r *recallRace) restoreMost() {
	var running sync.WaitGroup
	for n, a := range r.apps {
		var ids []string
		for i, target := range targets(r.t, a, "g") {
			if i%4 > 0 && i%2 == n {
				ids = append(ids, operationText(target.Operation[:]))
			}
		}
		running.Go(func() {
			for _, id := range ids {
				r.restoreOne(a, id)
			}
		})
	}
	running.Wait()
}

// settle does what is left two hours later, when all fences have ended.
func (r *recallRace) settle() {
	for _, a := range r.apps {
		a.Close()
	}
	a := openTestApp(r.t, r.apps[0].store, func(o *Options) {
		o.Clock = func() time.Time { return time.Now().Add(2 * time.Hour) }
	})
	_, err := a.workOnRecalls(bg)
	r.must("work at the end", err)
	r.apps[0] = a
}

// check holds the store to what was answered.
func (r *recallRace) check() {
	a, t := r.apps[0], r.t
	s := ownStream(t, a, "g")
	head, err := s.current(bg)
	if err != nil || head.LastSeq != uint32(len(r.sent)) {
		t.Fatalf("the log ends at %d (%v), want %d", head.LastSeq, err, len(r.sent))
	}
	rows, _, err := a.store.Read(bg, record.LogPartition(s.id, 0), store.Prefix([]byte("h")), store.Prefix([]byte("b")))
	if err != nil || len(rows[0]) != len(r.sent) {
		t.Fatalf("%d messages are stored (%v), want %d", len(rows[0]), err, len(r.sent))
	}
	bodies := map[uint32]bool{}
	for _, row := range rows[1] {
		bodies[record.Seq(row.Key)] = true
	}
	all := targets(t, a, "g")
	found, err := s.readRecalls(bg, recallSenders, interval{1, head.LastSeq})
	if err != nil {
		t.Fatal(err)
	}
	headers := make([]numberedHeader, 0, len(rows[0]))
	newest := map[uint32]record.TargetID{}
	erased := 0
	for i, row := range rows[0] {
		h := &record.Header{}
		if err := decode(row, h); err != nil {
			t.Fatal(err)
		}
		m := numberedHeader{uint32(i + 1), h}
		headers = slices.Insert(headers, 0, m)
		if sent := r.sent[m.seq]; record.Seq(row.Key) != m.seq || h.Sender != sent.From || h.Random != *sent.Random {
			t.Errorf("number %d is %v, want %+v", m.seq, h, sent)
		}
		var hidden, gone, spared bool // as the targets say
		for _, target := range all {
			if !coversHeader(target.RecallTarget, m) {
				continue
			}
			if target.State != record.RecallTarget_RESTORED {
				hidden, newest[m.seq] = true, newerTarget(newest[m.seq], target.TargetID)
			}
			gone = gone || target.State == record.RecallTarget_ERASED
			spared = spared || r.held[operationText(target.Operation[:])]
		}
		if got := found.recalled(m.seq, h.Sender, receivedAt(h)); got != hidden {
			t.Errorf("number %d is recalled: %v, want %v", m.seq, got, hidden)
		}
		if h.Erased == bodies[m.seq] || h.Erased && !gone || !h.Erased && gone && !spared {
			t.Errorf("number %d is erased: %v, has a body: %v, is covered by an erased target: %v", m.seq, h.Erased, bodies[m.seq], gone)
		}
		if r.kept[m.seq] && h.Erased {
			t.Errorf("number %d was on hold and is erased", m.seq)
		}
		if h.Erased {
			erased++
		}
	}
	if _, covering, err := s.readCovering(bg, headers); err != nil || !maps.Equal(covering, newest) {
		t.Errorf("messages are recalled by %v (%v), want %v", covering, err, newest)
	}
	r.checkConversation(s, all)
	if erased == 0 && len(r.kept) == 0 {
		t.Errorf("of %d messages %d were erased and %d kept: nothing met", len(r.sent), erased, len(r.kept))
	}
}

// checkConversation holds the conversation's row, what is derived and the feed
// to the targets.
func (r *recallRace) checkConversation(s *stream, all []recordedTarget) {
	t, a := r.t, s.app
	held, fences := uint32(0), uint32(0)
	listed := map[string]bool{}
	covers := map[string][len(classLengths)][]interval{}
	for _, target := range all {
		if target.Held {
			held++
		}
		if target.State == record.RecallTarget_RESTORED {
			continue
		}
		if fenceOpen(target.RecallTarget) {
			fences++
		}
		for _, seq := range target.Seqs {
			listed[string(oneNumber(seq).key("", target.TargetID))] = true
		}
		for _, i := range intervals(target.RecallTarget) {
			of := covers[target.Sender]
			of[i.class()] = append(of[i.class()], i)
			for _, b := range i.blocks() {
				listed[string(b.key(target.Sender, target.TargetID))] = true
			}
			covers[target.Sender] = of
		}
	}
	c, rows, _, err := a.readConversation(bg, s.id, heldRange(), store.Prefix([]byte("n")), store.Prefix(record.FeedPrefix), store.Prefix([]byte("b")))
	if err != nil {
		t.Fatal(err)
	}
	if c.Holds != held || len(rows[0]) != int(held) || c.Fences != fences || len(rows[1]) != int(fences) || c.Erasing != nil {
		t.Errorf("conversation is %v with %d holds and %d fences, want %d and %d", c, len(rows[0]), len(rows[1]), held, fences)
	}
	for _, row := range rows[3] {
		if !listed[string(row.Key)] {
			t.Errorf("block %x lists a target that is not active", row.Key)
		}
		delete(listed, string(row.Key))
	}
	if len(listed) > 0 {
		t.Errorf("%d blocks are missing", len(listed))
	}
	for sender, classes := range covers {
		for class, of := range classes {
			rows, _, err := a.store.Read(bg, record.ConversationPartition(s.id), coverRanges(byte(class), sender, interval{1, 1 << 30})[0])
			if err != nil {
				t.Fatal(err)
			}
			var got []interval
			for _, row := range rows[0] {
				i, err := coverInterval(row)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, i)
			}
			if want := union(of); !slices.Equal(got, want) {
				t.Errorf("cover of %s in class %d is %v, want %v", sender, class, got, want)
			}
		}
	}
	last := map[string]string{}
	for i, row := range rows[2] {
		e := &record.FeedEvent{}
		if err := decode(row, e); err != nil {
			t.Fatal(err)
		}
		if record.OrderOf(row.Key) != uint64(i+1) {
			t.Errorf("event %d is numbered %d", i+1, record.OrderOf(row.Key))
		}
		last[operationText(e.Operation)] = feedTypes[e.Type]
	}
	for _, target := range all {
		if target.FromSeq == 0 && !target.FenceClosed && len(target.Seqs) == 0 {
			continue // it covers nothing
		}
		want := map[record.RecallTarget_State]string{
			record.RecallTarget_ACTIVE: "recalled", record.RecallTarget_SEALED: "recalled",
			record.RecallTarget_RESTORED: "restored", record.RecallTarget_ERASED: "erased",
		}[target.State]
		id := operationText(target.Operation[:])
		if last[id] != want {
			t.Errorf("the feed tells %q of a target that is %v", last[id], target.State)
		}
		if r.restored[id] && target.State != record.RecallTarget_RESTORED {
			t.Errorf("a target whose restore was answered is %v", target.State)
		}
	}
}
