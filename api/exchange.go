package api

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/chat"
)

// Call is who calls what, as a command sees it.
type Call struct {
	App      *Application
	Caller   string // the calling administrator
	RemoteIP string // "" where the transport has none
	Random   string // the request's random, "" where it is longer than 48 bytes
	Service  string // as called
	Command  string // as called, perhaps an older name

	family family
}

// Operator is the caller as the domain keeps it.
func (c *Call) Operator() chat.Operator {
	return chat.Operator{Account: c.Caller, RemoteIP: c.RemoteIP, Random: c.Random, Command: c.Command}
}

// invalid refuses the call with its service's code for a bad parameter. The
// text names the field.
func (c *Call) invalid(format string, args ...any) error {
	return chat.Refuse(c.family.badParameter, format, args...)
}

// mustFit refuses a call that is about to change something when its answer could
// be too large to send: a call that fails has changed nothing.
func (c *Call) mustFit(largest any) error {
	_, err := c.family.success(largest)
	return err
}

// exchange is one request on its way to its answer. The steps are those of
// spec 01 section 1.5: the first that fails decides the code.
type exchange struct {
	server  *Server
	started time.Time // on the machine's own clock
	now     time.Time
	w       http.ResponseWriter
	r       *http.Request

	query    query
	app      *application // nil until found
	remoteIP string
	caller   string // "" until authenticated
	command  *Command
	family   family

	code chat.Code // of the answer
	err  error     // what the log should say beside the code
}

// answer runs the exchange and returns the body of its answer.
func (e *exchange) answer() (body []byte) {
	defer func() {
		if p := recover(); p != nil {
			e.server.metrics.panicked(e.command)
			e.server.log.LogAttrs(e.r.Context(), slog.LevelError, "panic",
				slog.String("service", loggable(e.query.service)), slog.String("command", loggable(e.query.command)),
				slog.String("random", loggable(e.query.values["random"])),
				slog.Any("value", p), slog.String("stack", string(debug.Stack())))
			body = e.refuse(fmt.Errorf("panic: %v", p))
		}
	}()
	e.family = familyOf("")
	if refused := e.admit(); refused != nil {
		return e.fail(refused)
	}
	release, refused := e.enter()
	if refused != nil {
		return e.fail(refused)
	}
	defer release()
	object, refused := e.readBody()
	if refused != nil {
		return e.fail(refused)
	}
	result, err := e.execute(object)
	if err != nil {
		return e.refuse(err)
	}
	body, err = e.family.success(result)
	if err != nil {
		return e.refuse(err)
	}
	return body
}

func (e *exchange) refuse(err error) []byte { return e.fail(e.refusal(err)) }

// refusal turns an error into the answer's code and text, and keeps it for the
// log where it is the server's fault.
func (e *exchange) refusal(err error) *chat.Error {
	refused, ours := e.family.refusal(err)
	if ours {
		e.err = err
	}
	return refused
}

func (e *exchange) fail(refused *chat.Error) []byte {
	e.code = refused.Code
	return e.family.failure(refused)
}

// admit runs steps 1 to 9: what can be decided from the URL and the peer.
func (e *exchange) admit() *chat.Error {
	q := &e.query
	address := e.server.remoteAddress(e.r)
	e.remoteIP = addressText(address)
	if refused := q.parseURL(e.r); refused != nil {
		return refused
	}
	e.family = familyOf(q.service)
	if refused := q.checkParameters(); refused != nil {
		return refused
	}
	app := e.server.apps[q.sdkAppID]
	switch {
	case app == nil:
		return &chat.Error{Code: codeUnknownApp, Message: "sdkappid does not exist"}
	case app.Disabled:
		return &chat.Error{Code: codeAppDisabled, Message: "sdkappid is disabled"}
	case len(*app.keys.Load()) == 0:
		return &chat.Error{Code: codeNoKey, Message: "sdkappid has no key"}
	case len(app.allowed) > 0 && !inNetworks(app.allowed, address):
		return &chat.Error{Code: codeIPNotAllowed, Message: "address " + e.remoteIP + " is not allowed"}
	}
	e.app = app
	identifier := q.values["identifier"]
	ctx, cancel := context.WithTimeout(e.r.Context(), e.server.timeout)
	defer cancel()
	if err := app.verify(ctx, identifier, q.values["usersig"], e.now); err != nil {
		return e.refusal(err)
	}
	e.caller = identifier
	switch {
	case app.blocked[identifier]:
		return &chat.Error{Code: codeBlocked, Message: "identifier is on the block list"}
	case !app.admins[identifier]:
		return &chat.Error{Code: codeNotAdmin, Message: "identifier is not an app admin"}
	}
	return e.route()
}

