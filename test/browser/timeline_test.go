package browser

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/recant-chat/recant/api/apitest"
)

// A group with 100,000 messages is scrolled to its beginning, and only what is
// on screen is fetched and in the page.
func TestALongHistoryScrollsToItsBeginning(t *testing.T) {
	const messages, batch = 100_000, 499
	server := newServer(t, func(o *apitest.Options) { o.Settings.ImportMaxBatch = batch })
	newGroup(t, server, "Public", "long", "Long", "alice", "bob", "carol")
	start := time.Now()
	importMany(t, server, "long", messages, batch, func(i int) (string, string) {
		return []string{"alice", "bob", "carol"}[i%3], fmt.Sprint("message ", i+1, strings.Repeat(" and more", i%40))
	})
	t.Log("imported in", time.Since(start))
	b := openConsole(t, server, "#/group/long")
	b.untilRow(messages)
	b.wantShown("message 100000 and")
	pages := func() (n int) {
		for _, url := range b.asked() {
			if strings.Contains(url, "get_timeline") {
				n++
			}
		}
		return n
	}
	few := func(what string, most int) {
		t.Helper()
		if n := pages(); n > most {
			t.Errorf("%s took %d calls of get_timeline, want at most %d", what, n, most)
		}
		if n := b.count(".row"); n > 400 {
			t.Errorf("%d rows in the page after %s", n, what)
		}
	}
	few("opening", 8)

	// By wheel: upwards without a jump.
	before := eval[int](b, topRow)
	for range 20 {
		b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector(".feed").scrollBy(0, -400)`), chromedp.Sleep(30*time.Millisecond))
	}
	after := eval[int](b, topRow)
	if after >= before || before-after > 400 {
		t.Errorf("scrolling 8,000 pixels went from %d to %d", before, after)
	}
	b.until(`!document.querySelector(".row.pending")`)
	b.wantAccessible()
	pages()

	b.press(kb.Home)
	b.untilRow(1)
	b.untilSelected(1)
	b.until(`!document.querySelector(".row.pending")`)
	if got := b.row(1); !strings.Contains(got, "joined") && !strings.Contains(got, "message 1") && !strings.Contains(got, "added") {
		t.Errorf("the first row is %q", got)
	}
	few("going to the beginning", 8)
	b.press(kb.PageDown, kb.PageDown, kb.PageUp, "j", "k")
	if got := b.selected(); got < 2 || got > 60 {
		t.Errorf("%d is selected after a screenful", got)
	}

	// The rail: to the middle at once.
	b.do(chromedp.Evaluate[chromedp.Void](`(() => {
		const rail = document.querySelector(".rail"), box = rail.getBoundingClientRect();
		const event = (type) => new PointerEvent(type, {bubbles: true, button: 0, pointerId: 1, clientX: box.left + 5, clientY: box.top + box.height / 2});
		rail.setPointerCapture = rail.hasPointerCapture = () => false;
		rail.dispatchEvent(event("pointerdown"));
	})()`))
	b.until(`Math.abs(` + topRow + ` - 50000) < 200`)
	b.until(`!document.querySelector(".row.pending")`)
	few("a click on the rail", 8)
	b.press(kb.End)
	b.untilSelected(messages)
	b.untilRow(messages)
}

// topRow is the first number on screen.
const topRow = `Number(Array.from(document.querySelectorAll(".row")).find(r => r.getBoundingClientRect().bottom > document.querySelector(".feed").getBoundingClientRect().top + 4).dataset.seq)`

// Rows above what is looked at get their height when they come, and what is
// looked at stays where it is.
func TestWhatIsReadStaysWhereItIs(t *testing.T) {
	server := newServer(t)
	newGroup(t, server, "Public", "demo", "Demo", "alice")
	importMany(t, server, "demo", 400, 20, func(i int) (string, string) {
		return "alice", fmt.Sprint("message ", i+1, strings.Repeat(" and more", i*7%60))
	})
	b := openConsole(t, server, "#/group/demo/message/200")
	b.untilRow(200)
	b.until(`!document.querySelector(".row.pending")`)
	const place = `Math.round(document.querySelector('[data-seq="200"]').getBoundingClientRect().top)`
	top := eval[int](b, place)
	if height := eval[int](b, `document.querySelector(".feed").clientHeight`); top < 100 || top > height {
		t.Errorf("the message that was asked for begins at %d of %d pixels", top, height)
	}
	// All rows of the page come again, with a recall.
	server.Call(t, "recall_http_svc", "recall_by_sender", object{"Targets": []any{object{"GroupId": "demo", "Sender_Account": "alice"}}}).MustOK(t)
	send(t, server, "demo", "alice", "after")
	b.press("u")
	b.untilShown("Nothing to undo")
	b.untilShown("1 new ↓")
	b.until(`document.querySelector('[data-seq="200"]').classList.contains("is-recalled")`)
	if now := eval[int](b, place); now < top-1 || now > top+1 {
		t.Errorf("the row moved from %d to %d", top, now)
	}
	b.click(".chip")
	b.untilSelected(401)
	b.untilShown("after")
}

// At the newest message, newer ones come by themselves.
func TestNewMessagesComeByThemselves(t *testing.T) {
	server := newServer(t)
	chatter(t, server)
	b := openConsole(t, server, "#/group/demo")
	b.untilRow(10)
	send(t, server, "demo", "bob", "something new")
	b.untilShown("something new")
	if chip := eval[bool](b, `document.querySelector(".chip").hidden`); !chip {
		t.Error("a message on screen is counted as new")
	}
	// What the sender adds after the preview would be recalled with it.
	b.press("p")
	b.untilShown("5 of 11 messages would be recalled.")
	send(t, server, "demo", "mallory", "one more")
	b.until(`document.querySelector('[data-seq="12"]')?.innerText.includes("Would be recalled")`)
	if n := b.count(".border"); n != 2 || !strings.Contains(b.row(12), "up to here") {
		t.Errorf("%d ends of the window are drawn, the newest row is %q", n, b.row(12))
	}
}

func TestTheTimelineGoesToATime(t *testing.T) {
	server := newServer(t)
	people(t, server, "alice")
	begin := time.Now().Add(-100 * time.Hour).Truncate(time.Hour)
	server.Call(t, groupService, "import_group", object{"Type": "Public", "GroupId": "old", "Name": "Old", "Owner_Account": "alice", "CreateTime": begin.Unix()}).MustOK(t)
	for i := 0; i < 100; i += 20 {
		list := []any{}
		for k := i; k < i+20; k++ {
			list = append(list, object{"From_Account": "alice", "SendTime": begin.Add(time.Duration(k) * time.Hour).Unix(), "Random": k, "MsgBody": textBody(fmt.Sprint("hour ", k))})
		}
		server.Call(t, groupService, "import_group_msg", object{"GroupId": "old", "MsgList": list}).MustOK(t)
	}
	b := openConsole(t, server, "#/group/old")
	b.untilRow(100)
	b.press("g")
	b.untilShown("Go to a message")
	b.wantAccessible()
	b.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => {
		const at = new Date(%d * 1000);
		document.querySelector("dialog input[type=datetime-local]").value = new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
	})()`, begin.Add(29*time.Hour+30*time.Minute).Unix())))
	b.press(kb.Enter)
	b.untilSelected(31)
	b.untilShown("hour 30")
	b.wantAccessible()
}

