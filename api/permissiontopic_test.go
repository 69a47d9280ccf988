package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

// add_, set_, delete_ and get_topic_permission_group (spec 05 section 2).

// wantMasks checks an answer that has a result for each topic: "one 12", "two 110011" (a
// code) or "one ok".
func (r *room) wantMasks(given apitest.Answer, want ...string) {
	r.t.Helper()
	answer := struct {
		Items []struct {
			ErrorCode  int
			ErrorInfo  string
			TopicId    string
			Permission *int64
		} `json:"TopicPermissionResultList"`
	}{}
	given.MustOK(r.t).Decode(r.t, &answer)
	var got []string
	for _, item := range answer.Items {
		result := "ok"
		if item.Permission != nil {
			result = fmt.Sprint(*item.Permission)
		}
		if item.ErrorCode != 0 {
			if item.Permission != nil || item.ErrorInfo == "" {
				r.t.Errorf("a refused item is %+v", item)
			}
			result = fmt.Sprint(item.ErrorCode)
		}
		got = append(got, strings.TrimPrefix(item.TopicId, r.group+"@TOPIC#_")+" "+result)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		r.t.Errorf("results are %v, want %v", got, want)
	}
}

// wantGranted checks what the permission group grants in its topics.
func (r *room) wantGranted(want ...string) {
	r.t.Helper()
	r.wantMasks(r.call("get_topic_permission_group", `{"GroupId":%q,%s}`, r.group, stewards), want...)
}

// masked lists topics of the town with one mask each.
func (r *room) masked(mask int64, names ...string) string {
	var items []string
	for _, name := range names {
		items = append(items, fmt.Sprintf(`{"TopicId":"%s@TOPIC#_%s","Permission":%d}`, r.group, name, mask))
	}
	return `"TopicPermissionList":[` + strings.Join(items, ",") + `]`
}

