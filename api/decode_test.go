package api

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/chat"
)

// everything declares one field of each kind that a request may have.
type everything struct {
	paging
	GroupID  string           `json:"GroupId"`
	Name     *string          `json:"Name"`
	Flag     *bool            `json:"Flag"`
	Small    *int8            `json:"Small"`
	Seq      *uint32          `json:"Seq"`
	Big      *uint64          `json:"Big"`
	Signed   int64            `json:"Signed"`
	Ranged   *int             `json:"Ranged" range:"1..100"`
	Special  *int             `json:"Special" code:"90005"`
	MuteTime *uint32          `json:"MuteTime" older:"ShutUpTime,Shut"`
	MuteAll  *string          `json:"MuteAllMember" older:"ShutUpAllMember"`
	Sender   string           `json:"Sender_Account"`
	From     *AccountOrNumber `json:"From_Account"`
	To       []string         `json:"To_Account"`
	One      *[]string        `json:"One_Account" single:"true"`
	Members  []member         `json:"MemberList"`
	Plain    []plainMember    `json:"Plain"`
	Filter   *filter          `json:"Filter"`
	Seqs     []uint32         `json:"Seqs" range:"1..4294967295"`
	Value    TextOrNumber     `json:"Value"`
	Body     jsontext.Value   `json:"MsgBody"`
	Raws     []jsontext.Value `json:"Raws"`
}

type paging struct {
	Limit  *int `json:"Limit"`
	Offset int  `json:"Offset"`
}

type member struct {
	UserID string  `json:"UserID"`
	Role   *string `json:"Role"`
}

type plainMember struct {
	Account string `json:"Member_Account" plain:"true"`
	Since   *int   `json:"Since"`
}

type filter struct {
	Names []string `json:"Names"`
	Depth *filter2 `json:"Depth"`
}

type filter2 struct {
	N *int `json:"N"`
}

// decodeAs decodes a body for a command of a group service.
func decodeAs[T any](body string, lenient bool) (T, error) {
	var req T
	object, fault := checkObject([]byte(body))
	if fault != "" {
		return req, errors.New(fault)
	}
	err := shapeOf(reflect.TypeFor[T](), "group_open_http_svc").decode(object, &req, lenient, chat.CodeInvalid)
	return req, err
}

func ptr[T any](v T) *T { return &v }

