package api_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/internal/testengine"
	"pgregory.net/rapid"
)

// portrait_set and portrait_get (spec 07 section 3).

func (a *app) profile(command, format string, args ...any) apitest.Answer {
	a.t.Helper()
	return a.Call(a.t, "profile", command, fmt.Sprintf(format, args...))
}

// set sets fields of ann's profile; items are tag, JSON value, tag, ...
func (a *app) set(items ...string) apitest.Answer {
	a.t.Helper()
	var list []string
	for i := 0; i < len(items); i += 2 {
		list = append(list, fmt.Sprintf(`{"Tag":%q,"Value":%s}`, items[i], items[i+1]))
	}
	return a.profile("portrait_set", `{"From_Account":"ann","ProfileItem":[%s]}`, strings.Join(list, ","))
}

const profileOK = `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"ErrorDisplay":""}`

// standardTags are all fields of doc 33520.
var standardTags = []string{
	"Tag_Profile_IM_Nick", "Tag_Profile_IM_Gender", "Tag_Profile_IM_BirthDay", "Tag_Profile_IM_Location",
	"Tag_Profile_IM_SelfSignature", "Tag_Profile_IM_AllowType", "Tag_Profile_IM_Language", "Tag_Profile_IM_Image",
	"Tag_Profile_IM_MsgSettings", "Tag_Profile_IM_AdminForbidType", "Tag_Profile_IM_Level", "Tag_Profile_IM_Role",
}

// stored are the fields of ann's profile that have a value, as JSON by tag.
func (a *app) stored(more ...string) map[string]string {
	a.t.Helper()
	return a.storedOf("ann", more...)
}

func (a *app) storedOf(account string, more ...string) map[string]string {
	a.t.Helper()
	tags, err := json.Marshal(append(slices.Clone(standardTags), more...))
	if err != nil {
		a.t.Fatal(err)
	}
	var answer struct {
		Profiles []struct {
			Items []struct {
				Tag   string
				Value any
			} `json:"ProfileItem"`
		} `json:"UserProfileItem"`
	}
	a.profile("portrait_get", `{"To_Account":[%q],"TagList":%s}`, account, tags).MustOK(a.t).Decode(a.t, &answer)
	fields := map[string]string{}
	for _, item := range answer.Profiles[0].Items {
		value, err := json.Marshal(item.Value)
		if err != nil {
			a.t.Fatal(err)
		}
		fields[item.Tag] = string(value)
	}
	return fields
}

// unset is what a profile holds that nothing was ever set in.
var unset = map[string]string{
	"Tag_Profile_IM_AllowType": `"AllowType_Type_AllowAny"`, "Tag_Profile_IM_AdminForbidType": `"AdminForbid_Type_None"`,
}

func (a *app) wantStored(want map[string]string, more ...string) {
	a.t.Helper()
	all := maps.Clone(unset)
	maps.Copy(all, want)
	if got := a.stored(more...); !maps.Equal(got, all) {
		a.t.Fatalf("the profile is %v, want %v", got, all)
	}
}

