package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/go-json-experiment/json"
)

// controlSocket is the unix socket in the data directory by which the operator's
// commands reach the server that has the directory. Whoever may open it may read the
// directory as well.
const controlSocket = "control.sock"

// maxSocketPath is how long the path of a unix socket can be on every system.
const maxSocketPath = 103

// checkpointRequest asks the server for a copy of its data directory.
type checkpointRequest struct {
	To string // absolute
}

// control serves the operator's commands while the server runs.
type control struct {
	http    *http.Server
	running sync.WaitGroup // requests
	ended   chan struct{}
}

// openControl listens in the data directory, which this process has: a socket that is
// there was left by one that was killed.
func openControl(data string, s checkpointer) (*control, error) {
	path := filepath.Join(data, controlSocket)
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("the path %s is too long for a socket", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	mux := http.NewServeMux()
	c := &control{http: &http.Server{Handler: mux, ReadHeaderTimeout: readHeaderTimeout}, ended: make(chan struct{})}
	mux.HandleFunc("POST /checkpoint", func(w http.ResponseWriter, r *http.Request) {
		c.running.Add(1)
		defer c.running.Done()
		var request checkpointRequest
		err := json.UnmarshalRead(io.LimitReader(r.Body, 64<<10), &request)
		if err == nil && !filepath.IsAbs(request.To) {
			err = fmt.Errorf("path %q is not absolute", request.To)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := checkpoint(r.Context(), s, data, request.To); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	go func() {
		defer close(c.ended)
		c.http.Serve(listener)
	}()
	return c, nil
}

// close ends what is under way and removes the socket. It is nil where the server
// could not listen.
func (c *control) close() {
	if c == nil {
		return
	}
	c.http.Close()
	<-c.ended
	c.running.Wait()
}

// askServer has the server of a data directory do something. served is false where
// none runs there.
func askServer(ctx context.Context, data string, request checkpointRequest) (served bool, err error) {
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(data, controlSocket))
		},
	}}
	defer client.CloseIdleConnections()
	body, err := json.Marshal(request)
	if err != nil {
		return false, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://server/checkpoint", bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	response, err := client.Do(r)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EINVAL) {
		return false, nil // nobody listens, or nobody can
	}
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10))
		return true, errors.New(strings.TrimSpace(string(text)))
	}
	return true, nil
}
