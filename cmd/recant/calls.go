package main

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// calls counts the calls under way, so that the store is closed after the last
// of them even where connections had to be broken off.
type calls struct {
	mu      sync.Mutex
	closed  bool // no call begins any more
	running sync.WaitGroup
	number  atomic.Int64 // of calls under way
}

// count is the handler with its calls counted.
func (c *calls) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !c.begin() {
			panic(http.ErrAbortHandler) // its connection is closed already
		}
		defer c.end()
		next.ServeHTTP(w, r)
	})
}

func (c *calls) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.running.Add(1)
	c.number.Add(1)
	return true
}

func (c *calls) end() {
	c.number.Add(-1)
	c.running.Done()
}

// wait lets no call begin any more and waits for those under way, at most so
// long. It reports whether all have ended.
func (c *calls) wait(atMost time.Duration) bool {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.running.Wait()
	}()
	select {
	case <-ended:
		return true
	case <-time.After(atMost):
		return false
	}
}