func TestProfileAnswersOfThePages(t *testing.T) {
	a := newApp(t)
	a.accounts("mira")
	a.profile("portrait_set", `{"From_Account":"mira","ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":"Mira"},{"Tag":"Tag_Profile_IM_Gender","Value":"Gender_Type_Female"},{"Tag":"Tag_Profile_IM_Level","Value":3}]}`).
		WantJSON(t, profileOK)
	a.profile("portrait_get", `{"To_Account":["mira","ghost"],"TagList":["Tag_Profile_IM_Nick","Tag_Profile_IM_Level"]}`).
		WantJSON(t, `{"UserProfileItem":[{"To_Account":"mira","ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":"Mira"},{"Tag":"Tag_Profile_IM_Level","Value":3}],"ResultCode":0,"ResultInfo":""},{"To_Account":"ghost","ResultCode":40003,"ResultInfo":"Err_Profile_Invalid_Account"}],"Fail_Account":["ghost"],"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","ErrorDisplay":""}`)
	// One per account that is asked for, in that order, also where none exists or nothing is set.
	a.profile("portrait_get", `{"To_Account":["ghost","mira","","mira","ghost"],"TagList":["Tag_Profile_IM_Role","Tag_Profile_IM_Role"]}`).
		WantJSON(t, `{"UserProfileItem":[{"To_Account":"ghost","ResultCode":40003,"ResultInfo":"Err_Profile_Invalid_Account"},{"To_Account":"mira","ProfileItem":[],"ResultCode":0,"ResultInfo":""},{"To_Account":"","ResultCode":40003,"ResultInfo":"Err_Profile_Invalid_Account"},{"To_Account":"mira","ProfileItem":[],"ResultCode":0,"ResultInfo":""},{"To_Account":"ghost","ResultCode":40003,"ResultInfo":"Err_Profile_Invalid_Account"}],"Fail_Account":["ghost","","ghost"],"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","ErrorDisplay":""}`)
	a.profile("portrait_get", `{"To_Account":["mira"],"TagList":["Tag_Profile_IM_Level","Tag_Profile_IM_Nick","Tag_Profile_IM_Level"]}`).
		WantJSON(t, `{"UserProfileItem":[{"To_Account":"mira","ProfileItem":[{"Tag":"Tag_Profile_IM_Level","Value":3},{"Tag":"Tag_Profile_IM_Nick","Value":"Mira"}],"ResultCode":0,"ResultInfo":""}],"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","ErrorDisplay":""}`)
	a.profile("portrait_set", `{"From_Account":"ghost","ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":"x"}]}`).
		WantJSON(t, `{"ActionStatus":"FAIL","ErrorInfo":"Err_Profile_Invalid_Account","ErrorCode":40003,"ErrorDisplay":""}`)
}

