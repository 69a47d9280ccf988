package api_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/chat"
	"pgregory.net/rapid"
)

// Read receipts (spec 04 section 12).

// sendForReceipt sends a message that asks for receipts; more are other fields.
func (r *room) sendForReceipt(sender, more string) uint32 {
	r.t.Helper()
	var sent struct {
		Seq uint32 `json:"MsgSeq"`
	}
	r.call("send_group_msg", `{"GroupId":%q,"From_Account":%q,"Random":%d,"NeedReadReceipt":1,"MsgBody":%s%s}`,
		r.group, sender, r.random.Add(1), text("please read"), more).MustOK(r.t).Decode(r.t, &sent)
	return sent.Seq
}

func seqItems(seqs ...uint32) string {
	items := make([]string, len(seqs))
	for i, seq := range seqs {
		items[i] = fmt.Sprintf(`{"MsgSeq":%d}`, seq)
	}
	return "[" + strings.Join(items, ",") + "]"
}

func (r *room) acknowledge(account string, seqs ...uint32) apitest.Answer {
	r.t.Helper()
	return r.call("group_msg_receipt", `{"GroupId":%q,"From_Account":%q,"MsgSeqList":%s}`, r.group, account, seqItems(seqs...))
}

// receipts tells the counts of messages in short, as "2/4", or "10062".
func (r *room) receipts(seqs ...uint32) []string {
	r.t.Helper()
	var answer struct {
		List []struct {
			Code   int    `json:"Code"`
			Seq    uint32 `json:"MsgSeq"`
			Read   int    `json:"ReadNum"`
			Unread int    `json:"UnreadNum"`
		} `json:"GroupMsgReceiptList"`
	}
	r.call("get_group_msg_receipt", `{"GroupId":%q,"MsgSeqList":%s}`, r.group, seqItems(seqs...)).MustOK(r.t).Decode(r.t, &answer)
	told := []string{}
	for i, item := range answer.List {
		if item.Seq != seqs[i] {
			r.t.Errorf("item %d is of %d, want %d", i, item.Seq, seqs[i])
		}
		if item.Code != 0 {
			told = append(told, fmt.Sprint(item.Code))
			if item.Read != 0 || item.Unread != 0 {
				r.t.Errorf("item without receipt has numbers: %+v", item)
			}
			continue
		}
		told = append(told, fmt.Sprintf("%d/%d", item.Read, item.Unread))
	}
	return told
}

func (r *room) wantReceipts(seqs []uint32, want ...string) {
	r.t.Helper()
	if got := r.receipts(seqs...); !slices.Equal(got, want) {
		r.t.Errorf("receipts of %v are %v, want %v", seqs, got, want)
	}
}

// readers walks through all pages of a message's readers (filter 0) or of who
// has not read it (1).
func (r *room) readers(seq uint32, filter, count int) (accounts []string, pages int) {
	r.t.Helper()
	for cursor := ""; ; {
		var page struct {
			Seq        uint32 `json:"MsgSeq"`
			Cursor     string `json:"Cursor"`
			IsFinish   int    `json:"IsFinish"`
			IsFinished int    `json:"IsFinished"`
			Read       []struct {
				Account string `json:"Read_Account"`
			} `json:"ReadList"`
			Unread []struct {
				Account string `json:"Unread_Account"`
			} `json:"UnreadList"`
		}
		r.call("get_group_msg_receipt_detail", `{"GroupId":%q,"MsgSeq":%d,"Filter":%d,"Cursor":%q,"Count":%d}`,
			r.group, seq, filter, cursor, count).MustOK(r.t).Decode(r.t, &page)
		pages++
		for _, a := range page.Read {
			accounts = append(accounts, a.Account)
		}
		for _, a := range page.Unread {
			accounts = append(accounts, a.Account)
		}
		if n := len(page.Read) + len(page.Unread); n > count || n == 0 && pages > 1 {
			r.t.Fatalf("page %d has %d accounts, asked for %d", pages, n, count)
		}
		if page.IsFinish != page.IsFinished || (page.IsFinish == 1) != (page.Cursor == "0") {
			r.t.Fatalf("page %d: cursor %q, IsFinish %d, IsFinished %d", pages, page.Cursor, page.IsFinish, page.IsFinished)
		}
		if cursor = page.Cursor; page.IsFinish == 1 {
			return accounts, pages
		}
	}
}

