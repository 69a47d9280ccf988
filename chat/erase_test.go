package chat

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// pieceBytes is how much of a text is looked for at once. What stands in a table
// was compressed, so that a few of its bytes may refer to equal ones before them.
const pieceBytes = 12

// filesWith counts the files below a directory that hold a piece of a text.
func filesWith(t *testing.T, dir, text string) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for i := 0; i+pieceBytes <= len(text); i++ {
			if bytes.Contains(content, []byte(text[i:i+pieceBytes])) {
				n++
				break
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// What is erased is in no file of the store: neither the text nor the custom
// data nor extensions, not in its tables, not in its log.
func TestErasedBytesAreInNoFileOfTheStore(t *testing.T) {
	testengine.Embedded(t)
	dir := t.TempDir()
	a := openTestApp(t, testengine.In(dir).OpenFor(t))
	makeGroup(t, a, "g", Public)
	mustImport(t, a, "bob")
	random := uint32(0)
	// Random texts, which compression changes only here and there.
	say := func(from string) (text, data string) {
		random++
		text, data = rand.Text()+rand.Text(), rand.Text()+rand.Text()
		m := testMessage("g", from, random)
		m.Body = jsontext.Value(fmt.Sprintf(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":%q}}]`, text))
		m.CloudCustomData, m.Extensible = data, true
		if _, err := a.Send(bg, moderator, m); err != nil {
			t.Fatal(err)
		}
		return text, data
	}
	ownText, ownData := say("ann")
	otherText, _ := say("bob")
	restoredText, _ := say("ann")
	// Extensions of it; the first is replaced, the second deleted.
	extend := func(seq uint32, operation ExtensionOperation, keys ...string) (values []string) {
		c := ExtensionChange{GroupID: "g", Seq: seq, Operation: operation}
		for _, key := range keys {
			values = append(values, rand.Text()+rand.Text())
			c.Pairs = append(c.Pairs, Extension{Key: key, Value: values[len(values)-1]})
		}
		if _, err := a.ChangeExtensions(bg, c); err != nil {
			t.Fatal(err)
		}
		return values
	}
	ownExtensions := slices.Concat(extend(1, ExtensionSet, "a", "b", "c"), extend(1, ExtensionSet, "a"))
	extend(1, ExtensionDelete, "b")
	otherExtension := extend(2, ExtensionSet, "a")[0]
	done, err := a.Recall(bg, moderator, RecallCall{
		Targets: []RecallTarget{{GroupID: "g", Sender: "ann"}}, Scope: RecallScope{LastNum: 10, BeforeSeq: 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.PreviewRecall(bg, moderator, []RecallTarget{{GroupID: "g", Sender: "ann"}}, RecallScope{}); err != nil {
		t.Fatal(err)
	}
	if filesWith(t, dir, ownText) == 0 || filesWith(t, dir, ownData) == 0 || filesWith(t, dir, ownExtensions[0]) == 0 {
		t.Fatal("the search does not find what is there")
	}
	if _, err := a.Erase(bg, moderator, done.OperationID, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := a.workOnRecalls(bg); err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{
		"text": ownText, "custom data": ownData, "extension that was replaced": ownExtensions[0],
		"extension that was deleted": ownExtensions[1], "extension": ownExtensions[2], "extension that replaced": ownExtensions[3],
	} {
		if n := filesWith(t, dir, text); n > 0 {
			t.Errorf("the erased %s is in %d files", what, n)
		}
	}
	for _, text := range []string{otherText, restoredText, otherExtension} {
		if filesWith(t, dir, text) == 0 {
			t.Error("a message that was not erased is gone from the files")
		}
	}
}

// eraseAnn recalls what ann said in the group g and erases it.
func eraseAnn(t *testing.T, a *App, scope RecallScope) {
	t.Helper()
	done, err := a.Recall(bg, moderator, RecallCall{Targets: []RecallTarget{{GroupID: "g", Sender: "ann"}}, Scope: scope})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Erase(bg, moderator, done.OperationID, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := a.workOnRecalls(bg); err != nil {
		t.Fatal(err)
	}
}

// An erasure that is put off is not done at once, whichever comes first.
func TestAnErasureThatIsPutOffWhileItBeginsIsNotDone(t *testing.T) {
	st := &afterRead{Store: testengine.Open(t)}
	a := openTestApp(t, st)
	done, err := a.Recall(bg, moderator, RecallCall{Targets: crashGroups(t, a, 1)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Erase(bg, moderator, done.OperationID, 0); err != nil {
		t.Fatal(err)
	}
	later := a.now() + 7*secondsPerDay
	var answer *Erasure
	id, _ := parseOperationID(done.OperationID)
	key := record.RecallWorkKey(record.AuditEntry_ERASE, id)
	st.then = func(p store.Partition, ranges []store.Range) {
		if p != record.RecallWorkPartition(a.id, key) || !ranges[0].IsKey() {
			return
		}
		st.then = nil // the work has been read
		if answer, err = a.Erase(bg, moderator, done.OperationID, later); err != nil {
			t.Error(err)
		}
	}
	if _, err := a.workOnRecalls(bg); err != nil {
		t.Fatal(err)
	}
	o, err := a.Operation(bg, done.OperationID)
	if err != nil {
		t.Fatal(err)
	}
	if answer == nil || answer.State == ErasureWaiting && answer.NotBefore == later && o.Targets[0].State != StateActive {
		t.Errorf("put off, it answered %+v, and the target is %s", answer, o.Targets[0].State)
	}
}

// afterPurge calls a function after every purge.
type afterPurge struct {
	store.Store
	then func(store.Partition)
}

func (s *afterPurge) Purge(ctx context.Context, p store.Partition) error {
	err := s.Store.Purge(ctx, p)
	if s.then != nil {
		s.then(p)
	}
	return err
}

// What another operation's hold spares while an erasure runs is not told as
// erased, nor where the erasure was cut short in between.
func TestAnErasureTellsWhatAHoldHasSparedMeanwhile(t *testing.T) {
	for _, crash := range []bool{false, true} {
		st := &afterPurge{Store: testengine.Open(t)}
		a := openTestApp(t, st)
		all := crashGroups(t, a, 2)
		done, err := a.Recall(bg, moderator, RecallCall{Targets: all})
		if err != nil {
			t.Fatal(err)
		}
		other, err := a.Recall(bg, moderator, RecallCall{Targets: all[1:], Scope: RecallScope{LastNum: 2}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Erase(bg, moderator, done.OperationID, 0); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(bg)
		defer cancel()
		st.then = func(store.Partition) { // the first of the two groups is done
			st.then = nil
			if err := a.Hold(bg, moderator, other.OperationID, true, "court order"); err != nil {
				t.Error(err)
			}
			if crash {
				cancel()
			}
		}
		if _, err := a.workOnRecalls(ctx); (err != nil) != crash {
			t.Fatal(err)
		}
		o, err := hourLater(t, st).Operation(bg, done.OperationID)
		if err != nil {
			t.Fatal(err)
		}
		if e := o.Erasure; e == nil || e.State != ErasureDone || e.TotalNum != 4 || e.DoneNum != 4 || e.HeldNum != 2 {
			t.Errorf("cut short: %v: erasure is %+v, want 4 of 4 and 2 on hold", crash, e)
		}
	}
}

// Who helps to finish a claim and comes late does not erase what was put on hold
// since the claim was given up.
func TestALateHelperOfAnErasureSparesWhatIsOnHold(t *testing.T) {
	st := &afterRead{Store: testengine.Open(t)}
	a := openTestApp(t, st)
	all := crashGroups(t, a, 1)
	erased, err := a.Recall(bg, moderator, RecallCall{Targets: all})
	if err != nil {
		t.Fatal(err)
	}
	held, err := a.Recall(bg, moderator, RecallCall{Targets: all, Scope: RecallScope{LastNum: 1}})
	if err != nil {
		t.Fatal(err)
	}
	hold := func(hold bool) {
		t.Helper()
		if err := a.Hold(bg, moderator, held.OperationID, hold, "court order"); err != nil {
			t.Fatal(err)
		}
	}
	hold(true)
	s := ownStream(t, a, "g0")
	var claim *record.Erasure
	st.then = func(p store.Partition, _ []store.Range) {
		if p != record.ConversationPartition(s.id) || claim != nil {
			return
		}
		st := st.Store // or it would call itself
		rows, _, err := st.Read(bg, p, store.Key(record.ConversationKey))
		c := &record.Conversation{}
		if err == nil && len(rows[0]) > 0 {
			err = decode(rows[0][0], c)
		}
		if err != nil {
			t.Error(err)
		}
		claim = c.Erasing
	}
	if _, err := a.Erase(bg, moderator, erased.OperationID, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := a.workOnRecalls(bg); err != nil || claim == nil {
		t.Fatal(err, claim)
	}
	hold(false)
	st.then = func(_ store.Partition, ranges []store.Range) {
		for _, r := range ranges {
			if string(r.From) == string(record.HeldPrefix) { // the helper has looked who is on hold
				st.then = nil
				hold(true)
			}
		}
	}
	if _, err := s.eraseClaimed(bg, claim); err != nil || st.then != nil {
		t.Fatal(err)
	}
	page, err := a.Evidence(bg, moderator, held.OperationID, "")
	if err != nil || len(page.Messages) != 1 || page.Messages[0].Erased {
		t.Errorf("on hold is %+v (%v), want a message that is not erased", page, err)
	}
}

// A part that was claimed before a crash is counted when it is erased, whoever
// erases it.
func TestErasureCountsWhatAClaimOfBeforeErased(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	makeGroup(t, a, "g", ChatRoom)
	s := ownStream(t, a, "g")
	const messages = record.BucketSize + 10
	appendTimed(t, s, make([]int64, messages))
	done, err := a.Recall(bg, moderator, RecallCall{Targets: []RecallTarget{{GroupID: "g", Sender: "ann"}}, Scope: RecallScope{LastNum: messages}})
	if err != nil {
		t.Fatal(err)
	}
	id, _ := parseOperationID(done.OperationID)
	if err := s.claimErasure(bg, &record.Erasure{Operation: id[:], FromSeq: record.BucketSize + 1, ToSeq: messages, Id: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Erase(bg, moderator, done.OperationID, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := a.workOnRecalls(bg); err != nil {
		t.Fatal(err)
	}
	o, err := a.Operation(bg, done.OperationID)
	if err != nil || o.Erasure.TotalNum != messages || o.Erasure.DoneNum != messages {
		t.Errorf("erasure is %+v (%v), want %d of them", o.Erasure, err, messages)
	}
}
