package chat

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestBlocksAreTheIntervalAndFew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := interval{from: rapid.Uint32Min(1).Draw(t, "from")}
		i.to = i.from + min(math.MaxUint32-i.from, rapid.Uint32Range(0, rapid.SampledFrom([]uint32{9, 999, 99_999, math.MaxUint32}).Draw(t, "most")).Draw(t, "more"))
		next, ofLevel := uint64(i.from), map[byte]int{}
		marks := uint32(1) << i.class()
		for _, b := range i.blocks() {
			if begin := uint64(b.index) << b.level; begin != next {
				t.Fatalf("block %+v of %+v begins at %d, want %d", b, i, begin, next)
			}
			next += 1 << b.level
			if ofLevel[b.level]++; ofLevel[b.level] > 2 {
				t.Fatalf("%+v has three blocks of level %d", i, b.level)
			}
			inside := uint32(next - 1 - rapid.Uint64Range(0, 1<<b.level-1).Draw(t, "inside"))
			found := 0
			for _, over := range blocksOver(marks, "ann", inside) {
				if over.block == b {
					found++
				}
			}
			if found != 1 {
				t.Fatalf("number %d finds its block %+v %d times, in an interval of class %d", inside, b, found, i.class())
			}
		}
		if next != uint64(i.to)+1 {
			t.Fatalf("blocks of %+v end before %d", i, next)
		}
	})
}

// The largest interval of a class that lies on a block of its size is one block.
func TestTheLargestBlockOfEachClassIsFound(t *testing.T) {
	for class, i := range []interval{{128, 255}, {8192, 16383}, {1 << 31, math.MaxUint32}} {
		blocks := i.blocks()
		if len(blocks) != 1 || int(i.class()) != class {
			t.Fatalf("%+v is of class %d and %+v", i, i.class(), blocks)
		}
		over := blocksOver(1<<class, "ann", i.to)
		if last := over[len(over)-1]; last.block != blocks[0] {
			t.Errorf("the last block over a number of %+v is %+v, want %+v", i, last, blocks[0])
		}
	}
}
