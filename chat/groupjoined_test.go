package chat

import (
	"testing"

	"github.com/recant-chat/recant/internal/testengine"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// A crash can leave an entry of a membership that never came or has ended in a
// user's index.
func TestLeftOverIndexEntriesAreNoMemberships(t *testing.T) {
	st := testengine.Open(t)
	a := openTestApp(t, st, func(o *Options) { o.Settings.MaxGroupsPerUser = 2 })
	mustImport(t, a, "ann")
	create := func(id string) error {
		_, err := a.CreateGroup(bg, Operator{}, NewGroup{ID: id, Type: "Public", Name: "n", Owner: "ann"})
		return err
	}
	if err := create("one"); err != nil {
		t.Fatal(err)
	}
	for _, left := range []membership{{"one", newJoinID()}, {"one", 0}, {"gone", newJoinID()}} {
		entry := store.Set(record.UserGroupKey(left.group, left.joinID), nil)
		if err := st.Put(bg, record.UserGroupsPartition(a.id, "ann"), []store.Mutation{entry}); err != nil {
			t.Fatal(err)
		}
	}
	joined, err := a.Joined(bg, JoinedRequest{Account: "ann", WithRooms: true})
	if err != nil || joined.Total != 1 || len(joined.Groups) != 1 {
		t.Errorf("ann's groups are %+v, %v; want one", joined, err)
	}
	if err := create("two"); err != nil {
		t.Errorf("ann is in one group and cannot make a second: %v", err)
	}
	if err := create("three"); CodeOf(err) != CodeUserGroupQuota {
		t.Errorf("third group: %v, want %d", err, CodeUserGroupQuota)
	}
}
