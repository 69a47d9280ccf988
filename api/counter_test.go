package api_test

import (
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/recant-chat/recant/api/apitest"
	"pgregory.net/rapid"
)

// Counters of groups (spec 05 section 4).

// count changes counters of the group; items are "key:value" texts.
func (r *room) count(mode string, items ...string) apitest.Answer {
	r.t.Helper()
	if mode != "" {
		mode = fmt.Sprintf(`"Mode":%q,`, mode)
	}
	return r.call("update_group_counter", `{"GroupId":%q,%s"GroupCounter":[%s]}`, r.group, mode, counterItems(items...))
}

func counterItems(items ...string) string {
	list := make([]string, len(items))
	for i, item := range items {
		at := strings.LastIndex(item, ":")
		list[i] = fmt.Sprintf(`{"Key":%q,"Value":%s}`, item[:at], item[at+1:])
	}
	return strings.Join(list, ",")
}

// countersAre is an answer with counters.
func countersAre(items ...string) string {
	return `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupCounter":[` + counterItems(items...) + `]}`
}

// wantCounters compares all of the group's counters.
func (r *room) wantCounters(items ...string) {
	r.t.Helper()
	r.call("get_group_counter", `{"GroupId":%q}`, r.group).WantJSON(r.t, countersAre(items...))
}

func TestCountersAreSetCountedAndRemoved(t *testing.T) {
	for _, kind := range []string{"Private", "Public", "ChatRoom", "AVChatRoom"} {
		r := newRoom(t, kind)
		r.wantCounters()
		r.count("", "views:10", "likes:41").WantJSON(t, countersAre("views:10", "likes:41"))
		r.count("Increase", "likes:5", "new:-3").WantJSON(t, countersAre("likes:46", "new:-3"))
		r.count("Decrease", "likes:50", "gone:2").WantJSON(t, countersAre("likes:-4", "gone:-2"))
		r.count("Set", "views:0").WantJSON(t, countersAre("views:0"))
		r.wantCounters("gone:-2", "likes:-4", "new:-3", "views:0")
		for keys, want := range map[string]string{
			`["views","likes"]`:            countersAre("views:0", "likes:-4"),
			`["none","views","views"]`:     countersAre("views:0"),
			`["none"]`:                     countersAre(),
			`[]`:                           countersAre("gone:-2", "likes:-4", "new:-3", "views:0"),
			`null`:                         countersAre("gone:-2", "likes:-4", "new:-3", "views:0"),
			`["gone","likes","new","new"]`: countersAre("gone:-2", "likes:-4", "new:-3"),
		} {
			r.call("get_group_counter", `{"GroupId":%q,"GroupCounterKeys":%s}`, r.group, keys).WantJSON(t, want)
		}
		r.call("delete_group_counter", `{"GroupId":%q,"GroupCounterKeys":["likes","none"]}`, r.group).WantJSON(t, okOnly)
		r.wantCounters("gone:-2", "new:-3", "views:0")
		r.call("delete_group_counter", `{"GroupId":%q,"GroupCounterKeys":[]}`, r.group).WantJSON(t, okOnly)
		r.wantCounters()
		r.call("delete_group_counter", `{"GroupId":%q}`, r.group).WantJSON(t, okOnly)
	}
}

func TestCounterOfBothSpellings(t *testing.T) {
	r := newRoom(t, "Public")
	r.call("update_group_counter", `{"GroupId":%q,"GroupCounter":[{"key":"a","value":3},{"Key":"b","key":"x","Value":4,"value":5}]}`, r.group).
		WantJSON(t, countersAre("a:3", "b:4"))
}

