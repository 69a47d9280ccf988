package api

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/chat"
)

// messageCommands are the commands on group messages (spec 04).
func messageCommands() []Command {
	return []Command{
		command(groupService, "send_group_msg", sendGroupMsg,
			repeatableBy("Random"), doc(34959), summary("Sends an ordinary message to a group or topic."),
			codes(chat.CodeRefusedByBackend, chat.CodeBeforeSendFailed),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeMuted, chat.CodeAccountNotFound, chat.CodeMessageFrequency, chat.CodeTooManyMentions,
				chat.CodeFeatureOff, chat.CodeTooLargeForReceipts, chat.CodeReceiptOnlineOnly,
				chat.CodeCommunityOff, chat.CodeTextRefused, chat.CodeMessageTooLong)),
		command(groupService, "import_group_msg", importGroupMsg,
			doc(34968), summary("Brings in old messages under their own times."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeAccountNotFound, chat.CodeCommunityOff)),
		command(groupService, "group_msg_get_simple", groupMsgGetSimple,
			repeatable(), doc(34971), summary("Reads the history of a group or topic, newest first."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeGroupNotFound, chat.CodeBadGroupID, chat.CodeNoHistory,
				chat.CodeCommunityOff)),
		command(groupService, "group_msg_recall", groupMsgRecall,
			repeatable(), doc(34965), summary("Recalls up to 10 messages by their numbers."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeTypeWithoutRecall, chat.CodeRecallDisabled, chat.CodeCommunityOff)),
		command(groupService, "delete_group_msg_by_sender", deleteGroupMsgBySender,
			repeatable(), doc(34970), summary("Silently recalls what one sender posted among the newest 1,000 messages of a group or topic."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeCommunityOff)),
	}
}

type deleteGroupMsgBySenderRequest struct {
	GroupID *string `json:"GroupId" desc:"id of the group" required:"true"`
	Sender  *string `json:"Sender_Account" desc:"account whose messages are recalled; need not be a member, nor exist any more" required:"true"`
	TopicID *string `json:"TopicId" desc:"id of the topic, in a community that has topics; absent: the group itself"`
}

func deleteGroupMsgBySender(ctx context.Context, call *Call, r *deleteGroupMsgBySenderRequest) (*noResult, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	if r.Sender == nil {
		return nil, missing("Sender_Account")
	}
	return nil, call.App.Chat.RecallBySender(ctx, call.Operator(), *r.GroupID, value(r.TopicID), *r.Sender)
}

type sendGroupMsgRequest struct {
	GroupID         *string        `json:"GroupId" desc:"id of the group" required:"true"`
	TopicID         *string        `json:"TopicId" desc:"id of the topic; needed in a community that has topics, unless community_direct_messages is on"`
	Random          *uint32        `json:"Random" desc:"any number; a message repeats another of the last 300 seconds if sender, Random and MsgBody are the same, and is answered like it" required:"true"`
	Body            jsontext.Value `json:"MsgBody" desc:"one or more elements {MsgType, MsgContent}, at most one TIMCustomElem; at most 12288 bytes together with CloudCustomData" required:"true"`
	From            *string        `json:"From_Account" desc:"sender, an account that was imported, member of the group or not; absent: the calling administrator"`
	Priority        *string        `json:"MsgPriority" desc:"what passes the frequency control first" values:"High,Normal,Low,Lowest" default:"Normal"`
	CloudCustomData *string        `json:"CloudCustomData" older:"cloudCustomData" desc:"any text that goes with the message; counts towards the 12288 bytes of MsgBody"`
	OnlineOnly      *int64         `json:"OnlineOnlyFlag" older:"MsgOnlineOnlyFlag" desc:"above 0: for those who are online now, not stored and without a number; no effect in an AVChatRoom" default:"0"`
	Control         []string       `json:"SendMsgControl" desc:"NoUnread: is not counted as unread; NoLastMsg: leaves conversation lists; NoMsgCheck: skips refused_words (no_msg_check); not with OnlineOnlyFlag nor in an AVChatRoom" values:"NoUnread,NoLastMsg,WithMuteNotifications,NoMsgCheck"`
	NoCallback      []string       `json:"ForbidCallbackControl" desc:"webhooks that this message does not call" values:"ForbidBeforeSendMsgCallback,ForbidAfterSendMsgCallback"`
	OfflinePush     *offlinePush   `json:"OfflinePushInfo" desc:"an object; has no effect, there is no push service"`
	To              *[]string      `json:"To_Account" single:"true" desc:"1 to 50 imported accounts, one or more of them members, who alone get the message; not in AVChatRoom and Community, nor with GroupAtInfo; absent: everybody"`
	Mentions        []mention      `json:"GroupAtInfo" desc:"at most 30 mentions"`
	NeedReceipt     *int           `json:"NeedReadReceipt" older:"IsNeedReadReceipt" range:"0..1" desc:"1: asks for read receipts, in a group of at most 200 members and not with OnlineOnlyFlag; no effect in AVChatRoom and Community" default:"0"`
	Extensible      *int           `json:"SupportMessageExtension" range:"0..1" desc:"1: the message takes extensions; no effect in AVChatRoom and Community" default:"0"`
}

