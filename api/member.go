package api

import (
	"context"
	"slices"

	"github.com/recant-chat/recant/chat"
)

// memberCommands are the commands on members of groups (spec 03 section 2).
func memberCommands() []Command {
	return []Command{
		command(groupService, "add_group_member", addGroupMember,
			doc(34921), summary("Puts accounts into a group at once, without anybody's approval."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeTooManyAccounts, chat.CodeNotPermitted, chat.CodeGroupNotFound,
				chat.CodeGroupFull, chat.CodeBadGroupID, chat.CodeAccountNotFound, chat.CodeUserGroupQuota, chat.CodeCommunityOff)),
		command(groupService, "delete_group_member", deleteGroupMember,
			doc(34949), summary("Removes accounts from a group; what they wrote stays."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeTooManyAccounts, chat.CodeNotPermitted, chat.CodeGroupNotFound,
				chat.CodeBadGroupID, chat.CodeCommunityOff)),
		command(groupService, "get_group_member_info", getGroupMemberInfo,
			doc(34948), summary("Lists the members of a group with their records, page by page."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeAnswerTooLarge, chat.CodeCommunityOff)),
		command(groupService, "get_specified_group_member_info", getSpecifiedGroupMemberInfo,
			doc(64897), summary("Reads the records of up to 50 named members."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeTooManyAccounts, chat.CodeNotPermitted, chat.CodeGroupNotFound,
				chat.CodeBadGroupID, chat.CodeCommunityOff)),
		command(groupService, "modify_group_member_info", modifyGroupMemberInfo,
			doc(34900), summary("Changes a member's role, receive option, name card, custom fields or mute."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeCommunityOff, chat.CodeTextRefused)),
		command(groupService, "get_role_in_group", getRoleInGroup,
			doc(34963), summary("Reads the roles of up to 500 accounts in a group."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeTooManyAccounts, chat.CodeNotPermitted, chat.CodeGroupNotFound,
				chat.CodeBadGroupID, chat.CodeCommunityOff)),
		command(groupService, "forbid_send_msg", forbidSendMsg,
			doc(34951), summary("Mutes accounts in a group or topic, or ends their mutes."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeTooManyAccounts, chat.CodeNotPermitted, chat.CodeGroupNotFound,
				chat.CodeBadGroupID, chat.CodeCommunityOff)),
		command(groupService, "get_group_muted_account", getGroupMutedAccount,
			doc(34964), summary("Lists the accounts that are muted in a group or topic."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeGroupNotFound, chat.CodeBadGroupID, chat.CodeAnswerTooLarge,
				chat.CodeCommunityOff)),
		command(groupService, "get_group_shutted_uin", getGroupShuttedUin,
			doc(34964), summary("Lists the accounts that are muted in a group or topic, in the older form."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeGroupNotFound, chat.CodeBadGroupID, chat.CodeAnswerTooLarge,
				chat.CodeCommunityOff)),
		command(groupService, "import_group_member", importGroupMember,
			doc(34969), summary("Brings in members of another system's past, silently."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeTooManyAccounts, chat.CodeNotPermitted, chat.CodeGroupNotFound,
				chat.CodeGroupFull, chat.CodeBadGroupID, chat.CodeAccountNotFound, chat.CodeCommunityOff)),
		command(groupService, "set_unread_msg_num", setUnreadMsgNum,
			doc(34909), summary("Sets how many messages of a group a member has not read."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeCommunityOff)),
	}
}

type addGroupMemberRequest struct {
	GroupID *string `json:"GroupId"`
	Silence *int    `json:"Silence" range:"0..1"`
	Members []struct {
		Account *string `json:"Member_Account"`
	} `json:"MemberList"`
}

// joinResponse is the answer to adding and to importing members.
type joinResponse struct {
	Members []joinedMember `json:"MemberList"`
}

type joinedMember struct {
	Account string          `json:"Member_Account"`
	Result  chat.JoinResult `json:"Result"`
}

