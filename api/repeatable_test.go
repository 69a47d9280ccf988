package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/api"
	"github.com/recant-chat/recant/api/apitest"
)

// lookedAt are the calls whose answers show what the story can change.
var lookedAt = []struct{ command, body string }{
	{"portrait_get", `{"To_Account":["alice","bob","spammer"],"TagList":["Tag_Profile_IM_Nick","Tag_Profile_IM_Level"]}`},
	{"getnospeaking", `{"Get_Account":"spammer"}`},
	{"get_group_info", `{"GroupIdList":["garden","@TGS#_city","concert","library"]}`},
	{"get_group_member_info", `{"GroupId":"garden"}`},
	{"group_msg_get_simple", `{"GroupId":"garden","ReqMsgNumber":20,"WithRecalledMsg":1}`},
	{"group_msg_get_simple", `{"GroupId":"@TGS#_city","TopicId":"@TGS#_city@TOPIC#_market","ReqMsgNumber":20,"WithRecalledMsg":1}`},
	{"get_group_muted_account", `{"GroupId":"garden"}`},
	{"get_group_ban_member", `{"GroupId":"garden","Offset":0}`},
	{"get_group_msg_receipt", `{"GroupId":"garden","MsgSeqList":[{"MsgSeq":5}]}`},
	{"group_get_key_values", `{"GroupId":"garden","MsgSeq":5}`},
	{"get_members", `{"GroupId":"concert","Timestamp":0}`},
	{"get_members", `{"GroupId":"concert","Timestamp":0,"Mark":1000}`},
	{"get_admin_list", `{"GroupId":"concert"}`},
	{"get_topic", `{"GroupId":"@TGS#_city","From_Account":"bob"}`},
	{"get_permission_group", `{"GroupId":"@TGS#_city"}`},
	{"get_permission_group_member_list", `{"GroupId":"@TGS#_city","PermissionGroupId":"@PMG#_editors"}`},
	{"get_group_attr", `{"GroupId":"garden"}`},
	{"get_group_counter", `{"GroupId":"garden"}`},
	{"get_list", `{"From_Account":"bob","TimeStamp":0,"StartIndex":0,"TopTimeStamp":0,"TopStartIndex":0,"AssistFlags":7}`},
}

// A caller who got no answer may make the same call again where the registry
// says so: made twice in a row, it does and answers what it does once.
func TestEveryRepeatableCommandMayBeCalledTwice(t *testing.T) {
	a := newStoryApp(t)
	commands, teller := byName(), apitest.NewTeller(a.Server)
	state := func() string {
		var answers strings.Builder
		for _, look := range lookedAt {
			answers.Write(a.Call(t, commands[look.command].Service, look.command, look.body).Raw)
		}
		return answers.String()
	}
	for i, e := range api.Story() {
		c := commands[e.Command]
		var body map[string]jsontext.Value
		if err := json.Unmarshal([]byte(teller.Here(e.Request)), &body); err != nil {
			t.Fatal(err)
		}
		if c.Name == "recall_by_sender" {
			body["IdempotencyKey"] = jsontext.Value(fmt.Sprintf(`"key %d"`, i))
		}
		first := teller.Tell(t, e, body)
		if !c.Repeatable || c.RepeatableBy != "" && body[c.RepeatableBy] == nil {
			continue
		}
		before := state()
		second := a.Call(t, c.Service, c.Name, body).MustOK(t)
		if want, got := withoutToken(t, first.Raw), withoutToken(t, second.Raw); got != want && !slices.Contains(loose, c.Name) {
			t.Errorf("%s answers %s, and the second time %s", c.Name, want, got)
		}
		if after := state(); after != before {
			t.Errorf("%s: the second call changed\n%s\nto\n%s", c.Name, before, after)
		}
	}
}

// withoutToken is an answer without the token of a preview, which is another
// each time.
func withoutToken(t *testing.T, raw []byte) string {
	t.Helper()
	var answer map[string]jsontext.Value
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Fatal(err)
	}
	delete(answer, "PlanToken")
	text, err := json.Marshal(answer, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The field that makes a command repeatable is one of its request.
func TestRepeatableByNamesAFieldOfTheRequest(t *testing.T) {
	for _, c := range api.Commands() {
		found := c.RepeatableBy == ""
		for _, f := range declaredFields(c.Request, c.Service, nil) {
			found = found || f.String() == c.RepeatableBy
		}
		if !found {
			t.Errorf("%s is repeatable by %s, which its request does not have", c.Name, c.RepeatableBy)
		}
	}
}