// offlinePush is accepted and has no effect: there is no push service. It is an
// object; nothing inside it is looked at.
type offlinePush struct{}

type mention struct {
	All     *int    `json:"GroupAtAllFlag" range:"0..1" desc:"1: mentions everybody, not in an AVChatRoom" default:"0"`
	Account *string `json:"GroupAt_Account" desc:"account that is mentioned; needed where GroupAtAllFlag is not 1"`
}

type sendGroupMsgResponse struct {
	Time       int64  `json:"MsgTime" desc:"when the message was sent, Unix seconds"`
	Seq        uint32 `json:"MsgSeq" desc:"number of the message; 0 where it has none: online-only or dropped"`
	DropReason string `json:"MsgDropReason,omitzero" desc:"why the message was dropped; absent where it was not" values:"MsgFreqCtrl"`
}

func sendGroupMsg(ctx context.Context, call *Call, r *sendGroupMsgRequest) (*sendGroupMsgResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	mentions, err := r.mentions()
	if err != nil {
		return nil, err
	}
	sent, err := call.App.Chat.Send(ctx, call.Operator(), chat.Message{
		GroupID: *r.GroupID, TopicID: value(r.TopicID), From: value(r.From), Random: r.Random,
		Body: r.Body, Priority: value(r.Priority), CloudCustomData: value(r.CloudCustomData),
		OnlineOnly: value(r.OnlineOnly) > 0, Control: r.Control, NoCallback: r.NoCallback, To: r.To,
		Mentions: mentions, NeedReceipt: value(r.NeedReceipt) == 1, Extensible: value(r.Extensible) == 1,
	})
	if err != nil {
		return nil, err
	}
	answer := &sendGroupMsgResponse{Time: sent.Time, Seq: sent.Seq}
	if sent.Dropped {
		answer.DropReason = "MsgFreqCtrl"
	}
	return answer, nil
}

func (r *sendGroupMsgRequest) mentions() ([]chat.Mention, error) {
	if value(r.OnlineOnly) < 0 {
		return nil, chat.Refuse(chat.CodeInvalid, "OnlineOnlyFlag is %d, must be 0 or more", *r.OnlineOnly)
	}
	mentions := make([]chat.Mention, len(r.Mentions))
	for i, m := range r.Mentions {
		mentions[i] = chat.Mention{All: value(m.All) == 1, Account: value(m.Account)}
	}
	return mentions, nil
}

type importGroupMsgRequest struct {
	GroupID       *string           `json:"GroupId" desc:"id of the group" required:"true"`
	TopicID       *string           `json:"TopicId" desc:"id of the topic; needed in a community that has topics, unless community_direct_messages is on"`
	RecentContact *int              `json:"RecentContactFlag" range:"0..1" desc:"1: the messages update conversation lists; not in a Community" default:"0"`
	Messages      []importedMessage `json:"MsgList" desc:"1 to 20 messages (import_max_batch), oldest first" required:"true"`
}

