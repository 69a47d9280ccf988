package cluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recant-chat/recant/client"
)

const (
	clientsEach = 4 // of one conversation; more make histories that take for ever to check
	// A round ends for a client when it has made so many calls, or after this time.
	callsEach = 50
	roundTime = 6 * time.Second

	answerTime = 6 * time.Second       // then a client takes a call for lost
	thinkTime  = 60 * time.Millisecond // at most, between calls

	window   = 1000 // that a recall covers
	pageRows = 20   // of a page at most

	town = "@TGS#_town" // the community that has the topics
)

var senders = []string{"ann", "bob", "cat"}

// load is clients of servers on one store.
type load struct {
	t       testing.TB
	servers []*client.Client
	seed    uint64
	looks   int // how often a conversation is looked at until all servers show the same
	rounds  int
	counts  counts
}

// counts say how much a load proves.
type counts struct {
	sends, recalls, pulls atomic.Int64 // that were answered
	open, repeats         atomic.Int64 // without an answer; sends that were made again and then answered
}

func (c *counts) String() string {
	return fmt.Sprintf("%d sends (%d only when repeated), %d recalls and %d pulls answered; %d calls of open outcome",
		c.sends.Load(), c.repeats.Load(), c.recalls.Load(), c.pulls.Load(), c.open.Load())
}

// caller is one client. It goes on with another server where one does not answer.
type caller struct {
	load   *load
	number int
	random *rand.Rand
	at     int // the server
}

func (l *load) newCaller(number int) *caller {
	return &caller{load: l, number: number, at: number % len(l.servers), random: rand.New(rand.NewPCG(l.seed, uint64(number)))}
}

// Codes after which nobody knows what was done. The second promises that nothing was, which
// is not relied on here, but counted.
var openCodes = []client.Code{client.CodeInternal, client.CodeTimeout}

// call makes a call at one server after the other until one was reached. The error is
// errOpen where it is not known whether it was carried out, or one that it must not have.
func (c *caller) call(ctx context.Context, call func(context.Context, *client.Client) error) error {
	for ctx.Err() == nil {
		err := call(context.WithoutCancel(ctx), c.load.servers[c.at])
		if err == nil {
			return nil
		}
		c.at = c.random.IntN(len(c.load.servers))
		var lost *client.LostError
		switch {
		case errors.As(err, &lost) && !lost.Reached:
			sleep(ctx, 20*time.Millisecond)
		case errors.As(err, &lost), slices.Contains(openCodes, client.CodeOf(err)):
			c.load.counts.open.Add(1)
			return fmt.Errorf("%w: %w", errOpen, err)
		default:
			return err
		}
	}
	return errOpen
}

var errOpen = errors.New("no answer")

// sleep sleeps until the context ends at most.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// setUp imports the accounts and makes the community.
func (l *load) setUp(ctx context.Context) error {
	c := l.servers[0].WithRetry(client.Retry{})
	_, err := c.MultiAccountImport(ctx, &client.MultiAccountImportRequest{Accounts: senders})
	if err == nil {
		id, topics := town, 1
		_, err = c.CreateGroup(ctx, &client.CreateGroupRequest{GroupID: &id, Type: "Community", Name: "town", SupportTopic: &topics})
	}
	return err
}

// newConversations makes fresh ones: groups of two types, and a topic.
func (l *load) newConversations(ctx context.Context) []*conversation {
	l.rounds++
	c := l.newCaller(l.rounds)
	made := []*conversation{
		newConversation(fmt.Sprintf("public-%d", l.rounds), ""),
		newConversation(fmt.Sprintf("room-%d", l.rounds), ""),
		newConversation(town, fmt.Sprintf("%s@TOPIC#_%d", town, l.rounds)),
	}
	types := []string{"Public", "ChatRoom", ""}
	for i, v := range made {
		err := errOpen
		for ctx.Err() == nil && errors.Is(err, errOpen) {
			err = c.call(ctx, func(ctx context.Context, c *client.Client) (err error) {
				if v.topic != "" {
					_, err = c.CreateTopic(ctx, &client.CreateTopicRequest{GroupID: v.group, TopicID: &v.topic, TopicName: "topic"})
				} else {
					_, err = c.CreateGroup(ctx, &client.CreateGroupRequest{GroupID: &v.group, Type: types[i], Name: "group"})
				}
				if code := client.CodeOf(err); code == client.CodeGroupIDInUse || code == client.CodeGroupIDInUseByOwner {
					return nil // an earlier attempt came through
				}
				return err
			})
		}
		if ctx.Err() != nil {
			return made[:i]
		}
		if err != nil {
			l.t.Errorf("make %v: %v", v, err)
			return made[:i]
		}
	}
	return made
}

