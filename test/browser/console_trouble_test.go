package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/recant-chat/recant/api/apitest"
)

// around puts a function around the page's calls: before is run ahead of each, with
// url and options, and after behind it, with answer too. Both may wait; slowly(ms)
// and window.held, which window.release() ends, are there for it.
func (b *tab) around(before, after string) {
	b.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](`(() => {
		const working = window.fetch;
		const slowly = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
		window.held = new Promise((resolve) => { window.release = resolve; });
		window.fetch = async (url, options) => {
			` + before + `
			const answer = await working(url, options);
			` + after + `
			return answer;
		};
	})()`))
}

// What becomes of a recall is told when its panel was closed meanwhile, and u undoes it.
func TestARecallWhosePanelWasClosedIsTold(t *testing.T) {
	server := newServer(t)
	chatter(t, server)
	b := openConsole(t, server, "#/group/demo/message/10")
	b.untilRow(10)
	b.press("p")
	b.untilShown("5 of 10 messages")
	b.around("", `if (url.includes("recall_by_sender")) { window.asked = true; await window.held; }`)
	b.click(".panel button.danger")
	b.until("window.asked")
	b.press(kb.Escape)
	b.until("!document.querySelector('.panel')")
	b.do(chromedp.Evaluate[chromedp.Void]("document.querySelector('[data-seq=\"9\"]').click()"))
	b.press("p")
	b.untilShown("Recall what bob sent")
	b.untilShown("2 of 10 messages")
	b.do(chromedp.Evaluate[chromedp.Void]("window.release()"))
	b.untilShown("5 messages are recalled.")
	b.until("document.querySelector('[data-seq=\"10\"].is-recalled')")
	if n := b.count(".row.is-goes"); n != 2 {
		t.Errorf("the preview of bob marks %d rows, want 2", n)
	}
	b.press("u")
	b.untilShown("Recalled by administrator")
	b.wantAccessible()
}

// A recall that happened with another reason than is asked for now ends in a preview
// of what is there, not in the same answer for ever.
func TestARecallThatHappenedWithOtherSettingsIsPreviewedAnew(t *testing.T) {
	server := newServer(t)
	chatter(t, server)
	b := openConsole(t, server, "#/group/demo/message/10")
	b.untilRow(10)
	b.press("p")
	b.untilShown("5 of 10 messages")
	b.around("", `if (url.includes("recall_by_sender") && !window.lost) { window.lost = true; throw new TypeError("the line went down"); }`)
	b.click(".panel button.danger")
	b.untilShown("the line went down")
	b.fill(".panel .finish input", "spam")
	b.click(".panel button.danger")
	b.untilShown("This recall was made with other settings already")
	b.untilShown("0 of 10 messages would be recalled.")
}

// Enter in the dialog of an undo does nothing before the dialog has said whose
// messages it is about, where there is a choice.
func TestAnUndoWaitsForTheChoice(t *testing.T) {
	server := newServer(t)
	chatter(t, server)
	target := func(who string) object { return object{"GroupId": "demo", "Sender_Account": who} }
	server.Call(t, "recall_http_svc", "recall_by_sender", object{
		"Targets": []any{target("mallory"), target("bob")}, "Scope": object{"LastMsgNum": 100},
	}).MustOK(t)
	b := openConsole(t, server, "#/group/demo/message/10")
	b.untilRow(10)
	b.around("", `if (url.includes("get_recall_operation")) await window.held;`)
	b.press("u", kb.Enter)
	b.do(chromedp.Evaluate[chromedp.Void]("window.release()"))
	b.untilShown("bob · demo")
	b.until(`document.querySelector("dialog .problem").textContent || !document.querySelector("dialog")`)
	if seqs := visible(t, server, "demo", "mallory"); len(seqs) != 0 {
		t.Fatalf("%v were shown again unasked", seqs)
	}
	b.wantAccessible()
	b.click("dialog input[type=checkbox]")
	b.click("dialog button.primary")
	b.untilShown("messages are shown again.")
	if seqs := visible(t, server, "demo", "mallory"); len(seqs) != 0 {
		t.Errorf("%v were shown again", seqs)
	}
	if seqs := visible(t, server, "demo", "bob"); len(seqs) != 2 {
		t.Errorf("of bob %v are shown, want 2", seqs)
	}
}

