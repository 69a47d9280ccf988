package api_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/recant-chat/recant/api/apitest"
	"pgregory.net/rapid"
)

// TestPermissionGroupsKeepToTheModel drives random commands against a server
// and against the rules of permission groups once more, as plainly as they can
// be written, and compares every answer and all that can be read.
func TestPermissionGroupsKeepToTheModel(t *testing.T) {
	if raceDetector {
		checkLess(t, 20)
	}
	o := apitest.DefaultOptions()
	o.Settings.MaxPermissionGroups, o.Settings.CheckSendPermission = 4, true
	o.Housekeeping = 100 * time.Millisecond
	srv := apitest.New(t, o)
	for _, account := range permissionAccounts {
		srv.Call(t, "im_open_login_svc", "account_import", fmt.Sprintf(`{"UserID":%q}`, account)).MustOK(t)
	}
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		d := &permissionDrive{outer: t, rt: rt, srv: srv, group: fmt.Sprintf("@TGS#_run%d", runs), most: o.Settings.MaxPermissionGroups, topics: map[string]*modelTopic{}}
		d.run()
	})
}

var permissionAccounts = []string{"ann", "bob", "cat", "dan", "eve"}

type permissionDrive struct {
	outer *testing.T
	rt    *rapid.T
	srv   *apitest.Server
	group string
	most  int

	members  []string // of the community, in the order in which they came
	groups   []*modelPermissionGroup
	topics   map[string]*modelTopic
	enabled  bool
	defaults int64
	random   int
}

type modelPermissionGroup struct {
	id, name, custom string
	permission       int64
	created          int64
	members          map[string]int64 // since when
	topics           map[string]int64
}

type modelTopic struct {
	created  int64
	defaults int64
}

func (d *permissionDrive) run() {
	d.members, d.defaults = []string{"ann", "bob", "cat"}, 320
	d.want(0, "create_group", `{"Type":"Community","Name":"n","GroupId":%q,"SupportTopic":1,"Owner_Account":"ann","MemberList":[{"Member_Account":"bob"},{"Member_Account":"cat"}]}`, d.group)
	d.rt.Repeat(map[string]func(*rapid.T){
		"":               func(*rapid.T) { d.compare() },
		"create":         func(*rapid.T) { d.create() },
		"modify":         func(*rapid.T) { d.modify() },
		"destroy":        func(*rapid.T) { d.destroy() },
		"enroll":         func(*rapid.T) { d.enroll() },
		"enroll more":    func(*rapid.T) { d.enroll() },
		"dismiss":        func(*rapid.T) { d.dismiss() },
		"join":           func(*rapid.T) { d.join() },
		"leave":          func(*rapid.T) { d.leave() },
		"delete account": func(*rapid.T) { d.deleteAccount() },
		"create topic":   func(*rapid.T) { d.createTopic() },
		"destroy topic":  func(*rapid.T) { d.destroyTopic() },
		"topic masks":    func(*rapid.T) { d.changeMasks() },
		"more masks":     func(*rapid.T) { d.changeMasks() },
		"switch":         func(*rapid.T) { d.flip() },
		"send":           func(*rapid.T) { d.send() },
		"time passes":    func(*rapid.T) { d.srv.Clock.Advance(time.Second) },
		"restart":        func(*rapid.T) { d.srv.Restart(d.outer) },
	})
	d.want(0, "destroy_group", `{"GroupId":%q}`, d.group)
}

func (d *permissionDrive) want(code int, command, format string, args ...any) apitest.Answer {
	d.rt.Helper()
	body := fmt.Sprintf(format, args...)
	service := "group_open_http_svc"
	if strings.HasPrefix(command, "account_") {
		service = "im_open_login_svc"
	}
	answer, err := d.srv.Try(context.Background(), service, command, body)
	if err != nil {
		d.rt.Fatal(err)
	}
	if answer.Code != code {
		d.rt.Fatalf("%s %s answered %s, want code %d", command, body, answer.Raw, code)
	}
	return answer
}

func (d *permissionDrive) now() int64 { return d.srv.Clock.Now().Unix() }

