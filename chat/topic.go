package chat

import (
	"context"
	"errors"

	"github.com/recant-chat/recant/store/record"
)

// NewTopic is a topic that is to be created (doc 49471) or imported (doc
// 53448). Empty strings and nil are not given.
type NewTopic struct {
	GroupID           string
	ID                string // "" has the id generated
	Name              string // required
	From              string // in whose name; "" for the operator
	FaceURL           string
	Notification      string
	Introduction      string
	Custom            string
	DefaultPermission *int64 // bits, spec 05 section 2.1; not of an import
	CreateTime        int64  // of an import, Unix seconds; 0 is now
}

// CreateTopic makes a topic of a community and returns its id. It writes no
// message anywhere and leaves the community's profile as it is.
// Errors: CodeInvalid, CodeBadGroupID, CodeGroupNotFound, CodeCommunityOff,
// CodeGroupIDInUseByOwner, CodeNotPermitted, CodeUserGroupQuota,
// CodeTextRefused, CodeRefusedByBackend and the backend's own.
func (a *App) CreateTopic(ctx context.Context, op Operator, r NewTopic) (string, error) {
	return a.makeTopic(ctx, &r, &op)
}

// ImportTopic makes a topic of another system's past, with its own time of
// creation.
// Errors: as CreateTopic, but CodeGroupIDInUse for an id that is taken.
func (a *App) ImportTopic(ctx context.Context, _ Operator, r NewTopic) (string, error) {
	return a.makeTopic(ctx, &r, nil)
}

// errGeneratedTaken says that a generated id met one that lives.
var errGeneratedTaken = errors.New("chat: generated topic id is taken")

// makeTopic makes a topic for an operator, or without one in an import, of which
// nobody is told.
func (a *App) makeTopic(ctx context.Context, r *NewTopic, op *Operator) (string, error) {
	if err := a.checkNewTopic(r); err != nil {
		return "", err
	}
	if err := CheckGroupID(r.GroupID); err != nil {
		return "", err
	}
	if op != nil {
		if err := a.askBeforeTopic(ctx, *op, r); err != nil {
			return "", err
		}
	}
	for {
		id := r.ID
		if id == "" {
			id = generateTopicID(r.GroupID)
		}
		err := a.changeGroup(ctx, r.GroupID, func(g *groupChange) error { return g.stageTopic(ctx, r, id, op) })
		if !errors.Is(err, errGeneratedTaken) {
			return id, err
		}
	}
}

// stageTopic does one attempt at a new topic.
func (g *groupChange) stageTopic(ctx context.Context, r *NewTopic, id string, op *Operator) error {
	if err := g.requireTopics(); err != nil {
		return err
	}
	if r.ID != "" {
		if err := checkNewTopicID(g.id, id); err != nil {
			return err
		}
	}
	taken, err := g.topic(ctx, id)
	switch {
	case err != nil:
		return err
	case taken != nil && r.ID == "":
		return errGeneratedTaken
	case taken != nil && op != nil:
		return Refuse(CodeGroupIDInUseByOwner, "group id has be used by youself!") // programs in the wild compare the texts
	case taken != nil:
		return Refuse(CodeGroupIDInUse, "group id has be used!")
	}
	if err := g.requireInsider(ctx, r.From); err != nil {
		return err
	}
	if most := g.app.settings.MaxTopics; int(g.head.TopicNum) >= most {
		return Refuse(CodeUserGroupQuota, "community %q has its %d topics already", g.id, most)
	}
	if err := g.app.checkTopicWords(&r.Name, &r.Introduction, &r.Notification); err != nil {
		return err
	}
	g.head.TopicsCreated++
	g.head.TopicNum++
	created := r.CreateTime
	if created == 0 {
		created = g.app.now()
	}
	g.setTopic(id, &record.Topic{
		Incarnation: g.head.TopicsCreated, Name: r.Name, FaceUrl: r.FaceURL, Notification: r.Notification,
		Introduction: r.Introduction, Custom: r.Custom, CreateTime: created, DefaultPermission: r.DefaultPermission,
	})
	if op != nil {
		g.tellTopicCreated(*op, r, id)
	}
	return nil
}

// checkNewTopic checks the form of the request but for its ids.
// Errors: CodeInvalid.
func (a *App) checkNewTopic(r *NewTopic) error {
	if err := a.checkTopicTexts(&r.Name, &r.FaceURL, &r.Notification, &r.Introduction, &r.Custom); err != nil {
		return err
	}
	if now := a.now(); r.CreateTime < 0 || r.CreateTime > now {
		return Refuse(CodeInvalid, "CreateTime %d is not between 1 and now, %d", r.CreateTime, now)
	}
	return checkOperator(r.From)
}