// Rows that take longer than the page waits between its looks come all the same.
func TestASlowLineShowsTheMessages(t *testing.T) {
	server := newServer(t)
	chatter(t, server)
	b := openConsole(t, server, "")
	b.untilShown("1 group")
	b.do(chromedp.Evaluate[chromedp.Void](`(() => {
		const real = window.setTimeout;
		window.setTimeout = (f, ms, ...more) => real(f, ms === 4000 ? 100 : ms, ...more);
	})()`))
	b.around(`if (url.includes("get_timeline") && JSON.parse(options.body).Limit > 1) { window.begun = (window.begun ?? 0) + 1; await slowly(1500); }`, "")
	b.goTo("#/group/demo")
	b.until("window.begun > 0")
	b.until("window.begun > 3 || document.querySelector('[data-seq=\"10\"]:not(.pending)')")
	b.untilRow(10)
	if n := eval[int](b, "window.begun"); n > 2 {
		t.Errorf("the rows were asked for %d times until they came", n)
	}
}

// Removing members leaves none out of the pages that follow, and counts go down.
func TestRemovingMembersLeavesNoneOut(t *testing.T) {
	server := newServer(t)
	newGroup(t, server, "Public", "demo", "Demo", "alice", "bob")
	var names []string
	list := []any{}
	for i := range 100 {
		names = append(names, fmt.Sprintf("m%03d", i))
		list = append(list, object{"Member_Account": names[i]})
	}
	people(t, server, names...)
	server.Call(t, groupService, "add_group_member", object{"GroupId": "demo", "MemberList": list[:50]}).MustOK(t)
	server.Call(t, groupService, "add_group_member", object{"GroupId": "demo", "MemberList": list[50:]}).MustOK(t)
	b := openConsole(t, server, "#/group/demo/members")
	b.untilShown("100 shown, 102 in the group")
	b.click(`tr[data-account="bob"] button.danger, tr[data-account="bob"] button:nth-of-type(2)`)
	b.click("dialog .danger")
	b.untilShown("99 shown, 101 in the group")
	b.click("main > .page > button")
	b.untilShown("101 shown, 101 in the group")
	if n := eval[int](b, `new Set(Array.from(document.querySelectorAll("tbody tr"), (row) => row.dataset.account)).size`); n != 101 {
		t.Errorf("%d members are listed, want 101", n)
	}
}

// A clock that is wrong hides no mute.
func TestAWrongClockHidesNoMute(t *testing.T) {
	server := newServer(t)
	chatter(t, server)
	server.Call(t, groupService, "forbid_send_msg", object{"GroupId": "demo", "Members_Account": []string{"mallory"}, "MuteTime": 600}).MustOK(t)
	b := openConsole(t, server, "")
	b.untilShown("1 group")
	b.do(chromedp.Evaluate[chromedp.Void](`(() => { const real = Date.now; Date.now = () => real() + 3600000; })()`))
	b.goTo("#/group/demo/members")
	b.untilShown("4 shown")
	if got := eval[string](b, `document.querySelector('tr[data-account="mallory"]').innerText`); !strings.Contains(got, "until ") || !strings.Contains(got, "Unmute") {
		t.Errorf("a mute is shown as %q", got)
	}
}

