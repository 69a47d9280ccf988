package record

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestKeysKeepTheOrderOfNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Uint32().Draw(t, "a"), rapid.Uint32().Draw(t, "b")
		sender := rapid.StringMatching(`[ -~]{1,32}`).Draw(t, "sender")
		for name, key := range map[string]func(uint32) []byte{
			"header": HeaderKey, "body": BodyKey, "receipt": ReceiptKey, "recall": SeqRecallKey,
			"reading": ReadingKey, "extensions": ExtensionsKey,
			"cover": func(seq uint32) []byte { return CoverKey(1, sender, seq) },
		} {
			if got, want := bytes.Compare(key(a), key(b)), compare(a, b); got != want {
				t.Fatalf("%s keys of %d and %d compare %d, want %d", name, a, b, got, want)
			}
			if got := Seq(key(a)); got != a {
				t.Fatalf("%s key of %d reads as %d", name, a, got)
			}
		}
	})
}

func TestCoversOfOneSenderAreContiguous(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, other := rapid.StringMatching(`[ -~]{1,8}`).Draw(t, "s"), rapid.StringMatching(`[ -~]{1,8}`).Draw(t, "other")
		if s == other {
			return
		}
		key := CoverKey(0, other, rapid.Uint32().Draw(t, "seq"))
		if bytes.Compare(CoverKey(0, s, 0), key) <= 0 && bytes.Compare(key, CoverKey(0, s, 1<<32-1)) <= 0 {
			t.Fatalf("a cover of %q lies among those of %q", other, s)
		}
	})
}

func TestPartitionNamesNeverMeet(t *testing.T) {
	names := map[string]bool{}
	for _, app := range []uint32{1, 256} {
		for _, group := range []string{"a", "aa", "a\x01"} {
			for _, n := range []uint64{0, 1, 256} {
				c := ConversationID{App: app, Group: group, Incarnation: n, Topic: n + 1}
				for _, name := range []string{
					GroupPartition(app, group).Name(), ConversationPartition(c).Name(), LogPartition(c, uint32(n)).Name(),
					BesidePartition(c, uint32(n)).Name(),
				} {
					names[name] = true
				}
			}
		}
	}
	if want := 2*3 + 3*2*3*3; len(names) != want {
		t.Errorf("%d names are distinct, want %d", len(names), want)
	}
}

func compare(a, b uint32) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
