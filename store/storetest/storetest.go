// Package storetest holds what every engine of package store must pass. An
// engine's own test calls Run; a rule that holds for all engines is tested here
// and nowhere else.
package storetest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/recant-chat/recant/store"
)

// Fixture is an engine under test, empty at first.
type Fixture struct {
	Store store.Store
	// Reopen closes the engine and opens it again on the same data. The store
	// that was open before is not used after it.
	Reopen func(t testing.TB) store.Store
	// Crash opens the engine again on what is left of the data when the
	// machine loses power: everything that was durable and, of the rest,
	// anything or nothing. The store that was open before is not used after
	// it. Nil where a test cannot cut the power.
	Crash func(t testing.TB) store.Store
	// Holds reports whether the bytes are in a data file that the engine has
	// on its disk at that moment, one that Purge covers. They are random and
	// do not compress. Nil where a test cannot look.
	Holds func(t testing.TB, bytes []byte) bool
	// Faults begins or ends a time in which the engine's answers get lost on their
	// way, those of writes that took effect and of others. Nil where nothing lies
	// between the engine and the test.
	Faults func(t testing.TB, on bool)
	// Flush moves what the engine has in memory to data files. Nil where a few hundred
	// kilobytes of other rows do that.
	Flush func(t testing.TB)
	// Slow says that opening and purging take much longer than the other verbs: random
	// verbs do so less often.
	Slow bool
	// LargeRows is how many rows the largest partition of the suite has, a
	// multiple of 10,000; 0 is a million, or 50,000 in a short run. One fixture
	// of an engine leaves it 0.
	LargeRows uint64
}

// Run tests one engine. It calls open for each rule; open registers with
// t.Cleanup what closes the engine, whichever store is open by then.
func Run(t *testing.T, open func(t *testing.T) Fixture) {
	for _, rule := range rules() {
		t.Run(rule.name, func(t *testing.T) { rule.test(t, open(t)) })
	}
}

type rule struct {
	name string
	test func(t *testing.T, f Fixture)
}

func rules() []rule {
	return []rule{
		{"KeysAreOrderedAsBytesBothWays", keyOrder},
		{"RangesAreHalfOpenAndLimited", ranges},
		{"RangesOfOneReadAreIndependent", manyRanges},
		{"KeysAndValuesAreAnyBytes", binaryRows},
		{"NamesAreAnyBytesAndNeverOverlap", binaryNames},
		{"RowsBelongToTheCaller", ownedRows},
		{"UnwrittenPartitionHasNoRowsAndZeroVersion", unwritten},
		{"CommitNeedsTheVersion", conflicts},
		{"EmptyCommitMovesTheVersion", emptyCommit},
		{"VersionsNeverRepeat", versionsNeverRepeat},
		{"ConflictingCommitLeavesNothing", conflictLeavesNothing},
		{"OversizedWriteLeavesNothing", oversized},
		{"WriteAtTheLimitsSucceeds", atTheLimits},
		{"LaterMutationOfAKeyWins", laterWins},
		{"DeleteOfAnAbsentRowIsNoError", deleteAbsent},
		{"KindsNeverMix", kinds},
		{"PutIsUnconditionalAndIdempotent", puts},
		{"DropRemovesOnePartitionAlone", drop},
		{"DropOfManyRowsRemovesAll", dropMany},
		{"ListingHasEachPartitionOnce", listing},
		{"CancelledContextWritesNothing", cancelled},
		{"ClosedStoreRefusesEveryVerb", closed},
		{"CloseWaitsForCommitsUnderWay", closeUnderLoad},
		{"AcknowledgedWritesSurvive", survival},
		{"VersionsNeverRepeatAcrossRuns", versionsAcrossRuns},
		{"OneOfManyCommitsAtOneVersionWins", contenders},
		{"WritersOfOnePartitionLoseNothing", oneCounter},
		{"WritersOfManyPartitionsDoNotConflict", manyCounters},
		{"ReadersSeeWholeCommitsAtOnce", readersAndWriter},
		{"LostAnswersLoseAndDoubleNothing", lostAnswers},
		{"DropSparesConcurrentWritersElsewhere", dropBesideWriters},
		{"CommitsDoNotOutliveADrop", dropBesideCommits},
		{"DropComesBeforeOrAfterEachPut", dropBesidePuts},
		{"ListingBesideWritersHasWhatStays", listBesideWriters},
		{"PurgeKeepsWhatIsThere", purgeKeeps},
		{"PurgeLeavesNothingOfWhatIsGone", purgeErases},
		{"PurgeRunsBesideEveryVerb", purgeBesideVerbs},
		{"CloseWaitsForPurgesUnderWay", closeBesidePurges},
		{"LargePartitionIsReadFastFromBothEnds", largePartition},
		{"RandomVerbsAgreeWithAModel", model},
	}
}

