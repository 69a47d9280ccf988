package cassandra

import (
	"bytes"
	"fmt"

	"github.com/recant-chat/recant/store"
)

// Keys of two rows that every versioned partition has from its first commit on, before
// and behind all keys that a caller can use. A query that reaches the end is never
// empty, so that it tells the version, which Cassandra does not do for an empty one. The
// beginning is what a condition on the version reads beside it: the first row that is
// not deleted, however many before it were.
var (
	beginKey = []byte{}
	firstKey = []byte{0} // that a caller can use
	endKey   = bytes.Repeat([]byte{0xff}, store.MaxKeyBytes+1)
)

// touchKey is behind endKey; there is no such row.
var touchKey = append(bytes.Clone(endKey), 0xff)

// pageRows is how many rows the driver fetches at once.
const pageRows = 1000

// statements are the texts of all that is asked of the two tables.
type statements struct {
	// compareAndSet by the slot of the new version. The conditions on the slots are
	// always true: what stands in a condition is in the answer where it fails.
	compareAndSet [slots]string
	dropVersioned string // the condition of a batch whose other part is deletePartition
	touch         string // its condition is always true
	version       string
	table         map[bool]*tableStatements // by whether it is the blind one
}

type tableStatements struct {
	set, delete, deletePartition string
	rows                         [2]string // a range; up and down
	limited                      [2]string // with a limit
	keys                         string    // single ones
	next                         string    // the first row at a key or behind it
	first, after                 string    // partitions
}

func newStatements() statements {
	s := statements{
		dropVersioned: "DELETE version, " + slotColumns("") + " FROM " + versionedTable + " WHERE partition = ? IF version != NULL",
		touch:         "DELETE FROM " + versionedTable + " WHERE partition = ? AND key = ? IF " + slotColumn(0) + " != 0x",
		version:       "SELECT version, key FROM " + versionedTable + " WHERE partition = ? AND key = ?",
		table:         map[bool]*tableStatements{},
	}
	for i := range s.compareAndSet {
		s.compareAndSet[i] = fmt.Sprintf("UPDATE %s SET version = ?, %s = ? WHERE partition = ? IF version = ?", versionedTable, slotColumn(i))
		for j := range slots {
			s.compareAndSet[i] += " AND " + slotColumn(j) + " != 0x"
		}
	}
	for blind, name := range map[bool]string{false: versionedTable, true: blindTable} {
		columns := "key, value, version"
		if blind {
			columns = "key, value"
		}
		from := "SELECT " + columns + " FROM " + name + " WHERE partition = ?"
		bounded := from + " AND key >= ? AND key < ?"
		t := &tableStatements{
			set:             "UPDATE " + name + " SET value = ? WHERE partition = ? AND key = ?",
			delete:          "DELETE FROM " + name + " WHERE partition = ? AND key = ?",
			deletePartition: "DELETE FROM " + name + " WHERE partition = ?",
			keys:            from + " AND key IN ?",
			next:            from + " AND key >= ? LIMIT 1",
			first:           "SELECT DISTINCT partition FROM " + name + " LIMIT ?",
			after:           "SELECT DISTINCT partition FROM " + name + " WHERE token(partition) > token(?) LIMIT ?",
		}
		for i, order := range []string{"", " ORDER BY key DESC"} {
			t.rows[i], t.limited[i] = bounded+order, bounded+order+" LIMIT ?"
		}
		s.table[blind] = t
	}
	return s
}

// effective returns the mutations without those that a later one of the same key
// makes void: in a batch all have one time.
func effective(mutations []store.Mutation) []store.Mutation {
	last := make(map[string]int, len(mutations))
	for i := range mutations {
		last[string(mutations[i].Key)] = i
	}
	if len(last) == len(mutations) {
		return mutations
	}
	kept := make([]store.Mutation, 0, len(last))
	for i, m := range mutations {
		if last[string(m.Key)] == i {
			kept = append(kept, m)
		}
	}
	return kept
}

// nameMark begins every partition key, because Cassandra has no empty ones.
const nameMark = 'p'

// partitionKey is the key of a partition in its table.
func partitionKey(p store.Partition) []byte { return append([]byte{nameMark}, p.Name()...) }

// blob is the bytes as a value that is not null, as nil would be.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
