package webhook

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"github.com/recant-chat/recant/chat"
)

func TestErrorCodesAreRead(t *testing.T) {
	for body, want := range map[string]int64{
		allowed:                                 0,
		`{"ErrorCode":0}`:                       0,
		`{"ActionStatus":"FAIL","ErrorCode":0}`: 0,
		`{"ActionStatus":7,"ErrorCode":0,"More":[{}]}`: 0,
		`{"ActionStatus":"OK","ErrorCode":1}`:          1,
		`{"ErrorCode":2}`:                              2,
		`{"ErrorCode":10100}`:                          10100,
		`{"ErrorCode":10200}`:                          10200,
		`{"ErrorCode":10099}`:                          10099,
		`{"ErrorCode":10201}`:                          10201,
		`{"ErrorCode":-1}`:                             -1,
		`{"ErrorCode":"0"}`:                            0,
		`{"ErrorCode":"10100"}`:                        10100,
		`{"ErrorCode":0.0}`:                            0,
		`{"ErrorCode":1e4}`:                            10000,
		`{"ErrorCode":99999999999999999999}`:           math.MaxInt64,
		`{"ErrorCode":-99999999999999999999}`:          math.MinInt64,
		" \r\n{\t\"ErrorCode\" : 1 }\n":                1,
	} {
		answer, err := parseAnswer(beforeSend, []byte(body))
		if err != nil || answer.Code != want {
			t.Errorf("%s: got %+v, %v, want %d", body, answer, err, want)
		}
	}
}

func TestAnswersThatCannotBeRead(t *testing.T) {
	for _, body := range []string{
		"", " ", "OK", "<html>", "null", "0", `"0"`, "[]", `[{"ErrorCode":0}]`, "{}", `{"ErrorCode":0`, `{"ErrorCode":0}}`,
		`{"ErrorCode":0} {"ErrorCode":0}`, `{"ErrorCode":null}`, `{"ErrorCode":""}`, `{"ErrorCode":"ok"}`, `{"ErrorCode":" 0"}`,
		`{"ErrorCode":0.5}`, `{"ErrorCode":true}`, `{"ErrorCode":false}`, `{"ErrorCode":[0]}`, `{"ErrorCode":{}}`,
		`{"errorcode":0}`, `{"errorCode":0}`, `{"ErrorCode":0,"ErrorCode":1}`, "{\"ErrorCode\":0,\"ErrorInfo\":\"\xff\"}",
		`{"ActionStatus":"OK"}`, `{'ErrorCode':0}`, `{"ErrorCode":0,}`,
	} {
		answer, err := parseAnswer(beforeSend, []byte(body))
		if err == nil || answer != nil || outcomeOf(err) != unreadable {
			t.Errorf("%q: got %+v, %v", body, answer, err)
		}
	}
}

