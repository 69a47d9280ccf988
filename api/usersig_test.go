package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/recant-chat/recant/api/usersig"
	"github.com/recant-chat/recant/chat"
)

func TestUserSigIsValidToItsLastSecond(t *testing.T) {
	f := serve(t)
	f.wantCode(t, 0, request{}) // from now on it is in the cache
	f.advance((1775552000 - testNow) * time.Second)
	f.wantCode(t, 0, request{})
	f.advance(999 * time.Millisecond)
	f.wantCode(t, 0, request{})
	f.advance(time.Millisecond)
	f.wantCode(t, 70001, request{})
	if n := f.apps[testApp].sigs.verified.Len(); n != 0 {
		t.Errorf("%d verified signatures are kept after the end", n)
	}
	f.wantCode(t, 70001, request{})
}

func TestVerifiedUserSigsAreCached(t *testing.T) {
	f := serve(t)
	for range 3 {
		f.wantCode(t, 0, request{})
		f.wantCode(t, 70009, request{set: map[string]string{"usersig": sigWrongKey}})
	}
	if n := f.apps[testApp].sigs.verified.Len(); n != 1 {
		t.Errorf("%d signatures are kept, want the one that verified", n)
	}
	// A cached signature still belongs to its identifier alone.
	f.wantCode(t, 70013, request{set: map[string]string{"identifier": "user_17"}})
}

