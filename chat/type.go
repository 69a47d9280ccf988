package chat

// GroupType is the canonical wire name of a group type (spec 02 section 1.1).
type GroupType string

// The five group types. Private is the product's Work, ChatRoom its Meeting.
const (
	Private    GroupType = "Private"
	Public     GroupType = "Public"
	ChatRoom   GroupType = "ChatRoom"
	AVChatRoom GroupType = "AVChatRoom"
	Community  GroupType = "Community"
)

// GroupTypes lists the types in the order of the documents.
var GroupTypes = [...]GroupType{Private, Public, ChatRoom, AVChatRoom, Community}

// ParseGroupType accepts the canonical names and the product names Work and
// Meeting; letter case matters.
func ParseGroupType(name string) (GroupType, bool) {
	switch name {
	case "Work":
		return Private, true
	case "Meeting":
		return ChatRoom, true
	}
	for _, t := range GroupTypes {
		if name == string(t) {
			return t, true
		}
	}
	return "", false
}

// Receive options of a member (MsgFlag).
const (
	AcceptAndNotify         = "AcceptAndNotify"
	AcceptNotNotify         = "AcceptNotNotify"
	Discard                 = "Discard"
	AcceptNotNotifyExceptAt = "AcceptNotNotifyExceptAt"
)

var receiveOptions = []string{AcceptAndNotify, AcceptNotNotify, Discard, AcceptNotNotifyExceptAt}

// typeRules is what the types differ in (spec 02 section 1.3, 03 section 1.5).
type typeRules struct {
	marker        string // in generated ids
	applyDefault  string
	applySettable bool   // at creation
	inviteDefault string // "" where the type has no invitations
	msgFlag       string
	unread        bool // members have an unread number
	admins        bool // the Admin role exists among the members
	ownerMayLeave bool
	memberMute    bool // single members can be muted
	stored        bool // members and messages are stored
	besides       bool // messages may have read receipts and extensions
	historyBefore bool // HistoryMsgBeforeJoin by default
	historyOption bool // HistoryMsgBeforeJoin can be set
}

var rulesOf = map[GroupType]typeRules{
	Private: {
		marker: "1", applyDefault: "DisableApply", inviteDefault: "FreeAccess",
		msgFlag: AcceptAndNotify, unread: true, ownerMayLeave: true, stored: true, besides: true, historyOption: true,
	},
	Public: {
		marker: "2", applyDefault: "NeedPermission", applySettable: true, inviteDefault: "DisableInvite",
		msgFlag: AcceptAndNotify, unread: true, admins: true, memberMute: true, stored: true, besides: true, historyOption: true,
	},
	ChatRoom: {
		marker: "3", applyDefault: "NeedPermission", applySettable: true, inviteDefault: "DisableInvite",
		msgFlag: AcceptNotNotify, admins: true, memberMute: true, stored: true, besides: true, historyBefore: true, historyOption: true,
	},
	AVChatRoom: {
		marker: "a", applyDefault: "FreeAccess", applySettable: true,
		msgFlag: AcceptNotNotify, memberMute: true,
	},
	Community: {
		marker: "c", applyDefault: "FreeAccess", inviteDefault: "DisableInvite",
		msgFlag: AcceptAndNotify, unread: true, admins: true, memberMute: true, stored: true,
	},
}