type importedMessage struct {
	From            *string        `json:"From_Account" desc:"sender, an account that was imported, member of the group or not" required:"true"`
	Time            *uint32        `json:"SendTime" desc:"Unix seconds, not before the group was created, nor before its newest ordinary message, nor after now" required:"true"`
	Random          *uint32        `json:"Random" desc:"any number; an import repeats another of the last 300 seconds if sender, Random, SendTime and MsgBody are the same; absent: is no repeat"`
	Body            jsontext.Value `json:"MsgBody" desc:"one or more elements {MsgType, MsgContent}, at most one TIMCustomElem; at most 12288 bytes together with CloudCustomData" required:"true"`
	CloudCustomData *string        `json:"CloudCustomData" desc:"any text that goes with the message; counts towards the 12288 bytes of MsgBody"`
}

type importGroupMsgResponse struct {
	Results []importResult `json:"ImportMsgResult" desc:"one result per message, in order"`
}

type importResult struct {
	Seq    uint32 `json:"MsgSeq" desc:"number of the message; 0 where it was not stored"`
	Time   int64  `json:"MsgTime" desc:"SendTime of the message, Unix seconds"`
	Result int    `json:"Result" desc:"0 where it was stored; 10004 for a SendTime out of bounds, 80001 for refused words, 80002 for too many bytes"`
}

func importGroupMsg(ctx context.Context, call *Call, r *importGroupMsgRequest) (*importGroupMsgResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	request := chat.Import{
		GroupID: *r.GroupID, TopicID: value(r.TopicID), RecentContact: value(r.RecentContact) == 1,
	}
	for _, m := range r.Messages {
		message := chat.ImportedMessage{
			From: value(m.From), Random: m.Random, Body: m.Body, CloudCustomData: value(m.CloudCustomData),
		}
		if m.Time != nil {
			time := int64(*m.Time)
			message.Time = &time
		}
		request.Messages = append(request.Messages, message)
	}
	results, err := call.App.Chat.ImportMessages(ctx, call.Operator(), request)
	if err != nil {
		return nil, err
	}
	answer := &importGroupMsgResponse{Results: make([]importResult, len(results))}
	for i, result := range results {
		answer.Results[i] = importResult{Seq: result.Seq, Time: result.Time, Result: int(result.Code)}
	}
	return answer, nil
}

type groupMsgGetSimpleRequest struct {
	GroupID      *string `json:"GroupId" desc:"id of the group" required:"true"`
	Number       *int64  `json:"ReqMsgNumber" desc:"messages wanted, 1 or more; at most 20 are returned" required:"true"`
	FromSeq      *uint32 `json:"ReqMsgSeq" desc:"highest number wanted, itself included; absent or 0: the newest" default:"0"`
	WithRecalled *int    `json:"WithRecalledMsg" range:"0..1" desc:"1: recalled messages are returned too" default:"0"`
	TopicID      *string `json:"TopicId" desc:"id of the topic, in a community that has topics; absent: the group itself"`
}

type groupMsgGetSimpleResponse struct {
	GroupID  string       `json:"GroupId" desc:"id of the group"`
	Finished int          `json:"IsFinished" desc:"1: as many messages as asked for, or number 1 was reached; 2: all that was asked for has expired; 0: otherwise"`
	Rows     []historyRow `json:"RspMsgList" desc:"messages, the newest first"`
}

