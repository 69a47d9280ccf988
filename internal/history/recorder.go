package history

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// Recorder gathers the calls of one conversation. Its methods may be called
// concurrently; client tells callers apart who make one call after the other.
type Recorder struct {
	clock func() int64 // nanoseconds since it was made
	mu    sync.Mutex
	calls int
	done  []porcupine.Operation
	open  map[int]porcupine.Operation // sends without an answer, by call
}

// NewRecorder returns a Recorder without calls.
func NewRecorder() *Recorder {
	start := time.Now()
	return &Recorder{
		clock: func() int64 { return time.Since(start).Nanoseconds() },
		open:  map[int]porcupine.Operation{},
	}
}

// begin numbers a call and says when it starts.
func (r *Recorder) begin() (call int, from int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	return r.calls, r.clock()
}

// end is when a call ended, never for one without an answer.
func (r *Recorder) end(answered bool) int64 {
	if !answered {
		return math.MaxInt64
	}
	return r.clock()
}

// Send makes and records a send, and returns the number of the call. Where there is no
// answer the message may get any number at any time, until Settle says more.
func (r *Recorder) Send(client int, sender string, send func() (seq uint32, answered bool)) int {
	call, from := r.begin()
	seq, answered := send()
	if !answered {
		seq = 0
	}
	o := porcupine.Operation{
		ClientId: client, Input: step{kind: "send", call: call, sender: sender},
		Call: from, Output: outcome{seq: seq}, Return: r.end(answered),
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if answered {
		r.done = append(r.done, o)
	} else {
		r.open[call] = o
	}
	return call
}

// Recall makes and records a recall by sender with a window. Without an answer it may have
// its place and its effect at any time.
func (r *Recorder) Recall(client int, sender string, window int, recall func() (answered bool)) {
	call, from := r.begin()
	to := r.end(recall())
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, kind := range []string{"place", "effect"} {
		r.done = append(r.done, porcupine.Operation{
			ClientId: client, Input: step{kind: kind, call: call, sender: sender, window: window},
			Call: from, Output: outcome{}, Return: to,
		})
	}
}

// Pull makes and records a pull of a number of rows, from the newest or from a number
// down, which leaves out what is recalled. One without an answer saw nothing.
func (r *Recorder) Pull(client int, from uint32, page int, pull func() (seqs []uint32, answered bool)) {
	call, began := r.begin()
	seqs, answered := pull()
	if !answered {
		return
	}
	to := r.end(true)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, kind := range []string{"rows", "covers"} {
		r.done = append(r.done, porcupine.Operation{
			ClientId: client, Input: step{kind: kind, call: call, page: page, from: from},
			Call: began, Output: outcome{seqs: seqs}, Return: to,
		})
	}
}

// Settle tells the numbers of the sends without an answer that were found in the end, by call. The
// others were not seen by any pull, so that they need not be looked at: they came after
// all of them or not at all.
func (r *Recorder) Settle(found map[int]uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for call, o := range r.open {
		if seq := found[call]; seq != 0 {
			o.Output = outcome{seq: seq}
			r.done = append(r.done, o)
		}
	}
	clear(r.open)
}

// Result is what a check found.
type Result struct {
	Decided bool // else the check took too long
	Fits    bool
	Calls   int
	Open    int // of them, that had no answer and may matter
	// Why says, where the history does not fit, which parts of it do.
	Why string
}

// Check compares what was recorded with the model.
func (r *Recorder) Check(timeout time.Duration) Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	operations := r.operations()
	verdict, info := porcupine.CheckOperationsVerbose(model(), operations, timeout)
	result := Result{Decided: verdict != porcupine.Unknown, Fits: verdict == porcupine.Ok, Calls: r.calls}
	for _, o := range operations {
		if o.Return == math.MaxInt64 && o.Input.(step).kind != "effect" {
			result.Open++
		}
	}
	if verdict == porcupine.Illegal {
		result.Why = fmt.Sprintf("the longest parts that fit:\n%v", info.PartialLinearizationsOperations())
	}
	return result
}

func (r *Recorder) operations() []porcupine.Operation {
	operations := append([]porcupine.Operation{}, r.done...)
	for _, o := range r.open {
		operations = append(operations, o)
	}
	return operations
}
