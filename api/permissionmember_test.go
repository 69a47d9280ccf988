package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
)

// add_ and delete_permission_group_member and get_permission_group_member_list
// (spec 05 section 2).

func members(accounts ...string) string {
	return `[{"Member_Account":"` + strings.Join(accounts, `"},{"Member_Account":"`) + `"}]`
}

// enroll puts members of the town into a permission group.
func (r *room) enroll(name string, accounts ...string) {
	r.t.Helper()
	answer := r.call("add_permission_group_member", `{"GroupId":%q,"PermissionGroupId":"@PMG#_%s","MemberList":%s}`, r.group, name, members(accounts...)).MustOK(r.t)
	if n := strings.Count(string(answer.Raw), `"Result":0`); n != len(accounts) {
		r.t.Errorf("of %v %d were added: %s", accounts, n, answer.Raw)
	}
}

// permissionMembers is one answer of get_permission_group_member_list.
type permissionMembers struct {
	Next    string
	Members []struct {
		Account string `json:"Member_Account"`
		Since   int64  `json:"JoinPermissionGroupTime"`
	} `json:"MemberList"`
}

func (p *permissionMembers) accounts() []string {
	var accounts []string
	for _, m := range p.Members {
		accounts = append(accounts, m.Account)
	}
	return accounts
}

// wantEnrolled checks who is in a permission group, in order, and what it counts.
func (r *room) wantEnrolled(name string, code int, accounts ...string) {
	r.t.Helper()
	answer := r.call("get_permission_group_member_list", `{"GroupId":%q,"PermissionGroupId":"@PMG#_%s"}`, r.group, name).WantCode(r.t, code)
	if code != 0 {
		return
	}
	list := &permissionMembers{}
	if answer.Decode(r.t, list); !slices.Equal(list.accounts(), accounts) || list.Next != "" {
		r.t.Errorf("%s has %v, want %v, Next %q", name, list.accounts(), accounts, list.Next)
	}
	counted := r.permissionGroups(`,"PermissionGroupIdList":["@PMG#_` + name + `"]`).Groups[0]
	if counted.MemberCount != len(accounts) || counted.MemberNum != len(accounts) {
		r.t.Errorf("%s counts %d and %d members, want %d", name, counted.MemberCount, counted.MemberNum, len(accounts))
	}
}

