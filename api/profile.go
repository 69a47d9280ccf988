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
			repeatable(), doc(34916), summary("Sets fields of an account's profile."),
			codes(chat.CodeProfileInvalid, chat.CodeProfileAccount, chat.CodeProfileWords, chat.CodeProfileInternal,
				chat.CodeProfileTag, chat.CodeProfileTooLong, chat.CodeProfileValue, chat.CodeProfileType)),
		command(profileService, "portrait_get", portraitGet,
			repeatable(), doc(34917), summary("Reads fields of the profiles of up to 100 accounts."),
			codes(chat.CodeProfileInvalid, chat.CodeProfileNoAccount, chat.CodeProfileAccount, chat.CodeProfileInternal,
				chat.CodeProfileTag)),
	}
}

type portraitSetRequest struct {
	From  *string            `json:"From_Account" desc:"account whose profile is set" required:"true"`
	Items []givenProfileItem `json:"ProfileItem" desc:"one or more fields, all of which are set or none; of one Tag twice the last counts" required:"true"`
}

type givenProfileItem struct {
	Tag   *string        `json:"Tag" desc:"a standard field (Tag_Profile_IM_Nick, ...) or Tag_Profile_Custom_ and 1 to 8 letters" required:"true"`
	Value jsontext.Value `json:"Value" desc:"string of at most 500 bytes, or of a field that holds a number an integer from 0 to 4294967295" required:"true"`
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
	To   []string `json:"To_Account" desc:"1 to 100 accounts" required:"true"`
	Tags []string `json:"TagList" desc:"one or more fields: standard ones (Tag_Profile_IM_Nick, ...) or Tag_Profile_Custom_ and 1 to 8 letters" required:"true"`
}

type portraitGetResponse struct {
	Profiles []userProfile `json:"UserProfileItem" desc:"one profile per account, in order"`
	Failed   []string      `json:"Fail_Account,omitzero" desc:"accounts whose ResultCode is not 0; absent where there are none"`
}

type userProfile struct {
	Account string        `json:"To_Account" desc:"account"`
	Items   []profileItem `json:"ProfileItem,omitzero" desc:"the fields asked for that have a value; absent where ResultCode is not 0"`
	Code    int           `json:"ResultCode" desc:"0, or 40003 for an account that was never imported"`
	Info    string        `json:"ResultInfo" desc:"why ResultCode is not 0, else empty"`
}

type profileItem struct {
	Tag   string `json:"Tag" desc:"field of the profile"`
	Value any    `json:"Value" desc:"string, or integer from 0 to 4294967295 of a field that holds a number"` // *string or *uint32
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
