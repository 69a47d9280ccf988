package api

import (
	"context"

	"github.com/recant-chat/recant/chat"
)

// permissionGroupCommands are the commands on permission groups of communities
// (spec 05 section 2).
func permissionGroupCommands() []Command {
	common := codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound, chat.CodeBadGroupID,
		chat.CodeCommunityOff)
	named := codes(chat.CodeNoPermissionGroup)
	return []Command{
		command(groupService, "create_permission_group", createPermissionGroup,
			doc(61232), summary("Creates a permission group in a community."),
			common, codes(chat.CodeGroupIDInUse, chat.CodeUserGroupQuota, chat.CodeTextRefused)),
		command(groupService, "destroy_permission_group", destroyPermissionGroup,
			doc(61233), summary("Destroys up to 20 permission groups; their members stay in the community."),
			common, codes(chat.CodeAnswerTooLarge)),
		command(groupService, "modify_permission_group", modifyPermissionGroup,
			doc(61234), summary("Changes the name, permissions or custom text of a permission group."),
			common, named, codes(chat.CodeTextRefused)),
		command(groupService, "get_permission_group", getPermissionGroup,
			doc(61235), summary("Lists the permission groups of a community, or reads some of them."),
			common, codes(chat.CodeAnswerTooLarge)),
		command(groupService, "add_topic_permission_group", changeTopicPermission((*chat.App).AttachTopics),
			doc(61236), summary("Attaches up to 50 topics to a permission group, with what it grants there."),
			common, named, codes(chat.CodeAnswerTooLarge)),
		command(groupService, "set_topic_permission_group", changeTopicPermission((*chat.App).SetTopicPermissions),
			doc(61237), summary("Changes what a permission group grants in topics that are attached to it."),
			common, named, codes(chat.CodeAnswerTooLarge)),
		command(groupService, "delete_topic_permission_group", deleteTopicPermission,
			doc(61238), summary("Detaches topics from a permission group."),
			common, named, codes(chat.CodeAnswerTooLarge)),
		command(groupService, "get_topic_permission_group", getTopicPermission,
			doc(61239), summary("Reads what a permission group grants in its topics."),
			common, named, codes(chat.CodeAnswerTooLarge)),
		command(groupService, "add_permission_group_member", addPermissionGroupMember,
			doc(61240), summary("Puts up to 100 members of a community into a permission group."),
			common, named, codes(chat.CodeAnswerTooLarge)),
		command(groupService, "delete_permission_group_member", deletePermissionGroupMember,
			doc(61241), summary("Takes members out of a permission group; they stay in the community."),
			common, named, codes(chat.CodeAnswerTooLarge)),
		command(groupService, "get_permission_group_member_list", getPermissionGroupMemberList,
			doc(61242), summary("Lists the members of a permission group with their records, page by page."),
			common, named),
	}
}

// permissionGroupName names a permission group.
type permissionGroupName struct {
	GroupID *string `json:"GroupId"`
	ID      *string `json:"PermissionGroupId"`
}

// check checks that both are there; an empty id is the domain's to refuse.
func (n *permissionGroupName) check() error {
	if n.GroupID == nil {
		return missing("GroupId")
	}
	if n.ID == nil {
		return missing("PermissionGroupId")
	}
	return nil
}

// permissionGroupProfile is what a caller may set of a permission group.
type permissionGroupProfile struct {
	permissionGroupName
	Name       *string `json:"PermissionGroupName"`
	Permission *int64  `json:"Permission"` // 64 bits
	Custom     *string `json:"CustomString"`
}

type createPermissionGroupResponse struct {
	ID string `json:"PermissionGroupId"`
}

func createPermissionGroup(ctx context.Context, call *Call, r *permissionGroupProfile) (*createPermissionGroupResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	if r.Name == nil {
		return nil, missing("PermissionGroupName")
	}
	id, err := call.App.Chat.CreatePermissionGroup(ctx, chat.NewPermissionGroup{
		GroupID: *r.GroupID, ID: value(r.ID), Name: *r.Name, Permission: value(r.Permission), Custom: value(r.Custom),
	})
	if err != nil {
		return nil, err
	}
	return &createPermissionGroupResponse{ID: id}, nil
}

func modifyPermissionGroup(ctx context.Context, call *Call, r *permissionGroupProfile) (*noResult, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	return nil, call.App.Chat.ModifyPermissionGroup(ctx, chat.PermissionGroupChanges{
		GroupID: *r.GroupID, ID: *r.ID, Name: r.Name, Permission: r.Permission, Custom: r.Custom,
	})
}

type destroyPermissionGroupRequest struct {
	GroupID *string  `json:"GroupId"`
	IDs     []string `json:"PermissionGroupIdList"`
}

type destroyPermissionGroupResponse struct {
	Results []permissionGroupResult `json:"PermissionGroupResultList"`
}

type permissionGroupResult struct {
	ID   string `json:"PermissionGroupId"`
	Code int    `json:"ErrorCode"`
	Info string `json:"ErrorInfo"`
}

// longestItem is the refusal of an item than which none is longer.
var longestItem = chat.Refuse(chat.CodeNoPermissionGroup, "permission group does not exist or was destroyed")

