package chat

import (
	"context"
	"errors"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
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
	Unusable        string         // why a change that it asks for cannot be read, "" where none is so
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

// platformREST is the OptPlatform of everything that a call of this protocol
// causes.
const platformREST = "RESTAPI"

// Webhooks says how the application's backend is called. The zero value calls
// nobody.
type Webhooks struct {
	Receiver Receiver // nil for none
	// Retries is how often an after-event is told again after a call that timed
	// out or did not connect; below 0 it is told again after every failure, as
	// long as it is kept.
	Retries int
	// Keep is how long an event is kept that was not delivered, and for how long
	// after that it can be sent again; 0 is 72 hours.
	Keep time.Duration
	// Deliverers is how many after-events are under way at once; 0 is 16.
	Deliverers int
	// Look is how often the process that delivers looks for events that others have
	// caused; 0 is two seconds.
	Look time.Duration
}

// The codes of a before-event's answer beside 0, go on (doc 34354). All others
// refuse.
const (
	answerDrop  = 2 // of a message only
	ownCodeFrom = 10100
	ownCodeTo   = 10200
)

// wants reports whether a callback is to be made: somebody receives it, or
// watches what would be received. An App that only reads tells nothing.
func (a *App) wants(command string) bool {
	return !a.readOnly && (a.receives(command) || a.watch.attached())
}

// receives reports whether the backend is called with a command.
func (a *App) receives(command string) bool {
	return a.webhooks.Receiver != nil && a.webhooks.Receiver.Enabled(command)
}

// ask calls the backend before an event with the JSON of body. It returns an
// empty answer where nobody is to be asked, or where the call failed and the
// operator lets events through then.
// Errors: CodeRefusedByBackend, the backend's own code, CodeInvalid for a change
// that cannot be read, and for messages CodeBeforeSendFailed.
func (a *App) ask(ctx context.Context, op Operator, command string, body any) (*CallbackAnswer, error) {
	if !a.wants(command) {
		return &CallbackAnswer{}, nil
	}
	call := Callback{
		Command: command, ClientIP: op.RemoteIP, Platform: platformREST,
		RequestID: uuid.NewString(), Body: encodeBody(body),
	}
	if !a.receives(command) {
		a.watch.saw(call, a.clock(), "off")
		return &CallbackAnswer{}, nil
	}
	answer, err := a.webhooks.Receiver.Ask(ctx, call)
	a.watch.saw(call, a.clock(), outcomeOf(err))
	switch {
	case err == nil:
		if answer.Unusable != "" {
			a.log.Warn("what the backend wants changed cannot be read", "command", command, "error", answer.Unusable)
			return nil, Refuse(CodeInvalid, "the answer of the app backend cannot be used: %s", answer.Unusable)
		}
		return answer, judge(command, answer)
	case ctx.Err() != nil:
		return nil, ctx.Err() // the caller has left; nothing was decided
	case !a.webhooks.Receiver.DenyOnFailure(command):
		return &CallbackAnswer{}, nil
	}
	code := CodeRefusedByBackend
	if command == CallbackBeforeSendMsg {
		code = CodeBeforeSendFailed
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, Refuse(code, "callback timeout")
	}
	return nil, Refuse(code, "callback failed")
}

// judge returns the refusal that an answer asks for.
func judge(command string, answer *CallbackAnswer) error {
	switch code := answer.Code; {
	case code == 0, code == answerDrop && command == CallbackBeforeSendMsg:
		return nil
	case code >= ownCodeFrom && code <= ownCodeTo:
		return Refuse(Code(code), "%s", answer.Info)
	}
	return Refuse(CodeRefusedByBackend, "refused by app backend")
}

// outcomeOf says in a word what became of a call.
func outcomeOf(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, ErrReceiverAnswered):
		return "answered"
	}
	return "failed"
}