// commit commits at the given version and fails the test on any error.
func commit(t testing.TB, s store.Store, p store.Partition, base store.Version, mutations ...store.Mutation) store.Version {
	t.Helper()
	v, err := s.Commit(t.Context(), p, base, mutations)
	if err != nil {
		t.Fatalf("commit to %q: %v", p.Name(), err)
	}
	if v == "" {
		t.Fatalf("commit to %q returned the zero version", p.Name())
	}
	return v
}

func put(t testing.TB, s store.Store, p store.Partition, mutations ...store.Mutation) {
	t.Helper()
	if err := s.Put(t.Context(), p, mutations); err != nil {
		t.Fatalf("put to %q: %v", p.Name(), err)
	}
}

func remove(t testing.TB, s store.Store, p store.Partition) {
	t.Helper()
	if err := s.Drop(t.Context(), p); err != nil {
		t.Fatalf("drop %q: %v", p.Name(), err)
	}
}

func purge(t testing.TB, s store.Store, p store.Partition) {
	t.Helper()
	if err := s.Purge(t.Context(), p); err != nil {
		t.Fatalf("purge %q: %v", p.Name(), err)
	}
}

func read(t testing.TB, s store.Store, p store.Partition, ranges ...store.Range) ([][]store.Row, store.Version) {
	t.Helper()
	rows, v, err := s.Read(t.Context(), p, ranges...)
	if err != nil {
		t.Fatalf("read %q: %v", p.Name(), err)
	}
	if len(rows) != len(ranges) {
		t.Fatalf("read %q: %d results for %d ranges", p.Name(), len(rows), len(ranges))
	}
	return rows, v
}

// set is store.Set of text.
func set(key, value string) store.Mutation { return store.Set([]byte(key), []byte(value)) }

func del(key string) store.Mutation { return store.Delete([]byte(key)) }

// wantRows fails the test unless the rows are the given keys and values in
// turn.
func wantRows(t testing.TB, what string, got []store.Row, keysAndValues ...string) {
	t.Helper()
	same := len(got) == len(keysAndValues)/2
	for i := 0; same && i < len(got); i++ {
		same = string(got[i].Key) == keysAndValues[2*i] && string(got[i].Value) == keysAndValues[2*i+1]
	}
	if !same {
		t.Errorf("%s: got %s, want %q", what, describe(got), keysAndValues)
	}
}

// wantAll fails the test unless the partition holds exactly the given rows at
// the given version.
func wantAll(t testing.TB, s store.Store, p store.Partition, version store.Version, keysAndValues ...string) {
	t.Helper()
	rows, v := read(t, s, p, store.Range{})
	wantRows(t, fmt.Sprintf("rows of %q", p.Name()), rows[0], keysAndValues...)
	if v != version {
		t.Errorf("version of %q is %x, want %x", p.Name(), v, version)
	}
}

func describe(rows []store.Row) string {
	var b bytes.Buffer
	for i, r := range rows {
		if i == 20 {
			fmt.Fprintf(&b, "... (%d rows)", len(rows))
			break
		}
		fmt.Fprintf(&b, "%q=%q ", r.Key, r.Value)
	}
	return b.String()
}

// number encodes n so that byte order is number order.
func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// order is the number that number encoded.
func order(b []byte) uint64 { return binary.BigEndian.Uint64(b) }
