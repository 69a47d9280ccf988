package browser

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/api/usersig"
)

// The debugging tool: package console, assets/debug.

const (
	groups  = "/v4/group_open_http_svc/"
	flagged = groups + "delete_group_msg_by_sender"
)

// openTool opens the page of a command, by a person who has signed in.
func openTool(t *testing.T, server *apitest.Server, path string) *tab {
	t.Helper()
	b := open(t, server, "/debug/")
	b.signIn()
	b.visit(path)
	return b
}

// visit goes to the page of a command.
func (b *tab) visit(path string) {
	b.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](`location.hash = ` + strconv.Quote(path)))
	b.until(`document.querySelector("h1")?.textContent === ` + strconv.Quote(path[strings.LastIndex(path, "/")+1:]))
}

// sendIt sends what is on the page and waits for what comes of it.
func (b *tab) sendIt() {
	b.Helper()
	before := b.callsMade()
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector(".send .primary").click()`))
	b.until("!document.querySelector('.send .primary').disabled")
	if after := b.callsMade(); after != before+1 {
		b.Fatalf("%d calls after %d; the page shows:\n%s", after, before, b.shown())
	}
}

func (b *tab) callsMade() int {
	b.Helper()
	return eval[int](b, `document.querySelector(".calls li")?.value ?? 0`)
}

// asJSON writes the whole body.
func (b *tab) asJSON(body string) {
	b.Helper()
	b.click(`[data-way=json]`)
	b.do(chromedp.Evaluate[chromedp.Void](`{ const e = document.querySelector("textarea.body"); e.value = ` + quoteJS(b, body) + `; e.dispatchEvent(new Event("input")); }`))
}

func quoteJS(b *tab, text string) string {
	b.Helper()
	quoted, err := json.Marshal(text)
	if err != nil {
		b.Fatal(err)
	}
	return string(quoted)
}

// text is what an element that a selector finds says.
func (b *tab) text(selector string) string {
	b.Helper()
	return eval[string](b, `document.querySelector(`+strconv.Quote(selector)+`)?.textContent ?? ""`)
}

// sent is the body of the call that is shown.
func (b *tab) sent() string { b.Helper(); return b.text("#panel-request pre[aria-label=Body]") }

// wantText fails unless an element says a text.
func (b *tab) wantText(selector, part string) {
	b.Helper()
	if got := b.text(selector); !strings.Contains(got, part) {
		b.Errorf("%s says %q, not %q", selector, got, part)
	}
}

// wantSent fails unless the call that is shown had that body, but for the order of names.
func (b *tab) wantSent(want string) {
	b.Helper()
	got, canonical := jsontext.Value(b.sent()), jsontext.Value(want)
	if err := got.Canonicalize(jsontext.CanonicalizeRawInts(false)); err != nil {
		b.Fatalf("%q: %v", got, err)
	}
	if err := canonical.Canonicalize(jsontext.CanonicalizeRawInts(false)); err != nil {
		b.Fatal(err)
	}
	if string(got) != string(canonical) {
		b.Errorf("sent %s, want %s", got, canonical)
	}
}

func TestToolPicksFillsSendsAndReadsByTheKeyboardAlone(t *testing.T) {
	server := newServer(t)
	b := open(t, server, "/debug/")
	b.signIn()
	b.do(chromedp.Evaluate[chromedp.Void](`document.activeElement.blur()`))
	b.press("/")
	b.until(`document.activeElement.id === "search"`)
	b.do(chromedp.Evaluate[chromedp.Void](`document.activeElement.value = ""`), chromedp.KeyEvent("recalls sender"))
	b.untilShown("delete_group_msg_by_sender")
	if shown := eval[int](b, `document.querySelectorAll(".commands li:not([hidden])").length`); shown > 5 {
		b.Errorf("%d commands are found", shown)
	}
	b.wantAccessible()
	b.fill("#search", "delete_group_msg_by")
	b.press(kb.ArrowDown)
	b.until(`document.activeElement.getAttribute("href") === "#` + flagged + `"`)
	b.press(kb.Enter)
	b.until(`document.title.startsWith("delete_group_msg_by_sender")`)
	b.wantText(".write", "34970")
	b.wantText(".write table", "10010")
	b.fill(`[aria-label="GroupId"]`, "nowhere")
	b.fill(`[aria-label="Sender_Account"]`, "mallory")
	b.do(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(2))) // Ctrl
	b.until(`document.querySelector(".answer")`)
	b.wantText(".facts", "10010 GroupNotFound")
	b.wantText(".facts", "HTTP 200")
	b.wantText(".facts", " ms")
	b.wantText(".explained", "The same call will be refused again.")
	b.wantText(".answer pre", `"ErrorCode": 10010`)
	b.wantText(".exchange > [role=status]", "10010 GroupNotFound")
	b.wantSent(`{"GroupId":"nowhere","Sender_Account":"mallory"}`)
	b.click("#tab-request")
	if url := b.text("#panel-request pre[aria-label=URL]"); !strings.Contains(url, "POST "+server.URL+flagged+"?sdkappid=") || !strings.Contains(url, "…") {
		b.Errorf("the request is %s", url)
	}
	b.do(chromedp.Evaluate[chromedp.Void](`navigator.clipboard.writeText = async (text) => { window.copied = text; }`))
	b.click("#panel-request button")
	b.untilShown("Copied")
	if url := eval[string](b, "copied"); !strings.HasPrefix(url, server.URL+flagged+"?sdkappid=") || len(url) < 200 {
		b.Errorf("copied %s", url)
	}
	b.wantAccessible()
}

// A moderator's afternoon: what the page sends is done.
func TestToolChangesWhatItIsAskedTo(t *testing.T) {
	server := newServer(t)
	server.Call(t, "im_open_login_svc", "multiaccount_import", `{"AccountList":[{"UserID":"alice"},{"UserID":"mallory"}]}`).MustOK(t)
	b := openTool(t, server, groups+"create_group")
	b.fill(`[aria-label="Name"]`, "A \"fine\" group")
	b.fill(`[aria-label="GroupId"]`, "demo")
	b.click(`[aria-label="Send MemberList"]`)
	b.fill(`[aria-label="MemberList Member_Account"]`, "alice")
	b.click(".field[aria-label=MemberList] > .place > .slot > .list > button")
	b.fill(`li:nth-child(2) [aria-label="MemberList Member_Account"]`, "mallory")
	b.click(".field[aria-label=MemberList] > .place > .slot > .list > button")
	b.click(`[aria-label="Remove MemberList 3"]`)
	b.do(chromedp.Focus(chromedp.CSS(`select[aria-label="Type"]`)), chromedp.KeyEvent("Pub"))
	b.wantAccessible()
	b.sendIt()
	b.wantText(".facts", "0 OK")
	b.wantSent(`{"Type":"Public","Name":"A \"fine\" group","GroupId":"demo","MemberList":[{"Member_Account":"alice"},{"Member_Account":"mallory"}]}`)

	b.visit(groups + "send_group_msg")
	b.fill(`[aria-label="GroupId"]`, "demo")
	b.fill(`[aria-label="From_Account"]`, "mallory")
	b.fill(`[aria-label="Random"]`, "7")
	b.fill(`[aria-label="MsgBody MsgContent Text"]`, "<b>buy</b> now")
	b.wantAccessible()
	b.sendIt()
	b.wantText(".facts", "0 OK")
	b.picture("debugging-tool")

	b.visit(flagged)
	b.fill(`[aria-label="GroupId"]`, "demo")
	b.fill(`[aria-label="Sender_Account"]`, "mallory")
	b.sendIt()
	b.wantText(".facts", "0 OK")
	b.visit(groups + "group_msg_get_simple")
	b.asJSON(`{"GroupId":"demo","ReqMsgNumber":20,"WithRecalledMsg":1}`)
	b.sendIt()
	b.wantText(".answer pre", `<b>buy</b> now`)
	b.wantText(".answer pre", `"IsPlaceMsg": 2`)
	b.wantAccessible()

	// All of it is kept, and can be looked at again.
	b.click(".calls summary")
	b.click(".calls li:nth-child(3) button")
	b.until(`document.querySelector("h1").textContent === "send_group_msg"`)
	b.wantText(".facts", "0 OK")
	if got := eval[string](b, `document.querySelector("[aria-label='MsgBody MsgContent Text']").value`); got != "<b>buy</b> now" {
		b.Errorf("the form has %q", got)
	}
	b.wantAccessible()
	for _, url := range b.asked() {
		if strings.Contains(url, apitest.Key) {
			t.Errorf("%s holds the key", url)
		}
	}
}

// Not given, empty, and numbers of 64 bits are three things; the form and JSON
// show the same body, and neither loses what the other has.
func TestToolFormAndJSONAreOneBody(t *testing.T) {
	b := openTool(t, newServer(t), groups+"modify_group_base_info")
	body := func() string {
		b.Helper()
		b.click("[data-way=json]")
		return eval[string](b, `document.querySelector("textarea.body").value.replace(/\s/g, "")`)
	}
	want := func(want string) {
		b.Helper()
		if got := body(); got != want {
			b.Errorf("the body is %s, want %s", got, want)
		}
	}
	b.fill(`[aria-label="GroupId"]`, "g")
	want(`{"GroupId":"g"}`)
	b.click("[data-way=form]")
	b.click(`[aria-label="Send Introduction"]`)
	want(`{"GroupId":"g","Introduction":""}`)

	const all = `{"GroupId":"g","Name":"a\rb","MaxMemberNum":9007199254740993,"Unknown":[18446744073709551615,1.50,null,{"x":"é\u0001"}]}`
	b.asJSON(all)
	b.click("[data-way=form]")
	if got := eval[string](b, `document.querySelector("[aria-label=MaxMemberNum]").value`); got != "9007199254740993" {
		b.Errorf("the form has %s", got)
	}
	b.wantText(".fields > .wrong", "Unknown")
	b.wantText(".field .slot > .wrong", "Not of the type")
	b.wantAccessible()
	b.sendIt()
	if got := b.sent(); got != all {
		b.Errorf("sent %s, want %s", got, all)
	}

	for text, told := range map[string]string{
		`{"GroupId":"g",`:             "line 1, column 16: a name in quotes is missing",
		"{\n \"GroupId\" \"g\"}":      "line 2, column 12: a colon is missing",
		`{"GroupId":"g","GroupId":1}`: `the name "GroupId" is given twice`,
		`[1]`:                         "the body is no JSON object",
		`{"GroupId":tru}`:             "this is no JSON: tru",
	} {
		b.asJSON(text)
		b.click("[data-way=form]")
		b.wantText(".write [role=alert]", told)
		if got := eval[string](b, `document.querySelector("textarea.body").value`); got != text {
			b.Errorf("%s became %s", text, got)
		}
	}
	b.wantAccessible()
	b.asJSON(`{"GroupId":`) // is sent as it is, to see what the server says
	b.sendIt()
	b.wantText(".facts", "60003")
}

func TestToolChecksNumbers(t *testing.T) {
	b := openTool(t, newServer(t), groups+"send_group_msg")
	const field = `[aria-label="Random"]`
	b.fill(`[aria-label="GroupId"]`, "g")
	for text, told := range map[string]string{"x": "This is no integer.", "1.5": "This is no integer.", "": "This is no integer."} {
		b.fill(field, "5")
		b.fill(field, text+" ")
		b.click(".send .primary")
		b.until(`document.querySelector(".write [role=alert]").textContent !== ""`)
		b.wantText(".field:has("+field+") .wrong", told)
		if focus := eval[string](b, `document.activeElement.getAttribute("aria-label")`); focus != "Random" {
			b.Errorf("%q has the focus", focus)
		}
		b.wantAccessible()
	}
	if n := b.callsMade(); n != 0 {
		b.Errorf("%d calls were made", n)
	}
	for _, text := range []string{"-1", "4294967296", "99999999999999999999"} {
		b.fill(field, text)
		b.wantText(".field:has("+field+") .wrong", "The server takes 0 to 4294967295.")
	}
	b.sendIt() // out of range is the server's to refuse
	b.wantText(".facts", "10004")
	b.fill(field, "4294967295")
	b.wantText(".field:has("+field+") .wrong", "")
}

func TestToolAsksWhoCallsWhenItIsSent(t *testing.T) {
	server := newServer(t)
	b := open(t, server, "/debug/#"+groups+"get_appid_group_list")
	b.until(`document.querySelector("h1")?.textContent === "get_appid_group_list"`)
	b.wantAccessible()
	b.click(".send .primary")
	b.do(chromedp.WaitVisible(chromedp.CSS("#signin-app")))
	b.fill("#signin-app", strconv.Itoa(apitest.SDKAppID))
	b.fill("#signin-secret", "wrong")
	b.press(kb.Enter)
	b.untilShown("The key is not this application's.")
	b.wantAccessible()
	b.fill("#signin-secret", apitest.Key)
	b.press(kb.Enter)
	b.until(`document.querySelector(".answer")`)
	b.wantText(".facts", "0 OK")
	b.wantText(".who", apitest.Admin)

	b.click(".who button") // signs out
	b.wantText(".who", "Sign in")
	b.click(".send .primary")
	b.do(chromedp.WaitVisible(chromedp.CSS("#signin-app")))
	b.press(kb.Escape)
	b.until(`!document.querySelector("dialog")`)
	if n := b.callsMade(); n != 1 {
		b.Errorf("%d calls were made", n)
	}
}

func TestToolExplainsASignatureThatExpires(t *testing.T) {
	server := newServer(t)
	const life = 4 * time.Second
	sig, err := usersig.Sign(apitest.SDKAppID, apitest.Key, apitest.Admin, life)
	if err != nil {
		t.Fatal(err)
	}
	ends := time.Now().Add(life + time.Second)
	b := open(t, server, "/debug/#sign="+strconv.Itoa(apitest.SDKAppID)+":"+apitest.Admin+":"+sig)
	b.untilShown("Sign out")
	time.Sleep(time.Until(ends))
	b.visit(groups + "get_appid_group_list")
	b.sendIt()
	b.wantText(".facts", "70001 SigExpired")
	b.wantText(".explained", "expired")
	b.wantAccessible()
	b.click(".explained button")
	b.do(chromedp.WaitVisible(chromedp.CSS("#signin-secret")))
	b.wantAccessible()
}

func TestToolLinksLeadToCommands(t *testing.T) {
	server := newServer(t)
	title := func(b *tab, want string) {
		b.Helper()
		b.until(`document.title === ` + strconv.Quote(want))
	}
	b := open(t, server, "/debug/#"+flagged)
	title(b, "delete_group_msg_by_sender · Debugging tool · Recant")
	b.until(`document.querySelector(".commands [aria-current=page]").getAttribute("href") === "#` + flagged + `"`)
	b.do(chromedp.Click(chromedp.CSS(`.commands a[href$="/create_group"]`)))
	title(b, "create_group · Debugging tool · Recant")
	if at := eval[string](b, "location.hash"); at != "#"+groups+"create_group" {
		b.Errorf("the address is %s", at)
	}
	b.fill(`[aria-label="Name"]`, "kept")
	b.do(chromedp.Evaluate[chromedp.Void]("history.back()"))
	title(b, "delete_group_msg_by_sender · Debugging tool · Recant")
	b.do(chromedp.Evaluate[chromedp.Void]("history.forward()"))
	title(b, "create_group · Debugging tool · Recant")
	if got := eval[string](b, `document.querySelector("[aria-label=Name]").value`); got != "kept" {
		b.Errorf("the draft is %q", got)
	}
	b.visit("/v4/million_group_open_http_svc/create_group") // served there too
	b.visit("/v4/openim/query_online_status")
	b.do(chromedp.Evaluate[chromedp.Void](`location.hash = "/v4/openim/querystate"`))
	b.until(`document.querySelector("h1").textContent === "query_online_status"`)
	b.fill("#search", "delete")
	b.press(kb.Enter) // of all that have the word, the one that is called so
	title(b, "delete · Debugging tool · Recant")
	for _, path := range []string{"/v4/openim/no_such_thing", "/v5/%", "/<img src=x onerror=alert(1)>"} {
		b.do(chromedp.Evaluate[chromedp.Void](`location.hash = ` + strconv.Quote(path)))
		b.untilShown("No such command")
		b.wantAccessible()
	}
	b.do(chromedp.Evaluate[chromedp.Void](`location.hash = "#/"`))
	title(b, "Debugging tool · Recant")
	b.untilShown("Try out every command")
}

func TestToolWaitsNoLongerThanThePersonWants(t *testing.T) {
	release, arrived := make(chan struct{}), make(chan struct{}, 1)
	server := newServer(t, func(o *apitest.Options) {
		around := o.Around
		o.Around = func(next http.Handler) http.Handler {
			return around(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/destroy_group") {
					arrived <- struct{}{}
					<-release
				}
				next.ServeHTTP(w, r)
			}))
		}
	})
	t.Cleanup(func() { close(release) })
	b := openTool(t, server, groups+"destroy_group")
	b.fill(`[aria-label="GroupId"]`, "g")
	b.click(".send .primary")
	<-arrived
	b.wantText(".send", "Waiting for the answer")
	b.wantAccessible()
	b.click(".send button:not(.primary)")
	b.untilShown("You stopped waiting.")
	b.wantAccessible()

	// An answer that comes when another command is looked at is not shown there.
	b.click(".send .primary")
	<-arrived
	b.visit(groups + "get_appid_group_list")
	b.sendIt()
	release <- struct{}{}
	release <- struct{}{}
	b.until(`!document.querySelector(".calls").textContent.includes("…")`)
	b.wantText(".facts", "0 OK")
	b.wantSent(`{}`)
	b.visit(groups + "destroy_group")
	b.until(`document.querySelector(".facts")?.textContent.includes("10010")`)
}

func TestToolWorksOnAPhoneInTheDarkAndInChinese(t *testing.T) {
	b := openTool(t, newServer(t), groups+"send_group_msg")
	b.phone()
	b.dark()
	b.asJSON(`{"GroupId":"g","Random":5,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"` + strings.Repeat("long", 500) + `"}},` +
		`{"MsgType":"TIMImageElem","MsgContent":{"UUID":"u","ImageFormat":1,"ImageInfoArray":[{"Type":1,"URL":"u"}]}},{"MsgType":"Mine","MsgContent":5}]}`)
	b.wantToFit()
	b.click("[data-way=form]")
	b.wantToFit()
	b.wantAccessible()
	b.sendIt()
	b.wantToFit()
	b.wantAccessible()
	b.picture("debugging-tool-phone")
	for _, panel := range []string{"request", "curl", "go"} {
		b.click("#tab-" + panel)
		b.wantToFit()
		b.wantAccessible()
	}
	b.click(".drawer")
	b.until(`document.activeElement.id === "search"`)
	b.wantToFit()
	b.wantAccessible()
	b.click(`.commands a[href$="/account_import"]`)
	b.until(`document.querySelector("h1")?.textContent === "account_import" && document.querySelector(".drawer").getAttribute("aria-expanded") === "false"`)
	b.do(chromedp.Evaluate[chromedp.Void](`{ const e = document.querySelector(".top select"); e.value = "zh"; e.dispatchEvent(new Event("change")); }`))
	b.untilShown("发送")
	b.wantToFit()
	b.wantAccessible()
}

// userSig is one of the admin's.
func userSig(t *testing.T) string {
	t.Helper()
	sig, err := usersig.Sign(apitest.SDKAppID, apitest.Key, apitest.Admin, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

// wantToFit fails where a part of the page is wider than its place.
func (b *tab) wantToFit() {
	b.Helper()
	b.wantNoOverflow()
	if wide := eval[string](b, `Array.from(document.querySelectorAll("main, .side, .top, pre")).filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.tagName + "." + e.className).join(" ")`); wide != "" {
		b.Errorf("what is in %s is wider", wide)
	}
}
