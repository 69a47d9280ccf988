package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// isTerminal reports whether a person is at the other end.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// errNoTerminal says that nobody can be asked.
var errNoTerminal = &exit{exitNotConfirmed, errors.New("nobody can be asked, because the input is no terminal: give --yes to do it without a question")}

// confirm asks a person, and returns nil for yes alone.
func (s streams) confirm(ctx context.Context, question string) error {
	if !isTerminal(s.in) {
		return errNoTerminal
	}
	fmt.Fprintf(s.log, "%s [y/N] ", question)
	answered := make(chan string, 1)
	go func() { // ends with the program where nobody answers
		line, _ := bufio.NewReader(s.in).ReadString('\n')
		answered <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(s.log)
	case answer := <-answered:
		if answer == "y" || answer == "yes" {
			return nil
		}
	}
	return exitWith(exitNotConfirmed, "not confirmed, nothing was done")
}

// progress is a bar on stderr, or nothing where nobody watches.
type progress struct {
	bar *progressbar.ProgressBar
	to  io.Writer
}

// newProgress makes a bar up to total, or one without an end where that is 0.
func (s streams) newProgress(total int64, what string) progress {
	if !isTerminal(s.log) {
		return progress{}
	}
	if total == 0 {
		total = -1
	}
	return progress{to: s.log, bar: progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(s.log), progressbar.OptionSetDescription(what), progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetWidth(30),
	)}
}

// set says how far the work has come, of how much; a total of 0 leaves that as
// it was, but for work that has come further.
func (p progress) set(done, total int64) {
	if p.bar == nil {
		return
	}
	if total = max(total, done); total > p.bar.GetMax64() && (p.bar.GetMax64() > 0 || total > done) {
		p.bar.ChangeMax64(total)
	}
	p.bar.Set64(done)
}

// finish says that all the work is done, which was so much.
func (p progress) finish(total int64) {
	if p.bar == nil {
		return
	}
	p.bar.ChangeMax64(max(total, 1)) // a bar up to 0 has no end
	p.bar.Finish()
	fmt.Fprintln(p.to)
}

// leave ends the bar where the work was not done.
func (p progress) leave() {
	if p.bar != nil && !p.bar.IsFinished() {
		p.bar.Exit()
		fmt.Fprintln(p.to)
	}
}
