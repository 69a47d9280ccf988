package api

import (
	"context"
	"slices"

	"github.com/recant-chat/recant/chat"
)

// groupRecord is the record of a group in answers; nil fields were not wanted
// or are none of its type's.
type groupRecord struct {
	Type              *chat.GroupType `json:"Type,omitzero" desc:"type of the group" values:"Private,Public,ChatRoom,AVChatRoom,Community"`
	AppID             *uint32         `json:"Appid,omitzero" desc:"SDKAppID; in get_group_info without filter only"`
	Name              *string         `json:"Name,omitzero" desc:"name of the group"`
	Introduction      *string         `json:"Introduction,omitzero" desc:"introduction"`
	Notification      *string         `json:"Notification,omitzero" desc:"announcement"`
	FaceURL           *string         `json:"FaceUrl,omitzero" desc:"URL of the avatar"`
	Owner             *string         `json:"Owner_Account,omitzero" desc:"owner; empty where there is none"`
	CreateTime        *int64          `json:"CreateTime,omitzero" desc:"when the group was created, Unix seconds"`
	InfoSeq           *uint64         `json:"InfoSeq,omitzero" desc:"1, and 1 more with each change of the profile"`
	LastInfoTime      *int64          `json:"LastInfoTime,omitzero" desc:"when the profile last changed or members came or went, Unix seconds"`
	LastMsgTime       *int64          `json:"LastMsgTime,omitzero" desc:"when the newest ordinary message was sent, Unix seconds; 0: none yet"`
	NextMsgSeq        *uint64         `json:"NextMsgSeq,omitzero" desc:"number that the next message will get, from 1"`
	MemberNum         *uint32         `json:"MemberNum,omitzero" desc:"members; 0 for an AVChatRoom, whose members are not stored"`
	MaxMemberNum      *uint32         `json:"MaxMemberNum,omitzero" desc:"most members; 0 for an AVChatRoom, which has no limit"`
	ApplyJoinOption   *string         `json:"ApplyJoinOption,omitzero" desc:"what becomes of who applies to join" values:"FreeAccess,NeedPermission,DisableApply"`
	InviteJoinOption  *string         `json:"InviteJoinOption,omitzero" desc:"what becomes of invitations by members; absent for an AVChatRoom" values:"FreeAccess,NeedPermission,DisableInvite"`
	MuteAll           *string         `json:"MuteAllMember,omitzero" desc:"On: only owner, admins and app administrators may send" values:"On,Off"`
	ShutUpAll         *string         `json:"ShutUpAllMember,omitzero" desc:"older name of MuteAllMember" values:"On,Off"`
	HistoryBeforeJoin *string         `json:"HistoryMsgBeforeJoin,omitzero" desc:"On: members may read messages of before they joined; absent for AVChatRoom and Community" values:"On,Off"`
	SupportTopic      *int            `json:"SupportTopic,omitzero" range:"0..1" desc:"1: the Community has topics; absent for other types"`
	EnablePermission  *int            `json:"EnablePermission,omitzero" range:"0..1" desc:"1: members have permissions; absent without topics"`
	DefaultPermission *int64          `json:"DefaultPermission,omitzero" desc:"permission bits of every member (doc 33529); absent without topics"`
}

