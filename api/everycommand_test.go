package api_test

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/api"
	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/store"
)

// What holds for every command, whatever it does: the rules of JSON that the
// registry's declarations stand for, and what an answer 60008 means.

// declared is a field of a request, with the way to it: elements of lists are
// written as [].
type declared struct {
	path    []string
	kind    reflect.Type // without pointers; an element's for a list of values
	account bool
}

func (d declared) String() string { return strings.Join(d.path, ".") }

// body is a request that holds the field alone, with the given value.
func (d declared) body(value string) string {
	for i := len(d.path) - 1; i >= 0; i-- {
		if d.path[i] == "[]" {
			value = "[" + value + "]"
		} else {
			value = fmt.Sprintf("{%q:%s}", d.path[i], value)
		}
	}
	return value
}

// declaredFields lists the fields of a request type at every depth.
func declaredFields(t reflect.Type, service string, at []string) []declared {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var fields []declared
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			fields = append(fields, declaredFields(f.Type, service, at)...)
			continue
		}
		names := []string{f.Tag.Get("json")}
		if older := f.Tag.Get("older"); older != "" {
			names = append(names, strings.Split(older, ",")...)
		}
		for _, name := range names {
			path := append(at[:len(at):len(at)], name)
			kind := f.Type
			for {
				if kind.Kind() == reflect.Pointer {
					kind = kind.Elem()
				} else if kind.Kind() == reflect.Slice && kind != reflect.TypeFor[jsontext.Value]() {
					kind, path = kind.Elem(), append(path, "[]")
				} else {
					break
				}
			}
			fields = append(fields, declared{path, kind, isAccount(name, service)})
			if kind.Kind() == reflect.Struct {
				fields = append(fields, declaredFields(kind, service, path)...)
			}
		}
	}
	return fields
}

func isAccount(name, service string) bool {
	return name == "UserID" || strings.HasSuffix(name, "_Account") || name == "Identifier" && service == "im_open_login_svc"
}

func TestEveryCommandChecksItsAccountFieldsBeforeAllElse(t *testing.T) {
	a := newApp(t)
	for _, c := range api.Commands() {
		for _, f := range declaredFields(c.Request, c.Service, nil) {
			if !f.account {
				continue
			}
			values := []string{"true", "{}", "[[]]"}
			if f.kind != reflect.TypeFor[api.AccountOrNumber]() {
				values = append(values, "5")
			}
			for _, value := range values {
				body := f.body(value)
				// GroupId and CheckItem are of a wrong type as well, unless the field is in one of them.
				for _, other := range []string{"GroupId", "CheckItem", "ReqMsgNumber"} {
					if f.path[0] != other {
						body = strings.Replace(body, "{", fmt.Sprintf(`{%q:[true],`, other), 1)
					}
				}
				a.Call(t, c.Service, c.Name, body).WantCode(t, 60015)
			}
		}
	}
}

func TestEveryCommandRefusesFieldsOfAnotherType(t *testing.T) {
	a := newApp(t)
	for _, c := range api.Commands() {
		code, ok := map[string]int{
			"im_open_login_svc": 70402, "profile": 40001, "openconfigsvr": 130001, "recentcontact": 50002, "openim": 90010,
		}[c.Service]
		switch {
		case c.Name == "modify_group_msg":
			code = 20001
		case !ok:
			code = 10004
		}
		for _, f := range declaredFields(c.Request, c.Service, nil) {
			if f.account || f.kind == reflect.TypeFor[jsontext.Value]() {
				continue
			}
			answer := a.Call(t, c.Service, c.Name, f.body("true")).WantCode(t, code)
			if name := f.path[0]; !strings.HasPrefix(answer.Info, name) {
				t.Errorf("%s: %s is a boolean, and the answer is %q", c.Name, f, answer.Info)
			}
		}
	}
}

