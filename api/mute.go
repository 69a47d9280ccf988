package api

import (
	"context"

	"github.com/recant-chat/recant/chat"
)

type forbidSendMsgRequest struct {
	GroupID  *string  `json:"GroupId" desc:"id of the group" required:"true"`
	TopicID  *string  `json:"TopicId" desc:"id of the topic, in a community that has topics; absent: the group with all its topics"`
	Accounts []string `json:"Members_Account" desc:"1 to 500 accounts, members or not" required:"true"`
	MuteTime *uint32  `json:"MuteTime" older:"ShutUpTime" desc:"seconds from now; 0 ends the mute, 4294967295: for ever" required:"true"`
}

func forbidSendMsg(ctx context.Context, call *Call, r *forbidSendMsgRequest) (*noResult, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	return nil, call.App.Chat.Mute(ctx, call.Operator(), chat.Muting{
		GroupID: *r.GroupID, TopicID: value(r.TopicID), Accounts: r.Accounts, Seconds: r.MuteTime,
	})
}

type mutedAccountsRequest struct {
	GroupID *string `json:"GroupId" desc:"id of the group" required:"true"`
	TopicID *string `json:"TopicId" desc:"id of the topic, in a community that has topics; absent: the group itself"`
}

type getGroupMutedAccountResponse struct {
	GroupID string         `json:"GroupId" desc:"id of the group"`
	Muted   []mutedAccount `json:"MutedAccountList" desc:"members that are muted, of an AVChatRoom all accounts that are, in the order of their names"`
}

type mutedAccount struct {
	Account string `json:"Member_Account" desc:"account"`
	Until   uint32 `json:"MutedUntil" desc:"when the mute ends, Unix seconds; 4294967295: never"`
}

func getGroupMutedAccount(ctx context.Context, call *Call, r *mutedAccountsRequest) (*getGroupMutedAccountResponse, error) {
	muted, err := r.list(ctx, call)
	if err != nil {
		return nil, err
	}
	answer := &getGroupMutedAccountResponse{GroupID: *r.GroupID, Muted: make([]mutedAccount, len(muted))}
	for i, m := range muted {
		answer.Muted[i] = mutedAccount(m)
	}
	return answer, nil
}

// getGroupShuttedUinResponse is what the list of mutes was called before 2023.
type getGroupShuttedUinResponse struct {
	GroupID string       `json:"GroupId" desc:"id of the group"`
	Muted   []shuttedUin `json:"ShuttedUinList" desc:"members that are muted, of an AVChatRoom all accounts that are, in the order of their names"`
}

type shuttedUin struct {
	Account string `json:"Member_Account" desc:"account"`
	Until   uint32 `json:"ShuttedUntil" desc:"when the mute ends, Unix seconds; 4294967295: never"`
}

func getGroupShuttedUin(ctx context.Context, call *Call, r *mutedAccountsRequest) (*getGroupShuttedUinResponse, error) {
	muted, err := r.list(ctx, call)
	if err != nil {
		return nil, err
	}
	answer := &getGroupShuttedUinResponse{GroupID: *r.GroupID, Muted: make([]shuttedUin, len(muted))}
	for i, m := range muted {
		answer.Muted[i] = shuttedUin(m)
	}
	return answer, nil
}

func (r *mutedAccountsRequest) list(ctx context.Context, call *Call) ([]chat.MutedAccount, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	return call.App.Chat.MutedAccounts(ctx, *r.GroupID, value(r.TopicID))
}
