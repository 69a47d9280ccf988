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
			repeatable(), doc(47948), summary("Replaces the body or the custom data of a message of a group or topic."),
			codes(codeOpenIMBadJSON, chat.CodeBadEdit, codeOpenIMInternal, chat.CodeEditTargetNotFound, chat.CodeEditTargetRecalled,
				chat.CodeEditConflict, chat.CodeBadMsgBody, chat.CodeMsgBodyNoArray, chat.CodeBadElement,
				chat.CodeCommunityOff, chat.CodeTextRefused, chat.CodeMessageTooLong, chat.CodeHeld)),
	}
}

type modifyGroupMsgRequest struct {
	GroupID         *string        `json:"GroupId" code:"20001" desc:"id of the group" required:"true"`
	Seq             *uint32        `json:"MsgSeq" range:"1..4294967295" code:"20001" desc:"number of the message" required:"true"`
	Body            jsontext.Value `json:"MsgBody" desc:"one or more elements {MsgType, MsgContent}, at most one TIMCustomElem; at most 12288 bytes together with CloudCustomData; absent: stays as it is; MsgBody or CloudCustomData is needed"`
	CloudCustomData *string        `json:"CloudCustomData" code:"20001" desc:"any text; empty removes it, absent: stays as it is"`
	TopicID         *string        `json:"TopicId" code:"20001" desc:"id of the topic, in a community that has topics; absent: the group itself"`
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
