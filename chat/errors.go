package chat

import (
	"errors"
	"fmt"
)

// Code is an error code of the protocol. The codes are the vocabulary in which
// the rules of the service are written (spec 01 section 6), so the domain uses
// them as they are; package api alone turns them into answers.
type Code int

// Codes that the domain raises. Comments give the meaning in the public list
// (doc 34348).
const (
	CodeInternal            Code = 10002 // internal error, the caller may repeat
	CodeInvalid             Code = 10004 // illegal parameter
	CodeTooManyAccounts     Code = 10005 // too many accounts in the request
	CodeTooFrequent         Code = 10006 // operation too frequent
	CodeNotPermitted        Code = 10007 // the group type or a role forbids it
	CodeExtensionsOff       Code = 10008 // message extensions are switched off
	CodeGroupNotFound       Code = 10010 // group or topic unknown or dismissed
	CodeInPermissionGroup   Code = 10013 // per member: is in the permission group already
	CodeGroupFull           Code = 10014 // more members than the group allows
	CodeBadGroupID          Code = 10015 // malformed group id
	CodeRefusedByBackend    Code = 10016 // the application's own backend refused
	CodeMuted               Code = 10017 // sender is muted
	CodeAnswerTooLarge      Code = 10018 // answer over 1 MB
	CodeAccountNotFound     Code = 10019 // account was never imported
	CodeGroupIDInUse        Code = 10021 // group id taken
	CodeMessageFrequency    Code = 10023 // too many messages in one group
	CodeGroupIDInUseByOwner Code = 10025 // group id taken, by the operator's own group
	CodeMessageNotFound     Code = 10030 // message to recall not found
	CodeNotRecallable       Code = 10032 // message cannot be recalled
	CodeTypeWithoutRecall   Code = 10033 // group type does not support recall
	CodeLiveRoomQuota       Code = 10036 // too many AVChatRooms
	CodeUserGroupQuota      Code = 10037 // a user is in too many groups; too many topics
	CodeMemberQuota         Code = 10038 // member number beyond the ceiling
	CodeRecallDisabled      Code = 10041 // the app switched group recall off
	CodeNoHistory           Code = 10044 // group type has no history
	CodeAttributeKeyLong    Code = 10045 // attribute key over 32 bytes
	CodeAttributeValueLong  Code = 10046 // attribute value over 4,000 bytes
	CodeTooManyAttributes   Code = 10047 // more than 16 attributes
	CodeAttributesTooLarge  Code = 10048 // attribute values over 16,000 bytes together
	CodeAttributeFrequency  Code = 10049 // attributes written too often
	CodeAttributeNotFound   Code = 10050 // attribute to delete does not exist
	CodeTooManyMentions     Code = 10053 // more than 30 mentions
	CodeAttributeConflict   Code = 10056 // attributes were written meanwhile
	CodeGroupQuota          Code = 10058 // too many groups
	CodeFeatureOff          Code = 10059 // feature switched off
	CodeTooLargeForReceipts Code = 10060 // group too large for read receipts
	CodeReceiptOnlineOnly   Code = 10061 // online-only message cannot have receipts
	CodeTooManyCounters     Code = 10063 // more than 20 counters
	CodeNoReceipt           Code = 10062 // message has no receipt information
	CodeCommunityOff        Code = 11000 // community feature off, or no topics
	CodeBadEdit             Code = 20001 // illegal request to modify a message
	CodeEditTargetNotFound  Code = 20022 // message to modify not found
	CodeEditTargetRecalled  Code = 20023 // message to modify was recalled
	CodeEditConflict        Code = 20028 // concurrent modification
	CodeNotExtensible       Code = 23002 // message was sent without support for extensions
	CodeExtensionFrequency  Code = 23003 // too many writes of one message's extensions
	CodeNoExtensionTarget   Code = 23004 // message to extend not found
	CodeTextRefused         Code = 80001 // text contains refused content
	CodeMessageTooLong      Code = 80002 // message over 12 KB
	CodeContactNoAccount    Code = 50001 // account of a conversation list was never imported
	CodeContactInvalid      Code = 50002 // illegal parameter of a conversation command
	CodeContactInternal     Code = 50004 // internal error of a conversation command
	CodeBadMsgBody          Code = 90002 // MsgBody does not follow the format of messages
	CodeMsgBodyNoArray      Code = 90007 // MsgBody is not an array
	CodeBadElement          Code = 90010 // element of MsgBody does not follow its format
	CodeBeforeSendFailed    Code = 80003 // the backend could not be asked about a message
	CodeTopicDestroyFailed  Code = 110002
	CodeTopicNotFound       Code = 110003
	CodeNoPermissionGroup   Code = 110006 // permission group unknown or destroyed
	CodeTopicAttached       Code = 110010 // topic is in the permission group already
	CodeTopicNotAttached    Code = 110011 // topic is not in the permission group
	CodeBadTopicID          Code = 110013 // per item of permission groups: malformed id of a topic
	CodeAccountNotImported  Code = 70107  // per item of account commands
	CodeAccountQuota        Code = 70398  // more accounts than allowed
	CodeAccountInvalid      Code = 70402  // illegal parameter of an account command
	CodeAccountInternal     Code = 70500  // internal error of an account command
	CodeAccountDeletionOff  Code = 71000  // account deletion switched off

	CodeProfileInvalid   Code = 40001 // illegal parameter of a profile command
	CodeProfileNoAccount Code = 40002 // no account given
	CodeProfileAccount   Code = 40003 // account was never imported
	CodeProfileWords     Code = 40005 // profile contains refused content
	CodeProfileInternal  Code = 40006 // internal error of a profile command
	CodeProfileTag       Code = 40009 // no such field
	CodeProfileTooLong   Code = 40601 // value over 500 bytes
	CodeProfileValue     Code = 40605 // value not allowed for the field
	CodeProfileType      Code = 40610 // value of another type than the field's

	CodeMuteInvalid        Code = 130001 // illegal parameter of a global mute
	CodeMuteAccountMissing Code = 130004 // Set_Account is missing
	CodeMuteAccount        Code = 130005 // Set_Account is invalid
	CodeMutedMissing       Code = 130006 // Get_Account is missing
	CodeMutedAccount       Code = 130007 // Get_Account is invalid
	CodeMuteTimeMissing    Code = 130008 // neither of the two times is given
	CodeMuteInternal       Code = 130014 // internal error of a global mute
	CodeRecipientsEmpty    Code = 90001  // To_Account of an openim command is empty
	CodeRecipientsInvalid  Code = 90003  // To_Account of an openim command is missing or mistyped
	CodeTooManyRecipients  Code = 90011  // To_Account of an openim command has more than 500 accounts

	// Recant's own (spec 08 section 3).
	CodeBadPlan             Code = 190001 // PlanToken unknown, expired or of another application
	CodeGuardExceeded       Code = 190002 // more would be recalled than the caller allows
	CodePlanGrown           Code = 190003 // more would be recalled than the preview showed
	CodeOperationNotFound   Code = 190004 // no such recall operation
	CodeIdempotencyConflict Code = 190005 // IdempotencyKey was used with a different request
	CodeErased              Code = 190006 // the recalled messages were erased
	CodeHeld                Code = 190007 // the operation is on hold
	CodeNoReceiver          Code = 190008 // no webhook is configured
	CodeReplayFailed        Code = 190009 // the webhook did not take an event
)

// Error is a refusal of the domain: the protocol's code and a sentence that
// says what was wrong with which field.
type Error struct {
	Code    Code
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("%d: %s", int(e.Code), e.Message) }

// Refuse returns an *Error with a formatted message.
func Refuse(code Code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// messageOf returns the message of the *Error in err's chain.
func messageOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

// CodeOf returns the code of the *Error in err's chain, 0 for nil, and
// CodeInternal for every other error.
func CodeOf(err error) Code {
	if err == nil {
		return 0
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}
