package client_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/recant-chat/recant/api"
	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/client"
)

// iterators are the methods that go through the pages of the commands that have
// several.
var iterators = map[string]string{
	"get_appid_group_list":             "Groups",
	"get_joined_group_list":            "JoinedGroups",
	"get_group_member_info":            "Members",
	"get_group_ban_member":             "Bans",
	"get_members":                      "RoomMembers",
	"group_msg_get_simple":             "History",
	"get_group_msg_receipt_detail":     "Receipts",
	"group_get_key_values":             "Extensions",
	"list_recall_operations":           "Operations",
	"get_recall_feed":                  "RecallFeed",
	"export_recall_evidence":           "EvidencePages",
	"get_permission_group":             "PermissionGroups",
	"get_permission_group_member_list": "PermissionGroupMembers",
	"get_list":                         "Contacts",
	"search_groups":                    "FoundGroups",
	"get_timeline":                     "Timeline",
	"watch_webhook":                    "Webhooks",
	"replay_webhook":                   "Replays",
}

func TestEveryCommandWithPagesHasAnIterator(t *testing.T) {
	place := regexp.MustCompile(`^(Next\w*|\w*Offset|\w*Cursor|Since|After|StartSeq|StartIndex|ReqMsgSeq|CompleteFlag|IsFinish(ed)?)$`)
	for _, c := range api.Commands() {
		var found []string
		for _, message := range []reflect.Type{c.Request, c.Response} {
			for i := range message.NumField() {
				name, _, _ := strings.Cut(message.Field(i).Tag.Get("json"), ",")
				if place.MatchString(name) {
					found = append(found, name)
				}
			}
		}
		method := iterators[c.Name]
		if _, ok := reflect.TypeFor[*client.Client]().MethodByName(method); len(found) > 0 && !ok {
			t.Errorf("%s has %v, and no iterator", c.Name, found)
		}
		if len(found) == 0 && method != "" {
			t.Errorf("%s has no pages", c.Name)
		}
	}
}

// collect is all that an iterator gives.
func collect[T any](t *testing.T, sequence iter.Seq2[T, error]) []T {
	t.Helper()
	var all []T
	for element, err := range sequence {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, element)
	}
	return all
}

// wantAll fails unless an iterator gives what is wanted, in that order, in so
// many calls, each time that it is gone through; and unless it makes one call
// where it is left after the first element.
func wantAll[T any](t *testing.T, sent *recorder, sequence iter.Seq2[T, error], name func(T) string, calls int, want ...string) {
	t.Helper()
	sent.calls()
	for range 2 {
		var got []string
		for _, element := range collect(t, sequence) {
			got = append(got, name(element))
		}
		if n := sent.calls(); !slices.Equal(got, want) || n != calls {
			t.Errorf("%d calls gave %d elements, want %d calls and %d elements\ngot  %.600s\nwant %.600s", n, len(got), calls, len(want), got, want)
		}
	}
	for range sequence {
		break
	}
	if n := sent.calls(); n != 1 {
		t.Errorf("%d calls for one element", n)
	}
}

// numbered are names: g0, g1 and so on.
func numbered(prefix string, n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("%s%03d", prefix, i))
	}
	return names
}

// must fails where a preparation did.
func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// imported are accounts that exist.
func imported(t *testing.T, c *client.Client, accounts []string) {
	t.Helper()
	for some := range slices.Chunk(accounts, 100) {
		_, err := c.MultiAccountImport(t.Context(), &client.MultiAccountImportRequest{Accounts: some})
		must(t, err)
	}
}

// room makes a group with members.
func room(t *testing.T, c *client.Client, kind, id string, members ...string) {
	t.Helper()
	request := &client.CreateGroupRequest{Type: kind, Name: "n", GroupID: &id}
	if kind == "Community" {
		request.SupportTopic = new(1)
	}
	for _, m := range members {
		request.MemberList = append(request.MemberList, client.NewMember{MemberAccount: m})
	}
	_, err := c.CreateGroup(t.Context(), request)
	must(t, err)
}

