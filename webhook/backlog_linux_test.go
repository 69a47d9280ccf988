package webhook

import (
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"
)

// A host that does not even accept: its connections wait, and none of them is
// waited for longer than a call may take. A goroutine that stays fails TestMain.
func TestAHostThatDoesNotAccept(t *testing.T) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	for full := false; !full; { // the queue of connections
		conn, err := net.DialTimeout("tcp", address, testTimeout)
		if full = err != nil; !full {
			t.Cleanup(func() { conn.Close() })
		}
	}
	began := time.Now()
	_, err = ask(mustNew(t, testSettings("http://"+address), Options{}))
	if outcomeOf(err) != timedOut || time.Since(began) > testTimeout+5*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}