func destroyPermissionGroup(ctx context.Context, call *Call, r *destroyPermissionGroupRequest) (*destroyPermissionGroupResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	show := func(result func(i int) error) *destroyPermissionGroupResponse {
		answer := &destroyPermissionGroupResponse{Results: make([]permissionGroupResult, len(r.IDs))}
		for i, id := range r.IDs {
			answer.Results[i].ID = id
			answer.Results[i].Code, answer.Results[i].Info = itemResult(result(i))
		}
		return answer
	}
	if err := call.mustFit(show(func(int) error { return longestItem })); err != nil {
		return nil, err
	}
	results, err := call.App.Chat.DestroyPermissionGroups(ctx, *r.GroupID, r.IDs)
	if err != nil {
		return nil, err
	}
	return show(func(i int) error { return results[i] }), nil
}

type getPermissionGroupRequest struct {
	GroupID *string       `json:"GroupId"`
	IDs     []string      `json:"PermissionGroupIdList"`
	Limit   *int64        `json:"Limit"`
	Next    *TextOrNumber `json:"Next"`
}

type getPermissionGroupResponse struct {
	Next   string                `json:"Next"`
	Groups []permissionGroupItem `json:"PermissionGroupInfoList"`
}

type permissionGroupItem struct {
	permissionGroupResult
	Name        *string `json:"PermissionGroupName,omitzero"`
	Custom      *string `json:"CustomString,omitzero"`
	Permission  *int64  `json:"Permission,omitzero"`
	MemberCount *uint32 `json:"MemberCount,omitzero"`
	MemberNum   *uint32 `json:"MemberNum,omitzero"` // another name of it
	CreateTime  *int64  `json:"CreateTime,omitzero"`
}

func getPermissionGroup(ctx context.Context, call *Call, r *getPermissionGroupRequest) (*getPermissionGroupResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	var groups []chat.PermissionGroupInfo
	var err error
	answer := &getPermissionGroupResponse{}
	if len(r.IDs) > 0 {
		groups, err = call.App.Chat.PermissionGroups(ctx, *r.GroupID, r.IDs)
	} else {
		next := string(value(r.Next))
		if next == "0" { // the first page's, where Next is a number
			next = ""
		}
		groups, answer.Next, err = call.App.Chat.ListPermissionGroups(ctx, *r.GroupID, value(r.Limit), next)
	}
	if err != nil {
		return nil, err
	}
	answer.Groups = make([]permissionGroupItem, len(groups))
	for i := range groups {
		g, item := &groups[i], &answer.Groups[i]
		item.ID = g.ID
		if item.Code, item.Info = itemResult(g.Err); item.Code != 0 {
			continue
		}
		item.Name, item.Custom, item.Permission = &g.Name, &g.Custom, &g.Permission
		item.MemberCount, item.MemberNum, item.CreateTime = &g.MemberNum, &g.MemberNum, &g.CreateTime
	}
	return answer, nil
}

type topicPermissionRequest struct {
	permissionGroupName
	Topics []struct {
		ID         *string `json:"TopicId"`
		Permission *int64  `json:"Permission"` // 64 bits
	} `json:"TopicPermissionList"`
}

// topics are the topics that are named, without their permissions.
func (r *topicPermissionRequest) topics() ([]chat.TopicPermission, error) {
	named := make([]chat.TopicPermission, len(r.Topics))
	for i, t := range r.Topics {
		if value(t.ID) == "" {
			return nil, chat.Refuse(chat.CodeInvalid, "TopicPermissionList[%d].TopicId is missing", i)
		}
		named[i].TopicID = *t.ID
	}
	return named, nil
}

type topicPermissionResponse struct {
	Topics []topicPermissionItem `json:"TopicPermissionResultList"`
}

type topicPermissionItem struct {
	Code       int    `json:"ErrorCode"`
	Info       string `json:"ErrorInfo"`
	ID         string `json:"TopicId"`
	Permission *int64 `json:"Permission,omitzero"`
}

// topicPermissionChange is one of the three changes of what a permission group
// grants in topics.
type topicPermissionChange func(app *chat.App, ctx context.Context, groupID, id string, given []chat.TopicPermission) ([]chat.TopicPermission, error)

// changeTopicPermission serves a change that takes a permission for each topic.
func changeTopicPermission(change topicPermissionChange) func(context.Context, *Call, *topicPermissionRequest) (*topicPermissionResponse, error) {
	return func(ctx context.Context, call *Call, r *topicPermissionRequest) (*topicPermissionResponse, error) {
		given, err := r.topics()
		if err != nil {
			return nil, err
		}
		for i, t := range r.Topics {
			if t.Permission == nil {
				return nil, chat.Refuse(chat.CodeInvalid, "TopicPermissionList[%d].Permission is missing", i)
			}
			given[i].Permission = *t.Permission
		}
		return change.serve(ctx, call, &r.permissionGroupName, given)
	}
}

