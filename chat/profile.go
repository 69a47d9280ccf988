package chat

import (
	"context"
	"slices"
	"strings"

	"github.com/recant-chat/recant/store/record"
)

// Fields of a profile that others refer to (doc 33520).
const (
	TagNick  = "Tag_Profile_IM_Nick"
	TagImage = "Tag_Profile_IM_Image" // the avatar's URL

	customTag = "Tag_Profile_Custom_" // and 1 to 8 letters
)

const (
	maxProfileAccounts  = 100 // of Profiles
	maxCustomTagLetters = 8
	maxCustomTags       = 20 // per account
)

// textUnknownProfile is the text of the hosted service (spec 07 section 3.2).
const textUnknownProfile = "Err_Profile_Invalid_Account"

// tagRules are the rules of one field of a profile, a text unless number says
// otherwise.
type tagRules struct {
	number bool
	values []string // the only ones, or any where it is empty
	unset  string   // what counts while nothing was set; "" is nothing
}

// standardTags are the fields that every application has (doc 33520).
var standardTags = map[string]tagRules{
	TagNick: {}, TagImage: {},
	"Tag_Profile_IM_Gender":        {values: []string{"Gender_Type_Unknown", "Gender_Type_Female", "Gender_Type_Male"}},
	"Tag_Profile_IM_BirthDay":      {number: true},
	"Tag_Profile_IM_Location":      {},
	"Tag_Profile_IM_SelfSignature": {},
	"Tag_Profile_IM_AllowType": {
		values: []string{"AllowType_Type_NeedConfirm", "AllowType_Type_AllowAny", "AllowType_Type_DenyAny"},
		unset:  "AllowType_Type_AllowAny",
	},
	"Tag_Profile_IM_Language":    {number: true},
	"Tag_Profile_IM_MsgSettings": {number: true},
	"Tag_Profile_IM_AdminForbidType": {
		values: []string{"AdminForbid_Type_None", "AdminForbid_Type_SendOut"}, unset: "AdminForbid_Type_None",
	},
	"Tag_Profile_IM_Level": {number: true},
	"Tag_Profile_IM_Role":  {number: true},
}

// rulesOfTag returns the rules of a tag, if the application has it.
func (a *App) rulesOfTag(tag string) (tagRules, bool) {
	if rules, ok := standardTags[tag]; ok {
		return rules, true
	}
	keyword, custom := strings.CutPrefix(tag, customTag)
	declared := a.settings.CustomProfileFields
	return tagRules{}, custom && validKeyword(keyword) && (len(declared) == 0 || slices.Contains(declared, keyword))
}

