package api

import (
	"context"
	"math"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/chat"
)

const profileService = "profile"

// profileCommands are the commands on profiles (spec 07 section 3).
func profileCommands() []Command {
	return []Command{
		command(profileService, "portrait_set", portraitSet,
			doc(34916), summary("Sets fields of an account's profile."),
			codes(chat.CodeProfileInvalid, chat.CodeProfileAccount, chat.CodeProfileWords, chat.CodeProfileInternal,
				chat.CodeProfileTag, chat.CodeProfileTooLong, chat.CodeProfileValue, chat.CodeProfileType)),
		command(profileService, "portrait_get", portraitGet,
			doc(34917), summary("Reads fields of the profiles of up to 100 accounts."),
			codes(chat.CodeProfileInvalid, chat.CodeProfileNoAccount, chat.CodeProfileAccount, chat.CodeProfileInternal,
				chat.CodeProfileTag)),
	}
}

type portraitSetRequest struct {
	From  *string            `json:"From_Account"`
	Items []givenProfileItem `json:"ProfileItem"`
}

type givenProfileItem struct {
	Tag   *string        `json:"Tag"`
	Value jsontext.Value `json:"Value"`
}

// item reads the value as what it may be: the field's type decides.
func (g givenProfileItem) item(lenientNumbers bool) chat.ProfileItem {
	item := chat.ProfileItem{Tag: *g.Tag}
	number := ""
	switch g.Value.Kind() {
	case jsontext.KindString:
		text := unquote(g.Value)
		item.Text = &text
		if lenientNumbers {
			number = text
		}
	case jsontext.KindNumber:
		number = string(g.Value)
	}
	if n, err := parseInteger(number); err == nil && (interval{0, math.MaxUint32}).holds(n) {
		whole := uint32(n.magnitude)
		item.Number = &whole
	}
	return item
}

func portraitSet(ctx context.Context, call *Call, r *portraitSetRequest) (*noResult, error) {
	if value(r.From) == "" {
		return nil, call.invalid("From_Account is missing")
	}
	items := make([]chat.ProfileItem, len(r.Items))
	for i, given := range r.Items {
		if value(given.Tag) == "" || given.Value == nil {
			return nil, call.invalid("ProfileItem[%d] must have Tag and Value", i)
		}
		items[i] = given.item(call.App.LenientNumbers)
	}
	return nil, call.App.Chat.SetProfile(ctx, call.Operator(), *r.From, items)
}

type portraitGetRequest struct {
	To   []string `json:"To_Account"`
	Tags []string `json:"TagList"`
}

type portraitGetResponse struct {
	Profiles []userProfile `json:"UserProfileItem"`
	Failed   []string      `json:"Fail_Account,omitzero"`
}

// userProfile has fields where its code is 0.
type userProfile struct {
	Account string        `json:"To_Account"`
	Items   []profileItem `json:"ProfileItem,omitzero"`
	Code    int           `json:"ResultCode"`
	Info    string        `json:"ResultInfo"`
}

type profileItem struct {
	Tag   string `json:"Tag"`
	Value any    `json:"Value"` // *string or *uint32
}

func portraitGet(ctx context.Context, call *Call, r *portraitGetRequest) (*portraitGetResponse, error) {
	profiles, err := call.App.Chat.Profiles(ctx, r.To, r.Tags)
	if err != nil {
		return nil, err
	}
	answer := &portraitGetResponse{Profiles: make([]userProfile, len(profiles))}
	for i, p := range profiles {
		code, info := itemResult(p.Err)
		answer.Profiles[i] = userProfile{Account: p.Account, Code: code, Info: info}
		if p.Err != nil {
			answer.Failed = append(answer.Failed, p.Account)
			continue
		}
		answer.Profiles[i].Items = make([]profileItem, len(p.Items))
		for j, item := range p.Items {
			answer.Profiles[i].Items[j] = profileItem{Tag: item.Tag, Value: item.Number}
			if item.Text != nil {
				answer.Profiles[i].Items[j].Value = item.Text
			}
		}
	}
	return answer, nil
}
