package api_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/recant-chat/recant/api/apitest"
	"pgregory.net/rapid"
)

// Message extensions (spec 04 section 13).

// sendExtensible sends a message that takes extensions.
func (r *room) sendExtensible(sender string) uint32 {
	r.t.Helper()
	var sent struct {
		Seq uint32 `json:"MsgSeq"`
	}
	r.call("send_group_msg", `{"GroupId":%q,"From_Account":%q,"Random":%d,"SupportMessageExtension":1,"MsgBody":%s}`,
		r.group, sender, r.random.Add(1), text("who comes?")).MustOK(r.t).Decode(r.t, &sent)
	return sent.Seq
}

func (r *room) extend(command, format string, args ...any) apitest.Answer {
	r.t.Helper()
	return r.srv.Call(r.t, "openim_msg_ext_http_svc", command, fmt.Sprintf(format, args...))
}

// pair is one extension.
type pair struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
	Seq   uint32 `json:"Seq"`
}

// setPairs sets pairs, given as "key=value".
func (r *room) setPairs(seq uint32, pairs ...string) apitest.Answer {
	r.t.Helper()
	list := []pair{}
	for _, p := range pairs {
		key, value, _ := strings.Cut(p, "=")
		list = append(list, pair{Key: key, Value: value})
	}
	encoded, err := json.Marshal(list)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.extend("group_set_key_values", `{"GroupId":%q,"MsgSeq":%d,"OperateType":1,"ExtensionList":%s}`, r.group, seq, encoded)
}

func (r *room) deletePairs(seq uint32, keys ...string) apitest.Answer {
	r.t.Helper()
	return r.extend("group_set_key_values", `{"GroupId":%q,"MsgSeq":%d,"OperateType":2,"ExtensionList":[{"Key":"%s"}]}`,
		r.group, seq, strings.Join(keys, `"},{"Key":"`))
}

func (r *room) clearPairs(seq uint32) apitest.Answer {
	r.t.Helper()
	return r.extend("group_set_key_values", `{"GroupId":%q,"MsgSeq":%d,"OperateType":3}`, r.group, seq)
}

// extensionPage is one answer of group_get_key_values.
type extensionPage struct {
	Pairs    []pair `json:"ExtensionList"`
	Complete int    `json:"CompleteFlag"`
	Latest   uint32 `json:"LatestSeq"`
	Cleared  uint32 `json:"ClearSeq"`
}

func (r *room) extensions(seq, from uint32) *extensionPage {
	r.t.Helper()
	p := &extensionPage{}
	answer := r.extend("group_get_key_values", `{"GroupId":%q,"MsgSeq":%d,"StartSeq":%d}`, r.group, seq, from).MustOK(r.t)
	if len(answer.Raw) > 1_000_000 {
		r.t.Errorf("answer has %d bytes", len(answer.Raw))
	}
	answer.Decode(r.t, p)
	return p
}

// wantPairs checks all pairs of a message, as "key=value@seq".
func (r *room) wantPairs(seq uint32, want ...string) {
	r.t.Helper()
	got := []string{}
	for _, p := range r.extensions(seq, 0).Pairs {
		got = append(got, fmt.Sprintf("%s=%s@%d", p.Key, p.Value, p.Seq))
	}
	if !slices.Equal(got, want) {
		r.t.Errorf("extensions of %d are %v, want %v", seq, got, want)
	}
}

