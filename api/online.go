package api

import (
	"context"

	"github.com/recant-chat/recant/chat"
)

const openIMService = "openim"

// onlineCommands are the commands on who is connected (spec 07 section 2, 03
// section 2.14).
func onlineCommands() []Command {
	return []Command{
		command(openIMService, "query_online_status", queryOnlineStatus, older("querystate"),
			repeatable(), doc(35477), summary("Tells which of up to 500 accounts are connected."),
			codes(chat.CodeAccountNotImported, chat.CodeRecipientsEmpty, chat.CodeRecipientsInvalid, chat.CodeBadElement,
				chat.CodeTooManyRecipients)),
		command(groupService, "get_online_member_num", getOnlineMemberNum,
			repeatable(), doc(38521), summary("Counts the members of a group that are connected."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeGroupNotFound, chat.CodeBadGroupID, chat.CodeCommunityOff)),
	}
}

// onlineOffline is an account's state as answers write it. Nobody is ever
// PushOnline: there is no push that could reach him.
func onlineOffline(online bool) string {
	if online {
		return "Online"
	}
	return "Offline"
}

type queryOnlineStatusRequest struct {
	Accounts []string `json:"To_Account" code:"90003" desc:"1 to 500 accounts" required:"true"`
	Detail   *int     `json:"IsNeedDetail" range:"0..1" desc:"1: on which platforms, too" default:"0"`
}

type queryOnlineStatusResponse struct {
	Results []onlineStatus  `json:"QueryResult" desc:"imported accounts, in the order of first appearance"`
	Failed  []onlineFailure `json:"ErrorList" desc:"accounts that were not imported"`
}

type onlineStatus struct {
	Account string           `json:"To_Account" desc:"account"`
	Status  string           `json:"Status" desc:"whether the account is connected" values:"Online,Offline"`
	State   string           `json:"State,omitzero" desc:"older name of Status; from querystate only" values:"Online,Offline"`
	Detail  []platformStatus `json:"Detail,omitzero" desc:"platforms on which it is connected; absent where it is not, or IsNeedDetail is not 1"`
}

type platformStatus struct {
	Platform string `json:"Platform" desc:"platform"`
	Status   string `json:"Status" desc:"state on the platform" values:"Online"`
}

type onlineFailure struct {
	Account string `json:"To_Account" desc:"account"`
	Code    int    `json:"ErrorCode" desc:"70107: the account was not imported"`
}

func queryOnlineStatus(ctx context.Context, call *Call, r *queryOnlineStatusRequest) (*queryOnlineStatusResponse, error) {
	statuses, err := call.App.Chat.OnlineStatuses(ctx, r.Accounts)
	if err != nil {
		return nil, err
	}
	answer := &queryOnlineStatusResponse{}
	for _, s := range statuses {
		if code, _ := itemResult(s.Err); code != 0 {
			answer.Failed = append(answer.Failed, onlineFailure{Account: s.Account, Code: code})
			continue
		}
		result := onlineStatus{Account: s.Account, Status: onlineOffline(len(s.Platforms) > 0)}
		if call.Command == "querystate" {
			result.State = result.Status
		}
		if value(r.Detail) == 1 {
			for _, platform := range s.Platforms {
				result.Detail = append(result.Detail, platformStatus{Platform: platform, Status: result.Status})
			}
		}
		answer.Results = append(answer.Results, result)
	}
	return answer, nil
}

type getOnlineMemberNumRequest struct {
	GroupID *string `json:"GroupId" desc:"id of the group" required:"true"`
}

type getOnlineMemberNumResponse struct {
	Num int `json:"OnlineMemberNum" desc:"members that are connected, up to 10 seconds ago; of an AVChatRoom those who are in it now, robots included"`
}

func getOnlineMemberNum(ctx context.Context, call *Call, r *getOnlineMemberNumRequest) (*getOnlineMemberNumResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	n, err := call.App.Chat.OnlineMemberNum(ctx, *r.GroupID)
	return &getOnlineMemberNumResponse{Num: n}, err
}
