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
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeTooManyAccounts, chat.CodeTooFrequent, chat.CodeNotPermitted,
				chat.CodeAccountNotFound, chat.CodeGroupIDInUse, chat.CodeGroupIDInUseByOwner, chat.CodeLiveRoomQuota,
				chat.CodeUserGroupQuota, chat.CodeMemberQuota, chat.CodeGroupQuota, chat.CodeCommunityOff, chat.CodeTextRefused)),
		command(groupService, "get_group_info", getGroupInfo,
			doc(34961), summary("Reads the profiles and members of up to 50 groups."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeGroupNotFound, chat.CodeBadGroupID, chat.CodeAnswerTooLarge,
				chat.CodeCommunityOff)),
		command(groupService, "modify_group_base_info", modifyGroupBaseInfo,
			doc(34962), summary("Changes any part of a group's profile."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeGroupNotFound, chat.CodeBadGroupID, chat.CodeAccountNotFound,
				chat.CodeMemberQuota, chat.CodeCommunityOff, chat.CodeTextRefused)),
		command(groupService, "destroy_group", destroyGroup,
			doc(34896), summary("Disbands a group with everything in it, for good."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeGroupNotFound, chat.CodeBadGroupID, chat.CodeCommunityOff)),
		command(groupService, "get_appid_group_list", getAppidGroupList,
			doc(34960), summary("Lists the ids of all groups, or of all of one type."), frequency(FrequencyGroupList),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeAnswerTooLarge)),
		command(groupService, "get_joined_group_list", getJoinedGroupList,
			doc(34925), summary("Lists the groups of one account."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeAnswerTooLarge, chat.CodeAccountNotFound)),
		command(groupService, "change_group_owner", changeGroupOwner,
			doc(34966), summary("Makes a member the owner of the group."),
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
	GroupID          *string       `json:"GroupId"`
	Type             *string       `json:"Type"`
	Name             *string       `json:"Name"`
	Introduction     *string       `json:"Introduction"`
	Notification     *string       `json:"Notification"`
	FaceURL          *string       `json:"FaceUrl"`
	Owner            *string       `json:"Owner_Account"`
	MaxMemberCount   *int64        `json:"MaxMemberCount"`
	MaxMemberNum     *int64        `json:"MaxMemberNum"` // older; counts where MaxMemberCount is not given or 0
	ApplyJoinOption  *string       `json:"ApplyJoinOption"`
	InviteJoinOption *string       `json:"InviteJoinOption"`
	Custom           []customField `json:"AppDefinedData"`
	SupportTopic     *int          `json:"SupportTopic" range:"0..1"`
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
	EnablePermission  *int        `json:"EnablePermission" range:"0..1"`
	DefaultPermission *int64      `json:"DefaultPermission"`
	Members           []newMember `json:"MemberList"`
}

type newMember struct {
	Account  *string       `json:"Member_Account"`
	Role     *string       `json:"Role"`
	NameCard *string       `json:"NameCard"`
	Custom   []customField `json:"AppMemberDefinedData"`
}

type createGroupResponse struct {
	GroupID string         `json:"GroupId"`
	Type    chat.GroupType `json:"Type"`
	Huge    int            `json:"HugeGroupFlag"`
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
	CreateTime *int64 `json:"CreateTime"`
}

type importGroupResponse struct {
	GroupID string `json:"GroupId"`
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
	GroupID           *string       `json:"GroupId"`
	Name              *string       `json:"Name"`
	Introduction      *string       `json:"Introduction"`
	Notification      *string       `json:"Notification"`
	FaceURL           *string       `json:"FaceUrl"`
	MaxMemberNum      *int64        `json:"MaxMemberNum"`
	ApplyJoinOption   *string       `json:"ApplyJoinOption"`
	InviteJoinOption  *string       `json:"InviteJoinOption"`
	MuteAll           *string       `json:"MuteAllMember" older:"ShutUpAllMember"`
	HistoryBeforeJoin *string       `json:"HistoryMsgBeforeJoin"`
	Custom            []customField `json:"AppDefinedData"`
	EnablePermission  *int          `json:"EnablePermission" range:"0..1"`
	DefaultPermission *int64        `json:"DefaultPermission"`
	From              *string       `json:"From_Account"`
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
	GroupID *string `json:"GroupId"`
}

func destroyGroup(ctx context.Context, call *Call, r *destroyGroupRequest) (*noResult, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	return nil, call.App.Chat.DestroyGroup(ctx, call.Operator(), *r.GroupID)
}

type changeGroupOwnerRequest struct {
	GroupID  *string `json:"GroupId"`
	NewOwner *string `json:"NewOwner_Account"`
	From     *string `json:"From_Account"`
}

func changeGroupOwner(ctx context.Context, call *Call, r *changeGroupOwnerRequest) (*noResult, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	return nil, call.App.Chat.ChangeOwner(ctx, call.Operator(), *r.GroupID, value(r.NewOwner), value(r.From))
}
