package api_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/chat"
	"pgregory.net/rapid"
)

// Custom attributes of groups (spec 05 section 3).

const okOnly = `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`

// attrs are the group's attributes as "key=value" texts.
func (r *room) attrs() string {
	r.t.Helper()
	var got struct {
		Attributes []struct {
			Key   string `json:"key"`
			Value string `json:"value"`
		} `json:"GroupAttrAry"`
	}
	r.srv.Call(r.t, "group_open_attr_http_svc", "get_group_attr", fmt.Sprintf(`{"GroupId":%q}`, r.group)).MustOK(r.t).Decode(r.t, &got)
	texts := make([]string, len(got.Attributes))
	for i, a := range got.Attributes {
		texts[i] = a.Key + "=" + a.Value
	}
	return strings.Join(texts, " ")
}

// attr calls a command on the group's attributes; fields stand beside GroupId.
func (r *room) attr(command, fields string) apitest.Answer {
	r.t.Helper()
	if fields != "" {
		fields = "," + fields
	}
	return r.call(command, `{"GroupId":%q%s}`, r.group, fields)
}

// items is a GroupAttr of "key=value" texts.
func items(texts ...string) string {
	list := make([]string, len(texts))
	for i, text := range texts {
		key, value, _ := strings.Cut(text, "=")
		list[i] = fmt.Sprintf(`{"key":%q,"value":%q}`, key, value)
	}
	return `"GroupAttr":[` + strings.Join(list, ",") + `]`
}

// numbered are n items, k0, k1 and so on, of values of some bytes.
func attrsOf(n, bytes int) string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf("k%d=%s", i, strings.Repeat("v", bytes))
	}
	return items(texts...)
}

func (r *room) wantAttrs(want string) {
	r.t.Helper()
	if got := r.attrs(); got != want {
		r.t.Errorf("attributes are %q, want %q", got, want)
	}
}

func TestAttributesAreSetChangedAndRemoved(t *testing.T) {
	for _, kind := range []string{"Private", "Public", "ChatRoom", "AVChatRoom", "Community"} {
		r := newRoom(t, kind)
		get := func() apitest.Answer { return r.attr("get_group_attr", "") }
		get().WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupAttrAry":[]}`)
		r.attr("set_group_attr", items("seat2=ivo", "seat1=mara")).WantJSON(t, okOnly)
		get().WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupAttrAry":[{"key":"seat1","value":"mara"},{"key":"seat2","value":"ivo"}]}`)
		r.attr("modify_group_attr", items("seat2=", "seat3=x")).WantJSON(t, okOnly)
		r.wantAttrs("seat1=mara seat2= seat3=x")
		r.attr("delete_group_attr", items("seat1", "seat3", "seat1")).WantJSON(t, okOnly)
		r.wantAttrs("seat2=")
		r.attr("set_group_attr", items("a=1")).WantJSON(t, okOnly)
		r.wantAttrs("a=1")
		if kind == "Community" {
			r.attr("clear_group_attr", "").WantCode(t, 10007)
			r.wantAttrs("a=1")
			continue
		}
		r.attr("clear_group_attr", "").WantJSON(t, okOnly)
		r.wantAttrs("")
		r.attr("clear_group_attr", "").WantJSON(t, okOnly)
	}
}

func TestAttributesOfBothSpellings(t *testing.T) {
	r := newRoom(t, "Public")
	r.attr("set_group_attr", `"GroupAttr":[{"Key":"a","Value":"1"},{"key":"b","Key":"x","value":"","Value":"y"},{"key":"c","Value":""}]`).MustOK(t)
	r.wantAttrs("a=1 b= c=")
	r.attr("delete_group_attr", `"GroupAttr":[{"Key":"a","value":5}]`).MustOK(t)
	r.wantAttrs("b= c=")
}

func TestTheLaterOfTwoAttributesOfOneKeyCounts(t *testing.T) {
	r := newRoom(t, "Public")
	r.attr("set_group_attr", items("a=1", "b=2", "a=3")).MustOK(t)
	r.wantAttrs("a=3 b=2")
}

