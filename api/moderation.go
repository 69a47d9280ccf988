package api

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/chat"
)

const moderationService = "moderation_http_svc"

// moderationCommands are Recant's own commands for those who look for what is to
// be recalled, and at what was.
func moderationCommands() []Command {
	common := codes(chat.CodeInternal, chat.CodeInvalid)
	return []Command{
		command(moderationService, "search_groups", searchGroups,
			repeatable(), summary("Finds groups by a part of their id or name, the newest first, each with its newest message."), common),
		command(moderationService, "get_timeline", getTimeline,
			repeatable(), summary("Returns a part of a group's or topic's messages as moderators see them: recalled ones too, with who recalled them, when and why."), common,
			codes(chat.CodeBadGroupID, chat.CodeGroupNotFound, chat.CodeNoHistory, chat.CodeCommunityOff)),
	}
}

type searchGroupsRequest struct {
	Query *string `json:"Query" desc:"part of the id or the name in any letter case, at most 100 bytes; a group whose whole id it is comes first; empty: all groups"`
	Type  *string `json:"GroupType" desc:"only groups of this type; empty: all types" values:"Private,Public,ChatRoom,AVChatRoom,Community,Work,Meeting,BChatRoom"`
	Limit *int    `json:"Limit" desc:"groups wanted, 1 to 100; 0 is 20" default:"20"`
	Next  *string `json:"Next" desc:"empty for the first page, then Next of the page before, with the same Query and GroupType"`
}

type searchGroupsResponse struct {
	Groups  []foundGroup `json:"Groups" desc:"groups that match, the newest first; also before the last page there may be fewer than Limit, or none"`
	Scanned int          `json:"ScannedNum" desc:"entries of the directory of groups that this call looked at, at most 1000"`
	Next    string       `json:"Next" desc:"Next of the following call; empty on the last page"`
}

// foundGroup is a group that was searched for.
type foundGroup struct {
	ID           string         `json:"GroupId" desc:"id of the group"`
	Type         chat.GroupType `json:"Type" desc:"type of the group" values:"Private,Public,ChatRoom,AVChatRoom,Community"`
	Name         string         `json:"Name" desc:"name of the group"`
	FaceURL      string         `json:"FaceUrl" desc:"address of the group's picture; empty: none"`
	Owner        string         `json:"Owner_Account" desc:"owner of the group; empty: none"`
	MemberNum    uint32         `json:"MemberNum" desc:"members"`
	CreateTime   int64          `json:"CreateTime" desc:"when the group was created, Unix seconds"`
	SupportTopic int            `json:"SupportTopic" desc:"1: a community whose messages are in topics"`
	LastMsgTime  int64          `json:"LastMsgTime" desc:"when the newest message was sent, without tips, Unix seconds; 0: none yet"`
	NextMsgSeq   uint64         `json:"NextMsgSeq" desc:"number of the group's next message"`
	Newest       *timelineRow   `json:"NewestMsg,omitzero" desc:"newest message of the group itself, without tips, recalled or not; absent where there is none or it has expired"`
}

func searchGroups(ctx context.Context, call *Call, r *searchGroupsRequest) (*searchGroupsResponse, error) {
	found, err := call.App.Chat.SearchGroups(ctx, chat.GroupSearch{
		Query: value(r.Query), Type: value(r.Type), Limit: limitOr(r.Limit, 20), Next: value(r.Next),
	})
	if err != nil {
		return nil, err
	}
	answer := &searchGroupsResponse{Scanned: found.ScannedNum, Next: found.Next}
	for _, g := range found.Groups {
		shown := foundGroup{
			ID: g.ID, Type: g.Type, Name: g.Name, FaceURL: g.FaceURL, Owner: g.Owner, MemberNum: g.MemberNum,
			CreateTime: g.CreateTime, SupportTopic: bit(value(g.SupportTopic)), LastMsgTime: g.LastMsgTime, NextMsgSeq: g.NextMsgSeq,
		}
		if g.Newest != nil {
			shown.Newest = new(newTimelineRow(g.Newest))
		}
		answer.Groups = append(answer.Groups, shown)
	}
	return answer, nil
}

type getTimelineRequest struct {
	GroupID *string `json:"GroupId" desc:"id of the group" required:"true"`
	TopicID *string `json:"TopicId" desc:"id of the topic, in a community that has topics; absent: the group itself"`
	FromSeq *uint32 `json:"FromSeq" desc:"highest number wanted, itself included; 0: the newest" default:"0"`
	AtTime  *int64  `json:"AtTime" desc:"instead of FromSeq, rows around the first message sent at this time or later, Unix seconds; 0: not given" default:"0"`
	Limit   *int    `json:"Limit" desc:"rows wanted, 1 to 200; 0 is 50" default:"50"`
}

