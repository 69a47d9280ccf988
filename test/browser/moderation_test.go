package browser

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/recant-chat/recant/api/apitest"
)

// Nothing but keys: find the spammer, see, recall, mute, undo.
func TestTheModerationStoryGoesByTheKeyboardAlone(t *testing.T) {
	server := newServer(t)
	chatter(t, server)
	newGroup(t, server, "Public", "other", "Something else", "alice")
	b := openConsole(t, server, "")
	b.untilShown("Something else")
	b.press("picnic")
	b.until("!document.body.innerText.includes('Something else')")
	b.wantShown("Saturday's picnic", "demo", "Public", "4 members", "really the last chance")
	b.wantAccessible()
	b.press(kb.ArrowDown, kb.Enter)
	b.untilRow(10)
	b.untilSelected(10)
	b.press("k", "j", kb.ArrowUp, kb.ArrowUp)
	b.untilSelected(8)
	b.picture("moderation-timeline")
	b.wantAccessible()

	b.press("p")
	b.untilShown("5 of 10 messages would be recalled.")
	b.wantShown("#1 – #10", "nothing by this sender", "Recall 5 messages")
	if n := b.count(".is-goes"); n != 5 {
		t.Errorf("%d messages are marked, want 5", n)
	}
	b.wantAccessible()
	if seqs := visible(t, server, "demo", "mallory"); len(seqs) != 5 {
		t.Errorf("a preview left %v", seqs)
	}
	b.press("r", "case 17: advertising")
	b.picture("moderation-preview")
	b.press(kb.Enter)
	b.untilShown("5 messages are recalled.")
	b.until("document.querySelectorAll('.is-recalled').length === 5")
	b.wantShown("by administrator", "Reason: case 17: advertising", "Work from home, $9,000 a week")
	if seqs := visible(t, server, "demo", "mallory"); len(seqs) != 0 {
		t.Errorf("history still has %v", seqs)
	}
	if seqs := visible(t, server, "demo", "bob"); !slices.Equal(seqs, []int{9, 2}) {
		t.Errorf("history has %v of bob, want 9 and 2", seqs)
	}
	b.picture("moderation-recalled")
	b.wantAccessible()

	b.press("m")
	b.untilShown("mallory will not be able to send to this group.")
	b.wantAccessible()
	b.press(kb.Enter)
	b.untilShown("mallory is muted for 1 day.")
	if got := muted(t, server, "demo"); !slices.Equal(got, []string{"mallory"}) {
		t.Errorf("muted are %v", got)
	}

	b.press("u")
	b.untilShown("mallory · demo · 5 recalled")
	b.wantAccessible()
	b.press("the account was stolen", kb.Enter)
	b.untilShown("Undone: 5 messages are shown again.")
	b.until("document.querySelectorAll('.is-recalled').length === 0")
	if seqs := visible(t, server, "demo", "mallory"); len(seqs) != 5 {
		t.Errorf("history has %v of mallory after the undoing", seqs)
	}
	b.press(kb.Escape)
	b.until("document.querySelector('.side').hidden")
	b.wantAccessible()
}

func muted(t *testing.T, server *apitest.Server, group string) (accounts []string) {
	var list struct {
		Muted []struct {
			Account string `json:"Member_Account"`
		} `json:"MutedAccountList"`
	}
	server.Call(t, groupService, "get_group_muted_account", object{"GroupId": group}).MustOK(t).Decode(t, &list)
	for _, m := range list.Muted {
		accounts = append(accounts, m.Account)
	}
	return accounts
}

// With the mouse, on a phone, in the dark.
func TestTheModerationStoryGoesOnAPhone(t *testing.T) {
	server := newServer(t)
	chatter(t, server)
	b := openConsole(t, server, "")
	b.dark()
	b.phone()
	b.untilShown("Saturday's picnic")
	b.wantNoOverflow()
	b.wantAccessible()
	b.click(".group")
	b.untilRow(10)
	b.wantNoOverflow()
	b.click("[data-seq='8']")
	b.untilSelected(8)
	b.click("[data-seq='8'] .actions button")
	b.untilShown("5 of 10 messages would be recalled.")
	b.until(`(() => {
		const row = document.querySelector(".selected").getBoundingClientRect(), feed = document.querySelector(".feed").getBoundingClientRect();
		return row.top >= feed.top - 1 && row.bottom <= feed.bottom + 1;
	})()`)
	b.picture("moderation-phone")
	b.wantNoOverflow()
	b.wantAccessible()
	b.click(".panel button.danger")
	b.untilShown("5 messages are recalled.")
	b.wantNoOverflow()
	b.wantAccessible()
	for _, hash := range []string{"#/group/demo/members", "#/audit?type=all", "#/groups"} {
		b.goTo(hash)
		b.untilShown(map[string]string{"#/group/demo/members": "Remove…", "#/audit?type=all": "entries shown", "#/groups": "Saturday's picnic"}[hash])
		b.wantNoOverflow()
		b.wantAccessible()
	}
}