func (change topicPermissionChange) serve(ctx context.Context, call *Call, name *permissionGroupName, given []chat.TopicPermission) (*topicPermissionResponse, error) {
	if err := name.check(); err != nil {
		return nil, err
	}
	largest := make([]chat.TopicPermission, len(given))
	for i, t := range given {
		largest[i] = chat.TopicPermission{TopicID: t.TopicID, Err: longestItem}
	}
	if err := call.mustFit(showTopicPermissions(largest, false)); err != nil {
		return nil, err
	}
	results, err := change(call.App.Chat, ctx, *name.GroupID, *name.ID, given)
	if err != nil {
		return nil, err
	}
	return showTopicPermissions(results, false), nil
}

func showTopicPermissions(results []chat.TopicPermission, withPermission bool) *topicPermissionResponse {
	answer := &topicPermissionResponse{Topics: make([]topicPermissionItem, len(results))}
	for i, t := range results {
		item := &answer.Topics[i]
		item.ID = t.TopicID
		item.Code, item.Info = itemResult(t.Err)
		item.Permission = shown(withPermission && t.Err == nil, t.Permission)
	}
	return answer
}

type deleteTopicPermissionRequest struct {
	topicPermissionRequest
	TopicIDs []string `json:"TopicIdList"` // added to the other list
}

func deleteTopicPermission(ctx context.Context, call *Call, r *deleteTopicPermissionRequest) (*topicPermissionResponse, error) {
	given, err := r.topics()
	if err != nil {
		return nil, err
	}
	for _, id := range r.TopicIDs {
		given = append(given, chat.TopicPermission{TopicID: id})
	}
	return topicPermissionChange((*chat.App).DetachTopics).serve(ctx, call, &r.permissionGroupName, given)
}

type getTopicPermissionRequest struct {
	permissionGroupName
	TopicIDs []string `json:"TopicIdList"`
}

func getTopicPermission(ctx context.Context, call *Call, r *getTopicPermissionRequest) (*topicPermissionResponse, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	results, err := call.App.Chat.TopicPermissions(ctx, *r.GroupID, *r.ID, r.TopicIDs)
	if err != nil {
		return nil, err
	}
	return showTopicPermissions(results, true), nil
}

type permissionMembersRequest struct {
	permissionGroupName
	Members []struct {
		Account *string `json:"Member_Account" plain:"true"`
	} `json:"MemberList"`
}

type permissionMembersResponse struct {
	Members []permissionMemberResult `json:"MemberList"`
}

type permissionMemberResult struct {
	Account string    `json:"Member_Account"`
	Result  chat.Code `json:"Result"`
}

// accounts are the accounts of the request, and the answer that gives each a
// result of 0.
func (r *permissionMembersRequest) accounts() ([]string, *permissionMembersResponse) {
	accounts := make([]string, len(r.Members))
	answer := &permissionMembersResponse{Members: make([]permissionMemberResult, len(r.Members))}
	for i, m := range r.Members {
		accounts[i] = value(m.Account)
		answer.Members[i].Account = accounts[i]
	}
	return accounts, answer
}

func addPermissionGroupMember(ctx context.Context, call *Call, r *permissionMembersRequest) (*permissionMembersResponse, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	accounts, answer := r.accounts()
	for i := range answer.Members {
		answer.Members[i].Result = chat.CodeInPermissionGroup // as long as any
	}
	if err := call.mustFit(answer); err != nil {
		return nil, err
	}
	results, err := call.App.Chat.AddPermissionMembers(ctx, *r.GroupID, *r.ID, accounts)
	if err != nil {
		return nil, err
	}
	for i, result := range results {
		answer.Members[i].Result = result
	}
	return answer, nil
}

func deletePermissionGroupMember(ctx context.Context, call *Call, r *permissionMembersRequest) (*permissionMembersResponse, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	accounts, answer := r.accounts()
	if err := call.mustFit(answer); err != nil {
		return nil, err
	}
	return answer, call.App.Chat.RemovePermissionMembers(ctx, *r.GroupID, *r.ID, accounts)
}

type getPermissionGroupMemberListRequest struct {
	permissionGroupName
	memberFilter
	Limit *int64  `json:"Limit"`
	Next  *string `json:"Next"`
}

type getPermissionGroupMemberListResponse struct {
	Next    string             `json:"Next"`
	Members []permissionMember `json:"MemberList"`
}

type permissionMember struct {
	memberInfoItem
	Since int64 `json:"JoinPermissionGroupTime"`
}

func getPermissionGroupMemberList(ctx context.Context, call *Call, r *getPermissionGroupMemberListRequest) (*getPermissionGroupMemberListResponse, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	members, next, err := call.App.Chat.ListPermissionMembers(ctx, *r.GroupID, *r.ID, value(r.Limit), value(r.Next))
	if err != nil {
		return nil, err
	}
	records := make([]chat.MemberInfo, len(members))
	for i := range members {
		records[i] = members[i].MemberInfo
	}
	items, err := r.show(ctx, call, records)
	answer := &getPermissionGroupMemberListResponse{Next: next, Members: make([]permissionMember, len(members))}
	for i := range items {
		answer.Members[i] = permissionMember{items[i], members[i].Since}
	}
	return answer, err
}