// said sends messages, numbered from the group's next.
func said(t *testing.T, c *client.Client, group, sender string, n int, text string) {
	t.Helper()
	for range n {
		_, err := c.SendGroupMsg(t.Context(), &client.SendGroupMsgRequest{
			GroupID: group, FromAccount: &sender, MsgBody: client.MessageBody{client.Text(text)},
		})
		must(t, err)
	}
}

func withoutThrottle(o *apitest.Options) { o.Settings.GroupThrottlePerSecond = 0 }

func TestHistoryGoesDownToTheFirst(t *testing.T) {
	c, sent := newRecorded(t, withoutThrottle)
	imported(t, c, []string{"ann"})
	room(t, c, "Public", "g", "ann")
	seqs := func(from, to int) []string {
		var names []string
		for seq := from; seq >= to; seq-- {
			names = append(names, fmt.Sprint(seq))
		}
		return names
	}
	seq := func(row client.HistoryRow) string { return fmt.Sprint(row.MsgSeq) }
	request := &client.GroupMsgGetSimpleRequest{GroupID: "g"}
	wantEmpty := collect(t, c.History(t.Context(), request))
	if len(wantEmpty) != 0 {
		t.Errorf("an empty history has %v", wantEmpty)
	}
	said(t, c, "g", "ann", 40, "x") // the last page is full
	wantAll(t, sent, c.History(t.Context(), request), seq, 2, seqs(40, 1)...)
	said(t, c, "g", "ann", 5, "x")
	wantAll(t, sent, c.History(t.Context(), request), seq, 3, seqs(45, 1)...)
	wantAll(t, sent, c.History(t.Context(), &client.GroupMsgGetSimpleRequest{GroupID: "g", ReqMsgSeq: new(uint32(30)), ReqMsgNumber: 7}), seq, 5, seqs(30, 1)...)
	// What is sent meanwhile does not disturb it.
	var got []string
	for row, err := range c.History(t.Context(), request) {
		must(t, err)
		got = append(got, seq(row))
		if len(got)%10 == 0 {
			said(t, c, "g", "ann", 3, "x")
		}
	}
	if want := seqs(45, 1); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	must(t, c.DeleteGroupMsgBySender(t.Context(), &client.DeleteGroupMsgBySenderRequest{GroupID: "g", SenderAccount: "ann"}))
	if rows := collect(t, c.History(t.Context(), request)); len(rows) != 0 {
		t.Errorf("%d rows of recalled messages", len(rows))
	}
	request.WithRecalledMsg = new(1)
	line := c.Timeline(t.Context(), &client.GetTimelineRequest{GroupID: "g", FromSeq: new(uint32(45)), Limit: new(20)})
	wantAll(t, sent, line, func(row client.TimelineRow) string { return fmt.Sprint(row.MsgSeq) }, 3, seqs(45, 1)...)
	rows := collect(t, c.History(t.Context(), request))
	if newest := rows[0]; len(rows) < 45 || newest.IsPlaceMsg != 2 || newest.MsgBody.Text() != "x" {
		t.Errorf("%d rows, the newest %+v", len(rows), newest)
	}
}

// Expired messages are not asked for: IsFinished is 2 where nothing else is left.
func TestHistoryEndsWhereMessagesHaveExpired(t *testing.T) {
	n := &network{answers: []string{strings.Replace(success, "}", `,"IsFinished":2,"RspMsgList":[{"MsgSeq":30},{"MsgSeq":29}]}`, 1)}}
	rows := collect(t, n.on(t).History(t.Context(), &client.GroupMsgGetSimpleRequest{GroupID: "g"}))
	if len(rows) != 2 || len(n.seen) != 1 {
		t.Errorf("%d rows in %d calls", len(rows), len(n.seen))
	}
}