func TestAttributesRefuseBadRequests(t *testing.T) {
	r := newRoom(t, "Public")
	gone := newRoomOn(t, r.srv, "Public")
	gone.call("destroy_group", `{"GroupId":%q}`, gone.group).MustOK(t)
	long := strings.Repeat("é", 16)
	for _, command := range []string{"get_group_attr", "set_group_attr", "modify_group_attr", "delete_group_attr", "clear_group_attr"} {
		given := "," + items("a=1")
		r.attr("set_group_attr", items("a=1")).MustOK(t)
		r.check("group_open_http_svc", command, []refusal{
			{"no GroupId", `{"x":1` + given + `}`, 10004},
			{"GroupId empty", `{"GroupId":""` + given + `}`, 10015},
			{"GroupId too long", `{"GroupId":"` + strings.Repeat("g", 49) + `"` + given + `}`, 10015},
			{"unknown group", `{"GroupId":"nobody"` + given + `}`, 10010},
			{"dismissed group", fmt.Sprintf(`{"GroupId":%q%s}`, gone.group, given), 10010},
			{"good", `{"GroupId":"$"` + given + `}`, 0},
			{"AttrMainSeq of another type", `{"GroupId":"$"` + given + `,"AttrMainSeq":"1"}`, 10004},
			{"AttrMainSeq negative", `{"GroupId":"$"` + given + `,"AttrMainSeq":-1}`, 10004},
		})
		if command == "get_group_attr" || command == "clear_group_attr" {
			continue
		}
		r.attr("set_group_attr", items("a=1", long+"=2")).MustOK(t)
		r.check("group_open_http_svc", command, []refusal{
			{"no GroupAttr", `{"GroupId":"$"}`, 10004},
			{"GroupAttr empty", `{"GroupId":"$","GroupAttr":[]}`, 10004},
			{"GroupAttr an object", `{"GroupId":"$","GroupAttr":{"key":"a","value":"1"}}`, 10004},
			{"an item null", `{"GroupId":"$","GroupAttr":[null]}`, 10004},
			{"no key", `{"GroupId":"$","GroupAttr":[{"value":"1"}]}`, 10004},
			{"key empty", `{"GroupId":"$","GroupAttr":[{"key":"","value":"1"}]}`, 10004},
			{"key a number", `{"GroupId":"$","GroupAttr":[{"key":1,"value":"1"}]}`, 10004},
			{"key of 33 bytes", `{"GroupId":"$",` + items(long+"x=1") + `}`, 10045},
			{"key of 32 bytes", `{"GroupId":"$",` + items(long+"=1") + `}`, 0},
		})
		if command == "delete_group_attr" {
			continue
		}
		r.check("group_open_http_svc", command, []refusal{
			{"no value", `{"GroupId":"$","GroupAttr":[{"key":"a"}]}`, 10004},
			{"value a number", `{"GroupId":"$","GroupAttr":[{"key":"a","value":1}]}`, 10004},
			{"value of 4,001 bytes", `{"GroupId":"$",` + items("a="+strings.Repeat("é", 2000)+"x") + `}`, 10046},
			{"value of 4,000 bytes", `{"GroupId":"$",` + items("a="+strings.Repeat("é", 2000)) + `}`, 0},
			{"17 items of one key", `{"GroupId":"$","GroupAttr":[` + strings.Repeat(`{"key":"a","value":"1"},`, 16) + `{"key":"a","value":"1"}]}`, 10004},
			{"16 items of one key", `{"GroupId":"$","GroupAttr":[` + strings.Repeat(`{"key":"a","value":"1"},`, 15) + `{"key":"a","value":"1"}]}`, 0},
		})
		r.attr("clear_group_attr", "").MustOK(t)
		for fields, code := range map[string]int{
			attrsOf(16, 1): 0, attrsOf(17, 1): 10047,
			attrsOf(16, 1000): 0, attrsOf(16, 1001): 10048,
		} {
			r.attr(command, fields).WantCode(t, code)
		}
	}
}

