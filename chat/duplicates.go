package chat

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"slices"
)

// duplicates remembers the sends of the last 300 seconds of one stream, so
// that a repeat answers what the first one did (doc 34959).
type duplicates struct {
	byDigest map[digest]sent
	order    []sent // by the time they were received
}

// sent is the result of an earlier send.
type sent struct {
	digest   digest
	seq      uint32
	time     int64 // MsgTime
	received int64 // Unix seconds
}

func (d *duplicates) add(dg digest, seq uint32, msgTime, received int64) {
	if dg == (digest{}) {
		return
	}
	if d.byDigest == nil {
		d.byDigest = map[digest]sent{}
	}
	s := sent{digest: dg, seq: seq, time: msgTime, received: received}
	d.byDigest[dg] = s
	d.order = append(d.order, s)
}

// sort restores the order after the sends were added newest first; of two
// equal ones the first counts, for the 300 seconds do not slide.
func (d *duplicates) sort() {
	slices.SortFunc(d.order, func(a, b sent) int { return int(int64(a.seq) - int64(b.seq)) })
}

// find returns the earlier send of the same content, if it is not older than
// 300 seconds.
func (d *duplicates) find(dg digest, now int64) (sent, bool) {
	if dg == (digest{}) {
		return sent{}, false
	}
	s, ok := d.byDigest[dg]
	return s, ok && s.received >= now-duplicateSeconds
}

// expire forgets what is older than 300 seconds.
func (d *duplicates) expire(now int64) {
	n := 0
	for n < len(d.order) && d.order[n].received < now-duplicateSeconds {
		old := d.order[n]
		if d.byDigest[old.digest] == old {
			delete(d.byDigest, old.digest)
		}
		n++
	}
	if n > 0 && n*2 >= len(d.order) {
		d.order = slices.Clone(d.order[n:])
	} else {
		d.order = d.order[n:]
	}
}

// digest identifies a send by its content; the zero digest identifies none.
type digest [16]byte

// digestOf identifies a send: its parts in order, each with its length.
func digestOf(parts ...[]byte) digest {
	h := sha256.New()
	for _, p := range parts {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(p)))
		h.Write(length[:])
		h.Write(p)
	}
	return digest(h.Sum(nil)[:16])
}

// headerDigest is the digest kept in a header.
func headerDigest(b []byte) (d digest) {
	copy(d[:], b)
	return d
}

// newRandom makes a MsgRandom; clients read it as a signed 32-bit number.
func newRandom() uint32 { return rand.Uint32N(1 << 31) }
