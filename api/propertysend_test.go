package api_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/recant-chat/recant/chat"
	"pgregory.net/rapid"
)

// The commands that bring messages, drawn for TestServerKeepsToTheModel.

type earlierSend struct {
	target  target
	request string
	message modelMessage
	key     string
	imports bool
	online  bool
}

// content draws a body: what it says and one of the ways to write that.
func (d *drive) content() (says, written string) {
	text := rapid.SampledFrom([]string{"hello", "", "U+0000: \x00", "ünï 💬 </b>", `"quoted" \`}).Draw(d.rt, "text")
	written = rapid.SampledFrom([]string{
		`[{"MsgType":"TIMTextElem","MsgContent":{"Text":%s}}]`,
		"[ {\"MsgType\" : \"TIM\\u0054extElem\",\n \"MsgContent\":{\"Text\":%s}} ]",
	}).Draw(d.rt, "form")
	return text, fmt.Sprintf(written, jsonText(text))
}

var priorities = []string{"", "High", "Normal", "Low", "Lowest"}

func (d *drive) send() {
	t := d.target()
	for range rapid.IntRange(1, 6).Draw(d.rt, "messages") {
		d.random++
		says, body := d.content()
		priority := rapid.IntRange(0, 4).Draw(d.rt, "priority")
		s := earlierSend{
			target: t,
			message: modelMessage{
				sender: d.account("sender"), body: body, random: d.random, priority: max(priority, 1),
				custom: rapid.SampledFrom([]string{"", "", "custom"}).Draw(d.rt, "custom data"),
			},
			online: rapid.IntRange(0, 9).Draw(d.rt, "online only") == 0,
		}
		if priority == 0 {
			s.message.priority = 2
		}
		if rapid.IntRange(0, 19).Draw(d.rt, "sender exists") == 0 {
			s.message.sender = "nobody"
		}
		onlineOnly := 0
		if s.online {
			onlineOnly = 1
		}
		s.key = fmt.Sprintf("sent %s %d %s", s.message.sender, s.message.random, says)
		s.request = t.in() + fmt.Sprintf(`"From_Account":%q,"Random":%d,"MsgPriority":%q,"CloudCustomData":%q,"OnlineOnlyFlag":%d,"MsgBody":%s}`,
			s.message.sender, d.random, priorities[priority], s.message.custom, onlineOnly, body)
		d.sendOne(s)
		d.earlier = append(d.earlier, s)
	}
}

func (d *drive) sendOne(s earlierSend) {
	d.rt.Helper()
	_, stream, code := d.writable(s.target, s.message.sender)
	answer := d.want("send_group_msg", s.request, code)
	if code != 0 {
		return
	}
	var got struct {
		Seq  uint32 `json:"MsgSeq"`
		Time int64  `json:"MsgTime"`
	}
	d.decode(answer, &got)
	want := stream.send(s.message, s.key, d.now(), s.online)
	if got.Seq != want.seq || got.Time != want.time {
		d.rt.Fatalf("send_group_msg %s answered %+v, want number %d at %d", s.request, got, want.seq, want.time)
	}
}

// repeat sends or imports once more what was sent before.
func (d *drive) repeat() {
	if len(d.earlier) == 0 {
		return
	}
	s := rapid.SampledFrom(d.earlier[max(0, len(d.earlier)-20):]).Draw(d.rt, "earlier message")
	_, stream, _ := d.resolve(s.target)
	switch {
	case s.imports:
		d.importAll(s.target, []earlierSend{s})
	case d.srv.Processes() > 1 && (s.online || stream != nil && !stream.kept):
		// The process that took it knows it.
	default:
		d.sendOne(s)
	}
}

func (d *drive) importSome() {
	t := d.target()
	var items []earlierSend
	for range rapid.IntRange(1, 6).Draw(d.rt, "messages") {
		// Around the bounds: the group's creation, the newest message, now.
		bound := d.now()
		if g, s, code := d.resolve(t); code == 0 {
			bound = rapid.SampledFrom([]int64{g.created, s.lastOrdinary, s.lastArrival, d.now()}).Draw(d.rt, "bound")
		}
		says, body := d.content()
		s := earlierSend{target: t, imports: true, message: modelMessage{
			sender: d.account("sender"), body: body, priority: 2, anyRandom: true,
			time: max(0, bound+rapid.Int64Range(-2, 2).Draw(d.rt, "seconds beside")),
		}}
		random := ""
		if rapid.Bool().Draw(d.rt, "with random") {
			d.random++
			s.message.random, s.message.anyRandom = d.random, false
			s.key = fmt.Sprintf("imported %s %d %d %s", s.message.sender, s.message.random, s.message.time, says)
			random = fmt.Sprintf(`"Random":%d,`, d.random)
		}
		s.request = fmt.Sprintf(`{"From_Account":%q,"SendTime":%d,%s"MsgBody":%s}`, s.message.sender, s.message.time, random, body)
		items = append(items, s)
	}
	d.importAll(t, items)
	d.earlier = append(d.earlier, items...)
}

// bulk imports n messages of now; of every seven two are ann's.
func (d *drive) bulk(n int) {
	t := d.target()
	var items []earlierSend
	for i := range n {
		m := modelMessage{sender: []string{"ann", "bob", "bob", "ann", "bob", "eve", "bob"}[i%7], body: text("bulk"), priority: 2, anyRandom: true, time: d.now()}
		request := fmt.Sprintf(`{"From_Account":%q,"SendTime":%d,"MsgBody":%s}`, m.sender, m.time, m.body)
		items = append(items, earlierSend{target: t, imports: true, message: m, request: request})
	}
	for batch := range slices.Chunk(items, d.settings.ImportMaxBatch) {
		d.importAll(t, batch)
	}
}

func (d *drive) importAll(t target, items []earlierSend) {
	d.rt.Helper()
	var senders, requests []string
	for _, s := range items {
		senders, requests = append(senders, s.message.sender), append(requests, s.request)
	}
	g, stream, code := d.writable(t, senders...)
	if live := d.groups[t.group]; live != nil && live.kind == chat.AVChatRoom {
		code = refusedType
	}
	answer := d.want("import_group_msg", t.in()+`"MsgList":[`+strings.Join(requests, ",")+`]}`, code)
	if code != 0 {
		return
	}
	var got struct {
		Results []struct {
			Seq    uint32 `json:"MsgSeq"`
			Time   int64  `json:"MsgTime"`
			Result int    `json:"Result"`
		} `json:"ImportMsgResult"`
	}
	d.decode(answer, &got)
	if len(got.Results) != len(items) {
		d.rt.Fatalf("%d results for %d messages", len(got.Results), len(items))
	}
	for i, s := range items {
		want, code := stream.importOne(s.message, s.key, g.created, d.now())
		if r := got.Results[i]; r.Seq != want.seq || r.Time != want.time || r.Result != code {
			d.rt.Fatalf("item %d, %s, got %+v, want number %d at %d, result %d", i, s.request, r, want.seq, want.time, code)
		}
	}
}
