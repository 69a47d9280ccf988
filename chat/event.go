package chat

import (
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/store/record"
)

// Bodies of callbacks (spec 06 section 7). Member names and their order are
// those of the public pages; EventTime is in Unix milliseconds.

// eventSubject is the beginning of most bodies.
type eventSubject struct {
	Command string `json:"CallbackCommand"`
	GroupID string `json:"GroupId"`
	Type    string `json:"Type"`
}

// subject names the group.
func (g *groupState) subject(command string) eventSubject {
	return eventSubject{Command: command, GroupID: g.id, Type: g.head.Type}
}

// eventMember is one account of a list.
type eventMember struct {
	Account string `json:"Member_Account"`
}

func eventMembers(accounts []string) []eventMember {
	members := make([]eventMember, len(accounts))
	for i, account := range accounts {
		members[i].Account = account
	}
	return members
}

// eventField is one custom field of a group.
type eventField struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

// beforeCreateGroupEvent is the body of docs 34368.
type beforeCreateGroupEvent struct {
	Command   string        `json:"CallbackCommand"`
	Operator  string        `json:"Operator_Account"`
	Owner     string        `json:"Owner_Account,omitzero"`
	Type      string        `json:"Type"`
	Name      string        `json:"Name"`
	OwnedNum  int           `json:"CreateGroupNum"`
	Members   []eventMember `json:"MemberList"`
	EventTime int64         `json:"EventTime"`
}

// afterCreateGroupEvent is the body of doc 34369.
type afterCreateGroupEvent struct {
	Command   string        `json:"CallbackCommand"`
	GroupID   string        `json:"GroupId"`
	Operator  string        `json:"Operator_Account"`
	Owner     string        `json:"Owner_Account,omitzero"`
	Type      string        `json:"Type"`
	Name      string        `json:"Name"`
	Members   []eventMember `json:"MemberList"`
	Custom    []eventField  `json:"UserDefinedDataList,omitempty"`
	EventTime int64         `json:"EventTime"`
}

// groupQuotaEvent is the body of doc 57455.
type groupQuotaEvent struct {
	Command   string `json:"CallbackCommand"`
	Used      int    `json:"QuotaUsed"`
	Quota     int    `json:"Quota"`
	EventTime int64  `json:"EventTime"`
}

// beforeInviteEvent is the body of doc 34371.
type beforeInviteEvent struct {
	eventSubject
	Operator  string        `json:"Operator_Account"`
	Members   []eventMember `json:"DestinationMembers"`
	EventTime int64         `json:"EventTime"`
}

// joinEvent is the body of doc 34372.
type joinEvent struct {
	eventSubject
	JoinType  string        `json:"JoinType"`
	Operator  string        `json:"Operator_Account"`
	Members   []eventMember `json:"NewMemberList"`
	EventTime int64         `json:"EventTime"`
}

// exitEvent is the body of doc 34373.
type exitEvent struct {
	eventSubject
	ExitType  string        `json:"ExitType"`
	Operator  string        `json:"Operator_Account"`
	Members   []eventMember `json:"ExitMemberList"`
	EventTime int64         `json:"EventTime"`
}

// groupFullEvent is the body of doc 34376.
type groupFullEvent struct {
	Command   string `json:"CallbackCommand"`
	GroupID   string `json:"GroupId"`
	EventTime int64  `json:"EventTime"`
}

// destroyedEvent is the body of doc 34377.
type destroyedEvent struct {
	eventSubject
	Owner     string        `json:"Owner_Account,omitzero"`
	Name      string        `json:"Name"`
	Members   []eventMember `json:"MemberList,omitzero"`
	EventTime int64         `json:"EventTime"`
}

// infoChangedEvent is the body of docs 34378 and 49466.
type infoChangedEvent struct {
	Command      string  `json:"CallbackCommand"`
	GroupID      string  `json:"GroupId"`
	TopicID      string  `json:"TopicId,omitzero"`
	Type         string  `json:"Type"`
	Operator     string  `json:"Operator_Account"`
	Name         *string `json:"Name,omitzero"`
	Introduction *string `json:"Introduction,omitzero"`
	Notification *string `json:"Notification,omitzero"`
	FaceURL      *string `json:"FaceUrl,omitzero"`
	EventTime    int64   `json:"EventTime"`
}

// changesNothing reports whether none of the four texts was given.
func (e *infoChangedEvent) changesNothing() bool {
	return e.Name == nil && e.Introduction == nil && e.Notification == nil && e.FaceURL == nil
}

// memberChangedEvent is the body of doc 60393.
type memberChangedEvent struct {
	eventSubject
	Operator  string  `json:"Operator_Account"`
	Member    string  `json:"Member_Account"`
	Modified  string  `json:"Modified_Account"` // the same, as newer pages call it
	Role      string  `json:"Role,omitzero"`
	NameCard  *string `json:"NameCard,omitzero"`
	EventTime int64   `json:"EventTime"`
}

// attributesEvent is the body of doc 60394.
type attributesEvent struct {
	eventSubject
	Operator   string           `json:"Operator_Account"`
	Option     AttributeOption  `json:"OptionType"`
	Attributes []eventAttribute `json:"GroupAttr"`
	EventTime  int64            `json:"EventTime"`
}

type eventAttribute struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// profileEvent is the body of doc 48733.
type profileEvent struct {
	Command   string             `json:"CallbackCommand"`
	Operator  string             `json:"Operator_Account"`
	Account   string             `json:"From_Account"`
	Items     []eventProfileItem `json:"ProfileItem"`
	EventTime int64              `json:"EventTime"`
}

