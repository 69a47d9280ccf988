package api

import (
	"context"

	"github.com/recant-chat/recant/chat"
)

// topicCommands are the commands on topics of communities (spec 05 section 1).
func topicCommands() []Command {
	return []Command{
		command("million_group_open_http_svc", "create_topic", createTopic,
			doc(49471), summary("Creates a topic in a community that has topics."),
			codes(chat.CodeRefusedByBackend),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeGroupIDInUseByOwner, chat.CodeUserGroupQuota, chat.CodeCommunityOff, chat.CodeTextRefused)),
		command("million_group_open_http_svc", "get_topic", getTopic,
			repeatable(), doc(49469), summary("Reads topics together with one user's state in each."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeCommunityOff)),
		command("million_group_open_http_svc", "modify_topic", modifyTopic,
			repeatable(), doc(49468), summary("Changes the profile of one topic."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeCommunityOff, chat.CodeTextRefused)),
		command("million_group_open_http_svc", "destroy_topic", destroyTopic,
			doc(49470), summary("Destroys topics for good, with their messages."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeGroupNotFound, chat.CodeBadGroupID, chat.CodeAnswerTooLarge,
				chat.CodeCommunityOff)),
		command("group_open_http_svc", "import_topic", importTopic,
			doc(53448), summary("Brings in a topic with its own time of creation, silently."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeGroupIDInUse, chat.CodeUserGroupQuota, chat.CodeCommunityOff, chat.CodeTextRefused)),
	}
}

// topicProfile is what creating, importing and changing a topic have in common.
type topicProfile struct {
	GroupID      *string          `json:"GroupId" desc:"id of the community, which has topics" required:"true"`
	From         *AccountOrNumber `json:"From_Account" desc:"account in whose name it is done, a member or an app administrator; absent: the calling administrator"`
	FaceURL      *string          `json:"FaceUrl" desc:"URL of the avatar, at most 500 bytes (max_face_url_bytes); absent: empty, or in modify_topic as it is"`
	Notification *string          `json:"Notification" desc:"announcement, at most 400 bytes (max_notification_bytes); absent: empty, or in modify_topic as it is"`
	Introduction *string          `json:"Introduction" desc:"at most 400 bytes (max_introduction_bytes); absent: empty, or in modify_topic as it is"`
	Custom       *string          `json:"CustomString" desc:"custom text, at most 3000 bytes (max_topic_custom_bytes); absent: empty, or in modify_topic as it is"`
}

// newTopic is what create_topic and import_topic share.
type newTopic struct {
	topicProfile
	TopicID *string `json:"TopicId" desc:"id of the new topic: the GroupId, @TOPIC#_ and a name not beginning with @TOPIC#, at most 96 bytes of printable ASCII; absent or empty: generated"`
	Name    *string `json:"TopicName" desc:"1 to 150 bytes (max_topic_name_bytes)" required:"true"`
}

func (r *newTopic) topic() (chat.NewTopic, error) {
	if r.GroupID == nil {
		return chat.NewTopic{}, missing("GroupId")
	}
	if r.Name == nil {
		return chat.NewTopic{}, missing("TopicName")
	}
	return chat.NewTopic{
		GroupID: *r.GroupID, ID: value(r.TopicID), Name: *r.Name, From: string(value(r.From)), FaceURL: value(r.FaceURL),
		Notification: value(r.Notification), Introduction: value(r.Introduction), Custom: value(r.Custom),
	}, nil
}

type createTopicRequest struct {
	newTopic
	DefaultPermission *int64 `json:"DefaultPermission" desc:"permission bits of every member in the topic (doc 33529); absent: none"`
}

type createTopicResponse struct {
	TopicID string `json:"TopicId" desc:"id of the topic"`
}

func createTopic(ctx context.Context, call *Call, r *createTopicRequest) (*createTopicResponse, error) {
	topic, err := r.topic()
	if err != nil {
		return nil, err
	}
	topic.DefaultPermission = r.DefaultPermission
	id, err := call.App.Chat.CreateTopic(ctx, call.Operator(), topic)
	if err != nil {
		return nil, err
	}
	return &createTopicResponse{TopicID: id}, nil
}

type importTopicRequest struct {
	newTopic
	Type       *string `json:"Type" desc:"type of the group" values:"Community" default:"Community"`
	CreateTime *int64  `json:"CreateTime" desc:"when it was created, Unix seconds, not after now; 0 or absent: now"`
}

