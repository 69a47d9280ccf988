package api

import (
	"context"
	"slices"

	"github.com/recant-chat/recant/chat"
)

// groupRecord is the record of a group in answers; nil fields were not wanted
// or are none of its type's.
type groupRecord struct {
	Type              *chat.GroupType `json:"Type,omitzero"`
	AppID             *uint32         `json:"Appid,omitzero"`
	Name              *string         `json:"Name,omitzero"`
	Introduction      *string         `json:"Introduction,omitzero"`
	Notification      *string         `json:"Notification,omitzero"`
	FaceURL           *string         `json:"FaceUrl,omitzero"`
	Owner             *string         `json:"Owner_Account,omitzero"`
	CreateTime        *int64          `json:"CreateTime,omitzero"`
	InfoSeq           *uint64         `json:"InfoSeq,omitzero"`
	LastInfoTime      *int64          `json:"LastInfoTime,omitzero"`
	LastMsgTime       *int64          `json:"LastMsgTime,omitzero"`
	NextMsgSeq        *uint64         `json:"NextMsgSeq,omitzero"`
	MemberNum         *uint32         `json:"MemberNum,omitzero"`
	MaxMemberNum      *uint32         `json:"MaxMemberNum,omitzero"`
	ApplyJoinOption   *string         `json:"ApplyJoinOption,omitzero"`
	InviteJoinOption  *string         `json:"InviteJoinOption,omitzero"`
	MuteAll           *string         `json:"MuteAllMember,omitzero"`
	ShutUpAll         *string         `json:"ShutUpAllMember,omitzero"` // older name
	HistoryBeforeJoin *string         `json:"HistoryMsgBeforeJoin,omitzero"`
	SupportTopic      *int            `json:"SupportTopic,omitzero"`
	EnablePermission  *int            `json:"EnablePermission,omitzero"`
	DefaultPermission *int64          `json:"DefaultPermission,omitzero"`
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
	Role         *string       `json:"Role,omitzero"`
	JoinTime     *int64        `json:"JoinTime,omitzero"`
	MsgSeq       *uint32       `json:"MsgSeq,omitzero"`
	MsgFlag      *string       `json:"MsgFlag,omitzero"`
	LastSendTime *int64        `json:"LastSendMsgTime,omitzero"`
	MuteUntil    *uint32       `json:"MuteUntil,omitzero"`
	ShutUpUntil  *uint32       `json:"ShutUpUntil,omitzero"` // older name
	NameCard     *string       `json:"NameCard,omitzero"`
	Custom       *[]chat.Field `json:"AppMemberDefinedData,omitzero"`
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
	Account string `json:"Member_Account"`
	memberRecord
}

type getGroupInfoRequest struct {
	IDs    []string       `json:"GroupIdList"`
	Filter responseFilter `json:"ResponseFilter"`
}

type getGroupInfoResponse struct {
	Groups []groupInfoItem `json:"GroupInfo"`
}

type groupInfoItem struct {
	ID   string `json:"GroupId"`
	Code int    `json:"ErrorCode"`
	Info string `json:"ErrorInfo"`
	groupRecord
	Custom  *[]chat.Field   `json:"AppDefinedData,omitzero"`
	Members *[]listedMember `json:"MemberList,omitzero"`
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
	Limit *int64        `json:"Limit"`
	Next  *TextOrNumber `json:"Next"`
	Type  *string       `json:"GroupType" older:"Type"`
}

type getAppidGroupListResponse struct {
	Total  int           `json:"TotalCount"`
	Groups []listedGroup `json:"GroupIdList"`
	Next   uint64        `json:"Next"`
}

type listedGroup struct {
	ID string `json:"GroupId"`
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
	Account      *string        `json:"Member_Account"`
	WithRooms    *int           `json:"WithHugeGroups" range:"0..1"`
	WithInactive *int           `json:"WithNoActiveGroups" range:"0..1"`
	Limit        *int64         `json:"Limit"`
	Offset       *int64         `json:"Offset"`
	Type         *string        `json:"GroupType" older:"Type"`
	SupportTopic *int           `json:"SupportTopic" range:"0..1"`
	Filter       responseFilter `json:"ResponseFilter"`
}

type getJoinedGroupListResponse struct {
	Total  int           `json:"TotalCount"`
	Groups []joinedGroup `json:"GroupIdList"`
}

type joinedGroup struct {
	ID string `json:"GroupId"`
	groupRecord
	GrossTopicNextSeq *uint64       `json:"GrossTopicNextMsgSeq,omitzero"`
	Custom            *[]chat.Field `json:"AppDefinedData,omitzero"`
	Self              *selfInfo     `json:"SelfInfo,omitzero"`
}

// selfInfo is the account's own record in a group.
type selfInfo struct {
	memberRecord
	Unread            *uint32 `json:"UnreadMsgNum,omitzero"` // older field
	GrossTopicReadSeq *uint64 `json:"GrossTopicReadSeq,omitzero"`
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
