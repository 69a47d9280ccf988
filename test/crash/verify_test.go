package crash

import (
	"bytes"
	"fmt"
	"slices"
	"sort"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// window is how many of the newest numbers a recall by sender covers.
const window = 1000

// row is a row of history.
type row struct {
	From_Account string //nolint:revive // the wire's name
	IsPlaceMsg   int
	MsgBody      jsontext.Value
	MsgRandom    uint32
	MsgSeq       uint32
	MsgTimeStamp int64
	IsSystemMsg  int
}

// counts says how much a look at the history proved.
type counts struct {
	kept               int // acknowledged and there
	unanswered, stored int // without an answer, and stored all the same
	recalled, spared   int // of which the one answer is right
	tips               int
}

func (c *counts) add(other counts) {
	c.kept += other.kept
	c.unanswered += other.unanswered
	c.stored += other.stored
	c.recalled += other.recalled
	c.spared += other.spared
	c.tips += other.tips
}

// verify reads every stream as a whole and compares it with the ledger.
func verify(t *testing.T, s *server, l *ledger, streams []*stream) counts {
	t.Helper()
	var all sync.WaitGroup
	var mu sync.Mutex
	var total counts
	for _, st := range streams {
		all.Go(func() {
			v := &verification{t: t, server: s, stream: st}
			v.messages, v.recalls, v.additions = l.ofStream(st)
			v.run()
			mu.Lock()
			defer mu.Unlock()
			total.add(v.counts)
		})
	}
	all.Wait()
	return total
}

// verification is the look at one stream.
type verification struct {
	t         *testing.T
	server    *server
	stream    *stream
	messages  []*message
	recalls   []*recall
	additions []*addition
	rows      []row // ascending
	counts    counts
}

func (v *verification) errorf(format string, args ...any) {
	v.t.Helper()
	v.t.Errorf("%v: %s", v.stream, fmt.Sprintf(format, args...))
}

func (v *verification) run() {
	if !v.readAll() {
		return
	}
	v.checkNumbers()
	v.matchRows()
	v.checkMessages()
	v.checkOrder()
	v.checkRecalls()
	v.checkDefaultHistory()
	v.checkMembers()
}

// page reads one page of history.
func (v *verification) page(from uint32, withRecalled int) ([]row, bool) {
	var answer struct{ RspMsgList []row }
	body := v.stream.fields(map[string]any{"ReqMsgNumber": 20, "ReqMsgSeq": from, "WithRecalledMsg": withRecalled})
	code, err := v.server.call("group_open_http_svc/group_msg_get_simple", body, &answer)
	if err != nil || code != 0 {
		v.errorf("history: code %d, error %v", code, err)
		return nil, false
	}
	return answer.RspMsgList, true
}

// readAll walks down the whole history.
func (v *verification) readAll() bool {
	for from := uint32(0); ; {
		rows, ok := v.page(from, 1)
		if !ok {
			return false
		}
		v.rows = append(v.rows, rows...)
		if len(rows) == 0 || rows[len(rows)-1].MsgSeq <= 1 {
			break
		}
		from = rows[len(rows)-1].MsgSeq - 1
	}
	slices.Reverse(v.rows)
	return true
}

func (v *verification) checkNumbers() {
	for i, r := range v.rows {
		if r.MsgSeq != uint32(i+1) {
			v.errorf("the row at place %d has MsgSeq %d", i+1, r.MsgSeq)
			return
		}
		if r.IsPlaceMsg == 1 {
			v.errorf("number %d is a placeholder", r.MsgSeq)
		}
	}
	if next := v.nextSeq(); next != len(v.rows)+1 {
		v.errorf("NextMsgSeq is %d after %d messages", next, len(v.rows))
	}
}

// nextSeq asks for the stream's next number, 0 where there is no answer.
func (v *verification) nextSeq() int {
	if v.stream.topic != "" {
		var answer struct {
			TopicAndSelfInfo []struct{ TopicInfo struct{ NextMsgSeq int } }
		}
		code, err := v.server.call("million_group_open_http_svc/get_topic", map[string]any{
			"GroupId": v.stream.group, "From_Account": admin, "TopicIdList": []string{v.stream.topic},
		}, &answer)
		if err != nil || code != 0 || len(answer.TopicAndSelfInfo) != 1 {
			v.errorf("get_topic: code %d, error %v, %d topics", code, err, len(answer.TopicAndSelfInfo))
			return 0
		}
		return answer.TopicAndSelfInfo[0].TopicInfo.NextMsgSeq
	}
	var answer struct{ GroupInfo []struct{ NextMsgSeq int } }
	code, err := v.server.call("group_open_http_svc/get_group_info", map[string]any{
		"GroupIdList":    []string{v.stream.group},
		"ResponseFilter": map[string]any{"GroupBaseInfoFilter": []string{"NextMsgSeq"}},
	}, &answer)
	if err != nil || code != 0 || len(answer.GroupInfo) != 1 {
		v.errorf("get_group_info: code %d, error %v, %d groups", code, err, len(answer.GroupInfo))
		return 0
	}
	return answer.GroupInfo[0].NextMsgSeq
}

// matchRows finds the attempt behind every row: one row per attempt, and no row
// without one.
func (v *verification) matchRows() {
	type name struct {
		sender string
		random uint32
	}
	tried := map[name]*message{}
	for _, m := range v.messages {
		m.found = 0
		tried[name{m.sender, m.random}] = m
	}
	added := map[string]*addition{}
	for _, a := range v.additions {
		a.tips = 0
		added[a.account] = a
	}
	for _, r := range v.rows {
		if r.IsSystemMsg == 1 {
			v.matchTip(added, r)
			continue
		}
		m := tried[name{r.From_Account, r.MsgRandom}]
		switch {
		case m == nil:
			v.errorf("nobody sent number %d of %s with Random %d", r.MsgSeq, r.From_Account, r.MsgRandom)
		case m.found != 0:
			v.errorf("the message of %s with Random %d is there twice, as %d and %d", m.sender, m.random, m.found, r.MsgSeq)
		case !bytes.Equal(r.MsgBody, m.body):
			v.errorf("number %d says %s, sent was %s", r.MsgSeq, r.MsgBody, m.body)
		default:
			m.found = r.MsgSeq
		}
	}
}

func (v *verification) matchTip(added map[string]*addition, r row) {
	var tip struct {
		OpType       int
		List_Account []string //nolint:revive // the wire's name
	}
	if err := json.Unmarshal(r.MsgBody, &tip); err != nil {
		v.errorf("tip %d: %v", r.MsgSeq, err)
		return
	}
	if tip.OpType != 1 || len(tip.List_Account) != 1 || added[tip.List_Account[0]] == nil || r.From_Account != "@TIM#SYSTEM" {
		v.errorf("tip %d of %s reports what nobody did: %s", r.MsgSeq, r.From_Account, r.MsgBody)
		return
	}
	added[tip.List_Account[0]].tips++
	if r.IsPlaceMsg != 0 {
		v.errorf("tip %d is recalled", r.MsgSeq)
	}
	v.counts.tips++
}

// checkMessages compares what was acknowledged with what was found.
func (v *verification) checkMessages() {
	for _, m := range v.messages {
		switch {
		case m.acked == 0:
			v.counts.unanswered++
			if m.found != 0 {
				v.counts.stored++
			}
		case m.refused && m.found != 0:
			v.errorf("the refused import with Random %d is number %d", m.random, m.found)
		case m.refused:
		case m.found != m.seq:
			v.errorf("message %d of %s was acknowledged (round %d, Random %d) and is now at %d (0 is nowhere)",
				m.seq, m.sender, m.round, m.random, m.found)
		case v.rows[m.found-1].MsgTimeStamp != m.time:
			v.errorf("message %d has time %d, acknowledged was %d", m.seq, v.rows[m.found-1].MsgTimeStamp, m.time)
		default:
			v.counts.kept++
		}
	}
}

// stored returns the messages that are in the history, by their numbers.
func (v *verification) stored() []*message {
	var stored []*message
	for _, m := range v.messages {
		if m.found != 0 {
			stored = append(stored, m)
		}
	}
	slices.SortFunc(stored, func(a, b *message) int { return int(a.found) - int(b.found) })
	return stored
}

// checkOrder proves that numbers and times are in the order of arrival: what
// began after another message's answer has the greater number.
func (v *verification) checkOrder() {
	var latestStart stamp
	var latestTime int64
	for _, m := range v.stored() {
		if m.acked != 0 && latestStart > m.acked {
			v.errorf("number %d was answered before a message of a smaller number was sent", m.found)
		}
		latestStart = max(latestStart, m.started)
		time := v.rows[m.found-1].MsgTimeStamp
		if time < latestTime {
			v.errorf("number %d is older (%d) than its predecessor (%d)", m.found, time, latestTime)
		}
		latestTime = max(latestTime, time)
	}
}

// reach tells, for a recall, between which bounds the newest number at its
// instant lay.
type reach struct {
	acked   []*message // by the end of their sending
	started []*message // by its start
	// Greatest numbers of acked[:i+1] and started[:i+1].
	ackedMax, startedMax []uint32
}

func newReach(stored []*message) *reach {
	r := &reach{}
	for _, m := range stored {
		r.started = append(r.started, m)
		if m.acked != 0 {
			r.acked = append(r.acked, m)
		}
	}
	slices.SortFunc(r.acked, func(a, b *message) int { return int(a.acked - b.acked) })
	slices.SortFunc(r.started, func(a, b *message) int { return int(a.started - b.started) })
	running := func(messages []*message) (greatest []uint32) {
		var top uint32
		for _, m := range messages {
			top = max(top, m.found)
			greatest = append(greatest, top)
		}
		return greatest
	}
	r.ackedMax, r.startedMax = running(r.acked), running(r.started)
	return r
}

// bounds returns the least and the greatest number that may have been the
// newest while the recall ran. The tips at the very end are no messages and
// may add to the greatest; slack is their number.
func (r *reach) bounds(of *recall, slack uint32) (least, greatest uint32) {
	i := sort.Search(len(r.acked), func(i int) bool { return r.acked[i].acked > of.started })
	if i > 0 {
		least = r.ackedMax[i-1]
	}
	j := sort.Search(len(r.started), func(j int) bool { return r.started[j].started > of.over })
	if j > 0 {
		greatest = r.startedMax[j-1]
	}
	return least, greatest + slack
}

// checkRecalls compares what is hidden with what must and what may be.
func (v *verification) checkRecalls() {
	stored := v.stored()
	must, may := map[*message]bool{}, map[*message]bool{}
	bySender := map[string][]*message{}
	for _, m := range stored {
		bySender[m.sender] = append(bySender[m.sender], m)
	}
	reach, slack := newReach(stored), v.tipsBetweenMessages()
	for _, r := range v.recalls {
		for _, seq := range r.seqs {
			if m := v.messageAt(stored, seq); m != nil {
				may[m] = true
				must[m] = must[m] || r.acked
			}
		}
		if r.sender == "" {
			continue
		}
		least, greatest := reach.bounds(r, slack)
		for _, m := range bySender[r.sender] {
			if m.started < r.over && m.found+window > least {
				may[m] = true
			}
			if r.acked && m.acked != 0 && m.acked < r.started && m.found+window > greatest {
				must[m] = true
			}
		}
	}
	for _, m := range stored {
		hidden := v.rows[m.found-1].IsPlaceMsg == 2
		switch {
		case must[m] && !hidden:
			v.errorf("number %d of %s shows, though its recall was acknowledged", m.found, m.sender)
		case !may[m] && hidden:
			v.errorf("number %d of %s is hidden, though no recall can have covered it", m.found, m.sender)
		case must[m]:
			v.counts.recalled++
		case !may[m]:
			v.counts.spared++
		}
	}
}

// messageAt finds a message by its number.
func (v *verification) messageAt(stored []*message, seq uint32) *message {
	i := sort.Search(len(stored), func(i int) bool { return stored[i].found >= seq })
	if i < len(stored) && stored[i].found == seq {
		return stored[i]
	}
	return nil
}

// tipsBetweenMessages is the greatest number of tips in a row.
func (v *verification) tipsBetweenMessages() uint32 {
	var longest, run uint32
	for _, r := range v.rows {
		if run++; r.IsSystemMsg != 1 {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// checkDefaultHistory proves, for the newest messages, that a pull without
// recalled ones shows exactly the others.
func (v *verification) checkDefaultHistory() {
	shown, ok := v.page(0, 0)
	if !ok {
		return
	}
	var want []uint32
	for _, r := range slices.Backward(v.rows) {
		if r.IsPlaceMsg == 0 && len(want) < 20 {
			want = append(want, r.MsgSeq)
		}
	}
	var got []uint32
	for _, r := range shown {
		got = append(got, r.MsgSeq)
	}
	if !slices.Equal(got, want) {
		v.errorf("default history shows %v, want %v", got, want)
	}
}

// checkMembers proves that a membership and its tip come together or not at
// all, and that an acknowledged one is there.
func (v *verification) checkMembers() {
	for some := range slices.Chunk(v.additions, 500) {
		var accounts []string
		for _, a := range some {
			accounts = append(accounts, a.account)
		}
		var answer struct{ UserIdList []struct{ Role string } }
		code, err := v.server.call("group_open_http_svc/get_role_in_group",
			map[string]any{"GroupId": v.stream.group, "User_Account": accounts}, &answer)
		if err != nil || code != 0 || len(answer.UserIdList) != len(some) {
			v.errorf("roles: code %d, error %v, %d items of %d", code, err, len(answer.UserIdList), len(some))
			return
		}
		for i, a := range some {
			member := answer.UserIdList[i].Role == "Member"
			switch {
			case a.acked && !member:
				v.errorf("the addition of %s was acknowledged, but he is no member", a.account)
			case member && a.tips != 1, !member && a.tips != 0:
				v.errorf("%s has role %s and %d tips of joining", a.account, answer.UserIdList[i].Role, a.tips)
			}
		}
	}
}
