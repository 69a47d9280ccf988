// Command genclient writes the commands of the Go client from the registry of the server:
//
//	go run ./internal/genclient -out client -names console/assets/debug/names.json
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/recant-chat/recant/api"
)

func main() {
	out := flag.String("out", ".", "directory that receives the files")
	names := flag.String("names", "", "file that receives the names for the debugging tool")
	flag.Parse()
	if err := run(*out, *names); err != nil {
		fmt.Fprintln(os.Stderr, "genclient:", err)
		os.Exit(1)
	}
}

// run writes the files, and removes generated ones that are not written any more.
func run(out, names string) error {
	files, tool, err := generate(api.Commands())
	if err != nil {
		return err
	}
	for _, pattern := range generatedNames {
		old, err := filepath.Glob(filepath.Join(out, pattern))
		if err != nil {
			return err
		}
		for _, name := range old {
			if files[filepath.Base(name)] == nil {
				if err := os.Remove(name); err != nil {
					return err
				}
			}
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(out, name), content, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(names, tool, 0o644)
}