func TestGroupsAndTheirMembers(t *testing.T) {
	c, sent := newRecorded(t)
	people := numbered("p", 9)
	imported(t, c, people)
	groups := numbered("g", 7)
	for _, id := range groups {
		room(t, c, "Public", id, "p000")
	}
	newestFirst := slices.Clone(groups)
	slices.Reverse(newestFirst)
	found := c.FoundGroups(t.Context(), &client.SearchGroupsRequest{Query: new("G"), Limit: new(3)})
	wantAll(t, sent, found, func(g client.FoundGroup) string { return g.GroupID }, 3, newestFirst...)
	itself := func(id string) string { return id }
	list := c.Groups(t.Context(), &client.GetAppIDGroupListRequest{Limit: new(int64(3))})
	all := collect(t, list) // in an order of the server's own
	wantAll(t, sent, list, itself, 3, all...)
	if slices.Sort(all); !slices.Equal(all, groups) {
		t.Errorf("the groups are %v", all)
	}
	wantAll(t, sent, c.Groups(t.Context(), nil), itself, 1, collect(t, c.Groups(t.Context(), nil))...)
	joined := c.JoinedGroups(t.Context(), &client.GetJoinedGroupListRequest{MemberAccount: "p000", Limit: new(int64(3))})
	wantAll(t, sent, joined, func(g client.JoinedGroup) string { return g.GroupID }, 3, groups...)

	room(t, c, "Public", "ordinary", people...)
	room(t, c, "Community", "@TGS#_c", people...)
	account := func(m client.MemberInfoItem) string { return m.MemberAccount }
	for id, roles := range map[string][]string{"ordinary": {"Member"}, "@TGS#_c": nil} {
		request := &client.GetGroupMemberInfoRequest{GroupID: id, Limit: new(int64(3)), MemberRoleFilter: roles}
		wantAll(t, sent, c.Members(t.Context(), request), account, 3, people...)
		request.Limit = new(int64(4))
		wantAll(t, sent, c.Members(t.Context(), request), account, 3, people...)
		request.Limit = nil
		wantAll(t, sent, c.Members(t.Context(), request), account, 1, people...)
	}
	must(t, c.ChangeGroupOwner(t.Context(), &client.ChangeGroupOwnerRequest{GroupID: "ordinary", NewOwnerAccount: people[8]}))
	members := c.Members(t.Context(), &client.GetGroupMemberInfoRequest{GroupID: "ordinary", Limit: new(int64(4)), MemberRoleFilter: []string{"Member"}})
	wantAll(t, sent, members, account, 3, people[:8]...) // the owner counts and is not listed
	must(t, c.BanGroupMember(t.Context(), &client.BanGroupMemberRequest{GroupID: "ordinary", MembersAccount: people[:5], Duration: 60}))
	bans := c.Bans(t.Context(), &client.GetGroupBanMemberRequest{GroupID: "ordinary", Limit: new(int64(2))})
	wantAll(t, sent, bans, func(b client.BannedAccount) string { return b.MemberAccount }, 3, people[:5]...)

	for i := range 5 {
		_, err := c.CreatePermissionGroup(t.Context(), &client.CreatePermissionGroupRequest{
			GroupID: "@TGS#_c", PermissionGroupID: new(fmt.Sprintf("@PMG#_%d", i)), PermissionGroupName: "n",
		})
		must(t, err)
	}
	permissions := c.PermissionGroups(t.Context(), &client.GetPermissionGroupRequest{GroupID: "@TGS#_c", Limit: new(int64(2))})
	wantAll(t, sent, permissions, func(p client.PermissionGroupItem) string { return p.PermissionGroupID }, 3,
		"@PMG#_0", "@PMG#_1", "@PMG#_2", "@PMG#_3", "@PMG#_4")
	add := &client.AddPermissionGroupMemberRequest{GroupID: "@TGS#_c", PermissionGroupID: "@PMG#_0"}
	for _, p := range people {
		add.MemberList = append(add.MemberList, client.AddPermissionGroupMemberItem{MemberAccount: p})
	}
	_, err := c.AddPermissionGroupMember(t.Context(), add)
	must(t, err)
	holders := c.PermissionGroupMembers(t.Context(), &client.GetPermissionGroupMemberListRequest{
		GroupID: "@TGS#_c", PermissionGroupID: "@PMG#_0", Limit: new(int64(4)),
	})
	wantAll(t, sent, holders, func(m client.PermissionMember) string { return m.MemberAccount }, 3, people...)
}

