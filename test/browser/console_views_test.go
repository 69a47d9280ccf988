package browser

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/api/usersig"
)

// What other people write is text, whatever it holds.
func TestHostileMessagesAreShownAsText(t *testing.T) {
	server := newServer(t)
	const script = `<script>document.title="owned"</script><img src=x onerror="document.title='owned'">`
	newGroup(t, server, "Public", "demo", "<b>not bold</b>", "alice", "<i>eve</i>")
	bodies := []string{
		script, "safe \u202Egnp.exe\u202C and \u2067right to left\u2069", strings.Repeat("x", 12_000),
		"👩‍👩‍👧‍👦 🏳️‍🌈 نص عربي", "a\nb\nc\x00d", "javascript:alert(1) http://evil.example/",
	}
	for _, text := range bodies {
		if len(text) > 8000 { // of a whole message; two elements of 6,000 make 12 KB
			send(t, server, "demo", "alice", append(textBody(text[:6000]), textBody(text[6000:])...))
			continue
		}
		send(t, server, "demo", "alice", text)
	}
	send(t, server, "demo", "<i>eve</i>", script)
	b := openConsole(t, server, "")
	b.untilShown("<b>not bold</b>")
	b.click(".group")
	b.untilRow(len(bodies) + 1)
	b.wantShown(script, "<b>not bold</b>", "<i>eve</i>")
	for i, text := range bodies {
		if got := eval[string](b, fmt.Sprintf(`Array.from(document.querySelectorAll('[data-seq="%d"] .body .foreign'), e => e.textContent).join("")`, i+1)); got != text {
			t.Errorf("%.60q is shown as %.60q", text, got)
		}
	}
	if got := b.row(2); !strings.Contains(got, "The order of letters is overridden") {
		t.Errorf("a text that turns its letters around is shown as %q", got)
	}
	if n := b.count(".row script, .row img, .row a, .row b, .row i"); n != 0 {
		t.Errorf("%d elements were made of messages", n)
	}
	if title := eval[string](b, "document.title"); title == "owned" {
		t.Error("a message was run")
	}
	long := eval[int](b, `document.querySelector('[data-seq="3"]').offsetHeight`)
	if long > 400 {
		t.Errorf("a long message takes %d pixels", long)
	}
	b.wantNoOverflow()
	b.wantAccessible()
	b.click(`[data-seq="3"] button`)
	b.until(fmt.Sprintf(`document.querySelector('[data-seq="3"]').offsetHeight > %d`, long))
	b.phone()
	b.wantNoOverflow()
	b.press("p")
	b.untilShown("would be recalled")
	b.wantNoOverflow()
	b.wantAccessible()
}