func TestProfileValues(t *testing.T) {
	text := func(n int) string { return `"` + strings.Repeat("x", n) + `"` }
	const umlauts = `"ää"`
	for _, c := range []struct {
		tag, value string
		code       int
	}{
		{"Tag_Profile_IM_Nick", text(500), 0},
		{"Tag_Profile_IM_Nick", text(501), 40601},
		{"Tag_Profile_IM_Nick", `"` + strings.Repeat("ä", 251) + `"`, 40601},
		{"Tag_Profile_IM_Nick", umlauts, 0},
		{"Tag_Profile_IM_Nick", `""`, 0},
		{"Tag_Profile_IM_Nick", `7`, 40610},
		{"Tag_Profile_IM_Nick", `true`, 40610},
		{"Tag_Profile_IM_Nick", `{}`, 40610},
		{"Tag_Profile_IM_Nick", `["x"]`, 40610},
		{"Tag_Profile_IM_Image", text(500), 0},
		{"Tag_Profile_IM_Image", text(501), 40601},
		{"Tag_Profile_IM_Location", text(500), 0},
		{"Tag_Profile_IM_Location", text(501), 40601},
		{"Tag_Profile_IM_Location", `16`, 40610},
		{"Tag_Profile_IM_SelfSignature", text(500), 0},
		{"Tag_Profile_IM_SelfSignature", text(501), 40601},
		{"Tag_Profile_IM_SelfSignature", "\"\\u0000\\\"\\u2028\"", 0},
		{"Tag_Profile_IM_Gender", `"Gender_Type_Unknown"`, 0},
		{"Tag_Profile_IM_Gender", `"Gender_Type_Female"`, 0},
		{"Tag_Profile_IM_Gender", `"Gender_Type_Male"`, 0},
		{"Tag_Profile_IM_Gender", `"x"`, 40605},
		{"Tag_Profile_IM_Gender", `""`, 40605},
		{"Tag_Profile_IM_Gender", `"gender_type_male"`, 40605},
		{"Tag_Profile_IM_Gender", `"AllowType_Type_AllowAny"`, 40605},
		{"Tag_Profile_IM_Gender", `1`, 40610},
		{"Tag_Profile_IM_AllowType", `"AllowType_Type_NeedConfirm"`, 0},
		{"Tag_Profile_IM_AllowType", `"AllowType_Type_AllowAny"`, 0},
		{"Tag_Profile_IM_AllowType", `"AllowType_Type_DenyAny"`, 0},
		{"Tag_Profile_IM_AllowType", `"x"`, 40605},
		{"Tag_Profile_IM_AdminForbidType", `"AdminForbid_Type_None"`, 0},
		{"Tag_Profile_IM_AdminForbidType", `"AdminForbid_Type_SendOut"`, 0},
		{"Tag_Profile_IM_AdminForbidType", `"x"`, 40605},
		{"Tag_Profile_IM_BirthDay", `20190419`, 0},
		{"Tag_Profile_IM_Language", `0`, 0},
		{"Tag_Profile_IM_MsgSettings", `1`, 0},
		{"Tag_Profile_IM_Role", `1e3`, 0},
		{"Tag_Profile_IM_Level", `4294967295`, 0},
		{"Tag_Profile_IM_Level", `4294967296`, 40610},
		{"Tag_Profile_IM_Level", `-1`, 40610},
		{"Tag_Profile_IM_Level", `1.5`, 40610},
		{"Tag_Profile_IM_Level", `"5"`, 40610},
		{"Tag_Profile_IM_Level", `null`, 40001},
		{"Tag_Profile_IM_Nobody", `"x"`, 40009},
		{"tag_Profile_IM_Nick", `"x"`, 40009},
		{"", `"x"`, 40001},
		{"Tag_Profile_Custom_abcdefgH", text(500), 0},
		{"Tag_Profile_Custom_a", text(501), 40601},
		{"Tag_Profile_Custom_a", `5`, 40610},
		{"Tag_Profile_Custom_", `"x"`, 40009},
		{"Tag_Profile_Custom_abcdefghi", `"x"`, 40009},
		{"Tag_Profile_Custom_a1", `"x"`, 40009},
		{"Tag_Profile_Custom_a_b", `"x"`, 40009},
		{"Tag_Profile_Custom_ä", `"x"`, 40009},
	} {
		t.Run(c.tag+" "+c.value[:min(len(c.value), 20)], func(t *testing.T) {
			a := newApp(t)
			a.accounts("ann")
			// One bad item, and nothing is stored.
			got := a.set("Tag_Profile_IM_Role", "8", c.tag, c.value).WantCode(t, c.code)
			if c.code != 0 {
				if !strings.HasPrefix(got.Info, "ProfileItem[1]") {
					t.Errorf("ErrorInfo is %q", got.Info)
				}
				a.wantStored(nil)
				return
			}
			a.Restart(t)
			want := c.value
			if c.value == "1e3" {
				want = "1000"
			}
			var value any
			if err := json.Unmarshal([]byte(want), &value); err != nil {
				t.Fatal(err)
			}
			encoded, _ := json.Marshal(value)
			expected := map[string]string{"Tag_Profile_IM_Role": "8", c.tag: string(encoded)}
			if strings.HasPrefix(c.tag, "Tag_Profile_Custom_") {
				a.wantStored(expected, c.tag)
			} else {
				a.wantStored(expected)
			}
		})
	}
}

func TestProfileOfALenientServerTakesNumbersAsText(t *testing.T) {
	a := newApp(t, func(o *apitest.Options) { o.Application.LenientNumbers = true })
	a.accounts("ann")
	a.set("Tag_Profile_IM_Level", `"5"`, "Tag_Profile_IM_Nick", `"7"`).MustOK(t)
	a.wantStored(map[string]string{"Tag_Profile_IM_Level": "5", "Tag_Profile_IM_Nick": `"7"`})
	a.set("Tag_Profile_IM_Level", `"x"`).WantCode(t, 40610)
	a.set("Tag_Profile_IM_Level", `"4294967296"`).WantCode(t, 40610)
	a.set("Tag_Profile_IM_Nick", `7`).WantCode(t, 40610)
}