func addGroupMember(ctx context.Context, call *Call, r *addGroupMemberRequest) (*joinResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	addition := chat.Addition{GroupID: *r.GroupID, Silent: value(r.Silence) == 1}
	for _, m := range r.Members {
		addition.Accounts = append(addition.Accounts, value(m.Account))
	}
	joined, err := call.App.Chat.AddMembers(ctx, call.Operator(), addition)
	return showJoined(joined), err
}

type importGroupMemberRequest struct {
	GroupID *string `json:"GroupId"`
	Members []struct {
		Account  *string `json:"Member_Account"`
		Role     *string `json:"Role"`
		JoinTime *int64  `json:"JoinTime"`
		Unread   *uint64 `json:"UnreadMsgNum"`
	} `json:"MemberList"`
}

func importGroupMember(ctx context.Context, call *Call, r *importGroupMemberRequest) (*joinResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	var members []chat.ImportedMember
	for _, m := range r.Members {
		members = append(members, chat.ImportedMember{
			Account: value(m.Account), Role: value(m.Role), JoinTime: value(m.JoinTime), Unread: value(m.Unread),
		})
	}
	joined, err := call.App.Chat.ImportMembers(ctx, *r.GroupID, members)
	return showJoined(joined), err
}

func showJoined(joined []chat.JoinedAccount) *joinResponse {
	answer := &joinResponse{Members: make([]joinedMember, len(joined))}
	for i, m := range joined {
		answer.Members[i] = joinedMember{Account: m.Account, Result: m.Result}
	}
	return answer
}

type deleteGroupMemberRequest struct {
	GroupID  *string  `json:"GroupId"`
	Accounts []string `json:"MemberToDel_Account"`
	Silence  *int     `json:"Silence" range:"0..1"`
	Reason   *string  `json:"Reason"` // for connected clients alone: the stored tip has no place for it
}

func deleteGroupMember(ctx context.Context, call *Call, r *deleteGroupMemberRequest) (*noResult, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	return nil, call.App.Chat.RemoveMembers(ctx, call.Operator(), chat.Removal{
		GroupID: *r.GroupID, Accounts: r.Accounts, Silent: value(r.Silence) == 1,
	})
}

// memberFilter says which members an answer has, and which of their fields.
type memberFilter struct {
	Fields []string `json:"MemberInfoFilter"`
	Roles  []string `json:"MemberRoleFilter"`
	Keys   []string `json:"AppDefinedDataFilter_GroupMember"`
}

type memberInfoItem struct {
	listedMember
	OnlineStatus *string `json:"OnlineStatus,omitzero"`
}

// show makes the records of members ready for an answer. OnlineStatus is never
// in it without being asked for.
func (f *memberFilter) show(ctx context.Context, call *Call, members []chat.MemberInfo) ([]memberInfoItem, error) {
	want := everyField
	if len(f.Fields) > 0 {
		want = listedFields(f.Fields)
	}
	keys := listedKeys(f.Keys)
	items := make([]memberInfoItem, len(members))
	accounts := make([]string, len(members))
	for i := range members {
		m, item := &members[i], &items[i]
		item.listedMember = listedMember{Account: m.Account, memberRecord: showMember(m, want)}
		item.Custom = showCustom(m.Custom, true, keys)
		accounts[i] = m.Account
	}
	if !slices.Contains(f.Fields, "OnlineStatus") {
		return items, nil
	}
	online, err := call.App.Chat.Online(ctx, accounts...)
	for i, account := range accounts {
		items[i].OnlineStatus = new(onlineOffline(online[account]))
	}
	return items, err
}

type getGroupMemberInfoRequest struct {
	GroupID *string `json:"GroupId"`
	memberFilter
	Limit  *int64  `json:"Limit"`
	Offset *int64  `json:"Offset"`
	Next   *string `json:"Next"`
}

type getGroupMemberInfoResponse struct {
	MemberNum uint32           `json:"MemberNum"`
	Members   []memberInfoItem `json:"MemberList"`
	Next      *string          `json:"Next,omitzero"`
}

