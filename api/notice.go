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
			repeatableBy("Random"), doc(49440), summary("Sends a message to everybody in the AVChatRooms of the application."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeMuted, chat.CodeAccountNotFound,
				chat.CodeMessageFrequency, chat.CodeTextRefused, chat.CodeMessageTooLong)),
	}
}

type sendGroupSystemNotificationRequest struct {
	GroupID *string  `json:"GroupId" desc:"id of the group" required:"true"`
	Content *string  `json:"Content" desc:"the text, at most 12288 bytes; may be empty" required:"true"`
	To      []string `json:"ToMembers_Account" desc:"at most 500 receivers, of whom those who are no members are passed over; not in an AVChatRoom; absent or empty: everybody"`
	TopicID *string  `json:"TopicId" desc:"id of the topic in whose context it is shown; absent: the group's"`
}

func sendGroupSystemNotification(ctx context.Context, call *Call, r *sendGroupSystemNotificationRequest) (*noResult, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	return nil, call.App.Chat.Notify(ctx, chat.Notice{GroupID: *r.GroupID, TopicID: value(r.TopicID), Content: r.Content, To: r.To})
}

type sendBroadcastMsgRequest struct {
	From            *string        `json:"From_Account" desc:"sender, an account that was imported; absent: the calling administrator"`
	Random          *uint32        `json:"Random" desc:"any number; a message repeats another of the last 300 seconds if sender, Random and MsgBody are the same, and is answered like it" required:"true"`
	Body            jsontext.Value `json:"MsgBody" desc:"one or more elements {MsgType, MsgContent}, at most one TIMCustomElem; at most 12288 bytes together with CloudCustomData" required:"true"`
	CloudCustomData *string        `json:"CloudCustomData" desc:"any text that goes with the message; counts towards the 12288 bytes of MsgBody"`
}

type sendBroadcastMsgResponse struct {
	Seq uint32 `json:"MsgSeq" desc:"number of the broadcast, counted from 1 in the application"`
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
