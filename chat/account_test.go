package chat

import (
	"strings"
	"testing"

	"github.com/recant-chat/recant/internal/testengine"
)

// spec 07 sections 1.1 and 1.2.
func TestImportAgainChangesTheTextsThatAreGiven(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	want := func(nick, face string) {
		t.Helper()
		profiles, err := a.Profiles(bg, []string{"mira"}, []string{TagNick, TagImage})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, item := range profiles[0].Items {
			got[item.Tag] = *item.Text
		}
		if got[TagNick] != nick || got[TagImage] != face {
			t.Errorf("mira is %q, want %q with %q", got, nick, face)
		}
	}
	for _, c := range []struct {
		given      []AccountProfile
		nick, face string
	}{
		{[]AccountProfile{{Nick: "Mira", FaceURL: "one.png"}}, "Mira", "one.png"},
		{[]AccountProfile{{}}, "Mira", "one.png"},
		{[]AccountProfile{{Nick: "M."}}, "M.", "one.png"},
		{[]AccountProfile{{FaceURL: "two.png"}}, "M.", "two.png"},
		{[]AccountProfile{{Nick: "first"}, {Nick: "last"}}, "last", "two.png"},
		{[]AccountProfile{{Nick: strings.Repeat("n", 501), FaceURL: "three.png"}}, "last", "two.png"},
	} {
		for i := range c.given {
			c.given[i].UserID = "mira"
		}
		if len(c.given) == 1 {
			if err := a.ImportAccount(bg, c.given[0]); err != nil && CodeOf(err) != CodeAccountInvalid {
				t.Fatal(err)
			}
			want(c.nick, c.face)
		}
		if _, err := a.ImportAccounts(bg, c.given); err != nil {
			t.Fatal(err)
		}
		want(c.nick, c.face)
	}
	if _, err := a.DeleteAccounts(bg, []string{"mira"}); err != nil {
		t.Fatal(err)
	}
	mustImport(t, a, "mira")
	want("", "")
}
