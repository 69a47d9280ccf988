package api_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

// create_, modify_, destroy_ and get_permission_group (spec 05 section 2).

const stewards = `"PermissionGroupId":"@PMG#_stewards"`

// permissionGroup makes a permission group of the town.
func (r *room) permissionGroup(name string) {
	r.t.Helper()
	r.call("create_permission_group", `{"GroupId":%q,"PermissionGroupId":"@PMG#_%s","PermissionGroupName":%q}`, r.group, name, name).MustOK(r.t)
}

// permissionGroups is one answer of get_permission_group.
type permissionGroups struct {
	Next   string
	Groups []struct {
		ErrorCode           int
		PermissionGroupId   string
		PermissionGroupName string
		CustomString        string
		Permission          int64
		MemberCount         int
		MemberNum           int
		CreateTime          int64
	} `json:"PermissionGroupInfoList"`
}

func (r *room) permissionGroups(rest string) *permissionGroups {
	r.t.Helper()
	groups := &permissionGroups{}
	r.call("get_permission_group", `{"GroupId":%q%s}`, r.group, rest).MustOK(r.t).Decode(r.t, groups)
	return groups
}

func (p *permissionGroups) names() []string {
	names := []string{}
	for _, g := range p.Groups {
		names = append(names, strings.TrimPrefix(g.PermissionGroupId, "@PMG#_"))
	}
	return names
}

// permissionForms are the checks that all of the commands share; need holds the
// fields that the command requires beside GroupId.
func permissionForms(need string) []refusal {
	return []refusal{
		{"no GroupId", `{` + need + `}`, 10004},
		{"GroupId of another type", `{"GroupId":5,` + need + `}`, 10004},
		{"GroupId empty", `{"GroupId":"",` + need + `}`, 10015},
		{"GroupId not printable", `{"GroupId":"caf\u00e9",` + need + `}`, 10015},
		{"unknown community", `{"GroupId":"@TGS#_none",` + need + `}`, 10010},
		{"a topic's id", `{"GroupId":"$@TOPIC#_one",` + need + `}`, 10010},
		{"a group of another type", `{"GroupId":"plain",` + need + `}`, 10007},
		{"a community without topics", `{"GroupId":"@TGS#_quiet",` + need + `}`, 11000},
	}
}

// permissionGroupForms are those of the commands that name a permission group.
func permissionGroupForms(need string) []refusal {
	return append(permissionForms(stewards+`,`+need), []refusal{
		{"no PermissionGroupId", `{"GroupId":"$",` + need + `}`, 10004},
		{"PermissionGroupId empty", `{"GroupId":"$","PermissionGroupId":"",` + need + `}`, 10004},
		{"PermissionGroupId empty before bad GroupId", `{"GroupId":"","PermissionGroupId":"",` + need + `}`, 10004},
		{"PermissionGroupId of another type", `{"GroupId":"$","PermissionGroupId":5,` + need + `}`, 10004},
		{"permission group that never was", `{"GroupId":"$","PermissionGroupId":"@PMG#_never",` + need + `}`, 110006},
		{"permission group in other letters", `{"GroupId":"$","PermissionGroupId":"@PMG#_STEWARDS",` + need + `}`, 110006},
		{"permission group that was destroyed", `{"GroupId":"$","PermissionGroupId":"@PMG#_gone",` + need + `}`, 110006},
		{"id that none can have", `{"GroupId":"$","PermissionGroupId":"` + strings.Repeat("é", 2000) + `",` + need + `}`, 110006},
		{"no topics before unknown permission group", `{"GroupId":"@TGS#_quiet","PermissionGroupId":"@PMG#_never",` + need + `}`, 11000},
	}...)
}

// newTownWithStewards is newTownWithNeighbours with one permission group, and
// another that was destroyed.
func newTownWithStewards(t *testing.T) *room {
	t.Helper()
	town := newTownWithNeighbours(t)
	town.permissionGroup("stewards")
	town.permissionGroup("gone")
	town.call("destroy_permission_group", `{"GroupId":%q,"PermissionGroupIdList":["@PMG#_gone"]}`, town.group).MustOK(t)
	return town
}