func TestProfileCommandsCheckTheirForm(t *testing.T) {
	a := newApp(t)
	a.accounts("ann")
	list := func(n int, text string) string { return strings.TrimSuffix(strings.Repeat(text+",", n), ",") }
	item := `[{"Tag":"Tag_Profile_IM_Nick","Value":"x"}]`
	nick := `["Tag_Profile_IM_Nick"]`
	for _, c := range []struct {
		command, body string
		code          int
	}{
		{"portrait_set", `{"ProfileItem":` + item + `}`, 40001},
		{"portrait_set", `{"From_Account":"","ProfileItem":` + item + `}`, 40001},
		{"portrait_set", `{"From_Account":5,"ProfileItem":` + item + `}`, 60015},
		{"portrait_set", `{"From_Account":"ann"}`, 40001},
		{"portrait_set", `{"From_Account":"ann","ProfileItem":[]}`, 40001},
		{"portrait_set", `{"From_Account":"ann","ProfileItem":{}}`, 40001},
		{"portrait_set", `{"From_Account":"ann","ProfileItem":[{"Tag":"Tag_Profile_IM_Nick"}]}`, 40001},
		{"portrait_set", `{"From_Account":"ann","ProfileItem":[{"Value":"x"}]}`, 40001},
		{"portrait_set", `{"From_Account":"ann","ProfileItem":[{"Tag":7,"Value":"x"}]}`, 40001},
		{"portrait_set", `{"From_Account":"ann","ProfileItem":["x"]}`, 40001},
		{"portrait_set", `{"From_Account":"ann ` + `","ProfileItem":` + item + `}`, 40003},
		{"portrait_set", `{"From_Account":"ghost","ProfileItem":` + item + `}`, 40003},
		{"portrait_set", `{"From_Account":"ghost","ProfileItem":[{"Tag":"x","Value":"x"}]}`, 40009},
		{"portrait_set", `{"From_Account":"ann","ProfileItem":[{"Tag":"x","Value":"x"},{"Tag":"x"}]}`, 40001},
		{"portrait_set", `x`, 60003},
		{"portrait_get", `{"TagList":` + nick + `}`, 40002},
		{"portrait_get", `{"To_Account":[],"TagList":` + nick + `}`, 40002},
		{"portrait_get", `{}`, 40002},
		{"portrait_get", `{"To_Account":"ann","TagList":` + nick + `}`, 40001},
		{"portrait_get", `{"To_Account":[1],"TagList":` + nick + `}`, 60015},
		{"portrait_get", `{"To_Account":["ann"]}`, 40001},
		{"portrait_get", `{"To_Account":["ann"],"TagList":[]}`, 40001},
		{"portrait_get", `{"To_Account":["ann"],"TagList":"x"}`, 40001},
		{"portrait_get", `{"To_Account":["ann"],"TagList":[1]}`, 40001},
		{"portrait_get", `{"To_Account":["ann"],"TagList":["x"]}`, 40009},
		{"portrait_get", `{"To_Account":["ghost"],"TagList":["x"]}`, 40009},
		{"portrait_get", `{"To_Account":["ghost"],"TagList":` + nick + `}`, 0},
		{"portrait_get", `{"To_Account":[` + list(100, `"ann"`) + `],"TagList":` + nick + `}`, 0},
		{"portrait_get", `{"To_Account":[` + list(101, `"ann"`) + `],"TagList":` + nick + `}`, 40001},
		{"portrait_get", `{"To_Account":["ann"],"TagList":[` + list(2000, nick[1:len(nick)-1]) + `]}`, 0},
	} {
		a.profile(c.command, "%s", c.body).WantCode(t, c.code)
	}
	a.wantStored(nil)
}

