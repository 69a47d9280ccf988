package api_test

import (
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

// The older documents' lengths, and ceilings small enough to be reached.
func smallGroups(o *apitest.Options) {
	s := &o.Settings
	s.MaxNameBytes, s.MaxIntroductionBytes, s.MaxNotificationBytes, s.MaxFaceURLBytes = 30, 240, 300, 100
	s.MaxMembers, s.MaxCommunityMembers, s.MaxInitialMembers = 5, 7, 2
}

func TestLimitsOfGroupsAreSettings(t *testing.T) {
	a := newApp(t, smallGroups)
	a.accounts("ann", "bob", "cook")
	for _, c := range []struct {
		field string
		bytes int
	}{{"Name", 30}, {"Introduction", 240}, {"Notification", 300}, {"FaceUrl", 100}} {
		for over, code := range []int{0, 10004} {
			id := a.create(`{"Type":"Public","Name":"n"}`)
			a.group("modify_group_base_info", `{"GroupId":%q,%q:%q}`, id, c.field, strings.Repeat("n", c.bytes+over)).WantCode(t, code)
		}
	}
	for _, c := range []struct {
		fields string
		code   int
	}{
		{`"Type":"Public","MaxMemberCount":5`, 0},
		{`"Type":"Public","MaxMemberCount":6`, 10038},
		{`"Type":"Community","MaxMemberCount":7`, 0},
		{`"Type":"Community","MaxMemberCount":8`, 10038},
		{`"Type":"Public","Owner_Account":"cook","MemberList":[{"Member_Account":"ann"},{"Member_Account":"bob"}]`, 0},
		{`"Type":"Public","MemberList":[{"Member_Account":"ann"},{"Member_Account":"bob"},{"Member_Account":"ann"}]`, 10005}, // entries, not accounts
	} {
		t.Run(c.fields, func(t *testing.T) { a.group("create_group", `{"Name":"n",%s}`, c.fields).WantCode(t, c.code) })
	}
}

func TestCeilingOfMembersIsThatOfTheTimeOfCreation(t *testing.T) {
	before, after := twoServers(t, smallGroups)
	old := (&app{Server: before, t: t}).create(`{"Type":"Public","Name":"n"}`)
	a := &app{Server: after, t: t}
	if got := a.info(old).MaxMemberNum; got != 6000 {
		t.Errorf("a lower ceiling made MaxMemberNum of an old group %d", got)
	}
	for kind, want := range map[string]int{"Public": 5, "Community": 7} {
		if got := a.info(a.create(`{"Type":%q,"Name":"n"}`, kind)).MaxMemberNum; got != want {
			t.Errorf("%s: MaxMemberNum is %d by default, want %d", kind, got, want)
		}
	}
	for n, code := range map[int]int{5: 0, 6: 10038} {
		a.group("modify_group_base_info", `{"GroupId":%q,"MaxMemberNum":%d}`, old, n).WantCode(t, code)
	}
}
