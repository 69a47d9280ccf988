package api

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/chat"
)

// editCommands are the commands that change messages (spec 04 section 10).
func editCommands() []Command {
	return []Command{
		command("openim", "modify_group_msg", modifyGroupMsg,
			doc(47948), summary("Replaces the body or the custom data of a message of a group or topic."),
			codes(chat.CodeBadEdit, codeOpenIMInternal, chat.CodeEditTargetNotFound, chat.CodeEditTargetRecalled,
				chat.CodeEditConflict, chat.CodeBadMsgBody, chat.CodeMsgBodyNoArray, chat.CodeBadElement,
				chat.CodeCommunityOff, chat.CodeTextRefused, chat.CodeMessageTooLong, chat.CodeHeld)),
	}
}

type modifyGroupMsgRequest struct {
	GroupID         *string        `json:"GroupId" code:"20001"`
	Seq             *uint32        `json:"MsgSeq" range:"1..4294967295" code:"20001"`
	Body            jsontext.Value `json:"MsgBody"`
	CloudCustomData *string        `json:"CloudCustomData" code:"20001"`
	TopicID         *string        `json:"TopicId" code:"20001"`
}

func modifyGroupMsg(ctx context.Context, call *Call, r *modifyGroupMsgRequest) (*noResult, error) {
	if r.GroupID == nil {
		return nil, chat.Refuse(chat.CodeBadEdit, "GroupId is missing")
	}
	if r.Seq == nil {
		return nil, chat.Refuse(chat.CodeBadEdit, "MsgSeq is missing")
	}
	return nil, call.App.Chat.ModifyMessage(ctx, chat.Edit{
		GroupID: *r.GroupID, TopicID: value(r.TopicID), Seq: *r.Seq, Body: r.Body, CloudCustomData: r.CloudCustomData,
	})
}
