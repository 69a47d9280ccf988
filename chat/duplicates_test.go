package chat

import (
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"
)

// The compact table agrees with a plain list of everything that was sent.
func TestDuplicatesAgreeWithAPlainList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var table duplicates
		var all []sent
		now := int64(1_760_000_000)
		for seq := range rapid.Uint32Range(1, 200).Draw(t, "sends") {
			now += rapid.Int64Range(0, 40).Draw(t, "pause")
			table.expire(now)
			var dg digest
			binary.BigEndian.PutUint64(dg[:], rapid.Uint64Range(1, 12).Draw(t, "content"))
			want, known := sent{}, false
			for _, s := range all {
				if s.digest == dg && int64(s.received) >= now-duplicateSeconds {
					want, known = s, true
				}
			}
			got, found := table.find(dg, now)
			if found != known || known && got != want {
				t.Fatalf("at %d found %+v %v, want %+v %v", now, got, found, want, known)
			}
			if !known {
				table.add(dg, seq+1, now, now)
				all = append(all, sent{digest: dg, seq: seq + 1, time: uint32(now), received: uint32(now)})
			}
		}
	})
}

func TestDigestsThatShareAHalfAreNotTakenForEachOther(t *testing.T) {
	var table duplicates
	one, two := digest{0: 1, 15: 1}, digest{0: 1, 15: 2}
	table.add(one, 1, 100, 100)
	if _, found := table.find(two, 100); found {
		t.Error("another content was taken for a repeat")
	}
	if s, found := table.find(one, 100); !found || s.seq != 1 {
		t.Errorf("repeat found %+v %v", s, found)
	}
}

func TestNoDigestIsNoRepeat(t *testing.T) {
	var table duplicates
	table.add(digest{}, 1, 100, 100)
	if _, found := table.find(digest{}, 100); found {
		t.Error("a message without a digest was taken for a repeat")
	}
}