func TestAttributeLimitsCountWhatIsThereOnlyForModify(t *testing.T) {
	r := newRoom(t, "Public")
	r.attr("set_group_attr", attrsOf(16, 10)).MustOK(t)
	r.attr("modify_group_attr", items("new=1")).WantCode(t, 10047)
	r.attr("modify_group_attr", items("k15=other")).MustOK(t)
	r.attr("set_group_attr", items("new=1")).MustOK(t)
	r.attr("set_group_attr", attrsOf(4, 4000)).MustOK(t)
	r.attr("modify_group_attr", items("new=1")).WantCode(t, 10048)
	r.attr("modify_group_attr", items("k0=", "new=1")).MustOK(t)
}

func TestDeletingAnAttributeThatIsNotThereDeletesNothing(t *testing.T) {
	r := newRoom(t, "Public")
	r.attr("set_group_attr", items("a=1", "b=2")).MustOK(t)
	got := r.attr("delete_group_attr", items("a", "c")).WantCode(t, 10050)
	if !strings.Contains(got.Info, `"c"`) {
		t.Errorf("%q does not name the attribute", got.Info)
	}
	r.wantAttrs("a=1 b=2")
}

func TestAttributesStayOutOfTheProfileAndEndWithTheGroup(t *testing.T) {
	r := newRoom(t, "Private", "ann")
	info, last := r.groupTimes()
	r.srv.Clock.Advance(minute)
	r.attr("set_group_attr", items("a=1")).MustOK(t)
	if i, l := r.groupTimes(); i != info || l != last {
		t.Errorf("InfoSeq and LastInfoTime moved from %d, %d to %d, %d", info, last, i, l)
	}
	if got := r.call("get_group_info", `{"GroupIdList":[%q]}`, r.group); strings.Contains(string(got.Raw), "GroupAttr") {
		t.Errorf("get_group_info shows attributes: %s", got.Raw)
	}
	r.call("change_group_owner", `{"GroupId":%q,"NewOwner_Account":"ann"}`, r.group).MustOK(t)
	r.remove("ann").MustOK(t)
	r.srv.Restart(t)
	r.wantAttrs("a=1")
	r.call("destroy_group", `{"GroupId":%q}`, r.group).MustOK(t)
	r.call("create_group", `{"Type":"Public","Name":"n","GroupId":%q}`, r.group).MustOK(t)
	r.attr("get_group_attr", `"AttrMainSeq":0`).WantJSON(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupAttrAry":[],"AttrMainSeq":0}`)
}

func TestAttributesWithConcurrencyControl(t *testing.T) {
	r := newRoom(t, "Public")
	ok := `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0`
	race := `"AttrControl":["RaceConflict"],`
	r.attr("set_group_attr", items("a=1", "b=1")).WantJSON(t, okOnly) // counted from the start
	r.attr("modify_group_attr", race+`"AttrMainSeq":0,`+items("b=2")).WantCode(t, 10056)
	r.attr("modify_group_attr", race+`"AttrMainSeq":2,`+items("b=2")).WantCode(t, 10056)
	r.attr("modify_group_attr", race+`"AttrMainSeq":1,"GroupAttr":[{"key":"c","value":"2","seq":0},{"key":"b","value":"2","seq":1}]`).
		WantJSON(t, ok+`,"AttrMainSeq":2,"GroupAttr":[{"key":"c","seq":2},{"key":"b","seq":2}]}`)
	r.attr("get_group_attr", `"AttrMainSeq":0`).
		WantJSON(t, ok+`,"AttrMainSeq":2,"GroupAttrAry":[{"key":"a","value":"1","seq":1},{"key":"b","value":"2","seq":2},{"key":"c","value":"2","seq":2}]}`)
	// What failed is not counted.
	r.attr("delete_group_attr", items("z")).WantCode(t, 10050)
	r.attr("delete_group_attr", race+`"AttrMainSeq":1,`+items("a")).WantCode(t, 10056)
	r.attr("delete_group_attr", race+`"AttrMainSeq":2,`+items("a")).WantJSON(t, ok+`,"AttrMainSeq":3,"GroupAttr":[]}`)
	// Without RaceConflict AttrMainSeq only asks for the new one.
	r.attr("set_group_attr", `"AttrMainSeq":0,"AttrControl":[],`+items("a=9")).WantJSON(t, ok+`,"AttrMainSeq":4,"GroupAttr":[{"key":"a","seq":4}]}`)
	r.attr("clear_group_attr", race+`"AttrMainSeq":3`).WantCode(t, 10056)
	r.attr("clear_group_attr", race+`"AttrMainSeq":4`).WantJSON(t, ok+`,"AttrMainSeq":5,"GroupAttr":[]}`)
	r.attr("clear_group_attr", "").WantJSON(t, okOnly)
	r.attr("set_group_attr", race+items("a=1")).WantCode(t, 10004)
	r.attr("set_group_attr", `"AttrMainSeq":6,"AttrControl":["Other"],`+items("a=1")).WantCode(t, 10004)
	r.attr("set_group_attr", `"AttrMainSeq":6,"AttrControl":"RaceConflict",`+items("a=1")).WantCode(t, 10004)
	r.wantAttrs("")
}

// Of writers that saw the same state one wins.
func TestOneOfConcurrentAttributeWritesWins(t *testing.T) {
	r := newRoom(t, "Public")
	const writers = 8
	var calls sync.WaitGroup
	codes := make([]int, writers)
	for i := range writers {
		calls.Go(func() {
			answer, err := r.srv.Try(t.Context(), "group_open_http_svc", "modify_group_attr",
				fmt.Sprintf(`{"GroupId":%q,"AttrMainSeq":0,"AttrControl":["RaceConflict"],%s}`, r.group, items(fmt.Sprintf("k%d=1", i))))
			if err != nil {
				t.Error(err)
			}
			codes[i] = answer.Code
		})
	}
	calls.Wait()
	slices.Sort(codes)
	if want := append([]int{0}, slices.Repeat([]int{10056}, writers-1)...); !slices.Equal(codes, want) {
		t.Errorf("codes are %v, want %v", codes, want)
	}
}

func TestAttributesAreASettingOfTypes(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.GroupAttributes = []chat.GroupType{chat.AVChatRoom} }, "Public")
	r.attr("get_group_attr", "").WantCode(t, 10007)
	r.attr("set_group_attr", items("a=1")).WantCode(t, 10007)
	newRoomOn(t, r.srv, "AVChatRoom").attr("set_group_attr", items("a=1")).MustOK(t)
	off := newRoomWith(t, func(o *apitest.Options) { o.Settings.Communities = false }, "Public")
	on, closed := twoServers(t, func(o *apitest.Options) { o.Settings.Communities = false })
	town := newRoomOn(t, on, "Community")
	town.srv = closed
	town.attr("set_group_attr", items("a=1")).WantCode(t, 11000)
	town.attr("get_group_attr", "").WantCode(t, 11000)
	off.attr("set_group_attr", items("a=1")).MustOK(t)
}