func TestProfileHasWhatImportsSet(t *testing.T) {
	a := newApp(t)
	a.login("account_import", `{"UserID":"ann","Nick":"Ann","FaceUrl":"a.png"}`).MustOK(t)
	a.wantStored(map[string]string{"Tag_Profile_IM_Nick": `"Ann"`, "Tag_Profile_IM_Image": `"a.png"`})
	a.set("Tag_Profile_IM_Nick", `""`, "Tag_Profile_IM_Level", "1").MustOK(t)
	a.login("account_import", `{"UserID":"ann","Nick":"","FaceUrl":"b.png"}`).MustOK(t)
	a.wantStored(map[string]string{"Tag_Profile_IM_Nick": `""`, "Tag_Profile_IM_Image": `"b.png"`, "Tag_Profile_IM_Level": "1"})
	a.login("multiaccount_import", `{"AccountList":[{"UserID":"ann","Nick":"Annie"}]}`).MustOK(t)
	a.wantStored(map[string]string{"Tag_Profile_IM_Nick": `"Annie"`, "Tag_Profile_IM_Image": `"b.png"`, "Tag_Profile_IM_Level": "1"})
}

func TestProfileGoesWithTheAccount(t *testing.T) {
	a := newApp(t)
	a.accounts("ann")
	a.set("Tag_Profile_IM_Nick", `"Ann"`, "Tag_Profile_Custom_a", `"x"`).MustOK(t)
	a.login("account_delete", `{"DeleteItem":[{"UserID":"ann"}]}`).MustOK(t)
	a.set("Tag_Profile_IM_Nick", `"Ann"`).WantCode(t, 40003)
	if got := a.status("ann"); got != "NotImported" {
		t.Errorf("ann is %s", got)
	}
	a.accounts("ann")
	a.wantStored(nil, "Tag_Profile_Custom_a")
}

// An administrator of the application has a profile without an import, also
// where no more accounts may be imported.
func TestProfileOfAnAdministrator(t *testing.T) {
	a := newApp(t, withModerator, func(o *apitest.Options) { o.Settings.MaxAccounts = 1 })
	a.accounts("ann")
	a.login("account_import", `{"UserID":"bob"}`).WantCode(t, 70398)
	if got := a.storedOf("mod"); !maps.Equal(got, unset) {
		t.Errorf("the profile is %v", got)
	}
	a.profile("portrait_set", `{"From_Account":"mod","ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":"M."}]}`).MustOK(t)
	a.login("account_import", `{"UserID":%q,"FaceUrl":"a.png"}`, apitest.Admin).MustOK(t)
	a.Restart(t)
	if got := a.storedOf("mod")["Tag_Profile_IM_Nick"]; got != `"M."` {
		t.Errorf("the nickname is %s", got)
	}
}

func TestCustomProfileFieldsCanBeDeclared(t *testing.T) {
	a := newApp(t, func(o *apitest.Options) { o.Settings.CustomProfileFields = []string{"hobby"} })
	a.accounts("ann")
	a.set("Tag_Profile_Custom_hobby", `"chess"`).MustOK(t)
	a.set("Tag_Profile_Custom_other", `"x"`).WantCode(t, 40009)
	a.profile("portrait_get", `{"To_Account":["ann"],"TagList":["Tag_Profile_Custom_other"]}`).WantCode(t, 40009)
	a.wantStored(map[string]string{"Tag_Profile_Custom_hobby": `"chess"`}, "Tag_Profile_Custom_hobby")
}

func TestUndeclaredCustomProfileFieldsAreTwentyAtMost(t *testing.T) {
	a := newApp(t)
	a.accounts("ann")
	custom := func(i int) string { return fmt.Sprintf("Tag_Profile_Custom_%c", 'a'+i) }
	var items []string
	for i := range 20 {
		items = append(items, custom(i), `"x"`)
	}
	a.set(append(items, custom(20), `"x"`)...).WantCode(t, 40001)
	a.wantStored(nil, custom(0))
	a.set(items...).MustOK(t)
	a.set(custom(20), `"x"`).WantCode(t, 40001)
	a.set(custom(19), `"y"`, "Tag_Profile_IM_Nick", `"n"`, custom(19), `"z"`).MustOK(t)
	a.wantStored(map[string]string{custom(19): `"z"`, "Tag_Profile_IM_Nick": `"n"`}, custom(19))
}

