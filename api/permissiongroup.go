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
			repeatable(), doc(61234), summary("Changes the name, permissions or custom text of a permission group."),
			common, named, codes(chat.CodeTextRefused)),
		command(groupService, "get_permission_group", getPermissionGroup,
			repeatable(), doc(61235), summary("Lists the permission groups of a community, or reads some of them."),
			common, codes(chat.CodeAnswerTooLarge)),
		command(groupService, "add_topic_permission_group", changeTopicPermission((*chat.App).AttachTopics),
			doc(61236), summary("Attaches up to 50 topics to a permission group, with what it grants there."),
			common, named, codes(chat.CodeAnswerTooLarge)),
		command(groupService, "set_topic_permission_group", changeTopicPermission((*chat.App).SetTopicPermissions),
			repeatable(), doc(61237), summary("Changes what a permission group grants in topics that are attached to it."),
			common, named, codes(chat.CodeAnswerTooLarge)),
		command(groupService, "delete_topic_permission_group", deleteTopicPermission,
			doc(61238), summary("Detaches topics from a permission group."),
			common, named, codes(chat.CodeAnswerTooLarge)),
		command(groupService, "get_topic_permission_group", getTopicPermission,
			repeatable(), doc(61239), summary("Reads what a permission group grants in its topics."),
			common, named, codes(chat.CodeAnswerTooLarge)),
		command(groupService, "add_permission_group_member", addPermissionGroupMember,
			doc(61240), summary("Puts up to 100 members of a community into a permission group."),
			common, named, codes(chat.CodeAnswerTooLarge)),
		command(groupService, "delete_permission_group_member", deletePermissionGroupMember,
			repeatable(), doc(61241), summary("Takes members out of a permission group; they stay in the community."),
			common, named, codes(chat.CodeAnswerTooLarge)),
		command(groupService, "get_permission_group_member_list", getPermissionGroupMemberList,
			repeatable(), doc(61242), summary("Lists the members of a permission group with their records, page by page."),
			common, named),
	}
}

