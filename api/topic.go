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
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeGroupIDInUseByOwner, chat.CodeUserGroupQuota, chat.CodeCommunityOff, chat.CodeTextRefused)),
		command("million_group_open_http_svc", "get_topic", getTopic,
			doc(49469), summary("Reads topics together with one user's state in each."),
			codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound, chat.CodeBadGroupID,
				chat.CodeCommunityOff)),
		command("million_group_open_http_svc", "modify_topic", modifyTopic,
			doc(49468), summary("Changes the profile of one topic."),
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
	GroupID      *string          `json:"GroupId"`
	TopicID      *string          `json:"TopicId"`
	From         *AccountOrNumber `json:"From_Account"`
	Name         *string          `json:"TopicName"`
	FaceURL      *string          `json:"FaceUrl"`
	Notification *string          `json:"Notification"`
	Introduction *string          `json:"Introduction"`
	Custom       *string          `json:"CustomString"`
}

func (p *topicProfile) newTopic() (chat.NewTopic, error) {
	if p.GroupID == nil {
		return chat.NewTopic{}, missing("GroupId")
	}
	if p.Name == nil {
		return chat.NewTopic{}, missing("TopicName")
	}
	return chat.NewTopic{
		GroupID: *p.GroupID, ID: value(p.TopicID), Name: *p.Name, From: string(value(p.From)), FaceURL: value(p.FaceURL),
		Notification: value(p.Notification), Introduction: value(p.Introduction), Custom: value(p.Custom),
	}, nil
}

type createTopicRequest struct {
	topicProfile
	DefaultPermission *int64 `json:"DefaultPermission"`
}

type createTopicResponse struct {
	TopicID string `json:"TopicId"`
}

func createTopic(ctx context.Context, call *Call, r *createTopicRequest) (*createTopicResponse, error) {
	topic, err := r.newTopic()
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
	topicProfile
	Type       *string `json:"Type"`
	CreateTime *int64  `json:"CreateTime"`
}

func importTopic(ctx context.Context, call *Call, r *importTopicRequest) (*createTopicResponse, error) {
	topic, err := r.newTopic()
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
	MuteAll           *string `json:"MuteAllMember" older:"ShutUpAllMember"`
	DefaultPermission *int64  `json:"DefaultPermission"`
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
	GroupID  *string          `json:"GroupId"`
	TopicIDs []string         `json:"TopicIdList"`
	From     *AccountOrNumber `json:"From_Account"` // has no effect
}

type destroyTopicResponse struct {
	Items []topicDestroyed `json:"DestroyResultItem"`
}

type topicDestroyed struct {
	Code    int    `json:"ErrorCode"`
	Info    string `json:"ErrorInfo"`
	TopicID string `json:"TopicId"`
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
	GroupID  *string          `json:"GroupId"`
	From     *AccountOrNumber `json:"From_Account"`
	TopicIDs []string         `json:"TopicIdList"`
	Filter   []string         `json:"ResponseFilter"`
}

type getTopicResponse struct {
	Items []topicItem `json:"TopicAndSelfInfo"`
}

type topicItem struct {
	Code  int        `json:"ErrorCode"`
	Info  string     `json:"ErrorInfo"`
	Self  *topicSelf `json:"SelfInfo,omitzero"`
	Topic topicInfo  `json:"TopicInfo"`
}

type topicSelf struct {
	ShutUpTime uint32 `json:"ShutUpTime"` // Unix seconds
	ReadSeq    uint32 `json:"MsgSeq"`
	Flag       string `json:"MsgFlag"`
}

// topicInfo is a topic's profile; what the filter leaves out is absent.
type topicInfo struct {
	GroupID           string  `json:"GroupID"` // in this spelling only here
	TopicID           string  `json:"TopicId"`
	Name              *string `json:"TopicName,omitzero"`
	FaceURL           *string `json:"FaceUrl,omitzero"`
	Notification      *string `json:"Notification,omitzero"`
	Introduction      *string `json:"Introduction,omitzero"`
	Custom            *string `json:"CustomString,omitzero"`
	CreateTime        *int64  `json:"CreateTime,omitzero"`
	LastMsgTime       *int64  `json:"LastMsgTime,omitzero"`
	NextMsgSeq        *uint32 `json:"NextMsgSeq,omitzero"`
	MuteAll           *string `json:"MuteAllMember,omitzero"`
	ShutUpAll         *int    `json:"ShutUpAllFlag,omitzero"` // what MuteAllMember was called before 2023
	DefaultPermission *int64  `json:"DefaultPermission,omitzero"`
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
