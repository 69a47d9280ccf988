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
			codes(chat.CodeRefusedByBackend),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeTooManyAccounts, chat.CodeNotPermitted, chat.CodeGroupNotFound,
				chat.CodeGroupFull, chat.CodeBadGroupID, chat.CodeAccountNotFound, chat.CodeUserGroupQuota, chat.CodeCommunityOff)),
		command(groupService, "delete_group_member", deleteGroupMember,
			repeatable(), doc(34949), summary("Removes accounts from a group; what they wrote stays."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeTooManyAccounts, chat.CodeNotPermitted, chat.CodeGroupNotFound,
				chat.CodeBadGroupID, chat.CodeCommunityOff)),
		command(groupService, "get_group_member_info", getGroupMemberInfo,
			repeatable(), doc(34948), summary("Lists the members of a group with their records, page by page."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeAnswerTooLarge, chat.CodeCommunityOff)),
		command(groupService, "get_specified_group_member_info", getSpecifiedGroupMemberInfo,
			repeatable(), doc(64897), summary("Reads the records of up to 50 named members."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeTooManyAccounts, chat.CodeNotPermitted, chat.CodeGroupNotFound,
				chat.CodeBadGroupID, chat.CodeCommunityOff)),
		command(groupService, "modify_group_member_info", modifyGroupMemberInfo,
			doc(34900), summary("Changes a member's role, receive option, name card, custom fields or mute."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeCommunityOff, chat.CodeTextRefused)),
		command(groupService, "get_role_in_group", getRoleInGroup,
			repeatable(), doc(34963), summary("Reads the roles of up to 500 accounts in a group."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeTooManyAccounts, chat.CodeNotPermitted, chat.CodeGroupNotFound,
				chat.CodeBadGroupID, chat.CodeCommunityOff)),
		command(groupService, "forbid_send_msg", forbidSendMsg,
			doc(34951), summary("Mutes accounts in a group or topic, or ends their mutes."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeTooManyAccounts, chat.CodeNotPermitted, chat.CodeGroupNotFound,
				chat.CodeBadGroupID, chat.CodeCommunityOff)),
		command(groupService, "get_group_muted_account", getGroupMutedAccount,
			repeatable(), doc(34964), summary("Lists the accounts that are muted in a group or topic."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeGroupNotFound, chat.CodeBadGroupID, chat.CodeAnswerTooLarge,
				chat.CodeCommunityOff)),
		command(groupService, "get_group_shutted_uin", getGroupShuttedUin,
			repeatable(), doc(34964), summary("Lists the accounts that are muted in a group or topic, in the older form."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeGroupNotFound, chat.CodeBadGroupID, chat.CodeAnswerTooLarge,
				chat.CodeCommunityOff)),
		command(groupService, "import_group_member", importGroupMember,
			doc(34969), summary("Brings in members of another system's past, silently."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeTooManyAccounts, chat.CodeNotPermitted, chat.CodeGroupNotFound,
				chat.CodeGroupFull, chat.CodeBadGroupID, chat.CodeAccountNotFound, chat.CodeCommunityOff)),
		command(groupService, "set_unread_msg_num", setUnreadMsgNum,
			repeatable(), doc(34909), summary("Sets how many messages of a group a member has not read."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeCommunityOff)),
	}
}

type addGroupMemberRequest struct {
	GroupID *string `json:"GroupId" desc:"id of the group" required:"true"`
	Silence *int    `json:"Silence" range:"0..1" desc:"1: no tip" default:"0"`
	Members []struct {
		Account *string `json:"Member_Account" desc:"account, imported before" required:"true"`
	} `json:"MemberList" desc:"1 to 300 accounts (max_add_members)" required:"true"`
}

// joinResponse is the answer to adding and to importing members.
type joinResponse struct {
	Members []joinedMember `json:"MemberList" desc:"one result per account, in the order of first appearance"`
}

type joinedMember struct {
	Account string          `json:"Member_Account" desc:"account"`
	Result  chat.JoinResult `json:"Result" desc:"1: added, 2: was a member already, 0: refused, for one because it is banned, 4: in too many groups" values:"0,1,2,4"`
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
	GroupID *string `json:"GroupId" desc:"id of the group" required:"true"`
	Members []struct {
		Account  *string `json:"Member_Account" desc:"account, imported before" required:"true"`
		Role     *string `json:"Role" desc:"role; where a type has no admins, Admin has Result 0" values:"Admin,Member" default:"Member"`
		JoinTime *int64  `json:"JoinTime" desc:"when it joined, Unix seconds; outside the time from the creation of the group to now Result is 0; 0 or absent: now"`
		Unread   *uint64 `json:"UnreadMsgNum" desc:"unread messages; more than there are count as all" default:"0"`
	} `json:"MemberList" desc:"1 to 300 accounts (max_add_members); of several entries of an account the first counts" required:"true"`
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
	GroupID  *string  `json:"GroupId" desc:"id of the group" required:"true"`
	Accounts []string `json:"MemberToDel_Account" desc:"1 to 100 accounts; who is no member is passed over" required:"true"`
	Silence  *int     `json:"Silence" range:"0..1" desc:"1: no tip" default:"0"`
	Reason   *string  `json:"Reason" desc:"no effect: for connected clients, the stored tip has no place for it"`
}