func (d *permissionDrive) find(id string) *modelPermissionGroup {
	for _, g := range d.groups {
		if g.id == id {
			return g
		}
	}
	return nil
}

// id draws a permission group, mostly one that exists.
func (d *permissionDrive) id() string {
	ids := []string{"@PMG#_a", "@PMG#_b", "@PMG#_c", "bad"}
	for _, g := range d.groups {
		ids = append(ids, g.id, g.id, g.id)
	}
	return rapid.SampledFrom(ids).Draw(d.rt, "permission group")
}

func (d *permissionDrive) mask() int64 {
	return rapid.OneOf(rapid.SampledFrom([]int64{0, 8, 64, 128, 64 | 128, -1}), rapid.Int64()).Draw(d.rt, "mask")
}

// some draws accounts, a few of them twice.
func (d *permissionDrive) some() []string {
	return rapid.SliceOfN(rapid.SampledFrom(permissionAccounts), 1, 4).Draw(d.rt, "accounts")
}

func (d *permissionDrive) topic() string {
	return rapid.SampledFrom([]string{"x", "y", "z"}).Draw(d.rt, "topic")
}

func (d *permissionDrive) topicID(name string) string { return d.group + "@TOPIC#_" + name }

func (d *permissionDrive) create() {
	id := rapid.SampledFrom([]string{"", "@PMG#_a", "@PMG#_b", "@PMG#_c"}).Draw(d.rt, "id")
	g := &modelPermissionGroup{name: "n" + id, permission: d.mask(), created: d.now(), members: map[string]int64{}, topics: map[string]int64{}}
	code := 0
	switch {
	case d.find(id) != nil:
		code = 10021
	case len(d.groups) == d.most:
		code = 10037
	}
	answer := d.want(code, "create_permission_group", `{"GroupId":%q,"PermissionGroupId":%q,"PermissionGroupName":%q,"Permission":%d}`, d.group, id, g.name, g.permission)
	if code != 0 {
		return
	}
	var created struct{ PermissionGroupId string }
	d.decode(answer, &created)
	if g.id = created.PermissionGroupId; id != "" && g.id != id {
		d.rt.Fatalf("created %q, want %q", g.id, id)
	}
	d.groups = append(d.groups, g)
}

func (d *permissionDrive) modify() {
	id, mask := d.id(), d.mask()
	g, code := d.find(id), 110006
	if g != nil {
		g.permission, g.custom, code = mask, fmt.Sprint(mask), 0
	}
	d.want(code, "modify_permission_group", `{"GroupId":%q,"PermissionGroupId":%q,"Permission":%d,"CustomString":"%[3]d"}`, d.group, id, mask)
}

func (d *permissionDrive) destroy() {
	ids := []string{d.id(), d.id()}
	var codes []int
	for _, id := range ids {
		if g := d.find(id); g == nil {
			codes = append(codes, 110006)
		} else {
			codes = append(codes, 0)
			d.groups = slices.DeleteFunc(d.groups, func(other *modelPermissionGroup) bool { return other == g })
		}
	}
	d.wantItems(d.want(0, "destroy_permission_group", `{"GroupId":%q,"PermissionGroupIdList":[%q,%q]}`, d.group, ids[0], ids[1]), codes)
}

// wantItems compares the codes of an answer's items.
func (d *permissionDrive) wantItems(answer apitest.Answer, codes []int) {
	d.rt.Helper()
	type items []struct{ ErrorCode, Result int }
	var lists struct{ PermissionGroupResultList, TopicPermissionResultList, MemberList items }
	d.decode(answer, &lists)
	var got []int
	for _, item := range slices.Concat(lists.PermissionGroupResultList, lists.TopicPermissionResultList, lists.MemberList) {
		got = append(got, item.ErrorCode+item.Result)
	}
	if !slices.Equal(got, codes) {
		d.rt.Fatalf("items of %s have codes %v, want %v", answer.Raw, got, codes)
	}
}

func (d *permissionDrive) decode(answer apitest.Answer, v any) {
	d.rt.Helper()
	if err := json.Unmarshal(answer.Raw, v); err != nil {
		d.rt.Fatalf("decode %s: %v", answer.Raw, err)
	}
}

