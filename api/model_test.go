package api_test

import (
	"fmt"
	"slices"

	"github.com/recant-chat/recant/chat"
)

// The rules of messages, windows, recalls and topics once more, as plainly as
// they can be written: streams are slices, a recall marks its messages one by
// one, and a page is a walk down the slice. TestServerKeepsToTheModel compares
// the server with it.

// Codes that the model answers with.
const (
	refusedInvalid    = 10004
	refusedType       = 10007
	refusedGone       = 10010
	refusedAccount    = 10019
	refusedInUse      = 10021
	refusedTopicInUse = 10025
	refusedNoHistory  = 10044
)

type model struct {
	settings chat.Settings
	accounts []string // that exist
	groups   map[string]*modelGroup
}

type modelGroup struct {
	kind         chat.GroupType
	created      int64
	hasTopics    bool
	notification string
	members      []string
	own          *modelStream
	topics       map[string]*modelStream
}

type modelStream struct {
	kept         bool
	messages     []modelMessage // number 1 first
	count        uint32         // of an AVChatRoom, which keeps no messages
	lastArrival  int64          // the server's time when the newest message came
	lastOrdinary int64          // of the newest that is no tip
	sent         map[string]modelSent
}

type modelMessage struct {
	sender    string
	body      string // JSON as it was given
	custom    string
	random    uint32
	anyRandom bool // made by the server
	priority  int
	time      int64
	tip       bool
	recalled  bool
}

// modelSent is what a repeat of an earlier message answers.
type modelSent struct {
	seq      uint32
	time     int64
	received int64
}

// target names a stream as requests do.
type target struct{ group, topic string }

func newModelStream(kept bool) *modelStream {
	return &modelStream{kept: kept, sent: map[string]modelSent{}}
}

func (m *model) exists(account string) bool { return slices.Contains(m.accounts, account) }

// resolve returns the group and the stream that a request names, or the code
// that refuses it.
func (m *model) resolve(t target) (*modelGroup, *modelStream, int) {
	g := m.groups[t.group]
	switch {
	case g == nil:
		return nil, nil, refusedGone
	case t.topic == "":
		return g, g.own, 0
	case !g.hasTopics:
		return g, nil, refusedInvalid
	case g.topics[t.topic] == nil:
		return g, nil, refusedGone
	}
	return g, g.topics[t.topic], 0
}

// writable is resolve for messages that are sent or imported.
func (m *model) writable(t target, senders ...string) (*modelGroup, *modelStream, int) {
	g, s, code := m.resolve(t)
	switch {
	case code != 0:
		return nil, nil, code
	case g.hasTopics && t.topic == "" && !m.settings.CommunityDirectMessage:
		return nil, nil, refusedType
	}
	for _, sender := range senders {
		if !m.exists(sender) {
			return nil, nil, refusedAccount
		}
	}
	return g, s, 0
}

func (s *modelStream) last() uint32 {
	if s.kept {
		return uint32(len(s.messages))
	}
	return s.count
}

func (s *modelStream) add(m modelMessage) uint32 {
	s.lastArrival = max(s.lastArrival, m.time)
	if !m.tip {
		s.lastOrdinary = m.time
	}
	if s.kept {
		s.messages = append(s.messages, m)
	} else {
		s.count++
	}
	return s.last()
}

// repeat returns what an earlier message of the same key did.
func (s *modelStream) repeat(key string, now int64) (modelSent, bool) {
	first, ok := s.sent[key]
	return first, ok && now-first.received <= 300
}

// send is one send_group_msg; key says which messages are repeats of it.
func (s *modelStream) send(m modelMessage, key string, now int64, onlineOnly bool) modelSent {
	if first, ok := s.repeat(key, now); ok {
		return first
	}
	sent := modelSent{time: now, received: now}
	if !onlineOnly || !s.kept {
		m.time = max(now, s.lastArrival) // the clock may have gone back
		sent = modelSent{seq: s.add(m), time: m.time, received: m.time}
	}
	s.sent[key] = sent
	return sent
}

// importOne is one message of import_group_msg; key is "" without Random.
func (s *modelStream) importOne(m modelMessage, key string, created, now int64) (modelSent, int) {
	if first, ok := s.repeat(key, now); ok && key != "" {
		return first, 0
	}
	if m.time < created || m.time < s.lastOrdinary || m.time > now {
		return modelSent{time: m.time}, refusedInvalid
	}
	s.lastArrival = max(s.lastArrival, now)
	sent := modelSent{seq: s.add(m), time: m.time, received: s.lastArrival}
	if key != "" {
		s.sent[key] = sent
	}
	return sent, 0
}

