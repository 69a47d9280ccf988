package cassandra

import (
	"context"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"
)

// lossyDialer makes connections that, while it is on, end once in a while behind a
// request: before it went out, after it, or long after, with the answer lost.
type lossyDialer struct {
	on   atomic.Bool
	lost atomic.Int64
}

func (d *lossyDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &lossyConn{Conn: c, dialer: d}, nil
}

type lossyConn struct {
	net.Conn
	dialer *lossyDialer
	mute   atomic.Bool // answers are lost from here on
}

// oneIn is how seldom a request meets a fault.
const oneIn = 40

func (c *lossyConn) Write(b []byte) (int, error) {
	if c.mute.Load() {
		return 0, net.ErrClosed
	}
	if !c.dialer.on.Load() || rand.IntN(oneIn) > 0 {
		return c.Conn.Write(b)
	}
	c.dialer.lost.Add(1)
	c.mute.Store(true)
	var n int
	var err error
	if rand.IntN(4) > 0 {
		n, err = c.Conn.Write(b)
	}
	// The node works on what it got.
	time.AfterFunc(rand.N(20*time.Millisecond), func() { c.Conn.Close() })
	return n, err
}

func (c *lossyConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.mute.Load() && err == nil {
		return 0, net.ErrClosed
	}
	return n, err
}