func (d *permissionDrive) enroll() {
	id, accounts := d.id(), d.some()
	g, code := d.find(id), 110006
	var codes []int
	if g != nil {
		code = 0
		for _, account := range accounts {
			_, in := g.members[account]
			switch {
			case !slices.Contains(d.members, account):
				codes = append(codes, 10007)
			case in:
				codes = append(codes, 10013)
			default:
				codes, g.members[account] = append(codes, 0), d.now()
			}
		}
	}
	d.wantItems(d.want(code, "add_permission_group_member", `{"GroupId":%q,"PermissionGroupId":%q,"MemberList":%s}`, d.group, id, members(accounts...)), codes)
}

func (d *permissionDrive) dismiss() {
	id, accounts := d.id(), d.some()
	g, code := d.find(id), 110006
	if g != nil {
		code = 0
		for _, account := range accounts {
			delete(g.members, account)
		}
	}
	d.want(code, "delete_permission_group_member", `{"GroupId":%q,"PermissionGroupId":%q,"MemberList":%s}`, d.group, id, jsonList(accounts))
}

func (d *permissionDrive) join() {
	accounts := d.some()
	d.want(0, "add_group_member", `{"GroupId":%q,"MemberList":%s}`, d.group, members(accounts...))
	for _, account := range accounts {
		if !slices.Contains(d.members, account) {
			d.members = append(d.members, account)
		}
	}
}

// drop ends what an account has in the community.
func (d *permissionDrive) drop(account string) {
	d.members = slices.DeleteFunc(d.members, func(m string) bool { return m == account })
	for _, g := range d.groups {
		delete(g.members, account)
	}
}

func (d *permissionDrive) leave() {
	accounts := slices.DeleteFunc(d.some(), func(account string) bool { return account == "ann" }) // the owner cannot
	if len(accounts) == 0 {
		return
	}
	d.want(0, "delete_group_member", `{"GroupId":%q,"MemberToDel_Account":%s}`, d.group, jsonList(accounts))
	for _, account := range accounts {
		d.drop(account)
	}
}

func (d *permissionDrive) deleteAccount() {
	account := rapid.SampledFrom(permissionAccounts[1:]).Draw(d.rt, "account")
	d.want(0, "account_delete", `{"DeleteItem":[{"UserID":%q}]}`, account)
	d.want(0, "account_import", `{"UserID":%q}`, account)
	d.drop(account)
}

func (d *permissionDrive) createTopic() {
	name, code := d.topic(), 10025
	defaults := d.mask()
	if d.topics[name] == nil {
		d.topics[name], code = &modelTopic{d.now(), defaults}, 0
	}
	d.want(code, "create_topic", `{"GroupId":%q,"TopicId":%q,"TopicName":"n","DefaultPermission":%d}`, d.group, d.topicID(name), defaults)
}

func (d *permissionDrive) destroyTopic() {
	name := d.topic()
	d.want(0, "destroy_topic", `{"GroupId":%q,"TopicIdList":[%q]}`, d.group, d.topicID(name))
	delete(d.topics, name)
	for _, g := range d.groups {
		delete(g.topics, name)
	}
}

func (d *permissionDrive) changeMasks() {
	id := d.id()
	command := rapid.SampledFrom([]string{"add", "add", "set", "delete"}).Draw(d.rt, "command")
	g, code := d.find(id), 110006
	if g != nil {
		code = 0
	}
	var codes []int
	var list []string
	for range rapid.IntRange(1, 4).Draw(d.rt, "topics") {
		name, mask, result := d.topic(), d.mask(), 0
		list = append(list, fmt.Sprintf(`{"TopicId":%q,"Permission":%d}`, d.topicID(name), mask))
		if g == nil {
			continue
		}
		_, attached := g.topics[name]
		switch {
		case d.topics[name] == nil:
			result = 110003
		case command == "add" && attached:
			result = 110010
		case command != "add" && !attached:
			result = 110011
		case command == "delete":
			delete(g.topics, name)
		default:
			g.topics[name] = mask
		}
		codes = append(codes, result)
	}
	d.wantItems(d.want(code, command+"_topic_permission_group", `{"GroupId":%q,"PermissionGroupId":%q,"TopicPermissionList":[%s]}`, d.group, id, strings.Join(list, ",")), codes)
}

