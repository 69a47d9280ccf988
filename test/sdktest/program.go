package sdktest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// patience bounds a program.
const patience = 5 * time.Minute

// Run runs a program to its end, which must be a good one, and returns what it
// wrote.
func Run(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, output)
	}
	return string(output)
}

// Need fails a test whose programs are missing.
func Need(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is missing: the SDK that this test drives needs it; `make tools` installs it", program)
		}
	}
}

// Installed reports whether what a file asks for was installed since the file
// last changed.
func Installed(t *testing.T, wanted, installed string) bool {
	t.Helper()
	want, err := os.Stat(wanted)
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.Stat(installed)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil && !have.ModTime().Before(want.ModTime())
}