// checkTopicTexts checks the lengths of the texts that are given (spec 05
// section 1.3).
// Errors: CodeInvalid.
func (a *App) checkTopicTexts(name, faceURL, notification, introduction, custom *string) error {
	if name != nil && *name == "" {
		return Refuse(CodeInvalid, "TopicName is empty")
	}
	for _, text := range []struct {
		field string
		given *string
		most  int
	}{
		{"TopicName", name, a.settings.MaxTopicNameBytes},
		{"FaceUrl", faceURL, a.settings.MaxFaceURLBytes},
		{"Notification", notification, a.settings.MaxNotificationBytes},
		{"Introduction", introduction, a.settings.MaxIntroductionBytes},
		{"CustomString", custom, a.settings.MaxTopicCustomBytes},
	} {
		if text.given != nil && len(*text.given) > text.most {
			return Refuse(CodeInvalid, "%s has %d bytes, at most %d", text.field, len(*text.given), text.most)
		}
	}
	return nil
}

// checkTopicWords refuses texts with one of the operator's refused words.
// Errors: CodeTextRefused.
func (a *App) checkTopicWords(name, introduction, notification *string) error {
	for _, text := range []struct {
		field string
		given *string
	}{{"TopicName", name}, {"Introduction", introduction}, {"Notification", notification}} {
		if text.given == nil {
			continue
		}
		if err := a.checkWords(text.field, *text.given); err != nil {
			return err
		}
	}
	return nil
}

// requireTopics checks that the group is one that has topics.
// Errors: CodeCommunityOff.
func (g *groupState) requireTopics() error {
	if !g.app.settings.Communities {
		return Refuse(CodeCommunityOff, "communities are switched off")
	}
	if g.groupType() != Community || !g.head.SupportTopic {
		return Refuse(CodeCommunityOff, "group %q is not a community with topics", g.id)
	}
	return nil
}

// requireInsider checks that a command on topics may be given in the account's
// name, "" for the caller's own: an app administrator's or a member's.
// Errors: CodeNotPermitted.
func (g *groupState) requireInsider(ctx context.Context, account string) error {
	if account == "" || g.app.admins[account] {
		return nil
	}
	members, err := g.members(ctx, account)
	if err != nil {
		return err
	}
	if members[account] == nil {
		return Refuse(CodeNotPermitted, "From_Account %q is neither a member of community %q nor an app admin", account, g.id)
	}
	return nil
}

// setTopic stages the record of a topic.
func (g *groupChange) setTopic(topicID string, t *record.Topic) {
	g.set(record.TopicKey(g.head.Incarnation, topicID), t)
}

// TopicChanges are the changes of one topic (doc 49468); nil is not given.
type TopicChanges struct {
	GroupID, ID       string
	From              string // in whose name; "" for the operator
	Name              *string
	FaceURL           *string
	Notification      *string
	Introduction      *string
	Custom            *string
	MuteAll           string // "On" or "Off"; "" is not given
	DefaultPermission *int64
}

// ModifyTopic changes any part of a topic's profile, all or nothing. It writes
// no message and leaves the community's profile as it is.
// Errors: CodeInvalid, CodeBadGroupID, CodeGroupNotFound (also for the topic),
// CodeCommunityOff, CodeNotPermitted, CodeTextRefused.
func (a *App) ModifyTopic(ctx context.Context, op Operator, r TopicChanges) error {
	if err := a.checkTopicTexts(r.Name, r.FaceURL, r.Notification, r.Introduction, r.Custom); err != nil {
		return err
	}
	if r.MuteAll != "" && r.MuteAll != "On" && r.MuteAll != "Off" {
		return Refuse(CodeInvalid, "MuteAllMember %q is not On or Off", r.MuteAll)
	}
	if err := checkOperator(r.From); err != nil {
		return err
	}
	if r.ID == "" {
		return Refuse(CodeInvalid, "TopicId is missing")
	}
	if err := CheckGroupID(r.GroupID); err != nil {
		return err
	}
	return a.changeGroup(ctx, r.GroupID, func(g *groupChange) error {
		if err := g.requireTopics(); err != nil {
			return err
		}
		t, err := g.requireTopic(ctx, r.ID)
		if err != nil {
			return err
		}
		if err := g.requireInsider(ctx, r.From); err != nil {
			return err
		}
		if err := a.checkTopicWords(r.Name, r.Introduction, r.Notification); err != nil {
			return err
		}
		if r.lay(t) {
			g.setTopic(r.ID, t)
			g.tellTopicChanged(op, &r)
		}
		return nil
	})
}

// lay lays the changes over a topic and reports whether anything was given.
func (r *TopicChanges) lay(t *record.Topic) (given bool) {
	for _, text := range []struct {
		given  *string
		stored *string
	}{
		{r.Name, &t.Name}, {r.FaceURL, &t.FaceUrl}, {r.Notification, &t.Notification},
		{r.Introduction, &t.Introduction}, {r.Custom, &t.Custom},
	} {
		if text.given != nil {
			*text.stored, given = *text.given, true
		}
	}
	if r.MuteAll != "" {
		t.MuteAll, given = r.MuteAll == "On", true
	}
	if r.DefaultPermission != nil {
		t.DefaultPermission, given = r.DefaultPermission, true
	}
	return given
}