func TestCacheOfVerifiedUserSigsIsBounded(t *testing.T) {
	f := serve(t)
	app := f.apps[testApp]
	for i := range maxVerified + 100 {
		sig, err := usersig.Sign(testApp, testKey, testAdmin, time.Duration(i+1)*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := app.verifySig(testAdmin, sig, f.clock()); err != nil {
			t.Fatal(err)
		}
	}
	if n := app.sigs.verified.Len(); n != maxVerified {
		t.Errorf("%d are kept, want %d", n, maxVerified)
	}
}

func TestNewKeysForgetVerifiedUserSigs(t *testing.T) {
	f := serve(t)
	f.wantCode(t, 0, request{})
	f.setKeys(t, "another key")
	f.wantCode(t, 70009, request{})
	f.setKeys(t, "another key", testKey)
	f.wantCode(t, 0, request{})
	f.setKeys(t)
	f.wantCode(t, 70016, request{})
	if f.SetKeys(99, nil) == nil {
		t.Error("keys of an unknown application were set")
	}
}

// setKeys gives the application other keys.
func (f *fixture) setKeys(t *testing.T, keys ...string) {
	t.Helper()
	if err := f.SetKeys(testApp, keys); err != nil {
		t.Fatal(err)
	}
}

func TestEmptyKeyIsNeverTaken(t *testing.T) {
	f := serve(t)
	if err := f.SetKeys(testApp, []string{testKey, ""}); err == nil {
		t.Fatal("an empty key was taken")
	}
	forged, err := usersig.Sign(testApp, "", testAdmin, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	f.wantCode(t, 70009, request{set: map[string]string{"usersig": forged}})
	f.wantCode(t, 0, request{}) // the former keys stay
}

// A verification that was under way while the keys changed must not bring the
// former keys' signature back.
func TestSigVerifiedWithFormerKeysIsNotTaken(t *testing.T) {
	f := serve(t)
	f.wantCode(t, 0, request{})
	verified := f.apps[testApp].sigs.verified
	key := verified.Keys()[0]
	late, _ := verified.Get(key)
	f.setKeys(t, "another key")
	verified.Add(key, late)
	f.wantCode(t, 70009, request{})
}

func TestRevokedUserSig(t *testing.T) {
	since := int64(0)
	f := serve(t, func(a *Application, _ *Options) {
		a.SignaturesValidSince = func(_ context.Context, identifier string) (int64, error) {
			if identifier != testAdmin {
				t.Errorf("asked for %q", identifier)
			}
			return since, nil
		}
	})
	const signed = 1760000000
	f.wantCode(t, 0, request{})
	since = signed
	f.wantCode(t, 0, request{})
	since = signed + 1
	f.wantCode(t, 70052, request{}) // although it is in the cache
}

// Nobody is let in while it cannot be known whether he was kicked.
func TestUserSigWhoseRevocationCannotBeReadIsNotTaken(t *testing.T) {
	f := serve(t, func(a *Application, _ *Options) {
		a.SignaturesValidSince = func(context.Context, string) (int64, error) { return 0, errors.New("disk on fire") }
	})
	f.wantCode(t, 10002, request{})
	f.wantCode(t, 70500, request{path: "/v4/im_open_login_svc/type"})
	if !strings.Contains(f.log.String(), "disk on fire") {
		t.Errorf("log is %s", f.log)
	}
}

func TestRevokedUserSigsDoNotCountAsFailures(t *testing.T) {
	limit := 1
	f := serve(t, func(a *Application, _ *Options) { revokeAll(a, nil); a.AuthFailLimitPerMinute = &limit })
	for range 4 {
		f.wantCode(t, 70052, request{})
	}
}

var (
	badSig  = request{set: map[string]string{"usersig": sigWrongKey}}
	goodSig = request{}
)

func TestTooManyBadUserSigs(t *testing.T) {
	f := serve(t)
	fail := []request{
		badSig, {set: map[string]string{"usersig": "x"}}, {set: map[string]string{"usersig": sigExpired}},
		{set: map[string]string{"usersig": sigOtherApp}}, {set: map[string]string{"usersig": sigOfUser17}},
	}
	for i := range 61 {
		if a := f.do(t, fail[i%len(fail)]); *a.ErrorCode == 70050 {
			t.Fatalf("failure %d is refused already", i+1)
		}
		f.advance(10 * time.Millisecond)
	}
	f.wantCode(t, 70050, goodSig)
	f.wantCode(t, 70050, badSig)
	f.wantCode(t, 70013, request{set: map[string]string{"identifier": "somebody_else"}})
	f.advance(time.Minute - 620*time.Millisecond) // 59.99 s since the first failure
	f.wantCode(t, 70050, goodSig)
	f.advance(10 * time.Millisecond)
	f.wantCode(t, 0, goodSig)
}

func TestFailuresSpreadOverMoreThanAMinuteAreForgiven(t *testing.T) {
	limit := 3
	f := serve(t, func(a *Application, _ *Options) { a.AuthFailLimitPerMinute = &limit })
	for range 12 {
		f.wantCode(t, 70009, badSig)
		f.advance(20 * time.Second)
	}
	f.wantCode(t, 0, goodSig)
	// Three within the last minute, so that a fourth is one too many.
	f.advance(-20 * time.Second)
	f.wantCode(t, 70009, badSig)
	f.wantCode(t, 70050, goodSig)
}

func TestPenaltyCanBeSwitchedOff(t *testing.T) {
	off := 0
	f := serve(t, func(a *Application, _ *Options) { a.AuthFailLimitPerMinute = &off })
	for range 70 {
		f.wantCode(t, 70009, badSig)
	}
	f.wantCode(t, 0, goodSig)
}

func TestCountsOfFailuresAreBounded(t *testing.T) {
	f := serve(t)
	app := f.apps[testApp]
	for i := range maxSuspects + 100 {
		if err := app.verify(t.Context(), fmt.Sprintf("user_%d", i), "x", f.clock()); chat.CodeOf(err) != 70003 {
			t.Fatal(err)
		}
	}
	if n := app.sigs.failures.suspects.Len(); n != maxSuspects {
		t.Errorf("%d identifiers are kept, want %d", n, maxSuspects)
	}
	for range 1000 {
		app.sigs.failures.note("one", f.clock())
	}
	if s, _ := app.sigs.failures.suspects.Get("one"); len(s.times) > defaultAuthFailLimit+1 {
		t.Errorf("%d times are kept of one identifier", len(s.times))
	}
}