func TestExtensionsAnswerAsThePagesShow(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	seq := r.sendExtensible("ann")
	ok := `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,`
	r.extend("group_get_key_values", `{"GroupId":%q,"MsgSeq":1}`, r.group).WantJSON(t, ok+`"ExtensionList":[],"CompleteFlag":1,"LatestSeq":0,"ClearSeq":0}`)
	r.extend("group_set_key_values", `{"GroupId":%q,"MsgSeq":1,"OperateType":1,"ExtensionList":[{"Key":"ines","Value":"yes","Seq":0}]}`, r.group).WantJSON(t,
		ok+`"ExtensionList":[{"ErrorCode":0,"Extension":{"Key":"ines","Value":"yes","Seq":1}}]}`)
	r.extend("group_get_key_values", `{"GroupId":%q,"MsgSeq":1,"StartSeq":0}`, r.group).WantJSON(t,
		ok+`"ExtensionList":[{"Key":"ines","Value":"yes","Seq":1}],"CompleteFlag":1,"LatestSeq":1,"ClearSeq":0}`)
	r.setPairs(seq, "otto=no", "ines=no", "otto=perhaps").WantJSON(t, ok+`"ExtensionList":[
		{"ErrorCode":0,"Extension":{"Key":"otto","Value":"perhaps","Seq":2}},
		{"ErrorCode":0,"Extension":{"Key":"ines","Value":"no","Seq":2}},
		{"ErrorCode":0,"Extension":{"Key":"otto","Value":"perhaps","Seq":2}}]}`)
	// Administrators are not asked for the count that they know.
	r.extend("group_set_key_values", `{"GroupId":%q,"MsgSeq":1,"OperateType":2,"ExtensionList":[{"Key":"ines","Seq":1},{"Key":"nobody"}]}`, r.group).WantJSON(t,
		ok+`"ExtensionList":[{"ErrorCode":0,"Extension":{"Key":"ines","Value":"","Seq":0}},{"ErrorCode":0,"Extension":{"Key":"nobody","Value":"","Seq":0}}]}`)
	r.srv.Restart(t)
	r.extend("group_get_key_values", `{"GroupId":%q,"MsgSeq":1}`, r.group).WantJSON(t,
		ok+`"ExtensionList":[{"Key":"otto","Value":"perhaps","Seq":2}],"CompleteFlag":1,"LatestSeq":3,"ClearSeq":0}`)
	r.clearPairs(seq).WantJSON(t, ok+`"ExtensionList":[]}`)
	r.setPairs(seq, "rosa=").MustOK(t)
	r.extend("group_get_key_values", `{"GroupId":%q,"MsgSeq":1}`, r.group).WantJSON(t,
		ok+`"ExtensionList":[{"Key":"rosa","Value":"","Seq":5}],"CompleteFlag":1,"LatestSeq":5,"ClearSeq":4}`)
}

