package crash

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

const (
	community = "@TGS#_crash"
	spammers  = 3 // senders of each stream who are recalled as a whole
	// The last of them is recalled once in so many times, so that most of what
	// he said is out of the window by then.
	rarity    = 40
	bystander = "bystander"
	waverer   = "waverer" // recalls own messages one by one
)

// streams are the conversations under load.
func streams() []*stream {
	return []*stream{
		{group: "crash-public", joined: true},
		{group: "crash-private", joined: true},
		{group: "crash-meeting", imported: true},
		{group: community, topic: community + "@TOPIC#_square", imported: true},
		{group: community, joined: true, quiet: true},
	}
}

func spammer(i int) string { return fmt.Sprintf("spammer-%d", i) }

// setUp makes the groups. Nothing is killed before it is done.
func setUp(t *testing.T, s *server) {
	t.Helper()
	accounts := []string{bystander, waverer, "archivist"}
	for i := range spammers {
		accounts = append(accounts, spammer(i))
	}
	s.must(t, "im_open_login_svc/multiaccount_import", map[string]any{"Accounts": accounts}, nil)
	for _, group := range []map[string]any{
		{"GroupId": "crash-public", "Type": "Public"},
		{"GroupId": "crash-private", "Type": "Private"},
		{"GroupId": "crash-meeting", "Type": "ChatRoom"},
		{"GroupId": community, "Type": "Community", "SupportTopic": 1},
	} {
		group["Name"] = "under load"
		s.must(t, "group_open_http_svc/create_group", group, nil)
	}
	s.must(t, "million_group_open_http_svc/create_topic", map[string]any{
		"GroupId": community, "TopicId": community + "@TOPIC#_square", "TopicName": "square",
	}, nil)
}

// load is the clients of one run of the server. Each ends at the first call
// that the kill leaves without an answer.
type load struct {
	t      *testing.T
	server *server
	ledger *ledger
	wait   sync.WaitGroup
}

func startLoad(t *testing.T, s *server, ledger *ledger, streams []*stream) *load {
	l := &load{t: t, server: s, ledger: ledger}
	for _, st := range streams {
		if st.joined {
			l.wait.Go(func() { l.join(st) })
		}
		if st.imported {
			l.wait.Go(func() { l.bringIn(st) })
		}
		if st.quiet {
			continue
		}
		for i := range spammers {
			l.wait.Go(func() { l.spam(st, spammer(i)) })
		}
		l.wait.Go(func() { l.talk(st) })
		l.wait.Go(func() { l.waver(st) })
		l.wait.Go(func() { l.moderate(st) })
	}
	return l
}

// call reports whether the call was answered. Only the kill may prevent that.
func (l *load) call(command string, body, fields any) bool {
	code, err := l.server.call(command, body, fields)
	switch {
	case err != nil && l.server.killed.Load():
		return false
	case err != nil:
		l.t.Errorf("%s: no answer from a server that was not killed: %v", command, err)
		return false
	case code != 0:
		l.t.Errorf("%s: code %d", command, code)
		return false
	}
	return true
}

func (l *load) send(m *message) bool {
	var answer struct {
		MsgSeq  uint32
		MsgTime int64
	}
	if !l.call("group_open_http_svc/send_group_msg", m.request(), &answer) {
		return false
	}
	m.seq, m.time, m.acked = answer.MsgSeq, answer.MsgTime, l.ledger.tick()
	return true
}

func (m *message) request() map[string]any {
	return m.stream.fields(map[string]any{"From_Account": m.sender, "Random": m.random, "MsgBody": m.body})
}

// spam sends without a pause.
func (l *load) spam(s *stream, sender string) {
	for l.send(l.ledger.newMessage(s, sender, 0)) {
	}
}

func (l *load) talk(s *stream) {
	for l.send(l.ledger.newMessage(s, bystander, 0)) {
		time.Sleep(rand.N(5 * time.Millisecond))
	}
}

