package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/recant-chat/recant/client"
)

// targetFlags name groups or a topic, and senders in them. A group's or an
// account's name may hold any character that could divide them, so each has a
// flag of its own.
type targetFlags struct {
	Group   []string `sep:"none" placeholder:"id" help:"Group that the messages are in; may be given several times."`
	Topic   string   `placeholder:"id" help:"Topic of the one group, where it is a community with topics."`
	Sender  []string `sep:"none" placeholder:"name" help:"Account whose messages are meant, in every --group; may be given several times."`
	Targets string   `placeholder:"file" help:"File with a target a line, in place of the three: {\"GroupId\":\"...\",\"TopicId\":\"...\",\"Sender_Account\":\"...\"}; - reads stdin."`
}

// validate checks what the flags mean together; needed says that there must be
// targets.
func (f *targetFlags) validate(needed bool) error {
	switch {
	case f.Targets != "" && f.named():
		return errors.New("--targets stands in place of --group, --topic and --sender")
	case f.Targets != "":
		return nil
	case f.Topic != "" && len(f.Group) != 1:
		return errors.New("--topic needs the one --group that it is in")
	case len(f.Sender) > 0 && len(f.Group) == 0:
		return errors.New("--sender needs a --group")
	case needed && (len(f.Group) == 0 || len(f.Sender) == 0):
		return errors.New("give --group and --sender, or --targets")
	}
	return nil
}

// named reports whether a group, topic or sender was given.
func (f *targetFlags) named() bool { return len(f.Group) > 0 || f.Topic != "" || len(f.Sender) > 0 }

// given reports whether any target was.
func (f *targetFlags) given() bool { return f.named() || f.Targets != "" }

// targets are all senders in all groups, or those of the file; nil where no
// flag was given.
func (f *targetFlags) targets(s streams) ([]client.RecallTarget, error) {
	if f.Targets != "" {
		targets, err := readTargets(f.Targets, s.in)
		if err != nil {
			return nil, exitWith(exitUsage, "--targets: %w", err)
		}
		return targets, nil
	}
	senders := f.Sender
	if len(f.Group) > 0 && len(senders) == 0 {
		senders = []string{""}
	}
	var targets []client.RecallTarget
	for _, group := range f.Group {
		for _, sender := range senders {
			targets = append(targets, client.RecallTarget{GroupID: group, TopicID: given(f.Topic), SenderAccount: sender})
		}
	}
	return targets, nil
}

// readTargets reads a target a line; empty lines are passed over.
func readTargets(name string, stdin io.Reader) ([]client.RecallTarget, error) {
	from := stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		from = file
	}
	var targets []client.RecallTarget
	scanner := bufio.NewScanner(from)
	for number := 1; scanner.Scan(); number++ {
		line := bytes.TrimSpace(scanner.Bytes())
		if len(line) == 0 {
			continue
		}
		target := client.RecallTarget{}
		if err := json.Unmarshal(line, &target, json.RejectUnknownMembers(true)); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", name, number, err)
		}
		if target.GroupID == "" {
			return nil, fmt.Errorf("%s, line %d: GroupId is missing", name, number)
		}
		targets = append(targets, target)
	}
	if err := scanner.Err(); err != nil {
		return nil, err
	}
	if len(targets) == 0 {
		return nil, fmt.Errorf("%s has no target", name)
	}
	return targets, nil
}

// scopeFlags say how far a recall reaches.
type scopeFlags struct {
	Last      int64   `placeholder:"n" help:"How many numbers of the group or topic to cover, from its newest down or from --before-seq; at most 100000 (default 1000)."`
	BeforeSeq uint32  `placeholder:"n" help:"Cover numbers below this one alone: go on deeper."`
	After     instant `placeholder:"time" help:"Only messages sent at or after a time: RFC 3339 (2026-11-25T16:00:00Z) or so long ago (90m, 2h, 3d)."`
	Before    instant `placeholder:"time" help:"Only messages sent before a time."`
}

func (f *scopeFlags) scope() *client.RecallScope {
	if *f == (scopeFlags{}) {
		return nil
	}
	return &client.RecallScope{
		LastMsgNum: given(f.Last), BeforeSeq: given(f.BeforeSeq), AfterTime: given(f.After.unix), BeforeTime: given(f.Before.unix),
	}
}

// given is a flag's value for a request, nil where the flag was not given.
func given[T comparable](value T) *T {
	var none T
	if value == none {
		return nil
	}
	return &value
}

// instant is a time on the command line: one of the calendar, or so long ago.
type instant struct{ unix int64 } // seconds; 0 where none was given

// UnmarshalText reads the flag.
func (i *instant) UnmarshalText(text []byte) (err error) {
	i.unix, err = parseTime(string(text), -1)
	return err
}

// deadline is a time on the command line: one of the calendar, or in so long.
type deadline struct{ unix int64 }

// UnmarshalText reads the flag.
func (d *deadline) UnmarshalText(text []byte) (err error) {
	d.unix, err = parseTime(string(text), +1)
	return err
}

// parseTime reads a time, or a duration from now in a direction.
func parseTime(text string, direction time.Duration) (int64, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		ago, err := parseDuration(text)
		if err != nil || ago < 0 {
			return 0, fmt.Errorf("%q is neither a time like 2026-11-25T16:00:00Z nor a duration like 90m, 2h or 3d", text)
		}
		at = time.Now().Add(direction * ago)
	}
	if at.Unix() <= 0 {
		return 0, fmt.Errorf("%q lies before 1970", text)
	}
	return at.Unix(), nil
}

// parseDuration is time.ParseDuration that knows days of 24 hours as well.
func parseDuration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(text)
}
