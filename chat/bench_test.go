package chat

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store/record"
)

// The benchmarks run the domain on the real engine on a real disk, every
// commit synced. Those of package api run the same through HTTP and report
// ratios.

func openBench(b *testing.B) *App {
	b.Helper()
	return openTestApp(b, testengine.In(b.TempDir()).OpenFor(b))
}

// fillGroup makes a group with a history whose newest messages are ann's.
func fillGroup(b *testing.B, a *App, group string, messages, hits int) {
	b.Helper()
	makeGroup(b, a, group, ChatRoom)
	g, err := a.readGroup(bg, group)
	if err != nil {
		b.Fatal(err)
	}
	s := g.stream()
	for done := 0; done < messages; {
		request := &appendRequest{}
		for range min(maxBatchMessages, messages-done) {
			from := "bob"
			if done >= messages-hits {
				from = "ann"
			}
			request.messages = append(request.messages, newMessage{
				header: &record.Header{Sender: from, Priority: priorityNormal}, body: &record.Body{MsgBody: textBody},
			})
			done++
		}
		if _, err := s.append(bg, request); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSend(b *testing.B) {
	for _, callers := range []int{1, 128} { // times the processors
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			a := openBench(b)
			makeGroup(b, a, "g", ChatRoom)
			var random atomic.Uint32
			b.SetParallelism(callers)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := a.Send(bg, moderator, testMessage("g", "ann", random.Add(1))); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

func BenchmarkRecall(b *testing.B) {
	for _, c := range []struct{ messages, hits int }{
		{2000, 1}, {2000, 100}, {2000, 1000}, {1000, 100}, {100_000, 100}, {1_000_000, 100},
	} {
		b.Run(fmt.Sprintf("hits=%d/history=%d", c.hits, c.messages), func(b *testing.B) {
			a := openBench(b)
			fillGroup(b, a, "g", c.messages, c.hits)
			b.ResetTimer()
			for b.Loop() {
				if err := a.RecallBySender(bg, moderator, "g", "", "ann"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPage(b *testing.B) {
	for _, recalls := range []int{0, 1000} {
		b.Run(fmt.Sprintf("recalls=%d", recalls), func(b *testing.B) {
			a := openBench(b)
			fillGroup(b, a, "g", 2000, 0)
			for i := range recalls {
				if err := a.RecallBySender(bg, moderator, "g", "", fmt.Sprintf("spammer-%d", i)); err != nil {
					b.Fatal(err)
				}
			}
			b.ResetTimer()
			for b.Loop() {
				page, err := a.History(bg, HistoryRequest{GroupID: "g", Number: 20})
				if err != nil || len(page.Rows) != 20 {
					b.Fatal(page, err)
				}
			}
		})
	}
}

// BenchmarkCountWindow counts what a recall of the classic window would hide,
// 500 messages among 1,000, without a commit and without looking beyond.
func BenchmarkCountWindow(b *testing.B) {
	a := openBench(b)
	fillGroup(b, a, "g", 2000, 500)
	s := ownStream(b, a, "g")
	part := &plannedPart{RecallPart: &record.RecallPart{Sender: "ann", FromSeq: 1001, ToSeq: 2000}, stream: s}
	b.ResetTimer()
	for range b.N {
		if err := s.count(bg, part, 0); err != nil || part.Matched != 500 {
			b.Fatal(part, err)
		}
	}
}

// BenchmarkCountDeep counts the widest scope.
func BenchmarkCountDeep(b *testing.B) {
	a := openBench(b)
	fillGroup(b, a, "g", maxScopeNumbers, 500)
	s := ownStream(b, a, "g")
	part := &plannedPart{RecallPart: &record.RecallPart{Sender: "ann", FromSeq: 1, ToSeq: maxScopeNumbers}, stream: s}
	b.ResetTimer()
	for range b.N {
		if err := s.count(bg, part, 0); err != nil || part.Matched != 500 {
			b.Fatal(part, err)
		}
	}
}
