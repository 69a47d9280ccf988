package chat

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strconv"
)

// duplicates remembers the sends of the last 300 seconds of one stream, so
// that a repeat answers what the first one did (doc 34959). A busy stream has
// many, so each is kept in few bytes.
type duplicates struct {
	sends    []sent            // by the time they were received
	first    uint64            // position of sends[0] among all that were ever added
	position map[uint64]uint64 // by the first half of the digest
}

// sent is the result of an earlier send.
type sent struct {
	digest   digest
	seq      uint32
	time     uint32 // MsgTime, Unix seconds
	received uint32 // Unix seconds
}

func (d *duplicates) add(dg digest, seq uint32, msgTime, received int64) {
	if dg == (digest{}) {
		return
	}
	if d.position == nil {
		d.position = map[uint64]uint64{}
	}
	d.position[dg.half()] = d.first + uint64(len(d.sends))
	d.sends = append(d.sends, sent{digest: dg, seq: seq, time: uint32(msgTime), received: uint32(received)})
}

// sort restores the order after the sends were added newest first.
func (d *duplicates) sort() {
	slices.SortFunc(d.sends, func(a, b sent) int { return cmp.Compare(a.seq, b.seq) })
	d.index()
}

func (d *duplicates) index() {
	d.position = make(map[uint64]uint64, len(d.sends))
	for i, s := range d.sends {
		d.position[s.digest.half()] = d.first + uint64(i)
	}
}

// find returns the earlier send of the same content, if it is not older than
// 300 seconds.
func (d *duplicates) find(dg digest, now int64) (sent, bool) {
	position, ok := d.position[dg.half()]
	if !ok || dg == (digest{}) {
		return sent{}, false
	}
	s := d.sends[position-d.first]
	return s, s.digest == dg && int64(s.received) >= now-duplicateSeconds
}

// expire forgets what is older than 300 seconds.
func (d *duplicates) expire(now int64) {
	n := 0
	for n < len(d.sends) && int64(d.sends[n].received) < now-duplicateSeconds {
		half := d.sends[n].digest.half()
		if d.position[half] == d.first+uint64(n) {
			delete(d.position, half)
		}
		n++
	}
	if n == 0 {
		return
	}
	d.first += uint64(n)
	d.sends = d.sends[n:]
	if n >= len(d.sends) { // free what lies before, and the map's empty room
		d.sends = slices.Clone(d.sends)
		d.index()
	}
}

// digest identifies a send by its content; the zero digest identifies none.
type digest [16]byte

func (d digest) half() uint64 { return binary.BigEndian.Uint64(d[:8]) }

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

// sendDigest identifies a send to those who may repeat it.
func sendDigest(from string, random uint32, c *content) digest {
	return digestOf([]byte(from), strconv.AppendUint(nil, uint64(random), 10), c.compact)
}

// storedDigest is the digest kept in a record.
func storedDigest(b []byte) (d digest) {
	copy(d[:], b)
	return d
}

// newRandom makes a MsgRandom; clients read it as a signed 32-bit number.
func newRandom() uint32 { return rand.Uint32N(1 << 31) }