func TestTopicsAreAttachedChangedAndDetached(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	town.permissionGroup("stewards")
	for _, name := range []string{"b", "a", "c"} {
		town.topic(name)
		town.srv.Clock.Advance(minute)
	}
	do := func(command, list string, want ...string) {
		t.Helper()
		town.wantMasks(town.call(command, `{"GroupId":%q,%s,%s}`, town.group, stewards, list), want...)
	}
	town.call("add_topic_permission_group", `{"GroupId":%q,%s,%s}`, town.group, stewards, town.masked(12, "a")).
		WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"TopicPermissionResultList":[{"TopicId":"@TGS#_town@TOPIC#_a","ErrorCode":0,"ErrorInfo":""}]}`)
	do("add_topic_permission_group", town.masked(5, "b", "a", "b", "never"), "b ok", "a 110010", "b 110010", "never 110003")
	town.wantGranted("b 5", "a 12") // in the order in which the topics were created
	do("set_topic_permission_group", town.masked(0, "a", "c", "never"), "a ok", "c 110011", "never 110003")
	town.wantGranted("b 5", "a 0")
	town.wantMasks(town.call("get_topic_permission_group", `{"GroupId":%q,%s,"TopicIdList":["$@TOPIC#_c","$@TOPIC#_b","$@TOPIC#_c","x",""]}`, town.group, stewards),
		"$@TOPIC#_c 110013", "$@TOPIC#_b 110013", "x 110013", " 110013")
	town.wantMasks(town.call("get_topic_permission_group", `{"GroupId":%q,%s,"TopicIdList":["@TGS#_town@TOPIC#_c","@TGS#_town@TOPIC#_b","@TGS#_town@TOPIC#_never","@TGS#_town@TOPIC#_c"]}`, town.group, stewards),
		"c 110011", "b 5", "never 110003")
	do("delete_topic_permission_group", `"TopicIdList":["@TGS#_town@TOPIC#_b","@TGS#_town@TOPIC#_b","@TGS#_town@TOPIC#_c"]`, "b ok", "b 110011", "c 110011")
	do("delete_topic_permission_group", `"TopicIdList":[],"TopicPermissionList":[{"TopicId":"@TGS#_town@TOPIC#_a"}]`, "a ok")
	town.wantGranted()
	do("add_topic_permission_group", town.masked(1, "c"), "c ok")
	town.srv.Restart(t)
	town.wantGranted("c 1")
}

func TestItemsOfBadTopicIDs(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	town.permissionGroup("stewards")
	town.topic("one")
	long := town.group + "@TOPIC#_" + strings.Repeat("x", 97-len(town.group)-8)
	for _, id := range []string{"bad", town.group, town.group + "@TOPIC#_", "@TGS#_other@TOPIC#_one", town.group + "@TOPIC#_é", long} {
		for _, command := range []string{"add_topic_permission_group", "set_topic_permission_group", "delete_topic_permission_group"} {
			answer := town.call(command, `{"GroupId":%q,%s,"TopicPermissionList":[{"TopicId":%q,"Permission":1}]}`, town.group, stewards, id).MustOK(t)
			if !strings.Contains(string(answer.Raw), `"ErrorCode":110013`) {
				t.Errorf("%s of %q answers %s", command, id, answer.Raw)
			}
		}
	}
	town.wantGranted()
}

func TestADestroyedTopicIsDetached(t *testing.T) {
	town := newTown(t, noOptions, "ann")
	town.permissionGroup("stewards")
	one := town.topic("one")
	town.topic("two")
	town.call("add_topic_permission_group", `{"GroupId":%q,%s,%s}`, town.group, stewards, town.masked(8, "one", "two")).MustOK(t)
	town.million("destroy_topic", `{"GroupId":%q,"TopicIdList":[%q]}`, town.group, one.topicID).MustOK(t)
	town.wantGranted("two 8")
	do := func(command string, want string) {
		t.Helper()
		town.wantMasks(town.call(command, `{"GroupId":%q,%s,"TopicPermissionList":[{"TopicId":%q,"Permission":1}],"TopicIdList":[%[3]q]}`, town.group, stewards, one.topicID), want)
	}
	do("add_topic_permission_group", "one 110003")
	do("set_topic_permission_group", "one 110003")
	do("get_topic_permission_group", "one 110003")
	town.topic("one") // anew
	town.wantGranted("two 8")
	do("set_topic_permission_group", "one 110011")
	do("add_topic_permission_group", "one ok")
	town.wantGranted("one 1", "two 8") // of one second, by id
}

func TestTopicPermissionsCheckTheirFields(t *testing.T) {
	town := newTownWithStewards(t)
	town.topic("one")
	town.call("add_topic_permission_group", `{"GroupId":%q,%s,%s}`, town.group, stewards, town.masked(8, "one")).MustOK(t)
	item := func(rest string) string {
		return `{"GroupId":"$",` + stewards + `,"TopicPermissionList":[{"TopicId":"$@TOPIC#_one","Permission":1},` + rest + `]}`
	}
	many := func(n int) string {
		return strings.TrimPrefix(strings.Repeat(`,{"TopicId":"$@TOPIC#_x","Permission":1}`, n), ",")
	}
	for _, command := range []string{"add_topic_permission_group", "set_topic_permission_group", "delete_topic_permission_group"} {
		checks := append(permissionGroupForms(`"TopicPermissionList":[{"TopicId":"$@TOPIC#_x","Permission":1}]`), []refusal{
			{"no list", `{"GroupId":"$",` + stewards + `}`, 10004},
			{"list empty", `{"GroupId":"$",` + stewards + `,"TopicPermissionList":[]}`, 10004},
			{"no TopicId", item(`{"Permission":1}`), 10004},
			{"TopicId empty", item(`{"TopicId":"","Permission":1}`), 10004},
			{"TopicId of another type", item(`{"TopicId":1,"Permission":1}`), 10004},
			{"Permission a string", item(`{"TopicId":"x","Permission":"1"}`), 10004},
			{"Permission beyond 64 bits", item(`{"TopicId":"x","Permission":9223372036854775808}`), 10004},
			{"element a string", item(`"$@TOPIC#_one"`), 10004},
			{"51 topics", item(many(50)), 10004},
			{"51 topics before bad GroupId", strings.Replace(item(many(50)), `"$"`, `""`, 1), 10004},
			{"an answer that would be too large", item(`{"TopicId":"` + strings.Repeat("x", 1<<20-220) + `","Permission":1}`), 10018},
		}...)
		if command != "delete_topic_permission_group" {
			checks = append(checks, refusal{"no Permission", item(`{"TopicId":"$@TOPIC#_one"}`), 10004})
		} else {
			checks = append(checks, refusal{"51 topics in two lists", strings.Replace(item(many(49)), `}]}`, `}],"TopicIdList":["x"]}`, 1), 10004})
		}
		town.check("group_open_http_svc", command, checks)
		town.wantGranted("one 8")
	}
	town.check("group_open_http_svc", "get_topic_permission_group", append(permissionGroupForms(`"TopicIdList":["x"]`), []refusal{
		{"no topics is all", `{"GroupId":"$",` + stewards + `,"TopicIdList":[]}`, 0},
		{"51 topics", `{"GroupId":"$",` + stewards + `,"TopicIdList":["x"` + strings.Repeat(`,"x"`, 50) + `]}`, 10004},
		{"50 topics", `{"GroupId":"$",` + stewards + `,"TopicIdList":["x"` + strings.Repeat(`,"x"`, 49) + `]}`, 0},
	}...))
	town.call("set_topic_permission_group", "%s", strings.ReplaceAll(item(many(49)), "$", town.group)).MustOK(t)
	town.wantGranted("one 1")
}