// goodBodies has a request of every command that succeeds, in an order in which
// they can be made. OPERATION stands for the newest recall operation.
var goodBodies = []struct{ command, body string }{
	{"account_import", `{"UserID":"ann"}`},
	{"multiaccount_import", `{"AccountList":[{"UserID":"bob"},{"UserID":"eve"}]}`},
	{"account_check", `{"CheckItem":[{"UserID":"ann"}]}`},
	{"portrait_set", `{"From_Account":"ann","ProfileItem":[{"Tag":"Tag_Profile_IM_Level","Value":1}]}`},
	{"portrait_get", `{"To_Account":["ann","eve"],"TagList":["Tag_Profile_IM_Level"]}`},
	{"setnospeaking", `{"Set_Account":"eve","GroupmsgNospeakingTime":60}`},
	{"getnospeaking", `{"Get_Account":"eve"}`},
	{"kick", `{"UserID":"eve"}`},
	{"create_group", `{"Type":"Public","Name":"n","GroupId":"g","MemberList":[{"Member_Account":"ann"}]}`},
	{"create_group", `{"Type":"Community","Name":"n","GroupId":"@TGS#_c","SupportTopic":1,"MemberList":[{"Member_Account":"ann"}]}`},
	{"import_group", `{"Type":"Public","Name":"n","GroupId":"old"}`},
	{"import_group_member", `{"GroupId":"old","MemberList":[{"Member_Account":"ann"}]}`},
	{"import_group_msg", `{"GroupId":"old","MsgList":[{"From_Account":"ann","SendTime":1760000100,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]}]}`},
	{"get_group_info", `{"GroupIdList":["g"]}`},
	{"modify_group_base_info", `{"GroupId":"g","Name":"m"}`},
	{"get_appid_group_list", `{}`},
	{"get_joined_group_list", `{"Member_Account":"ann"}`},
	{"add_group_member", `{"GroupId":"g","MemberList":[{"Member_Account":"bob"}]}`},
	{"change_group_owner", `{"GroupId":"g","NewOwner_Account":"bob"}`},
	{"get_group_member_info", `{"GroupId":"g"}`},
	{"modify_group_member_info", `{"GroupId":"g","Member_Account":"ann","NameCard":"a"}`},
	{"get_role_in_group", `{"GroupId":"g","User_Account":["ann"]}`},
	{"set_unread_msg_num", `{"GroupId":"g","Member_Account":"ann","UnreadMsgNum":0}`},
	{"send_group_msg", `{"GroupId":"g","Random":1,"From_Account":"ann","NeedReadReceipt":1,"SupportMessageExtension":1,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]}`},
	{"get_group_msg_receipt", `{"GroupId":"g","MsgSeqList":[{"MsgSeq":4}]}`},
	{"get_group_msg_receipt_detail", `{"GroupId":"g","MsgSeq":4,"Filter":0,"Cursor":"","Count":1}`},
	{"group_msg_receipt", `{"GroupId":"g","From_Account":"ann","MsgSeqList":[{"MsgSeq":4}]}`},
	{"send_group_system_notification", `{"GroupId":"g","Content":"x"}`},
	{"send_broadcast_msg", `{"Random":1,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]}`},
	{"group_set_key_values", `{"GroupId":"g","MsgSeq":4,"OperateType":1,"ExtensionList":[{"Key":"k","Value":"v"}]}`},
	{"group_get_key_values", `{"GroupId":"g","MsgSeq":4}`},
	{"modify_group_msg", `{"GroupId":"g","MsgSeq":4,"CloudCustomData":"c"}`},
	{"forbid_send_msg", `{"GroupId":"g","Members_Account":["ann"],"MuteTime":60}`},
	{"get_group_muted_account", `{"GroupId":"g"}`},
	{"get_group_shutted_uin", `{"GroupId":"g"}`},
	{"ban_group_member", `{"GroupId":"g","Members_Account":["eve"],"Duration":60}`},
	{"get_group_ban_member", `{"GroupId":"g","Offset":0}`},
	{"unban_group_member", `{"GroupId":"g","Members_Account":["eve"]}`},
	{"get_specified_group_member_info", `{"GroupId":"g","Member_List_Account":["ann"]}`},
	{"get_online_member_num", `{"GroupId":"g"}`},
	{"query_online_status", `{"To_Account":["ann"]}`},
	{"create_group", `{"Type":"AVChatRoom","Name":"n","GroupId":"live"}`},
	{"modify_admin", `{"GroupId":"live","CommandType":1,"Admin_Account":["ann"]}`},
	{"get_admin_list", `{"GroupId":"live"}`},
	{"add_robots", `{"GroupId":"live","Member_Account":["bob"]}`},
	{"modify_user_info", `{"GroupId":"live","CommandType":1,"MemberList":[{"Member_Account":"bob","Marks":[1000]}]}`},
	{"get_members", `{"GroupId":"live","Timestamp":0}`},
	{"check_members", `{"GroupId":"live","Member_Account":["bob"]}`},
	{"del_robots", `{"GroupId":"live","Member_Account":["bob"]}`},
	{"group_msg_get_simple", `{"GroupId":"g","ReqMsgNumber":20}`},
	{"group_msg_recall", `{"GroupId":"g","MsgSeqList":[{"MsgSeq":1}]}`},
	{"delete_group_msg_by_sender", `{"GroupId":"g","Sender_Account":"ann"}`},
	{"group_msg_get_simple", `{"GroupId":"g","ReqMsgNumber":20,"WithRecalledMsg":1}`},
	{"preview_recall", `{"Targets":[{"GroupId":"g","Sender_Account":"ann"}]}`},
	{"recall_by_sender", `{"Targets":[{"GroupId":"g","Sender_Account":"ann"}]}`},
	{"get_recall_operation", `{"OperationId":"OPERATION"}`},
	{"list_recall_operations", `{"GroupId":"g"}`},
	{"get_recall_feed", `{"GroupId":"g"}`},
	{"export_recall_evidence", `{"OperationId":"OPERATION"}`},
	{"set_recall_hold", `{"OperationId":"OPERATION","Hold":1}`},
	{"set_recall_hold", `{"OperationId":"OPERATION","Hold":0}`},
	{"restore_recall", `{"OperationId":"OPERATION"}`},
	{"recall_by_sender", `{"Targets":[{"GroupId":"g","Sender_Account":"ann"}]}`},
	{"erase_recalled", `{"OperationId":"OPERATION"}`},
	{"create_topic", `{"GroupId":"@TGS#_c","TopicId":"@TGS#_c@TOPIC#_t","TopicName":"t"}`},
	{"import_topic", `{"GroupId":"@TGS#_c","TopicId":"@TGS#_c@TOPIC#_u","TopicName":"u"}`},
	{"get_topic", `{"GroupId":"@TGS#_c","From_Account":"ann"}`},
	{"modify_topic", `{"GroupId":"@TGS#_c","TopicId":"@TGS#_c@TOPIC#_t","TopicName":"v"}`},
	{"create_permission_group", `{"GroupId":"@TGS#_c","PermissionGroupId":"@PMG#_p","PermissionGroupName":"p"}`},
	{"modify_permission_group", `{"GroupId":"@TGS#_c","PermissionGroupId":"@PMG#_p","Permission":64}`},
	{"add_topic_permission_group", `{"GroupId":"@TGS#_c","PermissionGroupId":"@PMG#_p","TopicPermissionList":[{"TopicId":"@TGS#_c@TOPIC#_t","Permission":8}]}`},
	{"set_topic_permission_group", `{"GroupId":"@TGS#_c","PermissionGroupId":"@PMG#_p","TopicPermissionList":[{"TopicId":"@TGS#_c@TOPIC#_t","Permission":9}]}`},
	{"get_topic_permission_group", `{"GroupId":"@TGS#_c","PermissionGroupId":"@PMG#_p"}`},
	{"add_permission_group_member", `{"GroupId":"@TGS#_c","PermissionGroupId":"@PMG#_p","MemberList":[{"Member_Account":"ann"}]}`},
	{"get_permission_group_member_list", `{"GroupId":"@TGS#_c","PermissionGroupId":"@PMG#_p"}`},
	{"get_permission_group", `{"GroupId":"@TGS#_c"}`},
	{"delete_permission_group_member", `{"GroupId":"@TGS#_c","PermissionGroupId":"@PMG#_p","MemberList":[{"Member_Account":"ann"}]}`},
	{"delete_topic_permission_group", `{"GroupId":"@TGS#_c","PermissionGroupId":"@PMG#_p","TopicIdList":["@TGS#_c@TOPIC#_t"]}`},
	{"destroy_permission_group", `{"GroupId":"@TGS#_c","PermissionGroupIdList":["@PMG#_p"]}`},
	{"destroy_topic", `{"GroupId":"@TGS#_c","TopicIdList":["@TGS#_c@TOPIC#_t"]}`},
	{"set_group_attr", `{"GroupId":"g","GroupAttr":[{"key":"a","value":"1"},{"key":"b","value":"2"}]}`},
	{"modify_group_attr", `{"GroupId":"g","GroupAttr":[{"key":"a","value":"3"}],"AttrMainSeq":1}`},
	{"get_group_attr", `{"GroupId":"g"}`},
	{"delete_group_attr", `{"GroupId":"g","GroupAttr":[{"key":"a"}]}`},
	{"clear_group_attr", `{"GroupId":"g"}`},
	{"update_group_counter", `{"GroupId":"g","GroupCounter":[{"Key":"a","Value":1},{"Key":"b","Value":2}]}`},
	{"get_group_counter", `{"GroupId":"g"}`},
	{"delete_group_counter", `{"GroupId":"g","GroupCounterKeys":["a"]}`},
	{"clear_group_msg", `{"GroupId":"g","MsgSeq":1}`},
	{"get_list", `{"From_Account":"ann","TimeStamp":0,"StartIndex":0,"TopTimeStamp":0,"TopStartIndex":0,"AssistFlags":7}`},
	{"delete", `{"From_Account":"ann","Type":2,"ToGroupid":"g","ClearRamble":1}`},
	{"watch_webhook", `{"After":0,"WaitSeconds":0}`},
	{"replay_webhook", `{"GroupId":"g","FromTime":0,"ToTime":0}`},
	{"get_webhook_status", `{}`},
	{"delete_group_member", `{"GroupId":"g","MemberToDel_Account":["ann"]}`},
	{"destroy_group", `{"GroupId":"g"}`},
	{"account_delete", `{"DeleteItem":[{"UserID":"eve"}]}`},
}