// What was stored before the fields were declared stands in nobody's way, and
// neither does what was declared once.
func TestCustomProfileFieldsBeforeAndAfterTheirDeclaration(t *testing.T) {
	st := testengine.Open(t)
	open := newApp(t, func(o *apitest.Options) { o.Store = st })
	declared := newApp(t, func(o *apitest.Options) { o.Store, o.Settings.CustomProfileFields = st, []string{"hobby"} })
	open.accounts("ann")
	for i := range 20 {
		open.set(fmt.Sprintf("Tag_Profile_Custom_%c", 'a'+i), `"x"`).MustOK(t)
	}
	declared.set("Tag_Profile_Custom_hobby", `"chess"`).MustOK(t)
	open.set("Tag_Profile_Custom_a", `"y"`).MustOK(t)
	open.wantStored(map[string]string{"Tag_Profile_Custom_hobby": `"chess"`, "Tag_Profile_Custom_a": `"y"`}, "Tag_Profile_Custom_hobby", "Tag_Profile_Custom_a")
	open.set("Tag_Profile_Custom_z", `"x"`).WantCode(t, 40001)
}

func TestProfileRefusesRefusedWords(t *testing.T) {
	a := newApp(t, func(o *apitest.Options) { o.Settings.RefusedWords = []string{"spam"} })
	a.accounts("ann")
	a.set("Tag_Profile_IM_SelfSignature", `"buy spam"`).WantCode(t, 40005)
	a.set("Tag_Profile_Custom_a", `"spam"`).WantCode(t, 40005)
	a.wantStored(nil)
}

// A profile is a map: what was set last is there, and nothing else.
func TestProfileKeepsToItsModel(t *testing.T) {
	a := newApp(t)
	runs := 0
	tags := append(slices.Clone(standardTags), "Tag_Profile_Custom_a", "Tag_Profile_Custom_b")
	values := []string{`"Gender_Type_Male"`, `"AllowType_Type_DenyAny"`, `"AdminForbid_Type_SendOut"`, `""`, `"x"`, `7`, `0`}
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		account := fmt.Sprint("user-", runs)
		a.accounts(account)
		model := maps.Clone(unset)
		for range rapid.IntRange(1, 5).Draw(rt, "calls") {
			next := maps.Clone(model)
			var list []string
			good := true
			for range rapid.IntRange(1, 4).Draw(rt, "items") {
				tag, value := rapid.SampledFrom(tags).Draw(rt, "tag"), rapid.SampledFrom(values).Draw(rt, "value")
				list = append(list, fmt.Sprintf(`{"Tag":%q,"Value":%s}`, tag, value))
				good = good && profileTakes(tag, value)
				next[tag] = value
			}
			got := a.profile("portrait_set", `{"From_Account":%q,"ProfileItem":[%s]}`, account, strings.Join(list, ","))
			if (got.Code == 0) != good {
				rt.Fatalf("%v answers %s", list, got.Raw)
			}
			if good {
				model = next
			}
			if stored := a.storedOf(account, tags[len(standardTags):]...); !maps.Equal(stored, model) {
				rt.Fatalf("the profile is %v, want %v", stored, model)
			}
		}
	})
}

// profileTakes reports whether a field takes one of the model's values.
func profileTakes(tag, value string) bool {
	text := value[0] == '"'
	switch tag[strings.LastIndexByte(tag, '_')+1:] {
	case "BirthDay", "Language", "MsgSettings", "Level", "Role":
		return !text
	case "Gender":
		return value == `"Gender_Type_Male"`
	case "AllowType":
		return value == `"AllowType_Type_DenyAny"`
	case "AdminForbidType":
		return value == `"AdminForbid_Type_SendOut"`
	}
	return text
}
