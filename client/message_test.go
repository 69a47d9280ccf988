package client_test

import (
	"math"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/client"
	"pgregory.net/rapid"
)

// elements are one of each kind with the text that is sent, as the hosted service
// documents it (doc 33527).
var elements = []struct {
	element client.Element
	text    string
}{
	{client.Text("all aboard"), `{"MsgType":"TIMTextElem","MsgContent":{"Text":"all aboard"}}`},
	{client.Location("pier", 29.340656774469956, -116.77497920478824), `{"MsgType":"TIMLocationElem","MsgContent":{"Desc":"pier","Latitude":29.340656774469956,"Longitude":-116.77497920478824}}`},
	{client.Face(0, ""), `{"MsgType":"TIMFaceElem","MsgContent":{"Index":0}}`},
	{client.Face(3, "wave"), `{"MsgType":"TIMFaceElem","MsgContent":{"Index":3,"Data":"wave"}}`},
	{client.Custom(client.CustomContent{Data: "abc\x00\x01", Desc: "d"}), `{"MsgType":"TIMCustomElem","MsgContent":{"Data":"abc\u0000\u0001","Desc":"d"}}`},
	{client.Sound(client.SoundContent{URL: "https://x/1", UUID: "1"}), `{"MsgType":"TIMSoundElem","MsgContent":{"Url":"https://x/1","UUID":"1","Download_Flag":2}}`},
	{client.Image(client.ImageContent{UUID: "1", Format: 3, InfoArray: []client.ImageInfo{{Type: 1, URL: "https://x/1"}}}),
		`{"MsgType":"TIMImageElem","MsgContent":{"UUID":"1","ImageFormat":3,"ImageInfoArray":[{"Type":1,"Width":0,"Height":0,"URL":"https://x/1"}]}}`},
	{client.File(client.FileContent{URL: "https://x/1", UUID: "1", FileName: "a.txt"}),
		`{"MsgType":"TIMFileElem","MsgContent":{"Url":"https://x/1","UUID":"1","FileName":"a.txt","Download_Flag":2}}`},
	{client.Video(client.VideoContent{VideoURL: "https://x/1", VideoUUID: "1", ThumbURL: "https://x/2", ThumbUUID: "2", ThumbWidth: 4, ThumbHeight: 3}),
		`{"MsgType":"TIMVideoFileElem","MsgContent":{"VideoUrl":"https://x/1","VideoUUID":"1","VideoDownloadFlag":2,"ThumbUrl":"https://x/2","ThumbUUID":"2","ThumbWidth":4,"ThumbHeight":3,"ThumbDownloadFlag":2}}`},
	{client.Raw(client.TypeRelay, jsontext.Value(`{"Title":"t","MsgNum":0,"CompatibleText":"c"}`)), `{"MsgType":"TIMRelayElem","MsgContent":{"Title":"t","MsgNum":0,"CompatibleText":"c"}}`},
}

func TestElementsHaveTheDocumentedForm(t *testing.T) {
	for _, e := range elements {
		got, err := json.Marshal(e.element)
		if err != nil || canonical(t, string(got)) != canonical(t, e.text) {
			t.Errorf("%s: sent %s, %v", e.element.Type, got, err)
		}
	}
}

// What is sent is what is read, byte for byte.
func TestElementsComeBackAsTheyWereSent(t *testing.T) {
	c, _ := newClient(t)
	imported(t, c, []string{"ann"})
	room(t, c, "Public", "g", "ann")
	for _, e := range elements {
		_, err := c.SendGroupMsg(t.Context(), &client.SendGroupMsgRequest{GroupID: "g", MsgBody: client.MessageBody{e.element, client.Text("x")}})
		must(t, err)
	}
	rows := collect(t, c.History(t.Context(), &client.GroupMsgGetSimpleRequest{GroupID: "g"}))
	for i, e := range elements {
		body := rows[len(elements)-1-i].MsgBody
		if len(body) != 2 || body[0].Type != e.element.Type || string(body[0].Content) != string(e.element.Content) {
			t.Errorf("%s came back as %+v", e.text, body)
		}
	}
	place := client.LocationContent{}
	if err := rows[len(elements)-2].MsgBody[0].Decode(&place); err != nil || place.Latitude != 29.340656774469956 {
		t.Errorf("the place is %+v, %v", place, err)
	}
	if text := rows[len(elements)-1].MsgBody.Text(); text != "all aboardx" {
		t.Errorf("the text is %q", text)
	}
}