func TestAttributeWritesAreLimitedPerGroupAndSlidingSecond(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings = chat.HostedSettings() }, "Public")
	other := newRoomOn(t, r.srv, "Public")
	r.attr("delete_group_attr", items("a")).WantCode(t, 10050) // does not count
	for _, write := range []string{"set_group_attr", "modify_group_attr", "delete_group_attr", "clear_group_attr"} {
		fields := items("a=1")
		if write == "clear_group_attr" {
			fields = ""
		}
		r.attr(write, fields).MustOK(t)
	}
	r.srv.Clock.Advance(400 * time.Millisecond)
	r.attr("set_group_attr", items("a=1")).MustOK(t)
	for range 2 { // what was refused does not count either
		r.attr("set_group_attr", items("b=1")).WantCode(t, 10049)
	}
	r.attr("delete_group_attr", items("z")).WantCode(t, 10049)
	other.attr("set_group_attr", items("a=1")).MustOK(t)
	r.wantAttrs("a=1")
	r.srv.Restart(t)
	r.srv.Clock.Advance(599 * time.Millisecond)
	r.attr("set_group_attr", items("b=1")).WantCode(t, 10049)
	r.srv.Clock.Advance(time.Millisecond)
	for range 4 {
		r.attr("set_group_attr", items("b=1")).MustOK(t)
	}
	r.attr("set_group_attr", items("b=1")).WantCode(t, 10049)
	r.srv.Clock.Advance(-time.Hour) // a clock that is set back locks nobody out
	r.attr("set_group_attr", items("c=1")).MustOK(t)
}