func deleteGroupMember(ctx context.Context, call *Call, r *deleteGroupMemberRequest) (*noResult, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	return nil, call.App.Chat.RemoveMembers(ctx, call.Operator(), chat.Removal{
		GroupID: *r.GroupID, Accounts: r.Accounts, Silent: value(r.Silence) == 1,
	})
}

// memberFields says which fields of members an answer has.
type memberFields struct {
	Fields []string `json:"MemberInfoFilter" desc:"fields of members that are wanted, by name; unknown names are ignored; absent or empty: all but OnlineStatus"`
	Keys   []string `json:"AppDefinedDataFilter_GroupMember" desc:"keys of members' custom fields that are wanted; absent or empty: all"`
}

// memberFilter says which members an answer has as well.
type memberFilter struct {
	memberFields
	Roles []string `json:"MemberRoleFilter" desc:"only members with one of these roles; absent or empty: all" values:"Owner,Admin,Member"`
}

type memberInfoItem struct {
	listedMember
	OnlineStatus *string `json:"OnlineStatus,omitzero" desc:"whether the account is connected; only if asked for by name" values:"Online,Offline"`
}

// show makes the records of members ready for an answer. OnlineStatus is never
// in it without being asked for.
func (f *memberFields) show(ctx context.Context, call *Call, members []chat.MemberInfo) ([]memberInfoItem, error) {
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
	GroupID *string `json:"GroupId" desc:"id of the group" required:"true"`
	memberFilter
	Limit  *int64  `json:"Limit" desc:"members wanted, 1 to 6000, of which a Community gives at most 200; 0 or absent: all, in a Community 100"`
	Offset *int64  `json:"Offset" desc:"members to pass over; in a Community only where Next is absent" default:"0"`
	Next   *string `json:"Next" desc:"for a Community: empty for the first page, then Next of the page before; ignored for other types"`
}

type getGroupMemberInfoResponse struct {
	MemberNum uint32           `json:"MemberNum" desc:"members of the whole group"`
	Members   []memberInfoItem `json:"MemberList" desc:"members, in the order in which they were added"`
	Next      *string          `json:"Next,omitzero" desc:"Next of the following call, empty on the last page; of a Community only"`
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
	GroupID  *string  `json:"GroupId" desc:"id of the group" required:"true"`
	Accounts []string `json:"Member_List_Account" desc:"1 to 50 accounts; who is no member is passed over" required:"true"`
	memberFilter
}

type getSpecifiedGroupMemberInfoResponse struct {
	GroupID string           `json:"GroupId" desc:"id of the group"`
	Members []memberInfoItem `json:"MemberList" desc:"members, in the order of first appearance"`
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
	GroupID  *string       `json:"GroupId" desc:"id of the group" required:"true"`
	TopicID  *string       `json:"TopicId" desc:"id of the topic to which MsgFlag and MuteTime apply, beside which nothing else can be given; absent: the group"`
	Account  *string       `json:"Member_Account" desc:"member of the group" required:"true"`
	Role     *string       `json:"Role" desc:"new role; not of the owner, Admin in Public, ChatRoom and Community only; absent: as it is" values:"Admin,Member"`
	MsgFlag  *string       `json:"MsgFlag" desc:"receive option; absent: as it is" values:"AcceptAndNotify,AcceptNotNotify,Discard,AcceptNotNotifyExceptAt"`
	NameCard *string       `json:"NameCard" desc:"at most 50 bytes; absent: as it is"`
	Custom   []customField `json:"AppMemberDefinedData" desc:"custom fields to set, an empty value removes one; absent: as they are; at most 5 keys in all"`
	MuteTime *uint32       `json:"MuteTime" older:"ShutUpTime" desc:"seconds from now; 0 ends the mute, 4294967295: for ever; absent: as it is; not in a Private group"`
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
	GroupID  *string  `json:"GroupId" desc:"id of the group" required:"true"`
	Accounts []string `json:"User_Account" desc:"1 to 500 accounts" required:"true"`
}

type getRoleInGroupResponse struct {
	Users []userRole `json:"UserIdList" desc:"one role per account, in order"`
}

type userRole struct {
	Account string `json:"Member_Account" desc:"account"`
	Role    string `json:"Role" desc:"role; NotMember for everybody else, known or not" values:"Owner,Admin,Member,NotMember"`
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
	GroupID *string `json:"GroupId" desc:"id of the group" required:"true"`
	Account *string `json:"Member_Account" desc:"member of the group" required:"true"`
	Unread  *uint64 `json:"UnreadMsgNum" desc:"unread messages; more than there are count as all; no effect in ChatRoom and AVChatRoom" required:"true"`
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