func showGroup(g *chat.GroupInfo, want fieldFilter) groupRecord {
	muteAll := shown(want("MuteAllMember", "ShutUpAllMember"), onOff(g.MuteAll))
	r := groupRecord{
		Type:             shown(want("Type"), g.Type),
		Name:             shown(want("Name"), g.Name),
		Introduction:     shown(want("Introduction"), g.Introduction),
		Notification:     shown(want("Notification"), g.Notification),
		FaceURL:          shown(want("FaceUrl"), g.FaceURL),
		Owner:            shown(want("Owner_Account"), g.Owner),
		CreateTime:       shown(want("CreateTime"), g.CreateTime),
		InfoSeq:          shown(want("InfoSeq"), g.InfoSeq),
		LastInfoTime:     shown(want("LastInfoTime"), g.LastInfoTime),
		LastMsgTime:      shown(want("LastMsgTime"), g.LastMsgTime),
		NextMsgSeq:       shown(want("NextMsgSeq"), g.NextMsgSeq),
		MemberNum:        shown(want("MemberNum"), g.MemberNum),
		MaxMemberNum:     shown(want("MaxMemberNum"), g.MaxMemberNum),
		ApplyJoinOption:  shown(want("ApplyJoinOption"), g.ApplyJoinOption),
		InviteJoinOption: shown(want("InviteJoinOption") && g.InviteJoinOption != "", g.InviteJoinOption),
		MuteAll:          muteAll,
		ShutUpAll:        muteAll,
	}
	if want("HistoryMsgBeforeJoin") && g.HistoryBeforeJoin != nil {
		r.HistoryBeforeJoin = new(onOff(*g.HistoryBeforeJoin))
	}
	if want("SupportTopic") && g.SupportTopic != nil {
		r.SupportTopic = new(bit(*g.SupportTopic))
	}
	if want("EnablePermission") && g.EnablePermission != nil {
		r.EnablePermission = new(bit(*g.EnablePermission))
	}
	if want("DefaultPermission") {
		r.DefaultPermission = g.DefaultPermission
	}
	return r
}

// memberRecord is the record of a member in answers, without the account.
type memberRecord struct {
	Role         *string       `json:"Role,omitzero" desc:"role in the group" values:"Owner,Admin,Member"`
	JoinTime     *int64        `json:"JoinTime,omitzero" desc:"when the account joined, Unix seconds"`
	MsgSeq       *uint32       `json:"MsgSeq,omitzero" desc:"newest number that the member has read"`
	MsgFlag      *string       `json:"MsgFlag,omitzero" desc:"receive option" values:"AcceptAndNotify,AcceptNotNotify,Discard,AcceptNotNotifyExceptAt"`
	LastSendTime *int64        `json:"LastSendMsgTime,omitzero" desc:"when the member last sent a message, Unix seconds; 0: never"`
	MuteUntil    *uint32       `json:"MuteUntil,omitzero" desc:"when the mute ends, Unix seconds; 0: not muted, 4294967295: never"`
	ShutUpUntil  *uint32       `json:"ShutUpUntil,omitzero" desc:"older name of MuteUntil"`
	NameCard     *string       `json:"NameCard,omitzero" desc:"name in the group"`
	Custom       *[]chat.Field `json:"AppMemberDefinedData,omitzero" desc:"custom fields of the member, declared ones without a value too"`
}

// showMember shows the standard fields of a member.
func showMember(m *chat.MemberInfo, want fieldFilter) memberRecord {
	muteUntil := shown(want("MuteUntil", "ShutUpUntil"), m.MuteUntil)
	return memberRecord{
		Role:         shown(want("Role"), m.Role),
		JoinTime:     shown(want("JoinTime"), m.JoinTime),
		MsgSeq:       shown(want("MsgSeq"), m.MsgSeq),
		MsgFlag:      shown(want("MsgFlag"), m.MsgFlag),
		LastSendTime: shown(want("LastSendMsgTime"), m.LastSendTime),
		MuteUntil:    muteUntil,
		ShutUpUntil:  muteUntil,
		NameCard:     shown(want("NameCard"), m.NameCard),
	}
}

// listedMember is an element of a MemberList.
type listedMember struct {
	Account string `json:"Member_Account" desc:"member"`
	memberRecord
}

type getGroupInfoRequest struct {
	IDs    []string       `json:"GroupIdList" desc:"ids of 1 to 50 groups" required:"true"`
	Filter responseFilter `json:"ResponseFilter" desc:"what is wanted; absent or empty: everything, with all members"`
}

type getGroupInfoResponse struct {
	Groups []groupInfoItem `json:"GroupInfo" desc:"one group per id, in order"`
}

type groupInfoItem struct {
	ID   string `json:"GroupId" desc:"id of the group"`
	Code int    `json:"ErrorCode" desc:"0, or why there is nothing else: 10010 no such group, 10015 malformed id, 11000 communities are off"`
	Info string `json:"ErrorInfo" desc:"why ErrorCode is not 0, else empty"`
	groupRecord
	Custom  *[]chat.Field   `json:"AppDefinedData,omitzero" desc:"custom fields of the group that have a value"`
	Members *[]listedMember `json:"MemberList,omitzero" desc:"all members; empty for an AVChatRoom, whose members are not stored"`
}