// tip stores a tip where the type does.
func (g *modelGroup) tip(types []chat.GroupType, body string, now int64) {
	if slices.Contains(types, g.kind) {
		g.own.add(modelMessage{sender: "@TIM#SYSTEM", body: body, anyRandom: true, priority: 2, tip: true, time: max(now, g.own.lastArrival)})
	}
}

func (g *modelGroup) memberTip(settings *chat.Settings, kind int, accounts []string, now int64) {
	g.tip(settings.TipsMemberChange, fmt.Sprintf(`{"OpType":%d,"Operator_Account":"administrator","List_Account":%s,"MemberNum":%d}`,
		kind, jsonList(accounts), len(g.members)), now)
}

// recallBySender marks what the sender posted among the newest numbers.
func (s *modelStream) recallBySender(sender string, window int) {
	for i := max(0, len(s.messages)-window); i < len(s.messages); i++ {
		if m := &s.messages[i]; m.sender == sender && !m.tip {
			m.recalled = true
		}
	}
}

// recallOne marks one number and returns its code.
func (s *modelStream) recallOne(seq, floor uint32) int {
	switch {
	case seq > s.last() || seq <= floor:
		return 10030
	case !s.kept:
		return 0
	case s.messages[seq-1].tip:
		return 10032
	}
	s.messages[seq-1].recalled = true
	return 0
}

// floor is the highest expired number.
func (m *model) floor(s *modelStream, now int64) uint32 {
	if m.settings.HistoryRetentionDays == 0 {
		return 0
	}
	for i, message := range slices.Backward(s.messages) {
		if !message.tip && message.time < now-int64(m.settings.HistoryRetentionDays)*86400 {
			return uint32(i + 1)
		}
	}
	return 0
}

// restart forgets what the server keeps in memory alone: repeats of messages
// that it did not store.
func (m *model) restart() {
	for _, g := range m.groups {
		for key, sent := range g.own.sent {
			if !g.own.kept || sent.seq == 0 {
				delete(g.own.sent, key)
			}
		}
		for _, s := range g.topics {
			for key, sent := range s.sent {
				if sent.seq == 0 {
					delete(s.sent, key)
				}
			}
		}
	}
}

// modelRow is one expected row; the body of a tip is compared as JSON, that of
// an ordinary message byte for byte.
type modelRow struct {
	row
	Priority  int    `json:"MsgPriority"`
	Random    uint32 `json:"MsgRandom"`
	Custom    string `json:"CloudCustomData"`
	anyRandom bool
}

type modelPage struct {
	rows     []modelRow
	finished int
	examined []int // per row, how many numbers had been looked at
	looked   int   // at the end
}

// maxLooked is after how many numbers a page may end early.
const maxLooked = 2000

// page walks down from number from (0 is the newest) as spec 04 section 4.3
// says, without its bound of 2,000 numbers.
func (m *model) page(s *modelStream, number int, from uint32, withRecalled bool, now int64) modelPage {
	top, floor := s.last(), m.floor(s, now)
	if from > 0 {
		top = min(top, from)
	}
	var p modelPage
	seq := top
	for ; seq > 0 && len(p.rows) < min(number, 20); seq-- {
		p.looked++
		if r, shown := m.row(s.messages[seq-1], seq, seq <= floor, withRecalled); shown {
			p.rows = append(p.rows, r)
			p.examined = append(p.examined, p.looked)
		}
	}
	switch {
	case len(p.rows) == number || seq == 0:
		p.finished = 1
	case top <= floor:
		p.finished = 2
	}
	return p
}

// row is what a page shows of a message.
func (m *model) row(message modelMessage, seq uint32, expired, withRecalled bool) (r modelRow, shown bool) {
	placeholder := modelRow{row: row{Seq: seq, Place: 1, Body: []byte(`[]`)}, Priority: 2}
	hidden := message.recalled && !withRecalled
	switch {
	case expired, hidden && m.settings.RecalledAsPlaceholder:
		return placeholder, true
	case hidden:
		return r, false
	}
	r = modelRow{
		row:      row{From: message.sender, Body: []byte(message.body), Seq: seq, Time: message.time},
		Priority: message.priority, Random: message.random, Custom: message.custom, anyRandom: message.anyRandom,
	}
	if message.tip {
		r.System = 1
		if m.settings.HistoryTipStyle == "array" {
			r.Body = []byte(`[{"MsgType":"TIMGroupTipElem","MsgContent":` + message.body + `}]`)
		}
	}
	if message.recalled {
		r.Place = 2
		if m.settings.RecalledBody == "empty" {
			r.Body, r.Custom = []byte(`[]`), ""
		}
	}
	return r, true
}
