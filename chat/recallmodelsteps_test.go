package chat

import (
	"slices"
	"time"

	"github.com/recant-chat/recant/store/record"
	"pgregory.net/rapid"
)

// The steps of the model test, each taken by the server and by the model, and
// what is compared between them.

// send appends messages of drawn senders in one step.
func (m *recallModel) send(n int) {
	request := &appendRequest{}
	for range n {
		m.random++
		i := rapid.IntRange(0, len(recallSenders)).Draw(m.t, "sender")
		h := &record.Header{Random: m.random, Priority: priorityNormal, Tip: i == len(recallSenders), Sender: tipSender}
		if !h.Tip {
			h.Sender = recallSenders[i]
		}
		request.messages = append(request.messages, newMessage{header: h, body: &record.Body{MsgBody: textBody}})
	}
	for part := range slices.Chunk(request.messages, maxBatchMessages) {
		results, err := m.stream().append(bg, &appendRequest{messages: part})
		m.check(err)
		for i, r := range results {
			if r.seq != m.last()+1 {
				m.t.Fatalf("message has number %d, want %d", r.seq, m.last()+1)
			}
			msg := modelMessage{sender: part[i].header.Sender, time: r.time, arrival: r.time}
			if part[i].header.Tip {
				msg.sender = ""
			}
			m.messages = append(m.messages, msg)
		}
	}
}

// bringIn imports one message under an old time.
func (m *recallModel) bringIn() {
	sender := rapid.SampledFrom(recallSenders).Draw(m.t, "sender")
	newest := int64(0)
	for _, msg := range m.messages {
		if msg.sender != "" {
			newest = msg.time
		}
	}
	now := m.clock.now.Unix()
	at := now - rapid.Int64Range(0, max(0, min(now-newest, 4000))).Draw(m.t, "age")
	results, err := m.stream().append(bg, &appendRequest{messages: []newMessage{{
		header: &record.Header{Sender: sender, Time: at, Priority: priorityNormal}, body: &record.Body{MsgBody: textBody},
		imported: true,
	}}})
	m.check(err)
	if results[0].code != 0 {
		m.t.Fatalf("import at %d after %d is refused", at, newest)
	}
	m.messages = append(m.messages, modelMessage{sender: sender, time: at, arrival: m.newestTime(now)})
}

// newestTime is the server's time of what comes now: it never runs backwards.
func (m *recallModel) newestTime(now int64) int64 {
	for _, msg := range m.messages {
		now = max(now, msg.time)
	}
	return now
}

func (m *recallModel) recallClassic() {
	sender := rapid.SampledFrom(recallSenders).Draw(m.t, "sender")
	m.check(m.app.RecallBySender(bg, moderator, m.group, "", sender))
	if m.last() == 0 {
		return
	}
	window := uint32(m.app.settings.DeleteBySenderWindow)
	m.added(&modelTarget{sender: sender, from: m.last() - min(m.last(), window) + 1, to: m.last()})
}

// added takes in the newest operation that the audit record has.
func (m *recallModel) added(target *modelTarget) {
	page, err := m.app.AuditList(bg, AuditQuery{GroupID: m.group, Limit: 1})
	m.check(err)
	m.operations = append(m.operations, &modelOperation{id: page.Entries[0].Operation.ID, targets: []*modelTarget{target}})
}

func (m *recallModel) recallSeqs() {
	var seqs []uint32
	for range rapid.IntRange(1, 4).Draw(m.t, "numbers") {
		seqs = append(seqs, rapid.Uint32Range(1, m.last()+2).Draw(m.t, "number"))
	}
	floor := m.floor()
	results, err := m.app.RecallMessages(bg, moderator, m.group, "", seqs, "")
	m.check(err)
	var hit []uint32
	for i, seq := range seqs {
		want := Code(0)
		switch {
		case seq > m.last() || seq <= floor || m.messages[seq-1].erased:
			want = CodeMessageNotFound
		case m.messages[seq-1].sender == "":
			want = CodeNotRecallable
		default:
			hit = append(hit, seq)
		}
		if results[i].Code != want {
			m.t.Fatalf("recall of number %d answers %d, want %d", seq, results[i].Code, want)
		}
	}
	if len(hit) > 0 {
		m.added(&modelTarget{seqs: hit})
	}
}

// count is what a recall of the numbers would and would not newly hide.
func (m *recallModel) count(sender string, from, to uint32) (matched, already uint32) {
	for seq := max(from, m.floor()+1, 1); seq <= to; seq++ {
		switch {
		case m.messages[seq-1].sender != sender:
		case m.recalled(seq):
			already++
		default:
			matched++
		}
	}
	return matched, already
}

