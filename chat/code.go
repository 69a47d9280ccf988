package chat

// Code is an error code of the protocol. The codes are the vocabulary in which
// the rules of the service are written (spec 01 section 6), so the domain uses
// them as they are; package api alone turns them into answers.
type Code int

// Codes that the domain raises. CodeMeanings says what each means.
const (
	CodeInternal            Code = 10002
	CodeInvalid             Code = 10004
	CodeTooManyAccounts     Code = 10005
	CodeTooFrequent         Code = 10006
	CodeNotPermitted        Code = 10007
	CodeExtensionsOff       Code = 10008
	CodeGroupNotFound       Code = 10010
	CodeInPermissionGroup   Code = 10013
	CodeGroupFull           Code = 10014
	CodeBadGroupID          Code = 10015
	CodeRefusedByBackend    Code = 10016
	CodeMuted               Code = 10017
	CodeAnswerTooLarge      Code = 10018
	CodeAccountNotFound     Code = 10019
	CodeGroupIDInUse        Code = 10021
	CodeMessageFrequency    Code = 10023
	CodeGroupIDInUseByOwner Code = 10025
	CodeMessageNotFound     Code = 10030
	CodeNotRecallable       Code = 10032
	CodeTypeWithoutRecall   Code = 10033
	CodeLiveRoomQuota       Code = 10036
	CodeUserGroupQuota      Code = 10037
	CodeMemberQuota         Code = 10038
	CodeRecallDisabled      Code = 10041
	CodeNoHistory           Code = 10044
	CodeAttributeKeyLong    Code = 10045
	CodeAttributeValueLong  Code = 10046
	CodeTooManyAttributes   Code = 10047
	CodeAttributesTooLarge  Code = 10048
	CodeAttributeFrequency  Code = 10049
	CodeAttributeNotFound   Code = 10050
	CodeTooManyMentions     Code = 10053
	CodeAttributeConflict   Code = 10056
	CodeGroupQuota          Code = 10058
	CodeFeatureOff          Code = 10059
	CodeTooLargeForReceipts Code = 10060
	CodeReceiptOnlineOnly   Code = 10061
	CodeNoReceipt           Code = 10062
	CodeTooManyCounters     Code = 10063
	CodeCommunityOff        Code = 11000
	CodeBadEdit             Code = 20001
	CodeEditTargetNotFound  Code = 20022
	CodeEditTargetRecalled  Code = 20023
	CodeEditConflict        Code = 20028
	CodeNotExtensible       Code = 23002
	CodeExtensionFrequency  Code = 23003
	CodeNoExtensionTarget   Code = 23004
	CodeContactNoAccount    Code = 50001
	CodeContactInvalid      Code = 50002
	CodeContactInternal     Code = 50004
	CodeTextRefused         Code = 80001
	CodeMessageTooLong      Code = 80002
	CodeBeforeSendFailed    Code = 80003
	CodeRecipientsEmpty     Code = 90001
	CodeBadMsgBody          Code = 90002
	CodeRecipientsInvalid   Code = 90003
	CodeMsgBodyNoArray      Code = 90007
	CodeBadElement          Code = 90010
	CodeTooManyRecipients   Code = 90011
	CodeTopicDestroyFailed  Code = 110002
	CodeTopicNotFound       Code = 110003
	CodeNoPermissionGroup   Code = 110006
	CodeTopicAttached       Code = 110010
	CodeTopicNotAttached    Code = 110011
	CodeBadTopicID          Code = 110013

	// Accounts, profiles and global mutes.
	CodeAccountNotImported Code = 70107
	CodeAccountQuota       Code = 70398
	CodeAccountInvalid     Code = 70402
	CodeAccountInternal    Code = 70500
	CodeAccountDeletionOff Code = 71000
	CodeProfileInvalid     Code = 40001
	CodeProfileNoAccount   Code = 40002
	CodeProfileAccount     Code = 40003
	CodeProfileWords       Code = 40005
	CodeProfileInternal    Code = 40006
	CodeProfileTag         Code = 40009
	CodeProfileTooLong     Code = 40601
	CodeProfileValue       Code = 40605
	CodeProfileType        Code = 40610
	CodeMuteInvalid        Code = 130001
	CodeMuteAccountMissing Code = 130004
	CodeMuteAccount        Code = 130005
	CodeMutedMissing       Code = 130006
	CodeMutedAccount       Code = 130007
	CodeMuteTimeMissing    Code = 130008
	CodeMuteInternal       Code = 130014

	// Recant's own (spec 08 section 3).
	CodeBadPlan             Code = 190001
	CodeGuardExceeded       Code = 190002
	CodePlanGrown           Code = 190003
	CodeOperationNotFound   Code = 190004
	CodeIdempotencyConflict Code = 190005
	CodeErased              Code = 190006
	CodeHeld                Code = 190007
	CodeNoReceiver          Code = 190008
	CodeReplayFailed        Code = 190009
)

