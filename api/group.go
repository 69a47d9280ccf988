package api

import (
	"context"

	"github.com/recant-chat/recant/chat"
)

const groupService = "group_open_http_svc"

// groupCommands are the commands on groups (spec 02 section 7).
func groupCommands() []Command {
	return []Command{
		command(groupService, "create_group", createGroup,
			doc(34895), summary("Creates a group, with its owner and first members if given."),
			codes(chat.CodeRefusedByBackend),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeTooManyAccounts, chat.CodeTooFrequent, chat.CodeNotPermitted,
				chat.CodeAccountNotFound, chat.CodeGroupIDInUse, chat.CodeGroupIDInUseByOwner, chat.CodeLiveRoomQuota,
				chat.CodeUserGroupQuota, chat.CodeMemberQuota, chat.CodeGroupQuota, chat.CodeCommunityOff, chat.CodeTextRefused)),
		command(groupService, "get_group_info", getGroupInfo,
			repeatable(), doc(34961), summary("Reads the profiles and members of up to 50 groups."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeGroupNotFound, chat.CodeBadGroupID, chat.CodeAnswerTooLarge,
				chat.CodeCommunityOff)),
		command(groupService, "modify_group_base_info", modifyGroupBaseInfo,
			repeatable(), doc(34962), summary("Changes any part of a group's profile."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeGroupNotFound, chat.CodeBadGroupID, chat.CodeAccountNotFound,
				chat.CodeMemberQuota, chat.CodeCommunityOff, chat.CodeTextRefused)),
		command(groupService, "destroy_group", destroyGroup,
			doc(34896), summary("Disbands a group with everything in it, for good."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeGroupNotFound, chat.CodeBadGroupID, chat.CodeCommunityOff)),
		command(groupService, "get_appid_group_list", getAppidGroupList,
			repeatable(), doc(34960), summary("Lists the ids of all groups, or of all of one type."), frequency(FrequencyGroupList),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeAnswerTooLarge)),
		command(groupService, "get_joined_group_list", getJoinedGroupList,
			repeatable(), doc(34925), summary("Lists the groups of one account."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeAnswerTooLarge, chat.CodeAccountNotFound)),
		command(groupService, "change_group_owner", changeGroupOwner,
			repeatable(), doc(34966), summary("Makes a member the owner of the group."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeAccountNotFound, chat.CodeCommunityOff)),
		command(groupService, "import_group", importGroup,
			doc(34967), summary("Creates a group of another system's past, with its own time of creation."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeAccountNotFound, chat.CodeGroupIDInUse,
				chat.CodeUserGroupQuota, chat.CodeMemberQuota, chat.CodeGroupQuota, chat.CodeCommunityOff, chat.CodeTextRefused)),
	}
}

// newGroup is what create_group and import_group share.
type newGroup struct {
	GroupID          *string       `json:"GroupId" desc:"id of the new group, 1 to 48 bytes of printable ASCII, not beginning with @TGS#, but of a Community @TGS#_ and a name; absent or empty: generated"`
	Type             *string       `json:"Type" desc:"type of the group; Work is Private, Meeting is ChatRoom; an AVChatRoom cannot be imported" required:"true" values:"Private,Work,Public,ChatRoom,Meeting,AVChatRoom,Community"`
	Name             *string       `json:"Name" desc:"1 to 100 bytes (max_group_name_bytes)" required:"true"`
	Introduction     *string       `json:"Introduction" desc:"at most 400 bytes (max_introduction_bytes)"`
	Notification     *string       `json:"Notification" desc:"announcement, at most 400 bytes (max_notification_bytes)"`
	FaceURL          *string       `json:"FaceUrl" desc:"URL of the avatar, at most 500 bytes (max_face_url_bytes)"`
	Owner            *string       `json:"Owner_Account" desc:"owner, an account imported before; absent or empty: nobody"`
	MaxMemberCount   *int64        `json:"MaxMemberCount" desc:"most members, up to 6000 (max_members), in a Community 1000000 (max_community_members); 0 or absent: as many, or in imports import_max_member_default; ignored for an AVChatRoom"`
	MaxMemberNum     *int64        `json:"MaxMemberNum" desc:"older name of MaxMemberCount, counts where that is 0 or absent"`
	ApplyJoinOption  *string       `json:"ApplyJoinOption" desc:"what becomes of who applies to join; absent: NeedPermission, of an AVChatRoom FreeAccess; ignored for Private (DisableApply) and Community (FreeAccess)" values:"FreeAccess,NeedPermission,DisableApply"`
	InviteJoinOption *string       `json:"InviteJoinOption" desc:"what becomes of invitations by members; absent: DisableInvite, of a Private group FreeAccess; ignored for an AVChatRoom" values:"FreeAccess,NeedPermission,DisableInvite"`
	Custom           []customField `json:"AppDefinedData" desc:"custom fields, at most 10 keys"`
	SupportTopic     *int          `json:"SupportTopic" range:"0..1" desc:"1: the Community has topics; ignored for other types" default:"0"`
}