func (r *room) wantReaders(seq uint32, filter int, want ...string) {
	r.t.Helper()
	if got, _ := r.readers(seq, filter, 200); !slices.Equal(got, want) {
		r.t.Errorf("with filter %d the accounts of %d are %v, want %v", filter, seq, got, want)
	}
}

func (r *room) addMember(account string) {
	r.t.Helper()
	r.srv.Call(r.t, "im_open_login_svc", "account_import", fmt.Sprintf(`{"UserID":%q}`, account)).MustOK(r.t)
	r.call("add_group_member", `{"GroupId":%q,"Silence":1,"MemberList":[{"Member_Account":%q}]}`, r.group, account).MustOK(r.t)
}

func (r *room) removeMember(account string) {
	r.t.Helper()
	r.call("delete_group_member", `{"GroupId":%q,"Silence":1,"MemberToDel_Account":[%q]}`, r.group, account).MustOK(r.t)
}

func TestReceiptsAnswerAsThePagesShow(t *testing.T) {
	r := newRoom(t, "Public", "zoe", "ann", "bob", "cyd")
	seq := r.sendForReceipt("ann", "")
	plain := r.send("ann", 1)
	r.acknowledge("bob", seq).WantJSON(t, plainOK)
	r.call("get_group_msg_receipt", `{"GroupId":%q,"MsgSeqList":%s}`, r.group, seqItems(seq, plain)).WantJSON(t,
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupMsgReceiptList":[
		{"Code":0,"MsgSeq":1,"ReadNum":1,"UnreadNum":2},{"Code":10062,"MsgSeq":2,"ReadNum":0,"UnreadNum":0}]}`)
	detail := func(filter int) apitest.Answer {
		return r.call("get_group_msg_receipt_detail", `{"GroupId":%q,"MsgSeq":%d,"Filter":%d,"Cursor":"","Count":100}`, r.group, seq, filter)
	}
	detail(1).WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MsgSeq":1,"Cursor":"0","IsFinish":1,"IsFinished":1,
		"UnreadList":[{"Unread_Account":"zoe"},{"Unread_Account":"cyd"}]}`)
	detail(0).WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MsgSeq":1,"Cursor":"0","IsFinish":1,"IsFinished":1,
		"ReadList":[{"Read_Account":"bob"}]}`)
	// Flag and Num are what one SDK sends.
	r.call("get_group_msg_receipt_detail", `{"GroupId":%q,"MsgSeq":%d,"Flag":1,"Cursor":"","Num":1}`, r.group, seq).WantJSON(t,
		`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MsgSeq":1,"Cursor":"2","IsFinish":0,"IsFinished":0,"UnreadList":[{"Unread_Account":"zoe"}]}`)
	// All of it outlives a restart, and a list that is empty is one.
	r.acknowledge("zoe", seq).MustOK(t)
	r.acknowledge("cyd", seq).MustOK(t)
	r.srv.Restart(t)
	detail(1).WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MsgSeq":1,"Cursor":"0","IsFinish":1,"IsFinished":1,"UnreadList":[]}`)
	r.wantReceipts([]uint32{seq}, "3/0")
}

