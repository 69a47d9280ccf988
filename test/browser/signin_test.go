package browser

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/api/usersig"
)

var pages = []string{"/debug/", "/console/"}

func TestASignatureMadeInTheBrowserIsAccepted(t *testing.T) {
	server := newServer(t)
	for _, page := range pages {
		open(t, server, page).signIn()
	}
}

// The key is in no request, no storage and no address.
func TestTheKeyNeverLeavesTheTab(t *testing.T) {
	for _, page := range pages {
		b := open(t, newServer(t), page)
		b.signIn()
		for _, url := range b.asked() {
			if strings.Contains(url, apitest.Key) {
				t.Errorf("%s holds the key", url)
			}
		}
		stored := eval[string](b, `JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])`)
		if strings.Contains(stored, apitest.Key) || strings.Contains(stored, "usersig") {
			t.Errorf("%s keeps %s", page, stored)
		}
	}
}

// The link that a new server prints needs no form, and leaves no UserSig in the
// address bar.
func TestAPrintedLinkSignsIn(t *testing.T) {
	server := newServer(t)
	sig, err := usersig.Sign(apitest.SDKAppID, apitest.Key, apitest.Admin, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		b := open(t, server, fmt.Sprintf("%s#sign=%d:%s:%s", page, apitest.SDKAppID, apitest.Admin, sig))
		b.untilShown(apitest.Admin)
		if address := eval[string](b, "location.href"); strings.Contains(address, sig) || eval[int](b, "history.length") > 2 {
			t.Errorf("the address is %s", address)
		}
		for _, url := range b.asked() {
			if strings.Contains(url, "#") {
				t.Errorf("%s was asked for", url)
			}
		}
	}
}

func TestAPrintedLinkSignsInWhereThePageIsOpenAlready(t *testing.T) {
	server := newServer(t)
	sig, err := usersig.Sign(apitest.SDKAppID, apitest.Key, apitest.Admin, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		b := open(t, server, page)
		b.until("document.querySelector('h1, h2')")
		b.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf("location.hash = 'sign=%d:%s:%s'; 0", apitest.SDKAppID, apitest.Admin, sig)))
		b.until("!location.href.includes('sign=')")
		b.untilShown(apitest.Admin)
		b.until("!document.querySelector('#signin-app')")
	}
}

func TestWhoCannotSignInIsToldWhy(t *testing.T) {
	server := newServer(t)
	sign := func(id uint32, key, identifier string, life time.Duration) string {
		sig, err := usersig.Sign(id, key, identifier, life)
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	for _, c := range []struct{ name, app, admin, key, sig, want string }{
		{"wrong key", strconv.Itoa(apitest.SDKAppID), apitest.Admin, "wrong", "", "The key is not this application's."},
		{"wrong application", "5", apitest.Admin, apitest.Key, "", "no application with this SDKAppID"},
		{"no admin", strconv.Itoa(apitest.SDKAppID), "alice", apitest.Key, "", "no admin of the application"},
		{"expired", strconv.Itoa(apitest.SDKAppID), apitest.Admin, "", sign(apitest.SDKAppID, apitest.Key, apitest.Admin, -time.Hour), "has expired"},
		{"of another", strconv.Itoa(apitest.SDKAppID), apitest.Admin, "", sign(apitest.SDKAppID, apitest.Key, "bob", time.Hour), "another account"},
		{"no UserSig", strconv.Itoa(apitest.SDKAppID), apitest.Admin, "", "hello", "cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, server, "/console/")
			b.do(chromedp.WaitVisible(chromedp.CSS("#signin-app")))
			if c.sig != "" {
				b.click("label.choice:nth-of-type(2) input")
			}
			b.fill("#signin-app", c.app)
			b.fill("#signin-admin", c.admin)
			b.fill("#signin-secret", c.key+c.sig)
			b.press(kb.Enter)
			b.until(`document.querySelector("[role=alert]").textContent !== ""`)
			if got := eval[string](b, `document.querySelector("[role=alert]").textContent`); !strings.Contains(got, c.want) {
				t.Errorf("told %q, want %q", got, c.want)
			}
			b.wantAccessible()
		})
	}
}

func TestTheSignInFormIsAccessibleAndFits(t *testing.T) {
	for _, page := range pages {
		b := open(t, newServer(t), page)
		b.do(chromedp.WaitVisible(chromedp.CSS("#signin-app")))
		b.wantAccessible()
		b.picture("sign-in")
		b.dark()
		b.phone()
		b.wantAccessible()
		b.wantNoOverflow()
	}
}