// Clients send null for what is not given, and cannot read it where a list is
// due (spec 00, "What real clients demand").
func TestEveryCommandTakesNullAsAbsentAndAnswersNone(t *testing.T) {
	a := newApp(t, newBackend(t).hooked())
	commands := byName()
	tried := map[string]bool{}
	newest := "" // recall operation
	for _, good := range goodBodies {
		c := commands[good.command]
		tried[c.Name] = true
		var body map[string]jsontext.Value
		if err := json.Unmarshal([]byte(strings.ReplaceAll(good.body, "OPERATION", newest)), &body); err != nil {
			t.Fatal(err)
		}
		for _, f := range declaredFields(c.Request, c.Service, nil) {
			if name := f.path[0]; body[name] == nil {
				body[name] = jsontext.Value("null")
			}
		}
		body["Undeclared"] = jsontext.Value(`{"GroupId":null}`)
		answer := a.Call(t, c.Service, c.Name, body).MustOK(t)
		var all any
		answer.Decode(t, &all)
		if way := findNull(all); way != "" {
			t.Errorf("%s: null at %s in %s", c.Name, way, answer.Raw)
		}
		noteOperation(t, answer, &newest)
	}
	for name := range commands {
		if !tried[name] {
			t.Errorf("%s has no request here", name)
		}
	}
}