// Every kind of element and of tip is told in words.
func TestEachKindOfMessageIsToldInWords(t *testing.T) {
	server := newServer(t)
	newGroup(t, server, "Public", "demo", "Demo", "alice", "bob")
	element := func(kind string, content object) []any { return []any{object{"MsgType": kind, "MsgContent": content}} }
	for _, c := range []struct {
		body []any
		want string
	}{
		{element("TIMFaceElem", object{"Index": 7, "Data": "wink"}), "Face #7 wink"},
		{element("TIMLocationElem", object{"Desc": "the mill", "Latitude": 48.2, "Longitude": 16.4}), "Location 48.2, 16.4 the mill"},
		{element("TIMCustomElem", object{"Data": "order 5", "Desc": "an order", "Ext": "", "Sound": ""}), "Custom message an order order 5"},
		{element("TIMSoundElem", object{"Url": "http://files.example/s", "UUID": "u", "Size": 2048, "Second": 9, "Download_Flag": 2}), "Sound 9 seconds 2 KB http://files.example/s"},
		{element("TIMImageElem", object{"UUID": "u", "ImageFormat": 1, "ImageInfoArray": []any{object{"Type": 1, "Size": 1048576, "Width": 640, "Height": 480, "URL": "http://files.example/i"}}}), "Image 640 × 480 1 MB http://files.example/i"},
		{element("TIMFileElem", object{"Url": "http://files.example/f", "UUID": "u", "FileSize": 100, "FileName": "plan.pdf", "Download_Flag": 2}), "File 100 B plan.pdf http://files.example/f"},
		{element("TIMVideoFileElem", object{"VideoUrl": "http://files.example/v", "VideoUUID": "u", "VideoSize": 1024, "VideoSecond": 1, "VideoFormat": "mp4", "VideoDownloadFlag": 2, "ThumbUrl": "http://files.example/t", "ThumbUUID": "u", "ThumbSize": 1, "ThumbWidth": 1, "ThumbHeight": 1, "ThumbFormat": "JPG", "ThumbDownloadFlag": 2}), "Video 1 second 1 KB http://files.example/v"},
	} {
		send(t, server, "demo", "alice", c.body)
	}
	server.Call(t, groupService, "add_group_member", object{"GroupId": "demo", "MemberList": []any{object{"Member_Account": apitest.Admin}}})
	people(t, server, "dave")
	server.Call(t, groupService, "add_group_member", object{"GroupId": "demo", "MemberList": []any{object{"Member_Account": "dave"}}}).MustOK(t)
	server.Call(t, groupService, "modify_group_base_info", object{"GroupId": "demo", "Name": "Renamed"}).MustOK(t)
	server.Call(t, groupService, "forbid_send_msg", object{"GroupId": "demo", "Members_Account": []string{"bob"}, "MuteTime": 3600}).MustOK(t)
	server.Call(t, groupService, "forbid_send_msg", object{"GroupId": "demo", "Members_Account": []string{"bob"}, "MuteTime": 0}).MustOK(t)
	server.Call(t, groupService, "modify_group_member_info", object{"GroupId": "demo", "Member_Account": "bob", "Role": "Admin"}).MustOK(t)
	server.Call(t, groupService, "modify_group_member_info", object{"GroupId": "demo", "Member_Account": "bob", "Role": "Member"}).MustOK(t)
	server.Call(t, groupService, "delete_group_member", object{"GroupId": "demo", "MemberToDel_Account": []string{"dave"}}).MustOK(t)
	b := openConsole(t, server, "#/group/demo")
	b.untilShown("removed dave.")
	// Chrome writes elements beside each other in innerText without the gap that is seen.
	shown := strings.Join(strings.Fields(eval[string](b, `Array.from(document.querySelectorAll(".row"), r => Array.from(r.querySelectorAll(".attachment > *, .tip"), e => e.textContent).join(" ")).join(" ")`)), " ")
	for _, want := range []string{
		"Face #7 wink", "Location 48.2, 16.4 the mill", "Custom message an order order 5", "Sound 9 seconds 2 KB http://files.example/s",
		"Image 640 × 480 1 MB http://files.example/i", "File 100 B plan.pdf http://files.example/f", "Video 1 second 1 KB http://files.example/v",
		"added dave.", "changed the group: name “Renamed”.", "muted bob for 1 hour.", "ended the mute of bob.",
		"made bob admin.", "ended that bob is admin.", "removed dave.",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is not in %q", want, shown)
		}
	}
	if n := b.count(".row img, .row a, .row audio, .row video"); n != 0 {
		t.Errorf("%d elements load or link what a message names", n)
	}
	b.wantAccessible()
}

func TestGroupsAreFoundByNameIDAndType(t *testing.T) {
	server := newServer(t)
	newGroup(t, server, "Public", "picnic", "Saturday", "alice", "bob")
	newGroup(t, server, "ChatRoom", "weekly", "Planning the PICNIC", "alice")
	newGroup(t, server, "Community", "@TGS#_town", "Town", "alice")
	newGroup(t, server, "AVChatRoom", "live", "Live", "alice")
	send(t, server, "picnic", "bob", "Bring a cake")
	b := openConsole(t, server, "")
	listed := func(want ...string) {
		t.Helper()
		slices.Sort(want)
		b.until(fmt.Sprintf(`Array.from(document.querySelectorAll(".group .mono"), e => e.textContent).sort().join() === %q && !document.querySelector("[aria-busy]")`, strings.Join(want, ",")))
	}
	listed("picnic", "weekly", "@TGS#_town", "live")
	b.wantShown("bob: Bring a cake", "2 members", "No message yet", "4 groups")
	b.picture("moderation-groups")
	b.wantAccessible()
	b.fill("#group-search", "picnic")
	listed("picnic", "weekly")
	b.do(chromedp.Evaluate[chromedp.Void](`const s = document.querySelector(".filters select"); s.value = "ChatRoom"; s.dispatchEvent(new Event("change"))`))
	listed("weekly")
	if hash := eval[string](b, "location.hash"); hash != "#/groups?q=picnic&type=ChatRoom" {
		t.Errorf("the address is %s", hash)
	}
	b.fill("#group-search", "nothing like it")
	b.untilShown("No group matches.")
	b.wantAccessible()
}

