package chat

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/store/pebble"
)

// filesWith counts the files below a directory that hold a text.
func filesWith(t *testing.T, dir, text string) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(text)) {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// What is erased is in no file of the store: neither the text nor the custom
// data, not in its tables, not in its log.
func TestErasedBytesAreInNoFileOfTheStore(t *testing.T) {
	dir := t.TempDir()
	st, err := pebble.Open(dir, pebble.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	a := openTestApp(t, st)
	makeGroup(t, a, "g", Public)
	mustImport(t, a, "bob")
	random := uint32(0)
	// Random texts, which no compression changes.
	say := func(from string) (text, data string) {
		random++
		text, data = rand.Text()+rand.Text(), rand.Text()+rand.Text()
		m := testMessage("g", from, random)
		m.Body = jsontext.Value(fmt.Sprintf(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":%q}}]`, text))
		m.CloudCustomData = data
		if _, err := a.Send(bg, moderator, m); err != nil {
			t.Fatal(err)
		}
		return text, data
	}
	ownText, ownData := say("ann")
	otherText, _ := say("bob")
	restoredText, _ := say("ann")
	done, err := a.Recall(bg, moderator, RecallCall{
		Targets: []RecallTarget{{GroupID: "g", Sender: "ann"}}, Scope: RecallScope{LastNum: 10, BeforeSeq: 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.PreviewRecall(bg, moderator, []RecallTarget{{GroupID: "g", Sender: "ann"}}, RecallScope{}); err != nil {
		t.Fatal(err)
	}
	if filesWith(t, dir, ownText) == 0 || filesWith(t, dir, ownData) == 0 {
		t.Fatal("the search does not find what is there")
	}
	if _, err := a.Erase(bg, moderator, done.OperationID, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := a.workOnRecalls(bg); err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"text": ownText, "custom data": ownData} {
		if n := filesWith(t, dir, text); n > 0 {
			t.Errorf("the erased %s is in %d files", what, n)
		}
	}
	for _, text := range []string{otherText, restoredText} {
		if filesWith(t, dir, text) == 0 {
			t.Error("a message that was not erased is gone from the files")
		}
	}
}
