package chat

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"
)

// Settings are the choices that the operator makes for one application
// (SDKAppID). DefaultSettings gives Recant's own, HostedSettings those of the
// hosted service. Every field is one key of the configuration file, named by
// its yaml tag; the desc tag is the key's documentation.
type Settings struct {
	HistoryRetentionDays   int    `yaml:"history_retention_days" desc:"days that messages are kept; 0 keeps them for ever"`
	HistoryTipStyle        string `yaml:"history_tip_style" desc:"how stored tips look in history: object, array, custom or placeholder"`
	HistoryCloudCustomData bool   `yaml:"history_cloud_custom_data" desc:"send CloudCustomData with history rows that have it"`
	RecalledAsPlaceholder  bool   `yaml:"recalled_as_placeholder" desc:"show recalled messages in default history as placeholders instead of leaving them out"`
	RecalledBody           string `yaml:"recalled_body" desc:"body of recalled rows pulled with WithRecalledMsg: keep or empty"`

	GroupThrottlePerSecond    int         `yaml:"group_throttle_per_second" desc:"ordinary messages per second in one group or topic; 0 is no limit"`
	GroupThrottleError        bool        `yaml:"group_throttle_error" desc:"answer 10023 to a message over that limit instead of OK with MsgDropReason"`
	AVChatRoomRecall          bool        `yaml:"avchatroom_recall" desc:"group_msg_recall is served for AVChatRoom; off answers 10033"`
	GroupRecall               bool        `yaml:"group_recall" desc:"group_msg_recall is served at all; off answers 10041"`
	ImportMaxBatch            int         `yaml:"import_max_batch" desc:"messages in one import_group_msg"`
	DeleteBySenderWindow      int         `yaml:"delete_by_sender_window" desc:"how many of the newest numbers delete_group_msg_by_sender covers; anything but 1000 breaks compatibility and is for tests"`
	DeleteBySenderFiresRecall bool        `yaml:"delete_by_sender_fires_recall" desc:"tell the webhook of what delete_group_msg_by_sender recalled, with Group.CallbackAfterRecallMsg"`
	CommunityDirectMessage    bool        `yaml:"community_direct_messages" desc:"allow sends and imports without TopicId into a community that has topics; off answers 10007"`
	ChatRoomNoUnread          bool        `yaml:"chatroom_no_unread" desc:"accept SendMsgControl NoUnread in ChatRoom groups; off answers 10004"`
	NoMsgCheck                bool        `yaml:"no_msg_check" desc:"let SendMsgControl NoMsgCheck skip refused_words"`
	TargetedMessages          bool        `yaml:"targeted_messages" desc:"accept To_Account in send_group_msg; off answers 10059"`
	ReadReceipts              []GroupType `yaml:"read_receipts" desc:"group types of Private, Public and ChatRoom with read receipts; in others of these 10059"`
	MessageExtensions         bool        `yaml:"message_extensions" desc:"accept SupportMessageExtension and serve extensions; off answers 10059 and 10008"`
	RefusedWords              []string    `yaml:"refused_words" desc:"texts that contain one of these are refused with 80001, in profiles with 40005"`

	Communities            bool     `yaml:"communities" desc:"communities and topics are served; off answers 11000"`
	MaxTopics              int      `yaml:"max_topics" desc:"topics in one community; beyond it 10037"`
	MaxMembers             int      `yaml:"max_members" desc:"ceiling of members in a Private, Public or ChatRoom group"`
	MaxCommunityMembers    int      `yaml:"max_community_members" desc:"ceiling of members in a Community"`
	ImportMaxMemberDefault int      `yaml:"import_max_member_default" desc:"MaxMemberCount of import_group where it is absent; 0 is the type's ceiling"`
	MaxInitialMembers      int      `yaml:"max_initial_members" desc:"entries of MemberList in create_group, at most 300; beyond it 10005"`
	MaxAddMembers          int      `yaml:"max_add_members" desc:"entries of MemberList in add_group_member and import_group_member, at most 300; beyond it 10005"`
	MaxGroups              int      `yaml:"max_groups" desc:"groups in the application; 0 is no limit, beyond it 10058"`
	MaxAVChatRooms         int      `yaml:"max_avchatrooms" desc:"AVChatRooms in the application; 0 is no limit, beyond it 10036"`
	MaxGroupsPerUser       int      `yaml:"max_groups_per_user" desc:"groups that one account may be in; 0 is no limit, beyond it 10037"`
	MaxGroupsPerDay        int      `yaml:"max_groups_per_day" desc:"net new groups per day without communities; 0 is no limit, beyond it 10006"`
	DissolveEmptyGroups    bool     `yaml:"dissolve_empty_groups" desc:"dissolve a Private, Public or ChatRoom group when its last member leaves or is removed"`
	GroupListPerSecond     int      `yaml:"group_list_per_second" desc:"get_appid_group_list calls per second; 0 is calls_per_second"`
	MaxNameBytes           int      `yaml:"max_group_name_bytes" desc:"bytes of a group's Name"`
	MaxIntroductionBytes   int      `yaml:"max_introduction_bytes" desc:"bytes of a group's or topic's Introduction"`
	MaxNotificationBytes   int      `yaml:"max_notification_bytes" desc:"bytes of a group's or topic's Notification"`
	MaxFaceURLBytes        int      `yaml:"max_face_url_bytes" desc:"bytes of a group's or topic's FaceUrl"`
	MaxTopicNameBytes      int      `yaml:"max_topic_name_bytes" desc:"bytes of a TopicName"`
	MaxTopicCustomBytes    int      `yaml:"max_topic_custom_bytes" desc:"bytes of a topic's CustomString"`
	GroupCustomKeys        []string `yaml:"group_custom_keys" desc:"declared keys of AppDefinedData, at most 10; empty accepts any well-formed key"`
	MemberCustomKeys       []string `yaml:"member_custom_keys" desc:"declared keys of AppMemberDefinedData, at most 5; empty accepts any well-formed key"`

	HistoryBeforeJoin []GroupType `yaml:"history_before_join" desc:"group types that start with HistoryMsgBeforeJoin On"`
	TipsMemberChange  []GroupType `yaml:"tips_member_change" desc:"group types that store a tip when members join or leave"`
	TipsProfile       []GroupType `yaml:"tips_profile" desc:"group types that store a tip when name, introduction, notification, avatar or owner change"`
	TipsMemberProfile []GroupType `yaml:"tips_member_profile" desc:"group types that store a tip when members are muted or admins change"`

	MaxAccounts        int  `yaml:"max_accounts" desc:"accounts in the application; 0 is no limit, beyond it 70398"`
	AccountDeletion    bool `yaml:"account_deletion" desc:"account_delete is served; off answers 71000"`
	AutoImportAccounts bool `yaml:"auto_import_accounts" desc:"import every well-formed account that a request names instead of answering that it does not exist"`

	CustomProfileFields []string `yaml:"custom_profile_fields" desc:"declared keywords of Tag_Profile_Custom_, 1 to 8 letters each, at most 20; empty accepts any"`
	BroadcastsPerSecond int      `yaml:"broadcasts_per_second" desc:"send_broadcast_msg calls per second, at most 5; beyond it 10023; 0 switches the command off with 10007"`
	MaxPermissionGroups int      `yaml:"max_permission_groups" desc:"permission groups in one community, at most 300; beyond it 10037"`
	CheckSendPermission bool     `yaml:"check_send_permission" desc:"in a community with EnablePermission a sender needs the permission to send, and the one for @all to mention all; off leaves that to the caller, on answers 10007"`

	GroupAttributes          []GroupType `yaml:"group_attributes" desc:"group types that have custom attributes; elsewhere 10007"`
	AttributeWritesPerSecond int         `yaml:"attribute_writes_per_second" desc:"writes of one group's custom attributes per second; 0 is no limit, beyond it 10049"`
}