// noteOperation keeps the OperationId of an answer that has one.
func noteOperation(t *testing.T, answer apitest.Answer, newest *string) {
	t.Helper()
	var operation struct{ OperationId string }
	if answer.Decode(t, &operation); operation.OperationId != "" {
		*newest = operation.OperationId
	}
}

// findNull returns the way to a null, "" where there is none.
func findNull(v any) string {
	switch v := v.(type) {
	case nil:
		return "."
	case map[string]any:
		for name, field := range v {
			if way := findNull(field); way != "" {
				return "." + name + way
			}
		}
	case []any:
		for i, element := range v {
			if way := findNull(element); way != "" {
				return fmt.Sprintf("[%d]%s", i, way)
			}
		}
	}
	return ""
}

// lateStore takes longer than a call may for the first commit of each call.
type lateStore struct {
	store.Store
	commits *atomic.Int32 // of the call under way, acknowledged
}

const lateTimeout = 50 * time.Millisecond // of the calls to a lateStore

func (s lateStore) Commit(ctx context.Context, p store.Partition, base store.Version, m []store.Mutation) (store.Version, error) {
	version, err := s.Store.Commit(ctx, p, base, m)
	called := ctx.Value(http.ServerContextKey) != nil // else it is work in the background
	if err == nil && called && s.commits.Add(1) == 1 {
		time.Sleep(lateTimeout + 10*time.Millisecond)
	}
	return version, err
}

// 60008 says that nothing was done: it is never the answer once something was
// committed (spec 01 section 1.3).
func TestEveryCommandThatCommittedLateAnswersSuccess(t *testing.T) {
	st := newMemoryStore(t)
	late := lateStore{st, &atomic.Int32{}}
	a := newApp(t, newBackend(t).hooked(), func(o *apitest.Options) { o.Store, o.API.RequestTimeout = late, lateTimeout })
	commands := byName()
	newest := "" // recall operation
	for _, good := range goodBodies {
		for {
			late.commits.Store(0)
			answer := a.Call(t, commands[good.command].Service, good.command, strings.ReplaceAll(good.body, "OPERATION", newest))
			if answer.Code != 60008 {
				noteOperation(t, answer.MustOK(t), &newest)
				break
			}
			if n := late.commits.Load(); n > 0 {
				t.Fatalf("%s: 60008 after %d commits", good.command, n)
			}
			// The machine is slow, nothing was done: again.
		}
	}
}

func byName() map[string]api.Command {
	commands := map[string]api.Command{}
	for _, c := range api.Commands() {
		commands[c.Name] = c
	}
	return commands
}