func TestDecodeValues(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       everything
	}{
		{"nothing", `{}`, everything{}},
		{"a string", `{"GroupId":"g","Name":""}`, everything{GroupID: "g", Name: ptr("")}},
		{"escapes and U+0000", `{"GroupId":"a\u0000b\n\u00e9\ud83d\ude00"}`, everything{GroupID: "a\x00b\né😀"}},
		{"raw UTF-8", `{"GroupId":"管理员"}`, everything{GroupID: "管理员"}},
		{"booleans", `{"Flag":false}`, everything{Flag: ptr(false)}},
		{"integers", `{"Small":-128,"Seq":4294967295,"Big":18446744073709551615,"Signed":-9223372036854775808}`,
			everything{Small: ptr(int8(-128)), Seq: ptr(uint32(4294967295)), Big: ptr(uint64(18446744073709551615)), Signed: -9223372036854775808}},
		{"integers with a fraction or exponent", `{"Small":1.0,"Seq":1e3,"Big":9007199254740993.0}`,
			everything{Small: ptr(int8(1)), Seq: ptr(uint32(1000)), Big: ptr(uint64(9007199254740993))}},
		{"zero is not absent", `{"Seq":0,"Limit":0}`, everything{Seq: ptr(uint32(0)), paging: paging{Limit: ptr(0)}}},
		{"ends of a range", `{"Ranged":100,"Seqs":[1,4294967295]}`, everything{Ranged: ptr(100), Seqs: []uint32{1, 4294967295}}},
		{"embedded fields", `{"Limit":5,"Offset":7}`, everything{paging: paging{ptr(5), 7}}},
		{"null is absent", `{"GroupId":null,"Name":null,"Flag":null,"Seq":null,"Signed":null,"To_Account":null,"MemberList":null,"Filter":null,"MsgBody":null,"Value":null,"From_Account":null,"Sender_Account":null,"Raws":null}`, everything{}},
		{"null is absent at depth", `{"MemberList":[{"UserID":"a","Role":null}],"Filter":{"Names":null,"Depth":{"N":null}}}`,
			everything{Members: []member{{UserID: "a"}}, Filter: &filter{Depth: &filter2{}}}},
		{"empty list is not absent", `{"To_Account":[],"Seqs":[]}`, everything{To: []string{}, Seqs: []uint32{}}},
		{"an element in a list's place", `{"One_Account":"a"}`, everything{One: &[]string{"a"}}},
		{"a list where an element may stand", `{"One_Account":["a","b"]}`, everything{One: &[]string{"a", "b"}}},
		{"lists", `{"To_Account":["a","b"],"MemberList":[{"UserID":"a"},{"UserID":"b","Role":"Admin"}],"Seqs":[3,2]}`,
			everything{To: []string{"a", "b"}, Members: []member{{UserID: "a"}, {UserID: "b", Role: ptr("Admin")}}, Seqs: []uint32{3, 2}}},
		{"a string for an object", `{"Plain":["a\u0062",{"Member_Account":"c","Since":1},"",{}]}`,
			everything{Plain: []plainMember{{Account: "ab"}, {"c", ptr(1)}, {}, {}}}},
		{"unknown fields", `{"x":{"y":[1,{"GroupId":5}]},"MemberList":[{"z":null,"UserID":"a"}],"Filter":{"q":1}}`,
			everything{Members: []member{{UserID: "a"}}, Filter: &filter{}}},
		{"names match exactly", `{"groupid":"x","GROUPID":5,"GroupID":5,"seq":"x"}`, everything{}},
		{"escaped name", `{"\u0047roupId":"g"}`, everything{GroupID: "g"}},
		{"the last duplicate counts", `{"Seq":"x","GroupId":"a","Seq":5,"GroupId":"b"}`, everything{Seq: ptr(uint32(5)), GroupID: "b"}},
		{"a last null is absent", `{"Name":"a","Name":null}`, everything{}},
		{"duplicates do not merge", `{"Filter":{"Names":["a"],"Depth":{"N":1}},"Filter":{},"MemberList":[{"UserID":"a","Role":"x"}],"MemberList":[{"UserID":"b"}]}`,
			everything{Filter: &filter{}, Members: []member{{UserID: "b"}}}},
		{"older name", `{"ShutUpTime":5}`, everything{MuteTime: ptr(uint32(5))}},
		{"oldest name", `{"Shut":4}`, everything{MuteTime: ptr(uint32(4))}},
		{"the newer name wins", `{"MuteTime":6,"ShutUpTime":5}`, everything{MuteTime: ptr(uint32(6))}},
		{"the newer name wins in any order", `{"ShutUpTime":5,"MuteTime":0}`, everything{MuteTime: ptr(uint32(0))}},
		{"null under the newer name", `{"ShutUpTime":5,"MuteTime":null}`, everything{MuteTime: ptr(uint32(5))}},
		{"an empty enum under the newer name", `{"MuteAllMember":"","ShutUpAllMember":"On"}`, everything{MuteAll: ptr("On")}},
		{"an empty enum under the older name", `{"MuteAllMember":"Off","ShutUpAllMember":""}`, everything{MuteAll: ptr("Off")}},
		{"an empty enum under both names", `{"MuteAllMember":"","ShutUpAllMember":""}`, everything{}},
		{"account as a number where allowed", `{"From_Account":144115}`, everything{From: ptr(AccountOrNumber("144115"))}},
		{"text as a number where allowed", `{"Value":1e2}`, everything{Value: "100"}},
		{"raw bytes unchanged", "{\"MsgBody\": [ {\"a\" : 1.50e+01 , \"a\":\"\\u0041\\u0000\\/\" , \"To_Account\":5} ] ,\"Raws\":[ null , \"<&>\" ,{ } ]}",
			everything{Body: jsontext.Value("[ {\"a\" : 1.50e+01 , \"a\":\"\\u0041\\u0000\\/\" , \"To_Account\":5} ]"),
				Raws: []jsontext.Value{jsontext.Value("null"), jsontext.Value(`"<&>"`), jsontext.Value("{ }")}}},
		{"white space everywhere", " \t\r\n{ \"GroupId\" :\n\"g\" , \"Seqs\" : [ 1 ,\t2 ] } \n", everything{GroupID: "g", Seqs: []uint32{1, 2}}},
		{"brackets in strings", `{"x":"}]{[\\","GroupId":"\"}"}`, everything{GroupID: `"}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := decodeAs[everything](c.body, false)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %s\nwant %s", show(got), show(c.want))
			}
		})
	}
}

func show(v any) string {
	b, err := json.Marshal(v, jsontext.AllowDuplicateNames(true))
	return fmt.Sprintf("%s %v", b, err)
}

func TestDecodeFaults(t *testing.T) {
	const invalid, account = chat.CodeInvalid, codeAccountType
	for _, c := range []struct {
		name, body string
		code       chat.Code
		text       string // in the message
	}{
		{"number for a string", `{"GroupId":5}`, invalid, "GroupId must be a string, not a number"},
		{"string for an integer", `{"Seq":"5"}`, invalid, "Seq must be an integer, not a string"},
		{"fraction", `{"Seq":1.5}`, invalid, "Seq must be an integer"},
		{"over the type", `{"Seq":4294967296}`, invalid, "Seq must be an integer from 0 to 4294967295"},
		{"under the type", `{"Small":-129}`, invalid, "Small must be an integer from -128 to 127"},
		{"negative unsigned", `{"Seq":-1}`, invalid, "Seq"},
		{"over 64 bits", `{"Big":18446744073709551616}`, invalid, "Big"},
		{"int64 overflow", `{"Signed":9223372036854775808}`, invalid, "Signed"},
		{"int64 underflow", `{"Signed":-9223372036854775809}`, invalid, "Signed"},
		{"above the range", `{"Ranged":101}`, invalid, "Ranged must be an integer from 1 to 100"},
		{"below the range", `{"Ranged":0}`, invalid, "Ranged"},
		{"range of elements", `{"Seqs":[5,0]}`, invalid, "Seqs[1] must be an integer from 1 to 4294967295"},
		{"a code of its own", `{"Special":"x"}`, 90005, "Special"},
		{"a code of its own ends with its field", `{"Special":1,"Value":true}`, invalid, "Value"},
		{"number for a boolean", `{"Flag":1}`, invalid, "Flag must be true or false, not a number"},
		{"object for a list", `{"Seqs":{}}`, invalid, "Seqs must be an array, not an object"},
		{"array for an object", `{"Filter":[]}`, invalid, "Filter must be an object, not an array"},
		{"deep position", `{"Filter":{"Depth":{"N":true}}}`, invalid, "Filter.Depth.N must be an integer, not a boolean"},
		{"position in a list", `{"MemberList":[{"UserID":"a"},{"UserID":"b","Role":5}]}`, invalid, "MemberList[1].Role must be a string"},
		{"a string for another object", `{"MemberList":["a"]}`, invalid, "MemberList[0] must be an object, not a string"},
		{"neither string nor object", `{"Plain":["a",5]}`, invalid, "Plain[1] must be an object, not a number"},
		{"account of an object that may be a string", `{"Plain":[{"Member_Account":5}]}`, account, "body account invalid"},
		{"null element", `{"MemberList":[null]}`, invalid, "MemberList[0] must not be null"},
		{"null account element", `{"To_Account":["a",null]}`, invalid, "To_Account[1] must not be null"},
		{"custom value", `{"Value":true}`, invalid, "Value must be a string, not a boolean"},
		{"newer name of a wrong type", `{"MuteTime":"x","ShutUpTime":5}`, invalid, "MuteTime"},
		{"empty string for a number with an older name", `{"MuteTime":"","ShutUpTime":5}`, invalid, "MuteTime"},
		{"the name that was sent", `{"ShutUpTime":"x"}`, invalid, "ShutUpTime must be"},
		{"account as a number", `{"Sender_Account":5}`, account, "body account invalid"},
		{"account as a boolean", `{"Sender_Account":true}`, account, "body account invalid"},
		{"account as an object", `{"Sender_Account":{}}`, account, "body account invalid"},
		{"account as an array", `{"Sender_Account":["a"]}`, account, "body account invalid"},
		{"accounts as a number", `{"To_Account":5}`, account, "body account invalid"},
		{"a number in the place of accounts", `{"One_Account":5}`, account, "body account invalid"},
		{"accounts as an object", `{"To_Account":{}}`, account, "body account invalid"},
		{"accounts as a string", `{"To_Account":"a"}`, invalid, "To_Account must be an array, not a string"},
		{"account element", `{"To_Account":["a",5]}`, account, "body account invalid"},
		{"account in a list", `{"MemberList":[{"UserID":"a"},{"UserID":5}]}`, account, "body account invalid"},
		{"account that may be a number", `{"From_Account":true}`, account, "body account invalid"},
		{"accounts come before all else", `{"GroupId":5,"Seq":"x","MemberList":[{"Role":1},{"UserID":{}}]}`, account, "body account invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := decodeAs[everything](c.body, false)
			var refused *chat.Error
			if !errors.As(err, &refused) || refused.Code != c.code || !strings.Contains(refused.Message, c.text) {
				t.Fatalf("got %v, want %d with %q", err, c.code, c.text)
			}
		})
	}
}

func TestIdentifierIsAnAccountInTheAccountServiceOnly(t *testing.T) {
	type importRequest struct {
		UserID string `json:"UserID" older:"Identifier"`
	}
	type other struct {
		Identifier string `json:"Identifier"`
	}
	for _, c := range []struct {
		request any
		service string
		body    string
		code    chat.Code
	}{
		{&importRequest{}, "im_open_login_svc", `{"Identifier":5}`, codeAccountType},
		{&importRequest{}, "im_open_login_svc", `{"UserID":"a","Identifier":5}`, codeAccountType},
		{&importRequest{}, "im_open_login_svc", `{"UserID":"a","Identifier":"b"}`, 0},
		{&other{}, "im_open_login_svc", `{"Identifier":5}`, codeAccountType},
		{&other{}, "group_open_http_svc", `{"Identifier":5}`, chat.CodeInvalid},
	} {
		err := shapeOf(reflect.TypeOf(c.request).Elem(), c.service).decode(jsontext.Value(c.body), c.request, false, chat.CodeInvalid)
		if got := chat.CodeOf(err); got != c.code {
			t.Errorf("%s %T %s: got %d, want %d", c.service, c.request, c.body, got, c.code)
		}
		if r, ok := c.request.(*importRequest); ok && err == nil && r.UserID != "a" {
			t.Errorf("the older spelling won: %q", r.UserID)
		}
	}
}

func TestLenientNumbersAcceptStrings(t *testing.T) {
	got, err := decodeAs[everything](`{"Seq":"5","Seqs":["7",8],"Signed":"-3"}`, true)
	if err != nil || *got.Seq != 5 || got.Seqs[0] != 7 || got.Signed != -3 {
		t.Fatalf("got %s, %v", show(got), err)
	}
	for _, body := range []string{`{"Seq":"x"}`, `{"Seq":""}`, `{"Seq":" 5"}`, `{"Seq":"4294967296"}`, `{"Seq":true}`} {
		if _, err := decodeAs[everything](body, true); chat.CodeOf(err) != chat.CodeInvalid {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestCheckObject(t *testing.T) {
	for _, c := range []struct {
		name, body string
		ok         bool
	}{
		{"empty object", `{}`, true},
		{"byte order mark", "\ufeff{}", true},
		{"two byte order marks", "\ufeff\ufeff{}", false},
		{"empty", "", false},
		{"byte order mark alone", "\ufeff", false},
		{"white space", " \n", false},
		{"array", `[]`, false},
		{"null", `null`, false},
		{"string", `"{}"`, false},
		{"trailing bytes", `{}x`, false},
		{"second object", `{}{}`, false},
		{"trailing NUL", "{}\x00", false},
		{"trailing white space", "{} \r\n\t", true},
		{"line comment", "{}//x", false},
		{"comment", `{/*x*/}`, false},
		{"trailing comma", `{"a":1,}`, false},
		{"trailing comma in a list", `{"a":[1,]}`, false},
		{"single quotes", `{'a':1}`, false},
		{"bare name", `{a:1}`, false},
		{"leading zero", `{"a":01}`, false},
		{"plus", `{"a":+1}`, false},
		{"NaN", `{"a":NaN}`, false},
		{"cut", `{"a":`, false},
		{"control character in a string", "{\"a\":\"\n\"}", false},
		{"bad escape", `{"a":"\x"}`, false},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", false},
		{"overlong UTF-8", "{\"a\":\"\xc0\x80\"}", false},
		{"surrogate in UTF-8", "{\"a\":\"\xed\xa0\x80\"}", false},
		{"lone surrogate escape", `{"a":"\ud800"}`, false},
		{"surrogate pair", `{"a":"\ud83d\ude00"}`, true},
		{"escaped NUL", `{"a":"\u0000"}`, true},
		{"duplicates", `{"a":1,"a":2}`, true},
		{"compressed", "\x1f\x8b\x08\x00", false},
		{"nested 64 deep", nested(64), true},
		{"nested 65 deep", nested(65), false},
		{"nested a million deep", nested(500_000), false},
		{"brackets in a string", `{"a":"` + strings.Repeat("[", 100) + `"}`, true},
		{"brackets after an escaped quote", `{"a":"\"` + strings.Repeat("[", 100) + `"}`, true},
		{"wide, not deep", `{"a":[` + strings.Repeat("[],", 100) + `[]]}`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			object, fault := checkObject([]byte(c.body))
			if (fault == "") != c.ok {
				t.Fatalf("fault is %q, want ok %v", fault, c.ok)
			}
			if c.ok && !strings.HasPrefix(strings.TrimSpace(string(object)), "{") {
				t.Fatalf("object is %q", object)
			}
		})
	}
}

// nested is an object with depth containers, itself included.
func nested(depth int) string {
	return `{"a":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + "}"
}

func TestImpossibleRequestTypesPanic(t *testing.T) {
	for _, request := range []any{
		struct{ NoName string }{},
		struct {
			A string `json:"A"`
			B string `json:"B" older:"A"`
		}{},
		struct {
			F float64 `json:"F"`
		}{},
		struct {
			N int8 `json:"N" range:"0..300"`
		}{},
		struct {
			N int `json:"N" code:"x"`
		}{},
		"no struct",
	} {
		t.Run(fmt.Sprintf("%T", request), func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			shapeOf(reflect.TypeOf(request), "group_open_http_svc")
		})
	}
}

// FuzzDecode sends any bytes through the decoder. Whatever is accepted is valid
// JSON, gives the same request again, and keeps raw values as they were sent.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"GroupId":"g","Seq":1e3,"To_Account":["a"],"MemberList":[{"UserID":"a","Role":null}],"MsgBody":[ 1.0 ]}`))
	f.Add([]byte(`{"Filter":{"Depth":{"N":1}},"Filter":null,"ShutUpTime":"5","Value":1e2,"From_Account":7}`))
	f.Add([]byte("\ufeff{\"Raws\":[null,\"\\u0000\",{}],\"Flag\":true}"))
	f.Add([]byte(`{"a":"\ud800"}`))
	s := shapeOf(reflect.TypeFor[everything](), "group_open_http_svc")
	f.Fuzz(func(t *testing.T, body []byte) {
		sent := bytes.Clone(body)
		object, fault := checkObject(body)
		if fault != "" {
			return
		}
		var first, second, lenient everything
		err := s.decode(object, &first, false, chat.CodeInvalid)
		if !bytes.Equal(sent, body) {
			t.Fatal("the body was changed")
		}
		if again := s.decode(object, &second, false, chat.CodeInvalid); fmt.Sprint(again) != fmt.Sprint(err) || !reflect.DeepEqual(first, second) {
			t.Fatalf("%v, then %v", err, again)
		}
		if err != nil {
			if code := chat.CodeOf(err); code != chat.CodeInvalid && code != codeAccountType && code != 90005 {
				t.Fatalf("code %d", code)
			}
			return
		}
		if err := s.decode(object, &lenient, true, chat.CodeInvalid); err != nil || !reflect.DeepEqual(first, lenient) {
			t.Fatalf("lenient_numbers refuses or changes what is accepted without: %v", err)
		}
		for _, raw := range append([]jsontext.Value{first.Body}, first.Raws...) {
			if raw != nil && (!raw.IsValid(jsontext.AllowDuplicateNames(true)) || !bytes.Contains(sent, raw)) {
				t.Fatalf("raw value %q", raw)
			}
		}
		var known map[string]jsontext.Value
		if err := json.Unmarshal(object, &known, jsontext.AllowDuplicateNames(true)); err != nil {
			t.Fatalf("accepted, but %v", err)
		}
		if body, sent := first.Body, known["MsgBody"]; sent.Kind() != jsontext.KindNull && !bytes.Equal(body, sent) {
			t.Fatalf("MsgBody is %q, was %q", body, sent)
		}
	})
}