func getGroupMemberInfo(ctx context.Context, call *Call, r *getGroupMemberInfoRequest) (*getGroupMemberInfoResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	page, err := call.App.Chat.ListMembers(ctx, chat.MemberQuery{
		GroupID: *r.GroupID, Roles: r.Roles, Limit: value(r.Limit), Offset: value(r.Offset), Next: r.Next,
	})
	if err != nil {
		return nil, err
	}
	items, err := r.show(ctx, call, page.Members)
	return &getGroupMemberInfoResponse{MemberNum: page.MemberNum, Next: page.Next, Members: items}, err
}

type getSpecifiedGroupMemberInfoRequest struct {
	GroupID  *string  `json:"GroupId"`
	Accounts []string `json:"Member_List_Account"`
	memberFilter
}

type getSpecifiedGroupMemberInfoResponse struct {
	GroupID string           `json:"GroupId"`
	Members []memberInfoItem `json:"MemberList"`
}

func getSpecifiedGroupMemberInfo(ctx context.Context, call *Call, r *getSpecifiedGroupMemberInfoRequest) (*getSpecifiedGroupMemberInfoResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	members, err := call.App.Chat.NamedMembers(ctx, *r.GroupID, r.Accounts, r.Roles)
	if err != nil {
		return nil, err
	}
	items, err := r.show(ctx, call, members)
	return &getSpecifiedGroupMemberInfoResponse{GroupID: *r.GroupID, Members: items}, err
}

type modifyGroupMemberInfoRequest struct {
	GroupID  *string       `json:"GroupId"`
	TopicID  *string       `json:"TopicId"`
	Account  *string       `json:"Member_Account"`
	Role     *string       `json:"Role"`
	MsgFlag  *string       `json:"MsgFlag"`
	NameCard *string       `json:"NameCard"`
	Custom   []customField `json:"AppMemberDefinedData"`
	MuteTime *uint32       `json:"MuteTime" older:"ShutUpTime"`
}

func modifyGroupMemberInfo(ctx context.Context, call *Call, r *modifyGroupMemberInfoRequest) (*noResult, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	custom, err := customFields("AppMemberDefinedData", r.Custom)
	if err != nil {
		return nil, err
	}
	return nil, call.App.Chat.ModifyMember(ctx, call.Operator(), chat.MemberChanges{
		GroupID: *r.GroupID, TopicID: value(r.TopicID), Account: value(r.Account), Role: value(r.Role),
		MsgFlag: value(r.MsgFlag), NameCard: r.NameCard, Custom: custom, MuteSeconds: r.MuteTime,
	})
}

type getRoleInGroupRequest struct {
	GroupID  *string  `json:"GroupId"`
	Accounts []string `json:"User_Account"`
}

type getRoleInGroupResponse struct {
	Users []userRole `json:"UserIdList"`
}

type userRole struct {
	Account string `json:"Member_Account"`
	Role    string `json:"Role"`
}

func getRoleInGroup(ctx context.Context, call *Call, r *getRoleInGroupRequest) (*getRoleInGroupResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	roles, err := call.App.Chat.Roles(ctx, *r.GroupID, r.Accounts)
	if err != nil {
		return nil, err
	}
	answer := &getRoleInGroupResponse{Users: make([]userRole, len(roles))}
	for i, role := range roles {
		answer.Users[i] = userRole{Account: r.Accounts[i], Role: role}
	}
	return answer, nil
}

type setUnreadMsgNumRequest struct {
	GroupID *string `json:"GroupId"`
	Account *string `json:"Member_Account"`
	Unread  *uint64 `json:"UnreadMsgNum"`
}

func setUnreadMsgNum(ctx context.Context, call *Call, r *setUnreadMsgNumRequest) (*noResult, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	if r.Unread == nil {
		return nil, missing("UnreadMsgNum")
	}
	return nil, call.App.Chat.SetUnread(ctx, *r.GroupID, value(r.Account), *r.Unread)
}