func importTopic(ctx context.Context, call *Call, r *importTopicRequest) (*createTopicResponse, error) {
	topic, err := r.topic()
	if err != nil {
		return nil, err
	}
	if kind := value(r.Type); kind != "" && kind != string(chat.Community) {
		return nil, chat.Refuse(chat.CodeInvalid, "Type %q is not Community", kind)
	}
	topic.CreateTime = value(r.CreateTime)
	id, err := call.App.Chat.ImportTopic(ctx, call.Operator(), topic)
	if err != nil {
		return nil, err
	}
	return &createTopicResponse{TopicID: id}, nil
}

type modifyTopicRequest struct {
	topicProfile
	TopicID           *string `json:"TopicId" desc:"id of the topic" required:"true"`
	Name              *string `json:"TopicName" desc:"1 to 150 bytes (max_topic_name_bytes); absent: as it is"`
	MuteAll           *string `json:"MuteAllMember" older:"ShutUpAllMember" desc:"On: only owner, admins and app administrators may send to the topic; absent: as it is" values:"On,Off"`
	DefaultPermission *int64  `json:"DefaultPermission" desc:"permission bits of every member in the topic (doc 33529); absent: as they are"`
}

func modifyTopic(ctx context.Context, call *Call, r *modifyTopicRequest) (*noResult, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	return nil, call.App.Chat.ModifyTopic(ctx, call.Operator(), chat.TopicChanges{
		GroupID: *r.GroupID, ID: value(r.TopicID), From: string(value(r.From)), Name: r.Name, FaceURL: r.FaceURL,
		Notification: r.Notification, Introduction: r.Introduction, Custom: r.Custom,
		MuteAll: value(r.MuteAll), DefaultPermission: r.DefaultPermission,
	})
}

type destroyTopicRequest struct {
	GroupID  *string          `json:"GroupId" desc:"id of the community, which has topics" required:"true"`
	TopicIDs []string         `json:"TopicIdList" desc:"ids of the topics" required:"true"`
	From     *AccountOrNumber `json:"From_Account" desc:"no effect"`
}

type destroyTopicResponse struct {
	Items []topicDestroyed `json:"DestroyResultItem" desc:"one result per id, in order"`
}

type topicDestroyed struct {
	Code    int    `json:"ErrorCode" desc:"0: destroyed, 110003: no such topic, 110002: try again"`
	Info    string `json:"ErrorInfo" desc:"ok, or why ErrorCode is not 0"`
	TopicID string `json:"TopicId" desc:"id of the topic"`
}

func destroyTopic(ctx context.Context, call *Call, r *destroyTopicRequest) (*destroyTopicResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	worst := make([]chat.TopicDestroyed, len(r.TopicIDs))
	for i, id := range r.TopicIDs {
		worst[i] = chat.TopicDestroyed{ID: id, Code: chat.CodeTopicDestroyFailed}
	}
	if err := call.mustFit(showDestroyed(worst)); err != nil {
		return nil, err
	}
	results, err := call.App.Chat.DestroyTopics(ctx, call.Operator(), *r.GroupID, r.TopicIDs)
	if err != nil {
		return nil, err
	}
	return showDestroyed(results), nil
}

func showDestroyed(results []chat.TopicDestroyed) *destroyTopicResponse {
	answer := &destroyTopicResponse{Items: make([]topicDestroyed, len(results))}
	for i, result := range results {
		answer.Items[i] = topicDestroyed{Code: int(result.Code), TopicID: result.ID}
		switch result.Code {
		case 0:
			answer.Items[i].Info = "ok"
		case chat.CodeTopicNotFound:
			answer.Items[i].Info = "topic has been destroyed"
		default:
			answer.Items[i].Info = "topic could not be destroyed, please try again"
		}
	}
	return answer
}

type getTopicRequest struct {
	GroupID  *string          `json:"GroupId" desc:"id of the community, which has topics" required:"true"`
	From     *AccountOrNumber `json:"From_Account" desc:"account whose state is wanted, a member or an app administrator" required:"true"`
	TopicIDs []string         `json:"TopicIdList" desc:"ids of the topics; absent or empty: all"`
	Filter   []string         `json:"ResponseFilter" desc:"fields of TopicInfo that are wanted, by name; unknown names are ignored; absent or empty: all"`
}

type getTopicResponse struct {
	Items []topicItem `json:"TopicAndSelfInfo" desc:"topics, each once and in order of the request, or all in the order of creation"`
}