func TestCountersRefuseBadRequests(t *testing.T) {
	r := newRoom(t, "Public")
	town := newRoomOn(t, r.srv, "Community")
	long := strings.Repeat("é", 64)
	r.count("", "a:1").MustOK(t)
	for command, given := range map[string]string{
		"get_group_counter": "", "delete_group_counter": `,"GroupCounterKeys":["none"]`,
		"update_group_counter": `,"GroupCounter":[{"Key":"a","Value":1}]`,
	} {
		r.check("group_open_http_svc", command, []refusal{
			{"no GroupId", `{"x":1` + given + `}`, 10004},
			{"GroupId empty", `{"GroupId":""` + given + `}`, 10015},
			{"GroupId too long", `{"GroupId":"` + strings.Repeat("g", 49) + `"` + given + `}`, 10015},
			{"unknown group", `{"GroupId":"nobody"` + given + `}`, 10010},
			{"good", `{"GroupId":"$"` + given + `}`, 0},
			{"a Community", fmt.Sprintf(`{"GroupId":%q%s}`, town.group, given), 10007},
		})
	}
	for _, command := range []string{"get_group_counter", "delete_group_counter"} {
		r.check("group_open_http_svc", command, []refusal{
			{"keys a string", `{"GroupId":"$","GroupCounterKeys":"a"}`, 10004},
			{"key a number", `{"GroupId":"$","GroupCounterKeys":[1]}`, 10004},
			{"key empty", `{"GroupId":"$","GroupCounterKeys":[""]}`, 10004},
			{"key of 129 bytes", `{"GroupId":"$","GroupCounterKeys":["` + long + `x"]}`, 10004},
			{"key of 128 bytes", `{"GroupId":"$","GroupCounterKeys":["` + long + `"]}`, 0},
		})
	}
	item := func(text string) string { return `{"GroupId":"$","GroupCounter":[` + text + `]}` }
	many := func(n int) string {
		return item(strings.Repeat(`{"Key":"a","Value":1},`, n-1) + `{"Key":"a","Value":1}`)
	}
	r.check("group_open_http_svc", "update_group_counter", []refusal{
		{"no GroupCounter", `{"GroupId":"$"}`, 10004},
		{"GroupCounter empty", `{"GroupId":"$","GroupCounter":[]}`, 10004},
		{"GroupCounter an object", `{"GroupId":"$","GroupCounter":{"Key":"a","Value":1}}`, 10004},
		{"no Key", item(`{"Value":1}`), 10004},
		{"Key empty", item(`{"Key":"","Value":1}`), 10004},
		{"Key of 129 bytes", item(`{"Key":"` + long + `x","Value":1}`), 10004},
		{"Key of 128 bytes", item(`{"Key":"` + long + `","Value":1}`), 0},
		{"no Value", item(`{"Key":"a"}`), 10004},
		{"Value a string", item(`{"Key":"a","Value":"1"}`), 10004},
		{"Value with a fraction", item(`{"Key":"a","Value":1.5}`), 10004},
		{"Value beyond 64 bits", item(`{"Key":"a","Value":9223372036854775808}`), 10004},
		{"Value below 64 bits", item(`{"Key":"a","Value":-9223372036854775809}`), 10004},
		{"Value 1e3", item(`{"Key":"a","Value":1e3}`), 0},
		{"20 items of one key", many(20), 0},
		{"21 items of one key", many(21), 10004},
		{"Mode unknown", `{"GroupId":"$","Mode":"Add","GroupCounter":[{"Key":"a","Value":1}]}`, 10004},
		{"Mode of another case", `{"GroupId":"$","Mode":"increase","GroupCounter":[{"Key":"a","Value":1}]}`, 10004},
		{"Mode empty", `{"GroupId":"$","Mode":"","GroupCounter":[{"Key":"a","Value":7}]}`, 0},
	})
	r.wantCounters("a:7", long+":1")
}

func TestAGroupHasTwentyCounters(t *testing.T) {
	r := newRoom(t, "Public")
	texts := make([]string, 21)
	for i := range texts {
		texts[i] = fmt.Sprintf("k%02d:%d", i, i)
	}
	r.count("", texts...).WantCode(t, 10063)
	r.wantCounters()
	r.count("Increase", texts[:19]...).MustOK(t)
	r.count("Increase", "k00:5", "x:1", "y:1").WantCode(t, 10063)
	r.wantCounters(texts[:19]...)
	r.count("Increase", texts[1:20]...).MustOK(t)
	r.count("", "z:1").WantCode(t, 10063)
	r.call("delete_group_counter", `{"GroupId":%q,"GroupCounterKeys":["k00"]}`, r.group).MustOK(t)
	r.count("", "z:1").MustOK(t)
}

// Values are exact to the last of 64 bits, and a result beyond them changes nothing.
func TestCountersAreExactAndNeverOverflow(t *testing.T) {
	r := newRoom(t, "Public")
	r.count("", "max:9223372036854775807", "min:-9223372036854775808", "odd:9007199254740993").
		WantJSON(t, countersAre("max:9223372036854775807", "min:-9223372036854775808", "odd:9007199254740993"))
	r.srv.Restart(t)
	for _, c := range []struct {
		mode  string
		items []string
	}{
		{"Increase", []string{"odd:1", "max:1"}}, {"Decrease", []string{"odd:1", "min:1"}},
		{"Increase", []string{"min:-1"}}, {"Decrease", []string{"max:-1"}}, {"Decrease", []string{"new:-9223372036854775808"}},
		{"Increase", []string{"max:1", "max:-1"}}, // one after the other
	} {
		got := r.count(c.mode, c.items...).WantCode(t, 10004)
		if !strings.HasPrefix(got.Info, "GroupCounter[") {
			t.Errorf("%q does not name the field", got.Info)
		}
	}
	r.wantCounters("max:9223372036854775807", "min:-9223372036854775808", "odd:9007199254740993")
	r.count("Increase", "max:-1", "max:1", "odd:1").WantJSON(t, countersAre("max:9223372036854775807", "odd:9007199254740994"))
	r.count("Decrease", "min:-9223372036854775808", "odd:0").WantJSON(t, countersAre("min:0", "odd:9007199254740994"))
}

