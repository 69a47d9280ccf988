package cassandra

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
)

// Replication is how many copies of everything each datacentre has.
type Replication map[string]int

var datacenterName = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

// ParseReplication reads "dc1=3,dc2=3".
func ParseReplication(text string) (Replication, error) {
	r := Replication{}
	for _, part := range strings.Split(text, ",") {
		name, number, ok := strings.Cut(part, "=")
		n, err := strconv.Atoi(number)
		if !ok || err != nil || n < 1 || n > 99 || !datacenterName.MatchString(name) || r[name] != 0 {
			return nil, fmt.Errorf("replication %q: %q must be the name of a datacentre and a number, as in dc1=3", text, part)
		}
		r[name] = n
	}
	return r, nil
}

func (r Replication) cql() string {
	var b strings.Builder
	b.WriteString("{'class': 'NetworkTopologyStrategy'")
	names := make([]string, 0, len(r))
	for name := range r {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, ", '%s': %d", name, r[name])
	}
	return b.String() + "}"
}

// Tables. A row of versioned has the version of its partition and the newest
// commits beside it, in static columns; two rows stand before and behind all others,
// see beginKey.
const (
	versionedTable = "versioned"
	blindTable     = "blind"
	schemaTable    = "migrations"
)

// migrations lead from nothing to the schema that this engine reads and writes,
// one after the other. Those that were released are never changed.
//
// read_repair is NONE because a blocking repair would bring single rows of a commit
// to a replica and not the others, and with them the version: a reader who asks
// that replica would see parts of a commit. What a reader needs is settled by the
// engine instead, see Read.
//
// Tombstones of blind partitions live as long as hints are kept: an index entry
// that comes back is ignored by whoever reads it.
var migrations = [][]string{{
	`CREATE TABLE IF NOT EXISTS ` + versionedTable + ` (
	partition blob, key blob, value blob, version blob STATIC, ` + slotColumns(" blob STATIC") + `,
	PRIMARY KEY (partition, key)
) WITH comment = 'Partitions with a version, written by compare-and-set alone'
	AND compaction = {'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'T4, L4'}
	AND compression = {'class': 'LZ4Compressor', 'chunk_length_in_kb': 16}
	AND read_repair = 'NONE' AND gc_grace_seconds = 864000`,
	`CREATE TABLE IF NOT EXISTS ` + blindTable + ` (
	partition blob, key blob, value blob,
	PRIMARY KEY (partition, key)
) WITH comment = 'Partitions without a version: indexes'
	AND compaction = {'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'L4'}
	AND compression = {'class': 'LZ4Compressor', 'chunk_length_in_kb': 16}
	AND gc_grace_seconds = 10800`,
}}

// slotColumns lists the columns of the newest commits, each with the suffix.
func slotColumns(suffix string) string {
	names := make([]string, slots)
	for i := range names {
		names[i] = slotColumn(i) + suffix
	}
	return strings.Join(names, ", ")
}

func slotColumn(i int) string { return fmt.Sprintf("commit%d", i) }

// ErrNotMigrated is returned by Open where the keyspace or its tables are missing,
// or older than this engine.
var ErrNotMigrated = errors.New("cassandra: the schema is missing or old: run `recant store migrate`")

// Schema is what Migrate would execute on an empty cluster, as CQL.
func Schema(keyspace string, r Replication) string {
	all := append([]string{createKeyspace(keyspace, r), createSchemaTable(keyspace)}, slices.Concat(migrations...)...)
	for i := range all {
		if i > 1 {
			all[i] = inKeyspace(keyspace, all[i])
		}
	}
	all = append(all, fmt.Sprintf("INSERT INTO %s.%s (part, version) VALUES ('%s', %d)", keyspace, schemaTable, schemaPart, len(migrations)))
	return strings.Join(all, ";\n\n") + ";\n"
}

func createKeyspace(name string, r Replication) string {
	return "CREATE KEYSPACE IF NOT EXISTS " + name + " WITH replication = " + r.cql() + " AND durable_writes = true"
}

func createSchemaTable(keyspace string) string {
	return "CREATE TABLE IF NOT EXISTS " + keyspace + "." + schemaTable +
		" (part text PRIMARY KEY, version int) WITH comment = 'Which migrations were made'"
}

// inKeyspace is a migration's statement with the table's keyspace.
func inKeyspace(keyspace, statement string) string {
	for _, verb := range []string{"CREATE TABLE IF NOT EXISTS ", "ALTER TABLE "} {
		if rest, ok := strings.CutPrefix(statement, verb); ok {
			return verb + keyspace + "." + rest
		}
	}
	return statement
}

// schemaTime is how long a change of the schema may take.
const schemaTime = time.Minute

// schemaPart is the one row of the schema table.
const schemaPart = "store"