// permissionGroupName names a permission group.
type permissionGroupName struct {
	GroupID *string `json:"GroupId" desc:"id of the community, which has topics" required:"true"`
	ID      *string `json:"PermissionGroupId" desc:"id of the permission group" required:"true"`
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

type createPermissionGroupRequest struct {
	GroupID    *string `json:"GroupId" desc:"id of the community, which has topics" required:"true"`
	ID         *string `json:"PermissionGroupId" desc:"id of the new permission group: @PMG#_ and a name, not beginning with @PMG#_@PMG#, at most 96 bytes of printable ASCII; absent or empty: generated"`
	Name       *string `json:"PermissionGroupName" desc:"1 to 150 bytes" required:"true"`
	Permission *int64  `json:"Permission" desc:"permission bits of its members in the community (doc 33529)" default:"0"`
	Custom     *string `json:"CustomString" desc:"custom text, at most 3000 bytes"`
}

type createPermissionGroupResponse struct {
	ID string `json:"PermissionGroupId" desc:"id of the permission group"`
}

func createPermissionGroup(ctx context.Context, call *Call, r *createPermissionGroupRequest) (*createPermissionGroupResponse, error) {
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

type modifyPermissionGroupRequest struct {
	permissionGroupName
	Name       *string `json:"PermissionGroupName" desc:"1 to 150 bytes; absent: as it is"`
	Permission *int64  `json:"Permission" desc:"permission bits of its members in the community (doc 33529); absent: as they are"`
	Custom     *string `json:"CustomString" desc:"custom text, at most 3000 bytes; absent: as it is"`
}

func modifyPermissionGroup(ctx context.Context, call *Call, r *modifyPermissionGroupRequest) (*noResult, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	return nil, call.App.Chat.ModifyPermissionGroup(ctx, chat.PermissionGroupChanges{
		GroupID: *r.GroupID, ID: *r.ID, Name: r.Name, Permission: r.Permission, Custom: r.Custom,
	})
}

type destroyPermissionGroupRequest struct {
	GroupID *string  `json:"GroupId" desc:"id of the community, which has topics" required:"true"`
	IDs     []string `json:"PermissionGroupIdList" desc:"ids of 1 to 20 permission groups" required:"true"`
}

type destroyPermissionGroupResponse struct {
	Results []permissionGroupResult `json:"PermissionGroupResultList" desc:"one result per id, in order"`
}

type permissionGroupResult struct {
	ID   string `json:"PermissionGroupId" desc:"id of the permission group"`
	Code int    `json:"ErrorCode" desc:"0, or 110006: no such permission group"`
	Info string `json:"ErrorInfo" desc:"why ErrorCode is not 0, else empty"`
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
	GroupID *string       `json:"GroupId" desc:"id of the community, which has topics" required:"true"`
	IDs     []string      `json:"PermissionGroupIdList" desc:"ids of at most 20 permission groups; absent or empty: all, page by page"`
	Limit   *int64        `json:"Limit" desc:"permission groups wanted, 1 to 20; 0 is 20; without PermissionGroupIdList only" default:"20"`
	Next    *TextOrNumber `json:"Next" desc:"empty or 0 for the first page, then Next of the page before"`
}

type getPermissionGroupResponse struct {
	Next   string                `json:"Next" desc:"Next of the following call; empty on the last page"`
	Groups []permissionGroupItem `json:"PermissionGroupInfoList" desc:"permission groups, each once and in order of the request, or in the order of creation"`
}

type permissionGroupItem struct {
	permissionGroupResult
	Name        *string `json:"PermissionGroupName,omitzero" desc:"name of the permission group"`
	Custom      *string `json:"CustomString,omitzero" desc:"custom text"`
	Permission  *int64  `json:"Permission,omitzero" desc:"permission bits of its members in the community (doc 33529)"`
	MemberCount *uint32 `json:"MemberCount,omitzero" desc:"members"`
	MemberNum   *uint32 `json:"MemberNum,omitzero" desc:"other name of MemberCount"`
	CreateTime  *int64  `json:"CreateTime,omitzero" desc:"when it was created, Unix seconds"`
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
		listedTopic
		Permission *int64 `json:"Permission" desc:"permission bits of the members of the permission group in the topic (doc 33529)" required:"true"`
	} `json:"TopicPermissionList" desc:"1 to 50 topics" required:"true"`
}

type listedTopic struct {
	ID *string `json:"TopicId" desc:"id of the topic" required:"true"`
}

// check checks that the element i of the list names a topic.
func (t listedTopic) check(i int) error {
	if value(t.ID) == "" {
		return chat.Refuse(chat.CodeInvalid, "TopicPermissionList[%d].TopicId is missing", i)
	}
	return nil
}

type topicPermissionResponse struct {
	Topics []topicPermissionItem `json:"TopicPermissionResultList" desc:"one result per topic, in order"`
}

type topicPermissionItem struct {
	Code       int    `json:"ErrorCode" desc:"0, or why the topic was passed over: 110003 no such topic, 110010 attached already, 110011 not attached, 110013 malformed id"`
	Info       string `json:"ErrorInfo" desc:"why ErrorCode is not 0, else empty"`
	ID         string `json:"TopicId" desc:"id of the topic"`
	Permission *int64 `json:"Permission,omitzero" desc:"permission bits of the members of the permission group in the topic (doc 33529); from get_topic_permission_group only"`
}

// topicPermissionChange is one of the three changes of what a permission group
// grants in topics.
type topicPermissionChange func(app *chat.App, ctx context.Context, groupID, id string, given []chat.TopicPermission) ([]chat.TopicPermission, error)

// changeTopicPermission serves a change that takes a permission for each topic.
func changeTopicPermission(change topicPermissionChange) func(context.Context, *Call, *topicPermissionRequest) (*topicPermissionResponse, error) {
	return func(ctx context.Context, call *Call, r *topicPermissionRequest) (*topicPermissionResponse, error) {
		given := make([]chat.TopicPermission, len(r.Topics))
		for i, t := range r.Topics {
			if err := t.check(i); err != nil {
				return nil, err
			}
			if t.Permission == nil {
				return nil, chat.Refuse(chat.CodeInvalid, "TopicPermissionList[%d].Permission is missing", i)
			}
			given[i] = chat.TopicPermission{TopicID: *t.ID, Permission: *t.Permission}
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
	permissionGroupName
	TopicIDs []string `json:"TopicIdList" desc:"ids of the topics; 1 to 50 with those in TopicPermissionList"`
	Topics   []struct {
		listedTopic
		Permission *int64 `json:"Permission" desc:"no effect"`
	} `json:"TopicPermissionList" desc:"more topics, in another form"`
}

func deleteTopicPermission(ctx context.Context, call *Call, r *deleteTopicPermissionRequest) (*topicPermissionResponse, error) {
	var given []chat.TopicPermission
	for i, t := range r.Topics {
		if err := t.check(i); err != nil {
			return nil, err
		}
		given = append(given, chat.TopicPermission{TopicID: *t.ID})
	}
	for _, id := range r.TopicIDs {
		given = append(given, chat.TopicPermission{TopicID: id})
	}
	return topicPermissionChange((*chat.App).DetachTopics).serve(ctx, call, &r.permissionGroupName, given)
}

type getTopicPermissionRequest struct {
	permissionGroupName
	TopicIDs []string `json:"TopicIdList" desc:"ids of at most 50 topics; absent or empty: all that are attached"`
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
		Account *string `json:"Member_Account" plain:"true" desc:"account" required:"true"`
	} `json:"MemberList" desc:"1 to 100 members of the community; an element may be the account alone" required:"true"`
}

type permissionMembersResponse struct {
	Members []permissionMemberResult `json:"MemberList" desc:"one result per account, in order"`
}

type permissionMemberResult struct {
	Account string    `json:"Member_Account" desc:"account"`
	Result  chat.Code `json:"Result" desc:"0: done, or when adding 10007: no member of the community, 10013: in the permission group already"`
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
	memberFields
	Limit *int64  `json:"Limit" desc:"members wanted, 1 to 50; 0 is 50" default:"50"`
	Next  *string `json:"Next" desc:"empty for the first page, then Next of the page before"`
}

type getPermissionGroupMemberListResponse struct {
	Next    string             `json:"Next" desc:"Next of the following call; empty on the last page"`
	Members []permissionMember `json:"MemberList" desc:"members, in the order in which they were added to the community"`
}

type permissionMember struct {
	memberInfoItem
	Since int64 `json:"JoinPermissionGroupTime" desc:"when the account came into the permission group, Unix seconds"`
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
