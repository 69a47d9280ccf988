package api

import (
	"context"

	"github.com/recant-chat/recant/chat"
)

type forbidSendMsgRequest struct {
	GroupID  *string  `json:"GroupId"`
	TopicID  *string  `json:"TopicId"`
	Accounts []string `json:"Members_Account"`
	MuteTime *uint32  `json:"MuteTime" older:"ShutUpTime"`
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
	GroupID *string `json:"GroupId"`
	TopicID *string `json:"TopicId"`
}

type getGroupMutedAccountResponse struct {
	GroupID string         `json:"GroupId"`
	Muted   []mutedAccount `json:"MutedAccountList"`
}

type mutedAccount struct {
	Account string `json:"Member_Account"`
	Until   uint32 `json:"MutedUntil"`
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
	GroupID string       `json:"GroupId"`
	Muted   []shuttedUin `json:"ShuttedUinList"`
}

type shuttedUin struct {
	Account string `json:"Member_Account"`
	Until   uint32 `json:"ShuttedUntil"`
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
