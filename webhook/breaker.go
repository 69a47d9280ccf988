package webhook

import (
	"errors"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/recant-chat/recant/chat"
)

const (
	// tripAfter failed calls in a row open a breaker.
	tripAfter = 5
	// openFor is how long an open breaker lets nothing through. Then one call
	// probes, and its success closes the breaker.
	openFor = 5 * time.Second
)

// breaker spares the calls before one command's events the wait for a backend
// that does not answer.
type breaker = gobreaker.CircuitBreaker[*chat.CallbackAnswer]

func newBreaker(command string, openFor time.Duration, changed func(command string, from, to gobreaker.State)) *breaker {
	return gobreaker.NewCircuitBreaker[*chat.CallbackAnswer](gobreaker.Settings{
		Name:        command,
		MaxRequests: 1,
		Timeout:     openFor,
		ReadyToTrip: func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= tripAfter },
		// A caller who leaves says nothing about the backend.
		IsExcluded:    func(err error) bool { return outcomeOf(err) == abandoned },
		OnStateChange: changed,
	})
}

// through makes a call if the breaker lets it.
func through(b *breaker, call func() (*chat.CallbackAnswer, error)) (*chat.CallbackAnswer, error) {
	answer, err := b.Execute(call)
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		err = &failure{cut, err}
	}
	return answer, err
}
