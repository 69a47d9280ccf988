package webhook

import (
	"log/slog"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/recant-chat/recant/chat"
)

const (
	complaintEvery = time.Minute
	maxErrorText   = 300 // bytes of a reason in the log, which may quote what the backend sent
)

// complaints logs what is wrong with a backend without a line per call: one for
// each command and outcome in complaintEvery, with the number of those that
// were not logged since the last.
type complaints struct {
	log   *slog.Logger
	clock chat.Clock

	mutex sync.Mutex
	last  map[complaint]*complained
}

type complaint struct {
	command string
	outcome outcome
}

type complained struct {
	next     time.Time
	unlogged int
}

func newComplaints(log *slog.Logger, clock chat.Clock) *complaints {
	return &complaints{log: log, clock: clock, last: map[complaint]*complained{}}
}

// about logs a reason, or counts it.
func (c *complaints) about(command string, o outcome, message string, err error) {
	if unlogged, due := c.due(complaint{command, o}); due {
		c.log.Warn(message, "command", command, "outcome", string(o), "error", shorten(err.Error()), "unlogged", unlogged)
	}
}

func (c *complaints) due(about complaint) (unlogged int, due bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	now, last := c.clock(), c.last[about]
	if last == nil {
		last = &complained{}
		c.last[about] = last
	}
	if now.Before(last.next) {
		last.unlogged++
		return 0, false
	}
	unlogged = last.unlogged
	*last = complained{next: now.Add(complaintEvery)}
	return unlogged, true
}

func shorten(text string) string {
	if len(text) <= maxErrorText {
		return text
	}
	end := maxErrorText
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "..."
}
