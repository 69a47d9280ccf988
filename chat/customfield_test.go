package chat

import (
	"maps"
	"strings"
	"testing"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store/record"
	"pgregory.net/rapid"
)

func TestCustomKeys(t *testing.T) {
	for key, valid := range map[string]bool{
		"Port": true, "_": true, "a1_": true, "A123456789_12345": true,
		"": false, "A123456789_123456": false, "1st": false, " Port": false, "Port ": false, "Pört": false, "a-b": false, "a\x00": false,
	} {
		if validCustomKey(key) != valid {
			t.Errorf("key %q: valid is %v, want %v", key, !valid, valid)
		}
	}
}

func TestDeclaredKeysHaveToBeUsable(t *testing.T) {
	for name, c := range map[string]struct {
		group, member []string
		fits          bool
	}{
		"as many as there may be":  {[]string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}, []string{"k", "l", "m", "n", "o"}, true},
		"too many of groups":       {group: []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"}},
		"too many of members":      {member: []string{"a", "b", "c", "d", "e", "f"}},
		"16 bytes":                 {group: []string{"abcdefghijklmnop"}, fits: true},
		"17 bytes":                 {group: []string{"abcdefghijklmnopq"}},
		"a digit first":            {member: []string{"1st"}},
		"a blank":                  {member: []string{" Deck"}},
		"no name":                  {group: []string{""}},
		"twice":                    {group: []string{"Port", "Port"}},
		"of groups and of members": {[]string{"Port"}, []string{"Deck", "Port"}, false},
	} {
		settings := DefaultSettings()
		settings.GroupCustomKeys, settings.MemberCustomKeys = c.group, c.member
		if err := settings.Validate(); (err == nil) != c.fits {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCustomValuesAreBoundedByBytes(t *testing.T) {
	a := openTestApp(t, testengine.Open(t))
	for _, c := range []struct {
		rules fieldRules
		bytes int
	}{{a.groupFields(), 512}, {a.memberFields(), 64}} {
		if err := c.rules.check([]Field{{"K", strings.Repeat("ä", c.bytes/2)}}); err != nil {
			t.Errorf("%s of %d bytes: %v", c.rules.name, c.bytes, err)
		}
		if err := c.rules.check([]Field{{"K", strings.Repeat("ä", c.bytes/2) + "x"}}); CodeOf(err) != CodeInvalid {
			t.Errorf("%s of %d bytes: %v", c.rules.name, c.bytes+1, err)
		}
	}
}

// Merging is assignment by key: "" removes, the last of a key counts, what is
// not named stays, and the list merged into is not changed.
func TestMergingFieldsIsAssignment(t *testing.T) {
	rules := fieldRules{name: "AppDefinedData", maxKeys: 4, maxValue: 8}
	fields := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Field {
		return Field{
			Key:   rapid.SampledFrom([]string{"A", "B", "C", "D", "E", "F"}).Draw(t, "key"),
			Value: rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, "value"),
		}
	}), 0, 8)
	rapid.Check(t, func(t *rapid.T) {
		var stored []*record.Field
		model := map[string]string{}
		for range 4 {
			given := fields.Draw(t, "given")
			before := asMap(stored)
			merged, err := rules.merge(stored, given)
			if !maps.Equal(asMap(stored), before) {
				t.Fatal("merge changed what it was given")
			}
			next := maps.Clone(model)
			for _, f := range given {
				next[f.Key] = f.Value
				if f.Value == "" {
					delete(next, f.Key)
				}
			}
			if (err != nil) != (len(next) > rules.maxKeys) {
				t.Fatalf("%d keys: %v", len(next), err)
			}
			if err != nil {
				continue
			}
			if !maps.Equal(asMap(merged), next) || len(merged) != len(next) {
				t.Fatalf("merged %v, want %v", merged, next)
			}
			if sameFields(stored, merged) != maps.Equal(model, next) {
				t.Fatalf("%v and %v compare wrong", stored, merged)
			}
			stored, model = merged, next
		}
	})
}

func asMap(fields []*record.Field) map[string]string {
	m := map[string]string{}
	for _, f := range fields {
		m[f.Key] = f.Value
	}
	return m
}
