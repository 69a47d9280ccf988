package chat

import "time"

// throttle limits the messages of one stream to a number per second, averaged
// over a second, and lets higher priorities win (spec 04 section 3.4). Each
// priority has a bucket that messages of it and of higher ones fill: so a
// message is only stopped by its equals and betters. The zero value is empty.
type throttle struct {
	filled [priorityLowest]float64 // by priority, High first
	at     time.Time
}

// allow admits a message of a priority or stops it; a limit of 0 admits all.
func (t *throttle) allow(now time.Time, perSecond int, priority uint32) bool {
	if perSecond <= 0 {
		return true
	}
	limit := float64(perSecond)
	leaked := now.Sub(t.at).Seconds() * limit
	if t.at.IsZero() {
		leaked = 0
	}
	t.at = now
	for i := range t.filled {
		t.filled[i] = max(0, t.filled[i]-max(0, leaked))
	}
	if t.filled[priority-1]+1 > limit {
		return false
	}
	for i := priority - 1; i < priorityLowest; i++ {
		t.filled[i] = min(t.filled[i]+1, 2*limit) // the betters' debt is paid within a second
	}
	return true
}
