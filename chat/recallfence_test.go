package chat

import (
	"testing"
	"time"

	"github.com/recant-chat/recant/internal/testengine"
)

// The server's time of messages ascends with their numbers, also behind an import
// and where a clock goes back: or the end of a fence would be no number.
func TestAFenceEndsAtOneNumberAlsoWhereClocksDiffer(t *testing.T) {
	st := testengine.Open(t)
	clock := &testClock{now: time.Unix(2_000_000_000, 0)}
	ahead := &testClock{now: clock.now.Add(10 * time.Second)}
	a := openTestApp(t, st, func(o *Options) { o.Clock = clock.Now })
	other := openTestApp(t, st, func(o *Options) { o.Clock = ahead.Now })
	makeGroup(t, a, "g", Public)
	sendAs(t, a, "ann", 1)
	done, err := a.Recall(bg, moderator, RecallCall{Targets: []RecallTarget{{GroupID: "g", Sender: "ann"}}, FenceSeconds: 5})
	if err != nil {
		t.Fatal(err)
	}
	old := clock.now.Unix()
	results, err := other.ImportMessages(bg, moderator, Import{
		GroupID: "g", Messages: []ImportedMessage{{From: "ann", Time: &old, Body: textBody}},
	})
	if err != nil || results[0].Code != 0 {
		t.Fatal(results, err)
	}
	sendAs(t, a, "ann", 2)
	before := shown(t, a, "g")
	clock.now = clock.now.Add(time.Hour)
	if _, err := a.workOnRecalls(bg); err != nil {
		t.Fatal(err)
	}
	if got := shown(t, a, "g"); got != before {
		t.Errorf("%d messages are shown while the fence is open, %d when it is closed", before, got)
	}
	if o, err := a.Operation(bg, done.OperationID); err != nil || o.Targets[0].FenceOpen {
		t.Errorf("operation is %+v (%v)", o, err)
	}
}