func TestThePreviewShowsWhatWouldRemain(t *testing.T) {
	server := newServer(t)
	newGroup(t, server, "Public", "demo", "Demo", "alice", "mallory")
	importMany(t, server, "demo", 1100, 20, func(i int) (string, string) {
		return []string{"alice", "mallory"}[i%2], fmt.Sprint("message ", i+1)
	})
	b := openConsole(t, server, "#/group/demo/message/1100")
	b.untilRow(1100)
	b.press("p")
	b.untilShown("500 of 1,000 messages would be recalled.")
	b.wantShown("more by this sender, which stay", "#101 – #1,100", "The recall looks at everything up to here")
	if n := b.count(".rail-window"); n != 1 {
		t.Errorf("the rail has %d windows, want 1", n)
	}
	if n := b.count(".rail-goes"); n < 5 {
		t.Errorf("the rail has %d marks of what would go", n)
	}
	b.press("g", "100", kb.Enter)
	b.untilRow(100)
	b.untilRow(101)
	b.untilSelected(100)
	b.until("document.querySelector('[data-seq=\"101\"] .border')")
	b.wantShown("The recall looks at #101 and newer")
	for seq, want := range map[int]string{100: "Would remain", 98: "Would remain", 102: "Would be recalled"} {
		b.untilRow(seq)
		if got := b.row(seq); !strings.Contains(got, want) {
			t.Errorf("%d shows %q, want %q", seq, got, want)
		}
	}
	b.picture("moderation-window")
	b.wantAccessible()

	b.click(".figures .buttons button") // go deeper
	b.untilShown("50 of 100 messages would be recalled.")
	b.wantShown("#1 – #100", "nothing by this sender", "The recall looks no further than #100")
	b.until("document.querySelector('[data-seq=\"100\"]').classList.contains('is-goes')")
	b.click(".figures .buttons button") // back
	b.untilShown("500 of 1,000 messages would be recalled.")
	b.do(chromedp.Evaluate[chromedp.Void](`const s = document.querySelector(".panel select"); s.value = "10000"; s.dispatchEvent(new Event("change"))`))
	b.untilShown("550 of 1,100 messages would be recalled.")
}

func TestAGuardThatStopsARecallIsToldInWords(t *testing.T) {
	server := newServer(t)
	chatter(t, server)
	b := openConsole(t, server, "#/group/demo/message/10")
	b.untilRow(10)
	b.press("p")
	b.untilShown("5 of 10 messages")
	b.click(".panel form > details summary")
	b.fill(".panel input[type=number]", "4")
	b.press(kb.Enter)
	b.untilShown("Nothing was recalled: more messages match than you allow (190002: Guard.MaxMsgNum is 4, 5 messages match).")
	b.wantAccessible()
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector(".panel input[type=number]").value = ""`))
	b.do(chromedp.Focus(chromedp.CSS(".panel input[type=checkbox]")))
	b.press(" ")
	send(t, server, "demo", "mallory", "one more")
	b.click(".panel button.danger")
	b.untilShown("more messages match than you saw")
	b.untilShown("6 of 11 messages would be recalled.")
	if seqs := visible(t, server, "demo", "mallory"); len(seqs) != 6 {
		t.Errorf("history has %v", seqs)
	}
	b.click(".panel button.danger")
	b.untilShown("6 messages are recalled.")
}

// A recalled message says which recall it was, and can be shown again from there.
func TestARecallIsUndoneFromAMessage(t *testing.T) {
	server := newServer(t)
	chatter(t, server)
	server.Call(t, "recall_http_svc", "recall_by_sender", object{
		"Targets": []any{object{"GroupId": "demo", "Sender_Account": "mallory"}}, "Reason": "from elsewhere",
	}).MustOK(t)
	b := openConsole(t, server, "#/group/demo/message/5")
	b.untilRow(5)
	b.untilSelected(5)
	b.wantShown("Reason: from elsewhere", "You have WON a prize")
	b.press("u")
	b.untilShown("mallory · demo · 5 recalled")
	b.press(kb.Enter)
	b.untilShown("Undone: 5 messages are shown again.")
	b.until("!document.querySelector('.is-recalled')")
}

// A message that was erased is a place without content, one that was modified says so.
func TestErasedAndModifiedMessagesSayWhatTheyAre(t *testing.T) {
	server := newServer(t, func(o *apitest.Options) { o.Housekeeping = 100 * time.Millisecond })
	chatter(t, server)
	var recalled struct{ OperationId string }
	server.Call(t, "recall_http_svc", "recall_by_sender", object{
		"Targets": []any{object{"GroupId": "demo", "Sender_Account": "mallory"}}, "Reason": "to be erased",
	}).MustOK(t).Decode(t, &recalled)
	server.Call(t, "recall_http_svc", "erase_recalled", object{"OperationId": recalled.OperationId}).MustOK(t)
	server.Call(t, "openim", "modify_group_msg", object{"GroupId": "demo", "MsgSeq": 9, "MsgBody": textBody("Who invited them?")}).MustOK(t)
	b := openConsole(t, server, "#/group/demo")
	b.untilShown("Erased for good.")
	b.untilRow(10)
	if got := b.row(9); !strings.Contains(got, "Who invited them?") || !strings.Contains(got, "edited") {
		t.Errorf("the modified message is shown as %q", got)
	}
	if got := b.row(10); !strings.Contains(got, "mallory") || !strings.Contains(got, "Reason: to be erased") || strings.Contains(got, "WATCHES") {
		t.Errorf("the erased message is shown as %q", got)
	}
	b.wantAccessible()
	b.press("u")
	b.untilShown("Nothing of it is left to undo.")
	b.press(kb.Enter)
	b.untilShown("The messages were erased for good: this cannot be undone (190006")
	b.wantAccessible()
}