type eventProfileItem struct {
	Tag   string `json:"Tag"`
	Value any    `json:"Value"` // a string or a uint32
}

// receiptEvent is the body of doc 60395.
type receiptEvent struct {
	eventSubject
	Receipts  []eventReceipt `json:"GroupMsgReceiptList"`
	EventTime int64          `json:"EventTime"`
}

type eventReceipt struct {
	Seq       uint32        `json:"MsgSeq"`
	ReadNum   int           `json:"ReadNum"`
	UnreadNum int           `json:"UnreadNum"`
	Readers   []eventMember `json:"ReadReceiptMembers"` // who has just read it
}

// ownerChangedEvent is the body of doc 60396.
type ownerChangedEvent struct {
	eventSubject
	Operator  string `json:"Operator_Account"`
	OldOwner  string `json:"OldOwner_Account,omitzero"`
	NewOwner  string `json:"NewOwner_Account"`
	EventTime int64  `json:"EventTime"`
}

// beforeCreateTopicEvent is the body of doc 49463, with GroupId and EventTime.
type beforeCreateTopicEvent struct {
	Command   string `json:"CallbackCommand"`
	Operator  string `json:"Operator_Account"`
	Type      string `json:"Type"`
	Name      string `json:"Name"`
	GroupID   string `json:"GroupId"`
	EventTime int64  `json:"EventTime"`
}

// afterCreateTopicEvent is the body of doc 49464, with EventTime.
type afterCreateTopicEvent struct {
	Command   string `json:"CallbackCommand"`
	GroupID   string `json:"GroupId"`
	TopicID   string `json:"TopicId"`
	Operator  string `json:"Operator_Account"`
	Owner     string `json:"Owner_Account,omitzero"`
	Type      string `json:"Type"`
	Name      string `json:"Name"`
	EventTime int64  `json:"EventTime"`
}

// topicsDestroyedEvent is the body of doc 49465, with EventTime.
type topicsDestroyedEvent struct {
	eventSubject
	TopicIDs  []string `json:"TopicIdList"`
	EventTime int64    `json:"EventTime"`
}

// messageEvent is the body of docs 34374, 34375 and 49462, of which each has
// some of the members.
type messageEvent struct {
	eventSubject
	From            string         `json:"From_Account"`
	Operator        string         `json:"Operator_Account"`
	Random          uint32         `json:"Random"`
	Seq             *uint32        `json:"MsgSeq,omitzero"`
	ID              string         `json:"MsgId,omitzero"`
	Time            int64          `json:"MsgTime,omitzero"`
	OnlineOnly      int            `json:"OnlineOnlyFlag"`
	Priority        string         `json:"MsgPriority,omitzero"`
	Body            jsontext.Value `json:"MsgBody"`
	CloudCustomData string         `json:"CloudCustomData"`
	Mentions        []mentionEvent `json:"GroupAtInfo,omitempty"`
	TopicID         string         `json:"TopicId,omitzero"`
	ErrorCode       Code           `json:"ErrorCode,omitzero"`
	ErrorInfo       string         `json:"ErrorInfo,omitzero"`
	EventTime       int64          `json:"EventTime"`
}

// mentionEvent is one @-mention.
type mentionEvent struct {
	All     int    `json:"GroupAtAllFlag"`
	Account string `json:"GroupAt_Account,omitzero"`
}

// recallEvent is the body of doc 46979. One that tells of a recall by its range
// has the members of the feed beside it.
type recallEvent struct {
	Command   string            `json:"CallbackCommand"`
	Operator  string            `json:"Operator_Account"`
	Type      string            `json:"Type"`
	GroupID   string            `json:"GroupId"`
	Seqs      []recalledMessage `json:"MsgSeqList"`
	TopicID   string            `json:"TopicId,omitzero"`
	Operation string            `json:"OperationId,omitzero"`
	Sender    string            `json:"Sender_Account,omitzero"`
	FromSeq   uint32            `json:"FromSeq,omitzero"`
	ToSeq     uint32            `json:"ToSeq,omitzero"`
	EventTime int64             `json:"EventTime"`
}

// recalledMessage is one message of a recall.
type recalledMessage struct {
	Seq uint32 `json:"MsgSeq"`
	ID  string `json:"MsgId,omitzero"`
}

// afterSend is the body of an AfterSendMsg.
func (v *conversationLane) afterSend(m toldMessage, cause *record.Cause) *messageEvent {
	e := &messageEvent{
		eventSubject: v.subject(CallbackAfterSendMsg),
		From:         m.header.Sender, Operator: m.body.Operator, Random: m.header.Random,
		Seq: &m.seq, ID: messageIDOf(m.header), Time: m.header.Time, Priority: PriorityName(m.header.Priority),
		Body: m.body.MsgBody, CloudCustomData: m.body.CloudCustomData,
		TopicID: v.mark.TopicId, EventTime: cause.Time,
	}
	if e.Operator == "" {
		e.Operator = e.From
	}
	if len(e.Body) == 0 {
		e.Body = jsontext.Value("[]") // erased
	}
	e.Mentions = mentionEvents(m.body.Mentions)
	return e
}

func mentionEvents(mentions []*record.Mention) []mentionEvent {
	var events []mentionEvent
	for _, m := range mentions {
		e := mentionEvent{Account: m.Account}
		if m.All {
			e = mentionEvent{All: 1}
		}
		events = append(events, e)
	}
	return events
}