func TestFieldsThatACommandReads(t *testing.T) {
	const invite = "Group.CallbackBeforeInviteJoinGroup"
	empty, checked := "", "checked"
	body := `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"\u003cb\u003e"}}]`
	for _, c := range []struct {
		name, command, fields string
		want                  chat.CallbackAnswer
	}{
		{"a body", beforeSend, `"MsgBody":` + body, chat.CallbackAnswer{MsgBody: []byte(body)}},
		{"no body", beforeSend, `"MsgBody":null`, chat.CallbackAnswer{}},
		{"an empty body", beforeSend, `"MsgBody":[ ]`, chat.CallbackAnswer{}},
		{"a body that is none, for the domain to refuse", beforeSend, `"MsgBody":"hello"`, chat.CallbackAnswer{MsgBody: []byte(`"hello"`)}},
		{"a body of an empty array, for the domain to refuse", beforeSend, `"MsgBody":[[]]`, chat.CallbackAnswer{MsgBody: []byte(`[[]]`)}},
		{"custom data", beforeSend, `"CloudCustomData":"checked"`, chat.CallbackAnswer{CloudCustomData: &checked}},
		{"custom data that is cleared", beforeSend, `"CloudCustomData":""`, chat.CallbackAnswer{CloudCustomData: &empty}},
		{"no custom data", beforeSend, `"CloudCustomData":null`, chat.CallbackAnswer{}},
		{"both", beforeSend, `"CloudCustomData":"","MsgBody":` + body, chat.CallbackAnswer{MsgBody: []byte(body), CloudCustomData: &empty}},
		{"custom data that is none", beforeSend, `"CloudCustomData":{}`, chat.CallbackAnswer{Unusable: "CloudCustomData should be a string"}},
		{"refused members", invite, `"RefusedMembers_Account":["rolf","pia"]`, chat.CallbackAnswer{RefusedMembers: []string{"rolf", "pia"}}},
		{"nobody refused", invite, `"RefusedMembers_Account":[]`, chat.CallbackAnswer{}},
		{"refused members as objects", invite, `"RefusedMembers_Account":[{"Member_Account":"rolf"}]`, chat.CallbackAnswer{Unusable: "RefusedMembers_Account should be an array of strings"}},
		{"one refused member", invite, `"RefusedMembers_Account":"rolf"`, chat.CallbackAnswer{Unusable: "RefusedMembers_Account should be an array of strings"}},
		{"fields of other commands", invite, `"MsgBody":[1],"CloudCustomData":{}`, chat.CallbackAnswer{}},
		{"more fields of other commands", beforeSend, `"RefusedMembers_Account":7`, chat.CallbackAnswer{}},
		{"text", beforeSend, `"ErrorInfo":"fine \u00e9"`, chat.CallbackAnswer{Info: "fine é"}},
		{"text that is none", beforeSend, `"ErrorInfo":{"a":1}`, chat.CallbackAnswer{}},
	} {
		answer, err := parseAnswer(c.command, []byte(`{"ActionStatus":"OK","ErrorCode":0,`+c.fields+`}`))
		if err != nil || !reflect.DeepEqual(*answer, c.want) {
			t.Errorf("%s: got %+v, %v, want %+v", c.name, answer, err, c.want)
		}
	}
}

// A refusal is a refusal whatever else is wrong with the answer.
func TestNothingIsReplacedWithARefusal(t *testing.T) {
	answer, err := parseAnswer(beforeSend, []byte(`{"ErrorCode":1,"ErrorInfo":"no","MsgBody":[1],"CloudCustomData":7}`))
	if err != nil || !reflect.DeepEqual(*answer, chat.CallbackAnswer{Code: 1, Info: "no"}) {
		t.Errorf("got %+v, %v", answer, err)
	}
}

// Whatever a backend answers, it is read or refused, never both, and what is
// read is what another reader reads.
func FuzzAnswer(f *testing.F) {
	f.Add(allowed)
	f.Add(`{"ErrorCode":"10100","ErrorInfo":"no"}`)
	f.Add(`{"ErrorCode":0,"MsgBody":[{"MsgType":"TIMTextElem"}],"CloudCustomData":"x"}`)
	f.Add(`{"ErrorCode":0,"RefusedMembers_Account":["a",null]}`)
	f.Add(`{"ErrorCode":-1e2}`)
	f.Fuzz(func(t *testing.T, body string) {
		for _, command := range []string{beforeSend, "Group.CallbackBeforeInviteJoinGroup", "Group.CallbackBeforeCreateGroup"} {
			answer, err := parseAnswer(command, []byte(body))
			if err != nil {
				if answer != nil || outcomeOf(err) != unreadable || err.Error() == "" {
					t.Fatalf("got %+v with %v", answer, err)
				}
				continue
			}
			var other map[string]any
			if err := json.Unmarshal([]byte(body), &other); err != nil {
				t.Fatalf("read %+v of what is no JSON: %v", answer, err)
			}
			if code, ok := other["ErrorCode"].(float64); ok && math.Abs(code) < 1<<53 && int64(code) != answer.Code {
				t.Errorf("code is %d, want %v", answer.Code, code)
			}
			if info, _ := other["ErrorInfo"].(string); answer.Unusable == "" && answer.Info != info {
				t.Errorf("info is %q, want %q", answer.Info, info)
			}
			if answer.Code != 0 && (answer.MsgBody != nil || answer.CloudCustomData != nil || answer.RefusedMembers != nil) {
				t.Errorf("a refusal with changes: %+v", answer)
			}
			if answer.MsgBody != nil && (command != beforeSend || !json.Valid(answer.MsgBody)) {
				t.Errorf("body is %s", answer.MsgBody)
			}
		}
	})
}