func (r *newGroup) group() (chat.NewGroup, error) {
	if r.Type == nil {
		return chat.NewGroup{}, missing("Type")
	}
	if r.Name == nil {
		return chat.NewGroup{}, missing("Name")
	}
	custom, err := customFields("AppDefinedData", r.Custom)
	most := r.MaxMemberCount
	if value(most) == 0 {
		most = r.MaxMemberNum
	}
	return chat.NewGroup{
		ID: value(r.GroupID), Type: *r.Type, Name: *r.Name, Introduction: value(r.Introduction),
		Notification: value(r.Notification), FaceURL: value(r.FaceURL), Owner: value(r.Owner),
		MaxMemberNum: most, ApplyJoinOption: value(r.ApplyJoinOption),
		InviteJoinOption: value(r.InviteJoinOption), SupportTopic: value(r.SupportTopic) == 1, Custom: custom,
	}, err
}

type createGroupRequest struct {
	newGroup
	EnablePermission  *int        `json:"EnablePermission" range:"0..1" desc:"1: members of the Community with topics have permissions; ignored without SupportTopic 1" default:"0"`
	DefaultPermission *int64      `json:"DefaultPermission" desc:"permission bits of every member (doc 33529); absent: send and read old messages; ignored without EnablePermission 1" default:"320"`
	Members           []newMember `json:"MemberList" desc:"first members, at most 100 (max_initial_members); none in an AVChatRoom"`
}

type newMember struct {
	Account  *string       `json:"Member_Account" desc:"account, imported before" required:"true"`
	Role     *string       `json:"Role" desc:"role; Admin in Public, ChatRoom and Community only" values:"Admin,Member" default:"Member"`
	NameCard *string       `json:"NameCard" desc:"at most 50 bytes"`
	Custom   []customField `json:"AppMemberDefinedData" desc:"custom fields of the member, at most 5 keys"`
}

type createGroupResponse struct {
	GroupID string         `json:"GroupId" desc:"id of the group"`
	Type    chat.GroupType `json:"Type" desc:"type of the group" values:"Private,Public,ChatRoom,AVChatRoom,Community"`
	Huge    int            `json:"HugeGroupFlag" range:"0..1" desc:"1 for an AVChatRoom"`
}

func createGroup(ctx context.Context, call *Call, r *createGroupRequest) (*createGroupResponse, error) {
	group, err := r.group()
	if err != nil {
		return nil, err
	}
	group.EnablePermission = value(r.EnablePermission) == 1
	group.DefaultPermission = r.DefaultPermission
	for _, m := range r.Members {
		custom, err := customFields("AppMemberDefinedData", m.Custom)
		if err != nil {
			return nil, err
		}
		group.Members = append(group.Members, chat.NewMember{
			Account: value(m.Account), Role: value(m.Role), NameCard: value(m.NameCard), Custom: custom,
		})
	}
	created, err := call.App.Chat.CreateGroup(ctx, call.Operator(), group)
	if err != nil {
		return nil, err
	}
	return &createGroupResponse{GroupID: created.ID, Type: created.Type, Huge: bit(created.Type == chat.AVChatRoom)}, nil
}

type importGroupRequest struct {
	newGroup
	CreateTime *int64 `json:"CreateTime" desc:"when it was created, Unix seconds, not after now; 0 or absent: now"`
}

type importGroupResponse struct {
	GroupID string `json:"GroupId" desc:"id of the group"`
}

func importGroup(ctx context.Context, call *Call, r *importGroupRequest) (*importGroupResponse, error) {
	group, err := r.group()
	if err != nil {
		return nil, err
	}
	group.CreateTime = value(r.CreateTime)
	created, err := call.App.Chat.ImportGroup(ctx, call.Operator(), group)
	if err != nil {
		return nil, err
	}
	return &importGroupResponse{GroupID: created.ID}, nil
}

