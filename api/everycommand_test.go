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
	"github.com/recant-chat/recant/internal/testengine"
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

// Clients send null for what is not given, and cannot read it where a list is
// due (spec 00, "What real clients demand").
func TestEveryCommandTakesNullAsAbsentAndAnswersNone(t *testing.T) {
	a := newStoryApp(t)
	commands, teller := byName(), apitest.NewTeller(a.Server)
	for _, e := range api.Story() {
		c := commands[e.Command]
		var body map[string]jsontext.Value
		if err := json.Unmarshal([]byte(teller.Here(e.Request)), &body); err != nil {
			t.Fatal(err)
		}
		for _, f := range declaredFields(c.Request, c.Service, nil) {
			if name := f.path[0]; body[name] == nil {
				body[name] = jsontext.Value("null")
			}
		}
		body["Undeclared"] = jsontext.Value(`{"GroupId":null}`)
		answer := teller.Tell(t, e, body)
		var all any
		answer.Decode(t, &all)
		if way := findNull(all); way != "" {
			t.Errorf("%s: null at %s in %s", c.Name, way, answer.Raw)
		}
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
	st := testengine.Open(t)
	late := lateStore{st, &atomic.Int32{}}
	a := newStoryApp(t, func(o *apitest.Options) { o.Store, o.API.RequestTimeout = late, lateTimeout })
	teller := apitest.NewTeller(a.Server)
	for _, e := range api.Story() {
		for {
			late.commits.Store(0)
			a.Clock.Advance(time.Second)
			answer := a.Call(t, e.Service, e.Command, teller.Here(e.Request))
			if answer.Code != 60008 {
				teller.Heard(t, e, answer.MustOK(t))
				break
			}
			if n := late.commits.Load(); n > 0 {
				t.Fatalf("%s: 60008 after %d commits", e.Command, n)
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
