package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/recant-chat/recant/internal/evidence"
)

// table writes rows in columns.
type table struct{ w *tabwriter.Writer }

func newTable(to io.Writer, heads ...string) *table {
	t := &table{tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)}
	t.row(heads...)
	return t
}

func (t *table) row(cells ...string) {
	for i, cell := range cells {
		if cell == "" {
			cells[i] = "-"
		}
	}
	fmt.Fprintln(t.w, strings.Join(cells, "\t"))
}

func (t *table) end() { t.w.Flush() }

// shown makes text of others safe to print: what is not printable could move
// the cursor of a terminal or end a table's row.
func shown(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\u00b7'
	}, text)
}

// short is shown with at most so many characters.
func short(text string, most int) string {
	runes := []rune(shown(text))
	if len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return string(runes)
}

// many counts things in English.
func many(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

func number(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

// clock is a time in the form that the flags take; "" for none.
func clock(unix int64) string {
	if unix == 0 {
		return ""
	}
	return time.Unix(unix, 0).Format(time.RFC3339)
}

// place is where a target is: its group, and its topic where it has one.
func (t recallTarget) place() string {
	if t.TopicID == "" {
		return shown(t.GroupID)
	}
	return shown(t.GroupID) + " " + shown(t.TopicID)
}

// span is a range of numbers; "" for none.
func span(from, to uint32) string {
	if from == 0 {
		return ""
	}
	return number(from) + ".." + number(to)
}

// outcome says what became of one target of a restore.
func (r *recallPart) outcome() string {
	if r.Code != 0 {
		return r.note()
	}
	return fmt.Sprintf("%d restored", r.Restored)
}

// note says what a person should know of a result.
func (r *recallPart) note() string {
	switch {
	case r.Code != 0:
		return fmt.Sprintf("error %d: %s", r.Code, shown(r.Info))
	case r.MoreBeyond > 0:
		return fmt.Sprintf("more below: --before-seq %d", r.NextBefore)
	case r.MoreBeyond < 0:
		return fmt.Sprintf("perhaps more below: --before-seq %d", r.NextBefore)
	}
	return ""
}

func printPreview(to io.Writer, results []recallPart) {
	matched, scanned := uint32(0), uint32(0)
	t := newTable(to, "GROUP", "SENDER", "NUMBERS", "SCANNED", "WOULD GO", "GONE BEFORE", "OLDEST", "NEWEST", "NOTE")
	for _, r := range results {
		matched, scanned = matched+r.Matched, scanned+r.Scanned
		t.row(r.place(), shown(r.Sender), span(r.FromSeq, r.ToSeq), number(r.Scanned), number(r.Matched),
			number(r.Already), clock(r.Oldest), clock(r.Newest), r.note())
	}
	t.end()
	printSamples(to, results)
	fmt.Fprintf(to, "\n%s of %d scanned would be recalled.\n", many(int(matched), "message"), scanned)
}

// sampleWidth is how many characters of a message are shown.
const sampleWidth = 72

func printSamples(to io.Writer, results []recallPart) {
	any := false
	t := &table{tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)}
	for _, r := range results {
		for _, m := range r.Samples {
			if !any {
				fmt.Fprintln(to, "\nThe newest of them:")
			}
			any = true
			t.row("  "+r.place(), number(m.Seq), clock(m.Time), shown(m.From), short(m.text(), sampleWidth))
		}
	}
	t.end()
}

// text is what a person reads of a message: its texts, and the types of what
// is none.
func (m *sample) text() string {
	var parts []string
	for _, element := range m.Body {
		content := struct{ Text string }{}
		err := json.Unmarshal(element.Content, &content, jsontext.AllowDuplicateNames(true))
		if err != nil || element.Type != "TIMTextElem" {
			parts = append(parts, "["+element.Type+"]")
			continue
		}
		parts = append(parts, content.Text)
	}
	return strings.Join(parts, " ")
}

// printRecalled prints what a recall did; confirmed is how many messages the
// preview had shown, where there was one.
func printRecalled(to io.Writer, answer *recallAnswer, confirmed uint32, unseen bool) {
	recalled := uint32(0)
	t := newTable(to, "GROUP", "SENDER", "NUMBERS", "RECALLED", "GONE BEFORE", "NOTE")
	for _, r := range answer.Results {
		recalled += r.Recalled
		t.row(r.place(), shown(r.Sender), span(r.FromSeq, r.ToSeq), number(r.Recalled), number(r.Already), r.note())
	}
	t.end()
	fmt.Fprintf(to, "\nRecalled %s", many(int(recalled), "message"))
	if !unseen && recalled > confirmed {
		fmt.Fprintf(to, ", %d of them posted since the preview", recalled-confirmed)
	}
	fmt.Fprintf(to, ". Operation %s\n", answer.OperationID)
}

func printRestored(to io.Writer, results []recallPart) {
	restored, hidden := uint32(0), uint32(0)
	t := newTable(to, "GROUP", "SENDER", "RESTORED", "STILL HIDDEN", "NOTE")
	for _, r := range results {
		restored, hidden = restored+r.Restored, hidden+r.StillHidden
		t.row(r.place(), shown(r.Sender), number(r.Restored), number(r.StillHidden), r.note())
	}
	t.end()
	fmt.Fprintf(to, "\nRestored %s", many(int(restored), "message"))
	if hidden > 0 {
		fmt.Fprintf(to, "; %d stay hidden by another recall", hidden)
	}
	fmt.Fprintln(to, ".")
}

// listedTargets is how many targets of an entry a list names.
const listedTargets = 2

func printList(to io.Writer, entries []auditEntry) {
	t := newTable(to, "TIME", "WHAT", "OPERATION", "BY", "WHOM", "MESSAGES", "STATE", "REASON")
	for _, e := range entries {
		var whom []string
		messages, state := "", ""
		if o := e.Operation; o != nil {
			if n, counted := o.messages(); counted {
				messages = number(n)
			}
			state = o.state()
			for _, target := range o.Targets {
				whom = append(whom, target.whom())
			}
		}
		for _, target := range e.Targets {
			whom = append(whom, target.whom())
			if target.Code != 0 {
				state = "refused"
			}
		}
		matched := uint32(0)
		for _, r := range e.Results {
			whom, matched = append(whom, r.whom()), matched+r.Matched
			messages = number(matched)
		}
		if e.Type == "export" && e.ChainHash != "" {
			messages = number(e.TotalNum)
		}
		if more := len(whom) - listedTargets; more > 0 {
			whom = append(whom[:listedTargets], fmt.Sprintf("and %d more", more))
		}
		t.row(clock(e.Time), e.Type, e.OperationID, shown(e.Operator), strings.Join(whom, ", "), messages, state, short(e.Reason, 40))
	}
	t.end()
}

// whom names a target in a list.
func (t recallTarget) whom() string {
	if t.Sender == "" {
		return t.place()
	}
	return shown(t.Sender) + " in " + t.place()
}

// state is the state of all targets, or says that they differ.
func (o *recallOperation) state() string {
	state := ""
	for i, t := range o.Targets {
		if i > 0 && t.State != state {
			state = "mixed"
			break
		}
		state = t.State
	}
	if o.Hold == 1 {
		state += ", held"
	}
	return state
}

func printOperation(to io.Writer, a *operationAnswer) {
	o := &a.Operation
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	line := func(name, value string) { fmt.Fprintf(w, "%s\t%s\n", name, value) }
	line("Operation", o.OperationID)
	line("Command", o.Command)
	line("Time", clock(o.Time))
	line("By", shown(o.Operator)+" from "+shown(o.RemoteIP))
	line("Reason", shown(o.Reason))
	line("Told", o.Notify)
	if o.FenceSeconds > 0 {
		line("Fence", (time.Duration(o.FenceSeconds) * time.Second).String())
	}
	if o.Hold == 1 {
		line("Hold", "yes")
	}
	w.Flush()
	fmt.Fprintln(to)
	printTargets(to, o.Targets)
	if a.Erasure != nil {
		fmt.Fprintln(to)
		printErasure(to, a.Erasure)
	}
	fmt.Fprintln(to)
	t := newTable(to, "TIME", "WHAT", "BY", "FROM", "REASON", "DETAILS")
	for _, e := range a.Log {
		t.row(clock(e.Time), e.Type, shown(e.Operator), shown(e.RemoteIP), shown(e.Reason), e.details())
	}
	t.end()
}

// details are what an entry of a log has beside who, when and why.
func (e *auditEntry) details() string {
	switch {
	case e.ChainHash != "":
		return fmt.Sprintf("%s, ChainHash %s", many(int(e.TotalNum), "message"), e.ChainHash)
	case e.NotBefore > 0:
		return "not before " + clock(e.NotBefore)
	}
	var names []string
	for _, target := range e.Targets {
		names = append(names, target.whom()+": "+target.outcome())
	}
	return strings.Join(names, ", ")
}

func printTargets(to io.Writer, targets []operationTarget) {
	t := newTable(to, "GROUP", "SENDER", "STATE", "NUMBERS", "RECALLED", "GONE BEFORE", "FENCE", "NOTE")
	for _, target := range targets {
		note := ""
		if target.Code != 0 {
			note = fmt.Sprintf("error %d: %s", target.Code, shown(target.Info))
		}
		if target.Hold == 1 {
			note = "on hold"
		}
		t.row(target.place(), shown(target.Sender), target.State, target.numbers(), counted(target.Recalled),
			counted(target.Already), target.Fence.text(), note)
	}
	t.end()
}

func counted(n *uint32) string {
	if n == nil {
		return ""
	}
	return number(*n)
}

// numbers are what a target covers beside its fence.
func (t *operationTarget) numbers() string {
	if len(t.Seqs) == 0 {
		return span(t.FromSeq, t.ToSeq)
	}
	var numbers []string
	for _, s := range t.Seqs {
		numbers = append(numbers, number(s.Seq))
	}
	return strings.Join(numbers, " ")
}

func (f *fence) text() string {
	switch {
	case f == nil:
		return ""
	case f.Open == 1:
		return fmt.Sprintf("from %d, until %s", f.FromSeq, clock(f.Until))
	case f.ToSeq == 0: // restored before its end, so that nobody looked what it caught
		return fmt.Sprintf("from %d, ended", f.FromSeq)
	case f.ToSeq < f.FromSeq:
		return fmt.Sprintf("from %d, caught nothing", f.FromSeq)
	}
	return "caught " + span(f.FromSeq, f.ToSeq)
}

func printErasure(to io.Writer, e *erasure) {
	fmt.Fprintf(to, "Erasure: %s", e.State)
	if e.State == "waiting" {
		fmt.Fprintf(to, ", not before %s", clock(e.NotBefore))
	} else {
		fmt.Fprintf(to, ", %d of %s", e.Done, many(int(e.Total), "message"))
	}
	if e.Held > 0 {
		fmt.Fprintf(to, ", %d spared by a hold", e.Held)
	}
	fmt.Fprintln(to)
}

func printVerified(to io.Writer, report *evidence.Report) {
	m := report.Manifest
	fmt.Fprintf(to, "The archive is as it was written: %s", many(int(report.Messages), "message"))
	if report.Erased > 0 {
		fmt.Fprintf(to, ", %d of them erased before the export", report.Erased)
	}
	fmt.Fprintf(to, ".\nOperation  %s\nExported   %s by %s from %s\nChainHash  %s\n",
		shown(m.OperationID), clock(m.ExportTime), shown(m.ExportedBy), shown(m.Server), report.ChainHash)
}
