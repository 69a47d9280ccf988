package api

import (
	"context"

	"github.com/recant-chat/recant/chat"
)

// clearCommands hide history from members (spec 04 section 11).
func clearCommands() []Command {
	return []Command{
		command(groupService, "clear_group_msg", clearGroupMsg,
			repeatable(), doc(65970), summary("Hides the history of a group from its members, up to a number or all of it."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound, chat.CodeBadGroupID)),
	}
}

type clearGroupMsgRequest struct {
	GroupID *string `json:"GroupId" desc:"id of the group" required:"true"`
	Seq     *uint32 `json:"MsgSeq" desc:"highest number that is hidden; absent or 0: all that are there" default:"0"`
}

func clearGroupMsg(ctx context.Context, call *Call, r *clearGroupMsgRequest) (*noResult, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	return nil, call.App.Chat.ClearMessages(ctx, call.Operator(), *r.GroupID, value(r.Seq))
}