// DefaultSettings are Recant's own: nothing is lost by default (spec 00).
func DefaultSettings() Settings {
	return Settings{
		HistoryTipStyle:        "object",
		HistoryCloudCustomData: true,
		RecalledBody:           "keep",
		AVChatRoomRecall:       true,
		GroupRecall:            true,
		ImportMaxBatch:         20,
		DeleteBySenderWindow:   1000,
		TargetedMessages:       true,
		ReadReceipts:           []GroupType{Private, Public, ChatRoom},
		MessageExtensions:      true,
		Communities:            true,
		MaxTopics:              200,
		MaxMembers:             6000,
		MaxCommunityMembers:    1_000_000,
		MaxInitialMembers:      100,
		MaxAddMembers:          300,
		MaxNameBytes:           100,
		MaxIntroductionBytes:   400,
		MaxNotificationBytes:   400,
		MaxFaceURLBytes:        500,
		MaxTopicNameBytes:      150,
		MaxTopicCustomBytes:    3000,
		HistoryBeforeJoin:      []GroupType{ChatRoom},
		TipsMemberChange:       []GroupType{Private, Public, Community},
		TipsProfile:            []GroupType{Private, Public, ChatRoom, Community},
		TipsMemberProfile:      []GroupType{Private, Public, Community},
		AccountDeletion:        true,
		BroadcastsPerSecond:    1,
		MaxPermissionGroups:    100,
		GroupAttributes:        slices.Clone(GroupTypes[:]),
	}
}

