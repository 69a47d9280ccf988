package api

import (
	"slices"

	"github.com/recant-chat/recant/chat"
)

// responseFilter says which fields of groups and members an answer has. An
// empty list counts as absent (spec 02 section 5.1).
type responseFilter struct {
	Group        []string `json:"GroupBaseInfoFilter" desc:"fields of the group that are wanted, by name; unknown names are ignored"`
	Member       []string `json:"MemberInfoFilter" desc:"fields of members that are wanted, by name; unknown names are ignored; get_group_info only"`
	GroupCustom  []string `json:"AppDefinedDataFilter_Group" desc:"keys of the group's custom fields that are wanted"`
	MemberCustom []string `json:"AppDefinedDataFilter_GroupMember" desc:"keys of members' custom fields that are wanted; get_group_info only"`
	Self         []string `json:"SelfInfoFilter" desc:"fields of SelfInfo that are wanted, by name; unknown names are ignored; get_joined_group_list only"`
}

// fieldFilter tells by its names whether a field is wanted.
type fieldFilter func(names ...string) bool

func everyField(...string) bool { return true }

// listedFields wants the fields of a list. It is made once for all records of
// an answer, because a request may list tens of thousands of names.
func listedFields(listed []string) fieldFilter {
	set := map[string]bool{}
	for _, name := range listed {
		set[name] = true
	}
	return func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return set[name] })
	}
}

// listedKeys is listedFields for custom fields, nil where no key is listed.
func listedKeys(keys []string) fieldFilter {
	if len(keys) == 0 {
		return nil
	}
	return listedFields(keys)
}

// shown is a field's value in an answer, nil where the field is not wanted.
func shown[T any](wanted bool, v T) *T {
	if !wanted {
		return nil
	}
	return &v
}

// onOff is a switch as answers write it.
func onOff(on bool) string {
	if on {
		return "On"
	}
	return "Off"
}

// readOnOff reads a switch of a request; nil and "" are not given.
func readOnOff(field string, given *string) (*bool, error) {
	switch value(given) {
	case "":
		return nil, nil
	case "On":
		return new(true), nil
	case "Off":
		return new(false), nil
	}
	return nil, chat.Refuse(chat.CodeInvalid, "%s is %q, must be On or Off", field, *given)
}

// flag reads an integer switch, which the decoder has held to 0 and 1.
func flag(given *int) *bool {
	if given == nil {
		return nil
	}
	return new(*given == 1)
}

func bit(on bool) int {
	if on {
		return 1
	}
	return 0
}

// onlyKeys returns the fields whose keys are wanted, never nil.
func onlyKeys(fields []chat.Field, want fieldFilter) []chat.Field {
	kept := []chat.Field{}
	for _, f := range fields {
		if want(f.Key) {
			kept = append(kept, f)
		}
	}
	return kept
}
