package chat

import (
	"context"
	"errors"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/internal/testengine"
)

// silentReceiver takes every callback and answers that all may go on.
type silentReceiver struct{ asked int }

func (*silentReceiver) Enabled(string) bool       { return true }
func (*silentReceiver) DenyOnFailure(string) bool { return false }
func (r *silentReceiver) Ask(context.Context, Callback) (*CallbackAnswer, error) {
	r.asked++
	return &CallbackAnswer{}, nil
}
func (*silentReceiver) Tell(context.Context, Callback) error { return nil }

// absentReceiver denies what it does not answer, and never answers.
type absentReceiver struct {
	silentReceiver
	leave func()
}

func (*absentReceiver) DenyOnFailure(string) bool { return true }
func (r *absentReceiver) Ask(ctx context.Context, _ Callback) (*CallbackAnswer, error) {
	r.leave()
	<-ctx.Done()
	return nil, ctx.Err()
}

// Who leaves while the backend is asked was not refused: nothing was decided.
func TestWhoLeavesWhileTheBackendIsAskedIsNotRefused(t *testing.T) {
	ctx, cancel := context.WithCancel(bg)
	a := openTestApp(t, testengine.Open(t), func(o *Options) { o.Webhooks.Receiver = &absentReceiver{leave: cancel} })
	makeGroup(t, a, "g", Public)
	m := Message{GroupID: "g", From: "ann", Random: new(uint32), Body: jsontext.Value(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]`)}
	if _, err := a.Send(ctx, testOperator, m); !errors.Is(err, context.Canceled) || CodeOf(err) == CodeBeforeSendFailed {
		t.Errorf("got %v", err)
	}
}

// A message that the backend was not asked about, because it was to be refused
// or was a repeat, does not come through because that ended a moment later.
func TestWhatTheBackendIsNotAskedAboutIsDecided(t *testing.T) {
	receiver := &silentReceiver{}
	a := openTestApp(t, testengine.Open(t), func(o *Options) { o.Webhooks.Receiver = receiver })
	makeGroup(t, a, "g", Public)
	m := Message{GroupID: "g", From: "ann", Random: new(uint32), Body: jsontext.Value(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]`)}
	first, err := a.Send(bg, testOperator, m)
	if err != nil || receiver.asked != 1 {
		t.Fatalf("sent %+v, %v, and asked %d times", first, err, receiver.asked)
	}
	ask := func() (*Sent, error) {
		c, err := a.checkMessage(&m)
		if err != nil {
			t.Fatal(err)
		}
		return a.askBeforeSend(bg, testOperator, &m, c, a.now())
	}
	if again, err := ask(); err != nil || again == nil || *again != *first {
		t.Errorf("a repeat is answered %+v, %v, want %+v", again, err, first)
	}
	if err := a.changeGroup(bg, "g", func(g *groupChange) error { g.head.MuteAll = true; return nil }); err != nil {
		t.Fatal(err)
	}
	if again, err := ask(); err != nil || again == nil || *again != *first {
		t.Errorf("a repeat of the muted is answered %+v, %v, want %+v", again, err, first)
	}
	*m.Random++
	if _, err := ask(); CodeOf(err) != CodeMuted {
		t.Errorf("the muted get %v", err)
	}
	if err := a.changeGroup(bg, "g", func(g *groupChange) error { g.head.MaxMemberNum = g.head.MemberNum; return nil }); err != nil {
		t.Fatal(err)
	}
	j := &joining{indexEntries: indexEntries{app: a, groupID: "g"}, operator: testOperator, members: []ImportedMember{{Account: "ann"}}}
	if err := j.ask(bg); CodeOf(err) != CodeGroupFull {
		t.Errorf("who would join a full group gets %v", err)
	}
	if receiver.asked != 1 {
		t.Errorf("asked %d times", receiver.asked)
	}
}
