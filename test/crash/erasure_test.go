package crash

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const (
	erasureMessages = 10_000 // in three buckets of the log
	fewerMessages   = 1_000  // of a short run
	importBatch     = 20

	// claimed is how many messages an erasure takes at a time. After a kill it may
	// tell that much less than before, until it has looked how far it was.
	claimed = 4096
)

// bringInSpam makes a group with messages of one sender, all with random texts,
// and returns the texts.
func bringInSpam(t *testing.T, s *server, group string, messages int) []string {
	t.Helper()
	s.must(t, "im_open_login_svc/account_import", map[string]any{"UserID": "mallory"}, nil)
	s.must(t, "group_open_http_svc/create_group", map[string]any{"GroupId": group, "Type": "ChatRoom", "Name": "spam"}, nil)
	texts := make([]string, messages)
	now := time.Now().Unix()
	for first := 0; first < messages; first += importBatch {
		var batch []map[string]any
		for i := first; i < min(messages, first+importBatch); i++ {
			texts[i] = rand.Text() + rand.Text()
			batch = append(batch, map[string]any{
				"From_Account": "mallory", "SendTime": now,
				"MsgBody": []any{map[string]any{"MsgType": "TIMTextElem", "MsgContent": map[string]any{"Text": texts[i]}}},
			})
		}
		s.must(t, "group_open_http_svc/import_group_msg", map[string]any{"GroupId": group, "MsgList": batch}, nil)
	}
	return texts
}

func recallSpam(t *testing.T, s *server, group string) (operation string) {
	t.Helper()
	var recalled struct {
		OperationId string
		Results     []struct{ RecalledNum int }
	}
	s.must(t, "recall_http_svc/recall_by_sender", map[string]any{
		"Targets": []any{map[string]any{"GroupId": group, "Sender_Account": "mallory"}},
		"Scope":   map[string]any{"LastMsgNum": 100_000}, "Reason": "spam",
	}, &recalled)
	return recalled.OperationId
}

type erasure struct {
	State                      string
	TotalNum, DoneNum, HeldNum int
}

func erasureOf(t *testing.T, s *server, operation string) erasure {
	t.Helper()
	var got struct{ Erasure erasure }
	s.must(t, "recall_http_svc/get_recall_operation", map[string]any{"OperationId": operation}, &got)
	return got.Erasure
}

func messagesOf(short bool) int {
	if short {
		return fewerMessages
	}
	return erasureMessages
}

// An erasure that was answered is done to its end, however often the server is
// killed in the middle, loses no more than the step it was at, and leaves no text
// in any file.
func TestKilledServerErasesToTheEnd(t *testing.T) {
	messages := messagesOf(testing.Short())
	data := t.TempDir()
	s := start(t, data)
	texts := bringInSpam(t, s, "spam", messages)
	operation := recallSpam(t, s, "spam")
	for _, i := range []int{0, messages / 2, messages - 1} {
		if !inFiles(t, data, texts[i]) {
			t.Fatalf("text %d is in no file before the erasure", i)
		}
	}
	s.must(t, "recall_http_svc/erase_recalled", map[string]any{"OperationId": operation}, nil)
	var last erasure
	kills, running := 0, 0
	for last.State != "done" {
		time.Sleep(mathrand.N(80 * time.Millisecond))
		if kills < mostKills {
			s.kill()
			s = start(t, data)
			kills++
		}
		e := erasureOf(t, s, operation)
		if e.State == "running" {
			running++
		}
		if e.DoneNum+claimed < last.DoneNum || e.DoneNum > e.TotalNum {
			t.Fatalf("after kill %d the erasure is %+v, it was %+v", kills, e, last)
		}
		last = e
	}
	t.Logf("%d kills, %d times the erasure was seen running", kills, running)
	if want := (erasure{State: "done", TotalNum: messages, DoneNum: messages}); last != want {
		t.Errorf("erasure is %+v, want %+v", last, want)
	}
	for i, text := range texts {
		if i%(messages/10) == 0 && inFiles(t, data, text) {
			t.Errorf("text %d is still in a file", i)
		}
	}
	var page struct {
		RspMsgList []struct {
			MsgSeq, IsPlaceMsg int
		}
	}
	s.must(t, "group_open_http_svc/group_msg_get_simple", map[string]any{"GroupId": "spam", "ReqMsgNumber": 20, "WithRecalledMsg": 1}, &page)
	for i, row := range page.RspMsgList {
		if row.MsgSeq != messages-i || row.IsPlaceMsg != 1 {
			t.Errorf("row %d is %+v", i, row)
		}
	}
}

// mostKills bounds the kills of one erasure.
const mostKills = 20

// pieceBytes is how much of a text is looked for at once. What stands in a table
// was compressed, so that a few of its bytes may refer to equal ones before them.
const pieceBytes = 12

// inFiles reports whether a piece of a text is in a file below a directory. Files
// may come and go meanwhile.
func inFiles(t *testing.T, dir, text string) (found bool) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		for i := 0; !found && i+pieceBytes <= len(text); i++ {
			found = bytes.Contains(content, []byte(text[i:i+pieceBytes]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// An export goes on where it was, whatever happens to the server between two
// pages, and its chain of hashes holds.
func TestExportGoesOnAfterKills(t *testing.T) {
	messages := messagesOf(testing.Short())
	data := t.TempDir()
	s := start(t, data)
	bringInSpam(t, s, "spam", messages)
	operation := recallSpam(t, s, "spam")
	chain := make([]byte, sha256.Size)
	next, exported, pages := "", 0, 0
	for {
		var page struct {
			Messages []struct {
				MsgSeq                   int
				StoredHeader, StoredBody []byte
				Hash                     string
			}
			Next, ChainHash string
			TotalNum        int
		}
		s.must(t, "recall_http_svc/export_recall_evidence", map[string]any{"OperationId": operation, "Next": next}, &page)
		for _, m := range page.Messages {
			exported++
			sum := sha256.Sum256(bytes.Join([][]byte{chain, m.StoredHeader, m.StoredBody}, nil))
			chain = sum[:]
			if m.MsgSeq != exported || m.Hash != hex.EncodeToString(chain) {
				t.Fatalf("message %d has number %d and hash %s, want %x", exported, m.MsgSeq, m.Hash, chain)
			}
		}
		pages++
		if next = page.Next; next == "" {
			if page.TotalNum != messages || page.ChainHash != hex.EncodeToString(chain) {
				t.Errorf("the export ends with %d messages and %s, want %d and %x", page.TotalNum, page.ChainHash, messages, chain)
			}
			break
		}
		s.kill()
		s = start(t, data)
	}
	if exported != messages || pages < 2 {
		t.Errorf("%d messages were exported in %d pages", exported, pages)
	}
	var got struct {
		Log []struct {
			Type, ChainHash string
			TotalNum        int
		}
	}
	s.must(t, "recall_http_svc/get_recall_operation", map[string]any{"OperationId": operation}, &got)
	if n := len(got.Log); n != 2 || got.Log[1].Type != "export" || got.Log[1].ChainHash != hex.EncodeToString(chain) || got.Log[1].TotalNum != messages {
		t.Errorf("the log is %s, want the recall and one export", fmt.Sprint(got.Log))
	}
}
