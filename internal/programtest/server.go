package programtest

import (
	"fmt"
	"os"
	"os/exec"
	"time"
)

// Patience bounds everything that a busy machine may delay.
const Patience = time.Minute

// Server is one run of `recant serve`.
type Server struct {
	URL   string // once it serves
	Out   *Output
	cmd   *exec.Cmd
	ended chan struct{} // closed once it has ended
}

// LaunchServer starts the built program as a server, without waiting for it to serve.
func LaunchServer(path string, flags ...string) (*Server, error) {
	s := &Server{Out: &Output{}, ended: make(chan struct{})}
	s.cmd = Command(path, nil, append([]string{"serve"}, flags...)...)
	s.cmd.Stdout, s.cmd.Stderr = s.Out, s.Out
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(s.ended)
		s.cmd.Wait()
	}()
	return s, nil
}

// Await waits until the server serves.
func (s *Server) Await() error {
	for deadline := time.Now().Add(Patience); ; time.Sleep(2 * time.Millisecond) {
		if match := Serving.FindStringSubmatch(s.Out.String()); match != nil {
			s.URL = match[1]
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("the server ended instead of serving: %v\n%s", s.cmd.ProcessState, s.Out)
		default:
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the server does not serve:\n%s", s.Out)
		}
	}
}

// Kill ends the server with SIGKILL, wherever it is, and returns once it is gone.
func (s *Server) Kill() {
	s.cmd.Process.Kill()
	<-s.ended
}

// Signal sends a signal to the server.
func (s *Server) Signal(signal os.Signal) error { return s.cmd.Process.Signal(signal) }

// Ended is closed once the server has ended.
func (s *Server) Ended() <-chan struct{} { return s.ended }