// A page that moves because somebody left does not end the list early, nor
// repeat anybody.
func TestMembersWhoLeaveMeanwhile(t *testing.T) {
	c, _ := newRecorded(t)
	people := numbered("p", 20)
	imported(t, c, people)
	for kind, id := range map[string]string{"Public": "g", "Community": "@TGS#_c"} {
		room(t, c, kind, id, people...)
		seen := map[string]int{}
		for m, err := range c.Members(t.Context(), &client.GetGroupMemberInfoRequest{GroupID: id, Limit: new(int64(5))}) {
			must(t, err)
			if seen[m.MemberAccount]++; len(seen) == 5 {
				must(t, c.DeleteGroupMember(t.Context(), &client.DeleteGroupMemberRequest{GroupID: id, MemberToDelAccount: people[18:]}))
			}
		}
		for _, p := range people[:18] {
			if seen[p] != 1 {
				t.Errorf("%s: %s was given %d times", kind, p, seen[p])
			}
		}
	}
}

func TestRoomMembersAndContacts(t *testing.T) {
	c, sent := newRecorded(t)
	robots := numbered("r", 600)
	imported(t, c, robots)
	room(t, c, "AVChatRoom", "live")
	for some := range slices.Chunk(robots, 200) {
		must(t, c.AddRobots(t.Context(), &client.AddRobotsRequest{GroupID: "live", MemberAccount: some}))
		sent.Clock.Advance(time.Second)
	}
	inside := c.RoomMembers(t.Context(), &client.GetRoomMembersRequest{GroupID: "live"})
	wantAll(t, sent, inside, func(m client.RoomMember) string { return m.MemberAccount }, 3,
		slices.Concat(robots[400:], robots[200:400], robots[:200])...)

	groups := numbered("g", 230)
	for _, id := range groups {
		room(t, c, "Public", id, "r000")
		sent.Clock.Advance(time.Second)
		said(t, c, id, "r000", 1, "x")
	}
	slices.Reverse(groups)
	contacts := c.Contacts(t.Context(), &client.GetContactListRequest{FromAccount: "r000"})
	wantAll(t, sent, contacts, func(c client.Contact) string { return c.GroupID }, 3, groups...)
}

func TestReceiptsAndExtensions(t *testing.T) {
	c, sent := newRecorded(t)
	people := numbered("p", 9)
	imported(t, c, people)
	room(t, c, "Public", "g", people...)
	answer, err := c.SendGroupMsg(t.Context(), &client.SendGroupMsgRequest{
		GroupID: "g", FromAccount: new("p000"), MsgBody: client.MessageBody{client.Text("x")},
		NeedReadReceipt: new(1), SupportMessageExtension: new(1),
	})
	must(t, err)
	for _, reader := range people[1:6] {
		must(t, c.GroupMsgReceipt(t.Context(), &client.GroupMsgReceiptRequest{
			GroupID: "g", FromAccount: reader, MsgSeqList: []client.MessageSeq{{MsgSeq: answer.MsgSeq}},
		}))
	}
	itself := func(account string) string { return account }
	request := &client.GetGroupMsgReceiptDetailRequest{GroupID: "g", MsgSeq: answer.MsgSeq, Count: 2}
	wantAll(t, sent, c.Receipts(t.Context(), request), itself, 3, people[1:6]...)
	request.Filter, request.Count = 1, 0
	wantAll(t, sent, c.Receipts(t.Context(), request), itself, 1, people[6:]...)

	keys := numbered("k", 300)
	for some := range slices.Chunk(keys, 20) {
		set := &client.GroupSetKeyValuesRequest{GroupID: "g", MsgSeq: answer.MsgSeq, OperateType: 1}
		for _, key := range some {
			set.ExtensionList = append(set.ExtensionList, client.ExtensionChange{Key: key, Value: new("v")})
		}
		_, err := c.GroupSetKeyValues(t.Context(), set)
		must(t, err)
	}
	pairs := c.Extensions(t.Context(), &client.GroupGetKeyValuesRequest{GroupID: "g", MsgSeq: answer.MsgSeq})
	wantAll(t, sent, pairs, func(e client.Extension) string { return e.Key }, 2, keys...)
}