// An import of very many messages makes no more rows than usual.
func TestAFloodOfNewMessagesMakesFewRows(t *testing.T) {
	server := newServer(t, func(o *apitest.Options) { o.Settings.ImportMaxBatch = 499 })
	newGroup(t, server, "Public", "demo", "Demo", "alice")
	importMany(t, server, "demo", 20, 20, func(i int) (string, string) { return "alice", fmt.Sprint("message ", i+1) })
	b := openConsole(t, server, "#/group/demo")
	b.untilRow(20)
	importMany(t, server, "demo", 5000, 499, func(i int) (string, string) { return "alice", fmt.Sprint("imported ", i+1) })
	b.untilRow(5020)
	b.wantShown("imported 5000")
	if n := b.count(".row"); n > 400 {
		t.Errorf("%d rows in the page", n)
	}
}

// What the rows on screen tell of newer messages comes sooner than the look for them.
func TestNewMessagesThatARowToldOfComeByThemselves(t *testing.T) {
	server := newServer(t)
	newGroup(t, server, "Public", "demo", "Demo", "alice")
	importMany(t, server, "demo", 20, 20, func(i int) (string, string) { return "alice", fmt.Sprint("message ", i+1) })
	b := openConsole(t, server, "#/group/demo")
	b.untilRow(20)
	lookLate(b, 20)
	importMany(t, server, "demo", 60, 20, func(i int) (string, string) { return "alice", fmt.Sprint("imported ", i+1) })
	b.untilRow(80)
	if chip := eval[bool](b, `document.querySelector(".chip").hidden`); !chip {
		t.Error("messages on screen are counted as new")
	}
}

// So do those that rows tell of which are taller than their places were.
func TestNewMessagesThatATallRowToldOfComeByThemselves(t *testing.T) {
	server := newServer(t)
	newGroup(t, server, "Public", "demo", "Demo", "alice")
	importMany(t, server, "demo", 60, 20, func(i int) (string, string) {
		return "alice", strings.Repeat("a line\n", 12) + fmt.Sprint("message ", i+1)
	})
	b := openConsole(t, server, "")
	b.untilShown("1 group")
	lookLate(b, 20)
	b.goTo("#/group/demo")
	b.untilRow(60)
}

// lookLate has all looks for the newest number answer with an older one, as if they
// came late.
func lookLate(b *tab, newest int) {
	b.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => {
		const working = window.fetch;
		window.fetch = async (url, options) => {
			const answer = await working(url, options);
			if (!url.includes("get_timeline") || JSON.parse(options.body).Limit !== 1) return answer;
			return new Response(JSON.stringify({ ...await answer.json(), NewestSeq: %d }), answer);
		};
	})()`, newest)))
}
