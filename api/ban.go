package api

import (
	"context"

	"github.com/recant-chat/recant/chat"
)

// banCommands are the commands on bans (spec 03 sections 2.3 to 2.5).
func banCommands() []Command {
	return []Command{
		command(groupService, "ban_group_member", banGroupMember,
			repeatable(), doc(50296), summary("Puts accounts out of a group and keeps them out for a while."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeTooManyAccounts, chat.CodeNotPermitted, chat.CodeGroupNotFound,
				chat.CodeBadGroupID, chat.CodeCommunityOff)),
		command(groupService, "unban_group_member", unbanGroupMember,
			repeatable(), doc(50297), summary("Ends bans early."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeTooManyAccounts, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeCommunityOff)),
		command(groupService, "get_group_ban_member", getGroupBanMember,
			repeatable(), doc(50295), summary("Lists the bans that run in a group, page by page."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeGroupNotFound, chat.CodeBadGroupID, chat.CodeCommunityOff)),
	}
}

type banGroupMemberRequest struct {
	GroupID     *string  `json:"GroupId" desc:"id of the group" required:"true"`
	Accounts    []string `json:"Members_Account" desc:"1 to 20 accounts, members or not, but not the owner" required:"true"`
	Duration    *uint32  `json:"Duration" range:"1..4294967295" desc:"seconds from now; 4294967295: for ever" required:"true"`
	Description *string  `json:"Description" desc:"why, at most 1000 bytes; kept, no answer has it"`
}

func banGroupMember(ctx context.Context, call *Call, r *banGroupMemberRequest) (*noResult, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	return nil, call.App.Chat.Ban(ctx, call.Operator(), chat.Banning{
		GroupID: *r.GroupID, Accounts: r.Accounts, Seconds: r.Duration, Description: value(r.Description),
	})
}

type unbanGroupMemberRequest struct {
	GroupID  *string  `json:"GroupId" desc:"id of the group" required:"true"`
	Accounts []string `json:"Members_Account" desc:"1 to 20 accounts; who is not banned is passed over" required:"true"`
}

func unbanGroupMember(ctx context.Context, call *Call, r *unbanGroupMemberRequest) (*noResult, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	return nil, call.App.Chat.Unban(ctx, *r.GroupID, r.Accounts)
}

type getGroupBanMemberRequest struct {
	GroupID *string `json:"GroupId" desc:"id of the group" required:"true"`
	Limit   *int64  `json:"Limit" desc:"accounts wanted, 1 to 100; 0 is 100" default:"100"`
	Offset  *int64  `json:"Offset" desc:"0 for the first page, then NextOffset of the page before" default:"0"`
}

type getGroupBanMemberResponse struct {
	Banned []bannedAccount `json:"BannedAccountList" desc:"accounts whose bans run, the earliest ban first"`
	Next   int64           `json:"NextOffset" desc:"Offset of the following call; 0 on the last page"`
}

type bannedAccount struct {
	Account string `json:"Member_Account" desc:"account"`
	Until   uint32 `json:"BannedUntil" desc:"when the ban ends, Unix seconds; 4294967295: never"`
}

func getGroupBanMember(ctx context.Context, call *Call, r *getGroupBanMemberRequest) (*getGroupBanMemberResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	page, err := call.App.Chat.Bans(ctx, chat.BanQuery{GroupID: *r.GroupID, Limit: value(r.Limit), Offset: value(r.Offset)})
	if err != nil {
		return nil, err
	}
	answer := &getGroupBanMemberResponse{Next: page.Next, Banned: make([]bannedAccount, len(page.Banned))}
	for i, b := range page.Banned {
		answer.Banned[i] = bannedAccount(b)
	}
	return answer, nil
}