func (m *recallModel) recallScoped() {
	target := RecallTarget{GroupID: m.group, Sender: rapid.SampledFrom(recallSenders).Draw(m.t, "sender")}
	scope := RecallScope{LastNum: rapid.Int64Range(1, 12000).Draw(m.t, "LastMsgNum")}
	if rapid.Bool().Draw(m.t, "deeper") {
		scope.BeforeSeq = rapid.Uint32Range(1, m.last()+5).Draw(m.t, "BeforeSeq")
	}
	if len(m.messages) > 0 && rapid.IntRange(0, 3).Draw(m.t, "timed") == 0 {
		scope.AfterTime = m.messages[rapid.IntRange(0, len(m.messages)-1).Draw(m.t, "after")].time
		scope.BeforeTime = max(1, m.messages[rapid.IntRange(0, len(m.messages)-1).Draw(m.t, "before")].time+1)
	}
	from, to := m.scoped(scope)
	// Where retention has made holes, nobody knows where a time begins.
	vague := scope.AfterTime > 0 && to <= m.floor()
	call := RecallCall{Targets: []RecallTarget{target}, Scope: scope}
	if rapid.Bool().Draw(m.t, "planned") {
		token, parts, err := m.app.PreviewRecall(bg, moderator, call.Targets, scope)
		m.check(err)
		matched, already := m.count(target.Sender, from, to)
		if p := parts[0]; !vague && (p.FromSeq != from || p.ToSeq != to) || p.MatchedNum != matched || p.AlreadyNum != already {
			m.t.Fatalf("preview of %+v is %+v, want %d..%d with %d and %d (%d messages, floor %d)", scope, p, from, to, matched, already, m.last(), m.floor())
		}
		call.Targets, call.Scope, call.PlanToken = nil, RecallScope{}, token
		begin, last := from, m.last()
		m.send(rapid.IntRange(0, 3).Draw(m.t, "meanwhile"))
		if scope.BeforeSeq == 0 && scope.BeforeTime == 0 && m.last() > last {
			if begin == 0 {
				begin = last + 1
			}
			from, to = begin, m.last()
		}
	}
	if rapid.IntRange(0, 2).Draw(m.t, "fenced") == 0 {
		call.FenceSeconds = rapid.Int64Range(1, 600).Draw(m.t, "FenceSeconds")
	}
	matched, already := m.count(target.Sender, from, to)
	done, err := m.app.Recall(bg, moderator, call)
	m.check(err)
	p := done.Parts[0]
	if vague {
		from, to = p.FromSeq, p.ToSeq
	}
	if p.Code != 0 || p.FromSeq != from || p.ToSeq != to || p.MatchedNum != matched || p.AlreadyNum != already {
		m.t.Fatalf("recall of %+v is %+v, want %d..%d with %d and %d (%d messages, floor %d)", scope, p, from, to, matched, already, m.last(), m.floor())
	}
	recalled := &modelTarget{sender: target.Sender, from: from, to: to}
	if call.FenceSeconds > 0 {
		recalled.fenceFrom, recalled.fenceUntil = m.last()+1, m.clock.now.Unix()+call.FenceSeconds
	}
	m.operations = append(m.operations, &modelOperation{id: done.OperationID, targets: []*modelTarget{recalled}})
}

// scoped is the range of numbers of a scope, 0, 0 for none.
func (m *recallModel) scoped(scope RecallScope) (from, to uint32) {
	to = m.last()
	if scope.BeforeSeq > 0 {
		to = min(to, scope.BeforeSeq-1)
	}
	if to == 0 {
		return 0, 0
	}
	from = to - uint32(min(scope.LastNum, int64(to))) + 1
	first, last := from, to
	older := uint32(0)
	for i, msg := range m.messages {
		if msg.sender == "" {
			continue
		}
		if msg.dropped {
			msg.time = 0 // nobody knows it any more
		}
		if msg.time < scope.AfterTime {
			first = max(first, uint32(i+2))
		}
		if msg.time < scope.BeforeTime {
			older = uint32(i + 1)
		}
	}
	if scope.BeforeTime > 0 {
		last = min(last, older)
	}
	if first > last {
		return 0, 0
	}
	return first, last
}

func (m *recallModel) pick() *modelOperation {
	if len(m.operations) == 0 {
		return nil
	}
	return m.operations[rapid.IntRange(0, len(m.operations)-1).Draw(m.t, "operation")]
}