// CodeMeaning explains a code to whoever gets it.
type CodeMeaning struct {
	Code    Code
	Name    string // the constant's, without its prefix
	Retry   bool   // the same call may succeed later, unchanged
	Meaning string // what happened and what to do; ends with a full stop
}

// CodeMeanings explains every code that the domain raises, by the public list
// (doc 34348).
func CodeMeanings() []CodeMeaning {
	return []CodeMeaning{
		{CodeInternal, "Internal", true, "The server failed. Call again; if it stays, its log says why."},
		{CodeInvalid, "Invalid", false, "A parameter is missing, of a wrong type, out of range or not allowed here; ErrorInfo names it."},
		{CodeTooManyAccounts, "TooManyAccounts", false, "The request names too many accounts. Spread them over several calls."},
		{CodeTooFrequent, "TooFrequent", true, "The application has created its groups of the day already. Try again tomorrow."},
		{CodeNotPermitted, "NotPermitted", false, "The type of the group, or the role of the account, does not allow this."},
		{CodeExtensionsOff, "ExtensionsOff", false, "Message extensions are switched off on this server."},
		{CodeGroupNotFound, "GroupNotFound", false, "There is no such group or topic, or it was destroyed."},
		{CodeInPermissionGroup, "InPermissionGroup", false, "The account is in the permission group already."},
		{CodeGroupFull, "GroupFull", false, "The group would have more members than it may have."},
		{CodeBadGroupID, "BadGroupID", false, "The id cannot be one of a group."},
		{CodeRefusedByBackend, "RefusedByBackend", false, "The application's own backend, asked by a webhook, refused this. It may answer a code from 10100 to 10200 instead, which is its own."},
		{CodeMuted, "Muted", false, "The sender is muted, or everybody in the group is."},
		{CodeAnswerTooLarge, "AnswerTooLarge", false, "The answer would be larger than 1 MB. Ask for less."},
		{CodeAccountNotFound, "AccountNotFound", false, "An account in the request was never imported."},
		{CodeGroupIDInUse, "GroupIDInUse", false, "The id is taken. Choose another one."},
		{CodeMessageFrequency, "MessageFrequency", true, "Too many messages were sent in one second. Send the message again later."},
		{CodeGroupIDInUseByOwner, "GroupIDInUseByOwner", false, "The id is taken by what the owner in the request owns already; a repeated call may have made it."},
		{CodeMessageNotFound, "MessageNotFound", false, "There is no message of that number, or it is kept no longer."},
		{CodeNotRecallable, "NotRecallable", false, "The message cannot be recalled: it is a notice of the system."},
		{CodeTypeWithoutRecall, "TypeWithoutRecall", false, "Messages of this type of group cannot be recalled by their numbers."},
		{CodeLiveRoomQuota, "LiveRoomQuota", false, "The application has as many AVChatRooms as it may have."},
		{CodeUserGroupQuota, "UserGroupQuota", false, "A user is in as many groups as he may be in, or a community has as many topics or permission groups as it may have."},
		{CodeMemberQuota, "MemberQuota", false, "The number of members is above what this type of group allows."},
		{CodeRecallDisabled, "RecallDisabled", false, "Recall of group messages is switched off on this server."},
		{CodeNoHistory, "NoHistory", false, "This type of group keeps no history."},
		{CodeAttributeKeyLong, "AttributeKeyLong", false, "The key of an attribute is longer than 32 bytes."},
		{CodeAttributeValueLong, "AttributeValueLong", false, "The value of an attribute is longer than 4,000 bytes."},
		{CodeTooManyAttributes, "TooManyAttributes", false, "The group would have more than 16 attributes."},
		{CodeAttributesTooLarge, "AttributesTooLarge", false, "The values of the group's attributes would be longer than 16,000 bytes together."},
		{CodeAttributeFrequency, "AttributeFrequency", true, "The attributes of the group are written too often. Write again in a second."},
		{CodeAttributeNotFound, "AttributeNotFound", false, "An attribute to delete does not exist."},
		{CodeTooManyMentions, "TooManyMentions", false, "The message mentions more than 30 times."},
		{CodeAttributeConflict, "AttributeConflict", false, "The attributes were written meanwhile. Read them, then write with the new AttrMainSeq."},
		{CodeGroupQuota, "GroupQuota", false, "The application has as many groups as it may have."},
		{CodeFeatureOff, "FeatureOff", false, "The feature is switched off on this server; ErrorInfo names it."},
		{CodeTooLargeForReceipts, "TooLargeForReceipts", false, "The group has too many members for read receipts."},
		{CodeReceiptOnlineOnly, "ReceiptOnlineOnly", false, "A message for those who are online cannot ask for read receipts."},
		{CodeNoReceipt, "NoReceipt", false, "The message has no read receipts: it did not ask for them, or is not to be seen."},
		{CodeTooManyCounters, "TooManyCounters", false, "The group would have more than 20 counters."},
		{CodeCommunityOff, "CommunityOff", false, "Communities are switched off on this server, or the community has no topics."},
		{CodeBadEdit, "BadEdit", false, "The request to modify a message is malformed; ErrorInfo names the field."},
		{CodeEditTargetNotFound, "EditTargetNotFound", false, "There is no message of that number to modify."},
		{CodeEditTargetRecalled, "EditTargetRecalled", false, "The message to modify was recalled."},
		{CodeEditConflict, "EditConflict", true, "Others are modifying the message. Try again."},
		{CodeNotExtensible, "NotExtensible", false, "The message was sent without support for extensions."},
		{CodeExtensionFrequency, "ExtensionFrequency", true, "The extensions of the message are written too often. Try again in a minute."},
		{CodeNoExtensionTarget, "NoExtensionTarget", false, "There is no message of that number to extend."},
		{CodeContactNoAccount, "ContactNoAccount", false, "The account was never imported."},
		{CodeContactInvalid, "ContactInvalid", false, "A parameter is missing, malformed or of a wrong type; ErrorInfo names it."},
		{CodeContactInternal, "ContactInternal", true, "The server failed. Call again; if it stays, its log says why."},
		{CodeTextRefused, "TextRefused", false, "A text contains a refused word."},
		{CodeMessageTooLong, "MessageTooLong", false, "The message is longer than 12 KB."},
		{CodeBeforeSendFailed, "BeforeSendFailed", true, "The application's own backend could not be asked about the message, which was not sent. Send it again later."},
		{CodeRecipientsEmpty, "RecipientsEmpty", false, "To_Account is empty; or the body is not a JSON object."},
		{CodeBadMsgBody, "BadMsgBody", false, "MsgBody is missing or not made of message elements."},
		{CodeRecipientsInvalid, "RecipientsInvalid", false, "To_Account is missing or not a list of accounts."},
		{CodeMsgBodyNoArray, "MsgBodyNoArray", false, "MsgBody is not an array."},
		{CodeBadElement, "BadElement", false, "A parameter or an element of MsgBody has a wrong type; ErrorInfo names it."},
		{CodeTooManyRecipients, "TooManyRecipients", false, "To_Account has more than 500 accounts."},
		{CodeTopicDestroyFailed, "TopicDestroyFailed", true, "The topic could not be destroyed. Try again."},
		{CodeTopicNotFound, "TopicNotFound", false, "There is no such topic, or it was destroyed."},
		{CodeNoPermissionGroup, "NoPermissionGroup", false, "There is no such permission group, or it was destroyed."},
		{CodeTopicAttached, "TopicAttached", false, "The topic is attached to the permission group already."},
		{CodeTopicNotAttached, "TopicNotAttached", false, "The topic is not attached to the permission group."},
		{CodeBadTopicID, "BadTopicID", false, "The id cannot be one of a topic of the community."},
		{CodeAccountNotImported, "AccountNotImported", false, "The account was never imported."},
		{CodeAccountQuota, "AccountQuota", false, "The application has as many accounts as it may have."},
		{CodeAccountInvalid, "AccountInvalid", false, "A parameter is missing, malformed or too long; ErrorInfo names it."},
		{CodeAccountInternal, "AccountInternal", true, "The server failed. Call again; if it stays, its log says why."},
		{CodeAccountDeletionOff, "AccountDeletionOff", false, "Deletion of accounts is switched off on this server."},
		{CodeProfileInvalid, "ProfileInvalid", false, "A parameter is missing, malformed or of a wrong type; ErrorInfo names it."},
		{CodeProfileNoAccount, "ProfileNoAccount", false, "To_Account is missing or empty."},
		{CodeProfileAccount, "ProfileAccount", false, "The account was never imported."},
		{CodeProfileWords, "ProfileWords", false, "A field of the profile contains a refused word."},
		{CodeProfileInternal, "ProfileInternal", true, "The server failed. Call again; if it stays, its log says why."},
		{CodeProfileTag, "ProfileTag", false, "There is no such field of a profile."},
		{CodeProfileTooLong, "ProfileTooLong", false, "The value is longer than 500 bytes."},
		{CodeProfileValue, "ProfileValue", false, "The field does not allow this value."},
		{CodeProfileType, "ProfileType", false, "The value is of another type than the field."},
		{CodeMuteInvalid, "MuteInvalid", false, "A parameter is malformed or of a wrong type; ErrorInfo names it."},
		{CodeMuteAccountMissing, "MuteAccountMissing", false, "Set_Account is missing."},
		{CodeMuteAccount, "MuteAccount", false, "Set_Account is malformed or was never imported."},
		{CodeMutedMissing, "MutedMissing", false, "Get_Account is missing."},
		{CodeMutedAccount, "MutedAccount", false, "Get_Account was never imported."},
		{CodeMuteTimeMissing, "MuteTimeMissing", false, "Neither of the two times is given."},
		{CodeMuteInternal, "MuteInternal", true, "The server failed. Call again; if it stays, its log says why."},
		{CodeBadPlan, "BadPlan", false, "The PlanToken is unknown, expired or of another application. Preview again."},
		{CodeGuardExceeded, "GuardExceeded", false, "More would be recalled than Guard allows; nothing was recalled."},
		{CodePlanGrown, "PlanGrown", false, "More would be recalled than the preview showed; nothing was recalled. Preview again."},
		{CodeOperationNotFound, "OperationNotFound", false, "There is no such recall operation."},
		{CodeIdempotencyConflict, "IdempotencyConflict", false, "The IdempotencyKey was used with a different request."},
		{CodeErased, "Erased", false, "The recalled messages were erased for good."},
		{CodeHeld, "Held", false, "What was recalled is on hold. Release the hold first."},
		{CodeNoReceiver, "NoReceiver", false, "No webhook is configured for this application."},
		{CodeReplayFailed, "ReplayFailed", true, "The webhook did not take an event. See to the receiver, then go on from Next."},
	}
}