func TestCreatePermissionGroup(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	before := town.info()
	town.call("create_permission_group", `{"GroupId":%q,%s,"PermissionGroupName":"Stewards","Permission":35}`, town.group, stewards).
		WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"PermissionGroupId":"@PMG#_stewards"}`)
	town.srv.Clock.Advance(minute)
	town.call("get_permission_group", `{"GroupId":%q,"PermissionGroupIdList":["@PMG#_stewards"]}`, town.group).
		WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Next":"","PermissionGroupInfoList":[
			{"ErrorCode":0,"ErrorInfo":"","PermissionGroupId":"@PMG#_stewards","PermissionGroupName":"Stewards","CustomString":"",
			"Permission":35,"MemberCount":0,"MemberNum":0,"CreateTime":%d}]}`, town.now()-60))
	if after := town.info(); after != before {
		t.Errorf("the community was %s and is %s", before, after)
	}
}

func TestCreatePermissionGroupAssignsAnID(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	seen := map[string]bool{}
	for _, rest := range []string{``, `,"PermissionGroupId":""`, `,"PermissionGroupId":null`} {
		var created struct{ PermissionGroupId string }
		town.call("create_permission_group", `{"GroupId":%q,"PermissionGroupName":"n"%s}`, town.group, rest).MustOK(t).Decode(t, &created)
		if id := created.PermissionGroupId; !regexp.MustCompile(`^@PMG#_@PMG#[A-Z2-7]{12}$`).MatchString(id) || seen[id] {
			t.Errorf("assigned id is %q after %v", id, seen)
		}
		seen[created.PermissionGroupId] = true
	}
	if n := len(town.permissionGroups("").Groups); n != 3 {
		t.Errorf("%d permission groups are listed, want 3", n)
	}
}

func TestCreatePermissionGroupChecksItsFields(t *testing.T) {
	town := newTownWithStewards(t)
	const name = `"PermissionGroupName":"n"`
	town.check("group_open_http_svc", "create_permission_group", append(permissionForms(name), []refusal{
		{"no name", `{"GroupId":"$"}`, 10004},
		{"name empty", `{"GroupId":"$","PermissionGroupName":""}`, 10004},
		{"name empty before bad GroupId", `{"GroupId":"","PermissionGroupName":""}`, 10004},
		{"name of 150 bytes", `{"GroupId":"$","PermissionGroupName":"` + strings.Repeat("é", 75) + `"}`, 0},
		{"name of 152 bytes", `{"GroupId":"$","PermissionGroupName":"` + strings.Repeat("é", 76) + `"}`, 10004},
		{"refused word in the name", `{"GroupId":"$","PermissionGroupName":"damn it"}`, 80001},
		{"CustomString of 3000 bytes", `{"GroupId":"$",` + name + `,"CustomString":"` + strings.Repeat("x", 3000) + `"}`, 0},
		{"CustomString of 3001 bytes", `{"GroupId":"$",` + name + `,"CustomString":"` + strings.Repeat("x", 3001) + `"}`, 10004},
		{"Permission a string", `{"GroupId":"$",` + name + `,"Permission":"1"}`, 10004},
		{"Permission a fraction", `{"GroupId":"$",` + name + `,"Permission":1.5}`, 10004},
		{"Permission beyond 64 bits", `{"GroupId":"$",` + name + `,"Permission":9223372036854775808}`, 10004},
		{"custom id without the prefix", `{"GroupId":"$",` + name + `,"PermissionGroupId":"stewards"}`, 10004},
		{"custom id without a name", `{"GroupId":"$",` + name + `,"PermissionGroupId":"@PMG#_"}`, 10004},
		{"custom id of the assigned form", `{"GroupId":"$",` + name + `,"PermissionGroupId":"@PMG#_@PMG#x"}`, 10004},
		{"custom id not printable", `{"GroupId":"$",` + name + `,"PermissionGroupId":"@PMG#_\u00e9"}`, 10004},
		{"custom id of 96 bytes", `{"GroupId":"$",` + name + `,"PermissionGroupId":"@PMG#_` + strings.Repeat("x", 90) + `"}`, 0},
		{"custom id of 97 bytes", `{"GroupId":"$",` + name + `,"PermissionGroupId":"@PMG#_` + strings.Repeat("x", 91) + `"}`, 10004},
		{"taken id", `{"GroupId":"$",` + name + `,` + stewards + `}`, 10021},
		{"taken id in other letters", `{"GroupId":"$",` + name + `,"PermissionGroupId":"@PMG#_Stewards"}`, 0},
		{"id of one that was destroyed", `{"GroupId":"$",` + name + `,"PermissionGroupId":"@PMG#_gone"}`, 0},
	}...))
}