// waver sends and takes some of it back, by number.
func (l *load) waver(s *stream) {
	for {
		var seqs []uint32
		for range 10 {
			m := l.ledger.newMessage(s, waverer, 0)
			if !l.send(m) {
				return
			}
			seqs = append(seqs, m.seq)
		}
		rand.Shuffle(len(seqs), func(i, j int) { seqs[i], seqs[j] = seqs[j], seqs[i] })
		r := l.ledger.newRecall(&recall{stream: s, seqs: seqs[:1+rand.IntN(4)]})
		if !l.recallSeqs(r) {
			return
		}
	}
}

func (l *load) recallSeqs(r *recall) bool {
	var list []map[string]any
	for _, seq := range r.seqs {
		list = append(list, map[string]any{"MsgSeq": seq})
	}
	var answer struct {
		RecallRetList []struct{ MsgSeq, RetCode int }
	}
	if !l.call("group_open_http_svc/group_msg_recall", r.stream.fields(map[string]any{"MsgSeqList": list}), &answer) {
		return false
	}
	for _, result := range answer.RecallRetList {
		if result.RetCode != 0 {
			l.t.Errorf("%v: recall of the acknowledged message %d is answered with %d", r.stream, result.MsgSeq, result.RetCode)
		}
	}
	r.over, r.acked = l.ledger.tick(), true
	return true
}

// moderate recalls what a spammer said, now of the one, now of the other.
func (l *load) moderate(s *stream) {
	for {
		time.Sleep(5*time.Millisecond + rand.N(120*time.Millisecond))
		r := l.ledger.newRecall(&recall{stream: s, sender: nextToRecall()})
		if !l.call("group_open_http_svc/delete_group_msg_by_sender", s.fields(map[string]any{"Sender_Account": r.sender}), nil) {
			return
		}
		r.over, r.acked = l.ledger.tick(), true
	}
}

func nextToRecall() string {
	if rand.IntN(rarity) == 0 {
		return spammer(spammers - 1)
	}
	return spammer(rand.IntN(spammers - 1))
}

// join adds member after member, each with a stored tip.
func (l *load) join(s *stream) {
	for {
		a := l.ledger.newAddition(s)
		if !l.call("im_open_login_svc/account_import", map[string]any{"UserID": a.account}, nil) {
			return
		}
		var answer struct{ MemberList []struct{ Result int } }
		body := map[string]any{"GroupId": s.group, "MemberList": []any{map[string]any{"Member_Account": a.account}}}
		if !l.call("group_open_http_svc/add_group_member", body, &answer) {
			return
		}
		if len(answer.MemberList) != 1 || answer.MemberList[0].Result != 1 {
			l.t.Errorf("%v: the addition of %s is answered with %v", s, a.account, answer.MemberList)
		}
		a.acked = true
		time.Sleep(rand.N(20 * time.Millisecond))
	}
}

// bringIn imports messages, three at a time, as if they had just been said.
func (l *load) bringIn(s *stream) {
	for {
		now := time.Now().Unix()
		var batch []*message
		for range 3 {
			batch = append(batch, l.ledger.newMessage(s, "archivist", now))
		}
		if !l.importAll(batch) {
			return
		}
		time.Sleep(rand.N(30 * time.Millisecond))
	}
}

func (l *load) importAll(batch []*message) bool {
	var list []map[string]any
	for _, m := range batch {
		list = append(list, map[string]any{
			"From_Account": m.sender, "SendTime": m.sendTime, "Random": m.random, "MsgBody": m.body,
		})
	}
	var answer struct {
		ImportMsgResult []struct {
			MsgSeq  uint32
			MsgTime int64
			Result  int
		}
	}
	if !l.call("group_open_http_svc/import_group_msg", batch[0].stream.fields(map[string]any{"MsgList": list}), &answer) {
		return false
	}
	if len(answer.ImportMsgResult) != len(batch) {
		l.t.Errorf("%v: %d messages were imported and %d answered", batch[0].stream, len(batch), len(answer.ImportMsgResult))
		return false
	}
	now := l.ledger.tick()
	for i, result := range answer.ImportMsgResult {
		m := batch[i]
		switch result.Result {
		case 0:
			m.seq, m.time = result.MsgSeq, result.MsgTime
		case 10004: // a message of a later second came in between
			m.refused = true
		default:
			l.t.Errorf("%v: an import is answered with %d", m.stream, result.Result)
		}
		m.acked = now
	}
	return true
}