// HostedSettings are the defaults of the hosted service wherever ours differ
// (profile "hosted").
func HostedSettings() Settings {
	s := DefaultSettings()
	s.HistoryRetentionDays = 7
	s.GroupThrottlePerSecond = 40
	s.ImportMaxMemberDefault = 2000
	s.GroupListPerSecond = 1
	s.BroadcastsPerSecond = 0
	s.AttributeWritesPerSecond = 5
	return s
}

// maxJoinBatch bounds the members that one commit can add: up to three rows
// each, beside the group's own.
const maxJoinBatch = 300

// maxPermissionGroups keeps small what the head says of permission groups, and
// inside one commit the rows that one member has in them.
const maxPermissionGroups = 300

// Clock tells the time; tests replace it.
type Clock func() time.Time

// Validate reports the first setting that cannot be.
func (s Settings) Validate() error {
	switch s.HistoryTipStyle {
	case "object", "array", "custom", "placeholder":
	default:
		return fmt.Errorf("history_tip_style: %q is not object, array, custom or placeholder", s.HistoryTipStyle)
	}
	if s.RecalledBody != "keep" && s.RecalledBody != "empty" {
		return fmt.Errorf("recalled_body: %q is not keep or empty", s.RecalledBody)
	}
	for _, list := range []struct {
		key   string
		types []GroupType
	}{
		{"read_receipts", s.ReadReceipts}, {"history_before_join", s.HistoryBeforeJoin},
		{"tips_member_change", s.TipsMemberChange}, {"tips_profile", s.TipsProfile},
		{"tips_member_profile", s.TipsMemberProfile},
	} {
		for _, t := range list.types {
			if rules, ok := rulesOf[t]; !ok || !rules.stored {
				return fmt.Errorf("%s: %q is not a group type that stores messages", list.key, t)
			}
		}
	}
	for _, t := range s.GroupAttributes {
		if _, ok := rulesOf[t]; !ok {
			return fmt.Errorf("group_attributes: %q is not a group type", t)
		}
	}
	for _, declared := range []struct {
		key  string
		keys []string
		most int
	}{{"group_custom_keys", s.GroupCustomKeys, 10}, {"member_custom_keys", s.MemberCustomKeys, 5}} {
		if len(declared.keys) > declared.most {
			return fmt.Errorf("%s: %d keys, at most %d", declared.key, len(declared.keys), declared.most)
		}
		for i, key := range declared.keys {
			if !validCustomKey(key) { // no request could ever name it
				return fmt.Errorf("%s: %q is not 1 to %d letters, digits and underscores with no digit first", declared.key, key, maxCustomKeyBytes)
			}
			if slices.Contains(declared.keys[:i], key) {
				return fmt.Errorf("%s: %q is declared twice", declared.key, key)
			}
		}
	}
	for _, key := range s.MemberCustomKeys {
		if slices.Contains(s.GroupCustomKeys, key) { // spec 01 section 8.4
			return fmt.Errorf("member_custom_keys: %q is one of group_custom_keys", key)
		}
	}
	if n := len(s.CustomProfileFields); n > maxCustomTags {
		return fmt.Errorf("custom_profile_fields: %d keywords, at most %d", n, maxCustomTags)
	}
	for _, keyword := range s.CustomProfileFields {
		if !validKeyword(keyword) {
			return fmt.Errorf("custom_profile_fields: %q is not 1 to %d letters", keyword, maxCustomTagLetters)
		}
	}
	numbers := reflect.ValueOf(s)
	for i := range numbers.NumField() {
		field := numbers.Type().Field(i)
		if field.Type.Kind() == reflect.Int && numbers.Field(i).Int() < 0 {
			return fmt.Errorf("%s: %d is negative", field.Tag.Get("yaml"), numbers.Field(i).Int())
		}
	}
	for _, batch := range []struct {
		key string
		n   int
	}{{"max_initial_members", s.MaxInitialMembers}, {"max_add_members", s.MaxAddMembers}} {
		if batch.n > maxJoinBatch {
			return fmt.Errorf("%s: %d, at most %d", batch.key, batch.n, maxJoinBatch)
		}
	}
	if s.MaxPermissionGroups > maxPermissionGroups {
		return fmt.Errorf("max_permission_groups: %d, at most %d", s.MaxPermissionGroups, maxPermissionGroups)
	}
	if s.ImportMaxBatch > maxBatchMessages {
		return fmt.Errorf("import_max_batch: %d, at most %d", s.ImportMaxBatch, maxBatchMessages)
	}
	if s.BroadcastsPerSecond > maxBroadcastsPerSecond {
		return fmt.Errorf("broadcasts_per_second: %d, at most %d", s.BroadcastsPerSecond, maxBroadcastsPerSecond)
	}
	if s.DeleteBySenderWindow < 1 {
		return errors.New("delete_by_sender_window: must be 1 or more")
	}
	return nil
}
