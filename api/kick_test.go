package api_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/api/usersig"
)

// kick (spec 07 section 1.5, spec 01 section 4.6 step 8).

// signedSig is a UserSig that has just been made, and the second of its signing.
func signedSig(t *testing.T, identifier string) (sig string, signed int64) {
	t.Helper()
	sig, err := usersig.Sign(apitest.SDKAppID, apitest.Key, identifier, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var v usersig.Verifier
	doc, err := v.Verify(sig, apitest.SDKAppID, identifier, []string{apitest.Key}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return sig, doc.Time
}

// codeFor is what a call of an identifier with a UserSig answers.
func (a *app) codeFor(identifier, sig string) int {
	a.t.Helper()
	q := url.Values{"sdkappid": {strconv.Itoa(apitest.SDKAppID)}, "identifier": {identifier}, "usersig": {sig}}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost,
		a.URL+"/v4/group_open_http_svc/get_appid_group_list?"+q.Encode(), strings.NewReader("{}"))
	if err != nil {
		a.t.Fatal(err)
	}
	res, err := a.Client().Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(raw), `"ErrorCode":`)
	n, err := strconv.Atoi(code[:strings.IndexAny(code, ",}")])
	if err != nil {
		a.t.Fatalf("answer is %s", raw)
	}
	return n
}

func (a *app) wantCodeFor(code int, identifier, sig string) {
	a.t.Helper()
	if got := a.codeFor(identifier, sig); got != code {
		a.t.Fatalf("%s gets %d, want %d", identifier, got, code)
	}
}

func TestKickVoidsTheUserSigsThatWereSignedBefore(t *testing.T) {
	a := newApp(t, withModerator)
	sig, signed := signedSig(t, "mod")
	other, _ := signedSig(t, apitest.Admin)
	a.Clock.Set(time.Unix(signed, 999_000_000))
	a.wantCodeFor(0, "mod", sig)

	// A UserSig of the very second counts as signed after it.
	a.login("kick", `{"UserID":"mod"}`).WantJSON(t, plainOK)
	a.wantCodeFor(0, "mod", sig)

	a.Clock.Advance(time.Millisecond)
	a.login("kick", `{"Identifier":"mod"}`).WantJSON(t, plainOK)
	a.wantCodeFor(70052, "mod", sig)
	a.wantCodeFor(0, apitest.Admin, other)
	a.Restart(t)
	a.wantCodeFor(70052, "mod", sig)

	time.Sleep(time.Until(time.Unix(signed+1, 0)))
	renewed, _ := signedSig(t, "mod")
	a.wantCodeFor(0, "mod", renewed)
	a.wantCodeFor(70052, "mod", sig)

	// Again in the same second changes nothing, nor does a clock that is set back.
	a.login("kick", `{"UserID":"mod"}`).MustOK(t)
	a.Clock.Set(apitest.Start)
	a.login("kick", `{"UserID":"mod"}`).MustOK(t)
	a.wantCodeFor(0, "mod", renewed)
	a.wantCodeFor(70052, "mod", sig)
}

func TestKickOfWhoMayNotCallIsRememberedTheSame(t *testing.T) {
	a := newApp(t)
	a.accounts("ann")
	sig, signed := signedSig(t, "ann")
	a.Clock.Set(time.Unix(signed+1, 0))
	a.wantCodeFor(60010, "ann", sig)
	a.login("kick", `{"UserID":"ann"}`).MustOK(t)
	a.wantCodeFor(70052, "ann", sig)
	// A later account of that name does not bring the UserSig back.
	a.login("account_delete", `{"DeleteItem":[{"UserID":"ann"}]}`).MustOK(t)
	a.wantCodeFor(70052, "ann", sig)
	a.accounts("ann")
	a.wantCodeFor(70052, "ann", sig)
}

func TestKickTouchesNothingElse(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	r.mute(60, "ann").MustOK(t)
	before := r.member("ann")
	r.srv.Call(t, "im_open_login_svc", "kick", `{"UserID":"ann"}`).MustOK(t)
	if after := r.member("ann"); !reflect.DeepEqual(after, before) {
		t.Errorf("the member is %+v, was %+v", after, before)
	}
	r.wantMuted("ann", r.now()+60)
	r.wantNext(2)
}

func TestKickRefuses(t *testing.T) {
	a := newApp(t)
	a.accounts("gone")
	a.login("account_delete", `{"DeleteItem":[{"UserID":"gone"}]}`).MustOK(t)
	for body, code := range map[string]int{
		`{}`:              70402,
		`{"UserID":null}`: 70402,
		`{"UserID":""}`:   70402,
		`{"UserID":"` + strings.Repeat("u", 33) + `"}`: 70402,
		`{"UserID":" ann"}`:                            70402,
		`{"UserID":5}`:                                 60015,
		`{"Identifier":5}`:                             60015,
		`{"UserID":"ghost"}`:                           70107,
		`{"UserID":"@TIM#SYSTEM"}`:                     70107,
		`{"UserID":"gone"}`:                            70107,
		`{"UserID":"administrator"}`:                   0, // without an import
	} {
		a.login("kick", `%s`, body).WantCode(t, code)
	}
	if got := a.login("kick", `{"UserID":"ghost"}`).Info; got != "Err_TLS_PT_Open_Login_Account_Not_Exist" {
		t.Errorf("ErrorInfo is %q", got)
	}
	b := newApp(t, func(o *apitest.Options) { o.Settings.AutoImportAccounts = true })
	b.login("kick", `{"UserID":"new"}`).MustOK(t)
	if got := b.status("new"); got != "Imported" {
		t.Errorf("new is %s", got)
	}
}