func getGroupInfo(ctx context.Context, call *Call, r *getGroupInfoRequest) (*getGroupInfoResponse, error) {
	f := r.Filter
	unfiltered := len(f.Group)+len(f.Member)+len(f.GroupCustom)+len(f.MemberCustom) == 0
	members := unfiltered || len(f.Member)+len(f.MemberCustom) > 0
	groups, err := call.App.Chat.GroupInfos(ctx, r.IDs, members)
	if err != nil {
		return nil, err
	}
	wantGroup, wantMember := listedFields(f.Group), listedFields(f.Member)
	if unfiltered {
		wantGroup, wantMember = everyField, everyField
	}
	groupKeys, memberKeys := listedKeys(f.GroupCustom), listedKeys(f.MemberCustom)
	answer := &getGroupInfoResponse{Groups: make([]groupInfoItem, len(groups))}
	for i := range groups {
		g, item := &groups[i], &answer.Groups[i]
		item.ID = g.ID
		if item.Code, item.Info = itemResult(g.Err); item.Code != 0 {
			continue
		}
		item.groupRecord = showGroup(g, wantGroup)
		item.AppID = shown(unfiltered, call.App.SDKAppID)
		item.Custom = showCustom(g.Custom, unfiltered, groupKeys)
		if !members {
			continue
		}
		list := make([]listedMember, len(g.Members))
		for j := range g.Members {
			m := &g.Members[j]
			list[j] = listedMember{Account: m.Account, memberRecord: showMember(m, wantMember)}
			list[j].Custom = showCustom(m.Custom, unfiltered, memberKeys)
		}
		item.Members = &list
	}
	return answer, nil
}

// showCustom shows custom fields where all are wanted or those of some keys.
func showCustom(fields []chat.Field, all bool, keys fieldFilter) *[]chat.Field {
	switch {
	case keys != nil:
		return new(onlyKeys(fields, keys))
	case all:
		return &fields
	}
	return nil
}

type getAppidGroupListRequest struct {
	Limit *int64        `json:"Limit" desc:"groups wanted, 1 to 10000; 0 is 10000" default:"10000"`
	Next  *TextOrNumber `json:"Next" desc:"0 for the first page, then Next of the page before" default:"0"`
	Type  *string       `json:"GroupType" older:"Type" desc:"only groups of this type; absent: all; the retired BChatRoom finds none" values:"Private,Work,Public,ChatRoom,Meeting,AVChatRoom,Community,BChatRoom"`
}

type getAppidGroupListResponse struct {
	Total  int           `json:"TotalCount" desc:"groups there are, whatever the page"`
	Groups []listedGroup `json:"GroupIdList" desc:"groups in the order of creation"`
	Next   uint64        `json:"Next" desc:"Next of the following call; 0 on the last page"`
}

type listedGroup struct {
	ID string `json:"GroupId" desc:"id of the group"`
}

func getAppidGroupList(ctx context.Context, call *Call, r *getAppidGroupListRequest) (*getAppidGroupListResponse, error) {
	var next uint64
	if text := value(r.Next); text != "" {
		n, err := parseInteger(string(text))
		if err != nil || n.negative {
			return nil, chat.Refuse(chat.CodeInvalid, "Next must be 0 or a number that this command returned")
		}
		next = n.magnitude
	}
	list, err := call.App.Chat.ListGroups(ctx, value(r.Type), value(r.Limit), next)
	if err != nil {
		return nil, err
	}
	answer := &getAppidGroupListResponse{Total: list.Total, Next: list.Next, Groups: make([]listedGroup, len(list.IDs))}
	for i, id := range list.IDs {
		answer.Groups[i].ID = id
	}
	return answer, nil
}