type modifyGroupBaseInfoRequest struct {
	GroupID           *string       `json:"GroupId" desc:"id of the group" required:"true"`
	Name              *string       `json:"Name" desc:"1 to 100 bytes (max_group_name_bytes); absent: as it is"`
	Introduction      *string       `json:"Introduction" desc:"at most 400 bytes (max_introduction_bytes); absent: as it is"`
	Notification      *string       `json:"Notification" desc:"announcement, at most 400 bytes (max_notification_bytes); absent: as it is"`
	FaceURL           *string       `json:"FaceUrl" desc:"URL of the avatar, at most 500 bytes (max_face_url_bytes); absent: as it is"`
	MaxMemberNum      *int64        `json:"MaxMemberNum" desc:"most members, up to 6000 (max_members), in a Community 1000000 (max_community_members); 0 or absent: as it is; ignored for an AVChatRoom"`
	ApplyJoinOption   *string       `json:"ApplyJoinOption" desc:"what becomes of who applies to join; absent: as it is; ignored for a Community" values:"FreeAccess,NeedPermission,DisableApply"`
	InviteJoinOption  *string       `json:"InviteJoinOption" desc:"what becomes of invitations by members; absent: as it is; ignored for an AVChatRoom" values:"FreeAccess,NeedPermission,DisableInvite"`
	MuteAll           *string       `json:"MuteAllMember" older:"ShutUpAllMember" desc:"On: only owner, admins and app administrators may send; absent: as it is" values:"On,Off"`
	HistoryBeforeJoin *string       `json:"HistoryMsgBeforeJoin" desc:"On: members may read messages of before they joined; absent: as it is; ignored for AVChatRoom and Community" values:"On,Off"`
	Custom            []customField `json:"AppDefinedData" desc:"custom fields to set, an empty value removes one; absent: as they are; at most 10 keys in all"`
	EnablePermission  *int          `json:"EnablePermission" range:"0..1" desc:"1: members of the Community with topics have permissions; absent: as it is; ignored for other groups"`
	DefaultPermission *int64        `json:"DefaultPermission" desc:"permission bits of every member (doc 33529); absent: as it is; ignored while EnablePermission is 0"`
	From              *string       `json:"From_Account" desc:"account in whose name it is done, imported before; absent: the calling administrator"`
}

func modifyGroupBaseInfo(ctx context.Context, call *Call, r *modifyGroupBaseInfoRequest) (*noResult, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	muteAll, err := readOnOff("MuteAllMember", r.MuteAll)
	if err != nil {
		return nil, err
	}
	history, err := readOnOff("HistoryMsgBeforeJoin", r.HistoryBeforeJoin)
	if err != nil {
		return nil, err
	}
	custom, err := customFields("AppDefinedData", r.Custom)
	if err != nil {
		return nil, err
	}
	return nil, call.App.Chat.ModifyGroup(ctx, call.Operator(), chat.GroupChanges{
		ID: *r.GroupID, Name: r.Name, Introduction: r.Introduction, Notification: r.Notification, FaceURL: r.FaceURL,
		MaxMemberNum: r.MaxMemberNum, ApplyJoinOption: value(r.ApplyJoinOption), InviteJoinOption: value(r.InviteJoinOption),
		MuteAll: muteAll, HistoryBeforeJoin: history, EnablePermission: flag(r.EnablePermission),
		DefaultPermission: r.DefaultPermission, Custom: custom, From: value(r.From),
	})
}

type destroyGroupRequest struct {
	GroupID *string `json:"GroupId" desc:"id of the group" required:"true"`
}

func destroyGroup(ctx context.Context, call *Call, r *destroyGroupRequest) (*noResult, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	return nil, call.App.Chat.DestroyGroup(ctx, call.Operator(), *r.GroupID)
}

type changeGroupOwnerRequest struct {
	GroupID  *string `json:"GroupId" desc:"id of the group" required:"true"`
	NewOwner *string `json:"NewOwner_Account" desc:"new owner, a member of the group" required:"true"`
	From     *string `json:"From_Account" desc:"account in whose name it is done, imported before; absent: the calling administrator"`
}

func changeGroupOwner(ctx context.Context, call *Call, r *changeGroupOwnerRequest) (*noResult, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	return nil, call.App.Chat.ChangeOwner(ctx, call.Operator(), *r.GroupID, value(r.NewOwner), value(r.From))
}
