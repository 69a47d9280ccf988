// Package webhook calls the application's backend over HTTP about events
// (doc 34354): it makes and signs the calls, reads the answers, and bounds what
// a slow or dead backend can cost. What an event is, and when one is called
// again, is the domain's; Receiver is its chat.Receiver.
package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sony/gobreaker/v2"

	"github.com/recant-chat/recant/chat"
)

// Options are what a Receiver needs beside its settings.
type Options struct {
	SDKAppID uint32
	Logger   *slog.Logger          // nil logs nothing
	Metrics  prometheus.Registerer // nil registers none
	Clock    chat.Clock            // nil is time.Now; signs calls
}

// Receiver is one application's backend. Close it after the last call.
type Receiver struct {
	backend  backend
	settings Settings
	enabled  map[string]bool
	clock    chat.Clock
	log      *slog.Logger

	before   *pool
	after    *pool
	breakers map[string]*breaker // by command, of those called before an event

	metrics    *metrics
	complaints *complaints
}

var _ chat.Receiver = (*Receiver)(nil)

// New makes the receiver of an application whose settings have a URL. Errors: a
// setting that cannot be, a ca_file that cannot be read, metrics that are
// registered already.
func New(settings Settings, options Options) (*Receiver, error) {
	return newReceiver(settings, options, openFor)
}

func newReceiver(settings Settings, options Options, openFor time.Duration) (*Receiver, error) {
	if err := settings.Validate(); err != nil {
		return nil, err
	}
	target, err := parseURL(settings.URL)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	roots, err := trusted(settings.CAFile)
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w", err)
	}
	r := &Receiver{
		backend:  backend{url: target, token: settings.Token.Reveal(), sdkAppID: options.SDKAppID},
		settings: settings, enabled: settings.enabled(), clock: options.Clock, log: options.Logger,
		before:   newPool(settings.MaxConcurrentBefore, settings.Timeout, roots),
		after:    newPool(settings.MaxConcurrentAfter, settings.Timeout, roots),
		breakers: map[string]*breaker{},
	}
	if r.metrics, err = newMetrics(options.Metrics, r.backend); err != nil {
		return nil, err
	}
	if r.clock == nil {
		r.clock = time.Now
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	r.log = r.log.With("url", r.backend.shown())
	r.complaints = newComplaints(r.log, r.clock)
	for _, command := range commands {
		if before(command) {
			r.breakers[command] = newBreaker(command, openFor, r.breakerChanged)
		}
	}
	return r, nil
}

// Close closes the connections that are kept. No call may be under way.
func (r *Receiver) Close() {
	r.before.client.CloseIdleConnections()
	r.after.client.CloseIdleConnections()
	r.metrics.close()
}

// Enabled reports whether a command is called at all.
func (r *Receiver) Enabled(command string) bool { return r.enabled[command] }

// DenyOnFailure reports whether an event is refused when the call before it
// failed.
func (r *Receiver) DenyOnFailure(command string) bool {
	exception := slices.Contains(r.settings.BeforeFailureExceptions, command)
	return (r.settings.BeforeFailurePolicy == PolicyDeny) != exception
}

// Ask calls before an event, once. It returns within Settings.Patience and
// Settings.Timeout, and at once as long as the backend seems dead. An error that is a
// context.DeadlineExceeded says that the backend did not answer in time, or that
// ctx ended.
func (r *Receiver) Ask(ctx context.Context, c chat.Callback) (*chat.CallbackAnswer, error) {
	answer, err := r.ask(ctx, c)
	r.ended(c.Command, err)
	if err != nil {
		return nil, err
	}
	return answer, nil
}

func (r *Receiver) ask(ctx context.Context, c chat.Callback) (*chat.CallbackAnswer, error) {
	b := r.breakers[c.Command]
	switch {
	case b == nil:
		return nil, fmt.Errorf("webhook: %q is not called before an event", c.Command)
	case b.State() == gobreaker.StateOpen: // before waiting for a turn
		return nil, &failure{cut, gobreaker.ErrOpenState}
	}
	patience, cancel := context.WithTimeout(ctx, r.settings.Patience())
	defer cancel()
	if r.before.enter(patience) != nil {
		if ctx.Err() != nil {
			return nil, &failure{abandoned, ctx.Err()}
		}
		return nil, &failure{crowded, errCrowded}
	}
	defer r.before.leave()
	return through(b, func() (answer *chat.CallbackAnswer, err error) {
		err = r.attempt(ctx, r.before, c, func(body []byte, err error) error {
			if err == nil {
				answer, err = parseAnswer(c.Command, body)
			}
			return err
		})
		return answer, err
	})
}

var errCrowded = errors.New("max_concurrent_before calls are under way")

// Tell calls after an event, once, as soon as fewer than max_concurrent_after
// such calls are under way. Errors: chat.ErrReceiverAnswered, ctx's, any other
// where the backend was not reached or did not answer in time.
func (r *Receiver) Tell(ctx context.Context, c chat.Callback) error {
	err := r.tell(ctx, c)
	r.ended(c.Command, err)
	return err
}

func (r *Receiver) tell(ctx context.Context, c chat.Callback) error {
	if err := r.after.enter(ctx); err != nil {
		return &failure{abandoned, err}
	}
	defer r.after.leave()
	return r.attempt(ctx, r.after, c, func(body []byte, err error) error {
		if err == nil {
			_, err = checkObject(body)
		}
		if err != nil { // 200 is enough (spec 06 section 5)
			r.complaints.about(c.Command, unreadable, "the answer to a webhook cannot be read and does not matter", err)
		}
		return nil
	})
}

// attempt makes one call within the timeout. Of a 200, take gets the body or why
// it could not be read, and decides.
func (r *Receiver) attempt(ctx context.Context, p *pool, c chat.Callback, take func(body []byte, err error) error) error {
	limited, cancel := context.WithTimeout(ctx, r.settings.Timeout)
	defer cancel()
	began := time.Now()
	defer func() { r.metrics.attempted(c.Command, time.Since(began)) }()

	request, err := r.backend.request(limited, c, r.clock())
	if err != nil {
		return err
	}
	response, err := p.client.Do(request)
	if err != nil {
		return broken(ctx, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return &failure{refused, fmt.Errorf("status %d: %w", response.StatusCode, chat.ErrReceiverAnswered)}
	}
	body, err := readAnswer(response.Body)
	if err != nil {
		err = broken(ctx, err)
	}
	return take(body, err)
}

// ended counts a call and complains of it where the backend failed.
func (r *Receiver) ended(command string, err error) {
	r.metrics.ended(command, err)
	switch o := outcomeOf(err); o {
	case taken, cut, abandoned:
	default:
		r.complaints.about(command, o, "a webhook failed", err)
	}
}

// breakerChanged is called with the breaker locked.
func (r *Receiver) breakerChanged(command string, from, to gobreaker.State) {
	r.metrics.breakerIs(command, to)
	switch {
	case from == gobreaker.StateClosed:
		r.log.Warn("a webhook failed again and again and is not called for a while", "command", command, "failures", tripAfter, "denied", r.DenyOnFailure(command))
	case to == gobreaker.StateClosed:
		r.log.Info("a webhook is called again", "command", command)
	}
}
