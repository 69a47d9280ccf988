package chat

import (
	"context"
	"errors"

	"github.com/go-json-experiment/json/jsontext"
)

// Callback is one call to the application's own backend about an event (doc
// 34354). The same event has the same Callback however often it is told.
type Callback struct {
	Command   string // CallbackCommand, "Group.CallbackAfterSendMsg"
	ClientIP  string // of who caused the event, "" where nobody did
	Platform  string // OptPlatform, "RESTAPI"; "" where nobody caused the event
	RequestID string // lower-case UUID
	Body      []byte // a JSON object in UTF-8
}

// CallbackAnswer is what the backend answered to a before-event.
type CallbackAnswer struct {
	Code            int64
	Info            string
	MsgBody         jsontext.Value // replacement of a message's body; nil is none
	CloudCustomData *string        // replacement of its custom data; nil is none
	RefusedMembers  []string       // accounts that are not to be added
}

// Receiver is the application's backend as the domain needs it. Its methods may
// be called concurrently.
type Receiver interface {
	// Enabled reports whether a command is to be called at all. It costs nothing
	// and never changes while the App is open.
	Enabled(command string) bool
	// Ask calls before an event and returns the answer. An error means that the
	// call failed, whatever the reason, and that the backend's opinion is unknown.
	Ask(ctx context.Context, c Callback) (*CallbackAnswer, error)
	// DenyOnFailure reports whether an event is to be refused when the call before
	// it failed.
	DenyOnFailure(command string) bool
	// Tell calls after an event, once. The backend has heard of it when Tell
	// returns nil. Errors: ErrReceiverAnswered when the backend was reached and
	// answered anything but 200.
	Tell(ctx context.Context, c Callback) error
}

// ErrReceiverAnswered says that the backend was reached and did not take an
// event.
var ErrReceiverAnswered = errors.New("chat: the receiver answered, but not with 200")

// Names of the callbacks that the server makes (spec 06 section 7). Those of
// topics are switched on with their group's.
const (
	CallbackBeforeCreateGroup  = "Group.CallbackBeforeCreateGroup"
	CallbackAfterCreateGroup   = "Group.CallbackAfterCreateGroup"
	CallbackBeforeInvite       = "Group.CallbackBeforeInviteJoinGroup"
	CallbackAfterJoin          = "Group.CallbackAfterNewMemberJoin"
	CallbackAfterExit          = "Group.CallbackAfterMemberExit"
	CallbackBeforeSendMsg      = "Group.CallbackBeforeSendMsg"
	CallbackAfterSendMsg       = "Group.CallbackAfterSendMsg"
	CallbackSendMsgException   = "Group.CallbackSendMsgException"
	CallbackAfterGroupFull     = "Group.CallbackAfterGroupFull"
	CallbackAfterDestroyed     = "Group.CallbackAfterGroupDestroyed"
	CallbackAfterInfoChanged   = "Group.CallbackAfterGroupInfoChanged"
	CallbackAfterRecallMsg     = "Group.CallbackAfterRecallMsg"
	CallbackBeforeCreateTopic  = "Group.CallbackBeforeCreateTopic"
	CallbackAfterCreateTopic   = "Group.CallbackAfterCreateTopic"
	CallbackAfterTopicsGone    = "Group.CallbackAfterTopicDestroyed"
	CallbackAfterTopicChanged  = "Group.CallbackAfterTopicInfoChanged"
	CallbackAfterMemberChanged = "Group.CallbackAfterMemberFieldChanged"
	CallbackAfterAttrChanged   = "Group.CallbackAfterGroupAttrChanged"
	CallbackAfterReadReceipt   = "Group.CallbackAfterReadReceipt"
	CallbackAfterChangeOwner   = "Group.CallbackAfterChangeGroupOwner"
	CallbackGroupQuotaAlarm    = "Group.CallbackOnDailyGroupQuotaAlarm"
	CallbackPortraitSet        = "Profile.CallbackPortraitSet"
)
