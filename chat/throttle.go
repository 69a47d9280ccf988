package chat

import (
	"time"

	"github.com/recant-chat/recant/store/record"
)

// throttle limits the messages of one stream to a number per second, averaged
// over a second, and lets higher priorities win (spec 04 section 3.4). Each
// priority has a bucket that messages of it and of higher ones fill: so a
// message is only stopped by its equals and betters. The zero value is empty. Each
// commit to the log notes it, so that other processes go on from there; what is not
// committed, messages for those online, each process counts for itself.
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
	t.leak(now, limit)
	if t.filled[priority-1]+1 > limit {
		return false
	}
	for i := priority - 1; i < priorityLowest; i++ {
		t.filled[i] = min(t.filled[i]+1, 2*limit) // the betters' debt is paid within a second
	}
	return true
}

// leak empties the buckets by what has run out since. Clocks of several processes
// differ: a little earlier is no time that passes twice.
func (t *throttle) leak(now time.Time, limit float64) {
	since := now.Sub(t.at)
	if since < 0 && since > -time.Second {
		return
	}
	if t.at.IsZero() {
		since = 0
	}
	t.at = now
	for i := range t.filled {
		t.filled[i] = max(0, t.filled[i]-max(0, since.Seconds()*limit))
	}
}

// note writes down what was counted.
func (t *throttle) note(head *record.LogHead) {
	if t.at.IsZero() {
		return
	}
	head.Throttle, head.ThrottleAt = append([]float64{}, t.filled[:]...), t.at.UnixNano()
}

// join takes in what another process has noted.
func (t *throttle) join(head *record.LogHead, perSecond int) {
	if len(head.Throttle) != len(t.filled) || perSecond <= 0 {
		return
	}
	limit := float64(perSecond)
	noted := throttle{filled: [priorityLowest]float64(head.Throttle), at: time.Unix(0, head.ThrottleAt)}
	if noted.at.Before(t.at) {
		noted.leak(t.at, limit)
	}
	t.leak(noted.at, limit)
	for i := range t.filled {
		t.filled[i] = max(t.filled[i], noted.filled[i])
	}
}