type getJoinedGroupListRequest struct {
	Account      *string        `json:"Member_Account" desc:"account, imported before" required:"true"`
	WithRooms    *int           `json:"WithHugeGroups" range:"0..1" desc:"1: also AVChatRooms that the account owns, of others nothing is known; not needed with GroupType AVChatRoom" default:"0"`
	WithInactive *int           `json:"WithNoActiveGroups" range:"0..1" desc:"1: also Private groups in which nobody has written yet" default:"0"`
	Limit        *int64         `json:"Limit" desc:"groups wanted, 1 to 5000; 0: all" default:"0"`
	Offset       *int64         `json:"Offset" desc:"groups to pass over, 0 or more" default:"0"`
	Type         *string        `json:"GroupType" older:"Type" desc:"only groups of this type; absent: all; the retired BChatRoom finds none" values:"Private,Work,Public,ChatRoom,Meeting,AVChatRoom,Community,BChatRoom"`
	SupportTopic *int           `json:"SupportTopic" range:"0..1" desc:"1: only communities with topics; 0: none of these; if given, GroupType can be Community only" default:"0"`
	Filter       responseFilter `json:"ResponseFilter" desc:"what is wanted beside GroupId; absent or empty: nothing"`
}

type getJoinedGroupListResponse struct {
	Total  int           `json:"TotalCount" desc:"groups there are, whatever the page"`
	Groups []joinedGroup `json:"GroupIdList" desc:"groups, the one joined last first"`
}

type joinedGroup struct {
	ID string `json:"GroupId" desc:"id of the group"`
	groupRecord
	GrossTopicNextSeq *uint64       `json:"GrossTopicNextMsgSeq,omitzero" desc:"1 more than the messages of all topics; with SupportTopic 1 only"`
	Custom            *[]chat.Field `json:"AppDefinedData,omitzero" desc:"custom fields of the group that are wanted and have a value"`
	Self              *selfInfo     `json:"SelfInfo,omitzero" desc:"the account's own record; with SelfInfoFilter or SupportTopic 1 only, of an AVChatRoom the Role alone"`
}

// selfInfo is the account's own record in a group.
type selfInfo struct {
	memberRecord
	Unread            *uint32 `json:"UnreadMsgNum,omitzero" desc:"unread messages; 0 in types without unread numbers"`
	GrossTopicReadSeq *uint64 `json:"GrossTopicReadSeq,omitzero" desc:"sum of the read positions in all topics; with SupportTopic 1 only"`
}

func getJoinedGroupList(ctx context.Context, call *Call, r *getJoinedGroupListRequest) (*getJoinedGroupListResponse, error) {
	f := r.Filter
	topics := value(r.SupportTopic) == 1
	joined, err := call.App.Chat.Joined(ctx, chat.JoinedRequest{
		Account: value(r.Account), Type: value(r.Type), WithRooms: value(r.WithRooms) == 1,
		WithInactive: value(r.WithInactive) == 1, SupportTopic: flag(r.SupportTopic),
		Limit: value(r.Limit), Offset: value(r.Offset),
		IDsOnly: !topics && len(f.Group)+len(f.GroupCustom)+len(f.Self) == 0,
	})
	if err != nil {
		return nil, err
	}
	group := f.Group
	if topics { // said of every item whatever the filter (spec 02 section 7.6)
		group = append(slices.Clone(group), "Type", "SupportTopic")
	}
	wantGroup, groupKeys, wantSelf := listedFields(group), listedKeys(f.GroupCustom), listedFields(f.Self)
	answer := &getJoinedGroupListResponse{Total: joined.Total, Groups: make([]joinedGroup, len(joined.Groups))}
	for i := range joined.Groups {
		g, item := &joined.Groups[i], &answer.Groups[i]
		item.ID = g.ID
		item.groupRecord = showGroup(&g.GroupInfo, wantGroup)
		item.GrossTopicNextSeq = shown(topics, g.GrossTopicNextSeq)
		item.Custom = showCustom(g.Custom, false, groupKeys)
		if topics || len(f.Self) > 0 {
			item.Self = showSelf(g, wantSelf, topics)
		}
	}
	return answer, nil
}

func showSelf(g *chat.JoinedGroup, want fieldFilter, topics bool) *selfInfo {
	if g.Type == chat.AVChatRoom { // its members are not stored
		return &selfInfo{memberRecord: memberRecord{Role: shown(want("Role"), g.Self.Role)}}
	}
	self := &selfInfo{memberRecord: showMember(&g.Self, want)}
	self.Unread = shown(want("UnreadMsgNum"), g.Unread)
	self.GrossTopicReadSeq = shown(topics, g.GrossTopicReadSeq)
	if want("AppMemberDefinedData") {
		self.Custom = &g.Self.Custom
	}
	return self
}
