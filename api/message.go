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
			doc(34959), summary("Sends an ordinary message to a group or topic."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeMuted, chat.CodeAccountNotFound, chat.CodeMessageFrequency, chat.CodeTooManyMentions,
				chat.CodeFeatureOff, chat.CodeTooLargeForReceipts, chat.CodeReceiptOnlineOnly,
				chat.CodeCommunityOff, chat.CodeTextRefused, chat.CodeMessageTooLong)),
		command(groupService, "import_group_msg", importGroupMsg,
			doc(34968), summary("Brings in old messages under their own times."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeAccountNotFound, chat.CodeCommunityOff)),
		command(groupService, "group_msg_get_simple", groupMsgGetSimple,
			doc(34971), summary("Reads the history of a group or topic, newest first."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeGroupNotFound, chat.CodeBadGroupID, chat.CodeNoHistory,
				chat.CodeCommunityOff)),
		command(groupService, "group_msg_recall", groupMsgRecall,
			doc(34965), summary("Recalls up to 10 messages by their numbers."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeTypeWithoutRecall, chat.CodeRecallDisabled, chat.CodeCommunityOff)),
		command(groupService, "delete_group_msg_by_sender", deleteGroupMsgBySender,
			doc(34970), summary("Silently recalls what one sender posted among the newest 1,000 messages of a group or topic."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeCommunityOff)),
	}
}

type deleteGroupMsgBySenderRequest struct {
	GroupID *string `json:"GroupId"`
	Sender  *string `json:"Sender_Account"`
	TopicID *string `json:"TopicId"`
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
	GroupID         *string        `json:"GroupId"`
	TopicID         *string        `json:"TopicId"`
	Random          *uint32        `json:"Random"`
	Body            jsontext.Value `json:"MsgBody"`
	From            *string        `json:"From_Account"`
	Priority        *string        `json:"MsgPriority"`
	CloudCustomData *string        `json:"CloudCustomData" older:"cloudCustomData"`
	OnlineOnly      *int64         `json:"OnlineOnlyFlag" older:"MsgOnlineOnlyFlag"`
	Control         []string       `json:"SendMsgControl"`
	NoCallback      []string       `json:"ForbidCallbackControl"`
	OfflinePush     *offlinePush   `json:"OfflinePushInfo"`
	To              *[]string      `json:"To_Account" single:"true"`
	Mentions        []mention      `json:"GroupAtInfo"`
	NeedReceipt     *int           `json:"NeedReadReceipt" older:"IsNeedReadReceipt" range:"0..1"`
	Extensible      *int           `json:"SupportMessageExtension" range:"0..1"`
}

// offlinePush is accepted and has no effect: there is no push service. It is an
// object; nothing inside it is looked at.
type offlinePush struct{}

type mention struct {
	All     *int    `json:"GroupAtAllFlag" range:"0..1"`
	Account *string `json:"GroupAt_Account"`
}

type sendGroupMsgResponse struct {
	Time       int64  `json:"MsgTime"`
	Seq        uint32 `json:"MsgSeq"`
	DropReason string `json:"MsgDropReason,omitzero"`
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
	GroupID       *string           `json:"GroupId"`
	TopicID       *string           `json:"TopicId"`
	RecentContact *int              `json:"RecentContactFlag" range:"0..1"`
	Messages      []importedMessage `json:"MsgList"`
}

type importedMessage struct {
	From            *string        `json:"From_Account"`
	Time            *uint32        `json:"SendTime"`
	Random          *uint32        `json:"Random"`
	Body            jsontext.Value `json:"MsgBody"`
	CloudCustomData *string        `json:"CloudCustomData"`
}

type importGroupMsgResponse struct {
	Results []importResult `json:"ImportMsgResult"`
}

type importResult struct {
	Seq    uint32 `json:"MsgSeq"`
	Time   int64  `json:"MsgTime"`
	Result int    `json:"Result"`
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
	GroupID      *string `json:"GroupId"`
	Number       *int64  `json:"ReqMsgNumber"`
	FromSeq      *uint32 `json:"ReqMsgSeq"`
	WithRecalled *int    `json:"WithRecalledMsg" range:"0..1"`
	TopicID      *string `json:"TopicId"`
}

type groupMsgGetSimpleResponse struct {
	GroupID  string       `json:"GroupId"`
	Finished int          `json:"IsFinished"`
	Rows     []historyRow `json:"RspMsgList"`
}

// historyRow is one message of a page; every field is always there except the
// last two.
type historyRow struct {
	From            string         `json:"From_Account"`
	Place           int            `json:"IsPlaceMsg"`
	Body            jsontext.Value `json:"MsgBody"`
	Priority        uint32         `json:"MsgPriority"`
	Random          uint32         `json:"MsgRandom"`
	Seq             uint32         `json:"MsgSeq"`
	Time            int64          `json:"MsgTimeStamp"`
	System          int            `json:"IsSystemMsg,omitzero"`
	CloudCustomData string         `json:"CloudCustomData,omitzero"`
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
	GroupID *string      `json:"GroupId"`
	Seqs    []messageSeq `json:"MsgSeqList"`
	TopicID *string      `json:"TopicId"`
	Reason  *string      `json:"Reason"`
}

// messageSeq is a message in a list of a request.
type messageSeq struct {
	Seq *uint32 `json:"MsgSeq" range:"1..4294967295"`
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
	Results []recallResult `json:"RecallRetList"`
	// Older is the name under which one widely used SDK looks for the results.
	Older []recallResult `json:"Results"`
}

type recallResult struct {
	Seq  uint32 `json:"MsgSeq"`
	Code int    `json:"RetCode"`
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