func TestReceiptsRefuseBadFields(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	r.sendForReceipt("ann", "")
	live := newRoomOn(t, r.srv, "AVChatRoom")
	town := newRoomOn(t, r.srv, "Community", "ann")
	item := `{"MsgSeq":1}`
	many := func(n int) string { return "[" + strings.Repeat(item+",", n-1) + item + "]" }
	for _, c := range []struct {
		command, body string
		code          int
		info          string
	}{
		{"get_group_msg_receipt", `{"MsgSeqList":[{"MsgSeq":1}]}`, 10004, "GroupId"},
		{"get_group_msg_receipt", `{"GroupId":"","MsgSeqList":[{"MsgSeq":1}]}`, 10015, ""},
		{"get_group_msg_receipt", `{"GroupId":"nowhere","MsgSeqList":[{"MsgSeq":1}]}`, 10010, ""},
		{"get_group_msg_receipt", `{"GroupId":"GROUP"}`, 10004, "MsgSeqList"},
		{"get_group_msg_receipt", `{"GroupId":"GROUP","MsgSeqList":[]}`, 10004, "MsgSeqList"},
		{"get_group_msg_receipt", `{"GroupId":"GROUP","MsgSeqList":[{}]}`, 10004, "MsgSeqList[0].MsgSeq"},
		{"get_group_msg_receipt", `{"GroupId":"GROUP","MsgSeqList":[{"MsgSeq":0}]}`, 10004, "MsgSeqList[0].MsgSeq"},
		{"get_group_msg_receipt", `{"GroupId":"GROUP","MsgSeqList":[{"MsgSeq":4294967296}]}`, 10004, "MsgSeqList[0].MsgSeq"},
		{"get_group_msg_receipt", `{"GroupId":"GROUP","MsgSeqList":` + many(50) + `}`, 0, ""},
		{"get_group_msg_receipt", `{"GroupId":"GROUP","MsgSeqList":` + many(51) + `}`, 10004, "MsgSeqList"},
		{"get_group_msg_receipt", `{"GroupId":"LIVE","MsgSeqList":[{"MsgSeq":1}]}`, 10007, ""},
		{"get_group_msg_receipt", `{"GroupId":"TOWN","MsgSeqList":[{"MsgSeq":1}]}`, 10007, ""},
		{"get_group_msg_receipt_detail", `{"MsgSeq":1,"Filter":0,"Cursor":"","Count":1}`, 10004, "GroupId"},
		{"get_group_msg_receipt_detail", `{"GroupId":"GROUP","Filter":0,"Cursor":"","Count":1}`, 10004, "MsgSeq"},
		{"get_group_msg_receipt_detail", `{"GroupId":"GROUP","MsgSeq":1,"Cursor":"","Count":1}`, 10004, "Filter"},
		{"get_group_msg_receipt_detail", `{"GroupId":"GROUP","MsgSeq":1,"Filter":0,"Count":1}`, 10004, "Cursor"},
		{"get_group_msg_receipt_detail", `{"GroupId":"GROUP","MsgSeq":1,"Filter":0,"Cursor":""}`, 10004, "Count"},
		{"get_group_msg_receipt_detail", `{"GroupId":"GROUP","MsgSeq":1,"Filter":2,"Cursor":"","Count":1}`, 10004, "Filter"},
		{"get_group_msg_receipt_detail", `{"GroupId":"GROUP","MsgSeq":1,"Filter":-1,"Cursor":"","Count":1}`, 10004, "Filter"},
		{"get_group_msg_receipt_detail", `{"GroupId":"GROUP","MsgSeq":1,"Filter":0,"Cursor":"","Count":0}`, 10004, "Count"},
		{"get_group_msg_receipt_detail", `{"GroupId":"GROUP","MsgSeq":1,"Filter":0,"Cursor":"","Count":-1}`, 10004, "Count"},
		{"get_group_msg_receipt_detail", `{"GroupId":"GROUP","MsgSeq":1,"Filter":0,"Cursor":"","Count":1000000}`, 0, ""},
		{"get_group_msg_receipt_detail", `{"GroupId":"GROUP","MsgSeq":1,"Filter":0,"Cursor":"x","Count":1}`, 10004, "Cursor"},
		{"get_group_msg_receipt_detail", `{"GroupId":"GROUP","MsgSeq":1,"Filter":0,"Cursor":"1","Count":1}`, 10004, "Cursor"},
		{"get_group_msg_receipt_detail", `{"GroupId":"GROUP","MsgSeq":1,"Filter":0,"Cursor":"-1","Count":1}`, 10004, "Cursor"},
		{"get_group_msg_receipt_detail", `{"GroupId":"GROUP","MsgSeq":1,"Filter":1,"Cursor":"0","Count":1}`, 0, ""},
		{"get_group_msg_receipt_detail", `{"GroupId":"GROUP","MsgSeq":2,"Filter":0,"Cursor":"","Count":1}`, 10062, "MsgSeq"},
		{"get_group_msg_receipt_detail", `{"GroupId":"LIVE","MsgSeq":1,"Filter":0,"Cursor":"","Count":1}`, 10007, ""},
		{"group_msg_receipt", `{"From_Account":"bob","MsgSeqList":[{"MsgSeq":1}]}`, 10004, "GroupId"},
		{"group_msg_receipt", `{"GroupId":"GROUP","MsgSeqList":[{"MsgSeq":1}]}`, 10004, "From_Account"},
		{"group_msg_receipt", `{"GroupId":"GROUP","From_Account":"","MsgSeqList":[{"MsgSeq":1}]}`, 10004, "From_Account"},
		{"group_msg_receipt", `{"GroupId":"GROUP","From_Account":" bob","MsgSeqList":[{"MsgSeq":1}]}`, 10004, "From_Account"},
		{"group_msg_receipt", `{"GroupId":"GROUP","From_Account":5,"MsgSeqList":[{"MsgSeq":1}]}`, 60015, ""},
		{"group_msg_receipt", `{"GroupId":"GROUP","From_Account":"eve","MsgSeqList":[{"MsgSeq":1}]}`, 10007, "From_Account"},
		{"group_msg_receipt", `{"GroupId":"GROUP","From_Account":"bob"}`, 10004, "MsgSeqList"},
		{"group_msg_receipt", `{"GroupId":"GROUP","From_Account":"bob","MsgSeqList":[{"MsgSeq":null}]}`, 10004, "MsgSeqList[0].MsgSeq"},
		{"group_msg_receipt", `{"GroupId":"GROUP","From_Account":"bob","MsgSeqList":` + many(51) + `}`, 10004, "MsgSeqList"},
		{"group_msg_receipt", `{"GroupId":"LIVE","From_Account":"bob","MsgSeqList":[{"MsgSeq":1}]}`, 10007, ""},
		{"group_msg_receipt", `{"GroupId":"TOWN","From_Account":"ann","MsgSeqList":[{"MsgSeq":1}]}`, 10007, ""},
		{"group_msg_receipt", `{"GroupId":"nowhere","From_Account":"bob","MsgSeqList":[{"MsgSeq":1}]}`, 10010, ""},
	} {
		body := strings.NewReplacer("GROUP", r.group, "LIVE", live.group, "TOWN", town.group).Replace(c.body)
		if answer := r.call(c.command, "%s", body).WantCode(t, c.code); !strings.HasPrefix(answer.Info, c.info) {
			t.Errorf("%s %s: ErrorInfo is %q, want it to begin with %s", c.command, c.body, answer.Info, c.info)
		}
	}
	r.wantReceipts([]uint32{1}, "0/1") // refused calls have noted nothing
}