func TestMembersAreMutedUnmutedAndRemoved(t *testing.T) {
	server := newServer(t)
	chatter(t, server)
	b := openConsole(t, server, "#/group/demo/members")
	b.untilShown("4 shown, 4 in the group")
	b.wantAccessible()
	const row = `tr[data-account="mallory"]`
	b.click(row + " button")
	b.untilShown("For how long")
	b.click("dialog input[value=custom]")
	b.fill("dialog input[type=number]", "90")
	b.press(kb.Enter)
	b.untilShown("mallory is muted for 90 minutes.")
	b.until(`document.querySelector('` + row + `').innerText.includes("until ")`)
	if got := muted(t, server, "demo"); !slices.Equal(got, []string{"mallory"}) {
		t.Errorf("muted are %v", got)
	}
	b.picture("moderation-members")
	b.wantAccessible()
	b.do(chromedp.Evaluate[chromedp.Void](`const s = document.querySelector(".filters select"); s.value = "muted"; s.dispatchEvent(new Event("change"))`))
	b.untilShown("1 shown, 4 in the group")
	b.click(row + " button:nth-of-type(2)")
	b.untilShown("mallory will be able to send again.")
	b.wantAccessible()
	b.press(kb.Tab, kb.Enter)
	b.untilShown("mallory can send again.")
	if got := muted(t, server, "demo"); len(got) != 0 {
		t.Errorf("muted are %v", got)
	}
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector(".filters select").value = "all"`))
	b.fill(".filters input", "mallory")
	b.press(kb.Enter)
	b.until(`document.querySelectorAll("tbody tr").length === 1 && document.querySelectorAll("tbody button").length === 2`)
	b.click(row + " button:nth-of-type(2)")
	b.untilShown("mallory will no longer be a member.")
	b.press(kb.Escape)
	b.until("!document.querySelector('dialog')")
	if n := memberNum(t, server, "demo"); n != 4 {
		t.Errorf("%d members after turning back", n)
	}
	b.click(row + " button:nth-of-type(2)")
	b.click("dialog .danger")
	b.untilShown("mallory is no longer a member.")
	if n := memberNum(t, server, "demo"); n != 3 {
		t.Errorf("%d members, want 3", n)
	}
}

func memberNum(t *testing.T, server *apitest.Server, group string) int {
	var list struct{ MemberNum int }
	server.Call(t, groupService, "get_group_member_info", object{"GroupId": group}).MustOK(t).Decode(t, &list)
	return list.MemberNum
}

// Communities have pages of their own kind, AVChatRooms a list of their own, and
// Work groups no mutes.
func TestMembersOfEachTypeAreListed(t *testing.T) {
	server := newServer(t)
	var many []string
	for i := range 230 {
		many = append(many, fmt.Sprintf("user%03d", i))
	}
	newGroup(t, server, "Community", "@TGS#_town", "Town", many[:100]...)
	for i := 100; i < len(many); i += 50 {
		people(t, server, many[i:min(i+50, len(many))]...)
		list := []any{}
		for _, m := range many[i:min(i+50, len(many))] {
			list = append(list, object{"Member_Account": m})
		}
		server.Call(t, groupService, "add_group_member", object{"GroupId": "@TGS#_town", "MemberList": list}).MustOK(t)
	}
	newGroup(t, server, "Private", "work", "Work", "alice", "bob")
	newGroup(t, server, "AVChatRoom", "live", "Live", "alice")
	b := openConsole(t, server, "#/group/%40TGS%23_town/members")
	b.untilShown("100 shown, 230 in the group")
	b.click(".page > button")
	b.untilShown("200 shown")
	b.click(".page > button")
	b.untilShown("230 shown")
	b.until(`document.querySelector(".page > button").hidden`)
	b.goTo("#/group/work/members")
	b.untilShown("2 shown, 2 in the group")
	if shown := b.shown(); strings.Contains(shown, "Mute…") {
		t.Errorf("a Work group has mutes: %s", shown)
	}
	b.goTo("#/group/live/members")
	b.untilShown("0 shown, ")
	b.wantAccessible()
	b.goTo("#/group/live")
	b.untilShown("Rooms of this type keep no messages.")
	b.wantAccessible()
}

func TestTheAuditRecordIsFilteredAndUndoneFrom(t *testing.T) {
	server := newServer(t)
	chatter(t, server)
	newGroup(t, server, "Public", "other", "Other", "alice", "mallory")
	send(t, server, "other", "mallory", "spam")
	for _, who := range []string{"mallory", "bob"} {
		server.Call(t, "recall_http_svc", "recall_by_sender", object{"Targets": []any{object{"GroupId": "demo", "Sender_Account": who}}, "Reason": "case " + who}).MustOK(t)
	}
	server.Call(t, "recall_http_svc", "recall_by_sender", object{"Targets": []any{
		object{"GroupId": "other", "Sender_Account": "mallory"}, object{"GroupId": "demo", "Sender_Account": "carol"},
	}, "Reason": "two places"}).MustOK(t)
	b := openConsole(t, server, "#/audit")
	b.untilShown("3 entries shown")
	b.wantShown("case mallory", "case bob", "two places", "5 recalled")
	b.picture("moderation-audit")
	b.wantAccessible()
	b.fill(".field:nth-of-type(1) input", "demo")
	b.fill(".field:nth-of-type(3) input", "mallory")
	b.press(kb.Enter)
	b.untilShown("1 entry shown")
	if hash := eval[string](b, "location.hash"); hash != "#/audit?group=demo&sender=mallory" {
		t.Errorf("the address is %s", hash)
	}
	b.goTo("#/audit?operator=nobody")
	b.untilShown("Nothing matches.")
	b.goTo("#/audit?from=" + strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10))
	b.untilShown("Nothing matches.")
	b.goTo("#/audit?group=other")
	b.untilShown("1 entry shown")

	// Of two places one is undone; the other stays recalled.
	b.click(".audit .buttons button")
	b.untilShown("Whose messages are shown again")
	b.wantAccessible()
	b.click("dialog label:nth-of-type(2) input")
	b.click("dialog .primary")
	b.untilShown("Undone: 1 message is shown again.")
	if got := visible(t, server, "other", "mallory"); len(got) != 1 {
		t.Errorf("%v of the place that was undone", got)
	}
	if got := visible(t, server, "demo", "carol"); len(got) != 0 {
		t.Errorf("%v of the place that was not undone", got)
	}
	b.until(`document.querySelector(".badge.restored")`)
	b.click(".audit a")
	b.untilShown("What was done")
	b.wantShown("two places", "recall_by_sender", "carol", "undone", "127.0.0.1")
	b.wantAccessible()
	b.click(".targets a")
	b.until(`document.querySelector(".row.selected")`)
}

func TestTopicsHaveConversationsOfTheirOwn(t *testing.T) {
	server := newServer(t)
	people(t, server, "alice", "mallory")
	server.Call(t, groupService, "create_group", object{"Type": "Community", "GroupId": "@TGS#_town", "Name": "Town", "Owner_Account": "alice", "SupportTopic": 1, "MemberList": []any{object{"Member_Account": "mallory"}}}).MustOK(t)
	const topic = "@TGS#_town@TOPIC#_news"
	server.Call(t, "million_group_open_http_svc", "create_topic", object{"GroupId": "@TGS#_town", "TopicId": topic, "TopicName": "News"}).MustOK(t)
	server.Call(t, groupService, "send_group_msg", object{"GroupId": "@TGS#_town", "TopicId": topic, "From_Account": "mallory", "Random": 1, "MsgBody": textBody("in the topic")}).MustOK(t)
	b := openConsole(t, server, "#/group/%40TGS%23_town")
	b.untilShown("Town")
	b.until(`document.querySelector(".topics option:nth-child(2)")`)
	b.do(chromedp.Evaluate[chromedp.Void](`const s = document.querySelector(".topics select"); s.selectedIndex = 1; s.dispatchEvent(new Event("change"))`))
	b.untilShown("in the topic")
	b.wantAccessible()
	b.press("p")
	b.untilShown("1 of 1 messages would be recalled.")
	b.press("r", kb.Enter)
	b.untilShown("1 message is recalled.")
	b.until(`document.querySelector(".is-recalled")`)
	b.press("m")
	b.untilShown("mallory will not be able to send to this topic.")
	b.press(kb.Enter)
	b.untilShown("mallory is muted for 1 day.")
}

func TestAddressesSurviveSigningIn(t *testing.T) {
	server := newServer(t)
	chatter(t, server)
	b := openConsole(t, server, "#/group/demo/message/3")
	b.untilSelected(3)
	if title := eval[string](b, "document.title"); title != "Saturday's picnic – Recant" {
		t.Errorf("the title is %q", title)
	}
	b.goTo("#/nowhere/at/all")
	b.untilShown("There is no such page.")
	b.goTo("#/group/unknown")
	b.untilShown("The group or topic does not exist, or no longer (10010")
	b.wantAccessible()
	b.goTo("#/operation/01a213a5-f34d-703c-a754-f9ff2a942b71")
	b.untilShown("There is no such recall (190004")
}

// A printed link signs in, and leaves nothing behind.
func TestALinkSignsIn(t *testing.T) {
	server := newServer(t)
	chatter(t, server)
	sign := func(life time.Duration) string {
		sig, err := usersig.Sign(apitest.SDKAppID, apitest.Key, apitest.Admin, life)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("/console/#sign=%d:%s:%s", apitest.SDKAppID, apitest.Admin, sig)
	}
	b := open(t, server, sign(time.Hour))
	b.untilShown("Saturday's picnic")
	if hash := eval[string](b, "location.href"); strings.Contains(hash, "sign") {
		t.Errorf("the address keeps %s", hash)
	}
	b = open(t, server, sign(-time.Hour))
	b.untilShown("The UserSig has expired.")
	b.wantAccessible()
}

// A session that ends while it is used leads to signing in, and back.
func TestASessionThatEndsAsksToSignInAgain(t *testing.T) {
	server := newServer(t)
	chatter(t, server)
	sig, err := usersig.Sign(apitest.SDKAppID, apitest.Key, apitest.Admin, 4*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, server, "/console/#/group/demo")
	b.do(chromedp.WaitVisible(chromedp.CSS("#signin-app")))
	b.click("label.choice:nth-of-type(2) input")
	b.fill("#signin-app", strconv.Itoa(apitest.SDKAppID))
	b.fill("#signin-secret", sig)
	b.press(kb.Enter)
	b.untilRow(10)
	b.untilShown("The UserSig has expired.")
	b.wantAccessible()
	b.signIn()
	b.untilRow(10)
}

func TestThePageSpeaksChinese(t *testing.T) {
	server := newServer(t)
	chatter(t, server)
	b := openConsole(t, server, "#/group/demo")
	b.untilRow(10)
	b.do(chromedp.Evaluate[chromedp.Void](`const s = document.querySelector(".language"); s.value = "zh"; s.dispatchEvent(new Event("change"))`))
	b.untilRow(10)
	b.press("p")
	b.untilShown("10 条消息中的 5 条将被撤回。")
	b.wantShown("群组", "审计记录", "前往…", "撤回 5 条消息")
	if lang := eval[string](b, "document.documentElement.lang"); lang != "zh-CN" {
		t.Errorf("the page is in %s", lang)
	}
	b.wantAccessible()
	b.goTo("#/audit?type=preview")
	b.untilShown("显示 1 条记录")
	b.wantAccessible()
}

// Single letters are commands only while a person wants them to be.
func TestTheKeysAreListedAndCanBeSwitchedOff(t *testing.T) {
	server := newServer(t)
	chatter(t, server)
	b := openConsole(t, server, "#/group/demo")
	b.untilRow(10)
	b.press("?")
	b.untilShown("Preview a recall of the sender of the selected message")
	b.wantAccessible()
	b.click("dialog input[type=checkbox]")
	b.press(kb.Escape)
	b.until("!document.querySelector('dialog')")
	b.press("p", "k", kb.ArrowUp)
	b.untilSelected(9)
	if !eval[bool](b, `document.querySelector(".side").hidden`) {
		t.Error("a letter was a command")
	}
	b.press("/")
	if hash := eval[string](b, "location.hash"); hash != "#/group/demo" {
		t.Errorf("a letter led to %s", hash)
	}
}

// What cannot be loaded is told where it is missing, and comes when it can.
func TestWhatCannotBeLoadedIsToldAndTriedAgain(t *testing.T) {
	server := newServer(t)
	newGroup(t, server, "Public", "demo", "Demo", "alice")
	importMany(t, server, "demo", 600, 20, func(i int) (string, string) { return "alice", fmt.Sprint("message ", i+1) })
	b := openConsole(t, server, "#/group/demo")
	b.untilRow(600)
	b.do(chromedp.Evaluate[chromedp.Void](`window.working = fetch; window.fetch = () => Promise.reject(new TypeError("the line is down"))`))
	b.press(kb.Home)
	b.untilShown("The server cannot be reached: the line is down")
	b.wantAccessible()
	b.do(chromedp.Evaluate[chromedp.Void](`window.fetch = window.working`))
	b.click(".trouble button")
	b.untilRow(1)
	b.wantShown("message 1")
	b.until(`document.querySelector(".trouble").textContent === ""`)
}

// An answer that comes late does not stand in for the question that is asked now.
func TestALateAnswerDoesNotReplaceANewerOne(t *testing.T) {
	server := newServer(t)
	newGroup(t, server, "Public", "first", "First", "alice")
	newGroup(t, server, "Public", "second", "Second", "alice")
	b := openConsole(t, server, "")
	b.untilShown("2 groups")
	b.do(chromedp.Evaluate[chromedp.Void](`(() => {
		const working = fetch;
		window.fetch = async (url, options) => {
			const answer = await working(url, {...options, signal: undefined});
			if (options.body.includes("first")) await new Promise((come) => { window.come = come; });
			return answer;
		};
	})()`))
	b.fill("#group-search", "first")
	b.until("window.come")
	b.fill("#group-search", "second")
	b.until(`document.querySelectorAll(".group").length === 1`)
	b.do(chromedp.Evaluate[chromedp.Void]("window.come()"))
	b.do(chromedp.Sleep(100 * time.Millisecond))
	if got := b.shown(); !strings.Contains(got, "Second") || strings.Contains(got, "First") {
		t.Errorf("shown is\n%s", got)
	}
}

// A recall whose answer was lost is tried again by the same button, and happens once.
func TestARecallWhoseAnswerWasLostHappensOnce(t *testing.T) {
	server := newServer(t)
	chatter(t, server)
	b := openConsole(t, server, "#/group/demo/message/10")
	b.untilRow(10)
	b.press("p")
	b.untilShown("5 of 10 messages")
	b.do(chromedp.Evaluate[chromedp.Void](`(() => {
		const working = fetch;
		window.fetch = async (url, options) => {
			const answer = await working(url, options);
			if (!url.includes("recall_by_sender")) return answer;
			window.fetch = working;
			throw new TypeError("the line went down");
		};
	})()`))
	b.click(".panel button.danger")
	b.untilShown("the line went down")
	b.click(".panel button.danger")
	b.untilShown("5 messages are recalled.")
	var list struct{ Operations []object }
	server.Call(t, "recall_http_svc", "list_recall_operations", object{}).MustOK(t).Decode(t, &list)
	if len(list.Operations) != 1 {
		t.Errorf("%d recalls, want 1", len(list.Operations))
	}
}