func TestAddPermissionGroupMemberAnswersForEachAccountByItself(t *testing.T) {
	town := newTown(t, noOptions, "ann", "bob", "eve")
	town.srv.Call(t, "im_open_login_svc", "account_import", `{"UserID":"zoe"}`).MustOK(t)
	town.permissionGroup("stewards")
	before := town.info()
	town.enroll("stewards", "ann")
	town.call("add_permission_group_member", `{"GroupId":%q,%s,"MemberList":["eve",{"Member_Account":"ann"},{"Member_Account":"zoe"},{"Member_Account":"nobody"},{"Member_Account":" bad"},{"Member_Account":"bob"},{"Member_Account":"bob"}]}`, town.group, stewards).
		WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MemberList":[
			{"Member_Account":"eve","Result":0},{"Member_Account":"ann","Result":10013},{"Member_Account":"zoe","Result":10007},
			{"Member_Account":"nobody","Result":10007},{"Member_Account":" bad","Result":10007},
			{"Member_Account":"bob","Result":0},{"Member_Account":"bob","Result":10013}]}`)
	town.wantEnrolled("stewards", 0, "ann", "bob", "eve")
	if after := town.info(); after != before {
		t.Errorf("the community was %s and is %s", before, after)
	}
}

func TestPermissionGroupMembersCheckTheirFields(t *testing.T) {
	town := newTownWithStewards(t)
	for _, command := range []string{"add_permission_group_member", "delete_permission_group_member"} {
		list := func(n int) string { return `"MemberList":["ann"` + strings.Repeat(`,"x"`, n-1) + `]` }
		town.check("group_open_http_svc", command, append(permissionGroupForms(list(1)), []refusal{
			{"no list", `{"GroupId":"$",` + stewards + `}`, 10004},
			{"list empty", `{"GroupId":"$",` + stewards + `,"MemberList":[]}`, 10004},
			{"no account", `{"GroupId":"$",` + stewards + `,"MemberList":["ann",{}]}`, 10004},
			{"account empty", `{"GroupId":"$",` + stewards + `,"MemberList":["ann",{"Member_Account":""}]}`, 10004},
			{"account of another type", `{"GroupId":"$",` + stewards + `,"MemberList":["ann",{"Member_Account":5}]}`, 60015},
			{"element a number", `{"GroupId":"$",` + stewards + `,"MemberList":["ann",5]}`, 10004},
			{"101 accounts", `{"GroupId":"$",` + stewards + `,` + list(101) + `}`, 10004},
			{"101 accounts before bad GroupId", `{"GroupId":"",` + stewards + `,` + list(101) + `}`, 10004},
			{"an answer that would be too large", `{"GroupId":"$",` + stewards + `,"MemberList":["ann","` + strings.Repeat("x", 1<<20-120) + `"]}`, 10018},
		}...))
	}
	town.wantEnrolled("stewards", 0)
	town.enroll("stewards", "ann")
	town.call("delete_permission_group_member", `{"GroupId":%q,%s,"MemberList":["ann","%s"]}`, town.group, stewards, strings.Repeat("x", 1<<20-120)).WantCode(t, 10018)
	town.wantEnrolled("stewards", 0, "ann")
	town.call("delete_permission_group_member", `{"GroupId":%q,%s,"MemberList":["ann"]}`, town.group, stewards).MustOK(t)
	var hundred []string
	for i := range 100 {
		hundred = append(hundred, fmt.Sprintf("m%03d", i))
	}
	for _, account := range hundred {
		town.srv.Call(t, "im_open_login_svc", "account_import", fmt.Sprintf(`{"UserID":%q}`, account)).MustOK(t)
	}
	town.call("add_group_member", `{"GroupId":%q,"MemberList":%s}`, town.group, members(hundred...)).MustOK(t)
	town.enroll("stewards", hundred...)
	town.call("delete_permission_group_member", `{"GroupId":%q,%s,"MemberList":%s}`, town.group, stewards, members(hundred...)).MustOK(t)
	town.wantEnrolled("stewards", 0)
}

func TestDeletePermissionGroupMember(t *testing.T) {
	town := newTown(t, noOptions, "ann", "bob", "eve")
	town.permissionGroup("stewards")
	town.permissionGroup("others")
	town.enroll("stewards", "ann", "bob", "eve")
	town.enroll("others", "bob")
	town.call("delete_permission_group_member", `{"GroupId":%q,%s,"MemberList":[{"Member_Account":"bob"},"nobody","eve",{"Member_Account":"bob"}]}`, town.group, stewards).
		WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MemberList":[{"Member_Account":"bob","Result":0},
			{"Member_Account":"nobody","Result":0},{"Member_Account":"eve","Result":0},{"Member_Account":"bob","Result":0}]}`)
	town.wantEnrolled("stewards", 0, "ann")
	town.wantEnrolled("others", 0, "bob")
	town.srv.Call(t, "group_open_http_svc", "get_role_in_group", fmt.Sprintf(`{"GroupId":%q,"User_Account":["bob"]}`, town.group)).
		WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"UserIdList":[{"Member_Account":"bob","Role":"Member"}]}`)
	town.enroll("stewards", "bob")
	town.wantEnrolled("stewards", 0, "ann", "bob")
}

// In whichever way somebody leaves the community, he has left its permission
// groups, and does not come back into them.
func TestWhoLeavesTheCommunityLeavesItsPermissionGroups(t *testing.T) {
	for name, leave := range map[string]func(*room){
		"removed": func(r *room) {
			r.call("delete_group_member", `{"GroupId":%q,"MemberToDel_Account":["bob","nobody"]}`, r.group).MustOK(r.t)
		},
		"removed silently": func(r *room) {
			r.call("delete_group_member", `{"GroupId":%q,"MemberToDel_Account":["bob"],"Silence":1}`, r.group).MustOK(r.t)
		},
		"banned": func(r *room) {
			r.call("ban_group_member", `{"GroupId":%q,"Members_Account":["bob"],"Duration":60}`, r.group).MustOK(r.t)
			r.call("unban_group_member", `{"GroupId":%q,"Members_Account":["bob"]}`, r.group).MustOK(r.t)
		},
		"deleted": func(r *room) {
			r.srv.Call(r.t, "im_open_login_svc", "account_delete", `{"DeleteItem":[{"UserID":"bob"}]}`).MustOK(r.t)
			r.srv.Call(r.t, "im_open_login_svc", "account_import", `{"UserID":"bob"}`).MustOK(r.t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			town := newTown(t, noOptions, "ann", "bob", "eve")
			for _, name := range []string{"stewards", "others", "gone"} {
				town.permissionGroup(name)
				town.enroll(name, "ann", "bob", "eve")
			}
			town.call("destroy_permission_group", `{"GroupId":%q,"PermissionGroupIdList":["@PMG#_gone"]}`, town.group).MustOK(t)
			leave(town)
			for range 2 {
				town.wantEnrolled("stewards", 0, "ann", "eve")
				town.wantEnrolled("others", 0, "ann", "eve")
				town.call("add_permission_group_member", `{"GroupId":%q,%s,"MemberList":["bob"]}`, town.group, stewards).
					WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MemberList":[{"Member_Account":"bob","Result":10007}]}`)
				town.srv.Restart(t)
			}
			town.call("add_group_member", `{"GroupId":%q,"MemberList":[{"Member_Account":"bob"}]}`, town.group).MustOK(t)
			town.wantEnrolled("stewards", 0, "ann", "eve")
			town.enroll("stewards", "bob")
			town.wantEnrolled("stewards", 0, "ann", "eve", "bob")
			town.wantEnrolled("others", 0, "ann", "eve")
		})
	}
}