// Migrate brings the keyspace to the schema that this engine needs, and returns the
// versions before (0 is none) and after. It creates the keyspace where it is
// missing, with the replication, which is not looked at where it exists: changing
// that needs a repair, and is the operator's. Two that migrate at once do no harm.
func Migrate(ctx context.Context, o Options, r Replication) (before, after int, err error) {
	o.Timeout = max(o.Timeout, schemaTime)
	session, err := connect(o, "")
	if err != nil {
		return 0, 0, err
	}
	defer session.Close()
	exec := func(statement string, args ...any) error {
		return session.Query(statement, args...).ExecContext(ctx)
	}
	there, err := keyspaceExists(ctx, session, o.Keyspace)
	if err != nil {
		return 0, 0, err
	}
	if !there {
		if len(r) == 0 {
			return 0, 0, fmt.Errorf("keyspace %s does not exist: creating it needs the replication", o.Keyspace)
		}
		if err := exec(createKeyspace(o.Keyspace, r)); err != nil {
			return 0, 0, fmt.Errorf("create keyspace %s: %w", o.Keyspace, err)
		}
	}
	if err := exec(createSchemaTable(o.Keyspace)); err != nil {
		return 0, 0, fmt.Errorf("create table %s: %w", schemaTable, err)
	}
	if before, err = schemaVersion(ctx, session, o.Keyspace); err != nil {
		return 0, 0, err
	}
	if before > len(migrations) {
		return before, before, newerSchema(before)
	}
	for after = before; after < len(migrations); after++ {
		for _, statement := range migrations[after] {
			if err := exec(inKeyspace(o.Keyspace, statement)); err != nil {
				return before, after, fmt.Errorf("migration %d: %w", after+1, err)
			}
		}
		// One after the other, so that the number never goes back.
		if err := setSchemaVersion(ctx, session, o, after); err != nil {
			return before, after, err
		}
	}
	return before, after, session.AwaitSchemaAgreement(ctx)
}

func setSchemaVersion(ctx context.Context, session *gocql.Session, o Options, from int) error {
	table := o.Keyspace + "." + schemaTable
	var q *gocql.Query
	if from == 0 {
		q = session.Query("INSERT INTO "+table+" (part, version) VALUES (?, ?) IF NOT EXISTS", schemaPart, 1)
	} else {
		q = session.Query("UPDATE "+table+" SET version = ? WHERE part = ? IF version = ?", from+1, schemaPart, from)
	}
	was := map[string]any{}
	applied, err := q.SerialConsistency(o.serial()).Consistency(o.quorum()).MapScanCASContext(ctx, was)
	if now, _ := was["version"].(int); err == nil && !applied && now <= from {
		err = errors.New("another migration is under way")
	}
	if err != nil {
		return fmt.Errorf("note migration %d: %w", from+1, err)
	}
	return nil
}

func keyspaceExists(ctx context.Context, session *gocql.Session, keyspace string) (bool, error) {
	var name string
	err := session.Query("SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?", keyspace).
		Consistency(gocql.One).ScanContext(ctx, &name)
	if errors.Is(err, gocql.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for keyspace %s: %w", keyspace, err)
	}
	return true, nil
}

// schemaVersion is how many migrations were made.
func schemaVersion(ctx context.Context, session *gocql.Session, keyspace string) (int, error) {
	var version int
	err := session.Query("SELECT version FROM "+keyspace+"."+schemaTable+" WHERE part = ?", schemaPart).ScanContext(ctx, &version)
	if errors.Is(err, gocql.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the version of the schema: %w", err)
	}
	return version, nil
}

func newerSchema(version int) error {
	return fmt.Errorf("cassandra: the schema has version %d, made by a newer program: this one knows %d", version, len(migrations))
}

// checkSchema returns ErrNotMigrated, or why the schema cannot be used.
func checkSchema(ctx context.Context, session *gocql.Session, keyspace string) error {
	there, err := keyspaceExists(ctx, session, keyspace)
	if err != nil {
		return err
	}
	if !there {
		return fmt.Errorf("%w: there is no keyspace %s", ErrNotMigrated, keyspace)
	}
	var table string
	err = session.Query("SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?", keyspace, schemaTable).
		Consistency(gocql.One).ScanContext(ctx, &table)
	version := 0
	if err == nil {
		version, err = schemaVersion(ctx, session, keyspace)
	}
	switch {
	case errors.Is(err, gocql.ErrNotFound):
		return fmt.Errorf("%w: keyspace %s has no tables", ErrNotMigrated, keyspace)
	case err != nil:
		return err
	case version > len(migrations):
		return newerSchema(version)
	case version < len(migrations):
		return fmt.Errorf("%w: keyspace %s has version %d of %d", ErrNotMigrated, keyspace, version, len(migrations))
	}
	return nil
}