func TestExtensionsRefuseBadFields(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.sendExtensible("ann")
	r.send("ann", 1)
	r.writeTip()
	live := newRoomOn(t, r.srv, "AVChatRoom")
	live.sendExtensible("ann")
	town := newRoomOn(t, r.srv, "Community", "ann")
	town.sendExtensible("ann")
	set := `"OperateType":1,"ExtensionList":`
	items := func(n int, item string) string { return "[" + strings.Repeat(item+",", n-1) + item + "]" }
	one := items(1, `{"Key":"k","Value":"v"}`)
	key := func(n int) string { return fmt.Sprintf(`[{"Key":%q,"Value":"v"}]`, strings.Repeat("k", n)) }
	val := func(n int) string { return fmt.Sprintf(`[{"Key":"v","Value":%q}]`, strings.Repeat("v", n)) }
	for _, c := range []struct {
		fields string
		code   int
		info   string
	}{
		{`"MsgSeq":1,` + set + one, 10004, "GroupId"},
		{`"GroupId":"","MsgSeq":1,` + set + one, 10015, ""},
		{`"GroupId":"nowhere","MsgSeq":1,` + set + one, 10010, ""},
		{`"GroupId":"GROUP",` + set + one, 10004, "MsgSeq"},
		{`"GroupId":"GROUP","MsgSeq":0,` + set + one, 10004, "MsgSeq"},
		{`"GroupId":"GROUP","MsgSeq":"1",` + set + one, 10004, "MsgSeq"},
		{`"GroupId":"GROUP","MsgSeq":1,"ExtensionList":` + one, 10004, "OperateType"},
		{`"GroupId":"GROUP","MsgSeq":1,"OperateType":0,"ExtensionList":` + one, 10004, "OperateType"},
		{`"GroupId":"GROUP","MsgSeq":1,"OperateType":4,"ExtensionList":` + one, 10004, "OperateType"},
		{`"GroupId":"GROUP","MsgSeq":1,"OperateType":1`, 10004, "ExtensionList"},
		{`"GroupId":"GROUP","MsgSeq":1,"OperateType":2`, 10004, "ExtensionList"},
		{`"GroupId":"GROUP","MsgSeq":1,` + set + `[]`, 10004, "ExtensionList"},
		{`"GroupId":"GROUP","MsgSeq":1,` + set + items(20, `{"Key":"k","Value":"v"}`), 0, ""},
		{`"GroupId":"GROUP","MsgSeq":1,` + set + items(21, `{"Key":"k","Value":"v"}`), 10004, "ExtensionList"},
		{`"GroupId":"GROUP","MsgSeq":1,"OperateType":2,"ExtensionList":` + items(21, `{"Key":"k"}`), 10004, "ExtensionList"},
		{`"GroupId":"GROUP","MsgSeq":1,` + set + `[{"Value":"v"}]`, 10004, "ExtensionList[0].Key"},
		{`"GroupId":"GROUP","MsgSeq":1,` + set + `[{"Key":"","Value":"v"}]`, 10004, "ExtensionList[0].Key"},
		{`"GroupId":"GROUP","MsgSeq":1,` + set + `[{"Key":"k"}]`, 10004, "ExtensionList[0].Value"},
		{`"GroupId":"GROUP","MsgSeq":1,` + set + `[{"Key":"k","Value":5}]`, 10004, "ExtensionList[0].Value"},
		{`"GroupId":"GROUP","MsgSeq":1,` + set + `[{"Key":"k","Value":"","Seq":-1}]`, 10004, "ExtensionList[0].Seq"},
		{`"GroupId":"GROUP","MsgSeq":1,` + set + `[{"Key":"k","Value":""}]`, 0, ""},
		{`"GroupId":"GROUP","MsgSeq":1,` + set + key(100), 0, ""},
		{`"GroupId":"GROUP","MsgSeq":1,` + set + key(101), 10004, "ExtensionList[0].Key"},
		{`"GroupId":"GROUP","MsgSeq":1,"OperateType":2,"ExtensionList":` + key(101), 10004, "ExtensionList[0].Key"},
		{`"GroupId":"GROUP","MsgSeq":1,` + set + val(1000), 0, ""},
		{`"GroupId":"GROUP","MsgSeq":1,` + set + val(1001), 10004, "ExtensionList[0].Value"},
		{`"GroupId":"GROUP","MsgSeq":1,"OperateType":2,"ExtensionList":` + val(1001), 0, ""},
		{`"GroupId":"GROUP","MsgSeq":2,` + set + one, 23002, "MsgSeq"},
		{`"GroupId":"GROUP","MsgSeq":3,` + set + one, 23002, "MsgSeq"},
		{`"GroupId":"GROUP","MsgSeq":4,` + set + one, 23004, "MsgSeq"},
		{`"GroupId":"LIVE","MsgSeq":1,` + set + one, 23004, "MsgSeq"},
		{`"GroupId":"TOWN","MsgSeq":1,` + set + one, 23002, "MsgSeq"},
		{`"GroupId":"GROUP","TopicId":"ignored","MsgSeq":1,"OperateType":3,"ExtensionList":[{}]`, 0, ""},
	} {
		fields := strings.NewReplacer("GROUP", r.group, "LIVE", live.group, "TOWN", town.group).Replace(c.fields)
		if answer := r.extend("group_set_key_values", "{%s}", fields).WantCode(t, c.code); !strings.HasPrefix(answer.Info, c.info) {
			t.Errorf("%.200s: ErrorInfo is %q, want it to begin with %s", c.fields, answer.Info, c.info)
		}
	}
	for fields, code := range map[string]int{
		`"MsgSeq":1`: 10004, `"GroupId":"GROUP"`: 10004, `"GroupId":"GROUP","MsgSeq":0`: 10004, `"GroupId":"","MsgSeq":1`: 10015,
		`"GroupId":"nowhere","MsgSeq":1`: 10010, `"GroupId":"GROUP","MsgSeq":1,"StartSeq":-1`: 10004, `"GroupId":"GROUP","MsgSeq":2`: 23002,
		`"GroupId":"GROUP","MsgSeq":99`: 23004, `"GroupId":"GROUP","MsgSeq":1,"StartSeq":4294967295`: 0, `"GroupId":"LIVE","MsgSeq":1`: 23004,
	} {
		r.extend("group_get_key_values", "{%s}", strings.NewReplacer("GROUP", r.group, "LIVE", live.group).Replace(fields)).WantCode(t, code)
	}
}