func TestWhatCannotBeSentIsRefused(t *testing.T) {
	c, _ := newClient(t)
	room(t, c, "Public", "g")
	for name, e := range map[string]client.Element{"a place that is none": client.Location("x", math.NaN(), 0), "no content": {Type: client.TypeText}} {
		_, err := c.SendGroupMsg(t.Context(), &client.SendGroupMsgRequest{GroupID: "g", MsgBody: client.MessageBody{e}})
		if client.CodeOf(err) != 10004 {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := c.SendGroupMsg(t.Context(), &client.SendGroupMsgRequest{GroupID: "g\xff", MsgBody: client.MessageBody{client.Text("x")}})
	if err == nil || client.CodeOf(err) != 0 {
		t.Errorf("a name that is not UTF-8: %v", err)
	}
}

// A system tip is an object where messages have a list.
func TestATipIsReadAsOneElement(t *testing.T) {
	c, _ := newClient(t)
	imported(t, c, []string{"ann"})
	room(t, c, "Public", "g", "ann")
	must(t, c.ForbidSendMsg(t.Context(), &client.ForbidSendMsgRequest{GroupID: "g", MembersAccount: []string{"ann"}, MuteTime: 60}))
	rows := collect(t, c.History(t.Context(), &client.GroupMsgGetSimpleRequest{GroupID: "g"}))
	var tip struct {
		Accounts []string `json:"List_Account"`
	}
	if len(rows) != 1 || rows[0].IsSystemMsg != 1 || len(rows[0].MsgBody) != 1 || rows[0].MsgBody[0].Type != client.TypeTip {
		t.Fatalf("got %+v", rows)
	}
	if err := rows[0].MsgBody[0].Decode(&tip); err != nil || len(tip.Accounts) != 1 || tip.Accounts[0] != "ann" {
		t.Errorf("the tip is %+v, %v", tip, err)
	}
}

// Answers of the hosted service have fields that are not known here, numbers in
// strings, and the same field twice.
func TestAnswersAreReadLeniently(t *testing.T) {
	answer := `{"ActionStatus":"OK","ErrorCode":0,"More":{"a":[1]},"TotalCount":"3","Next":"18446744073709551615","Next":7,
		"GroupIdList":[{"GroupId":"a","Undocumented":null}],"GroupIdList":[{"GroupId":"b"}]}`
	n := &network{answers: []string{answer}}
	got, err := n.on(t).GetAppIDGroupList(t.Context(), nil)
	if err != nil || got.TotalCount != 3 || got.Next != 7 || len(got.GroupIDList) != 1 || got.GroupIDList[0].GroupID != "b" {
		t.Errorf("read %+v, %v", got, err)
	}
	n.answers = []string{`{"ErrorCode":"10010","ErrorInfo":"no"}`}
	if _, err := n.on(t).GetAppIDGroupList(t.Context(), nil); client.CodeOf(err) != 10010 {
		t.Errorf("read %v", err)
	}
	n.answers = []string{`{"ErrorCode":0,"TotalCount":"many"}`}
	if _, err := n.on(t).GetAppIDGroupList(t.Context(), nil); err == nil || len(n.seen) != 3 {
		t.Errorf("%d calls, %v", len(n.seen), err)
	}
}

// Whatever comes in place of an answer is an error or is read, and nothing panics.
func TestAnyAnswerIsReadOrRefused(t *testing.T) {
	value := rapid.OneOf(
		rapid.SampledFrom([]string{"null", "0", "1", `"1"`, `"x"`, "[]", "{}", "[null]", "[[]]", "-1", "1e400", "18446744073709551616", `""`, "true"}),
	)
	rapid.Check(t, func(t *rapid.T) {
		answer := "{"
		for _, field := range []string{"ErrorCode", "ErrorInfo", "GroupId", "IsFinished", "RspMsgList"} {
			answer += `"` + field + `":` + value.Draw(t, field) + ","
		}
		body := value.Draw(t, "MsgBody")
		answer += `"RspMsgList":[{"MsgBody":` + body + `,"MsgSeq":` + value.Draw(t, "MsgSeq") + `}]}`
		n := &network{answers: []string{answer}}
		c := n.on(t).WithRetry(client.Retry{Attempts: 1})
		for _, err := range c.History(t.Context(), &client.GroupMsgGetSimpleRequest{GroupID: "g"}) {
			if err != nil || len(n.seen) > 3 {
				break
			}
		}
	})
}