func TestReceiptsThatAreSwitchedOff(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.ReadReceipts = []chat.GroupType{chat.Private} }, "Public", "ann")
	r.call("get_group_msg_receipt", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":1}]}`, r.group).WantCode(t, 10059)
	r.call("get_group_msg_receipt_detail", `{"GroupId":%q,"MsgSeq":1,"Filter":0,"Cursor":"","Count":1}`, r.group).WantCode(t, 10059)
	r.acknowledge("ann", 1).WantCode(t, 10059)
}

func TestEveryTypeWithReceiptsServesThem(t *testing.T) {
	for _, groupType := range []string{"Private", "Public", "ChatRoom"} {
		r := newRoom(t, groupType, "ann", "bob")
		seq := r.sendForReceipt("ann", "")
		r.acknowledge("bob", seq).MustOK(t)
		r.wantReceipts([]uint32{seq}, "1/0")
	}
}

func TestReceiptIsOfTheMembersAtSendingTimeWithoutTheSender(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob", "cyd")
	before := r.sendForReceipt("ann", "")
	r.addMember("dan")
	after := r.sendForReceipt("ann", "")
	byStranger := r.sendForReceipt("administrator", "")
	all := []uint32{before, after, byStranger}
	r.wantReceipts(all, "0/2", "0/3", "0/4")
	// Who joined later and who sent it have nothing to acknowledge.
	r.acknowledge("dan", all...).MustOK(t)
	r.acknowledge("ann", all...).MustOK(t)
	r.wantReceipts(all, "0/2", "1/2", "2/2")
	r.wantReaders(before, 0)
	r.wantReaders(byStranger, 0, "ann", "dan")
	r.wantReaders(byStranger, 1, "bob", "cyd")
}

