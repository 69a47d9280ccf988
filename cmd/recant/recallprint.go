package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/recant-chat/recant/client"
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
func place(group, topic string) string {
	if topic == "" {
		return shown(group)
	}
	return shown(group) + " " + shown(topic)
}

// span is a range of numbers; "" for none.
func span(from, to uint32) string {
	if from == 0 {
		return ""
	}
	return number(from) + ".." + number(to)
}

// fault says why a target could not be served; "" where it was.
func fault(code int, info string) string {
	if code == 0 {
		return ""
	}
	return fmt.Sprintf("error %d: %s", code, shown(info))
}

// note says what a person should know of a result.
func note(r *client.RecallPart) string {
	switch {
	case r.ErrorCode != 0:
		return fault(r.ErrorCode, r.ErrorInfo)
	case r.MoreBeyond > 0:
		return fmt.Sprintf("more below: --before-seq %d", r.NextBeforeSeq)
	case r.MoreBeyond < 0:
		return fmt.Sprintf("perhaps more below: --before-seq %d", r.NextBeforeSeq)
	}
	return ""
}

func printPreview(to io.Writer, results []client.PreviewPart) {
	matched, scanned := uint32(0), uint32(0)
	t := newTable(to, "GROUP", "SENDER", "NUMBERS", "SCANNED", "WOULD GO", "GONE BEFORE", "OLDEST", "NEWEST", "NOTE")
	for _, r := range results {
		matched, scanned = matched+r.MatchedNum, scanned+r.ScannedNum
		t.row(place(r.GroupID, r.TopicID), shown(r.SenderAccount), span(r.FromSeq, r.ToSeq), number(r.ScannedNum), number(r.MatchedNum),
			number(r.AlreadyRecalledNum), clock(r.OldestTime), clock(r.NewestTime), note(&r.RecallPart))
	}
	t.end()
	printSamples(to, results)
	fmt.Fprintf(to, "\n%s of %d scanned would be recalled.\n", many(int(matched), "message"), scanned)
}

// sampleWidth is how many characters of a message are shown.
const sampleWidth = 72

func printSamples(to io.Writer, results []client.PreviewPart) {
	any := false
	t := &table{tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)}
	for _, r := range results {
		for _, m := range r.Samples {
			if !any {
				fmt.Fprintln(to, "\nThe newest of them:")
			}
			any = true
			t.row("  "+place(r.GroupID, r.TopicID), number(m.MsgSeq), clock(m.MsgTimeStamp), shown(m.FromAccount), short(readable(m.MsgBody), sampleWidth))
		}
	}
	t.end()
}

// readable is what a person reads of a message: its texts, and the types of
// what is none.
func readable(body client.MessageBody) string {
	var parts []string
	for _, element := range body {
		content := client.TextContent{}
		if element.Type != client.TypeText || element.Decode(&content) != nil {
			parts = append(parts, "["+element.Type+"]")
			continue
		}
		parts = append(parts, content.Text)
	}
	return strings.Join(parts, " ")
}

// printRecalled prints what a recall did; confirmed is how many messages the
// preview had shown, where there was one.
func printRecalled(to io.Writer, answer *client.RecallBySenderResponse, confirmed uint32, unseen bool) {
	recalled := uint32(0)
	t := newTable(to, "GROUP", "SENDER", "NUMBERS", "RECALLED", "GONE BEFORE", "NOTE")
	for _, r := range answer.Results {
		recalled += r.RecalledNum
		t.row(place(r.GroupID, r.TopicID), shown(r.SenderAccount), span(r.FromSeq, r.ToSeq), number(r.RecalledNum),
			number(r.AlreadyRecalledNum), note(&r.RecallPart))
	}
	t.end()
	fmt.Fprintf(to, "\nRecalled %s", many(int(recalled), "message"))
	if !unseen && recalled > confirmed {
		fmt.Fprintf(to, ", %d of them posted since the preview", recalled-confirmed)
	}
	fmt.Fprintf(to, ". Operation %s\n", answer.OperationID)
}

