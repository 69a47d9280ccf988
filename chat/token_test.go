package chat

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"testing"

	"github.com/recant-chat/recant/internal/testengine"
)

// A token is an argument of command lines: none may look like an option.
func TestTokensBeginWithALetter(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	form := regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)
	for i := range uint64(1000) { // one in 64 would begin with a hyphen
		content := binary.BigEndian.AppendUint64(nil, i)
		for _, use := range []string{sealPlan, sealExport, sealList} {
			token, err := a.seal(bg, use, content)
			if err != nil || !form.MatchString(token) {
				t.Fatalf("token is %q (%v)", token, err)
			}
			if opened, err := a.open(bg, use, token); err != nil || !bytes.Equal(opened, content) {
				t.Fatalf("token %q carries %x (%v), want %x", token, opened, err, content)
			}
		}
	}
}
