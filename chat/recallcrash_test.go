package chat

import (
	"fmt"
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// crashGroups are groups with three messages of ann and one of bob each.
func crashGroups(t *testing.T, a *App, n int) []RecallTarget {
	t.Helper()
	var targets []RecallTarget
	for i := range n {
		group := fmt.Sprint("g", i)
		makeGroup(t, a, group, Public)
		mustImport(t, a, "bob")
		for j, from := range []string{"ann", "bob", "ann", "ann"} {
			if _, err := a.Send(bg, moderator, testMessage(group, from, uint32(j))); err != nil {
				t.Fatal(err)
			}
		}
		targets = append(targets, RecallTarget{GroupID: group, Sender: "ann"})
	}
	return targets
}

// hourLater opens an App an hour later, and does the work that is left.
func hourLater(t *testing.T, st store.Store) *App {
	t.Helper()
	a := openTestApp(t, st, func(o *Options) { o.Clock = func() time.Time { return time.Now().Add(time.Hour) } })
	if _, err := a.workOnRecalls(bg); err != nil {
		t.Fatal(err)
	}
	if rows := rowsOfAll(t, a.store, record.RecallWorkPartitions(a.id)); len(rows) > 0 {
		t.Fatalf("%d rows of work are left", len(rows))
	}
	return a
}

// shown is how many messages a group's default history has.
func shown(t *testing.T, a *App, group string) int {
	t.Helper()
	page, err := a.History(bg, HistoryRequest{GroupID: group, Number: 20})
	if err != nil {
		t.Fatal(err)
	}
	return len(page.Rows)
}

// newestOperation is the operation of the newest recall, nil for none.
func newestOperation(t *testing.T, a *App) *Operation {
	t.Helper()
	page, err := a.AuditList(bg, AuditQuery{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Entries) == 0 {
		return nil
	}
	o, err := a.Operation(bg, page.Entries[0].Operation.ID)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func wantStates(t *testing.T, when string, o *Operation, state string) {
	t.Helper()
	for i, target := range o.Targets {
		if target.State != state {
			t.Errorf("%s: target %d is %s, want %s", when, i, target.State, state)
		}
	}
}

// A recall of many targets that is cut short is carried out after the next
// start, or reported as given up.
func TestRecallOfManyTargetsSurvivesACrashAtAnyWrite(t *testing.T) {
	for n := 0; ; n++ {
		st := testengine.Open(t)
		targets := crashGroups(t, openTestApp(t, st), 3)
		acknowledged := false
		died := dieAfter(t, st, n, func(a *App) {
			_, err := a.Recall(bg, moderator, RecallCall{Targets: targets, IdempotencyKey: "once", FenceSeconds: 60})
			acknowledged = err == nil
		})
		when := fmt.Sprintf("dead after %d writes", n)
		a := hourLater(t, st)
		want := 4
		if o := newestOperation(t, a); o != nil {
			state := StateVoid
			if o.Targets[0].State == StateActive {
				state, want = StateActive, 1
			}
			wantStates(t, when, o, state)
		}
		for _, target := range targets {
			if got := shown(t, a, target.GroupID); got != want || acknowledged && got != 1 {
				t.Errorf("%s: group %s shows %d messages, want %d (acknowledged: %v)", when, target.GroupID, got, want, acknowledged)
			}
		}
		// The same call again finds what the first one did, or does it.
		again, err := a.Recall(bg, moderator, RecallCall{Targets: targets, IdempotencyKey: "once", FenceSeconds: 60})
		if err != nil || again.Parts[2].MatchedNum+again.Parts[2].AlreadyNum != 3 || shown(t, a, "g2") != 1 {
			t.Errorf("%s: repeated call answers %+v (%v), and %d are shown", when, again, err, shown(t, a, "g2"))
		}
		if !died {
			return
		}
	}
}

// A restore that is cut short is done after the next start, and the audit record
// tells of all that it showed again, before the crash and after it.
func TestRestoreSurvivesACrashAtAnyWrite(t *testing.T) {
	for n := 0; ; n++ {
		st := testengine.Open(t)
		first := openTestApp(t, st)
		targets := crashGroups(t, first, 3)
		done, err := first.Recall(bg, moderator, RecallCall{Targets: targets})
		if err != nil {
			t.Fatal(err)
		}
		acknowledged := false
		died := dieAfter(t, st, n, func(a *App) {
			_, err := a.Restore(bg, moderator, done.OperationID, nil, "appeal")
			acknowledged = err == nil
		})
		a := hourLater(t, st)
		o, err := a.Operation(bg, done.OperationID)
		if err != nil {
			t.Fatal(err)
		}
		want, state := 4, StateRestored
		if o.Targets[0].State == StateActive {
			want, state = 1, StateActive
		}
		wantStates(t, fmt.Sprintf("dead after %d writes", n), o, state)
		if last := o.Log[len(o.Log)-1]; state == StateRestored {
			for i, r := range last.Restored {
				if r.RestoredNum != 3 || r.StillHiddenNum != 0 {
					t.Errorf("dead after %d writes: the record says of target %d %+v, want 3 restored", n, i, r)
				}
			}
		}
		for _, target := range targets {
			if got := shown(t, a, target.GroupID); got != want || acknowledged && got != 4 {
				t.Errorf("dead after %d writes: group %s shows %d messages, want %d (acknowledged: %v)", n, target.GroupID, got, want, acknowledged)
			}
		}
		if !died {
			return
		}
	}
}

func TestHoldSurvivesACrashAtAnyWrite(t *testing.T) {
	for n := 0; ; n++ {
		st := testengine.Open(t)
		first := openTestApp(t, st)
		done, err := first.Recall(bg, moderator, RecallCall{Targets: crashGroups(t, first, 3)})
		if err != nil {
			t.Fatal(err)
		}
		acknowledged := false
		died := dieAfter(t, st, n, func(a *App) {
			acknowledged = a.Hold(bg, moderator, done.OperationID, true, "court order") == nil
		})
		a := hourLater(t, st)
		o, err := a.Operation(bg, done.OperationID)
		if err != nil {
			t.Fatal(err)
		}
		for i, target := range o.Targets {
			if target.Held != o.Targets[0].Held || acknowledged && !target.Held {
				t.Errorf("dead after %d writes: target %d is held: %v, the first: %v", n, i, target.Held, o.Targets[0].Held)
			}
		}
		if !died {
			return
		}
	}
}

// A hold that meets an erasure cut short finishes what that was about to erase:
// once it is answered, nothing more goes of what it covers.
func TestAHoldLeavesNothingToAnErasureThatWasCutShort(t *testing.T) {
	claims := 0
	for n := 0; ; n++ {
		st := testengine.Open(t)
		first := openTestApp(t, st)
		targets := crashGroups(t, first, 1)
		var ids [2]string
		for i := range ids {
			done, err := first.Recall(bg, moderator, RecallCall{Targets: targets})
			if err != nil {
				t.Fatal(err)
			}
			ids[i] = done.OperationID
		}
		if _, err := first.Erase(bg, moderator, ids[0], 0); err != nil {
			t.Fatal(err)
		}
		died := dieAfter(t, st, n, func(a *App) { _, _ = a.workOnRecalls(bg) }, minutesLater)
		a := openTestApp(t, st)
		claimed := func() bool {
			t.Helper()
			o, err := a.operation(bg, ids[1])
			if err != nil {
				t.Fatal(err)
			}
			c, _, _, err := a.readConversation(bg, a.partStream(o.entry.Parts[0]).id)
			if err != nil {
				t.Fatal(err)
			}
			return c.Erasing != nil
		}
		if claimed() {
			claims++
		}
		if err := a.Hold(bg, moderator, ids[1], true, "court order"); err != nil {
			t.Fatal(err)
		}
		if claimed() {
			t.Errorf("dead after %d writes: a part is still claimed for erasure after the hold", n)
		}
		if !died {
			break
		}
	}
	if claims == 0 {
		t.Error("no erasure was cut short within a part")
	}
}

// A hold that was cut short does not undo what was asked for since.
func TestAHoldThatWasCutShortDoesNotUndoALaterRelease(t *testing.T) {
	for n := 0; ; n++ {
		st := testengine.Open(t)
		first := openTestApp(t, st)
		done, err := first.Recall(bg, moderator, RecallCall{Targets: crashGroups(t, first, 2)})
		if err != nil {
			t.Fatal(err)
		}
		died := dieAfter(t, st, n, func(a *App) { _ = a.Hold(bg, moderator, done.OperationID, true, "court order") })
		if err := openTestApp(t, st).Hold(bg, moderator, done.OperationID, false, "not this one"); err != nil {
			t.Fatal(err)
		}
		o, err := hourLater(t, st).Operation(bg, done.OperationID)
		if err != nil || o.Held {
			t.Errorf("dead after %d writes: operation is on hold: %v (%v), want released", n, o.Held, err)
		}
		if !died {
			return
		}
	}
}

// An erasure that was asked for is done to its end, whatever interrupts it, and
// tells how much that was.
func TestErasureSurvivesACrashAtAnyWrite(t *testing.T) {
	for n := 0; ; n++ {
		st := testengine.Open(t)
		first := openTestApp(t, st)
		targets := crashGroups(t, first, 2)
		done, err := first.Recall(bg, moderator, RecallCall{Targets: targets})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := first.Erase(bg, moderator, done.OperationID, 0); err != nil {
			t.Fatal(err)
		}
		died := dieAfter(t, st, n, func(a *App) { _, _ = a.workOnRecalls(bg) }, minutesLater)
		a := hourLater(t, st)
		o, err := a.Operation(bg, done.OperationID)
		if err != nil {
			t.Fatal(err)
		}
		when := fmt.Sprintf("dead after %d writes", n)
		wantStates(t, when, o, StateErased)
		if e := o.Erasure; e == nil || e.State != ErasureDone || e.TotalNum != 6 || e.DoneNum != 6 || e.HeldNum != 0 {
			t.Errorf("%s: erasure is %+v, want 6 of 6", when, e)
		}
		for _, target := range targets {
			page, err := a.History(bg, HistoryRequest{GroupID: target.GroupID, Number: 20, WithRecalled: true})
			if err != nil || len(page.Rows) != 4 {
				t.Fatalf("%s: history is %+v (%v)", when, page, err)
			}
			for _, row := range page.Rows {
				if want := row.Seq == 2; (row.Place == RowLive) != want || !want && (row.Place != RowPlaceholder || string(row.Body) != "[]") {
					t.Errorf("%s: row is %+v", when, row)
				}
			}
			events, _, err := a.Feed(bg, target.GroupID, "", 0, 100)
			if err != nil || len(events) != 2 || events[1].Type != "erased" {
				t.Errorf("%s: feed is %+v (%v)", when, events, err)
			}
		}
		if !died {
			return
		}
	}
}

// An erasure of a recall that never came to its target leaves its fence alone.
func TestErasureOfWhatWasGivenUpHidesNothing(t *testing.T) {
	clock := &testClock{now: time.Unix(2_000_000_000, 0)}
	a := openTestApp(t, testengine.Open(t), func(o *Options) { o.Clock = clock.Now })
	makeGroup(t, a, "g", Public)
	sendAs(t, a, "ann", 1)
	parts, err := a.planTargets(bg, []RecallTarget{{GroupID: "g", Sender: "ann"}}, RecallScope{LastNum: 1})
	if err != nil {
		t.Fatal(err)
	}
	// As a crash leaves it right after its audit entry was written.
	id := a.newOperationID()
	parts[0].Fence = &record.Fence{FromSeq: 2, Until: a.now() + 60}
	entry := &record.AuditEntry{
		Kind: record.AuditEntry_RECALL, Operation: id[:], FenceSeconds: 60, Parts: []*record.RecallPart{parts[0].RecallPart},
	}
	if err := a.audit(bg, id, moderator, entry); err != nil {
		t.Fatal(err)
	}
	sendAs(t, a, "ann", 2)
	clock.now = clock.now.Add(time.Hour)
	wantStates(t, "an hour later", newestOperation(t, a), StateVoid)
	if _, err := a.Erase(bg, moderator, operationText(id[:]), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := a.workOnRecalls(bg); err != nil {
		t.Fatal(err)
	}
	if got := shown(t, a, "g"); got != 2 {
		t.Errorf("%d messages are shown, want both", got)
	}
	c, _, _, err := a.readConversation(bg, ownStream(t, a, "g").id)
	if err != nil || c.Fences != 0 {
		t.Errorf("conversation is %v (%v), want no fences", c, err)
	}
}

// A release that a crash has cut short does not undo a later hold.
func TestAnInterruptedReleaseDoesNotUndoALaterHold(t *testing.T) {
	for n := 0; ; n++ {
		st := testengine.Open(t)
		a := openTestApp(t, st)
		done, err := a.Recall(bg, moderator, RecallCall{Targets: crashGroups(t, a, 2)})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Hold(bg, moderator, done.OperationID, true, "court order"); err != nil {
			t.Fatal(err)
		}
		died := dieAfter(t, st, n, func(a *App) {
			_ = a.Hold(bg, moderator, done.OperationID, false, "")
		})
		next := openTestApp(t, st)
		if err := next.Hold(bg, moderator, done.OperationID, true, "another court order"); err != nil {
			t.Fatal(err)
		}
		o, err := hourLater(t, st).Operation(bg, done.OperationID)
		if err != nil {
			t.Fatal(err)
		}
		for i, target := range o.Targets {
			if !target.Held {
				t.Errorf("release died after %d writes: target %d is not on hold", n, i)
			}
		}
		if !died {
			return
		}
	}
}

// What a restore has done is told as it was, also where it is taken up again.
func TestTheResultOfARestoreOutlastsACrash(t *testing.T) {
	for n := 0; ; n++ {
		st := testengine.Open(t)
		a := openTestApp(t, st)
		done, err := a.Recall(bg, moderator, RecallCall{Targets: crashGroups(t, a, 1)})
		if err != nil {
			t.Fatal(err)
		}
		restored := uint32(0)
		died := dieAfter(t, st, n, func(a *App) {
			if r, err := a.Restore(bg, moderator, done.OperationID, nil, ""); err == nil {
				restored = r[0].RestoredNum
			}
		})
		_, result, err := a.auditEntry(bg, latestEntry(t, a, record.AuditEntry_RESTORE))
		if err != nil {
			t.Fatal(err)
		}
		o, err := hourLater(t, st).Operation(bg, done.OperationID)
		if err != nil {
			t.Fatal(err)
		}
		if result != nil && o.Log[1].Restored[0].RestoredNum != result.Parts[0].Restored {
			t.Errorf("died after %d writes: log tells %+v, %d were restored", n, o.Log[1].Restored, result.Parts[0].Restored)
		}
		if !died {
			if restored != 3 {
				t.Error(restored)
			}
			return
		}
	}
}

func latestEntry(t *testing.T, a *App, kind record.AuditEntry_Kind) (id record.OperationID) {
	t.Helper()
	page, err := a.AuditList(bg, AuditQuery{Limit: 1, Types: []string{kindNames[kind]}})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Entries) > 0 {
		id, _ = parseOperationID(page.Entries[0].ID)
	}
	return id
}

// An erasure does not end before the recall that it is about has come.
func TestErasureWaitsForARecallThatIsUnderWay(t *testing.T) {
	st := testengine.Open(t)
	a := openTestApp(t, st)
	makeGroup(t, a, "g", Public)
	sendAs(t, a, "ann", 1)
	stalled := &afterRead{Store: st}
	other := openTestApp(t, stalled)
	stalled.then = func(p store.Partition, _ []store.Range) {
		o := newestOperation(t, a)
		if o == nil || p != record.ConversationPartition(ownStream(t, a, "g").id) {
			return
		}
		stalled.then = nil // the recall is in the audit record, and about to be committed
		if _, err := a.Erase(bg, moderator, o.ID, 0); err != nil {
			t.Error(err)
		}
		if _, err := a.workOnRecalls(bg); err != nil {
			t.Error(err)
		}
	}
	if err := other.RecallBySender(bg, moderator, "g", "", "ann"); err != nil || stalled.then != nil {
		t.Fatal(err)
	}
	wantStates(t, "an hour later", newestOperation(t, hourLater(t, st)), StateErased)
}