func TestExtensionsThatAreSwitchedOff(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) { o.Settings.MessageExtensions = false }, "Public", "ann")
	r.send("ann", 1)
	r.setPairs(1, "k=v").WantCode(t, 10008)
	r.extend("group_get_key_values", `{"GroupId":%q,"MsgSeq":1}`, r.group).WantCode(t, 10008)
	r.extend("group_get_key_values", `{"GroupId":"nowhere","MsgSeq":1}`).WantCode(t, 10010)
}

func TestEveryTypeWithExtensionsServesThem(t *testing.T) {
	for _, groupType := range []string{"Private", "Public", "ChatRoom"} {
		r := newRoom(t, groupType, "ann")
		seq := r.sendExtensible("ann")
		r.setPairs(seq, "k=v").MustOK(t)
		r.wantPairs(seq, "k=v@1")
	}
}

func TestEachMessageHasExtensionsOfItsOwn(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	one, two := r.sendExtensible("ann"), r.sendExtensible("ann")
	r.setPairs(one, "k=1").MustOK(t)
	r.setPairs(two, "k=2", "kk=2").MustOK(t)
	r.deletePairs(two, "k").MustOK(t)
	r.wantPairs(one, "k=1@1")
	r.wantPairs(two, "kk=2@1")
	r.clearPairs(one).MustOK(t)
	r.wantPairs(two, "kk=2@1")
}

func TestMessageHas300Extensions(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	seq := r.sendExtensible("ann")
	for i := range 15 {
		var pairs []string
		for j := range 20 {
			pairs = append(pairs, fmt.Sprintf("key%d=v", 20*i+j))
		}
		r.setPairs(seq, pairs...).MustOK(t)
	}
	if answer := r.setPairs(seq, "key1=w", "one more=v").WantCode(t, 10004); !strings.HasPrefix(answer.Info, "ExtensionList") {
		t.Errorf("ErrorInfo is %q", answer.Info)
	}
	if got := r.extensions(seq, 0); got.Latest != 15 {
		t.Errorf("a write that was refused is counted: %d", got.Latest)
	}
	r.setPairs(seq, "key1=w").MustOK(t) // not one more
	r.deletePairs(seq, "key2", "key2", "absent").MustOK(t)
	r.setPairs(seq, "one more=v").MustOK(t)
	r.setPairs(seq, "and one=v").WantCode(t, 10004)
	r.clearPairs(seq).MustOK(t)
	r.wantPairs(seq)
	r.setPairs(seq, "key3=v").MustOK(t)
	r.wantPairs(seq, "key3=v@20")
}

func TestExtensionPagesHold200AndPartNoWrite(t *testing.T) {
	for _, next := range []uint32{0, 1} { // go on with the highest Seq, or the one after it
		r := newRoom(t, "Public", "ann")
		seq := r.sendExtensible("ann")
		var want []string
		for i := range 23 {
			var pairs []string
			for j := range 1 + i%19 {
				pairs = append(pairs, fmt.Sprintf("key-%03d-%02d=v", i, j))
			}
			want = append(want, pairs...)
			r.setPairs(seq, pairs...).MustOK(t)
		}
		var got []string
		from := uint32(0)
		for pages := 0; ; pages++ {
			p := r.extensions(seq, from)
			if len(p.Pairs) > 200 || len(p.Pairs) < 181 && p.Complete == 0 || pages > 10 {
				t.Fatalf("page from %d has %d pairs", from, len(p.Pairs))
			}
			for _, pair := range p.Pairs {
				if text := pair.Key + "=" + pair.Value; !slices.Contains(got, text) {
					got = append(got, text)
				}
			}
			if p.Complete == 1 {
				break
			}
			highest := p.Pairs[len(p.Pairs)-1].Seq
			if again := r.extensions(seq, highest); again.Pairs[0].Seq != highest || len(p.Pairs) > 1 &&
				slices.IndexFunc(p.Pairs, func(q pair) bool { return q == again.Pairs[0] }) < 0 {
				t.Errorf("the page ends inside the pairs of write %d", highest)
			}
			from = highest + next
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages have %d pairs, want %d", len(got), len(want))
		}
	}
}