// round lets clients loose on fresh conversations and returns these when all have ended.
func (l *load) round(ctx context.Context) []*conversation {
	made := l.newConversations(ctx)
	ctx, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	var running sync.WaitGroup
	for i, v := range made {
		for j := range clientsEach {
			c := l.newCaller(l.rounds*1000 + i*clientsEach + j)
			running.Go(func() { c.chat(ctx, v) })
		}
	}
	running.Wait()
	return made
}

// chat is what one client does in a conversation.
func (c *caller) chat(ctx context.Context, v *conversation) {
	for range callsEach {
		if ctx.Err() != nil {
			return
		}
		sender := senders[c.random.IntN(len(senders))]
		switch n := c.random.IntN(100); {
		case n < 60:
			c.send(ctx, v, sender)
		case n < 67:
			c.recall(ctx, v, sender)
		case n < 85:
			c.pull(ctx, v, 0, 1+c.random.IntN(pageRows))
		default:
			c.pull(ctx, v, 1+uint32(c.random.IntN(100)), 1+c.random.IntN(pageRows))
		}
		sleep(ctx, time.Duration(c.random.Int64N(int64(thinkTime))))
	}
}

// send sends a message. Without an answer it mostly does what clients do then, at whichever
// server: the same again, with the same Random.
func (c *caller) send(ctx context.Context, v *conversation, sender string) {
	m := v.newMessage(sender)
	m.call = v.history.Send(c.number, sender, func() (uint32, bool) {
		for attempt := 0; ; attempt++ {
			var sent *client.SendGroupMsgResponse
			err := c.call(ctx, func(ctx context.Context, c *client.Client) (err error) {
				sent, err = c.SendGroupMsg(ctx, &client.SendGroupMsgRequest{
					GroupID: v.group, TopicID: v.topicID(), FromAccount: &m.sender, Random: &m.random,
					MsgBody: client.MessageBody{client.Text(m.text)},
				})
				return err
			})
			switch {
			case err == nil && sent.MsgSeq == 0:
				v.problem("%v was acknowledged without a number", m.words)
				return 0, false
			case err == nil:
				c.load.counts.sends.Add(1)
				if attempt > 0 {
					c.load.counts.repeats.Add(1)
				}
				m.acked = sent.MsgSeq
				return sent.MsgSeq, true
			case !errors.Is(err, errOpen):
				v.problem("send of %v: %v", m.words, err)
				return 0, false
			}
			m.lost = m.lost || client.CodeOf(err) != client.CodeTimeout
			if ctx.Err() != nil || c.random.IntN(4) == 0 {
				return 0, false
			}
		}
	})
}

func (c *caller) recall(ctx context.Context, v *conversation, sender string) {
	v.history.Recall(c.number, sender, window, func() bool {
		err := c.call(ctx, func(ctx context.Context, c *client.Client) error {
			return c.DeleteGroupMsgBySender(ctx, &client.DeleteGroupMsgBySenderRequest{
				GroupID: v.group, TopicID: v.topicID(), SenderAccount: sender,
			})
		})
		if err == nil {
			c.load.counts.recalls.Add(1)
		} else if !errors.Is(err, errOpen) {
			v.problem("recall of %s: %v", sender, err)
		}
		return err == nil
	})
}

// pull pulls a page and returns its numbers.
func (c *caller) pull(ctx context.Context, v *conversation, from uint32, page int) (seqs []uint32, err error) {
	v.history.Pull(c.number, from, page, func() ([]uint32, bool) {
		var rows []client.HistoryRow
		rows, err = c.rows(ctx, v, from, page, 0)
		if err == nil {
			c.load.counts.pulls.Add(1)
		} else if !errors.Is(err, errOpen) {
			v.problem("pull from %d: %v", from, err)
		}
		seqs = v.saw(rows)
		return seqs, err == nil
	})
	return seqs, err
}

func (c *caller) rows(ctx context.Context, v *conversation, from uint32, page, withRecalled int) ([]client.HistoryRow, error) {
	var rows []client.HistoryRow
	err := c.call(ctx, func(ctx context.Context, c *client.Client) error {
		answer, err := c.GroupMsgGetSimple(ctx, &client.GroupMsgGetSimpleRequest{
			GroupID: v.group, TopicID: v.topicID(), ReqMsgNumber: int64(page), ReqMsgSeq: &from, WithRecalledMsg: &withRecalled,
		})
		if err == nil {
			rows = answer.RspMsgList
		}
		return err
	})
	return rows, err
}
