package cassandra

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/recant-chat/recant/store"
)

// Each version of a partition is later than the one before it, whatever the clocks
// of the processes show, and takes the next slot.
func TestVersionsFollowEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clocks := make([]clock, 3)
		for i := range clocks { // apart by up to an hour either way
			clocks[i].last.Store(clocks[i].next() + rapid.Int64Range(0, 3600e6).Draw(t, "ahead"))
		}
		version := store.Version("")
		for range rapid.IntRange(1, 600).Draw(t, "commits") {
			next := clocks[rapid.IntRange(0, 2).Draw(t, "process")].after(version)
			if !made(next) || timeOf(next) <= timeOf(version) {
				t.Fatalf("version %x follows %x", next, version)
			}
			if version != "" && slotOf(next) != (slotOf(version)+1)%slots {
				t.Fatalf("slot %d follows %d", slotOf(next), slotOf(version))
			}
			version = next
		}
	})
}

// What a partition's newest commits say of one whose outcome got lost is true, and
// they always say something unless as many came since as are kept.
func TestNewestCommitsTellOfALostOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clocks := make([]clock, 3)
		kept := map[int]store.Version{}
		var base, lost store.Version
		commit := func() store.Version {
			v := clocks[rapid.IntRange(0, 2).Draw(t, "process")].after(base)
			return v
		}
		apply := func(v store.Version) { kept[slotOf(v)], base = v, v }
		before := rapid.IntRange(0, 2*slots).Draw(t, "commits before")
		for range before {
			apply(commit())
		}
		lost = commit()
		applied := rapid.Bool().Draw(t, "applied")
		if applied {
			apply(lost)
		}
		since := rapid.IntRange(0, 2*slots).Draw(t, "commits since")
		for range since {
			apply(commit())
		}
		c := commits{current: base}
		for _, v := range kept {
			c.kept = append(c.kept, v)
		}
		switch {
		case c.contain(lost) && !applied:
			t.Fatal("a commit that was not applied is there")
		case c.contain(lost):
		case c.ruleOut(lost) && applied:
			t.Fatalf("an applied commit is ruled out after %d others", since)
		case !c.ruleOut(lost) && since < slots && before+since > 0:
			t.Fatalf("nothing is said after %d commits before and %d since", before, since)
		}
	})
}
