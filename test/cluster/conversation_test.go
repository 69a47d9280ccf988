package cluster

import (
	"fmt"
	"sync"

	"github.com/recant-chat/recant/client"
	"github.com/recant-chat/recant/internal/history"
)

// conversation is one under load, with everything that was tried in it.
type conversation struct {
	group, topic string
	history      *history.Recorder

	mu       sync.Mutex
	messages []*message
	shown    map[uint32]words // what pulls showed, by number
	problems []string         // that were seen on the way
	late     int              // messages that are there though all answers were 60008
}

// message is one that a client tried to send.
type message struct {
	words
	call  int    // in the history
	acked uint32 // its number, 0 without an answer
	lost  bool   // an attempt had no answer, or another than 60008

}

// words are what a message says, and who.
type words struct {
	sender, text string
	random       uint32
}

func newConversation(group, topic string) *conversation {
	return &conversation{group: group, topic: topic, history: history.NewRecorder(), shown: map[uint32]words{}}
}

func (c *conversation) String() string { return c.group + c.topic }

func (c *conversation) topicID() *string {
	if c.topic == "" {
		return nil
	}
	return &c.topic
}

// newMessage notes a message before it is sent.
func (c *conversation) newMessage(sender string) *message {
	c.mu.Lock()
	defer c.mu.Unlock()
	random := uint32(len(c.messages) + 1)
	m := &message{words: words{sender: sender, random: random, text: fmt.Sprintf("%s says %d in %v", sender, random, c)}}
	c.messages = append(c.messages, m)
	return m
}

func (c *conversation) problem(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

func wordsOf(r client.HistoryRow) words {
	return words{sender: r.FromAccount, text: r.MsgBody.Text(), random: r.MsgRandom}
}

// saw notes what a pull shows and returns its numbers. A number says one thing, for ever.
func (c *conversation) saw(rows []client.HistoryRow) []uint32 {
	for _, r := range rows {
		c.mu.Lock()
		before, known := c.shown[r.MsgSeq]
		c.shown[r.MsgSeq] = wordsOf(r)
		c.mu.Unlock()
		if known && before != wordsOf(r) {
			c.problem("number %d showed %v and now shows %v", r.MsgSeq, before, wordsOf(r))
		}
		if r.IsPlaceMsg != 0 {
			c.problem("a pull without recalled messages shows number %d with IsPlaceMsg %d", r.MsgSeq, r.IsPlaceMsg)
		}
	}
	return numbersOf(rows)
}

func numbersOf(rows []client.HistoryRow) []uint32 {
	seqs := make([]uint32, len(rows))
	for i, r := range rows {
		seqs[i] = r.MsgSeq
	}
	return seqs
}