func TestPermissionGroupMembersHaveTheirRecords(t *testing.T) {
	town := newTown(t, func(o *apitest.Options) { o.Settings.MemberCustomKeys = []string{"Level"} }, "ann", "bob")
	one := town.topic("one")
	town.permissionGroup("stewards")
	joined := town.now()
	town.srv.Clock.Advance(minute)
	town.enroll("stewards", "bob")
	town.srv.Clock.Advance(minute)
	town.call("modify_group_member_info", `{"GroupId":%q,"Member_Account":"bob","NameCard":"Bob","Role":"Admin","MuteTime":60,"AppMemberDefinedData":[{"Key":"Level","Value":"7"}]}`, town.group).MustOK(t)
	town.srv.Clock.Advance(minute)
	one.send("bob", 1)
	list := func(rest string) apitest.Answer {
		return town.call("get_permission_group_member_list", `{"GroupId":%q,%s%s}`, town.group, stewards, rest)
	}
	// It is the record of get_group_member_info, but for one field.
	var all, some struct{ MemberList []map[string]any }
	town.call("get_group_member_info", `{"GroupId":%q}`, town.group).MustOK(t).Decode(t, &all)
	list("").MustOK(t).Decode(t, &some)
	want := all.MemberList[1]
	want["JoinPermissionGroupTime"] = float64(joined + 60)
	if len(some.MemberList) != 1 || fmt.Sprint(some.MemberList[0]) != fmt.Sprint(want) || want["LastSendMsgTime"] != float64(joined+180) {
		t.Errorf("the member is %v, want %v", some.MemberList, want)
	}
	list(`,"MemberInfoFilter":["Role","OnlineStatus"],"AppDefinedDataFilter_GroupMember":["Level"]`).
		WantJSON(t, fmt.Sprintf(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Next":"","MemberList":[{"Member_Account":"bob","Role":"Admin",
			"OnlineStatus":"Offline","AppMemberDefinedData":[{"Key":"Level","Value":"7"}],"JoinPermissionGroupTime":%d}]}`, joined+60))
}

func TestPermissionGroupMemberPages(t *testing.T) {
	var all []string
	for i := range 120 {
		all = append(all, fmt.Sprintf("m%03d", (i*37)%120)) // not in the order of their ids
	}
	town := newTown(t, noOptions, "ann")
	for _, account := range all {
		town.srv.Call(t, "im_open_login_svc", "account_import", fmt.Sprintf(`{"UserID":%q}`, account)).MustOK(t)
	}
	town.call("add_group_member", `{"GroupId":%q,"MemberList":%s}`, town.group, members(all...)).MustOK(t)
	town.permissionGroup("stewards")
	town.enroll("stewards", all[100:]...)
	town.enroll("stewards", all[:100]...)
	for _, limit := range []string{``, `,"Limit":0`, `,"Limit":50`, `,"Limit":1`, `,"Limit":40`} {
		var got []string
		size := 50
		fmt.Sscanf(limit, `,"Limit":%d`, &size)
		for next, pages := "", 0; ; pages++ {
			page := &permissionMembers{}
			town.call("get_permission_group_member_list", `{"GroupId":%q,%s,"Next":%q%s}`, town.group, stewards, next, limit).MustOK(t).Decode(t, page)
			got = append(got, page.accounts()...)
			if n := len(page.Members); n == 0 || n > max(size, 1) && size != 0 || n > 50 {
				t.Fatalf("page %d with %s has %d members", pages, limit, n)
			}
			if next = page.Next; next == "" {
				break
			}
			if pages == 1 {
				town.srv.Restart(t)
			}
		}
		if !slices.Equal(got, all) {
			t.Errorf("pages with %s have %v, want %v", limit, got, all)
		}
	}
}

func TestGetPermissionGroupMemberListChecksItsFields(t *testing.T) {
	town := newTownWithStewards(t)
	town.check("group_open_http_svc", "get_permission_group_member_list", append(permissionGroupForms(`"Next":""`), []refusal{
		{"Limit negative", `{"GroupId":"$",` + stewards + `,"Limit":-1}`, 10004},
		{"Limit 50", `{"GroupId":"$",` + stewards + `,"Limit":50}`, 0},
		{"Limit 51", `{"GroupId":"$",` + stewards + `,"Limit":51}`, 10004},
		{"bad Limit before bad GroupId", `{"GroupId":"",` + stewards + `,"Limit":51}`, 10004},
		{"Next that nobody said", `{"GroupId":"$",` + stewards + `,"Next":"x"}`, 10004},
		{"Next 0", `{"GroupId":"$",` + stewards + `,"Next":"0"}`, 10004},
		{"Next beyond the newest", `{"GroupId":"$",` + stewards + `,"Next":"3"}`, 10004},
		{"unknown permission group before bad Next", `{"GroupId":"$","PermissionGroupId":"@PMG#_never","Next":"x"}`, 110006},
	}...))
}