// A group that cannot be read is told where its members would be, and read again.
func TestMembersOfAGroupThatCannotBeReadAreTriedAgain(t *testing.T) {
	server := newServer(t)
	chatter(t, server)
	b := openConsole(t, server, "")
	b.untilShown("1 group")
	b.around(`if (!window.mended && url.includes("get_group_info")) throw new TypeError("the line is down");`, "")
	b.goTo("#/group/demo/members")
	b.untilShown("The server cannot be reached: the line is down")
	b.press(kb.Enter) // in the field that finds an account
	if got := b.shown(); strings.Contains(got, "One moment") || strings.Contains(got, "undefined") {
		t.Errorf("shown is\n%s", got)
	}
	b.wantAccessible()
	b.do(chromedp.Evaluate[chromedp.Void]("window.mended = true"))
	b.click(".facts button")
	b.untilShown("4 shown, 4 in the group")
}

// Addresses with nonsense in them show the page, not nothing.
func TestDamagedAddressesShowThePage(t *testing.T) {
	server := newServer(t)
	newGroup(t, server, "Public", "demo", "Demo", "alice")
	b := openConsole(t, server, "#/audit?from=yesterday&to=1e99")
	b.untilShown("Nothing matches.")
	b.goTo("#/group/%zz")
	b.untilShown("There is no such page.")
	b = open(t, server, fmt.Sprintf("/console/#sign=%d:%%zz:abc", apitest.SDKAppID))
	b.until("document.querySelector('#signin-app')")
	if hash := eval[string](b, "location.hash"); hash != "" {
		t.Errorf("the address keeps %q", hash)
	}
}

// Lines take room wherever a message has them: what is long is cut.
func TestManyLinesAreCutWhereverTheyAre(t *testing.T) {
	server := newServer(t)
	newGroup(t, server, "Public", "demo", "Demo", "alice")
	send(t, server, "demo", "alice", []any{object{"MsgType": "TIMCustomElem", "MsgContent": object{"Desc": "an order", "Data": strings.Repeat("\n", 400) + "end"}}})
	var elements []any
	for range 60 {
		elements = append(elements, textBody("x")...)
	}
	send(t, server, "demo", "alice", elements)
	b := openConsole(t, server, "#/group/demo")
	b.untilRow(2)
	for seq := 1; seq <= 2; seq++ {
		if n := eval[int](b, fmt.Sprintf(`document.querySelector('[data-seq="%d"]').offsetHeight`, seq)); n > 400 {
			t.Errorf("message %d takes %d pixels", seq, n)
		}
	}
}

// Of what a recall covers, the rail shows the part that has not expired.
func TestTheRailLeavesOutWhatHasExpired(t *testing.T) {
	b := openConsole(t, newServer(t), "")
	b.untilShown("No group matches.")
	got := eval[[]float64](b, `import("/console/rail.js").then(async ({ Rail }) => {
		const rail = new Rail({ rows: { oldest: 1001, newest: 2000 } });
		rail.element.style.setProperty("height", "1000px");
		document.body.append(rail.element);
		rail.show(1990, 2000);
		rail.mark([{ kind: "range", from: 1, to: 1100 }, { kind: "range", from: 1, to: 900 }]);
		for (let n = 0; n < 600 && !rail.element.querySelector(".rail-range"); n++) await new Promise((resolve) => setTimeout(resolve, 100));
		return Array.from(rail.element.querySelectorAll(".rail-range"), (rect) => ["y", "height"].map((name) => Math.round(rect.getAttribute(name)))).flat();
	})`)
	if len(got) != 2 || got[0] != 0 || got[1] != 100 {
		t.Errorf("the ranges are drawn at %v, want [0 100]", got)
	}
}

// What answers in the server's place, such as a proxy, is told as what it is.
func TestAnAnswerThatIsNotTheServersIsTold(t *testing.T) {
	b := openConsole(t, newServer(t), "")
	b.untilShown("No group matches.")
	for body, search := range map[string]string{"null": "a", `{"message":"slow down"}`: "b"} {
		b.around(`return new Response(`+"`"+body+"`"+`, {status: 503});`, "")
		b.fill("#group-search", search)
		b.untilShown("The server cannot be reached: HTTP 503")
		b.around(`return new Response('{"ErrorCode": 60018, "ErrorInfo": "busy"}');`, "")
		b.fill("#group-search", search+search)
		b.untilShown("60018: busy")
	}
}
