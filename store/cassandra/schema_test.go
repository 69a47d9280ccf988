package cassandra

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/recant-chat/recant/internal/cassandratest"
)

// Opening makes no schema, and says what does; migrating does, once, also where
// several do at once.
func TestMigrations(t *testing.T) {
	c := cassandratest.Start(t, 1)
	o, err := ParseURL(c.URL("fresh"))
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	missing := func(want string) {
		t.Helper()
		s, err := Open(ctx, o)
		if err == nil {
			s.Close()
		}
		if !errors.Is(err, ErrNotMigrated) || !strings.Contains(err.Error(), want) {
			t.Errorf("opened, or the error is not that %s: %v", want, err)
		}
	}
	missing("there is no keyspace fresh")
	if _, _, err := Migrate(ctx, o, nil); err == nil || !strings.Contains(err.Error(), "replication") {
		t.Errorf("a keyspace without replication: %v", err)
	}
	if _, _, err := Migrate(ctx, o, Replication{"nowhere": 1}); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("a keyspace in a datacentre that is not there: %v", err)
	}
	patient := o
	patient.Timeout = schemaTime
	plain, err := connect(patient, "")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	exec := func(cql string) {
		t.Helper()
		if err := plain.Query(cql).Exec(); err != nil {
			t.Fatalf("%s: %v", cql, err)
		}
	}
	exec(createKeyspace("fresh", Replication{"datacenter1": 1}))
	missing("keyspace fresh has no tables")
	exec(createSchemaTable("fresh"))
	missing("version 0 of 1")

	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if _, after, err := Migrate(ctx, o, nil); err != nil || after != len(migrations) {
				t.Errorf("migrated to %d: %v", after, err)
			}
		})
	}
	wg.Wait()
	if before, after, err := Migrate(ctx, o, Replication{"nowhere": 1}); err != nil || before != after || after != len(migrations) {
		t.Errorf("migrated again from %d to %d: %v", before, after, err)
	}
	if err := open(t, o).Close(); err != nil {
		t.Error(err)
	}
	near := o
	near.Datacenter = "datacenter1"
	if err := open(t, near).Close(); err != nil {
		t.Error(err)
	}
	near.LocalWriters = true
	if err := open(t, near).Close(); err != nil {
		t.Error(err)
	}
	for _, local := range []bool{false, true} {
		near.Datacenter, near.LocalWriters = "elsewhere", local
		if s, err := Open(ctx, near); err == nil {
			s.Close()
			t.Errorf("opened with a datacentre that is not there, local writers %t", local)
		} else if !local && !strings.Contains(err.Error(), `no datacentre "elsewhere", only ["datacenter1"]`) {
			t.Errorf("a datacentre that is not there: %v", err)
		}
	}
	exec("UPDATE fresh." + schemaTable + " SET version = 99 WHERE part = '" + schemaPart + "'")
	if _, err := Open(ctx, o); err == nil || errors.Is(err, ErrNotMigrated) || !strings.Contains(err.Error(), "newer program") {
		t.Errorf("a newer schema: %v", err)
	}
	if _, _, err := Migrate(ctx, o, nil); err == nil || !strings.Contains(err.Error(), "newer program") {
		t.Errorf("migrate a newer schema: %v", err)
	}

	// What Schema prints makes the same, and is not made again.
	for _, statement := range strings.Split(Schema("printed", Replication{"datacenter1": 1}), ";\n") {
		if strings.TrimSpace(statement) != "" {
			exec(statement)
		}
	}
	o.Keyspace = "printed"
	if before, after, err := Migrate(ctx, o, nil); err != nil || before != after {
		t.Errorf("migrated what was printed from %d to %d: %v", before, after, err)
	}
}
