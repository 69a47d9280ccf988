package api_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
	"pgregory.net/rapid"
)

// contactModel is one group as conversation lists see it, in the plainest form.
type contactModel struct {
	*room
	kind     string
	messages []contactMessage
	joined   map[string]int64
	hidden   map[string]int
}

type contactMessage struct {
	time, received int64
	ordinary       bool
	lists          []string // nil is everybody's, empty nobody's
}

func (m *contactModel) add(message contactMessage) { m.messages = append(m.messages, message) }

// contact is what an account's list says, "" for nothing.
func (m *contactModel) contact(account string) string {
	joined, member := m.joined[account]
	if !member || m.kind == "Private" && !slices.ContainsFunc(m.messages, func(c contactMessage) bool { return c.ordinary }) {
		return ""
	}
	for i, c := range slices.Backward(m.messages) {
		if i < m.hidden[account] || c.received < joined && m.kind != "ChatRoom" {
			return ""
		}
		if c.lists == nil || slices.Contains(c.lists, account) {
			return fmt.Sprint(c.time - apitest.Start.Unix())
		}
	}
	return ""
}

func TestContactsKeepToTheModel(t *testing.T) {
	if raceDetector {
		checkLess(t, 20)
	}
	srv := newRoomWith(t, func(o *apitest.Options) { o.Settings.TipsMemberChange = nil }, "Public").srv
	rapid.Check(t, func(rt *rapid.T) {
		kind := rapid.SampledFrom([]string{"Public", "ChatRoom", "Private", "Community"}).Draw(rt, "type")
		m := &contactModel{room: newRoomOn(t, srv, kind, "ann"), kind: kind, joined: map[string]int64{}, hidden: map[string]int{}}
		m.joined["ann"] = m.now()
		newestOrdinary := m.now()
		accounts := rapid.SampledFrom([]string{"ann", "bob"})
		rt.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) {
				m.wantContact("ann", m.contact("ann"))
				m.wantContact("bob", m.contact("bob"))
				if t.Failed() {
					rt.FailNow()
				}
			},
			"time passes": func(rt *rapid.T) { m.tick() },
			"send": func(rt *rapid.T) {
				message := contactMessage{time: m.now(), received: m.now(), ordinary: true}
				fields := ""
				to := accounts.Draw(rt, "to")
				if _, member := m.joined[to]; member && kind != "Community" && rapid.Bool().Draw(rt, "targeted") {
					fields, message.lists = fmt.Sprintf(`,"To_Account":[%q]`, to), []string{to}
				}
				if rapid.Bool().Draw(rt, "no last message") {
					fields, message.lists = fields+`,"SendMsgControl":["NoLastMsg"]`, []string{}
				}
				m.sendWith(fmt.Sprintf(`"From_Account":"ann","Random":%d,"MsgBody":%s%s`, m.random.Add(1), text("x"), fields)).MustOK(t)
				newestOrdinary = m.now()
				m.add(message)
			},
			"tip": func(*rapid.T) {
				m.writeTip()
				m.add(contactMessage{time: m.now(), received: m.now()})
			},
			"import": func(rt *rapid.T) {
				message := contactMessage{time: rapid.Int64Range(newestOrdinary, m.now()).Draw(rt, "time"), received: m.now(), ordinary: true}
				flag := 0
				if kind != "Community" && rapid.Bool().Draw(rt, "flag") {
					flag = 1
				} else {
					message.lists = []string{}
				}
				m.call("import_group_msg", `{"GroupId":%q,"RecentContactFlag":%d,"MsgList":[{"From_Account":"bob","SendTime":%d,"MsgBody":%s}]}`,
					m.group, flag, message.time, text("x")).MustOK(t)
				newestOrdinary = message.time
				m.add(message)
			},
			"delete": func(rt *rapid.T) {
				account := accounts.Draw(rt, "account")
				m.deleteContact(account)
				if _, member := m.joined[account]; member {
					m.hidden[account] = len(m.messages)
				}
			},
			"join": func(rt *rapid.T) {
				account := accounts.Draw(rt, "account")
				m.room.add(account).MustOK(t)
				if _, member := m.joined[account]; !member {
					m.joined[account] = m.now()
				}
			},
			"leave": func(rt *rapid.T) {
				account := accounts.Draw(rt, "account")
				m.remove(account).MustOK(t)
				delete(m.joined, account)
				delete(m.hidden, account)
			},
		})
		m.call("destroy_group", `{"GroupId":%q}`, m.group).MustOK(t)
	})
}