// route runs step 9.
func (e *exchange) route() *chat.Error {
	e.command = e.server.commands.find(e.query.service, e.query.command)
	switch {
	case e.command == nil:
		return &chat.Error{Code: e.family.unknown, Message: "no such command: " + e.query.service + "/" + e.query.command}
	case e.app.disabled[e.command]:
		return &chat.Error{Code: e.family.disabled, Message: "command is disabled for this sdkappid"}
	}
	return nil
}

// enter runs step 10: the server's own protection, then the frequency limit.
// The caller releases what it got.
func (e *exchange) enter() (release func(), refused *chat.Error) {
	select {
	case e.server.slots <- struct{}{}:
	default:
		return nil, &chat.Error{Code: codeOverload, Message: "server is overloaded, retry later"}
	}
	// The time is read here: a limiter that is given times out of their order
	// counts what lies between them twice.
	if limit := e.app.limits[e.command]; limit != nil && !limit.AllowN(e.server.clock(), 1) {
		<-e.server.slots
		return nil, &chat.Error{Code: codeCallFrequency, Message: "call frequency of the command exceeded, retry in a second"}
	}
	e.server.metrics.underWay.Inc()
	return func() {
		e.server.metrics.underWay.Dec()
		<-e.server.slots
	}, nil
}

// readBody runs steps 11 and 12.
func (e *exchange) readBody() (jsontext.Value, *chat.Error) {
	refused := &chat.Error{Code: codeTimeout, Message: textTimeout}
	if e.r.ContentLength > maxBodyBytes {
		e.w.Header().Set("Connection", "close")
		return nil, refused
	}
	body, err := io.ReadAll(http.MaxBytesReader(e.w, e.r.Body, maxBodyBytes))
	if err != nil {
		e.w.Header().Set("Connection", "close")
		return nil, refused
	}
	object, fault := checkObject(body)
	if fault != "" {
		if e.family.badJSONText != "" {
			fault = e.family.badJSONText
		}
		return nil, &chat.Error{Code: e.family.badJSON, Message: fault}
	}
	return object, nil
}

// execute runs steps 13 and 14. A command that committed answers with success
// however long that took; one that gave up at the deadline answers 60008.
func (e *exchange) execute(object jsontext.Value) (any, error) {
	ctx, cancel := context.WithTimeout(e.r.Context(), e.server.timeout)
	defer cancel()
	return e.command.run(ctx, &Call{
		App: &e.app.Application, Caller: e.caller, RemoteIP: e.remoteIP, Random: loggable(e.query.values["random"]),
		Service: e.query.service, Command: e.query.command, family: e.family,
	}, object)
}

// log writes the access line: never a key, a UserSig or a body.
func (e *exchange) log(bytes int) {
	took := time.Since(e.started)
	e.server.metrics.answered(e.command, e.code, took)
	attrs := []slog.Attr{
		slog.String("service", loggable(e.query.service)), slog.String("command", loggable(e.query.command)),
		slog.Uint64("sdkappid", uint64(e.query.sdkAppID)), slog.String("caller", loggable(e.query.values["identifier"])),
		slog.Int("code", int(e.code)), slog.Duration("duration", took),
		slog.String("random", loggable(e.query.values["random"])),
		slog.String("remote_ip", e.remoteIP), slog.Int("bytes", bytes),
	}
	level := slog.LevelInfo
	if e.err != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.Any("error", e.err))
	}
	e.server.log.LogAttrs(e.r.Context(), level, "call", attrs...)
}

// loggable leaves out what is longer than any identifier or command: callers
// who mix up parameters must not put their UserSig into the log.
func loggable(text string) string {
	if len(text) > 48 {
		return ""
	}
	return text
}