func TestReceiptOfATargetedMessageIsOfItsRecipients(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob", "cyd", "dan")
	seq := r.sendForReceipt("ann", `,"To_Account":["cyd","ann","bob"]`)
	r.acknowledge("dan", seq).MustOK(t)
	r.acknowledge("cyd", seq).MustOK(t)
	r.wantReaders(seq, 0, "cyd")
	r.wantReaders(seq, 1, "bob")
	r.wantReaders(r.sendForReceipt("ann", `,"To_Account":"cyd"`), 1, "cyd")
}

func TestWhoLeavesDropsOutOfBothListsAndDoesNotComeBack(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob", "cyd", "dan")
	seq := r.sendForReceipt("ann", "")
	r.acknowledge("bob", seq).MustOK(t)
	r.wantReceipts([]uint32{seq}, "1/2")
	r.removeMember("bob")
	r.removeMember("cyd")
	r.wantReceipts([]uint32{seq}, "0/1")
	r.wantReaders(seq, 0)
	r.wantReaders(seq, 1, "dan")
	r.addMember("bob")
	r.addMember("cyd")
	r.acknowledge("cyd", seq).MustOK(t)
	r.wantReceipts([]uint32{seq}, "0/1")
	r.srv.Call(t, "im_open_login_svc", "account_delete", `{"DeleteItem":[{"UserID":"dan"}]}`).MustOK(t)
	r.wantReceipts([]uint32{seq}, "0/0")
}

func TestAcknowledgingAgainOrWhatHasNoReceiptChangesNothing(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob", "cyd")
	first := r.sendForReceipt("ann", "")
	plain := r.send("ann", 1)
	r.writeTip()
	second := r.sendForReceipt("ann", "")
	for range 2 {
		r.acknowledge("bob", second, 99, plain, first, 3, second).WantJSON(t, plainOK)
		r.wantReceipts([]uint32{first, plain, 3, second, 99}, "1/1", "10062", "10062", "1/1", "10062")
	}
	// The read position is another thing.
	members := string(r.call("get_group_member_info", `{"GroupId":%q,"MemberInfoFilter":["MsgSeq"]}`, r.group).Raw)
	if !strings.Contains(members, `"Member_Account":"bob","MsgSeq":0`) {
		t.Errorf("members are %s", members)
	}
}

func TestARepeatedSendHasTheFirstOnesReceipt(t *testing.T) {
	r := newRoom(t, "Public", "ann", "bob")
	send := `{"GroupId":%q,"From_Account":"ann","Random":7,"NeedReadReceipt":1,"MsgBody":` + text("x") + `}`
	r.call("send_group_msg", send, r.group).MustOK(t)
	r.acknowledge("bob", 1).MustOK(t)
	r.addMember("cyd")
	r.call("send_group_msg", send, r.group).MustOK(t)
	r.wantReceipts([]uint32{1}, "1/0")
}

func TestReceiptsOfRecalledExpiredAndErasedMessages(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) {
		o.Settings.HistoryRetentionDays = 7
		withHousekeeping(o)
	}, "Public", "ann", "bob", "cyd")
	old := r.sendForReceipt("bob", "")
	r.srv.Clock.Advance(8 * day)
	byAnn, byBob := r.sendForReceipt("ann", ""), r.sendForReceipt("bob", "")
	all := []uint32{old, byAnn, byBob}
	r.acknowledge("cyd", all...).MustOK(t)
	r.wantReceipts(all, "10062", "1/1", "1/1")
	// What is recalled is as if it had none, and is as it was when it is restored.
	id := r.recallBySender("ann", "").ID
	r.acknowledge("bob", all...).MustOK(t)
	r.wantReceipts(all, "10062", "10062", "1/1")
	r.call("get_group_msg_receipt_detail", `{"GroupId":%q,"MsgSeq":%d,"Filter":0,"Cursor":"","Count":1}`, r.group, byAnn).WantCode(t, 10062)
	r.restore(id, "")
	r.wantReceipts(all, "10062", "1/1", "1/1")
	r.erase(r.recallBySender("ann", "").ID)
	r.wantReceipts(all, "10062", "10062", "1/1")
	r.acknowledge("bob", byAnn).MustOK(t)
}