func TestPermissionGroupsOfACommunityAreLimited(t *testing.T) {
	town := newTown(t, func(o *apitest.Options) { o.Settings.MaxPermissionGroups = 2 }, "ann")
	town.permissionGroup("one")
	town.permissionGroup("two")
	town.call("create_permission_group", `{"GroupId":%q,"PermissionGroupName":"three"}`, town.group).WantCode(t, 10037)
	// The id comes first.
	town.call("create_permission_group", `{"GroupId":%q,"PermissionGroupId":"@PMG#_two","PermissionGroupName":"x"}`, town.group).WantCode(t, 10021)
	town.call("destroy_permission_group", `{"GroupId":%q,"PermissionGroupIdList":["@PMG#_one"]}`, town.group).MustOK(t)
	town.permissionGroup("three")
	town.call("create_permission_group", `{"GroupId":%q,"PermissionGroupName":"four"}`, town.group).WantCode(t, 10037)
}

func TestACommunityHas100PermissionGroupsByDefault(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	for i := range 100 {
		town.permissionGroup(fmt.Sprint(i))
	}
	town.call("create_permission_group", `{"GroupId":%q,"PermissionGroupName":"one too many"}`, town.group).WantCode(t, 10037)
}

func TestMasksAreExact(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	town.permissionGroup("stewards")
	one := town.topic("one")
	town.call("add_topic_permission_group", `{"GroupId":%q,%s,"TopicPermissionList":[{"TopicId":%q,"Permission":0}]}`, town.group, stewards, one.topicID).MustOK(t)
	for _, mask := range []string{"0", "9007199254740993", "9223372036854775807", "-9223372036854775808", "-1"} {
		town.call("modify_permission_group", `{"GroupId":%q,%s,"Permission":%s}`, town.group, stewards, mask).WantJSON(t, bareOK)
		town.call("set_topic_permission_group", `{"GroupId":%q,%s,"TopicPermissionList":[{"TopicId":%q,"Permission":%s}]}`, town.group, stewards, one.topicID, mask).MustOK(t)
		for command, field := range map[string]string{"get_permission_group": "", "get_topic_permission_group": `,` + stewards} {
			answer := town.call(command, `{"GroupId":%q%s}`, town.group, field).MustOK(t)
			if !strings.Contains(string(answer.Raw), `"Permission":`+mask) {
				t.Errorf("%s answers %s, want Permission %s", command, answer.Raw, mask)
			}
		}
	}
}

func TestModifyPermissionGroupChangesWhatIsGiven(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	town.permissionGroup("stewards")
	got := func() string {
		g := town.permissionGroups("").Groups[0]
		return fmt.Sprint(g.PermissionGroupName, "/", g.Permission, "/", g.CustomString, "/", g.CreateTime == apitest.Start.Unix())
	}
	town.srv.Clock.Advance(minute)
	for _, change := range []struct{ given, want string }{
		{`"Permission":67`, "stewards/67//true"},
		{`"PermissionGroupName":"Wardens"`, "Wardens/67//true"},
		{`"CustomString":"c","Permission":null`, "Wardens/67/c/true"},
		{`"CustomString":"","PermissionGroupName":null`, "Wardens/67//true"},
		{`"Permission":0`, "Wardens/0//true"},
		{`"Undeclared":1`, "Wardens/0//true"},
	} {
		town.call("modify_permission_group", `{"GroupId":%q,%s,%s}`, town.group, stewards, change.given).WantJSON(t, bareOK)
		if got() != change.want {
			t.Errorf("after %s it is %s, want %s", change.given, got(), change.want)
		}
	}
}