func TestExtensionPageOf200IsComplete(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	seq := r.sendExtensible("ann")
	for i := range 200 {
		r.setPairs(seq, fmt.Sprintf("%d=v", i)).MustOK(t)
	}
	if p := r.extensions(seq, 0); len(p.Pairs) != 200 || p.Complete != 1 {
		t.Errorf("page has %d pairs, CompleteFlag %d", len(p.Pairs), p.Complete)
	}
	r.srv.Clock.Advance(minute)
	r.setPairs(seq, "one more=v").MustOK(t)
	if p := r.extensions(seq, 0); len(p.Pairs) != 200 || p.Complete != 0 {
		t.Errorf("page has %d pairs, CompleteFlag %d", len(p.Pairs), p.Complete)
	}
	if p := r.extensions(seq, 2); len(p.Pairs) != 200 || p.Complete != 1 {
		t.Errorf("page has %d pairs, CompleteFlag %d", len(p.Pairs), p.Complete)
	}
}

// Texts of control characters take six times their bytes in an answer.
func TestExtensionPagesOfTheLongestTextsStayBelow1MB(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	seq := r.sendExtensible("ann")
	for i := range 15 {
		var pairs []string
		for j := range 20 {
			pairs = append(pairs, fmt.Sprintf("%s%02d%02d=%s", strings.Repeat("\x01", 96), i, j, strings.Repeat("\x02", 1000)))
		}
		r.setPairs(seq, pairs...).MustOK(t)
	}
	n := 0
	for from := uint32(0); ; {
		p := r.extensions(seq, from)
		n += len(p.Pairs)
		if p.Complete == 1 {
			break
		}
		from = p.Pairs[len(p.Pairs)-1].Seq + 1
	}
	if n != 300 {
		t.Errorf("pages have %d pairs", n)
	}
}

func TestExtensionsAreWritten200TimesAMinute(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	seq, other := r.sendExtensible("ann"), r.sendExtensible("ann")
	for range 50 {
		r.setPairs(seq, "k=v").MustOK(t)
	}
	r.srv.Clock.Advance(30 * time.Second)
	for range 75 {
		r.deletePairs(seq, "k").MustOK(t)
		r.clearPairs(seq).MustOK(t)
	}
	r.setPairs(seq, "k=w").WantCode(t, 23003)
	r.clearPairs(seq).WantCode(t, 23003)
	r.setPairs(other, "k=v").MustOK(t) // each message for itself
	r.srv.Restart(t)
	r.srv.Clock.Advance(29 * time.Second)
	r.setPairs(seq, "k=w").WantCode(t, 23003)
	r.srv.Clock.Advance(time.Second) // a minute after the first 50
	for range 50 {
		r.setPairs(seq, "k=x").MustOK(t)
	}
	r.setPairs(seq, "k=y").WantCode(t, 23003)
	if got := r.extensions(seq, 0); got.Latest != 250 {
		t.Errorf("LatestSeq is %d after 250 writes", got.Latest)
	}
	// A clock that was put back stops nobody.
	r.srv.Clock.Set(apitest.Start.Add(-time.Hour))
	r.setPairs(seq, "k=z").MustOK(t)
}

func TestExtensionsOfRecalledExpiredAndErasedMessages(t *testing.T) {
	r := newRoomWith(t, func(o *apitest.Options) {
		o.Settings.HistoryRetentionDays = 7
		withHousekeeping(o)
	}, "Public", "ann", "bob")
	gone := func(seq uint32) {
		t.Helper()
		r.setPairs(seq, "k=w").WantCode(t, 23004)
		r.clearPairs(seq).WantCode(t, 23004)
		r.extend("group_get_key_values", `{"GroupId":%q,"MsgSeq":%d}`, r.group, seq).WantCode(t, 23004)
	}
	old := r.sendExtensible("bob")
	r.setPairs(old, "k=v").MustOK(t)
	r.srv.Clock.Advance(8 * day)
	byAnn, byBob := r.sendExtensible("ann"), r.sendExtensible("bob")
	gone(old)
	r.setPairs(byAnn, "k=v").MustOK(t)
	r.setPairs(byBob, "k=v").MustOK(t)
	id := r.recallBySender("ann", "").ID
	gone(byAnn)
	r.restore(id, "")
	r.wantPairs(byAnn, "k=v@1")
	r.call("group_msg_recall", `{"GroupId":%q,"MsgSeqList":[{"MsgSeq":%d}]}`, r.group, byAnn).MustOK(t)
	gone(byAnn)
	r.erase(r.list("").ids()[0])
	gone(byAnn)
	r.wantPairs(byBob, "k=v@1")
}

