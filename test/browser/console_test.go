package browser

import (
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/recant-chat/recant/api/apitest"
)

type object = map[string]any

const groupService = "group_open_http_svc"

// people makes accounts.
func people(t *testing.T, server *apitest.Server, names ...string) {
	t.Helper()
	for _, name := range names {
		server.Call(t, "im_open_login_svc", "account_import", object{"UserID": name}).MustOK(t)
	}
}

// newGroup makes a group of a type, whose first member owns it.
func newGroup(t *testing.T, server *apitest.Server, kind, id, name string, members ...string) {
	t.Helper()
	people(t, server, members...)
	request := object{"Type": kind, "GroupId": id, "Name": name, "Owner_Account": members[0]}
	if kind != "AVChatRoom" {
		list := []any{}
		for _, m := range members[1:] {
			list = append(list, object{"Member_Account": m})
		}
		request["MemberList"] = list
	}
	server.Call(t, groupService, "create_group", request).MustOK(t)
}

func textBody(text string) []any {
	return []any{object{"MsgType": "TIMTextElem", "MsgContent": object{"Text": text}}}
}

// send sends a message with a body, which may be a text.
func send(t *testing.T, server *apitest.Server, group, from string, body any) {
	t.Helper()
	if text, ok := body.(string); ok {
		body = textBody(text)
	}
	server.Call(t, groupService, "send_group_msg", object{"GroupId": group, "From_Account": from, "Random": 1, "MsgBody": body}).MustOK(t)
}

// chatter is a group in which a spammer wrote five of ten messages.
func chatter(t *testing.T, server *apitest.Server) {
	t.Helper()
	newGroup(t, server, "Public", "demo", "Saturday's picnic", "alice", "bob", "carol", "mallory")
	for _, m := range [][2]string{
		{"alice", "Who is coming to the picnic on Saturday?"},
		{"bob", "Great, I bring the cake."},
		{"mallory", "CHEAP WATCHES!!! buy now http://spam.example/1"},
		{"carol", "Count me in. Which meadow?"},
		{"mallory", "You have WON a prize, click http://spam.example/2"},
		{"mallory", "CHEAP WATCHES!!! last chance http://spam.example/3"},
		{"alice", "The one behind the mill, from six."},
		{"mallory", "Work from home, $9,000 a week http://spam.example/4"},
		{"bob", "Who invited mallory?"},
		{"mallory", "CHEAP WATCHES!!! really the last chance http://spam.example/5"},
	} {
		send(t, server, "demo", m[0], m[1])
	}
}

// importMany brings n messages into a group, text(i) of who(i).
func importMany(t *testing.T, server *apitest.Server, group string, n, batch int, message func(i int) (who, text string)) {
	t.Helper()
	var info struct {
		GroupInfo []struct{ CreateTime int64 }
	}
	server.Call(t, groupService, "get_group_info", object{"GroupIdList": []string{group}}).MustOK(t).Decode(t, &info)
	for i := 0; i < n; i += batch {
		list := []any{}
		for k := i; k < min(n, i+batch); k++ {
			who, text := message(k)
			list = append(list, object{"From_Account": who, "SendTime": info.GroupInfo[0].CreateTime, "Random": k, "MsgBody": textBody(text)})
		}
		server.Call(t, groupService, "import_group_msg", object{"GroupId": group, "MsgList": list}).MustOK(t)
	}
}

// visible lists the numbers that history shows of a sender.
func visible(t *testing.T, server *apitest.Server, group, sender string) (seqs []int) {
	t.Helper()
	var page struct {
		Rows []struct {
			Seq  int    `json:"MsgSeq"`
			From string `json:"From_Account"`
		} `json:"RspMsgList"`
	}
	server.Call(t, groupService, "group_msg_get_simple", object{"GroupId": group, "ReqMsgNumber": 20}).MustOK(t).Decode(t, &page)
	for _, row := range page.Rows {
		if row.From == sender {
			seqs = append(seqs, row.Seq)
		}
	}
	return seqs
}

// openConsole opens the page at an address and signs in.
func openConsole(t *testing.T, server *apitest.Server, hash string) *tab {
	t.Helper()
	b := open(t, server, "/console/"+hash)
	b.signIn()
	return b
}

// goTo shows another address of the page.
func (b *tab) goTo(hash string) {
	b.Helper()
	b.do(chromedp.Evaluate[chromedp.Void]("location.hash = " + strconv.Quote(hash)))
}

// untilRow waits until the timeline shows the content of a number.
func (b *tab) untilRow(seq int) {
	b.Helper()
	b.until("document.querySelector('[data-seq=\"" + strconv.Itoa(seq) + "\"]:not(.pending)')")
}

// row is what the timeline shows of a number.
func (b *tab) row(seq int) string {
	b.Helper()
	return eval[string](b, "document.querySelector('[data-seq=\""+strconv.Itoa(seq)+"\"]')?.innerText ?? ''")
}

// selected is the number that is selected.
func (b *tab) selected() int {
	b.Helper()
	return eval[int](b, "Number(document.querySelector('.row.selected')?.dataset.seq ?? 0)")
}

// untilSelected waits until a number is selected.
func (b *tab) untilSelected(seq int) {
	b.Helper()
	b.until("document.querySelector('.row.selected')?.dataset.seq === '" + strconv.Itoa(seq) + "'")
}

// count is how many elements a selector finds.
func (b *tab) count(selector string) int {
	b.Helper()
	return eval[int](b, "document.querySelectorAll("+strconv.Quote(selector)+").length")
}

// wantShown fails unless the page shows each of some texts.
func (b *tab) wantShown(texts ...string) {
	b.Helper()
	shown := b.shown()
	for _, text := range texts {
		if !strings.Contains(shown, text) {
			b.Errorf("%q is not shown on\n%s", text, shown)
		}
	}
}
