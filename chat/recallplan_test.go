package chat

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/internal/testengine"
)

// A preview of many targets with long messages has fewer samples rather than an
// answer over 1 MB.
func TestSamplesOfAPreviewLeaveRoomForTheAnswer(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	long := jsontext.Value(fmt.Sprintf(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":%q}}]`, strings.Repeat("x", 11000)))
	var all []RecallTarget
	for i := range 20 {
		group := fmt.Sprint("g", i)
		makeGroup(t, a, group, Public)
		for n := range uint32(maxRecallSamples) {
			m := testMessage(group, "ann", n)
			m.Body = long
			if _, err := a.Send(bg, moderator, m); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, RecallTarget{GroupID: group, Sender: "ann"})
	}
	_, results, err := a.PreviewRecall(bg, moderator, all, RecallScope{})
	if err != nil {
		t.Fatal(err)
	}
	bytes := 0
	for _, r := range results {
		for _, row := range r.Samples {
			bytes += len(row.Body)
		}
	}
	if len(results[0].Samples) != maxRecallSamples || results[19].MatchedNum != maxRecallSamples || bytes > maxSampleBytes {
		t.Errorf("samples have %d bytes, the first target %d of them", bytes, len(results[0].Samples))
	}
}