func TestTheRecordOfRecalls(t *testing.T) {
	c, sent := newRecorded(t, withoutThrottle)
	imported(t, c, []string{"ann"})
	room(t, c, "Public", "g", "ann")
	const large = 110
	said(t, c, "g", "ann", large, strings.Repeat("x", 12000))
	var operations []string // newest first
	for range 5 {
		done, err := c.RecallBySender(t.Context(), &client.RecallBySenderRequest{
			Targets: []client.RecallTarget{{GroupID: "g", SenderAccount: "ann"}},
		})
		must(t, err)
		operations = slices.Insert(operations, 0, done.OperationID)
	}
	listed := c.Operations(t.Context(), &client.ListRecallOperationsRequest{GroupID: new("g"), Limit: new(2)})
	wantAll(t, sent, listed, func(a client.AuditItem) string { return a.Operation.OperationID }, 3, operations...)

	slices.Reverse(operations)
	feed := c.RecallFeed(t.Context(), &client.GetRecallFeedRequest{GroupID: "g", Limit: new(2)})
	wantAll(t, sent, feed, func(e client.FeedEvent) string { return e.OperationID }, 4, operations...)

	messages, chain := 0, ""
	sent.calls()
	for page, err := range c.EvidencePages(t.Context(), &client.ExportRecallEvidenceRequest{OperationID: operations[0]}) {
		must(t, err)
		messages, chain = messages+len(page.Messages), page.ChainHash
	}
	if n := sent.calls(); n < 3 || messages != large || chain == "" {
		t.Errorf("%d pages have %d messages, and the hash %q", n, messages, chain)
	}
}

func TestWebhooksAreWatchedUntilTheContextEnds(t *testing.T) {
	c, _ := newClient(t, hooked(t))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := c.WatchWebhook(ctx, nil) // from here on they are kept
	must(t, err)
	imported(t, c, []string{"ann"})
	for i := range 3 {
		room(t, c, "Public", fmt.Sprintf("g%d", i), "ann")
	}
	made := 0
	for w, err := range c.Webhooks(ctx, nil) {
		switch {
		case ctx.Err() != nil:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("it ends with %v", err)
			}
		case err != nil:
			t.Fatal(err)
		case w.CallbackCommand == "Group.CallbackAfterCreateGroup":
			if made++; made == 3 {
				cancel()
			}
		}
	}
	if made != 3 {
		t.Errorf("%d groups were told of", made)
	}
}

func TestReplaysGoOnUntilAllIsSent(t *testing.T) {
	n := &network{answers: []string{
		strings.Replace(success, "}", `,"SentNum":7,"Next":"here"}`, 1),
		strings.Replace(success, "}", `,"SentNum":2,"Next":""}`, 1),
	}}
	total := 0
	for part, err := range n.on(t).Replays(t.Context(), &client.ReplayWebhookRequest{GroupID: new("g")}) {
		must(t, err)
		total += part.SentNum
	}
	if total != 9 || len(n.seen) != 2 || strings.Contains(n.seen[0], "Next") || !strings.Contains(n.seen[1], `"Next":"here"`) {
		t.Errorf("%d sent, by %s", total, n.seen)
	}
}

// A count that is larger than what there is does not make a list endless.
func TestAnEmptyPageEndsTheGroupsOfAnAccount(t *testing.T) {
	n := &network{answers: []string{strings.Replace(success, "}", `,"TotalCount":3,"GroupIdList":[]}`, 1)}}
	if got := collect(t, n.on(t).JoinedGroups(t.Context(), &client.GetJoinedGroupListRequest{})); len(got) != 0 || len(n.seen) != 1 {
		t.Errorf("%d groups in %d calls", len(got), len(n.seen))
	}
}

func TestAnErrorEndsAnIteratorOnce(t *testing.T) {
	n := &network{answers: []string{
		strings.Replace(success, "}", `,"TotalCount":3,"GroupIdList":[{"GroupId":"a"}],"Next":1}`, 1), failure(10010),
	}}
	var ids []string
	var failed []error
	for id, err := range n.on(t).Groups(t.Context(), nil) {
		ids, failed = append(ids, id), append(failed, err)
	}
	if !slices.Equal(ids, []string{"a", ""}) || failed[0] != nil || !errors.Is(failed[1], client.CodeGroupNotFound) {
		t.Errorf("got %v, %v", ids, failed)
	}
}