func TestAttributeWritesAreNotLimitedByDefault(t *testing.T) {
	r := newRoom(t, "Public")
	for range 20 {
		r.attr("set_group_attr", items("a=1")).MustOK(t)
	}
}

// attributeModel is the rules of spec 05 section 3.1 in the plainest form.
type attributeModel map[string]string

func (m attributeModel) write(command string, given [][2]string) (attributeModel, int) {
	next := attributeModel{}
	if command == "modify_group_attr" || command == "delete_group_attr" {
		maps.Copy(next, m)
	}
	for _, g := range given {
		switch {
		case len(g[0]) > 32:
			return m, 10045
		case len(g[1]) > 4000 && command != "delete_group_attr":
			return m, 10046
		}
	}
	keys := map[string]bool{}
	for _, g := range given {
		keys[g[0]] = true
	}
	if command != "delete_group_attr" && len(given) > 16 && len(keys) <= 16 {
		return m, 10004
	}
	for _, g := range given {
		if command != "delete_group_attr" {
			next[g[0]] = g[1]
		} else if _, there := m[g[0]]; !there {
			return m, 10050
		} else {
			delete(next, g[0])
		}
	}
	size := 0
	for _, value := range next {
		size += len(value)
	}
	switch {
	case len(next) > 16:
		return m, 10047
	case size > 16000:
		return m, 10048
	}
	return next, 0
}

func TestAttributesKeepToTheModel(t *testing.T) {
	r := newRoom(t, "Public")
	rapid.Check(t, func(rt *rapid.T) {
		r.attr("clear_group_attr", "").MustOK(t)
		model := attributeModel{}
		for range rapid.IntRange(1, 12).Draw(rt, "writes") {
			command := rapid.SampledFrom([]string{"set_group_attr", "modify_group_attr", "modify_group_attr", "delete_group_attr"}).Draw(rt, "command")
			n := rapid.SampledFrom([]int{1, 2, 5, 15, 16, 17, 18}).Draw(rt, "items")
			given := make([][2]string, n)
			body := make([]map[string]string, n)
			for i := range given {
				key := rapid.OneOf(rapid.StringMatching(`[a-t]`), rapid.StringMatching(`[a-c]`), rapid.StringMatching(`é{16}y?`)).Draw(rt, "key")
				value := strings.Repeat("v", rapid.SampledFrom([]int{0, 1, 900, 1000, 1001, 3999, 4000, 4001}).Draw(rt, "bytes"))
				given[i], body[i] = [2]string{key, value}, map[string]string{"key": key, "value": value}
			}
			text, err := json.Marshal(body)
			if err != nil {
				rt.Fatal(err)
			}
			var want int
			model, want = model.write(command, given)
			if got := r.attr(command, `"GroupAttr":`+string(text)); got.Code != want {
				rt.Fatalf("%s %v: %s, want %d", command, given, got.Raw, want)
			}
			var texts []string
			for _, key := range slices.Sorted(maps.Keys(model)) {
				texts = append(texts, key+"="+model[key])
			}
			if got := r.attrs(); got != strings.Join(texts, " ") {
				rt.Fatalf("after %s: %q, want %q", command, got, texts)
			}
		}
	})
}
