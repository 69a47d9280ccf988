package api

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/chat"
)

// noticeCommands are the commands for those who are online, which leave no
// message behind (spec 04 sections 7 and 8).
func noticeCommands() []Command {
	return []Command{
		command(groupService, "send_group_system_notification", sendGroupSystemNotification,
			doc(34958), summary("Sends a text to those members of a group who are online."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeCommunityOff, chat.CodeTextRefused, chat.CodeMessageTooLong)),
		command(groupService, "send_broadcast_msg", sendBroadcastMsg,
			doc(49440), summary("Sends a message to everybody in the AVChatRooms of the application."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeMuted, chat.CodeAccountNotFound,
				chat.CodeMessageFrequency, chat.CodeTextRefused, chat.CodeMessageTooLong)),
	}
}

type sendGroupSystemNotificationRequest struct {
	GroupID *string  `json:"GroupId"`
	Content *string  `json:"Content"`
	To      []string `json:"ToMembers_Account"`
	TopicID *string  `json:"TopicId"`
}

func sendGroupSystemNotification(ctx context.Context, call *Call, r *sendGroupSystemNotificationRequest) (*noResult, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	return nil, call.App.Chat.Notify(ctx, chat.Notice{GroupID: *r.GroupID, TopicID: value(r.TopicID), Content: r.Content, To: r.To})
}

type sendBroadcastMsgRequest struct {
	From            *string        `json:"From_Account"`
	Random          *uint32        `json:"Random"`
	Body            jsontext.Value `json:"MsgBody"`
	CloudCustomData *string        `json:"CloudCustomData"`
}

type sendBroadcastMsgResponse struct {
	Seq uint32 `json:"MsgSeq"`
}

func sendBroadcastMsg(ctx context.Context, call *Call, r *sendBroadcastMsgRequest) (*sendBroadcastMsgResponse, error) {
	seq, err := call.App.Chat.Broadcast(ctx, call.Operator(), chat.Broadcast{
		From: value(r.From), Random: r.Random, Body: r.Body, CloudCustomData: value(r.CloudCustomData),
	})
	if err != nil {
		return nil, err
	}
	return &sendBroadcastMsgResponse{Seq: seq}, nil
}