func TestCountersEndWithTheGroup(t *testing.T) {
	r := newRoom(t, "Public")
	r.count("", "a:1").MustOK(t)
	if got := r.call("get_group_info", `{"GroupIdList":[%q]}`, r.group); strings.Contains(string(got.Raw), "Counter") {
		t.Errorf("get_group_info shows counters: %s", got.Raw)
	}
	r.call("destroy_group", `{"GroupId":%q}`, r.group).MustOK(t)
	r.call("create_group", `{"Type":"Public","Name":"n","GroupId":%q}`, r.group).MustOK(t)
	r.wantCounters()
}

func TestConcurrentCountsLoseNothing(t *testing.T) {
	first, second := twoServers(t, func(*apitest.Options) {})
	r := newRoomOn(t, first, "AVChatRoom")
	const callers, calls = 8, 25
	var all sync.WaitGroup
	answers := make(chan string, callers*calls)
	for i := range callers {
		srv := []*apitest.Server{first, second}[i%2]
		all.Go(func() {
			for range calls {
				body := fmt.Sprintf(`{"GroupId":%q,"Mode":"Increase","GroupCounter":[{"Key":"likes","Value":1},{"Key":"down","Value":-2}]}`, r.group)
				answer, err := srv.Try(t.Context(), "group_open_http_svc", "update_group_counter", body)
				if err != nil || answer.Code != 0 {
					t.Errorf("%s %v", answer.Raw, err)
					return
				}
				answers <- string(answer.Raw)
			}
		})
	}
	all.Wait()
	close(answers)
	r.wantCounters(fmt.Sprintf("down:%d", -2*callers*calls), fmt.Sprintf("likes:%d", callers*calls))
	seen := map[string]bool{}
	for answer := range answers {
		if seen[answer] {
			t.Errorf("%s was answered twice", answer)
		}
		seen[answer] = true
	}
}

// Counters keep to arithmetic without bounds, in which what does not fit into
// 64 bits is refused whole.
func TestCountersKeepToTheModel(t *testing.T) {
	r := newRoom(t, "Public")
	values := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-3, 3), rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64, math.MaxInt64 - 1}))
	rapid.Check(t, func(rt *rapid.T) {
		r.call("delete_group_counter", `{"GroupId":%q}`, r.group).MustOK(t)
		model := map[string]*big.Int{}
		for range rapid.IntRange(1, 10).Draw(rt, "updates") {
			mode := rapid.SampledFrom([]string{"", "Set", "Increase", "Increase", "Decrease"}).Draw(rt, "mode")
			next, order, texts, fits := maps.Clone(model), []string{}, []string{}, true
			for range rapid.IntRange(1, 20).Draw(rt, "items") {
				key := rapid.OneOf(rapid.StringMatching(`[a-y]`), rapid.StringMatching(`[ab]`)).Draw(rt, "key")
				value := values.Draw(rt, "value")
				texts = append(texts, fmt.Sprintf("%s:%d", key, value))
				if !slices.Contains(order, key) {
					order = append(order, key)
				}
				if next[key] == nil {
					next[key] = new(big.Int)
				}
				switch by := big.NewInt(value); mode {
				case "Increase":
					next[key] = new(big.Int).Add(next[key], by)
				case "Decrease":
					next[key] = new(big.Int).Sub(next[key], by)
				default:
					next[key] = by
				}
				fits = fits && next[key].IsInt64()
			}
			got := r.count(mode, texts...)
			switch {
			case !fits && got.Code == 10004, fits && len(next) > 20 && got.Code == 10063:
			case fits && len(next) <= 20:
				model = next
				want := make([]string, len(order))
				for i, key := range order {
					want[i] = fmt.Sprintf("%s:%s", key, model[key])
				}
				got.WantJSON(t, countersAre(want...))
			default:
				rt.Fatalf("%s of %v on %v: %s", mode, texts, model, got.Raw)
			}
			var want []string
			for _, key := range slices.Sorted(maps.Keys(model)) {
				want = append(want, fmt.Sprintf("%s:%s", key, model[key]))
			}
			r.wantCounters(want...)
		}
	})
}
