package chat

import (
	"testing"
	"time"
)

func TestThrottleLetsHigherPrioritiesWin(t *testing.T) {
	start := time.Unix(1_760_000_000, 0)
	admitted := func(th *throttle, at time.Time, priority uint32, n int) (count int) {
		for range n {
			if th.allow(at, 40, priority) {
				count++
			}
		}
		return count
	}
	for _, c := range []struct {
		name        string
		first, then uint32
		want        int
	}{
		{"equals are stopped", priorityNormal, priorityNormal, 0},
		{"lower ones are stopped", priorityNormal, priorityLow, 0},
		{"higher ones are not", priorityNormal, priorityHigh, 40},
		{"the highest ones stop each other", priorityHigh, priorityHigh, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			th := &throttle{}
			if got := admitted(th, start, c.first, 60); got != 40 {
				t.Errorf("%d of the first are admitted, want 40", got)
			}
			if got := admitted(th, start, c.then, 60); got != c.want {
				t.Errorf("%d of the others are admitted, want %d", got, c.want)
			}
		})
	}
}

func TestThrottleAveragesOverASecond(t *testing.T) {
	th := &throttle{}
	admitted := 0
	for tenth := range 100 { // 60 a second for ten seconds
		at := time.Unix(1_760_000_000, int64(tenth)*1e8)
		for range 6 {
			if th.allow(at, 40, priorityNormal) {
				admitted++
			}
		}
	}
	if admitted < 400 || admitted > 440 {
		t.Errorf("%d messages are admitted in ten seconds, want about 400", admitted)
	}
}

func TestThrottleOfZeroAdmitsEverything(t *testing.T) {
	th := &throttle{}
	for range 10_000 {
		if !th.allow(time.Unix(1, 0), 0, priorityLowest) {
			t.Fatal("stopped")
		}
	}
}