func (m *recallModel) restore() {
	o := m.pick()
	if o == nil {
		return
	}
	target := o.targets[0]
	restored, err := m.app.Restore(bg, moderator, o.id, nil, "appeal")
	if target.sealed {
		if CodeOf(err) != CodeErased {
			m.t.Fatalf("restore of what was erased answers %v", err)
		}
		return
	}
	m.check(err)
	again := target.restored
	target.restored = true
	var live, hidden uint32
	for seq := m.floor() + 1; seq <= m.last() && !again; seq++ {
		switch msg := &m.messages[seq-1]; {
		case msg.sender == "" || !target.covers(seq, msg):
		case m.recalled(seq):
			hidden++
		default:
			live++
		}
	}
	if r := restored[0]; r.Code != 0 || r.RestoredNum != live || r.StillHiddenNum != hidden {
		m.t.Fatalf("restore is %+v, want %d live and %d hidden", r, live, hidden)
	}
}

func (m *recallModel) hold() {
	o := m.pick()
	if o == nil {
		return
	}
	hold := rapid.Bool().Draw(m.t, "hold")
	err := m.app.Hold(bg, moderator, o.id, hold, "legal")
	if target := o.targets[0]; target.sealed && hold {
		if CodeOf(err) != CodeErased {
			m.t.Fatalf("hold of what was erased answers %v", err)
		}
		return
	}
	m.check(err)
	o.targets[0].held = hold
}

func (m *recallModel) erase() {
	o := m.pick()
	if o == nil {
		return
	}
	target := o.targets[0]
	e, err := m.app.Erase(bg, moderator, o.id, 0)
	switch {
	case CodeOf(err) == CodeErased && o.erasing && (target.sealed || target.restored):
		return // it is over, also where nothing was left to erase
	case target.held:
		if CodeOf(err) != CodeHeld {
			m.t.Fatalf("erasure of what is on hold answers %v", err)
		}
		return
	}
	m.check(err)
	if e.State != ErasureWaiting {
		m.t.Fatalf("erasure is %+v", e)
	}
	o.erasing = true
	m.workOn()
}

// workOn does the background work.
func (m *recallModel) workOn() {
	_, err := m.app.workOnRecalls(bg)
	m.check(err)
	for _, o := range m.operations {
		target := o.targets[0]
		waits := target.held || target.fenceFrom > 0 && m.clock.now.Unix() <= target.fenceUntil+fenceGraceSeconds
		if !o.erasing || target.restored || target.sealed || waits {
			continue
		}
		target.sealed = true
		for i := range m.messages {
			if msg := &m.messages[i]; msg.sender != "" && target.covers(uint32(i+1), msg) && !m.heldBy(uint32(i+1)) {
				msg.erased = true
			}
		}
	}
}

// expire drops what retention has taken, in whole buckets but the newest and
// those that a hold may need.
func (m *recallModel) expire() {
	err := m.app.view(bg, m.group, func(g *groupState) error { return g.dropExpired(bg) })
	m.check(err)
	floor, newest := m.floor(), int64(0)
	for first := uint32(1); first+record.BucketSize-1 <= min(floor, m.last()-1); first += record.BucketSize {
		end := first + record.BucketSize - 1
		for _, msg := range m.messages[first-1 : end] {
			newest = max(newest, msg.time)
		}
		if cutoff, _ := m.app.expiryCutoff(); newest >= cutoff {
			return
		}
		if m.mayHold(first, end) {
			continue
		}
		for i := first - 1; i < end; i++ {
			m.messages[i].dropped = true
		}
	}
}

// mayHold reports whether a target on hold reaches into the numbers.
func (m *recallModel) mayHold(from, to uint32) bool {
	for _, o := range m.operations {
		target := o.targets[0]
		if !target.held {
			continue
		}
		named := slices.ContainsFunc(target.seqs, func(seq uint32) bool { return from <= seq && seq <= to })
		ranged := target.from > 0 && target.from <= to && from <= target.to
		fenced := target.fenceFrom > 0 && target.fenceFrom <= to // it may be closed by now, below
		if named || ranged || fenced {
			return true
		}
	}
	return false
}

func (m *recallModel) restart() {
	m.app.Close()
	m.clock.now = m.clock.now.Add(time.Second) // a start takes longer than that
	m.app = m.open()
}