func TestReceiptsOfAGroupThatIsMadeAnew(t *testing.T) {
	r := newRoomWith(t, withHousekeeping, "Public", "ann", "bob")
	seq := r.sendForReceipt("ann", "")
	r.acknowledge("bob", seq).MustOK(t)
	r.call("destroy_group", `{"GroupId":%q}`, r.group).MustOK(t)
	r.call("get_group_msg_receipt", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":1}]}`, r.group).WantCode(t, 10010)
	r.call("create_group", `{"Type":"Public","Name":"new","GroupId":%q,"MemberList":[{"Member_Account":"ann"},{"Member_Account":"bob"}]}`, r.group).MustOK(t)
	if again := r.sendForReceipt("ann", ""); again != seq {
		t.Fatalf("number is %d", again)
	}
	r.wantReceipts([]uint32{seq}, "0/1")
}

func TestReceiptDetailInPages(t *testing.T) {
	var members []string
	for i := range 100 {
		members = append(members, fmt.Sprintf("m%03d", i))
	}
	r := newRoom(t, "Public", members...)
	var more []string
	for i := 100; i < 200; i++ {
		account := fmt.Sprintf("m%03d", i)
		r.srv.Call(t, "im_open_login_svc", "account_import", fmt.Sprintf(`{"UserID":%q}`, account)).MustOK(t)
		more = append(more, fmt.Sprintf(`{"Member_Account":%q}`, account))
		members = append(members, account)
	}
	r.call("add_group_member", `{"GroupId":%q,"Silence":1,"MemberList":[%s]}`, r.group, strings.Join(more, ",")).MustOK(t)
	seq := r.sendForReceipt("administrator", "")
	var read, unread []string
	for i, account := range members {
		if i%3 == 0 {
			r.acknowledge(account, seq).MustOK(t)
			read = append(read, account)
		} else {
			unread = append(unread, account)
		}
	}
	for _, c := range []struct{ count, readPages, unreadPages int }{{1, 67, 133}, {7, 10, 19}, {66, 2, 3}, {67, 1, 2}, {133, 1, 1}, {200, 1, 1}, {201, 1, 1}} {
		got, pages := r.readers(seq, 0, c.count)
		if !slices.Equal(got, read) || pages != c.readPages {
			t.Errorf("readers in pages of %d: %d accounts in %d pages, want %d in %d", c.count, len(got), pages, len(read), c.readPages)
		}
		got, pages = r.readers(seq, 1, c.count)
		if !slices.Equal(got, unread) || pages != c.unreadPages {
			t.Errorf("non-readers in pages of %d: %d accounts in %d pages, want %d in %d", c.count, len(got), pages, len(unread), c.unreadPages)
		}
	}
	r.wantReceipts([]uint32{seq}, "67/133")
	// The group may grow: who was asked stays asked.
	r.addMember("late")
	r.wantReceipts([]uint32{seq}, "67/133")
}

func TestAcknowledgementsAtOnceAllCount(t *testing.T) {
	var members []string
	for i := range 24 {
		members = append(members, fmt.Sprintf("m%02d", i))
	}
	r := newRoom(t, "Public", members...)
	var seqs []uint32
	for range 3 {
		seqs = append(seqs, r.sendForReceipt("ann", ""))
	}
	var running sync.WaitGroup
	for _, account := range members {
		body := fmt.Sprintf(`{"GroupId":%q,"From_Account":%q,"MsgSeqList":%s}`, r.group, account, seqItems(seqs...))
		running.Go(func() {
			if answer, err := r.srv.Try(t.Context(), "group_open_http_svc", "group_msg_receipt", body); err != nil || answer.Code != 0 {
				t.Errorf("acknowledging answered %+v, %v", answer, err)
			}
		})
	}
	running.Wait()
	r.wantReceipts(seqs, "24/0", "24/0", "24/0")
}

// Messages of one call may be in several buckets of the log.
func TestReceiptsAcrossBuckets(t *testing.T) {
	r := newRoomWith(t, withLargeImports, "Public", "ann", "bob")
	first := r.sendForReceipt("ann", "")
	r.importMany("ann", 4094)
	last := r.sendForReceipt("ann", "") // of its bucket
	next := r.sendForReceipt("ann", "")
	all := []uint32{next, first, last}
	r.acknowledge("bob", all...).MustOK(t)
	r.srv.Restart(t)
	r.wantReceipts(all, "1/0", "1/0", "1/0")
}

// Whatever comes and goes, a receipt is of those who have been members all the
// time since the message was sent, and they have read it if they ever said so.
func TestReceiptsKeepToAPlainModel(t *testing.T) {
	srv := apitest.New(t, apitest.DefaultOptions())
	accounts := []string{"ann", "bob", "cyd", "dan"}
	rapid.Check(t, func(rt *rapid.T) {
		r := newRoomOn(t, srv, "Public", accounts...)
		members := slices.Clone(accounts)
		type message struct {
			sender         string
			read, unread   []string
			recalled, asks bool
		}
		var messages []*message // number 1 first
		drop := func(list []string, account string) []string {
			return slices.DeleteFunc(list, func(a string) bool { return a == account })
		}
		account := rapid.SampledFrom(accounts)
		rt.Repeat(map[string]func(*rapid.T){
			"send": func(rt *rapid.T) {
				m := &message{sender: account.Draw(rt, "sender"), asks: rapid.IntRange(0, 3).Draw(rt, "asks") > 0}
				if !m.asks {
					r.send(m.sender, 1)
				} else {
					r.sendForReceipt(m.sender, "")
				}
				m.unread = drop(slices.Clone(members), m.sender)
				messages = append(messages, m)
			},
			"leave or join": func(rt *rapid.T) {
				who := account.Draw(rt, "who")
				if !slices.Contains(members, who) {
					r.addMember(who)
					members = append(members, who)
					return
				}
				r.removeMember(who)
				members = drop(members, who)
				for _, m := range messages {
					m.read, m.unread = drop(m.read, who), drop(m.unread, who)
				}
			},
			"acknowledge": func(rt *rapid.T) {
				who := account.Draw(rt, "who")
				seqs := rapid.SliceOfN(rapid.Uint32Range(1, uint32(len(messages))+1), 1, 5).Draw(rt, "seqs")
				if !slices.Contains(members, who) {
					r.acknowledge(who, seqs...).WantCode(t, 10007)
					return
				}
				r.acknowledge(who, seqs...).MustOK(t)
				for _, seq := range seqs {
					if int(seq) > len(messages) {
						continue
					}
					if m := messages[seq-1]; m.asks && !m.recalled && slices.Contains(m.unread, who) {
						m.read, m.unread = append(m.read, who), drop(m.unread, who)
					}
				}
			},
			"recall": func(rt *rapid.T) {
				if len(messages) == 0 {
					return
				}
				seq := rapid.IntRange(1, len(messages)).Draw(rt, "seq")
				r.call("group_msg_recall", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":%d}]}`, r.group, seq).MustOK(t)
				messages[seq-1].recalled = true
			},
			"": func(rt *rapid.T) {
				for part := range slices.Chunk(messages, 50) {
					var seqs []uint32
					var want []string
					for i, m := range part {
						seqs = append(seqs, uint32(slices.Index(messages, part[0])+i+1))
						if told := fmt.Sprintf("%d/%d", len(m.read), len(m.unread)); m.asks && !m.recalled {
							want = append(want, told)
						} else {
							want = append(want, "10062")
						}
					}
					if got := r.receipts(seqs...); !slices.Equal(got, want) {
						rt.Fatalf("receipts of %v are %v, want %v", seqs, got, want)
					}
				}
				for i, m := range messages {
					if !m.asks || m.recalled {
						continue
					}
					for filter, want := range [][]string{m.read, m.unread} {
						got, _ := r.readers(uint32(i+1), filter, 2)
						if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
							rt.Fatalf("with filter %d the accounts of %d are %v, want %v", filter, i+1, got, want)
						}
					}
				}
			},
		})
	})
}