func TestModifyPermissionGroupChecksItsFields(t *testing.T) {
	town := newTownWithStewards(t)
	town.check("group_open_http_svc", "modify_permission_group", append(permissionGroupForms(`"Permission":1`), []refusal{
		{"name empty", `{"GroupId":"$",` + stewards + `,"PermissionGroupName":"","Permission":9}`, 10004},
		{"name of 151 bytes", `{"GroupId":"$",` + stewards + `,"PermissionGroupName":"` + strings.Repeat("x", 151) + `","Permission":9}`, 10004},
		{"CustomString of 3001 bytes", `{"GroupId":"$",` + stewards + `,"CustomString":"` + strings.Repeat("x", 3001) + `","Permission":9}`, 10004},
		{"refused word", `{"GroupId":"$",` + stewards + `,"Permission":9,"PermissionGroupName":"damn it"}`, 80001},
		{"Permission of another type", `{"GroupId":"$",` + stewards + `,"PermissionGroupName":"new","Permission":[]}`, 10004},
	}...))
	if g := town.permissionGroups("").Groups[0]; g.PermissionGroupName != "stewards" || g.Permission != 0 {
		t.Errorf("refused calls made of it %+v", g)
	}
}

func TestDestroyPermissionGroupAnswersForEachIDByItself(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	town.permissionGroup("stewards")
	town.permissionGroup("others")
	const destroyed = `{"PermissionGroupId":%q,"ErrorCode":%d,"ErrorInfo":%q}`
	gone := "permission group does not exist or was destroyed"
	town.call("destroy_permission_group", `{"GroupId":%q,"PermissionGroupIdList":["@PMG#_stewards","@PMG#_never","@PMG#_stewards",""]}`, town.group).
		WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"PermissionGroupResultList":[`+strings.Join([]string{
			fmt.Sprintf(destroyed, "@PMG#_stewards", 0, ""), fmt.Sprintf(destroyed, "@PMG#_never", 110006, gone),
			fmt.Sprintf(destroyed, "@PMG#_stewards", 110006, gone), fmt.Sprintf(destroyed, "", 110006, gone)}, ",")+`]}`)
	if names := town.permissionGroups("").names(); !slices.Equal(names, []string{"others"}) {
		t.Errorf("left are %v", names)
	}
}

func TestDestroyPermissionGroupChecksItsFields(t *testing.T) {
	town := newTownWithStewards(t)
	town.check("group_open_http_svc", "destroy_permission_group", append(permissionForms(`"PermissionGroupIdList":["@PMG#_stewards"]`), []refusal{
		{"no list", `{"GroupId":"$"}`, 10004},
		{"list empty", `{"GroupId":"$","PermissionGroupIdList":[]}`, 10004},
		{"list a string", `{"GroupId":"$","PermissionGroupIdList":"@PMG#_stewards"}`, 10004},
		{"list with null", `{"GroupId":"$","PermissionGroupIdList":["@PMG#_stewards",null]}`, 10004},
		{"no list before bad GroupId", `{"GroupId":""}`, 10004},
		{"21 ids", `{"GroupId":"$","PermissionGroupIdList":["@PMG#_stewards"` + strings.Repeat(`,"@PMG#_x"`, 20) + `]}`, 10004},
		{"an answer that would be too large", `{"GroupId":"$","PermissionGroupIdList":["@PMG#_stewards","` + strings.Repeat("x", 1<<20-170) + `"]}`, 10018},
	}...))
	if names := town.permissionGroups("").names(); !slices.Equal(names, []string{"stewards"}) {
		t.Errorf("refused calls left %v", names)
	}
	town.call("destroy_permission_group", `{"GroupId":%q,"PermissionGroupIdList":["@PMG#_stewards"%s]}`, town.group, strings.Repeat(`,"@PMG#_x"`, 19)).MustOK(t)
	if names := town.permissionGroups("").names(); len(names) != 0 {
		t.Errorf("left are %v", names)
	}
}

// Nothing of a permission group is in a later one of the same id.
func TestAPermissionGroupStartsAnewUnderAnOldID(t *testing.T) {
	town := newTown(t, noOptions, "ann", "bob")
	one := town.topic("one")
	town.permissionGroup("stewards")
	town.enroll("stewards", "ann", "bob")
	town.call("add_topic_permission_group", `{"GroupId":%q,%s,"TopicPermissionList":[{"TopicId":%q,"Permission":8}]}`, town.group, stewards, one.topicID).MustOK(t)
	town.call("destroy_permission_group", `{"GroupId":%q,"PermissionGroupIdList":["@PMG#_stewards"]}`, town.group).MustOK(t)
	town.wantEnrolled("stewards", 110006)
	town.permissionGroup("stewards")
	town.wantEnrolled("stewards", 0)
	if g := town.permissionGroups("").Groups[0]; g.MemberCount != 0 {
		t.Errorf("it counts %d members", g.MemberCount)
	}
	town.call("get_topic_permission_group", `{"GroupId":%q,%s}`, town.group, stewards).
		WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"TopicPermissionResultList":[]}`)
	town.enroll("stewards", "bob")
	town.wantEnrolled("stewards", 0, "bob")
}

