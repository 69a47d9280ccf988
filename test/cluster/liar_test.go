package cluster

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/client"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/pebble"
)

// liar is a store that is not always true to what it says about partitions whose names begin
// with a letter.
type liar struct {
	store.Store
	about string
	// Of so many commits it says of one that it is made and does not make it, and of so
	// many reads it answers one with nothing. 0 is never.
	forgets, misses int64
	commits, reads  atomic.Int64
}

func (l *liar) lies(p store.Partition, n *atomic.Int64, onceIn int64) bool {
	return onceIn > 0 && strings.HasPrefix(p.Name(), l.about) && n.Add(1)%onceIn == 0
}

func (l *liar) Commit(ctx context.Context, p store.Partition, base store.Version, mutations []store.Mutation) (store.Version, error) {
	if l.lies(p, &l.commits, l.forgets) {
		return base + "?", nil
	}
	return l.Store.Commit(ctx, p, base, mutations)
}

func (l *liar) Read(ctx context.Context, p store.Partition, ranges ...store.Range) ([][]store.Row, store.Version, error) {
	if l.lies(p, &l.reads, l.misses) {
		return make([][]store.Row, len(ranges)), "", nil
	}
	return l.Store.Read(ctx, p, ranges...)
}

// What the tests of whole servers would overlook proves nothing.
func TestAStoreThatLiesIsFoundOut(t *testing.T) {
	for _, c := range []struct {
		name  string
		liar  *liar
		words string // of the problem that is found, none for an honest store
	}{
		{"it does not lie", &liar{}, ""},
		{"acknowledged messages are lost and their numbers given again", &liar{about: "L", forgets: 40}, "was acknowledged as number"},
		{"acknowledged recalls are lost", &liar{about: "C", forgets: 4}, "does not fit the model"},
		{"recalled messages show now and then", &liar{about: "C", misses: 20}, "does not fit the model"},
	} {
		t.Run(c.name, func(t *testing.T) {
			engine, err := pebble.Open("data", pebble.Options{FS: vfs.NewMem()})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { engine.Close() })
			c.liar.Store = engine
			o := apitest.DefaultOptions()
			o.Store = c.liar
			srv := apitest.New(t, o)
			var servers []*client.Client
			for range 2 { // the same one
				one, err := client.New(client.Config{
					BaseURL: srv.URL, SDKAppID: apitest.SDKAppID, Key: apitest.Key, HTTPClient: srv.Client(),
					Retry: client.Retry{Attempts: 1},
				})
				if err != nil {
					t.Fatal(err)
				}
				servers = append(servers, one)
			}
			l := &load{t: t, servers: servers, seed: 1, looks: 1}
			if err := l.setUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			v := l.judge(t.Context(), l.round(t.Context()))
			told := func(p string) bool { return strings.Contains(p, c.words) }
			if c.words == "" && len(v.problems) > 0 || c.words != "" && !slices.ContainsFunc(v.problems, told) {
				t.Errorf("problems found: %v", shorten(strings.Join(v.problems, "\n")))
			}
			if v.undecided > 0 || v.calls < callsEach {
				t.Errorf("the load proves too little: %v", v)
			}
		})
	}
}

// A recorded history with its looks, and what is wrong about others like it.
func TestWhatServersShowInTheEndIsCompared(t *testing.T) {
	row := func(seq uint32, place int, m *message) client.HistoryRow {
		return client.HistoryRow{
			FromAccount: m.sender, IsPlaceMsg: place, MsgBody: client.MessageBody{client.Text(m.text)}, MsgRandom: m.random, MsgSeq: seq,
		}
	}
	for _, c := range []struct {
		name   string
		change func(v *conversation, looks []look)
		words  string
	}{
		{"nothing", func(*conversation, []look) {}, ""},
		{"a send without an answer is there", func(v *conversation, looks []look) {
			m := v.newMessage("ann")
			m.call = v.history.Send(1, "ann", func() (uint32, bool) { return 0, false })
			for i := range looks {
				looks[i].rows = append(looks[i].rows, row(3, 0, m))
				looks[i].shown = []uint32{3, 2}
			}
		}, ""},
		{"a message is there twice", func(v *conversation, looks []look) {
			looks[0].rows = append(looks[0].rows, row(3, 0, v.messages[1]))
		}, "is there twice, as 2 and 3"},
		{"two messages have one number", func(v *conversation, looks []look) {
			looks[0].rows = append(looks[0].rows, row(2, 0, v.newMessage("ann")))
		}, "number 2 stands at place 3"},
		{"a message is lost", func(v *conversation, looks []look) { looks[0].rows = looks[0].rows[:1] }, "acknowledged as number 2 and is at 0"},
		{"a message says something else", func(v *conversation, looks []look) {
			looks[0].rows[1].MsgBody = client.MessageBody{client.Text("something")}
		}, "nobody sent number 2"},
		{"a number said something else", func(v *conversation, looks []look) {
			v.saw([]client.HistoryRow{row(2, 0, v.messages[0])})
		}, "showed {ann"},
		{"a number is gone that was shown", func(v *conversation, looks []look) {
			v.saw([]client.HistoryRow{row(3, 0, v.messages[0])})
		}, "number 3 was shown and is gone"},
		{"a recalled message shows", func(v *conversation, looks []look) { looks[1].shown = []uint32{2, 1} }, "which are not all messages that are not recalled"},
		{"only the placeholder is left", func(v *conversation, looks []look) { looks[0].rows[1].IsPlaceMsg = 1 }, "number 2 has IsPlaceMsg 1"},
		{"the servers differ", func(v *conversation, looks []look) {
			looks[1].rows[0].IsPlaceMsg, looks[1].shown = 0, []uint32{2, 1}
		}, "server 2 shows something else"},
		{"the model is asked", func(v *conversation, looks []look) {
			v.history.Pull(1, 0, 20, func() ([]uint32, bool) { return []uint32{2, 1}, true })
		}, "does not fit the model"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newConversation("group", "")
			for i, sender := range []string{"ann", "bob"} {
				m := v.newMessage(sender)
				m.call = v.history.Send(1, sender, func() (uint32, bool) { return uint32(i + 1), true })
				m.acked = uint32(i + 1)
			}
			v.history.Recall(1, "ann", window, func() bool { return true })
			var looks []look
			for _, server := range []string{"server 1", "server 2"} {
				looks = append(looks, look{
					server: server, rows: []client.HistoryRow{row(1, 2, v.messages[0]), row(2, 0, v.messages[1])}, shown: []uint32{2},
				})
			}
			c.change(v, looks)
			problems, _ := v.judge(looks)
			told := func(p string) bool { return strings.Contains(p, c.words) }
			if c.words == "" && len(problems) > 0 || c.words != "" && !slices.ContainsFunc(problems, told) {
				t.Errorf("problems found: %v", problems)
			}
		})
	}
}
