package webhook

import (
	"slices"
	"strings"

	"github.com/recant-chat/recant/chat"
)

// commands are those about groups (spec 06 section 7).
var commands = []string{
	"Group.CallbackBeforeCreateGroup",
	"Group.CallbackAfterCreateGroup",
	"Group.CallbackBeforeApplyJoinGroup",
	"Group.CallbackBeforeInviteJoinGroup",
	"Group.CallbackAfterNewMemberJoin",
	"Group.CallbackAfterMemberExit",
	"Group.CallbackBeforeSendMsg",
	"Group.CallbackAfterSendMsg",
	"Group.CallbackSendMsgException",
	"Group.CallbackAfterGroupFull",
	"Group.CallbackAfterGroupDestroyed",
	"Group.CallbackAfterGroupInfoChanged",
	"Group.CallbackAfterRecallMsg",
	"Group.CallbackOnMemberStateChange",
	"Group.CallbackBeforeCreateTopic",
	"Group.CallbackAfterCreateTopic",
	"Group.CallbackAfterTopicDestroyed",
	"Group.CallbackAfterTopicInfoChanged",
	"Group.CallbackAfterMemberFieldChanged",
	"Group.CallbackAfterGroupAttrChanged",
	"Group.CallbackAfterReadReceipt",
	"Group.CallbackAfterChangeGroupOwner",
	"Group.CallbackOnDailyGroupQuotaAlarm",
}

// topicTwins are the commands about topics that the command about groups turns
// on (docs 49463 to 49466).
var topicTwins = map[string]string{
	chat.CallbackBeforeCreateGroup: chat.CallbackBeforeCreateTopic,
	chat.CallbackAfterCreateGroup:  chat.CallbackAfterCreateTopic,
	chat.CallbackAfterDestroyed:    chat.CallbackAfterTopicsGone,
	chat.CallbackAfterInfoChanged:  chat.CallbackAfterTopicChanged,
}

// Commands outside the group family, by name and by family. They can be
// enabled; hardly one is ever called (spec 06 section 7.22).
var (
	otherCommands = []string{
		"Bot.OnGroupMessage", "ContentCallback.ResultNotify", "Alert.RequestOverLimit",
		"State.StateChange", "Profile.CallbackPortraitSet",
	}
	otherFamilies = []string{"C2C", "Sns", "Follow", "OfficialAccount", "Push"}
)

// known reports whether a command can be enabled.
func known(command string) bool {
	if slices.Contains(commands, command) || slices.Contains(otherCommands, command) {
		return true
	}
	family, name, _ := strings.Cut(command, ".")
	return slices.Contains(otherFamilies, family) && name != "" &&
		strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == ""
}

// before reports whether a command about groups is called before its event.
func before(command string) bool {
	return slices.Contains(commands, command) && strings.HasPrefix(command, "Group.CallbackBefore")
}
