package api

import (
	"context"

	"github.com/recant-chat/recant/chat"
)

const roomService = "group_open_avchatroom_http_svc"

// roomCommands are the commands on AVChatRooms alone (spec 03 section 3).
func roomCommands() []Command {
	common := codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound, chat.CodeBadGroupID,
		chat.CodeCommunityOff)
	many := codes(chat.CodeTooManyAccounts)
	known := codes(chat.CodeAccountNotFound)
	return []Command{
		command(roomService, "get_members", getMembers,
			repeatable(), doc(50293), summary("Lists who is in an AVChatRoom, or who carries a mark, those who entered last first."), common),
		command(roomService, "modify_user_info", modifyUserInfo,
			repeatable(), doc(50294), summary("Sets or removes marks of members of an AVChatRoom."), common, many, codes(chat.CodeAnswerTooLarge)),
		command(roomService, "modify_admin", modifyAdmin,
			repeatable(), doc(60525), summary("Appoints or dismisses admins of an AVChatRoom."), common, many, known),
		command(roomService, "get_admin_list", getAdminList,
			repeatable(), doc(60524), summary("Lists the admins of an AVChatRoom."), common),
		command(roomService, "check_members", checkMembers,
			repeatable(), summary("Tells which of up to 500 accounts are in an AVChatRoom."), common, many),
		command(roomService, "add_robots", addRobots,
			repeatable(), doc(60527), summary("Puts up to 500 accounts into an AVChatRoom as robots, which need no connection."), common, many, known),
		command(roomService, "del_robots", delRobots,
			repeatable(), doc(60526), summary("Ends that accounts are robots of an AVChatRoom."), common, many),
	}
}

// roomRemove is the CommandType of modify_user_info and modify_admin that
// removes; 1 adds.
const roomRemove = 2

type getMembersRequest struct {
	GroupID   *string `json:"GroupId" desc:"id of the group" required:"true"`
	Timestamp *uint32 `json:"Timestamp" desc:"0 for the first page, then NextTimestamp of the page before" required:"true"`
	Mark      *uint32 `json:"Mark" desc:"only accounts that carry this mark, 500 for robots or 1000 or more; 0: the 1000 that entered last, and robots" default:"0"`
}

type getMembersResponse struct {
	Members []roomMember `json:"MemberList" desc:"up to about 250 accounts, those who entered last first"`
	Next    int64        `json:"NextTimestamp" desc:"Timestamp of the following call; 0 on the last page"`
}

type roomMember struct {
	Account  string `json:"Member_Account" desc:"account"`
	JoinTime int64  `json:"JoinTime" desc:"when it entered the room, Unix seconds"`
	NickName string `json:"NickName" desc:"nickname in its profile"`
	Avatar   string `json:"Avatar" desc:"URL of the avatar in its profile"`
}

func getMembers(ctx context.Context, call *Call, r *getMembersRequest) (*getMembersResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	page, err := call.App.Chat.RoomMembers(ctx, chat.RoomMemberQuery{GroupID: *r.GroupID, Before: r.Timestamp, Mark: value(r.Mark)})
	if err != nil {
		return nil, err
	}
	answer := &getMembersResponse{Next: page.Next, Members: make([]roomMember, len(page.Members))}
	for i, m := range page.Members {
		answer.Members[i] = roomMember{Account: m.UserID, JoinTime: m.Entered, NickName: m.Nick, Avatar: m.FaceURL}
	}
	return answer, nil
}

type modifyUserInfoRequest struct {
	GroupID *string `json:"GroupId" desc:"id of the group" required:"true"`
	Type    *int    `json:"CommandType" range:"1..2" desc:"1: set marks, 2: remove marks" required:"true"`
	Members []struct {
		Account *string  `json:"Member_Account" desc:"account" required:"true"`
		Marks   []uint32 `json:"Marks" desc:"marks: 500 makes a robot of the account, else 1000 or more; at most 10 different ones in a room and 1000 accounts with one" required:"true"`
	} `json:"MemberList" desc:"1 to 500 accounts, one or more of them in the room; the others are passed over" required:"true"`
}

type modifyUserInfoResponse struct {
	Type    int            `json:"CommandType" desc:"CommandType of the request"`
	Members []markedMember `json:"MemberList" desc:"what was set or removed"`
}

type markedMember struct {
	Account string   `json:"Member_Account" desc:"account"`
	Marks   []uint32 `json:"Marks" desc:"marks that were set or removed"`
}