type topicItem struct {
	Code  int        `json:"ErrorCode" desc:"0, or 110003: no such topic"`
	Info  string     `json:"ErrorInfo" desc:"ok, or why ErrorCode is not 0"`
	Self  *topicSelf `json:"SelfInfo,omitzero" desc:"the account's own state in the topic; absent where there is no such topic"`
	Topic topicInfo  `json:"TopicInfo" desc:"the topic"`
}

type topicSelf struct {
	ShutUpTime uint32 `json:"ShutUpTime" desc:"when the account's mute in the topic ends, Unix seconds; 0: not muted, 4294967295: never"`
	ReadSeq    uint32 `json:"MsgSeq" desc:"newest number that the account has read; 0 for who is no member"`
	Flag       string `json:"MsgFlag" desc:"receive option" values:"AcceptAndNotify,AcceptNotNotify,Discard,AcceptNotNotifyExceptAt"`
}

// topicInfo is a topic's profile; what the filter leaves out is absent.
type topicInfo struct {
	GroupID           string  `json:"GroupID" desc:"id of the community, in this spelling only here"`
	TopicID           string  `json:"TopicId" desc:"id of the topic"`
	Name              *string `json:"TopicName,omitzero" desc:"name of the topic"`
	FaceURL           *string `json:"FaceUrl,omitzero" desc:"URL of the avatar"`
	Notification      *string `json:"Notification,omitzero" desc:"announcement"`
	Introduction      *string `json:"Introduction,omitzero" desc:"introduction"`
	Custom            *string `json:"CustomString,omitzero" desc:"custom text"`
	CreateTime        *int64  `json:"CreateTime,omitzero" desc:"when the topic was created, Unix seconds"`
	LastMsgTime       *int64  `json:"LastMsgTime,omitzero" desc:"when the newest ordinary message was sent, Unix seconds; 0: none yet"`
	NextMsgSeq        *uint32 `json:"NextMsgSeq,omitzero" desc:"number that the next message will get, from 1"`
	MuteAll           *string `json:"MuteAllMember,omitzero" desc:"On: only owner, admins and app administrators may send to the topic" values:"On,Off"`
	ShutUpAll         *int    `json:"ShutUpAllFlag,omitzero" range:"0..1" desc:"1 where MuteAllMember is On: its form of before 2023"`
	DefaultPermission *int64  `json:"DefaultPermission,omitzero" desc:"permission bits of every member in the topic (doc 33529); absent where never set"`
}

func getTopic(ctx context.Context, call *Call, r *getTopicRequest) (*getTopicResponse, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	topics, err := call.App.Chat.GetTopics(ctx, *r.GroupID, string(value(r.From)), r.TopicIDs)
	if err != nil {
		return nil, err
	}
	want := everyField
	if len(r.Filter) > 0 {
		want = listedFields(r.Filter)
	}
	answer := &getTopicResponse{Items: make([]topicItem, len(topics))}
	for i, t := range topics {
		item := topicItem{Topic: topicInfo{GroupID: *r.GroupID, TopicID: t.ID}}
		if t.Code != 0 {
			item.Code, item.Info = int(t.Code), "topic not exist or has been destroyed"
		} else {
			item.Info = "ok"
			item.Self = &topicSelf{ShutUpTime: t.ShutUpUntil, ReadSeq: t.ReadSeq, Flag: t.MsgFlag}
			item.Topic.fill(&t, want)
		}
		answer.Items[i] = item
	}
	return answer, nil
}

// fill sets the fields that are wanted.
func (info *topicInfo) fill(t *chat.TopicState, want fieldFilter) {
	muteAll, shutUpAll := "Off", 0
	if t.MuteAll {
		muteAll, shutUpAll = "On", 1
	}
	for name, set := range map[string]func(){
		"TopicName":         func() { info.Name = &t.Name },
		"FaceUrl":           func() { info.FaceURL = &t.FaceURL },
		"Notification":      func() { info.Notification = &t.Notification },
		"Introduction":      func() { info.Introduction = &t.Introduction },
		"CustomString":      func() { info.Custom = &t.Custom },
		"CreateTime":        func() { info.CreateTime = &t.CreateTime },
		"LastMsgTime":       func() { info.LastMsgTime = &t.LastMsgTime },
		"NextMsgSeq":        func() { info.NextMsgSeq = &t.NextMsgSeq },
		"MuteAllMember":     func() { info.MuteAll, info.ShutUpAll = &muteAll, &shutUpAll },
		"DefaultPermission": func() { info.DefaultPermission = t.DefaultPermission },
	} {
		if want(name) {
			set()
		}
	}
}