// validKeyword reports whether a custom field may be called so.
func validKeyword(keyword string) bool {
	return keyword != "" && len(keyword) <= maxCustomTagLetters &&
		strings.Trim(keyword, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == ""
}

// ProfileItem is one field of a profile. What is set may be given as text and
// as number; the field's type decides which counts. Answers have one of them.
type ProfileItem struct {
	Tag    string
	Text   *string // at most 500 bytes
	Number *uint32
}

// check checks the i-th item of a request.
// Errors: CodeProfileTag, CodeProfileType, CodeProfileTooLong,
// CodeProfileValue, CodeProfileWords.
func (item ProfileItem) check(a *App, i int) error {
	rules, ok := a.rulesOfTag(item.Tag)
	switch {
	case !ok:
		return Refuse(CodeProfileTag, "ProfileItem[%d].Tag %q is neither a standard nor a declared custom field", i, item.Tag)
	case rules.number && item.Number == nil:
		return Refuse(CodeProfileType, "ProfileItem[%d].Value of %s must be an integer from 0 to 4294967295", i, item.Tag)
	case rules.number:
		return nil
	case item.Text == nil:
		return Refuse(CodeProfileType, "ProfileItem[%d].Value of %s must be a string", i, item.Tag)
	case len(*item.Text) > maxProfileBytes:
		return Refuse(CodeProfileTooLong, "ProfileItem[%d].Value has %d bytes, at most %d", i, len(*item.Text), maxProfileBytes)
	case len(rules.values) > 0 && !slices.Contains(rules.values, *item.Text):
		return Refuse(CodeProfileValue, "ProfileItem[%d].Value of %s must be one of %s", i, item.Tag, strings.Join(rules.values, ", "))
	case a.checkWords("", *item.Text) != nil:
		return Refuse(CodeProfileWords, "ProfileItem[%d].Value contains refused content", i)
	}
	return nil
}

// SetProfile sets fields of an account's profile, all or none; of two values of
// one field the last counts (doc 34916).
// Errors: CodeProfileInvalid, CodeProfileAccount and those of the items.
func (a *App) SetProfile(ctx context.Context, op Operator, userID string, items []ProfileItem) error {
	if len(items) == 0 {
		return Refuse(CodeProfileInvalid, "ProfileItem is missing or empty")
	}
	for i, item := range items {
		if err := item.check(a, i); err != nil {
			return err
		}
	}
	found, err := a.changeExisting(ctx, userID, func(account *accountChange) error {
		before := customTags(account.Account)
		for _, item := range items {
			item.set(account.Account)
		}
		// Where the fields are declared there are few.
		if n := customTags(account.Account); n > max(before, maxCustomTags) && len(a.settings.CustomProfileFields) == 0 {
			return Refuse(CodeProfileInvalid, "ProfileItem: the profile would hold %d custom fields, at most %d", n, maxCustomTags)
		}
		if a.wants(CallbackPortraitSet) {
			return account.event(ctx, a, op, CallbackPortraitSet, a.profileEvent(op, userID, items))
		}
		return nil
	})
	if err == nil && !found {
		return Refuse(CodeProfileAccount, textUnknownProfile)
	}
	return err
}

// profileEvent is the event of fields that were set, each once.
func (a *App) profileEvent(op Operator, userID string, items []ProfileItem) *profileEvent {
	e := &profileEvent{Command: CallbackPortraitSet, Operator: op.Account, Account: userID, EventTime: a.eventTime()}
	for i, item := range items {
		if slices.ContainsFunc(items[i+1:], func(later ProfileItem) bool { return later.Tag == item.Tag }) {
			continue
		}
		set := eventProfileItem{Tag: item.Tag}
		if standardTags[item.Tag].number {
			set.Value = *item.Number
		} else {
			set.Value = *item.Text
		}
		e.Items = append(e.Items, set)
	}
	return e
}

// set puts a checked item into an account's profile.
func (item ProfileItem) set(account *record.Account) {
	field := &record.ProfileField{Tag: item.Tag}
	if standardTags[item.Tag].number {
		field.Value = &record.ProfileField_Number{Number: *item.Number}
	} else {
		field.Value = &record.ProfileField_Text{Text: *item.Text}
	}
	if i := fieldOf(account, item.Tag); i >= 0 {
		account.Profile[i] = field
	} else {
		account.Profile = append(account.Profile, field)
	}
}

// fieldOf is the place of a field in an account's profile, -1 where it was
// never set.
func fieldOf(account *record.Account, tag string) int {
	return slices.IndexFunc(account.Profile, func(f *record.ProfileField) bool { return f.Tag == tag })
}

// customTags is the number of custom fields in an account's profile.
func customTags(account *record.Account) (n int) {
	for _, f := range account.Profile {
		if strings.HasPrefix(f.Tag, customTag) {
			n++
		}
	}
	return n
}

// Profile is what Profiles tells of one account.
type Profile struct {
	Account string
	Items   []ProfileItem // never nil, but with Err
	Err     error         // CodeProfileAccount
}

// Profiles returns the fields of 1 to 100 accounts that have a value, in the
// order in which accounts and tags are given; a tag that is named twice counts
// once (doc 34917).
// Errors: CodeProfileNoAccount, CodeProfileInvalid, CodeProfileTag.
func (a *App) Profiles(ctx context.Context, userIDs, tags []string) ([]Profile, error) {
	if len(userIDs) == 0 {
		return nil, Refuse(CodeProfileNoAccount, "To_Account is missing or empty")
	}
	if len(userIDs) > maxProfileAccounts {
		return nil, Refuse(CodeProfileInvalid, "To_Account has %d accounts, at most %d", len(userIDs), maxProfileAccounts)
	}
	if len(tags) == 0 {
		return nil, Refuse(CodeProfileInvalid, "TagList is missing or empty")
	}
	var wanted []string
	seen := map[string]bool{}
	for i, tag := range tags {
		if _, ok := a.rulesOfTag(tag); !ok {
			return nil, Refuse(CodeProfileTag, "TagList[%d] %q is neither a standard nor a declared custom field", i, tag)
		}
		if !seen[tag] {
			seen[tag] = true
			wanted = append(wanted, tag)
		}
	}
	profiles := make([]Profile, len(userIDs))
	err := parallel(ctx, len(userIDs), func(ctx context.Context, i int) error {
		account, err := a.account(ctx, userIDs[i])
		switch profiles[i].Account = userIDs[i]; {
		case err != nil:
			return err
		case account == nil:
			profiles[i].Err = Refuse(CodeProfileAccount, textUnknownProfile)
		default:
			profiles[i].Items = profileItems(account, wanted)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return profiles, nil
}

// profileItems returns those of the fields that have a value.
func profileItems(account *record.Account, tags []string) []ProfileItem {
	items := []ProfileItem{}
	for _, tag := range tags {
		item := ProfileItem{Tag: tag}
		if i := fieldOf(account, tag); i >= 0 {
			switch v := account.Profile[i].Value.(type) {
			case *record.ProfileField_Text:
				item.Text = &v.Text
			case *record.ProfileField_Number:
				item.Number = &v.Number
			}
		} else if unset := standardTags[tag].unset; unset != "" {
			item.Text = &unset
		} else {
			continue
		}
		items = append(items, item)
	}
	return items
}

// profileOf returns what other members see of an account, with empty texts for
// one that does not exist.
func (a *App) profileOf(ctx context.Context, account string) (AccountProfile, error) {
	profile := AccountProfile{UserID: account}
	stored, _, err := a.readAccount(ctx, account)
	if err != nil || stored == nil {
		return profile, err
	}
	for _, item := range profileItems(stored, []string{TagNick, TagImage}) {
		if item.Tag == TagNick {
			profile.Nick = *item.Text
		} else {
			profile.FaceURL = *item.Text
		}
	}
	return profile, nil
}
