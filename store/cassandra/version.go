package cassandra

import (
	"encoding/binary"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/recant-chat/recant/store"
)

// versionBytes is the length of a version: 8 bytes of time, one that counts the
// partition's commits modulo 256, 7 random ones.
const versionBytes = 16

// slots is how many of a partition's newest commits are kept in it. It divides
// 256, so that the commits take turns in them.
const slots = 8

// clock gives times in microseconds that are later than all that it gave or was
// shown before. Versions carry them from process to process, so that what one
// writes after it has read what another wrote has a later time, however far their
// machines' clocks are apart.
type clock struct{ last atomic.Int64 }

func (c *clock) next() int64 {
	for {
		last := c.last.Load()
		now := max(time.Now().UnixMicro(), last+1)
		if c.last.CompareAndSwap(last, now) {
			return now
		}
	}
}

// observe has the clock give later times than the version's from here on.
func (c *clock) observe(v store.Version) {
	t := timeOf(v)
	for last := c.last.Load(); t > last; last = c.last.Load() {
		if c.last.CompareAndSwap(last, t) {
			return
		}
	}
}

// after returns a new version, for the commit that follows base.
func (c *clock) after(base store.Version) store.Version {
	c.observe(base)
	b := binary.BigEndian.AppendUint64(make([]byte, 0, versionBytes), uint64(c.next()))
	b = binary.BigEndian.AppendUint64(b, rand.Uint64())
	b[8] = 0
	if base != "" {
		b[8] = base[8] + 1
	}
	return store.Version(b)
}

// made reports whether the engine made this version of a partition that exists.
func made(v store.Version) bool { return len(v) == versionBytes }

func timeOf(v store.Version) int64 {
	if !made(v) {
		return 0
	}
	return int64(binary.BigEndian.Uint64([]byte(v[:8])))
}

// slotOf is where a partition keeps a version.
func slotOf(v store.Version) int { return int(v[8]) % slots }
