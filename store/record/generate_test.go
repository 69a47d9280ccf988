package record_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The committed code is what `go generate ./store/record` writes today.
func TestGeneratedCodeIsCurrent(t *testing.T) {
	fresh := t.TempDir()
	generate := exec.Command("go", "run", "../../internal/genrecords", "-out", fresh, "record.proto")
	if output, err := generate.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", generate.Args, err, output)
	}
	want, err := os.ReadFile(filepath.Join(fresh, "record.pb.go"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("record.pb.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("record.pb.go is not what record.proto generates; run go generate ./store/record")
	}
}
