// Command membench fills one server with groups and messages and prints how
// much memory the process holds after each step.
//
//	CGO_ENABLED=0 go run ./internal/membench -groups 1000000 -messages 10000000
//
// It works on the domain and the embedded engine, with the settings that
// `recant serve` has by default and every write synced; CGO_ENABLED=0 because
// the program is built so. It ends with exit code 1 when the limit was passed.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"time"
)

func main() {
	var o options
	flag.IntVar(&o.groups, "groups", 1_000_000, "groups to make")
	flag.IntVar(&o.messages, "messages", 10_000_000, "messages to store, evenly over the groups")
	flag.IntVar(&o.calls, "calls", 200_000, "calls of everyday work afterwards: sends, recalls and pages of history in random groups")
	flag.IntVar(&o.callers, "callers", 512, "concurrent callers")
	flag.StringVar(&o.data, "data", "", "new data directory that is kept; empty takes a temporary one")
	flag.StringVar(&o.heap, "heap", "", "file for a profile of the heap at the end")
	limit := flag.Int("limit", 1<<10, "most resident memory, in MiB")
	flag.Parse()
	if o.groups < 1 || o.messages < 0 || o.callers < 1 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	peak, err := measure(context.Background(), o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "membench:", err)
		os.Exit(1)
	}
	verdict := "PASS"
	if peak > *limit {
		verdict = "FAIL"
	}
	fmt.Printf("%s: the peak was %d MiB, the limit is %d MiB\n", verdict, peak, *limit)
	if peak > *limit {
		os.Exit(1)
	}
}

// options are what to fill the server with.
type options struct {
	groups, messages, calls, callers int
	data, heap                       string
}

// measure fills a server and returns the greatest resident memory, in MiB.
func measure(ctx context.Context, o options) (peak int, err error) {
	if o.data == "" {
		if o.data, err = os.MkdirTemp("", "recant-membench-"); err != nil {
			return 0, err
		}
		defer os.RemoveAll(o.data)
	}
	w, err := openWorld(ctx, o)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"empty", func(context.Context) error { return nil }},
		{"accounts", w.importAccounts},
		{"groups", w.makeGroups},
		{"messages", w.storeMessages},
		{"everyday calls", w.everyday},
	} {
		began := time.Now()
		if err := step.run(ctx); err != nil {
			return 0, fmt.Errorf("%s: %w", step.name, err)
		}
		usage, err := readUsage()
		if err != nil {
			return 0, err
		}
		fmt.Printf("%-15s %8v  %s\n", step.name, time.Since(began).Round(time.Second), usage)
		peak = usage.peak
	}
	return peak, writeHeapProfile(o.heap)
}

// writeHeapProfile writes what holds the heap in use, unless the name is empty.
func writeHeapProfile(name string) error {
	if name == "" {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(pprof.WriteHeapProfile(file), file.Close())
}

// usage is what the process holds, in MiB.
type usage struct {
	resident, peak int // as the kernel counts
	live, garbage  int // of Go's heap
}

func (u usage) String() string {
	return fmt.Sprintf("resident %5d MiB, peak %5d MiB, heap %4d MiB in use and %4d MiB free or garbage", u.resident, u.peak, u.live, u.garbage)
}

// readUsage asks the kernel and Go's runtime.
func readUsage() (usage, error) {
	var u usage
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return u, err
	}
	for name, into := range map[string]*int{"VmRSS:": &u.resident, "VmHWM:": &u.peak} {
		_, rest, found := bytes.Cut(status, []byte(name))
		fields := bytes.Fields(rest)
		if !found || len(fields) < 2 {
			return u, fmt.Errorf("/proc/self/status has no %s", name)
		}
		kib, err := strconv.Atoi(string(fields[0]))
		if err != nil {
			return u, err
		}
		*into = kib >> 10
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	u.live, u.garbage = int(m.HeapAlloc>>20), int((m.HeapSys-m.HeapReleased-m.HeapAlloc)>>20)
	return u, nil
}