func (m *recallModel) pass() {
	seconds := rapid.Int64Range(0, 900).Draw(m.t, "seconds")
	if rapid.IntRange(0, 5).Draw(m.t, "long") == 0 {
		seconds = rapid.Int64Range(0, 20*3600).Draw(m.t, "seconds")
	}
	m.clock.now = m.clock.now.Add(time.Duration(seconds) * time.Second)
}

// rowOf is how history has a number.
func (m *recallModel) rowOf(seq, floor uint32) int {
	switch msg := &m.messages[seq-1]; {
	case seq <= floor && !m.heldBy(seq) || msg.erased || msg.dropped:
		return RowPlaceholder
	case m.recalled(seq):
		return RowRecalled
	}
	return RowLive
}

// compare pulls a page in both modes and holds it to the model.
func (m *recallModel) compare() {
	if m.last() == 0 {
		return
	}
	floor := m.floor()
	top := rapid.Uint32Range(1, m.last()).Draw(m.t, "ReqMsgSeq")
	for _, with := range []bool{false, true} {
		page, err := m.app.History(bg, HistoryRequest{GroupID: m.group, Number: 20, FromSeq: top, WithRecalled: with})
		m.check(err)
		rows := page.Rows
		examined := 0
		for seq := top; seq > 0 && len(rows) > 0; seq, examined = seq-1, examined+1 {
			want := m.rowOf(seq, floor)
			if want == RowRecalled && !with {
				if rows[0].Seq == seq {
					m.t.Fatalf("recalled number %d is shown: %+v", seq, rows[0])
				}
				continue
			}
			if rows[0].Seq != seq || rows[0].Place != want {
				m.t.Fatalf("row is %d with IsPlaceMsg %d, want %d with %d (floor %d, %d messages)", rows[0].Seq, rows[0].Place, seq, want, floor, m.last())
			}
			rows = rows[1:]
		}
		if len(page.Rows) < 20 && page.Finished != 1 && examined < maxHistoryScan/2 && len(page.Rows) == 0 {
			m.t.Fatalf("page from %d ends after %d rows", top, len(page.Rows))
		}
	}
}

// compareAll holds everything that is recalled to the model, and the cover to
// its form.
func (m *recallModel) compareAll() {
	if m.last() == 0 {
		return
	}
	found, err := m.stream().readRecalls(bg, recallSenders, interval{1, m.last()})
	m.check(err)
	for i, msg := range m.messages {
		seq := uint32(i + 1)
		if msg.sender == "" {
			continue
		}
		if got, want := found.recalled(seq, msg.sender, msg.arrival), m.recalled(seq); got != want {
			m.t.Fatalf("number %d of %s is recalled: %v, want %v", seq, msg.sender, got, want)
		}
	}
	m.compareFeed()
}

// compareFeed replays the feed: it must tell the same as the operations do.
func (m *recallModel) compareFeed() {
	type span struct{ from, to uint32 }
	told := map[string]map[span]string{}
	since := uint64(0)
	for {
		events, next, err := m.app.Feed(bg, m.group, "", since, maxFeedEvents)
		m.check(err)
		if len(events) == 0 {
			break
		}
		for i, e := range events {
			if e.Number != since+uint64(i)+1 {
				m.t.Fatalf("event %d follows %d", e.Number, since+uint64(i))
			}
			if told[e.Operation] == nil {
				told[e.Operation] = map[span]string{}
			}
			told[e.Operation][span{e.FromSeq, e.ToSeq}] = e.Type
		}
		since = next
	}
	for _, o := range m.operations {
		target := o.targets[0]
		want := "recalled"
		switch {
		case target.restored:
			want = "restored"
		case target.sealed:
			want = "erased"
		}
		if got := told[o.id][span{target.from, target.to}]; got != want && !(target.from == 0 && target.sender != "") {
			m.t.Fatalf("the feed tells %q of operation %s (%+v), want %q", got, o.id, target, want)
		}
	}
}

// sendMuch fills several buckets with messages of senders in turn.
func (m *recallModel) sendMuch(n int) {
	for part := 0; part < n; part += maxBatchMessages {
		request := &appendRequest{}
		for i := range min(maxBatchMessages, n-part) {
			m.random++
			request.messages = append(request.messages, newMessage{
				header: &record.Header{Sender: recallSenders[(part+i)%len(recallSenders)], Random: m.random, Priority: priorityNormal},
				body:   &record.Body{MsgBody: textBody},
			})
		}
		results, err := m.stream().append(bg, request)
		m.check(err)
		for i, r := range results {
			m.messages = append(m.messages, modelMessage{sender: request.messages[i].header.Sender, time: r.time, arrival: r.time})
		}
	}
}