func printRestored(to io.Writer, results []client.RestoredPart) {
	restored, hidden := uint32(0), uint32(0)
	t := newTable(to, "GROUP", "SENDER", "RESTORED", "STILL HIDDEN", "NOTE")
	for _, r := range results {
		restored, hidden = restored+r.RestoredNum, hidden+r.StillHiddenNum
		t.row(place(r.GroupID, r.TopicID), shown(r.SenderAccount), number(r.RestoredNum), number(r.StillHiddenNum), fault(r.ErrorCode, r.ErrorInfo))
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

func printList(to io.Writer, entries []client.AuditItem) {
	t := newTable(to, "TIME", "WHAT", "OPERATION", "BY", "WHOM", "MESSAGES", "STATE", "REASON")
	for _, e := range entries {
		var whom []string
		messages, state := "", ""
		if o := e.Operation; o != nil {
			if n, counted := covered(o); counted {
				messages = number(n)
			}
			state = stateOf(o)
			for _, t := range o.Targets {
				whom = append(whom, whomOf(t.GroupID, t.TopicID, t.SenderAccount))
			}
		}
		for _, target := range e.Targets {
			whom = append(whom, whomOf(target.GroupID, target.TopicID, target.SenderAccount))
			if target.ErrorCode != 0 {
				state = "refused"
			}
		}
		matched := uint32(0)
		for _, r := range e.Results {
			whom, matched = append(whom, whomOf(r.GroupID, r.TopicID, r.SenderAccount)), matched+r.MatchedNum
			messages = number(matched)
		}
		if e.Type == "export" && e.ChainHash != "" {
			messages = number(e.TotalNum)
		}
		if more := len(whom) - listedTargets; more > 0 {
			whom = append(whom[:listedTargets], fmt.Sprintf("and %d more", more))
		}
		t.row(clock(e.Time), e.Type, e.OperationID, shown(e.OperatorAccount), strings.Join(whom, ", "), messages, state, short(e.Reason, 40))
	}
	t.end()
}

// whomOf names a target in a list.
func whomOf(group, topic, sender string) string {
	if sender == "" {
		return place(group, topic)
	}
	return shown(sender) + " in " + place(group, topic)
}

// stateOf is the state of all targets, or says that they differ.
func stateOf(o *client.RecallOperation) string {
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

func printOperation(to io.Writer, a *client.GetRecallOperationResponse) {
	o := &a.Operation
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	line := func(name, value string) { fmt.Fprintf(w, "%s\t%s\n", name, value) }
	line("Operation", o.OperationID)
	line("Command", o.Command)
	line("Time", clock(o.Time))
	line("By", shown(o.OperatorAccount)+" from "+shown(o.RemoteIP))
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
		t.row(clock(e.Time), e.Type, shown(e.OperatorAccount), shown(e.RemoteIP), shown(e.Reason), details(&e))
	}
	t.end()
}

// details are what an entry of a log has beside who, when and why.
func details(e *client.AuditEvent) string {
	switch {
	case e.ChainHash != "":
		return fmt.Sprintf("%s, ChainHash %s", many(int(e.TotalNum), "message"), e.ChainHash)
	case e.NotBefore > 0:
		return "not before " + clock(e.NotBefore)
	}
	var names []string
	for _, target := range e.Targets {
		outcome := fault(target.ErrorCode, target.ErrorInfo)
		if outcome == "" {
			outcome = fmt.Sprintf("%d restored", target.RestoredNum)
		}
		names = append(names, whomOf(target.GroupID, target.TopicID, target.SenderAccount)+": "+outcome)
	}
	return strings.Join(names, ", ")
}

func printTargets(to io.Writer, targets []client.OperationTarget) {
	t := newTable(to, "GROUP", "SENDER", "STATE", "NUMBERS", "RECALLED", "GONE BEFORE", "FENCE", "NOTE")
	for _, target := range targets {
		note := fault(target.ErrorCode, target.ErrorInfo)
		if target.Hold == 1 {
			note = "on hold"
		}
		t.row(place(target.GroupID, target.TopicID), shown(target.SenderAccount), target.State, numbers(&target), counted(target.RecalledNum),
			counted(target.AlreadyRecalledNum), fenceText(target.Fence), note)
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
func numbers(t *client.OperationTarget) string {
	if len(t.MsgSeqList) == 0 {
		return span(t.FromSeq, t.ToSeq)
	}
	var numbers []string
	for _, s := range t.MsgSeqList {
		numbers = append(numbers, number(s.MsgSeq))
	}
	return strings.Join(numbers, " ")
}

func fenceText(f *client.OperationFence) string {
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

func printErasure(to io.Writer, e *client.Erasure) {
	fmt.Fprintf(to, "Erasure: %s", e.State)
	if e.State == "waiting" {
		fmt.Fprintf(to, ", not before %s", clock(e.NotBefore))
	} else {
		fmt.Fprintf(to, ", %d of %s", e.DoneNum, many(int(e.TotalNum), "message"))
	}
	if e.HeldNum > 0 {
		fmt.Fprintf(to, ", %d spared by a hold", e.HeldNum)
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
