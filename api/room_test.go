package api_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/api/apitest"
)

const (
	minute = time.Minute
	day    = 24 * time.Hour
)

// room is one conversation on a server: the little language of the tests of
// messages and recalls.
type room struct {
	t       *testing.T
	srv     *apitest.Server
	group   string
	topicID string
	random  *atomic.Uint32
}

// newRoom makes a group of a type, without owner, with the accounts as members.
func newRoom(t *testing.T, groupType string, members ...string) *room {
	t.Helper()
	return newRoomWith(t, func(*apitest.Options) {}, groupType, members...)
}

func newRoomWith(t *testing.T, set func(*apitest.Options), groupType string, members ...string) *room {
	t.Helper()
	o := apitest.DefaultOptions()
	set(&o)
	return newRoomOn(t, apitest.New(t, o), groupType, members...)
}

var rooms atomic.Uint32

func newRoomOn(t *testing.T, srv *apitest.Server, groupType string, members ...string) *room {
	t.Helper()
	r := &room{t: t, srv: srv, random: &atomic.Uint32{}}
	for _, account := range append([]string{"ann", "bob"}, members...) {
		srv.Call(t, "im_open_login_svc", "account_import", fmt.Sprintf(`{"UserID":%q}`, account)).MustOK(t)
	}
	r.group = fmt.Sprintf("room-%d", rooms.Add(1))
	if groupType == "Community" {
		r.group = "@TGS#_" + r.group
	}
	list := ""
	if groupType != "AVChatRoom" && len(members) > 0 {
		list = `,"MemberList":[{"Member_Account":"` + strings.Join(members, `"},{"Member_Account":"`) + `"}]`
	}
	r.call("create_group", `{"Type":%q,"Name":"room","GroupId":%q%s}`, groupType, r.group, list).MustOK(t)
	return r
}

// newCommunity makes a community with topics.
func newCommunity(t *testing.T, members ...string) *room {
	t.Helper()
	r := newRoom(t, "Public", members...)
	c := &room{t: t, srv: r.srv, group: "@TGS#_town", random: &atomic.Uint32{}}
	c.call("create_group", `{"Type":"Community","Name":"town","GroupId":%q,"SupportTopic":1,"MemberList":[{"Member_Account":%q}]}`, c.group, members[0]).MustOK(t)
	return c
}

// topic makes a topic of the community.
func (r *room) topic(name string) *room {
	r.t.Helper()
	topic := *r
	topic.topicID = r.group + "@TOPIC#_" + name
	r.call("create_topic", `{"GroupId":%q,"TopicId":%q,"TopicName":%q}`, r.group, topic.topicID, name).MustOK(r.t)
	return &topic
}

func (r *room) call(command, format string, args ...any) apitest.Answer {
	r.t.Helper()
	return r.srv.Call(r.t, "group_open_http_svc", command, fmt.Sprintf(format, args...))
}

func (r *room) now() int64 { return r.srv.Clock.Now().Unix() }

