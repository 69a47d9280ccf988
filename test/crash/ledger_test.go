package crash

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// stream is one conversation under load.
type stream struct {
	group, topic string
	quiet        bool // takes no ordinary messages
	joined       bool // members are added, each with a stored tip
	imported     bool // old messages are brought in between the new ones
}

func (s *stream) String() string { return s.group + s.topic }

// fields are a request's fields that name the stream, with others.
func (s *stream) fields(others map[string]any) map[string]any {
	if others == nil {
		others = map[string]any{}
	}
	others["GroupId"] = s.group
	if s.topic != "" {
		others["TopicId"] = s.topic
	}
	return others
}

// A stamp is an instant of the test's own clock, which counts every call's
// start and end: of two stamps the smaller came first, whoever took them.
type stamp = int64

// message is one that a client tried to store.
type message struct {
	stream   *stream
	sender   string
	random   uint32
	body     jsontext.Value
	sendTime int64 // of an import, Unix seconds; 0 for a send
	round    int

	started stamp // before the first attempt that may have stored it
	acked   stamp // after the answer, 0 while there is none
	seq     uint32
	time    int64
	refused bool // an import whose time was out of bounds: acknowledged as not stored

	found uint32 // where the newest look at the history found it, 0 for nowhere
}

// recall is one that a client tried.
type recall struct {
	stream  *stream
	sender  string   // of delete_group_msg_by_sender
	seqs    []uint32 // of group_msg_recall
	started stamp
	over    stamp // from here on it takes no more effect, answered or not
	acked   bool
}

// addition is a member that a client tried to add.
type addition struct {
	stream  *stream
	account string
	started stamp
	acked   bool
	tips    int // found in the history
}

// ledger is everything that was tried and what became of it. A client writes
// its own entries while it runs; whoever reads them waits for all to end.
type ledger struct {
	clock   atomic.Int64
	randoms atomic.Uint32
	round   int

	mu        sync.Mutex
	messages  []*message
	recalls   []*recall
	additions []*addition
}

func (l *ledger) tick() stamp { return l.clock.Add(1) }

// textBody is the MsgBody of a message that says a text.
func textBody(text string) jsontext.Value {
	body, err := json.Marshal([]any{map[string]any{"MsgType": "TIMTextElem", "MsgContent": map[string]any{"Text": text}}})
	if err != nil {
		panic(err) // never for a string
	}
	return body
}

// newMessage notes an attempt before it is made.
func (l *ledger) newMessage(s *stream, sender string, sendTime int64) *message {
	random := l.randoms.Add(1)
	m := &message{
		stream: s, sender: sender, random: random, sendTime: sendTime, round: l.round,
		body: textBody(fmt.Sprintf("%s says %d in round %d, \u0000 and all", sender, random, l.round)),
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.messages = append(l.messages, m)
	m.started = l.tick()
	return m
}

func (l *ledger) newRecall(r *recall) *recall {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recalls = append(l.recalls, r)
	r.started = l.tick()
	return r
}

func (l *ledger) newAddition(s *stream) *addition {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := &addition{stream: s, account: fmt.Sprintf("guest-%d", len(l.additions))}
	l.additions = append(l.additions, a)
	a.started = l.tick()
	return a
}

// settle marks what was not answered before the kill as over.
func (l *ledger) settle() {
	now := l.tick()
	for _, r := range l.recalls {
		if r.over == 0 {
			r.over = now
		}
	}
}

// ofStream returns the entries of one stream.
func (l *ledger) ofStream(s *stream) (messages []*message, recalls []*recall, additions []*addition) {
	for _, m := range l.messages {
		if m.stream == s {
			messages = append(messages, m)
		}
	}
	for _, r := range l.recalls {
		if r.stream == s {
			recalls = append(recalls, r)
		}
	}
	for _, a := range l.additions {
		if a.stream == s {
			additions = append(additions, a)
		}
	}
	return messages, recalls, additions
}