// historyRow is one message of a page.
type historyRow struct {
	From            string         `json:"From_Account" desc:"sender; empty for a placeholder"`
	Place           int            `json:"IsPlaceMsg" desc:"0: message; 1: placeholder, of which only the number is left; 2: recalled message"`
	Body            jsontext.Value `json:"MsgBody" desc:"elements {MsgType, MsgContent} byte for byte as they were sent or last modified; [] for a placeholder, of a system tip an object (or as history_tip_style says)"`
	Priority        uint32         `json:"MsgPriority" desc:"1 High, 2 Normal, 3 Low, 4 Lowest"`
	Random          uint32         `json:"MsgRandom" desc:"Random of the message; 0 for a placeholder"`
	Seq             uint32         `json:"MsgSeq" desc:"number of the message"`
	Time            int64          `json:"MsgTimeStamp" desc:"when the message was sent, Unix seconds; 0 for a placeholder"`
	System          int            `json:"IsSystemMsg,omitzero" desc:"1 for a system tip, else absent"`
	CloudCustomData string         `json:"CloudCustomData,omitzero" desc:"custom data of the message; absent where it has none"`
}

func groupMsgGetSimple(ctx context.Context, call *Call, r *groupMsgGetSimpleRequest) (*groupMsgGetSimpleResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	if r.Number == nil {
		return nil, missing("ReqMsgNumber")
	}
	page, err := call.App.Chat.History(ctx, chat.HistoryRequest{
		GroupID: *r.GroupID, TopicID: value(r.TopicID), Number: *r.Number,
		FromSeq: value(r.FromSeq), WithRecalled: value(r.WithRecalled) == 1,
	})
	if err != nil {
		return nil, err
	}
	return &groupMsgGetSimpleResponse{GroupID: *r.GroupID, Finished: page.Finished, Rows: historyRows(page.Rows)}, nil
}

func historyRows(list []chat.HistoryRow) []historyRow {
	rows := make([]historyRow, len(list))
	for i, row := range list {
		rows[i] = historyRow{
			From: row.Sender, Place: row.Place, Body: row.Body, Priority: row.Priority, Random: row.Random,
			Seq: row.Seq, Time: row.Time, CloudCustomData: row.CloudCustomData,
		}
		if row.Tip {
			rows[i].System = 1
		}
	}
	return rows
}

type groupMsgRecallRequest struct {
	GroupID *string      `json:"GroupId" desc:"id of the group" required:"true"`
	Seqs    []messageSeq `json:"MsgSeqList" desc:"1 to 10 messages" required:"true"`
	TopicID *string      `json:"TopicId" desc:"id of the topic, in a community that has topics; absent: the group itself"`
	Reason  *string      `json:"Reason" desc:"at most 100 bytes, kept with the recall"`
}

// messageSeq is a message in a list of a request.
type messageSeq struct {
	Seq *uint32 `json:"MsgSeq" range:"1..4294967295" desc:"number of the message" required:"true"`
}

// messageSeqs returns the numbers of a MsgSeqList.
func messageSeqs(list []messageSeq) ([]uint32, error) {
	seqs := make([]uint32, len(list))
	for i, item := range list {
		if item.Seq == nil {
			return nil, chat.Refuse(chat.CodeInvalid, "MsgSeqList[%d].MsgSeq is missing", i)
		}
		seqs[i] = *item.Seq
	}
	return seqs, nil
}

type groupMsgRecallResponse struct {
	Results []recallResult `json:"RecallRetList" desc:"one result per number, in order"`
	Older   []recallResult `json:"Results" desc:"the same as RecallRetList: one widely used SDK looks here"`
}

type recallResult struct {
	Seq  uint32 `json:"MsgSeq" desc:"number of the message"`
	Code int    `json:"RetCode" desc:"0 where the message is recalled, also if it was before; 10030 where there is none of that number, 10032 for a system tip"`
}

func groupMsgRecall(ctx context.Context, call *Call, r *groupMsgRecallRequest) (*groupMsgRecallResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	seqs, err := messageSeqs(r.Seqs)
	if err != nil {
		return nil, err
	}
	results, err := call.App.Chat.RecallMessages(ctx, call.Operator(), *r.GroupID, value(r.TopicID), seqs, value(r.Reason))
	if err != nil {
		return nil, err
	}
	answer := &groupMsgRecallResponse{Results: make([]recallResult, len(results))}
	for i, result := range results {
		answer.Results[i] = recallResult{Seq: result.Seq, Code: int(result.Code)}
	}
	answer.Older = answer.Results
	return answer, nil
}