func TestPermissionGroupsEndWithTheCommunity(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	town.permissionGroup("stewards")
	town.enroll("stewards", "ann")
	town.call("destroy_group", `{"GroupId":%q}`, town.group).MustOK(t)
	town.call("get_permission_group", `{"GroupId":%q}`, town.group).WantCode(t, 10010)
	town.found("ann")
	if names := town.permissionGroups("").names(); len(names) != 0 {
		t.Errorf("the new community has %v", names)
	}
	town.permissionGroup("stewards")
	town.wantEnrolled("stewards", 0)
}

func TestGetPermissionGroupByID(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	town.permissionGroup("one")
	town.permissionGroup("two")
	town.call("get_permission_group", `{"GroupId":%q,"PermissionGroupIdList":["@PMG#_never","@PMG#_two","@PMG#_never"],"Limit":1}`, town.group).
		WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Next":"","PermissionGroupInfoList":[
			{"ErrorCode":110006,"ErrorInfo":"permission group does not exist or was destroyed","PermissionGroupId":"@PMG#_never"},
			{"ErrorCode":0,"ErrorInfo":"","PermissionGroupId":"@PMG#_two","PermissionGroupName":"two","CustomString":"",
			"Permission":0,"MemberCount":0,"MemberNum":0,"CreateTime":%d}]}`, town.now()))
}

func TestGetPermissionGroupPages(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	var all []string
	for i := range 45 {
		all = append(all, fmt.Sprint(45-i)) // not in the order of their ids
		town.permissionGroup(all[i])
	}
	for _, limit := range []string{``, `,"Limit":0`, `,"Limit":20`, `,"Limit":1`, `,"Limit":7`, `,"Limit":15`} {
		var got []string
		for next := `""`; ; {
			page := town.permissionGroups(limit + `,"Next":` + next)
			got = append(got, page.names()...)
			if page.Next == "" {
				break
			}
			if next = fmt.Sprintf("%q", page.Next); len(got)%2 == 0 {
				next = page.Next // as a number
			}
			town.srv.Restart(t)
		}
		if !slices.Equal(got, all) {
			t.Errorf("pages with %s have %v, want %v", limit, got, all)
		}
	}
	if first := town.permissionGroups(`,"Next":0`); len(first.Groups) != 20 {
		t.Errorf("the first page has %d", len(first.Groups))
	}
}

func TestGetPermissionGroupChecksItsFields(t *testing.T) {
	town := newTownWithStewards(t)
	town.check("group_open_http_svc", "get_permission_group", append(permissionForms(`"Next":""`), []refusal{
		{"Limit negative", `{"GroupId":"$","Limit":-1}`, 10004},
		{"Limit 20", `{"GroupId":"$","Limit":20}`, 0},
		{"Limit 21", `{"GroupId":"$","Limit":21}`, 10004},
		{"bad Limit before bad GroupId", `{"GroupId":"","Limit":21}`, 10004},
		{"Next that nobody said", `{"GroupId":"$","Next":"x"}`, 10004},
		{"Next in another form", `{"GroupId":"$","Next":"01"}`, 10004},
		{"Next beyond the newest", `{"GroupId":"$","Next":"3"}`, 10004},
		{"20 ids", `{"GroupId":"$","PermissionGroupIdList":["a"` + strings.Repeat(`,"a"`, 19) + `]}`, 0},
		{"21 ids", `{"GroupId":"$","PermissionGroupIdList":["a"` + strings.Repeat(`,"a"`, 20) + `]}`, 10004},
		{"no ids is all", `{"GroupId":"$","PermissionGroupIdList":[]}`, 0},
	}...))
}