func text(s string) string {
	return fmt.Sprintf(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":%q}}]`, s)
}

// send sends n messages in the sender's name and returns the last one's number.
func (r *room) send(sender string, n int) uint32 {
	r.t.Helper()
	var seq uint32
	for range n {
		random := r.random.Add(1)
		answer := r.call("send_group_msg", `{"GroupId":%q,"TopicId":%q,"From_Account":%q,"Random":%d,"MsgBody":%s}`,
			r.group, r.topicID, sender, random, text(fmt.Sprintf("message %d", random)))
		answer.MustOK(r.t)
		var sent struct {
			Seq uint32 `json:"MsgSeq"`
		}
		answer.Decode(r.t, &sent)
		seq = sent.Seq
	}
	return seq
}

// recall recalls everything the sender posted among the newest 1,000.
func (r *room) recall(sender string) {
	r.t.Helper()
	r.call("delete_group_msg_by_sender", `{"GroupId":%q,"TopicId":%q,"Sender_Account":%q}`, r.group, r.topicID, sender).MustOK(r.t)
}

// writeTip makes the server store one tip, by changing the group's notice.
func (r *room) writeTip() {
	r.t.Helper()
	r.call("modify_group_base_info", `{"GroupId":%q,"Notification":"notice %d"}`, r.group, r.random.Add(1)).MustOK(r.t)
}

// info is the group's record, without its members.
func (r *room) info() string {
	r.t.Helper()
	answer := r.call("get_group_info", `{"GroupIdList":[%q]}`, r.group)
	answer.MustOK(r.t)
	return string(answer.Raw)
}

// page is one answer of group_msg_get_simple.
type page struct {
	t        *testing.T
	raw      []byte
	Finished int   `json:"IsFinished"`
	Rows     []row `json:"RspMsgList"`
}

type row struct {
	From   string         `json:"From_Account"`
	Place  int            `json:"IsPlaceMsg"`
	Body   jsontext.Value `json:"MsgBody"`
	Seq    uint32         `json:"MsgSeq"`
	Time   int64          `json:"MsgTimeStamp"`
	System int            `json:"IsSystemMsg"`
}

func (r *room) get(number int, from uint32, withRecalled int) *page {
	r.t.Helper()
	answer := r.call("group_msg_get_simple", `{"GroupId":%q,"TopicId":%q,"ReqMsgNumber":%d,"ReqMsgSeq":%d,"WithRecalledMsg":%d}`,
		r.group, r.topicID, number, from, withRecalled)
	answer.MustOK(r.t)
	p := &page{t: r.t, raw: answer.Raw}
	answer.Decode(r.t, p)
	return p
}

func (r *room) pull(number int) *page {
	r.t.Helper()
	return r.get(number, 0, 0)
}

func (r *room) pullWithRecalled(number int) *page {
	r.t.Helper()
	return r.get(number, 0, 1)
}

func (p *page) seqs() []uint32 {
	var seqs []uint32
	for _, row := range p.Rows {
		seqs = append(seqs, row.Seq)
	}
	return seqs
}

func (p *page) wantSeqs(want ...uint32) {
	p.t.Helper()
	if got := p.seqs(); !slices.Equal(got, want) {
		p.t.Errorf("page has numbers %v, want %v", got, want)
	}
}

func (p *page) wantFinished(want int) {
	p.t.Helper()
	if p.Finished != want {
		p.t.Errorf("IsFinished is %d, want %d", p.Finished, want)
	}
}

// wantRecalled checks that numbers are hidden by default and shown as recalled,
// with their sender, on request.
func (r *room) wantRecalled(sender string, seqs ...uint32) {
	r.t.Helper()
	for _, seq := range seqs {
		if rows := r.get(1, seq, 0).Rows; len(rows) > 0 && rows[0].Seq == seq {
			r.t.Errorf("number %d is shown by default, want it recalled", seq)
		}
		rows := r.get(1, seq, 1).Rows
		if len(rows) != 1 || rows[0].Seq != seq || rows[0].Place != 2 || rows[0].From != sender || len(rows[0].Body) < 3 {
			r.t.Errorf("number %d with recalled messages is %+v, want it recalled with its body", seq, rows)
		}
	}
}

func (r *room) wantRecalledRange(from, to uint32) {
	r.t.Helper()
	for seq := to; ; {
		p := r.get(20, seq, 1)
		for _, row := range p.Rows {
			if row.Seq < from {
				return
			}
			if row.Place != 2 {
				r.t.Errorf("number %d has IsPlaceMsg %d, want 2", row.Seq, row.Place)
			}
			if row.Seq == from {
				return
			}
		}
		seq = p.Rows[len(p.Rows)-1].Seq - 1
	}
}

// wantLive checks that numbers are shown by default.
func (r *room) wantLive(seqs ...uint32) {
	r.t.Helper()
	for _, seq := range seqs {
		rows := r.get(1, seq, 0).Rows
		if len(rows) != 1 || rows[0].Seq != seq || rows[0].Place != 0 {
			r.t.Errorf("number %d is %+v, want it live", seq, rows)
		}
	}
}

// wantNext checks the stream's NextMsgSeq.
func (r *room) wantNext(want uint32) {
	r.t.Helper()
	if info := r.info(); !strings.Contains(info, fmt.Sprintf(`"NextMsgSeq":%d,`, want)) {
		r.t.Errorf("group is %s, want NextMsgSeq %d", info, want)
	}
}