func TestExtensionsWrittenAtOnceAllCount(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	seq := r.sendExtensible("ann")
	const writers, writes = 8, 10
	var running sync.WaitGroup
	for w := range writers {
		running.Go(func() {
			for i := range writes {
				body := fmt.Sprintf(`{"GroupId":%q,"MsgSeq":%d,"OperateType":1,"ExtensionList":[{"Key":"%d-%d","Value":"v"},{"Key":"all","Value":"%d"}]}`,
					r.group, seq, w, i, w)
				if answer, err := r.srv.Try(t.Context(), "openim_msg_ext_http_svc", "group_set_key_values", body); err != nil || answer.Code != 0 {
					t.Errorf("writing answered %+v, %v", answer, err)
				}
			}
		})
	}
	running.Wait()
	p := r.extensions(seq, 0)
	if p.Latest != writers*writes || len(p.Pairs) != writers*writes+1 {
		t.Fatalf("%d pairs, LatestSeq %d", len(p.Pairs), p.Latest)
	}
	seen := map[uint32]int{}
	for _, pair := range p.Pairs {
		seen[pair.Seq]++
	}
	if len(seen) != writers*writes || seen[p.Latest] != 2 {
		t.Errorf("the pairs have %d different counts", len(seen))
	}
}

// Whatever is written, the pairs are those of a plain map.
func TestExtensionsKeepToAPlainModel(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	rapid.Check(t, func(rt *rapid.T) {
		seq := r.sendExtensible("ann")
		pairs := map[string]pair{}
		var latest, cleared uint32
		key := rapid.StringMatching(`[a-d]{1,2}`)
		answered := func(answer apitest.Answer, keys []string) {
			var results struct {
				List []struct {
					Code      int  `json:"ErrorCode"`
					Extension pair `json:"Extension"`
				} `json:"ExtensionList"`
			}
			answer.MustOK(t).Decode(t, &results)
			for i, k := range keys {
				want := pairs[k]
				want.Key = k
				if results.List[i].Extension != want || results.List[i].Code != 0 {
					rt.Fatalf("pair %d is %+v, want %+v", i, results.List[i], want)
				}
			}
			if len(results.List) != len(keys) {
				rt.Fatalf("answer is %s", answer.Raw)
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"set": func(rt *rapid.T) {
				keys := rapid.SliceOfN(key, 1, 20).Draw(rt, "keys")
				latest++
				var list []string
				for i, k := range keys {
					value := fmt.Sprint(latest, i)
					pairs[k] = pair{k, value, latest}
					list = append(list, k+"="+value)
				}
				answered(r.setPairs(seq, list...), keys)
			},
			"delete": func(rt *rapid.T) {
				keys := rapid.SliceOfN(key, 1, 20).Draw(rt, "keys")
				latest++
				for _, k := range keys {
					delete(pairs, k)
				}
				answered(r.deletePairs(seq, keys...), keys)
			},
			"clear": func(*rapid.T) {
				latest++
				cleared = latest
				clear(pairs)
				answered(r.clearPairs(seq), nil)
			},
			"": func(rt *rapid.T) {
				r.wait(1) // or there were too many writes in a minute
				from := rapid.Uint32Range(0, latest+1).Draw(rt, "from")
				want := []pair{}
				for _, p := range pairs {
					if p.Seq >= from {
						want = append(want, p)
					}
				}
				slices.SortFunc(want, func(a, b pair) int { return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Key, b.Key)) })
				got := r.extensions(seq, from)
				if !slices.Equal(got.Pairs, want) || got.Complete != 1 || got.Latest != latest || got.Cleared != cleared {
					rt.Fatalf("from %d: %+v, want %v, latest %d, cleared %d", from, got, want, latest, cleared)
				}
			},
		})
	})
}
