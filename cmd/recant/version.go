package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// versionCommand is `recant version`.
type versionCommand struct{}

// Run prints one line.
func (versionCommand) Run(s streams) error {
	_, err := fmt.Fprintln(s.out, "recant", versionText())
	return err
}

// versionText is the module's version, the commit it was built from where the
// build recorded it, and Go's version.
func versionText() string {
	version, commit := "unknown", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			version = info.Main.Version
		}
		for _, setting := range info.Settings {
			switch {
			case setting.Key == "vcs.revision":
				commit = setting.Value + commit
			case setting.Key == "vcs.modified" && setting.Value == "true":
				commit += " (modified)"
			}
		}
	}
	if commit == "" {
		commit = "unknown"
	}
	return fmt.Sprintf("%s, commit %s, %s", version, commit, runtime.Version())
}
