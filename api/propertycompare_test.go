package api_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/chat"
	"pgregory.net/rapid"
)

// compareSome compares one page and what is said of one group, drawn anew
// after every command.
func (d *drive) compareSome(*rapid.T) {
	t := d.target()
	_, s, _ := d.resolve(t)
	last := uint32(0)
	if s != nil {
		last = s.last()
	}
	number := rapid.OneOf(rapid.IntRange(1, 25), rapid.Just(20)).Draw(d.rt, "rows")
	from := rapid.OneOf(rapid.Just(uint32(0)), rapid.Uint32Range(0, last+2)).Draw(d.rt, "from")
	d.comparePage(t, number, from, rapid.Bool().Draw(d.rt, "with recalled"))
	d.compareGroup(t.group)
}

// compareAll compares everything there is, page by page and in both modes but
// for very long streams.
func (d *drive) compareAll() {
	for _, id := range slices.Sorted(maps.Keys(d.groups)) {
		g := d.groups[id]
		d.compareGroup(id)
		targets := []target{{group: id}}
		for _, topic := range slices.Sorted(maps.Keys(g.topics)) {
			targets = append(targets, target{id, topic})
		}
		if g.kind == chat.AVChatRoom {
			d.comparePage(targets[0], 1, 0, false)
			continue
		}
		for _, t := range targets {
			modes := []bool{false, true}
			if _, s, _ := d.resolve(t); s.last() > maxLooked { // one mode is enough work
				modes = modes[1:]
			}
			for _, withRecalled := range modes {
				for from := uint32(0); ; {
					page := d.comparePage(t, 20, from, withRecalled)
					if len(page) == 0 || page[len(page)-1].Seq == 1 {
						break
					}
					from = page[len(page)-1].Seq - 1
				}
			}
		}
	}
}

// comparePage compares one page of history and returns its rows.
func (d *drive) comparePage(t target, number int, from uint32, withRecalled bool) []modelRow {
	d.rt.Helper()
	g, s, code := d.resolve(t)
	if g != nil && g.kind == chat.AVChatRoom {
		code = refusedNoHistory
	}
	flag := 0
	if withRecalled {
		flag = 1
	}
	request := t.in() + fmt.Sprintf(`"ReqMsgNumber":%d,"ReqMsgSeq":%d,"WithRecalledMsg":%d}`, number, from, flag)
	answer := d.want("group_msg_get_simple", request, code)
	if code != 0 {
		return nil
	}
	var got struct {
		Group    string     `json:"GroupId"`
		Finished int        `json:"IsFinished"`
		Rows     []modelRow `json:"RspMsgList"`
	}
	d.decode(answer, &got)
	want := d.page(s, number, from, withRecalled, d.now())
	want.endEarly(len(got.Rows))
	if got.Group != t.group || got.Finished != want.finished || len(got.Rows) != len(want.rows) {
		d.rt.Fatalf("page %s has %d rows and IsFinished %d, want %d and %d: %s",
			request, len(got.Rows), got.Finished, len(want.rows), want.finished, answer.Raw)
	}
	for i, row := range got.Rows {
		if !row.same(want.rows[i]) {
			d.rt.Fatalf("page %s has row %+v, want %+v", request, row, want.rows[i])
		}
	}
	return got.Rows
}

// endEarly takes from a page that looked at more than 2,000 numbers what the
// server may leave to the next one, down to n rows: what was found beyond the
// bound, but for the first row of the page.
func (p *modelPage) endEarly(n int) {
	within := 0
	for within < len(p.rows) && p.examined[within] <= maxLooked {
		within++
	}
	if p.looked > maxLooked && n < len(p.rows) && n >= max(1, within) {
		p.rows, p.finished = p.rows[:n], 0
	}
}

func (r modelRow) same(want modelRow) bool {
	if want.anyRandom && r.Place != 1 {
		want.Random = r.Random
	}
	sameBody := bytes.Equal(r.Body, want.Body)
	if want.System == 1 {
		got, expected := r.Body.Clone(), want.Body.Clone()
		sameBody = got.Canonicalize() == nil && expected.Canonicalize() == nil && bytes.Equal(got, expected)
	}
	r.Body, want.Body = jsontext.Value{}, jsontext.Value{}
	return sameBody && r.From == want.From && r.Place == want.Place && r.Seq == want.Seq && r.Time == want.Time &&
		r.System == want.System && r.Priority == want.Priority && r.Random == want.Random && r.Custom == want.Custom
}

// compareGroup compares what is said of a group and its topics beside their
// messages.
func (d *drive) compareGroup(id string) {
	d.rt.Helper()
	g := d.groups[id]
	if g == nil {
		return
	}
	var info struct {
		Groups []struct {
			NextMsgSeq  uint32 `json:"NextMsgSeq"`
			LastMsgTime int64  `json:"LastMsgTime"`
			MemberNum   int    `json:"MemberNum"`
		} `json:"GroupInfo"`
	}
	d.decode(d.want("get_group_info", fmt.Sprintf(`{"GroupIdList":[%q]}`, id), 0), &info)
	if got := info.Groups[0]; got.NextMsgSeq != g.own.last()+1 || got.LastMsgTime != g.own.lastOrdinary || got.MemberNum != len(g.members) {
		d.rt.Fatalf("group %s is %+v, want NextMsgSeq %d, LastMsgTime %d, MemberNum %d", id, got, g.own.last()+1, g.own.lastOrdinary, len(g.members))
	}
	if !g.hasTopics {
		return
	}
	var topics topicList
	d.decode(d.want("get_topic", fmt.Sprintf(`{"GroupId":%q,"From_Account":"administrator"}`, id), 0), &topics)
	got := map[string]string{}
	for _, item := range topics.Items {
		got[item.Topic.ID] = fmt.Sprint(item.Topic.NextMsgSeq, item.Topic.LastMsgTime)
	}
	want := map[string]string{}
	for topic, s := range g.topics {
		want[topic] = fmt.Sprint(s.last()+1, s.lastOrdinary)
	}
	if !maps.Equal(got, want) {
		d.rt.Fatalf("topics of %s are %v, want %v", id, got, want)
	}
}
