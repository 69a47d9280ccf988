package cassandra

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// token is where a key stands on the ring of the Murmur3Partitioner, which is that of
// every cluster that did not choose another: the first half of the hash, in which
// Cassandra takes the last bytes, those behind the last whole 16, to be signed.
func token(key []byte) int64 {
	const c1, c2 = 0x87c37b91114253d5, 0x4cf5ad432745937f
	mix1 := func(k uint64) uint64 { return bits.RotateLeft64(k*c1, 31) * c2 }
	mix2 := func(k uint64) uint64 { return bits.RotateLeft64(k*c2, 33) * c1 }
	final := func(h uint64) uint64 {
		h = (h ^ h>>33) * 0xff51afd7ed558ccd
		h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
		return h ^ h>>33
	}
	var h1, h2 uint64
	rest := key
	for ; len(rest) >= 16; rest = rest[16:] {
		h1 ^= mix1(binary.LittleEndian.Uint64(rest))
		h1 = (bits.RotateLeft64(h1, 27)+h2)*5 + 0x52dce729
		h2 ^= mix2(binary.LittleEndian.Uint64(rest[8:]))
		h2 = (bits.RotateLeft64(h2, 31)+h1)*5 + 0x38495ab5
	}
	var k [2]uint64
	for i, b := range rest {
		k[i/8] ^= uint64(int8(b)) << (i % 8 * 8)
	}
	h1 ^= mix1(k[0]) ^ uint64(len(key))
	h2 ^= mix2(k[1]) ^ uint64(len(key))
	h1 += h2
	h2 += h1
	h1, h2 = final(h1), final(h2)
	if t := int64(h1 + h2); t != math.MinInt64 {
		return t
	}
	return math.MaxInt64
}