func modifyUserInfo(ctx context.Context, call *Call, r *modifyUserInfoRequest) (*modifyUserInfoResponse, error) {
	switch {
	case r.GroupID == nil:
		return nil, missing("GroupId")
	case r.Type == nil:
		return nil, missing("CommandType")
	}
	marking := chat.Marking{GroupID: *r.GroupID, Remove: *r.Type == roomRemove}
	for _, m := range r.Members {
		marking.Accounts = append(marking.Accounts, chat.MarkedAccount{Account: value(m.Account), Marks: m.Marks})
	}
	if err := call.mustFit(showMarked(*r.Type, marking.Accounts)); err != nil {
		return nil, err
	}
	done, err := call.App.Chat.Mark(ctx, marking)
	if err != nil {
		return nil, err
	}
	return showMarked(*r.Type, done), nil
}

func showMarked(commandType int, done []chat.MarkedAccount) *modifyUserInfoResponse {
	answer := &modifyUserInfoResponse{Type: commandType, Members: make([]markedMember, len(done))}
	for i, m := range done {
		answer.Members[i] = markedMember(m)
	}
	return answer
}

type modifyAdminRequest struct {
	GroupID *string  `json:"GroupId" desc:"id of the group" required:"true"`
	Type    *int     `json:"CommandType" range:"1..2" desc:"1: appoint, 2: dismiss" required:"true"`
	Admins  []string `json:"Admin_Account" desc:"1 to 5 accounts, imported before; a room has at most 5 admins, beside the owner" required:"true"`
}

func modifyAdmin(ctx context.Context, call *Call, r *modifyAdminRequest) (*noResult, error) {
	switch {
	case r.GroupID == nil:
		return nil, missing("GroupId")
	case r.Type == nil:
		return nil, missing("CommandType")
	case *r.Type == roomRemove:
		return nil, call.App.Chat.DismissRoomAdmins(ctx, *r.GroupID, r.Admins)
	}
	return nil, call.App.Chat.AppointRoomAdmins(ctx, *r.GroupID, r.Admins)
}

type getAdminListRequest struct {
	GroupID *string `json:"GroupId" desc:"id of the group" required:"true"`
}

type getAdminListResponse struct {
	Admins []roomAdmin `json:"Admin_List" desc:"admins without the owner, in the order of appointment"`
}

type roomAdmin struct {
	Account  string `json:"Admin_Account" desc:"account"`
	NickName string `json:"NickName" desc:"nickname in its profile"`
	Avatar   string `json:"Avatar" desc:"URL of the avatar in its profile"`
}

func getAdminList(ctx context.Context, call *Call, r *getAdminListRequest) (*getAdminListResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	admins, err := call.App.Chat.RoomAdmins(ctx, *r.GroupID)
	if err != nil {
		return nil, err
	}
	answer := &getAdminListResponse{Admins: make([]roomAdmin, len(admins))}
	for i, admin := range admins {
		answer.Admins[i] = roomAdmin{Account: admin.UserID, NickName: admin.Nick, Avatar: admin.FaceURL}
	}
	return answer, nil
}

type roomAccountsRequest struct {
	GroupID  *string  `json:"GroupId" desc:"id of the group" required:"true"`
	Accounts []string `json:"Member_Account" desc:"1 to 500 accounts; for add_robots all imported before" required:"true"`
}

type checkMembersResponse struct {
	Accounts []string `json:"Member_Account" desc:"those of the accounts that are in the room, robots included, in the order of first appearance"`
}

func checkMembers(ctx context.Context, call *Call, r *roomAccountsRequest) (*checkMembersResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	there, err := call.App.Chat.InRoom(ctx, *r.GroupID, r.Accounts)
	return &checkMembersResponse{Accounts: there}, err
}

func addRobots(ctx context.Context, call *Call, r *roomAccountsRequest) (*noResult, error) {
	return setRobots(ctx, call, r, false)
}

func delRobots(ctx context.Context, call *Call, r *roomAccountsRequest) (*noResult, error) {
	return setRobots(ctx, call, r, true)
}

func setRobots(ctx context.Context, call *Call, r *roomAccountsRequest, remove bool) (*noResult, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	_, err := call.App.Chat.Mark(ctx, chat.RobotMarking(*r.GroupID, r.Accounts, remove))
	return nil, err
}
