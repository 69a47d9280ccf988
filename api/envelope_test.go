package api

import (
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/chat"
	"pgregory.net/rapid"
)

type page struct {
	GroupID string         `json:"GroupId"`
	Empty   []string       `json:"Empty"`
	Rows    []row          `json:"RspMsgList"`
	Cloud   jsontext.Value `json:"CloudCustomData,omitzero"`
	Next    *int           `json:"Next,omitzero"`
}

type row struct {
	Seq  uint32         `json:"MsgSeq"`
	Body jsontext.Value `json:"MsgBody"`
}

func TestSuccessEnvelope(t *testing.T) {
	for _, c := range []struct {
		name   string
		family family
		result any
		want   string
	}{
		{"no result", groupFamily, nil, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`},
		{"no fields", groupFamily, &noResult{}, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`},
		{"fields beside the envelope, empty lists as []", groupFamily, &page{GroupID: "g"},
			`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupId":"g","Empty":[],"RspMsgList":[]}`},
		{"no HTML escapes", groupFamily, &page{GroupID: "<a&b>\u2028管"},
			`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupId":"<a&b>` + "\u2028" + `管","Empty":[],"RspMsgList":[]}`},
		{"text that is not UTF-8", groupFamily, &page{GroupID: "a\xffb"},
			`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupId":"a` + "\ufffd" + `b","Empty":[],"RspMsgList":[]}`},
		{"ErrorDisplay in profile", familyOf("profile"), nil, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"ErrorDisplay":""}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.family.success(c.result)
			if err != nil || string(got) != c.want {
				t.Fatalf("got  %s, %v\nwant %s", got, err, c.want)
			}
		})
	}
}

func TestFailureEnvelope(t *testing.T) {
	for _, c := range []struct {
		service, message, want string
	}{
		{"group_open_http_svc", "identifier is not an app admin", `{"ActionStatus":"FAIL","ErrorInfo":"identifier is not an app admin","ErrorCode":60010}`},
		{"group_open_http_svc", "a\"\x00\xff<", `{"ActionStatus":"FAIL","ErrorInfo":"a\"\u0000` + "\ufffd" + `<","ErrorCode":60010}`},
		{"profile", "", `{"ActionStatus":"FAIL","ErrorInfo":"","ErrorCode":60010,"ErrorDisplay":""}`},
		{"sns", "", `{"ActionStatus":"FAIL","ErrorInfo":"","ErrorCode":60010,"ErrorDisplay":""}`},
	} {
		if got := familyOf(c.service).failure(&chat.Error{Code: codeNotAdmin, Message: c.message}); string(got) != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// Stored bodies go out with exactly the bytes they came in with.
func TestRawValuesAreSplicedUnchanged(t *testing.T) {
	bodies := []string{
		`[ {"MsgType" :"TIMTextElem","a":1, "a":2} ]`,
		`"\u0041\u0000\/\ud83d\ude00<&>"`,
		`1.50e+01`, `{ }`, `null`, `[]`, "[\n\t1 ,\r\n2]", `"\uD800"`, `""`,
	}
	answer := &page{GroupID: "0", Cloud: jsontext.Value(` "x" `)}
	want := `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupId":"0","Empty":[],"RspMsgList":[`
	for i, body := range bodies {
		answer.Rows = append(answer.Rows, row{Seq: uint32(i), Body: jsontext.Value(body)})
		if i > 0 {
			want += ","
		}
		want += `{"MsgSeq":` + string(rune('0'+i)) + `,"MsgBody":` + body + `}`
	}
	want += `],"CloudCustomData": "x" }`
	got, err := groupFamily.success(answer)
	if err != nil || string(got) != want {
		t.Fatalf("got  %s, %v\nwant %s", got, err, want)
	}
}

// However many raw values of whatever size there are, each lands in its place.
func TestManyRawValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		answer := &page{}
		want := `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupId":"","Empty":[],"RspMsgList":[`
		for i := range rapid.IntRange(0, 300).Draw(t, "rows") {
			text := rapid.SampledFrom([]string{"0", `"x"`, "[ 0 ]", "{}", "null"}).Draw(t, "raw")
			raw := jsontext.Value(text + strings.Repeat(" ", rapid.IntRange(0, 2000).Draw(t, "size")))
			answer.Rows = append(answer.Rows, row{Seq: uint32(i), Body: raw})
			if i > 0 {
				want += ","
			}
			want += `{"MsgSeq":` + strconv.Itoa(i) + `,"MsgBody":` + string(raw) + `}`
		}
		want += "]}"
		if got, err := groupFamily.success(answer); err != nil || string(got) != want {
			t.Fatalf("got  %s, %v\nwant %s", got, err, want)
		}
	})
}

func TestNilRawValueIsNull(t *testing.T) {
	got, err := groupFamily.success(&page{Rows: []row{{}}})
	if err != nil || !strings.Contains(string(got), `"RspMsgList":[{"MsgSeq":0,"MsgBody":null}]`) {
		t.Fatalf("got %s, %v", got, err)
	}
}

func TestGroupAnswerOver1MBIsRefused(t *testing.T) {
	overhead := len(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupId":"","Empty":[],"RspMsgList":[]}`)
	fits := &page{GroupID: strings.Repeat("x", maxAnswerBytes-overhead)}
	if got, err := groupFamily.success(fits); err != nil || len(got) != maxAnswerBytes {
		t.Fatalf("%d bytes: %v", len(got), err)
	}
	over := &page{GroupID: fits.GroupID + "x"}
	if _, err := groupFamily.success(over); chat.CodeOf(err) != chat.CodeAnswerTooLarge {
		t.Fatalf("got %v, want 10018", err)
	}
	if _, err := familyOf("profile").success(over); err != nil {
		t.Fatalf("not a group command: %v", err)
	}
}