func (d *permissionDrive) flip() {
	d.enabled = rapid.Bool().Draw(d.rt, "EnablePermission")
	if mask := d.mask(); d.enabled {
		d.defaults = mask
	}
	d.want(0, "modify_group_base_info", `{"GroupId":%q,"EnablePermission":%d,"DefaultPermission":%d}`, d.group, map[bool]int{true: 1}[d.enabled], d.defaults)
}

func (d *permissionDrive) send() {
	account, name := rapid.SampledFrom(permissionAccounts).Draw(d.rt, "sender"), d.topic()
	topic, code := d.topics[name], 10010
	if topic != nil {
		community, inTopic := d.defaults, topic.defaults
		for _, g := range d.groups {
			if _, in := g.members[account]; in {
				community, inTopic = community|g.permission, inTopic|g.topics[name]
			}
		}
		may := slices.Contains(d.members, account) && (community&64 != 0 || inTopic&8 != 0)
		if code = 10007; may || !d.enabled || account == "ann" {
			code = 0
		}
	}
	d.random++
	d.want(code, "send_group_msg", `{"GroupId":%q,"TopicId":%q,"From_Account":%q,"Random":%d,"MsgBody":%s}`, d.group, d.topicID(name), account, d.random, text("x"))
}

// compare compares all that can be read.
func (d *permissionDrive) compare() {
	limit := rapid.IntRange(1, 3).Draw(d.rt, "page size")
	var got, want []string
	for next := ""; ; {
		page := &permissionGroups{}
		d.decode(d.want(0, "get_permission_group", `{"GroupId":%q,"Limit":%d,"Next":%q}`, d.group, limit, next), page)
		for _, g := range page.Groups {
			got = append(got, fmt.Sprint(g.PermissionGroupId, g.PermissionGroupName, g.CustomString, g.Permission, g.CreateTime, g.MemberCount, g.MemberNum))
		}
		if next = page.Next; next == "" {
			break
		}
	}
	for _, g := range d.groups {
		want = append(want, fmt.Sprint(g.id, g.name, g.custom, g.permission, g.created, len(g.members), len(g.members)))
	}
	if !slices.Equal(got, want) {
		d.rt.Fatalf("permission groups are %q, want %q", got, want)
	}
	for _, g := range d.groups {
		d.compareMembers(g, limit)
		d.compareTopics(g)
	}
}

func (d *permissionDrive) compareMembers(g *modelPermissionGroup, limit int) {
	var got, want []string
	for next := ""; ; {
		page := &permissionMembers{}
		d.decode(d.want(0, "get_permission_group_member_list", `{"GroupId":%q,"PermissionGroupId":%q,"Limit":%d,"Next":%q}`, d.group, g.id, limit, next), page)
		for _, m := range page.Members {
			got = append(got, fmt.Sprint(m.Account, m.Since))
		}
		if next = page.Next; next == "" {
			break
		}
	}
	for _, account := range d.members {
		if since, in := g.members[account]; in {
			want = append(want, fmt.Sprint(account, since))
		}
	}
	if !slices.Equal(got, want) {
		d.rt.Fatalf("members of %s are %q, want %q", g.id, got, want)
	}
}

func (d *permissionDrive) compareTopics(g *modelPermissionGroup) {
	var granted struct {
		Items []struct {
			ErrorCode  int
			TopicId    string
			Permission int64
		} `json:"TopicPermissionResultList"`
	}
	d.decode(d.want(0, "get_topic_permission_group", `{"GroupId":%q,"PermissionGroupId":%q}`, d.group, g.id), &granted)
	got := map[string]int64{}
	for _, item := range granted.Items {
		if got[strings.TrimPrefix(item.TopicId, d.topicID(""))] = item.Permission; item.ErrorCode != 0 {
			d.rt.Fatalf("%s grants %+v", g.id, granted)
		}
	}
	if !maps.Equal(got, g.topics) {
		d.rt.Fatalf("%s grants %v, want %v", g.id, got, g.topics)
	}
}