type getTimelineResponse struct {
	Rows       []timelineRow `json:"Messages" desc:"one row for each number from FromSeq downwards, without gaps; fewer than Limit where an answer would exceed 1 MB"`
	NextSeq    uint32        `json:"NextFromSeq" desc:"FromSeq of the following call; 0 where nothing older is kept"`
	NewestSeq  uint32        `json:"NewestSeq" desc:"newest number; 0: no message yet"`
	NewestTime int64         `json:"NewestTime" desc:"when that message was sent, Unix seconds; 0: no message yet"`
	OldestSeq  uint32        `json:"OldestSeq" desc:"oldest number that has not expired, below which only what is on hold is kept; 0: none"`
	OldestTime int64         `json:"OldestTime" desc:"when that message was sent, Unix seconds; 0: none"`
	AtSeq      uint32        `json:"AtSeq,omitzero" desc:"with AtTime: number of the first message sent at that time or later, or the newest number where there is none; else absent"`
}

// timelineRow is a number of a conversation as moderators see it.
type timelineRow struct {
	Seq             uint32         `json:"MsgSeq" desc:"number of the message"`
	State           string         `json:"State" desc:"live: members can see it; recalled; erased: recalled, and its content is gone; expired: only the number is left" values:"live,recalled,erased,expired"`
	From            string         `json:"From_Account" desc:"sender; empty where expired"`
	Time            int64          `json:"MsgTimeStamp" desc:"when the message was sent, Unix seconds; 0 where expired"`
	Random          uint32         `json:"MsgRandom" desc:"Random of the message; 0 where expired"`
	Priority        uint32         `json:"MsgPriority" desc:"1 High, 2 Normal, 3 Low, 4 Lowest"`
	Body            jsontext.Value `json:"MsgBody" desc:"elements {MsgType, MsgContent} byte for byte as they were sent or last modified, also of a recalled message; [] where erased or expired, of a system tip an object"`
	CloudCustomData string         `json:"CloudCustomData,omitzero" desc:"custom data of the message; absent where it has none"`
	System          int            `json:"IsSystemMsg,omitzero" desc:"1 for a system tip, else absent"`
	EditNum         uint32         `json:"EditNum,omitzero" desc:"how often the message was modified; absent: never"`
	EditTime        int64          `json:"EditTime,omitzero" desc:"when it was last modified, Unix seconds; absent: never"`
	Recalled        *rowRecall     `json:"Recalled,omitzero" desc:"of a recalled or erased message, the newest operation that hides it"`
}

// rowRecall is the operation that hides a message.
type rowRecall struct {
	OperationID string `json:"OperationId" desc:"id of the operation"`
	Operator    string `json:"Operator_Account" desc:"administrator who made the call"`
	Time        int64  `json:"Time" desc:"when, Unix seconds"`
	Reason      string `json:"Reason" desc:"why, as it was given; may be empty"`
	Command     string `json:"Command" desc:"the call that was made" values:"delete_group_msg_by_sender,group_msg_recall,recall_by_sender"`
	Type        string `json:"Type" desc:"sender: one of a sender's messages in a range; number: named by its number; fence: sent after the recall, while its fence stood" values:"sender,number,fence"`
}

func newTimelineRow(r *chat.TimelineRow) timelineRow {
	row := timelineRow{
		Seq: r.Seq, State: r.State, From: r.Sender, Time: r.Time, Random: r.Random, Priority: r.Priority,
		Body: r.Body, CloudCustomData: r.CloudCustomData, System: bit(r.Tip), EditNum: r.EditNum, EditTime: r.EditTime,
	}
	if o := r.Recall; o != nil {
		row.Recalled = &rowRecall{
			OperationID: o.Operation, Operator: o.Operator, Time: o.Time, Reason: o.Reason, Command: o.Command, Type: o.Type,
		}
	}
	return row
}

func getTimeline(ctx context.Context, call *Call, r *getTimelineRequest) (*getTimelineResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	page, err := call.App.Chat.Timeline(ctx, chat.TimelineRequest{
		GroupID: *r.GroupID, TopicID: value(r.TopicID), FromSeq: value(r.FromSeq), AtTime: value(r.AtTime), Limit: limitOr(r.Limit, 50),
	})
	if err != nil {
		return nil, err
	}
	answer := &getTimelineResponse{
		Rows: make([]timelineRow, len(page.Rows)), NextSeq: page.NextSeq, NewestSeq: page.NewestSeq, NewestTime: page.NewestTime,
		OldestSeq: page.OldestSeq, OldestTime: page.OldestTime, AtSeq: page.AtSeq,
	}
	for i := range page.Rows {
		answer.Rows[i] = newTimelineRow(&page.Rows[i])
	}
	return answer, nil
}
